// Real files through the real verifier: verdicts, refusals, and every way in.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { gzipSync } from "node:zlib";
import { accessible, bothLoaded, bring, calm, download, drop, everyLook, launch, open, pick, refusal, saved, shownHash, verdict } from "./support/browser.mjs";
import { serve, VECTORS } from "./support/server.mjs";

const vector = (name) => join(VECTORS, name);
const sha256 = (bytes) => createHash("sha256").update(bytes).digest("hex");

let server, browser;
before(async () => {
  server = await serve();
  browser = await launch();
});
after(async () => {
  await browser?.close();
  await server?.close();
});

test("a good export: valid, consistent, and the hash that others compute", async () => {
  const page = await open(browser, server.origin);
  await pick(page, vector("good.jsonl"));
  assert.match(await verdict(page, "consistent"), /No tampering found/);
  const hash = await shownHash(page);
  assert.equal(hash, sha256(await readFile(vector("good.jsonl"))));
  const { name, report } = await download(page);
  assert.equal(name, "good.jsonl.report.json");
  assert.equal(report.valid, true);
  assert.equal(report.trust_grade, "consistent");
  assert.equal(report.total_transactions, 20);
  assert.deepEqual(report.input, { name: "good.jsonl", bytes: (await readFile(vector("good.jsonl"))).length, sha256: hash });
  const expected = JSON.parse(await readFile(vector("good.expected.json"), "utf8"));
  if (expected.head) assert.equal(report.head, expected.head);
  assert.ok(report.next_recommended_check);
  assert.equal(await page.getByText("Verify again by").count(), 0, "a file does not change by tomorrow");
  await page.getByText(report.ledger, { exact: true }).first().waitFor();
  assert.ok((await page.locator("article").textContent()).includes(report.head));
  await everyLook(page, "real-good");
  calm(page);
  await page.close();
});

test("a part of a ledger is called one, whoever signed it", async () => {
  const page = await open(browser, server.origin);
  await bring(page, { keys: [KEY] });
  await pick(page, vector("good-partial.jsonl"));
  assert.match(await verdict(page, "signed"), /in this part of a ledger/);
  assert.equal(await page.locator(".tag").innerText(), "Valid in part");
  await page.getByText("after earlier ones that this file does not hold").waitFor();
  await page.getByText("What the entries that are not in this file say.").waitFor();
  assert.equal(await page.getByText("and no others, were the ledger").count(), 0);
  await page.getByText(KEY, { exact: true }).first().waitFor();
  await page.close();
});

test("a part that stops early is not said to start late", async () => {
  const page = await open(browser, server.origin);
  await bring(page, { keys: [KEY] });
  await pick(page, vector("good-stops-early.jsonl"));
  assert.match(await verdict(page, "signed"), /in this part of a ledger/);
  await page.getByText("What came after is not in this file").waitFor();
  await page.getByText("What later entries say").waitFor();
  await page.getByText("balances and buckets never below zero").waitFor();
  for (const untrue of ["after earlier ones", "could not be replayed"]) assert.equal(await page.getByText(untrue).count(), 0, untrue);
  await everyLook(page, "real-stops-early");
  await page.close();
});

test("of an empty ledger that is signed, whose it is counts as shown", async () => {
  const page = await open(browser, server.origin);
  await bring(page, { keys: [KEY] });
  await pick(page, vector("good-empty.jsonl"));
  await verdict(page, "empty");
  await page.getByText("A checkpoint that counts says the same, and whose ledger it is.").waitFor();
  assert.equal(await page.getByText("The name is stated by the file").count(), 0);
  calm(page);
  await page.close();
});

test("an export that no given key signed is not said to disagree with itself", async () => {
  const page = await open(browser, server.origin);
  await bring(page, { keys: [OTHER_KEY] });
  await pick(page, vector("good.jsonl"));
  assert.match(await verdict(page, "broken"), /No key that you gave is known to have signed/);
  assert.equal(await page.getByText("does not agree with the hashes").count(), 0);
  await everyLook(page, "real-untrusted");
  await page.close();
});

test("two files dropped on a verdict leave it standing", async () => {
  const page = await open(browser, server.origin);
  await pick(page, vector("good.jsonl"));
  await verdict(page, "consistent");
  await drop(page, "body", [["a.jsonl", "x"], ["b.jsonl", "x"]]);
  const notice = page.locator(".notice", { hasText: "One export at a time" });
  await notice.waitFor();
  assert.equal(await page.locator("article.report").count(), 1);
  await page.emulateMedia({ media: "print" });
  assert.equal(await notice.isVisible(), false, "on paper stands the verdict alone");
  await page.close();
});

