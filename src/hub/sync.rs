//! Updates the linked tokens in the vault from Docker Hub.

use std::collections::{BTreeMap, BTreeSet};

use crate::hub::api::HubAccount;
use crate::hub::api::token::ApiToken;
use crate::hub::error::HubError;
use crate::hub::label_marker::unmarked_label;
use crate::hub::{HubSession, LinkedToken, token_with_id};
use crate::inventory::TokenChanges;
use crate::model::name::Name;
use crate::model::token::{Token, TokenState};
use crate::vault::draft::Draft;

/// The result of a comparison with Docker Hub.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct SyncReport {
    /// The number of tokens that were compared.
    pub compared: usize,
    /// Tokens that were updated in the vault, with the properties that changed.
    pub changed: Vec<(Name, Vec<&'static str>)>,
    /// Tokens that are inactive at Docker Hub and so were switched off in the vault.
    pub switched_off: Vec<Name>,
    /// Tokens that open no registry, such as those for Cloud Sandboxes, and so were switched off in the vault.
    pub without_registry: Vec<Name>,
    /// Tokens that no longer exist at Docker Hub.
    pub gone: Vec<Name>,
    /// Tokens of persons other than the one who is signed in, with their owners.
    pub other_owners: Vec<(Name, String)>,
}

impl HubSession<'_> {
    /// Updates each linked token that Docker Hub shows to the person who is signed in. A token that a person
    /// switched off in the vault stays off.
    pub fn sync(&self) -> Result<SyncReport, HubError> {
        let mut report = SyncReport::default();
        let visible = self.visible_tokens(&mut report)?;
        let accounts: BTreeSet<&HubAccount> = visible.iter().map(|linked| &linked.account).collect();
        let mut listed_tokens = BTreeMap::new();
        for account in accounts {
            let all = self.client.list(account)?;
            listed_tokens.extend(all.into_iter().map(|listed| ((account, listed.id.clone()), listed)));
        }
        report.compared = visible.len();
        self.store.change(|draft| -> Result<_, HubError> {
            for linked in &visible {
                let token = token_with_id(&draft.inventory, linked.token.id).cloned();
                // A token that another process changed in the meantime is newer than the list.
                let is_same =
                    |token: &Token| token.remote.as_ref().is_some_and(|remote| remote.id == linked.remote.id);
                let Some(token) = token.filter(is_same) else { continue };
                match listed_tokens.get(&(&linked.account, linked.remote.id.clone())) {
                    Some(listed) => update(draft, &token, listed, &mut report)?,
                    None => report.gone.push(token.name),
                }
            }
            Ok(())
        })?;
        Ok(report)
    }

    /// Returns the linked tokens that Docker Hub shows to the person who is signed in, and reports the
    /// others.
    fn visible_tokens(&self, report: &mut SyncReport) -> Result<Vec<LinkedToken>, HubError> {
        let url = self.client.api().custom_url();
        let mut linked = LinkedToken::all_from_inventory(&self.store.inventory()?, url.as_deref());
        linked.retain(|linked| match linked.owner_other_than(self.client.user()) {
            Some(owner) => {
                report.other_owners.push((linked.token.name.clone(), owner.to_owned()));
                false
            }
            None => true,
        });
        Ok(linked)
    }
}

fn update(
    draft: &mut Draft,
    token: &Token,
    listed: &ApiToken,
    report: &mut SyncReport,
) -> Result<(), HubError> {
    let Some(mut remote) = token.remote.clone() else { return Ok(()) };
    remote.last_used = listed.last_used().or(remote.last_used);
    let is_rotating = remote.rotation.is_some();
    draft.inventory.set_remote(token.id, Some(remote));
    // During a rotation the label is a temporary one, and the token may be switched off by the rotation.
    if !is_rotating {
        let label = unmarked_label(&listed.label).unwrap_or(&listed.label);
        let changes = TokenChanges {
            label: Some(Some(label.to_owned()).filter(|label| !label.is_empty())),
            permissions: listed.access.permissions().map(Some),
            expires: Some(listed.expires),
            ..TokenChanges::default()
        };
        draft.inventory.edit(token.id, changes)?;
        if !listed.is_active && token.state == TokenState::Active {
            draft.inventory.deactivate(token.id);
            report.switched_off.push(token.name.clone());
        } else if listed.access.opens_no_registry() && token.state == TokenState::Active {
            draft.inventory.deactivate(token.id);
            report.without_registry.push(token.name.clone());
        }
    }
    if let Some(after) = token_with_id(&draft.inventory, token.id).filter(|after| *after != token) {
        report.changed.push((token.name.clone(), changed_properties(token, after)));
    }
    Ok(())
}

/// Returns the words for the properties in which two states of a token differ.
fn changed_properties(before: &Token, after: &Token) -> Vec<&'static str> {
    let last_used = |token: &Token| token.remote.as_ref().and_then(|remote| remote.last_used);
    let words = [
        ("label", before.label != after.label),
        ("permissions", before.permissions != after.permissions),
        ("expiry", before.expires != after.expires),
        ("state", before.state != after.state),
        ("last use", last_used(before) != last_used(after)),
    ];
    words.into_iter().filter_map(|(word, has_changed)| has_changed.then_some(word)).collect()
}
