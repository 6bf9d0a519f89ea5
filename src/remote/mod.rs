//! What registries and providers are asked over the network.

pub mod challenge;
pub mod coding;
pub mod hub;
pub mod registry;
mod words;
