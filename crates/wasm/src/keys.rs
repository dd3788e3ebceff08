//! Keys that an auditor brings.

use countersign_core::checkpoint::VerifyingKey;
use wasm_bindgen::prelude::JsValue;

use crate::failure;

/// Reads the keys of this option.
pub(crate) fn read(option: &str, texts: &[String]) -> Result<Vec<VerifyingKey>, JsValue> {
    let read = |(i, text): (usize, &String)| {
        text.trim().parse().map_err(|error| failure::invalid(&format!("options.{option}[{i}] is no key: {error}")))
    };
    texts.iter().enumerate().map(read).collect()
}
