// The kinds of input. Each can be read from the start as often as asked, in chunks.

import { unlessAborted } from './abort.mjs';
import { CountersignError, invalid } from './errors.mjs';
import { bytesIn } from './pieces.mjs';
import { Spool } from './spool.mjs';
import { TextPieces, encoded } from './text.mjs';

// By what they can do, not by class: an input may come from another frame or a polyfill.
const has = (value, method) => typeof value?.[method] === 'function';
const isBlob = (value) => has(value, 'slice') && has(value, 'arrayBuffer') && typeof value.size === 'number';
const isResponse = (value) => has(value, 'arrayBuffer') && typeof value.bodyUsed === 'boolean';
const isStream = (value) => has(value, 'getReader');
const isIterable = (value) => has(value, Symbol.asyncIterator);

/** How many chunks of a Blob are on their way while one is verified: they are read in another thread. */
const AHEAD = 3;

/** What an input is read by. */
export function sourceOf(input) {
  if (typeof input === 'string') return new BytesSource(encoded(input));
  const bytes = bytesIn(input);
  if (bytes !== undefined) return new BytesSource(bytes);
  if (isBlob(input)) return new BlobSource(input);
  if (isResponse(input)) return responseSource(input);
  if (isStream(input)) return new StreamSource(input);
  if (isIterable(input)) return iterableSource(input);
  throw invalid(
    `the input must be bytes (an ArrayBuffer or a view of one), a string, a Blob or File, a Response, a ReadableStream or an async iterable of bytes${mend(input)}`,
  );
}

/** What to pass instead of what callers have at hand. */
function mend(input) {
  if (has(input, 'then')) return ': await this promise first';
  if (has(input, 'getFile')) return ': of this handle pass await handle.getFile()';
  if (has(input, 'createReadStream')) return ': of this handle pass handle.createReadStream()';
  if (has(input, 'item')) return ': of this list pass list[0]';
  if (Array.isArray(input)) return ': of this array pass Uint8Array.from(array), or new Blob(array) where it holds pieces';
  return '; of a path, pass await fs.openAsBlob(path)';
}

class BytesSource {
  constructor(bytes) {
    this.bytes = bytes;
    this.size = bytes.length;
  }

  *read({ chunkSize }) {
    for (let start = 0; start < this.size; start += chunkSize) {
      if (this.bytes.length !== this.size) throw unreadable('their buffer was transferred or resized meanwhile');
      yield this.bytes.subarray(start, start + chunkSize);
    }
  }
}

class BlobSource {
  constructor(blob) {
    this.blob = blob;
    this.size = blob.size;
    this.name = typeof blob.name === 'string' ? blob.name : undefined;
  }

  async *read({ chunkSize, signal }) {
    const coming = [];
    for (let start = 0; start < this.size || coming.length > 0; ) {
      for (; coming.length < AHEAD && start < this.size; start += chunkSize) {
        const slice = orUnreadable(this.blob.slice(start, start + chunkSize).arrayBuffer());
        // It is awaited in its turn; until then its failure is nobody's.
        slice.catch(() => {});
        coming.push(slice);
      }
      yield new Uint8Array(await unlessAborted(coming.shift(), signal));
    }
  }
}

function responseSource(response) {
  if (response.bodyUsed) throw invalid('the body of this response was read already');
  const { body } = response;
  const source = sourceOf(body === null ? new Uint8Array() : body);
  if (response.ok !== false) return source;
  source.abandon?.();
  throw unreadable(`the server answered ${response.status} ${response.statusText}`.trimEnd());
}

function iterableSource(iterable) {
  if (iterable.readableDidRead === true) throw invalid('the stream was read already');
  const source = new StreamSource(streamOf(iterable));
  if (UTF8.test(iterable.readableEncoding ?? 'utf8')) return source;
  source.abandon();
  throw invalid(`the stream was told to give text decoded as ${iterable.readableEncoding}, which is no longer the export's bytes: leave its encoding out`);
}

const UTF8 = /^utf-?8$/i;

const streams = new WeakMap();

/** An iterable's stream: while one audit has it locked, another is refused, since each would get a part. */
function streamOf(iterable) {
  if (!streams.get(iterable)?.locked) streams.set(iterable, streamFrom(iterable));
  return streams.get(iterable);
}

/** What a server of Node's was sent: its socket is the answer's too. */
const isUpload = (value) => has(value, 'iterator') && has(value, 'resume') && typeof value.method === 'string' && value.socket != null;

/** An iterable as a stream, whose reader need not wait for the next piece where it cancels. */
function streamFrom(iterable) {
  let iterator;
  const begin = () => (isUpload(iterable) ? iterable.iterator({ destroyOnReturn: false }) : iterable[Symbol.asyncIterator]());
  const next = () => (iterator ??= begin()).next();
  return new ReadableStream(
    {
      async pull(controller) {
        const { done, value } = await next();
        if (done) controller.close();
        else controller.enqueue(value);
      },
      // A stream of Node's is let go of by destroy(), also where no iteration has begun; what it fails of from then on, such
      // as a file that is not there, is nobody's. The rest of an upload is passed over, so that it can be answered.
      async cancel() {
        iterable.on?.('error', () => {});
        if (isUpload(iterable)) iterable.resume();
        else if (has(iterable, 'destroy')) iterable.destroy();
        else await iterator?.return?.();
      },
    },
    { highWaterMark: 0 },
  );
}

class StreamSource {
  #reader;
  #spool = new Spool();
  #taken = false;

  /** From now on the stream is this audit's. */
  constructor(stream) {
    this.#reader = readerOf(stream);
  }

  read({ signal }) {
    if (this.#taken) return this.#spool.chunks();
    this.#taken = true;
    return this.#once(signal);
  }

  /** Lets go of a stream whose audit failed. */
  abandon(reason) {
    quietly(this.#reader.cancel(reason));
    this.#reader.releaseLock();
  }

  async *#once(signal) {
    for await (const bytes of chunksOf(this.#reader, signal)) {
      this.#spool.keep(bytes);
      yield bytes;
    }
    this.#reader.releaseLock();
  }
}

function readerOf(stream) {
  try {
    return stream.getReader();
  } catch (cause) {
    throw invalid(`the stream cannot be read, most likely because something else reads it: ${cause?.message ?? cause}`, { cause });
  }
}

async function* chunksOf(reader, signal) {
  const text = new TextPieces();
  for (;;) {
    const { done, value } = await unlessAborted(orUnreadable(reader.read()), signal);
    if (done) break;
    yield bytesOf(value, text);
  }
  text.end();
}

/** A chunk's bytes, where texts may be cut within a character. */
export function bytesOf(chunk, text) {
  if (typeof chunk === 'string') return text.take(chunk);
  const bytes = bytesIn(chunk);
  if (bytes === undefined) throw invalid('a chunk must be bytes (an ArrayBuffer or a view of one) or a string');
  text.end();
  return bytes;
}

async function orUnreadable(reading) {
  try {
    return await reading;
  } catch (cause) {
    throw unreadable(cause?.message ?? cause, cause);
  }
}

function unreadable(why, cause) {
  return new CountersignError('IO', `the input could not be read: ${why}`, { cause });
}

/** Who cancels wants to hear no more of it. */
function quietly(cancelling) {
  cancelling.catch(() => {});
}
