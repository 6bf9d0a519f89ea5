//! The scopes of project tokens, and CODING's names for them.

use std::fmt;

use serde::Deserialize;
use serde_json::{Value, json};

use crate::http::short_text::short_text;
use crate::model::token::Permissions;
use crate::provider::issued::GrantedScope;
use crate::system::spelling::nearest_word;

/// The scopes for the images and other artifacts of a project, or of one artifact repository.
const ARTIFACT_SCOPES: [&str; 3] = ["artifact_r", "artifact_rw", "artifact_version_props_rw"];

/// The scopes for the code of a project, or of one code repository.
const CODE_SCOPES: [&str; 4] = ["depot_read", "depot_write", "merge_request_rw", "release_rw"];

/// The scopes for other parts of a project, which is all of it each time.
const PROJECT_SCOPES: [&str; 14] = [
    "project_issue_rw",
    "file_rw",
    "wiki_rw",
    "project_tweet_rw",
    "api_doc_release",
    "resource_reference_rw",
    "project_member_rw",
    "project_permission_rw",
    "project_label_rw",
    "ifbook_run_task",
    "ifbook_import_export",
    "ci_agent_register",
    "ci_manager",
    "open_ci_manager",
];

/// A scope as CODING reports it.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ScopeAnswer {
    #[serde(deserialize_with = "short_text")]
    value: String,
    #[serde(default, deserialize_with = "short_text")]
    text: Option<String>,
    target: Option<Value>,
}

/// A scope of a project token: one permission, for all repositories of the project or for one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProjectScope {
    /// CODING's name for the scope, such as `artifact_r`. CODING distinguishes case, and all names are lower case.
    pub value: String,
    /// The number of the only repository; `None` means all repositories of the project.
    pub target: Option<u64>,
    /// The name of the permission on CODING's pages.
    text: Option<String>,
}

impl ProjectScope {
    /// Parses `artifact_rw`, or `artifact_rw:123` for one repository. CODING itself accepts any word and drops a number
    /// where it fits nothing, which makes a token that may do nothing, so both are checked here.
    pub fn parse(text: &str) -> Result<Self, String> {
        let (value, target) = match text.split_once(':') {
            Some((value, target)) => (value, Some(target)),
            None => (text, None),
        };
        let target = target.map(str::parse::<u64>).transpose().ok().filter(|target| *target != Some(0));
        let Some(target) = target else {
            return Err("expected a scope such as artifact_r, artifact_rw or artifact_rw:123".to_owned());
        };
        let is_for_repository = ARTIFACT_SCOPES.contains(&value) || CODE_SCOPES.contains(&value);
        if !is_for_repository && !PROJECT_SCOPES.contains(&value) {
            return Err(format!("CODING has no such scope; the nearest is {}", nearest_scope(value)));
        }
        if target.is_some() && !is_for_repository {
            return Err(format!("{value} is for the whole project, without a number"));
        }
        Ok(Self { value: value.to_owned(), target, text: None })
    }

    pub(super) fn from_answer(answer: &ScopeAnswer) -> Self {
        let target = answer.target.as_ref();
        let target = target.and_then(|target| target.as_u64().or_else(|| target.as_str()?.parse().ok()));
        Self { value: answer.value.clone(), target: target.filter(|id| *id > 0), text: answer.text.clone() }
    }

    /// Returns the scope in the form of a request.
    pub fn json(&self) -> Value {
        match self.target {
            Some(target) => json!({ "Value": self.value, "Target": target }),
            None => json!({ "Value": self.value }),
        }
    }

    fn words(&self) -> &str {
        match self.value.as_str() {
            "artifact_r" => "pull",
            "artifact_rw" => "pull and push",
            "artifact_version_props_rw" => "properties of artifacts",
            "depot_read" => "read code",
            "depot_write" => "write code",
            "merge_request_rw" => "merge requests",
            "release_rw" => "releases",
            _ => self.text.as_deref().filter(|text| !text.is_empty()).unwrap_or(&self.value),
        }
    }
}

impl GrantedScope for ProjectScope {
    fn includes(&self, other: &Self) -> bool {
        let is_wider = matches!(
            (self.value.as_str(), other.value.as_str()),
            ("artifact_rw", "artifact_r") | ("depot_write", "depot_read")
        );
        (self.value == other.value || is_wider) && (self.target.is_none() || self.target == other.target)
    }

    fn description(&self) -> String {
        self.to_string()
    }
}

impl fmt::Display for ProjectScope {
    /// Writes the permission for people: `pull and push (of 123)`.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.words())?;
        self.target.map_or(Ok(()), |target| write!(out, " (of {target})"))
    }
}

