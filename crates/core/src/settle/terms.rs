//! What an order comes to by its type and the policy, before anybody's documents are looked at.

use super::order::{Order, amount};
use super::policy::Policy;
use super::refusal::Refusal;
use crate::entry::PERSONAL_MAX;
use crate::grammar::{NO_CURRENCY, says_something};
use crate::kind::{Kind, Party};
use crate::money::Amount;
use crate::taxes::WHOLE;

pub(super) struct Terms<'a> {
    pub(super) kind: Kind,
    pub(super) currency: &'a str,
    pub(super) rate: u32,
    pub(super) gross: Amount,
    pub(super) tax: Amount,
    pub(super) net: Amount,
    pub(super) tax_type: Option<&'a str>,
}

impl<'a> Terms<'a> {
    pub(super) fn of(order: &'a Order, policy: &'a Policy) -> Result<Self, Refusal> {
        let unknown = || Refusal::UnknownType { found: order.kind.chars().take(32).collect() };
        let kind = Kind::parse(&order.kind).ok_or_else(unknown)?;
        order.check()?;
        parties(order, kind)?;
        if kind.moves_nothing() {
            return Self::of_nothing(order, kind);
        }
        let currency = order.currency.as_deref().unwrap_or("");
        if !policy.knows(currency, kind) {
            return Err(Refusal::UnknownCurrency { found: currency.chars().take(12).collect() });
        }
        let (least, most) = policy.bounds(kind);
        let gross = amount(order.amount.as_deref().unwrap_or(""), least, most)?;
        let (rate, bucket) = match kind {
            Kind::TaxCollection => (WHOLE, named_bucket(order)?),
            Kind::TaxWithdrawal => (0, named_bucket(order)?),
            _ => policy.taxes.of(&order.kind, kind),
        };
        let names_bucket = matches!(kind, Kind::TaxCollection | Kind::TaxWithdrawal);
        if order.tax_type.is_some() && !names_bucket {
            return Err(Refusal::InvalidField { field: "tax_type", reason: "the type decides it" });
        }
        let tax = gross.at_rate(rate);
        let too_much = Refusal::InvalidField { field: "type", reason: "its tax is more than its amount" };
        let net = gross.checked_sub(tax).ok_or(too_much)?;
        let tax_type = (tax > Amount::ZERO || names_bucket).then_some(bucket);
        Ok(Self { kind, currency, rate, gross, tax, net, tax_type })
    }

    fn of_nothing(order: &Order, kind: Kind) -> Result<Self, Refusal> {
        let set = [
            ("currency", order.currency.is_some()),
            ("amount", order.amount.is_some()),
            ("tax_type", order.tax_type.is_some()),
        ];
        if let Some((field, _)) = set.into_iter().find(|(_, set)| *set) {
            return Err(Refusal::InvalidField { field, reason: "the type moves nothing" });
        }
        let zero = Amount::ZERO;
        Ok(Self { kind, currency: NO_CURRENCY, rate: 0, gross: zero, tax: zero, net: zero, tax_type: None })
    }
}

fn named_bucket(order: &Order) -> Result<&str, Refusal> {
    order.tax_type.as_deref().ok_or(Refusal::InvalidField { field: "tax_type", reason: "the type needs one" })
}

/// Who stands at which end, who ordered it, and why where that must be said.
fn parties(order: &Order, kind: Kind) -> Result<(), Refusal> {
    if !kind.allows(Party::of(&order.sender_id), Party::of(&order.receiver_id)) {
        let (sender, receiver) = (order.sender_id.clone(), order.receiver_id.clone());
        return Err(Refusal::DirectionNotAllowed { kind: order.kind.clone(), sender, receiver });
    }
    if order.sender_id == order.receiver_id {
        return Err(Refusal::SameAccount);
    }
    match (kind.needs_operator(), order.operator_id.is_some()) {
        (Some(true), false) => Err(Refusal::OperatorRequired { kind: order.kind.clone() }),
        (Some(false), true) => Err(Refusal::OperatorNotAllowed { kind: order.kind.clone() }),
        _ if needs_reason(kind) && !has_reason(order) => Err(Refusal::ReasonRequired { kind: order.kind.clone() }),
        _ => Ok(()),
    }
}

/// Nobody is frozen or let go, and nothing that all paid is taken, without a word.
const fn needs_reason(kind: Kind) -> bool {
    matches!(kind, Kind::TaxWithdrawal | Kind::AccountFreeze | Kind::AccountUnfreeze)
}

fn has_reason(order: &Order) -> bool {
    let [_, _, most, ..] = PERSONAL_MAX;
    order.description.as_deref().is_some_and(|why| says_something(why, most))
}
