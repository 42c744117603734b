//! Why the store did not do what was asked. No text repeats a key, a name or a value.

use crate::ports::PortError;

/// Why the store did not do what was asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// The table did not answer. A write may have happened.
    #[error("the session table: {0}")]
    Table(#[from] PortError),
    /// There is, or was, a session of this key; a key is never used again.
    #[error("a session of this key exists already")]
    Exists,
    /// The session was ended, here or in another region.
    #[error("the session has ended")]
    Ended,
    /// There is no such session, or it ran out.
    #[error("there is no such session, or it ran out")]
    Gone,
    /// Others wrote the same item all the time.
    #[error("others kept writing the same item; nothing was written")]
    Contended,
    /// The answer to an increment was lost, and somebody has counted since: it may be in the score.
    #[error("the answer to the increment was lost; it may have been counted")]
    Uncertain,
    /// Our own region's part cannot be read: a newer version of the software wrote it, or somebody
    /// else did. Nothing was written, since it would be lost.
    #[error("our own part of the session cannot be read; nothing was written")]
    OwnUnreadable,
    /// There are parts, and none of them can be read.
    #[error("no part of the session can be read")]
    Unreadable,
    /// What was asked for is out of bounds; nothing was written.
    #[error("{0}; nothing was written")]
    Limit(#[from] Limit),
}

/// Bounds of what can be asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Limit {
    /// [`crate::sessions::part::MAX_BYTES`]
    #[error("all names and values of a session have at most 65536 bytes")]
    Bytes,
    /// [`crate::sessions::part::MAX_FIELDS`]
    #[error("a session has at most 512 fields, removed ones too")]
    Fields,
    /// [`super::MAX_LIFE`]
    #[error("a session ends at least 1 second and at most 400 days from now")]
    NotAfter,
    /// No session lives for no time.
    #[error("the idle time is more than 0")]
    Idle,
    /// [`crate::sessions::score::MAX_SCORE`]
    #[error("a region counts at most 2^48 of a member, both ways")]
    Score,
}
