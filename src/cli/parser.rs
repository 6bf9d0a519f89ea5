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

/// A Docker credential helper for personal access tokens: many tokens, the right one for each request
#[derive(Parser)]
#[command(name = "docker-credential-pat", disable_version_flag = true, after_help = AFTER_HELP)]
pub(super) struct Cli {
    #[command(subcommand)]
    pub(super) verb: Subcommand,
}

/// The variables and files, for the manual page and the end of the help.
const AFTER_HELP: &str = "\
Environment:
  DOCKER_CREDENTIAL_PAT_TOKEN_NAME       the only token to use
  DOCKER_CREDENTIAL_PAT_PROFILE          the profile, whose choices and logins come first
  DOCKER_CREDENTIAL_PAT_REPOSITORY       the images, separated by commas, such as ghcr.io/acme/app
  DOCKER_CREDENTIAL_PAT_DIRECTION        pull, push, both or delete
  DOCKER_CREDENTIAL_PAT_WARN_DAYS        warn this many days before a token expires (default: 7)
  DOCKER_CREDENTIAL_PAT_USAGE            off: do not record this call in the log
  DOCKER_CREDENTIAL_PAT_KEY_HOLDER       key-file or keyring: the holder of a new vault's key
  DOCKER_CREDENTIAL_PAT_PASSPHRASE_FILE  a file with the vault's passphrase
  DOCKER_CREDENTIAL_PAT_CA_FILE          a PEM file with additional certificate authorities
  DOCKER_CREDENTIAL_PAT_HUB_URL          another address of Docker Hub's API
  DOCKER_CREDENTIAL_PAT_CODING_URL       another address of CODING's API
  NO_COLOR                               no colors

Files:
  ~/.local/share/docker-credential-pat/vault         the tokens, with sealed secrets
  ~/.config/docker-credential-pat/key                the vault's key, unless another holder has it
  ~/.local/state/docker-credential-pat/usage.jsonl   the requests of clients, for `usage`";

/// The verbs by purpose, in the order of the help.
const GROUPS: [(&str, &[&str]); 8] = [
    ("Manage tokens", &["add", "ls", "show", "edit", "rotate", "activate", "deactivate", "rm"]),
    ("Choose and explain", &["use", "explain", "usage", "verify"]),
    ("Move in and out", &["import", "export", "backup", "restore"]),
    ("Docker Hub", &["hub"]),
    ("CODING and CNB", &["coding"]),
    ("Vault and key", &["key", "unlock", "lock"]),
    ("Set up and check", &["install", "uninstall", "doctor", "status", "completions", "man"]),
    ("Docker's own verbs", &["get", "store", "erase", "list", "version"]),
];

const HELP_END: &str = "\
Examples:
  docker-credential-pat install                              make Docker use this program
  docker-credential-pat add ci --registry ghcr.io/acme       add a token; its secret is asked for
  docker-credential-pat explain -- docker push ghcr.io/acme  show which token this push gets

`docker-credential-pat VERB --help` explains a verb, and `docker-credential-pat man` shows the
manual, with the variables and files.
";

#[derive(clap::Subcommand)]
pub(super) enum Subcommand {
    /// Show whether Docker uses this program, and what to do next
    Status,
    Add(add::AddArgs),
    #[command(alias = "tokens")]
    Ls(ls::LsArgs),
    Show(show::ShowArgs),
    Edit(edit::EditArgs),
    /// Use tokens again that are switched off or signed out
    #[command(visible_alias = "enable")]
    Activate(activate::ActivateArgs),
    /// Switch tokens off, and keep them
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
    /// Make Docker or podman use this program
    Install(install::InstallArgs),
    /// Make Docker or podman use its earlier helper again
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
pub(super) const DOCKER_VERBS: [(&str, &str); 5] = [
    ("get", "Print the credentials for the registry on standard input"),
    ("store", "Save the credentials on standard input"),
    ("erase", "Sign out of the registry on standard input"),
    ("list", "Print the registries and their user names"),
    ("version", "Print the version"),
];

/// Words that people try as verbs, and the hint for each.
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
        "docker-credential-pat install makes Docker use this program",
    ),
];

