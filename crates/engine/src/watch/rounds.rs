//! The rounds of the watch: what is due is audited, what is found halts and alerts.

use std::fs::File;
use std::path::PathBuf;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use countersign_core::checkpoint::VerifyingKey;
use countersign_core::taxes::Taxes;
use countersign_core::timestamp::Timestamp;
use countersign_store::{Store, StoreError};

use super::alarm::Alarm;
use super::alert::{Alert, Cause};
use super::audit::{Audit, AuditError, Auditor, Kind};
use super::clock::{Clock, after, between};
use super::config::Config;
use super::halt::{Halts, StoreHalt};
use super::metrics::{Commits, Metrics};
use super::panics::caught;
use super::results::{AuditResult, MAX_MESSAGE, Results, Verdict};
use super::schedule::{Due, Schedule};
use super::setup::{Checked, Counter, Held, Setup, WatchError};
use super::state::StateFile;

/// Who halts, as it stands in the halt.
pub const NAME: &str = crate::halting::WATCH;
/// Longest time between two looks at the schedule, so that a clock that is put forward is noticed.
pub const LOOK: Duration = Duration::from_secs(60);
/// After so long an audit that came to no verdict is tried again.
const TRY_AGAIN: Duration = Duration::from_secs(600);
/// A clock that goes back by more was wrong before.
const WRONG_CLOCK: Duration = Duration::from_secs(3600);

/// Audits a ledger when it is due.
pub struct Watch {
    store: Arc<dyn Store>,
    replica: Option<Arc<dyn Store>>,
    replica_at: Option<String>,
    halts: Option<Box<dyn Halts>>,
    /// Halts where that fails.
    store_halt: StoreHalt,
    commits: Option<Counter>,
    keys: Vec<VerifyingKey>,
    taxes: Option<Taxes>,
    counted: Commits,
    config: Config,
    schedule: Schedule,
    clock: Arc<dyn Clock>,
    alarm: Alarm,
    results: Results,
    state: StateFile,
    metrics: Arc<Mutex<Metrics>>,
    stop: Arc<AtomicBool>,
    /// Up to when the schedule was followed.
    followed: Timestamp,
    /// When an audit without a verdict is tried again.
    again: Option<Timestamp>,
    /// Why the system is to be halted, where that did not succeed yet.
    halt: Option<String>,
    /// Whether the system could be halted when that was last tried.
    can_halt: Option<bool>,
    /// Whether it goes rounds, in which it comes back to what it could not do.
    goes_rounds: bool,
    /// What of the database's protection was missing in the last round.
    unprotected: Vec<String>,
    /// Held while the watch is there.
    _lock: File,
}

impl Watch {
    /// Sets a watch up. It audits when [`Watch::round`] is called, or in its own thread ([`super::Guard`]).
    ///
    /// # Errors
    /// Where its configuration makes no sense, or its directory cannot be used.
    pub fn new(setup: Setup) -> Result<Self, WatchError> {
        let checked = Checked::new(setup)?;
        let held = checked.hold()?;
        Ok(Self::on(checked, held))
    }

    /// A watch on a directory that is its own.
    pub(super) fn on(checked: Checked, held: Held) -> Self {
        let Checked { setup, schedule, channels, metrics, stop } = checked;
        let Setup { store, replica, replica_at, halts, commits, keys, taxes, folder, config, environment: _, clock } =
            setup;
        let Held { lock, results, started } = held;
        let again_after = Duration::from_secs(config.alerts.again_after_seconds);
        let followed = results.last_verdict().map_or(started, |result| result.at);
        let mut watch = Self {
            store_halt: StoreHalt::new(store.clone(), clock.clone()),
            store,
            replica,
            replica_at,
            halts,
            counted: commits.as_ref().map(|count| count()).unwrap_or_default(),
            commits,
            keys,
            taxes,
            config,
            schedule,
            alarm: Alarm::new(&folder, channels, again_after, clock.clone(), stop.clone()),
            clock,
            results,
            state: StateFile::in_folder(&folder),
            metrics,
            stop,
            followed,
            again: None,
            halt: None,
            can_halt: None,
            goes_rounds: false,
            unprotected: Vec::new(),
            _lock: lock,
        };
        watch.again = watch.found_last().then(|| watch.clock.now());
        watch.show_past();
        watch
    }

    /// Logs what is watched, and when it is audited next.
    pub(super) fn announce(&self) {
        let replica = if self.replica.is_some() { ", on a replica" } else { "" };
        let next = match self.schedule.next(self.followed) {
            _ if self.until_next().is_zero() => "now".to_owned(),
            Some(next) => format!("at {next}"),
            None => "never".to_owned(),
        };
        let Config { cron, time_zone, .. } = &self.config;
        let (ledger, state) = (&self.store.identity().ledger, self.state.path().display());
        log::info!("watching {ledger}{replica}, by {cron:?} ({time_zone}), next {next}; the state is {state}");
    }

