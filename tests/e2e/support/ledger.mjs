// Writes a genuine export of any size, by FORMAT.md alone: nothing of Countersign's own code.
import { createHash } from "node:crypto";
import { createWriteStream } from "node:fs";
import { once } from "node:events";

const sha256 = (text) => createHash("sha256").update(text).digest("hex");
const lines = (...values) => values.map((value) => `${value ?? ""}\n`).join("");

/** Fills the file to at least this many bytes and gives the number of entries. */
export async function writeLedger(path, bytes) {
  const [ledger, ledgerId] = ["e2e.example/large", "00112233445566778899aabbccddeeff"];
  const out = createWriteStream(path, { highWaterMark: 4 << 20 });
  let written = 0;
  const write = async (line) => {
    written += line.length + 1;
    if (!out.write(`${line}\n`)) await once(out, "drain");
  };
  await write(JSON.stringify({ format: "countersign/export/2", ledger, ledger_id: ledgerId, first_seq: 1, personal: "full" }));
  let head = sha256(lines("countersign/ledger/2", ledger, ledgerId));
  let seq = 0;
  while (written < bytes) {
    const made = entry(++seq, head);
    head = made.current_hash;
    await write(JSON.stringify(made));
  }
  await write(JSON.stringify({ end: "countersign/export/2", entries: seq, last_seq: seq, head, checkpoints: [] }));
  out.end();
  await once(out, "finish");
  return seq;
}

function entry(seq, previousHash) {
  const personal = {
    salt: seq.toString(16).padStart(32, "0"),
    sender_username: null,
    receiver_username: `player ${seq % 5000}`,
    description: "opening balance",
    ip_address: null,
    user_agent: null,
  };
  const made = {
    seq,
    transaction_id: `00000000-0000-7000-8000-${seq.toString(16).padStart(12, "0")}`,
    created_at: new Date(Date.UTC(2026, 0, 1) + seq).toISOString(),
    type: "SYSTEM_MINT",
    currency: "EURO",
    amount_gross: "10.0000",
    tax_withheld: "0.0000",
    amount_net: "10.0000",
    tax_type: null,
    sender_id: "SYSTEM",
    receiver_id: `u-${seq % 5000}`,
    operator_id: "op-e2e",
    reference_id: null,
    personal,
    personal_hash: sha256(lines("countersign/personal/2", ...Object.values(personal))),
    previous_hash: previousHash,
  };
  const hashed = [
    "countersign/entry/2", made.seq, made.previous_hash, made.transaction_id, made.created_at, made.type, made.currency,
    made.amount_gross, made.tax_withheld, made.amount_net, made.tax_type, made.sender_id, made.receiver_id,
    made.operator_id, made.reference_id, made.personal_hash,
  ];
  return { ...made, current_hash: sha256(lines(...hashed)) };
}
