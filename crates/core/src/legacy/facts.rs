//! What the first reading keeps of every entry of format 1: 96 bytes, enough to follow its links.

use std::collections::BTreeSet;

use serde::de::IgnoredAny;

use super::amounts::{self, Sum};
use super::document::{Document, key};
use super::framing::{Layout, bson_documents};
use crate::export::strict::Fault;
use crate::grammar;
use crate::hash::{Batch, Hash, TOGETHER};
use crate::limits::{MAX_FINDINGS, MAX_LINE, MAX_RUNS};
use crate::segment::{FirstFew, lines_of};
use crate::survey::Surveying;

/// Facts that are stored together: they grow without being copied.
const CHUNK: usize = 4096;
/// Most names of keys that are kept, though the original ledger does not know them.
const MAX_NAMES: usize = 100;
/// Longest such name that is kept whole, in characters.
const MAX_NAME: usize = 64;

/// Most hashes that are kept of what is no entry, which as an entry held two.
const MAX_HASHES: usize = 8;

/// What is known of an entry. Combined in [`Fact::flags`].
pub(super) mod flag {
    /// `previous_hash` is `0`: the first entry of a ledger.
    pub(in crate::legacy) const GENESIS: u32 = 1;
    /// `previous_hash` is neither `0` nor a hash.
    pub(in crate::legacy) const NO_PREVIOUS: u32 = 1 << 1;
    /// `current_hash` is no hash.
    pub(in crate::legacy) const NO_CURRENT: u32 = 1 << 2;
    /// The content does not give `current_hash`, or a hashed value is missing or of another type.
    pub(in crate::legacy) const CONTENT_DIFFERS: u32 = 1 << 3;
    /// gross ≠ tax + net.
    pub(in crate::legacy) const AMOUNT_DIFFERS: u32 = 1 << 4;
    /// An amount has more digits than are computed with; which, is in [`BEYOND_SHIFT`].
    pub(in crate::legacy) const BEYOND: u32 = 1 << 5;
    /// `transaction_id` is no UUID, and `id` part of its hash.
    pub(in crate::legacy) const ID_HASHED: u32 = 1 << 6;
    /// There is no `transaction_id`.
    pub(in crate::legacy) const NO_ID: u32 = 1 << 7;
    /// Where the number of the amount stands.
    pub(in crate::legacy) const BEYOND_SHIFT: u32 = 8;
    /// `createdAt` is no date.
    pub(in crate::legacy) const NO_TIME: u32 = 1 << 10;
}

/// An entry, so far as the order of the ledger and its sums need it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Fact {
    pub(super) previous: Hash,
    pub(super) current: Hash,
    /// The two halves of `transaction_id`.
    id: [u64; 2],
    pub(super) time_ms: i64,
    /// Line, element or document, from 1.
    pub(super) line: u32,
    flags: u32,
}

impl Fact {
    /// Of a document; its content counts as right until it has been hashed.
    fn of(document: &Document<'_>, line: u32) -> Self {
        let mut flags = 0;
        let hash = |i: usize| document.text(i).and_then(Hash::parse);
        let previous = match document.text(key::PREVIOUS_HASH) {
            Some("0") => {
                flags |= flag::GENESIS;
                None
            }
            _ => {
                let hash = hash(key::PREVIOUS_HASH);
                flags |= if hash.is_none() { flag::NO_PREVIOUS } else { 0 };
                hash
            }
        };
        let current = hash(key::CURRENT_HASH);
        flags |= if current.is_none() { flag::NO_CURRENT | flag::CONTENT_DIFFERS } else { 0 };
        let id = match document.text(key::TRANSACTION_ID) {
            None => {
                flags |= flag::NO_ID;
                0
            }
            Some(text) => grammar::uuid(text).unwrap_or_else(|| {
                flags |= flag::ID_HASHED;
                u128::from_be_bytes(*Hash::of(text.as_bytes()).0.first_chunk().unwrap_or(&[0; 16]))
            }),
        };
        let time_ms = document.time().map_or_else(
            || {
                flags |= flag::NO_TIME;
                0
            },
            |time| time.millis(),
        );
        Self {
            previous: previous.unwrap_or_default(),
            current: current.unwrap_or_default(),
            id: halves(id),
            time_ms,
            line,
            flags,
        }
        .with_sum(document)
    }

    fn with_sum(mut self, document: &Document<'_>) -> Self {
        let amount = |i: usize| document.decimal(i);
        let amounts = [amount(key::AMOUNT_GROSS), amount(key::TAX_WITHHELD), amount(key::AMOUNT_NET)];
        // One that is missing is a change of content, not of sums.
        if let [Some(gross), Some(tax), Some(net)] = amounts {
            self.flags |= match amounts::judge([gross, tax, net]) {
                Sum::Holds => 0,
                Sum::Differs => flag::AMOUNT_DIFFERS,
                Sum::Beyond(which) => flag::BEYOND | number(which) << flag::BEYOND_SHIFT,
            };
        }
        self
    }

