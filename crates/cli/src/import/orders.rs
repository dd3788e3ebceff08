//! The orders that give a new ledger what the old one had.

use countersign_core::grammar::{SYSTEM, TREASURY};
use countersign_core::money::{Amount, Sum};
use countersign_core::settle::Order;

use super::{Treasury, User};

/// The account that what the Treasury held passes through: minted to it, and collected from it at once.
pub const IMPORT_ACCOUNT: &str = "import";
/// Ten-thousandths of the largest amount that an entry can say.
const MOST: i128 = 9_999_999_999_999_999_999;

/// What every order of an import says.
#[derive(Clone, Debug)]
pub struct Origin {
    /// Who ordered the import.
    pub operator: String,
    /// `reference_id` of the first entry: the old ledger's head.
    pub head: String,
    /// `description` of the first entry: where it comes from, and what was accepted.
    pub note: String,
}

/// Mints to the users, the Treasury's buckets, and then freezes. Empty where there is no money and no freeze.
#[must_use]
pub fn orders(users: &[User], treasury: &Treasury, origin: &Origin) -> Vec<Order> {
    let mut orders = Vec::new();
    for user in users {
        for (currency, sum) in &user.balances {
            orders.extend(parts(*sum).map(|part| mint(&user.id, currency, part)));
        }
    }
    for (bucket, sums) in &treasury.collected {
        for (currency, sum) in sums {
            for part in parts(*sum) {
                orders.push(mint(IMPORT_ACCOUNT, currency, part));
                orders.push(collection(bucket, currency, part));
            }
        }
    }
    orders.extend(users.iter().filter(|user| user.is_frozen_for_fraud).map(freeze));
    for order in &mut orders {
        order.operator_id = Some(origin.operator.clone());
        order.description = Some("import".to_owned());
    }
    if let Some(first) = orders.first_mut() {
        (first.reference_id, first.description) = (Some(origin.head.clone()), Some(origin.note.clone()));
    }
    orders
}

/// A sum as amounts that entries can say: one, for any balance below a quadrillion.
fn parts(sum: Sum) -> impl Iterator<Item = Amount> {
    let mut left = sum.ten_thousandths();
    std::iter::from_fn(move || {
        let part = left.min(MOST);
        left -= part;
        let amount = u64::try_from(part).ok().and_then(Amount::from_ten_thousandths)?;
        (amount > Amount::ZERO).then_some(amount)
    })
}

fn mint(account: &str, currency: &str, amount: Amount) -> Order {
    Order {
        kind: "SYSTEM_MINT".to_owned(),
        sender_id: SYSTEM.to_owned(),
        receiver_id: account.to_owned(),
        currency: Some(currency.to_owned()),
        amount: Some(amount.to_string()),
        ..Order::default()
    }
}

fn collection(bucket: &str, currency: &str, amount: Amount) -> Order {
    Order {
        kind: "TAX_COLLECTION".to_owned(),
        sender_id: IMPORT_ACCOUNT.to_owned(),
        receiver_id: TREASURY.to_owned(),
        tax_type: Some(bucket.to_owned()),
        ..mint("", currency, amount)
    }
}

fn freeze(user: &User) -> Order {
    Order {
        kind: "ACCOUNT_FREEZE".to_owned(),
        sender_id: SYSTEM.to_owned(),
        receiver_id: user.id.clone(),
        ..Order::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_largest_balance_comes_in_parts_that_entries_can_say() {
        let sum = Sum::MAX;
        let parts: Vec<Amount> = parts(sum).collect();
        assert_eq!(parts.iter().fold(Sum::ZERO, |total, part| total + (*part).into()), sum);
        assert!(parts.iter().all(|part| Amount::parse(part.to_string().as_bytes()).is_some()));
        assert_eq!(super::parts(Sum::ZERO).count(), 0);
        assert_eq!(super::parts(Sum::from_ten_thousandths(1)).count(), 1);
    }
}
