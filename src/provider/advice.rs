//! What a person should be told of a credential that comes in. None of it is a reason to refuse one.

use std::fmt;

use crate::model::token::TokenKind;
use crate::provider::credential_type::CredentialType;
use crate::provider::hosts::{DOCKER_HUB, GITHUB, ProviderHosts, owner_of};
use crate::provider::{Credential, Recognition};

/// Why a password is not the best that there is.
pub const SAFER_THAN_A_PASSWORD: &str = "a personal access token is safer than a password";

/// How the classic tokens of GitHub begin, which end with a checksum.
const GITHUB_CLASSIC: [&str; 5] = ["ghp_", "gho_", "ghu_", "ghs_", "ghr_"];
const GITHUB_FINE_GRAINED: &str = "github_pat_";
const GITHUB_BODY_BYTES: usize = 36;
const GITHUB_CHECKSUM_BYTES: usize = 6;

/// One thing to tell. Its text is one line, and holds nothing of the secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Advice {
    /// The checksum in a GitHub token is not that of the rest.
    Checksum,
    /// The provider's registry does not take this sort.
    OpensNothing(&'static CredentialType),
    /// It begins like a sort of one provider and is for a host of another.
    Elsewhere {
        /// What it begins like.
        sort: &'static CredentialType,
        /// The host that is another's.
        host: String,
        /// Whose host that is.
        owner: &'static str,
    },
    /// GitHub's registry is documented for the classic token only.
    FineGrained,
    /// A password for Docker Hub.
    DockerHubPassword,
    /// An organization's token with the user name of a person.
    PersonalUser,
    /// The provider takes this sort with other user names only.
    OtherUser(&'static CredentialType),
}

impl fmt::Display for Advice {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Checksum => {
                out.write_str("the checksum in this GitHub token is wrong; was all of it copied?")
            }
            Self::OpensNothing(CredentialType { provider, called, .. }) => {
                write!(out, "the registry of {} does not take this sort of token ({called})", provider.name)
            }
            Self::Elsewhere { sort: CredentialType { provider, called, .. }, host, owner } => {
                let whose = provider.name;
                write!(
                    out,
                    "this looks like a credential of {whose} ({called}), but {host} belongs to {owner}"
                )
            }
            Self::FineGrained => out.write_str(
                "GitHub documents its registry for personal access tokens (classic) only, and this one is \
                 fine-grained: https://github.com/settings/tokens",
            ),
            Self::DockerHubPassword => write!(
                out,
                "{SAFER_THAN_A_PASSWORD}, and two-factor sign-in needs one: \
                 https://app.docker.com/settings/personal-access-tokens",
            ),
            Self::PersonalUser => out.write_str(
                "with an organization access token the user name is the organization's, and this one is a \
                 person's",
            ),
            Self::OtherUser(CredentialType { provider, called, user, .. }) => {
                write!(out, "{} takes this sort of token ({called}) with the user name {user}", provider.name)
            }
        }
    }
}

/// Returns the advice on a credential and what it was recognized as. `people` are the user names of the
/// personal access tokens and passwords for Docker Hub in the vault.
pub fn advise(seen: &Credential<'_>, recognized: &Recognition, people: &[&str]) -> Vec<Advice> {
    let Some(sort) = recognized.sort else { return Vec::new() };
    let mut advice = Vec::new();
    if has_wrong_checksum(seen.secret) {
        advice.push(Advice::Checksum);
    }
    let elsewhere = if recognized.is_marked { elsewhere(sort, seen) } else { None };
    if !sort.opens_registries {
        advice.push(Advice::OpensNothing(sort));
    } else if let Some(elsewhere) = elsewhere {
        advice.push(elsewhere);
    } else {
        advice.extend(at_home(sort, seen, people));
    }
    advice
}

