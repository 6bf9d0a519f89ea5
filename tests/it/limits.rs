//! Lengths in files that are larger than any real one: each is an error, and none is memory.

use std::fs;
use std::fs::File;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use docker_credential_pat::vault::format::layout;
use docker_credential_pat::vault::keys::key_file::KeyFile;

use crate::common::{Home, make_private, program, program_folder};

/// The memory that the program gets, in KiB of addresses.
const MEMORY_KIB: u32 = 1_000_000;

/// Runs the program with a limit of memory, with an empty file as its input.
fn run(home: &Home, memory_kib: u32, args: &[&str], input: &str, variable: Option<(&str, &Path)>) -> Output {
    let file = home.path().join("input");
    fs::write(&file, input).expect("written");
    let mut command = Command::new("sh");
    command.args(["-c", &format!("ulimit -v {memory_kib}; exec \"$@\""), "sh"]).arg(program()).args(args);
    command.env_clear().env("HOME", home.path()).env("PATH", format!("/bin:{}", program_folder().display()));
    command.env("DOCKER_CREDENTIAL_PAT_KEY_HOLDER", "key-file").envs(variable);
    command.stdin(Stdio::from(File::open(file).expect("there"))).output().expect("it runs")
}

/// Runs verbs that read everything, and checks that none is killed. Returns what they said.
fn run_all(home: &Home, case: &str) -> String {
    let mut all = String::new();
    for (verb, input) in [
        ("get", "ghcr.io"),
        ("list", ""),
        ("ls", ""),
        ("usage", ""),
        ("doctor", ""),
        ("store", r#"{"ServerURL":"q.io","Username":"a","Secret":"b"}"#),
        ("import", ""),
    ] {
        let output = run(home, MEMORY_KIB, &[verb], input, None);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(matches!(output.status.code(), Some(0 | 1)), "{case}, {verb}: {:?} {said}", output.status);
        all += &said;
    }
    all
}

/// Makes a file that takes no room on the disk.
fn make_sparse(path: &Path, start: &[u8], length: u64) {
    fs::create_dir_all(path.parent().expect("a folder")).expect("made");
    fs::write(path, start).expect("written");
    File::options().write(true).open(path).expect("there").set_len(length).expect("sparse");
    make_private(path);
}

/// Returns the header of a vault.
fn header(directory: u32, entries: u32, ciphertexts: u64) -> Vec<u8> {
    let mut header = b"docker-credential-pat vault 1\n".to_vec();
    header.extend(directory.to_le_bytes());
    header.extend(entries.to_le_bytes());
    header.extend(ciphertexts.to_le_bytes());
    header
}

#[test]
fn a_huge_vault_is_an_error_whatever_its_header_says() {
    let around = 30 + 16 + 4 + 32 + 4;
    let most = layout::MAX_FILE_BYTES;
    let large = u32::try_from(most - around).expect("small");
    for (header, length, want) in [
        (header(u32::MAX, u32::MAX, 0), 2 * u64::from(u32::MAX) + around, "is larger than 256 MiB"),
        (header(8, 8, u64::MAX), 20 << 30, "is larger than 256 MiB"),
        (header(8, 8, most + 1 - 16 - around), most + 1, "is larger than 256 MiB"),
        (header(u32::MAX, u32::MAX, u64::MAX), most, "is damaged"),
        (header(large, 0, 0), most, "is damaged"),
        (header(0, large, 0), most, "is damaged"),
        (header(0, 0, large.into()), most, "is damaged"),
    ] {
        let home = Home::new();
        make_sparse(&home.vault(), &header, length);
        let said = run_all(&home, want);
        assert!(said.contains(want), "{length}: {said}");
    }
}

#[test]
fn a_huge_backup_is_an_error() {
    let home = Home::new();
    let backup = home.path().join("backup");
    make_sparse(&backup, &header(8, u32::MAX, 0), 20 << 30);
    let output = run(&home, MEMORY_KIB, &["restore", &backup.to_string_lossy()], "", None);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.code() == Some(1) && said.contains("is larger than 256 MiB"), "{said}");
}

/// The start of a CBOR array with more items than there are addresses.
const FORGED_ARRAY: &[u8] = b"\x9b\xff\xff\xff\xff\xff\xff\xff\xff";

#[test]
fn forged_lengths_within_a_vault_are_damage() {
    let empty = [b"\x85\x81\x82\x00\x80\x50".as_slice(), &[0; 16], b"\x82\x00\x00\x80"].concat();
    let bytes: &[u8] = b"\x5b\xff\xff\xff\xff\xff\xff\xff\xff";
    let text: &[u8] = b"\x7b\xff\xff\xff\xff\xff\xff\xff\xff";
    let line = [b"\x81\x83\x40\x19\x10\x00\x50".as_slice(), &[0; 16]].concat();
    let with = |rest: &[u8]| [&empty, rest].concat();
    for (case, directory, entries) in [
        ("the directory", FORGED_ARRAY.to_vec(), vec![]),
        ("the holders", [b"\x85", FORGED_ARRAY].concat(), vec![]),
        ("a passphrase", [b"\x85\x81\x82\x02\x81", FORGED_ARRAY].concat(), vec![]),
        ("a command", [b"\x85\x81\x82\x03\x81\x83\x60", FORGED_ARRAY].concat(), vec![]),
        ("the fingerprint", [b"\x85\x80", bytes].concat(), vec![]),
        ("the choices", [&empty[..empty.len() - 1], FORGED_ARRAY].concat(), vec![]),
        ("the lines", with(FORGED_ARRAY), vec![]),
        ("the hashes", with(&[b"\x81\x83", bytes].concat()), vec![]),
        ("a length", with(&[b"\x81\x83\x40\x1a\xff\xff\xff\xff\x50".as_slice(), &[0; 16]].concat()), vec![]),
        ("an entry", with(&line), [FORGED_ARRAY, &[0; 4087]].concat()),
        ("a name", with(&line), [b"\x84\x81\x01\x01", text, &[0; 4083]].concat()),
    ] {
        let home = Home::new();
        fs::create_dir_all(home.vault().parent().expect("a folder")).expect("made");
        let key = KeyFile::new(home.key()).read_or_create().expect("a key");
        let vault = layout::assemble(1, &directory, &entries, &[], &[], &key, &[0; 16]).expect("small");
        fs::write(home.vault(), vault).expect("written");
        make_private(&home.vault());
        let said = run_all(&home, case);
        assert!(said.contains("is damaged"), "{case}: {said}");
    }
}

