//! What a plan explains, and what it must not.

use super::*;
use crate::alarms::event::{AlarmId, WatchedMetric};
use crate::alarms::labels::Labels;
use crate::bid::Bid;
use crate::ids::FleetName;
use crate::ledger::Observed;
use crate::reason::Reason;
use std::collections::BTreeMap;

const BOOT: SignedDuration = SignedDuration::from_mins(3);

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// `13:30` of the day on which everything here happens.
fn clock(time: &str) -> Timestamp {
    at(&format!("2026-11-17T{time}:00Z"))
}

fn alarm(metric: &str, comparison: &str) -> Member {
    let (namespace, name) = metric.split_once(' ').unwrap();
    let metric = WatchedMetric {
        namespace: namespace.into(),
        name: name.into(),
        dimensions: BTreeMap::new(),
    };
    let event = AlarmEvent {
        account: "123456789012".into(),
        region: "ap-northeast-2".into(),
        threshold: Some(1.0),
        comparison: Some(comparison.into()),
        metric: Some(metric),
        ..AlarmEvent::bare(
            AlarmId { arn: "arn".into(), name: "a".into(), contributor: None },
            Kind::Metric,
            State::Alarm,
            clock("13:00"),
        )
    };
    let labels = Labels(BTreeMap::from([("fleet".to_owned(), "web".to_owned())]));
    let (since, arrived) = (Some(event.state_at), event.state_at);
    Member { event, labels, since, arrived, flips: Vec::new() }
}

fn entry(time: &str, action: ActionRecord) -> LedgerEntry {
    LedgerEntry {
        id: "run".into(),
        at: clock(time),
        fleet: FleetName::new("web").unwrap(),
        function: "nightly-scale-down".into(),
        signal: "tick".into(),
        mode: None,
        dry_run: false,
        action,
        reason: Reason::OutsideNight,
        text: "night: the load needs 3".into(),
        notes: Vec::new(),
        bids: Vec::new(),
        observed: None,
        sizing: None,
        memory_version: None,
        outcome: OutcomeWord::Applied,
    }
}

fn lowered(time: &str) -> LedgerEntry {
    entry(time, ActionRecord::Lower { min: 2, desired: Some(8) })
}

fn raised(time: &str) -> LedgerEntry {
    entry(time, ActionRecord::Raise { min: 12 })
}

fn held(time: &str) -> LedgerEntry {
    LedgerEntry { outcome: OutcomeWord::Held, ..entry(time, ActionRecord::Hold) }
}

/// A lowering by night; the day's lead begins at `until`.
fn night(time: &str, until: Option<&str>) -> LedgerEntry {
    let bid = |source, reason: &str, until| Bid { source, floor: 2, until, reason: reason.into() };
    let spike = bid(Source::Spike, "night", Some(clock("23:59")));
    let schedule = bid(Source::Schedule, "night", until.map(at));
    LedgerEntry { bids: vec![spike, schedule], ..lowered(time) }
}

fn seen(entry: LedgerEntry, in_service: u32) -> LedgerEntry {
    let observed = Observed {
        min: in_service,
        max: 40,
        desired: in_service,
        in_service,
        load: None,
        need: None,
    };
    LedgerEntry { observed: Some(observed), ..entry }
}

fn until(member: &Member, ledger: &[LedgerEntry], now: &str) -> Option<Timestamp> {
    let plan = plan(member, ledger, BOOT, clock(now));
    assert!(plan.is_none() || could_explain(member), "a ledger that is not read explains nothing");
    plan.map(|plan| plan.until)
}

const HEALTHY: &str = "AWS/ApplicationELB HealthyHostCount";
const UNHEALTHY: &str = "AWS/ApplicationELB UnHealthyHostCount";
const CPU: &str = "AWS/EC2 CPUUtilization";
const REQUESTS: &str = "AWS/ApplicationELB RequestCount";

