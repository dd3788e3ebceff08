//! Where one document of format 1 ends and the next begins: lines, the elements of an array, BSON lengths.

use crate::intake::{Cutter, Each};
use crate::limits::{BLOCK, MAX_DEPTH, MAX_LINE};
use crate::sniff::Form;
use crate::unreadable::Unreadable;

/// Longest document that MongoDB stores, in bytes.
const MAX_BSON: usize = 16 << 20;
/// Shortest document of BSON: its length and a closing zero.
const MIN_BSON: usize = 5;

/// What a block is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Layout {
    /// JSON, one document a line.
    Lines,
    /// BSON, end to end.
    Bson,
}

/// Cuts a stream into blocks of whole documents.
#[derive(Debug)]
pub(super) enum Framing {
    Lines(Cutter),
    Array(Array, Cutter),
    Bson(Bson),
}

/// How a stream ended.
#[derive(Debug)]
pub(super) struct End {
    /// What no block has held yet.
    pub(super) rest: Vec<u8>,
    /// The last line has no line feed.
    pub(super) unfinished: bool,
    /// It stops within an array or a document.
    pub(super) open: bool,
}

impl Framing {
    pub(super) fn new(form: &Form) -> Self {
        match form {
            Form::LegacyArray => Self::Array(Array::default(), Cutter::default()),
            Form::LegacyBson => Self::Bson(Bson::default()),
            Form::LegacyLines | Form::Ledger(_) => Self::Lines(Cutter::default()),
        }
    }

    /// The framing of the same export, read from its start again.
    pub(super) fn anew(&self) -> Self {
        match self {
            Self::Lines(_) => Self::Lines(Cutter::default()),
            Self::Array(..) => Self::Array(Array::default(), Cutter::default()),
            Self::Bson(_) => Self::Bson(Bson::default()),
        }
    }

    pub(super) fn layout(&self) -> Layout {
        match self {
            Self::Lines(_) | Self::Array(..) => Layout::Lines,
            Self::Bson(_) => Layout::Bson,
        }
    }

    /// What one document is called.
    pub(super) fn unit(&self) -> &'static str {
        match self {
            Self::Lines(_) => "line",
            Self::Array(..) => "element",
            Self::Bson(_) => "document",
        }
    }

    /// Takes bytes and hands on blocks; `each` gives a used buffer back, or an empty one.
    pub(super) fn push(&mut self, bytes: &[u8], each: &mut Each<'_>) -> Result<(), Unreadable> {
        match self {
            Self::Lines(cutter) => cutter.push(bytes, each),
            Self::Array(array, cutter) => {
                let lines = array.lines(bytes)?;
                cutter.push(&lines, each);
            }
            Self::Bson(bson) => bson.push(bytes, each)?,
        }
        Ok(())
    }

    pub(super) fn finish(&mut self) -> End {
        match self {
            Self::Lines(cutter) => {
                let (rest, unfinished) = cutter.finish();
                End { rest, unfinished, open: false }
            }
            Self::Array(array, cutter) => {
                let (rest, unfinished) = cutter.finish();
                End { rest, unfinished, open: !matches!(array.place, Within::After | Within::Behind) }
            }
            Self::Bson(bson) => bson.finish(),
        }
    }
}

/// Rewrites an array as lines, one an element, so that one reader serves both. What is no JSON stays
/// none: the reader of the lines says so.
#[derive(Debug, Default)]
pub(super) struct Array {
    place: Within,
    /// Of brackets within the element.
    depth: usize,
    /// An element or a comma was seen.
    any: bool,
    /// More than white space of the element was seen.
    begun: bool,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Within {
    /// Before the opening bracket.
    #[default]
    Before,
    Element,
    Text,
    /// After a backslash.
    Escape,
    /// After the closing bracket.
    After,
    /// In something that stands after the closing bracket.
    Behind,
}

impl Array {
    fn lines(&mut self, bytes: &[u8]) -> Result<Vec<u8>, Unreadable> {
        let mut lines = Vec::with_capacity(bytes.len() + 2);
        for &byte in bytes {
            match self.place {
                Within::Text => self.in_text(byte, &mut lines),
                Within::Escape => {
                    self.place = Within::Text;
                    lines.push(without_line_feed(byte));
                }
                Within::Element => self.in_element(byte, &mut lines)?,
                Within::Before => {
                    if byte == b'[' {
                        self.place = Within::Element;
                    }
                }
                Within::After | Within::Behind => self.after(byte, &mut lines),
            }
        }
        Ok(lines)
    }

