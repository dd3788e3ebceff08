//! The one thread of a process that writes: it takes what waits, settles it on what is known or else on what one load
//! brought (a large batch by a second thread: [`crate::making`]), writes it in one commit, and then tells everybody.
//!
//! What was written is taken into what is known once everybody has his answer: who asks again meanwhile loses no time by
//! it.
//!
//! What is known is confirmed by the commit; what that does not hold, such as an account whose order is refused, by a
//! load. Nobody is told what rests on neither.
//!
//! A batch that met another writer or a busy database is settled again from what is there then. Of a commit
//! whose connection was lost it is not known whether it was written: before the batch is settled again, the
//! ledger is asked for it, so that nothing is paid twice.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant};

use backon::{BackoffBuilder as _, ExponentialBuilder};
use countersign_core::books::{Account, Books};
use countersign_core::timestamp::Timestamp;
use countersign_store::{Batch, Head, Loaded, MAX_FORGOTTEN, Store, StoreError, Wanted};

use crate::config::{Config, Retry};
use crate::draft::{Desk, Draft, Drafted, Settled};
use crate::error::EngineError;
use crate::footing::Footing;
use crate::known::Known;
use crate::making::{Overlap, write_while_drafting};
use crate::notary::Notary;
use crate::shared::Shared;
use crate::shield::velocity::{AHEAD_MS, Sent, Windows};
use crate::stamps::Stamps;
use crate::ticket::{Answered, Outcome, Task, Ticket};
use crate::wanted::wanted;

/// Most tasks in one batch.
pub const MAX_BATCH: usize = 512;
/// As many tasks as the last batch had are waited for: who was answered just now asks again in a moment, and
/// one commit for all is better than one for the first of them. It is worth a part of what a commit takes.
const LINGER_PART: u32 = 4;
/// No longer than this.
const LONGEST_LINGER: Duration = Duration::from_millis(2);
/// A batch that is tried for longer is told in the log: whoever waits for it may have gone by then.
const LONG: Duration = Duration::from_secs(2);
/// How often answers that are old enough are forgotten.
const FORGET_EVERY: Duration = Duration::from_secs(3600);
const DAY_MS: i64 = 86_400_000;

/// The one that writes.
#[derive(Debug)]
pub(crate) struct Sequencer {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) config: Arc<Config>,
    pub(crate) shared: Arc<Shared>,
    pub(crate) stamps: Box<dyn Stamps>,
    pub(crate) notary: Notary,
    pub(crate) known: Known,
    pub(crate) windows: Windows,
    pub(crate) overlap: Overlap,
    /// What was written and is not known yet.
    pub(crate) written: Option<Written>,
    pub(crate) forget_at: Instant,
    /// What time the ledger said it was when this process first read it, and when that was.
    pub(crate) found: (Timestamp, Instant),
    pub(crate) linger: Duration,
    /// Whether the ledger's time was ahead of the clock when that was last looked at.
    pub(crate) is_ahead: bool,
}

/// A batch that was written, and what it was made on.
#[derive(Debug)]
pub(crate) struct Written {
    batch: Batch,
    books: Books,
    sent: Sent,
    now: Timestamp,
}

/// Of a commit whose connection was lost: what would be there, and what would be answered.
struct Lost {
    mark: Mark,
    outcomes: Vec<Outcome>,
}

/// By what a batch is known again.
enum Mark {
    /// Its first entry.
    Entry(String),
    /// An account that it opened, and when.
    Account(String, Timestamp),
    /// Nothing; to do it again changes nothing.
    None,
}

impl Sequencer {
    /// Runs until the queue is closed and empty.
    pub(crate) fn run(mut self) {
        let mut tickets = Vec::with_capacity(MAX_BATCH);
        let mut expected = 1;
        loop {
            let deadline = self.next_chore();
            if !self.shared.queue.take(MAX_BATCH, expected, self.linger, deadline, &mut tickets) {
                return;
            }
            if !tickets.is_empty() {
                expected = tickets.len();
                self.work_off(&mut tickets);
            }
            self.do_chores();
        }
    }

    fn work_off(&mut self, tickets: &mut Vec<Ticket>) {
        let outcomes = self.carry_out_all(tickets);
        self.shared.count(&outcomes);
        for (ticket, outcome) in tickets.iter_mut().zip(outcomes) {
            // What a caller does with his answer must not keep others from theirs.
            if catch_unwind(AssertUnwindSafe(|| ticket.answer(outcome))).is_err() {
                log::error!("a caller failed on his answer");
            }
        }
        self.learn_written();
        tickets.clear();
    }

