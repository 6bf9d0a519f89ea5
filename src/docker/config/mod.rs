//! Reads and changes the files in which Docker and podman name their credential helpers. All other values keep their
//! bytes and their order.

pub mod helper_lookup;
pub mod logins;
pub mod members;

use std::path::{Path, PathBuf};

use serde::de::IgnoredAny;
use serde_json::value::{RawValue, to_raw_value};
use thiserror::Error;
use zeroize::Zeroizing;

use crate::docker::config::logins::without_secrets;
use crate::docker::config::members::{JsonMap, Members, map_to_json};
use crate::model::hint::Hint;
use crate::system::disk;
use crate::system::disk::{DiskError, LastLink, PRIVATE};

/// The largest accepted file, in bytes.
pub const MAX_BYTES: u64 = 16 * 1024 * 1024;

/// The byte order marks of UTF-8 and UTF-16, which Windows' editors write: <https://www.unicode.org/faq/utf_bom.html>
const BYTE_ORDER_MARKS: [&[u8]; 3] = [b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff"];

const CREDS_STORE: &str = "credsStore";
const CRED_HELPERS: &str = "credHelpers";
const AUTHS: &str = "auths";

/// A `config.json` of Docker (<https://docs.docker.com/reference/cli/docker/#credential-store-options>)
/// or an `auth.json` of podman
/// (<https://github.com/containers/image/blob/main/docs/containers-auth.json.5.md>).
pub struct ConfigFile {
    path: PathBuf,
    /// The file on disk, which may hold plain-text logins; `None` when it does not exist.
    written: Option<SavedConfig>,
    members: Members,
    has_changed: bool,
}

struct SavedConfig {
    bytes: Zeroizing<Vec<u8>>,
    mode: u32,
    /// False when the file has more than clients read of it: text after the object, or bytes that are not UTF-8.
    is_read_whole: bool,
}

/// A file that cannot be used. It is left as it is.
#[derive(Debug, Error)]
pub enum ConfigError {
    #[error(transparent)]
    Disk(#[from] DiskError),
    /// The message of the JSON parser is dropped: it could quote a login. Line and column count from 1.
    #[error("{} is not valid JSON (line {line}, column {column})", path.display())]
    NotJson { path: PathBuf, line: usize, column: usize },
    #[error("{} starts with a byte order mark, which Docker cannot read either", .0.display())]
    ByteOrderMark(PathBuf),
    /// The value with the name `place` is not the expected object or string.
    #[error("{} has something unexpected at {place}", path.display())]
    Unexpected { path: PathBuf, place: &'static str },
}

impl Hint for ConfigError {
    fn hint(&self) -> Option<String> {
        match self {
            Self::Disk(error) => error.hint(),
            Self::ByteOrderMark(path) => Some(format!(
                "save {} as UTF-8 without a byte order mark, and try again; it was left as it is",
                path.display()
            )),
            Self::NotJson { path, .. } | Self::Unexpected { path, .. } => {
                Some(format!("mend {} by hand and try again; it was not changed", path.display()))
            }
        }
    }
}

impl ConfigFile {
    /// Reads a file. A missing or blank file is an empty object.
    pub fn read(path: PathBuf) -> Result<Self, ConfigError> {
        // A link to a file that does not exist yet is written through.
        let found = if disk::is_missing(&path) { None } else { disk::read(&path, MAX_BYTES)? };
        let Some((bytes, metadata)) = found else {
            return Ok(Self { path, written: None, members: Members::default(), has_changed: false });
        };
        let (bytes, mode) = (Zeroizing::new(bytes), disk::mode(&metadata));
        let members = parse_named(&path, &bytes)?;
        let is_json = |text| serde_json::from_str::<IgnoredAny>(text).is_ok();
        let is_read_whole = str::from_utf8(&bytes).is_ok_and(is_json);
        let written = Some(SavedConfig { bytes, mode, is_read_whole });
        Ok(Self { path, written, members, has_changed: false })
    }

    /// Parses content that is not written back, such as that of a pipe. The path is for messages only.
    pub fn from_pipe(path: PathBuf, bytes: &[u8]) -> Result<Self, ConfigError> {
        let members = parse_named(&path, bytes)?;
        Ok(Self { path, written: None, members, has_changed: false })
    }

    /// Parses content in the form of `.dockercfg`: the registries themselves, without `auths` around them.
    pub fn from_legacy(path: PathBuf, bytes: &[u8]) -> Result<Self, ConfigError> {
        let entries = parse_named(&path, bytes)?;
        let mut members = Members::default();
        members.set(AUTHS, to_raw(entries.to_json(0)));
        Ok(Self { path, written: None, members, has_changed: false })
    }

    /// True when the file was on disk.
    pub fn exists(&self) -> bool {
        self.written.is_some()
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Returns the helper for every registry, without `docker-credential-`. Clients write an empty name for "none".
    pub fn store(&self) -> Result<Option<String>, ConfigError> {
        let Some(raw) = self.members.value(CREDS_STORE) else { return Ok(None) };
        let name: String = serde_json::from_str(raw.get()).map_err(|_| self.unexpected(CREDS_STORE))?;
        Ok(Some(name).filter(|name| !name.is_empty()))
    }

    /// Sets or removes the helper for every registry.
    pub fn set_store(&mut self, helper: Option<&str>) {
        let is_same = match (self.members.value(CREDS_STORE), helper) {
            (None, None) => true,
            (Some(raw), Some(name)) => serde_json::from_str::<String>(raw.get()).is_ok_and(|now| now == name),
            (None, Some(_)) | (Some(_), None) => false,
        };
        if !is_same {
            self.set(CREDS_STORE, helper.and_then(|name| to_raw_value(name).ok()));
        }
    }

    /// Returns the helper for one registry. An empty name, or `null`, means the file itself.
    pub fn helper(&self, key: &str) -> Result<Option<String>, ConfigError> {
        let Some(name) = self.helpers()?.get(key).map(|raw| serde_json::from_str(raw.get())) else {
            return Ok(None);
        };
        let name: Option<String> = name.map_err(|_| self.unexpected(CRED_HELPERS))?;
        Ok(Some(name.unwrap_or_default()))
    }

    /// Returns the helpers for single registries. An empty name means the file itself.
    pub fn own_helpers(&self) -> Result<Vec<(String, String)>, ConfigError> {
        let parse = |(key, raw): (String, Box<RawValue>)| {
            let name: Option<String> =
                serde_json::from_str(raw.get()).map_err(|_| self.unexpected(CRED_HELPERS))?;
            Ok((key, name.unwrap_or_default()))
        };
        self.helpers()?.into_iter().map(parse).collect()
    }

    /// Sets or removes the helper for one registry.
    pub fn set_helper(&mut self, key: &str, helper: Option<&str>) -> Result<(), ConfigError> {
        if self.helper(key)?.as_deref() == helper {
            return Ok(());
        }
        let mut helpers = self.helpers()?;
        match helper.map(to_raw_value) {
            Some(Ok(raw)) => drop(helpers.insert(key.to_owned(), raw)),
            Some(Err(_)) | None => drop(helpers.shift_remove(key)),
        }
        self.set(CRED_HELPERS, if helpers.is_empty() { None } else { to_raw(map_to_json(&helpers, 1)) });
        Ok(())
    }

    /// Returns the registries that have their own helper.
    pub fn registries_with_helpers(&self) -> Result<Vec<String>, ConfigError> {
        Ok(self.helpers()?.into_keys().collect())
    }

    /// Fails where [`write`](Self::write) would fail. Nothing is changed; a file without changes is not checked.
    pub fn check_writable(&self) -> Result<(), ConfigError> {
        if !self.has_changed {
            return Ok(());
        }
        disk::check_replaceable(&self.path, LastLink::Followed)?;
        if self.exists() {
            disk::check_replaceable(&backup_path(&self.path), LastLink::Replaced)?;
        }
        Ok(())
    }

    /// Writes the file atomically, after saving the earlier version without its secrets as `NAME.bak`. A file
    /// without changes is not written.
    pub fn write(self) -> Result<(), ConfigError> {
        if !self.has_changed {
            return Ok(());
        }
        let json = to_file(&self.members);
        let Some(saved) = &self.written else {
            self.path.parent().map_or(Ok(()), disk::make_folder)?;
            return Ok(disk::replace(&self.path, json.as_bytes(), PRIVATE)?);
        };
        let backup = backup_path(&self.path);
        let had_backup = backup.symlink_metadata().is_ok();
        saved.back_up(&backup)?;
        disk::replace(&self.path, json.as_bytes(), saved.mode).map_err(|error| {
            if !had_backup {
                let _ = disk::remove(&backup);
            }
            error.into()
        })
    }

    /// Makes the file private when it is written: it gets secrets.
    fn close_to_others(&mut self) {
        if let Some(saved) = &mut self.written {
            saved.mode &= PRIVATE;
        }
    }

    fn set(&mut self, name: &str, value: Option<Box<RawValue>>) {
        self.members.set(name, value);
        self.has_changed = true;
    }

    fn helpers(&self) -> Result<JsonMap, ConfigError> {
        self.map(CRED_HELPERS)
    }

    /// Returns the map with a name, or an empty one.
    fn map(&self, name: &'static str) -> Result<JsonMap, ConfigError> {
        self.members.map(name).ok_or_else(|| self.unexpected(name))
    }

    fn unexpected(&self, place: &'static str) -> ConfigError {
        ConfigError::Unexpected { path: self.path.clone(), place }
    }
}

impl SavedConfig {
    /// Saves the file without its secrets. The backup is private to its owner, even where the file is not.
    fn back_up(&self, path: &Path) -> Result<(), DiskError> {
        let members = parse_file(&self.bytes).unwrap_or_default();
        let clean = match without_secrets(&members) {
            Some(clean) => Some(clean),
            None if self.is_read_whole => None,
            None => Some(members),
        };
        let clean = clean.map(|members| to_file(&members));
        let bytes = clean.as_ref().map_or(self.bytes.as_slice(), |json| json.as_bytes());
        disk::replace_link(path, bytes, self.mode & PRIVATE)
    }
}

/// Returns the path of the backup of a file: the state before the last change.
pub fn backup_path(path: &Path) -> PathBuf {
    disk::with_suffix(path, ".bak")
}

/// Removes the secrets from the backup of a file; earlier versions of this program kept them there. Returns whether
/// there were any.
pub fn clean_backup(path: &Path) -> Result<bool, ConfigError> {
    let backup = ConfigFile::read(backup_path(path))?;
    let Some(clean) = without_secrets(&backup.members) else { return Ok(false) };
    disk::replace_link(&backup.path, to_file(&clean).as_bytes(), PRIVATE)?;
    Ok(true)
}

/// True when the backup of a file holds secrets.
pub fn backup_has_secrets(path: &Path) -> Result<bool, ConfigError> {
    let backup = ConfigFile::read(backup_path(path))?;
    Ok(without_secrets(&backup.members).is_some())
}

/// Parses content, and names its file in an error.
fn parse_named(path: &Path, bytes: &[u8]) -> Result<Members, ConfigError> {
    if BYTE_ORDER_MARKS.iter().any(|mark| bytes.starts_with(mark)) {
        return Err(ConfigError::ByteOrderMark(path.to_owned()));
    }
    parse_file(bytes).map_err(|error| {
        if error.is_data() {
            ConfigError::Unexpected { path: path.to_owned(), place: "its top level" }
        } else {
            ConfigError::NotJson { path: path.to_owned(), line: error.line(), column: error.column() }
        }
    })
}

/// Parses the content of a file. A blank file is an empty object, and bytes that are not UTF-8 are replaced, as in
/// Go's decoder.
fn parse_file(bytes: &[u8]) -> Result<Members, serde_json::Error> {
    if bytes.trim_ascii().is_empty() {
        return Ok(Members::default());
    }
    let text = String::from_utf8_lossy(bytes);
    Members::parse(&text)
}

/// Formats the text of a file.
fn to_file(members: &Members) -> Zeroizing<String> {
    let mut json = Zeroizing::new(members.to_json(0));
    json.push('\n');
    json
}

fn to_raw(json: String) -> Option<Box<RawValue>> {
    RawValue::from_string(json).ok()
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn config(text: &str) -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("config.json");
        fs::write(&path, text).expect("written");
        (folder, path)
    }

    #[test]
    fn changing_the_store_keeps_other_values_and_their_order() {
        let before = "{\n\t\"z\": 1e400,\n\t\"auths\": {\n\t\t\"h\": { \"auth\": \"eA==\" }\n\t},\n\t\"credsStore\": \"desktop\",\n\t\"a\": [ 1,2 ]\n}\n";
        let (_folder, path) = config(before);
        let mut file = ConfigFile::read(path.clone()).expect("valid");
        assert_eq!(file.store().expect("a name").as_deref(), Some("desktop"));
        file.set_store(Some("pat"));
        file.write().expect("written");
        assert_eq!(fs::read_to_string(&path).expect("there"), before.replace("desktop", "pat"));
        let backup = fs::read_to_string(backup_path(&path)).expect("a backup");
        assert_eq!(backup, before.replace("{ \"auth\": \"eA==\" }", "{}"), "without the login");
        assert!(!clean_backup(&path).expect("valid"));
        fs::write(backup_path(&path), before).expect("written");
        assert!(clean_backup(&path).expect("valid"));
        assert_eq!(fs::read_to_string(backup_path(&path)).expect("a backup"), backup);
        let mut file = ConfigFile::read(path.clone()).expect("valid");
        file.set_store(Some("desktop"));
        file.write().expect("written");
        assert_eq!(fs::read_to_string(&path).expect("there"), before);
    }

    #[test]
    fn a_helper_for_one_registry_is_set_and_removed() {
        let before = "{\n\t\"credHelpers\": {\n\t\t\"gcr.io\": \"gcloud\"\n\t}\n}\n";
        let (_folder, path) = config(before);
        let mut file = ConfigFile::read(path.clone()).expect("valid");
        file.set_helper("ghcr.io", Some("pat")).expect("an object");
        assert_eq!(file.registries_with_helpers().expect("an object"), ["gcr.io", "ghcr.io"]);
        file.write().expect("written");
        let mut file = ConfigFile::read(path.clone()).expect("valid");
        assert_eq!(file.helper("ghcr.io").expect("a name").as_deref(), Some("pat"));
        file.set_helper("ghcr.io", None).expect("an object");
        file.write().expect("written");
        assert_eq!(fs::read_to_string(&path).expect("there"), before);
    }

    #[test]
    fn a_malformed_file_is_refused_and_left_as_it_is() {
        for (text, want) in [
            ("{\n  \"auths\": {,}\n}", "is not valid JSON (line 2, column 13)"),
            ("{\"credsStore\": \"x\"", "is not valid JSON (line 1, column 18)"),
            ("[]", "has something unexpected at its top level"),
        ] {
            let (_folder, path) = config(text);
            let error = ConfigFile::read(path.clone()).err().expect(text);
            assert_eq!(error.to_string(), format!("{} {want}", path.display()));
            assert_eq!(fs::read_to_string(&path).expect("there"), text);
        }
        for mark in ["\u{feff}".as_bytes(), b"\xff\xfe", b"\xfe\xff"] {
            let (_folder, path) = config("");
            let bytes = [mark, b"{}"].concat();
            fs::write(&path, &bytes).expect("written");
            let error = ConfigFile::read(path.clone()).err().expect("refused");
            assert!(error.to_string().contains("byte order mark"), "{error}");
            assert_eq!(fs::read(&path).expect("there"), bytes);
        }
        let (_folder, path) = config("{\"credsStore\": 1}");
        assert!(ConfigFile::read(path).expect("valid").store().is_err());
    }

    #[test]
    fn what_clients_read_of_a_file_is_read_and_the_backup_has_no_more() {
        for (before, after, backup) in [
            (
                &b"{\"auths\":{\"h\":{\"auth\":\"eDp5\"}}}\n:\"c2VjcmV0\"}}"[..],
                "{\n\t\"auths\": {\"h\":{\"auth\":\"eDp5\"}},\n\t\"credsStore\": \"pat\"\n}\n",
                "{\n\t\"auths\": {\n\t\t\"h\": {}\n\t}\n}\n",
            ),
            (
                b"{\"a\":\"Andr\xe9\"}",
                "{\n\t\"a\": \"Andr\u{fffd}\",\n\t\"credsStore\": \"pat\"\n}\n",
                "{\n\t\"a\": \"Andr\u{fffd}\"\n}\n",
            ),
        ] {
            let (_folder, path) = config("");
            fs::write(&path, before).expect("written");
            let mut file = ConfigFile::read(path.clone()).expect("clients read it");
            file.set_store(Some("pat"));
            file.write().expect("written");
            assert_eq!(fs::read_to_string(&path).expect("there"), after);
            assert_eq!(fs::read_to_string(backup_path(&path)).expect("a backup"), backup);
        }
    }

    #[test]
    fn a_file_that_already_says_it_is_not_written() {
        let before = "{ \"credsStore\" : \"pat\",\n  \"credHelpers\": {\"a\": \"x\", \"b\": null} }";
        let (_folder, path) = config(before);
        let mut file = ConfigFile::read(path.clone()).expect("valid");
        file.set_store(Some("pat"));
        file.set_helper("none", None).expect("a map");
        assert_eq!(file.helper("b").expect("a name").as_deref(), Some(""));
        file.remove_logins(&["a"], logins::EntryRemainder::Entry).expect("a map");
        file.write().expect("nothing to do");
        assert_eq!(fs::read_to_string(&path).expect("there"), before);
        assert!(!backup_path(&path).exists());
    }

    #[test]
    fn a_missing_or_blank_file_is_an_empty_object() {
        let (folder, path) = config(" \n");
        for path in [path, folder.path().join("new/config.json")] {
            let mut file = ConfigFile::read(path.clone()).expect("empty");
            file.set_store(Some("pat"));
            file.write().expect("written");
            assert_eq!(fs::read_to_string(&path).expect("there"), "{\n\t\"credsStore\": \"pat\"\n}\n");
        }
    }

    #[test]
    fn plain_logins_names_the_entries_with_secrets() {
        let (_folder, path) = config(
            r#"{"auths": {"a": {"auth": "eA=="}, "b": {}, "c": {"email": "x"}, "d": null, "e": {"identitytoken": "x"}}}"#,
        );
        assert_eq!(ConfigFile::read(path).expect("valid").plain_logins().expect("an object"), ["a", "e"]);
    }
}
