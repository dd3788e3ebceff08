//! Settling: an order and the documents it touches, to a settlement or a refusal. No I/O, no clock, no
//! randomness: what is random or of the moment comes in a [`Stamp`]. FORMAT.md, "Format 2: what entries
//! mean"; the money rule is [`crate::economy`]'s, which verifying replays.

mod order;
mod policy;
mod refusal;
mod settlement;
mod terms;

pub use order::Order;
pub use policy::Policy;
pub use refusal::Refusal;
pub use settlement::{Posting, Settlement};

use self::terms::Terms;
use crate::books::{Account, Books, Referenced, has_document};
use crate::economy::blocked_by_freeze;
use crate::kind::{Kind, Party};
use crate::money::{Amount, Sum};
use crate::seal::{NewEntry, PersonalBlock};
use crate::timestamp::Timestamp;

/// What an entry has that no order says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stamp {
    /// A UUID, version 7, lowercase with hyphens.
    pub transaction_id: String,
    /// When, not before the entry before it.
    pub created_at: Timestamp,
    /// 32 hex from a secure random source.
    pub salt: String,
}

/// Carries an order out on paper.
///
/// # Errors
/// The first reason not to. Nothing was changed.
pub fn settle(order: &Order, books: &Books, policy: &Policy, stamp: Stamp) -> Result<Settlement, Refusal> {
    match rest(order, books)? {
        Some(rest) => carry_out(&Order { amount: Some(rest.to_string()), ..order.clone() }, books, policy, stamp),
        None => carry_out(order, books, policy, stamp),
    }
}

fn carry_out(order: &Order, books: &Books, policy: &Policy, stamp: Stamp) -> Result<Settlement, Refusal> {
    let terms = Terms::of(order, policy)?;
    let (sender, receiver) = (party(&order.sender_id, books)?, party(&order.receiver_id, books)?);
    may_move(&terms, order, sender, receiver)?;
    match terms.kind {
        Kind::Refund => refund(order, &terms, books)?,
        Kind::Erasure => erasure(order, books)?,
        Kind::AccountFreeze | Kind::AccountUnfreeze => freeze(terms.kind, receiver)?,
        _ => {}
    }
    let sender_posting = sender.map(|account| debit(account, &terms)).transpose()?;
    let receiver_posting = receiver.map(|account| credit(account, &terms)).transpose()?;
    let bucket = bucket(&terms, books)?;
    let names = [sender, receiver].map(|account| name(account, terms.kind));
    Ok(Settlement {
        kind: terms.kind,
        rate: terms.rate,
        gross: terms.gross,
        tax: terms.tax,
        net: terms.net,
        sender: sender_posting,
        receiver: receiver_posting,
        bucket,
        entry: entry(order, &terms, stamp, names),
    })
}

/// The account of one end; `None` for SYSTEM and TREASURY.
fn party<'a>(id: &str, books: &'a Books) -> Result<Option<&'a Account>, Refusal> {
    if !has_document(id) {
        return Ok(None);
    }
    let account = books.accounts.get(id).ok_or_else(|| Refusal::UnknownAccount { account: id.to_owned() })?;
    Ok(Some(account))
}

/// The name shown of one end. An erasure does not write down again what it erases.
fn name(account: Option<&Account>, kind: Kind) -> Option<String> {
    if kind == Kind::Erasure { None } else { account?.username.clone() }
}

/// Whether both ends may take part. Who moves nothing may always be spoken of.
fn may_move(
    terms: &Terms<'_>,
    order: &Order,
    sender: Option<&Account>,
    receiver: Option<&Account>,
) -> Result<(), Refusal> {
    if terms.kind.moves_nothing() {
        return Ok(());
    }
    let (from, to) = (Party::of(&order.sender_id), Party::of(&order.receiver_id));
    let (sender_blocked, receiver_blocked) = blocked_by_freeze(from, to, terms.gross);
    for (account, blocked) in [(sender, sender_blocked), (receiver, receiver_blocked)] {
        let Some(account) = account else { continue };
        let id = || account.id.clone();
        if account.is_banned {
            return Err(Refusal::AccountBanned { account: id() });
        }
        if !account.is_active {
            return Err(Refusal::AccountInactive { account: id() });
        }
        if account.is_frozen_for_fraud && blocked {
            return Err(Refusal::AccountFrozen { account: id() });
        }
    }
    Ok(())
}

fn debit(account: &Account, terms: &Terms<'_>) -> Result<Posting, Refusal> {
    let before = account.balance(terms.currency);
    let after = before - terms.gross.into();
    if after < Sum::ZERO {
        let (account, currency) = (account.id.clone(), terms.currency.to_owned());
        return Err(Refusal::InsufficientFunds { account, currency, available: before, needed: terms.gross });
    }
    Ok(Posting { before, after })
}

