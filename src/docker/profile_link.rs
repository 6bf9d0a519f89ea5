//! Makes and removes the links that give this program the name of a profile. They are in the program's own folder.

use std::fs;
use std::path::{Path, PathBuf};

use thiserror::Error;

use crate::model::hint::Hint;
use crate::system::disk;
use crate::system::disk::DiskError;
use crate::system::env::PROGRAM;

#[derive(Debug, Error)]
pub enum ProfileLinkError {
    #[error("{} exists already, and is another program", path.display())]
    Taken { path: PathBuf },
    #[error(transparent)]
    Disk(#[from] DiskError),
}

impl Hint for ProfileLinkError {
    fn hint(&self) -> Option<String> {
        match self {
            Self::Taken { path } => Some(format!("move {} away, or choose another profile", path.display())),
            Self::Disk(error @ DiskError::OfAnotherUser { .. }) => error.hint(),
            Self::Disk(_) => {
                Some(format!("make it yourself: ln -s {PROGRAM} {PROGRAM}-PROFILE, in a folder of PATH"))
            }
        }
    }
}

/// Links a path to the program in the same folder. An existing link to it stays as it is.
pub fn make(path: &Path) -> Result<(), ProfileLinkError> {
    if path.symlink_metadata().is_ok() {
        return if is_ours(path) { Ok(()) } else { Err(ProfileLinkError::Taken { path: path.to_owned() }) };
    }
    let program = program_path(path);
    Ok(disk::link_beside(program.file_name().unwrap_or_default(), path)?)
}

/// Removes a link, and returns whether there was one. Another program of that name stays.
pub fn remove(path: &Path) -> Result<bool, ProfileLinkError> {
    if !is_ours(path) {
        return Ok(false);
    }
    disk::remove(path)?;
    Ok(true)
}

/// Returns the path of the program in the folder of a link.
fn program_path(path: &Path) -> PathBuf {
    path.with_file_name(format!("{PROGRAM}{}", std::env::consts::EXE_SUFFIX))
}

#[cfg(unix)]
fn is_ours(path: &Path) -> bool {
    let program = program_path(path);
    let names_it = fs::read_link(path).is_ok_and(|target| Some(target.as_os_str()) == program.file_name());
    let leads_to_it = fs::canonicalize(path)
        .is_ok_and(|target| fs::canonicalize(&program).is_ok_and(|program| target == program));
    names_it || leads_to_it
}

/// Compares the bytes: std cannot distinguish a hard link from a copy here.
#[cfg(not(unix))]
fn is_ours(path: &Path) -> bool {
    let (one, other) = (fs::read(path), fs::read(program_path(path)));
    matches!((one, other), (Ok(one), Ok(other)) if one == other)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_is_made_once_and_other_programs_stay() {
        let folder = tempfile::tempdir().expect("a folder");
        fs::write(program_path(&folder.path().join("x")), "the program").expect("written");
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
