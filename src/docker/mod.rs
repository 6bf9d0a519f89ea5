//! Docker's credential helper protocol, the configuration files of clients, and other credential helpers.

pub mod buildx_configs;
pub mod client_logins;
pub mod config;
pub mod config_folder;
pub mod helper_name;
pub mod installed_clients;
pub mod kubernetes_secret;
pub mod other_helper;
pub mod podman_registries;
pub mod profile_link;
pub mod setup;
pub mod wire;
