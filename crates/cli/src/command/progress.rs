//! How far an audit is, on standard error where that is a terminal.

use std::io::{self, IsTerminal};
use std::time::{Duration, Instant};

use countersign_core::verify::Progress;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::screen::grouped;

const TEMPLATE: &str = "{prefix}[{wide_bar}] {bytes} of {total_bytes}  {msg}  {eta} left";

/// A progress bar; none where nobody looks.
#[derive(Debug)]
pub(super) struct Bar {
    bar: Option<ProgressBar>,
    pass: u32,
    started: Instant,
}

impl Bar {
    pub(super) fn new(bytes: u64) -> Self {
        let style = ProgressStyle::with_template(TEMPLATE).map(|style| style.progress_chars("=> "));
        let bar = io::stderr().is_terminal().then(|| {
            let bar = ProgressBar::with_draw_target(Some(bytes), ProgressDrawTarget::stderr_with_hz(10));
            // A template that is at fault costs the looks, not the audit.
            if let Ok(style) = style { bar.with_style(style) } else { bar }
        });
        Self { bar, pass: 1, started: Instant::now() }
    }

    pub(super) fn show(&mut self, progress: Progress) {
        let Some(bar) = &self.bar else { return };
        if progress.pass != self.pass {
            (self.pass, self.started) = (progress.pass, Instant::now());
            bar.reset();
            bar.set_prefix("second reading ");
        }
        let rate = per_second(progress.entries, self.started.elapsed());
        bar.set_position(progress.bytes);
        bar.set_message(format!("{} entries, {}/s", grouped(progress.entries), grouped(rate)));
    }

    /// Leaves no trace of it.
    pub(super) fn clear(self) {
        if let Some(bar) = self.bar {
            bar.finish_and_clear();
        }
    }
}

fn per_second(entries: u64, elapsed: Duration) -> u64 {
    let ms = u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX).max(1);
    u64::try_from(u128::from(entries) * 1000 / u128::from(ms)).unwrap_or(u64::MAX)
}
