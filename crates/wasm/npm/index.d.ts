// Types of the package `countersign`, the same for every target.

/// <reference lib="esnext.disposable" />

/** Bytes, in whatever they lie. */
export type Bytes = ArrayBufferLike | ArrayBufferView;

/**
 * What can be audited: the bytes of an export, compressed or not.
 *
 * For evidence pass a File, a Blob or bytes. Of text, in whole or in pieces, `input.bytes` and `input.sha256` are those of
 * its UTF-8, which need not be the file's: whoever decoded it, such as `file.text()`, may have left out a byte order mark,
 * and replaced what is no UTF-8. A stream of Node's that decodes anything but UTF-8 (`setEncoding('latin1')`) is refused.
 */
export type ExportInput = Bytes | string | BlobLike | ResponseLike | ByteStream | AsyncIterable<Bytes | string>;

// What follows is told by what it can do, so that a project needs neither the DOM's types nor Node's.

/** A `Blob` or a `File`, which brings its name. */
export interface BlobLike {
  readonly size: number;
  readonly name?: string;
  slice(start?: number, end?: number): { arrayBuffer(): Promise<ArrayBuffer> };
  arrayBuffer(): Promise<ArrayBuffer>;
}

/** A `ReadableStream` of bytes or texts, of a browser or of `node:stream/web`. */
export interface ByteStream {
  readonly locked: boolean;
  getReader(): {
    read(): Promise<{ done: boolean; value?: Bytes | string | undefined }>;
    cancel(reason?: unknown): Promise<void>;
    releaseLock(): void;
  };
  cancel(reason?: unknown): Promise<void>;
}

/** A `Response` whose body was not read yet, or a `Request`. */
export interface ResponseLike {
  readonly ok?: boolean;
  readonly bodyUsed: boolean;
  readonly body: ByteStream | AsyncIterable<Bytes | string> | null;
  arrayBuffer(): Promise<ArrayBuffer>;
}

/** An `AbortSignal`. */
export interface AbortSignalLike {
  readonly aborted: boolean;
  readonly reason: any;
  throwIfAborted(): void;
  addEventListener(type: 'abort', listener: () => void, options?: { once?: boolean }): void;
  removeEventListener(type: 'abort', listener: () => void): void;
}

/**
 * Where the WebAssembly module is, or what it is: its address as a string or URL (a `file:` one in Node), a Request,
 * a Response or its promise, its bytes, or a compiled WebAssembly.Module.
 */
export type ModuleSource = string | object;

/** What every audit is told. A key that is not among these is refused. */
export interface VerifierOptions {
  /** The input's name, for the report; where left out that of a File, and with null none. */
  name?: string | null;
  /** Whether the input's SHA-256 is computed along the way; true where left out. */
  inputHash?: boolean;
  /**
   * Keys that you trust to sign this ledger's checkpoints, each written `name+hash+base64`. With them only
   * checkpoints that they open count, and an export without one is a finding.
   */
  keys?: readonly string[];
  /**
   * Checkpoints that you kept or got elsewhere, each the text of a signed note, with line ends of any kind. They count
   * because you hold them.
   */
  checkpoints?: readonly string[];
  /** Keys of witnesses, who cosign what they saw, written like `keys`. */
  witnesses?: readonly string[];
  /** How many witnesses must have cosigned for the grade `witnessed`; 0, as where left out, is all, and more than all is refused. */
  witnessQuorum?: number;
  /**
   * How many candidates may be tried in search of what changed entries said before: 4,000,000 where left out, which
   * is a few seconds at most, and 0 for no search.
   */
  recoveryBudget?: number;
  /**
   * What each type is to be taxed, where that is not the format's table, as
   * `{ X_TIP: { rate: 1000, tax_type: 'tips' } }`; entries that are taxed otherwise bring the warning TAX_RATE_DIFFERS.
   * Where left out, X_ types may be taxed at will; by a table that does not name one, it is not taxed.
   */
  taxes?: Readonly<Record<string, Tax>>;
}

/** What is withheld of a type. */
export interface Tax {
  /** In ten-thousandths of gross: 500 is 5 %. */
  rate: number;
  /** The Treasury's bucket. */
  tax_type: string;
}

/** What the audit of a whole input is told beside. */
export interface VerifyOptions extends VerifierOptions {
  /** Called after every chunk and at the end, and awaited. What it throws, or its promise is rejected with, ends the audit. */
  onProgress?: (progress: Progress) => unknown;
  /**
   * Ends the audit: the promise is rejected with the signal's reason, by default an `AbortError`. While originals are
   * searched for, up to some seconds at the end of a broken export, it is not heard; it is after that.
   */
  signal?: AbortSignalLike;
  /** How many bytes are verified between two turns of the event loop; 1 MiB where left out, and 64 KiB of what is compressed. */
  chunkSize?: number;
}

