//! `import`: takes over what Docker, podman or another helper keeps, and on demand takes it out of there.

mod found;
mod removal;

use std::path::PathBuf;

use thiserror::Error;

use crate::command::context::CommandContext;
use crate::command::error::CommandError;
use crate::command::import::found::{FoundLogin, ImportSource};
use crate::docker::config::ConfigFile;
use crate::docker::config::helper_lookup::ConfigOwner;
use crate::docker::other_helper::{HelperError, OtherHelper};
use crate::docker::setup;
use crate::docker::setup::HelperName;
use crate::docker::wire::Credentials;
use crate::inventory::Inventory;
use crate::model::hint::{Hint, program};
use crate::model::secret::Secret;
use crate::model::token::Token;
use crate::model::token_id::TokenId;
use crate::provider::advice::remarks;
use crate::system::env;
use crate::system::table::{Cell, Table, Tone};
use crate::vault::import::{ImportedToken, take_over};
use crate::vault::login::{people, seen, user_of};
use crate::vault::store::StoreError;

const HEADS: [&str; 5] = ["FROM", "KEY", "USER", "AS", "WHAT"];

/// What a narrow terminal does without, and in which order.
const LEAST_FIRST: &[&str] = &["AS", "FROM"];

/// Take over what Docker keeps in plain text or with another helper; nothing here is overwritten
#[derive(Debug, clap::Args)]
pub struct ImportArgs {
    /// From podman's file instead of Docker's, and from the helpers that it names
    #[arg(long)]
    podman: bool,
    /// From another such file: Docker's if it is called config.json, else podman's
    #[arg(long, conflicts_with_all = ["podman", "helper"])]
    file: Option<PathBuf>,
    /// Only from this helper, such as secretservice
    #[arg(long, value_name = "NAME", conflicts_with = "podman")]
    helper: Option<String>,
    /// Only show what would be done
    #[arg(long)]
    dry_run: bool,
    /// Then take out of there what is safely here: plain text out of the file, entries out of the helpers
    #[arg(long)]
    remove: bool,
}

/// What is taken over, and what is not.
struct ImportPlan {
    /// The client's file.
    config: ConfigFile,
    owner: ConfigOwner,
    helpers: Vec<OtherHelper>,
    found: Vec<FoundLogin>,
    /// How many sources could not be read to their end.
    troubles: usize,
}

/// Runs the verb.
pub fn run(args: &ImportArgs, cx: &mut CommandContext) -> Result<(), CommandError> {
    let mut haul = args.haul(cx)?;
    let credentials: Vec<&Credentials> = haul.found.iter().filter_map(FoundLogin::credentials).collect();
    if haul.found.is_empty() {
        cx.say("there is nothing to take over");
    } else {
        let (inventory, places) = foresee(&credentials, cx)?;
        table(&haul, &inventory, &places).write(&mut *cx.out, cx.screen).map_err(CommandError::output)?;
    }
    let spared = if args.remove { removal::spared(&haul)? } else { Vec::new() };
    if !spared.is_empty() && !removal::is_possible(&haul) {
        return removal::would_log_out(&haul, spared);
    }
    if args.dry_run {
        return haul.end();
    }
    if !credentials.is_empty() {
        let places = add_with_free_name(&credentials, cx)?;
        read_back(&credentials, &places, cx)?;
        let new = places.iter().filter(|place| place.is_new).count();
        let count = places.len();
        cx.say(&format!("{new} taken over; {count} read back from the vault, each as it was"));
    }
    if args.remove {
        haul.troubles += removal::remove(&haul, cx)?;
    } else if !credentials.is_empty() {
        cx.say("what is there stays there; --remove takes it out");
    }
    if spared.is_empty() { haul.end() } else { removal::would_log_out(&haul, spared) }
}

