// What the package offers, over one WebAssembly module.

import { Engine } from './engine.mjs';
import { invalid } from './errors.mjs';
import { pause } from './pause.mjs';
import { readingSettings } from './settings.mjs';
import { sourceOf } from './sources.mjs';
import { encoded } from './text.mjs';
import { verifierOver } from './verifier.mjs';

/** The package's functions over these bindings. */
export function api(bindings, load) {
  const engine = new Engine(bindings, load);
  const verifyChainIntegrity = (input, options) => verify(engine, input, options);
  return {
    init: (source) => engine.load(source),
    verifyChainIntegrity,
    verifyBlockchain(input, options) {
      console.warn('countersign: verifyBlockchain is deprecated, use verifyChainIntegrity');
      return verifyChainIntegrity(input, options);
    },
    hashEntry: (entry) => engine.hashEntry(lineOf(entry)),
    Verifier: verifierOver(engine),
  };
}

async function verify(engine, input, options) {
  const { audit: told, ...settings } = readingSettings(options);
  const source = sourceOf(input, settings.chunkSize);
  settings.signal?.throwIfAborted();
  await engine.load();
  const started = performance.now();
  const audit = engine.audit({ ...told, name: told.name ?? source.name });
  try {
    for (;;) {
      await readThrough(audit, source, settings);
      const report = audit.finish(performance.now() - started);
      if (report !== undefined) return report;
    }
  } finally {
    audit.free();
  }
}

async function readThrough(audit, source, { signal, onProgress }) {
  for await (const chunk of source.read(signal)) {
    audit.push(chunk);
    onProgress?.(progressOf(audit, source));
    await pause();
    signal?.throwIfAborted();
  }
}

function progressOf(audit, { size }) {
  const progress = audit.progress();
  return size === undefined ? progress : { ...progress, totalBytes: size };
}

function lineOf(entry) {
  if (typeof entry === 'string') {
    encoded(entry);
    return entry;
  }
  if (entry === null || typeof entry !== 'object') throw invalid('the entry must be an object or its JSON');
  try {
    return JSON.stringify(entry);
  } catch (cause) {
    throw invalid(`the entry cannot be written as JSON: ${cause.message}`, { cause });
  }
}
