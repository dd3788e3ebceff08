//! One order of each type, and what it does.

use countersign_core::settle::Order;
use countersign_engine::{AccountChange, Origin, Request};
use countersign_store::{ActKind, Page};

use crate::audit::verify;
use crate::ledger::*;

on_each_store!(
    a_transfer_is_settled_whole,
    every_type_moves_what_it_says,
    a_frozen_account_rests_until_it_is_unfrozen,
    an_erasure_takes_the_block_and_writes_no_name_again,
    a_name_that_goes_is_in_no_new_entry_and_in_no_act,
    where_a_request_came_from_is_in_the_block_and_nowhere_else,
);

fn a_transfer_is_settled_whole(ledger: &Ledger) {
    let engine = ledger.engine(unshielded());
    open_accounts(&engine, &["ada", "ben"]);
    mint(&engine, "ada", "1000");
    let order = Order { description: Some("rent".to_owned()), ..order("TRANSFER", "ada", "ben", "100.00") };
    let receipt = settle(&engine, order);
    assert_eq!((receipt.seq, receipt.kind.as_str(), receipt.rate.as_str()), (2, "TRANSFER", "0.0500"));
    let amounts = [receipt.gross, receipt.tax, receipt.net].map(|amount| amount.to_string());
    assert_eq!(amounts, ["100.0000", "5.0000", "95.0000"]);
    let text = |sum: Option<countersign_core::money::Sum>| sum.unwrap().to_string();
    assert_eq!((text(receipt.sender.before), text(receipt.sender.after)), ("1000.0000".into(), "900.0000".into()));
    assert_eq!((text(receipt.receiver.before), text(receipt.receiver.after)), ("0.0000".into(), "95.0000".into()));
    assert_eq!(receipt.tax_type.as_deref(), Some("transfer_tax"));
    assert!(!receipt.replayed && receipt.time_taken_ms > 0.0);
    assert_eq!((balance(&engine, "ada"), balance(&engine, "ben")), ("900.0000".into(), "95.0000".into()));
    assert_eq!(bucket(&engine, "transfer_tax"), "5.0000");
    let entry = engine.store().entry(2).unwrap().unwrap();
    assert_eq!(entry.hash(), Some(receipt.current_hash));
    assert_eq!(entry.personal.unwrap().sender_username.as_deref(), Some("name of ada"));
    assert_eq!(verify(engine.store(), &[]).total_transactions, 2);
    engine.shutdown();
}

fn every_type_moves_what_it_says(ledger: &Ledger) {
    let engine = ledger.engine(unshielded());
    open_accounts(&engine, &["ada", "ben"]);
    mint(&engine, "ada", "1000");
    settle(&engine, order("WORK", "SYSTEM", "ben", "10"));
    settle(&engine, order("SALARY", "ada", "ben", "20"));
    settle(&engine, order("MARKET_BUY", "ada", "ben", "30"));
    let sale = settle(&engine, order("MARKET_SELL", "ada", "ben", "40"));
    settle(&engine, order("REWARD", "SYSTEM", "ben", "1"));
    let refund = Order { reference_id: Some(sale.transaction_id), ..order("REFUND", "ben", "ada", "36") };
    settle(&engine, refund);
    settle(&engine, order("SYSTEM_BURN", "ada", "SYSTEM", "100"));
    let collection = order("TAX_COLLECTION", "ada", "TREASURY", "5").taxed("fine");
    assert_eq!(settle(&engine, collection).net.to_string(), "0.0000");
    let withdrawal = order("TAX_WITHDRAWAL", "TREASURY", "ben", "2").taxed("vat");
    settle(&engine, withdrawal);
    let game = Order { operator_id: None, ..order("X_DUEL", "ben", "ada", "0.0001") };
    settle(&engine, game);
    // ada: 1000 - 20 - 30 - 40 + 36 - 100 - 5 + 0.0001; ben: 8.5 + 17 + 27 + 36 + 1 - 36 + 2 - 0.0001
    assert_eq!((balance(&engine, "ada").as_str(), balance(&engine, "ben").as_str()), ("841.0001", "55.4999"));
    let buckets = ["income_tax", "vat", "fine"].map(|name| bucket(&engine, name));
    assert_eq!(buckets, ["4.5000", "5.0000", "5.0000"]);
    let treasury = engine.store().load(&Default::default()).unwrap().treasury;
    assert_eq!((treasury.transactions, treasury.last_withdrawal_by.as_deref()), (5, Some("op")));
    let totals = engine.store().load(&Default::default()).unwrap().head.totals;
    let work = &totals["EURO"]["WORK"];
    assert_eq!(
        (work.transactions, work.gross.to_string(), work.net.to_string()),
        (1, "10.0000".into(), "8.5000".into())
    );
    assert_eq!(work.tax["income_tax"].to_string(), "1.5000");
    verify(engine.store(), &[]);
}

