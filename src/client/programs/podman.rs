//! podman. Its options are those of `--help` in version 4.3, and of the documentation for version 5.

use crate::client::keys::Client;
use crate::client::options::{Options, ParsedLine};
use crate::client::programs::table::ImageWords::{All, ButFirst, First, Last};
use crate::client::programs::table::{Action, ClientProgram, row};
use crate::client::transfers::{ImageSyntax, Transfers};
use crate::model::token::Direction::{Pull, Push};

pub(super) static PODMAN: ClientProgram = ClientProgram {
    client: Client::Podman,
    names: &["podman", "podman-remote"],
    syntax: ImageSyntax::ShortNames,
    globals: Options {
        valued: "c cdi-spec-dir cgroup-manager config conmon connection events-backend hooks-dir identity \
            imagestore log-level module namespace network-cmd-path network-config-dir out root runroot \
            runtime runtime-flag ssh storage-driver storage-opt tls-ca tls-cert tls-key tmpdir url volumepath",
        switches: "r noout remote syslog trace transient-store",
    },
    commands: &[
        row(&["pull", "image pull"], &PULL, Action::Images(&[(All, Pull)])),
        row(&["push", "image push"], &PUSH, Action::Images(&[(Last, Push)])),
        row(&["run", "create", "container run", "container create"], &RUN, Action::Images(&[(First, Pull)]))
            .options_first(),
        row(&["build", "image build", "buildx build"], &BUILD, Action::Custom(build)),
        row(&["manifest inspect"], &MANIFEST, Action::Images(&[(Last, Pull)])),
        row(&["manifest create"], &MANIFEST, Action::Images(&[(ButFirst, Pull)])),
        row(&["manifest add"], &MANIFEST, Action::Images(&[(ButFirst, Pull)])),
        // The images in the manifest list may be on any registry.
        row(&["manifest push"], &PUSH_LIST, Action::ImagesAndOthers(&[(Last, Push)], Pull)),
        row(&["artifact pull"], &ARTIFACT, Action::Images(&[(All, Pull)])),
        row(&["artifact push"], &ARTIFACT, Action::Images(&[(Last, Push)])),
        row(&["kube play", "play kube"], &PLAY, Action::Others(Pull)),
        row(&["auto-update"], &AUTO_UPDATE, Action::Others(Pull)),
        row(&["search", "image search"], &SEARCH, Action::Others(Pull)),
    ],
};

/// Reads a build of podman or buildah. Its tags stay on the machine. Its caches are repositories on
/// registries.
/// <https://github.com/containers/buildah/blob/main/docs/buildah-build.1.md>
pub(super) fn build(line: &ParsedLine<'_>) -> Option<Transfers> {
    let mut transfers = Transfers::others(Pull);
    for (option, direction) in [("cache-to", Push), ("cache-from", Pull), ("from", Pull)] {
        let images: Vec<_> = line.values(&[option]).collect();
        transfers.add(ImageSyntax::ShortNames, &images, direction)?;
    }
    Some(transfers)
}

const ARTIFACT: Options = Options {
    valued: "authfile cert-dir creds decryption-key digestfile retry retry-delay sign-by sign-by-sigstore \
        sign-by-sigstore-private-key sign-passphrase-file",
    switches: "q quiet tls-verify",
};

const PULL: Options = Options {
    valued: "arch authfile cert-dir creds decryption-key os platform policy retry retry-delay variant",
    switches: "a q all-tags disable-content-trust quiet tls-verify",
};

const PUSH: Options = Options {
    valued: "f add-compression authfile cert-dir compression-format compression-level creds digestfile \
        encrypt-layer encryption-key format retry retry-delay sign-by sign-by-sigstore \
        sign-by-sigstore-private-key sign-passphrase-file",
    switches: "D q compress disable-compression disable-content-trust force-compression quiet \
        remove-signatures tls-verify",
};

