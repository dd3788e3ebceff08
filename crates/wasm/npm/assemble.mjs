// Makes the npm package of what wasm-pack made for each target and of the modules beside this file.
//
//   node crates/wasm/npm/assemble.mjs --web DIR --bundler DIR --out DIR
//
// Each DIR but the last is a wasm-pack out-dir (`--out-name countersign`). The output is made anew.

import { cp, mkdir, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const HERE = dirname(fileURLToPath(import.meta.url));
const ROOT = join(HERE, '..', '..', '..');
const TARGETS = ['web', 'bundler'];
const NOT_SHIPPED = new Set(['assemble.mjs']);

await assemble(outDirs());

async function assemble({ out, ...built }) {
  await rm(out, { recursive: true, force: true });
  await mkdir(out, { recursive: true });
  for (const target of TARGETS) await copyTarget(built[target], join(out, target));
  await makeFactory(join(out, 'web', 'countersign.js'));
  await copyModules(out);
  await copyLicences(out);
  await writeJson(join(out, 'package.json'), manifest(await version()));
}

function outDirs() {
  const names = [...TARGETS, 'out'];
  const { values } = parseArgs({ options: Object.fromEntries(names.map((name) => [name, { type: 'string' }])) });
  const absent = names.filter((name) => !values[name]);
  if (absent.length > 0) fail(`say where it is: ${absent.map((name) => `--${name} DIR`).join(' ')}`);
  return Object.fromEntries(names.map((name) => [name, resolve(values[name])]));
}

/** The code of a target, without the types and the manifest that wasm-pack adds. */
async function copyTarget(from, to) {
  const files = (await readdir(from).catch(() => fail(`${from} is no out-dir of wasm-pack`))).filter((file) => /\.(js|wasm)$/.test(file));
  if (!files.includes('countersign_bg.wasm')) fail(`${from} holds no countersign_bg.wasm: build it with --out-name countersign`);
  await mkdir(to);
  for (const file of files) await cp(join(from, file), join(to, file));
}

/**
 * The bindings as a function, each call of which has an instance of its own: wasm-pack's module has one for good, also
 * after a panic.
 */
async function makeFactory(path) {
  const glue = await readFile(path, 'utf8');
  const names = [...glue.matchAll(/^export (?:class|function) (\w+)/gm)].map(([, name]) => name);
  const body = glue.replace(/^export (?=class |function )/gm, '').replace(/^export \{ initSync, __wbg_init as default \};$/m, '');
  if (/^(import|export) /m.test(body)) fail(`${path} is not as wasm-pack wrote it when this was: it imports or exports something else`);
  const given = ['load: __wbg_init', 'initSync', 'module: () => wasmModule', ...names].join(', ');
  await writeFile(path, `export default function bindings() {\n${body}\nreturn { ${given} };\n}\n`);
}

async function copyModules(out) {
  const files = (await readdir(HERE)).filter((file) => !NOT_SHIPPED.has(file));
  for (const file of files) await cp(join(HERE, file), join(out, file));
}

/** The licences' texts, and which of them holds. */
async function copyLicences(out) {
  const texts = (await readdir(ROOT)).filter((file) => file.startsWith('LICENSE-'));
  for (const file of texts) await cp(join(ROOT, file), join(out, file));
  await writeFile(join(out, 'LICENSE'), 'Licensed under either of the MIT licence or the Apache License, Version 2.0, at your option.\n');
}

/** The workspace has one version. */
async function version() {
  const cargo = await readFile(join(ROOT, 'Cargo.toml'), 'utf8');
  const section = cargo.split(/^\[/m).find((section) => section.startsWith('workspace.package]'));
  return section?.match(/^version = "([^"]+)"/m)?.[1] ?? fail('Cargo.toml states no version');
}

function manifest(version) {
  const types = './index.d.ts';
  return {
    name: 'countersign',
    version,
    description: 'Verifies exports of a tamper-evident ledger, in browsers and in Node.',
    keywords: ['ledger', 'audit', 'hash-chain', 'tamper-evident', 'wasm'],
    license: 'MIT OR Apache-2.0',
    type: 'module',
    engines: { node: '>=20' },
    types,
    exports: {
      '.': { types, node: './node.mjs', browser: './web.mjs', default: './web.mjs' },
      './bundler': { types, default: './bundler.mjs' },
      './countersign.wasm': { types: './countersign.wasm.d.ts', default: './web/countersign_bg.wasm' },
      './package.json': './package.json',
    },
    // The modules that load WebAssembly as they are imported.
    sideEffects: ['./node.mjs', './bundler.mjs', './bundler/*.js'],
  };
}

async function writeJson(path, value) {
  await writeFile(path, `${JSON.stringify(value, null, 2)}\n`);
}

function fail(why) {
  console.error(`assemble: ${why}`);
  process.exit(2);
}
