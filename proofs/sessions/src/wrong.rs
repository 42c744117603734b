//! Sessions as somebody could build them by mistake: each loses under some history.

/// What is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wrong {
    /// One item for a session, written by every region.
    OneItem,
    /// A touch writes only the fields that its own region has set.
    TouchAlone,
    /// An entry that has any part is taken for complete.
    PartialHit,
    /// A fill makes whatever entry it finds complete.
    FillUnmarked,
    /// Nobody looks at the epoch.
    NoEpoch,
    /// A removed part leaves no mark.
    RemovalUnmarked,
    /// A part that has run out is written again until shortly before it is removed.
    RunOutWritten,
    /// A write stands whatever stood there.
    Unconditional,
}

/// All of them, each with the laws that see it.
pub const ALL: [(Wrong, &[&str]); 8] = [
    (Wrong::OneItem, &["update lost", "logout undone", "session lost"]),
    (Wrong::TouchAlone, &["field lost with a part", "update lost"]),
    (Wrong::PartialHit, &["served after its end", "cache differs"]),
    (Wrong::FillUnmarked, &["served after its end", "cache differs"]),
    (Wrong::NoEpoch, &["served after its end", "cache differs"]),
    (Wrong::RemovalUnmarked, &["cache differs"]),
    (Wrong::RunOutWritten, &["update lost", "session lost", "logout undone"]),
    (Wrong::Unconditional, &["update lost", "increment lost", "logout undone"]),
];
