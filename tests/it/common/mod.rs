//! A separate home for each test, and the program in it.

#[cfg(feature = "online")]
pub(crate) mod hub_double;
#[cfg(feature = "online")]
pub(crate) mod server;

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use assert_cmd::Command;
use assert_cmd::assert::Assert;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use tempfile::TempDir;

/// The time after which a step counts as hanging. Speed is not tested.
pub(crate) const HANG: Duration = Duration::from_secs(60);

pub(crate) const NOT_FOUND: &str = "credentials not found in native keychain\n";

/// A temporary home; the program sees nothing of the real one.
pub(crate) struct Home(TempDir);

impl Home {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().expect("a folder"))
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    pub(crate) fn vault(&self) -> PathBuf {
        self.path().join(".local/share/docker-credential-pat/vault")
    }

    pub(crate) fn key(&self) -> PathBuf {
        self.path().join(".config/docker-credential-pat/key")
    }

    pub(crate) fn docker_config(&self) -> PathBuf {
        self.path().join(".docker/config.json")
    }

    /// Returns the program with these arguments, in this home and with no other environment.
    pub(crate) fn program<const N: usize>(&self, args: [&str; N]) -> Command {
        let mut command = Command::new(program());
        command.timeout(HANG);
        command.env_clear().env("HOME", self.path()).env("PATH", program_folder()).args(args);
        // Without a session, podman of root uses the file of the whole machine.
        command.env("XDG_RUNTIME_DIR", self.path().join("run"));
        // The key of a test's vault must not reach the keyring of the person who runs the tests.
        command.env("DOCKER_CREDENTIAL_PAT_KEY_HOLDER", "key-file");
        command
    }

    pub(crate) fn run<const N: usize>(&self, args: [&str; N]) -> Assert {
        self.program(args).assert()
    }

    /// Calls one of Docker's verbs with something on stdin.
    pub(crate) fn call(&self, verb: &str, stdin: impl Into<Vec<u8>>) -> Assert {
        self.program([verb]).write_stdin(stdin).assert()
    }

    /// Stores credentials as Docker does.
    pub(crate) fn store(&self, key: &str, user: &str, secret: &str) {
        self.store_as_sent(&credentials(key, user, secret));
    }

    /// Stores JSON as a client sends it; stdout and stderr stay empty, except for one hint for Docker Hub.
    pub(crate) fn store_as_sent(&self, json: &str) {
        let stored = self.call("store", json).success().stdout("");
        let output = stderr(&stored);
        let hint = "docker-credential-pat: a personal access token is safer than a password";
        let is_hint = output.starts_with(hint) && output.lines().count() == 1 && json.contains("docker.io");
        assert!(output.is_empty() || is_hint, "{output}");
    }

    /// Returns the user name and secret in the answer of `get`, or its error.
    pub(crate) fn get(&self, key: &str) -> Result<(String, String), String> {
        let output = self.call("get", key).get_output().clone();
        let stdout = String::from_utf8(output.stdout).expect("UTF-8");
        match output.status.code() {
            Some(0) => {
                let answer: serde_json::Value = serde_json::from_str(&stdout).expect("JSON");
                assert_eq!(answer["ServerURL"], key.trim(), "the key comes back unchanged");
                assert_eq!(answer.as_object().expect("an object").len(), 3);
                let text = |name: &str| answer[name].as_str().expect("a string").to_owned();
                Ok((text("Username"), text("Secret")))
            }
            Some(1) => Err(stdout),
            code => Err(format!("exit code {code:?}")),
        }
    }

    pub(crate) fn list(&self) -> serde_json::Value {
        let output = self.call("list", "unused").success().get_output().clone();
        serde_json::from_slice(&output.stdout).expect("JSON")
    }

    /// Returns the tokens of `ls --json`.
    pub(crate) fn tokens(&self) -> Vec<serde_json::Value> {
        let output = self.run(["ls", "--json"]).success().get_output().clone();
        let listing: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
        assert_eq!(listing["version"], 1);
        listing["tokens"].as_array().expect("an array").clone()
    }

    /// Adds a token as a person does; its secret is its name with `secret of ` in front.
    pub(crate) fn add(&self, name: &str, registry: &str) -> Assert {
        let args = ["add", name, "--registry", registry, "--user", "me", "--secret-stdin"];
        self.program(args).write_stdin(format!("secret of {name}\n")).assert().success()
    }

    /// Adds a token as a person does, with this secret and additional arguments.
    pub(crate) fn bring(
        &self,
        name: &str,
        registry: &str,
        user: &str,
        secret: &str,
        more: &[&str],
    ) -> Assert {
        let mut program = self.program(["add", name, "-r", registry, "-u", user, "--secret-stdin"]);
        program.args(more).write_stdin(secret).assert()
    }

    /// Returns the token of `ls --json` that has this name.
    pub(crate) fn token(&self, name: &str) -> serde_json::Value {
        self.tokens().into_iter().find(|token| token["name"] == name).expect(name)
    }

    /// Returns the name of the token that a request gets.
    pub(crate) fn given(&self, args: &[&str]) -> String {
        let output = self.program(["explain", "--json"]).args(args).assert().success().get_output().clone();
        let answer: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
        answer["token"].as_str().unwrap_or("none").to_owned()
    }

    /// Checks `ls` and `list` of a published vault against its recorded answers.
    pub(crate) fn assert_lists(&self, answers: &serde_json::Value) {
        let wanted = answers["tokens"].as_array().expect("an array");
        assert_eq!(self.tokens().len(), wanted.len());
        for (token, wanted) in self.tokens().iter().zip(wanted) {
            // A later version may add names, but must keep these values.
            for (name, value) in wanted.as_object().expect("an object") {
                // Version 0.1 called it so, and named two directions.
                if name == "in_use_to" {
                    let known = token["in_use_for"].as_array().expect("an array").iter();
                    let known: Vec<_> = known.filter(|word| **word != "unknown").cloned().collect();
                    assert_eq!(known, *value.as_array().expect("an array"));
                    continue;
                }
                // Version 0.1 called two permissions read and write.
                let value =
                    value.to_string().replace("\"read\"", "\"pull\"").replace("\"write\"", "\"push\"");
                assert_eq!(token[name].to_string(), value, "{name}");
            }
        }
        assert_eq!(self.list(), answers["list"]);
    }

    /// Calls one of Docker's verbs with something on stdin and one more variable.
    pub(crate) fn call_with(&self, variable: (&str, &str), verb: &str, stdin: &str) -> Assert {
        self.program([verb]).env(variable.0, variable.1).write_stdin(stdin).assert()
    }

    /// Returns the names of all files in the folders of the program, except the lock and the record of writes.
    pub(crate) fn files(&self) -> Vec<String> {
        let folders = [self.vault(), self.key()].map(|path| path.parent().map(Path::to_owned));
        let entries = folders.into_iter().flatten().filter_map(|folder| fs::read_dir(folder).ok()).flatten();
        let mut names: Vec<_> = entries
            .map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned())
            .collect();
        names.retain(|name| name != "vault.lock" && name != "vaults");
        names.sort();
        names
    }
}

