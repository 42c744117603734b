//! Time and identity: the real clock, the invocation's deadline, and tokens.

use crate::aws::Aws;
use jiff::{SignedDuration, Timestamp};
use std::fmt::Write as _;
use std::time::{Instant, SystemTime};
use tidegate_domain::ports::{Clock, LeaseToken};

/// What a handle without a deadline (a command's) counts as time left: Lambda's longest.
const NO_DEADLINE: SignedDuration = SignedDuration::from_mins(15);

impl Clock for Aws {
    fn now(&self) -> Timestamp {
        self.now.unwrap_or_else(wall)
    }

    fn wall(&self) -> Timestamp {
        wall()
    }

    fn time_left(&self) -> SignedDuration {
        time_left(self.deadline)
    }

    fn token(&self) -> LeaseToken {
        LeaseToken(random_hex())
    }
}

/// What is left before a deadline.
pub(crate) fn time_left(deadline: Option<Instant>) -> SignedDuration {
    let left = |deadline: Instant| deadline.saturating_duration_since(Instant::now());
    deadline
        .and_then(|deadline| SignedDuration::try_from(left(deadline)).ok())
        .unwrap_or(NO_DEADLINE)
}

/// The real time.
pub(crate) fn wall() -> Timestamp {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    let second = i64::try_from(since.as_secs()).unwrap_or(i64::MAX);
    // Fewer than 10^9 nanoseconds: an `i32`.
    let nanosecond = i32::try_from(since.subsec_nanos()).unwrap_or(0);
    Timestamp::new(second, nanosecond).unwrap_or(Timestamp::MAX)
}

/// 128 random bits as 32 hex digits.
pub(crate) fn random_hex() -> String {
    let mut bits = [0_u8; 16];
    if getrandom::fill(&mut bits).is_err() {
        // The kernel gives none only while it boots. The nanosecond and the process still
        // tell two runs apart, which is all that a token must do.
        let run = (wall().as_nanosecond() << 32) ^ i128::from(std::process::id());
        bits = run.to_le_bytes();
    }
    bits.iter().fold(String::with_capacity(32), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_128_bits_in_hex_and_new_each_time() {
        let (one, two) = (random_hex(), random_hex());
        assert_eq!(one.len(), 32);
        assert!(one.bytes().all(|b| b.is_ascii_hexdigit()));
        assert_ne!(one, two);
    }

    #[test]
    fn the_real_time_is_not_before_this_was_written() {
        assert!(wall() > "2026-01-01T00:00:00Z".parse().unwrap());
        assert!(wall() < "2100-01-01T00:00:00Z".parse().unwrap());
    }
}
