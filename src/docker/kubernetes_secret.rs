//! Finds pull secrets in Kubernetes manifests, as YAML or JSON:
//! <https://kubernetes.io/docs/concepts/configuration/secret/#docker-config-secrets>.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use saphyr_parser::{Event, Parser, ScalarStyle};
use serde_json::Value;
use thiserror::Error;
use zeroize::Zeroizing;

use crate::model::hint::Hint;

/// Manifests that clusters use are less than 20 levels deep.
const MAX_DEPTH: usize = 64;

/// Docker's configuration, as a pull secret holds it.
pub struct PullSecret {
    /// Text of the file, not parsed yet.
    pub config: Zeroizing<Vec<u8>>,
    /// The text is in the form of `.dockercfg`: the registries themselves, without `auths` around them.
    pub is_legacy: bool,
}

/// No message quotes the manifest, which could show a secret.
#[derive(Debug, Error)]
pub enum KubernetesSecretError {
    #[error("the Kubernetes manifest is not valid YAML (line {line})")]
    Syntax { line: usize },
    #[error("the Kubernetes manifest is nested more than {MAX_DEPTH} levels deep")]
    TooDeep,
    #[error("the Kubernetes manifest has no secret of type kubernetes.io/dockerconfigjson")]
    NoPullSecret,
    #[error("the pull secret in the Kubernetes manifest has no text under {key}")]
    NoConfig { key: &'static str },
    #[error("the pull secret in the Kubernetes manifest is not valid base64 under {key}")]
    Base64 { key: &'static str },
}

impl Hint for KubernetesSecretError {
    fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Syntax { .. } | Self::TooDeep => {
                "check the file with kubectl create --dry-run=client --filename FILE".to_owned()
            }
            Self::NoPullSecret | Self::NoConfig { .. } | Self::Base64 { .. } => {
                "kubectl get secret NAME --output yaml writes a pull secret of the cluster".to_owned()
            }
        })
    }
}

/// Returns the pull secrets of a manifest, at least one, or `None` if the text is not a Kubernetes manifest.
pub fn read(text: &[u8]) -> Result<Option<Vec<PullSecret>>, KubernetesSecretError> {
    let Ok(text) = str::from_utf8(text) else { return Ok(None) };
    let text = text.trim_start_matches('\u{feff}');
    let documents = match read_json(text).map_or_else(|| read_yaml(text), Ok) {
        Ok(documents) => documents,
        Err(error) if names_a_resource(text) => return Err(error),
        Err(_) => return Ok(None),
    };
    let mut resources = Vec::new();
    for document in &documents {
        collect_resources(document, None, &mut resources);
    }
    if resources.is_empty() {
        return Ok(None);
    }
    let mut secrets = Vec::new();
    for (kind, resource) in resources {
        if kind == "Secret" {
            secrets.extend(pull_secret(resource)?);
        }
    }
    if secrets.is_empty() { Err(KubernetesSecretError::NoPullSecret) } else { Ok(Some(secrets)) }
}

/// Collects what a document describes, with its kind. The items of a `SecretList` may leave out theirs.
fn collect_resources<'n>(node: &'n Node, kind: Option<&'n str>, into: &mut Vec<(&'n str, &'n Node)>) {
    let named = node.text("kind").filter(|kind| *kind == "Secret" || node.text("apiVersion").is_some());
    let Some(kind) = named.or(kind) else { return };
    into.push((kind, node));
    if let (Some(of_items), Some(Node::List(items))) = (kind.strip_suffix("List"), node.get("items")) {
        let of_items = (!of_items.is_empty()).then_some(of_items);
        for item in items {
            collect_resources(item, of_items, into);
        }
    }
}

fn pull_secret(secret: &Node) -> Result<Option<PullSecret>, KubernetesSecretError> {
    let (key, is_legacy) = match secret.text("type") {
        Some("kubernetes.io/dockerconfigjson") => (".dockerconfigjson", false),
        Some("kubernetes.io/dockercfg") => (".dockercfg", true),
        _ => return Ok(None),
    };
    // Kubernetes prefers stringData where both have the key.
    let plain = secret.get("stringData").and_then(|data| data.text(key));
    let encoded = secret.get("data").and_then(|data| data.text(key));
    let config = match (plain, encoded) {
        (Some(plain), _) => Zeroizing::new(plain.as_bytes().to_vec()),
        (None, Some(encoded)) => decode_base64(encoded).ok_or(KubernetesSecretError::Base64 { key })?,
        (None, None) => return Err(KubernetesSecretError::NoConfig { key }),
    };
    Ok(Some(PullSecret { config, is_legacy }))
}

