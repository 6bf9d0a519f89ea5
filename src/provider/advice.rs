//! Advice on an incoming credential. No advice is a reason to refuse the credential.

use std::fmt;

use crate::model::token::TokenKind;
use crate::provider::credential_type::CredentialType;
use crate::provider::hosts::{CredentialHosts, DOCKER_HUB, GITHUB, find_owner};
use crate::provider::{Credential, Recognition};

/// The reason to replace a password.
pub const SAFER_THAN_A_PASSWORD: &str = "a personal access token is safer than a password";

/// The prefixes of GitHub's classic tokens, which contain a checksum.
const GITHUB_CLASSIC: [&str; 5] = ["ghp_", "gho_", "ghu_", "ghs_", "ghr_"];
const GITHUB_FINE_GRAINED: &str = "github_pat_";
const GITHUB_BODY_BYTES: usize = 36;
const GITHUB_CHECKSUM_BYTES: usize = 6;

/// One piece of advice. Its text is one line, and contains no part of the secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Advice {
    /// The checksum in a GitHub token does not match the rest of it.
    WrongChecksum,
    /// The provider's registry does not accept this type.
    OpensNothing(&'static CredentialType),
    /// The prefix belongs to one provider, and the host to another.
    OtherProvider { credential_type: &'static CredentialType, host: String, owner: &'static str },
    /// GitHub documents its registry for the classic token only.
    FineGrained,
    /// A password for Docker Hub.
    DockerHubPassword,
    /// An organization access token with the user name of a person.
    PersonalUser,
    /// The provider accepts this type with other user names only.
    OtherUser(&'static CredentialType),
}

impl fmt::Display for Advice {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::WrongChecksum => {
                out.write_str("the checksum in this GitHub token is wrong; was all of it copied?")
            }
            Self::OpensNothing(CredentialType { provider, name, .. }) => {
                write!(out, "the registry of {} does not take this sort of token ({name})", provider.name)
            }
            Self::OtherProvider { credential_type, host, owner } => {
                let CredentialType { provider, name, .. } = credential_type;
                let provider = provider.name;
                write!(
                    out,
                    "this looks like a credential of {provider} ({name}), but {host} belongs to {owner}"
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
            Self::OtherUser(CredentialType { provider, name, user, .. }) => {
                write!(out, "{} takes this sort of token ({name}) with the user name {user}", provider.name)
            }
        }
    }
}

/// Returns the advice on a credential and its recognition. `people` are the user names of the personal access tokens and
/// passwords for Docker Hub in the vault.
pub fn advise(credential: &Credential<'_>, recognition: &Recognition, people: &[&str]) -> Vec<Advice> {
    let Some(credential_type) = recognition.credential_type else { return Vec::new() };
    let mut advice = Vec::new();
    if has_wrong_checksum(credential.secret) {
        advice.push(Advice::WrongChecksum);
    }
    if credential_type.opens_registries {
        advice.extend(
            find_other_provider(credential_type, credential)
                .filter(|_| recognition.has_prefix)
                .or_else(|| advise_on_own_host(credential_type, credential, people)),
        );
    } else {
        advice.push(Advice::OpensNothing(credential_type));
    }
    advice
}

/// Returns the advice on a credential for a host of its own provider, or of no known provider.
fn advise_on_own_host(
    credential_type: &'static CredentialType,
    credential: &Credential<'_>,
    people: &[&str],
) -> Option<Advice> {
    let is_docker_hub = credential_type.provider == &DOCKER_HUB;
    if credential_type.provider == &GITHUB && credential.secret.starts_with(GITHUB_FINE_GRAINED) {
        Some(Advice::FineGrained)
    } else if is_docker_hub && credential_type.kind == TokenKind::Password {
        Some(Advice::DockerHubPassword)
    } else if is_docker_hub && credential_type.kind == TokenKind::Organization {
        people.iter().any(|user| user.eq_ignore_ascii_case(credential.user)).then_some(Advice::PersonalUser)
    } else {
        let is_accepted = credential_type.accepts_user(credential.open_user());
        (!is_accepted).then_some(Advice::OtherUser(credential_type))
    }
}

fn find_other_provider(
    credential_type: &'static CredentialType,
    credential: &Credential<'_>,
) -> Option<Advice> {
    CredentialHosts::new(credential.keys, credential.scopes).hosts().iter().find_map(|host| {
        let owner = find_owner(host).filter(|owner| *owner != credential_type.provider)?;
        Some(Advice::OtherProvider { credential_type, host: host.clone(), owner: owner.name })
    })
}

/// True when the last six characters of a GitHub token are not the CRC-32 of the rest in base 62. Only the
/// token format of 2021 is checked; newer tokens are longer:
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
    use crate::provider::catalog::CREDENTIAL_TYPES;
    use crate::provider::recognize;

    const VALID: &str = "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";
    const PAT: &str = "a personal access token is safer than a password, and two-factor sign-in needs one: \
                       https://app.docker.com/settings/personal-access-tokens";

    fn advice_texts(scopes: &[&str], user: &str, secret: &str) -> Vec<String> {
        let scopes: Vec<_> = scopes.iter().map(|text| Scope::parse(text).expect(text)).collect();
        let credential = Credential { keys: &[], scopes: &scopes, user, secret };
        advise(&credential, &recognize(&credential), &["alice", "Bob"])
            .iter()
            .map(ToString::to_string)
            .collect()
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
    fn a_doubtful_credential_gets_its_advice() {
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
            assert_eq!(advice_texts(&[scope], user, secret).join("\n"), want, "{scope} {user} {secret}");
        }
    }

    #[test]
    fn an_unknown_registry_gets_no_advice() {
        for secret in
            ["", "hunter2", "dckr_pat_x", "ghp_x", "glpat-x", "dop_v1_x", "eyJhbGciOiJIUzI1NiJ9.e30.c2ln"]
        {
            for scope in ["registry.example:5000", "*.acme.example", "localhost", "nexus.acme.example"] {
                assert_eq!(advice_texts(&[scope], "carol", secret), [""; 0], "{scope} {secret}");
            }
        }
    }

    #[test]
    fn one_host_of_another_provider_among_several_is_found() {
        let lines = advice_texts(&["registry.example", "ghcr.io", "quay.io"], "alice", "dckr_pat_x");
        assert_eq!(lines.len(), 1);
        assert!(lines[0].ends_with("but ghcr.io belongs to GitHub"), "{}", lines[0]);
    }

    #[test]
    fn a_session_entry_gets_no_advice() {
        let keys = [Key::parse("https://index.docker.io/v1/refresh-token").expect("a key")];
        let credential = Credential { keys: &keys, scopes: &[], user: "alice", secret: "hunter2" };
        assert_eq!(advise(&credential, &recognize(&credential), &["alice"]), []);
    }

    #[test]
    fn advice_contains_no_part_of_the_secret() {
        let body = "cAnArYcAnArYcAnArYcAnArYcAnArYcAnArY";
        for row in CREDENTIAL_TYPES {
            for prefix in row.prefixes.iter().chain(&[""]) {
                for host in ["docker.io", "ghcr.io", "registry.gitlab.com", "nvcr.io", "registry.example"] {
                    let (scopes, secret) = ([Scope::parse(host).expect(host)], format!("{prefix}{body}"));
                    for user in ["alice", secret.as_str()] {
                        let credential = Credential { keys: &[], scopes: &scopes, user, secret: &secret };
                        for advice in advise(&credential, &recognize(&credential), &[user]) {
                            for text in [advice.to_string(), format!("{advice:?}")] {
                                assert!(!text.contains("cAnArY") && !text.contains('\n'), "{text}");
                            }
                        }
                    }
                }
            }
        }
    }
}
