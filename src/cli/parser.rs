//! The definition of the command line, and the dispatch to the verbs for people.

use clap::{CommandFactory, Parser};

use crate::command::context::CommandContext;
use crate::command::error::CommandError;
use crate::command::{
    activate, add, backup, doctor, edit, explain, export, import, install, key, ls, rm, rotate, show, status,
    unlock, usage, r#use,
};
#[cfg(feature = "online")]
use crate::command::{coding, hub, verify};
#[cfg(feature = "extras")]
use crate::command::{completions, man};

/// Keeps personal access tokens for Docker, podman and other container tools, and gives each request the right one
#[derive(Parser)]
#[command(name = "docker-credential-pat", disable_version_flag = true, after_help = AFTER_HELP)]
pub(super) struct Cli {
    #[command(subcommand)]
    pub(super) verb: Subcommand,
}

const AFTER_HELP: &str = "\
Environment:
  DOCKER_CREDENTIAL_PAT_TOKEN_NAME       the name of the one token that may answer
  DOCKER_CREDENTIAL_PAT_PROFILE          the profile whose choices and logins come first
  DOCKER_CREDENTIAL_PAT_REPOSITORY       images, separated by commas, such as ghcr.io/acme/app
  DOCKER_CREDENTIAL_PAT_DIRECTION        pull, push, both or delete
  DOCKER_CREDENTIAL_PAT_WARN_DAYS        days before a token expires that warnings begin (7)
  DOCKER_CREDENTIAL_PAT_PASSPHRASE_FILE  a file with the vault's passphrase, for machines
  DOCKER_CREDENTIAL_PAT_KEY_HOLDER       where the key of a new vault goes: keyring or key-file
  DOCKER_CREDENTIAL_PAT_CA_FILE          certificates of additional authorities, in PEM
  DOCKER_CREDENTIAL_PAT_CODING_URL       another address of CODING's interface
  DOCKER_CREDENTIAL_PAT_USAGE            off: this call is not recorded in the log
  DOCKER_CREDENTIAL_PAT_HUB_URL          another address of Docker Hub's interface
  NO_COLOR                               no colour

Files:
  ~/.local/share/docker-credential-pat/vault   the tokens, their secrets sealed
  ~/.config/docker-credential-pat/key          the vault's key, where no OS keyring has it
  ~/.local/state/docker-credential-pat/usage.jsonl   what clients asked for, which `usage` counts";

