//! A Docker credential helper that keeps many tokens and gives out the right one.
//!
//! This is the map. Imports go down only, and `tests/layers.rs` keeps it true.

// EDGE: the command line.
pub mod cli;

// VERBS: one file each.
pub mod command;

// DEEDS: what is done to the vault as a whole, and what is known around a request.
pub mod backup;
pub mod checkup;
pub mod context;
pub mod keeper;
pub mod key_life;
#[cfg(feature = "online")]
pub mod lifecycle;
pub mod login;
pub mod moving;
pub mod setup;

// OUTSIDE: what lies on disk, in its own formats.
pub mod docker_config;
pub mod other_helper;
#[cfg(feature = "online")]
pub mod remote;
pub mod usage;
pub mod vault;
pub mod warned;

// TOOLS: mechanics; they know nothing of tokens.
pub mod beside;
pub mod child;
pub mod disk;
pub mod env;
#[cfg(feature = "online")]
pub mod http;
pub mod hygiene;
pub mod link;
pub mod parent;
pub mod streams;
pub mod table;
pub mod text;
pub mod tty;

// DECISIONS: pure; the same input gives the same answer.
pub mod client;
pub mod in_use;
pub mod index;
pub mod inventory;
pub mod provider;
pub mod request;
pub mod resolve;
pub mod used;

// WORDS: values that cannot be wrong once they exist.
pub mod cbor;
pub mod choice;
pub mod composed;
pub mod image;
pub mod moment;
pub mod name;
pub mod registry;
pub mod scope;
pub mod secret;
pub mod token;
pub mod wire;
