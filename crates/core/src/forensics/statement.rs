//! What each checkpoint, embedded or kept, can say about an export: FORMAT.md, "A checkpoint counts".

use super::holdings::{Holdings, Kept};
use crate::checkpoint::{Checkpoint, KeyKind, NoteError, SignedNote, Signer};
use crate::export::header::Header;
use crate::hash::Hash;
use crate::limits::MAX_CHECKPOINTS;
use crate::report::CheckpointSource;

/// What follows where the root of a checkpoint is, or is not, that of the entries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Bearing {
    /// It counts, or contradicts the entries.
    Counts,
    /// It cannot count, since no key was given, but it can contradict the entries.
    Accuses,
    /// It covers the entries before the export's, whose root by the export itself is this other one.
    Refuted(Hash),
    /// It covers entries that should be in the export, and are not.
    Truncated,
    /// It is of the ledger by this name.
    OtherLedger(String),
    /// None, for this reason.
    Nothing(String),
}

/// A checkpoint, or what stands in its place.
#[derive(Clone, Debug)]
pub(super) struct Statement {
    pub(super) source: CheckpointSource,
    /// Not read where keys were given and none opens it.
    pub(super) checkpoint: Option<Checkpoint>,
    /// Those of the given keys that signed it.
    pub(super) signers: Vec<Signer>,
    /// By the note alone.
    opened: Bearing,
    /// For this export.
    pub(super) bearing: Bearing,
    /// The note itself, of one that the export holds and a given key opens.
    pub(super) note: Option<String>,
}

impl Statement {
    fn new(source: CheckpointSource, checkpoint: Option<Checkpoint>, signers: Vec<Signer>, opened: Bearing) -> Self {
        let bearing = opened.clone();
        Self { source, checkpoint, signers, opened, bearing, note: None }
    }
}

/// Every checkpoint that an audit knows of.
#[derive(Clone, Debug)]
pub(crate) struct Statements {
    pub(super) all: Vec<Statement>,
    pub(super) holdings: Holdings,
    /// Notes of the trailer past [`MAX_CHECKPOINTS`].
    pub(super) unread: usize,
    /// `seq` of the first entry that the header says the file has.
    pub(super) first_seq: u64,
    /// `seq` of the last entry that the file says it has.
    pub(super) last_seq: u64,
}

impl Statements {
    /// `last_seq` is that of the last entry which the file has, or says it has.
    pub(crate) fn of(header: &Header, embedded: &[String], last_seq: u64, holdings: Holdings) -> Self {
        let read = embedded.iter().take(MAX_CHECKPOINTS).map(|text| self::embedded(text, &holdings));
        let kept = holdings.kept.iter().map(|kept| self::kept(kept, &holdings));
        let all = read.chain(kept).collect();
        let unread = embedded.len().saturating_sub(MAX_CHECKPOINTS);
        Self { all, unread, holdings, first_seq: header.first_seq, last_seq }.within(header, last_seq)
    }

    /// The same, where the last entry is found to be another.
    pub(crate) fn within(mut self, header: &Header, last_seq: u64) -> Self {
        let scope = Scope { header, last_seq };
        for statement in &mut self.all {
            let says_something = !matches!(statement.opened, Bearing::Nothing(_));
            let checkpoint = statement.checkpoint.as_ref().filter(|_| says_something);
            let by_size = checkpoint.and_then(|checkpoint| scope.bearing(checkpoint));
            statement.bearing = by_size.unwrap_or_else(|| statement.opened.clone());
        }
        self.last_seq = last_seq;
        self
    }

    /// Whether a checkpoint says that the file's tail was dropped.
    pub(crate) fn say_truncated(&self) -> bool {
        self.all.iter().any(|statement| statement.bearing == Bearing::Truncated)
    }

    /// Whether a checkpoint covers more than the first `seq` entries.
    pub(super) fn go_beyond(&self, seq: u64) -> bool {
        self.say_truncated() || self.judged().any(|checkpoint| checkpoint.size > seq)
    }

    /// The sizes whose roots are to be recomputed, ascending.
    pub(crate) fn wanted(&self) -> Vec<u64> {
        let mut wanted: Vec<u64> = self.judged().map(|checkpoint| checkpoint.size).collect();
        wanted.sort_unstable();
        wanted.dedup();
        wanted
    }

    pub(super) fn names_another_ledger(&self) -> bool {
        self.all.iter().any(|statement| matches!(statement.bearing, Bearing::OtherLedger(_)))
    }

