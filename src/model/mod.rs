//! Values that cannot be wrong once they exist.

pub mod cbor;
pub mod choice;
pub mod hint;
pub mod image;
pub mod name;
pub mod registry;
pub mod remote;
pub mod scope;
pub mod secret;
pub mod timestamp;
pub mod token;
pub mod token_id;
