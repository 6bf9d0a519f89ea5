//! Creates a token at Docker Hub and stores it in the vault.

use crate::hub::api::HubAccount;
use crate::hub::api::client::CreateRequest;
use crate::hub::api::token::{NewApiToken, TokenAccess};
use crate::hub::error::HubError;
use crate::hub::label_marker::mark_label;
use crate::hub::{HubSession, token_with_id};
use crate::inventory::{IncomingToken, Inventory, NameTaken};
use crate::model::name::Name;
use crate::model::scope::Scope;
use crate::model::timestamp::Timestamp;
use crate::model::token::{Direction, Origin, Token, UserName};
use crate::model::token_id::TokenId;

/// A token to create.
#[derive(Debug)]
pub struct NewToken {
    /// The token's name in the vault.
    pub name: Name,
    /// The token's label at Docker Hub.
    pub label: String,
    pub account: HubAccount,
    pub access: TokenAccess,
    pub expires: Option<Timestamp>,
    /// The token's scopes in the vault; none for a token that opens no registry.
    pub scopes: Vec<Scope>,
}

/// A token that was created and stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CreateReport {
    pub id: TokenId,
    /// False when the token still has the label with which it was created.
    pub has_label: bool,
    /// The tokens that stay in use because they may do more. Empty when the new one was put in use.
    pub wider: Vec<Name>,
}

impl HubSession<'_> {
    /// Creates a token and stores it. It is put in use, unless one of the tokens `in_use` may do more. A token that
    /// cannot be stored is deleted at Docker Hub again.
    pub fn create(&self, new: &NewToken, in_use: &[TokenId]) -> Result<CreateReport, HubError> {
        // The key and the lock are tried first, so that no token is created that cannot be stored.
        self.store.ensure_vault()?;
        self.store.change(|draft| match draft.inventory.find_by_name(new.name.as_str()) {
            Some(_) => Err(NameTaken(new.name.clone()).into()),
            None => Ok::<_, HubError>(()),
        })?;
        let label = mark_label(&new.label).map_err(HubError::Random)?;
        let request = CreateRequest { label: &label, access: &new.access, expires: new.expires };
        let created = self.create_or_clean_up(&new.account, &request)?;
        let kept = self.store_new(new, &created, in_use);
        let (id, wider) = kept.map_err(|error| self.undo(&new.account, &created, error))?;
        let relabelled = self.client.relabel(&new.account, &created.listed.id, &new.label);
        Ok(CreateReport { id, has_label: relabelled.is_ok_and(|is_there| is_there), wider })
    }

    fn store_new(
        &self,
        new: &NewToken,
        created: &NewApiToken,
        in_use: &[TokenId],
    ) -> Result<(TokenId, Vec<Name>), HubError> {
        let remote = self.remote(&new.account, &created.listed);
        self.store.change(|draft| {
            let incoming = IncomingToken {
                name: new.name.clone(),
                kind: new.account.token_kind(),
                user: UserName::new(&remote.owner, &created.secret),
                scopes: new.scopes.clone(),
                keys: Vec::new(),
                label: Some(new.label.clone()),
                permissions: new.access.permissions(),
                expires: created.listed.expires.or(new.expires),
                origin: Origin::Add,
                profile: None,
                remote: Some(remote),
            };
            // If the name was taken in the meantime, the token gets a number, because it exists and must not be
            // lost.
            let id = draft.inventory.add_with_free_name(incoming, self.now);
            draft.set_secret(id, &created.secret)?;
            let wider = wider_tokens(&draft.inventory, id, &new.access, in_use);
            if wider.is_empty() && !new.scopes.is_empty() {
                draft.inventory.use_everywhere(id);
            }
            Ok((id, wider))
        })
    }
}

/// Returns the tokens in use that may do something at a registry of the new one that the new one may not do. They would
/// no longer get their requests of unknown direction or image if the new one were put in use.
fn wider_tokens(inventory: &Inventory, new: TokenId, access: &TokenAccess, in_use: &[TokenId]) -> Vec<Name> {
    let Some(new) = token_with_id(inventory, new) else { return Vec::new() };
    let others = inventory.tokens().iter().filter(|other| other.id != new.id && in_use.contains(&other.id));
    others.filter(|other| is_wider(other, new, access)).map(|other| other.name.clone()).collect()
}

fn is_wider(other: &Token, new: &Token, access: &TokenAccess) -> bool {
    let may_more = |direction| other.may_allow(direction) && !new.may_allow(direction);
    let may_more = access.is_public_only()
        || [Direction::Pull, Direction::Push, Direction::Delete].into_iter().any(may_more);
    let is_here = |scope: &&Scope| {
        let is_near = |own: &Scope| match own.registry() {
            Some(registry) => scope.reaches(registry),
            None => own.overlaps(scope),
        };
        new.scopes.iter().any(is_near)
    };
    let mut here = other.scopes.iter().filter(is_here);
    here.any(|scope| may_more || !new.scopes.iter().any(|own| own.includes(scope)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inventory::tests::incoming_token;
    use crate::model::token::Permissions;

    /// Adds a token with its scopes and permissions: `r`, `w`, `d`, or `?` for unknown ones.
    fn add(inventory: &mut Inventory, name: &str, scope: &str, allowed: &str) -> TokenId {
        let may = |verb| allowed.contains(verb);
        let known = Permissions { pull: may('r'), push: may('w'), delete: may('d') };
        let permissions = (allowed != "?").then_some(known);
        let incoming = IncomingToken { permissions, ..incoming_token(name, scope, Origin::Add) };
        inventory.add_with_free_name(incoming, Timestamp(0))
    }

    #[test]
    fn a_token_in_use_is_wider_if_it_may_do_more_at_the_same_registry() {
        for (other, new, want) in [
            (("docker.io", "rw"), ("docker.io", "rw"), false),
            (("docker.io", "rw"), ("docker.io", "r"), true),
            (("docker.io", "rwd"), ("docker.io", "rw"), true),
            (("docker.io", "?"), ("docker.io", "rw"), true),
            (("docker.io", "r"), ("docker.io", "rw"), false),
            (("docker.io", "rw"), ("docker.io", "?"), false),
            (("docker.io", "r"), ("docker.io/acme/app", "r"), true),
            (("docker.io/acme", "r"), ("docker.io/acme/app", "r"), true),
            (("docker.io/acme/base", "r"), ("docker.io/acme/app", "r"), true),
            (("docker.io/acme/app", "r"), ("docker.io/acme", "rw"), false),
            (("ghcr.io", "rwd"), ("docker.io", "r"), false),
            (("*.hub.example", "rw"), ("eu.hub.example", "rw"), true),
            (("eu.hub.example", "rw"), ("*.hub.example", "r"), true),
        ] {
            let mut inventory = Inventory::default();
            let old = add(&mut inventory, "old", other.0, other.1);
            let id = add(&mut inventory, "new", new.0, new.1);
            let access = |scope: &str| TokenAccess::Scopes(vec![scope.to_owned()]);
            let wider =
                |scope, in_use: &[_]| !wider_tokens(&inventory, id, &access(scope), in_use).is_empty();
            assert_eq!(wider("repo:read", &[old, id]), want, "{other:?} {new:?}");
            // What is private is not known to the vault.
            assert_eq!(wider("repo:public_read", &[old, id]), other.0 != "ghcr.io", "{other:?} {new:?}");
            assert!(!wider("repo:read", &[id]), "{other:?} is not in use");
        }
    }
}
