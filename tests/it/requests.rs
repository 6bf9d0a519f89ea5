//! The choice between tokens through the whole program: choices, profiles, variables, warnings, explanations.

use std::fs;
use std::path::PathBuf;

use docker_credential_pat::client::context::{DIRECTION, PROFILE, REPOSITORY, TOKEN_NAME, WARN_DAYS};
use serde_json::{Value, json};

#[cfg(unix)]
use crate::common;
use crate::common::{Home, NOT_FOUND, credentials, found, not_found, secret_in, stderr, stdout};

/// Runs `use` with these arguments, and returns its messages.
fn choose(home: &Home, args: &[&str]) -> String {
    stderr(&home.program(["use"]).args(args).assert().success().stdout(""))
}

/// Returns the secret that `get` answers for a key under some variables, or its error.
fn ask(home: &Home, variables: &[(&str, &str)], key: &str) -> String {
    let mut program = home.program(["get"]);
    secret_in(&program.envs(variables.iter().copied()).write_stdin(key).assert())
}

fn explain(home: &Home, args: &[&str]) -> Value {
    let explained = home.program(["explain", "--json"]).args(args).assert().success().stderr("");
    let explained: Value = serde_json::from_str(&stdout(&explained)).expect("JSON");
    assert_eq!(explained["version"], 1);
    explained
}

/// Makes a home with three tokens on one host; `a` is the first.
fn home_with_three() -> Home {
    let home = Home::new();
    for name in ["a", "b", "c"] {
        home.bring(name, "ghcr.io", "me", name, &[]).success();
    }
    home
}

#[test]
fn a_token_is_chosen_for_one_case_and_the_choice_is_taken_back() {
    for (args, variables, key, words) in [
        (&["ghcr.io/acme"][..], &[][..], "ghcr.io/acme/app", "ghcr.io/acme"),
        (&["--push"], &[(DIRECTION, "push")], "ghcr.io", "ghcr.io, pushes"),
        (&["--pull"], &[(DIRECTION, "pull")], "ghcr.io", "ghcr.io, pulls"),
        (&["--profile", "work"], &[(PROFILE, "work")], "ghcr.io", "ghcr.io, under profile \"work\""),
        (
            &["ghcr.io/acme", "--push", "--profile", "work"],
            &[(PROFILE, "work"), (DIRECTION, "push")],
            "ghcr.io/acme/app",
            "ghcr.io/acme, pushes, under profile \"work\"",
        ),
        (
            &["GHCR.io/acme", "--pull"],
            &[(REPOSITORY, "ghcr.io/acme/app"), (DIRECTION, "pull")],
            "ghcr.io",
            "ghcr.io/acme, pulls",
        ),
    ] {
        let home = home_with_three();
        let output = choose(&home, &[&["b"], args].concat());
        assert_eq!(output, format!("\"b\" is chosen for {words}\n"));
        assert_eq!(ask(&home, variables, key), "b", "{args:?}");
        assert_eq!(ask(&home, &[], "ghcr.io"), "a", "{args:?}: elsewhere nothing changes");
        let listing = stdout(&home.run(["show", "b"]).success());
        assert!(listing.contains("chosen for") && listing.contains(words), "{listing}");
        let listing: Value = serde_json::from_str(&stdout(&home.run(["show", "b", "--json"]))).expect("JSON");
        assert_eq!(listing, json!({ "version": 1, "tokens": [home.token("b")] }));
        // A second choice for the same case replaces the first one.
        choose(&home, &[&["b"], args].concat());
        assert_eq!(home.token("b")["choices"].as_array().map(Vec::len), Some(1));
        choose(&home, &[&["c"], args].concat());
        assert_eq!(home.token("b")["choices"], json!([]));
        assert_eq!(ask(&home, variables, key), "c", "{args:?}");
        let output = choose(&home, &[&["c", "--clear"], args].concat());
        assert_eq!(output, format!("\"c\" is no longer chosen for {words}\n"));
        assert_eq!(ask(&home, variables, key), "a", "{args:?}");
        assert!(choose(&home, &[&["c", "--clear"], args].concat()).contains("no such choice"));
    }
}

#[test]
fn choices_are_listed_with_their_case() {
    let home = home_with_three();
    choose(&home, &["b", "ghcr.io/acme", "--push", "--profile", "work"]);
    choose(&home, &["b", "--pull"]);
    let want = json!([
        { "scope": "ghcr.io/acme", "profile": "work", "directory": null, "direction": "push" },
        { "scope": "ghcr.io", "profile": null, "directory": null, "direction": "pull" },
    ]);
    assert_eq!(home.token("b")["choices"], want);
    home.run(["rm", "b", "--yes"]).success();
    home.bring("b", "ghcr.io", "me", "b", &[]).success();
    assert_eq!(home.token("b")["choices"], json!([]), "a removed token's choices are not the next one's");
    assert!(choose(&home, &["--clear"]).contains("no such choice"), "and none is left");
}

