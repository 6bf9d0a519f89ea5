//! `install` and `uninstall` around the logins that a client has: it gets the same before, between and after.

#![cfg(unix)]

use std::fs;
use std::path::PathBuf;
use std::process::{Child, Stdio};
use std::thread;
use std::time::Instant;

use assert_cmd::Command;
use docker_credential_pat::docker::config::ConfigFile;
use docker_credential_pat::model::registry::host_as_written;
use serde_json::Value;

use crate::common;
use crate::common::{Home, stderr, stdout};

const HUB: &str = "https://index.docker.io/v1/";

/// A helper that keeps each login in a file `kept-NAME/N.json`, with its key in `N.key`. `LIST` is what `list` does.
const HELPER: &str = r#"#!/bin/sh
name=${0##*docker-credential-}
mkdir -p "${0%/*}/kept-$name" && cd "${0%/*}/kept-$name" || exit 1
input=$(cat)
find() { for file in *.key; do [ -e "$file" ] && [ "$(cat "$file")" = "$1" ] && echo "${file%.key}" && return; done; return 1; }
case $1 in
list) LIST ;;
get) at=$(find "$input") && cat "$at.json" && exit; echo "credentials not found in native keychain"; exit 1 ;;
erase) at=$(find "$input") && rm "$at.key" "$at.json" ;;
store)
  key=$(printf %s "$input" | sed 's/.*"ServerURL":"\([^"]*\)".*/\1/')
  at=$(find "$key") || at=new$$
  printf %s "$key" >"$at.key" && printf %s "$input" >"$at.json" ;;
esac
"#;

const LISTS: &str = r#"sep='{'
  for file in *.key; do [ -e "$file" ] || continue; printf '%s"%s":"u"' "$sep" "$(cat "$file")"; sep=,; done
  [ "$sep" = , ] || printf '{'
  echo '}'"#;
const LISTS_NOTHING: &str = "echo '{}'";
const CANNOT_LIST: &str = "echo 'not implemented'; exit 1";

/// The clients of a shape.
#[derive(Clone, Copy, PartialEq)]
enum Owner {
    Docker,
    Podman,
}

/// A helper of a shape: its name, what `list` does, and its logins as `KEY USER SECRET`.
type Helper = (&'static str, &'static str, &'static [&'static str]);

/// A state of a client's files and helpers. In a file, `«USER:SECRET»` stands for its base64.
struct Shape {
    name: &'static str,
    owner: Owner,
    /// Files below the home, and their text.
    files: &'static [(&'static str, &'static str)],
    helpers: &'static [Helper],
    /// What the client gets: `KEY USER SECRET`, or only a key for nothing.
    gets: &'static [&'static str],
}

const CONFIG: &str = ".docker/config.json";
const AUTH: &str = "run/containers/auth.json";
const LASTING: &str = ".config/containers/auth.json";

const fn docker(
    name: &'static str,
    config: &'static [(&'static str, &'static str)],
    helpers: &'static [Helper],
    gets: &'static [&'static str],
) -> Shape {
    Shape { name, owner: Owner::Docker, files: config, helpers, gets }
}

const fn podman(
    name: &'static str,
    files: &'static [(&'static str, &'static str)],
    helpers: &'static [Helper],
    gets: &'static [&'static str],
) -> Shape {
    Shape { name, owner: Owner::Podman, files, helpers, gets }
}

