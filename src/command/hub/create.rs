//! `hub create`: creates a token at Docker Hub, stores it and puts it in use.

use clap::ValueEnum;

use crate::command::args;
use crate::command::context::CommandContext;
use crate::command::error::{ArgumentError, CommandError};
use crate::command::hub::sign_in::SignInArgs;
use crate::command::hub::{account, parse_hub_expiry, parse_label, session};
use crate::command::remote_tokens::{ensure_free_name, expiry_clause};
use crate::hub::api::HubApi;
use crate::hub::api::token::{Resource, TokenAccess};
use crate::hub::create::NewToken;
use crate::model::hint::program;
use crate::model::name::Name;
use crate::model::registry::Registry;
use crate::model::scope::Scope;

/// The scope in the vault without `--registry`.
const DOCKER_HUB: &str = "docker.io";

/// Make a token at Docker Hub; its secret goes into the vault and is not shown
#[derive(Debug, clap::Args)]
pub(super) struct HubCreateArgs {
    /// A name of your choice for it here
    name: String,
    /// Its label at Docker Hub; the name without it
    #[arg(long)]
    label: Option<String>,
    /// What it may do; each includes those before it
    #[arg(long, value_enum, default_value = "pull", conflicts_with = "org")]
    permission: Permission,
    /// Expiry, at most in a year: 2027-01-31, 2027-01-31T12:00:00Z, a time from now (12h, 90d, 2w, 6mo, 1y) or never
    #[arg(long, value_name = "WHEN")]
    expires: Option<String>,
    /// Make it for an organization
    #[arg(long, value_name = "ORGANIZATION", requires = "repository")]
    org: Option<String>,
    /// Which repository of the organization it is for, or the organization itself; may be given more than once
    #[arg(long, value_name = "PATH", requires = "org", requires = "scope")]
    repository: Vec<String>,
    /// What it may do there, as Docker Hub calls it: repo-pull; may be given more than once
    #[arg(long, value_name = "SCOPE", requires = "org")]
    scope: Vec<String>,
    /// Where it may go; all of Docker Hub without it; may be given more than once
    #[arg(long, short, value_name = "REGISTRY[/PATH]")]
    registry: Vec<String>,
    #[command(flatten)]
    sign_in: SignInArgs,
}

/// The permissions of a person's token, in the words of Docker Hub's page.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Permission {
    /// Public Read-only
    #[value(alias = "public-read")]
    PublicPull,
    /// Read-only
    #[value(alias = "read")]
    Pull,
    /// Read & Write
    #[value(alias = "write")]
    Push,
    /// Read, Write, Delete
    Delete,
}

impl Permission {
    /// Returns the scope in Docker Hub's API.
    fn scope(self) -> &'static str {
        match self {
            Self::PublicPull => "repo:public_read",
            Self::Pull => "repo:read",
            Self::Push => "repo:write",
            Self::Delete => "repo:admin",
        }
    }
}

/// Runs the verb. Everything that can fail without a new token is done before one is created.
pub(super) fn run(args: &HubCreateArgs, hub: &HubApi, cx: &mut CommandContext) -> Result<(), CommandError> {
    let new = args.new_token(cx)?;
    ensure_free_name(&new.name, &cx.store.inventory()?)?;
    let client = args.sign_in.run(hub, None, cx)?;
    let created = session(cx, &client).create(&new)?;
    let inventory = cx.store.inventory()?;
    let token = inventory.tokens().iter().find(|token| token.id == created.id);
    let Some(token) = token else { return Err(ArgumentError::NoSuchToken(new.name.to_string()).into()) };
    cx.say(&format!(
        "made \"{}\" at Docker Hub ({}); it is in use, and {}",
        token.name,
        new.access.description(),
        expiry_clause(token, *cx.now)
    ));
    if !created.has_label {
        cx.say(&format!(
            "its label there is not yet \"{}\" ({} hub rename {} LABEL)",
            new.label,
            program(),
            token.name.as_argument()
        ));
    }
    // The other registry may be a mirror, so this is not an error.
    let is_hub = |scope: &Scope| scope.registry().is_some_and(Registry::accepts_docker_hub_tokens);
    for other in token.scopes.iter().filter(|scope| !is_hub(scope)) {
        cx.say(&format!("note: it goes to {other}, which is not Docker Hub"));
    }
    if token.scopes.iter().any(|scope| scope.path().is_some()) {
        cx.note_overriding_tokens(token, &inventory)?;
        cx.note_guesses(token, &inventory)?;
    }
    Ok(())
}

impl HubCreateArgs {
    fn new_token(&self, cx: &CommandContext) -> Result<NewToken, CommandError> {
        let name = Name::parse_typed(&self.name)?;
        let scopes = match self.registry.as_slice() {
            [] => args::parse_scopes(&[DOCKER_HUB.to_owned()])?,
            registries => args::parse_scopes(registries)?,
        };
        let expires = self.expires.as_deref().map(|text| parse_hub_expiry(text, *cx.now));
        Ok(NewToken {
            label: parse_label(self.label.as_deref().unwrap_or(name.as_str()))?,
            name,
            account: account(self.org.as_ref()),
            access: self.access(),
            expires: expires.transpose()?.flatten(),
            scopes,
        })
    }

    fn access(&self) -> TokenAccess {
        let Some(org) = &self.org else {
            return TokenAccess::Scopes(vec![self.permission.scope().to_owned()]);
        };
        let resource = |path: &String| Resource {
            kind: if path == org { "TYPE_ORG" } else { "TYPE_REPO" }.to_owned(),
            path: path.clone(),
            scopes: self.scope.clone(),
        };
        TokenAccess::Resources(self.repository.iter().map(resource).collect())
    }
}
