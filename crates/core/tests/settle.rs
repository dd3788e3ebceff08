//! Settling is pure: what an order comes to, and each reason not to carry it out.
#![expect(clippy::unwrap_used, reason = "a helper of a test may panic as the test itself may")]

use countersign_core::books::{Account, Books, Referenced};
use countersign_core::export::document::Document;
use countersign_core::export::line::Line;
use countersign_core::export::writer::Writer;
use countersign_core::hash::Hash;
use countersign_core::limits::{MAX_COLLECTED, MAX_CURRENCIES, MAX_LINE};
use countersign_core::money::{Amount, Sum};
use countersign_core::settle::{Order, Policy, Refusal, Settlement, Stamp, settle};
use countersign_core::taxes::Tax;
use countersign_core::timestamp::Timestamp;

const NOW: Timestamp = Timestamp::from_millis(1_770_000_000_000);
const PAID: &str = "709b55bd-3da0-75a8-8812-5bd0ee20c5bf";

fn sum(text: &str) -> Sum {
    Sum::parse(text.as_bytes()).unwrap()
}

/// ada has 100 EURO and ben nothing; ada once paid ben 10, of which 4 came back.
fn books() -> Books {
    let mut books = Books::default();
    for (id, euro) in [("ada", "100.0000"), ("ben", "0.0000")] {
        let mut account = Account::open(id.to_owned(), Some(format!("name of {id}")), NOW);
        account.balances.insert("EURO".to_owned(), sum(euro));
        books.accounts.insert(id.to_owned(), account);
    }
    let paid = Referenced {
        transaction_id: PAID.to_owned(),
        sender_id: "ada".to_owned(),
        receiver_id: "ben".to_owned(),
        currency: "EURO".to_owned(),
        net: Amount::parse(b"10.0000").unwrap(),
        refunded: sum("4.0000"),
        is_erased: false,
    };
    books.referenced.insert(PAID.to_owned(), paid);
    books
}

fn order(kind: &str, sender: &str, receiver: &str, amount: &str) -> Order {
    Order {
        kind: kind.to_owned(),
        sender_id: sender.to_owned(),
        receiver_id: receiver.to_owned(),
        currency: Some("EURO".to_owned()),
        amount: Some(amount.to_owned()),
        ..Order::default()
    }
}

fn carry_out(order: &Order, books: &Books, policy: &Policy) -> Result<Settlement, Refusal> {
    let stamp = Stamp { transaction_id: PAID.replace('7', "8"), created_at: NOW, salt: "0".repeat(32) };
    settle(order, books, policy, stamp)
}

fn of(order: &Order) -> Result<Settlement, Refusal> {
    carry_out(order, &books(), &Policy::default())
}

#[test]
fn tax_is_half_up_to_four_decimals_and_gross_is_tax_and_net() {
    for (amount, tax, net) in
        [("0.0009", "0.0000", "0.0009"), ("0.0010", "0.0001", "0.0009"), ("33.33", "1.6665", "31.6635")]
    {
        let settled = of(&order("TRANSFER", "ada", "ben", amount)).unwrap();
        assert_eq!((settled.tax.to_string(), settled.net.to_string()), (tax.to_owned(), net.to_owned()));
        // What is not taxed names no bucket.
        assert_eq!(settled.entry.tax_type.is_some(), settled.tax > Amount::ZERO);
    }
}

#[test]
fn amounts_are_read_as_callers_write_them() {
    for (written, read) in [("1", "1.0000"), ("007.5", "7.5000"), ("0.1", "0.1000"), ("99.9999", "99.9999")] {
        assert_eq!(of(&order("TRANSFER", "ada", "ben", written)).unwrap().entry.amount_gross, read);
    }
    for written in ["", ".", "1.", ".5", "+1", "-1", "1e2", " 1", "1,5", "1.00000", "0x1", "١"] {
        let refusal = of(&order("TRANSFER", "ada", "ben", written)).unwrap_err();
        assert_eq!(refusal.code(), "INVALID_AMOUNT", "{written:?}");
    }
    for (written, code) in
        [("0.00", "AMOUNT_TOO_SMALL"), ("1000000000", "AMOUNT_TOO_LARGE"), (&*"9".repeat(42), "AMOUNT_TOO_LARGE")]
    {
        assert_eq!(of(&order("TRANSFER", "ada", "ben", written)).unwrap_err().code(), code, "{written}");
    }
}

