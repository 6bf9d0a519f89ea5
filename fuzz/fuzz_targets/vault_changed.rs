//! Reads a published vault that was changed and given matching lengths and checksums again.

#![no_main]

use std::ops::Range;
use std::sync::LazyLock;

use arbitrary::Arbitrary;
use docker_credential_pat::vault::format::layout;
use docker_credential_pat::vault::format::layout::{HEADER_BYTES, Layout};
use docker_credential_pat::vault::format::nonce::BASE_BYTES;
use docker_credential_pat::vault::seal::{KEY_BYTES, TAG_BYTES, VaultKey};
use docker_credential_pat_fuzz::{memory, published};
use libfuzzer_sys::fuzz_target;

/// The published vault, and the changes to each of its parts.
#[derive(Arbitrary, Debug)]
struct Change<'a> {
    which: u8,
    directory: Vec<Edit<'a>>,
    entries: Vec<Edit<'a>>,
    ciphertexts: Vec<Edit<'a>>,
    proof: Proof,
}

#[derive(Arbitrary, Debug)]
enum Edit<'a> {
    Flip(u16, u8),
    Put(u16, &'a [u8]),
    Take(u16, u8),
    Double(u16, u8),
}

/// The tag that the directory gets.
#[derive(Arbitrary, Debug, PartialEq)]
enum Proof {
    AsItWas,
    ByAnotherKey,
}

fuzz_target!(init: { LazyLock::force(&published::ALL); }, |change: Change| {
    let vault = &published::ALL[usize::from(change.which) % published::ALL.len()];
    let part = |place: Range<u64>| {
        &vault.vault[usize::try_from(place.start).expect("small")..usize::try_from(place.end).expect("small")]
    };
    let layout = Layout::parse(part(0..HEADER_BYTES as u64)).expect("a vault");
    let proof = part(layout.front.end - (BASE_BYTES + TAG_BYTES) as u64..layout.front.end);
    let (base, tag) = proof.split_first_chunk().expect("its size");
    // The directory ends where its checksum begins.
    let directory = part(HEADER_BYTES as u64..layout.front.end - (4 + BASE_BYTES + TAG_BYTES) as u64);
    let directory = edited(directory, &change.directory);
    let entries = edited(part(layout.entries), &change.entries);
    let ciphertexts = edited(part(layout.ciphertexts), &change.ciphertexts);

    let another = VaultKey::from_bytes(&[7; KEY_BYTES]).expect("a key");
    let bytes = layout::assemble(layout.version, &directory, &entries, &[], &ciphertexts, &another, base);
    let mut bytes = bytes.expect("it is not too large");
    if change.proof == Proof::AsItWas {
        let end = usize::try_from(Layout::parse(&bytes[..HEADER_BYTES]).expect("a head").front.end);
        let end = end.expect("it is in memory");
        bytes[end - TAG_BYTES..end].copy_from_slice(tag);
    }
    vault.examine(&memory::write(&bytes));
});

fn edited(part: &[u8], edits: &[Edit]) -> Vec<u8> {
    let mut bytes = part.to_vec();
    for edit in edits {
        let (Edit::Flip(at, _) | Edit::Put(at, _) | Edit::Take(at, _) | Edit::Double(at, _)) = edit;
        let at = usize::from(*at) % (bytes.len() + 1);
        let reach = |count: &u8| at..(at + usize::from(*count)).min(bytes.len());
        match edit {
            Edit::Flip(_, bits) => bytes.get_mut(at).into_iter().for_each(|byte| *byte ^= bits),
            Edit::Put(_, more) => drop(bytes.splice(at..at, more.iter().copied())),
            Edit::Take(_, count) => drop(bytes.drain(reach(count))),
            Edit::Double(_, count) => bytes.extend_from_within(reach(count)),
        }
    }
    bytes
}
