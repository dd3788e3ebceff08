//! Plain objects for JavaScript.

use std::io;

use js_sys::JSON;
use serde::Serialize;
use serde_json::Serializer;
use serde_json::ser::Formatter;
use wasm_bindgen::prelude::JsValue;

use crate::failure;

/// Largest integer below which JavaScript's numbers leave none out: 2^53 − 1.
const MAX_SAFE: u64 = (1 << 53) - 1;

/// A value as plain objects, arrays, strings, numbers and null: what `JSON.parse` makes of its text, so that
/// no key that a hostile file chose (`__proto__`) is more than a key. An integer that JavaScript would round
/// is a string: a finding shows what stands in the file.
pub(crate) fn to_js<T: Serialize>(value: &T) -> Result<JsValue, JsValue> {
    let mut text = Vec::new();
    let written = value.serialize(&mut Serializer::with_formatter(&mut text, Unrounded));
    written.map_err(|error| failure::inexpressible(&error.to_string()))?;
    let text = String::from_utf8(text).map_err(|error| failure::inexpressible(&error.to_string()))?;
    JSON::parse(&text)
}

/// Compact JSON whose integers JavaScript reads as they are.
struct Unrounded;

impl Formatter for Unrounded {
    fn write_u64<W: ?Sized + io::Write>(&mut self, writer: &mut W, value: u64) -> io::Result<()> {
        if value > MAX_SAFE { write!(writer, "\"{value}\"") } else { write!(writer, "{value}") }
    }

    fn write_i64<W: ?Sized + io::Write>(&mut self, writer: &mut W, value: i64) -> io::Result<()> {
        if value.unsigned_abs() > MAX_SAFE { write!(writer, "\"{value}\"") } else { write!(writer, "{value}") }
    }
}
