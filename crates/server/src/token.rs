//! Bearer tokens: who may do what. Kept as SHA-256, compared in constant time.

use std::fmt;

use countersign_core::grammar;
use countersign_core::hash::Hash;
use countersign_engine::shield::OPERATOR;
use countersign_engine::watch;
use serde::{Deserialize, Serialize};
use subtle::{Choice, ConditionallySelectable, ConstantTimeEq};

use crate::limits::MAX_TOKEN_NAME;

/// What a token lets its holder do; each role does what the ones before it do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Reads.
    Auditor,
    /// Orders transactions, REWARD, WORK and SALARY from SYSTEM among them, which make money.
    Operator,
    /// Opens accounts, mints and burns, freezes, withdraws, erases, halts.
    Admin,
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Auditor => "auditor",
            Self::Operator => "operator",
            Self::Admin => "admin",
        })
    }
}

/// A token as a configuration has it: never the secret, only its hash.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Token {
    /// Who holds it: the `operator_id` of what is ordered with it, where the type has one. Idempotency keys are this
    /// name's, so a secret that replaces another keeps it.
    pub name: String,
    /// What it lets its holder do.
    pub role: Role,
    /// SHA-256 of the secret text, 64 hex.
    pub sha256: Hash,
}

/// What every secret starts with, so that a scanner finds one where it must not stand.
const PREFIX: &str = "countersign_";

impl Token {
    /// A new secret, 256 random bits, and the hash to keep of it.
    ///
    /// # Errors
    /// Where the system gives no randomness.
    pub fn generate() -> Result<(String, Hash), getrandom::Error> {
        let mut bytes = [0; 32];
        getrandom::fill(&mut bytes)?;
        let secret = format!("{PREFIX}{}", Hash(bytes));
        let hash = Hash::of(secret.as_bytes());
        Ok((secret, hash))
    }

    /// Refuses a name that no entry could show.
    ///
    /// # Errors
    /// What is wrong, in words.
    pub fn check(&self) -> Result<(), String> {
        let name = &self.name;
        let reserved = [grammar::SYSTEM, grammar::TREASURY, OPERATOR, watch::NAME].contains(&name.as_str());
        if grammar::is_id(name) && name.len() <= MAX_TOKEN_NAME && !reserved {
            return Ok(());
        }
        Err(format!("the token name {name:?} is reserved, or not 1 to {MAX_TOKEN_NAME} of A-Z a-z 0-9 . _ : -"))
    }
}

/// All tokens of a server.
#[derive(Debug)]
pub(crate) struct Keyring(Vec<Token>);

impl Keyring {
    /// Refuses names that no entry could show, a secret that stands twice, and a hash that was taken of nothing. A
    /// name may stand several times with one role: while its secret is replaced, the old one and the new one open.
    pub(crate) fn new(tokens: Vec<Token>) -> Result<Self, String> {
        for (i, token) in tokens.iter().enumerate() {
            token.check()?;
            let name = &token.name;
            if token.sha256 == Hash::of(b"") {
                return Err(format!("the token {name:?} has the hash of an empty text, which is no secret"));
            }
            if tokens[..i].iter().any(|other| other.name == *name && other.role != token.role) {
                return Err(format!("the token {name:?} stands twice, with two roles"));
            }
            if tokens[..i].iter().any(|other| other.sha256 == token.sha256) {
                return Err(format!("the token {name:?} has a secret that stands twice"));
            }
        }
        Ok(Self(tokens))
    }

    /// The token of a secret. Takes as long whichever it is, and where it is none.
    pub(crate) fn find(&self, secret: &[u8]) -> Option<&Token> {
        let presented = Hash::of(secret).0;
        let (mut place, mut found) = (0_u64, Choice::from(0));
        for (i, token) in (0_u64..).zip(&self.0) {
            let same = token.sha256.0.ct_eq(&presented);
            place.conditional_assign(&i, same);
            found |= same;
        }
        if bool::from(found) { self.0.get(usize::try_from(place).ok()?) } else { None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token(name: &str, role: Role) -> (String, Token) {
        let (secret, sha256) = Token::generate().unwrap();
        (secret, Token { name: name.to_owned(), role, sha256 })
    }

    #[test]
    fn each_secret_opens_its_own_token_and_no_other_text_opens_one() {
        let made: Vec<_> = [("a", Role::Auditor), ("b", Role::Operator), ("c", Role::Admin)]
            .into_iter()
            .map(|(name, role)| token(name, role))
            .collect();
        let keyring = Keyring::new(made.iter().map(|(_, token)| token.clone()).collect()).unwrap();
        for (secret, token) in &made {
            assert_eq!(keyring.find(secret.as_bytes()), Some(token));
            assert_eq!(keyring.find(&secret.as_bytes()[1..]), None);
            assert_eq!(keyring.find(token.sha256.to_string().as_bytes()), None, "the hash is not the secret");
        }
        assert_eq!(keyring.find(b""), None);
        assert_eq!(Keyring::new(Vec::new()).unwrap().find(b"x"), None);
    }

    #[test]
    fn secrets_differ_and_are_told_from_other_text() {
        let ((one, _), (other, _)) = (token("a", Role::Admin), token("a", Role::Admin));
        assert_ne!(one, other);
        assert!(one.starts_with(PREFIX) && one.len() == PREFIX.len() + 64);
    }

    #[test]
    fn while_a_secret_is_replaced_both_open() {
        let ((old, one), (new, other)) = (token("desk", Role::Operator), token("desk", Role::Operator));
        let keyring = Keyring::new(vec![one.clone(), other.clone()]).unwrap();
        assert_eq!(keyring.find(old.as_bytes()), Some(&one));
        assert_eq!(keyring.find(new.as_bytes()), Some(&other));
        assert!(Keyring::new(vec![one, Token { role: Role::Admin, ..other }]).unwrap_err().contains("two roles"));
    }

    #[test]
    fn names_are_those_of_operators_and_secrets_stand_once() {
        let (_, good) = token("desk-1", Role::Admin);
        let (_, other) = token("desk-2", Role::Admin);
        assert!(Keyring::new(vec![good.clone(), other.clone()]).is_ok());
        assert!(Keyring::new(vec![good.clone(), good.clone()]).is_err());
        assert!(Keyring::new(vec![good.clone(), Token { sha256: good.sha256, ..other }]).is_err());
        for name in ["", "SYSTEM", "TREASURY", "shield", "watch", "a b", "a/b", &"x".repeat(64)] {
            let named = Token { name: name.to_owned(), ..good.clone() };
            assert!(Keyring::new(vec![named]).is_err(), "{name}");
        }
    }

    /// As a script makes it whose variable was not set.
    #[test]
    fn the_hash_of_nothing_is_refused() {
        let (_, good) = token("desk-1", Role::Admin);
        let refused = Keyring::new(vec![Token { sha256: Hash::of(b""), ..good }]).unwrap_err();
        assert!(refused.contains("desk-1") && refused.contains("empty"), "{refused}");
    }

    #[test]
    fn roles_grow() {
        assert!(Role::Auditor < Role::Operator && Role::Operator < Role::Admin);
    }
}