/// Omits `rootfs`, with which the first argument is a folder.
const RUN: Options = Options {
    valued: "a c e h l m p u v w add-host annotation arch attach authfile blkio-weight blkio-weight-device \
        cap-add cap-drop cert-dir cgroup-conf cgroup-parent cgroupns cgroups chrootdirs cidfile \
        conmon-pidfile cpu-period cpu-quota cpu-rt-period cpu-rt-runtime cpu-shares cpus cpuset-cpus \
        cpuset-mems creds decryption-key detach-keys device device-cgroup-rule device-read-bps \
        device-read-iops device-write-bps device-write-iops dns dns-opt dns-option dns-search entrypoint env \
        env-file env-merge expose gidmap group-add group-entry health-cmd health-interval \
        health-log-destination health-max-log-count health-max-log-size health-on-failure health-retries \
        health-start-period health-startup-cmd health-startup-interval health-startup-retries \
        health-startup-success health-startup-timeout health-timeout hostname hosts-file hostuser \
        image-volume init-ctr init-path ip ip6 ipc label label-file log-driver log-opt mac-address memory \
        memory-reservation memory-swap memory-swappiness mount name net net-alias network network-alias \
        oom-score-adj os passwd-entry personality pid pidfile pids-limit platform pod pod-id-file \
        preserve-fd preserve-fds publish pull rdt-class requires restart retry retry-delay sdnotify \
        seccomp-policy secret security-opt shm-size shm-size-systemd stop-signal stop-timeout subgidname \
        subuidname sysctl systemd timeout tmpfs tz uidmap ulimit umask unsetenv user userns uts variant \
        volume volumes-from workdir",
    switches: "d i P q t detach disable-content-trust env-host http-proxy init interactive no-healthcheck \
        no-hostname no-hosts oom-kill-disable passwd privileged publish-all quiet read-only read-only-tmpfs \
        replace rm rmi sig-proxy tls-verify tty unsetenv-all",
};

const BUILD: Options = Options {
    valued: "c f m o t v add-host annotation arch authfile build-arg build-arg-file build-context cache-from \
        cache-to cache-ttl cap-add cap-drop cert-dir cgroup-parent cgroupns cpp-flag cpu-period cpu-quota \
        cpu-shares cpuset-cpus cpuset-mems creds decryption-key device dns dns-option dns-search env file \
        format from group-add hooks-dir ignorefile iidfile ipc isolation jobs label layer-label logfile \
        manifest memory memory-swap network os os-feature os-version output pid platform retry retry-delay \
        runtime-flag sbom secret security-opt shm-size sign-by ssh tag target timestamp ulimit unsetenv \
        unsetlabel userns userns-gid-map userns-gid-map-group userns-uid-map userns-uid-map-user uts variant \
        volume",
    switches: "D q all-platforms compress disable-compression disable-content-trust force-rm http-proxy \
        identity-label inherit-labels layers logsplit no-cache no-hosts omit-history pull pull-always \
        pull-never quiet rm skip-unused-stages squash squash-all stdin tls-verify",
};

const MANIFEST: Options = Options {
    valued: "annotation arch authfile cert-dir creds features os os-features os-version variant",
    switches: "a all amend tls-verify",
};

const PUSH_LIST: Options = Options {
    valued: "f add-compression authfile cert-dir compression-format compression-level creds digestfile \
        format retry retry-delay sign-by sign-by-sigstore sign-by-sigstore-private-key sign-passphrase-file",
    switches: "q all force-compression quiet remove-signatures rm tls-verify",
};

const SEARCH: Options = Options {
    valued: "f authfile cert-dir creds filter format limit",
    switches: "compatible list-tags no-trunc tls-verify",
};

const PLAY: Options = Options {
    valued: "annotation authfile cert-dir configmap context-dir creds ip log-driver log-opt mac-address \
        network publish seccomp-profile-root userns",
    switches: "q w build force no-hostname no-hosts no-pod-prefix publish-all quiet replace \
        service-container start tls-verify wait",
};

const AUTO_UPDATE: Options = Options { valued: "authfile format", switches: "dry-run rollback tls-verify" };
