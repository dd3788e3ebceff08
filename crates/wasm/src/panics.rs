//! What a panic said. WebAssembly turns it into a trap, which carries no message.

use std::cell::RefCell;
use std::panic;

use wasm_bindgen::prelude::wasm_bindgen;

thread_local! {
    static LAST: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// Keeps the message of a panic, and writes it to the console.
pub(crate) fn install() {
    panic::set_hook(Box::new(|info| {
        LAST.set(Some(info.to_string()));
        console_error_panic_hook::hook(info);
    }));
}

/// The last panic's message, so that the trap it became can be told as an `Error`.
#[wasm_bindgen(js_name = lastPanic)]
#[must_use]
pub fn last_panic() -> Option<String> {
    LAST.with_borrow(Clone::clone)
}
