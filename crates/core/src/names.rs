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
    ends: Vec<u32>,
    table: HashTable<Slot>,
    hasher: RandomState,
}

/// Where a text stands, beside its number: so that finding it looks at no other list.
#[derive(Clone, Copy)]
struct Slot {
    number: u32,
    start: u32,
    end: u32,
}

impl Slot {
    #[inline]
    fn of(self, text: &str) -> &str {
        &text[self.start as usize..self.end as usize]
    }
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
        if let Some(slot) = self.table.find(hash, |slot| slot.of(&self.text) == name) {
            return Some(slot.number);
        }
        if self.ends.len() >= max {
            return None;
        }
        let number = u32::try_from(self.ends.len()).ok()?;
        let start = u32::try_from(self.text.len()).ok()?;
        let end = u32::try_from(self.text.len() + name.len()).ok()?;
        self.text.push_str(name);
        self.ends.push(end);
        let Self { text, table, hasher, .. } = self;
        table.insert_unique(hash, Slot { number, start, end }, |slot| hasher.hash_one(slot.of(text)));
        Some(number)
    }

    /// The number of a text that has one.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<u32> {
        self.table.find(self.hasher.hash_one(name), |slot| slot.of(&self.text) == name).map(|slot| slot.number)
    }

    /// The text of a number.
    ///
    /// # Panics
    /// Where no text has it.
    #[inline]
    #[must_use]
    pub fn name(&self, number: u32) -> &str {
        let n = number as usize;
        let start = n.checked_sub(1).map_or(0, |before| self.ends[before]);
        &self.text[start as usize..self.ends[n] as usize]
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
