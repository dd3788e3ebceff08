// The audit of an export that arrives in pieces.

import { CountersignError } from './errors.mjs';
import { verifierSettings } from './settings.mjs';
import { bytesOf } from './sources.mjs';
import { Spool } from './spool.mjs';
import { TextPieces } from './text.mjs';

/** The class `Verifier`, over this engine. */
export function verifierOver(engine) {
  return class Verifier {
    #audit;
    #spool = new Spool();
    #text = new TextPieces();
    /** Time spent here, in milliseconds; how long the caller takes between pieces is not the audit's. */
    #spent = 0;

    constructor(options) {
      this.#audit = engine.audit(verifierSettings(options));
    }

    push(chunk) {
      const started = performance.now();
      const audit = this.#open();
      // What is refused here leaves the audit as it was.
      const bytes = bytesOf(chunk, this.#text);
      this.#orClosed(() => {
        this.#spool.keep(bytes);
        audit.push(bytes);
      });
      this.#spent += performance.now() - started;
    }

    progress() {
      const audit = this.#open();
      return this.#orClosed(() => audit.progress());
    }

    finish() {
      const started = performance.now() - this.#spent;
      const audit = this.#open();
      const report = this.#orClosed(() => this.#concluded(audit, started));
      this.free();
      return report;
    }

    #concluded(audit, started) {
      this.#text.end();
      while (!audit.finish()) {
        for (const chunk of this.#spool.chunks()) audit.push(chunk);
      }
      return audit.report(performance.now() - started);
    }

    #open() {
      if (this.#audit === undefined) throw new CountersignError('ALREADY_FINISHED', 'this audit is over: make a new Verifier');
      return this.#audit;
    }

    /** An audit that failed cannot go on. */
    #orClosed(work) {
      try {
        return work();
      } catch (error) {
        this.free();
        throw error;
      }
    }

    free() {
      this.#audit?.free();
      this.#audit = undefined;
      this.#spool.clear();
    }

    [Symbol.dispose ?? Symbol.for('Symbol.dispose')]() {
      this.free();
    }
  };
}
