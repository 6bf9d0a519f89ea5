//! `key`: who has the vault's key, and who is to have it.

use std::path::{Path, PathBuf};

use crate::command::args::NewPassphraseArgs;
use crate::command::context::CommandContext;
use crate::command::error::CommandError;
use crate::system::env;
use crate::system::table::{Cell, Table, Tone};
use crate::vault::keys::holders::{Holders, LockedError};
use crate::vault::keys::keyring::Keyring;
use crate::vault::keys::{CLIENT_TIMEOUT, Holder, HolderKind, cache, wrapping_key};
use crate::vault::rekey::NewHolder;
use crate::vault::seal::VaultKey;
use crate::vault::{VaultError, rekey};

/// Show who has the vault's key, give it to others, or renew it
#[derive(Debug, clap::Args)]
pub struct KeyArgs {
    #[command(subcommand)]
    deed: KeyVerb,
}

#[derive(Debug, clap::Subcommand)]
enum KeyVerb {
    /// Show the key holders, any of which opens the vault, and how they stand
    Status,
    /// Give the key to one more holder
    Add(Add),
    /// Take the key from a holder; the last one keeps it
    Remove {
        /// The holder
        holder: HolderArg,
    },
    /// Make a new key, and seal every secret with it
    Renew,
    /// Write a spare key, to be kept where a command or a file gives it back
    Make,
}

#[derive(Debug, clap::Args)]
struct Add {
    #[command(subcommand)]
    holder: AddHolder,
}

#[derive(Debug, clap::Subcommand)]
enum AddHolder {
    /// The key file in the configuration folder, for its owner alone
    KeyFile,
    /// The OS keyring: Secret Service, macOS Keychain or Windows Credential Manager
    Keyring,
    /// A passphrase, which is asked for on the terminal
    Passphrase(NewPassphraseArgs),
    /// A command that writes a spare key (see `key make`)
    Command {
        /// The program, and its arguments
        #[arg(required = true, trailing_var_arg = true, allow_hyphen_values = true, value_name = "PROGRAM")]
        line: Vec<String>,
    },
    /// A file with a spare key; one that is not there is made
    File {
        /// An absolute path, or `$CREDENTIALS_DIRECTORY/NAME`, which is looked up each time
        path: PathBuf,
    },
}

/// A holder as a person names it.
#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum HolderArg {
    KeyFile,
    Keyring,
    Passphrase,
    Command,
    File,
}

impl From<HolderArg> for HolderKind {
    fn from(word: HolderArg) -> Self {
        match word {
            HolderArg::KeyFile => Self::KeyFile,
            HolderArg::Keyring => Self::Keyring,
            HolderArg::Passphrase => Self::Passphrase,
            HolderArg::Command => Self::Command,
            HolderArg::File => Self::File,
        }
    }
}

/// Runs the verb.
pub fn run(args: &KeyArgs, cx: &mut CommandContext) -> Result<(), CommandError> {
    match &args.deed {
        KeyVerb::Status => status(cx),
        KeyVerb::Add(add) => give(&add.holder, cx),
        KeyVerb::Remove { holder } => take((*holder).into(), cx),
        KeyVerb::Renew => renew(cx),
        KeyVerb::Make => make(cx),
    }
}

fn status(cx: &mut CommandContext) -> Result<(), CommandError> {
    let Some(holders) = cx.store.holders()? else {
        cx.say("there is no vault yet: docker login, or docker-credential-pat add, makes one");
        return Ok(());
    };
    let mut table = Table::with_heads(["HOLDER", "WHERE", "STATE"], &[]);
    for holder in &holders.list {
        let (state, tone) = state_of(holder, &holders, cx);
        table.push([
            holder.kind().word().into(),
            place_of(holder, &holders, cx).into(),
            Cell::new(&state, tone),
        ]);
    }
    table.write(&mut *cx.out, cx.screen).map_err(CommandError::output)?;
    if cache::find(&holders.fingerprint).is_some() {
        cx.say("the vault is open for a while (docker-credential-pat lock closes it)");
    }
    Ok(())
}

