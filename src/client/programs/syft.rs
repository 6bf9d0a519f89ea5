//! syft. Its options are those of `--help` in version 1.18, and of the source of other versions.

use crate::client::keys::Client;
use crate::client::options::{Options, ParsedLine};
use crate::client::programs::table::ImageWords::First;
use crate::client::programs::table::{Action, ClientProgram, row};
use crate::client::transfers::{ImageSyntax, Transfers};
use crate::model::token::Direction::Pull;

pub(super) static SYFT: ClientProgram = ClientProgram {
    client: Client::Syft,
    names: &["syft"],
    syntax: ImageSyntax::Docker,
    globals: Options { valued: "c config profile", switches: "q v quiet verbose" },
    commands: &[
        row(&["scan", "packages", ""], &OPTIONS, Action::Custom(scan)),
        // It runs cosign, which pushes.
        row(&["attest"], &OPTIONS, Action::Images(&[(First, Pull)])),
    ],
};

/// The prefixes of sources that are files or folders.
const FILE_SOURCES: [&str; 9] = [
    "dir",
    "docker-archive",
    "file",
    "local-directory",
    "local-file",
    "oci-archive",
    "oci-dir",
    "singularity",
    "snap",
];

/// The prefixes of sources that are images.
const IMAGE_SOURCES: [&str; 7] =
    ["registry", "oci-registry", "docker", "podman", "containerd", "pull", "daemon"];

/// Reads a scan of an image or of files. A source without a prefix may be an image or a path.
fn scan(line: &ParsedLine<'_>) -> Option<Transfers> {
    let [source] = line.arguments[..] else { return None };
    let mut transfers = Transfers::default();
    let (prefix, rest) = source.split_once(':').unwrap_or(("", source));
    let image = if IMAGE_SOURCES.contains(&prefix) { rest } else { source };
    if !FILE_SOURCES.contains(&prefix) {
        transfers.add(ImageSyntax::Docker, &[image], Pull)?;
    }
    Some(transfers)
}

const OPTIONS: Options = Options {
    valued: "d H k o p s t u base-path catalogers dockerfile enrich exclude file from host import-timeout \
        key output override-default-catalogers parallelism password platform scope select-catalogers \
        source-name source-supplier source-version template username",
    switches: "external-sources-enabled overwrite-existing-image version",
};
