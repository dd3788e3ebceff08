// Every screen, reached through a worker that says what the test wants: readable, accessible, and harmless.
import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { pathToFileURL } from "node:url";
import { accessible, calm, download, everyLook, launch, open, pick, verdict } from "./support/browser.mjs";
import { DIST, serve } from "./support/server.mjs";
import { checkpoints, missing, refused, report, rewritten, sayLater, saying, tampered, warning } from "./support/stub.mjs";

const WORKER = "/audit-boot.js";
const FILE = { name: "stated.jsonl", mimeType: "application/json", buffer: Buffer.from("{}\n") };
const HASH = "0123456789abcdef".repeat(4);

let server, browser;
before(async () => {
  server = await serve();
  browser = await launch();
});
after(async () => {
  await browser?.close();
  await server?.close();
});

async function told(...news) {
  server.override(WORKER, saying(...news));
  const page = await open(browser, server.origin);
  await pick(page, FILE);
  return page;
}

test("start", async () => {
  const page = await open(browser, server.origin);
  await page.getByText("Open an address on this site").click();
  await page.getByRole("heading", { name: "Try it on a demo ledger" }).waitFor();
  await everyLook(page, "start");
  calm(page);
  await page.close();
});

test("a page whose scripts do not run says so, and what it needs", async () => {
  const page = await browser.context.newPage();
  // As a file, a browser lets no module run.
  await page.goto(pathToFileURL(join(DIST, "index.html")).href);
  await page.getByText("The verifier has not started.").waitFor();
  assert.equal(await page.getByText("Loading the verifier").count(), 0);
  await page.close();
});

test("start without demo files shows no list", async () => {
  server.override("/demo/index.json", (response) => response.writeHead(404).end());
  const page = await open(browser, server.origin);
  await page.waitForLoadState("networkidle");
  assert.equal(await page.locator(".demos").count(), 0);
  server.override("/demo/index.json", null);
  await page.close();
});

test("running", async () => {
  const progress = { pass: 1, bytes: 84_000_000, total: 200_000_000, entries: 131_072, elapsed_ms: 1234 };
  const page = await told({ Progress: progress });
  const bar = page.getByRole("progressbar");
  await page.getByText("131,072", { exact: true }).waitFor();
  assert.equal(Number(await bar.getAttribute("value")), 0.42);
  await page.getByText("84.0 MB of 200.0 MB").waitFor();
  await page.getByText("106,217").waitFor();
  await page.getByText("about 2 seconds").waitFor();
  await everyLook(page, "running");
  calm(page);
  await page.close();
});

test("a screen reader hears which reading it is, and nothing of how far a small file is", async () => {
  const progress = (pass, bytes, total) => ({ Progress: { pass, bytes, total, entries: 131_072, elapsed_ms: 1234 } });
  const page = await told();
  await page.getByText("Opening the file").waitFor();
  await heardFromNowOn(page);
  const status = page.locator("[role=status][aria-live]");
  for (const [pass, bytes, total, said] of [
    [1, 150e6, 200e6, "75 percent, 131,072 entries"],
    [2, 1e6, 200e6, "Second reading"],
    [2, 60e6, 200e6, "Second reading: 25 percent, 131,072 entries"],
  ]) {
    await sayLater(page, progress(pass, bytes, total));
    await status.filter({ hasText: new RegExp(`^${said}$`) }).waitFor({ state: "attached" });
  }
  assert.equal((await heard(page)).length, 3);
  await page.close();
  const small = await told(progress(1, 16_000, 16_000));
  await small.getByText("131,072", { exact: true }).waitFor();
  await small.waitForTimeout(100);
  assert.equal(await small.locator("[role=status][aria-live]").textContent(), "");
  await small.close();
});

