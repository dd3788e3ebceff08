//! Writes exports: the layout that the fast reader takes.

use std::io::{self, Write};

use serde::Serialize;

use super::document::{Trailer, Treasury, User};
use super::header::{FORMAT, Header};
use crate::entry::Entry;
use crate::hash::Hash;

/// Writes an export line by line: header, entries, documents, trailer.
#[derive(Debug)]
pub struct Writer<W> {
    out: W,
    entries: u64,
    last_seq: u64,
    head: Hash,
}

impl<W: Write> Writer<W> {
    /// Starts an export with its header.
    ///
    /// # Errors
    /// Those of the output.
    pub fn new(mut out: W, header: &Header) -> io::Result<Self> {
        write_line(&mut out, header)?;
        Ok(Self { out, entries: 0, last_seq: header.first_seq - 1, head: header.genesis() })
    }

    /// Goes on after what was written elsewhere: so many entries, the last with this `seq` and hash.
    #[must_use]
    pub const fn resume(out: W, entries: u64, last_seq: u64, head: Hash) -> Self {
        Self { out, entries, last_seq, head }
    }

    /// Leaves the export without an end, and gives the output back.
    pub fn into_inner(self) -> W {
        self.out
    }

    /// Appends an entry whose `current_hash` is `hash`.
    ///
    /// # Errors
    /// Those of the output.
    pub fn entry(&mut self, entry: &Entry<'_>, hash: Hash) -> io::Result<()> {
        (self.entries, self.last_seq, self.head) = (self.entries + 1, entry.seq, hash);
        write_line(&mut self.out, entry)
    }

    /// Appends a user's document.
    ///
    /// # Errors
    /// Those of the output.
    pub fn user(&mut self, user: &User) -> io::Result<()> {
        write_line(&mut self.out, &State { state: "user", document: user })
    }

    /// Appends the Treasury's document.
    ///
    /// # Errors
    /// Those of the output.
    pub fn treasury(&mut self, treasury: &Treasury) -> io::Result<()> {
        write_line(&mut self.out, &State { state: "treasury", document: treasury })
    }

    /// Ends the export with its trailer and gives the output back.
    ///
    /// # Errors
    /// Those of the output.
    pub fn finish(mut self, checkpoints: Vec<String>) -> io::Result<W> {
        let trailer = Trailer { entries: self.entries, last_seq: self.last_seq, head: self.head, checkpoints };
        write_line(&mut self.out, &End { end: FORMAT, trailer: &trailer })?;
        self.out.flush()?;
        Ok(self.out)
    }
}

#[derive(Serialize)]
struct State<'a, T> {
    state: &'static str,
    #[serde(flatten)]
    document: &'a T,
}

#[derive(Serialize)]
struct End<'a> {
    end: &'static str,
    #[serde(flatten)]
    trailer: &'a Trailer,
}

fn write_line<W: Write, T: Serialize>(out: &mut W, value: &T) -> io::Result<()> {
    serde_json::to_writer(&mut *out, value)?;
    out.write_all(b"\n")
}
