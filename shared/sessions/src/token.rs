//! From a token to the key of its session: HMAC-SHA256 (RFC 2104, FIPS 180-4) under a secret of the
//! application's, so that whoever reads the table cannot make a token, nor tell one by its key.

use crate::store::Error;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use std::fmt::Write as _;
use tidegate_adapters::Secret;
use tidegate_domain::sessions::part::SessionKey;

/// Bytes of the shortest secret.
const SHORTEST: usize = 16;

/// The secret that tokens are hashed with: the same in every region and every program that shares
/// the sessions. With another one every session is unknown.
#[derive(Clone)]
pub struct TokenKey(Secret<Hmac<Sha256>>);

impl TokenKey {
    /// Takes at least 16 random bytes.
    ///
    /// # Errors
    /// They are fewer.
    pub fn new(secret: impl AsRef<[u8]>) -> Result<Self, Error> {
        let secret = secret.as_ref();
        let mac = Hmac::new_from_slice(secret).ok().filter(|_| secret.len() >= SHORTEST);
        mac.map(|mac| Self(Secret::new(mac))).ok_or(Error::ShortSecret)
    }

    /// The key of a token's session.
    pub(crate) fn key_of(&self, token: &[u8]) -> Result<SessionKey, Error> {
        if token.is_empty() {
            return Err(Error::EmptyToken);
        }
        let hash = self.0.expose().clone().chain_update(token).finalize().into_bytes();
        let hex = hash.iter().fold(String::with_capacity(64), |mut hex, byte| {
            let _ = write!(hex, "{byte:02x}");
            hex
        });
        SessionKey::new(&hex).map_err(Error::Name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 4231, test case 3; and the secret and the token of the example in Python.
    #[test]
    fn a_key_is_hmac_sha256() {
        let key = |secret: &[u8], token: &[u8]| {
            TokenKey::new(secret).and_then(|key| key.key_of(token)).unwrap().as_str().to_owned()
        };
        assert_eq!(
            key(&[0xaa; 20], &[0xdd; 50]),
            "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"
        );
        assert_eq!(
            key(b"0123456789abcdef", b"a token"),
            "068e6a2d5f07dff46c59177002e44b90c2092fe52b14c83142eec92f5ea7bfcd"
        );
    }

    #[test]
    fn short_secrets_and_empty_tokens_are_refused() {
        assert_eq!(TokenKey::new([7; 15]).err(), Some(Error::ShortSecret));
        assert_eq!(TokenKey::new([7; 16]).unwrap().key_of(b"").err(), Some(Error::EmptyToken));
    }
}
