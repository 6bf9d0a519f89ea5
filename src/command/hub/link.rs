//! `hub link`: links a token in the vault with its counterpart at Docker Hub.

use crate::command::args::find;
use crate::command::completions::token_names;
use crate::command::context::CommandContext;
use crate::command::error::CommandError;
use crate::command::hub::sign_in::SignInArgs;
use crate::command::hub::{NotForHub, session};
use crate::hub::api::{HubAccount, HubApi};
use crate::hub::link::LinkProof;
use crate::model::registry::Registry;
use crate::model::scope::Scope;
use crate::model::token::{Token, TokenKind, UserName};

/// Find out which token at Docker Hub one is that came by `docker login` or `add`, by using it once
#[derive(Debug, clap::Args)]
pub(super) struct HubLinkArgs {
    /// The token's name
    #[arg(add = token_names())]
    name: String,
    /// Its ID (or how that begins) or label at Docker Hub; without it, the one that is seen to be used
    #[arg(value_name = "ID|LABEL")]
    id_or_label: Option<String>,
    /// Take it for that one though nothing shows it
    #[arg(long, requires = "id_or_label")]
    unproven: bool,
    #[command(flatten)]
    sign_in: SignInArgs,
}

/// Runs the verb.
pub(super) fn run(args: &HubLinkArgs, hub: &HubApi, cx: &mut CommandContext) -> Result<(), CommandError> {
    let inventory = cx.store.inventory()?;
    let token = find(&inventory, &args.name)?;
    let (account, owner) = account_of(token)?;
    hub.refuse_other_hosts()?;
    let proof = if args.unproven { LinkProof::NotRequired } else { LinkProof::Required };
    let client = args.sign_in.run(hub, owner, cx)?;
    let report = session(cx, &client).link(token, &account, args.id_or_label.as_deref(), proof)?;
    let how = if report.is_proven { "a use of it showed there" } else { "as you say; nothing has shown it" };
    cx.say(&format!(
        "\"{}\" is \"{}\" ({}) at Docker Hub: {how}",
        token.name, report.listed.label, report.listed.id
    ));
    if report.listed.access.opens_no_registry() {
        let access = report.listed.access.description();
        cx.say(&format!("it opens no registry ({access}), so it is switched off here"));
    }
    Ok(())
}

/// Returns the account of a token, and the Docker ID that has to be signed in. A secret that is not for Docker Hub
/// is not sent there.
fn account_of(token: &Token) -> Result<(HubAccount, Option<&str>), CommandError> {
    let is_for_hub = token.scopes.iter().filter_map(Scope::registry).any(Registry::accepts_docker_hub_tokens);
    let unfit = |why: &str| CommandError::from(NotForHub(format!("\"{}\" {why}", token.name)));
    if !is_for_hub {
        return Err(unfit("is not for Docker Hub"));
    }
    match (&token.user, token.kind) {
        (UserName::Named(user), TokenKind::Pat | TokenKind::Password) => Ok((HubAccount::Person, Some(user))),
        (UserName::Named(user), TokenKind::Organization) => {
            Ok((HubAccount::Organization(user.clone()), None))
        }
        (UserName::Named(_), TokenKind::Project | TokenKind::Identity | TokenKind::Session)
        | (UserName::SameAsSecret, _) => Err(unfit("is not an access token of a person or an organization")),
    }
}
