//! The sorts of credentials that registries take, and some that they do not.
//!
//! The lengths of secrets are not published, so only their beginnings count:
//! <https://docs.docker.com/security/access-tokens/>,
//! <https://github.blog/2021-04-05-behind-githubs-new-authentication-token-formats/>,
//! <https://docs.gitlab.com/security/tokens/#token-prefixes>

use crate::model::token::TokenKind;
use crate::provider::credential_type::{CredentialType, ExpiryRule, SecretShape, UserRule};
use crate::provider::hosts::{
    ALIBABA, AWS, AZURE, CODING, DIGITALOCEAN, DOCKER_HUB, GITEA, GITHUB, GITLAB, GOOGLE, HARBOR, HEROKU,
    HUAWEI, IBM, JFROG, NEXUS, NVIDIA, OCIR, ORACLE, QUAY, SCALEWAY, TENCENT,
};

/// Every sort. Of those that fit, the first one counts.
pub static SORTS: &[CredentialType] = &[
    CredentialType::new(&DOCKER_HUB, "personal access token", TokenKind::Pat)
        .marked(&["dckr_pat_"])
        .user("your Docker ID")
        .made_at("https://app.docker.com/settings/personal-access-tokens")
        .ends(ExpiryRule::AtProvider)
        .has_fixed_expiry(),
    CredentialType::new(&DOCKER_HUB, "organization access token", TokenKind::Organization)
        .marked(&["dckr_oat_"])
        .user("the organization's name")
        .made_at("Docker Home > the organization > Identity & auth > Access tokens")
        .ends(ExpiryRule::AtProvider)
        .has_fixed_expiry(),
    CredentialType::new(&DOCKER_HUB, "entry of the device sign-in", TokenKind::Session)
        .user("your Docker ID")
        .made_at("docker login, docker logout")
        .ends(ExpiryRule::InSecret),
    CredentialType::new(&DOCKER_HUB, "access token of a sign-in", TokenKind::Pat)
        .shaped(SecretShape::Jwt)
        .user("your Docker ID")
        .made_at("docker login, docker logout")
        .ends(ExpiryRule::InSecret),
    CredentialType::new(&DOCKER_HUB, "password", TokenKind::Password)
        .user("your Docker ID")
        .made_at("https://app.docker.com > Account settings"),
    github(
        "personal access token (classic)",
        TokenKind::Pat,
        &["ghp_"],
        "https://github.com/settings/tokens",
    )
    .ends(ExpiryRule::AtProvider),
    github(
        "fine-grained personal access token",
        TokenKind::Pat,
        &["github_pat_"],
        "https://github.com/settings/personal-access-tokens",
    )
    .ends(ExpiryRule::AtProvider),
    github("OAuth token", TokenKind::Pat, &["gho_"], "https://github.com/settings/applications"),
    github(
        "user token of an app",
        TokenKind::Pat,
        &["ghu_"],
        "https://github.com/settings/apps/authorizations",
    ),
    github("installation token of an app or a job", TokenKind::Project, &["ghs_"], "the app or job makes it")
        .user("any name, usually who started the job")
        .ends(ExpiryRule::Hours(1)),
    // A refresh token is for the authorization server alone:
    // https://www.rfc-editor.org/rfc/rfc6749#section-1.5
    github(
        "refresh token of an app",
        TokenKind::Pat,
        &["ghr_"],
        "https://github.com/settings/apps/authorizations",
    )
    .grants_no_access(),
    CredentialType::new(&GITLAB, "personal, project or group access token", TokenKind::Pat)
        .marked(&["glpat-"])
        .user("your GitLab user name; any name with a project's or group's token")
        .made_at("/-/user_settings/personal_access_tokens, or Settings > Access tokens of the project")
        .ends(ExpiryRule::AtProvider),
    CredentialType::new(&GITLAB, "deploy token", TokenKind::Project)
        .marked(&["gldt-"])
        .for_users_anywhere(UserRule::Beginning("gitlab+deploy-token-"))
        .user("the token's own user name")
        .made_at("Settings > Repository > Deploy tokens of the project or group")
        .ends(ExpiryRule::AtProvider),
    CredentialType::new(&GITLAB, "job token", TokenKind::Project)
        .marked(&["glcbt-"])
        .for_users_anywhere(UserRule::Exactly(&["gitlab-ci-token"]))
        .user("gitlab-ci-token")
        .made_at("the job has it as CI_JOB_TOKEN")
        .ends(ExpiryRule::WithJob),
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
        .for_users(UserRule::Exactly(&["00000000-0000-0000-0000-000000000000"]))
        .user("00000000-0000-0000-0000-000000000000")
        .made_at("az acr login --expose-token")
        .ends(ExpiryRule::InSecret),
    CredentialType::new(&AZURE, "registry token, admin account or service principal", TokenKind::Project)
        .user("the token's name, the registry's name or the application's id")
        .made_at("az acr token credential generate, az acr token credential delete")
        .ends(ExpiryRule::AtProvider),
    CredentialType::new(&AWS, "authorization token", TokenKind::Pat)
        .for_users(UserRule::Exactly(&["AWS"]))
        .user("AWS")
        .made_at("aws ecr get-login-password")
        .ends(ExpiryRule::Hours(12)),
    CredentialType::new(&GOOGLE, "access token", TokenKind::Pat)
        .marked(&["ya29."])
        .for_users(UserRule::Exactly(&["oauth2accesstoken", "_dcgcr_token", "_dcgcloud_token"]))
        .user("oauth2accesstoken")
        .made_at("gcloud auth print-access-token")
        .ends(ExpiryRule::Hours(1)),
    CredentialType::new(&GOOGLE, "service account key", TokenKind::Project)
        .for_users_anywhere(UserRule::Exactly(&["_json_key", "_json_key_base64"]))
        .user("_json_key, or _json_key_base64 for one in base64")
        .made_at("IAM > Service accounts > Keys in the Google Cloud console"),
    CredentialType::new(&NVIDIA, "API key", TokenKind::Pat)
        .marked(&["nvapi-"])
        .for_users(UserRule::Exactly(&["$oauthtoken"]))
        .user("$oauthtoken")
        .made_at("https://org.ngc.nvidia.com/setup/api-keys")
        .ends(ExpiryRule::AtProvider),
    CredentialType::new(&HARBOR, "robot account", TokenKind::Project)
        .for_users_anywhere(UserRule::Beginning("robot$"))
        .user("robot$ and its name")
        .made_at("the project > Robot accounts")
        .ends(ExpiryRule::AtProvider),
    CredentialType::new(&QUAY, "robot account", TokenKind::Project)
        .for_users(UserRule::With('+'))
        .user("the organization or user, +, and its name")
        .made_at("https://quay.io/organization > the organization > Robot accounts"),
    CredentialType::new(&QUAY, "OAuth token", TokenKind::Pat)
        .for_users(UserRule::Exactly(&["$oauthtoken"]))
        .user("$oauthtoken")
        .made_at("the organization > Applications"),
    CredentialType::new(&QUAY, "application token", TokenKind::Pat)
        .for_users(UserRule::Exactly(&["$app"]))
        .user("$app")
        .made_at("Account settings > Docker CLI and other application tokens")
        .ends(ExpiryRule::AtProvider),
    CredentialType::new(&JFROG, "reference token", TokenKind::Pat)
        .marked(&["cmVmd"])
        .user("your user name")
        .made_at("/ui/user_profile on the server")
        .ends(ExpiryRule::AtProvider),
    CredentialType::new(&JFROG, "access token", TokenKind::Pat)
        .shaped(SecretShape::Jwt)
        .user("your user name")
        .made_at("/ui/user_profile on the server")
        .ends(ExpiryRule::InSecret),
    CredentialType::new(&JFROG, "API key", TokenKind::Pat)
        .marked(&["AKCp"])
        .user("your user name")
        .made_at("/ui/user_profile on the server"),
    CredentialType::new(&DIGITALOCEAN, "personal access token", TokenKind::Pat)
        .marked(&["dop_v1_"])
        .for_users(UserRule::TheSecret)
        .user("the token itself")
        .made_at("https://cloud.digitalocean.com/account/api/tokens")
        .ends(ExpiryRule::AtProvider),
    CredentialType::new(&DIGITALOCEAN, "OAuth token", TokenKind::Pat)
        .marked(&["doo_v1_"])
        .user("the token itself")
        .made_at("https://cloud.digitalocean.com/account/api/access")
        .ends(ExpiryRule::AtProvider),
    CredentialType::new(&DIGITALOCEAN, "refresh token", TokenKind::Pat)
        .marked(&["dor_v1_"])
        .made_at("https://cloud.digitalocean.com/account/api/access")
        .grants_no_access(),
    CredentialType::new(&HEROKU, "authorization", TokenKind::Pat)
        .marked(&["HRKU-"])
        .for_users(UserRule::Exactly(&["_"]))
        .user("_")
        .made_at("heroku authorizations:create, heroku authorizations:revoke")
        .ends(ExpiryRule::AtProvider),
    CredentialType::new(&SCALEWAY, "API secret key", TokenKind::Pat)
        .for_users(UserRule::Exactly(&["nologin"]))
        .user("nologin")
        .made_at("IAM > API keys in the Scaleway console")
        .ends(ExpiryRule::AtProvider),
    CredentialType::new(&IBM, "API key", TokenKind::Pat)
        .for_users(UserRule::Exactly(&["iamapikey"]))
        .user("iamapikey")
        .made_at("https://cloud.ibm.com/iam/apikeys")
        .ends(ExpiryRule::AtProvider),
    CredentialType::new(&IBM, "IAM token", TokenKind::Pat)
        .for_users(UserRule::Exactly(&["iambearer"]))
        .user("iambearer")
        .made_at("ibmcloud iam oauth-tokens")
        .ends(ExpiryRule::InSecret),
    CredentialType::new(&OCIR, "auth token", TokenKind::Pat)
        .user("the tenancy's namespace, /, and your user name")
        .made_at("User settings > Auth tokens in the Oracle Cloud console"),
    CredentialType::new(&ORACLE, "auth token", TokenKind::Pat)
        .user("your Oracle account's e-mail address")
        .made_at("https://container-registry.oracle.com"),
    CredentialType::new(&ALIBABA, "temporary password", TokenKind::Pat)
        .for_users(UserRule::Exactly(&["cr_temp_user"]))
        .user("cr_temp_user")
        .made_at("GetAuthorizationToken of the API")
        .ends(ExpiryRule::Hours(1)),
    CredentialType::new(&ALIBABA, "fixed password", TokenKind::Password)
        .user("your account's name")
        .made_at("Access credential in the Container Registry console"),
    CredentialType::new(&TENCENT, "access credential", TokenKind::Pat)
        .shaped(SecretShape::Jwt)
        .user("your account's number")
        .made_at("Access credential in the TCR console")
        .ends(ExpiryRule::InSecret),
    CredentialType::new(&TENCENT, "password of an account or service account", TokenKind::Password)
        .user("your account's number, or the service account's name")
        .made_at("Access credential in the TCR console")
        .ends(ExpiryRule::AtProvider),
    CredentialType::new(&CODING, "project token", TokenKind::Project)
        .for_users(UserRule::Generated("pt"))
        .user("the token's own user name, which begins with pt")
        .made_at("Project settings > Developer options > Project tokens")
        .ends(ExpiryRule::AtProvider),
    CredentialType::new(&CODING, "personal access token", TokenKind::Pat)
        .shaped(SecretShape::Hex40)
        .user("your account's user name")
        .made_at("Personal account settings > Access tokens")
        .ends(ExpiryRule::AtProvider),
    CredentialType::new(&CODING, "password", TokenKind::Password)
        .user("your account's phone number or e-mail address")
        .made_at("Personal account settings"),
    CredentialType::new(&HUAWEI, "login key of an access key", TokenKind::Pat)
        .user("the region, @, and the access key's id")
        .made_at("Generate login command in the SWR console"),
    CredentialType::new(&GITEA, "access token", TokenKind::Pat)
        .shaped(SecretShape::Hex40)
        .user("your user name")
        .made_at("/user/settings/applications on the server"),
    CredentialType::new(&NEXUS, "user token or password", TokenKind::Password)
        .user("the token's name code, or your user name")
        .made_at("/#user/usertoken on the server"),
];

