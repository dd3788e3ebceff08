//! Errors as JavaScript has them: an `Error` with a stable `code`.

use countersign_core::{Malformed, Unreadable};
use js_sys::{Error, Reflect};
use wasm_bindgen::prelude::JsValue;

/// An input that is no export.
pub(crate) fn unreadable(error: &Unreadable) -> JsValue {
    coded(error.code(), &error.to_string()).into()
}

/// A line that is no entry.
pub(crate) fn malformed(fault: &Malformed) -> JsValue {
    let place = fault.field.as_deref().map_or_else(String::new, |field| format!("{field}: "));
    let error = coded("MALFORMED_ENTRY", &format!("this is no entry of format 2: {place}{}", fault.reason));
    if let Some(field) = &fault.field {
        set(&error, "field", field);
    }
    error.into()
}

/// An argument that is not allowed.
pub(crate) fn invalid(reason: &str) -> JsValue {
    coded("INVALID_ARGUMENT", reason).into()
}

/// A call after the end.
pub(crate) fn already_finished() -> JsValue {
    coded("ALREADY_FINISHED", "this audit is over: make a new one").into()
}

/// A value that JavaScript cannot hold.
pub(crate) fn inexpressible(reason: &str) -> JsValue {
    coded("INTERNAL", &format!("a value could not be handed to JavaScript: {reason}")).into()
}

fn coded(code: &str, message: &str) -> Error {
    let error = Error::new(message);
    set(&error, "code", code);
    error
}

fn set(error: &Error, key: &str, value: &str) {
    // Setting a new key of an Error just made cannot fail.
    let _ = Reflect::set(error, &key.into(), &value.into());
}