test("what is told while an audit runs does not stand above its verdict", async (t) => {
  const text = await readFile(vector("good.jsonl"));
  let answer;
  server.override("/awaited.jsonl", (response) => (answer = () => response.writeHead(200).end(text)));
  t.after(() => server.override("/awaited.jsonl", null));
  const page = await open(browser, server.origin);
  await openAddress(page, "/awaited.jsonl");
  await page.getByRole("heading", { name: "awaited.jsonl" }).waitFor();
  await drop(page, "body", [["second.jsonl", "x"]]);
  await page.locator(".notice", { hasText: "An export is being verified" }).waitFor();
  answer();
  await verdict(page, "consistent");
  assert.equal(await page.locator(".notice").count(), 0);
  calm(page);
  await page.close();
});

test("what one tab remembers, another that never did does not forget", async () => {
  const [first, second] = [await open(browser, server.origin), await open(browser, server.origin)];
  await bring(first, { keys: [KEY] });
  await first.getByLabel("Remember these").check();
  await bring(second, { keys: [OTHER_KEY] });
  await first.reload();
  await first.getByText("1 key", { exact: true }).waitFor();
  const kept = () => first.evaluate(() => localStorage.getItem("countersign.trusted"));
  assert.ok((await kept()).includes(KEY));
  await first.locator("#trusted summary").click();
  await first.getByLabel("Remember these").uncheck();
  assert.equal(await kept(), null);
  await first.close();
  await second.close();
});

const KEY = "game.example/economy+b7e99c16+AYMq5iT7Tj3bthuC2BO2upajYP1EdR6ZRFFydV2hbw8R";
const OTHER_KEY = "game.example/economy+f92e8441+Ae3zwAfPuz7EJ/CKIpjYzhCMvHYQBigXuN3HKT7cSaey";
const WITNESS = "witness.example/1+2e550400+BPrE5gsZjUc6LSkelUdg+5b8RAE8ZgxMLrz2N1dPYewJ";
const note = (name) => readFile(vector(name), "utf8");

test("a key and a kept checkpoint raise the grade, and say what they do not show", async () => {
  const page = await open(browser, server.origin);
  await bring(page, { keys: [KEY, KEY] });
  await page.getByText("1 key", { exact: true }).waitFor();
  await everyLook(page, "real-trusted");
  await pick(page, vector("good.jsonl"));
  assert.match(await verdict(page, "signed"), /a key you trust/);
  assert.equal(await page.getByText("Key given").count(), 1);
  await page.getByText("That no entries followed").waitFor();
  // What the next audit is held to is what the writer signed.
  assert.deepEqual(await saved(page, "Save this checkpoint"), { name: "checkpoint-20.txt", text: await note("checkpoint-20.txt") });
  await page.getByRole("button", { name: "Verify another file" }).click();
  // What was brought stands for the next file.
  await page.getByText("1 key", { exact: true }).waitFor();
  const checkpoints = [await note("checkpoint-9.txt"), await note("checkpoint-20-cosigned.txt")];
  await bring(page, { keys: [KEY], checkpoints, witnesses: [WITNESS] });
  await page.getByText("1 key, 1 witness, 2 checkpoints").waitFor();
  await pick(page, vector("good.jsonl"));
  await verdict(page, "witnessed");
  await page.getByText("2026-02-11T16:00:00.000Z").first().waitFor();
  assert.equal(await page.locator(".worth.counts").count(), 3);
  await everyLook(page, "real-witnessed");
  calm(page);
  await page.close();
});

test("a table of taxes is what entries are held to, and stands in what was given", async () => {
  const page = await open(browser, server.origin);
  await bring(page, { taxes: '{"TRANSFER": {"rate": 250}}' });
  await page.locator("#trusted").getByText("It is no table of taxes: missing field").waitFor();
  await bring(page, { taxes: '{"TRANSFER": {"rate": 250, "tax_type": "transfer_tax"}}', shown: true });
  await page.getByText("1 tax table", { exact: true }).waitFor();
  await everyLook(page, "real-taxes");
  await pick(page, vector("good.jsonl"));
  await verdict(page, "consistent");
  await page.getByText("Entry 16, a TRANSFER of 250.0000 EURO, withholds 12.5000 EURO; the policy gives 6.2500 EURO.").waitFor();
  await page.getByText("TRANSFER: 2.50 % to transfer_tax").waitFor();
  await page.getByText("tax rates against the table that was given").waitFor({ state: "attached" });
  await everyLook(page, "real-taxed");
  calm(page);
  await page.close();
});