/// Decodes base64 in lines, which a folded block joins with blanks.
fn decode_base64(text: &str) -> Option<Zeroizing<Vec<u8>>> {
    let mut encoded = Zeroizing::new(Vec::with_capacity(text.len()));
    encoded.extend(text.bytes().filter(|byte| !byte.is_ascii_whitespace()));
    let mut decoded = Zeroizing::new(vec![0; base64::decoded_len_estimate(encoded.len())]);
    let length = STANDARD.decode_slice(&*encoded, &mut decoded).ok()?;
    decoded.truncate(length);
    Some(decoded)
}

/// A value of YAML or JSON. Those that a pull secret has no use for have no content here.
enum Node {
    Text(Zeroizing<String>),
    List(Vec<Node>),
    Map(Vec<(String, Node)>),
    Other,
}

impl Node {
    fn get(&self, key: &str) -> Option<&Node> {
        let Self::Map(entries) = self else { return None };
        entries.iter().find(|(name, _)| name == key).map(|(_, value)| value)
    }

    fn text(&self, key: &str) -> Option<&str> {
        match self.get(key) {
            Some(Self::Text(text)) => Some(text),
            _ => None,
        }
    }
}

/// Returns the documents of a JSON text, or `None` if it is not JSON: some YAML begins with a brace too.
fn read_json(text: &str) -> Option<Vec<Node>> {
    let documents = serde_json::Deserializer::from_str(text).into_iter::<Value>();
    documents.map(|document| document.ok().map(json_node)).collect()
}