/** How far an audit is. */
export interface Progress {
  /**
   * Which reading of the input this is, from 1. There is a second where something is wrong, or where the
   * trailer has a checkpoint of fewer entries than the export's.
   */
  pass: number;
  /** Bytes of this reading taken, before decompression. */
  bytes: number;
  /** Bytes of a reading; absent for a stream. */
  totalBytes?: number;
  /** Entries checked in this reading; in the last call all of them. */
  entries: number;
}

/**
 * Loads the WebAssembly module. In browsers `await` it once before `Verifier` or `hashEntry` are used;
 * `verifyChainIntegrity` does so by itself. In Node and with bundlers there is nothing left to do.
 *
 * After a `PANIC` it makes a new instance of the module, and so does the next `verifyChainIntegrity`; audits that were
 * under way are lost. `countersign/bundler` has one instance for good: load the page, or start the process, anew.
 *
 * @param source where the module is, if not beside the script
 */
export function init(source?: ModuleSource): Promise<void>;

/**
 * Audits a whole export: links, hashes, money, documents. What is wrong with the export is in the
 * report; the promise is rejected only where it could not be verified at all.
 *
 * An input where something is wrong, or whose trailer has an older checkpoint too, is read twice. What can be read only
 * once (a stream, a Response, an iterable) is kept for that, up to 256 MiB; past it the error is
 * SECOND_READING_IMPOSSIBLE, where a Blob or a File of any size would do. It is this audit's
 * alone from the call on, and a stream is cancelled where the audit ends early, for whatever reason.
 */
export function verifyChainIntegrity(input: ExportInput, options?: VerifyOptions): Promise<Report>;

/** @deprecated The first system's name of {@link verifyChainIntegrity}; logs a warning, once a process. */
export function verifyBlockchain(input: ExportInput, options?: VerifyOptions): Promise<Report>;

/** The audit of an export that arrives in pieces. What was pushed is kept for a second reading, up to 256 MiB. */
export class Verifier {
  constructor(options?: VerifierOptions);
  /** Takes the next bytes, cut anywhere. Where it throws INVALID_ARGUMENT the audit is as it was before. */
  push(chunk: Bytes | string): void;
  /** How far it is. */
  progress(): Progress;
  /** Ends the audit; it can be used no more. */
  finish(): Report;
  /** Gives its memory back, of an audit that is not to be finished; it can be used no more. */
  free(): void;
  /** `free`, for `using`. */
  [Symbol.dispose](): void;
}

/** An entry of format 2, as an object or as its line in an export, hashed. */
export function hashEntry(entry: object | string): EntryHashes;

/** The preimages of an entry and what they hash to: `sha256sum` over a preimage prints its hash. */
export interface EntryHashes {
  /** What the personal block hashes to; null where it is withheld or erased. */
  personal_hash: string | null;
  /** What the entry hashes to. */
  current_hash: string;
  /** What is hashed for `personal_hash`. */
  personal_preimage: string | null;
  /** What is hashed for `current_hash`. */
  preimage: string;
}

/** Stable codes of {@link CountersignError}. */
export type ErrorCode =
  /** The input holds no byte, or nothing but white space. */
  | 'EMPTY'
  /** The input is something else; the message says what was seen. */
  | 'NOT_AN_EXPORT'
  /** The first line breaks the rules of a header. */
  | 'HEADER_NOT_RECOGNISED'
  /** The compressed stream is damaged. */
  | 'STREAM_NOT_DECODED'
  /** One of `checkpoints` is no checkpoint; the message says which, and why. */
  | 'CHECKPOINT_NOT_READABLE'
  /** A named limit was passed, such as the ratio to which gzip may expand. */
  | 'LIMIT_EXCEEDED'
  /** Reading the input failed, or its buffer was transferred meanwhile; `cause` says how, where something was thrown. */
  | 'IO'
  /** The caller passed something that is not allowed. */
  | 'INVALID_ARGUMENT'
  /** `hashEntry` was given no entry of format 2; `field` is the first at fault. */
  | 'MALFORMED_ENTRY'
  /** A second reading is needed, which need not mean that anything is wrong, and more than 256 MiB of a stream have passed. */
  | 'SECOND_READING_IMPOSSIBLE'
  /** A Verifier was used after its end. */
  | 'ALREADY_FINISHED'
  /** The WebAssembly module is not loaded, or could not be. */
  | 'NOT_LOADED'
  /** A fault of this package; `await init()` before going on. */
  | 'PANIC'
  /** A fault of this package. */
  | 'INTERNAL';

