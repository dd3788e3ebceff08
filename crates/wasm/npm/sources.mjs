// The kinds of input. Each can be read from the start as often as asked, in chunks.

import { CountersignError, invalid } from './errors.mjs';
import { Spool } from './spool.mjs';
import { TextPieces, encoded } from './text.mjs';

// By what they can do, not by class: an input may come from another frame or a polyfill.
export const isBytes = (value) => Object.prototype.toString.call(value) === '[object Uint8Array]';
const isBlob = (value) => typeof value?.slice === 'function' && typeof value.arrayBuffer === 'function' && typeof value.size === 'number';
const isStream = (value) => typeof value?.getReader === 'function';

/** How many chunks of a Blob are on their way while one is verified: they are read in another thread. */
const AHEAD = 3;

/** What an input is read by. */
export function sourceOf(input, chunkSize) {
  if (isBytes(input)) return new BytesSource(input, chunkSize);
  if (typeof input === 'string') return new BytesSource(encoded(input), chunkSize);
  if (isBlob(input)) return new BlobSource(input, chunkSize);
  if (isStream(input)) return new StreamSource(input, chunkSize);
  throw invalid('the input must be a Uint8Array, string, Blob, File or ReadableStream');
}

/** Bytes in pieces of at most a size. */
export function* pieces(bytes, size) {
  for (let start = 0; start < bytes.length; start += size) yield bytes.subarray(start, start + size);
}

class BytesSource {
  constructor(bytes, chunkSize) {
    this.bytes = bytes;
    this.chunkSize = chunkSize;
    this.size = bytes.length;
  }

  read() {
    return pieces(this.bytes, this.chunkSize);
  }
}

class BlobSource {
  constructor(blob, chunkSize) {
    this.blob = blob;
    this.chunkSize = chunkSize;
    this.size = blob.size;
    this.name = typeof blob.name === 'string' ? blob.name : undefined;
  }

  async *read() {
    const coming = [];
    for (let start = 0; start < this.size || coming.length > 0; ) {
      for (; coming.length < AHEAD && start < this.size; start += this.chunkSize) {
        const slice = orUnreadable(this.blob.slice(start, start + this.chunkSize).arrayBuffer());
        // It is awaited in its turn; until then its failure is nobody's.
        slice.catch(() => {});
        coming.push(slice);
      }
      yield new Uint8Array(await coming.shift());
    }
  }
}

class StreamSource {
  #spool = new Spool();
  #taken = false;

  constructor(stream, chunkSize) {
    if (stream.locked) throw invalid('the stream is locked: something else reads it');
    this.stream = stream;
    this.chunkSize = chunkSize;
  }

  read(signal) {
    if (this.#taken) return this.#spool.chunks();
    this.#taken = true;
    return this.#once(signal);
  }

  async *#once(signal) {
    const reader = this.stream.getReader();
    // Cancelling ends a read that waits for a producer who has nothing to say.
    const cancel = () => void reader.cancel(signal?.reason).catch(() => {});
    signal?.addEventListener('abort', cancel, { once: true });
    try {
      for await (const bytes of chunksOf(reader)) {
        signal?.throwIfAborted();
        this.#spool.keep(bytes);
        yield* pieces(bytes, this.chunkSize);
      }
      signal?.throwIfAborted();
    } finally {
      signal?.removeEventListener('abort', cancel);
      cancel();
      reader.releaseLock();
    }
  }
}

async function* chunksOf(reader) {
  const text = new TextPieces();
  for (;;) {
    const { done, value } = await orUnreadable(reader.read());
    if (done) break;
    yield bytesOf(value, text);
  }
  text.end();
}

/** A chunk's bytes, where texts may be cut within a character. */
export function bytesOf(chunk, text) {
  if (typeof chunk === 'string') return text.take(chunk);
  text.end();
  if (isBytes(chunk)) return chunk;
  throw invalid('a chunk must be a Uint8Array or a string');
}

async function orUnreadable(reading) {
  try {
    return await reading;
  } catch (cause) {
    throw new CountersignError('IO', `the input could not be read: ${cause?.message ?? cause}`, { cause });
  }
}
