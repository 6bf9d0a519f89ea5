//! The scope of a token: a registry, a path on it, or every host below a domain.

use std::fmt;

use serde::{Serialize, Serializer};
use thiserror::Error;

use crate::model::hint::Hint;
use crate::model::registry::{Address, Registry, covers};

/// A host, a host with a path, or a wildcard host: `ghcr.io`, `docker.io/acme`, `*.pkg.coding.net`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Scope {
    host: Host,
    path: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Host {
    Exact(Registry),
    /// Every host with exactly one additional label on the left.
    Below(Registry),
}

impl Scope {
    /// Reads a scope, with any spelling of a registry. `*` stands for one label at the left.
    pub fn parse(text: &str) -> Result<Self, ScopeError> {
        let invalid = || ScopeError { text: text.to_owned() };
        let Some(domain) = text.strip_prefix("*.") else {
            return Address::parse(text).map(|address| Self::from_address(&address)).ok_or_else(invalid);
        };
        let address = Address::parse(domain).ok_or_else(invalid)?;
        // An alias of Docker Hub would become the domain docker.io, below which there are no registries.
        // An IPv6 address such as `[::ffff:1.2.3.4]` is not a domain.
        let is_domain = address.registry().as_str().contains('.')
            && !address.registry().as_str().starts_with('[')
            && !address.registry().is_docker_hub();
        if domain.contains("://") || !is_domain {
            return Err(invalid());
        }
        Ok(Self { host: Host::Below(address.registry().clone()), ..Self::from_address(&address) })
    }

    /// Reads a scope as a person writes it. It refuses a repository without its registry, such as `acme/app`.
    pub fn parse_typed(text: &str) -> Result<Self, ScopeError> {
        let scope = Self::parse(text)?;
        let host = scope.host();
        if scope.path.is_some() && !host.contains(['.', ':']) && host != "localhost" {
            return Err(ScopeError { text: text.to_owned() });
        }
        Ok(scope)
    }

    /// Makes the scope of an address: its registry or, if it has a repository, that part of it.
    pub fn from_address(address: &Address) -> Self {
        Self { host: Host::Exact(address.registry().clone()), path: address.repository().map(str::to_owned) }
    }

    /// Returns the wildcard that includes a registry, if there can be one.
    pub fn wildcard_for(registry: &Registry) -> Option<Self> {
        let (_, domain) = registry.as_str().split_once('.')?;
        Self::parse(&format!("*.{domain}")).ok()
    }

    /// Returns the host as text: a registry, or `*.` and a domain.
    pub fn host(&self) -> String {
        match &self.host {
            Host::Exact(registry) => registry.to_string(),
            Host::Below(domain) => format!("*.{domain}"),
        }
    }

    /// Returns the registry, unless the scope is a wildcard.
    pub fn registry(&self) -> Option<&Registry> {
        match &self.host {
            Host::Exact(registry) => Some(registry),
            Host::Below(_) => None,
        }
    }

    pub fn is_wildcard(&self) -> bool {
        self.registry().is_none()
    }

    /// Returns the number of labels that may be any label.
    pub fn wildcard_count(&self) -> usize {
        usize::from(self.is_wildcard())
    }

    /// Returns the path, if the scope is for a part of a registry.
    pub fn path(&self) -> Option<&str> {
        self.path.as_deref()
    }

    /// Returns the next wider scope: one part of the path less.
    pub fn parent(&self) -> Option<Self> {
        let path = self.path.as_deref()?;
        let shorter = path.rsplit_once('/').map(|(shorter, _)| shorter.to_owned());
        Some(Self { host: self.host.clone(), path: shorter })
    }

    /// True when the scope is for some part of the registry.
    pub fn reaches(&self, registry: &Registry) -> bool {
        match &self.host {
            Host::Exact(host) => host == registry,
            Host::Below(domain) => is_below(registry, domain.as_str()),
        }
    }

    /// True when the scope includes the registry and, if it is known, the repository.
    pub fn covers(&self, registry: &Registry, repository: Option<&str>) -> bool {
        self.reaches(registry)
            && match (&self.path, repository) {
                (Some(path), Some(repository)) => covers(path, repository),
                (None, _) | (_, None) => true,
            }
    }

    /// True when the scope covers all that an address stands for: its repository or, without one, its whole registry.
    pub fn covers_all_of(&self, address: &Address) -> bool {
        let is_whole_enough = self.path.is_none() || address.repository().is_some();
        is_whole_enough && self.covers(address.registry(), address.repository())
    }

    /// True when a request can be inside both scopes.
    pub fn overlaps(&self, other: &Self) -> bool {
        let share_a_host = match (&self.host, &other.host) {
            (Host::Exact(registry), _) => other.reaches(registry),
            (_, Host::Exact(registry)) => self.reaches(registry),
            (Host::Below(one), Host::Below(two)) => one == two,
        };
        share_a_host
            && match (&self.path, &other.path) {
                (Some(one), Some(two)) => covers(one, two) || covers(two, one),
                (None, _) | (_, None) => true,
            }
    }

    /// True when the scope covers everything that the other one covers.
    pub fn includes(&self, other: &Self) -> bool {
        self.host == other.host
            && match (&self.path, &other.path) {
                (None, _) => true,
                (Some(path), Some(other)) => covers(path, other),
                (Some(_), None) => false,
            }
    }

