// Progress, and audits that are ended early.

import assert from 'node:assert/strict';
import { getEventListeners } from 'node:events';
import { createServer } from 'node:http';
import { Readable } from 'node:stream';
import { test } from 'node:test';

import { countersign, inner } from './support/package.mjs';
import { streamOf, vector } from './support/vectors.mjs';

const { verifyChainIntegrity } = countersign;
const isAbortError = (error) => error instanceof DOMException && error.name === 'AbortError';

async function progressOf(input, options) {
  const seen = [];
  const report = await verifyChainIntegrity(input, { ...options, onProgress: (progress) => seen.push(progress) });
  return { seen, report };
}

test('progress goes from the first chunk to the last byte', async () => {
  const bytes = vector('good.jsonl');
  const { seen } = await progressOf(bytes, { chunkSize: 1000 });
  assert.equal(seen.length, Math.ceil(bytes.length / 1000) + 1);
  assert.deepEqual(seen[0], { pass: 1, bytes: 1000, entries: seen[0].entries, totalBytes: bytes.length });
  assert.equal(seen.at(-1).bytes, bytes.length);
  for (let at = 1; at < seen.length; at++) assert.ok(seen[at].entries >= seen[at - 1].entries);
});

test('the last call counts every entry, also where the file has no last line feed', async () => {
  for (const name of ['good.jsonl', 'tampered-gross.jsonl', 'legacy/legacy.jsonl']) {
    const bytes = vector(name).subarray(0, -1);
    const { seen, report } = await progressOf(bytes);
    assert.equal(seen.at(-1).entries, report.total_transactions);
    assert.equal(seen.at(-1).bytes, bytes.length);
  }
});

test('onProgress is awaited', async () => {
  let under = 0;
  const onProgress = async () => {
    assert.equal(++under, 1);
    await new Promise((resume) => setTimeout(resume, 2));
    under -= 1;
  };
  await verifyChainIntegrity(vector('good.jsonl'), { onProgress, chunkSize: 2000 });
  assert.equal(under, 0);
  const failing = async () => {
    throw new RangeError('enough');
  };
  await assert.rejects(verifyChainIntegrity(vector('good.jsonl'), { onProgress: failing }), RangeError);
});

test('where something is wrong there is a second reading', async () => {
  const bytes = vector('tampered-gross.jsonl');
  for (const input of [bytes, new Blob([bytes]), streamOf(bytes)]) {
    const { seen, report } = await progressOf(input);
    assert.equal(report.valid, false);
    assert.deepEqual([...new Set(seen.map(({ pass }) => pass))], [1, 2]);
    assert.equal(seen.at(-1).bytes, bytes.length);
  }
});

test('a stream has no known size', async () => {
  const { seen } = await progressOf(streamOf(vector('good.jsonl')));
  assert.equal('totalBytes' in seen[0], false);
});

test('the event loop has its turn between chunks', async () => {
  let turns = 0;
  let going = true;
  const turn = () => {
    turns += 1;
    if (going) setImmediate(turn);
  };
  setImmediate(turn);
  await verifyChainIntegrity(vector('good.jsonl'), { chunkSize: 500 });
  going = false;
  assert.ok(turns >= 10, `${turns} turns`);
});

test('what onProgress throws ends the audit', async () => {
  const onProgress = () => {
    throw new RangeError('enough');
  };
  await assert.rejects(verifyChainIntegrity(vector('good.jsonl'), { onProgress }), RangeError);
});

test('aborted before it starts', async () => {
  const onProgress = () => assert.fail('nothing should be read');
  await assert.rejects(verifyChainIntegrity(vector('good.jsonl'), { signal: AbortSignal.abort(), onProgress }), isAbortError);
});

test('aborted midway, in each kind of input', async () => {
  const bytes = vector('tampered-gross.jsonl');
  for (const input of [bytes, new Blob([bytes]), streamOf(bytes)]) {
    const controller = new AbortController();
    let chunks = 0;
    const onProgress = () => ++chunks === 3 && controller.abort();
    await assert.rejects(verifyChainIntegrity(input, { signal: controller.signal, onProgress, chunkSize: 500 }), isAbortError);
    assert.equal(chunks, 3);
  }
});

test('aborted by a timer while it works', async () => {
  const bytes = vector('good.jsonl');
  const signal = AbortSignal.timeout(20);
  const endless = new ReadableStream({ pull: (controller) => controller.enqueue(bytes.subarray(0, 1)) });
  await assert.rejects(verifyChainIntegrity(endless, { signal }), (error) => error.name === 'TimeoutError');
});

test('aborted by a timer while nothing but empty chunks come', async () => {
  for (const chunk of [new Uint8Array(), '']) {
    let left = 100_000;
    const empty = new ReadableStream({ pull: (controller) => (left-- > 0 ? controller.enqueue(chunk) : controller.close()) });
    await assert.rejects(verifyChainIntegrity(empty, { signal: AbortSignal.timeout(20) }), { name: 'TimeoutError' });
  }
});

test('aborted in the second reading', async () => {
  const controller = new AbortController();
  const onProgress = ({ pass }) => pass === 2 && controller.abort();
  await assert.rejects(verifyChainIntegrity(vector('tampered-gross.jsonl'), { signal: controller.signal, onProgress }), isAbortError);
});

