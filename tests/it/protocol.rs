//! The verbs of Docker's credential helper protocol, as clients call them.

use serde_json::json;

use crate::common;
use crate::common::{Home, NOT_FOUND, credentials, found, not_found, stderr, stdout};

const HUB: &str = "https://index.docker.io/v1/";

#[test]
fn stored_credentials_are_returned_until_they_are_erased() {
    let home = Home::new();
    assert_eq!(home.get("ghcr.io"), not_found());
    assert_eq!(home.list(), json!({}));
    home.store("ghcr.io", "alice", "s3cret");
    assert_eq!(home.get("ghcr.io"), found("alice", "s3cret"));
    assert_eq!(home.list(), json!({ "ghcr.io": "alice" }));
    home.call("erase", "ghcr.io").success().stdout("").stderr("");
    assert_eq!(home.get("ghcr.io"), not_found());
    home.call("erase", "ghcr.io").success().stdout("").stderr("");
    assert_eq!(home.list(), json!({}));
}

#[test]
fn a_get_without_a_match_prints_the_not_found_text_only() {
    Home::new().call("get", "ghcr.io").code(1).stdout(NOT_FOUND).stderr("");
}

#[test]
fn user_names_and_secrets_are_returned_byte_for_byte() {
    let home = Home::new();
    let long = "é".repeat(512 * 1024);
    for text in [
        "a<b>&c",
        "\"\\/",
        "line\nline\r\n",
        " blanks ",
        "nul\0nul",
        "字😀\u{202e}",
        "\u{feff}",
        long.as_str(),
    ] {
        home.store("ghcr.io", text, text.to_owned().as_str());
        assert!(home.get("ghcr.io") == found(text, text), "same for user name and secret");
        home.store("ghcr.io", "alice", text);
        assert!(home.get("ghcr.io") == found("alice", text), "{:?}", text.get(..10));
    }
    home.store("ghcr.io", "<token>", "");
    assert_eq!(home.get("ghcr.io"), found("<token>", ""));
}

#[test]
fn keys_are_listed_verbatim_and_found_by_their_aliases() {
    let home = Home::new();
    for key in ["GHCR.io", "https://quay.io/v2/", HUB, "user@odd", "[::1]:5000", "*.x"] {
        home.store(key, "alice", key);
    }
    let wanted = ["*.x", "GHCR.io", "[::1]:5000", HUB, "https://quay.io/v2/", "user@odd"];
    let listed = home.list();
    assert_eq!(listed.as_object().expect("an object").keys().collect::<Vec<_>>(), wanted);
    for (key, stored) in [
        ("ghcr.io", "GHCR.io"),
        ("ghcr.io\n", "GHCR.io"),
        ("\t https://ghcr.io:443/v1/\r\n", "GHCR.io"),
        ("ghcr.io/acme/app", "GHCR.io"),
        ("quay.io:443", "https://quay.io/v2/"),
        ("docker.io", HUB),
        ("index.docker.io", HUB),
        ("registry-1.docker.io", HUB),
        ("index.docker.io/library/alpine", HUB),
        ("http://[0::1]:5000", "[::1]:5000"),
        ("user@odd", "user@odd"),
        ("*.x", "*.x"),
    ] {
        assert_eq!(home.get(key), found("alice", stored), "{key}");
    }
    for key in [
        "a.x",
        "odd",
        "USER@odd",
        "ghcr.io@odd",
        "evil-ghcr.io",
        "ghcr.io.x",
        "[::1]",
        "quay.io:80",
        "docker.io:80",
        "http://ghcr.io:80/v2/",
        "ghcr.io/acme@odd",
        "ghcr.io/a:b/c",
    ] {
        assert_eq!(home.get(key), not_found(), "{key}");
    }
}

