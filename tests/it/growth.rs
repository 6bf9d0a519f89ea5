//! The work for many tokens, counted in bytes read and written: it grows no faster than their number.

use std::fs;
use std::io::Write;
use std::process::{Command, Stdio};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rustix::process::{Pid, WaitId, WaitIdOptions, waitid};
use serde_json::{Map, json};

use crate::common::{Home, credentials, program, program_folder, stderr, stdout};

/// The bytes that a process has read and written.
#[derive(Debug)]
struct Work {
    read: u64,
    written: u64,
}

/// Makes a home whose `config.json` has this many logins in plain text.
fn home_with_logins(count: usize) -> Home {
    let home = Home::new();
    let login = |number| json!({ "auth": STANDARD.encode(format!("user:secret {number}")) });
    let auths: Map<_, _> =
        (0..count).map(|number| (format!("r{number:05}.example"), login(number))).collect();
    fs::create_dir_all(home.docker_config().parent().expect("a folder")).expect("made");
    fs::write(home.docker_config(), json!({ "auths": auths }).to_string()).expect("written");
    home
}

/// Runs the program, and returns the work that the system counted for it.
fn run(home: &Home, args: &[&str], stdin: &str, code: i32) -> Work {
    let mut command = Command::new(program());
    command.env_clear().env("HOME", home.path()).env("PATH", program_folder()).args(args);
    command.env("DOCKER_CREDENTIAL_PAT_KEY_HOLDER", "key-file");
    let (output, errors) = (home.path().join("output"), home.path().join("errors"));
    let create = |path| fs::File::create(path).expect("created");
    command.stdin(Stdio::piped()).stdout(create(&output)).stderr(create(&errors));
    let mut child = command.spawn().expect("it runs");
    // The program may not read all of it.
    let _ = child.stdin.take().expect("a pipe").write_all(stdin.as_bytes());
    let id = WaitId::Pid(Pid::from_child(&child));
    waitid(id, WaitIdOptions::EXITED | WaitIdOptions::NOWAIT).expect("it ends");
    let counts = fs::read_to_string(format!("/proc/{}/io", child.id())).expect("the system counts");
    let status = child.wait().expect("it ended");
    let message = fs::read_to_string(errors).expect("text");
    assert_eq!(status.code(), Some(code), "{args:?}: {message}");
    let count = |name: &str| {
        let line = counts.lines().find_map(|line| line.strip_prefix(name)).expect(name);
        line.trim().parse().expect("a number")
    };
    Work { read: count("rchar:"), written: count("wchar:") }
}

#[test]
fn the_work_for_many_tokens_grows_no_faster_than_their_number() {
    let homes = [home_with_logins(300), home_with_logins(3000)];
    let store = credentials("new.example", "me", "secret");
    for (args, stdin, code) in [
        (&["import"][..], "", 0),
        (&["install"], "", 0),
        // There are logins in plain text.
        (&["doctor"], "", 1),
        (&["ls"], "", 0),
        (&["list"], "unused", 0),
        (&["store"], &store, 0),
        (&["rm", "me@new.example", "--yes"], "", 0),
        (&["import", "--remove"], "", 0),
        (&["uninstall", "--plain-text"], "", 0),
    ] {
        let [few, many] = homes.each_ref().map(|home| run(home, args, stdin, code));
        let is_linear = |few: u64, many: u64| many <= 12 * few + 16 * 1024;
        assert!(is_linear(few.read, many.read), "{args:?} reads: {few:?}, {many:?}");
        assert!(is_linear(few.written, many.written), "{args:?} writes: {few:?}, {many:?}");
    }
}

#[test]
fn a_request_reads_no_more_among_many_tokens() {
    let homes = [home_with_logins(300), home_with_logins(3000)];
    for home in &homes {
        run(home, &["import"], "", 0);
    }
    for (key, code) in [("r00077.example", 0), ("r00077.example/team/app", 0), ("nothing.example", 1)] {
        let [few, many] = homes.each_ref().map(|home| run(home, &["get"], key, code));
        assert!(many.read <= few.read + 2 * 1024, "{key}: {few:?}, {many:?}");
        assert_eq!(many.written, few.written, "{key}");
    }
}

#[test]
fn messages_about_many_logins_stay_short() {
    use std::os::unix::fs::PermissionsExt;

    let home = home_with_logins(300);
    let said = |args: &[&str]| {
        let output = home.program([]).args(args).assert().success();
        (stdout(&output).lines().count(), stderr(&output))
    };
    for args in [&["import", "--dry-run"][..], &["import"], &["import"]] {
        let (rows, message) = said(args);
        assert_eq!(rows, 41, "{args:?}: a head and 40 logins");
        assert!(message.contains("and 260 more: "), "{args:?}: {message}");
    }
    said(&["install"]);
    said(&["import", "--remove"]);
    fs::set_permissions(home.docker_config(), fs::Permissions::from_mode(0o644)).expect("set");
    let (_, message) = said(&["uninstall"]);
    assert!(message.contains(" and 292 more stay in the vault") && message.len() < 1500, "{message}");
    said(&["install"]);
    let (_, message) = said(&["uninstall", "--plain-text"]);
    assert!(
        message.contains(" and 292 more are back in ~/.docker/config.json") && message.len() < 1500,
        "{message}"
    );
    let mode = fs::metadata(home.docker_config()).expect("there").permissions().mode();
    assert_eq!(mode & 0o777, 0o600, "it has secrets now");
}
