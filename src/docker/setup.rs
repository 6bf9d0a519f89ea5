//! Makes this program the credential helper of a client, and puts back what was there before.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::docker::config::{ConfigError, ConfigFile};
use crate::model::hint::Hint;
use crate::model::name::is_profile;
use crate::system::disk;
use crate::system::disk::DiskError;

/// The name by which clients call this program, without `docker-credential-` in front.
const HELPER: &str = "pat";

/// The version of the file that remembers.
const VERSION: u32 = 1;

/// The most that is read of it, in bytes.
const MAX_BYTES: u64 = 1024 * 1024;

/// The name by which a client calls this program: `pat`, or `pat-work` for the profile `work`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HelperName(String);

impl HelperName {
    /// Returns the name for a profile, or for none.
    pub fn for_profile(profile: Option<&str>) -> Self {
        Self(profile.map_or_else(|| HELPER.to_owned(), |profile| format!("{HELPER}-{profile}")))
    }

    /// Returns the name as it stands in a client's file.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns the profile that such a name stands for.
    pub fn profile(name: &str) -> Option<&str> {
        name.strip_prefix(HELPER)?.strip_prefix('-').filter(|profile| is_profile(profile))
    }

    /// True for the name of this program, under any profile.
    pub fn is_ours(name: &str) -> bool {
        name == HELPER || Self::profile(name).is_some()
    }
}

/// For which registries a client is to ask this program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HelperSlot {
    /// All of them.
    Every,
    /// The one with this key.
    One(String),
}

/// What a change did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SetupChange {
    /// This program is asked from now on, instead of the helper that is named.
    Set(Option<String>),
    /// It was asked before.
    AlreadySet,
    /// The helper that is named is asked again, or none.
    Restored(Option<String>),
    /// Another helper had taken its place, and keeps it.
    Kept(Option<String>),
}

