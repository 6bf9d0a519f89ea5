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

/// The memory that decoded lists may take. An item of a few bytes can take a hundred times as much memory, and nothing
/// has proven yet who wrote it.
pub trait ListMemory {
    /// Takes the memory for this number of items of this size in bytes. Returns false when too little is left.
    fn take(&mut self, count: u64, size: usize) -> bool;
}

/// The context of encoding, for which it is not used. Nothing with a list is decoded without a limit.
impl ListMemory for () {
    fn take(&mut self, count: u64, _: usize) -> bool {
        count == 0
    }
}

/// Decodes a list into exactly the memory that it needs, if that much is left. `Vec`'s own decoder reserves four
/// items for a list of one, which with thousands of tokens is most of the memory.
pub fn decode_list<'b, C: ListMemory, T: Decode<'b, C>>(
    input: &mut Decoder<'b>,
    context: &mut C,
) -> Result<Vec<T>, decode::Error> {
    let length = input.array()?.ok_or_else(|| decode::Error::message("a list without its length"))?;
    let bytes_left = input.input().len().saturating_sub(input.position());
    let count = usize::try_from(length).ok().filter(|count| *count <= bytes_left);
    let count = count.ok_or_else(decode::Error::end_of_input)?;
    let mut items = Vec::new();
    if !context.take(length, size_of::<T>()) || items.try_reserve_exact(count).is_err() {
        return Err(decode::Error::message("a list that is too long"));
    }
    for _ in 0..length {
        items.push(T::decode(input, context)?);
    }
    Ok(items)
}
