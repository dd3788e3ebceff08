//! Who was told what: the same cause once in a while, and when it is over.

use std::collections::{BTreeMap, VecDeque};
use std::path::{Path, PathBuf};
use std::time::Duration;

use countersign_core::timestamp::Timestamp;
use serde::{Deserialize, Serialize};

use super::alert::{Alert, Cause, Channel};
use super::clock::between;
use super::files;

/// A cause that lasts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Lasting {
    cause: Cause,
    summary: String,
    since: Timestamp,
    told: Timestamp,
}

/// Sends alerts through every channel, and remembers which causes last.
#[derive(Debug)]
pub struct Alarm {
    channels: Vec<Box<dyn Channel>>,
    again_after: Duration,
    path: PathBuf,
    memory: Memory,
    counts: Counts,
}

/// What is remembered over a restart.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Memory {
    /// By the alerts' keys.
    lasting: BTreeMap<String, Lasting>,
    /// What a channel did not take, with the channel's name.
    undelivered: VecDeque<(String, Alert)>,
}

/// What an alarm did so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// Alerts that a channel took.
    pub delivered: u64,
    /// Attempts, each of several tries, that a channel did not take.
    pub failed: u64,
}

/// Alerts that wait for a channel to come back; of more, the oldest are dropped.
pub const MAX_UNDELIVERED: usize = 100;

/// File name of the memory, in the state directory.
const FILE: &str = "alerts.json";

impl Alarm {
    /// An alarm whose memory is in `folder`. What cannot be read there is forgotten: an alert too many.
    #[must_use]
    pub fn new(folder: &Path, channels: Vec<Box<dyn Channel>>, again_after: Duration) -> Self {
        let path = folder.join(FILE);
        let memory = std::fs::read(&path).ok().and_then(|bytes| serde_json::from_slice(&bytes).ok());
        Self { channels, again_after, path, memory: memory.unwrap_or_default(), counts: Counts::default() }
    }

    /// Tells everyone, unless they were told of the same a short while ago. Whether it did.
    pub fn raise(&mut self, alert: &Alert) -> bool {
        let known = self.memory.lasting.get(&alert.key);
        // What was told later than now was told by a clock that ran ahead.
        let lately = |told| told <= alert.at && between(told, alert.at) < self.again_after;
        if known.is_some_and(|known| lately(known.told)) {
            return false;
        }
        let since = known.map_or(alert.at, |known| known.since);
        let lasting = Lasting { cause: alert.cause, summary: alert.summary.clone(), since, told: alert.at };
        self.memory.lasting.insert(alert.key.clone(), lasting);
        log::error!("{}", alert.text());
        self.tell(alert);
        self.remember();
        true
    }

    /// Says that everything of a cause is over. Whether anything was.
    pub fn recover(&mut self, cause: Cause, ledger: &str, now: Timestamp) -> bool {
        let lasting = std::mem::take(&mut self.memory.lasting).into_iter();
        let (over, lasting): (BTreeMap<_, _>, _) = lasting.partition(|(_, lasting)| lasting.cause == cause);
        self.memory.lasting = lasting;
        if over.is_empty() {
            return false;
        }
        for (key, was) in over {
            let summary = format!("over, after {}: {}", words(between(was.since, now)), was.summary);
            let alert = Alert { key, recovered: true, ..Alert::new(cause, ledger, now, &summary) };
            log::warn!("{}", alert.text());
            self.tell(&alert);
        }
        self.remember();
        true
    }

    /// Whether a cause lasts.
    #[must_use]
    pub fn lasts(&self, cause: Cause) -> bool {
        self.memory.lasting.values().any(|lasting| lasting.cause == cause)
    }

    /// Tries once more what a channel did not take. One that fails again is left alone for this time; what was
    /// for one that is there no longer is dropped.
    pub fn retry(&mut self) {
        if self.memory.undelivered.is_empty() {
            return;
        }
        let waiting = std::mem::take(&mut self.memory.undelivered);
        for at in 0..self.channels.len() {
            let name = self.channels[at].name();
            let mut deaf = false;
            for (_, alert) in waiting.iter().filter(|(channel, _)| channel == name) {
                if deaf {
                    self.put_off(name, alert);
                } else {
                    deaf = !self.deliver(at, alert);
                }
            }
        }
        self.remember();
    }

    /// What it did so far.
    #[must_use]
    pub const fn counts(&self) -> Counts {
        self.counts
    }

    /// In the order of what happened: what was told of the same before and waits, goes first.
    fn tell(&mut self, alert: &Alert) {
        for at in 0..self.channels.len() {
            let name = self.channels[at].name();
            let mut waiting = self.memory.undelivered.iter();
            if waiting.any(|(channel, earlier)| channel == name && earlier.key == alert.key) {
                self.put_off(name, alert);
            } else {
                self.deliver(at, alert);
            }
        }
    }

