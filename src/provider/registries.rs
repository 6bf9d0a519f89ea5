//! Tests of the registries that are known: the hosts of each, a neighbour that is not its host, and what is recognized
//! of a credential there.

use std::slice;

use crate::model::registry::{Key, Registry};
use crate::model::timestamp::Timestamp;
use crate::model::token::TokenKind;
use crate::provider::credential_type::ExpiryRule;
use crate::provider::hosts::{CredentialHosts, DOCKER_HUB, find_owner};
use crate::provider::{Credential, Recognition, advice, recognize};

const ZERO: &str = "00000000-0000-0000-0000-000000000000";
const HEX40: &str = "0123456789abcdef0123456789abcdef01234567";
const JWT: &str = "eyJhbGciOiJIUzI1NiJ9.eyJleHAiOjE4OTM0NTYwMDB9.c2lnbmF0dXJl"; // {"exp":1893456000}
const GHS_JWT: &str = "ghs_123456_eyJhbGciOiJIUzI1NiJ9.eyJleHAiOjE4OTM0NTYwMDB9.c2lnbmF0dXJl";
const ECR: &str = "eyJleHBpcmF0aW9uIjoxODkzNDU2MDAwfQ=="; // {"expiration":1893456000}

/// A credential at a registry.
struct Row {
    hosts: &'static [&'static str],
    /// Hosts that look like these, and belong to somebody else.
    neighbours: &'static [&'static str],
    user: &'static str,
    /// A user name that does not go with the credential; empty when any name may.
    wrong_user: &'static str,
    secret: &'static str,
    /// The kind, the provider and its name for the type.
    type_words: &'static str,
    expiry: ExpiryRule,
    /// True when the secret names its expiry, and that counts.
    names_expiry: bool,
}

const NONE: Row = Row {
    hosts: &[],
    neighbours: &[],
    user: "alice",
    wrong_user: "",
    secret: "hunter2",
    type_words: "",
    expiry: ExpiryRule::None,
    names_expiry: false,
};
const HUB_HOSTS: &[&str] = &[
    "docker.io",
    "index.docker.io",
    "registry-1.docker.io",
    "registry.hub.docker.com",
    "https://index.docker.io/v1/",
    "dhi.io",
];
const HUB_NEIGHBOURS: &[&str] = &["evil-dhi.io", "dhi.io.evil.example", "x.dhi.io", "docker.io.evil.example"];
const GITHUB_HOSTS: &[&str] = &["ghcr.io", "docker.pkg.github.com", "containers.acme.ghe.com"];
const GITHUB_NEIGHBOURS: &[&str] = &[
    "evil-ghcr.io",
    "containers.ghe.com",
    "a.containers.acme.ghe.com",
    "acme.ghe.com",
    "containers.a.ghe.co",
];
const GITLAB_HOSTS: &[&str] =
    &["registry.gitlab.com", "registry.gitlab.acme.example", "gitlab.acme.example:5050"];
const GITLAB_NEIGHBOURS: &[&str] = &["registry.gitlabs.example", "registry.gitlab-com.example"];
const AZURE_HOSTS: &[&str] =
    &["acme.azurecr.io", "acme.azurecr.cn", "acme.azurecr.us", "acme.westeurope.geo.azurecr.io"];
