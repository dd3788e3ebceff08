//! What an operator sets. A flag beats the environment, the environment beats the file.

use std::fs::File;
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};

use clap::Args;
use clap::builder::NonEmptyStringValueParser;
use countersign_core::taxes::Taxes;
use serde::Deserialize;

use super::Failure;

/// The file that is read where none is named.
const USUAL_FILE: &str = "countersign.toml";
/// Longest file of settings, in bytes.
const MAX_FILE: u64 = 1 << 20;

/// Where settings come from, and the one that every command of a ledger needs.
#[derive(Args, Clone)]
pub(super) struct Source {
    /// Where the ledger is kept: a path of SQLite's, or postgres://…
    #[arg(long, value_name = "URL", env = "COUNTERSIGN_DB", hide_env_values = true)]
    #[arg(value_parser = NonEmptyStringValueParser::new())]
    db: Option<String>,
    /// The ledger's name, where a database holds several, or only this one will do
    #[arg(long, value_name = "NAME", env = "COUNTERSIGN_LEDGER")]
    ledger: Option<String>,
    /// A TOML file of settings [default: countersign.toml, where it is there]
    #[arg(long, value_name = "FILE", env = "COUNTERSIGN_CONFIG")]
    config: Option<PathBuf>,
}

impl std::fmt::Debug for Source {
    /// Without the address: a password may stand in it.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Source").field("ledger", &self.ledger).field("config", &self.config).finish_non_exhaustive()
    }
}

/// What the file may say; an unknown key is an error.
#[derive(Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Settings {
    /// Where the ledger is kept.
    pub(super) db: Option<String>,
    /// Its name, where a database holds several, or only this one will do.
    pub(super) ledger: Option<String>,
    /// Who orders what needs somebody who ordered it.
    pub(super) operator: Option<String>,
    /// The file of the key that signs checkpoints.
    pub(super) key: Option<PathBuf>,
    /// The file of the key that cosigns them, with the time.
    pub(super) cosigner: Option<PathBuf>,
    /// Policy, shield, retries.
    pub(super) engine: countersign_engine::Config,
    /// Where the server listens, whom it lets in.
    pub(super) server: countersign_server::Config,
    /// When the watch audits, whom it tells.
    pub(super) watch: countersign_engine::watch::Config,
    /// The watch's own directory.
    pub(super) watch_folder: Option<PathBuf>,
    /// A replica, which the watch audits in the ledger's stead.
    pub(super) replica: Option<String>,
    /// Verifying keys, which the watch, and nothing else, holds checkpoints against.
    pub(super) verifying_keys: Vec<String>,
}

impl Settings {
    /// What the ledger's own taxes are, where they are not the format's table.
    pub(super) fn own_taxes(&self) -> Option<Taxes> {
        Some(&self.engine.policy.taxes).filter(|taxes| !taxes.is_empty()).cloned()
    }
}

impl Source {
    /// The name that a flag or the environment gives, which only this ledger has.
    pub(super) fn named(&self) -> Option<&str> {
        self.ledger.as_deref()
    }

    /// The settings, the flag's and the environment's over the file's.
    pub(super) fn settings(&self) -> Result<Settings, Failure> {
        let mut settings = match &self.config {
            Some(path) => read(path, true)?,
            None => read(Path::new(USUAL_FILE), false)?,
        };
        settings.engine.check().map_err(|why| Failure::new("[engine]", why))?;
        settings.watch.check().map_err(|why| Failure::new("[watch]", why))?;
        settings.db = self.db.clone().or(settings.db);
        settings.ledger = self.ledger.clone().or(settings.ledger);
        Ok(settings)
    }
}

fn read(path: &Path, must_be_there: bool) -> Result<Settings, Failure> {
    let text = match text(path) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound && !must_be_there => return Ok(Settings::default()),
        Err(error) => return Err(Failure::new(path.display(), error)),
    };
    parse(&text).map_err(|why| Failure::new(path.display(), why))
}

