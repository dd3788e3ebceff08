// Errors are Errors, with a code that stays.

import assert from 'node:assert/strict';
import { createReadStream, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';

import { PACKAGE, ROOT, countersign, inner } from './support/package.mjs';
import { streamOf, vector } from './support/vectors.mjs';

const { verifyChainIntegrity, Verifier, CountersignError } = countersign;
const bytesOf = (text) => new TextEncoder().encode(text);

const UNREADABLE = {
  EMPTY: [new Uint8Array(), ' \n\n ', new Blob([]), streamOf(new Uint8Array())],
  NOT_AN_EXPORT: ['%PDF-1.7 nothing of ours\n', 'hello', '{"a":1}\n', bytesOf('PK\x03\x04 an archive')],
  HEADER_NOT_RECOGNISED: ['{"format":"countersign/export/2"}\n'],
  STREAM_NOT_DECODED: [damaged(gzipSync(vector('good.jsonl')))],
};

function damaged(gzip) {
  return gzip.fill(0xff, 20, 60);
}

for (const [code, inputs] of Object.entries(UNREADABLE)) {
  test(`${code} for what cannot be verified`, async () => {
    for (const input of inputs) {
      await assert.rejects(verifyChainIntegrity(input), (error) => {
        assert.ok(error instanceof CountersignError && error instanceof Error);
        assert.deepEqual([error.name, error.code], ['CountersignError', code]);
        assert.ok(error.message.length > 10 && error.stack.includes('CountersignError'));
        return true;
      });
    }
  });
}

test('INVALID_ARGUMENT for what is no input', async () => {
  for (const input of [undefined, null, 1, {}, [], 'a\ud83d']) {
    await assert.rejects(verifyChainIntegrity(input), { code: 'INVALID_ARGUMENT' });
  }
});

test('the refusal of an input says what to pass', async () => {
  const response = new Response('x');
  await response.text();
  const mends = [
    [Promise.resolve(new Blob()), /await this promise/],
    [{ kind: 'file', getFile: async () => new File([], 'a') }, /await handle\.getFile\(\)/],
    [{ length: 1, 0: new File([], 'a'), item: () => null }, /list\[0\]/],
    [[1, 2], /Uint8Array\.from\(array\)/],
    [{ path: 'ledger.jsonl' }, /an ArrayBuffer.*a Blob or File, a Response, a ReadableStream.*fs\.openAsBlob\(path\)/],
    [response, /was read already/],
  ];
  for (const [input, message] of mends) await assert.rejects(verifyChainIntegrity(input), { code: 'INVALID_ARGUMENT', message });
});

test('INVALID_ARGUMENT for an option that nobody reads, by its name', async () => {
  const mistyped = { key: ['x'], checkpoint: [], Keys: [], inputhash: true };
  for (const option of Object.keys(mistyped)) {
    const error = { code: 'INVALID_ARGUMENT', message: new RegExp(`^options\\.${option} is not known; there are .*keys`) };
    await assert.rejects(verifyChainIntegrity(vector('good.jsonl'), { [option]: mistyped[option] }), error);
    assert.throws(() => new Verifier({ [option]: mistyped[option] }), error);
  }
  const reading = { signal: AbortSignal.abort(), onProgress: () => {}, chunkSize: 1 };
  for (const [option, value] of Object.entries(reading)) {
    const error = { code: 'INVALID_ARGUMENT', message: new RegExp(`^options\\.${option} is for verifyChainIntegrity`) };
    assert.throws(() => new Verifier({ [option]: value }), error);
  }
});

test('INVALID_ARGUMENT for what is no option', async () => {
  const wrong = [null, 1, { name: 1 }, { inputHash: 'yes' }, { onProgress: 1 }, { signal: {} }, { chunkSize: 0 }, { chunkSize: 1.5 }, { recoveryBudget: -1 }, { recoveryBudget: '1' }];
  for (const options of wrong) {
    await assert.rejects(verifyChainIntegrity('x', options), { code: 'INVALID_ARGUMENT' });
  }
  assert.throws(() => new Verifier({ inputHash: 1 }), { code: 'INVALID_ARGUMENT' });
  assert.throws(() => new Verifier().push([1, 2]), { code: 'INVALID_ARGUMENT' });
});

test('INVALID_ARGUMENT for a stream that is locked or gives what is no bytes', async () => {
  const locked = streamOf(vector('good.jsonl'));
  locked.getReader();
  await assert.rejects(verifyChainIntegrity(locked), { code: 'INVALID_ARGUMENT' });
  const numbers = new ReadableStream({ pull: (controller) => controller.enqueue(1) });
  await assert.rejects(verifyChainIntegrity(numbers), { code: 'INVALID_ARGUMENT' });
});

test('what one audit reads is refused to another from the call on, and free after it', async () => {
  const again = { [Symbol.asyncIterator]: () => streamOf(vector('good.jsonl')).values() };
  const onDisk = createReadStream(join(ROOT, 'tests', 'vectors', 'good.jsonl'));
  for (const input of [streamOf(vector('good.jsonl')), again, again, onDisk, again[Symbol.asyncIterator]()]) {
    const [first, second] = [verifyChainIntegrity(input), verifyChainIntegrity(input)];
    await assert.rejects(second, { code: 'INVALID_ARGUMENT', message: /something else reads it/ });
    assert.equal((await first).valid, true);
  }
  const stream = streamOf(vector('good.jsonl'));
  const audit = verifyChainIntegrity(stream);
  assert.throws(() => stream.getReader(), TypeError);
  await audit;
  assert.equal(stream.locked, false);
});

test('IO for an input that fails, with its cause', async () => {
  const cause = new TypeError('the network is gone');
  const failing = new ReadableStream({ pull: (controller) => controller.error(cause) });
  await assert.rejects(verifyChainIntegrity(failing), (error) => error.code === 'IO' && error.cause === cause);
});

test('IO for a response that is an error', async () => {
  const missing = new Response('no such export', { status: 404, statusText: 'Not Found' });
  await assert.rejects(verifyChainIntegrity(missing), { code: 'IO', message: /404 Not Found/ });
  assert.equal(missing.bodyUsed, true);
});

test('IO for bytes whose buffer is transferred meanwhile', async () => {
  const bytes = vector('good.jsonl');
  const onProgress = () => void (bytes.length > 0 && structuredClone(bytes.buffer, { transfer: [bytes.buffer] }));
  await assert.rejects(verifyChainIntegrity(bytes, { onProgress, chunkSize: 1000 }), { code: 'IO', message: /transferred/ });
});

/** An export in which something is wrong, grown past any cap by gzip members that hold nothing but padding. */
function* tamperedBeyond(bytes) {
  yield gzipSync(vector('tampered-gross.jsonl'));
  const padding = emptyMember(0xffff);
  for (let sent = 0; sent <= bytes; sent += padding.length) yield padding;
}

/** A gzip member of no content, with an extra field of this size. */
function emptyMember(extra) {
  const member = Buffer.alloc(12 + extra + 10);
  member.set([0x1f, 0x8b, 8, 4, 0, 0, 0, 0, 0, 255, extra & 0xff, extra >> 8]);
  member.set([3, 0], 12 + extra);
  return member;
}

test('SECOND_READING_IMPOSSIBLE past what is kept, where a Blob can be read again', async () => {
  const { SPOOL_LIMIT } = await inner('spool.mjs');
  assert.equal(SPOOL_LIMIT, 256 * 2 ** 20);
  const stream = ReadableStream.from(tamperedBeyond(SPOOL_LIMIT));
  // A genuine ledger with an older checkpoint beside its own needs it too.
  const impossible = (error) => error.code === 'SECOND_READING_IMPOSSIBLE' && /wrong with it, or its trailer holds an older checkpoint.*Blob or a File/.test(error.message);
  await assert.rejects(verifyChainIntegrity(stream, { inputHash: false }), impossible);
  const verifier = new Verifier({ inputHash: false });
  for (const chunk of tamperedBeyond(SPOOL_LIMIT)) verifier.push(chunk);
  assert.throws(() => verifier.finish(), impossible);
});

test('the spool gives back what it kept', async () => {
  const { Spool } = await inner('spool.mjs');
  const kept = new Spool(3_000_000);
  const chunks = [new Uint8Array(10).fill(1), new Uint8Array(2_500_000).fill(2), new Uint8Array(0), new Uint8Array(5).fill(3)];
  for (const chunk of chunks) kept.keep(chunk);
  for (let reading = 0; reading < 2; reading++) assert.deepEqual(Buffer.concat([...kept.chunks()]), Buffer.concat(chunks));
  kept.keep(new Uint8Array(600_000));
  assert.throws(() => [...kept.chunks()], { code: 'SECOND_READING_IMPOSSIBLE' });
});

/** Bindings whose audits panic. */
const panicking = {
  Audit: class {
    push() {
      throw new WebAssembly.RuntimeError('unreachable');
    }
    free() {}
  },
  lastPanic: () => 'panicked at audit.rs: the impossible',
};

test('PANIC for a fault of ours, and no verdict from the module afterwards', async () => {
  const { api } = await inner('api.mjs');
  const broken = api(panicking);
  const panic = (error) => error.code === 'PANIC' && /the impossible/.test(error.message) && error.cause instanceof WebAssembly.RuntimeError;
  await assert.rejects(broken.verifyChainIntegrity('x'), panic);
  assert.throws(() => new broken.Verifier(), panic);
  // A bundler's import is the only instance there can be.
  await assert.rejects(broken.init(), panic);
});

/** Loads bindings whose audits throw this, and then those that work. */
async function brokenOnce(thrown, lastPanic) {
  const { api } = await inner('api.mjs');
  const { loaded } = await inner('loaded.mjs');
  const sources = [];
  const { module } = await loaded(readFileSync(join(PACKAGE, 'web', 'countersign_bg.wasm')));
  const throwing = {
    Audit: class {
      push() {
        throw thrown;
      }
      free() {}
    },
    lastPanic: () => lastPanic,
    module,
  };
  const load = (source) => {
    sources.push(source);
    return loaded(source);
  };
  return { ...api(throwing, load), sources };
}

test('init() makes a new instance after a panic, of the module that is there', async () => {
  const { verifyChainIntegrity, Verifier, init, sources } = await brokenOnce(new WebAssembly.RuntimeError('unreachable'));
  const lost = new Verifier();
  assert.throws(() => lost.push('x'), { code: 'PANIC', message: /await init\(\)/ });
  assert.throws(() => new Verifier(), { code: 'PANIC' });
  await init();
  const healed = new Verifier();
  healed.push(vector('good.jsonl'));
  assert.equal(healed.finish().valid, true);
  assert.equal((await verifyChainIntegrity(vector('good.jsonl'))).valid, true);
  assert.ok(sources.length === 1 && sources[0] instanceof WebAssembly.Module);
});

test('so does the next verifyChainIntegrity', async () => {
  const { verifyChainIntegrity, hashEntry } = await brokenOnce(new RangeError('Maximum call stack size exceeded'));
  await assert.rejects(verifyChainIntegrity(vector('good.jsonl')), { code: 'PANIC' });
  assert.throws(() => hashEntry('{}'), { code: 'PANIC' });
  assert.equal((await verifyChainIntegrity(vector('good.jsonl'))).valid, true);
  assert.throws(() => hashEntry('{}'), { code: 'MALFORMED_ENTRY' });
});

test('INTERNAL for what is thrown outside of the module, which goes on', async () => {
  const { Verifier, sources } = await brokenOnce(new TypeError('of our glue'));
  for (let time = 0; time < 2; time++) assert.throws(() => new Verifier().push('x'), { code: 'INTERNAL', message: /of our glue/ });
  assert.deepEqual(sources, []);
  const panicked = await brokenOnce(new TypeError('of our glue'), 'panicked at audit.rs');
  assert.throws(() => new panicked.Verifier().push('x'), { code: 'PANIC' });
});

test('the module is handed a megabyte at most at once', async () => {
  const { api } = await inner('api.mjs');
  const sizes = [];
  class Audit {
    push(bytes) {
      sizes.push(bytes.length);
    }
    finish = () => true;
    report = () => 'a report';
    free() {}
  }
  const { verifyChainIntegrity } = api({ Audit });
  const bytes = new Uint8Array(2 ** 21 + 1);
  assert.equal(await verifyChainIntegrity(bytes, { chunkSize: bytes.length }), 'a report');
  assert.deepEqual(sizes, [2 ** 20, 2 ** 20, 1]);
});

test('NOT_LOADED before the module is, and where it cannot be', async () => {
  const { api } = await inner('api.mjs');
  let attempts = 0;
  const unloaded = api(undefined, () => {
    attempts += 1;
    throw new TypeError('Failed to fetch');
  });
  assert.throws(() => new unloaded.Verifier(), { code: 'NOT_LOADED' });
  assert.throws(() => unloaded.hashEntry('{}'), { code: 'NOT_LOADED' });
  await assert.rejects(unloaded.verifyChainIntegrity('x'), { code: 'NOT_LOADED' });
  await assert.rejects(unloaded.init(), { code: 'NOT_LOADED' });
  assert.equal(attempts, 2);
});

test('NOT_LOADED says what to do where a page came', async () => {
  const { api } = await inner('api.mjs');
  const { loaded } = await inner('loaded.mjs');
  const page = new TextEncoder().encode('<!doctype html><title>Vite</title>');
  await assert.rejects(api(undefined, loaded).init(page), { code: 'NOT_LOADED', message: /optimizeDeps: \{ exclude: \['countersign'\] \}/ });
  await assert.rejects(api(undefined, loaded).init(new Uint8Array([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, 99])), (error) => !/Vite/.test(error.message));
});

test('the types name every code', () => {
  const types = readFileSync(join(PACKAGE, 'index.d.ts'), 'utf8');
  const named = new Set(types.match(/type ErrorCode =([^]*?);\n\n/)[1].match(/'[A-Z_]+'/g).map((code) => code.slice(1, -1)));
  const unreadable = readFileSync(join(ROOT, 'crates', 'core', 'src', 'unreadable.rs'), 'utf8').match(/=> "[A-Z_]+"/g).map((arm) => arm.slice(4, -1));
  assert.ok(unreadable.length >= 6);
  for (const code of unreadable) assert.ok(named.has(code), code);
});

test('INVALID_ARGUMENT for a table of taxes that is none, with what is wrong', async () => {
  const wrong = [
    [null, /options\.taxes must be an object/],
    [[], /options\.taxes must be an object/],
    [new Map(), /options\.taxes must be an object/],
    [{ TRANSFER: { rate: 5, tax_type: 'vat', ratee: 1 } }, /options\.taxes: unknown field `ratee`/],
    [{ TRANSFER: 5 }, /invalid type/],
    [{ TRANSFER: { rate: 5.5, tax_type: 'vat' } }, /a rate is a whole number of ten-thousandths/],
    [{ TRANSFER: { rate: 5 } }, /tax_type/],
    [{ transfer: { rate: 5, tax_type: 'vat' } }, /options\.taxes: there is no type "transfer"/],
    [{ REFUND: { rate: 5, tax_type: 'vat' } }, /options\.taxes: REFUND is never taxed/],
  ];
  for (const [taxes, message] of wrong) {
    await assert.rejects(verifyChainIntegrity(vector('good.jsonl'), { taxes }), { code: 'INVALID_ARGUMENT', message });
  }
});

test('entries are held to the table of taxes that was given', async () => {
  const taxes = { TRANSFER: { rate: 250, tax_type: 'transfer_tax' } };
  const report = await verifyChainIntegrity(vector('good.jsonl'), { taxes });
  assert.deepEqual(report.warnings.map((warning) => [warning.warning_type, warning.seq, warning.expected]), [
    ['TAX_RATE_DIFFERS', 4, '2.5000'],
    ['TAX_RATE_DIFFERS', 5, '0.0008'],
    ['TAX_RATE_DIFFERS', 16, '6.2500'],
  ]);
  assert.equal(report.valid, true);
});
