//! A sort of credential: what it is called, where it is met, and what tells it.

use crate::model::token::TokenKind;
use crate::provider::expiry::is_jwt;
use crate::provider::hosts::{GITLAB, Provider};

/// The most that a self-managed GitLab puts in front of a token, in bytes:
/// <https://docs.gitlab.com/administration/settings/account_and_limit_settings/#instance-token-prefix>
const MAX_OWN_PREFIX_BYTES: usize = 20;

/// One sort of credential of one provider.
#[derive(Debug, PartialEq, Eq)]
pub struct CredentialType {
    /// Whose it is.
    pub provider: &'static Provider,
    /// What it is called there.
    pub called: &'static str,
    /// What it is here.
    pub kind: TokenKind,
    /// The user name that goes with it, for people: `your Docker ID`.
    pub user: &'static str,
    /// Where it is made and revoked, for people: an address, a command or the way through a menu.
    pub made_at: &'static str,
    /// Whether and where its end shows.
    pub end: ExpiryRule,
    /// True when its end can never be changed: only a new one has another.
    pub has_fixed_expiry: bool,
    /// False for one that does not open a registry, such as a runner's.
    pub opens_registries: bool,
    pub(crate) marks: &'static [&'static str],
    pub(crate) users: UserRule,
    pub(crate) shape: SecretShape,
    users_tell_anywhere: bool,
}

/// Whether and where the end of a credential shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExpiryRule {
    /// In the secret itself, where it has one.
    InSecret,
    /// On the provider's page or through its API only.
    AtProvider,
    /// Nowhere, but it lives for about so many hours.
    Hours(u8),
    /// Nowhere; it lives as long as the job that it was made for.
    WithJob,
    /// It has none, or none that is published.
    None,
}

/// Which user names go with a sort.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum UserRule {
    /// Any, so that it tells nothing.
    Any,
    /// One of these.
    Exactly(&'static [&'static str]),
    /// Any that begins so.
    Beginning(&'static str),
    /// Any that begins so and goes on in lower-case letters and digits.
    Generated(&'static str),
    /// Any with this letter inside.
    With(char),
    /// The secret.
    TheSecret,
}

impl UserRule {
    /// True when the user name fits; `None` is one that is the secret itself.
    fn fit(self, user: Option<&str>) -> bool {
        match self {
            Self::Any => true,
            Self::TheSecret => user.is_none(),
            Self::Exactly(names) => user.is_some_and(|user| names.contains(&user)),
            Self::Beginning(head) => user.is_some_and(|user| user.starts_with(head)),
            Self::With(letter) => user.is_some_and(|user| user.contains(letter)),
            Self::Generated(head) => user.and_then(|user| user.strip_prefix(head)).is_some_and(|rest| {
                !rest.is_empty()
                    && rest.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
            }),
        }
    }
}

/// What the secrets of a sort look like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SecretShape {
    /// Anything, so that it tells nothing.
    Any,
    /// A JSON Web Token.
    Jwt,
    /// 40 lower-case hexadecimal digits.
    Hex40,
}

impl SecretShape {
    fn fits(self, secret: &str) -> bool {
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
    /// Returns a sort of which nothing tells but its host.
    pub(crate) const fn new(provider: &'static Provider, called: &'static str, kind: TokenKind) -> Self {
        Self {
            provider,
            called,
            kind,
            user: "any name",
            made_at: "",
            end: ExpiryRule::None,
            has_fixed_expiry: false,
            opens_registries: true,
            marks: &[],
            users: UserRule::Any,
            shape: SecretShape::Any,
            users_tell_anywhere: false,
        }
    }

    pub(crate) const fn user(self, user: &'static str) -> Self {
        Self { user, ..self }
    }

    pub(crate) const fn made_at(self, made_at: &'static str) -> Self {
        Self { made_at, ..self }
    }

    pub(crate) const fn ends(self, end: ExpiryRule) -> Self {
        Self { end, ..self }
    }

    pub(crate) const fn has_fixed_expiry(self) -> Self {
        Self { has_fixed_expiry: true, ..self }
    }

    /// The provider's registry does not take it.
    pub(crate) const fn grants_no_access(self) -> Self {
        Self { opens_registries: false, ..self }
    }

    /// Its secrets begin so, on whatever host.
    pub(crate) const fn marked(self, marks: &'static [&'static str]) -> Self {
        Self { marks, ..self }
    }

