// A file of 200 MB: the page stays at hand while it is verified, and lets go of it at once.
import assert from "node:assert/strict";
import { copyFile, mkdtemp, open as openFile, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { bothLoaded, calm, download, launch, open, pick, shownHash, verdict } from "./support/browser.mjs";
import { writeLedger } from "./support/ledger.mjs";
import { DIST, serve } from "./support/server.mjs";

const SIZE = 200_000_000;
const LONGEST_TASK_MS = 100;

let server, browser, directory, file;
before(async () => {
  server = await serve();
  browser = await launch();
  file = process.env.COUNTERSIGN_BIG;
  if (!file) {
    directory = await mkdtemp(join(tmpdir(), "countersign-big-"));
    file = join(directory, "big.jsonl");
    await writeLedger(file, SIZE);
  }
});
after(async () => {
  await browser?.close();
  await server?.close();
  if (directory) await rm(directory, { recursive: true, force: true });
});

/** From now on, how long each task of the page's thread takes that is longer than 50 ms. */
async function watchTasks(page) {
  await page.evaluate(() => {
    window.longTasks = [];
    new PerformanceObserver((list) => {
      for (const entry of list.getEntries()) window.longTasks.push(entry.duration);
    }).observe({ type: "longtask", buffered: true });
  });
}

test("200 MB without a task over 100 ms, while progress is told", async (t) => {
  const page = await open(browser, server.origin);
  // What loading the page itself takes is not what is measured here.
  await bothLoaded(page);
  await watchTasks(page);
  await page.evaluate(() => (window.longTasks.length = 0));
  const began = performance.now();
  await pick(page, file);
  const seen = new Set();
  const report = page.locator("article.report");
  while ((await report.count()) === 0) {
    const value = await page.evaluate(() => document.querySelector("progress")?.getAttribute("value"));
    if (value) seen.add(value);
    assert.equal(await page.locator("section.refused").count(), 0, "the file is an export");
    await page.waitForTimeout(50);
  }
  const verdictAfter = performance.now() - began;
  assert.match(await verdict(page, "consistent"), /No tampering found/);
  await shownHash(page);
  const tasks = await page.evaluate(() => window.longTasks);
  const { size } = await stat(file);
  t.diagnostic(`${size} bytes: verdict after ${Math.round(verdictAfter)} ms, ${seen.size} steps of progress`);
  t.diagnostic(`tasks over 50 ms: ${tasks.map(Math.round).join(", ") || "none"}`);
  t.diagnostic(`entries per second: ${await page.locator(".fact", { hasText: "Entries per second" }).locator("dd").innerText()}`);
  assert.ok(seen.size >= 3, `progress was told ${seen.size} times`);
  assert.ok(Math.max(0, ...tasks) <= LONGEST_TASK_MS, `the longest task took ${Math.max(0, ...tasks)} ms`);
  calm(page);
  await page.close();
});

test("of a file that becomes another while it is hashed, no hash is shown", async (t) => {
  const copy = `${file}.copy`;
  await copyFile(file, copy);
  t.after(() => rm(copy, { force: true }));
  const { size, atime, mtime } = await stat(copy);
  const page = await open(browser, server.origin);
  await pick(page, copy);
  await verdict(page, "consistent");
  // As who wants it to pass unnoticed would: in place, and of the same age.
  const handle = await openFile(copy, "r+");
  await handle.write("0000000000", size - 200);
  await handle.utimes(atime, mtime);
  await handle.close();
  await page.locator("#input-sha256", { hasText: "not computed" }).waitFor();
  const { report } = await download(page);
  assert.equal(report.input.sha256, null);
  assert.ok(report.verifier.input_not_hashed);
  await page.close();
});

/** Drops the file twenty times over as one, which is verified for longer than a busy machine takes to act on it. */
async function dropForLong(page) {
  await page.evaluate(() => {
    const input = Object.assign(document.createElement("input"), { type: "file", id: "brought" });
    document.body.append(input);
  });
  await page.locator("#brought").setInputFiles(file);
  await page.evaluate(() => {
    const input = document.querySelector("#brought");
    const transfer = new DataTransfer();
    transfer.items.add(new File(Array(20).fill(input.files[0]), "long.jsonl"));
    input.remove();
    document.body.dispatchEvent(new DragEvent("drop", { bubbles: true, cancelable: true, dataTransfer: transfer }));
  });
  await page.locator("progress[value]").waitFor();
}

test("cancelled on the way, and another file right after", async () => {
  const page = await open(browser, server.origin);
  await dropForLong(page);
  await page.getByRole("button", { name: "Cancel" }).click();
  // Long before the file's end would be reached.
  await page.locator(".notice", { hasText: "Cancelled." }).waitFor({ timeout: 10_000 });
  // The browser ends a worker in its own time, which a read under way makes longer.
  for (let tries = 0; tries < 300 && page.workers().length > 2; tries++) await page.waitForTimeout(100);
  await bothLoaded(page);
  assert.equal(page.workers().length, 2, "only the verifiers for the next file and in reserve are left");
  await page.locator("#start-heading:focus").waitFor();
  await page.waitForTimeout(500);
  assert.equal(await page.locator("article.report").count(), 0, "no verdict comes after");
  await pick(page, { name: "empty.jsonl", mimeType: "text/plain", buffer: Buffer.alloc(0) });
  await page.locator('section.refused[data-code="EMPTY"]').waitFor();
  assert.equal(await page.getByText("Cancelled.").count(), 0);
  calm(page);
  await page.close();
});

test("a file dropped while another is verified is not opened", async () => {
  const page = await open(browser, server.origin);
  await dropForLong(page);
  await page.evaluate(() => {
    const transfer = new DataTransfer();
    transfer.items.add(new File(["{}"], "other.jsonl"));
    document.body.dispatchEvent(new DragEvent("drop", { bubbles: true, cancelable: true, dataTransfer: transfer }));
  });
  await page.locator(".notice", { hasText: "Cancel it first" }).waitFor();
  assert.equal(await page.locator("progress").count(), 1);
  await page.close();
});

/** Has the page's colleagues, asked for after it was opened, answered so, one after the other; how many asked. */
async function colleagues(...answers) {
  const boot = await readFile(join(DIST, "audit-boot.js"), "utf8");
  const asked = { times: 0 };
  server.override("/audit-boot.js", (response) => answers[Math.min(asked.times++, answers.length - 1)](response, boot));
  return asked;
}

const comes = (response, boot) => response.writeHead(200, { "content-type": "text/javascript" }).end(boot);
const fails = (response) => response.writeHead(500).end();
const never = () => {};

for (const [what, answers] of [
  ["none can be loaded", [fails]],
  ["one alone can be loaded", [comes, fails]],
  ["the site has become unreachable", [never]],
]) {
  test(`a large file is verified though of its colleagues ${what}`, async () => {
    const page = await open(browser, server.origin);
    await bothLoaded(page);
    const asked = await colleagues(...answers);
    try {
      await pick(page, file);
      await verdict(page, "consistent");
      assert.ok(asked.times >= 1, "somebody was called");
    } finally {
      server.override("/audit-boot.js", null);
    }
    await page.close();
  });
}