    /// Does what is due now; how long nothing will be, at most [`LOOK`].
    pub fn round(&mut self) -> Duration {
        self.goes_rounds = true;
        // Nobody who is slow to be told holds up the halt.
        self.halt_pending();
        self.alarm.retry();
        self.judge_conflicts();
        let now = self.clock.now();
        self.note_clock(now);
        self.note_unprotected(now);
        if self.can_halt != Some(true) {
            self.try_halt();
        }
        if let Some(due) = self.schedule.due(self.followed, now) {
            self.followed = now;
            self.note_missed(due, now);
            // One that a clock dated that ran ahead does not count.
            let last_full = self.results.last_full().filter(|last| *last <= now);
            let full = self.schedule.is_full(due.at, last_full);
            // The audit's outcome is in the results, and whoever must know was told.
            let _ = self.run(if full { Kind::Full } else { Kind::Incremental }, Some(due.at));
        } else if self.again.is_some_and(|again| again <= now) {
            let _ = self.run(Kind::Incremental, None);
        }
        // Nobody who is slow to be told holds up what is due next.
        self.alarm.wait(Some(self.until_next()));
        self.show_next();
        self.until_next()
    }

    /// Audits at once.
    ///
    /// # Errors
    /// Where it came to no verdict.
    pub fn audit_now(&mut self, kind: Kind) -> Result<Audit, AuditError> {
        // Whoever audits only so has no round in which what could not be told before would be.
        self.alarm.retry();
        let audit = self.run(kind, None);
        self.alarm.wait(None);
        self.show_next();
        audit
    }

    /// What audits came to, the oldest first.
    #[must_use]
    pub fn results(&self) -> &[AuditResult] {
        self.results.all()
    }

    /// What the watch did, shared with whoever shows it.
    #[must_use]
    pub fn metrics(&self) -> Arc<Mutex<Metrics>> {
        self.metrics.clone()
    }

    /// Ends the audit that is running, and every later one, once it is set.
    #[must_use]
    pub fn stop(&self) -> Arc<AtomicBool> {
        self.stop.clone()
    }

    /// Sets the saved state aside, so that the next audit starts from the first entry; to where, `None` where there is
    /// none. For an operator who has found out why it contradicts the ledger.
    ///
    /// # Errors
    /// Those of the disk, with the file's name.
    pub fn start_over(&mut self) -> std::io::Result<Option<PathBuf>> {
        self.state.set_aside(self.clock.now())
    }

    fn run(&mut self, kind: Kind, due: Option<Timestamp>) -> Result<Audit, AuditError> {
        self.try_halt();
        self.show(|metrics| metrics.running = true);
        // What a full audit found, what is new alone does not show to be over.
        let kind = if self.found_last() { Kind::Full } else { kind };
        let at = self.clock.now();
        let outcome = caught(|| self.auditor().audit(kind)).unwrap_or_else(|why| Err(AuditError::Panicked(why)));
        self.show(|metrics| metrics.running = false);
        if matches!(outcome, Err(AuditError::Stopped)) {
            // As if it had not begun: after the next start it is due still.
            return outcome;
        }
        // Before the result is kept: killed in between, what was due is due still, and halts then.
        match &outcome {
            Ok(audit) => self.judged(audit),
            Err(error) => self.failed(error),
        }
        if let Err(error) = self.results.add(AuditResult::of(at, kind, due, &outcome)) {
            log::error!("the result of an audit cannot be kept: {error}");
        }
        outcome
    }

    /// Whether the last audit found something, or a halt is still to be done: after a restart that does not wait for
    /// the next due time.
    fn found_last(&self) -> bool {
        let last = self.results.last_verdict().map(|last| last.verdict);
        last == Some(Verdict::Invalid) || self.alarm.lasts(Cause::Finding) || self.alarm.lasts(Cause::HaltFailed)
    }

