//! crane. Its options are those of its documentation and source for version 0.20.
//! <https://github.com/google/go-containerregistry/blob/main/cmd/crane/doc/crane.md>

use crate::client::keys::Client;
use crate::client::options::{Options, ParsedLine};
use crate::client::programs::table::ImageWords::{ButLast, First, Last, OptionValues};
use crate::client::programs::table::{Action, ClientProgram, row};
use crate::client::transfers::{ImageSyntax, Transfers};
use crate::model::token::Direction::{Both, Delete, Pull, Push};

pub(super) static CRANE: ClientProgram = ClientProgram {
    client: Client::Crane,
    names: &["crane"],
    syntax: ImageSyntax::Docker,
    globals: Options {
        valued: "mtls-certificate mtls-key platform",
        switches: "v allow-nondistributable-artifacts insecure verbose",
    },
    commands: &[
        row(&["pull"], &READ, Action::Images(&[(ButLast, Pull)])),
        row(
            &["manifest", "digest", "config", "export", "ls", "blob"],
            &READ,
            Action::Images(&[(First, Pull)]),
        ),
        row(&["validate"], &READ, Action::Images(&[(OptionValues(&["remote"]), Pull)])),
        row(&["catalog"], &READ, Action::Others(Pull)),
        row(&["push"], &PUSH, Action::Images(&[(Last, Push)])),
        row(&["tag"], &Options::NONE, Action::Images(&[(First, Both)])),
        row(&["copy", "cp"], &COPY, Action::Images(&[(First, Pull), (Last, Push)])),
        row(
            &["append"],
            &APPEND,
            Action::Images(&[(OptionValues(&["b", "base"]), Pull), (OptionValues(&["t", "new_tag"]), Push)]),
        ),
        row(&["mutate", "flatten", "edit config", "edit fs"], &CHANGE, Action::Custom(change)),
        row(&["rebase"], &CHANGE, Action::Custom(rebase)),
        row(&["edit manifest"], &EDIT_MANIFEST, Action::Custom(change)),
        row(&["index append", "index filter"], &INDEX, Action::Custom(change_list)),
        row(&["delete"], &Options::NONE, Action::Images(&[(First, Delete)])),
    ],
};

/// Reads a command that changes an image in place or under another name.
fn change(line: &ParsedLine<'_>) -> Option<Transfers> {
    let image = line.arguments.iter().copied().chain(line.values(&["original"])).take(1).collect::<Vec<_>>();
    let targets: Vec<_> = line.values(&["t", "tag", "rebased", "repo"]).collect();
    let mut transfers = Transfers::default();
    transfers.add(ImageSyntax::Docker, &image, if targets.is_empty() { Both } else { Pull })?;
    transfers.add(ImageSyntax::Docker, &targets, Push)?;
    Some(transfers)
}

/// Reads a command that changes a manifest list. Options name the images in the list.
fn change_list(line: &ParsedLine<'_>) -> Option<Transfers> {
    let mut transfers = change(line)?;
    let images = line.values(&["m", "manifest"]).flat_map(|images| images.split(','));
    transfers.add(ImageSyntax::Docker, &images.collect::<Vec<_>>(), Pull)?;
    Some(transfers)
}

/// Reads a rebase. If options do not name the bases, the image does.
fn rebase(line: &ParsedLine<'_>) -> Option<Transfers> {
    let mut transfers = change(line)?;
    let bases = ["old_base", "new_base"].map(|option| line.values(&[option]).last());
    let named: Vec<_> = bases.into_iter().flatten().collect();
    transfers.add(ImageSyntax::Docker, &named, Pull)?;
    Some(if named.len() == bases.len() { transfers } else { transfers.and_others(Pull) })
}

/// Omits `tarball`, whose images are in a file.
const READ: Options = Options {
    valued: "c cache_path format remote",
    switches: "O annotate-ref fast full-ref omit-digest-tags",
};

const PUSH: Options = Options { valued: "image-refs", switches: "index" };

const COPY: Options = Options { valued: "j jobs", switches: "a n all-tags no-clobber" };

/// Omits `output`, which makes crane write a file instead of pushing.
const APPEND: Options =
    Options { valued: "b f t base new_layer new_tag", switches: "oci-empty-base set-base-image-annotations" };

/// Omits `output`, which makes crane write a file instead of pushing.
const CHANGE: Options = Options {
    valued: "a e f l t u w annotation append cmd entrypoint env exposed-ports filename label media-type \
        new_base old_base original rebased repo set-platform tag user workdir",
    switches: "",
};

const INDEX: Options = Options { valued: "m t manifest platform tag", switches: "docker-empty-base flatten" };

const EDIT_MANIFEST: Options = Options { valued: "m t media-type tag", switches: "" };