/// Why a set-up cannot be changed.
#[derive(Debug, Error)]
pub enum SetupError {
    #[error(transparent)]
    Config(#[from] ConfigError),
    #[error(transparent)]
    Disk(#[from] DiskError),
    /// The file that remembers is another version's, or was changed by hand.
    #[error("{} does not say what was set up before", path.display())]
    Memory {
        /// The file.
        path: PathBuf,
    },
}

impl Hint for SetupError {
    fn hint(&self) -> Option<String> {
        match self {
            Self::Config(error) => error.hint(),
            Self::Disk(error) => error.hint(),
            Self::Memory { path } => {
                Some(format!("move {} away; only earlier helpers are forgotten", path.display()))
            }
        }
    }
}

/// The helpers that were in the place of this program: by file, then by registry's key or [`EVERY`].
/// Docker drops names that it does not know from its own file, so they are kept in one of ours.
#[derive(Serialize, Deserialize)]
struct PreviousHelpers {
    version: u32,
    files: BTreeMap<String, BTreeMap<String, Option<String>>>,
}

/// Stands for every registry in a [`PreviousHelpers`]; no registry's key has a star.
const EVERY: &str = "*";

/// Takes the lock under which set-ups are read and changed. It ends with the value.
pub fn lock(memory: &Path) -> Result<impl Sized, SetupError> {
    memory.parent().map_or(Ok(()), disk::make_folder)?;
    Ok(disk::lock(memory)?)
}

/// Makes this program the helper in a client's file. What stands there now is remembered first.
pub fn install(
    memory: &Path,
    mut config: ConfigFile,
    reaches: &[HelperSlot],
    helper: &HelperName,
) -> Result<Vec<SetupChange>, SetupError> {
    let mut remembered = PreviousHelpers::read(memory)?;
    let mut changes = Vec::new();
    for reach in reaches {
        let earlier = reach.helper(&config)?;
        if earlier.as_deref() == Some(helper.as_str()) {
            changes.push(SetupChange::AlreadySet);
            continue;
        }
        // From one profile to another, what stood there before either is still what comes back.
        if !earlier.as_deref().is_some_and(HelperName::is_ours) {
            remembered.of(&config).insert(reach.place().to_owned(), earlier.clone());
        }
        reach.set_helper(&mut config, Some(helper.as_str()))?;
        changes.push(SetupChange::Set(earlier));
    }
    remembered.write(memory)?;
    config.write()?;
    Ok(changes)
}

/// Puts back what stood in a client's file before, where this program is still the helper: under that
/// name, or under any.
pub fn uninstall(
    memory: &Path,
    mut config: ConfigFile,
    reaches: &[HelperSlot],
    helper: Option<&HelperName>,
) -> Result<Vec<SetupChange>, SetupError> {
    let mut remembered = PreviousHelpers::read(memory)?;
    let mut changes = Vec::new();
    for reach in reaches {
        let now = reach.helper(&config)?;
        let is_meant = |name: &str| match helper {
            Some(helper) => name == helper.as_str(),
            None => HelperName::is_ours(name),
        };
        if now.as_deref().is_some_and(is_meant) {
            let earlier = remembered.of(&config).remove(reach.place()).flatten();
            reach.set_helper(&mut config, earlier.as_deref())?;
            changes.push(SetupChange::Restored(earlier));
        } else {
            // Another helper's place is no longer ours to put back; another profile's still is.
            if !now.as_deref().is_some_and(HelperName::is_ours) {
                remembered.of(&config).remove(reach.place());
            }
            changes.push(SetupChange::Kept(now));
        }
    }
    config.write()?;
    remembered.write(memory)?;
    Ok(changes)
}

/// Returns the helpers that are remembered for a client's file.
pub fn previous_helpers(memory: &Path, config: &ConfigFile) -> Result<Vec<String>, SetupError> {
    let mut remembered = PreviousHelpers::read(memory)?;
    Ok(remembered.of(config).values().flatten().cloned().collect())
}

/// Returns where this program was made the helper in a client's file, and not taken out again by itself.
pub fn installed_slots(memory: &Path, config: &ConfigFile) -> Result<Vec<HelperSlot>, SetupError> {
    let mut remembered = PreviousHelpers::read(memory)?;
    let places = remembered.of(config).keys();
    Ok(places.map(|at| if at == EVERY { HelperSlot::Every } else { HelperSlot::One(at.clone()) }).collect())
}

impl HelperSlot {
    /// Returns what it is called in a sentence.
    pub fn words(&self) -> &str {
        match self {
            Self::Every => "every registry",
            Self::One(key) => key,
        }
    }

    fn place(&self) -> &str {
        match self {
            Self::Every => EVERY,
            Self::One(key) => key,
        }
    }

    /// Returns the helper that stands there in a client's file.
    pub fn helper(&self, config: &ConfigFile) -> Result<Option<String>, ConfigError> {
        match self {
            Self::Every => config.store(),
            Self::One(key) => config.helper(key),
        }
    }

    fn set_helper(&self, config: &mut ConfigFile, helper: Option<&str>) -> Result<(), ConfigError> {
        match self {
            Self::Every => {
                config.set_store(helper);
                Ok(())
            }
            Self::One(key) => config.set_helper(key, helper),
        }
    }
}

impl PreviousHelpers {
    fn read(path: &Path) -> Result<Self, SetupError> {
        let Some((bytes, _)) = disk::read(path, MAX_BYTES)? else {
            return Ok(Self { version: VERSION, files: BTreeMap::new() });
        };
        let memory: Option<Self> = serde_json::from_slice(&bytes).ok();
        memory
            .filter(|memory| memory.version == VERSION)
            .ok_or_else(|| SetupError::Memory { path: path.to_owned() })
    }

    /// Returns what is remembered of a file, however its path is spelled.
    fn of(&mut self, config: &ConfigFile) -> &mut BTreeMap<String, Option<String>> {
        self.files.entry(disk::without_links(config.path()).display().to_string()).or_default()
    }

    fn write(mut self, path: &Path) -> Result<(), SetupError> {
        self.files.retain(|_, helpers| !helpers.is_empty());
        if self.files.is_empty() && !path.exists() {
            return Ok(());
        }
        let Ok(json) = serde_json::to_vec(&self) else { return Ok(()) };
        Ok(disk::replace(path, &json, disk::PRIVATE)?)
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn what_stood_there_comes_back() {
        let plain = HelperName::for_profile(None);
        for (before, reach) in [
            ("{\n\t\"credsStore\": \"desktop\",\n\t\"a\": 1\n}\n", HelperSlot::Every),
            ("{\n\t\"a\": 1\n}\n", HelperSlot::Every),
            ("{\n\t\"credsStore\": \"desktop\"\n}\n", HelperSlot::One("ghcr.io".to_owned())),
            (
                "{\n\t\"credHelpers\": {\n\t\t\"ghcr.io\": \"gh\"\n\t}\n}\n",
                HelperSlot::One("ghcr.io".to_owned()),
            ),
        ] {
            let folder = tempfile::tempdir().expect("a folder");
            let (memory, config) = (folder.path().join("ours/setup.json"), folder.path().join("config.json"));
            let read = || ConfigFile::read(config.clone()).expect("valid");
            drop(lock(&memory).expect("the lock, and its folder"));
            fs::write(&config, before).expect("written");
            let reaches = [reach];
            let set = install(&memory, read(), &reaches, &plain).expect("installed");
            assert!(matches!(set[..], [SetupChange::Set(_)]), "{before}");
            assert_eq!(reaches[0].helper(&read()).expect("a name").as_deref(), Some("pat"));
            assert_eq!(install(&memory, read(), &reaches, &plain).expect("again"), [SetupChange::AlreadySet]);
            let work = HelperName::for_profile(Some("work"));
            install(&memory, read(), &reaches, &work).expect("for a profile");
            assert_eq!(reaches[0].helper(&read()).expect("a name").as_deref(), Some("pat-work"));
            uninstall(&memory, read(), &reaches, None).expect("uninstalled");
            assert_eq!(fs::read_to_string(&config).expect("there"), before);
            assert!(matches!(
                uninstall(&memory, read(), &reaches, None).expect("again")[..],
                [SetupChange::Kept(_)]
            ));
        }
    }

    #[test]
    fn a_helper_that_took_its_place_stays() {
        let folder = tempfile::tempdir().expect("a folder");
        let (memory, config) = (folder.path().join("setup.json"), folder.path().join("config.json"));
        let read = || ConfigFile::read(config.clone()).expect("valid");
        install(&memory, read(), &[HelperSlot::Every], &HelperName::for_profile(None)).expect("installed");
        fs::write(&config, r#"{"credsStore":"desktop"}"#).expect("written");
        let left = uninstall(&memory, read(), &[HelperSlot::Every], None).expect("done");
        assert_eq!(left, [SetupChange::Kept(Some("desktop".to_owned()))]);
        assert_eq!(read().store().expect("a name").as_deref(), Some("desktop"));
    }

    #[test]
    fn a_memory_of_another_version_is_refused_before_anything_changes() {
        let folder = tempfile::tempdir().expect("a folder");
        let (memory, config) = (folder.path().join("setup.json"), folder.path().join("config.json"));
        fs::write(&memory, r#"{"version":2,"files":{}}"#).expect("written");
        let file = ConfigFile::read(config.clone()).expect("missing");
        assert!(matches!(
            install(&memory, file, &[HelperSlot::Every], &HelperName::for_profile(None)),
            Err(SetupError::Memory { .. })
        ));
        assert!(!config.exists());
    }
}