#[cfg(unix)]
#[test]
fn a_choice_for_a_directory_applies_in_and_below_it() {
    let home = home_with_three();
    let folder = |name: &str| {
        let path = home.path().join(name);
        fs::create_dir_all(&path).expect("made");
        fs::canonicalize(path).expect("there")
    };
    let [src, below, sibling] = ["src", "src/acme/app", "src-x"].map(folder);
    std::os::unix::fs::symlink(&src, home.path().join("link")).expect("linked");
    let output =
        stderr(&home.program(["use", "b", "--dir", "link"]).current_dir(home.path()).assert().success());
    assert!(output.starts_with("\"b\" is chosen for ghcr.io, in ") && output.ends_with("/src\n"), "{output}");
    assert_eq!(home.token("b")["choices"][0]["directory"], src.to_str().expect("UTF-8"));
    choose(&home, &["c", "--dir", below.to_str().expect("UTF-8"), "--push"]);
    for (folder, direction, want) in [
        (src.clone(), "pull", "b"),
        (home.path().join("link"), "pull", "b"),
        (below.clone(), "pull", "b"),
        (below, "push", "c"),
        (sibling, "push", "a"),
        (home.path().to_owned(), "pull", "a"),
    ] {
        let mut program = home.program(["get"]);
        program.current_dir(&folder).env(DIRECTION, direction).write_stdin("ghcr.io");
        assert_eq!(secret_in(&program.assert()), want, "{} {direction}", folder.display());
    }
    home.program(["use", "b", "--clear", "--dir", "src"]).current_dir(home.path()).assert().success();
    assert_eq!(home.token("b")["choices"], json!([]));
    assert_eq!(home.token("c")["choices"].as_array().map(Vec::len), Some(1));
}

#[test]
fn a_choice_outside_the_scopes_of_a_token_is_refused() {
    let home = home_with_three();
    home.bring("part", "ghcr.io/acme", "me", "part", &[]).success();
    home.store("odd key", "me", "s");
    for (args, want) in [
        (&["a", "quay.io"][..], "\"a\" may not go to quay.io"),
        (&["a", "*.ghcr.io"], "\"a\" may not go to *.ghcr.io"),
        (&["part", "ghcr.io/acme-x"], "\"part\" may not go to ghcr.io/acme-x"),
        (&["me@odd-key", "ghcr.io"], "\"me@odd-key\" may not go to ghcr.io"),
        (&["me@odd-key", "--push"], "\"me@odd-key\" may not go to odd key"),
        (&["nobody", "ghcr.io"], "there is no token named \"nobody\""),
        (&["a", "ghcr io"], "is not a registry"),
    ] {
        let before = fs::read(home.vault()).expect("the vault");
        let output = stderr(&home.program(["use"]).args(args).assert().code(1).stdout(""));
        assert!(output.contains(want) && output.contains("hint: "), "{args:?}: {output}");
        assert_eq!(fs::read(home.vault()).expect("the vault"), before, "{args:?}");
    }
    for args in [&["a", "--pull", "--push"][..], &[], &["--push"], &["a", "ghcr.io", "x"]] {
        home.program(["use"]).args(args).assert().code(2).stdout("");
    }
}

#[test]
fn a_case_without_a_name_is_refused() {
    let home = home_with_three();
    for args in [["--profile", ""], ["--dir", ""]] {
        home.program(["use", "b"]).args(args).assert().failure().stdout("");
        assert_eq!(home.token("b")["choices"], json!([]), "{args:?}");
    }
}

#[test]
fn clear_takes_back_the_choices_of_all_tokens_for_one_case() {
    let home = home_with_three();
    choose(&home, &["a", "ghcr.io/acme"]);
    choose(&home, &["b", "ghcr.io/acme", "--push"]);
    choose(&home, &["c", "--profile", "work"]);
    let output = choose(&home, &["--clear", "--profile", "work"]);
    assert_eq!(output, "\"c\" is no longer chosen for ghcr.io, under profile \"work\"\n");
    assert_eq!(home.token("a")["choices"].as_array().map(Vec::len), Some(1));
    assert_eq!(choose(&home, &["--clear"]).lines().count(), 2);
}

#[test]
fn clear_takes_back_exactly_the_named_case() {
    let home = home_with_three();
    let dir = fs::canonicalize(home.path()).expect("there");
    let dir = dir.to_str().expect("UTF-8");
    let cases: [&[&str]; 4] = [&[], &["--dir", dir], &["--push"], &["--profile", "work"]];
    for case in cases {
        choose(&home, &[&["b", "ghcr.io"], case].concat());
    }
    for (left, case) in [(3, cases[0]), (2, cases[2]), (1, cases[3]), (0, cases[1])] {
        let output = choose(&home, &[&["b", "ghcr.io"], case, &["--clear"]].concat());
        assert_eq!(output.matches("\"b\" is no longer chosen for ghcr.io").count(), 1, "{case:?}: {output}");
        let shown = if case.is_empty() { left } else { 0 };
        assert_eq!(
            output.matches("\"b\" is still chosen for ghcr.io, ").count(),
            shown,
            "{case:?}: {output}"
        );
        assert_eq!(home.token("b")["choices"].as_array().map(Vec::len), Some(left), "{case:?}: {output}");
    }
    choose(&home, &["b", "ghcr.io", "--push"]);
    let output = choose(&home, &["b", "ghcr.io", "--clear"]);
    let still = "\n\"b\" is still chosen for ghcr.io, pushes\n";
    assert!(output.starts_with("there was no such choice") && output.ends_with(still), "{output}");
}

#[cfg(unix)]
#[test]
fn the_program_name_or_a_variable_selects_a_profile() {
    let home = home_with_three();
    choose(&home, &["b", "--profile", "work"]);
    choose(&home, &["c", "--profile", "play"]);
    let get_as = |name: &str, variable: Option<&str>| {
        let path = home.path().join(name);
        let _ = std::os::unix::fs::symlink(common::program(), &path);
        let mut program = assert_cmd::Command::new(path);
        program.env_clear().env("HOME", home.path()).envs(variable.map(|profile| (PROFILE, profile)));
        secret_in(&program.arg("get").write_stdin("ghcr.io").assert())
    };
    for (name, variable, want) in [
        ("docker-credential-pat", None, "a"),
        ("docker-credential-pat-work", None, "b"),
        ("docker-credential-pat-play", None, "c"),
        ("docker-credential-pat-other", None, "a"),
        ("docker-credential-pat-work", Some("play"), "c"),
        ("docker-credential-pat-work", Some(""), "b"),
        ("docker-credential-pat", Some("work"), "b"),
    ] {
        assert_eq!(get_as(name, variable), want, "{name} {variable:?}");
    }
}

