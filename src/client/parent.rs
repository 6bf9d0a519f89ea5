//! Reads the name, the start time and the command line of the parent process, on Linux.

use std::borrow::Cow;
#[cfg(target_os = "linux")]
use std::ffi::OsStr;
#[cfg(target_os = "linux")]
use std::fs::File;
#[cfg(target_os = "linux")]
use std::io::Read;
#[cfg(target_os = "linux")]
use std::os::unix::ffi::OsStrExt;
#[cfg(target_os = "linux")]
use std::os::unix::fs::FileExt;
use std::{fmt, io, str};

use zeroize::Zeroizing;

use crate::system::caller::Caller;
#[cfg(target_os = "linux")]
use crate::system::sanitize;

/// The size of the largest command line that is read, in bytes. A line with a hundred options has a few
/// thousand bytes.
pub const MAX_BYTES: usize = 64 * 1024;

/// The size of the first buffer, in bytes. It is enough for most command lines, so a larger buffer is seldom
/// allocated.
const USUAL_BYTES: usize = 1024;

/// The words of a command line. They may include a password, as in `docker login -p`, so they are wiped and `Debug`
/// does not show them.
pub struct CommandLine(Zeroizing<Vec<u8>>);

impl CommandLine {
    /// Reads the command line of the parent process; `None` when it cannot be read, changes during the read, or is
    /// larger than [`MAX_BYTES`].
    pub fn from_parent() -> Option<Self> {
        let process = parent()?;
        let line = Self::from_process(process)?;
        // After the parent has exited, another process could have been given its id.
        (parent()? == process).then_some(line)
    }

    /// Reads the command line of a process, as [`from_parent`](Self::from_parent) does.
    pub fn from_process(process: u32) -> Option<Self> {
        Self::read(reader(process)?)
    }

    /// Reads a command line twice, each time from the start: the process may change it at any time.
    fn read(mut read: impl FnMut(&mut [u8]) -> io::Result<usize>) -> Option<Self> {
        let mut line = Zeroizing::new(vec![0; USUAL_BYTES]);
        let mut bytes = read(&mut line).ok()?;
        if bytes == USUAL_BYTES {
            line = Zeroizing::new(vec![0; MAX_BYTES + 1]);
            bytes = read(&mut line).ok()?;
        }
        // A process may have replaced its words with a title, which need not end in NUL:
        // https://man7.org/linux/man-pages/man5/proc_pid_cmdline.5.html
        if bytes > MAX_BYTES || line[..bytes].last() != Some(&0) {
            return None;
        }
        line.truncate(bytes);
        // One extra byte, so that a line that has grown does not compare as equal.
        let mut again = Zeroizing::new(vec![0; bytes + 1]);
        let is_same = read(&mut again).ok()? == bytes && again[..bytes] == line[..];
        is_same.then_some(Self(line))
    }

    /// Returns the words, the program first; `None` when they are not UTF-8.
    pub fn words(&self) -> Option<Vec<&str>> {
        let text = str::from_utf8(&self.0).ok()?;
        Some(text.strip_suffix('\0')?.split('\0').collect())
    }
}

impl fmt::Debug for CommandLine {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("CommandLine(..)")
    }
}

/// The largest part of a `stat` file that is read, in bytes: the id, a name of at most 64 bytes, the state, and 19
/// numbers of at most 20 digits. <https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html>
const MAX_STAT_BYTES: usize = 512;

/// The position of the start time among the fields after the name.
const START_FIELD: usize = 19;

/// The name of the parent process, which need not be UTF-8, and its start time.
pub struct ParentProcess {
    process: u32,
    stat: [u8; MAX_STAT_BYTES],
    length: usize,
}

impl ParentProcess {
    /// Reads the name and the start time of the parent process from one file; `None` when it cannot be read.
    #[cfg(target_os = "linux")]
    pub fn read() -> Option<Self> {
        let process = parent()?;
        let mut path = Vec::with_capacity(32);
        path.extend_from_slice(b"/proc/");
        sanitize::push_number(&mut path, process.into());
        path.extend_from_slice(b"/stat");
        let mut stat = [0; MAX_STAT_BYTES];
        let length = File::open(OsStr::from_bytes(&path)).ok()?.read(&mut stat).ok()?;
        Some(Self { process, stat, length })
    }

    /// Returns `None`: only Linux provides the name and the start time in one file.
    #[cfg(not(target_os = "linux"))]
    pub fn read() -> Option<Self> {
        None
    }

    /// Returns the name of the program; bytes that are not UTF-8 become U+FFFD.
    pub fn name(&self) -> Option<Cow<'_, str>> {
        let (name, _) = self.split()?;
        Some(String::from_utf8_lossy(name))
    }

    /// Returns the identity of the process.
    pub fn caller(&self) -> Option<Caller> {
        let (_, fields) = self.split()?;
        let start = str::from_utf8(fields).ok()?.split_ascii_whitespace().nth(START_FIELD)?;
        Some(Caller { process: self.process, start: start.parse().ok()? })
    }

    /// Splits the line into the name and the fields after it. The name may itself contain parentheses.
    fn split(&self) -> Option<(&[u8], &[u8])> {
        let line = &self.stat[..self.length];
        let start = line.iter().position(|byte| *byte == b'(')? + 1;
        let end = line.iter().rposition(|byte| *byte == b')')?;
        Some((line.get(start..end)?, &line[end + 1..]))
    }
}

