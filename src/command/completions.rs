//! `completions`: the script by which a shell offers verbs, options and names of tokens; and what it then asks.

use std::collections::BTreeSet;
use std::ffi::{OsStr, OsString};

use clap::ValueEnum;
use clap_complete::engine::ArgValueCandidates;
use clap_complete::{CompletionCandidate, engine};

use crate::command::context::CommandContext;
use crate::command::error::CommandError;
use crate::command::token_view::places;
use crate::inventory::Inventory;
use crate::model::scope::Scope;
use crate::model::token::Token;
use crate::system::env;
use crate::system::sanitize::clean;
use crate::vault::store::VaultStore;

/// Write the script by which a shell completes the arguments of this program
#[derive(Debug, clap::Args)]
pub struct CompletionsArgs {
    /// The shell that is to read it
    shell: Shell,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Shell {
    Bash,
    Zsh,
    Fish,
    Powershell,
    Elvish,
}

/// Runs the verb.
pub fn run(args: &CompletionsArgs, cx: &mut CommandContext) -> Result<(), CommandError> {
    cx.out.write_all(args.shell.script().as_bytes()).map_err(CommandError::output)
}

/// Returns what a script is to offer, a candidate on each line; nothing where nothing can be told.
///
/// The words are those before the one that is typed, and that one with a dot in front: some shells leave
/// out an empty argument.
pub fn answer(shell: &OsStr, words: &[OsString], mut command: clap::Command) -> String {
    let shell = shell.to_str().and_then(|shell| Shell::from_str(shell, false).ok());
    let typed = words.last().and_then(|last| last.to_str()?.strip_prefix('.'));
    let (Some(shell), Some(typed), [words @ .., _]) = (shell, typed, words) else { return String::new() };
    let line = words.iter().cloned().chain([typed.into()]).collect();
    let folder = env::working_directory().ok();
    let mut found = engine::complete(&mut command, line, words.len(), folder.as_deref()).unwrap_or_default();
    let is_option =
        |candidate: &CompletionCandidate| candidate.get_value().as_encoded_bytes().starts_with(b"-");
    if typed.is_empty() && !found.iter().all(is_option) {
        found.retain(|candidate| !is_option(candidate));
    }
    found.iter().filter_map(|candidate| shell.line(candidate)).collect()
}

/// Returns what offers the names of the tokens at an argument, as in `#[arg(add = token_names())]`.
pub fn token_names() -> ArgValueCandidates {
    ArgValueCandidates::new(|| {
        let candidate =
            |token: &Token| CompletionCandidate::new(token.name.as_str()).help(Some(places(token).into()));
        inventory().tokens().iter().map(candidate).collect()
    })
}

/// Returns what offers the places to which the tokens may go at an argument.
pub fn token_scopes() -> ArgValueCandidates {
    ArgValueCandidates::new(|| {
        let inventory = inventory();
        let mut scopes: BTreeSet<&Scope> = BTreeSet::new();
        scopes.extend(inventory.tokens().iter().flat_map(|token| &token.scopes));
        scopes.into_iter().map(|scope| CompletionCandidate::new(scope.to_string())).collect()
    })
}

/// Returns the tokens. Nobody reads an error while typing, so that there are none then.
fn inventory() -> Inventory {
    VaultStore::find().and_then(|store| store.inventory()).unwrap_or_default()
}

impl Shell {
    fn script(self) -> &'static str {
        match self {
            Self::Bash => include_str!("completions/bash.sh"),
            Self::Zsh => include_str!("completions/zsh.zsh"),
            Self::Fish => include_str!("completions/fish.fish"),
            Self::Powershell => include_str!("completions/powershell.ps1"),
            Self::Elvish => include_str!("completions/elvish.elv"),
        }
    }

    /// Returns a candidate as the shell's script reads it; `None` for one that could steer the terminal.
    fn line(self, candidate: &CompletionCandidate) -> Option<String> {
        let value = candidate.get_value().to_str().filter(|value| clean(value) == **value)?;
        let help = candidate.get_help().map(ToString::to_string).unwrap_or_default();
        let help = help.lines().next().map(clean).filter(|help| !help.is_empty());
        // zsh, fish and Elvish put a candidate into quotes by themselves where it needs them.
        let (value, separator) = match self {
            Self::Bash => (backslashed(value, |letter| !is_plain(letter)), None),
            Self::Zsh => (backslashed(value, |letter| matches!(letter, '\\' | ':')), Some(':')),
            Self::Fish => (value.to_owned(), Some('\t')),
            Self::Powershell => (in_quotes(value), Some('\t')),
            Self::Elvish => (value.to_owned(), None),
        };
        let help = separator.zip(help).map(|(separator, help)| format!("{separator}{help}"));
        Some(format!("{value}{}\n", help.unwrap_or_default()))
    }
}

/// True for a letter that means itself to every shell.
fn is_plain(letter: char) -> bool {
    letter.is_alphanumeric() || matches!(letter, '.' | '_' | '-' | '+' | ':' | '/' | '@' | '=')
}

fn backslashed(text: &str, needs_it: impl Fn(char) -> bool) -> String {
    let escape = |letter| needs_it(letter).then_some('\\').into_iter().chain([letter]);
    text.chars().flat_map(escape).collect()
}

/// PowerShell reads a doubled quote inside quotes as one; the typographic ones count too:
/// <https://learn.microsoft.com/powershell/module/microsoft.powershell.core/about/about_quoting_rules>.
fn in_quotes(text: &str) -> String {
    if !text.starts_with('@') && text.chars().all(is_plain) {
        return text.to_owned();
    }
    let doubled = |letter| {
        let is_quote = matches!(letter, '\'' | '\u{2018}'..='\u{201b}');
        std::iter::repeat_n(letter, if is_quote { 2 } else { 1 })
    };
    format!("'{}'", text.chars().flat_map(doubled).collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_shell_takes_a_candidate_apart() {
        for (shell, value, want) in [
            (Shell::Bash, "alice@ghcr.io", "alice@ghcr.io\n"),
            (Shell::Bash, "a b$(c)'", "a\\ b\\$\\(c\\)\\'\n"),
            (Shell::Zsh, "[::1]\\", "[\\:\\:1]\\\\:a place\n"),
            (Shell::Fish, "a b", "a b\ta place\n"),
            (Shell::Powershell, "a b's", "'a b''s'\ta place\n"),
            (Shell::Powershell, "a\u{2019}s", "'a\u{2019}\u{2019}s'\ta place\n"),
            (Shell::Powershell, "@ci", "'@ci'\ta place\n"),
            (Shell::Elvish, "a b", "a b\n"),
        ] {
            let candidate = CompletionCandidate::new(value).help(Some("a place\nmore".into()));
            assert_eq!(shell.line(&candidate).as_deref(), Some(want), "{shell:?} {value}");
        }
        for value in ["a\nb", "\u{1b}[31m", "\u{202e}x"] {
            assert_eq!(Shell::Fish.line(&CompletionCandidate::new(value)), None, "{value:?}");
        }
    }
}
