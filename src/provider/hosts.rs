//! Providers of registries, and the hosts of each.

use crate::model::registry::{Address, Key};
use crate::model::scope::Scope;

/// Lists the hosts of Amazon's private registries in these domains, and those of its public one.
macro_rules! ecr_hosts {
    ($($domain:literal),+ $(,)?) => {
        &[
            $(
                concat!("#.dkr.ecr.*.", $domain),
                concat!("#.dkr.ecr-fips.*.", $domain),
                concat!("#.dkr-ecr.*.", $domain),
                concat!("#.dkr-ecr-fips.*.", $domain),
            )+
            "public.ecr.aws",
            "ecr-public.aws.com",
        ]
    };
}

/// The digits in the number of an account of Amazon.
const ACCOUNT_DIGITS: usize = 12;

/// A company that runs a registry, or makes the software that others run one with.
#[derive(Debug, PartialEq, Eq)]
pub struct Provider {
    pub name: &'static str,
    /// The provider's own hosts; `*` stands for one label or for a part of one, and `#` for a label of twelve digits.
    pub hosts: &'static [&'static str],
    /// The only user name that its registries accept, whatever the credential.
    pub only_user: Option<&'static str>,
    /// Labels in the names of hosts that run its software. They are used only for hints, and only for hosts that no
    /// provider owns.
    pub labels: &'static [&'static str],
}

impl Provider {
    const fn new(name: &'static str, hosts: &'static [&'static str]) -> Self {
        Self { name, hosts, only_user: None, labels: &[] }
    }

    const fn only_user(self, user: &'static str) -> Self {
        Self { only_user: Some(user), ..self }
    }

    const fn self_hosted(self, labels: &'static [&'static str]) -> Self {
        Self { labels, ..self }
    }

    pub fn owns(&self, host: &str) -> bool {
        self.hosts.iter().any(|pattern| matches(pattern, host))
    }

    fn has_label_in(&self, host: &str) -> bool {
        self.labels.iter().any(|label| host.split(['.', ':']).any(|part| part == *label))
    }
}

/// Docker Hub, whose aliases are one [`Registry`](crate::model::registry::Registry), and Docker Hardened Images, which
/// is another registry with the same accounts and tokens: <https://docs.docker.com/dhi/how-to/use/>
pub static DOCKER_HUB: Provider = Provider::new("Docker Hub", &["docker.io", "dhi.io"]);
/// GitHub's registries; those on `ghe.com` are for enterprises with data residency.
pub static GITHUB: Provider =
    Provider::new("GitHub", &["ghcr.io", "docker.pkg.github.com", "containers.*.ghe.com"])
        .self_hosted(&["github"]);
/// GitLab, on its own host and on self-hosted ones.
pub static GITLAB: Provider = Provider::new("GitLab", &["registry.gitlab.com"]).self_hosted(&["gitlab"]);
/// Azure's registries, and the regional endpoints of one.
pub static AZURE: Provider =
    Provider::new("Azure", &["*.azurecr.io", "*.azurecr.cn", "*.azurecr.us", "*.*.geo.azurecr.io"]);
/// Amazon's registries: the number of an account, a region and one of Amazon's domains.
/// <https://github.com/awslabs/amazon-ecr-credential-helper/blob/main/ecr-login/api/client.go>
pub static AWS: Provider = Provider::new(
    "AWS",
    ecr_hosts!(
        "amazonaws.com",
        "amazonaws.com.cn",
        "amazonaws.eu",
        "on.aws",
        "on.amazonwebservices.com.cn",
        "c2s.ic.gov",
        "sc2s.sgov.gov",
        "cloud.adc-e.uk",
        "csp.hci.ic.gov",
    ),
);
/// Google's Artifact Registry and the older Container Registry.
pub static GOOGLE: Provider =
    Provider::new("Google", &["*-docker.pkg.dev", "gcr.io", "*.gcr.io", "docker.*.rep.pkg.dev"]);
