//! The logins that a client gets from this program and would lose with `uninstall`: they go back to the helper that it
//! calls then, or into its file.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use thiserror::Error;
use zeroize::Zeroizing;

use crate::client::context::Context;
use crate::command::args;
use crate::command::context::CommandContext;
use crate::command::error::CommandError;
use crate::command::install::login_count;
use crate::docker::client_logins::{ClientLogins, LoginFile};
use crate::docker::config::helper_lookup::{ConfigOwner, HelperLookup};
use crate::docker::config::logins::is_plain;
use crate::docker::config::{ConfigError, ConfigFile};
use crate::docker::helper_name::HelperName;
use crate::docker::other_helper::OtherHelper;
use crate::docker::wire::Credentials;
use crate::inventory::Inventory;
use crate::inventory::index::Index;
use crate::model::hint::{Hint, program};
use crate::model::listing::list;
use crate::model::name::Name;
use crate::model::registry::Key;
use crate::resolve::resolve;
use crate::system::{env, tty};

/// The logins that a client would lose.
pub(super) struct Handback {
    logins: Vec<LostLogin>,
    /// The reason why the logins of the vault are not known.
    vault_error: Option<CommandError>,
}

struct LostLogin {
    /// The name under which the client looks the registry up.
    name: String,
    token: Name,
    credentials: Credentials,
    /// The helper that the client calls after `uninstall`; `None` when it reads its file.
    helper: Option<OtherHelper>,
}

/// The outcome for each login.
#[derive(Default)]
pub(super) struct HandbackReport {
    /// The names of the logins that the client has again, by their place.
    back: BTreeMap<String, Vec<String>>,
    /// The names of the logins that the client no longer gets, and their tokens.
    stay: Vec<(String, Name)>,
}

impl Handback {
    /// Compares what the client gets now with what it will get from `future`, its file after the change, and from the
    /// other files that it reads.
    pub(super) fn find(
        config: &ConfigFile,
        future: ConfigFile,
        other_files: Vec<ConfigFile>,
        owner: ConfigOwner,
        cx: &CommandContext,
    ) -> Result<Self, CommandError> {
        let now = match current_logins(config, &future, owner, cx) {
            Ok(logins) => logins,
            Err(error) => return Ok(Self { logins: Vec::new(), vault_error: Some(error) }),
        };
        let lookup = future.helper_lookup(owner)?;
        let helpers: BTreeSet<&str> = now.iter().filter_map(|(name, ..)| lookup.helper_at(name)).collect();
        let helpers = helpers.into_iter().filter(|helper| !OtherHelper::makes_tokens(helper));
        let helpers: Vec<String> = helpers.map(str::to_owned).collect();
        let files = [future].into_iter().chain(other_files).map(|config| LoginFile::new(config, owner));
        let future = ClientLogins::read(files.collect::<Result<_, _>>()?, &helpers)?;
        let answers: HashMap<&str, &Credentials> = future
            .credentials()
            .filter_map(|(found, credentials)| Some((found.answers.as_ref()?.as_str(), credentials)))
            .collect();
        let mut logins = Vec::new();
        for (name, token, credentials) in now {
            let is_same = |other: &&Credentials| {
                *other.user == *credentials.user && other.secret.is_same_as(&credentials.secret)
            };
            if answers.get(credentials.key.as_str()).is_some_and(is_same) {
                continue;
            }
            let helper = match lookup.helper_at(&name) {
                Some(helper) if OtherHelper::makes_tokens(helper) => continue,
                Some(helper) => Some(OtherHelper::new(helper)?),
                None => None,
            };
            logins.push(LostLogin { name, token, credentials, helper });
        }
        Ok(Self { logins, vault_error: None })
    }

    /// Gives the logins back: to helpers, and into the client's file if `is_plain_text` is set or a person agrees.
    pub(super) fn run(
        &self,
        config: &mut ConfigFile,
        is_plain_text: bool,
        cx: &mut CommandContext,
    ) -> Result<HandbackReport, CommandError> {
        let mut report = HandbackReport::default();
        let is_plain_text = is_plain_text || self.ask_for_plain_text(config, cx)?;
        let mut plain: Vec<(&str, &Credentials)> = Vec::new();
        for LostLogin { name, token, credentials, helper } in &self.logins {
            let place = match helper {
                Some(helper) => match helper.store(credentials) {
                    Ok(()) => Some(helper.program().to_owned()),
                    Err(error) => {
                        cx.say(&format!("{}: error: {}", program(), CommandError::from(error).line()));
                        None
                    }
                },
                None if is_plain_text && is_plain(credentials) => {
                    plain.push((name.as_str(), credentials));
                    Some(format!("{}, in plain text", env::tilde(config.path())))
                }
                None => None,
            };
            match place {
                Some(place) => report.back.entry(place).or_default().push(name.clone()),
                None => report.stay.push((name.clone(), token.clone())),
            }
        }
        config.set_logins(&plain)?;
        Ok(report)
    }

