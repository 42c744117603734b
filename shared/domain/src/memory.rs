//! What must survive between invocations: one versioned item for each fleet,
//! written by compare-and-set. Everything else is derived from what is true.

use crate::bid::{Bid, Source};
use crate::group::{Mode, Sizes};
use crate::ids::{AlarmName, InstanceId, SharedText};
use crate::shared::Shared;
use jiff::Timestamp;
use serde::{Deserialize, Deserializer, Serialize};
use std::collections::BTreeMap;

/// A fleet's memory. An unknown field of a newer version is refused, at whatever depth, so that
/// an older function never drops what a newer one wrote.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Memory {
    /// The `MinSize` that we last applied (or found when we first met the group).
    pub applied_min: Option<u32>,
    /// A `MinSize` above ours that a person set: their bid until they lower it.
    pub operator_min: Option<u32>,
    /// What we were about to write; kept until it was seen applied.
    pub intent: Option<Intent>,
    /// Stored bids: sizing, burst, spike, undo and race.
    #[serde(deserialize_with = "known_bids")]
    pub bids: Vec<Bid>,
    /// Instances by id, with what we saw of them.
    pub instances: Shared<BTreeMap<InstanceId, Seen>>,
    /// When an instance was last seen to leave.
    pub last_termination: Option<Timestamp>,
    /// Our last lowering.
    pub last_lowering: Option<Lowering>,
    /// A lowering of a run that did not finish and that the group does not show: it may have
    /// happened and been raised over since, so it is audited like the last one.
    pub doubt: Option<Lowering>,
    /// Nothing is lowered before this instant (a step was undone).
    pub no_lowering_until: Option<Timestamp>,
    /// When a spike alarm was last breached.
    pub last_breach: Option<Timestamp>,
    /// Desired capacity over the last hour, a sample per change.
    pub growth: Vec<CapacitySample>,
    /// Measured launches: seconds from launch to in service, newest last.
    pub launches: Shared<Vec<MeasuredLaunch>>,
    /// Forecast need of the next day's first hour.
    pub forecast: Option<Forecast>,
    /// The newest time of each alarm's events: older ones are out of order.
    pub alarm_times: BTreeMap<AlarmName, Timestamp>,
    /// When each notice last went out, by key.
    pub notices: Shared<BTreeMap<String, Timestamp>>,
    /// Since when something (data, a refresh) has been in its way, by key.
    pub since: BTreeMap<String, Timestamp>,
    /// The mode that was last read from the group's policies, and when.
    pub mode: Option<SeenMode>,
    /// After a closer look that held, a tick takes the next one no earlier than this.
    pub next_look: Option<Timestamp>,
    /// By signal, the code of the last decision's reason: a hold is written to the ledger when it
    /// changes.
    pub last_reasons: Shared<BTreeMap<String, String>>,
}

impl Memory {
    /// Reads a stored document.
    ///
    /// # Errors
    /// What is wrong with it: no JSON object, an unknown field, a wrong value.
    pub fn read(document: &str) -> Result<Self, serde_json::Error> {
        // Alone, serde would take an empty list for a memory without anything in it.
        if !document.trim_start().starts_with('{') {
            return Err(serde::de::Error::custom("a memory is a JSON object"));
        }
        serde_json::from_str(document)
    }

    /// Notes why the last decision of this kind was made; the answer is whether that is another
    /// reason than the one before.
    pub(crate) fn note_reason(&mut self, word: &str, code: String) -> bool {
        if self.last_reasons.get(word) == Some(&code) {
            return false;
        }
        self.last_reasons.insert(word.to_owned(), code);
        true
    }
}

/// Bids as the memory keeps them: here a field that we do not know is refused, in the ledger, which
/// is only read, it is not.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct KnownBid {
    source: Source,
    floor: u32,
    until: Option<Timestamp>,
    reason: String,
}

fn known_bids<'de, D: Deserializer<'de>>(input: D) -> Result<Vec<Bid>, D::Error> {
    let bids = Vec::<KnownBid>::deserialize(input)?.into_iter();
    let bid = |KnownBid { source, floor, until, reason }| Bid { source, floor, until, reason };
    Ok(bids.map(bid).collect())
}

/// Something that we are about to write to the group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Intent {
    /// `MinSize` to be.
    pub min: u32,
    /// Desired capacity to be, when it is lowered.
    pub desired: Option<u32>,
    /// The sizes that the decision saw.
    pub expected: Sizes,
    /// When it was decided.
    pub at: Timestamp,
}

/// What we saw of an instance.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Seen {
    /// When its id was first seen.
    pub first: Timestamp,
    /// When it was first seen in service; its warm-up runs from here.
    pub in_service: Option<Timestamp>,
    /// It was there when we first met the group: taken as warm.
    #[serde(default)]
    pub settled: bool,
    /// It was already seen leaving.
    #[serde(default)]
    pub leaving: bool,
}

/// A lowering that we made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lowering {
    /// When.
    pub at: Timestamp,
    /// Sizes before.
    pub before: Sizes,
    /// `MinSize` after.
    pub min: u32,
    /// Desired capacity after, when we wrote it.
    pub desired: Option<u32>,
    /// The group's activities were looked through for a raise that our write may have cut.
    pub audited: bool,
}

/// Desired capacity at a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CapacitySample {
    /// When.
    pub at: Timestamp,
    /// Desired capacity.
    pub desired: u32,
}

/// One measured launch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MeasuredLaunch {
    /// The activity's id.
    pub id: SharedText,
    /// Seconds from launch to in service.
    pub secs: u32,
}

/// A forecast for the first hour of a day window.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Forecast {
    /// When that window starts.
    pub day: Timestamp,
    /// Need, in capacity units.
    pub need: u32,
}

/// The mode as last read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SeenMode {
    /// The mode.
    pub mode: Mode,
    /// When it was read.
    pub at: Timestamp,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_object_of_known_fields_is_a_memory() {
        assert_eq!(Memory::read("{}").unwrap(), Memory::default());
        for bad in ["[]", "null", "", "{\"from_the_future\": 1}", "{\"applied_min\": -1}"] {
            assert!(Memory::read(bad).is_err(), "{bad}");
        }
        for nested in [
            r#"{"intent":{"min":1,"desired":null,"expected":{"min":1,"max":2,"desired":1},"at":"2026-01-01T00:00:00Z","n":1}}"#,
            r#"{"bids":[{"source":"spike","floor":1,"until":null,"reason":"","n":1}]}"#,
            r#"{"bids":[{"source":"later","floor":1,"until":null,"reason":""}]}"#,
            r#"{"instances":{"i-1":{"first":"2026-01-01T00:00:00Z","in_service":null,"n":1}}}"#,
            r#"{"growth":[{"at":"2026-01-01T00:00:00Z","desired":1,"n":1}]}"#,
            r#"{"launches":[{"id":"a","secs":1,"n":1}]}"#,
            r#"{"forecast":{"day":"2026-01-01T00:00:00Z","need":1,"n":1}}"#,
            r#"{"mode":{"mode":"owner","at":"2026-01-01T00:00:00Z","n":1}}"#,
        ] {
            assert!(Memory::read(nested).is_err(), "{nested}");
            let known = nested.replace(r#","n":1"#, "").replace("later", "spike");
            assert!(Memory::read(&known).is_ok(), "{known}");
        }
        let memory = Memory { applied_min: Some(3), ..Memory::default() };
        let text = serde_json::to_string(&memory).unwrap();
        assert_eq!(Memory::read(&text).unwrap(), memory);
    }
}
