//! The table of credential types: the credentials that registries accept, and some that they do not.
//!
//! A new prefix, user name or form of a secret is added as a row here. The row names the provider, the provider's
//! name for the credential and its kind, then the rules that recognize it:
//!
//! - `prefixes`, the beginnings of its secrets: on any host;
//! - `user_rule` and `shape`, its user names and the form of its secrets: on the provider's hosts;
//! - `user_rule_anywhere`, user names that no other provider has: on any host;
//! - no rule: any other credential on the provider's hosts.
//!
//! The lengths of secrets are not published, so only their beginnings count:
//! <https://docs.docker.com/security/access-tokens/>,
//! <https://github.blog/2021-04-05-behind-githubs-new-authentication-token-formats/>,
//! <https://docs.gitlab.com/security/tokens/#token-prefixes>

use crate::model::token::TokenKind;
use crate::provider::credential_type::{CredentialType, ExpiryRule, SecretShape, UserRule};
use crate::provider::hosts::{
    ALIBABA, AWS, AZURE, BITBUCKET, CHAINGUARD, CLOUDFLARE, CNB, CODING, DIGITALOCEAN, DOCKER_HUB, FLY,
    GITEA, GITHUB, GITLAB, GOOGLE, HARBOR, HEROKU, HUAWEI, IBM, JFROG, NEXUS, NVIDIA, OCIR, ORACLE, QUAY,
    RED_HAT, SCALEWAY, TENCENT,
};

