//! `import`: takes over the logins of Docker, podman or another helper, and with `--remove` removes them there.

mod removal;
mod sources;

use std::fs;
use std::path::{Path, PathBuf};

use thiserror::Error;

use crate::command::context::CommandContext;
use crate::command::error::CommandError;
use crate::command::import::sources::{FoundLogin, ImportSource};
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
use crate::provider::advice::Advice;
use crate::system::disk::DiskError;
use crate::system::env;
use crate::system::limited_read::{InputError, MAX_INPUT_BYTES, read_input};
use crate::system::stdio;
use crate::system::table::{Cell, Table, Tone};
use crate::vault::import::{ImportedToken, take_over};
use crate::vault::login::{RecognizedLogin, user_of};
use crate::vault::store::StoreError;

const HEADS: [&str; 5] = ["FROM", "KEY", "USER", "AS", "WHAT"];

/// The columns that a narrow terminal omits, in this order.
const LEAST_FIRST: &[&str] = &["AS", "FROM"];

/// Take over what Docker keeps in plain text or with another helper; nothing here is overwritten
#[derive(Debug, clap::Args)]
pub struct ImportArgs {
    /// From podman's file instead of Docker's, and from the helpers that it names
    #[arg(long)]
    podman: bool,
    /// From another such file: Docker's if it is called config.json, else podman's; - is standard input
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

/// The sources that were read, and the logins in them.
struct ImportPlan {
    /// The client's file.
    config: ConfigFile,
    owner: ConfigOwner,
    helpers: Vec<OtherHelper>,
    found: Vec<FoundLogin>,
    /// The number of helpers that failed.
    failed: usize,
}

/// Runs the verb.
pub fn run(args: &ImportArgs, cx: &mut CommandContext) -> Result<(), CommandError> {
    let mut plan = args.read_sources(cx)?;
    let logins: Vec<_> = plan.credentials().map(RecognizedLogin::new).collect();
    if plan.found.is_empty() {
        cx.say("there is nothing to take over");
    } else {
        let (inventory, imported) = preview(&logins, cx)?;
        cx.print_table(&table(&plan, &inventory, &imported))?;
    }
    let unserved = if args.remove { removal::unserved_registries(&plan)? } else { Vec::new() };
    if !unserved.is_empty() && !removal::can_remove_any(&plan) {
        return Err(removal::refusal(&plan, unserved));
    }
    if args.dry_run {
        return plan.result();
    }
    if !logins.is_empty() {
        let imported = add_all(&logins, cx)?;
        read_back(&logins, &imported, cx)?;
        let new = imported.iter().filter(|imported| imported.is_new).count();
        let count = imported.len();
        cx.say(&format!("{new} taken over; {count} read back from the vault, each as it was"));
    }
    if args.remove {
        plan.failed += removal::remove(&plan, cx)?;
    } else if !logins.is_empty() {
        cx.say("what is there stays there; --remove takes it out");
    }
    if unserved.is_empty() { plan.result() } else { Err(removal::refusal(&plan, unserved)) }
}

impl ImportArgs {
    /// Reads every source. A helper's error is printed, and the other sources are still read.
    fn read_sources(&self, cx: &mut CommandContext) -> Result<ImportPlan, CommandError> {
        let path = match &self.file {
            Some(path) => env::working_directory()?.join(path),
            None if self.podman => env::podman_auth()?,
            None => env::docker_config()?,
        };
        let is_config_json = path.file_name().is_some_and(|name| name == "config.json");
        let is_podmans = self.podman || (self.file.is_some() && !is_config_json);
        let owner = if is_podmans { ConfigOwner::Podman } else { ConfigOwner::Docker };
        let config = match &self.file {
            Some(file) if is_pipe(file) => {
                if self.remove {
                    return Err(ImportError::Pipe.into());
                }
                read_pipe(file)?
            }
            _ => {
                let config = ConfigFile::read(path)?;
                if self.file.is_some() && !config.exists() {
                    return Err(ImportError::NoFile(config.path().to_owned()).into());
                }
                config
            }
        };
        let mut plan = ImportPlan { config, owner, helpers: Vec::new(), found: Vec::new(), failed: 0 };
        // Helpers first: a client that asks one does not read the plain text in its file.
        for name in self.helper_names(&plan.config, cx)? {
            let named = sources::keys_for_helper(&plan.config, &name)?;
            if let Err(error) = OtherHelper::new(&name).and_then(|helper| plan.add_helper(helper, named)) {
                plan.failed += 1;
                cx.say(&format!("{}: error: {}", program(), CommandError::from(error).line()));
            }
        }
        if self.helper.is_none() {
            plan.found.extend(sources::find_in_file(&plan.config)?);
        }
        Ok(plan)
    }