#[test]
fn a_balance_that_no_document_could_say_is_refused() {
    let mut books = books();
    let nearly = Sum::MAX - sum("0.9999");
    books.accounts.get_mut("ben").unwrap().balances.insert("EURO".to_owned(), nearly);
    let pay = |amount: &str| carry_out(&order("TRANSFER", "ada", "ben", amount), &books, &Policy::default());
    assert_eq!(pay("2").unwrap_err(), Refusal::BalanceTooLarge { holder: "ben".to_owned() });
    assert_eq!(pay("1.0").unwrap().receiver.unwrap().after, nearly + sum("0.9500"));
    books.treasury.collected.entry("vat".to_owned()).or_default().insert("EURO".to_owned(), Sum::MAX);
    let buy = carry_out(&order("MARKET_BUY", "ada", "ben", "0.01"), &books, &Policy::default());
    assert_eq!(buy.unwrap_err(), Refusal::BalanceTooLarge { holder: "vat".to_owned() });
}

/// What a document cannot say to its reader, or a line not hold, no order brings about.
#[test]
fn a_treasury_takes_no_more_sums_than_its_document_may_name() {
    let longest = |n: usize| format!("{n:b>32}");
    let mut books = books();
    for n in 0..MAX_COLLECTED {
        books.treasury.collected.insert(longest(n), [("ABCDEFGHIJKL".to_owned(), Sum::MAX)].into());
    }
    let mut writer = Writer::resume(Vec::new(), 0, 0, Hash::default());
    writer.treasury(&books.treasury.document()).unwrap();
    let line = writer.into_inner();
    assert!(line.len() < MAX_LINE, "{}", line.len());
    let read = Line::read(line.trim_ascii_end());
    assert!(matches!(read, Line::Document(document) if *document == Document::Treasury(books.treasury.document())));

    books.treasury.collected.remove(&longest(0));
    let collect = |bucket: &str, currency: &str, books: &Books| {
        let (tax_type, operator_id) = (Some(bucket.to_owned()), Some("op".to_owned()));
        let currency = Some(currency.to_owned());
        let order = order("TAX_COLLECTION", "ada", "TREASURY", "0.01");
        carry_out(&Order { tax_type, operator_id, currency, ..order }, books, &Policy::default())
    };
    collect("fines", "EURO", &books).unwrap().apply(&mut books, NOW);
    assert!(collect("fines", "EURO", &books).is_ok(), "a bucket that is there");
    assert_eq!(collect("other", "EURO", &books).unwrap_err(), Refusal::TooManyBuckets { tax_type: "other".to_owned() });
    let policy =
        Policy { currencies: (0..=MAX_CURRENCIES).map(|n| format!("C{n:0>5}")).collect(), ..Policy::default() };
    assert_eq!(policy.check(), Err("4097 currencies, where 4096 are the most".to_owned()));
}

#[test]
fn of_a_payment_no_more_is_refunded_than_is_left() {
    let refund = |amount: &str| {
        let mut books = books();
        books.accounts.get_mut("ben").unwrap().balances.insert("EURO".to_owned(), sum("50.0000"));
        let order = Order { reference_id: Some(PAID.to_owned()), ..order("REFUND", "ben", "ada", amount) };
        let settled = carry_out(&order, &books, &Policy::default())?;
        settled.apply(&mut books, NOW);
        Ok(books.referenced[PAID].refunded)
    };
    assert_eq!(refund("6.0001"), Err(Refusal::RefundExceeds { left: sum("6.0000") }));
    assert_eq!(refund("6"), Ok(sum("10.0000")));
}

