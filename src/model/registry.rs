//! A registry in its canonical spelling, and the keys ("server URLs") that clients send for it.

use std::fmt;
use std::net::Ipv6Addr;

use thiserror::Error;

use crate::model::hint::Hint;
use crate::model::reference::without_tag_and_digest;

/// The longest key, in bytes. A host has at most 253 bytes and a repository 255.
pub const MAX_KEY_BYTES: usize = 4096;

/// The key under which Docker keeps the credentials of Docker Hub:
/// <https://github.com/docker/cli/blob/master/cli/config/configfile/file.go>
pub const DOCKER_HUB_KEY: &str = "https://index.docker.io/v1/";

/// The roots of the API of a registry, which are not repositories.
const API_ROOTS: [&str; 2] = ["v1", "v2"];

const DOCKER_HUB: &str = "docker.io";
const DOCKER_HUB_ALIASES: [&str; 4] =
    [DOCKER_HUB, "index.docker.io", "registry-1.docker.io", "registry.hub.docker.com"];
/// Docker Hardened Images: <https://docs.docker.com/dhi/how-to/use/>
const HARDENED_IMAGES: &str = "dhi.io";
/// The entries of Docker's device sign-in, which never answer for `docker.io`.
const DOCKER_HUB_SESSIONS: [&str; 2] = ["v1/access-token", "v1/refresh-token"];

/// A registry: a lower-case host and, unless it is 443, a port.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Registry(String);

impl Registry {
    /// Reads `host`, `host:port` or `[ipv6]:port`, in any case. Every alias of Docker Hub becomes `docker.io`.
    /// Returns `None` for any other text, such as a host that is not ASCII.
    pub fn parse(text: &str) -> Option<Self> {
        let (host, port) = split_port(text)?;
        let host = match host.strip_prefix('[') {
            Some(rest) => format!("[{}]", rest.strip_suffix(']')?.parse::<Ipv6Addr>().ok()?),
            None if is_host(host) => host.to_ascii_lowercase(),
            None => return None,
        };
        Some(match port {
            None | Some(443) if DOCKER_HUB_ALIASES.contains(&host.as_str()) => Self(DOCKER_HUB.to_owned()),
            None | Some(443) => Self(host),
            Some(port) => Self(format!("{host}:{port}")),
        })
    }

    /// Returns the canonical spelling: `ghcr.io`, `docker.io`, `[::1]:5000`.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    pub fn is_docker_hub(&self) -> bool {
        self.0 == DOCKER_HUB
    }

    /// True for Docker Hub and for Docker Hardened Images, another registry with the same accounts and tokens.
    pub fn accepts_docker_hub_tokens(&self) -> bool {
        self.is_docker_hub() || self.0 == HARDENED_IMAGES
    }

    /// Returns the key that Docker sends for this registry.
    pub fn docker_key(&self) -> &str {
        if self.is_docker_hub() { DOCKER_HUB_KEY } else { &self.0 }
    }
}

impl fmt::Display for Registry {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

/// A registry and, optionally, a repository on it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    registry: Registry,
    repository: Option<String>,
}

impl Address {
    /// Reads `[http[s]://]host[:port][/repository]`, and ignores slashes at the end. The API roots `/v1/` and
    /// `/v2/`, in any case, are not repositories. A repository becomes lower case, as registries require. Returns `None` for a text
    /// that is not a registry address.
    pub fn parse(text: &str) -> Option<Self> {
        let rest = strip_scheme(text);
        let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
        let registry = Registry::parse(host)?;
        let repository = match path.trim_end_matches('/') {
            "" => None,
            path if is_api_root(path) => None,
            path if is_repository(path) => Some(path.to_ascii_lowercase()),
            _ => return None,
        };
        Some(Self { registry, repository })
    }

    pub fn registry(&self) -> &Registry {
        &self.registry
    }

    /// Returns the repository, such as `acme/app`.
    pub fn repository(&self) -> Option<&str> {
        self.repository.as_deref()
    }
}

/// The text under which a client stores and requests credentials.
#[derive(Clone, Debug, Eq)]
pub struct Key {
    text: String,
    kind: KeyKind,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum KeyKind {
    Address(Address),
    /// An entry of Docker Hub's device sign-in.
    Session,
    /// A text that is not a registry address, which matches only itself.
    Verbatim,
}

impl Key {
    /// Reads a key as a client sends it, and ignores blanks and line ends around it.
    pub fn parse(text: &str) -> Result<Self, KeyError> {
        let text = text.trim_matches([' ', '\t', '\r', '\n']);
        if text.is_empty() {
            return Err(KeyError::Empty);
        }
        if text.len() > MAX_KEY_BYTES {
            return Err(KeyError::TooLong { bytes: text.len() });
        }
        if text.contains(char::is_control) {
            return Err(KeyError::ControlCharacter);
        }
        let kind = match address_in(text) {
            Some(address) if is_session(&address) => KeyKind::Session,
            Some(address) => KeyKind::Address(address),
            None => KeyKind::Verbatim,
        };
        Ok(Self { text: text.to_owned(), kind })
    }