    pub(super) fn is(&self, flag: u32) -> bool {
        self.flags & flag != 0
    }

    /// Whether nothing at all is wrong with it by itself.
    pub(super) fn is_right(&self) -> bool {
        self.flags & !(flag::GENESIS | flag::ID_HASHED) == 0
    }

    /// Whether its content gives its `current_hash`.
    pub(super) fn is_vouched(&self) -> bool {
        !self.is(flag::CONTENT_DIFFERS)
    }

    pub(super) fn id(&self) -> u128 {
        u128::from(self.id[0]) << 64 | u128::from(self.id[1])
    }

    /// Its id, and whether that is the hash of one: no UUID is taken for one that has its hash.
    pub(super) fn id_key(&self) -> (u128, bool) {
        (self.id(), self.is(flag::ID_HASHED))
    }

    /// Which of gross, tax and net has too many digits.
    pub(super) fn beyond(&self) -> Option<usize> {
        self.is(flag::BEYOND).then_some((self.flags >> flag::BEYOND_SHIFT) as usize)
    }
}

#[expect(clippy::cast_possible_truncation, reason = "two halves of one number")]
const fn halves(id: u128) -> [u64; 2] {
    [(id >> 64) as u64, id as u64]
}

/// The facts of many entries, in the order of the file.
#[derive(Debug, Default)]
pub(super) struct Facts {
    chunks: Vec<Vec<Fact>>,
}

impl Facts {
    pub(super) fn len(&self) -> usize {
        self.chunks.last().map_or(0, |last| (self.chunks.len() - 1) * CHUNK + last.len())
    }

    pub(super) fn get(&self, i: usize) -> &Fact {
        &self.chunks[i / CHUNK][i % CHUNK]
    }

    /// By its number, where there is such an entry.
    pub(super) fn at(&self, i: u32) -> Option<&Fact> {
        self.chunks.get(i as usize / CHUNK)?.get(i as usize % CHUNK)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Fact> {
        self.chunks.iter().flatten()
    }

    fn push(&mut self, fact: Fact) {
        match self.chunks.last_mut().filter(|chunk| chunk.len() < CHUNK) {
            Some(chunk) => chunk.push(fact),
            None => {
                let mut chunk = Vec::with_capacity(CHUNK);
                chunk.push(fact);
                self.chunks.push(chunk);
            }
        }
    }

    fn flag(&mut self, i: usize, flag: u32) {
        self.chunks[i / CHUNK][i % CHUNK].flags |= flag;
    }
}

/// Something that is no entry.
#[derive(Clone, Debug)]
pub(super) struct Malformed {
    /// Line, element or document, from 1.
    pub(super) line: u64,
    pub(super) fault: Fault,
    /// It holds a hash, as every entry does, so that it can stand for one.
    pub(super) holds_hash: bool,
    /// The first few hashes in it, one of which the entry after it can name.
    pub(super) hashes: Vec<Hash>,
    /// It is JSON to its last byte, and not whole: as it is where the file was cut within it.
    pub(super) breaks_off: bool,
}

/// What a run of documents amounts to.
#[derive(Debug, Default)]
pub(super) struct Gathered {
    /// Lines, elements or documents.
    pub(super) lines: u64,
    pub(super) facts: Facts,
    /// What the content gives, of entries whose `current_hash` is another: where, and the hash.
    pub(super) contents: FirstFew<(u32, Hash)>,
    /// Those that are no entry.
    pub(super) malformed: FirstFew<Malformed>,
    /// Keys that the original ledger does not know.
    pub(super) extra: BTreeSet<String>,
}

impl Gathered {
    fn add_names(&mut self, names: impl IntoIterator<Item = String>) {
        for mut name in names {
            if let Some((end, _)) = name.char_indices().nth(MAX_NAME) {
                name.truncate(end);
                name.push('…');
            }
            if self.extra.len() < MAX_NAMES {
                self.extra.insert(name);
            }
        }
    }
}

/// Gathers facts from documents, block after block.
#[derive(Debug)]
pub(super) struct Gatherer {
    layout: Layout,
    gathered: Gathered,
    /// That of the entry that is being read.
    preimage: Vec<u8>,
    preimages: Batch,
    digests: Vec<Hash>,
    /// The entries whose preimages wait to be hashed.
    waiting: Vec<usize>,
}

impl Gatherer {
    fn document(&mut self, bytes: &[u8], read: Result<Document<'_>, Fault>) {
        self.gathered.lines += 1;
        let line = self.gathered.lines;
        let no_entry = || Err(Fault::of_line("none of the keys of an entry"));
        let document = match read.and_then(|document| if document.is_entry() { Ok(document) } else { no_entry() }) {
            Ok(document) => document,
            Err(fault) => {
                let layout = self.layout;
                let malformed = || Malformed {
                    line,
                    fault,
                    holds_hash: grammar::holds_hash(bytes),
                    hashes: hashes_in(bytes),
                    breaks_off: layout == Layout::Lines && breaks_off(bytes),
                };
                return self.gathered.malformed.push_with(malformed, MAX_FINDINGS);
            }
        };
        let at = self.gathered.facts.len();
        self.gathered.facts.push(Fact::of(&document, u32::try_from(line).unwrap_or(u32::MAX)));
        if document.wrong_type(false).is_some() {
            self.gathered.facts.flag(at, flag::CONTENT_DIFFERS);
        } else {
            self.preimage.clear();
            document.write_preimage(None, &mut self.preimage);
            self.preimages.push(&self.preimage);
            self.waiting.push(at);
        }
        self.gathered.add_names(document.extra);
        if self.waiting.len() == TOGETHER {
            self.flush();
        }
    }

