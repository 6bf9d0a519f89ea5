//! What the parent process is, where the system tells it: its program's name, and the words with which it
//! was started.

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

#[cfg(target_os = "linux")]
use crate::system::sanitize;

/// The most bytes of a command line that are read. Those of a hundred options have a few thousand.
pub const MAX_BYTES: usize = 64 * 1024;

/// Bytes that are enough for most of them, so that no more memory is touched.
const USUAL_BYTES: usize = 1024;

/// The words of a command line. A password may be among them, as in `docker login -p`, so it shows itself
/// nowhere and is wiped.
pub struct CommandLine(Zeroizing<Vec<u8>>);

impl CommandLine {
    /// Reads that of the parent process; `None` where the system does not tell, when the process is gone,
    /// when it changed meanwhile, or when it has more than [`MAX_BYTES`].
    pub fn from_parent() -> Option<Self> {
        let process = parent()?;
        let line = Self::from_process(process)?;
        // Else it ended, and its number may have been another's when it was read.
        (parent()? == process).then_some(line)
    }

    /// Reads that of a process, as [`from_parent`](Self::from_parent) does.
    pub fn from_process(process: u32) -> Option<Self> {
        Self::read(reader(process)?)
    }

    /// Reads it twice, each time from the start: a process may change it at any moment.
    fn read(mut read: impl FnMut(&mut [u8]) -> io::Result<usize>) -> Option<Self> {
        let mut line = Zeroizing::new(vec![0; USUAL_BYTES]);
        let mut bytes = read(&mut line).ok()?;
        if bytes == USUAL_BYTES {
            line = Zeroizing::new(vec![0; MAX_BYTES + 1]);
            bytes = read(&mut line).ok()?;
        }
        // One that has its own title instead of its words need not end in NUL:
        // https://man7.org/linux/man-pages/man5/proc_pid_cmdline.5.html
        if bytes > MAX_BYTES || line[..bytes].last() != Some(&0) {
            return None;
        }
        line.truncate(bytes);
        // Room for one byte more, so that a longer one is not taken for the same.
        let mut again = Zeroizing::new(vec![0; bytes + 1]);
        let is_same = read(&mut again).ok()? == bytes && again[..bytes] == line[..];
        is_same.then_some(Self(line))
    }

    /// Returns its words, the program first; `None` when they are not UTF-8.
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

/// The most bytes of a program's name: <https://man7.org/linux/man-pages/man5/proc_pid_comm.5.html> has 16.
const MAX_NAME_BYTES: usize = 64;

/// The name of a program, which may be any bytes.
pub struct ProgramName {
    bytes: [u8; MAX_NAME_BYTES],
    length: usize,
}

impl ProgramName {
    /// Reads that of the parent process; `None` where the system does not tell.
    #[cfg(target_os = "linux")]
    pub fn from_parent() -> Option<Self> {
        let mut path = Vec::with_capacity(32);
        path.extend_from_slice(b"/proc/");
        sanitize::push_number(&mut path, parent()?.into());
        path.extend_from_slice(b"/comm");
        let mut bytes = [0; MAX_NAME_BYTES];
        let length = File::open(OsStr::from_bytes(&path)).ok()?.read(&mut bytes).ok()?;
        Some(Self { bytes, length })
    }

    /// Returns `None`: only Linux tells it without a library.
    #[cfg(not(target_os = "linux"))]
    pub fn from_parent() -> Option<Self> {
        None
    }

    /// Returns it as text, with a sign in place of what is none.
    pub fn text(&self) -> Cow<'_, str> {
        let name = &self.bytes[..self.length];
        String::from_utf8_lossy(name.strip_suffix(b"\n").unwrap_or(name))
    }
}

/// Returns the number of the parent process, unless it is outside of what this process can see.
#[cfg(target_os = "linux")]
fn parent() -> Option<u32> {
    rustix::process::getppid()?.as_raw_pid().try_into().ok()
}

#[cfg(not(target_os = "linux"))]
fn parent() -> Option<u32> {
    None
}

/// Returns what reads a process's command line from its start.
#[cfg(target_os = "linux")]
fn reader(process: u32) -> Option<impl FnMut(&mut [u8]) -> io::Result<usize>> {
    let file = File::open(format!("/proc/{process}/cmdline")).ok()?;
    // One call is enough: what lies behind an unreadable page stays out of reach.
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

    /// Reads what each call is to find, and counts the bytes that were asked for.
    fn read(each: &[&[u8]]) -> (Option<CommandLine>, usize) {
        let (mut calls, mut asked) = (0, 0);
        let line = CommandLine::read(|buffer| {
            let found = each.get(calls).or(each.last()).ok_or(io::ErrorKind::PermissionDenied)?;
            let bytes = found.len().min(buffer.len());
            buffer[..bytes].copy_from_slice(&found[..bytes]);
            calls += 1;
            asked += buffer.len();
            Ok(bytes)
        });
        (line, asked)
    }

    #[test]
    fn a_command_line_is_read_whole() {
        for bytes in [1, 2, USUAL_BYTES - 1, USUAL_BYTES, USUAL_BYTES + 1, MAX_BYTES - 1, MAX_BYTES] {
            let mut text = vec![b'a'; bytes];
            text[bytes - 1] = 0;
            let (line, _) = read(&[&text]);
            assert_eq!(line.expect("a line").words().expect("words")[0].len(), bytes - 1, "{bytes}");
        }
    }

    #[test]
    fn words_end_in_nul() {
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
    fn what_is_not_certain_is_not_known() {
        for (told, each) in [
            ("closed to us", &[][..]),
            ("empty, as that of one that has ended", &[&b""[..]]),
            ("a title of its own", &[b"docker: pulling"]),
            ("longer at the second look", &[b"docker\0", b"docker\0pull\0"]),
            ("shorter at the second look", &[b"docker\0pull\0", b"docker\0"]),
            ("changed at the second look", &[b"docker\0pull\0", b"docker\0push\0"]),
            ("gone at the second look", &[b"docker\0", b""]),
            ("changed while it was found to be long", &[&[0; USUAL_BYTES], b"docker\0", b"docker\0push\0"]),
        ] {
            assert!(read(each).0.is_none(), "{told}");
        }
    }

    #[test]
    fn no_more_is_read_of_a_long_one_than_is_taken() {
        for bytes in [MAX_BYTES + 1, 2 * 1024 * 1024] {
            let (line, asked) = read(&[&vec![0; bytes]]);
            assert!(line.is_none(), "{bytes}");
            assert_eq!(asked, USUAL_BYTES + MAX_BYTES + 1, "{bytes}");
        }
    }

    #[test]
    fn nothing_of_it_shows_when_it_is_debugged() {
        let line = read(&[b"docker\0login\0-p\0canary\0"]).0;
        assert_eq!(format!("{line:?}"), "Some(CommandLine(..))");
    }
}