#[test]
fn what_a_lowering_explains() {
    for (name, metric, comparison, now, expected) in [
        ("few in service", "AWS/AutoScaling GroupInServiceInstances", "<", "13:14", true),
        ("few desired", "AWS/AutoScaling GroupDesiredCapacity", "<=", "13:00", true),
        ("few healthy", HEALTHY, "<", "13:14", true),
        ("few healthy, network", "AWS/NetworkELB HealthyHostCount", "<", "13:14", true),
        ("few healthy, classic", "AWS/ELB HealthyHostCount", "<=", "13:14", true),
        ("low cpu", CPU, "<", "13:14", true),
        ("few requests", REQUESTS, "<=", "13:14", true),
        ("few requests for each", "AWS/ApplicationELB RequestCountPerTarget", "<", "13:14", true),
        ("little traffic", "AWS/EC2 NetworkIn", "<", "13:14", true),
        ("few connections", "AWS/ApplicationELB ActiveConnectionCount", "<", "13:14", true),
        ("after a quarter of an hour", HEALTHY, "<", "13:15", false),
        ("low cpu after a quarter of an hour", CPU, "<", "13:15", false),
        ("high cpu", CPU, ">", "13:05", false),
        ("high cpu, at the threshold", CPU, ">=", "13:05", false),
        ("many requests for each", "AWS/ApplicationELB RequestCountPerTarget", ">", "13:05", false),
        ("5xx", "AWS/ApplicationELB HTTPCode_Target_5XX_Count", ">", "13:05", false),
        ("5xx of the balancer", "AWS/ApplicationELB HTTPCode_ELB_5XX_Count", ">=", "13:05", false),
        ("a low count of 5xx", "AWS/ApplicationELB HTTPCode_Target_5XX_Count", "<", "13:05", false),
        ("latency", "AWS/ApplicationELB TargetResponseTime", ">", "13:05", false),
        ("unhealthy hosts", UNHEALTHY, ">", "13:05", false),
        ("instances on their way", "AWS/AutoScaling GroupPendingInstances", ">", "13:05", false),
        ("a database's low cpu", "AWS/RDS CPUUtilization", "<", "13:05", false),
        ("an own metric of the same name", "Aira RequestCount", "<", "13:05", false),
        ("an own metric of the group", "Aira GroupSize", "<", "13:05", false),
        ("an unknown comparison", CPU, "!=", "13:05", false),
    ] {
        let expected = expected.then(|| clock("13:15"));
        assert_eq!(until(&alarm(metric, comparison), &[lowered("13:00")], now), expected, "{name}");
    }
}

#[test]
fn what_a_raise_explains() {
    for (name, metric, comparison, now, expected) in [
        ("unhealthy hosts", UNHEALTHY, ">", "13:04", true),
        ("unhealthy hosts, at the threshold", UNHEALTHY, ">=", "13:00", true),
        ("unhealthy hosts, classic", "AWS/ELB UnHealthyHostCount", ">", "13:04", true),
        ("few healthy", HEALTHY, "<", "13:04", true),
        ("on their way", "AWS/AutoScaling GroupPendingInstances", ">", "13:04", true),
        ("boot and two minutes later", UNHEALTHY, ">", "13:05", false),
        ("few unhealthy hosts", UNHEALTHY, "<", "13:04", false),
        ("many healthy", HEALTHY, ">", "13:04", false),
        ("few in service", "AWS/AutoScaling GroupInServiceInstances", "<", "13:04", false),
        ("low cpu", CPU, "<", "13:04", false),
        ("high cpu", CPU, ">", "13:04", false),
        ("5xx", "AWS/ApplicationELB HTTPCode_Target_5XX_Count", ">", "13:04", false),
    ] {
        let expected = expected.then(|| clock("13:05"));
        assert_eq!(until(&alarm(metric, comparison), &[raised("13:00")], now), expected, "{name}");
    }
}

