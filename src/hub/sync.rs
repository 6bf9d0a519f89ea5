//! Writes down in the vault what Docker Hub tells of the tokens that are known here.

use std::collections::{BTreeMap, BTreeSet};

use crate::hub::api::HubAccount;
use crate::hub::api::token::ApiToken;
use crate::hub::error::HubError;
use crate::hub::label_marker::unmarked;
use crate::hub::{HubSession, LinkedToken, with_id};
use crate::inventory::TokenChanges;
use crate::model::name::Name;
use crate::model::token::{Token, TokenState};
use crate::vault::draft::Draft;

/// What a comparison with Docker Hub has shown.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct SyncReport {
    /// How many tokens were compared.
    pub compared: usize,
    /// Tokens of which something was written down.
    pub changed: Vec<Name>,
    /// Tokens that were switched off here, since they are so there.
    pub switched_off: Vec<Name>,
    /// Tokens that are gone there.
    pub gone: Vec<Name>,
    /// Tokens of others than who is signed in, with their owners.
    pub others: Vec<(Name, String)>,
}

impl HubSession<'_> {
    /// Writes down what Docker Hub tells of each known token that it shows to who is signed in. One that a
    /// person switched off here stays so.
    pub fn sync(&self) -> Result<SyncReport, HubError> {
        let mut synced = SyncReport::default();
        let mine = self.mine(&mut synced)?;
        let accounts: BTreeSet<&HubAccount> = mine.iter().map(|known| &known.account).collect();
        let mut there = BTreeMap::new();
        for account in accounts {
            let all = self.hub.all(account)?;
            there.extend(all.into_iter().map(|listed| ((account, listed.id.clone()), listed)));
        }
        synced.compared = mine.len();
        self.store.change(|draft| -> Result<_, HubError> {
            for known in &mine {
                let Some(token) = with_id(&draft.inventory, known.token.id).cloned() else { continue };
                // What changed meanwhile is another's word, and newer.
                if token.remote.as_ref().is_none_or(|remote| remote.id != known.remote.id) {
                    continue;
                }
                match there.get(&(&known.account, known.remote.id.clone())) {
                    Some(listed) => note(draft, &token, listed, &mut synced)?,
                    None => synced.gone.push(token.name),
                }
            }
            Ok(())
        })?;
        Ok(synced)
    }

    /// Returns the known tokens that Docker Hub shows to who is signed in, and notes those of others.
    fn mine(&self, synced: &mut SyncReport) -> Result<Vec<LinkedToken>, HubError> {
        let at = self.hub.hub().at();
        let inventory = self.store.inventory()?;
        let mut mine = Vec::new();
        for known in inventory.tokens().iter().filter_map(|token| LinkedToken::of(token, at.as_deref()).ok())
        {
            match known.owner() {
                Some(owner) if !owner.eq_ignore_ascii_case(self.hub.user()) => {
                    synced.others.push((known.token.name.clone(), owner.to_owned()));
                }
                Some(_) | None => mine.push(known),
            }
        }
        Ok(mine)
    }
}

fn note(
    draft: &mut Draft,
    token: &Token,
    listed: &ApiToken,
    synced: &mut SyncReport,
) -> Result<(), HubError> {
    let Some(mut remote) = token.remote.clone() else { return Ok(()) };
    remote.last_used = listed.last_used().or(remote.last_used);
    let is_at_rest = remote.rotation.is_none();
    draft.inventory.set_remote(token.id, Some(remote));
    // Amid a rotation its label is not its own, and it is switched off by us.
    if is_at_rest {
        let label = unmarked(&listed.label).unwrap_or(&listed.label);
        let permissions = listed.grants.permissions();
        let changes = TokenChanges {
            label: Some(Some(label.to_owned()).filter(|label| !label.is_empty())),
            permissions: permissions.map(Some),
            expires: Some(listed.expires),
            ..TokenChanges::default()
        };
        draft.inventory.edit(token.id, changes)?;
        if !listed.is_active && token.state == TokenState::Active {
            draft.inventory.deactivate(token.id);
            synced.switched_off.push(token.name.clone());
        }
    }
    if with_id(&draft.inventory, token.id) != Some(token) {
        synced.changed.push(token.name.clone());
    }
    Ok(())
}
