// The WebAssembly module: loaded where it must be, and its errors and panics told as CountersignError.

import { CountersignError } from './errors.mjs';
import { pieces } from './pieces.mjs';

/** Most that is copied into the module at once, in bytes: its memory grows to hold it, and never shrinks. */
const PIECE = 1024 * 1024;

export class Engine {
  #instance;
  #load;
  #loading;

  /**
   * @param bindings of a module that is loaded already
   * @param load gives the bindings of a new instance, of a source or of the place that it knows; absent where
   * importing the bindings loads the only one there can be
   */
  constructor(bindings, load) {
    this.#instance = bindings && new Instance(bindings);
    this.#load = load;
  }

  /** Loads the module once, and anew after a panic; after a failure the next call tries again. */
  load(source) {
    if (this.#instance?.sound) return Promise.resolve();
    this.#loading ??= this.#start(source).finally(() => {
      this.#loading = undefined;
    });
    return this.#loading;
  }

  async #start(source) {
    if (this.#load === undefined) return this.#loaded().call(() => {});
    try {
      this.#instance = new Instance(await this.#load(source ?? this.#instance?.module));
    } catch (cause) {
      throw notLoaded(`the WebAssembly module could not be loaded: ${messageOf(cause)}${hint(cause)}`, cause);
    }
  }

  #loaded() {
    if (this.#instance === undefined) throw notLoaded('the WebAssembly module is not loaded yet: await init() first');
    return this.#instance;
  }

  /** A new audit, told what `auditSettings` gives. */
  audit(settings) {
    return new Audit(this.#loaded(), settings);
  }

  hashEntry(line) {
    return this.#loaded().call(({ hashEntry }) => hashEntry(line));
  }
}

/** The module with a memory of its own. */
class Instance {
  #bindings;
  #panic;

  constructor(bindings) {
    this.#bindings = bindings;
  }

  get sound() {
    return this.#panic === undefined;
  }

  /** What was compiled, which no panic harms; `undefined` where the bindings do not tell. */
  get module() {
    return this.#bindings.module?.();
  }

  /** Every call into the module goes through here. */
  call(work) {
    // A panic may have left the module's memory in any state, and a verdict must not come from that.
    if (this.#panic) throw this.#panic;
    try {
      return work(this.#bindings);
    } catch (error) {
      throw this.#told(error);
    }
  }

  #told(error) {
    if (typeof error?.code === 'string') {
      return new CountersignError(error.code, error.message, { field: error.field });
    }
    const said = this.#bindings.lastPanic?.();
    if (said === undefined && !isTrap(error)) {
      return new CountersignError('INTERNAL', `this is a fault of countersign, not of the input: ${messageOf(error)}`, { cause: error });
    }
    const message = `this is a fault of countersign, not of the input; await init() before going on: ${said ?? messageOf(error)}`;
    this.#panic = new CountersignError('PANIC', message, { cause: error });
    return this.#panic;
  }
}

/** What ends the module's code midway: a trap, or a stack that overflowed, which engines name differently. */
function isTrap(error) {
  return error instanceof WebAssembly.RuntimeError || error instanceof RangeError || error?.name === 'InternalError';
}

/** An audit in the module, whose memory is given back by `free`. */
class Audit {
  #instance;
  #inner;

  constructor(instance, settings) {
    this.#instance = instance;
    this.#inner = instance.call(({ Audit }) => new Audit(settings));
  }

  push(bytes) {
    for (const piece of pieces(bytes, PIECE)) this.#instance.call(() => this.#inner.push(piece));
  }

  progress() {
    return this.#instance.call(() => this.#inner.progress());
  }

  /** Whether there is a report; else the same bytes must be pushed once more. */
  finish() {
    return this.#instance.call(() => this.#inner.finish());
  }

  /** Once, after `finish` gave true. */
  report(elapsedMs) {
    return this.#instance.call(() => this.#inner.report(Date.now(), elapsedMs));
  }

  free() {
    try {
      this.#inner.free();
    } catch {
      // After a panic in one of its calls the module holds it for borrowed: there is nothing left to free.
    }
  }
}

function notLoaded(message, cause) {
  return new CountersignError('NOT_LOADED', message, { cause });
}

/** Where what came is a page: every engine names the four bytes that are missing, in other words. */
function hint(cause) {
  if (!/magic|\\0asm/.test(messageOf(cause))) return '';
  return (
    '. What came is no WebAssembly: a server may have sent its page (<!doctype html>) for what it did not find. ' +
    "With Vite, set optimizeDeps: { exclude: ['countersign'] }; elsewhere tell init() where countersign/countersign.wasm is"
  );
}

function messageOf(error) {
  return error instanceof Error ? error.message : String(error);
}
