//! A command line taken apart: options, and the words that are left.
//!
//! The clients are written in Go and read their options with the same library:
//! <https://pkg.go.dev/github.com/spf13/pflag#hdr-Command_line_flag_syntax>

/// The options that a command takes, by name, separated by blanks; names of one letter are short.
pub(super) struct Options {
    /// Those whose value may be the next word.
    pub(super) valued: &'static str,
    /// Those that stand alone; a value can only follow with `=`.
    pub(super) switches: &'static str,
}

/// Whether options may follow the first word that is none.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum OptionOrder {
    /// They stand anywhere.
    Mixed,
    /// They end there: what follows belongs to another command.
    OptionsFirst,
}

/// A command line taken apart.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct ParsedLine<'w> {
    given: Vec<(&'w str, &'w str)>,
    /// The words that are neither an option nor its value.
    pub(super) rest: Vec<&'w str>,
}

impl<'w> ParsedLine<'w> {
    /// Takes words apart. Where two tables have the same name the first one holds. `None` when an option
    /// is in neither: whether the next word is its value cannot be known.
    pub(super) fn parse(words: &[&'w str], tables: &[&Options], order: OptionOrder) -> Option<Self> {
        let mut line = Self::default();
        let mut words = words.iter().copied();
        while let Some(word) = words.next() {
            if word == "--" {
                break;
            } else if let Some(long) = word.strip_prefix("--") {
                line.take_long(long, tables, &mut words)?;
            } else if let Some(letters) = word.strip_prefix('-').filter(|letters| !letters.is_empty()) {
                line.take_short(letters, tables, &mut words)?;
            } else {
                line.rest.push(word);
                if order == OptionOrder::OptionsFirst {
                    break;
                }
            }
        }
        line.rest.extend(words);
        Some(line)
    }

    /// Returns the values of an option, by any of its names, in order.
    pub(super) fn values(&self, names: &[&str]) -> impl Iterator<Item = &'w str> {
        self.given.iter().filter(move |(name, _)| names.contains(name)).map(|(_, value)| *value)
    }

    /// Tells whether a switch is on; the last word on it counts. `None` when that is neither yes nor no.
    pub(super) fn is_on(&self, name: &str) -> Option<bool> {
        // As Go reads them: https://pkg.go.dev/strconv#ParseBool
        match self.values(&[name]).last() {
            Some("true" | "1" | "t" | "T" | "TRUE" | "True") => Some(true),
            None | Some("false" | "0" | "f" | "F" | "FALSE" | "False") => Some(false),
            Some(_) => None,
        }
    }

    fn take_long(
        &mut self,
        option: &'w str,
        tables: &[&Options],
        words: &mut impl Iterator<Item = &'w str>,
    ) -> Option<()> {
        let (name, value) =
            option.split_once('=').map_or((option, None), |(name, value)| (name, Some(value)));
        if name.len() < 2 {
            return None;
        }
        let value = match (arity(name, tables)?, value) {
            (_, Some(value)) => value,
            (Arity::Valued, None) => words.next()?,
            (Arity::Switch, None) => "true",
        };
        self.given.push((name, value));
        Some(())
    }

    /// Reads letters behind one dash: `-it`, `-eA=b`, `-e A=b`, `-d=false`.
    fn take_short(
        &mut self,
        mut letters: &'w str,
        tables: &[&Options],
        words: &mut impl Iterator<Item = &'w str>,
    ) -> Option<()> {
        while let Some(first) = letters.chars().next() {
            let (name, rest) = letters.split_at(first.len_utf8());
            let (value, left) = match (arity(name, tables)?, rest.strip_prefix('=')) {
                (_, Some(value)) => (value, ""),
                (Arity::Switch, None) => ("true", rest),
                (Arity::Valued, None) if rest.is_empty() => (words.next()?, ""),
                (Arity::Valued, None) => (rest, ""),
            };
            self.given.push((name, value));
            letters = left;
        }
        Some(())
    }
}

enum Arity {
    Valued,
    Switch,
}

fn arity(name: &str, tables: &[&Options]) -> Option<Arity> {
    tables.iter().find_map(|options| {
        if is_among(name, options.switches) {
            Some(Arity::Switch)
        } else {
            is_among(name, options.valued).then_some(Arity::Valued)
        }
    })
}

fn is_among(name: &str, names: &str) -> bool {
    names.split_ascii_whitespace().any(|other| other == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    const RUN: Options = Options { valued: "e env name", switches: "i t d rm detach" };
    const GLOBAL: Options = Options { valued: "H host i", switches: "D" };

    fn parse(text: &str, order: OptionOrder) -> Option<ParsedLine<'_>> {
        let words: Vec<_> = text.split_ascii_whitespace().collect();
        ParsedLine::parse(&words, &[&RUN, &GLOBAL], order)
    }

    #[test]
    fn options_are_read_as_go_programs_read_them() {
        for (text, given, rest) in [
            ("", vec![], vec![]),
            ("a b", vec![], vec!["a", "b"]),
            ("a --rm b", vec![("rm", "true")], vec!["a", "b"]),
            ("--rm=false a", vec![("rm", "false")], vec!["a"]),
            ("--name a b", vec![("name", "a")], vec!["b"]),
            ("--name=a=b c", vec![("name", "a=b")], vec!["c"]),
            ("--name --rm a", vec![("name", "--rm")], vec!["a"]),
            ("-it a", vec![("i", "true"), ("t", "true")], vec!["a"]),
            ("-ite A=b c", vec![("i", "true"), ("t", "true"), ("e", "A=b")], vec!["c"]),
            ("-eA=b c", vec![("e", "A=b")], vec!["c"]),
            ("-e=A=b c", vec![("e", "A=b")], vec!["c"]),
            ("-d=false c", vec![("d", "false")], vec!["c"]),
            ("-D -H x c", vec![("D", "true"), ("H", "x")], vec!["c"]),
            ("--rm -- --name a", vec![("rm", "true")], vec!["--name", "a"]),
            ("- a", vec![], vec!["-", "a"]),
        ] {
            assert_eq!(parse(text, OptionOrder::Mixed), Some(ParsedLine { given, rest }), "{text}");
        }
    }

    #[test]
    fn what_follows_the_image_of_a_run_is_left_alone() {
        let line = parse("--rm a --name b -x -- c", OptionOrder::OptionsFirst).expect("known options");
        assert_eq!((line.given.len(), line.rest), (1, vec!["a", "--name", "b", "-x", "--", "c"]));
    }

    #[test]
    fn an_option_that_no_table_has_makes_the_line_unknown() {
        for text in
            ["--new a", "--new=a b", "-x", "-ix", "-i\u{e9}", "--e a", "---rm", "--=a", "--name", "-e"]
        {
            assert_eq!(parse(text, OptionOrder::Mixed), None, "{text}");
        }
    }

    #[test]
    fn the_last_word_on_a_switch_counts() {
        for (text, want) in [
            ("", Some(false)),
            ("--rm", Some(true)),
            ("--rm=false", Some(false)),
            ("--rm --rm=0", Some(false)),
            ("--rm=0 --rm", Some(true)),
            ("--rm=maybe", None),
        ] {
            assert_eq!(parse(text, OptionOrder::Mixed).expect(text).is_on("rm"), want, "{text}");
        }
    }
}
