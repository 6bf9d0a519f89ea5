//! Reads plain-text logins from a client's file as clients do, and removes them.

use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::{GeneralPurpose, GeneralPurposeConfig};
use serde_json::value::{RawValue, to_raw_value};
use thiserror::Error;
use zeroize::Zeroizing;

use crate::docker::config::members::{Members, map_to_json};
use crate::docker::config::{AUTHS, ConfigError, ConfigFile, to_raw};
use crate::docker::wire::Credentials;
use crate::model::registry::{Key, KeyError};
use crate::model::secret::Secret;
use crate::model::token::IDENTITY_USER;
use crate::system::secret_json::unescape;

const AUTH: &str = "auth";
const IDENTITY: &str = "identitytoken";
const REGISTRY: &str = "registrytoken";
const USER: &str = "username";
const PASSWORD: &str = "password";

/// The fields of an entry that hold a secret:
/// <https://github.com/docker/cli/blob/master/cli/config/types/authconfig.go>.
const SECRETS: [&str; 4] = [AUTH, IDENTITY, REGISTRY, PASSWORD];

/// The fields of an entry that make up a login.
const LOGIN: [&str; 4] = [AUTH, IDENTITY, USER, PASSWORD];

/// Accepts any trailing bits, as Go's decoder does, which clients use.
const BASE64: GeneralPurpose =
    GeneralPurpose::new(&STANDARD, GeneralPurposeConfig::new().with_decode_allow_trailing_bits(true));

/// A login in plain text.
#[derive(Debug)]
pub struct PlainLogin {
    /// The name of the entry, as written in the file.
    pub key: String,
    pub credentials: Result<Credentials, PlainLoginError>,
}

/// A login that no other helper can store.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum PlainLoginError {
    /// The entry is not an object, or one of its fields is not a string.
    #[error("its entry is not as clients write it")]
    Entry,
    #[error("its auth is not base64")]
    NotBase64,
    #[error("its auth is not user:secret")]
    NotUserAndSecret,
    /// The protocol of helpers is JSON, which holds UTF-8 only.
    #[error("user name or secret is not valid UTF-8")]
    NotUtf8,
    #[error("it has no user name")]
    NoUser,
    #[error("its secret is empty")]
    NoSecret,
    /// The protocol of helpers has no field for it.
    #[error("no helper can keep a registrytoken")]
    RegistryToken,
    #[error(transparent)]
    Key(#[from] KeyError),
}

/// The part of an entry that remains after its login was removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EntryRemainder {
    /// The entry stays with its other fields, or as `{}`, from which Docker knows that it is logged in.
    Entry,
    /// The whole entry is removed.
    Nothing,
}

impl ConfigFile {
    /// Returns the plain-text logins.
    pub fn logins(&self) -> Result<Vec<PlainLogin>, ConfigError> {
        let mut logins = Vec::new();
        for (key, entry) in self.map(AUTHS)? {
            let found = read(&key, &entry);
            logins.extend(found.into_iter().map(|credentials| PlainLogin { key: key.clone(), credentials }));
        }
        Ok(logins)
    }

    /// Returns the names of all entries for registries, also of those without a login in plain text.
    pub fn entry_names(&self) -> Result<Vec<String>, ConfigError> {
        Ok(self.map(AUTHS)?.into_keys().collect())
    }

    /// Returns the names of the entries with plain-text logins.
    pub fn plain_logins(&self) -> Result<Vec<String>, ConfigError> {
        let mut keys: Vec<_> = self.logins()?.into_iter().map(|login| login.key).collect();
        keys.dedup();
        Ok(keys)
    }

