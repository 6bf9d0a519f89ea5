//! Runs another program within limits of time and output size.

use std::ffi::{OsStr, OsString};
use std::io;
use std::io::Write;
use std::path::PathBuf;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use thiserror::Error;
use zeroize::Zeroizing;

use crate::system::background;
use crate::system::background::BackgroundTask;
#[cfg(unix)]
use crate::system::env;
use crate::system::limited_read::{InputError, read_input};

/// The time for the thread that wrote the input to wipe its copy after the program has exited.
const WIPE_PATIENCE: Duration = Duration::from_millis(100);

#[derive(Debug)]
pub struct ProcessOutput {
    /// The exit code; `None` after a signal.
    pub code: Option<i32>,
    pub stdout: Zeroizing<Vec<u8>>,
}

#[derive(Debug, Error)]
pub enum ProcessError {
    #[error("cannot find the program {}", program.display())]
    NotFound { program: OsString },
    #[error("cannot start {}", program.display())]
    Start { program: OsString, source: io::Error },
    /// The program, or a child that keeps its output open, has not finished in time.
    #[error("{} gave no answer within {seconds} s", program.display())]
    Hung { program: OsString, seconds: u64 },
    /// The output is larger than [`MAX_INPUT_BYTES`](crate::system::limited_read::MAX_INPUT_BYTES).
    #[error("{} writes too much", program.display())]
    TooMuch { program: OsString },
    #[error("cannot read what {} writes", program.display())]
    Read { program: OsString, source: io::Error },
}

/// Runs a program and returns its output. A bare name is looked up in the absolute folders of `PATH`: in a folder
/// that depends on the working directory, anybody may have put a program.
///
/// The program gets `stdin` as its input, our standard error, and our environment with the variable `mark` set to 1.
/// After `patience` the program is killed, but not its own children: output that one of them still holds open is
/// abandoned. Any exit code is a success.
pub fn run(
    program: &OsStr,
    args: &[impl AsRef<OsStr>],
    stdin: &[u8],
    mark: Option<&str>,
    patience: Duration,
) -> Result<ProcessOutput, ProcessError> {
    let deadline = Instant::now() + patience;
    let Some(path) = find(program) else {
        return Err(ProcessError::NotFound { program: program.to_owned() });
    };
    let mut command = Command::new(path);
    command.args(args).envs(mark.map(|name| (name, "1"))).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.spawn().map_err(|source| match source.kind() {
        io::ErrorKind::NotFound => ProcessError::NotFound { program: program.to_owned() },
        _ => ProcessError::Start { program: program.to_owned(), source },
    })?;
    let outcome = communicate(&mut child, stdin, deadline).map_err(|failure| {
        let program = program.to_owned();
        match failure {
            ProcessFailure::Start(source) => ProcessError::Start { program, source },
            ProcessFailure::Hung => ProcessError::Hung { program, seconds: patience.as_secs() },
            ProcessFailure::Read(InputError::Read(source)) => ProcessError::Read { program, source },
            ProcessFailure::Read(InputError::TooLarge) => ProcessError::TooMuch { program },
        }
    });
    if outcome.is_err() {
        // Both fail if the program has exited by itself in the meantime.
        let _ = child.kill();
        let _ = child.wait();
    }
    outcome
}

/// Runs a program that shows its input to a person, for as long as that person likes. Returns false when it failed; what
/// it says then is not shown.
pub fn show(program: &OsStr, args: &[impl AsRef<OsStr>], stdin: &[u8]) -> bool {
    let Some(path) = find(program) else { return false };
    let mut command = Command::new(path);
    command.args(args).stdin(Stdio::piped()).stderr(Stdio::null());
    let Ok(mut child) = command.spawn() else { return false };
    if let Some(mut pipe) = child.stdin.take() {
        // A person may stop reading before the end.
        let _ = pipe.write_all(stdin);
    }
    child.wait().is_ok_and(|status| status.success())
}

/// Returns the path of a program: that of a bare name, or the path itself.
#[cfg(unix)]
fn find(program: &OsStr) -> Option<PathBuf> {
    let is_bare = !program.as_encoded_bytes().contains(&b'/');
    if is_bare { env::find_executable(program) } else { Some(program.into()) }
}

/// Returns the program: Windows does not look in the working directory by itself.
#[cfg(not(unix))]
#[expect(clippy::unnecessary_wraps, reason = "the same signature everywhere")]
fn find(program: &OsStr) -> Option<PathBuf> {
    Some(program.into())
}

/// An error of a running program, without its name.
enum ProcessFailure {
    Start(io::Error),
    Hung,
    Read(InputError),
}

