//! A registry in one spelling, and the keys ("server URLs") by which clients ask for it.

use std::fmt;
use std::net::Ipv6Addr;

use thiserror::Error;

use crate::model::hint::Hint;

/// The longest key that is taken, in bytes; a host has at most 253 and a repository 255.
pub const MAX_KEY_BYTES: usize = 4096;

/// The key under which Docker keeps the credentials of Docker Hub:
/// <https://github.com/docker/cli/blob/master/cli/config/configfile/file.go>
pub const DOCKER_HUB_KEY: &str = "https://index.docker.io/v1/";

const DOCKER_HUB: &str = "docker.io";
const DOCKER_HUB_ALIASES: [&str; 4] =
    [DOCKER_HUB, "index.docker.io", "registry-1.docker.io", "registry.hub.docker.com"];
/// What Docker's device sign-in keeps beside the Docker Hub key; never an answer for `docker.io`.
const DOCKER_HUB_SESSIONS: [&str; 2] = ["v1/access-token", "v1/refresh-token"];

/// A registry: a lower-case host and, unless it is 80 or 443, a port.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Registry(String);

impl Registry {
    /// Reads `host`, `host:port` or `[ipv6]:port`, in any case; every alias of Docker Hub becomes
    /// `docker.io`. Returns `None` for anything else, non-ASCII hosts included.
    pub fn parse(text: &str) -> Option<Self> {
        let (host, port) = split_port(text)?;
        let host = match host.strip_prefix('[') {
            Some(rest) => format!("[{}]", rest.strip_suffix(']')?.parse::<Ipv6Addr>().ok()?),
            None if is_host(host) => host.to_ascii_lowercase(),
            None => return None,
        };
        Some(match port {
            None | Some(80 | 443) if DOCKER_HUB_ALIASES.contains(&host.as_str()) => {
                Self(DOCKER_HUB.to_owned())
            }
            None | Some(80 | 443) => Self(host),
            Some(port) => Self(format!("{host}:{port}")),
        })
    }

    /// Returns the one spelling, such as `ghcr.io`, `docker.io` or `[::1]:5000`.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// True for Docker Hub.
    pub fn is_docker_hub(&self) -> bool {
        self.0 == DOCKER_HUB
    }

    /// Returns the key that the docker CLI sends for this registry.
    pub fn docker_key(&self) -> &str {
        if self.is_docker_hub() { DOCKER_HUB_KEY } else { &self.0 }
    }
}

impl fmt::Display for Registry {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

/// A registry and, when one was named, a repository on it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    registry: Registry,
    repository: Option<String>,
}

impl Address {
    /// Reads `[http[s]://]host[:port][/repository]`; the API roots `/v1/` and `/v2/` and slashes at
    /// the end do not count. Returns `None` for what is no registry address.
    pub fn parse(text: &str) -> Option<Self> {
        let rest = strip_scheme(text);
        let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
        let registry = Registry::parse(host)?;
        let repository = match path.trim_end_matches('/') {
            "" | "v1" | "v2" => None,
            path if is_repository(path) => Some(path.to_owned()),
            _ => return None,
        };
        Some(Self { registry, repository })
    }

    /// Returns the registry.
    pub fn registry(&self) -> &Registry {
        &self.registry
    }

    /// Returns the repository, such as `acme/app`, when one was named.
    pub fn repository(&self) -> Option<&str> {
        self.repository.as_deref()
    }
}

/// What a client stores under and asks for: the text as it was sent, and what it stands for.
#[derive(Clone, Debug, Eq)]
pub struct Key {
    text: String,
    meaning: Meaning,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Meaning {
    Address(Address),
    /// An entry of Docker Hub's device sign-in.
    Session,
    /// No registry address: matched verbatim only.
    Verbatim,
}

impl Key {
    /// Takes a key as a client sent it; blanks and line ends around it do not count.
    ///
    /// # Errors
    /// When nothing is left, when it is longer than [`MAX_KEY_BYTES`], or when a control character is in it.
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
        let meaning = match Address::parse(text) {
            Some(address) if is_session(&address) => Meaning::Session,
            Some(address) => Meaning::Address(address),
            None => Meaning::Verbatim,
        };
        Ok(Self { text: text.to_owned(), meaning })
    }

