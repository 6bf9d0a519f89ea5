//! Whose registries there are, and at which hosts.

use crate::model::registry::{Address, Key};
use crate::model::scope::Scope;

/// Who runs a registry, or who makes the software that others run one with.
#[derive(Debug, PartialEq, Eq)]
pub struct Provider {
    /// Its name, such as `Docker Hub`.
    pub name: &'static str,
    /// Its own hosts; `*` stands for one label, or for a part of one.
    pub hosts: &'static [&'static str],
    /// Labels that people like to name hosts by that run its software. Good for a hint where no
    /// provider owns the host, and for nothing more.
    pub labels: &'static [&'static str],
}

impl Provider {
    const fn at(name: &'static str, hosts: &'static [&'static str]) -> Self {
        Self { name, hosts, labels: &[] }
    }

    const fn run_by_others(self, labels: &'static [&'static str]) -> Self {
        Self { labels, ..self }
    }

    /// True when the host is one of its own.
    pub fn owns(&self, host: &str) -> bool {
        self.hosts.iter().any(|pattern| matches(pattern, host))
    }

    fn is_named_in(&self, host: &str) -> bool {
        self.labels.iter().any(|label| host.split(['.', ':']).any(|part| part == *label))
    }
}

/// Docker Hub; its aliases are one [`Registry`](crate::model::registry::Registry).
pub static DOCKER_HUB: Provider = Provider::at("Docker Hub", &["docker.io"]);
/// GitHub's container registry.
pub static GITHUB: Provider =
    Provider::at("GitHub", &["ghcr.io", "docker.pkg.github.com"]).run_by_others(&["github"]);
/// GitLab, on its own host and on many others.
pub static GITLAB: Provider = Provider::at("GitLab", &["registry.gitlab.com"]).run_by_others(&["gitlab"]);
/// Azure Container Registry.
pub static AZURE: Provider = Provider::at("Azure", &["*.azurecr.io", "*.azurecr.cn", "*.azurecr.us"]);
/// Amazon's registries:
/// <https://github.com/awslabs/amazon-ecr-credential-helper/blob/main/ecr-login/api/client.go>
pub static AWS: Provider = Provider::at(
    "AWS",
    &[
        "*.dkr.ecr.*.amazonaws.com",
        "*.dkr.ecr-fips.*.amazonaws.com",
        "*.dkr-ecr.*.on.aws",
        "*.dkr-ecr-fips.*.on.aws",
        "*.dkr.ecr.*.amazonaws.com.cn",
        "*.dkr-ecr.*.on.amazonwebservices.com.cn",
        "*.dkr.ecr.*.amazonaws.eu",
        "*.dkr.ecr.*.c2s.ic.gov",
        "*.dkr.ecr.*.sc2s.sgov.gov",
        "*.dkr.ecr.*.cloud.adc-e.uk",
        "*.dkr.ecr.*.csp.hci.ic.gov",
        "public.ecr.aws",
        "ecr-public.aws.com",
    ],
);
/// Google's Artifact Registry and the older Container Registry.
pub static GOOGLE: Provider =
    Provider::at("Google", &["*-docker.pkg.dev", "gcr.io", "*.gcr.io", "docker.*.rep.pkg.dev"]);
/// Quay, on Red Hat's host and on others.
pub static QUAY: Provider = Provider::at("Quay", &["quay.io"]).run_by_others(&["quay"]);
/// Artifactory, in its maker's cloud and on other hosts.
pub static JFROG: Provider = Provider::at("JFrog", &["*.jfrog.io"]).run_by_others(&["artifactory"]);
/// Harbor, which has no host of its own.
pub static HARBOR: Provider = Provider::at("Harbor", &[]).run_by_others(&["harbor"]);
/// The registry of `DigitalOcean`.
pub static DIGITALOCEAN: Provider = Provider::at("DigitalOcean", &["registry.digitalocean.com"]);
/// NVIDIA NGC.
pub static NVIDIA: Provider = Provider::at("NVIDIA NGC", &["nvcr.io"]);
/// Heroku.
pub static HEROKU: Provider = Provider::at("Heroku", &["registry.heroku.com"]);
/// Scaleway.
pub static SCALEWAY: Provider = Provider::at("Scaleway", &["rg.*.scw.cloud"]);
/// IBM Cloud.
pub static IBM: Provider = Provider::at("IBM Cloud", &["icr.io", "*.icr.io"]);
/// Oracle's cloud registry.
pub static OCIR: Provider = Provider::at("Oracle Cloud", &["*.ocir.io", "ocir.*.oci.oraclecloud.com"]);
/// The registry with Oracle's own images.
pub static ORACLE: Provider = Provider::at("Oracle", &["container-registry.oracle.com"]);
/// Alibaba Cloud.
pub static ALIBABA: Provider = Provider::at(
    "Alibaba Cloud",
    &[
        "registry.*.aliyuncs.com",
        "registry-*.*.aliyuncs.com",
        "*-registry.*.cr.aliyuncs.com",
        "*-registry-vpc.*.cr.aliyuncs.com",
    ],
);
/// Tencent Cloud.
pub static TENCENT: Provider =
    Provider::at("Tencent Cloud", &["*.tencentcloudcr.com", "ccr.ccs.tencentyun.com"]);
