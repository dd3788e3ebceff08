-- Countersign ledgers, schema 1. A database holds any number of them: the ledger's id leads every key.
-- Only what PostgreSQL and the engines that speak its protocol have in common: no sequence, trigger, rule or
-- deferred constraint. Amounts are exact decimals, hashes 32 bytes; ids and types compare by their bytes.

-- A ledger itself: which it is and where it ends. The row that every commit writes first.
CREATE TABLE countersign_ledger (
  ledger_id uuid PRIMARY KEY,
  name text COLLATE "C" NOT NULL,
  created_at timestamptz(3) NOT NULL,
  version bigint NOT NULL,  -- counts the commits
  seq bigint NOT NULL,      -- of the last entry; 0 where there is none
  hash bytea NOT NULL,      -- its current_hash; the genesis hash where there is none
  time timestamptz(3),      -- its created_at
  roots bytea NOT NULL,     -- roots of the complete subtrees over all entries, largest first, 32 bytes each
  totals jsonb NOT NULL,    -- by currency and type, what all entries moved
  halt jsonb                -- who halted it, why and when
) WITH (fillfactor = 50);

CREATE TABLE countersign_treasury (
  ledger_id uuid PRIMARY KEY,
  version bigint NOT NULL,
  collected jsonb NOT NULL, -- by tax type and currency
  transactions bigint NOT NULL,
  last_collection_at timestamptz(3),
  last_withdrawal_at timestamptz(3),
  last_withdrawal_by text COLLATE "C"
) WITH (fillfactor = 50);

-- Half of each page is left free at first, so that an account's next version finds room beside it, and no
-- index has to learn of it.
CREATE TABLE countersign_accounts (
  ledger_id uuid NOT NULL,
  id text COLLATE "C" NOT NULL,
  version bigint NOT NULL,
  balances jsonb NOT NULL,  -- by currency
  is_frozen_for_fraud boolean NOT NULL,
  is_active boolean NOT NULL,
  is_banned boolean NOT NULL,
  username text,
  created_at timestamptz(3) NOT NULL,
  updated_at timestamptz(3) NOT NULL,
  PRIMARY KEY (ledger_id, id)
) WITH (fillfactor = 50);

CREATE INDEX countersign_accounts_frozen ON countersign_accounts (ledger_id, is_frozen_for_fraud, id)
  WHERE is_frozen_for_fraud;

CREATE TABLE countersign_entries (
  ledger_id uuid NOT NULL,
  seq bigint NOT NULL,
  transaction_id uuid NOT NULL,
  created_at timestamptz(3) NOT NULL,
  type text COLLATE "C" NOT NULL,
  currency text COLLATE "C" NOT NULL,
  amount_gross numeric(19, 4) NOT NULL,
  tax_withheld numeric(19, 4) NOT NULL,
  amount_net numeric(19, 4) NOT NULL,
  tax_type text COLLATE "C",
  sender_id text COLLATE "C" NOT NULL,
  receiver_id text COLLATE "C" NOT NULL,
  operator_id text COLLATE "C",
  reference_id text COLLATE "C",
  personal_hash bytea NOT NULL,
  previous_hash bytea NOT NULL,
  current_hash bytea NOT NULL,
  PRIMARY KEY (ledger_id, seq)
);

CREATE UNIQUE INDEX countersign_entries_transaction ON countersign_entries (ledger_id, transaction_id);
CREATE INDEX countersign_entries_sender ON countersign_entries (ledger_id, sender_id, created_at DESC, seq DESC);
CREATE INDEX countersign_entries_receiver ON countersign_entries (ledger_id, receiver_id, created_at DESC, seq DESC);
CREATE INDEX countersign_entries_type ON countersign_entries (ledger_id, type, created_at DESC, seq DESC);
CREATE INDEX countersign_entries_refund ON countersign_entries (ledger_id, reference_id) WHERE type = 'REFUND';

-- The personal block of an entry; no row where it was erased.
CREATE TABLE countersign_personal (
  ledger_id uuid NOT NULL,
  seq bigint NOT NULL,
  salt text NOT NULL,
  sender_username text,
  receiver_username text,
  description text,
  ip_address text,
  user_agent text,
  PRIMARY KEY (ledger_id, seq)
);

-- Roots of the complete subtrees above the leaves, RFC 6962; idx counts from 0.
CREATE TABLE countersign_nodes (
  ledger_id uuid NOT NULL,
  level smallint NOT NULL,
  idx bigint NOT NULL,
  hash bytea NOT NULL,
  PRIMARY KEY (ledger_id, level, idx)
);

-- What requests with an idempotency key were answered.
CREATE TABLE countersign_answers (
  ledger_id uuid NOT NULL,
  key text COLLATE "C" NOT NULL,
  asked bytea NOT NULL, -- hash of what was asked
  answer text NOT NULL,
  at timestamptz(3) NOT NULL,
  PRIMARY KEY (ledger_id, key)
);

CREATE INDEX countersign_answers_at ON countersign_answers (ledger_id, at);

-- Signed notes over the tree of the first `size` entries.
CREATE TABLE countersign_checkpoints (
  ledger_id uuid NOT NULL,
  size bigint NOT NULL,
  note_hash bytea NOT NULL, -- of the note, which may be too long for a key
  note text NOT NULL,
  at timestamptz(3) NOT NULL,
  nth bigint NOT NULL,      -- of the notes of one size, from 1
  PRIMARY KEY (ledger_id, size, note_hash)
);

-- What operators did that is no entry.
CREATE TABLE countersign_acts (
  ledger_id uuid NOT NULL,
  number bigint NOT NULL,  -- from 1
  kind text NOT NULL,
  account text,
  operator text,           -- who did it
  reason text,
  at timestamptz(3) NOT NULL,
  seq bigint NOT NULL,     -- of the last entry then
  PRIMARY KEY (ledger_id, number)
);

-- What is written stays, for the owner of the tables too until it grants itself otherwise; a writer's role,
-- which owns nothing, cannot.
REVOKE UPDATE, DELETE, TRUNCATE ON countersign_entries, countersign_nodes, countersign_checkpoints, countersign_acts
  FROM CURRENT_USER;
REVOKE UPDATE, TRUNCATE ON countersign_personal FROM CURRENT_USER;
