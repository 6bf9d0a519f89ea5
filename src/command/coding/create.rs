//! `coding create`: makes a project token at CODING, and puts it in the vault and in use.

use crate::coding::api::client::Coding;
use crate::coding::api::project_token::{Grant, ProjectToken, earliest, permissions};
use crate::coding::api::request::Wish;
use crate::coding::team::Team;
use crate::command::coding::access::Access;
use crate::command::coding::target::remote;
use crate::command::{Desk, Failure, args, find};
use crate::inventory::{Arrival, Inventory, NameTaken};
use crate::model::name::Name;
use crate::model::scope::Scope;
use crate::model::secret::Secret;
use crate::model::token::{Kind, Origin, User};

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
    #[arg(long, value_name = "SCOPE[:REPOSITORY]", value_parser = Grant::parse, help = SCOPE_HELP)]
    scope: Vec<Grant>,
    /// When it ends: 2027-01-31, 2027-01-31T12:00:00Z, 90d or never
    #[arg(long, value_name = "WHEN")]
    expires: Option<String>,
    /// The part of the team's images that it is for, if not the whole project
    #[arg(long, value_name = "PROJECT/REPOSITORY")]
    path: Option<String>,
    #[command(flatten)]
    access: Access,
}

/// Runs the verb. Whatever can be known to go wrong is found out before anything is made.
pub(super) fn run(args: &Args, desk: &mut Desk) -> Result<(), Failure> {
    let name = Name::typed(&args.name)?;
    let wish = wish(args, &name, desk)?;
    let inventory = desk.keeper.inventory()?;
    refuse_taken(&name, &inventory)?;
    let team = args.access.team(&inventory)?;
    let coding = args.access.open(args.access.place(&inventory)?, desk)?;
    let project = coding.project(&args.project, &mut |line| desk.say(line))?;
    let scope = Scope::parse(&format!("{}/{}", team.images(), args.path.as_ref().unwrap_or(&project.name)))?;
    desk.keeper.prove_changeable()?;
    let (made, secret) = coding.create(project.id, &wish, &mut |line| desk.say(line))?;
    let made = Made { team, project: project.id, scope, there: made, secret };
    let kept = keep(&made, &name, &wish, &coding, desk);
    if let Err(failure) = kept {
        take_back(&made, &coding, desk);
        return Err(failure);
    }
    tell(&made, &name, desk)
}

/// A token that was made, and is not yet in the vault.
struct Made {
    team: Team,
    project: u64,
    scope: Scope,
    there: ProjectToken,
    secret: Secret,
}

fn wish(args: &Args, name: &Name, desk: &Desk) -> Result<Wish, Failure> {
    let least = || Grant::parse(LEAST).into_iter().collect();
    Ok(Wish {
        name: args.token_name.clone().unwrap_or_else(|| name.to_string()),
        grants: if args.scope.is_empty() { least() } else { args.scope.clone() },
        expires: args::end(args.expires.as_ref(), *desk.now)?.flatten(),
    })
}

fn refuse_taken(name: &Name, inventory: &Inventory) -> Result<(), NameTaken> {
    inventory.named(name.as_str()).map_or(Ok(()), |_| Err(NameTaken(name.clone())))
}

fn keep(made: &Made, name: &Name, wish: &Wish, coding: &Coding, desk: &mut Desk) -> Result<(), Failure> {
    let Made { team, project, scope, there, secret } = made;
    let now = *desk.now;
    desk.keeper.change(|draft| -> Result<_, Failure> {
        let arrival = Arrival {
            name: name.clone(),
            kind: Kind::Project,
            user: User::of(&there.user, secret),
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
        draft.keep(id, secret)?;
        draft.inventory.choose(id);
        Ok(())
    })
}

/// Deletes a token that could not be kept: nobody would know of it.
fn take_back(made: &Made, coding: &Coding, desk: &mut Desk) {
    let Made { project, there, .. } = made;
    match coding.delete(*project, there.id, &mut |line| desk.say(line)) {
        Ok(()) => desk.say("the new token could not be kept, and is deleted again at CODING"),
        Err(error) => desk.say(&format!(
            "the new token could not be kept, and is left at CODING as \"{}\", user name {}: {error}",
            there.name, there.user
        )),
    }
}

fn tell(made: &Made, name: &Name, desk: &mut Desk) -> Result<(), Failure> {
    let inventory = desk.keeper.inventory()?;
    let token = find(&inventory, name.as_str())?;
    let end = match token.expires {
        Some(end) => format!("ends {}, on {}", end.relative_to(*desk.now), end.date()),
        None => "does not end".to_owned(),
    };
    desk.say(&format!(
        "made \"{name}\" at CODING, user name {}, for {}; it is in use, and {end}",
        made.there.user, made.scope
    ));
    match token.permissions {
        None => desk.say("note: none of its scopes is for images (artifact_r pulls, artifact_rw pushes too)"),
        Some(may) if !may.write => desk.say("it may pull; --scope artifact_rw makes one that may push too"),
        Some(_) => {}
    }
    desk.say_who_goes_on(token, &inventory)
}