#[test]
fn a_login_under_a_profile_answers_that_profile_only() {
    let home = Home::new();
    let work = (PROFILE, "work");
    home.store("ghcr.io", "me", "mine");
    let stored = home.call_with(work, "store", &credentials("ghcr.io", "team", "canary"));
    stored.success().stdout("").stderr("");
    assert_eq!(home.get("ghcr.io"), found("me", "mine"));
    assert_eq!(ask(&home, &[work], "ghcr.io"), "canary");
    let listed = home.call_with(work, "list", "").success();
    assert_eq!(stdout(&listed), "{\"ghcr.io\":\"team\"}\n");
    assert_eq!(home.list(), json!({ "ghcr.io": "me" }));
    // A new secret for the same account renews only that profile's token.
    home.call_with(work, "store", &credentials("ghcr.io", "team", "canary-2")).success();
    assert_eq!(home.tokens().len(), 2);
    home.call_with(work, "store", &credentials("ghcr.io", "me", "canary-3")).success();
    assert_eq!(home.get("ghcr.io"), found("me", "mine"), "the same user name, another profile");
    assert_eq!(ask(&home, &[work], "ghcr.io"), "canary-3");
}

#[test]
fn a_logout_under_a_profile_signs_out_that_profile_only() {
    let home = Home::new();
    let work = (PROFILE, "work");
    home.store("ghcr.io", "me", "mine");
    home.call_with(work, "store", &credentials("ghcr.io", "team", "canary")).success();
    // `docker logout` erases the name and each form of it that older versions stored.
    for key in ["ghcr.io", "ghcr.io", "http://ghcr.io", "https://ghcr.io"] {
        home.call_with(work, "erase", key).success();
    }
    assert_eq!(home.get("ghcr.io"), found("me", "mine"));
}

#[test]
fn a_logout_under_a_profile_keeps_the_same_login_without_one() {
    let home = Home::new();
    let work = (PROFILE, "work");
    home.store("ghcr.io", "me", "mine");
    home.call_with(work, "store", &credentials("ghcr.io", "me", "mine")).success();
    home.call_with(work, "erase", "ghcr.io").success();
    assert_eq!(home.get("ghcr.io"), found("me", "mine"));
}

#[test]
fn a_logout_under_a_profile_keeps_an_added_token_in_use_without_one() {
    let home = home_with_three();
    choose(&home, &["a", "--profile", "work"]);
    home.call_with((PROFILE, "work"), "erase", "ghcr.io").success();
    assert_eq!(home.get("ghcr.io"), found("me", "a"));
}

#[test]
fn a_new_secret_under_a_profile_keeps_the_same_login_without_one() {
    let home = Home::new();
    let work = (PROFILE, "work");
    home.store("ghcr.io", "me", "one");
    for secret in ["one", "two"] {
        home.call_with(work, "store", &credentials("ghcr.io", "me", secret)).success();
    }
    assert_eq!(ask(&home, &[work], "ghcr.io"), "two");
    assert_eq!(home.get("ghcr.io"), found("me", "one"));
}

#[test]
fn a_login_under_a_profile_with_any_key_answers_that_profile_only() {
    for key in ["https://index.docker.io/v1/access-token", "user@odd", "ghcr.io/acme"] {
        let home = Home::new();
        let work = (PROFILE, "work");
        // A session answers only for the account that answers for Docker Hub.
        home.store("docker.io", "me", "account");
        home.call_with(work, "store", &credentials("docker.io", "team", "account")).success();
        home.store(key, "me", "mine");
        home.call_with(work, "store", &credentials(key, "team", "canary")).success();
        assert_eq!(ask(&home, &[work], key), "canary", "{key}");
        assert_eq!(home.get(key), found("me", "mine"), "{key}");
    }
}

#[test]
fn only_the_token_that_a_variable_names_may_answer() {
    let home = home_with_three();
    home.bring("elsewhere", "quay.io", "me", "canary", &[]).success();
    for (name, key, want) in [
        ("b", "ghcr.io", "b"),
        ("", "ghcr.io", "a"),
        (
            "elsewhere",
            "ghcr.io",
            "DOCKER_CREDENTIAL_PAT_TOKEN_NAME names \"elsewhere\", which is not for ghcr.io\n",
        ),
        ("nobody", "ghcr.io", "DOCKER_CREDENTIAL_PAT_TOKEN_NAME does not name a token\n"),
        ("a\u{1b}[31m", "ghcr.io", "DOCKER_CREDENTIAL_PAT_TOKEN_NAME does not name a token\n"),
    ] {
        let response = home.call_with((TOKEN_NAME, name), "get", key);
        assert_eq!(secret_in(&response), want, "{name}");
        let is_refused = want.contains("not");
        assert_eq!(response.get_output().status.code(), Some(i32::from(is_refused)));
        assert_eq!(
            stderr(&response).contains("hint: set it to a name that docker-credential-pat ls shows"),
            is_refused
        );
        assert!(!stderr(&response).contains("canary"));
    }
    home.run(["deactivate", "b"]).success();
    let response = home.call_with((TOKEN_NAME, "b"), "get", "ghcr.io").code(1).stdout(NOT_FOUND);
    assert!(stderr(&response).contains("activate b"), "{}", stderr(&response));
}

