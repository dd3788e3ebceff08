//! What an input is, by its first bytes, and what it is instead of an export.

use crate::export::header::Header;
use crate::export::strict::Members;
use crate::limits::MAX_LINE;
use crate::unreadable::Unreadable;

/// The forms of an export.
#[derive(Debug)]
pub(crate) enum Form {
    /// Format 2; the header was the first line.
    Ledger(Box<Header>),
    /// Format 1 as JSON Lines.
    LegacyLines,
    /// Format 1 as one JSON array.
    LegacyArray,
    /// Format 1 as BSON documents.
    LegacyBson,
}

const BOM: &[u8] = b"\xef\xbb\xbf";

/// The keys of which an entry of format 1 has at least one.
const LEGACY_KEYS: [&str; 3] = ["transaction_id", "previous_hash", "current_hash"];

/// Whether an object looks like an entry of format 1.
pub(crate) fn is_legacy<'a>(mut keys: impl Iterator<Item = &'a str>) -> bool {
    keys.any(|key| LEGACY_KEYS.contains(&key))
}

/// Tells the form of an export by its start, and where its body begins; `None` where more must be
/// seen. `ended` where there is no more.
pub(crate) fn form(start: &[u8], ended: bool) -> Result<Option<(Form, usize)>, Unreadable> {
    if start.len() < 16 && !ended {
        return Ok(None);
    }
    // First: a length may begin with any byte, and no text is one, whose fourth byte is at least a tab.
    if is_bson(start) {
        return Ok(Some((Form::LegacyBson, 0)));
    }
    let bom = if start.starts_with(BOM) { BOM.len() } else { 0 };
    let blank = start[bom..].iter().take_while(|b| matches!(b, b' ' | b'\t' | b'\r' | b'\n')).count();
    let at = bom + blank;
    let Some(&first) = start.get(at) else {
        return if ended || start.len() > MAX_LINE { Err(Unreadable::Empty) } else { Ok(None) };
    };
    let blank_lines = start[bom..at].contains(&b'\n');
    match first {
        b'{' => by_first_line(start, at, ended, blank_lines.then_some(bom)),
        b'[' => Ok(Some((Form::LegacyArray, at))),
        _ => Err(Unreadable::NotAnExport { seen: seen(start) }),
    }
}

/// `blank`: where blank lines before it begin. To format 1 they are lines that are no entry.
fn by_first_line(
    start: &[u8],
    at: usize,
    ended: bool,
    blank: Option<usize>,
) -> Result<Option<(Form, usize)>, Unreadable> {
    let not = |seen: &str| Err(Unreadable::NotAnExport { seen: seen.to_owned() });
    let end = match memchr::memchr(b'\n', &start[at..]) {
        Some(n) => at + n,
        None if start.len() > MAX_LINE => return not("its first line is longer than 1 MiB"),
        None if ended => start.len(),
        None => return Ok(None),
    };
    let Ok(line) = std::str::from_utf8(&start[at..end]) else {
        return not("its first line is not valid UTF-8");
    };
    let Some(members) = Members::read(line) else {
        return not("its first line is not a whole JSON object");
    };
    if members.value("format").is_some() && blank.is_some() {
        return not("its first line is blank, where the header belongs");
    }
    if members.value("format").is_some() {
        let header = Header::read(&members, line).map_err(|reason| Unreadable::Header { reason })?;
        return Ok(Some((Form::Ledger(Box::new(header)), (end + 1).min(start.len()))));
    }
    if members.value("seq").is_some() && members.value("personal_hash").is_some() {
        return not("entries of format 2 without the header that belongs before them");
    }
    if is_legacy(members.0.iter().map(|(key, _)| key.as_ref())) {
        return Ok(Some((Form::LegacyLines, blank.unwrap_or(at))));
    }
    not("a JSON object with neither the key \"format\" nor the keys of an entry")
}

/// A length, then the type of a first element, then its name.
fn is_bson(start: &[u8]) -> bool {
    let Some((length, rest)) = start.split_first_chunk::<4>() else { return false };
    let length = u32::from_le_bytes(*length);
    let typed = rest.first().is_some_and(|t| matches!(t, 1..=0x13));
    let named = rest.iter().skip(1).take_while(|b| **b != 0).all(|b| b.is_ascii_graphic());
    (5..=1 << 24).contains(&length) && typed && named
}

fn seen(start: &[u8]) -> String {
    const MAGIC: [(&[u8], &str); 17] = [
        (b"\x6d\xe2\x99\x81", "a mongodump --archive file; dump the collection into a directory instead"),
        (b"PK\x03\x04", "a ZIP archive; unpack it first"),
        (b"PK\x05\x06", "an empty ZIP archive"),
        (b"\x1f\x8b", "gzip inside gzip; unpack it once first"),
        (b"\x28\xb5\x2f\xfd", "a Zstandard archive; unpack it first"),
        (b"\xfd7zXZ", "an xz archive; unpack it first"),
        (b"BZh", "a bzip2 archive; unpack it first"),
        (b"7z\xbc\xaf", "a 7z archive; unpack it first"),
        (b"Rar!", "a RAR archive; unpack it first"),
        (b"\x89PNG", "a PNG image"),
        (b"\xff\xd8\xff", "a JPEG image"),
        (b"GIF8", "a GIF image"),
        (b"%PDF", "a PDF document"),
        (b"SQLite format 3", "an SQLite database, not an export of it"),
        (b"\x7fELF", "a program"),
        (b"\xff\xfe", "text in UTF-16; exports are UTF-8"),
        (b"\xfe\xff", "text in UTF-16; exports are UTF-8"),
    ];
    if let Some((_, name)) = MAGIC.iter().find(|(magic, _)| start.starts_with(magic)) {
        return (*name).to_owned();
    }
    if start.get(257..262) == Some(b"ustar") {
        return "a tar archive; unpack it first".to_owned();
    }
    let start = &start[..start.len().min(64)];
    let text = String::from_utf8_lossy(start);
    if start.iter().any(|b| *b < 9)
        || text.contains('\u{fffd}') && std::str::from_utf8(start).is_err_and(|e| e.error_len().is_some())
    {
        return "binary data of no known kind".to_owned();
    }
    match text.trim_start().chars().next() {
        Some('<') => "HTML or XML".to_owned(),
        _ => {
            let shown: String = text.trim().chars().take(24).flat_map(char::escape_debug).collect();
            format!("text that starts with “{shown}”")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A document whose length begins with the byte `first`.
    fn bson(first: u8) -> Vec<u8> {
        let mut document = vec![first, 1, 0, 0, 2];
        document.extend_from_slice(b"transaction_id\0");
        document.resize(256 + usize::from(first), 0);
        document
    }

    #[test]
    fn a_length_may_begin_with_any_byte() {
        for first in 0..=u8::MAX {
            let found = form(&bson(first), true);
            assert!(matches!(found, Ok(Some((Form::LegacyBson, 0)))), "{first}: {found:?}");
        }
    }

    #[test]
    fn no_text_is_taken_for_bson() {
        for text in ["{\"transaction_id\":1}", "[\n\n\n\n{}]", "\n\t\t\t\t[ {} ]", "{\t\t\t\"previous_hash\":\"0\"}"] {
            let found = form(text.as_bytes(), true);
            assert!(matches!(found, Ok(Some((Form::LegacyLines | Form::LegacyArray, _)))), "{text:?}: {found:?}");
        }
    }
}
