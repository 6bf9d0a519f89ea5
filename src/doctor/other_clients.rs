//! Checks clients that keep logins in a file of their own, or that find no helper.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;
use serde::de::IgnoredAny;

use crate::docker::config::{ConfigFile, MAX_BYTES};
use crate::docker::installed_clients::is_docker_from_snap;
use crate::doctor::clients::plain_text_logins;
use crate::doctor::{Finding, Severity, quoted_path};
use crate::model::hint::program;
use crate::model::name::quoted;
use crate::system::{disk, env};

/// The configuration of regctl: <https://github.com/regclient/regclient/blob/main/config/host.go>.
#[derive(Deserialize)]
struct RegctlConfig {
    #[serde(default)]
    hosts: BTreeMap<String, RegctlHost>,
}

/// The secrets are skipped, and never in memory as text.
#[derive(Deserialize)]
struct RegctlHost {
    pass: Option<IgnoredAny>,
    token: Option<IgnoredAny>,
}

pub(super) fn check(findings: &mut Vec<Finding>) {
    if is_docker_from_snap() {
        findings.push(Finding {
            kind: "docker-from-snap",
            severity: Severity::Warning,
            what: "the docker command is that of the snap".to_owned(),
            why: "it reads ~/snap/docker/current/.docker/config.json and finds no helper outside the snap",
            mend: "sudo snap remove docker, then install Docker from its own packages".to_owned(),
            ..Finding::default()
        });
    }
    let Ok(home) = env::home() else { return };
    // oras-py does not know DOCKER_CONFIG.
    let usual = home.join(".docker/config.json");
    let is_checked = env::docker_config().is_ok_and(|path| path == usual);
    let snap = home.join("snap/docker/current/.docker/config.json");
    for path in [Some(usual).filter(|_| !is_checked), Some(snap)].into_iter().flatten() {
        let keys = ConfigFile::read(path.clone()).and_then(|config| config.plain_logins());
        if let Ok(keys) = keys
            && !keys.is_empty()
        {
            let mend = format!("{} import --file {} --remove", program(), quoted_path(&path));
            findings.push(plain_text_logins(&path, &keys, mend));
        }
    }
    check_regctl(&home, findings);
}

/// Regctl asks Docker's helper for each registry without a login of its own.
fn check_regctl(home: &Path, findings: &mut Vec<Finding>) {
    let path = env::path("REGCTL_CONFIG").unwrap_or_else(|| home.join(".regctl/config.json"));
    let Ok(Some((bytes, _))) = disk::read(&path, MAX_BYTES) else { return };
    let Ok(config) = serde_json::from_slice::<RegctlConfig>(&zeroize::Zeroizing::new(bytes)) else { return };
    let with_secret =
        config.hosts.into_iter().filter(|(_, host)| host.pass.is_some() || host.token.is_some());
    let hosts: Vec<String> = with_secret.map(|(host, _)| host).collect();
    if let Some(host) = hosts.first() {
        let host = quoted(host);
        let mend = format!("docker login {host} && regctl registry logout {host}");
        findings.push(plain_text_logins(&path, &hosts, mend));
    }
}
