//! Key holder: a passphrase. Argon2id (<https://www.rfc-editor.org/rfc/rfc9106>) derives a key from it that
//! wraps the vault's key.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use argon2::{Algorithm, Argon2, Params, Version};
use minicbor::bytes::ByteArray;
use minicbor::{Decode, Encode};
use thiserror::Error;
use zeroize::Zeroizing;

use crate::model::hint::{Hint, program};
use crate::system::disk::DiskError;
use crate::system::slow_notice::SlowNotice;
use crate::system::tty::TtyError;
use crate::system::{disk, env, tty};
use crate::vault::seal::{KEY_BYTES, VaultKey, WrappedKey, random_bytes};

/// The memory that a guess costs, in KiB: the second recommended option of RFC 9106, section 4.
const MEMORY_KIB: u32 = 64 * 1024;

const PASSES: u32 = 3;

/// One lane, because this program computes lanes one after another: more would only help an attacker.
const LANES: u32 = 1;

/// The most memory that a vault may require, in KiB. The parameters are read before anything verifies them.
const MAX_MEMORY_KIB: u32 = 256 * 1024;

/// The most memory in all passes together that a vault may require, in KiB. That much takes a few seconds.
const MAX_WORK_KIB: u64 = 1024 * 1024;

const SALT_BYTES: usize = 16;

/// The largest passphrase file that is read, in bytes.
const MAX_BYTES: u64 = 4096;

/// The maximum number of times that a person may enter a passphrase.
const MAX_TRIES: usize = 3;

/// The length of a passphrase without a warning, in characters.
pub const MIN_STRONG_CHARACTERS: usize = 12;

/// The number of different characters in a passphrase without a warning.
pub const MIN_DIFFERENT_CHARACTERS: usize = 6;

/// The parameters of Argon2id, and the vault's key wrapped with the derived key.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct PassphraseHolder {
    #[n(0)]
    salt: ByteArray<SALT_BYTES>,
    /// In KiB.
    #[n(1)]
    memory: u32,
    #[n(2)]
    passes: u32,
    #[n(3)]
    lanes: u32,
    #[n(4)]
    wrapped: WrappedKey,
}

