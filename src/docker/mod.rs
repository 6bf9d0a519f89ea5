//! Docker's credential helper protocol, the configuration files of clients, and other credential helpers.

pub mod config;
pub mod config_folder;
pub mod kubernetes_secret;
pub mod other_helper;
pub mod profile_link;
pub mod setup;
pub mod wire;
