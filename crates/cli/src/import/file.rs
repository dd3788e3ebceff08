//! A file of documents: JSON Lines, one array, or BSON, plain or gzip.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;

use flate2::bufread::MultiGzDecoder;
use serde_json::value::RawValue;

use super::bson;
use super::document::{Document, Fault, STANDARD_INPUT};

/// Most bytes of documents that are read: they are held in memory, decompressed.
const MAX_FILE: u64 = 2 << 30;
const GZIP_MAGIC: [u8; 2] = [0x1f, 0x8b];
const ARCHIVE_MAGIC: &[u8] = b"\x6d\xe2\x99\x81";
const BOM: &[u8] = b"\xef\xbb\xbf";

/// Calls `each` with every document.
///
/// # Errors
/// Where the file, or a document in it, cannot be read; what `each` returns.
pub(super) fn each(path: &Path, each: &mut dyn FnMut(Document<'_>) -> Result<(), Fault>) -> Result<(), Fault> {
    let bytes = read(path)?;
    // First: a length may begin with any byte, `{` and `[` among them.
    if is_bson(&bytes) {
        return documents(path, &bytes, each);
    }
    let bytes = bytes.strip_prefix(BOM).unwrap_or(&bytes);
    let first = bytes.iter().find(|b| !b.is_ascii_whitespace());
    match first {
        None => Ok(()),
        _ if bytes.starts_with(ARCHIVE_MAGIC) => {
            Err(Fault::of_file(path, "a mongodump --archive file; dump the collection into a directory instead"))
        }
        Some(b'[') => array(path, bytes, each),
        Some(b'{') => lines(path, bytes, each),
        _ => documents(path, bytes, each),
    }
}

/// Whether a document of BSON comes first: its length, and a zero at its end. No text has a zero.
fn is_bson(bytes: &[u8]) -> bool {
    let length = bytes.first_chunk::<4>().and_then(|length| usize::try_from(u32::from_le_bytes(*length)).ok());
    length.and_then(|length| bytes.get(..length)).is_some_and(|document| document.len() > 4 && document.ends_with(&[0]))
}

fn read(path: &Path) -> Result<Vec<u8>, Fault> {
    let read = || {
        let mut file: Box<dyn BufRead> = match path.as_os_str() == STANDARD_INPUT {
            true => Box::new(io::stdin().lock()),
            false => Box::new(BufReader::new(File::open(path)?)),
        };
        let mut bytes = Vec::new();
        match file.fill_buf()?.starts_with(&GZIP_MAGIC) {
            true => MultiGzDecoder::new(file).take(MAX_FILE + 1).read_to_end(&mut bytes)?,
            false => file.take(MAX_FILE + 1).read_to_end(&mut bytes)?,
        };
        Ok(bytes)
    };
    let bytes: Vec<u8> = read().map_err(|error: io::Error| Fault::of_file(path, error))?;
    match bytes.len() as u64 > MAX_FILE {
        true => Err(Fault::of_file(path, format_args!("more than {MAX_FILE} bytes of documents"))),
        false => Ok(bytes),
    }
}

fn array(path: &Path, bytes: &[u8], each: &mut dyn FnMut(Document<'_>) -> Result<(), Fault>) -> Result<(), Fault> {
    let elements: Vec<&RawValue> = serde_json::from_slice(bytes).map_err(|e| {
        Fault::of_file(path, format_args!("no whole JSON array: line {}, column {}", e.line(), e.column()))
    })?;
    for (n, element) in (1..).zip(elements) {
        each(Document::read(path, n, element.get())?)?;
    }
    Ok(())
}

fn lines(path: &Path, bytes: &[u8], each: &mut dyn FnMut(Document<'_>) -> Result<(), Fault>) -> Result<(), Fault> {
    let values = serde_json::Deserializer::from_slice(bytes).into_iter::<&RawValue>();
    for (number, value) in (1..).zip(values) {
        let value = value.map_err(|e| {
            Fault::of_document(path, number, format_args!("no whole JSON, line {}, column {}", e.line(), e.column()))
        })?;
        each(Document::read(path, number, value.get())?)?;
    }
    Ok(())
}

fn documents(path: &Path, bytes: &[u8], each: &mut dyn FnMut(Document<'_>) -> Result<(), Fault>) -> Result<(), Fault> {
    let (mut rest, mut number) = (bytes, 0);
    while !rest.is_empty() {
        number += 1;
        let (json, length) = bson::next(rest).map_err(|reason| Fault::of_document(path, number, reason))?;
        each(Document::read(path, number, &json)?)?;
        rest = &rest[length..];
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `{"name": "…"}`, so many bytes long.
    fn bson(length: u8) -> Vec<u8> {
        let text = usize::from(length) - 16;
        let mut document = vec![length, 0, 0, 0, 2];
        document.extend_from_slice(b"name\0");
        document.extend_from_slice(&u32::try_from(text + 1).unwrap().to_le_bytes());
        document.resize(document.len() + text, b'x');
        document.extend_from_slice(&[0, 0]);
        document
    }

    #[test]
    fn a_length_that_looks_like_json_is_none() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("users.bson");
        for length in [b'{', b'[', b' ', b'\n' + 20] {
            std::fs::write(&path, [bson(length), bson(200)].concat()).unwrap();
            let mut found = 0;
            let counted = each(&path, &mut |_| {
                found += 1;
                Ok(())
            });
            assert!(counted.is_ok() && found == 2, "{length}: {found}");
        }
    }
}
