//! The vault's key, and what it seals: XChaCha20-Poly1305
//! (<https://datatracker.ietf.org/doc/html/draft-irtf-cfrg-xchacha-03>).

use std::mem;

use chacha20poly1305::{AeadInOut, Key, KeyInit, XChaCha20Poly1305};
use minicbor::bytes::ByteArray;
use minicbor::{Decode, Encode};
use secrecy::{ExposeSecret, ExposeSecretMut, SecretBox};
use zeroize::Zeroizing;

use crate::model::secret::Secret;

/// The size of a vault's key in bytes.
pub const KEY_BYTES: usize = 32;

/// The size of a nonce in bytes; large enough to be random every time.
pub const NONCE_BYTES: usize = 24;

/// The size of an authentication tag in bytes.
pub const TAG_BYTES: usize = 16;

/// A number that is used once.
pub type Nonce = [u8; NONCE_BYTES];

/// What proves that bytes are as they were sealed.
pub type Tag = [u8; TAG_BYTES];

/// What [`VaultKey::fingerprint`] authenticates; nothing else is ever sealed with its nonce.
const FINGERPRINT: &[u8] = b"docker-credential-pat key fingerprint 1";

/// What a wrapped key is sealed with, so that it is never taken for a secret.
const WRAPPING: &[u8] = b"docker-credential-pat wrapped key 1";

/// The key of one vault, or one that such a key is wrapped with.
pub struct VaultKey(SecretBox<[u8; KEY_BYTES]>);

/// A secret, sealed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sealed {
    /// Used for this sealing only.
    pub nonce: Nonce,
    /// Proves that nothing was changed.
    pub tag: Tag,
    /// The ciphertext, as long as the secret.
    pub bytes: Vec<u8>,
}

/// A vault's key, sealed with another key.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct WrappedKey {
    #[n(0)]
    nonce: ByteArray<NONCE_BYTES>,
    #[n(1)]
    tag: ByteArray<TAG_BYTES>,
    #[n(2)]
    key: ByteArray<KEY_BYTES>,
}

impl VaultKey {
    /// Makes a new key out of the system's random numbers.
    pub fn generate() -> Result<Self, getrandom::Error> {
        let mut key = SecretBox::<[u8; KEY_BYTES]>::default();
        getrandom::fill(key.expose_secret_mut())?;
        Ok(Self(key))
    }