/** Why something could not be done. An aborted audit is rejected with the signal's reason instead. */
export class CountersignError extends Error {
  constructor(code: ErrorCode, message: string, details?: { cause?: unknown; field?: string });
  readonly name: 'CountersignError';
  readonly code: ErrorCode;
  /** For MALFORMED_ENTRY, where one field is at fault. */
  readonly field?: string;
}

/** A value of JSON, as a file has it; an integer beyond 2^53 − 1, which a number would round, as a string of its digits. */
export type JsonValue = null | boolean | number | string | JsonValue[] | { [key: string]: JsonValue };

/** How far the report may be trusted, from the weakest. Never one green tick. */
export type TrustGrade =
  /** At least one finding. */
  | 'broken'
  /** Nothing to vouch for: the export holds no entry. */
  | 'empty'
  /** The file agrees with itself: anyone who could write the database could have made it so. */
  | 'consistent'
  /** A checkpoint by a key that you trust covers every entry. */
  | 'signed'
  /** A checkpoint covers every entry, and the entries extend one that you kept. */
  | 'anchored'
  /** Of a checkpoint that covers every entry, as many witnesses as you asked for say that they saw it. */
  | 'witnessed';

/** An audit's result. `valid` is true exactly where `findings` is empty. */
export interface Report {
  /** No finding. */
  valid: boolean;
  /** Of the first finding. */
  error_type?: ErrorType;
  /** The verdict in one sentence. */
  message: string;
  /** The format of the export. */
  format: 1 | 2;
  /** The ledger's name as the export states it; format 1 states none. */
  ledger: string | null;
  /** What the verdict is worth. */
  trust_grade: TrustGrade;
  /** Of the first finding that shows an entry. */
  corrupted_transaction?: CorruptedTransaction;
  /** Of the first finding, where links disagree. */
  hash_mismatch_details?: HashMismatch;
  /** Of the first finding, where an entry's content disagrees with its hash. */
  hash_integrity_failure?: HashIntegrityFailure;
  /** The entry before that of the first finding. */
  previous_transaction?: PreviousTransaction;
  /** How many entries stand before the first finding. */
  transactions_verified_before_failure?: number;
  /** How many entries the file holds. */
  total_transactions: number;
  /** Wall time of the whole audit, in milliseconds; of a Verifier without the time between its calls. */
  verification_time_ms: number;
  /** Speed of the audit. */
  performance: Performance;
  /** The first entry; null where there is none. */
  first_transaction: EntryPlace | null;
  /** The last entry; null where there is none. */
  last_transaction: EntryPlace | null;
  /** When the audit ended, in UTC. */
  verified_at?: string;
  /** When to audit again, where nothing was found: a day later. */
  next_recommended_check?: string;
  /** Of the first finding. */
  security_recommendation?: string;
  /**
   * In order of their place in the file, those about the whole file last: the first of each type, and of the rest the
   * first, 1,000 in all.
   */
  findings: Finding[];
  /** How many there are. */
  findings_total: number;
  /** How many there are of each type, also of those that are not listed. */
  findings_by_type: Partial<Record<ErrorType, number>>;
  /** What is no breach and yet worth knowing; 1,000 at most, chosen as findings are. */
  warnings: Warning[];
  /** How many there are. */
  warnings_total: number;
  /** What was checked, what was not, and why. */
  coverage: Coverage;
  /** The file. */
  input: Input;
  /** `current_hash` of the last entry, 64 hex; the genesis hash of an empty ledger. */
  head: string | null;
  /** RFC 6962 root over the entries, 64 hex. Format 2 only; absent where it cannot be computed. */
  root?: string;
  /** Every checkpoint of the export's trailer, and every one that you kept. Format 1 has none. */
  checkpoints: CheckpointView[];
  /** The earliest signed time of a checkpoint that counts and covers every entry. */
  signed_at?: string;
}

