//! Personal access tokens: finds the one to use at an endpoint, and decides which endpoints one may be sent to.

use crate::coding::coding_remote;
use crate::coding::team::Team;
use crate::http::endpoint::Endpoint;
use crate::inventory::Inventory;
use crate::model::registry::Registry;
use crate::model::timestamp::Timestamp;
use crate::model::token::{Token, TokenKind, TokenState};

/// The API for every team: <https://coding.net/help/openapi>.
pub const ANY_TEAM_URL: &str = "https://e.coding.net";

/// The wildcard for the image hosts of every team.
const ANY_IMAGE_HOST: &str = "*.pkg.coding.net";

/// Returns the usable personal access token for an endpoint: of several, the one put in use last, else the
/// first. At the endpoint for every team, `team` narrows the choice.
pub fn personal_token<'i>(
    inventory: &'i Inventory,
    endpoint: &Endpoint,
    team: Option<&Team>,
    now: Timestamp,
) -> Option<&'i Token> {
    let is_usable = |token: &Token| {
        token.state == TokenState::Active && !token.has_expired(now) && !token.is_signed_out()
    };
    let is_for_team =
        |token: &Token| !endpoint.is_at(ANY_TEAM_URL) || team.is_none_or(|team| team.is_reached_by(token));
    inventory
        .tokens()
        .iter()
        .filter(|token| token.kind == TokenKind::Pat && is_usable(token))
        .filter(|token| may_send_to(token, endpoint) && is_for_team(token))
        .rev()
        .max_by_key(|token| token.in_use.map(|in_use| in_use.turn))
}

/// True when a token's secret may be sent to an endpoint without a person's consent. The endpoint has to be CODING's
/// own endpoint of a team in the token's scopes, the one for every team, or one that the token itself names: by a
/// scope for exactly that host and port, or as the endpoint where the token was created.
pub fn may_send_to(token: &Token, endpoint: &Endpoint) -> bool {
    names_endpoint(token, endpoint) || is_endpoint_of_its_team(token, endpoint)
}

/// True when an endpoint is CODING's own: the one for every team, or that of the token's team. A token that opens no
/// registry does not show its team.
pub fn is_codings_own(endpoint: &Endpoint, token: &Token) -> bool {
    let mut teams = Team::all_from_scopes(token).peekable();
    let is_own = |team: &Team| endpoint.is_at(&team.api_url());
    endpoint.is_at(ANY_TEAM_URL)
        || if teams.peek().is_some() {
            teams.any(|team| is_own(&team))
        } else {
            Team::from_api_host(endpoint.host()).is_some_and(|team| is_own(&team))
        }
}

fn is_endpoint_of_its_team(token: &Token, endpoint: &Endpoint) -> bool {
    if endpoint.is_at(ANY_TEAM_URL) {
        return Team::all_from_scopes(token).next().is_some()
            || token.scopes.iter().any(|scope| scope.host() == ANY_IMAGE_HOST);
    }
    Team::from_api_host(endpoint.host())
        .is_some_and(|team| endpoint.is_at(&team.api_url()) && team.is_reached_by(token))
}

fn names_endpoint(token: &Token, endpoint: &Endpoint) -> bool {
    let made_at = coding_remote(token).and_then(|remote| remote.base_url.as_deref());
    if made_at.is_some_and(|url| endpoint.is_at(url)) {
        return true;
    }
    let url = endpoint.to_string();
    let authority = url.split_once("://").and_then(|(_, authority)| Registry::parse(authority));
    // A wildcard was not written with an API in mind.
    authority.is_some_and(|host| token.scopes.iter().any(|scope| scope.registry() == Some(&host)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::endpoint::PlainHttp;
    use crate::inventory::tests::incoming_token;
    use crate::model::remote::{Remote, Service};
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
    fn an_endpoint_of_codings_own_is_that_of_the_tokens_team_or_of_all() {
        let acme = "acme-docker.pkg.coding.net/shop";
        for (scope, url, want) in [
            (acme, "https://acme.coding.net", true),
            (acme, "https://e.coding.net", true),
            (acme, "https://other.coding.net", false),
            (acme, "https://acme.coding.net:8443", false),
            (acme, "https://acme.coding.net.evil.example", false),
            (acme, "http://127.0.0.1:8080", false),
            ("*.pkg.coding.net", "https://other.coding.net", true),
            ("ghcr.io", "https://x.other.coding.net", false),
        ] {
            let endpoint = Endpoint::parse(url, PlainHttp::Loopback).expect(url);
            assert_eq!(is_codings_own(&endpoint, &token(scope, None)), want, "{scope} {url}");
        }
    }

    #[test]
    fn a_secret_may_be_sent_to_the_endpoint_of_its_own_team_only() {
        let acme = "acme-docker.pkg.coding.net";
        for (scope, made_at, url, want) in [
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
            let endpoint = Endpoint::parse(url, PlainHttp::Loopback).expect(url);
            assert_eq!(may_send_to(&token(scope, made_at), &endpoint), want, "{scope} {made_at:?} {url}");
        }
    }
}
