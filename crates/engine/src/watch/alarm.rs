//! Who was told what: the same cause once in a while, and when it is over.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::Builder;
use std::time::{Duration, Instant};

use countersign_core::timestamp::Timestamp;
use serde::{Deserialize, Serialize};

use super::alert::{Alert, Cause, Channel};
use super::clock::{Clock, between};
use super::delivery::{Undelivered, deliver};
use super::files;
use super::outlet::Outlet;

/// A cause that lasts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Lasting {
    cause: Cause,
    summary: String,
    since: Timestamp,
    told: Timestamp,
    /// When it was told for other reasons.
    #[serde(default)]
    otherwise: BTreeMap<String, Timestamp>,
}

/// Most reasons of one cause that are told, each by itself.
const MAX_REASONS: usize = 8;

impl Lasting {
    /// When it was told for this reason; for whatever reason where it had too many.
    fn told_for(&self, reason: &str) -> Option<Timestamp> {
        if self.reason() == reason {
            return Some(self.told);
        }
        let is_one_too_many = self.otherwise.len() >= MAX_REASONS;
        self.otherwise.get(reason).copied().or_else(|| is_one_too_many.then_some(self.told))
    }

    fn reason(&self) -> String {
        reason(&self.summary)
    }
}

/// A summary without its numbers: how long something took, or how much is missing, is no other reason.
fn reason(summary: &str) -> String {
    summary.chars().filter(|c| !c.is_ascii_digit()).collect()
}

/// Sends alerts through every channel, each in a thread of its own, and remembers which causes last.
pub struct Alarm {
    outlets: Vec<Outlet>,
    again_after: Duration,
    path: PathBuf,
    /// By the alerts' keys.
    lasting: BTreeMap<String, Lasting>,
    counts: Counts,
    clock: Arc<dyn Clock>,
    stop: Arc<AtomicBool>,
    /// What came of what was under way, by the outlet's place: for the threads, and from them.
    tell: Sender<(usize, Result<(), Undelivered>)>,
    told: Receiver<(usize, Result<(), Undelivered>)>,
}

/// What is remembered over a restart.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Memory {
    /// By the alerts' keys.
    lasting: BTreeMap<String, Lasting>,
    /// What did not arrive yet, with the channel's name.
    undelivered: Vec<(String, Alert)>,
}

/// What an alarm did so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// Alerts that a channel took.
    pub delivered: u64,
    /// Attempts, of one try or several, that a channel did not take.
    pub failed: u64,
}

/// File name of the memory, in the state directory.
const FILE: &str = "alerts.json";
/// How often it is looked, while channels are waited for, whether to stop.
const LOOK: Duration = Duration::from_millis(50);

impl std::fmt::Debug for Alarm {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Alarm").field("outlets", &self.outlets).field("lasting", &self.lasting).finish_non_exhaustive()
    }
}

impl Alarm {
    /// An alarm whose memory is in `folder`. What cannot be read there is forgotten: an alert too many; what waits for a
    /// channel that is there no longer is dropped. Once `stop` is set nobody is waited for, and what is under way waits
    /// for the next start.
    #[must_use]
    pub fn new(
        folder: &Path,
        channels: Vec<Box<dyn Channel>>,
        again_after: Duration,
        clock: Arc<dyn Clock>,
        stop: Arc<AtomicBool>,
    ) -> Self {
        let path = folder.join(FILE);
        let memory = std::fs::read(&path).ok().and_then(|bytes| serde_json::from_slice(&bytes).ok());
        let Memory { lasting, undelivered } = memory.unwrap_or_default();
        let mut outlets: Vec<Outlet> = channels.into_iter().map(Outlet::new).collect();
        for (name, alert) in undelivered {
            let called = outlets.iter_mut().filter(|outlet| outlet.is_called(&name));
            called.for_each(|outlet| outlet.keep(alert.clone()));
        }
        let (tell, told) = channel();
        Self { outlets, again_after, path, lasting, counts: Counts::default(), clock, stop, tell, told }
    }

    /// Tells everyone, unless they were told of the same, for the same reason, a short while ago. Whether it did. The log
    /// has it each time.
    pub fn raise(&mut self, alert: &Alert) -> bool {
        log::error!("{}", alert.text());
        let known = self.lasting.get(&alert.key);
        // What was told later than now was told by a clock that ran ahead.
        let lately = |told: Timestamp| told <= alert.at && between(told, alert.at) < self.again_after;
        let reason = reason(&alert.summary);
        if known.and_then(|known| known.told_for(&reason)).is_some_and(lately) {
            return false;
        }
        let since = known.map_or(alert.at, |known| known.since);
        let mut otherwise = known.map(|known| known.otherwise.clone()).unwrap_or_default();
        otherwise.extend(known.map(|known| (known.reason(), known.told)));
        otherwise.retain(|other, told| *other != reason && lately(*told));
        let lasting = Lasting { cause: alert.cause, summary: alert.summary.clone(), since, told: alert.at, otherwise };
        self.lasting.insert(alert.key.clone(), lasting);
        self.tell(alert);
        true
    }

