//! The profiles under which clients call this program, and their links.

use std::collections::BTreeSet;
use std::path::PathBuf;

use crate::command::error::CommandError;
use crate::docker::config::ConfigFile;
use crate::docker::helper_name::HelperName;
use crate::system::env;

/// Returns the profiles under which a client's file calls this program.
pub(super) fn configured_profiles(config: &ConfigFile) -> Result<BTreeSet<String>, CommandError> {
    let helpers = config.own_helpers()?;
    Ok(helpers.iter().filter_map(|(_, helper)| HelperName::profile(helper)).map(str::to_owned).collect())
}

/// True when the file of Docker or podman still calls this program for a profile.
pub(super) fn is_called(profile: &str) -> bool {
    let helper = HelperName::for_profile(Some(profile));
    let files = [env::docker_config(), env::podman_auth()];
    let files = files.into_iter().flatten().filter_map(|path| ConfigFile::read(path).ok());
    let mut helpers = files.flat_map(|config| config.own_helpers().unwrap_or_default());
    helpers.any(|(_, name)| name == helper.as_str())
}

/// Returns the path of the link for a profile, in the folder of the program that clients find.
pub(super) fn profile_link_path(profile: &str) -> Result<PathBuf, CommandError> {
    let program = match env::find_program(env::PROGRAM) {
        Some(program) => program,
        None => env::this_program()?,
    };
    let name = format!("{}-{profile}{}", env::PROGRAM, std::env::consts::EXE_SUFFIX);
    Ok(program.with_file_name(name))
}
