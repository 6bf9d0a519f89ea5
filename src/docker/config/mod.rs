//! Reads and changes the files in which Docker and podman name their credential helpers. All other values keep their
//! bytes and their order.

pub mod helper_lookup;
pub mod logins;

use std::path::{Path, PathBuf};

use indexmap::IndexMap;
use serde_json::value::{RawValue, to_raw_value};
use thiserror::Error;
use zeroize::Zeroizing;

use crate::docker::config::logins::without_secrets;
use crate::model::hint::Hint;
use crate::system::disk;
use crate::system::disk::{DiskError, PRIVATE};

/// The largest accepted file, in bytes.
const MAX_BYTES: u64 = 16 * 1024 * 1024;

/// The byte order marks of UTF-8 and UTF-16, which Windows' editors write: <https://www.unicode.org/faq/utf_bom.html>
const BYTE_ORDER_MARKS: [&[u8]; 3] = [b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff"];

const CREDS_STORE: &str = "credsStore";
const CRED_HELPERS: &str = "credHelpers";
const AUTHS: &str = "auths";

/// A JSON object whose values keep their bytes.
pub type JsonObject = IndexMap<String, Box<RawValue>>;

/// A `config.json` of Docker (<https://docs.docker.com/reference/cli/docker/#credential-store-options>)
/// or an `auth.json` of podman
/// (<https://github.com/containers/image/blob/main/docs/containers-auth.json.5.md>).
pub struct ConfigFile {
    path: PathBuf,
    /// The file on disk, which may hold plain-text logins; `None` when it does not exist.
    written: Option<SavedConfig>,
    object: JsonObject,
}

struct SavedConfig {
    bytes: Zeroizing<Vec<u8>>,
    mode: u32,
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
                Some(format!("mend {} by hand and try again; it was left as it is", path.display()))
            }
        }
    }
}

impl ConfigFile {
    /// Reads a file. A missing or blank file is an empty object.
    pub fn read(path: PathBuf) -> Result<Self, ConfigError> {
        let Some((bytes, metadata)) = disk::read(&path, MAX_BYTES)? else {
            return Ok(Self { path, written: None, object: JsonObject::new() });
        };
        let (bytes, mode) = (Zeroizing::new(bytes), disk::mode(&metadata));
        let object = parse_named(&path, &bytes)?;
        Ok(Self { path, written: Some(SavedConfig { bytes, mode }), object })
    }

    /// Parses content that comes through a pipe. The path is for messages only.
    pub fn from_pipe(path: PathBuf, bytes: &[u8]) -> Result<Self, ConfigError> {
        let object = parse_named(&path, bytes)?;
        Ok(Self { path, written: None, object })
    }

