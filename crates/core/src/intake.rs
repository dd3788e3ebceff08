//! From the input's bytes to the export's: decompression, and blocks of whole lines.

use std::io::Write;

use flate2::write::GzDecoder;

use crate::limits::{BLOCK, GZIP_FREE, MAX_GZIP_RATIO, MAX_LINE};
use crate::unreadable::Unreadable;

/// Compressed bytes that are decoded at once: at deflate's largest ratio they grow to 4 MiB.
const STEP: usize = 4096;
/// Bytes by which a line that fills a block alone is followed.
const LINE_STEP: usize = 1 << 16;
/// Bytes kept of a line that is too long: enough to tell that it is, whatever they are. The last of them may be a
/// carriage return, which is taken off a line.
const KEPT: usize = MAX_LINE + 2;
const GZIP_MAGIC: [u8; 2] = [0x1f, 0x8b];
/// What every member of a gzip stream starts with: RFC 1952, ID1, ID2 and CM.
const MEMBER_MAGIC: [u8; 3] = [0x1f, 0x8b, 8];

/// Undoes gzip, where the input is gzip.
#[derive(Debug, Default)]
pub(crate) struct Decoder {
    kind: Compression,
    read: u64,
    written: u64,
}

#[derive(Debug)]
enum Compression {
    /// Fewer than two bytes were seen.
    Unknown(Vec<u8>),
    None,
    Gzip(Box<Members>),
}

impl Default for Compression {
    fn default() -> Self {
        Self::Unknown(Vec::new())
    }
}

type Sink<'a> = dyn FnMut(&[u8]) -> Result<(), Unreadable> + 'a;

impl Decoder {
    /// Takes bytes of the input and hands on those of the export.
    pub(crate) fn push(&mut self, bytes: &[u8], sink: &mut Sink<'_>) -> Result<(), Unreadable> {
        self.read += bytes.len() as u64;
        if let Compression::Unknown(start) = &mut self.kind {
            start.extend_from_slice(bytes);
            if start.len() < GZIP_MAGIC.len() {
                return Ok(());
            }
            let start = std::mem::take(start);
            let gzip = start.starts_with(&GZIP_MAGIC);
            self.kind = if gzip { Compression::Gzip(Box::default()) } else { Compression::None };
            return self.decode(&start, sink);
        }
        self.decode(bytes, sink)
    }

    fn decode(&mut self, bytes: &[u8], sink: &mut Sink<'_>) -> Result<(), Unreadable> {
        let Compression::Gzip(gzip) = &mut self.kind else {
            return sink(bytes);
        };
        for piece in bytes.chunks(STEP) {
            gzip.write_all(piece)?;
            hand_on(gzip, &mut self.written, self.read, sink)?;
        }
        Ok(())
    }

    /// Whether what comes is known to be handed on as it is.
    pub(crate) const fn is_plain(&self) -> bool {
        matches!(self.kind, Compression::None)
    }

    /// Ends the input; says whether a compressed stream was cut short.
    pub(crate) fn finish(&mut self, sink: &mut Sink<'_>) -> Result<bool, Unreadable> {
        match &mut self.kind {
            Compression::Unknown(start) => {
                let start = std::mem::take(start);
                sink(&start).map(|()| false)
            }
            Compression::None => Ok(false),
            Compression::Gzip(gzip) => {
                gzip.flush();
                hand_on(gzip, &mut self.written, self.read, sink)?;
                gzip.is_cut_short()
            }
        }
    }
}

/// The members of a gzip stream, one after another. Of a stream that ends early it is told apart whether
/// anything is missing, or something stands there that is no gzip.
#[derive(Debug)]
struct Members {
    member: GzDecoder<Vec<u8>>,
    /// Bytes of [`MEMBER_MAGIC`] that the member has shown.
    begun: usize,
}

impl Default for Members {
    fn default() -> Self {
        Self { member: GzDecoder::new(Vec::new()), begun: 0 }
    }
}

impl Members {
    fn write_all(&mut self, mut bytes: &[u8]) -> Result<(), Unreadable> {
        while !bytes.is_empty() {
            // A member takes nothing more once it is whole.
            let taken = match self.member.write(bytes).map_err(undecodable)? {
                0 => {
                    self.member.try_finish().map_err(undecodable)?;
                    let decoded = std::mem::take(self.member.get_mut());
                    (self.member, self.begun) = (GzDecoder::new(decoded), 0);
                    continue;
                }
                taken => taken,
            };
            self.hold_to_magic(&bytes[..taken])?;
            bytes = &bytes[taken..];
        }
        Ok(())
    }

