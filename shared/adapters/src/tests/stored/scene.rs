//! Values with something in every field: a field more does not compile here, and so is thought of.

use super::fleet;
use crate::tests::router_scene;
use jiff::{SignedDuration, Timestamp};
use tidegate_domain::alarms::group::{GroupState, Told};
use tidegate_domain::arbiter::Limits;
use tidegate_domain::bid::{Bid, Source};
use tidegate_domain::group::{Mode, Sizes};
use tidegate_domain::ids::{AlarmName, InstanceId};
use tidegate_domain::ledger::{ActionRecord, LedgerEntry, Observed, OutcomeWord, SizingRecord};
use tidegate_domain::memory::{
    CapacitySample, Forecast, Intent, Lowering, MeasuredLaunch, Memory, Seen, SeenMode,
};
use tidegate_domain::reason::Reason;
use tidegate_domain::sizing::{Rails, Sizing, Terms};

pub(super) const POLICY: &str = r#"version = 1
[fleets.web]
min = 2
time_zone = "Asia/Seoul"
load = { expression = "requests", metrics = { requests = "AWS/ApplicationELB RequestCount Sum" } }
capacity_per_instance = 600
day = { starts = "08:00", floor = 6 }
night = { starts = "22:00", floor = 2 }
"#;

pub(super) fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

const NOW: &str = "2026-03-06T13:10:00Z";

fn bid(source: Source) -> Bid {
    let reason = "aira-web-cpu-high, 82 against 70".to_owned();
    Bid { source, floor: 9, until: Some(at("2026-03-06T13:20:00Z")), reason }
}

fn sizes() -> Sizes {
    Sizes { min: 6, max: 60, desired: 9 }
}

fn lowering(audited: bool) -> Lowering {
    Lowering { at: at(NOW), before: sizes(), min: 5, desired: Some(8), audited }
}

fn alarm() -> AlarmName {
    AlarmName::new("aira-web-cpu-high").unwrap()
}

pub(super) fn memory() -> Memory {
    let seen = Seen { first: at(NOW), in_service: Some(at(NOW)), settled: true, leaving: true };
    Memory {
        applied_min: Some(6),
        operator_min: Some(7),
        intent: Some(Intent { min: 5, desired: Some(8), expected: sizes(), at: at(NOW) }),
        bids: [Source::Sizing, Source::Burst, Source::Spike, Source::Undo, Source::Race]
            .map(bid)
            .into(),
        instances: [(InstanceId::new("i-0123456789abcdef0").unwrap(), seen)].into_iter().collect(),
        last_termination: Some(at(NOW)),
        last_lowering: Some(lowering(true)),
        doubt: Some(lowering(false)),
        no_lowering_until: Some(at("2026-03-06T20:00:00Z")),
        last_breach: Some(at(NOW)),
        growth: vec![CapacitySample { at: at(NOW), desired: 9 }],
        launches: vec![MeasuredLaunch { id: "activity-1".into(), secs: 97 }].into(),
        forecast: Some(Forecast { day: at("2026-03-08T23:00:00Z"), need: 7 }),
        alarm_times: [(alarm(), at(NOW))].into(),
        notices: [("load".to_owned(), at(NOW))].into_iter().collect(),
        since: [("refresh".to_owned(), at(NOW))].into(),
        mode: Some(SeenMode { mode: Mode::Floor, at: at(NOW) }),
        next_look: Some(at("2026-03-06T13:15:00Z")),
        last_reasons: [("tick".to_owned(), "at_floor".to_owned())].into_iter().collect(),
    }
}

pub(super) fn entry() -> LedgerEntry {
    LedgerEntry {
        id: "0123456789abcdef".to_owned(),
        at: at(NOW),
        fleet: fleet(),
        function: "nightly-scale-down".to_owned(),
        signal: "night".to_owned(),
        mode: Some(Mode::Owner),
        dry_run: false,
        action: ActionRecord::Lower { min: 5, desired: Some(8) },
        reason: Reason::NightStep { need: 4, target: 4, from: 9, to: 8 },
        text: "밤: 4 are needed, one step from 9 to 8".to_owned(),
        notes: vec!["a note".to_owned()],
        bids: vec![bid(Source::Schedule)],
        observed: Some(Observed {
            min: 6,
            max: 60,
            desired: 9,
            in_service: 9,
            load: Some(1_234.5),
            need: Some(4),
        }),
        sizing: Some(SizingRecord {
            size: 5,
            acts: true,
            rule: "trend, 10 min, 1.3".to_owned(),
            text: "5 would do".to_owned(),
        }),
        memory_version: Some(42),
        outcome: OutcomeWord::Applied,
    }
}

pub(super) fn state() -> GroupState {
    let told = [("cpu", Told::Firing), ("5xx", Told::Critical), ("disk", Told::Flapping)];
    let told = told.map(|(name, told)| (router_scene::event(name).id.fingerprint(), told));
    GroupState {
        key: router_scene::key(),
        told: told.into(),
        first_notice: Some(at(NOW)),
        last_notice: Some(at(NOW)),
        critical_since: Some(at(NOW)),
        escalated: Some(at(NOW)),
        goes_on: true,
        incident: 3,
    }
}

/// A day and a half of a load that goes up and down.
pub(super) fn learned() -> Sizing {
    let limits = Limits { min: 2, ceiling: 60 };
    let rails = Rails { step_percent: 20, bake_mins: 10 };
    let terms = Terms::new(600.0, SignedDuration::from_secs(180), limits, rails).unwrap();
    let mut sizing = Sizing::default();
    for minute in 29_545_920..29_545_920 + 2_160 {
        let from_noon = (minute % 1_440 - 720_i64).abs();
        let load = 600.0 * f64::from(u32::try_from(1_440 - from_noon).unwrap_or(0)) / 144.0;
        sizing.charge(minute, Some(load), Some(9.0), &terms);
    }
    sizing
}