#[derive(clap::Subcommand)]
pub(super) enum Subcommand {
    /// Show whether Docker asks this program, and the next step; so does the program without a verb
    Status,
    Add(add::AddArgs),
    #[command(alias = "tokens")]
    Ls(ls::LsArgs),
    Show(show::ShowArgs),
    Edit(edit::EditArgs),
    /// Use tokens again that were switched off or signed out
    #[command(visible_alias = "enable")]
    Activate(activate::ActivateArgs),
    /// Switch tokens off: they are kept, but not used
    #[command(visible_alias = "disable")]
    Deactivate(activate::ActivateArgs),
    Rotate(rotate::RotateArgs),
    #[command(aliases = ["remove", "delete"])]
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
    Uninstall(install::UninstallArgs),
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

/// Docker's verbs, for help, manual and completions. They run before any argument is parsed.
const DOCKER_VERBS: [(&str, &str); 5] = [
    ("get", "Docker's verb: give the credentials for the registry on standard input, as JSON"),
    ("store", "Docker's verb: keep the credentials on standard input, which are JSON"),
    ("erase", "Docker's verb: sign out of the registry on standard input"),
    ("list", "Docker's verb: give every registry that has credentials with its user name, as JSON"),
    ("version", "Docker's verb: give the name and the version of this program"),
];

/// Words that people try as verbs, and what leads on from each.
const OTHER_WORDS: [(&[&str], &str); 7] = [
    (
        &["login", "signin", "sign-in"],
        "docker login HOST signs in; docker-credential-pat add NAME --registry HOST adds a token",
    ),
    (
        &["logout", "signout", "sign-out"],
        "docker logout HOST signs out; docker-credential-pat rm NAME removes a token",
    ),
    (
        &["whoami", "who", "current"],
        "docker-credential-pat ls shows which tokens are in use, and docker-credential-pat explain IMAGE which one an image gets",
    ),
    (&["create", "new", "save", "set"], "docker-credential-pat add NAME --registry HOST adds a token"),
    (
        &["update", "change", "rename"],
        "docker-credential-pat edit NAME changes a token, and docker-credential-pat rotate NAME gives it a new secret",
    ),
    (&["switch", "select", "default"], "docker-credential-pat use NAME puts a token in use"),
    (
        &["init", "setup", "configure", "config"],
        "docker-credential-pat install makes Docker ask this program",
    ),
];

/// Words that people try as verbs of `hub`, and what leads on from each.
const HUB_WORDS: [(&[&str], &str); 5] = [
    (
        &["login", "signin", "sign-in", "whoami"],
        "docker login, without -u, signs in at Docker Hub by the browser; every verb of hub also takes --user",
    ),
    (
        &["logout", "signout", "sign-out"],
        "docker logout signs out of Docker Hub; docker-credential-pat lock forgets a sign-in that was typed",
    ),
    (
        &["edit", "update", "change", "label"],
        "docker-credential-pat hub rename NAME LABEL changes the label; what a token may do cannot be changed, so make \
         another one with docker-credential-pat hub create",
    ),
    (
        &["show", "use", "select"],
        "docker-credential-pat show NAME and docker-credential-pat use NAME are for every token; hub tokens lists \
         those at Docker Hub",
    ),
    (&["new", "add", "make"], "docker-credential-pat hub create NAME makes a token at Docker Hub"),
];

/// Returns the hint for a word that is not a verb, or not one of the group.
pub(super) fn hint_for_word(word: &str, group: Option<&str>) -> Option<&'static str> {
    let words: &[(&[&str], &str)] = match group {
        None => &OTHER_WORDS,
        Some("hub") => &HUB_WORDS,
        Some(_) => &[],
    };
    words.iter().find(|(words, _)| words.contains(&word)).map(|(_, hint)| *hint)
}

/// The position of Docker's verbs in the help: after all others.
const DOCKER_VERBS_ORDER: usize = 100;

/// Returns the definition of the command line, with Docker's verbs.
pub(super) fn command() -> clap::Command {
    let docker_verbs = DOCKER_VERBS.iter().enumerate().map(|(at, (name, does))| {
        clap::Command::new(*name).about(*does).display_order(DOCKER_VERBS_ORDER + at)
    });
    Cli::command().subcommands(docker_verbs)
}

impl Subcommand {
    pub(super) fn run(&self, cx: &mut CommandContext) -> Result<(), CommandError> {
        match self {
            Self::Status => status::run(cx),
            Self::Add(args) => add::run(args, cx),
            Self::Ls(args) => ls::run(args, cx),
            Self::Show(args) => show::run(args, cx),
            Self::Edit(args) => edit::run(args, cx),
            Self::Activate(args) => activate::activate(args, cx),
            Self::Deactivate(args) => activate::deactivate(args, cx),
            Self::Rotate(args) => rotate::run(args, cx),
            Self::Rm(args) => rm::run(args, cx),
            Self::Use(args) => r#use::run(args, cx),
            Self::Explain(args) => explain::run(args, cx),
            Self::Usage(args) => usage::run(args, cx),
            Self::Import(args) => import::run(args, cx),
            Self::Export(args) => export::run(args, cx),
            #[cfg(feature = "online")]
            Self::Hub(args) => hub::run(args, cx),
            Self::Install(args) => install::install(args, cx),
            Self::Uninstall(args) => install::uninstall(args, cx),
            Self::Doctor(args) => doctor::run(args, cx),
            Self::Backup(args) => backup::backup(args, cx),
            Self::Restore(args) => backup::restore(args, cx),
            Self::Key(args) => key::run(args, cx),
            Self::Unlock(args) => unlock::unlock(args, cx),
            Self::Lock(args) => unlock::lock(args, cx),
            #[cfg(feature = "online")]
            Self::Verify(args) => verify::run(args, cx),
            #[cfg(feature = "online")]
            Self::Coding(args) => coding::run(args, cx),
            #[cfg(feature = "extras")]
            Self::Completions(args) => completions::run(args, cx),
            #[cfg(feature = "extras")]
            Self::Man(args) => man::run(args, command(), cx),
        }
    }
}