    fn auditor(&self) -> Auditor<'_> {
        Auditor {
            store: self.replica.as_deref().unwrap_or(&*self.store),
            primary: self.replica.as_ref().map(|_| &*self.store),
            state: &self.state,
            clock: &self.clock,
            entries_per_second: self.config.entries_per_second,
            keys: &self.keys,
            taxes: self.taxes.as_ref(),
            stop: &self.stop,
        }
    }

    fn judged(&mut self, audit: &Audit) {
        if audit.without_state {
            log::warn!("{WITHOUT_STATE}");
        }
        self.again = None;
        let (valid, full) = (audit.valid(), audit.kind == Kind::Full);
        let now = self.clock.now();
        if valid {
            // Since an audit after a finding reads everything, what was found is over.
            self.over(Cause::Finding);
            self.halt = None;
            self.over(Cause::HaltFailed);
            self.show(|metrics| metrics.halt_pending = false);
        } else {
            self.found(audit);
        }
        self.over(Cause::AuditFailed);
        self.over(Cause::AuditMissed);
        self.judge_time(audit, now);
        self.show(|metrics| {
            metrics.audits += 1;
            metrics.invalid += u64::from(!valid);
            metrics.last_at = Some(audit.at);
            metrics.last_time_ms = Some(audit.took.as_secs_f64() * 1000.0);
            metrics.last_entries = Some(audit.entries);
            metrics.last_valid = Some(valid);
            metrics.last_full_at = if full { Some(audit.at) } else { metrics.last_full_at };
        });
    }

    /// Halts first, and then tells everyone whether that succeeded.
    fn found(&mut self, audit: &Audit) {
        let (code, message) = audit.found().next().unwrap_or_default();
        self.halt = Some(format!("{code}: {message}").chars().take(MAX_MESSAGE).collect());
        let halted = match self.halt_pending() {
            true => "The system is halted: no transaction is taken until an operator lifts it.",
            false if self.goes_rounds => "THE SYSTEM COULD NOT BE HALTED; that is tried again every minute.",
            false => "THE SYSTEM COULD NOT BE HALTED: run `countersign halt`. The next audit tries that again.",
        };
        let count = audit.findings();
        let summary = format!("{count} {}: {code}: {message}", if count == 1 { "finding" } else { "findings" });
        let all: Vec<String> = audit.found().map(|(code, message)| format!("{code}: {message}")).collect();
        let mut alert = self.alert(Cause::Finding, &summary).about(&audit.signature()).line(halted);
        for line in all.iter().skip(1) {
            alert = alert.line(line);
        }
        self.alarm.raise(&alert);
    }

    /// A round or an audit panicked on its way: it is told and made up for as an audit that came to no verdict.
    pub(super) fn panicked(&mut self, why: &str) {
        self.show(|metrics| metrics.running = false);
        self.failed(&AuditError::Panicked(why.to_owned()));
    }

    fn failed(&mut self, error: &AuditError) {
        self.again = Some(after(self.clock.now(), TRY_AGAIN));
        self.show(|metrics| metrics.failed += 1);
        let mut alert = self.alert(Cause::AuditFailed, &format!("an audit came to no verdict: {error}"));
        if self.replica.is_some() {
            let at = self.replica_at.as_deref().map_or(String::new(), |at| format!(" at {at}"));
            alert = alert.line(&format!("What is audited is the replica{at}, beside the ledger itself."));
        }
        self.alarm.raise(&alert.line(match self.goes_rounds {
            true => "It is tried again in ten minutes. Nothing is halted.",
            false => "It is not tried again before the next audit is run. Nothing is halted.",
        }));
    }

    /// Whether a finding could be halted on is tried before there is one.
    fn try_halt(&mut self) {
        let why = match self.store.try_halt() {
            Ok(()) => None,
            // Of a database that does not answer, or is damaged, the audits tell.
            Err(
                StoreError::Version(_) | StoreError::Busy { .. } | StoreError::Lost { .. } | StoreError::Damaged(_),
            ) => {
                return;
            }
            Err(why) => Some(why),
        };
        self.can_halt = Some(why.is_none());
        self.show(|metrics| metrics.cannot_halt = why.is_some());
        match why {
            None => self.over(Cause::CannotHalt),
            Some(why) => {
                let alert =
                    self.alert(Cause::CannotHalt, &format!("were anything found, it could not be halted: {why}"));
                self.alarm.raise(&alert.line("The operators' handbook says which rights the watch needs."));
            }
        }
    }

    /// Halts, where that is still to be done; whether nothing is left to do.
    fn halt_pending(&mut self) -> bool {
        let Some(reason) = &self.halt else { return true };
        match self.halt_by_any_means(reason) {
            Ok(()) => {
                self.halt = None;
                self.over(Cause::HaltFailed);
            }
            Err(why) => {
                let summary = format!("the system could not be halted: {why}");
                let alert = self.alert(Cause::HaltFailed, &summary).line(reason);
                self.alarm.raise(&alert);
            }
        }
        let pending = self.halt.is_some();
        self.show(|metrics| metrics.halt_pending = pending);
        !pending
    }

    /// Through whoever was given for that, and else straight in the store.
    fn halt_by_any_means(&self, reason: &str) -> Result<(), String> {
        // A fault of whoever was given is no reason not to halt.
        let given = self.halts.as_ref().map(|halts| caught(|| halts.halt(NAME, reason)).flatten());
        match given {
            Some(Ok(())) => Ok(()),
            Some(Err(why)) => {
                self.store_halt.halt(NAME, reason).map_err(|in_store| format!("{why}; and in the store: {in_store}"))
            }
            None => self.store_halt.halt(NAME, reason),
        }
    }

    /// A clock that ran ahead and was put right: what it had up to then would hold off every audit until that time
    /// comes, so one runs now.
    fn note_clock(&mut self, now: Timestamp) {
        if between(now, self.followed) <= WRONG_CLOCK {
            return;
        }
        let summary =
            format!("the schedule was followed up to {}, which is yet to come: the clock ran ahead", self.followed);
        (self.followed, self.again) = (now, Some(now));
        let alert = self.alert(Cause::AuditMissed, &summary).line("An audit runs now.");
        self.alarm.raise(&alert);
    }

    /// What keeps changes out is looked at in every round, not only when an audit is due: where any more of it is
    /// missing one runs now, which finds that, and what was done meanwhile.
    fn note_unprotected(&mut self, now: Timestamp) {
        // Of a database that does not answer, the audits tell.
        let Ok(lost) = self.store.unprotected() else { return };
        if lost.iter().any(|what| !self.unprotected.contains(what)) {
            self.again = Some(now);
        }
        self.unprotected = lost;
    }

    fn note_missed(&mut self, due: Due, now: Timestamp) {
        let late = between(due.at, now) > Duration::from_secs(self.config.late_after_seconds);
        let missed = due.skipped + u64::from(late);
        if missed == 0 {
            return;
        }
        self.show(|metrics| metrics.missed += missed);
        let summary = format!("{missed} due audits did not run, the last of them due at {}", due.at);
        let alert = self.alert(Cause::AuditMissed, &summary).line("One runs now.");
        self.alarm.raise(&alert);
    }

    fn judge_time(&mut self, audit: &Audit, now: Timestamp) {
        let limits = &self.config.alerts;
        let (most, below) = (Duration::from_secs(limits.slow_after_seconds), limits.slow_below_entries);
        if audit.took <= most || audit.entries >= below {
            self.over(Cause::SlowAudit);
            return;
        }
        let (seconds, entries) = (audit.took.as_secs_f64(), audit.entries);
        let summary = format!("an audit of {entries} entries took {seconds:.1} s, more than {} s", most.as_secs());
        self.alarm.raise(&Alert::new(Cause::SlowAudit, &self.store.identity().ledger, now, &summary));
    }

    fn judge_conflicts(&mut self) {
        let Some(commits) = self.commits.as_ref().map(|count| count()) else { return };
        let since = commits.since(self.counted);
        let limits = &self.config.alerts;
        if since.attempts() < limits.conflict_of_commits.max(1) {
            return;
        }
        self.counted = commits;
        if since.conflicts.saturating_mul(100) <= since.attempts().saturating_mul(limits.conflict_percent.into()) {
            self.over(Cause::VersionConflicts);
            return;
        }
        let (conflicts, attempts) = (since.conflicts, since.attempts());
        let alert =
            self.alert(Cause::VersionConflicts, &format!("{conflicts} of {attempts} commits met another writer"));
        self.alarm.raise(&alert);
    }

    fn alert(&self, cause: Cause, summary: &str) -> Alert {
        Alert::new(cause, &self.store.identity().ledger, self.clock.now(), summary)
    }

    fn over(&mut self, cause: Cause) {
        let now = self.clock.now();
        self.alarm.recover(cause, &self.store.identity().ledger, now);
    }

    fn until_next(&self) -> Duration {
        let now = self.clock.now();
        let next = self.schedule.next(self.followed);
        let times = [next, self.again].into_iter().flatten();
        times.map(|at| between(now, at)).min().unwrap_or(LOOK).min(LOOK)
    }

    fn show(&self, change: impl FnOnce(&mut Metrics)) {
        change(&mut self.metrics.lock().unwrap_or_else(PoisonError::into_inner));
    }

    fn show_next(&self) {
        let (next_due, alerts) = (self.schedule.next(self.followed), self.alarm.counts());
        self.show(|metrics| (metrics.next_due, metrics.alerts) = (next_due, alerts));
    }

    /// What was before a restart.
    fn show_past(&self) {
        let last = self.results.last_verdict();
        self.show(|metrics| {
            metrics.last_at = last.map(|last| last.at);
            metrics.last_time_ms = last.map(|last| last.verification_time_ms);
            metrics.last_entries = last.map(|last| last.entries);
            metrics.last_valid = last.map(|last| last.verdict == Verdict::Valid);
            metrics.last_full_at = self.results.last_full();
        });
        self.show_next();
    }
}

/// What an audit that has no saved state to go on from does not see.
const WITHOUT_STATE: &str = "there was no saved state to hold the ledger against, so all of it was read, and what was \
                             dropped or rewritten before now cannot be seen";
