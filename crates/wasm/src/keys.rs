//! Keys and checkpoints that an auditor brings.

use countersign_core::checkpoint::{KeyKind, VerifyingKey, notes};
use wasm_bindgen::prelude::JsValue;

use crate::failure;

/// Reads the keys of this option.
pub(crate) fn read(option: &str, texts: &[String]) -> Result<Vec<VerifyingKey>, JsValue> {
    let read = |(i, text): (usize, &String)| {
        text.trim().parse().map_err(|error| failure::invalid(&format!("options.{option}[{i}] is no key: {error}")))
    };
    texts.iter().enumerate().map(read).collect()
}

/// The same, of those who cosign.
pub(crate) fn read_witnesses(option: &str, texts: &[String]) -> Result<Vec<VerifyingKey>, JsValue> {
    let keys = read(option, texts)?;
    match keys.iter().position(|key| key.kind() != KeyKind::CosignatureV1) {
        Some(i) => Err(failure::invalid(&format!("options.{option}[{i}] is no witness's key, which is of type 0x04"))),
        None => Ok(keys),
    }
}

/// A signed note as it was signed, whatever an editor or a mail made of its line ends. What is none, or several, is told
/// from one where it is read.
pub(crate) fn note(text: &str) -> String {
    match <[String; 1]>::try_from(notes(text)) {
        Ok([note]) => note,
        Err(_) => text.to_owned(),
    }
}
