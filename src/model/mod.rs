//! Value types. Each is parsed once, at the edge; a value that exists is valid.

pub mod cbor;
pub mod choice;
pub mod duration;
pub mod hint;
pub mod image;
pub mod listing;
pub mod name;
pub mod reference;
pub mod registry;
pub mod remote;
pub mod scope;
pub mod secret;
pub mod timestamp;
pub mod token;
pub mod token_id;
pub mod turns;
