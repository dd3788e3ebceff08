//! What the frozen vectors demand of a report, the same for every build.

pub mod cases;
pub mod worked;

/// The README's Rust runs as it stands there.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
struct Readme;
