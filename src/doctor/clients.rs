//! How the clients are set up: whom they ask, and what they keep in plain text.

use std::path::PathBuf;

use crate::docker::config::helper_lookup::ConfigOwner;
use crate::docker::config::{ConfigError, ConfigFile, backup_has_secrets, backup_path};
use crate::docker::other_helper::OtherHelper;
use crate::docker::setup;
use crate::docker::setup::{HelperName, HelperSlot, SetupError};
use crate::doctor::keys::OpenedContents;
use crate::doctor::{Fact, Finding, Findings, Rule, Severity, files, shown_key};
use crate::model::hint::Hint;
use crate::model::registry::Key;
use crate::system::env;
use crate::system::sanitize::error_chain;

static UNREADABLE: Rule = Rule {
    word: "client-file-unreadable",
    severity: Severity::Problem,
    what: "%1",
    why: "whom the client asks for credentials cannot be told",
    mend: "%2",
    repair: None,
};
static NOT_INSTALLED: Rule = Rule {
    word: "not-installed",
    severity: Severity::Warning,
    what: "%1",
    why: "no login is kept here, and no token is used",
    mend: "docker-credential-pat install",
    repair: None,
};
static SET_UP_LOST: Rule = Rule {
    word: "set-up-lost",
    what: "%1 was set up to ask this program for %2, and now names %3",
    why: "the next login goes elsewhere, in plain text where no helper is named",
    mend: "docker-credential-pat install%4%2",
    ..NOT_INSTALLED
};
static OTHER_HELPER: Rule = Rule {
    word: "other-helper",
    severity: Severity::Note,
    what: "%1 asks \"%3\" for %2, and not this program",
    why: "what the vault has for it is not used",
    ..SET_UP_LOST
};
static PLAIN: Rule = Rule {
    word: "plain-text-login",
    what: "%1 holds logins in plain text: %2",
    why: "whoever can read that file, or a backup of it, has them",
    mend: "docker-credential-pat import%3 --remove",
    ..NOT_INSTALLED
};
static PLAIN_BACKUP: Rule =
    Rule { word: "plain-text-backup", what: "%1 holds secrets that an earlier version left there", ..PLAIN };
static PLAIN_OPEN: Rule = Rule {
    word: "plain-text-open-to-others",
    severity: Severity::Problem,
    what: "%1 holds logins in plain text and is open to other users (mode %2)",
    why: "they can log in as you",
    mend: "chmod %3 %1",
    repair: None,
};
static VARIABLE: Rule = Rule {
    word: "auth-config-variable",
    what: "DOCKER_AUTH_CONFIG is set",
    why: "the docker CLI from 28.3 on takes what it says before it asks any helper",
    mend: "unset DOCKER_AUTH_CONFIG",
    ..NOT_INSTALLED
};

/// A client's file that is looked at.
struct ClientFile<'c> {
    config: &'c ConfigFile,
    owner: ConfigOwner,
    /// The option of `install` and `import` that stands for it.
    option: &'static str,
}

/// Looks at the files of Docker and podman. Returns the names by which they call this program; without any,
/// the one by which they would.
pub fn check(contents: Option<&OpenedContents>, findings: &mut Findings) -> Vec<String> {
    let mut names = Vec::new();
    let before = findings.0.len();
    let mut docker_asks = None;
    match env::docker_config() {
        Ok(path) => docker_asks = look_at(path, ConfigOwner::Docker, contents, &mut names, findings),
        Err(error) => findings.add(
            &UNREADABLE,
            &[Fact::Text(&error.to_string()), Fact::Text(&error.hint().unwrap_or_default())],
        ),
    }
    // Without a session podman's file cannot be told, and where there is no podman it is missing.
    if let Ok(path) = env::podman_auth() {
        look_at(path, ConfigOwner::Podman, contents, &mut names, findings);
    }
    if names.is_empty() {
        let is_told = |finding: &Finding| finding.rule == &SET_UP_LOST || finding.rule == &UNREADABLE;
        if !findings.0.iter().skip(before).any(is_told) {
            let what = match docker_asks {
                Some(other) => ["Docker asks \"", &other, "\", and no client asks this program"].concat(),
                None => "no client asks this program".to_owned(),
            };
            findings.add(&NOT_INSTALLED, &[Fact::Text(&what)]);
        }
        names.push(HelperName::for_profile(None).as_str().to_owned());
    }
    if env::is_auth_config_set() {
        findings.add(&VARIABLE, &[]);
    }
    names
}