/// Tencent's CODING: one host for all projects of a team.
pub static CODING: Provider = Provider::at("CODING", &["*-docker.pkg.coding.net"]);
/// Huawei Cloud.
pub static HUAWEI: Provider = Provider::at("Huawei Cloud", &["swr.*.myhuaweicloud.com"]);
/// Gitea and Forgejo, where the host of the forge is the registry.
pub static GITEA: Provider =
    Provider::at("Gitea or Forgejo", &["gitea.com", "codeberg.org"]).run_by_others(&["gitea", "forgejo"]);
/// Sonatype Nexus, which has no host of its own.
pub static NEXUS: Provider = Provider::at("Nexus", &[]).run_by_others(&["nexus"]);

/// Every provider.
pub static PROVIDERS: [&Provider; 22] = [
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
    &HUAWEI,
    &GITEA,
    &NEXUS,
];

/// The hosts that a credential is for.
#[derive(Debug)]
pub struct ProviderHosts {
    hosts: Vec<String>,
    has_owner: bool,
}

impl ProviderHosts {
    /// Returns the place of a credential with these keys and scopes.
    pub fn of(keys: &[Key], scopes: &[Scope]) -> Self {
        let addresses = keys.iter().filter_map(Key::address).map(Address::registry);
        let hosts: Vec<_> =
            addresses.map(ToString::to_string).chain(scopes.iter().map(Scope::host)).collect();
        let has_owner = hosts.iter().any(|host| owner_of(host).is_some());
        Self { hosts, has_owner }
    }

    /// Returns each host, as a registry or as `*.` and a domain.
    pub fn hosts(&self) -> &[String] {
        &self.hosts
    }

    /// True when a host is the provider's own; or, where no host is any provider's, named for it.
    pub fn belongs_to(&self, provider: &Provider) -> bool {
        self.hosts.iter().any(
            |host| {
                if self.has_owner { provider.owns(host) } else { provider.is_named_in(host) }
            },
        )
    }
}

/// Returns the provider whose own host it is.
pub fn owner_of(host: &str) -> Option<&'static Provider> {
    PROVIDERS.into_iter().find(|provider| provider.owns(host))
}

/// Compares label by label. The `*` of a wildcard scope is any label, so that `*.pkg.coding.net` is
/// taken for what lies there.
fn matches(pattern: &str, host: &str) -> bool {
    let (mut patterns, mut labels) = (pattern.split('.'), host.split('.'));
    loop {
        match (patterns.next(), labels.next()) {
            (None, None) => return true,
            (Some(pattern), Some(label)) if label == "*" || is_like(pattern, label) => {}
            (Some(_) | None, Some(_) | None) => return false,
        }
    }
}

/// Compares a label with a pattern in which at most one `*` stands.
fn is_like(pattern: &str, label: &str) -> bool {
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

    fn place(scope: &str) -> ProviderHosts {
        ProviderHosts::of(&[], &[Scope::parse(scope).expect(scope)])
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
            assert_eq!(owner_of(host).map(|provider| provider.name), want, "{host}");
        }
    }

    #[test]
    fn a_host_that_no_provider_owns_is_at_home_with_its_namesake() {
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
            assert_eq!(place(host).belongs_to(provider), want, "{host} {}", provider.name);
        }
    }

    #[test]
    fn every_host_of_the_table_can_be_met() {
        for provider in PROVIDERS {
            for pattern in provider.hosts {
                let host = pattern.replace('*', "x1");
                let registry = Registry::parse(&host).expect(pattern);
                assert_eq!(owner_of(registry.as_str()), Some(provider), "{pattern}");
            }
            assert!(!provider.hosts.is_empty() || !provider.labels.is_empty(), "{}", provider.name);
        }
    }
}
