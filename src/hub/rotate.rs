//! Replaces a token with a new one, step by step. Each step is on the disk before the next one begins, so the
//! rotation can be interrupted anywhere: the token in use works, and a second call continues.

use std::thread;
use std::time::Duration;

use crate::hub::api::client::CreateRequest;
use crate::hub::api::token::{ApiToken, NewApiToken};
use crate::hub::error::HubError;
use crate::hub::label_marker::mark_label;
use crate::hub::successor::{same_lifetime, successor_access, successor_label};
use crate::hub::{HubSession, LinkedToken, token_with_id};
use crate::inventory::unfinished_rotation::is_waiting_for;
use crate::inventory::{IncomingToken, TokenChanges};
use crate::model::name::Name;
use crate::model::remote::{Remote, Rotation};
use crate::model::timestamp::Timestamp;
use crate::model::token::{Origin, Token, UserName};
use crate::model::token_id::TokenId;
use crate::system::disk;
use crate::vault::draft::Draft;
use crate::vault::store::StoreError;

/// The pause before a refused new secret is tried once more: the secret may not have reached every server yet.
const RETRY_PAUSE: Duration = Duration::from_secs(1);

/// The options of a rotation.
#[derive(Clone, Copy, Debug)]
pub struct RotateOptions {
    pub expires: SuccessorExpiry,
    pub old_token: OldTokenAction,
}

/// The expiry of the new token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SuccessorExpiry {
    /// The new token gets the same lifetime as the old one.
    SameLifetime,
    /// `None` means never.
    Fixed(Option<Timestamp>),
}

/// The action to take on the old token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OldTokenAction {
    /// The old token is kept, switched off.
    Deactivate,
    Delete,
}

/// The state of the old token after the rotation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OldTokenOutcome {
    /// Switched off.
    Inactive,
    /// Already expired, so that it can only be deleted.
    Expired,
    Deleted,
    /// Already deleted by something else.
    Gone,
}

/// The result of a rotation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RotateReport {
    /// The ID of the old token at Docker Hub.
    pub old_id: String,
    pub old_token: OldTokenOutcome,
    /// True when an interrupted rotation was continued.
    pub was_resumed: bool,
    /// Other tokens in the vault that have the old secret.
    pub orphaned: Vec<Name>,
}

