//! Tokens in the form of Docker Hub's API.

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::http::Response;
use crate::http::short_text::short_text;
use crate::hub::api::error::HubApiError;
use crate::hub::api::resource::Resource;
use crate::hub::api::{path_segment, resource};
use crate::model::scope::Scope;
use crate::model::secret::Secret;
use crate::model::timestamp::Timestamp;
use crate::model::token::Permissions;
use crate::provider::issued::GrantedScope;
use crate::system::secret_json::unescape;

/// The scope for Docker's Cloud Sandboxes, which opens no registry.
const SANDBOXES: &str = "sandbox:use";

/// The scope for public repositories.
const PUBLIC_READ: &str = "repo:public_read";

/// A token at Docker Hub, without its secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiToken {
    pub id: String,
    pub label: String,
    pub access: TokenAccess,
    /// True when the token works, unless it has expired.
    pub is_active: bool,
    /// The program that created the token; `manual` for a person.
    pub generated_by: Option<String>,
    pub created: Option<Timestamp>,
    /// The time of the last use as the server writes it, which is finer than a [`Timestamp`].
    pub last_used_text: Option<String>,
    pub expires: Option<Timestamp>,
}

/// The access that a token grants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TokenAccess {
    /// A person's token: scopes for all repositories, such as `repo:read`.
    Scopes(Vec<String>),
    /// An organization's token: scopes for each resource.
    Resources(Vec<Resource>),
}

/// A token that was just created, with its secret, which Docker Hub returns only this once.
#[derive(Debug)]
pub struct NewApiToken {
    pub listed: ApiToken,
    pub secret: Secret,
}

/// One page of a list.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct TokenPage {
    pub(super) tokens: Vec<ApiToken>,
    pub(super) count: Option<usize>,
    pub(super) has_next: bool,
}

/// A person's or an organization's token; each has its own names for the same fields.
#[derive(Deserialize)]
struct RawApiToken<'a> {
    #[serde(default, deserialize_with = "short_text")]
    uuid: Option<String>,
    #[serde(default, deserialize_with = "short_text")]
    id: Option<String>,
    #[serde(default, deserialize_with = "short_text")]
    token_label: Option<String>,
    #[serde(default, deserialize_with = "short_text")]
    label: Option<String>,
    is_active: bool,
    #[serde(default, deserialize_with = "short_text")]
    generated_by: Option<String>,
    #[serde(default, deserialize_with = "short_text")]
    created_at: Option<String>,
    #[serde(default, deserialize_with = "short_text")]
    last_used: Option<String>,
    #[serde(default, deserialize_with = "short_text")]
    last_used_at: Option<String>,
    #[serde(default, deserialize_with = "short_text")]
    expires_at: Option<String>,
    #[serde(default, deserialize_with = "short_text")]
    scopes: Option<Vec<String>>,
    resources: Option<Vec<Resource>>,
    #[serde(borrow)]
    token: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct RawTokenPage<'a> {
    count: Option<f64>,
    total: Option<f64>,
    next: Option<String>,
    #[serde(borrow)]
    results: Vec<RawApiToken<'a>>,
}

impl TokenAccess {
    /// Returns the permissions at a registry that the scopes are known to grant.
    pub fn permissions(&self) -> Option<Permissions> {
        let scopes = match self {
            Self::Scopes(scopes) => scopes,
            Self::Resources(resources) => return resource::permissions(resources),
        };
        let (mut granted, mut is_recognized) = (Permissions::default(), !scopes.is_empty());
        for scope in scopes {
            match scope.as_str() {
                "repo:admin" => (granted.pull, granted.push, granted.delete) = (true, true, true),
                "repo:write" => (granted.pull, granted.push) = (true, true),
                "repo:read" => granted.pull = true,
                PUBLIC_READ | SANDBOXES => {}
                _ => is_recognized = false,
            }
        }
        if !granted.pull && scopes.iter().any(|scope| scope == PUBLIC_READ) {
            (granted.pull, granted.public_only) = (true, true);
        }
        is_recognized.then_some(granted)
    }

    /// True when the token is known to open no registry: one for Cloud Sandboxes, or for an organization's members.
    pub fn opens_no_registry(&self) -> bool {
        self.permissions() == Some(Permissions::default())
    }

    /// Returns the scopes in the vault: all of Docker Hub for a person's token, the repositories of an organization's;
    /// none when it opens no registry.
    pub fn vault_scopes(&self) -> Vec<Scope> {
        match self {
            Self::Scopes(_) if self.opens_no_registry() => Vec::new(),
            Self::Scopes(_) => Scope::parse("docker.io").into_iter().collect(),
            Self::Resources(resources) => resource::vault_scopes(resources),
        }
    }

