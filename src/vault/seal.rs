//! Encryption with the vault's key: XChaCha20-Poly1305
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

pub type Nonce = [u8; NONCE_BYTES];
pub type Tag = [u8; TAG_BYTES];

/// The associated data of a fingerprint. Nothing else is ever encrypted with its nonce.
const FINGERPRINT: &[u8] = b"docker-credential-pat key fingerprint 1";

/// The associated data of a wrapped key, so that it cannot be mistaken for a secret.
const WRAPPING: &[u8] = b"docker-credential-pat wrapped key 1";

/// The key of a vault, or a key that wraps it.
pub struct VaultKey(SecretBox<[u8; KEY_BYTES]>);

/// An encrypted secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sealed {
    /// Random, and used for this secret only.
    pub nonce: Nonce,
    pub tag: Tag,
    /// The ciphertext, as long as the secret.
    pub bytes: Vec<u8>,
}

/// A vault's key, encrypted with another key.
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
    /// Generates a random key.
    pub fn generate() -> Result<Self, getrandom::Error> {
        let mut key = SecretBox::<[u8; KEY_BYTES]>::default();
        getrandom::fill(key.expose_secret_mut())?;
        Ok(Self(key))
    }

    /// Copies a key; `None` when it does not have [`KEY_BYTES`] bytes.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self::copy)
    }

    /// Returns a second copy of the key.
    #[must_use]
    pub fn duplicate(&self) -> Self {
        Self::copy(self.expose())
    }

    fn copy(bytes: &[u8; KEY_BYTES]) -> Self {
        Self(SecretBox::init_with_mut(|key: &mut [u8; KEY_BYTES]| key.copy_from_slice(bytes)))
    }

    /// Returns the bytes of the key. Call it only where a key holder stores them.
    pub fn expose(&self) -> &[u8; KEY_BYTES] {
        self.0.expose_secret()
    }

    /// Returns a value that identifies the key and does not reveal it.
    pub fn fingerprint(&self) -> Tag {
        self.tag(FINGERPRINT, &[0; NONCE_BYTES])
    }

    /// Returns the tag that authenticates these bytes: the tag of an empty message with the bytes as
    /// associated data.
    pub fn tag(&self, bytes: &[u8], nonce: &Nonce) -> Tag {
        let tag = self.cipher().encrypt_inout_detached(&(*nonce).into(), bytes, (&mut [][..]).into());
        // Only a message of more than 256 GiB fails, and this one is empty. A tag of zeros verifies nothing.
        tag.map_or([0; TAG_BYTES], Into::into)
    }

    /// True when the tag was made with this key and nonce for these bytes.
    pub fn verifies(&self, bytes: &[u8], nonce: &Nonce, tag: &Tag) -> bool {
        let (nonce, tag) = ((*nonce).into(), (*tag).into());
        self.cipher().decrypt_inout_detached(&nonce, bytes, (&mut [][..]).into(), &tag).is_ok()
    }

    /// Encrypts a secret, with `binding` as associated data.
    pub fn seal(&self, secret: &Secret, binding: &[u8]) -> Result<Sealed, getrandom::Error> {
        let nonce = random_bytes()?;
        let mut bytes = secret.expose().as_bytes().to_vec();
        let tag = self.encrypt(&mut bytes, binding, nonce)?;
        Ok(Sealed { nonce, tag, bytes })
    }

    /// Decrypts a secret; `None` when the key or the binding is another one, or a bit has changed.
    pub fn open(&self, sealed: Sealed, binding: &[u8]) -> Option<Secret> {
        let Sealed { nonce, tag, bytes } = sealed;
        let mut bytes = Zeroizing::new(bytes);
        self.decrypt(&mut bytes, binding, nonce, tag)?;
        let text = String::from_utf8(mem::take(&mut *bytes)).ok()?;
        Some(Secret::new(Zeroizing::new(text)))
    }

    /// Encrypts a vault's key with this key.
    pub fn wrap(&self, vault_key: &Self) -> Result<WrappedKey, getrandom::Error> {
        let nonce = random_bytes()?;
        // Encrypted in place, so that no copy of the key is left.
        let mut key = *vault_key.expose();
        let tag = self.encrypt(&mut key, WRAPPING, nonce)?;
        Ok(WrappedKey { nonce: nonce.into(), tag: tag.into(), key: key.into() })
    }

    /// Decrypts a wrapped key; `None` when another key wrapped it.
    pub fn unwrap(&self, wrapped: &WrappedKey) -> Option<Self> {
        let mut key = Zeroizing::new(*wrapped.key);
        self.decrypt(key.as_mut_slice(), WRAPPING, *wrapped.nonce, *wrapped.tag)?;
        Self::from_bytes(key.as_slice())
    }

    fn encrypt(&self, bytes: &mut [u8], associated: &[u8], nonce: Nonce) -> Result<Tag, getrandom::Error> {
        let tag = self.cipher().encrypt_inout_detached(&nonce.into(), associated, bytes.into());
        // Only a message of more than 256 GiB fails; a request has at most 4 MiB.
        tag.map(Into::into).map_err(|_| getrandom::Error::UNEXPECTED)
    }

    fn decrypt(&self, bytes: &mut [u8], associated: &[u8], nonce: Nonce, tag: Tag) -> Option<()> {
        self.cipher().decrypt_inout_detached(&nonce.into(), associated, bytes.into(), &tag.into()).ok()
    }

    fn cipher(&self) -> XChaCha20Poly1305 {
        XChaCha20Poly1305::new(<&Key>::from(self.expose()))
    }
}

/// Returns random bytes of the operating system.
pub fn random_bytes<const N: usize>() -> Result<[u8; N], getrandom::Error> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes)?;
    Ok(bytes)
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
        for at in 0..sealed.bytes.len() {
            let mut changed = sealed.clone();
            changed.bytes[at] ^= 1;
            assert!(key(1).open(changed, b"ghcr.io").is_none(), "byte {at}");
        }
    }

    #[test]
    fn a_wrapped_key_opens_with_its_wrapping_key_only() {
        let wrapped = key(1).wrap(&key(7)).expect("random numbers");
        assert_eq!(key(1).unwrap(&wrapped).expect("the right key").expose(), key(7).expose());
        assert!(key(2).unwrap(&wrapped).is_none());
        let changed = WrappedKey { key: [0; KEY_BYTES].into(), ..wrapped };
        assert!(key(1).unwrap(&changed).is_none());
    }

    #[test]
    fn a_secret_sealed_twice_has_two_nonces_and_ciphertexts() {
        let [one, other] =
            [(); 2].map(|()| key(1).seal(&secret("a secret of some length"), b"").expect("random numbers"));
        assert_ne!(one.nonce, other.nonce);
        assert_ne!(one.bytes, other.bytes);
    }

    #[test]
    fn a_fingerprint_is_the_same_for_the_same_key_only() {
        assert_eq!(key(1).fingerprint(), key(1).fingerprint());
        assert_ne!(key(1).fingerprint(), key(2).fingerprint());
        assert!(VaultKey::from_bytes(&[0; 31]).is_none());
    }
}
