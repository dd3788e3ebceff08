//! What is listed of more than a report has room for.

use std::collections::{BTreeMap, BTreeSet};

use crate::limits::MAX_FINDINGS;
use crate::report::ErrorType;

/// Findings, or what they are made of: the first [`MAX_FINDINGS`], and beyond them the first of each type, so that
/// many of one type hide no other.
#[derive(Debug)]
pub(crate) struct Listing<T> {
    pub(crate) listed: Vec<T>,
    types: BTreeSet<ErrorType>,
    /// How many are not listed.
    pub(crate) unlisted: BTreeMap<ErrorType, u64>,
}

impl<T> Default for Listing<T> {
    fn default() -> Self {
        Self { listed: Vec::new(), types: BTreeSet::new(), unlisted: BTreeMap::new() }
    }
}

impl<T> Listing<T> {
    /// Makes one where it is listed, and counts it where it is not. Gives its place in the list.
    pub(crate) fn add(&mut self, error: ErrorType, make: impl FnOnce() -> T) -> Option<usize> {
        let is_first = self.types.insert(error);
        if !is_first && self.listed.len() >= MAX_FINDINGS {
            self.pass_over(error, 1);
            return None;
        }
        self.listed.push(make());
        Some(self.listed.len() - 1)
    }

    /// Counts some that were never made.
    pub(crate) fn pass_over(&mut self, error: ErrorType, count: u64) {
        if count > 0 {
            *self.unlisted.entry(error).or_default() += count;
        }
    }

    /// Adds some that are made already, all of which are listed.
    pub(crate) fn extend(&mut self, made: impl IntoIterator<Item = T>) {
        self.listed.extend(made);
    }

    pub(crate) fn of(made: impl IntoIterator<Item = T>) -> Self {
        Self { listed: made.into_iter().collect(), ..Self::default() }
    }

    /// What there is of each type, and what is shown of it: the first of each type, and of the rest, in their order, as
    /// many as there is room for.
    pub(crate) fn finish(mut self, type_of: impl Fn(&T) -> ErrorType) -> (Vec<T>, BTreeMap<ErrorType, u64>) {
        let mut by_type = self.unlisted;
        self.listed.iter().for_each(|one| *by_type.entry(type_of(one)).or_default() += 1);
        cut(&mut self.listed, MAX_FINDINGS, type_of);
        (self.listed, by_type)
    }

    /// Adds what another listed, all of it, and what it did not.
    pub(crate) fn join(&mut self, other: Self) {
        self.listed.extend(other.listed);
        self.types.extend(other.types);
        other.unlisted.into_iter().for_each(|(error, count)| self.pass_over(error, count));
    }

    pub(crate) fn total(&self) -> u64 {
        self.listed.len() as u64 + self.unlisted.values().sum::<u64>()
    }
}

/// Leaves the first of each type, and of the rest, in their order, as many as there is room for.
pub(crate) fn cut<T, K: Ord>(list: &mut Vec<T>, most: usize, type_of: impl Fn(&T) -> K) {
    let types: BTreeSet<K> = list.iter().map(&type_of).collect();
    let mut room = most.saturating_sub(types.len());
    let mut seen = BTreeSet::new();
    list.retain(|one| {
        let is_first = seen.insert(type_of(one));
        let fits = is_first || room > 0;
        room -= usize::from(fits && !is_first);
        fits
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_of_one_type_hide_no_other() {
        let mut list: Vec<(char, u32)> =
            (0..10).map(|n| ('a', n)).chain([('b', 10), ('a', 11), ('b', 12), ('c', 13)]).collect();
        cut(&mut list, 5, |(kind, _)| *kind);
        assert_eq!(list, [('a', 0), ('a', 1), ('a', 2), ('b', 10), ('c', 13)]);
        cut(&mut list, 9, |(kind, _)| *kind);
        assert_eq!(list.len(), 5);
    }
}
