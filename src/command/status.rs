//! The short status that a call without a verb prints, with the next step.

use crate::command::context::CommandContext;
use crate::command::error::CommandError;
use crate::command::token_view::count_words;
use crate::docker::config::ConfigFile;
use crate::docker::helper_name::HelperName;
use crate::model::hint::program;
use crate::system::env;

/// Writes the status.
pub fn run(cx: &mut CommandContext) -> Result<(), CommandError> {
    let inventory = cx.store.inventory()?;
    let config = ConfigFile::read(env::docker_config()?)?;
    let config_path = env::tilde(config.path());
    let own = config.own_helpers()?.into_iter().map(|(_, helper)| helper);
    let is_set_up = config.store()?.into_iter().chain(own).any(|helper| HelperName::is_ours(&helper));
    let set_up = if is_set_up { "Docker asks this program" } else { "Docker does not ask this program yet" };
    let count = match inventory.tokens().len() {
        0 => "no tokens yet".to_owned(),
        count => count_words(count),
    };
    let program = program();
    let next = match (is_set_up, inventory.tokens().is_empty()) {
        (false, _) => format!("{program} install"),
        (true, true) => format!("docker login, or {program} add"),
        (true, false) => format!("{program} ls"),
    };
    let vault = env::tilde(cx.store.path());
    cx.write_answer(
        format!("{set_up} ({config_path})\n{count} in {vault}\n\nnext: {next}\nall:  {program} --help\n")
            .as_bytes(),
    )
}
