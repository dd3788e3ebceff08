//! Verifying keys as C2SP signed-note writes them: `name+hash+base64`, the hash being the first four
//! bytes of SHA-256(name ‖ 0x0A ‖ kind ‖ public key) in hex, and base64 that of kind ‖ public key.

use std::fmt;
use std::str::FromStr;

use base64::{Engine, engine::general_purpose::STANDARD};
use ed25519_dalek::{PUBLIC_KEY_LENGTH, Signature, VerifyingKey as Point};

use crate::grammar;
use crate::hash::Hash;
use crate::limits::MAX_KEY_NAME;

/// What a key signs. The number is the signature type of C2SP signed-note.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum KeyKind {
    /// The note's text.
    Ed25519 = 0x01,
    /// The note's text and a time: `cosignature/v1`.
    CosignatureV1 = 0x04,
}

impl KeyKind {
    const fn of(byte: u8) -> Option<Self> {
        match byte {
            0x01 => Some(Self::Ed25519),
            0x04 => Some(Self::CosignatureV1),
            _ => None,
        }
    }
}

/// Why a text is no key. Never shows what a secret key holds.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// Not three parts.
    #[error("a key is written {expected}")]
    Form {
        /// The form.
        expected: &'static str,
    },
    /// The name breaks its rule.
    #[error("a key's name has 1 to {MAX_KEY_NAME} bytes, no white space and no plus sign")]
    Name,
    /// The second part is not 8 lowercase hex digits.
    #[error("a key's hash has 8 lowercase hex digits")]
    Hash,
    /// The third part is not padded standard base64 of 33 bytes.
    #[error("the last part of a key is padded base64 of one byte for its kind and 32 of the key")]
    Base64,
    /// A kind that is not known.
    #[error("signature type {0:#04x} is not known: expected 0x01 (Ed25519) or 0x04 (cosignature/v1)")]
    Kind(u8),
    /// The 32 bytes are no public key, or one under which anybody can sign.
    #[error("the 32 bytes are no safe Ed25519 public key")]
    Point,
    /// The hash is another key's: the text was mistyped.
    #[error("the key's hash is {found}, and its name and bytes give {expected}: the text is damaged")]
    Id {
        /// By name, kind and public key.
        expected: String,
        /// As written.
        found: String,
    },
}

/// A public key with its name: opens what its secret half signed.
#[derive(Clone, PartialEq, Eq)]
pub struct VerifyingKey {
    name: String,
    kind: KeyKind,
    id: [u8; 4],
    point: Point,
}

impl VerifyingKey {
    /// # Errors
    /// A name off its rule, or 32 bytes that are no safe public key.
    pub fn new(name: &str, kind: KeyKind, public: &[u8; PUBLIC_KEY_LENGTH]) -> Result<Self, KeyError> {
        if !is_key_name(name) {
            return Err(KeyError::Name);
        }
        let point = Point::from_bytes(public).ok().filter(|point| !point.is_weak()).ok_or(KeyError::Point)?;
        Ok(Self { name: name.to_owned(), kind, id: id(name, kind, public), point })
    }

    /// Its name; a ledger's own key has the ledger's.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What it signs.
    #[must_use]
    pub const fn kind(&self) -> KeyKind {
        self.kind
    }

    /// The key ID that a signature line carries.
    #[must_use]
    pub const fn id(&self) -> [u8; 4] {
        self.id
    }

    /// Whether both have one secret half, whatever they are called: whoever signs with one signs with the other.
    #[must_use]
    pub fn is_same_as(&self, other: &Self) -> bool {
        self.point == other.point
    }

    /// Whether `signature` is this key's under `message`: RFC 8032, without its malleable cases.
    pub(super) fn verifies(&self, message: &[u8], signature: &[u8; 64]) -> bool {
        self.point.verify_strict(message, &Signature::from_bytes(signature)).is_ok()
    }
}

/// C2SP signed-note, "Signatures": the key ID for both kinds.
fn id(name: &str, kind: KeyKind, public: &[u8; PUBLIC_KEY_LENGTH]) -> [u8; 4] {
    let message = [name.as_bytes(), b"\n", &[kind as u8], public].concat();
    let [a, b, c, d, ..] = Hash::of(&message).0;
    [a, b, c, d]
}