/// Returns what is wrong with a credential where it may well go.
fn at_home(sort: &'static CredentialType, seen: &Credential<'_>, people: &[&str]) -> Option<Advice> {
    let is_docker_hub = sort.provider == &DOCKER_HUB;
    if sort.provider == &GITHUB && seen.secret.starts_with(GITHUB_FINE_GRAINED) {
        Some(Advice::FineGrained)
    } else if is_docker_hub && sort.kind == TokenKind::Password {
        Some(Advice::DockerHubPassword)
    } else if is_docker_hub && sort.kind == TokenKind::Organization {
        people.iter().any(|user| user.eq_ignore_ascii_case(seen.user)).then_some(Advice::PersonalUser)
    } else {
        (!sort.fits_user(seen.open_user())).then_some(Advice::OtherUser(sort))
    }
}

fn elsewhere(sort: &'static CredentialType, seen: &Credential<'_>) -> Option<Advice> {
    ProviderHosts::of(seen.keys, seen.scopes).hosts().iter().find_map(|host| {
        let owner = owner_of(host).filter(|owner| *owner != sort.provider)?;
        Some(Advice::Elsewhere { sort, host: host.clone(), owner: owner.name })
    })
}

/// True when a GitHub token of the layout of 2021 does not end with the CRC-32 of what is before it,
/// in six digits of base 62. Newer ones are longer and are left alone:
/// <https://github.blog/2021-04-05-behind-githubs-new-authentication-token-formats/>
fn has_wrong_checksum(secret: &str) -> bool {
    let Some(body) = GITHUB_CLASSIC.iter().find_map(|prefix| secret.strip_prefix(prefix)) else {
        return false;
    };
    let body = body.as_bytes();
    if body.len() != GITHUB_BODY_BYTES {
        return false;
    }
    let (random, checksum) = body.split_at(GITHUB_BODY_BYTES - GITHUB_CHECKSUM_BYTES);
    checksum != base62(crc32fast::hash(random))
}