/// The policy bounds what is ordered anew, and what it was when money moved binds nobody later.
#[test]
fn what_was_paid_under_another_policy_is_paid_back_and_out() {
    let mut books = books();
    books.accounts.get_mut("ben").unwrap().balances.insert("EURO".to_owned(), sum("50.0000"));
    books.treasury.collected.entry("vat".to_owned()).or_default().insert("EURO".to_owned(), sum("500.0000"));
    let [least, most] = ["5.0000", "5.5000"].map(|text| Amount::parse(text.as_bytes()).unwrap());
    let policy = Policy { least, most, currencies: ["GOLD".to_owned()].into(), ..Policy::default() };
    let refund = |amount: Option<&str>| {
        let (reference_id, amount) = (Some(PAID.to_owned()), amount.map(str::to_owned));
        carry_out(&Order { reference_id, amount, ..order("REFUND", "ben", "ada", "") }, &books, &policy)
    };
    assert_eq!(refund(None).unwrap().net.to_string(), "6.0000");
    assert_eq!(refund(Some("0.0001")).unwrap().net.to_string(), "0.0001");
    assert_eq!(refund(Some("0")).unwrap_err().code(), "AMOUNT_TOO_SMALL");
    assert_eq!(refund(Some("6.0001")).unwrap_err().code(), "REFUND_EXCEEDS");
    let withdrawal = |amount: &str, currency: &str| {
        let (tax_type, operator_id) = (Some("vat".to_owned()), Some("op".to_owned()));
        let (description, currency) = (Some("roads".to_owned()), Some(currency.to_owned()));
        let order = order("TAX_WITHDRAWAL", "TREASURY", "ada", amount);
        carry_out(&Order { tax_type, operator_id, description, currency, ..order }, &books, &policy)
    };
    for amount in ["0.0500", "500.0000"] {
        assert_eq!(withdrawal(amount, "EURO").unwrap().net.to_string(), amount);
    }
    assert_eq!(withdrawal("1", "RON").unwrap_err().code(), "TREASURY_INSUFFICIENT");
    for none in ["", "XXX", "euro"] {
        assert_eq!(withdrawal("1", none).unwrap_err().code(), "UNKNOWN_CURRENCY");
    }
    for (amount, code) in [("4.9999", "AMOUNT_TOO_SMALL"), ("5.5001", "AMOUNT_TOO_LARGE")] {
        let gold = Order { currency: Some("GOLD".to_owned()), ..order("TRANSFER", "ada", "ben", amount) };
        assert_eq!(carry_out(&gold, &books, &policy).unwrap_err().code(), code);
    }
    assert_eq!(
        carry_out(&order("TRANSFER", "ada", "ben", "5"), &books, &policy).unwrap_err().code(),
        "UNKNOWN_CURRENCY"
    );
}

/// Who named one account is not told that both are the same.
#[test]
fn where_a_type_does_not_go_is_said_before_that_both_ends_are_one() {
    let operator_id = Some("op".to_owned());
    for (kind, end) in [("ACCOUNT_FREEZE", "SYSTEM"), ("ERASURE", "SYSTEM"), ("TAX_WITHDRAWAL", "TREASURY")] {
        let order = Order { operator_id: operator_id.clone(), ..order(kind, end, end, "1") };
        assert_eq!(of(&order).unwrap_err().code(), "DIRECTION_NOT_ALLOWED", "{kind}");
    }
    assert_eq!(of(&order("TRANSFER", "ada", "ada", "1")).unwrap_err(), Refusal::SameAccount);
}