const SHAPES: &[Shape] = &[
    docker("nothing at all", &[], &[], &["ghcr.io", HUB]),
    docker("an empty file", &[(CONFIG, "")], &[], &["ghcr.io"]),
    docker("null", &[(CONFIG, "null")], &[], &["ghcr.io"]),
    docker(
        "plain text",
        &[(CONFIG, r#"{"auths":{"ghcr.io":{"auth":"«u:s»"},"quay.io":{"auth":"«v:t»"}}}"#)],
        &[],
        &["ghcr.io u s", "quay.io v t", "other.example"],
    ),
    docker(
        "plain text for Docker Hub",
        &[(CONFIG, r#"{"auths":{"https://index.docker.io/v1/":{"auth":"«u:s»","email":"x@y"}}}"#)],
        &[],
        &["https://index.docker.io/v1/ u s"],
    ),
    docker(
        "docker.io beside Docker Hub's key",
        &[(
            CONFIG,
            r#"{"auths":{"docker.io":{"auth":"«b:1»"},"https://index.docker.io/v1/":{"auth":"«a:2»"}}}"#,
        )],
        &[],
        &["https://index.docker.io/v1/ a 2"],
    ),
    docker(
        "an old spelling before the host",
        &[(
            CONFIG,
            r#"{"auths":{"http://reg.example":{"auth":"«old:o»"},"reg.example":{"auth":"«new:n»"}}}"#,
        )],
        &[],
        &["reg.example new n"],
    ),
    docker(
        "only an old spelling",
        &[(CONFIG, r#"{"auths":{"https://reg.example/v1/":{"auth":"«u:s»"}}}"#)],
        &[],
        &["reg.example u s"],
    ),
    docker(
        "an old spelling with a port",
        &[(
            CONFIG,
            r#"{"auths":{"https://localhost:5000":{"auth":"«u:s»"},"localhost:5001":{"auth":"«v:t»"}}}"#,
        )],
        &[],
        &["localhost:5000 u s", "localhost:5001 v t", "localhost"],
    ),
    docker(
        "capitals in a host",
        &[(CONFIG, r#"{"auths":{"Reg.Example":{"auth":"«u:s»"}}}"#)],
        &[],
        &["Reg.Example u s"],
    ),
    docker(
        "names in capitals",
        &[(CONFIG, r#"{"Auths":{"ghcr.io":{"Auth":"«u:s»"}}}"#)],
        &[],
        &["ghcr.io u s"],
    ),
    docker(
        "auths twice",
        &[(CONFIG, r#"{"auths":{"a.example":{"auth":"«u:s»"}},"auths":{"b.example":{"auth":"«v:t»"}}}"#)],
        &[],
        &["a.example u s", "b.example v t"],
    ),
    docker(
        "auths twice with the same host",
        &[(CONFIG, r#"{"auths":{"a.example":{"auth":"«u:s»"}},"AUTHS":{"a.example":{"auth":"«v:t»"}}}"#)],
        &[],
        &["a.example v t"],
    ),
    docker(
        "auths, and then null",
        &[(CONFIG, r#"{"auths":{"a.example":{"auth":"«u:s»"}},"auths":null,"x":{"y":[1,2.50]}}"#)],
        &[],
        &["a.example"],
    ),
    docker(
        "text after the end",
        &[(CONFIG, "{\"auths\":{\"ghcr.io\":{\"auth\":\"«u:s»\"}}}\n}\n")],
        &[],
        &["ghcr.io u s"],
    ),
    docker(
        "an identity token",
        &[(
            CONFIG,
            r#"{"auths":{"acme.azurecr.io":{"auth":"«00000000-0000-0000-0000-000000000000:»","identitytoken":"t"}}}"#,
        )],
        &[],
        &["acme.azurecr.io <token> t"],
    ),
    docker(
        "user name and password",
        &[(CONFIG, r#"{"auths":{"ghcr.io":{"username":"u","password":"s:t"}}}"#)],
        &[],
        &["ghcr.io u s:t"],
    ),
    docker(
        "the marks that Docker leaves for a helper",
        &[(CONFIG, r#"{"auths":{"ghcr.io":{},"quay.io":{}},"credsStore":"kept"}"#)],
        &[("kept", LISTS, &["ghcr.io u s", "quay.io v t"])],
        &["ghcr.io u s", "quay.io v t"],
    ),
    docker(
        "a helper with more than the file names",
        &[(CONFIG, r#"{"credsStore":"kept"}"#)],
        &[("kept", LISTS, &["ghcr.io u s", "https://index.docker.io/v1/ v t"])],
        &["ghcr.io u s", "https://index.docker.io/v1/ v t"],
    ),
    docker(
        "a helper whose list is empty",
        &[(CONFIG, r#"{"auths":{"ghcr.io":{},"gone.example":{}},"credsStore":"kept"}"#)],
        &[("kept", LISTS_NOTHING, &["ghcr.io u s"])],
        &["ghcr.io u s", "gone.example"],
    ),
    docker(
        "a helper that cannot list",
        &[(CONFIG, r#"{"auths":{"ghcr.io":{},"https://quay.io/v2/":{}},"credsStore":"kept"}"#)],
        &[("kept", CANNOT_LIST, &["ghcr.io u s", "quay.io v t"])],
        &["ghcr.io u s", "quay.io v t"],
    ),
    docker(
        "a helper under another case",
        &[(CONFIG, r#"{"credsStore":"none","auths":{"ghcr.io":{}},"credSstore":"kept"}"#)],
        &[("kept", LISTS, &["ghcr.io u s"])],
        &["ghcr.io u s"],
    ),
    docker(
        "an empty helper name",
        &[(CONFIG, r#"{"credsStore":"","auths":{"ghcr.io":{"auth":"«u:s»"}}}"#)],
        &[],
        &["ghcr.io u s"],
    ),
    docker(
        "plain text that a helper hides",
        &[(
            CONFIG,
            r#"{"credsStore":"kept","auths":{"ghcr.io":{"auth":"«old:o»"},"quay.io":{"auth":"«old:o»"}}}"#,
        )],
        &[("kept", LISTS, &["ghcr.io u s"])],
        &["ghcr.io u s", "quay.io"],
    ),
    docker(
        "a helper for one registry",
        &[(CONFIG, r#"{"credHelpers":{"gcr.io":"one"},"auths":{"ghcr.io":{"auth":"«u:s»"},"gcr.io":{}}}"#)],
        &[("one", LISTS, &["gcr.io v t"])],
        &["gcr.io v t", "ghcr.io u s"],
    ),
    docker(
        "helpers that stand twice",
        &[(
            CONFIG,
            r#"{"credHelpers":{"a.example":"one"},"credHelpers":{"b.example":"two"},"credsStore":"kept"}"#,
        )],
        &[
            ("one", LISTS, &["a.example u s"]),
            ("two", LISTS, &["b.example v t"]),
            ("kept", LISTS, &["c.example w r"]),
        ],
        &["a.example u s", "b.example v t", "c.example w r"],
    ),
    docker(
        "no helper for one registry",
        &[(
            CONFIG,
            r#"{"credHelpers":{"ghcr.io":""},"credsStore":"kept","auths":{"ghcr.io":{"auth":"«u:s»"},"quay.io":{}}}"#,
        )],
        &[("kept", LISTS, &["ghcr.io old o", "quay.io v t"])],
        &["ghcr.io u s", "quay.io v t"],
    ),
    docker(
        "a helper that makes tokens",
        &[(CONFIG, r#"{"credsStore":"ecr-login","auths":{"1.dkr.ecr.eu-west-1.amazonaws.com":{}}}"#)],
        &[("ecr-login", CANNOT_LIST, &["1.dkr.ecr.eu-west-1.amazonaws.com AWS t"])],
        &["1.dkr.ecr.eu-west-1.amazonaws.com AWS t"],
    ),
    docker(
        "a helper that makes tokens for one registry",
        &[(CONFIG, r#"{"credHelpers":{"us-docker.pkg.dev":"gcloud"},"auths":{"ghcr.io":{"auth":"«u:s»"}}}"#)],
        &[("gcloud", CANNOT_LIST, &["us-docker.pkg.dev oauth2accesstoken t"])],
        &["us-docker.pkg.dev oauth2accesstoken t", "ghcr.io u s"],
    ),
    docker(
        "a helper that is not installed",
        &[(CONFIG, r#"{"credsStore":"desktop","auths":{"ghcr.io":{}}}"#)],
        &[],
        &["ghcr.io"],
    ),
    docker(
        "an account, a query and an empty port in the name of an entry",
        &[(
            CONFIG,
            r#"{"auths":{"http://bob:pw@a.io/v1/":{"auth":"«u:s»"},"https://c.io?x=1":{"auth":"«v:t»"},"https://d.io:":{"auth":"«w:r»"}}}"#,
        )],
        &[],
        &["a.io u s", "c.io v t", "d.io w r"],
    ),
    docker(
        "an empty entry that hides another spelling",
        &[(CONFIG, r#"{"auths":{"ghcr.io":{},"quay.io":{"auth":"«u:s»"}}}"#)],
        &[],
        &["ghcr.io", "quay.io u s"],
    ),
    docker(
        "Docker Desktop in WSL",
        &[(CONFIG, r#"{"credsStore":"desktop.exe","auths":{"https://index.docker.io/v1/":{}}}"#)],
        &[(
            "desktop.exe",
            LISTS,
            &["https://index.docker.io/v1/ u s", "https://index.docker.io/v1/access-token u jwt"],
        )],
        &["https://index.docker.io/v1/ u s"],
    ),
    docker("pass, which Docker finds by itself", &[], &[("pass", LISTS, &["ghcr.io u s"])], &["ghcr.io u s"]),
    docker(
        "pass, which Docker does not ask because of an entry",
        &[(CONFIG, r#"{"auths":{"ghcr.io":{"auth":"«u:s»"}}}"#)],
        &[("pass", LISTS, &["ghcr.io old o", "quay.io old o"])],
        &["ghcr.io u s", "quay.io"],
    ),
    docker(
        "the Secret Service, which Docker finds by itself",
        &[(CONFIG, r#"{"psFormat":"table","auths":{}}"#)],
        &[("secretservice", LISTS, &["https://index.docker.io/v1/ u s"])],
        &["https://index.docker.io/v1/ u s"],
    ),
    docker(
        "a registry token, which no helper can keep",
        &[(CONFIG, r#"{"auths":{"a.example":{"auth":"not base64"},"ghcr.io":{"auth":"«u:s»"}}}"#)],
        &[],
        &["a.example", "ghcr.io u s"],
    ),
    docker(
        "the same login twice",
        &[(CONFIG, r#"{"auths":{"ghcr.io":{"auth":"«u:s»"},"https://ghcr.io/v2/":{"auth":"«u:s»"}}}"#)],
        &[],
        &["ghcr.io u s"],
    ),
    docker(
        "a secret with escapes",
        &[(CONFIG, r#"{"auths":{"ghcr.io":{"auth":"«u:s\"\\é»"}}}"#)],
        &[],
        &[r#"ghcr.io u s\"\\é"#],
    ),
    podman(
        "podman's file",
        &[(AUTH, r#"{"auths":{"ghcr.io":{"auth":"«u:s»"},"docker.io":{"auth":"«v:t»"}}}"#)],
        &[],
        &["ghcr.io u s", "docker.io v t", "quay.io"],
    ),
    podman(
        "the lasting file",
        &[(LASTING, r#"{"auths":{"quay.io":{"auth":"«u:s»"}}}"#)],
        &[],
        &["quay.io u s", "docker.io"],
    ),
    podman(
        "the session's file before the lasting one",
        &[
            (AUTH, r#"{"auths":{"quay.io":{"auth":"«u:s»"}}}"#),
            (LASTING, r#"{"auths":{"quay.io":{"auth":"«old:o»"},"ghcr.io":{"auth":"«v:t»"}}}"#),
        ],
        &[],
        &["quay.io u s", "ghcr.io v t"],
    ),
    podman(
        "Docker's file after podman's",
        &[(
            CONFIG,
            r#"{"auths":{"https://index.docker.io/v1/":{"auth":"«u:s»"},"ghcr.io":{"auth":"«v:t»"}}}"#,
        )],
        &[],
        &["docker.io u s", "ghcr.io v t"],
    ),
    podman(
        "an old spelling of Docker Hub",
        &[(AUTH, r#"{"auths":{"https://index.docker.io/v1/":{"auth":"«u:s»"}}}"#)],
        &[],
        &["docker.io u s"],
    ),
    podman(
        "a helper for one registry",
        &[(AUTH, r#"{"credHelpers":{"quay.io":"kept"},"auths":{"ghcr.io":{"auth":"«u:s»"}}}"#)],
        &[("kept", LISTS, &["quay.io v t"])],
        &["quay.io v t", "ghcr.io u s"],
    ),
    podman(
        "paths of a registry beside the registry",
        &[(AUTH, r#"{"auths":{"ghcr.io/acme":{"auth":"«a:1»"},"ghcr.io":{"auth":"«u:s»"}}}"#)],
        &[],
        &["ghcr.io u s"],
    ),
];

/// A home with the files and helpers of a shape, and nothing else in `PATH`.
struct Machine {
    home: Home,
    owner: Owner,
}

impl Machine {
    fn new(shape: &Shape) -> Self {
        let machine = Self { home: Home::new(), owner: shape.owner };
        for (file, text) in shape.files {
            machine.write(file, &encoded(text));
        }
        fs::create_dir_all(machine.bin()).expect("made");
        for tool in ["sh", "cat", "rm", "sed", "mkdir"] {
            let tools = ["/bin", "/usr/bin"].map(|folder| PathBuf::from(folder).join(tool));
            let found = tools.into_iter().find(|path| path.exists()).expect(tool);
            std::os::unix::fs::symlink(found, machine.bin().join(tool)).expect("linked");
        }
        for (name, list, logins) in shape.helpers {
            machine.script(&format!("docker-credential-{name}"), &HELPER.replace("LIST", list));
            if *name == "pass" {
                machine.script("pass", "#!/bin/sh\n");
            }
            for (at, login) in logins.iter().enumerate() {
                let (key, user, secret) = parts(login);
                machine.write(&format!("bin/kept-{name}/{at}.key"), key);
                let json = common::credentials(key, user.expect("a user"), secret.expect("a secret"));
                machine.write(&format!("bin/kept-{name}/{at}.json"), &json);
            }
        }
        machine
    }

    fn bin(&self) -> PathBuf {
        self.home.path().join("bin")
    }

    fn write(&self, file: &str, text: &str) {
        let path = self.home.path().join(file);
        fs::create_dir_all(path.parent().expect("a folder")).expect("made");
        fs::write(path, text).expect("written");
    }

    fn script(&self, name: &str, text: &str) {
        common::write_program(&self.bin().join(name), text);
    }

    fn path(&self) -> String {
        format!("{}:{}", self.bin().display(), common::program_folder().display())
    }

    /// Returns the program with arguments for the client of the shape.
    fn program(&self, args: &[&str]) -> Command {
        let mut program = self.home.program([]);
        program.args(args).env("PATH", self.path());
        if self.owner == Owner::Podman && ["install", "uninstall", "import"].contains(&args[0]) {
            program.arg("--podman");
        }
        program
    }

    /// Starts the program with arguments for the client of the shape.
    fn start(&self, args: &[&str]) -> Child {
        let prepared = self.program(args);
        let mut command = std::process::Command::new(common::program());
        command.args(prepared.get_args()).env_clear();
        for (name, value) in prepared.get_envs() {
            command.env(name, value.expect("it is set"));
        }
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        command.spawn().expect("it starts")
    }

    /// Returns the files that the client reads, in its order.
    fn files(&self) -> Vec<ConfigFile> {
        let files: &[&str] = match self.owner {
            Owner::Docker => &[CONFIG],
            Owner::Podman => &[AUTH, LASTING, CONFIG],
        };
        let read = |file: &&str| ConfigFile::read(self.home.path().join(file)).expect("valid");
        files.iter().map(read).collect()
    }

    /// Returns what the client gets for a key, as Docker and podman find it.
    fn client_gets(&self, key: &str) -> Option<(String, String)> {
        for file in self.files() {
            let own = file.helper(key).expect("a name");
            let is_silent = file.entry_names().expect("a map").is_empty()
                && file.registries_with_helpers().expect("a map").is_empty();
            let found = ["pass", "secretservice"]
                .into_iter()
                .find(|name| is_silent && self.bin().join(format!("docker-credential-{name}")).exists());
            let store = file.store().expect("a name").or(found.map(str::to_owned));
            let helper =
                own.or(store.filter(|_| self.owner == Owner::Docker)).filter(|name| !name.is_empty());
            let answer = match helper {
                Some(helper) => self.ask(&helper, key),
                None => self.plain(&file, key),
            };
            if answer.is_some() {
                return answer;
            }
        }
        None
    }

    fn ask(&self, helper: &str, key: &str) -> Option<(String, String)> {
        let name = format!("docker-credential-{helper}");
        let mut folders = [self.bin(), common::program_folder().to_owned()].into_iter();
        let program = folders.find_map(|folder| Some(folder.join(&name)).filter(|path| path.exists()))?;
        let mut command = Command::new(program);
        command.env_clear();
        for (name, value) in self.home.program([]).get_envs() {
            command.env(name, value.expect("it is set"));
        }
        let output = command.env("PATH", self.path()).arg("get").write_stdin(key).output().expect("it runs");
        if !output.status.success() {
            assert_eq!(
                String::from_utf8_lossy(&output.stdout).trim_end(),
                "credentials not found in native keychain"
            );
            return None;
        }
        let answer: Value = serde_json::from_slice(&output.stdout).expect("JSON");
        let text = |name: &str| answer[name].as_str().expect("a text").to_owned();
        Some((text("Username"), text("Secret")))
    }

    fn plain(&self, file: &ConfigFile, key: &str) -> Option<(String, String)> {
        let logins = file.logins().expect("a map");
        let hub = ["https://index.docker.io/v1/", "index.docker.io", "docker.io"];
        let accepts = |entry: &str| match self.owner {
            Owner::Docker => docker_host(entry) == key,
            Owner::Podman => {
                (entry.contains("://") && host_as_written(entry) == key)
                    || (key == "docker.io" && hub.contains(&entry))
            }
        };
        let exact = logins.iter().position(|login| login.key == key);
        let found = exact.or_else(|| logins.iter().position(|login| accepts(&login.key)))?;
        let login = logins[found].credentials.as_ref().ok()?;
        Some((login.user.to_string(), login.secret.expose().to_owned()))
    }

    fn assert_gets(&self, shape: &Shape, when: &str) {
        for line in shape.gets {
            let (key, user, secret) = parts(line);
            let want = user.zip(secret).map(|(user, secret)| (user.to_owned(), secret.to_owned()));
            assert_eq!(self.client_gets(key), want, "{}: {key} {when}", shape.name);
        }
    }
}

/// Returns the host of an entry as Go's `net/url` finds it; without a scheme, what is before the first slash.
fn docker_host(entry: &str) -> &str {
    let Some((_, rest)) = entry.split_once("://") else { return host_as_written(entry) };
    let authority = rest.split(['/', '?', '#']).next().expect("a part");
    authority.rsplit('@').next().expect("a part").trim_end_matches(':')
}

/// Splits `KEY USER SECRET`.
fn parts(line: &str) -> (&str, Option<&str>, Option<&str>) {
    let mut words = line.splitn(3, ' ');
    (words.next().expect("a key"), words.next(), words.next())
}

/// Replaces each `«TEXT»` by its base64.
fn encoded(text: &str) -> String {
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;
    let mut encoded = String::new();
    for (at, piece) in text.split(['«', '»']).enumerate() {
        if at % 2 == 1 { encoded.push_str(&STANDARD.encode(piece)) } else { encoded.push_str(piece) }
    }
    encoded
}

#[test]
fn a_client_gets_the_same_before_install_after_it_and_after_uninstall() {
    assert!(SHAPES.len() >= 40);
    for shape in SHAPES {
        let machine = Machine::new(shape);
        machine.assert_gets(shape, "before");
        let installed = machine.program(&["install"]).assert().success();
        let output = stdout(&installed) + &stderr(&installed);
        for (_, user, secret) in shape.gets.iter().map(|line| parts(line)) {
            assert!(
                secret.is_none_or(|secret| secret.len() < 2 || !output.contains(secret)),
                "{user:?}: {output}"
            );
        }
        machine.assert_gets(shape, "after install");
        machine.program(&["install"]).assert().success();
        machine.assert_gets(shape, "after a second install");
        machine.program(&["uninstall"]).assert().success();
        machine.assert_gets(shape, "after uninstall");

        // The originals are removed, and come back. A person's import also brings what the client does not get.
        if shape.name == "plain text that a helper hides" {
            continue;
        }
        let machine = Machine::new(shape);
        machine.program(&["install"]).assert().success();
        let removed = machine.program(&["import", "--remove"]).output().expect("it runs");
        machine.assert_gets(shape, "after import --remove");
        machine.program(&["uninstall", "--plain-text"]).assert().success();
        let log = String::from_utf8_lossy(&removed.stderr).into_owned();
        machine.assert_gets(shape, &format!("after uninstall --plain-text; import said {log}"));
    }
}

/// Runs `install` on a file and a helper, and checks that it is refused and changes nothing.
fn assert_refused(config: &str, (name, script): (&str, &str), parts: &[&str]) {
    let machine = Machine::new(&docker("refused", &[], &[], &[]));
    machine.write(CONFIG, config);
    machine.script(&format!("docker-credential-{name}"), &format!("#!/bin/sh\n{script}\n"));
    let refused = machine.program(&["install"]).assert().code(1);
    let output = stdout(&refused) + &stderr(&refused);
    for part in parts {
        assert!(output.contains(part), "{part}: {output}");
    }
    assert!(!output.contains("s3cr3t"), "{output}");
    assert_eq!(fs::read_to_string(machine.home.docker_config()).expect("there"), config);
    assert!(!machine.home.vault().exists(), "{config}");
}

#[test]
fn install_is_refused_where_it_cannot_see_what_would_be_lost() {
    let answers = r#"echo '{"Username":"u","Secret":"s3cr3t-tok"}'"#;
    let locked = format!("[ $1 = get ] && {answers} && exit; echo 'the keyring is locked'; exit 1");
    let parts = ["the keyring is locked", "install --no-import"];
    assert_refused(r#"{"credsStore":"kept"}"#, ("kept", &locked), &parts);
    let garbage = format!("[ $1 = get ] && {answers} && exit; echo s3cr3t-tok");
    assert_refused(
        r#"{"credsStore":"kept"}"#,
        ("kept", &garbage),
        &["docker-credential-kept", "--no-import"],
    );
    let parts = ["\"ecr-login\" makes a new token", "install --registry HOST"];
    assert_refused(r#"{"credsStore":"ecr-login"}"#, ("ecr-login", answers), &parts);
    let shows = r#"[ $1 = list ] && echo '{"ghcr.io":"u"}' && exit; echo 'password: s3cr3t-tok'; exit 1"#;
    assert_refused(r#"{"credsStore":"kept"}"#, ("kept", shows), &["password: …"]);
}

#[test]
fn logins_of_another_docker_config_folder_outlast_changes_of_its_file() {
    let shape =
        SHAPES.iter().find(|shape| shape.name == "a helper with more than the file names").expect("there");
    let machine = Machine::new(shape);
    let folder = machine.home.path().join("job");
    fs::create_dir(&folder).expect("made");
    fs::rename(machine.home.docker_config(), folder.join("config.json")).expect("moved");
    machine.program(&["install"]).env("DOCKER_CONFIG", &folder).assert().success();
    let later = std::time::SystemTime::now() + std::time::Duration::from_secs(60);
    let file = fs::File::options().write(true).open(folder.join("config.json")).expect("there");
    file.set_modified(later).expect("set");
    let get = |folder: &std::path::Path| {
        machine.home.program(["get"]).env("DOCKER_CONFIG", folder).write_stdin("ghcr.io").assert()
    };
    assert!(stdout(&get(&folder).success()).contains("\"Secret\":\"s\""));
    get(&machine.home.path().join(".docker")).code(1);
}

#[test]
fn logins_that_would_be_plain_text_stay_in_the_vault_and_are_named() {
    let shape = &SHAPES[3];
    let machine = Machine::new(shape);
    machine.program(&["install"]).assert().success();
    machine.program(&["import", "--remove"]).assert().success();
    let output = stderr(&machine.program(&["uninstall"]).assert().success());
    for part in ["ghcr.io", "\"u@ghcr.io\"", "quay.io", "stay in the vault", "docker-credential-pat export"] {
        assert!(output.contains(part), "{part}: {output}");
    }
    assert_eq!(machine.client_gets("ghcr.io"), None);
    assert_eq!(machine.home.get("ghcr.io"), common::found("u", "s"));
}

/// The number of moments at which each verb is killed.
const STEPS: u32 = 12;

#[test]
fn a_killed_install_or_uninstall_loses_no_login() {
    let names = [
        "plain text",
        "the marks that Docker leaves for a helper",
        "podman's file",
        "pass, which Docker finds by itself",
    ];
    let shapes = SHAPES.iter().filter(|shape| names.contains(&shape.name));
    for shape in shapes {
        let verbs = [&["install"][..], &["import", "--remove"], &["uninstall", "--plain-text"]];
        let machine = Machine::new(shape);
        let times = verbs.map(|args| {
            let start = Instant::now();
            machine.start(args).wait().expect("it ends");
            start.elapsed()
        });
        for step in 0..STEPS {
            let machine = Machine::new(shape);
            for (args, time) in verbs.iter().zip(times) {
                let mut child = machine.start(args);
                thread::sleep(time * step / STEPS);
                let _ = child.kill();
                child.wait().expect("it ended");
                machine.assert_gets(shape, &format!("after {args:?} was killed at step {step}"));
                // A person repeats what was interrupted.
                machine.start(args).wait().expect("it ends");
                machine.assert_gets(shape, &format!("after {args:?} was repeated at step {step}"));
            }
        }
    }
}