    /// All at once; and in halves where what one of them names cannot be read: that is not to spoil the others. Where a
    /// commit or a checkpoint met damage, nothing of it is written, and all are told.
    fn carry_out_all(&mut self, tickets: &[Ticket]) -> Vec<Outcome> {
        match self.carry_out(tickets) {
            Ok(outcomes) => outcomes,
            Err(EngineError::Store(StoreError::Damaged(why)))
                if tickets.len() > 1 && self.is_spoiled_by_one(tickets) =>
            {
                log::error!("{} orders are carried out apart, since one names what is damaged: {why}", tickets.len());
                let (first, rest) = tickets.split_at(tickets.len() / 2);
                let first = self.carry_out_all(first);
                first.into_iter().chain(self.carry_out_all(rest)).collect()
            }
            Err(error) => vec![Err(error); tickets.len()],
        }
    }

    /// Whether it is what these name that cannot be read, and the ledger bears a batch that names nothing.
    fn is_spoiled_by_one(&mut self, tickets: &[Ticket]) -> bool {
        matches!(self.load(tickets), Err(StoreError::Damaged(_)))
            && self.load(&[]).is_ok_and(|loaded| Footing::find(&*self.store, &loaded.head).is_ok())
    }

    /// Tries until it is done, or no further try is right.
    fn carry_out(&mut self, tickets: &[Ticket]) -> Result<Vec<Outcome>, EngineError> {
        let mut pauses = backoff(&self.config.retry).build();
        let (mut lost, mut attempts, mut is_told) = (Vec::new(), 1, false);
        let began = Instant::now();
        loop {
            let error = match self.attempt(tickets, &mut lost) {
                Ok(outcomes) => return Ok(outcomes),
                Err(error) => error,
            };
            self.forget();
            let is_over = !is_worth_another_try(&error);
            if is_over && lost.is_empty() {
                return Err(EngineError::Store(error));
            }
            let pause = pauses.next().filter(|_| !is_over);
            self.shared.count_failed_try(&error, pause.is_some());
            let Some(pause) = pause else { return Err(EngineError::GaveUp { attempts, last: known_of(&lost, error) }) };
            if !is_told && began.elapsed() >= LONG {
                is_told = true;
                let (orders, seconds) = (tickets.len(), began.elapsed().as_secs());
                log::warn!("a batch of {orders} has been tried for {seconds} s, and is tried again: {error}");
            }
            std::thread::sleep(pause);
            attempts += 1;
        }
    }

    /// Takes what was written last into what is known.
    fn learn_written(&mut self) {
        let Some(Written { batch, books, sent, now }) = self.written.take() else { return };
        let opened = batch.opened.iter().filter(|_| self.config.shield.velocity.enabled);
        self.windows.commit(batch.head.version + 1, opened.map(|account| account.id.as_str()), sent, now);
        self.known.commit(batch, books);
    }

    fn forget(&mut self) {
        self.known.forget();
        self.windows.forget();
    }

    fn attempt(&mut self, tickets: &[Ticket], lost: &mut Vec<Lost>) -> Result<Vec<Outcome>, StoreError> {
        self.learn_written();
        if let Some(outcomes) = self.settle_on_known(tickets, lost)? {
            return Ok(outcomes);
        }
        let loaded = self.load(tickets)?;
        for pending in lost.iter_mut() {
            if self.was_written(&pending.mark, &loaded)? {
                self.forget();
                return Ok(std::mem::take(&mut pending.outcomes));
            }
        }
        let (written, settled) = self.settle_and_write(tickets, loaded, true);
        match written {
            Ok(Some(took)) => Ok(self.conclude(settled, took)),
            Ok(None) => {
                let (Drafted { batch, books, .. }, outcomes) = settled;
                self.known.keep(batch.head, books);
                Ok(outcomes)
            }
            Err(error) => Err(lost_or(error, settled, is_something, lost)),
        }
    }

