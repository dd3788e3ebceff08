//! Where a file's entries end and its documents begin, in a file that mixes them.

use crate::segment::{Documents, Run};

/// The line before which documents stand among entries, and after which entries stand among documents:
/// the one at which the fewest lines are out of their place. What stands after the trailer has a fault of its own.
pub(super) fn boundary(runs: &[Run], documents: &Documents) -> u64 {
    let end = documents.trailer_line().unwrap_or(u64::MAX);
    let runs = || runs.iter().filter(|run| run.line < end);
    let mut lines: Vec<u64> = documents.users.iter().map(|(line, _)| *line).collect();
    lines.extend(documents.treasury.iter().map(|(line, _)| *line));
    lines.retain(|line| *line < end);
    lines.sort_unstable();
    let mut after: u64 = runs().map(|run| run.count).sum();
    // With every document before it, no entry is out of place.
    let (mut best, mut fewest) = (u64::MAX, lines.len() as u64);
    let mut runs = runs().peekable();
    for (before, line) in (0..).zip(lines) {
        while let Some(run) = runs.next_if(|run| run.line < line) {
            after -= run.count;
        }
        // Of two that are as good the later: a document is put where it should not be sooner than an entry.
        if before + after < fewest || (before + after == fewest && best != u64::MAX) {
            (best, fewest) = (line, before + after);
        }
    }
    best
}
