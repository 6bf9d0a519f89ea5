//! Splits a command line into options and arguments.
//!
//! The clients are written in Go and parse their options with the same library:
//! <https://pkg.go.dev/github.com/spf13/pflag#hdr-Command_line_flag_syntax>

/// The names of the options of a command, separated by spaces. Names of one letter are short options.
#[derive(Clone, Copy)]
pub(super) struct Options {
    /// Options whose value may be the next word.
    pub(super) valued: &'static str,
    /// Options without a value, or with one after `=`.
    pub(super) switches: &'static str,
}

impl Options {
    pub(super) const NONE: Self = Self { valued: "", switches: "" };
}

/// The position of options on a command line.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum OptionOrder {
    /// Options may follow arguments.
    Mixed,
    /// The first argument ends the options: the words after it belong to another command.
    OptionsFirst,
}

#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct ParsedLine<'w> {
    /// Names and values.
    options: Vec<(&'w str, &'w str)>,
    pub(super) arguments: Vec<&'w str>,
}

impl<'w> ParsedLine<'w> {
    /// Parses words. If several tables list an option, the first one applies. `None` when no table lists an
    /// option: the next word may or may not be its value.
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
                line.arguments.push(word);
                if order == OptionOrder::OptionsFirst {
                    break;
                }
            }
        }
        line.arguments.extend(words);
        Some(line)
    }

    /// Returns the values of an option with these names, in order.
    pub(super) fn values(&self, names: &[&str]) -> impl Iterator<Item = &'w str> {
        self.options.iter().filter(move |(name, _)| names.contains(name)).map(|(_, value)| *value)
    }

    /// Returns the last value of a switch that is off by default; `None` when that is not a boolean.
    pub(super) fn is_on(&self, name: &str) -> Option<bool> {
        self.switch(name, false)
    }

    /// Returns the last value of a switch with this default; `None` when that is not a boolean.
    pub(super) fn switch(&self, name: &str, default: bool) -> Option<bool> {
        self.values(&[name]).last().map_or(Some(default), parse_bool)
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
        self.options.push((name, value));
        Some(())
    }

    /// Parses the letters after one dash: `-it`, `-eA=b`, `-e A=b`, `-d=false`.
    fn take_short(
        &mut self,
        mut letters: &'w str,
        tables: &[&Options],
        words: &mut impl Iterator<Item = &'w str>,
    ) -> Option<()> {
        while let Some(first) = letters.chars().next() {
            let (name, rest) = letters.split_at(first.len_utf8());
            let (value, remaining) = match (arity(name, tables)?, rest.strip_prefix('=')) {
                (_, Some(value)) => (value, ""),
                (Arity::Switch, None) => ("true", rest),
                (Arity::Valued, None) if rest.is_empty() => (words.next()?, ""),
                (Arity::Valued, None) => (rest, ""),
            };
            self.options.push((name, value));
            letters = remaining;
        }
        Some(())
    }
}

/// Parses a boolean as Go does: <https://pkg.go.dev/strconv#ParseBool>.
pub(super) fn parse_bool(text: &str) -> Option<bool> {
    match text {
        "true" | "1" | "t" | "T" | "TRUE" | "True" => Some(true),
        "false" | "0" | "f" | "F" | "FALSE" | "False" => Some(false),
        _ => None,
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
    fn options_and_arguments_are_split_as_in_go() {
        for (text, options, arguments) in [
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
            assert_eq!(parse(text, OptionOrder::Mixed), Some(ParsedLine { options, arguments }), "{text}");
        }
    }

    #[test]
    fn words_after_the_image_of_a_run_are_arguments() {
        let line = parse("--rm a --name b -x -- c", OptionOrder::OptionsFirst).expect("known options");
        assert_eq!((line.options.len(), line.arguments), (1, vec!["a", "--name", "b", "-x", "--", "c"]));
    }

    #[test]
    fn an_option_in_no_table_makes_the_line_unknown() {
        for text in
            ["--new a", "--new=a b", "-x", "-ix", "-i\u{e9}", "--e a", "---rm", "--=a", "--name", "-e"]
        {
            assert_eq!(parse(text, OptionOrder::Mixed), None, "{text}");
        }
    }

    #[test]
    fn the_last_value_of_a_switch_counts() {
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