const fn github(
    called: &'static str,
    kind: TokenKind,
    marks: &'static [&'static str],
    made_at: &'static str,
) -> CredentialType {
    CredentialType::new(&GITHUB, called, kind).marked(marks).user("your GitHub login").made_at(made_at)
}

/// Only tokens of people, projects, groups and jobs and deploy tokens open GitLab's registry:
/// <https://docs.gitlab.com/security/tokens/#available-scopes>
const fn gitlab_other(called: &'static str, marks: &'static [&'static str]) -> CredentialType {
    CredentialType::new(&GITLAB, called, TokenKind::Password)
        .marked(marks)
        .made_at("GitLab")
        .grants_no_access()
}

#[cfg(test)]
mod tests {
    use std::ptr;

    use super::*;
    use crate::model::registry::Key;
    use crate::provider::hosts::PROVIDERS;
    use crate::provider::{Credential, recognize};

    #[test]
    fn every_row_of_the_table_can_be_met() {
        for sort in SORTS {
            let host = match (sort.provider.hosts, sort.provider.labels) {
                ([host, ..], _) => host.replace('*', "x1"),
                ([], labels) => format!("{}.acme.example", labels[0]),
            };
            let user = match sort.users {
                UserRule::Any => "alice".to_owned(),
                UserRule::Exactly(names) => names[0].to_owned(),
                UserRule::Beginning(head) | UserRule::Generated(head) => format!("{head}x1"),
                UserRule::With(letter) => format!("acme{letter}ci"),
                UserRule::TheSecret => "hunter2".to_owned(),
            };
            let secret = match sort.shape {
                SecretShape::Any => "hunter2",
                SecretShape::Jwt => "eyJhbGciOiJIUzI1NiJ9.e30.c2ln",
                SecretShape::Hex40 => "0123456789abcdef0123456789abcdef01234567",
            };
            let is_it = |host: &str, user: &str, secret: &str| {
                let keys = [Key::parse(host).expect(host)];
                let met = recognize(&Credential { keys: &keys, scopes: &[], user, secret }).sort;
                met.is_some_and(|met| ptr::eq(met, sort))
            };
            for mark in sort.marks {
                assert!(is_it("registry.example", "alice", &format!("{mark}x")), "{mark}");
            }
            if sort.kind == TokenKind::Session {
                assert!(is_it("https://index.docker.io/v1/access-token", &user, secret), "{}", sort.called);
            } else if sort.marks.is_empty() || sort.users != UserRule::Any {
                assert!(is_it(&host, &user, secret), "{host} {} {}", sort.provider.name, sort.called);
            }
        }
    }

    #[test]
    fn the_table_is_whole() {
        for provider in PROVIDERS {
            assert!(SORTS.iter().any(|sort| sort.provider == provider), "{}", provider.name);
        }
        for sort in SORTS {
            for text in [sort.called, sort.user, sort.made_at] {
                assert!(!text.is_empty() && !text.ends_with('.'), "{} {}", sort.provider.name, sort.called);
            }
            assert_eq!(sort.has_fixed_expiry, sort.marks.iter().any(|mark| mark.starts_with("dckr_")));
        }
    }
}
