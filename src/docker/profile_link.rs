//! Another name for this program, beside it.

use std::path::{Path, PathBuf};
use std::{fs, io};

use thiserror::Error;

use crate::model::hint::Hint;
use crate::system::disk::DiskError;
use crate::system::env::PROGRAM;

/// Why a link cannot be made or removed.
#[derive(Debug, Error)]
pub enum ProfileLinkError {
    /// Something else has that name.
    #[error("{} is there already, and is another program", path.display())]
    Taken {
        /// The name.
        path: PathBuf,
    },
    #[error(transparent)]
    Disk(#[from] DiskError),
}

impl Hint for ProfileLinkError {
    fn hint(&self) -> Option<String> {
        match self {
            Self::Taken { path } => Some(format!("move {} away, or choose another profile", path.display())),
            Self::Disk(_) => {
                Some(format!("make it yourself: ln -s {PROGRAM} {PROGRAM}-PROFILE, in a folder of PATH"))
            }
        }
    }
}

/// Makes a name for the program that is in the same folder. One that is there already stays.
pub fn make(path: &Path) -> Result<(), ProfileLinkError> {
    if path.symlink_metadata().is_ok() {
        return if is_ours(path) { Ok(()) } else { Err(ProfileLinkError::Taken { path: path.to_owned() }) };
    }
    link(path).map_err(|source| DiskError::Write { path: path.to_owned(), source }.into())
}

/// Removes such a name, and returns whether there was one. Another program of that name stays.
pub fn remove(path: &Path) -> Result<bool, ProfileLinkError> {
    if !is_ours(path) {
        return Ok(false);
    }
    match fs::remove_file(path) {
        Ok(()) => Ok(true),
        Err(source) => Err(DiskError::Write { path: path.to_owned(), source }.into()),
    }
}

/// Returns the program that a link is for.
fn program_beside(path: &Path) -> PathBuf {
    path.with_file_name(format!("{PROGRAM}{}", std::env::consts::EXE_SUFFIX))
}

#[cfg(unix)]
fn link(path: &Path) -> io::Result<()> {
    let name = program_beside(path).file_name().map(PathBuf::from).unwrap_or_default();
    std::os::unix::fs::symlink(name, path)
}

/// Elsewhere not everybody may make a symbolic link.
#[cfg(not(unix))]
fn link(path: &Path) -> io::Result<()> {
    fs::hard_link(program_beside(path), path)
}

#[cfg(unix)]
fn is_ours(path: &Path) -> bool {
    let program = program_beside(path);
    let is_beside = fs::read_link(path).is_ok_and(|target| Some(target.as_os_str()) == program.file_name());
    let leads_to_it = fs::canonicalize(path)
        .is_ok_and(|end| fs::canonicalize(&program).is_ok_and(|program| end == program));
    is_beside || leads_to_it
}

/// Two names of one file cannot be told apart from a copy here: the same bytes are the same program.
#[cfg(not(unix))]
fn is_ours(path: &Path) -> bool {
    let (one, other) = (fs::read(path), fs::read(program_beside(path)));
    matches!((one, other), (Ok(one), Ok(other)) if one == other)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_is_made_once_and_only_ours_is_removed() {
        let folder = tempfile::tempdir().expect("a folder");
        fs::write(program_beside(&folder.path().join("x")), "the program").expect("written");
        let ours = folder.path().join("docker-credential-pat-work");
        for _ in 0..2 {
            make(&ours).expect("made");
            assert_eq!(fs::read_to_string(&ours).expect("it leads to the program"), "the program");
        }
        assert!(remove(&ours).expect("removed") && !remove(&ours).expect("gone"));
        let theirs = folder.path().join("docker-credential-pat-other");
        fs::write(&theirs, "another").expect("written");
        #[cfg(unix)]
        {
            let lost = folder.path().join("docker-credential-pat-lost");
            std::os::unix::fs::symlink("/nonexistent/docker-credential-pat", &lost).expect("linked");
            assert!(matches!(make(&lost), Err(ProfileLinkError::Taken { .. })));
        }
        assert!(matches!(make(&theirs), Err(ProfileLinkError::Taken { .. })));
        assert!(!remove(&theirs).expect("left alone") && theirs.exists());
    }
}
