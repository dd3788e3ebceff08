// What callers write in Node, without the DOM's types.

import { createReadStream, openAsBlob, readFileSync } from 'node:fs';
import { Readable } from 'node:stream';
import { CountersignError, Verifier, init, verifyChainIntegrity } from 'countersign';
import source from 'countersign/countersign.wasm';

const bytes = readFileSync('ledger.jsonl');
await verifyChainIntegrity(bytes, { signal: AbortSignal.timeout(1000), name: null, onProgress: async ({ totalBytes = 0 }) => totalBytes });
await verifyChainIntegrity(await openAsBlob('ledger.jsonl'));
await verifyChainIntegrity(createReadStream('ledger.jsonl'));
await verifyChainIntegrity(Readable.toWeb(createReadStream('ledger.jsonl')));
await verifyChainIntegrity(await fetch('https://game.example/export'));
await verifyChainIntegrity(new DataView(bytes.buffer));
await verifyChainIntegrity(bytes.buffer);
await init(source);
await init(new URL('file:///countersign.wasm'));

using verifier = new Verifier({ keys: [] });
verifier.push(bytes.buffer);

const report = await verifyChainIntegrity('');
const seq: number | undefined = report.findings[0]?.seq;
const code: string = new CountersignError('IO', 'x').code;

// @ts-expect-error No input.
await verifyChainIntegrity(seq);
// @ts-expect-error Mistyped.
await verifyChainIntegrity(code, { key: [''] });
// @ts-expect-error A Verifier reads nothing.
new Verifier({ signal: AbortSignal.timeout(1) });
