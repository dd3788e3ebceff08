//! Time in a demo ledger: it never runs backwards, and ids ascend with it.

use countersign_core::timestamp::Timestamp;
use uuid::Builder;

use super::dice::Dice;

/// 2026-02-11T15:00:00.000Z.
const START_MS: u64 = 1_770_822_000_000;

/// The moment of the last entry.
#[derive(Debug)]
pub(crate) struct Clock {
    ms: u64,
    /// The 12 bits of a UUID after its time; they count up within a millisecond (RFC 9562, 6.2, method 1).
    counter: u16,
}

impl Clock {
    pub(crate) const fn new() -> Self {
        Self { ms: START_MS, counter: 0 }
    }

    /// Moves on by about `mean_ms`; now and then not at all, as when one batch settles several orders.
    pub(crate) fn tick(&mut self, mean_ms: u64, dice: &mut Dice) {
        let step = if dice.per_mille(60) { 0 } else { dice.between(1, 2 * mean_ms) };
        self.ms += step;
        self.counter = if step == 0 { self.counter + 1 } else { u16::try_from(dice.below(2048)).unwrap_or_default() };
        if self.counter > 0x0fff {
            (self.ms, self.counter) = (self.ms + 1, 0);
        }
    }

    /// As entries write it.
    pub(crate) fn now(&self) -> String {
        Timestamp::from_millis(i64::try_from(self.ms).unwrap_or(i64::MAX)).to_string()
    }

    /// A UUID of version 7, above every one before.
    pub(crate) fn id(&self, dice: &mut Dice) -> String {
        let mut tail = dice.bytes::<10>();
        tail[..2].copy_from_slice(&self.counter.to_be_bytes());
        Builder::from_unix_timestamp_millis(self.ms, &tail).into_uuid().to_string()
    }
}
