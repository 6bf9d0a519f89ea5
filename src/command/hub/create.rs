//! `hub create`: creates a token at Docker Hub, and stores it. It is put in use unless that would narrow what is.

use clap::ValueEnum;

use crate::command::args;
use crate::command::context::CommandContext;
use crate::command::error::{ArgumentError, CommandError};
use crate::command::hub::sign_in::SignInArgs;
use crate::command::hub::{NotForHub, account, parse_hub_expiry, parse_label, session};
use crate::command::remote_tokens::{ensure_free_name, expiry_clause, in_use_clause, say_wider};
use crate::hub::access::{ImagePermission, organization_access};
use crate::hub::api::HubApi;
use crate::hub::api::token::TokenAccess;
use crate::hub::create::NewToken;
use crate::model::hint::program;
use crate::model::registry::Registry;
use crate::model::scope::Scope;

/// Make a token at Docker Hub; its secret goes into the vault and is not shown
#[derive(Debug, clap::Args)]
pub(super) struct HubCreateArgs {
    /// A name of your choice for it here
    name: String,
    /// Its label at Docker Hub; the name without it
    #[arg(long)]
    label: Option<String>,
    /// The permission; each includes those before it. Default: pull
    #[arg(long, value_enum)]
    permission: Option<Permission>,
    /// Expiry, at most in a year: 2027-01-31, 2027-01-31T12:00:00Z, a time from now (12h, 90d, 2w, 6mo, 1y) or never
    #[arg(long, value_name = "WHEN")]
    expires: Option<String>,
    /// Make it for an organization
    #[arg(long, value_name = "ORGANIZATION", requires = "repository")]
    org: Option<String>,
    /// A repository that it is for: ORGANIZATION/NAME, 'ORGANIZATION/*' or '*/*/public'; or ORGANIZATION, for the
    /// organization itself; may be repeated
    #[arg(long, value_name = "PATH", requires = "org")]
    repository: Vec<String>,
    /// A scope of Docker Hub, such as scope-tag-read, in addition to --permission or in its place; may be repeated
    #[arg(long, value_name = "SCOPE", requires = "org")]
    scope: Vec<String>,
    /// A registry that it is for; by default all of Docker Hub, or the repositories of the organization; may be repeated
    #[arg(long, short, value_name = "REGISTRY[/PATH]")]
    registry: Vec<String>,
    #[command(flatten)]
    sign_in: SignInArgs,
}

/// The permissions of a token, with the words for a person's token on Docker Hub's page.
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
    /// Returns the scope of a person's token in Docker Hub's API.
    fn scope(self) -> &'static str {
        match self {
            Self::PublicPull => "repo:public_read",
            Self::Pull => "repo:read",
            Self::Push => "repo:write",
            Self::Delete => "repo:admin",
        }
    }

    /// Returns the same for the images of an organization.
    fn for_images(self) -> Result<ImagePermission, NotForHub> {
        match self {
            Self::PublicPull => Err(NotForHub(
                "public-pull is for a person's token (for an organization's, --repository '*/*/public')"
                    .to_owned(),
            )),
            Self::Pull => Ok(ImagePermission::Pull),
            Self::Push => Ok(ImagePermission::Push),
            Self::Delete => Ok(ImagePermission::Delete),
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
    let in_use = in_use_clause(token, &inventory, cx)?;
    cx.say(&format!(
        "made \"{}\" at Docker Hub ({}); it {in_use}, and {}",
        token.name,
        new.access.description(),
        expiry_clause(token, *cx.now)
    ));
    say_wider(token, &created.wider, cx);
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
        cx.note_other_answers(token, &inventory)?;
    }
    Ok(())
}

impl HubCreateArgs {
    fn new_token(&self, cx: &CommandContext) -> Result<NewToken, CommandError> {
        let name = args::parse_name(&self.name)?;
        let access = self.access()?;
        let scopes = match self.registry.as_slice() {
            [] => access.vault_scopes(),
            _ if access.opens_no_registry() => {
                return Err(NotForHub(
                    "with these scopes it opens no registry, so it cannot have --registry".to_owned(),
                )
                .into());
            }
            registries => args::parse_scopes(registries)?,
        };
        let expires = self.expires.as_deref().map(|text| parse_hub_expiry(text, *cx.now));
        Ok(NewToken {
            label: parse_label(self.label.as_deref().unwrap_or(name.as_str()))?,
            name,
            account: account(self.org.as_ref()),
            access,
            expires: expires.transpose()?.flatten(),
            scopes,
        })
    }

    fn access(&self) -> Result<TokenAccess, CommandError> {
        let Some(organization) = &self.org else {
            let permission = self.permission.unwrap_or(Permission::Pull);
            return Ok(TokenAccess::Scopes(vec![permission.scope().to_owned()]));
        };
        // Without anything else said it is the least.
        let least = self.scope.is_empty().then_some(Permission::Pull);
        let permission = self.permission.or(least).map(Permission::for_images).transpose()?;
        Ok(organization_access(organization, &self.repository, permission, &self.scope)?)
    }
}
