//! Errors in the arguments, in the form of all other errors: one line, and one hint with a command.
//!
//! The texts of clap quote arguments, and an argument may be a secret in the wrong place.

use std::error::Error as _;
use std::ffi::OsString;
use std::iter;

use clap::error::{ContextKind, ErrorKind};
use thiserror::Error;

use crate::cli::parser::{DOCKER_VERBS, command, example, hint_for_word};
use crate::command::error::secret_hint;
use crate::model::hint::{Hint, program};

/// Options that people expect to take a secret as their value.
const SECRET_OPTIONS: [&str; 6] = ["--secret", "--token", "--password", "--pass", "--pat", "-p"];

/// An error in the arguments.
#[derive(Debug, Error)]
#[error("{text}")]
pub(super) struct UsageError {
    text: String,
    hint: String,
}

impl Hint for UsageError {
    fn hint(&self) -> Option<String> {
        Some(self.hint.clone())
    }
}

/// The verb of the arguments, with those above it: `hub create`.
pub(super) struct VerbPath {
    words: Vec<String>,
    command: clap::Command,
}

impl VerbPath {
    pub(super) fn find(args: &[OsString]) -> Self {
        let mut path = Self { words: Vec::new(), command: command() };
        for word in args {
            let Some(verb) = path.command.find_subcommand(word).cloned() else { break };
            path.words.push(verb.get_name().to_owned());
            path.command = verb;
        }
        path
    }

    pub(super) fn is_empty(&self) -> bool {
        self.words.is_empty()
    }

    fn joined(&self) -> String {
        self.words.join(" ")
    }

    /// Returns the command with which the verb takes a secret; `None` if it takes none.
    fn secret_hint(&self) -> Option<String> {
        let has = |long| self.command.get_arguments().any(|arg| arg.get_long() == Some(long));
        let (program, verb) = (program(), self.joined());
        match verb.as_str() {
            "" | "add" => Some(secret_hint()),
            _ if has("secret-stdin") => {
                Some(format!("printf %s \"$TOKEN\" | {program} {verb} NAME --secret-stdin"))
            }
            _ if has("password-stdin") => {
                Some(format!("printf %s \"$PASSWORD\" | {program} {verb} --password-stdin"))
            }
            _ => None,
        }
    }

    /// Returns a command that works: the example of the verb, or its usage.
    fn example(&self, error: &clap::Error) -> String {
        let path = self.joined();
        let example = self.words.first().and_then(|verb| example(verb));
        let usage = || error.get(ContextKind::Usage).map(ToString::to_string);
        match example.filter(|example| example.starts_with(&path)) {
            Some(example) => format!("{} {example}", program()),
            None => usage()
                .and_then(|usage| Some(usage.strip_prefix("Usage: ")?.trim().to_owned()))
                .unwrap_or_else(|| self.help()),
        }
    }

    fn help(&self) -> String {
        self.with("--help")
    }

    /// Returns the command with another word.
    fn with(&self, word: &str) -> String {
        let words = self.words.iter().map(String::as_str);
        iter::once(program()).chain(words).chain([word]).collect::<Vec<_>>().join(" ")
    }
}

impl UsageError {
    pub(super) fn new(error: &clap::Error, path: &VerbPath) -> Self {
        let first = |kind| texts(error, kind).into_iter().next().unwrap_or_default();
        let arg = option_name(&first(ContextKind::InvalidArg));
        let (text, hint) = match error.kind() {
            ErrorKind::InvalidSubcommand => {
                let word = first(ContextKind::InvalidSubcommand);
                return Self::unknown_verb(&word, &texts(error, ContextKind::SuggestedSubcommand), path);
            }
            ErrorKind::MissingRequiredArgument => {
                (missing_text(&texts(error, ContextKind::InvalidArg)), path.example(error))
            }
            ErrorKind::UnknownArgument => {
                return Self::unknown_argument(&arg, &first(ContextKind::SuggestedArg), path);
            }
            ErrorKind::TooManyValues => {
                (format!("{arg} takes no value"), path.secret_hint().unwrap_or_else(|| path.help()))
            }
            ErrorKind::ArgumentConflict => {
                let prior = texts(error, ContextKind::PriorArg)
                    .iter()
                    .map(|arg| option_name(arg))
                    .collect::<Vec<_>>();
                let text = if prior.is_empty() || prior.contains(&arg) {
                    format!("{arg} may be given only once")
                } else {
                    format!("{arg} cannot be used with {}", joined(&prior, "or"))
                };
                (text, path.help())
            }
            ErrorKind::InvalidValue | ErrorKind::ValueValidation => {
                let value = first(ContextKind::InvalidValue);
                let valid = texts(error, ContextKind::ValidValue);
                let text = match error.source() {
                    None if value.is_empty() => format!("{arg} requires a value"),
                    Some(source) => format!("{value:?} is not a value of {arg}: {source}"),
                    None => format!("{value:?} is not a value of {arg}"),
                };
                let hint = if valid.is_empty() {
                    path.example(error)
                } else {
                    format!("{arg} {}", joined(&valid, "or"))
                };
                (text, hint)
            }
            _ => {
                let text = error.render().to_string();
                let line = text.lines().next().unwrap_or_default();
                (line.trim_start_matches("error: ").to_owned(), path.help())
            }
        };
        Self { text, hint }
    }

