//! `completions`: the script that lets a shell complete a command line, and the answers to that script.

use std::collections::BTreeSet;
use std::ffi::{OsStr, OsString};

use clap::ValueEnum;
use clap_complete::engine::ArgValueCandidates;
use clap_complete::{CompletionCandidate, engine};

use crate::command::context::CommandContext;
use crate::command::error::CommandError;
use crate::command::token_view::scope_words;
use crate::inventory::Inventory;
use crate::model::scope::Scope;
use crate::model::token::Token;
use crate::system::env;
use crate::system::sanitize::clean;
use crate::vault::store::VaultStore;

/// Write a completion script for a shell
#[derive(Debug, clap::Args)]
pub struct CompletionsArgs {
    /// The shell
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
    cx.write_answer(args.shell.script().as_bytes())
}

/// Returns the candidates for a script, one per line; no lines if the request is not understood.
///
/// The last word is the one being typed. It begins with an extra dot, because some shells drop an empty argument.
pub fn answer(shell: &OsStr, words: &[OsString], mut command: clap::Command) -> String {
    let shell = shell.to_str().and_then(|shell| Shell::from_str(shell, false).ok());
    let prefix = words.last().and_then(|last| last.to_str()?.strip_prefix('.'));
    let (Some(shell), Some(prefix), [words @ .., _]) = (shell, prefix, words) else { return String::new() };
    let line = words.iter().cloned().chain([prefix.into()]).collect();
    let folder = env::working_directory().ok();
    let mut candidates =
        engine::complete(&mut command, line, words.len(), folder.as_deref()).unwrap_or_default();
    let is_option =
        |candidate: &CompletionCandidate| candidate.get_value().as_encoded_bytes().starts_with(b"-");
    if prefix.is_empty() && !candidates.iter().all(is_option) {
        candidates.retain(|candidate| !is_option(candidate));
    }
    candidates.iter().filter_map(|candidate| shell.line(candidate)).collect()
}

/// Completes the names of tokens, as in `#[arg(add = token_names())]`.
pub fn token_names() -> ArgValueCandidates {
    ArgValueCandidates::new(|| {
        let candidate = |token: &Token| {
            CompletionCandidate::new(token.name.as_str()).help(Some(scope_words(token).into()))
        };
        inventory().tokens().iter().map(candidate).collect()
    })
}

/// Completes the scopes of tokens.
pub fn token_scopes() -> ArgValueCandidates {
    ArgValueCandidates::new(|| {
        let inventory = inventory();
        let mut scopes: BTreeSet<&Scope> = BTreeSet::new();
        scopes.extend(inventory.tokens().iter().flat_map(|token| &token.scopes));
        scopes.into_iter().map(|scope| CompletionCandidate::new(scope.to_string())).collect()
    })
}

/// Returns the tokens, or none after an error, which nobody would read while typing.
fn inventory() -> Inventory {
    VaultStore::find().and_then(|store| store.inventory()).unwrap_or_default()
}

impl Shell {
    fn script(self) -> &'static str {
        match self {
            Self::Bash => include_str!("bash.sh"),
            Self::Zsh => include_str!("zsh.zsh"),
            Self::Fish => include_str!("fish.fish"),
            Self::Powershell => include_str!("powershell.ps1"),
            Self::Elvish => include_str!("elvish.elv"),
        }
    }

    /// Returns the line for a candidate, or `None` for one that could control the terminal.
    fn line(self, candidate: &CompletionCandidate) -> Option<String> {
        let value = candidate.get_value().to_str().filter(|value| clean(value) == **value)?;
        let help = candidate.get_help().map(ToString::to_string).unwrap_or_default();
        let help = help.lines().next().map(clean).filter(|help| !help.is_empty());
        // zsh, fish and Elvish quote a candidate themselves.
        let (value, separator) = match self {
            Self::Bash => (escape(value, |letter| !is_plain(letter)), None),
            Self::Zsh => (escape(value, |letter| matches!(letter, '\\' | ':')), Some(':')),
            Self::Fish => (value.to_owned(), Some('\t')),
            Self::Powershell => (quote_for_powershell(value), Some('\t')),
            Self::Elvish => (value.to_owned(), None),
        };
        let help = separator.zip(help).map(|(separator, help)| format!("{separator}{help}"));
        Some(format!("{value}{}\n", help.unwrap_or_default()))
    }
}

/// True for a character without a special meaning in any shell.
fn is_plain(letter: char) -> bool {
    letter.is_alphanumeric() || matches!(letter, '.' | '_' | '-' | '+' | ':' | '/' | '@' | '=')
}

fn escape(text: &str, is_special: impl Fn(char) -> bool) -> String {
    let escape = |letter| is_special(letter).then_some('\\').into_iter().chain([letter]);
    text.chars().flat_map(escape).collect()
}

/// Quotes a text for PowerShell, where a doubled quote inside quotes stands for one. Typographic quotes also count:
/// <https://learn.microsoft.com/powershell/module/microsoft.powershell.core/about/about_quoting_rules>.
fn quote_for_powershell(text: &str) -> String {
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
    fn candidates_with_special_letters_are_quoted_for_each_shell() {
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
