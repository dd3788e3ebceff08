// Bytes, whatever they lie in.

import { CountersignError } from './errors.mjs';

/** Views and buffers as a Uint8Array over the same memory; `undefined` for all else. By what they are, not by class: they may come from another frame. */
export function bytesIn(value) {
  try {
    if (ArrayBuffer.isView(value)) return new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
    return BUFFERS.has(Object.prototype.toString.call(value)) ? new Uint8Array(value) : undefined;
  } catch (cause) {
    throw new CountersignError('IO', `the input could not be read: ${cause?.message ?? cause}`, { cause });
  }
}

const BUFFERS = new Set(['[object ArrayBuffer]', '[object SharedArrayBuffer]']);

/** Bytes in pieces of at most a size. No bytes are a piece too, after which the event loop has its turn like after any. */
export function* pieces(bytes, size) {
  for (let start = 0; start === 0 || start < bytes.length; start += size) yield bytes.subarray(start, start + size);
}
