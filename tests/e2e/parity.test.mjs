// One file, one report: the command's, the package's in Node, and the page's, each told the same keys and checkpoints.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { after, test } from "node:test";
import { pathToFileURL } from "node:url";
import { bring, calm, download, launch, open, pick, shownHash } from "./support/browser.mjs";
import { serve, VECTORS } from "./support/server.mjs";

const CLI = process.env.COUNTERSIGN_CLI;
const PACKAGE = process.env.COUNTERSIGN_NPM;
const IS_EXPORT = /\.(jsonl|jsonl\.gz|json|bson)$/;

/** What may differ: how long it took, on what, and what the input is called there. */
function comparable({ verification_time_ms, performance, verified_at, next_recommended_check, verifier, input, ...report }) {
  assert.equal(typeof verification_time_ms, "number");
  assert.ok(performance);
  const { name, ...rest } = input;
  return { ...report, input: rest };
}

/** Exit status 1 is a report with findings. */
const command = ({ file, keys, kept }) => {
  const trusted = [...keys.flatMap((key) => ["--key", key]), ...kept.flatMap((path) => ["--checkpoint", path])];
  return new Promise((resolve, reject) => {
    execFile(CLI, ["verify", "--json", file, ...trusted], { maxBuffer: 1 << 28 }, (error, stdout) => {
      if (error && error.code !== 1) reject(error);
      else resolve(JSON.parse(stdout));
    });
  });
};

const exportsIn = async (folder) => (await readdir(folder)).filter((name) => IS_EXPORT.test(name) && !name.includes("expected")).sort();

/** Every case of a folder as its auditor would audit it, and every other export without keys. */
async function auditsIn(folder) {
  const cases = JSON.parse(await readFile(join(folder, "cases.expected.json"), "utf8"));
  const named = new Set(cases.map(({ file }) => file));
  const others = (await exportsIn(folder)).filter((file) => !named.has(file)).map((file) => ({ file }));
  return [...cases, ...others].map(({ file, keys = [], checkpoints = [] }) => ({
    file: join(folder, file),
    keys,
    kept: checkpoints.map((name) => join(folder, name)),
  }));
}

test("the command, the package and the page say the same of every vector", { skip: !CLI || !PACKAGE ? "needs COUNTERSIGN_CLI and COUNTERSIGN_NPM" : false, timeout: 600_000 }, async (t) => {
  const audits = [...(await auditsIn(VECTORS)), ...(await auditsIn(join(VECTORS, "legacy")))];
  assert.ok(audits.length > 60, `${audits.length} audits`);
  const { verifyChainIntegrity } = await import(pathToFileURL(join(PACKAGE, "node.mjs")));
  const server = await serve();
  const browser = await launch();
  after(async () => {
    await browser.close();
    await server.close();
  });
  for (const audit of audits) {
    const { file, keys } = audit;
    const checkpoints = await Promise.all(audit.kept.map((path) => readFile(path, "utf8")));
    const expected = comparable(await command(audit));
    const inNode = comparable(await verifyChainIntegrity(await readFile(file), { keys, checkpoints }));
    assert.deepEqual(inNode, expected, `${file}: Node and the command differ`);
    const page = await open(browser, server.origin);
    await bring(page, { keys, checkpoints });
    await pick(page, file);
    await page.locator("article.report").waitFor();
    await shownHash(page);
    const { report } = await download(page);
    assert.deepEqual(comparable(report), expected, `${file}: the page and the command differ`);
    calm(page);
    await page.close();
  }
  t.diagnostic(`${audits.length} audits`);
});