/** A checkpoint, and what it is worth for this export. Where keys were given, what a note says that none of them opens is not shown. */
export interface CheckpointView {
  /** Where it came from: the export's trailer, or you. */
  source: 'embedded' | 'kept';
  /** The ledger that it names. */
  origin: string | null;
  /** How many entries it covers. */
  size: number | null;
  /** Their RFC 6962 root by it, 64 hex. */
  root: string | null;
  /** Those of your keys whose signatures verify. */
  signed_by: SignedBy[];
  /** Whether it counts. */
  counts: boolean;
  /** Whether its root is another than that of the entries, which were rewritten if it is this ledger's. */
  contradicts: boolean;
  /** Why it does not count. */
  why?: string;
  /** The signed note, to be kept for the next audit: that of the largest in the export that counts. */
  note?: string;
}

/** A key whose signature verifies. */
export interface SignedBy {
  /** The key's name. */
  name: string;
  /** The key, `name+hash+base64`. */
  key: string;
  /** Whether you gave it as a witness's. */
  witness: boolean;
  /** The time that it signed, for `cosignature/v1`. */
  signed_at?: string;
}

/** Speed of an audit. */
export interface Performance {
  /** Entries per second, rounded. */
  transactions_per_second: number;
  /** Milliseconds for one entry, with four decimals. */
  average_time_per_transaction_ms: string;
}

/** Which entry, and when. */
export interface EntryPlace {
  /** `transaction_id`. */
  id: string;
  /** `created_at`. */
  timestamp: string;
}

/** The file that was audited. */
export interface Input {
  /** As the caller names it. */
  name: string | null;
  /** Its size as it was read, before decompression. */
  bytes: number;
  /** SHA-256 of these bytes, 64 hex; null until computed. */
  sha256: string | null;
}

/** What was checked, and what was not. */
export interface Coverage {
  /** Each a phrase. */
  checked: string[];
  /** Each with its reason. */
  not_checked: NotChecked[];
}

/** A check that was not made. */
export interface NotChecked {
  /** The check. */
  what: string;
  /** Why it was not, or cannot be, made. */
  why: string;
}

/** The kinds of finding; FORMAT.md's table says when each stands. */
export type ErrorType =
  | 'HASH_CHAIN_BROKEN'
  | 'TRANSACTION_TAMPERED'
  | 'MALFORMED_LINE'
  | 'EXPORT_TRUNCATED'
  | 'TRAILER_MISMATCH'
  | 'GENESIS_MISMATCH'
  | 'CHECKPOINT_MISMATCH'
  | 'CHECKPOINT_UNTRUSTED'
  | 'AMOUNT_MISMATCH'
  | 'TYPE_RULE_BROKEN'
  | 'BALANCE_NEGATIVE'
  | 'TREASURY_NEGATIVE'
  | 'FROZEN_ACCOUNT_MOVED'
  | 'DUPLICATE_TRANSACTION_ID'
  | 'REFUND_UNMATCHED'
  | 'REFUND_EXCEEDS'
  | 'PERSONAL_REMOVED'
  | 'DOCUMENT_MISMATCH';

/** What broke the chain. */
export type Cause =
  | 'MISSING'
  | 'INSERTED'
  | 'REORDERED'
  | 'DUPLICATED'
  | 'RELINKED'
  | 'FORKED'
  | 'UNKNOWN';

/** One act found. Keys that do not apply are left out. */
export interface Finding {
  /** Its kind. */
  error_type: ErrorType;
  /** One sentence for a person. */
  message: string;
  /** Line in the (decompressed) file, from 1; for BSON and arrays the number of the document. */
  line?: number;
  /** Place among the file's entries, from 0. */
  index?: number;
  /** The genuine `seq`. */
  seq?: number;
  /** As the file has it. */
  transaction_id?: string;
  /** What should stand there. */
  expected?: JsonValue;
  /** What stands there. */
  found?: JsonValue;
  /** What broke the chain, for HASH_CHAIN_BROKEN. */
  cause?: Cause;
  /** The entries that are gone. */
  missing?: MissingRange;
  /** Entries not in their place, ascending. */
  seqs?: number[];
  /** How many entries were put in, or had their numbers moved alike. */
  count?: number;
  /** Fields whose original value is proven, in key order; for TRANSACTION_TAMPERED always there. */
  modified_fields?: ModifiedField[];
  /** Where nothing is proven. */
  possibly_modified_fields?: string[];
  /** The field that breaks its grammar. */
  field?: string;
  /** Why a line is malformed. */
  reason?: string;
  /** The rule that is broken. */
  rule?: string;
  /** The account concerned. */
  account?: string;
  /** The currency concerned. */
  currency?: string;
  /** The Treasury's bucket concerned. */
  tax_type?: string;
  /** How many entries the checkpoint concerned covers. */
  size?: number;
  /** The entry as the file shows it. */
  corrupted_transaction?: CorruptedTransaction;
  /** For HASH_CHAIN_BROKEN. */
  hash_mismatch_details?: HashMismatch;
  /** For TRANSACTION_TAMPERED. */
  hash_integrity_failure?: HashIntegrityFailure;
  /** The entry before it in the file. */
  previous_transaction?: PreviousTransaction;
  /** What to do now. */
  security_recommendation: string;
}