#[test]
fn a_night_explains_low_load_until_the_day() {
    let day = Some("2026-11-17T22:56:00Z");
    let (cpu, healthy) = (alarm(CPU, "<"), alarm(HEALTHY, "<"));
    let cases = [
        ("low load in the middle of the night", &cpu, night("13:00", day), "20:00", Some("22:56")),
        ("low load when the day's lead begins", &cpu, night("13:00", day), "22:56", None),
        ("few hosts in the middle of the night", &healthy, night("13:00", day), "20:00", None),
        ("few hosts at first", &healthy, night("13:00", day), "13:10", Some("13:15")),
        ("a night that nearly is over", &cpu, night("22:50", day), "22:51", Some("23:05")),
        ("no known day", &cpu, night("13:00", None), "20:00", None),
        ("no known day, at first", &cpu, night("13:00", None), "13:10", Some("13:15")),
        ("a weekend", &cpu, night("01:00", Some("2026-11-19T22:56:00Z")), "13:00", Some("15:00")),
        (
            "a weekend's second day",
            &cpu,
            night("01:00", Some("2026-11-19T22:56:00Z")),
            "15:00",
            None,
        ),
        ("a spike's step back by day", &cpu, lowered("13:00"), "20:00", None),
    ];
    for (name, member, entry, now, expected) in cases {
        assert_eq!(until(member, &[entry], now), expected.map(clock), "{name}");
    }
}

#[test]
fn only_what_was_done_explains() {
    let (cpu, healthy) = (alarm(CPU, "<"), alarm(HEALTHY, "<"));
    let with = |outcome| LedgerEntry { outcome, ..lowered("13:00") };
    let other = LedgerEntry { fleet: FleetName::new("batch").unwrap(), ..lowered("13:00") };
    let cases = [
        ("nothing", &healthy, vec![], None),
        ("a hold", &healthy, vec![held("13:04")], None),
        (
            "a lowering before a hold",
            &healthy,
            vec![held("13:04"), lowered("13:00")],
            Some("13:15"),
        ),
        ("a dry run", &healthy, vec![LedgerEntry { dry_run: true, ..lowered("13:00") }], None),
        ("a dry run's outcome", &healthy, vec![with(OutcomeWord::DryRun)], None),
        ("void", &healthy, vec![with(OutcomeWord::Void)], None),
        ("refused", &healthy, vec![with(OutcomeWord::Refused)], None),
        ("in progress", &healthy, vec![with(OutcomeWord::InProgress)], None),
        ("out of time", &healthy, vec![with(OutcomeWord::OutOfTime)], None),
        ("the future", &healthy, vec![lowered("13:06")], None),
        ("a raise of the future", &cpu, vec![raised("13:06"), lowered("13:00")], Some("13:15")),
        ("another fleet's", &healthy, vec![other], None),
        ("a raise since", &cpu, vec![raised("13:02"), lowered("13:00")], None),
        ("a lowering since", &alarm(UNHEALTHY, ">"), vec![lowered("13:04"), raised("13:02")], None),
        (
            "a backstop since",
            &cpu,
            vec![entry("13:03", ActionRecord::WriteBackstop { min: 6 }), lowered("13:00")],
            Some("13:15"),
        ),
        ("the newest of two", &cpu, vec![lowered("13:04"), lowered("13:00")], Some("13:19")),
    ];
    for (name, member, ledger, expected) in cases {
        assert_eq!(until(member, &ledger, "13:05"), expected.map(clock), "{name}");
    }
}

#[test]
fn only_what_was_planned_is_explained() {
    let group = "AWS/AutoScaling GroupInServiceInstances";
    let floor_mode = entry("13:00", ActionRecord::Lower { min: 2, desired: None });
    let cases = [
        ("as many as were asked for", group, "<", 8.0, lowered("13:00"), true),
        ("more, they are leaving", group, "<", 9.0, lowered("13:00"), true),
        ("fewer than were asked for", group, "<", 7.0, lowered("13:00"), false),
        ("fewer healthy than were asked for", HEALTHY, "<", 7.0, lowered("13:00"), false),
        ("no host at all", HEALTHY, "<", 0.0, lowered("13:00"), false),
        ("down to the floor in floor mode", HEALTHY, "<", 2.0, floor_mode.clone(), true),
        ("below the floor in floor mode", HEALTHY, "<", 1.0, floor_mode, false),
        ("no load at all", CPU, "<", 0.0, lowered("13:00"), true),
        ("the old ones serve", HEALTHY, "<", 10.0, seen(raised("13:02"), 10), true),
        ("an old one is gone", HEALTHY, "<", 9.0, seen(raised("13:02"), 10), false),
        ("no host, and it is not known what served", HEALTHY, "<", 0.0, raised("13:02"), false),
        ("a first start", HEALTHY, "<", 0.0, seen(raised("13:02"), 0), true),
        ("the new ones are unhealthy", UNHEALTHY, ">", 2.0, seen(raised("13:02"), 10), true),
        ("an old one is unhealthy too", UNHEALTHY, ">", 3.0, seen(raised("13:02"), 10), false),
        ("it is not known what served", UNHEALTHY, ">", 3.0, raised("13:02"), true),
    ];
    for (name, metric, comparison, value, entry, expected) in cases {
        let mut member = alarm(metric, comparison);
        member.event.value = Some(value);
        assert_eq!(until(&member, &[entry], "13:05").is_some(), expected, "{name}");
    }
}

