//! Homes, folders and links of other users: nothing is written through them. Files are given to spare user ids, so no
//! account is needed, but root is.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt, chown, symlink};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use crate::common::{NOT_FOUND, credentials, program, program_folder};

/// The user whose home it is, and another user. Neither needs an account.
const OWNER: u32 = 64_321;
const OTHER: u32 = 64_322;
const ROOT: u32 = 0;

const DATA: &str = ".local/share/docker-credential-pat";
const STATE: &str = ".local/state/docker-credential-pat";
const CONFIG: &str = ".config/docker-credential-pat";
const REFUSED: &str = "belongs to another user (id ";

/// The files that the program writes, from the home.
const FILES: [&str; 19] = [
    ".local/share/docker-credential-pat/vault",
    ".local/share/docker-credential-pat/vault.lock",
    ".local/share/docker-credential-pat/vault.new",
    ".local/share/docker-credential-pat/vault.bak",
    ".local/share/docker-credential-pat/warned",
    ".config/docker-credential-pat/key",
    ".config/docker-credential-pat/key.new",
    ".config/docker-credential-pat/key.renewed",
    ".config/docker-credential-pat/setup.json",
    ".config/docker-credential-pat/setup.json.lock",
    ".local/state/docker-credential-pat/usage.jsonl",
    ".local/state/docker-credential-pat/usage.off.jsonl",
    ".local/state/docker-credential-pat/usage.lock",
    ".docker/config.json",
    ".docker/config.json.bak",
    ".docker/config.json.new",
    ".config/containers/auth.json",
    ".config/containers/auth.json.bak",
    "out",
];

/// The verbs that write, each with its standard input. `OUT` stands for the file `out` in the home.
const VERBS: [(&str, &str); 15] = [
    ("get", "ghcr.io"),
    ("store", "STORE"),
    ("erase", "ghcr.io"),
    ("add ci -r quay.io -u me --secret-stdin", "canary"),
    ("rm ci --yes", ""),
    ("install", ""),
    ("install --podman", ""),
    ("uninstall", ""),
    ("import --remove", ""),
    ("doctor --fix", ""),
    ("usage --off", ""),
    ("usage --on", ""),
    ("export ghcr.io --plain-text --output OUT", ""),
    ("man --dir OUT", ""),
    ("key rotate", ""),
];

/// A folder with a home of [`OWNER`] and things of root beside it, all reachable for every user.
struct Scene {
    folder: tempfile::TempDir,
}

