//! How long exports are, by their tags.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use crate::limits::MAX_LENGTHS;

/// Lengths of the exports that were last written, in bytes.
#[derive(Debug, Default)]
pub(crate) struct Lengths(Mutex<VecDeque<(String, u64)>>);

impl Lengths {
    pub(crate) fn find(&self, tag: &str) -> Option<u64> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.iter().find(|(other, _)| other == tag).map(|(_, length)| *length)
    }

    pub(crate) fn note(&self, tag: &str, length: u64) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.iter().any(|(other, _)| other == tag) {
            return;
        }
        if known.len() >= MAX_LENGTHS {
            known.pop_front();
        }
        known.push_back((tag.to_owned(), length));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_is_forgotten() {
        let lengths = Lengths::default();
        for n in 0..=MAX_LENGTHS {
            lengths.note(&n.to_string(), n as u64);
        }
        assert_eq!(lengths.find("0"), None);
        assert_eq!(lengths.find("1"), Some(1));
        assert_eq!(lengths.find(&MAX_LENGTHS.to_string()), Some(MAX_LENGTHS as u64));
    }
}
