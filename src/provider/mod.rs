//! Recognizes the type of a credential by its host, its user name and the beginning of its secret.
//!
//! The result informs people; a `get` never depends on it. To extend the recognition:
//!
//! - a new prefix, user name or form of a secret becomes a row of [`catalog::CREDENTIAL_TYPES`];
//! - a new host of a registry joins the hosts of its provider in [`hosts`], and a new provider also joins
//!   [`hosts::PROVIDERS`], with a row in the tests of `registries`;
//! - a new remark on an incoming credential becomes a variant of [`advice::Advice`];
//! - a new format of secrets that name their expiry becomes a function of [`expiry`].

pub mod advice;
pub mod catalog;
pub mod credential_type;
pub mod expiry;
pub mod hosts;
pub mod issued;
#[cfg(test)]
mod registries;

use std::borrow::Cow;
use std::iter;
use std::ops::Range;

use crate::model::registry::Key;
use crate::model::scope::Scope;
use crate::model::timestamp::Timestamp;
use crate::model::token::{IDENTITY_USER, TokenKind, UserName};
use crate::provider::catalog::CREDENTIAL_TYPES;
use crate::provider::credential_type::CredentialType;
use crate::provider::hosts::{AWS, CredentialHosts, GITHUB};

/// Registries that many people use, for setups that must name each one.
pub const WELL_KNOWN: [&str; 4] = ["docker.io", "ghcr.io", "quay.io", "registry.gitlab.com"];

/// An incoming credential. It borrows the secret, and nothing here keeps a part of it.
#[derive(Clone, Copy)]
pub struct Credential<'a> {
    pub keys: &'a [Key],
    pub scopes: &'a [Scope],
    pub user: &'a str,
    pub secret: &'a str,
}

impl Credential<'_> {
    /// Returns the user name, unless it is the secret.
    fn open_user(&self) -> Option<&str> {
        (self.user != self.secret).then_some(self.user)
    }
}

/// The facts that a credential shows by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Recognition {
    pub kind: Option<TokenKind>,
    pub credential_type: Option<&'static CredentialType>,
    /// The expiry that the secret names. It is not verified, and may be past.
    pub expires: Option<Timestamp>,
    /// True when the secret has a prefix of its type, which recognizes it on any host.
    pub has_prefix: bool,
}

/// Recognizes a credential.
pub fn recognize(credential: &Credential<'_>) -> Recognition {
    let hosts = CredentialHosts::new(credential.keys, credential.scopes);
    let credential_type = find_type(credential, &hosts);
    let is_identity = credential_type.is_none() && credential.user == IDENTITY_USER;
    let expires = match credential_type {
        Some(found) if found.provider == &AWS => expiry::ecr_expiry(credential.secret),
        // The JSON Web Token in newer tokens is not to be read, and as `GITHUB_TOKEN` one lasts as long as the job:
        // https://docs.github.com/en/actions/concepts/security/github_token
        Some(found) if found.provider == &GITHUB => None,
        Some(_) | None => expiry::jwt_expiry(credential.secret),
    };
    Recognition {
        kind: credential_type.map(|found| found.kind).or(is_identity.then_some(TokenKind::Identity)),
        credential_type,
        expires,
        has_prefix: credential_type.is_some_and(|found| found.has_prefix(credential.secret)),
    }
}

/// The user names of tokens that are created for a few hours or one job.
const TEMPORARY_USERS: [&str; 9] = [
    "AWS",
    "oauth2accesstoken",
    "_dcgcr_token",
    "_dcgcloud_token",
    "00000000-0000-0000-0000-000000000000",
    "gitlab-ci-token",
    "x-access-token",
    "cr_temp_user",
    "iambearer",
];

/// Returns the type with a prefix of this secret, on any host.
pub fn find_by_prefix(secret: &str) -> Option<&'static CredentialType> {
    CREDENTIAL_TYPES.iter().find(|row| row.has_prefix(secret))
}

/// True when a word in a text begins like a token, in any case: hosts and repositories become lower case.
pub fn contains_token(text: &str) -> bool {
    find_token(text.as_bytes(), 0).is_some()
}

/// True when a text contains a word that begins like a token and is as long as one: no name that a person chose.
pub fn contains_whole_token(text: &str) -> bool {
    /// The length of the shortest token, in bytes.
    const TOKEN_BYTES: usize = 20;

    tokens(text).any(|token| token.len() >= TOKEN_BYTES)
}