/// The depth of the value is limited by its parser.
fn json_node(value: Value) -> Node {
    match value {
        Value::String(text) => Node::Text(Zeroizing::new(text)),
        Value::Array(items) => Node::List(items.into_iter().map(json_node).collect()),
        Value::Object(entries) => {
            Node::Map(entries.into_iter().map(|(key, value)| (key, json_node(value))).collect())
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => Node::Other,
    }
}

/// A list or map of which not all events have been read yet.
struct OpenNode {
    node: Node,
    /// Key of the next value of a map.
    key: Option<String>,
}

fn read_yaml(text: &str) -> Result<Vec<Node>, KubernetesSecretError> {
    let mut documents = Vec::new();
    let mut open: Vec<OpenNode> = Vec::new();
    for event in Parser::new_from_str(text) {
        let (event, _) =
            event.map_err(|error| KubernetesSecretError::Syntax { line: error.marker().line() })?;
        let complete = match event {
            Event::SequenceStart(..) | Event::MappingStart(..) if open.len() == MAX_DEPTH => {
                return Err(KubernetesSecretError::TooDeep);
            }
            Event::SequenceStart(..) => {
                open.push(OpenNode { node: Node::List(Vec::new()), key: None });
                continue;
            }
            Event::MappingStart(..) => {
                open.push(OpenNode { node: Node::Map(Vec::new()), key: None });
                continue;
            }
            Event::SequenceEnd | Event::MappingEnd => open.pop().map(|open| open.node),
            Event::Scalar(text, ScalarStyle::Plain, ..) if matches!(&*text, "" | "~" | "null") => {
                Some(Node::Other)
            }
            Event::Scalar(text, ..) => Some(Node::Text(Zeroizing::new(text.into_owned()))),
            // What an alias leads to is not copied: a short text could become very long.
            Event::Alias(_) => Some(Node::Other),
            Event::Nothing
            | Event::StreamStart
            | Event::StreamEnd
            | Event::DocumentStart(_)
            | Event::DocumentEnd => None,
        };
        if let Some(node) = complete {
            match open.last_mut() {
                Some(parent) => parent.add(node),
                None => documents.push(node),
            }
        }
    }
    Ok(documents)
}

impl OpenNode {
    fn add(&mut self, child: Node) {
        match (&mut self.node, self.key.take()) {
            (Node::List(items), _) => items.push(child),
            (Node::Map(entries), Some(key)) => entries.push((key, child)),
            (_, _) => {
                self.key = Some(match child {
                    Node::Text(mut text) => std::mem::take(&mut *text),
                    Node::List(_) | Node::Map(_) | Node::Other => String::new(),
                });
            }
        }
    }
}

/// Whether a text that cannot be parsed looks like a manifest: lines of it begin with the keys that each has.
fn names_a_resource(text: &str) -> bool {
    let has_key = |key: &str| {
        text.lines().any(|line| {
            let rest = line.trim_start_matches([' ', '\t', '{', '-', '"', '\'']).strip_prefix(key);
            rest.is_some_and(|rest| rest.trim_start_matches(['"', '\'', ' ']).starts_with(':'))
        })
    };
    has_key("kind") && has_key("apiVersion")
}

#[cfg(test)]
mod tests {
    use super::*;

    const CONFIG: &str = r#"{"auths":{"reg.example":{"auth":"dTpw"}}}"#;
    const BASE64: &str = "eyJhdXRocyI6eyJyZWcuZXhhbXBsZSI6eyJhdXRoIjoiZFRwdyJ9fX0=";
    const HEAD: &str = "apiVersion: v1\nkind: Secret\ntype: kubernetes.io/dockerconfigjson\n";

    /// Reads a text, and shows each configuration behind a word for its form.
    fn shown(text: &str) -> Vec<String> {
        let secrets = read(text.as_bytes()).expect("no error").expect("a manifest");
        let form = |is_legacy| if is_legacy { "legacy" } else { "config" };
        let text = |secret: &PullSecret| String::from_utf8(secret.config.to_vec()).expect("text");
        secrets.iter().map(|secret| format!("{} {}", form(secret.is_legacy), text(secret))).collect()
    }

    #[test]
    fn a_pull_secret_is_found_in_each_form_that_tools_write() {
        let (first, second) = BASE64.split_at(20);
        let escaped = CONFIG.replace('"', "\\\"");
        for (what, text) in [
            (
                "our export",
                format!(
                    "apiVersion: v1\nkind: Secret\nmetadata:\n  name: \"ci\"\n\
                     type: kubernetes.io/dockerconfigjson\ndata:\n  .dockerconfigjson: {BASE64}\n"
                ),
            ),
            (
                "kubectl create --dry-run=client -o yaml",
                format!(
                    "apiVersion: v1\ndata:\n  .dockerconfigjson: {BASE64}\nkind: Secret\nmetadata:\n  \
                     creationTimestamp: null\n  name: ci\ntype: kubernetes.io/dockerconfigjson\n"
                ),
            ),
            (
                "kubectl get -o json",
                format!(
                    "{{\n    \"apiVersion\": \"v1\",\n    \"data\": {{\n        \".dockerconfigjson\": \"{BASE64}\"\n    \
                     }},\n    \"kind\": \"Secret\",\n    \"metadata\": {{\"name\": \"\\ud83d\\udd11\"}},\n    \
                     \"type\": \"kubernetes.io/dockerconfigjson\"\n}}\n"
                ),
            ),
            ("a literal block", format!("{HEAD}data:\n  .dockerconfigjson: |\n    {first}\n    {second}\n")),
            ("a folded block", format!("{HEAD}data:\n  .dockerconfigjson: >-\n    {first}\n    {second}\n")),
            ("quotes", format!("{HEAD}data:\n  \".dockerconfigjson\": '{BASE64}'\n")),
            ("stringData, a block", format!("{HEAD}stringData:\n  .dockerconfigjson: |-\n    {CONFIG}\n")),
            ("stringData, quotes", format!("{HEAD}stringData: {{.dockerconfigjson: \"{escaped}\"}}\n")),
            (
                "both",
                format!(
                    "{HEAD}data: {{.dockerconfigjson: e30=}}\nstringData: {{.dockerconfigjson: '{CONFIG}'}}"
                ),
            ),
            (
                "line ends of Windows",
                format!("\u{feff}---\n{HEAD}data:\n  .dockerconfigjson: {BASE64}\n").replace('\n', "\r\n"),
            ),
        ] {
            assert_eq!(shown(&text), [format!("config {CONFIG}")], "{what}");
        }
    }

    #[test]
    fn each_secret_of_a_list_and_of_several_documents_is_found() {
        let secret = format!("{HEAD}data: {{.dockerconfigjson: {BASE64}}}\n");
        let legacy = "kind: Secret\ntype: kubernetes.io/dockercfg\ndata: {.dockercfg: e30=}\n";
        let both = [format!("config {CONFIG}"), "legacy {}".to_owned()];
        let item = |text: &str| format!("- {}\n", text.trim_end().replace('\n', "\n  "));
        let service = "apiVersion: v1\nkind: Service\nspec: {ports: [{port: 80}]}\n";
        assert_eq!(shown(&format!("# two\n{secret}---\n{legacy}---\n")), both);
        assert_eq!(shown(&format!("{service}---\n{secret}...\n---\n{legacy}")), both);
        let items = [item(&secret), item(service), item(legacy)].concat();
        assert_eq!(shown(&format!("apiVersion: v1\nkind: List\nitems:\n{items}")), both);
        let bare = format!(
            r#"{{"type":"kubernetes.io/dockerconfigjson","data":{{".dockerconfigjson":"{BASE64}"}}}}"#
        );
        let list = format!(r#"{{"kind":"SecretList","apiVersion":"v1","items":[{bare}]}}"#);
        assert_eq!(shown(&list), both[..1]);
        assert_eq!(shown(&format!("{list}\n{list}")).len(), 2);
    }

    #[test]
    fn a_manifest_without_a_readable_pull_secret_is_an_error() {
        let deep = "[".repeat(100) + &"]".repeat(100);
        let list = "  - &a [x, x]\n  - &b [*a, *a]\n  - [*b, *b]\n";
        for (what, text, want) in [
            (
                "a ConfigMap",
                "apiVersion: v1\nkind: ConfigMap\ndata: {a: b}\n".to_owned(),
                "has no secret of type",
            ),
            (
                "another type",
                "kind: Secret\ntype: Opaque\ndata: {a: Yg==}\n".to_owned(),
                "has no secret of type",
            ),
            ("an empty List", "apiVersion: v1\nkind: List\nitems: []\n".to_owned(), "has no secret of type"),
            ("no data", HEAD.to_owned(), "no text under .dockerconfigjson"),
            ("null", format!("{HEAD}data:\n  .dockerconfigjson: null\n"), "no text under .dockerconfigjson"),
            (
                "JSON without quotes",
                format!("{HEAD}stringData:\n  .dockerconfigjson: {CONFIG}\n"),
                "no text under",
            ),
            ("an alias", format!("x: &x {BASE64}\n{HEAD}data: {{.dockerconfigjson: *x}}\n"), "no text under"),
            ("aliases of aliases", format!("{HEAD}x:\n{list}"), "no text under"),
            ("bad base64", format!("{HEAD}data:\n  .dockerconfigjson: s3cret!\n"), "not valid base64 under"),
            ("broken YAML", format!("{HEAD}data: {{s3cret\n"), "not valid YAML (line"),
            ("deep nesting", format!("{HEAD}data: {deep}"), "nested more than 64 levels deep"),
        ] {
            let error = read(text.as_bytes()).err().expect(what);
            assert!(error.to_string().contains(want), "{what}: {error}");
            assert!(!format!("{error:?}{error}").contains("s3cret"), "{what}: {error}");
            assert!(error.hint().is_some(), "{what}");
        }
    }

    #[test]
    fn a_text_that_is_not_a_manifest_is_none() {
        let repeated = ["[", "- ", "? ", "{\"a\":", "&a [*a, "].map(|text| text.repeat(100_000));
        for text in [
            CONFIG,
            "",
            "\n",
            "{}",
            "{\"auths\":",
            "null",
            "kind",
            "a: b\nkind: of text\n",
            "services:\n  web: {image: a}\n",
            "a: : b\n",
            "\0\u{1}",
        ]
        .into_iter()
        .chain(repeated.iter().map(String::as_str))
        {
            assert!(matches!(read(text.as_bytes()), Ok(None)), "{}", &text[..text.len().min(40)]);
        }
        assert!(matches!(read(b"kind: \xff\napiVersion: v1"), Ok(None)), "not UTF-8");
    }
}
