//! What is random or of the moment: the clock, ids, salts. The one place that the engine takes them from.

use std::fmt::Debug;
use std::fmt::Write as _;
use std::time::{SystemTime, UNIX_EPOCH};

use countersign_core::settle::Stamp;
use countersign_core::timestamp::Timestamp;
use uuid::timestamp::context::ContextV7;
use uuid::{Timestamp as UuidTime, Uuid};

/// Where times, ids and salts come from.
pub trait Stamps: Debug + Send {
    /// What time it is; what is past [`Timestamp::MAX`] counts as that, and dates nothing but a halt.
    fn now(&mut self) -> Timestamp;

    /// The stamp of an entry of that time.
    ///
    /// # Errors
    /// Where there is no randomness to be had, in words.
    fn stamp(&mut self, at: Timestamp) -> Result<Stamp, String>;
}

/// The system's own clock and randomness.
#[derive(Debug, Default)]
pub struct SystemStamps {
    /// Counts up within a millisecond, so that ids sort as they were made.
    context: ContextV7,
    /// Random bytes fetched ahead: one call for many salts.
    random: Vec<u8>,
}

/// Bytes of a salt.
const SALT: usize = 16;
/// Salts fetched at once.
const AHEAD: usize = 64;

impl Stamps for SystemStamps {
    fn now(&mut self) -> Timestamp {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Timestamp::from_millis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX)).min(Timestamp::MAX)
    }

    fn stamp(&mut self, at: Timestamp) -> Result<Stamp, String> {
        let salt = self.salt()?;
        let millis = u64::try_from(at.millis()).unwrap_or_default();
        let nanos = u32::try_from(millis % 1000).unwrap_or_default() * 1_000_000;
        let id = Uuid::new_v7(UuidTime::from_unix(&self.context, millis / 1000, nanos));
        Ok(Stamp { transaction_id: id.hyphenated().to_string(), created_at: at, salt })
    }
}

impl SystemStamps {
    fn salt(&mut self) -> Result<String, String> {
        if self.random.is_empty() {
            self.random.resize(SALT * AHEAD, 0);
            if let Err(error) = getrandom::fill(&mut self.random) {
                self.random.clear();
                return Err(format!("no random bytes for a salt: {error}"));
            }
        }
        let bytes = self.random.split_off(self.random.len() - SALT);
        let mut salt = String::with_capacity(2 * SALT);
        for byte in bytes {
            let _ = write!(salt, "{byte:02x}");
        }
        Ok(salt)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_of_version_7_and_sort_as_they_were_made() {
        let mut stamps = SystemStamps::default();
        let at = stamps.now();
        let made: Vec<_> = (0..1000).map(|_| stamps.stamp(at).unwrap()).collect();
        assert!(made.iter().all(|stamp| stamp.transaction_id.as_bytes()[14] == b'7'));
        assert!(made.is_sorted_by(|a, b| a.transaction_id < b.transaction_id));
        let mut salts: Vec<_> = made.iter().map(|stamp| &stamp.salt).collect();
        assert!(salts.iter().all(|salt| countersign_core::grammar::is_hex(salt, 32)));
        salts.sort();
        salts.dedup();
        assert_eq!(salts.len(), 1000);
    }
}
