//! CODING's API over HTTP: <https://coding.net/help/openapi>.

pub mod client;
pub mod error;
pub mod project_scope;
pub mod project_token;
pub mod request;
