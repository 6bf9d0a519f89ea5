//! `coding login-command`: writes the `docker login` line of CODING's page, without the secret in it.

use thiserror::Error;

use crate::client::context::Context;
use crate::coding::error::CodingError;
use crate::coding::team::Team;
use crate::command::args::find;
use crate::command::coding::access::TeamArgs;
use crate::command::completions::token_names;
use crate::command::context::CommandContext;
use crate::command::error::{ArgumentError, CommandError, PromptError};
use crate::docker::wire::WireError;
use crate::inventory::Inventory;
use crate::model::hint::{Hint, program};
use crate::model::listing::list;
use crate::model::name::quoted;
use crate::model::registry::Key;
use crate::model::scope::Scope;
use crate::model::timestamp::Timestamp;
use crate::model::token::{Direction, Token, TokenKind, TokenState, UserName};
use crate::resolve::resolve;
use crate::system::sanitize::clean;
use crate::system::tty;

/// Write the `docker login` line for a team, without a secret in it, and tell which of CODING's three ways it is
#[derive(Debug, clap::Args)]
pub(super) struct CodingLoginCommandArgs {
    /// The token to log in with; without it, the one that Docker would get for the project or the team
    #[arg(add = token_names())]
    name: Option<String>,
    #[command(flatten)]
    team: TeamArgs,
    /// The project for whose images it is
    #[arg(long, value_name = "PROJECT")]
    project: Option<String>,
    /// The user name, for a secret that is not in the vault: Docker asks for it
    #[arg(long, short)]
    user: Option<String>,
}

/// Runs the verb.
pub(super) fn run(args: &CodingLoginCommandArgs, cx: &mut CommandContext) -> Result<(), CommandError> {
    let inventory = cx.store.inventory()?;
    let named = args.name.as_deref().map(|name| find(&inventory, name)).transpose()?;
    let team_of_token = || named.and_then(|token| Team::all_from_scopes(token).next());
    let team = args.team.team.clone().or_else(team_of_token);
    let team = team.map_or_else(|| Team::only_one(&inventory), Ok)?;
    if let Some(token) = named
        && !team.is_reached_by(token)
    {
        let (name, scope) = (token.name.clone(), team.image_host());
        return Err(ArgumentError::OutOfScope { name, scope }.into());
    }
    let token = match (named, &args.user) {
        (Some(token), _) => Some(token),
        (None, Some(_)) => None,
        (None, None) => resolved_token(&team, args.project.as_deref(), &inventory, cx)?,
    };
    let (line, method) = match token {
        Some(token) => (line_for_token(token, args.user.as_deref(), &team)?, method_of_kind(token.kind)),
        None => line_for_user(args.user.as_deref(), &team)?,
    };
    writeln!(cx.out, "{}", clean(&line)).map_err(CommandError::output)?;
    cx.say(&match token {
        Some(token) => format!("with \"{}\", {method}; the secret goes from the vault to Docker", token.name),
        None => format!("with {method}, for which Docker asks"),
    });
    Ok(())
}

/// Returns the token that a person chose or that is for exactly the project, or else the one that Docker would get.
fn resolved_token<'i>(
    team: &Team,
    project: Option<&str>,
    inventory: &'i Inventory,
    cx: &CommandContext,
) -> Result<Option<&'i Token>, CommandError> {
    let images = team.image_host();
    let key = Key::parse(&project.map_or(images.clone(), |project| format!("{images}/{project}")))?;
    let context = Context::from_environment(cx.called_as)?;
    let request = context.plain_request(&key, inventory);
    let verdict = resolve(&request, inventory.tokens(), inventory.choices(), *cx.now);
    if let Some(project) = project.filter(|_| verdict.choice.is_none()) {
        let scope = Scope::parse(&format!("{images}/{project}"))?;
        if let Some(token) = token_of_project(&scope, project, inventory, *cx.now)? {
            return Ok(Some(token));
        }
    }
    Ok(verdict.token)
}

