//! `countersign account`: accounts opened, shown, named, and who may use theirs.

use std::fmt::Write as _;

use clap::{Args, Subcommand};
use countersign_core::books::Account;
use countersign_engine::{AccountChange, NewAccount};
use countersign_store::{Store, StoreError, Wanted};

use super::screen::plain;
use super::settings::Source;
use super::{Failure, Outcome, answer, erase, ledger};

const MOST: i64 = 100_000;

#[derive(Args, Debug)]
pub(super) struct Arguments {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Open an account with nothing in it
    Open(Open),
    /// Show an account
    Show(One),
    /// List accounts by their ids
    List(List),
    /// Shut an account out
    Ban(Change),
    /// Let a banned account in again
    Unban(Change),
    /// Take an account into use again
    Activate(Change),
    /// Take an account out of use
    Deactivate(Change),
    /// Change the name that new entries show, or remove it
    Rename(Rename),
}

#[derive(Args, Debug)]
struct Open {
    #[command(flatten)]
    one: One,
    /// Name shown in new entries' personal blocks
    #[arg(long, value_name = "TEXT")]
    username: Option<String>,
    /// Who opens it, for the record of acts
    #[arg(long, value_name = "ID", env = "COUNTERSIGN_OPERATOR")]
    operator: Option<String>,
}

#[derive(Args, Debug)]
struct Change {
    #[command(flatten)]
    one: One,
    /// Who says so, for the record of acts
    #[arg(long, value_name = "ID", env = "COUNTERSIGN_OPERATOR")]
    operator: Option<String>,
    /// Why, for the record of acts
    #[arg(long, value_name = "TEXT")]
    reason: String,
}

#[derive(Args, Debug)]
#[command(
    after_help = "The old name is recorded nowhere, and neither is the new one but with the account. Entries written before \
                  show the old one until they are erased; do not write it into --reason, which stays."
)]
struct Rename {
    #[command(flatten)]
    change: Change,
    /// Name shown in new entries' personal blocks
    #[arg(long, value_name = "TEXT", required_unless_present = "no_username", conflicts_with = "no_username")]
    username: Option<String>,
    /// Show none
    #[arg(long)]
    no_username: bool,
}

#[derive(Args, Debug)]
struct One {
    #[command(flatten)]
    source: Source,
    /// The account: a pseudonym, 1 to 64 of A-Z a-z 0-9 . _ : -
    #[arg(value_name = "ACCOUNT")]
    account: String,
    /// Print as JSON
    #[arg(long)]
    json: bool,
}

#[derive(Args, Debug)]
struct List {
    #[command(flatten)]
    source: Source,
    /// Only those that are frozen
    #[arg(long)]
    frozen: bool,
    /// Only those after this one
    #[arg(long, value_name = "ACCOUNT")]
    after: Option<String>,
    /// At most so many
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=MOST))]
    limit: u32,
    /// Print as JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn run(arguments: &Arguments) -> Result<Outcome, Failure> {
    match &arguments.what {
        What::Open(open) => answer::give(open.one.json, || open.carry_out(), words),
        What::Show(one) => answer::give(one.json, || one.load(), words),
        What::List(list) => answer::give(list.json, || list.load(), |accounts| table(accounts)),
        What::Ban(change) => change.carry_out(&AccountChange::banned(true)),
        What::Unban(change) => change.carry_out(&AccountChange::banned(false)),
        What::Activate(change) => change.carry_out(&AccountChange::active(true)),
        What::Deactivate(change) => change.carry_out(&AccountChange::active(false)),
        What::Rename(rename) => rename.change.carry_out(&AccountChange::named(rename.username.clone())),
    }
}

impl Open {
    fn carry_out(&self) -> Result<Account, Failure> {
        ledger::settle(&self.one.source, |engine, settings| {
            let new = NewAccount { id: self.one.account.clone(), username: self.username.clone() };
            let by = self.operator.as_deref().or(settings.operator.as_deref());
            Ok(engine.open_account_by(new, by)?)
        })
    }
}

impl One {
    fn load(&self) -> Result<Account, Failure> {
        let (_, store) = ledger::read(&self.source)?;
        find(&*store, &self.account)
    }
}

impl Change {
    fn carry_out(&self, change: &AccountChange) -> Result<Outcome, Failure> {
        let carry_out = || {
            ledger::settle(&self.one.source, |engine, settings| {
                let by = ledger::operator(self.operator.as_ref(), settings)?;
                let account = engine.change_account(&self.one.account, change.clone(), &by, &self.reason)?;
                if change.username.is_some() {
                    erase::rid_of_erased(engine.store())?;
                }
                Ok(account)
            })
        };
        answer::give(self.one.json, carry_out, words)
    }
}

/// The account of an id, where there is one.
pub(super) fn find(store: &dyn Store, id: &str) -> Result<Account, Failure> {
    let wanted = Wanted { accounts: vec![id.to_owned()], ..Wanted::default() };
    let found = store.load(&wanted)?.accounts.remove(id);
    found.ok_or_else(|| Failure::refused("UNKNOWN_ACCOUNT", format!("there is no account {id}")))
}

impl List {
    fn load(&self) -> Result<Vec<Account>, Failure> {
        let (_, store) = ledger::read(&self.source)?;
        if self.frozen {
            return Ok(store.frozen(self.after.as_deref(), self.limit)?);
        }
        let mut accounts = Vec::new();
        let most = self.limit as usize;
        let listed = store.snapshot()?.accounts(&mut |account| {
            if accounts.len() == most {
                return Err(StoreError::Io(std::io::ErrorKind::BrokenPipe.into()));
            }
            if self.after.as_ref().is_none_or(|after| account.id > *after) {
                accounts.push(account);
            }
            Ok(())
        });
        match listed {
            // That many were wanted, and are there.
            Err(StoreError::Io(_)) if accounts.len() == most => Ok(accounts),
            listed => Ok(listed.map(|()| accounts)?),
        }
    }
}

fn words(account: &Account) -> String {
    let mut text = String::new();
    let name = account.username.as_ref().map_or(String::new(), |name| format!(" ({})", plain(name)));
    // Writing to a String cannot fail.
    let _ = writeln!(text, "{}{name}: {}\n", plain(&account.id), standing(account));
    for (currency, balance) in &account.balances {
        let _ = writeln!(text, "  {:>26} {}", balance.to_string(), plain(currency));
    }
    let _ = writeln!(text, "\n  Opened  {}\n  Changed {}", account.created_at, account.updated_at);
    text
}

fn standing(account: &Account) -> String {
    let marks =
        [(account.is_frozen_for_fraud, "frozen"), (account.is_banned, "banned"), (!account.is_active, "not active")];
    let marks: Vec<&str> = marks.into_iter().filter(|(set, _)| *set).map(|(_, name)| name).collect();
    if marks.is_empty() { "in good standing".to_owned() } else { marks.join(", ") }
}

fn table(accounts: &[Account]) -> String {
    let mut text = String::new();
    for account in accounts {
        let held = account.balances.iter().map(|(currency, sum)| format!("{sum} {}", plain(currency)));
        let held = held.collect::<Vec<_>>().join(", ");
        // Writing to a String cannot fail.
        let _ = writeln!(text, "{:<26} {:<18} {held}", plain(&account.id), standing(account));
    }
    if accounts.is_empty() { "There are no such accounts.\n".to_owned() } else { text }
}
