//! Addresses on the network to which a secret may be sent.

use std::fmt;
use std::net::IpAddr;

use thiserror::Error;
use ureq::http::Uri;
use ureq::http::uri::Authority;

use crate::model::hint::Hint;

/// The longest accepted address, in bytes.
const MAX_BYTES: usize = 4096;

/// The hosts to which a secret may go without encryption.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PlainHttp {
    /// This machine only.
    Loopback,
    /// Any host, after a person has allowed it.
    Anywhere,
}

/// An `https` address, or an allowed `http` address, without a user name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint(Uri);

/// An address to which nothing is sent.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum EndpointError {
    #[error("{0:?} is not an address such as https://registry.example.com")]
    NotAnAddress(String),
    /// A user name or password in an address would be shown and logged.
    #[error("the address of {0} has a user name in it")]
    HasUser(String),
    #[error("{0} is neither https nor http")]
    Scheme(String),
    #[error("{0} is not encrypted")]
    Plain(String),
}

impl Hint for EndpointError {
    fn hint(&self) -> Option<String> {
        Some(match self {
            Self::NotAnAddress(_) | Self::HasUser(_) | Self::Scheme(_) => {
                "give scheme, host and port: https://registry.example.com:5000".to_owned()
            }
            Self::Plain(_) => "use https; a secret goes over plain http within this machine only".to_owned(),
        })
    }
}

impl Endpoint {
    /// Parses an address (<https://www.rfc-editor.org/rfc/rfc3986>). A fragment is ignored.
    pub fn parse(text: &str, plain: PlainHttp) -> Result<Self, EndpointError> {
        let not_an_address = || EndpointError::NotAnAddress(text.chars().take(200).collect());
        if text.len() > MAX_BYTES {
            return Err(not_an_address());
        }
        let uri: Uri = text.parse().map_err(|_| not_an_address())?;
        let authority = uri.authority().ok_or_else(not_an_address)?;
        if authority.as_str().contains('@') {
            return Err(EndpointError::HasUser(authority.host().to_owned()));
        }
        if !is_whole_authority(authority) {
            return Err(not_an_address());
        }
        let endpoint = Self(uri);
        match endpoint.0.scheme_str() {
            Some("https") => Ok(endpoint),
            Some("http") if plain == PlainHttp::Anywhere || endpoint.is_loopback() => Ok(endpoint),
            Some("http") => Err(EndpointError::Plain(endpoint.to_string())),
            None => Err(not_an_address()),
            _ => Err(EndpointError::Scheme(endpoint.to_string())),
        }
    }

    /// Replaces path and query.
    pub fn with_path(&self, path_and_query: &str) -> Result<Self, EndpointError> {
        let not_an_address = || EndpointError::NotAnAddress(path_and_query.chars().take(200).collect());
        let mut parts = self.0.clone().into_parts();
        if !path_and_query.starts_with('/') || path_and_query.len() > MAX_BYTES {
            return Err(not_an_address());
        }
        parts.path_and_query = Some(path_and_query.parse().map_err(|_| not_an_address())?);
        Uri::from_parts(parts).map(Self).map_err(|_| not_an_address())
    }

    /// Returns the host; an IPv6 address is in brackets.
    pub fn host(&self) -> &str {
        self.0.host().unwrap_or_default()
    }

    pub fn path_and_query(&self) -> &str {
        self.0.path_and_query().map_or("/", |path| path.as_str())
    }

    /// True when scheme, host and port are the same, so that one may get the secrets of the other.
    pub fn is_same_origin(&self, other: &Self) -> bool {
        self.0.scheme() == other.0.scheme()
            && self.host().eq_ignore_ascii_case(other.host())
            && self.port() == other.port()
    }

    /// True when an address has the same scheme, host and port; false for a text that is not an address.
    pub fn is_at(&self, address: &str) -> bool {
        Self::parse(address, PlainHttp::Loopback).is_ok_and(|other| self.is_same_origin(&other))
    }

    /// True for an address on this machine: 127.0.0.0/8, `[::1]`, `localhost` and names below it
    /// (<https://www.rfc-editor.org/rfc/rfc6761#section-6.3>).
    pub fn is_loopback(&self) -> bool {
        is_loopback_name(self.host()) || self.ip().is_some_and(|ip| ip.is_loopback())
    }

    /// True when the host is an IP address in any spelling, and not a name.
    pub fn has_numeric_host(&self) -> bool {
        self.ip().is_some() || self.looks_like_a_number()
    }

    pub fn is_encrypted(&self) -> bool {
        self.0.scheme_str() == Some("https")
    }

    pub(super) fn uri(&self) -> &Uri {
        &self.0
    }

    pub(super) fn port(&self) -> u16 {
        self.0.port_u16().unwrap_or(if self.is_encrypted() { 443 } else { 80 })
    }

    fn ip(&self) -> Option<IpAddr> {
        self.host().trim_start_matches('[').trim_end_matches(']').parse().ok()
    }

