// Strings as UTF-8. A lone surrogate has none; to replace it would be to audit another text.

import { invalid } from './errors.mjs';

const encoder = new TextEncoder();

/** @param {string} text */
export function encoded(text) {
  if (!isWellFormed(text)) throw invalid('the string holds a lone surrogate, which UTF-8 cannot express: pass the bytes of the file');
  return encoder.encode(text);
}

/** A text that comes in pieces, which may be cut within a character. */
export class TextPieces {
  #cut = '';

  /** @param {string} piece */
  take(piece) {
    const text = this.#cut + piece;
    const end = isHighSurrogate(text.charCodeAt(text.length - 1)) ? text.length - 1 : text.length;
    const bytes = encoded(text.slice(0, end));
    this.#cut = text.slice(end);
    return bytes;
  }

  /** Where no piece of text follows. */
  end() {
    encoded(this.#cut);
  }
}

function isHighSurrogate(unit) {
  return unit >= 0xd800 && unit <= 0xdbff;
}

const LONE_SURROGATE = /\p{Surrogate}/u;

function isWellFormed(text) {
  return text.isWellFormed?.() ?? !LONE_SURROGATE.test(text);
}
