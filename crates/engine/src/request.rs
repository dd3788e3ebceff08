//! What callers ask for.

use std::net::IpAddr;

use countersign_core::grammar;
use countersign_core::hash::Hash;
use countersign_core::settle::{Order, Refusal};
use serde::{Deserialize, Serialize};

use crate::error::EngineError;

/// Longest idempotency key, in bytes.
pub const MAX_KEY: usize = 128;
/// Longest name of who halts or resumes, and longest username, in bytes.
const MAX_NAME: usize = 64;
/// Longest reason, in bytes.
const MAX_REASON: usize = 2000;

/// An order, and how it came.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Request {
    /// What is asked.
    pub order: Order,
    /// The caller's own name for this request, 1 to 128 bytes of text: asked again with it, the first answer
    /// comes again.
    pub idempotency_key: Option<String>,
    /// Where it came from; written into the entry's personal block.
    pub origin: Origin,
}

/// Where a request came from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Origin {
    /// The client's address, as [`crate::shield::address::client_address`] finds it; `None` where there is
    /// no network, and then no limit by address.
    pub ip_address: Option<IpAddr>,
    /// What it says it is.
    pub user_agent: Option<String>,
}

/// An account to be opened.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewAccount {
    /// A pseudonym: 1 to 64 of `A-Za-z0-9._:-`, neither SYSTEM nor TREASURY.
    pub id: String,
    /// Name shown in personal blocks, 1 to 64 bytes of text.
    #[serde(default)]
    pub username: Option<String>,
}

/// What is to change of an account; `None` leaves it as it is, whoever else changes it meanwhile.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AccountChange {
    /// Whether it is in use.
    pub is_active: Option<bool>,
    /// Whether it is shut out.
    pub is_banned: Option<bool>,
    /// Name shown in new entries' personal blocks from here on, 1 to 64 bytes of text; `Some(None)` removes it.
    pub username: Option<Option<String>>,
}

impl AccountChange {
    /// In use, or out of it.
    #[must_use]
    pub fn active(is_active: bool) -> Self {
        Self { is_active: Some(is_active), ..Self::default() }
    }

    /// Shut out, or let in again.
    #[must_use]
    pub fn banned(is_banned: bool) -> Self {
        Self { is_banned: Some(is_banned), ..Self::default() }
    }

    /// By another name, or by none.
    #[must_use]
    pub fn named(username: Option<String>) -> Self {
        Self { username: Some(username), ..Self::default() }
    }
}

impl Request {
    /// An order without a key that came over no network.
    #[must_use]
    pub fn of(order: Order) -> Self {
        Self { order, ..Self::default() }
    }

    /// The same with a key.
    #[must_use]
    pub fn with_key(mut self, key: impl Into<String>) -> Self {
        self.idempotency_key = Some(key.into());
        self
    }

    pub(crate) fn check_key(&self) -> Result<(), EngineError> {
        let holds = self.idempotency_key.as_deref().is_none_or(|key| grammar::is_text(key, MAX_KEY));
        if holds { Ok(()) } else { Err(EngineError::InvalidKey) }
    }

    /// Writes the origin into the order, over what a caller may have put there.
    pub(crate) fn into_order(self) -> (Order, Option<String>) {
        let ip_address = self.origin.ip_address.map(|address| address.to_canonical().to_string());
        (Order { ip_address, user_agent: self.origin.user_agent, ..self.order }, self.idempotency_key)
    }
}

/// What is said of a name or a reason that breaks its rule.
pub(crate) const NO_TEXT: &str = "blank, too long, or with a control or deceiving character";

/// Whether it can be the name of an account, or of an operator.
pub(crate) fn is_name(name: Option<&str>) -> bool {
    name.is_none_or(|name| grammar::says_something(name, MAX_NAME))
}

/// Who did it and why, each where it is given.
pub(crate) fn check_words(by: Option<&str>, reason: Option<&str>) -> Result<(), Refusal> {
    let rules =
        [("by", is_name(by)), ("reason", reason.is_none_or(|reason| grammar::says_something(reason, MAX_REASON)))];
    let broken = rules.into_iter().find(|(_, holds)| !holds);
    broken.map_or(Ok(()), |(field, _)| Err(Refusal::InvalidField { field, reason: NO_TEXT }))
}

/// What a request asks, as a hash: SHA-256 of `countersign/request/1` and then the order's fields in the order
/// of its declaration, each its length in bytes, a colon, the text and a line feed, or `-` and a line feed
/// where it is absent. No text can pass for another. Where the request came from is not part of it, and
/// amounts count as they are written: a request that is sent again is the same bytes.
pub(crate) fn fingerprint(order: &Order) -> Hash {
    let Order {
        kind,
        sender_id,
        receiver_id,
        currency,
        amount,
        tax_type,
        operator_id,
        reference_id,
        description,
        ip_address: _,
        user_agent: _,
    } = order;
    let mut message = b"countersign/request/1\n".to_vec();
    for text in [kind, sender_id, receiver_id] {
        write_field(&mut message, Some(text));
    }
    for text in [currency, amount, tax_type, operator_id, reference_id, description] {
        write_field(&mut message, text.as_deref());
    }
    Hash::of(&message)
}

fn write_field(message: &mut Vec<u8>, text: Option<&str>) {
    if let Some(text) = text {
        message.extend_from_slice(text.len().to_string().as_bytes());
        message.push(b':');
        message.extend_from_slice(text.as_bytes());
    } else {
        message.push(b'-');
    }
    message.push(b'\n');
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order() -> Order {
        Order {
            kind: "TRANSFER".to_owned(),
            sender_id: "a".to_owned(),
            receiver_id: "b".to_owned(),
            currency: Some("EURO".to_owned()),
            amount: Some("5".to_owned()),
            ..Order::default()
        }
    }

    #[test]
    fn the_fingerprint_is_what_its_definition_says() {
        let message = "countersign/request/1\n8:TRANSFER\n1:a\n1:b\n4:EURO\n1:5\n-\n-\n-\n-\n";
        assert_eq!(fingerprint(&order()), Hash::of(message.as_bytes()));
    }

    #[test]
    fn every_field_counts_but_the_origin() {
        let text = || Some("x".to_owned());
        let others = [
            Order { kind: "WORK".to_owned(), ..order() },
            Order { sender_id: "c".to_owned(), ..order() },
            Order { receiver_id: "c".to_owned(), ..order() },
            Order { currency: text(), ..order() },
            Order { amount: Some("5.0".to_owned()), ..order() },
            Order { tax_type: text(), ..order() },
            Order { operator_id: text(), ..order() },
            Order { reference_id: text(), ..order() },
            Order { description: text(), ..order() },
            Order { description: Some(String::new()), ..order() },
        ];
        let mut hashes: Vec<Hash> = others.iter().chain([&order()]).map(fingerprint).collect();
        hashes.sort();
        hashes.dedup();
        assert_eq!(hashes.len(), others.len() + 1);
        assert_eq!(fingerprint(&Order { ip_address: text(), user_agent: text(), ..order() }), fingerprint(&order()));
    }

    #[test]
    fn a_key_is_1_to_128_bytes_of_text() {
        let check = |key: &str| Request::of(order()).with_key(key).check_key().is_ok();
        assert!(check("k") && check(&"k".repeat(128)) && check("Bestellung 17 – ü"));
        assert!(!check("") && !check(&"k".repeat(129)) && !check("a\nb") && !check("a\u{202e}b"));
    }
}
