//! The types of a client's table.

use crate::client::keys::Client;
use crate::client::options::{OptionOrder, Options, ParsedLine};
use crate::client::transfers::{ImageSyntax, Transfers};
use crate::model::token::Direction;

pub(super) struct ClientProgram {
    pub(super) client: Client,
    /// The file names of the program.
    pub(super) names: &'static [&'static str],
    pub(super) syntax: ImageSyntax,
    /// The options before the verb; most of them may also follow the verb.
    pub(super) globals: Options,
    pub(super) commands: &'static [Command],
}

pub(super) struct Command {
    /// The equivalent verbs, such as `pull` and `image pull`. An empty verb stands for a command line without
    /// a verb.
    pub(super) verbs: &'static [&'static str],
    pub(super) options: &'static Options,
    pub(super) action: Action,
    pub(super) order: OptionOrder,
}

/// The effect of a command on registries.
pub(super) enum Action {
    /// Transfers the named images.
    Images(&'static [(ImageWords, Direction)]),
    /// Transfers the named images, and possibly others in the second direction.
    ImagesAndOthers(&'static [(ImageWords, Direction)], Direction),
    /// Transfers images that the command line does not name.
    Others(Direction),
    Custom(fn(&ParsedLine<'_>) -> Option<Transfers>),
    /// Runs another program, whose command line is the rest of the words.
    Program(&'static ClientProgram),
}

/// The words of a command line that name images.
#[derive(Clone, Copy)]
pub(super) enum ImageWords {
    All,
    First,
    Last,
    ButFirst,
    ButLast,
    /// The values of the option with these names.
    OptionValues(&'static [&'static str]),
}

pub(super) const fn row(
    verbs: &'static [&'static str],
    options: &'static Options,
    action: Action,
) -> Command {
    Command { verbs, options, action, order: OptionOrder::Mixed }
}

impl Command {
    /// Makes the first argument end the options: the words after it belong to another command.
    pub(super) const fn options_first(self) -> Self {
        Self { order: OptionOrder::OptionsFirst, ..self }
    }
}

impl ImageWords {
    pub(super) fn select<'w>(self, line: &ParsedLine<'w>) -> Vec<&'w str> {
        let arguments = line.arguments.as_slice();
        let words = match self {
            Self::All => Some(arguments),
            Self::First => arguments.get(..1),
            Self::Last => arguments.len().checked_sub(1).and_then(|last| arguments.get(last..)),
            Self::ButFirst => arguments.get(1..),
            Self::ButLast => arguments.split_last().map(|(_, others)| others),
            Self::OptionValues(names) => return line.values(names).collect(),
        };
        words.unwrap_or_default().to_vec()
    }
}
