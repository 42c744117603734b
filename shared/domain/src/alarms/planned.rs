//! Alarms that the fleet's own plan explains.

use crate::alarms::member::Member;
use crate::ledger::LedgerEntry;
use jiff::{SignedDuration, Timestamp};

/// Why an alarm waits, and until when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// The plan's time is over then.
    pub until: Timestamp,
    /// What is planned.
    pub because: String,
}

/// The plan that explains an alarm, by the fleet's ledger (newest first).
pub fn plan(
    member: &Member,
    ledger: &[LedgerEntry],
    boot: SignedDuration,
    now: Timestamp,
) -> Option<Plan> {
    let _ = (member, ledger, boot, now);
    None
}

/// Whether a plan could explain it at all: then the ledger is worth reading.
pub fn could_explain(member: &Member) -> bool {
    let _ = member;
    false
}
