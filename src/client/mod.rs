//! Determines from a client's command line which images the client is about to pull, push or delete. Lists
//! the keys and typical command lines of each client.
//!
//! The result only chooses among tokens that may be sent to the registry anyway. An ambiguous command line counts as
//! unknown.

pub mod context;
mod keys;
mod options;
pub mod parent;
mod programs;
mod samples;
mod transfers;

pub use crate::client::keys::Client;
pub use crate::client::samples::sample_line;
pub use crate::client::transfers::{ClientIntent, Transfers};
use crate::model::registry::Address;

/// Returns the client of a command line and the images that it transfers; `None` when the line is not
/// understood.
pub fn read_line(words: &[&str]) -> Option<(Client, Transfers)> {
    programs::read(words)
}

/// Returns the intent that a client's command line shows for the registry of an address, or for the repository if
/// the address has one; `None` when the intent is not certain.
pub fn intent(words: &[&str], address: &Address) -> Option<ClientIntent> {
    let (_, transfers) = read_line(words)?;
    transfers.intent(address)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::token::Direction;

    fn parse(line: &str, at: &str) -> Option<ClientIntent> {
        let words: Vec<_> = line.split_ascii_whitespace().collect();
        intent(&words, &Address::parse(at).expect(at))
    }

    #[test]
    fn an_intent_may_need_more_when_the_line_does_not_name_everything() {
        for (line, may_need_more) in [
            ("docker pull ghcr.io/acme/app", false),
            ("docker push ghcr.io/acme/app", false),
            ("docker run --rm ghcr.io/acme/app sh", false),
            ("podman push app ghcr.io/acme/app", false),
            ("skopeo copy docker://quay.io/acme/app docker://ghcr.io/acme/app", false),
            ("docker manifest create ghcr.io/acme/list ghcr.io/acme/app", false),
            ("docker manifest push ghcr.io/acme/list", true),
            ("docker build .", true),
            ("docker-buildx buildx build -t ghcr.io/acme/app --push .", true),
            ("podman search ghcr.io/app", true),
        ] {
            assert_eq!(parse(line, "ghcr.io").expect(line).may_need_more, may_need_more, "{line}");
        }
    }

    #[test]
    fn a_program_is_recognized_by_its_file_name_in_any_folder() {
        for (program, is_known) in [
            ("docker", true),
            ("/usr/bin/docker", true),
            ("./docker", true),
            ("C:\\Docker\\docker.exe", true),
            ("docker.exe", true),
            ("podman-remote", true),
            ("not-docker", false),
            ("/usr/bin/docker/", false),
            ("ko", false),
            ("", false),
        ] {
            let intent =
                intent(&[program, "pull", "acme/app"], &Address::parse("docker.io").expect("an address"));
            assert_eq!(intent.is_some(), is_known, "{program}");
        }
    }

    #[test]
    fn a_key_with_a_repository_gets_the_intent_for_that_repository_only() {
        for (line, at, want) in [
            ("crane copy ghcr.io/acme/app ghcr.io/acme/copy", "ghcr.io/acme/app", Some(Direction::Pull)),
            ("crane copy ghcr.io/acme/app ghcr.io/acme/copy", "ghcr.io/acme/copy", Some(Direction::Push)),
            ("crane copy ghcr.io/acme/app ghcr.io/acme/copy", "ghcr.io", Some(Direction::Both)),
            ("crane copy ghcr.io/acme/app:1 ghcr.io/acme/app:2", "ghcr.io/acme/app", Some(Direction::Both)),
            ("crane digest ghcr.io/acme/app", "ghcr.io/acme", Some(Direction::Pull)),
            ("crane digest ghcr.io/acme/app", "ghcr.io/acm", None),
        ] {
            assert_eq!(parse(line, at).and_then(|intent| intent.direction), want, "{line} {at}");
        }
    }

    #[test]
    fn a_line_that_names_several_images_is_read_as_a_whole() {
        for (line, repositories, direction) in [
            ("podman pull ghcr.io/b/x ghcr.io/a/y ghcr.io/b/x:2", &["b/x", "a/y"][..], Direction::Pull),
            ("skopeo copy docker://ghcr.io/a/x docker://ghcr.io/a/y", &["a/x", "a/y"], Direction::Both),
            ("skopeo copy docker://ghcr.io/a/x docker://quay.io/a/y", &["a/x"], Direction::Pull),
            ("crane delete ghcr.io/acme/app:1", &["acme/app"], Direction::Delete),
            ("skopeo delete docker://ghcr.io/acme/app:1", &["acme/app"], Direction::Delete),
            ("docker buildx build --push -t ghcr.io/a/x -t ghcr.io/a/y .", &["a/x", "a/y"], Direction::Push),
        ] {
            let intent = parse(line, "ghcr.io").expect(line);
            assert_eq!(intent.repositories, repositories, "{line}");
            assert_eq!(intent.direction, Some(direction), "{line}");
        }
    }
}
