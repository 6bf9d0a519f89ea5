//! The sorts of credentials that registries take, and some that they do not.
//!
//! The lengths of secrets are not published, so only their beginnings count:
//! <https://docs.docker.com/security/access-tokens/>,
//! <https://github.blog/2021-04-05-behind-githubs-new-authentication-token-formats/>,
//! <https://docs.gitlab.com/security/tokens/#token-prefixes>

use crate::model::token::Kind;
use crate::provider::credential_type::{End, Shape, Sort, Users};
use crate::provider::hosts::{
    ALIBABA, AWS, AZURE, CODING, DIGITALOCEAN, DOCKER_HUB, GITEA, GITHUB, GITLAB, GOOGLE, HARBOR, HEROKU,
    HUAWEI, IBM, JFROG, NEXUS, NVIDIA, OCIR, ORACLE, QUAY, SCALEWAY, TENCENT,
};

/// Every sort. Of those that fit, the first one counts.
pub static SORTS: &[Sort] = &[
    Sort::new(&DOCKER_HUB, "personal access token", Kind::Pat)
        .marked(&["dckr_pat_"])
        .user("your Docker ID")
        .made_at("https://app.docker.com/settings/personal-access-tokens")
        .ends(End::AtProvider)
        .end_is_fixed(),
    Sort::new(&DOCKER_HUB, "organization access token", Kind::Organization)
        .marked(&["dckr_oat_"])
        .user("the organization's name")
        .made_at("Docker Home > the organization > Identity & auth > Access tokens")
        .ends(End::AtProvider)
        .end_is_fixed(),
    Sort::new(&DOCKER_HUB, "entry of the device sign-in", Kind::Session)
        .user("your Docker ID")
        .made_at("docker login, docker logout")
        .ends(End::InSecret),
    Sort::new(&DOCKER_HUB, "access token of a sign-in", Kind::Pat)
        .shaped(Shape::Jwt)
        .user("your Docker ID")
        .made_at("docker login, docker logout")
        .ends(End::InSecret),
    Sort::new(&DOCKER_HUB, "password", Kind::Password)
        .user("your Docker ID")
        .made_at("https://app.docker.com > Account settings"),
    github("personal access token (classic)", Kind::Pat, &["ghp_"], "https://github.com/settings/tokens")
        .ends(End::AtProvider),
    github(
        "fine-grained personal access token",
        Kind::Pat,
        &["github_pat_"],
        "https://github.com/settings/personal-access-tokens",
    )
    .ends(End::AtProvider),
    github("OAuth token", Kind::Pat, &["gho_"], "https://github.com/settings/applications"),
    github("user token of an app", Kind::Pat, &["ghu_"], "https://github.com/settings/apps/authorizations"),
    github("installation token of an app or a job", Kind::Project, &["ghs_"], "the app or job makes it")
        .user("any name, usually who started the job")
        .ends(End::Hours(1)),
    // A refresh token is for the authorization server alone:
    // https://www.rfc-editor.org/rfc/rfc6749#section-1.5
    github(
        "refresh token of an app",
        Kind::Pat,
        &["ghr_"],
        "https://github.com/settings/apps/authorizations",
    )
    .opens_nothing(),
    Sort::new(&GITLAB, "personal, project or group access token", Kind::Pat)
        .marked(&["glpat-"])
        .user("your GitLab user name; any name with a project's or group's token")
        .made_at("/-/user_settings/personal_access_tokens, or Settings > Access tokens of the project")
        .ends(End::AtProvider),
    Sort::new(&GITLAB, "deploy token", Kind::Project)
        .marked(&["gldt-"])
        .for_users_anywhere(Users::Beginning("gitlab+deploy-token-"))
        .user("the token's own user name")
        .made_at("Settings > Repository > Deploy tokens of the project or group")
        .ends(End::AtProvider),
    Sort::new(&GITLAB, "job token", Kind::Project)
        .marked(&["glcbt-"])
        .for_users_anywhere(Users::Exactly(&["gitlab-ci-token"]))
        .user("gitlab-ci-token")
        .made_at("the job has it as CI_JOB_TOKEN")
        .ends(End::WithJob),
    gitlab_other("OAuth application secret", &["gloas-"]),
    gitlab_other("pipeline trigger token", &["glptt-"]),
    gitlab_other("runner token", &["glrt-", "glrtr-"]),
    gitlab_other("feed token", &["glft-"]),
    gitlab_other("incoming mail token", &["glimt-"]),
    gitlab_other("agent token", &["glagent-"]),
    gitlab_other("workspace token", &["glwt-"]),
    gitlab_other("SCIM token", &["glsoat-"]),
    gitlab_other("feature flags token", &["glffct-"]),
    Sort::new(&AZURE, "Microsoft Entra token", Kind::Pat)
        .for_users(Users::Exactly(&["00000000-0000-0000-0000-000000000000"]))
        .user("00000000-0000-0000-0000-000000000000")
        .made_at("az acr login --expose-token")
        .ends(End::InSecret),
    Sort::new(&AZURE, "registry token, admin account or service principal", Kind::Project)
        .user("the token's name, the registry's name or the application's id")
        .made_at("az acr token credential generate, az acr token credential delete")
        .ends(End::AtProvider),
    Sort::new(&AWS, "authorization token", Kind::Pat)
        .for_users(Users::Exactly(&["AWS"]))
        .user("AWS")
        .made_at("aws ecr get-login-password")
        .ends(End::Hours(12)),
    Sort::new(&GOOGLE, "access token", Kind::Pat)
        .marked(&["ya29."])
        .for_users(Users::Exactly(&["oauth2accesstoken", "_dcgcr_token", "_dcgcloud_token"]))
        .user("oauth2accesstoken")
        .made_at("gcloud auth print-access-token")
        .ends(End::Hours(1)),
    Sort::new(&GOOGLE, "service account key", Kind::Project)
        .for_users_anywhere(Users::Exactly(&["_json_key", "_json_key_base64"]))
        .user("_json_key, or _json_key_base64 for one in base64")
        .made_at("IAM > Service accounts > Keys in the Google Cloud console"),
    Sort::new(&NVIDIA, "API key", Kind::Pat)
        .marked(&["nvapi-"])
        .for_users(Users::Exactly(&["$oauthtoken"]))
        .user("$oauthtoken")
        .made_at("https://org.ngc.nvidia.com/setup/api-keys")
        .ends(End::AtProvider),
    Sort::new(&HARBOR, "robot account", Kind::Project)
        .for_users_anywhere(Users::Beginning("robot$"))
        .user("robot$ and its name")
        .made_at("the project > Robot accounts")
        .ends(End::AtProvider),
    Sort::new(&QUAY, "robot account", Kind::Project)
        .for_users(Users::With('+'))
        .user("the organization or user, +, and its name")
        .made_at("https://quay.io/organization > the organization > Robot accounts"),
    Sort::new(&QUAY, "OAuth token", Kind::Pat)
        .for_users(Users::Exactly(&["$oauthtoken"]))
        .user("$oauthtoken")
        .made_at("the organization > Applications"),
    Sort::new(&QUAY, "application token", Kind::Pat)
        .for_users(Users::Exactly(&["$app"]))
        .user("$app")
        .made_at("Account settings > Docker CLI and other application tokens")
        .ends(End::AtProvider),
    Sort::new(&JFROG, "reference token", Kind::Pat)
        .marked(&["cmVmd"])
        .user("your user name")
        .made_at("/ui/user_profile on the server")
        .ends(End::AtProvider),
    Sort::new(&JFROG, "access token", Kind::Pat)
        .shaped(Shape::Jwt)
        .user("your user name")
        .made_at("/ui/user_profile on the server")
        .ends(End::InSecret),
    Sort::new(&JFROG, "API key", Kind::Pat)
        .marked(&["AKCp"])
        .user("your user name")
        .made_at("/ui/user_profile on the server"),
    Sort::new(&DIGITALOCEAN, "personal access token", Kind::Pat)
        .marked(&["dop_v1_"])
        .for_users(Users::TheSecret)
        .user("the token itself")
        .made_at("https://cloud.digitalocean.com/account/api/tokens")
        .ends(End::AtProvider),
    Sort::new(&DIGITALOCEAN, "OAuth token", Kind::Pat)
        .marked(&["doo_v1_"])
        .user("the token itself")
        .made_at("https://cloud.digitalocean.com/account/api/access")
        .ends(End::AtProvider),
    Sort::new(&DIGITALOCEAN, "refresh token", Kind::Pat)
        .marked(&["dor_v1_"])
        .made_at("https://cloud.digitalocean.com/account/api/access")
        .opens_nothing(),
    Sort::new(&HEROKU, "authorization", Kind::Pat)
        .marked(&["HRKU-"])
        .for_users(Users::Exactly(&["_"]))
        .user("_")
        .made_at("heroku authorizations:create, heroku authorizations:revoke")
        .ends(End::AtProvider),
    Sort::new(&SCALEWAY, "API secret key", Kind::Pat)
        .for_users(Users::Exactly(&["nologin"]))
        .user("nologin")
        .made_at("IAM > API keys in the Scaleway console")
        .ends(End::AtProvider),
    Sort::new(&IBM, "API key", Kind::Pat)
        .for_users(Users::Exactly(&["iamapikey"]))
        .user("iamapikey")
        .made_at("https://cloud.ibm.com/iam/apikeys")
        .ends(End::AtProvider),
    Sort::new(&IBM, "IAM token", Kind::Pat)
        .for_users(Users::Exactly(&["iambearer"]))
        .user("iambearer")
        .made_at("ibmcloud iam oauth-tokens")
        .ends(End::InSecret),
    Sort::new(&OCIR, "auth token", Kind::Pat)
        .user("the tenancy's namespace, /, and your user name")
        .made_at("User settings > Auth tokens in the Oracle Cloud console"),
    Sort::new(&ORACLE, "auth token", Kind::Pat)
        .user("your Oracle account's e-mail address")
        .made_at("https://container-registry.oracle.com"),
    Sort::new(&ALIBABA, "temporary password", Kind::Pat)
        .for_users(Users::Exactly(&["cr_temp_user"]))
        .user("cr_temp_user")
        .made_at("GetAuthorizationToken of the API")
        .ends(End::Hours(1)),
    Sort::new(&ALIBABA, "fixed password", Kind::Password)
        .user("your account's name")
        .made_at("Access credential in the Container Registry console"),
    Sort::new(&TENCENT, "access credential", Kind::Pat)
        .shaped(Shape::Jwt)
        .user("your account's number")
        .made_at("Access credential in the TCR console")
        .ends(End::InSecret),
    Sort::new(&TENCENT, "password of an account or service account", Kind::Password)
        .user("your account's number, or the service account's name")
        .made_at("Access credential in the TCR console")
        .ends(End::AtProvider),
    Sort::new(&CODING, "project token", Kind::Project)
        .for_users(Users::Generated("pt"))
        .user("the token's own user name, which begins with pt")
        .made_at("Project settings > Developer options > Project tokens")
        .ends(End::AtProvider),
    Sort::new(&CODING, "personal access token", Kind::Pat)
        .shaped(Shape::Hex40)
        .user("your account's user name")
        .made_at("Personal account settings > Access tokens")
        .ends(End::AtProvider),
    Sort::new(&CODING, "password", Kind::Password)
        .user("your account's phone number or e-mail address")
        .made_at("Personal account settings"),
    Sort::new(&HUAWEI, "login key of an access key", Kind::Pat)
        .user("the region, @, and the access key's id")
        .made_at("Generate login command in the SWR console"),
    Sort::new(&GITEA, "access token", Kind::Pat)
        .shaped(Shape::Hex40)
        .user("your user name")
        .made_at("/user/settings/applications on the server"),
    Sort::new(&NEXUS, "user token or password", Kind::Password)
        .user("the token's name code, or your user name")
        .made_at("/#user/usertoken on the server"),
];