const AZURE_NEIGHBOURS: &[&str] = &[
    "a.b.azurecr.io",
    "acme.geo.azurecr.io",
    "a.b.c.geo.azurecr.io",
    "azurecr.io",
    "a.geo.azurecr.io.evil.example",
];
const ALIBABA_HOSTS: &[&str] = &[
    "registry.cn-hangzhou.aliyuncs.com",
    "registry-vpc.cn-hangzhou.aliyuncs.com",
    "registry-intl.ap-southeast-1.aliyuncs.com",
    "acme-registry.cn-hangzhou.cr.aliyuncs.com",
    "acme-registry-vpc.cn-hangzhou.cr.aliyuncs.com",
    "crpi-0a1b2c.cn-hangzhou.personal.cr.aliyuncs.com",
];
const ALIBABA_NEIGHBOURS: &[&str] = &[
    "x-0a1b2c.cn-hangzhou.personal.cr.aliyuncs.com",
    "crpi-0a1b2c.cn-hangzhou.personal.cr.aliyuncs.com.evil.example",
    "oss.cn-hangzhou.aliyuncs.com",
];
const TENCENT_HOSTS: &[&str] = &[
    "acme.tencentcloudcr.com",
    "ccr.ccs.tencentyun.com",
    "hkccr.ccs.tencentyun.com",
    "sgccr.ccs.tencentyun.com",
    "uswccr.ccs.tencentyun.com",
    "bjjrccr.ccs.tencentyun.com",
];
const TENCENT_NEIGHBOURS: &[&str] =
    &["x.hkccr.ccs.tencentyun.com", "hk.ccs.tencentyun.com", "ccs.tencentyun.com"];
const CODING_HOSTS: &[&str] = &["acme-docker.pkg.coding.net", "coding-public-docker.pkg.coding.net"];
const CODING_NEIGHBOURS: &[&str] = &["acme.pkg.coding.net", "acme-docker.pkg.coding.net.evil.example"];
const IBM_HOSTS: &[&str] = &["icr.io", "de.icr.io"];
const IBM_NEIGHBOURS: &[&str] = &["evil-icr.io", "a.de.icr.io"];
const GOOGLE_HOSTS: &[&str] =
    &["gcr.io", "eu.gcr.io", "europe-docker.pkg.dev", "docker.europe-west3.rep.pkg.dev"];
const GOOGLE_NEIGHBOURS: &[&str] = &["evil-gcr.io", "a.eu.gcr.io", "docker.pkg.dev", "docker.rep.pkg.dev"];
const QUAY_NEIGHBOURS: &[&str] = &["evil-quay.io", "x.quays.example"];

