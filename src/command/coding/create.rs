//! `coding create`: creates a project token at CODING, and puts it in the vault and in use.

use crate::coding::api::project_scope::ProjectScope;
use crate::coding::api::project_token::ProjectToken;
use crate::coding::api::request::ProjectTokenRequest;
use crate::coding::create::NewProjectToken;
use crate::coding::error::CodingError;
use crate::command::args;
use crate::command::args::find;
use crate::command::coding::access::CodingAccess;
use crate::command::coding::session;
use crate::command::context::CommandContext;
use crate::command::error::CommandError;
use crate::command::remote_tokens::{ensure_free_name, expiry_clause};
use crate::model::name::Name;
use crate::model::scope::Scope;

/// The scope without `--scope`: the smallest one that can pull an image.
const DEFAULT_SCOPE: &str = "artifact_r";

const SCOPE_HELP: &str = "What it may do: artifact_r to pull, artifact_rw to push too, or another of CODING's \
     scopes; with the number of a repository for that one alone. Without it, artifact_r";

/// Make a project token at CODING; its secret goes into the vault and is not shown
#[derive(Debug, clap::Args)]
pub(super) struct CodingCreateArgs {
    /// A name of your choice for it in the vault
    name: String,
    /// The project, by name or number
    #[arg(long, value_name = "PROJECT")]
    project: String,
    /// What it is called at CODING, if not by its name here
    #[arg(long, value_name = "NAME")]
    token_name: Option<String>,
    // The help is a constant because a doc comment would have to mark up the underscores.
    #[arg(long, value_name = "SCOPE[:REPOSITORY]", value_parser = ProjectScope::parse, help = SCOPE_HELP)]
    scope: Vec<ProjectScope>,
    /// Expiry: 2027-01-31, 2027-01-31T12:00:00Z, a time from now (12h, 90d, 2w, 6mo, 1y) or never
    #[arg(long, value_name = "WHEN")]
    expires: Option<String>,
    /// The part of the team's images that it is for, if not the whole project
    #[arg(long, value_name = "PROJECT/REPOSITORY")]
    path: Option<String>,
    #[command(flatten)]
    access: CodingAccess,
}

/// Runs the verb. Everything that can fail without a new token is done before one is created.
pub(super) fn run(args: &CodingCreateArgs, cx: &mut CommandContext) -> Result<(), CommandError> {
    let name = Name::parse_typed(&args.name)?;
    let request = args.request(&name, cx)?;
    let inventory = cx.store.inventory()?;
    ensure_free_name(&name, &inventory)?;
    let team = args.access.team(&inventory)?;
    let client = args.access.connect(&inventory, cx)?;
    let project = client.project(&args.project)?;
    let path = args.path.as_ref().unwrap_or(&project.name);
    let scope = Scope::parse(&format!("{}/{path}", team.image_host()))?;
    let new = NewProjectToken { name, request, team, project: project.id, scope };
    let created = session(cx, &client).create(&new).map_err(|error| {
        let text = error.to_string();
        let CodingError::NotKept { source, .. } = error else { return error };
        cx.say(&text);
        *source
    })?;
    report(&new, &created, cx)
}

impl CodingCreateArgs {
    fn request(&self, name: &Name, cx: &CommandContext) -> Result<ProjectTokenRequest, CommandError> {
        let default = || ProjectScope::parse(DEFAULT_SCOPE).into_iter().collect();
        Ok(ProjectTokenRequest {
            name: self.token_name.clone().unwrap_or_else(|| name.to_string()),
            scopes: if self.scope.is_empty() { default() } else { self.scope.clone() },
            expires: args::parse_expiry(self.expires.as_ref(), *cx.now)?.flatten(),
        })
    }
}

fn report(
    new: &NewProjectToken,
    created: &ProjectToken,
    cx: &mut CommandContext,
) -> Result<(), CommandError> {
    let inventory = cx.store.inventory()?;
    let token = find(&inventory, new.name.as_str())?;
    let expiry = expiry_clause(token, *cx.now);
    cx.say(&format!(
        "made \"{}\" at CODING, user name {}, for {}; it is in use, and {expiry}",
        new.name, created.user, new.scope
    ));
    match token.permissions {
        None => cx.say("note: none of its scopes is for images (artifact_r pulls, artifact_rw pushes too)"),
        Some(may) if !may.push => cx.say("it may pull; --scope artifact_rw makes one that may push too"),
        Some(_) => {}
    }
    cx.note_overriding_tokens(token, &inventory)?;
    cx.note_guesses(token, &inventory)
}