test("a rewritten ledger contradicts what was kept", async () => {
  const page = await open(browser, server.origin);
  await page.locator("#trusted summary").click();
  await page.locator("#trusted-file").setInputFiles([vector("checkpoint-9.txt")]);
  await page.getByText("1 checkpoint", { exact: true }).waitFor();
  await pick(page, vector("rewritten-stripped.jsonl"));
  await verdict(page, "broken");
  await heldAgainst(page, "CHECKPOINT_MISMATCH", "Root in the checkpoint", "Root of the entries");
  await page.getByText("The entries agree with each other").waitFor();
  for (const untrue of ["does not agree with the hashes", "can look alike"]) assert.equal(await page.getByText(untrue).count(), 0, untrue);
  await everyLook(page, "real-rewritten");
  calm(page);
  await page.close();
});

test("of a file that is only cut off, what there is is not called wrong", async () => {
  const page = await open(browser, server.origin);
  await pick(page, vector("cut-no-trailer.jsonl"));
  await verdict(page, "broken");
  await page.getByText("But its end is missing").waitFor();
  assert.equal(await page.getByText("does not agree with the hashes").count(), 0);
  await everyLook(page, "real-cut");
  calm(page);
  await page.close();
});

test("what cannot be read of what was brought opens nothing", async () => {
  const page = await open(browser, server.origin);
  await bring(page, { keys: [KEY, KEY.replace("b7e9", "b7e8")] });
  await page.locator("#trusted").getByText("Line 2 is no verifying key").waitFor();
  await everyLook(page, "real-untrusted");
  await pick(page, vector("good.jsonl"));
  await page.locator(".notice").getByText("Line 2 is no verifying key").waitFor();
  await page.getByRole("heading", { name: "Verify a ledger export" }).waitFor();
  await page.locator("#trusted-file").setInputFiles([vector("good.jsonl")]);
  await page.locator("#trusted").getByText("nor a table of taxes. To verify an export, choose it above.").waitFor();
  calm(page);
  await page.close();
});

test("keys and checkpoints are remembered where that is asked for, and forgotten again", async () => {
  const page = await open(browser, server.origin);
  const stored = () => page.evaluate(() => localStorage.getItem("countersign.trusted"));
  await bring(page, { keys: [KEY] });
  assert.equal(await stored(), null);
  await page.getByLabel("Remember these").check();
  await page.reload();
  await page.getByText("1 key", { exact: true }).waitFor();
  await page.locator("#trusted summary").click();
  assert.equal((await page.getByLabel("Verifying keys").inputValue()).trim(), KEY);
  await page.getByLabel("Remember these").uncheck();
  assert.equal(await stored(), null);
  await page.reload();
  await page.getByText("none given").waitFor();
  await page.close();
});

test("dropped on their panel, checkpoints are brought and not opened", async () => {
  const page = await open(browser, server.origin);
  await page.locator("#trusted summary").click();
  await drop(page, "#checkpoints", [["checkpoint-20.txt", await note("checkpoint-20.txt")]]);
  await page.getByText("1 checkpoint", { exact: true }).waitFor();
  await page.getByRole("heading", { name: "Verify a ledger export" }).waitFor();
  await page.close();
});

test("keys and checkpoints dropped on a verdict leave it standing, and count for the next", async () => {
  const page = await open(browser, server.origin);
  await drop(page, "body", [["key.txt", KEY]]);
  await page.locator(".notice", { hasText: "Added key.txt under" }).waitFor();
  await page.getByText("1 key", { exact: true }).waitFor();
  await pick(page, vector("good.jsonl"));
  await verdict(page, "signed");
  await drop(page, "article", [["kept.txt", await note("checkpoint-9.txt")]]);
  await page.locator(".notice", { hasText: "Added kept.txt under" }).getByText("Open this one again").waitFor();
  await verdict(page, "signed");
  await everyLook(page, "real-added");
  await drop(page, "article", [["good.jsonl", await note("good.jsonl")]]);
  await verdict(page, "anchored");
  calm(page);
  await page.close();
});

