//! A hybrid logical clock (Kulkarni et al., "Logical Physical Clocks", 2014) in a format of our
//! own: 48 bits of milliseconds, 16 bits of counter, and the region that made it.
//!
//! What must stay true: the text sorts as the stamp does; a stamp that a region makes is larger
//! than every stamp that it has merged.

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use std::fmt;
use std::str::FromStr;

/// A stamp of another region that is further ahead than this is refused: its clock is wrong, and
/// would win over everything that is written until then.
pub const MAX_AHEAD: SignedDuration = SignedDuration::from_mins(5);
/// Hexadecimal digits before the region: 12 of milliseconds, 4 of the counter.
const DIGITS: usize = 16;

/// A region of AWS, by its code: `ap-northeast-2`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct RegionName(String);

impl RegionName {
    /// Checks and takes a region's code: 1 to 32 lower-case letters, digits and hyphens.
    ///
    /// # Errors
    /// A sentence.
    pub fn new(text: &str) -> Result<Self, String> {
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        if (1..=32).contains(&text.len()) && text.chars().all(plain) {
            Ok(Self(text.to_owned()))
        } else {
            Err("a region's code has 1 to 32 lower-case letters, digits and hyphens".to_owned())
        }
    }

    /// The code.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RegionName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// When something was written, by a clock that never goes back: `018f3c2a1b00` + `0000` + `-` +
/// `ap-northeast-2`. Unique within a region by the conditional write that carries it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Stamp {
    ms: u64,
    counter: u16,
    region: RegionName,
}

impl Stamp {
    /// The next stamp of `region` at `now` after everything it has seen: the time if that is
    /// larger, else the newest one's time with a counter.
    pub fn next(now: Timestamp, newest: Option<&Self>, region: &RegionName) -> Self {
        let now = u64::try_from(now.as_millisecond()).unwrap_or(0);
        let (ms, counter) = match newest {
            Some(newest) if newest.ms >= now => match newest.counter.checked_add(1) {
                Some(counter) => (newest.ms, counter),
                None => (newest.ms.saturating_add(1), 0),
            },
            _ => (now, 0),
        };
        Self { ms, counter, region: region.clone() }
    }

    /// Its time.
    pub fn at(&self) -> Timestamp {
        i64::try_from(self.ms)
            .ok()
            .and_then(|ms| Timestamp::from_millisecond(ms).ok())
            .unwrap_or(Timestamp::MAX)
    }

    /// The region that made it.
    pub fn region(&self) -> &RegionName {
        &self.region
    }

    /// Whether it is further ahead of `now` than any sound clock.
    pub fn is_ahead(&self, now: Timestamp) -> bool {
        now.checked_add(MAX_AHEAD).is_ok_and(|latest| self.at() > latest)
    }
}

impl fmt::Display for Stamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:012x}{:04x}-{}", self.ms, self.counter, self.region)
    }
}

impl FromStr for Stamp {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let bad =
            || "a stamp has 16 lower-case hexadecimal digits, a hyphen and a region".to_owned();
        let (digits, rest) = text.split_at_checked(DIGITS).ok_or_else(bad)?;
        let is_digit = |c: char| c.is_ascii_digit() || ('a'..='f').contains(&c);
        let region = rest.strip_prefix('-').filter(|_| digits.chars().all(is_digit));
        let region = RegionName::new(region.ok_or_else(bad)?)?;
        let whole = u64::from_str_radix(digits, 16).map_err(|_| bad())?;
        let counter = u16::try_from(whole & 0xffff).map_err(|_| bad())?;
        let ms = whole >> 16;
        // Later ones than a time can say would leave no room for the stamp after them.
        if i64::try_from(ms).is_ok_and(|ms| Timestamp::from_millisecond(ms).is_ok()) {
            Ok(Self { ms, counter, region })
        } else {
            Err("a stamp's time is out of range".to_owned())
        }
    }
}

#[cfg(test)]
mod tests;
