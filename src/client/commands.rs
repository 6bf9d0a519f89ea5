//! Tables of the clients' commands, and of the images that each command transfers.
//!
//! The options are those that docker 28.2, podman 4.3, skopeo 1.9 and buildah 1.28 print for `--help`, and those
//! that the documentation lists for later versions and for buildx, crane and nerdctl. Clients that share a command
//! share its table: each of them rejects an unknown option before it asks for credentials. An option that is missing
//! here makes a command line unknown. Options that lead to images that the command line does not name are omitted on
//! purpose.

use crate::client::commands::ImageArguments::{All, ButFirst, ButLast, First, Last};
use crate::client::options::Options;

pub(super) struct ClientProgram {
    /// The file names of the program, separated by spaces.
    names: &'static str,
    pub(super) syntax: ImageSyntax,
    /// The options before the verb; most of them may also follow the verb.
    pub(super) globals: Options,
    pub(super) commands: &'static [Command],
}

/// The syntax that a client expects for image names.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum ImageSyntax {
    Docker,
    /// A name of one word is looked up in the user's own list and on several registries:
    /// <https://github.com/containers/image/blob/main/docs/containers-registries.conf.5.md>
    ShortNames,
    /// Only names with `docker://` are on a registry:
    /// <https://github.com/containers/image/blob/main/docs/containers-transports.5.md>
    Transports,
}

pub(super) struct Command {
    /// The equivalent verbs, such as `pull` and `image pull`.
    pub(super) verbs: &'static [&'static str],
    pub(super) options: &'static Options,
    pub(super) action: ClientAction,
}

/// The effect of a command on registries.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum ClientAction {
    Pull(ImageArguments),
    /// Pulls the first argument; the other arguments are a command to run in the image.
    Run,
    Push(ImageArguments),
    /// Pushes the list in the last argument; the images in the list may be on any registry.
    PushList,
    /// Pulls the first images and pushes the second.
    Copy(ImageArguments, ImageArguments),
    /// Deletes the first argument.
    Delete,
    /// Builds an image from others that the command line does not name, and may push the result.
    Build,
    /// Lists images.
    List,
}

/// The arguments of a command line that are images.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum ImageArguments {
    All,
    First,
    Last,
    ButFirst,
    ButLast,
    /// The values of the option with these names.
    Option(&'static [&'static str]),
}

/// Finds the client with this file name.
pub(super) fn find_program(name: &str) -> Option<&'static ClientProgram> {
    PROGRAMS.iter().find(|program| program.names.split(' ').any(|other| other == name))
}

const fn row(verbs: &'static [&'static str], options: &'static Options, action: ClientAction) -> Command {
    Command { verbs, options, action }
}

