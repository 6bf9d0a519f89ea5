//! CODING's interface over HTTP.

pub mod client;
pub mod error;
pub mod project_token;
pub mod request;