/// Words that people try as verbs of `hub`, and the hint for each.
const HUB_WORDS: [(&[&str], &str); 5] = [
    (
        &["login", "signin", "sign-in", "whoami"],
        "docker login, without -u, signs in at Docker Hub by the browser; every verb of hub also takes --user",
    ),
    (
        &["logout", "signout", "sign-out"],
        "docker logout signs out of Docker Hub; docker-credential-pat lock forgets a typed sign-in",
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

/// An example for each verb for people, without the name of the program.
const EXAMPLES: [(&str, &str); 25] = [
    ("status", "status"),
    ("add", "add ci --registry ghcr.io/acme --user me --permission pull --expires 90d"),
    ("ls", "ls --registry ghcr.io"),
    ("show", "show ci"),
    ("edit", "edit ci --label builds --expires 2027-01-31"),
    ("activate", "activate ci"),
    ("deactivate", "deactivate ci"),
    ("rotate", "rotate ci --expires 90d"),
    ("rm", "rm ci"),
    ("use", "use ci ghcr.io/acme --push"),
    ("explain", "explain -- docker push ghcr.io/acme/app:1"),
    ("verify", "verify ci --repository ghcr.io/acme/app"),
    ("usage", "usage --since 30d --by client"),
    ("import", "import --dry-run"),
    ("export", "export ci --format kubernetes-secret --output secret.yaml"),
    ("hub", "hub create laptop --permission push --expires 90d"),
    ("coding", "coding create shop --team acme --project shop --scope artifact_rw"),
    ("install", "install"),
    ("uninstall", "uninstall"),
    ("doctor", "doctor --fix"),
    ("backup", "backup tokens.backup"),
    ("restore", "restore tokens.backup"),
    ("key", "key add passphrase"),
    ("unlock", "unlock --for 8h"),
    ("lock", "lock"),
];

/// Returns an example for a verb for people, without the name of the program.
pub(super) fn example(verb: &str) -> Option<&'static str> {
    EXAMPLES.iter().find(|(name, _)| *name == verb).map(|(_, example)| *example)
}

/// Returns the definition of the command line, with Docker's verbs.
pub(super) fn command() -> clap::Command {
    let docker_verbs = DOCKER_VERBS.iter().map(|(name, does)| clap::Command::new(*name).about(*does));
    let mut command = Cli::command().subcommands(docker_verbs);
    for (verb, example) in EXAMPLES {
        if command.find_subcommand(verb).is_some() {
            command = command.mut_subcommand(verb, |verb| with_example(verb, example));
        }
    }
    let help = grouped_help(&command);
    command.override_help(help)
}

fn with_example(verb: clap::Command, example: &str) -> clap::Command {
    let more = verb.get_after_help().map(|text| format!("\n\n{text}")).unwrap_or_default();
    verb.after_help(format!("Example:\n  docker-credential-pat {example}{more}"))
}

/// Returns the help of the program: the verbs by purpose.
fn grouped_help(command: &clap::Command) -> String {
    let about = command.get_about().map(ToString::to_string).unwrap_or_default();
    let line = |verb: &&str| {
        let about = command.find_subcommand(verb)?.get_about()?;
        Some(format!("  {verb:<12} {about}\n"))
    };
    let groups = GROUPS.iter().filter_map(|(group, verbs)| {
        let lines: String = verbs.iter().filter_map(line).collect();
        // A smaller build lacks some verbs.
        (!lines.is_empty()).then(|| format!("{group}:\n{lines}\n"))
    });
    let groups: String = groups.collect();
    format!("{about}\n\nUsage: docker-credential-pat VERB [ARGUMENTS]\n\n{groups}{HELP_END}")
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_verb_is_in_one_group_with_a_short_line_and_an_example_that_parses() {
        let command = command();
        for verb in command.get_subcommands() {
            let name = verb.get_name();
            let groups = GROUPS.iter().filter(|(_, verbs)| verbs.contains(&name));
            assert_eq!(groups.count(), 1, "{name}");
            let about = verb.get_about().expect(name).to_string();
            assert!(about.chars().count() <= 66, "{name}: {about}");
            let is_docker_verb = DOCKER_VERBS.iter().any(|(docker, _)| *docker == name);
            let example = EXAMPLES.iter().any(|(verb, _)| *verb == name);
            assert!(is_docker_verb || example || ["completions", "man"].contains(&name), "{name}");
        }
        for (verb, example) in EXAMPLES {
            if command.find_subcommand(verb).is_some() {
                let line = ["docker-credential-pat"].into_iter().chain(example.split(' '));
                super::command().try_get_matches_from(line).expect(example);
            }
        }
        let help = grouped_help(&command);
        assert!(help.lines().all(|line| line.chars().count() <= 100), "{help}");
    }
}
