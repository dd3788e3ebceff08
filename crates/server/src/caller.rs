//! Whether a request may do what it asks for.

use hyper::HeaderMap;
use hyper::header::{AUTHORIZATION, HeaderValue, WWW_AUTHENTICATE};

use crate::limits::MAX_AUTHORIZATION;
use crate::problem::Problem;
use crate::token::{Keyring, Role};

/// Whom a resource answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Access {
    /// Anybody.
    Everybody,
    /// Who has this role; and to read, anybody where the operator says so.
    Role(Role),
}

/// Who asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Caller {
    /// Somebody without a token.
    Anonymous,
    /// The holder of a token.
    Holder { name: String, role: Role },
}

impl Caller {
    /// The caller of a request for something with this access, which he may have or not: see [`Caller::hold_to`].
    ///
    /// Whether a token was missing or wrong is not told, nor whether a wrong one would have been enough.
    pub(crate) fn of(
        headers: &HeaderMap,
        keyring: &Keyring,
        access: Access,
        public_reads: bool,
    ) -> Result<Self, Problem> {
        let Access::Role(needed) = access else { return Ok(Self::Anonymous) };
        if public_reads && needed == Role::Auditor && !headers.contains_key(AUTHORIZATION) {
            return Ok(Self::Anonymous);
        }
        let token = bearer(headers).and_then(|secret| keyring.find(secret)).ok_or_else(unauthenticated)?;
        Ok(Self::Holder { name: token.name.clone(), role: token.role })
    }

    /// Refuses the holder of a token that is not enough.
    pub(crate) fn hold_to(&self, access: Access) -> Result<(), Problem> {
        match (self, access) {
            (Self::Holder { role, .. }, Access::Role(needed)) if *role < needed => {
                let why = format_args!("the token has the role {role}, and {needed} is needed");
                Err(Problem::new("FORBIDDEN", why))
            }
            _ => Ok(()),
        }
    }

    /// The token's name.
    pub(crate) fn name(&self) -> Option<&str> {
        match self {
            Self::Anonymous => None,
            Self::Holder { name, .. } => Some(name),
        }
    }

    /// Personal data is for the holders of tokens.
    pub(crate) const fn sees_personal_data(&self) -> bool {
        matches!(self, Self::Holder { .. })
    }

    pub(crate) fn has(&self, needed: Role) -> bool {
        matches!(self, Self::Holder { role, .. } if *role >= needed)
    }
}

/// RFC 6750 section 2.1; none where there is no text in it, or more than one.
fn bearer(headers: &HeaderMap) -> Option<&[u8]> {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let (Some(value), None) = (values.next(), values.next()) else { return None };
    let value = value.as_bytes();
    let (scheme, secret) = value.split_at_checked(b"Bearer ".len())?;
    if !scheme.eq_ignore_ascii_case(b"Bearer ") || value.len() > MAX_AUTHORIZATION {
        return None;
    }
    Some(secret.trim_ascii()).filter(|secret| !secret.is_empty())
}

pub(crate) fn unauthenticated() -> Problem {
    let challenge = HeaderValue::from_static("Bearer realm=\"countersign\"");
    Problem::new("UNAUTHENTICATED", "a valid token is needed: Authorization: Bearer …")
        .header(WWW_AUTHENTICATE, challenge)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::token::Token;

    fn keyring() -> (String, Keyring) {
        let (secret, sha256) = Token::generate().unwrap();
        let token = Token { name: "desk".to_owned(), role: Role::Operator, sha256 };
        (secret, Keyring::new(vec![token]).unwrap())
    }

    fn with(values: &[String]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(AUTHORIZATION, value.parse().unwrap());
        }
        headers
    }

    #[test]
    fn roles_are_held_to() {
        let (secret, keyring) = keyring();
        let headers = with(&[format!("Bearer {secret}")]);
        let ask = |role| Caller::of(&headers, &keyring, Access::Role(role), false).unwrap();
        assert_eq!(ask(Role::Admin).name(), Some("desk"), "whoever is refused is known by name");
        assert!(ask(Role::Operator).has(Role::Operator));
        let held = |role| ask(role).hold_to(Access::Role(role)).map_err(|refused| refused.code);
        assert_eq!([Role::Auditor, Role::Operator, Role::Admin].map(held), [Ok(()), Ok(()), Err("FORBIDDEN")]);
    }

    #[test]
    fn missing_wrong_and_doubled_tokens_are_refused_alike() {
        let (secret, keyring) = keyring();
        let good = format!("Bearer {secret}");
        let wrong = [
            vec![],
            vec![String::new()],
            vec![secret.clone()],
            vec![format!("Basic {secret}")],
            vec![format!("Bearer {}x", secret)],
            vec!["Bearer ".to_owned()],
            vec!["Bearer \t ".to_owned()],
            vec![good.clone(), good],
            vec![format!("Bearer {}{secret}", " ".repeat(600))],
        ];
        for headers in wrong {
            for role in [Role::Auditor, Role::Admin] {
                let refused = Caller::of(&with(&headers), &keyring, Access::Role(role), false).unwrap_err();
                assert_eq!(format!("{refused:?}"), format!("{:?}", unauthenticated()), "{headers:?}");
            }
            let none = |secret: &[u8]| secret != b"" && keyring.find(secret).is_none();
            assert!(bearer(&with(&headers)).is_none_or(none), "no text is no secret: {headers:?}");
        }
        for scheme in ["bearer", "BEARER"] {
            let headers = with(&[format!("{scheme} {secret}")]);
            assert!(Caller::of(&headers, &keyring, Access::Role(Role::Auditor), false).is_ok());
        }
    }

    #[test]
    fn public_reads_let_nobody_write_and_take_no_wrong_token() {
        let (_, keyring) = keyring();
        let ask = |headers: &[String], role| Caller::of(&with(headers), &keyring, Access::Role(role), true);
        let anonymous = ask(&[], Role::Auditor).unwrap();
        assert!(anonymous == Caller::Anonymous && !anonymous.sees_personal_data());
        assert_eq!(ask(&[], Role::Operator).unwrap_err().code, "UNAUTHENTICATED");
        assert_eq!(ask(&["Bearer x".to_owned()], Role::Auditor).unwrap_err().code, "UNAUTHENTICATED");
    }
}
