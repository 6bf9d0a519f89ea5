//! ko. Its options are those of its documentation and source. <https://ko.build/reference/ko/>

use crate::client::keys::Client;
use crate::client::options::{Options, ParsedLine};
use crate::client::programs::table::ImageWords::First;
use crate::client::programs::table::{Action, ClientProgram, row};
use crate::client::transfers::{ImageSyntax, Transfers};
use crate::model::token::Direction::{Both, Pull};

pub(super) static KO: ClientProgram = ClientProgram {
    client: Client::Ko,
    names: &["ko"],
    syntax: ImageSyntax::Docker,
    globals: Options { valued: "", switches: "v verbose" },
    commands: &[
        row(&["build", "publish", "apply", "create", "resolve", "run"], &BUILD, Action::Custom(build)),
        row(&["deps"], &DEPS, Action::Images(&[(First, Pull)])),
    ],
};

/// Reads a build. It pulls a base image and pushes to `KO_DOCKER_REPO`, neither of which is on the command
/// line.
fn build(line: &ParsedLine<'_>) -> Option<Transfers> {
    let is_local = line.is_on("local")? || line.is_on("L")? || !line.switch("push", true)?;
    Some(Transfers::others(if is_local { Pull } else { Both }))
}

const BUILD: Options = Options {
    valued: "f j l n s t app-dir as as-group cache-dir certificate-authority client-certificate client-key \
        cluster context filename image-annotation image-label image-refs image-user jobs kubeconfig \
        namespace oci-layout-path password platform request-timeout sbom sbom-dir selector server tags \
        tarball tls-server-name token user username",
    switches: "B L P R S W bare base-import-paths debug disable-optimizations insecure-registry \
        insecure-skip-tls-verify local preserve-import-paths push recursive strict tag-only watch",
};

const DEPS: Options = Options { valued: "sbom", switches: "" };
