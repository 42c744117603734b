//! Policy documents: a policy that exists is sound; one that does not has every fault with its
//! path.

use crate::world::World;
use jiff::{SignedDuration, Timestamp};
use tidegate_domain::metrics::QuerySource;
use tidegate_domain::policy::{FleetPolicy, Policy, PolicyFaults};
use tidegate_domain::signal::Signal;
use tidegate_fakes::GroupSpec;
use tidegate_wire::expression::is_id;

/// What parses documents.
pub type Parse = fn(&str) -> Result<Policy, PolicyFaults>;

/// Moments of the year at which a policy's calendar is asked: a winter's night, both changes of
/// the clock, a holiday, and the ends of time that a policy may meet.
const MOMENTS: [&str; 6] = [
    "2026-11-17T13:10:00Z",
    "2027-03-28T01:00:00Z",
    "2026-10-25T00:30:00Z",
    "2027-01-01T12:00:00Z",
    "1970-01-01T00:00:00Z",
    "9999-12-30T00:00:00Z",
];

/// Any text.
pub fn policy(data: &[u8]) {
    policy_with(Policy::parse, data);
}

/// [`policy`] with another parser.
pub fn policy_with(parse: Parse, data: &[u8]) {
    let Ok(document) = std::str::from_utf8(data) else { return };
    policy_law(parse, document);
    let Ok(policy) = parse(document) else { return };
    for (name, fleet) in policy.fleets.into_iter().take(2) {
        for moment in MOMENTS.iter().take(2) {
            let sizes = GroupSpec::sized(2, 6, 20);
            let world = World::of(moment.parse().unwrap(), name.clone(), fleet.clone(), sizes);
            world.serve("fuzz", &Signal::Night { scheduled: None }, policy.dry_run);
            world.serve("fuzz", &Signal::Day, policy.dry_run);
            world.serve("fuzz", &Signal::Tick, policy.dry_run);
        }
    }
}

/// The law of parsing a document.
fn policy_law(parse: Parse, document: &str) {
    let policy = match parse(document) {
        Ok(policy) => policy,
        Err(faults) => return faults_law(&faults),
    };
    assert!(!policy.fleets.is_empty(), "a policy has a fleet");
    let stranger = format!("nobody_asked_for_this = 1\n{document}");
    let why = parse(&stranger).map(drop).unwrap_err().to_string();
    assert!(why.contains("nobody_asked_for_this: unknown key"), "{why}");
    let commented = parse(&format!("# nothing\n{document}\n"));
    assert_eq!(format!("{:?}", commented.unwrap()), format!("{policy:?}"), "a comment is nothing");
    policy.fleets.values().for_each(fleet_law);
}

/// Every fault is a line: `path: what is wrong`, or TOML's own words, alone.
fn faults_law(faults: &PolicyFaults) {
    let [first, rest @ ..] = faults.0.as_slice() else {
        return assert!(!faults.0.is_empty(), "a refusal without a fault");
    };
    let syntax = first.starts_with("TOML parse error");
    assert!(!syntax || rest.is_empty(), "nothing else can be read then");
    for fault in faults.0.iter().filter(|_| !syntax) {
        let path = fault.split_once(": ").map_or("", |(path, _)| path);
        assert!(!path.is_empty(), "no path: {fault:?}");
    }
}

/// The documented bounds, written down once more.
fn fleet_law(fleet: &FleetPolicy) {
    let within = |n: u32, least: u32, most: u32| assert!((least..=most).contains(&n), "{n}");
    let secs = |span: SignedDuration, least: i64, most: i64| {
        assert!((least..=most).contains(&span.as_secs()), "{span:?}");
    };
    let floors = [0, fleet.min, fleet.night.floor, fleet.day_floor, fleet.budget_max, 10_000];
    assert!(floors.is_sorted(), "{floors:?}");
    assert!(fleet.budget_max >= 1);
    assert!((1e-9..=1e12).contains(&fleet.capacity_per_instance));
    assert!((1.0..=4.0).contains(&fleet.night.headroom));
    secs(fleet.boot, 1, 3600);
    secs(fleet.lower.bake, 60, 86_400);
    within(fleet.lower.step_percent, 1, 20);
    for spike in &fleet.spikes {
        secs(spike.warmup, 0, 3600);
        secs(spike.stabilization, 60, 86_400);
        within(spike.growth_10min_percent, 1, 10_000);
        within(spike.growth_hour_percent, 1, 10_000);
        spike_law(spike);
    }
    load_law(fleet);
    for moment in MOMENTS {
        calendar_law(fleet, moment.parse().unwrap());
    }
}

/// A step table only raises (or names an exact capacity), and answers for every breach.
fn spike_law(spike: &tidegate_domain::policy::SpikePolicy) {
    assert!((1..=20).contains(&spike.table.steps().len()));
    for excess in [0.0, 0.5, 10.0, 1e6, f64::INFINITY] {
        let lowest = spike.table.steps().first().and_then(|step| step.from).unwrap_or(0.0);
        let amount = spike.table.amount(excess);
        assert_eq!(amount.is_some(), excess >= lowest, "{excess} in {:?}", spike.table);
        assert!(amount.is_none_or(|n| (0..=100_000).contains(&n)), "{amount:?}");
    }
    for step in spike.table.steps() {
        assert!(step.from.is_some_and(|from| from >= 0.0 && from.is_finite()), "{step:?}");
        assert!(step.to.is_none_or(|to| to.is_finite()), "{step:?}");
    }
}

/// The load's query can be sent: ids that CloudWatch takes, each once, one of them the result.
fn load_law(fleet: &FleetPolicy) {
    let query = &fleet.load.query;
    let ids: std::collections::BTreeSet<&str> = query.parts.iter().map(|p| p.id.as_str()).collect();
    assert_eq!(ids.len(), query.parts.len(), "{query:?}");
    assert!(ids.contains(query.result.as_str()) && ids.iter().all(|id| is_id(id)), "{query:?}");
    let metrics = query.parts.iter().filter(|p| matches!(p.source, QuerySource::Metric(_)));
    assert!(metrics.count() >= 1, "{query:?}");
}

/// The window that holds a moment holds it; the next one lies ahead.
fn calendar_law(fleet: &FleetPolicy, at: Timestamp) {
    let moment = fleet.calendar.at(at);
    if let Some(day) = moment.day {
        assert!(day.start <= at && at < day.end, "{day:?} at {at}");
    }
    if let Some(next) = moment.next {
        assert!(at < next.start && next.start < next.end, "{next:?} at {at}");
        let then = fleet.calendar.at(next.start);
        assert!(then.day.is_some(), "it is day when the next day starts: {next:?}");
    }
    let stays = fleet.calendar.stay_up(at).is_some();
    assert!(!stays || moment.day.is_some(), "an exception is a day at {at}");
    assert_eq!(fleet.calendar.day_cron().split(' ').count(), 5);
}
