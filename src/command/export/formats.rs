//! The formats that a token can be exported in. Every text with a secret is measured first and then written into
//! one buffer of that size, which is wiped: a buffer that grew would leave copies behind.

use std::io;
use std::io::Write;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use clap::ValueEnum;
use serde::{Serialize, Serializer};
use serde_json::ser::PrettyFormatter;
use thiserror::Error;
use zeroize::Zeroizing;

use crate::command::error::CommandError;
use crate::model::hint::{Hint, program};
use crate::model::name::{Name, quoted};
use crate::model::registry::DOCKER_HUB_KEY;
use crate::model::secret::Secret;
use crate::model::token::{Token, TokenKind, UserName};
use crate::system::secret_json::write_exact;

type Bytes = Zeroizing<Vec<u8>>;

/// As what a token is written down
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum ExportFormat {
    /// A line for a shell, with docker login in it
    DockerLogin,
    /// A config.json of Docker
    DockerConfig,
    /// A manifest for imagePullSecrets, of type kubernetes.io/dockerconfigjson
    KubernetesSecret,
    /// A line for a shell that sets `DOCKER_AUTH_CONFIG`, as the docker CLI 28.3 and GitLab's runners read it
    Env,
}

impl ExportFormat {
    /// Returns the value of `--format`.
    pub(super) fn word(self) -> String {
        self.to_possible_value().map_or_else(String::new, |value| value.get_name().to_owned())
    }
}

/// Returns the text for a token under these keys.
pub(super) fn write(
    format: ExportFormat,
    token: &Token,
    secret: &Secret,
    keys: &[String],
) -> Result<Bytes, CommandError> {
    if let Some((why, instead)) = obstacle(format, token, secret) {
        return Err(FormatError { name: token.name.clone(), why, instead }.into());
    }
    let user = token.user.reveal_with(secret);
    let text = match format {
        ExportFormat::DockerLogin => {
            write_exact(|out| keys.iter().try_for_each(|key| write_login(out, user, secret, key)))
        }
        ExportFormat::DockerConfig => config_json(token, secret, keys, JsonLayout::Indented),
        ExportFormat::KubernetesSecret => {
            config_json(token, secret, keys, JsonLayout::Indented).and_then(|json| {
                let data = encode_base64(&json)?;
                write_exact(|out| write_manifest(out, &resource_name(&token.name), &data))
            })
        }
        ExportFormat::Env => config_json(token, secret, keys, JsonLayout::OneLine).and_then(|json| {
            write_exact(|out| {
                out.write_all(b"export DOCKER_AUTH_CONFIG=")?;
                write_quoted(out, &json)?;
                out.write_all(b"\n")
            })
        }),
    };
    text.map_err(CommandError::output)
}

/// Returns the reason why a format cannot express a token, and an alternative.
fn obstacle(format: ExportFormat, token: &Token, secret: &Secret) -> Option<(&'static str, String)> {
    const CONFIG: &str = "--format docker-config has room for it";
    let (user, text) = (token.user.reveal_with(secret), secret.expose());
    match token.kind {
        TokenKind::Identity if format == ExportFormat::DockerConfig => return None,
        TokenKind::Identity => return Some(("it is an identity token, not a password", CONFIG.into())),
        TokenKind::Session if format != ExportFormat::DockerConfig => {
            return Some((
                "it is a part of Docker Hub's sign-in, not a password",
                "run docker login there".into(),
            ));
        }
        TokenKind::Pat
        | TokenKind::Organization
        | TokenKind::Project
        | TokenKind::Password
        | TokenKind::Session => {}
    }
    if format == ExportFormat::DockerLogin {
        // docker login drops one line end, and a shell drops every NUL.
        let is_cut = text.ends_with(['\r', '\n']) || text.contains('\0') || user.contains('\0');
        return match token.user {
            UserName::SameAsSecret => {
                Some(("its user name is the secret too, and would be an argument", CONFIG.into()))
            }
            UserName::Named(_) if is_cut => {
                Some(("a shell or docker login would cut its secret", CONFIG.into()))
            }
            UserName::Named(_) => None,
        };
    }
    if user.contains(':') {
        Some(("Docker ends a user name at its first colon", "--format docker-login has room for it".into()))
    } else if text.starts_with('\0') || text.ends_with('\0') {
        Some(("Docker drops NULs around a secret", format!("{} show --reveal writes it", program())))
    } else {
        None
    }
}

/// Writes one login as a command. `printf` is built into the shell, so the secret is never a program's argument,
/// and many shells keep a line that begins with a blank out of their history.
fn write_login(out: &mut dyn Write, user: &str, secret: &Secret, key: &str) -> io::Result<()> {
    out.write_all(b" printf %s ")?;
    write_quoted(out, secret.expose().as_bytes())?;
    out.write_all(b" | docker login --username ")?;
    write_quoted(out, user.as_bytes())?;
    out.write_all(b" --password-stdin")?;
    if key != DOCKER_HUB_KEY {
        // A key that is not an address could look like an option.
        out.write_all(if key.starts_with('-') { b" -- " } else { b" " })?;
        out.write_all(quoted(key).as_bytes())?;
    }
    out.write_all(b"\n")
}

