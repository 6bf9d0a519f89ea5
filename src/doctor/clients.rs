//! Checks the files of Docker and podman: the helpers that they name, and the logins in plain text.

use std::path::{Path, PathBuf};

use crate::docker::config::helper_lookup::ConfigOwner;
use crate::docker::config::logins::without_account;
use crate::docker::config::{ConfigError, ConfigFile, backup_has_secrets, backup_path};
use crate::docker::helper_name::HelperName;
use crate::docker::installed_clients::installed;
use crate::docker::other_helper::OtherHelper;
use crate::docker::podman_registries::helpers_of_podman;
use crate::docker::setup::{HelperSlot, SetupError};
use crate::docker::{buildx_configs, setup};
use crate::doctor::keys::OpenedContents;
use crate::doctor::{Finding, Severity, files};
use crate::model::hint::{Hint, program};
use crate::model::listing::list;
use crate::model::name::quoted;
use crate::model::registry::Key;
use crate::system::env;
use crate::system::sanitize::error_chain;

const UNREADABLE: &str = "client-file-unreadable";
const SET_UP_LOST: &str = "set-up-lost";

/// A client's file that was read.
struct ClientFile<'c> {
    config: &'c ConfigFile,
    owner: ConfigOwner,
}

/// Checks the files of Docker and podman. Returns the names by which they call this program; if no client does, the
/// name that one would use.
pub fn check(contents: Option<&OpenedContents>, findings: &mut Vec<Finding>) -> Vec<String> {
    let (docker, docker_explained) = check_docker(contents, findings);
    let (podman, podman_explained) = check_podman(contents, findings);
    let mut is_known = docker_explained || podman_explained || !docker.is_empty() || !podman.is_empty();
    let podman_programs = installed(ConfigOwner::Podman);
    let is_podman_only =
        installed(ConfigOwner::Docker).is_empty() && (is_known || !podman_programs.is_empty());
    if docker.is_empty() && !docker_explained && !is_podman_only {
        findings.push(not_asked(ConfigOwner::Docker, "Docker", is_known));
        is_known = true;
    }
    if podman.is_empty()
        && !podman_explained
        && let Some(client) = podman_programs.first()
    {
        findings.push(not_asked(ConfigOwner::Podman, client, is_known));
    }
    if env::is_auth_config_set() {
        findings.push(Finding {
            kind: "auth-config-variable",
            severity: Severity::Warning,
            what: "DOCKER_AUTH_CONFIG is set".to_owned(),
            why: "the docker CLI from 28.3 on takes what it says before it asks any helper",
            mend: "unset DOCKER_AUTH_CONFIG".to_owned(),
            ..Finding::default()
        });
    }
    let mut names = docker;
    for name in podman {
        push_new(&mut names, name);
    }
    if names.is_empty() {
        names.push(HelperName::for_profile(None).as_str().to_owned());
    }
    names
}

/// Checks Docker's file, and those of buildx. Returns the names by which Docker calls this program, and whether a
/// finding says why it does not.
fn check_docker(contents: Option<&OpenedContents>, findings: &mut Vec<Finding>) -> (Vec<String>, bool) {
    let first = findings.len();
    let mut names = Vec::new();
    match env::docker_config() {
        Ok(path) => {
            let parts = path.parent().map(buildx_configs::find).unwrap_or_default();
            check_file(path, ConfigOwner::Docker, contents, &mut names, findings);
            for (path, _) in parts {
                if let Ok(config) = ConfigFile::read(path) {
                    // Buildx does not read an invalid file either.
                    let _ = ClientFile { config: &config, owner: ConfigOwner::Docker }.check_logins(findings);
                }
            }
        }
        Err(error) => findings.push(unreadable(error.to_string(), error.hint(), None)),
    }
    let is_explained = explains_it(&findings[first..]);
    (names, is_explained)
}

/// Checks podman's files, as [`check_docker`] does for Docker.
fn check_podman(contents: Option<&OpenedContents>, findings: &mut Vec<Finding>) -> (Vec<String>, bool) {
    let first = findings.len();
    let mut names = Vec::new();
    // Outside a session, podman's file may have no known path.
    for path in env::podman_own_files().unwrap_or_default() {
        check_file(path, ConfigOwner::Podman, contents, &mut names, findings);
    }
    for helper in helpers_of_podman().into_iter().filter(|helper| HelperName::is_ours(helper)) {
        push_new(&mut names, helper);
    }
    let is_explained = explains_it(&findings[first..]);
    (names, is_explained)
}

