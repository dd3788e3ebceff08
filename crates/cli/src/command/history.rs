//! `countersign history`: entries by account or type, the latest first.

use std::fmt::Write as _;

use clap::Args;
use countersign_core::books::has_document;
use countersign_core::entry::Entry;
use countersign_core::seal::Record;
use countersign_store::{Page, Query};
use serde::{Serialize, Serializer};

use super::screen::plain;
use super::settings::Source;
use super::{Failure, Outcome, account, answer, ledger};

const MOST: i64 = 10_000;

#[derive(Args, Debug)]
pub(super) struct Arguments {
    #[command(flatten)]
    source: Source,
    /// Whose entries
    #[arg(value_name = "ACCOUNT", required_unless_present = "kind", conflicts_with = "kind")]
    account: Option<String>,
    /// Only what the account sent
    #[arg(long, conflicts_with_all = ["received", "kind"])]
    sent: bool,
    /// Only what the account received
    #[arg(long, conflicts_with = "kind")]
    received: bool,
    /// Of a type, whoever took part
    #[arg(long = "type", value_name = "TYPE")]
    kind: Option<String>,
    /// At most so many
    #[arg(long, value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=MOST))]
    limit: u32,
    /// Only entries before this one: the number that the last page ended with
    #[arg(long, value_name = "SEQ")]
    before: Option<u64>,
    /// Print as JSON
    #[arg(long)]
    json: bool,
}

/// Entries as an export writes them.
struct Records(Vec<Record>);

impl Serialize for Records {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().map(Record::entry))
    }
}

pub(super) fn run(arguments: &Arguments) -> Result<Outcome, Failure> {
    let load = || {
        let (_, store) = ledger::read(&arguments.source)?;
        let page = Page { before: arguments.before, limit: arguments.limit };
        let records = store.history(&arguments.query(), page)?;
        if let Some(id) = arguments.account.as_deref().filter(|id| records.is_empty() && has_document(id)) {
            // An account without a history and one that does not exist are two things.
            account::find(&*store, id)?;
        }
        Ok(Records(records))
    };
    answer::give(arguments.json, load, words)
}

impl Arguments {
    fn query(&self) -> Query {
        match (&self.account, &self.kind) {
            (Some(id), _) if self.sent => Query::SentBy(id.clone()),
            (Some(id), _) if self.received => Query::ReceivedBy(id.clone()),
            (Some(id), _) => Query::Of(id.clone()),
            (None, kind) => Query::OfType(kind.clone().unwrap_or_default()),
        }
    }
}

fn words(records: &Records) -> String {
    let mut text = String::new();
    for record in &records.0 {
        let Entry { seq, created_at, kind, amount_gross, currency, sender_id, receiver_id, transaction_id, .. } =
            record.entry();
        // Writing to a String cannot fail.
        let _ = writeln!(
            text,
            "{seq:>8}  {created_at}  {:<16} {:>20} {:<8} {} → {}  {transaction_id}",
            plain(kind),
            amount_gross,
            plain(currency),
            plain(sender_id),
            plain(receiver_id)
        );
    }
    if records.0.is_empty() { "There are no such entries.\n".to_owned() } else { text }
}
