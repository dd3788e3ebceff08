//! Format 2 export files: header, entries, documents, trailer. Encoder and strict readers side by side.

pub mod document;
pub mod fast;
pub mod header;
pub mod line;
pub mod strict;
pub mod writer;
