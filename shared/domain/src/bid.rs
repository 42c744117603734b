//! Bids for a minimum capacity.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::fmt;

/// Who bids.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// The calendar: the day's floor, the night's floor. Derived, never stored.
    Schedule,
    /// Learned headroom.
    Sizing,
    /// Sizing's burst guard.
    Burst,
    /// A step of the step table.
    Spike,
    /// A person: a tag, or a MinSize that we did not write.
    Operator,
    /// A lowering that is being taken back.
    Undo,
    /// Someone's raise that our write cut, given back.
    Race,
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Schedule => "schedule",
            Self::Sizing => "sizing",
            Self::Burst => "burst",
            Self::Spike => "spike",
            Self::Operator => "operator",
            Self::Undo => "undo",
            Self::Race => "race",
        })
    }
}

/// One source's wish for a minimum capacity.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bid {
    /// Who bids.
    pub source: Source,
    /// Minimum capacity, in capacity units.
    pub floor: u32,
    /// First instant at which the bid no longer stands; none: as long as its cause.
    pub until: Option<Timestamp>,
    /// Why, for people.
    pub reason: String,
}

impl Bid {
    /// Whether the bid stands at `now`.
    pub fn is_live(&self, now: Timestamp) -> bool {
        self.until.is_none_or(|until| now < until)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_is_written_as_it_is_stored() {
        use Source::{Burst, Operator, Race, Schedule, Sizing, Spike, Undo};
        for source in [Schedule, Sizing, Burst, Spike, Operator, Undo, Race] {
            assert_eq!(serde_json::to_value(source).unwrap(), source.to_string());
        }
    }
}
