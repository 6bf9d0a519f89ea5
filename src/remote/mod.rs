//! What servers tell and do when they are asked about tokens, one file a service.

pub mod hub;
