//! Alerts by e-mail.

use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use lettre::message::Mailbox;
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, Tls, TlsParameters};
use lettre::transport::smtp::{self, SmtpTransportBuilder};
use lettre::{Message, SmtpTransport, Transport};
use rustls::pki_types::CertificateDer;

use super::alert::{Alert, Channel, Failure, Undelivered, persist};
use super::clock::Clock;
use super::config::{self, ConfigError, StartTls};
use super::secret;

/// A mail server that takes alerts.
pub struct Mail {
    transport: SmtpTransport,
    from: Mailbox,
    to: Vec<Mailbox>,
    attempts: u32,
    clock: Arc<dyn Clock>,
}

impl fmt::Debug for Mail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Mail").field("from", &self.from).field("to", &self.to).finish_non_exhaustive()
    }
}

impl Mail {
    /// The server of a configuration. `roots` are trusted beside those of the machine.
    ///
    /// # Errors
    /// Where an address is none, or the password cannot be read.
    pub fn new(
        config: &config::Mail,
        roots: &[CertificateDer<'static>],
        clock: Arc<dyn Clock>,
    ) -> Result<Self, ConfigError> {
        let from = mailbox("mail.from", &config.from)?;
        let to = config.to.iter().map(|address| mailbox("mail.to", address)).collect::<Result<_, _>>()?;
        let mut builder = SmtpTransport::builder_dangerous(&config.host)
            .port(config.port)
            .tls(tls(config, roots)?)
            .timeout(Some(Duration::from_secs(config.timeout_seconds.max(1))));
        if let Some(path) = &config.password_file {
            builder = logged_in(builder, &config.user, path)?;
        }
        Ok(Self { transport: builder.build(), from, to, attempts: config.attempts.max(1), clock })
    }

    fn message(&self, alert: &Alert) -> Result<Message, Failure> {
        let mut message = Message::builder().from(self.from.clone()).subject(alert.subject());
        for to in &self.to {
            message = message.to(to.clone());
        }
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
    fn name(&self) -> &'static str {
        "mail server"
    }

    fn send(&self, alert: &Alert) -> Result<(), Undelivered> {
        let message = self.message(alert);
        persist(self.name(), self.attempts, &self.clock, || match &message {
            Ok(message) => self.post(message),
            Err(_) => Err(Failure::Final("the message cannot be written".to_owned())),
        })
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