#[test]
fn variables_set_repository_and_direction() {
    let home = Home::new();
    home.bring("ro", "ghcr.io", "me", "ro", &["--permission", "pull"]).success();
    home.bring("rw", "ghcr.io", "me", "rw", &["--permission", "pull,push"]).success();
    home.bring("app", "ghcr.io/acme/app", "me", "app", &["--permission", "pull"]).success();
    home.bring("all", "ghcr.io", "me", "all", &["--permission", "pull,push,delete"]).success();
    home.bring("hub", "docker.io/library", "me", "hub", &[]).success();
    for (variables, key, want) in [
        (&[][..], "ghcr.io", "rw"),
        (&[(DIRECTION, "pull")], "ghcr.io", "ro"),
        (&[(DIRECTION, "push")], "ghcr.io", "rw"),
        (&[(DIRECTION, "both")], "ghcr.io", "rw"),
        (&[(DIRECTION, "delete")], "ghcr.io", "all"),
        (&[(REPOSITORY, "ghcr.io/acme/app:1.0"), (DIRECTION, "pull")], "ghcr.io", "app"),
        (&[(REPOSITORY, "ghcr.io/acme/app,ghcr.io/acme/app/b"), (DIRECTION, "pull")], "ghcr.io", "app"),
        (&[(REPOSITORY, "ghcr.io/acme/app, ghcr.io/other"), (DIRECTION, "pull")], "ghcr.io", "ro"),
        (&[(REPOSITORY, "ghcr.io/acme/app"), (DIRECTION, "push")], "ghcr.io", "rw"),
        (&[(REPOSITORY, "quay.io/acme/app")], "ghcr.io", "rw"),
        (&[(REPOSITORY, "ghcr.io/acme/app"), (DIRECTION, "pull")], "ghcr.io/other/app", "ro"),
        (&[(REPOSITORY, "alpine")], "https://index.docker.io/v1/", "hub"),
        (&[(REPOSITORY, "acme/app")], "https://index.docker.io/v1/", NOT_FOUND),
        (&[(REPOSITORY, ""), (DIRECTION, "")], "ghcr.io", "rw"),
    ] {
        assert_eq!(ask(&home, variables, key), want, "{variables:?} {key}");
    }
}

#[test]
fn an_invalid_variable_is_an_error_without_a_secret() {
    let home = Home::new();
    home.bring("ci", "ghcr.io", "me", "canary", &["--expires", "3d"]).success();
    for (variable, text, want) in [
        (DIRECTION, "up", "expected pull, push, both or delete"),
        (DIRECTION, "PUSH", "expected pull, push, both or delete"),
        (DIRECTION, "pull,push", "expected pull, push, both or delete"),
        (REPOSITORY, "https://ghcr.io/acme/app", "expected images such as ghcr.io/acme/app"),
        (REPOSITORY, "ghcr.io/acme,", "expected images"),
        (REPOSITORY, "ghcr.io/Acme", "expected images"),
        (REPOSITORY, "\u{1b}[31m", "expected images"),
    ] {
        let response = home.call_with((variable, text), "get", "ghcr.io").code(1);
        let (answer, output) = (stdout(&response), stderr(&response));
        assert!(answer.starts_with(&format!("{variable} is ")) && answer.contains(want), "{answer}");
        assert_eq!(answer.lines().count(), 1, "{variable}={text}: {answer}");
        assert!(output.contains(want) && output.contains(&format!("`unset {variable}`")), "{output}");
        for text in [answer, output] {
            assert!(!text.contains("canary") && !text.contains('\u{1b}'), "{text}");
        }
    }
}

#[cfg(unix)]
#[test]
fn a_variable_that_is_not_utf8_is_an_error_without_a_secret() {
    use std::os::unix::ffi::OsStrExt;
    let home = Home::new();
    home.bring("ci", "ghcr.io", "me", "canary", &["--expires", "3d"]).success();
    for variable in [TOKEN_NAME, PROFILE, REPOSITORY, DIRECTION] {
        let mut program = home.program(["get"]);
        program.env(variable, std::ffi::OsStr::from_bytes(b"\xff")).write_stdin("ghcr.io");
        let response = program.assert().code(1).stdout(format!("{variable} is not valid UTF-8\n"));
        let output = stderr(&response);
        assert!(output.contains("hint: ") && !output.contains("canary"), "{output}");
    }
}

#[test]
fn an_invalid_number_of_days_is_printed_and_get_still_answers() {
    let home = Home::new();
    home.bring("ci", "ghcr.io", "me", "canary", &["--expires", "3d"]).success();
    for text in ["a week", "-1", "3651", "12h", "6m", "11y", "99999999999999999999", "\u{1b}[31m"] {
        let response = home.call_with((WARN_DAYS, text), "get", "ghcr.io").success();
        assert_eq!(secret_in(&response), "canary", "{text:?}");
        let output = stderr(&response);
        assert!(output.contains("expected a number of days from 0 to 3650"), "{output}");
        assert!(output.contains("unset DOCKER_CREDENTIAL_PAT_WARN_DAYS"), "{output}");
        assert!(
            output.lines().count() == 1 && !output.contains(['\u{1b}']) && !output.contains("canary"),
            "{output}"
        );
    }
}

/// Returns the files that record today's warnings.
fn daily_warnings(home: &Home) -> Vec<PathBuf> {
    let entries = fs::read_dir(home.vault().with_file_name("warned")).into_iter().flatten();
    entries.map(|entry| entry.expect("an entry").path()).collect()
}

