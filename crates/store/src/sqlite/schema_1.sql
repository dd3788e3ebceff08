-- A Countersign ledger, schema 1. Amounts are exact decimals as text, hashes 64 hex, times as in entries.

-- The ledger itself, one row: which it is and where it ends.
CREATE TABLE ledger (
  one INTEGER PRIMARY KEY CHECK (one = 1),
  name TEXT NOT NULL,
  ledger_id TEXT NOT NULL,
  created_at TEXT NOT NULL,
  version INTEGER NOT NULL, -- counts the commits
  seq INTEGER NOT NULL,     -- of the last entry; 0 where there is none
  hash TEXT NOT NULL,       -- its current_hash; the genesis hash where there is none
  time TEXT,                -- its created_at
  roots TEXT NOT NULL,      -- JSON: roots of the complete subtrees over all entries, largest first
  totals TEXT NOT NULL,     -- JSON: by currency and type, what all entries moved
  halt TEXT                 -- JSON: who halted it, why and when
) STRICT;

CREATE TABLE treasury (
  one INTEGER PRIMARY KEY CHECK (one = 1),
  version INTEGER NOT NULL,
  collected TEXT NOT NULL, -- JSON: by tax type and currency
  transactions INTEGER NOT NULL,
  last_collection_at TEXT,
  last_withdrawal_at TEXT,
  last_withdrawal_by TEXT
) STRICT;