impl Scene {
    fn new() -> Self {
        let scene = Self { folder: tempfile::tempdir().expect("a folder") };
        open(scene.folder.path(), 0o755);
        make_folder(&scene.home(), OWNER);
        make_folder(&scene.precious(), ROOT);
        for name in ["file", "empty"] {
            write(&scene.precious().join(name), if name == "empty" { "" } else { r#"{"x": 1}"# }, ROOT);
        }
        scene
    }

    fn home(&self) -> PathBuf {
        self.folder.path().join("home")
    }

    /// A folder of root that nothing may change.
    fn precious(&self) -> PathBuf {
        self.folder.path().join("precious")
    }

    /// Runs the program in the home as this user.
    fn run(&self, user: u32, args: &[&str], stdin: &str) -> Output {
        self.run_with(user, args, stdin, &[])
    }

    fn run_with(&self, user: u32, args: &[&str], stdin: &str, variables: &[(&str, &Path)]) -> Output {
        let mut command = Command::new(program());
        command.env_clear().env("HOME", self.home()).env("PATH", program_folder());
        command.env("XDG_RUNTIME_DIR", self.home().join("run"));
        command.env("DOCKER_CREDENTIAL_PAT_KEY_HOLDER", "key-file");
        command.envs(variables.iter().copied()).args(args).current_dir("/");
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        if user != ROOT {
            command.uid(user).gid(user);
        }
        let mut child = command.spawn().expect("it starts");
        let mut input = child.stdin.take().expect("piped");
        let _ = std::io::Write::write_all(&mut input, stdin.as_bytes());
        drop(input);
        child.wait_with_output().expect("it ends")
    }

    fn run_verb(&self, user: u32, verb: &str, stdin: &str) -> Output {
        let out = self.home().join("out").display().to_string();
        let args: Vec<&str> =
            verb.split(' ').map(|word| if word == "OUT" { out.as_str() } else { word }).collect();
        let login = credentials("ghcr.io", "mallory", "other");
        self.run(user, &args, if stdin == "STORE" { &login } else { stdin })
    }

    /// Makes a vault, a log, and a Docker that kept logins, as the owner of the home.
    fn fill(&self, user: u32) {
        for folder in [".docker", ".config/containers"] {
            let folder = self.home().join(folder);
            for above in [folder.parent().expect("a folder"), &folder] {
                if !above.exists() {
                    make_folder(above, user);
                }
            }
        }
        let logins = r#"{"auths":{"a.example":{"auth":"dTpw"}}}"#;
        write(&self.home().join(".docker/config.json"), logins, user);
        write(&self.home().join(".config/containers/auth.json"), logins, user);
        let stored = self.run(user, &["store"], &credentials("ghcr.io", "alice", "canary"));
        assert!(stored.status.success(), "{}", text(&stored));
        assert!(self.run(user, &["get"], "ghcr.io").status.success());
    }
}

fn make_folder(path: &Path, owner: u32) {
    fs::DirBuilder::new().mode(0o755).create(path).expect("a folder");
    chown(path, Some(owner), Some(owner)).expect("root may");
}

fn write(path: &Path, text: &str, owner: u32) {
    fs::write(path, text).expect("written");
    open(path, 0o644);
    chown(path, Some(owner), Some(owner)).expect("root may");
}

fn open(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("chmod");
}

fn text(output: &Output) -> String {
    String::from_utf8_lossy(&[output.stdout.as_slice(), &output.stderr].concat()).into_owned()
}

/// Returns owner, mode, links and content of everything below a folder.
fn state(folder: &Path) -> BTreeMap<PathBuf, (u32, u32, u64, Vec<u8>)> {
    let mut found = BTreeMap::new();
    let mut paths = vec![folder.to_owned()];
    while let Some(path) = paths.pop() {
        let metadata = fs::symlink_metadata(&path).expect("it exists");
        let content = if metadata.is_dir() {
            paths.extend(fs::read_dir(&path).expect("a folder").map(|entry| entry.expect("an entry").path()));
            Vec::new()
        } else if metadata.is_symlink() {
            fs::read_link(&path).expect("a link").into_os_string().into_encoded_bytes()
        } else if metadata.is_file() {
            fs::read(&path).expect("root may read it")
        } else {
            Vec::new()
        };
        let links = if metadata.is_dir() { 0 } else { metadata.nlink() };
        found.insert(path, (metadata.uid(), metadata.mode(), links, content));
    }
    found
}

fn is_root() -> bool {
    let is_root = fs::metadata("/proc/self").is_ok_and(|metadata| metadata.uid() == 0)
        && Command::new("true").uid(OWNER).gid(OWNER).status().is_ok_and(|status| status.success())
        && Command::new(program()).arg("version").uid(OWNER).gid(OWNER).output().is_ok();
    if !is_root {
        eprintln!("skipped: only root may give files to other users, and these must reach the program");
    }
    is_root
}

/// Puts something in place of a file of the home, also of one that is not there yet.
fn put(scene: &Scene, kind: &str, path: &Path, owner: u32) {
    for above in path.ancestors().skip(1).take_while(|above| !above.exists()).collect::<Vec<_>>().iter().rev()
    {
        make_folder(above, OWNER);
    }
    let _ = fs::remove_file(path).or_else(|_| fs::remove_dir_all(path));
    let precious = scene.precious();
    match kind {
        "link to a file" => symlink(precious.join("file"), path).expect("a link"),
        "link to an empty file" => symlink(precious.join("empty"), path).expect("a link"),
        "link to nothing" => symlink(precious.join("missing"), path).expect("a link"),
        "link to a folder" => symlink(&precious, path).expect("a link"),
        "hard link" => return fs::hard_link(precious.join("file"), path).expect("a link"),
        "pipe" => {
            assert!(Command::new("mkfifo").arg(path).status().expect("mkfifo").success());
        }
        "folder" => return make_folder(path, owner),
        _ => panic!("{kind}"),
    }
    std::os::unix::fs::lchown(path, Some(owner), Some(owner)).expect("root may");
}

const KINDS: [&str; 7] = [
    "link to a file",
    "link to an empty file",
    "link to nothing",
    "link to a folder",
    "hard link",
    "pipe",
    "folder",
];

#[test]
fn root_writes_nothing_in_the_home_of_another_user_whatever_is_there() {
    if !is_root() {
        return;
    }
    let scene = Scene::new();
    scene.fill(OWNER);
    let original = scene.folder.path().join("original");
    for file in FILES {
        for kind in KINDS {
            let _ = fs::remove_dir_all(&original);
            copy(&scene.home(), &original);
            put(&scene, kind, &scene.home().join(file), OWNER);
            let before = state(scene.folder.path());
            // One verb stands for those that begin with the same write, or the matrix would take minutes.
            for (verb, stdin) in VERBS.into_iter().filter(|(verb, _)| concerns(verb, file)) {
                let output = scene.run_verb(ROOT, verb, stdin);
                assert_eq!(
                    state(scene.folder.path()),
                    before,
                    "{verb}, {file} is a {kind}: {}",
                    text(&output)
                );
            }
            fs::remove_dir_all(scene.home()).expect("removed");
            fs::rename(&original, scene.home()).expect("renamed");
        }
    }
}

/// True when a verb could write to a file, or to one in the same folder.
fn concerns(verb: &str, file: &str) -> bool {
    match verb.split(' ').next().unwrap_or_default() {
        "get" | "doctor" => true,
        "usage" => file.starts_with(STATE),
        "install" | "uninstall" | "import" => {
            file.contains("/config.json") || file.contains("auth.json") || file.contains("setup")
        }
        "export" | "man" => file == "out",
        _ => file.starts_with(DATA) || file.starts_with(CONFIG),
    }
}

/// Copies with owners, modes and links.
fn copy(from: &Path, to: &Path) {
    assert!(Command::new("cp").arg("-a").args([from, to]).status().expect("cp").success());
}

#[test]
fn root_writes_through_no_folder_that_is_a_link_of_another_user() {
    if !is_root() {
        return;
    }
    for folder in [DATA, CONFIG, STATE, ".docker", ".local", ".config"] {
        let scene = Scene::new();
        put(&scene, "link to a folder", &scene.home().join(folder), OWNER);
        let before = state(scene.folder.path());
        for (verb, stdin) in VERBS {
            let output = scene.run_verb(ROOT, verb, stdin);
            assert_eq!(state(scene.folder.path()), before, "{verb}, {folder} is a link: {}", text(&output));
        }
    }
}

#[test]
fn root_reads_in_the_home_of_another_user_and_is_refused_the_rest() {
    if !is_root() {
        return;
    }
    let scene = Scene::new();
    scene.fill(OWNER);
    let before = state(scene.folder.path());
    let got = text(&scene.run(ROOT, &["get"], "ghcr.io"));
    assert!(got.contains("canary") && !got.contains(REFUSED), "{got}");
    assert_eq!(text(&scene.run(ROOT, &["list"], "")), "{\"ghcr.io\":\"alice\"}\n");
    assert!(text(&scene.run(ROOT, &["ls"], "")).contains("alice@ghcr.io"));
    assert_eq!(text(&scene.run(ROOT, &["get"], "quay.io")), NOT_FOUND);
    for (verb, stdin) in [("store", "STORE"), ("erase", "ghcr.io"), ("install", ""), ("usage --off", "")] {
        let output = scene.run_verb(ROOT, verb, stdin);
        assert!(!output.status.success() && text(&output).contains(REFUSED), "{verb}: {}", text(&output));
        let hint = "hint: run it as that user, or set HOME to your own home folder";
        assert!(text(&output).contains(hint), "{verb}: {}", text(&output));
    }
    assert_eq!(state(scene.folder.path()), before);
    let got = text(&scene.run(OWNER, &["get"], "ghcr.io"));
    assert!(got.contains("canary"), "{got}");
    assert!(state(scene.folder.path()) != before, "the owner's request is in the log");
}

#[test]
fn variables_that_name_folders_of_another_user_are_refused() {
    if !is_root() {
        return;
    }
    for user in [ROOT, OTHER] {
        for (variable, verb, stdin) in [
            ("XDG_DATA_HOME", "store", "STORE"),
            ("XDG_CONFIG_HOME", "store", "STORE"),
            ("DOCKER_CONFIG", "install", ""),
            ("REGISTRY_AUTH_FILE", "install --podman", ""),
        ] {
            let scene = Scene::new();
            // The process has a home of its own, and may write to the folder.
            chown(scene.home(), Some(user), Some(user)).expect("root may");
            let theirs = scene.folder.path().join("theirs");
            make_folder(&theirs, OWNER);
            open(&theirs, 0o777);
            let value =
                if variable == "REGISTRY_AUTH_FILE" { theirs.join("auth.json") } else { theirs.clone() };
            let login = credentials("ghcr.io", "alice", "canary");
            let args: Vec<&str> = verb.split(' ').collect();
            let stdin = if stdin == "STORE" { &login } else { stdin };
            let before = state(&theirs);
            let output = scene.run_with(user, &args, stdin, &[(variable, &value)]);
            assert!(text(&output).contains(REFUSED), "{user} {variable}: {}", text(&output));
            assert_eq!(state(&theirs), before, "{user} {variable}");
        }
    }
}

/// The home is the user's own, but somebody put a link into it, or it lies in a folder of somebody else.
#[test]
fn a_link_or_folder_of_another_user_on_the_way_is_refused() {
    if !is_root() {
        return;
    }
    for user in [ROOT, OTHER] {
        for (place, kind) in [
            (DATA, "link to a folder"),
            (CONFIG, "link to a folder"),
            (".local/share/docker-credential-pat/vault", "link to a file"),
            (".local/share/docker-credential-pat/vault", "link to nothing"),
            (".config/docker-credential-pat/key", "link to nothing"),
            (".local", "folder"),
        ] {
            let scene = Scene::new();
            put(&scene, kind, &scene.home().join(place), OWNER);
            for path in state(&scene.home()).into_keys().filter(|path| *path != scene.home().join(place)) {
                chown(path, Some(user), Some(user)).expect("root may");
            }
            if kind == "folder" {
                open(&scene.home().join(place), 0o777);
            }
            chown(scene.precious(), Some(user), Some(user)).expect("root may");
            let output = scene.run(user, &["store"], &credentials("ghcr.io", "alice", "canary"));
            let message = text(&output);
            // What cannot be read is an error before anything is written.
            let is_read_first = kind == "link to a file" || place.ends_with("/key");
            assert!(!output.status.success(), "{user} {place} {kind}: {message}");
            assert!(message.contains(REFUSED) || is_read_first, "{user} {place} {kind}: {message}");
            assert_eq!(fs::read_dir(scene.precious()).expect("there").count(), 2, "{user} {place} {kind}");
            assert_eq!(fs::read(scene.precious().join("file")).expect("there"), br#"{"x": 1}"#);
        }
    }
}

#[test]
fn ones_own_links_and_shared_groups_go_on_working() {
    if !is_root() {
        return;
    }
    for user in [ROOT, OWNER] {
        let scene = Scene::new();
        let home = scene.home();
        let dotfiles = scene.folder.path().join("dotfiles");
        for folder in [home.clone(), dotfiles.clone()] {
            let _ = fs::create_dir(&folder);
            chown(folder, Some(user), Some(user)).expect("root may");
        }
        for name in ["docker", "data", "config", "state"] {
            make_folder(&dotfiles.join(name), user);
        }
        write(&dotfiles.join("docker/config.json"), r#"{"x": 1}"#, user);
        for (from, to) in [
            (".docker/config.json", "docker/config.json"),
            (DATA, "data"),
            (CONFIG, "config"),
            (STATE, "state"),
        ] {
            let path = home.join(from);
            let missing = path.ancestors().skip(1).take_while(|above| !above.exists());
            for above in missing.collect::<Vec<_>>().iter().rev() {
                make_folder(above, user);
            }
            symlink(dotfiles.join(to), &path).expect("a link");
            std::os::unix::fs::lchown(&path, Some(user), Some(user)).expect("root may");
        }
        let backup = home.join(".docker/config.json.bak");
        symlink(dotfiles.join("kept"), &backup).expect("a link");
        write(&dotfiles.join("kept"), "kept", user);
        std::os::unix::fs::lchown(&backup, Some(user), Some(user)).expect("root may");
        for (args, stdin) in [
            (vec!["store"], credentials("ghcr.io", "alice", "canary")),
            (vec!["get"], "ghcr.io".to_owned()),
            (vec!["install"], String::new()),
        ] {
            let output = scene.run(user, &args, &stdin);
            assert!(output.status.success(), "{user} {args:?}: {}", text(&output));
        }
        let config = fs::read_to_string(dotfiles.join("docker/config.json")).expect("there");
        assert!(config.contains("credsStore") && home.join(".docker/config.json").is_symlink(), "{config}");
        assert_eq!(fs::read_to_string(dotfiles.join("kept")).expect("there"), "kept");
        assert!(!backup.is_symlink(), "a backup replaces a link");
        for file in ["data/vault", "config/key", "state/usage.jsonl"] {
            assert!(dotfiles.join(file).is_file(), "{user} {file}");
        }
        for name in ["data", "config/key"] {
            open(&dotfiles.join(name), 0o755);
        }
        scene.run(user, &["doctor", "--fix"], "");
        let mode = |name: &str| fs::metadata(dotfiles.join(name)).expect("there").mode() & 0o777;
        assert_eq!((mode("data"), mode("config/key")), (0o700, 0o700), "{user}");
    }
    // As in a container whose home belongs to the id of the image, and to the group of the process.
    let scene = Scene::new();
    chown(scene.home(), Some(OTHER), Some(OWNER)).expect("root may");
    open(&scene.home(), 0o775);
    let output = scene.run(OWNER, &["store"], &credentials("ghcr.io", "alice", "canary"));
    assert!(output.status.success(), "{}", text(&output));
}

#[test]
fn a_log_that_is_a_link_of_another_user_gets_no_line() {
    if !is_root() {
        return;
    }
    for kind in ["link to a file", "link to an empty file", "pipe", "folder"] {
        let scene = Scene::new();
        chown(scene.home(), Some(OTHER), Some(OTHER)).expect("root may");
        scene.fill(OTHER);
        put(&scene, kind, &scene.home().join(STATE).join("usage.jsonl"), OWNER);
        chown(scene.precious().join("file"), Some(OTHER), Some(OTHER)).expect("root may");
        let before = state(scene.folder.path());
        let output = scene.run(OTHER, &["get"], "ghcr.io");
        assert!(text(&output).contains("canary"), "{kind}: {}", text(&output));
        assert_eq!(state(scene.folder.path()), before, "{kind}");
    }
}
