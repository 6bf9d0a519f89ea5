//! The number of a token.

use minicbor::{Decode, Encode};

/// The number of a token in its vault, counted up and never given twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
#[cbor(transparent)]
pub struct TokenId(#[n(0)] pub u32);