/// Every type of credential. If several match, the first one counts.
pub static CREDENTIAL_TYPES: &[CredentialType] = &[
    CredentialType::new(&DOCKER_HUB, "personal access token", TokenKind::Pat)
        .prefixes(&["dckr_pat_"])
        .user("your Docker ID")
        .made_at("https://app.docker.com/settings/personal-access-tokens")
        .expiry(ExpiryRule::AtProvider)
        .has_fixed_expiry(),
    CredentialType::new(&DOCKER_HUB, "organization access token", TokenKind::Organization)
        .prefixes(&["dckr_oat_"])
        .user("the organization's name")
        .made_at("Docker Home > the organization > Identity & auth > Access tokens")
        .expiry(ExpiryRule::AtProvider)
        .has_fixed_expiry(),
    CredentialType::new(&DOCKER_HUB, "entry of the device sign-in", TokenKind::Session)
        .user("your Docker ID")
        .made_at("docker login, docker logout")
        .expiry(ExpiryRule::InSecret),
    CredentialType::new(&DOCKER_HUB, "access token of a sign-in", TokenKind::Pat)
        .shape(SecretShape::Jwt)
        .user("your Docker ID")
        .made_at("docker login, docker logout")
        .expiry(ExpiryRule::InSecret),
    CredentialType::new(&DOCKER_HUB, "password", TokenKind::Password)
        .user("your Docker ID")
        .made_at("https://app.docker.com > Account settings"),
    github(
        "personal access token (classic)",
        TokenKind::Pat,
        &["ghp_"],
        "https://github.com/settings/tokens",
    )
    .expiry(ExpiryRule::AtProvider),
    github(
        "fine-grained personal access token",
        TokenKind::Pat,
        &["github_pat_"],
        "https://github.com/settings/personal-access-tokens",
    )
    .expiry(ExpiryRule::AtProvider),
    github("OAuth token", TokenKind::Pat, &["gho_"], "https://github.com/settings/applications"),
    github(
        "user token of an app",
        TokenKind::Pat,
        &["ghu_"],
        "https://github.com/settings/apps/authorizations",
    ),
    github("installation token of an app or a job", TokenKind::Project, &["ghs_"], "the app or job makes it")
        .user("any name, usually who started the job")
        .expiry(ExpiryRule::JobOrHours(1)),
    // A refresh token is for the authorization server alone:
    // https://www.rfc-editor.org/rfc/rfc6749#section-1.5
    github(
        "refresh token of an app",
        TokenKind::Pat,
        &["ghr_"],
        "https://github.com/settings/apps/authorizations",
    )
    .opens_no_registry(),
    CredentialType::new(&GITLAB, "personal, project or group access token", TokenKind::Pat)
        .prefixes(&["glpat-"])
        .user("your GitLab user name; any name with a project's or group's token")
        .made_at("/-/user_settings/personal_access_tokens, or Settings > Access tokens of the project")
        .expiry(ExpiryRule::AtProvider),
    CredentialType::new(&GITLAB, "deploy token", TokenKind::Project)
        .prefixes(&["gldt-"])
        .user_rule_anywhere(UserRule::StartsWith("gitlab+deploy-token-"))
        .user("the token's own user name")
        .made_at("Settings > Repository > Deploy tokens of the project or group")
        .expiry(ExpiryRule::AtProvider),
    CredentialType::new(&GITLAB, "job token", TokenKind::Project)
        .prefixes(&["glcbt-"])
        .user_rule_anywhere(UserRule::OneOf(&["gitlab-ci-token"]))
        .user("gitlab-ci-token")
        .made_at("the job has it as CI_JOB_TOKEN")
        .expiry(ExpiryRule::WithJob),
    gitlab_other("OAuth application secret", &["gloas-"]),
    gitlab_other("pipeline trigger token", &["glptt-"]),
    gitlab_other("runner token", &["glrt-", "glrtr-"]),
    gitlab_other("feed token", &["glft-"]),
    gitlab_other("incoming mail token", &["glimt-"]),
    gitlab_other("agent token", &["glagent-"]),
    gitlab_other("workspace token", &["glwt-"]),
    gitlab_other("SCIM token", &["glsoat-"]),
    gitlab_other("feature flags token", &["glffct-"]),
    CredentialType::new(&AZURE, "Microsoft Entra token", TokenKind::Pat)
        .user_rule(UserRule::OneOf(&["00000000-0000-0000-0000-000000000000"]))
        .user("00000000-0000-0000-0000-000000000000")
        .made_at("az acr login --expose-token")
        .expiry(ExpiryRule::InSecret),
    CredentialType::new(&AZURE, "registry token, admin account or service principal", TokenKind::Project)
        .user("the token's name, the registry's name or the application's id")
        .made_at("az acr token credential generate, az acr token credential delete")
        .expiry(ExpiryRule::AtProvider),
    CredentialType::new(&AWS, "authorization token", TokenKind::Pat)
        .user_rule(UserRule::OneOf(&["AWS"]))
        .user("AWS")
        .made_at("aws ecr get-login-password")
        .expiry(ExpiryRule::Hours(12)),
    CredentialType::new(&GOOGLE, "access token", TokenKind::Pat)
        .prefixes(&["ya29."])
        .user_rule(UserRule::OneOf(&["oauth2accesstoken", "_dcgcr_token", "_dcgcloud_token"]))
        .user("oauth2accesstoken")
        .made_at("gcloud auth print-access-token")
        .expiry(ExpiryRule::Hours(1)),
    CredentialType::new(&GOOGLE, "service account key", TokenKind::Project)
        .user_rule_anywhere(UserRule::OneOf(&["_json_key", "_json_key_base64"]))
        .user("_json_key, or _json_key_base64 for one in base64")
        .made_at("IAM > Service accounts > Keys in the Google Cloud console"),
    CredentialType::new(&NVIDIA, "API key", TokenKind::Pat)
        .prefixes(&["nvapi-"])
        .user_rule(UserRule::OneOf(&["$oauthtoken"]))
        .user("$oauthtoken")
        .made_at("https://org.ngc.nvidia.com/setup/api-keys")
        .expiry(ExpiryRule::AtProvider),
    CredentialType::new(&HARBOR, "robot account", TokenKind::Project)
        .user_rule_anywhere(UserRule::StartsWith("robot$"))
        .user("robot$ and its name")
        .made_at("the project > Robot accounts")
        .expiry(ExpiryRule::AtProvider),
    CredentialType::new(&QUAY, "robot account", TokenKind::Project)
        .user_rule(UserRule::Contains('+'))
        .user("the organization or user, +, and its name")
        .made_at("https://quay.io/organization > the organization > Robot accounts"),
    CredentialType::new(&QUAY, "OAuth token", TokenKind::Pat)
        .user_rule(UserRule::OneOf(&["$oauthtoken"]))
        .user("$oauthtoken")
        .made_at("the organization > Applications"),
    CredentialType::new(&QUAY, "application token", TokenKind::Pat)
        .user_rule(UserRule::OneOf(&["$app"]))
        .user("$app")
        .made_at("Account settings > Docker CLI and other application tokens")
        .expiry(ExpiryRule::AtProvider),
    CredentialType::new(&JFROG, "reference token", TokenKind::Pat)
        .prefixes(&["cmVmd"])
        .user("your user name")
        .made_at("/ui/user_profile on the server")
        .expiry(ExpiryRule::AtProvider),
    CredentialType::new(&JFROG, "access token", TokenKind::Pat)
        .shape(SecretShape::Jwt)
        .user("your user name")
        .made_at("/ui/user_profile on the server")
        .expiry(ExpiryRule::InSecret),
    CredentialType::new(&JFROG, "API key", TokenKind::Pat)
        .prefixes(&["AKCp"])
        .user("your user name")
        .made_at("/ui/user_profile on the server"),
    CredentialType::new(&DIGITALOCEAN, "personal access token", TokenKind::Pat)
        .prefixes(&["dop_v1_"])
        .user_rule(UserRule::SameAsSecret)
        .user("the token itself")
        .made_at("https://cloud.digitalocean.com/account/api/tokens")
        .expiry(ExpiryRule::AtProvider),
    CredentialType::new(&DIGITALOCEAN, "OAuth token", TokenKind::Pat)
        .prefixes(&["doo_v1_"])
        .user("the token itself")
        .made_at("https://cloud.digitalocean.com/account/api/access")
        .expiry(ExpiryRule::AtProvider),
    CredentialType::new(&DIGITALOCEAN, "refresh token", TokenKind::Pat)
        .prefixes(&["dor_v1_"])
        .made_at("https://cloud.digitalocean.com/account/api/access")
        .opens_no_registry(),
    CredentialType::new(&HEROKU, "authorization", TokenKind::Pat)
        .prefixes(&["HRKU-"])
        .user_rule(UserRule::OneOf(&["_"]))
        .user("_")
        .made_at("heroku authorizations:create, heroku authorizations:revoke")
        .expiry(ExpiryRule::AtProvider),
    CredentialType::new(&SCALEWAY, "API secret key", TokenKind::Pat)
        .user_rule(UserRule::OneOf(&["nologin"]))
        .user("nologin")
        .made_at("IAM > API keys in the Scaleway console")
        .expiry(ExpiryRule::AtProvider),
    CredentialType::new(&IBM, "API key", TokenKind::Pat)
        .user_rule(UserRule::OneOf(&["iamapikey"]))
        .user("iamapikey")
        .made_at("https://cloud.ibm.com/iam/apikeys")
        .expiry(ExpiryRule::AtProvider),
    CredentialType::new(&IBM, "IAM token", TokenKind::Pat)
        .user_rule(UserRule::OneOf(&["iambearer"]))
        .user("iambearer")
        .made_at("ibmcloud iam oauth-tokens")
        .expiry(ExpiryRule::InSecret),
    CredentialType::new(&OCIR, "auth token", TokenKind::Pat)
        .user_rule(UserRule::Contains('/'))
        .user("the tenancy's namespace, /, and your user name")
        .made_at("User settings > Auth tokens in the Oracle Cloud console"),
    CredentialType::new(&ORACLE, "auth token", TokenKind::Pat)
        .user("your Oracle account's e-mail address")
        .made_at("https://container-registry.oracle.com"),
    CredentialType::new(&ALIBABA, "temporary password", TokenKind::Pat)
        .user_rule(UserRule::OneOf(&["cr_temp_user"]))
        .user("cr_temp_user")
        .made_at("GetAuthorizationToken of the API")
        .expiry(ExpiryRule::Hours(1)),
    CredentialType::new(&ALIBABA, "fixed password", TokenKind::Password)
        .user("your account's name")
        .made_at("Access credential in the Container Registry console"),
    CredentialType::new(&TENCENT, "access credential", TokenKind::Pat)
        .shape(SecretShape::Jwt)
        .user("your account's number")
        .made_at("Access credential in the TCR console")
        .expiry(ExpiryRule::InSecret),
    CredentialType::new(&TENCENT, "password of an account or service account", TokenKind::Password)
        .user("your account's number, or the service account's name")
        .made_at("Access credential in the TCR console")
        .expiry(ExpiryRule::AtProvider),
    CredentialType::new(&CODING, "project token", TokenKind::Project)
        .user_rule(UserRule::Generated("pt"))
        .user("the token's own user name, which begins with pt")
        .made_at("Project settings > Developer options > Project tokens")
        .expiry(ExpiryRule::AtProvider),
    CredentialType::new(&CODING, "personal access token", TokenKind::Pat)
        .shape(SecretShape::Hex40)
        .user("your account's user name")
        .made_at("Personal account settings > Access tokens")
        .expiry(ExpiryRule::AtProvider),
    CredentialType::new(&CODING, "password", TokenKind::Password)
        .user("your account's phone number or e-mail address")
        .made_at("Personal account settings"),
    CredentialType::new(&CNB, "access token", TokenKind::Pat)
        .user_rule(UserRule::OneOf(&["cnb"]))
        .user("cnb")
        .made_at("https://cnb.cool > personal settings > Access tokens")
        .expiry(ExpiryRule::AtProvider),
    CredentialType::new(&HUAWEI, "login key of an access key", TokenKind::Pat)
        .user_rule(UserRule::Contains('@'))
        .user("the region, @, and the access key's id")
        .made_at("Generate login command in the SWR console"),
    CredentialType::new(&CHAINGUARD, "pull token", TokenKind::Organization)
        .user_rule(UserRule::Contains('/'))
        .user("the id of the token: the organization's id, /, and its own")
        .made_at("chainctl auth configure-docker --pull-token")
        .expiry(ExpiryRule::InSecret),
    CredentialType::new(&RED_HAT, "registry service account", TokenKind::Project)
        .user_rule(UserRule::Contains('|'))
        .user("the account's number, |, and its name")
        .made_at("https://access.redhat.com/terms-based-registry"),
    CredentialType::new(&RED_HAT, "password", TokenKind::Password)
        .user("your Red Hat login")
        .made_at("https://access.redhat.com"),
    // The token is for all of Atlassian's products, and its scopes name the packages of Bitbucket.
    CredentialType::new(&BITBUCKET, "Atlassian API token", TokenKind::Pat)
        .prefixes(&["ATATT"])
        .user_rule(UserRule::Contains('@'))
        .user("your Atlassian account's e-mail address")
        .made_at("https://id.atlassian.com/manage-profile/security/api-tokens")
        .expiry(ExpiryRule::AtProvider),
    CredentialType::new(&CLOUDFLARE, "registry credentials", TokenKind::Pat)
        .shape(SecretShape::Jwt)
        .user("the one that wrangler writes")
        .made_at("wrangler containers registries credentials registry.cloudflare.com")
        .expiry(ExpiryRule::InSecret),
    CredentialType::new(&FLY, "access token", TokenKind::Pat)
        .prefixes(&["FlyV1 ", "fm2_", "fo1_"])
        .user_rule(UserRule::OneOf(&["x"]))
        .user("x")
        .made_at("fly tokens create deploy; fly auth docker makes one for 5 minutes")
        .expiry(ExpiryRule::AtProvider),
    CredentialType::new(&GITEA, "access token", TokenKind::Pat)
        .shape(SecretShape::Hex40)
        .user("your user name")
        .made_at("/user/settings/applications on the server"),
    CredentialType::new(&NEXUS, "user token or password", TokenKind::Password)
        .user("the token's name code, or your user name")
        .made_at("/#user/usertoken on the server"),
];

