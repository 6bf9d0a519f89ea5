//! An address on the network to which a secret may be sent.

use std::fmt;
use std::net::IpAddr;

use thiserror::Error;
use ureq::http::Uri;

use crate::model::hint::Hint;

/// The longest address that is taken, in bytes.
const MAX_BYTES: usize = 4096;

/// Whether a secret may go over the network in the open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PlainHttp {
    /// Only within this machine.
    Loopback,
    /// Wherever a person says so.
    Anywhere,
}

/// An `https` address, or an `http` one that is allowed, without a user name in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint(Uri);

/// Why nothing is sent to an address.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum EndpointError {
    /// Not a whole address.
    #[error("{0:?} is no address such as https://registry.example.com")]
    NotAnAddress(String),
    /// A user name or password in it would be shown and logged.
    #[error("the address of {0} has a user name in it")]
    HasUser(String),
    /// Another scheme than `https` and `http`.
    #[error("{0} is neither https nor http")]
    Scheme(String),
    /// Anybody on the way could read the secret.
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
    /// Reads an address (<https://www.rfc-editor.org/rfc/rfc3986>). A fragment is passed over.
    pub fn parse(text: &str, plain: PlainHttp) -> Result<Self, EndpointError> {
        let no_address = || EndpointError::NotAnAddress(text.chars().take(200).collect());
        let uri: Uri = Some(text)
            .filter(|text| text.len() <= MAX_BYTES)
            .ok_or_else(no_address)?
            .parse()
            .map_err(|_| no_address())?;
        let authority = uri.authority().ok_or_else(no_address)?;
        if authority.as_str().contains('@') {
            return Err(EndpointError::HasUser(authority.host().to_owned()));
        }
        if authority.host().is_empty() || (authority.port().is_none() && authority.as_str().ends_with(':')) {
            return Err(no_address());
        }
        let place = Self(uri);
        match place.0.scheme_str() {
            Some("https") => Ok(place),
            Some("http") if plain == PlainHttp::Anywhere || place.is_loopback() => Ok(place),
            Some("http") => Err(EndpointError::Plain(place.to_string())),
            None => Err(no_address()),
            _ => Err(EndpointError::Scheme(place.to_string())),
        }
    }

    /// Returns the address of a path, with its query if any, on the same host.
    pub fn with_path(&self, path_and_query: &str) -> Result<Self, EndpointError> {
        let no_address = || EndpointError::NotAnAddress(path_and_query.chars().take(200).collect());
        let mut parts = self.0.clone().into_parts();
        if !path_and_query.starts_with('/') || path_and_query.len() > MAX_BYTES {
            return Err(no_address());
        }
        parts.path_and_query = Some(path_and_query.parse().map_err(|_| no_address())?);
        Uri::from_parts(parts).map(Self).map_err(|_| no_address())
    }

    /// Returns the host, an IPv6 address in brackets.
    pub fn host(&self) -> &str {
        self.0.host().unwrap_or_default()
    }

    /// Returns path and query.
    pub fn path_and_query(&self) -> &str {
        self.0.path_and_query().map_or("/", |path| path.as_str())
    }

    /// True when scheme, host and port are the same, so that what one may know the other may know.
    pub fn is_same_origin(&self, other: &Self) -> bool {
        self.0.scheme() == other.0.scheme()
            && self.host().eq_ignore_ascii_case(other.host())
            && self.port() == other.port()
    }

    /// True when an address has the same scheme, host and port; false for a text that is none.
    pub fn is_at(&self, address: &str) -> bool {
        Self::parse(address, PlainHttp::Loopback).is_ok_and(|other| self.is_same_origin(&other))
    }

    /// True for an address within this machine: 127.0.0.0/8, `[::1]`, `localhost` and names below it
    /// (<https://www.rfc-editor.org/rfc/rfc6761#section-6.3>).
    pub fn is_loopback(&self) -> bool {
        let host = self.host().to_ascii_lowercase();
        host == "localhost" || host.ends_with(".localhost") || self.ip().is_some_and(|ip| ip.is_loopback())
    }

    /// True for a number in the place of a name.
    pub fn has_numeric_host(&self) -> bool {
        self.ip().is_some() || self.looks_like_a_number()
    }

    /// True when everything on the way is encrypted.
    pub fn is_encrypted(&self) -> bool {
        self.0.scheme_str() == Some("https")
    }

    pub(super) fn uri(&self) -> &Uri {
        &self.0
    }

    fn port(&self) -> u16 {
        self.0.port_u16().unwrap_or(if self.is_encrypted() { 443 } else { 80 })
    }

    fn ip(&self) -> Option<IpAddr> {
        self.host().trim_start_matches('[').trim_end_matches(']').parse().ok()
    }

    /// Systems take `2130706433`, `0x7f.1` and the like for addresses; no name ends in such a label:
    /// <https://url.spec.whatwg.org/#ends-in-a-number-checker>.
    fn looks_like_a_number(&self) -> bool {
        let last = self.host().trim_end_matches('.').rsplit('.').next().unwrap_or_default();
        let hexadecimal = last.strip_prefix("0x").or(last.strip_prefix("0X"));
        (!last.is_empty() && last.bytes().all(|byte| byte.is_ascii_digit()))
            || hexadecimal.is_some_and(|rest| rest.bytes().all(|byte| byte.is_ascii_hexdigit()))
    }
}

impl fmt::Display for Endpoint {
    /// Writes scheme, host and port; never path or query, which may hold something secret.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = self.0.scheme_str().unwrap_or_default();
        write!(out, "{scheme}://{}", self.0.authority().map_or("", |authority| authority.as_str()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_goes_over_plain_http_within_this_machine_only() {
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
            ("/v2/", Err("\"/v2/\" is no address such as https://registry.example.com")),
            ("https://", Err("\"https://\" is no address such as https://registry.example.com")),
            ("https://a b", Err("\"https://a b\" is no address such as https://registry.example.com")),
        ] {
            let place = Endpoint::parse(text, PlainHttp::Loopback).map(|place| place.to_string());
            assert_eq!(
                place.map_err(|error| error.to_string()),
                want.map(str::to_owned).map_err(str::to_owned)
            );
        }
        assert!(Endpoint::parse("http://registry.example.com", PlainHttp::Anywhere).is_ok());
        assert!(Endpoint::parse(&format!("https://{}", "a".repeat(5000)), PlainHttp::Loopback).is_err());
    }

    #[test]
    fn a_number_in_the_place_of_a_name_is_told() {
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
        let place = |text| Endpoint::parse(text, PlainHttp::Loopback).expect(text);
        let home = place("https://example.com/a");
        for (text, want) in [
            ("https://EXAMPLE.com:443/b?c", true),
            ("https://example.com:444", false),
            ("https://www.example.com", false),
        ] {
            assert_eq!(home.is_same_origin(&place(text)), want, "{text}");
        }
        assert!(home.is_at("https://example.com") && !home.is_at("example.com"));
        assert!(!place("https://localhost:80").is_same_origin(&place("http://localhost:80")));
        assert_eq!(home.with_path("/b?c=d").expect("a path").path_and_query(), "/b?c=d");
        assert!(
            home.with_path("b").is_err()
                && home.with_path("/ b").is_err()
                && home.with_path("//evil/").is_ok_and(|there| there.host() == "example.com")
        );
    }
}
