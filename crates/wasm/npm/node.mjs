// The package in Node: the module is loaded by importing it.

import { readFileSync } from 'node:fs';

import { api } from './api.mjs';
import { loaded } from './loaded.mjs';
import bindings from './web/countersign.js';

export const { init, verifyChainIntegrity, verifyBlockchain, hashEntry, Verifier } = api(ifBeside(), load);
export { CountersignError } from './errors.mjs';

/** In a bundle this code is far from the module's file, and init() is told where that is. */
function ifBeside() {
  try {
    return beside();
  } catch {
    return undefined;
  }
}

function load(source) {
  if (source === undefined) return besideOrTold();
  // Node's fetch knows no files.
  return loaded(isFile(source) ? readFileSync(new URL(source)) : source);
}

function besideOrTold() {
  try {
    return beside();
  } catch (cause) {
    throw new Error(`${cause.message}. In a bundle, keep countersign external, or give init() the bytes of countersign/countersign.wasm`, { cause });
  }
}

function beside() {
  const fresh = bindings();
  fresh.initSync({ module: readFileSync(new URL('./web/countersign_bg.wasm', import.meta.url)) });
  return fresh;
}

function isFile(source) {
  return String(source?.href ?? source).startsWith('file:');
}