    fn deliver(&mut self, at: usize, alert: &Alert) -> bool {
        let channel = &self.channels[at];
        let name = channel.name();
        let Err(undelivered) = channel.send(alert) else {
            self.counts.delivered += 1;
            return true;
        };
        log::error!("{undelivered}");
        self.counts.failed += 1;
        self.put_off(name, alert);
        false
    }

    fn put_off(&mut self, channel: &str, alert: &Alert) {
        let waiting = &mut self.memory.undelivered;
        if waiting.len() == MAX_UNDELIVERED {
            waiting.pop_front();
        }
        waiting.push_back((channel.to_owned(), alert.clone()));
    }

    /// Not to remember costs an alert too many after a restart, or one that no channel had taken.
    fn remember(&self) {
        let written = serde_json::to_vec(&self.memory).map_err(std::io::Error::from);
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
    use crate::watch::alert::Undelivered;
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::sync::{Arc, Mutex};

    #[derive(Debug, Default)]
    struct Recorder {
        texts: Arc<Mutex<Vec<String>>>,
        deaf: Arc<AtomicBool>,
    }

    impl Channel for Recorder {
        fn name(&self) -> &'static str {
            "recorder"
        }

        fn send(&self, alert: &Alert) -> Result<(), Undelivered> {
            if self.deaf.load(Ordering::Relaxed) {
                return Err(Undelivered { channel: "recorder", attempts: 1, why: "deaf".to_owned() });
            }
            self.texts.lock().unwrap().push(alert.text());
            Ok(())
        }
    }

    fn slow(hour: i64) -> Alert {
        Alert::new(Cause::SlowAudit, "shop", Timestamp::from_millis(hour * 3_600_000), "slow")
    }

    #[test]
    fn the_same_cause_is_told_once_in_a_while_and_when_it_is_over() {
        let folder = tempfile::tempdir().unwrap();
        let recorder = Recorder::default();
        let texts = recorder.texts.clone();
        let mut alarm = Alarm::new(folder.path(), vec![Box::new(recorder)], Duration::from_secs(6 * 3600));
        assert!(alarm.raise(&slow(0)));
        assert!(!alarm.raise(&slow(5)));
        assert!(alarm.raise(&slow(5).about("something else")));
        assert!(alarm.raise(&slow(6)));
        assert!(!alarm.recover(Cause::Finding, "shop", Timestamp::from_millis(0)));
        assert!(alarm.recover(Cause::SlowAudit, "shop", Timestamp::from_millis(7 * 3_600_000)));
        assert!(!alarm.lasts(Cause::SlowAudit));
        let texts = texts.lock().unwrap();
        assert_eq!(texts.len(), 5);
        assert_eq!(texts[3], "[countersign shop] RECOVERED SLOW_AUDIT: over, after 7 h 0 min: slow");
    }

    #[test]
    fn what_a_clock_told_that_ran_ahead_is_told_again() {
        let folder = tempfile::tempdir().unwrap();
        let mut alarm = Alarm::new(folder.path(), Vec::new(), Duration::from_secs(6 * 3600));
        assert!(alarm.raise(&slow(10_000)));
        assert!(alarm.raise(&slow(1)));
        assert!(!alarm.raise(&slow(2)));
    }

    #[test]
    fn it_remembers_over_a_restart() {
        let folder = tempfile::tempdir().unwrap();
        let new = || Alarm::new(folder.path(), Vec::new(), Duration::from_secs(3600));
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
        let mut alarm = Alarm::new(folder.path(), vec![Box::new(recorder)], Duration::ZERO);
        deaf.store(true, Ordering::Relaxed);
        assert!(alarm.raise(&slow(0)));
        deaf.store(false, Ordering::Relaxed);
        assert!(alarm.recover(Cause::SlowAudit, "shop", Timestamp::from_millis(1)));
        assert!(alarm.raise(&slow(1).about("something else")));
        alarm.retry();
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
        let open = |recorder: Recorder| Alarm::new(folder.path(), vec![Box::new(recorder)], Duration::ZERO);
        let mut alarm = open(recorder);
        for hour in 0..=i64::try_from(MAX_UNDELIVERED).unwrap() {
            assert!(alarm.raise(&slow(hour)));
        }
        assert_eq!(alarm.memory.undelivered.len(), MAX_UNDELIVERED);
        alarm.retry();
        assert!(texts.lock().unwrap().is_empty());
        // Over a restart too.
        let mut alarm = open(Recorder { texts: texts.clone(), deaf: deaf.clone() });
        deaf.store(false, Ordering::Relaxed);
        alarm.retry();
        alarm.retry();
        assert_eq!(texts.lock().unwrap().len(), MAX_UNDELIVERED);
    }
}