    /// Returns the names of the helpers to ask, each once.
    fn helper_names(
        &self,
        config: &ConfigFile,
        cx: &mut CommandContext,
    ) -> Result<Vec<String>, CommandError> {
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
            // Clients write an empty name for "none".
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
    /// Returns the logins that can be taken over.
    fn credentials(&self) -> impl Iterator<Item = &Credentials> {
        self.found.iter().filter_map(FoundLogin::credentials)
    }

    /// Adds the logins of a helper, including those read before an error.
    fn add_helper(&mut self, helper: OtherHelper, named: Vec<String>) -> Result<(), HelperError> {
        let source = ImportSource::Helper(self.helpers.len());
        let result = sources::find_in_helper(&helper, source, named, &mut self.found);
        self.helpers.push(helper);
        result
    }

    /// Returns the name of a source, for people.
    fn source_name(&self, source: ImportSource) -> String {
        match source {
            ImportSource::File => env::tilde(self.config.path()),
            ImportSource::Helper(index) => {
                self.helpers.get(index).map(|helper| helper.program().to_owned()).unwrap_or_default()
            }
        }
    }

    /// Returns an error unless every login was taken over and every helper answered.
    fn result(&self) -> Result<(), CommandError> {
        let skipped = self.found.len() - self.credentials().count();
        if skipped + self.failed == 0 {
            Ok(())
        } else {
            Err(ImportError::Incomplete { skipped, failed: self.failed }.into())
        }
    }
}

/// True for `-`, which is standard input, and for what is neither a file nor a folder.
fn is_pipe(file: &Path) -> bool {
    let is_special = |metadata: fs::Metadata| !metadata.is_file() && !metadata.is_dir();
    file == Path::new("-") || fs::metadata(file).is_ok_and(is_special)
}

/// Reads a client's configuration from a pipe to its end.
fn read_pipe(file: &Path) -> Result<ConfigFile, CommandError> {
    let unreadable = |source| DiskError::Read { path: file.to_owned(), source };
    let opened = if file == Path::new("-") { stdio::stdin() } else { fs::File::open(file) };
    let bytes = read_input(opened.map_err(unreadable)?).map_err(|error| match error {
        InputError::Read(source) => CommandError::from(unreadable(source)),
        InputError::TooLarge => ImportError::TooLarge.into(),
    })?;
    Ok(ConfigFile::from_pipe(file.to_owned(), &bytes)?)
}

/// Returns the vault's future contents, and the token for each of the credentials. Nothing is changed.
fn preview(
    logins: &[RecognizedLogin<'_>],
    cx: &CommandContext,
) -> Result<(Inventory, Vec<ImportedToken>), CommandError> {
    let excerpt = cx.store.excerpt(None)?;
    let mut inventory = excerpt.inventory().clone();
    let has_secret =
        |token: &Token, secret: &Secret| excerpt.release(token).is_ok_and(|stored| stored.is_same_as(secret));
    let imported = take_over(&mut inventory, logins, has_secret, *cx.now);
    Ok((inventory, imported))
}

fn table(plan: &ImportPlan, inventory: &Inventory, imported: &[ImportedToken]) -> Table<{ HEADS.len() }> {
    let mut table = Table::with_heads(HEADS, LEAST_FIRST);
    let mut imported = imported.iter();
    for found in &plan.found {
        let (user, name, result) = match &found.login {
            Ok(credentials) => {
                let imported = imported.next();
                let token = imported.and_then(|imported| find_token(inventory, imported.token));
                let is_new = imported.is_some_and(|imported| imported.is_new);
                (
                    user_of(credentials).display_name().into(),
                    token.map_or("-", |token| token.name.as_str()).into(),
                    if is_new { Cell::new("new", Tone::Good) } else { "already here".into() },
                )
            }
            Err(reason) => ("-".into(), "-".into(), Cell::new(&format!("cannot: {reason}"), Tone::Bad)),
        };
        table.push([plan.source_name(found.source).into(), found.key.as_str().into(), user, name, result]);
    }
    table
}

fn find_token(inventory: &Inventory, id: TokenId) -> Option<&Token> {
    inventory.tokens().iter().find(|token| token.id == id)
}

/// Takes over all credentials in one change, and prints advice about the new ones, each piece of advice once.
fn add_all(
    logins: &[RecognizedLogin<'_>],
    cx: &mut CommandContext,
) -> Result<Vec<ImportedToken>, CommandError> {
    let now = *cx.now;
    let (imported, advice) = cx.store.change(|draft| -> Result<_, CommandError> {
        let mut inventory = draft.inventory.clone();
        let has_secret = |token: &Token, secret: &Secret| {
            draft.secret(token).is_ok_and(|stored| stored.is_same_as(secret))
        };
        let imported = take_over(&mut inventory, logins, has_secret, now);
        draft.inventory = inventory;
        let mut advice: Vec<Advice> = Vec::new();
        for (login, imported) in logins.iter().zip(&imported).filter(|(_, token)| token.is_new) {
            draft.set_secret(imported.token, &login.credentials.secret)?;
            for item in login.advice(&draft.inventory, Some(imported.token)) {
                if !advice.contains(&item) {
                    advice.push(item);
                }
            }
        }
        Ok((imported, advice))
    })?;
    cx.print_advice(&advice);
    Ok(imported)
}

/// Opens the vault again and compares every secret with that of its source.
fn read_back(
    logins: &[RecognizedLogin<'_>],
    imported: &[ImportedToken],
    cx: &CommandContext,
) -> Result<(), CommandError> {
    let excerpt = cx.store.excerpt(None)?;
    for (RecognizedLogin { credentials, .. }, imported) in logins.iter().zip(imported) {
        let is_kept = |token: &Token| -> Result<bool, StoreError> {
            let is_for_it = token.has_key(&credentials.key) && token.user == user_of(credentials);
            Ok(is_for_it && excerpt.release(token)?.is_same_as(&credentials.secret))
        };
        let token = find_token(excerpt.inventory(), imported.token);
        if !token.map(is_kept).transpose()?.unwrap_or_default() {
            return Err(ImportError::NotReadBack(credentials.key.as_str().to_owned()).into());
        }
    }
    Ok(())
}

/// Logins that were not taken over.
#[derive(Debug, Error)]
enum ImportError {
    #[error("{} does not exist", .0.display())]
    NoFile(PathBuf),
    #[error("the input is larger than {} MiB", MAX_INPUT_BYTES / 1024 / 1024)]
    TooLarge,
    #[error("logins that come through a pipe cannot be removed at their source")]
    Pipe,
    #[error("\"{0}\" is this program itself")]
    OwnHelper(String),
    #[error("what was taken over for {0} does not come back from the vault; nothing is taken out elsewhere")]
    NotReadBack(String),
    /// All other logins were taken over.
    #[error("{}", incomplete(*skipped, *failed))]
    Incomplete {
        /// The number of logins that stay in their sources.
        skipped: usize,
        /// The number of helpers that failed.
        failed: usize,
    },
}

impl Hint for ImportError {
    fn hint(&self) -> Option<String> {
        match self {
            Self::NotReadBack(_) => Some(format!("{} ls shows what is here", program())),
            Self::NoFile(_) => Some(format!(
                "{0} import reads Docker's file, and {0} import --podman reads podman's",
                program()
            )),
            Self::Pipe => Some(format!("{} import --file FILE, without --remove", program())),
            Self::TooLarge | Self::OwnHelper(_) | Self::Incomplete { .. } => None,
        }
    }
}

fn incomplete(skipped: usize, failed: usize) -> String {
    let failures = match failed {
        0 => return format!("{skipped} could not be taken over, and stay where they are"),
        1 => "1 helper did not do all that it was asked".to_owned(),
        _ => format!("{failed} helpers did not do all that they were asked"),
    };
    if skipped == 0 { failures } else { format!("{skipped} could not be taken over, and {failures}") }
}
