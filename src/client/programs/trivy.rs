//! trivy. Its options are those of its documentation and source.
//! <https://trivy.dev/latest/docs/references/configuration/cli/trivy_image/>

use crate::client::keys::Client;
use crate::client::options::Options;
use crate::client::programs::table::ImageWords::All;
use crate::client::programs::table::{Action, ClientProgram, row};
use crate::client::transfers::ImageSyntax;
use crate::model::token::Direction::Pull;

pub(super) static TRIVY: ClientProgram = ClientProgram {
    client: Client::Trivy,
    names: &["trivy"],
    syntax: ImageSyntax::Docker,
    globals: Options {
        valued: "c cacert cache-dir config log-format timeout",
        switches: "d q v debug generate-default-config insecure no-color quiet version",
    },
    // Trivy also pulls its databases, which are stored as images.
    commands: &[
        row(
            &["fs", "filesystem", "config", "conf", "repo", "repository", "rootfs", "sbom", "vm"],
            &IMAGE,
            Action::Others(Pull),
        ),
        row(&["image", "i", "client", "c"], &IMAGE, Action::ImagesAndOthers(&[(All, Pull)], Pull)),
    ],
};

const IMAGE: Options = Options {
    valued: "f o s t cache-backend cache-ttl check-namespaces checks-bundle-repository compliance \
        config-check config-data config-file-schemas config-policy custom-headers data db-repository \
        detection-priority distro docker-host enable-modules exit-code exit-on-eol file-patterns format \
        helm-api-versions helm-kube-version helm-set helm-set-file helm-set-string helm-values ignore-policy \
        ignore-status ignored-licenses ignorefile image-config-scanners image-src input java-db-repository \
        license-confidence-level max-image-size misconfig-scanners module-dir namespaces output \
        output-plugin-arg parallel password path-prefix pkg-relationships pkg-types platform podman-host \
        policy policy-bundle-repository policy-bundle-url policy-namespaces pro-api-url pro-token \
        pro-trivy-server-url raw-config-scanners redis-ca redis-cert redis-key registry-token \
        rego-error-limit rekor-url remote render-cause report sbom-sources scanners secret-config \
        security-checks server severity skip-dirs skip-files table-mode template tf-vars token token-header \
        username vex vuln-severity-source vuln-type",
    switches: "clear-cache dependency-tree disable-telemetry download-db-only download-java-db-only \
        ignore-unfixed include-deprecated-checks include-non-failures license-full light list-all-pkgs \
        no-progress offline-scan password-stdin pro-server-scanning pro-upload-results pro-use-secret-config \
        redis-tls removed-pkgs reset reset-policy-bundle show-suppressed skip-check-update skip-db-update \
        skip-java-db-update skip-policy-update skip-update skip-version-check skip-vex-repo-update slow \
        tf-exclude-downloaded-modules trace trace-rego",
};
