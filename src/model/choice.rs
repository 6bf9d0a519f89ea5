//! A person's choice: which token, in which case.

use minicbor::{Decode, Encode};
use serde::Serialize;

use crate::model::scope::Scope;
use crate::model::token::Direction;
use crate::model::token_id::TokenId;

/// A person's decision: this token for this scope, and perhaps only in one case.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, Serialize)]
pub struct Choice {
    /// Where it holds.
    #[n(0)]
    pub scope: Scope,
    /// The token chosen.
    #[n(1)]
    #[serde(skip)]
    pub token: TokenId,
    /// Only under this profile.
    #[n(2)]
    pub profile: Option<String>,
    /// Only in or below this directory, an absolute path.
    #[n(3)]
    pub directory: Option<String>,
    /// Only for pulls or only for pushes.
    #[n(4)]
    pub direction: Option<Direction>,
}

impl Choice {
    /// True when both decide the same case, so that only one of them can hold.
    pub fn is_same_case(&self, other: &Self) -> bool {
        (&self.scope, &self.profile, &self.directory, self.direction)
            == (&other.scope, &other.profile, &other.directory, other.direction)
    }
}
