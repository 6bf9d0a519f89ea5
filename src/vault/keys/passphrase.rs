//! A passphrase, from which a key is stretched that wraps the vault's:
//! Argon2id (<https://www.rfc-editor.org/rfc/rfc9106>).

use std::path::{Path, PathBuf};
use std::time::Duration;

use argon2::{Algorithm, Argon2, Params, Version};
use minicbor::bytes::ByteArray;
use minicbor::{Decode, Encode};
use thiserror::Error;
use zeroize::Zeroizing;

use crate::model::hint::Hint;
use crate::system::disk::DiskError;
use crate::system::tty::TtyError;
use crate::system::{disk, env, tty};
use crate::vault::keys::{HolderError, KeyHolder};
use crate::vault::seal::{KEY_BYTES, VaultKey, WrappedKey};

/// The memory that a guess costs, in KiB: the second choice of RFC 9106, section 4.
const MEMORY_KIB: u32 = 64 * 1024;

/// How often that memory is gone through.
const PASSES: u32 = 3;

/// Lanes are worked through one after another here, so more than one would only help who guesses.
const LANES: u32 = 1;

/// The most memory, in KiB, that a vault's open part may ask for, since it is read before anything proves it;
/// and the most of it that is gone through in all passes, which takes some seconds.
const MOST_MEMORY_KIB: u32 = 1024 * 1024;
const MOST_WORK_KIB: u64 = 4 * 1024 * 1024;

const SALT_BYTES: usize = 16;

/// The most that is read of a file with a passphrase, in bytes.
const MAX_BYTES: u64 = 4096;

/// How often a person may mistype it.
const TRIES: usize = 3;

/// How a passphrase is stretched, and the vault's key wrapped with what comes of it.
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

