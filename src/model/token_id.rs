//! The id of a token.

use minicbor::{Decode, Encode};

/// The number of a token in its vault. Numbers count up and are never used again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
#[cbor(transparent)]
pub struct TokenId(#[n(0)] pub u32);
