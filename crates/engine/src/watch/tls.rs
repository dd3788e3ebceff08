//! Which certificates webhook and mail trust: those of the machine, and those of one file beside them.

use std::path::Path;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, pem};

use super::config::ConfigError;

/// The certificates of a file of PEM; none where there is no file.
///
/// # Errors
/// Where the file cannot be read or holds none.
pub(super) fn own_roots(path: Option<&Path>) -> Result<Vec<CertificateDer<'static>>, ConfigError> {
    let Some(path) = path else { return Ok(Vec::new()) };
    let wrong = |why: String| ConfigError::of("tls_root", format!("{}: {why}", path.display()));
    let bytes = std::fs::read(path).map_err(|e| wrong(e.kind().to_string()))?;
    let roots: Result<Vec<_>, pem::Error> = CertificateDer::pem_slice_iter(&bytes).collect();
    match roots {
        Ok(roots) if roots.is_empty() => Err(wrong("it holds no certificate".to_owned())),
        Ok(roots) => Ok(roots),
        Err(_) => Err(wrong("it is not PEM".to_owned())),
    }
}

/// The certificates that this machine trusts. One that cannot be read is left out, and said.
pub(super) fn machine_roots() -> Vec<CertificateDer<'static>> {
    let found = rustls_native_certs::load_native_certs();
    for error in &found.errors {
        log::warn!("a certificate of this machine cannot be read: {error}");
    }
    found.certs
}