/// Returns the id of the parent process, unless the parent is outside the process namespace.
#[cfg(target_os = "linux")]
fn parent() -> Option<u32> {
    rustix::process::getppid()?.as_raw_pid().try_into().ok()
}

#[cfg(not(target_os = "linux"))]
fn parent() -> Option<u32> {
    None
}

/// Returns a function that reads the command line of a process from its start.
#[cfg(target_os = "linux")]
fn reader(process: u32) -> Option<impl FnMut(&mut [u8]) -> io::Result<usize>> {
    let file = File::open(format!("/proc/{process}/cmdline")).ok()?;
    // One call is enough: bytes after an unreadable page cannot be read at all.
    // https://github.com/torvalds/linux/blob/master/fs/proc/base.c
    Some(move |buffer: &mut [u8]| file.read_at(buffer, 0))
}

#[cfg(not(target_os = "linux"))]
type Reader = fn(&mut [u8]) -> io::Result<usize>;

#[cfg(not(target_os = "linux"))]
fn reader(_process: u32) -> Option<Reader> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Reads a command line that has each of these contents in turn, and counts the requested bytes.
    fn read(contents: &[&[u8]]) -> (Option<CommandLine>, usize) {
        let (mut calls, mut requested) = (0, 0);
        let line = CommandLine::read(|buffer| {
            let content = contents.get(calls).or(contents.last()).ok_or(io::ErrorKind::PermissionDenied)?;
            let bytes = content.len().min(buffer.len());
            buffer[..bytes].copy_from_slice(&content[..bytes]);
            calls += 1;
            requested += buffer.len();
            Ok(bytes)
        });
        (line, requested)
    }

    #[test]
    fn command_lines_up_to_the_limit_are_read_whole() {
        for bytes in [1, 2, USUAL_BYTES - 1, USUAL_BYTES, USUAL_BYTES + 1, MAX_BYTES - 1, MAX_BYTES] {
            let mut text = vec![b'a'; bytes];
            text[bytes - 1] = 0;
            let (line, _) = read(&[&text]);
            assert_eq!(line.expect("a line").words().expect("words")[0].len(), bytes - 1, "{bytes}");
        }
    }

    #[test]
    fn words_are_split_at_nul() {
        for (text, want) in [
            (&b"docker\0pull\0acme/app\0"[..], Some(vec!["docker", "pull", "acme/app"])),
            (b"docker\0\0a b\0", Some(vec!["docker", "", "a b"])),
            (b"\0", Some(vec![""])),
            (b"docker\0\xff\0", None),
        ] {
            let line = read(&[text]).0.expect("a line");
            assert_eq!(line.words(), want, "{text:?}");
        }
    }

    #[test]
    fn a_command_line_that_is_closed_or_changes_is_unknown() {
        for (case, contents) in [
            ("permission denied", &[][..]),
            ("empty, as after an exit", &[&b""[..]]),
            ("a title of its own", &[b"docker: pulling"]),
            ("longer at the second read", &[b"docker\0", b"docker\0pull\0"]),
            ("shorter at the second read", &[b"docker\0pull\0", b"docker\0"]),
            ("changed at the second read", &[b"docker\0pull\0", b"docker\0push\0"]),
            ("gone at the second read", &[b"docker\0", b""]),
            ("changed after the first buffer was full", &[&[0; USUAL_BYTES], b"docker\0", b"docker\0push\0"]),
        ] {
            assert!(read(contents).0.is_none(), "{case}");
        }
    }

    #[test]
    fn a_command_line_over_the_limit_is_unknown_and_read_to_the_limit_only() {
        for bytes in [MAX_BYTES + 1, 2 * 1024 * 1024] {
            let (line, requested) = read(&[&vec![0; bytes]]);
            assert!(line.is_none(), "{bytes}");
            assert_eq!(requested, USUAL_BYTES + MAX_BYTES + 1, "{bytes}");
        }
    }

    #[test]
    fn name_and_start_time_are_read_from_stat() {
        let numbers = "1 2 3 4 -1 4194560 7 8 9 10 11 12 13 14 20 0 1 0 987654321 5000 6";
        let caller = Some(Caller { process: 42, start: 987_654_321 });
        for (line, name, want) in [
            (format!("42 (docker) S {numbers}\n"), Some("docker"), caller),
            (format!("42 (a) b (c)) R {numbers}\n"), Some("a) b (c)"), caller),
            (format!("42 () S {numbers}\n"), Some(""), caller),
            ("42 (docker) S 1 2".to_owned(), Some("docker"), None),
            ("42 )docker(".to_owned(), None, None),
            (String::new(), None, None),
        ] {
            let mut stat = [0; MAX_STAT_BYTES];
            stat[..line.len()].copy_from_slice(line.as_bytes());
            let parent = ParentProcess { process: 42, stat, length: line.len() };
            assert_eq!((parent.name().as_deref(), parent.caller()), (name, want), "{line}");
        }
    }

    #[test]
    fn debug_output_does_not_show_the_words() {
        let line = read(&[b"docker\0login\0-p\0canary\0"]).0;
        assert_eq!(format!("{line:?}"), "Some(CommandLine(..))");
    }
}
