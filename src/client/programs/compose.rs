//! Compose: the docker plugin `docker-compose`, and the program of version 1, which Python runs. The options
//! are those of `--help` in version 1.29, and of the documentation for version 2.40.

use crate::client::keys::Client;
use crate::client::options::{Options, ParsedLine};
use crate::client::programs::table::ImageWords::First;
use crate::client::programs::table::{Action, ClientProgram, row};
use crate::client::transfers::{ImageSyntax, Transfers};
use crate::model::token::Direction::{Pull, Push};

/// The globals omit `dry-run`, with which nothing is pushed.
pub(super) static COMPOSE: ClientProgram = ClientProgram {
    client: Client::Compose,
    names: &["docker-compose"],
    syntax: ImageSyntax::Docker,
    globals: Options {
        valued: "H c f l p ansi config context env-file file host insecure-registry log-level parallel profile progress project-directory \
            project-name tlscacert tlscert tlskey workdir",
        switches: "D all-resources compatibility debug no-ansi skip-hostname-check tls tlsverify verbose",
    },
    commands: &[
        // Docker passes the name of the plugin as the first argument.
        row(&["compose"], &Options::NONE, Action::Program(&COMPOSE)),
        row(&["pull"], &PULL, Action::Others(Pull)),
        row(&["up"], &UP, Action::Others(Pull)),
        row(&["run"], &RUN, Action::Others(Pull)).options_first(),
        row(&["watch", "scale"], &WATCH, Action::Others(Pull)),
        row(&["create"], &UP, Action::Others(Pull)),
        row(&["config", "convert"], &CONFIG, Action::Others(Pull)),
        row(&["push"], &PUSH, Action::Others(Push)),
        row(&["publish", "alpha publish"], &PUBLISH, Action::ImagesAndOthers(&[(First, Push)], Push)),
        row(&["build"], &BUILD, Action::Custom(build)),
    ],
};

/// Reads a build; `None` without `--push`, because the compose file may still make it push a cache.
fn build(line: &ParsedLine<'_>) -> Option<Transfers> {
    let only_prints = line.is_on("check")? || line.is_on("print")?;
    (line.is_on("push")? && !only_prints).then(|| Transfers::others(Push))
}

const PULL: Options = Options {
    valued: "policy",
    switches: "q ignore-buildable ignore-pull-failures include-deps no-parallel parallel quiet",
};

const PUSH: Options = Options { valued: "", switches: "q ignore-push-failures include-deps quiet" };

const UP: Options = Options {
    valued: "t attach exit-code-from no-attach pull scale timeout wait-timeout",
    switches: "V d w y abort-on-container-exit abort-on-container-failure always-recreate-deps \
        attach-dependencies build detach force-recreate menu no-build no-color no-deps no-log-prefix no-recreate \
        no-start quiet-build quiet-pull remove-orphans renew-anon-volumes timestamps wait watch yes",
};

const RUN: Options = Options {
    valued: "e l p u v w cap-add cap-drop entrypoint env env-from-file label labels name publish pull user volume volumes workdir",
    switches: "P T d i q t build detach interactive no-TTY no-build no-deps no-tty quiet quiet-build quiet-pull \
        remove-orphans rm service-ports tty use-aliases",
};

const CONFIG: Options = Options {
    valued: "o format hash output",
    switches: "q environment images lock-image-digests models networks no-consistency no-env-resolution \
        no-interpolate no-normalize no-path-resolution profiles quiet resolve-image-digests services variables volumes",
};

const PUBLISH: Options = Options {
    valued: "annotation oci-version",
    switches: "y app insecure-registry resolve-image-digests with-env yes",
};

const BUILD: Options = Options {
    valued: "m build-arg builder memory progress provenance sbom ssh",
    switches: "q check compress force-rm no-cache no-rm parallel print pull push quiet with-dependencies",
};

const WATCH: Options = Options { valued: "", switches: "no-deps no-up prune quiet" };