    /// True when the file was on disk.
    pub fn exists(&self) -> bool {
        self.written.is_some()
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Returns the helper for every registry, without `docker-credential-`.
    pub fn store(&self) -> Result<Option<String>, ConfigError> {
        let raw = self.object.get(CREDS_STORE);
        raw.map(|name| serde_json::from_str(name.get())).transpose().map_err(|_| self.unexpected(CREDS_STORE))
    }

    /// Sets or removes the helper for every registry.
    pub fn set_store(&mut self, helper: Option<&str>) {
        set(&mut self.object, CREDS_STORE, helper);
    }

    /// Returns the helper for one registry.
    pub fn helper(&self, key: &str) -> Result<Option<String>, ConfigError> {
        match self.helpers()?.get(key) {
            None => Ok(None),
            Some(name) => serde_json::from_str(name.get()).map_err(|_| self.unexpected(CRED_HELPERS)),
        }
    }

    /// Sets or removes the helper for one registry.
    pub fn set_helper(&mut self, key: &str, helper: Option<&str>) -> Result<(), ConfigError> {
        let mut helpers = self.helpers()?;
        set(&mut helpers, key, helper);
        if helpers.is_empty() {
            self.object.shift_remove(CRED_HELPERS);
        } else if let Ok(raw) = RawValue::from_string(to_json(&helpers, 1)) {
            self.object.insert(CRED_HELPERS.to_owned(), raw);
        }
        Ok(())
    }

    /// Returns the registries that have their own helper.
    pub fn registries_with_helpers(&self) -> Result<Vec<String>, ConfigError> {
        Ok(self.helpers()?.into_keys().collect())
    }

    /// Writes the file atomically, after saving the earlier version without its secrets as `NAME.bak`. A file
    /// without changes is not written.
    pub fn write(self) -> Result<(), ConfigError> {
        let json = to_file(&self.object);
        let mode = match &self.written {
            Some(SavedConfig { bytes, .. }) if **bytes == *json.as_bytes() => return Ok(()),
            Some(SavedConfig { bytes, mode }) => {
                let earlier = parse_file(bytes).ok().as_ref().and_then(without_secrets);
                let clean = earlier.map(|object| to_file(&object));
                let bytes = clean.as_ref().map_or(bytes.as_slice(), |json| json.as_bytes());
                // The backup is private to its owner, even where the file is not.
                disk::replace(&backup_path(&self.path), bytes, mode & PRIVATE)?;
                *mode
            }
            None if self.object.is_empty() => return Ok(()),
            None => {
                self.path.parent().map_or(Ok(()), disk::make_folder)?;
                PRIVATE
            }
        };
        Ok(disk::replace(&self.path, json.as_bytes(), mode)?)
    }

    fn helpers(&self) -> Result<JsonObject, ConfigError> {
        self.object_at(CRED_HELPERS)
    }

    /// Returns the object with a name, or an empty one.
    fn object_at(&self, name: &'static str) -> Result<JsonObject, ConfigError> {
        let Some(raw) = self.object.get(name) else { return Ok(JsonObject::new()) };
        parse_object(raw.get()).ok_or_else(|| self.unexpected(name))
    }

    fn unexpected(&self, place: &'static str) -> ConfigError {
        ConfigError::Unexpected { path: self.path.clone(), place }
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
    let Some(clean) = without_secrets(&backup.object) else { return Ok(false) };
    disk::replace(&backup.path, to_file(&clean).as_bytes(), PRIVATE)?;
    Ok(true)
}

/// True when the backup of a file holds secrets.
pub fn backup_has_secrets(path: &Path) -> Result<bool, ConfigError> {
    let backup = ConfigFile::read(backup_path(path))?;
    Ok(without_secrets(&backup.object).is_some())
}

/// Parses a JSON object. `null` is an empty object, as in Go's decoder, which clients use.
pub fn parse_object(text: &str) -> Option<JsonObject> {
    if text.trim_ascii() == "null" { Some(JsonObject::new()) } else { serde_json::from_str(text).ok() }
}

/// Parses the text of a file. A blank file is an empty object.
/// Parses content, and names its file in an error.
fn parse_named(path: &Path, bytes: &[u8]) -> Result<JsonObject, ConfigError> {
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

fn parse_file(bytes: &[u8]) -> Result<JsonObject, serde_json::Error> {
    if bytes.trim_ascii().is_empty() { Ok(JsonObject::new()) } else { serde_json::from_slice(bytes) }
}

/// Formats the text of a file.
fn to_file(object: &JsonObject) -> Zeroizing<String> {
    let mut json = Zeroizing::new(to_json(object, 0));
    json.push('\n');
    json
}

fn set(object: &mut JsonObject, name: &str, value: Option<&str>) {
    match value.map(to_raw_value) {
        Some(Ok(raw)) => drop(object.insert(name.to_owned(), raw)),
        Some(Err(_)) | None => drop(object.shift_remove(name)),
    }
}

/// Formats an object as Docker does, with one value per line, indented with tabs. The values keep their bytes.
fn to_json(object: &JsonObject, depth: usize) -> String {
    if object.is_empty() {
        return "{}".to_owned();
    }
    let indent = "\t".repeat(depth);
    let lines: Vec<String> = object
        .iter()
        .map(|(name, value)| {
            format!("{indent}\t{}: {}", serde_json::to_string(name).unwrap_or_default(), value.get())
        })
        .collect();
    format!("{{\n{}\n{indent}}}", lines.join(",\n"))
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
            ("{} x", "is not valid JSON (line 1, column 4)"),
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