/// Replaces each word of a text that begins like a token, up to its end, and each password in front of a host with
/// `***`.
pub fn mask_secrets(text: &str) -> String {
    let is_end = |letter: char| letter.is_whitespace() || matches!(letter, '"' | '\'');
    mask_tokens(text).split_inclusive(is_end).map(mask_password).collect()
}

/// Replaces the password of an address such as `https://user:password@host`.
fn mask_password(word: &str) -> Cow<'_, str> {
    let Some((before, host)) = word.rsplit_once('@') else { return word.into() };
    let user_and_password = before.rsplit_once("://").map_or(before, |(_, rest)| rest);
    // An image may have a tag in front of its digest.
    let is_digest = ["sha256:", "sha512:"].iter().any(|algorithm| host.starts_with(algorithm));
    match user_and_password.split_once(':') {
        Some((_, password)) if !is_digest && !password.is_empty() => {
            format!("{}***@{host}", &before[..before.len() - password.len()]).into()
        }
        _ => word.into(),
    }
}

fn mask_tokens(text: &str) -> Cow<'_, str> {
    let (mut masked, mut rest) = (String::new(), 0);
    for token in tokens(text) {
        masked.push_str(&text[rest..token.start]);
        masked.push_str("***");
        rest = token.end;
    }
    if rest == 0 { text.into() } else { (masked + &text[rest..]).into() }
}

/// Returns each part of a text that begins like a token, up to the end of the word.
fn tokens(text: &str) -> impl Iterator<Item = Range<usize>> {
    let is_in_secret = |byte: &u8| byte.is_ascii_alphanumeric() || b"_-.+/=~".contains(byte);
    let mut from = 0;
    iter::from_fn(move || {
        let start = find_token(text.as_bytes(), from)?;
        from = start + text.as_bytes()[start..].iter().take_while(|byte| is_in_secret(byte)).count();
        Some(start..from)
    })
}

/// Returns the first position from `from` on at which a word begins like a token.
fn find_token(bytes: &[u8], from: usize) -> Option<usize> {
    /// The length of the shortest word that is looked at, in bytes.
    const WORD_BYTES: usize = 8;
    /// The fewest letters after a prefix that ends with a separator, and after one that could begin a word.
    const BODY_BYTES: [usize; 2] = [4, 16];
    /// The start of a JSON Web Token: `{"` in base64.
    const JWT: &str = "eyJ";

    let is_in_token = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
    // Most texts have no word that is long enough.
    if !bytes[from..].split(|byte| !is_in_token(byte)).any(|word| word.len() >= WORD_BYTES) {
        return None;
    }
    let begins_at = |start: usize, prefix: &str| {
        // Letter by letter: nearly every prefix differs in its first.
        let mut rest = bytes[start..].iter();
        prefix.bytes().all(|letter| rest.next().is_some_and(|own| own.eq_ignore_ascii_case(&letter))) && {
            let fewest = BODY_BYTES[usize::from(prefix.ends_with(|letter: char| letter.is_alphanumeric()))];
            rest.take_while(|byte| is_in_token(byte)).count() >= fewest
        }
    };
    let prefixes = || CREDENTIAL_TYPES.iter().flat_map(|row| row.prefixes).copied().chain([JWT]);
    let is_start = |at: &usize| *at == 0 || !bytes[*at - 1].is_ascii_alphanumeric();
    (from..bytes.len()).filter(is_start).find(|start| prefixes().any(|prefix| begins_at(*start, prefix)))
}

/// True when a user name belongs to one token, or stands for secrets that expire by themselves. It has one secret at a
/// time, so that a new secret replaces the earlier one.
pub fn has_one_secret(user: &str) -> bool {
    /// The first letters of the project tokens of CODING, and the fewest letters and digits after them.
    const CODING: (&str, usize) = ("pt", 4);
    let is_project_token = user.strip_prefix(CODING.0).is_some_and(|rest| {
        rest.len() >= CODING.1
            && rest.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
            && rest.bytes().any(|byte| byte.is_ascii_digit())
    });
    // Harbor writes robot$name, and Quay organization+name.
    let is_robot = user.starts_with("robot$") || (user.contains('+') && !user.contains('@'));
    is_project_token || is_robot || user == IDENTITY_USER || TEMPORARY_USERS.contains(&user)
}

