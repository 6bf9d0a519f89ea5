//! Finds out which token at Docker Hub one of the vault is, by a use of it.

use crate::hub::api::HubAccount;
use crate::hub::api::token::ApiToken;
use crate::hub::error::HubError;
use crate::hub::{HubSession, with_id, with_remote};
use crate::inventory::TokenChanges;
use crate::model::token::{Token, UserName};

/// Whether a person's word is enough.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LinkProof {
    /// Docker Hub has to show that the token is meant.
    Wanted,
    /// A person is sure.
    Unneeded,
}

/// A token that is known now.
#[derive(Debug, PartialEq, Eq)]
pub struct LinkReport {
    /// What it is there.
    pub listed: ApiToken,
    /// True when a use of its secret was seen there.
    pub is_proven: bool,
}

impl HubSession<'_> {
    /// Notes which token of an account one of the vault is: the one with that ID or label, or the one that
    /// is seen to be used when the secret is.
    pub fn link(
        &self,
        token: &Token,
        account: &HubAccount,
        named: Option<&str>,
        proof: LinkProof,
    ) -> Result<LinkReport, HubError> {
        let before = self.hub.all(account)?;
        let meant = named.map(|named| one_of(&before, named)).transpose()?;
        let is_known = self.try_secret(token)?;
        let after = self.hub.all(account)?;
        let used: Vec<&ApiToken> = after.iter().filter(|now| was_used(now, &before)).collect();
        let (listed, is_proven) = match (meant, used.as_slice(), proof) {
            (None, [used], _) => ((*used).clone(), true),
            (Some(meant), [used], _) if used.id == meant.id => ((*used).clone(), true),
            (Some(meant), _, LinkProof::Unneeded) => (meant.clone(), false),
            (Some(meant), [used], LinkProof::Wanted) => {
                return Err(HubError::Unproven(format!(
                    "a use of \"{}\" showed at \"{}\" ({}), and not at \"{}\"",
                    token.name, used.label, used.id, meant.label
                )));
            }
            (_, used, _) => return Err(unproven(token, is_known, used.len(), meant.is_some())),
        };
        self.note_link(token, account, &listed)?;
        Ok(LinkReport { listed, is_proven })
    }

    /// Uses the secret at Docker Hub, which is the one place where it belongs.
    fn try_secret(&self, token: &Token) -> Result<bool, HubError> {
        let UserName::Named(user) = &token.user else { return Ok(false) };
        let secret = self.store.excerpt(None)?.release(token)?;
        Ok(self.hub.hub().knows(user, &secret)?)
    }

    fn note_link(&self, token: &Token, account: &HubAccount, listed: &ApiToken) -> Result<(), HubError> {
        let remote = self.remote(account, listed);
        self.store.change(|draft| {
            let now = with_id(&draft.inventory, token.id).ok_or(HubError::Meanwhile)?;
            // With another secret it is another token.
            if now.stored != token.stored {
                return Err(HubError::Meanwhile);
            }
            if let Some(other) = with_remote(&draft.inventory, &remote).filter(|other| other.id != token.id) {
                return Err(HubError::NotOne(format!("that one is \"{}\" already", other.name)));
            }
            draft.inventory.set_remote(token.id, Some(remote));
            let changes = TokenChanges {
                label: token.label.is_none().then(|| Some(listed.label.clone())),
                permissions: listed.grants.permissions().map(Some),
                expires: Some(listed.expires),
                ..TokenChanges::default()
            };
            Ok(draft.inventory.edit(token.id, changes)?)
        })
    }
}

fn was_used(now: &ApiToken, before: &[ApiToken]) -> bool {
    let then = before.iter().find(|then| then.id == now.id);
    then.is_some_and(|then| now.used.is_some() && then.used != now.used)
}

/// Returns the token with that ID, or else the only one with that label.
fn one_of<'l>(all: &'l [ApiToken], named: &str) -> Result<&'l ApiToken, HubError> {
    if let Some(token) = all.iter().find(|token| token.id == named) {
        return Ok(token);
    }
    let mut labelled = all.iter().filter(|token| token.label == named);
    match (labelled.next(), labelled.next()) {
        (Some(token), None) => Ok(token),
        (Some(_), Some(_)) => Err(HubError::NotOne(format!("more than one token is labelled \"{named}\""))),
        (None, _) => Err(HubError::NotOne(format!("no token has the ID or label \"{named}\""))),
    }
}

fn unproven(token: &Token, is_known: bool, used: usize, is_named: bool) -> HubError {
    let name = &token.name;
    let why = match (is_known, used) {
        (false, _) => format!("Docker Hub does not take the secret of \"{name}\""),
        (true, 0) => format!("Docker Hub takes the secret of \"{name}\", but shows a use of no token"),
        (true, _) => "more than one token was used just now".to_owned(),
    };
    if is_named { HubError::Unproven(why) } else { HubError::NotOne(why) }
}