/// What stands in nobody's way to be asked why: an account's freeze, the end of one, what all collected.
#[test]
fn a_reason_that_says_nothing_is_none() {
    let mut books = books();
    books.treasury.collected.entry("vat".to_owned()).or_default().insert("EURO".to_owned(), sum("9.0000"));
    let operator_id = Some("op".to_owned());
    let act = |kind: &str| Order { amount: None, currency: None, ..order(kind, "SYSTEM", "ada", "") };
    let withdrawal = Order { tax_type: Some("vat".to_owned()), ..order("TAX_WITHDRAWAL", "TREASURY", "ada", "1") };
    for order in [act("ACCOUNT_FREEZE"), act("ACCOUNT_UNFREEZE"), withdrawal] {
        books.accounts.get_mut("ada").unwrap().is_frozen_for_fraud = order.kind == "ACCOUNT_UNFREEZE";
        let because = |description: Option<&str>| {
            let (operator_id, description) = (operator_id.clone(), description.map(str::to_owned));
            carry_out(&Order { operator_id, description, ..order.clone() }, &books, &Policy::default())
        };
        for nothing in [None, Some(" "), Some("\u{a0}\u{3000}")] {
            assert_eq!(because(nothing).unwrap_err().code(), "REASON_REQUIRED", "{}", order.kind);
        }
        assert!(because(Some("a word")).is_ok(), "{}", order.kind);
    }
}

#[test]
fn what_an_erasure_erases_it_does_not_write_again() {
    let mut books = books();
    let (currency, amount) = (None, None);
    let (operator_id, reference_id) = (Some("op".to_owned()), Some(PAID.to_owned()));
    let erase = Order { operator_id, reference_id, currency, amount, ..order("ERASURE", "SYSTEM", "ben", "") };
    let settled = carry_out(&erase, &books, &Policy::default()).unwrap();
    assert_eq!(settled.entry.personal.receiver_username, None);
    settled.apply(&mut books, NOW);
    assert_eq!(carry_out(&erase, &books, &Policy::default()), Err(Refusal::AlreadyErased));
}

#[test]
fn an_applications_own_type_is_taxed_where_the_policy_says_so() {
    let mut policy = Policy::default();
    let duel = order("X_DUEL", "ada", "ben", "10");
    assert_eq!(carry_out(&duel, &books(), &policy).unwrap().tax, Amount::ZERO);
    policy.taxes.set("X_DUEL", Tax { rate: 250, tax_type: "duels".to_owned() });
    policy.check().unwrap();
    let settled = carry_out(&duel, &books(), &policy).unwrap();
    assert_eq!((settled.tax.to_string(), settled.entry.tax_type.as_deref()), ("0.2500".into(), Some("duels")));
    let by_operator = Order { operator_id: Some("op".to_owned()), ..duel };
    assert_eq!(carry_out(&by_operator, &books(), &policy).unwrap().entry.operator_id.as_deref(), Some("op"));
}

#[test]
fn a_policy_that_breaks_the_formats_rules_is_no_policy() {
    let broken = |change: fn(&mut Policy)| {
        let mut policy = Policy::default();
        change(&mut policy);
        policy.check().unwrap_err()
    };
    assert!(broken(|policy| policy.currencies.extend(["XXX".to_owned()])).contains("XXX"));
    assert!(broken(|policy| policy.currencies.extend(["euro".to_owned()])).contains("euro"));
    assert!(broken(|policy| policy.least = Amount::ZERO).contains("least"));
    assert!(broken(|policy| policy.most = Amount::ZERO).contains("most"));
    let taxed = |kind: &str, rate, tax_type: &str| {
        let mut policy = Policy::default();
        policy.taxes.set(kind, Tax { rate, tax_type: tax_type.to_owned() });
        policy.check()
    };
    for untaxed in ["REWARD", "REFUND", "SYSTEM_MINT", "SYSTEM_BURN", "TAX_WITHDRAWAL", "ERASURE"] {
        assert!(taxed(untaxed, 1, "vat").unwrap_err().contains("never taxed"), "{untaxed}");
    }
    assert!(taxed("GIFT", 1, "vat").unwrap_err().contains("GIFT"));
    assert!(taxed("TRANSFER", 10_001, "vat").is_err() && taxed("TRANSFER", 1, "VAT").is_err());
    taxed("TRANSFER", 10_000, "vat").unwrap();
}
