//! Operations on Docker Hub's access tokens, at Docker Hub and in the vault.
//!
//! The order of their steps ensures that an interruption loses nothing: a secret is on the disk before anything
//! depends on it, and a token without a stored secret is deleted at Docker Hub or reported.

pub mod access;
pub mod api;
pub mod change;
pub mod create;
pub mod docker_session;
pub mod error;
pub mod kept_sign_in;
pub mod label_marker;
pub mod link;
pub mod lookup;
pub mod rotate;
pub mod successor;
pub mod sync;

use crate::hub::api::HubAccount;
use crate::hub::api::client::{CreateRequest, HubClient};
use crate::hub::api::token::{ApiToken, NewApiToken};
use crate::hub::error::HubError;
use crate::hub::lookup::Identity;
use crate::inventory::Inventory;
use crate::model::remote::Remote;
use crate::model::timestamp::Timestamp;
use crate::model::token::Token;
use crate::model::token_id::TokenId;
use crate::provider::issued::{IssuedExpiry, excess, unfit_secret};
use crate::vault::store::VaultStore;

/// The vault, and Docker Hub with a sign-in.
pub struct HubSession<'s> {
    pub store: &'s VaultStore,
    pub client: &'s HubClient<'s>,
    pub now: Timestamp,
}

/// A token in the vault, linked with its counterpart at Docker Hub.
#[derive(Clone, Debug)]
pub struct LinkedToken {
    /// The token as it was when it was read.
    pub token: Token,
    pub remote: Remote,
    pub account: HubAccount,
}

impl LinkedToken {
    /// Links a token according to its record in the vault. `url` is the address of Docker Hub, unless it is the
    /// usual one.
    pub fn from_token(token: &Token, url: Option<&str>) -> Result<Self, HubError> {
        let not_linked = || HubError::NotLinked(token.name.clone());
        let remote = token.remote.as_ref().ok_or_else(not_linked)?;
        let account = HubAccount::from_remote(remote).ok_or_else(not_linked)?;
        if remote.base_url.as_deref() != url {
            return Err(HubError::OtherUrl { name: token.name.clone(), url: remote.base_url.clone() });
        }
        Ok(Self { token: token.clone(), remote: remote.clone(), account })
    }

    /// Returns the tokens that are linked with this Docker Hub.
    pub fn all_from_inventory(inventory: &Inventory, url: Option<&str>) -> Vec<Self> {
        inventory.tokens().iter().filter_map(|token| Self::from_token(token, url).ok()).collect()
    }

    /// Returns the ID and the label at Docker Hub, as far as the vault knows.
    pub fn identity(&self) -> Identity<'_> {
        let label = self.token.label.as_deref().unwrap_or(self.token.name.as_str());
        Identity { id: &self.remote.id, label, name: Some(self.token.name.as_str()) }
    }

    /// Returns the Docker ID that has to be signed in; `None` for an organization's token, which any member
    /// with the rights may manage.
    pub fn owner(&self) -> Option<&str> {
        match self.account {
            HubAccount::Person => Some(&self.remote.owner),
            HubAccount::Organization(_) => None,
        }
    }

    /// Returns the owner if that is a person other than `user`.
    pub fn owner_other_than(&self, user: &str) -> Option<&str> {
        self.owner().filter(|owner| !owner.eq_ignore_ascii_case(user))
    }
}

