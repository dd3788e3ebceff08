//! The address of a database: what of it goes to the client, and how the connection is protected.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use percent_encoding::percent_decode_str;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};
use tokio_postgres::Config;
use tokio_postgres::config::SslMode;
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::error::StoreError;

/// How long a server may take to answer a new connection, where the address does not say.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// How long a network may keep silent about what was sent, where the address does not say.
const SILENCE: Duration = Duration::from_secs(30);
/// When a connection on which nothing is said is asked whether it is still there, how often, and how many times it may
/// fail to answer: a machine that is gone is known within half a minute.
const KEEPALIVE_AFTER: Duration = Duration::from_secs(15);
const KEEPALIVE_EVERY: Duration = Duration::from_secs(5);
const KEEPALIVE_TIMES: u32 = 3;
const SHAPE: &str = "the address of a PostgreSQL database is \
    postgres://user:password@host:port/database, with ?sslmode=disable, prefer, require, verify-ca or verify-full, \
    &sslrootcert=FILE, and what else tokio-postgres knows";

/// Reads an address. Nothing of it is said in an error: wherever it is misread, there may be a password.
///
/// `sslmode`: `disable`; `prefer`, the default, encrypts where the server can, for whoever that is; all others
/// encrypt and hold the server's certificate to its name and to `sslrootcert`, or to the certificates that the
/// system trusts. That is more than libpq's `require` asks for, and what its manual advises.
pub(super) fn read(url: &str) -> Result<(Config, MakeRustlsConnect), StoreError> {
    let (rest, own) = Own::take(url)?;
    let mut config: Config = rest.parse().map_err(|_| unreadable())?;
    config.ssl_mode(own.mode);
    if config.get_connect_timeout().is_none() {
        config.connect_timeout(CONNECT_TIMEOUT);
    }
    if config.get_tcp_user_timeout().is_none() {
        config.tcp_user_timeout(SILENCE);
    }
    // Of an address that says nothing the client makes two hours.
    if !url.contains("keepalives_idle") {
        config.keepalives_idle(KEEPALIVE_AFTER);
    }
    if config.get_keepalives_interval().is_none() {
        config.keepalives_interval(KEEPALIVE_EVERY);
    }
    if config.get_keepalives_retries().is_none() {
        config.keepalives_retries(KEEPALIVE_TIMES);
    }
    if config.get_application_name().is_none() {
        config.application_name("countersign");
    }
    Ok((config, own.tls()?))
}

fn unreadable() -> StoreError {
    StoreError::Refused { why: SHAPE.to_owned() }
}

/// What is read here, since the client does not know it.
struct Own {
    mode: SslMode,
    root: Option<PathBuf>,
}

impl Own {
    /// Takes `sslmode` and `sslrootcert` out of an address.
    fn take(url: &str) -> Result<(String, Self), StoreError> {
        let (base, query) = url.split_once('?').unwrap_or((url, ""));
        let (mut own, mut rest) = (Self { mode: SslMode::Prefer, root: None }, Vec::new());
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            match pair.split_once('=') {
                Some(("sslmode", mode)) => own.mode = mode_of(mode)?,
                Some(("sslrootcert", file)) => {
                    let file = percent_decode_str(file).decode_utf8().map_err(|_| unreadable())?;
                    own.root = Some(file.as_ref().into());
                }
                _ => rest.push(pair),
            }
        }
        Ok((format!("{base}?{}", rest.join("&")), own))
    }

    fn tls(self) -> Result<MakeRustlsConnect, StoreError> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder = ClientConfig::builder_with_provider(provider.clone()).with_safe_default_protocol_versions();
        let builder = builder.map_err(|error| StoreError::Other(error.to_string()))?;
        let config = if self.mode == SslMode::Require {
            builder.with_root_certificates(self.roots()?).with_no_client_auth()
        } else {
            let anybody = Arc::new(Anybody(provider));
            builder.dangerous().with_custom_certificate_verifier(anybody).with_no_client_auth()
        };
        Ok(MakeRustlsConnect::new(config))
    }

    fn roots(self) -> Result<RootCertStore, StoreError> {
        let mut roots = RootCertStore::empty();
        let Some(file) = self.root else {
            roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
            return Ok(roots);
        };
        let refused = |why: String| StoreError::Refused { why: format!("sslrootcert {}: {why}", file.display()) };
        for certificate in CertificateDer::pem_file_iter(&file).map_err(|error| refused(error.to_string()))? {
            let certificate = certificate.map_err(|error| refused(error.to_string()))?;
            roots.add(certificate).map_err(|error| refused(error.to_string()))?;
        }
        if roots.is_empty() { Err(refused("there is no certificate in it".to_owned())) } else { Ok(roots) }
    }
}

fn mode_of(text: &str) -> Result<SslMode, StoreError> {
    match text {
        "disable" => Ok(SslMode::Disable),
        "allow" | "prefer" => Ok(SslMode::Prefer),
        "require" | "verify-ca" | "verify-full" => Ok(SslMode::Require),
        _ => Err(unreadable()),
    }
}

/// Takes any certificate: `prefer` keeps out who only listens. Who can stand in between could as well have
/// said that the server does not encrypt.
#[derive(Debug)]
struct Anybody(Arc<CryptoProvider>);

impl ServerCertVerifier for Anybody {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, certificate, signature, &self.0.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, certificate, signature, &self.0.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_modes_of_libpq_are_known() {
        for (text, mode) in [
            ("", SslMode::Prefer),
            ("?sslmode=disable", SslMode::Disable),
            ("?sslmode=require", SslMode::Require),
            ("?application_name=x&sslmode=verify-full", SslMode::Require),
        ] {
            let (config, _) = read(&format!("postgres://u:p@h/d{text}")).unwrap();
            assert_eq!(config.get_ssl_mode(), mode, "{text}");
            assert_eq!((config.get_user(), config.get_dbname()), (Some("u"), Some("d")));
        }
    }

    #[test]
    fn a_silent_network_is_known_in_time_unless_the_address_says_otherwise() {
        let (config, _) = read("postgres://u:p@h/d").unwrap();
        assert_eq!(config.get_keepalives_idle(), KEEPALIVE_AFTER);
        assert_eq!(config.get_keepalives_interval(), Some(KEEPALIVE_EVERY));
        assert_eq!(config.get_keepalives_retries(), Some(KEEPALIVE_TIMES));
        let own = "postgres://u:p@h/d?keepalives_idle=7200&keepalives_interval=75&keepalives_retries=9";
        let (config, _) = read(own).unwrap();
        assert_eq!(config.get_keepalives_idle(), Duration::from_secs(7200));
        assert_eq!(config.get_keepalives_interval(), Some(Duration::from_secs(75)));
        assert_eq!(config.get_keepalives_retries(), Some(9));
    }

    #[test]
    fn no_error_says_anything_of_the_address() {
        for bad in [
            "postgres://u:p@h:sec-ret/d",
            "postgres://u:p@h/d?sslmode=secret",
            "postgres://u:p@h/d?connect_timeout=secret",
            "postgres://se%ffcret:p@h/d",
        ] {
            let error = read(bad).map(drop).expect_err(bad);
            assert!(matches!(&error, StoreError::Refused { .. }), "{bad}");
            assert!(!error.to_string().contains("sec"), "{error}");
        }
        let missing =
            read("postgres://u:secret@h/d?sslmode=require&sslrootcert=/nowhere/ca.pem").map(drop).unwrap_err();
        assert!(missing.to_string().contains("/nowhere/ca.pem") && !missing.to_string().contains("secret"));
    }
}