    /// Its user names are these, which tells it at home.
    pub(crate) const fn for_users(self, users: UserRule) -> Self {
        Self { users, ..self }
    }

    /// Its user names are these, which tells it on whatever host.
    pub(crate) const fn for_users_anywhere(self, users: UserRule) -> Self {
        Self { users, users_tell_anywhere: true, ..self }
    }

    /// Its secrets look so, which tells it at home.
    pub(crate) const fn shaped(self, shape: SecretShape) -> Self {
        Self { shape, ..self }
    }

    /// True when a secret begins as its secrets do.
    pub(crate) fn marks(&self, secret: &str) -> bool {
        self.marks.iter().any(|mark| match secret.split_once(mark) {
            Some(("", _)) => true,
            Some((own, _)) => self.provider == &GITLAB && is_own_prefix(own),
            None => false,
        })
    }

    /// True when the user name or the look of the secret tells it.
    pub(crate) fn matches_credential(&self, user: Option<&str>, secret: &str, is_at_home: bool) -> bool {
        self.has_rule()
            && (is_at_home || self.users_tell_anywhere)
            && self.users.fit(user)
            && self.shape.fits(secret)
    }

    /// True when it is what a credential is of which nothing else tells.
    pub(crate) fn is_usual(&self) -> bool {
        self.marks.is_empty() && !self.has_rule()
    }

    /// Returns how well a user name goes with it; `None` when nothing speaks for it.
    pub(crate) fn suits(&self, user: Option<&str>, is_at_home: bool) -> Option<u8> {
        if self.users == UserRule::Any {
            is_at_home.then_some(1)
        } else if self.users.fit(user) {
            (is_at_home || self.users_tell_anywhere).then_some(2)
        } else {
            is_at_home.then_some(0)
        }
    }

    /// False when it goes with certain user names only, and this is none of them.
    pub(crate) fn fits_user(&self, user: Option<&str>) -> bool {
        !matches!(self.users, UserRule::Exactly(_)) || self.users.fit(user)
    }

    fn has_rule(&self) -> bool {
        self.users != UserRule::Any || self.shape != SecretShape::Any
    }
}

/// True for what a self-managed GitLab may put in front of its tokens, as in `SIE-glpat-`.
fn is_own_prefix(text: &str) -> bool {
    text.len() <= MAX_OWN_PREFIX_BYTES
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_for_user_names_takes_its_own_only() {
        for (users, user, want) in [
            (UserRule::Exactly(&["AWS"]), Some("AWS"), true),
            (UserRule::Exactly(&["AWS"]), Some("aws"), false),
            (UserRule::Beginning("robot$"), Some("robot$ci"), true),
            (UserRule::Beginning("robot$"), Some("robot"), false),
            (UserRule::Generated("pt"), Some("pt03xe33nvww"), true),
            (UserRule::Generated("pt"), Some("pt"), false),
            (UserRule::Generated("pt"), Some("pt.tester"), false),
            (UserRule::Generated("pt"), Some("ptA1"), false),
            (UserRule::With('+'), Some("acme+ci"), true),
            (UserRule::With('+'), Some("acme"), false),
            (UserRule::TheSecret, None, true),
            (UserRule::TheSecret, Some("alice"), false),
            (UserRule::Exactly(&["AWS"]), None, false),
            (UserRule::Any, None, true),
        ] {
            assert_eq!(users.fit(user), want, "{users:?} {user:?}");
        }
    }

    #[test]
    fn only_forty_lower_case_digits_are_hex40() {
        let digits = "0123456789abcdef0123456789abcdef01234567";
        for (secret, want) in [
            (digits, true),
            (&digits[1..], false),
            (&digits.to_uppercase(), false),
            (&digits.replace('f', "g"), false),
        ] {
            assert_eq!(SecretShape::Hex40.fits(secret), want, "{secret}");
        }
    }
}
