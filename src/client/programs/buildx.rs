//! The builder of docker: the plugin `docker-buildx`. The options are those of its documentation for version
//! 0.29, and of `docker build --help` without the plugin.

use crate::client::keys::Client;
use crate::client::options::{Options, ParsedLine};
use crate::client::programs::table::ImageWords::All;
use crate::client::programs::table::{Action, ClientProgram, row};
use crate::client::transfers::{ImageSyntax, Transfers};
use crate::model::token::Direction::{Both, Pull, Push};

pub(super) static BUILDX: ClientProgram = ClientProgram {
    client: Client::Buildx,
    names: &["docker-buildx", "buildx"],
    syntax: ImageSyntax::Docker,
    globals: Options {
        valued: "H c l builder config context host log-level tlscacert tlscert tlskey",
        switches: "D debug tls tlsverify",
    },
    commands: &[
        // Docker passes the name of the plugin as the first argument.
        row(&["buildx"], &Options::NONE, Action::Program(&BUILDX)),
        row(&["build", "b"], &BUILD, Action::Custom(build)),
        row(&["bake", "f"], &BAKE, Action::Custom(bake)),
        row(&["imagetools create"], &IMAGETOOLS, Action::Custom(create_list)),
        row(&["imagetools inspect"], &IMAGETOOLS, Action::Images(&[(All, Pull)])),
    ],
};

/// Reads a build. It pulls images that the command line does not name, and pushes its tags if the command
/// line says so.
/// <https://docs.docker.com/reference/cli/docker/buildx/build/>
pub(super) fn build(line: &ParsedLine<'_>) -> Option<Transfers> {
    let mut outputs = line.values(&["o", "output"]).map(Output::parse).collect::<Option<Vec<_>>>()?;
    if line.is_on("push")? {
        outputs.push(Output { is_pushed: true, name: None });
    }
    let tags: Vec<_> = line.values(&["t", "tag"]).collect();
    let mut transfers = Transfers::others(Pull);
    if outputs.iter().any(|output| output.is_pushed) {
        // Tags take precedence over the names of the outputs.
        let names: Vec<_> = outputs.iter().filter_map(|output| output.name).collect();
        let pushed = if tags.is_empty() { names } else { tags };
        // A build without a name cannot be pushed.
        pushed.first()?;
        transfers.add(ImageSyntax::Docker, &pushed, Push)?;
    }
    transfers.add(ImageSyntax::Docker, &cache_images(line.values(&["cache-to"]))?, Push)?;
    transfers.add(ImageSyntax::Docker, &cache_images(line.values(&["cache-from"]))?, Pull)?;
    let contexts = line.values(&["build-context"]).filter_map(|context| context.split_once('='));
    let images: Vec<_> = contexts.filter_map(|(_, source)| source.strip_prefix("docker-image://")).collect();
    transfers.add(ImageSyntax::Docker, &images, Pull)?;
    Some(transfers)
}

/// Reads a build of several targets, whose images are named in files. Its direction is known only with
/// `--push`.
pub(super) fn bake(line: &ParsedLine<'_>) -> Option<Transfers> {
    // `--set '*.output=…'` may override `--push`.
    let sets_output = line.values(&["set"]).any(|set| {
        let (target, _) = set.split_once('=').unwrap_or((set, ""));
        target.split_once('.').is_none_or(|(_, field)| ["output", "push", "load"].contains(&field))
    });
    (line.is_on("push")? && !sets_output).then(|| Transfers::others(Push))
}

/// Reads `imagetools create`, which copies the sources to the repository of each tag, and creates a manifest
/// list there.
fn create_list(line: &ParsedLine<'_>) -> Option<Transfers> {
    let tags: Vec<_> = line.values(&["t", "tag"]).collect();
    // A digest or a descriptor refers to the repository of the tag. A file may name any images.
    let is_own = |source: &&str| source.starts_with("sha256:") || source.starts_with('{');
    let (own, sources): (Vec<_>, Vec<_>) = line.arguments.iter().copied().partition(is_own);
    let has_file = line.values(&["f", "file"]).next().is_some();
    let reads_tags = has_file || !own.is_empty() || line.is_on("append")?;
    let mut transfers = if has_file { Transfers::others(Pull) } else { Transfers::default() };
    transfers.add(ImageSyntax::Docker, &sources, Pull)?;
    transfers.add(ImageSyntax::Docker, &tags, if reads_tags { Both } else { Push })?;
    Some(transfers)
}

/// An output of a build, such as `type=registry,name=ghcr.io/acme/app` or a folder.
pub(super) struct Output<'w> {
    pub(super) is_pushed: bool,
    pub(super) name: Option<&'w str>,
}

impl<'w> Output<'w> {
    /// Parses the value of `--output`; `None` for a quoted value, which may contain several names.
    pub(super) fn parse(text: &'w str) -> Option<Self> {
        let fields = fields(text)?;
        let is_pushed = match field(&fields, "type") {
            Some("registry") => true,
            Some("image") => matches!(field(&fields, "push"), Some("true" | "1")),
            _ => false,
        };
        Some(Self { is_pushed, name: field(&fields, "name") })
    }
}

/// Returns the images of caches, such as `type=registry,ref=ghcr.io/acme/cache` or only an image; `None` for
/// a quoted value, or a cache on a registry without an image.
pub(super) fn cache_images<'w>(values: impl Iterator<Item = &'w str>) -> Option<Vec<&'w str>> {
    let mut images = Vec::new();
    for value in values {
        if !value.contains('=') {
            images.extend(value.split(','));
            continue;
        }
        let fields = fields(value)?;
        if field(&fields, "type") == Some("registry") {
            images.push(field(&fields, "ref")?);
        }
    }
    Some(images)
}

/// Splits a value such as `NAME=VALUE,NAME=VALUE` into its fields; `None` for a quoted value.
fn fields(text: &str) -> Option<Vec<(&str, &str)>> {
    let is_plain = !text.contains('"');
    is_plain.then(|| text.split(',').filter_map(|field| field.split_once('=')).collect())
}

fn field<'w>(fields: &[(&'w str, &'w str)], name: &str) -> Option<&'w str> {
    fields.iter().rfind(|(other, _)| *other == name).map(|(_, value)| *value)
}

pub(super) const BUILD: Options = Options {
    valued: "c f m o t add-host allow annotation attest build-arg build-context builder cache-from cache-to \
        call cgroup-parent cpu-period cpu-quota cpu-shares cpuset-cpus cpuset-mems file iidfile isolation \
        label memory memory-swap metadata-file network no-cache-filter output platform policy print progress \
        provenance root sbom secret security-opt server-config shm-size ssh tag target \
        ulimit",
    switches: "D q check compress debug detach disable-content-trust force-rm load no-cache pull push quiet rm \
        squash",
};

pub(super) const BAKE: Options = Options {
    valued: "f allow call file list metadata-file progress provenance sbom set var",
    switches: "D check debug list-targets list-variables load no-cache print pull push",
};

const IMAGETOOLS: Options = Options {
    valued: "f p t annotation file format metadata-file platform progress tag",
    switches: "append dry-run prefer-index raw",
};
