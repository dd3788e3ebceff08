// The frozen vectors, and reports without what no two audits share.

import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

import { ROOT } from './package.mjs';

const VECTORS = join(ROOT, 'tests', 'vectors');

/** A vector's bytes. */
export const vector = (name) => new Uint8Array(readFileSync(join(VECTORS, name)));

/** What is expected of vectors. */
export const expected = (name) => JSON.parse(readFileSync(join(VECTORS, name), 'utf8'));

/** Every export among the vectors. */
export const exportsOfVectors = ['', 'legacy'].flatMap((folder) =>
  readdirSync(join(VECTORS, folder))
    .filter((name) => /\.(jsonl|gz|bson)$/.test(name) || name === 'legacy-array.json')
    .map((name) => join(folder, name)),
);

/** A report without times, and without the name that only a File has. */
export function timeless({ verification_time_ms, performance, verified_at, next_recommended_check, ...report }) {
  return { ...report, input: { ...report.input, name: null } };
}

/** A stream of these bytes in chunks. */
export function streamOf(bytes, size = 1000) {
  let start = 0;
  return new ReadableStream({
    pull(controller) {
      if (start >= bytes.length) return controller.close();
      controller.enqueue(bytes.slice(start, (start += size)));
    },
  });
}