    /// Describes a word that is not a verb. Docker's own verbs are not suggested: people have no use for them.
    fn unknown_verb(word: &str, suggested: &[String], path: &VerbPath) -> Self {
        let group = path.joined();
        let text = if path.is_empty() {
            format!("there is no verb \"{word}\"")
        } else {
            format!("{group} has no verb \"{word}\"")
        };
        let is_for_people =
            |verb: &&String| !path.is_empty() || DOCKER_VERBS.iter().all(|(name, _)| name != verb);
        let near = suggested.iter().rev().find(is_for_people);
        let hint = hint_for_word(word, (!path.is_empty()).then_some(&group)).map(str::to_owned);
        let hint = hint.or_else(|| near.map(|verb| path.with(verb)));
        Self { text, hint: hint.unwrap_or_else(|| path.help()) }
    }

    /// Describes an additional argument. It may be a secret where the verb takes one, and is not quoted then.
    fn unknown_argument(arg: &str, suggested: &str, path: &VerbPath) -> Self {
        let is_option = arg.starts_with('-');
        let takes_secret = !is_option || SECRET_OPTIONS.contains(&arg);
        let secret_hint = path.secret_hint().filter(|_| takes_secret);
        let text = match (is_option, &secret_hint) {
            (true, Some(_)) => format!("there is no option {arg}: a secret is never an argument"),
            (true, None) => format!("there is no option {arg}"),
            (false, Some(_)) => {
                "there is one argument too many, not shown because it may be a secret".to_owned()
            }
            (false, None) => format!("unexpected argument {arg:?}"),
        };
        let near = (!suggested.is_empty()).then(|| path.with(suggested));
        Self { text, hint: secret_hint.or(near).unwrap_or_else(|| path.help()) }
    }
}

/// Returns the texts that clap keeps under a kind.
fn texts(error: &clap::Error, kind: ContextKind) -> Vec<String> {
    match error.get(kind) {
        Some(clap::error::ContextValue::Strings(texts)) => texts.clone(),
        Some(clap::error::ContextValue::String(text)) => vec![text.clone()],
        Some(_) | None => Vec::new(),
    }
}

/// Returns the name of an option or argument without the name of its value: `--registry` of `--registry <HOST>`.
fn option_name(text: &str) -> String {
    let name = text.split([' ', '=']).next().unwrap_or_default();
    if name.starts_with('-') {
        name.to_owned()
    } else {
        text.trim_end_matches("...").trim_matches(['<', '>', '[', ']']).to_owned()
    }
}

/// Names what is missing: arguments, or one of several options.
fn missing_text(missing: &[String]) -> String {
    let name = |text: &String| {
        let options: Vec<String> = text
            .split(['<', '>', '|', ' '])
            .filter(|word| word.starts_with("--"))
            .map(str::to_owned)
            .collect();
        if options.is_empty() { option_name(text) } else { joined(&options, "or") }
    };
    let (options, arguments): (Vec<_>, Vec<_>) =
        missing.iter().map(name).partition(|name| name.starts_with("--"));
    let names: Vec<_> = arguments.into_iter().chain(options).collect();
    format!("{} {} missing", joined(&names, "and"), if names.len() == 1 { "is" } else { "are" })
}

/// Joins names: `a, b or c`.
fn joined(names: &[String], word: &str) -> String {
    match names {
        [] => String::new(),
        [name] => name.clone(),
        [names @ .., last] => format!("{} {word} {last}", names.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_in_the_arguments_has_one_line_and_a_hint() {
        for (line, text, hint) in [
            ("lst", "there is no verb \"lst\"", "docker-credential-pat ls"),
            ("stor", "there is no verb \"stor\"", "docker-credential-pat"),
            ("xyzzy", "there is no verb \"xyzzy\"", "docker-credential-pat --help"),
            ("key foo", "key has no verb \"foo\"", "docker-credential-pat key --help"),
            ("add n", "--registry is missing", "docker-credential-pat add ci --registry ghcr.io/acme"),
            ("add", "NAME and --registry are missing", "docker-credential-pat add ci"),
            (
                "edit n",
                "--name, --label, --registry, --permission, --user or --expires is missing",
                "docker-credential-pat edit ci",
            ),
            ("rm", "NAMES is missing", "docker-credential-pat rm ci"),
            ("key remove", "HOLDER is missing", "docker-credential-pat key remove <HOLDER>"),
            ("ls --foo", "there is no option --foo", "docker-credential-pat ls --help"),
            ("ls --expire", "there is no option --expire", "docker-credential-pat ls --expired"),
            ("ls x", "unexpected argument \"x\"", "docker-credential-pat ls --help"),
            ("ls --registry", "--registry requires a value", "docker-credential-pat ls --registry ghcr.io"),
            ("use a --pull --push", "--pull cannot be used with --push", "docker-credential-pat use --help"),
            ("use a --dir x --dir y", "--dir may be given only once", "docker-credential-pat use --help"),
            (
                "add n -r h.io --permission foo",
                "\"foo\" is not a value of --permission",
                "--permission pull, push, delete or unknown",
            ),
            (
                "unlock --for 9y",
                "\"9y\" is not a value of --for: expected a time",
                "docker-credential-pat unlock --for 8h",
            ),
            ("ls --expired=x", "--expired takes no value", "docker-credential-pat ls --help"),
        ] {
            let args: Vec<OsString> = line.split(' ').map(OsString::from).collect();
            let error = command()
                .try_get_matches_from([OsString::from(program())].iter().chain(&args))
                .expect_err(line);
            let error = UsageError::new(&error, &VerbPath::find(&args));
            assert!(error.text.starts_with(text) && !error.text.contains('\n'), "{line}: {}", error.text);
            assert!(error.hint.starts_with(hint) && !error.hint.contains('\n'), "{line}: {}", error.hint);
        }
    }
}