    fn hold_to_magic(&mut self, bytes: &[u8]) -> Result<(), Unreadable> {
        let expected = &MEMBER_MAGIC[self.begun..];
        let shown = &bytes[..bytes.len().min(expected.len())];
        self.begun += shown.len();
        if expected.starts_with(shown) {
            return Ok(());
        }
        Err(Unreadable::Decode {
            reason: "a member of a gzip stream is expected, and something else stands there".to_owned(),
        })
    }

    /// Brings out what is decoded so far.
    fn flush(&mut self) {
        // What is wrong with the stream shows at its end.
        let _ = self.member.flush();
    }

    /// Ends the stream: whether its last member is not whole.
    fn is_cut_short(&mut self) -> Result<bool, Unreadable> {
        // Only a whole member refuses one byte more.
        if !matches!(self.member.write(&[0]), Ok(0)) {
            return Ok(true);
        }
        self.member.try_finish().map(|()| false).map_err(undecodable)
    }
}

#[expect(clippy::needless_pass_by_value, reason = "used as `map_err(undecodable)`")]
fn undecodable(error: std::io::Error) -> Unreadable {
    Unreadable::Decode { reason: error.to_string() }
}

fn hand_on(gzip: &mut Members, written: &mut u64, read: u64, sink: &mut Sink<'_>) -> Result<(), Unreadable> {
    let gzip = &mut gzip.member;
    let decoded = std::mem::take(gzip.get_mut());
    *written += decoded.len() as u64;
    if *written > GZIP_FREE && *written / MAX_GZIP_RATIO > read {
        let what = format!("the gzip stream expands more than {MAX_GZIP_RATIO} times, past {GZIP_FREE} bytes");
        return Err(Unreadable::Limit { what });
    }
    sink(&decoded)?;
    *gzip.get_mut() = decoded;
    gzip.get_mut().clear();
    Ok(())
}

/// What takes a block and gives a used buffer back, or an empty one.
pub(crate) type Each<'a> = dyn FnMut(Vec<u8>) -> Vec<u8> + 'a;

/// Cuts a stream into blocks of whole lines. Of a line longer than [`MAX_LINE`] [`KEPT`] bytes are kept.
#[derive(Debug, Default)]
pub(crate) struct Cutter {
    /// Longer than what is filled, so that bytes can be read to where they stay.
    buffer: Vec<u8>,
    filled: usize,
    /// The start of the last line, which is still growing.
    line: usize,
    /// The last line is longer than it may be; what follows is dropped up to its line feed.
    skipping: bool,
    /// The last line, while its block is handed on.
    tail: Vec<u8>,
}

impl Cutter {
    /// Takes bytes and hands on blocks.
    pub(crate) fn push(&mut self, mut bytes: &[u8], each: &mut Each<'_>) {
        while !bytes.is_empty() {
            let room = self.room();
            let (taken, rest) = bytes.split_at(room.len().min(bytes.len()));
            room[..taken.len()].copy_from_slice(taken);
            self.take(taken.len(), each);
            bytes = rest;
        }
    }

    /// Where the next bytes belong, at least one.
    pub(crate) fn room(&mut self) -> &mut [u8] {
        // Past a block's size there is one line, which is followed to its end in steps.
        let size = if self.filled < BLOCK { BLOCK } else { self.filled + LINE_STEP };
        if self.buffer.len() < size {
            self.buffer.resize(size, 0);
        }
        &mut self.buffer[self.filled..size]
    }

    /// Takes the first `count` bytes of the room, and hands on a block where there is one.
    pub(crate) fn take(&mut self, mut count: usize, each: &mut Each<'_>) {
        if self.skipping {
            let new = self.filled..self.filled + count;
            let Some(end) = memchr::memchr(b'\n', &self.buffer[new.clone()]) else { return };
            self.buffer.copy_within(new.start + end..new.end, new.start);
            count -= end;
            self.skipping = false;
        }
        let new = self.filled..self.filled + count;
        if let Some(end) = memchr::memrchr(b'\n', &self.buffer[new.clone()]) {
            self.line = new.start + end + 1;
        }
        self.filled = new.end;
        // What is as long may still be a line of the greatest length, its carriage return, and no more.
        if self.filled - self.line >= KEPT {
            self.filled = self.line + KEPT;
            self.skipping = true;
        }
        if self.filled >= BLOCK && self.line > 0 {
            self.cut(each);
        }
    }

