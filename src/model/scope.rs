//! The scope of a token: a registry, a path on it, or every host below a domain.

use std::fmt;

use serde::{Serialize, Serializer};
use thiserror::Error;

use crate::model::hint::Hint;
use crate::model::registry::{Address, Registry, covers, is_api_root};

/// A host, a host with a path, or a wildcard host: `ghcr.io`, `docker.io/acme`, `*.pkg.coding.net`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Scope {
    host: Host,
    path: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Host {
    Exact(Registry),
    /// Every host with the same labels. A label `*` is any label.
    Wildcard(String),
}

/// A label of a wildcard host that is any label.
const ANY_LABEL: &str = "*";

/// Public suffixes of two labels, under which anybody can register a name. A wildcard over one would reach the
/// registries of strangers. The full list is at <https://publicsuffix.org>.
const PUBLIC_SUFFIXES: [&str; 48] = [
    "ac.cn", "ac.jp", "ac.kr", "ac.uk", "ac.za", "co.id", "co.il", "co.in", "co.jp", "co.ke", "co.kr",
    "co.nz", "co.th", "co.uk", "co.za", "com.ar", "com.au", "com.br", "com.cn", "com.co", "com.hk", "com.mx",
    "com.my", "com.ng", "com.pe", "com.ph", "com.pk", "com.pl", "com.sa", "com.sg", "com.tr", "com.tw",
    "com.ua", "com.vn", "edu.au", "edu.cn", "gov.au", "gov.cn", "gov.uk", "me.uk", "ne.jp", "net.au",
    "net.cn", "or.jp", "org.au", "org.cn", "org.uk", "or.kr",
];

impl Scope {
    /// Reads a scope, with any spelling of a registry. `*` stands for one whole label of a host, except for its last
    /// two labels.
    pub fn parse(text: &str) -> Result<Self, ScopeError> {
        let host = text.split_once('/').map_or(text, |(host, _)| host);
        let scope = if host.contains(ANY_LABEL) {
            Self::parse_wildcard(text)
        } else {
            Address::parse(text).map(|address| Self::from_address(&address))
        };
        scope.ok_or_else(|| ScopeError::Malformed(text.to_owned()))
    }

    fn parse_wildcard(text: &str) -> Option<Self> {
        let (host, path) = text.split_once('/').unwrap_or((text, ""));
        let labels: Vec<&str> = host.split('.').collect();
        let is_literal = |label: &&str| !label.contains(ANY_LABEL);
        let (wild, last_two) = labels.split_at_checked(labels.len().checked_sub(2)?)?;
        let is_whole_label = |label: &&str| *label == ANY_LABEL || is_literal(label);
        if !last_two.iter().all(is_literal) || !wild.iter().all(is_whole_label) {
            return None;
        }
        // Docker Hub has no registries below it.
        let domain = host.rsplit_once("*.").map_or(host, |(_, domain)| domain);
        if Registry::parse(domain).is_some_and(|registry| registry.is_docker_hub()) {
            return None;
        }
        let address = Address::parse(&format!("{}/{path}", host.replace(ANY_LABEL, "any")))?;
        let known = address.registry().as_str().split('.').zip(&labels);
        let known = known.map(|(label, written)| if *written == ANY_LABEL { ANY_LABEL } else { label });
        let host = Host::Wildcard(known.collect::<Vec<_>>().join("."));
        Some(Self { host, path: address.repository().map(str::to_owned) })
    }

    /// Reads a scope as a person writes it. It refuses a repository without its registry, such as `acme/app`, and a
    /// wildcard directly over a public suffix.
    pub fn parse_typed(text: &str) -> Result<Self, ScopeError> {
        let scope = Self::parse(text)?;
        let host = scope.host();
        if scope.path.is_some() && !host.contains(['.', ':']) && host != "localhost" {
            return Err(ScopeError::Malformed(text.to_owned()));
        }
        let without_port = host.split_once(':').map_or(host.as_str(), |(host, _)| host);
        let mut labels = without_port.rsplitn(3, '.');
        let (last, last_but_one) = (labels.next(), labels.next());
        let suffix = last_but_one.zip(last).map(|(one, other)| format!("{one}.{other}"));
        let is_wild_below = labels.next().is_some_and(|rest| rest.rsplit('.').next() == Some(ANY_LABEL));
        match suffix.filter(|suffix| is_wild_below && PUBLIC_SUFFIXES.contains(&suffix.as_str())) {
            Some(suffix) => Err(ScopeError::PublicSuffix { text: text.to_owned(), suffix }),
            None => Ok(scope),
        }
    }

    /// Reads a scope as version 0.1 wrote it to a vault: its path may have capitals.
    pub fn parse_stored(text: &str) -> Result<Self, ScopeError> {
        let mut scope = Self::parse(text)?;
        if let Some((_, written)) = text.split_once('/') {
            let is_path = scope.path.as_ref().is_some_and(|path| written.eq_ignore_ascii_case(path));
            // Version 0.1 took `V2` for a repository.
            if is_path || is_api_root(written) {
                scope.path = Some(written.to_owned());
            }
        }
        Ok(scope)
    }