test("a screen reader hears how far an audit is, and the verdict once", async () => {
  const page = await told({ Progress: { pass: 1, bytes: 84_000_000, total: 200_000_000, entries: 131_072, elapsed_ms: 1234 } });
  await page.getByRole("status").filter({ hasText: "25 percent, 131,072 entries" }).waitFor();
  await heardFromNowOn(page);
  await sayLater(page, { Progress: { pass: 1, bytes: 150_000_000, total: 200_000_000, entries: 200_000, elapsed_ms: 2000 } });
  await sayLater(page, { Verdict: report() });
  await page.locator("h1:focus", { hasText: "No tampering found" }).waitFor();
  await page.waitForTimeout(100);
  assert.deepEqual((await heard(page)).filter((said) => said.includes("tampering")), [], "the heading is in focus, which says it");
  assert.equal(await page.locator("[role=status][aria-live]").textContent(), "", "and nothing is left after the footer");
  await page.close();
});

/** Keeps what a screen reader is told from now on. */
async function heardFromNowOn(page) {
  await page.evaluate(() => {
    window.heard = [];
    const region = document.querySelector("[role=status][aria-live]");
    new MutationObserver(() => region.textContent && window.heard.push(region.textContent)).observe(region, {
      childList: true, characterData: true, subtree: true,
    });
  });
}

const heard = (page) => page.evaluate(() => window.heard);

test("running without a known size", async () => {
  const page = await told({ Progress: { pass: 2, bytes: 1000, total: null, entries: 5, elapsed_ms: 10 } });
  await page.getByText("Second reading:").waitFor();
  await page.getByText("Time left in this reading").waitFor();
  assert.equal(await page.getByRole("progressbar").getAttribute("value"), null);
  await accessible(page, "running without a known size");
  await page.close();
});

test("a consistent ledger", async () => {
  const page = await told({ Verdict: report({ warnings: [warning] }) }, { InputHash: HASH });
  assert.match(await verdict(page, "consistent"), /agrees with itself/);
  const heading = page.locator("h1:focus");
  await heading.waitFor();
  assert.equal(await heading.getAttribute("aria-describedby"), "verdict-tag verdict-message");
  assert.equal(await page.locator("#verdict-tag").innerText(), "Valid");
  assert.equal(await page.locator("#verdict-message").innerText(), "20 entries verified.");
  await page.getByText("What it does not show").waitFor();
  await page.getByText("Time goes backwards").waitFor();
  await everyLook(page, "consistent");
  calm(page);
  await page.close();
});

for (const [grade, heading] of [["signed", /a key you trust signed/], ["anchored", /you kept/], ["witnessed", /witnesses/]]) {
  test(`a ledger that is ${grade}`, async () => {
    const signed = { trust_grade: grade, signed_at: "2026-02-11T16:00:00.000Z", checkpoints };
    const page = await told({ Verdict: report(signed) }, { InputHash: HASH });
    assert.match(await verdict(page, grade), heading);
    for (const shown of ["What it does not show", "That no entries followed", "Signed time, earliest", "Cosigned by witness"]) {
      await page.getByText(shown).first().waitFor();
    }
    assert.deepEqual(await page.locator(".worth").allInnerTexts(), ["counts", "does not count", "does not count"]);
    await everyLook(page, grade);
    calm(page);
    await page.close();
  });
}

test("a ledger that contradicts a kept checkpoint", async () => {
  const page = await told({ Verdict: report({ findings: [rewritten], checkpoints }) }, { InputHash: HASH });
  await verdict(page, "broken");
  await page.getByText("A checkpoint contradicts the entries").waitFor();
  await everyLook(page, "contradicted");
  calm(page);
  await page.close();
});

test("an empty ledger", async () => {
  const empty = { trust_grade: "empty", total_transactions: 0, first_transaction: null, last_transaction: null };
  const page = await told({ Verdict: report(empty) });
  assert.match(await verdict(page, "empty"), /Nothing to vouch for/);
  await page.locator("#input-sha256").getByText("computing…").waitFor();
  await everyLook(page, "empty");
  await page.close();
});

