//! Where the world ends: what must be the same with and without a fault.
//!
//! Compared, for each fleet: the group's sizes; the list of sizes that Tidegate wrote, step by
//! step (so nothing is over-scaled and taken back, and nothing lowered twice); the backstop;
//! that the lease is free; and of the memory
//!
//! | field | how |
//! |---|---|
//! | `applied_min`, `operator_min`, `forecast`, `no_lowering_until` | as it is |
//! | `intent` | as it is but for its time; none, at the end |
//! | `bids` | source, floor and reason |
//! | `last_lowering` | capacity before and after |
//! | `mode`, `last_breach` | without the time |
//! | `notices`, `since` | the keys |
//!
//! Not compared, because they tell *when* something was looked at or written, and a try that
//! comes later tells so: every instant of the above, `instances`, `growth`,
//! `launches`, `last_termination`, `next_look`, `last_reasons` (the newest reason of each signal: a try
//! that finds its work done holds with another one), `alarm_times` (an event that Lambda lost is
//! not in it; it orders events and nothing else), the memory's version, lease tokens, and
//! the ledger, whose entries are one for each try. `last_lowering.before.min` is not compared
//! where desired was lowered too: a lowering whose second call was lost is decided anew from
//! what stands there.

use jiff::Timestamp;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use tidegate_domain::bid::{Bid, Source};
use tidegate_domain::group::{Backstop, Mode, Sizes};
use tidegate_domain::ids::FleetName;
use tidegate_domain::memory::{Forecast, Lowering, Memory};
use tidegate_fakes::{FakeAws, Writer};

/// Where the world ends.
#[derive(Debug, Clone, PartialEq)]
pub struct End {
    fleets: BTreeMap<FleetName, FleetEnd>,
}

/// Where one fleet ends.
#[derive(Debug, Clone, PartialEq)]
struct FleetEnd {
    sizes: Option<Sizes>,
    written: Vec<Change>,
    backstop: Option<Backstop>,
    leased: bool,
    memory: Option<Kept>,
}

/// A change of a group's sizes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Change {
    /// Before.
    pub from: Sizes,
    /// After.
    pub to: Sizes,
}

/// What is compared of a memory.
#[derive(Debug, Clone, PartialEq)]
struct Kept {
    mins: (Option<u32>, Option<u32>),
    intent: Option<(u32, Option<u32>)>,
    bids: Vec<(Source, u32, String)>,
    lowering: Option<(u32, u32)>,
    no_lowering_until: Option<Timestamp>,
    breached: bool,
    forecast: Option<Forecast>,
    notices: BTreeSet<String>,
    since: BTreeSet<String>,
    mode: Option<Mode>,
}

impl End {
    /// The lines that only this end has.
    pub fn beyond(&self, other: &Self) -> String {
        let theirs = other.to_string();
        let ours = self.to_string();
        let only = ours.lines().filter(|line| !theirs.lines().any(|other| other == *line));
        only.map(|line| format!("\n    {line}")).collect()
    }

    /// Where these fleets stand now.
    pub fn of(aws: &FakeAws, fleets: &[FleetName]) -> Self {
        let end = |fleet: &FleetName| {
            let memory = aws.memory(fleet).map(|stored| Kept::of(stored.memory));
            let (sizes, backstop) = (aws.sizes(fleet), aws.backstop(fleet));
            let (written, leased) = (written(aws, fleet), aws.lease(fleet).is_some());
            FleetEnd { sizes, written, backstop, leased, memory }
        };
        Self { fleets: fleets.iter().map(|fleet| (fleet.clone(), end(fleet))).collect() }
    }
}

impl fmt::Display for End {
    /// A line for each thing, so that two ends can be told apart line by line.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (fleet, end) in &self.fleets {
            let FleetEnd { sizes, written, backstop, leased, memory } = end;
            writeln!(f, "{fleet}: sizes {sizes:?}")?;
            writeln!(f, "{fleet}: written {written:?}")?;
            writeln!(f, "{fleet}: backstop {backstop:?}, leased {leased}")?;
            let memory = format!("{memory:#?}");
            memory.lines().try_for_each(|line| writeln!(f, "{fleet}: memory {line}"))?;
        }
        Ok(())
    }
}

/// What Tidegate changed of a group's sizes, in order.
pub fn written(aws: &FakeAws, fleet: &FleetName) -> Vec<Change> {
    let changes = aws.size_changes(fleet).into_iter();
    let ours = changes.filter(|change| change.by == Writer::Tidegate);
    ours.map(|change| Change { from: change.from, to: change.to }).collect()
}

impl Kept {
    fn of(memory: Memory) -> Self {
        let bid = |bid: Bid| (bid.source, bid.floor, bid.reason);
        let mut bids: Vec<_> = memory.bids.into_iter().map(bid).collect();
        bids.sort();
        Self {
            mins: (memory.applied_min, memory.operator_min),
            intent: memory.intent.map(|intent| (intent.min, intent.desired)),
            bids,
            lowering: memory.last_lowering.map(lowered),
            no_lowering_until: memory.no_lowering_until,
            breached: memory.last_breach.is_some(),
            forecast: memory.forecast,
            notices: memory.notices.keys().cloned().collect(),
            since: memory.since.into_keys().collect(),
            mode: memory.mode.map(|seen| seen.mode),
        }
    }
}

/// Capacity before and after a lowering.
fn lowered(step: Lowering) -> (u32, u32) {
    step.desired.map_or((step.before.min, step.min), |desired| (step.before.desired, desired))
}