#[test]
fn a_token_that_expires_soon_is_warned_of_once_a_day() {
    let home = Home::new();
    home.bring("a b", "ghcr.io", "me", "canary", &["--expires", "3d"]).success();
    home.bring("far", "quay.io", "me", "far", &["--expires", "8d"]).success();
    let get = |key: &str| {
        let response = home.call("get", key).success();
        assert_eq!(stdout(&response).lines().count(), 1, "never on stdout");
        stderr(&response)
    };
    let warning = get("ghcr.io");
    assert!(
        warning.starts_with("docker-credential-pat: token \"a b\" for ghcr.io expires in 3 days, on "),
        "{warning}"
    );
    assert!(warning.ends_with(" (docker-credential-pat rotate 'a b')\n"), "{warning}");
    assert!(warning.lines().count() == 1 && !warning.contains("canary"), "{warning}");
    assert_eq!((get("ghcr.io"), get("quay.io")), (String::new(), String::new()));
    // A record of yesterday.
    let [today] = <[PathBuf; 1]>::try_from(daily_warnings(&home)).expect("one");
    fs::rename(&today, today.with_file_name("1.2020-01-31")).expect("renamed");
    assert_eq!(get("ghcr.io"), warning);
    assert_eq!(daily_warnings(&home), [today], "yesterday's is gone");
    let with_days = |days: &str, key: &str| stderr(&home.call_with((WARN_DAYS, days), "get", key).success());
    for days in ["8", "8d", "2w", "1mo"] {
        assert!(with_days(days, "quay.io").contains("\"far\" for quay.io expires in 8 days"), "{days}");
        for mark in daily_warnings(&home) {
            fs::remove_file(mark).expect("removed");
        }
    }
    assert_eq!((with_days("0", "ghcr.io"), with_days("2", "ghcr.io")), (String::new(), String::new()));
    assert!(daily_warnings(&home).is_empty(), "a warning that was not printed is not recorded");
    assert_eq!(get("ghcr.io"), warning);
}

#[test]
fn concurrent_requests_warn_once() {
    let home = Home::new();
    home.bring("ci", "ghcr.io", "me", "canary", &["--expires", "3d"]).success();
    let count: usize = std::thread::scope(|scope| {
        let ask = || scope.spawn(|| stderr(&home.call("get", "ghcr.io").success()).lines().count());
        let threads: Vec<_> = (0..20).map(|_| ask()).collect();
        threads.into_iter().map(|thread| thread.join().expect("it ends")).sum()
    });
    assert_eq!(count, 1);
}

/// Runs a shell script with the program as `$0` and a registry's key in the file `$1`, and returns its lines on stderr.
#[cfg(target_os = "linux")]
fn warnings_of_script(home: &Home, script: &str) -> Vec<String> {
    let file = home.path().join("request");
    fs::write(&file, "ghcr.io").expect("written");
    let mut shell = std::process::Command::new("sh");
    shell.env_clear().env("HOME", home.path()).env(DIRECTION, "push");
    let output = shell.args(["-c", script]).arg(common::program()).arg(&file).output().expect("a shell");
    String::from_utf8(output.stderr).expect("UTF-8").lines().map(str::to_owned).collect()
}

#[cfg(target_os = "linux")]
#[test]
fn one_process_that_asks_several_times_is_warned_once() {
    let home = Home::new();
    home.bring("ro", "ghcr.io", "me", "ro-secret", &["--permission", "pull"]).success();
    let get = "\"$0\" get < \"$1\";";
    let twice = format!("{get} {get} :");
    let concurrently = format!("{} wait", "\"$0\" get < \"$1\" & ".repeat(20));
    for script in [&twice, &twice, &concurrently] {
        let lines = warnings_of_script(&home, script);
        assert!(lines.len() == 1 && lines[0].contains("may not push"), "{script} {lines:?}");
    }
    home.run(["deactivate", "ro"]).success();
    for script in [&twice, &concurrently] {
        let lines = warnings_of_script(&home, script);
        assert!(lines.len() == 1 && lines[0].contains("is switched off"), "{script} {lines:?}");
    }
    let changed = format!("{get} \"$0\" activate ro 2> \"$1.out\"; {get} {get} :");
    let lines = warnings_of_script(&home, &changed);
    assert!(
        lines.len() == 2 && lines[1].contains("may not push"),
        "another text is another warning: {lines:?}"
    );
}

#[test]
fn a_warning_that_cannot_be_recorded_is_printed_and_get_still_answers() {
    let home = Home::new();
    home.bring("ci", "ghcr.io", "me", "canary", &["--expires", "3d"]).success();
    fs::write(home.vault().with_file_name("warned"), "a file").expect("written");
    for _ in 0..2 {
        let response = home.call("get", "ghcr.io").success();
        assert_eq!(secret_in(&response), "canary");
        assert_eq!(stderr(&response).lines().count(), 1);
    }
}

#[test]
fn a_push_with_a_pull_token_warns() {
    let home = Home::new();
    home.bring("ro", "ghcr.io", "me", "ro-secret", &["--permission", "pull"]).success();
    home.bring("rw", "ghcr.io", "me", "rw-secret", &["--permission", "push"]).success();
    home.run(["deactivate", "rw"]).success();
    let response = home.call_with((DIRECTION, "push"), "get", "ghcr.io").success();
    assert_eq!(secret_in(&response), "ro-secret");
    let output = stderr(&response);
    assert!(
        output.contains("token \"ro\" for ghcr.io may not push") && output.contains("activate rw"),
        "{output}"
    );
    assert_eq!(stderr(&home.call("get", "ghcr.io").success()), "");
}

