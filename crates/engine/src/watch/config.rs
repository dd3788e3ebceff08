//! What an operator decides about the watch.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::schedule::{Schedule, ScheduleError};
use super::secret::{self, Secret};

/// What an operator decides about the watch. Everything has a default, and an unknown key is an error.
///
/// ```toml
/// cron = "0 3 * * *"
/// entries_per_second = 20000
/// [webhook]
/// url_file = "/run/secrets/webhook"
/// [mail]
/// host = "smtp.example.org"
/// from = "ledger@example.org"
/// to = ["auditor@example.org"]
/// user = "ledger"
/// password_file = "/run/secrets/smtp"
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// When an audit is due: minute, hour, day of the month, month, day of the week.
    pub cron: String,
    /// The zone in which `cron` and `full_on` are read, by its name in the IANA database.
    pub time_zone: String,
    /// The day of the week on which the audit is a full one. It is one as well where the last lies a week back.
    pub full_on: String,
    /// At most so many entries are read a second; 0: no limit.
    pub entries_per_second: u64,
    /// An audit that starts so much later than it was due, in seconds, counts as missed.
    pub late_after_seconds: u64,
    /// Results are kept for so many days, at least [`MIN_KEEP_DAYS`].
    pub keep_results_days: u32,
    /// What is alerted of, and how often.
    pub alerts: Alerts,
    /// Where alerts are posted to.
    pub webhook: Webhook,
    /// Where alerts are mailed to; not at all where `host` is empty.
    pub mail: Mail,
    /// A file of certificates (PEM) that are trusted beside those of the machine, by webhook and mail.
    pub tls_root: Option<PathBuf>,
}

/// Longest time that one try to deliver an alert may take, in seconds.
pub const MAX_TIMEOUT_SECONDS: u64 = 300;
/// Most tries to deliver an alert.
pub const MAX_ATTEMPTS: u32 = 20;

/// Least days that results are kept.
pub const MIN_KEEP_DAYS: u32 = 7;

/// What is alerted of, and how often.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Alerts {
    /// The same cause is alerted of at most once in so many seconds.
    pub again_after_seconds: u64,
    /// An audit of fewer than `slow_below_entries` is slow where it takes longer than this, in seconds.
    pub slow_after_seconds: u64,
    /// Audits of as many entries or more are not called slow.
    pub slow_below_entries: u64,
    /// Alert where more than so many of a hundred commits met another writer.
    pub conflict_percent: u32,
    /// That is judged once there were so many commits, those that met another writer among them.
    pub conflict_of_commits: u64,
}

/// Where alerts are posted to: JSON that Slack's incoming webhooks accept. The first that is given of the
/// environment variable, the file and the address counts; where none is, nothing is posted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Webhook {
    /// Name of the environment variable that holds the address.
    pub url_env: String,
    /// A file that holds it.
    pub url_file: Option<PathBuf>,
    /// The address itself. It holds a token: better one of the two above.
    #[serde(skip_serializing)]
    pub url: Option<Secret>,
    /// How long one try may take, in seconds, up to [`MAX_TIMEOUT_SECONDS`].
    pub timeout_seconds: u64,
    /// How many tries, the first among them, up to [`MAX_ATTEMPTS`]. The pause before the second is a second, and doubles.
    /// What none of them delivered is tried once more every minute.
    pub attempts: u32,
}

/// Where alerts are mailed to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Mail {
    /// The mail server.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// Whom it is from.
    pub from: String,
    /// Whom it is to: a mail each.
    pub to: Vec<String>,
    /// Who logs in; nobody where it is empty.
    pub user: String,
    /// The file that holds the password.
    pub password_file: Option<PathBuf>,
    /// How the connection is protected.
    pub starttls: StartTls,
    /// How long the server may take to answer, in seconds, up to [`MAX_TIMEOUT_SECONDS`].
    pub timeout_seconds: u64,
    /// How many tries, as for the webhook.
    pub attempts: u32,
}

/// How a connection to a mail server is protected.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum StartTls {
    /// By STARTTLS; where the server has none, no mail is sent.
    #[default]
    Required,
    /// From the first byte, as on port 465.
    Wrapped,
    /// Not at all: for a relay on this machine. No password is sent over it.
    None,
}

