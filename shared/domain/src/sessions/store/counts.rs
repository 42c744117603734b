//! What a store has done since its process started, for the application's own metrics.

use serde::Serialize;

/// Counts since the start of the process.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct StoreCounts {
    /// Reads that the cache answered.
    pub hits: u64,
    /// Reads that the cache could not answer completely.
    pub misses: u64,
    /// Reads for which the cache was not asked: it rests after a failure, or the epoch is in doubt
    /// or unknown.
    pub bypasses: u64,
    /// Entries that were filled.
    pub fills: u64,
    /// Fills that did not count: the entry was evicted or doubted while the table was read.
    pub fills_lost: u64,
    /// Calls of the cache that failed.
    pub cache_failures: u64,
    /// Looks at the epoch that failed.
    pub epoch_failures: u64,
    /// Parts of other regions that were too far ahead, once for each read.
    pub refused: u64,
    /// Items that could not be read, once for each read.
    pub unreadable: u64,
    /// Writes that found another one's and were tried again.
    pub conflicts: u64,
    /// Touches that needed no write.
    pub touches_saved: u64,
    /// Own parts that were ended because another region had ended the session.
    pub ends_spread: u64,
    /// Times that somebody else's rebuilding of a board was waited for.
    pub waits: u64,
}
