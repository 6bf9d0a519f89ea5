//! Docker Hub for somebody who is signed in: the tokens of an account, listed, made and changed.

use std::collections::BTreeSet;

use serde::Serialize;

use crate::http::json_body::json;
use crate::http::{Method, Repeat, Response};
use crate::hub::api::error::HubApiError;
use crate::hub::api::token::{ApiToken, NewApiToken, Resource, TokenAccess, TokenPage};
use crate::hub::api::{ApiCall, HubAccount, HubApi, error, plain};
use crate::model::secret::Secret;
use crate::model::timestamp::Timestamp;

/// How many tokens are asked for at once; the server may give fewer.
const PAGE_SIZE: usize = 100;

/// The most pages that are read.
const MAX_PAGES: usize = 200;

/// What Docker Hub says of what is not there.
const NOT_FOUND: u16 = 404;

/// Docker Hub for somebody who is signed in.
pub struct HubClient<'h> {
    hub: &'h HubApi,
    user: String,
    bearer: Secret,
}

/// A token that is to be made.
#[derive(Clone, Debug)]
pub struct CreateRequest<'w> {
    /// What people are to call it: 1 to 100 characters.
    pub label: &'w str,
    /// What it is to be allowed.
    pub grants: &'w TokenAccess,
    /// When it is to end.
    pub expires: Option<Timestamp>,
}

/// What is changed of a token; both sorts have their own names for it.
#[derive(Default, Serialize)]
struct UpdateBody<'c> {
    #[serde(skip_serializing_if = "Option::is_none")]
    token_label: Option<&'c str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    label: Option<&'c str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    is_active: Option<bool>,
}

impl<'h> HubClient<'h> {
    pub(super) fn new(hub: &'h HubApi, user: String, bearer: Secret) -> Self {
        Self { hub, user, bearer }
    }

    /// Returns the Docker ID of who is signed in.
    pub fn user(&self) -> &str {
        &self.user
    }

    /// Returns Docker Hub, for what needs no sign-in.
    pub fn hub(&self) -> &'h HubApi {
        self.hub
    }

    /// Returns every token of an account, page by page.
    pub fn all(&self, account: &HubAccount) -> Result<Vec<ApiToken>, HubApiError> {
        let (mut all, mut seen) = (Vec::new(), BTreeSet::new());
        for page in 1..=MAX_PAGES {
            let path = format!("{}?page={page}&page_size={PAGE_SIZE}", account.path()?);
            let answer = self.ask(Method::Get, &path, None)?;
            // The last token of a page may have gone meanwhile.
            if answer.status == NOT_FOUND && page > 1 {
                return Ok(all);
            }
            let TokenPage { tokens, count, has_next } = TokenPage::read(&self.fine(answer)?)?;
            let is_empty = tokens.is_empty();
            all.extend(tokens.into_iter().filter(|token| seen.insert(token.id.clone())));
            if is_empty || (!has_next && count.is_none_or(|count| all.len() >= count)) {
                return Ok(all);
            }
        }
        Err(HubApiError::TooMany)
    }

    /// Returns one token; `None` when it is gone.
    pub fn one(&self, account: &HubAccount, id: &str) -> Result<Option<ApiToken>, HubApiError> {
        let answer = self.ask(Method::Get, &path_of(account, id)?, None)?;
        self.if_there(account, answer)?.as_ref().map(ApiToken::read).transpose()
    }

    /// Makes a token. This is sent once: a second time could make two.
    ///
    /// # Errors
    /// When Docker Hub refuses or does not answer; see [`HubApiError::is_undone`].
    pub fn make(&self, account: &HubAccount, wish: &CreateRequest<'_>) -> Result<NewApiToken, HubApiError> {
        #[derive(Serialize)]
        struct Make<'w> {
            #[serde(skip_serializing_if = "Option::is_none")]
            token_label: Option<&'w str>,
            #[serde(skip_serializing_if = "Option::is_none")]
            label: Option<&'w str>,
            #[serde(skip_serializing_if = "Option::is_none")]
            scopes: Option<&'w [String]>,
            #[serde(skip_serializing_if = "Option::is_none")]
            resources: Option<&'w [Resource]>,
            #[serde(skip_serializing_if = "Option::is_none")]
            expires_at: Option<String>,
        }
        let (scopes, resources) = match wish.grants {
            TokenAccess::Scopes(scopes) => (Some(&**scopes), None),
            TokenAccess::Resources(resources) => (None, Some(&**resources)),
        };
        let (token_label, label) = labels(account, wish.label);
        let expires_at = wish.expires.map(|end| end.to_string());
        let body = json(&Make { token_label, label, scopes, resources, expires_at });
        let answer = self.hub.ask(&ApiCall {
            method: Method::Post,
            path: &account.path()?,
            bearer: Some(&self.bearer),
            body: Some(&body),
            repeat: Repeat::Never,
        })?;
        NewApiToken::read(&self.fine(answer)?)
    }

    /// Gives a token another label; false when it is gone.
    pub fn relabel(&self, account: &HubAccount, id: &str, label: &str) -> Result<bool, HubApiError> {
        let (token_label, label) = labels(account, label);
        self.change(account, id, &UpdateBody { token_label, label, ..UpdateBody::default() })
    }

    /// Switches a token on or off; false when it is gone.
    pub fn switch(&self, account: &HubAccount, id: &str, is_active: bool) -> Result<bool, HubApiError> {
        self.change(account, id, &UpdateBody { is_active: Some(is_active), ..UpdateBody::default() })
    }

    /// Deletes a token for good; false when it was gone.
    pub fn delete(&self, account: &HubAccount, id: &str) -> Result<bool, HubApiError> {
        let answer = self.ask(Method::Delete, &path_of(account, id)?, None)?;
        Ok(self.if_there(account, answer)?.is_some())
    }

    fn change(&self, account: &HubAccount, id: &str, change: &UpdateBody<'_>) -> Result<bool, HubApiError> {
        let answer = self.ask(Method::Patch, &path_of(account, id)?, Some(&json(change)))?;
        Ok(self.if_there(account, answer)?.is_some())
    }

    fn ask(&self, method: Method, path: &str, body: Option<&[u8]>) -> Result<Response, HubApiError> {
        self.hub.ask(&ApiCall { method, path, bearer: Some(&self.bearer), body, repeat: Repeat::Harmless })
    }

    fn fine(&self, answer: Response) -> Result<Response, HubApiError> {
        match answer.status {
            200..=299 => Ok(answer),
            _ => Err(error::of(&answer, &[self.bearer.expose()])),
        }
    }

    /// Returns an answer about one token; `None` when there is none. "Not found" is also said of an account
    /// that is closed to who asks, and then the token may well be there.
    fn if_there(&self, account: &HubAccount, answer: Response) -> Result<Option<Response>, HubApiError> {
        if answer.status != NOT_FOUND {
            return self.fine(answer).map(Some);
        }
        let list = self.ask(Method::Get, &format!("{}?page=1&page_size=1", account.path()?), None)?;
        self.fine(list).map(|_| None)
    }
}

fn path_of(account: &HubAccount, id: &str) -> Result<String, HubApiError> {
    Ok(format!("{}/{}", account.path()?, plain(id)?))
}

/// Returns the label under the name that it has for a person's token, and for an organization's.
fn labels<'l>(account: &HubAccount, label: &'l str) -> (Option<&'l str>, Option<&'l str>) {
    match account {
        HubAccount::Person => (Some(label), None),
        HubAccount::Organization(_) => (None, Some(label)),
    }
}