    fn flush(&mut self) {
        self.preimages.digest_into(&mut self.digests);
        let Gathered { facts, contents, .. } = &mut self.gathered;
        for (&at, digest) in self.waiting.iter().zip(&self.digests) {
            let fact = facts.get(at);
            if fact.is(flag::NO_CURRENT) || fact.current != *digest {
                facts.flag(at, flag::CONTENT_DIFFERS);
                contents.push((number(at), *digest), MAX_RUNS);
            }
        }
        self.waiting.clear();
        self.preimages.clear();
    }
}

impl Surveying for Gatherer {
    type Context = Layout;
    type Part = Gathered;
    type Outcome = Gathered;

    fn new(layout: Layout) -> Self {
        let (gathered, preimages) = (Gathered::default(), Batch::default());
        let (preimage, digests) = Default::default();
        Self { layout, gathered, preimage, preimages, digests, waiting: Vec::with_capacity(TOGETHER) }
    }

    fn survey(&mut self, block: &[u8], part: &mut Gathered) {
        std::mem::swap(&mut self.gathered, part);
        match self.layout {
            Layout::Lines => lines_of(block, |line, _| self.document(line, line_document(line))),
            Layout::Bson => bson_documents(block, |bytes| self.document(bytes, Document::of_bson(bytes))),
        }
        self.flush();
        std::mem::swap(&mut self.gathered, part);
    }

    fn fold(total: &mut Gathered, part: &mut Gathered) {
        let next = std::mem::take(part);
        let (lines, entries) = (total.lines, number(total.facts.len()));
        let moved =
            |fact: &Fact| Fact { line: fact.line.saturating_add(u32::try_from(lines).unwrap_or(u32::MAX)), ..*fact };
        next.facts.iter().map(moved).for_each(|fact| total.facts.push(fact));
        total.contents.join(next.contents, MAX_RUNS, |(at, hash)| (at + entries, hash));
        total.malformed.join(next.malformed, MAX_FINDINGS, |one| Malformed { line: one.line + lines, ..one });
        total.add_names(next.extra);
        total.lines += next.lines;
    }

    fn entries(total: &Gathered) -> u64 {
        total.facts.len() as u64
    }
}

/// Reads a line of JSON that is not too long.
pub(super) fn line_document(line: &[u8]) -> Result<Document<'_>, Fault> {
    if line.len() > MAX_LINE {
        return Err(Fault::of_line("longer than 1 MiB"));
    }
    Document::of_json(line)
}

/// The first few hashes that stand in what is no entry.
fn hashes_in(bytes: &[u8]) -> Vec<Hash> {
    let words = bytes.split(|b| !b.is_ascii_alphanumeric()).filter(|word| word.len() == 64);
    words.filter_map(|word| Hash::parse(std::str::from_utf8(word).ok()?)).take(MAX_HASHES).collect()
}

/// Whether a line is the start of a JSON object, but not a whole one. Of one that is too long, only a part is known.
fn breaks_off(line: &[u8]) -> bool {
    if line.len() > MAX_LINE || line.trim_ascii().is_empty() {
        return false;
    }
    // The cut may be within a character.
    let text = String::from_utf8_lossy(line);
    serde_json::from_str::<IgnoredAny>(&text).is_err_and(|e| e.is_eof())
}

/// The number of an entry: [`crate::limits::MAX_LEGACY`] of them fit.
pub(super) fn number(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}