    /// Writes logins in plain text, each under a name, and keeps the other fields of their entries. A user name with a
    /// colon cannot be written.
    pub fn set_logins(&mut self, logins: &[(&str, &Credentials)]) -> Result<(), ConfigError> {
        let mut entries = self.map(AUTHS)?;
        for (name, Credentials { user, secret, .. }) in logins.iter().filter(|(_, login)| is_plain(login)) {
            let entry = entries.get(*name).map(|raw| Members::parse(raw.get()));
            let mut fields = entry.transpose().map_err(|_| self.unexpected(AUTHS))?.unwrap_or_default();
            fields.remove(&LOGIN);
            if user.as_str() == IDENTITY_USER {
                fields.set(IDENTITY, to_raw_value(secret.expose()).ok());
            } else {
                let auth = encode(user, secret.expose());
                fields.set(AUTH, auth.and_then(|auth| to_raw_value(&*auth).ok()));
            }
            if let Some(entry) = to_raw(fields.to_json(2)) {
                entries.insert((*name).to_owned(), entry);
            }
        }
        if !logins.is_empty() {
            self.set(AUTHS, to_raw(map_to_json(&entries, 1)));
            self.close_to_others();
        }
        Ok(())
    }

    /// Adds empty entries, from which Docker knows that it is logged in, for names without an entry.
    pub fn add_entries(&mut self, names: &[String]) -> Result<(), ConfigError> {
        let mut entries = self.map(AUTHS)?;
        let before = entries.len();
        for (name, empty) in names.iter().filter_map(|name| Some((name, to_raw("{}".to_owned())?))) {
            entries.entry(name.clone()).or_insert(empty);
        }
        if entries.len() > before {
            self.set(AUTHS, to_raw(map_to_json(&entries, 1)));
        }
        Ok(())
    }

    /// Removes the logins of some entries. A `registrytoken` stays, with its entry.
    pub fn remove_logins(&mut self, keys: &[&str], remainder: EntryRemainder) -> Result<(), ConfigError> {
        let mut entries = self.map(AUTHS)?;
        let mut is_touched = false;
        for key in keys {
            let Some(rest) = entries.get(*key).and_then(|entry| without(entry, &LOGIN)) else { continue };
            is_touched = true;
            if remainder == EntryRemainder::Nothing && field(&rest, REGISTRY).is_none() {
                entries.shift_remove(*key);
            } else if let Some(rest) = to_raw(rest.to_json(2)) {
                entries.insert((*key).to_owned(), rest);
            }
        }
        if is_touched {
            self.set(AUTHS, to_raw(map_to_json(&entries, 1)));
        }
        Ok(())
    }
}

/// Returns the object without the secrets of its logins; `None` when it holds none.
///
/// Entries of an unknown form may hold secrets too, and are emptied.
pub(super) fn without_secrets(members: &Members) -> Option<Members> {
    let Some(mut entries) = members.map(AUTHS) else {
        let mut clean = members.clone();
        clean.set(AUTHS, to_raw("{}".to_owned()));
        return Some(clean);
    };
    let mut is_touched = false;
    for entry in entries.values_mut() {
        if let Some(fields) = without(entry, &SECRETS) {
            *entry = to_raw(fields.to_json(2))?;
            is_touched = true;
        }
    }
    // A map that is merged away may hold secrets too, and so may the name of an entry.
    is_touched |= members.has_several(AUTHS);
    is_touched |= entries.keys().any(|name| without_account(name) != *name);
    let entries = entries.into_iter().map(|(name, entry)| (without_account(&name), entry)).collect();
    is_touched.then(|| {
        let mut clean = members.clone();
        clean.set(AUTHS, to_raw(map_to_json(&entries, 1)));
        clean
    })
}

/// Returns an entry without some of its fields; `None` when it has none of them. A value that is not an entry
/// becomes an empty entry.
fn without(entry: &RawValue, names: &[&str]) -> Option<Members> {
    let Ok(mut fields) = Members::parse(entry.get()) else { return Some(Members::default()) };
    fields.remove(names).then_some(fields)
}

/// Reads an entry as clients do: an identity token takes precedence over `auth`, and `auth` over user name and
/// password.
fn read(key: &str, entry: &RawValue) -> Vec<Result<Credentials, PlainLoginError>> {
    let Ok(fields) = Members::parse(entry.get()) else { return vec![Err(PlainLoginError::Entry)] };
    let mut found = Vec::new();
    found.extend(credentials(key, &fields).transpose());
    if field(&fields, REGISTRY).is_some() {
        found.push(Err(PlainLoginError::RegistryToken));
    }
    found
}