test("a broken ledger", async () => {
  const page = await told({ Verdict: report({ findings: [tampered(3), missing(9)] }) }, { InputHash: HASH });
  assert.match(await verdict(page, "broken"), /2 findings/);
  const first = page.locator(".finding").first();
  for (const shown of ["900.0000 EURO", "alice (u-1001)", "Freeze the ledger", "Stored hash"]) {
    await first.getByText(shown).first().waitFor();
  }
  assert.equal(await first.locator("del").innerText(), "alice");
  assert.equal(await first.locator("ins").innerText(), "100.0000 EURO");
  assert.match(await first.locator(".finding-brief").innerText(), /^709b55bd\S+ amount_gross: alice, was 100\.0000$/);
  assert.equal(await first.locator("mark.group").count(), 10, "5 of 8 groups differ, on either side");
  await page.getByRole("button", { name: "Open all shown" }).click();
  await page.getByText("seq 10 to 12", { exact: true }).waitFor();
  await first.locator("summary").click();
  assert.equal(await first.locator("details").getAttribute("open"), null, "closed by hand");
  await page.getByRole("button", { name: "Open all shown" }).click();
  await first.locator("details[open]").waitFor();
  await everyLook(page, "broken");
  calm(page);
  await page.close();
});

const REFUSALS = [
  ["EMPTY", /empty/, "the input is empty"],
  ["NOT_AN_EXPORT", /not a ledger export/, "this is not a ledger export: a PNG image"],
  ["HEADER_NOT_RECOGNISED", /header/, "the header is not recognised: unknown key \"foo\""],
  ["STREAM_NOT_DECODED", /damaged/, "the compressed stream cannot be decoded: corrupt deflate stream"],
  ["LIMIT_EXCEEDED", /limit/, "stopped at a limit: gzip expands more than 200 times"],
  ["IO", /could not be read/, "the input could not be read: NotReadableError"],
];
for (const [code, heading, message] of REFUSALS) {
  test(`refused: ${code}`, async () => {
    const page = await told(refused(code, message, [0x89, 0x50, 0x4e, 0x47]));
    await page.locator(`section.refused[data-code="${code}"]`).waitFor();
    assert.match(await page.locator("h1").innerText(), heading);
    await page.getByText("89 50 4e 47").waitFor();
    await everyLook(page, `refused-${code.toLowerCase()}`);
    await page.getByRole("button", { name: "Verify another file" }).click();
    await page.getByRole("heading", { name: "Verify a ledger export" }).waitFor();
    await page.close();
  });
}

test("what was never opened is not said to have stopped on the way", async () => {
  const page = await told(refused("IO", "the input could not be read: NotFoundError"));
  await page.getByRole("heading", { name: "The file could not be opened" }).waitFor();
  await page.getByText("A folder cannot be opened").waitFor();
  await everyLook(page, "refused-not-opened");
  await page.close();
});

test("a verifier that failed", async () => {
  const page = await told({ Crashed: { message: "out of memory" } });
  await page.getByText("out of memory").waitFor();
  await everyLook(page, "crashed");
  await page.close();
});

test("a verifier of another build is refused", async () => {
  server.override(WORKER, `postMessage(JSON.stringify({ Ready: { build: "0.0.0-other" } }));`);
  const page = await open(browser, server.origin);
  await pick(page, FILE);
  await page.getByText("the verifier is of build 0.0.0-other").waitFor();
  await page.close();
});

test("a verifier that cannot be loaded is told once it is needed, and loaded when it can be", async () => {
  server.override(WORKER, (response) => response.writeHead(500).end());
  const page = await open(browser, server.origin);
  await page.waitForLoadState("networkidle");
  assert.equal(await page.locator(".notice").count(), 0, "nothing is amiss yet");
  await pick(page, FILE);
  await page.locator(".notice", { hasText: "could not be loaded from this site" }).waitFor();
  await page.getByRole("heading", { name: "Verify a ledger export" }).waitFor();
  await everyLook(page, "not-loaded");
  server.override(WORKER, saying({ Verdict: report() }, { InputHash: HASH }));
  await pick(page, FILE);
  await verdict(page, "consistent");
  await page.close();
});

