//! The access of an organization's token that is to be created, from what a person says.

use thiserror::Error;

use crate::hub::api::resource::{
    IMAGE_DELETE, IMAGE_PULL, IMAGE_PUSH, ORGANIZATION, PUBLIC, REPOSITORIES, Resource,
};
use crate::hub::api::token::TokenAccess;
use crate::model::hint::Hint;
use crate::model::scope::Scope;
use crate::system::spelling::nearest_word;

/// The largest number of repositories of one token:
/// <https://docs.docker.com/security/access-tokens/organization-access-tokens/>.
pub const MAX_REPOSITORIES: usize = 50;

/// The beginning of every scope of an organization's token.
const SCOPE_START: &str = "scope-";

/// The beginnings of the scopes that only repositories have.
const REPOSITORY_SCOPES: [&str; 8] = [
    "scope-image-",
    "scope-tag-",
    "scope-webhook-",
    "scope-repo-group-",
    "scope-repository-read",
    "scope-repository-edit",
    "scope-repository-admin",
    "scope-repository-settings-",
];

/// The beginnings of the scopes that only an organization has.
const ORGANIZATION_SCOPES: [&str; 10] = [
    "scope-member-",
    "scope-invite-",
    "scope-group-",
    "scope-activity-",
    "scope-siem_credentials-",
    "scope-ram-",
    "scope-report-",
    "scope-repository-create",
    "scope-repository-list",
    "scope-registry-usage-",
];

/// The scopes that are known to exist: <https://docs.docker.com/security/access-tokens/reference/>.
const KNOWN_SCOPES: [&str; 29] = [
    IMAGE_PULL,
    IMAGE_PUSH,
    IMAGE_DELETE,
    "scope-repository-read",
    "scope-repository-edit",
    "scope-repository-admin",
    "scope-tag-read",
    "scope-tag-admin",
    "scope-webhook-read",
    "scope-webhook-edit",
    "scope-webhook-admin",
    "scope-repo-group-read",
    "scope-repo-group-edit",
    "scope-repo-group-admin",
    "scope-repository-settings-admin",
    "scope-member-read",
    "scope-member-edit",
    "scope-invite-read",
    "scope-invite-edit",
    "scope-group-read",
    "scope-group-edit",
    "scope-activity-read",
    "scope-siem_credentials-read",
    "scope-ram-read",
    "scope-ram-write",
    "scope-report-read",
    "scope-repository-create",
    "scope-repository-list",
    "scope-registry-usage-read",
];

/// The most changes of letters that count as a typing error. A scope that is less like any known one may be new.
const MAX_TYPING_ERRORS: usize = 2;

/// The permissions of a token for images; each includes those before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ImagePermission {
    Pull,
    Push,
    Delete,
}

impl ImagePermission {
    fn scope(self) -> &'static str {
        match self {
            Self::Pull => IMAGE_PULL,
            Self::Push => IMAGE_PUSH,
            Self::Delete => IMAGE_DELETE,
        }
    }
}

/// An error in what a person says about an organization's token.
#[derive(Debug, PartialEq, Eq, Error)]
pub enum AccessError {
    #[error("{path:?} is not a repository of {organization}")]
    Path { path: String, organization: String },
    #[error("{0:?} is not a scope at Docker Hub, where each begins with {SCOPE_START}")]
    Scope(String),
    #[error("{scope:?} is not a scope at Docker Hub; the nearest is {nearest}")]
    Mistyped { scope: String, nearest: &'static str },
    #[error("the token of an organization is for at most {MAX_REPOSITORIES} repositories, and these are {0}")]
    TooMany(usize),
    /// None of the scopes exists for this resource.
    #[error("it is not said what the token may do at {0}")]
    NoScope(String),
    /// None of the resources can have this scope.
    #[error("{scope} is {}", if *is_for_repositories { "for repositories, and none is named" } else { "for the organization itself, which is not named" })]
    Unused { scope: String, organization: String, is_for_repositories: bool },
}

impl Hint for AccessError {
    fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Path { organization, .. } => format!(
                "give --repository {organization}/NAME, '{organization}/*' for all of them, '{PUBLIC}' for what is \
                 public, or {organization} for the organization itself"
            ),
            Self::Scope(_) | Self::Mistyped { .. } => format!(
                "--permission pull, push or delete is {IMAGE_PULL}, {IMAGE_PUSH} or {IMAGE_DELETE}; \
                 https://docs.docker.com/security/access-tokens/reference/ has all of them"
            ),
            Self::TooMany(_) => {
                "give --repository 'ORGANIZATION/*' for all, or make more than one token".to_owned()
            }
            Self::NoScope(path) if path.contains('/') => "give --permission pull, push or delete".to_owned(),
            Self::NoScope(_) => {
                "give --scope scope-repository-list or another one for organizations".to_owned()
            }
            Self::Unused { organization, is_for_repositories: true, .. } => {
                format!("give --repository {organization}/NAME too")
            }
            Self::Unused { organization, .. } => format!("that scope goes with --repository {organization}"),
        })
    }
}

