//! Text with its letters put together in one way: normalization form C
//! (<https://www.unicode.org/reports/tr15/#Description_Norm>).
//!
//! The tables are `unicode-normalization`'s. Its own iterator does the same, and brings those of another form
//! along, which are of no use here and larger than these.

use unicode_normalization::char::canonical_combining_class;
use unicode_normalization::char::compose;
use unicode_normalization::char::decompose_canonical;

/// Returns the text in normalization form C.
#[must_use]
pub fn composed(text: &str) -> String {
    if text.is_ascii() {
        return text.to_owned();
    }
    let mut letters: Vec<(u8, char)> = Vec::with_capacity(text.len());
    for letter in text.chars() {
        decompose_canonical(letter, |part| {
            // Marks are in the order of their classes, behind the letter that they are on.
            let class = canonical_combining_class(part);
            let comes_before = |(other, _): &(u8, char)| class == 0 || *other <= class;
            let at = letters.iter().rposition(comes_before).map_or(0, |before| before + 1);
            letters.insert(at, (class, part));
        });
    }
    let mut composed: Vec<(u8, char)> = Vec::with_capacity(letters.len());
    let mut starter = None;
    for (class, letter) in letters {
        let before = composed.last().map(|(class, _)| *class);
        let together = starter.and_then(|at: usize| {
            let (_, base) = *composed.get(at)?;
            // Another mark of its class in between, or a letter, keeps it from the base.
            let is_next = composed.len() == at + 1;
            let is_free = is_next || before.is_some_and(|before| before != 0 && before < class);
            let whole = is_free.then(|| compose(base, letter)).flatten()?;
            composed[at].1 = whole;
            Some(())
        });
        if together.is_none() {
            if class == 0 {
                starter = Some(composed.len());
            }
            composed.push((class, letter));
        }
    }
    composed.into_iter().map(|(_, letter)| letter).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use unicode_normalization::UnicodeNormalization;

    #[test]
    fn letters_are_put_together() {
        for (text, want) in [
            ("plain", "plain"),
            ("e\u{301}", "é"),
            ("a\u{323}\u{302}", "ậ"),
            ("a\u{302}\u{323}", "ậ"),
            ("\u{1100}\u{1161}\u{11a8}", "각"),
            ("\u{212b}", "Å"),
            ("\u{301}e", "\u{301}e"),
        ] {
            assert_eq!(composed(text), want, "{text:?}");
        }
    }

    #[test]
    fn every_letter_alone_is_as_the_library_has_it() {
        for letter in '\0'..=char::MAX {
            let text = letter.to_string();
            assert_eq!(composed(&text), text.nfc().collect::<String>(), "{letter:?}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_as_the_library_has_it(text in "[aeAo\u{300}-\u{345}\u{5b0}-\u{5bd}\u{1100}-\u{11ff}\u{ac00}-\u{ac30}ậÅé]{0,12}") {
            prop_assert_eq!(composed(&text), text.nfc().collect::<String>());
        }

        #[test]
        fn so_is_any_text_at_all(text in "\\PC{0,8}") {
            prop_assert_eq!(composed(&text), text.nfc().collect::<String>());
        }
    }
}
