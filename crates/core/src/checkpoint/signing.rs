//! Signing keys, and their text form: that of Go's `sumdb/note`, `PRIVATE+KEY+name+hash+base64`.

use std::fmt;
use std::str::FromStr;

use base64::{Engine, engine::general_purpose::STANDARD};
use ed25519_dalek::{Signer as _, SigningKey as Secret};
use zeroize::Zeroizing;

use super::key::{KeyError, KeyKind, VerifyingKey, check_id, id_text, kind_and_key, parts};

const PREFIX: &str = "PRIVATE+KEY+";

/// A secret key with its name. Its bytes are overwritten when it is dropped, and it is never shown but
/// by [`SigningKey::secret_text`].
#[derive(Clone)]
pub struct SigningKey {
    secret: Secret,
    public: VerifyingKey,
}

impl SigningKey {
    /// The key of a seed, 32 secret random bytes.
    ///
    /// # Errors
    /// A name off its rule.
    pub fn from_seed(name: &str, seed: [u8; 32], kind: KeyKind) -> Result<Self, KeyError> {
        let seed = Zeroizing::new(seed);
        let secret = Secret::from_bytes(&seed);
        let public = VerifyingKey::new(name, kind, secret.verifying_key().as_bytes())?;
        Ok(Self { secret, public })
    }

    /// Its public half.
    #[must_use]
    pub fn verifying_key(&self) -> VerifyingKey {
        self.public.clone()
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        self.public.name()
    }

    /// What it signs.
    #[must_use]
    pub const fn kind(&self) -> KeyKind {
        self.public.kind()
    }

    /// The text to keep in a file that nobody else reads.
    #[must_use]
    pub fn secret_text(&self) -> Zeroizing<String> {
        let mut bytes = Zeroizing::new([self.kind() as u8; 33]);
        bytes[1..].copy_from_slice(self.secret.as_bytes());
        let encoded = Zeroizing::new(STANDARD.encode(*bytes));
        Zeroizing::new(format!("{PREFIX}{}+{}+{}", self.name(), id_text(self.public.id()), *encoded))
    }

    pub(super) fn sign(&self, message: &[u8]) -> [u8; 64] {
        self.secret.sign(message).to_bytes()
    }
}

impl FromStr for SigningKey {
    type Err = KeyError;

    fn from_str(text: &str) -> Result<Self, KeyError> {
        const FORM: &str = "PRIVATE+KEY+name+hash+base64";
        let text = text.strip_prefix(PREFIX).ok_or(KeyError::Form { expected: FORM })?;
        let (name, hash, encoded) = parts(text, FORM)?;
        let bytes = Zeroizing::new(STANDARD.decode(encoded).map_err(|_| KeyError::Base64)?);
        let (kind, seed) = kind_and_key(&bytes)?;
        let key = Self::from_seed(name, *seed, kind)?;
        check_id(&key.public, hash).map(|()| key)
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SigningKey of {}", self.public)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_secret_is_never_shown_by_accident() {
        let key = SigningKey::from_seed("game.example", [7; 32], KeyKind::Ed25519).unwrap();
        let secret = key.secret_text();
        let encoded = secret.splitn(5, '+').nth(4).unwrap();
        assert!(!format!("{key:?}").contains(encoded));
        let damaged = secret.replacen("game", "fame", 1).parse::<SigningKey>().unwrap_err();
        assert!(!format!("{damaged} {damaged:?}").contains(encoded));
    }

    proptest! {
        #[test]
        fn reads_what_it_writes(seed: [u8; 32], cosigns: bool) {
            let kind = if cosigns { KeyKind::CosignatureV1 } else { KeyKind::Ed25519 };
            let key = SigningKey::from_seed("game.example/economy", seed, kind).unwrap();
            let again: SigningKey = key.secret_text().parse().unwrap();
            prop_assert_eq!(again.verifying_key(), key.verifying_key());
            let text = key.verifying_key().to_string();
            prop_assert_eq!(text.parse::<VerifyingKey>().unwrap(), key.verifying_key());
        }
    }
}
