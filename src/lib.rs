//! A Docker credential helper that keeps many tokens and answers each request with the right one.
//!
//! This file is the map of the source code, from top to bottom: a module imports only from its own group and
//! from the groups below it. `tests/it/layers.rs` checks that.

// The command line: arguments, help, exit codes
pub mod cli;

// One file for each verb: parse, call, print
pub mod command;

// Checks of the whole setup
pub mod doctor;

// Operations at services that issue tokens
#[cfg(feature = "online")]
pub mod coding;
#[cfg(feature = "online")]
pub mod hub;

// Trial sign-ins at registries
#[cfg(feature = "online")]
pub mod verify;

// The encrypted file with all tokens, and its keys
pub mod vault;

// The client program, Docker's protocol and configuration, HTTP, the usage log
pub mod client;
pub mod docker;
#[cfg(feature = "online")]
pub mod http;
pub mod usage;

// Decisions without input or output: the list of tokens, the types of credentials, the choice of a token
pub mod inventory;
pub mod provider;
pub mod resolve;

// Files, terminals, processes: code that does not know what a token is
pub mod system;

// Values: token, scope, registry, secret
pub mod model;