    fn in_text(&mut self, byte: u8, lines: &mut Vec<u8>) {
        match byte {
            b'"' => self.place = Within::Element,
            b'\\' => self.place = Within::Escape,
            _ => {}
        }
        lines.push(without_line_feed(byte));
    }

    fn in_element(&mut self, byte: u8, lines: &mut Vec<u8>) -> Result<(), Unreadable> {
        match (byte, self.depth) {
            _ if is_space(byte) => {
                // Not before the element, so that an empty array has no blank line, whatever space it holds.
                if self.begun {
                    lines.push(b' ');
                }
                return Ok(());
            }
            (b',', 0) => {
                (self.any, self.begun) = (true, false);
                lines.push(b'\n');
                return Ok(());
            }
            (b']', 0) => {
                self.place = Within::After;
                if self.any || self.begun {
                    lines.push(b'\n');
                }
                return Ok(());
            }
            (b'{' | b'[', MAX_DEPTH) => {
                return Err(Unreadable::Limit { what: format!("JSON nested deeper than {MAX_DEPTH}") });
            }
            (b'{' | b'[', _) => self.depth += 1,
            (b'}' | b']', _) => self.depth = self.depth.saturating_sub(1),
            (b'"', _) => self.place = Within::Text,
            _ => {}
        }
        self.begun = true;
        lines.push(byte);
        Ok(())
    }

    /// What stands behind the array becomes one line that is no document.
    fn after(&mut self, byte: u8, lines: &mut Vec<u8>) {
        if self.place == Within::After {
            if is_space(byte) {
                return;
            }
            self.place = Within::Behind;
            lines.push(b']');
        }
        lines.push(if byte == b'\n' { b' ' } else { byte });
    }
}

/// White space between the tokens of JSON: RFC 8259, section 2. No form feed is.
const fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r')
}

/// A line feed within a text is as invalid as the control character that it becomes.
const fn without_line_feed(byte: u8) -> u8 {
    if byte == b'\n' || byte == b'\r' { 1 } else { byte }
}

/// Cuts BSON into blocks of whole documents.
#[derive(Debug, Default)]
pub(super) struct Bson {
    buffer: Vec<u8>,
    /// Where the buffer's last document begins, which is still growing.
    start: usize,
    documents: u64,
    /// Of the export, before the buffer.
    bytes: u64,
}

impl Bson {
    fn push(&mut self, bytes: &[u8], each: &mut Each<'_>) -> Result<(), Unreadable> {
        for piece in bytes.chunks(BLOCK) {
            self.buffer.extend_from_slice(piece);
            while let Some(length) = self.length()?.filter(|length| self.buffer.len() - self.start >= *length) {
                self.start += length;
                self.documents += 1;
            }
            if self.start >= BLOCK {
                let tail = self.buffer.split_off(self.start);
                self.bytes += self.start as u64;
                self.start = 0;
                self.buffer = each(std::mem::take(&mut self.buffer));
                self.buffer.clear();
                self.buffer.extend_from_slice(&tail);
            }
        }
        Ok(())
    }