/// Quay, on Red Hat's host and on self-hosted ones.
pub static QUAY: Provider = Provider::new("Quay", &["quay.io"]).self_hosted(&["quay"]);
/// Artifactory, in its maker's cloud and on self-hosted ones.
pub static JFROG: Provider = Provider::new("JFrog", &["*.jfrog.io"]).self_hosted(&["artifactory"]);
/// Harbor, which has no host of its own.
pub static HARBOR: Provider = Provider::new("Harbor", &[]).self_hosted(&["harbor"]);
pub static DIGITALOCEAN: Provider = Provider::new("DigitalOcean", &["registry.digitalocean.com"]);
pub static NVIDIA: Provider = Provider::new("NVIDIA NGC", &["nvcr.io"]);
pub static HEROKU: Provider = Provider::new("Heroku", &["registry.heroku.com"]);
pub static SCALEWAY: Provider = Provider::new("Scaleway", &["rg.*.scw.cloud"]);
pub static IBM: Provider = Provider::new("IBM Cloud", &["icr.io", "*.icr.io"]);
/// Oracle's cloud registry.
pub static OCIR: Provider = Provider::new("Oracle Cloud", &["*.ocir.io", "ocir.*.oci.oraclecloud.com"]);
/// The registry with Oracle's own images.
pub static ORACLE: Provider = Provider::new("Oracle", &["container-registry.oracle.com"]);
pub static ALIBABA: Provider = Provider::new(
    "Alibaba Cloud",
    &[
        "registry.*.aliyuncs.com",
        "registry-*.*.aliyuncs.com",
        "*-registry.*.cr.aliyuncs.com",
        "*-registry-vpc.*.cr.aliyuncs.com",
        "crpi-*.*.personal.cr.aliyuncs.com",
    ],
);
/// Tencent's cloud registry; `hkccr`, `sgccr` and others are the personal edition's regions.
pub static TENCENT: Provider = Provider::new(
    "Tencent Cloud",
    &["*.tencentcloudcr.com", "ccr.ccs.tencentyun.com", "*ccr.ccs.tencentyun.com"],
);
/// Tencent's CODING, which ends on 2028-09-30. A team has one host for all its projects.
pub static CODING: Provider = Provider::new("CODING", &["*-docker.pkg.coding.net"]);
/// Tencent's CNB, the successor of CODING. All organizations share the hosts and the user name, so only the path tells
/// their tokens apart: <https://docs.cnb.cool/zh/artifact/docker.html>
pub static CNB: Provider = Provider::new("CNB", &["docker.cnb.cool", "helm.cnb.cool"]).only_user("cnb");
pub static HUAWEI: Provider =
    Provider::new("Huawei Cloud", &["swr.*.myhuaweicloud.com", "*.swr-pro.myhuaweicloud.com"]);
pub static CHAINGUARD: Provider = Provider::new("Chainguard", &["cgr.dev"]);
/// The registries with Red Hat's own images, and with those of its partners.
pub static RED_HAT: Provider =
    Provider::new("Red Hat", &["registry.redhat.io", "registry.connect.redhat.com"]);
pub static BITBUCKET: Provider = Provider::new("Bitbucket", &["crg.apkg.io"]);
pub static CLOUDFLARE: Provider = Provider::new("Cloudflare", &["registry.cloudflare.com"]);
pub static FLY: Provider = Provider::new("Fly.io", &["registry.fly.io"]);
/// Gitea and Forgejo, where the host of the forge is the registry.
pub static GITEA: Provider =
    Provider::new("Gitea or Forgejo", &["gitea.com", "codeberg.org"]).self_hosted(&["gitea", "forgejo"]);
/// Sonatype Nexus, which has no host of its own.
pub static NEXUS: Provider = Provider::new("Nexus", &[]).self_hosted(&["nexus"]);

pub static PROVIDERS: [&Provider; 28] = [
    &DOCKER_HUB,
    &GITHUB,
    &GITLAB,
    &AZURE,
    &AWS,
    &GOOGLE,
    &QUAY,
    &JFROG,
    &HARBOR,
    &DIGITALOCEAN,
    &NVIDIA,
    &HEROKU,
    &SCALEWAY,
    &IBM,
    &OCIR,
    &ORACLE,
    &ALIBABA,
    &TENCENT,
    &CODING,
    &CNB,
    &HUAWEI,
    &CHAINGUARD,
    &RED_HAT,
    &BITBUCKET,
    &CLOUDFLARE,
    &FLY,
    &GITEA,
    &NEXUS,
];

/// The hosts that a credential is for.
#[derive(Debug)]
pub struct CredentialHosts {
    hosts: Vec<String>,
    has_owner: bool,
}

impl CredentialHosts {
    pub fn new(keys: &[Key], scopes: &[Scope]) -> Self {
        let addresses = keys.iter().filter_map(Key::address).map(Address::registry);
        let hosts: Vec<_> =
            addresses.map(ToString::to_string).chain(scopes.iter().map(Scope::host)).collect();
        let has_owner = hosts.iter().any(|host| find_owner(host).is_some());
        Self { hosts, has_owner }
    }

    /// Returns each host: a registry, or `*.` and a domain.
    pub fn hosts(&self) -> &[String] {
        &self.hosts
    }

    /// Returns the only user name that one of the hosts accepts, with that host.
    pub fn only_user(&self) -> Option<(&str, &'static str)> {
        self.hosts.iter().find_map(|host| Some((host.as_str(), find_owner(host)?.only_user?)))
    }

