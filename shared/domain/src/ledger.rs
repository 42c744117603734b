//! The ledger: what was decided, for people to read.

use crate::bid::Bid;
use crate::group::Mode;
use crate::ids::FleetName;
use crate::reason::Reason;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// One decision as it is kept, answered and logged. All capacities are in capacity units.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LedgerEntry {
    /// Unique id: the lease token of the run that decided.
    pub id: String,
    /// When it was decided (the decision's time).
    pub at: Timestamp,
    /// The fleet.
    pub fleet: FleetName,
    /// The function that decided.
    pub function: String,
    /// What woke it, in a word.
    pub signal: String,
    /// The group's mode; none before it was ever read.
    pub mode: Option<Mode>,
    /// Decided and reported only.
    pub dry_run: bool,
    /// What it decided to do.
    pub action: ActionRecord,
    /// Why.
    pub reason: Reason,
    /// The reason as a sentence.
    pub text: String,
    /// What else was noticed, a sentence each.
    pub notes: Vec<String>,
    /// Every live bid.
    pub bids: Vec<Bid>,
    /// What was seen; none when the group could not be seen.
    pub observed: Option<Observed>,
    /// What sizing advises; none where it was not asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sizing: Option<SizingRecord>,
    /// The memory's version after the decision; none without the control table.
    pub memory_version: Option<u64>,
    /// What became of it.
    pub outcome: OutcomeWord,
}

impl LedgerEntry {
    /// How the note of a first look at a group begins.
    pub const FIRST_LOOK: &'static str = "first look at this group";

    /// Whether the fleet's memory was empty: what was observed is what others had left.
    pub fn is_first_look(&self) -> bool {
        self.notes.iter().any(|note| note.starts_with(Self::FIRST_LOOK))
    }
}

/// What sizing advised.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SizingRecord {
    /// Capacity that it asks for.
    pub size: u32,
    /// Whether the decision follows it.
    pub acts: bool,
    /// The learned rule, in a phrase.
    pub rule: String,
    /// The advice, as a sentence.
    pub text: String,
}

/// What a decision does, as a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum ActionRecord {
    /// Nothing.
    Hold,
    /// Raise `MinSize`.
    Raise {
        /// To.
        min: u32,
    },
    /// Lower `MinSize`, and desired in owner mode.
    Lower {
        /// `MinSize` to be.
        min: u32,
        /// Desired capacity to be; none in floor mode.
        desired: Option<u32>,
    },
    /// Write the native backstop.
    WriteBackstop {
        /// Its `MinSize`.
        min: u32,
    },
}

/// What became of a decision.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OutcomeWord {
    /// Held still.
    Held,
    /// Written to the group.
    Applied,
    /// Not written: a dry run.
    DryRun,
    /// Not written: the group changed between the look and the write.
    Void,
    /// Not written: another run holds the lease, and will look again.
    InProgress,
    /// Not written: the Lambda's deadline is near; the next tick goes on.
    OutOfTime,
    /// Not written: the decision broke an invariant.
    Refused,
}

/// What was seen of a fleet, in capacity units and the load's unit.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Observed {
    /// `MinSize`.
    pub min: u32,
    /// `MaxSize`.
    pub max: u32,
    /// Desired capacity.
    pub desired: u32,
    /// In service and healthy.
    pub in_service: u32,
    /// The load that was judged (a minute's maximum), where it was read.
    pub load: Option<f64>,
    /// Capacity that the load needs, where it was judged.
    pub need: Option<u32>,
}