    /// Of the last document, as it says itself.
    fn length(&self) -> Result<Option<usize>, Unreadable> {
        let Some(length) = self.buffer[self.start..].first_chunk() else { return Ok(None) };
        let length = u32::from_le_bytes(*length);
        let (number, at) = (self.documents + 1, self.bytes + self.start as u64);
        match usize::try_from(length) {
            Ok(length) if (MIN_BSON..=MAX_LINE).contains(&length) => Ok(Some(length)),
            Ok(length) if (MAX_LINE..=MAX_BSON).contains(&length) => {
                Err(Unreadable::Limit { what: format!("document {number} is longer than {MAX_LINE} bytes") })
            }
            _ => Err(Unreadable::NotAnExport {
                seen: format!("document {number}, at byte {at}, says that it is {length} bytes long"),
            }),
        }
    }

    fn finish(&mut self) -> End {
        let open = self.buffer.len() > self.start;
        self.buffer.truncate(self.start);
        End { rest: std::mem::take(&mut self.buffer), unfinished: false, open }
    }
}

/// Calls `each` with every document of a block of BSON.
pub(super) fn bson_documents<'a>(block: &'a [u8], mut each: impl FnMut(&'a [u8])) {
    let mut rest = block;
    while let Some(length) = rest.first_chunk().map(|length| u32::from_le_bytes(*length) as usize) {
        let Some((document, next)) = rest.split_at_checked(length.max(MIN_BSON)) else { return };
        each(document);
        rest = next;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keep(all: &mut Vec<u8>) -> impl FnMut(Vec<u8>) -> Vec<u8> {
        |block| {
            all.extend_from_slice(&block);
            block
        }
    }

    fn lines(json: &str, piece: usize) -> (String, bool) {
        let mut framing = Framing::new(&Form::LegacyArray);
        let mut all = Vec::new();
        for piece in json.as_bytes().chunks(piece) {
            framing.push(piece, &mut keep(&mut all)).unwrap();
        }
        let end = framing.finish();
        all.extend(end.rest);
        (String::from_utf8(all).unwrap(), end.open)
    }

    #[test]
    fn elements_become_lines_wherever_the_pieces_end() {
        for piece in [1, 2, 3, 1000] {
            assert_eq!(
                lines("[{\"a\":[1,\n2]},\n{\"b\":\"],\\\"\"}]\n", piece),
                ("{\"a\":[1, 2]}\n{\"b\":\"],\\\"\"}\n".into(), false)
            );
            assert_eq!(lines("[{},]", piece), ("{}\n\n".into(), false));
            assert_eq!(lines("[{\"a\":1},{\"b", piece), ("{\"a\":1}\n{\"b".into(), true));
            assert_eq!(lines("[{}] {\"a\":\n1}", piece), ("{}\n]{\"a\": 1}".into(), false));
            assert_eq!(lines("[{\"a\":\"\n\"}]", piece).0, "{\"a\":\"\u{1}\"}\n");
        }
        assert_eq!(lines("[ \n ]\n", 1000), (String::new(), false));
    }

    #[test]
    fn deep_nesting_is_refused() {
        let mut framing = Framing::new(&Form::LegacyArray);
        let refused = framing.push("[".repeat(1 << 20).as_bytes(), &mut |block| block);
        assert!(matches!(refused, Err(Unreadable::Limit { .. })));
    }

    #[test]
    fn bson_is_cut_by_its_lengths() {
        let document = |n: u8| [8, 0, 0, 0, n, n, n, 0];
        let all: Vec<u8> = (0..200_000_u32).flat_map(|n| document((n % 250) as u8)).collect();
        let (mut framing, mut cut) = (Framing::new(&Form::LegacyBson), Vec::new());
        for piece in all[..all.len() - 3].chunks(70_001) {
            framing.push(piece, &mut keep(&mut cut)).unwrap();
        }
        let end = framing.finish();
        cut.extend(end.rest);
        assert!(end.open);
        assert_eq!(cut, all[..all.len() - 8]);
        let mut count = 0;
        bson_documents(&cut, |document| count += usize::from(document.len() == 8));
        assert_eq!(count, 199_999);
        let refused = Framing::new(&Form::LegacyBson).push(&[4, 0, 0, 0, 0], &mut |block| block);
        assert!(matches!(refused, Err(Unreadable::NotAnExport { .. })));
    }
}
