//! The files and helpers from which `import` reads.

use std::fs;
use std::path::{Path, PathBuf};

use crate::command::context::CommandContext;
use crate::command::error::CommandError;
use crate::command::import::{ImportArgs, ImportError};
use crate::docker::buildx_configs;
use crate::docker::client_logins::{ClientLogins, LoginFile, LoginSource};
use crate::docker::config::ConfigFile;
use crate::docker::config::helper_lookup::ConfigOwner;
use crate::docker::helper_name::HelperName;
use crate::docker::other_helper::OtherHelper;
use crate::docker::setup;
use crate::system::disk::DiskError;
use crate::system::limited_read::{InputError, read_input};
use crate::system::{env, stdio};

impl ImportArgs {
    pub(super) fn owner(&self) -> ConfigOwner {
        let is_config_json = |file: &PathBuf| file.file_name().is_some_and(|name| name == "config.json");
        if self.podman || self.file.as_ref().is_some_and(|file| !is_config_json(file)) {
            ConfigOwner::Podman
        } else {
            ConfigOwner::Docker
        }
    }

    /// Reads every source. A helper that fails is named in the result, and the other sources are still read.
    pub(super) fn read_sources(&self, cx: &mut CommandContext) -> Result<ClientLogins, CommandError> {
        let files = self.files()?;
        let names = self.helper_names(&files, cx)?;
        let mut logins = ClientLogins::read(files, &names)?;
        if self.helper.is_some() {
            logins.found.retain(|found| matches!(found.source, LoginSource::Helper(_)));
        }
        Ok(logins)
    }

    fn files(&self) -> Result<Vec<LoginFile>, CommandError> {
        let owner = self.owner();
        if let Some(file) = &self.file {
            return self.named_file(file).map(|config| vec![LoginFile::new(config, owner)]);
        }
        let mut files = Vec::new();
        if self.podman {
            for path in env::podman_own_files()? {
                files.push(LoginFile::new(ConfigFile::read(path)?, owner));
            }
        } else {
            let path = env::docker_config()?;
            let parts = path.parent().map(buildx_configs::find).unwrap_or_default();
            files.push(LoginFile::new(ConfigFile::read(path)?, owner));
            for (path, part) in parts {
                let config = ConfigFile::read(path)?;
                files.push(LoginFile { part: Some(part), ..LoginFile::new(config, owner) });
            }
        }
        Ok(files)
    }

    fn named_file(&self, file: &Path) -> Result<ConfigFile, CommandError> {
        if is_pipe(file) {
            return if self.remove { Err(ImportError::Pipe.into()) } else { read_pipe(file) };
        }
        let config = ConfigFile::read(env::working_directory()?.join(file))?;
        if config.exists() { Ok(config) } else { Err(ImportError::NoFile(config.path().to_owned()).into()) }
    }

    /// Returns the names of the helpers to ask, each once.
    fn helper_names(
        &self,
        files: &[LoginFile],
        cx: &mut CommandContext,
    ) -> Result<Vec<String>, CommandError> {
        if let Some(name) = &self.helper {
            return if HelperName::is_ours(name) {
                Err(ImportError::OwnHelper(name.clone()).into())
            } else {
                Ok(vec![name.clone()])
            };
        }
        let mut all: Vec<String> = Vec::new();
        for LoginFile { config, owner, .. } in files {
            if *owner == ConfigOwner::Docker {
                all.extend(config.store_in_effect()?);
            } else {
                all.extend(config.store()?);
            }
            for key in config.registries_with_helpers()? {
                all.extend(config.helper(&key)?);
            }
            all.extend(setup::previous_helpers(&env::Folders::find()?.setup(), config)?);
        }
        let mut names: Vec<String> = Vec::new();
        for name in all {
            // Clients write an empty name for "none".
            if name.is_empty() || HelperName::is_ours(&name) || names.contains(&name) {
                continue;
            }
            if OtherHelper::makes_tokens(&name) {
                cx.say(&format!(
                    "\"{name}\" makes a new token at each call, which soon ends: it is left as it is"
                ));
            } else {
                names.push(name);
            }
        }
        Ok(names)
    }
}

/// True for `-`, which is standard input, and for what is neither a file nor a folder.
fn is_pipe(file: &Path) -> bool {
    let is_special = |metadata: fs::Metadata| !metadata.is_file() && !metadata.is_dir();
    file == Path::new("-") || fs::metadata(file).is_ok_and(is_special)
}

/// Reads a client's configuration from a pipe to its end.
fn read_pipe(file: &Path) -> Result<ConfigFile, CommandError> {
    let unreadable = |source| DiskError::Read { path: file.to_owned(), source };
    let opened = if file == Path::new("-") { stdio::stdin() } else { fs::File::open(file) };
    let bytes = read_input(opened.map_err(unreadable)?).map_err(|error| match error {
        InputError::Read(source) => CommandError::from(unreadable(source)),
        InputError::TooLarge => ImportError::TooLarge.into(),
    })?;
    Ok(ConfigFile::from_pipe(file.to_owned(), &bytes)?)
}
