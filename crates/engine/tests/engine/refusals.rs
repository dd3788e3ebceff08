//! Each refusal has its own code, and changes nothing.

use countersign_core::settle::Order;
use countersign_engine::{AccountChange, NewAccount};

use crate::audit::{export, verify};
use crate::ledger::*;

on_each_store!(each_refusal_has_its_code_and_changes_nothing, accounts_are_refused_too);

/// A ledger with something to refuse.
fn prepare(engine: &countersign_engine::Engine) -> String {
    open_accounts(engine, &["ada", "ben", "cold", "idle", "out"]);
    for account in ["ada", "cold", "idle", "out"] {
        mint(engine, account, "100");
    }
    settle(engine, act("ACCOUNT_FREEZE", "cold", None));
    engine.change_account("idle", AccountChange::active(false), "op", "why").unwrap();
    engine.change_account("out", AccountChange::banned(true), "op", "why").unwrap();
    settle(engine, order("TRANSFER", "ada", "ben", "20")).transaction_id
}

fn each_refusal_has_its_code_and_changes_nothing(ledger: &Ledger) {
    let engine = ledger.engine(unshielded());
    let paid = prepare(&engine);
    let before = export(engine.store());
    let pay = |sender: &str, receiver: &str, amount: &str| order("TRANSFER", sender, receiver, amount);
    let refund = |reference: &str, sender: &str, receiver: &str, amount: &str| Order {
        reference_id: Some(reference.to_owned()),
        ..order("REFUND", sender, receiver, amount)
    };
    let with = |change: fn(&mut Order)| {
        let mut order = pay("ada", "ben", "1");
        change(&mut order);
        order
    };
    let cases = [
        ("UNKNOWN_TYPE", order("GIFT", "ada", "ben", "1")),
        ("UNKNOWN_TYPE", order("X_", "ada", "ben", "1")),
        ("INVALID_FIELD", pay("a da", "ben", "1")),
        ("INVALID_FIELD", with(|order| order.description = Some("a\u{202e}b".to_owned()))),
        ("INVALID_FIELD", with(|order| order.tax_type = Some("vat".to_owned()))),
        ("SAME_ACCOUNT", pay("ada", "ada", "1")),
        ("DIRECTION_NOT_ALLOWED", pay("SYSTEM", "ada", "1")),
        ("DIRECTION_NOT_ALLOWED", pay("ada", "TREASURY", "1")),
        ("OPERATOR_REQUIRED", Order { operator_id: None, ..order("SYSTEM_MINT", "SYSTEM", "ada", "1") }),
        (
            "REASON_REQUIRED",
            Order { description: None, ..order("TAX_WITHDRAWAL", "TREASURY", "ada", "1").taxed("vat") },
        ),
        (
            "REASON_REQUIRED",
            Order {
                description: Some("  ".to_owned()),
                ..order("TAX_WITHDRAWAL", "TREASURY", "ada", "1").taxed("vat")
            },
        ),
        ("OPERATOR_NOT_ALLOWED", with(|order| order.operator_id = Some("op".to_owned()))),
        ("UNKNOWN_CURRENCY", with(|order| order.currency = Some("USD".to_owned()))),
        ("UNKNOWN_CURRENCY", with(|order| order.currency = None)),
        ("INVALID_AMOUNT", pay("ada", "ben", "-1")),
        ("INVALID_AMOUNT", pay("ada", "ben", "1e3")),
        ("INVALID_AMOUNT", pay("ada", "ben", "1.00001")),
        ("INVALID_AMOUNT", with(|order| order.amount = None)),
        ("AMOUNT_TOO_LARGE", pay("ada", "ben", "1000000000")),
        ("AMOUNT_TOO_SMALL", pay("ada", "ben", "0.0000")),
        ("UNKNOWN_ACCOUNT", pay("ada", "nobody", "1")),
        ("UNKNOWN_ACCOUNT", pay("nobody", "ada", "1")),
        ("ACCOUNT_FROZEN", pay("cold", "ben", "1")),
        ("ACCOUNT_FROZEN", pay("ada", "cold", "1")),
        ("ACCOUNT_INACTIVE", pay("idle", "ben", "1")),
        ("ACCOUNT_INACTIVE", pay("ada", "idle", "1")),
        ("ACCOUNT_BANNED", pay("out", "ben", "1")),
        ("ACCOUNT_BANNED", order("REWARD", "SYSTEM", "out", "1")),
        ("INSUFFICIENT_FUNDS", pay("ada", "ben", "80.0001")),
        ("INSUFFICIENT_FUNDS", Order { currency: Some("GOLD".to_owned()), ..pay("ada", "ben", "1") }),
        ("TREASURY_INSUFFICIENT", order("TAX_WITHDRAWAL", "TREASURY", "ada", "1").taxed("vat")),
        ("ALREADY_FROZEN", act("ACCOUNT_FREEZE", "cold", None)),
        ("NOT_FROZEN", act("ACCOUNT_UNFREEZE", "ada", None)),
        ("REFUND_UNMATCHED", order("REFUND", "ben", "ada", "1")),
        ("REFUND_UNMATCHED", refund("00000000-0000-7000-8000-000000000000", "ben", "ada", "1")),
        ("REFUND_UNMATCHED", refund(&paid, "ada", "ben", "1")),
        ("REFUND_UNMATCHED", Order { currency: Some("GOLD".to_owned()), ..refund(&paid, "ben", "ada", "1") }),
        ("REFUND_EXCEEDS", refund(&paid, "ben", "ada", "19.0001")),
        ("ERASURE_UNMATCHED", act("ERASURE", "ada", None)),
        ("ERASURE_UNMATCHED", act("ERASURE", "cold", Some(&paid))),
    ];
    for (expected, order) in cases {
        assert_eq!(code(&engine, order.clone()), expected, "{order:?}");
    }
    assert!(export(engine.store()) == before, "a refusal changed something");
    let counted: u64 = engine.metrics().refused.values().sum();
    assert_eq!(counted, 40);
    verify(engine.store(), &[]);
}

