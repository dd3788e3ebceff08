// Keeps what can be read only once, for an audit that asks for a second reading.

import { CountersignError } from './errors.mjs';

/** Most that is kept, in bytes. */
export const SPOOL_LIMIT = 256 * 1024 * 1024;

/** Size of the pages that small chunks are gathered in, in bytes. */
const PAGE = 1024 * 1024;

export class Spool {
  #limit;
  #pages = [];
  #size = 0;
  #overflowed = false;

  constructor(limit = SPOOL_LIMIT) {
    this.#limit = limit;
  }

  /** Keeps a copy: the caller may use the chunk's memory again. */
  keep(bytes) {
    if (this.#overflowed) return;
    if (this.#size + bytes.length > this.#limit) {
      this.#overflowed = true;
      this.clear();
      return;
    }
    for (let taken = 0; taken < bytes.length; ) taken += this.#fill(bytes.subarray(taken));
  }

  #fill(bytes) {
    const used = this.#size % PAGE;
    if (used === 0) this.#pages.push(new Uint8Array(PAGE));
    const part = bytes.subarray(0, PAGE - used);
    this.#pages.at(-1).set(part, used);
    this.#size += part.length;
    return part.length;
  }

  /** Everything again, from the start. */
  *chunks() {
    if (this.#overflowed) throw secondReadingImpossible(this.#limit);
    const size = this.#size;
    for (const [index, page] of this.#pages.entries()) yield page.subarray(0, Math.min(PAGE, size - index * PAGE));
  }

  clear() {
    this.#pages = [];
    this.#size = 0;
  }
}

function secondReadingImpossible(limit) {
  return new CountersignError(
    'SECOND_READING_IMPOSSIBLE',
    `this export must be read twice: something is wrong with it, or its trailer holds an older checkpoint. A stream cannot be, and more than the ${limit} bytes that are kept have passed. ` +
      'Pass a Blob or a File to verifyChainIntegrity instead: new Response(stream).blob() in a browser, fs.openAsBlob(path) in Node.',
  );
}
