//! A real client in Rust, the crate `docker_credential`: it asks with the host as it stands.
//!
//! It finds configuration and program through its own environment, so this test calls itself again in one.

use std::process::Command;

use docker_credential::{CredentialRetrievalError, DockerCredential};

use crate::common;
use crate::common::Home;

/// Names the registry, in the process that is the client.
const ASKED: &str = "TEST_REGISTRY";

#[test]
fn the_crate_finds_what_docker_stored() {
    let home = Home::new();
    home.run(["install"]).success();
    home.store("127.0.0.1:5000", "alice", "s3cret & <more>");
    home.store("https://index.docker.io/v1/", "hubuser", "dckr_pat_x");
    home.store("identity.example", "<token>", "refresh");
    for (asked, want) in [
        ("127.0.0.1:5000", "alice s3cret & <more>"),
        ("docker.io", "hubuser dckr_pat_x"),
        ("identity.example", "refresh"),
        ("nosuch.example", "none"),
    ] {
        let mut client = Command::new(std::env::current_exe().expect("this test"));
        client.env("DOCKER_CONFIG", home.path().join(".docker")).env("HOME", home.path());
        client.env("PATH", common::program_folder()).env(ASKED, asked);
        client.args([
            "--exact",
            concat!(module_path!(), "::the_client").split_once("::").expect("below the binary").1,
            "--nocapture",
        ]);
        let output = client.output().expect("it runs");
        let told = String::from_utf8_lossy(&output.stdout);
        assert!(told.contains(&format!("answer: {want}\n")), "{asked}: {told}");
    }
}

#[test]
fn the_client() {
    let Ok(asked) = std::env::var(ASKED) else { return };
    match docker_credential::get_credential(&asked) {
        Ok(DockerCredential::UsernamePassword(user, secret)) => println!("answer: {user} {secret}"),
        Ok(DockerCredential::IdentityToken(token)) => println!("answer: {token}"),
        Err(
            CredentialRetrievalError::HelperFailure { .. } | CredentialRetrievalError::NoCredentialConfigured,
        ) => {
            println!("answer: none");
        }
        Err(error) => println!("error: {error}"),
    }
}
