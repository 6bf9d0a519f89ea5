//! Lists of names in messages.

/// The most names that a message lists.
const MOST_NAMES: usize = 8;

/// Joins names for a message: the first ones, and the number of the others.
pub fn list(names: &[impl AsRef<str>]) -> String {
    let (first, rest) = names.split_at(if names.len() > MOST_NAMES + 1 { MOST_NAMES } else { names.len() });
    let first = first.iter().map(AsRef::as_ref).collect::<Vec<_>>().join(", ");
    if rest.is_empty() { first } else { format!("{first} and {} more", rest.len()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_first_of_many_names_are_listed() {
        let names: Vec<String> = (1..=10).map(|number| number.to_string()).collect();
        assert_eq!(list(&names[..0]), "");
        assert_eq!(list(&names[..2]), "1, 2");
        assert_eq!(list(&names[..9]), "1, 2, 3, 4, 5, 6, 7, 8, 9");
        assert_eq!(list(&names), "1, 2, 3, 4, 5, 6, 7, 8 and 2 more");
    }
}
