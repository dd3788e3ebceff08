//! One line after the header, as what it is.

use super::document::{self, Document};
use super::fast;
use super::strict::{self, Fault, Members, OwnedEntry};
use crate::entry::{Entry, Values};

/// A line after the header.
#[derive(Debug)]
#[allow(
    clippy::large_enum_variant,
    reason = "the usual one is large, and in no list but the short one of lines being hashed"
)]
pub enum Line<'a> {
    /// An entry that keeps its grammar, in the writer's own layout, without escapes.
    Plain(Entry<'a>, Values),
    /// An entry that keeps its grammar, with escapes or in another layout.
    Other(Box<OwnedEntry>, Values),
    /// An entry that breaks it, as far as it could be read.
    Faulty(Box<OwnedEntry>, Fault),
    /// A document or the trailer.
    Document(Box<Document>),
    /// A document or trailer off its grammar, blank, not JSON, not UTF-8.
    Unreadable(Fault),
}

impl<'a> Line<'a> {
    /// Reads one line, its line feed (and carriage return) taken off.
    #[must_use]
    pub fn read(line: &'a [u8]) -> Self {
        match std::str::from_utf8(line) {
            Ok(text) => Self::read_text(text),
            Err(_) => Self::Unreadable(Fault::of_line("not valid UTF-8")),
        }
    }

    /// Reads one line known to be UTF-8.
    #[inline]
    #[must_use]
    pub fn read_text(text: &'a str) -> Self {
        match fast::read(text) {
            Some((entry, values)) => Self::Plain(entry, values),
            None => Self::read_slowly(text),
        }
    }

    /// Reads one line that has escapes, or is not as the writer lays an entry out.
    #[cold]
    fn read_slowly(text: &'a str) -> Self {
        match fast::read_escaped(text) {
            Some((entry, values)) => Self::Other(Box::new(entry), values),
            None => Self::read_strictly(text),
        }
    }

    /// Reads one line by the strict reader alone.
    #[must_use]
    pub fn read_strictly(text: &str) -> Self {
        if text.trim_matches([' ', '\t', '\r']).is_empty() {
            return Self::Unreadable(Fault::of_line("blank"));
        }
        let Some(members) = Members::read(text) else {
            return Self::Unreadable(Fault::of_line("not a JSON object"));
        };
        match document::read(&members) {
            Some(Ok(document)) => Self::Document(Box::new(document)),
            Some(Err(fault)) => Self::Unreadable(fault),
            None => {
                let strict = strict::read(&members);
                let entry = Box::new(strict.entry);
                match strict.values {
                    Ok(values) => Self::Other(entry, values),
                    Err(fault) => Self::Faulty(entry, fault),
                }
            }
        }
    }

    /// The entry, where it is one.
    #[must_use]
    pub fn entry(&self) -> Option<Entry<'_>> {
        match self {
            Self::Plain(entry, _) => Some(entry.clone()),
            Self::Other(entry, _) | Self::Faulty(entry, _) => Some(entry.entry()),
            Self::Document(_) | Self::Unreadable(_) => None,
        }
    }
}
