//! How the words that are texts stand in the vault: as text, read back by their own parser.

use crate::registry::Key;
use crate::scope::Scope;
use crate::token::Name;
use minicbor::Decode;
use minicbor::Decoder;
use minicbor::Encode;
use minicbor::Encoder;
use minicbor::decode;
use minicbor::encode;
use minicbor::encode::Write;

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
