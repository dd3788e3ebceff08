// What the package offers, over one WebAssembly module.

import { unlessAborted } from './abort.mjs';
import { Engine } from './engine.mjs';
import { invalid } from './errors.mjs';
import { pause } from './pause.mjs';
import { pieces } from './pieces.mjs';
import { readingSettings } from './settings.mjs';
import { sourceOf } from './sources.mjs';
import { encoded } from './text.mjs';
import { verifierOver } from './verifier.mjs';

/** The package's functions over these bindings, or those that are yet to be loaded. */
export function api(bindings, load) {
  const engine = new Engine(bindings, load);
  const verifyChainIntegrity = (input, options) => verify(engine, input, options);
  return {
    init: (source) => engine.load(source),
    verifyChainIntegrity,
    verifyBlockchain(input, options) {
      warnOfOldName();
      return verifyChainIntegrity(input, options);
    },
    hashEntry: (entry) => engine.hashEntry(lineOf(entry)),
    Verifier: verifierOver(engine),
  };
}

let warned = false;

function warnOfOldName() {
  if (warned) return;
  warned = true;
  console.warn('countersign: verifyBlockchain is deprecated, use verifyChainIntegrity');
}

async function verify(engine, input, options) {
  const source = sourceOf(input);
  try {
    const settings = readingSettings(options);
    settings.signal?.throwIfAborted();
    await unlessAborted(engine.load(), settings.signal);
    return await audited(engine, source, settings);
  } catch (error) {
    source.abandon?.(error);
    throw error;
  }
}

async function audited(engine, source, { audit: told, ...reading }) {
  const started = performance.now();
  const audit = engine.audit({ ...told, name: told.name === undefined ? source.name : told.name });
  try {
    do await readThrough(audit, source, reading);
    while (!audit.finish());
    const elapsed = performance.now() - started;
    // An abort may have become due meanwhile, and the next turn may come before that of timers.
    await pause();
    await step(audit, source, reading);
    return audit.report(elapsed);
  } finally {
    audit.free();
  }
}

async function readThrough(audit, source, reading) {
  // The first bytes may come one by one.
  let first = [];
  for await (const chunk of source.read(reading)) {
    if (first.length < 2) first = [...first, ...chunk.subarray(0, 2)];
    const size = isGzip(first) ? reading.compressedChunkSize : reading.chunkSize;
    for (const piece of pieces(chunk, size)) {
      audit.push(piece);
      await step(audit, source, reading);
    }
  }
}

/** RFC 1952, ID1 and ID2. */
const isGzip = ([first, second]) => first === 0x1f && second === 0x8b;

/** Tells the progress, and hears of an abort. */
async function step(audit, { size }, { onProgress, signal }) {
  if (onProgress !== undefined) {
    const progress = audit.progress();
    await unlessAborted(onProgress(size === undefined ? progress : { ...progress, totalBytes: size }), signal);
  }
  await unlessAborted(pause(), signal);
}

function lineOf(entry) {
  if (typeof entry === 'string') {
    encoded(entry);
    return entry;
  }
  if (entry === null || typeof entry !== 'object') throw invalid('the entry must be an object or its JSON');
  const line = written(entry);
  if (typeof line !== 'string') throw invalid('the entry has no JSON: its toJSON gives nothing that can be written');
  return line;
}

function written(entry) {
  try {
    return JSON.stringify(entry);
  } catch (cause) {
    throw invalid(`the entry cannot be written as JSON: ${cause?.message ?? cause}`, { cause });
  }
}
