//! Docker's side: its wire protocol, its configuration files, and other credential helpers.

pub mod config;
pub mod other_helper;
pub mod profile_link;
pub mod setup;
pub mod wire;