#[test]
fn millions_of_forged_items_are_an_error_and_not_memory() {
    let list = |item: &[u8], count: u32| {
        [&[0x9a], count.to_be_bytes().as_slice(), &item.repeat(usize::try_from(count).expect("small"))]
            .concat()
    };
    let start = |holders: &[u8]| [&[0x85], holders, &[0x50], &[0; 16], &[0x82, 0, 0]].concat();
    let line = [b"\x83\x40\x00\x50".as_slice(), &[0; 16]].concat();
    let home = Home::new();
    home.store("ghcr.io", "me", "secret");
    let key = KeyFile::new(home.key()).read_or_create().expect("a key");
    let passphrase = home.path().join("passphrase");
    fs::write(&passphrase, "correct horse battery").expect("written");
    make_private(&passphrase);
    let backup = home.path().join("backup");
    let (backup_text, passphrase) = (backup.to_string_lossy(), passphrase.to_string_lossy());
    for (version, directory, entries) in [
        (1, [start(&list(b"\x82\x00\x80", 6_000_000)), b"\x80\x80".to_vec()].concat(), 16),
        (3, [start(b"\x80"), list(b"\x82\x63a.b\x01", 3_000_000), b"\x80".to_vec()].concat(), 16),
        (1, [start(b"\x80"), b"\x80".to_vec(), list(&line, 900_000)].concat(), 16),
        (1, [start(b"\x80"), b"\x80".to_vec(), list(&line, 900_000)].concat(), 24 * 900_000),
    ] {
        let entries = vec![0; entries];
        let vault = layout::assemble(version, &directory, &entries, &[], &[], &key, &[0; 16]).expect("small");
        fs::write(home.vault(), &vault).expect("written");
        fs::write(&backup, vault).expect("written");
        let restore = ["restore", &backup_text, "--passphrase-file", &passphrase];
        for args in [&["get"][..], &["list"], &["ls"], &restore] {
            let output = run(&home, 400_000, args, "ghcr.io", None);
            let said = String::from_utf8_lossy(&output.stderr);
            // A request reads no entry that is not for its registry.
            let is_unproven = args == ["get"] && said.contains("nothing proves");
            let is_refused =
                is_unproven || said.contains("is damaged") || said.contains("has longer lists than");
            assert!(output.status.code() == Some(1) && is_refused, "{args:?}: {:?} {said}", output.status);
        }
    }
}

#[test]
fn huge_files_beside_the_vault_are_errors_or_ignored() {
    for name in [
        ".config/docker-credential-pat/key",
        ".config/docker-credential-pat/key.renewed",
        ".config/docker-credential-pat/setup.json",
        ".docker/config.json",
        ".local/state/docker-credential-pat/usage.jsonl",
        ".local/state/docker-credential-pat/usage.1.jsonl",
        ".local/state/docker-credential-pat/usage.summary.jsonl",
        ".local/share/docker-credential-pat/vault.new",
    ] {
        let home = Home::new();
        home.store("ghcr.io", "me", "secret");
        make_sparse(&home.path().join(name), b"", 20 << 30);
        run_all(&home, name);
    }
}

#[test]
fn a_huge_passphrase_file_or_key_file_is_an_error() {
    let home = Home::new();
    home.store("ghcr.io", "me", "secret");
    let file = home.path().join("huge");
    make_sparse(&file, b"", 20 << 30);
    let file = file.to_string_lossy();
    for (args, variable) in [
        (&["key", "add", "file", &file][..], None),
        (&["key", "add", "passphrase", "--passphrase-file", &file], None),
        (&["backup", "copy", "--passphrase-file", &file], None),
    ] {
        let output = run(&home, MEMORY_KIB, args, "", variable);
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(
            output.status.code() == Some(1) && said.contains("is larger than 4096 bytes"),
            "{args:?}: {said}"
        );
    }
}

#[test]
fn a_passphrase_without_the_memory_for_it_is_an_error_that_says_so() {
    let home = Home::new();
    home.store("ghcr.io", "me", "secret");
    let file = home.path().join("passphrase");
    fs::write(&file, "correct horse battery").expect("written");
    make_private(&file);
    home.run(["key", "add", "passphrase", "--passphrase-file", &file.to_string_lossy()]).success();
    fs::remove_file(home.key()).expect("removed");
    let variable = Some(("DOCKER_CREDENTIAL_PAT_PASSPHRASE_FILE", file.as_path()));
    let output = run(&home, 60_000, &["get"], "ghcr.io", variable);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.code() == Some(1) && said.contains("65536 KiB of memory"), "{said}");
}
