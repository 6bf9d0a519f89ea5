//! Where a team of CODING has its interface and its images, and which secrets may go there.

use std::fmt;

use crate::http::endpoint::Endpoint;
use crate::model::registry::Registry;
use crate::model::remote::Service;
use crate::model::scope::Scope;
use crate::model::token::Token;

/// Where the interface is for every team: <https://coding.net/help/openapi>.
pub const ANY_TEAM: &str = "https://e.coding.net";

/// Behind a team's name: where its images are.
const IMAGES: &str = "-docker.pkg.coding.net";

/// The images of every team.
const ANY_IMAGES: &str = "*.pkg.coding.net";

/// Behind a team's name: where its pages and its interface are.
const PAGES: &str = ".coding.net";

/// The longest label of a host: <https://www.rfc-editor.org/rfc/rfc1035#section-2.3.4>.
const MAX_BYTES: usize = 63;

/// A team's name, as it stands in its addresses.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Team(String);

impl Team {
    /// Takes a team's name; `None` when it could not stand in a host.
    pub fn parse(text: &str) -> Option<Self> {
        let name = text.to_ascii_lowercase();
        let is_fit = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        let is_label = !name.is_empty()
            && name.len() + IMAGES.find('.').unwrap_or_default() <= MAX_BYTES
            && name.bytes().all(is_fit)
            && !name.starts_with('-');
        is_label.then_some(Self(name))
    }

    /// Returns the team whose images are at a registry.
    pub fn of(registry: &Registry) -> Option<Self> {
        registry.as_str().strip_suffix(IMAGES).and_then(Self::parse)
    }

    /// Returns the teams to whose images a token may go; a wildcard names none.
    pub fn all_of(token: &Token) -> impl Iterator<Item = Self> {
        token.scopes.iter().filter_map(Scope::registry).filter_map(Self::of)
    }

    /// Returns the host of its images: `team-docker.pkg.coding.net`.
    pub fn images(&self) -> String {
        format!("{}{IMAGES}", self.0)
    }

    /// Returns where its interface is: `https://team.coding.net`.
    pub fn interface(&self) -> String {
        format!("https://{}{PAGES}", self.0)
    }

    /// True when a token is for its images.
    pub fn has(&self, token: &Token) -> bool {
        Registry::parse(&self.images())
            .is_some_and(|images| token.scopes.iter().any(|scope| scope.reaches(&images)))
    }
}

impl fmt::Display for Team {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

/// True when a token's secret may be sent to an interface without a person's word: CODING's own of a team
/// to whose images the token may go, the one for all teams, or one that the token itself names, by a scope
/// for that very host and port or as the place where it was made.
pub fn may_go(token: &Token, there: &Endpoint) -> bool {
    is_named_by(token, there) || is_of_its_team(token, there)
}

fn is_of_its_team(token: &Token, there: &Endpoint) -> bool {
    let is = |address: &str| there.is_at(address);
    if is(ANY_TEAM) {
        return Team::all_of(token).next().is_some()
            || token.scopes.iter().any(|scope| scope.host() == ANY_IMAGES);
    }
    let host = there.host().to_ascii_lowercase();
    let team = host.strip_suffix(PAGES).and_then(Team::parse);
    team.is_some_and(|team| is(&team.interface()) && team.has(token))
}

fn is_named_by(token: &Token, there: &Endpoint) -> bool {
    let made_at = token.remote.as_ref().filter(|remote| remote.service == Service::Coding);
    if made_at.and_then(|remote| remote.base_url.as_deref()).is_some_and(|at| there.is_at(at)) {
        return true;
    }
    let text = there.to_string();
    let authority = text.split_once("://").and_then(|(_, authority)| Registry::parse(authority));
    // A wildcard was not written with an interface in mind.
    authority.is_some_and(|host| token.scopes.iter().any(|scope| scope.registry() == Some(&host)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::endpoint::PlainHttp;
    use crate::inventory::Inventory;
    use crate::inventory::tests::incoming_token;
    use crate::model::remote::Remote;
    use crate::model::timestamp::Timestamp;
    use crate::model::token::Origin;

    fn token(scope: &str, made_at: Option<&str>) -> Token {
        let mut inventory = Inventory::default();
        let id = inventory.add_with_free_name(incoming_token("pat", scope, Origin::Add), Timestamp(0));
        let remote = made_at.map(|at| Remote {
            service: Service::Coding,
            base_url: Some(at.to_owned()),
            owner: "1".to_owned(),
            id: "1".to_owned(),
            last_used: None,
            rotation: None,
        });
        inventory.set_remote(id, remote);
        inventory.tokens()[0].clone()
    }

    #[test]
    fn a_teams_name_is_what_a_host_can_hold() {
        for (text, want) in [
            ("acme", Some("https://acme.coding.net")),
            ("Acme-1", Some("https://acme-1.coding.net")),
            ("", None),
            ("-a", None),
            ("a.b", None),
            ("a/b", None),
            ("evil.example#", None),
            ("字", None),
        ] {
            assert_eq!(Team::parse(text).map(|team| team.interface()).as_deref(), want, "{text}");
        }
        assert_eq!(Team::parse(&"a".repeat(64)), None);
        for (registry, want) in [
            ("acme-docker.pkg.coding.net", Some("acme")),
            ("a-b-docker.pkg.coding.net", Some("a-b")),
            ("docker.pkg.coding.net", None),
            ("x.acme-docker.pkg.coding.net", None),
            ("acme-docker.pkg.coding.net.evil.example", None),
            ("ghcr.io", None),
        ] {
            let registry = Registry::parse(registry).expect(registry);
            assert_eq!(Team::of(&registry), want.and_then(Team::parse), "{registry}");
        }
    }

    #[test]
    fn a_secret_goes_to_its_own_teams_interface_and_to_no_other() {
        let acme = "acme-docker.pkg.coding.net";
        for (scope, made_at, there, want) in [
            (acme, None, "https://acme.coding.net", true),
            (acme, None, "https://ACME.coding.net:443", true),
            ("acme-docker.pkg.coding.net/shop", None, "https://acme.coding.net", true),
            ("*.pkg.coding.net", None, "https://acme.coding.net", true),
            (acme, None, "https://e.coding.net", true),
            ("*.pkg.coding.net", None, "https://e.coding.net", true),
            ("ghcr.io", None, "https://e.coding.net", false),
            ("x.acme-docker.pkg.coding.net", None, "https://e.coding.net", false),
            ("coding.net", None, "https://e.coding.net", false),
            ("*.coding.net", None, "https://acme.coding.net", false),
            (acme, None, "https://other.coding.net", false),
            (acme, None, "https://acme.coding.net:8443", false),
            (acme, None, "http://127.0.0.1:8080", false),
            (acme, None, "https://acme.coding.net.evil.example", false),
            (acme, None, "https://evil.example", false),
            (acme, None, "https://x.acme.coding.net", false),
            (acme, Some("https://coding.example.com"), "https://coding.example.com", true),
            (acme, Some("https://coding.example.com"), "https://coding.example.com:444", false),
            ("coding.example.com", None, "https://coding.example.com", true),
            ("*.example.com", None, "https://coding.example.com", false),
            ("127.0.0.1:8080", None, "http://127.0.0.1:8080", true),
            ("127.0.0.1:8081", None, "http://127.0.0.1:8080", false),
        ] {
            let place = Endpoint::parse(there, PlainHttp::Loopback).expect(there);
            assert_eq!(may_go(&token(scope, made_at), &place), want, "{scope} {made_at:?} {there}");
        }
    }
}
