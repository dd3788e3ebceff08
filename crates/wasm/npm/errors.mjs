// What goes wrong, with a code that programs can rely on.

/** An error of this package. */
export class CountersignError extends Error {
  /**
   * @param {string} code
   * @param {string} message
   * @param {{ cause?: unknown, field?: string }} [details]
   */
  constructor(code, message, { cause, field } = {}) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
    if (field !== undefined) this.field = field;
  }
}

// On the prototype, as the built-in errors have it: an own key would be listed in every log.
Object.defineProperty(CountersignError.prototype, 'name', { value: 'CountersignError', configurable: true, writable: true });

/** @param {string} message */
export function invalid(message, details) {
  return new CountersignError('INVALID_ARGUMENT', message, details);
}
