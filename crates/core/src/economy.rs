//! What entries mean: the hard rules, what is withheld, and whom a freeze keeps from what.
//! FORMAT.md, "Format 2: what entries mean". Settling and verifying share these rules.

use crate::entry::{Entry, Values};
use crate::grammar::NO_CURRENCY;
use crate::kind::{Kind, Party};
use crate::money::Amount;
use crate::taxes::Taxes;

/// The first hard rule that an entry breaks, in words; gross = tax + net is not among them.
#[inline]
#[must_use]
pub fn broken_rule(entry: &Entry<'_>, values: &Values, kind: Kind) -> Option<&'static str> {
    let zero = Amount::ZERO;
    let moves_nothing = kind.moves_nothing();
    let all_zero = values.gross == zero && values.tax == zero && values.net == zero;
    let rules = [
        (entry.sender_id != entry.receiver_id, "sender and receiver are the same"),
        (
            kind.allows(Party::of(entry.sender_id), Party::of(entry.receiver_id)),
            "the direction is not that of its type",
        ),
        (!moves_nothing || all_zero, "its type moves no money, and an amount is not zero"),
        (moves_nothing || values.gross != zero, "its type moves money, and gross is zero"),
        ((entry.currency == NO_CURRENCY) == moves_nothing, "XXX stands exactly where the type moves no money"),
        (kind.needs_operator().is_none_or(|set| set == entry.operator_id.is_some()), operator_rule(kind)),
        (!kind.is_untaxed() || values.tax == zero, "its type is never taxed"),
        (kind != Kind::TaxCollection || values.net == zero, "of a tax collection nothing is net"),
        (
            entry.tax_type.is_some() == (values.tax > zero || kind == Kind::TaxWithdrawal),
            "tax_type stands exactly where tax is withheld, and in a withdrawal",
        ),
    ];
    rules.into_iter().find(|(holds, _)| !holds).map(|(_, rule)| rule)
}

const fn operator_rule(kind: Kind) -> &'static str {
    match kind.needs_operator() {
        Some(true) => "its type needs an operator, and none is named",
        _ => "its type has no operator, and one is named",
    }
}

/// Whether gross = tax + net.
#[inline]
#[must_use]
pub fn adds_up(values: &Values) -> bool {
    values.gross.checked_sub(values.tax) == Some(values.net)
}

/// The tax that the policy gives, where the entry has another, or another bucket. `taxes`: the policy; without one
/// FORMAT.md's default, by which X_ types may be taxed at will.
#[inline]
#[must_use]
pub fn other_than_policy(entry: &Entry<'_>, values: &Values, kind: Kind, taxes: Option<&Taxes>) -> Option<Amount> {
    let (rate, bucket) = match taxes {
        Some(taxes) if kind != Kind::TaxCollection => taxes.of(entry.kind, kind),
        _ => kind.default_tax()?,
    };
    let expected = values.gross.at_rate(rate);
    let bucket = (expected > Amount::ZERO).then_some(bucket);
    let same = expected == values.tax && (kind == Kind::TaxWithdrawal || bucket == entry.tax_type);
    (!same).then_some(expected)
}

/// Whether an entry moves money of a user who might be frozen: `(sender, receiver)`. SYSTEM and
/// TREASURY may send to a frozen account, and entries of zero amount are exempt.
#[inline]
#[must_use]
pub fn blocked_by_freeze(from: Party, to: Party, gross: Amount) -> (bool, bool) {
    let moves = gross > Amount::ZERO;
    (moves && from == Party::User, moves && from == Party::User && to == Party::User)
}
