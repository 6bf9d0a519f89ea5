//! A choice: the token that a person decided to use in a certain case.

use minicbor::{Decode, Encode};
use serde::Serialize;

use crate::model::scope::Scope;
use crate::model::token::Direction;
use crate::model::token_id::TokenId;

/// A person's decision to use a token for a scope. Each optional field narrows the case.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, Serialize)]
pub struct Choice {
    #[n(0)]
    pub scope: Scope,
    #[n(1)]
    #[serde(skip)]
    pub token: TokenId,
    #[n(2)]
    pub profile: Option<String>,
    /// An absolute path; the choice applies in and below it.
    #[n(3)]
    pub directory: Option<String>,
    #[n(4)]
    pub direction: Option<Direction>,
}

impl Choice {
    /// True when both are for the same case, so that only one of them can apply.
    pub fn is_same_case(&self, other: &Self) -> bool {
        (&self.scope, &self.profile, &self.directory, self.direction)
            == (&other.scope, &other.profile, &other.directory, other.direction)
    }
}
