//! Random histories: events duplicated, reordered, late and lost, faults at any call, deploys,
//! suspended processes, lost zones and other people's changes drive the real cycle on the
//! strict fakes. After every step the laws are judged, from outside, by what was really done to
//! the group ([`law`]); every decision on the way is put to the invariants checker ([`watch`]).
//!
//! What must stay true: a history is a value; the same history on the same stage gives the same
//! world, so a failure can be shrunk and played again.

#![expect(clippy::indexing_slicing, reason = "proofs only: a wrong index fails the proof")]

pub mod batch;
pub mod decisions;
pub mod deployed;
pub mod dice;
mod happen;
pub mod law;
pub mod length;
pub mod nights;
pub mod play;
pub mod policies;
mod serve;
pub mod stage;
pub mod step;
pub mod tally;
pub mod truth;
pub mod watch;
pub mod wrong;

pub use law::Broken;
pub use play::{Checker, Played, Player, play, play_with};
pub use step::{History, Step};
