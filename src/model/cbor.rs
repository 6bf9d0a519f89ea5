//! How words stand in the vault: texts as text, read back by their own parser, and short lists of them.

use minicbor::encode::Write;
use minicbor::{Decode, Decoder, Encode, Encoder, decode, encode};

use crate::model::name::Name;
use crate::model::registry::Key;
use crate::model::scope::Scope;

macro_rules! stands_as_text {
    ($word:ty, $value:ident => $text:expr) => {
        impl<C> Encode<C> for $word {
            fn encode<W: Write>(
                &self,
                out: &mut Encoder<W>,
                _: &mut C,
            ) -> Result<(), encode::Error<W::Error>> {
                let $value = self;
                out.str($text)?.ok()
            }
        }

        impl<'b, C> Decode<'b, C> for $word {
            fn decode(input: &mut Decoder<'b>, _: &mut C) -> Result<Self, decode::Error> {
                <$word>::parse(input.str()?).map_err(|_| decode::Error::message(stringify!($word)))
            }
        }
    };
}

stands_as_text!(Key, key => key.as_str());
stands_as_text!(Name, name => name.as_str());
stands_as_text!(Scope, scope => &scope.to_string());

/// The most that is set aside for a list before it is read, in items.
const MAX_RESERVED: u64 = 64;

/// Reads a list of known length into just the memory that it takes. `Vec`'s own way sets aside four
/// items for each one, which with thousands of tokens is most of the memory.
pub fn decode_list<'b, C, T: Decode<'b, C>>(
    input: &mut Decoder<'b>,
    context: &mut C,
) -> Result<Vec<T>, decode::Error> {
    let length = input.array()?.ok_or_else(|| decode::Error::message("a list without its length"))?;
    let mut items = Vec::with_capacity(usize::try_from(length.min(MAX_RESERVED)).unwrap_or_default());
    for _ in 0..length {
        items.push(T::decode(input, context)?);
    }
    Ok(items)
}
