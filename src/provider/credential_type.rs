//! A type of credential: its provider and name, and the rules that recognize it.

use crate::model::token::TokenKind;
use crate::provider::expiry::is_jwt;
use crate::provider::hosts::{GITLAB, Provider};

/// The longest prefix that a self-managed GitLab puts in front of its tokens, in bytes:
/// <https://docs.gitlab.com/administration/settings/account_and_limit_settings/#instance-token-prefix>
const MAX_INSTANCE_PREFIX_BYTES: usize = 20;

/// One type of credential of one provider.
#[derive(Debug, PartialEq, Eq)]
pub struct CredentialType {
    pub provider: &'static Provider,
    /// The provider's name for the type: `personal access token`.
    pub name: &'static str,
    pub kind: TokenKind,
    /// The user name that goes with a credential, for people: `your Docker ID`.
    pub user: &'static str,
    /// The page, command or menu for creating and revoking a credential, for people.
    pub made_at: &'static str,
    pub expiry: ExpiryRule,
    /// True when the expiry cannot be changed: only a new credential has another one.
    pub has_fixed_expiry: bool,
    /// False for a type that no registry accepts, such as a runner's token.
    pub opens_registries: bool,
    pub(crate) prefixes: &'static [&'static str],
    pub(crate) user_rule: UserRule,
    pub(crate) shape: SecretShape,
    is_known_by_user_anywhere: bool,
}

/// The source of a credential's expiry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExpiryRule {
    /// The secret itself, if it names an expiry.
    InSecret,
    /// Only the provider's page or API.
    AtProvider,
    /// No source, but the credential lasts for about this many hours.
    Hours(u8),
    /// No source; the credential lasts as long as the job that it was created for.
    WithJob,
    /// No source; it lasts as long as the job that it was created for, or about this many hours when no job has it.
    JobOrHours(u8),
    /// The credential does not expire, or no expiry is published.
    None,
}

/// The user names that go with a type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum UserRule {
    Any,
    OneOf(&'static [&'static str]),
    StartsWith(&'static str),
    /// A prefix, followed by lower-case letters and digits only.
    Generated(&'static str),
    Contains(char),
    SameAsSecret,
}

impl UserRule {
    /// True when the user name matches; `None` stands for one that is the secret itself.
    fn matches(self, user: Option<&str>) -> bool {
        match self {
            Self::Any => true,
            Self::SameAsSecret => user.is_none(),
            Self::OneOf(names) => user.is_some_and(|user| names.contains(&user)),
            Self::StartsWith(prefix) => user.is_some_and(|user| user.starts_with(prefix)),
            Self::Contains(letter) => user.is_some_and(|user| user.contains(letter)),
            Self::Generated(prefix) => user.and_then(|user| user.strip_prefix(prefix)).is_some_and(|rest| {
                !rest.is_empty()
                    && rest.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
            }),
        }
    }
}

/// The form of a type's secrets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SecretShape {
    Any,
    Jwt,
    /// 40 lower-case hexadecimal digits.
    Hex40,
}

impl SecretShape {
    fn matches(self, secret: &str) -> bool {
        match self {
            Self::Any => true,
            Self::Jwt => is_jwt(secret),
            Self::Hex40 => {
                secret.len() == 40 && secret.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
            }
        }
    }
}

impl CredentialType {
    /// Makes a type that only its host recognizes.
    pub(crate) const fn new(provider: &'static Provider, name: &'static str, kind: TokenKind) -> Self {
        Self {
            provider,
            name,
            kind,
            user: "any name",
            made_at: "",
            expiry: ExpiryRule::None,
            has_fixed_expiry: false,
            opens_registries: true,
            prefixes: &[],
            user_rule: UserRule::Any,
            shape: SecretShape::Any,
            is_known_by_user_anywhere: false,
        }
    }

    pub(crate) const fn user(self, user: &'static str) -> Self {
        Self { user, ..self }
    }

    pub(crate) const fn made_at(self, made_at: &'static str) -> Self {
        Self { made_at, ..self }
    }

    pub(crate) const fn expiry(self, expiry: ExpiryRule) -> Self {
        Self { expiry, ..self }
    }

    pub(crate) const fn has_fixed_expiry(self) -> Self {
        Self { has_fixed_expiry: true, ..self }
    }

    pub(crate) const fn opens_no_registry(self) -> Self {
        Self { opens_registries: false, ..self }
    }