    /// Systems resolve `2130706433`, `0x7f.1` and the like as addresses. No name ends in such a label:
    /// <https://url.spec.whatwg.org/#ends-in-a-number-checker>.
    fn looks_like_a_number(&self) -> bool {
        let last = self.host().trim_end_matches('.').rsplit('.').next().unwrap_or_default();
        let hexadecimal = last.strip_prefix("0x").or(last.strip_prefix("0X"));
        (!last.is_empty() && last.bytes().all(|byte| byte.is_ascii_digit()))
            || hexadecimal.is_some_and(|rest| rest.bytes().all(|byte| byte.is_ascii_hexdigit()))
    }
}

/// True for `localhost` and the names below it (<https://www.rfc-editor.org/rfc/rfc6761#section-6.3>).
pub(super) fn is_loopback_name(host: &str) -> bool {
    let host = host.strip_suffix('.').unwrap_or(host).to_ascii_lowercase();
    host == "localhost" || host.ends_with(".localhost")
}

/// True when there is a host, and a port that is a number if there is one at all. The parser of the library accepts
/// other ports, and a connection would go to the usual port.
pub(super) fn is_whole_authority(authority: &Authority) -> bool {
    let host = authority.host();
    !host.is_empty() && (authority.as_str() == host || authority.port_u16().is_some())
}

impl fmt::Display for Endpoint {
    /// Writes scheme, host and port. Path and query are omitted: they may hold a secret.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = self.0.scheme_str().unwrap_or_default();
        write!(out, "{scheme}://{}", self.0.authority().map_or("", |authority| authority.as_str()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_http_is_accepted_on_this_machine_only() {
        for (text, want) in [
            ("https://registry.example.com/v2/", Ok("https://registry.example.com")),
            ("https://10.0.0.1:5000", Ok("https://10.0.0.1:5000")),
            ("http://localhost:5000/x?y", Ok("http://localhost:5000")),
            ("http://127.8.9.1", Ok("http://127.8.9.1")),
            ("http://[::1]:1", Ok("http://[::1]:1")),
            ("http://a.localhost", Ok("http://a.localhost")),
            ("http://localhost.example.com", Err("http://localhost.example.com is not encrypted")),
            ("http://0x7f.1", Err("http://0x7f.1 is not encrypted")),
            ("ftp://localhost", Err("ftp://localhost is neither https nor http")),
            ("https://alice:pw@example.com", Err("the address of example.com has a user name in it")),
            ("/v2/", Err("\"/v2/\" is not an address such as https://registry.example.com")),
            ("http://a.LOCALHOST.:1", Ok("http://a.LOCALHOST.:1")),
            ("http://notlocalhost", Err("http://notlocalhost is not encrypted")),
            (
                "https://example.com:",
                Err("\"https://example.com:\" is not an address such as https://registry.example.com"),
            ),
            (
                "https://example.com:99999",
                Err("\"https://example.com:99999\" is not an address such as https://registry.example.com"),
            ),
            ("https://", Err("\"https://\" is not an address such as https://registry.example.com")),
            ("https://a b", Err("\"https://a b\" is not an address such as https://registry.example.com")),
        ] {
            let endpoint = Endpoint::parse(text, PlainHttp::Loopback).map(|endpoint| endpoint.to_string());
            assert_eq!(
                endpoint.map_err(|error| error.to_string()),
                want.map(str::to_owned).map_err(str::to_owned)
            );
        }
        assert!(Endpoint::parse("http://registry.example.com", PlainHttp::Anywhere).is_ok());
        assert!(Endpoint::parse(&format!("https://{}", "a".repeat(5000)), PlainHttp::Loopback).is_err());
    }

    #[test]
    fn a_host_that_is_an_ip_address_is_recognized() {
        for (text, want) in [
            ("https://auth.example.com", false),
            ("https://1.2.3.4", true),
            ("https://[2001:db8::1]", true),
            ("https://2130706433", true),
            ("https://0x7f.0x1", true),
            ("https://1.example", false),
        ] {
            assert_eq!(
                Endpoint::parse(text, PlainHttp::Loopback).expect(text).has_numeric_host(),
                want,
                "{text}"
            );
        }
    }

    #[test]
    fn the_same_origin_is_scheme_host_and_port() {
        let endpoint = |text| Endpoint::parse(text, PlainHttp::Loopback).expect(text);
        let example = endpoint("https://example.com/a");
        for (text, want) in [
            ("https://EXAMPLE.com:443/b?c", true),
            ("https://example.com:444", false),
            ("https://www.example.com", false),
        ] {
            assert_eq!(example.is_same_origin(&endpoint(text)), want, "{text}");
        }
        assert!(example.is_at("https://example.com") && !example.is_at("example.com"));
        assert!(!endpoint("https://localhost:80").is_same_origin(&endpoint("http://localhost:80")));
        assert_eq!(example.with_path("/b?c=d").expect("a path").path_and_query(), "/b?c=d");
        assert!(
            example.with_path("b").is_err()
                && example.with_path("/ b").is_err()
                && example.with_path("//evil/").is_ok_and(|endpoint| endpoint.host() == "example.com")
        );
    }
}
