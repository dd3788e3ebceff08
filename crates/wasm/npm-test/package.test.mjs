// The package as a whole: what it exports, and that each build of it works.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';

import { HERE, PACKAGE, ROOT, countersign, inner } from './support/package.mjs';
import { timeless, vector } from './support/vectors.mjs';

const manifest = JSON.parse(readFileSync(join(PACKAGE, 'package.json'), 'utf8'));
const NAMES = ['CountersignError', 'Verifier', 'hashEntry', 'init', 'verifyBlockchain', 'verifyChainIntegrity'];
const audit = `verifyChainIntegrity(readFileSync(${JSON.stringify(join(ROOT, 'tests/vectors/tampered-gross.jsonl'))}))`;

/** What a program prints that is run beside the tests. */
function printed(program, ...flags) {
  const output = execFileSync(process.execPath, [...flags, '--input-type=module', '--eval', program], { cwd: HERE, stdio: ['ignore', 'pipe', 'ignore'] });
  return JSON.parse(output.toString());
}

test('every build offers the same names', async () => {
  for (const entry of ['node.mjs', 'web.mjs']) assert.deepEqual(Object.keys(await inner(entry)).sort(), NAMES);
  assert.deepEqual(Object.keys(countersign).sort(), NAMES);
});

test('everything the manifest names is there', () => {
  const paths = Object.values(manifest.exports).flatMap((target) => (typeof target === 'string' ? [target] : Object.values(target)));
  for (const path of paths) assert.ok(existsSync(join(PACKAGE, path)), path);
  for (const file of ['README.md', 'LICENSE']) assert.ok(existsSync(join(PACKAGE, file)), file);
});

test('its version is the workspace’s', () => {
  assert.ok(readFileSync(join(ROOT, 'Cargo.toml'), 'utf8').includes(`version = "${manifest.version}"`));
});

test('the build for browsers, told where the module is', async () => {
  const { init, verifyChainIntegrity, hashEntry, Verifier } = await inner('web.mjs');
  assert.throws(() => new Verifier(), { code: 'NOT_LOADED' });
  await init(readFileSync(join(PACKAGE, 'web', 'countersign_bg.wasm')));
  const bytes = vector('tampered-gross.jsonl');
  assert.deepEqual(timeless(await verifyChainIntegrity(bytes)), timeless(await countersign.verifyChainIntegrity(bytes)));
  assert.throws(() => hashEntry('{}'), { code: 'MALFORMED_ENTRY' });
});

test('it is required too, where Node can require its modules', { skip: !process.features.require_module }, () => {
  const program = `console.log(JSON.stringify(Object.keys(require('countersign')).sort()))`;
  const output = execFileSync(process.execPath, ['--eval', program], { cwd: HERE, stdio: ['ignore', 'pipe', 'ignore'] });
  assert.deepEqual(JSON.parse(output.toString()), NAMES);
});

test('far from its module, as in a bundle, it is told where that is', async (t) => {
  const bundle = mkdtempSync(join(tmpdir(), 'countersign-'));
  t.after(() => rmSync(bundle, { recursive: true }));
  const far = (path) => !path.endsWith('.wasm');
  cpSync(PACKAGE, bundle, { recursive: true, filter: far });
  const { init, verifyChainIntegrity, Verifier } = await import(pathToFileURL(join(bundle, 'node.mjs')).href);
  await assert.rejects(verifyChainIntegrity('x'), { code: 'NOT_LOADED', message: /In a bundle, .*init\(\)/ });
  await init(pathToFileURL(join(PACKAGE, 'web', 'countersign_bg.wasm')));
  assert.equal((await verifyChainIntegrity(vector('good.jsonl'))).valid, true);
  assert.ok(new Verifier());
});

test('the build for bundlers, where WebAssembly is imported as a module', async () => {
  const program = `
    import { readFileSync } from 'node:fs';
    import { verifyChainIntegrity } from 'countersign/bundler';
    console.log(JSON.stringify(await ${audit}));`;
  const report = printed(program, '--experimental-wasm-modules', '--no-warnings');
  assert.deepEqual(timeless(report), timeless(await countersign.verifyChainIntegrity(vector('tampered-gross.jsonl'))));
});

test('nothing keeps a program from ending', () => {
  const program = `
    import { readFileSync } from 'node:fs';
    import { verifyChainIntegrity } from 'countersign';
    console.log(JSON.stringify((await ${audit}).valid));`;
  assert.equal(printed(program), false);
});

test('the README’s code names what there is', () => {
  const readme = readFileSync(join(PACKAGE, 'README.md'), 'utf8');
  for (const [, names] of readme.matchAll(/import \{ ([\w, ]+) \} from 'countersign'/g)) {
    for (const name of names.split(', ')) assert.ok(NAMES.includes(name), name);
  }
});