fn text(path: &Path) -> std::io::Result<String> {
    let mut text = String::new();
    // Of a device or a pipe nobody knows the length before its end.
    File::open(path)?.take(MAX_FILE + 1).read_to_string(&mut text)?;
    if text.len() as u64 > MAX_FILE {
        return Err(std::io::Error::new(ErrorKind::FileTooLarge, format!("longer than {MAX_FILE} bytes")));
    }
    Ok(text)
}

fn parse(text: &str) -> Result<Settings, String> {
    toml::from_str(text).map_err(|error| {
        let line = error.span().map(|span| text[..span.start].matches('\n').count() + 1);
        let place = line.map_or(String::new(), |line| format!("line {line}: "));
        format!("{place}{}", discreet(error.message()))
    })
}

/// A message without the value that it is about: it may be a secret that somebody put in the wrong place.
fn discreet(message: &str) -> String {
    if let Some((kind, rest)) = message.split_once(" `").filter(|(kind, _)| *kind == "unknown variant") {
        return format!(
            "{kind}, expected {}",
            rest.rsplit_once(", expected ").map_or("another", |(_, expected)| expected)
        );
    }
    for kind in ["invalid type: ", "invalid value: "] {
        if let Some(rest) = message.strip_prefix(kind) {
            let found = rest.split([' ', ',']).next().unwrap_or_default();
            let expected = rest.rsplit_once(", expected ").map_or("something else", |(_, expected)| expected);
            return format!("{kind}{found}, expected {expected}");
        }
    }
    message.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_key_is_an_error_that_says_where() {
        let refused = parse("db = \"a\"\n\n[engine.shield.rate]\nrequest = 5\n").err().unwrap();
        assert!(refused.starts_with("line 4: unknown field `request`, expected"), "{refused}");
        let refused = parse("database = \"a\"\n").err().unwrap();
        assert!(refused.starts_with("line 1: unknown field `database`"), "{refused}");
    }

    #[test]
    fn no_message_repeats_a_value() {
        for text in [
            "[[server.tokens]]\nrole = 'countersign_12345678, expected `12345678`'",
            "db = 12345678",
            "db = ['hunter2-12345678']",
            "operator = 'ok'\nkey = [[12345678]]",
            "db = '12345678",
        ] {
            let refused = parse(text).err().unwrap();
            assert!(!refused.contains("12345678"), "{refused}");
        }
        let refused = parse("[[server.tokens]]\nrole = 'countersign_12345678'").err().unwrap();
        assert_eq!(refused, "line 2: unknown variant, expected one of `auditor`, `operator`, `admin`");
    }

    /// The example of docs/settings.md.
    fn documented() -> String {
        let page = include_str!("../../../../docs/settings.md");
        let (_, rest) = page.split_once("```toml\n").unwrap();
        rest.split_once("```").unwrap().0.to_owned()
    }

    #[test]
    fn the_page_of_settings_shows_every_key_with_its_default() {
        let Settings { engine, server, watch, .. } = parse(&documented()).ok().unwrap();
        assert_eq!((&engine, &server, &watch), (&Default::default(), &Default::default(), &Default::default()));
        let shown: toml::Table = documented().parse().unwrap();
        let tables = [
            ("engine", toml::Table::try_from(engine).unwrap()),
            ("server", toml::Table::try_from(server).unwrap()),
            ("watch", toml::Table::try_from(watch).unwrap()),
        ];
        for (name, table) in tables {
            assert_eq!(shown[name].as_table().unwrap(), &table, "[{name}]");
        }
    }

    #[test]
    fn what_stands_there_is_taken() {
        let settings =
            parse("db = 'x.db'\noperator = 'desk-1'\n[engine.policy]\ncurrencies = ['EURO']\n").ok().unwrap();
        assert_eq!((settings.db.as_deref(), settings.operator.as_deref()), (Some("x.db"), Some("desk-1")));
        assert_eq!(settings.engine.policy.currencies, ["EURO".to_owned()].into());
    }
}
