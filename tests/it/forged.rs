//! Vaults that somebody changed without the key, with the right checksums: nothing acts on them.

use std::fs;
use std::path::Path;

use docker_credential_pat::vault::format::layout;
use docker_credential_pat::vault::format::layout::{HEADER_BYTES, Layout};
use docker_credential_pat::vault::format::nonce::BASE_BYTES;
use docker_credential_pat::vault::seal::{KEY_BYTES, TAG_BYTES, VaultKey};

use crate::common::{Home, NOT_FOUND, credentials, stderr, stdout};

/// The parts of a vault that somebody without its key can rewrite.
struct Forger {
    layout: Layout,
    directory: Vec<u8>,
    entries: Vec<u8>,
    ciphertexts: Vec<u8>,
    proof: Vec<u8>,
}

impl Forger {
    fn new(vault: &[u8]) -> Self {
        let layout = Layout::parse(&vault[..HEADER_BYTES]).expect("a vault");
        let part = |range: &std::ops::Range<u64>| {
            vault[usize::try_from(range.start).expect("small")..usize::try_from(range.end).expect("small")]
                .to_vec()
        };
        let proof_start = layout.front.end - (BASE_BYTES + TAG_BYTES) as u64;
        Self {
            // The checksum is before the base and the tag.
            directory: part(&(HEADER_BYTES as u64..proof_start - 4)),
            entries: part(&layout.entries),
            ciphertexts: part(&layout.ciphertexts),
            proof: part(&(proof_start..layout.front.end)),
            layout,
        }
    }

    /// Replaces a text by one of the same length, and its hash in the directory by the other's.
    fn replace(mut self, from: &str, to: &str) -> Self {
        assert_eq!(from.len(), to.len());
        let hash = |text: &str| crc32fast::hash(text.as_bytes()).to_le_bytes();
        let count = replace(&mut self.entries, from.as_bytes(), to.as_bytes());
        assert!(count + replace(&mut self.directory, &hash(from), &hash(to)) > 0, "{from} is there");
        self
    }

    /// Hides the token of a host from requests.
    fn hide(mut self, host: &str) -> Self {
        let hash = crc32fast::hash(host.as_bytes()).to_le_bytes();
        assert_eq!(replace(&mut self.directory, &hash, &[0; 4]), 1);
        self
    }

    /// Writes the vault with the right lengths and checksums, and with the tag that it had.
    fn write(self, path: &Path) {
        let (base, tag) = self.proof.split_first_chunk().expect("its size");
        let another = VaultKey::from_bytes(&[7; KEY_BYTES]).expect("a key");
        let (version, no_pages) = (self.layout.version, &[]);
        let bytes = layout::assemble(
            version,
            &self.directory,
            &self.entries,
            no_pages,
            &self.ciphertexts,
            &another,
            base,
        );
        let mut bytes = bytes.expect("it is not too large");
        let end = usize::try_from(Layout::parse(&bytes[..HEADER_BYTES]).expect("a header").front.end);
        let end = end.expect("small");
        bytes[end - TAG_BYTES..end].copy_from_slice(tag);
        fs::write(path, bytes).expect("written");
    }
}

/// Replaces all occurrences, and returns their number.
fn replace(bytes: &mut [u8], from: &[u8], to: &[u8]) -> usize {
    let places: Vec<usize> = (0..bytes.len()).filter(|at| bytes[*at..].starts_with(from)).collect();
    for at in &places {
        bytes[*at..*at + to.len()].copy_from_slice(to);
    }
    places.len()
}