/// Writes a text as one word for a POSIX shell.
fn write_quoted(out: &mut dyn Write, text: &[u8]) -> io::Result<()> {
    out.write_all(b"'")?;
    for (at, piece) in text.split(|byte| *byte == b'\'').enumerate() {
        if at > 0 {
            out.write_all(b"'\\''")?;
        }
        out.write_all(piece)?;
    }
    out.write_all(b"'")
}

#[derive(Clone, Copy)]
enum JsonLayout {
    Indented,
    OneLine,
}

/// A `config.json` with one login, under each of its keys.
#[derive(Serialize)]
struct ConfigJson<'c> {
    auths: ConfigEntries<'c>,
}

struct ConfigEntries<'c> {
    keys: &'c [String],
    entry: ConfigEntry<'c>,
}

#[derive(Clone, Copy, Serialize)]
#[serde(rename_all = "lowercase")]
enum ConfigEntry<'c> {
    Auth(&'c str),
    /// Docker writes this for a login without a user name.
    IdentityToken(&'c str),
}

impl Serialize for ConfigEntries<'_> {
    fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        out.collect_map(self.keys.iter().map(|key| (key, self.entry)))
    }
}

fn config_json(token: &Token, secret: &Secret, keys: &[String], layout: JsonLayout) -> io::Result<Bytes> {
    let user = token.user.reveal_with(secret);
    let pair = write_exact(|out| {
        [user, ":", secret.expose()].iter().try_for_each(|part| out.write_all(part.as_bytes()))
    })?;
    let auth = encode_base64(&pair)?;
    let entry = match token.kind {
        TokenKind::Identity => ConfigEntry::IdentityToken(secret.expose()),
        TokenKind::Pat
        | TokenKind::Organization
        | TokenKind::Project
        | TokenKind::Password
        | TokenKind::Session => ConfigEntry::Auth(str::from_utf8(&auth).map_err(io::Error::other)?),
    };
    let config = ConfigJson { auths: ConfigEntries { keys, entry } };
    write_exact(|out| match layout {
        JsonLayout::OneLine => Ok(serde_json::to_writer(out, &config)?),
        JsonLayout::Indented => {
            let formatter = PrettyFormatter::with_indent(b"\t");
            config.serialize(&mut serde_json::Serializer::with_formatter(&mut *out, formatter))?;
            out.write_all(b"\n")
        }
    })
}

/// Writes a manifest: <https://kubernetes.io/docs/concepts/configuration/secret/#docker-config-secrets>.
fn write_manifest(out: &mut dyn Write, name: &str, data: &[u8]) -> io::Result<()> {
    // The name is quoted, since some names are numbers or words of YAML.
    let head = format!("apiVersion: v1\nkind: Secret\nmetadata:\n  name: \"{name}\"\n");
    out.write_all(head.as_bytes())?;
    out.write_all(b"type: kubernetes.io/dockerconfigjson\ndata:\n  .dockerconfigjson: ")?;
    out.write_all(data)?;
    out.write_all(b"\n")
}

/// Makes a name for Kubernetes from a token's name, following the stricter of the rules of Kubernetes:
/// <https://kubernetes.io/docs/concepts/overview/working-with-objects/names/#dns-label-names>.
fn resource_name(name: &Name) -> String {
    const MAX_BYTES: usize = 63;
    let mut resource = String::new();
    for letter in name.as_str().chars() {
        if letter.is_ascii_alphanumeric() {
            resource.push(letter.to_ascii_lowercase());
        } else if !resource.is_empty() && !resource.ends_with('-') {
            resource.push('-');
        }
    }
    resource.truncate(MAX_BYTES);
    let resource = resource.trim_end_matches('-');
    if resource.is_empty() { "registry-token".to_owned() } else { resource.to_owned() }
}

fn encode_base64(bytes: &[u8]) -> io::Result<Bytes> {
    let size = base64::encoded_len(bytes.len(), true).unwrap_or_default();
    let mut encoded = Zeroizing::new(vec![0; size]);
    STANDARD.encode_slice(bytes, &mut encoded).map_err(|_| io::Error::other("too large for base64"))?;
    Ok(encoded)
}

/// A format that cannot express a token.
#[derive(Debug, Error)]
#[error("\"{name}\" cannot be written like that: {why}")]
struct FormatError {
    name: Name,
    why: &'static str,
    instead: String,
}

impl Hint for FormatError {
    fn hint(&self) -> Option<String> {
        Some(self.instead.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_quoted_as_one_word_of_a_shell() {
        for (text, want) in [("a b", "'a b'"), ("", "''"), ("'", "''\\'''"), ("a'b$`\\\n", "'a'\\''b$`\\\n'")]
        {
            let mut out = Vec::new();
            write_quoted(&mut out, text.as_bytes()).expect("memory");
            assert_eq!(String::from_utf8(out).expect("text"), want, "{text}");
        }
    }

    #[test]
    fn a_tokens_name_becomes_a_dns_label_for_kubernetes() {
        for (name, want) in [
            ("ci", "ci"),
            ("me@ghcr.io", "me-ghcr-io"),
            ("Team_1 / Push!", "team-1-push"),
            ("字", "registry-token"),
            ("...", "registry-token"),
            ("1e3", "1e3"),
        ] {
            assert_eq!(resource_name(&Name::parse(name).expect(name)), want, "{name}");
        }
        assert_eq!(resource_name(&Name::parse(&"a-".repeat(60)).expect("a name")).len(), 63);
    }
}