test("dropped on their panel while it is closed, an export is opened", async () => {
  const page = await open(browser, server.origin);
  await drop(page, "#trusted summary", [["dropped.jsonl", await note("good.jsonl")]]);
  await verdict(page, "consistent");
  await page.close();
});

test("the panel is worked by keyboard alone", async () => {
  const page = await open(browser, server.origin);
  await page.locator("#trusted summary").focus();
  await page.keyboard.press("Enter");
  await page.keyboard.press("Tab");
  await page.keyboard.type(KEY);
  await page.getByText("1 key", { exact: true }).waitFor();
  const reached = [];
  for (let step = 0; step < 6; step++) {
    await page.keyboard.press("Tab");
    reached.push(await page.evaluate(() => document.activeElement.id || document.activeElement.textContent));
  }
  assert.deepEqual(reached, ["checkpoints", "witnesses", "taxes", "trusted-file", "Clear all", "remember"]);
  await page.close();
});

test("a tampered export: the entry, and its stored against its computed hash", async () => {
  const page = await open(browser, server.origin);
  await pick(page, vector("tampered-gross.jsonl"));
  await verdict(page, "broken");
  const finding = page.locator(".finding").first();
  await finding.getByText("TRANSACTION_TAMPERED").waitFor();
  await shownHash(page);
  const { report } = await download(page);
  assert.equal(report.valid, false);
  assert.equal(report.error_type, "TRANSACTION_TAMPERED");
  const [{ corrupted_transaction: entry, hash_integrity_failure: failure, security_recommendation: advice }] = report.findings;
  const text = await finding.textContent();
  for (const shown of [entry.transaction_id, entry.amount_gross, failure.stored_hash, failure.computed_hash, advice]) {
    assert.ok(text.includes(shown), `the finding shows ${shown}`);
  }
  assert.ok((await finding.locator("mark.group").count()) > 0, "what differs is marked");
  await everyLook(page, "real-tampered");
  calm(page);
  await page.close();
});

test("entries taken out: what is missing is told, and the audit goes on", async () => {
  const page = await open(browser, server.origin);
  await pick(page, vector("deleted-three.jsonl"));
  await verdict(page, "broken");
  await page.locator(".finding").first().getByText("HASH_CHAIN_BROKEN").waitFor();
  assert.match(await page.locator(".finding-brief").innerText(), /missing: seq 6 to 8$/);
  await everyLook(page, "real-deleted");
  calm(page);
  await page.close();
});

test("entries in another order: a closed finding says which", async () => {
  const page = await open(browser, server.origin);
  await pick(page, vector("reordered.jsonl"));
  await verdict(page, "broken");
  assert.match(await page.locator(".finding-brief").first().innerText(), /not in place: seq \d+/);
  calm(page);
  await page.close();
});

/** That the first finding shows what its report says was expected and found, by these names. */
async function heldAgainst(page, kind, expected, found) {
  const finding = page.locator(".finding").first();
  await finding.getByText(kind).waitFor();
  const { report } = await download(page);
  const shown = async (term) => {
    const label = finding.locator("dt", { has: page.getByText(term, { exact: true }) });
    return (await label.locator("xpath=following-sibling::dd[1]").textContent()).replaceAll(/\s/g, "");
  };
  assert.equal(await shown(expected), String(report.findings[0].expected).replaceAll(" ", ""));
  assert.equal(await shown(found), String(report.findings[0].found).replaceAll(" ", ""));
}

const COMPARED = [
  ["wrong-ledger.jsonl", "GENESIS_MISMATCH", "The header's names give", "Entry 1 names"],
  ["wrong-trailer.jsonl", "TRAILER_MISMATCH", "By the header and entries", "By the closing line"],
  ["wrong-arithmetic.jsonl", "AMOUNT_MISMATCH", "Tax plus net", "Gross"],
  ["document-mismatch.jsonl", "DOCUMENT_MISMATCH", "By the entries", "By the document"],
];
for (const [name, kind, expected, found] of COMPARED) {
  test(`${kind} says whose word is held against whose`, async () => {
    const page = await open(browser, server.origin);
    await pick(page, vector(name));
    await verdict(page, "broken");
    await heldAgainst(page, kind, expected, found);
    await everyLook(page, `real-${name.replace(".jsonl", "")}`);
    calm(page);
    await page.close();
  });
}

