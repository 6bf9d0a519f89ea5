//! The proxy that the environment names for a request.
//!
//! A variable that is not understood is an error: a direct connection would show the request to a network that the
//! person wanted to avoid. The value of a variable may hold a password, so no error has it.

use std::ffi::OsString;
use std::net::IpAddr;

use ureq::Proxy;
use ureq::http::Uri;

use crate::http::HttpError;
use crate::http::endpoint::{Endpoint, is_whole_authority};

/// The variables for a scheme, in their order; the first that is not empty counts. As in curl, each name is also
/// spelled in lower case. A variable for the other scheme is better than a direct connection.
const FOR_HTTPS: [&str; 6] =
    ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy", "HTTP_PROXY", "http_proxy"];
const FOR_HTTP: [&str; 6] =
    ["HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy", "HTTPS_PROXY", "https_proxy"];
const NO_PROXY: [&str; 2] = ["NO_PROXY", "no_proxy"];

/// Returns the proxy for an address; `None` for a direct connection. `variable` reads the environment.
pub(super) fn find(
    endpoint: &Endpoint,
    variable: impl Fn(&str) -> Option<OsString>,
) -> Result<Option<Proxy>, HttpError> {
    // A proxy could not reach the loopback addresses of this machine.
    if endpoint.is_loopback() {
        return Ok(None);
    }
    let names = if endpoint.is_encrypted() { &FOR_HTTPS } else { &FOR_HTTP };
    let Some((name, address)) = first_set(names, &variable)? else { return Ok(None) };
    if let Some((_, exceptions)) = first_set(&NO_PROXY, &variable)?
        && exceptions.split(',').any(|exception| is_exception(exception.trim(), endpoint))
    {
        return Ok(None);
    }
    parse(&address).map(Some).map_err(|why| HttpError::ProxyVariable { variable: name, why })
}

/// Returns the first variable with a value, and the value.
fn first_set(
    names: &[&'static str],
    variable: impl Fn(&str) -> Option<OsString>,
) -> Result<Option<(&'static str, String)>, HttpError> {
    for name in names {
        let Some(value) = variable(name) else { continue };
        let value =
            value.into_string().map_err(|_| HttpError::ProxyVariable { variable: name, why: "not text" })?;
        if !value.trim().is_empty() {
            return Ok(Some((name, value.trim().to_owned())));
        }
    }
    Ok(None)
}

/// Parses the address of an HTTP proxy; without a scheme it is `http`.
fn parse(address: &str) -> Result<Proxy, &'static str> {
    const NO_ADDRESS: &str = "not an address";
    let uri: Uri = address.parse().map_err(|_| NO_ADDRESS)?;
    let authority = uri.authority().ok_or(NO_ADDRESS)?.as_str();
    // The library would take the usual port for one that is not a number.
    let place = authority.rsplit_once('@').map_or(authority, |(_, place)| place);
    if !place.parse().is_ok_and(|place| is_whole_authority(&place)) {
        return Err(NO_ADDRESS);
    }
    match uri.scheme_str().map(str::to_ascii_lowercase).as_deref() {
        None | Some("http" | "https") => {}
        Some(scheme) if scheme.starts_with("socks") => return Err("a SOCKS proxy"),
        Some(_) => return Err("not an HTTP proxy"),
    }
    let proxy = Proxy::new(address).map_err(|_| NO_ADDRESS)?;
    // The proxy would end the name at the first colon: https://www.rfc-editor.org/rfc/rfc7617#section-2.
    if proxy.username().is_some_and(|user| user.contains(':')) {
        return Err("an address whose user name has a colon");
    }
    Ok(proxy)
}

/// True when an entry of `NO_PROXY` is for an address. As in Go and curl, it is `*`, a name with everything below it
/// (with or without a dot in front), an IP address or a network such as `10.0.0.0/8`; a port may follow.
fn is_exception(entry: &str, endpoint: &Endpoint) -> bool {
    if entry == "*" {
        return true;
    }
    let host = endpoint.host().trim_end_matches('.').to_ascii_lowercase();
    let ip: Option<IpAddr> = bare(&host).parse().ok();
    if let (Some(ip), Some((network, bits))) = (ip, entry.split_once('/')) {
        return is_in_network(ip, network, bits);
    }
    let entry = match entry.rsplit_once(':') {
        // The colons of an IPv6 address without brackets are its own.
        Some((name, port)) if !name.contains(':') || name.ends_with(']') => {
            if port.parse() != Ok(endpoint.port()) {
                return false;
            }
            name
        }
        _ => entry,
    };
    if let Some(ip) = ip {
        return bare(entry).parse() == Ok(ip);
    }
    let name = entry.trim_start_matches('*').trim_matches('.').to_ascii_lowercase();
    !name.is_empty() && (host == name || host.strip_suffix(&name).is_some_and(|front| front.ends_with('.')))
}

/// Returns an address without the brackets of IPv6.
fn bare(host: &str) -> &str {
    host.trim_start_matches('[').trim_end_matches(']')
}