impl ImportArgs {
    /// Reads what is there. A helper that fails is told, and the others go on.
    fn haul(&self, cx: &mut CommandContext) -> Result<ImportPlan, CommandError> {
        let path = match &self.file {
            Some(path) => env::working_directory()?.join(path),
            None if self.podman => env::podman_auth()?,
            None => env::docker_config()?,
        };
        let is_dockers = path.file_name().is_some_and(|name| name == "config.json");
        let is_podmans = self.podman || (self.file.is_some() && !is_dockers);
        let owner = if is_podmans { ConfigOwner::Podman } else { ConfigOwner::Docker };
        let config = ConfigFile::read(path)?;
        let mut haul = ImportPlan { config, owner, helpers: Vec::new(), found: Vec::new(), troubles: 0 };
        // Helpers first: where a client asks one, it does not read the plain text beside it.
        for name in self.helpers(&haul.config, cx)? {
            let trouble = OtherHelper::new(&name).and_then(|helper| haul.add_helper(helper));
            if let Err(error) = trouble {
                haul.troubles += 1;
                cx.say(&format!("docker-credential-pat: error: {}", CommandError::from(error).line()));
            }
        }
        if self.helper.is_none() {
            haul.found.extend(found::in_file(&haul.config)?);
        }
        Ok(haul)
    }

    /// Returns the names of the helpers to ask, each once.
    fn helpers(&self, config: &ConfigFile, cx: &mut CommandContext) -> Result<Vec<String>, CommandError> {
        if let Some(name) = &self.helper {
            return if HelperName::is_ours(name) {
                Err(ImportError::OwnHelper(name.clone()).into())
            } else {
                Ok(vec![name.clone()])
            };
        }
        let mut all: Vec<String> = config.store()?.into_iter().collect();
        for key in config.registries_with_helpers()? {
            all.extend(config.helper(&key)?);
        }
        all.extend(setup::previous_helpers(&env::Folders::find()?.setup(), config)?);
        let mut names: Vec<String> = Vec::new();
        for name in all {
            // An empty name is a client's word for "none".
            if name.is_empty() || HelperName::is_ours(&name) || names.contains(&name) {
                continue;
            }
            if OtherHelper::makes_tokens(&name) {
                cx.say(&format!(
                    "\"{name}\" makes a new token at each call, which soon ends: it is left as it is"
                ));
            } else {
                names.push(name);
            }
        }
        Ok(names)
    }
}

impl ImportPlan {
    /// Adds what a helper keeps, as far as it tells.
    fn add_helper(&mut self, helper: OtherHelper) -> Result<(), HelperError> {
        let at = ImportSource::Helper(self.helpers.len());
        let outcome = found::in_helper(&helper, at, &mut self.found);
        self.helpers.push(helper);
        outcome
    }

    /// Returns where something was found, for people.
    fn origin(&self, source: ImportSource) -> String {
        match source {
            ImportSource::File => env::tilde(self.config.path()),
            ImportSource::Helper(at) => {
                self.helpers.get(at).map(|helper| helper.program().to_owned()).unwrap_or_default()
            }
        }
    }

    /// Ends it: done is done, but not all of it may be.
    fn end(&self) -> Result<(), CommandError> {
        let left = self.found.iter().filter(|found| found.credentials().is_none()).count();
        if left + self.troubles == 0 {
            Ok(())
        } else {
            Err(ImportError::Incomplete { left, troubles: self.troubles }.into())
        }
    }
}

/// Returns what the vault will hold, and where each of the credentials will be. Nothing is changed.
fn foresee(
    credentials: &[&Credentials],
    cx: &CommandContext,
) -> Result<(Inventory, Vec<ImportedToken>), CommandError> {
    let excerpt = cx.store.excerpt(None)?;
    let mut inventory = excerpt.inventory().clone();
    let has_secret =
        |token: &Token, secret: &Secret| excerpt.release(token).is_ok_and(|its| its.is_same_as(secret));
    let places = take_over(&mut inventory, credentials.iter().copied(), has_secret, *cx.now);
    Ok((inventory, places))
}

