//! Intents that are read from the command lines of clients.

use docker_credential_pat::client;
use docker_credential_pat::model::registry::Key;
use docker_credential_pat::model::token::Direction;

#[test]
fn every_recorded_command_line_has_the_expected_intent() {
    let rows = include_str!("../fixtures/command-lines.txt")
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'));
    let mut count = 0;
    for row in rows {
        count += 1;
        let columns: Vec<_> = row.split('|').map(str::trim).collect();
        let [key, line, want] = columns[..] else { panic!("not three columns: {row}") };
        let words = shell_words(line);
        let words: Vec<_> = words.iter().map(String::as_str).collect();
        assert_eq!(describe_intent(key, &words), want, "{key}: {line}");
    }
    assert!(count > 100, "{count} rows read");
}

/// Describes the intent in the words of the fixture.
fn describe_intent(key: &str, words: &[&str]) -> String {
    let key = Key::parse(key).expect("a key");
    let Some(intent) = client::intent(words, key.address().expect("an address")) else {
        return "not known".to_owned();
    };
    let direction = intent.direction.map_or("unknown", Direction::word);
    let repositories =
        if intent.repositories.is_empty() { "-".to_owned() } else { intent.repositories.join(",") };
    format!("{direction} {repositories}")
}

/// Splits at blanks outside quotes; the fixture needs no other shell syntax.
fn shell_words(line: &str) -> Vec<String> {
    let (mut words, mut word, mut quote) = (Vec::new(), String::new(), None);
    for letter in line.chars() {
        match (letter, quote) {
            ('\'' | '"', None) => quote = Some(letter),
            (_, Some(open)) if letter == open => quote = None,
            (' ', None) => words.push(std::mem::take(&mut word)),
            _ => word.push(letter),
        }
    }
    words.push(word);
    words.retain(|word| !word.is_empty());
    words
}

#[cfg(target_os = "linux")]
mod processes {
    use std::io;
    use std::io::Read;
    use std::process::{Child, Command, Stdio};
    use std::time::Instant;

    use docker_credential_pat::client::parent::{CommandLine, MAX_BYTES};

    use crate::common::HANG;

    /// A shell that is killed when it is dropped.
    struct Shell(Child);

    impl Shell {
        /// Starts a shell, and returns once it waits for input: the words of a starting program may be missing.
        fn waiting(arguments: &[&str]) -> io::Result<Self> {
            let mut shell = Self::run("echo; read line", arguments)?;
            shell.0.stdout.as_mut().expect("a pipe").read_exact(&mut [0])?;
            Ok(shell)
        }

        fn run(script: &str, arguments: &[&str]) -> io::Result<Self> {
            let mut command = Command::new("sh");
            command.args(["-c", script, script]).args(arguments);
            Ok(Self(command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?))
        }

        fn words(&self) -> Option<Vec<String>> {
            let line = CommandLine::from_process(self.0.id())?;
            Some(line.words()?.into_iter().map(str::to_owned).collect())
        }
    }

    impl Drop for Shell {
        fn drop(&mut self) {
            let ended: io::Result<_> = self.0.kill().and_then(|()| self.0.wait());
            assert!(ended.is_ok() || std::thread::panicking(), "{ended:?}");
        }
    }

    #[test]
    fn the_command_line_of_the_parent_is_that_of_its_process() {
        let parent = CommandLine::from_process(std::os::unix::process::parent_id());
        let words = |line: &Option<CommandLine>| {
            line.as_ref()
                .and_then(|line| Some(line.words()?.into_iter().map(str::to_owned).collect::<Vec<_>>()))
        };
        assert!(words(&parent).is_some());
        assert_eq!(words(&CommandLine::from_parent()), words(&parent));
    }

    #[test]
    fn words_of_any_form_are_read_unchanged() {
        let long = "x".repeat(MAX_BYTES / 2);
        for arguments in [&["docker", "pull", "acme/app"][..], &["", "a b", "'", "\n", "é"], &[&long]] {
            let words = Shell::waiting(arguments).expect("a shell").words().expect("words");
            assert_eq!(words[..2], ["sh", "-c"]);
            assert_eq!(words[4..], *arguments);
        }
    }

    #[test]
    fn a_command_line_of_two_megabytes_is_unknown() {
        let piece = "x".repeat(100_000);
        // Smaller ones for systems that limit the arguments of a program.
        for pieces in [20, 10, 1] {
            let Ok(shell) = Shell::waiting(&vec![piece.as_str(); pieces]) else { continue };
            assert_eq!(shell.words(), None, "{pieces}");
            return;
        }
        panic!("no process with a long command line could be started");
    }

