//! Alerts by e-mail.

use std::collections::BTreeSet;
use std::fmt;
use std::path::Path;
use std::time::Duration;

use lettre::message::Mailbox;
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, Tls, TlsParameters};
use lettre::transport::smtp::{self, SmtpTransportBuilder};
use lettre::{Message, SmtpTransport, Transport};
use rustls::pki_types::CertificateDer;

use super::alert::{Alert, Channel, Failure};
use super::config::{self, ConfigError, StartTls};
use super::secret;

/// A mail server that takes alerts for one recipient: an address that it refuses keeps no mail from the others.
pub struct Mail {
    name: String,
    transport: SmtpTransport,
    from: Mailbox,
    to: Mailbox,
    attempts: u32,
}

/// The name by which what waited was kept when one mail went to everybody.
const FORMER_NAME: &str = "mail server";

impl fmt::Debug for Mail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Mail").field("from", &self.from).field("to", &self.to).finish_non_exhaustive()
    }
}

impl Mail {
    /// The server of a configuration, once for each recipient. `roots` are trusted beside those of the machine.
    ///
    /// # Errors
    /// Where an address is none, the password cannot be read, or a number is out of its bounds.
    pub fn to_each(config: &config::Mail, roots: &[CertificateDer<'static>]) -> Result<Vec<Self>, ConfigError> {
        config.check()?;
        let from = mailbox("mail.from", &config.from)?;
        let mut builder = SmtpTransport::builder_dangerous(&config.host)
            .port(config.port)
            .tls(tls(config, roots)?)
            .timeout(Some(Duration::from_secs(config.timeout_seconds)));
        if let Some(path) = &config.password_file {
            builder = logged_in(builder, &config.user, path)?;
        }
        let transport = builder.build();
        let (mut known, mut mails) = (BTreeSet::new(), Vec::new());
        for address in &config.to {
            let to = mailbox("mail.to", address)?;
            if known.insert(to.email.to_string()) {
                let name = format!("{FORMER_NAME} for {}", to.email);
                let (transport, from) = (transport.clone(), from.clone());
                mails.push(Self { name, transport, from, to, attempts: config.attempts });
            }
        }
        Ok(mails)
    }

    fn message(&self, alert: &Alert) -> Result<Message, Failure> {
        let message = Message::builder().from(self.from.clone()).to(self.to.clone()).subject(alert.subject());
        let body = format!("{}\n\nat {}\n", alert.text(), alert.at);
        message.body(body).map_err(|_| Failure::Final("the message cannot be written".to_owned()))
    }

    fn post(&self, message: &Message) -> Result<(), Failure> {
        self.transport.send(message).map(|_| ()).map_err(|error| {
            let why = in_short(&error);
            if error.is_permanent() { Failure::Final(why) } else { Failure::Passing(why) }
        })
    }
}

impl Channel for Mail {
    fn name(&self) -> &str {
        &self.name
    }

    fn former_name(&self) -> Option<&str> {
        Some(FORMER_NAME)
    }

    fn attempts(&self) -> u32 {
        self.attempts
    }

    fn send(&self, alert: &Alert) -> Result<(), Failure> {
        self.post(&self.message(alert)?)
    }
}

fn mailbox(key: &'static str, address: &str) -> Result<Mailbox, ConfigError> {
    address.parse().map_err(|_| ConfigError::of(key, format!("{address:?} is no mail address")))
}

fn logged_in(builder: SmtpTransportBuilder, user: &str, path: &Path) -> Result<SmtpTransportBuilder, ConfigError> {
    let password = secret::from_file(path).map_err(|why| ConfigError::of("mail.password_file", why))?;
    Ok(builder.credentials(Credentials::new(user.to_owned(), password.reveal().to_owned())))
}

fn tls(config: &config::Mail, roots: &[CertificateDer<'static>]) -> Result<Tls, ConfigError> {
    if config.starttls == StartTls::None {
        return Ok(Tls::None);
    }
    let mut parameters = TlsParameters::builder(config.host.clone());
    let wrong = |_| ConfigError::of("tls_root", "a certificate in it is none");
    for root in roots {
        parameters = parameters.add_root_certificate(Certificate::from_der(root.to_vec()).map_err(wrong)?);
    }
    let no_tls = |_| ConfigError::of("mail.host", "no TLS connection to it can be set up");
    let parameters = parameters.build_rustls().map_err(no_tls)?;
    Ok(match config.starttls {
        StartTls::Wrapped => Tls::Wrapper(parameters),
        _ => Tls::Required(parameters),
    })
}

/// The kind of an error. What a server answered is not repeated: it may repeat what it was told.
fn in_short(error: &smtp::Error) -> String {
    if let Some(code) = error.status() {
        return format!("it answered {code}");
    }
    let kind = match () {
        () if error.is_timeout() => "it took too long",
        () if error.is_tls() => "its certificate is not trusted",
        () if error.is_client() => "it does not offer what is asked of it: STARTTLS, or a way to log in",
        () if error.is_response() => "its answer cannot be read",
        () => "the connection failed",
    };
    kind.to_owned()
}