    /// Returns the scopes of a person's token, or else the resources of an organization's.
    pub fn parts(&self) -> (Option<&[String]>, Option<&[Resource]>) {
        match self {
            Self::Scopes(scopes) => (Some(scopes), None),
            Self::Resources(resources) => (None, Some(resources)),
        }
    }

    /// Returns each scope, with the resource that it is for.
    pub fn grants(&self) -> Vec<HubGrant<'_>> {
        match self {
            Self::Scopes(scopes) => {
                scopes.iter().map(|scope| HubGrant { kind: "", path: "", scope: scope.as_str() }).collect()
            }
            Self::Resources(resources) => resources
                .iter()
                .flat_map(|Resource { kind, path, scopes }| {
                    scopes.iter().map(move |scope| HubGrant { kind, path, scope })
                })
                .collect(),
        }
    }

    /// Returns a person's scopes in the words of Docker Hub's page, and an organization's scopes unchanged.
    pub fn description(&self) -> String {
        match self {
            Self::Scopes(scopes) => {
                scopes.iter().map(|scope| page_word(scope)).collect::<Vec<_>>().join(", ")
            }
            Self::Resources(resources) => {
                let describe =
                    |resource: &Resource| format!("{} {}", resource.path, resource.scopes.join(","));
                resources.iter().map(describe).collect::<Vec<_>>().join("; ")
            }
        }
    }
}

/// One scope of a token: for all repositories of a person, or for one resource of an organization.
#[derive(Clone, Copy, Debug)]
pub struct HubGrant<'a> {
    /// The type of the resource; empty for a person's token, as is the path.
    kind: &'a str,
    path: &'a str,
    scope: &'a str,
}

impl GrantedScope for HubGrant<'_> {
    fn includes(&self, other: &Self) -> bool {
        let is_same_path = self.path.eq_ignore_ascii_case(other.path);
        let covers_path = is_same_path || {
            // `acme/*` is for each repository of acme.
            let owner = self.path.strip_suffix('*').filter(|owner| owner.ends_with('/'));
            let of_owner = |owner: &str| other.path.get(..owner.len());
            owner.is_some_and(|owner| of_owner(owner).is_some_and(|of| of.eq_ignore_ascii_case(owner)))
        };
        self.kind == other.kind && covers_path && includes_scope(self.scope, other.scope)
    }

    fn description(&self) -> String {
        if self.path.is_empty() {
            page_word(self.scope).to_owned()
        } else {
            format!("{} {}", self.path, self.scope)
        }
    }
}

/// True when a scope is another one, or is for the same things and allows more: `repo:write` and `repo:read`,
/// `scope-tag-admin` and `scope-tag-read`.
fn includes_scope(scope: &str, other: &str) -> bool {
    // Each word allows what those before it allow.
    const LEVELS: [&[&str]; 3] = [
        &["repo:public_read", "repo:read", "repo:write", "repo:admin"],
        &["pull", "push", "delete"],
        &["read", "edit", "admin"],
    ];
    let is_wider = |words: &&[&str]| {
        let (one, two) = (level(scope, words), level(other, words));
        matches!((one, two), (Some((things, at)), Some((others, below))) if things == others && below <= at)
    };
    scope == other || LEVELS.iter().any(is_wider)
}

/// Splits a scope into its beginning and the position of its last word; `None` when that is not one of the words.
fn level<'s>(scope: &'s str, words: &[&str]) -> Option<(&'s str, usize)> {
    words.iter().enumerate().find_map(|(at, word)| {
        let things = scope.strip_suffix(word)?;
        (things.is_empty() || things.ends_with('-')).then_some((things, at))
    })
}

/// Returns the word for a scope on Docker Hub's page: <https://docs.docker.com/security/access-tokens/>.
fn page_word(scope: &str) -> &str {
    match scope {
        "repo:admin" => "Read, Write, Delete",
        "repo:write" => "Read & Write",
        "repo:read" => "Read-only",
        PUBLIC_READ => "Public Read-only",
        SANDBOXES => "Cloud Sandboxes",
        other => other,
    }
}

impl ApiToken {
    /// Returns the time of the last use.
    pub fn last_used(&self) -> Option<Timestamp> {
        self.last_used_text.as_deref().and_then(Timestamp::parse_rfc3339)
    }

    /// True from the second of the expiry.
    pub fn has_expired(&self, now: Timestamp) -> bool {
        self.expires.is_some_and(|expires| expires <= now)
    }

    /// True when a program created the token, such as Docker Desktop.
    pub fn is_generated(&self) -> bool {
        self.generated_by.as_deref().is_some_and(|by| !by.is_empty() && by != "manual")
    }

    /// Parses one token.
    pub(super) fn from_response(answer: &Response) -> Result<Self, HubApiError> {
        let raw: RawApiToken = answer.json()?;
        raw.into_listed().ok_or_else(|| answer.unexpected().into())
    }
}

