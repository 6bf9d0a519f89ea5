//! The numbered events of a token: when it came into the vault, and when it was put in use.

use minicbor::{Decode, Encode};

use crate::model::registry::Key;

/// The events of a token. A vault numbers the events of all its tokens with one counter, independent of any
/// clock.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode)]
#[cbor(context_bound = "crate::model::cbor::ListMemory")]
pub struct Turns {
    /// The number under which the token came into the vault. It is 0, before all others, for an imported token
    /// and for one that version 0.1 added.
    #[n(0)]
    pub arrival: u64,
    /// The last `use` by a person.
    #[n(1)]
    pub used: Option<u64>,
    /// The last login that took effect, for each registry.
    #[cbor(n(2), decode_with = "crate::model::cbor::decode_list")]
    pub logins: Vec<LoginTurn>,
}

/// The last login with a token at one registry.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct LoginTurn {
    /// The registry, or a key that is not an address.
    #[n(0)]
    pub place: String,
    #[n(1)]
    pub turn: u64,
}

/// An event that put a token in use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UseEvent {
    pub turn: u64,
    pub kind: UseKind,
}

/// The kind of an event that put a token in use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UseKind {
    /// A person's `use`.
    Use,
    /// A client's login.
    Login,
    /// A client's login that version 0.1 recorded. It does not replace other tokens.
    OldLogin,
}

impl Turns {
    /// Returns the last event that put the token in use for requests with this key.
    pub fn last_event(&self, key: &Key) -> Option<UseEvent> {
        let used = self.used.map(|turn| UseEvent { turn, kind: UseKind::Use });
        let login = self.logins.iter().find(|login| login.place == key.place());
        let login = login.map(|login| UseEvent { turn: login.turn, kind: UseKind::Login });
        used.into_iter().chain(login).max_by_key(|event| event.turn)
    }

    /// Returns the numbers of all events. What came before all others has none.
    pub fn numbers_mut(&mut self) -> impl Iterator<Item = &mut u64> {
        let events = self.used.iter_mut().chain(self.logins.iter_mut().map(|login| &mut login.turn));
        events.chain(Some(&mut self.arrival).filter(|arrival| **arrival > 0))
    }

    /// Records a login at the registry of a key.
    pub fn log_in(&mut self, key: &Key, turn: u64) {
        let place = key.place().to_owned();
        self.logins.retain(|login| login.place != place);
        self.logins.push(LoginTurn { place, turn });
    }
}
