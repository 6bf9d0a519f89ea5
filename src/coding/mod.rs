//! Project tokens at CODING: its interface, where a team has it, and why something is not done there.

pub mod api;
pub mod error;
pub mod team;