static PROGRAMS: [ClientProgram; 6] = [
    ClientProgram {
        names: "docker docker-buildx buildx",
        syntax: ImageSyntax::Docker,
        globals: Options {
            valued: "H c l builder config context host log-level tlscacert tlscert tlskey",
            switches: "D debug tls tlsverify",
        },
        commands: &[
            row(&["pull", "image pull"], &PULL, ClientAction::Pull(All)),
            row(&["push", "image push"], &PUSH, ClientAction::Push(Last)),
            row(&["run", "create", "container run", "container create"], &RUN, ClientAction::Run),
            row(
                &["build", "b", "buildx build", "buildx b", "image build", "builder build"],
                &BUILD,
                ClientAction::Build,
            ),
            row(&["buildx imagetools inspect", "imagetools inspect"], &SHOW, ClientAction::Pull(All)),
            row(&["manifest inspect"], &MANIFEST, ClientAction::Pull(Last)),
            row(&["manifest create"], &MANIFEST, ClientAction::Pull(ButFirst)),
            row(&["manifest annotate"], &MANIFEST, ClientAction::Pull(Last)),
            row(&["manifest push"], &MANIFEST, ClientAction::PushList),
            row(&["search"], &SEARCH, ClientAction::List),
        ],
    },
    ClientProgram {
        names: "podman",
        syntax: ImageSyntax::ShortNames,
        globals: Options {
            valued: "c cdi-spec-dir cgroup-manager config conmon connection events-backend hooks-dir identity \
                imagestore log-level module namespace network-cmd-path network-config-dir out root runroot \
                runtime runtime-flag ssh storage-driver storage-opt tls-ca tls-cert tls-key tmpdir url volumepath",
            switches: "noout syslog trace transient-store",
        },
        commands: &[
            row(&["pull", "image pull"], &PULL, ClientAction::Pull(All)),
            row(&["push", "image push"], &PUSH, ClientAction::Push(Last)),
            row(&["run", "create", "container run", "container create"], &RUN, ClientAction::Run),
            row(&["build", "image build", "buildx build"], &BUILD, ClientAction::Build),
            row(&["manifest inspect"], &MANIFEST, ClientAction::Pull(Last)),
            row(&["manifest push"], &PUSH, ClientAction::PushList),
            row(&["search", "image search"], &SEARCH, ClientAction::List),
        ],
    },
    ClientProgram {
        names: "skopeo",
        syntax: ImageSyntax::Transports,
        globals: Options {
            valued: "command-timeout override-arch override-os override-variant policy registries-conf \
                registries.d tmpdir user-agent-prefix",
            switches: "debug insecure-policy",
        },
        commands: &[
            row(&["copy"], &SKOPEO, ClientAction::Copy(First, Last)),
            row(&["inspect"], &SKOPEO, ClientAction::Pull(First)),
            row(&["list-tags"], &SKOPEO, ClientAction::Pull(First)),
            row(&["delete"], &SKOPEO, ClientAction::Delete),
        ],
    },
    ClientProgram {
        names: "buildah",
        syntax: ImageSyntax::ShortNames,
        globals: Options {
            valued: "cgroup-manager log-level registries-conf registries-conf-dir root runroot \
                short-name-alias-conf storage-driver storage-opt userns-gid-map userns-uid-map",
            switches: "debug",
        },
        commands: &[
            row(&["pull"], &PULL, ClientAction::Pull(First)),
            row(&["push"], &PUSH, ClientAction::Push(Last)),
            row(&["from"], &FROM, ClientAction::Pull(First)),
            row(&["build", "bud", "build-using-dockerfile"], &BUILD, ClientAction::Build),
            row(&["manifest inspect"], &MANIFEST, ClientAction::Pull(Last)),
            row(&["manifest push"], &PUSH, ClientAction::PushList),
        ],
    },
    ClientProgram {
        names: "crane",
        syntax: ImageSyntax::Docker,
        globals: Options {
            valued: "mtls-certificate mtls-key platform",
            switches: "v allow-nondistributable-artifacts insecure verbose",
        },
        commands: &[
            row(&["pull"], &CRANE, ClientAction::Pull(ButLast)),
            row(&["manifest", "digest", "config", "export", "ls", "blob"], &CRANE, ClientAction::Pull(First)),
            row(&["push"], &CRANE, ClientAction::Push(Last)),
            row(&["tag"], &CRANE, ClientAction::Push(First)),
            row(&["copy", "cp"], &CRANE, ClientAction::Copy(First, Last)),
            row(
                &["append"],
                &CRANE,
                ClientAction::Copy(
                    ImageArguments::Option(&["b", "base"]),
                    ImageArguments::Option(&["t", "new_tag"]),
                ),
            ),
            row(&["validate"], &CRANE, ClientAction::Pull(ImageArguments::Option(&["remote"]))),
            row(&["delete"], &CRANE, ClientAction::Delete),
            row(&["catalog"], &CRANE, ClientAction::List),
        ],
    },
    ClientProgram {
        names: "nerdctl",
        syntax: ImageSyntax::Docker,
        globals: Options {
            valued: "H a n address bridge-ip cdi-spec-dirs cgroup-manager cni-netconfpath cni-path data-root \
                global-dns global-dns-opts global-dns-search host host-gateway-ip hosts-dir namespace \
                snapshotter storage-driver userns-remap",
            switches: "debug debug-full experimental insecure-registry kube-hide-dupe",
        },
        commands: &[
            row(&["pull", "image pull"], &PULL, ClientAction::Pull(All)),
            row(&["push", "image push"], &PUSH, ClientAction::Push(Last)),
            row(&["run", "create", "container run", "container create"], &RUN, ClientAction::Run),
        ],
    },
];

const PULL: Options = Options {
    valued: "arch authfile cert-dir cosign-certificate-identity cosign-certificate-identity-regexp \
        cosign-certificate-oidc-issuer cosign-certificate-oidc-issuer-regexp cosign-key creds decryption-key \
        ipfs-address os platform policy retry retry-delay soci-index-digest unpack variant verify",
    switches: "a q all-platforms all-tags disable-content-trust quiet remove-signatures tls-verify",
};

const PUSH: Options = Options {
    valued: "f add-compression authfile cert-dir compression-format compression-level cosign-key creds \
        digestfile encrypt-layer encryption-key format ipfs-address notation-key-name platform retry \
        retry-delay sign sign-by sign-by-sigstore sign-by-sigstore-private-key sign-passphrase-file",
    switches: "D a q all all-platforms all-tags allow-nondistributable-artifacts compress disable-compression \
        disable-content-trust estargz force-compression ipfs-ensure-image quiet remove-signatures rm tls-verify",
};