const PNG = Buffer.from("89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c489", "hex");
const ZIP = Buffer.concat([Buffer.from("504b0304140000000800", "hex"), Buffer.alloc(64, 7)]);
const HEADER = (await readFile(vector("good.jsonl"), "utf8")).split("\n", 1)[0];
const BOMB = gzipSync(Buffer.concat([Buffer.from(`${HEADER}\n`), Buffer.alloc(128 << 20, " ")]));
const GARBAGE = [
  ["an image", "photo.png", PNG, "NOT_AN_EXPORT"],
  ["an archive", "exports.zip", ZIP, "NOT_AN_EXPORT"],
  ["prose", "letter.txt", Buffer.from("Dear auditor,\nplease find attached\n"), "NOT_AN_EXPORT"],
  ["zeros in gzip", "zeros.gz", gzipSync(Buffer.alloc(4 << 20)), "NOT_AN_EXPORT"],
  ["nothing", "empty.jsonl", Buffer.alloc(0), "EMPTY"],
  ["white space", "blank.jsonl", Buffer.from(" \n\n"), "EMPTY"],
  ["an unknown header", "newer.jsonl", Buffer.from('{"format":"countersign/export/3"}\n'), "HEADER_NOT_RECOGNISED"],
  ["damaged compression", "cut.jsonl.gz", Buffer.concat([Buffer.from("1f8b080000000000000300", "hex"), Buffer.alloc(64, 0xff)]), "STREAM_NOT_DECODED"],
  ["compression without end", "bomb.jsonl.gz", BOMB, "LIMIT_EXCEEDED"],
];
for (const [what, name, buffer, code] of GARBAGE) {
  test(`${what} has its own screen`, async () => {
    const page = await open(browser, server.origin);
    await pick(page, { name, mimeType: "application/octet-stream", buffer });
    await refusal(page, code);
    await page.getByText(name).first().waitFor();
    await accessible(page, what);
    assert.equal(await page.locator("article.report").count(), 0, "no verdict");
    await page.getByRole("button", { name: "Verify another file" }).click();
    await pick(page, vector("good.jsonl"));
    await verdict(page, "consistent");
    calm(page);
    await page.close();
  });
}

const another = (page) => page.getByRole("button", { name: "Verify another file" }).click();

test("with the site gone, one file is verified after the other", async (t) => {
  const site = await serve();
  t.after(() => site.close());
  const page = await open(browser, site.origin);
  await bothLoaded(page);
  await site.close();
  await pick(page, vector("good.jsonl"));
  await verdict(page, "consistent");
  await shownHash(page);
  await another(page);
  await pick(page, { name: "letter.txt", mimeType: "text/plain", buffer: Buffer.from("Dear auditor,\n") });
  await refusal(page, "NOT_AN_EXPORT");
  await another(page);
  await pick(page, vector("tampered-gross.jsonl"));
  await verdict(page, "broken");
  await shownHash(page);
  assert.deepEqual(page.faults, []);
  await page.close();
});

test("the worker that a cancelled audit ends has one in reserve", async (t) => {
  const site = await serve();
  t.after(() => site.close());
  // Never answered: an audit that takes long.
  site.override("/slow.jsonl", () => {});
  const page = await open(browser, site.origin);
  await bothLoaded(page);
  site.override("/audit-boot.js", (response) => response.writeHead(503).end());
  const cancelled = async () => {
    await openAddress(page, "/slow.jsonl");
    await page.getByRole("button", { name: "Cancel" }).click();
    await page.locator(".notice", { hasText: "Cancelled" }).waitFor();
    await pick(page, vector("good.jsonl"));
  };
  await cancelled();
  await verdict(page, "consistent");
  await shownHash(page);
  await another(page);
  await cancelled();
  await page.locator(".notice", { hasText: "could not be loaded from this site. Reconnect" }).waitFor();
  await page.getByRole("heading", { name: "Verify a ledger export" }).waitFor();
  site.override("/audit-boot.js", null);
  await pick(page, vector("good.jsonl"));
  await verdict(page, "consistent");
  calm(page);
  await page.close();
});

test("a file dropped anywhere on the page", async () => {
  const page = await open(browser, server.origin);
  const files = [["dropped.jsonl", await readFile(vector("good.jsonl"), "utf8")]];
  await drop(page, "footer", files);
  await verdict(page, "consistent");
  await page.getByText("dropped.jsonl").first().waitFor();
  await drop(page, "article", files);
  await verdict(page, "consistent");
  calm(page);
  await page.close();
});

