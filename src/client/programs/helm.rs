//! helm. Its options are those of its documentation for version 3. <https://helm.sh/docs/helm/helm/>

use crate::client::keys::Client;
use crate::client::options::{Options, ParsedLine};
use crate::client::programs::table::ImageWords::{All, First};
use crate::client::programs::table::{Action, ClientProgram, row};
use crate::client::transfers::{ImageSyntax, Transfers};
use crate::model::token::Direction::{Pull, Push};

pub(super) static HELM: ClientProgram = ClientProgram {
    client: Client::Helm,
    names: &["helm"],
    syntax: ImageSyntax::Oci,
    globals: Options {
        valued: "n burst-limit color colour kube-apiserver kube-as-group kube-as-user kube-ca-file kube-context \
            kube-tls-server-name kube-token kubeconfig namespace qps registry-config repository-cache \
            repository-config",
        switches: "debug kube-insecure-skip-tls-verify",
    },
    commands: &[
        row(&["pull", "fetch"], &OPTIONS, Action::Images(&[(All, Pull)])),
        row(
            &[
                "show all",
                "show chart",
                "show crds",
                "show readme",
                "show values",
                "inspect all",
                "inspect chart",
                "inspect values",
                "inspect",
            ],
            &OPTIONS,
            Action::Images(&[(First, Pull)]),
        ),
        // The chart may depend on other charts.
        row(&["install", "upgrade", "template"], &OPTIONS, Action::ImagesAndOthers(&[(All, Pull)], Pull)),
        row(
            &[
                "dependency update",
                "dependency up",
                "dependency build",
                "dep update",
                "dep up",
                "dep build",
                "dependencies update",
                "dependencies build",
            ],
            &OPTIONS,
            Action::Others(Pull),
        ),
        row(&["push"], &OPTIONS, Action::Custom(push)),
    ],
};

/// Reads `push`, which appends the name of the chart to the path. The file is called `NAME-VERSION.tgz`.
fn push(line: &ParsedLine<'_>) -> Option<Transfers> {
    let [chart, remote] = line.arguments[..] else { return None };
    let file = chart.rsplit(['/', '\\']).next().unwrap_or(chart);
    let is_version =
        |(index, _): &(usize, &str)| file[index + 1..].starts_with(|first: char| first.is_ascii_digit());
    let name = file.match_indices('-').find(is_version).and_then(|(index, _)| file.get(..index));
    let mut transfers = Transfers::default();
    if let Some(name) = name {
        transfers.add(ImageSyntax::Oci, &[&format!("{remote}/{name}")], Push)?;
    } else {
        transfers = transfers.and_others(Push);
        transfers.add(ImageSyntax::Oci, &[remote], Push)?;
    }
    Some(transfers)
}

const OPTIONS: Options = Options {
    valued: "a d f l o s api-versions ca-file cert-file description destination history-max jsonpath \
        key-file keyring kube-version labels name-template output output-dir password post-renderer \
        post-renderer-args repo set set-file set-json set-literal set-string show-only timeout untardir \
        username values version",
    switches: "g i atomic cleanup-on-fail create-namespace dependency-update devel \
        disable-openapi-validation dry-run enable-dns force generate-name hide-notes hide-secret \
        include-crds insecure-skip-tls-verify install is-upgrade no-hooks pass-credentials plain-http prov \
        recreate-pods release-name render-subchart-notes replace reset-then-reuse-values reset-values \
        reuse-values skip-crds skip-refresh skip-schema-validation skip-tests take-ownership untar validate \
        verify wait wait-for-jobs",
};
