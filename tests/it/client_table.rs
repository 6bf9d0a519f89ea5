//! The tables of `docs/clients.md`: each command line gets the token that the page says.

use serde_json::Value;

use crate::common::{Home, stdout};

const HOST: &str = "registry.example:5000";

/// The people of the page: with a token to pull and one to push, with four project tokens, with two accounts.
fn homes() -> [Home; 3] {
    let [pair, projects, accounts] = [Home::new(), Home::new(), Home::new()];
    for (name, allowed) in [("pull", "pull"), ("push", "pull,push")] {
        pair.bring(name, HOST, "me", name, &["--permission", allowed]).success();
    }
    for name in ["shop", "web", "data", "infra"] {
        let scope = format!("{HOST}/{name}");
        projects.bring(name, &scope, name, name, &["--permission", "pull,push"]).success();
    }
    for name in ["bob", "alice"] {
        accounts.store(HOST, name, &format!("secret-{name}"));
    }
    accounts.run(["use", &format!("bob@{HOST}"), &format!("{HOST}/web")]).success();
    [pair, projects, accounts]
}

/// The rows of the page: the command line, the direction, and the cell of each home.
fn rows() -> Vec<Vec<&'static str>> {
    let page = include_str!("../../docs/clients.md");
    let rows = page.lines().filter(|line| line.starts_with("| `"));
    rows.map(|line| line.trim_matches('|').split('|').map(|cell| cell.trim().trim_matches('`')).collect())
        .collect()
}

#[test]
fn explain_gives_each_command_line_of_the_page_the_token_that_it_says() {
    let homes = homes();
    let rows = rows();
    assert!(rows.len() > 75, "{} rows", rows.len());
    for row in rows {
        let [line, direction, cells @ ..] = &row[..] else { panic!("{row:?}") };
        let line = line.replace("HOST", HOST);
        for (home, cell) in homes.iter().zip(cells) {
            let mut program = home.program(["explain", "--json", HOST, "--"]);
            let explained = stdout(&program.args(line.split(' ')).assert().success());
            let explained: Value = serde_json::from_str(&explained).expect("JSON");
            let token = explained["token"].as_str().expect("a token");
            let token = token.split('@').next().expect("a name");
            let mark = match explained["warning"].as_str() {
                None => "",
                Some(warning) if warning.contains("is a guess") => " (a guess)",
                Some(_) => " (warns)",
            };
            assert_eq!(format!("{token}{mark}"), *cell, "{line}");
            let shown = explained["request"]["direction"]["value"].as_str().unwrap_or("unknown");
            assert_eq!(shown, *direction, "{line}");
        }
    }
}

#[cfg(target_os = "linux")]
mod played {
    use std::fs;
    use std::os::unix::process::CommandExt;
    use std::process::{Command, Stdio};

    use super::{HOST, homes, rows};
    use crate::common::{Home, program};

    /// Runs bash under the name and with the words of a client; its script, named like the verb, calls `get`. Returns the
    /// secret and stderr. `None` for a client whose first word is an option, which bash would take for its own.
    fn get_as(home: &Home, line: &str, key: &str) -> Option<(String, String)> {
        let words: Vec<_> = line.split(' ').collect();
        if words[1].starts_with('-') {
            return None;
        }
        let folder = home.path().join("verbs");
        let script = folder.join(words[1]);
        fs::create_dir_all(script.parent().expect("a folder")).expect("made");
        fs::write(&script, "printf %s \"$KEY\" | \"$HELPER\" get; :\n").expect("written");
        let mut command = Command::new("bash");
        command.arg0(words[0]).args(&words[1..]).current_dir(&folder).env_clear();
        command
            .env("PATH", "/usr/bin:/bin")
            .env("HOME", home.path())
            .env("KEY", key)
            .env("HELPER", program());
        let output = command.stdin(Stdio::null()).output().expect("bash");
        let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
        Some((text(output.stdout), text(output.stderr)))
    }

    #[test]
    fn twenty_requests_of_one_command_are_warned_once_with_the_token_that_would_have_answered() {
        let home = Home::new();
        for name in ["first", "second"] {
            home.bring(name, HOST, "me", name, &["--expires", "2020-01-31"]).success();
        }
        let folder = home.path().join("verbs");
        fs::create_dir_all(&folder).expect("made");
        fs::write(
            folder.join("compose"),
            "for _ in {1..20}; do printf %s \"$KEY\" | \"$HELPER\" get & done; wait\n",
        )
        .expect("written");
        let mut command = Command::new("bash");
        command.arg0("docker-compose").args(["compose", "pull"]).current_dir(&folder).env_clear();
        command
            .env("PATH", "/usr/bin:/bin")
            .env("HOME", home.path())
            .env("KEY", HOST)
            .env("HELPER", program());
        let output = command.stdin(Stdio::null()).output().expect("bash");
        let messages = String::from_utf8(output.stderr).expect("UTF-8");
        assert_eq!(messages.lines().count(), 1, "{messages}");
        assert!(
            messages.contains("token \"first\" for") && messages.contains("continuing without credentials"),
            "{messages}"
        );
    }

    #[test]
    fn a_program_with_each_command_line_of_the_page_gets_the_token_that_it_says() {
        let homes = homes();
        let mut guesses = 0;
        for row in rows() {
            let line = row[0].replace("HOST", HOST);
            for (home, cell) in homes.iter().zip(&row[2..]) {
                // Each line of the page is as of a new day.
                let warned = home.vault().with_file_name("warned");
                if warned.exists() {
                    fs::remove_dir_all(warned).expect("removed");
                }
                let Some((answer, messages)) = get_as(home, &line, HOST) else { continue };
                let name = cell.split(' ').next().expect("a name");
                let secret =
                    if name == "alice" || name == "bob" { format!("secret-{name}") } else { name.to_owned() };
                assert!(
                    answer.contains(&format!("\"Secret\":\"{secret}\"")),
                    "{line}: {cell}: {answer} {messages}"
                );
                let want = usize::from(cell.contains("(a guess)") || cell.contains("(warns)"));
                assert_eq!(messages.lines().count(), want, "{line}: {cell}: {messages}");
                assert_eq!(messages.contains("is a guess"), cell.contains("(a guess)"), "{line}: {messages}");
                guesses += usize::from(messages.contains("is a guess"));
            }
        }
        assert!(guesses > 10, "{guesses}");
    }
}
