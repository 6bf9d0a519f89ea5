//! The entry point of the program. Docker's verbs, which clients call all the time, run before any argument is
//! parsed; the parser dispatches all others.

mod parser;
mod usage_error;

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io;
use std::io::{BufWriter, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::FromArgMatches;
use clap::error::{ContextKind, ErrorKind};

use crate::cli::parser::{Cli, command};
use crate::cli::usage_error::{UsageError, VerbPath};
#[cfg(feature = "extras")]
use crate::command::completions;
use crate::command::context::CommandContext;
use crate::command::error::CommandError;
use crate::command::protocol::{ProtocolVerb, VerbOutcome};
use crate::command::{protocol, status};
use crate::docker::wire::WireError;
use crate::model::hint::program;
use crate::provider::mask_secrets;
#[cfg(feature = "extras")]
use crate::system::env;
use crate::system::limited_read::{InputError, read_input};
use crate::system::sanitize::{clean, clean_lines};
use crate::system::{scrub, stdio};
use crate::vault::store::Proof;

/// The exit code for a failure. Clients treat every other code as success.
const NOT_DONE: ExitCode = ExitCode::FAILURE;

/// The exit code after Ctrl-C, as in a shell.
const INTERRUPTED: u8 = 130;

/// The exit code for invalid arguments of a verb for people.
const WRONG_USAGE: u8 = 2;

/// Runs the program. The first argument is the name under which it was called.
pub fn run(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    let mut args = args.into_iter();
    let path = args.next().map(PathBuf::from).unwrap_or_default();
    let called_as = path.file_name().and_then(OsStr::to_str);
    let args: Vec<OsString> = args.collect();
    let words: Vec<&str> = args.iter().map(|arg| arg.to_str().unwrap_or_default()).collect();
    let out = match stdio::stdout() {
        Ok(out) => out,
        Err(error) => return output_failed(error),
    };
    let verb = words.first().and_then(|word| ProtocolVerb::from_word(word));
    match (verb, words.as_slice()) {
        (Some(verb), [_]) => run_protocol_verb(verb, called_as, out),
        (Some(_), [word, "--help" | "-h"]) => run_verb(&["help".into(), word.into()], called_as, out),
        (Some(verb), [word, ..]) => {
            let way = if verb == ProtocolVerb::List {
                format!("{} ls takes some", program())
            } else {
                "the registry goes to standard input".to_owned()
            };
            write(&out, &format!("{word} takes no argument: {way}\n"), NOT_DONE)
        }
        (_, ["version" | "--version" | "-v" | "-V"]) => write(&out, &version(), ExitCode::SUCCESS),
        (_, []) if stdio::stdout_is_terminal() => run_in_context(called_as, out, status::run),
        (_, []) => {
            let usage = "<get|store|erase|list|version>, or --help for all verbs";
            write(&out, &format!("usage: {} {usage}\n", program()), NOT_DONE)
        }
        _ => {
            let code = run_verb(&args, called_as, out);
            scrub::scrub_command_stack();
            code
        }
    }
}

/// Runs one of Docker's verbs.
fn run_protocol_verb(verb: ProtocolVerb, called_as: Option<&str>, mut out: File) -> ExitCode {
    let mut err = io::stderr();
    // `list` reads nothing, but shows its answer.
    let is_typed =
        if verb == ProtocolVerb::List { stdio::stdout_is_terminal() } else { stdio::stdin_is_terminal() };
    if is_typed {
        let _ = writeln!(err, "{}: {}", program(), verb.note_for_people());
    }
    let outcome = (|| -> Result<VerbOutcome, CommandError> {
        // The whole input is read even before an error, so that a client is not cut off while it writes. The input of
        // `list` has no meaning, and testcontainers for Node never closes it:
        // https://github.com/testcontainers/testcontainers-node/blob/main/packages/testcontainers/src/container-runtime/auth/credential-provider.ts
        let input = if verb == ProtocolVerb::List {
            read_input(io::empty())
        } else {
            stdio::stdin().map_err(InputError::Read).and_then(read_input)
        };
        let input = input.map_err(WireError::from)?;
        let mut err = io::stderr();
        let mut cx = CommandContext::new(called_as, &mut out, &mut err)?;
        let outcome = protocol::run(verb, &input, &mut cx);
        cx.note_rollback();
        Ok(outcome)
    })();
    match outcome {
        Ok(VerbOutcome::Done) => ExitCode::SUCCESS,
        Ok(VerbOutcome::NotFound | VerbOutcome::Refused) => NOT_DONE,
        Err(error) => {
            protocol::refuse(&error, out, err);
            NOT_DONE
        }
    }
}

/// Parses the arguments and runs a verb for people.
#[inline(never)]
fn run_verb(args: &[OsString], called_as: Option<&str>, out: File) -> ExitCode {
    // Both the variable and `--` are needed: a variable that stays set must not disable the verbs.
    #[cfg(feature = "extras")]
    if let ([escape, words @ ..], Some(shell)) = (args, env::completing_shell())
        && escape == "--"
    {
        return write(&out, &completions::answer(&shell, words, command()), ExitCode::SUCCESS);
    }
    let line = std::iter::once(program().into()).chain(args.iter().cloned());
    let parsed = command().try_get_matches_from(line).and_then(|parsed| Cli::from_arg_matches(&parsed));
    let cli = match parsed {
        Ok(cli) => cli,
        Err(error) => return wrong_usage(&error, args, &out),
    };
    run_in_context(called_as, out, |cx| {
        cx.store.set_proof(Proof::Unattended);
        cli.verb.run(cx)?;
        cx.note_unproven();
        Ok(())
    })
}

/// Runs a verb for people with a context and reports its error.
fn run_in_context(
    called_as: Option<&str>,
    out: File,
    verb: impl FnOnce(&mut CommandContext) -> Result<(), CommandError>,
) -> ExitCode {
    let mut out = BufWriter::new(out);
    let done = (|| {
        let mut err = io::stderr();
        let mut cx = CommandContext::new(called_as, &mut out, &mut err)?;
        cx.screen = stdio::screen();
        let done = verb(&mut cx);
        cx.note_rollback();
        done?;
        out.flush().map_err(CommandError::output)
    })();
    match done {
        Ok(()) => ExitCode::SUCCESS,
        // The reader has closed the pipe, as in `ls | head -1`.
        Err(error) if error.is_broken_pipe() => ExitCode::SUCCESS,
        Err(error) => {
            error.report(io::stderr());
            if error.is_interruption() { ExitCode::from(INTERRUPTED) } else { NOT_DONE }
        }
    }
}

/// Writes the requested help, or the error in the arguments.
fn wrong_usage(error: &clap::Error, args: &[OsString], out: &File) -> ExitCode {
    if let ErrorKind::DisplayHelp | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand = error.kind() {
        return write(out, &clean_lines(&error.render().to_string()), ExitCode::SUCCESS);
    }
    let verb = VerbPath::find(args);
    CommandError::from(UsageError::new(error, &verb)).report(io::stderr());
    if error.kind() != ErrorKind::InvalidSubcommand || !verb.is_empty() {
        return ExitCode::from(WRONG_USAGE);
    }
    // Like the official helpers: clients read stdout and expect exit code 1. A person has read it on the same terminal.
    let action = error.get(ContextKind::InvalidSubcommand).map(ToString::to_string).unwrap_or_default();
    let line = format!("unknown action \"{}\"\n", clean(&mask_secrets(&action)));
    if stdio::stdout_is_terminal() { NOT_DONE } else { write(out, &line, NOT_DONE) }
}

/// Returns the version line in the format of the official helpers: name, package and version. The package is the
/// build target.
fn version() -> String {
    format!("{} ({}) {}\n", program(), env!("TARGET"), env!("CARGO_PKG_VERSION"))
}

fn write(mut out: &File, text: &str, code: ExitCode) -> ExitCode {
    match out.write_all(text.as_bytes()) {
        Ok(()) => code,
        Err(error) => output_failed(error),
    }
}

/// Reports that the answer cannot be written.
fn output_failed(error: io::Error) -> ExitCode {
    CommandError::output(error).report(io::stderr());
    NOT_DONE
}
