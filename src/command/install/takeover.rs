//! The logins that a client has before `install`: they are copied, so that the client gets what it got before.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};

use thiserror::Error;

use crate::command::args;
use crate::command::context::CommandContext;
use crate::command::error::CommandError;
use crate::command::import::copy::LoginCopy;
use crate::docker::client_logins::{ClientLogins, FoundLogin, LoginFile, LoginObstacle, LoginSource};
use crate::docker::config::helper_lookup::ConfigOwner;
use crate::docker::config::{ConfigError, ConfigFile};
use crate::docker::config_folder;
use crate::docker::helper_name::HelperName;
use crate::docker::other_helper::{HelperError, OtherHelper};
use crate::docker::setup::HelperSlot;
use crate::model::hint::{Hint, program};
use crate::system::process::ProcessError;
use crate::system::sanitize::error_chain;
use crate::system::{env, tty};

/// The logins that a client gets now for the registries for which it will ask this program.
pub(super) struct Takeover {
    logins: ClientLogins,
    owner: ConfigOwner,
    /// The names under which the client looks up the registries for which it asks this program from now on.
    names: HashSet<String>,
    /// The registries whose login cannot be copied, each with its helper; an empty name is the file itself.
    pub(super) kept: Vec<(String, String)>,
    /// Sentences on helpers and registries of which nothing is copied.
    pub(super) notes: Vec<String>,
}

impl Takeover {
    /// Reads what the client has: in the file that is set up, and in the others that it reads after it.
    pub(super) fn find(
        config: ConfigFile,
        other_files: Vec<ConfigFile>,
        owner: ConfigOwner,
        slots: &[HelperSlot],
    ) -> Result<Self, CommandError> {
        let files = [config].into_iter().chain(other_files);
        let files: Vec<_> =
            files.map(|config| LoginFile::new(config, owner)).collect::<Result<_, ConfigError>>()?;
        let helpers = helpers_in_use(&files, slots);
        let (makers, keepers): (Vec<_>, Vec<_>) =
            helpers.into_iter().partition(|name| OtherHelper::makes_tokens(name));
        let logins = ClientLogins::read(files, &keepers)?;
        let mut takeover = Self { logins, owner, names: HashSet::new(), kept: Vec::new(), notes: Vec::new() };
        takeover.names = takeover.newly_asked(slots)?;
        takeover.check_helpers()?;
        takeover.keep_the_rest(slots, &makers)?;
        Ok(takeover)
    }