/** A run of `seq` that is not in the file. */
export interface MissingRange {
  /** The first that is gone. */
  first_seq: number;
  /** The last that is gone. */
  last_seq: number;
}

/** A field whose original hashes to the genuine hash. */
export interface ModifiedField {
  /** Its key. */
  field: string;
  /** What stands there. */
  found: JsonValue;
  /** What stood there. */
  original: JsonValue;
  /** Always true: a candidate that hashes to the genuine hash is proof. */
  proven: true;
}

/** The entry of a finding, in one of the first system's two shapes. */
export type CorruptedTransaction = LinkView | ContentView;

/** An entry where a link broke. */
export interface LinkView {
  /** `transaction_id`. */
  transaction_id: string | null;
  /** Place among the file's entries, from 0. */
  index: number;
  /** Username where shown, else the id. */
  sender: string | null;
  /** Username where shown, else the id. */
  receiver: string | null;
  /** `sender_id`. */
  sender_id: string | null;
  /** `receiver_id`. */
  receiver_id: string | null;
  /** `amount_gross`. */
  amount: string | null;
  /** `currency`. */
  currency: string | null;
  /** `type`. */
  type: string | null;
  /** `created_at`. */
  timestamp: string | null;
  /** What the entry names. */
  stored_previous_hash: string | null;
  /** What it should name. */
  expected_previous_hash: string | null;
}

/** An entry whose content is in question. Withheld values are null. */
export interface ContentView {
  /** `transaction_id`. */
  transaction_id: string | null;
  /** Place among the file's entries, from 0. */
  index: number;
  /** Username where shown, else the id. */
  sender: string | null;
  /** Username where shown, else the id. */
  receiver: string | null;
  /** `sender_id`. */
  sender_id: string | null;
  /** `receiver_id`. */
  receiver_id: string | null;
  /** `amount_gross`. */
  amount_gross: string | null;
  /** `tax_withheld`. */
  tax_withheld: string | null;
  /** `amount_net`. */
  amount_net: string | null;
  /** `currency`. */
  currency: string | null;
  /** `type`. */
  type: string | null;
  /** `created_at`. */
  timestamp: string | null;
  /** From the personal block. */
  ip_address: string | null;
  /** From the personal block. */
  user_agent: string | null;
}

/** A link that does not hold. */
export interface HashMismatch {
  /** The hash that the entry should name. */
  expected: string | null;
  /** The hash that it names. */
  actual: string | null;
  /** In a sentence. */
  difference: string;
}

/** Content that does not give its hash. */
export interface HashIntegrityFailure {
  /** The genuine hash: of the entry, or of its personal block where only that disagrees. */
  stored_hash: string | null;
  /** What the content gives. */
  computed_hash: string | null;
  /** In a sentence. */
  difference: string;
  /** Fields that may have been changed; empty where the original is proven. */
  possibly_modified_fields: string[];
}

/** The neighbour before a corrupted entry. */
export interface PreviousTransaction {
  /** `transaction_id`. */
  transaction_id: string | null;
  /** `current_hash`. */
  current_hash: string | null;
}

/** The kinds of warning. */
export type WarningType =
  | 'TIMESTAMP_OUT_OF_ORDER'
  | 'UNSIGNED_TAIL'
  | 'TAX_RATE_DIFFERS'
  | 'DOCUMENT_MISSING'
  | 'ERASURE_NOT_DONE'
  | 'PERSONAL_WITHHELD'
  | 'PARTIAL_EXPORT'
  | 'UNPROTECTED_FIELDS'
  | 'ORDER_RECOVERED';

/** No breach, and yet worth knowing. */
export interface Warning {
  /** Its kind. */
  warning_type: WarningType;
  /** One sentence for a person. */
  message: string;
  /** Line in the (decompressed) file, from 1. */
  line?: number;
  /** The entry's `seq`. */
  seq?: number;
  /** The entry's id. */
  transaction_id?: string;
  /** The account concerned. */
  account?: string;
  /** How many entries are concerned. */
  count?: number;
  /** What would be expected. */
  expected?: JsonValue;
  /** What stands there. */
  found?: JsonValue;
  /** The fields that no hash covers. */
  fields?: string[];
}