    /// What the tasks come to without a load, where all that they need is known and a commit confirms it.
    fn settle_on_known(
        &mut self,
        tickets: &[Ticket],
        lost: &mut Vec<Lost>,
    ) -> Result<Option<Vec<Outcome>>, StoreError> {
        // Nothing is signed that may turn out to be stale.
        let now = self.now();
        if self.will_vouch(tickets.len(), now) {
            return Ok(None);
        }
        // Nor is anything built on less than was verified.
        if self.notary.voucher().is_some_and(|voucher| voucher.verified_entries() > self.seq()) {
            return Ok(None);
        }
        let wanted = self.wanted(tickets, &self.known);
        let Some(known) = self.known.take(&wanted) else { return Ok(None) };
        self.compare_clocks(&known.head, now);
        let (written, settled) = self.settle_and_write(tickets, known, false);
        self.overlap.note(matches!(written, Ok(Some(_))));
        match written {
            Ok(Some(took)) => Ok(Some(self.conclude(settled, took))),
            Ok(None) => {
                // What is refused is told once it was read again.
                let (Drafted { batch, books, .. }, _) = settled;
                self.known.put_back(batch.basis, books);
                Ok(None)
            }
            Err(error @ StoreError::Version(_)) => {
                self.shared.count_failed_try(&error, true);
                self.forget();
                Ok(None)
            }
            Err(error) => Err(lost_or(error, settled, is_confirmed, lost)),
        }
    }

    /// Settles the tasks and writes them, where the draft is good for it: how long the writing took. `was_read`: whether
    /// what they are settled on was read just now.
    fn settle_and_write(
        &mut self,
        tickets: &[Ticket],
        loaded: Loaded,
        was_read: bool,
    ) -> (Result<Option<Duration>, StoreError>, Settled) {
        let tasks = tickets.len();
        let (is_good, overlaps): (fn(&Settled) -> bool, bool) = if was_read {
            let now = self.now();
            (is_something, self.overlap.pays(tasks) && !self.will_vouch(tasks, now))
        } else {
            (is_confirmed, self.overlap.pays_on_trial(tasks))
        };
        if overlaps {
            let tasks: Vec<&Task> = tickets.iter().map(|ticket| &ticket.task).collect();
            let (store, began) = (self.store.clone(), Instant::now());
            let (written, settled) = write_while_drafting(&*store, &tasks, loaded, self.desk(), is_good);
            return (written.map(|is_written| is_written.then(|| began.elapsed())), settled);
        }
        let mut settled = self.draft(tickets, loaded);
        let written = if is_good(&settled) { self.write(&mut settled.0, was_read).map(Some) } else { Ok(None) };
        (written, settled)
    }

    /// Whether a checkpoint is to be signed with so many more entries. It is signed over a whole batch, so that one is
    /// drafted first.
    fn will_vouch(&self, tasks: usize, now: Timestamp) -> bool {
        self.notary.due(self.seq() + tasks as u64, now).is_some()
    }

    fn draft(&mut self, tickets: &[Ticket], loaded: Loaded) -> Settled {
        let mut draft = Draft::on(loaded, self.desk());
        let outcomes = tickets.iter().map(|ticket| draft.carry_out(&ticket.task)).collect();
        (draft.finish(), outcomes)
    }

