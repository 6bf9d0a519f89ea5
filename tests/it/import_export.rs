//! `import` and `export`: logins from Docker's file and other helpers, and tokens for other machines.

#![cfg(unix)]

use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use assert_cmd::Command;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use docker_credential_pat::docker::setup;
use docker_credential_pat::system::env;
use serde_json::{Value, json};

use crate::common;
use crate::common::{Home, found, not_found, stderr, stdout};

const HUB: &str = "https://index.docker.io/v1/";

/// The base64 of `me:canary-1`, `me:canary-2` and `me:canary-3`.
const CANARIES: [&str; 3] = ["bWU6Y2FuYXJ5LTE=", "bWU6Y2FuYXJ5LTI=", "bWU6Y2FuYXJ5LTM="];

/// A helper with its logins in the folder `kept` of its own folder: for each the key in `N.key`, the answer in
/// `N.json`.
const HELPER: &str = r#"#!/bin/sh
cd "${0%/*}/kept" || exit 1
input=$(cat)
case $1 in
list)
  sep='{'
  for file in *.key; do [ -e "$file" ] || continue; printf '%s"Registry credentials for %s":"me"' "$sep" "$(cat "$file")"; sep=,; done
  [ "$sep" = , ] || printf '{'
  printf '}\n' ;;
get | erase)
  for file in *.key; do
    [ "$(cat "$file")" = "$input" ] || continue
    [ -e "${file%.key}.json" ] || break
    if [ "$1" = get ]; then cat "${file%.key}.json"; else rm "$file" "${file%.key}.json"; fi
    exit
  done
  echo "credentials not found in native keychain"
  exit 1 ;;
esac
"#;

fn write(path: &Path, text: &str) {
    fs::create_dir_all(path.parent().expect("a folder")).expect("made");
    fs::write(path, text).expect("written");
}

fn read(path: &Path) -> Value {
    serde_json::from_slice(&fs::read(path).expect("a file")).expect("JSON")
}

fn backup(path: &Path) -> PathBuf {
    PathBuf::from(format!("{}.bak", path.display()))
}

/// Returns the program with the helpers of the home in `PATH`.
fn program<const N: usize>(home: &Home, args: [&str; N]) -> Command {
    let mut program = home.program(args);
    program.env("PATH", format!("{}:{}:/usr/bin:/bin", home.path().join("bin").display(), path()));
    program
}

fn path() -> String {
    common::program_folder().display().to_string()
}

/// Puts a program into the home's `bin`.
fn script(home: &Home, name: &str, text: &str) {
    common::write_program(&home.path().join("bin").join(name), text);
}

/// Puts a helper into the home with these keys, each with its answer to `get`.
fn helper(home: &Home, name: &str, kept: &[(&str, &str)]) -> PathBuf {
    script(home, &format!("docker-credential-{name}"), HELPER);
    let folder = home.path().join("bin/kept");
    fs::create_dir_all(&folder).expect("made");
    for (at, (key, answer)) in kept.iter().enumerate() {
        fs::write(folder.join(format!("{at}.key")), key).expect("written");
        if !answer.is_empty() {
            fs::write(folder.join(format!("{at}.json")), answer).expect("written");
        }
    }
    folder
}

/// Checks that no file of the home contains a secret of these tests, except in `bin`.
fn assert_no_canary(folder: &Path) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            if !path.ends_with("bin") {
                assert_no_canary(&path);
            }
            continue;
        }
        let text = String::from_utf8_lossy(&fs::read(&path).expect("a file")).into_owned();
        let shows = |form: &str| text.contains(form);
        assert!(!shows("canary") && !CANARIES.iter().any(|form| shows(form)), "{}", path.display());
    }
}

/// Returns all output of the program, and checks that it contains no secret.
fn output(assert: &assert_cmd::assert::Assert) -> String {
    let output = stdout(assert) + &stderr(assert);
    assert!(!output.contains("canary") && !CANARIES.iter().any(|form| output.contains(form)), "{output}");
    output
}

