//! Checks that use the network: registries are asked about each token, and Docker Hub for its list of tokens.

use zeroize::Zeroizing;

use crate::doctor::keys::OpenedContents;
use crate::doctor::{Finding, Severity, token_name};
use crate::http::Http;
use crate::http::endpoint::PlainHttp;
use crate::hub::api::error::HubApiError;
use crate::hub::api::token::ApiToken;
use crate::hub::api::{HubAccount, HubApi};
use crate::hub::docker_session::{is_valid, sessions};
use crate::hub::label_marker::unmarked_label;
use crate::inventory::Inventory;
use crate::model::hint::program;
use crate::model::registry::Registry;
use crate::model::scope::Scope;
use crate::model::secret::Secret;
use crate::model::timestamp::Timestamp;
use crate::model::token::{Token, TokenKind, TokenState};
use crate::system::sanitize::error_chain;
use crate::verify::response::LoginOutcome;
use crate::verify::{LoginRequest, RegistryClient};

/// Asks each registry about each token that could be sent to it, and asks Docker Hub for its list if `docker login`
/// has signed in there through a browser. `progress` gets a line for each wait.
pub fn check(
    contents: &OpenedContents,
    hub: Result<HubApi, HubApiError>,
    now: Timestamp,
    progress: &mut dyn FnMut(&str),
    findings: &mut Vec<Finding>,
) {
    let http = Http::default();
    let registries = RegistryClient { http: &http, plain: PlainHttp::Loopback };
    for (index, token) in contents.inventory.tokens().iter().enumerate() {
        let is_usable =
            token.state == TokenState::Active && !token.has_expired(now) && token.kind != TokenKind::Session;
        if let Some(secret) = contents.secret(index).filter(|_| is_usable) {
            for registry in token.scopes.iter().filter_map(Scope::registry) {
                findings.extend(check_registry(token, secret, registry, &registries, progress));
            }
        }
    }
    let is_at_hub = |token: &Token| {
        token.scopes.iter().filter_map(Scope::registry).any(Registry::accepts_docker_hub_tokens)
    };
    if contents.inventory.tokens().iter().any(is_at_hub) {
        match hub.and_then(|hub| list_at_hub(contents, &hub, now)) {
            Ok(Some(listed)) => check_hub(&listed, &contents.inventory, findings),
            Ok(None) => findings.push(hub_not_asked("nobody is signed in there by a browser")),
            Err(error) => findings.push(hub_not_asked(&error_chain(&error))),
        }
    }
}

fn check_registry(
    token: &Token,
    secret: &Secret,
    registry: &Registry,
    registries: &RegistryClient<'_>,
    progress: &mut dyn FnMut(&str),
) -> Option<Finding> {
    let login = LoginRequest { user: token.user.reveal_with(secret), secret };
    let (name, argument) = (token_name::display_name(token), token_name::argument(token));
    match registries.authenticate(registry, login, None, progress) {
        Ok(answer) if answer.outcome == LoginOutcome::Refused => Some(Finding {
            kind: "token-refused",
            severity: Severity::Problem,
            what: format!("{registry} does not take token \"{name}\""),
            why: "every pull and push with it is refused",
            mend: if token.is_on_docker_hub() {
                format!(
                    "{} hub sync, which shows whether it is disabled or deleted there; hub rotate {argument} replaces it",
                    program()
                )
            } else {
                format!("{} rotate {argument}, with a new one from where it was made", program())
            },
            ..Finding::about_token(token)
        }),
        Ok(_) => None,
        Err(error) => Some(Finding {
            kind: "registry-unasked",
            severity: Severity::Warning,
            what: format!("{registry} could not be asked about token \"{name}\": {}", error_chain(&error)),
            why: "whether it takes the token is not known",
            mend: format!("{} verify {argument}", program()),
            ..Finding::about_token(token)
        }),
    }
}

fn hub_not_asked(reason: &str) -> Finding {
    Finding {
        kind: "hub-unasked",
        what: format!("Docker Hub was not asked about your tokens: {reason}"),
        why: "tokens of which nobody has the secret, and those of Docker Desktop, are known there alone",
        mend: format!("docker login without -u, then doctor --online again; or {} hub tokens", program()),
        ..Finding::default()
    }
}

/// Returns all tokens of the Docker ID that `docker login` signed in through a browser; `None` without such a
/// sign-in.
fn list_at_hub(
    contents: &OpenedContents,
    hub: &HubApi,
    now: Timestamp,
) -> Result<Option<Vec<ApiToken>>, HubApiError> {
    for (token, user) in sessions(&contents.inventory) {
        let index = contents.inventory.tokens().iter().position(|other| other.id == token.id);
        let bearer = index.and_then(|index| contents.secret(index)).filter(|bearer| is_valid(bearer, now));
        if let Some(bearer) = bearer {
            hub.refuse_other_hosts()?;
            // The session takes this copy and wipes it.
            let bearer = Secret::new(Zeroizing::new(bearer.expose().to_owned()));
            return hub.client(user.to_owned(), bearer).list(&HubAccount::Person).map(Some);
        }
    }
    Ok(None)
}

fn check_hub(listed: &[ApiToken], inventory: &Inventory, findings: &mut Vec<Finding>) {
    let is_here = |listed: &ApiToken| {
        let mut remotes = inventory.tokens().iter().filter_map(|token| token.remote.as_ref());
        remotes.any(|remote| remote.id == listed.id)
    };
    for lost in listed.iter().filter(|listed| unmarked_label(&listed.label).is_some() && !is_here(listed)) {
        findings.push(Finding {
            kind: "hub-token-lost",
            severity: Severity::Warning,
            what: format!(
                "a token labelled \"{}\" is at Docker Hub, of which nobody has the secret",
                lost.label
            ),
            why: "it was left when its making was stopped, unless another machine is at it now, \
                  and counts as one of yours",
            mend: format!("{} hub rm --id {}", program(), lost.id),
            ..Finding::default()
        });
    }
    let generated = listed.iter().filter(|listed| listed.is_generated()).count();
    if generated > 0 {
        findings.push(Finding {
            kind: "hub-tokens-generated",
            what: format!(
                "{generated} of your tokens at Docker Hub were made by Docker Desktop or docker login"
            ),
            why: "five at most are kept, the oldest goes, and deleted ones come back by themselves",
            mend: format!("{} hub tokens shows them; there is nothing to do", program()),
            line: Some(generated as u64),
            ..Finding::default()
        });
    }
}
