//! The command line: Docker's verbs first, since they are what is called all day, then people's.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io;
use std::io::{BufWriter, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::error::ErrorKind;
use clap::{CommandFactory, FromArgMatches, Parser};

use crate::command::context::CommandContext;
use crate::command::error::CommandError;
use crate::command::protocol::{ProtocolVerb, VerbOutcome};
use crate::command::{
    activate, add, backup, doctor, edit, explain, export, import, install, key, ls, protocol, rm, rotate,
    show, status, unlock, usage, r#use,
};
#[cfg(feature = "online")]
use crate::command::{coding, hub, verify};
#[cfg(feature = "extras")]
use crate::command::{completions, man};
use crate::docker::wire::WireError;
#[cfg(feature = "extras")]
use crate::system::env;
use crate::system::limited_read::{InputError, read_input};
use crate::system::sanitize::{clean, clean_lines};
use crate::system::{scrub, stdio};

/// Not done. Clients take any other code than 1 for success.
const NOT_DONE: ExitCode = ExitCode::FAILURE;

/// Ended by Ctrl-C, as shells count it.
const INTERRUPTED: u8 = 130;

/// Wrong usage of a verb for people.
const WRONG_USAGE: u8 = 2;

/// Keeps personal access tokens for Docker, podman and other container tools, and gives out the right one
#[derive(Parser)]
#[command(name = "docker-credential-pat", disable_version_flag = true, after_help = AFTER_HELP)]
struct Cli {
    #[command(subcommand)]
    verb: Subcommand,
}

const AFTER_HELP: &str = "\
Environment:
  DOCKER_CREDENTIAL_PAT_TOKEN            the name of the one token that may answer
  DOCKER_CREDENTIAL_PAT_PROFILE          the profile whose choices and logins come first
  DOCKER_CREDENTIAL_PAT_REPOSITORY       the image that is meant, such as ghcr.io/acme/app
  DOCKER_CREDENTIAL_PAT_DIRECTION        pull or push
  DOCKER_CREDENTIAL_PAT_WARN_DAYS        days before its end that a token is announced (7)
  DOCKER_CREDENTIAL_PAT_PASSPHRASE_FILE  a file with the vault's passphrase, for machines
  DOCKER_CREDENTIAL_PAT_KEY_HOLDER       where the key of a new vault goes: keyring or key-file
  DOCKER_CREDENTIAL_PAT_CA_FILE          certificates of further authorities, in PEM
  DOCKER_CREDENTIAL_PAT_CODING_URL       another address of CODING's interface
  DOCKER_CREDENTIAL_PAT_USAGE            off, and this call is not noted in the log
  DOCKER_CREDENTIAL_PAT_HUB_URL          another address of Docker Hub's interface
  NO_COLOR                               no colour, whatever the terminal can show

Files:
  ~/.local/share/docker-credential-pat/vault   the tokens, their secrets sealed
  ~/.config/docker-credential-pat/key          the vault's key, where no OS keyring has it
  ~/.local/state/docker-credential-pat/usage.jsonl   what clients asked for, which `usage` counts";

#[derive(clap::Subcommand)]
enum Subcommand {
    Add(add::AddArgs),
    Ls(ls::LsArgs),
    Show(show::ShowArgs),
    Edit(edit::EditArgs),
    /// Give tokens out again that were switched off or signed out
    Activate(activate::ActivateArgs),
    /// Switch tokens off: they are kept, and not given out
    Deactivate(activate::ActivateArgs),
    Rotate(rotate::RotateArgs),
    Rm(rm::RmArgs),
    Use(r#use::UseArgs),
    Explain(explain::ExplainArgs),
    #[cfg(feature = "online")]
    Verify(verify::VerifyArgs),
    Usage(usage::UsageArgs),
    Import(import::ImportArgs),
    Export(export::ExportArgs),
    #[cfg(feature = "online")]
    Hub(hub::HubArgs),
    #[cfg(feature = "online")]
    Coding(coding::CodingArgs),
    /// Make Docker (or podman) keep its credentials here
    Install(install::InstallArgs),
    /// Put back the helper that Docker (or podman) had before
    Uninstall(install::InstallArgs),
    Doctor(doctor::DoctorArgs),
    Backup(backup::BackupArgs),
    Restore(backup::RestoreArgs),
    Key(key::KeyArgs),
    Unlock(unlock::UnlockArgs),
    Lock(unlock::LockArgs),
    #[cfg(feature = "extras")]
    Completions(completions::CompletionsArgs),
    #[cfg(feature = "extras")]
    Man(man::ManArgs),
}

/// Verbs that are answered before any argument is parsed. Here they are for help, manual and completions.
const DOCKER_VERBS: [(&str, &str); 5] = [
    ("get", "Docker's verb: give the credentials for the registry on standard input, as JSON"),
    ("store", "Docker's verb: keep the credentials on standard input, which are JSON"),
    ("erase", "Docker's verb: sign out of the registry on standard input"),
    ("list", "Docker's verb: give every registry that has credentials with its user name, as JSON"),
    ("version", "Docker's verb: give the name and the version of this program"),
];

/// Below people's verbs.
const DOCKER_VERBS_ORDER: usize = 100;

/// Returns the whole command line, for people.
fn command() -> clap::Command {
    let docker_verbs = DOCKER_VERBS.iter().enumerate().map(|(at, (name, does))| {
        clap::Command::new(*name).about(*does).display_order(DOCKER_VERBS_ORDER + at)
    });
    Cli::command().subcommands(docker_verbs)
}

/// Runs the program with its arguments, of which the first is the name under which it was called.
pub fn run(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    let mut args = args.into_iter();
    let program = args.next().map(PathBuf::from).unwrap_or_default();
    let called_as = program.file_name().and_then(OsStr::to_str);
    let args: Vec<OsString> = args.collect();
    let words: Vec<&str> = args.iter().map(|arg| arg.to_str().unwrap_or_default()).collect();
    let out = match stdio::stdout() {
        Ok(out) => out,
        Err(error) => return unheard(error),
    };
    let verb = words.first().and_then(|word| ProtocolVerb::named(word));
    match (verb, words.as_slice()) {
        (Some(verb), [_]) => answer(verb, called_as, out),
        (Some(_), [word, flag]) if is_help(flag) => people(vec!["help".into(), word.into()], called_as, out),
        (Some(_), [word, ..]) => {
            let text = format!("{word} takes no argument: the registry goes to standard input\n");
            write(&out, &text, NOT_DONE)
        }
        (_, ["version" | "--version" | "-v" | "-V"]) => write(&out, &version(), ExitCode::SUCCESS),
        (_, []) if stdio::stdout_is_terminal() => serve(called_as, out, status::run),
        (_, []) => write(&out, &short_help(), NOT_DONE),
        _ => {
            let code = people(args, called_as, out);
            scrub::scrub_command_stack();
            code
        }
    }
}

/// Does one of Docker's verbs.
fn answer(verb: ProtocolVerb, called_as: Option<&str>, mut out: File) -> ExitCode {
    let mut err = io::stderr();
    if let Some(what) = verb.waits_for().filter(|_| stdio::stdin_is_terminal()) {
        let _ = writeln!(err, "docker-credential-pat: {what}");
    }
    let outcome = (|| -> Result<VerbOutcome, CommandError> {
        // All of it is read first, whatever comes: a client that still writes must not be cut off.
        // `list` needs no input, so it does not wait for a person to type some.
        let is_typed = verb == ProtocolVerb::List && stdio::stdin_is_terminal();
        let input = if is_typed {
            read_input(io::empty())
        } else {
            stdio::stdin().map_err(InputError::Read).and_then(read_input)
        };
        let input = input.map_err(WireError::from)?;
        if verb.has_answer() && stdio::was_closed(&out) {
            return Err(CommandError::output(io::Error::other("standard output is closed")));
        }
        let mut err = io::stderr();
        let mut cx = CommandContext::new(called_as, &mut out, &mut err)?;
        Ok(protocol::run(verb, &input, &mut cx))
    })();
    match outcome {
        Ok(VerbOutcome::Done) => ExitCode::SUCCESS,
        Ok(VerbOutcome::NotFound | VerbOutcome::Refused) => NOT_DONE,
        Err(failure) => {
            protocol::refuse(&failure, out, err);
            NOT_DONE
        }
    }
}

/// Does one of the verbs for people.
#[inline(never)]
fn people(args: Vec<OsString>, called_as: Option<&str>, out: File) -> ExitCode {
    // A variable that somebody left set does not keep the verbs from their work.
    #[cfg(feature = "extras")]
    if let ([escape, words @ ..], Some(shell)) = (args.as_slice(), env::completing_shell())
        && escape == "--"
    {
        return write(&out, &completions::answer(&shell, words, command()), ExitCode::SUCCESS);
    }
    let is_nested = args
        .first()
        .and_then(|verb| verb.to_str())
        .is_some_and(|verb| command().find_subcommand(verb).is_some());
    let line = std::iter::once("docker-credential-pat".into()).chain(args);
    let parsed = command().try_get_matches_from(line).and_then(|parsed| Cli::from_arg_matches(&parsed));
    let cli = match parsed {
        Ok(cli) => cli,
        Err(error) => return wrong_usage(&error, is_nested, &out),
    };
    serve(called_as, out, |cx| match &cli.verb {
        Subcommand::Add(args) => add::run(args, cx),
        Subcommand::Ls(args) => ls::run(args, cx),
        Subcommand::Show(args) => show::run(args, cx),
        Subcommand::Edit(args) => edit::run(args, cx),
        Subcommand::Activate(args) => activate::activate(args, cx),
        Subcommand::Deactivate(args) => activate::deactivate(args, cx),
        Subcommand::Rotate(args) => rotate::run(args, cx),
        Subcommand::Rm(args) => rm::run(args, cx),
        Subcommand::Use(args) => r#use::run(args, cx),
        Subcommand::Explain(args) => explain::run(args, cx),
        Subcommand::Usage(args) => usage::run(args, cx),
        Subcommand::Import(args) => import::run(args, cx),
        Subcommand::Export(args) => export::run(args, cx),
        #[cfg(feature = "online")]
        Subcommand::Hub(args) => hub::run(args, cx),
        Subcommand::Install(args) => install::install(args, cx),
        Subcommand::Uninstall(args) => install::uninstall(args, cx),
        Subcommand::Doctor(args) => doctor::run(args, cx),
        Subcommand::Backup(args) => backup::backup(args, cx),
        Subcommand::Restore(args) => backup::restore(args, cx),
        Subcommand::Key(args) => key::run(args, cx),
        Subcommand::Unlock(args) => unlock::unlock(args, cx),
        Subcommand::Lock(args) => unlock::lock(args, cx),
        #[cfg(feature = "online")]
        Subcommand::Verify(args) => verify::run(args, cx),
        #[cfg(feature = "online")]
        Subcommand::Coding(args) => coding::run(args, cx),
        #[cfg(feature = "extras")]
        Subcommand::Completions(args) => completions::run(args, cx),
        #[cfg(feature = "extras")]
        Subcommand::Man(args) => man::run(args, command(), cx),
    })
}

/// Runs a verb for people at a desk, and tells them what went wrong.
fn serve(
    called_as: Option<&str>,
    out: File,
    verb: impl FnOnce(&mut CommandContext) -> Result<(), CommandError>,
) -> ExitCode {
    let mut out = BufWriter::new(out);
    let done = (|| {
        let mut err = io::stderr();
        let mut cx = CommandContext::new(called_as, &mut out, &mut err)?;
        cx.screen = stdio::screen();
        verb(&mut cx)?;
        out.flush().map_err(CommandError::output)
    })();
    match done {
        Ok(()) => ExitCode::SUCCESS,
        // Whoever reads has seen enough, as in `ls | head -1`.
        Err(failure) if failure.is_broken_pipe() => ExitCode::SUCCESS,
        Err(failure) => {
            failure.report(io::stderr());
            if failure.is_interruption() { ExitCode::from(INTERRUPTED) } else { NOT_DONE }
        }
    }
}

/// Tells what is wrong with the arguments, or gives the help that they ask for.
fn wrong_usage(error: &clap::Error, is_nested: bool, out: &File) -> ExitCode {
    // It quotes the arguments as they are.
    let text = clean_lines(&error.render().to_string());
    match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
            write(out, &text, ExitCode::SUCCESS)
        }
        // As the official helpers do: clients look on stdout, and for exit code 1.
        ErrorKind::InvalidSubcommand if !is_nested => {
            let _ = io::stderr().write_all(text.as_bytes());
            let action = error.get(clap::error::ContextKind::InvalidSubcommand);
            let action = action.map(ToString::to_string).unwrap_or_default();
            write(out, &format!("unknown action \"{}\"\n", clean(&action)), NOT_DONE)
        }
        _ => {
            let _ = io::stderr().write_all(text.as_bytes());
            ExitCode::from(WRONG_USAGE)
        }
    }
}

fn is_help(flag: &str) -> bool {
    matches!(flag, "--help" | "-h")
}

/// Returns one line as the official helpers print it: name, package, version. The package is the
/// target that it was built for.
fn version() -> String {
    format!("docker-credential-pat ({}) {}\n", env!("TARGET"), env!("CARGO_PKG_VERSION"))
}

fn short_help() -> String {
    "usage: docker-credential-pat <get|store|erase|list|version>, or --help for all verbs\n".to_owned()
}

fn write(mut out: &File, text: &str, code: ExitCode) -> ExitCode {
    match out.write_all(text.as_bytes()) {
        Ok(()) => code,
        Err(error) => unheard(error),
    }
}

/// Tells that nobody gets the answer.
fn unheard(error: io::Error) -> ExitCode {
    CommandError::output(error).report(io::stderr());
    NOT_DONE
}
