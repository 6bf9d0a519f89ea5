//! The docker client. Its options are those of `--help` in versions 20.10 and 28.2.

use crate::client::keys::Client;
use crate::client::options::Options;
use crate::client::programs::table::ImageWords::{All, ButFirst, First, Last, OptionValues};
use crate::client::programs::table::{Action, ClientProgram, row};
use crate::client::programs::{buildx, compose};
use crate::client::transfers::ImageSyntax;
use crate::model::token::Direction::{Pull, Push};

pub(super) static DOCKER: ClientProgram = ClientProgram {
    client: Client::Docker,
    names: &["docker"],
    syntax: ImageSyntax::Docker,
    globals: Options {
        valued: "H c l config context host log-level tlscacert tlscert tlskey",
        switches: "D debug tls tlsverify",
    },
    commands: &[
        row(&["pull", "image pull"], &PULL, Action::Images(&[(All, Pull)])),
        row(&["push", "image push"], &PUSH, Action::Images(&[(Last, Push)])),
        row(&["run", "create", "container run", "container create"], &RUN, Action::Images(&[(First, Pull)]))
            .options_first(),
        row(&["build", "image build", "builder build"], &buildx::BUILD, Action::Custom(buildx::build)),
        row(&["bake"], &buildx::BAKE, Action::Custom(buildx::bake)),
        row(&["buildx"], &Options::NONE, Action::Program(&buildx::BUILDX)),
        row(&["compose"], &Options::NONE, Action::Program(&compose::COMPOSE)),
        row(&["manifest inspect"], &MANIFEST, Action::Images(&[(Last, Pull)])),
        row(&["manifest create"], &MANIFEST, Action::Images(&[(ButFirst, Pull)])),
        row(&["manifest annotate"], &MANIFEST, Action::Images(&[(Last, Pull)])),
        // The images in the manifest list may be in any repository.
        row(&["manifest push"], &MANIFEST, Action::ImagesAndOthers(&[(Last, Push)], Pull)),
        row(&["service create"], &SERVICE, Action::Images(&[(First, Pull)])).options_first(),
        // Without `--image`, the service keeps its image, which the command line does not name.
        row(
            &["service update"],
            &SERVICE,
            Action::ImagesAndOthers(&[(OptionValues(&["image"]), Pull)], Pull),
        ),
        row(&["stack deploy", "stack up", "deploy"], &STACK, Action::Others(Pull)),
        row(&["plugin install"], &PLUGIN, Action::Images(&[(First, Pull)])),
        row(&["plugin upgrade"], &PLUGIN, Action::Images(&[(Last, Pull)])),
        row(&["plugin push"], &PLUGIN, Action::Images(&[(Last, Push)])),
        row(&["search"], &SEARCH, Action::Others(Pull)),
    ],
};

const PULL: Options = Options { valued: "platform", switches: "a q all-tags disable-content-trust quiet" };

const PUSH: Options = Options { valued: "platform", switches: "a q all-tags disable-content-trust quiet" };

/// Omits `use-api-socket`, which makes docker pass every credential to the container.
const RUN: Options = Options {
    valued: "a c e h l m p u v w add-host annotation attach blkio-weight blkio-weight-device cap-add \
        cap-drop cgroup-parent cgroupns cidfile cpu-count cpu-percent cpu-period cpu-quota cpu-rt-period \
        cpu-rt-runtime cpu-shares cpus cpuset-cpus cpuset-mems detach-keys device device-cgroup-rule \
        device-read-bps device-read-iops device-write-bps device-write-iops dns dns-opt dns-option \
        dns-search domainname entrypoint env env-file expose gpus group-add health-cmd health-interval \
        health-retries health-start-interval health-start-period health-timeout hostname io-maxbandwidth \
        io-maxiops ip ip6 ipc isolation kernel-memory label label-file link link-local-ip log-driver log-opt \
        mac-address memory memory-reservation memory-swap memory-swappiness mount name net net-alias network \
        network-alias oom-score-adj pid pids-limit platform publish pull restart runtime security-opt \
        shm-size stop-signal stop-timeout storage-opt sysctl tmpfs ulimit user userns uts volume \
        volume-driver volumes-from workdir",
    switches: "d i P q t detach disable-content-trust init interactive no-healthcheck oom-kill-disable \
        privileged publish-all quiet read-only rm sig-proxy tty",
};

const MANIFEST: Options = Options {
    valued: "arch os os-features os-version variant",
    switches: "a p v amend insecure purge verbose",
};

const SEARCH: Options = Options { valued: "f filter format limit", switches: "no-trunc" };

const SERVICE: Options = Options {
    valued: "e l p u w args cap-add cap-drop config config-add config-rm constraint constraint-add \
        constraint-rm container-label container-label-add container-label-rm credential-spec dns dns-add \
        dns-option dns-option-add dns-option-rm dns-rm dns-search dns-search-add dns-search-rm endpoint-mode \
        entrypoint env env-add env-file env-rm generic-resource generic-resource-add generic-resource-rm \
        group group-add group-rm health-cmd health-interval health-retries health-start-interval \
        health-start-period health-timeout host host-add host-rm hostname image isolation label label-add \
        label-rm limit-cpu limit-memory limit-pids log-driver log-opt max-concurrent mode mount mount-add \
        mount-rm name network network-add network-rm oom-score-adj placement-pref placement-pref-add \
        placement-pref-rm publish publish-add publish-rm replicas replicas-max-per-node reserve-cpu \
        reserve-memory restart-condition restart-delay restart-max-attempts restart-window rollback-delay \
        rollback-failure-action rollback-max-failure-ratio rollback-monitor rollback-order \
        rollback-parallelism secret secret-add secret-rm stop-grace-period stop-signal sysctl sysctl-add \
        sysctl-rm ulimit ulimit-add ulimit-rm update-delay update-failure-action update-max-failure-ratio \
        update-monitor update-order update-parallelism user workdir",
    switches: "d q t detach force init no-healthcheck no-resolve-image quiet read-only rollback tty \
        with-registry-auth",
};

const STACK: Options = Options {
    valued: "c compose-file orchestrator resolve-image",
    switches: "d q detach prune quiet with-registry-auth",
};

const PLUGIN: Options = Options {
    valued: "alias",
    switches: "disable disable-content-trust grant-all-permissions skip-remote-check",
};
