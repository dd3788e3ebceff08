//! Everything that is logged, by anyone, at any level.

use std::sync::{Mutex, Once};

static LINES: Mutex<Vec<String>> = Mutex::new(Vec::new());
static SET: Once = Once::new();

struct Keeper;

impl log::Log for Keeper {
    fn enabled(&self, _: &log::Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &log::Record<'_>) {
        LINES.lock().expect("whole").push(format!("{} {}", record.target(), record.args()));
    }

    fn flush(&self) {}
}

/// Keeps what is logged from now on.
pub(crate) fn keep() {
    SET.call_once(|| {
        log::set_logger(&Keeper).expect("no other logger");
        log::set_max_level(log::LevelFilter::Trace);
    });
}

/// The lines with a text in them.
pub(crate) fn with(text: &str) -> Vec<String> {
    LINES.lock().expect("whole").iter().filter(|line| line.contains(text)).cloned().collect()
}