impl HubSession<'_> {
    /// Replaces a token, or continues a replacement that was interrupted. If the new token cannot be created, stored
    /// or proven, the old one stays in use.
    pub fn rotate(&self, id: TokenId, options: &RotateOptions) -> Result<RotateReport, HubError> {
        let before = self.linked(id)?;
        let _lock = disk::lock(&self.store.path().with_file_name("rotation")).map_err(StoreError::from)?;
        let linked = self.linked(id)?;
        // Another process rotated the token while this one waited, and only one rotation was wanted.
        if linked.remote.id != before.remote.id {
            return Err(HubError::ChangedMeanwhile);
        }
        let was_resumed = linked.remote.rotation.is_some();
        let mut orphaned = Vec::new();
        if !matches!(linked.remote.rotation, Some(Rotation::Switched { .. })) {
            let old = self.client.fetch(&linked.account, &linked.remote.id)?;
            let successor = match self.stored_successor(&linked)? {
                Some(successor) => successor,
                None => self.create_successor(&linked, old.as_ref(), options)?,
            };
            orphaned = self.switch(id, successor, old.as_ref())?;
        }
        let (old_id, old_token) = self.finish(id, options.old_token)?;
        Ok(RotateReport { old_id, old_token, was_resumed, orphaned })
    }

    /// Returns the successor that an earlier call stored, if it still exists. Deletes anything else that the call
    /// left.
    fn stored_successor(&self, linked: &LinkedToken) -> Result<Option<TokenId>, HubError> {
        let inventory = self.store.inventory()?;
        match &linked.remote.rotation {
            None | Some(Rotation::Switched { .. }) => Ok(None),
            Some(Rotation::Succeeds { token: old }) => match token_with_id(&inventory, *old) {
                Some(old) if is_waiting_for(old, linked.token.id) => {
                    Err(HubError::IsSuccessor { name: linked.token.name.clone(), old: old.name.clone() })
                }
                Some(_) | None => Ok(None),
            },
            Some(Rotation::Making { label }) => self.delete_lost(&linked.account, label).map(|()| None),
            Some(Rotation::Made { successor, label }) => {
                let kept = token_with_id(&inventory, *successor).and_then(|token| token.remote.as_ref());
                let Some(kept) = kept else {
                    return self.delete_lost(&linked.account, label).map(|()| None);
                };
                if self.client.fetch(&linked.account, &kept.id)?.is_some() {
                    return Ok(Some(*successor));
                }
                self.drop_successor(linked, *successor)?;
                Ok(None)
            }
        }
    }

    /// Creates a new token and stores it, switched off, in addition to the old one.
    fn create_successor(
        &self,
        linked: &LinkedToken,
        old: Option<&ApiToken>,
        options: &RotateOptions,
    ) -> Result<TokenId, HubError> {
        // The token is read again, because leftovers may have been deleted.
        let linked = self.linked(linked.token.id)?;
        let access = successor_access(&linked, old)?;
        let expires = match options.expires {
            SuccessorExpiry::SameLifetime => same_lifetime(&linked.token, old, self.now),
            SuccessorExpiry::Fixed(expires) => expires,
        };
        let label = mark_label(&successor_label(&linked.token, old, "")).map_err(HubError::Random)?;
        let making = Rotation::Making { label: label.clone() };
        self.step(&linked, |_, _| Ok(Some(making.clone())))?;
        let request = CreateRequest { label: &label, access: &access, expires };
        let created = self.create_or_clean_up(&linked.account, &request);
        let making =
            LinkedToken { remote: Remote { rotation: Some(making), ..linked.remote.clone() }, ..linked };
        match created {
            Ok(created) => self
                .store_successor(&making, &created, &label)
                .map_err(|error| self.undo(&making.account, &created, error)),
            Err(error) => {
                // If a token may be left at Docker Hub, the record of its label also stays.
                let is_left = matches!(
                    &error,
                    HubError::Unanswered { is_cleaned_up: false, .. }
                        | HubError::NotKept { is_deleted: false, .. }
                );
                if !is_left {
                    let _ = self.step(&making, |_, _| Ok(None));
                }
                Err(error)
            }
        }
    }

    fn store_successor(
        &self,
        linked: &LinkedToken,
        created: &NewApiToken,
        label: &str,
    ) -> Result<TokenId, HubError> {
        let remote = Remote {
            rotation: Some(Rotation::Succeeds { token: linked.token.id }),
            ..self.remote(&linked.account, &created.listed)
        };
        let mut successor = linked.token.id;
        self.step(linked, |draft, old| {
            let incoming = IncomingToken {
                name: Name::parse(&format!("{}-next", old.name)).unwrap_or_else(|_| old.name.clone()),
                kind: linked.account.token_kind(),
                user: old.user.clone(),
                scopes: old.scopes.clone(),
                keys: Vec::new(),
                label: Some(format!("to take the place of \"{}\"", old.name)),
                permissions: created.listed.access.permissions().or(old.permissions),
                expires: created.listed.expires,
                origin: Origin::Add,
                profile: None,
                remote: Some(remote),
            };
            successor = draft.inventory.add_with_free_name(incoming, self.now);
            draft.inventory.take_turns(successor, old.id);
            draft.inventory.deactivate(successor);
            draft.set_secret(successor, &created.secret)?;
            Ok(Some(Rotation::Made { successor, label: label.to_owned() }))
        })?;
        Ok(successor)
    }

    fn drop_successor(&self, linked: &LinkedToken, successor: TokenId) -> Result<(), HubError> {
        self.step(linked, |draft, _| {
            draft.inventory.remove(successor);
            Ok(None)
        })
    }

    /// Proves the successor and puts it in place of the old token. Returns the other tokens with the old
    /// secret.
    fn switch(&self, id: TokenId, successor: TokenId, old: Option<&ApiToken>) -> Result<Vec<Name>, HubError> {
        let linked = self.linked(id)?;
        let new = self.linked(successor)?;
        if !self.is_working(&new)? {
            self.client.delete(&new.account, &new.remote.id)?;
            self.drop_successor(&linked, successor)?;
            return Err(HubError::NotWorking(linked.token.name));
        }
        let Some(Rotation::Made { label, .. }) = &linked.remote.rotation else {
            return Err(HubError::ChangedMeanwhile);
        };
        let label = successor_label(&linked.token, old, label);
        let switched = Rotation::Switched { old: linked.remote.id.clone(), label };
        self.store.change(|draft| {
            let token = unchanged_token(draft, &linked)?;
            let new = token_with_id(&draft.inventory, successor).cloned();
            let new = new.ok_or(HubError::ChangedMeanwhile)?;
            let Some(remote) = new.remote.clone() else { return Err(HubError::ChangedMeanwhile) };
            let secret = draft.secret(&new)?;
            let orphaned = tokens_with_same_secret(draft, &token);
            draft.inventory.renew(token.id, new.kind, new.expires, self.now);
            let permissions = new.permissions.map(Some);
            draft.inventory.edit(token.id, TokenChanges { permissions, ..TokenChanges::default() })?;
            // The old secret stops working at Docker Hub.
            draft.inventory.set_previous(token.id, None);
            draft.inventory.keep_at_logout(token.id);
            draft.inventory.set_remote(token.id, Some(Remote { rotation: Some(switched), ..remote }));
            draft.set_secret(token.id, &secret)?;
            draft.inventory.remove(successor);
            Ok(orphaned)
        })
    }

    fn is_working(&self, new: &LinkedToken) -> Result<bool, HubError> {
        let UserName::Named(user) = &new.token.user else { return Ok(false) };
        let secret = self.store.excerpt(None)?.release(&new.token)?;
        if self.client.api().accepts(user, &secret)? {
            return Ok(true);
        }
        thread::sleep(RETRY_PAUSE);
        Ok(self.client.api().accepts(user, &secret)?)
    }

    /// Switches the old token off or deletes it, and gives its label to the new one.
    fn finish(&self, id: TokenId, action: OldTokenAction) -> Result<(String, OldTokenOutcome), HubError> {
        let linked = self.linked(id)?;
        let Some(Rotation::Switched { old, label }) = &linked.remote.rotation else {
            return Err(HubError::ChangedMeanwhile);
        };
        let mut outcome = self.deactivate_old(&linked, old)?;
        if !self.client.relabel(&linked.account, &linked.remote.id, label)? {
            return Err(HubError::Gone(linked.token.name));
        }
        if action == OldTokenAction::Delete {
            let was_there = self.client.delete(&linked.account, old)?;
            outcome = if was_there { OldTokenOutcome::Deleted } else { OldTokenOutcome::Gone };
        }
        self.step(&linked, |draft, token| {
            let label = Some(Some(label.clone()).filter(|label| !label.is_empty()));
            draft.inventory.edit(token.id, TokenChanges { label, ..TokenChanges::default() })?;
            Ok(None)
        })?;
        Ok((old.clone(), outcome))
    }

    fn deactivate_old(&self, linked: &LinkedToken, old: &str) -> Result<OldTokenOutcome, HubError> {
        let Some(listed) = self.client.fetch(&linked.account, old)? else { return Ok(OldTokenOutcome::Gone) };
        if listed.has_expired(self.now) {
            return Ok(OldTokenOutcome::Expired);
        }
        let is_there = !listed.is_active || self.client.switch(&linked.account, old, false)?;
        Ok(if is_there { OldTokenOutcome::Inactive } else { OldTokenOutcome::Gone })
    }

    /// Executes one step in the vault, if the token there is still as it was before the step, and records the
    /// progress of the rotation that `edit` returns.
    fn step(
        &self,
        linked: &LinkedToken,
        edit: impl FnOnce(&mut Draft, &Token) -> Result<Option<Rotation>, HubError>,
    ) -> Result<(), HubError> {
        self.store.change(|draft| {
            let token = unchanged_token(draft, linked)?;
            let rotation = edit(draft, &token)?;
            let remote = token.remote.map(|remote| Remote { rotation, ..remote });
            draft.inventory.set_remote(token.id, remote);
            Ok(())
        })
    }
}

/// Returns the token as it is now. Its name may have changed, but not its secret.
fn unchanged_token(draft: &Draft, linked: &LinkedToken) -> Result<Token, HubError> {
    let token = token_with_id(&draft.inventory, linked.token.id).filter(|token| {
        let is_same = |now: &Remote| now.id == linked.remote.id && now.rotation == linked.remote.rotation;
        token.stored == linked.token.stored && token.remote.as_ref().is_some_and(is_same)
    });
    token.cloned().ok_or(HubError::ChangedMeanwhile)
}

/// Returns the other tokens with the secret of this one, such as a token from a `docker login` with it.
fn tokens_with_same_secret(draft: &Draft, token: &Token) -> Vec<Name> {
    let Ok(secret) = draft.secret(token) else { return Vec::new() };
    let others = draft.inventory.tokens().iter().filter(|other| other.id != token.id);
    let has_same = |other: &&Token| draft.secret(other).is_ok_and(|other| other.is_same_as(&secret));
    others.filter(has_same).map(|other| other.name.clone()).collect()
}