    /// Sets the beginnings of its secrets, which recognize it on any host.
    pub(crate) const fn prefixes(self, prefixes: &'static [&'static str]) -> Self {
        Self { prefixes, ..self }
    }

    /// Sets its user names, which recognize it on the provider's hosts.
    pub(crate) const fn user_rule(self, user_rule: UserRule) -> Self {
        Self { user_rule, ..self }
    }

    /// Sets its user names, which recognize it on any host.
    pub(crate) const fn user_rule_anywhere(self, user_rule: UserRule) -> Self {
        Self { user_rule, is_known_by_user_anywhere: true, ..self }
    }

    /// Sets the form of its secrets, which recognizes it on the provider's hosts.
    pub(crate) const fn shape(self, shape: SecretShape) -> Self {
        Self { shape, ..self }
    }

    /// True when a secret begins like the type's secrets.
    pub(crate) fn has_prefix(&self, secret: &str) -> bool {
        self.prefixes.iter().any(|prefix| match secret.split_once(prefix) {
            Some(("", _)) => true,
            Some((instance, _)) => self.provider == &GITLAB && is_instance_prefix(instance),
            None => false,
        })
    }

    /// True when the user name or the form of the secret matches the type's rules.
    pub(crate) fn matches_rules(&self, user: Option<&str>, secret: &str, is_own_host: bool) -> bool {
        self.has_rule()
            && (is_own_host || self.is_known_by_user_anywhere)
            && self.user_rule.matches(user)
            && self.shape.matches(secret)
    }

    /// True for the type of a credential that only its host recognizes.
    pub(crate) fn is_default(&self) -> bool {
        self.prefixes.is_empty() && !self.has_rule()
    }

    /// Returns how well a user name fits the type, from 0 to 2; `None` when neither the host nor the user name does.
    pub(crate) fn user_score(&self, user: Option<&str>, is_own_host: bool) -> Option<u8> {
        if self.user_rule == UserRule::Any {
            is_own_host.then_some(1)
        } else if self.user_rule.matches(user) {
            (is_own_host || self.is_known_by_user_anywhere).then_some(2)
        } else {
            is_own_host.then_some(0)
        }
    }

    /// False when the provider accepts the type only with certain user names, and this is not one of them.
    pub(crate) fn accepts_user(&self, user: Option<&str>) -> bool {
        !matches!(self.user_rule, UserRule::OneOf(_)) || self.user_rule.matches(user)
    }

    fn has_rule(&self) -> bool {
        self.user_rule != UserRule::Any || self.shape != SecretShape::Any
    }
}

/// True for a self-managed GitLab's own prefix, as in `SIE-glpat-`.
fn is_instance_prefix(text: &str) -> bool {
    text.len() <= MAX_INSTANCE_PREFIX_BYTES
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_rule_matches_its_own_names_only() {
        for (rule, user, want) in [
            (UserRule::OneOf(&["AWS"]), Some("AWS"), true),
            (UserRule::OneOf(&["AWS"]), Some("aws"), false),
            (UserRule::StartsWith("robot$"), Some("robot$ci"), true),
            (UserRule::StartsWith("robot$"), Some("robot"), false),
            (UserRule::Generated("pt"), Some("pt03xe33nvww"), true),
            (UserRule::Generated("pt"), Some("pt"), false),
            (UserRule::Generated("pt"), Some("pt.tester"), false),
            (UserRule::Generated("pt"), Some("ptA1"), false),
            (UserRule::Contains('+'), Some("acme+ci"), true),
            (UserRule::Contains('+'), Some("acme"), false),
            (UserRule::SameAsSecret, None, true),
            (UserRule::SameAsSecret, Some("alice"), false),
            (UserRule::OneOf(&["AWS"]), None, false),
            (UserRule::Any, None, true),
        ] {
            assert_eq!(rule.matches(user), want, "{rule:?} {user:?}");
        }
    }

    #[test]
    fn hex40_is_forty_lower_case_digits() {
        let digits = "0123456789abcdef0123456789abcdef01234567";
        for (secret, want) in [
            (digits, true),
            (&digits[1..], false),
            (&digits.to_uppercase(), false),
            (&digits.replace('f', "g"), false),
        ] {
            assert_eq!(SecretShape::Hex40.matches(secret), want, "{secret}");
        }
    }
}
