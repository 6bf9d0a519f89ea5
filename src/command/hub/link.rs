//! `hub link`: finds out which token at Docker Hub one of the vault is.

use crate::command::completions::token_names;
use crate::command::hub::life;
use crate::command::hub::sign_in::SignIn;
use crate::command::{Desk, Failure, find};
use crate::hub::api::{Account, Hub};
use crate::hub::link::Proof;
use crate::model::registry::Registry;
use crate::model::scope::Scope;
use crate::model::token::{Kind, Token, User};

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
    sign_in: SignIn,
}

/// Runs the verb.
pub(super) fn run(args: &Args, hub: &Hub, desk: &mut Desk) -> Result<(), Failure> {
    let inventory = desk.keeper.inventory()?;
    let token = find(&inventory, &args.name)?;
    let (account, owner) = account_of(token)?;
    hub.refuse_elsewhere()?;
    let proof = if args.unproven { Proof::Unneeded } else { Proof::Wanted };
    let signed_in = args.sign_in.run(hub, owner, desk)?;
    let linked = life(desk, &signed_in).link(token, &account, args.meant.as_deref(), proof)?;
    let how = if linked.is_proven { "a use of it showed there" } else { "as you say; nothing has shown it" };
    desk.say(&format!(
        "\"{}\" is \"{}\" ({}) at Docker Hub: {how}",
        token.name, linked.listed.label, linked.listed.id
    ));
    Ok(())
}

/// Returns whose token it is at Docker Hub. The secret of one that is not for there is not sent there.
fn account_of(token: &Token) -> Result<(Account, Option<&str>), Failure> {
    let is_for_hub = token.scopes.iter().filter_map(Scope::registry).any(Registry::is_docker_hub);
    let unfit = |why: &str| Failure::NotForHub(format!("\"{}\" {why}", token.name));
    if !is_for_hub {
        return Err(unfit("is not for Docker Hub"));
    }
    match (token.kind, &token.user) {
        (Kind::Pat | Kind::Password, User::Named(user)) => Ok((Account::Person, Some(user))),
        (Kind::Organization, User::Named(user)) => Ok((Account::Organization(user.clone()), None)),
        (
            Kind::Pat | Kind::Password | Kind::Organization | Kind::Project | Kind::Identity | Kind::Session,
            User::Named(_) | User::SameAsSecret,
        ) => Err(unfit("is no access token of a person or an organization")),
    }
}
