//! What a secret and its user name tell by their shape.

pub mod expiry;

use crate::registry::Key;
use crate::token::IDENTITY_USER;
use crate::token::Kind;

/// Registries that many people use, for set-ups that must name each one.
pub const WELL_KNOWN: [&str; 4] = ["docker.io", "ghcr.io", "quay.io", "registry.gitlab.com"];

/// How secrets begin whose makers mark them. Lengths are not published, so only the beginning counts:
/// <https://github.blog/2021-04-05-behind-githubs-new-authentication-token-formats/>,
/// <https://docs.gitlab.com/security/tokens/#token-prefixes>,
/// <https://docs.docker.com/security/access-tokens/>
const PREFIXES: [(&str, Kind); 10] = [
    ("dckr_pat_", Kind::Pat),
    ("dckr_oat_", Kind::Organization),
    ("ghp_", Kind::Pat),
    ("gho_", Kind::Pat),
    ("ghu_", Kind::Pat),
    ("ghs_", Kind::Project),
    ("github_pat_", Kind::Pat),
    ("glpat-", Kind::Pat),
    ("gldt-", Kind::Project),
    ("dop_v1_", Kind::Pat),
];

/// Returns the kind that shows in a key, a user name and the beginning of a secret.
#[must_use]
pub fn kind_of(key: Option<&Key>, user: &str, secret: &str) -> Kind {
    if key.is_some_and(Key::is_session) {
        return Kind::Session;
    }
    if user == IDENTITY_USER {
        return Kind::Identity;
    }
    let marked = PREFIXES.iter().find(|(prefix, _)| secret.starts_with(prefix));
    marked.map_or(Kind::Password, |(_, kind)| *kind)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kind_is_read_off_what_shows() {
        for (key, user, secret, want) in [
            ("https://index.docker.io/v1/", "alice", "dckr_pat_x", Kind::Pat),
            ("https://index.docker.io/v1/", "acme", "dckr_oat_x", Kind::Organization),
            ("https://index.docker.io/v1/access-token", "alice", "eyJ", Kind::Session),
            ("registry.example", "<token>", "dckr_pat_x", Kind::Identity),
            ("ghcr.io", "alice", "ghp_x", Kind::Pat),
            ("registry.gitlab.com", "gitlab+deploy-token-1", "gldt-x", Kind::Project),
            ("registry.example", "alice", "my dckr_pat_", Kind::Password),
            ("registry.example", "alice", "", Kind::Password),
        ] {
            let key = Key::parse(key).expect(key);
            assert_eq!(kind_of(Some(&key), user, secret), want, "{user} {secret}");
        }
    }
}
