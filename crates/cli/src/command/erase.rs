//! `countersign erase`: the personal data of an entry, gone for good.

use std::io::{self, Write as _};
use std::time::Duration;

use clap::Args;
use countersign_core::grammar::SYSTEM;
use countersign_core::settle::Order;

use countersign_store::{Remains, Store};

use super::settings::Source;
use super::{Failure, Outcome, answer, ledger, receipt};

/// How often the log is tried to be emptied, and how long between two tries.
const TRIES: u32 = 20;
const PAUSE: Duration = Duration::from_millis(100);

#[derive(Args, Debug)]
#[command(after_help = "A copy that was exported before cannot be recalled. Erasing takes both parties' names.")]
pub(super) struct Arguments {
    #[command(flatten)]
    source: Source,
    /// The transaction_id of the entry
    #[arg(value_name = "UUID")]
    transaction: String,
    /// The party whose right it is
    #[arg(long, value_name = "ACCOUNT")]
    account: String,
    /// Why
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
    /// Who orders it
    #[arg(long, value_name = "ID", env = "COUNTERSIGN_OPERATOR")]
    operator: Option<String>,
    /// Print as JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn run(arguments: &Arguments) -> Result<Outcome, Failure> {
    let erase = || {
        ledger::settle(&arguments.source, |engine, settings| {
            let order = Order {
                kind: "ERASURE".to_owned(),
                sender_id: SYSTEM.to_owned(),
                receiver_id: arguments.account.clone(),
                operator_id: Some(ledger::operator(arguments.operator.as_ref(), settings)?),
                reference_id: Some(arguments.transaction.to_ascii_lowercase()),
                description: arguments.reason.clone(),
                ..Order::default()
            };
            let receipt = ledger::order(engine, order, None)?;
            rid_of_erased(engine.store())?;
            Ok(receipt)
        })
    };
    answer::give(arguments.json, erase, receipt::words)
}

/// Waits a little for those who read, since as long as somebody does the database's log holds what was erased.
pub(super) fn rid_of_erased(store: &dyn Store) -> Result<(), Failure> {
    let mut remains = store.rid_of_erased()?;
    for _ in 1..TRIES {
        if remains != Remains::InTheLog {
            break;
        }
        std::thread::sleep(PAUSE);
        remains = store.rid_of_erased()?;
    }
    let _ = match remains {
        Remains::Nowhere => Ok(()),
        Remains::InTheLog => writeln!(
            io::stderr(),
            "countersign: it is erased. While somebody reads the ledger, the write-ahead log beside the database still holds it: \
             whatever writes next, or opens the ledger to write, tries again."
        ),
        Remains::OnTheServer => writeln!(
            io::stderr(),
            "countersign: it is erased from its table. On the server's disk it stays until VACUUM has gone over that table and \
             the write-ahead log is recycled; and in archives of that log, until they are deleted."
        ),
    };
    Ok(())
}