fn explains_it(findings: &[Finding]) -> bool {
    findings.iter().any(|finding| [SET_UP_LOST, UNREADABLE].contains(&finding.kind))
}

/// Reports a client that does not ask this program. That may be intended where `is_known` says that another finding, or
/// another client, shows that the program is set up.
fn not_asked(owner: ConfigOwner, client: &str, is_known: bool) -> Finding {
    let (config, option) = match owner {
        ConfigOwner::Docker => (env::docker_config(), ""),
        ConfigOwner::Podman => (env::podman_auth(), " --podman"),
    };
    let config = config.ok().and_then(|path| ConfigFile::read(path).ok());
    let store = config.and_then(|config| config.store_in_effect().ok().flatten());
    let other = store.filter(|_| owner == ConfigOwner::Docker);
    let (kind, severity, why) = if is_known {
        (
            "client-not-set-up",
            Severity::Note,
            "its logins are kept elsewhere, and it uses no token of the vault",
        )
    } else {
        ("not-installed", Severity::Warning, "no login is kept here, and no token is used")
    };
    Finding {
        kind,
        severity,
        what: match other {
            Some(other) => format!("{client} uses \"{other}\", and not this program"),
            None => format!("{client} does not use this program"),
        },
        why,
        mend: format!("{} install{option}", program()),
        ..Finding::default()
    }
}

fn unreadable(what: String, hint: Option<String>, path: Option<PathBuf>) -> Finding {
    Finding {
        kind: UNREADABLE,
        severity: Severity::Problem,
        what,
        why: "it is not known which helper the client uses",
        mend: hint.unwrap_or_default(),
        path,
        ..Finding::default()
    }
}

/// Checks one file.
fn check_file(
    path: PathBuf,
    owner: ConfigOwner,
    contents: Option<&OpenedContents>,
    names: &mut Vec<String>,
    findings: &mut Vec<Finding>,
) {
    let checked = ConfigFile::read(path.clone()).map_err(SetupError::from).and_then(|config| {
        let client = ClientFile { config: &config, owner };
        client.check_logins(findings)?;
        client.check_helpers(contents, names, findings)
    });
    if let Err(error) = checked {
        findings.push(unreadable(error_chain(&error), error.hint(), Some(path)));
    }
}