    /// True when the provider owns one of the hosts or, if nobody owns any of them, when one has the provider's
    /// label.
    pub fn belong_to(&self, provider: &Provider) -> bool {
        let belongs = |host: &String| {
            if self.has_owner { provider.owns(host) } else { provider.has_label_in(host) }
        };
        self.hosts.iter().any(belongs)
    }
}

/// Returns the provider that owns a host.
pub fn find_owner(host: &str) -> Option<&'static Provider> {
    PROVIDERS.into_iter().find(|provider| provider.owns(host))
}

/// Compares label by label. The `*` of a wildcard scope matches any label, so that `*.pkg.coding.net`
/// belongs to the owner of the hosts below it.
fn matches(pattern: &str, host: &str) -> bool {
    let (mut patterns, mut labels) = (pattern.split('.'), host.split('.'));
    loop {
        match (patterns.next(), labels.next()) {
            (None, None) => return true,
            (Some(pattern), Some(label)) if label == "*" || label_matches(pattern, label) => {}
            (Some(_) | None, Some(_) | None) => return false,
        }
    }
}

/// Compares a label with a pattern: `#`, or a text with at most one `*`, which stands for at least one letter.
fn label_matches(pattern: &str, label: &str) -> bool {
    if pattern == "#" {
        return label.len() == ACCOUNT_DIGITS && label.bytes().all(|byte| byte.is_ascii_digit());
    }
    match pattern.split_once('*') {
        Some((head, tail)) => {
            label.len() > head.len() + tail.len() && label.starts_with(head) && label.ends_with(tail)
        }
        None => pattern == label,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::registry::Registry;

    fn hosts(scope: &str) -> CredentialHosts {
        CredentialHosts::new(&[], &[Scope::parse(scope).expect(scope)])
    }

    #[test]
    fn a_host_belongs_to_one_provider_or_to_none() {
        for (host, want) in [
            ("docker.io", Some("Docker Hub")),
            ("ghcr.io", Some("GitHub")),
            ("evil-ghcr.io", None),
            ("ghcr.io.evil.example", None),
            ("ghcr.io:8443", None),
            ("acme.azurecr.io", Some("Azure")),
            ("azurecr.io", None),
            ("a.b.azurecr.io", None),
            ("eu-docker.pkg.dev", Some("Google")),
            ("docker.europe-west3.rep.pkg.dev", Some("Google")),
            ("xdocker.pkg.dev", None),
            ("docker.pkg.dev", None),
            ("123456789012.dkr.ecr.eu-west-1.amazonaws.com", Some("AWS")),
            ("123456789012.dkr.ecr-fips.us-east-1.amazonaws.com", Some("AWS")),
            ("123456789012.dkr-ecr.us-east-1.on.aws", Some("AWS")),
            ("123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn", Some("AWS")),
            ("dkr.ecr.eu-west-1.amazonaws.com", None),
            ("x.dkr.ecr.eu-west-1.amazonaws.com.evil.example", None),
            ("team-docker.pkg.coding.net", Some("CODING")),
            ("team.pkg.coding.net", None),
            ("pkg.coding.net", None),
            ("registry-vpc.cn-hangzhou.aliyuncs.com", Some("Alibaba Cloud")),
            ("acme-registry.cn-hangzhou.cr.aliyuncs.com", Some("Alibaba Cloud")),
            ("registry.example", None),
            ("*.pkg.coding.net", Some("CODING")),
            ("*.azurecr.io", Some("Azure")),
            ("*.example.com", None),
        ] {
            assert_eq!(find_owner(host).map(|provider| provider.name), want, "{host}");
        }
    }

    #[test]
    fn a_host_that_nobody_owns_belongs_to_the_provider_of_its_label() {
        for (host, provider, want) in [
            ("registry.gitlab.acme.example:5050", &GITLAB, true),
            ("gitlab:5050", &GITLAB, true),
            ("gitlabs.acme.example", &GITLAB, false),
            ("*.gitlab.acme.example", &GITLAB, true),
            ("nexus.acme.example:8083", &NEXUS, true),
            ("nexus.jfrog.io", &NEXUS, false),
            ("nexus.jfrog.io", &JFROG, true),
            ("harbor.azurecr.io", &HARBOR, false),
            ("registry.example", &HARBOR, false),
        ] {
            assert_eq!(hosts(host).belong_to(provider), want, "{host} {}", provider.name);
        }
    }

    #[test]
    fn every_host_pattern_matches_a_registry_of_its_provider() {
        for provider in PROVIDERS {
            for pattern in provider.hosts {
                let host = pattern.replace('*', "x1").replace('#', "123456789012");
                let registry = Registry::parse(&host).expect(pattern);
                assert_eq!(find_owner(registry.as_str()), Some(provider), "{pattern}");
            }
            assert!(!provider.hosts.is_empty() || !provider.labels.is_empty(), "{}", provider.name);
        }
    }
}