    /// Says that everything of a cause is over. Whether anything was.
    pub fn recover(&mut self, cause: Cause, ledger: &str, now: Timestamp) -> bool {
        let lasting = std::mem::take(&mut self.lasting).into_iter();
        let (over, lasting): (BTreeMap<_, _>, _) = lasting.partition(|(_, lasting)| lasting.cause == cause);
        self.lasting = lasting;
        if over.is_empty() {
            return false;
        }
        for (key, was) in over {
            let summary = format!("over, after {}: {}", words(between(was.since, now)), was.summary);
            let alert = Alert { key, recovered: true, ..Alert::new(cause, ledger, now, &summary) };
            log::warn!("{}", alert.text());
            self.tell(&alert);
        }
        true
    }

    /// Whether a cause lasts.
    #[must_use]
    pub fn lasts(&self, cause: Cause) -> bool {
        self.lasting.values().any(|lasting| lasting.cause == cause)
    }

    /// Tries once more what a channel did not take. One that fails again is left alone for this time.
    pub fn retry(&mut self) {
        self.outlets.iter_mut().for_each(Outlet::try_again);
        self.start();
    }

    /// What it did so far.
    #[must_use]
    pub const fn counts(&self) -> Counts {
        self.counts
    }

    /// Waits until nothing is under way, at most so long where that is said, and not once it is to stop.
    pub fn wait(&mut self, most: Option<Duration>) {
        let began = Instant::now();
        while self.outlets.iter().any(Outlet::is_busy) && !self.stop.load(Ordering::Relaxed) {
            let left = most.map_or(LOOK, |most| most.saturating_sub(began.elapsed()));
            // At least what is there already is taken note of.
            match self.told.recv_timeout(left.min(LOOK)) {
                Ok((at, outcome)) => self.note(at, outcome),
                Err(_) if left.is_zero() => return,
                Err(_) => {}
            }
        }
    }

    /// Kept before it is sent: what a process that is ended was about to tell, the next one tells.
    fn tell(&mut self, alert: &Alert) {
        self.outlets.iter_mut().for_each(|outlet| outlet.push(alert));
        self.remember();
        self.start();
    }

    /// Has every channel that is free send what is next for it. Nobody waits for one that hangs.
    fn start(&mut self) {
        if self.stop.load(Ordering::Relaxed) {
            return;
        }
        for (at, outlet) in self.outlets.iter_mut().enumerate() {
            let Some((alert, tries)) = outlet.start() else { continue };
            let (channel, tell) = (outlet.channel().clone(), self.tell.clone());
            let (clock, stop) = (self.clock.clone(), self.stop.clone());
            let send = move || drop(tell.send((at, deliver(&*channel, &alert, tries, &*clock, &stop))));
            if let Err(error) = Builder::new().name("alert".to_owned()).spawn(send) {
                let why = format!("there is no thread for it: {error}");
                let channel = outlet.channel().name().to_owned();
                // Whoever is told is here.
                let _ = self.tell.send((at, Err(Undelivered { channel, attempts: 0, why })));
            }
        }
    }

    fn note(&mut self, at: usize, outcome: Result<(), Undelivered>) {
        match outcome {
            Ok(()) => {
                self.counts.delivered += 1;
                self.outlets[at].arrived();
            }
            Err(undelivered) => {
                log::error!("{undelivered}");
                self.counts.failed += 1;
                self.outlets[at].failed();
            }
        }
        self.remember();
        self.start();
    }

    /// Not to remember costs an alert too many after a restart, or one that no channel had taken.
    fn remember(&self) {
        let mut undelivered = Vec::new();
        for outlet in &self.outlets {
            let name = outlet.channel().name();
            undelivered.extend(outlet.waiting().map(|alert| (name.to_owned(), alert.clone())));
        }
        let memory = Memory { lasting: self.lasting.clone(), undelivered };
        let written = serde_json::to_vec(&memory).map_err(std::io::Error::from);
        if let Err(error) = written.and_then(|bytes| files::replace(&self.path, &bytes)) {
            log::warn!("{}: {error}", self.path.display());
        }
    }
}