impl NewApiToken {
    /// Parses a token that was just created.
    pub(super) fn from_response(answer: &Response) -> Result<Self, HubApiError> {
        let unexpected = || HubApiError::Http(answer.unexpected());
        let raw: RawApiToken = answer.json()?;
        let secret = raw.token.and_then(|raw| unescape(raw).ok()).filter(|secret| !secret.is_empty());
        let secret = Secret::new(secret.ok_or_else(unexpected)?);
        Ok(Self { listed: raw.into_listed().ok_or_else(unexpected)?, secret })
    }
}

impl TokenPage {
    /// Parses a page. Its `next` is an address that the server chooses, so only its presence is checked.
    pub(super) fn from_response(answer: &Response) -> Result<Self, HubApiError> {
        let page: RawTokenPage = answer.json()?;
        let count = page.count.or(page.total).filter(|count| (0.0..1e9).contains(count));
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is in range")]
        let count = count.map(|count| count as usize);
        let tokens: Option<_> = page.results.into_iter().map(RawApiToken::into_listed).collect();
        let tokens = tokens.ok_or_else(|| HubApiError::Http(answer.unexpected()))?;
        Ok(Self { tokens, count, has_next: page.next.is_some_and(|next| !next.is_empty()) })
    }
}

impl RawApiToken<'_> {
    /// Converts the token; `None` when its ID is missing or unfit for a path.
    fn into_listed(self) -> Option<ApiToken> {
        let id = self.uuid.or(self.id)?;
        path_segment(&id).ok()?;
        let timestamp = |text: Option<String>| text.as_deref().and_then(Timestamp::parse_rfc3339);
        let access = match (self.scopes, self.resources) {
            (Some(scopes), _) => TokenAccess::Scopes(scopes),
            (None, resources) => TokenAccess::Resources(resources.unwrap_or_default()),
        };
        Some(ApiToken {
            id,
            label: self.token_label.or(self.label).unwrap_or_default(),
            access,
            is_active: self.is_active,
            generated_by: self.generated_by,
            created: timestamp(self.created_at),
            last_used_text: self.last_used.or(self.last_used_at),
            expires: timestamp(self.expires_at),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scope_includes_the_lower_ones_for_the_same_resource() {
        let grant = |text: &'static str| {
            let [kind, path, scope] = text.split(' ').collect::<Vec<_>>()[..] else { panic!("{text}") };
            HubGrant { kind, path, scope }
        };
        for (one, other, want) in [
            ("  repo:read", "  repo:read", true),
            ("  repo:admin", "  repo:write", true),
            ("  repo:read", "  repo:public_read", true),
            ("  repo:read", "  repo:write", false),
            ("  repo:admin", "  sandbox:use", false),
            ("  repo:read", "T acme/app scope-image-pull", false),
            ("T acme/app scope-image-push", "T acme/app scope-image-pull", true),
            ("T acme/app scope-image-push", "T acme/app scope-image-delete", false),
            ("T acme/app scope-image-pull", "T ACME/app scope-image-pull", true),
            ("T acme/app scope-image-pull", "T acme/other scope-image-pull", false),
            ("T acme/* scope-image-pull", "T acme/other scope-image-pull", true),
            ("T acme/* scope-image-pull", "T acme2/other scope-image-pull", false),
            ("T acme/app scope-image-pull", "T acme/* scope-image-pull", false),
            ("T acme/app scope-tag-admin", "T acme/app scope-tag-read", true),
            ("T acme/app scope-tag-admin", "T acme/app scope-webhook-read", false),
            ("T acme/app scope-image-pull", "U acme/app scope-image-pull", false),
        ] {
            assert_eq!(grant(one).includes(&grant(other)), want, "{one} {other}");
        }
    }

    #[test]
    fn scopes_have_the_words_of_the_page_and_permissions_if_known() {
        let all = |pull, push, delete| Some(Permissions { pull, push, delete, ..Permissions::default() });
        for (scopes, description, permissions) in [
            (&["repo:admin"][..], "Read, Write, Delete", all(true, true, true)),
            (&["repo:write"], "Read & Write", all(true, true, false)),
            (&["repo:read"], "Read-only", all(true, false, false)),
            (
                &["repo:public_read"],
                "Public Read-only",
                Some(Permissions { pull: true, public_only: true, ..Permissions::default() }),
            ),
            (&["sandbox:use"], "Cloud Sandboxes", all(false, false, false)),
            (&["sandbox:use", "repo:read"], "Cloud Sandboxes, Read-only", all(true, false, false)),
            (&["repo:new"], "repo:new", None),
            (&[], "", None),
        ] {
            let access = TokenAccess::Scopes(scopes.iter().map(|scope| (*scope).to_owned()).collect());
            assert_eq!((access.description().as_str(), access.permissions()), (description, permissions));
            let opens_a_registry = permissions != all(false, false, false);
            assert_eq!(!access.vault_scopes().is_empty(), opens_a_registry, "{description}");
        }
    }
}