#[test]
fn explain_json_keeps_its_names_and_values() {
    let home = home_with_three();
    choose(&home, &["b", "ghcr.io/acme"]);
    home.run(["deactivate", "c"]).success();
    let mut explained = explain(&home, &["ghcr.io/acme/app:1.0"]);
    for token in explained["tokens"].as_array_mut().expect("an array") {
        // Texts for people, which may change.
        let why = token.as_object_mut().expect("an object").remove("why");
        assert!(why.is_some_and(|why| why.as_str().is_some_and(|why| !why.is_empty())));
    }
    assert_eq!(
        explained,
        json!({
            "version": 1,
            "warning": null,
            "request": {
                "command": null,
                "key": "ghcr.io",
                "registry": { "value": "ghcr.io", "from": "from the key" },
                "repository": { "value": "acme/app", "from": "as asked" },
                "direction": { "value": "pull", "from": "the default" },
                "profile": null,
                "docker_config": null,
                "directory": null,
                "named": null,
            },
            "token": "b",
            "tokens": [
                { "name": "b", "is_given": true, "reason": null },
                { "name": "a", "is_given": false, "reason": "not-chosen" },
                { "name": "c", "is_given": false, "reason": "inactive" },
            ],
            "keys": {
                "buildah": ["ghcr.io"],
                "buildctl": ["ghcr.io"],
                "buildx": ["ghcr.io"],
                "compose": ["ghcr.io"],
                "cosign": ["ghcr.io/acme/app", "ghcr.io"],
                "crane": ["ghcr.io/acme/app", "ghcr.io"],
                "devcontainer": ["ghcr.io"],
                "docker": ["ghcr.io"],
                "docker-py": ["ghcr.io"],
                "helm": ["ghcr.io"],
                "kaniko": ["ghcr.io/acme/app", "ghcr.io"],
                "ko": ["ghcr.io/acme/app", "ghcr.io"],
                "nerdctl": [
                    "ghcr.io:443", "https://ghcr.io:443", "http://ghcr.io:443",
                    "ghcr.io", "https://ghcr.io", "http://ghcr.io",
                ],
                "oras": ["ghcr.io"],
                "podman": ["ghcr.io"],
                "regctl": ["ghcr.io"],
                "skopeo": ["ghcr.io"],
                "syft": ["ghcr.io/acme/app", "ghcr.io"],
                "trivy": ["ghcr.io/acme/app", "ghcr.io"],
            },
        })
    );
}

#[test]
fn explain_reads_an_image_as_clients_do() {
    let home = home_with_three();
    let stated = |value: &str| json!({ "value": value, "from": "as asked" });
    let assumed = json!({ "value": "pull", "from": "the default" });
    let shown = |value: &str| json!({ "value": value, "from": "from the client's command line" });
    let hub = "https://index.docker.io/v1/";
    for (args, key, repository, direction) in [
        (&["alpine"][..], hub, stated("library/alpine"), assumed.clone()),
        (&["docker.io/library/alpine:3.20"], hub, stated("library/alpine"), assumed.clone()),
        (&["acme/app", "--push"], hub, stated("acme/app"), stated("push")),
        (&["docker://ghcr.io/acme/app:1"], "ghcr.io", stated("acme/app"), assumed.clone()),
        (&["oci://ghcr.io/acme/chart", "--push"], "ghcr.io", stated("acme/chart"), stated("push")),
        (&["alpine", "--client", "podman"], "docker.io", Value::Null, shown("pull")),
        (&["docker.io/alpine", "--client", "podman"], "docker.io", shown("library/alpine"), shown("pull")),
        (&["alpine", "--client", "crane", "--push"], hub, shown("library/alpine"), shown("push")),
        (&["ghcr.io/acme/app", "--client", "compose"], "ghcr.io", Value::Null, shown("pull")),
        (&["ghcr.io/acme/app", "--client", "compose", "--push"], "ghcr.io", Value::Null, shown("push")),
        (&["ghcr.io", "--client", "compose", "--push"], "ghcr.io", Value::Null, shown("push")),
        (&["ghcr.io/acme/app", "--client", "buildx"], "ghcr.io", Value::Null, shown("pull")),
        (&["ghcr.io/acme/app", "--client", "buildx", "--push"], "ghcr.io", shown("acme/app"), shown("push")),
        (&["ghcr.io/acme/app", "--client", "kaniko", "--push"], "ghcr.io", shown("acme/app"), shown("push")),
        (&["ghcr.io/acme/app", "--client", "docker-py"], "ghcr.io", Value::Null, Value::Null),
        (&["--", "docker", "push", "ghcr.io/acme/app"], "ghcr.io", shown("acme/app"), shown("push")),
        (&["ghcr.io", "--", "docker", "compose", "push"], "ghcr.io", Value::Null, shown("push")),
        (&["ghcr.io", "--", "frobnicate", "push"], "ghcr.io", Value::Null, Value::Null),
        (
            &["quay.io", "--", "skopeo", "copy", "docker://ghcr.io/a/b", "docker://quay.io/a/b"],
            "quay.io",
            shown("a/b"),
            shown("push"),
        ),
        (&["ghcr.io"], "ghcr.io", Value::Null, Value::Null),
        (&["ghcr.io", "--push"], "ghcr.io", Value::Null, stated("push")),
        (&["https://ghcr.io/v2/"], "https://ghcr.io/v2/", Value::Null, Value::Null),
        (&["localhost:5000"], "localhost:5000", Value::Null, Value::Null),
        (&["[::1]:5000/acme/app"], "[::1]:5000", stated("acme/app"), assumed.clone()),
    ] {
        let explained = explain(&home, args);
        assert_eq!(explained["request"]["key"], key, "{args:?}");
        assert_eq!(explained["request"]["repository"], repository, "{args:?}");
        assert_eq!(explained["request"]["direction"], direction, "{args:?}");
    }
    let short = explain(&home, &["alpine"]);
    assert_eq!(short, explain(&home, &["docker.io/library/alpine"]));
    for text in ["a b", "", "docker://", "*.ghcr.io", "ghcr.io/Acme?"] {
        let output = stderr(&home.run(["explain", text]).code(1).stdout(""));
        assert!(output.starts_with("docker-credential-pat: error: "), "{text}: {output}");
    }
    home.run(["explain", "a\u{7}"]).code(1).stdout("");
    home.run(["explain"]).code(2);
    home.run(["explain", "alpine", "--client", "frobnicate"]).code(2);
}