/// Why a passphrase opens nothing.
#[derive(Debug, Error)]
pub enum PassphraseError {
    /// Another one, or mistyped.
    #[error("that is not the vault's passphrase")]
    Wrong,
    /// Nobody there to ask.
    #[error("the vault is locked: its passphrase is needed")]
    NotAsked(#[source] TtyError),
    /// The file that the variable names is not there.
    #[error("the passphrase file {} is missing", path.display())]
    Missing {
        /// The file.
        path: PathBuf,
    },
    /// A file without a passphrase in it.
    #[error("the passphrase file {} is empty", path.display())]
    Empty {
        /// The file.
        path: PathBuf,
    },
    /// A file that is no text.
    #[error("the passphrase file {} is not valid UTF-8", path.display())]
    NotText {
        /// The file.
        path: PathBuf,
    },
    /// The vault asks for more memory or time than any that this program makes.
    #[error("the vault's passphrase would take {memory} KiB of memory and {passes} passes to check")]
    Unfit {
        /// In KiB.
        memory: u32,
        /// How often it is gone through.
        passes: u32,
    },
    #[error(transparent)]
    Disk(#[from] DiskError),
    /// The system gives no random numbers.
    #[error("cannot stretch the passphrase")]
    Random(#[from] getrandom::Error),
}

impl Hint for PassphraseError {
    fn hint(&self) -> Option<String> {
        match self {
            Self::Wrong => {
                Some("try again; if it is lost, another key holder or a backup has to help".to_owned())
            }
            Self::NotAsked(_) => Some(format!(
                "run `docker-credential-pat unlock` in a terminal, or name a file with the passphrase in {}",
                env::PASSPHRASE_FILE
            )),
            Self::Missing { .. } | Self::Empty { .. } | Self::NotText { .. } => {
                Some(format!("mend {}, or unset it to be asked", env::PASSPHRASE_FILE))
            }
            Self::Unfit { .. } => {
                Some("it is not a vault that this program made; do not trust it".to_owned())
            }
            Self::Disk(error) => error.hint(),
            Self::Random(_) => None,
        }
    }
}

impl PassphraseHolder {
    /// Wraps a vault's key with a passphrase.
    pub fn wrapping(vault_key: &VaultKey, passphrase: &str) -> Result<Self, PassphraseError> {
        let mut salt = [0; SALT_BYTES];
        getrandom::fill(&mut salt)?;
        let (memory, passes, lanes) = (MEMORY_KIB, PASSES, LANES);
        let wrapped = stretch(passphrase, &salt, memory, passes, lanes)?.wrap(vault_key)?;
        Ok(Self { salt: salt.into(), memory, passes, lanes, wrapped })
    }

    /// Returns the vault's key.
    pub fn open(&self, passphrase: &str) -> Result<VaultKey, PassphraseError> {
        let stretched = stretch(passphrase, &self.salt, self.memory, self.passes, self.lanes)?;
        stretched.unwrap(&self.wrapped).ok_or(PassphraseError::Wrong)
    }

    /// Returns how it is stretched, for people.
    pub fn cost(&self) -> String {
        format!("Argon2id, {} MiB, {} passes", self.memory / 1024, self.passes)
    }

    /// Returns the passphrase, out of the file that is named for it or from a person, and the vault's key.
    pub fn text(&self) -> Result<(Zeroizing<String>, VaultKey), PassphraseError> {
        if let Some(file) = env::passphrase_file() {
            let text = read_file(&file)?;
            let key = self.open(&text)?;
            return Ok((text, key));
        }
        self.prompt("Passphrase of the vault (it does not show): ")
    }

    /// Asks for the passphrase, a few times if need be.
    pub fn prompt(&self, question: &str) -> Result<(Zeroizing<String>, VaultKey), PassphraseError> {
        let mut tries = TRIES;
        loop {
            let typed = tty::ask_hidden(question).map_err(PassphraseError::NotAsked)?;
            tries -= 1;
            match self.open(&typed) {
                Ok(key) => return Ok((typed, key)),
                Err(PassphraseError::Wrong) if tries > 0 => tty::print("that is not it; try again"),
                Err(error) => return Err(error),
            }
        }
    }
}

impl KeyHolder for PassphraseHolder {
    fn key(&self, _patience: Duration) -> Result<VaultKey, HolderError> {
        Ok(self.text()?.1)
    }
}

/// Reads a passphrase out of a file; line ends at its end do not count.
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

/// Makes a key out of a passphrase.
fn stretch(
    passphrase: &str,
    salt: &[u8; SALT_BYTES],
    memory: u32,
    passes: u32,
    lanes: u32,
) -> Result<VaultKey, PassphraseError> {
    let unfit = || PassphraseError::Unfit { memory, passes };
    if memory > MOST_MEMORY_KIB || u64::from(memory) * u64::from(passes) > MOST_WORK_KIB {
        return Err(unfit());
    }
    let params = Params::new(memory, passes, lanes, Some(KEY_BYTES)).map_err(|_| unfit())?;
    let mut key = Zeroizing::new([0; KEY_BYTES]);
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
        .hash_password_into(passphrase.as_bytes(), salt, key.as_mut_slice())
        .map_err(|_| unfit())?;
    VaultKey::from_bytes(key.as_slice()).ok_or_else(unfit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_opens_with_its_passphrase_only() {
        let key = VaultKey::from_bytes(&[7; KEY_BYTES]).expect("32 bytes");
        let holder = PassphraseHolder::wrapping(&key, "correct horse").expect("random numbers");
        assert!(holder.memory >= 64 * 1024 && holder.passes >= 3, "what was promised at least");
        assert_eq!(holder.open("correct horse").expect("the passphrase").expose(), key.expose());
        assert!(matches!(holder.open("correct horse "), Err(PassphraseError::Wrong)));
    }

    #[test]
    fn a_vault_that_asks_for_too_much_gets_nothing() {
        let key = VaultKey::from_bytes(&[7; KEY_BYTES]).expect("32 bytes");
        let wrapped = key.wrap(&key).expect("random numbers");
        for (memory, passes, lanes) in
            [(u32::MAX, 3, 1), (1024 * 1024, 5, 1), (64, u32::MAX, 1), (64, 0, 1), (0, 1, 1), (64, 1, 0)]
        {
            let wrapped = wrapped.clone();
            let holder = PassphraseHolder { salt: [0; SALT_BYTES].into(), memory, passes, lanes, wrapped };
            assert!(
                matches!(holder.open("x"), Err(PassphraseError::Unfit { .. })),
                "{memory} {passes} {lanes}"
            );
        }
    }

    #[test]
    fn a_passphrase_is_the_line_in_its_file() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("passphrase");
        assert!(matches!(read_file(&path), Err(PassphraseError::Missing { .. })));
        for (text, want) in [("a b \r\n", Some("a b ")), ("x\n\n", Some("x")), ("", None), ("\n", None)] {
            std::fs::write(&path, text).expect("written");
            assert_eq!(read_file(&path).ok().as_ref().map(|text| text.as_str()), want, "{text:?}");
        }
    }
}