test('the reason is the caller’s', async () => {
  const reason = new Error('closed the tab');
  await assert.rejects(verifyChainIntegrity(vector('good.jsonl'), { signal: AbortSignal.abort(reason) }), (error) => error === reason);
});

test('an abort ends a wait for a silent stream, and the stream', async () => {
  let cancelledWith;
  const silent = new ReadableStream({ cancel: (reason) => void (cancelledWith = reason) });
  const controller = new AbortController();
  const audit = verifyChainIntegrity(silent, { signal: controller.signal });
  setTimeout(() => controller.abort(), 10);
  await assert.rejects(audit, isAbortError);
  assert.equal(cancelledWith, controller.signal.reason);
  assert.equal(silent.locked, false);
});

const never = () => new Promise(() => {});

test('an abort as soon as the audit is asked for ends it too', async () => {
  for (const input of [new ReadableStream(), { [Symbol.asyncIterator]: () => ({ next: never }) }]) {
    const controller = new AbortController();
    const audit = verifyChainIntegrity(input, { signal: controller.signal });
    controller.abort();
    await assert.rejects(audit, isAbortError);
  }
});

test('an abort ends a wait for the module, for a Blob and for onProgress', async () => {
  const { api } = await inner('api.mjs');
  const unloaded = api(undefined, never);
  const blob = { size: 10, slice: () => ({ arrayBuffer: never }), arrayBuffer: never };
  const waits = [
    (options) => unloaded.verifyChainIntegrity('x', options),
    (options) => verifyChainIntegrity(blob, options),
    (options) => verifyChainIntegrity(vector('good.jsonl'), { ...options, onProgress: never }),
  ];
  for (const wait of waits) {
    const controller = new AbortController();
    setTimeout(() => controller.abort(), 10);
    await assert.rejects(wait({ signal: controller.signal }), isAbortError);
  }
});

test('an audit leaves no listener on its signal', async () => {
  const { signal } = new AbortController();
  const bytes = vector('tampered-gross.jsonl');
  for (const input of [bytes, new Blob([bytes]), streamOf(bytes)]) await verifyChainIntegrity(input, { signal, onProgress: () => {} });
  assert.deepEqual(getEventListeners(signal, 'abort'), []);
});

test('an abort that its source hears first is an abort', async () => {
  const controller = new AbortController();
  const failing = () => new Promise((_, fail) => controller.signal.addEventListener('abort', () => fail(new DOMException('of fetch', 'AbortError'))));
  const blob = { size: 10, slice: () => ({ arrayBuffer: failing }), arrayBuffer: failing };
  const stream = new ReadableStream({ pull: failing });
  const reason = new Error('closed the tab');
  const audits = [blob, stream].map((input) => verifyChainIntegrity(input, { signal: controller.signal }));
  setTimeout(() => controller.abort(reason), 10);
  for (const audit of audits) await assert.rejects(audit, (error) => error === reason);
});

test('the abort of a fetch too', async (t) => {
  const server = createServer((_, response) => response.write(vector('good.jsonl').subarray(0, 1000)));
  await new Promise((resume) => server.listen(0, '127.0.0.1', resume));
  t.after(() => {
    server.close();
    server.closeAllConnections();
  });
  const controller = new AbortController();
  const { signal } = controller;
  const response = await fetch(`http://127.0.0.1:${server.address().port}/`, { signal });
  const audit = verifyChainIntegrity(response.body, { signal, onProgress: () => setTimeout(() => controller.abort(), 20) });
  await assert.rejects(audit, isAbortError);
});

test('an abort ends a wait for a silent iterable, and a stream of Node’s', async () => {
  const silent = new Readable({ read() {} });
  const iterable = { [Symbol.asyncIterator]: () => ({ next: () => new Promise(() => {}) }) };
  for (const input of [silent, iterable]) {
    const controller = new AbortController();
    setTimeout(() => controller.abort(), 10);
    await assert.rejects(verifyChainIntegrity(input, { signal: controller.signal }), isAbortError);
  }
  assert.equal(silent.destroyed, true);
});

test('what is not going to be read is let go of', async () => {
  const refused = [[{ signal: AbortSignal.abort() }, isAbortError], [{ key: [] }, { code: 'INVALID_ARGUMENT' }]];
  for (const [options, error] of refused) {
    let cancelled = false;
    const stream = new ReadableStream({ cancel: () => void (cancelled = true) });
    await assert.rejects(verifyChainIntegrity(stream, options), error);
    assert.equal(cancelled, true);
    const readable = new Readable({ read() {} });
    await assert.rejects(verifyChainIntegrity(readable, options), error);
    assert.equal(readable.destroyed, true);
  }
});

test('a stream is cancelled where its content ends the audit', async () => {
  let cancelled = false;
  const stream = new ReadableStream({
    pull: (controller) => controller.enqueue(new TextEncoder().encode('%PDF-1.7 nothing of ours\n')),
    cancel: () => void (cancelled = true),
  });
  await assert.rejects(verifyChainIntegrity(stream), { code: 'NOT_AN_EXPORT' });
  assert.equal(cancelled, true);
});
