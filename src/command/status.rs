//! The short status that a call without a verb prints, with the next step.

use crate::command::context::CommandContext;
use crate::command::error::CommandError;
use crate::command::token_view::count_words;
use crate::docker::config::ConfigFile;
use crate::docker::helper_name::HelperName;
use crate::doctor::{Severity, path};
use crate::model::hint::program;
use crate::system::env;

/// Writes the status.
pub fn run(cx: &mut CommandContext) -> Result<(), CommandError> {
    let inventory = cx.store.inventory()?;
    let config = ConfigFile::read(env::docker_config()?)?;
    let config_path = env::tilde(config.path());
    let helpers =
        config.store()?.into_iter().chain(config.own_helpers()?.into_iter().map(|(_, helper)| helper));
    let helpers: Vec<_> = helpers.filter(|helper| HelperName::is_ours(helper)).collect();
    let obstacle = obstacle(&helpers);
    let set_up = match &obstacle {
        _ if helpers.is_empty() => "Docker does not use this program yet".to_owned(),
        Some(obstacle) => format!("Docker cannot use this program: {obstacle}"),
        None => "Docker uses this program".to_owned(),
    };
    let vault = env::tilde(cx.store.path());
    let count = match inventory.tokens().len() {
        0 => "no tokens yet".to_owned(),
        count => count_words(count),
    };
    let expired = inventory.tokens().iter().filter(|token| token.has_expired(*cx.now)).count();
    let expired_line = match expired {
        0 => String::new(),
        1 => "1 token has expired\n".to_owned(),
        count => format!("{} have expired\n", count_words(count)),
    };
    let program = program();
    let next = if helpers.is_empty() {
        format!("{program} install")
    } else if obstacle.is_some() {
        format!("{program} doctor")
    } else if inventory.tokens().is_empty() {
        format!("docker login, or {program} add")
    } else if expired > 0 {
        format!("{program} ls --expired")
    } else {
        format!("{program} ls")
    };
    cx.write_answer(
        format!(
            "{set_up} ({config_path})\n{count} in {vault}\n{expired_line}\nnext: {next}\nall:  {program} --help\n"
        )
        .as_bytes(),
    )
}

/// Returns what keeps clients from calling this program under one of these names.
fn obstacle(helpers: &[String]) -> Option<String> {
    let mut findings = Vec::new();
    path::check(helpers, &mut findings);
    findings.into_iter().find(|finding| finding.severity == Severity::Problem).map(|finding| finding.what)
}
