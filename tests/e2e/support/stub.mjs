// A worker that says what a test wants said, in the place of the real one: for screens that honest input
// cannot reach, and for reports that no file would make.

const LATER = "said later";

/** The text of a worker that is ready, and answers its order with this news, one after the other, and what is said later. */
export function saying(...news) {
  return `
    const build = ${"location.search.slice(1)"};
    onmessage = () => {
      for (const text of ${JSON.stringify(news.map((item) => JSON.stringify(item)))}) postMessage(text);
      new BroadcastChannel("${LATER}").onmessage = ({ data }) => postMessage(data);
    };
    postMessage(JSON.stringify({ Ready: { build } }));
  `;
}

/** Has the worker of a page that has had its order say more. */
export const sayLater = (page, news) =>
  page.evaluate(([name, text]) => new BroadcastChannel(name).postMessage(text), [LATER, JSON.stringify(news)]);

export const refused = (code, message, opening = []) => ({
  Refused: { code, message, name: "stated.bin", bytes: opening.length, opening },
});

const hex = (seed) => Array.from({ length: 64 }, (_, place) => ((place * 7 + seed * 13) % 16).toString(16)).join("");

/** A report with these findings, each key as the core writes it. */
export function report({ findings = [], warnings = [], ...rest } = {}) {
  const first = findings[0];
  return {
    valid: findings.length === 0,
    ...(first && { error_type: first.error_type }),
    message: first ? first.message : "20 entries verified.",
    format: 2,
    ledger: "game.example/economy",
    trust_grade: first ? "broken" : "consistent",
    ...(first && { transactions_verified_before_failure: first.index ?? 0 }),
    total_transactions: 1523,
    verification_time_ms: 12.5,
    performance: { transactions_per_second: 121840, average_time_per_transaction_ms: "0.0082" },
    first_transaction: { id: "709b55bd-3da0-75a8-8812-5bd0ee20c5bf", timestamp: "2026-02-11T15:00:00.000Z" },
    last_transaction: { id: "27ca64c0-92a9-79c7-8dc5-25ed45e845b1", timestamp: "2026-02-11T15:30:00.970Z" },
    findings,
    findings_total: findings.length,
    findings_by_type: findings.reduce((count, { error_type: t }) => ({ ...count, [t]: (count[t] ?? 0) + 1 }), {}),
    warnings,
    warnings_total: warnings.length,
    coverage: {
      checked: ["every hash was recomputed", "every link"],
      not_checked: [{ what: "that nothing followed the last entry", why: "no checkpoint by a trusted key was given" }],
    },
    input: { name: "stated.jsonl", bytes: 16106, sha256: null },
    head: hex(1),
    root: hex(2),
    checkpoints: [],
    ...rest,
  };
}

/** A tampered entry, with everything that a finding may hold. */
export function tampered(index, text = "alice") {
  const seq = index + 1;
  return {
    error_type: "TRANSACTION_TAMPERED",
    message: `Entry #${seq} was altered after it was written: ${text}`,
    line: index + 2,
    index,
    seq,
    transaction_id: "709b55bd-3da0-75a8-8812-5bd0ee20c5bf",
    modified_fields: [{ field: "amount_gross", found: text, original: "100.0000", proven: true }],
    possibly_modified_fields: ["amount_gross", "amount_net"],
    corrupted_transaction: {
      transaction_id: "709b55bd-3da0-75a8-8812-5bd0ee20c5bf",
      index,
      sender: text,
      receiver: "bob",
      sender_id: "u-1001",
      receiver_id: "u-1002",
      amount_gross: "900.0000",
      tax_withheld: "5.0000",
      amount_net: "95.0000",
      currency: "EURO",
      type: "TRANSFER",
      timestamp: "2026-02-11T15:00:00.000Z",
      ip_address: "203.0.113.7",
      user_agent: text,
    },
    hash_integrity_failure: {
      stored_hash: hex(3),
      computed_hash: hex(3).slice(0, 24) + hex(5).slice(24),
      difference: "The content does not give the stored hash.",
      possibly_modified_fields: [],
    },
    previous_transaction: { transaction_id: "27ca64c0-92a9-79c7-8dc5-25ed45e845b1", current_hash: hex(4) },
    security_recommendation: "Freeze the ledger and compare with a backup.",
  };
}

/** A break of the chain by entries taken out. */
export function missing(index) {
  return {
    error_type: "HASH_CHAIN_BROKEN",
    message: `Three entries are missing before #${index + 1}`,
    line: index + 2,
    index,
    seq: index + 4,
    cause: "MISSING",
    missing: { first_seq: index + 1, last_seq: index + 3 },
    corrupted_transaction: {
      transaction_id: "27ca64c0-92a9-79c7-8dc5-25ed45e845b1",
      index,
      sender: "alice",
      receiver: "bob",
      sender_id: "u-1001",
      receiver_id: "u-1002",
      amount: "5.0000",
      currency: "GOLD",
      type: "TRANSFER",
      timestamp: "2026-02-11T15:00:00.000Z",
      stored_previous_hash: hex(6),
      expected_previous_hash: hex(7),
    },
    hash_mismatch_details: { expected: hex(7), actual: hex(6), difference: "The entry names another predecessor." },
    security_recommendation: "Ask the operator for the missing entries.",
  };
}

/** Checkpoints of every kind: one that counts and is cosigned, one that was kept, a note that nobody opens. */
export const checkpoints = [
  {
    source: "embedded",
    origin: "game.example/economy",
    size: 1523,
    root: hex(2),
    signed_by: [
      { name: "game.example/economy", key: "game.example/economy+b7e99c16+AYMq", witness: false },
      { name: "witness.example/1", key: "witness.example/1+2e550400+BPrE", witness: true, signed_at: "2026-02-11T16:00:00.000Z" },
    ],
    counts: true,
  },
  { source: "kept", origin: "game.example/economy", size: 900, root: hex(8), signed_by: [], counts: false, why: "its root is not that of the entries" },
  { source: "embedded", origin: null, size: null, root: null, signed_by: [], counts: false, why: "no key that was given opens it: no given key signed it" },
];

/** What a rewritten ledger is found by. */
export const rewritten = {
  error_type: "CHECKPOINT_MISMATCH",
  message: "The checkpoint of 900 entries that you kept has another root than this file's first 900 entries.",
  size: 900,
  expected: hex(8),
  found: hex(9),
  security_recommendation: "Treat the ledger as rewritten.",
};

export const warning = {
  warning_type: "TIMESTAMP_OUT_OF_ORDER",
  message: "Entry #7 is earlier than the entry before it",
  line: 8,
  seq: 7,
  expected: "2026-02-11T15:00:00.000Z or later",
  found: "2026-02-11T14:00:00.000Z",
};
