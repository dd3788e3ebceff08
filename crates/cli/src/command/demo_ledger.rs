//! `countersign demo-ledger`: a ledger that was in use, and everything that belongs to one.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;

use clap::Args;
use countersign_core::checkpoint::KeyKind;
use countersign_core::export::document::User;
use countersign_core::money::Sum;
use countersign_core::settle::Order;
use countersign_engine::notary::Voucher;
use countersign_engine::{Engine, EngineError, NewAccount};
use countersign_server::Role;
use countersign_store::export::Extent;
use countersign_store::{Location, StoreError};
use serde::Serialize;

use super::demo::Directory;
use super::export::export;
use super::new_file::Existing;
use super::signer::Keys;
use super::{Failure, Outcome, answer, key, ledger, new_file, token};
use crate::demo::{self, Caller, Ledger, live_config};

/// How many play at once.
const CALLERS: usize = 8;
/// Players of each.
const PLAYERS: usize = 6;
/// Entries of each, before the earlier export and after it.
const EARLIER: u64 = 60;
const LATER: u64 = 60;
/// Entries of the export of format 1 that is put beside.
const LEGACY: u64 = 200;
/// Who may pay at once.
const VISITOR: &str = "visitor";
const SHOP: &str = "shop";

#[derive(Args, Debug)]
pub(super) struct Arguments {
    /// Directory for all of it; made where it is not there
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// Print as JSON, the token's secret among it
    #[arg(long)]
    json: bool,
}

/// What was made, and where.
#[derive(Serialize)]
struct Made {
    ledger: String,
    entries: u64,
    config: PathBuf,
    files: PathBuf,
    verifying_key: String,
    token: String,
    payer: &'static str,
    payee: &'static str,
}

pub(super) fn run(arguments: &Arguments) -> Result<Outcome, Failure> {
    answer::give(arguments.json, || make(&arguments.out), words)
}

fn make(out: &Path) -> Result<Made, Failure> {
    let files = out.join("files");
    fs::create_dir_all(&files).map_err(|e| Failure::new(files.display(), e))?;
    let db = out.join("ledger.db");
    let identity = ledger::new_identity(demo::LEDGER)?;
    let store = countersign_store::create(&Location::Sqlite(db.clone()), &identity, ledger::now())?;
    let engine = Engine::start(Arc::from(store), live_config())?;
    let (voucher, verifying_key) = keys(out)?;
    let mut directory = Directory::new(files.clone());
    let mut callers = play(&engine)?;
    write_export(&engine, &voucher, &mut directory, "earlier.jsonl", "an earlier export of it")?;
    let checkpoint = super::checkpoint::keep(engine.store(), &voucher, None)?;
    write_file(&out.join("earlier.checkpoint"), &checkpoint.note)?;
    play_on(&engine, &mut callers, LATER)?;
    compare(&engine, &callers)?;
    welcome(&engine)?;
    let entries = write_export(&engine, &voucher, &mut directory, "demo.jsonl", "the ledger as it is now")?;
    engine.shutdown();
    directory.tampered(&demo::tampered_copies(&directory.text("demo.jsonl")?))?;
    legacy(&mut directory)?;
    directory.finish()?;
    let admin = token::make("demo", Role::Admin)?;
    let config = out.join("countersign.toml");
    write_file(&config, &settings(&db, &out.join("signing.key"), &files, &admin)?)?;
    Ok(Made {
        ledger: identity.ledger,
        entries,
        config,
        files,
        verifying_key,
        token: admin.secret,
        payer: VISITOR,
        payee: SHOP,
    })
}

/// A new key beside the ledger, and the text of its public half.
fn keys(out: &Path) -> Result<(Voucher, String), Failure> {
    let key = key::make(demo::LEDGER, &out.join("signing.key"), KeyKind::Ed25519)?;
    let verifying_key = key.verifying_key().to_string();
    write_file(&out.join("verifying.key"), &format!("{verifying_key}\n"))?;
    Ok((Keys::of(key).voucher(), verifying_key))
}

fn write_file(path: &Path, text: &str) -> Result<(), Failure> {
    new_file::write(path, Existing::Replace, |out| Ok(out.write_all(text.as_bytes())?))
}

/// Lets all callers play at once.
fn play(engine: &Engine) -> Result<Vec<Caller>, Failure> {
    let seed = u64::from(std::process::id());
    let mut callers: Vec<_> = (0..CALLERS).map(|n| Caller::new(n, PLAYERS, EARLIER + LATER, seed)).collect();
    at_once(&mut callers, |caller| caller.open_accounts(engine))?;
    play_on(engine, &mut callers, EARLIER)?;
    Ok(callers)
}

fn play_on(engine: &Engine, callers: &mut [Caller], entries: u64) -> Result<(), Failure> {
    at_once(callers, |caller| caller.play(engine, entries))
}

fn at_once(
    callers: &mut [Caller],
    work: impl Fn(&mut Caller) -> Result<(), EngineError> + Sync,
) -> Result<(), Failure> {
    let work = &work;
    thread::scope(|scope| {
        let threads: Vec<_> = callers.iter_mut().map(|caller| scope.spawn(move || work(caller))).collect();
        threads.into_iter().try_for_each(|thread| thread.join().unwrap_or(Err(EngineError::Stopped)))
    })?;
    Ok(())
}