    /// Whether nothing was taken of a line that is not whole.
    pub(crate) const fn is_between_lines(&self) -> bool {
        self.filled == self.line && !self.skipping
    }

    /// Hands on what whole lines there are, however few.
    pub(crate) fn flush(&mut self, each: &mut Each<'_>) {
        if self.line > 0 {
            self.cut(each);
        }
    }

    /// Hands on the whole lines; what follows them stays.
    fn cut(&mut self, each: &mut Each<'_>) {
        self.tail.clear();
        self.tail.extend_from_slice(&self.buffer[self.line..self.filled]);
        self.buffer.truncate(self.line);
        self.buffer = each(std::mem::take(&mut self.buffer));
        (self.filled, self.line) = (self.tail.len(), 0);
        if self.buffer.len() < self.filled {
            self.buffer.resize(self.filled, 0);
        }
        self.buffer[..self.filled].copy_from_slice(&self.tail);
    }

    /// The rest, and whether its last line has no line feed.
    pub(crate) fn finish(&mut self) -> (Vec<u8>, bool) {
        let unfinished = self.filled > self.line;
        self.buffer.truncate(self.filled);
        (std::mem::take(&mut self.buffer), unfinished)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut(pieces: &[&[u8]]) -> Vec<u8> {
        let (mut cutter, mut all) = (Cutter::default(), Vec::new());
        for piece in pieces {
            cutter.push(piece, &mut |block| {
                assert_eq!(block.last(), Some(&b'\n'));
                all.extend_from_slice(&block);
                block
            });
        }
        all.extend(cutter.finish().0);
        all
    }

    #[test]
    fn blocks_are_whole_lines_and_nothing_is_lost() {
        let text: Vec<u8> = (0..300_000).flat_map(|i| format!("line {i}\n").into_bytes()).collect();
        let pieces: Vec<&[u8]> = text.chunks(70_001).collect();
        assert_eq!(cut(&pieces), text);
        assert_eq!(cut(&[b"a\nb"]), b"a\nb");
    }

    #[test]
    fn an_endless_line_is_kept_short() {
        let long = vec![b'x'; 3 * MAX_LINE];
        let all = cut(&[b"a\n", &long, b"yy\nb\n"]);
        assert_eq!(all.len(), 2 + KEPT + 1 + 2);
        assert!(all.ends_with(b"x\nb\n"));
    }

    #[test]
    fn a_line_is_too_long_or_not_wherever_it_is_read() {
        for (end, is_too_long) in [(&b""[..], false), (b"\r", false), (b"y", true), (b"\r\r", true)] {
            for (more, is_too_long) in [(0, is_too_long), (100, true), (3 * LINE_STEP, true)] {
                let text = [&vec![b'x'; MAX_LINE], end, &vec![b'y'; more], b"\nb\n"].concat();
                for size in [1000, LINE_STEP, 70_001, MAX_LINE + 1, MAX_LINE + 2, text.len()] {
                    let all = cut(&text.chunks(size).collect::<Vec<_>>());
                    let mut lengths = Vec::new();
                    crate::segment::lines_of(&all, |line, _| lengths.push(line.len()));
                    let place = format!("{:?} and {more}, by {size}", String::from_utf8_lossy(end));
                    assert_eq!((lengths[0] > MAX_LINE, lengths.len()), (is_too_long, 2), "{place}");
                }
            }
        }
    }

    #[test]
    fn a_bomb_is_stopped() {
        let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        gz.write_all(&vec![0; 256 << 20]).unwrap();
        let bomb = gz.finish().unwrap();
        let mut most = 0;
        let mut decoder = Decoder::default();
        let stopped = decoder.push(&bomb, &mut |decoded| {
            most = most.max(decoded.len());
            Ok(())
        });
        assert!(matches!(stopped, Err(Unreadable::Limit { .. })));
        assert!(most < 8 << 20, "{most}");
    }
}
