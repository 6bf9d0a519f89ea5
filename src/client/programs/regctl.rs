//! regctl. Its options are those of its documentation and source for versions 0.7 to 0.11.
//! <https://regclient.org/cli/regctl/>

use crate::client::keys::Client;
use crate::client::options::{Options, ParsedLine};
use crate::client::programs::table::ImageWords::{All, First, Last, OptionValues};
use crate::client::programs::table::{Action, ClientProgram, row};
use crate::client::transfers::{ImageSyntax, Transfers};
use crate::model::token::Direction::{Both, Delete, Pull, Push};

pub(super) static REGCTL: ClientProgram = ClientProgram {
    client: Client::Regctl,
    names: &["regctl"],
    syntax: ImageSyntax::OrLayout,
    globals: Options { valued: "v host logopt user-agent verbosity", switches: "" },
    commands: &[
        row(
            &[
                "image digest",
                "image manifest",
                "image inspect",
                "image config",
                "image export",
                "image get-file",
                "image cat",
                "image ratelimit",
                "manifest get",
                "manifest head",
                "blob get",
                "blob head",
                "tag ls",
                "tag list",
                "artifact list",
                "artifact ls",
                "artifact tree",
            ],
            &OPTIONS,
            Action::Images(&[(First, Pull)]),
        ),
        row(
            &["image check-base"],
            &OPTIONS,
            Action::ImagesAndOthers(&[(First, Pull), (OptionValues(&["base"]), Pull)], Pull),
        ),
        row(&["manifest diff"], &OPTIONS, Action::Images(&[(All, Pull)])),
        row(&["repo ls", "repo list"], &OPTIONS, Action::Others(Pull)),
        row(
            &["image import", "image create", "manifest put", "manifest push", "blob put", "blob push"],
            &OPTIONS,
            Action::Images(&[(First, Push)]),
        ),
        row(
            &["image copy", "image cp", "repo copy", "repo cp"],
            &OPTIONS,
            Action::Images(&[(First, Pull), (Last, Push)]),
        ),
        row(&["image mod"], &OPTIONS, Action::Custom(modify)),
        row(
            &["index add", "index append", "index create", "index delete", "index rm"],
            &OPTIONS,
            Action::Images(&[(First, Both), (OptionValues(&["ref"]), Pull)]),
        ),
        row(
            &[
                "image delete",
                "image rm",
                "image del",
                "image remove",
                "manifest delete",
                "manifest rm",
                "tag delete",
                "tag rm",
                "blob delete",
            ],
            &OPTIONS,
            Action::Images(&[(First, Delete)]),
        ),
    ],
};

/// Reads `image mod`, which changes an image in place, under another tag, or elsewhere.
fn modify(line: &ParsedLine<'_>) -> Option<Transfers> {
    // A name without a slash and a colon is a tag of the same repository.
    let targets: Vec<_> = line.values(&["create"]).filter(|target| target.contains(['/', ':'])).collect();
    // The image itself may name its base.
    let has_base = line.is_on("rebase")?;
    let mut transfers = if has_base { Transfers::others(Pull) } else { Transfers::default() };
    let image = line.arguments.get(..1)?;
    transfers.add(ImageSyntax::OrLayout, image, if targets.is_empty() { Both } else { Pull })?;
    transfers.add(ImageSyntax::OrLayout, &targets, Push)?;
    Some(transfers)
}

/// Omits `referrers-src`, `referrers-tgt` and `rebase-ref`, which name additional repositories.
const OPTIONS: Options = Options {
    valued: "m p t annotation annotation-base artifact-type author base buildarg-rm buildarg-rm-regex \
        concurrent config-cmd config-entrypoint config-platform config-time config-time-max content-type \
        context create created data-max desc-annotation desc-platform digest digest-algo env exclude \
        expose-add expose-rm external file-tar-time file-tar-time-max filter-annotation filter-artifact-type \
        format include label last layer-add layer-compress layer-rm-created-by layer-rm-index \
        layer-strip-file layer-time layer-time-max limit media-type name platform platforms ref \
        sort-annotation subject time time-max user volume-add volume-rm workdir",
    switches: "annotation-promote by-digest compress context-full digest-tags external-urls-rm fast \
        force-recursive force-tag-dereference ignore-missing ignore-timestamp include-external \
        label-to-annotation latest list new-tags no-config quiet rebase referrers replace reproducible \
        require-digest require-list slow-referrers sort-desc to-docker to-oci to-oci-referrers",
};
