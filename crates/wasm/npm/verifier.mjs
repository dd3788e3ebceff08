// The audit of an export that arrives in pieces.

import { CountersignError } from './errors.mjs';
import { verifierSettings } from './settings.mjs';
import { bytesOf, pieces } from './sources.mjs';
import { Spool } from './spool.mjs';
import { TextPieces } from './text.mjs';

/** Most that is copied into the module at once, in bytes. */
const PIECE = 1024 * 1024;

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
      this.#orClosed((audit) => {
        const bytes = bytesOf(chunk, this.#text);
        this.#spool.keep(bytes);
        for (const piece of pieces(bytes, PIECE)) audit.push(piece);
      });
      this.#spent += performance.now() - started;
    }

    progress() {
      return this.#orClosed((audit) => audit.progress());
    }

    finish() {
      const started = performance.now() - this.#spent;
      const report = this.#orClosed((audit) => this.#concluded(audit, started));
      this.#close();
      return report;
    }

    #concluded(audit, started) {
      this.#text.end();
      for (;;) {
        const report = audit.finish(performance.now() - started);
        if (report !== undefined) return report;
        for (const chunk of this.#spool.chunks()) audit.push(chunk);
      }
    }

    /** An audit that failed cannot go on. */
    #orClosed(work) {
      if (this.#audit === undefined) throw new CountersignError('ALREADY_FINISHED', 'this audit is over: make a new Verifier');
      try {
        return work(this.#audit);
      } catch (error) {
        this.#close();
        throw error;
      }
    }

    #close() {
      this.#audit?.free();
      this.#audit = undefined;
      this.#spool.clear();
    }
  };
}
