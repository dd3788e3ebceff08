//! BSON to canonical Extended JSON, so that one reader serves both.

use std::fmt::Display;

use bson::raw::{RawArray, RawBsonRef, RawDocument};
use countersign_core::limits::MAX_DEPTH;
use serde_json::{Value, json};

/// The first document of `bytes` as JSON, and how long it is.
///
/// # Errors
/// Why it is none.
pub(super) fn next(bytes: &[u8]) -> Result<(String, usize), String> {
    let cut = || "it stops within a document".to_owned();
    let length = bytes.first_chunk().map(|length| u32::from_le_bytes(*length) as usize).ok_or_else(cut)?;
    let document = bytes.get(..length).ok_or_else(cut)?;
    let document = RawDocument::from_bytes(document).map_err(unreadable)?;
    let mut json = String::new();
    write_object(document, 0, &mut json)?;
    Ok((json, length))
}

/// Member by member: a key that stands twice must stay twice.
fn write_object(document: &RawDocument, depth: usize, json: &mut String) -> Result<(), String> {
    json.push('{');
    for (n, element) in document.iter().enumerate() {
        let (name, value) = element.map_err(unreadable)?;
        if n > 0 {
            json.push(',');
        }
        json.push_str(&Value::from(name.as_str()).to_string());
        json.push(':');
        write_value(value, depth, json)?;
    }
    json.push('}');
    Ok(())
}

fn write_array(array: &RawArray, depth: usize, json: &mut String) -> Result<(), String> {
    json.push('[');
    for (n, value) in array.into_iter().enumerate() {
        if n > 0 {
            json.push(',');
        }
        write_value(value.map_err(unreadable)?, depth, json)?;
    }
    json.push(']');
    Ok(())
}

/// A member's or an element's value; `depth`: of what it stands in.
fn write_value(value: RawBsonRef<'_>, depth: usize, json: &mut String) -> Result<(), String> {
    match value {
        RawBsonRef::Document(_) | RawBsonRef::Array(_) if depth == MAX_DEPTH => {
            Err(format!("BSON nested deeper than {MAX_DEPTH}"))
        }
        RawBsonRef::Document(inner) => write_object(inner, depth + 1, json),
        RawBsonRef::Array(inner) => write_array(inner, depth + 1, json),
        other => {
            json.push_str(&scalar(other).to_string());
            Ok(())
        }
    }
}

fn unreadable(error: impl Display) -> String {
    format!("no whole BSON document: {error}")
}

/// The types that users and the Treasury use; any other becomes one that no key takes.
fn scalar(value: RawBsonRef<'_>) -> Value {
    match value {
        RawBsonRef::String(text) => text.into(),
        RawBsonRef::Boolean(flag) => flag.into(),
        RawBsonRef::Null => Value::Null,
        RawBsonRef::ObjectId(id) => json!({"$oid": id.to_hex()}),
        RawBsonRef::Decimal128(number) => json!({"$numberDecimal": number.to_string()}),
        RawBsonRef::DateTime(time) => json!({"$date": {"$numberLong": time.timestamp_millis().to_string()}}),
        other => json!({"$type": format!("{:?}", other.element_type())}),
    }
}