    /// Takes a key over; `None` when it has not [`KEY_BYTES`].
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let mut key = SecretBox::<[u8; KEY_BYTES]>::default();
        if bytes.len() != KEY_BYTES {
            return None;
        }
        key.expose_secret_mut().copy_from_slice(bytes);
        Some(Self(key))
    }

    /// Makes a second one of it.
    #[must_use]
    pub fn duplicate(&self) -> Self {
        let mut key = SecretBox::<[u8; KEY_BYTES]>::default();
        key.expose_secret_mut().copy_from_slice(self.expose());
        Self(key)
    }

    /// Returns the key. Call it where a key holder writes it, and nowhere else.
    pub fn expose(&self) -> &[u8; KEY_BYTES] {
        self.0.expose_secret()
    }

    /// Returns what tells this key from others without telling it.
    pub fn fingerprint(&self) -> Tag {
        self.sign(FINGERPRINT, &[0; NONCE_BYTES])
    }

    /// Returns the tag that proves that the bytes are as they are now.
    pub fn sign(&self, bytes: &[u8], nonce: &Nonce) -> Tag {
        let tag = self.cipher().encrypt_inout_detached(&(*nonce).into(), bytes, (&mut [][..]).into());
        // It fails for messages of more than 256 GiB; this one is empty. The tag of a failure fits nothing.
        tag.map_or([0; TAG_BYTES], Into::into)
    }

    /// True when the bytes are as they were when the tag was made with this key.
    pub fn proves(&self, bytes: &[u8], nonce: &Nonce, tag: &Tag) -> bool {
        let nonce = (*nonce).into();
        let proof = self.cipher().decrypt_inout_detached(&nonce, bytes, (&mut [][..]).into(), &(*tag).into());
        proof.is_ok()
    }

    /// Seals a secret so that it opens only with the same `binding`.
    pub fn seal(&self, secret: &Secret, binding: &[u8]) -> Result<Sealed, getrandom::Error> {
        let mut nonce = [0; NONCE_BYTES];
        getrandom::fill(&mut nonce)?;
        let mut bytes = secret.expose().as_bytes().to_vec();
        let tag = self.cipher().encrypt_inout_detached(&nonce.into(), binding, bytes.as_mut_slice().into());
        // Only a message of more than 256 GiB fails; a request has at most 4 MiB.
        let tag = tag.map_err(|_| getrandom::Error::UNEXPECTED)?.into();
        Ok(Sealed { nonce, tag, bytes })
    }

    /// Opens a secret; `None` when key or binding are others, or a bit has changed.
    pub fn open(&self, sealed: Sealed, binding: &[u8]) -> Option<Secret> {
        let Sealed { nonce, tag, bytes } = sealed;
        let mut bytes = Zeroizing::new(bytes);
        let opened = self.cipher().decrypt_inout_detached(
            &nonce.into(),
            binding,
            bytes.as_mut_slice().into(),
            &tag.into(),
        );
        opened.ok()?;
        let text = String::from_utf8(mem::take(&mut *bytes)).ok()?;
        Some(Secret::new(Zeroizing::new(text)))
    }

    /// Seals a vault's key with this one.
    pub fn wrap(&self, vault_key: &Self) -> Result<WrappedKey, getrandom::Error> {
        let mut nonce = [0; NONCE_BYTES];
        getrandom::fill(&mut nonce)?;
        // Sealed in its place, so that no copy of it is left.
        let mut key = *vault_key.expose();
        let tag = self.cipher().encrypt_inout_detached(&nonce.into(), WRAPPING, key.as_mut_slice().into());
        let tag: Tag = tag.map_err(|_| getrandom::Error::UNEXPECTED)?.into();
        Ok(WrappedKey { nonce: nonce.into(), tag: tag.into(), key: key.into() })
    }

    /// Opens a key that was sealed with this one; `None` when it was another one.
    pub fn unwrap(&self, wrapped: &WrappedKey) -> Option<Self> {
        let mut key = Zeroizing::new(*wrapped.key);
        let opened = self.cipher().decrypt_inout_detached(
            &(*wrapped.nonce).into(),
            WRAPPING,
            key.as_mut_slice().into(),
            &(*wrapped.tag).into(),
        );
        opened.ok().and_then(|()| Self::from_bytes(key.as_slice()))
    }

    fn cipher(&self) -> XChaCha20Poly1305 {
        XChaCha20Poly1305::new(<&Key>::from(self.expose()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(byte: u8) -> VaultKey {
        VaultKey::from_bytes(&[byte; KEY_BYTES]).expect("32 bytes")
    }

    fn secret(text: &str) -> Secret {
        Secret::new(Zeroizing::new(text.to_owned()))
    }

    #[test]
    fn a_secret_opens_with_its_key_and_binding_only() {
        let sealed = key(1).seal(&secret("canary"), b"ghcr.io").expect("random numbers");
        let opened = key(1).open(sealed.clone(), b"ghcr.io").expect("the right key");
        assert_eq!(opened.expose(), "canary");
        assert!(key(2).open(sealed.clone(), b"ghcr.io").is_none());
        assert!(key(1).open(sealed.clone(), b"quay.io").is_none());
        for place in 0..sealed.bytes.len() {
            let mut changed = sealed.clone();
            changed.bytes[place] ^= 1;
            assert!(key(1).open(changed, b"ghcr.io").is_none(), "{place}");
        }
    }

    #[test]
    fn a_wrapped_key_opens_with_its_wrapping_only() {
        let wrapped = key(1).wrap(&key(7)).expect("random numbers");
        assert_eq!(key(1).unwrap(&wrapped).expect("the right key").expose(), key(7).expose());
        assert!(key(2).unwrap(&wrapped).is_none());
        let changed = WrappedKey { key: [0; KEY_BYTES].into(), ..wrapped };
        assert!(key(1).unwrap(&changed).is_none());
    }

    #[test]
    fn the_same_secret_is_never_sealed_alike() {
        let [one, other] =
            [(); 2].map(|()| key(1).seal(&secret("a secret of some length"), b"").expect("random numbers"));
        assert_ne!(one.nonce, other.nonce);
        assert_ne!(one.bytes, other.bytes);
    }

    #[test]
    fn a_fingerprint_tells_keys_apart() {
        assert_eq!(key(1).fingerprint(), key(1).fingerprint());
        assert_ne!(key(1).fingerprint(), key(2).fingerprint());
        assert!(VaultKey::from_bytes(&[0; 31]).is_none());
    }
}
