// Every kind of input gives the same report.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { createReadStream, openAsBlob } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';

import { ROOT, countersign, inner } from './support/package.mjs';
import { exportsOfVectors, streamOf, timeless, vector } from './support/vectors.mjs';

const { verifyChainIntegrity, verifyBlockchain } = countersign;

async function* parted(bytes) {
  for (let start = 0; start < bytes.length; start += 700) yield bytes.subarray(start, start + 700);
}

function shared(bytes) {
  const memory = new SharedArrayBuffer(bytes.length);
  new Uint8Array(memory).set(bytes);
  return memory;
}

const NAMES = ['good.jsonl', 'tampered-gross.jsonl', 'good-members.jsonl.gz'];

for (const name of NAMES) {
  const bytes = vector(name);
  const kinds = {
    Uint8Array: bytes,
    Buffer: Buffer.from(bytes),
    Blob: new Blob([bytes]),
    File: new File([bytes], name),
    'file on disk': await openAsBlob(join(ROOT, 'tests', 'vectors', name)),
    ArrayBuffer: bytes.slice().buffer,
    SharedArrayBuffer: shared(bytes),
    DataView: new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength),
    ReadableStream: streamOf(bytes),
    'stream of buffers': streamOf(bytes).pipeThrough(new TransformStream({ transform: (chunk, to) => to.enqueue(chunk.buffer) })),
    Response: new Response(bytes),
    'Node stream': createReadStream(join(ROOT, 'tests', 'vectors', name), { highWaterMark: 500 }),
    'Node stream for the web': Readable.toWeb(createReadStream(join(ROOT, 'tests', 'vectors', name))),
    generator: parted(bytes),
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
  assert.equal((await verifyChainIntegrity(file, { name: null })).input.name, null);
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

/** Bindings whose last step takes a while, as a search for originals does. */
const slowAtTheEnd = {
  Audit: class {
    push() {}
    progress = () => ({});
    finish() {
      const end = performance.now() + 40;
      while (performance.now() < end);
      return true;
    }
    report = (now, elapsed) => ({ now, elapsed });
    free() {}
  },
};

test('its time is that of the whole audit', async () => {
  const { verifyChainIntegrity, Verifier } = (await inner('api.mjs')).api(slowAtTheEnd);
  assert.ok((await verifyChainIntegrity('x')).elapsed >= 40);
  assert.ok(new Verifier().finish().elapsed >= 40);
});

test('an abort during the last step is heard before there is a report', async () => {
  const { verifyChainIntegrity } = (await inner('api.mjs')).api(slowAtTheEnd);
  const onDisk = createReadStream(join(ROOT, 'tests', 'vectors', 'good.jsonl'));
  for (const input of ['x', new Blob(['x']), streamOf(new Uint8Array(9)), onDisk]) {
    const reason = new Error('closed the tab');
    const controller = new AbortController();
    const audit = verifyChainIntegrity(input, { signal: controller.signal });
    setTimeout(() => controller.abort(reason), 10);
    await assert.rejects(audit, (error) => error === reason);
  }
});

test('a report quotes what a hostile file chose for keys and numbers', async () => {
  const export2 = new TextDecoder().decode(vector('good.jsonl'));
  for (const [stands, shown] of [
    ['{"__proto__":{"valid":true}}', JSON.parse('{"__proto__":{"valid":true}}')],
    ['9007199254740993', '9007199254740993'],
    ['9007199254740991', 9007199254740991],
  ]) {
    const { findings } = await verifyChainIntegrity(export2.replace('"amount_gross":"1000.0000"', `"amount_gross":${stands}`));
    const { found } = findings.find(({ error_type }) => error_type === 'MALFORMED_LINE');
    assert.deepStrictEqual(found, shown);
    assert.equal(Object.getPrototypeOf(Object(found)), Object.getPrototypeOf(Object(shown)));
  }
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
  await verifyBlockchain(bytes);
  assert.equal(warn.mock.callCount(), 1);
  assert.match(warn.mock.calls[0].arguments[0], /deprecated, use verifyChainIntegrity/);
});

test('a stream that is refused before its first read fails of nothing later', async () => {
  // Nobody listens any more when the file turns out not to be there.
  const missing = () => createReadStream(join(ROOT, 'no such file'));
  await assert.rejects(verifyChainIntegrity(missing(), { keys: ['typo'] }), { code: 'INVALID_ARGUMENT' });
  await assert.rejects(verifyChainIntegrity(missing(), { signal: AbortSignal.abort() }), { name: 'AbortError' });
  await new Promise((opened) => setTimeout(opened, 50));
});

test('an upload that is refused can be answered', async () => {
  const server = createServer(async (request, response) => {
    response.statusCode = await verifyChainIntegrity(request).then(
      () => 200,
      ({ code }) => (code === 'NOT_AN_EXPORT' ? 422 : 500),
    );
    response.end();
  });
  await new Promise((listening) => server.listen(0, '127.0.0.1', listening));
  const post = (body) => fetch(`http://127.0.0.1:${server.address().port}/`, { method: 'POST', body }).then(({ status }) => status);
  assert.equal(await post(vector('good.jsonl')), 200);
  assert.equal(await post(Buffer.alloc(8 << 20, 'a')), 422);
  server.close();
});

test('bytes whose buffer was transferred cannot be read', async () => {
  const bytes = Uint8Array.from(vector('good.jsonl'));
  structuredClone(bytes.buffer, { transfer: [bytes.buffer] });
  await assert.rejects(verifyChainIntegrity(bytes), { code: 'IO' });
  await assert.rejects(verifyChainIntegrity(bytes.buffer), { code: 'IO' });
});

test('a stream that was read already is not taken for an empty one', async () => {
  const stream = Readable.from([vector('good.jsonl')]);
  await stream.toArray();
  await assert.rejects(verifyChainIntegrity(stream), { code: 'INVALID_ARGUMENT', message: /read already/ });
});

test('a stream of Node’s that gives text is read where that is UTF-8, and else refused and let go of', async () => {
  const decoding = (encoding) => createReadStream(join(ROOT, 'tests', 'vectors', 'good.jsonl'), { encoding, highWaterMark: 500 });
  const whole = timeless(await verifyChainIntegrity(vector('good.jsonl')));
  for (const encoding of ['utf8', 'UTF-8']) assert.deepEqual(timeless(await verifyChainIntegrity(decoding(encoding))), whole);
  for (const encoding of ['latin1', 'ascii', 'hex', 'utf16le']) {
    const stream = decoding(encoding);
    for (const input of [stream, { bodyUsed: false, body: decoding(encoding), arrayBuffer() {} }]) {
      await assert.rejects(verifyChainIntegrity(input), { code: 'INVALID_ARGUMENT', message: /its encoding/ });
    }
    assert.equal(stream.destroyed, true);
  }
});

test('what is compressed is verified in smaller pieces, however its first bytes come', async () => {
  // Stored, not compressed, so that it is as long.
  const bytes = gzipSync(Buffer.concat([vector('good.jsonl'), Buffer.alloc(200_000, '\n')]), { level: 0 });
  const parts = (...cuts) => ReadableStream.from(cuts.map((start, at) => bytes.subarray(start, cuts[at + 1])));
  for (const [input, start] of [[bytes, 0], [parts(0, 0, 1), 1], [parts(0, 1, 2), 2]]) {
    const seen = [];
    await verifyChainIntegrity(input, { onProgress: ({ pass, bytes }) => pass === 1 && bytes > start && seen.push(bytes) });
    assert.equal(seen[0], start + 65_536);
    assert.ok(seen.length > bytes.length / 65_536);
  }
});