impl Default for Config {
    /// At 03:00 UTC daily, in full on Sundays, unthrottled, results kept for 35 days, no channel.
    fn default() -> Self {
        Self {
            cron: "0 3 * * *".to_owned(),
            time_zone: "UTC".to_owned(),
            full_on: "sunday".to_owned(),
            entries_per_second: 0,
            late_after_seconds: 900,
            keep_results_days: 35,
            alerts: Alerts::default(),
            webhook: Webhook::default(),
            mail: Mail::default(),
            tls_root: None,
        }
    }
}

impl Default for Alerts {
    /// Once in six hours; slow is 30 s for fewer than 100,000 entries; half of 1,000 commits in conflict.
    fn default() -> Self {
        Self {
            again_after_seconds: 6 * 3600,
            slow_after_seconds: 30,
            slow_below_entries: 100_000,
            conflict_percent: 50,
            conflict_of_commits: 1_000,
        }
    }
}

impl Default for Webhook {
    /// From `COUNTERSIGN_WEBHOOK_URL`; five tries of ten seconds.
    fn default() -> Self {
        Self {
            url_env: "COUNTERSIGN_WEBHOOK_URL".to_owned(),
            url_file: None,
            url: None,
            timeout_seconds: 10,
            attempts: 5,
        }
    }
}

impl Default for Mail {
    /// None; port 587, STARTTLS required, three tries of thirty seconds.
    fn default() -> Self {
        Self {
            host: String::new(),
            port: 587,
            from: String::new(),
            to: Vec::new(),
            user: String::new(),
            password_file: None,
            starttls: StartTls::Required,
            timeout_seconds: 30,
            attempts: 3,
        }
    }
}

/// Why a configuration makes no sense. No secret is in it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// Of the schedule.
    #[error(transparent)]
    Schedule(#[from] ScheduleError),
    /// Of anything else.
    #[error("{key}: {why}")]
    Value {
        /// Which key.
        key: &'static str,
        /// What is wrong.
        why: String,
    },
}

impl ConfigError {
    pub(super) fn of(key: &'static str, why: impl Into<String>) -> Self {
        Self::Value { key, why: why.into() }
    }
}

impl Config {
    /// When audits are due.
    ///
    /// # Errors
    /// What of the expression, the zone or the day cannot be read.
    pub fn schedule(&self) -> Result<Schedule, ScheduleError> {
        Schedule::new(&self.cron, &self.time_zone, &self.full_on)
    }

    /// The first rule that it breaks.
    ///
    /// # Errors
    /// Which key, and what is wrong with it.
    pub fn check(&self) -> Result<(), ConfigError> {
        self.schedule()?;
        if self.keep_results_days < MIN_KEEP_DAYS {
            let why = format!("results are kept for {MIN_KEEP_DAYS} days at least");
            return Err(ConfigError::of("keep_results_days", why));
        }
        if self.alerts.conflict_percent > 100 {
            return Err(ConfigError::of("alerts.conflict_percent", "it is a share of 100"));
        }
        self.webhook.check()?;
        self.mail.check()
    }
}

/// Whether a number is one that makes sense: from 1 on.
fn bounded(key: &'static str, number: u64, most: u64) -> Result<(), ConfigError> {
    if (1..=most).contains(&number) {
        Ok(())
    } else {
        Err(ConfigError::of(key, format!("from 1 to {most}, not {number}")))
    }
}

impl Webhook {
    pub(super) fn check(&self) -> Result<(), ConfigError> {
        bounded("webhook.timeout_seconds", self.timeout_seconds, MAX_TIMEOUT_SECONDS)?;
        bounded("webhook.attempts", self.attempts.into(), MAX_ATTEMPTS.into())
    }

    /// The address to post to; `None` where none is given. `environment` looks a variable up.
    ///
    /// # Errors
    /// Where the file cannot be read.
    pub fn address(&self, environment: &dyn Fn(&str) -> Option<String>) -> Result<Option<Secret>, ConfigError> {
        if let Some(url) = environment(&self.url_env).filter(|url| !url.is_empty()) {
            return Ok(Some(Secret::new(url)));
        }
        match &self.url_file {
            Some(path) => secret::from_file(path).map(Some).map_err(|why| ConfigError::of("webhook.url_file", why)),
            None => Ok(self.url.clone()),
        }
    }
}