/// Returns the permissions on images that scopes grant, which may be none; `None` when CODING reports no scopes.
pub fn permissions(scopes: &[ProjectScope]) -> Option<Permissions> {
    let has = |value: &str| scopes.iter().any(|scope| scope.value == value);
    let push = has("artifact_rw");
    let pull = push || has("artifact_r");
    (!scopes.is_empty()).then_some(Permissions { pull, push, ..Permissions::default() })
}

/// True when the scopes are known to open no registry.
pub fn open_no_registry(scopes: &[ProjectScope]) -> bool {
    permissions(scopes) == Some(Permissions::default())
}

/// Returns the scopes for people: `pull and push (of 123), read code`.
pub fn scopes_description(scopes: &[ProjectScope]) -> String {
    scopes.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

/// Returns the scope whose name is most like the word.
fn nearest_scope(word: &str) -> &'static str {
    let all = ARTIFACT_SCOPES.iter().chain(&CODE_SCOPES).chain(&PROJECT_SCOPES).copied();
    nearest_word(word, all).map(|(scope, _)| scope).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scope_is_a_known_word_with_or_without_the_number_of_a_repository() {
        let form = "expected a scope such as artifact_r, artifact_rw or artifact_rw:123";
        for (text, want) in [
            ("artifact_r", Ok(("pull", json!({ "Value": "artifact_r" })))),
            ("artifact_rw:7", Ok(("pull and push (of 7)", json!({ "Value": "artifact_rw", "Target": 7 })))),
            ("depot_read:7", Ok(("read code (of 7)", json!({ "Value": "depot_read", "Target": 7 })))),
            ("wiki_rw", Ok(("wiki_rw", json!({ "Value": "wiki_rw" })))),
            ("wiki_rw:7", Err("wiki_rw is for the whole project, without a number")),
            ("ARTIFACT_RW", Err("CODING has no such scope; the nearest is artifact_rw")),
            ("artifact_wr:7", Err("CODING has no such scope; the nearest is artifact_r")),
            ("artefact_rw", Err("CODING has no such scope; the nearest is artifact_rw")),
            ("depot_writes", Err("CODING has no such scope; the nearest is depot_write")),
            ("merge_requests", Err("CODING has no such scope; the nearest is merge_request_rw")),
            ("artifact_rw:", Err(form)),
            ("artifact_rw:0", Err(form)),
            ("artifact_rw:x", Err(form)),
        ] {
            let parsed = ProjectScope::parse(text).map(|scope| (scope.to_string(), scope.json()));
            let want = want.map(|(words, json)| (words.to_owned(), json)).map_err(str::to_owned);
            assert_eq!(parsed, want, "{text}");
        }
        for text in ["", ":7", "a b"] {
            assert!(ProjectScope::parse(text).is_err(), "{text}");
        }
        let longest = "x".repeat(100_000);
        assert!(ProjectScope::parse(&longest).is_err());
    }

    #[test]
    fn every_scope_is_lower_case_and_its_own_nearest_one() {
        for scope in ARTIFACT_SCOPES.iter().chain(&CODE_SCOPES).chain(&PROJECT_SCOPES) {
            assert_eq!(*scope, scope.to_ascii_lowercase());
            assert_eq!(nearest_scope(&scope.to_ascii_uppercase()), *scope);
        }
    }

    #[test]
    fn a_scope_includes_its_own_repository_and_the_permission_to_read() {
        let scope = |text: &str| ProjectScope::parse(text).expect(text);
        for (one, other, want) in [
            ("artifact_r", "artifact_r:7", true),
            ("artifact_rw:7", "artifact_r:7", true),
            ("artifact_r:7", "artifact_r", false),
            ("artifact_r:7", "artifact_r:8", false),
            ("artifact_r", "artifact_rw", false),
            ("depot_write", "depot_read", true),
            ("artifact_r", "wiki_rw", false),
        ] {
            assert_eq!(scope(one).includes(&scope(other)), want, "{one} {other}");
        }
    }

    #[test]
    fn artifact_scopes_grant_permissions_on_images_and_others_none() {
        let scope = |value: &str| ProjectScope { value: value.to_owned(), target: None, text: None };
        for (values, want) in [
            (&["artifact_r"][..], Some((true, false))),
            (&["artifact_r", "artifact_rw"], Some((true, true))),
            (&["depot_read"], Some((false, false))),
            // CODING keeps such a word, and it allows nothing.
            (&["ARTIFACT_RW"], Some((false, false))),
            (&[], None),
        ] {
            let scopes: Vec<_> = values.iter().map(|value| scope(value)).collect();
            let permissions = permissions(&scopes);
            assert_eq!(permissions.map(|granted| (granted.pull, granted.push)), want, "{values:?}");
        }
    }
}
