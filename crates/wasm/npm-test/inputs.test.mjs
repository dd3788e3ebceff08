// Every kind of input gives the same report.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { openAsBlob } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';

import { ROOT, countersign } from './support/package.mjs';
import { exportsOfVectors, streamOf, timeless, vector } from './support/vectors.mjs';

const { verifyChainIntegrity, verifyBlockchain } = countersign;
const NAMES = ['good.jsonl', 'tampered-gross.jsonl', 'good-members.jsonl.gz'];

for (const name of NAMES) {
  const bytes = vector(name);
  const kinds = {
    Uint8Array: bytes,
    Buffer: Buffer.from(bytes),
    Blob: new Blob([bytes]),
    File: new File([bytes], name),
    'file on disk': await openAsBlob(join(ROOT, 'tests', 'vectors', name)),
    ReadableStream: streamOf(bytes),
  };
  if (!name.endsWith('.gz')) {
    kinds.string = new TextDecoder().decode(bytes);
    kinds['stream of text'] = streamOf(bytes, 7).pipeThrough(new TextDecoderStream());
  }
  const whole = timeless(await verifyChainIntegrity(bytes));
  for (const [kind, input] of Object.entries(kinds)) {
    test(`${name} as ${kind}`, async () => {
      assert.deepEqual(timeless(await verifyChainIntegrity(input)), whole);
    });
  }
  for (const chunkSize of [1, 17, 1000, 1e9]) {
    test(`${name} in chunks of ${chunkSize}`, async () => {
      assert.deepEqual(timeless(await verifyChainIntegrity(bytes, { chunkSize })), whole);
      assert.deepEqual(timeless(await verifyChainIntegrity(new Blob([bytes]), { chunkSize })), whole);
      assert.deepEqual(timeless(await verifyChainIntegrity(streamOf(bytes), { chunkSize })), whole);
    });
  }
}

test('a part of a larger buffer is only that part', async () => {
  const bytes = vector('good.jsonl');
  const larger = new Uint8Array(bytes.length + 20).fill(0x78);
  larger.set(bytes, 10);
  assert.equal((await verifyChainIntegrity(larger.subarray(10, 10 + bytes.length))).valid, true);
});

test('gzip changes nothing but the input', async () => {
  const bytes = vector('tampered-gross.jsonl');
  const { input, ...plain } = timeless(await verifyChainIntegrity(bytes));
  const { input: packed, ...report } = timeless(await verifyChainIntegrity(gzipSync(bytes)));
  assert.deepEqual(report, plain);
  assert.notEqual(packed.sha256, input.sha256);
});

for (const name of exportsOfVectors) {
  test(`SHA-256 and size of ${name}`, async () => {
    const bytes = vector(name);
    const { input } = await verifyChainIntegrity(streamOf(bytes), { name });
    assert.deepEqual(input, { name, bytes: bytes.length, sha256: createHash('sha256').update(bytes).digest('hex') });
  });
}

test('no SHA-256 where none is asked for', async () => {
  const { input } = await verifyChainIntegrity(vector('good.jsonl'), { inputHash: false });
  assert.equal(input.sha256, null);
});

test('a File brings its name, and the caller may give another', async () => {
  const file = new File([vector('good.jsonl')], 'may.jsonl');
  assert.equal((await verifyChainIntegrity(file)).input.name, 'may.jsonl');
  assert.equal((await verifyChainIntegrity(file, { name: 'june.jsonl' })).input.name, 'june.jsonl');
  assert.equal((await verifyChainIntegrity(vector('good.jsonl'))).input.name, null);
});

test('a report holds the times of this audit', async () => {
  const before = Date.now();
  const report = await verifyChainIntegrity(vector('good.jsonl'));
  const day = 24 * 60 * 60 * 1000;
  assert.ok(report.verification_time_ms > 0 && report.verification_time_ms < 60_000);
  assert.ok(Date.parse(report.next_recommended_check) - day >= before - 1);
  assert.ok(Date.parse(report.next_recommended_check) - day <= Date.now() + 1);
  assert.match(report.performance.average_time_per_transaction_ms, /^\d+\.\d{4}$/);
});

test('several audits at once do not mix', async () => {
  const names = [...NAMES, 'deleted.jsonl'];
  const alone = [];
  for (const name of names) alone.push(timeless(await verifyChainIntegrity(vector(name))));
  const together = await Promise.all(names.map((name) => verifyChainIntegrity(vector(name), { chunkSize: 500 })));
  assert.deepEqual(together.map(timeless), alone);
});

test('the deprecated name warns and does the same', async (t) => {
  const warn = t.mock.method(console, 'warn', () => {});
  const bytes = vector('good.jsonl');
  assert.deepEqual(timeless(await verifyBlockchain(bytes)), timeless(await verifyChainIntegrity(bytes)));
  assert.equal(warn.mock.callCount(), 1);
  assert.match(warn.mock.calls[0].arguments[0], /deprecated, use verifyChainIntegrity/);
});
