//! The marked label of a token that is being created. It is unique, so that a lost token can be found by it.

/// The longest label that Docker Hub accepts, in characters.
pub const MAX_LABEL: usize = 100;

const MARKER_START: &str = " [docker-credential-pat ";
const MARKER_END: char = ']';
const MARKER_DIGITS: usize = 8;

/// Returns a label with a random marker after it, cut to the length that Docker Hub accepts.
pub fn mark_label(label: &str) -> Result<String, getrandom::Error> {
    let mut random = [0; MARKER_DIGITS / 2];
    getrandom::fill(&mut random)?;
    let room = MAX_LABEL - MARKER_START.len() - MARKER_DIGITS - MARKER_END.len_utf8();
    let label: String = label.chars().take(room).collect();
    Ok(format!("{label}{MARKER_START}{:08x}{MARKER_END}", u32::from_be_bytes(random)))
}

/// Returns the label without its marker; `None` when it has none.
pub fn unmarked_label(label: &str) -> Option<&str> {
    let (label, marker) = label.rsplit_once(MARKER_START)?;
    let digits = marker.strip_suffix(MARKER_END)?;
    let is_marker = digits.len() == MARKER_DIGITS && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_marker.then_some(label)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_marked_label_is_unique_fits_and_can_be_unmarked() {
        for label in ["ci", "é字", "", &"x".repeat(67)] {
            let marked = mark_label(label).expect("random numbers");
            assert_eq!(unmarked_label(&marked), Some(label));
            assert!(marked.chars().count() <= MAX_LABEL);
        }
        let cut = mark_label(&"字".repeat(100));
        assert!(cut.is_ok_and(|marked| marked.chars().count() == MAX_LABEL));
        assert_ne!(mark_label("ci"), mark_label("ci"));
    }

    #[test]
    fn a_label_without_a_whole_marker_is_not_unmarked() {
        for label in ["ci", "ci [docker-credential-pat x]", "ci [docker-credential-pat 0123456g]"] {
            assert_eq!(unmarked_label(label), None, "{label}");
        }
    }
}
