//! How long a proof runs, and from which seed.
//!
//! `make test` is short and always plays the same, so that it fails for a change and never by
//! chance; `make test-deep` (it sets `TIDEGATE_DEEP`) is long and rolls new dice every time.

use std::time::{SystemTime, UNIX_EPOCH};

/// The seed of every short run.
const SEED: u64 = 20_261_122;

/// Whether this is a run at full length.
pub fn is_deep() -> bool {
    std::env::var_os("TIDEGATE_DEEP").is_some_and(|deep| !deep.is_empty())
}

/// `short`, or `deep` in a run at full length.
pub fn length(short: u64, deep: u64) -> u64 {
    if is_deep() { deep } else { short }
}

/// The seed: `TIDEGATE_SEED`, else a fixed one, else (at full length) one that is new each time.
/// A test prints the one that it took.
pub fn seed() -> u64 {
    let given = std::env::var("TIDEGATE_SEED").ok().and_then(|seed| seed.parse().ok());
    let now = || {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        since.as_secs()
    };
    given.unwrap_or_else(|| if is_deep() { now() } else { SEED })
}
