// What callers write in a page, without Node's types.

import { Verifier, init, verifyChainIntegrity } from 'countersign';
import source from 'countersign/countersign.wasm';

declare const file: File;
declare const binary: ReadableStream<Uint8Array>;
declare const text: ReadableStream<string>;
declare const module: WebAssembly.Module;

const controller = new AbortController();
await verifyChainIntegrity(file, { signal: controller.signal, onProgress: ({ entries }) => console.log(entries) });
await verifyChainIntegrity(file.slice(1));
await verifyChainIntegrity(file.stream());
await verifyChainIntegrity(binary);
await verifyChainIntegrity(text);
await verifyChainIntegrity(binary.pipeThrough(new DecompressionStream('gzip') as ReadableWritablePair<Uint8Array, Uint8Array>));
await verifyChainIntegrity(await fetch('/export'));
await verifyChainIntegrity(await file.arrayBuffer());
await init(source);
await init(fetch('/countersign.wasm'));
await init(module);
new Verifier().push(new Uint16Array(1));

// @ts-expect-error Of a list its first.
await verifyChainIntegrity(document.querySelector('input')!.files!);
