//! Makes this program the credential helper of a client, and restores the earlier helper.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::docker::config::{ConfigError, ConfigFile};
use crate::docker::helper_name::HelperName;
use crate::model::hint::Hint;
use crate::system::disk;
use crate::system::disk::DiskError;

/// The version of the record of earlier helpers.
const VERSION: u32 = 1;

/// The largest accepted record, in bytes.
const MAX_BYTES: u64 = 1024 * 1024;

/// An entry that names a helper in the file of a client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HelperSlot {
    /// The entry for every registry without a helper of its own: `credsStore`.
    Every,
    /// The entry for the registry with this key, in `credHelpers`.
    One(String),
}

/// The change of one [`HelperSlot`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SetupChange {
    /// This program is now the helper. The value is the earlier helper.
    Set(Option<String>),
    AlreadySet,
    /// The earlier helper, if there was one, is restored.
    Restored(Option<String>),
    /// This program was not the helper. The value is the helper, which stays.
    Kept(Option<String>),
}

#[derive(Debug, Error)]
pub enum SetupError {
    #[error(transparent)]
    Config(#[from] ConfigError),
    #[error(transparent)]
    Disk(#[from] DiskError),
    /// The record of earlier helpers has an unknown version, or was edited by hand.
    #[error("{} does not say what was set up before", path.display())]
    Record { path: PathBuf },
}

impl Hint for SetupError {
    fn hint(&self) -> Option<String> {
        match self {
            Self::Config(error) => error.hint(),
            Self::Disk(error) => error.hint(),
            Self::Record { path } => {
                Some(format!("move {} away; only earlier helpers are forgotten", path.display()))
            }
        }
    }
}

/// The record of earlier helpers, by file, then by the key of the registry or [`EVERY`]. It is a file of its own
/// because Docker drops names that it does not know from its own file.
#[derive(Clone, Serialize, Deserialize)]
struct PreviousHelpers {
    version: u32,
    files: BTreeMap<String, BTreeMap<String, Option<String>>>,
    /// The helpers that `install` has named for single registries, so that they are still called there.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    kept: BTreeMap<String, BTreeMap<String, String>>,
}

/// The name of [`HelperSlot::Every`] in the record; no key of a registry has a star.
const EVERY: &str = "*";

/// Takes the lock for reading and changing a setup. Dropping the value releases it.
pub fn lock(record: &Path) -> Result<impl Sized + use<>, SetupError> {
    record.parent().map_or(Ok(()), disk::make_folder)?;
    Ok(disk::lock(record)?)
}

/// A change of a client's file that is not written yet.
pub struct SetupPlan {
    record: PathBuf,
    before: PreviousHelpers,
    after: PreviousHelpers,
    /// The file after the change.
    pub config: ConfigFile,
    /// The change of each slot, in the order in which they were given.
    pub changes: Vec<SetupChange>,
    direction: SetupDirection,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum SetupDirection {
    Install,
    Uninstall,
}

impl SetupPlan {
    /// Plans to make this program the helper in a client's file. `kept` are registries that keep their helper, by the
    /// keys under which the client looks them up, although this program becomes the helper for every registry.
    pub fn install(
        record: &Path,
        config: ConfigFile,
        slots: &[HelperSlot],
        helper: &HelperName,
        kept: &[(String, String)],
    ) -> Result<Self, SetupError> {
        let mut plan = Self::start(record, config, SetupDirection::Install)?;
        for slot in slots {
            let earlier = slot.helper(&plan.config)?;
            if earlier.as_deref() == Some(helper.as_str()) {
                plan.changes.push(SetupChange::AlreadySet);
                continue;
            }
            // A change between profiles keeps the helper that was there before both.
            let earlier = match slot {
                // Docker would no longer find this helper by itself once its file has a login.
                HelperSlot::Every => plan.config.store_in_effect()?,
                HelperSlot::One(_) => earlier,
            };
            if !earlier.as_deref().is_some_and(HelperName::is_ours) {
                plan.after.for_file(&plan.config).insert(slot.record_key().to_owned(), earlier.clone());
            }
            slot.set_helper(&mut plan.config, Some(helper.as_str()))?;
            plan.changes.push(SetupChange::Set(earlier));
        }
        for (key, helper) in kept {
            plan.config.set_helper(key, Some(helper))?;
            plan.after.kept_for_file(&plan.config).insert(key.clone(), helper.clone());
        }
        Ok(plan)
    }

    /// Plans to restore the earlier helpers in a client's file where this program is still the helper: under the name
    /// `helper`, or under any of its names.
    pub fn uninstall(
        record: &Path,
        config: ConfigFile,
        slots: &[HelperSlot],
        helper: Option<&HelperName>,
    ) -> Result<Self, SetupError> {
        let mut plan = Self::start(record, config, SetupDirection::Uninstall)?;
        if slots.contains(&HelperSlot::Every) && HelperSlot::Every.is_ours(&plan.config, helper)? {
            plan.release_kept()?;
        }
        for slot in slots {
            let current = slot.helper(&plan.config)?;
            if slot.is_ours(&plan.config, helper)? {
                let earlier = plan.after.for_file(&plan.config).remove(slot.record_key()).flatten();
                let is_found = *slot == HelperSlot::Every && plan.config.store_found_by_docker()? == earlier;
                slot.set_helper(&mut plan.config, earlier.as_deref().filter(|_| !is_found))?;
                plan.changes.push(SetupChange::Restored(earlier));
            } else {
                // Once another program has become the helper, the record is obsolete. A helper for another profile
                // does not make it so.
                if !current.as_deref().is_some_and(HelperName::is_ours) {
                    plan.after.for_file(&plan.config).remove(slot.record_key());
                }
                plan.changes.push(SetupChange::Kept(current));
            }
        }
        Ok(plan)
    }

    /// Writes the record and the client's file. After an error, both are as they were, or the record has entries that
    /// the next change cleans up.
    pub fn write(self) -> Result<(), SetupError> {
        match self.direction {
            SetupDirection::Install => {
                self.after.write(&self.record)?;
                self.config.write().map_err(|error| {
                    // The error that is reported is that of the client's file.
                    let _ = self.before.write(&self.record);
                    error.into()
                })
            }
            SetupDirection::Uninstall => {
                self.config.write()?;
                self.after.write(&self.record)
            }
        }
    }

    fn start(record: &Path, config: ConfigFile, direction: SetupDirection) -> Result<Self, SetupError> {
        let before = PreviousHelpers::read(record)?;
        let (record, after) = (record.to_owned(), before.clone());
        Ok(Self { record, before, after, config, changes: Vec::new(), direction })
    }

    /// Removes the helpers that registries kept at `install`, unless somebody has changed them. Where this program has
    /// taken the place of one since, there is none to restore.
    fn release_kept(&mut self) -> Result<(), ConfigError> {
        for (key, helper) in std::mem::take(self.after.kept_for_file(&self.config)) {
            if self.config.helper(&key)?.as_deref() == Some(helper.as_str()) {
                self.config.set_helper(&key, None)?;
            } else if let Some(earlier) = self.after.for_file(&self.config).get_mut(&key)
                && earlier.as_deref() == Some(helper.as_str())
            {
                *earlier = None;
            }
        }
        Ok(())
    }
}

/// Returns the earlier helpers that are recorded for a client's file.
pub fn previous_helpers(record: &Path, config: &ConfigFile) -> Result<Vec<String>, SetupError> {
    let mut previous = PreviousHelpers::read(record)?;
    Ok(previous.for_file(config).values().flatten().cloned().collect())
}

/// Returns the entries of a client's file in which `install` has set this program, and `uninstall` has not
/// restored the earlier helper.
pub fn installed_slots(record: &Path, config: &ConfigFile) -> Result<Vec<HelperSlot>, SetupError> {
    let mut previous = PreviousHelpers::read(record)?;
    let keys = previous.for_file(config).keys();
    let to_slot = |key: &String| if key == EVERY { HelperSlot::Every } else { HelperSlot::One(key.clone()) };
    Ok(keys.map(to_slot).collect())
}

impl HelperSlot {
    /// Returns the registries of this entry, for a sentence.
    pub fn words(&self) -> &str {
        match self {
            Self::Every => "every registry",
            Self::One(key) => key,
        }
    }

    fn record_key(&self) -> &str {
        match self {
            Self::Every => EVERY,
            Self::One(key) => key,
        }
    }

    /// Returns the helper that a client's file names in this entry.
    pub fn helper(&self, config: &ConfigFile) -> Result<Option<String>, ConfigError> {
        match self {
            Self::Every => config.store(),
            Self::One(key) => config.helper(key),
        }
    }

    /// True when the entry names this program: under the name `helper`, or under any of its names.
    fn is_ours(&self, config: &ConfigFile, helper: Option<&HelperName>) -> Result<bool, ConfigError> {
        let current = self.helper(config)?;
        Ok(current.is_some_and(|name| {
            helper.map_or_else(|| HelperName::is_ours(&name), |helper| name == helper.as_str())
        }))
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
            return Ok(Self { version: VERSION, files: BTreeMap::new(), kept: BTreeMap::new() });
        };
        let record: Option<Self> = serde_json::from_slice(&bytes).ok();
        record
            .filter(|record| record.version == VERSION)
            .ok_or_else(|| SetupError::Record { path: path.to_owned() })
    }

    /// Returns the record of a file, for any spelling of its path.
    fn for_file(&mut self, config: &ConfigFile) -> &mut BTreeMap<String, Option<String>> {
        self.files.entry(file_key(config)).or_default()
    }

    fn kept_for_file(&mut self, config: &ConfigFile) -> &mut BTreeMap<String, String> {
        self.kept.entry(file_key(config)).or_default()
    }

    fn write(mut self, path: &Path) -> Result<(), SetupError> {
        self.files.retain(|_, helpers| !helpers.is_empty());
        self.kept.retain(|_, helpers| !helpers.is_empty());
        if self.files.is_empty() && self.kept.is_empty() && !path.exists() {
            return Ok(());
        }
        let Ok(json) = serde_json::to_vec(&self) else { return Ok(()) };
        Ok(disk::replace(path, &json, disk::PRIVATE)?)
    }
}

/// Returns the name of a client's file in the record.
fn file_key(config: &ConfigFile) -> String {
    let path = config.path();
    let resolved = match (path.parent(), path.file_name()) {
        (Some(folder), Some(name)) if !path.exists() => disk::without_links(folder).join(name),
        _ => disk::without_links(path),
    };
    resolved.display().to_string()
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn install(
        record: &Path,
        config: ConfigFile,
        slots: &[HelperSlot],
        helper: &HelperName,
    ) -> Result<Vec<SetupChange>, SetupError> {
        let mut plan = SetupPlan::install(record, config, slots, helper, &[])?;
        let changes = std::mem::take(&mut plan.changes);
        plan.write().map(|()| changes)
    }

    fn uninstall(
        record: &Path,
        config: ConfigFile,
        slots: &[HelperSlot],
        helper: Option<&HelperName>,
    ) -> Result<Vec<SetupChange>, SetupError> {
        let mut plan = SetupPlan::uninstall(record, config, slots, helper)?;
        let changes = std::mem::take(&mut plan.changes);
        plan.write().map(|()| changes)
    }

    #[test]
    fn uninstall_restores_the_file_that_install_changed() {
        let plain = HelperName::for_profile(None);
        for (before, slot) in [
            ("{\n\t\"credsStore\": \"desktop\",\n\t\"a\": 1\n}\n", HelperSlot::Every),
            ("{\n\t\"a\": 1\n}\n", HelperSlot::Every),
            ("{\n\t\"credsStore\": \"desktop\"\n}\n", HelperSlot::One("ghcr.io".to_owned())),
            (
                "{\n\t\"credHelpers\": {\n\t\t\"ghcr.io\": \"gh\"\n\t}\n}\n",
                HelperSlot::One("ghcr.io".to_owned()),
            ),
        ] {
            let folder = tempfile::tempdir().expect("a folder");
            let (record, config) = (folder.path().join("ours/setup.json"), folder.path().join("config.json"));
            let read = || ConfigFile::read(config.clone()).expect("valid");
            drop(lock(&record).expect("the lock, and its folder"));
            fs::write(&config, before).expect("written");
            let slots = [slot];
            let set = install(&record, read(), &slots, &plain).expect("installed");
            assert!(matches!(set[..], [SetupChange::Set(_)]), "{before}");
            assert_eq!(slots[0].helper(&read()).expect("a name").as_deref(), Some("pat"));
            assert_eq!(install(&record, read(), &slots, &plain).expect("again"), [SetupChange::AlreadySet]);
            let work = HelperName::for_profile(Some("work"));
            install(&record, read(), &slots, &work).expect("for a profile");
            assert_eq!(slots[0].helper(&read()).expect("a name").as_deref(), Some("pat-work"));
            uninstall(&record, read(), &slots, None).expect("uninstalled");
            assert_eq!(fs::read_to_string(&config).expect("there"), before);
            assert!(matches!(
                uninstall(&record, read(), &slots, None).expect("again")[..],
                [SetupChange::Kept(_)]
            ));
        }
    }

    #[test]
    fn uninstall_keeps_a_helper_that_was_set_after_install() {
        let folder = tempfile::tempdir().expect("a folder");
        let (record, config) = (folder.path().join("setup.json"), folder.path().join("config.json"));
        let read = || ConfigFile::read(config.clone()).expect("valid");
        install(&record, read(), &[HelperSlot::Every], &HelperName::for_profile(None)).expect("installed");
        fs::write(&config, r#"{"credsStore":"desktop"}"#).expect("written");
        let changes = uninstall(&record, read(), &[HelperSlot::Every], None).expect("done");
        assert_eq!(changes, [SetupChange::Kept(Some("desktop".to_owned()))]);
        assert_eq!(read().store().expect("a name").as_deref(), Some("desktop"));
    }

    #[test]
    fn install_with_a_record_of_another_version_fails_and_changes_nothing() {
        let folder = tempfile::tempdir().expect("a folder");
        let (record, config) = (folder.path().join("setup.json"), folder.path().join("config.json"));
        fs::write(&record, r#"{"version":2,"files":{}}"#).expect("written");
        let file = ConfigFile::read(config.clone()).expect("missing");
        assert!(matches!(
            install(&record, file, &[HelperSlot::Every], &HelperName::for_profile(None)),
            Err(SetupError::Record { .. })
        ));
        assert!(!config.exists());
    }
}