#[test]
fn the_three_keys_of_docker_hub_have_separate_credentials() {
    let home = Home::new();
    let [access, refresh] = ["access-token", "refresh-token"].map(|name| format!("{HUB}{name}"));
    home.store(&access, "alice", "jwt");
    assert_eq!(home.get(HUB), not_found());
    home.store(&refresh, "alice", "refresh");
    home.store(HUB, "alice", "dckr_pat_x");
    for (key, secret) in [(access.as_str(), "jwt"), (refresh.as_str(), "refresh"), (HUB, "dckr_pat_x")] {
        assert_eq!(home.get(key), found("alice", secret), "{key}");
    }
    let kinds: Vec<_> = home.tokens().iter().map(|token| token["kind"].clone()).collect();
    assert_eq!(kinds, ["session", "session", "pat"]);
    home.call("erase", HUB).success();
    assert_eq!(home.get("docker.io"), not_found());
    assert_eq!(home.get(&access), not_found(), "a logout from Docker Hub ends the session");
    assert_eq!(home.tokens().len(), 0);
}

#[test]
fn a_session_answers_only_while_its_account_answers_for_docker_hub() {
    let home = Home::new();
    let [access, refresh] = ["access-token", "refresh-token"].map(|name| format!("{HUB}{name}"));
    home.store(&access, "alice", "jwt");
    home.store(&refresh, "alice", "refresh");
    assert_eq!(home.get(&access), not_found(), "nobody has logged in");
    home.store(HUB, "alice", "dckr_pat_x");
    home.call("erase", access.as_str()).success();
    assert_eq!(home.get(&access), not_found());
    assert_eq!(home.get(&refresh), found("alice", "refresh"));
    home.store(HUB, "bob", "dckr_pat_y");
    assert_eq!(home.get(&refresh), not_found());
    assert_eq!(home.list(), json!({ HUB: "bob" }));
    home.run(["use", "alice@docker.io"]).success();
    assert_eq!(home.get(&refresh), found("alice", "refresh"));
}

#[test]
fn two_accounts_on_one_host_are_kept_and_the_last_login_is_in_use() {
    let home = Home::new();
    home.store("ghcr.io", "alice", "a");
    home.store("ghcr.io", "bob", "b");
    assert_eq!(home.get("ghcr.io"), found("bob", "b"));
    assert_eq!(home.list(), json!({ "ghcr.io": "bob" }));
    home.store("ghcr.io", "alice", "a");
    assert_eq!(home.get("ghcr.io"), found("alice", "a"));
    assert_eq!(home.tokens().len(), 2);
    home.store("ghcr.io", "alice", "new");
    assert_eq!(home.get("ghcr.io"), found("alice", "new"));
    let tokens = home.tokens();
    let seen: Vec<_> = tokens.iter().map(|token| (&token["name"], &token["in_use"])).collect();
    assert_eq!(seen, [(&json!("alice@ghcr.io"), &json!(true)), (&json!("bob@ghcr.io"), &json!(false))]);
    let output = stderr(&home.call("erase", "ghcr.io").success().stdout(""));
    assert!(
        output.contains("kept \"bob@ghcr.io\", signed out of ghcr.io: docker-credential-pat use"),
        "{output}"
    );
    assert_eq!(home.get("ghcr.io"), not_found());
    home.call("erase", "ghcr.io").success().stdout("").stderr("");
    home.run(["use", "bob@ghcr.io"]).success();
    assert_eq!(home.get("ghcr.io"), found("bob", "b"));
}

#[test]
fn one_login_under_two_keys_is_one_token() {
    let home = Home::new();
    home.store("ghcr.io", "alice", "a");
    home.store("https://ghcr.io:443", "alice", "a");
    let tokens = home.tokens();
    assert_eq!(tokens.len(), 1);
    assert_eq!(tokens[0]["keys"], json!(["ghcr.io", "https://ghcr.io:443"]));
    assert_eq!(home.list(), json!({ "ghcr.io": "alice", "https://ghcr.io:443": "alice" }));
    home.call("erase", "http://ghcr.io").success();
    assert_eq!(home.list(), json!({}));
}

#[test]
fn two_keys_of_one_host_with_different_secrets_stay_two_tokens() {
    let home = Home::new();
    home.store("https://h.example/v1/", "alice", "one");
    home.store("https://h.example/v2/", "alice", "two");
    assert_eq!(home.get("https://h.example/v1/"), found("alice", "one"));
    assert_eq!(home.get("https://h.example/v2/"), found("alice", "two"));
    assert_eq!(home.get("h.example"), found("alice", "two"));
    home.store("https://h.example/v2/", "alice", "one");
    home.store("https://h.example/v2/", "alice", "three");
    assert_eq!(
        home.get("https://h.example/v1/"),
        found("alice", "one"),
        "a login under the other key leaves it alone"
    );
}