fn credit(account: &Account, terms: &Terms<'_>) -> Result<Posting, Refusal> {
    let before = account.balance(terms.currency);
    raised(before, terms.net, &account.id)
}

fn raised(before: Sum, by: Amount, holder: &str) -> Result<Posting, Refusal> {
    let after = before + by.into();
    if after > Sum::MAX {
        return Err(Refusal::BalanceTooLarge { holder: holder.to_owned() });
    }
    Ok(Posting { before, after })
}

fn bucket(terms: &Terms<'_>, books: &Books) -> Result<Option<Posting>, Refusal> {
    let Some(tax_type) = terms.tax_type else { return Ok(None) };
    let before = books.treasury.bucket(tax_type, terms.currency);
    if terms.kind != Kind::TaxWithdrawal {
        if !books.treasury.has_room(tax_type, terms.currency) {
            return Err(Refusal::TooManyBuckets { tax_type: tax_type.to_owned() });
        }
        return raised(before, terms.tax, tax_type).map(Some);
    }
    let after = before - terms.gross.into();
    if after < Sum::ZERO {
        let (tax_type, currency) = (tax_type.to_owned(), terms.currency.to_owned());
        return Err(Refusal::TreasuryInsufficient { tax_type, currency, available: before, needed: terms.gross });
    }
    Ok(Some(Posting { before, after }))
}

fn referenced<'a>(order: &Order, books: &'a Books) -> Option<&'a Referenced> {
    books.referenced.get(order.reference_id.as_deref()?)
}

/// What a refund that names no amount pays back: whatever is left.
fn rest(order: &Order, books: &Books) -> Result<Option<Sum>, Refusal> {
    if order.amount.is_some() || Kind::parse(&order.kind) != Some(Kind::Refund) {
        return Ok(None);
    }
    let left = left(referenced(order, books).ok_or(Refusal::RefundUnmatched)?);
    if left > Sum::ZERO { Ok(Some(left)) } else { Err(Refusal::RefundExceeds { left }) }
}

fn left(earlier: &Referenced) -> Sum {
    Sum::from(earlier.net) - earlier.refunded
}

/// Of all refunds of one entry together no more is paid back than it brought.
fn refund(order: &Order, terms: &Terms<'_>, books: &Books) -> Result<(), Refusal> {
    let earlier = referenced(order, books).ok_or(Refusal::RefundUnmatched)?;
    let reversed = earlier.sender_id == order.receiver_id && earlier.receiver_id == order.sender_id;
    if !reversed || earlier.currency != terms.currency {
        return Err(Refusal::RefundUnmatched);
    }
    let left = left(earlier);
    if Sum::from(terms.net) > left {
        return Err(Refusal::RefundExceeds { left });
    }
    Ok(())
}

fn erasure(order: &Order, books: &Books) -> Result<(), Refusal> {
    let account = &order.receiver_id;
    let unmatched = || Refusal::ErasureUnmatched { account: account.clone() };
    let earlier = referenced(order, books).ok_or_else(unmatched)?;
    if earlier.sender_id != *account && earlier.receiver_id != *account {
        return Err(unmatched());
    }
    if earlier.is_erased { Err(Refusal::AlreadyErased) } else { Ok(()) }
}

fn freeze(kind: Kind, receiver: Option<&Account>) -> Result<(), Refusal> {
    let Some(account) = receiver else { return Ok(()) };
    let id = || account.id.clone();
    match (kind, account.is_frozen_for_fraud) {
        (Kind::AccountFreeze, true) => Err(Refusal::AlreadyFrozen { account: id() }),
        (Kind::AccountUnfreeze, false) => Err(Refusal::NotFrozen { account: id() }),
        _ => Ok(()),
    }
}

fn entry(order: &Order, terms: &Terms<'_>, stamp: Stamp, [sender, receiver]: [Option<String>; 2]) -> NewEntry {
    NewEntry {
        transaction_id: stamp.transaction_id,
        created_at: stamp.created_at.to_string(),
        kind: order.kind.clone(),
        currency: terms.currency.to_owned(),
        amount_gross: terms.gross.to_string(),
        tax_withheld: terms.tax.to_string(),
        amount_net: terms.net.to_string(),
        tax_type: terms.tax_type.map(str::to_owned),
        sender_id: order.sender_id.clone(),
        receiver_id: order.receiver_id.clone(),
        operator_id: order.operator_id.clone(),
        reference_id: order.reference_id.clone(),
        personal: PersonalBlock {
            salt: stamp.salt,
            sender_username: sender,
            receiver_username: receiver,
            description: order.description.clone(),
            ip_address: order.ip_address.clone(),
            user_agent: order.user_agent.clone(),
        },
    }
}
