//! oras. Its options are those of its documentation and source for version 1.3.
//! <https://oras.land/docs/category/oras-commands>

use crate::client::keys::Client;
use crate::client::options::{Options, ParsedLine};
use crate::client::programs::table::ImageWords::First;
use crate::client::programs::table::{Action, ClientProgram, row};
use crate::client::transfers::{ImageSyntax, Transfers};
use crate::model::token::Direction::{Both, Delete, Pull, Push};

pub(super) static ORAS: ClientProgram = ClientProgram {
    client: Client::Oras,
    names: &["oras"],
    syntax: ImageSyntax::SeveralTags,
    globals: Options { valued: "", switches: "d v debug verbose" },
    commands: &[
        row(&["pull", "discover", "resolve", "digest"], &OPTIONS, Action::Images(&[(First, Pull)])),
        row(
            &["manifest fetch", "manifest fetch-config", "blob fetch"],
            &OPTIONS,
            Action::Images(&[(First, Pull)]),
        ),
        row(&["repo tags", "repository tags"], &OPTIONS, Action::Images(&[(First, Pull)])),
        row(&["repo ls", "repository ls", "repo list", "repository list"], &OPTIONS, Action::Others(Pull)),
        row(&["push"], &OPTIONS, Action::Images(&[(First, Push)])),
        row(&["manifest push", "blob push"], &OPTIONS, Action::Images(&[(First, Push)])),
        row(&["attach", "tag"], &OPTIONS, Action::Images(&[(First, Both)])),
        // The other arguments are manifests in the same repository.
        row(&["manifest index create", "manifest index update"], &OPTIONS, Action::Images(&[(First, Both)])),
        row(&["copy", "cp"], &COPY, Action::Custom(copy)),
        row(
            &["manifest delete", "manifest rm", "blob delete", "blob rm"],
            &OPTIONS,
            Action::Images(&[(First, Delete)]),
        ),
        row(&["backup"], &OPTIONS, Action::Images(&[(First, Pull)])),
        row(&["restore"], &OPTIONS, Action::Images(&[(First, Push)])),
    ],
};

/// Reads a copy, either end of which may be a folder.
fn copy(line: &ParsedLine<'_>) -> Option<Transfers> {
    let [from, to] = line.arguments[..] else { return None };
    let mut transfers = Transfers::default();
    for (image, layout, path, direction) in [
        (from, "from-oci-layout", "from-oci-layout-path", Pull),
        (to, "to-oci-layout", "to-oci-layout-path", Push),
    ] {
        if !line.is_on(layout)? && line.values(&[path]).next().is_none() {
            transfers.add(ImageSyntax::SeveralTags, &[image], direction)?;
        }
    }
    Some(transfers)
}

/// Omits `oci-layout` and `oci-layout-path`, with which an argument is a folder.
const OPTIONS: Options = Options {
    valued: "a H o p u add annotation annotation-file artifact-platform artifact-type ca-file cert-file \
        concurrency config depth distribution-spec export-manifest format header identity-token \
        image-spec input key-file last media-type merge output password platform registry-config remove \
        resolve size tag template username",
    switches: "d f k l T v allow-path-traversal debug descriptor disable-path-validation dry-run \
        exclude-digest-tags exclude-referrers force full-reference identity-token-stdin \
        include-referrers include-subject insecure keep-old-files no-tty password-stdin plain-http \
        pretty strict verbose",
};

const COPY: Options = Options {
    valued: "concurrency from-ca-file from-cert-file from-distribution-spec from-header from-identity-token \
        from-key-file from-oci-layout-path from-password from-registry-config from-resolve from-username \
        platform resolve to-ca-file to-cert-file to-distribution-spec to-header to-identity-token \
        to-key-file to-oci-layout-path to-password to-registry-config to-resolve to-username",
    switches: "d r v debug force from-insecure from-oci-layout from-plain-http no-tty recursive to-insecure \
        to-oci-layout to-plain-http verbose",
};
