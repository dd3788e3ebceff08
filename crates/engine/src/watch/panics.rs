//! Faults of the program that do not end the watch.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// What some work comes to; where it panics, what the panic said. Whoever calls it sees to it that what the work left
/// half done is not relied upon.
pub(super) fn caught<T>(work: impl FnOnce() -> T) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(work)).map_err(|panic| said(&*panic))
}

fn said(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_else(|| "it did not say why".to_owned())
}
