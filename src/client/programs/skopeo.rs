//! skopeo. Its options are those of `--help` in version 1.9, and of the documentation for later versions.

use crate::client::keys::Client;
use crate::client::options::{Options, ParsedLine};
use crate::client::programs::table::ImageWords::{First, Last};
use crate::client::programs::table::{Action, ClientProgram, row};
use crate::client::transfers::{ImageSyntax, Transfers};
use crate::model::image::Image;
use crate::model::registry::Address;
use crate::model::token::Direction::{Delete, Pull, Push};

pub(super) static SKOPEO: ClientProgram = ClientProgram {
    client: Client::Skopeo,
    names: &["skopeo"],
    syntax: ImageSyntax::Transports,
    globals: Options {
        valued: "command-timeout override-arch override-os override-variant policy registries-conf \
            registries.d tmpdir user-agent-prefix",
        switches: "debug insecure-policy",
    },
    commands: &[
        row(&["copy"], &COPY, Action::Images(&[(First, Pull), (Last, Push)])),
        row(&["inspect"], &SHOW, Action::Images(&[(First, Pull)])),
        row(&["list-tags"], &SHOW, Action::Images(&[(First, Pull)])),
        row(&["delete"], &SHOW, Action::Images(&[(First, Delete)])),
        row(&["sync"], &SYNC, Action::Custom(sync)),
    ],
};

/// Reads `sync`, which copies a repository to a place below a registry or a path. Options give the types of
/// the source and the destination.
/// <https://github.com/containers/skopeo/blob/main/docs/skopeo-sync.1.md>
fn sync(line: &ParsedLine<'_>) -> Option<Transfers> {
    let [source, destination] = line.arguments[..] else { return None };
    let mut transfers = Transfers::default();
    let image = match line.values(&["s", "src"]).last()? {
        "docker" => Some(Image::parse(source)?),
        "dir" => None,
        // The images are named in a file.
        _ => {
            transfers = Transfers::others(Pull);
            None
        }
    };
    if image.is_some() {
        transfers.add(ImageSyntax::Docker, &[source], Pull)?;
    }
    if line.values(&["d", "dest"]).last()? == "docker" && !line.is_on("dry-run")? {
        let address = Address::parse(destination)?;
        let repository = address.repository().zip(image.as_ref()).map(|(path, image)| {
            let (registry, source) = (image.address().registry(), image.repository());
            if line.is_on("scoped") == Some(true) {
                format!("{path}/{registry}/{source}")
            } else {
                format!("{path}/{}", source.rsplit('/').next().unwrap_or(source))
            }
        });
        transfers.add_repository(address.registry().clone(), repository, Push);
    }
    Some(transfers)
}

const COPY: Options = Options {
    valued: "f additional-tag authfile decryption-key dest-authfile dest-cert-dir dest-compress-format \
        dest-compress-level dest-creds dest-daemon-host dest-password dest-registry-token \
        dest-shared-blob-dir dest-username digestfile encrypt-layer encryption-key format \
        image-parallel-copies multi-arch retry-delay retry-times sign-by sign-by-sigstore \
        sign-by-sigstore-private-key sign-by-sq-fingerprint sign-identity sign-passphrase-file src-authfile \
        src-cert-dir src-creds src-daemon-host src-password src-registry-token src-shared-blob-dir \
        src-username",
    switches: "a q all dest-compress dest-decompress dest-force-compress-format dest-no-creds \
        dest-oci-accept-uncompressed-layers dest-precompute-digests dest-tls-verify preserve-digests quiet \
        remove-signatures src-no-creds src-tls-verify",
};

const SHOW: Options = Options {
    valued: "f authfile cert-dir creds daemon-host format manifest-digest password registry-token \
        retry-delay retry-times shared-blob-dir username",
    switches: "n config no-creds no-tags raw tls-verify",
};

const SYNC: Options = Options {
    valued: "d f s authfile dest dest-authfile dest-cert-dir dest-creds dest-password dest-registry-token \
        dest-username digestfile format image-parallel-copies retry-delay retry-times sign-by \
        sign-by-sigstore sign-by-sigstore-private-key sign-by-sq-fingerprint sign-passphrase-file src \
        src-authfile src-cert-dir src-creds src-password src-registry-token src-username",
    switches: "a all append-suffix dest-no-creds dest-tls-verify dry-run keep-going preserve-digests remove-signatures \
        scoped src-no-creds src-tls-verify",
};
