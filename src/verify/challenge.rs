//! How a registry wants to be told who asks, and where a secret may be sent for that.
//!
//! <https://distribution.github.io/distribution/spec/auth/token/>

use http_auth::{ChallengeRef, parse_challenges};
use thiserror::Error;

use crate::http::endpoint::{Endpoint, EndpointError, PlainHttp};

/// What a registry asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Challenge {
    /// User name and secret themselves, at every request.
    Basic,
    /// A token that is good for a few minutes, which another server gives for them.
    Bearer {
        /// Where that server is.
        realm: Endpoint,
        /// By what it knows the registry.
        service: Option<String>,
    },
}

/// Why a secret does not go where a registry wants it.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum ChallengeError {
    /// Nothing that is known here.
    #[error("{at} wants to be told who asks in a way that is not known here")]
    Unknown {
        /// The registry.
        at: String,
    },
    /// No address, or one to which nothing secret is sent.
    #[error("{at} names a token endpoint that is refused")]
    Realm {
        /// The registry.
        at: String,
        /// Why.
        #[source]
        source: EndpointError,
    },
    /// Anybody could be behind a number.
    #[error("{at} names the token endpoint {realm}, an address without a name")]
    Literal {
        /// The registry.
        at: String,
        /// Its token endpoint.
        realm: String,
    },
    /// From an encrypted connection to an open one.
    #[error("{at} names the token endpoint {realm}, which is not encrypted as the registry is")]
    Weaker {
        /// The registry.
        at: String,
        /// Its token endpoint.
        realm: String,
    },
}

impl Challenge {
    /// Reads the `WWW-Authenticate` headers of a registry's answer
    /// (<https://www.rfc-editor.org/rfc/rfc9110#section-11.6.1>). A token comes before a secret at every request.
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
    // What the registry itself was allowed, its token endpoint is allowed too.
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
    let is_known_by_number =
        realm.host() == registry.host() || (realm.is_loopback() && registry.is_loopback());
    if realm.has_numeric_host() && !is_known_by_number {
        return Err(ChallengeError::Literal { at, realm: realm.to_string() });
    }
    Ok(Challenge::Bearer { realm, service: parameter("service") })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(registry: &str, header: &str) -> String {
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
    fn a_registry_tells_how_it_wants_to_know_who_asks() {
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
                "https://registry-1.docker.io wants to be told who asks in a way that is not known here",
            ),
            (
                HUB,
                "",
                "https://registry-1.docker.io wants to be told who asks in a way that is not known here",
            ),
            (
                HUB,
                r#"Bearer service="x""#,
                "https://registry-1.docker.io wants to be told who asks in a way that is not known here",
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
            assert_eq!(told(registry, header), want, "{registry} {header}");
        }
    }

    #[test]
    fn a_secret_is_not_led_astray() {
        const HERE: &str = "https://registry.example";
        for (registry, realm, want) in [
            (HERE, "http://auth.example/token", "refused"),
            (HERE, "http://127.0.0.1/token", "not encrypted as the registry is"),
            (HERE, "https://1.2.3.4/token", "an address without a name"),
            (HERE, "https://[2001:db8::1]/token", "an address without a name"),
            (HERE, "https://16909060/token", "an address without a name"),
            (HERE, "https://127.0.0.1/token", "an address without a name"),
            (HERE, "ftp://auth.example/token", "refused"),
            (HERE, "https://user@auth.example/token", "refused"),
            (HERE, "/token", "refused"),
            ("http://127.0.0.1:5000", "http://auth.example/token", "refused"),
        ] {
            let told = told(registry, &format!("Bearer realm=\"{realm}\""));
            assert!(told.contains(want), "{realm}: {told}");
        }
    }
}
