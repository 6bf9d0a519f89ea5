//! The files and helpers from which `import` reads.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use crate::command::context::CommandContext;
use crate::command::error::CommandError;
use crate::command::import::{ImportArgs, ImportError};
use crate::docker::client_logins::{ClientLogins, LoginFile, LoginSource};
use crate::docker::config::helper_lookup::ConfigOwner;
use crate::docker::config::{ConfigFile, MAX_BYTES};
use crate::docker::helper_name::HelperName;
use crate::docker::kubernetes_secret::PullSecret;
use crate::docker::other_helper::OtherHelper;
use crate::docker::{buildx_configs, kubernetes_secret, setup};
use crate::system::disk::DiskError;
use crate::system::limited_read::{InputError, read_input};
use crate::system::{disk, env, stdio};

/// The name of the file in the home in which Docker once kept logins.
const LEGACY_NAME: &str = ".dockercfg";

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
            let configs = self.named_file(file)?;
            let files = configs.into_iter().map(|config| LoginFile::new(config, owner));
            return Ok(files.collect::<Result<_, _>>()?);
        }
        let mut files = Vec::new();
        if self.podman {
            for path in env::podman_own_files()? {
                files.push(LoginFile::new(ConfigFile::read(path)?, owner)?);
            }
            // Podman reads this one last; Docker does not read it any more.
            let legacy = env::home().map(|home| home.join(LEGACY_NAME)).unwrap_or_default();
            if let Some((bytes, _)) = disk::read(&legacy, MAX_BYTES)? {
                let config = ConfigFile::from_legacy(legacy, &Zeroizing::new(bytes))?;
                files.push(LoginFile::new(config, owner)?);
            }
        } else {
            let path = env::docker_config()?;
            let parts = path.parent().map(buildx_configs::find).unwrap_or_default();
            files.push(LoginFile::new(ConfigFile::read(path)?, owner)?);
            for (path, part) in parts {
                let config = ConfigFile::read(path)?;
                files.push(LoginFile { part: Some(part), ..LoginFile::new(config, owner)? });
            }
        }
        Ok(files)
    }

    /// Reads the file or pipe in `--file`, which may be a Kubernetes manifest with several pull secrets.
    fn named_file(&self, file: &Path) -> Result<Vec<ConfigFile>, CommandError> {
        let (path, bytes) = if is_pipe(file) {
            (file.to_owned(), read_pipe(file)?)
        } else {
            let path = env::working_directory()?.join(file);
            let Some((bytes, _)) = disk::read(&path, MAX_BYTES)? else {
                return Err(ImportError::NoFile(path).into());
            };
            (path, Zeroizing::new(bytes))
        };
        let configs = if let Some(secrets) = kubernetes_secret::read(&bytes)? {
            let parse = |PullSecret { config, is_legacy }: PullSecret| {
                let parse = if is_legacy { ConfigFile::from_legacy } else { ConfigFile::from_pipe };
                parse(path.clone(), &config)
            };
            secrets.into_iter().map(parse).collect::<Result<Vec<_>, _>>()?
        } else if path.file_name() == Some(OsStr::new(LEGACY_NAME)) {
            vec![ConfigFile::from_legacy(path, &bytes)?]
        } else if is_pipe(file) {
            vec![ConfigFile::from_pipe(path, &bytes)?]
        } else {
            vec![ConfigFile::read(path)?]
        };
        if self.remove && configs.iter().any(|config| !config.exists()) {
            return Err(ImportError::CannotRemove(file.to_owned()).into());
        }
        Ok(configs)
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
            } else if env::find_program(&format!("docker-credential-{name}")).is_none() {
                Err(ImportError::NoHelper(name.clone()).into())
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
            all.extend(config.own_helpers()?.into_iter().map(|(_, helper)| helper));
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
                    "\"{name}\" makes a new short-lived token at each call, so it is not copied"
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

/// Reads a pipe to its end.
fn read_pipe(file: &Path) -> Result<Zeroizing<Vec<u8>>, CommandError> {
    let unreadable = DiskError::reading(file);
    let opened = if file == Path::new("-") { stdio::stdin() } else { fs::File::open(file) };
    read_input(opened.map_err(&unreadable)?).map_err(|error| match error {
        InputError::Read(source) => CommandError::from(unreadable(source)),
        InputError::TooLarge => ImportError::TooLarge.into(),
    })
}
