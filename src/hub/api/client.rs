//! Docker Hub with a sign-in: lists, creates, changes and deletes the tokens of an account.

use std::collections::BTreeSet;

use serde::Serialize;

use crate::http::json_body::json;
use crate::http::list_limits::ListLimits;
use crate::http::{Method, Repeat, Response};
use crate::hub::api::error::HubApiError;
use crate::hub::api::resource::Resource;
use crate::hub::api::token::{ApiToken, NewApiToken, TokenAccess, TokenPage};
use crate::hub::api::{ApiCall, HubAccount, HubApi, error, path_segment};
use crate::model::secret::Secret;
use crate::model::timestamp::Timestamp;

/// The number of tokens to request per page; the server may return fewer.
const PAGE_SIZE: usize = 100;

const NOT_FOUND: u16 = 404;

/// Docker Hub with a sign-in.
pub struct HubClient<'h> {
    api: &'h HubApi,
    user: String,
    bearer: Secret,
}

/// The properties of a token to create.
#[derive(Clone, Debug)]
pub struct CreateRequest<'r> {
    /// 1 to 100 characters.
    pub label: &'r str,
    pub access: &'r TokenAccess,
    pub expires: Option<Timestamp>,
}

/// The body of a request to create or change a token. The label has one name for a person's token and another
/// for an organization's.
#[derive(Default, Serialize)]
struct TokenBody<'b> {
    #[serde(skip_serializing_if = "Option::is_none")]
    token_label: Option<&'b str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    label: Option<&'b str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    is_active: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    scopes: Option<&'b [String]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    resources: Option<&'b [Resource]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_at: Option<Timestamp>,
}

impl<'b> TokenBody<'b> {
    fn with_label(account: &HubAccount, label: &'b str) -> Self {
        match account {
            HubAccount::Person => Self { token_label: Some(label), ..Self::default() },
            HubAccount::Organization(_) => Self { label: Some(label), ..Self::default() },
        }
    }
}

impl<'h> HubClient<'h> {
    pub(super) fn new(api: &'h HubApi, user: String, bearer: Secret) -> Self {
        Self { api, user, bearer }
    }

    /// Returns the Docker ID of the person who is signed in.
    pub fn user(&self) -> &str {
        &self.user
    }

    /// Returns the API for calls without a sign-in.
    pub fn api(&self) -> &'h HubApi {
        self.api
    }

    /// Returns every token of an account. In a label, each part of a secret of this session is masked.
    pub fn list(&self, account: &HubAccount) -> Result<Vec<ApiToken>, HubApiError> {
        let mut all = self.list_unmasked(account)?;
        let masker = self.api.http.secrets().masker();
        for listed in &mut all {
            listed.label = masker.mask(&listed.label).to_string();
        }
        Ok(all)
    }

    /// Returns every token of an account with its exact label, which must not be shown.
    pub fn list_unmasked(&self, account: &HubAccount) -> Result<Vec<ApiToken>, HubApiError> {
        let (mut all, mut seen) = (Vec::new(), BTreeSet::new());
        let mut limits = ListLimits::start();
        let mut page = 0_u64;
        loop {
            page += 1;
            let path = format!("{}?page={page}&page_size={PAGE_SIZE}", account.path()?);
            let call = self.call(Method::Get, &path);
            let answer = self.api.send(&ApiCall { deadline: Some(limits.deadline()), ..call })?;
            // The last token of a page may have been deleted in the meantime.
            if answer.status == NOT_FOUND && page > 1 {
                return Ok(all);
            }
            let answer = self.success(answer)?;
            let TokenPage { tokens, count, has_next } = TokenPage::from_response(&answer)?;
            limits.count(&answer, tokens.len())?;
            let is_empty = tokens.is_empty();
            all.extend(tokens.into_iter().filter(|token| seen.insert(token.id.clone())));
            if is_empty || (!has_next && count.is_none_or(|count| all.len() >= count)) {
                return Ok(all);
            }
        }
    }

    /// Returns one token; `None` when it is gone.
    pub fn fetch(&self, account: &HubAccount, id: &str) -> Result<Option<ApiToken>, HubApiError> {
        let answer = self.send(Method::Get, &token_path(account, id)?, None)?;
        self.unless_gone(account, answer)?.as_ref().map(ApiToken::from_response).transpose()
    }

    /// Creates a token. The request is sent once, because a second one could create two.
    ///
    /// # Errors
    /// Unless the error [`is_undone`](HubApiError::is_undone), the token may exist nevertheless.
    pub fn create(&self, account: &HubAccount, new: &CreateRequest<'_>) -> Result<NewApiToken, HubApiError> {
        let (scopes, resources) = new.access.parts();
        let body = TokenBody::with_label(account, new.label);
        let body = json(&TokenBody { scopes, resources, expires_at: new.expires, ..body });
        let path = account.path()?;
        let call = ApiCall { body: Some(&body), repeat: Repeat::Never, ..self.call(Method::Post, &path) };
        let answer = self.api.send(&call)?;
        let answer = self.success(answer).map_err(|error| error.of_creation(account))?;
        let created = NewApiToken::from_response(&answer)?;
        self.api.http.secrets().add(created.secret.expose());
        Ok(created)
    }

    /// Changes a token's label; false when the token is gone.
    pub fn relabel(&self, account: &HubAccount, id: &str, label: &str) -> Result<bool, HubApiError> {
        self.update(account, id, &TokenBody::with_label(account, label))
    }

    /// Switches a token on or off; false when it is gone.
    pub fn switch(&self, account: &HubAccount, id: &str, is_active: bool) -> Result<bool, HubApiError> {
        self.update(account, id, &TokenBody { is_active: Some(is_active), ..TokenBody::default() })
    }

    /// Deletes a token for good; false when it was gone.
    pub fn delete(&self, account: &HubAccount, id: &str) -> Result<bool, HubApiError> {
        let answer = self.send(Method::Delete, &token_path(account, id)?, None)?;
        Ok(self.unless_gone(account, answer)?.is_some())
    }

    fn update(&self, account: &HubAccount, id: &str, body: &TokenBody<'_>) -> Result<bool, HubApiError> {
        let answer = self.send(Method::Patch, &token_path(account, id)?, Some(&json(body)))?;
        Ok(self.unless_gone(account, answer)?.is_some())
    }

    fn send(&self, method: Method, path: &str, body: Option<&[u8]>) -> Result<Response, HubApiError> {
        self.api.send(&ApiCall { body, ..self.call(method, path) })
    }

    /// Returns a call with the sign-in.
    fn call<'c>(&'c self, method: Method, path: &'c str) -> ApiCall<'c> {
        ApiCall { bearer: Some(&self.bearer), ..ApiCall::new(method, path) }
    }

    fn success(&self, answer: Response) -> Result<Response, HubApiError> {
        match answer.status {
            200..=299 => Ok(answer),
            _ => Err(error::from_response(&answer, self.api.http.secrets())),
        }
    }

    /// Returns an answer about one token; `None` when the token is gone. Docker Hub also answers "not found" when
    /// the person has no access to the account. The token may then exist, so the account is checked.
    fn unless_gone(&self, account: &HubAccount, answer: Response) -> Result<Option<Response>, HubApiError> {
        if answer.status != NOT_FOUND {
            return self.success(answer).map(Some);
        }
        let list = self.send(Method::Get, &format!("{}?page=1&page_size=1", account.path()?), None)?;
        self.success(list).map(|_| None)
    }
}

fn token_path(account: &HubAccount, id: &str) -> Result<String, HubApiError> {
    Ok(format!("{}/{}", account.path()?, path_segment(id)?))
}
