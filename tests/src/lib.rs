//! What the frozen vectors demand of a report, the same for every build.

pub mod cases;
