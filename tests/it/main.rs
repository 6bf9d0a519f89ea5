//! Tests of the program and its library from outside, one file per subject. They are one binary, so that a change is
//! linked once.

#![allow(clippy::expect_used, clippy::panic, clippy::print_stderr, reason = "a test that cannot go on fails")]

mod common;

mod backup;
mod captures;
mod client;
mod client_table;
mod cnb;
mod coding;
#[cfg(all(unix, feature = "extras", feature = "keyring", feature = "online", feature = "scan"))]
mod docs;
mod doctor;
mod doctor_online;
mod durability;
mod first_contact;
mod forged;
#[cfg(target_os = "linux")]
mod growth;
#[cfg(target_os = "linux")]
mod homes;
mod hub;
mod import_export;
mod key_places;
mod keys;
mod layers;
#[cfg(target_os = "linux")]
mod limits;
mod logins;
mod made_vaults;
#[cfg(target_os = "linux")]
mod others_homes;
mod people;
mod protocol;
mod requests;
mod resolve;
mod rollback;
mod rust_client;
mod tokens;
mod upgrade;
mod usage;
mod vault;
mod verify;