    fn desk(&mut self) -> Desk<'_> {
        let Self { store, config, windows, stamps, .. } = self;
        Desk { store: &**store, config, windows, stamps: &mut **stamps }
    }

    /// Writes a batch; with a checkpoint, where one is due and all was read just now: of anything else none is signed.
    /// How long it took.
    fn write(&mut self, drafted: &mut Drafted, was_read: bool) -> Result<Duration, StoreError> {
        let Drafted { batch, now, .. } = drafted;
        if was_read
            && *now < Timestamp::MAX
            && let Some(voucher) = self.notary.due(batch.head.seq, *now)
        {
            let before = self.shared.footing().range.clone();
            batch.checkpoints.push(voucher.vouch_next(&*self.store, &before, &batch.head, *now)?);
        }
        let began = Instant::now();
        self.store.commit(batch)?;
        Ok(began.elapsed())
    }

    fn wanted(&self, tickets: &[Ticket], known: &Known) -> Wanted {
        let velocity = &self.config.shield.velocity;
        wanted(tickets.iter().map(|ticket| &ticket.task), velocity, &self.windows, known)
    }

    /// Everything that the tasks need, of one snapshot. Accounts that are known are read too: what is refused rests on
    /// them, and no commit holds them to it. What senders sent is asked for where it is not known.
    fn load(&mut self, tickets: &[Ticket]) -> Result<Loaded, StoreError> {
        loop {
            let mut wanted = self.wanted(tickets, &Known::default());
            let now = self.now();
            wanted.sent_since = Some(self.config.shield.velocity.since(now));
            let began = Instant::now();
            let mut loaded = self.store.load(&wanted)?;
            self.shared.metrics().load_seconds.note_time(began.elapsed());
            self.follow(&loaded.head)?;
            self.notary.voucher().map_or(Ok(()), |voucher| voucher.reached(&*self.store, loaded.head.seq))?;
            let version = loaded.head.version;
            if self.known.is_not(&loaded) {
                self.known.forget();
            }
            if !self.windows.is_as_of(version) && !self.windows.is_empty() {
                self.windows.forget();
                continue;
            }
            for sender in &wanted.sent {
                let mut times = loaded.sent.remove(sender).unwrap_or_default();
                times.retain(|at| at.millis() <= now.millis() + AHEAD_MS);
                self.windows.learn(version, sender, times);
            }
            self.known.complete(&wanted, &mut loaded);
            self.compare_clocks(&loaded.head, now);
            return Ok(loaded);
        }
    }

    /// Says so where the last entry is of a time that has not come: a clock ran ahead, here or in another process,
    /// and until the others have caught up new entries say the time of that one.
    fn compare_clocks(&mut self, head: &Head, now: Timestamp) {
        let ahead_ms = head.time.map_or(0, |time| time.millis().saturating_sub(now.millis())).max(0);
        self.shared.metrics().ahead_ms = u64::try_from(ahead_ms).unwrap_or_default();
        let was_ahead = std::mem::replace(&mut self.is_ahead, ahead_ms > AHEAD_MS);
        if self.is_ahead && !was_ahead {
            let seconds = ahead_ms / 1000;
            log::error!("the ledger's last entry is {seconds} s ahead of this clock: one of the clocks is wrong");
        }
    }

    fn follow(&self, head: &Head) -> Result<(), StoreError> {
        let mut footing = self.shared.footing();
        *footing = footing.follow(&*self.store, head)?;
        Ok(())
    }

    fn now(&mut self) -> Timestamp {
        self.stamps.now().min(Timestamp::MAX)
    }

    fn seq(&self) -> u64 {
        self.shared.footing().seq
    }

    fn was_written(&self, mark: &Mark, loaded: &Loaded) -> Result<bool, StoreError> {
        Ok(match mark {
            Mark::Entry(id) => self.store.entry_by_id(id)?.is_some(),
            Mark::Account(id, at) => loaded.accounts.get(id).is_some_and(|account| account.created_at == *at),
            Mark::None => false,
        })
    }

    /// Takes note of what was written; what everybody is told.
    fn conclude(&mut self, (drafted, outcomes): Settled, took: Duration) -> Vec<Outcome> {
        let Drafted { batch, books, sent, now, frozen, .. } = drafted;
        self.linger = (took / LINGER_PART).min(LONGEST_LINGER);
        self.shared.count_commit(took, outcomes.len(), frozen, batch.checkpoints.len());
        batch.checkpoints.iter().for_each(|checkpoint| self.notary.kept(checkpoint));
        let before = self.shared.footing().range.clone();
        self.notary.voucher().into_iter().for_each(|voucher| voucher.follow(&before, &batch.head));
        *self.shared.footing() = Footing::on(&batch.head, batch.head.version + 1);
        self.written = Some(Written { batch, books, sent, now });
        outcomes
    }

    /// When something is to be done though nobody asks for it.
    fn next_chore(&mut self) -> Option<Instant> {
        let now = self.now();
        let checkpoint = self.notary.due_in(self.seq(), now);
        let checkpoint = checkpoint.map(|ms| Instant::now() + Duration::from_millis(ms.max(1)));
        let forget = (self.config.forget_answers_after_days > 0).then_some(self.forget_at);
        checkpoint.into_iter().chain(forget).min()
    }

    fn do_chores(&mut self) {
        let now = self.now();
        if self.notary.due_in(self.seq(), now) == Some(0)
            && let Err(error) = self.keep_checkpoint(now)
        {
            log::error!("no checkpoint was kept: {error}");
            self.notary.postpone(now);
        }
        if self.config.forget_answers_after_days > 0 && Instant::now() >= self.forget_at {
            self.forget_answers(now);
        }
    }

    /// What time it is at least, whatever the clock says: one that jumps ahead would take answers that are fresh.
    fn surely(&self, now: Timestamp) -> Timestamp {
        let (time, at) = self.found;
        let since = i64::try_from(at.elapsed().as_millis()).unwrap_or(i64::MAX);
        now.min(Timestamp::from_millis(time.millis().saturating_add(since)))
    }

    /// A part of them: where there are more, the next one goes after what waits now.
    fn forget_answers(&mut self, now: Timestamp) {
        let before = self.surely(now).millis() - i64::from(self.config.forget_answers_after_days) * DAY_MS;
        let forgotten = self.store.forget_answers(Timestamp::from_millis(before));
        let pause = if matches!(forgotten, Ok(MAX_FORGOTTEN)) { Duration::ZERO } else { FORGET_EVERY };
        self.forget_at = Instant::now() + pause;
        if let Err(error) = forgotten {
            log::warn!("old answers were not forgotten: {error}");
        }
    }

    fn keep_checkpoint(&mut self, now: Timestamp) -> Result<(), StoreError> {
        if now >= Timestamp::MAX {
            return Err(StoreError::Other(EngineError::Clock.to_string()));
        }
        let head = self.shared.head(&*self.store)?;
        let Some(voucher) = self.notary.due(head.seq, now) else { return Ok(()) };
        voucher.check(&*self.store, &head)?;
        let checkpoint = voucher.vouch(&*self.store, head.seq, now)?;
        self.store.keep_checkpoint(&checkpoint)?;
        self.notary.kept(&checkpoint);
        self.shared.metrics().checkpoints += 1;
        Ok(())
    }
}

