//! The builder of docker: the plugin `docker-buildx`. The options are those of its documentation for version
//! 0.29, and of `docker build --help` without the plugin.

use crate::client::keys::Client;
use crate::client::options::{Options, ParsedLine, parse_bool};
use crate::client::programs::table::ImageWords::All;
use crate::client::programs::table::{Action, ClientProgram, row};
use crate::client::transfers::{ImageSyntax, Transfers};
use crate::model::token::Direction::{Pull, Push};

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
        // Both pull the image of the builder, which an option may name.
        row(&["create", "inspect"], &BUILDER, Action::Others(Pull)),
        row(&["imagetools create"], &IMAGETOOLS, Action::Custom(create_list)),
        row(&["imagetools inspect"], &IMAGETOOLS, Action::Images(&[(All, Pull)])),
    ],
};

/// Reads a build. It pulls images that the command line does not name, and pushes its tags if the command
/// line says so.
/// <https://docs.docker.com/reference/cli/docker/buildx/build/>
pub(super) fn build(line: &ParsedLine<'_>) -> Option<Transfers> {
    let outputs = line.values(&["o", "output"]).map(Output::parse).collect::<Option<Vec<_>>>()?;
    let is_push = line.is_on("push")?;
    let tags: Vec<_> = line.values(&["t", "tag"]).collect();
    let mut transfers = Transfers::others(Pull);
    if is_push || outputs.iter().any(|output| output.is_pushed) {
        is_real_build(line)?;
        // Tags take precedence over the names of the outputs.
        let pushed = outputs.iter().filter(|output| output.is_pushed || (is_push && output.is_image));
        let pushed = if tags.is_empty() { pushed.filter_map(|output| output.name).collect() } else { tags };
        // A build without a name cannot be pushed.
        pushed.first()?;
        transfers.add(ImageSyntax::Docker, &pushed, Push)?;
    }
    let caches = cache_images(line.values(&["cache-to"]))?;
    if !caches.is_empty() {
        is_real_build(line)?;
    }
    transfers.add(ImageSyntax::Docker, &caches, Push)?;
    transfers.add(ImageSyntax::Docker, &cache_images(line.values(&["cache-from"]))?, Pull)?;
    let contexts = line.values(&["build-context"]).filter_map(|context| context.split_once('='));
    let images: Vec<_> = contexts.filter_map(|(_, source)| source.strip_prefix("docker-image://")).collect();
    transfers.add(ImageSyntax::Docker, &images, Pull)?;
    Some(transfers)
}

/// Returns `None` for a command that only checks or prints what it would build.
fn is_real_build(line: &ParsedLine<'_>) -> Option<()> {
    let is_call = line.values(&["call"]).any(|call| call != "build");
    let prints = line.is_on("check")? || line.values(&["print", "list"]).next().is_some();
    (!is_call && !prints).then_some(())
}

/// Reads a build of several targets, whose images are named in files. Its direction is known only with `--push`.
pub(super) fn bake(line: &ParsedLine<'_>) -> Option<Transfers> {
    is_real_build(line)?;
    // `--set '*.output=…'` and `--set '*.output+=…'` may override `--push`.
    let sets_output = line.values(&["set"]).any(|set| {
        let (target, _) = set.split_once('=').unwrap_or((set, ""));
        let field = target.trim_end_matches('+').split_once('.').map(|(_, field)| field);
        field.is_none_or(|field| ["output", "push", "load"].contains(&field))
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
    if reads_tags {
        transfers.add(ImageSyntax::Docker, &tags, Pull)?;
    }
    if !line.is_on("dry-run")? {
        transfers.add(ImageSyntax::Docker, &tags, Push)?;
    }
    Some(transfers)
}

/// An output of a build, such as `type=registry,name=ghcr.io/acme/app` or a folder.
pub(super) struct Output<'w> {
    is_image: bool,
    pub(super) is_pushed: bool,
    pub(super) name: Option<&'w str>,
}

impl<'w> Output<'w> {
    /// Parses the value of `--output`; `None` for a quoted value, which may contain several names.
    pub(super) fn parse(text: &'w str) -> Option<Self> {
        let fields = fields(text)?;
        let push =
            field(&fields, "push").map(|push| if push.is_empty() { Some(true) } else { parse_bool(push) });
        let (is_image, is_pushed) = match field(&fields, "type") {
            Some("registry") => (true, push.unwrap_or(Some(true))?),
            Some("image") => (true, push.unwrap_or(Some(false))?),
            _ => (false, false),
        };
        Some(Self { is_image, is_pushed, name: field(&fields, "name") })
    }
}

/// Returns the images of caches, such as `type=registry,ref=ghcr.io/acme/cache` or only an image; `None` for
/// a quoted value, or a cache on a registry without an image.
pub(super) fn cache_images<'w>(values: impl Iterator<Item = &'w str>) -> Option<Vec<&'w str>> {
    let mut images = Vec::new();
    for value in values.filter(|value| !value.is_empty()) {
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

/// Splits a value such as `NAME=VALUE,NAME=VALUE` into its fields, and makes the names lower case; `None` for a
/// quoted value.
fn fields(text: &str) -> Option<Vec<(String, &str)>> {
    let is_plain = !text.contains('"');
    is_plain.then(|| {
        let fields = text.split(',').filter_map(|field| field.split_once('='));
        fields.map(|(name, value)| (name.trim().to_ascii_lowercase(), value.trim())).collect()
    })
}

fn field<'w>(fields: &[(String, &'w str)], name: &str) -> Option<&'w str> {
    fields.iter().rfind(|(other, _)| other == name).map(|(_, value)| *value)
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

const BUILDER: Options = Options {
    valued: "buildkitd-config buildkitd-flags config driver driver-opt flags name node platform",
    switches: "append bootstrap leave use",
};
