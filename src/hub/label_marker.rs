//! The label of a token that is being made: no other has it, so that one which was lost can be told.

/// The longest label that Docker Hub takes, in characters.
pub const MAX_LABEL: usize = 100;

const BEFORE: &str = " [docker-credential-pat ";
const AFTER: char = ']';
const DIGITS: usize = 8;

/// Returns a label with a mark behind it that no other has.
pub fn marked(label: &str) -> Result<String, getrandom::Error> {
    let mut random = [0; DIGITS / 2];
    getrandom::fill(&mut random)?;
    let room = MAX_LABEL - BEFORE.len() - DIGITS - AFTER.len_utf8();
    let label: String = label.chars().take(room).collect();
    Ok(format!("{label}{BEFORE}{:08x}{AFTER}", u32::from_be_bytes(random)))
}

/// Returns the label without its mark; `None` when it has none.
pub fn unmarked(label: &str) -> Option<&str> {
    let (label, mark) = label.rsplit_once(BEFORE)?;
    let digits = mark.strip_suffix(AFTER)?;
    (digits.len() == DIGITS && digits.bytes().all(|byte| byte.is_ascii_hexdigit())).then_some(label)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_is_put_on_and_taken_off_and_fits() {
        for label in ["ci", "é字", "", &"x".repeat(67)] {
            let with = marked(label).expect("random numbers");
            assert_eq!(unmarked(&with), Some(label));
            assert!(with.chars().count() <= MAX_LABEL);
        }
        assert!(marked(&"字".repeat(100)).is_ok_and(|with| with.chars().count() == MAX_LABEL));
        assert_ne!(marked("ci"), marked("ci"));
        for label in ["ci", "ci [docker-credential-pat x]", "ci [docker-credential-pat 0123456g]"] {
            assert_eq!(unmarked(label), None, "{label}");
        }
    }
}
