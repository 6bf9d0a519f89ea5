//! CODING's teams: their names, and the addresses of their images and their API.

use std::fmt;

use crate::coding::error::CodingError;
use crate::inventory::Inventory;
use crate::model::registry::Registry;
use crate::model::scope::Scope;
use crate::model::token::Token;

/// The suffix of a team's image host, after the team's name.
const IMAGE_HOST_SUFFIX: &str = "-docker.pkg.coding.net";

/// The suffix of a team's API host, after the team's name.
const API_HOST_SUFFIX: &str = ".coding.net";

/// The longest label of a host, in bytes: <https://www.rfc-editor.org/rfc/rfc1035#section-2.3.4>.
const MAX_LABEL_BYTES: usize = 63;

/// A team's name, as it appears in the team's addresses.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Team(String);

impl Team {
    /// Parses a team's name; `None` when it cannot be part of a host.
    pub fn parse(text: &str) -> Option<Self> {
        let name = text.to_ascii_lowercase();
        let is_fit = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        let is_label = !name.is_empty()
            && name.len() + IMAGE_HOST_SUFFIX.find('.').unwrap_or_default() <= MAX_LABEL_BYTES
            && name.bytes().all(is_fit)
            && !name.starts_with('-');
        is_label.then_some(Self(name))
    }

    /// Returns the team whose images are at a registry.
    pub fn from_registry(registry: &Registry) -> Option<Self> {
        registry.as_str().strip_suffix(IMAGE_HOST_SUFFIX).and_then(Self::parse)
    }

    /// Returns the team whose API is at a host.
    pub fn from_api_host(host: &str) -> Option<Self> {
        host.to_ascii_lowercase().strip_suffix(API_HOST_SUFFIX).and_then(Self::parse)
    }

    /// Returns the teams in a token's scopes; a wildcard names none.
    pub fn all_from_scopes(token: &Token) -> impl Iterator<Item = Self> {
        token.scopes.iter().filter_map(Scope::registry).filter_map(Self::from_registry)
    }

    /// Returns the team of all tokens in the vault, if there is exactly one.
    pub fn only_one(inventory: &Inventory) -> Result<Self, CodingError> {
        let mut teams: Vec<Self> = inventory.tokens().iter().flat_map(Self::all_from_scopes).collect();
        teams.sort();
        teams.dedup();
        match teams.as_slice() {
            [team] => Ok(team.clone()),
            _ => Err(CodingError::UnknownTeam(teams.iter().map(ToString::to_string).collect())),
        }
    }

    /// Returns the host of the team's images: `team-docker.pkg.coding.net`.
    pub fn image_host(&self) -> String {
        format!("{}{IMAGE_HOST_SUFFIX}", self.0)
    }

    /// Returns the address of the team's API: `https://team.coding.net`.
    pub fn api_url(&self) -> String {
        format!("https://{}{API_HOST_SUFFIX}", self.0)
    }

    /// True when a token's scopes include the team's images.
    pub fn is_reached_by(&self, token: &Token) -> bool {
        Registry::parse(&self.image_host())
            .is_some_and(|images| token.scopes.iter().any(|scope| scope.reaches(&images)))
    }
}

impl fmt::Display for Team {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_teams_name_is_parsed_if_it_fits_a_host() {
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
            assert_eq!(Team::parse(text).map(|team| team.api_url()).as_deref(), want, "{text}");
        }
        assert_eq!(Team::parse(&"a".repeat(64)), None);
    }

    #[test]
    fn a_team_is_found_in_the_host_of_its_images_only() {
        for (registry, want) in [
            ("acme-docker.pkg.coding.net", Some("acme")),
            ("a-b-docker.pkg.coding.net", Some("a-b")),
            ("docker.pkg.coding.net", None),
            ("x.acme-docker.pkg.coding.net", None),
            ("acme-docker.pkg.coding.net.evil.example", None),
            ("ghcr.io", None),
        ] {
            let registry = Registry::parse(registry).expect(registry);
            assert_eq!(Team::from_registry(&registry), want.and_then(Team::parse), "{registry}");
        }
    }
}