fn a_frozen_account_rests_until_it_is_unfrozen(ledger: &Ledger) {
    let engine = ledger.engine(unshielded());
    open_accounts(&engine, &["ada", "ben"]);
    mint(&engine, "ada", "10");
    settle(&engine, act("ACCOUNT_FREEZE", "ada", None));
    assert_eq!(code(&engine, order("TRANSFER", "ada", "ben", "1")), "ACCOUNT_FROZEN");
    mint(&engine, "ada", "10");
    assert_eq!(engine.store().frozen(None, 10).unwrap().len(), 1);
    settle(&engine, act("ACCOUNT_UNFREEZE", "ada", None));
    settle(&engine, order("TRANSFER", "ada", "ben", "1"));
    verify(engine.store(), &[]);
}

fn an_erasure_takes_the_block_and_writes_no_name_again(ledger: &Ledger) {
    let engine = ledger.engine(unshielded());
    open_accounts(&engine, &["ada", "ben"]);
    mint(&engine, "ada", "10");
    let paid =
        settle(&engine, Order { description: Some("a gift".to_owned()), ..order("TRANSFER", "ada", "ben", "1") });
    let erasure = settle(&engine, act("ERASURE", "ben", Some(&paid.transaction_id)));
    assert!(engine.store().entry(paid.seq).unwrap().unwrap().personal.is_none());
    let block = engine.store().entry(erasure.seq).unwrap().unwrap().personal.unwrap();
    assert_eq!((block.sender_username, block.receiver_username), (None, None));
    assert_eq!(code(&engine, act("ERASURE", "ben", Some(&paid.transaction_id))), "ALREADY_ERASED");
    verify(engine.store(), &[]);
}

fn a_name_that_goes_is_in_no_new_entry_and_in_no_act(ledger: &Ledger) {
    let engine = ledger.engine(unshielded());
    open_accounts(&engine, &["ada", "ben"]);
    mint(&engine, "ada", "10");
    let other = ledger.engine(unshielded());
    let rename = |name: Option<&str>| {
        let change = AccountChange::named(name.map(str::to_owned));
        other.change_account("ben", change, "mira", "he asked").unwrap()
    };
    let shown = || {
        let paid = settle(&engine, order("TRANSFER", "ada", "ben", "1"));
        engine.store().entry(paid.seq).unwrap().unwrap().personal.unwrap().receiver_username
    };
    assert_eq!(shown().as_deref(), Some("name of ben"));
    assert_eq!(rename(Some("Ben")).username.as_deref(), Some("Ben"));
    assert_eq!(shown().as_deref(), Some("Ben"));
    let version = rename(None).version;
    assert_eq!(rename(None).version, version, "there is none to remove");
    assert_eq!(shown(), None);
    let acts = engine.store().acts(Page { before: None, limit: 10 }).unwrap();
    let renamed = acts.iter().filter(|act| act.kind == ActKind::AccountRenamed);
    let said = renamed.map(|act| (act.account.as_deref(), act.by.as_deref(), act.reason.as_deref()));
    assert_eq!(said.collect::<Vec<_>>(), [(Some("ben"), Some("mira"), Some("he asked")); 2]);
    verify(engine.store(), &[]);
}

fn where_a_request_came_from_is_in_the_block_and_nowhere_else(ledger: &Ledger) {
    let engine = ledger.engine(unshielded());
    open_accounts(&engine, &["ada", "ben"]);
    mint(&engine, "ada", "10");
    let origin =
        Origin { ip_address: Some("::ffff:192.0.2.7".parse().unwrap()), user_agent: Some("game/7".to_owned()) };
    let mut order = order("TRANSFER", "ada", "ben", "1");
    // What a caller puts there himself is not believed.
    order.ip_address = Some("10.0.0.1".to_owned());
    let receipt = engine.settle(Request { origin, ..Request::of(order) }).unwrap();
    let block = engine.store().entry(receipt.seq).unwrap().unwrap().personal.unwrap();
    assert_eq!((block.ip_address.as_deref(), block.user_agent.as_deref()), (Some("192.0.2.7"), Some("game/7")));
    verify(engine.store(), &[]);
}