#[test]
fn explain_for_crane_uses_the_first_key_with_an_answer() {
    let home = Home::new();
    home.bring("part", "ghcr.io/acme", "me", "part", &[]).success();
    for (image, token) in [("ghcr.io/acme/app", json!("part")), ("ghcr.io/other/app", Value::Null)] {
        assert_eq!(explain(&home, &[image, "--client", "crane"])["token"], token, "{image}");
        assert_eq!(home.get(image).is_ok(), token != Value::Null, "{image}");
    }
}

#[test]
fn explain_works_without_key_or_vault() {
    let home = Home::new();
    let output = stdout(&home.run(["explain", "alpine"]).success().stderr(""));
    assert!(output.contains("no token is given: clients continue without credentials"), "{output}");
    assert_eq!(explain(&home, &["alpine"])["tokens"], json!([]));
    assert_eq!(home.files(), [""; 0], "asking makes nothing");
    home.add("ci", "ghcr.io");
    fs::remove_file(home.key()).expect("removed");
    let unproven =
        "the vault is locked, so nothing proves that it is as you left it (docker-credential-pat unlock)\n";
    home.run(["explain", "--json", "ghcr.io"]).success().stderr(unproven);
    let output = stdout(&home.run(["explain", "ghcr.io/acme/app", "--push"]).success().stderr(unproven));
    for part in ["ghcr.io", "acme/app (as asked)", "push (as asked)", "\"ci\" is given", "the only token"] {
        assert!(output.contains(part), "{part}: {output}");
    }
    home.run(["ls"]).success().stderr(unproven);
    home.run(["show", "ci"]).success().stderr(unproven);
    let output = stderr(&home.run(["use", "ci", "--push"]).code(1).stdout(""));
    assert!(
        output.contains("key file") && output.contains("is missing") && output.contains("hint: "),
        "{output}"
    );
}

#[test]
fn explain_and_get_agree() {
    let home = home_with_three();
    choose(&home, &["b", "ghcr.io/acme", "--push"]);
    choose(&home, &["c", "--profile", "work"]);
    home.bring("old", "quay.io", "me", "old", &["--expires", "2020-01-31"]).success();
    for variables in [
        &[][..],
        &[(PROFILE, "work")],
        &[(REPOSITORY, "ghcr.io/acme/app"), (DIRECTION, "push")],
        &[(TOKEN_NAME, "b")],
    ] {
        // An image is explained as a pull, so only a key without a repository makes the same request.
        for key in ["ghcr.io", "quay.io"] {
            let mut program = home.program(["explain", "--json", key]);
            let explained = program.envs(variables.iter().copied()).assert();
            let answer = ask(&home, variables, key);
            if answer.contains(TOKEN_NAME) {
                assert!(stderr(&explained.code(1)).contains(TOKEN_NAME), "{key}");
                continue;
            }
            let explained: Value = serde_json::from_str(&stdout(&explained.success())).expect("JSON");
            let want = explained["token"].as_str().map(str::to_owned);
            assert_eq!(Some(answer).filter(|answer| !answer.contains(' ')), want, "{variables:?} {key}");
        }
    }
}

#[test]
fn explain_uses_the_direction_variable() {
    let home = Home::new();
    home.bring("ro", "ghcr.io", "me", "ro", &["--permission", "pull"]).success();
    home.bring("rw", "ghcr.io", "me", "rw", &["--permission", "pull,push"]).success();
    let push = (DIRECTION, "push");
    assert_eq!(ask(&home, &[push], "ghcr.io"), "rw");
    let explained =
        stdout(&home.program(["explain", "ghcr.io/acme/app"]).env(push.0, push.1).assert().success());
    assert!(explained.contains("\"rw\" is given") && explained.contains("push (from "), "{explained}");
}

#[test]
fn explain_warns_of_a_push_that_will_fail() {
    let home = Home::new();
    home.bring("ro", "ghcr.io", "me", "ro", &["--permission", "pull"]).success();
    let explained = stdout(&home.run(["explain", "ghcr.io/acme/app", "--push"]).success());
    assert!(explained.contains("may not push"), "{explained}");
}

#[test]
fn explain_with_a_wrong_token_name_is_an_error() {
    let home = home_with_three();
    let explained = home.program(["explain", "ghcr.io"]).env(TOKEN_NAME, "nobody").assert();
    let text = stdout(&explained) + &stderr(&explained);
    assert!(!text.contains("clients continue without credentials"), "a get is refused: {text}");
    assert!(text.contains("does not name a token") && !text.contains("nobody"), "{text}");
}

