//! `countersign stats`: what all entries moved, by currency and type.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use clap::Args;
use countersign_core::books::{Sums, Treasury};
use countersign_core::money::Sum;
use countersign_store::{Head, Identity, Total, Totals, Wanted};
use serde::Serialize;

use super::screen::{grouped, plain};
use super::settings::Source;
use super::{Failure, Outcome, answer, ledger};

#[derive(Args, Debug)]
pub(super) struct Arguments {
    #[command(flatten)]
    source: Source,
    /// Print as JSON
    #[arg(long)]
    json: bool,
}

/// A ledger in figures.
#[derive(Serialize)]
struct Figures {
    #[serde(flatten)]
    identity: Identity,
    entries: u64,
    head: String,
    last_entry_at: Option<String>,
    halted: bool,
    currencies: BTreeMap<String, Currency>,
}

#[derive(Serialize)]
struct Currency {
    /// What SYSTEM gave, and what was given to it.
    minted: Sum,
    burned: Sum,
    /// What the Treasury holds; accounts hold the rest of what was minted and not burned.
    treasury: Sum,
    by_type: BTreeMap<String, Total>,
}

pub(super) fn run(arguments: &Arguments) -> Result<Outcome, Failure> {
    let load = || {
        let (_, store) = ledger::read(&arguments.source)?;
        let loaded = store.load(&Wanted::default())?;
        Ok(Figures::of(store.identity().clone(), loaded.head, &loaded.treasury))
    };
    answer::give(arguments.json, load, words)
}

impl Figures {
    fn of(identity: Identity, head: Head, treasury: &Treasury) -> Self {
        let currencies = currencies(head.totals, treasury);
        let (head_hash, last_entry_at) = (head.hash.to_string(), head.time.map(|time| time.to_string()));
        Self { identity, entries: head.seq, head: head_hash, last_entry_at, halted: head.halt.is_some(), currencies }
    }
}

fn currencies(totals: Totals, treasury: &Treasury) -> BTreeMap<String, Currency> {
    let held = |currency: &str| {
        let sums = treasury.collected.values().filter_map(|sums: &Sums| sums.get(currency));
        sums.fold(Sum::ZERO, |total, sum| total + *sum)
    };
    let figures = |(currency, by_type): (String, BTreeMap<String, Total>)| {
        let minted = by_type.values().fold(Sum::ZERO, |sum, total| sum + total.minted);
        let burned = by_type.get("SYSTEM_BURN").map_or(Sum::ZERO, |total| total.net);
        let treasury = held(&currency);
        (currency, Currency { minted, burned, treasury, by_type })
    };
    totals.into_iter().map(figures).collect()
}

fn words(figures: &Figures) -> String {
    let mut text = String::new();
    let halted = if figures.halted { ", halted" } else { "" };
    // Writing to a String cannot fail.
    let _ = writeln!(text, "{}{halted}: {} entries", plain(&figures.identity.ledger), grouped(figures.entries));
    for (currency, Currency { minted, burned, treasury, by_type }) in &figures.currencies {
        let _ = writeln!(text, "\n{}", plain(currency));
        for (kind, total) in by_type {
            let (count, gross) = (grouped(total.transactions), total.gross.to_string());
            let _ = writeln!(text, "  {:<18} {count:>12} {gross:>26}", plain(kind));
        }
        let accounts = *minted - *burned - *treasury;
        let sums =
            [("minted", *minted), ("burned", *burned), ("Treasury holds", *treasury), ("accounts hold", accounts)];
        for (name, sum) in sums {
            let _ = writeln!(text, "  {name:<18} {:>12} {:>26}", "", sum.to_string());
        }
    }
    text
}
