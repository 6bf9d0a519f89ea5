//! The arguments of verbs that work on tokens in the vault, or at Docker Hub only.

use std::mem;

use crate::command::args::find;
use crate::command::completions::token_names;
use crate::command::context::CommandContext;
use crate::command::error::{ArgumentError, CommandError};
use crate::command::hub::account;
use crate::hub::api::client::HubClient;
use crate::hub::api::{HubAccount, HubApi};
use crate::hub::link::find_listed;
use crate::hub::lookup::find_by_id_or_label;
use crate::hub::{LinkedToken, kept_token};
use crate::inventory::Inventory;

/// Which tokens
#[derive(Debug, clap::Args)]
pub(super) struct TokenTargetArgs {
    /// The tokens, in the vault or not: by name here, by ID at Docker Hub (or how it begins, at least 4 characters), or
    /// by label there
    #[arg(value_name = "NAME|ID|LABEL", required_unless_present = "id", add = token_names())]
    names: Vec<String>,
    /// One by its whole ID at Docker Hub, in the vault or not; may be given more than once
    #[arg(long)]
    id: Vec<String>,
    /// The organization whose tokens they are
    #[arg(long, value_name = "ORGANIZATION")]
    org: Option<String>,
}

/// The tokens that the arguments name.
pub(super) struct HubTargets {
    /// The tokens in the vault.
    pub(super) linked: Vec<LinkedToken>,
    /// The other tokens.
    pub(super) others: Vec<OtherToken>,
    /// The owner of the other tokens.
    pub(super) account: HubAccount,
    /// IDs and labels that are not known in the vault.
    unknown: Vec<String>,
}

/// A token that is not in the vault.
pub(super) struct OtherToken {
    pub(super) id: String,
    /// `None` when it has not been looked up.
    label: Option<String>,
}

impl OtherToken {
    /// Returns the token for people: its label and ID, or only its ID.
    pub(super) fn description(&self) -> String {
        match &self.label {
            Some(label) => format!("\"{label}\" ({})", self.id),
            None => self.id.clone(),
        }
    }
}

impl TokenTargetArgs {
    /// Finds the tokens in the vault, each once. [`HubTargets::look_up`] finds the others.
    pub(super) fn find(&self, hub: &HubApi, cx: &mut CommandContext) -> Result<HubTargets, CommandError> {
        let (inventory, url) = (cx.store.inventory()?, hub.custom_url());
        let all = LinkedToken::all_from_inventory(&inventory, url.as_deref());
        let account = account(self.org.as_ref());
        let is_meant = |linked: &LinkedToken| self.org.is_none() || linked.account == account;
        let (mut linked, mut unknown) = (Vec::new(), Vec::new());
        for name in &self.names {
            match find_linked(name, &inventory, &all, url.as_deref())?.filter(is_meant) {
                Some(found) => linked.push(found),
                None => unknown.push(name.clone()),
            }
        }
        let mut targets = HubTargets { linked: Vec::new(), others: Vec::new(), account, unknown };
        for found in linked {
            targets.add_linked(found);
        }
        for id in &self.id {
            match all.iter().find(|token| token.remote.id.eq_ignore_ascii_case(id)) {
                Some(found) => targets.add_linked(found.clone()),
                None => targets.add_other(id, None),
            }
        }
        // A sign-in may follow, which nobody expects after a mistyped name.
        for text in &targets.unknown {
            cx.say(&format!("no token here is known as \"{text}\"; looking for it at Docker Hub"));
        }
        Ok(targets)
    }
}

impl HubTargets {
    /// Returns the Docker ID that has to be signed in for all these tokens.
    pub(super) fn owner(&self) -> Option<&str> {
        self.linked.iter().find_map(LinkedToken::owner)
    }

    /// True when tokens have to be looked up at Docker Hub.
    pub(super) fn has_unknown(&self) -> bool {
        !self.unknown.is_empty()
    }

    /// Finds the tokens that are not known in the vault.
    pub(super) fn look_up(&mut self, client: &HubClient, cx: &CommandContext) -> Result<(), CommandError> {
        if self.unknown.is_empty() {
            return Ok(());
        }
        let all = client.list(&self.account)?;
        let (inventory, url) = (cx.store.inventory()?, client.api().custom_url());
        for text in mem::take(&mut self.unknown) {
            let listed = find_listed(&all, &text)?;
            // The vault may have another label.
            match kept_token(&inventory, &self.account, url.as_deref(), &listed.id) {
                Some(token) => self.add_linked(LinkedToken::from_token(token, url.as_deref())?),
                None => self.add_other(&listed.id, Some(&listed.label)),
            }
        }
        Ok(())
    }

    fn add_linked(&mut self, token: LinkedToken) {
        if self.linked.iter().all(|other| other.token.id != token.token.id) {
            self.linked.push(token);
        }
    }

    fn add_other(&mut self, id: &str, label: Option<&str>) {
        if self.others.iter().all(|other| !other.id.eq_ignore_ascii_case(id)) {
            self.others.push(OtherToken { id: id.to_owned(), label: label.map(str::to_owned) });
        }
    }
}

/// Finds a token in the vault by its name, or else by its ID or label at Docker Hub; `None` when there is none.
fn find_linked(
    text: &str,
    inventory: &Inventory,
    all: &[LinkedToken],
    url: Option<&str>,
) -> Result<Option<LinkedToken>, CommandError> {
    match find(inventory, text) {
        Ok(token) => Ok(Some(LinkedToken::from_token(token, url)?)),
        Err(_) => Ok(find_by_id_or_label(all, text, LinkedToken::identity)?.cloned()),
    }
}

/// Returns the linked token with this name, ID or label.
pub(super) fn linked_token(
    text: &str,
    hub: &HubApi,
    cx: &CommandContext,
) -> Result<LinkedToken, CommandError> {
    let (inventory, url) = (cx.store.inventory()?, hub.custom_url());
    let all = LinkedToken::all_from_inventory(&inventory, url.as_deref());
    let found = find_linked(text, &inventory, &all, url.as_deref())?;
    found.ok_or_else(|| ArgumentError::NoSuchToken(text.to_owned()).into())
}