    /// Returns the key as the client sent it.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Returns the registry address, if the key is one.
    pub fn address(&self) -> Option<&Address> {
        match &self.kind {
            KeyKind::Address(address) => Some(address),
            KeyKind::Session | KeyKind::Verbatim => None,
        }
    }

    /// Returns the registry, or the key itself if it is not an address.
    pub fn place(&self) -> &str {
        self.address().map_or(self.as_str(), |address| address.registry().as_str())
    }

    /// True when the key is an address on that registry.
    pub fn is_at(&self, registry: &Registry) -> bool {
        self.address().is_some_and(|address| address.registry() == registry)
    }

    /// True for the entries of Docker Hub's device sign-in.
    pub fn is_session(&self) -> bool {
        self.kind == KeyKind::Session
    }
}

impl PartialEq for Key {
    /// Compares the texts only, because the kind follows from the text.
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

/// The reason why a text is not a key.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum KeyError {
    /// Only blanks. Docker compares the whole message:
    /// <https://github.com/docker/docker-credential-helpers/blob/master/credentials/error.go>
    #[error("no credentials server URL")]
    Empty,
    #[error("the server URL has {bytes} bytes; at most {MAX_KEY_BYTES} are allowed")]
    TooLong { bytes: usize },
    /// A key may end up on a terminal or in a file name of a client.
    #[error("the server URL holds a control character")]
    ControlCharacter,
}

/// Returns the host and port of an address as written, without scheme and path.
pub fn host_as_written(text: &str) -> &str {
    let rest = strip_scheme(text);
    rest.split_once('/').map_or(rest, |(host, _)| host)
}

/// Returns the address in a key. The tag and the digest after a repository are not part of it.
fn address_in(key: &str) -> Option<Address> {
    Address::parse(key).or_else(|| {
        let (host, path) = strip_scheme(key).split_once('/')?;
        let address = Address::parse(&format!("{host}/{}", without_tag_and_digest(path)?))?;
        address.repository.is_some().then_some(address)
    })
}

/// True when a path, in any case, is the root of the API of a registry.
pub fn is_api_root(path: &str) -> bool {
    API_ROOTS.iter().any(|root| path.eq_ignore_ascii_case(root))
}

/// True when `path` is `prefix` or below it: `team` covers `team/api`, but not `team-x`.
pub fn covers(prefix: &str, path: &str) -> bool {
    path.strip_prefix(prefix).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

fn is_session(address: &Address) -> bool {
    address.registry.is_docker_hub()
        && address.repository.as_deref().is_some_and(|path| DOCKER_HUB_SESSIONS.contains(&path))
}

fn strip_scheme(text: &str) -> &str {
    ["https://", "http://"]
        .into_iter()
        .find_map(|scheme| {
            let head = text.get(..scheme.len())?;
            head.eq_ignore_ascii_case(scheme).then(|| &text[scheme.len()..])
        })
        .unwrap_or(text)
}

/// Splits `host:port`. Returns `None` when the port is not a number from 1 to 65535.
fn split_port(text: &str) -> Option<(&str, Option<u16>)> {
    let after_host = text.rfind(']').map_or(0, |bracket| bracket + 1);
    let Some(colon) = text[after_host..].find(':') else { return Some((text, None)) };
    let (host, port) = text.split_at(after_host + colon);
    let digits = &port[1..];
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    Some((host, Some(digits.parse().ok().filter(|port| *port != 0)?)))
}

fn is_host(host: &str) -> bool {
    host.len() <= 253
        && host.as_bytes().split(|byte| *byte == b'.').all(|label| {
            label.first().is_some_and(|first| *first != b'-')
                && label.iter().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
        })
}

/// True for a repository as clients write it, in any case:
/// <https://github.com/opencontainers/distribution-spec/blob/main/spec.md#pulling-manifests>
fn is_repository(path: &str) -> bool {
    path.split('/').all(|part| {
        !matches!(part, "" | "." | "..")
            && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'))
    })
}

impl Hint for KeyError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_of_a_registry_gives_the_same_registry() {
        for (text, registry, repository) in [
            ("ghcr.io", "ghcr.io", None),
            ("GHCR.io", "ghcr.io", None),
            ("https://ghcr.io", "ghcr.io", None),
            ("HTTP://ghcr.io/", "ghcr.io", None),
            ("https://ghcr.io:443/v2/", "ghcr.io", None),
            ("ghcr.io:80", "ghcr.io:80", None),
            ("http://GHCR.io:80/v2/", "ghcr.io:80", None),
            ("docker.io:80", "docker.io:80", None),
            ("ghcr.io/Acme/App", "ghcr.io", Some("acme/app")),
            ("ghcr.io/v1", "ghcr.io", None),
            ("https://ghcr.io/V2/", "ghcr.io", None),
            ("ghcr.io/V2/Acme", "ghcr.io", Some("v2/acme")),
            ("index.docker.io:80", "index.docker.io:80", None),
            ("ghcr.io/acme/app", "ghcr.io", Some("acme/app")),
            ("ghcr.io/acme/app///", "ghcr.io", Some("acme/app")),
            ("localhost:5000", "localhost:5000", None),
            ("registry:05000", "registry:5000", None),
            ("[::1]:5000/acme", "[::1]:5000", Some("acme")),
            ("[0:0:0:0:0:0:0:1]:443", "[::1]", None),
            ("docker.io", "docker.io", None),
            ("https://index.docker.io/v1/", "docker.io", None),
            ("index.docker.io/library/alpine", "docker.io", Some("library/alpine")),
            ("registry-1.docker.io:443", "docker.io", None),
            ("Registry.Hub.Docker.com", "docker.io", None),
            ("docker.io:5000", "docker.io:5000", None),
        ] {
            let address = Address::parse(text).expect(text);
            assert_eq!((address.registry().as_str(), address.repository()), (registry, repository), "{text}");
        }
    }

    #[test]
    fn a_key_that_is_not_an_address_has_none() {
        for text in [
            "user@ghcr.io",
            "ghcr.io@evil.example",
            "https://ghcr.io?x=1",
            "*.ghcr.io",
            "ghcr.io /x",
            "ghcr.io:",
            "ghcr.io:0",
            "ghcr.io:+80",
            "ghcr.io:99999",
            "ghcr.io:https",
            "ghcr..io",
            "ghcr.io.",
            ".",
            "/",
            "https://",
            "ftp://ghcr.io",
            "[::1",
            "[::1]x:5000",
            "::1",
            "ghсr.io", // a Cyrillic letter
            "ghcr.io/../x",
            "ghcr.io//x",
            "ghcr.io/app:",
            "ghcr.io/app:-1",
            "ghcr.io/app@evil",
            "ghcr.io/app@sha256:0123",
            "ghcr.io/a:b/c",
            "ghcr.io/:1",
            "ghcr.io/a%2fb",
            "-x.io",
        ] {
            assert_eq!(Key::parse(text).expect(text).address(), None, "{text}");
        }
    }

    #[test]
    fn a_key_with_a_tag_or_a_digest_has_the_address_of_its_repository() {
        let digest = format!("sha256:{}", "0".repeat(64));
        for end in [":1.0".to_owned(), format!("@{digest}"), format!(":1.0@{digest}")] {
            for (text, host) in [("ghcr.io", "ghcr.io"), ("https://GHCR.io", "ghcr.io"), ("h:80", "h:80")] {
                let text = format!("{text}/Acme/app{end}");
                let key = Key::parse(&text).expect("a key");
                let address = key.address().expect(&text);
                assert_eq!(
                    (address.registry().as_str(), address.repository()),
                    (host, Some("acme/app")),
                    "{text}"
                );
                assert_eq!(key.as_str(), text);
                assert_eq!(Address::parse(&text), None, "{text}");
            }
        }
    }

    #[test]
    fn blanks_and_line_ends_around_a_key_are_ignored() {
        assert_eq!(Key::parse(" \tghcr.io\r\n").expect("a key").as_str(), "ghcr.io");
        assert_eq!(Key::parse("\u{a0}ghcr.io").expect("a key").as_str(), "\u{a0}ghcr.io");
        assert_eq!(Key::parse(" \r\n"), Err(KeyError::Empty));
        assert_eq!(Key::parse("a\nb"), Err(KeyError::ControlCharacter));
        assert_eq!(Key::parse("a\0"), Err(KeyError::ControlCharacter));
        let bytes = MAX_KEY_BYTES + 1;
        assert_eq!(Key::parse(&"a".repeat(bytes)), Err(KeyError::TooLong { bytes }));
    }

    #[test]
    fn a_session_entry_is_not_an_address() {
        for name in ["access-token", "refresh-token"] {
            let key = Key::parse(&format!("{DOCKER_HUB_KEY}{name}")).expect("a key");
            assert!(key.is_session() && key.address().is_none(), "{name}");
        }
        assert!(!Key::parse(DOCKER_HUB_KEY).expect("a key").is_session());
    }

    #[test]
    fn a_prefix_covers_whole_parts_only() {
        for (path, want) in [("team/api", true), ("team", true), ("team-x/api", false), ("tea", false)] {
            assert_eq!(covers("team", path), want, "{path}");
        }
    }
}
