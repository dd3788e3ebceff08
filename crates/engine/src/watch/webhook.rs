//! Alerts by HTTP: what Slack's incoming webhooks accept, and any program can read.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::CertificateDer;
use serde_json::{Value, json};
use ureq::Agent;
use ureq::http::Uri;
use ureq::tls::{Certificate, RootCerts, TlsConfig, TlsProvider};

use super::alert::{Alert, Channel, Failure};
use super::config::{self, ConfigError};
use super::secret::Secret;
use super::tls::machine_roots;

/// An address that alerts are posted to. It holds a token, and shows itself nowhere.
pub struct Webhook {
    address: Secret,
    agent: Agent,
    attempts: u32,
}

impl fmt::Debug for Webhook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Webhook").field("attempts", &self.attempts).finish_non_exhaustive()
    }
}

impl Webhook {
    /// A webhook at this address. `roots` are trusted beside those of the machine.
    ///
    /// # Errors
    /// Where the address is none, or neither https nor on this machine, or a number is out of its bounds.
    pub fn new(
        address: Secret,
        config: &config::Webhook,
        roots: &[CertificateDer<'static>],
    ) -> Result<Self, ConfigError> {
        config.check()?;
        let wrong = |why: &str| ConfigError::of("webhook.url", why);
        let uri: Uri = address.reveal().parse().map_err(|_| wrong("it is no address"))?;
        let host = uri.host().ok_or_else(|| wrong("it names no host"))?;
        let here = is_this_machine(host);
        match uri.scheme_str() {
            Some("https") => {}
            Some("http") if here => {}
            _ => return Err(wrong("it is https://…, or http:// on this machine alone")),
        }
        let agent = agent(Duration::from_secs(config.timeout_seconds), roots, here);
        Ok(Self { address, agent, attempts: config.attempts })
    }

    fn post(&self, body: &str) -> Result<(), Failure> {
        let request = self.agent.post(self.address.reveal()).header("Content-Type", "application/json");
        match request.send(body).map(|answer| answer.status()) {
            Ok(status) if status.is_success() => Ok(()),
            Ok(status) if status.is_server_error() || matches!(status.as_u16(), 408 | 425 | 429) => {
                Err(Failure::Passing(format!("it answered {}", status.as_u16())))
            }
            Ok(status) => Err(Failure::Final(format!("it answered {}", status.as_u16()))),
            Err(error) => Err(Failure::Passing(in_short(&error).to_owned())),
        }
    }
}

impl Channel for Webhook {
    fn name(&self) -> &str {
        "webhook"
    }

    fn attempts(&self) -> u32 {
        self.attempts
    }

    fn send(&self, alert: &Alert) -> Result<(), Failure> {
        self.post(&payload(alert).to_string())
    }
}

fn is_this_machine(host: &str) -> bool {
    let host = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

fn agent(timeout: Duration, roots: &[CertificateDer<'static>], here: bool) -> Agent {
    let machine = if here { Vec::new() } else { machine_roots() };
    let trusted = machine.iter().chain(roots).map(|root| Certificate::from_der(root).to_owned());
    let tls = TlsConfig::builder()
        .provider(TlsProvider::Rustls)
        .root_certs(RootCerts::from(trusted))
        .unversioned_rustls_crypto_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .build();
    // A redirect would carry the alert, and perhaps the token, to where nobody sent it.
    let config = Agent::config_builder()
        .tls_config(tls)
        .timeout_global(Some(timeout))
        .max_redirects(0)
        .max_redirects_will_error(false)
        .http_status_as_error(false);
    let config = if here { config.proxy(None) } else { config };
    config.build().new_agent()
}

/// The kind of an error: its own text may hold the address.
const fn in_short(error: &ureq::Error) -> &'static str {
    match error {
        ureq::Error::Timeout(_) => "it took too long",
        ureq::Error::HostNotFound => "its host is not found",
        ureq::Error::Io(_) | ureq::Error::ConnectionFailed => "the connection failed",
        ureq::Error::Rustls(_) | ureq::Error::Tls(_) => "its certificate is not trusted",
        _ => "its answer cannot be read",
    }
}

/// `text` for people, `metadata` for programs: Slack's own place for it
/// (<https://docs.slack.dev/messaging/message-metadata>), whose values are texts, numbers and booleans.
#[must_use]
pub fn payload(alert: &Alert) -> Value {
    json!({
        "text": escaped(&alert.text()),
        "metadata": {
            "event_type": "countersign_alert",
            "event_payload": {
                "cause": alert.cause.code(),
                "key": alert.key,
                "ledger": alert.ledger,
                "summary": alert.summary,
                "detail": alert.detail.join("\n"),
                "at": alert.at.to_string(),
                "recovered": alert.recovered,
            },
        },
    })
}

/// As Slack wants text, so that nothing in it calls people or becomes a link
/// (<https://docs.slack.dev/messaging/formatting-message-text#escaping>).
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::watch::alert::Cause;
    use countersign_core::timestamp::Timestamp;

    #[test]
    fn text_for_people_and_values_for_programs() {
        let alert = Alert::new(Cause::Finding, "shop", Timestamp::from_millis(0), "<!channel> & more");
        let payload = payload(&alert);
        assert_eq!(payload["text"], "[countersign shop] FINDING: &lt;!channel&gt; &amp; more");
        assert_eq!(payload["metadata"]["event_payload"]["summary"], "<!channel> & more");
        assert_eq!(payload["metadata"]["event_payload"]["at"], "1970-01-01T00:00:00.000Z");
    }

    #[test]
    fn an_address_that_would_show_its_token_is_refused_without_showing_it() {
        for address in ["http://hooks.example/T0KEN", "T0KEN", "ftp://127.0.0.1/T0KEN", "https:///T0KEN"] {
            let secret = Secret::new(address.to_owned());
            let error = Webhook::new(secret, &config::Webhook::default(), &[]).unwrap_err();
            assert!(!error.to_string().contains("T0KEN") && !format!("{error:?}").contains("T0KEN"), "{error}");
        }
    }
}