/// Returns the project token for exactly these images: of several, the one with the name of the project, or else the
/// only one that may push.
fn token_of_project<'i>(
    scope: &Scope,
    project: &str,
    inventory: &'i Inventory,
    now: Timestamp,
) -> Result<Option<&'i Token>, SeveralTokens> {
    let is_usable = |token: &&Token| {
        token.kind == TokenKind::Project
            && token.scopes.contains(scope)
            && token.state == TokenState::Active
            && !token.has_expired(now)
            && !token.is_signed_out()
    };
    let tokens: Vec<&Token> = inventory.tokens().iter().filter(is_usable).collect();
    let same_name = tokens.iter().find(|token| token.name.as_str() == project);
    let mut pushing = tokens.iter().filter(|token| token.may_allow(Direction::Push));
    let only_pushing = pushing.next().filter(|_| pushing.next().is_none());
    match (tokens.as_slice(), same_name.or(only_pushing)) {
        ([], _) => Ok(None),
        ([token], _) | (_, Some(token)) => Ok(Some(token)),
        (all, None) => {
            let names: Vec<_> = all.iter().map(|token| format!("\"{}\"", token.name)).collect();
            Err(SeveralTokens { project: project.to_owned(), names: list(&names) })
        }
    }
}

/// Several tokens of one project, none of which is the likely one.
#[derive(Debug, Error)]
#[error("the project {project:?} has several tokens here: {names}")]
struct SeveralTokens {
    project: String,
    names: String,
}

impl Hint for SeveralTokens {
    fn hint(&self) -> Option<String> {
        Some(format!("{} coding login-command NAME chooses one of them", program()))
    }
}

fn line_for_token(token: &Token, user: Option<&str>, team: &Team) -> Result<String, CommandError> {
    let user = match (user, &token.user) {
        (Some(user), _) => user,
        (None, UserName::Named(user)) => user,
        (None, UserName::SameAsSecret) => return Err(CodingError::UserIsSecret(token.name.clone()).into()),
    };
    Ok(format!(
        "{} show {} --reveal | docker login -u {} --password-stdin {}",
        program(),
        token.name.as_argument(),
        quoted(user),
        team.image_host()
    ))
}

fn line_for_user(user: Option<&str>, team: &Team) -> Result<(String, &'static str), CommandError> {
    let missing = |source| PromptError::Missing { what: "user name", option: "--user", source };
    let user = match user {
        Some(user) => user.to_owned(),
        None => tty::ask(&format!("User name for {}: ", team.image_host())).map_err(missing)?,
    };
    if user.is_empty() {
        return Err(WireError::NoUser.into());
    }
    let line = format!("docker login -u {} {}", quoted(&user), team.image_host());
    Ok((line, method_of_user(&user)))
}

/// Returns which of CODING's three login methods a token of this kind is for:
/// <https://coding.net/docs/artifacts/auth.html>.
fn method_of_kind(kind: TokenKind) -> &'static str {
    match kind {
        TokenKind::Pat => "a personal access token, as CODING recommends",
        TokenKind::Project => "a project token, which goes for its project alone",
        TokenKind::Password => "account and password",
        TokenKind::Organization | TokenKind::Identity | TokenKind::Session => "a credential of another sort",
    }
}

/// Returns the login method that a user name suggests: CODING generates the user names of project tokens, and an
/// account is a phone number or an e-mail address.
fn method_of_user(user: &str) -> &'static str {
    let is_generated = |rest: &str| rest.len() >= 8 && rest.bytes().all(|byte| byte.is_ascii_alphanumeric());
    let is_phone = user.trim_start_matches('+').bytes().all(|byte| byte.is_ascii_digit());
    if user.strip_prefix("pt").is_some_and(is_generated) {
        "the password of a project token, which goes for its project alone"
    } else if user.contains('@') || is_phone {
        "the account's password; a personal access token is safer"
    } else {
        "a personal access token, as CODING recommends"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_name_suggests_the_login_method() {
        for (user, want) in [
            ("pt03xe33nvww", "the password of a project token, which goes for its project alone"),
            ("13800000000", "the account's password; a personal access token is safer"),
            ("alice@example.com", "the account's password; a personal access token is safer"),
            ("tester", "a personal access token, as CODING recommends"),
            ("ptolemy", "a personal access token, as CODING recommends"),
        ] {
            assert_eq!(method_of_user(user), want, "{user}");
        }
    }
}
