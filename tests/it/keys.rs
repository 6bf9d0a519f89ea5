//! Who has the vault's key: every holder but the OS keyring, and whatever can go wrong with each.

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
        drop(self.without_terminal(&["lock"]).assert());
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

/// Every holder but the key file and the OS keyring, as `key add` takes it, and its word.
fn each_holder(home: &Kept) -> [(Vec<String>, &'static str); 4] {
    let (spare, command) = home.spare();
    let passphrase = home.write("passphrase", PASSPHRASE);
    [
        (vec!["passphrase".into(), "--passphrase-file".into(), passphrase], "passphrase"),
        (vec!["command".into(), command], "command"),
        (vec!["file".into(), spare], "file"),
        (vec!["file".into(), home.text("made")], "file"),
    ]
}

fn strings(words: &[String]) -> Vec<&str> {
    words.iter().map(String::as_str).collect()
}

#[test]
fn each_holder_opens_the_vault_by_itself_and_keeps_doing_so() {
    for turn in 0..4 {
        let home = Kept::new();
        let (add, word) = &each_holder(&home)[turn];
        home.give(&strings(add)).success();
        assert_eq!(home.holders(), ["key-file", word]);
        home.without_terminal(&["key", "remove", "key-file"]).assert().success();
        assert_eq!(home.holders(), [*word]);
        assert_eq!(home.files(), ["vault"], "{word}: no key lies about");
        home.close();
        assert!(home.opens(), "{word}");
        home.close();
        home.without_terminal(&["store"]).write_stdin(credentials("quay.io", "bob", "b")).assert().success();
        home.close();
        home.without_terminal(&["key", "renew"]).assert().success();
        home.close();
        assert!(home.opens(), "{word}, renewed");
        assert_eq!(home.holders(), [*word]);
        home.give(&["key-file"]).success();
        home.without_terminal(&["key", "remove", word]).assert().success();
        assert_eq!(home.holders(), ["key-file"]);
        assert_eq!(home.get("ghcr.io"), found("alice", SECRET), "{word}: the key file has the key again");
    }
}

#[test]
fn all_holders_together_are_renewed_and_each_still_opens_the_vault() {
    let home = Kept::new();
    for (add, _) in &each_holder(&home)[..3] {
        home.give(&strings(add)).success();
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
        home.close();
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
fn the_last_holder_stays_and_none_that_is_not_there_goes() {
    let home = Kept::new();
    let told = stderr(&home.run(["key", "remove", "key-file"]).code(1));
    assert!(told.contains("the key file alone has the key, and nothing else would open the vault"), "{told}");
    assert!(told.contains("hint: give it to another one first: docker-credential-pat key add"), "{told}");
    let told = stderr(&home.run(["key", "remove", "passphrase"]).code(1));
    assert!(told.contains("the passphrase does not have the key"), "{told}");
    home.run(["key", "remove", "nobody"]).code(2);
    assert!(home.opens());
    let empty = Home::new();
    for deed in [&["key", "remove", "key-file"][..], &["key", "renew"], &["unlock"], &["lock"]] {
        let told = stderr(&empty.program([]).args(deed).assert().code(1));
        assert!(told.contains("there is no vault yet"), "{deed:?}: {told}");
    }
    assert_eq!(empty.files(), Vec::<String>::new(), "and none of them made one");
}

#[test]
fn a_holder_stays_when_none_of_the_rest_opens_the_vault() {
    for (turn, break_it) in [
        (0, "echo wrong >passphrase"),
        (0, "rm passphrase"),
        (1, "echo exit 3 >give-key"),
        (1, "rm give-key"),
        (2, "rm spare"),
        (2, "tr 0-9 1 <spare >other; mv other spare"),
    ] {
        let home = Kept::new();
        let add = &each_holder(&home)[turn].0;
        home.give(&strings(add)).success();
        let before = fs::read(home.vault()).expect("a vault");
        std::process::Command::new("sh")
            .args(["-c", break_it])
            .current_dir(home.path())
            .status()
            .expect("sh");
        home.close();
        let told = stderr(&home.without_terminal(&["key", "remove", "key-file"]).assert().code(1));
        assert!(told.contains("no other key holder opens the vault: "), "{break_it}: {told}");
        assert!(told.contains("keep the key file; nothing was changed"), "{break_it}: {told}");
        assert!(home.key().exists() && home.opens(), "{break_it}");
        assert!(fs::read(home.vault()).expect("a vault") == before, "{break_it}: the vault is as it was");
        // A renewal wraps the new key with whatever spare key is there then.
        if break_it.contains("other") {
            continue;
        }
        let told = stderr(&home.without_terminal(&["key", "renew"]).assert().code(1));
        assert!(told.contains("hint: "), "{break_it}: {told}");
        assert!(home.opens(), "{break_it}: nor can it be renewed");
        assert!(fs::read(home.vault()).expect("a vault") == before, "{break_it}: the vault is as it was");
    }
}

#[test]
fn wherever_a_renewal_stops_the_vault_opens() {
    let home = Kept::new();
    let renewed = home.key().with_extension("renewed");
    let read = || (fs::read(home.vault()).expect("a vault"), fs::read(home.key()).expect("a key"));
    let (old_vault, old_key) = read();
    home.run(["key", "renew"]).success();
    let (new_vault, new_key) = read();
    let half = &new_vault[..new_vault.len() / 2];
    // Vault, key, key.renewed, and what else lies about.
    for (case, vault, key, beside, stray) in [
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
        ("the key has taken its place", &new_vault, &new_key, None, None),
        ("an older renewal was cut off, too", &new_vault, &new_key, Some(&old_key), None),
        ("what lies beside is no key", &new_vault, &new_key, None, Some(("key.renewed", b"none"))),
    ] {
        for next in ["store", "key renew", "key remove"] {
            let folder = |name: &str| if name.starts_with("vault") { home.vault() } else { home.key() };
            let place = |name: &str| folder(name).with_file_name(name);
            let _ = fs::remove_file(&renewed);
            let there = [
                ("vault", Some(vault.as_slice())),
                ("key", Some(key)),
                ("key.renewed", beside.map(Vec::as_slice)),
            ];
            let there = there.into_iter().filter_map(|(name, bytes)| Some((name, bytes?))).chain(stray);
            for (name, bytes) in there {
                fs::write(place(name), bytes).expect("written");
                fs::set_permissions(place(name), fs::Permissions::from_mode(0o600)).expect("chmod");
            }
            assert_eq!(home.get("ghcr.io"), found("alice", SECRET), "{case}");
            assert!(home.status().contains("opens the vault"), "{case}");
            match next {
                "store" => home.store("quay.io", "bob", "b"),
                "key renew" => drop(home.run(["key", "renew"]).success()),
                _ => {
                    home.give(&["file", &home.text("made")]).success();
                    home.run(["key", "remove", "key-file"]).success();
                    assert!(!home.key().exists(), "{case}");
                    assert!(home.opens(), "{case}: by the file");
                    home.give(&["key-file"]).success();
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
fn no_kill_of_a_renewal_closes_the_vault() {
    const KILLS: u32 = 80;
    let home = Kept::new();
    home.give(&["file", &home.text("made")]).success();
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
        // However busy the machine is, about as many are killed as finish.
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
fn a_get_beside_a_renewal_never_fails() {
    let home = Kept::new();
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
fn fifty_gets_at_once_while_the_key_is_renewed() {
    let home = Kept::new();
    home.give(&["file", &home.text("made")]).success();
    home.run(["key", "remove", "key-file"]).success();
    home.close();
    std::thread::scope(|scope| {
        scope.spawn(|| home.run(["key", "renew"]).success());
        for _ in 0..50 {
            scope.spawn(|| assert_eq!(home.get("ghcr.io"), found("alice", SECRET)));
        }
    });
}

#[test]
fn a_passphrase_file_opens_the_vault_or_says_why_not() {
    let home = Kept::new();
    let path = home.write("passphrase", format!("{PASSPHRASE}\n"));
    home.give(&["passphrase", "--passphrase-file", &path]).success();
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
        home.close();
        let Some(want) = want else {
            assert!(home.opens(), "{case}");
            continue;
        };
        let asked = home.ask().code(1);
        let (out, err) = (stdout(&asked), stderr(&asked));
        assert!(out.contains("cannot open the vault") && out.contains(want), "{case}: {out}");
        assert!(err.contains("hint: ") || case == "too large", "{case}: {err}");
        assert!(!out.contains("correct") && !err.contains("correct"), "{case}: {out}{err}");
        assert_eq!(out.lines().count(), 1, "{case}: {out}");
    }
}

#[test]
fn a_locked_vault_without_a_terminal_says_so_at_once() {
    let home = Kept::new();
    let path = home.write("passphrase", PASSPHRASE);
    home.give(&["passphrase", "--passphrase-file", &path]).success();
    home.without_terminal(&["key", "remove", "key-file"]).assert().success();
    home.close();
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
        let told = locked(&[verb]).write_stdin(input).assert().code(1);
        let (out, err) = (stdout(&told), stderr(&told));
        assert!(
            out.ends_with("its passphrase is needed: there is no terminal to ask on\n")
                || out.contains("there is no terminal to ask on: "),
            "{verb}: {out}"
        );
        assert_eq!(out.lines().count(), 1, "{verb}: {out}");
        assert_ne!(out, NOT_FOUND, "{verb}: a client would go on as if logged out");
        assert!(err.contains("hint: run `docker-credential-pat unlock` in a terminal"), "{verb}: {err}");
        assert_eq!(fs::read(home.vault()).expect("a vault"), before, "{verb}");
    }
    for deed in [
        &["add", "x", "-r", "x.example", "-u", "me", "--secret-stdin"][..],
        &["rm", "alice@ghcr.io"],
        &["unlock"],
        &["key", "renew"],
        &["key", "add", "key-file"],
    ] {
        let told = locked(deed).write_stdin("s").assert().code(1);
        assert!(stderr(&told).contains("no terminal to ask on"), "{deed:?}: {}", stderr(&told));
    }
    assert_eq!(fs::read(home.vault()).expect("a vault"), before);
    // What needs no secret needs no key.
    assert_eq!(stdout(&locked(&["list"]).assert().success()), "{\"ghcr.io\":\"alice\"}\n");
    assert!(stdout(&locked(&["ls"]).assert().success()).contains("alice@ghcr.io"));
    assert!(stdout(&locked(&["explain", "ghcr.io"]).assert().success()).contains("alice@ghcr.io"));
    assert!(stdout(&locked(&["show", "alice@ghcr.io"]).assert().success()).contains("alice"));
    assert!(stdout(&locked(&["key", "status"]).assert().success()).contains("asked for when it is needed"));
    assert_eq!(stdout(&locked(&["get"]).write_stdin("quay.io").assert().code(1)), NOT_FOUND);
    locked(&["erase"]).write_stdin("quay.io").assert().success();
}

#[test]
fn who_has_no_terminal_does_not_wait_for_who_types_a_passphrase() {
    let home = Kept::new();
    let file = home.write("passphrase", PASSPHRASE);
    home.give(&["passphrase", "--passphrase-file", &file]).success();
    home.without_terminal(&["key", "remove", "key-file"]).assert().success();
    home.close();
    let asking = fs::File::create(home.vault().with_file_name("asking.lock")).expect("made");
    asking.lock().expect("locked");
    let mut program = home.without_terminal(&["get"]);
    let asked = program.env_remove(PASSPHRASE_FILE).write_stdin("ghcr.io").assert().code(1);
    assert!(stdout(&asked).contains("its passphrase is needed"));
}

#[test]
fn a_key_command_gets_its_arguments_as_they_were_given_and_nothing_secret() {
    let home = Kept::new();
    let (spare, _) = home.spare();
    let dump = home.text("dump");
    let command = home.script(
        "give-key",
        &format!("for each; do echo \"[$each]\"; done >'{dump}'; cat /proc/$$/cmdline /proc/$$/environ /proc/$PPID/cmdline >>'{dump}'; cat >>'{dump}'; cat '{spare}'"),
    );
    home.give(&["command", &command, "two words", "--flag", "", "$HOME", "ü", "--"]).success();
    home.without_terminal(&["key", "remove", "key-file"]).assert().success();
    home.close();
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
fn a_key_command_that_gives_no_key_is_named() {
    let home = Kept::new();
    let (spare, command) = home.spare();
    home.give(&["command", &command]).success();
    home.without_terminal(&["key", "remove", "key-file"]).assert().success();
    let other = home.write("other", stdout(&home.run(["key", "make"]).success()));
    for (case, script, want) in [
        ("fails", "echo no >&2; exit 3", "give-key ended with exit code 3"),
        ("is killed", "kill -9 $$", "give-key ended with a signal"),
        ("gives a key and fails", &format!("cat '{spare}'; exit 1"), "give-key ended with exit code 1"),
        ("gives nothing", ":", "what the key command"),
        ("gives something else", "echo ghp_garbage", "writes is no key of this program"),
        ("gives the key twice", &format!("cat '{spare}' '{spare}'"), "writes is no key of this program"),
        (
            "gives another key",
            &format!("cat '{other}'"),
            "the key command: the key does not belong to the vault",
        ),
        ("gives 100 MB", "head -c 100000000 /dev/zero", "give-key writes too much"),
    ] {
        home.script("give-key", script);
        home.close();
        let asked = home.ask().code(1);
        let out = stdout(&asked);
        assert!(out.contains(want) && out.contains("cannot open the vault"), "{case}: {out}");
        assert!(stderr(&asked).contains("hint: "), "{case}");
        assert!(
            !out.contains("garbage") && !stderr(&asked).contains("garbage"),
            "{case}: what it gives is not shown"
        );
    }
    fs::remove_file(home.file("give-key")).expect("removed");
    assert!(stdout(&home.ask().code(1)).contains("give-key"));
    fs::write(home.file("give-key"), "").expect("written");
    assert!(stdout(&home.ask().code(1)).contains("cannot start"), "not executable");
    home.script("give-key", &format!("sleep 0.5; cat '{spare}'"));
    assert!(home.opens(), "a slow one is waited for");
}

#[test]
fn a_key_command_is_not_looked_for_in_the_working_directory() {
    let home = Kept::new();
    home.spare();
    for path in ["./give-key", "x/../give-key"] {
        let mut program = home.without_terminal(&["key", "add", "command", path]);
        let told = stderr(&program.current_dir(home.path()).assert().code(1));
        assert!(told.contains("nor an absolute path"), "{told}");
    }
    assert_eq!(home.holders(), ["key-file"]);
}

#[test]
fn a_key_command_that_hangs_is_given_up() {
    let home = Kept::new();
    let (_, command) = home.spare();
    home.give(&["command", &command]).success();
    home.without_terminal(&["key", "remove", "key-file"]).assert().success();
    // The second leaves a process behind that holds its output open, and our stderr.
    for script in ["exec sleep 120", "sleep 120"] {
        home.script("give-key", script);
        home.close();
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
fn a_command_that_others_could_have_written_is_not_run() {
    let home = Kept::new();
    let (spare, _) = home.spare();
    let command = home.script("give-key", &format!("touch '{}'; cat '{spare}'", home.text("ran")));
    home.give(&["command", &command]).success();
    home.without_terminal(&["key", "remove", "key-file"]).assert().success();
    let ran = home.file("ran");
    let folder = home.vault().parent().expect("a folder").to_owned();
    for (place, mode, usual) in [
        (&home.vault(), 0o602, 0o600),
        (&home.vault(), 0o620, 0o600),
        (&folder, 0o777, 0o700),
        (&folder, 0o770, 0o700),
    ] {
        fs::remove_file(&ran).expect("it ran before");
        home.close();
        fs::set_permissions(place, fs::Permissions::from_mode(mode)).expect("chmod");
        let asked = home.ask().code(1);
        assert!(
            stdout(&asked).contains("others may write to the vault, so the command that it names is not run"),
            "{mode:o}: {}",
            stdout(&asked)
        );
        assert!(stderr(&asked).contains("chmod go-w"), "{mode:o}");
        assert!(!ran.exists(), "{mode:o}");
        fs::set_permissions(place, fs::Permissions::from_mode(usual)).expect("chmod");
        assert!(home.opens() && ran.exists(), "{mode:o}: and runs again");
    }
    let elsewhere = home.file("elsewhere");
    fs::create_dir(&elsewhere).expect("made");
    fs::set_permissions(&elsewhere, fs::Permissions::from_mode(0o777)).expect("chmod");
    fs::rename(home.vault(), elsewhere.join("vault")).expect("moved");
    std::os::unix::fs::symlink(elsewhere.join("vault"), home.vault()).expect("linked");
    fs::remove_file(&ran).expect("it ran before");
    home.close();
    home.ask().code(1);
    assert!(!ran.exists(), "in a folder that a link leads to");
}

#[test]
fn a_file_elsewhere_is_found_or_missed_by_name() {
    let home = Kept::new();
    fs::create_dir(home.file("credentials")).expect("made");
    fs::create_dir(home.file("moved")).expect("made");
    let spare = home.write("credentials/pat", stdout(&home.run(["key", "make"]).success()));
    let with = |folder: &str, args: &[&str]| {
        let mut program = home.without_terminal(args);
        program.env("CREDENTIALS_DIRECTORY", home.file(folder)).write_stdin("ghcr.io");
        program
    };
    let told = stderr(&home.give(&["file", "relative/key"]).code(1));
    assert!(told.contains("neither an absolute path nor begins with $CREDENTIALS_DIRECTORY/"), "{told}");
    let told = stderr(&home.give(&["file", "$CREDENTIALS_DIRECTORY/pat"]).code(1));
    assert!(told.contains("$CREDENTIALS_DIRECTORY is not set"), "{told}");
    with("credentials", &["key", "add", "file", "$CREDENTIALS_DIRECTORY/pat"]).assert().success();
    home.without_terminal(&["key", "remove", "key-file"])
        .env("CREDENTIALS_DIRECTORY", home.file("credentials"))
        .assert()
        .success();
    assert_eq!(common::secret_in(&with("credentials", &["get"]).assert()), SECRET);
    fs::rename(&spare, home.file("moved/pat")).expect("moved");
    assert_eq!(common::secret_in(&with("moved", &["get"]).assert()), SECRET, "another folder each time");
    for (case, asked, want) in [
        ("gone", with("credentials", &["get"]).assert().code(1), "credentials/pat is missing"),
        ("no variable", home.ask().code(1), "$CREDENTIALS_DIRECTORY is not set"),
        (
            "relative",
            with("", &["get"]).env("CREDENTIALS_DIRECTORY", "credentials").assert().code(1),
            "$CREDENTIALS_DIRECTORY is not set",
        ),
    ] {
        assert!(stdout(&asked).contains(want), "{case}: {}", stdout(&asked));
        assert!(stderr(&asked).contains("hint: "), "{case}");
    }
    for (text, want) in [
        ("", "holds no key"),
        ("docker-credential-pat-key-1-00", "holds no key"),
        (&"x".repeat(5000), "is larger than"),
    ] {
        home.write("moved/pat", text);
        let asked = with("moved", &["get"]).assert().code(1);
        assert!(stdout(&asked).contains(want), "{}", stdout(&asked));
    }
}

#[test]
fn a_file_elsewhere_is_made_where_there_is_none_and_never_written_over() {
    let home = Kept::new();
    let made = home.text("made");
    home.give(&["file", &made]).success();
    let text = fs::read_to_string(&made).expect("it was made");
    assert!(text.starts_with("docker-credential-pat-key-1-") && text.ends_with('\n'), "{text}");
    assert_eq!(fs::metadata(&made).expect("there").permissions().mode() & 0o777, 0o600);
    home.give(&["file", &made]).success();
    assert_eq!(fs::read_to_string(&made).expect("there"), text, "one that is there is used");
    let note = home.write("note", "buy milk");
    home.give(&["file", &note]).code(1);
    assert_eq!(fs::read_to_string(&note).expect("there"), "buy milk");
    home.give(&["file", &home.text("no/such/folder/key")]).code(1);
    home.give(&["file", &home.text("")]).code(1);
    let vault = home.vault();
    home.give(&["file", vault.to_str().expect("text")]).code(1);
    assert!(home.opens());
    let keys: Vec<_> = (0..2).map(|_| stdout(&home.run(["key", "make"]).success())).collect();
    assert_ne!(keys[0], keys[1]);
}

#[test]
fn a_key_file_that_something_else_may_need_is_not_written_over() {
    let home = Kept::new();
    home.give(&["file", &home.text("made")]).success();
    home.run(["key", "remove", "key-file"]).success();
    let other = Kept::new();
    fs::copy(other.key(), home.key()).expect("copied");
    let told = stderr(&home.give(&["key-file"]).code(1));
    assert!(told.contains("has another key already"), "{told}");
    assert_eq!(fs::read(home.key()).expect("there"), fs::read(other.key()).expect("there"));
    assert!(home.opens());
}

#[test]
fn a_key_file_with_another_vaults_key_is_neither_renewed_over_nor_removed() {
    let home = Kept::new();
    home.give(&["file", &home.text("made")]).success();
    let other = Kept::new();
    let others = fs::read(other.key()).expect("there");
    fs::write(home.key(), &others).expect("written");
    let told = stderr(&home.run(["key", "renew"]).code(1));
    assert!(told.contains("has another key already"), "{told}");
    assert!(home.opens());
    home.run(["key", "remove", "key-file"]).success();
    assert_eq!(fs::read(home.key()).expect("there"), others);
    assert!(home.opens());
}

#[test]
fn how_long_to_stay_open_is_a_time() {
    let home = Kept::new();
    for wrong in ["", "0s", "8", "-1h", "31d", "forever", "8h --"] {
        home.run(["unlock", "--for", wrong]).code(2);
    }
    let told = stderr(&home.run(["unlock", "--for", "1h 30m"]).success());
    assert!(told.contains("the vault is open always: its key is in a file"), "{told}");
    let told = stderr(&home.run(["lock"]).success());
    assert!(told.contains("but the key file gives it without asking you"), "{told}");
}

/// Puts another number in the place of the only holder's, the key file's, and mends the checksum.
fn with_holder(number: u8, vault: &[u8]) -> Vec<u8> {
    const HEAD: usize = b"docker-credential-pat vault 1\n".len();
    const START: usize = HEAD + 16;
    // An array of five; in it one of one holder: an array of its number and what it has.
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
fn a_holder_of_a_later_version_is_told_apart_from_damage() {
    let home = Kept::new();
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
            let told = home.call(verb, input).code(1);
            assert!(
                stdout(&told)
                    .contains("has a key holder that this version of docker-credential-pat does not know"),
                "{number} {verb}: {}",
                stdout(&told)
            );
            assert!(
                stderr(&told).contains("use the version of docker-credential-pat that wrote it"),
                "{verb}"
            );
        }
        for deed in [&["ls"][..], &["key", "status"], &["key", "renew"], &["unlock"], &["lock"]] {
            let told = stderr(&home.program([]).args(deed).assert().code(1));
            assert!(told.contains("does not know"), "{deed:?}: {told}");
        }
        assert_eq!(fs::read(home.vault()).expect("a vault"), later, "it is left as it is");
    }
    // The same number in a damaged file is damage.
    let mut damaged = with_holder(9, &vault);
    damaged[50] ^= 1;
    fs::write(home.vault(), damaged).expect("written");
    assert!(stdout(&home.call("list", "").code(1)).contains("is damaged"));
}

#[test]
fn what_is_asked_for_a_new_vault_counts_though_a_key_file_is_there() {
    let home = Kept::new();
    let key = fs::read(home.key()).expect("a key");
    fs::remove_file(home.vault()).expect("removed");
    let store = |holder: &str| {
        let mut program = home.without_terminal(&["store"]);
        program.env("DOCKER_CREDENTIAL_PAT_KEY_HOLDER", holder);
        program.write_stdin(credentials("ghcr.io", "alice", SECRET)).assert()
    };
    // There is no session bus here.
    let told = stdout(&store("keyring").code(1));
    assert!(told.contains("the OS keyring"), "{told}");
    let told = stdout(&store("stone").code(1));
    assert!(told.contains("DOCKER_CREDENTIAL_PAT_KEY_HOLDER is neither key-file nor keyring"), "{told}");
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
        let home = Kept(Home::new());
        fs::create_dir_all(home.vault().parent().expect("a folder")).expect("made");
        fs::copy(fixture.join("vault"), home.vault()).expect("copied");
        let asked = |args: &[&str]| {
            let mut program = home.without_terminal(args);
            if holder == "passphrase" {
                home.write("passphrase", answers["passphrase"].as_str().expect("a passphrase"));
            } else {
                program.env("CREDENTIALS_DIRECTORY", &fixture).env_remove(PASSPHRASE_FILE);
            }
            program
        };
        let status = stdout(&asked(&["key", "status"]).assert().success());
        let lines: Vec<_> = status
            .lines()
            .skip(1)
            .map(|line| (line.starts_with(word), line.ends_with("opens the vault")))
            .collect();
        assert_eq!(lines.iter().filter(|(is_it, opens)| *is_it && *opens).count(), 1, "{status}");
        home.assert_lists(&answers);
        for (key, answer) in answers["get"].as_object().expect("an object") {
            home.close();
            let output = asked(&["get"]).write_stdin(key.as_str()).output().expect("it runs");
            let given: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap_or_default();
            for name in ["Username", "Secret"] {
                assert_eq!(given[name], answer[name], "{holder}: {key}");
            }
        }
        asked(&["store"])
            .write_stdin(credentials("new.example", "alice", "still writable"))
            .assert()
            .success();
        let given = asked(&["get"]).write_stdin("new.example").assert();
        assert_eq!(common::secret_in(&given), "still writable", "{holder}");
        // The key that it was published with, as `key file` writes it.
        let digits = answers["vault_key"].as_str().expect("a key");
        let key = (0..digits.len())
            .step_by(2)
            .map(|at| u8::from_str_radix(&digits[at..at + 2], 16).expect("a byte"));
        asked(&["key", "add", "key-file"]).assert().success();
        let file = fs::read(home.key()).expect("the key");
        assert!(file.ends_with(&key.collect::<Vec<u8>>()), "{holder}: another key");
    }
}

#[test]
fn no_umask_opens_or_closes_what_has_a_key() {
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
