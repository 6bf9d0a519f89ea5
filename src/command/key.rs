//! `key`: shows, adds and removes the holders of the vault's key, and renews the key.

use std::path::{Path, PathBuf};

use clap::ValueEnum;
use clap::builder::PossibleValue;

use crate::command::args;
use crate::command::args::NewPassphraseArgs;
use crate::command::context::CommandContext;
use crate::command::error::CommandError;
use crate::model::hint::program;
use crate::model::name::quoted;
use crate::system::slow_notice::SlowNotice;
use crate::system::table::{Cell, Table, Tone};
use crate::system::{disk, env};
use crate::vault::keys::holders::{Holders, LockedError};
use crate::vault::keys::keyring::Keyring;
use crate::vault::keys::{CLIENT_TIMEOUT, Holder, HolderKind, cache, wrapping_key};
use crate::vault::rekey::{NewHolder, RekeyError};
use crate::vault::seal::VaultKey;
use crate::vault::store::StoreError;
use crate::vault::{VaultError, rekey};

/// Manage the holders of the vault's key
#[derive(Debug, clap::Args)]
pub struct KeyArgs {
    #[command(subcommand)]
    verb: KeyVerb,
}

#[derive(Debug, clap::Subcommand)]
enum KeyVerb {
    /// List the key holders and their state
    Status,
    /// Add a key holder
    Add(KeyAddArgs),
    /// Remove a key holder; the last one cannot be removed
    Remove {
        /// The holder
        holder: HolderKind,
    },
    /// Make a new key and seal every secret with it
    Renew,
    /// Allow a replaced vault, or the command that the vault names, on this machine
    Trust {
        /// Do not ask
        #[arg(long, short)]
        yes: bool,
    },
    /// Make a spare key for a command or a file that holds the vault's key
    Make,
}

#[derive(Debug, clap::Args)]
struct KeyAddArgs {
    #[command(subcommand)]
    holder: AddHolder,
}

#[derive(Debug, clap::Subcommand)]
enum AddHolder {
    /// The key file in the configuration folder, readable only by you
    KeyFile,
    /// The OS keyring: Secret Service, macOS Keychain or Windows Credential Manager
    Keyring,
    /// A passphrase, entered on the terminal
    Passphrase(NewPassphraseArgs),
    /// A command that prints a spare key (see `key make`)
    Command {
        /// The program, and its arguments
        #[arg(required = true, trailing_var_arg = true, allow_hyphen_values = true, value_name = "PROGRAM")]
        line: Vec<String>,
    },
    /// A file with a spare key; it is made if it does not exist
    File {
        /// An absolute path, or `$CREDENTIALS_DIRECTORY/NAME` for a systemd credential
        path: PathBuf,
    },
}

impl ValueEnum for HolderKind {
    fn value_variants<'v>() -> &'v [Self] {
        &[Self::KeyFile, Self::Keyring, Self::Passphrase, Self::Command, Self::File]
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        Some(self.word().into())
    }
}

/// Runs the verb.
pub fn run(args: &KeyArgs, cx: &mut CommandContext) -> Result<(), CommandError> {
    match &args.verb {
        KeyVerb::Status => status(cx),
        KeyVerb::Add(args) => add(&args.holder, cx),
        KeyVerb::Remove { holder } => remove(*holder, cx),
        KeyVerb::Renew => renew(cx),
        KeyVerb::Trust { yes } => trust(*yes, cx),
        KeyVerb::Make => make(cx),
    }
}

fn status(cx: &mut CommandContext) -> Result<(), CommandError> {
    let Some(holders) = cx.store.holders()? else {
        cx.say(&format!("there is no vault yet: docker login, or {} add, makes one", program()));
        return Ok(());
    };
    let mut table = Table::with_heads(["HOLDER", "WHERE", "STATE"], &[]).keep_whole(&["HOLDER"]);
    for holder in &holders.list {
        let (state, tone) = holder_state(holder, &holders, cx);
        table.push([
            holder.kind().word().into(),
            holder_location(holder, &holders, cx).into(),
            Cell::new(&state, tone),
        ]);
    }
    cx.print_table(&table)?;
    if cache::find(&holders.fingerprint).is_some() {
        cx.say(&format!("the vault is open for a while ({} lock closes it)", program()));
    }
    Ok(())
}

fn holder_location(holder: &Holder, holders: &Holders, cx: &CommandContext) -> String {
    match holder {
        Holder::KeyFile => env::tilde(cx.store.key_file().path()),
        Holder::Keyring => format!("item {}", Keyring::for_key(&holders.fingerprint).item()),
        Holder::Passphrase(passphrase) => passphrase.cost(),
        Holder::Command(command) => command.command_line(),
        Holder::File(file) => env::tilde(Path::new(file.path())),
    }
}

/// Returns whether a holder opens the vault. A command, or a passphrase without a file, is not tried, because it
/// could prompt.
fn holder_state(holder: &Holder, holders: &Holders, cx: &CommandContext) -> (String, Tone) {
    match holder {
        Holder::Passphrase(_) if env::passphrase_file().is_none() => {
            return ("asked for when it is needed".to_owned(), Tone::Plain);
        }
        Holder::Command(command) if cx.store.trusted_commands().contains(command.words()) => {
            return ("run when it is needed".to_owned(), Tone::Plain);
        }
        Holder::Command(_) => {
            return (format!("not allowed on this machine ({} key trust)", program()), Tone::Bad);
        }
        Holder::KeyFile | Holder::Keyring | Holder::Passphrase(_) | Holder::File(_) => {}
    }
    match holders.key_from(holder, cx.store.key_file(), CLIENT_TIMEOUT) {
        Ok(_) => ("opens the vault".to_owned(), Tone::Good),
        Err(error) => (LockedError(vec![(holder.kind(), error)]).to_string(), Tone::Bad),
    }
}