const fn github(
    called: &'static str,
    kind: Kind,
    marks: &'static [&'static str],
    made_at: &'static str,
) -> Sort {
    Sort::new(&GITHUB, called, kind).marked(marks).user("your GitHub login").made_at(made_at)
}

/// Only tokens of people, projects, groups and jobs and deploy tokens open GitLab's registry:
/// <https://docs.gitlab.com/security/tokens/#available-scopes>
const fn gitlab_other(called: &'static str, marks: &'static [&'static str]) -> Sort {
    Sort::new(&GITLAB, called, Kind::Password).marked(marks).made_at("GitLab").opens_nothing()
}

#[cfg(test)]
mod tests {
    use std::ptr;

    use super::*;
    use crate::model::registry::Key;
    use crate::provider::hosts::PROVIDERS;
    use crate::provider::{Seen, recognize};

    #[test]
    fn every_row_of_the_table_can_be_met() {
        for sort in SORTS {
            let host = match (sort.provider.hosts, sort.provider.labels) {
                ([host, ..], _) => host.replace('*', "x1"),
                ([], labels) => format!("{}.acme.example", labels[0]),
            };
            let user = match sort.users {
                Users::Any => "alice".to_owned(),
                Users::Exactly(names) => names[0].to_owned(),
                Users::Beginning(head) | Users::Generated(head) => format!("{head}x1"),
                Users::With(letter) => format!("acme{letter}ci"),
                Users::TheSecret => "hunter2".to_owned(),
            };
            let secret = match sort.shape {
                Shape::Any => "hunter2",
                Shape::Jwt => "eyJhbGciOiJIUzI1NiJ9.e30.c2ln",
                Shape::Hex40 => "0123456789abcdef0123456789abcdef01234567",
            };
            let is_it = |host: &str, user: &str, secret: &str| {
                let keys = [Key::parse(host).expect(host)];
                let met = recognize(&Seen { keys: &keys, scopes: &[], user, secret }).sort;
                met.is_some_and(|met| ptr::eq(met, sort))
            };
            for mark in sort.marks {
                assert!(is_it("registry.example", "alice", &format!("{mark}x")), "{mark}");
            }
            if sort.kind == Kind::Session {
                assert!(is_it("https://index.docker.io/v1/access-token", &user, secret), "{}", sort.called);
            } else if sort.marks.is_empty() || sort.users != Users::Any {
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
            assert_eq!(sort.end_is_fixed, sort.marks.iter().any(|mark| mark.starts_with("dckr_")));
        }
    }
}
