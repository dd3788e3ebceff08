// One file, one report: the command's, the package's in Node, and the page's.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { after, test } from "node:test";
import { pathToFileURL } from "node:url";
import { calm, download, launch, open, pick, shownHash } from "./support/browser.mjs";
import { serve, VECTORS } from "./support/server.mjs";

const CLI = process.env.COUNTERSIGN_CLI;
const PACKAGE = process.env.COUNTERSIGN_NPM;
const IS_EXPORT = /\.(jsonl|jsonl\.gz|json|bson)$/;

/** What may differ: how long it took, on what, and what the input is called there. */
function comparable({ verification_time_ms, performance, next_recommended_check, input, ...report }) {
  assert.equal(typeof verification_time_ms, "number");
  assert.ok(performance);
  const { name, ...rest } = input;
  return { ...report, input: rest };
}

/** Exit status 1 is a report with findings. */
const command = (file) =>
  new Promise((resolve, reject) => {
    execFile(CLI, ["verify", "--json", file], { maxBuffer: 1 << 28 }, (error, stdout) => {
      if (error && error.code !== 1) reject(error);
      else resolve(JSON.parse(stdout));
    });
  });

const exportsIn = async (folder) => (await readdir(folder)).filter((name) => IS_EXPORT.test(name) && !name.includes("expected")).sort().map((name) => join(folder, name));

test("the command, the package and the page say the same of every vector", { skip: !CLI || !PACKAGE ? "needs COUNTERSIGN_CLI and COUNTERSIGN_NPM" : false, timeout: 600_000 }, async (t) => {
  const files = [...(await exportsIn(VECTORS)), ...(await exportsIn(join(VECTORS, "legacy")))];
  assert.ok(files.length > 60, `${files.length} vectors`);
  const { verifyChainIntegrity } = await import(pathToFileURL(join(PACKAGE, "node.mjs")));
  const server = await serve();
  const browser = await launch();
  after(async () => {
    await browser.close();
    await server.close();
  });
  for (const file of files) {
    const expected = comparable(await command(file));
    const inNode = comparable(await verifyChainIntegrity(await readFile(file)));
    assert.deepEqual(inNode, expected, `${file}: Node and the command differ`);
    const page = await open(browser, server.origin);
    await pick(page, file);
    await page.locator("article.report").waitFor();
    await shownHash(page);
    const { report } = await download(page);
    assert.deepEqual(comparable(report), expected, `${file}: the page and the command differ`);
    calm(page);
    await page.close();
  }
  t.diagnostic(`${files.length} files`);
});
