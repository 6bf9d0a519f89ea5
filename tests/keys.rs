//! Who has the vault's key: every holder but the OS keyring, and whatever can go wrong with each.

#![cfg(unix)]
#![allow(clippy::expect_used, reason = "a test that cannot go on fails")]

mod common;

use assert_cmd::Command;
use assert_cmd::assert::Assert;
use common::Home;
use common::NOT_FOUND;
use common::credentials;
use common::found;
use common::stderr;
use common::stdout;
use std::fs;
use std::ops::Deref;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::path::PathBuf;
use std::time::Duration;
use std::time::Instant;

const SECRET: &str = "ghp_canary";
const PASSPHRASE: &str = "correct horse";
const PASSPHRASE_FILE: &str = "DOCKER_CREDENTIAL_PAT_PASSPHRASE_FILE";

/// A home with a token for ghcr.io, whose key is taken out of the kernel's memory when the test is over.
struct Kept(Home);

impl Deref for Kept {
    type Target = Home;

    fn deref(&self) -> &Home {
        &self.0
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        self.close();
    }
}

impl Kept {
    fn new() -> Self {
        let home = Home::new();
        home.store("ghcr.io", "alice", SECRET);
        Self(home)
    }

    /// Returns one whose key no key file has, but another holder, which `add` names.
    fn by(add: &[&str]) -> Self {
        let home = Self::new();
        home.give(add).success();
        home.without_terminal(&["key", "remove", "key-file"]).assert().success();
        home.close();
        home
    }

    /// Returns the program in this home, far from any terminal on which it could ask.
    fn without_terminal(&self, args: &[&str]) -> Command {
        let mut command = Command::new("setsid");
        command.env_clear().env("HOME", self.path()).arg("--wait").arg(common::program()).args(args);
        command.env("PATH", "/usr/bin:/bin").env("DOCKER_CREDENTIAL_PAT_KEY_HOLDER", "key-file");
        // As far as it is there, it has the passphrase.
        command.env(PASSPHRASE_FILE, self.file("passphrase"));
        command
    }

    fn give(&self, holder: &[&str]) -> Assert {
        self.without_terminal(&[&["key", "add"], holder].concat()).assert()
    }

    fn ask(&self) -> Assert {
        self.without_terminal(&["get"]).write_stdin("ghcr.io").assert()
    }

    /// True when the secret comes back.
    fn opens(&self) -> bool {
        common::secret_in(&self.ask()) == SECRET
    }

    fn close(&self) {
        self.without_terminal(&["lock"]).assert();
    }

    fn file(&self, name: &str) -> PathBuf {
        self.path().join(name)
    }

    fn text(&self, name: &str) -> String {
        self.file(name).to_str().expect("text").to_owned()
    }

    /// Writes a file, and returns its path.
    fn write(&self, name: &str, text: impl AsRef<[u8]>) -> String {
        fs::write(self.file(name), text).expect("written");
        self.text(name)
    }

    /// Writes a command, and returns its path. It runs in a shell that knows nothing but the usual tools.
    fn script(&self, name: &str, text: &str) -> String {
        let path = self.write(name, format!("#!/bin/sh\n{text}\n"));
        fs::set_permissions(&path, fs::Permissions::from_mode(0o700)).expect("chmod");
        path
    }

    /// Writes a spare key into a file, and a command that writes it out; returns both paths.
    fn spare(&self) -> (String, String) {
        let spare = self.write("spare", stdout(&self.run(["key", "make"]).success()));
        let command = self.script("give-key", &format!("cat '{spare}'"));
        (spare, command)
    }

    /// Returns how each holder stands, as `key status` shows it.
    fn status(&self) -> String {
        stdout(&self.without_terminal(&["key", "status"]).assert().success())
    }

    fn holders(&self) -> Vec<String> {
        let words = self.status();
        let words = words.lines().skip(1).filter_map(|line| line.split_whitespace().next());
        words.map(str::to_owned).collect()
    }
}

#[test]
fn a_key_command_that_asks_this_program_ends_with_an_error() {
    let home = Kept::new();
    let (_, command) = home.spare();
    home.give(&["command", &command]).success();
    home.without_terminal(&["key", "remove", "key-file"]).assert().success();
    home.close();
    let program = common::program().display();
    home.script(
        "give-key",
        &format!(
            "echo run >>'{}'; echo ghcr.io | '{program}' get >>'{}'",
            home.text("runs"),
            home.text("said")
        ),
    );
    let asked = home.ask().code(1);
    assert!(stdout(&asked).contains("ended with exit code 1"), "{}", stdout(&asked));
    assert_eq!(fs::read_to_string(home.file("runs")).expect("it ran"), "run\n", "once, and no more");
    let said = fs::read_to_string(home.file("said")).expect("it said something");
    assert!(
        said.contains("the key command asks this program for what only the key command can open"),
        "{said}"
    );
}
