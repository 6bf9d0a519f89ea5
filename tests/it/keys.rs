//! Key holders: all kinds except the OS keyring, and the errors of each.

#![cfg(unix)]

use std::fs;
use std::ops::Deref;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Instant;

use assert_cmd::Command;
use assert_cmd::assert::Assert;

use crate::common;
use crate::common::{HANG, Home, NOT_FOUND, credentials, found, stderr, stdout};

const SECRET: &str = "ghp_canary";
const PASSPHRASE: &str = "correct horse";
const PASSPHRASE_FILE: &str = "DOCKER_CREDENTIAL_PAT_PASSPHRASE_FILE";

/// A home with a token for ghcr.io. After the test, its key is removed from the kernel's cache.
struct KeyHome(Home);

impl Deref for KeyHome {
    type Target = Home;

    fn deref(&self) -> &Home {
        &self.0
    }
}

impl Drop for KeyHome {
    fn drop(&mut self) {
        self.lock();
    }
}

impl KeyHome {
    fn new() -> Self {
        let home = Home::new();
        home.store("ghcr.io", "alice", SECRET);
        Self(home)
    }

    /// Returns the program in this home, without a terminal on which it could ask.
    fn without_terminal(&self, args: &[&str]) -> Command {
        let mut command = Command::new("setsid");
        command.env_clear().env("HOME", self.path()).arg("--wait").arg(common::program()).args(args);
        command.env("PATH", "/usr/bin:/bin").env("DOCKER_CREDENTIAL_PAT_KEY_HOLDER", "key-file");
        // The file exists only in tests with a passphrase.
        command.env(PASSPHRASE_FILE, self.file("passphrase"));
        command
    }

    fn add_holder(&self, holder: &[&str]) -> Assert {
        self.without_terminal(&[&["key", "add"], holder].concat()).assert()
    }

    fn request(&self) -> Assert {
        self.without_terminal(&["get"]).write_stdin("ghcr.io").assert()
    }

    /// True when `get` returns the secret.
    fn opens(&self) -> bool {
        common::secret_in(&self.request()) == SECRET
    }

    fn lock(&self) {
        drop(self.without_terminal(&["lock"]).assert());
    }

    fn file(&self, name: &str) -> PathBuf {
        self.path().join(name)
    }

    fn path_text(&self, name: &str) -> String {
        self.file(name).to_str().expect("text").to_owned()
    }

    /// Writes a file, and returns its path.
    fn write(&self, name: &str, text: impl AsRef<[u8]>) -> String {
        fs::write(self.file(name), text).expect("written");
        self.path_text(name)
    }

    /// Writes a shell script, and returns its path.
    fn script(&self, name: &str, text: &str) -> String {
        common::write_program(&self.file(name), format!("#!/bin/sh\n{text}\n"));
        self.path_text(name)
    }

    /// Writes a wrapping key to a file, and a command that prints it. Returns both paths.
    fn write_wrapping_key(&self) -> (String, String) {
        let spare = self.write("spare", stdout(&self.run(["key", "make"]).success()));
        let command = self.script("give-key", &format!("cat '{spare}'"));
        (spare, command)
    }

