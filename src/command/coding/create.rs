//! `coding create`: creates a project token at CODING, and puts it in the vault. It is put in use where that takes
//! nothing away from another token.

use thiserror::Error;

use crate::coding::api::client::Project;
use crate::coding::api::project_scope::{ProjectScope, open_no_registry, scopes_description};
use crate::coding::api::request::ProjectTokenRequest;
use crate::coding::create::{CreatedProjectToken, NewProjectToken};
use crate::coding::error::CodingError;
use crate::coding::team::Team;
use crate::command::args;
use crate::command::coding::access::CodingAccess;
use crate::command::coding::session;
use crate::command::context::CommandContext;
use crate::command::error::{ArgumentError, CommandError};
use crate::command::remote_tokens::{ensure_free_name, expiry_clause, in_use_clause, say_wider};
use crate::model::hint::Hint;
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
    let name = args::parse_name(&args.name)?;
    let request = args.request(&name, cx)?;
    let inventory = cx.store.inventory()?;
    ensure_free_name(&name, &inventory)?;
    let team = args.access.team(&inventory)?;
    let client = args.access.connect(&inventory, cx)?;
    let project = client.project(&args.project)?;
    let scope = args.vault_scope(&request, &team, &project)?;
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
        let expires = args::parse_coming_expiry(self.expires.as_deref(), *cx.now)?;
        args::parse_label(self.token_name.as_deref())?;
        Ok(ProjectTokenRequest {
            name: self.token_name.clone().unwrap_or_else(|| name.to_string()),
            scopes: if self.scope.is_empty() { default() } else { self.scope.clone() },
            expires: expires.flatten(),
        })
    }

    /// Returns the part of the team's images that the token is for; `None` if its scopes open no registry.
    fn vault_scope(
        &self,
        request: &ProjectTokenRequest,
        team: &Team,
        project: &Project,
    ) -> Result<Option<Scope>, CommandError> {
        let path = self.path.as_deref();
        if open_no_registry(&request.scopes) {
            return path.map_or(Ok(None), |path| Err(PathError::NoRegistry(path.to_owned()).into()));
        }
        let path = path.unwrap_or(&project.name);
        let scope = Scope::parse(&format!("{}/{path}", team.image_host()))?;
        let own = Scope::parse(&format!("{}/{}", team.image_host(), project.name))?;
        if own.includes(&scope) {
            Ok(Some(scope))
        } else {
            Err(PathError::OtherProject { path: path.to_owned(), project: project.name.clone() }.into())
        }
    }
}

/// A path that the token cannot be for.
#[derive(Debug, Error)]
enum PathError {
    #[error("with these scopes the token opens no registry, so it is not for the path {0:?}")]
    NoRegistry(String),
    #[error("{path:?} is not in the project {project:?}")]
    OtherProject { path: String, project: String },
}

impl Hint for PathError {
    fn hint(&self) -> Option<String> {
        Some(match self {
            Self::NoRegistry(_) => {
                "leave out --path, or give --scope artifact_r or artifact_rw too".to_owned()
            }
            Self::OtherProject { project, .. } => {
                format!("give --path {project}/REPOSITORY, or leave it out")
            }
        })
    }
}

fn report(
    new: &NewProjectToken,
    created: &CreatedProjectToken,
    cx: &mut CommandContext,
) -> Result<(), CommandError> {
    let inventory = cx.store.inventory()?;
    let no_token = || ArgumentError::NoSuchToken(new.name.to_string());
    let token = inventory.find(created.id).ok_or_else(no_token)?;
    let place = new.scope.as_ref().map(|scope| format!(", for {scope}")).unwrap_or_default();
    cx.say(&format!(
        "made \"{}\" at CODING ({}), user name {}{place}; it {}, and {}",
        new.name,
        scopes_description(&created.token.scopes),
        token.user.display_name(),
        in_use_clause(token, &inventory, cx)?,
        expiry_clause(token, *cx.now)
    ));
    say_wider(token, &created.wider, cx);
    match token.permissions {
        _ if token.scopes.is_empty() => {
            cx.say("note: none of its scopes is for images (artifact_r pulls, artifact_rw pushes too)");
        }
        Some(may) if !may.push => cx.say("it may pull; --scope artifact_rw makes one that may push too"),
        Some(_) | None => {}
    }
    cx.note_other_answers(token, &inventory)
}
