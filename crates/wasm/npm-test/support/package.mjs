// The assembled package, found as users find it: by its name, through its exports.
//
// Where it is: COUNTERSIGN_PACKAGE, or crates/wasm/pkg.

import { existsSync, mkdirSync, readlinkSync, symlinkSync, unlinkSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

export const HERE = join(dirname(fileURLToPath(import.meta.url)), '..');
export const ROOT = join(HERE, '..', '..', '..');
export const PACKAGE = resolve(process.env.COUNTERSIGN_PACKAGE ?? join(HERE, '..', 'pkg'));

const LINK = join(HERE, 'node_modules', 'countersign');

if (!existsSync(join(PACKAGE, 'package.json'))) {
  throw new Error(`no assembled package in ${PACKAGE}: make it with crates/wasm/npm/assemble.mjs, or set COUNTERSIGN_PACKAGE`);
}
link();

/** The package by its name. */
export const countersign = await import('countersign');

/** A module of the package that its exports do not show. */
export const inner = (file) => import(pathToFileURL(join(PACKAGE, file)).href);

/** Test files run at once, and the first links for all. */
function link() {
  mkdirSync(dirname(LINK), { recursive: true });
  if (linked() === PACKAGE) return;
  try {
    if (linked() !== undefined) unlinkSync(LINK);
    symlinkSync(PACKAGE, LINK, 'junction');
  } catch (error) {
    if (linked() !== PACKAGE) throw error;
  }
}

function linked() {
  try {
    return resolve(readlinkSync(LINK));
  } catch {
    return undefined;
  }
}