const ROWS: &[Row] = &[
    Row {
        hosts: HUB_HOSTS,
        neighbours: HUB_NEIGHBOURS,
        secret: "dckr_pat_x",
        type_words: "pat: Docker Hub, personal access token",
        expiry: ExpiryRule::AtProvider,
        ..NONE
    },
    Row {
        hosts: HUB_HOSTS,
        neighbours: HUB_NEIGHBOURS,
        user: "acme",
        secret: "dckr_oat_x",
        type_words: "organization: Docker Hub, organization access token",
        expiry: ExpiryRule::AtProvider,
        ..NONE
    },
    Row {
        hosts: &["https://index.docker.io/v1/access-token"],
        neighbours: &["https://docker.io.evil.example/v1/access-token"],
        secret: JWT,
        type_words: "session: Docker Hub, entry of the device sign-in",
        expiry: ExpiryRule::InSecret,
        names_expiry: true,
        ..NONE
    },
    // The token of an OIDC connection has no published form; where it is a JSON Web Token, its expiry is read.
    Row {
        hosts: HUB_HOSTS,
        neighbours: HUB_NEIGHBOURS,
        user: "acme",
        secret: JWT,
        type_words: "pat: Docker Hub, access token of a sign-in",
        expiry: ExpiryRule::InSecret,
        names_expiry: true,
        ..NONE
    },
    Row {
        hosts: GITHUB_HOSTS,
        neighbours: GITHUB_NEIGHBOURS,
        secret: "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",
        type_words: "pat: GitHub, personal access token (classic)",
        expiry: ExpiryRule::AtProvider,
        ..NONE
    },
    Row {
        hosts: GITHUB_HOSTS,
        neighbours: GITHUB_NEIGHBOURS,
        secret: "github_pat_x",
        type_words: "pat: GitHub, fine-grained personal access token",
        expiry: ExpiryRule::AtProvider,
        ..NONE
    },
    // It may be `GITHUB_TOKEN`, which lasts as long as the job, so neither an hour nor the date in it counts.
    Row {
        hosts: GITHUB_HOSTS,
        neighbours: GITHUB_NEIGHBOURS,
        secret: GHS_JWT,
        type_words: "project: GitHub, installation token of an app or a job",
        expiry: ExpiryRule::JobOrHours(1),
        ..NONE
    },
    Row {
        hosts: GITLAB_HOSTS,
        neighbours: GITLAB_NEIGHBOURS,
        secret: "glpat-x",
        type_words: "pat: GitLab, personal, project or group access token",
        expiry: ExpiryRule::AtProvider,
        ..NONE
    },
    Row {
        hosts: GITLAB_HOSTS,
        neighbours: GITLAB_NEIGHBOURS,
        user: "gitlab+deploy-token-1",
        wrong_user: "alice",
        type_words: "project: GitLab, deploy token",
        expiry: ExpiryRule::AtProvider,
        ..NONE
    },
    Row {
        hosts: GITLAB_HOSTS,
        neighbours: GITLAB_NEIGHBOURS,
        user: "gitlab-ci-token",
        wrong_user: "alice",
        secret: "glcbt-x",
        type_words: "project: GitLab, job token",
        expiry: ExpiryRule::WithJob,
        ..NONE
    },
    Row {
        hosts: AZURE_HOSTS,
        neighbours: AZURE_NEIGHBOURS,
        user: ZERO,
        wrong_user: "alice",
        secret: JWT,
        type_words: "pat: Azure, Microsoft Entra token",
        expiry: ExpiryRule::InSecret,
        names_expiry: true,
    },
    Row {
        hosts: AZURE_HOSTS,
        neighbours: AZURE_NEIGHBOURS,
        type_words: "project: Azure, registry token, admin account or service principal",
        expiry: ExpiryRule::AtProvider,
        ..NONE
    },
    Row {
        hosts: &[
            "123456789012.dkr.ecr.eu-west-1.amazonaws.com",
            "123456789012.dkr.ecr-fips.us-east-1.amazonaws.com",
            "123456789012.dkr-ecr.us-east-1.on.aws",
            "123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn",
            "123456789012.dkr.ecr.eusc-de-east-1.amazonaws.eu",
            "public.ecr.aws",
            "ecr-public.aws.com",
        ],
        neighbours: &[
            "x1.dkr.ecr.eu-west-1.amazonaws.com",
            "1234567890123.dkr.ecr.eu-west-1.amazonaws.com",
            "123456789012.dkr.ecr.eu-west-1.amazonaws.com.evil.example",
            "123456789012.dkr.ecr.amazonaws.com",
            "evil-public.ecr.aws",
        ],
        user: "AWS",
        wrong_user: "alice",
        secret: ECR,
        type_words: "pat: AWS, authorization token",
        expiry: ExpiryRule::Hours(12),
        names_expiry: true,
    },
    Row {
        hosts: GOOGLE_HOSTS,
        neighbours: GOOGLE_NEIGHBOURS,
        user: "_dcgcr_token",
        wrong_user: "alice",
        type_words: "pat: Google, access token",
        expiry: ExpiryRule::Hours(1),
        ..NONE
    },
    Row {
        hosts: GOOGLE_HOSTS,
        neighbours: GOOGLE_NEIGHBOURS,
        user: "_json_key_base64",
        wrong_user: "alice",
        type_words: "project: Google, service account key",
        ..NONE
    },
    Row {
        hosts: &["quay.io", "quay.acme.example"],
        neighbours: QUAY_NEIGHBOURS,
        user: "acme+ci",
        wrong_user: "acme",
        type_words: "project: Quay, robot account",
        ..NONE
    },
    Row {
        hosts: &["quay.io"],
        neighbours: QUAY_NEIGHBOURS,
        user: "$app",
        wrong_user: "alice",
        type_words: "pat: Quay, application token",
        expiry: ExpiryRule::AtProvider,
        ..NONE
    },
    Row {
        hosts: &["acme.jfrog.io", "artifactory.acme.example"],
        neighbours: &["jfrog.io", "a.b.jfrog.io"],
        secret: "cmVmdGtuOjAx",
        type_words: "pat: JFrog, reference token",
        expiry: ExpiryRule::AtProvider,
        ..NONE
    },
    Row {
        hosts: &["harbor.acme.example", "registry.example"],
        user: "robot$shop+ci",
        wrong_user: "robot",
        type_words: "project: Harbor, robot account",
        expiry: ExpiryRule::AtProvider,
        ..NONE
    },
    Row {
        hosts: &["registry.digitalocean.com"],
        neighbours: &["evil-registry.digitalocean.com", "digitalocean.com"],
        user: "hunter2",
        wrong_user: "alice",
        type_words: "pat: DigitalOcean, personal access token",
        expiry: ExpiryRule::AtProvider,
        ..NONE
    },
    Row {
        hosts: &["nvcr.io"],
        neighbours: &["evil-nvcr.io"],
        user: "$oauthtoken",
        wrong_user: "alice",
        secret: "nvapi-x",
        type_words: "pat: NVIDIA NGC, API key",
        expiry: ExpiryRule::AtProvider,
        ..NONE
    },
    Row {
        hosts: &["registry.heroku.com"],
        neighbours: &["evil-registry.heroku.com"],
        user: "_",
        wrong_user: "alice",
        type_words: "pat: Heroku, authorization",
        expiry: ExpiryRule::AtProvider,
        ..NONE
    },
    Row {
        hosts: &["rg.fr-par.scw.cloud", "rg.nl-ams.scw.cloud", "rg.pl-waw.scw.cloud"],
        neighbours: &["rg.scw.cloud", "evil-rg.fr-par.scw.cloud"],
        user: "nologin",
        wrong_user: "alice",
        type_words: "pat: Scaleway, API secret key",
        expiry: ExpiryRule::AtProvider,
        ..NONE
    },
    Row {
        hosts: IBM_HOSTS,
        neighbours: IBM_NEIGHBOURS,
        user: "iamapikey",
        wrong_user: "alice",
        type_words: "pat: IBM Cloud, API key",
        expiry: ExpiryRule::AtProvider,
        ..NONE
    },
    Row {
        hosts: IBM_HOSTS,
        neighbours: IBM_NEIGHBOURS,
        user: "iambearer",
        wrong_user: "alice",
        secret: JWT,
        type_words: "pat: IBM Cloud, IAM token",
        expiry: ExpiryRule::InSecret,
        names_expiry: true,
    },
    Row {
        hosts: &["fra.ocir.io", "ocir.eu-frankfurt-1.oci.oraclecloud.com"],
        neighbours: &["ocir.io", "a.fra.ocir.io", "ocir.oci.oraclecloud.com"],
        user: "ns/alice",
        wrong_user: "alice",
        type_words: "pat: Oracle Cloud, auth token",
        ..NONE
    },
    Row {
        hosts: &["container-registry.oracle.com"],
        neighbours: &["x.container-registry.oracle.com"],
        user: "alice@acme.example",
        type_words: "pat: Oracle, auth token",
        ..NONE
    },
    Row {
        hosts: ALIBABA_HOSTS,
        neighbours: ALIBABA_NEIGHBOURS,
        user: "cr_temp_user",
        wrong_user: "alice",
        type_words: "pat: Alibaba Cloud, temporary password",
        expiry: ExpiryRule::Hours(1),
        ..NONE
    },
    Row {
        hosts: ALIBABA_HOSTS,
        neighbours: ALIBABA_NEIGHBOURS,
        type_words: "password: Alibaba Cloud, fixed password",
        ..NONE
    },
    Row {
        hosts: TENCENT_HOSTS,
        neighbours: TENCENT_NEIGHBOURS,
        user: "100036950234",
        secret: JWT,
        type_words: "pat: Tencent Cloud, access credential",
        expiry: ExpiryRule::InSecret,
        names_expiry: true,
        ..NONE
    },
    Row {
        hosts: CODING_HOSTS,
        neighbours: CODING_NEIGHBOURS,
        secret: HEX40,
        type_words: "pat: CODING, personal access token",
        expiry: ExpiryRule::AtProvider,
        ..NONE
    },
    Row {
        hosts: CODING_HOSTS,
        neighbours: CODING_NEIGHBOURS,
        user: "pt03xe33nvww",
        wrong_user: "alice",
        secret: HEX40,
        type_words: "project: CODING, project token",
        expiry: ExpiryRule::AtProvider,
        ..NONE
    },
    Row {
        hosts: &["docker.cnb.cool", "helm.cnb.cool"],
        neighbours: &[
            "docker.cnb.cool.evil.example",
            "evil-docker.cnb.cool",
            "cnb.cool",
            "x.docker.cnb.cool",
        ],
        user: "cnb",
        wrong_user: "alice",
        type_words: "pat: CNB, access token",
        expiry: ExpiryRule::AtProvider,
        ..NONE
    },
    Row {
        hosts: &["swr.cn-north-4.myhuaweicloud.com", "acme.swr-pro.myhuaweicloud.com"],
        neighbours: &["swr.myhuaweicloud.com", "a.b.swr-pro.myhuaweicloud.com", "swr-pro.myhuaweicloud.com"],
        user: "cn-north-4@AK",
        wrong_user: "alice",
        type_words: "pat: Huawei Cloud, login key of an access key",
        ..NONE
    },
    Row {
        hosts: &["gitea.com", "codeberg.org", "gitea.acme.example", "forgejo.acme.example:3000"],
        neighbours: &["evil-codeberg.org", "giteas.acme.example"],
        secret: HEX40,
        type_words: "pat: Gitea or Forgejo, access token",
        ..NONE
    },
    Row {
        hosts: &["nexus.acme.example:8083"],
        neighbours: &["nexus2.acme.example"],
        type_words: "password: Nexus, user token or password",
        ..NONE
    },
    Row {
        hosts: &["cgr.dev"],
        neighbours: &["evil-cgr.dev", "cgr.dev.evil.example", "x.cgr.dev"],
        user: "0a1b/2c3d",
        wrong_user: "alice",
        secret: JWT,
        type_words: "organization: Chainguard, pull token",
        expiry: ExpiryRule::InSecret,
        names_expiry: true,
    },
    Row {
        hosts: &["registry.redhat.io", "registry.connect.redhat.com"],
        neighbours: &["redhat.io", "x.registry.redhat.io", "registry.redhat.com"],
        user: "1234567|ci",
        wrong_user: "alice",
        type_words: "project: Red Hat, registry service account",
        ..NONE
    },
    Row {
        hosts: &["crg.apkg.io"],
        neighbours: &["evil-crg.apkg.io", "apkg.io"],
        user: "alice@acme.example",
        wrong_user: "alice",
        type_words: "pat: Bitbucket, Atlassian API token",
        expiry: ExpiryRule::AtProvider,
        ..NONE
    },
    Row {
        hosts: &["registry.cloudflare.com"],
        neighbours: &["evil-registry.cloudflare.com", "cloudflare.com"],
        user: "v1",
        secret: JWT,
        type_words: "pat: Cloudflare, registry credentials",
        expiry: ExpiryRule::InSecret,
        names_expiry: true,
        ..NONE
    },
    Row {
        hosts: &["registry.fly.io"],
        neighbours: &["evil-registry.fly.io", "registry.fly.io.evil.example"],
        user: "x",
        wrong_user: "alice",
        secret: "FlyV1 fm2_x",
        type_words: "pat: Fly.io, access token",
        expiry: ExpiryRule::AtProvider,
        ..NONE
    },
];