CREATE TABLE accounts (
  id TEXT PRIMARY KEY NOT NULL,
  version INTEGER NOT NULL,
  balances TEXT NOT NULL, -- JSON: by currency
  is_frozen_for_fraud INTEGER NOT NULL CHECK (is_frozen_for_fraud IN (0, 1)),
  is_active INTEGER NOT NULL CHECK (is_active IN (0, 1)),
  is_banned INTEGER NOT NULL CHECK (is_banned IN (0, 1)),
  username TEXT,
  created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX accounts_frozen ON accounts (is_frozen_for_fraud, id) WHERE is_frozen_for_fraud = 1;

CREATE TABLE entries (
  seq INTEGER PRIMARY KEY,
  transaction_id TEXT NOT NULL,
  created_at TEXT NOT NULL,
  type TEXT NOT NULL,
  currency TEXT NOT NULL,
  amount_gross TEXT NOT NULL,
  tax_withheld TEXT NOT NULL,
  amount_net TEXT NOT NULL,
  tax_type TEXT,
  sender_id TEXT NOT NULL,
  receiver_id TEXT NOT NULL,
  operator_id TEXT,
  reference_id TEXT,
  personal_hash TEXT NOT NULL,
  previous_hash TEXT NOT NULL,
  current_hash TEXT NOT NULL
) STRICT;

CREATE UNIQUE INDEX entries_transaction ON entries (transaction_id);
CREATE INDEX entries_sender ON entries (sender_id, created_at DESC, seq DESC);
CREATE INDEX entries_receiver ON entries (receiver_id, created_at DESC, seq DESC);
CREATE INDEX entries_type ON entries (type, created_at DESC, seq DESC);
CREATE INDEX entries_refund ON entries (reference_id) WHERE type = 'REFUND';
CREATE INDEX entries_erasure ON entries (reference_id) WHERE type = 'ERASURE';

-- The personal block of an entry; no row where it was erased.
CREATE TABLE personal (
  seq INTEGER PRIMARY KEY,
  salt TEXT NOT NULL,
  sender_username TEXT,
  receiver_username TEXT,
  description TEXT,
  ip_address TEXT,
  user_agent TEXT
) STRICT;

-- Roots of the complete subtrees above the leaves, RFC 6962; idx counts from 0.
CREATE TABLE nodes (
  level INTEGER NOT NULL,
  idx INTEGER NOT NULL,
  hash TEXT NOT NULL,
  PRIMARY KEY (level, idx)
) STRICT, WITHOUT ROWID;

-- What requests with an idempotency key were answered.
CREATE TABLE answers (
  key TEXT PRIMARY KEY NOT NULL,
  asked TEXT NOT NULL, -- hash of what was asked
  answer TEXT NOT NULL,
  at TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX answers_at ON answers (at);

-- Signed notes over the tree of the first `size` entries.
CREATE TABLE checkpoints (
  number INTEGER PRIMARY KEY,
  size INTEGER NOT NULL,
  note TEXT NOT NULL,
  at TEXT NOT NULL
) STRICT;

CREATE UNIQUE INDEX checkpoints_note ON checkpoints (size, note);

-- What operators did that is no entry.
CREATE TABLE acts (
  number INTEGER PRIMARY KEY, -- from 1
  kind TEXT NOT NULL,
  account TEXT,
  operator TEXT,              -- who did it
  reason TEXT,
  at TEXT NOT NULL,
  seq INTEGER NOT NULL        -- of the last entry then
) STRICT;

-- What is written stays. REPLACE deletes without asking the triggers on DELETE, so what is there already is
-- refused before the insert. (ROLLBACK there: a statement that may ABORT copies every page that it is about to write.)
CREATE TRIGGER entries_never_change BEFORE UPDATE ON entries
BEGIN SELECT RAISE(ABORT, 'an entry never changes'); END;
CREATE TRIGGER entries_never_go BEFORE DELETE ON entries
BEGIN SELECT RAISE(ABORT, 'an entry is never deleted'); END;
CREATE TRIGGER entries_stay BEFORE INSERT ON entries
WHEN EXISTS (SELECT 1 FROM entries WHERE seq = NEW.seq)
  OR EXISTS (SELECT 1 FROM entries WHERE transaction_id = NEW.transaction_id)
BEGIN SELECT RAISE(ROLLBACK, 'there is already an entry with that seq or transaction_id'); END;

CREATE TRIGGER nodes_never_change BEFORE UPDATE ON nodes
BEGIN SELECT RAISE(ABORT, 'a node never changes'); END;
CREATE TRIGGER nodes_never_go BEFORE DELETE ON nodes
BEGIN SELECT RAISE(ABORT, 'a node is never deleted'); END;
CREATE TRIGGER nodes_stay BEFORE INSERT ON nodes
WHEN EXISTS (SELECT 1 FROM nodes WHERE level = NEW.level AND idx = NEW.idx)
BEGIN SELECT RAISE(ROLLBACK, 'there is already such a node'); END;

CREATE TRIGGER checkpoints_never_change BEFORE UPDATE ON checkpoints
BEGIN SELECT RAISE(ABORT, 'a checkpoint never changes'); END;
CREATE TRIGGER checkpoints_never_go BEFORE DELETE ON checkpoints
BEGIN SELECT RAISE(ABORT, 'a checkpoint is never deleted'); END;
CREATE TRIGGER checkpoints_stay BEFORE INSERT ON checkpoints
WHEN EXISTS (SELECT 1 FROM checkpoints WHERE number = NEW.number)
  OR EXISTS (SELECT 1 FROM checkpoints WHERE size = NEW.size AND note = NEW.note)
BEGIN SELECT RAISE(ROLLBACK, 'there is already such a checkpoint'); END;

CREATE TRIGGER acts_never_change BEFORE UPDATE ON acts
BEGIN SELECT RAISE(ABORT, 'an act never changes'); END;
CREATE TRIGGER acts_never_go BEFORE DELETE ON acts
BEGIN SELECT RAISE(ABORT, 'an act is never deleted'); END;
CREATE TRIGGER acts_stay BEFORE INSERT ON acts
WHEN EXISTS (SELECT 1 FROM acts WHERE number = NEW.number)
BEGIN SELECT RAISE(ROLLBACK, 'there is already such an act'); END;

CREATE TRIGGER personal_never_changes BEFORE UPDATE ON personal
BEGIN SELECT RAISE(ABORT, 'a personal block never changes'); END;
CREATE TRIGGER personal_goes_by_erasure BEFORE DELETE ON personal
WHEN NOT EXISTS (
  SELECT 1 FROM entries AS erasure
  WHERE erasure.type = 'ERASURE'
    AND erasure.reference_id = (SELECT transaction_id FROM entries WHERE seq = OLD.seq)
)
BEGIN SELECT RAISE(ABORT, 'a personal block goes only where an ERASURE entry names its entry'); END;
CREATE TRIGGER personal_stays BEFORE INSERT ON personal
WHEN EXISTS (SELECT 1 FROM personal WHERE seq = NEW.seq)
BEGIN SELECT RAISE(ROLLBACK, 'there is already such a personal block'); END;

CREATE TRIGGER answers_never_change BEFORE UPDATE ON answers
BEGIN SELECT RAISE(ABORT, 'an answer never changes'); END;
CREATE TRIGGER answers_stay BEFORE INSERT ON answers
WHEN EXISTS (SELECT 1 FROM answers WHERE key = NEW.key)
BEGIN SELECT RAISE(ROLLBACK, 'there is already an answer to that key'); END;