const fn github(
    name: &'static str,
    kind: TokenKind,
    prefixes: &'static [&'static str],
    made_at: &'static str,
) -> CredentialType {
    CredentialType::new(&GITHUB, name, kind).prefixes(prefixes).user("your GitHub login").made_at(made_at)
}

/// Makes a type that GitLab's registry does not accept. It accepts deploy tokens and the tokens of people,
/// projects, groups and jobs: <https://docs.gitlab.com/security/tokens/#available-scopes>
const fn gitlab_other(name: &'static str, prefixes: &'static [&'static str]) -> CredentialType {
    CredentialType::new(&GITLAB, name, TokenKind::Password)
        .prefixes(prefixes)
        .made_at("GitLab")
        .opens_no_registry()
}

#[cfg(test)]
mod tests {
    use std::ptr;

    use super::*;
    use crate::model::registry::Key;
    use crate::provider::hosts::PROVIDERS;
    use crate::provider::{Credential, recognize};

    #[test]
    fn every_row_recognizes_its_own_credential() {
        for row in CREDENTIAL_TYPES {
            let host = match (row.provider.hosts, row.provider.labels) {
                ([host, ..], _) => host.replace('*', "x1").replace('#', "123456789012"),
                ([], labels) => format!("{}.acme.example", labels[0]),
            };
            let user = match row.user_rule {
                UserRule::Any => "alice".to_owned(),
                UserRule::OneOf(names) => names[0].to_owned(),
                UserRule::StartsWith(prefix) | UserRule::Generated(prefix) => format!("{prefix}x1"),
                UserRule::Contains(letter) => format!("acme{letter}ci"),
                UserRule::SameAsSecret => "hunter2".to_owned(),
            };
            let secret = match row.shape {
                SecretShape::Any => "hunter2",
                SecretShape::Jwt => "eyJhbGciOiJIUzI1NiJ9.e30.c2ln",
                SecretShape::Hex40 => "0123456789abcdef0123456789abcdef01234567",
            };
            let is_recognized = |host: &str, user: &str, secret: &str| {
                let keys = [Key::parse(host).expect(host)];
                let found = recognize(&Credential { keys: &keys, scopes: &[], user, secret }).credential_type;
                found.is_some_and(|found| ptr::eq(found, row))
            };
            for prefix in row.prefixes {
                assert!(is_recognized("registry.example", "alice", &format!("{prefix}x")), "{prefix}");
            }
            if row.kind == TokenKind::Session {
                let key = "https://index.docker.io/v1/access-token";
                assert!(is_recognized(key, &user, secret), "{}", row.name);
            } else if row.prefixes.is_empty() || row.user_rule != UserRule::Any {
                assert!(is_recognized(&host, &user, secret), "{host} {} {}", row.provider.name, row.name);
            }
        }
    }

    #[test]
    fn every_provider_has_a_row_and_every_row_its_texts() {
        for provider in PROVIDERS {
            assert!(CREDENTIAL_TYPES.iter().any(|row| row.provider == provider), "{}", provider.name);
        }
        for row in CREDENTIAL_TYPES {
            for text in [row.name, row.user, row.made_at] {
                assert!(!text.is_empty() && !text.ends_with('.'), "{} {}", row.provider.name, row.name);
            }
            assert_eq!(row.has_fixed_expiry, row.prefixes.iter().any(|prefix| prefix.starts_with("dckr_")));
        }
    }
}