/// Recognizes a credential at a host, and returns its advice on the user name.
fn at(host: &str, user: &str, secret: &str) -> (Recognition, bool) {
    let key = Key::parse(host).expect(host);
    let credential = Credential { keys: slice::from_ref(&key), scopes: &[], user, secret };
    let recognition = recognize(&credential);
    let is_wrong = |advice: &advice::Advice| matches!(advice, advice::Advice::OtherUser(_));
    (recognition, advice::advise(&credential, &recognition, &[]).iter().any(is_wrong))
}

fn words(recognition: &Recognition) -> Option<String> {
    let found = recognition.credential_type?;
    let kind = recognition.kind.map_or("-", TokenKind::word);
    Some(format!("{kind}: {}, {}", found.provider.name, found.name))
}

#[test]
fn each_registry_recognizes_its_credentials_on_its_own_hosts() {
    for row in ROWS {
        for host in row.hosts {
            let at_host = format!("{host} {} {}", row.user, row.type_words);
            let (recognition, is_wrong_user) = at(host, row.user, row.secret);
            assert_eq!(words(&recognition).as_deref(), Some(row.type_words), "{at_host}");
            assert!(!is_wrong_user, "{at_host}");
            let found = recognition.credential_type.expect("a type");
            assert_eq!(found.expiry, row.expiry, "{at_host}");
            let expires = row.names_expiry.then_some(Timestamp(1_893_456_000));
            assert_eq!(recognition.expires, expires, "{at_host}");
            if !row.wrong_user.is_empty() {
                let (other, is_wrong_user) = at(host, row.wrong_user, row.secret);
                let is_same = words(&other).as_deref() == Some(row.type_words);
                // GitLab's prefix says enough; its registry takes a job's token with any name.
                let is_known_by_prefix = row.secret.starts_with("glcbt-");
                assert!(!is_same || is_wrong_user || is_known_by_prefix, "{at_host}: {}", row.wrong_user);
            }
        }
    }
}

