//! Entries, by number and by id.

use std::sync::Arc;

use countersign_core::entry::Entry;
use countersign_core::grammar;
use countersign_core::seal::Record;
use countersign_store::Store;
use serde::Serialize;
use serde_json::value::RawValue;

use crate::answer::{self, Answer};
use crate::app::App;
use crate::call::Call;
use crate::problem::Problem;

/// Entries in order, and where the next page starts.
#[derive(Serialize)]
struct Page {
    entries: Vec<Box<RawValue>>,
    /// `first` of the next page; null where there is none.
    next: Option<u64>,
    /// `seq` of the ledger's last entry.
    last_seq: u64,
}

/// An entry as a caller may see it.
pub(super) fn shown(record: &Record, with_personal: bool) -> Entry<'_> {
    let entry = record.entry();
    if with_personal { entry } else { Entry { personal: None, ..entry } }
}

/// Entries from `first` on, at most `limit`.
pub(super) async fn list(app: Arc<App>, call: Call) -> Result<Answer, Problem> {
    let query = call.query(&["first", "limit"])?;
    let (first, limit) = (query.number("first", 1)?.unwrap_or(1), query.limit()?);
    let with_personal = call.caller.sees_personal_data();
    app.read(move |store| page(store, first, limit, with_personal)).await
}

fn page(store: &dyn Store, first: u64, limit: u32, with_personal: bool) -> Result<Answer, Problem> {
    let mut snapshot = store.snapshot()?;
    let last_seq = snapshot.head().seq;
    let last = last_seq.min(first + u64::from(limit) - 1);
    let mut records = Vec::new();
    if first <= last {
        snapshot.entries(first..=last, &mut |record| {
            records.push(record);
            Ok(())
        })?;
    }
    let (entries, _) = answer::page(records.iter().map(|record| shown(record, with_personal)), limit)?;
    let next = records[..entries.len()].last().map(|record| record.seq + 1).filter(|next| *next <= last_seq);
    answer::json(&Page { entries, next, last_seq })
}

/// One entry, by its `seq` or its `transaction_id`.
pub(super) async fn show(app: Arc<App>, call: Call) -> Result<Answer, Problem> {
    call.query(&[])?;
    let name = Name::read(call.parameter("entry"))?;
    let with_personal = call.caller.sees_personal_data();
    let found = app.read(move |store| name.find(store)).await?;
    let record = found.ok_or_else(|| Problem::not_found("such entry"))?;
    answer::json(&shown(&record, with_personal))
}

/// How an entry is named in a path.
enum Name {
    Seq(u64),
    Id(String),
}

impl Name {
    fn read(text: &str) -> Result<Self, Problem> {
        if grammar::uuid(text).is_some() {
            return Ok(Self::Id(text.to_owned()));
        }
        let digits = !text.is_empty() && !text.starts_with('0') && text.bytes().all(|b| b.is_ascii_digit());
        let seq = text.parse().ok().filter(|seq| digits && *seq <= grammar::MAX_SEQ);
        seq.map(Self::Seq).ok_or_else(|| Problem::parameter("entry", "neither a seq nor a UUID in lowercase"))
    }

    fn find(&self, store: &dyn Store) -> Result<Option<Record>, Problem> {
        Ok(match self {
            Self::Seq(seq) => store.entry(*seq)?,
            Self::Id(id) => store.entry_by_id(id)?,
        })
    }
}