    /// Returns the part of the scope that is on a registry.
    pub fn restricted_to(&self, registry: &Registry) -> Option<Self> {
        let host = Host::Exact(registry.clone());
        self.reaches(registry).then(|| Self { host, path: self.path.clone() })
    }

    /// True when the scope covers nothing on the registry of the address except at or below the address.
    pub fn lies_within(&self, address: &Address) -> bool {
        self.reaches(address.registry())
            && match (address.repository(), &self.path) {
                (None, _) => true,
                (Some(repository), Some(path)) => covers(repository, path),
                (Some(_), None) => false,
            }
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.host())?;
        match &self.path {
            Some(path) => write!(out, "/{path}"),
            None => Ok(()),
        }
    }
}

impl Serialize for Scope {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// The error for a text that is not a scope.
#[derive(Debug, Error, PartialEq, Eq)]
#[error("{text:?} is no registry, registry/path or *.domain")]
pub struct ScopeError {
    text: String,
}

fn is_below(registry: &Registry, domain: &str) -> bool {
    registry.as_str().split_once('.').is_some_and(|(_, rest)| rest == domain)
}

impl Hint for ScopeError {
    fn hint(&self) -> Option<String> {
        Some("for example: ghcr.io, docker.io/acme or *.pkg.coding.net".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> Address {
        Address::parse(text).expect(text)
    }

    #[test]
    fn a_scope_has_one_spelling() {
        for (text, want) in [
            ("GHCR.io", "ghcr.io"),
            ("https://index.docker.io/v1/", "docker.io"),
            ("docker.io/acme/", "docker.io/acme"),
            ("*.pkg.coding.net", "*.pkg.coding.net"),
            ("*.Azurecr.io/team", "*.azurecr.io/team"),
            ("[::1]:5000/acme", "[::1]:5000/acme"),
        ] {
            let scope = Scope::parse(text).expect(text);
            assert_eq!(scope.to_string(), want, "{text}");
            assert_eq!(Scope::parse(want), Ok(scope), "{text}");
        }
        for text in [
            "",
            "*",
            "*.",
            "*.io",
            "a.*.io",
            "**.a.io",
            "*.https://a.io",
            "x y",
            "user@ghcr.io",
            "*.index.docker.io",
            "*.docker.io/x",
            "*.[::ffff:1.2.3.4]",
        ] {
            assert!(Scope::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_typed_repository_without_its_registry_is_refused() {
        for (text, is_scope) in
            [("acme/app", false), ("docker.io/acme", true), ("localhost/a", true), ("h", true)]
        {
            assert_eq!(Scope::parse_typed(text).is_ok(), is_scope, "{text}");
        }
    }

    #[test]
    fn a_scope_covers_only_requests_inside_it() {
        for (scope, request, want) in [
            ("ghcr.io", "ghcr.io", true),
            ("ghcr.io", "ghcr.io/acme/app", true),
            ("ghcr.io", "evil-ghcr.io", false),
            ("ghcr.io", "ghcr.io.evil.example", false),
            ("ghcr.io", "ghcr.io:8443", false),
            ("ghcr.io/acme", "ghcr.io/acme", true),
            ("ghcr.io/acme", "ghcr.io/acme/app", true),
            ("ghcr.io/acme", "ghcr.io/acme-x/app", false),
            ("ghcr.io/acme", "ghcr.io", true), // unknown repository
            ("*.pkg.coding.net", "team-docker.pkg.coding.net/shop/app", true),
            ("*.pkg.coding.net", "pkg.coding.net", false),
            ("*.pkg.coding.net", "a.b.pkg.coding.net", false),
            ("*.pkg.coding.net", "evilpkg.coding.net", false),
            ("*.pkg.coding.net:5000", "team.pkg.coding.net:5000", true),
            ("*.pkg.coding.net:5000", "team.pkg.coding.net", false),
        ] {
            let (parsed, address) = (Scope::parse(scope).expect(scope), address(request));
            assert_eq!(parsed.covers(address.registry(), address.repository()), want, "{scope} {request}");
        }
    }

    #[test]
    fn scopes_overlap_when_a_request_can_be_inside_both() {
        for (one, two, want) in [
            ("ghcr.io", "ghcr.io/acme", true),
            ("ghcr.io/acme", "ghcr.io/acme/app", true),
            ("ghcr.io/acme", "ghcr.io/acme-x", false),
            ("ghcr.io", "quay.io", false),
            ("*.b.c", "a.b.c/x", true),
            ("*.b.c/y", "a.b.c/x", false),
            ("*.b.c", "*.b.c/x", true),
            ("*.b.c", "*.c.b", false),
        ] {
            let (one, two) = (Scope::parse(one).expect(one), Scope::parse(two).expect(two));
            assert_eq!((one.overlaps(&two), two.overlaps(&one)), (want, want), "{one} {two}");
        }
    }

    #[test]
    fn a_scope_lies_within_its_registry_and_the_paths_above_it() {
        for (scope, outer, want) in [
            ("ghcr.io", "ghcr.io", true),
            ("ghcr.io/acme", "ghcr.io", true),
            ("ghcr.io", "ghcr.io/acme", false),
            ("ghcr.io/acme/app", "ghcr.io/acme", true),
            ("ghcr.io/acme-x", "ghcr.io/acme", false),
            ("*.pkg.coding.net", "team.pkg.coding.net", true),
        ] {
            let parsed = Scope::parse(scope).expect(scope);
            assert_eq!(parsed.lies_within(&address(outer)), want, "{scope} {outer}");
        }
    }
}
