//! `hub link`: finds out which token at Docker Hub one of the vault is.

use crate::command::args::find;
use crate::command::completions::token_names;
use crate::command::context::CommandContext;
use crate::command::error::CommandError;
use crate::command::hub::sign_in::SignInArgs;
use crate::command::hub::{NotForHub, life};
use crate::hub::api::{HubAccount, HubApi};
use crate::hub::link::LinkProof;
use crate::model::registry::Registry;
use crate::model::scope::Scope;
use crate::model::token::{Token, TokenKind, UserName};

/// Find out which token at Docker Hub one is that came by `docker login` or `add`, by using it once
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The token's name
    #[arg(add = token_names())]
    name: String,
    /// Its ID or label at Docker Hub; without it, the one that is seen to be used
    #[arg(value_name = "ID|LABEL")]
    meant: Option<String>,
    /// Take it for that one though nothing shows it
    #[arg(long, requires = "meant")]
    unproven: bool,
    #[command(flatten)]
    sign_in: SignInArgs,
}

/// Runs the verb.
pub(super) fn run(args: &Args, hub: &HubApi, cx: &mut CommandContext) -> Result<(), CommandError> {
    let inventory = cx.store.inventory()?;
    let token = find(&inventory, &args.name)?;
    let (account, owner) = account_of(token)?;
    hub.refuse_elsewhere()?;
    let proof = if args.unproven { LinkProof::Unneeded } else { LinkProof::Wanted };
    let signed_in = args.sign_in.run(hub, owner, cx)?;
    let linked = life(cx, &signed_in).link(token, &account, args.meant.as_deref(), proof)?;
    let how = if linked.is_proven { "a use of it showed there" } else { "as you say; nothing has shown it" };
    cx.say(&format!(
        "\"{}\" is \"{}\" ({}) at Docker Hub: {how}",
        token.name, linked.listed.label, linked.listed.id
    ));
    Ok(())
}

/// Returns whose token it is at Docker Hub. The secret of one that is not for there is not sent there.
fn account_of(token: &Token) -> Result<(HubAccount, Option<&str>), CommandError> {
    let is_for_hub = token.scopes.iter().filter_map(Scope::registry).any(Registry::is_docker_hub);
    let unfit = |why: &str| CommandError::from(NotForHub(format!("\"{}\" {why}", token.name)));
    if !is_for_hub {
        return Err(unfit("is not for Docker Hub"));
    }
    match (token.kind, &token.user) {
        (TokenKind::Pat | TokenKind::Password, UserName::Named(user)) => Ok((HubAccount::Person, Some(user))),
        (TokenKind::Organization, UserName::Named(user)) => {
            Ok((HubAccount::Organization(user.clone()), None))
        }
        (
            TokenKind::Pat
            | TokenKind::Password
            | TokenKind::Organization
            | TokenKind::Project
            | TokenKind::Identity
            | TokenKind::Session,
            UserName::Named(_) | UserName::SameAsSecret,
        ) => Err(unfit("is no access token of a person or an organization")),
    }
}
