//! What an operator decides of the server.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::limits::Limits;
use crate::token::{Keyring, Token};

/// The port that is listened on where none is named.
pub const PORT: u16 = 8787;

/// What an operator decides of the server. Everything has a default, which is the careful one, and an unknown
/// key is an error.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Where it listens; this machine alone, unless another address is named.
    pub listen: SocketAddr,
    /// Whether a second server may listen on the same port, to take over from this one. Unix only.
    pub reuse_port: bool,
    /// Whether it writes. It needs an engine.
    pub writable: bool,
    /// Names of this server, beside addresses and `localhost`, that a request may ask for in `Host`; `*` for any. A page
    /// from elsewhere, whose own name was made to point here, asks for that name.
    pub hosts: Vec<String>,
    /// Whether everybody may read, without personal data and without a token.
    pub public_reads: bool,
    /// The built dashboard, served at `/`.
    pub page: Option<PathBuf>,
    /// Further folders of files, served to everybody.
    pub folders: Vec<Folder>,
    /// Who may do what.
    pub tokens: Vec<Token>,
    /// Whether the log shows clients' addresses, which are personal data.
    pub log_client_address: bool,
    /// What a caller may stretch.
    pub limits: Limits,
}

/// A folder of files.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Folder {
    /// The first part of its files' paths, such as `demo`.
    pub at: String,
    /// Where it is.
    pub path: PathBuf,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            listen: (Ipv4Addr::LOCALHOST, PORT).into(),
            reuse_port: false,
            writable: false,
            hosts: Vec::new(),
            public_reads: false,
            page: None,
            folders: Vec::new(),
            tokens: Vec::new(),
            log_client_address: false,
            limits: Limits::default(),
        }
    }
}

impl Config {
    /// The first rule that it breaks.
    ///
    /// # Errors
    /// What is wrong, in words.
    pub fn check(&self) -> Result<(), String> {
        self.limits.check()?;
        Keyring::new(self.tokens.clone())?;
        if self.reuse_port && cfg!(not(unix)) {
            return Err("reuse_port: this system has no such thing".to_owned());
        }
        for folder in &self.folders {
            let well_named =
                !folder.at.is_empty() && folder.at.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
            if !well_named || folder.at == "api" {
                return Err(format!("folders: {:?} is not one part of a path of A-Z a-z 0-9 - _", folder.at));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_is_this_machine_and_read_only() {
        let config: Config = serde_json::from_str("{}").unwrap();
        assert_eq!(config, Config::default());
        assert!(config.listen.ip().is_loopback() && !config.writable && !config.public_reads && !config.reuse_port);
        assert!(config.tokens.is_empty());
        config.check().unwrap();
    }

    #[test]
    fn unknown_keys_and_limits_that_let_nothing_through_are_refused() {
        for text in [r#"{"writeable":true}"#, r#"{"limits":{"bodies":1}}"#, r#"{"tokens":[{"name":"a"}]}"#] {
            assert!(serde_json::from_str::<Config>(text).is_err(), "{text}");
        }
        let config: Config = serde_json::from_str(r#"{"limits":{"connections":0}}"#).unwrap();
        assert!(config.check().unwrap_err().contains("limits.connections"));
    }

    #[test]
    fn folders_hide_nothing_of_the_interface() {
        let folder = |at: &str| Config {
            folders: vec![Folder { at: at.to_owned(), path: PathBuf::new() }],
            ..Config::default()
        };
        folder("demo").check().unwrap();
        for at in ["", "api", "a/b", "..", "a b"] {
            assert!(folder(at).check().is_err(), "{at}");
        }
    }
}
