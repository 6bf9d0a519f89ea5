//! `coding create`: makes a project token at CODING, and puts it in the vault and in use.

use crate::coding::api::client::CodingClient;
use crate::coding::api::project_token::{ProjectScope, ProjectToken, earliest, permissions};
use crate::coding::api::request::ProjectTokenRequest;
use crate::coding::team::Team;
use crate::command::args;
use crate::command::args::find;
use crate::command::coding::access::CodingAccess;
use crate::command::coding::target::remote;
use crate::command::context::CommandContext;
use crate::command::error::CommandError;
use crate::inventory::{IncomingToken, Inventory, NameTaken};
use crate::model::name::Name;
use crate::model::scope::Scope;
use crate::model::secret::Secret;
use crate::model::token::{Origin, TokenKind, UserName};

/// What a token may do without --scope: the least with which an image can be pulled.
const LEAST: &str = "artifact_r";

const SCOPE_HELP: &str = "What it may do: artifact_r to pull, artifact_rw to push too, or another of CODING's \
     scopes; with the number of a repository for that one alone. Without it, artifact_r";

/// Make a project token at CODING; its secret goes into the vault and is not shown
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// A name of your choice for it in the vault
    name: String,
    /// The project, by name or number
    #[arg(long, value_name = "PROJECT")]
    project: String,
    /// What it is called at CODING, if not by its name here
    #[arg(long, value_name = "NAME")]
    token_name: Option<String>,
    // The words have underscores, which a comment would have to mark up.
    #[arg(long, value_name = "SCOPE[:REPOSITORY]", value_parser = ProjectScope::parse, help = SCOPE_HELP)]
    scope: Vec<ProjectScope>,
    /// When it ends: 2027-01-31, 2027-01-31T12:00:00Z, 90d or never
    #[arg(long, value_name = "WHEN")]
    expires: Option<String>,
    /// The part of the team's images that it is for, if not the whole project
    #[arg(long, value_name = "PROJECT/REPOSITORY")]
    path: Option<String>,
    #[command(flatten)]
    access: CodingAccess,
}

/// Runs the verb. Whatever can be known to go wrong is found out before anything is made.
pub(super) fn run(args: &Args, cx: &mut CommandContext) -> Result<(), CommandError> {
    let name = Name::typed(&args.name)?;
    let wish = wish(args, &name, cx)?;
    let inventory = cx.store.inventory()?;
    refuse_taken(&name, &inventory)?;
    let team = args.access.team(&inventory)?;
    let coding = args.access.open(args.access.place(&inventory)?, cx)?;
    let project = coding.project(&args.project, &mut |line| cx.say(line))?;
    let scope = Scope::parse(&format!("{}/{}", team.images(), args.path.as_ref().unwrap_or(&project.name)))?;
    cx.store.ensure_writable()?;
    let (made, secret) = coding.create(project.id, &wish, &mut |line| cx.say(line))?;
    let made = NewProjectToken { team, project: project.id, scope, there: made, secret };
    let kept = keep(&made, &name, &wish, &coding, cx);
    if let Err(failure) = kept {
        take_back(&made, &coding, cx);
        return Err(failure);
    }
    tell(&made, &name, cx)
}

/// A token that was made, and is not yet in the vault.
struct NewProjectToken {
    team: Team,
    project: u64,
    scope: Scope,
    there: ProjectToken,
    secret: Secret,
}

fn wish(args: &Args, name: &Name, cx: &CommandContext) -> Result<ProjectTokenRequest, CommandError> {
    let least = || ProjectScope::parse(LEAST).into_iter().collect();
    Ok(ProjectTokenRequest {
        name: args.token_name.clone().unwrap_or_else(|| name.to_string()),
        grants: if args.scope.is_empty() { least() } else { args.scope.clone() },
        expires: args::parse_expiry(args.expires.as_ref(), *cx.now)?.flatten(),
    })
}

fn refuse_taken(name: &Name, inventory: &Inventory) -> Result<(), NameTaken> {
    inventory.named(name.as_str()).map_or(Ok(()), |_| Err(NameTaken(name.clone())))
}

fn keep(
    made: &NewProjectToken,
    name: &Name,
    wish: &ProjectTokenRequest,
    coding: &CodingClient,
    cx: &mut CommandContext,
) -> Result<(), CommandError> {
    let NewProjectToken { team, project, scope, there, secret } = made;
    let now = *cx.now;
    cx.store.change(|draft| -> Result<_, CommandError> {
        let arrival = IncomingToken {
            name: name.clone(),
            kind: TokenKind::Project,
            user: UserName::of(&there.user, secret),
            scopes: vec![scope.clone()],
            keys: Vec::new(),
            label: Some(wish.name.clone()).filter(|label| label != name.as_str()),
            permissions: permissions(&wish.grants),
            expires: there.expires.or(wish.expires.map(earliest)),
            origin: Origin::Add,
            profile: None,
            remote: Some(remote(coding, Some(team), *project, there)),
        };
        let id = draft.inventory.add(arrival, now)?;
        draft.set_secret(id, secret)?;
        draft.inventory.choose(id);
        Ok(())
    })
}

/// Deletes a token that could not be kept: nobody would know of it.
fn take_back(made: &NewProjectToken, coding: &CodingClient, cx: &mut CommandContext) {
    let NewProjectToken { project, there, .. } = made;
    match coding.delete(*project, there.id, &mut |line| cx.say(line)) {
        Ok(()) => cx.say("the new token could not be kept, and is deleted again at CODING"),
        Err(error) => cx.say(&format!(
            "the new token could not be kept, and is left at CODING as \"{}\", user name {}: {error}",
            there.name, there.user
        )),
    }
}

fn tell(made: &NewProjectToken, name: &Name, cx: &mut CommandContext) -> Result<(), CommandError> {
    let inventory = cx.store.inventory()?;
    let token = find(&inventory, name.as_str())?;
    let end = match token.expires {
        Some(end) => format!("ends {}, on {}", end.relative_to(*cx.now), end.date()),
        None => "does not end".to_owned(),
    };
    cx.say(&format!(
        "made \"{name}\" at CODING, user name {}, for {}; it is in use, and {end}",
        made.there.user, made.scope
    ));
    match token.permissions {
        None => cx.say("note: none of its scopes is for images (artifact_r pulls, artifact_rw pushes too)"),
        Some(may) if !may.write => cx.say("it may pull; --scope artifact_rw makes one that may push too"),
        Some(_) => {}
    }
    cx.note_unaffected_clients(token, &inventory)
}