fn accounts_are_refused_too(ledger: &Ledger) {
    let engine = ledger.engine(unshielded());
    open_accounts(&engine, &["ada"]);
    let open = |id: &str, username: Option<&str>| {
        let account = NewAccount { id: id.to_owned(), username: username.map(str::to_owned) };
        engine.open_account(account).map(drop).map_err(|error| error.code())
    };
    assert_eq!(open("ada", None), Err("ALREADY_EXISTS"));
    for id in ["", "a b", "SYSTEM", "TREASURY", &"x".repeat(65)] {
        assert_eq!(open(id, None), Err("INVALID_FIELD"), "{id}");
    }
    assert_eq!(open("ben", Some("")), Err("INVALID_FIELD"));
    assert_eq!(open("ben", Some("B. \u{202e}")), Err("INVALID_FIELD"));
    assert_eq!(open("ben", Some("Ben")), Ok(()));
    let standing = AccountChange::banned(true);
    assert_eq!(engine.change_account("nobody", standing.clone(), "op", "why").unwrap_err().code(), "UNKNOWN_ACCOUNT");
    let account = engine.change_account("ben", standing.clone(), "op", "why").unwrap();
    assert_eq!((account.is_banned, account.version), (true, 2));
    assert_eq!(engine.change_account("ben", standing, "op", "why").unwrap().version, 2);
    // What is not said stays as it is: whoever takes him out of use does not let him in again.
    let account = engine.change_account("ben", AccountChange::active(false), "noah", "on leave").unwrap();
    assert_eq!((account.is_active, account.is_banned, account.version), (false, true, 3));
    let code = |standing, by, reason| engine.change_account("ben", standing, by, reason).unwrap_err().code();
    assert_eq!(code(AccountChange::default(), "noah", "why"), "INVALID_FIELD");
    assert_eq!(code(AccountChange::active(true), " ", "why"), "INVALID_FIELD");
    assert_eq!(code(AccountChange::active(true), "noah", " "), "INVALID_FIELD");
    for name in ["", " ", "B. \u{202e}", &"x".repeat(65)] {
        assert_eq!(code(AccountChange::named(Some(name.to_owned())), "noah", "asked"), "INVALID_FIELD", "{name}");
    }
}
