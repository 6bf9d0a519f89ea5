//! What sort of credential it is: told by its host, its user name and the beginning of its secret.
//!
//! For people, and for hints. What a `get` answers never depends on it.

pub mod advice;
pub mod catalog;
pub mod credential_type;
pub mod expiry;
pub mod hosts;

use crate::model::registry::Key;
use crate::model::scope::Scope;
use crate::model::timestamp::Timestamp;
use crate::model::token::{IDENTITY_USER, TokenKind, UserName};
use crate::provider::catalog::SORTS;
use crate::provider::credential_type::CredentialType;
use crate::provider::hosts::{AWS, ProviderHosts};

/// Registries that many people use, for set-ups that must name each one.
pub const WELL_KNOWN: [&str; 4] = ["docker.io", "ghcr.io", "quay.io", "registry.gitlab.com"];

/// A credential as it comes in. It borrows the secret, and nothing here keeps any of it.
#[derive(Clone, Copy)]
pub struct Credential<'a> {
    /// The keys that it is stored under.
    pub keys: &'a [Key],
    /// Where it may go.
    pub scopes: &'a [Scope],
    /// The user name, byte for byte.
    pub user: &'a str,
    /// The secret, byte for byte.
    pub secret: &'a str,
}

impl Credential<'_> {
    /// Returns the user name, unless it is the secret.
    fn open_user(&self) -> Option<&str> {
        (self.user != self.secret).then_some(self.user)
    }
}

/// What a credential tells of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Recognition {
    /// Its kind, when something tells.
    pub kind: Option<TokenKind>,
    /// Its sort, when the table knows it.
    pub sort: Option<&'static CredentialType>,
    /// When it ends, where that shows in the secret. Nobody has verified it, and it may be past.
    pub end: Option<Timestamp>,
    /// True when the secret itself is marked as of that sort, wherever it is met.
    pub is_marked: bool,
}

/// Tells what a credential is.
pub fn recognize(seen: &Credential<'_>) -> Recognition {
    let sort = sort_in(seen, &ProviderHosts::of(seen.keys, seen.scopes));
    let is_identity = sort.is_none() && seen.user == IDENTITY_USER;
    let end = match sort {
        Some(sort) if sort.provider == &AWS => expiry::end_of_ecr(seen.secret),
        Some(_) | None => expiry::end_of_jwt(seen.secret),
    };
    let is_marked = sort.is_some_and(|sort| sort.marks(seen.secret));
    Recognition {
        is_marked,
        kind: sort.map(|sort| sort.kind).or(is_identity.then_some(TokenKind::Identity)),
        sort,
        end,
    }
}

/// Returns the sort whose secrets begin as this one does, on whatever host.
pub fn marked(secret: &str) -> Option<&'static CredentialType> {
    SORTS.iter().find(|sort| sort.marks(secret))
}

/// Returns the sort that a token of this kind most likely is, without its secret.
pub fn sort_of(scopes: &[Scope], kind: TokenKind, user: &UserName) -> Option<&'static CredentialType> {
    let place = ProviderHosts::of(&[], scopes);
    let user = match user {
        UserName::Named(name) => Some(name.as_str()),
        UserName::SameAsSecret => None,
    };
    let mut best = None;
    for sort in SORTS.iter().filter(|sort| sort.kind == kind && sort.opens_registries) {
        let suits = match kind {
            // Docker Hub's alone, and its keys are no addresses.
            TokenKind::Session => Some(0),
            TokenKind::Pat
            | TokenKind::Organization
            | TokenKind::Project
            | TokenKind::Password
            | TokenKind::Identity => sort.suits(user, place.belongs_to(sort.provider)),
        };
        // Of those that are alike the first one counts.
        if suits > best.map(|(suits, _)| suits) {
            best = suits.map(|suits| (suits, sort));
        }
    }
    best.map(|(_, sort)| sort)
}

