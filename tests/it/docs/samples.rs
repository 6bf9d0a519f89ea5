//! Runs the samples of a page, which are its `console` blocks, in one temporary home and in the order of the page, and
//! compares their output with the page.
//!
//! - Dates may be any. `…` in a line stands for any text, and alone for any lines.
//! - A table may show some of its columns, as on a narrow terminal.
//! - A secret that is typed at a prompt is given on standard input.
//!
//! Comments, which readers do not see, steer this. `<!-- setup`, commands, and `-->` run commands silently: those of this
//! program, `docker login -u USER HOST`, `docker logout HOST`, `mkdir DIR`, `cd DIR` and `file PATH TEXT`.
//! `<!-- new home -->` begins again in an empty home. Before a block that cannot run here, `<!-- not run: REASON -->`.

use std::fs::{self, File};
use std::path::PathBuf;
use std::process::{Command, Stdio};

use super::page::{Block, Page};
use crate::common::{Home, credentials, program, program_folder};

/// The beginnings of the prompts at which a secret is typed.
const PROMPTS: [&str; 2] = ["Secret for ", "New secret for "];

const DOCKER_HUB: &str = "https://index.docker.io/v1/";

/// A home, and the working directory in it.
struct Session {
    home: Home,
    folder: PathBuf,
    secrets: usize,
}

/// Runs the samples of a page, and returns for each command whether the page shows its output.
pub(super) fn run(page: &Page) -> Vec<Result<(), String>> {
    let mut session = Session::new();
    let mut results = Vec::new();
    for block in page.blocks() {
        let mut is_run = block.is_samples();
        for comment in &block.comments {
            match comment.split_once(['\n', ':']) {
                Some(("setup", commands)) => commands.lines().for_each(|line| session.prepare(page, line)),
                Some(("not run", _)) => is_run = false,
                _ if comment == "new home" => session = Session::new(),
                _ => panic!("{page}: unknown comment: {comment}"),
            }
        }
        if is_run {
            results.extend(session.compare(page, &block));
        }
    }
    results
}

/// Returns the arguments of this program in a command line of a shell, up to a pipe, a redirection or a comment.
pub(super) fn arguments(line: &str) -> Option<Vec<String>> {
    let words = shell_words(line);
    let mut words =
        words.into_iter().skip_while(|word| word.rsplit('/').next() != Some("docker-credential-pat"));
    words.next()?;
    Some(words.take_while(|word| !matches!(word.as_str(), "|" | "||" | "&&" | ">" | ";")).collect())
}

/// Splits a line as a shell does, without expansions.
fn shell_words(line: &str) -> Vec<String> {
    let (mut words, mut word, mut quote) = (Vec::new(), None::<String>, None);
    for letter in line.chars() {
        match letter {
            _ if quote == Some(letter) => quote = None,
            '\'' | '"' if quote.is_none() => {
                quote = Some(letter);
                word.get_or_insert_default();
            }
            ' ' if quote.is_none() => words.extend(word.take()),
            '#' if quote.is_none() && word.is_none() => break,
            _ => word.get_or_insert_default().push(letter),
        }
    }
    words.extend(word);
    words
}

impl Session {
    fn new() -> Self {
        let home = Home::new();
        let folder = home.path().to_owned();
        Self { home, folder, secrets: 0 }
    }

    /// Runs a command of a hidden comment, which must succeed.
    fn prepare(&mut self, page: &Page, line: &str) {
        let words = shell_words(line);
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        match words[..] {
            [] => {}
            ["docker-credential-pat", ..] => {
                let (output, is_success) = self.output(line, line.contains("--secret-stdin"));
                assert!(is_success, "{page}: {line}: {output}");
            }
            ["docker", "login", "-u", user, host] => {
                let secret = self.next_secret(line);
                self.home.call("store", credentials(&key(host), user, &secret)).success();
            }
            ["docker", "logout", host] => {
                self.home.call("erase", key(host)).success();
            }
            ["mkdir", folder] => fs::create_dir_all(self.path(folder)).expect("a folder"),
            ["cd", folder] => self.folder = self.path(folder),
            ["file", path, text] => {
                let path = self.path(path);
                fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
                fs::write(path, text).expect("written");
            }
            _ => panic!("{page}: unknown command of a setup: {line}"),
        }
    }

    /// Runs the commands of a block, and compares the output of each.
    fn compare(&mut self, page: &Page, block: &Block) -> Vec<Result<(), String>> {
        let starts = block.lines.iter().enumerate().filter(|(_, line)| line.starts_with("$ "));
        let bounds: Vec<_> = starts.map(|(at, _)| at).chain([block.lines.len()]).collect();
        assert_eq!(
            bounds.first(),
            Some(&0),
            "{page}: a block of samples begins with a command: {:?}",
            block.lines
        );
        let samples = bounds.windows(2).map(|bounds| &block.lines[bounds[0]..bounds[1]]);
        samples.map(|sample| self.compare_one(page, sample)).collect()
    }

    /// Runs the command of a sample, its first line, and compares its output.
    fn compare_one(&mut self, page: &Page, sample: &[String]) -> Result<(), String> {
        let (line, shown) = sample.split_first().expect("a command");
        let line = line.trim_start_matches("$ ");
        if line.starts_with("cd ") {
            self.prepare(page, line);
            return Ok(());
        }
        let is_prompt = |line: &&String| PROMPTS.iter().any(|prompt| line.starts_with(prompt));
        let has_prompt = shown.iter().any(|line| is_prompt(&line));
        let shown: Vec<&str> = shown.iter().filter(|line| !is_prompt(line)).map(String::as_str).collect();
        let (output, _) = self.output(line, has_prompt);
        if is_shown(&shown, &output.lines().collect::<Vec<_>>()) {
            return Ok(());
        }
        Err(format!("{page}: $ {line}\n--- the page:\n{}\n--- the program:\n{output}", shown.join("\n")))
    }

