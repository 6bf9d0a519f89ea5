//! Makes a token at Docker Hub and keeps it, before anything is said.

use crate::hub::HubSession;
use crate::hub::api::HubAccount;
use crate::hub::api::client::CreateRequest;
use crate::hub::api::token::{NewApiToken, TokenAccess};
use crate::hub::error::HubError;
use crate::hub::label_marker::marked;
use crate::inventory::{IncomingToken, NameTaken};
use crate::model::name::Name;
use crate::model::scope::Scope;
use crate::model::timestamp::Timestamp;
use crate::model::token::{Origin, TokenKind, UserName};
use crate::model::token_id::TokenId;

/// A token that is to be made.
#[derive(Debug)]
pub struct NewToken {
    /// Its name in the vault.
    pub name: Name,
    /// Its label at Docker Hub.
    pub label: String,
    /// Whose it is to be.
    pub account: HubAccount,
    /// What it is to be allowed.
    pub grants: TokenAccess,
    /// When it is to end.
    pub expires: Option<Timestamp>,
    /// Where it may go.
    pub scopes: Vec<Scope>,
}

/// A token that was made and kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CreateReport {
    /// Which one it is in the vault.
    pub id: TokenId,
    /// False when it still has the label under which it was made.
    pub has_label: bool,
}

impl HubSession<'_> {
    /// Makes a token, keeps it and puts it in use. One that cannot be kept is deleted at Docker Hub again.
    pub fn create(&self, new: &NewToken) -> Result<CreateReport, HubError> {
        // The key is here and the vault can be locked, before a token is made that could not be kept.
        self.store.ensure_vault()?;
        self.store.change(|draft| match draft.inventory.named(new.name.as_str()) {
            Some(_) => Err(NameTaken(new.name.clone()).into()),
            None => Ok::<_, HubError>(()),
        })?;
        let marker = marked(&new.label).map_err(HubError::Random)?;
        let wish = CreateRequest { label: &marker, grants: &new.grants, expires: new.expires };
        let made = self.make(&new.account, &wish)?;
        let id = self.keep_new(new, &made).map_err(|error| self.undo(&new.account, &made, error))?;
        let has_label =
            self.hub.relabel(&new.account, &made.listed.id, &new.label).is_ok_and(|is_there| is_there);
        Ok(CreateReport { id, has_label })
    }

    fn keep_new(&self, new: &NewToken, made: &NewApiToken) -> Result<TokenId, HubError> {
        let remote = self.remote(&new.account, &made.listed);
        self.store.change(|draft| {
            let arrival = IncomingToken {
                name: new.name.clone(),
                kind: kind_of(&new.account),
                user: UserName::of(&remote.owner, &made.secret),
                scopes: new.scopes.clone(),
                keys: Vec::new(),
                label: Some(new.label.clone()),
                permissions: new.grants.permissions(),
                expires: made.listed.expires.or(new.expires),
                origin: Origin::Add,
                profile: None,
                remote: Some(remote),
            };
            // A name that was taken meanwhile gets a number: the token is there, and is not to be lost.
            let id = draft.inventory.add_with_free_name(arrival, self.now);
            draft.set_secret(id, &made.secret)?;
            draft.inventory.choose(id);
            Ok(id)
        })
    }
}

/// Returns what sort of credential an account's tokens are.
pub fn kind_of(account: &HubAccount) -> TokenKind {
    match account {
        HubAccount::Person => TokenKind::Pat,
        HubAccount::Organization(_) => TokenKind::Organization,
    }
}
