//! A Docker credential helper that keeps many tokens and gives out the right one.
//!
//! This is the map. Imports go down only, and `tests/layers.rs` keeps it true.

// The command line.
pub mod cli;

// Verbs, one file each.
pub mod command;

// Checks of the whole set-up.
pub mod doctor;

// Operations at services.
#[cfg(feature = "online")]
pub mod coding;
#[cfg(feature = "online")]
#[cfg(feature = "online")]
pub mod hub;

// Asking registries.
#[cfg(feature = "online")]
pub mod verify;

// The vault.
pub mod vault;

// Neighbours.
pub mod client;
pub mod docker;
#[cfg(feature = "online")]
pub mod http;
pub mod usage;

// Decisions.
pub mod inventory;
pub mod provider;
pub mod resolve;

// Mechanics.
pub mod system;

// Values.
pub mod model;
