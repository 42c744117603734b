//! Sessions in three regions under random histories: the store and the stream's function as they
//! are deployed, on the strict twins, interleaved call by call, with everything going wrong that
//! AWS and a cache are known to do. What comes out is judged from outside, by what was
//! acknowledged ([`truth`]).
//!
//! What must stay true: a history is decided by its seed alone.

#![expect(
    clippy::expect_used,
    reason = "proofs only: a world that cannot be built fails the proof"
)]

pub mod events;
pub mod expiry;
pub mod law;
pub mod outcome;
pub mod play;
pub mod site;
pub mod task;
pub mod truth;
pub mod world;
pub mod wrong;

use jiff::Timestamp;
use tidegate_domain::sessions::part::{FieldName, SessionKey};
use tidegate_domain::sessions::score::BoardWord;
use tidegate_domain::sessions::stamp::RegionName;

/// The regions of every history.
pub const REGIONS: [&str; 3] = ["ap-northeast-2", "eu-west-1", "us-east-1"];

/// A region by its number.
pub fn region(number: usize) -> RegionName {
    RegionName::new(REGIONS.get(number).copied().unwrap_or("us-east-1")).expect("a region")
}

/// When every history begins.
pub fn start() -> Timestamp {
    "2026-11-17T05:30:00.250Z".parse().expect("a time")
}

/// A session's key by its number.
pub fn key(number: u64) -> SessionKey {
    SessionKey::new(&format!("{number:064x}")).expect("a key")
}

/// A name of a board, or of a member.
pub fn word(text: &str) -> BoardWord {
    BoardWord::new(text).expect("a name")
}

/// A field's name by its number.
pub fn field(number: u32) -> FieldName {
    FieldName::new(&format!("f{number}")).expect("a name")
}