test("two files at once are refused", async () => {
  const page = await open(browser, server.origin);
  await drop(page, "body", [["a.jsonl", "{}"], ["b.jsonl", "{}"]]);
  await page.locator(".notice", { hasText: "One export at a time" }).waitFor();
  calm(page);
  await page.close();
});

test("a demo file", async () => {
  const page = await open(browser, server.origin);
  await page.locator("button.demo").first().click();
  await page.locator("article.report").waitFor();
  await shownHash(page);
  calm(page);
  await page.close();
});

async function openAddress(page, address) {
  await page.getByText("Open an address on this site").click();
  await page.getByLabel("Address of the export").fill(address);
  await page.getByRole("button", { name: "Verify", exact: true }).click();
}

test("an address of this site, streamed, gives the same hash", async () => {
  const page = await open(browser, server.origin);
  await openAddress(page, "/vectors/tampered-gross.jsonl");
  await verdict(page, "broken");
  assert.equal(await shownHash(page), sha256(await readFile(vector("tampered-gross.jsonl"))));
  calm(page);
  await page.close();
});

test("an address of this site that is not there", async () => {
  const page = await open(browser, server.origin);
  await openAddress(page, "/vectors/none.jsonl");
  assert.match(await refusal(page, "IO"), /could not be opened/);
  await page.locator(".seen").getByText("404").waitFor();
  calm(page);
  await page.close();
});

test("an address that leads elsewhere is not followed", async () => {
  server.override("/moved.jsonl", (response) => response.writeHead(302, { location: "http://192.0.2.1/x.jsonl" }).end());
  const page = await open(browser, server.origin);
  await openAddress(page, "/moved.jsonl");
  await refusal(page, "IO");
  calm(page);
  await page.close();
});

for (const address of ["https://example.com/ledger.jsonl", "//example.com/x", "http://127.0.0.1:1/x", "data:text/plain,x", "blob:null/1", "javascript:alert(1)", "file:///etc/passwd"]) {
  test(`an address of another site is refused: ${address}`, async () => {
    const page = await open(browser, server.origin);
    await openAddress(page, address);
    await page.getByRole("alert").filter({ hasText: "another site" }).waitFor();
    assert.equal(await page.getByLabel("Address of the export").getAttribute("aria-invalid"), "true");
    await accessible(page, "a refused address");
    calm(page);
    await page.close();
  });
}

test("the page itself can reach no other origin", async () => {
  const page = await open(browser, server.origin);
  const reached = await page.evaluate(() => fetch("http://127.0.0.1:1/").then(() => true, (error) => String(error)));
  assert.match(reached, /Failed to fetch/);
  assert.ok(page.faults.some((fault) => /Content Security Policy/.test(fault)), "stopped by the policy, not by the network");
  await page.close();
});

test("by keyboard alone", async () => {
  const page = await open(browser, server.origin);
  // Asked for well before the key that opens it: what comes before the browser knows that is lost.
  const chosen = page.waitForEvent("filechooser");
  await page.keyboard.press("Tab");
  assert.equal(await page.evaluate(() => document.activeElement.textContent), "Skip to content");
  await page.keyboard.press("Enter");
  await page.locator("main:focus").waitFor();
  await page.keyboard.press("Tab");
  assert.equal(await page.evaluate(() => document.activeElement.id), "file");
  await page.keyboard.press("Space");
  await (await chosen).setFiles(vector("tampered-gross.jsonl"));
  await verdict(page, "broken");
  await page.locator("#verdict-heading:focus").waitFor();
  await page.keyboard.press("Tab");
  const [file] = await Promise.all([page.waitForEvent("download"), page.keyboard.press("Enter")]);
  assert.equal(file.suggestedFilename(), "tampered-gross.jsonl.report.json");
  const focused = () => page.evaluate(() => document.activeElement.closest("summary, button")?.textContent ?? "");
  const tabTo = async (text) => {
    for (let step = 0; step < 12 && !(await focused()).includes(text); step += 1) await page.keyboard.press("Tab");
    assert.ok((await focused()).includes(text), `${text} is reached`);
  };
  await tabTo("TRANSACTION_TAMPERED");
  await page.keyboard.press("Enter");
  assert.equal(await page.locator(".finding details[open]").count(), 0, "closed by Enter");
  for (let step = 0; step < 5 && !(await focused()).includes("Verify another"); step += 1) await page.keyboard.press("Shift+Tab");
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: "Verify a ledger export" }).waitFor();
  await page.locator("#start-heading:focus").waitFor();
  calm(page);
  await page.close();
});