/// Returns the most likely type of a token, without its secret.
pub fn likely_type(scopes: &[Scope], kind: TokenKind, user: &UserName) -> Option<&'static CredentialType> {
    let hosts = CredentialHosts::new(&[], scopes);
    let user = match user {
        UserName::Named(name) => Some(name.as_str()),
        UserName::SameAsSecret => None,
    };
    let score = |row: &CredentialType| {
        // Only Docker Hub has session entries, and their keys are not addresses.
        if kind == TokenKind::Session { Some(0) } else { row.user_score(user, hosts.belong_to(row.provider)) }
    };
    // From the last row to the first, because the first of equal rows counts and `max_by_key` takes the last.
    let rows = CREDENTIAL_TYPES.iter().rev().filter(|row| row.kind == kind && row.opens_registries);
    rows.filter_map(|row| Some((score(row)?, row))).max_by_key(|(score, _)| *score).map(|(_, row)| row)
}

/// Finds the type of a credential. The surest sign counts first: the key, then the prefix of the secret,
/// then the user name and the form of the secret, then the host alone.
fn find_type(credential: &Credential<'_>, hosts: &CredentialHosts) -> Option<&'static CredentialType> {
    let is_session = |row: &&CredentialType| row.kind == TokenKind::Session;
    if credential.keys.iter().any(Key::is_session) {
        return CREDENTIAL_TYPES.iter().find(is_session);
    }
    if credential.user == IDENTITY_USER {
        return None;
    }
    let rows = || CREDENTIAL_TYPES.iter().filter(|row| !is_session(row));
    let is_own_host = |row: &CredentialType| hosts.belong_to(row.provider);
    let user = credential.open_user();
    // Where only one user name is accepted, a credential with another one is the same credential with a wrong name.
    let has_wrong_user = |row: &&CredentialType| row.provider.only_user.is_some() && is_own_host(row);
    rows()
        .find(|row| row.has_prefix(credential.secret))
        .or_else(|| rows().find(|row| row.matches_rules(user, credential.secret, is_own_host(row))))
        .or_else(|| rows().find(|row| row.is_default() && is_own_host(row)))
        .or_else(|| rows().find(has_wrong_user))
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

    #[test]
    fn a_text_with_a_token_in_it_is_recognized_in_any_case_and_a_host_is_not_one() {
        for (text, want) in [
            ("dckr_pat_abcdefgh", true),
            ("DCKR_PAT_abcdefgh", true),
            ("acme/app,acme/ghp_abcdefgh", true),
            ("me@sie-glpat-abcdefgh", true),
            ("ya29.a0AfH6SMabcdef", true),
            ("cmvmdgt1234567890abcdef", true),
            ("ATATT3xFfGF0abcdefghijklmnop", true),
            (JWT, true),
            (&JWT.to_lowercase(), true),
            ("ghp_", false),
            ("registry.gitlab.com", false),
            ("123456789012.dkr.ecr.eu-west-1.amazonaws.com", false),
            ("akcp.example.com", false),
            ("atattack.example.com/eyjafjallajokull", false),
            ("acme/docker-credential-pat", false),
            ("https://index.docker.io/v1/access-token", false),
        ] {
            assert_eq!(contains_token(text), want, "{text}");
            assert_eq!(mask_tokens(text) != text, want, "{text}");
        }
    }

    #[test]
    fn tokens_and_passwords_in_a_text_are_masked_to_their_end() {
        for (text, want) in [
            ("there is no token named \"ghp_abcdefgh\"", "there is no token named \"***\""),
            ("cannot read /tmp/ghp_abcd/x: not found", "cannot read /tmp/***: not found"),
            ("a ghp_abcd, b GLPAT-abcd.01.0z and c", "a ***, b *** and c"),
            (&format!("\"{JWT}\""), "\"***\""),
            ("ghp_ is a prefix", "ghp_ is a prefix"),
        ] {
            assert_eq!(mask_tokens(text), want);
        }
        for (text, want) in [
            ("\"https://me:S3/cr@t@ghcr.io/a\" is no", "\"https://me:***@ghcr.io/a\" is no"),
            ("me:canary@ghcr.io", "me:***@ghcr.io"),
            ("alice@ghcr.io:5000 and a@b", "alice@ghcr.io:5000 and a@b"),
            ("ghcr.io:5000/acme/app:1@sha256:0a", "ghcr.io:5000/acme/app:1@sha256:0a"),
            ("https://alice@h me@x: no", "https://alice@h me@x: no"),
            ("ghp_abcd:x@h", "***:***@h"),
        ] {
            assert_eq!(mask_secrets(text), want);
        }
        for (text, want) in [
            ("ghp_canary", false),
            ("dckr_pat_laptop", false),
            ("ghp_abcdefghijklmnop", true),
            ("old: ghp_abcdefghijklmnop", true),
            ("h.io/GHP_abcdefghijklmnop", true),
        ] {
            assert_eq!(contains_whole_token(text), want, "{text}");
        }
    }

    fn at(host: &str, user: &str, secret: &str) -> Recognition {
        let key = Key::parse(host).expect(host);
        recognize(&Credential { keys: slice::from_ref(&key), scopes: &[], user, secret })
    }

    /// Writes the result as `kind: provider, type`.
    fn describe(recognized: Recognition) -> String {
        let kind = recognized.kind.map_or("-", TokenKind::word);
        match recognized.credential_type {
            Some(found) => format!("{kind}: {}, {}", found.provider.name, found.name),
            None => kind.to_owned(),
        }
    }

    fn check(cases: &[(&str, &str, &str, &str)]) {
        for (host, user, secret, want) in cases {
            assert_eq!(describe(at(host, user, secret)), *want, "{host} {user} {secret}");
        }
    }

    #[test]
    fn a_prefix_recognizes_a_secret_on_any_host() {
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
    fn a_user_name_of_one_token_or_of_temporary_secrets_has_one_secret() {
        for (user, want) in [
            ("AWS", true),
            ("<token>", true),
            (ZERO, true),
            ("_dcgcr_token", true),
            ("cr_temp_user", true),
            ("x-access-token", true),
            ("robot$ci", true),
            ("acme+deploy", true),
            ("gitlab+deploy-token-7", true),
            ("ptk4c1x9", true),
            ("alice", false),
            ("ptolemy", false),
            ("pt1", false),
            ("me+docker@example.com", false),
            ("_json_key", false),
            ("cnb", false),
            ("", false),
        ] {
            assert_eq!(has_one_secret(user), want, "{user}");
        }
    }

    #[test]
    fn a_user_name_or_the_form_of_a_secret_recognizes_it_on_its_own_hosts() {
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
    fn the_same_credential_has_another_type_on_another_host() {
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
    fn a_wildcard_scope_belongs_to_the_provider_of_the_hosts_below_it() {
        for (scope, user, secret, want) in [
            ("*.pkg.coding.net", "pt03xe33nvww", HEX40, "project: CODING, project token"),
            ("*.pkg.coding.net/shop", "alice", HEX40, "pat: CODING, personal access token"),
            ("*.azurecr.io", ZERO, JWT, "pat: Azure, Microsoft Entra token"),
            ("*.acme.example", "alice", HEX40, "-"),
        ] {
            let scopes = [Scope::parse(scope).expect(scope)];
            assert_eq!(
                describe(recognize(&Credential { keys: &[], scopes: &scopes, user, secret })),
                want,
                "{scope}"
            );
        }
    }

    #[test]
    fn an_expiry_is_read_from_tokens_that_name_one() {
        let ecr = "eyJleHBpcmF0aW9uIjoxODkzNDU2MDAwfQ=="; // {"expiration":1893456000}
        for (host, user, secret, has_expiry) in [
            ("acme.azurecr.io", ZERO, JWT, true),
            ("acme.azurecr.io", "<token>", JWT, true),
            ("registry.example", "alice", JWT, true),
            (ECR, "AWS", ecr, true),
            (ECR, "AWS", "x", false),
            ("registry.example", "AWS", ecr, false),
            (HUB, "alice", "dckr_pat_x", false),
        ] {
            let want = has_expiry.then_some(Timestamp(1_893_456_000));
            assert_eq!(at(host, user, secret).expires, want, "{host} {user} {secret}");
        }
    }

    #[test]
    fn the_likely_type_of_a_token_needs_no_secret() {
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
            let name = likely_type(&scopes, kind, &user).map_or("-", |row| row.name);
            assert_eq!(name, want, "{scope} {kind:?} {user:?}");
        }
    }
}