/// Whether an outcome rests on an account that the batch, once it is written, does not hold to what was known.
fn is_unheld(outcome: &Outcome, batch: &Batch) -> bool {
    match outcome {
        Ok(Answered::Account(Account { id, .. })) => {
            let is_opened = batch.opened.binary_search_by_key(&id, |opened| &opened.id).is_ok();
            !is_opened && !batch.basis.accounts.contains_key(id)
        }
        Ok(_) => false,
        Err(_) => true,
    }
}

/// Whether a draft has anything to write.
fn is_something((drafted, _): &Settled) -> bool {
    !drafted.is_empty
}

/// Whether a draft on what is known may be written: where a commit confirms all that anybody is told.
fn is_confirmed((drafted, outcomes): &Settled) -> bool {
    !(drafted.is_empty || outcomes.iter().any(|outcome| is_unheld(outcome, &drafted.batch)))
}

/// Remembers what may have been written, where the connection was lost. What is not good is never written.
fn lost_or(error: StoreError, settled: Settled, is_good: fn(&Settled) -> bool, lost: &mut Vec<Lost>) -> StoreError {
    if matches!(error, StoreError::Lost { .. }) && is_good(&settled) {
        let (drafted, outcomes) = settled;
        lost.push(Lost { mark: mark(&drafted.batch), outcomes });
    }
    error
}

fn mark(batch: &Batch) -> Mark {
    if let Some(entry) = batch.entries.first() {
        return Mark::Entry(entry.transaction_id.clone());
    }
    batch.opened.first().map_or(Mark::None, |account| Mark::Account(account.id.clone(), account.created_at))
}

/// Somebody else was there first, or it is not known who was; the rest does not mend itself.
fn is_worth_another_try(error: &StoreError) -> bool {
    error.is_conflict() || matches!(error, StoreError::Lost { .. } | StoreError::Exists { .. })
}

/// What is known where the last try failed so. A commit that was lost may have been written, or be on its way still,
/// whatever came of those after it.
fn known_of(lost: &[Lost], last: StoreError) -> StoreError {
    if lost.is_empty() || matches!(last, StoreError::Lost { .. }) {
        return last;
    }
    StoreError::Lost { why: format!("an earlier try may have been written, and the last one said: {last}") }
}

fn backoff(retry: &Retry) -> ExponentialBuilder {
    ExponentialBuilder::new()
        .with_jitter()
        .with_min_delay(Duration::from_millis(retry.pause_ms))
        .with_max_delay(Duration::from_millis(retry.longest_pause_ms))
        .with_max_times(retry.attempts.saturating_sub(1) as usize)
}
