//! The logins that a client has before `install`: they are copied, so that the client gets what it got before.

use thiserror::Error;

use crate::command::args;
use crate::command::context::CommandContext;
use crate::command::error::CommandError;
use crate::command::import::copy::LoginCopy;
use crate::docker::client_logins::{ClientLogins, FoundLogin, LoginFile, LoginObstacle, LoginSource};
use crate::docker::config::ConfigFile;
use crate::docker::config::helper_lookup::ConfigOwner;
use crate::docker::config_folder;
use crate::docker::helper_name::HelperName;
use crate::docker::other_helper::{HelperError, OtherHelper};
use crate::docker::setup::HelperSlot;
use crate::model::hint::{Hint, program};
use crate::model::registry::Key;
use crate::system::process::ProcessError;
use crate::system::{env, tty};

/// What a client gets for the registries for which it will ask this program.
pub(super) struct Takeover {
    logins: ClientLogins,
    owner: ConfigOwner,
    /// The names under which the client looks up the registries for which it asks this program from now on.
    names: Vec<String>,
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
        let files: Vec<_> = files.map(|config| LoginFile::new(config, owner)).collect();
        let helpers = helpers_in_use(&files, owner, slots)?;
        let (makers, keepers): (Vec<_>, Vec<_>) =
            helpers.into_iter().partition(|name| OtherHelper::makes_tokens(name));
        let logins = ClientLogins::read(files, &keepers)?;
        let mut takeover = Self { logins, owner, names: Vec::new(), kept: Vec::new(), notes: Vec::new() };
        takeover.names = takeover.newly_asked(slots)?;
        takeover.check_helpers()?;
        takeover.keep_the_rest(slots, &makers)?;
        Ok(takeover)
    }

    /// Returns the logins to copy.
    fn copy(&self) -> Result<LoginCopy<'_>, CommandError> {
        let mut wanted = Vec::new();
        for found in &self.logins.found {
            if found.credentials().is_some() && self.is_wanted(found)? {
                wanted.push(found);
            }
        }
        // Under another configuration folder of Docker, logins belong to that folder.
        let folder = (self.owner == ConfigOwner::Docker).then(env::other_docker_folder).flatten();
        let profile = folder.map(|folder| config_folder::profile(&folder));
        Ok(LoginCopy::plan(&self.logins, wanted, profile, |found| found.answers.is_some()))
    }

    /// Shows the logins that will be copied, and asks once on a terminal.
    pub(super) fn confirm(&self, cx: &mut CommandContext) -> Result<(), CommandError> {
        let copy = self.copy()?;
        if copy.is_empty() {
            return Ok(());
        }
        cx.say("these logins are copied into the vault, so that the next pull works as the last one did:");
        let table = copy.table(cx)?;
        cx.print_table(&table)?;
        cx.out.flush().map_err(CommandError::output)?;
        if tty::is_available() {
            args::confirm_usual("Copy them?").map_err(|error| {
                if error.is_interruption() { error } else { TakeoverError::Declined.into() }
            })?;
        }
        Ok(())
    }

    /// Copies the logins. Returns their number.
    pub(super) fn run(&self, cx: &mut CommandContext) -> Result<usize, CommandError> {
        let copy = self.copy()?;
        if !copy.is_empty() {
            copy.copy(cx)?;
        }
        Ok(copy.count())
    }

    /// True when a file holds logins in plain text that are no longer used.
    pub(super) fn leaves_plain_text(&self) -> bool {
        self.logins.credentials().any(|(found, _)| {
            matches!(found.source, LoginSource::File(_)) && self.is_wanted(found).unwrap_or_default()
        })
    }

    /// Returns the names of the registries for which the client will ask this program and does not ask it now.
    fn newly_asked(&self, slots: &[HelperSlot]) -> Result<Vec<String>, CommandError> {
        let mut names = Vec::new();
        for name in self.logins.asked_names()? {
            let Ok(key) = Key::parse(&name) else { continue };
            let has_own_helper = self
                .first_file()
                .is_some_and(|file| file.config.helper(&name).is_ok_and(|helper| helper.is_some()));
            let is_covered = slots.iter().any(|slot| match slot {
                HelperSlot::Every => !has_own_helper,
                HelperSlot::One(slot) => *slot == name,
            });
            if is_covered && !self.helper_for(&key)?.is_some_and(|helper| HelperName::is_ours(&helper)) {
                names.push(name);
            }
        }
        Ok(names)
    }

    /// True for a login in the place where the client looks for it, and for which it will ask this program.
    fn is_wanted(&self, found: &FoundLogin) -> Result<bool, CommandError> {
        let Ok(key) = Key::parse(&found.key) else { return Ok(false) };
        let name = self.owner.lookup_name(&key);
        if !self.names.iter().any(|other| other == name) || self.kept.iter().any(|(kept, _)| kept == name) {
            return Ok(false);
        }
        let helper = self.helper_for(&Key::parse(name)?)?;
        Ok(found.answers.is_some()
            || match found.source {
                LoginSource::File(_) => helper.is_none(),
                LoginSource::Helper(index) => {
                    let found = self.logins.helpers.get(index).map(OtherHelper::program);
                    let asked = helper.and_then(|name| OtherHelper::new(&name).ok());
                    asked.is_some_and(|asked| Some(asked.program()) == found)
                }
            })
    }

    /// Fails if a helper that the client calls does not answer: its logins would be lost.
    fn check_helpers(&mut self) -> Result<(), CommandError> {
        for (name, error) in std::mem::take(&mut self.logins.failures) {
            match error {
                HelperError::Child(ProcessError::NotFound { .. }) | HelperError::Name { .. } => {
                    self.notes
                        .push(format!("\"{name}\" is not installed, so there are no logins to copy from it"));
                }
                HelperError::Refused { .. } | HelperError::Unreadable { .. } => {}
                HelperError::Child(_) | HelperError::StillThere { .. } | HelperError::NotStored { .. } => {
                    return Err(error.into());
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
        for name in &self.names {
            let Ok(key) = Key::parse(name) else { continue };
            let helper = self.helper_for(&key)?;
            let answer = self.logins.found.iter().find(|found| found.answers.as_ref() == Some(&key));
            let reason = match (&helper, answer.map(|answer| &answer.login)) {
                (Some(helper), _) if makers.contains(helper) && is_every => {
                    format!("\"{helper}\" makes a new token for each request")
                }
                (_, Some(Err(LoginObstacle::Unfit(reason)))) => reason.clone(),
                _ => continue,
            };
            let place = match &helper {
                Some(helper) => format!("\"{helper}\""),
                None => "its plain text".to_owned(),
            };
            self.notes.push(format!("{name} stays with {place}: {reason}"));
            self.kept.push((name.clone(), helper.unwrap_or_default()));
        }
        Ok(())
    }

    /// Returns the helper that the client calls for a key today; `None` when it reads its files.
    fn helper_for(&self, key: &Key) -> Result<Option<String>, CommandError> {
        for file in &self.logins.files {
            if let Some(helper) = file.config.helper_for(key, file.owner)? {
                return Ok(Some(helper));
            }
        }
        Ok(None)
    }

    fn first_file(&self) -> Option<&LoginFile> {
        self.logins.files.first()
    }
}

/// Returns the names of the other helpers that the client calls for these slots, each once.
fn helpers_in_use(
    files: &[LoginFile],
    owner: ConfigOwner,
    slots: &[HelperSlot],
) -> Result<Vec<String>, CommandError> {
    let mut names: Vec<String> = Vec::new();
    for LoginFile { config, .. } in files {
        for slot in slots {
            let helper = match slot {
                HelperSlot::Every => config.store_in_effect()?,
                HelperSlot::One(key) => match Key::parse(key) {
                    Ok(key) => config.helper_for(&key, owner)?,
                    Err(_) => None,
                },
            };
            if let Some(helper) = helper.filter(|helper| !HelperName::is_ours(helper))
                && !names.contains(&helper)
            {
                names.push(helper);
            }
        }
    }
    Ok(names)
}

#[derive(Debug, Error)]
enum TakeoverError {
    #[error("{program} does not give its logins: {reason}")]
    NoAnswer { program: String, reason: String },
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
            Self::Declined => format!("{} install --no-import copies no logins", program()),
        })
    }
}