fn credentials(key: &str, fields: &Members) -> Result<Option<Credentials>, PlainLoginError> {
    let (user, secret) = if let Some(token) = text(fields, IDENTITY)? {
        (Zeroizing::new(IDENTITY_USER.to_owned()), token)
    } else if let Some(auth) = text(fields, AUTH)? {
        decode(&auth)?
    } else if let Some(password) = text(fields, PASSWORD)? {
        (text(fields, USER)?.ok_or(PlainLoginError::NoUser)?, password)
    } else {
        return Ok(None);
    };
    Ok(Some(Credentials { key: Key::parse(&without_account(key))?, user, secret: Secret::new(secret) }))
}

/// Returns the address of a registry in the name of an entry: without the account before the host, which can hold a
/// password, a query, an empty port, and a scheme other than HTTP.
pub fn without_account(name: &str) -> String {
    let (scheme, rest) = match name.split_once("://") {
        Some(("http", rest)) => ("http://", rest),
        Some((_, rest)) => ("https://", rest),
        None => ("", name),
    };
    let rest = rest.find(['?', '#']).map_or(rest, |end| &rest[..end]);
    let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    [scheme, host.strip_suffix(':').unwrap_or(host), path].concat()
}

/// True when a client's file can hold a login in plain text.
pub fn is_plain(credentials: &Credentials) -> bool {
    !credentials.user.contains(':')
}

/// Encodes `auth`; `None` if it is too long for the address space.
fn encode(user: &str, secret: &str) -> Option<Zeroizing<String>> {
    let pair = Zeroizing::new([user, ":", secret].concat());
    let mut encoded = Zeroizing::new(vec![0; base64::encoded_len(pair.len(), true)?]);
    let length = BASE64.encode_slice(pair.as_bytes(), &mut encoded).ok()?;
    Some(Zeroizing::new(str::from_utf8(&encoded[..length]).ok()?.to_owned()))
}

/// Decodes `auth` as Docker does:
/// <https://github.com/docker/cli/blob/master/cli/config/configfile/file.go> (`decodeAuth`).
fn decode(auth: &str) -> Result<(Zeroizing<String>, Zeroizing<String>), PlainLoginError> {
    let mut encoded = Zeroizing::new(Vec::with_capacity(auth.len()));
    encoded.extend(auth.bytes().filter(|byte| !matches!(byte, b'\r' | b'\n')));
    let mut decoded = Zeroizing::new(vec![0; encoded.len()]);
    let length = BASE64.decode_slice(&*encoded, &mut decoded).map_err(|_| PlainLoginError::NotBase64)?;
    let decoded = str::from_utf8(&decoded[..length]).map_err(|_| PlainLoginError::NotUtf8)?;
    let (user, secret) = decoded.split_once(':').ok_or(PlainLoginError::NotUserAndSecret)?;
    let secret = secret.trim_matches('\0');
    match (user, secret) {
        ("", _) => Err(PlainLoginError::NoUser),
        (_, "") => Err(PlainLoginError::NoSecret),
        (user, secret) => Ok((Zeroizing::new(user.to_owned()), Zeroizing::new(secret.to_owned()))),
    }
}

/// Decodes the text of a field, unless it is missing or empty.
fn text(fields: &Members, name: &str) -> Result<Option<Zeroizing<String>>, PlainLoginError> {
    let Some(raw) = field(fields, name) else { return Ok(None) };
    unescape(raw).map(Some).map_err(|_| PlainLoginError::Entry)
}