fn words(time: Duration) -> String {
    let minutes = time.as_secs() / 60;
    match (minutes / (24 * 60), minutes / 60 % 24, minutes % 60) {
        (0, 0, minutes) => format!("{minutes} min"),
        (0, hours, minutes) => format!("{hours} h {minutes} min"),
        (days, hours, _) => format!("{days} d {hours} h"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::watch::alert::Failure;
    use crate::watch::clock::SystemClock;
    use crate::watch::outlet::MAX_UNDELIVERED;
    use std::sync::Mutex;

    #[derive(Debug, Default)]
    struct Recorder {
        texts: Arc<Mutex<Vec<String>>>,
        deaf: Arc<AtomicBool>,
    }

    impl Channel for Recorder {
        fn name(&self) -> &str {
            "recorder"
        }

        fn attempts(&self) -> u32 {
            1
        }

        fn send(&self, alert: &Alert) -> Result<(), Failure> {
            if self.deaf.load(Ordering::Relaxed) {
                return Err(Failure::Final("deaf".to_owned()));
            }
            self.texts.lock().unwrap().push(alert.text());
            Ok(())
        }
    }

    fn alarm(folder: &Path, channels: Vec<Box<dyn Channel>>, again_after: Duration) -> Alarm {
        Alarm::new(folder, channels, again_after, Arc::new(SystemClock::default()), Arc::default())
    }

    fn slow(hour: i64) -> Alert {
        Alert::new(Cause::SlowAudit, "shop", Timestamp::from_millis(hour * 3_600_000), "slow")
    }

    #[test]
    fn the_same_cause_is_told_once_in_a_while_and_when_it_is_over() {
        let folder = tempfile::tempdir().unwrap();
        let recorder = Recorder::default();
        let texts = recorder.texts.clone();
        let mut alarm = alarm(folder.path(), vec![Box::new(recorder)], Duration::from_secs(6 * 3600));
        assert!(alarm.raise(&slow(0)));
        assert!(!alarm.raise(&slow(5)));
        assert!(alarm.raise(&slow(5).about("something else")));
        assert!(alarm.raise(&slow(6)));
        assert!(!alarm.recover(Cause::Finding, "shop", Timestamp::from_millis(0)));
        assert!(alarm.recover(Cause::SlowAudit, "shop", Timestamp::from_millis(7 * 3_600_000)));
        assert!(!alarm.lasts(Cause::SlowAudit));
        alarm.wait(None);
        let texts = texts.lock().unwrap();
        assert_eq!(texts.len(), 5);
        assert_eq!(texts[3], "[countersign shop] RECOVERED SLOW_AUDIT: over, after 7 h 0 min: slow");
    }

    #[test]
    fn another_reason_is_told_though_the_cause_lasts() {
        let folder = tempfile::tempdir().unwrap();
        let recorder = Recorder::default();
        let texts = recorder.texts.clone();
        let mut alarm = alarm(folder.path(), vec![Box::new(recorder)], Duration::from_secs(6 * 3600));
        let failed = |minute: i64, why: &str| {
            Alert::new(Cause::AuditFailed, "shop", Timestamp::from_millis(minute * 60_000), why)
        };
        assert!(alarm.raise(&failed(0, "it lags by 7 entries")));
        assert!(!alarm.raise(&failed(10, "it lags by 12 entries")), "the same reason");
        assert!(alarm.raise(&failed(20, "the disk is full")));
        for minute in [30, 50] {
            assert!(!alarm.raise(&failed(minute, "it lags by 3 entries")));
            assert!(!alarm.raise(&failed(minute + 10, "the disk is full")));
        }
        assert!(alarm.raise(&failed(360, "it lags by 3 entries")), "six hours after it was told");
        for n in 0..100_u8 {
            alarm.raise(&failed(361, &format!("reason {}", char::from(b' ' + n % 90))));
        }
        assert!(alarm.recover(Cause::AuditFailed, "shop", Timestamp::from_millis(362 * 60_000)));
        alarm.wait(None);
        let told = texts.lock().unwrap().len();
        assert!((5..=4 + MAX_REASONS).contains(&told), "{told}");
    }

    #[test]
    fn what_a_clock_told_that_ran_ahead_is_told_again() {
        let folder = tempfile::tempdir().unwrap();
        let mut alarm = alarm(folder.path(), Vec::new(), Duration::from_secs(6 * 3600));
        assert!(alarm.raise(&slow(10_000)));
        assert!(alarm.raise(&slow(1)));
        assert!(!alarm.raise(&slow(2)));
    }

    #[test]
    fn it_remembers_over_a_restart() {
        let folder = tempfile::tempdir().unwrap();
        let new = || alarm(folder.path(), Vec::new(), Duration::from_secs(3600));
        assert!(new().raise(&slow(0)));
        assert!(!new().raise(&slow(0)));
        assert!(new().recover(Cause::SlowAudit, "shop", Timestamp::from_millis(0)));
        assert!(new().raise(&slow(0)));
    }

    #[test]
    fn what_is_over_is_told_after_what_it_ends() {
        let folder = tempfile::tempdir().unwrap();
        let recorder = Recorder::default();
        let (texts, deaf) = (recorder.texts.clone(), recorder.deaf.clone());
        let mut alarm = alarm(folder.path(), vec![Box::new(recorder)], Duration::ZERO);
        deaf.store(true, Ordering::Relaxed);
        assert!(alarm.raise(&slow(0)));
        alarm.wait(None);
        deaf.store(false, Ordering::Relaxed);
        assert!(alarm.recover(Cause::SlowAudit, "shop", Timestamp::from_millis(1)));
        assert!(alarm.raise(&slow(1).about("something else")));
        alarm.wait(None);
        alarm.retry();
        alarm.wait(None);
        let texts = texts.lock().unwrap();
        let told: Vec<bool> = texts.iter().map(|text| text.contains("RECOVERED")).collect();
        assert_eq!(told, [false, false, true], "{texts:?}");
    }

    #[test]
    fn what_a_channel_does_not_take_waits_for_it() {
        let folder = tempfile::tempdir().unwrap();
        let recorder = Recorder::default();
        let (texts, deaf) = (recorder.texts.clone(), recorder.deaf.clone());
        deaf.store(true, Ordering::Relaxed);
        let open = |recorder: Recorder| alarm(folder.path(), vec![Box::new(recorder)], Duration::ZERO);
        let mut alarm = open(recorder);
        for hour in 0..=i64::try_from(MAX_UNDELIVERED).unwrap() {
            assert!(alarm.raise(&slow(hour)));
        }
        alarm.wait(None);
        assert_eq!(alarm.outlets[0].waiting().count(), MAX_UNDELIVERED);
        alarm.retry();
        alarm.wait(None);
        assert!(texts.lock().unwrap().is_empty());
        // Over a restart too.
        let mut alarm = open(Recorder { texts: texts.clone(), deaf: deaf.clone() });
        deaf.store(false, Ordering::Relaxed);
        alarm.retry();
        alarm.wait(None);
        alarm.retry();
        alarm.wait(None);
        assert_eq!(texts.lock().unwrap().len(), MAX_UNDELIVERED);
    }
    /// It was sent by a process that ended before it knew whether it arrived.
    #[test]
    fn what_is_under_way_is_kept() {
        let folder = tempfile::tempdir().unwrap();
        let recorder = Recorder::default();
        let texts = recorder.texts.clone();
        let held = texts.lock().unwrap();
        let mut first = alarm(folder.path(), vec![Box::new(recorder)], Duration::ZERO);
        assert!(first.raise(&slow(0)));
        first.stop.store(true, Ordering::Relaxed);
        // Nobody is waited for any more.
        first.wait(None);
        drop((first, held));
        let recorder = Recorder::default();
        let later = recorder.texts.clone();
        let mut next = alarm(folder.path(), vec![Box::new(recorder)], Duration::ZERO);
        next.retry();
        next.wait(None);
        assert_eq!(later.lock().unwrap().len(), 1);
    }

    #[derive(Debug)]
    struct Broken;

    impl Channel for Broken {
        fn name(&self) -> &str {
            "broken channel"
        }

        fn attempts(&self) -> u32 {
            3
        }

        fn send(&self, _alert: &Alert) -> Result<(), Failure> {
            panic!("a fault of the program")
        }
    }

    #[test]
    fn a_channel_that_panics_keeps_nothing_from_the_others() {
        let folder = tempfile::tempdir().unwrap();
        let recorder = Recorder::default();
        let texts = recorder.texts.clone();
        let mut alarm = alarm(folder.path(), vec![Box::new(Broken), Box::new(recorder)], Duration::ZERO);
        assert!(alarm.raise(&slow(0)));
        alarm.wait(None);
        alarm.retry();
        alarm.wait(None);
        assert_eq!((texts.lock().unwrap().len(), alarm.counts()), (1, Counts { delivered: 1, failed: 2 }));
    }
}
