//! Passes on a window of what is written, and counts all of it.

use std::io::{self, Write};
use std::ops::Range;

/// Passes on the bytes of a window.
#[derive(Debug)]
pub(crate) struct Window<W> {
    out: W,
    window: Range<u64>,
    at: u64,
}

impl<W: Write> Window<W> {
    pub(crate) const fn new(out: W, window: Range<u64>) -> Self {
        Self { out, window, at: 0 }
    }

    /// How many bytes were written, in the window or not.
    pub(crate) const fn written(&self) -> u64 {
        self.at
    }

    /// Whether nothing that is written from here on lies in the window.
    pub(crate) const fn is_past(&self) -> bool {
        self.at >= self.window.end
    }
}

impl<W: Write> Write for Window<W> {
    /// Refuses what lies past the window: nobody needs the rest.
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.is_past() && !bytes.is_empty() {
            return Err(io::Error::other("past the window"));
        }
        let length = bytes.len() as u64;
        let place = |at: u64| usize::try_from(at.saturating_sub(self.at).min(length)).unwrap_or(bytes.len());
        let (from, to) = (place(self.window.start), place(self.window.end));
        match &bytes[from..to] {
            // Whoever takes it may have had enough before the window begins.
            [] => drop(self.out.write(&[])?),
            within => self.out.write_all(within)?,
        }
        self.at += length;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_the_pieces_the_window_is_the_same() {
        let bytes: Vec<u8> = (0..100).collect();
        for piece in [1, 3, 7, 100] {
            for range in [0..100, 0..1, 13..50, 99..100, 50..200] {
                let mut window = Window::new(Vec::new(), range.clone());
                let stopped = bytes.chunks(piece).try_for_each(|chunk| window.write_all(chunk));
                let expected =
                    &bytes[usize::try_from(range.start).unwrap()..usize::try_from(range.end.min(100)).unwrap()];
                assert_eq!(window.out, expected, "{range:?} in pieces of {piece}");
                assert_eq!(stopped.is_err(), range.end < 100 && window.written() < 100);
            }
        }
    }
}
