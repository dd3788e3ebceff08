// The audit of what arrives in pieces.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { countersign } from './support/package.mjs';
import { exportsOfVectors, timeless, vector } from './support/vectors.mjs';

const { Verifier, verifyChainIntegrity } = countersign;

function audited(chunks, options) {
  const verifier = new Verifier(options);
  for (const chunk of chunks) verifier.push(chunk);
  return verifier.finish();
}

function* cut(whole, size) {
  for (let start = 0; start < whole.length; start += size) yield whole.slice(start, start + size);
}

for (const name of exportsOfVectors) {
  test(`${name} in pieces is ${name}`, async () => {
    const bytes = vector(name);
    const whole = timeless(await verifyChainIntegrity(bytes));
    for (const size of [1, 61, 4096, bytes.length]) assert.deepEqual(timeless(audited(cut(bytes, size))), whole, `by ${size}`);
  });
}

test('texts may be cut anywhere, within a character too', () => {
  const text = new TextDecoder().decode(vector('good.jsonl'));
  const whole = timeless(audited([text]));
  for (const size of [1, 2, 3, 1000]) assert.deepEqual(timeless(audited(cut(text, size))), whole);
  const withPair = `{"format":"countersign/export/2","ledger":"😀"}`;
  assert.throws(() => audited(cut(withPair, 1)), { code: 'HEADER_NOT_RECOGNISED' });
});

test('a pushed chunk may be used again', async () => {
  const bytes = vector('tampered-gross.jsonl');
  const verifier = new Verifier();
  const buffer = new Uint8Array(100);
  for (const piece of cut(bytes, buffer.length)) {
    buffer.set(piece);
    verifier.push(buffer.subarray(0, piece.length));
    buffer.fill(0);
  }
  assert.deepEqual(timeless(verifier.finish()), timeless(await verifyChainIntegrity(bytes)));
});

test('it tells its progress and knows its name', () => {
  const verifier = new Verifier({ name: 'upload', inputHash: false });
  verifier.push(vector('good.jsonl'));
  assert.equal(verifier.progress().bytes, vector('good.jsonl').length);
  const { input } = verifier.finish();
  assert.deepEqual([input.name, input.sha256], ['upload', null]);
});

test('its time is that of its own work', async () => {
  const verifier = new Verifier();
  await new Promise((resume) => setTimeout(resume, 200));
  verifier.push(vector('good.jsonl'));
  assert.ok(verifier.finish().verification_time_ms < 150);
});

test('after its end it says so', () => {
  const finished = new Verifier();
  finished.push(vector('good.jsonl'));
  finished.finish();
  const failed = new Verifier();
  assert.throws(() => failed.push('%PDF-1.7 nothing of ours\n'), { code: 'NOT_AN_EXPORT' });
  for (const verifier of [finished, failed]) {
    assert.throws(() => verifier.push('x'), { code: 'ALREADY_FINISHED' });
    assert.throws(() => verifier.progress(), { code: 'ALREADY_FINISHED' });
    assert.throws(() => verifier.finish(), { code: 'ALREADY_FINISHED' });
  }
});

test('what is no bytes is refused, and the audit goes on', () => {
  const bytes = vector('good.jsonl');
  const verifier = new Verifier();
  verifier.push(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + 1000));
  for (const chunk of [[1, 2], undefined, 1, 'a\ud83d\ud83d']) assert.throws(() => verifier.push(chunk), { code: 'INVALID_ARGUMENT' });
  verifier.push(new DataView(bytes.buffer, bytes.byteOffset + 1000));
  assert.equal(verifier.finish().valid, true);
});

test('one that is not finished is let go of', () => {
  const freed = new Verifier();
  freed.push(vector('good.jsonl'));
  freed.free();
  freed.free();
  assert.throws(() => freed.finish(), { code: 'ALREADY_FINISHED' });
  const disposed = new Verifier();
  disposed[Symbol.dispose]();
  assert.throws(() => disposed.push('x'), { code: 'ALREADY_FINISHED' });
});

test('a text cut short is refused, not replaced', () => {
  for (const next of [(verifier) => verifier.finish(), (verifier) => verifier.push(new Uint8Array(1))]) {
    const verifier = new Verifier();
    verifier.push('{"a":"\ud83d');
    assert.throws(() => next(verifier), { code: 'INVALID_ARGUMENT' });
  }
});
