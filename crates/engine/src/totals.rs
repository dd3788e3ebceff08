//! What all entries together moved, kept with the head.

use countersign_core::grammar::SYSTEM;
use countersign_core::money::Amount;
use countersign_core::settle::Settlement;
use countersign_store::Totals;

/// Most types of a currency that are told apart: the head is written with every batch, and an application may
/// call its own types what it likes. The types of the ledger itself are fewer.
const MAX_KINDS: usize = 64;
/// Under what all others are added up; no type is called so.
const OTHERS: &str = "X_";

/// Adds a settlement.
pub(crate) fn add(totals: &mut Totals, settlement: &Settlement) {
    let entry = &settlement.entry;
    let kinds = totals.entry(entry.currency.clone()).or_default();
    let is_one_too_many =
        kinds.len() >= MAX_KINDS && entry.kind.starts_with(OTHERS) && !kinds.contains_key(&entry.kind);
    let kind = if is_one_too_many { OTHERS } else { &entry.kind };
    let total = kinds.entry(kind.to_owned()).or_default();
    total.transactions += 1;
    total.gross += settlement.gross.into();
    total.net += settlement.net.into();
    if entry.sender_id == SYSTEM {
        total.minted += settlement.gross.into();
    }
    if let Some(bucket) = &entry.tax_type
        && settlement.tax > Amount::ZERO
    {
        *total.tax.entry(bucket.clone()).or_default() += settlement.tax.into();
    }
}

#[cfg(test)]
mod tests {
    use countersign_core::books::{Account, Books};
    use countersign_core::settle::{Order, Policy, Stamp, settle};
    use countersign_core::timestamp::Timestamp;

    use super::*;

    fn reward_or_own(kind: &str) -> Settlement {
        let now = Timestamp::from_millis(0);
        let mut books = Books::default();
        for id in ["ada", "ben"] {
            let mut account = Account::open(id.to_owned(), None, now);
            account.balances.insert("EURO".to_owned(), Amount::parse(b"9.0000").unwrap().into());
            books.accounts.insert(id.to_owned(), account);
        }
        let order = Order {
            kind: kind.to_owned(),
            sender_id: if kind.starts_with("X_") { "ada" } else { "SYSTEM" }.to_owned(),
            receiver_id: "ben".to_owned(),
            currency: Some("EURO".to_owned()),
            amount: Some("1".to_owned()),
            ..Order::default()
        };
        let stamp = Stamp { transaction_id: String::new(), created_at: now, salt: String::new() };
        settle(&order, &books, &Policy::default(), stamp).unwrap()
    }

    #[test]
    fn however_many_types_there_are_the_head_stays_small_and_the_sum_right() {
        let mut totals = Totals::new();
        for n in 0..200 {
            add(&mut totals, &reward_or_own(&format!("X_{n}")));
        }
        add(&mut totals, &reward_or_own("REWARD"));
        let kinds = &totals["EURO"];
        assert_eq!((kinds.len(), kinds["REWARD"].transactions), (MAX_KINDS + 2, 1));
        assert_eq!(kinds[OTHERS].transactions, 200 - MAX_KINDS as u64);
        assert_eq!(kinds.values().map(|total| total.transactions).sum::<u64>(), 201);
    }
}
