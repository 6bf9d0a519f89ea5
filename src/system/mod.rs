//! Mechanics that are independent of tokens: files, the terminal, processes, text for people.

pub mod background;
pub mod caller;
pub mod disk;
pub mod env;
#[cfg(unix)]
mod hidden_input;
pub mod limited_read;
pub mod process;
pub mod sanitize;
pub mod scrub;
pub mod secret_json;
pub mod slow_notice;
pub mod spelling;
pub mod stdio;
pub mod table;
pub mod tty;
#[cfg(unix)]
mod user_database;
#[cfg(unix)]
mod user_namespace;
