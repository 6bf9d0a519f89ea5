//! How the clients are set up: whom they ask, and what they keep in plain text.

use crate::checkup::Finding;
use crate::checkup::Rule;
use crate::checkup::Severity;
use crate::checkup::files;
use crate::checkup::keys::Contents;
use crate::checkup::shown_key;
use crate::docker_config::ConfigError;
use crate::docker_config::ConfigFile;
use crate::docker_config::asked::Owner;
use crate::docker_config::backup_has_secrets;
use crate::docker_config::backup_of;
use crate::env;
use crate::name::quoted;
use crate::other_helper::OtherHelper;
use crate::registry::Key;
use crate::setup;
use crate::setup::Helper;
use crate::setup::Reach;
use crate::setup::SetupError;
use crate::text::line_of;

const UNREADABLE: Rule = Rule {
    word: "client-file-unreadable",
    severity: Severity::Problem,
    what: "%",
    why: "it cannot be told whom the client asks for credentials, and the client itself may refuse the file",
    mend: "%",
};
const NOT_INSTALLED: Rule = Rule {
    word: "not-installed",
    severity: Severity::Warning,
    what: "% %",
    why: "no login is kept here, and no token is given out from here",
    mend: "docker-credential-pat install",
};
const SET_UP_LOST: Rule = Rule {
    word: "set-up-lost",
    severity: Severity::Warning,
    what: "% was set up to ask this program for %, and asks % now",
    why: "the next login is kept elsewhere, in plain text where no helper is asked; podman logout --all does this",
    mend: "docker-credential-pat install%%",
};
const SHADOWED: Rule = Rule {
    word: "other-helper",
    severity: Severity::Note,
    what: "% asks \"%\" for %, and not this program",
    why: "what the vault has for it is not given out",
    mend: "docker-credential-pat install%%",
};
const PLAIN: Rule = Rule {
    word: "plain-text-login",
    severity: Severity::Warning,
    what: "% holds logins in plain text: %",
    why: "whoever can read that file, or a backup of it, has them",
    mend: "docker-credential-pat import% --remove",
};
const PLAIN_BACKUP: Rule =
    Rule { word: "plain-text-backup", what: "% holds secrets that an earlier version left there", ..PLAIN };
const PLAIN_OPEN: Rule = Rule {
    word: "plain-text-open-to-others",
    severity: Severity::Problem,
    what: "% holds logins in plain text and is open to other users (mode %)",
    why: "they can log in as you",
    mend: "chmod % %",
};
const VARIABLE: Rule = Rule {
    word: "auth-config-variable",
    severity: Severity::Warning,
    what: "DOCKER_AUTH_CONFIG is set",
    why: "the docker CLI from 28.3 on takes what it says before it asks any helper",
    mend: "unset DOCKER_AUTH_CONFIG",
};

/// Looks at the files of Docker and podman. Returns the names by which they call this program; without any,
/// the one by which they would.
pub fn look(contents: Option<&Contents>, findings: &mut Vec<Finding>) -> Vec<String> {
    let mut names = Vec::new();
    let before = findings.len();
    match env::docker_config() {
        Ok(path) => look_at(path, Owner::Docker, contents, &mut names, findings),
        Err(error) => findings.push(UNREADABLE.found(&[&line_of(&error)], &[&error.hint()])),
    }
    // Without a session podman's file cannot be told, and where there is no podman it is missing.
    if let Ok(path) = env::podman_auth() {
        look_at(path, Owner::Podman, contents, &mut names, findings);
    }
    let is_told = |finding: &Finding| [SET_UP_LOST.word, UNREADABLE.word].contains(&finding.word);
    if names.is_empty() {
        if !findings.iter().skip(before).any(is_told) {
            findings.push(of_nothing());
        }
        names.push(Helper::of(None).as_str().to_owned());
    }
    if env::is_auth_config_set() {
        findings.push(VARIABLE.found(&[], &[]));
    }
    names
}

/// Says whom Docker asks instead.
fn of_nothing() -> Finding {
    let config = env::docker_config().ok().and_then(|path| ConfigFile::read(path).ok());
    match config.and_then(|config| config.store().ok().flatten()) {
        Some(other) => NOT_INSTALLED.found(&["Docker asks another helper than this program:", &other], &[]),
        None => NOT_INSTALLED.found(&["no client asks", "this program"], &[]),
    }
}

fn look_at(
    path: std::path::PathBuf,
    owner: Owner,
    contents: Option<&Contents>,
    names: &mut Vec<String>,
    findings: &mut Vec<Finding>,
) {
    let at = path.clone();
    let looked = ConfigFile::read(path).map_err(SetupError::from).and_then(|config| {
        look_at_logins(&config, owner, findings)?;
        look_at_helpers(&config, owner, contents, names, findings)
    });
    if let Err(error) = looked {
        let hint = error.hint().unwrap_or_default();
        findings.push(UNREADABLE.found(&[&line_of(&error)], &[&hint]).at(&at));
    }
}