#[test]
fn a_logout_keeps_what_a_person_added_and_a_login_brings_it_back() {
    let home = Home::new();
    home.add("ci", "ghcr.io");
    assert_eq!(home.list(), json!({ "ghcr.io": "me" }));
    let stderr = home.call("erase", "ghcr.io").success().stdout("").get_output().stderr.clone();
    let stderr = String::from_utf8(stderr).expect("UTF-8");
    assert!(stderr.contains("kept \"ci\", signed out of ghcr.io") && stderr.contains("rm ci"), "{stderr}");
    assert_eq!(home.get("ghcr.io"), not_found());
    assert_eq!(home.list(), json!({}));
    home.call("erase", "https://ghcr.io").success().stdout("").stderr("");
    home.store("ghcr.io", "me", "secret of ci");
    assert_eq!(home.get("ghcr.io"), found("me", "secret of ci"));
    assert_eq!(home.tokens().len(), 1, "the same secret is no second token");
}

#[test]
fn a_token_that_is_the_user_name_too_is_sealed_and_not_listed() {
    let home = Home::new();
    let token = "dop_v1_canary-canary-canary";
    home.store("registry.digitalocean.com", token, token);
    assert_eq!(home.get("registry.digitalocean.com"), found(token, token));
    let vault = std::fs::read(home.vault()).expect("the vault");
    assert!(!vault.windows(6).any(|window| window == b"canary"));
    assert!(!home.list().to_string().contains("canary"));
    home.store("registry.digitalocean.com", "dop_v1_next", "dop_v1_next");
    assert_eq!(home.tokens().len(), 1, "a new token in the same place");
}

#[test]
fn malformed_requests_are_refused_and_change_nothing() {
    let home = Home::new();
    home.store("ghcr.io", "alice", "s3cret");
    let large = "x".repeat(5 * 1024 * 1024);
    let shape = "the request is not one JSON object with ServerURL, Username and Secret\n";
    let good = credentials("ghcr.io", "mallory", "canary");
    let cases: Vec<(&str, Vec<u8>, &str)> = vec![
        ("get", b"".to_vec(), "no credentials server URL\n"),
        ("get", b" \r\n\t".to_vec(), "no credentials server URL\n"),
        ("get", b"\xff\xfe".to_vec(), "the request is not valid UTF-8\n"),
        ("get", b"a\0b".to_vec(), "the server URL holds a control character\n"),
        ("get", large.clone().into(), "the request is larger than 4 MiB\n"),
        ("erase", b"".to_vec(), "no credentials server URL\n"),
        ("erase", b"ghcr.io\nquay.io".to_vec(), "the server URL holds a control character\n"),
        ("erase", large.clone().into(), "the request is larger than 4 MiB\n"),
        ("store", b"".to_vec(), shape),
        ("store", b" \n".to_vec(), shape),
        ("store", b"null".to_vec(), shape),
        ("store", b"[]".to_vec(), shape),
        ("store", b"[\"ghcr.io\",\"mallory\",\"canary\"]".to_vec(), shape),
        ("store", good[..good.len() - 5].into(), shape),
        ("store", format!("{good}{good}").into(), shape),
        ("store", format!("\u{feff}{good}").into(), shape),
        ("store", good.replace("\"canary\"", "1").into(), shape),
        ("store", good.replace("\"canary\"", "{}").into(), shape),
        ("store", good.replace("\"canary\"", "\"canary\",\"Secret\":\"canary\"").into(), shape),
        ("store", good.replace("\"canary\"", "null").into(), "no credentials secret\n"),
        ("store", good.replace("\"mallory\"", "\"\"").into(), "no credentials username\n"),
        ("store", good.replace("\"ghcr.io\"", "\" \"").into(), "no credentials server URL\n"),
        (
            "store",
            good.replace("canary", "\\ud800").into(),
            "the request holds a \\u escape that is not a character\n",
        ),
        (
            "store",
            [b"{\"ServerURL\":\"h\",\"Username\":\"u\",\"Secret\":\"canary\xff\"}".as_slice()].concat(),
            "the request is not valid UTF-8\n",
        ),
        ("store", credentials("ghcr.io", "mallory", &large).into(), "the request is larger than 4 MiB\n"),
    ];
    for (verb, input, want) in cases {
        let start = String::from_utf8_lossy(&input[..input.len().min(60)]).into_owned();
        let output = home.call(verb, input).code(1).get_output().clone();
        assert_eq!(String::from_utf8_lossy(&output.stdout), want, "{verb} {start}");
        assert!(!String::from_utf8_lossy(&output.stderr).contains("canary"), "{verb} {start}");
    }
    assert_eq!(home.get("ghcr.io"), found("alice", "s3cret"), "nothing was lost");
}