    #[test]
    fn the_command_line_of_a_process_that_has_exited_is_unknown() {
        let mut shell = Shell::waiting(&[]).expect("a shell");
        let process = shell.0.id();
        shell.0.kill().expect("an end");
        let deadline = Instant::now() + HANG;
        // Until the parent waits for it, the process keeps its id, without words.
        while shell.words().is_some() {
            assert!(Instant::now() < deadline, "it still has words");
            std::thread::yield_now();
        }
        shell.0.wait().expect("an end");
        assert!(CommandLine::from_process(process).is_none());
    }

    #[test]
    fn the_command_line_of_an_id_without_a_process_is_unknown() {
        for process in [0, u32::MAX] {
            assert!(CommandLine::from_process(process).is_none(), "{process}");
        }
    }

    #[test]
    fn a_command_line_that_changes_is_read_whole_or_not_at_all() {
        // The shell replaces itself again and again, with other words each time.
        let script = r#"case $1 in short) set -- long long long ;; *) set -- short ;; esac; exec sh -c "$0" "$0" "$@""#;
        let shell = Shell::run(script, &["short"]).expect("a shell");
        let deadline = Instant::now() + HANG;
        let (mut short, mut long) = (0, 0);
        while short < 20 || long < 20 {
            assert!(Instant::now() < deadline, "read {short} and {long} times");
            match shell.words().as_deref().map(|words| &words[4..]) {
                None => {}
                Some([word]) if word == "short" => short += 1,
                Some([one, two, three]) if [one, two, three].iter().all(|word| *word == "long") => long += 1,
                Some(other) => panic!("neither: {other:?}"),
            }
        }
    }
}

/// An option of a fixture's line.
struct ClientOption {
    /// With its dashes.
    name: String,
    has_value: bool,
    is_omitted: bool,
    is_image: bool,
}

/// Reads the commands of the fixture, each with its options.
fn client_options() -> Vec<(&'static str, Vec<ClientOption>)> {
    let lines = include_str!("../fixtures/client-options.txt").lines();
    let lines =
        lines.filter_map(|line| line.split_once(':')).filter(|(command, _)| !command.starts_with('#'));
    let option = |word: &str| {
        let (name, marks) = word.split_at(word.find(['=', '!', '@']).unwrap_or(word.len()));
        ClientOption {
            name: format!("{}{name}", if name.len() == 1 { "-" } else { "--" }),
            has_value: marks.contains('='),
            is_omitted: marks.contains('!'),
            is_image: marks.contains('@'),
        }
    };
    lines
        .map(|(command, options)| (command, options.split_ascii_whitespace().map(option).collect()))
        .collect()
}

#[test]
fn an_option_never_names_an_image_of_another_project() {
    let address = Key::parse("ghcr.io").expect("a key").address().expect("an address").clone();
    let (mut count, mut wrong) = (0, Vec::new());
    for (command, options) in client_options() {
        for option in options {
            count += 1;
            let value = option.has_value.then_some("ghcr.io/other/image");
            // A switch is followed by the image, which must not count as its value.
            let words = command.split(' ').chain([option.name.as_str()]).chain(value);
            let image = if command.starts_with("skopeo") && !command.starts_with("skopeo sync") {
                "docker://ghcr.io/acme/app"
            } else {
                "ghcr.io/acme/app"
            };
            let copy =
                ["crane pull", "skopeo copy", "skopeo sync"].iter().any(|other| command.starts_with(other));
            let copy = copy.then_some("quay.io/copy");
            let words: Vec<_> = words.chain([image]).chain(copy).collect();
            let line = client::read_line(&words);
            let named = line.as_ref().and_then(|(_, transfers)| transfers.intent(&address));
            let named = named.map(|intent| intent.repositories.join(",")).unwrap_or_default();
            if line.is_none() != option.is_omitted {
                wrong.push(format!("{words:?}: understood {}", line.is_some()));
            } else if named.contains("other") != option.is_image {
                wrong.push(format!("{words:?}: {named}"));
            }
        }
    }
    assert!(count > 1500, "{count}");
    assert!(wrong.is_empty(), "{} of {count}:\n{}", wrong.len(), wrong.join("\n"));
}
