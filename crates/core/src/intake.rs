//! From the input's bytes to the export's: decompression, and blocks of whole lines.

use std::io::Write;

use flate2::write::MultiGzDecoder;

use crate::limits::{BLOCK, GZIP_FREE, MAX_GZIP_RATIO, MAX_LINE};
use crate::unreadable::Unreadable;

/// Compressed bytes that are decoded at once: at deflate's largest ratio they grow to 4 MiB.
const STEP: usize = 4096;
const GZIP_MAGIC: [u8; 2] = [0x1f, 0x8b];

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
    Gzip(Box<MultiGzDecoder<Vec<u8>>>),
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
            self.kind =
                if gzip { Compression::Gzip(Box::new(MultiGzDecoder::new(Vec::new()))) } else { Compression::None };
            return self.decode(&start, sink);
        }
        self.decode(bytes, sink)
    }

    fn decode(&mut self, bytes: &[u8], sink: &mut Sink<'_>) -> Result<(), Unreadable> {
        let Compression::Gzip(gzip) = &mut self.kind else {
            return sink(bytes);
        };
        for piece in bytes.chunks(STEP) {
            gzip.write_all(piece).map_err(|e| Unreadable::Decode { reason: e.to_string() })?;
            hand_on(gzip, &mut self.written, self.read, sink)?;
        }
        Ok(())
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
                let ended = gzip.try_finish();
                hand_on(gzip, &mut self.written, self.read, sink)?;
                Ok(ended.is_err())
            }
        }
    }
}

fn hand_on(
    gzip: &mut MultiGzDecoder<Vec<u8>>,
    written: &mut u64,
    read: u64,
    sink: &mut Sink<'_>,
) -> Result<(), Unreadable> {
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

/// Cuts a stream into blocks of whole lines. Of a line longer than [`MAX_LINE`] one byte more is kept,
/// enough to tell that it is.
#[derive(Debug, Default)]
pub(crate) struct Cutter {
    buffer: Vec<u8>,
    /// The start of the buffer's last line, which is still growing.
    line: usize,
    /// Bytes at the end of the buffer that are known to hold no line feed.
    skipping: bool,
}

impl Cutter {
    /// Takes bytes and hands on blocks; `spare` gives a used buffer back, or an empty one.
    pub(crate) fn push(&mut self, mut bytes: &[u8], spare: &mut dyn FnMut() -> Vec<u8>, each: &mut dyn FnMut(Vec<u8>)) {
        while !bytes.is_empty() {
            if self.skipping {
                let Some(end) = memchr::memchr(b'\n', bytes) else { return };
                bytes = &bytes[end..];
                self.skipping = false;
            }
            let room = (self.line + MAX_LINE + 1).max(BLOCK).saturating_sub(self.buffer.len()).max(1);
            let (taken, rest) = bytes.split_at(room.min(bytes.len()));
            if let Some(end) = memchr::memrchr(b'\n', taken) {
                self.line = self.buffer.len() + end + 1;
            }
            self.buffer.extend_from_slice(taken);
            bytes = rest;
            if self.buffer.len() - self.line > MAX_LINE {
                self.buffer.truncate(self.line + MAX_LINE + 1);
                self.skipping = true;
            }
            if self.buffer.len() >= BLOCK && self.line > 0 {
                each(self.cut(spare()));
            }
        }
    }

    /// The whole lines; what follows them stays.
    fn cut(&mut self, mut next: Vec<u8>) -> Vec<u8> {
        next.clear();
        next.extend_from_slice(&self.buffer[self.line..]);
        self.buffer.truncate(self.line);
        self.line = 0;
        std::mem::replace(&mut self.buffer, next)
    }

    /// The rest, and whether its last line has no line feed.
    pub(crate) fn finish(&mut self) -> (Vec<u8>, bool) {
        let unfinished = self.buffer.len() > self.line;
        (std::mem::take(&mut self.buffer), unfinished)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut(pieces: &[&[u8]]) -> Vec<u8> {
        let (mut cutter, mut all) = (Cutter::default(), Vec::new());
        for piece in pieces {
            cutter.push(piece, &mut Vec::new, &mut |block| {
                assert_eq!(block.last(), Some(&b'\n'));
                all.extend(block);
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
        assert_eq!(all.len(), 2 + MAX_LINE + 1 + 1 + 2);
        assert!(all.ends_with(b"x\nb\n"));
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
