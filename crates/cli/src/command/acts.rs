//! `countersign acts`: what operators did that is no entry, and why, the latest first.

use std::fmt::Write as _;

use clap::Args;
use countersign_store::{Act, Page};

use super::screen::plain;
use super::settings::Source;
use super::{Failure, Outcome, answer, ledger};

const MOST: i64 = 10_000;

#[derive(Args, Debug)]
pub(super) struct Arguments {
    #[command(flatten)]
    source: Source,
    /// At most so many
    #[arg(long, value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=MOST))]
    limit: u32,
    /// Only acts before this one: the number that the last page ended with
    #[arg(long, value_name = "NUMBER")]
    before: Option<u64>,
    /// Print as JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn run(arguments: &Arguments) -> Result<Outcome, Failure> {
    let load = || {
        let (_, store) = ledger::read(&arguments.source)?;
        Ok(store.acts(Page { before: arguments.before, limit: arguments.limit })?)
    };
    answer::give(arguments.json, load, |acts| words(acts))
}

fn words(acts: &[Act]) -> String {
    let mut text = String::new();
    for Act { number, kind, account, by, reason, at, seq } in acts {
        let part = |before: &str, part: &Option<String>| {
            part.as_ref().map_or(String::new(), |part| format!("{before}{}", plain(part)))
        };
        // Writing to a String cannot fail.
        let _ = writeln!(
            text,
            "{number:>6}  {at}  {:<19} after entry {seq}{}{}{}",
            kind.name(),
            part("  ", account),
            part("  by ", by),
            part(": ", reason)
        );
    }
    if acts.is_empty() { "There are no such acts.\n".to_owned() } else { text }
}
