// The package as a whole: what it exports, and that each build of it works.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

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
