//! Every size and time that a caller could stretch is capped here, by name.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// Most header fields of a request.
pub(crate) const MAX_HEADERS: usize = 64;
/// Most bytes of a request's head: request line and header fields. Past it, hyper answers 431 (414 where the
/// request line alone is longer).
pub(crate) const MAX_HEAD: usize = 16 << 10;
/// Longest query of an address, in bytes.
pub(crate) const MAX_QUERY: usize = 1 << 10;
/// Longest `Authorization` that is looked at, in bytes.
pub(crate) const MAX_AUTHORIZATION: usize = 512;
/// Longest `Idempotency-Key`, in bytes: with the token's name before it, it must fit the 128 that a store keeps.
pub(crate) const MAX_IDEMPOTENCY_KEY: usize = 64;
/// Longest name of a token, in bytes.
pub(crate) const MAX_TOKEN_NAME: usize = 63;
/// Most reads of the ledger at once; further ones wait. Each takes a thread.
pub(crate) const MAX_READS: usize = 64;
/// Most entries or accounts of one page.
pub(crate) const MAX_PAGE: u32 = 1_000;
/// Most bytes of a page; one of more ends sooner. It is kept whole until the reader has taken it.
pub(crate) const MAX_PAGE_BYTES: usize = 1 << 20;
/// How many a page has where the caller does not say.
pub(crate) const DEFAULT_PAGE: u32 = 100;
/// Longest text of a problem that repeats what a caller wrote, in characters.
pub(crate) const MAX_DETAIL: usize = 300;
/// How long a caller should wait where as many exports run as may, in seconds.
pub(crate) const EXPORT_PAUSE: u64 = 5;
/// Size of the pieces in which an export is sent, in bytes.
pub(crate) const EXPORT_PIECE: usize = 64 << 10;
/// Most pieces of an export that wait for a slow reader.
pub(crate) const EXPORT_AHEAD: usize = 4;
/// Most exports whose lengths and checkpoints are remembered, to answer range requests without writing them twice.
pub(crate) const MAX_RECENT: usize = 64;
/// Most bytes that wait in a socket for a reader, beside what is on its way to him.
pub(crate) const UNSENT: u32 = 128 << 10;
/// Most bytes in which a receiver makes room known at once: a sixteenth of the largest buffers that systems give.
const LUMP: u64 = 2 << 20;
/// Least bytes a second of an export, unless an operator says otherwise.
const LEAST: u64 = 16 << 10;
/// Connections that the system holds until they are accepted.
pub(crate) const BACKLOG: i32 = 1024;

/// What an operator may set. Times are in milliseconds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// Most connections at once; further ones are answered 503 and closed.
    pub connections: usize,
    /// Most of them from one address (64 bits of one of version 6), a trusted proxy's excepted.
    pub connections_by_address: usize,
    /// Most exports at once, those that are measured or signed among them; further ones are answered 503.
    pub exports: usize,
    /// Most bytes of a request's body.
    pub body: usize,
    /// Until a request's head must have come. It bounds how long an idle connection is kept, too.
    pub head_ms: u64,
    /// Until a request's body must have come.
    pub body_ms: u64,
    /// Until an answer must have begun.
    pub answer_ms: u64,
    /// How long a client may take nothing of an answer, beside the time for which his system may hide that he does:
    /// that of 2 MiB at `export_bytes_per_second`, or of 128 s where any will do.
    pub stall_ms: u64,
    /// How long an export may take in all; it holds a snapshot of the database.
    pub export_ms: u64,
    /// Least bytes a second that whoever reads an export must take, as soon as he kept it waiting for `stall_ms` in
    /// all; 0 for any.
    pub export_bytes_per_second: u64,
    /// How long requests under way may take once the server is told to stop.
    pub shutdown_ms: u64,
    /// How long the server goes on accepting while it says that it is not ready, before it stops.
    pub farewell_ms: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 512,
            connections_by_address: 256,
            exports: 4,
            body: 64 << 10,
            head_ms: 10_000,
            body_ms: 10_000,
            answer_ms: 30_000,
            stall_ms: 30_000,
            export_ms: 3_600_000,
            export_bytes_per_second: LEAST,
            shutdown_ms: 30_000,
            farewell_ms: 0,
        }
    }
}

impl Limits {
    /// The first of them that lets nothing through.
    pub(crate) fn check(&self) -> Result<(), String> {
        let least = [
            ("connections", self.connections as u64),
            ("connections_by_address", self.connections_by_address as u64),
            ("exports", self.exports as u64),
            ("body", self.body as u64),
            ("head_ms", self.head_ms),
            ("body_ms", self.body_ms),
            ("answer_ms", self.answer_ms),
            ("stall_ms", self.stall_ms),
            ("export_ms", self.export_ms),
        ];
        let zero = least.into_iter().find(|(_, value)| *value == 0);
        zero.map_or(Ok(()), |(name, _)| Err(format!("limits.{name} is 0: nothing would be served")))
    }

    pub(crate) const fn head(&self) -> Duration {
        Duration::from_millis(self.head_ms)
    }

    pub(crate) const fn body_time(&self) -> Duration {
        Duration::from_millis(self.body_ms)
    }

    pub(crate) const fn answer(&self) -> Duration {
        Duration::from_millis(self.answer_ms)
    }

    pub(crate) const fn stall(&self) -> Duration {
        Duration::from_millis(self.stall_ms)
    }

    /// How long a socket may take nothing: a receiver whose buffer is full makes room known only in lumps, on Linux of a
    /// sixteenth of that buffer.
    pub(crate) const fn silence(&self) -> Duration {
        let least = if self.export_bytes_per_second == 0 { LEAST } else { self.export_bytes_per_second };
        Duration::from_millis(self.stall_ms.saturating_add(LUMP * 1000 / least))
    }

    pub(crate) const fn export(&self) -> Duration {
        Duration::from_millis(self.export_ms)
    }

    pub(crate) const fn shutdown(&self) -> Duration {
        Duration::from_millis(self.shutdown_ms)
    }

    pub(crate) const fn farewell(&self) -> Duration {
        Duration::from_millis(self.farewell_ms)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_keeps_the_least_pace_in_lumps_is_not_silent_for_too_long() {
        let seconds = |least| Limits { export_bytes_per_second: least, ..Limits::default() }.silence().as_secs();
        assert_eq!((seconds(16 << 10), seconds(2 << 20), seconds(0)), (30 + 128, 31, 30 + 128));
    }
}
