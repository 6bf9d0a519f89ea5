//! Encodes names, keys and scopes as text in the vault's CBOR, and decodes short lists.

use minicbor::encode::Write;
use minicbor::{Decode, Decoder, Encode, Encoder, decode, encode};

use crate::model::name::Name;
use crate::model::registry::Key;
use crate::model::scope::Scope;

macro_rules! encode_as_text {
    ($type:ty, $parse:path, $value:ident => $text:expr) => {
        impl<C> Encode<C> for $type {
            fn encode<W: Write>(
                &self,
                out: &mut Encoder<W>,
                _: &mut C,
            ) -> Result<(), encode::Error<W::Error>> {
                let $value = self;
                out.str($text)?.ok()
            }
        }

        impl<'b, C> Decode<'b, C> for $type {
            fn decode(input: &mut Decoder<'b>, _: &mut C) -> Result<Self, decode::Error> {
                $parse(input.str()?).map_err(|_| decode::Error::message(stringify!($type)))
            }
        }
    };
}

encode_as_text!(Key, Key::parse, key => key.as_str());
encode_as_text!(Name, Name::parse, name => name.as_str());
encode_as_text!(Scope, Scope::parse_stored, scope => &scope.to_string());

/// The most items to reserve for a list before it is read.
const MAX_RESERVED_ITEMS: u64 = 64;

/// Decodes a list into exactly the memory that it needs. `Vec`'s own decoder reserves four items for a list of one,
/// which with thousands of tokens is most of the memory.
pub fn decode_list<'b, C, T: Decode<'b, C>>(
    input: &mut Decoder<'b>,
    context: &mut C,
) -> Result<Vec<T>, decode::Error> {
    let length = input.array()?.ok_or_else(|| decode::Error::message("a list without its length"))?;
    let mut items = Vec::with_capacity(usize::try_from(length.min(MAX_RESERVED_ITEMS)).unwrap_or_default());
    for _ in 0..length {
        items.push(T::decode(input, context)?);
    }
    Ok(items)
}
