//! Links a token in the vault with its counterpart at Docker Hub, which is recognized by a use of the secret.

use crate::hub::api::HubAccount;
use crate::hub::api::token::ApiToken;
use crate::hub::error::HubError;
use crate::hub::lookup::{Identity, find_by_id_or_label};
use crate::hub::{HubSession, kept_token, token_with_id};
use crate::inventory::TokenChanges;
use crate::model::token::{Token, UserName};

/// The proof that a link with a named token needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LinkProof {
    /// Docker Hub has to show a use of the token.
    Required,
    /// The person's word is enough.
    NotRequired,
}

/// A token that was linked.
#[derive(Debug, PartialEq, Eq)]
pub struct LinkReport {
    pub listed: ApiToken,
    /// True when Docker Hub showed a use of its secret.
    pub is_proven: bool,
}

impl HubSession<'_> {
    /// Links a token in the vault with one of an account: the one with that ID or label, or the one that shows a use
    /// when the secret is used. A token that opens no registry is switched off in the vault.
    pub fn link(
        &self,
        token: &Token,
        account: &HubAccount,
        id_or_label: Option<&str>,
        proof: LinkProof,
    ) -> Result<LinkReport, HubError> {
        let before = self.client.list(account)?;
        let named = id_or_label.map(|name| find_listed(&before, name)).transpose()?;
        let is_accepted = self.use_secret(token)?;
        let after = self.client.list(account)?;
        let used: Vec<&ApiToken> = after.iter().filter(|listed| was_used(listed, &before)).collect();
        let (listed, is_proven) = match (named, used.as_slice(), proof) {
            (None, [used], _) => ((*used).clone(), true),
            (Some(named), [used], _) if used.id == named.id => ((*used).clone(), true),
            (Some(named), _, LinkProof::NotRequired) => (named.clone(), false),
            (Some(named), [used], LinkProof::Required) => {
                return Err(HubError::Unproven(format!(
                    "a use of \"{}\" showed at \"{}\" ({}), and not at \"{}\"",
                    token.name, used.label, used.id, named.label
                )));
            }
            (_, used, _) => return Err(unproven(token, is_accepted, used.len(), named.is_some())),
        };
        self.note_link(token, account, &listed)?;
        Ok(LinkReport { listed, is_proven })
    }

    /// Uses the secret at Docker Hub, and returns whether it is accepted.
    fn use_secret(&self, token: &Token) -> Result<bool, HubError> {
        let UserName::Named(user) = &token.user else { return Ok(false) };
        let secret = self.store.excerpt(None)?.release(token)?;
        Ok(self.client.api().accepts(user, &secret)?)
    }

    fn note_link(&self, token: &Token, account: &HubAccount, listed: &ApiToken) -> Result<(), HubError> {
        let remote = self.remote(account, listed);
        self.store.change(|draft| {
            let now = token_with_id(&draft.inventory, token.id).ok_or(HubError::ChangedMeanwhile)?;
            // With another secret it is a different token.
            if now.stored != token.stored {
                return Err(HubError::ChangedMeanwhile);
            }
            let other = kept_token(&draft.inventory, account, remote.base_url.as_deref(), &remote.id);
            let other = other.filter(|other| other.id != token.id);
            if let Some(other) = other {
                return Err(HubError::NotIdentified(format!("that one is \"{}\" already", other.name)));
            }
            draft.inventory.set_remote(token.id, Some(remote));
            if listed.access.opens_no_registry() {
                draft.inventory.deactivate(token.id);
            }
            let changes = TokenChanges {
                label: token.label.is_none().then(|| Some(listed.label.clone())),
                permissions: listed.access.permissions().map(Some),
                expires: Some(listed.expires),
                ..TokenChanges::default()
            };
            Ok(draft.inventory.edit(token.id, changes)?)
        })
    }
}

fn was_used(after: &ApiToken, before: &[ApiToken]) -> bool {
    let before = before.iter().find(|before| before.id == after.id);
    after.last_used_text.is_some()
        && before.is_some_and(|before| before.last_used_text != after.last_used_text)
}

/// Returns the token with that ID, or else the only one with that label or the beginning of that ID.
pub fn find_listed<'l>(all: &'l [ApiToken], id_or_label: &str) -> Result<&'l ApiToken, HubError> {
    find_by_id_or_label(all, id_or_label, identity)?
        .ok_or_else(|| HubError::NotIdentified(format!("no token has the ID or label \"{id_or_label}\"")))
}

fn identity(listed: &ApiToken) -> Identity<'_> {
    Identity { id: &listed.id, label: &listed.label, name: None }
}

fn unproven(token: &Token, is_accepted: bool, used: usize, is_named: bool) -> HubError {
    let name = &token.name;
    let why = match (is_accepted, used) {
        (false, _) => format!("Docker Hub does not accept the secret of \"{name}\""),
        (true, 0) => format!("Docker Hub takes the secret of \"{name}\", but shows a use of no token"),
        (true, _) => "more than one token was used just now".to_owned(),
    };
    if is_named { HubError::Unproven(why) } else { HubError::NotIdentified(why) }
}
