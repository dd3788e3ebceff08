//! A ledger that starts with something in it: built beside its place, verified, then moved there as one.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::channel;

use countersign_core::books::{Account, Sums};
use countersign_core::money::{Amount, Sum};
use countersign_core::settle::Order;
use countersign_core::{Options, Report};
use countersign_engine::{AccountChange, Config, Engine, EngineError, Receipt, Request};
use countersign_store::{Act, Batch, Identity, Location, Page, Store, StoreError, Wanted};

use super::settings::Settings;
use super::{Failure, audit, interrupt, ledger, new_file};
use crate::import::{IMPORT_ACCOUNT, Origin, Treasury, User, orders};

/// Most accounts that are opened in one batch.
const OPENED_AT_ONCE: usize = 10_000;
/// Most orders that wait for their answers.
const SETTLED_AT_ONCE: usize = 1_000;
/// Acts that are read at once.
const ACTS_AT_ONCE: u32 = 1000;

/// What a ledger starts with.
pub(super) struct Content<'a> {
    pub(super) users: &'a [User],
    pub(super) treasury: &'a Treasury,
    pub(super) origin: &'a Origin,
}

/// A ledger that was made.
pub(super) struct Made {
    pub(super) identity: Identity,
    pub(super) report: Report,
}

/// Makes a ledger with this content, or nothing. `writer_role`: as [`ledger::create`] takes it.
pub(super) fn make(
    identity: Identity,
    location: &Location,
    writer_role: Option<&str>,
    settings: &Settings,
    content: &Content<'_>,
) -> Result<Made, Failure> {
    let orders = orders(content.users, content.treasury, content.origin);
    if orders.is_empty() {
        return Err(Failure::of(
            "nobody holds anything and nobody is frozen: `countersign init` makes that".to_owned(),
        ));
    }
    let (identity, folder) = match location {
        Location::Sqlite(path) => (identity, tempfile::tempdir_in(new_file::folder(path))?),
        Location::Postgres(_) => (empty_ledger(location, identity, writer_role)?, tempfile::tempdir()?),
    };
    let _unfinished = interrupt::remove_on_interrupt(folder.path());
    let beside = Location::Sqlite(folder.path().join("ledger.db"));
    build(&beside, &identity, &settings.engine, content, orders)?;
    let store = countersign_store::open_read_only(&beside, None)?;
    let report = verified(&*store, content)?;
    match (&beside, location) {
        (Location::Sqlite(from), Location::Sqlite(to)) => {
            drop(store);
            move_file(from, to)?;
        }
        _ => copy_in_one(&*store, &*countersign_store::open(location, Some(&identity.ledger))?)?,
    }
    Ok(Made { identity, report })
}

/// The ledger without entries that is there, or a new one. Who may fill one need not be who may make one.
fn empty_ledger(location: &Location, identity: Identity, writer_role: Option<&str>) -> Result<Identity, Failure> {
    let found = match countersign_store::open(location, Some(&identity.ledger)) {
        Ok(store) => Some(store),
        Err(StoreError::NotThisLedger(_)) => None,
        Err(error) => return Err(ledger::not_the_owner(error)),
    };
    if let Some(store) = &found {
        if store.load(&Wanted::default())?.head.version > 0 {
            return Err(Failure::new(ledger::shown(location), "there is a ledger in use already"));
        }
        if writer_role.is_none() {
            return Ok(store.identity().clone());
        }
    }
    match (ledger::create(location, &identity, writer_role), found) {
        (Ok(()), _) => Ok(identity),
        // By then the role may write it.
        (Err(failure), Some(store)) if failure.code == "ALREADY_EXISTS" => Ok(store.identity().clone()),
        (Err(failure), _) => Err(failure),
    }
}

fn build(
    location: &Location,
    identity: &Identity,
    config: &Config,
    content: &Content<'_>,
    orders: Vec<Order>,
) -> Result<(), Failure> {
    let store: Arc<dyn Store> = countersign_store::create(location, identity, ledger::now())?.into();
    open_accounts(&*store, accounts(content.users))?;
    let mut config = ledger::unshielded(config);
    (config.policy.least, config.policy.most) = (Amount::LEAST, Amount::MAX);
    let engine = Engine::start(store, config)?;
    settle_all(&engine, orders)?;
    for user in content.users.iter().filter(|user| user.is_banned || !user.is_active) {
        let (is_active, is_banned) = (Some(user.is_active), Some(user.is_banned));
        let standing = AccountChange { is_active, is_banned, username: None };
        engine.change_account(&user.id, standing, IMPORT_ACCOUNT, "as the imported document says")?;
    }
    // Nobody holds it: what was paid to it would be lost.
    engine.change_account(IMPORT_ACCOUNT, AccountChange::active(false), IMPORT_ACCOUNT, "the import is done")?;
    engine.shutdown();
    Ok(())
}

/// The accounts of a new ledger, opened when the old system opened them.
fn accounts(users: &[User]) -> impl Iterator<Item = Account> {
    let now = ledger::now();
    let of = move |user: &User| {
        let opened = user.created_at.filter(|at| *at <= now).unwrap_or(now);
        Account { updated_at: now, ..Account::open(user.id.clone(), user.username.clone(), opened) }
    };
    users.iter().map(of).chain([Account::open(IMPORT_ACCOUNT.to_owned(), None, now)])
}