impl ClientFile<'_> {
    /// Returns the option of `install` and `import` that selects this file.
    fn option(&self) -> &'static str {
        match self.owner {
            ConfigOwner::Docker => "",
            ConfigOwner::Podman => " --podman",
        }
    }

    fn check_logins(&self, findings: &mut Vec<Finding>) -> Result<(), ConfigError> {
        let path = self.config.path();
        let logins = self.config.plain_logins()?;
        if !logins.is_empty() {
            findings.push(plain_text_logins(path, &logins, self.removal_command()));
            files::check_access(path, plain_text_open_to_others, findings);
        }
        // A backup that is not JSON is not one of ours.
        if backup_has_secrets(path).unwrap_or_default() {
            let backup = backup_path(path);
            let what = format!("{} holds secrets that an earlier version left there", env::tilde(&backup));
            findings.push(plain_text("plain-text-backup", what, &backup, self.removal_command()));
        }
        Ok(())
    }

    fn removal_command(&self) -> String {
        format!("{} import{} --remove", program(), self.option())
    }

    /// Checks the helper of each entry that exists now or was once set up.
    fn check_helpers(
        &self,
        contents: Option<&OpenedContents>,
        names: &mut Vec<String>,
        findings: &mut Vec<Finding>,
    ) -> Result<(), SetupError> {
        let mut slots = match env::Folders::find() {
            Ok(folders) => setup::installed_slots(&folders.setup(), self.config)?,
            Err(_) => Vec::new(),
        };
        let set_up = slots.len();
        for key in self.config.registries_with_helpers()? {
            push_new(&mut slots, HelperSlot::One(key));
        }
        // Podman has no helper for every registry.
        if self.owner == ConfigOwner::Docker {
            push_new(&mut slots, HelperSlot::Every);
        }
        let first_name = names.len();
        let mut others = Vec::new();
        for (index, slot) in slots.into_iter().enumerate() {
            // Clients write an empty name for "none".
            match slot.helper(self.config)?.filter(|helper| !helper.is_empty()) {
                Some(helper) if HelperName::is_ours(&helper) => push_new(names, helper),
                helper if index < set_up => {
                    findings.push(self.set_up_lost(&slot, helper.as_deref().unwrap_or("no helper")));
                }
                Some(helper) => others.push((slot, helper)),
                None => {}
            }
        }
        // If the client does not ask this program at all, another finding says so.
        if names.len() > first_name {
            findings
                .extend(others.iter().filter_map(|(slot, helper)| self.other_helper(slot, helper, contents)));
        }
        Ok(())
    }

    fn set_up_lost(&self, slot: &HelperSlot, helper: &str) -> Finding {
        let (path, registry) = (self.config.path(), without_account(slot.words()));
        Finding {
            kind: SET_UP_LOST,
            severity: Severity::Warning,
            what: format!(
                "{} was set up to use this program for {registry}, and now names {helper}",
                env::tilde(path)
            ),
            why: if helper.starts_with("desktop") {
                "Docker Desktop has taken the file back, and the next login goes there"
            } else {
                "the next login goes elsewhere, in plain text where no helper is named"
            },
            mend: self.install_command(slot),
            ..Finding::about_path(path)
        }
    }

    /// Reports another helper, which is in the way if the vault has a token for its registry. A helper that makes its
    /// tokens at each call is right where the vault has none.
    fn other_helper(
        &self,
        slot: &HelperSlot,
        helper: &str,
        contents: Option<&OpenedContents>,
    ) -> Option<Finding> {
        let (path, registry) = (self.config.path(), without_account(slot.words()));
        let key = match slot {
            HelperSlot::Every => None,
            HelperSlot::One(key) => Key::parse(key).ok(),
        };
        let has_token = key.zip(contents).is_some_and(|(key, contents)| {
            contents.inventory.tokens().iter().any(|token| token.concerns(&key))
        });
        let makes_tokens = OtherHelper::makes_tokens(helper);
        if makes_tokens && !has_token {
            return None;
        }
        let is_in_the_way = has_token && !makes_tokens;
        Some(Finding {
            kind: "other-helper",
            severity: if is_in_the_way { Severity::Warning } else { Severity::Note },
            what: format!("{} asks \"{helper}\" for {registry}, and not this program", env::tilde(path)),
            why: if has_token {
                "what the vault has for it is not used"
            } else {
                "logins there are kept by that helper, not in the vault"
            },
            mend: self.install_command(slot),
            ..Finding::about_path(path)
        })
    }

    fn install_command(&self, slot: &HelperSlot) -> String {
        let registry = match slot {
            HelperSlot::Every => String::new(),
            HelperSlot::One(key) => format!(" --registry {}", quoted(key)),
        };
        format!("{} install{}{registry}", program(), self.option())
    }
}

/// Reports the logins in a file, by their entries.
pub(super) fn plain_text_logins(path: &Path, entries: &[String], mend: String) -> Finding {
    let keys: Vec<_> = entries.iter().map(|key| without_account(key)).collect();
    let what = format!("{} holds logins in plain text: {}", env::tilde(path), list(&keys));
    plain_text("plain-text-login", what, path, mend)
}

fn plain_text(kind: &'static str, what: String, path: &Path, mend: String) -> Finding {
    Finding {
        kind,
        severity: Severity::Warning,
        what,
        why: "everybody who can read that file, or a backup of it, has them",
        mend,
        ..Finding::about_path(path)
    }
}

fn plain_text_open_to_others(path: &str, mode: &str) -> Finding {
    Finding {
        kind: "plain-text-open-to-others",
        severity: Severity::Problem,
        what: format!("{path} holds logins in plain text and is open to other users (mode {mode})"),
        why: "they can log in as you",
        ..Finding::default()
    }
}

fn push_new<T: PartialEq>(list: &mut Vec<T>, item: T) {
    if !list.contains(&item) {
        list.push(item);
    }
}