test("hostile text stays text", async () => {
  const hostile = `<img src=x onerror="window.hacked=1"><script>window.hacked=1</script>'"\u202e&amp;{{7*7}}`;
  const findings = [tampered(1, hostile), { ...missing(5), message: hostile, security_recommendation: hostile }];
  const page = await told({
    Verdict: report({
      findings,
      ledger: hostile,
      message: hostile,
      input: { name: hostile, bytes: 1, sha256: null },
      coverage: { checked: [hostile], not_checked: [{ what: hostile, why: hostile }] },
      warnings: [{ ...warning, message: hostile, fields: [hostile] }],
    }),
  });
  await verdict(page, "broken");
  await page.getByRole("button", { name: "Open all shown" }).click();
  await page.getByText(hostile).nth(5).waitFor();
  assert.equal(await page.evaluate(() => window.hacked), undefined);
  assert.equal(await page.locator("article img, article script").count(), 0);
  calm(page);
  await page.close();
});

test("a thousand findings stay responsive", async () => {
  const findings = Array.from({ length: 1000 }, (_, index) => (index % 2 ? missing(index) : tampered(index)));
  const page = await told({ Verdict: report({ findings, findings_total: 123_456 }) }, { InputHash: HASH });
  await verdict(page, "broken");
  assert.equal(await page.locator(".finding").count(), 50);
  await page.getByText("The report lists 1,000 of 123,456.").waitFor();
  const more = page.getByRole("button", { name: "Show 50 more" });
  for (let shown = 100; shown <= 1000; shown += 50) {
    const took = await more.evaluate(async (button) => {
      const began = performance.now();
      button.click();
      await new Promise((painted) => requestAnimationFrame(() => setTimeout(painted)));
      return performance.now() - began;
    });
    assert.equal(await page.locator(".finding").count(), shown);
    assert.ok(took < 1000, `showing ${shown} took ${took} ms`);
  }
  assert.equal(await more.count(), 0);
  const { report: saved } = await download(page);
  assert.equal(saved.findings.length, 1000);
  await page.close();
});

test("a report is the same when it is saved", async () => {
  const made = report({ findings: [tampered(3), missing(9)], warnings: [warning] });
  const page = await told({ Verdict: made }, { InputHash: HASH });
  await verdict(page, "broken");
  await page.locator("#input-sha256 .hash").waitFor();
  const { name, report: saved } = await download(page);
  assert.equal(name, "stated.jsonl.report.json");
  const { verifier, ...rest } = saved;
  assert.deepEqual(rest, { ...made, input: { ...made.input, sha256: HASH } });
  assert.deepEqual({ ...verifier, build: "" }, { build: "", keys: [], witnesses: [], checkpoints: [] });
  assert.ok((await page.locator(".build code").textContent()) === verifier.build);
  await page.close();
});

test("a report is saved once the hash is known, and printed with every finding open", async () => {
  const findings = Array.from({ length: 60 }, (_, index) => tampered(index));
  const warnings = Array.from({ length: 70 }, () => warning);
  const page = await told({ Verdict: report({ findings, warnings }) });
  await verdict(page, "broken");
  assert.match(await page.title(), /^stated\.jsonl – Not valid/);
  await page.getByRole("button", { name: "Download report" }).click();
  await page.getByRole("button", { name: "Saved once its SHA-256 is known (0 %)" }).waitFor();
  assert.equal(await page.locator(".finding details[open]").count(), 1);
  assert.equal(await page.locator(".evidence").isVisible(), false, "on the screen the summary has it");
  await page.emulateMedia({ media: "print" });
  await page.evaluate(() => window.dispatchEvent(new Event("beforeprint")));
  assert.equal(await page.locator(".finding details[open] .finding-body").count(), 60);
  assert.equal(await page.locator(".warning").count(), 70);
  assert.match(await page.locator(".evidence").innerText(), /SHA-256[^]*Verified by/);
  await page.emulateMedia({ media: null });
  await page.evaluate(() => window.dispatchEvent(new Event("afterprint")));
  await page.waitForFunction(() => document.querySelectorAll(".finding details[open]").length === 1);
  assert.equal(await page.locator(".finding").count(), 50, "as it was before");
  await page.evaluate(() => (window.print = () => (window.printed = true)));
  await page.getByRole("button", { name: "Print" }).click();
  await page.getByRole("button", { name: "Printed once its SHA-256 is known (0 %)" }).waitFor();
  assert.equal(await page.evaluate(() => window.printed), undefined);
  // The one does not take the other's place.
  await page.getByRole("button", { name: "Saved once its SHA-256 is known (0 %)" }).waitFor();
  const saved = page.waitForEvent("download");
  await sayLater(page, { InputHash: HASH });
  assert.equal((await saved).suggestedFilename(), "stated.jsonl.report.json");
  await page.waitForFunction(() => window.printed);
  await page.close();
});

