//! A batch that a thread of its own drafts while the store writes what was drafted so far. What the draft asks the store
//! for, who was unfrozen, it asks while nobody else can write: that is rare, and a few reads.

use std::mem::take;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Mutex, Once, PoisonError};
use std::thread;

use countersign_core::hash::Hash;
use countersign_core::merkle::NodeId;
use countersign_core::seal::Record;
use countersign_store::{Batch, Head, Loaded, Made, Making, Store, StoreError};

use crate::draft::{Desk, Draft, Settled};
use crate::ticket::{Outcome, Task};

/// Fewer tasks are drafted before a thread is there for them.
const WORTH_IT: usize = 16;
/// Tasks whose entries are handed on together.
const PIECE: usize = 8;
/// That a thread could not be had is told once.
static TOLD: Once = Once::new();
/// So many in a row, before it is done on trial again after one was taken back.
const UNDISTURBED: u32 = 16;

/// Whether batches are written while they are drafted.
#[derive(Debug)]
pub(crate) struct Overlap {
    /// Whether there are cores for it, and the store can.
    is_possible: bool,
    /// Batches in a row of which nothing was taken back.
    undisturbed: u32,
}

impl Overlap {
    pub(crate) fn new(store: &dyn Store) -> Self {
        let has_cores = thread::available_parallelism().is_ok_and(|cores| cores.get() > 1);
        Self { is_possible: has_cores && store.writes_while_made(), undisturbed: UNDISTURBED }
    }

    /// Whether it pays for so many tasks.
    pub(crate) fn pays(&self, tasks: usize) -> bool {
        self.is_possible && tasks >= WORTH_IT
    }

    /// Whether it pays though a batch of which something is refused will be taken back: only while nothing is.
    pub(crate) fn pays_on_trial(&self, tasks: usize) -> bool {
        self.pays(tasks) && self.undisturbed >= UNDISTURBED
    }

    /// Takes note of whether a batch that might be taken back was written.
    pub(crate) fn note(&mut self, was_written: bool) {
        self.undisturbed = if was_written { self.undisturbed.saturating_add(1) } else { 0 };
    }
}

/// Drafts tasks, and has the store write meanwhile what was drafted: whether it was written, to its end. Nothing is
/// where the whole of it is not `is_good`.
pub(crate) fn write_while_drafting(
    store: &dyn Store,
    tasks: &[&Task],
    loaded: Loaded,
    desk: Desk<'_>,
    is_good: fn(&Settled) -> bool,
) -> (Result<bool, StoreError>, Settled) {
    let (give, pieces) = channel();
    let (head, entries, nodes) = (loaded.head.clone(), Vec::new(), Vec::new());
    let mut underway = Underway { head, pieces, entries, nodes, given: (0, 0), whole: None, is_good };
    let mut drafting = Drafting { draft: Draft::on(loaded, desk), outcomes: Vec::with_capacity(tasks.len()), give };
    // With these the store has something to do until the thread has started.
    let (first, rest) = tasks.split_at(PIECE.min(tasks.len()));
    drafting.carry_out(first);
    let drafting = Mutex::new(Some(drafting));
    let go_on = || {
        let drafting = drafting.lock().unwrap_or_else(PoisonError::into_inner).take();
        drafting.into_iter().for_each(|drafting| drafting.complete(rest));
    };
    let written = thread::scope(|scope| {
        let thread = thread::Builder::new().name("drafting".to_owned());
        if let Err(error) = thread.spawn_scoped(scope, go_on) {
            TOLD.call_once(|| log::warn!("there is no thread to draft batches on, which go on without: {error}"));
            go_on();
        }
        store.commit_while_made(&mut underway)
    });
    underway.complete();
    (written, underway.whole.expect("a draft that panicked has ended the scope"))
}

enum Piece {
    Next(Vec<Record>, Vec<(NodeId, Hash)>),
    /// All but entries and nodes.
    Whole(Box<Settled>),
}

struct Drafting<'a> {
    draft: Draft<'a>,
    outcomes: Vec<Outcome>,
    /// It is taken to the end, whatever the store does.
    give: Sender<Piece>,
}

impl Drafting<'_> {
    fn carry_out(&mut self, tasks: &[&Task]) {
        self.outcomes.extend(tasks.iter().map(|task| self.draft.carry_out(task)));
        let (entries, nodes) = self.draft.take_made();
        let _ = self.give.send(Piece::Next(entries, nodes));
    }

    /// The rest of the tasks, and the end.
    fn complete(mut self, rest: &[&Task]) {
        rest.chunks(PIECE).for_each(|tasks| self.carry_out(tasks));
        let _ = self.give.send(Piece::Whole(Box::new((self.draft.finish(), self.outcomes))));
    }
}

#[derive(Debug)]
struct Underway {
    head: Head,
    pieces: Receiver<Piece>,
    entries: Vec<Record>,
    nodes: Vec<(NodeId, Hash)>,
    /// How many there were before the last piece.
    given: (usize, usize),
    whole: Option<Settled>,
    is_good: fn(&Settled) -> bool,
}

impl Making for Underway {
    fn head(&self) -> &Head {
        &self.head
    }

    fn more(&mut self) -> bool {
        while let Ok(piece) = self.pieces.recv() {
            match piece {
                Piece::Next(entries, nodes) => {
                    self.given = (self.entries.len(), self.nodes.len());
                    self.entries.extend(entries);
                    self.nodes.extend(nodes);
                    if self.entries.len() > self.given.0 {
                        return true;
                    }
                }
                Piece::Whole(settled) => {
                    let (mut drafted, outcomes) = *settled;
                    (drafted.batch.entries, drafted.batch.nodes) = (take(&mut self.entries), take(&mut self.nodes));
                    self.whole = Some((drafted, outcomes));
                }
            }
        }
        false
    }

    fn made(&self) -> Made<'_> {
        (&self.entries[self.given.0..], &self.nodes[self.given.1..])
    }

    fn batch(&mut self) -> Option<&Batch> {
        self.complete();
        self.whole.as_ref().filter(|settled| (self.is_good)(settled)).map(|(drafted, _)| &drafted.batch)
    }
}

impl Underway {
    /// Takes what is left, which a store that failed did not ask for.
    fn complete(&mut self) {
        while self.more() {}
    }
}
