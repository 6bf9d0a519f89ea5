//! buildah. Its options are those of `--help` in version 1.28, and of the documentation for later versions.

use crate::client::keys::Client;
use crate::client::options::{Options, ParsedLine};
use crate::client::programs::podman;
use crate::client::programs::table::ImageWords::{ButFirst, First, Last, OptionValues};
use crate::client::programs::table::{Action, ClientProgram, row};
use crate::client::transfers::{ImageSyntax, Transfers};
use crate::model::token::Direction::{Pull, Push};

pub(super) static BUILDAH: ClientProgram = ClientProgram {
    client: Client::Buildah,
    names: &["buildah"],
    syntax: ImageSyntax::ShortNames,
    globals: Options {
        valued: "cgroup-manager log-level registries-conf registries-conf-dir root runroot \
            short-name-alias-conf storage-driver storage-opt userns-gid-map userns-uid-map",
        switches: "debug",
    },
    commands: &[
        row(&["pull"], &PULL, Action::Images(&[(First, Pull)])),
        row(&["push"], &PUSH, Action::Images(&[(Last, Push)])),
        row(&["from"], &FROM, Action::Images(&[(First, Pull)])),
        row(&["build", "bud", "build-using-dockerfile"], &BUILD, Action::Custom(podman::build)),
        row(&["commit"], &COMMIT, Action::Custom(commit)),
        row(&["add", "copy"], &ADD, Action::Images(&[(OptionValues(&["from"]), Pull)])),
        row(&["manifest inspect"], &MANIFEST, Action::Images(&[(Last, Pull)])),
        row(&["manifest create"], &MANIFEST, Action::Images(&[(ButFirst, Pull)])),
        row(&["manifest add"], &MANIFEST, Action::Images(&[(ButFirst, Pull)])),
        // The images in the manifest list may be on any registry.
        row(&["manifest push"], &PUSH_LIST, Action::ImagesAndOthers(&[(Last, Push)], Pull)),
    ],
};

/// Reads `commit`, which pushes only to a name with a transport. An image with another name stays on the
/// machine.
fn commit(line: &ParsedLine<'_>) -> Option<Transfers> {
    let mut transfers = Transfers::default();
    transfers.add(ImageSyntax::Transports, line.arguments.get(1..)?, Push)?;
    Some(transfers)
}

const PULL: Options = Options {
    valued: "arch authfile cert-dir creds decryption-key os platform policy retry retry-delay variant",
    switches: "a q all-tags quiet remove-signatures tls-verify",
};

const PUSH: Options = Options {
    valued: "f add-compression authfile cert-dir compression-format compression-level creds digestfile \
        encrypt-layer encryption-key format retry retry-delay sign-by sign-by-sigstore",
    switches: "D q all disable-compression force-compression quiet remove-signatures rm tls-verify",
};

const FROM: Options = Options {
    valued: "c f m v add-host arch authfile cap-add cap-drop cert-dir cgroup-parent cgroupns cidfile \
        cpu-period cpu-quota cpu-shares cpuset-cpus cpuset-mems creds decryption-key device dns dns-option \
        dns-search format ipc isolation memory memory-swap name network os pid platform retry retry-delay \
        security-opt shm-size ulimit userns userns-gid-map userns-gid-map-group userns-uid-map \
        userns-uid-map-user uts variant volume",
    switches: "q http-proxy pull pull-always pull-never quiet tls-verify",
};

const BUILD: Options = Options {
    valued: "c f m o t v add-host annotation arch authfile build-arg build-arg-file build-context cache-from \
        cache-to cache-ttl cap-add cap-drop cert-dir cgroup-parent cgroupns cpp-flag cpu-period cpu-quota \
        cpu-shares cpuset-cpus cpuset-mems creds decryption-key device dns dns-option dns-search env file \
        format from group-add hooks-dir ignorefile iidfile ipc isolation jobs label layer-label logfile \
        manifest memory memory-swap metadata-file network os os-feature os-version output pid platform retry \
        retry-delay runtime runtime-flag sbom secret security-opt shm-size sign-by source-date-epoch ssh tag \
        target timestamp ulimit unsetenv unsetlabel userns userns-gid-map userns-gid-map-group \
        userns-uid-map userns-uid-map-user uts variant volume",
    switches: "D q all-platforms compress disable-compression disable-content-trust force-rm http-proxy \
        identity-label inherit-labels layers logsplit no-cache no-hosts omit-history pull pull-always \
        pull-never quiet rewrite-timestamp rm skip-unused-stages squash stdin tls-verify",
};

const MANIFEST: Options = Options {
    valued: "annotation arch authfile cert-dir creds features os os-features os-version variant",
    switches: "all amend tls-verify",
};

const PUSH_LIST: Options = Options {
    valued: "f add-compression authfile cert-dir compression-format compression-level creds digestfile \
        format retry retry-delay sign-by",
    switches: "q all force-compression quiet remove-signatures rm tls-verify",
};

const COMMIT: Options = Options {
    valued: "f authfile cert-dir creds encrypt-layer encryption-key format iidfile manifest sign-by \
        timestamp unsetenv",
    switches: "D q disable-compression identity-label omit-history quiet rm squash tls-verify",
};

const ADD: Options = Options {
    valued: "authfile cert-dir checksum chmod chown contextdir creds decryption-key exclude from ignorefile \
        retry retry-delay",
    switches: "q add-history quiet tls-verify",
};
