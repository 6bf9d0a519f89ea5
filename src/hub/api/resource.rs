//! The parts of an organization that a token is for, and what its scopes there allow at a registry.

use serde::{Deserialize, Serialize};

use crate::http::short_text::short_text;
use crate::model::scope::Scope;
use crate::model::token::Permissions;

/// The type of a resource that is one repository or many.
pub const REPOSITORIES: &str = "TYPE_REPO";

/// The type of a resource that is the organization itself.
pub const ORGANIZATION: &str = "TYPE_ORG";

/// The path of all public repositories of Docker Hub.
pub const PUBLIC: &str = "*/*/public";

pub const IMAGE_PULL: &str = "scope-image-pull";
pub const IMAGE_PUSH: &str = "scope-image-push";
pub const IMAGE_DELETE: &str = "scope-image-delete";

/// A part of an organization, and the scopes of a token there. Types and scopes that are not known here are kept and
/// passed on unchanged: <https://docs.docker.com/security/access-tokens/reference/>.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Resource {
    /// `TYPE_REPO`, `TYPE_ORG`, or the type of another product.
    #[serde(rename = "type", deserialize_with = "short_text")]
    pub kind: String,
    /// `acme/app`, `acme/*` or `*/*/public`; for an organization its name.
    #[serde(deserialize_with = "short_text")]
    pub path: String,
    #[serde(deserialize_with = "short_text")]
    pub scopes: Vec<String>,
}

impl Resource {
    /// Returns what the scopes allow at a registry, each with the lower ones that it includes; `None` when that is not
    /// known.
    fn permissions(&self) -> Option<Permissions> {
        let mut granted = Permissions::default();
        for scope in &self.scopes {
            match scope.as_str() {
                IMAGE_DELETE => (granted.pull, granted.push, granted.delete) = (true, true, true),
                IMAGE_PUSH => (granted.pull, granted.push) = (true, true),
                IMAGE_PULL => granted.pull = true,
                other if other.starts_with("scope-") && !other.starts_with("scope-image-") => {}
                _ => return None,
            }
        }
        granted.public_only = granted.pull && self.path == PUBLIC;
        Some(granted)
    }

    /// Returns the scope in the vault: `docker.io/acme/app`, `docker.io/acme`, or all of Docker Hub for what is public.
    fn vault_scope(&self) -> Option<Scope> {
        let path = self.path.strip_suffix("/*").unwrap_or(&self.path);
        let text = if self.path == PUBLIC { "docker.io".to_owned() } else { format!("docker.io/{path}") };
        Scope::parse(&text).ok()
    }
}

/// Returns the resources with images. The public ones count only alone: a pull of them needs no token.
fn with_images(resources: &[Resource]) -> impl Iterator<Item = &Resource> {
    let has_images = |resource: &&Resource| {
        resource.kind == REPOSITORIES && resource.permissions() != Some(Permissions::default())
    };
    let has_own = resources.iter().filter(has_images).any(|resource| resource.path != PUBLIC);
    resources.iter().filter(has_images).filter(move |resource| !has_own || resource.path != PUBLIC)
}

/// Returns what a token with these resources may do at a registry; `None` when that is not known, or not the same for
/// all its repositories.
pub(super) fn permissions(resources: &[Resource]) -> Option<Permissions> {
    let mut permissions = with_images(resources).map(Resource::permissions);
    let Some(first) = permissions.next() else {
        let is_known = |resource: &Resource| [REPOSITORIES, ORGANIZATION].contains(&resource.kind.as_str());
        // A list has no resources.
        let is_known = !resources.is_empty() && resources.iter().all(is_known);
        return is_known.then(Permissions::default);
    };
    first.filter(|_| permissions.all(|other| other == first))
}

/// Returns the scopes in the vault of a token with these resources, each once; none when it opens no registry.
pub(super) fn vault_scopes(resources: &[Resource]) -> Vec<Scope> {
    let mut scopes: Vec<_> = with_images(resources).filter_map(Resource::vault_scope).collect();
    scopes.sort_unstable();
    scopes.dedup();
    scopes
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Reads resources such as `TYPE_REPO acme/app scope-image-pull,scope-tag-read`.
    fn resources(texts: &[&str]) -> Vec<Resource> {
        let read = |text: &&str| {
            let [kind, path, scopes] = text.split(' ').collect::<Vec<_>>()[..] else { panic!("{text}") };
            let scopes = scopes.split(',').map(str::to_owned).collect();
            Resource { kind: kind.to_owned(), path: path.to_owned(), scopes }
        };
        texts.iter().map(read).collect()
    }

    #[test]
    fn resources_have_permissions_and_scopes_in_the_vault_if_known() {
        for (texts, permissions, scopes) in [
            (&["TYPE_REPO acme/app scope-image-pull"][..], Some("pull"), "docker.io/acme/app"),
            (&["TYPE_REPO acme/* scope-image-push"], Some("pull push"), "docker.io/acme"),
            (
                &["TYPE_REPO acme/a scope-tag-read,scope-image-delete"],
                Some("pull push delete"),
                "docker.io/acme/a",
            ),
            (
                &["TYPE_REPO acme/b scope-image-pull", "TYPE_REPO acme/a scope-image-pull,scope-new-read"],
                Some("pull"),
                "docker.io/acme/a docker.io/acme/b",
            ),
            (
                &["TYPE_REPO acme/a scope-image-pull", "TYPE_REPO acme/b scope-image-push"],
                None,
                "docker.io/acme/a docker.io/acme/b",
            ),
            (&["TYPE_REPO */*/public scope-image-pull"], Some("public-pull"), "docker.io"),
            (
                &["TYPE_REPO */*/public scope-image-pull", "TYPE_REPO acme/a scope-image-push"],
                Some("pull push"),
                "docker.io/acme/a",
            ),
            (&["TYPE_ORG acme scope-member-read"], Some(""), ""),
            (&["TYPE_REPO acme/a scope-tag-admin", "TYPE_ORG acme scope-repository-list"], Some(""), ""),
            (&["TYPE_CLOUD acme scope-cloud-connect"], None, ""),
            (
                &["TYPE_CLOUD acme scope-cloud-connect", "TYPE_REPO acme/a scope-image-pull"],
                Some("pull"),
                "docker.io/acme/a",
            ),
            (&["TYPE_REPO acme/a repo-pull"], None, "docker.io/acme/a"),
            (&["TYPE_REPO acme/a scope-image-pull,scope-image-sign"], None, "docker.io/acme/a"),
            (&[], None, ""),
        ] {
            let resources = resources(texts);
            let words =
                super::permissions(&resources).map(|known| known.words().collect::<Vec<_>>().join(" "));
            let found =
                vault_scopes(&resources).iter().map(ToString::to_string).collect::<Vec<_>>().join(" ");
            assert_eq!((words.as_deref(), found.as_str()), (permissions, scopes), "{texts:?}");
        }
    }
}
