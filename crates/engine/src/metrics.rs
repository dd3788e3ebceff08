//! What the engine counts of itself. Plain numbers since it was started.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Serialize;

/// What the engine counted since it was started.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Metrics {
    /// Orders settled.
    pub settled: u64,
    /// Answers given again.
    pub replayed: u64,
    /// Requests not carried out, by the code of their error.
    pub refused: BTreeMap<&'static str, u64>,
    /// Accounts that the shield froze.
    pub frozen: u64,
    /// Batches written.
    pub batches: u64,
    /// Requests in a batch that was written.
    pub batch_sizes: Histogram,
    /// Times that somebody else had written meanwhile.
    pub version_conflicts: u64,
    /// Batches tried again, for whatever reason.
    pub retries: u64,
    /// Commits of which it was unknown at first whether they were written.
    pub lost: u64,
    /// Batches given up.
    pub given_up: u64,
    /// Checkpoints signed.
    pub checkpoints: u64,
    /// Milliseconds that the ledger's last entry was ahead of the clock when it was last read; 0 where it was not.
    pub ahead_ms: u64,
    /// Requests that wait now.
    pub queue_length: usize,
    /// Most that may wait.
    pub queue_capacity: usize,
    /// Seconds that reading what a batch needs took.
    pub load_seconds: Histogram,
    /// Seconds that a commit took, with what was drafted meanwhile.
    pub commit_seconds: Histogram,
}

/// How often a value was seen, by how large it was.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Histogram {
    /// Upper bounds, ascending, each included in its own count; the last count has no bound.
    pub upper_bounds: &'static [f64],
    /// One more than there are bounds; each of what lies above the bound before.
    pub counts: Vec<u64>,
    /// Sum of all values.
    pub sum: f64,
}

const SECONDS: &[f64] =
    &[0.0005, 0.001, 0.002, 0.004, 0.008, 0.016, 0.032, 0.064, 0.128, 0.256, 0.512, 1.0, 2.0, 5.0, 10.0];
const SIZES: &[f64] = &[1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 512.0];

impl Histogram {
    fn of(upper_bounds: &'static [f64]) -> Self {
        Self { upper_bounds, counts: vec![0; upper_bounds.len() + 1], sum: 0.0 }
    }

    pub(crate) fn note(&mut self, value: f64) {
        let place = self.upper_bounds.partition_point(|bound| *bound < value);
        self.counts[place] += 1;
        self.sum += value;
    }

    pub(crate) fn note_time(&mut self, time: Duration) {
        self.note(time.as_secs_f64());
    }

    /// How many values.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.counts.iter().sum()
    }
}

impl Metrics {
    pub(crate) fn new(queue_capacity: usize) -> Self {
        Self {
            settled: 0,
            replayed: 0,
            refused: BTreeMap::new(),
            frozen: 0,
            batches: 0,
            batch_sizes: Histogram::of(SIZES),
            version_conflicts: 0,
            retries: 0,
            lost: 0,
            given_up: 0,
            checkpoints: 0,
            ahead_ms: 0,
            queue_length: 0,
            queue_capacity,
            load_seconds: Histogram::of(SECONDS),
            commit_seconds: Histogram::of(SECONDS),
        }
    }

    pub(crate) fn note_refused(&mut self, code: &'static str, times: u64) {
        *self.refused.entry(code).or_default() += times;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_counted_under_the_first_bound_that_is_not_below_it() {
        let mut sizes = Histogram::of(SIZES);
        [1.0, 2.0, 3.0, 512.0, 513.0].into_iter().for_each(|size| sizes.note(size));
        assert_eq!(sizes.counts, [1, 1, 1, 0, 0, 0, 0, 0, 0, 1, 1]);
        assert_eq!((sizes.count(), sizes.sum), (5, 1031.0));
    }
}
