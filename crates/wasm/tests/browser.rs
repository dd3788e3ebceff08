//! The bindings in a browser: a suite runs in one place, so this is the second one.
#![expect(clippy::unwrap_used, reason = "a helper of a test may panic as the test itself may")]
#![cfg(target_arch = "wasm32")]

mod shared;

wasm_bindgen_test::wasm_bindgen_test_configure!(run_in_browser);