impl HubSession<'_> {
    /// Returns the linked token as the vault has it now.
    fn linked(&self, id: TokenId) -> Result<LinkedToken, HubError> {
        let inventory = self.store.inventory()?;
        let token = token_with_id(&inventory, id).ok_or(HubError::ChangedMeanwhile)?;
        let linked = LinkedToken::from_token(token, self.client.api().custom_url().as_deref())?;
        let user = self.client.user();
        if let Some(owner) = linked.owner_other_than(user) {
            let (name, owner, user) = (token.name.clone(), owner.to_owned(), user.to_owned());
            return Err(HubError::OtherOwner { name, owner, user });
        }
        Ok(linked)
    }

    /// Makes the vault's record of a token at Docker Hub.
    fn remote(&self, account: &HubAccount, listed: &ApiToken) -> Remote {
        Remote {
            service: account.service(),
            base_url: self.client.api().custom_url(),
            owner: match account {
                HubAccount::Person => self.client.user().to_owned(),
                HubAccount::Organization(name) => name.clone(),
            },
            id: listed.id.clone(),
            last_used: listed.last_used(),
            rotation: None,
        }
    }

    /// Creates a token under a unique label. If there is no answer, a token with that label is deleted, because
    /// nobody has its secret. A token that may do more or lasts longer than requested is deleted again.
    fn create_or_clean_up(
        &self,
        account: &HubAccount,
        new: &CreateRequest<'_>,
    ) -> Result<NewApiToken, HubError> {
        let mut created = self.client.create(account, new).map_err(|source| {
            if source.is_undone() {
                return source.into();
            }
            let is_cleaned_up = self.delete_lost(account, new.label).is_ok();
            HubError::Unanswered { source, label: new.label.to_owned(), is_cleaned_up }
        })?;
        match self.complete(account, new, &mut created) {
            Ok(()) => Ok(created),
            Err(error) => Err(self.undo(account, &created, error)),
        }
    }

    /// Adds what the answer to the creation does not report, and compares the token with the request.
    fn complete(
        &self,
        account: &HubAccount,
        new: &CreateRequest<'_>,
        NewApiToken { listed: created, secret }: &mut NewApiToken,
    ) -> Result<(), HubError> {
        if let Some(unfit) = unfit_secret(secret) {
            return Err(HubError::Exceeds(unfit.to_owned()));
        }
        let lacks_expiry = new.expires.is_some() && created.expires.is_none();
        if (lacks_expiry || created.access.grants().is_empty())
            && let Some(listed) = self.client.fetch(account, &created.id)?
        {
            *created = listed;
        }
        let issued = created.expires.map_or(IssuedExpiry::Never, IssuedExpiry::At);
        let (granted, requested) = (created.access.grants(), new.access.grants());
        if let Some(excess) = excess(&granted, &requested, issued, new.expires, self.now) {
            return Err(HubError::Exceeds(excess));
        }
        if granted.is_empty() {
            created.access = new.access.clone();
        }
        Ok(())
    }

    /// Deletes the tokens at Docker Hub that have exactly this label and are not in the vault.
    fn delete_lost(&self, account: &HubAccount, label: &str) -> Result<(), HubError> {
        let all = self.client.list_unmasked(account)?;
        let inventory = self.store.inventory()?;
        for lost in all.iter().filter(|listed| listed.label == label) {
            if kept_token(&inventory, account, self.client.api().custom_url().as_deref(), &lost.id).is_none()
            {
                self.client.delete(account, &lost.id)?;
            }
        }
        Ok(())
    }

    /// Deletes a token that was just created and could not be stored, and returns the error for that.
    fn undo(&self, account: &HubAccount, created: &NewApiToken, source: HubError) -> HubError {
        let id = created.listed.id.clone();
        let is_deleted = self.client.delete(account, &id).is_ok();
        HubError::NotKept { source: Box::new(source), id, is_deleted }
    }
}

/// Returns the token in the vault that has this ID at Docker Hub. `url` is the address of Docker Hub, unless it is
/// the usual one.
pub fn kept_token<'i>(
    inventory: &'i Inventory,
    account: &HubAccount,
    url: Option<&str>,
    id: &str,
) -> Option<&'i Token> {
    inventory.tokens().iter().find(|token| {
        token.remote.as_ref().is_some_and(|remote| {
            remote.service == account.service() && remote.base_url.as_deref() == url && remote.id == id
        })
    })
}

fn token_with_id(inventory: &Inventory, id: TokenId) -> Option<&Token> {
    inventory.tokens().iter().find(|token| token.id == id)
}