fn look_at_logins(config: &ConfigFile, owner: Owner, findings: &mut Vec<Finding>) -> Result<(), ConfigError> {
    let (path, place) = (config.path(), env::tilde(config.path()));
    let podman = podman_flag(owner);
    let logins = config.plain_logins()?;
    if !logins.is_empty() {
        let keys = logins.iter().map(|key| shown_key(key)).collect::<Vec<_>>().join(", ");
        findings.push(PLAIN.found(&[&place, &keys], &[podman]).at(path));
        files::look_at(path, &PLAIN_OPEN, None, findings);
    }
    // What is no JSON is no backup of ours.
    if backup_has_secrets(path).unwrap_or_default() {
        let backup = backup_of(path);
        findings.push(PLAIN_BACKUP.found(&[&env::tilde(&backup)], &[podman]).at(&backup));
    }
    Ok(())
}

fn look_at_helpers(
    config: &ConfigFile,
    owner: Owner,
    contents: Option<&Contents>,
    names: &mut Vec<String>,
    findings: &mut Vec<Finding>,
) -> Result<(), SetupError> {
    let mut reaches = vec![Reach::Every];
    if owner == Owner::Podman {
        reaches.clear();
    }
    reaches.extend(config.registries_with_helpers()?.into_iter().map(Reach::One));
    let ours_before = names.len();
    let mut others = Vec::new();
    for reach in reaches {
        match reach.helper(config)? {
            Some(helper) if Helper::is_ours(&helper) => {
                if !names.contains(&helper) {
                    names.push(helper);
                }
            }
            Some(helper) if !helper.is_empty() => others.push((reach, helper)),
            Some(_) | None => {}
        }
    }
    let lost = look_at_losses(config, owner, findings)?;
    let is_partly_ours = names.len() > ours_before;
    for (reach, helper) in others.iter().filter(|(reach, _)| is_partly_ours && !lost.contains(reach)) {
        findings.push(of_other(config, owner, reach, helper, contents));
    }
    Ok(())
}

/// Tells where this program was set up and is not asked any more. Returns those places.
fn look_at_losses(
    config: &ConfigFile,
    owner: Owner,
    findings: &mut Vec<Finding>,
) -> Result<Vec<Reach>, SetupError> {
    let memory = env::Folders::find().map(|folders| folders.setup());
    let Ok(memory) = memory else { return Ok(Vec::new()) };
    let mut lost = setup::reaches(&memory, config)?;
    let mut helpers = Vec::new();
    for reach in &lost {
        helpers.push(reach.helper(config)?);
    }
    let mut helpers = helpers.into_iter();
    lost.retain(|reach| {
        let now = helpers.next().flatten();
        let is_lost = !now.as_deref().is_some_and(Helper::is_ours);
        if is_lost {
            let asked = now.map_or("nobody".to_owned(), |name| format!("\"{name}\""));
            let place = env::tilde(config.path());
            let mend = [podman_flag(owner), &*registry_flag(reach)];
            let found = SET_UP_LOST.found(&[&place, shown_key(reach.words()), &asked], &mend);
            findings.push(found.at(config.path()));
        }
        is_lost
    });
    Ok(lost)
}

/// Another helper beside this one stands in its way where the vault has something for that registry.
fn of_other(
    config: &ConfigFile,
    owner: Owner,
    reach: &Reach,
    helper: &str,
    contents: Option<&Contents>,
) -> Finding {
    let place = env::tilde(config.path());
    let mend = [podman_flag(owner), &*registry_flag(reach)];
    let found = SHADOWED.found(&[&place, helper, shown_key(reach.words())], &mend).at(config.path());
    let key = match reach {
        Reach::Every => None,
        Reach::One(key) => Key::parse(key).ok(),
    };
    let tokens = contents.map_or(&[][..], |contents| contents.inventory.tokens());
    let has_token = key.is_some_and(|key| tokens.iter().any(|token| token.concerns(&key)));
    let is_in_the_way = has_token && !OtherHelper::is_maker(helper);
    Finding { severity: if is_in_the_way { Severity::Warning } else { found.severity }, ..found }
}

fn podman_flag(owner: Owner) -> &'static str {
    match owner {
        Owner::Docker => "",
        Owner::Podman => " --podman",
    }
}

fn registry_flag(reach: &Reach) -> String {
    match reach {
        Reach::Every => String::new(),
        Reach::One(key) => format!(" --registry {}", quoted(key)),
    }
}