/// The reason why a passphrase does not open a vault.
#[derive(Debug, Error)]
pub enum PassphraseError {
    #[error("that is not the vault's passphrase")]
    Wrong,
    /// Another process gave the vault a passphrase in the meantime.
    #[error("the vault has a passphrase since a moment ago")]
    Added,
    /// There is no terminal, or the person did not answer.
    #[error("its passphrase is needed")]
    NotEntered(#[source] TtyError),
    #[error("the passphrase file {} is missing", path.display())]
    Missing { path: PathBuf },
    #[error("the passphrase file {} is empty", path.display())]
    Empty { path: PathBuf },
    #[error("the passphrase file {} is not valid UTF-8", path.display())]
    NotText { path: PathBuf },
    /// The vault requires more memory or time than any vault that this program makes, or invalid parameters.
    #[error("the vault's passphrase would take {memory} KiB of memory and {passes} passes to check")]
    UnsupportedCost {
        /// In KiB.
        memory: u32,
        passes: u32,
    },
    #[error("checking the passphrase takes {memory} KiB of memory, more than this process can have")]
    NoMemory {
        /// In KiB.
        memory: u32,
    },
    #[error(transparent)]
    Disk(#[from] DiskError),
    #[error("cannot derive a key from the passphrase")]
    Random(#[from] getrandom::Error),
}

impl Hint for PassphraseError {
    fn hint(&self) -> Option<String> {
        match self {
            Self::Wrong => {
                Some("try again; if it is lost, another key holder or a backup has to help".to_owned())
            }
            Self::Added => Some("run it again; nothing was changed".to_owned()),
            Self::NotEntered(_) => Some(format!(
                "run `{} unlock` in a terminal, or name a file with the passphrase in {}",
                program(),
                env::PASSPHRASE_FILE
            )),
            Self::Missing { .. } | Self::Empty { .. } | Self::NotText { .. } => Some(format!(
                "check --passphrase-file or {}; without them, it is asked for",
                env::PASSPHRASE_FILE
            )),
            Self::UnsupportedCost { .. } => {
                Some("it is not a vault that this program made; do not trust it".to_owned())
            }
            Self::NoMemory { .. } => Some(format!(
                "raise the memory limit of the process (`ulimit -v`, or that of the container), or run `{} unlock` \
                 outside it",
                program()
            )),
            Self::Disk(error) => error.hint(),
            Self::Random(_) => None,
        }
    }
}

/// True for a passphrase that is easy to guess: it has fewer than 12 characters, or fewer than 6 different ones.
pub fn is_weak(passphrase: &str) -> bool {
    let different: BTreeSet<char> = passphrase.chars().collect();
    passphrase.chars().count() < MIN_STRONG_CHARACTERS || different.len() < MIN_DIFFERENT_CHARACTERS
}

impl PassphraseHolder {
    /// Wraps a vault's key with a passphrase.
    pub fn new(vault_key: &VaultKey, passphrase: &str) -> Result<Self, PassphraseError> {
        let salt = random_bytes()?;
        let (memory, passes, lanes) = (MEMORY_KIB, PASSES, LANES);
        let wrapped = derive_key(passphrase, &salt, memory, passes, lanes)?.wrap(vault_key)?;
        Ok(Self { salt: salt.into(), memory, passes, lanes, wrapped })
    }

    /// Returns the vault's key.
    pub fn open(&self, passphrase: &str) -> Result<VaultKey, PassphraseError> {
        let derived = derive_key(passphrase, &self.salt, self.memory, self.passes, self.lanes)?;
        derived.unwrap(&self.wrapped).ok_or(PassphraseError::Wrong)
    }

    /// Describes the parameters of Argon2id.
    pub fn cost(&self) -> String {
        format!("Argon2id, {} MiB, {} passes", self.memory / 1024, self.passes)
    }

    /// Reads the passphrase from the file that the environment names, or asks for it on the terminal.
    /// Returns the passphrase and the vault's key.
    pub fn obtain(&self) -> Result<(Zeroizing<String>, VaultKey), PassphraseError> {
        let Some(file) = env::passphrase_file() else {
            return self.prompt("Passphrase of the vault (it does not show): ");
        };
        let text = read_file(&file)?;
        let key = self.open(&text)?;
        Ok((text, key))
    }

    /// Asks for the passphrase on the terminal, again after a wrong one.
    pub fn prompt(&self, question: &str) -> Result<(Zeroizing<String>, VaultKey), PassphraseError> {
        let mut tries = MAX_TRIES;
        loop {
            let text = tty::ask_hidden(question).map_err(PassphraseError::NotEntered)?;
            tries -= 1;
            match self.open(&text) {
                Ok(key) => return Ok((text, key)),
                Err(PassphraseError::Wrong) if tries > 0 => tty::print("that is not it; try again"),
                Err(error) => return Err(error),
            }
        }
    }
}

/// Reads a passphrase from a file, without the line ends that follow it.
pub fn read_file(path: &Path) -> Result<Zeroizing<String>, PassphraseError> {
    let missing = || PassphraseError::Missing { path: path.to_owned() };
    let (bytes, _) = disk::read(path, MAX_BYTES)?.ok_or_else(missing)?;
    let bytes = Zeroizing::new(bytes);
    let text = str::from_utf8(&bytes).map_err(|_| PassphraseError::NotText { path: path.to_owned() })?;
    let text = text.trim_end_matches(['\r', '\n']);
    if text.is_empty() {
        return Err(PassphraseError::Empty { path: path.to_owned() });
    }
    Ok(Zeroizing::new(text.to_owned()))
}

fn derive_key(
    passphrase: &str,
    salt: &[u8; SALT_BYTES],
    memory: u32,
    passes: u32,
    lanes: u32,
) -> Result<VaultKey, PassphraseError> {
    let unsupported = || PassphraseError::UnsupportedCost { memory, passes };
    if memory > MAX_MEMORY_KIB || u64::from(memory) * u64::from(passes) > MAX_WORK_KIB {
        return Err(unsupported());
    }
    let params = Params::new(memory, passes, lanes, Some(KEY_BYTES)).map_err(|_| unsupported())?;
    let mut key = Zeroizing::new([0; KEY_BYTES]);
    let _notice = SlowNotice::start("deriving a key from the passphrase");
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
        .hash_password_into(passphrase.as_bytes(), salt, key.as_mut_slice())
        .map_err(|error| match error {
            argon2::Error::OutOfMemory => PassphraseError::NoMemory { memory },
            _ => unsupported(),
        })?;
    VaultKey::from_bytes(key.as_slice()).ok_or_else(unsupported)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_passphrase_of_a_holder_opens_it() {
        let key = VaultKey::from_bytes(&[7; KEY_BYTES]).expect("32 bytes");
        let holder = PassphraseHolder::new(&key, "correct horse").expect("random numbers");
        assert!(holder.memory >= 64 * 1024 && holder.passes >= 3, "the documented minimum");
        assert_eq!(holder.open("correct horse").expect("the passphrase").expose(), key.expose());
        assert!(matches!(holder.open("correct horse "), Err(PassphraseError::Wrong)));
    }

    #[test]
    fn parameters_that_cost_too_much_or_are_invalid_are_refused() {
        let key = VaultKey::from_bytes(&[7; KEY_BYTES]).expect("32 bytes");
        let wrapped = key.wrap(&key).expect("random numbers");
        for (memory, passes, lanes) in [
            (u32::MAX, 3, 1),
            (256 * 1024 + 1, 1, 1),
            (256 * 1024, 5, 1),
            (64, u32::MAX, 1),
            (64, 0, 1),
            (0, 1, 1),
            (64, 1, 0),
        ] {
            let wrapped = wrapped.clone();
            let holder = PassphraseHolder { salt: [0; SALT_BYTES].into(), memory, passes, lanes, wrapped };
            assert!(
                matches!(holder.open("x"), Err(PassphraseError::UnsupportedCost { .. })),
                "{memory} {passes} {lanes}"
            );
        }
    }

    #[test]
    fn a_weak_passphrase_is_short_or_repeats_few_characters() {
        for (passphrase, want) in [
            ("", true),
            ("correct hor", true),
            ("correct hors", false),
            ("aaaaaaaaaaaaaaaaaaaa", true),
            ("abcabcabcabcabc", true),
            ("密码密码密码", true),
            ("一二三四五六七八九十百千", false),
        ] {
            assert_eq!(is_weak(passphrase), want, "{passphrase}");
        }
    }

    #[test]
    fn a_passphrase_file_is_read_without_its_line_end() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("passphrase");
        assert!(matches!(read_file(&path), Err(PassphraseError::Missing { .. })));
        for (text, want) in [("a b \r\n", Some("a b ")), ("x\n\n", Some("x")), ("", None), ("\n", None)] {
            std::fs::write(&path, text).expect("written");
            assert_eq!(read_file(&path).ok().as_ref().map(|text| text.as_str()), want, "{text:?}");
        }
    }
}