fn table(haul: &ImportPlan, inventory: &Inventory, places: &[ImportedToken]) -> Table<{ HEADS.len() }> {
    let mut table = Table::with_heads(HEADS, LEAST_FIRST);
    let mut places = places.iter();
    for found in &haul.found {
        let from = Cell::from(haul.origin(found.source));
        let key = Cell::from(found.key.as_str());
        let (user, name, what) = match &found.login {
            Ok(credentials) => {
                let place = places.next();
                let token = place.and_then(|place| named(inventory, place.token));
                let is_new = place.is_some_and(|place| place.is_new);
                let what = if is_new { Cell::new("new", Tone::Good) } else { "already here".into() };
                (
                    user_of(credentials).display_name().into(),
                    token.map_or("-", |token| token.name.as_str()).into(),
                    what,
                )
            }
            Err(reason) => ("-".into(), "-".into(), Cell::new(&format!("cannot: {reason}"), Tone::Bad)),
        };
        table.push([from, key, user, name, what]);
    }
    table
}

fn named(inventory: &Inventory, id: TokenId) -> Option<&Token> {
    inventory.tokens().iter().find(|token| token.id == id)
}

/// Takes all of them in by one change, and tells what should be known of those that are new.
fn add_with_free_name(
    credentials: &[&Credentials],
    cx: &mut CommandContext,
) -> Result<Vec<ImportedToken>, CommandError> {
    let now = *cx.now;
    let (places, mut told) = cx.store.change(|draft| -> Result<_, CommandError> {
        let mut inventory = draft.inventory.clone();
        let has_secret =
            |token: &Token, secret: &Secret| draft.secret(token).is_ok_and(|its| its.is_same_as(secret));
        let places = take_over(&mut inventory, credentials.iter().copied(), has_secret, now);
        draft.inventory = inventory;
        let mut told = Vec::new();
        for (credentials, place) in credentials.iter().zip(&places).filter(|(_, place)| place.is_new) {
            draft.keep(place.token, &credentials.secret)?;
            told.extend(remarks(&seen(credentials), &people(&draft.inventory, Some(place.token))));
        }
        Ok((places, told))
    })?;
    let mut once = Vec::new();
    told.retain(|remark| {
        let is_new = !once.contains(remark);
        once.extend(is_new.then(|| remark.clone()));
        is_new
    });
    cx.print_advice(&told);
    Ok(places)
}

/// Opens the vault anew and compares every secret with what was found.
fn read_back(
    credentials: &[&Credentials],
    places: &[ImportedToken],
    cx: &CommandContext,
) -> Result<(), CommandError> {
    let excerpt = cx.store.excerpt(None)?;
    for (credentials, place) in credentials.iter().zip(places) {
        let is_kept = |token: &Token| -> Result<bool, StoreError> {
            let is_for_it = token.holds(&credentials.key) && token.user == user_of(credentials);
            Ok(is_for_it && excerpt.release(token)?.is_same_as(&credentials.secret))
        };
        let token = named(excerpt.inventory(), place.token);
        if !token.map(is_kept).transpose()?.unwrap_or_default() {
            return Err(ImportError::NotReadBack(credentials.key.as_str().to_owned()).into());
        }
    }
    Ok(())
}

/// Logins that are not taken over, or not all of them.
#[derive(Debug, Error)]
enum ImportError {
    /// This program's own tokens need no import.
    #[error("\"{0}\" is this program itself")]
    OwnHelper(String),
    #[error("what was taken over for {0} does not come back from the vault; nothing is taken out elsewhere")]
    NotReadBack(String),
    /// All others are imported.
    #[error("{}", incomplete(*left, *troubles))]
    Incomplete {
        /// The logins that stay where they are.
        left: usize,
        /// The helpers that failed.
        troubles: usize,
    },
}

impl Hint for ImportError {
    fn hint(&self) -> Option<String> {
        match self {
            Self::NotReadBack(_) => Some(format!("{} ls shows what is here", program())),
            Self::OwnHelper(_) | Self::Incomplete { .. } => None,
        }
    }
}

fn incomplete(left: usize, troubles: usize) -> String {
    let troubles = match troubles {
        0 => return format!("{left} could not be taken over, and stay where they are"),
        1 => "1 helper did not do all that it was asked".to_owned(),
        _ => format!("{troubles} helpers did not do all that they were asked"),
    };
    if left == 0 { troubles } else { format!("{left} could not be taken over, and {troubles}") }
}
