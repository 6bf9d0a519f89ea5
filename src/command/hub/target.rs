//! The arguments of verbs that work on tokens in the vault, or at Docker Hub only.

use crate::command::args::{find, find_all};
use crate::command::completions::token_names;
use crate::command::context::CommandContext;
use crate::command::error::CommandError;
use crate::command::hub::account;
use crate::hub::LinkedToken;
use crate::hub::api::{HubAccount, HubApi};

/// Which tokens
#[derive(Debug, clap::Args)]
pub(super) struct TokenTargetArgs {
    /// The tokens' names
    #[arg(required_unless_present = "id", add = token_names())]
    names: Vec<String>,
    /// One by its ID at Docker Hub, in the vault or not; may be given more than once
    #[arg(long)]
    id: Vec<String>,
    /// The organization whose it is
    #[arg(long, value_name = "ORGANIZATION", requires = "id")]
    org: Option<String>,
}

/// The tokens that the arguments name.
pub(super) struct HubTargets {
    /// The tokens in the vault.
    pub(super) linked: Vec<LinkedToken>,
    /// The IDs of the other tokens.
    pub(super) ids: Vec<String>,
    /// The owner of the other tokens.
    pub(super) account: HubAccount,
}

impl TokenTargetArgs {
    /// Finds the tokens, each once.
    pub(super) fn find(&self, hub: &HubApi, cx: &CommandContext) -> Result<HubTargets, CommandError> {
        let (inventory, url) = (cx.store.inventory()?, hub.custom_url());
        let mut linked = Vec::new();
        for token in find_all(&inventory, &self.names)? {
            linked.push(LinkedToken::from_token(&token, url.as_deref())?);
        }
        let all = LinkedToken::all_from_inventory(&inventory, url.as_deref());
        let mut ids = Vec::new();
        for id in &self.id {
            match all.iter().find(|token| token.remote.id.eq_ignore_ascii_case(id)) {
                Some(found) if linked.iter().any(|linked| linked.token.id == found.token.id) => {}
                Some(found) => linked.push(found.clone()),
                None => ids.push(id.clone()),
            }
        }
        Ok(HubTargets { linked, ids, account: account(self.org.as_ref()) })
    }
}

impl HubTargets {
    /// Returns the Docker ID that has to be signed in for all these tokens.
    pub(super) fn owner(&self) -> Option<&str> {
        self.linked.iter().find_map(LinkedToken::owner)
    }
}

/// Returns the linked token with this name.
pub(super) fn linked_token(
    name: &str,
    hub: &HubApi,
    cx: &CommandContext,
) -> Result<LinkedToken, CommandError> {
    let inventory = cx.store.inventory()?;
    Ok(LinkedToken::from_token(find(&inventory, name)?, hub.custom_url().as_deref())?)
}
