//! Puts a new token in the place of an old one, step by step. Each step is on the disk before the next is begun,
//! so that it can be stopped anywhere: what is in use works, and a second call goes on.

use std::thread;
use std::time::Duration;

use crate::hub::api::client::CreateRequest;
use crate::hub::api::token::{ApiToken, NewApiToken};
use crate::hub::create::kind_of;
use crate::hub::error::HubError;
use crate::hub::label_marker::marked;
use crate::hub::successor::{grants_of, label_of, same_lifetime};
use crate::hub::{HubSession, LinkedToken, with_id};
use crate::inventory::unfinished_rotation::is_waiting_for;
use crate::inventory::{IncomingToken, TokenChanges};
use crate::model::name::Name;
use crate::model::remote::{Remote, Rotation};
use crate::model::timestamp::Timestamp;
use crate::model::token::{Origin, Token, UserName};
use crate::model::token_id::TokenId;
use crate::system::disk;
use crate::vault::draft::Draft;

/// How long after a first refusal a new secret is tried once more: it may not be known everywhere yet.
const PROOF_PAUSE: Duration = Duration::from_secs(1);

/// How a token is to be replaced.
#[derive(Clone, Copy, Debug)]
pub struct RotateOptions {
    /// When the new one is to end; `None` lets it last as long as the old one did.
    pub expires: Option<Option<Timestamp>>,
    /// What becomes of the old one.
    pub old: OldToken,
}

/// What becomes of the old token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OldToken {
    /// It is kept, switched off.
    Deactivate,
    /// It is deleted.
    Delete,
}

/// What became of the old token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OldTokenOutcome {
    /// Switched off.
    Inactive,
    /// It had ended already, and such a one can only be deleted.
    Expired,
    /// Deleted.
    Deleted,
    /// It was not there any more.
    Gone,
}

/// What was done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RotateReport {
    /// By what Docker Hub tells the old token from others.
    pub old: String,
    /// What became of it.
    pub fate: OldTokenOutcome,
    /// True when a rotation that was stopped went on.
    pub went_on: bool,
    /// Other tokens of the vault that have the old secret.
    pub orphaned: Vec<Name>,
}

