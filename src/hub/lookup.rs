//! Finds a token by its ID, the beginning of its ID, or its label.

use crate::hub::error::HubError;

/// The shortest text that counts as the beginning of an ID, in characters.
const MIN_ID_START: usize = 4;

/// The ID and the label of a token.
#[derive(Clone, Copy, Debug)]
pub struct Identity<'t> {
    pub id: &'t str,
    pub label: &'t str,
    /// The name in the vault.
    pub name: Option<&'t str>,
}

/// Returns the token with this ID, or else the only one that has the text as its label or whose ID begins with it;
/// `None` when there is none.
pub fn find_by_id_or_label<'t, T>(
    all: &'t [T],
    text: &str,
    identity: impl Fn(&T) -> Identity<'_>,
) -> Result<Option<&'t T>, HubError> {
    if let Some(token) = all.iter().find(|token| identity(token).id.eq_ignore_ascii_case(text)) {
        return Ok(Some(token));
    }
    let is_match = |token: &&T| {
        let Identity { id, label, .. } = identity(token);
        label == text || (text.len() >= MIN_ID_START && begins_with(id, text))
    };
    let matches: Vec<&T> = all.iter().filter(is_match).collect();
    if matches.len() > 1 {
        let describe = |token: &&T| {
            let Identity { id, label, name } = identity(token);
            let name = name.map(|name| format!(", here \"{name}\"")).unwrap_or_default();
            format!("\"{label}\" ({id}{name})")
        };
        let candidates = matches.iter().map(describe).collect();
        return Err(HubError::Ambiguous { text: text.to_owned(), candidates });
    }
    Ok(matches.first().copied())
}

fn begins_with(id: &str, text: &str) -> bool {
    id.get(..text.len()).is_some_and(|start| start.eq_ignore_ascii_case(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_its_beginning_or_a_label_finds_one_token_and_several_are_listed() {
        let all = [
            ("aaaa1111-x", "web"),
            ("aaaa2222-x", "web"),
            ("bbbb3333-x", "aaaa"),
            ("cccc", "ci"),
            ("cccc4", "cccc"),
        ];
        for (text, want) in [
            ("aaaa1111-x", "aaaa1111-x"),
            ("AAAA1", "aaaa1111-x"),
            ("ci", "cccc"),
            // A whole ID comes first.
            ("cccc", "cccc"),
            ("bbb", "none"),
            ("bbbb", "bbbb3333-x"),
            ("é", "none"),
            ("", "none"),
            ("web", "\"web\" (aaaa1111-x), \"web\" (aaaa2222-x)"),
            ("aaaa", "\"web\" (aaaa1111-x), \"web\" (aaaa2222-x), \"aaaa\" (bbbb3333-x)"),
        ] {
            let found = find_by_id_or_label(&all, text, |(id, label)| Identity { id, label, name: None });
            let found = match found {
                Ok(found) => found.map_or("none".to_owned(), |(id, _)| (*id).to_owned()),
                Err(HubError::Ambiguous { candidates, .. }) => candidates.join(", "),
                Err(error) => error.to_string(),
            };
            assert_eq!(found, want, "{text:?}");
        }
    }
}
