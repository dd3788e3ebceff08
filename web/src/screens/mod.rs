//! One view per screen.

pub(crate) mod checkpoints;
pub(crate) mod coverage;
pub(crate) mod crashed;
pub(crate) mod entry;
pub(crate) mod findings;
pub(crate) mod pages;
pub(crate) mod refused;
pub(crate) mod running;
pub(crate) mod start;
pub(crate) mod summary;
pub(crate) mod trusted;
pub(crate) mod verdict;
pub(crate) mod warnings;
