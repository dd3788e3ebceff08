//! The bindings in Node.
#![expect(clippy::unwrap_used, reason = "a helper of a test may panic as the test itself may")]
#![cfg(target_arch = "wasm32")]

mod shared;