/// Writes the input, reads the output and waits until the program exits.
fn communicate(child: &mut Child, stdin: &[u8], deadline: Instant) -> Result<ProcessOutput, ProcessFailure> {
    let input = child.stdin.take().map(|pipe| write_input(pipe, stdin)).transpose();
    let input = input.map_err(ProcessFailure::Start)?;
    let output = child.stdout.take().map(read_output).transpose().map_err(ProcessFailure::Start)?;
    let stdout = match output {
        Some(output) => output.wait(deadline).ok_or(ProcessFailure::Hung)?.map_err(ProcessFailure::Read)?,
        None => Zeroizing::default(),
    };
    let status = background::wait(deadline, || child.try_wait().transpose()).ok_or(ProcessFailure::Hung)?;
    let status = status.map_err(|source| ProcessFailure::Read(InputError::Read(source)))?;
    if let Some(input) = input {
        let _ = input.wait(Instant::now() + WIPE_PATIENCE);
    }
    Ok(ProcessOutput { code: status.code(), stdout })
}

/// Starts to write the input, which the program may read late or never. When the task finishes, its copy is wiped.
fn write_input(mut pipe: ChildStdin, stdin: &[u8]) -> io::Result<BackgroundTask<()>> {
    let bytes = Zeroizing::new(stdin.to_vec());
    BackgroundTask::start(move || {
        // A program that does not read its input does not need it.
        let _ = pipe.write_all(&bytes);
    })
}

/// Starts to read the output. The task finishes when the last writer closes it, which may be long after the program.
fn read_output(pipe: ChildStdout) -> io::Result<BackgroundTask<Result<Zeroizing<Vec<u8>>, InputError>>> {
    BackgroundTask::start(move || read_input(pipe))
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use super::*;
    use crate::system::limited_read::MAX_INPUT_BYTES;

    const LONG: Duration = Duration::from_secs(60);
    const SHORT: Duration = Duration::from_secs(1);

    fn sh(script: &str, stdin: &[u8], patience: Duration) -> Result<ProcessOutput, ProcessError> {
        run(OsStr::new("sh"), &["-c", script], stdin, None, patience)
    }

    #[test]
    fn run_returns_the_output_and_the_exit_code() {
        for (script, stdin, code, stdout) in [
            ("cat", "hello", Some(0), "hello"),
            ("printf out; exit 3", "unread", Some(3), "out"),
            (":", "", Some(0), ""),
            ("kill -9 $$", "", None, ""),
            ("exec >&-; sleep 0.1; exit 4", "", Some(4), ""),
        ] {
            let output = sh(script, stdin.as_bytes(), LONG).expect(script);
            assert_eq!((output.code, output.stdout.as_slice()), (code, stdout.as_bytes()), "{script}");
        }
    }

    #[test]
    fn show_tells_whether_the_program_succeeded() {
        let shown = |script: &str| show(OsStr::new("sh"), &["-c", script], b"a page");
        assert!(shown("[ \"$(cat)\" = 'a page' ]") && shown("exec <&-"));
        assert!(!shown("exit 3") && !show(OsStr::new("no-such-program"), &["-l"], b""));
    }

    #[test]
    fn the_environment_is_inherited_and_has_the_mark() {
        let output =
            run(OsStr::new("sh"), &["-c", "printf %s \"$MARK${PATH:+ and PATH}\""], b"", Some("MARK"), LONG);
        assert_eq!(output.expect("it runs").stdout.as_slice(), b"1 and PATH");
    }

    #[test]
    fn the_largest_input_and_output_pass_through() {
        let bytes: Vec<u8> = (0..=u8::MAX).cycle().take(MAX_INPUT_BYTES).collect();
        let output = run(OsStr::new("cat"), &[] as &[&str], &bytes, None, LONG).expect("it fits");
        assert!(*output.stdout == bytes);
        // More than a pipe holds, and the program does not read it.
        assert_eq!(sh("exit 1", &bytes, LONG).expect("it ends").code, Some(1));
    }

    #[test]
    fn a_program_that_does_not_finish_is_killed() {
        let started = Instant::now();
        for script in ["exec sleep 300", "exec >&-; exec sleep 300", "sleep 300 & exit 0", "sleep 300"] {
            let error = sh(script, &vec![0; 1_000_000], SHORT).expect_err(script);
            assert_eq!(error.to_string(), "sh gave no answer within 1 s", "{script}");
        }
        assert!(started.elapsed() < Duration::from_secs(240), "no program is waited for until it exits");
    }

    #[test]
    fn endless_output_is_refused() {
        let error = run(OsStr::new("yes"), &[] as &[&str], b"", None, LONG).expect_err("endless");
        assert!(matches!(error, ProcessError::TooMuch { .. }), "{error}");
    }

    #[test]
    fn the_error_names_a_program_that_does_not_start() {
        let error = run(OsStr::new("no-such-program"), &["x"], b"", None, LONG).expect_err("absent");
        assert_eq!(error.to_string(), "cannot find the program no-such-program");
        let error = run(OsStr::new("/etc/passwd"), &["x"], b"", None, LONG).expect_err("no program");
        assert_eq!(error.to_string(), "cannot start /etc/passwd");
    }
}