/// Holds the ledger's documents to the callers' own books.
fn compare(engine: &Engine, callers: &[Caller]) -> Result<(), Failure> {
    let expected: BTreeMap<String, User> =
        callers.iter().flat_map(Caller::users).map(|user| (user.id.clone(), user)).collect();
    let mut snapshot = engine.store().snapshot()?;
    snapshot.accounts(&mut |account| {
        let held = account.balances.iter().filter(|(_, sum)| **sum != Sum::ZERO);
        let held: BTreeMap<String, String> = held.map(|(currency, sum)| (currency.clone(), sum.to_string())).collect();
        let same = match expected.get(&account.id) {
            Some(user) => user.balances == held && user.is_frozen_for_fraud == account.is_frozen_for_fraud,
            None => held.is_empty(),
        };
        let why = || format!("{} is not what the callers' books come to", account.id);
        if same { Ok(()) } else { Err(StoreError::Damaged(why())) }
    })?;
    let mut expected: BTreeMap<(String, String), Sum> = BTreeMap::new();
    for (bucket, amounts) in callers.iter().flat_map(|caller| caller.treasury().collected) {
        for (currency, amount) in amounts {
            *expected.entry((bucket.clone(), currency)).or_default() +=
                Sum::parse(amount.as_bytes()).unwrap_or_default();
        }
    }
    let held = snapshot.treasury()?.collected;
    let held = held.iter().flat_map(|(bucket, sums)| sums.iter().map(move |(currency, sum)| ((bucket, currency), sum)));
    let held = held.filter(|(_, sum)| **sum != Sum::ZERO).map(|((b, c), sum)| ((b.clone(), c.clone()), *sum));
    match held.eq(expected) {
        true => Ok(()),
        false => Err(StoreError::Damaged("the Treasury is not what the callers' books come to".to_owned()).into()),
    }
}

/// Accounts for whoever tries the server: one that can pay, and one that can be paid.
fn welcome(engine: &Engine) -> Result<(), Failure> {
    for (id, name) in [(VISITOR, "You"), (SHOP, "The Corner Shop")] {
        engine.open_account(NewAccount { id: id.to_owned(), username: Some(name.to_owned()) })?;
    }
    let order = Order {
        kind: "SYSTEM_MINT".to_owned(),
        sender_id: countersign_core::grammar::SYSTEM.to_owned(),
        receiver_id: VISITOR.to_owned(),
        currency: Some("EURO".to_owned()),
        amount: Some("1000".to_owned()),
        operator_id: Some("op-mira".to_owned()),
        description: Some("welcome".to_owned()),
        ..Order::default()
    };
    ledger::order(engine, order, None)?;
    Ok(())
}

fn write_export(
    engine: &Engine,
    voucher: &Voucher,
    directory: &mut Directory,
    name: &str,
    what: &str,
) -> Result<u64, Failure> {
    let extent = Extent { exported_at: Some(ledger::now()), ..Extent::default() };
    let written = directory.genuine(name, what, |out| export(engine.store(), &extent, Some(voucher), out))?;
    Ok(written.entries)
}

fn legacy(directory: &mut Directory) -> Result<(), Failure> {
    let what = "an export of the first system, format 1";
    directory.genuine("legacy.jsonl", what, |out| Ok(Ledger::new(LEGACY, 1).write_legacy(out)?))?;
    let copy = demo::tampered_legacy_copy(&directory.text("legacy.jsonl")?);
    directory.tampered(copy.as_slice())
}

/// What a server of this ledger needs to know. The shield stands as it does by default.
fn settings(db: &Path, key: &Path, files: &Path, admin: &token::Made) -> Result<String, Failure> {
    let quoted = |path: &Path| {
        let path = std::path::absolute(path).map_err(|e| Failure::new(path.display(), e))?;
        let text = path.to_str().ok_or_else(|| Failure::new(path.display(), "its name is not UTF-8"))?;
        Ok::<_, Failure>(toml::Value::from(text).to_string())
    };
    Ok(format!(
        "# A demo ledger's server: countersign serve --config FILE\ndb = {}\nkey = {}\n\n[engine.policy.taxes.X_TIP]\n\
         rate = 200\ntax_type = \"tip_tax\"\n\n[server]\nwritable = true\npublic_reads = true\n\n[[server.folders]]\n\
         at = \"demo\"\npath = {}\n\n{}",
        quoted(db)?,
        quoted(key)?,
        quoted(files)?,
        admin.stanza()
    ))
}

fn words(made: &Made) -> String {
    format!(
        "A ledger of {} entries, with its keys, exports and tampered copies.\n\n  \
         Verifying key  {}\n  Exports        {}\n  Server         countersign serve --config {}\n  \
         Token          {}\n",
        made.entries,
        made.verifying_key,
        made.files.display(),
        made.config.display(),
        made.token
    )
}