/// What is sure comes first: the key, then how the secret begins, then the user name and the look of
/// the secret, then the host alone.
fn sort_in(seen: &Credential<'_>, place: &ProviderHosts) -> Option<&'static CredentialType> {
    let is_session = |sort: &&CredentialType| sort.kind == TokenKind::Session;
    if seen.keys.iter().any(Key::is_session) {
        return SORTS.iter().find(is_session);
    }
    if seen.user == IDENTITY_USER {
        return None;
    }
    let sorts = || SORTS.iter().filter(|sort| !is_session(sort));
    let is_at_home = |sort: &CredentialType| place.belongs_to(sort.provider);
    let user = seen.open_user();
    sorts()
        .find(|sort| sort.marks(seen.secret))
        .or_else(|| sorts().find(|sort| sort.matches_credential(user, seen.secret, is_at_home(sort))))
        .or_else(|| sorts().find(|sort| sort.is_usual() && is_at_home(sort)))
}

#[cfg(test)]
mod tests {
    use std::slice;

    use super::*;

    const HUB: &str = "https://index.docker.io/v1/";
    const ECR: &str = "123456789012.dkr.ecr.eu-west-1.amazonaws.com";
    const CODING: &str = "acme-docker.pkg.coding.net";
    const ZERO: &str = "00000000-0000-0000-0000-000000000000";
    const HEX40: &str = "0123456789abcdef0123456789abcdef01234567";
    const JWT: &str = "eyJhbGciOiJIUzI1NiJ9.eyJleHAiOjE4OTM0NTYwMDB9.c2lnbmF0dXJl"; // {"exp":1893456000}

    fn at(host: &str, user: &str, secret: &str) -> Recognition {
        let key = Key::parse(host).expect(host);
        recognize(&Credential { keys: slice::from_ref(&key), scopes: &[], user, secret })
    }

    /// Writes what was recognized as `kind: provider, sort`.
    fn told(recognized: Recognition) -> String {
        let kind = recognized.kind.map_or("-", TokenKind::word);
        match recognized.sort {
            Some(sort) => format!("{kind}: {}, {}", sort.provider.name, sort.called),
            None => kind.to_owned(),
        }
    }

    fn check(cases: &[(&str, &str, &str, &str)]) {
        for (host, user, secret, want) in cases {
            assert_eq!(told(at(host, user, secret)), *want, "{host} {user} {secret}");
        }
    }

    #[test]
    fn how_a_secret_begins_tells_on_any_host() {
        check(&[
            (HUB, "alice", "dckr_pat_x", "pat: Docker Hub, personal access token"),
            (HUB, "acme", "dckr_oat_x", "organization: Docker Hub, organization access token"),
            (HUB, "alice", "hunter2", "password: Docker Hub, password"),
            (HUB, "alice", JWT, "pat: Docker Hub, access token of a sign-in"),
            ("docker.io", "alice", "", "password: Docker Hub, password"),
            (
                "https://index.docker.io/v1/access-token",
                "alice",
                JWT,
                "session: Docker Hub, entry of the device sign-in",
            ),
            (
                "https://index.docker.io/v1/refresh-token",
                "<token>",
                "x",
                "session: Docker Hub, entry of the device sign-in",
            ),
            ("registry.example", "<token>", "dckr_pat_x", "identity"),
            ("ghcr.io", "alice", "ghp_x", "pat: GitHub, personal access token (classic)"),
            ("ghcr.io", "alice", "github_pat_x", "pat: GitHub, fine-grained personal access token"),
            ("ghcr.io", "alice", "gho_x", "pat: GitHub, OAuth token"),
            ("ghcr.io", "alice", "ghu_x", "pat: GitHub, user token of an app"),
            ("ghcr.io", "alice", "ghs_x", "project: GitHub, installation token of an app or a job"),
            ("ghcr.io", "alice", "ghr_x", "pat: GitHub, refresh token of an app"),
            ("ghcr.io", "alice", "hunter2", "-"),
            ("evil-ghcr.io", "alice", "hunter2", "-"),
            ("containers.ghes.example", "alice", "ghp_x", "pat: GitHub, personal access token (classic)"),
            (
                "registry.gitlab.com",
                "alice",
                "glpat-x",
                "pat: GitLab, personal, project or group access token",
            ),
            (
                "git.acme.example:5050",
                "alice",
                "glpat-Zm9v.01.0z1a2b3c4",
                "pat: GitLab, personal, project or group access token",
            ),
            (
                "git.acme.example",
                "alice",
                "SIE-glpat-x",
                "pat: GitLab, personal, project or group access token",
            ),
            ("registry.example", "alice", "my glpat-", "-"),
            ("registry.example", "alice", "more-than-twenty-letters-glpat-x", "-"),
            ("registry.gitlab.com", "gitlab+deploy-token-1", "gldt-x", "project: GitLab, deploy token"),
            ("git.acme.example", "gitlab+deploy-token-1", "hunter2", "project: GitLab, deploy token"),
            ("git.acme.example", "gitlab-ci-token", "hunter2", "project: GitLab, job token"),
            ("registry.gitlab.com", "gitlab-ci-token", "glcbt-64_x", "project: GitLab, job token"),
            ("registry.gitlab.com", "alice", "glrtr-x", "password: GitLab, runner token"),
        ]);
    }

    #[test]
    fn a_user_name_or_the_look_of_a_secret_tells_where_it_is_at_home() {
        check(&[
            ("acme.azurecr.io", ZERO, JWT, "pat: Azure, Microsoft Entra token"),
            (
                "acme.azurecr.io",
                "acme",
                "x",
                "project: Azure, registry token, admin account or service principal",
            ),
            ("azurecr.io", ZERO, "x", "-"),
            ("a.b.azurecr.io", "acme", "x", "-"),
            (ECR, "AWS", "x", "pat: AWS, authorization token"),
            ("public.ecr.aws", "AWS", "x", "pat: AWS, authorization token"),
            (ECR, "alice", "x", "-"),
            ("registry.example", "AWS", "x", "-"),
            ("eu-docker.pkg.dev", "oauth2accesstoken", "ya29.x", "pat: Google, access token"),
            ("gcr.io", "_dcgcr_token", "x", "pat: Google, access token"),
            ("eu.gcr.io", "_json_key", "{}", "project: Google, service account key"),
            ("gcr.io", "_json_key_base64", "e30=", "project: Google, service account key"),
            ("xdocker.pkg.dev", "oauth2accesstoken", "x", "-"),
            ("quay.io", "acme+ci", "x", "project: Quay, robot account"),
            ("quay.io", "$oauthtoken", "x", "pat: Quay, OAuth token"),
            ("quay.io", "$app", "x", "pat: Quay, application token"),
            ("quay.io", "alice", "x", "-"),
            ("registry.example", "alice+x@acme.example", "x", "-"),
            ("acme.jfrog.io", "alice", "cmVmdGtuOjAx", "pat: JFrog, reference token"),
            ("acme.jfrog.io", "alice", JWT, "pat: JFrog, access token"),
            ("acme.jfrog.io", "alice", "AKCpx", "pat: JFrog, API key"),
            ("registry.acme.example", "robot$ci", "x", "project: Harbor, robot account"),
            ("registry.acme.example", "robot$shop+ci", "x", "project: Harbor, robot account"),
            ("registry.digitalocean.com", "dop_v1_x", "dop_v1_x", "pat: DigitalOcean, personal access token"),
            ("registry.digitalocean.com", "x", "x", "pat: DigitalOcean, personal access token"),
            ("registry.digitalocean.com", "a@b.example", "doo_v1_x", "pat: DigitalOcean, OAuth token"),
            ("nvcr.io", "$oauthtoken", "x", "pat: NVIDIA NGC, API key"),
            ("registry.heroku.com", "_", "x", "pat: Heroku, authorization"),
            ("rg.fr-par.scw.cloud", "nologin", "x", "pat: Scaleway, API secret key"),
            ("de.icr.io", "iamapikey", "x", "pat: IBM Cloud, API key"),
            ("icr.io", "iambearer", JWT, "pat: IBM Cloud, IAM token"),
        ]);
    }

    #[test]
    fn one_host_tells_what_another_does_not() {
        check(&[
            ("fra.ocir.io", "ns/alice", "x", "pat: Oracle Cloud, auth token"),
            (
                "registry.cn-hangzhou.aliyuncs.com",
                "cr_temp_user",
                "x",
                "pat: Alibaba Cloud, temporary password",
            ),
            ("registry.cn-hangzhou.aliyuncs.com", "alice", "x", "password: Alibaba Cloud, fixed password"),
            ("acme.tencentcloudcr.com", "100036950234", JWT, "pat: Tencent Cloud, access credential"),
            (CODING, "pt03xe33nvww", HEX40, "project: CODING, project token"),
            (CODING, "alice", HEX40, "pat: CODING, personal access token"),
            (CODING, "alice", "hunter2", "password: CODING, password"),
            ("acme.pkg.coding.net", "pt03xe33nvww", HEX40, "-"),
            (
                "swr.cn-north-4.myhuaweicloud.com",
                "cn-north-4@AK",
                "x",
                "pat: Huawei Cloud, login key of an access key",
            ),
            ("gitea.acme.example", "alice", HEX40, "pat: Gitea or Forgejo, access token"),
            ("registry.example", "alice", HEX40, "-"),
            ("registry.example", "alice", JWT, "-"),
            ("nexus.acme.example:8083", "alice", "x", "password: Nexus, user token or password"),
            ("user@not-an-address", "alice", "dckr_pat_x", "pat: Docker Hub, personal access token"),
            ("registry.example", "alice", "my dckr_pat_", "-"),
            ("registry.example", "alice", "", "-"),
        ]);
    }

    #[test]
    fn a_wildcard_scope_is_taken_for_what_lies_there() {
        for (scope, user, secret, want) in [
            ("*.pkg.coding.net", "pt03xe33nvww", HEX40, "project: CODING, project token"),
            ("*.pkg.coding.net/shop", "alice", HEX40, "pat: CODING, personal access token"),
            ("*.azurecr.io", ZERO, JWT, "pat: Azure, Microsoft Entra token"),
            ("*.acme.example", "alice", HEX40, "-"),
        ] {
            let scopes = [Scope::parse(scope).expect(scope)];
            assert_eq!(
                told(recognize(&Credential { keys: &[], scopes: &scopes, user, secret })),
                want,
                "{scope}"
            );
        }
    }

    #[test]
    fn an_end_is_read_wherever_it_shows() {
        let ecr = "eyJleHBpcmF0aW9uIjoxODkzNDU2MDAwfQ=="; // {"expiration":1893456000}
        for (host, user, secret, has_end) in [
            ("acme.azurecr.io", ZERO, JWT, true),
            ("acme.azurecr.io", "<token>", JWT, true),
            ("registry.example", "alice", JWT, true),
            (ECR, "AWS", ecr, true),
            (ECR, "AWS", "x", false),
            ("registry.example", "AWS", ecr, false),
            (HUB, "alice", "dckr_pat_x", false),
        ] {
            let want = has_end.then_some(Timestamp(1_893_456_000));
            assert_eq!(at(host, user, secret).end, want, "{host} {user} {secret}");
        }
    }

    #[test]
    fn the_sort_of_a_token_is_found_without_its_secret() {
        for (scope, kind, user, want) in [
            ("docker.io", TokenKind::Pat, Some("alice"), "personal access token"),
            ("docker.io/acme", TokenKind::Organization, Some("acme"), "organization access token"),
            ("docker.io", TokenKind::Password, Some("alice"), "password"),
            ("ghcr.io", TokenKind::Pat, Some("alice"), "personal access token (classic)"),
            ("ghcr.io", TokenKind::Password, Some("alice"), "-"),
            ("registry.gitlab.com", TokenKind::Project, Some("ci"), "deploy token"),
            ("git.acme.example", TokenKind::Project, Some("gitlab-ci-token"), "job token"),
            ("registry.gitlab.com", TokenKind::Password, Some("alice"), "-"),
            ("quay.io", TokenKind::Pat, Some("$app"), "application token"),
            ("registry.digitalocean.com", TokenKind::Pat, None, "personal access token"),
            ("*.pkg.coding.net", TokenKind::Pat, Some("alice"), "personal access token"),
            ("acme-docker.pkg.coding.net", TokenKind::Project, Some("pt1"), "project token"),
            ("registry.example", TokenKind::Project, Some("robot$ci"), "robot account"),
            ("registry.example", TokenKind::Pat, Some("alice"), "-"),
            ("registry.example", TokenKind::Identity, Some("<token>"), "-"),
            ("registry.example", TokenKind::Session, Some("alice"), "entry of the device sign-in"),
        ] {
            let scopes = [Scope::parse(scope).expect(scope)];
            let user = user.map_or(UserName::SameAsSecret, |name| UserName::Named(name.to_owned()));
            let called = sort_of(&scopes, kind, &user).map_or("-", |sort| sort.called);
            assert_eq!(called, want, "{scope} {kind:?} {user:?}");
        }
    }
}