#[test]
fn stored_texts_are_printed_without_control_characters() {
    let home = Home::new();
    let bad = "x\u{1b}[31m\u{9b}1m\u{202e}\n\u{7}";
    home.store("ghcr.io", bad, "canary");
    home.store(&format!("odd {}", "\u{202e}key"), "me", "canary");
    home.bring("ci", "ghcr.io", bad, "s", &["--label", bad]).success();
    home.run(["use", "ci", "--profile", bad]).failure().stdout("");
    let odd = home.path().join("\u{1b}[31m");
    fs::create_dir(&odd).expect("made");
    choose(&home, &["ci", "--dir", odd.to_str().expect("UTF-8")]);
    for args in [
        &["ls"][..],
        &["ls", "--json"],
        &["show", "ci"],
        &["show", "ci", "--json"],
        &["explain", "ghcr.io"],
        &["explain", "ghcr.io", "--json"],
        &["explain", "odd \u{202e}key"],
        &["edit", "ci", "--user", bad],
        &["use", "ci", "--clear"],
    ] {
        let run = home.program([]).args(args).env(PROFILE, bad).assert();
        for text in [stdout(&run), stderr(&run)] {
            assert!(!text.contains(['\u{1b}', '\u{9b}', '\u{202e}', '\u{7}']), "{args:?}: {text:?}");
        }
    }
    assert_eq!(home.token("ci")["label"], bad, "in JSON it is the same text");
    home.run(["rm", "ci", "--yes"]).success();
    assert_eq!(home.get("nowhere.example"), not_found());
}

#[test]
fn each_reason_of_explain_is_the_true_one() {
    let home = Home::new();
    for (name, registry) in [("shop", "ghcr.io/shop"), ("web", "ghcr.io/web"), ("deploy", "ghcr.io")] {
        home.add(name, registry);
    }
    for (name, registry) in [("first", "quay.io"), ("second", "quay.io")] {
        home.add(name, registry);
    }
    home.store("h.example", "alice", "secret of alice");
    home.store("h.example", "bob", "secret of bob");
    for (user, names) in [("one", ["one", "two"]), ("two", ["two", "one"])] {
        home.add(names[0], &format!("{user}.example"));
        home.add(&format!("{}-2", names[0]), &format!("{user}.example"));
    }
    home.run(["use", "two-2"]).success();
    let part = "for a part of the registry, and the image is not known";
    for (args, token, want) in [
        (&["ghcr.io", "--push"][..], "shop", part),
        (&["ghcr.io", "--push"], "web", part),
        (&["ghcr.io", "--push"], "deploy", "it is for the whole registry, and the image is not known"),
        (&["ghcr.io/shop/app"], "deploy", "another one's scope is closer"),
        (&["quay.io"], "second", "another one was added first"),
        (&["quay.io"], "first", "it was added first"),
        (&["h.example"], "alice@h.example", "a client logged in with another one later"),
        (&["h.example"], "bob@h.example", "it is the last login"),
        (&["two.example"], "two", "a later login or use comes first"),
    ] {
        let explained = explain(&home, args);
        let tokens = explained["tokens"].as_array().expect("a list");
        let decision = tokens.iter().find(|decision| decision["name"] == token).expect(token);
        assert_eq!(decision["why"], want, "{args:?} {token}");
    }
    let explained = stdout(&home.run(["explain", "ghcr.io/shop/app"]).success());
    assert!(explained.contains("pull (the default)"), "{explained}");
    let explained = stdout(&home.run(["explain", "ghcr.io/shop/app", "--pull"]).success());
    assert!(explained.contains("pull (as asked)"), "{explained}");
}

#[cfg(unix)]
#[test]
fn explain_names_the_helper_that_docker_found_and_an_imported_login() {
    let home = Home::new();
    let bin = home.path().join("bin");
    fs::create_dir(&bin).expect("made");
    let logins = r#"{"auths":{"ghcr.io":{"auth":"Ym9iOmNhbmFyeQ=="}}}"#;
    fs::create_dir(home.path().join(".docker")).expect("made");
    fs::write(home.docker_config(), logins).expect("written");
    home.add("early", "ghcr.io");
    home.run(["install"]).success();
    let explained = explain(&home, &["ghcr.io"]);
    assert_eq!(explained["token"], "bob@ghcr.io", "{explained}");
    let tokens = explained["tokens"].to_string();
    assert!(tokens.contains("it was imported, and no later login or use comes first"), "{tokens}");
    fs::remove_file(home.docker_config()).expect("removed");
    for name in ["docker", "pass", "docker-credential-pass"] {
        common::write_program(&bin.join(name), "#!/bin/sh\n");
    }
    let path = format!("{}:{}", bin.display(), common::program_folder().display());
    let explained = home.program(["explain", "ghcr.io"]).env("PATH", path).assert().success();
    let want = "~/.docker/config.json names no helper, and Docker found \"pass\" in PATH";
    assert!(stderr(&explained).contains(want), "{}", stderr(&explained));
}

#[test]
fn explain_refuses_a_command_without_dashes_and_a_capital_letter() {
    let home = Home::new();
    home.store("https://h.example/Acme/App", "me", "s");
    for (args, want, hint) in [
        (
            &["docker", "push", "ghcr.io/acme/app"][..],
            "\"docker push ghcr.io/acme/app\" is a command",
            "explain -- docker push ghcr.io/acme/app",
        ),
        (
            &["ghcr.io/Acme/App"],
            "\"ghcr.io/Acme/App\" is not an image: its name must be lower case",
            "explain ghcr.io/acme/app",
        ),
        (&["alpine", "Acme/App"], "its name must be lower case", "explain acme/app"),
    ] {
        let message = stderr(&home.program(["explain"]).args(args).assert().code(1).stdout(""));
        assert!(
            message.contains(want) && message.contains(&format!("hint: docker-credential-pat {hint}\n")),
            "{message}"
        );
    }
    home.run(["explain", "https://h.example/Acme/App"]).success();
    home.run(["explain", "ghcr.io/acme/app:V1"]).success();
    home.store("h.example/Acme/App", "me", "s");
    home.run(["explain", "h.example/Acme/App"]).success();
}