/// A surge raises again and again while the alarm stays: what it read at first is not what the
/// newest raise launched.
#[test]
fn a_value_is_held_against_what_had_been_done_by_then() {
    let surge = || vec![seen(raised("13:04"), 11), seen(raised("12:58"), 8)];
    let cases = [
        ("as many as the first raise launched", UNHEALTHY, ">", 4.0, surge(), true),
        ("one more than that", UNHEALTHY, ">", 5.0, surge(), false),
        ("as many as served at the first raise", HEALTHY, "<", 8.0, surge(), true),
        ("one of those is gone", HEALTHY, "<", 7.0, surge(), false),
        (
            "unhealthy before anything was launched",
            UNHEALTHY,
            ">",
            1.0,
            vec![seen(raised("13:04"), 8), seen(lowered("12:58"), 8)],
            false,
        ),
    ];
    for (name, metric, comparison, value, ledger, expected) in cases {
        let mut member = alarm(metric, comparison);
        member.event.value = Some(value);
        let found = until(&member, &ledger, "13:05");
        assert_eq!(found, expected.then(|| clock("13:09")), "{name}");
    }
}

#[test]
fn only_a_plain_metric_is_explained() {
    let low = || alarm(CPU, "<");
    let of = |kind| {
        let mut member = low();
        member.event.kind = kind;
        member
    };
    let changed = |change: fn(&mut AlarmEvent)| {
        let mut member = low();
        change(&mut member.event);
        member
    };
    for (name, member, expected) in [
        ("a metric", low(), true),
        ("no fleet's label", Member { labels: Labels::default(), ..low() }, true),
        ("missing data", changed(|e| e.state = State::InsufficientData), true),
        ("a composite", of(Kind::Composite), false),
        ("an unknown kind", of(Kind::Unclassified), false),
        ("an expression", of(Kind::MetricMath), false),
        ("a band", of(Kind::AnomalyBand), false),
        ("one of many series", of(Kind::Contributor), false),
        ("an unknown state", changed(|e| e.state = State::Other("NEW".into())), false),
        ("no metric", changed(|e| e.metric = None), false),
        ("no comparison", changed(|e| e.comparison = None), false),
    ] {
        assert_eq!(until(&member, &[lowered("13:00")], "13:05").is_some(), expected, "{name}");
        assert_eq!(could_explain(&member), expected, "{name}");
    }
}

#[test]
fn a_plan_says_when_and_what_was_done() {
    let low = plan(&alarm(CPU, "<"), &[lowered("13:00")], BOOT, clock("13:05")).unwrap();
    assert_eq!(
        low.because,
        "web was lowered to 8 at 2026-11-17 13:00 UTC: night: the load needs 3"
    );
    let up = plan(&alarm(UNHEALTHY, ">"), &[raised("13:00")], BOOT, clock("13:01")).unwrap();
    assert_eq!(up.because, "web was raised to 12 at 2026-11-17 13:00 UTC: night: the load needs 3");
}

#[test]
fn times_at_the_end_of_time_explain_nothing() {
    let last = LedgerEntry { at: Timestamp::MAX, ..lowered("13:00") };
    assert_eq!(plan(&alarm(CPU, "<"), &[last], BOOT, Timestamp::MAX), None);
}