fn field<'f>(fields: &'f Members, name: &str) -> Option<&'f RawValue> {
    fields.value(name).filter(|raw| raw.get() != "\"\"")
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn config(text: &str) -> (tempfile::TempDir, ConfigFile) {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("config.json");
        fs::write(&path, text).expect("written");
        (folder, ConfigFile::read(path).expect("valid"))
    }

    fn logins(entry: &str) -> Vec<String> {
        let (_folder, file) = config(&format!(r#"{{"auths":{{"ghcr.io":{entry}}}}}"#));
        let describe = |login: PlainLogin| match login.credentials {
            Ok(Credentials { user, secret, .. }) => format!("{} {}", *user, secret.expose()),
            Err(error) => error.to_string(),
        };
        file.logins().expect("an object").into_iter().map(describe).collect()
    }

    #[test]
    fn a_login_is_read_as_clients_read_it() {
        for (entry, want) in [
            (r#"{"auth":"YTpi"}"#, vec!["a b"]),
            (r#"{"auth":"YTpi","email":"x"}"#, vec!["a b"]),
            (r#"{"AUTH":"YTpi"}"#, vec!["a b"]),
            (r#"{"auth":"YTpiOmM="}"#, vec!["a b:c"]),
            (r#"{"auth":"YTpiAAA="}"#, vec!["a b"]),
            (r#"{"auth":"YT\npi"}"#, vec!["a b"]),
            (r#"{"auth":"YTpi\/w=="}"#, vec!["user name or secret is not valid UTF-8"]),
            (r#"{"auth":"YTo=","identitytoken":"t"}"#, vec!["<token> t"]),
            (r#"{"username":"a","password":"b\u003c"}"#, vec!["a b<"]),
            (r#"{"auth":"","username":"a","password":"b"}"#, vec!["a b"]),
            (r#"{"registrytoken":"t"}"#, vec!["no helper can keep a registrytoken"]),
            (r#"{"auth":"YTpi","registrytoken":"t"}"#, vec!["a b", "no helper can keep a registrytoken"]),
            (r#"{"auth":"YTo="}"#, vec!["its secret is empty"]),
            (r#"{"auth":"OmI="}"#, vec!["it has no user name"]),
            (r#"{"auth":"YWI="}"#, vec!["its auth is not user:secret"]),
            (r#"{"auth":"YT*i"}"#, vec!["its auth is not base64"]),
            (r#"{"auth":"YTp"}"#, vec!["its auth is not base64"]),
            (r#"{"password":"b"}"#, vec!["it has no user name"]),
            (r#"{"auth":1}"#, vec!["its entry is not as clients write it"]),
            ("1", vec!["its entry is not as clients write it"]),
            ("{}", vec![]),
            ("null", vec![]),
            (r#"{"auth":null,"username":"a"}"#, vec![]),
            (r#"{"auth":"YTpi","Auth":null}"#, vec!["a b"]),
            (r#"{"auth":"YTpi","auth":""}"#, vec![]),
        ] {
            assert_eq!(logins(entry), want, "{entry}");
        }
        let (_folder, file) = config("{\"auths\":{\"a\\u0007\":{\"auth\":\"YTpi\"}}}");
        let logins = file.logins().expect("an object");
        assert!(matches!(logins[0].credentials, Err(PlainLoginError::Key(KeyError::ControlCharacter))));
    }

    #[test]
    fn an_account_in_the_name_of_an_entry_goes_no_further() {
        for (name, want) in [
            ("ghcr.io", "ghcr.io"),
            ("https://bob:canary@ghcr.io/v1/", "https://ghcr.io/v1/"),
            ("bob:can@ary@ghcr.io", "ghcr.io"),
            ("ghcr.io/a@b", "ghcr.io/a@b"),
            ("http://[::1]:5000", "http://[::1]:5000"),
            ("https://c.io?x=1", "https://c.io"),
            ("ftp://b.io:5000/x", "https://b.io:5000/x"),
            ("d.io:/v1/", "d.io/v1/"),
        ] {
            assert_eq!(without_account(name), want);
        }
        let (_folder, file) = config(r#"{"auths":{"https://bob:canary@ghcr.io":{"auth":"YTpi"}}}"#);
        let login = file.logins().expect("a map").remove(0);
        assert_eq!(login.credentials.expect("a login").key.as_str(), "https://ghcr.io");
        let clean = without_secrets(&file.members).expect("it has a password");
        assert!(!clean.to_json(0).contains("canary"));
    }

    #[test]
    fn a_written_login_is_read_back() {
        let login = |user: &str, secret: &str| Credentials {
            key: Key::parse("ghcr.io").expect("a key"),
            user: Zeroizing::new(user.to_owned()),
            secret: Secret::new(Zeroizing::new(secret.to_owned())),
        };
        let before = r#"{"auths":{"ghcr.io":{"email":"x","auth":"YTpi"}},"z":1}"#;
        for (user, secret, want) in [
            ("a", "b:c\"", r#"{"email":"x","auth":"YTpiOmMi"}"#),
            (IDENTITY_USER, "t\\", r#"{"email":"x","identitytoken":"t\\"}"#),
        ] {
            let (_folder, mut file) = config(before);
            file.set_logins(&[("ghcr.io", &login(user, secret))]).expect("a map");
            let path = file.path().to_owned();
            file.write().expect("written");
            let text = fs::read_to_string(&path).expect("there").replace(['\n', '\t', ' '], "");
            assert_eq!(text, format!(r#"{{"auths":{{"ghcr.io":{want}}},"z":1}}"#));
            let found = ConfigFile::read(path).expect("valid").logins().expect("a map").remove(0);
            let found = found.credentials.expect("a login");
            assert_eq!((&**found.user, found.secret.expose()), (user, secret));
        }
        let (_folder, mut file) = config(before);
        file.set_logins(&[("ghcr.io", &login("a:b", "c"))]).expect("a map");
        assert!(file.logins().expect("a map")[0].credentials.is_ok(), "the login before");
    }

    #[test]
    fn removing_logins_keeps_every_other_value() {
        let before = r#"{"z":1e400,"auths":{"a":{"auth":"YTpi","email":"x@y"},"b":{"auth":"YTpi"},"c":{"auth":"YTpi"}},"credsStore":"pat"}"#;
        for (remainder, want) in [
            (EntryRemainder::Entry, r#"{"a":{"email":"x@y"},"b":{},"c":{"auth":"YTpi"}}"#),
            (EntryRemainder::Nothing, r#"{"c":{"auth":"YTpi"}}"#),
        ] {
            let (_folder, mut file) = config(before);
            let path = file.path().to_owned();
            file.remove_logins(&["a", "b", "nowhere"], remainder).expect("an object");
            file.write().expect("written");
            let text = fs::read_to_string(&path).expect("there");
            let blank = |text: &str| text.replace(['\n', '\t', ' '], "");
            assert_eq!(blank(&text), format!("{{\"z\":1e400,\"auths\":{want},\"credsStore\":\"pat\"}}"));
        }
    }

    #[test]
    fn without_secrets_removes_the_secrets_of_every_entry() {
        for (before, want) in [
            (r#"{"auths":{"a":{"auth":"s","email":"x"},"b":{}},"c":1}"#, r#"{"a":{"email":"x"},"b":{}}"#),
            (r#"{"auths":{"a":{"Password":"s","identitytoken":"s","registrytoken":"s"}}}"#, r#"{"a":{}}"#),
            (r#"{"Auths":{"a":["s"]}}"#, r#"{"a":{}}"#),
            (r#"{"auths":["s"]}"#, "{}"),
            (r#"{"auths":{"a":{"auth":"s"}},"auths":{"a":{}}}"#, r#"{"a":{}}"#),
            (r#"{"auths":{"a":{"auth":"s"}},"Auths":null}"#, "{}"),
        ] {
            let clean =
                without_secrets(&Members::parse(before).expect(before)).expect("something is taken out");
            let entries = clean.value(AUTHS).expect("auths").get();
            assert_eq!(entries.replace(['\n', '\t', ' '], ""), want, "{before}");
        }
        for before in [r#"{"auths":{"a":{}}}"#, r#"{"auths":null}"#, "{}"] {
            assert!(without_secrets(&Members::parse(before).expect(before)).is_none(), "{before}");
        }
    }
}
