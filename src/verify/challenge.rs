//! Parses the authentication challenge of a registry, and checks that a secret may be sent to its token endpoint.
//!
//! <https://distribution.github.io/distribution/spec/auth/token/>

use http_auth::{ChallengeRef, parse_challenges};
use thiserror::Error;

use crate::http::endpoint::{Endpoint, EndpointError, PlainHttp};

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Challenge {
    /// Every request needs user name and secret.
    Basic,
    /// Every request needs a short-lived token, which the token endpoint `realm` issues for a `service`.
    Bearer { realm: Endpoint, service: Option<String> },
}

/// A challenge in answer to which no secret is sent. The field `at` is scheme, host and port of the registry.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum ChallengeError {
    /// The challenge is neither Basic nor Bearer.
    #[error("{at} asks for credentials in a way that this program does not know")]
    Unknown { at: String },
    #[error("{at} names a token endpoint that is refused")]
    Realm { at: String, source: EndpointError },
    /// The owner of a bare IP address is unknown.
    #[error("{at} names the token endpoint {realm}, an address without a name")]
    Literal { at: String, realm: String },
    /// A service of another machine has no token endpoint on this one.
    #[error("{at} names the token endpoint {realm}, which is on this machine")]
    Loopback { at: String, realm: String },
    /// The secret would leave an encrypted connection for one without encryption.
    #[error("{at} names the token endpoint {realm}, which is not encrypted as the registry is")]
    Weaker { at: String, realm: String },
}

impl Challenge {
    /// Parses the `WWW-Authenticate` headers of a registry
    /// (<https://www.rfc-editor.org/rfc/rfc9110#section-11.6.1>). Bearer takes precedence over Basic, which sends the
    /// secret with every request.
    pub fn from_headers<'h>(
        headers: impl Iterator<Item = &'h str>,
        registry: &Endpoint,
    ) -> Result<Self, ChallengeError> {
        let mut is_basic = false;
        for header in headers {
            for challenge in parse_challenges(header).unwrap_or_default() {
                if challenge.scheme.eq_ignore_ascii_case("bearer") {
                    return bearer(&challenge, registry);
                }
                is_basic |= challenge.scheme.eq_ignore_ascii_case("basic");
            }
        }
        if is_basic { Ok(Self::Basic) } else { Err(ChallengeError::Unknown { at: registry.to_string() }) }
    }
}

fn bearer(challenge: &ChallengeRef<'_>, registry: &Endpoint) -> Result<Challenge, ChallengeError> {
    let parameter = |name: &str| {
        let found = challenge.params.iter().find(|(other, _)| other.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.to_unescaped())
    };
    let at = registry.to_string();
    let Some(realm) = parameter("realm") else { return Err(ChallengeError::Unknown { at }) };
    // A token endpoint may be unencrypted if the registry is allowed to be.
    let plain = if registry.is_encrypted() || registry.is_loopback() {
        PlainHttp::Loopback
    } else {
        PlainHttp::Anywhere
    };
    let realm =
        Endpoint::parse(&realm, plain).map_err(|source| ChallengeError::Realm { at: at.clone(), source })?;
    if registry.is_encrypted() && !realm.is_encrypted() {
        return Err(ChallengeError::Weaker { at, realm: realm.to_string() });
    }
    let is_same_machine = realm.host() == registry.host() || (realm.is_loopback() && registry.is_loopback());
    if realm.has_numeric_host() && !is_same_machine {
        return Err(ChallengeError::Literal { at, realm: realm.to_string() });
    }
    if realm.is_loopback() && !is_same_machine {
        return Err(ChallengeError::Loopback { at, realm: realm.to_string() });
    }
    Ok(Challenge::Bearer { realm, service: parameter("service") })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn describe(registry: &str, header: &str) -> String {
        let registry = Endpoint::parse(registry, PlainHttp::Anywhere).expect(registry);
        match Challenge::from_headers([header].into_iter(), &registry) {
            Ok(Challenge::Basic) => "basic".to_owned(),
            Ok(Challenge::Bearer { realm, service }) => {
                format!("{realm}{} {}", realm.path_and_query(), service.unwrap_or_default())
            }
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn basic_and_bearer_challenges_are_parsed_and_others_refused() {
        const HUB: &str = "https://registry-1.docker.io/v2/";
        for (registry, header, want) in [
            (HUB, r#"Basic realm="x""#, "basic"),
            (
                HUB,
                r#"Bearer realm="https://auth.docker.io/token",service="registry.docker.io",scope="a:b:c""#,
                "https://auth.docker.io/token registry.docker.io",
            ),
            (HUB, r#"Basic realm="x", bearer REALM="https://a.example/t""#, "https://a.example/t "),
            (
                HUB,
                "Negotiate",
                "https://registry-1.docker.io asks for credentials in a way that this program does not know",
            ),
            (
                HUB,
                "",
                "https://registry-1.docker.io asks for credentials in a way that this program does not know",
            ),
            (
                HUB,
                r#"Bearer service="x""#,
                "https://registry-1.docker.io asks for credentials in a way that this program does not know",
            ),
            (
                "http://127.0.0.1:5000",
                r#"Bearer realm="http://127.0.0.1:5001/token""#,
                "http://127.0.0.1:5001/token ",
            ),
            (
                "https://10.0.0.1:5000",
                r#"Bearer realm="https://10.0.0.1:5001/token""#,
                "https://10.0.0.1:5001/token ",
            ),
        ] {
            assert_eq!(describe(registry, header), want, "{registry} {header}");
        }
    }

    #[test]
    fn an_unsafe_token_endpoint_is_refused() {
        const REGISTRY: &str = "https://registry.example";
        for (registry, realm, want) in [
            (REGISTRY, "http://auth.example/token", "refused"),
            (REGISTRY, "http://127.0.0.1/token", "not encrypted as the registry is"),
            (REGISTRY, "https://1.2.3.4/token", "an address without a name"),
            (REGISTRY, "https://[2001:db8::1]/token", "an address without a name"),
            (REGISTRY, "https://16909060/token", "an address without a name"),
            (REGISTRY, "https://127.0.0.1/token", "an address without a name"),
            (REGISTRY, "https://localhost/token", "on this machine"),
            (REGISTRY, "https://a.localhost:5001/token", "on this machine"),
            (REGISTRY, "https://auth.example:99999/token", "refused"),
            (REGISTRY, "ftp://auth.example/token", "refused"),
            (REGISTRY, "https://user@auth.example/token", "refused"),
            (REGISTRY, "/token", "refused"),
            ("http://127.0.0.1:5000", "http://auth.example/token", "refused"),
        ] {
            let error = describe(registry, &format!("Bearer realm=\"{realm}\""));
            assert!(error.contains(want), "{realm}: {error}");
        }
    }
}
