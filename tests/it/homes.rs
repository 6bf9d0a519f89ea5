//! Where the vault is without `HOME`: at the home in the user database, or nowhere. The user database is replaced in a
//! mount namespace, so that the home of the person who runs the tests is never found.

use std::fs;
use std::process::Command as Process;

use assert_cmd::Command;
use assert_cmd::assert::Assert;

use crate::common::{HANG, Home, NOT_FOUND, credentials, program, secret_in, stderr, stdout};

/// Replaces the user database, and runs a program.
const REPLACE: &str = r#"mount --bind "$1" /etc/passwd && { [ ! -e /etc/nsswitch.conf ] ||
    mount --bind "$2" /etc/nsswitch.conf; } && shift 2 && exec "$@""#;

const NO_HOME: &str = "neither HOME nor the user database names a home folder";

/// A user of a mount namespace whose database has one line at most.
struct User<'h> {
    home: &'h Home,
    variable: Option<&'h str>,
    has_xdg_folders: bool,
}

impl User<'_> {
    fn run<const N: usize>(&self, args: [&str; N], stdin: &str) -> Assert {
        let folder = self.home.path();
        let mut command = Command::new("unshare");
        command.timeout(HANG).env_clear().current_dir(folder);
        command
            .args(["--mount", "sh", "-c", REPLACE, "sh"])
            .args([folder.join("passwd"), folder.join("nsswitch")]);
        command.arg(program()).args(args).write_stdin(stdin);
        command
            .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
            .env("DOCKER_CREDENTIAL_PAT_KEY_HOLDER", "key-file");
        if let Some(variable) = self.variable {
            command.env("HOME", variable);
        }
        if self.has_xdg_folders {
            for name in ["XDG_DATA_HOME", "XDG_CONFIG_HOME", "XDG_STATE_HOME"] {
                command.env(name, folder.join(name));
            }
        }
        command.assert()
    }

    fn get(&self) -> Assert {
        self.run(["get"], "ghcr.io")
    }

    fn store(&self) -> Assert {
        self.run(["store"], &credentials("ghcr.io", "alice", "canary"))
    }

    fn assert_has_vault(&self) {
        self.store().success().stdout("");
        assert_eq!(secret_in(&self.get().success()), "canary");
        self.run(["list"], "").success().stdout("{\"ghcr.io\":\"alice\"}\n");
        assert!(stdout(&self.run(["ls"], "").success()).contains("alice@ghcr.io"));
        self.run(["erase"], "ghcr.io").success().stdout("");
        self.get().code(1).stdout(NOT_FOUND);
    }

    fn assert_has_nothing(&self) {
        self.get().code(1).stdout(NOT_FOUND).stderr("");
        self.run(["list"], "").success().stdout("{}\n").stderr("");
        self.run(["erase"], "ghcr.io").success().stdout("").stderr("");
    }

    fn assert_has_no_home(&self) {
        self.assert_has_nothing();
        assert!(stderr(&self.run(["ls"], "").success().stdout("")).contains(NO_HOME));
        assert!(stdout(&self.run(["doctor"], "").code(1)).contains(NO_HOME));
        let add = ["add", "ci", "-r", "ghcr.io", "-u", "me", "--secret-stdin"];
        let failures = [
            self.store(),
            self.run(add, "canary"),
            self.run(["usage", "--off"], ""),
            self.run(["install"], ""),
        ];
        for failed in failures {
            let output = stderr(&failed.code(1));
            assert!(output.contains(NO_HOME) && output.contains("hint: set HOME"), "{output}");
        }
    }
}

#[derive(Clone, Copy, PartialEq, Debug)]
enum Want {
    Vault,
    NoHome,
    /// Only the verbs that write nothing can be tried at `/`.
    Nothing,
    Error,
}

#[test]
fn without_a_home_variable_the_user_database_counts() {
    if !may_mount() {
        eprintln!("skipped: this user may not mount");
        return;
    }
    for (variable, registered, has_xdg_folders, want) in [
        (None, Some("HERE"), false, Want::Vault),
        (Some(""), Some("HERE"), false, Want::Vault),
        (None, Some("HERE"), true, Want::Vault),
        (Some("HERE"), Some("/nonexistent"), false, Want::Vault),
        (None, None, false, Want::NoHome),
        (Some(""), None, false, Want::NoHome),
        (None, Some("/nonexistent"), false, Want::NoHome),
        (Some(""), Some("/nonexistent"), false, Want::NoHome),
        (None, Some("/"), false, Want::NoHome),
        (Some(""), Some("/"), false, Want::NoHome),
        (None, Some(""), false, Want::NoHome),
        (None, Some("relative"), false, Want::NoHome),
        (Some("/nonexistent"), Some("HERE"), false, Want::NoHome),
        (Some("/"), Some("HERE"), false, Want::Nothing),
        (Some("relative"), Some("HERE"), false, Want::Error),
        (None, None, true, Want::Vault),
        (Some(""), Some("/nonexistent"), true, Want::Vault),
        (None, Some("/"), true, Want::Vault),
        (Some("relative"), Some("HERE"), true, Want::Error),
    ] {
        eprintln!("HOME {variable:?}, registered {registered:?}, XDG folders {has_xdg_folders}: {want:?}");
        let home = Home::new();
        let here = home.path().join("here");
        let here = here.to_str().expect("UTF-8");
        let line = registered.map(|folder| format!("me:x:0:0::{}:/bin/sh\n", folder.replace("HERE", here)));
        fs::write(home.path().join("passwd"), line.unwrap_or_default()).expect("passwd");
        fs::write(home.path().join("nsswitch"), "passwd: files\n").expect("nsswitch");
        let variable = variable.map(|value| if value == "HERE" { here } else { value });
        let user = User { home: &home, variable, has_xdg_folders };
        match want {
            Want::Vault => user.assert_has_vault(),
            Want::NoHome => user.assert_has_no_home(),
            Want::Nothing => {
                user.assert_has_nothing();
                let output = stdout(&user.run(["doctor"], "").code(1));
                assert!(
                    output.contains("no vault yet at /.local/share/") && !output.contains('~'),
                    "{output}"
                );
            }
            Want::Error => {
                for refused in [user.get(), user.store(), user.run(["list"], ""), user.run(["ls"], "")] {
                    assert!(stderr(&refused.code(1)).contains("HOME is not an absolute path: relative"));
                }
            }
        }
        let count = fs::read_dir(home.path()).expect("the folder").count();
        assert_eq!(count > 2, want == Want::Vault, "files are written only where there is a home");
    }
}

