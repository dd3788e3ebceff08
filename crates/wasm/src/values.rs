//! Plain objects for JavaScript.

use js_sys::JSON;
use serde::Serialize;
use serde_wasm_bindgen::Serializer;
use wasm_bindgen::prelude::JsValue;

use crate::failure;

/// A value as plain objects, arrays, strings, numbers and null: what `JSON.parse` would give.
pub(crate) fn to_js<T: Serialize>(value: &T) -> Result<JsValue, JsValue> {
    value.serialize(&Serializer::json_compatible()).or_else(|_| rounded(value))
}

/// By way of JSON, which rounds a number beyond 2^53 where the serialiser refuses it: no count of
/// ours is as large, but a finding may quote what a hostile file holds.
fn rounded<T: Serialize>(value: &T) -> Result<JsValue, JsValue> {
    let json = serde_json::to_string(value).map_err(|error| failure::inexpressible(&error.to_string()))?;
    JSON::parse(&json)
}
