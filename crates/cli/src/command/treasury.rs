//! `countersign treasury`: what it holds, withdrawals and collections.

use std::fmt::Write as _;

use clap::{Args, Subcommand};
use countersign_core::books::Treasury;
use countersign_core::grammar::TREASURY;
use countersign_core::settle::Order;
use countersign_store::Wanted;

use super::pay::Common;
use super::screen::{grouped, plain};
use super::settings::Source;
use super::{Failure, Outcome, answer, ledger, receipt};

#[derive(Args, Debug)]
#[command(args_conflicts_with_subcommands = true)]
pub(super) struct Arguments {
    #[command(subcommand)]
    what: Option<What>,
    #[command(flatten)]
    show: Show,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Show what was collected, by tax type and currency
    Show(Show),
    /// Pay out of a bucket to an account
    Withdraw(Movement),
    /// Take a tax from an account
    Collect(Movement),
}

#[derive(Args, Debug)]
struct Show {
    #[command(flatten)]
    source: Source,
    /// Print as JSON
    #[arg(long)]
    json: bool,
}

#[derive(Args, Debug)]
struct Movement {
    #[command(flatten)]
    source: Source,
    /// How much: digits with at most four decimals
    #[arg(value_name = "AMOUNT")]
    amount: String,
    /// In what
    #[arg(value_name = "CURRENCY")]
    currency: String,
    /// Which account pays the tax, or is paid
    #[arg(long, value_name = "ACCOUNT")]
    account: String,
    /// Which bucket: a tax type, such as vat
    #[arg(long, value_name = "BUCKET")]
    bucket: String,
    #[command(flatten)]
    common: Common,
}

pub(super) fn run(arguments: &Arguments) -> Result<Outcome, Failure> {
    match &arguments.what {
        None => show(&arguments.show),
        Some(What::Show(arguments)) => show(arguments),
        Some(What::Withdraw(movement)) => movement.order("TAX_WITHDRAWAL", TREASURY, &movement.account),
        Some(What::Collect(movement)) => movement.order("TAX_COLLECTION", &movement.account, TREASURY),
    }
}

fn show(arguments: &Show) -> Result<Outcome, Failure> {
    let load = || {
        let (_, store) = ledger::read(&arguments.source)?;
        Ok(store.load(&Wanted::default())?.treasury)
    };
    answer::give(arguments.json, load, words)
}

fn words(treasury: &Treasury) -> String {
    let mut text = String::new();
    for (bucket, sums) in &treasury.collected {
        for (currency, sum) in sums {
            // Writing to a String cannot fail.
            let _ = writeln!(text, "  {:<20} {:>24} {}", plain(bucket), sum.to_string(), plain(currency));
        }
    }
    let or_never = |time: Option<_>| time.map_or_else(|| "never".to_owned(), |time| format!("{time}"));
    let withdrawn = treasury.last_withdrawal_by.as_ref().map_or(String::new(), |by| format!(" by {}", plain(by)));
    let _ = write!(
        text,
        "\n  Entries that brought tax  {}\n  Last collection           {}\n  Last withdrawal           {}{withdrawn}\n",
        grouped(treasury.transactions),
        or_never(treasury.last_collection_at),
        or_never(treasury.last_withdrawal_at),
    );
    text
}

impl Movement {
    fn order(&self, kind: &str, from: &str, to: &str) -> Result<Outcome, Failure> {
        let Common { description, operator, idempotency_key, json } = &self.common;
        let settle = || {
            ledger::settle(&self.source, |engine, settings| {
                let order = Order {
                    kind: kind.to_owned(),
                    sender_id: from.to_owned(),
                    receiver_id: to.to_owned(),
                    currency: Some(self.currency.clone()),
                    amount: Some(self.amount.clone()),
                    tax_type: Some(self.bucket.clone()),
                    operator_id: Some(ledger::operator(operator.as_ref(), settings)?),
                    description: description.clone(),
                    ..Order::default()
                };
                ledger::order(engine, order, idempotency_key.clone())
            })
        };
        answer::give(*json, settle, receipt::words)
    }
}