    /// Whether a checkpoint says that the root at this size is this one.
    pub(super) fn say(&self, size: u64, root: Hash) -> bool {
        self.judged().any(|checkpoint| (checkpoint.size, checkpoint.root) == (size, root))
    }

    /// Those that a recomputed root can meet or contradict.
    pub(super) fn judged(&self) -> impl Iterator<Item = &Checkpoint> {
        let bears = |s: &&Statement| matches!(s.bearing, Bearing::Counts | Bearing::Accuses);
        self.all.iter().filter(bears).filter_map(|s| s.checkpoint.as_ref())
    }
}

/// A note of the trailer.
fn embedded(text: &str, holdings: &Holdings) -> Statement {
    let source = CheckpointSource::Embedded;
    let nothing = |why: String| Statement::new(source, None, Vec::new(), Bearing::Nothing(why));
    let note = match SignedNote::parse(text) {
        Ok(note) => note,
        Err(error) => return nothing(format!("it is no signed note: {error}")),
    };
    let (signers, bearing) = if holdings.keys.is_empty() {
        (Vec::new(), Bearing::Accuses)
    } else {
        match note.open(&holdings.keys) {
            Ok(opened) => (opened.signers().to_vec(), Bearing::Counts),
            Err(error) => return nothing(format!("no key that was given opens it: {error}")),
        }
    };
    let checkpoint = match Checkpoint::parse(note.text()) {
        Ok(checkpoint) => checkpoint,
        Err(error) => return nothing(format!("it is no checkpoint: {error}")),
    };
    let (own, others) = of_ledger(signers, &checkpoint.origin);
    match others.first() {
        Some(other) if own.is_empty() => nothing(format!(
            "it is of the ledger {}, and the key that opens it of another, {}",
            checkpoint.origin,
            other.key.name()
        )),
        _ => {
            let unvouched = (bearing == Bearing::Counts).then(|| holdings.vouch(&own).err()).flatten();
            let note = (!own.is_empty()).then(|| text.to_owned());
            Statement {
                note,
                ..Statement::new(source, Some(checkpoint), own, unvouched.map_or(bearing, Bearing::Nothing))
            }
        }
    }
}

/// Those who may sign for the ledger of this name, and the rest: a ledger's own key has its name, while a
/// witness cosigns any ledger.
fn of_ledger(signers: Vec<Signer>, origin: &str) -> (Vec<Signer>, Vec<Signer>) {
    signers.into_iter().partition(|signer| signer.key.kind() == KeyKind::CosignatureV1 || signer.key.name() == origin)
}

fn kept(kept: &Kept, holdings: &Holdings) -> Statement {
    let (signers, bearing) = match kept.note.open(&holdings.keys) {
        Ok(opened) => (opened.signers().to_vec(), Bearing::Counts),
        // Who is said to have signed it did not.
        Err(error @ NoteError::Invalid { .. }) => (Vec::new(), Bearing::Nothing(error.to_string())),
        Err(_) => (Vec::new(), Bearing::Counts),
    };
    let (signers, _) = of_ledger(signers, &kept.checkpoint.origin);
    Statement::new(CheckpointSource::Kept, Some(kept.checkpoint.clone()), signers, bearing)
}

/// What an export can answer for.
struct Scope<'a> {
    header: &'a Header,
    last_seq: u64,
}

impl Scope<'_> {
    /// What a checkpoint is by its name and size, where its root cannot be one of this export's.
    fn bearing(&self, Checkpoint { origin, size, root, .. }: &Checkpoint) -> Option<Bearing> {
        let (size, first, last) = (*size, self.header.first_seq, self.last_seq);
        let nothing = |why: &str| Some(Bearing::Nothing(why.to_owned()));
        if *origin != self.header.ledger {
            return Some(Bearing::OtherLedger(origin.clone()));
        }
        if size > last {
            return match self.header.last_seq {
                None => Some(Bearing::Truncated),
                Some(_) => nothing("it covers entries after those of this export, which says that it stops early"),
            };
        }
        // Of an empty ledger the checkpoint covers all there is.
        if size == 0 && last > 0 {
            return nothing("it covers no entry");
        }
        if size < first && last > 0 {
            let before =
                self.header.prefix_range().filter(|prefix| prefix.len() == size).and_then(|prefix| prefix.root());
            return match before.filter(|before| before != root) {
                Some(before) => Some(Bearing::Refuted(before)),
                None => nothing("it covers only entries before those of this export"),
            };
        }
        if self.header.prefix_range().is_none() {
            return nothing(
                "the export starts later than the ledger and gives no prefix, so no root can be recomputed",
            );
        }
        None
    }
}
