// What callers may ask for, checked.

import { invalid } from './errors.mjs';
import { encoded } from './text.mjs';

/** How much is read and verified at once, in bytes: some 10 ms of work, too little for a page to be felt. */
const CHUNK = 1024 * 1024;
/** The same of what is compressed, which grows. */
const COMPRESSED_CHUNK = 64 * 1024;

const OF_EVERY_AUDIT = ['name', 'inputHash', 'keys', 'checkpoints', 'witnesses', 'witnessQuorum', 'recoveryBudget', 'taxes'];
const OF_A_READING = ['onProgress', 'signal', 'chunkSize'];

/** What the audit of an input in pieces is told. */
export function verifierSettings(options = {}) {
  holdTo(OF_EVERY_AUDIT, options);
  return auditSettings(options);
}

/** An option that nobody reads is a slip that could turn a verdict round: without `keys`, a rewritten ledger is consistent. */
function holdTo(known, options) {
  if (options === null || typeof options !== 'object') throw invalid('the options must be an object');
  const unknown = Object.keys(options).find((option) => !known.includes(option));
  if (unknown === undefined) return;
  if (OF_A_READING.includes(unknown)) throw invalid(`options.${unknown} is for verifyChainIntegrity: a Verifier reads nothing`);
  throw invalid(`options.${unknown} is not known; there are ${known.join(', ')}`);
}

/** What every audit is told, with a name of `null` for none. What a key is, the module judges. */
function auditSettings(options) {
  const { name, inputHash = true } = options;
  if (name !== undefined && name !== null && typeof name !== 'string') throw invalid('options.name must be a string');
  if (typeof inputHash !== 'boolean') throw invalid('options.inputHash must be a boolean');
  const { witnessQuorum = 0, recoveryBudget, taxes } = options;
  for (const [option, count] of Object.entries({ witnessQuorum, recoveryBudget: recoveryBudget ?? 0 })) {
    if (!Number.isSafeInteger(count) || count < 0) throw invalid(`options.${option} must be a whole number`);
  }
  const [keys, checkpoints, witnesses] = ['keys', 'checkpoints', 'witnesses'].map((option) => texts(option, options[option]));
  if (witnessQuorum > witnesses.length) {
    throw invalid(`options.witnessQuorum is ${witnessQuorum}, and options.witnesses has ${witnesses.length}`);
  }
  return { name, inputHash, keys, checkpoints, witnesses, witnessQuorum, recoveryBudget, taxes: table(taxes) };
}

/** The table of taxes as the text that the module reads as strictly as the command does. */
function table(taxes) {
  if (taxes === undefined) return undefined;
  const isPlain = taxes !== null && typeof taxes === 'object' && [Object.prototype, null].includes(Object.getPrototypeOf(taxes));
  if (!isPlain) throw invalid('options.taxes must be an object of taxes by type');
  try {
    return JSON.stringify(taxes);
  } catch (cause) {
    throw invalid(`options.taxes: ${cause?.message ?? cause}`);
  }
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
  holdTo([...OF_EVERY_AUDIT, ...OF_A_READING], options);
  const audit = auditSettings(options);
  const { onProgress, signal, chunkSize = CHUNK } = options;
  if (onProgress !== undefined && typeof onProgress !== 'function') throw invalid('options.onProgress must be a function');
  if (signal !== undefined && typeof signal?.throwIfAborted !== 'function') throw invalid('options.signal must be an AbortSignal');
  if (!Number.isSafeInteger(chunkSize) || chunkSize < 1) throw invalid('options.chunkSize must be a positive integer');
  return { audit, onProgress, signal, chunkSize, compressedChunkSize: options.chunkSize ?? COMPRESSED_CHUNK };
}
