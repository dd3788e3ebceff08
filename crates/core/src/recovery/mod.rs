//! What an entry was before it was changed. Its genuine hash usually survives, in the entry itself and in the
//! one that follows: a candidate that gives this hash is the original, proven and not guessed.
//!
//! Candidates are tried from the cheapest on: what the arithmetic, the grammar and the rest of the file suggest
//! for each field alone, one slip of a pen, other times, amounts changed together, then two fields at once. How
//! many are tried is bounded by a [`Budget`], counted and not timed, so that every machine finds the same.

mod amounts;
mod block;
mod candidates;
mod content;
mod form;
mod lexicon;
mod search;
mod slips;

pub(crate) use block::original_block;
pub(crate) use candidates::{Message, modified};
pub(crate) use content::{Original, Suspect, original_content};
pub(crate) use form::{Form, Role};
pub(crate) use lexicon::{Lexicon, see};
pub(crate) use search::{Budget, LONGEST, length};