    /// Returns the key as it was sent.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Returns the registry address that the key is, if it is one.
    pub fn address(&self) -> Option<&Address> {
        match &self.meaning {
            Meaning::Address(address) => Some(address),
            Meaning::Session | Meaning::Verbatim => None,
        }
    }

    /// True when it is an address on that registry.
    pub fn is_at(&self, registry: &Registry) -> bool {
        self.address().is_some_and(|address| address.registry() == registry)
    }

    /// True for the entries that Docker Hub's device sign-in keeps beside its key.
    pub fn is_session(&self) -> bool {
        match self.meaning {
            Meaning::Session => true,
            Meaning::Address(_) | Meaning::Verbatim => false,
        }
    }
}

impl PartialEq for Key {
    /// The text says it all: what it stands for is read off it.
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

/// Why a text is no key.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum KeyError {
    /// Nothing but blanks. Docker compares this text whole:
    /// <https://github.com/docker/docker-credential-helpers/blob/master/credentials/error.go>
    #[error("no credentials server URL")]
    Empty,
    /// Too long to be a registry address.
    #[error("the server URL has {bytes} bytes; at most {MAX_KEY_BYTES} are taken")]
    TooLong {
        /// Its length in bytes.
        bytes: usize,
    },
    /// It would end up on a terminal or in a file name of some client.
    #[error("the server URL holds a control character")]
    ControlCharacter,
}

/// Returns the host and port of an address as they are written, without scheme and path.
pub fn host_as_written(text: &str) -> &str {
    let rest = strip_scheme(text);
    rest.split_once('/').map_or(rest, |(host, _)| host)
}

/// True when `path` is `prefix` or lies below it: `team` covers `team/api`, not `team-x`.
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

/// Splits `host:port`; `None` when the port is no number from 1 to 65535.
fn split_port(text: &str) -> Option<(&str, Option<u16>)> {
    let after_host = text.rfind(']').map_or(0, |end| end + 1);
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

/// A repository as clients name it, in any case, since some registries allow capitals:
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
    fn every_spelling_of_a_registry_is_one() {
        for (text, registry, repository) in [
            ("ghcr.io", "ghcr.io", None),
            ("GHCR.io", "ghcr.io", None),
            ("https://ghcr.io", "ghcr.io", None),
            ("HTTP://ghcr.io/", "ghcr.io", None),
            ("https://ghcr.io:443/v2/", "ghcr.io", None),
            ("ghcr.io:80", "ghcr.io", None),
            ("ghcr.io/v1", "ghcr.io", None),
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
    fn what_is_no_address_is_matched_verbatim_only() {
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
            "ghcr.io/app:1",
            "ghcr.io/a%2fb",
            "-x.io",
        ] {
            assert_eq!(Key::parse(text).expect(text).address(), None, "{text}");
        }
    }

    #[test]
    fn only_blanks_and_line_ends_around_a_key_are_dropped() {
        assert_eq!(Key::parse(" \tghcr.io\r\n").expect("a key").as_str(), "ghcr.io");
        assert_eq!(Key::parse("\u{a0}ghcr.io").expect("a key").as_str(), "\u{a0}ghcr.io");
        assert_eq!(Key::parse(" \r\n"), Err(KeyError::Empty));
        assert_eq!(Key::parse("a\nb"), Err(KeyError::ControlCharacter));
        assert_eq!(Key::parse("a\0"), Err(KeyError::ControlCharacter));
        let bytes = MAX_KEY_BYTES + 1;
        assert_eq!(Key::parse(&"a".repeat(bytes)), Err(KeyError::TooLong { bytes }));
    }

    #[test]
    fn the_entries_of_the_device_sign_in_are_no_address() {
        for name in ["access-token", "refresh-token"] {
            let key = Key::parse(&format!("{DOCKER_HUB_KEY}{name}")).expect("a key");
            assert!(key.is_session() && key.address().is_none(), "{name}");
        }
        assert!(!Key::parse(DOCKER_HUB_KEY).expect("a key").is_session());
    }

    #[test]
    fn a_prefix_ends_at_a_slash() {
        for (path, want) in [("team/api", true), ("team", true), ("team-x/api", false), ("tea", false)] {
            assert_eq!(covers("team", path), want, "{path}");
        }
    }
}