    /// Returns the output of `key status`.
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
fn a_key_command_that_calls_this_program_fails_without_a_loop() {
    let home = KeyHome::new();
    let (_, command) = home.write_wrapping_key();
    home.add_holder(&["command", &command]).success();
    home.without_terminal(&["key", "remove", "key-file"]).assert().success();
    home.lock();
    let program = common::program().display();
    home.script(
        "give-key",
        &format!(
            "echo run >>'{}'; echo ghcr.io | '{program}' get >>'{}'",
            home.path_text("runs"),
            home.path_text("printed")
        ),
    );
    let output = home.request().code(1);
    assert!(stdout(&output).contains("ended with exit code 1"), "{}", stdout(&output));
    assert_eq!(fs::read_to_string(home.file("runs")).expect("it ran"), "run\n", "once, and no more");
    let printed = fs::read_to_string(home.file("printed")).expect("it printed a message");
    assert!(
        printed.contains("the key command asks this program for the vault that it should open"),
        "{printed}"
    );
}

/// The arguments of `key add` for each kind of holder except the key file and the OS keyring, and its word.
fn holder_cases(home: &KeyHome) -> [(Vec<String>, &'static str); 4] {
    let (spare, command) = home.write_wrapping_key();
    let passphrase = home.write("passphrase", PASSPHRASE);
    [
        (vec!["passphrase".into(), "--passphrase-file".into(), passphrase], "passphrase"),
        (vec!["command".into(), command], "command"),
        (vec!["file".into(), spare], "file"),
        (vec!["file".into(), home.path_text("made")], "file"),
    ]
}

fn strings(words: &[String]) -> Vec<&str> {
    words.iter().map(String::as_str).collect()
}

#[test]
fn each_holder_alone_opens_the_vault_before_and_after_a_renewal() {
    for index in 0..4 {
        let home = KeyHome::new();
        let (add, word) = &holder_cases(&home)[index];
        home.add_holder(&strings(add)).success();
        assert_eq!(home.holders(), ["key-file", word]);
        home.without_terminal(&["key", "remove", "key-file"]).assert().success();
        assert_eq!(home.holders(), [*word]);
        let no_key = if *word == "command" { vec!["key-commands", "vault"] } else { vec!["vault"] };
        assert_eq!(home.files(), no_key, "{word}: no key lies about");
        home.lock();
        assert!(home.opens(), "{word}");
        home.lock();
        home.without_terminal(&["store"]).write_stdin(credentials("quay.io", "bob", "b")).assert().success();
        home.lock();
        home.without_terminal(&["key", "renew"]).assert().success();
        home.lock();
        assert!(home.opens(), "{word}, renewed");
        assert_eq!(home.holders(), [*word]);
        home.add_holder(&["key-file"]).success();
        home.without_terminal(&["key", "remove", word]).assert().success();
        assert_eq!(home.holders(), ["key-file"]);
        assert_eq!(home.get("ghcr.io"), found("alice", SECRET), "{word}: the key file has the key again");
    }
}

#[test]
fn after_a_renewal_of_all_holders_each_opens_the_vault() {
    let home = KeyHome::new();
    for (add, _) in &holder_cases(&home)[..3] {
        home.add_holder(&strings(add)).success();
    }
    assert_eq!(home.holders(), ["key-file", "passphrase", "command", "file"]);
    let (key, vault) = (fs::read(home.key()).expect("a key"), fs::read(home.vault()).expect("a vault"));
    let renewed = home.without_terminal(&["key", "renew"]).assert().success();
    for word in ["passphrase", "command", "file"] {
        assert!(stderr(&renewed).contains(&format!("docker-credential-pat key add {word}")), "{word}");
    }
    assert_ne!(fs::read(home.key()).expect("a key"), key);
    let new = fs::read(home.key()).expect("a key");
    for word in ["key-file", "passphrase", "command", "file"] {
        let others = ["key-file", "passphrase", "command", "file"].into_iter().filter(|other| *other != word);
        let before = fs::read(home.vault()).expect("a vault");
        others.for_each(|other| drop(home.without_terminal(&["key", "remove", other]).assert().success()));
        home.lock();
        assert!(home.opens(), "{word} alone");
        fs::write(home.vault(), before).expect("written");
        home.write(".config/docker-credential-pat/key", &new);
        fs::set_permissions(home.key(), fs::Permissions::from_mode(0o600)).expect("chmod");
    }
    fs::write(home.vault(), vault).expect("written");
    fs::write(home.key(), key).expect("written");
    assert!(home.opens(), "an old copy of both opens as before");
}

#[test]
fn the_last_holder_and_an_absent_holder_cannot_be_removed() {
    let home = KeyHome::new();
    let message = stderr(&home.run(["key", "remove", "key-file"]).code(1));
    assert!(message.contains("the key file is the only key holder"), "{message}");
    assert!(message.contains("hint: add another one first: docker-credential-pat key add"), "{message}");
    let message = stderr(&home.run(["key", "remove", "passphrase"]).code(1));
    assert!(message.contains("the passphrase does not have the key"), "{message}");
    home.run(["key", "remove", "nobody"]).code(2);
    assert!(home.opens());
    let empty = Home::new();
    for args in [&["key", "remove", "key-file"][..], &["key", "renew"], &["unlock"], &["lock"]] {
        let message = stderr(&empty.program([]).args(args).assert().code(1));
        assert!(message.contains("there is no vault yet"), "{args:?}: {message}");
    }
    assert_eq!(empty.files(), Vec::<String>::new(), "and none of them made one");
}

#[test]
fn without_a_terminal_a_removal_names_the_variable_for_the_passphrase() {
    let home = KeyHome::new();
    home.add_holder(&strings(&holder_cases(&home)[0].0)).success();
    let mut program = home.without_terminal(&["key", "remove", "key-file"]);
    let message = stderr(&program.env_remove("DOCKER_CREDENTIAL_PAT_PASSPHRASE_FILE").assert().code(1));
    assert!(message.contains("in DOCKER_CREDENTIAL_PAT_PASSPHRASE_FILE, or keep the key file"), "{message}");
}

#[test]
fn a_holder_cannot_be_removed_when_no_other_opens_the_vault() {
    for (index, break_it) in [
        (0, "echo wrong >passphrase"),
        (0, "rm passphrase"),
        (1, "echo exit 3 >give-key"),
        (1, "rm give-key"),
        (2, "rm spare"),
        (2, "tr 0-9 1 <spare >other; mv other spare"),
    ] {
        let home = KeyHome::new();
        let add = &holder_cases(&home)[index].0;
        home.add_holder(&strings(add)).success();
        let before = fs::read(home.vault()).expect("a vault");
        std::process::Command::new("sh")
            .args(["-c", break_it])
            .current_dir(home.path())
            .status()
            .expect("sh");
        home.lock();
        let message = stderr(&home.without_terminal(&["key", "remove", "key-file"]).assert().code(1));
        assert!(message.contains("no other key holder opens the vault: "), "{break_it}: {message}");
        assert!(message.contains("keep the key file; nothing was changed"), "{break_it}: {message}");
        assert!(home.key().exists() && home.opens(), "{break_it}");
        assert!(fs::read(home.vault()).expect("a vault") == before, "{break_it}: the vault is as it was");
        // A renewal wraps the new key with the wrapping key that is there at that time.
        if break_it.contains("other") {
            continue;
        }
        let message = stderr(&home.without_terminal(&["key", "renew"]).assert().code(1));
        assert!(message.contains("hint: "), "{break_it}: {message}");
        assert!(home.opens(), "{break_it}: nor can it be renewed");
        assert!(fs::read(home.vault()).expect("a vault") == before, "{break_it}: the vault is as it was");
    }
}

#[test]
fn a_renewal_interrupted_at_any_point_leaves_a_vault_that_opens() {
    let home = KeyHome::new();
    let renewed = home.key().with_extension("renewed");
    let read = || (fs::read(home.vault()).expect("a vault"), fs::read(home.key()).expect("a key"));
    let (old_vault, old_key) = read();
    home.run(["key", "renew"]).success();
    let (new_vault, new_key) = read();
    let half = &new_vault[..new_vault.len() / 2];
    // The case; then the vault, the key, key.renewed, and another file.
    for (case, vault, key, renewal, extra) in [
        (
            "the new key is half written",
            &old_vault,
            &old_key,
            None,
            Some(("key.renewed.new", &new_key[..40])),
        ),
        ("the new key is there", &old_vault, &old_key, Some(&new_key), None),
        ("the new vault is half written", &old_vault, &old_key, Some(&new_key), Some(("vault.new", half))),
        ("the vault has changed over", &new_vault, &old_key, Some(&new_key), None),
        ("the new key has replaced the old one", &new_vault, &new_key, None, None),
        ("an older renewal was cut off, too", &new_vault, &new_key, Some(&old_key), None),
        ("the renewal file is not a key file", &new_vault, &new_key, None, Some(("key.renewed", b"none"))),
    ] {
        for next in ["store", "key renew", "key remove"] {
            let folder = |name: &str| if name.starts_with("vault") { home.vault() } else { home.key() };
            let path_of = |name: &str| folder(name).with_file_name(name);
            let _ = fs::remove_file(&renewed);
            // Here the files of one moment are put back again and again.
            let _ = fs::remove_file(home.key().with_file_name("vaults"));
            let there = [
                ("vault", Some(vault.as_slice())),
                ("key", Some(key)),
                ("key.renewed", renewal.map(Vec::as_slice)),
            ];
            let there = there.into_iter().filter_map(|(name, bytes)| Some((name, bytes?))).chain(extra);
            for (name, bytes) in there {
                fs::write(path_of(name), bytes).expect("written");
                fs::set_permissions(path_of(name), fs::Permissions::from_mode(0o600)).expect("chmod");
            }
            assert_eq!(home.get("ghcr.io"), found("alice", SECRET), "{case}");
            assert!(home.status().contains("opens the vault"), "{case}");
            match next {
                "store" => home.store("quay.io", "bob", "b"),
                "key renew" => drop(home.run(["key", "renew"]).success()),
                _ => {
                    home.add_holder(&["file", &home.path_text("made")]).success();
                    home.run(["key", "remove", "key-file"]).success();
                    assert!(!home.key().exists(), "{case}");
                    assert!(home.opens(), "{case}: by the file");
                    home.add_holder(&["key-file"]).success();
                }
            }
            assert_eq!(home.get("ghcr.io"), found("alice", SECRET), "{case}, then {next}");
            home.run(["key", "renew"]).success();
            assert_eq!(home.files(), ["key", "vault"], "{case}, then {next}: nothing is left of it");
            assert_eq!(home.get("ghcr.io"), found("alice", SECRET), "{case}, then {next}");
        }
    }
}

#[test]
fn a_renewal_killed_at_any_time_leaves_a_vault_that_opens() {
    const KILLS: u32 = 80;
    let home = KeyHome::new();
    home.add_holder(&["file", &home.path_text("made")]).success();
    let start = Instant::now();
    home.run(["key", "renew"]).success();
    let mut usual = start.elapsed();
    let (mut killed, mut finished) = (0, 0);
    for number in 0..KILLS {
        let mut command = std::process::Command::new(common::program());
        command
            .env_clear()
            .env("HOME", home.path())
            .args(["key", "renew"])
            .stderr(std::process::Stdio::null());
        let mut child = command.spawn().expect("it starts");
        std::thread::sleep(usual * (number * 37 % 100) / 50);
        child.kill().expect("killed, or ended already");
        // On a machine of any load, about half of them are killed.
        if child.wait().expect("it ends").success() {
            finished += 1;
            usual = usual * 19 / 20;
        } else {
            killed += 1;
            usual = usual * 20 / 19;
        }
        assert_eq!(home.get("ghcr.io"), found("alice", SECRET), "kill {number}");
        let status = home.status();
        assert_eq!(status.matches("opens the vault").count(), 2, "kill {number}: {status}");
    }
    assert!(killed > KILLS / 10 && finished > KILLS / 10, "{killed} killed, {finished} finished");
    home.run(["key", "renew"]).success();
    assert_eq!(home.files(), ["key", "vault"], "no stray files");
}

#[test]
fn a_get_during_a_renewal_never_fails() {
    let home = KeyHome::new();
    std::thread::scope(|scope| {
        let renewer = scope.spawn(|| {
            for _ in 0..60 {
                home.run(["key", "renew"]).success();
            }
        });
        while !renewer.is_finished() {
            std::thread::scope(|gets| {
                for _ in 0..3 {
                    gets.spawn(|| assert_eq!(home.get("ghcr.io"), found("alice", SECRET)));
                }
            });
        }
    });
}

#[test]
fn fifty_concurrent_gets_during_a_renewal_succeed() {
    let home = KeyHome::new();
    home.add_holder(&["file", &home.path_text("made")]).success();
    home.run(["key", "remove", "key-file"]).success();
    home.lock();
    std::thread::scope(|scope| {
        scope.spawn(|| home.run(["key", "renew"]).success());
        for _ in 0..50 {
            scope.spawn(|| assert_eq!(home.get("ghcr.io"), found("alice", SECRET)));
        }
    });
}

#[test]
fn a_passphrase_file_opens_the_vault_or_is_reported() {
    let home = KeyHome::new();
    let path = home.write("passphrase", format!("{PASSPHRASE}\n"));
    home.add_holder(&["passphrase", "--passphrase-file", &path]).success();
    home.without_terminal(&["key", "remove", "key-file"]).assert().success();
    let large = "x".repeat(70_000);
    for (case, set_up, want) in [
        ("another line end", "printf 'correct horse\\r\\n' >passphrase", None),
        ("wrong", "echo wrong >passphrase", Some("that is not the vault's passphrase")),
        ("a blank more", "echo 'correct horse ' >passphrase", Some("that is not the vault's passphrase")),
        ("empty", ": >passphrase", Some("is empty")),
        ("a line end alone", "echo >passphrase", Some("is empty")),
        ("not UTF-8", "printf '\\377correct' >passphrase", Some("passphrase is not valid UTF-8")),
        ("too large", &format!("printf {large} >passphrase"), Some("is larger than")),
        ("missing", ":", Some("is missing")),
        ("a folder", "mkdir passphrase", Some("is not a file")),
        ("a pipe", "mkfifo passphrase", Some("is not a file")),
        ("a link to nothing", "ln -s nowhere passphrase", Some("cannot read")),
    ] {
        let set_up = format!("rm -rf passphrase; {set_up}");
        std::process::Command::new("sh").args(["-c", &set_up]).current_dir(home.path()).status().expect("sh");
        home.lock();
        let Some(want) = want else {
            assert!(home.opens(), "{case}");
            continue;
        };
        let output = home.request().code(1);
        let (out, err) = (stdout(&output), stderr(&output));
        assert!(out.contains("cannot open the vault") && out.contains(want), "{case}: {out}");
        assert!(err.contains("hint: ") || case == "too large", "{case}: {err}");
        assert!(!out.contains("correct") && !err.contains("correct"), "{case}: {out}{err}");
        assert_eq!(out.lines().count(), 1, "{case}: {out}");
    }
}

#[test]
fn a_locked_vault_without_a_terminal_is_reported_without_delay() {
    let home = KeyHome::new();
    let path = home.write("passphrase", PASSPHRASE);
    home.add_holder(&["passphrase", "--passphrase-file", &path]).success();
    home.without_terminal(&["key", "remove", "key-file"]).assert().success();
    home.lock();
    let before = fs::read(home.vault()).expect("a vault");
    let locked = |args: &[&str]| {
        let mut program = home.without_terminal(args);
        program.env_remove(PASSPHRASE_FILE).timeout(HANG);
        program
    };
    for (verb, input) in [
        ("get", "ghcr.io".to_owned()),
        ("store", credentials("quay.io", "bob", "b")),
        ("erase", "ghcr.io".to_owned()),
    ] {
        let output = locked(&[verb]).write_stdin(input).assert().code(1);
        let (out, err) = (stdout(&output), stderr(&output));
        let vault = home.vault();
        let want = format!(
            "cannot open the vault {}: its passphrase is needed: there is no terminal to ask on\n",
            vault.display()
        );
        assert_eq!(out, want, "{verb}: one cause, once");
        assert_eq!(out.lines().count(), 1, "{verb}: {out}");
        assert_ne!(out, NOT_FOUND, "{verb}: a client would continue without credentials");
        assert!(err.contains("hint: run `docker-credential-pat unlock` in a terminal"), "{verb}: {err}");
        assert_eq!(fs::read(home.vault()).expect("a vault"), before, "{verb}");
    }
    for args in [
        &["add", "x", "-r", "x.example", "-u", "me", "--secret-stdin"][..],
        &["rm", "alice@ghcr.io", "--yes"],
        &["unlock"],
        &["key", "renew"],
        &["key", "add", "key-file"],
    ] {
        let output = locked(args).write_stdin("s").assert().code(1);
        let err = stderr(&output);
        assert!(err.contains("no terminal to ask on\n") && err.lines().count() == 2, "{args:?}: {err}");
    }
    assert_eq!(fs::read(home.vault()).expect("a vault"), before);
    // A verb that needs no secret needs no key.
    assert_eq!(stdout(&locked(&["list"]).assert().success()), "{\"ghcr.io\":\"alice\"}\n");
    assert!(stdout(&locked(&["ls"]).assert().success()).contains("alice@ghcr.io"));
    assert!(stdout(&locked(&["explain", "ghcr.io"]).assert().success()).contains("alice@ghcr.io"));
    assert!(stdout(&locked(&["show", "alice@ghcr.io"]).assert().success()).contains("alice"));
    assert!(stdout(&locked(&["key", "status"]).assert().success()).contains("asked for when it is needed"));
    assert_eq!(stdout(&locked(&["get"]).write_stdin("quay.io").assert().code(1)), NOT_FOUND);
    locked(&["erase"]).write_stdin("quay.io").assert().success();
}

#[test]
fn a_process_without_a_terminal_does_not_wait_for_a_passphrase_prompt() {
    let home = KeyHome::new();
    let file = home.write("passphrase", PASSPHRASE);
    home.add_holder(&["passphrase", "--passphrase-file", &file]).success();
    home.without_terminal(&["key", "remove", "key-file"]).assert().success();
    home.lock();
    let asking = fs::File::create(home.vault().with_file_name("asking.lock")).expect("made");
    asking.lock().expect("locked");
    let mut program = home.without_terminal(&["get"]);
    let output = program.env_remove(PASSPHRASE_FILE).write_stdin("ghcr.io").assert().code(1);
    assert!(stdout(&output).contains("its passphrase is needed"));
}

#[test]
fn a_key_command_receives_its_arguments_unchanged_and_no_secret() {
    let home = KeyHome::new();
    let (spare, _) = home.write_wrapping_key();
    let dump = home.path_text("dump");
    let command = home.script(
        "give-key",
        &format!("for each; do echo \"[$each]\"; done >'{dump}'; cat /proc/$$/cmdline /proc/$$/environ /proc/$PPID/cmdline >>'{dump}'; cat >>'{dump}'; cat '{spare}'"),
    );
    home.add_holder(&["command", &command, "two words", "--flag", "", "$HOME", "ü", "--"]).success();
    home.without_terminal(&["key", "remove", "key-file"]).assert().success();
    home.lock();
    fs::remove_file(home.file("dump")).expect("it ran before");
    assert!(home.opens());
    let dump = fs::read(home.file("dump")).expect("it ran");
    let text = String::from_utf8_lossy(&dump);
    assert!(text.starts_with("[two words]\n[--flag]\n[]\n[$HOME]\n[ü]\n[--]\n"), "{text}");
    assert!(text.contains("DOCKER_CREDENTIAL_PAT_KEY_WANTED=1"), "{text}");
    let spare = fs::read_to_string(spare).expect("a key");
    for secret in [SECRET, PASSPHRASE, "ghcr.io", spare.trim(), &spare.trim()[28..60]] {
        assert!(!text.contains(secret), "{secret}: {text}");
    }
    assert!(home.status().contains("two words --flag"), "{}", home.status());
}

#[test]
fn a_key_command_without_a_valid_key_is_reported_by_name() {
    let home = KeyHome::new();
    let (spare, command) = home.write_wrapping_key();
    home.add_holder(&["command", &command]).success();
    home.without_terminal(&["key", "remove", "key-file"]).assert().success();
    let other = home.write("other", stdout(&home.run(["key", "make"]).success()));
    for (case, script, want) in [
        ("fails", "echo no >&2; exit 3", "give-key ended with exit code 3"),
        ("is killed", "kill -9 $$", "give-key ended with a signal"),
        ("gives a key and fails", &format!("cat '{spare}'; exit 1"), "give-key ended with exit code 1"),
        ("gives nothing", ":", "the key command"),
        ("gives something else", "echo ghp_garbage", "did not print a key of this program"),
        ("gives the key twice", &format!("cat '{spare}' '{spare}'"), "did not print a key of this program"),
        (
            "gives another key",
            &format!("cat '{other}'"),
            "the key command: the key does not belong to the vault",
        ),
        ("gives 100 MB", "head -c 100000000 /dev/zero", "give-key writes too much"),
    ] {
        home.script("give-key", script);
        home.lock();
        let output = home.request().code(1);
        let out = stdout(&output);
        assert!(out.contains(want) && out.contains("cannot open the vault"), "{case}: {out}");
        assert!(stderr(&output).contains("hint: "), "{case}");
        assert!(
            !out.contains("garbage") && !stderr(&output).contains("garbage"),
            "{case}: what it gives is not shown"
        );
    }
    fs::remove_file(home.file("give-key")).expect("removed");
    assert!(stdout(&home.request().code(1)).contains("give-key"));
    fs::write(home.file("give-key"), "").expect("written");
    assert!(stdout(&home.request().code(1)).contains("cannot start"), "not executable");
    home.script("give-key", &format!("sleep 0.5; cat '{spare}'"));
    assert!(home.opens(), "a slow one is waited for");
}

#[test]
fn a_key_command_is_not_looked_for_in_the_working_directory() {
    let home = KeyHome::new();
    home.write_wrapping_key();
    for path in ["./give-key", "x/../give-key"] {
        let mut program = home.without_terminal(&["key", "add", "command", path]);
        let message = stderr(&program.current_dir(home.path()).assert().code(1));
        assert!(message.contains("nor an absolute path"), "{message}");
    }
    assert_eq!(home.holders(), ["key-file"]);
}

#[test]
fn a_key_command_that_hangs_is_abandoned() {
    let home = KeyHome::new();
    let (_, command) = home.write_wrapping_key();
    home.add_holder(&["command", &command]).success();
    home.without_terminal(&["key", "remove", "key-file"]).assert().success();
    // The second script leaves a process behind that keeps its stdout and stderr open.
    for script in ["exec sleep 120", "sleep 120"] {
        home.script("give-key", script);
        home.lock();
        let [out, err] = ["out", "err"].map(|name| fs::File::create(home.file(name)).expect("made"));
        let question = fs::File::open(home.write("question", "ghcr.io")).expect("there");
        let mut command = std::process::Command::new(common::program());
        command.env_clear().env("HOME", home.path()).env("PATH", "/usr/bin:/bin").arg("get");
        let start = Instant::now();
        let status = command.stdin(question).stdout(out).stderr(err).status().expect("it runs");
        let took = start.elapsed();
        assert_eq!(status.code(), Some(1));
        assert!(took < HANG, "{script}: the command is waited for until it ends");
        let [out, err] = ["out", "err"].map(|name| fs::read_to_string(home.file(name)).expect("text"));
        assert!(out.contains("give-key gave no answer within 3 s"), "{script}: {out}");
        assert!(err.contains("`docker-credential-pat unlock`, which waits longer"), "{script}: {err}");
    }
}

#[test]
fn a_key_command_is_not_run_when_others_may_write_to_the_vault() {
    let home = KeyHome::new();
    let (spare, _) = home.write_wrapping_key();
    let command = home.script("give-key", &format!("touch '{}'; cat '{spare}'", home.path_text("ran")));
    home.add_holder(&["command", &command]).success();
    home.without_terminal(&["key", "remove", "key-file"]).assert().success();
    let ran = home.file("ran");
    let folder = home.vault().parent().expect("a folder").to_owned();
    for (path, mode, usual) in [
        (&home.vault(), 0o602, 0o600),
        (&home.vault(), 0o620, 0o600),
        (&folder, 0o777, 0o700),
        (&folder, 0o770, 0o700),
    ] {
        fs::remove_file(&ran).expect("it ran before");
        home.lock();
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("chmod");
        let output = home.request().code(1);
        assert!(
            stdout(&output)
                .contains("others may write to the vault, so the command that it names is not run"),
            "{mode:o}: {}",
            stdout(&output)
        );
        assert!(stderr(&output).contains("chmod go-w"), "{mode:o}");
        assert!(!ran.exists(), "{mode:o}");
        fs::set_permissions(path, fs::Permissions::from_mode(usual)).expect("chmod");
        assert!(home.opens() && ran.exists(), "{mode:o}: and runs again");
    }
    let elsewhere = home.file("elsewhere");
    fs::create_dir(&elsewhere).expect("made");
    fs::set_permissions(&elsewhere, fs::Permissions::from_mode(0o777)).expect("chmod");
    fs::rename(home.vault(), elsewhere.join("vault")).expect("moved");
    std::os::unix::fs::symlink(elsewhere.join("vault"), home.vault()).expect("linked");
    fs::remove_file(&ran).expect("it ran before");
    home.lock();
    home.request().code(1);
    assert!(!ran.exists(), "in a folder that a link leads to");
}

#[test]
fn an_external_key_file_is_found_or_reported_by_name() {
    let home = KeyHome::new();
    fs::create_dir(home.file("credentials")).expect("made");
    fs::create_dir(home.file("moved")).expect("made");
    let spare = home.write("credentials/pat", stdout(&home.run(["key", "make"]).success()));
    let with = |folder: &str, args: &[&str]| {
        let mut program = home.without_terminal(args);
        program.env("CREDENTIALS_DIRECTORY", home.file(folder)).write_stdin("ghcr.io");
        program
    };
    let message = stderr(&home.add_holder(&["file", "relative/key"]).code(1));
    assert!(
        message.contains("neither an absolute path nor begins with $CREDENTIALS_DIRECTORY/"),
        "{message}"
    );
    let message = stderr(&home.add_holder(&["file", "$CREDENTIALS_DIRECTORY/pat"]).code(1));
    assert!(message.contains("$CREDENTIALS_DIRECTORY is not set"), "{message}");
    with("credentials", &["key", "add", "file", "$CREDENTIALS_DIRECTORY/pat"]).assert().success();
    home.without_terminal(&["key", "remove", "key-file"])
        .env("CREDENTIALS_DIRECTORY", home.file("credentials"))
        .assert()
        .success();
    assert_eq!(common::secret_in(&with("credentials", &["get"]).assert()), SECRET);
    fs::rename(&spare, home.file("moved/pat")).expect("moved");
    assert_eq!(common::secret_in(&with("moved", &["get"]).assert()), SECRET, "another folder each time");
    for (case, output, want) in [
        ("gone", with("credentials", &["get"]).assert().code(1), "credentials/pat is missing"),
        ("no variable", home.request().code(1), "$CREDENTIALS_DIRECTORY is not set"),
        (
            "relative",
            with("", &["get"]).env("CREDENTIALS_DIRECTORY", "credentials").assert().code(1),
            "$CREDENTIALS_DIRECTORY is not set",
        ),
    ] {
        assert!(stdout(&output).contains(want), "{case}: {}", stdout(&output));
        assert!(stderr(&output).contains("hint: "), "{case}");
    }
    for (text, want) in [
        ("", "holds no key"),
        ("docker-credential-pat-key-1-00", "holds no key"),
        (&"x".repeat(5000), "is larger than"),
    ] {
        home.write("moved/pat", text);
        let output = with("moved", &["get"]).assert().code(1);
        assert!(stdout(&output).contains(want), "{}", stdout(&output));
    }
}

#[test]
fn an_external_key_file_is_made_once_and_never_overwritten() {
    let home = KeyHome::new();
    let made = home.path_text("made");
    home.add_holder(&["file", &made]).success();
    let text = fs::read_to_string(&made).expect("it was made");
    assert!(text.starts_with("docker-credential-pat-key-1-") && text.ends_with('\n'), "{text}");
    assert_eq!(fs::metadata(&made).expect("there").permissions().mode() & 0o777, 0o600);
    home.add_holder(&["file", &made]).success();
    assert_eq!(fs::read_to_string(&made).expect("there"), text, "one that is there is used");
    let note = home.write("note", "buy milk");
    home.add_holder(&["file", &note]).code(1);
    assert_eq!(fs::read_to_string(&note).expect("there"), "buy milk");
    home.add_holder(&["file", &home.path_text("no/such/folder/key")]).code(1);
    home.add_holder(&["file", &home.path_text("")]).code(1);
    let vault = home.vault();
    home.add_holder(&["file", vault.to_str().expect("text")]).code(1);
    assert!(home.opens());
    let keys: Vec<_> = (0..2).map(|_| stdout(&home.run(["key", "make"]).success())).collect();
    assert_ne!(keys[0], keys[1]);
}

#[test]
fn adding_the_key_file_does_not_overwrite_another_key() {
    let home = KeyHome::new();
    home.add_holder(&["file", &home.path_text("made")]).success();
    home.run(["key", "remove", "key-file"]).success();
    let other = KeyHome::new();
    fs::copy(other.key(), home.key()).expect("copied");
    let message = stderr(&home.add_holder(&["key-file"]).code(1));
    assert!(message.contains("has another key already"), "{message}");
    assert_eq!(fs::read(home.key()).expect("there"), fs::read(other.key()).expect("there"));
    assert!(home.opens());
}

#[test]
fn a_key_file_with_another_key_is_neither_renewed_nor_removed() {
    let home = KeyHome::new();
    home.add_holder(&["file", &home.path_text("made")]).success();
    let other = KeyHome::new();
    let others = fs::read(other.key()).expect("there");
    fs::write(home.key(), &others).expect("written");
    let message = stderr(&home.run(["key", "renew"]).code(1));
    assert!(message.contains("has another key already"), "{message}");
    assert!(home.opens());
    home.run(["key", "remove", "key-file"]).success();
    assert_eq!(fs::read(home.key()).expect("there"), others);
    assert!(home.opens());
}

#[test]
fn a_weak_passphrase_gets_one_line_and_is_taken() {
    let home = KeyHome::new();
    for (text, is_weak) in [("battery", true), ("aaaaaaaaaaaaaaaa", true), ("correct horse battery", false)] {
        let file = home.write("new-passphrase", text);
        let output = stderr(&home.add_holder(&["passphrase", "--passphrase-file", &file]).success());
        let want = "note: that passphrase is easy to guess; take at least 12 characters, 6 of them different";
        assert_eq!(output.lines().filter(|line| *line == want).count(), usize::from(is_weak), "{output}");
        assert!(output.contains("the passphrase opens the vault now") && !output.contains(text), "{output}");
    }
}

#[test]
fn unlock_accepts_a_time_of_at_most_30_days() {
    let home = KeyHome::new();
    for wrong in ["", "0s", "8", "-1h", "31d", "2mo", "forever", "8h --"] {
        let message = stderr(&home.run(["unlock", "--for", wrong]).code(2));
        assert!(wrong == "-1h" || message.contains("or 1w, at most 30d"), "{message}");
    }
    for time in ["1h 30m", "30min", "2d", "1w", "1mo"] {
        let message = stderr(&home.run(["unlock", "--for", time]).success());
        assert!(
            message.contains("the vault is always open: its key is in the key file ~/.config/"),
            "{message}"
        );
    }
    let message = stderr(&home.run(["lock"]).success());
    assert!(message.contains("but the key file returns it without asking you"), "{message}");
}

/// Replaces the number of the only holder, which is the key file, and updates the checksum.
fn with_holder(number: u8, vault: &[u8]) -> Vec<u8> {
    const HEAD: usize = b"docker-credential-pat vault 1\n".len();
    const START: usize = HEAD + 16;
    // An array of 5; in it an array of 1 holder: an array of 2, its number 0 and no fields.
    const HOLDER: [u8; 5] = [0x85, 0x81, 0x82, 0, 0x80];
    let mut vault = vault.to_vec();
    assert_eq!(vault[START..START + HOLDER.len()], HOLDER, "as CBOR writes it");
    vault[START + 3] = number;
    let length = u32::from_le_bytes(*vault[HEAD..].first_chunk().expect("a head"));
    let end = START + usize::try_from(length).expect("small");
    let crc = crc32fast::hash(&vault[..end]).to_le_bytes();
    vault[end..end + crc.len()].copy_from_slice(&crc);
    vault
}

#[test]
fn an_unknown_holder_is_reported_as_a_later_version_and_not_as_damage() {
    let home = KeyHome::new();
    let vault = fs::read(home.vault()).expect("a vault");
    fs::write(home.vault(), with_holder(0, &vault)).expect("written");
    assert!(home.opens(), "the very same");
    for number in [5, 9, 23] {
        let later = with_holder(number, &vault);
        fs::write(home.vault(), &later).expect("written");
        for (verb, input) in [
            ("get", "ghcr.io".to_owned()),
            ("list", String::new()),
            ("store", credentials("quay.io", "bob", "b")),
            ("erase", "ghcr.io".to_owned()),
        ] {
            let output = home.call(verb, input).code(1);
            assert!(
                stdout(&output)
                    .contains("has a key holder that this version of docker-credential-pat does not know"),
                "{number} {verb}: {}",
                stdout(&output)
            );
            assert!(
                stderr(&output).contains("use the version of docker-credential-pat that wrote it"),
                "{verb}"
            );
        }
        for args in [&["ls"][..], &["key", "status"], &["key", "renew"], &["unlock"], &["lock"]] {
            let message = stderr(&home.program([]).args(args).assert().code(1));
            assert!(message.contains("does not know"), "{args:?}: {message}");
        }
        assert_eq!(fs::read(home.vault()).expect("a vault"), later, "it is left as it is");
    }
    // A damaged file with such a number is reported as damaged.
    let mut damaged = with_holder(9, &vault);
    damaged[50] ^= 1;
    fs::write(home.vault(), damaged).expect("written");
    assert!(stdout(&home.call("list", "").code(1)).contains("is damaged"));
}

#[test]
fn the_requested_holder_of_a_new_vault_overrides_an_existing_key_file() {
    let home = KeyHome::new();
    let key = fs::read(home.key()).expect("a key");
    fs::remove_file(home.vault()).expect("removed");
    let store = |holder: &str| {
        let mut program = home.without_terminal(&["store"]);
        program.env("DOCKER_CREDENTIAL_PAT_KEY_HOLDER", holder);
        program.write_stdin(credentials("ghcr.io", "alice", SECRET)).assert()
    };
    // There is no session bus here.
    let message = stdout(&store("keyring").code(1));
    assert!(message.contains("the OS keyring"), "{message}");
    let message = stdout(&store("stone").code(1));
    assert!(
        message.contains("DOCKER_CREDENTIAL_PAT_KEY_HOLDER is neither key-file nor keyring"),
        "{message}"
    );
    assert!(!home.vault().exists(), "and nothing was stored with another key");
    store("").success();
    assert_eq!(fs::read(home.key()).expect("a key"), key);
    assert!(home.opens());
}

#[test]
fn the_published_vault_opens_by_each_of_its_holders() {
    let fixture = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/vault-1-holders");
    let answers = fs::read(fixture.join("answers.json")).expect("the answers");
    let answers: serde_json::Value = serde_json::from_slice(&answers).expect("JSON");
    for (holder, word) in [("passphrase", "passphrase"), ("spare key", "file")] {
        let home = KeyHome(Home::new());
        fs::create_dir_all(home.vault().parent().expect("a folder")).expect("made");
        fs::copy(fixture.join("vault"), home.vault()).expect("copied");
        let with_secret = |args: &[&str]| {
            let mut program = home.without_terminal(args);
            if holder == "passphrase" {
                home.write("passphrase", answers["passphrase"].as_str().expect("a passphrase"));
            } else {
                program.env("CREDENTIALS_DIRECTORY", &fixture).env_remove(PASSPHRASE_FILE);
            }
            program
        };
        let status = stdout(&with_secret(&["key", "status"]).assert().success());
        let lines: Vec<_> = status
            .lines()
            .skip(1)
            .map(|line| (line.starts_with(word), line.ends_with("opens the vault")))
            .collect();
        assert_eq!(lines.iter().filter(|(is_it, opens)| *is_it && *opens).count(), 1, "{status}");
        home.assert_lists(&answers);
        for (key, answer) in answers["get"].as_object().expect("an object") {
            home.lock();
            let output = with_secret(&["get"]).write_stdin(key.as_str()).output().expect("it runs");
            let answered: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap_or_default();
            for name in ["Username", "Secret"] {
                assert_eq!(answered[name], answer[name], "{holder}: {key}");
            }
        }
        with_secret(&["store"])
            .write_stdin(credentials("new.example", "alice", "still writable"))
            .assert()
            .success();
        let answered = with_secret(&["get"]).write_stdin("new.example").assert();
        assert_eq!(common::secret_in(&answered), "still writable", "{holder}");
        // The key that was published with the vault, as it is in a key file.
        let digits = answers["vault_key"].as_str().expect("a key");
        let key = (0..digits.len())
            .step_by(2)
            .map(|at| u8::from_str_radix(&digits[at..at + 2], 16).expect("a byte"));
        with_secret(&["key", "add", "key-file"]).assert().success();
        let file = fs::read(home.key()).expect("the key");
        assert!(file.ends_with(&key.collect::<Vec<u8>>()), "{holder}: another key");
    }
}

#[test]
fn files_with_a_key_have_the_same_mode_under_any_umask() {
    for umask in ["000", "077", "777"] {
        let home = Home::new();
        let spare = home.path().join("spare");
        let spare = spare.to_str().expect("text");
        let run = |line: &str, stdin: &str| {
            let mut shell = Command::new("sh");
            shell.env_clear().env("HOME", home.path()).env("PATH", "/usr/bin:/bin");
            shell.env("DOCKER_CREDENTIAL_PAT_KEY_HOLDER", "key-file");
            let line = format!("umask {umask}; exec '{}' {line}", common::program().display());
            shell.args(["-c", &line]).write_stdin(stdin).assert().success()
        };
        drop(run("store", &credentials("ghcr.io", "alice", SECRET)));
        drop(run(&format!("key add file '{spare}'"), ""));
        drop(run("key renew", ""));
        let mode = |path: &Path| fs::metadata(path).expect("there").permissions().mode() & 0o777;
        for path in [&home.vault(), &home.key(), Path::new(spare)] {
            assert_eq!(mode(path), 0o600, "umask {umask}: {}", path.display());
        }
        for path in [home.vault(), home.key()] {
            assert_eq!(mode(path.parent().expect("a folder")), 0o700, "umask {umask}: {}", path.display());
        }
        assert_eq!(common::secret_in(&run("get", "ghcr.io")), SECRET, "umask {umask}");
    }
}
