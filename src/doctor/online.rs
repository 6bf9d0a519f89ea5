//! What registries and Docker Hub say of the tokens, when a person lets them be asked.

use zeroize::Zeroizing;

use crate::doctor::keys::OpenedContents;
use crate::doctor::{Fact, Findings, Rule, Severity};
use crate::http::Http;
use crate::http::endpoint::PlainHttp;
use crate::hub::api::error::HubApiError;
use crate::hub::api::token::ApiToken;
use crate::hub::api::{HubAccount, HubApi};
use crate::hub::docker_session::{is_good, sessions};
use crate::hub::label_marker::unmarked;
use crate::inventory::Inventory;
use crate::model::registry::Registry;
use crate::model::scope::Scope;
use crate::model::secret::Secret;
use crate::model::timestamp::Timestamp;
use crate::model::token::{Token, TokenKind, TokenState};
use crate::system::sanitize::error_chain;
use crate::verify::response::LoginOutcome;
use crate::verify::{LoginRequest, RegistryClient};

static REFUSED: Rule = Rule {
    word: "token-refused",
    severity: Severity::Problem,
    what: "%2 does not take token \"%1\"",
    why: "whatever is pulled or pushed with it is refused",
    mend: "docker-credential-pat rotate %1, with a new one from where it was made",
    repair: None,
};
static REFUSED_OF_HUB: Rule = Rule {
    mend: "docker-credential-pat hub sync, which tells whether it is off or gone there; hub rotate %1 replaces it",
    ..REFUSED
};
static UNASKED: Rule = Rule {
    word: "registry-unasked",
    severity: Severity::Warning,
    what: "%2 could not be asked about token \"%1\": %3",
    why: "whether it takes the token is not known",
    mend: "docker-credential-pat verify %1",
    repair: None,
};
static LOST_AT_HUB: Rule = Rule {
    word: "hub-token-lost",
    severity: Severity::Warning,
    what: "a token labelled \"%1\" is at Docker Hub, of which nobody has the secret",
    why: "it was left when its making was stopped, unless another machine is at it now, and counts as one of yours",
    mend: "docker-credential-pat hub rm --id %2",
    repair: None,
};
static GENERATED: Rule = Rule {
    word: "hub-tokens-generated",
    severity: Severity::Note,
    what: "%1 of your tokens at Docker Hub were made by Docker Desktop or docker login",
    why: "five at most are kept, the oldest goes, and deleted ones come back by themselves",
    mend: "docker-credential-pat hub tokens shows them; there is nothing to do",
    repair: None,
};
static HUB_UNASKED: Rule = Rule {
    word: "hub-unasked",
    severity: Severity::Note,
    what: "Docker Hub was not asked about your tokens: %1",
    why: "tokens of which nobody has the secret, and those of Docker Desktop, are known there alone",
    mend: "docker login without -u, then doctor --online again; or docker-credential-pat hub tokens",
    repair: None,
};

/// Asks each registry about each token that it could get, and Docker Hub for its list where somebody is signed
/// in there. What is waited for is told.
pub fn check(
    contents: &OpenedContents,
    hub: Result<HubApi, HubApiError>,
    now: Timestamp,
    progress: &mut dyn FnMut(&str),
    findings: &mut Findings,
) {
    let http = Http::default();
    let registries = RegistryClient { http: &http, plain: PlainHttp::Loopback };
    for (at, token) in contents.inventory.tokens().iter().enumerate() {
        let is_asked = token.standing == TokenState::Active
            && !token.has_expired(now)
            && token.kind != TokenKind::Session;
        if let Some(secret) = contents.secret(at).filter(|_| is_asked) {
            for registry in token.scopes.iter().filter_map(Scope::registry) {
                of_registry(token, secret, registry, &registries, progress, findings);
            }
        }
    }
    let has_hub =
        |token: &Token| token.scopes.iter().filter_map(Scope::registry).any(Registry::is_docker_hub);
    if contents.inventory.tokens().iter().any(has_hub) {
        match hub.and_then(|hub| listed(contents, &hub, now)) {
            Ok(Some(listed)) => of_hub(&listed, &contents.inventory, findings),
            Ok(None) => findings.add(&HUB_UNASKED, &[Fact::Text("nobody is signed in there by a browser")]),
            Err(error) => findings.add(&HUB_UNASKED, &[Fact::Text(&error_chain(&error))]),
        }
    }
}

fn of_registry(
    token: &Token,
    secret: &Secret,
    registry: &Registry,
    registries: &RegistryClient<'_>,
    progress: &mut dyn FnMut(&str),
    findings: &mut Findings,
) {
    let login = LoginRequest { user: token.user.reveal_with(secret), secret };
    let of_hub = token.is_of_hub();
    let (token, name) = (Fact::Token(token), Fact::Text(registry.as_str()));
    match registries.authenticate(registry, login, None, progress) {
        Ok(reception) if reception.outcome == LoginOutcome::Refused => {
            findings.add(if of_hub { &REFUSED_OF_HUB } else { &REFUSED }, &[token, name]);
        }
        Ok(_) => {}
        Err(error) => findings.add(&UNASKED, &[token, name, Fact::Text(&error_chain(&error))]),
    }
}

/// Returns every token of who is signed in at Docker Hub by what `docker login` left; `None` when nobody is.
fn listed(
    contents: &OpenedContents,
    hub: &HubApi,
    now: Timestamp,
) -> Result<Option<Vec<ApiToken>>, HubApiError> {
    for (token, user) in sessions(&contents.inventory) {
        let at = contents.inventory.tokens().iter().position(|other| other.id == token.id);
        let bearer = at.and_then(|at| contents.secret(at)).filter(|bearer| is_good(bearer, now));
        if let Some(bearer) = bearer {
            hub.refuse_elsewhere()?;
            // It goes with who is signed in, and is wiped with them.
            let bearer = Secret::new(Zeroizing::new(bearer.expose().to_owned()));
            return hub.as_before(user.to_owned(), bearer).all(&HubAccount::Person).map(Some);
        }
    }
    Ok(None)
}

fn of_hub(listed: &[ApiToken], inventory: &Inventory, findings: &mut Findings) {
    let is_here = |listed: &ApiToken| {
        let mut remotes = inventory.tokens().iter().filter_map(|token| token.remote.as_ref());
        remotes.any(|remote| remote.id == listed.id)
    };
    for lost in listed.iter().filter(|listed| unmarked(&listed.label).is_some() && !is_here(listed)) {
        findings.add(&LOST_AT_HUB, &[Fact::Text(&lost.label), Fact::Text(&lost.id)]);
    }
    let generated = listed.iter().filter(|listed| listed.is_generated()).count();
    if generated > 0 {
        findings.add(&GENERATED, &[Fact::Line(generated as u64)]);
    }
}