test("leaving asks while an audit runs, or a report was neither saved nor printed", async () => {
  const page = await told();
  await page.evaluate(() => (window.print = () => {}));
  const asks = () => page.evaluate(() => !window.dispatchEvent(new Event("beforeunload", { cancelable: true })));
  assert.equal(await asks(), true, "running");
  await sayLater(page, { Verdict: report() });
  await verdict(page, "consistent");
  assert.equal(await asks(), true, "not saved");
  await page.getByRole("button", { name: "Download report" }).click();
  const dialog = page.waitForEvent("dialog");
  await page.close({ runBeforeUnload: true });
  assert.equal((await dialog).type(), "beforeunload", "not saved before the hash is known");
  await (await dialog).dismiss();
  const saved = page.waitForEvent("download");
  await sayLater(page, { InputHash: HASH });
  await saved;
  assert.equal(await asks(), false, "saved");
  const closed = page.waitForEvent("close");
  await page.close({ runBeforeUnload: true });
  await closed;
});

test("findings are found among many", async () => {
  const findings = Array.from({ length: 120 }, (_, index) => (index % 2 ? missing(index) : tampered(index)));
  const findings_by_type = { TRANSACTION_TAMPERED: 60, HASH_CHAIN_BROKEN: 60 };
  const page = await told({ Verdict: report({ findings, findings_by_type }) }, { InputHash: HASH });
  await verdict(page, "broken");
  const one = page.getByRole("button", { name: "HASH_CHAIN_BROKEN 60" });
  await one.click();
  assert.equal(await one.getAttribute("aria-pressed"), "true");
  assert.equal(await page.locator(".finding").filter({ hasText: "TRANSACTION_TAMPERED" }).count(), 0);
  await page.getByRole("button", { name: "Show 10 more" }).click();
  await page.locator(".finding:nth-child(51):focus").waitFor();
  assert.equal(await page.locator(".finding").count(), 60);
  await one.click();
  await page.getByRole("button", { name: "Show all 120" }).click();
  await page.locator(".finding:nth-child(51):focus").waitFor();
  assert.equal(await page.locator(".finding").count(), 120);
  await page.getByRole("button", { name: "Close all" }).click();
  await page.waitForFunction(() => document.querySelectorAll(".finding details[open]").length === 0);
  assert.equal(await page.locator(".finding h3").count(), 120, "a reader goes from heading to heading");
  await page.close();
});

test("what the eye would not see is written out", async () => {
  const change = (found, original) => ({ field: "sender_username", found, original, proven: true });
  const modified_fields = [change("al\u200bice", "alice"), change("\u0430lice", "alice"), change(1, "1")];
  const name = "Q1 \u202egnp.jsonl";
  const page = await told({
    Verdict: report({ findings: [{ ...tampered(3), modified_fields }], input: { name, bytes: 1, sha256: null } }),
  });
  await verdict(page, "broken");
  const shown = await page.locator(".change").allInnerTexts();
  const expected = [/al⟨U\+200B⟩ice/, /U\+0430/, /found\s*1\s*→\s*original\s*"1"/];
  expected.forEach((text, n) => assert.match(shown[n], text));
  assert.match(await page.locator(".verdict-of").innerText(), /^Q1 ⟨U\+202E⟩gnp\.jsonl/);
  await page.close();
});

test("long values wrap at 360 px", async () => {
  const long = "x".repeat(400);
  const page = await told({
    Verdict: report({
      findings: [{ ...tampered(1, long), account: long, transaction_id: long, rule: long }],
      ledger: long,
      input: { name: long, bytes: 1, sha256: null },
    }),
  });
  await verdict(page, "broken");
  await page.setViewportSize({ width: 360, height: 900 });
  await accessible(page, "long values");
  await page.close();
});
