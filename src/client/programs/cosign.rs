//! cosign. Its options are those of its documentation and source for versions 1 to 3.
//! <https://github.com/sigstore/cosign/blob/main/doc/cosign.md>

use crate::client::keys::Client;
use crate::client::options::{Options, ParsedLine};
use crate::client::programs::table::ImageWords::{All, First, Last};
use crate::client::programs::table::{Action, ClientProgram, row};
use crate::client::transfers::{ImageSyntax, Transfers};
use crate::model::token::Direction::{Both, Delete, Pull, Push};

pub(super) static COSIGN: ClientProgram = ClientProgram {
    client: Client::Cosign,
    names: &["cosign"],
    syntax: ImageSyntax::Docker,
    globals: Options { valued: "t output-file timeout", switches: "d verbose" },
    commands: &[
        row(&["sign"], &OPTIONS, Action::Custom(sign)),
        row(&["attest"], &OPTIONS, Action::Custom(sign)),
        row(&["verify", "verify-attestation"], &OPTIONS, Action::Custom(verify)),
        row(
            &["attach sbom", "attach signature", "attach attestation"],
            &OPTIONS,
            Action::Images(&[(First, Both)]),
        ),
        row(&["copy"], &OPTIONS, Action::Images(&[(First, Pull), (Last, Push)])),
        row(
            &["tree", "triangulate", "save", "download signature", "download sbom", "download attestation"],
            &OPTIONS,
            Action::Images(&[(All, Pull)]),
        ),
        row(&["manifest verify", "dockerfile verify"], &OPTIONS, Action::Others(Pull)),
        row(&["load"], &OPTIONS, Action::Images(&[(First, Push)])),
        row(&["upload blob", "upload wasm"], &UPLOAD, Action::Images(&[(First, Push)])),
        row(&["clean"], &OPTIONS, Action::Images(&[(First, Delete)])),
    ],
};

/// Reads `sign` and `attest`, which read an image and write to its repository, unless told not to upload.
fn sign(line: &ParsedLine<'_>) -> Option<Transfers> {
    let is_local = line.is_on("no-upload")? || !line.switch("upload", true)?;
    let mut transfers = Transfers::default();
    transfers.add(ImageSyntax::Docker, &line.arguments, if is_local { Pull } else { Both })?;
    Some(transfers)
}

/// Reads `verify`. With `--local-image`, the arguments are folders.
fn verify(line: &ParsedLine<'_>) -> Option<Transfers> {
    let mut transfers = Transfers::default();
    if !line.is_on("local-image")? {
        transfers.add(ImageSyntax::Docker, &line.arguments, Pull)?;
    }
    Some(transfers)
}

const OPTIONS: Options = Options {
    valued: "a o annotations attachment attachment-tag-prefix attestation bundle ca-intermediates ca-roots \
        cert cert-chain cert-email cert-identity cert-oidc-issuer certificate certificate-chain \
        certificate-email certificate-github-workflow-name certificate-github-workflow-ref \
        certificate-github-workflow-repository certificate-github-workflow-sha \
        certificate-github-workflow-trigger certificate-identity certificate-identity-regexp \
        certificate-oidc-issuer certificate-oidc-issuer-regexp dir fulcio-auth-flow fulcio-url \
        identity-token input-format key max-workers oidc-client-id oidc-client-secret \
        oidc-client-secret-file oidc-issuer oidc-provider oidc-redirect-url only output output-cert \
        output-certificate output-payload output-signature payload platform policy predicate predicate-type \
        registry registry-cacert registry-client-cert registry-client-key registry-password \
        registry-referrers-mode registry-server-name registry-token registry-username rekor-entry-type \
        rekor-response rekor-url sbom sct sign-container-identity signature signature-digest-algorithm \
        signature-tag-suffix signing-config slot statement tag-prefix tag-suffix timestamp-cert-chain \
        timestamp-certificate-chain timestamp-client-cacert timestamp-client-cert timestamp-client-key \
        timestamp-server-name timestamp-server-url timeStampedSignatureResponse trusted-root tsr type",
    switches: "f r y allow-http-registry allow-insecure-registry base-image-only check-claims enforce-sct \
        experimental-oci11 force insecure-ignore-sct insecure-ignore-tlog insecure-skip-tlog-verify \
        insecure-skip-verify issue-certificate k8s-keychain local-image new-bundle-format no-upload offline \
        oidc-disable-ambient-providers private-infrastructure record-creation-timestamp recursive replace \
        sig-only sk tlog-upload upload use-signed-timestamps use-signing-config yes",
};

const UPLOAD: Options = Options {
    valued: "a f annotation attachment-tag-prefix ct file files registry-cacert registry-client-cert \
        registry-client-key registry-password registry-server-name registry-token registry-username",
    switches: "allow-http-registry allow-insecure-registry k8s-keychain",
};
