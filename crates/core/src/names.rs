//! Names by number: accounts, buckets, currencies, each text kept once.

use std::hash::BuildHasher;

use foldhash::quality::RandomState;
use hashbrown::HashTable;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

const FEW: usize = 6;

/// Distinct texts in the order of their first appearance.
#[derive(Clone, Default)]
pub struct Names {
    text: String,
    ends: Vec<usize>,
    numbers: HashTable<u32>,
    hasher: RandomState,
}

impl Names {
    /// The number of a text, given to it now where it has none; `None` where there are `max` others.
    #[inline]
    pub fn number(&mut self, name: &str, max: usize) -> Option<u32> {
        // Of a handful (currencies, buckets) a look at each is faster than a hash.
        if self.ends.len() <= FEW
            && let Some(number) = (0..).take(self.ends.len()).find(|&n| self.name(n) == name)
        {
            return Some(number);
        }
        let hash = self.hasher.hash_one(name);
        if let Some(&number) = self.numbers.find(hash, |&n| self.name(n) == name) {
            return Some(number);
        }
        if self.ends.len() >= max {
            return None;
        }
        let number = u32::try_from(self.ends.len()).ok()?;
        self.text.push_str(name);
        self.ends.push(self.text.len());
        let Self { text, ends, numbers, hasher } = self;
        numbers.insert_unique(hash, number, |&n| hasher.hash_one(slice(text, ends, n)));
        Some(number)
    }

    /// The number of a text that has one.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<u32> {
        self.numbers.find(self.hasher.hash_one(name), |&n| self.name(n) == name).copied()
    }

    /// The text of a number.
    ///
    /// # Panics
    /// Where no text has it.
    #[must_use]
    pub fn name(&self, number: u32) -> &str {
        slice(&self.text, &self.ends, number)
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// All, in the order of their numbers.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        (0..self.ends.len()).map(|n| self.name(u32::try_from(n).unwrap_or(u32::MAX)))
    }
}

fn slice<'a>(text: &'a str, ends: &[usize], number: u32) -> &'a str {
    let n = number as usize;
    &text[if n == 0 { 0 } else { ends[n - 1] }..ends[n]]
}

impl PartialEq for Names {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text && self.ends == other.ends
    }
}

impl std::fmt::Debug for Names {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

impl Serialize for Names {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter())
    }
}

impl<'de> Deserialize<'de> for Names {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut names = Self::default();
        for name in Vec::<String>::deserialize(deserializer)? {
            names.number(&name, usize::MAX);
        }
        Ok(names)
    }
}
