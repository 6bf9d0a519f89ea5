//! The log of client requests, and its reports.

#![cfg(unix)]

use std::fmt::Write as _;
use std::fs;
use std::io::Write;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::SystemTime;

use serde_json::{Value, json};

use crate::common;
use crate::common::{Home, NOT_FOUND, credentials, found, not_found, stderr, stdout};

const DAY: i64 = 24 * 60 * 60;
const MIB: usize = 1024 * 1024;

fn folder(home: &Home) -> PathBuf {
    home.path().join(".local/state/docker-credential-pat")
}

fn log(home: &Home) -> PathBuf {
    folder(home).join("usage.jsonl")
}

/// Returns the lines of the log, each as JSON.
fn lines(home: &Home) -> Vec<Value> {
    let text = fs::read_to_string(log(home)).expect("a log");
    assert!(text.ends_with('\n'));
    text.lines().map(|line| serde_json::from_str(line).expect(line)).collect()
}

fn now() -> i64 {
    let since_1970 = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).expect("after 1970");
    i64::try_from(since_1970.as_secs()).expect("seconds")
}

/// Writes a file of the log.
fn write(path: &Path, text: &str) {
    fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
    fs::write(path, text).expect("written");
}

/// Returns the fields that identify a home's only token, from the line of its `store`.
fn identity(home: &Home) -> String {
    let line = lines(home).into_iter().next().expect("a line");
    format!(r#""id":{},"created":{},"token":{}"#, line["id"], line["created"], line["token"])
}

/// Returns the line of a `get` of the token with these fields.
fn line(identity: &str, at: i64, client: &str) -> String {
    format!(
        r#"{{"version":1,"at":{at},"verb":"get",{identity},"registry":"ghcr.io","direction":"pull","client":"{client}","outcome":"given"}}"#
    ) + "\n"
}

fn usage<const N: usize>(home: &Home, args: [&str; N]) -> Value {
    let mut program = home.program(["usage", "--json"]);
    let answer: Value = serde_json::from_str(&stdout(&program.args(args).assert().success())).expect("JSON");
    assert_eq!(answer["version"], 1);
    answer
}

/// Returns the number of uses of a home's only token, from `ls --json`.
fn uses(home: &Home) -> u64 {
    home.tokens()[0]["uses"].as_u64().expect("a number")
}

#[test]
fn each_verb_logs_one_line() {
    let home = Home::new();
    let before = now();
    home.store("ghcr.io", "me", "canary");
    assert_eq!(home.get("ghcr.io/acme/app"), found("me", "canary"));
    assert_eq!(home.get("quay.io"), not_found());
    home.call("erase", "https://ghcr.io").success();
    home.call("erase", "https://ghcr.io").success();
    home.list();
    let lines = lines(&home);
    let logged: Vec<_> = lines
        .iter()
        .map(|line| ["verb", "token", "registry", "repository", "outcome"].map(|name| line[name].clone()))
        .collect();
    let row = |values: [Option<&str>; 5]| values.map(|value| json!(value));
    let token = Some("me@ghcr.io");
    let want = [
        row([Some("store"), token, Some("ghcr.io"), None, Some("stored")]),
        row([Some("get"), token, Some("ghcr.io"), Some("acme/app"), Some("given")]),
        row([Some("get"), None, Some("quay.io"), None, Some("not-found")]),
        row([Some("erase"), token, Some("ghcr.io"), None, Some("signed-out")]),
        row([Some("erase"), None, Some("ghcr.io"), None, Some("not-found")]),
    ];
    assert_eq!(logged, want);
    for line in &lines {
        assert_eq!(line["version"], 1);
        assert!((before..=now()).contains(&line["at"].as_i64().expect("seconds")));
        if cfg!(target_os = "linux") {
            assert!(line["client"].as_str().is_some_and(|name| !name.is_empty()), "{line}");
        }
    }
    let mode = |path: &Path| fs::metadata(path).expect("there").permissions().mode() & 0o777;
    assert_eq!((mode(&log(&home)), mode(&folder(&home))), (0o600, 0o700));
}

#[test]
fn a_failed_request_is_logged_with_its_reason() {
    let home = Home::new();
    home.add("ci", "ghcr.io");
    home.run(["deactivate", "ci"]).success();
    assert_eq!(home.get("ghcr.io"), not_found());
    home.call_with(("DOCKER_CREDENTIAL_PAT_TOKEN_NAME", "other"), "get", "ghcr.io").code(1);
    home.call("get", "").code(1);
    fs::remove_file(home.key()).expect("a key");
    home.run(["activate", "ci"]).code(1);
    let logged: Vec<_> =
        lines(&home).iter().map(|line| [line["outcome"].clone(), line["reason"].clone()]).collect();
    let want = [
        [json!("not-found"), json!("inactive")],
        [json!("failed"), json!("not-named")],
        [json!("failed"), Value::Null],
    ];
    assert_eq!(logged, want);
}

#[test]
fn no_secret_is_logged() {
    let home = Home::new();
    home.store("registry.example.com", "canary-token", "canary-token");
    home.store("user:canary-password@registry.example.org", "me", "canary-secret");
    home.store("ghcr.io", "ghp_canaryCANARYcanary0123456789", "x-oauth-basic");
    home.call("get", "ghcr.io").success();
    home.call("get", "registry.example.com").success();
    home.call("get", "user:canary-password@registry.example.org").success();
    home.call("erase", "registry.example.com").success();
    let mut docker = Command::new("sh");
    let script = "\"$0\" get < \"$1\"; :";
    let key = home.path().join("key");
    fs::write(&key, "registry.example.com").expect("written");
    docker.env_clear().env("HOME", home.path()).arg("-c").arg(script).arg(common::program()).arg(&key);
    assert!(docker.arg("canary-argument").stdout(Stdio::null()).status().expect("a shell").success());
    let text = fs::read_to_string(log(&home)).expect("a log");
    assert_eq!((text.lines().count(), text.contains("canary")), (8, false), "{text}");
}

/// Texts that a person may have typed in place of a registry, none of which is an address.
const TYPED_BY_MISTAKE: [&str; 8] = [
    "dckr_pat_canaryCANARYcanary01234567",
    "https://dckr_pat_canaryCANARYcanary01234567/v2/",
    "ghp_canaryCANARYcanary0123456789",
    "SIE-glpat-canaryCANARYcanary.01.0z1a2b3c4",
    "ghcr.io/glpat-canaryCANARYcanary0123",
    "me/ghp_canaryCANARYcanary0123456789",
    "canary-password",
    "canary password!",
];

#[test]
fn a_secret_in_place_of_a_registry_is_not_logged() {
    for key in TYPED_BY_MISTAKE {
        let home = Home::new();
        home.store("registry.example.com", "me", "secret");
        let call = |verb: &str| drop(home.call(verb, key));
        call("get");
        call("erase");
        home.call("store", common::credentials(key, "me", "secret"));
        call("get");
        call("erase");
        call("get");
        home.call_with(("DOCKER_CREDENTIAL_PAT_REPOSITORY", key), "get", "registry.example.com");
        home.call_with(("DOCKER_CREDENTIAL_PAT_REPOSITORY", key), "get", key);
        home.call_with(("DOCKER_CREDENTIAL_PAT_TOKEN_NAME", key), "get", key);
        let text = fs::read_to_string(log(&home)).expect("a log").to_lowercase();
        assert!(text.lines().count() >= 9 && !text.contains("canary"), "{key}: {text}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_token_in_the_name_of_the_client_is_not_logged() {
    let home = Home::new();
    home.store("ghcr.io", "me", "secret");
    let key = home.path().join("key");
    fs::write(&key, "ghcr.io").expect("written");
    let client = home.path().join("ghp_canaryCANARYcanary0123456789");
    std::os::unix::fs::symlink("/bin/sh", &client).expect("a link");
    let mut process = Command::new(&client);
    process.env_clear().env("HOME", home.path()).args(["-c", "\"$0\" get < \"$1\"; :"]);
    process.arg(common::program()).arg(&key).arg("--secret=canary");
    assert!(process.stdout(Stdio::null()).status().expect("a shell").success());
    assert_eq!(lines(&home)[1]["client"], Value::Null);
    assert!(!fs::read_to_string(log(&home)).expect("a log").contains("canary"));
}

#[test]
fn a_registry_without_a_dot_is_logged_when_a_token_was_added_for_it() {
    let home = Home::new();
    home.add("ci", "intranet");
    home.call("get", "intranet/app").success();
    home.call("get", "elsewhere/app").code(1);
    let place = |line: &Value| ["token", "registry", "repository"].map(|name| line[name].clone());
    let want = [[json!("ci"), json!("intranet"), json!("app")], [Value::Null, Value::Null, Value::Null]];
    assert_eq!(lines(&home).iter().map(place).collect::<Vec<_>>(), want);
}

#[cfg(target_os = "linux")]
#[test]
fn the_name_of_the_client_program_is_logged_and_escaped() {
    let home = Home::new();
    home.store("ghcr.io", "me", "secret");
    let key = home.path().join("key");
    fs::write(&key, "ghcr.io").expect("written");
    let name = "a\"b\\\u{1b}[31m";
    let client = home.path().join(name);
    // A copy could still be open for writing in a process that another test starts at this moment.
    std::os::unix::fs::symlink("/bin/sh", &client).expect("a link");
    let mut process = Command::new(&client);
    process
        .env_clear()
        .env("HOME", home.path())
        .args(["-c", "\"$0\" get < \"$1\"; :"])
        .arg(common::program());
    assert!(process.arg(&key).stdout(Stdio::null()).status().expect("a shell").success());
    assert_eq!(lines(&home)[1]["client"], name);
    assert!(!fs::read(log(&home)).expect("a log").contains(&0x1b));
    let shown = stdout(&home.run(["show", "me@ghcr.io"]).success());
    assert!(
        shown.contains(r#", by a"b\\u{1b}[31m"#) && shown.contains("used         once since "),
        "{shown}"
    );
    assert!(stdout(&home.run(["usage"]).success()).contains("\\u{1b}[31m"));
}

#[test]
fn fifty_concurrent_requests_log_a_complete_line_each() {
    let home = Home::new();
    home.store("ghcr.io", "me", "secret");
    fs::remove_file(log(&home)).expect("a log");
    let start = |_| {
        let mut get = Command::new(common::program());
        get.env_clear().env("HOME", home.path()).arg("get").stdin(Stdio::piped()).stdout(Stdio::piped());
        get.spawn().expect("started")
    };
    let mut processes: Vec<_> = (0..50).map(start).collect();
    for process in &mut processes {
        process.stdin.take().expect("a pipe").write_all(b"ghcr.io\n").expect("written");
    }
    for process in processes {
        let output = process.wait_with_output().expect("ended");
        assert!(output.status.success() && output.stderr.is_empty());
    }
    let lines = lines(&home);
    assert!(lines.len() == 50 && lines.iter().all(|line| line["outcome"] == "given"), "{}", lines.len());
    // All of them have one caller.
    assert_eq!(uses(&home), if cfg!(target_os = "linux") { 1 } else { 50 });
}

/// Calls `get` as often as a client of its own would.
fn get_repeatedly(home: &Home, key: &str, times: usize) {
    let file = home.path().join("key");
    fs::write(&file, key).expect("written");
    // The last command keeps the shell from being replaced by the program.
    let script = "\"$0\" get < \"$1\";".repeat(times) + " :";
    let mut shell = Command::new("sh");
    shell.env_clear().env("HOME", home.path()).args(["-c", &script]).arg(common::program()).arg(&file);
    assert!(shell.stdout(Stdio::null()).status().expect("a shell").success());
}

#[cfg(target_os = "linux")]
#[test]
fn requests_of_one_process_count_as_one_use() {
    let home = Home::new();
    home.store("ghcr.io", "me", "secret");
    home.store("quay.io", "me", "other");
    get_repeatedly(&home, "ghcr.io", 3);
    get_repeatedly(&home, "ghcr.io", 2);
    get_repeatedly(&home, "quay.io", 2);
    let callers: Vec<_> = lines(&home).iter().map(|line| line["caller"].clone()).collect();
    let parts: Vec<_> = callers[2].as_str().expect("a caller").split(':').collect();
    assert!(matches!(parts[..], [id, start] if id.parse::<u32>().is_ok() && start.parse::<u64>().is_ok()));
    assert!(callers[2] == callers[4] && callers[4] != callers[5] && callers[5] == callers[6], "{callers:?}");
    let uses = |name: &str| home.token(name)["uses"].clone();
    assert_eq!((uses("me@ghcr.io"), uses("me@quay.io")), (json!(2), json!(1)));
    for by in ["token", "registry"] {
        let answer = usage(&home, ["--by", by]);
        let mut counts: Vec<_> =
            answer["rows"].as_array().expect("rows").iter().map(|row| row["uses"].as_u64()).collect();
        counts.sort_unstable();
        assert_eq!(counts, [Some(1), Some(2)], "{answer}");
    }
    let days = &usage(&home, ["--by", "day"])["rows"];
    assert_eq!(days.as_array().expect("rows").iter().filter_map(|row| row["uses"].as_u64()).sum::<u64>(), 3);
    assert!(stdout(&home.run(["show", "me@quay.io"]).success()).contains("used         once since "));
}

#[test]
fn a_use_that_continues_after_a_compaction_counts_once() {
    let home = Home::new();
    home.store("ghcr.io", "me", "secret");
    let identity = identity(&home);
    let at = now() - DAY;
    let with_caller = |at: i64, caller: &str| {
        line(&identity, at, "docker").replace("\"outcome\"", &format!("\"caller\":\"{caller}\",\"outcome\""))
    };
    let (filling, count) = full(&identity, at, "docker");
    for (name, seconds) in [("usage.3.jsonl", 0), ("usage.2.jsonl", 8), ("usage.1.jsonl", 16)] {
        let text = with_caller(at + seconds, "7:1") + &filling + &with_caller(at + seconds, "7:1");
        fs::write(folder(&home).join(name), text).expect("written");
    }
    fs::write(log(&home), filling).expect("written");
    let before = uses(&home);
    assert_eq!(before, 4 * count + 1);
    get_repeatedly(&home, "ghcr.io", 1);
    assert!(lines(&home).len() == 1 && folder(&home).join("usage.summary.jsonl").exists());
    assert_eq!(uses(&home), before + 1);
    assert_eq!(usage(&home, [])["rows"][0]["pulls"], before);
}

#[test]
fn a_use_over_midnight_counts_on_its_first_day() {
    let home = Home::new();
    home.store("ghcr.io", "me", "secret");
    let identity = identity(&home);
    let midnight = now().div_euclid(DAY) * DAY;
    let with_caller =
        |at: i64| line(&identity, at, "docker").replace("\"outcome\"", "\"caller\":\"7:1\",\"outcome\"");
    fs::write(log(&home), with_caller(midnight - 2) + &with_caller(midnight - 1) + &with_caller(midnight))
        .expect("written");
    let rows = usage(&home, ["--by", "day"])["rows"].clone();
    assert_eq!((rows.as_array().map(Vec::len), &rows[0]["uses"]), (Some(1), &json!(1)), "{rows}");
    assert_eq!(uses(&home), 1);
}

/// Asserts that `get` answers without a message.
fn assert_answers(home: &Home, what: &str) {
    let answer = home.call("get", "ghcr.io").success();
    assert_eq!(stderr(&answer), "", "{what}");
    assert!(stdout(&answer).contains("\"secret\""), "{what}");
    assert_eq!(home.get("quay.io"), not_found(), "{what}");
}

#[test]
fn a_log_that_cannot_be_written_does_not_affect_answers() {
    let home = Home::new();
    home.store("ghcr.io", "me", "secret");
    let path = log(&home);
    let clear = || {
        let _ = fs::remove_file(&path).or_else(|_| fs::remove_dir(&path));
    };
    clear();
    fs::create_dir(&path).expect("a folder in its place");
    assert_answers(&home, "a folder");
    clear();
    assert!(Command::new("mkfifo").arg(&path).status().expect("mkfifo").success());
    assert_answers(&home, "a pipe");
    clear();
    for target in ["/dev/null", "/dev/full", "/nowhere/at/all"] {
        symlink(target, &path).expect("a link");
        assert_answers(&home, target);
        clear();
    }
    let elsewhere = home.path().join("elsewhere");
    fs::write(&elsewhere, "as it was").expect("written");
    symlink(&elsewhere, &path).expect("a link");
    assert_answers(&home, "a link");
    assert_eq!(fs::read_to_string(&elsewhere).expect("there"), "as it was");
    clear();
    fs::remove_dir_all(folder(&home)).expect("removed");
    fs::write(folder(&home), "").expect("a file in the folder's place");
    assert_answers(&home, "no folder");
    assert_eq!(uses(&home), 0);
}

#[test]
fn a_line_cut_by_a_full_disk_does_not_hide_the_next() {
    if !is_root() {
        return;
    }
    let home = Home::new();
    home.store("ghcr.io", "me", "secret");
    let state = folder(&home);
    let mount = |args: &[&str]| Command::new("mount").args(args).arg(&state).status();
    if !mount(&["-t", "tmpfs", "-o", "size=4k,mode=700", "none"]).is_ok_and(|status| status.success()) {
        return;
    }
    let identity = r#""id":1,"created":1,"token":"other""#;
    let filled = line(identity, 1, "docker").repeat(24);
    fs::write(log(&home), &filled).expect("written");
    for _ in 0..8 {
        assert_answers(&home, "a full disk");
    }
    let text = fs::read_to_string(log(&home)).expect("a log");
    let unmounted = Command::new("umount").arg(&state).status();
    assert!(unmounted.is_ok_and(|status| status.success()));
    assert_eq!(text.len(), 4096, "the disk is full");
    assert!(!text.ends_with('\n'), "and its last line is cut");
    fs::write(log(&home), text).expect("written");
    let before = uses(&home);
    get_repeatedly(&home, "ghcr.io", 1);
    assert_eq!(uses(&home), before + 1);
}

fn is_root() -> bool {
    Command::new("id").arg("-u").output().is_ok_and(|output| output.stdout == b"0\n")
}

#[test]
fn unreadable_lines_are_counted_and_others_are_read() {
    let home = Home::new();
    home.store("ghcr.io", "me", "secret");
    let identity = identity(&home);
    let (good, cut) = (line(&identity, now() - DAY, "docker"), r#"{"version":1,"at":17,"verb":"g"#);
    let mut text =
        [&good, cut, &good, "{\"version\":2,\"at\":[],\"new\":{}}\n", "\0\u{1}binary\n", "{}\n"].concat();
    text.push_str(&("x".repeat(100_000) + "\n"));
    text.push_str(&line(&identity, now() + 1000 * DAY, "future"));
    text.push_str(&line(&identity, i64::MAX, "never"));
    text.push_str(&line(&identity, i64::MIN, "ever"));
    text.push_str(&line(&identity, 0, "first").replace("\"at\":0", "\"at\":99999999999999999999"));
    text.push_str(cut);
    fs::write(log(&home), text.as_bytes()).expect("written");
    let answer = usage(&home, []);
    let row = &answer["rows"][0];
    assert_eq!((&row["uses"], &row["last_client"]), (&json!(5), &json!("docker")), "{answer}");
    assert!(
        row["last_used"].as_str().expect("a moment") < home.tokens()[0]["created"].as_str().expect("one")
    );
    assert_eq!(
        (&answer["lines_of_other_versions"], &answer["damaged_lines"]),
        (&json!(1), &json!(5)),
        "{answer}"
    );
    let message = stderr(&home.run(["usage"]).success());
    assert!(message.contains("of another version") && message.contains("damaged"), "{message}");
    // The next line directly follows the incomplete one.
    home.call("get", "ghcr.io").success();
    assert_eq!(uses(&home), 6);
    assert_eq!(
        usage(&home, [])["rows"][0]["last_client"],
        complete_lines(&home).last().expect("a line")["client"]
    );
}

/// Returns the lines that are JSON, without an incomplete line before them.
fn complete_lines(home: &Home) -> Vec<Value> {
    let text = fs::read(log(home)).expect("a log");
    let text = String::from_utf8_lossy(&text).into_owned();
    let whole = |line: &str| serde_json::from_str(&line[line.rfind("{\"version\"")?..]).ok();
    text.lines().filter_map(whole).collect()
}

#[test]
fn a_use_with_a_future_date_is_shown_as_today_until_the_next_use() {
    let home = Home::new();
    home.store("ghcr.io", "me", "secret");
    let identity = identity(&home);
    fs::write(log(&home), line(&identity, now() + 9 * DAY, "future")).expect("written");
    let shown = stdout(&home.run(["show", "me@ghcr.io"]).success());
    assert!(shown.contains("(today), by future") && shown.contains("once since"), "{shown}");
    home.call("get", "ghcr.io").success();
    let last = home.tokens()[0]["last_used"].as_str().expect("a moment").to_owned();
    let row = usage(&home, [])["rows"][0].clone();
    assert_eq!((row["last_used"].as_str(), &row["uses"]), (Some(last.as_str()), &json!(2)));
    assert_ne!(row["last_client"], "future");
}

/// Returns lines with the same time that make a full log, and their number.
fn full(identity: &str, at: i64, client: &str) -> (String, u64) {
    let line = line(identity, at, client);
    let count = MIB / line.len() + 1;
    (line.repeat(count), count as u64)
}

#[test]
fn compacting_a_full_log_loses_and_repeats_no_use() {
    let home = Home::new();
    home.store("ghcr.io", "me", "secret");
    let identity = identity(&home);
    let names = ["usage.3.jsonl", "usage.2.jsonl", "usage.1.jsonl", "usage.jsonl"];
    let mut sum = 0;
    for (days, name) in (0..).zip(names) {
        let (text, count) = full(&identity, now() - (40 - days) * DAY, name);
        fs::write(folder(&home).join(name), text).expect("written");
        sum += count;
    }
    assert_eq!(uses(&home), sum);
    let first = usage(&home, [])["rows"][0]["first_used"].clone();
    assert_answers(&home, "a full log");
    assert_eq!(lines(&home).len(), 2, "a log of its own for the two that came");
    let summary = folder(&home).join("usage.summary.jsonl");
    let text = fs::read_to_string(&summary).expect("a summary");
    assert_eq!(text.lines().count(), 2, "{text}");
    assert_eq!(fs::metadata(&summary).expect("there").permissions().mode() & 0o777, 0o600);
    assert_eq!(uses(&home), sum + 1);
    let row = &usage(&home, [])["rows"][0];
    assert_eq!((&row["first_used"], &row["pulls"]), (&first, &json!(sum)));
    for name in ["usage.1.jsonl", "usage.2.jsonl", "usage.3.jsonl"] {
        fs::remove_file(folder(&home).join(name)).expect(name);
    }
    fs::remove_file(log(&home)).expect("a log");
    let row = &usage(&home, [])["rows"][0];
    assert_eq!((&row["last_client"], &row["first_used"]), (&json!("usage.3.jsonl"), &first), "{row}");
}

#[test]
fn a_compaction_interrupted_at_any_step_loses_and_repeats_no_use() {
    let home = Home::new();
    home.store("ghcr.io", "me", "secret");
    let identity = identity(&home);
    let path = |name: &str| folder(&home).join(name);
    let names = ["usage.3.jsonl", "usage.2.jsonl", "usage.1.jsonl", "usage.jsonl"];
    // Every call writes the same bytes, at any time.
    let at = now();
    let fill = || {
        for (days, name) in (0..).zip(names) {
            fs::write(path(name), full(&identity, at - (40 - days) * DAY, name).0).expect("written");
        }
        let _ = fs::remove_file(path("usage.summary.jsonl"));
    };
    fill();
    let sum = uses(&home);
    home.call("get", "ghcr.io").success();
    let summary = fs::read(path("usage.summary.jsonl")).expect("a summary");
    let steps: [&[(&str, &str)]; 4] = [
        &[],
        &[("usage.2.jsonl", "usage.3.jsonl")],
        &[("usage.2.jsonl", "usage.3.jsonl"), ("usage.1.jsonl", "usage.2.jsonl")],
        &[
            ("usage.2.jsonl", "usage.3.jsonl"),
            ("usage.1.jsonl", "usage.2.jsonl"),
            ("usage.jsonl", "usage.1.jsonl"),
        ],
    ];
    for steps in steps {
        fill();
        fs::write(path("usage.summary.jsonl"), &summary).expect("written");
        for (from, to) in steps {
            fs::rename(path(from), path(to)).expect("renamed");
        }
        assert_eq!(uses(&home), sum, "{steps:?}");
        home.call("get", "ghcr.io").success();
        assert_eq!(uses(&home), sum + 1, "{steps:?}");
        assert!(fs::metadata(log(&home)).expect("a log").len() < 1000, "{steps:?}");
    }
}

#[test]
fn a_log_that_cannot_be_compacted_stops_growing() {
    let home = Home::new();
    home.store("ghcr.io", "me", "secret");
    let identity = identity(&home);
    let (text, _) = full(&identity, now(), "docker");
    fs::create_dir(folder(&home).join("usage.lock")).expect("a folder in the lock's place");
    fs::write(log(&home), &text).expect("written");
    assert_answers(&home, "no lock");
    assert!(fs::metadata(log(&home)).expect("a log").len() > text.len() as u64);
    fs::write(log(&home), text.repeat(2)).expect("written");
    assert_answers(&home, "no lock, and full");
    assert_eq!(fs::metadata(log(&home)).expect("a log").len(), 2 * text.len() as u64);
}

#[test]
fn a_log_with_100_000_tokens_keeps_4096_in_its_summary() {
    let home = Home::new();
    home.store("ghcr.io", "me", "secret");
    let mut ids = 100..;
    for (name, size) in [("usage.jsonl", 1), ("usage.3.jsonl", 4), ("usage.summary.jsonl", 3)] {
        let mut text = String::new();
        while text.len() < size * MIB {
            let id = ids.next().expect("a number");
            writeln!(text, "{{\"version\":1,\"id\":{id},\"created\":1,\"outcome\":\"given\"}}")
                .expect("room");
        }
        write(&folder(&home).join(name), &text);
    }
    for name in ["usage.1.jsonl", "usage.2.jsonl"] {
        write(&folder(&home).join(name), "");
    }
    assert!(usage(&home, [])["rows"].as_array().expect("rows").len() > 100_000);
    assert_answers(&home, "a full log of countless tokens");
    let summary = fs::read_to_string(folder(&home).join("usage.summary.jsonl")).expect("a summary");
    assert_eq!(summary.lines().count(), 1 + 4096);
}

/// As root in another user's home, a link in place of the lock or the summary could lead to any file.
#[test]
fn root_does_not_compact_the_log_of_another_user() {
    if !is_root() {
        return;
    }
    let home = Home::new();
    home.store("ghcr.io", "me", "secret");
    let (text, _) = full(&identity(&home), now(), "docker");
    for name in ["usage.jsonl", "usage.1.jsonl", "usage.2.jsonl", "usage.3.jsonl"] {
        write(&folder(&home).join(name), &text);
    }
    let elsewhere = home.path().join("elsewhere");
    fs::write(&elsewhere, "as it was").expect("written");
    for name in ["usage", "usage.summary.jsonl"] {
        symlink(&elsewhere, folder(&home).join(name)).expect("a link");
    }
    std::os::unix::fs::chown(folder(&home), Some(65534), None).expect("given away");
    assert_answers(&home, "a full log of another user");
    assert_eq!(fs::read_to_string(&elsewhere).expect("there"), "as it was");
    assert!(!home.path().join("elsewhere.lock").exists());
}

#[test]
fn logging_can_be_turned_off_and_on() {
    let home = Home::new();
    assert!(stderr(&home.run(["usage"]).success()).contains("there is no ~/.local/state/"));
    home.store("ghcr.io", "me", "secret");
    home.call("get", "ghcr.io").success();
    home.call_with(("DOCKER_CREDENTIAL_PAT_USAGE", "off"), "get", "ghcr.io").success();
    assert_eq!(uses(&home), 1);
    for _ in 0..2 {
        home.run(["usage", "--off"]).success();
        home.call("get", "ghcr.io").success();
        assert_eq!((uses(&home), log(&home).exists()), (1, false), "what was noted stays");
    }
    assert_eq!(usage(&home, [])["noted"], false);
    for _ in 0..2 {
        home.run(["usage", "--on"]).success();
    }
    get_repeatedly(&home, "ghcr.io", 1);
    assert_eq!((uses(&home), &usage(&home, [])["noted"]), (2, &json!(true)));
    let other = Home::new();
    other.run(["usage", "--off"]).success();
    other.store("ghcr.io", "me", "secret");
    assert_eq!(other.get("ghcr.io"), found("me", "secret"));
    assert!(!log(&other).exists());
    assert!(stderr(&other.run(["usage", "me@ghcr.io"]).success()).contains("switched off"));
    other.run(["usage", "--on"]).success();
    assert_eq!(other.get("ghcr.io"), found("me", "secret"));
    assert_eq!(uses(&other), 1);
}

#[test]
fn uses_follow_a_token_and_not_its_name() {
    let home = Home::new();
    home.store("ghcr.io", "me", "secret");
    home.call("get", "ghcr.io").success();
    home.run(["edit", "me@ghcr.io", "--name", "new"]).success();
    assert_eq!(
        (home.token("new")["uses"].clone(), usage(&home, [])["rows"][0]["name"].clone()),
        (json!(1), json!("new"))
    );
    // The same number in another vault is another token.
    let identity = identity(&home).replace("\"created\":", "\"created\":1");
    write(&log(&home), &line(&identity, now(), "docker"));
    assert_eq!(uses(&home), 0);
    let rows = usage(&home, [])["rows"].clone();
    let names: Vec<_> =
        rows.as_array().expect("rows").iter().map(|row| [&row["name"], &row["in_vault"]]).collect();
    assert_eq!(names, [[&json!("me@ghcr.io"), &json!(false)], [&json!("new"), &json!(true)]]);
}

#[test]
fn uses_are_grouped_by_token_client_day_or_registry() {
    let home = Home::new();
    home.store("ghcr.io", "me", "secret");
    let identity = identity(&home);
    let push =
        |line: String| line.replace("\"pull\"", "\"push\"").replace("ghcr.io\",\"dir", "quay.io\",\"dir");
    let text = [
        line(&identity, now() - 40 * DAY, "docker"),
        line(&identity, now() - 2 * DAY, "docker"),
        line(&identity, now() - 2 * DAY, "podman"),
        push(line(&identity, now() - DAY, "podman")),
        format!(
            "{{\"version\":1,\"at\":{},\"verb\":\"get\",\"registry\":\"x.io\",\"outcome\":\"not-found\"}}\n",
            now()
        ),
    ];
    fs::write(log(&home), text.concat()).expect("written");
    let rows = |args: [&str; 4]| -> Vec<(String, u64, u64, u64)> {
        let answer = usage(&home, args);
        assert_eq!(answer["not_found"], 1, "{answer}");
        let number = |row: &Value, name: &str| row[name].as_u64().expect("a number");
        let rows = answer["rows"].as_array().expect("rows").iter();
        rows.map(|row| {
            let name = row["name"].as_str().expect("a name").to_owned();
            (name, number(row, "uses"), number(row, "pulls"), number(row, "pushes"))
        })
        .collect()
    };
    let row = |name: &str, uses, pulls, pushes| (name.to_owned(), uses, pulls, pushes);
    assert_eq!(rows(["--by", "token", "--since", "1970-01-01"]), [row("me@ghcr.io", 4, 3, 1)]);
    assert_eq!(rows(["--by", "token", "--since", "30d"]), [row("me@ghcr.io", 3, 2, 1)]);
    assert_eq!(rows(["--by", "client", "--since", "30d"]), [row("podman", 2, 1, 1), row("docker", 1, 1, 0)]);
    assert_eq!(
        rows(["--by", "registry", "--since", "30d"]),
        [row("quay.io", 1, 0, 1), row("ghcr.io", 2, 2, 0)]
    );
    let days = rows(["--by", "day", "--since", "30d"]);
    assert_eq!(days.iter().map(|row| row.1).collect::<Vec<_>>(), [2, 1]);
    let per_day = usage(&home, [])["rows"][0]["per_day"].clone();
    let per_day: Vec<u64> = per_day.as_array().expect("days").iter().filter_map(Value::as_u64).collect();
    assert_eq!((per_day.iter().sum::<u64>(), per_day.len()), (3, 29), "{per_day:?}");
    let message = stdout(&home.run(["usage"]).success());
    assert!(
        message.starts_with("TOKEN       USES               LAST-USED")
            && message.contains("  4, 3 pull, 1 push  "),
        "{message}"
    );
    assert!(message.contains("··█▄·"), "{message}");
    let report = home.run(["usage", "--since", "0d"]).success();
    assert!(stderr(&report).contains("no such use is noted"), "{}", stderr(&report));
    assert!(stderr(&home.run(["usage", "--since", "soon"]).code(1)).contains("not a date"));
    home.run(["usage", "nobody"]).code(1);
}

#[test]
fn a_failed_store_is_logged_without_its_credentials() {
    let home = Home::new();
    home.store("ghcr.io", "me", "secret");
    fs::write(home.vault(), "docker-credential-pat vault 1\ncut").expect("written");
    home.call("store", credentials("ghcr.io", "canary", "canary")).code(1);
    let answer = home.call("get", "ghcr.io").code(1);
    assert_ne!(stdout(&answer), NOT_FOUND);
    let lines = lines(&home);
    assert_eq!((&lines[1]["outcome"], &lines[2]["outcome"]), (&json!("failed"), &json!("failed")));
    assert!(!fs::read_to_string(log(&home)).expect("a log").contains("canary"));
}
