//! What wakes a function. A signal only says "look now"; what is done depends on
//! what is true.

use crate::ids::{AlarmName, FleetName};
use crate::metrics::AlarmState;
use jiff::Timestamp;
use std::collections::BTreeSet;

/// What woke the function.
#[derive(Debug, Clone, PartialEq)]
pub enum Signal {
    /// The night's schedule; the time it was scheduled for, if the event tells.
    Night {
        /// When it should have come.
        scheduled: Option<Timestamp>,
    },
    /// The day's schedule.
    Day,
    /// The one-minute tick.
    Tick,
    /// An alarm changed its state.
    Alarm(AlarmChange),
}

impl Signal {
    /// In a word.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Night { .. } => "night",
            Self::Day => "day",
            Self::Tick => "tick",
            Self::Alarm(_) => "alarm",
        }
    }
}

/// An alarm's change of state as an event tells it.
#[derive(Debug, Clone, PartialEq)]
pub struct AlarmChange {
    /// The alarm.
    pub alarm: AlarmName,
    /// Its new state.
    pub state: AlarmState,
    /// When it changed, by the event.
    pub at: Timestamp,
    /// The newest data point that the event carries.
    pub value: Option<f64>,
    /// The threshold that the event carries.
    pub threshold: Option<f64>,
}

/// Which schedule an event names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Schedule {
    /// `night`
    Night,
    /// `day`
    Day,
    /// `tick`
    Tick,
}

/// What an event says, before a function makes its signal of it.
#[derive(Debug, Clone, PartialEq)]
pub enum Cause {
    /// A schedule; none named in a standard EventBridge scheduled event or a manual wake-up.
    Schedule {
        /// The name, where the event carries one.
        named: Option<Schedule>,
        /// When it was scheduled for.
        at: Option<Timestamp>,
    },
    /// One alarm changed its state, or several did.
    Alarms(Vec<AlarmChange>),
}

/// A decoded event.
#[derive(Debug, Clone, PartialEq)]
pub struct Wake {
    /// Why.
    pub cause: Cause,
    /// Decide and report only.
    pub dry_run: bool,
    /// Only these fleets; empty for all that the cause concerns.
    pub fleets: BTreeSet<FleetName>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ledgers_words() {
        let change = AlarmChange {
            alarm: AlarmName::new("web-cpu-high").unwrap(),
            state: AlarmState::Alarm,
            at: Timestamp::UNIX_EPOCH,
            value: None,
            threshold: None,
        };
        for (signal, word) in [
            (Signal::Night { scheduled: None }, "night"),
            (Signal::Day, "day"),
            (Signal::Tick, "tick"),
            (Signal::Alarm(change), "alarm"),
        ] {
            assert_eq!(signal.word(), word);
        }
    }
}
