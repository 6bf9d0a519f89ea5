//! `backup` and `restore`: copy the vault to a file that only a passphrase opens, and bring it back.

use std::path::PathBuf;

use crate::command::args;
use crate::command::args::NewPassphraseArgs;
use crate::command::context::CommandContext;
use crate::command::error::CommandError;
use crate::command::token_view::{choice_words, count_words};
use crate::model::hint::program;
use crate::model::listing::list;
use crate::model::name::Name;
use crate::system::env;
use crate::system::slow_notice::SlowNotice;
use crate::vault::backup;
use crate::vault::backup::OpenedBackup;
use crate::vault::keys::passphrase;

/// Write the whole vault to a file protected by a passphrase
#[derive(Debug, clap::Args)]
pub struct BackupArgs {
    /// The file to write; an earlier backup is replaced
    file: PathBuf,
    #[command(flatten)]
    passphrase: NewPassphraseArgs,
}

/// Bring back the tokens of a backup
///
/// Nothing changes unless every token of the backup can be opened. Tokens that are already in the vault stay.
#[derive(Debug, clap::Args)]
pub struct RestoreArgs {
    /// The backup
    file: PathBuf,
    /// Read the passphrase from a file; a newline at its end is ignored
    #[arg(long, value_name = "FILE")]
    passphrase_file: Option<PathBuf>,
    /// Do not ask before tokens are added to a vault that has some
    #[arg(long, short)]
    yes: bool,
}

/// Runs `backup`.
pub fn backup(args: &BackupArgs, cx: &mut CommandContext) -> Result<(), CommandError> {
    let file = env::working_directory()?.join(&args.file);
    backup::check(&cx.store, &file)?;
    let text = args.passphrase.read("Passphrase for the backup", cx)?;
    let notice = SlowNotice::start("writing the backup");
    let count = backup::create(&cx.store, &file, &text)?;
    drop(notice);
    let file = env::tilde(&file);
    cx.say(&format!("{file} holds {}; nothing but its passphrase opens it", count_words(count)));
    Ok(())
}

/// Runs `restore`.
pub fn restore(args: &RestoreArgs, cx: &mut CommandContext) -> Result<(), CommandError> {
    let backup = OpenedBackup::open(&args.file, |holder| match &args.passphrase_file {
        Some(file) => holder.open(&passphrase::read_file(file)?),
        None => Ok(holder.prompt("Passphrase of the backup (it does not show): ")?.1),
    })?;
    if let Some(file) = &args.passphrase_file {
        cx.note_exposure(file);
    }
    let count = cx.store.inventory()?.tokens().len();
    if count > 0 {
        let question = format!(
            "The vault has {}, and the backup {}. Restore the tokens of the backup whose names are not in the vault?",
            count_words(count),
            backup.count()
        );
        args::confirm(&question, args.yes)?;
    }
    let notice = SlowNotice::start("restoring tokens into the vault");
    let merged = backup.restore(&cx.store, *cx.now)?;
    drop(notice);
    cx.say(&format!("{} restored", count_words(merged.added.len())));
    if !merged.same.is_empty() {
        cx.say(&format!("here already: {}", names(&merged.same)));
    }
    let inventory = cx.store.inventory()?;
    for token in inventory.tokens().iter().filter(|token| merged.signed_out.contains(&token.id)) {
        cx.note_signed_out(token);
    }
    for choice in &merged.choices {
        let token = inventory.find(choice.token);
        let token = token.map_or_else(|| "?".into(), |token| token.name.as_argument());
        cx.say(&format!(
            "{token} is chosen for {}, as in the backup, also after a later login; to undo: {} use {token} --clear",
            choice_words(choice),
            program()
        ));
    }
    for name in &merged.kept {
        cx.say(&format!(
            "\"{name}\" has another secret here, which stays; to take the backup's: {} rm {}, and restore again",
            program(),
            name.as_argument()
        ));
    }
    if let Some(holders) = cx.store.holders()? {
        let places = cx.key_places(&holders);
        cx.say(&format!(
            "the vault opens with {places}, not with the passphrase of the backup ({} key status)",
            program()
        ));
    }
    Ok(())
}

fn names(names: &[Name]) -> String {
    list(&names.iter().map(|name| format!("\"{name}\"")).collect::<Vec<_>>())
}