fn is_in_network(ip: IpAddr, network: &str, bits: &str) -> bool {
    let number = |ip| match ip {
        IpAddr::V4(ip) => (u128::from(u32::from(ip)), 32),
        IpAddr::V6(ip) => (u128::from(ip), 128),
    };
    let (Ok(network), Ok(bits)) = (network.parse::<IpAddr>(), bits.parse::<u32>()) else { return false };
    let ((ip, size), (network, network_size)) = (number(ip), number(network));
    // A shift by all 128 bits leaves nothing to compare.
    let prefix = |number: u128| number.checked_shr(size - bits).unwrap_or_default();
    size == network_size && bits <= size && prefix(ip) == prefix(network)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::endpoint::PlainHttp;

    /// Returns the proxy for an address, or the error, with these variables.
    fn proxy(address: &str, variables: &[(&str, &str)]) -> String {
        let endpoint = Endpoint::parse(address, PlainHttp::Anywhere).expect(address);
        let variable = |name: &str| {
            let found = variables.iter().find(|(other, _)| *other == name);
            found.map(|(_, value)| OsString::from(value))
        };
        match find(&endpoint, variable) {
            Ok(Some(proxy)) => format!("{}:{}", proxy.host(), proxy.port()),
            Ok(None) => "direct".to_owned(),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn the_variable_of_the_scheme_takes_precedence_and_an_empty_one_does_not_count() {
        const SECURE: &str = "https://ghcr.io";
        for (address, variables, want) in [
            (SECURE, &[][..], "direct"),
            (SECURE, &[("HTTPS_PROXY", "http://p:3128")], "p:3128"),
            (SECURE, &[("https_proxy", "p")], "p:80"),
            (SECURE, &[("HTTPS_PROXY", ""), ("https_proxy", " "), ("all_proxy", "https://q")], "q:443"),
            (SECURE, &[("HTTP_PROXY", "h:1"), ("ALL_PROXY", "a:2"), ("HTTPS_PROXY", "s:3")], "s:3"),
            (SECURE, &[("http_proxy", "h:1")], "h:1"),
            (SECURE, &[("HTTPS_PROXY", "http://alice:p%40w@p:3128/")], "p:3128"),
            ("http://10.0.0.1", &[("HTTPS_PROXY", "s:3"), ("http_proxy", "h:1")], "h:1"),
            ("http://localhost:5000", &[("HTTP_PROXY", "h:1"), ("ALL_PROXY", "socks5://h")], "direct"),
            ("https://a.localhost", &[("HTTPS_PROXY", "h:1")], "direct"),
        ] {
            assert_eq!(proxy(address, variables), want, "{address} {variables:?}");
        }
    }

    #[test]
    fn a_value_that_is_not_understood_is_an_error_without_the_value() {
        for (value, why) in [
            ("socks5://canary:pw@p:1080", "a SOCKS proxy"),
            ("socks5h://p", "a SOCKS proxy"),
            ("socks4a://p", "a SOCKS proxy"),
            ("SOCKS://p", "a SOCKS proxy"),
            ("ftp://canary:pw@p", "not an HTTP proxy"),
            ("quic://p", "not an HTTP proxy"),
            ("http://", "not an address"),
            ("http://canary:pw@", "not an address"),
            ("http://:3128", "not an address"),
            ("/canary", "not an address"),
            ("no proxy", "not an address"),
            ("http://p:", "not an address"),
            ("http://p:99999", "not an address"),
            ("http://canary:pw@p:x", "not an address"),
            ("http://can%3Aary:pw@p", "an address whose user name has a colon"),
            ("http://%ff:pw@p", "not an address"),
        ] {
            for name in FOR_HTTPS {
                let error = proxy("https://ghcr.io", &[(name, value)]);
                assert_eq!(error, format!("{name} is {why}"), "{value}");
            }
            // The next variable is not a way out, and an exception does not need the proxy.
            let variables = [("HTTPS_PROXY", value), ("ALL_PROXY", "http://p:1"), ("NO_PROXY", "quay.io")];
            assert_eq!(proxy("https://ghcr.io", &variables), format!("HTTPS_PROXY is {why}"));
            assert_eq!(proxy("https://quay.io", &variables), "direct");
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_value_that_is_not_text_is_an_error() {
        use std::os::unix::ffi::OsStringExt;
        let endpoint = Endpoint::parse("https://ghcr.io", PlainHttp::Loopback).expect("an address");
        for name in ["all_proxy", "NO_PROXY"] {
            let variable = |other: &str| match other {
                _ if other == name => Some(OsString::from_vec(vec![0xff])),
                "HTTPS_PROXY" if name == "NO_PROXY" => Some("p".into()),
                _ => None,
            };
            let error = find(&endpoint, variable).expect_err(name);
            assert_eq!(error.to_string(), format!("{name} is not text"));
        }
    }

    #[test]
    fn the_exceptions_are_names_with_all_below_them_addresses_and_networks() {
        for (exceptions, address, is_direct) in [
            ("*", "https://ghcr.io", true),
            ("ghcr.io", "https://ghcr.io", true),
            ("quay.io, GHCR.io", "https://ghcr.IO", true),
            ("example.com", "https://a.example.com", true),
            (".example.com", "https://a.example.com", true),
            ("*.example.com", "https://a.example.com", true),
            ("example.com", "https://notexample.com", false),
            ("ghcr.io:443", "https://ghcr.io", true),
            ("ghcr.io:5000", "https://ghcr.io", false),
            ("10.1.2.3", "https://10.1.2.3:5000", true),
            ("10.0.0.0/8", "https://10.1.2.3", true),
            ("10.0.0.0/8", "https://11.1.2.3", false),
            ("0.0.0.0/0", "https://11.1.2.3", true),
            ("10.0.0.0/33", "https://10.0.0.0", false),
            ("10.0.0.0/8", "https://a.10.example", false),
            ("2001:db8::/32", "https://[2001:db8::1]", true),
            ("::/0", "https://[2001:db8::1]", true),
            ("2001:db8::1", "https://[2001:db8::1]", true),
            ("[2001:db8::1]:443", "https://[2001:db8::1]", true),
            ("", "https://ghcr.io", false),
            (",.,*.", "https://ghcr.io", false),
        ] {
            let found = proxy(address, &[("HTTPS_PROXY", "p"), ("no_proxy", exceptions)]);
            assert_eq!(found == "direct", is_direct, "{exceptions} {address}: {found}");
        }
    }
}