/// Looks at one file. Returns the helper that it names for every registry.
fn look_at(
    path: PathBuf,
    owner: ConfigOwner,
    contents: Option<&OpenedContents>,
    names: &mut Vec<String>,
    findings: &mut Findings,
) -> Option<String> {
    let option = match owner {
        ConfigOwner::Docker => "",
        ConfigOwner::Podman => " --podman",
    };
    let at = path.clone();
    let looked = ConfigFile::read(path).map_err(SetupError::from).and_then(|config| {
        let client = ClientFile { config: &config, owner, option };
        look_at_logins(&client, findings)?;
        look_at_helpers(&client, contents, names, findings)?;
        Ok(config.store()?)
    });
    looked.unwrap_or_else(|error| {
        let hint = error.hint().unwrap_or_default();
        findings.add(&UNREADABLE, &[Fact::Text(&error_chain(&error)), Fact::Text(&hint), Fact::Path(&at)]);
        None
    })
}

fn look_at_logins(client: &ClientFile<'_>, findings: &mut Findings) -> Result<(), ConfigError> {
    let (path, option) = (client.config.path(), Fact::Text(client.option));
    let logins = client.config.plain_logins()?;
    if !logins.is_empty() {
        let keys = logins.iter().map(|key| shown_key(key)).collect::<Vec<_>>().join(", ");
        findings.add(&PLAIN, &[Fact::Path(path), Fact::Text(&keys), option]);
        files::look_at(path, &PLAIN_OPEN, findings);
    }
    // What is no JSON is no backup of ours.
    if backup_has_secrets(path).unwrap_or_default() {
        findings.add(&PLAIN_BACKUP, &[Fact::Path(&backup_path(path)), Fact::Text(""), option]);
    }
    Ok(())
}

/// Looks at whom the client asks: at each place that is set now, or once was set up.
fn look_at_helpers(
    client: &ClientFile<'_>,
    contents: Option<&OpenedContents>,
    names: &mut Vec<String>,
    findings: &mut Findings,
) -> Result<(), SetupError> {
    let mut reaches = match env::Folders::find() {
        Ok(folders) => setup::installed_slots(&folders.setup(), client.config)?,
        Err(_) => Vec::new(),
    };
    let set_up = reaches.len();
    for key in client.config.registries_with_helpers()? {
        note(&mut reaches, HelperSlot::One(key));
    }
    // Podman has no helper for every registry.
    if client.owner == ConfigOwner::Docker {
        note(&mut reaches, HelperSlot::Every);
    }
    let before = names.len();
    let mut others = Vec::new();
    for (at, reach) in reaches.into_iter().enumerate() {
        // An empty name is a client's word for none.
        let helper = reach.helper(client.config)?.filter(|helper| !helper.is_empty());
        match helper {
            Some(helper) if HelperName::is_ours(&helper) => note(names, helper),
            helper if at < set_up => {
                let asked = helper.as_deref().unwrap_or("no helper");
                add_helper(&SET_UP_LOST, SET_UP_LOST.severity, client, &reach, asked, findings);
            }
            Some(helper) => others.push((reach, helper)),
            None => {}
        }
    }
    // Where no client asks this program at all, that alone is told.
    for (reach, helper) in others.iter().filter(|_| names.len() > before) {
        let severity = severity_of(reach, helper, contents);
        add_helper(&OTHER_HELPER, severity, client, reach, helper, findings);
    }
    Ok(())
}

fn note<T: PartialEq>(known: &mut Vec<T>, one: T) {
    if !known.contains(&one) {
        known.push(one);
    }
}

fn add_helper(
    rule: &'static Rule,
    severity: Severity,
    client: &ClientFile<'_>,
    reach: &HelperSlot,
    helper: &str,
    findings: &mut Findings,
) {
    let path = Fact::Path(client.config.path());
    let facts = [path, Fact::Reach(reach), Fact::Text(helper), Fact::Text(client.option)];
    findings.add_as(severity, rule, &facts);
}

/// Another helper beside this one is in its way where the vault has something for that registry.
fn severity_of(reach: &HelperSlot, helper: &str, contents: Option<&OpenedContents>) -> Severity {
    let key = match reach {
        HelperSlot::Every => None,
        HelperSlot::One(key) => Key::parse(key).ok(),
    };
    let has_token = key
        .zip(contents)
        .is_some_and(|(key, contents)| contents.inventory.tokens().iter().any(|token| token.concerns(&key)));
    if has_token && !OtherHelper::makes_tokens(helper) { Severity::Warning } else { Severity::Note }
}