impl HubSession<'_> {
    /// Replaces a token, or goes on with a replacement that was stopped.
    ///
    /// # Errors
    /// When the new one cannot be made, kept or proven; the old one is in use then.
    pub fn rotate(&self, id: TokenId, how: &RotateOptions) -> Result<RotateReport, HubError> {
        let before = self.known(id)?;
        let _lock = disk::lock(&self.store.path().with_file_name("rotation"))?;
        let known = self.known(id)?;
        // Another process did it while this one waited; once is what was asked.
        if known.remote.id != before.remote.id {
            return Err(HubError::Meanwhile);
        }
        let went_on = known.remote.rotation.is_some();
        let mut orphaned = Vec::new();
        if !matches!(known.remote.rotation, Some(Rotation::Switched { .. })) {
            let old = self.hub.one(&known.account, &known.remote.id)?;
            let successor = match self.pick_up(&known)? {
                Some(successor) => successor,
                None => self.make_successor(&known, old.as_ref(), how)?,
            };
            orphaned = self.switch(id, successor, old.as_ref())?;
        }
        let (old, fate) = self.finish(id, how.old)?;
        Ok(RotateReport { old, fate, went_on, orphaned })
    }

    /// Returns the successor that an earlier call kept, if it is still good; clears up what else it left.
    fn pick_up(&self, known: &LinkedToken) -> Result<Option<TokenId>, HubError> {
        let inventory = self.store.inventory()?;
        match &known.remote.rotation {
            None | Some(Rotation::Switched { .. }) => Ok(None),
            Some(Rotation::Succeeds { token: old }) => match with_id(&inventory, *old) {
                Some(old) if is_waiting_for(old, known.token.id) => {
                    Err(HubError::Successor { name: known.token.name.clone(), old: old.name.clone() })
                }
                Some(_) | None => Ok(None),
            },
            Some(Rotation::Making { label }) => self.clear(&known.account, label).map(|()| None),
            Some(Rotation::Made { successor, label }) => {
                let Some(kept) = with_id(&inventory, *successor).and_then(|token| token.remote.as_ref())
                else {
                    return self.clear(&known.account, label).map(|()| None);
                };
                if self.hub.one(&known.account, &kept.id)?.is_some() {
                    return Ok(Some(*successor));
                }
                self.step(known, |draft, _| {
                    draft.inventory.remove(*successor);
                    Ok(None)
                })?;
                Ok(None)
            }
        }
    }

    /// Makes a new token and keeps it beside the old one, switched off.
    fn make_successor(
        &self,
        known: &LinkedToken,
        old: Option<&ApiToken>,
        how: &RotateOptions,
    ) -> Result<TokenId, HubError> {
        // As it is now: something that was left may have been cleared up.
        let known = self.known(known.token.id)?;
        let grants = grants_of(&known, old)?;
        let label = label_of(&known.token, old, "");
        let expires = how.expires.unwrap_or_else(|| same_lifetime(&known.token, old, self.now));
        let marker = marked(&label).map_err(HubError::Random)?;
        let making = Rotation::Making { label: marker.clone() };
        self.step(&known, |_, _| Ok(Some(making.clone())))?;
        let made = self.make(&known.account, &CreateRequest { label: &marker, grants: &grants, expires });
        let making =
            LinkedToken { remote: Remote { rotation: Some(making), ..known.remote.clone() }, ..known };
        match made {
            Ok(made) => self
                .keep_successor(&making, &made, &marker)
                .map_err(|error| self.undo(&making.account, &made, error)),
            Err(error) => {
                // Nothing is left where nothing was made.
                if !matches!(&error, HubError::Unanswered { is_clear: false, .. }) {
                    let _ = self.step(&making, |_, _| Ok(None));
                }
                Err(error)
            }
        }
    }

    fn keep_successor(
        &self,
        known: &LinkedToken,
        made: &NewApiToken,
        marker: &str,
    ) -> Result<TokenId, HubError> {
        let remote = Remote {
            rotation: Some(Rotation::Succeeds { token: known.token.id }),
            ..self.remote(&known.account, &made.listed)
        };
        let mut kept = known.token.id;
        self.step(known, |draft, old| {
            let arrival = IncomingToken {
                name: Name::parse(&format!("{}-next", old.name)).unwrap_or_else(|_| old.name.clone()),
                kind: kind_of(&known.account),
                user: old.user.clone(),
                scopes: old.scopes.clone(),
                keys: Vec::new(),
                label: Some(format!("to take the place of \"{}\"", old.name)),
                permissions: old.permissions,
                expires: made.listed.expires,
                origin: Origin::Add,
                profile: None,
                remote: Some(remote),
            };
            kept = draft.inventory.add_with_free_name(arrival, self.now);
            draft.inventory.deactivate(kept);
            draft.set_secret(kept, &made.secret)?;
            Ok(Some(Rotation::Made { successor: kept, label: marker.to_owned() }))
        })?;
        Ok(kept)
    }

    /// Proves the successor, and puts it in the place of the old one. Returns who else has the old secret.
    fn switch(&self, id: TokenId, successor: TokenId, old: Option<&ApiToken>) -> Result<Vec<Name>, HubError> {
        let known = self.known(id)?;
        let new = self.known(successor)?;
        if !self.is_working(&new)? {
            self.hub.delete(&new.account, &new.remote.id)?;
            self.step(&known, |draft, _| {
                draft.inventory.remove(successor);
                Ok(None)
            })?;
            return Err(HubError::NotWorking(known.token.name));
        }
        let Some(Rotation::Made { label, .. }) = &known.remote.rotation else {
            return Err(HubError::Meanwhile);
        };
        let label = label_of(&known.token, old, label);
        let switched = Rotation::Switched { old: known.remote.id.clone(), label };
        self.store.change(|draft| {
            let token = unchanged(draft, &known)?;
            let new = with_id(&draft.inventory, successor).cloned().ok_or(HubError::Meanwhile)?;
            let Some(remote) = new.remote.clone() else { return Err(HubError::Meanwhile) };
            let secret = draft.secret(&new)?;
            let orphaned = with_same_secret(draft, &token);
            draft.inventory.renew(token.id, new.kind, new.expires, self.now);
            draft.inventory.adopt(token.id);
            draft.inventory.recognize(token.id, Some(Remote { rotation: Some(switched), ..remote }));
            draft.set_secret(token.id, &secret)?;
            draft.inventory.remove(successor);
            Ok(orphaned)
        })
    }

    fn is_working(&self, new: &LinkedToken) -> Result<bool, HubError> {
        let UserName::Named(user) = &new.token.user else { return Ok(false) };
        let secret = self.store.excerpt(None)?.release(&new.token)?;
        if self.hub.hub().knows(user, &secret)? {
            return Ok(true);
        }
        thread::sleep(PROOF_PAUSE);
        Ok(self.hub.hub().knows(user, &secret)?)
    }

    /// Ends the old one, and gives the new one its label.
    fn finish(&self, id: TokenId, then: OldToken) -> Result<(String, OldTokenOutcome), HubError> {
        let known = self.known(id)?;
        let Some(Rotation::Switched { old, label }) = &known.remote.rotation else {
            return Err(HubError::Meanwhile);
        };
        let mut fate = self.end(&known, old)?;
        if !self.hub.relabel(&known.account, &known.remote.id, label)? {
            return Err(HubError::Gone(known.token.name));
        }
        if then == OldToken::Delete {
            let was_there = self.hub.delete(&known.account, old)?;
            fate = if was_there { OldTokenOutcome::Deleted } else { OldTokenOutcome::Gone };
        }
        self.step(&known, |draft, token| {
            let label = Some(Some(label.clone()).filter(|label| !label.is_empty()));
            draft.inventory.amend(token.id, TokenChanges { label, ..TokenChanges::default() })?;
            Ok(None)
        })?;
        Ok((old.clone(), fate))
    }

    fn end(&self, known: &LinkedToken, old: &str) -> Result<OldTokenOutcome, HubError> {
        let Some(there) = self.hub.one(&known.account, old)? else { return Ok(OldTokenOutcome::Gone) };
        if there.has_expired(self.now) {
            return Ok(OldTokenOutcome::Expired);
        }
        let is_there = !there.is_active || self.hub.switch(&known.account, old, false)?;
        Ok(if is_there { OldTokenOutcome::Inactive } else { OldTokenOutcome::Gone })
    }

    /// Does one step in the vault, where the token is still as it was before the step, and notes how far the
    /// rotation has come by it.
    fn step(
        &self,
        known: &LinkedToken,
        edit: impl FnOnce(&mut Draft, &Token) -> Result<Option<Rotation>, HubError>,
    ) -> Result<(), HubError> {
        self.store.change(|draft| {
            let token = unchanged(draft, known)?;
            let rotation = edit(draft, &token)?;
            let remote = token.remote.map(|remote| Remote { rotation, ..remote });
            draft.inventory.recognize(token.id, remote);
            Ok(())
        })
    }
}

/// Returns the token as it is now; it may have got another name, and no other secret.
fn unchanged(draft: &Draft, known: &LinkedToken) -> Result<Token, HubError> {
    let token = with_id(&draft.inventory, known.token.id).filter(|token| {
        let is_same = |now: &Remote| now.id == known.remote.id && now.rotation == known.remote.rotation;
        token.stored == known.token.stored && token.remote.as_ref().is_some_and(is_same)
    });
    token.cloned().ok_or(HubError::Meanwhile)
}

/// Returns the other tokens that have the secret of this one, such as one of a `docker login` with it.
fn with_same_secret(draft: &Draft, token: &Token) -> Vec<Name> {
    let Ok(secret) = draft.secret(token) else { return Vec::new() };
    let others = draft.inventory.tokens().iter().filter(|other| other.id != token.id);
    let has_it = |other: &&Token| draft.secret(other).is_ok_and(|other| other.is_same_as(&secret));
    others.filter(has_it).map(|other| other.name.clone()).collect()
}
