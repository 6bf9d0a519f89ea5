//! The crate `docker_credential`, a client in Rust that sends the bare host as the key.
//!
//! It reads its own environment, so the test runs itself again as a child with another environment.

use std::process::Command;

use docker_credential::{CredentialRetrievalError, DockerCredential};

use crate::common;
use crate::common::Home;

/// Names the registry for the child process.
const REGISTRY: &str = "TEST_REGISTRY";

#[test]
fn the_crate_finds_stored_logins() {
    let home = Home::new();
    home.run(["install"]).success();
    home.store("127.0.0.1:5000", "alice", "s3cret & <more>");
    home.store("https://index.docker.io/v1/", "hubuser", "dckr_pat_x");
    home.store("identity.example", "<token>", "refresh");
    for (registry, want) in [
        ("127.0.0.1:5000", "alice s3cret & <more>"),
        ("docker.io", "hubuser dckr_pat_x"),
        ("identity.example", "refresh"),
        ("nosuch.example", "none"),
    ] {
        let mut client = Command::new(std::env::current_exe().expect("this test"));
        client.env("DOCKER_CONFIG", home.path().join(".docker")).env("HOME", home.path());
        client.env("PATH", common::program_folder()).env(REGISTRY, registry);
        client.args([
            "--exact",
            concat!(module_path!(), "::the_client").split_once("::").expect("below the binary").1,
            "--nocapture",
        ]);
        let output = client.output().expect("it runs");
        let stdout = String::from_utf8_lossy(&output.stdout);
        assert!(stdout.contains(&format!("answer: {want}\n")), "{registry}: {stdout}");
    }
}

#[test]
fn the_client() {
    let Ok(registry) = std::env::var(REGISTRY) else { return };
    match docker_credential::get_credential(&registry) {
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
