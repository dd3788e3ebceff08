// Keys, kept checkpoints and witnesses.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { countersign } from './support/package.mjs';
import { timeless, vector } from './support/vectors.mjs';

const { verifyChainIntegrity, Verifier } = countersign;
const KEY = 'game.example/economy+b7e99c16+AYMq5iT7Tj3bthuC2BO2upajYP1EdR6ZRFFydV2hbw8R';
const WITNESS = 'witness.example/1+2e550400+BPrE5gsZjUc6LSkelUdg+5b8RAE8ZgxMLrz2N1dPYewJ';
const note = (name) => new TextDecoder().decode(vector(name));
const nine = note('checkpoint-9.txt');
const cosigned = note('checkpoint-20-cosigned.txt');

const grades = [
  [{}, 'consistent'],
  [{ keys: [KEY] }, 'signed'],
  [{ keys: [`${KEY}\n`] }, 'signed'],
  [{ keys: [KEY], checkpoints: [nine] }, 'anchored'],
  [{ keys: [KEY], checkpoints: [cosigned], witnesses: [WITNESS] }, 'witnessed'],
  [{ keys: [KEY], checkpoints: [cosigned], witnesses: [WITNESS], witnessQuorum: 1 }, 'witnessed'],
];
for (const [options, grade] of grades) {
  test(`${grade} by ${Object.keys(options).join(', ') || 'nothing'}`, async () => {
    const report = await verifyChainIntegrity(vector('good.jsonl'), options);
    assert.deepEqual([report.valid, report.trust_grade], [true, grade]);
    const verifier = new Verifier(options);
    verifier.push(vector('good.jsonl'));
    assert.deepEqual(timeless(verifier.finish()), timeless(report));
  });
}

test('a checkpoint says who signed it, and when', async () => {
  const options = { keys: [KEY], checkpoints: [cosigned], witnesses: [WITNESS] };
  const { checkpoints, signed_at } = await verifyChainIntegrity(vector('good.jsonl'), options);
  assert.equal(signed_at, '2026-02-11T16:00:00.000Z');
  const [embedded, kept] = checkpoints;
  assert.deepEqual([embedded.source, embedded.size, embedded.counts], ['embedded', 20, true]);
  assert.equal(kept.source, 'kept');
  assert.deepEqual(kept.signed_by, [
    { name: 'game.example/economy', key: KEY, witness: false },
    { name: 'witness.example/1', key: WITNESS, witness: true, signed_at },
  ]);
});

test('a rewritten history and a cut tail are findings', async () => {
  const found = async (name, options) => (await verifyChainIntegrity(vector(name), options)).findings.map((f) => [f.error_type, f.size]);
  assert.deepEqual(await found('rewritten.jsonl', { keys: [KEY] }), [['CHECKPOINT_MISMATCH', 20]]);
  assert.deepEqual(await found('rewritten-stripped.jsonl', { checkpoints: [nine] }), [['CHECKPOINT_MISMATCH', 9]]);
  assert.deepEqual(await found('rewritten-stripped.jsonl', { keys: [KEY] }), [['CHECKPOINT_UNTRUSTED', undefined]]);
  assert.deepEqual(await found('cut-new-trailer.jsonl', { keys: [KEY] }), [['EXPORT_TRUNCATED', 20]]);
});

test('INVALID_ARGUMENT for what is no key, with its place', async () => {
  const mistyped = KEY.replace('b7e9', 'b7e8');
  for (const option of ['keys', 'witnesses']) {
    const error = { code: 'INVALID_ARGUMENT', message: new RegExp(`^options\\.${option}\\[1\\] is no key: .*damaged`) };
    await assert.rejects(verifyChainIntegrity(vector('good.jsonl'), { [option]: [KEY, mistyped] }), error);
    assert.throws(() => new Verifier({ [option]: [KEY, mistyped] }), error);
  }
});

test('INVALID_ARGUMENT for a witness who cannot cosign', async () => {
  const error = { code: 'INVALID_ARGUMENT', message: /^options\.witnesses\[1\] is no witness/ };
  await assert.rejects(verifyChainIntegrity(vector('good.jsonl'), { witnesses: [WITNESS, KEY] }), error);
});

test('INVALID_ARGUMENT for more witnesses than there are', async () => {
  for (const options of [{ witnesses: [WITNESS], witnessQuorum: 2 }, { witnessQuorum: 1 }]) {
    const error = { code: 'INVALID_ARGUMENT', message: /^options\.witnessQuorum is \d, and options\.witnesses has \d$/ };
    await assert.rejects(verifyChainIntegrity(vector('good.jsonl'), options), error);
    assert.throws(() => new Verifier(options), error);
  }
});

test('a kept checkpoint is read with line ends of any kind', async () => {
  const crlf = nine.replaceAll('\n', '\r\n');
  for (const kept of [crlf, `\ufeff${nine}`, nine.trimEnd(), `${nine}\n`, `\ufeff${crlf.trimEnd()}`]) {
    const report = await verifyChainIntegrity(vector('good.jsonl'), { keys: [KEY], checkpoints: [kept] });
    assert.equal(report.trust_grade, 'anchored', JSON.stringify(kept));
  }
});

test('INVALID_ARGUMENT for what is no list of texts', async () => {
  const wrong = [{ keys: KEY }, { keys: [1] }, { checkpoints: nine }, { checkpoints: ['a\ud83d'] }, { witnesses: null }, { witnessQuorum: -1 }, { witnessQuorum: '1' }];
  for (const options of wrong) {
    await assert.rejects(verifyChainIntegrity(vector('good.jsonl'), options), { code: 'INVALID_ARGUMENT' }, JSON.stringify(options));
  }
});

test('CHECKPOINT_NOT_READABLE for a kept checkpoint that is none', async () => {
  const error = { code: 'CHECKPOINT_NOT_READABLE', message: /^kept checkpoint 2 / };
  await assert.rejects(verifyChainIntegrity(vector('good.jsonl'), { checkpoints: [nine, 'hello\n'] }), error);
});