pub(crate) fn credentials(key: &str, user: &str, secret: &str) -> String {
    serde_json::json!({ "ServerURL": key, "Username": user, "Secret": secret }).to_string() + "\n"
}

#[allow(clippy::unnecessary_wraps, reason = "compared with what `get` returns")]
pub(crate) fn found(user: &str, secret: &str) -> Result<(String, String), String> {
    Ok((user.to_owned(), secret.to_owned()))
}

pub(crate) fn not_found() -> Result<(String, String), String> {
    Err(NOT_FOUND.to_owned())
}

/// Returns the output for people.
pub(crate) fn stderr(assert: &Assert) -> String {
    String::from_utf8(assert.get_output().stderr.clone()).expect("UTF-8")
}

/// Returns the output for clients.
pub(crate) fn stdout(assert: &Assert) -> String {
    String::from_utf8(assert.get_output().stdout.clone()).expect("UTF-8")
}

/// Returns the secret in an answer to `get`, or the whole output without one.
pub(crate) fn secret_in(assert: &Assert) -> String {
    let text = stdout(assert);
    let answer: Result<serde_json::Value, _> = serde_json::from_str(&text);
    answer.ok().and_then(|answer| answer["Secret"].as_str().map(str::to_owned)).unwrap_or(text)
}

/// Returns a JSON Web Token that expires at this time, in seconds since 1970.
pub(crate) fn jwt(expires: i64) -> String {
    let parts = [r#"{"alg":"HS256"}"#.to_owned(), format!(r#"{{"exp":{expires}}}"#), "signature".to_owned()];
    let encode = |text: String| {
        let mut encoded = vec![0; text.len() * 2 + 4];
        let length = URL_SAFE_NO_PAD.encode_slice(text, &mut encoded).expect("room");
        encoded.truncate(length);
        String::from_utf8(encoded).expect("ASCII")
    };
    parts.map(encode).join(".")
}

pub(crate) fn program() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_docker-credential-pat"))
}

pub(crate) fn program_folder() -> &'static Path {
    program().parent().expect("a folder")
}

/// Writes a program. Another process writes the file, so that no child that another test starts at that moment inherits
/// its descriptor: until that child runs, the system refuses to run the program, as "Text file busy".
#[cfg(unix)]
pub(crate) fn write_program(path: &Path, content: impl AsRef<[u8]>) {
    fs::create_dir_all(path.parent().expect("a folder")).expect("made");
    let mut shell = Command::new("sh");
    shell
        .args(["-c", "cat >\"$0\" && chmod 755 \"$0\""])
        .arg(path)
        .write_stdin(content.as_ref())
        .assert()
        .success();
}

/// Gives a file to its owner alone.
pub(crate) fn make_private(path: &Path) {
    #[cfg(unix)]
    fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(0o600)).expect("chmod");
    #[cfg(not(unix))]
    let _ = path;
}