#[test]
fn a_vault_that_cannot_be_read_is_an_error_without_a_home_variable_too() {
    if !may_mount() {
        eprintln!("skipped: this user may not mount");
        return;
    }
    let home = Home::new();
    fs::write(home.path().join("passwd"), format!("me:x:0:0::{}:\n", home.path().display())).expect("passwd");
    fs::write(home.path().join("nsswitch"), "passwd: files\n").expect("nsswitch");
    // Root may read anything, but not a folder as a file.
    fs::create_dir_all(home.vault()).expect("a folder in place of the vault");
    let user = User { home: &home, variable: None, has_xdg_folders: false };
    assert!(stdout(&user.get().code(1)).contains("is not a file"));
    // There may be a vault, but not its key.
    fs::remove_dir(home.vault()).expect("empty");
    fs::write(home.path().join("passwd"), "").expect("passwd");
    let mut command = user.run(["get"], "ghcr.io").code(1).stdout(NOT_FOUND).get_output().clone();
    assert!(command.stderr.is_empty());
    let data = home.path().join("data");
    let with_data = format!("XDG_DATA_HOME={}", data.display());
    command = Process::new("unshare")
        .args(["--mount", "sh", "-c", REPLACE, "sh"])
        .args([home.path().join("passwd"), home.path().join("nsswitch")])
        .args(["env", "-u", "HOME", "-u", "XDG_CONFIG_HOME", &with_data])
        .arg(program())
        .arg("list")
        .output()
        .expect("unshare");
    assert_eq!(command.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&command.stdout).contains(NO_HOME));
}

#[test]
fn another_user_id_in_a_user_namespace_has_no_registered_home() {
    let home = Home::new();
    let run = |mapping: &[&str], verb: &str, stdin: &str| {
        let mut command = Command::new("unshare");
        command
            .timeout(HANG)
            .env_clear()
            .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
            .current_dir(home.path());
        command.arg("--user").args(mapping).arg(program()).arg(verb).write_stdin(stdin).assert()
    };
    if !Process::new("unshare").args(["--user", "true"]).status().is_ok_and(|status| status.success()) {
        eprintln!("skipped: user namespaces are not permitted");
        return;
    }
    run(&[], "get", "ghcr.io").code(1).stdout(NOT_FOUND);
    run(&[], "list", "").success().stdout("{}\n");
    let output = stderr(&run(&[], "store", &credentials("ghcr.io", "alice", "canary")).code(1));
    assert!(output.contains(NO_HOME), "{output}");
}

fn may_mount() -> bool {
    let mounted = Process::new("unshare").args(["--mount", "mount", "-t", "tmpfs", "none", "/mnt"]).output();
    mounted.is_ok_and(|output| output.status.success())
}

#[test]
fn without_proc_doctor_names_the_folder_of_the_program() {
    if !may_mount() {
        eprintln!("skipped: this user may not mount");
        return;
    }
    let home = Home::new();
    let folder = program().parent().expect("a folder").display().to_string();
    for (called, want) in [
        ("\"$1\"", format!("export PATH={folder}:\"$PATH\"")),
        ("-a other \"$1\"", "add the folder of docker-credential-pat to PATH".to_owned()),
        ("-a ./other \"$1\"", "add the folder of docker-credential-pat to PATH".to_owned()),
    ] {
        let script = format!("mount -t tmpfs none /proc && exec {called} doctor");
        let mut command = Command::new("unshare");
        command
            .timeout(HANG)
            .env_clear()
            .env("HOME", home.path())
            .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin");
        command.args(["--mount", "bash", "-c", &script, "bash"]).arg(program());
        let output = stdout(&command.assert().code(1));
        assert!(output.contains("is in no folder of PATH") && output.contains(&want), "{called}: {output}");
        assert!(!output.contains("PATH=:") && !output.contains("PATH='':"), "{called}: {output}");
    }
}