    /// Runs a command line of this program, and returns what a terminal would show of it.
    fn output(&mut self, line: &str, has_secret: bool) -> (String, bool) {
        let mut args = arguments(line).unwrap_or_else(|| panic!("not a command of this program: {line}"));
        let home = format!("{}/", self.home.path().display());
        for arg in args.iter_mut().filter(|arg| arg.starts_with("~/")) {
            arg.replace_range(..2, &home);
        }
        let folder = tempfile::tempdir().expect("a folder");
        let input = folder.path().join("input");
        let mut command = Command::new(program());
        command.args(&args);
        if has_secret {
            fs::write(&input, self.next_secret(line)).expect("written");
            command.stdin(File::open(&input).expect("input"));
            if !line.contains("--secret-stdin") {
                command.arg("--secret-stdin");
            }
        } else {
            command.stdin(Stdio::null());
        }
        let output = folder.path().join("output");
        let file = File::create(&output).expect("a file");
        command.env_clear().env("HOME", self.home.path()).current_dir(&self.folder);
        command.env("PATH", program_folder());
        command
            .env("XDG_RUNTIME_DIR", self.home.path().join("run"))
            .env("DOCKER_CREDENTIAL_PAT_KEY_HOLDER", "key-file");
        command.stdout(file.try_clone().expect("a file")).stderr(file);
        let status = command.status().expect("the program");
        (fs::read_to_string(output).expect("UTF-8"), status.success())
    }

    fn path(&self, path: &str) -> PathBuf {
        path.strip_prefix("~/").map_or_else(|| self.folder.join(path), |rest| self.home.path().join(rest))
    }

    /// Returns a new secret, of a form that suits the registry in the command line.
    fn next_secret(&mut self, line: &str) -> String {
        self.secrets += 1;
        let form = if line.contains(".net") || line.contains(".cool") { "secret " } else { "ghp_" };
        format!("{form}{}", self.secrets)
    }
}

/// Returns the key that docker sends for a host.
fn key(host: &str) -> String {
    if host == "docker.io" { DOCKER_HUB.to_owned() } else { host.to_owned() }
}

/// Returns whether the lines of the page show what the program wrote.
pub(super) fn is_shown(shown: &[&str], written: &[&str]) -> bool {
    let Some((first, rest)) = shown.split_first() else { return written.is_empty() };
    if first.trim() == "…" {
        return (0..=written.len()).any(|skipped| is_shown(rest, &written[skipped..]));
    }
    let Some((line, others)) = written.split_first() else { return false };
    if let Some(columns) = columns(first, line) {
        let is_row = |line: &&&str| cells(line).len() == cells(first).len();
        let rows = rest.iter().take_while(is_row).count();
        return rows <= others.len()
            && rest[..rows].iter().zip(others).all(|(shown, written)| {
                let written = cells(written);
                let written = columns.iter().map(|column| written.get(*column));
                cells(shown)
                    .iter()
                    .zip(written)
                    .all(|(shown, cell)| cell.is_some_and(|cell| is_line(shown, cell)))
            })
            && is_shown(&rest[rows..], &others[rows..]);
    }
    is_line(first, line) && is_shown(rest, others)
}

/// Returns the positions of the shown columns in a table, if the lines are its heads.
fn columns(shown: &str, written: &str) -> Option<Vec<usize>> {
    let is_head = |line: &str| cells(line).len() > 1 && !line.contains(|letter: char| letter.is_lowercase());
    let heads = cells(written);
    let find = |head: &&str| heads.iter().position(|other| other == head);
    if is_head(shown) && is_head(written) { cells(shown).iter().map(find).collect() } else { None }
}

/// Returns the cells of a line of a table, between which there are at least two blanks.
fn cells(line: &str) -> Vec<&str> {
    line.split("  ").map(str::trim).filter(|cell| !cell.is_empty()).collect()
}

/// Returns whether a line of the page, with its `…`, shows this line.
fn is_line(shown: &str, written: &str) -> bool {
    let (shown, written) = (without_dates(shown), without_dates(written));
    let mut parts = shown.trim_end().split('…');
    let Some(mut rest) = written.trim_end().strip_prefix(parts.next().unwrap_or_default()) else {
        return false;
    };
    let parts: Vec<_> = parts.collect();
    let Some((last, middle)) = parts.split_last() else { return rest.is_empty() };
    for part in middle {
        let Some(at) = rest.find(part) else { return false };
        rest = &rest[at + part.len()..];
    }
    rest.ends_with(last)
}

/// Replaces each date, such as 2027-01-31, by the same one.
fn without_dates(line: &str) -> String {
    let letters: Vec<char> = line.chars().collect();
    let is_date = |at: usize| {
        let date = letters.get(at..at + 10)?;
        let fits = |(at, letter): (usize, &char)| {
            if at == 4 || at == 7 { *letter == '-' } else { letter.is_ascii_digit() }
        };
        date.iter().enumerate().all(fits).then_some(())
    };
    let (mut text, mut at) = (String::new(), 0);
    while let Some(letter) = letters.get(at) {
        let date = is_date(at).is_some();
        text.push_str(if date { "DATE" } else { "" });
        if !date {
            text.push(*letter);
        }
        at += if date { 10 } else { 1 };
    }
    text
}
