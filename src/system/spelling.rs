//! Finds the known word that a mistyped one probably stands for.

/// Returns the known word that needs the fewest changes of letters to be the typed one, and their number; of several,
/// the first.
pub fn nearest_word<'w>(typed: &str, known: impl IntoIterator<Item = &'w str>) -> Option<(&'w str, usize)> {
    let typed = typed.to_ascii_lowercase();
    let all = known.into_iter().map(|word| (word, changes_between(&typed, word)));
    all.min_by_key(|(_, changes)| *changes)
}

/// Counts the letters to insert, remove or replace that make one text the other:
/// <https://en.wikipedia.org/wiki/Levenshtein_distance>
fn changes_between(from: &str, to: &str) -> usize {
    let mut row: Vec<usize> = (0..=to.len()).collect();
    for (index, letter) in from.bytes().enumerate() {
        let mut diagonal = index;
        let mut left = index + 1;
        for (above, other) in row[1..].iter_mut().zip(to.bytes()) {
            left = (left + 1).min(*above + 1).min(diagonal + usize::from(letter != other));
            diagonal = std::mem::replace(above, left);
        }
        row[0] = index + 1;
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_number_of_changes_is_the_least() {
        for (from, to, want) in
            [("", "", 0), ("", "abc", 3), ("abc", "", 3), ("kitten", "sitting", 3), ("ab", "ba", 2)]
        {
            assert_eq!(changes_between(from, to), want, "{from} {to}");
        }
        assert_eq!(nearest_word("PUL", ["push", "pull"]), Some(("pull", 1)));
        assert_eq!(nearest_word("x", []), None);
    }
}
