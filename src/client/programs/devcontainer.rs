//! The dev container command line, which node runs. Its options are those of its source.
//! <https://github.com/devcontainers/cli>

use crate::client::keys::Client;
use crate::client::options::{Options, ParsedLine};
use crate::client::programs::table::ImageWords::{Last, OptionValues};
use crate::client::programs::table::{Action, ClientProgram, row};
use crate::client::transfers::{ImageSyntax, Transfers};
use crate::model::registry::Address;
use crate::model::token::Direction::{Both, Pull};

pub(super) static DEVCONTAINER: ClientProgram = ClientProgram {
    client: Client::Devcontainer,
    names: &["devcontainer", "devcontainer.js", "devContainersSpecCLI.js"],
    syntax: ImageSyntax::Docker,
    globals: Options::NONE,
    // It requests credentials for features itself, and runs docker for images.
    commands: &[
        row(&["up", "build", "read-configuration", "outdated", "upgrade"], &OPTIONS, Action::Others(Pull)),
        row(
            &["features info", "templates metadata"],
            &OPTIONS,
            Action::ImagesAndOthers(&[(Last, Pull)], Pull),
        ),
        row(&["features resolve-dependencies"], &OPTIONS, Action::Others(Pull)),
        row(
            &["templates apply"],
            &OPTIONS,
            Action::ImagesAndOthers(&[(OptionValues(&["t", "template-id"]), Pull)], Pull),
        ),
        row(&["features publish", "templates publish"], &PUBLISH, Action::Custom(publish)),
    ],
};

/// The registry of `publish` without the option `--registry`.
const DEFAULT_REGISTRY: &str = "ghcr.io";

/// Reads `publish`, which reads the published versions below a namespace and pushes new ones.
fn publish(line: &ParsedLine<'_>) -> Option<Transfers> {
    let registry = line.values(&["r", "registry"]).last().unwrap_or(DEFAULT_REGISTRY);
    let namespace = line.values(&["n", "namespace"]).last()?;
    let address = Address::parse(&format!("{registry}/{namespace}"))?;
    let mut transfers = Transfers::default();
    transfers.add_repository(address.registry().clone(), address.repository().map(str::to_owned), Both);
    Some(transfers)
}

const OPTIONS: Options = Options {
    valued: "a f t v w additional-features buildkit cache-from cache-to config container-data-folder \
        container-id container-session-data-folder container-system-data-folder default-user-env-probe \
        docker-compose-path docker-path dotfiles-install-command dotfiles-repository dotfiles-target-path \
        feature features gpu-availability id-label image-name label log-format log-level mount omit-paths \
        output output-format override-config platform remote-env secrets-file target-version template-args \
        template-id terminal-columns terminal-rows tmp-dir update-remote-user-uid-default user-data-folder \
        workspace-folder workspace-mount-consistency",
    switches: "build-no-cache dry-run expect-existing-container experimental-frozen-lockfile \
        experimental-lockfile include-configuration include-features-configuration \
        include-merged-configuration mount-workspace-git-root no-cache omit-config-remote-env-from-metadata \
        omit-syntax-directive prebuild push remove-existing-container skip-feature-auto-mapping \
        skip-non-blocking-commands skip-persisting-customizations-from-features skip-post-attach \
        skip-post-create",
};

const PUBLISH: Options =
    Options { valued: "n r log-level namespace registry", switches: "allow-dir-without-template" };