impl Mail {
    /// Whether mail is sent at all.
    #[must_use]
    pub const fn is_on(&self) -> bool {
        !self.host.is_empty()
    }

    pub(super) fn check(&self) -> Result<(), ConfigError> {
        bounded("mail.timeout_seconds", self.timeout_seconds, MAX_TIMEOUT_SECONDS)?;
        bounded("mail.attempts", self.attempts.into(), MAX_ATTEMPTS.into())?;
        if self.is_on() && self.to.is_empty() {
            return Err(ConfigError::of("mail.to", "mail to nobody"));
        }
        if self.starttls == StartTls::None && self.password_file.is_some() {
            return Err(ConfigError::of("mail.starttls", "a password is not sent over an open connection"));
        }
        if self.user.is_empty() != self.password_file.is_none() {
            return Err(ConfigError::of("mail.user", "user and password_file go together"));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_make_sense_and_unknown_keys_do_not() {
        assert_eq!(serde_json::from_str::<Config>("{}").unwrap(), Config::default());
        Config::default().check().unwrap();
        let error = serde_json::from_str::<Config>(r#"{"mail":{"hosts":"a"}}"#).unwrap_err();
        assert!(error.to_string().contains("hosts"), "{error}");
    }

    #[test]
    fn the_environment_comes_before_the_file_and_the_file_before_the_text() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("url");
        std::fs::write(&path, "https://file.example/T0KEN\n").unwrap();
        let mut webhook = Webhook { url: Some(Secret::new("https://text.example/".to_owned())), ..Webhook::default() };
        let address = |webhook: &Webhook, variable: Option<&str>| {
            let environment = |name: &str| (name == "COUNTERSIGN_WEBHOOK_URL").then_some(variable?.to_owned());
            webhook.address(&environment).map(|url| url.unwrap().reveal().to_owned())
        };
        assert_eq!(address(&webhook, None).unwrap(), "https://text.example/");
        webhook.url_file = Some(path);
        assert_eq!(address(&webhook, None).unwrap(), "https://file.example/T0KEN");
        assert_eq!(address(&webhook, Some("https://env.example/")).unwrap(), "https://env.example/");
        webhook.url_file = Some(folder.path().join("none"));
        assert!(address(&webhook, None).unwrap_err().to_string().starts_with("webhook.url_file"));
    }

    #[test]
    fn no_secret_shows_itself() {
        let text = r#"{"webhook":{"url":"https://hooks.example/T0KEN"}}"#;
        let config: Config = serde_json::from_str(text).unwrap();
        assert!(!format!("{config:?}").contains("T0KEN"));
        assert!(!serde_json::to_string(&config).unwrap().contains("T0KEN"));
    }

    #[test]
    fn a_password_goes_over_no_open_connection() {
        let mail = Mail {
            host: "relay".to_owned(),
            to: vec!["a@example.org".to_owned()],
            user: "a".to_owned(),
            password_file: Some("p".into()),
            starttls: StartTls::None,
            ..Mail::default()
        };
        assert!(Config { mail, ..Config::default() }.check().unwrap_err().to_string().contains("open connection"));
    }
    #[test]
    fn no_time_or_number_is_beyond_what_makes_sense() {
        for (text, key) in [
            (r#"{"webhook":{"timeout_seconds":9223372036854775807}}"#, "webhook.timeout_seconds"),
            (r#"{"webhook":{"timeout_seconds":0}}"#, "webhook.timeout_seconds"),
            (r#"{"webhook":{"attempts":4294967295}}"#, "webhook.attempts"),
            (r#"{"mail":{"timeout_seconds":301}}"#, "mail.timeout_seconds"),
            (r#"{"mail":{"attempts":0}}"#, "mail.attempts"),
        ] {
            let error = serde_json::from_str::<Config>(text).unwrap().check().unwrap_err().to_string();
            assert!(error.starts_with(&format!("{key}: from 1 to ")), "{text}: {error}");
        }
    }
}