#[test]
fn plain_logins_of_docker_are_imported_and_removed_from_the_file() {
    let home = Home::new();
    let config = home.docker_config();
    let [one, two, three] = CANARIES;
    write(
        &config,
        &format!(
            r#"{{"psFormat":"table","auths":{{"{HUB}":{{"auth":"{one}","email":"x"}},"ghcr.io":{{"auth":"{two}"}},"quay.io":{{"auth":"bWU6","identitytoken":"canary-3"}},"empty.example":{{}}}}}}"#
        ),
    );
    let before = fs::read(&config).expect("there");
    let dry = output(&home.run(["import", "--dry-run"]).success());
    assert!(dry.contains("me@docker.io") && dry.matches("new").count() == 3, "{dry}");
    assert!(!home.vault().exists() && !home.key().exists(), "nothing is made");
    let refused = output(&home.run(["import", "--remove"]).code(1));
    assert!(
        refused.contains("it would be logged out there")
            && refused.contains("hint: docker-credential-pat install,"),
        "{refused}"
    );
    assert!(home.tokens().is_empty());
    let moved = output(&home.run(["import"]).success());
    assert!(moved.contains("3 copied into the vault; 3 read back"), "{moved}");
    assert_eq!(fs::read(&config).expect("there"), before);
    assert_eq!(home.get("ghcr.io"), found("me", "canary-2"));
    assert_eq!(home.get("quay.io"), found("<token>", "canary-3"));
    assert_eq!(home.token("me@ghcr.io")["origin"], "import");
    assert_eq!(home.list(), json!({HUB: "me", "ghcr.io": "me", "quay.io": "<token>"}));

    let installed = output(&home.run(["install"]).success());
    assert!(installed.contains("docker-credential-pat import --remove"), "{installed}");
    assert!(
        !fs::read_to_string(backup(&config)).expect("a backup").contains(one),
        "no backup holds a secret"
    );
    write(&backup(&config), &format!(r#"{{"auths":{{"old.example":{{"auth":"{three}"}}}}}}"#));
    let removed = output(&home.run(["import", "--remove"]).success());
    assert!(
        removed.contains("0 copied into the vault; 3 read back")
            && removed.contains("3 taken out of ~/.docker/config.json"),
        "{removed}"
    );
    let auths = json!({HUB: {"email": "x"}, "ghcr.io": {}, "quay.io": {}, "empty.example": {}});
    assert_eq!(read(&config), json!({"psFormat": "table", "auths": auths, "credsStore": "pat"}));
    assert_eq!(fs::metadata(backup(&config)).expect("a backup").permissions().mode() & 0o777 & !0o600, 0);
    assert_no_canary(home.path());
    assert_eq!(home.get(HUB), found("me", "canary-1"));
    assert!(output(&home.run(["import", "--remove"]).success()).contains("there is nothing to copy"));
}

/// Runs `import --remove`, and makes a change as `uninstall` would, after the logins were copied and before they are
/// removed.
fn remove_meanwhile(home: &Home, args: &[&str], change: impl FnOnce()) -> String {
    let lock = setup::lock(&home.path().join(".config/docker-credential-pat/setup.json")).expect("the lock");
    let mut program = std::process::Command::new(common::program());
    program.args(["import", "--remove"]).args(args).env_clear().env("HOME", home.path());
    program.env("PATH", format!("{}:{}:/usr/bin:/bin", home.path().join("bin").display(), path()));
    program.env("DOCKER_CREDENTIAL_PAT_KEY_HOLDER", "key-file").current_dir(home.path());
    let mut child = program.stderr(Stdio::piped()).spawn().expect("it runs");
    let mut lines = BufReader::new(child.stderr.take().expect("piped")).lines().map_while(Result::ok);
    let mut said: String = lines.by_ref().take_while(|line| !line.contains("read back")).collect();
    change();
    drop(lock);
    said.extend(lines);
    child.wait().expect("it ends");
    said
}

#[test]
fn logins_stay_where_the_client_no_longer_asks_this_program_when_they_are_removed() {
    let home = Home::new();
    let config = home.docker_config();
    let [one, two, _] = CANARIES;
    let auths = format!(r#""auths":{{"ghcr.io":{{"auth":"{one}"}},"quay.io":{{"auth":"{two}"}}}}"#);
    let without = format!(r#"{{{auths},"credHelpers":{{"quay.io":"pat"}}}}"#);
    write(&config, &format!(r#"{{{auths},"credsStore":"pat"}}"#));
    let said = remove_meanwhile(&home, &[], || write(&config, &without));
    assert!(said.contains("1 taken out of") && said.contains("1 changed in ~/.docker/config.json"), "{said}");
    assert_eq!(read(&config)["auths"], json!({"ghcr.io": {"auth": one}, "quay.io": {}}));

    write(&config, r#"{"credsStore":"pat"}"#);
    let logins = ["ghcr.io", "quay.io"].map(|key| (key, common::credentials(key, "me", "canary-1")));
    let kept = helper(&home, "other", &logins.each_ref().map(|(key, answer)| (*key, answer.as_str())));
    let without = r#"{"credsStore":"other","credHelpers":{"quay.io":"pat"}}"#;
    let said = remove_meanwhile(&home, &["--helper", "other"], || write(&config, without));
    assert!(said.contains("no longer called for ghcr.io: left in docker-credential-other"), "{said}");
    assert!(kept.join("0.json").exists() && !kept.join("1.json").exists(), "{said}");
}

#[test]
fn remove_cleans_the_backup_even_without_any_login() {
    let home = Home::new();
    let config = home.docker_config();
    write(&config, r#"{"credsStore":"pat"}"#);
    write(&backup(&config), &format!(r#"{{"auths":{{"a.example":{{"auth":"{}"}}}}}}"#, CANARIES[0]));
    output(&home.run(["import"]).success());
    assert!(fs::read_to_string(backup(&config)).expect("there").contains(CANARIES[0]), "without --remove");
    output(&home.run(["import", "--remove"]).success());
    assert_eq!(read(&backup(&config)), json!({"auths": {"a.example": {}}}));
}

#[test]
fn logins_that_cannot_be_imported_stay_and_the_others_are_moved() {
    let home = Home::new();
    let config = home.docker_config();
    write(
        &config,
        &format!(
            r#"{{"credsStore":"pat","auths":{{"a.example":{{"auth":"canary!"}},"b.example":{{"registrytoken":"canary"}},"c.example":{{"auth":"{}"}}}}}}"#,
            CANARIES[0]
        ),
    );
    let moved = output(&home.run(["import", "--remove"]).code(1));
    for part in [
        "cannot: its auth is not base64",
        "cannot: no helper can keep a registrytoken",
        "error: 2 could not be copied, and stay where they are",
    ] {
        assert!(moved.contains(part), "{part}: {moved}");
    }
    assert_eq!(
        read(&config)["auths"],
        json!({"a.example": {"auth": "canary!"}, "b.example": {"registrytoken": "canary"}, "c.example": {}})
    );
    assert_eq!(home.get("c.example"), found("me", "canary-1"));
}

#[test]
fn import_overwrites_no_token_and_changes_no_answer() {
    let home = Home::new();
    home.store("https://ghcr.io/v2/", "me", "of a login");
    home.bring("mine", "quay.io", "me", "of a person", &[]).success();
    let login = |secret: &str| format!(r#"{{"username":"me","password":"{secret}"}}"#);
    let auths = format!(
        r#"{{"auths":{{"ghcr.io":{},"https://ghcr.io/v1/":{},"quay.io":{},"new.example":{}}}}}"#,
        login("canary-1"),
        login("of a login"),
        login("canary-2"),
        login("canary-3")
    );
    write(&home.docker_config(), &auths);
    let moved = output(&home.run(["import"]).success());
    assert!(moved.contains("3 copied into the vault; 4 read back"), "{moved}");
    let names: Vec<_> =
        home.tokens().iter().map(|token| token["name"].as_str().expect("a name").to_owned()).collect();
    assert_eq!(names, ["me@ghcr.io", "mine", "me@ghcr.io-2", "me@quay.io", "me@new.example"]);
    for key in ["ghcr.io", "https://ghcr.io/v1/", "https://ghcr.io"] {
        assert_eq!(home.get(key), found("me", "of a login"), "{key}");
    }
    assert_eq!(home.get("quay.io"), found("me", "of a person"));
    assert_eq!(home.get("new.example"), found("me", "canary-3"));
    output(&home.run(["use", "me@ghcr.io-2"]).success());
    assert_eq!(home.get("ghcr.io"), found("me", "canary-1"));
    assert!(output(&home.run(["import"]).success()).contains("0 copied into the vault; 4 read back"));
    assert_eq!(home.get("ghcr.io"), found("me", "canary-1"));
}

#[test]
fn logins_of_another_helper_are_imported_and_erased_there() {
    let home = Home::new();
    let answer = |key: &str, secret: &str| common::credentials(key, "me", secret);
    let kept = helper(
        &home,
        "other",
        &[
            (HUB, &answer(HUB, "canary-1")),
            ("https://ghcr.io", &answer("https://ghcr.io", "canary-2")),
            ("gone.example", ""),
        ],
    );
    write(&home.docker_config(), r#"{"credsStore":"other"}"#);
    let refused = output(&program(&home, ["import", "--remove"]).assert().code(1));
    assert!(refused.contains("it would be logged out there"), "{refused}");
    // install remembers the helper that it replaces.
    output(&program(&home, ["install", "--no-import"]).assert().success());
    let moved = output(&program(&home, ["import"]).assert().code(1));
    for part in [
        "docker-credential-other",
        "it lists the key, and has nothing for it",
        "2 copied into the vault; 2 read back",
        "1 could not be copied",
    ] {
        assert!(moved.contains(part), "{part}: {moved}");
    }
    assert_eq!(home.get("https://ghcr.io"), found("me", "canary-2"));
    assert_eq!(fs::read_dir(&kept).expect("there").count(), 5, "nothing is erased yet");
    let removed = output(&program(&home, ["import", "--remove"]).assert().code(1));
    assert!(removed.contains("2 erased from docker-credential-other"), "{removed}");
    assert_eq!(fs::read_dir(&kept).expect("there").count(), 1);
    assert_no_canary(home.path());
    assert_eq!(home.get(HUB), found("me", "canary-1"));
}

#[test]
fn a_failing_helper_is_named_and_the_others_are_imported() {
    let home = Home::new();
    helper(&home, "other", &[("ghcr.io", &common::credentials("ghcr.io", "me", "canary-1"))]);
    script(&home, "docker-credential-bad", "#!/bin/sh\necho 'the store is locked'\nexit 1\n");
    script(&home, "docker-credential-liar", "#!/bin/sh\necho canary\n");
    write(
        &home.docker_config(),
        r#"{"credsStore":"bad","credHelpers":{"a":"absent","b":"../x","c":"liar","d":"other","e":"pat","f":"ecr-login"}}"#,
    );
    let moved = output(&program(&home, ["import"]).assert().code(1));
    for part in [
        "docker-credential-bad list says: the store is locked",
        "cannot find the program docker-credential-absent",
        "\"../x\" is not the name of a credential helper",
        "docker-credential-liar list gives no answer that can be read",
        "\"ecr-login\" makes a new short-lived token at each call",
        "1 copied into the vault; 1 read back",
        "error: 1 could not be copied, and 4 helpers did not do all that they were asked",
    ] {
        assert!(moved.contains(part), "{part}: {moved}");
    }
    assert_eq!(home.get("ghcr.io"), found("me", "canary-1"));
    let alone = output(&program(&home, ["import", "--helper", "bad"]).assert().code(1));
    assert!(alone.contains("the store is locked") && !alone.contains("absent"), "{alone}");
    assert!(
        output(&program(&home, ["import", "--helper", "pat"]).assert().code(1))
            .contains("this program itself")
    );
    program(&home, ["import", "--helper", "other", "--podman"]).assert().code(2);
}

#[test]
fn a_helper_that_cannot_list_is_asked_for_the_keys_in_the_file() {
    for (list, code) in [("echo '{}'", 0), ("echo 'not implemented'; exit 1", 1)] {
        let home = Home::new();
        let get = r#"read -r key; [ "$key" = gone.example ] && { echo 'credentials not found in native keychain'; exit 1; }
printf '{"ServerURL":"%s","Username":"bob","Secret":"kept for %s"}' "$key" "$key""#;
        script(
            &home,
            "docker-credential-mute",
            &format!("#!/bin/sh\ncase $1 in list) {list} ;; get) {get} ;; esac\n"),
        );
        write(
            &home.docker_config(),
            r#"{"auths":{"reg.example":{},"gone.example":{}},"credsStore":"mute","credHelpers":{"host.example:5000":"mute"}}"#,
        );
        let text = output(&program(&home, ["import"]).assert().code(code));
        for key in ["reg.example", "host.example:5000"] {
            assert_eq!(home.get(key), found("bob", &format!("kept for {key}")), "{text}");
        }
        assert!(!text.contains("gone.example"), "{text}");
    }
}

#[test]
fn a_key_that_a_helper_refuses_is_named_and_the_others_are_imported() {
    let home = Home::new();
    script(
        &home,
        "docker-credential-locked",
        r#"#!/bin/sh
[ $1 = list ] && echo '{"a.example":"u","locked.example":"u","z.example":"u"}' && exit
read -r key
[ "$key" != locked.example ] || { echo 'not allowed now'; exit 1; }
printf '{"ServerURL":"%s","Username":"u","Secret":"s"}' "$key""#,
    );
    let text = output(&program(&home, ["import", "--helper", "locked"]).assert().code(1));
    assert!(
        text.contains("locked.example")
            && text.contains("docker-credential-locked get says: not allowed now"),
        "{text}"
    );
    for key in ["a.example", "z.example"] {
        assert_eq!(home.get(key), found("u", "s"), "{text}");
    }
}

#[test]
fn credentials_in_the_output_of_a_failing_helper_are_not_shown() {
    let home = Home::new();
    script(
        &home,
        "docker-credential-odd",
        r#"#!/bin/sh
[ $1 = list ] && echo '{"ghcr.io":"alice"}' && exit
echo '{"ServerURL":"ghcr.io","Username":"alice","Secret":"CANARY"}'; exit 1"#,
    );
    let text = output(&program(&home, ["import", "--helper", "odd"]).assert().code(1));
    assert!(text.contains("docker-credential-odd get says") && !text.contains("CANARY"), "{text}");
}

#[test]
fn an_erase_without_effect_is_reported() {
    let home = Home::new();
    helper(&home, "other", &[("ghcr.io", &common::credentials("ghcr.io", "me", "canary-1"))]);
    let lame = HELPER.replace("rm \"$file\" \"${file%.key}.json\"", ":");
    script(&home, "docker-credential-other", &lame);
    write(&home.docker_config(), r#"{"credsStore":"pat"}"#);
    let removed = output(&program(&home, ["import", "--helper", "other", "--remove"]).assert().code(1));
    assert!(
        removed.contains("docker-credential-other says that it has erased ghcr.io, but still has it"),
        "{removed}"
    );
    assert_eq!(home.get("ghcr.io"), found("me", "canary-1"));
}

#[test]
fn podmans_paths_become_scopes_and_its_entries_are_removed_whole() {
    let home = Home::new();
    let file = home.path().join("run/auth.json");
    let auth = |auth: &str| format!(r#"{{"auth":"{auth}"}}"#);
    let [one, two, three] = CANARIES.map(auth);
    write(
        &file,
        &format!(
            r#"{{"auths":{{"ghcr.io/acme":{one},"docker.io":{two},"quay.io":{three}}},"credHelpers":{{"ghcr.io":"pat","docker.io":"pat"}}}}"#
        ),
    );
    let run = |args: &[&str]| {
        let mut program = home.program([]);
        program.args(args).env("REGISTRY_AUTH_FILE", &file).assert()
    };
    // A login that podman would lose stays, and the others are removed.
    let partly = output(&run(&["import", "--podman", "--remove"]).code(1));
    assert!(
        partly.contains("3 copied into the vault; 3 read back") && partly.contains("2 taken out of"),
        "{partly}"
    );
    assert!(partly.contains("does not call this program for quay.io:"), "{partly}");
    assert!(partly.contains("docker-credential-pat install --podman --registry quay.io,"), "{partly}");
    assert_eq!(read(&file)["auths"], json!({"quay.io": {"auth": CANARIES[2]}}));
    let other = output(&home.run(["import", "--remove", "--file", file.to_str().expect("UTF-8")]).code(1));
    assert!(
        other.contains("REGISTRY_AUTH_FILE=") && other.contains(" install --podman --registry quay.io,"),
        "{other}"
    );
    output(&run(&["install", "--podman", "--registry", "quay.io"]).success());
    let moved = output(&run(&["import", "--podman", "--remove"]).success());
    assert!(moved.contains("0 copied into the vault; 1 read back"), "{moved}");
    assert_eq!(read(&file)["auths"], json!({}));
    assert_eq!(home.token("me@ghcr.io")["scopes"], json!(["ghcr.io/acme"]));
    assert_eq!(home.get("ghcr.io/acme/app"), found("me", "canary-1"));
    assert_eq!(home.get("ghcr.io/other/app"), not_found());
    assert_eq!(home.get("docker.io"), found("me", "canary-2"));
    assert_no_canary(home.path());
}

/// Runs a line in a shell whose `docker` prints its arguments and its input.
fn in_shell(home: &Home, line: &str) -> String {
    script(home, "docker", "#!/bin/sh\nfor arg; do printf '[%s]' \"$arg\"; done; cat; echo '|'\n");
    let path = format!("{}:/usr/bin:/bin", home.path().join("bin").display());
    let shell = Command::new("sh").env_clear().env("PATH", path).args(["-c", line]).assert().success();
    stdout(&shell)
}

#[test]
fn docker_login_format_is_a_line_that_a_shell_runs() {
    let home = Home::new();
    let secret = "it's \"$HOME\"\\ `x`\n!字";
    home.program(["add", "ci", "-r", "ghcr.io", "-r", "docker.io", "-u", "o'me", "--secret-stdin"])
        .write_stdin(secret)
        .assert()
        .success();
    let written = home.run(["export", "ci", "--format", "docker-login"]).success();
    assert_eq!(stderr(&written), "note: this contains the secret of \"ci\" in plain text\n");
    let line = stdout(&written);
    assert!(line.starts_with(" printf %s "), "{line}");
    let hub = format!("[login][--username][o'me][--password-stdin]{secret}|\n");
    let ghcr = format!("[login][--username][o'me][--password-stdin][ghcr.io]{secret}|\n");
    assert_eq!(in_shell(&home, &line), hub + &ghcr);
}

#[test]
fn each_other_format_has_the_login_under_its_key() {
    let home = Home::new();
    home.bring("CI for Hub", "docker.io", "me", "canary-1", &[]).success();
    let want = json!({"auths": {HUB: {"auth": CANARIES[0]}}});
    let config = stdout(&home.run(["export", "CI for Hub", "--format", "docker-config"]).success());
    assert_eq!(
        config,
        format!(
            "{{\n\t\"auths\": {{\n\t\t\"{HUB}\": {{\n\t\t\t\"auth\": \"{}\"\n\t\t}}\n\t}}\n}}\n",
            CANARIES[0]
        )
    );

    let manifest = stdout(&home.run(["export", "CI for Hub", "--format", "kubernetes-secret"]).success());
    let (head, data) = manifest.trim_end().rsplit_once(' ').expect("data");
    assert_eq!(
        head,
        "apiVersion: v1\nkind: Secret\nmetadata:\n  name: \"ci-for-hub\"\ntype: kubernetes.io/dockerconfigjson\ndata:\n  .dockerconfigjson:"
    );
    let mut decoded = vec![0; data.len()];
    let length = base64::Engine::decode_slice(&base64::engine::general_purpose::STANDARD, data, &mut decoded);
    assert_eq!(String::from_utf8_lossy(&decoded[..length.expect("base64")]), config);

    let line = stdout(&home.run(["export", "CI for Hub", "--format", "env"]).success());
    assert_eq!(line.lines().count(), 1);
    let shown = in_shell(&home, &format!("eval \"$1\"; {line} printf %s \"$DOCKER_AUTH_CONFIG\""));
    assert_eq!(serde_json::from_str::<Value>(&shown).expect("JSON"), want);
}

#[test]
fn an_output_file_is_private_and_never_overwritten() {
    let home = Home::new();
    home.bring("ci", "*.example.com", "me", "canary-1", &[]).success();
    let file = home.path().join("out.json");
    let path = file.to_str().expect("UTF-8");
    let args = ["export", "ci", "--format", "docker-config", "--registry", "a.example.com", "--output", path];
    let text = output(&home.run(args).success());
    assert!(text.contains("out.json contains the secret of \"ci\" in plain text"), "{text}");
    assert_eq!(read(&file), json!({"auths": {"a.example.com": {"auth": CANARIES[0]}}}));
    assert_eq!(fs::metadata(&file).expect("a file").permissions().mode() & 0o777, 0o600);
    let refused = stderr(&home.run(args).code(1).stdout(""));
    assert!(refused.contains("exists already"), "{refused}");
    for (registry, want) in [
        ("", "is for every registry of *.example.com"),
        ("ghcr.io", "may not go to ghcr.io"),
        ("a.example.com/x", "is not one whole registry"),
    ] {
        let mut program = home.program(["export", "ci", "--format", "docker-config"]);
        let program = if registry.is_empty() { &mut program } else { program.args(["--registry", registry]) };
        let refused = stderr(&program.assert().code(1).stdout(""));
        assert!(refused.contains(want), "{want}: {refused}");
    }
}

#[test]
fn a_token_that_a_format_cannot_express_is_refused() {
    let home = Home::new();
    home.store("ghcr.io", "<token>", "canary-1");
    home.store("https://index.docker.io/v1/refresh-token", "me", "canary-2");
    home.store("quay.io", "canary-3", "canary-3");
    home.store("a.example", "a:b", "canary-1");
    let names: Vec<_> =
        home.tokens().iter().map(|token| token["name"].as_str().expect("a name").to_owned()).collect();
    for (name, formats, want) in [
        (&names[0], ["docker-login", "env", "kubernetes-secret"].as_slice(), "identity token"),
        (&names[1], &["docker-login", "env", "kubernetes-secret"], "a part of Docker Hub's sign-in"),
        (&names[2], &["docker-login"], "its user name is the secret too"),
        (&names[3], &["docker-config", "env"], "at its first colon"),
    ] {
        for format in formats {
            let refused = home.run(["export", name, "--format", format]).code(1).stdout("");
            let text = output(&refused);
            assert!(text.contains(want) && text.contains("hint: "), "{name} {format}: {text}");
        }
    }
    let identity = stdout(&home.run(["export", &names[0], "--format", "docker-config"]).success());
    let want = json!({"auths": {"ghcr.io": {"identitytoken": "canary-1"}}});
    assert_eq!(serde_json::from_str::<Value>(&identity).expect("JSON"), want);
    // The exported file can be imported again.
    let other = Home::new();
    write(&other.docker_config(), &identity);
    output(&other.run(["import"]).success());
    assert_eq!(other.get("ghcr.io"), found("<token>", "canary-1"));
}

#[test]
fn a_token_for_one_path_is_exported_with_a_warning() {
    let home = Home::new();
    home.bring("ci", "ghcr.io/acme", "me", "canary-1", &[]).success();
    let written = home.run(["export", "ci", "--format", "docker-config"]).success();
    assert!(stderr(&written).contains("\"ci\" is for ghcr.io/acme only"), "{}", stderr(&written));
    assert!(stdout(&written).contains("\"ghcr.io\""));
}

#[cfg(unix)]
#[test]
fn logins_come_through_a_pipe() {
    for file in ["-", "/dev/stdin"] {
        let home = Home::new();
        let json = r#"{"auths":{"reg.example":{"auth":"dTpjYW5hcnk="}}}"#;
        let imported = home.program(["import", "--file", file]).write_stdin(json).assert().success();
        assert!(!stderr(&imported).contains("canary"));
        assert_eq!(home.get("reg.example"), found("u", "canary"), "{file}");
        let refused = home.program(["import", "--remove", "--file", file]).write_stdin(json).assert().code(1);
        assert!(stderr(&refused).contains("without --remove"), "{file}");
        let refused = home.program(["import", "--file", file]).write_stdin("{\"auths\":").assert().code(1);
        assert!(stderr(&refused).contains("is not valid JSON"), "{file}");
    }
}

#[test]
fn a_named_file_that_does_not_exist_is_an_error() {
    let home = Home::new();
    for folder in ["", "nowhere/"] {
        let file = home.path().join(format!("{folder}config.json"));
        let mut program = home.program(["import", "--file"]);
        let output = stderr(&program.arg(&file).assert().code(1).stdout(""));
        assert!(
            output.contains("config.json does not exist") && output.contains("import --podman"),
            "{output}"
        );
    }
    home.run(["import"]).success();
    assert_eq!(home.files(), [""; 0]);
}

#[test]
fn an_imported_secret_that_has_expired_is_expired() {
    let home = Home::new();
    let now = env::now().0;
    let ecr = |expires: i64| {
        STANDARD.encode(format!(r#"{{"payload":"x","type":"DATA_KEY","expiration":{expires}}}"#))
    };
    let logins = [
        ("123456789012.dkr.ecr.eu-west-1.amazonaws.com", "AWS", ecr(now - 90_000), "expired"),
        ("210987654321.dkr.ecr.eu-west-1.amazonaws.com", "AWS", ecr(now + 90_000), "active"),
        ("old.azurecr.io", "00000000-0000-0000-0000-000000000000", common::jwt(now - 90_000), "expired"),
        ("new.azurecr.io", "00000000-0000-0000-0000-000000000000", common::jwt(now + 90_000), "active"),
        ("plain.example", "me", "canary".to_owned(), "active"),
    ];
    let auths: serde_json::Map<_, _> = logins
        .iter()
        .map(|(host, user, secret, _)| {
            ((*host).to_owned(), json!({"auth": STANDARD.encode(format!("{user}:{secret}"))}))
        })
        .collect();
    fs::create_dir(home.path().join(".docker")).expect("a folder");
    fs::write(home.docker_config(), json!({ "auths": auths }).to_string()).expect("a file");
    home.run(["install"]).success();
    home.run(["import"]).success();
    for (host, user, secret, state) in logins {
        assert_eq!(home.token(&format!("{user}@{host}"))["state"], state, "{host}");
        assert_eq!(
            home.get(host),
            if state == "active" { found(user, &secret) } else { not_found() },
            "{host}"
        );
    }
    home.run(["import", "--remove"]).success();
    assert!(
        !fs::read_to_string(home.docker_config()).expect("a file").contains("\"auth\""),
        "all are in the vault"
    );
}

#[test]
fn import_changes_no_answer_of_a_wider_token() {
    for (scope, more) in [
        ("*.example.com", &[][..]),
        ("reg.example.com/acme", &[]),
        ("reg.example.com", &["--permission", "pull,push"]),
    ] {
        let home = Home::new();
        home.bring("mine", scope, "al", "canary-1", more).success();
        let get = |direction: &str| {
            let mut program = home.program(["get"]);
            if !direction.is_empty() {
                program.env("DOCKER_CREDENTIAL_PAT_DIRECTION", direction);
            }
            stdout(&program.write_stdin("reg.example.com").assert().success())
        };
        write(
            &home.docker_config(),
            &json!({"auths": {"reg.example.com": {"auth": CANARIES[1]}}}).to_string(),
        );
        let moved = output(&home.run(["import"]).success());
        for direction in ["", "pull", "push"] {
            assert!(get(direction).contains("\"Username\":\"al\""), "{scope} {direction}: {moved}");
        }
        assert_eq!(moved.contains("is signed out at reg.example.com"), scope != "reg.example.com", "{moved}");
    }
}

#[test]
fn pull_secrets_of_kubernetes_come_back() {
    let home = Home::new();
    home.bring("ci", "reg.example", "me", "canary-1", &[]).success();
    let manifest = home.path().join("secret.yaml");
    let text = manifest.to_str().expect("UTF-8");
    let args = ["export", "ci", "--format", "kubernetes-secret", "--output", text];
    output(&home.run(args).success());
    let other = Home::new();
    output(&other.run(["import", "--file", text]).success());
    assert_eq!(other.get("reg.example"), found("me", "canary-1"));
    let refused = output(&other.run(["import", "--file", text, "--remove"]).code(1));
    assert!(refused.contains("logins cannot be removed from") && refused.contains("--file"), "{refused}");

    let [one, two, _] = CANARIES;
    let list = json!({"apiVersion": "v1", "kind": "List", "items": [
        {"kind": "Secret", "type": "kubernetes.io/dockerconfigjson",
            "stringData": {".dockerconfigjson": json!({"auths": {"a.example": {"auth": one}}}).to_string()}},
        {"kind": "Secret", "type": "kubernetes.io/dockercfg",
            "stringData": {".dockercfg": json!({"b.example": {"auth": two}}).to_string()}},
    ]});
    let piped = other.program(["import", "--file", "-"]).write_stdin(list.to_string()).assert().success();
    output(&piped);
    assert_eq!(other.get("a.example"), found("me", "canary-1"));
    assert_eq!(other.get("b.example"), found("me", "canary-2"));
    let empty = r#"{"apiVersion":"v1","kind":"ConfigMap","data":{"canary":"canary"}}"#;
    let none = other.program(["import", "--file", "-"]).write_stdin(empty).assert().code(1);
    assert!(output(&none).contains("has no secret of type kubernetes.io/dockerconfigjson"));
}

#[test]
fn the_lasting_file_of_podman_and_dockercfg_are_read_with_podmans() {
    let home = Home::new();
    let [one, two, three] = CANARIES;
    let lasting = home.path().join(".config/containers/auth.json");
    let legacy = home.path().join(".dockercfg");
    write(
        &home.path().join("run/containers/auth.json"),
        &json!({"auths": {"a.example": {"auth": one}}}).to_string(),
    );
    write(&lasting, &json!({"auths": {"a.example": {"auth": two}, "b.example": {"auth": two}}}).to_string());
    write(&legacy, &json!({"c.example": {"auth": three, "email": "x"}}).to_string());
    output(&home.run(["import", "--podman"]).success());
    for (key, secret) in [("a.example", "canary-1"), ("b.example", "canary-2"), ("c.example", "canary-3")] {
        assert_eq!(home.get(key), found("me", secret), "{key}");
    }
    // The file of a session does not last, so it does not count for the lasting one.
    home.run(["install", "--podman", "--no-import"]).success();
    let refused = output(&home.run(["import", "--podman", "--remove"]).code(1));
    assert!(refused.contains(".config/containers/auth.json does not call this program"), "{refused}");
    assert!(refused.contains("hint: REGISTRY_AUTH_FILE="), "{refused}");
    assert!(fs::read_to_string(&lasting).expect("there").contains(two));
    // registries.conf counts for both.
    write(&home.path().join(".config/containers/registries.conf"), "credential-helpers = [\"pat\"]\n");
    output(&home.run(["import", "--podman", "--remove"]).success());
    assert_eq!(read(&lasting), json!({"auths": {}}));
    assert!(fs::read_to_string(&legacy).expect("there").contains(three), "nothing writes this file");
}

#[test]
fn buildx_folders_become_scopes_and_permissions() {
    let home = Home::new();
    let [one, two, three] = CANARIES;
    let folder = home.path().join(".docker/buildx/config");
    let config = |auth: &str| json!({"auths": {"ghcr.io": {"auth": auth}}}).to_string();
    write(&folder.join("ghcr.io/org@pull/config.json"), &config(one));
    write(&folder.join("ghcr.io/org@pull,push/config.json"), &config(two));
    write(&folder.join("ghcr.io/other/config.json"), &config(three));
    write(&home.docker_config(), r#"{"credsStore":"pat"}"#);
    output(&home.run(["import", "--remove"]).success());
    let tokens: Vec<_> =
        home.tokens().iter().map(|token| json!([token["scopes"][0], token["permissions"]])).collect();
    assert_eq!(
        tokens,
        [
            json!(["ghcr.io/org", ["pull"]]),
            json!(["ghcr.io/org", ["pull", "push"]]),
            json!(["ghcr.io/other", null])
        ]
    );
    assert_no_canary(home.path());
    // buildx reads nothing else for this part, so it must ask from here.
    let left = read(&folder.join("ghcr.io/org@pull/config.json"));
    assert_eq!(left, json!({"auths": {"ghcr.io": {}}, "credsStore": "pat"}));
}

#[test]
fn a_missing_helper_that_was_named_is_one_error() {
    let home = Home::new();
    let message = stderr(&home.run(["import", "--helper", "absent"]).code(1).stdout(""));
    let want = "error: cannot find the program docker-credential-absent\n";
    assert!(message.contains(want) && message.matches("error: ").count() == 1, "{message}");
    assert!(!message.contains("there is nothing to copy") && message.lines().count() == 2, "{message}");
}

#[test]
fn install_leads_on_to_the_tokens_that_are_there() {
    let home = Home::new();
    home.add("ci", "ghcr.io");
    let message = stderr(&home.run(["install"]).success());
    assert!(message.ends_with("next: docker-credential-pat ls\n"), "{message}");
}
