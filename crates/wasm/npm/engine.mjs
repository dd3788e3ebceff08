// The WebAssembly module: loaded where it must be, and its errors and panics told as CountersignError.

import { CountersignError } from './errors.mjs';

export class Engine {
  #bindings;
  #load;
  #loading;
  #ready;
  #panic;

  /**
   * @param bindings what wasm-pack made
   * @param load loads the module; absent where importing the bindings has done so
   */
  constructor(bindings, load) {
    this.#bindings = bindings;
    this.#load = load;
    this.#ready = load === undefined;
  }

  /** Loads the module once; after a failure the next call tries again. */
  load(source) {
    if (this.#ready) return Promise.resolve();
    this.#loading ??= this.#start(source).finally(() => {
      this.#loading = undefined;
    });
    return this.#loading;
  }

  async #start(source) {
    try {
      await this.#load(source);
    } catch (cause) {
      throw new CountersignError('NOT_LOADED', `the WebAssembly module could not be loaded: ${messageOf(cause)}`, { cause });
    }
    this.#ready = true;
  }

  /** A new audit, told what `auditSettings` gives. */
  audit(settings) {
    return new Audit(this, this.call(({ Audit }) => new Audit(settings)));
  }

  hashEntry(line) {
    return this.call(({ hashEntry }) => hashEntry(line));
  }

  /** Every call into the module goes through here. */
  call(work) {
    if (!this.#ready) throw new CountersignError('NOT_LOADED', 'the WebAssembly module is not loaded yet: await init() first');
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
    const said = this.#bindings.lastPanic?.() ?? messageOf(error);
    const message = `this is a fault of countersign, not of the input; load it anew before going on: ${said}`;
    this.#panic = new CountersignError('PANIC', message, { cause: error });
    return this.#panic;
  }
}

/** An audit in the module, whose memory is given back by `free`. */
class Audit {
  #engine;
  #inner;

  constructor(engine, inner) {
    this.#engine = engine;
    this.#inner = inner;
  }

  push(bytes) {
    this.#engine.call(() => this.#inner.push(bytes));
  }

  progress() {
    return this.#engine.call(() => this.#inner.progress());
  }

  /** The report, or `undefined` where the same bytes must be pushed once more. */
  finish(elapsedMs) {
    return this.#engine.call(() => this.#inner.finish(Date.now(), elapsedMs));
  }

  free() {
    try {
      this.#inner.free();
    } catch {
      // After a panic in one of its calls the module holds it for borrowed: there is nothing left to free.
    }
  }
}

function messageOf(error) {
  return error instanceof Error ? error.message : String(error);
}
