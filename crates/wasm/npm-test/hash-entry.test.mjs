// An entry's preimages and hashes.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';

import { countersign } from './support/package.mjs';
import { vector } from './support/vectors.mjs';

const { hashEntry, CountersignError } = countersign;
const sha256 = (text) => createHash('sha256').update(text).digest('hex');
const linesOf = (name) => new TextDecoder().decode(vector(name)).trimEnd().split('\n');
const LINES = linesOf('good.jsonl').filter((line) => line.startsWith('{"seq"'));

test('every entry, as its line and as an object', () => {
  assert.equal(LINES.length, 20);
  for (const line of LINES) {
    const entry = JSON.parse(line);
    const hashes = hashEntry(line);
    assert.deepEqual(hashEntry(entry), hashes);
    assert.deepEqual(hashEntry(JSON.stringify(entry, null, 2)), hashes);
    assert.equal(hashes.current_hash, entry.current_hash);
    assert.equal(sha256(hashes.preimage), hashes.current_hash);
    if (entry.personal !== null) {
      assert.equal(hashes.personal_hash, entry.personal_hash);
      assert.equal(sha256(hashes.personal_preimage), hashes.personal_hash);
    }
  }
});

test('a withheld block has no hash of its own', () => {
  const line = linesOf('good-withheld.jsonl')[1];
  const { personal_hash, personal_preimage, current_hash } = hashEntry(line);
  assert.deepEqual([personal_hash, personal_preimage], [null, null]);
  assert.equal(current_hash, JSON.parse(line).current_hash);
});

test('what is no entry is refused, with the field', () => {
  const entry = JSON.parse(LINES[0]);
  const malformed = (value, field) =>
    assert.throws(
      () => hashEntry(value),
      (error) => error instanceof CountersignError && error.code === 'MALFORMED_ENTRY' && error.field === field,
    );
  malformed({ ...entry, amount_gross: '1e3' }, 'amount_gross');
  malformed({ ...entry, seq: '1' }, 'seq');
  malformed({ ...entry, reference_id: '\ud83d' }, 'reference_id');
  malformed('[]', undefined);
  malformed('not JSON', undefined);
});

test('what cannot be JSON is an invalid argument', () => {
  const circle = {};
  circle.circle = circle;
  for (const value of [undefined, null, 1, 1n, { big: 1n }, circle, '"\ud83d"', { toJSON() {} }, { toJSON: () => () => {} }]) {
    assert.throws(() => hashEntry(value), { name: 'CountersignError', code: 'INVALID_ARGUMENT' });
  }
  assert.equal(hashEntry(LINES[0]).current_hash, JSON.parse(LINES[0]).current_hash);
});
