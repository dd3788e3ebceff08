//! What an operator decides: the ledger's policy, the shield's limits, how often to try again.

use countersign_core::settle::Policy;
use serde::{Deserialize, Serialize};

use crate::shield;

/// What an operator decides. Everything has a default, and an unknown key is an error.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Currencies, rates, bounds of amounts.
    pub policy: Policy,
    /// What stands before the ledger.
    pub shield: shield::Limits,
    /// How often a batch is tried again.
    pub retry: Retry,
    /// A checkpoint is signed once so many entries are beyond the last one; 0: never for their number.
    pub checkpoint_every_entries: u64,
    /// A checkpoint is signed once the last one is so old, where there are entries beyond it; 0: never for
    /// its age.
    pub checkpoint_every_seconds: u64,
    /// Answers to idempotency keys are forgotten after so many days; 0: never. A key that was forgotten
    /// pays again. Days count from the ledger's last entry at the start, or by the clock where that is behind.
    pub forget_answers_after_days: u32,
}

/// How often a batch is tried again that met another writer or a busy database. The pause doubles from try
/// to try, and a random part of up to its own length is added, so that two writers do not meet again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Retry {
    /// Tries in all, the first among them; at least 1.
    pub attempts: u32,
    /// The first pause, in milliseconds.
    pub pause_ms: u64,
    /// The longest pause before its random part, in milliseconds.
    pub longest_pause_ms: u64,
}

/// Most tries that may be configured.
pub const MAX_ATTEMPTS: u32 = 1_000;
/// Longest pause between tries that may be configured, in milliseconds.
pub const MAX_PAUSE_MS: u64 = 60_000;

impl Default for Retry {
    /// 12 tries; pauses from 2 ms to 250 ms: a second or two in all.
    fn default() -> Self {
        Self { attempts: 12, pause_ms: 2, longest_pause_ms: 250 }
    }
}

impl Config {
    /// The first rule that it breaks.
    ///
    /// # Errors
    /// What is wrong, in words.
    pub fn check(&self) -> Result<(), String> {
        self.policy.check()?;
        self.shield.check()?;
        if !(1..=MAX_ATTEMPTS).contains(&self.retry.attempts) {
            return Err(format!("retry.attempts is not 1 to {MAX_ATTEMPTS}"));
        }
        if self.retry.pause_ms.max(self.retry.longest_pause_ms) > MAX_PAUSE_MS {
            return Err(format!("retry: a pause is at most {MAX_PAUSE_MS} ms"));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_are_the_requirements_own() {
        let config: Config = serde_json::from_str("{}").unwrap();
        assert_eq!(config, Config::default());
        config.check().unwrap();
        assert_eq!((config.shield.rate.requests, config.shield.rate.seconds), (10, 300));
        assert_eq!((config.shield.velocity.transactions, config.shield.velocity.seconds), (20, 3600));
    }

    #[test]
    fn an_unknown_key_is_an_error() {
        let error = serde_json::from_str::<Config>(r#"{"shield":{"velocity":{"transaction":5}}}"#).unwrap_err();
        assert!(error.to_string().contains("transaction"), "{error}");
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        let mut config = Config::default();
        config.retry.attempts = 0;
        assert!(config.check().unwrap_err().contains("retry.attempts"));
        config = Config::default();
        config.shield.rate.seconds = 0;
        assert!(config.check().unwrap_err().contains("rate"));
        config = Config::default();
        config.shield.payload.max_bytes = 1023;
        assert!(config.check().unwrap_err().contains("max_bytes"));
    }
}
