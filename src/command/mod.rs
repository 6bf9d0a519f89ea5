//! The verbs, one file each, and the code that they share.
//!
//! Docker's verbs are in [`protocol`], and the warnings of `get` in [`get_warnings`]. The other verbs share
//! [`args`], [`context`], [`error`], [`token_view`] and, if they manage tokens at a service, `remote_tokens`.

pub mod activate;
pub mod add;
pub mod args;
pub mod backup;
#[cfg(feature = "online")]
pub mod coding;
#[cfg(feature = "extras")]
pub mod completions;
#[cfg(not(feature = "extras"))]
#[path = "completions/none.rs"]
pub mod completions;
pub mod context;
pub mod doctor;
pub mod edit;
pub mod error;
pub mod explain;
pub mod export;
pub mod get_warnings;
#[cfg(feature = "online")]
pub mod hub;
pub mod import;
pub mod install;
pub mod key;
pub mod login_messages;
pub mod ls;
#[cfg(feature = "extras")]
pub mod man;
pub mod protocol;
#[cfg(feature = "online")]
pub mod remote_tokens;
pub mod rm;
pub mod rotate;
pub mod show;
pub mod status;
pub mod token_view;
pub mod unlock;
pub mod usage;
pub mod r#use;
#[cfg(feature = "online")]
pub mod verify;
