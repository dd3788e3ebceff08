//! The lines of an export, decompressed, each of bounded length.

use std::cell::Cell;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::rc::Rc;

use countersign_core::limits::{GZIP_FREE, MAX_GZIP_RATIO, MAX_LINE};
use flate2::bufread::MultiGzDecoder;

const GZIP_MAGIC: [u8; 2] = [0x1f, 0x8b];
const BOM: &[u8] = b"\xef\xbb\xbf";

/// A reader of lines.
pub(super) struct Lines {
    from: Box<dyn BufRead>,
    /// Bytes taken from the file, where it is compressed.
    taken: Option<Rc<Cell<u64>>>,
    /// Whether it ended before its end.
    is_cut: bool,
    given: u64,
    number: u64,
    line: Vec<u8>,
}

impl Lines {
    /// The lines of a file, plain or gzip.
    pub(super) fn of(file: File) -> io::Result<Self> {
        let mut file = BufReader::with_capacity(1 << 17, file);
        let is_gzip = file.fill_buf()?.starts_with(&GZIP_MAGIC);
        if !is_gzip {
            return Ok(Self::new(Box::new(file), None));
        }
        let taken = Rc::new(Cell::new(0));
        let counted = BufReader::new(Counted { from: file, taken: Rc::clone(&taken) });
        Ok(Self::new(Box::new(BufReader::with_capacity(1 << 17, MultiGzDecoder::new(counted))), Some(taken)))
    }

    fn new(from: Box<dyn BufRead>, taken: Option<Rc<Cell<u64>>>) -> Self {
        Self { from, taken, is_cut: false, given: 0, number: 0, line: Vec::new() }
    }

    /// The next line, without its end, and its number from 1. Of a line above [`MAX_LINE`] a little
    /// more than that is given.
    pub(super) fn next(&mut self) -> io::Result<Option<(u64, &[u8])>> {
        self.line.clear();
        let most = MAX_LINE as u64 + 2;
        let read = match (&mut self.from).take(most).read_until(b'\n', &mut self.line) {
            // What was read before is there; the stream says the same again where it is asked for more.
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof && self.taken.is_some() => {
                self.is_cut = true;
                self.line.len()
            }
            read => read?,
        };
        if read == 0 {
            return Ok(None);
        }
        self.number += 1;
        self.given += read as u64;
        if !self.line.ends_with(b"\n") && !self.is_cut {
            self.skip_rest()?;
        }
        self.hold_to_the_ratio()?;
        Ok(Some((self.number, bare(&self.line, self.number == 1))))
    }

    /// Whether a compressed stream has ended before its end.
    pub(super) const fn is_cut(&self) -> bool {
        self.is_cut
    }

    fn skip_rest(&mut self) -> io::Result<()> {
        loop {
            let buffer = self.from.fill_buf()?;
            let end = buffer.iter().position(|b| *b == b'\n');
            let skipped = end.map_or(buffer.len(), |at| at + 1);
            let ended = buffer.is_empty() || end.is_some();
            self.from.consume(skipped);
            self.given += skipped as u64;
            self.hold_to_the_ratio()?;
            if ended {
                return Ok(());
            }
        }
    }

    fn hold_to_the_ratio(&self) -> io::Result<()> {
        let Some(taken) = &self.taken else { return Ok(()) };
        if self.given > GZIP_FREE && self.given / MAX_GZIP_RATIO > taken.get() {
            let what = format!("the gzip stream expands more than {MAX_GZIP_RATIO} times, past {GZIP_FREE} bytes");
            return Err(io::Error::other(what));
        }
        Ok(())
    }
}

fn bare(line: &[u8], is_first: bool) -> &[u8] {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    if is_first { line.strip_prefix(BOM).unwrap_or(line) } else { line }
}

struct Counted<R> {
    from: R,
    taken: Rc<Cell<u64>>,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let read = self.from.read(into)?;
        self.taken.set(self.taken.get() + read as u64);
        Ok(read)
    }
}