    /// Makes the path lower case. The root of the API becomes the whole registry.
    pub fn make_lowercase(&mut self) {
        self.path = self.path.take().map(|path| path.to_ascii_lowercase()).filter(|path| !is_api_root(path));
    }

    /// Returns the same scope at another registry; `None` for a scope elsewhere.
    pub fn moved(&self, from: &Registry, to: &Registry) -> Option<Self> {
        (self.registry() == Some(from))
            .then(|| Self { host: Host::Exact(to.clone()), path: self.path.clone() })
    }

    /// Makes the scope of an address: its registry or, if it has a repository, that part of it.
    pub fn from_address(address: &Address) -> Self {
        Self { host: Host::Exact(address.registry().clone()), path: address.repository().map(str::to_owned) }
    }

    /// Returns the text under which a vault's directory lists a scope with this host. Of a host with a `*` that is not
    /// its only one and its first label, it is the last two labels.
    pub fn handle(&self) -> String {
        match &self.host {
            Host::Exact(registry) => registry.as_str().to_owned(),
            Host::Wildcard(host) if host.rfind(ANY_LABEL) == Some(0) => host.clone(),
            Host::Wildcard(host) => last_two_labels(host).to_owned(),
        }
    }

    /// Returns the [handles](Self::handle) of all scopes that can reach a registry.
    pub fn handles_for(registry: &Registry) -> [Option<String>; 3] {
        let host = registry.as_str();
        // Every `get` runs this, so it does without the formatting machinery.
        let wildcard = host.split_once('.').map(|(_, domain)| "*.".to_owned() + domain);
        [Some(host.to_owned()), wildcard, Some(last_two_labels(host).to_owned())]
    }

    /// True when version 0.1 can read the scope: it knows `*` as the first label only, and takes `host:80` for `host`.
    pub fn is_known_to_first_version(&self) -> bool {
        let host = self.host();
        host.rfind(ANY_LABEL).unwrap_or_default() == 0 && !host.ends_with(":80")
    }

    /// Returns the host as text: a registry, or a host with `*` for some labels.
    pub fn host(&self) -> String {
        match &self.host {
            Host::Exact(registry) => registry.as_str().to_owned(),
            Host::Wildcard(host) => host.clone(),
        }
    }

    /// Returns the registry, unless the scope is a wildcard.
    pub fn registry(&self) -> Option<&Registry> {
        match &self.host {
            Host::Exact(registry) => Some(registry),
            Host::Wildcard(_) => None,
        }
    }

    pub fn is_wildcard(&self) -> bool {
        self.registry().is_none()
    }