/// A key's name: neither white space nor a plus sign, and nothing that deceives the eye.
#[must_use]
pub fn is_key_name(name: &str) -> bool {
    grammar::is_text(name, MAX_KEY_NAME) && !name.contains(|c: char| c == '+' || c.is_whitespace())
}

/// The parts of `name+hash+base64`: name, key ID, kind, and what `decode` makes of the base64.
pub(super) fn parts<'a>(text: &'a str, expected: &'static str) -> Result<(&'a str, &'a str, &'a str), KeyError> {
    let mut parts = text.splitn(3, '+');
    let form = KeyError::Form { expected };
    let (Some(name), Some(hash), Some(bytes)) = (parts.next(), parts.next(), parts.next()) else { return Err(form) };
    if !is_key_name(name) {
        return Err(KeyError::Name);
    }
    if grammar::is_hex(hash, 8) { Ok((name, hash, bytes)) } else { Err(KeyError::Hash) }
}

/// The kind and the key of 33 decoded bytes.
pub(super) fn kind_and_key(bytes: &[u8]) -> Result<(KeyKind, &[u8; 32]), KeyError> {
    let (kind, key) = bytes.split_first().ok_or(KeyError::Base64)?;
    let key = key.try_into().map_err(|_| KeyError::Base64)?;
    Ok((KeyKind::of(*kind).ok_or(KeyError::Kind(*kind))?, key))
}

/// Holds a key to the hash that was written with it.
pub(super) fn check_id(key: &VerifyingKey, found: &str) -> Result<(), KeyError> {
    let expected = id_text(key.id);
    if expected == found { Ok(()) } else { Err(KeyError::Id { expected, found: found.to_owned() }) }
}

/// A key ID as 8 lowercase hex digits.
#[must_use]
pub fn id_text(id: [u8; 4]) -> String {
    format!("{:08x}", u32::from_be_bytes(id))
}

impl FromStr for VerifyingKey {
    type Err = KeyError;

    fn from_str(text: &str) -> Result<Self, KeyError> {
        let (name, hash, encoded) = parts(text, "name+hash+base64")?;
        let bytes = STANDARD.decode(encoded).map_err(|_| KeyError::Base64)?;
        let (kind, public) = kind_and_key(&bytes)?;
        let key = Self::new(name, kind, public)?;
        check_id(&key, hash).map(|()| key)
    }
}

impl fmt::Display for VerifyingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes = [&[self.kind as u8], self.point.as_bytes().as_slice()].concat();
        write!(f, "{}+{}+{}", self.name, id_text(self.id), STANDARD.encode(bytes))
    }
}

impl fmt::Debug for VerifyingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const VKEY: &str = "game.example/economy+b7e99c16+AYMq5iT7Tj3bthuC2BO2upajYP1EdR6ZRFFydV2hbw8R";
    const WITNESS: &str = "witness.example/1+2e550400+BPrE5gsZjUc6LSkelUdg+5b8RAE8ZgxMLrz2N1dPYewJ";

    #[test]
    fn reads_what_it_writes() {
        for (text, kind) in [(VKEY, KeyKind::Ed25519), (WITNESS, KeyKind::CosignatureV1)] {
            let key: VerifyingKey = text.parse().unwrap();
            assert_eq!((key.to_string().as_str(), key.kind()), (text, kind));
        }
    }

    #[test]
    fn refuses_what_is_no_key_and_says_why() {
        let parse = |text: &str| text.parse::<VerifyingKey>().unwrap_err();
        assert!(matches!(parse("game.example"), KeyError::Form { .. }));
        assert_eq!(parse(&VKEY.replace("game.", "game ")), KeyError::Name);
        assert_eq!(parse(&VKEY.replace("b7e99c16", "B7E99C16")), KeyError::Hash);
        assert_eq!(parse(VKEY.trim_end_matches('R')), KeyError::Base64);
        assert_eq!(parse(&VKEY.replace("+AY", "+AoY")), KeyError::Base64);
        assert_eq!(parse(&VKEY.replace("+AYM", "+CYM")), KeyError::Kind(0x09));
        assert!(matches!(parse(&VKEY.replace("economy", "econony")), KeyError::Id { .. }));
    }

    /// A point of small order verifies signatures that nobody made.
    #[test]
    fn refuses_a_key_that_anybody_can_sign_for() {
        let mut identity = [0; 32];
        identity[0] = 1;
        assert_eq!(VerifyingKey::new("a", KeyKind::Ed25519, &identity), Err(KeyError::Point));
    }
}
