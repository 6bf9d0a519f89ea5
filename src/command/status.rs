//! What a person sees who calls the program without a verb: how things stand, and what to do next.

use std::io;

use crate::command::context::CommandContext;
use crate::command::error::CommandError;
use crate::command::token_view::count_words;
use crate::docker::config::ConfigFile;
use crate::docker::setup::HelperName;
use crate::system::env;

/// Writes how things stand.
pub fn run(cx: &mut CommandContext) -> Result<(), CommandError> {
    let inventory = cx.store.inventory()?;
    let config = ConfigFile::read(env::docker_config()?)?;
    let config_path = env::tilde(config.path());
    let asks = |helper: Option<String>| helper.as_deref().is_some_and(HelperName::is_ours);
    let mut is_set = asks(config.store()?);
    for key in config.registries_with_helpers()? {
        is_set |= asks(config.helper(&key)?);
    }
    let set_up = if is_set { "Docker asks this program" } else { "Docker does not ask this program yet" };
    let count = match inventory.tokens().len() {
        0 => "no tokens yet".to_owned(),
        count => count_words(count),
    };
    let next = match (is_set, inventory.tokens().is_empty()) {
        (false, _) => "docker-credential-pat install",
        (true, true) => "docker login, or docker-credential-pat add",
        (true, false) => "docker-credential-pat ls",
    };
    let vault = env::tilde(cx.store.path());
    let lines = format!(
        "{set_up} ({config_path})\n{count} in {vault}\n\nnext: {next}\nall:  docker-credential-pat --help\n"
    );
    cx.out.write_all(lines.as_bytes()).map_err(|error: io::Error| CommandError::output(error))
}
