//! What must hold wherever WebAssembly runs.

mod bindings;
mod cases;

use countersign_wasm::{Audit, Settings};
use js_sys::{JSON, Reflect};
use wasm_bindgen::JsValue;

/// Every vector by its name, those of format 1 below `legacy/`.
pub(crate) const VECTORS: &[(&str, &[u8])] = include!(concat!(env!("OUT_DIR"), "/vectors.rs"));

/// A vector's bytes.
pub(crate) fn vector(name: &str) -> &'static [u8] {
    let (_, bytes) = VECTORS.iter().find(|(known, _)| *known == name).unwrap_or_else(|| panic!("no vector {name}"));
    bytes
}

/// Audits as JavaScript does, in chunks of a size.
pub(crate) fn audit(bytes: &[u8], chunk: usize) -> Result<JsValue, JsValue> {
    audit_with(&Settings { input_hash: true, ..Settings::default() }, bytes, chunk)
}

/// A new audit, told these settings.
pub(crate) fn started(settings: &Settings) -> Result<Audit, JsValue> {
    Audit::new(serde_wasm_bindgen::to_value(settings).unwrap())
}

/// The same, told more.
pub(crate) fn audit_with(settings: &Settings, bytes: &[u8], chunk: usize) -> Result<JsValue, JsValue> {
    let mut audit = started(settings)?;
    loop {
        for chunk in bytes.chunks(chunk) {
            audit.push(chunk)?;
        }
        if audit.finish()? {
            return audit.report(0.0, 1.0);
        }
    }
}

/// As JavaScript would write it to a file.
pub(crate) fn json(value: &JsValue) -> String {
    JSON::stringify(value).unwrap().into()
}

/// A key's text.
pub(crate) fn text(object: &JsValue, key: &str) -> Option<String> {
    Reflect::get(object, &key.into()).unwrap().as_string()
}