/// Returns the access to these paths of an organization. `scopes` are those that a person gives exactly; each goes to the
/// paths that can have it, and one that is not known goes to all.
pub fn organization_access(
    organization: &str,
    paths: &[String],
    permission: Option<ImagePermission>,
    scopes: &[String],
) -> Result<TokenAccess, AccessError> {
    if let Some(other) = scopes.iter().find(|scope| !scope.starts_with(SCOPE_START)) {
        return Err(AccessError::Scope(other.clone()));
    }
    if let Some(error) = scopes.iter().find_map(|scope| typing_error(scope)) {
        return Err(error);
    }
    let mut resources: Vec<Resource> = Vec::new();
    for path in paths {
        let mut resource = parse_path(organization, path)?;
        if resources.iter().any(|other| other.path == resource.path) {
            continue;
        }
        resource.scopes = scopes_for(&resource, permission, scopes);
        resources.push(resource);
    }
    let count = resources.iter().filter(|resource| resource.kind == REPOSITORIES).count();
    if count > MAX_REPOSITORIES {
        return Err(AccessError::TooMany(count));
    }
    let is_used = |scope: &&String| resources.iter().any(|resource| resource.scopes.contains(scope));
    if let Some(scope) = scopes.iter().find(|scope| !is_used(scope)) {
        return Err(AccessError::Unused {
            scope: scope.clone(),
            organization: organization.to_owned(),
            is_for_repositories: begins_with_any(scope, &REPOSITORY_SCOPES),
        });
    }
    match resources.iter().find(|resource| resource.scopes.is_empty()) {
        Some(resource) => Err(AccessError::NoScope(resource.path.clone())),
        None => Ok(TokenAccess::Resources(resources)),
    }
}

/// Returns the error for a scope that is almost a known one.
fn typing_error(scope: &str) -> Option<AccessError> {
    let (nearest, changes) = nearest_word(scope, KNOWN_SCOPES)?;
    (scope != nearest && changes <= MAX_TYPING_ERRORS)
        .then(|| AccessError::Mistyped { scope: scope.to_owned(), nearest })
}

/// Reads a path as a person writes it, `docker.io/` before it or not.
fn parse_path(organization: &str, text: &str) -> Result<Resource, AccessError> {
    let path = text.strip_prefix("docker.io/").unwrap_or(text);
    let is_repository = |path: &str| {
        let Some((owner, name)) = path.split_once('/') else { return false };
        let is_name = !name.contains('/') && Scope::parse(&format!("docker.io/{path}")).is_ok();
        owner.eq_ignore_ascii_case(organization) && (name == "*" || (is_name && !name.contains('*')))
    };
    let kind = match path {
        path if path.eq_ignore_ascii_case(organization) => ORGANIZATION,
        PUBLIC => REPOSITORIES,
        path if is_repository(path) => REPOSITORIES,
        _ => {
            let (path, organization) = (text.to_owned(), organization.to_owned());
            return Err(AccessError::Path { path, organization });
        }
    };
    Ok(Resource { kind: kind.to_owned(), path: path.to_owned(), scopes: Vec::new() })
}

fn scopes_for(resource: &Resource, permission: Option<ImagePermission>, scopes: &[String]) -> Vec<String> {
    let elsewhere: &[&str] =
        if resource.kind == ORGANIZATION { &REPOSITORY_SCOPES } else { &ORGANIZATION_SCOPES };
    let mut own: Vec<String> = Vec::new();
    if resource.kind == REPOSITORIES
        && let Some(permission) = permission
    {
        // What is public to everybody can only be pulled.
        let permission = if resource.path == PUBLIC { ImagePermission::Pull } else { permission };
        own.push(permission.scope().to_owned());
    }
    for scope in scopes.iter().filter(|scope| !begins_with_any(scope, elsewhere)) {
        if !own.contains(scope) {
            own.push(scope.clone());
        }
    }
    own
}

