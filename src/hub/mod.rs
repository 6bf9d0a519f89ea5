//! The life of a token at Docker Hub and in the vault, in an order in which a stop loses nothing.
//!
//! A secret is on the disk before anything rests on it, and what only one side knows is deleted there or named.

pub mod api;
pub mod change;
pub mod create;
pub mod docker_session;
pub mod error;
pub mod label_marker;
pub mod link;
pub mod rotate;
pub mod successor;
pub mod sync;

use crate::hub::api::HubAccount;
use crate::hub::api::client::{CreateRequest, HubClient};
use crate::hub::api::token::{ApiToken, NewApiToken};
use crate::hub::error::HubError;
use crate::inventory::Inventory;
use crate::model::remote::Remote;
use crate::model::timestamp::Timestamp;
use crate::model::token::Token;
use crate::model::token_id::TokenId;
use crate::vault::store::VaultStore;

/// The vault, and Docker Hub for somebody who is signed in.
pub struct HubSession<'l> {
    /// Keeps the vault.
    pub store: &'l VaultStore,
    /// Docker Hub.
    pub hub: &'l HubClient<'l>,
    /// The clock's word.
    pub now: Timestamp,
}

/// A token of the vault with what it is at Docker Hub.
#[derive(Clone, Debug)]
pub struct LinkedToken {
    /// The token, as it was when it was read.
    pub token: Token,
    /// What it is there.
    pub remote: Remote,
    /// Whose it is there.
    pub account: HubAccount,
}

impl LinkedToken {
    /// Returns a token with what it is at Docker Hub.
    pub fn of(token: &Token, at: Option<&str>) -> Result<Self, HubError> {
        let linked = token.remote.as_ref().and_then(|remote| Some((remote, HubAccount::of(remote)?)));
        let (remote, account) = linked.ok_or_else(|| HubError::NotLinked(token.name.clone()))?;
        if remote.base_url.as_deref() != at {
            return Err(HubError::Elsewhere { name: token.name.clone(), at: remote.base_url.clone() });
        }
        Ok(Self { token: token.clone(), remote: remote.clone(), account })
    }

    /// Returns the Docker ID that has to be signed in for it; `None` when any may do that its organization lets.
    pub fn owner(&self) -> Option<&str> {
        match self.account {
            HubAccount::Person => Some(&self.remote.owner),
            HubAccount::Organization(_) => None,
        }
    }
}

impl HubSession<'_> {
    /// Returns a token of the vault as it is now, with what it is at Docker Hub.
    fn known(&self, id: TokenId) -> Result<LinkedToken, HubError> {
        let inventory = self.store.inventory()?;
        let token = with_id(&inventory, id).ok_or(HubError::Meanwhile)?;
        let known = LinkedToken::of(token, self.hub.hub().at().as_deref())?;
        match known.owner() {
            Some(owner) if !owner.eq_ignore_ascii_case(self.hub.user()) => Err(HubError::OtherOwner {
                name: token.name.clone(),
                owner: owner.to_owned(),
                user: self.hub.user().to_owned(),
            }),
            Some(_) | None => Ok(known),
        }
    }

    /// Returns what a token of ours is at Docker Hub.
    fn remote(&self, account: &HubAccount, listed: &ApiToken) -> Remote {
        Remote {
            service: account.service(),
            base_url: self.hub.hub().at(),
            owner: match account {
                HubAccount::Person => self.hub.user().to_owned(),
                HubAccount::Organization(name) => name.clone(),
            },
            id: listed.id.clone(),
            last_used: listed.last_used(),
            rotation: None,
        }
    }

    /// Makes a token under a label that no other has. One that may have been made although no answer came is
    /// looked for and deleted: nobody has its secret.
    fn make(&self, account: &HubAccount, wish: &CreateRequest<'_>) -> Result<NewApiToken, HubError> {
        let error = match self.hub.make(account, wish) {
            Ok(made) => return Ok(made),
            Err(error) if error.is_undone() => return Err(error.into()),
            Err(error) => error,
        };
        let is_clear = self.clear(account, wish.label).is_ok();
        Err(HubError::Unanswered { source: error, label: wish.label.to_owned(), is_clear })
    }

    /// Deletes what has this very label at Docker Hub and is not in the vault.
    fn clear(&self, account: &HubAccount, label: &str) -> Result<(), HubError> {
        let all = self.hub.all(account)?;
        let inventory = self.store.inventory()?;
        for lost in all.iter().filter(|listed| listed.label == label) {
            if with_remote(&inventory, &self.remote(account, lost)).is_none() {
                self.hub.delete(account, &lost.id)?;
            }
        }
        Ok(())
    }

    /// Deletes a token that was just made and could not be kept, and returns the error that tells so.
    fn undo(&self, account: &HubAccount, made: &NewApiToken, why: HubError) -> HubError {
        let is_gone = self.hub.delete(account, &made.listed.id).is_ok();
        let id = made.listed.id.clone();
        HubError::NotKept { source: Box::new(why), id, is_gone }
    }
}

/// Returns the token of the vault that is this one at its service.
pub fn with_remote<'i>(inventory: &'i Inventory, remote: &Remote) -> Option<&'i Token> {
    inventory.tokens().iter().find(|token| {
        token.remote.as_ref().is_some_and(|other| {
            other.service == remote.service && other.base_url == remote.base_url && other.id == remote.id
        })
    })
}

fn with_id(inventory: &Inventory, id: TokenId) -> Option<&Token> {
    inventory.tokens().iter().find(|token| token.id == id)
}