/// Opens accounts, many in each batch. Nobody else may write meanwhile.
fn open_accounts(store: &dyn Store, accounts: impl Iterator<Item = Account>) -> Result<(), Failure> {
    let mut accounts = accounts.peekable();
    while accounts.peek().is_some() {
        let mut batch = Batch::on(store.load(&Wanted::default())?.head);
        batch.opened = accounts.by_ref().take(OPENED_AT_ONCE).collect();
        store.commit(&batch)?;
    }
    Ok(())
}

/// Settles orders in their order, many in each batch.
fn settle_all(engine: &Engine, orders: impl IntoIterator<Item = Order>) -> Result<(), Failure> {
    let (tell, told) = channel::<Result<Receipt, EngineError>>();
    let mut waiting = 0_usize;
    for order in orders {
        if waiting == SETTLED_AT_ONCE {
            answered(&told)?;
            waiting -= 1;
        }
        let tell = tell.clone();
        engine.submit(Request::of(order), move |answer| drop(tell.send(answer)));
        waiting += 1;
    }
    (0..waiting).try_for_each(|_| answered(&told))
}

fn answered(told: &std::sync::mpsc::Receiver<Result<Receipt, EngineError>>) -> Result<(), Failure> {
    let answer = told.recv().unwrap_or(Err(EngineError::Stopped));
    Ok(answer.map(drop)?)
}

/// Audits what was built, and holds its documents to what it was built from.
fn verified(store: &dyn Store, content: &Content<'_>) -> Result<Report, Failure> {
    let report = audit::run(store, &Options { input_hash: false, ..Options::default() }, &mut |_| {});
    let report = report.map_err(|e| Failure::new("the new ledger", e))?;
    if !report.valid {
        return Err(Failure::new("the new ledger does not verify, and was removed", report.message));
    }
    let mut snapshot = store.snapshot()?;
    let (mut users, mut differing) = (content.users.iter().peekable(), None);
    snapshot.accounts(&mut |account| {
        let expected = users.next_if(|user| user.id == account.id);
        let same = match expected {
            Some(user) => is_same(user, &account),
            None => account.id == IMPORT_ACCOUNT && !account.is_active && without_zeros(&account.balances).is_empty(),
        };
        if !same {
            differing.get_or_insert(account.id);
        }
        Ok(())
    })?;
    if let Some(id) = differing.or_else(|| users.next().map(|user| user.id.clone())) {
        return Err(Failure::new("the new ledger", format_args!("the account {id} is not as it was imported")));
    }
    let held = snapshot.treasury()?.collected;
    let held = held.iter().map(|(bucket, sums)| (bucket.clone(), without_zeros(sums)));
    if held.filter(|(_, sums)| !sums.is_empty()).ne(content.treasury.collected.clone()) {
        return Err(Failure::of("the new ledger: the Treasury is not as it was imported".to_owned()));
    }
    Ok(report)
}

fn is_same(user: &User, account: &Account) -> bool {
    let flags = |frozen, active, banned| (frozen, active, banned);
    without_zeros(&account.balances) == user.balances
        && account.username == user.username
        && flags(account.is_frozen_for_fraud, account.is_active, account.is_banned)
            == flags(user.is_frozen_for_fraud, user.is_active, user.is_banned)
}

fn without_zeros(sums: &Sums) -> Sums {
    sums.iter().filter(|(_, sum)| **sum != Sum::ZERO).map(|(currency, sum)| (currency.clone(), *sum)).collect()
}

/// Moves a database that nobody has open to a place where there is none.
fn move_file(from: &Path, to: &Path) -> Result<(), Failure> {
    let mut log = from.as_os_str().to_owned();
    log.push("-wal");
    if fs::metadata(&log).is_ok_and(|log| log.len() > 0) {
        return Err(Failure::new(from.display(), "its log was not carried over"));
    }
    fs::File::open(from)?.sync_all()?;
    // Unlike a rename, a link overwrites nothing that came there meanwhile.
    fs::hard_link(from, to).map_err(|e| Failure::new(to.display(), e))?;
    Ok(fs::File::open(new_file::folder(to))?.sync_all()?)
}

/// Writes a whole ledger into one without entries, of the same identity, as one batch.
fn copy_in_one(from: &dyn Store, to: &dyn Store) -> Result<(), Failure> {
    let empty = to.load(&Wanted::default())?;
    let mut batch = Batch::on(empty.head.clone());
    let mut snapshot = from.snapshot()?;
    let head = snapshot.head().clone();
    let (mut range, mut nodes) = (empty.head.range.clone(), Vec::new());
    let entries = &mut batch.entries;
    snapshot.entries(1..=head.seq, &mut |record| {
        let hash = record.hash().ok_or_else(|| StoreError::Damaged(format!("entry {} has no hash", record.seq)))?;
        range.push(&hash, |node, root| nodes.push((node, root)));
        entries.push(record);
        Ok(())
    })?;
    snapshot.accounts(&mut |account| {
        batch.opened.push(Account { version: 0, ..account });
        Ok(())
    })?;
    let treasury = snapshot.treasury()?;
    batch.treasury = Some(countersign_core::books::Treasury { version: empty.treasury.version, ..treasury });
    batch.nodes = nodes;
    batch.acts = acts(from)?;
    batch.head = countersign_store::Head { version: empty.head.version, ..head };
    Ok(to.commit(&batch)?)
}

/// All acts, in order.
fn acts(store: &dyn Store) -> Result<Vec<Act>, Failure> {
    let (mut acts, mut before) = (Vec::new(), None);
    loop {
        let page = store.acts(Page { before, limit: ACTS_AT_ONCE })?;
        let Some(last) = page.last() else { break };
        before = Some(last.number);
        acts.extend(page);
    }
    acts.reverse();
    Ok(acts)
}
