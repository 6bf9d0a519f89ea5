//! nerdctl. Its options are those of its documentation.
//! <https://github.com/containerd/nerdctl/blob/main/docs/command-reference.md>

use crate::client::keys::Client;
use crate::client::options::Options;
use crate::client::programs::table::ImageWords::{All, First, Last};
use crate::client::programs::table::{Action, ClientProgram, row};
use crate::client::transfers::ImageSyntax;
use crate::model::token::Direction::{Pull, Push};

pub(super) static NERDCTL: ClientProgram = ClientProgram {
    client: Client::Nerdctl,
    names: &["nerdctl"],
    syntax: ImageSyntax::Docker,
    globals: Options {
        valued: "H a n address bridge-ip cdi-spec-dirs cgroup-manager cni-netconfpath cni-path data-root \
            global-dns global-dns-opts global-dns-search host host-gateway-ip hosts-dir namespace \
            snapshotter storage-driver userns-remap",
        switches: "debug debug-full experimental insecure-registry kube-hide-dupe",
    },
    commands: &[
        row(&["pull", "image pull"], &PULL, Action::Images(&[(All, Pull)])),
        row(&["push", "image push"], &PUSH, Action::Images(&[(Last, Push)])),
        row(&["run", "create", "container run", "container create"], &RUN, Action::Images(&[(First, Pull)]))
            .options_first(),
        row(&["compose"], &Options::NONE, Action::Program(&COMPOSE)),
    ],
};

/// The compose of nerdctl. For a build, it runs buildctl.
static COMPOSE: ClientProgram = ClientProgram {
    client: Client::Nerdctl,
    names: &[],
    syntax: ImageSyntax::Docker,
    globals: Options {
        valued: "f p env-file file ipfs-address profile project-directory project-name",
        switches: "experimental",
    },
    commands: &[
        row(&["pull"], &COMPOSE_PULL, Action::Others(Pull)),
        row(&["push"], &COMPOSE_PULL, Action::Others(Push)),
        row(&["up", "create"], &COMPOSE_UP, Action::Others(Pull)),
        row(&["run"], &COMPOSE_RUN, Action::Others(Pull)).options_first(),
    ],
};

const PULL: Options = Options {
    valued: "cosign-certificate-identity cosign-certificate-identity-regexp cosign-certificate-oidc-issuer \
        cosign-certificate-oidc-issuer-regexp cosign-key ipfs-address platform soci-index-digest unpack \
        verify",
    switches: "q all-platforms quiet",
};

const PUSH: Options = Options {
    valued: "cosign-key ipfs-address notation-key-name platform sign soci-min-layer-size soci-span-size",
    switches: "a q all-platforms all-tags allow-nondistributable-artifacts estargz ipfs-ensure-image quiet",
};

/// Omits `rootfs`, with which the first argument is a folder.
const RUN: Options = Options {
    valued: "a e h l m p u v w add-host annotation attach blkio-weight blkio-weight-device cap-add cap-drop \
        cgroup-conf cgroup-parent cgroupns cidfile cosign-certificate-identity \
        cosign-certificate-identity-regexp cosign-certificate-oidc-issuer \
        cosign-certificate-oidc-issuer-regexp cosign-key cpu-period cpu-quota cpu-rt-period cpu-rt-runtime \
        cpu-shares cpus cpuset-cpus cpuset-mems detach-keys device device-read-bps device-read-iops \
        device-write-bps device-write-iops dns dns-opt dns-option dns-search domainname entrypoint env \
        env-file gpus group-add health-cmd health-interval health-retries health-start-period health-timeout \
        hostname init-binary ip ip6 ipc ipfs-address isolation kernel-memory label label-file log-driver \
        log-opt mac-address memory memory-reservation memory-swap memory-swappiness mount name net network \
        oom-score-adj pid pidfile pids-limit platform publish pull rdt-class restart runtime security-opt \
        shm-size stop-signal stop-timeout sysctl systemd tmpfs ulimit umask user userns uts verify volume \
        volumes-from workdir",
    switches: "d i q t detach init interactive no-healthcheck oom-kill-disable privileged quiet read-only rm \
        sig-proxy tty",
};

const COMPOSE_PULL: Options = Options { valued: "", switches: "q quiet" };

const COMPOSE_UP: Options = Options {
    valued: "pull scale",
    switches: "d abort-on-container-exit build detach force-recreate ipfs no-build no-color no-log-prefix \
        no-recreate quiet-pull remove-orphans",
};

const COMPOSE_RUN: Options = Options {
    valued: "e l u v w entrypoint env label name publish user volume workdir",
    switches: "d i build detach interactive no-build no-color no-deps no-log-prefix quiet-pull \
        remove-orphans rm service-ports",
};