    /// Prints the outcome for each login. Fails if those of the vault are not known.
    pub(super) fn report(self, report: &HandbackReport, cx: &mut CommandContext) -> Result<(), CommandError> {
        for (place, names) in &report.back {
            cx.say(&match names.as_slice() {
                [name] => format!("the login at {name} is back in {place}"),
                names => format!("the logins at {} are back in {place}", list(names)),
            });
        }
        let stay: Vec<String> =
            report.stay.iter().map(|(name, token)| format!("{name} (\"{token}\")")).collect();
        if let Some((name, token)) = report.stay.first() {
            cx.say(&match stay.len() {
                1 => format!("the login at {name} stays in the vault: \"{token}\""),
                _ => format!("the logins at {} stay in the vault", list(&stay)),
            });
            let token = token.as_argument();
            cx.say(&format!("to take one out: {} export {token} --format docker-config", program()));
        }
        match self.vault_error {
            Some(error) => Err(HandbackError(error.line()).into()),
            None => Ok(()),
        }
    }

    fn ask_for_plain_text(&self, config: &ConfigFile, cx: &mut CommandContext) -> Result<bool, CommandError> {
        let names: Vec<&str> = self
            .logins
            .iter()
            .filter(|login| login.helper.is_none())
            .map(|login| login.name.as_str())
            .collect();
        if names.is_empty() || !tty::is_available() {
            return Ok(false);
        }
        let path = env::tilde(config.path());
        cx.say(&format!(
            "without this program, {} known to the vault only: {}",
            login_count(names.len()),
            list(&names)
        ));
        match args::confirm(&format!("Write them to {path} in plain text?"), false) {
            Ok(()) => Ok(true),
            Err(error) if error.is_interruption() => Err(error),
            Err(_) => Ok(false),
        }
    }
}

/// Returns what the client gets from this program for each registry for which it will not ask it any more: the name
/// under which it looks the registry up, the token, and its credentials.
fn current_logins(
    config: &ConfigFile,
    future: &ConfigFile,
    owner: ConfigOwner,
    cx: &CommandContext,
) -> Result<Vec<(String, Name, Credentials)>, CommandError> {
    let excerpt = cx.store.excerpt(None)?;
    let inventory = excerpt.inventory();
    let Some(unlocked) = excerpt.unlock()? else { return Ok(Vec::new()) };
    let context = Context::from_profile(cx.called_as)?;
    let (before, after) = (config.helper_lookup(owner)?, future.helper_lookup(owner)?);
    let index = Index::new(inventory);
    let mut logins = Vec::new();
    for name in asked_names(config, owner, inventory)? {
        let key = Key::parse(&name)?;
        let is_ours = |lookup: &HelperLookup| lookup.helper_at(&name).is_some_and(HelperName::is_ours);
        if !is_ours(&before) || is_ours(&after) {
            continue;
        }
        let request = context.plain_request(&key, inventory);
        let verdict = resolve(&request, index.concerning(&key), inventory.choices(), *cx.now);
        let Some(token) = verdict.token else { continue };
        let secret = unlocked.release(token)?;
        let user = Zeroizing::new(token.user.reveal_with(&secret).to_owned());
        logins.push((name, token.name.clone(), Credentials { key, user, secret }));
    }
    Ok(logins)
}

/// Returns the names under which the client looks up the registries of its file and those under whose keys clients
/// have stored the logins of the vault, each once.
fn asked_names(
    config: &ConfigFile,
    owner: ConfigOwner,
    inventory: &Inventory,
) -> Result<Vec<String>, ConfigError> {
    let written = config.entry_names()?.into_iter().chain(config.registries_with_helpers()?);
    let stored = inventory.tokens().iter().flat_map(|token| &token.keys);
    let stored = stored.filter(|key| !key.is_session()).map(|key| key.as_str().to_owned());
    let mut names: Vec<String> =
        written.chain(stored).filter_map(|entry| owner.name_of_entry(&entry)).collect();
    names.sort();
    names.dedup();
    Ok(names)
}

#[derive(Debug, Error)]
#[error("the logins in the vault could not be read, and stay there: {0}")]
struct HandbackError(String);

impl Hint for HandbackError {
    fn hint(&self) -> Option<String> {
        Some(format!("{} doctor says why", program()))
    }
}