fn base62(mut number: u32) -> [u8; GITHUB_CHECKSUM_BYTES] {
    const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    let mut digits = [b'0'; GITHUB_CHECKSUM_BYTES];
    for digit in digits.iter_mut().rev() {
        *digit = DIGITS[(number % 62) as usize];
        number /= 62;
    }
    digits
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::registry::Key;
    use crate::model::scope::Scope;
    use crate::provider::catalog::SORTS;
    use crate::provider::recognize;

    const VALID: &str = "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";
    const PAT: &str = "a personal access token is safer than a password, and two-factor sign-in needs one: \
                       https://app.docker.com/settings/personal-access-tokens";

    fn said(scopes: &[&str], user: &str, secret: &str) -> Vec<String> {
        let scopes: Vec<_> = scopes.iter().map(|text| Scope::parse(text).expect(text)).collect();
        let seen = Credential { keys: &[], scopes: &scopes, user, secret };
        advise(&seen, &recognize(&seen), &["alice", "Bob"]).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn the_checksum_of_a_classic_github_token_is_checked() {
        for (secret, want) in [
            (VALID, false),
            ("ghp_zQWBuTSOoRi4A9spHcVY5ncnsDkxkJ0mLq18", true),
            ("ghp_ZQWBuTSOoRi4A9spHcVY5ncnsDkxkJ0mLq17", true),
            ("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", false), // the prefix does not count
            ("ghs_zQWBuTSOoRi4A9spHcVY5ncnsDkxkJ0mLq18", true),
            ("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1", false), // longer
            ("ghp_zQWBuTSOoRi4A9spHcVY5ncnsDkxkJ0mLq1", false),
            ("ghp_zQWBuTSOoRi4A9spHcVY5ncnsDkxkJ0mL\u{e9}7", true), // cut inside a letter
            ("ghp_", false),
            ("github_pat_zQWBuTSOoRi4A9spHcVY5ncnsDkxkJ0mLq18", false),
        ] {
            assert_eq!(has_wrong_checksum(secret), want, "{secret}");
        }
        assert_eq!((&base62(0), &base62(61), &base62(62)), (b"000000", b"00000z", b"000010"));
    }

    #[test]
    fn what_is_amiss_is_told() {
        for (scope, user, secret, want) in [
            ("ghcr.io", "alice", VALID, ""),
            (
                "ghcr.io",
                "alice",
                "ghp_zQWBuTSOoRi4A9spHcVY5ncnsDkxkJ0mLq18",
                "the checksum in this GitHub token is wrong; was all of it copied?",
            ),
            (
                "ghcr.io",
                "alice",
                "github_pat_x",
                "GitHub documents its registry for personal access tokens (classic) only, and this one is \
                 fine-grained: https://github.com/settings/tokens",
            ),
            (
                "ghcr.io",
                "alice",
                "dckr_pat_x",
                "this looks like a credential of Docker Hub (personal access token), \
                 but ghcr.io belongs to GitHub",
            ),
            (
                "*.pkg.coding.net",
                "alice",
                "glpat-x",
                "this looks like a credential of GitLab (personal, project or group access token), \
                 but *.pkg.coding.net belongs to CODING",
            ),
            (
                "registry.gitlab.com",
                "alice",
                "glrt-x",
                "the registry of GitLab does not take this sort of token (runner token)",
            ),
            (
                "registry.acme.example",
                "alice",
                "ACME-glsoat-x",
                "the registry of GitLab does not take this sort of token (SCIM token)",
            ),
            ("registry.gitlab.com", "alice", "glpat-x", ""),
            ("docker.io", "alice", "dckr_pat_x", ""),
            ("docker.io", "acme", "dckr_oat_x", ""),
            (
                "docker.io",
                "BOB",
                "dckr_oat_x",
                "with an organization access token the user name is the organization's, and this one is a \
                 person's",
            ),
            ("docker.io", "alice", "hunter2", PAT),
            ("docker.io/acme", "alice", "hunter2", PAT),
            ("docker.io", "alice", "eyJhbGciOiJIUzI1NiJ9.e30.c2ln", ""),
            ("docker.io", "<token>", "hunter2", ""),
            ("nvcr.io", "$oauthtoken", "nvapi-x", ""),
            (
                "nvcr.io",
                "alice",
                "nvapi-x",
                "NVIDIA NGC takes this sort of token (API key) with the user name $oauthtoken",
            ),
            ("team-docker.pkg.coding.net", "alice", "0123456789abcdef0123456789abcdef01234567", ""),
        ] {
            assert_eq!(said(&[scope], user, secret).join("\n"), want, "{scope} {user} {secret}");
        }
    }

    #[test]
    fn nothing_is_said_of_registries_that_nobody_knows() {
        for secret in
            ["", "hunter2", "dckr_pat_x", "ghp_x", "glpat-x", "dop_v1_x", "eyJhbGciOiJIUzI1NiJ9.e30.c2ln"]
        {
            for scope in ["registry.example:5000", "*.acme.example", "localhost", "nexus.acme.example"] {
                assert_eq!(said(&[scope], "carol", secret), [""; 0], "{scope} {secret}");
            }
        }
    }

    #[test]
    fn the_hosts_that_are_another_s_are_found_among_several() {
        let said = said(&["registry.example", "ghcr.io", "quay.io"], "alice", "dckr_pat_x");
        assert_eq!(said.len(), 1);
        assert!(said[0].ends_with("but ghcr.io belongs to GitHub"), "{}", said[0]);
    }

    #[test]
    fn an_entry_of_the_device_sign_in_is_left_alone() {
        let keys = [Key::parse("https://index.docker.io/v1/refresh-token").expect("a key")];
        let seen = Credential { keys: &keys, scopes: &[], user: "alice", secret: "hunter2" };
        assert_eq!(advise(&seen, &recognize(&seen), &["alice"]), []);
    }

    #[test]
    fn no_remark_holds_a_part_of_the_secret() {
        let body = "cAnArYcAnArYcAnArYcAnArYcAnArYcAnArY";
        for sort in SORTS {
            for mark in sort.marks.iter().chain(&[""]) {
                for host in ["docker.io", "ghcr.io", "registry.gitlab.com", "nvcr.io", "registry.example"] {
                    let (scopes, secret) = ([Scope::parse(host).expect(host)], format!("{mark}{body}"));
                    for user in ["alice", secret.as_str()] {
                        let seen = Credential { keys: &[], scopes: &scopes, user, secret: &secret };
                        for remark in advise(&seen, &recognize(&seen), &[user]) {
                            for text in [remark.to_string(), format!("{remark:?}")] {
                                assert!(!text.contains("cAnArY") && !text.contains('\n'), "{text}");
                            }
                        }
                    }
                }
            }
        }
    }
}
