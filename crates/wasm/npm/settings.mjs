// What callers may ask for, checked.

import { invalid } from './errors.mjs';
import { encoded } from './text.mjs';

/** How much is read and verified at once, in bytes: some 10 ms of work, too little for a page to be felt. */
const CHUNK = 1024 * 1024;

/** What every audit is told. What a key is, the module judges. */
export function auditSettings(options = {}) {
  if (options === null || typeof options !== 'object') throw invalid('the options must be an object');
  const { name, inputHash = true } = options;
  if (name !== undefined && name !== null && typeof name !== 'string') throw invalid('options.name must be a string');
  if (typeof inputHash !== 'boolean') throw invalid('options.inputHash must be a boolean');
  const { witnessQuorum = 0, recoveryBudget } = options;
  for (const [option, count] of Object.entries({ witnessQuorum, recoveryBudget: recoveryBudget ?? 0 })) {
    if (!Number.isSafeInteger(count) || count < 0) throw invalid(`options.${option} must be a whole number`);
  }
  const [keys, checkpoints, witnesses] = ['keys', 'checkpoints', 'witnesses'].map((option) => texts(option, options[option]));
  if (witnessQuorum > witnesses.length) {
    throw invalid(`options.witnessQuorum is ${witnessQuorum}, and options.witnesses has ${witnesses.length}`);
  }
  return { name, inputHash, keys, checkpoints, witnesses, witnessQuorum, recoveryBudget };
}

function texts(option, list = []) {
  const areTexts = Array.isArray(list) && list.every((text) => typeof text === 'string');
  if (!areTexts) throw invalid(`options.${option} must be an array of strings`);
  return list.map((text) => {
    encoded(text);
    return text;
  });
}

/** What the audit of a whole input is told beside. */
export function readingSettings(options = {}) {
  const audit = auditSettings(options);
  const { onProgress, signal, chunkSize = CHUNK } = options;
  if (onProgress !== undefined && typeof onProgress !== 'function') throw invalid('options.onProgress must be a function');
  if (signal !== undefined && typeof signal?.throwIfAborted !== 'function') throw invalid('options.signal must be an AbortSignal');
  if (!Number.isSafeInteger(chunkSize) || chunkSize < 1) throw invalid('options.chunkSize must be a positive integer');
  return { audit, onProgress, signal, chunkSize };
}
