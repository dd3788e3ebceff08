//! The bindings in a browser: a suite runs in one place, so this is the second one.
#![cfg(target_arch = "wasm32")]

mod shared;

wasm_bindgen_test::wasm_bindgen_test_configure!(run_in_browser);