fn add(holder: &AddHolder, cx: &mut CommandContext) -> Result<(), CommandError> {
    let (kind, new) = match holder {
        AddHolder::KeyFile => (HolderKind::KeyFile, NewHolder::KeyFile),
        AddHolder::Keyring => (HolderKind::Keyring, NewHolder::Keyring),
        AddHolder::Passphrase(passphrase) => (
            HolderKind::Passphrase,
            NewHolder::Passphrase(passphrase.read("New passphrase of the vault", cx)?),
        ),
        AddHolder::Command { line } => {
            let (program, args) = (line.first().cloned().unwrap_or_default(), line[1..].to_vec());
            (HolderKind::Command, NewHolder::Command { program, args })
        }
        AddHolder::File { path } => (HolderKind::File, NewHolder::File(path.clone())),
    };
    let is_replaced = cx.store.holders()?.is_some_and(|holders| holders.find(kind).is_some());
    rekey::add(&cx.store, &new)?;
    cx.say(&format!("{} opens the vault now", kind.name()));
    let holders = cx.store.holders()?;
    if let Some(Holder::File(file)) = holders.as_ref().and_then(|holders| holders.find(kind))
        && let Some((path, _)) = file.exposure()
    {
        cx.note_exposure(&path);
    }
    if is_replaced && !matches!(kind, HolderKind::KeyFile | HolderKind::Keyring) {
        note_copies(&format!("{} that it had", kind.name()), Renewal::Possible, cx);
    }
    if let Some(holders) = holders
        && kind != HolderKind::KeyFile
        && holders.find(HolderKind::KeyFile).is_some()
    {
        cx.say(&format!(
            "the key file still opens it too, for everybody who can read that file ({} key remove key-file)",
            program()
        ));
    }
    Ok(())
}

fn remove(kind: HolderKind, cx: &mut CommandContext) -> Result<(), CommandError> {
    rekey::remove(&cx.store, kind)?;
    cx.say(&format!("{} does not open the vault any more", kind.name()));
    if matches!(kind, HolderKind::KeyFile | HolderKind::Keyring) {
        cx.say(&format!(
            "a copy of the key that was made before, in a backup say, opens it still ({} key renew ends that)",
            program()
        ));
    }
    note_copies(kind.name(), Renewal::Possible, cx);
    Ok(())
}

/// Whether the vault's key may be known from a copy of the vault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Renewal {
    /// The key is the same in a copy.
    Possible,
    /// The vault has a new key.
    Done,
}

/// Notes that copies of the vault from before open as they did, and how that ends.
fn note_copies(opens_with: &str, renewal: Renewal, cx: &mut CommandContext) {
    let copy = disk::with_suffix(&disk::without_links(cx.store.path()), ".bak");
    let copy = if copy.exists() { format!("{}, ", env::tilde(&copy)) } else { String::new() };
    let program = program();
    let renew = match renewal {
        Renewal::Possible => format!("{program} key renew gives this vault another key; "),
        Renewal::Done => String::new(),
    };
    cx.say(&format!(
        "a copy of the vault from before ({copy}in a backup of your files, synced) still opens with {opens_with}: {renew}\
         if somebody else may have a copy, replace its tokens too ({program} rotate NAME)"
    ));
}

fn renew(cx: &mut CommandContext) -> Result<(), CommandError> {
    let notice = SlowNotice::start("sealing every secret with a new key");
    let unchanged = rekey::renew(&cx.store)?;
    drop(notice);
    cx.say("the vault has a new key, and every secret is sealed with it; copies of the old key open only old copies of the vault");
    note_copies("the old key", Renewal::Done, cx);
    for kind in unchanged {
        cx.say(&format!(
            "{} opens it as before; to replace that too: {} key add {}",
            kind.name(),
            program(),
            kind.word()
        ));
    }
    Ok(())
}

/// Asks whether a vault that replaced another one may be used here, or else shows the key command of the vault and asks
/// whether it may run here. Needs no vault key: the vault may not open before this.
fn trust(yes: bool, cx: &mut CommandContext) -> Result<(), CommandError> {
    let holders = cx.store.holders()?.ok_or(RekeyError::NoVault)?;
    if cx.store.is_replaced(&holders) {
        cx.say(&format!("the vault {} is not the one that you last used here", env::tilde(&holders.vault)));
        args::confirm("Use it on this machine?", yes)?;
        cx.store.accept_replaced(&holders);
        cx.say("the vault may be used now");
        return Ok(());
    }
    let Some(Holder::Command(command)) = holders.find(HolderKind::Command) else {
        return Err(RekeyError::NotAHolder(HolderKind::Command).into());
    };
    let trusted = cx.store.trusted_commands();
    if trusted.contains(command.words()) {
        cx.say("the key command may run on this machine already");
        return Ok(());
    }
    cx.say(&format!(
        "to open, the vault {} runs this program with these arguments:",
        env::tilde(&holders.vault)
    ));
    for word in command.words() {
        cx.say(&format!("  {}", quoted(word)));
    }
    args::confirm("Let it run on this machine?", yes)?;
    trusted.add(command.words()).map_err(StoreError::from)?;
    cx.say(&format!("it may run now ({} key remove command ends that)", program()));
    Ok(())
}

/// Writes a spare key, and nothing else.
fn make(cx: &mut CommandContext) -> Result<(), CommandError> {
    let spare = VaultKey::generate().map_err(VaultError::from)?;
    cx.write_answer(wrapping_key::to_text(&spare).as_bytes())
}
