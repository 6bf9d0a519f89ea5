//! Where a vault's key is kept.

pub mod keyfile;

use minicbor::Decode;
use minicbor::Encode;

/// A key holder, as the vault's open part names it, so that `get` never has to look for one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub enum Holder {
    /// [`keyfile`].
    #[n(0)]
    KeyFile,
}
