//! The audit for JavaScript.
//!
//! Inside: an [`Audit`] fed with bytes, [`hash_entry`], and how reports, errors and panics cross the
//! border. Not inside: files, streams, clocks and promises; these are the hand-written modules in
//! `npm/`, which the package for every target shares.

mod audit;
mod entry;
mod failure;
mod keys;
mod panics;
mod values;

pub use audit::{Audit, Progress, Settings};
pub use entry::hash_entry;
pub use panics::last_panic;

use wasm_bindgen::prelude::wasm_bindgen;

/// Runs when the module is instantiated.
#[wasm_bindgen(start)]
pub fn start() {
    panics::install();
}
