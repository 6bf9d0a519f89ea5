//! Trusted certificates, and the translation of transport errors.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use rustls_native_certs::load_native_certs;
use ureq::tls::{Certificate, PemItem, RootCerts, TlsConfig, parse_pem};

use crate::http::HttpError;
use crate::system::disk::DiskError;
use crate::system::sanitize::error_words;
use crate::system::{disk, env};

/// The variable with the path of a file of additional authorities, in PEM.
pub const CA_FILE: &str = "DOCKER_CREDENTIAL_PAT_CA_FILE";

/// The size of the largest such file, in bytes. The file of an entire system has 0.3 MiB.
const MAX_CA_BYTES: u64 = 4 * 1024 * 1024;

/// The beginning of the standard library's message for a name that cannot be looked up.
const UNKNOWN_NAME: &str = "failed to lookup address information";

/// Trusts the authorities of the system and those of [`CA_FILE`].
pub(super) fn config() -> Result<TlsConfig, HttpError> {
    let mut authorities = additional_authorities()?;
    // Unreadable certificates are skipped: servers that only they vouch for are refused.
    let system_certificates = load_native_certs().certs;
    authorities
        .extend(system_certificates.iter().map(|certificate| Certificate::from_der(certificate).to_owned()));
    if authorities.is_empty() {
        return Err(HttpError::NoAuthorities);
    }
    Ok(TlsConfig::builder()
        .root_certs(RootCerts::from(authorities))
        .unversioned_rustls_crypto_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .build())
}

/// Reads the certificates of [`CA_FILE`].
fn additional_authorities() -> Result<Vec<Certificate<'static>>, HttpError> {
    let Some(path) = env::path(CA_FILE) else { return Ok(Vec::new()) };
    let unfit = |why: &str| HttpError::CaFile { path: path.clone(), why: why.to_owned() };
    let pem = match disk::read(&path, MAX_CA_BYTES) {
        Ok(Some((pem, _))) => pem,
        Ok(None) => return Err(unfit("there is nothing: no such file")),
        Err(DiskError::TooLarge { .. }) => return Err(unfit("there is too much")),
        Err(_) => return Err(unfit("nothing can be read")),
    };
    let mut certificates = Vec::new();
    for item in parse_pem(&pem) {
        match item {
            Ok(PemItem::Certificate(certificate)) => certificates.push(certificate),
            Ok(_) => {}
            Err(_) => return Err(unfit("something is not PEM")),
        }
    }
    if certificates.is_empty() { Err(unfit("there is no certificate")) } else { Ok(certificates) }
}

/// Translates a transport error. The texts of the library could quote a request or an answer.
pub(super) fn to_http_error(error: ureq::Error, at: &str, patience: Duration) -> HttpError {
    let at = at.to_owned();
    match error {
        ureq::Error::Timeout(ureq::Timeout::Resolve | ureq::Timeout::Connect) => {
            HttpError::Slow { at, patience: super::CONNECT_PATIENCE }
        }
        ureq::Error::Timeout(_) => HttpError::Slow { at, patience },
        ureq::Error::HostNotFound => HttpError::Unreachable { at, why: "there is no such host".to_owned() },
        ureq::Error::ConnectionFailed => HttpError::Unreachable { at, why: "it does not answer".to_owned() },
        ureq::Error::ConnectProxyFailed(_) | ureq::Error::InvalidProxyUrl => {
            HttpError::Proxy { at, why: "it refuses".to_owned() }
        }
        ureq::Error::LargeResponseHeader(..) | ureq::Error::BodyExceedsLimit(_) => HttpError::TooLarge { at },
        ureq::Error::Rustls(error) => from_tls_error(&error, at),
        ureq::Error::Io(error) => from_io_error(&error, at),
        _ => HttpError::Broken { at },
    }
}

fn from_io_error(error: &io::Error, at: String) -> HttpError {
    if let Some(error) = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
        return from_tls_error(error, at);
    }
    match error.kind() {
        io::ErrorKind::ConnectionRefused
        | io::ErrorKind::NetworkUnreachable
        | io::ErrorKind::HostUnreachable => HttpError::Unreachable { at, why: error_words(error) },
        // `ErrorKind` has no kind for a failed lookup.
        _ if error.to_string().starts_with(UNKNOWN_NAME) => {
            HttpError::Unreachable { at, why: "its name cannot be looked up".to_owned() }
        }
        _ => HttpError::Broken { at },
    }
}

fn from_tls_error(error: &rustls::Error, at: String) -> HttpError {
    match error {
        rustls::Error::InvalidCertificate(why) => HttpError::Untrusted { at, why: why.to_string() },
        _ => HttpError::Broken { at },
    }
}
