//! The ledger as a whole: where it ends, and what moved.

use std::collections::BTreeMap;
use std::sync::Arc;

use countersign_core::books::Sums;
use countersign_core::grammar::NO_CURRENCY;
use countersign_core::hash::Hash;
use countersign_core::money::Sum;
use countersign_core::timestamp::Timestamp;
use countersign_store::{Head, Identity, Total, Totals, Wanted};
use serde::Serialize;

use crate::answer::{self, Answer};
use crate::app::App;
use crate::call::Call;
use crate::problem::Problem;

#[derive(Serialize)]
struct Stats<'a> {
    ledger: &'a str,
    ledger_id: &'a str,
    /// `seq` of the last entry.
    last_seq: u64,
    /// Its `current_hash`.
    head: Hash,
    /// Its `created_at`.
    last_created_at: Option<Timestamp>,
    /// Root of the tree of all entries.
    root: Option<Hash>,
    halted: bool,
    /// By currency and type.
    totals: &'a Totals,
    /// By currency: what SYSTEM gave.
    minted: Sums,
    /// By currency: what SYSTEM received.
    burned: Sums,
}

pub(super) async fn show(app: Arc<App>, call: Call) -> Result<Answer, Problem> {
    call.query(&[])?;
    app.read(|store| {
        let head = store.load(&Wanted::default())?.head;
        answer::json(&stats(store.identity(), &head))
    })
    .await
}

fn stats<'a>(identity: &'a Identity, head: &'a Head) -> Stats<'a> {
    Stats {
        ledger: &identity.ledger,
        ledger_id: &identity.ledger_id,
        last_seq: head.seq,
        head: head.hash,
        last_created_at: head.time,
        root: head.range.root(),
        halted: head.halt.is_some(),
        totals: &head.totals,
        minted: sums(&head.totals, |_, total| total.minted),
        burned: sums(&head.totals, |kind, total| if kind == "SYSTEM_BURN" { total.net } else { Sum::ZERO }),
    }
}

/// Of each currency, over all types.
fn sums(totals: &Totals, of: impl Fn(&str, &Total) -> Sum) -> Sums {
    let currencies = totals.iter().filter(|(currency, _)| *currency != NO_CURRENCY);
    let sum =
        |by_type: &BTreeMap<String, Total>| by_type.iter().fold(Sum::ZERO, |sum, (kind, total)| sum + of(kind, total));
    currencies.map(|(currency, by_type)| (currency.clone(), sum(by_type))).collect()
}
