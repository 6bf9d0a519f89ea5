//! Another program, run within a limit of time and of what it may write.

use std::ffi::{OsStr, OsString};
use std::io;
use std::io::Write;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use thiserror::Error;
use zeroize::Zeroizing;

use crate::system::background;
use crate::system::background::BackgroundTask;
use crate::system::limited_read::{InputError, read_input};

/// How long the memory of what a program was told may still be in use once it has ended.
const LAST_MOMENT: Duration = Duration::from_millis(100);

/// What a program said, and how it ended.
#[derive(Debug)]
pub struct ProcessOutput {
    /// Its exit code; `None` when a signal ended it.
    pub code: Option<i32>,
    /// All that it wrote to its standard output.
    pub stdout: Zeroizing<Vec<u8>>,
}

/// Why a program has given no answer.
#[derive(Debug, Error)]
pub enum ProcessError {
    /// It is not there, or not in `PATH`.
    #[error("there is no program {}", program.display())]
    NotFound {
        /// The program.
        program: OsString,
    },
    /// It is there and does not start.
    #[error("cannot start {}", program.display())]
    Start {
        /// The program.
        program: OsString,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// It, or what it left behind with its output open, was not done in time.
    #[error("{} gave no answer within {seconds} s", program.display())]
    Hung {
        /// The program.
        program: OsString,
        /// How long it was waited for.
        seconds: u64,
    },
    /// It wrote more than is read of any input.
    #[error("{} writes too much", program.display())]
    TooMuch {
        /// The program.
        program: OsString,
    },
    /// Its output cannot be read.
    #[error("cannot read what {} writes", program.display())]
    Read {
        /// The program.
        program: OsString,
        /// Why.
        #[source]
        source: io::Error,
    },
}

/// Runs a program, which is looked for in `PATH` if it is a bare name, and returns what it wrote.
///
/// It reads `stdin`, or does not; its standard error is ours. One that is not done after `patience` is
/// killed, and what it has started itself is left alone: an answer that only that could end is given up.
/// Its environment is ours, and `mark` besides.
///
/// # Errors
/// When it does not start, takes too long or writes too much. An exit code is no error.
pub fn run(
    program: &OsStr,
    args: &[impl AsRef<OsStr>],
    stdin: &[u8],
    mark: Option<&str>,
    patience: Duration,
) -> Result<ProcessOutput, ProcessError> {
    let end = Instant::now() + patience;
    let mut command = Command::new(program);
    command.args(args).envs(mark.map(|name| (name, "1"))).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.spawn().map_err(|source| match source.kind() {
        io::ErrorKind::NotFound => ProcessError::NotFound { program: program.to_owned() },
        _ => ProcessError::Start { program: program.to_owned(), source },
    })?;
    let outcome = converse(&mut child, stdin, end).map_err(|trouble| trouble.of(program, patience));
    if outcome.is_err() {
        // It may have ended by itself meanwhile.
        let _ = child.kill();
        let _ = child.wait();
    }
    outcome
}

/// What went wrong with a program that runs.
enum ProcessFailure {
    Start(io::Error),
    Hung,
    Read(InputError),
}

impl ProcessFailure {
    fn of(self, program: &OsStr, patience: Duration) -> ProcessError {
        let program = program.to_owned();
        match self {
            Self::Start(source) => ProcessError::Start { program, source },
            Self::Hung => ProcessError::Hung { program, seconds: patience.as_secs() },
            Self::Read(InputError::Read(source)) => ProcessError::Read { program, source },
            Self::Read(_) => ProcessError::TooMuch { program },
        }
    }
}

/// Tells a program what it is to read, and waits for what it writes and for its end.
fn converse(child: &mut Child, stdin: &[u8], end: Instant) -> Result<ProcessOutput, ProcessFailure> {
    let told = child.stdin.take().map(|pipe| tell(pipe, stdin)).transpose().map_err(ProcessFailure::Start)?;
    let said = child.stdout.take().map(listen).transpose().map_err(ProcessFailure::Start)?;
    let stdout = match said {
        Some(said) => said.wait(end).ok_or(ProcessFailure::Hung)?.map_err(ProcessFailure::Read)?,
        None => Zeroizing::default(),
    };
    let status = background::wait(end, || child.try_wait().transpose()).ok_or(ProcessFailure::Hung)?;
    let status = status.map_err(|source| ProcessFailure::Read(InputError::Read(source)))?;
    if let Some(told) = told {
        let _ = told.wait(Instant::now() + LAST_MOMENT);
    }
    Ok(ProcessOutput { code: status.code(), stdout })
}

/// Writes to a program, which may read late or never. It is done when the copy of `stdin` is wiped.
fn tell(mut pipe: ChildStdin, stdin: &[u8]) -> io::Result<BackgroundTask<()>> {
    let bytes = Zeroizing::new(stdin.to_vec());
    BackgroundTask::start(move || {
        // Whoever does not read it did not need it.
        let _ = pipe.write_all(&bytes);
    })
}

/// Reads what a program writes. It is done with the last writer, which may be long after the program.
fn listen(pipe: ChildStdout) -> io::Result<BackgroundTask<Result<Zeroizing<Vec<u8>>, InputError>>> {
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
    fn what_a_program_writes_comes_back_with_its_exit_code() {
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
    fn a_mark_is_in_the_environment_and_all_else_too() {
        let output =
            run(OsStr::new("sh"), &["-c", "printf %s \"$MARK${PATH:+ and PATH}\""], b"", Some("MARK"), LONG);
        assert_eq!(output.expect("it runs").stdout.as_slice(), b"1 and PATH");
    }

    #[test]
    fn much_goes_in_and_out() {
        let bytes: Vec<u8> = (0..=u8::MAX).cycle().take(MAX_INPUT_BYTES).collect();
        let output = run(OsStr::new("cat"), &[] as &[&str], &bytes, None, LONG).expect("it fits");
        assert!(*output.stdout == bytes);
        // More than a pipe holds, and nobody reads it.
        assert_eq!(sh("exit 1", &bytes, LONG).expect("it ends").code, Some(1));
    }

    #[test]
    fn a_program_that_does_not_end_is_killed() {
        let started = Instant::now();
        for script in ["exec sleep 300", "exec >&-; exec sleep 300", "sleep 300 & exit 0", "sleep 300"] {
            let error = sh(script, &vec![0; 1_000_000], SHORT).expect_err(script);
            assert_eq!(error.to_string(), "sh gave no answer within 1 s", "{script}");
        }
        assert!(started.elapsed() < Duration::from_secs(240), "none is waited for until it ends");
    }

    #[test]
    fn an_endless_answer_is_too_much() {
        let error = run(OsStr::new("yes"), &[] as &[&str], b"", None, LONG).expect_err("endless");
        assert!(matches!(error, ProcessError::TooMuch { .. }), "{error}");
    }

    #[test]
    fn a_program_that_is_not_there_is_named() {
        let error = run(OsStr::new("no-such-program"), &["x"], b"", None, LONG).expect_err("absent");
        assert_eq!(error.to_string(), "there is no program no-such-program");
        let error = run(OsStr::new("/etc/passwd"), &["x"], b"", None, LONG).expect_err("no program");
        assert_eq!(error.to_string(), "cannot start /etc/passwd");
    }
}
