//! buildctl, which nerdctl also runs. Its options are those of its documentation.
//! <https://github.com/moby/buildkit/blob/master/docs/reference/buildctl.md>

use crate::client::keys::Client;
use crate::client::options::{Options, ParsedLine};
use crate::client::programs::buildx::{Output, cache_images};
use crate::client::programs::table::{Action, ClientProgram, row};
use crate::client::transfers::{ImageSyntax, Transfers};
use crate::model::token::Direction::{Pull, Push};

pub(super) static BUILDCTL: ClientProgram = ClientProgram {
    client: Client::Buildctl,
    names: &["buildctl"],
    syntax: ImageSyntax::Docker,
    globals: Options {
        valued: "addr log-format timeout tlscacert tlscert tlsdir tlskey tlsservername",
        switches: "debug wait",
    },
    commands: &[row(&["build", "b"], &BUILD, Action::Custom(build)).options_first()],
};

/// Reads a build. It pulls images that the command line does not name, and pushes each output that says so.
fn build(line: &ParsedLine<'_>) -> Option<Transfers> {
    let outputs = line.values(&["output"]).map(Output::parse).collect::<Option<Vec<_>>>()?;
    let mut transfers = Transfers::others(Pull);
    for output in outputs.iter().filter(|output| output.is_pushed) {
        transfers.add(ImageSyntax::Docker, &[output.name?], Push)?;
    }
    transfers.add(ImageSyntax::Docker, &cache_images(line.values(&["export-cache"]))?, Push)?;
    transfers.add(ImageSyntax::Docker, &cache_images(line.values(&["import-cache"]))?, Pull)?;
    Some(transfers)
}

/// Omits `o`: Go reads `-output` as `--output`. Omits `exporter` of old versions, which names its images elsewhere.
const BUILD: Options = Options {
    valued: "allow debug-json-cache-metrics docker-config export-cache \
        frontend frontend-opt import-cache local metadata-file oci-layout opt output progress \
        ref-file registry-auth-tlscontext secret source-policy-file ssh trace",
    switches: "no-cache no-progress",
};