    /// Returns the logins to copy.
    fn copy(&self) -> LoginCopy<'_> {
        let is_usable = |found: &&FoundLogin| found.credentials().is_some() && self.is_wanted(found);
        let wanted = self.logins.found.iter().filter(is_usable).collect();
        // Under another configuration folder of Docker, logins belong to that folder.
        let profile = self.folder().map(|folder| config_folder::profile(&folder));
        LoginCopy::plan(&self.logins, wanted, profile, |found| found.answers.is_some())
    }

    /// Shows the logins that will be copied, and asks once on a terminal.
    pub(super) fn confirm(&self, cx: &mut CommandContext) -> Result<(), CommandError> {
        let copy = self.copy();
        if copy.is_empty() {
            return Ok(());
        }
        cx.say("these logins will be copied into the vault, so that pulls keep working:");
        copy.print(cx)?;
        if tty::is_available() {
            args::confirm_usual("Copy them?").map_err(|error| {
                if error.is_interruption() { error } else { TakeoverError::Declined.into() }
            })?;
        }
        Ok(())
    }

    /// Copies the logins. Returns their number.
    pub(super) fn run(&self, cx: &mut CommandContext) -> Result<usize, CommandError> {
        let copy = self.copy();
        if !copy.is_empty() {
            copy.copy(cx)?;
        }
        Ok(copy.count())
    }

    /// Returns the first file with logins in plain text that are no longer used.
    pub(super) fn plain_text_file(&self) -> Option<&Path> {
        self.logins.credentials().find_map(|(found, _)| match found.source {
            LoginSource::File(index) if self.is_wanted(found) => {
                self.logins.files.get(index).map(|file| file.config.path())
            }
            LoginSource::File(_) | LoginSource::Helper(_) => None,
        })
    }

    /// Returns the names of the registries whose logins are copied, if they belong to a configuration folder of Docker
    /// other than the usual one. There, a login counts only while the file has an entry for it.
    pub(super) fn names_to_enter(&self) -> Vec<String> {
        if self.folder().is_none() {
            return Vec::new();
        }
        let copied = self.logins.credentials().filter(|(found, _)| self.is_wanted(found));
        let names = copied.filter_map(|(found, _)| found.answers.as_ref());
        names.map(|key| key.as_str().to_owned()).collect()
    }

    fn folder(&self) -> Option<PathBuf> {
        (self.owner == ConfigOwner::Docker).then(env::other_docker_folder).flatten()
    }

    /// Returns the names of the registries for which the client will ask this program and does not ask it now.
    fn newly_asked(&self, slots: &[HelperSlot]) -> Result<HashSet<String>, CommandError> {
        let is_every = slots.contains(&HelperSlot::Every);
        let keys: HashSet<&str> = slots
            .iter()
            .filter_map(|slot| match slot {
                HelperSlot::Every => None,
                HelperSlot::One(key) => Some(key.as_str()),
            })
            .collect();
        let has_own = |name: &str| self.logins.files.first().is_some_and(|file| file.lookup.has_own(name));
        let is_asked = |name: &String| {
            let is_covered = keys.contains(name.as_str()) || (is_every && !has_own(name));
            is_covered && !self.logins.helper_at(name).is_some_and(HelperName::is_ours)
        };
        Ok(self.logins.asked_names()?.into_iter().filter(is_asked).collect())
    }

    /// True for a login in the place where the client looks for it, and for which it will ask this program.
    fn is_wanted(&self, found: &FoundLogin) -> bool {
        let Some(name) = self.owner.name_of_entry(&found.key) else { return false };
        if !self.names.contains(&name) || self.kept.iter().any(|(kept, _)| *kept == name) {
            return false;
        }
        let helper = self.logins.helper_at(&name);
        found.answers.is_some()
            || match found.source {
                LoginSource::File(_) => helper.is_none(),
                LoginSource::Helper(index) => {
                    let found = self.logins.helpers.get(index).map(OtherHelper::program);
                    let asked = helper.and_then(|name| OtherHelper::new(name).ok());
                    asked.is_some_and(|asked| Some(asked.program()) == found)
                }
            }
    }

    /// Fails if a helper that the client calls does not answer: its logins would be lost.
    fn check_helpers(&mut self) -> Result<(), CommandError> {
        for (name, error) in std::mem::take(&mut self.logins.failures) {
            // Docker has found this helper by itself, and never needed it for a login that its file shows.
            let is_found = self.names.is_empty()
                && self
                    .logins
                    .files
                    .iter()
                    .all(|file| file.config.store().is_ok_and(|store| store.is_none()));
            match error {
                HelperError::Child(ProcessError::NotFound { .. }) | HelperError::Name { .. } => {
                    self.notes
                        .push(format!("\"{name}\" is not installed, so there are no logins to copy from it"));
                }
                // It cannot list, and was asked for each registry that the file names.
                HelperError::Refused { .. } | HelperError::Unreadable { .. }
                    if is_found || !self.names.is_empty() => {}
                error => {
                    let reason = error_chain(&error);
                    let program = format!("docker-credential-{name}");
                    return Err(TakeoverError::NoAnswer { program, reason }.into());
                }
            }
        }
        for (index, helper) in self.logins.helpers.iter().enumerate() {
            let of_it =
                || self.logins.found.iter().filter(move |found| found.source == LoginSource::Helper(index));
            let reason = of_it().find_map(|found| match &found.login {
                Err(LoginObstacle::Unfit(reason)) => Some(reason),
                Err(LoginObstacle::NothingThere) | Ok(_) => None,
            });
            if let Some(reason) = reason
                && of_it().all(|found| found.login.is_err())
            {
                let program = helper.program().to_owned();
                return Err(TakeoverError::NoAnswer { program, reason: reason.clone() }.into());
            }
        }
        Ok(())
    }

    /// Decides which registries keep what they have, because it cannot be copied.
    fn keep_the_rest(&mut self, slots: &[HelperSlot], makers: &[String]) -> Result<(), CommandError> {
        let is_every = slots.contains(&HelperSlot::Every);
        let answers: HashMap<&str, &FoundLogin> = self
            .logins
            .found
            .iter()
            .filter_map(|found| Some((found.answers.as_ref()?.as_str(), found)))
            .collect();
        let mut names: Vec<&String> = self.names.iter().collect();
        names.sort();
        for name in names {
            let helper = self.logins.helper_at(name);
            let reason = match (helper, answers.get(name.as_str()).map(|answer| &answer.login)) {
                (Some(helper), _) if is_every && makers.iter().any(|maker| maker == helper) => {
                    format!("\"{helper}\" makes a new token for each request")
                }
                (_, Some(Err(LoginObstacle::Unfit(reason)))) => reason.clone(),
                _ => continue,
            };
            let place = helper.map_or("its plain text".to_owned(), |helper| format!("\"{helper}\""));
            self.notes.push(format!("{name} stays with {place}: {reason}"));
            self.kept.push((name.clone(), helper.unwrap_or_default().to_owned()));
        }
        // Which other registries it serves is not known.
        match makers.first() {
            Some(maker) if is_every && self.kept.iter().all(|(_, helper)| helper != maker) => {
                Err(TakeoverError::Maker(maker.clone()).into())
            }
            Some(maker) if is_every => {
                self.notes.push(format!("for another registry of \"{maker}\", add it to credHelpers"));
                Ok(())
            }
            Some(_) | None => Ok(()),
        }
    }
}

/// Returns the names of the other helpers that the client calls for these slots, each once.
fn helpers_in_use(files: &[LoginFile], slots: &[HelperSlot]) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for LoginFile { lookup, .. } in files {
        for slot in slots {
            let helper = match slot {
                HelperSlot::Every => lookup.store(),
                HelperSlot::One(key) => lookup.helper_at(key),
            };
            if let Some(helper) = helper.filter(|helper| !HelperName::is_ours(helper))
                && !names.iter().any(|name| name == helper)
            {
                names.push(helper.to_owned());
            }
        }
    }
    names
}

#[derive(Debug, Error)]
enum TakeoverError {
    #[error("cannot read the logins in {program}: {reason}")]
    NoAnswer { program: String, reason: String },
    #[error("\"{0}\" makes a new token for each request, and Docker's file does not name its registries")]
    Maker(String),
    #[error("nothing was changed")]
    Declined,
}

impl Hint for TakeoverError {
    fn hint(&self) -> Option<String> {
        Some(match self {
            Self::NoAnswer { .. } => format!(
                "unlock it and repeat {0} install; {0} install --no-import leaves its logins behind",
                program()
            ),
            Self::Maker(name) => format!(
                "name each registry of \"{name}\" in credHelpers and repeat, or set up other registries only: {} \
                 install --registry HOST",
                program()
            ),
            Self::Declined => format!("{} install --no-import copies no logins", program()),
        })
    }
}
