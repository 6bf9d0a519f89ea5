//! `key`: who has the vault's key, and who is to have it.

use std::path::{Path, PathBuf};

use crate::command::args::NewPassphrase;
use crate::command::{Desk, Failure};
use crate::system::env;
use crate::system::table::{Cell, Table, Tone};
use crate::vault::keys::holders::{Holders, Locked};
use crate::vault::keys::keyring::Keyring;
use crate::vault::keys::{CLIENTS_PATIENCE, Holder, Sort, cache, wrapping_key};
use crate::vault::rekey::NewHolder;
use crate::vault::seal::VaultKey;
use crate::vault::{VaultError, rekey};

/// Show who has the vault's key, give it to others, or renew it
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    deed: Deed,
}

#[derive(Debug, clap::Subcommand)]
enum Deed {
    /// Show the key holders, any of which opens the vault, and how they stand
    Status,
    /// Give the key to one more holder
    Add(Add),
    /// Take the key from a holder; the last one keeps it
    Remove {
        /// The holder
        holder: Word,
    },
    /// Make a new key, and seal every secret with it
    Renew,
    /// Write a spare key, to be kept where a command or a file gives it back
    Make,
}

#[derive(Debug, clap::Args)]
struct Add {
    #[command(subcommand)]
    holder: Given,
}

#[derive(Debug, clap::Subcommand)]
enum Given {
    /// The key file in the configuration folder, for its owner alone
    KeyFile,
    /// The OS keyring: Secret Service, macOS Keychain or Windows Credential Manager
    Keyring,
    /// A passphrase, which is asked for on the terminal
    Passphrase(NewPassphrase),
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
enum Word {
    KeyFile,
    Keyring,
    Passphrase,
    Command,
    File,
}

impl From<Word> for Sort {
    fn from(word: Word) -> Self {
        match word {
            Word::KeyFile => Self::KeyFile,
            Word::Keyring => Self::Keyring,
            Word::Passphrase => Self::Passphrase,
            Word::Command => Self::Command,
            Word::File => Self::File,
        }
    }
}

/// Runs the verb.
pub fn run(args: &Args, desk: &mut Desk) -> Result<(), Failure> {
    match &args.deed {
        Deed::Status => status(desk),
        Deed::Add(add) => give(&add.holder, desk),
        Deed::Remove { holder } => take((*holder).into(), desk),
        Deed::Renew => renew(desk),
        Deed::Make => make(desk),
    }
}

fn status(desk: &mut Desk) -> Result<(), Failure> {
    let Some(holders) = desk.keeper.holders()? else {
        desk.say("there is no vault yet: docker login, or docker-credential-pat add, makes one");
        return Ok(());
    };
    let mut table = Table::with_heads(["HOLDER", "WHERE", "STATE"], &[]);
    for holder in &holders.list {
        let (state, tone) = state_of(holder, &holders, desk);
        table.push([
            holder.sort().word().into(),
            place_of(holder, &holders, desk).into(),
            Cell::new(&state, tone),
        ]);
    }
    table.write(&mut *desk.out, desk.screen).map_err(Failure::Output)?;
    if cache::find(&holders.fingerprint).is_some() {
        desk.say("the vault is open for a while (docker-credential-pat lock closes it)");
    }
    Ok(())
}

fn place_of(holder: &Holder, holders: &Holders, desk: &Desk) -> String {
    match holder {
        Holder::KeyFile => env::tilde(desk.keeper.key_file().path()),
        Holder::Keyring => format!("item {}", Keyring::of(&holders.fingerprint).item()),
        Holder::Passphrase(passphrase) => passphrase.cost(),
        Holder::Command(command) => command.line(),
        Holder::File(file) => env::tilde(Path::new(file.path())),
    }
}

/// Says whether a holder opens the vault, of those that can be asked without asking a person.
fn state_of(holder: &Holder, holders: &Holders, desk: &Desk) -> (String, Tone) {
    match holder {
        Holder::Passphrase(_) if env::passphrase_file().is_none() => {
            return ("asked for when it is needed".to_owned(), Tone::Plain);
        }
        Holder::Command(_) => return ("run when it is needed".to_owned(), Tone::Plain),
        Holder::KeyFile | Holder::Keyring | Holder::Passphrase(_) | Holder::File(_) => {}
    }
    match holders.key_of(holder, desk.keeper.key_file(), CLIENTS_PATIENCE) {
        Ok(_) => ("opens the vault".to_owned(), Tone::Good),
        Err(error) => (Locked(vec![(holder.sort(), error)]).to_string(), Tone::Bad),
    }
}

fn give(given: &Given, desk: &mut Desk) -> Result<(), Failure> {
    let (sort, new) = match given {
        Given::KeyFile => (Sort::KeyFile, NewHolder::KeyFile),
        Given::Keyring => (Sort::Keyring, NewHolder::Keyring),
        Given::Passphrase(passphrase) => {
            (Sort::Passphrase, NewHolder::Passphrase(passphrase.read("New passphrase of the vault")?))
        }
        Given::Command { line } => {
            let (program, args) = (line.first().cloned().unwrap_or_default(), line[1..].to_vec());
            (Sort::Command, NewHolder::Command { program, args })
        }
        Given::File { path } => (Sort::File, NewHolder::File(path.clone())),
    };
    rekey::add(&desk.keeper, &new)?;
    desk.say(&format!("{} opens the vault now", sort.name()));
    if let Some(holders) = desk.keeper.holders()?
        && sort != Sort::KeyFile
        && holders.of_sort(Sort::KeyFile).is_some()
    {
        desk.say(
            "so does the key file still, for whoever may read it (docker-credential-pat key remove key-file)",
        );
    }
    Ok(())
}

fn take(sort: Sort, desk: &mut Desk) -> Result<(), Failure> {
    rekey::remove(&desk.keeper, sort)?;
    desk.say(&format!("{} does not open the vault any more", sort.name()));
    if matches!(sort, Sort::KeyFile | Sort::Keyring) {
        desk.say("a copy of the key that was made before, in a backup say, opens it still (docker-credential-pat key renew ends that)");
    }
    Ok(())
}

fn renew(desk: &mut Desk) -> Result<(), Failure> {
    let unchanged = rekey::renew(&desk.keeper)?;
    desk.say("the vault has a new key, and every secret is sealed with it; copies of the old key open only old copies of the vault");
    for sort in unchanged {
        desk.say(&format!(
            "what opens it by {} is what it was; to change that too: docker-credential-pat key add {}",
            sort.name(),
            sort.word()
        ));
    }
    Ok(())
}

/// Writes the text of a spare key, and nothing else.
fn make(desk: &mut Desk) -> Result<(), Failure> {
    let spare = VaultKey::make().map_err(VaultError::from)?;
    desk.out.write_all(wrapping_key::to_text(&spare).as_bytes()).map_err(Failure::Output)
}
