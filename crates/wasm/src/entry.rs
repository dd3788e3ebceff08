//! One entry, for those who check it by hand.

use wasm_bindgen::prelude::{JsValue, wasm_bindgen};

use crate::{failure, values};

/// The hashes of an entry, written as in an export, and the preimages that give them.
///
/// # Errors
/// `MALFORMED_ENTRY`, with the first field at fault.
#[wasm_bindgen(js_name = hashEntry)]
pub fn hash_entry(line: &str) -> Result<JsValue, JsValue> {
    let hashes = countersign_core::hash_entry_line(line.as_bytes()).map_err(|fault| failure::malformed(&fault))?;
    values::to_js(&hashes)
}
