//! The name of an image, as people and clients write it.

use crate::model::reference::without_tag_and_digest;
use crate::model::registry::Address;

/// The longest name of a repository, in bytes: <https://github.com/distribution/reference/blob/main/reference.go>
const MAX_REPOSITORY_BYTES: usize = 255;

/// The registry of an image without one.
const DEFAULT_HOST: &str = "docker.io";

/// The older name of [`DEFAULT_HOST`], which clients treat as the same.
const OLD_DEFAULT_HOST: &str = "index.docker.io";

/// An image on a registry, without its tag and digest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Image {
    host: Option<String>,
    /// The registry and the repository, which is always present.
    address: Address,
}

impl Image {
    /// Reads `alpine`, `acme/app:1.0` or `ghcr.io/acme/app@sha256:…` as Docker does. Returns `None` for a text that
    /// Docker does not accept, such as one with capital letters in the repository:
    /// <https://github.com/distribution/reference/blob/main/normalize.go>
    pub fn parse(text: &str) -> Option<Self> {
        let name = without_tag_and_digest(text)?;
        if is_image_id(name) {
            return None;
        }
        let (host, path) = match name.split_once('/') {
            Some((first, rest)) if is_host(first) => (Some(first), rest),
            Some(_) | None => (None, name),
        };
        let is_default = host.is_none_or(is_default_host);
        let repository =
            if is_default && !path.contains('/') { format!("library/{path}") } else { path.to_owned() };
        if repository.len() > MAX_REPOSITORY_BYTES || !path.split('/').all(is_part) {
            return None;
        }
        let address = Address::parse(&format!("{}/{repository}", host.unwrap_or(DEFAULT_HOST)))?;
        // `ghcr.io/v2` is the root of an API, not an image.
        address.repository()?;
        Some(Self { host: host.map(str::to_owned), address })
    }

    /// Returns the registry and the repository.
    pub fn address(&self) -> &Address {
        &self.address
    }

    /// Returns the full repository, such as `library/alpine`.
    pub fn repository(&self) -> &str {
        self.address.repository().unwrap_or_default()
    }

    /// Returns the host and port of the registry as written, which is how clients send them.
    pub fn host(&self) -> Option<&str> {
        self.host.as_deref()
    }

    /// True when clients treat the image as one without a registry, which is on Docker Hub.
    pub fn is_on_default_registry(&self) -> bool {
        self.host().is_none_or(is_default_host)
    }
}

fn is_default_host(host: &str) -> bool {
    matches!(host, DEFAULT_HOST | OLD_DEFAULT_HOST)
}

/// True for a first part that Docker treats as a registry.
fn is_host(text: &str) -> bool {
    text == "localhost"
        || text.contains(['.', ':'])
        || text.contains(|letter: char| letter.is_ascii_uppercase())
}

/// True for the id of a local image.
fn is_image_id(name: &str) -> bool {
    name.len() == 64 && name.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte))
}

/// True for a part of a repository: words of lower-case letters and digits, joined by `.`, `_`, `__` or
/// dashes.
fn is_part(part: &str) -> bool {
    let is_word = |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit();
    part.starts_with(is_word)
        && part.ends_with(is_word)
        && part
            .split(is_word)
            .all(|joint| matches!(joint, "" | "." | "_" | "__") || joint.bytes().all(|byte| byte == b'-'))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHA: &str = "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

    #[test]
    fn an_image_is_read_as_docker_reads_it() {
        for (text, host, registry, repository) in [
            ("alpine", None, "docker.io", "library/alpine"),
            ("alpine:3.20", None, "docker.io", "library/alpine"),
            ("acme/app", None, "docker.io", "acme/app"),
            ("acme/app/worker:1", None, "docker.io", "acme/app/worker"),
            ("library/alpine", None, "docker.io", "library/alpine"),
            ("docker.io/alpine", Some("docker.io"), "docker.io", "library/alpine"),
            ("index.docker.io/alpine", Some("index.docker.io"), "docker.io", "library/alpine"),
            ("docker.io/acme/app", Some("docker.io"), "docker.io", "acme/app"),
            ("registry-1.docker.io/a/b", Some("registry-1.docker.io"), "docker.io", "a/b"),
            ("registry-1.docker.io/alpine", Some("registry-1.docker.io"), "docker.io", "alpine"),
            ("ghcr.io/acme/app:1.0", Some("ghcr.io"), "ghcr.io", "acme/app"),
            ("GHCR.io/acme/app", Some("GHCR.io"), "ghcr.io", "acme/app"),
            ("Desk/app", Some("Desk"), "desk", "app"),
            ("ghcr.io:443/acme/app", Some("ghcr.io:443"), "ghcr.io", "acme/app"),
            ("localhost/app", Some("localhost"), "localhost", "app"),
            ("localhost:5000", None, "docker.io", "library/localhost"),
            ("host:5000/app", Some("host:5000"), "host:5000", "app"),
            ("host:5000/app:5000", Some("host:5000"), "host:5000", "app"),
            ("[::1]:5000/acme/app", Some("[::1]:5000"), "[::1]:5000", "acme/app"),
            ("a__b/c-d.e_f---g", None, "docker.io", "a__b/c-d.e_f---g"),
        ] {
            let image = Image::parse(text).expect(text);
            assert_eq!(image.host(), host, "{text}");
            assert_eq!(image.address().registry().as_str(), registry, "{text}");
            assert_eq!(image.address().repository(), Some(repository), "{text}");
            assert_eq!(image.repository(), repository, "{text}");
        }
    }

    #[test]
    fn tags_and_digests_are_ignored() {
        let plain = Image::parse("ghcr.io/acme/app");
        for suffix in [":1", ":V1.0_x-y", &format!("@{SHA}"), &format!(":1@{SHA}")] {
            assert_eq!(Image::parse(&format!("ghcr.io/acme/app{suffix}")), plain, "{suffix}");
        }
    }

    #[test]
    fn a_text_that_docker_refuses_is_not_an_image() {
        for text in [
            "",
            "-",
            "--rm",
            ".",
            "/",
            "/app",
            "app/",
            "acme//app",
            "App",
            "acme/App",
            "ghcr.io/Acme/app",
            "https://ghcr.io/acme/app",
            "docker://alpine",
            "oci-archive:/tmp/x.tar",
            "./app.tar",
            "app.tar:",
            "app:-x",
            "app:a b",
            "app@",
            "app@sha256:",
            "app@sha256:12",
            "app@latest",
            "-app",
            "app-",
            "a..b",
            "a___b",
            "a._b",
            "café",
            "ghcr.io/v2",
            "user@ghcr.io/acme/app",
            "*.io/app",
            "KEY=value",
            SHA.trim_start_matches("sha256:"),
            &format!("ghcr.io/{}", "a".repeat(256)),
            &"a".repeat(256 - "library/".len()),
            &format!("app:{}", "1".repeat(129)),
        ] {
            assert_eq!(Image::parse(text), None, "{text}");
        }
    }

    #[test]
    fn two_names_of_docker_hub_count_as_no_registry() {
        for (text, want) in [
            ("alpine", true),
            ("docker.io/alpine", true),
            ("index.docker.io/alpine", true),
            ("registry-1.docker.io/library/alpine", false),
            ("Docker.io/library/alpine", false),
            ("ghcr.io/acme/app", false),
        ] {
            assert_eq!(Image::parse(text).expect(text).is_on_default_registry(), want, "{text}");
        }
    }
}
