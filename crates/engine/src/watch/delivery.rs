//! One alert through one channel, try after try.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use backon::{BackoffBuilder as _, ExponentialBuilder};

use super::alert::{Alert, Channel, Failure};
use super::clock::Clock;
use super::panics::caught;

/// The pause after the first try; each is twice the one before.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
/// The longest.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);
/// How often it is looked in a pause whether to stop.
const LOOK: Duration = Duration::from_millis(100);

/// An alert that did not arrive. No secret is in it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the {channel} did not take the alert after {attempts} tries: {why}")]
pub struct Undelivered {
    /// Through what.
    pub channel: String,
    /// How often it was tried.
    pub attempts: u32,
    /// Why the last try failed.
    pub why: String,
}

/// Tries `attempts` times, with pauses of one second, two, four and so on, a minute at most; no more once `stop` is set.
///
/// # Errors
/// Why the last try failed. A channel that panics did not take it.
pub fn deliver(
    channel: &dyn Channel,
    alert: &Alert,
    attempts: u32,
    clock: &dyn Clock,
    stop: &AtomicBool,
) -> Result<(), Undelivered> {
    let pauses = ExponentialBuilder::new().with_min_delay(FIRST_PAUSE).with_max_delay(LONGEST_PAUSE);
    let mut pauses = pauses.with_max_times(attempts.saturating_sub(1) as usize).build();
    let mut tried = 0;
    loop {
        tried += 1;
        let (why, is_passing) = match caught(|| channel.send(alert)) {
            Ok(Ok(())) => return Ok(()),
            Ok(Err(Failure::Passing(why))) => (why, true),
            Ok(Err(Failure::Final(why))) => (why, false),
            Err(why) => (format!("it panicked: {why}"), false),
        };
        let pause = pauses.next().filter(|_| is_passing);
        if !pause.is_some_and(|pause| rest(clock, pause, stop)) {
            return Err(Undelivered { channel: channel.name().to_owned(), attempts: tried, why });
        }
    }
}

/// Waits; whether it was not told to stop meanwhile.
fn rest(clock: &dyn Clock, pause: Duration, stop: &AtomicBool) -> bool {
    let mut left = pause;
    while !left.is_zero() && !stop.load(Ordering::Relaxed) {
        let part = left.min(LOOK);
        clock.sleep(part);
        left -= part;
    }
    !stop.load(Ordering::Relaxed)
}