fn place_of(holder: &Holder, holders: &Holders, cx: &CommandContext) -> String {
    match holder {
        Holder::KeyFile => env::tilde(cx.store.key_file().path()),
        Holder::Keyring => format!("item {}", Keyring::for_key(&holders.fingerprint).item()),
        Holder::Passphrase(passphrase) => passphrase.cost(),
        Holder::Command(command) => command.command_line(),
        Holder::File(file) => env::tilde(Path::new(file.path())),
    }
}

/// Says whether a holder opens the vault, of those that can be asked without asking a person.
fn state_of(holder: &Holder, holders: &Holders, cx: &CommandContext) -> (String, Tone) {
    match holder {
        Holder::Passphrase(_) if env::passphrase_file().is_none() => {
            return ("asked for when it is needed".to_owned(), Tone::Plain);
        }
        Holder::Command(_) => return ("run when it is needed".to_owned(), Tone::Plain),
        Holder::KeyFile | Holder::Keyring | Holder::Passphrase(_) | Holder::File(_) => {}
    }
    match holders.key_from(holder, cx.store.key_file(), CLIENT_TIMEOUT) {
        Ok(_) => ("opens the vault".to_owned(), Tone::Good),
        Err(error) => (LockedError(vec![(holder.kind(), error)]).to_string(), Tone::Bad),
    }
}

fn give(given: &AddHolder, cx: &mut CommandContext) -> Result<(), CommandError> {
    let (sort, new) = match given {
        AddHolder::KeyFile => (HolderKind::KeyFile, NewHolder::KeyFile),
        AddHolder::Keyring => (HolderKind::Keyring, NewHolder::Keyring),
        AddHolder::Passphrase(passphrase) => {
            (HolderKind::Passphrase, NewHolder::Passphrase(passphrase.read("New passphrase of the vault")?))
        }
        AddHolder::Command { line } => {
            let (program, args) = (line.first().cloned().unwrap_or_default(), line[1..].to_vec());
            (HolderKind::Command, NewHolder::Command { program, args })
        }
        AddHolder::File { path } => (HolderKind::File, NewHolder::File(path.clone())),
    };
    rekey::add(&cx.store, &new)?;
    cx.say(&format!("{} opens the vault now", sort.name()));
    if let Some(holders) = cx.store.holders()?
        && sort != HolderKind::KeyFile
        && holders.find(HolderKind::KeyFile).is_some()
    {
        cx.say(
            "so does the key file still, for whoever may read it (docker-credential-pat key remove key-file)",
        );
    }
    Ok(())
}

fn take(sort: HolderKind, cx: &mut CommandContext) -> Result<(), CommandError> {
    rekey::remove(&cx.store, sort)?;
    cx.say(&format!("{} does not open the vault any more", sort.name()));
    if matches!(sort, HolderKind::KeyFile | HolderKind::Keyring) {
        cx.say("a copy of the key that was made before, in a backup say, opens it still (docker-credential-pat key renew ends that)");
    }
    Ok(())
}

fn renew(cx: &mut CommandContext) -> Result<(), CommandError> {
    let unchanged = rekey::renew(&cx.store)?;
    cx.say("the vault has a new key, and every secret is sealed with it; copies of the old key open only old copies of the vault");
    for sort in unchanged {
        cx.say(&format!(
            "what opens it by {} is what it was; to change that too: docker-credential-pat key add {}",
            sort.name(),
            sort.word()
        ));
    }
    Ok(())
}

/// Writes the text of a spare key, and nothing else.
fn make(cx: &mut CommandContext) -> Result<(), CommandError> {
    let spare = VaultKey::generate().map_err(VaultError::from)?;
    cx.out.write_all(wrapping_key::to_text(&spare).as_bytes()).map_err(CommandError::output)
}