type Forgery = (&'static str, fn(Forger) -> Forger);

const FORGERIES: [Forgery; 5] = [
    ("nothing", |forger| forger),
    ("a registry", |forger| forger.replace("box.example", "bax.example")),
    ("a name", |forger| forger.replace("box-token", "bax-token")),
    ("a user name", |forger| forger.replace("box-user", "bax-user")),
    ("a token that is hidden", |forger| forger.hide("box.example")),
];

fn home_with_tokens() -> Home {
    let home = Home::new();
    home.bring("box-token", "box.example", "box-user", "box secret", &[]).success();
    home.bring("other", "other.example", "me", "other secret", &[]).success();
    home
}

#[test]
fn no_verb_believes_a_forged_vault() {
    let home = home_with_tokens();
    let whole = fs::read(home.vault()).expect("the vault");
    let file = |name: &str| home.path().join(name).to_str().expect("text").to_owned();
    let (backup, passphrase, logins) = (file("backup"), file("passphrase"), file("logins"));
    fs::write(&logins, r#"{"auths":{"new.example":{"auth":"bWU6cw=="}}}"#).expect("written");
    fs::write(&passphrase, "correct horse battery").expect("written");
    let people: [&[&str]; 20] = [
        &["ls"],
        &["ls", "--json"],
        &["show", "other"],
        &["show", "other", "--reveal"],
        &["explain", "box.example"],
        &["explain", "nothing.example"],
        &["usage"],
        &["status"],
        &["doctor"],
        &["verify", "--all"],
        &["rm", "other", "--yes"],
        &["edit", "other", "--label", "x"],
        &["use", "other"],
        &["deactivate", "other"],
        &["export", "other", "--format", "docker-config"],
        &["backup", &backup, "--passphrase-file", &passphrase],
        &["key", "renew"],
        &["import", "--file", &logins],
        &["hub", "tokens"],
        &["coding", "tokens", "--project", "p"],
    ];
    let clients = [
        ("get", "box.example".to_owned()),
        ("get", "nothing.example".to_owned()),
        ("list", String::new()),
        ("store", credentials("new.example", "me", "s")),
        ("erase", "other.example".to_owned()),
        ("erase", "nothing.example".to_owned()),
    ];
    for (what, forge) in FORGERIES {
        forge(Forger::new(&whole)).write(&home.vault());
        let forged = fs::read(home.vault()).expect("the vault");
        if what == "nothing" {
            assert_eq!(forged, whole, "the forger writes a vault as the program does");
            continue;
        }
        let word = "was changed by something other than this program";
        for args in people {
            let output = home.program([]).args(args).assert().failure();
            let said = stdout(&output) + &stderr(&output);
            assert!(said.contains(word), "{what}: {args:?}: {said}");
            assert!(!said.contains("bax"), "{what}: {args:?}: {said}");
            assert_eq!(fs::read(home.vault()).expect("the vault"), forged, "{what}: {args:?}");
        }
        for (verb, input) in &clients {
            // The directory is as it was, and proves that there is no such token.
            if what.ends_with("name") && input == "nothing.example" {
                continue;
            }
            let output = home.call(verb, input.as_str()).code(1);
            assert!(stdout(&output).contains(word), "{what}: {verb} {input}: {}", stdout(&output));
            assert_eq!(fs::read(home.vault()).expect("the vault"), forged, "{what}: {verb}");
        }
    }
}

#[test]
fn a_locked_vault_is_read_with_a_word_that_nothing_proves_it() {
    let home = home_with_tokens();
    fs::rename(home.key(), home.path().join("away")).expect("moved");
    let line = "docker-credential-pat: the vault is locked, so nothing proves that it has no login for \
                nothing.example (docker-credential-pat unlock)\n";
    home.call("get", "nothing.example").code(1).stdout(NOT_FOUND).stderr(line);
    home.call("get", "nothing.example").code(1).stdout(NOT_FOUND).stderr("");
    home.call("erase", "nothing.example").success().stdout("").stderr(line);
    home.call("list", "").success().stderr("");
    for args in [&["ls"][..], &["show", "other"], &["explain", "other.example"], &["usage"]] {
        let output = stderr(&home.program([]).args(args).assert().success());
        assert!(output.contains("nothing proves that it is as you left it"), "{args:?}: {output}");
    }
    for args in [&["hub", "tokens"][..], &["coding", "tokens", "--project", "p"], &["verify", "other"]] {
        let output = stderr(&home.program([]).args(args).assert().code(1));
        assert!(output.contains("cannot open the vault"), "{args:?}: {output}");
    }
}

#[test]
fn a_vault_that_brings_its_own_key_does_not_replace_another() {
    let home = home_with_tokens();
    let attacker = Home::new();
    attacker.bring("mine", "box.example", "mallory", "attacker's", &[]).success();
    let spare = home.path().join("spare");
    attacker.run(["key", "add", "file", spare.to_str().expect("text")]).success();
    attacker.run(["key", "remove", "key-file"]).success();
    fs::copy(attacker.vault(), home.vault()).expect("replaced");
    let word = "was replaced by another one, with another key";
    for (verb, input) in [
        ("get", "box.example".to_owned()),
        ("get", "nothing.example".to_owned()),
        ("store", credentials("new.example", "me", "s")),
        ("erase", "box.example".to_owned()),
    ] {
        let output = stdout(&home.call(verb, input).code(1));
        assert!(output.contains(word), "{verb}: {output}");
    }
    assert!(stderr(&home.run(["ls"]).success()).contains("nothing proves"));
    assert!(stdout(&home.run(["doctor"]).code(1)).contains(word));
    home.run(["key", "trust", "--yes"]).success();
    assert_eq!(
        home.get("box.example"),
        Ok(("mallory".to_owned(), "attacker's".to_owned())),
        "as a person agreed"
    );
    // On a machine where no vault was written, as in CI, it opens.
    let fresh = Home::new();
    fs::create_dir_all(fresh.vault().parent().expect("a folder")).expect("made");
    fs::copy(attacker.vault(), fresh.vault()).expect("copied");
    assert!(fresh.get("box.example").is_ok());
}

#[test]
fn a_vault_that_does_not_name_its_key_file_is_verified_with_it() {
    let home = home_with_tokens();
    let mut forger = Forger::new(&fs::read(home.vault()).expect("the vault"));
    // Of the first holder, which is the key file, only the number becomes that of the keyring.
    assert_eq!(forger.directory[..5], [0x85, 0x81, 0x82, 0, 0x80], "as CBOR writes it");
    forger.directory[3] = 1;
    forger.write(&home.vault());
    let word = "was changed by something other than this program";
    for args in [&["ls"][..], &["explain", "box.example"], &["doctor"]] {
        let output = home.program([]).args(args).assert().failure();
        let said = stdout(&output) + &stderr(&output);
        assert!(said.contains(word) && !said.contains("key.old"), "{args:?}: {said}");
    }
    for (verb, input) in [("get", "nothing.example"), ("list", ""), ("erase", "nothing.example")] {
        let output = stdout(&home.call(verb, input).code(1));
        assert!(output.contains(word), "{verb}: {output}");
    }
}

#[cfg(feature = "online")]
#[test]
fn no_request_leaves_for_a_forged_token_of_docker_hub() {
    use crate::common::hub_double::HubDouble;

    let Some(hub) = HubDouble::start() else { return };
    let home = Home::new();
    let (victim, _) = hub.make("alice", "victim");
    hub.run(&home, &["create", "ci", "--permission", "pull"]).success();
    let listed = hub.pats();
    let id = listed.iter().find(|token| token["token_label"] == "ci").expect("it is there")["uuid"].clone();
    let whole = fs::read(home.vault()).expect("the vault");
    Forger::new(&whole).replace(id.as_str().expect("text"), &victim).write(&home.vault());
    let calls = hub.seen()["calls"].clone();
    for args in [
        &["tokens"][..],
        &["rm", "ci", "--yes"],
        &["deactivate", "ci"],
        &["rotate", "ci"],
        &["rename", "ci", "x"],
        &["sync"],
        &["create", "new"],
        &["link", "ci"],
    ] {
        let message = stderr(&hub.run(&home, args).code(1));
        assert!(message.contains("was changed by something other"), "{args:?}: {message}");
        assert_eq!(hub.seen()["calls"], calls, "{args:?}");
    }
    assert_eq!(hub.labels(), ["ci", "victim"]);
}

#[cfg(unix)]
mod planted {
    use std::os::unix::fs::symlink;
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::thread;
    use std::time::Duration;

    use docker_credential_pat::system::disk;
    use docker_credential_pat::vault::draft::Draft;
    use docker_credential_pat::vault::keys::Holder;
    use docker_credential_pat::vault::keys::command::KeyCommand;
    use docker_credential_pat::vault::keys::wrapping_key;

    use super::*;

    /// Writes a vault as an attacker would: with a key of its own, and a key command that leaves a mark.
    fn plant(vault: &Path, mark: &Path) {
        let key = VaultKey::generate().expect("random");
        let script = format!(": >'{}'; printf %s '{}'", mark.display(), &*wrapping_key::to_text(&key));
        let args = ["-c".to_owned(), script].to_vec();
        let command =
            KeyCommand::new(&key, "/bin/sh".to_owned(), args, Duration::from_secs(30)).expect("a key");
        fs::remove_file(mark).expect("it ran now");
        disk::make_folder(vault.parent().expect("a folder")).expect("made");
        Draft::new(vault.to_owned(), key, Holder::Command(command)).write().expect("written");
    }

    #[test]
    fn a_command_that_a_planted_vault_names_never_runs() {
        let home = Home::new();
        let mark = home.path().join("mark");
        plant(&home.vault(), &mark);
        let message = home.get("ghcr.io").expect_err("no answer");
        assert_eq!(message, NOT_FOUND, "the vault is empty");
        for (verb, input) in [
            ("list", String::new()),
            ("store", credentials("ghcr.io", "me", "s")),
            ("erase", "ghcr.io".to_owned()),
        ] {
            home.call(verb, input);
        }
        for args in [
            &["ls"][..],
            &["status"],
            &["doctor", "--fix"],
            &["explain", "ghcr.io"],
            &["key", "status"],
            &["key", "renew"],
            &["key", "add", "key-file"],
            &["key", "remove", "command"],
            &["unlock"],
            &["add", "ci", "-r", "ghcr.io", "-u", "me", "--secret-stdin"],
            &["hub", "tokens"],
            &["verify", "--all"],
        ] {
            let _ = home.program([]).args(args).write_stdin("s").output();
        }
        assert!(!mark.exists(), "nobody agreed to it");
        let refused = home.call("store", credentials("ghcr.io", "me", "s")).code(1);
        let message = stderr(&refused);
        let want = "nobody has agreed on this machine to run the key command /bin/sh, which the vault names";
        assert!(message.contains(want) && message.contains("docker-credential-pat key trust"), "{message}");
    }

    #[test]
    fn a_person_who_saw_the_command_can_let_it_run() {
        let home = Home::new();
        let mark = home.path().join("mark");
        plant(&home.vault(), &mark);
        let asked = stderr(&home.run(["key", "trust"]).code(1));
        assert!(asked.contains("/bin/sh") && asked.contains("printf"), "{asked}");
        assert!(!mark.exists());
        home.run(["key", "trust", "--yes"]).success();
        home.store("ghcr.io", "me", "secret");
        assert!(mark.exists());
        home.run(["lock"]).success();
        let again = stderr(&home.run(["key", "trust"]).success());
        assert!(again.contains("already"), "{again}");
        // Other arguments are another command.
        fs::remove_file(&mark).expect("it ran");
        fs::remove_file(home.vault()).expect("removed");
        let other = home.path().join("other");
        plant(&home.vault(), &other);
        home.call("store", credentials("ghcr.io", "me", "s")).code(1);
        assert!(!mark.exists() && !other.exists());
    }

    #[test]
    fn no_swap_of_folder_and_link_makes_a_command_run() {
        const SWAPS: usize = 10_000;
        let home = Home::new();
        home.store("ghcr.io", "me", "secret");
        let mark = home.path().join("mark");
        let folder = home.vault().parent().expect("a folder").to_owned();
        let (ours, planted, link) =
            (folder.with_file_name("ours"), folder.with_file_name("planted"), folder.with_file_name("link"));
        plant(&planted.join("vault"), &mark);
        fs::rename(&folder, &ours).expect("moved");
        symlink(&ours, &folder).expect("linked");
        let is_done = AtomicBool::new(false);
        thread::scope(|scope| {
            scope.spawn(|| {
                for number in 0..SWAPS {
                    symlink(if number % 2 == 0 { &planted } else { &ours }, &link).expect("linked");
                    fs::rename(&link, &folder).expect("swapped");
                }
                is_done.store(true, Ordering::Relaxed);
            });
            while !is_done.load(Ordering::Relaxed) {
                home.call("get", "ghcr.io");
            }
        });
        assert!(!mark.exists());
    }
}
