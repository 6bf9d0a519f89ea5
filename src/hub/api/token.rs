//! A token as Docker Hub tells of it.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::http::Response;
use crate::hub::api::error::HubApiError;
use crate::hub::api::plain;
use crate::model::secret::Secret;
use crate::model::timestamp::Timestamp;
use crate::model::token::Permissions;
use crate::system::secret_json::unescape;

/// A token as Docker Hub tells of it; never with its secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiToken {
    /// By what it is told from others.
    pub id: String,
    /// What people call it there.
    pub label: String,
    /// What it may do.
    pub grants: TokenAccess,
    /// True when it works, unless it has expired.
    pub is_active: bool,
    /// Who or what made it: `manual` for a person.
    pub generated_by: Option<String>,
    /// When it was made.
    pub created: Option<Timestamp>,
    /// When it was last used, as the server writes it: finer than a [`Timestamp`].
    pub used: Option<String>,
    /// When it ends.
    pub expires: Option<Timestamp>,
}

/// What a token may do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TokenAccess {
    /// A person's: everywhere the same, such as `repo:read`.
    Scopes(Vec<String>),
    /// An organization's: for each resource what it may do there.
    Resources(Vec<Resource>),
}

/// A part of an organization, and what a token may do there. Docker prints the scopes in more than one way,
/// so they are passed on as they are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Resource {
    /// `TYPE_REPO` or `TYPE_ORG`.
    #[serde(rename = "type")]
    pub sort: String,
    /// Which one: `acme/app`, `*/*/public`.
    pub path: String,
    /// What it may do there.
    pub scopes: Vec<String>,
}

/// A token that was just made, with its secret, which is told this once.
#[derive(Debug)]
pub struct NewApiToken {
    /// What is told of it.
    pub listed: ApiToken,
    /// Its secret.
    pub secret: Secret,
}

/// One page of a list.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct TokenPage {
    pub(super) tokens: Vec<ApiToken>,
    pub(super) count: Option<usize>,
    pub(super) has_next: bool,
}

/// Both sorts of token in one; each has its own names for the same.
#[derive(Deserialize)]
struct RawApiToken<'a> {
    uuid: Option<String>,
    id: Option<String>,
    token_label: Option<String>,
    label: Option<String>,
    is_active: bool,
    generated_by: Option<String>,
    created_at: Option<String>,
    last_used: Option<String>,
    last_used_at: Option<String>,
    expires_at: Option<String>,
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
    /// Returns what they are known to allow; `None` for an organization's.
    pub fn permissions(&self) -> Option<Permissions> {
        let Self::Scopes(scopes) = self else { return None };
        let (mut allowed, mut is_known) = (Permissions::default(), !scopes.is_empty());
        for scope in scopes {
            allowed.read = true;
            match scope.as_str() {
                "repo:admin" => (allowed.write, allowed.delete) = (true, true),
                "repo:write" => allowed.write = true,
                "repo:read" | "repo:public_read" => {}
                _ => is_known = false,
            }
        }
        is_known.then_some(allowed)
    }

    /// Returns them in the words of Docker Hub's page; an organization's as they are.
    pub fn words(&self) -> String {
        match self {
            Self::Scopes(scopes) => scopes.iter().map(|scope| word(scope)).collect::<Vec<_>>().join(", "),
            Self::Resources(resources) => {
                let words = |resource: &Resource| format!("{} {}", resource.path, resource.scopes.join(","));
                resources.iter().map(words).collect::<Vec<_>>().join("; ")
            }
        }
    }
}

/// The page: <https://docs.docker.com/security/access-tokens/>.
fn word(scope: &str) -> &str {
    match scope {
        "repo:admin" => "Read, Write, Delete",
        "repo:write" => "Read & Write",
        "repo:read" => "Read-only",
        "repo:public_read" => "Public Read-only",
        other => other,
    }
}

impl ApiToken {
    /// Returns when it was last used.
    pub fn last_used(&self) -> Option<Timestamp> {
        self.used.as_deref().and_then(Timestamp::parse_rfc3339)
    }

    /// True from the moment at which it ends.
    pub fn has_expired(&self, now: Timestamp) -> bool {
        self.expires.is_some_and(|end| end <= now)
    }

    /// True when a program made it, such as Docker Desktop.
    pub fn is_generated(&self) -> bool {
        self.generated_by.as_deref().is_some_and(|by| !by.is_empty() && by != "manual")
    }

    /// Reads one token.
    pub(super) fn read(answer: &Response) -> Result<Self, HubApiError> {
        let told: RawApiToken = answer.json()?;
        told.listed().ok_or_else(|| answer.unexpected().into())
    }
}

impl NewApiToken {
    /// Reads a token that was just made.
    pub(super) fn read(answer: &Response) -> Result<Self, HubApiError> {
        let unexpected = || HubApiError::Http(answer.unexpected());
        let told: RawApiToken = answer.json()?;
        let secret = told.token.and_then(|raw| unescape(raw).ok()).filter(|secret| !secret.is_empty());
        let secret = Secret::new(secret.ok_or_else(unexpected)?);
        Ok(Self { listed: told.listed().ok_or_else(unexpected)?, secret })
    }
}

impl TokenPage {
    /// Reads a page. Its `next` is an address that the server chooses, so only that there is one counts.
    pub(super) fn read(answer: &Response) -> Result<Self, HubApiError> {
        let told: RawTokenPage = answer.json()?;
        let count = told.count.or(told.total).filter(|count| (0.0..1e9).contains(count));
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it lies within")]
        let count = count.map(|count| count as usize);
        let tokens: Option<_> = told.results.into_iter().map(RawApiToken::listed).collect();
        let tokens = tokens.ok_or_else(|| HubApiError::Http(answer.unexpected()))?;
        Ok(Self { tokens, count, has_next: told.next.is_some_and(|next| !next.is_empty()) })
    }
}

impl RawApiToken<'_> {
    fn listed(self) -> Option<ApiToken> {
        let id = self.uuid.or(self.id)?;
        plain(&id).ok()?;
        let moment = |text: Option<String>| text.as_deref().and_then(Timestamp::parse_rfc3339);
        let grants = match (self.scopes, self.resources) {
            (Some(scopes), _) => TokenAccess::Scopes(scopes),
            (None, resources) => TokenAccess::Resources(resources.unwrap_or_default()),
        };
        Some(ApiToken {
            id,
            label: self.token_label.or(self.label).unwrap_or_default(),
            grants,
            is_active: self.is_active,
            generated_by: self.generated_by,
            created: moment(self.created_at),
            used: self.last_used.or(self.last_used_at),
            expires: moment(self.expires_at),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scopes_are_told_in_the_words_of_the_page() {
        let all = |read, write, delete| Some(Permissions { read, write, delete });
        for (scopes, words, permissions) in [
            (&["repo:admin"][..], "Read, Write, Delete", all(true, true, true)),
            (&["repo:write"], "Read & Write", all(true, true, false)),
            (&["repo:read"], "Read-only", all(true, false, false)),
            (&["repo:public_read"], "Public Read-only", all(true, false, false)),
            (&["repo:new"], "repo:new", None),
            (&[], "", None),
        ] {
            let grants = TokenAccess::Scopes(scopes.iter().map(|scope| (*scope).to_owned()).collect());
            assert_eq!((grants.words().as_str(), grants.permissions()), (words, permissions));
        }
    }
}
