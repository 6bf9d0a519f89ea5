//! The key commands that a person has agreed to on this machine. A vault that somebody else may have written cannot
//! make this program run anything else.

use std::path::PathBuf;

use crate::system::disk;
use crate::system::disk::DiskError;
use crate::vault::keys::key_file::KeyFile;

/// The largest file that is read, in bytes.
const MAX_BYTES: u64 = 64 * 1024;

/// The file with the agreed commands, beside the key file. A line is a JSON array: the program and its arguments.
pub struct TrustedCommands {
    path: PathBuf,
}

impl TrustedCommands {
    pub fn beside(key_file: &KeyFile) -> Self {
        Self { path: key_file.path().with_file_name("key-commands") }
    }

    /// True when a person has agreed to this program with these arguments. A file that others could have written
    /// agrees to nothing.
    pub fn contains<'w>(&self, words: impl Iterator<Item = &'w str>) -> bool {
        let line = line(words);
        self.lines().is_ok_and(|lines| lines.contains(&line))
    }

    /// Records that a person has agreed to a command.
    pub fn add<'w>(&self, words: impl Iterator<Item = &'w str>) -> Result<(), DiskError> {
        let (line, mut lines) = (line(words), self.lines()?);
        if lines.contains(&line) {
            return Ok(());
        }
        lines.push(line);
        self.write(&lines)
    }

    /// Forgets a command.
    pub fn remove<'w>(&self, words: impl Iterator<Item = &'w str>) -> Result<(), DiskError> {
        let (line, mut lines) = (line(words), self.lines()?);
        if !lines.contains(&line) {
            return Ok(());
        }
        lines.retain(|other| *other != line);
        self.write(&lines)
    }

    fn write(&self, lines: &[String]) -> Result<(), DiskError> {
        if let Some(folder) = self.path.parent() {
            disk::make_folder(folder)?;
        }
        let text: String = lines.iter().flat_map(|line| [line.as_str(), "\n"]).collect();
        disk::replace_link(&self.path, text.as_bytes(), disk::PRIVATE)
    }

    fn lines(&self) -> Result<Vec<String>, DiskError> {
        let Some((bytes, metadata)) = disk::read(&self.path, MAX_BYTES)? else { return Ok(Vec::new()) };
        if disk::is_open_to_writers(&metadata) {
            return Ok(Vec::new());
        }
        Ok(String::from_utf8_lossy(&bytes).lines().map(str::to_owned).collect())
    }
}

fn line<'w>(words: impl Iterator<Item = &'w str>) -> String {
    let words: Vec<&str> = words.collect();
    serde_json::to_string(&words).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    #[cfg(unix)]
    #[test]
    fn only_the_very_command_is_agreed_to() {
        use std::os::unix::fs::PermissionsExt;

        use super::*;

        let folder = tempfile::tempdir().expect("a folder");
        let trusted = TrustedCommands::beside(&KeyFile::new(folder.path().join("config/key")));
        let (one, other) = (|| ["pass", "show a b"].into_iter(), || ["pass", "show a", "b"].into_iter());
        assert!(!trusted.contains(one()));
        trusted.remove(one()).expect("nothing to do");
        assert!(!trusted.path.exists());
        trusted.add(one()).expect("written");
        trusted.add(one()).expect("written");
        assert!(trusted.contains(one()) && !trusted.contains(other()));
        trusted.add(other()).expect("written");
        trusted.remove(one()).expect("written");
        assert!(!trusted.contains(one()) && trusted.contains(other()));
        for mode in [0o620, 0o602, 0o666] {
            std::fs::set_permissions(&trusted.path, std::fs::Permissions::from_mode(mode)).expect("set");
            assert!(!trusted.contains(other()), "{mode:o}");
        }
    }
}
