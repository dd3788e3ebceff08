//! What is remembered of the exports that were last written.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use crate::limits::MAX_RECENT;

/// Lengths of exports in bytes, by their tags.
pub(crate) type Lengths = Recent<String, u64>;

/// Checkpoints that were signed for an export and are kept nowhere else, by their sizes: asked for again, it is
/// the same to the byte.
pub(crate) type Notes = Recent<u64, String>;

/// What was last noted.
#[derive(Debug)]
pub(crate) struct Recent<K, V>(Mutex<VecDeque<(K, V)>>);

impl<K, V> Default for Recent<K, V> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<K: PartialEq, V: Clone> Recent<K, V> {
    pub(crate) fn find<Q: PartialEq<K> + ?Sized>(&self, key: &Q) -> Option<V> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.iter().find(|(other, _)| key == other).map(|(_, value)| value.clone())
    }

    /// Notes it, where there is none yet; what is noted now.
    pub(crate) fn note(&self, key: K, value: V) -> V {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, value)) = known.iter().find(|(other, _)| key == *other) {
            return value.clone();
        }
        if known.len() >= MAX_RECENT {
            known.pop_front();
        }
        known.push_back((key, value.clone()));
        value
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_is_forgotten_and_the_first_stands() {
        let lengths = Lengths::default();
        for n in 0..=MAX_RECENT {
            lengths.note(n.to_string(), n as u64);
        }
        assert_eq!(lengths.find("0"), None);
        assert_eq!(lengths.find("1"), Some(1));
        assert_eq!(lengths.note("1".to_owned(), 7), 1);
        assert_eq!(lengths.find(&MAX_RECENT.to_string()), Some(MAX_RECENT as u64));
    }
}
