//! kaniko. Its options are those of its source and of its forks.
//! <https://github.com/GoogleContainerTools/kaniko#additional-flags>

use crate::client::keys::Client;
use crate::client::options::{Options, ParsedLine};
use crate::client::programs::table::ImageWords::OptionValues;
use crate::client::programs::table::{Action, ClientProgram, row};
use crate::client::transfers::{ImageSyntax, Transfers};
use crate::model::image::Image;
use crate::model::token::Direction::{Both, Pull, Push};

pub(super) static EXECUTOR: ClientProgram = ClientProgram {
    client: Client::Kaniko,
    names: &["executor"],
    syntax: ImageSyntax::Docker,
    globals: Options::NONE,
    commands: &[row(&[""], &EXECUTOR_OPTIONS, Action::Custom(build))],
};

pub(super) static WARMER: ClientProgram = ClientProgram {
    client: Client::Kaniko,
    names: &["warmer"],
    syntax: ImageSyntax::Docker,
    globals: Options::NONE,
    commands: &[row(
        &[""],
        &WARMER_OPTIONS,
        Action::ImagesAndOthers(&[(OptionValues(&["i", "image"]), Pull)], Pull),
    )],
};

/// Reads a build. It pulls images that the command line does not name, and pushes to its destinations.
fn build(line: &ParsedLine<'_>) -> Option<Transfers> {
    let mut transfers = Transfers::others(Pull);
    let destinations: Vec<_> = line.values(&["d", "destination"]).collect();
    if !line.is_on("no-push")? {
        transfers.add(ImageSyntax::Docker, &destinations, Push)?;
    }
    let caches: Vec<_> = line.values(&["cache-repo"]).filter(|cache| !cache.starts_with("oci:")).collect();
    if line.is_on("cache")? {
        let direction = if line.is_on("no-push-cache")? { Pull } else { Both };
        transfers.add(ImageSyntax::Docker, &caches, direction)?;
        // Without an option, the cache is below the first destination.
        if let (true, Some(first)) = (line.values(&["cache-repo"]).next().is_none(), destinations.first()) {
            let image = Image::parse(first)?;
            let cache = format!("{}/cache", image.repository());
            transfers.add_repository(image.address().registry().clone(), Some(cache), direction);
        }
    }
    Some(transfers)
}

const EXECUTOR_OPTIONS: Options = Options {
    valued: "b c d f v annotation azure-container-registry-config bucket build-arg cache-dir cache-repo \
        cache-ttl compression compression-level context context-sub-path credential-helpers custom-platform \
        customPlatform destination digest-file dockerfile git ignore-path image-download-retry image-format \
        image-fs-extract-retry image-name-tag-with-digest-file image-name-with-digest-file insecure-registry \
        kaniko-dir label log-format oci-layout-path push-retry registry-certificate registry-client-cert \
        registry-map registry-mirror secret skip-tls-verify-registry snapshot-mode snapshotMode tar-path \
        target tarPath upload-tar upload-tar-retry verbosity",
    switches: "cache cache-copy-layers cache-run-layers cleanup compressed-caching dryrun force \
        force-build-metadata ignore-var-run insecure insecure-pull log-timestamp materialize no-push \
        no-push-cache pre-cleanup preserve-context push-ignore-immutable-tag-errors reproducible \
        single-snapshot skip-default-registry-fallback skip-push-permission-check skip-tls-verify \
        skip-tls-verify-pull skip-unused-stages use-new-run whitelist-var-run",
};

const WARMER_OPTIONS: Options = Options {
    valued: "c d i v azure-container-registry-config build-arg cache-dir cache-ttl customPlatform dockerfile \
        image insecure-registry log-format registry-certificate registry-client-cert registry-map \
        registry-mirror skip-tls-verify-registry verbosity",
    switches: "f force insecure-pull log-timestamp skip-default-registry-fallback skip-tls-verify-pull",
};
