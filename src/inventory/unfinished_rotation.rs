//! Finds the remains of a rotation that was interrupted.

use crate::inventory::Inventory;
use crate::model::remote::Rotation;
use crate::model::token::Token;
use crate::model::token_id::TokenId;

/// The remains of a rotation, and the command that finishes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnfinishedRotation {
    /// The remains, as a sentence for people.
    pub description: String,
    /// The arguments of this program that finish it: `hub rotate ci`.
    pub command: String,
}

/// Returns the remains of a token's rotation; `None` when the rotation is finished.
pub fn find_unfinished(token: &Token, inventory: &Inventory) -> Option<UnfinishedRotation> {
    let rotation = token.remote.as_ref()?.rotation.as_ref()?;
    let (name, argument) = (&token.name, token.name.as_argument());
    let find = |id| inventory.tokens().iter().find(move |other| other.id == id);
    let description = match rotation {
        Rotation::Making { label } => format!(
            "a rotation of \"{name}\" was stopped; a token labelled \"{label}\" may be left at Docker Hub, of \
             which nobody has the secret"
        ),
        Rotation::Made { successor, label } => {
            let new = match find(*successor) {
                Some(new) => format!("its new secret is kept as \"{}\"", new.name),
                None => format!("a token labelled \"{label}\" is left at Docker Hub"),
            };
            format!("a rotation of \"{name}\" was stopped; {new}, and the old one is still in use")
        }
        Rotation::Switched { label, .. } => format!(
            "a rotation of \"{name}\" was stopped; its new secret is in use, and the old one, labelled \
             \"{label}\", may still work at Docker Hub"
        ),
        Rotation::Succeeds { token: old } => {
            if find(*old).is_some_and(|old| is_waiting_for(old, token.id)) {
                return None;
            }
            let description =
                format!("\"{name}\" was made to take the place of a token that no longer waits for it");
            return Some(UnfinishedRotation { description, command: format!("hub rm {argument}") });
        }
    };
    Some(UnfinishedRotation { description, command: format!("hub rotate {argument}") })
}

/// True when a token waits for the other one to replace it.
pub fn is_waiting_for(token: &Token, other: TokenId) -> bool {
    let rotation = token.remote.as_ref().and_then(|remote| remote.rotation.as_ref());
    matches!(rotation, Some(Rotation::Made { successor, .. }) if *successor == other)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inventory::tests::inventory;
    use crate::model::remote::{Remote, Service};
    use crate::model::token::Origin;

    #[test]
    fn every_state_of_a_rotation_names_its_remains_and_the_command_that_finishes_it() {
        let label = "l".to_owned();
        let made = |successor| Rotation::Made { successor: TokenId(successor), label: "l".to_owned() };
        for (old, new, want) in [
            (None, None, [None, None]),
            (Some(Rotation::Making { label }), None, [Some("labelled \"l\" may be left"), None]),
            (
                Some(made(2)),
                Some(Rotation::Succeeds { token: TokenId(1) }),
                [Some("kept as \"ci-next\""), None],
            ),
            (Some(made(7)), None, [Some("labelled \"l\" is left at"), None]),
            (
                Some(Rotation::Switched { old: "x".to_owned(), label: "l".to_owned() }),
                None,
                [Some("may still work"), None],
            ),
            (None, Some(Rotation::Succeeds { token: TokenId(1) }), [None, Some("no longer waits")]),
            (
                Some(made(2)),
                Some(Rotation::Succeeds { token: TokenId(9) }),
                [Some("kept"), Some("no longer waits")],
            ),
        ] {
            let mut inventory =
                inventory(&[("ci", "docker.io", Origin::Add), ("ci-next", "docker.io", Origin::Add)]);
            for (id, rotation) in [(1, old), (2, new)] {
                let (service, owner) = (Service::DockerHub, "alice".to_owned());
                let remote_id = format!("id-{id}");
                let remote =
                    Remote { service, base_url: None, owner, id: remote_id, last_used: None, rotation };
                inventory.set_remote(TokenId(id), Some(remote));
            }
            for (token, want) in inventory.tokens().iter().zip(want) {
                let found = find_unfinished(token, &inventory);
                assert_eq!(found.is_some(), want.is_some(), "{:?}", token.remote);
                assert!(found.is_none_or(|found| found.description.contains(want.unwrap_or_default())
                    && found.command.ends_with(token.name.as_str())));
            }
        }
    }
}