/// Omits `use-api-socket`, which passes every credential to the container, and `rootfs`, which makes the first
/// argument a folder.
const RUN: Options = Options {
    valued: "a c e h l m p u v w add-host annotation arch attach authfile blkio-weight blkio-weight-device \
        cap-add cap-drop cert-dir cgroup-conf cgroup-parent cgroupns cgroups chrootdirs cidfile conmon-pidfile \
        cosign-certificate-identity cosign-certificate-identity-regexp cosign-certificate-oidc-issuer \
        cosign-certificate-oidc-issuer-regexp cosign-key cpu-count cpu-percent cpu-period cpu-quota cpu-rt-period \
        cpu-rt-runtime cpu-shares cpus cpuset-cpus cpuset-mems creds decryption-key detach-keys device \
        device-cgroup-rule device-read-bps device-read-iops device-write-bps device-write-iops dns dns-opt \
        dns-option dns-search domainname entrypoint env env-file env-merge expose gidmap gpus group-add \
        group-entry health-cmd health-interval health-log-destination health-max-log-count health-max-log-size \
        health-on-failure health-retries health-start-interval health-start-period health-startup-cmd \
        health-startup-interval health-startup-retries health-startup-success health-startup-timeout \
        health-timeout hostname hosts-file hostuser image-volume init-binary init-ctr init-path \
        io-maxbandwidth io-maxiops ip ip6 ipc ipfs-address isolation kernel-memory label label-file link \
        link-local-ip log-driver log-opt mac-address memory memory-reservation memory-swap memory-swappiness \
        mount name net net-alias network network-alias oom-score-adj os passwd-entry personality pid pidfile \
        pids-limit platform pod pod-id-file preserve-fd preserve-fds publish pull rdt-class requires restart \
        retry retry-delay runtime sdnotify seccomp-policy secret security-opt shm-size shm-size-systemd \
        stop-signal stop-timeout storage-opt subgidname subuidname sysctl systemd timeout tmpfs tz uidmap \
        ulimit umask unsetenv user userns uts variant verify volume volume-driver volumes-from workdir",
    switches: "P d i q t detach disable-content-trust env-host help http-proxy init interactive \
        no-healthcheck no-hostname no-hosts oom-kill-disable passwd privileged publish-all quiet read-only \
        read-only-tmpfs replace rm rmi sig-proxy tls-verify tty unsetenv-all",
};

const FROM: Options = Options {
    valued: "c f m v add-host arch authfile cap-add cap-drop cert-dir cgroup-parent cgroupns cidfile cpu-period \
        cpu-quota cpu-shares cpuset-cpus cpuset-mems creds decryption-key device dns dns-option dns-search \
        format ipc isolation memory memory-swap name network os pid platform retry retry-delay security-opt \
        shm-size ulimit userns userns-gid-map userns-gid-map-group userns-uid-map userns-uid-map-user uts \
        variant volume",
    switches: "q http-proxy pull pull-always pull-never quiet tls-verify",
};

/// Omits `output`, `cache-to` and `cache-from`, whose values can name more images.
const BUILD: Options = Options {
    valued: "c f m t v add-host allow annotation arch attest authfile build-arg build-arg-file build-context \
        builder cache-ttl call cap-add cap-drop cert-dir cgroup-parent cgroupns cpp-flag cpu-period cpu-quota \
        cpu-shares cpuset-cpus cpuset-mems creds decryption-key device dns dns-option dns-search env file \
        format from group-add hooks-dir ignorefile iidfile ipc isolation jobs label layer-label logfile \
        manifest memory memory-swap metadata-file network no-cache-filter os os-feature os-version pid \
        platform policy progress provenance retry retry-delay runtime runtime-flag sbom secret security-opt \
        shm-size sign-by ssh tag target timestamp ulimit unsetenv unsetlabel userns userns-gid-map \
        userns-gid-map-group userns-uid-map userns-uid-map-user uts variant volume",
    switches: "D q all-platforms check compress debug disable-compression disable-content-trust force-rm \
        http-proxy identity-label inherit-labels layers load logsplit no-cache no-hosts omit-history pull \
        pull-always pull-never push quiet rm skip-unused-stages squash squash-all stdin tls-verify",
};

const MANIFEST: Options = Options {
    valued: "arch authfile cert-dir os os-features os-version variant",
    switches: "a p v amend insecure purge tls-verify verbose",
};

const SHOW: Options = Options { valued: "format", switches: "raw" };

const SEARCH: Options = Options {
    valued: "f authfile cert-dir creds filter format limit",
    switches: "compatible list-tags no-trunc tls-verify",
};

const SKOPEO: Options = Options {
    valued: "f additional-tag authfile cert-dir creds daemon-host decryption-key dest-authfile dest-cert-dir \
        dest-compress-format dest-compress-level dest-creds dest-daemon-host dest-password \
        dest-registry-token dest-shared-blob-dir dest-username digestfile encrypt-layer encryption-key \
        format image-parallel-copies manifest-digest multi-arch password registry-token retry-delay \
        retry-times shared-blob-dir sign-by sign-by-sigstore sign-by-sigstore-private-key sign-by-sq-fingerprint \
        sign-identity sign-passphrase-file src-authfile src-cert-dir src-creds src-daemon-host src-password \
        src-registry-token src-shared-blob-dir src-username username",
    switches: "a n q all config dest-compress dest-decompress dest-force-compress-format dest-no-creds \
        dest-oci-accept-uncompressed-layers dest-precompute-digests dest-tls-verify no-creds no-tags \
        preserve-digests quiet raw remove-signatures src-no-creds src-tls-verify tls-verify",
};

const CRANE: Options = Options {
    valued: "b c f j o t base cache_path format image-refs jobs new_layer new_tag output remote tarball",
    switches: "O a n all-tags annotate annotate-ref fast full-ref index no-clobber oci-empty-base \
        omit-digest-tags",
};