    /// Returns the number of labels that may be any label.
    pub fn wildcard_count(&self) -> usize {
        match &self.host {
            Host::Exact(_) => 0,
            Host::Wildcard(host) => host.split('.').filter(|label| *label == ANY_LABEL).count(),
        }
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
            Host::Wildcard(host) => matches(host, registry.as_str()),
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
            (Host::Wildcard(one), Host::Wildcard(two)) => {
                let is_same = |(one, two): (&str, &str)| one == two || [one, two].contains(&ANY_LABEL);
                one.split('.').count() == two.split('.').count()
                    && one.split('.').zip(two.split('.')).all(is_same)
            }
        };
        share_a_host
            && match (&self.path, &other.path) {
                (Some(one), Some(two)) => covers(one, two) || covers(two, one),
                (None, _) | (_, None) => true,
            }
    }

    /// True when the scope covers everything that the other one covers.
    pub fn includes(&self, other: &Self) -> bool {
        let includes_host = match (&self.host, &other.host) {
            (Host::Exact(one), Host::Exact(two)) => one == two,
            (Host::Exact(_), Host::Wildcard(_)) => false,
            (Host::Wildcard(one), Host::Exact(two)) => matches(one, two.as_str()),
            (Host::Wildcard(one), Host::Wildcard(two)) => matches(one, two),
        };
        includes_host
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
pub enum ScopeError {
    #[error("{0:?} is not a registry, registry/path or *.domain")]
    Malformed(String),
    #[error("{text:?} would reach every registry under {suffix}, where anybody can register a name")]
    PublicSuffix { text: String, suffix: String },
}

/// True when every label of a host is the same as in the wildcard host, or is `*` there.
fn matches(wildcard: &str, host: &str) -> bool {
    let mut labels = host.split('.');
    let is_match = |label: &str| labels.next().is_some_and(|other| label == ANY_LABEL || label == other);
    wildcard.split('.').all(is_match) && labels.next().is_none()
}

fn last_two_labels(host: &str) -> &str {
    host.rmatch_indices('.').nth(1).map_or(host, |(dot, _)| &host[dot + 1..])
}

impl Hint for ScopeError {
    fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Malformed(_) => "for example: ghcr.io, docker.io/acme or *.pkg.coding.net".to_owned(),
            Self::PublicSuffix { suffix, .. } => format!("name the domain too, as in *.example.{suffix}"),
        })
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
            ("*.dkr.ecr.*.Amazonaws.com", "*.dkr.ecr.*.amazonaws.com"),
            ("a.*.b.c:5000/Team", "a.*.b.c:5000/team"),
            ("*.*.b.c:443", "*.*.b.c"),
            ("ghcr.io/Acme", "ghcr.io/acme"),
            ("ghcr.io/V2/", "ghcr.io"),
            ("*.a.io/V1", "*.a.io"),
            ("ghcr.io:80", "ghcr.io:80"),
            ("[::1]:5000/acme", "[::1]:5000/acme"),
        ] {
            let scope = Scope::parse(text).expect(text);
            assert_eq!(scope.to_string(), want, "{text}");
            assert_eq!(Scope::parse_stored(want), Ok(scope.clone()), "{text}");
            assert_eq!(Scope::parse(want), Ok(scope), "{text}");
        }
        for text in [
            "",
            "*",
            "*.",
            "*.io",
            "a.*.io",
            "*.*.io",
            "*.a.*",
            "a.b.*",
            "**.a.io",
            "a*.b.io",
            "*b.c.io",
            "https://*.a.io",
            "*.a.io:x",
            "*.registry-1.docker.io:443",
            "ghcr.io/app:1",
            "*.a.io/app:1",
            "*.https://a.io",
            "x y",
            "user@ghcr.io",
            "*.index.docker.io",
            "*.docker.io/x",
            "a.*.docker.io",
            "*.[::1]",
            "*.[::ffff:1.2.3.4]",
        ] {
            assert!(Scope::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_scope_of_version_0_1_keeps_its_spelling_until_it_is_made_lower_case() {
        for (text, lower) in [
            ("ghcr.io/Acme/App", "ghcr.io/acme/app"),
            ("*.a.io/Acme", "*.a.io/acme"),
            ("ghcr.io/V2", "ghcr.io"),
            ("ghcr.io/V2/Acme", "ghcr.io/v2/acme"),
            ("[::1]:5000/Acme", "[::1]:5000/acme"),
        ] {
            let mut scope = Scope::parse_stored(text).expect(text);
            assert_eq!(scope.to_string(), text);
            scope.make_lowercase();
            assert_eq!(Scope::parse(lower), Ok(scope), "{text}");
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
    fn a_typed_wildcard_directly_over_a_public_suffix_is_refused() {
        for (text, is_scope) in [
            ("*.co.uk", false),
            ("*.co.uk/acme", false),
            ("*.*.co.uk", false),
            ("*.com.au", false),
            ("*.acme.co.uk", true),
            ("acme.*.co.uk", false),
            ("*.co.uk:5000", false),
            ("*.acme.co.uk:5000", true),
            ("*.acme.*.example.co.uk", true),
            ("acme.co.uk", true),
            ("*.azurecr.io", true),
        ] {
            assert_eq!(Scope::parse_typed(text).is_ok(), is_scope, "{text}");
            assert!(Scope::parse(text).is_ok(), "{text}");
        }
    }

    #[test]
    fn a_request_looks_for_the_handle_of_every_scope_that_reaches_it() {
        for (scope, handle, host) in [
            ("ghcr.io/acme", "ghcr.io", "ghcr.io"),
            ("*.b.c", "*.b.c", "a.b.c"),
            ("*.b.c:5000", "*.b.c:5000", "a.b.c:5000"),
            ("a.*.b.c", "b.c", "a.x.b.c"),
            ("*.*.b.c", "b.c", "x.y.b.c"),
            ("*.dkr.ecr.*.amazonaws.com", "amazonaws.com", "1.dkr.ecr.eu.amazonaws.com"),
        ] {
            let (scope, registry) = (Scope::parse(scope).expect(scope), Registry::parse(host).expect(host));
            assert_eq!(scope.handle(), handle);
            assert!(
                scope.reaches(&registry) && Scope::handles_for(&registry).contains(&Some(handle.to_owned()))
            );
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
            ("*.dkr.ecr.*.amazonaws.com", "1.dkr.ecr.eu-west-1.amazonaws.com/app", true),
            ("*.dkr.ecr.*.amazonaws.com", "1.dkr.ecr.eu.west.amazonaws.com", false),
            ("*.dkr.ecr.*.amazonaws.com", "dkr.ecr.eu-west-1.amazonaws.com", false),
            ("*.dkr.ecr.*.amazonaws.com", "1.dkr.ecr.eu-west-1.amazonaws.com.evil.example", false),
            ("*.dkr.ecr.*.amazonaws.com", "1.dkr-ecr.eu-west-1.amazonaws.com", false),
            ("*.dkr.ecr.*.amazonaws.com", "1.dkr.ecr.eu-west-1.amazonaws.com:80", false),
            ("a.*.b.c", "a.x.b.c", true),
            ("a.*.b.c", "a.b.c", false),
            ("ghcr.io", "ghcr.io:80", false),
            ("ghcr.io/acme", "ghcr.io/ACME/app", true),
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
            ("*.x.b.c", "a.*.b.c", true),
            ("*.x.b.c", "a.*.b.d", false),
            ("*.*.b.c", "*.b.c", false),
            ("*.*.b.c", "x.y.b.c/z", true),
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
