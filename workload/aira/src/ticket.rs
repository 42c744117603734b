//! Who may come in: access codes and session tokens.
//!
//! An access code is a ticket that the operator writes for a name (`aira code NAME DAYS`): its last
//! day and an HMAC-SHA256 of both under the service's key. So nobody can sign in as somebody else,
//! there is no table of passwords to lose, and each instance checks a ticket by itself. What it is
//! not: a code cannot be changed by its user, nor taken back alone before its day (a new key takes
//! back all of them). Enough for a reference service; a real one has an identity provider here.
//!
//! What must stay true: a key, a code, a token is never printed.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use std::time::{SystemTime, UNIX_EPOCH};

const DAY_SECONDS: u64 = 24 * 3600;
/// Characters of a name.
const LONGEST_NAME: usize = 32;
/// Bytes of the shortest key.
const SHORTEST_KEY: usize = 16;
/// Bytes of the signature that a code carries: 128 bits cannot be guessed.
const SIGNATURE: usize = 16;

/// The service's key: the same in every instance and region.
#[derive(Clone)]
pub struct Key(Hmac<Sha256>);

/// Why somebody was not let in; the user is told neither of them apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// Not a name, not a code, or not this name's.
    Wrong,
    /// Its last day is over.
    Expired,
}

impl Key {
    /// Takes at least 16 bytes.
    ///
    /// # Errors
    /// They are fewer.
    pub fn new(secret: &[u8]) -> Result<Self, String> {
        let mac = Hmac::new_from_slice(secret).ok().filter(|_| secret.len() >= SHORTEST_KEY);
        mac.map(Self).ok_or_else(|| "the key must have 16 bytes or more".to_owned())
    }

    /// A key for another purpose, which does not tell this one.
    pub fn derived(&self, purpose: &str) -> [u8; 32] {
        self.0.clone().chain_update("derive ").chain_update(purpose).finalize().into_bytes().into()
    }

    /// The access code of a name, good for so many days after `now`.
    ///
    /// # Errors
    /// It is not a name.
    pub fn code(&self, name: &str, days: u16, now: SystemTime) -> Result<String, String> {
        if !is_name(name) {
            return Err("a name has 1 to 32 letters, digits, _ and -".to_owned());
        }
        let last_day = day(now) + u64::from(days);
        let signature = self.mac(name, last_day).finalize().into_bytes();
        Ok(format!("{last_day}-{}", hex(signature.get(..SIGNATURE).unwrap_or_default())))
    }

    /// Whether the code is this name's.
    ///
    /// # Errors
    /// [`Refusal`].
    pub fn check(&self, name: &str, code: &str, now: SystemTime) -> Result<(), Refusal> {
        let (last_day, signature) = code.trim().split_once('-').ok_or(Refusal::Wrong)?;
        let last_day = last_day.parse().map_err(|_| Refusal::Wrong)?;
        let signature = unhex(signature).filter(|bytes| bytes.len() == SIGNATURE);
        let signature = signature.filter(|_| is_name(name)).ok_or(Refusal::Wrong)?;
        // In constant time.
        self.mac(name, last_day).verify_truncated_left(&signature).map_err(|_| Refusal::Wrong)?;
        if day(now) > last_day { Err(Refusal::Expired) } else { Ok(()) }
    }

    fn mac(&self, name: &str, last_day: u64) -> Hmac<Sha256> {
        self.0.clone().chain_update(format!("code {last_day} {name}"))
    }
}

/// A new session token: 256 random bits.
///
/// # Errors
/// The system has no random numbers.
pub fn token() -> Result<String, getrandom::Error> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes)?;
    Ok(hex(&bytes))
}

fn is_name(name: &str) -> bool {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b == b'_' || b == b'-';
    (1..=LONGEST_NAME).contains(&name.len()) && name.bytes().all(plain)
}

/// Days since 1970.
fn day(now: SystemTime) -> u64 {
    now.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs() / DAY_SECONDS)
}

/// Two digits a byte.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let digits = text.as_bytes();
    if !digits.len().is_multiple_of(2) || !digits.iter().all(u8::is_ascii_hexdigit) {
        return None;
    }
    let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok();
    digits.chunks(2).map(byte).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn a_code_is_good_for_its_name_until_its_day() {
        let key = Key::new(b"0123456789abcdef").unwrap();
        let now = UNIX_EPOCH + Duration::from_secs(20_000 * DAY_SECONDS + 5);
        let at = |days: u64| now + Duration::from_secs(days * DAY_SECONDS);
        let code = key.code("kim", 2, now).unwrap();
        assert!(code.starts_with("20002-"), "{code}");
        let other = Key::new(b"0123456789abcdeF").unwrap();
        let longer = code.replace("20002", "20009");
        let upper = code.to_uppercase();
        for (key, name, code, at, expected) in [
            (&key, "kim", code.as_str(), at(0), Ok(())),
            (&key, "kim", upper.as_str(), at(2), Ok(())),
            (&key, "kim", code.as_str(), at(3), Err(Refusal::Expired)),
            (&key, "lee", code.as_str(), at(0), Err(Refusal::Wrong)),
            (&key, "kim", longer.as_str(), at(3), Err(Refusal::Wrong)),
            (&key, "kim", &code[..code.len() - 2], at(0), Err(Refusal::Wrong)),
            (&key, "kim", "20002-", at(0), Err(Refusal::Wrong)),
            (&key, "kim", "20002-é", at(0), Err(Refusal::Wrong)),
            (&key, "kim", "", at(0), Err(Refusal::Wrong)),
            (&other, "kim", code.as_str(), at(0), Err(Refusal::Wrong)),
        ] {
            assert_eq!(key.check(name, code, at), expected, "{name} {code}");
        }
    }

    #[test]
    fn names_are_plain_and_keys_are_long() {
        let key = Key::new(&[7; 16]).unwrap();
        for name in ["", "two words", "é", "a\nb", &"x".repeat(33)] {
            assert!(key.code(name, 1, UNIX_EPOCH).is_err(), "{name:?}");
        }
        assert!(Key::new(&[7; 15]).is_err());
        assert_ne!(key.derived("a"), key.derived("b"));
    }

    #[test]
    fn no_two_tokens_are_the_same() {
        let (one, two) = (token().unwrap(), token().unwrap());
        assert!(one.len() == 64 && one != two);
    }
}