#[test]
fn requests_that_other_helpers_accept_are_accepted() {
    let home = Home::new();
    for (json, secret) in [
        ("{\r\n  \"Secret\" : \"a\",\n\t\"Username\":\"alice\",\n\"ServerURL\":\"ghcr.io\" }", "a"),
        (
            r#"{"ServerURL":"ghcr.io","Username":"alice","Secret":"\u0062\ud83d\ude00","New":[{"x":1}]}"#,
            "b😀",
        ),
        (r#"{"ServerURL":" ghcr.io\n","Username":"alice","Secret":"c"}"#, "c"),
    ] {
        home.call("store", json).success().stdout("").stderr("");
        assert_eq!(home.get("ghcr.io"), found("alice", secret), "{json}");
    }
    for input in ["", "unused", "anything\n"] {
        home.call("list", input).success().stdout("{\"ghcr.io\":\"alice\"}\n");
    }
}

#[test]
fn a_list_does_not_wait_for_its_input() {
    let home = Home::new();
    home.store("ghcr.io", "alice", "s");
    let (input, _never_closed) = std::io::pipe().expect("a pipe");
    let mut program = std::process::Command::new(common::program());
    let mut child =
        program.arg("list").env_clear().env("HOME", home.path()).stdin(input).spawn().expect("started");
    let deadline = std::time::Instant::now() + common::HANG;
    while child.try_wait().expect("waited").is_none() {
        if std::time::Instant::now() > deadline {
            child.kill().expect("killed");
            panic!("it waits for its input");
        }
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    assert!(child.wait().expect("waited").success());
}

#[test]
fn an_answer_that_cannot_be_written_is_an_error() {
    let home = Home::new();
    home.store("ghcr.io", "alice", "s3cret");
    let full = || std::fs::OpenOptions::new().write(true).open("/dev/full").expect("a full device");
    for verb in ["get", "list", "version"] {
        let mut command = std::process::Command::new(common::program());
        command.env_clear().env("HOME", home.path()).arg(verb).stdout(full());
        let key = std::fs::File::open(write(&home, "key", "ghcr.io")).expect("the key");
        let output = command.stdin(key).output().expect("it runs");
        assert_eq!(output.status.code(), Some(1), "{verb}");
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(stderr.contains("cannot write the answer") && !stderr.contains("s3cret"), "{stderr}");
    }
}

#[cfg(unix)]
#[test]
fn verbs_succeed_with_streams_on_the_null_device() {
    // Python's subprocess.DEVNULL and Node's "ignore" are open for reading and writing; a shell opens it for one.
    let home = Home::new();
    for (is_read, is_written) in [(true, true), (false, true)] {
        let null =
            std::fs::OpenOptions::new().read(is_read).write(is_written).open("/dev/null").expect("there");
        let stream = || null.try_clone().expect("another handle");
        let call = |verb: &str, input: Option<&str>| {
            let mut command = std::process::Command::new(common::program());
            command.env_clear().env("HOME", home.path()).arg(verb).stdout(stream()).stderr(stream());
            match input {
                Some(input) => {
                    command.stdin(std::fs::File::open(write(&home, "input", input)).expect("the input"))
                }
                None if is_read => command.stdin(stream()),
                None => command.stdin(std::process::Stdio::null()),
            };
            command.status().expect("it runs").code()
        };
        assert_eq!(call("store", Some(&credentials("ghcr.io", "alice", "a"))), Some(0));
        assert_eq!(home.get("ghcr.io"), found("alice", "a"));
        assert_eq!(call("get", Some("ghcr.io")), Some(0));
        assert_eq!(call("get", Some("quay.io")), Some(1));
        for (verb, code) in [("list", 0), ("version", 0), ("ls", 0), ("get", 1), ("store", 1), ("erase", 1)] {
            assert_eq!(call(verb, None), Some(code), "{verb} without input");
        }
        assert_eq!(home.get("ghcr.io"), found("alice", "a"));
        assert_eq!(call("erase", Some("ghcr.io")), Some(0));
        assert_eq!(home.get("ghcr.io"), not_found());
    }
}

#[test]
fn the_version_is_one_line_and_the_help_names_every_verb() {
    let home = Home::new();
    for word in ["version", "--version", "-v"] {
        let output = home.run([word]).success().stderr("").get_output().clone();
        let line = String::from_utf8(output.stdout).expect("UTF-8");
        let words: Vec<_> = line.split_whitespace().collect();
        assert_eq!((line.matches('\n').count(), words.len()), (1, 3), "{line}");
        assert_eq!((words[0], words[2]), ("docker-credential-pat", env!("CARGO_PKG_VERSION")));
        assert!(words[1].starts_with('(') && words[1].ends_with(')'), "{line}");
    }
    for args in [["--help"], ["-h"], ["help"]] {
        let output = home.run(args).success().stderr("").get_output().clone();
        let help = String::from_utf8(output.stdout).expect("UTF-8");
        for verb in ["get", "store", "erase", "list", "add", "ls", "show", "use", "rm", "install"] {
            assert!(help.contains(verb), "{verb}");
        }
    }
    home.run(["get", "--help"]).success();
}

#[test]
fn wrong_arguments_get_the_answers_of_official_helpers() {
    let home = Home::new();
    home.run([])
        .code(1)
        .stdout("usage: docker-credential-pat <get|store|erase|list|version>, or --help for all verbs\n");
    home.run(["frobnicate"]).code(1).stdout("unknown action \"frobnicate\"\n");
    home.run(["get", "ghcr.io"])
        .code(1)
        .stdout("get takes no argument: the registry goes to standard input\n");
    home.run(["list", "ghcr.io"])
        .code(1)
        .stdout("list takes no argument: docker-credential-pat ls takes some\n");
    home.run(["ls", "--nonsense"]).code(2).stdout("");
}

#[test]
fn words_that_people_try_lead_to_the_verb() {
    let home = Home::new();
    for (word, want) in [
        ("login", "hint: docker login HOST signs in; docker-credential-pat add NAME"),
        ("logout", "hint: docker logout HOST signs out; docker-credential-pat rm NAME"),
        ("whoami", "hint: docker-credential-pat ls shows which tokens are in use"),
        ("setup", "hint: docker-credential-pat install"),
    ] {
        let response = home.run([word, "ghcr.io"]).code(1).stdout(format!("unknown action \"{word}\"\n"));
        let output = stderr(&response);
        assert!(output.contains(want) && output.lines().count() == 2, "{output}");
    }
    assert!(stderr(&home.run(["frobnicate"])).contains("there is no verb \"frobnicate\""));
    home.add("ci", "ghcr.io");
    assert!(stdout(&home.run(["tokens"]).success()).contains("ci"));
    for word in ["remove", "delete"] {
        home.add(word, "quay.io");
        home.run([word, word, "--yes"]).success();
    }
    let status = home.run(["status"]).success();
    assert!(
        stdout(&status).contains("1 token in ") && stdout(&status).contains("\nnext: "),
        "{}",
        stdout(&status)
    );
}

fn write(home: &Home, name: &str, text: &str) -> std::path::PathBuf {
    let path = home.path().join(name);
    std::fs::write(&path, text).expect("written");
    path
}