fn begins_with_any(scope: &str, beginnings: &[&str]) -> bool {
    beginnings.iter().any(|beginning| scope.starts_with(beginning))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn owned(texts: &[&str]) -> Vec<String> {
        texts.iter().map(|text| (*text).to_owned()).collect()
    }

    #[test]
    fn permissions_and_scopes_go_to_the_paths_that_can_have_them() {
        let (pull, push, delete) =
            (Some(ImagePermission::Pull), Some(ImagePermission::Push), Some(ImagePermission::Delete));
        for (paths, permission, scopes, want) in [
            (&["acme/app"][..], pull, &[][..], "acme/app scope-image-pull"),
            (&["docker.io/acme/app", "acme/app"], push, &[], "acme/app scope-image-push"),
            (
                &["acme/*", "*/*/public"],
                delete,
                &[],
                "acme/* scope-image-delete; */*/public scope-image-pull",
            ),
            (&["acme/app"], None, &["scope-tag-read"], "acme/app scope-tag-read"),
            (&["acme/app"], pull, &["scope-image-pull"], "acme/app scope-image-pull"),
            (
                &["acme/app", "acme"],
                pull,
                &["scope-repository-list", "scope-tag-read", "scope-new-read"],
                "acme/app scope-image-pull,scope-tag-read,scope-new-read; acme scope-repository-list,scope-new-read",
            ),
        ] {
            let access = organization_access("acme", &owned(paths), permission, &owned(scopes));
            assert_eq!(access.map(|access| access.description()), Ok(want.to_owned()), "{paths:?}");
        }
    }

    #[test]
    fn what_docker_hub_would_refuse_is_an_error_with_a_hint() {
        let pull = Some(ImagePermission::Pull);
        let many: Vec<String> = (0..=MAX_REPOSITORIES).map(|number| format!("acme/r{number}")).collect();
        let many: Vec<&str> = many.iter().map(String::as_str).collect();
        for (paths, permission, scopes, want, hint) in [
            (&["app"][..], pull, &[][..], "\"app\" is not a repository of acme", "acme/NAME"),
            (&["other/app"], pull, &[], "\"other/app\" is not", "'acme/*'"),
            (&["acme/a/b"], pull, &[], "\"acme/a/b\" is not", "'*/*/public'"),
            (&["acme/a*"], pull, &[], "\"acme/a*\" is not", "acme for the organization"),
            (&["acme/app"], None, &["repo-pull"], "\"repo-pull\" is not a scope", "scope-image-pull"),
            (
                &["acme/app"],
                None,
                &["scope-image-pul"],
                "\"scope-image-pul\" is not a scope at Docker Hub; the nearest is scope-image-pull",
                "has all of them",
            ),
            (&["acme/app"], None, &["scope-Tag-read"], "the nearest is scope-tag-read", "has all of them"),
            (
                &["acme/app"],
                None,
                &["scope-member-read"],
                "scope-member-read is for the organization itself",
                "goes with --repository acme",
            ),
            (&many, pull, &[], "at most 50 repositories, and these are 51", "'ORGANIZATION/*'"),
            (&["acme"], pull, &[], "not said what the token may do at acme", "--scope"),
            (&["acme/app"], None, &[], "not said what the token may do at acme/app", "--permission"),
            (
                &["acme/app"],
                pull,
                &["scope-member-read"],
                "scope-member-read is for the organization",
                "goes with --repository acme",
            ),
            (
                &["acme"],
                None,
                &["scope-member-read", "scope-tag-read"],
                "is for repositories",
                "acme/NAME too",
            ),
        ] {
            let error =
                organization_access("acme", &owned(paths), permission, &owned(scopes)).expect_err(want);
            assert!(error.to_string().contains(want), "{error}");
            assert!(error.hint().is_some_and(|text| text.contains(hint)), "{error}");
        }
        let most = owned(&many[1..]);
        assert!(organization_access("acme", &most, pull, &[]).is_ok());
    }
}