#[test]
fn a_neighbour_of_a_registry_is_not_one_of_its_hosts() {
    for row in ROWS {
        let host = row.hosts.first().expect("a host");
        let found = at(host, row.user, row.secret).0.credential_type.expect("a type");
        for neighbour in row.neighbours {
            let key = Key::parse(neighbour).expect(neighbour);
            let hosts = CredentialHosts::new(slice::from_ref(&key), &[]);
            assert!(!hosts.belong_to(found.provider), "{neighbour} {}", row.type_words);
            assert_ne!(find_owner(neighbour), Some(found.provider), "{neighbour}");
        }
    }
}

#[test]
fn hardened_images_are_a_registry_of_their_own_with_docker_hubs_tokens() {
    let key = Key::parse("dhi.io").expect("a key");
    let registry = key.address().expect("an address").registry();
    assert_eq!((registry.as_str(), registry.is_docker_hub()), ("dhi.io", false));
    assert_eq!(registry.docker_key(), "dhi.io");
    assert!(registry.accepts_docker_hub_tokens());
    for (host, want) in [("docker.io", true), ("x.dhi.io", false), ("dhi.io:5000", false), ("ghcr.io", false)]
    {
        let registry = Registry::parse(host).expect(host);
        assert_eq!(registry.accepts_docker_hub_tokens(), want, "{host}");
    }
    assert_eq!(find_owner("dhi.io"), Some(&DOCKER_HUB));
}

#[test]
fn cnb_takes_one_user_name_and_others_are_named_as_wrong() {
    for (host, user, is_wrong) in [
        ("docker.cnb.cool", "cnb", false),
        ("docker.cnb.cool", "alice", true),
        ("docker.cnb.cool/acme/app", "alice", true),
        ("docker.cnb.cool.evil.example", "alice", false),
    ] {
        assert_eq!(at(host, user, "hunter2").1, is_wrong, "{host} {user}");
    }
}
