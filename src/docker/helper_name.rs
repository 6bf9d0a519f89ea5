//! The name under which clients call this program.

use crate::model::name::is_profile;

/// The name of this program in the files of clients, without `docker-credential-`.
const HELPER: &str = "pat";

/// The name of this program in the file of a client: `pat`, or `pat-work` for the profile `work`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HelperName(String);

impl HelperName {
    pub fn for_profile(profile: Option<&str>) -> Self {
        Self(profile.map_or_else(|| HELPER.to_owned(), |profile| format!("{HELPER}-{profile}")))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns the profile in a helper's name.
    pub fn profile(name: &str) -> Option<&str> {
        name.strip_prefix(HELPER)?.strip_prefix('-').filter(|profile| is_profile(profile))
    }

    /// True for the name of this program, with or without a profile.
    pub fn is_ours(name: &str) -> bool {
        name == HELPER || Self::profile(name).is_some()
    }
}
