//! What is allowed and unwise.

use crate::calendar::windows;
use jiff::{SignedDuration, Timestamp};
use tidegate_domain::alarms::policy::{AlarmPolicy, CRITICAL};
use tidegate_domain::decide::schedule::lead;
use tidegate_domain::memory::Memory;
use tidegate_domain::policy::keys::{self, Kind};
use tidegate_domain::policy::{FleetPolicy, Policy, SizingMode, SpikePolicy};

/// Every warning, each with the path of its key.
pub(super) fn of(policy: &Policy, alarms: &AlarmPolicy, at: Timestamp) -> Vec<String> {
    let mut found = Vec::new();
    if policy.dry_run {
        found.push("dry_run: every decision is reported and none is carried out".to_owned());
    }
    for (name, fleet) in &policy.fleets {
        let mut warnings = sizes(fleet);
        warnings.extend(lowering(fleet));
        warnings.extend(guessed(fleet));
        warnings.extend(days(fleet, at));
        warnings.extend(past(fleet, at));
        warnings.extend(fleet.spikes.iter().enumerate().flat_map(|(n, s)| spike(n, s)));
        found.extend(warnings.into_iter().map(|warning| format!("fleets.{name}.{warning}")));
    }
    if alarms.root.all().iter().all(|route| route.terms.tell_nobody()) {
        found.push("alarms: nobody is told of any alarm".to_owned());
    } else if !alarms.root.all().iter().any(|route| route.terms.topic == CRITICAL) {
        found.push("alarms: no route leads to the topic critical".to_owned());
    }
    found
}

fn guessed(fleet: &FleetPolicy) -> Option<String> {
    let sizing = fleet.sizing;
    (sizing.mode == SizingMode::On && !sizing.capacity_confirmed).then(|| {
        "sizing: on, but capacity_confirmed is false: nothing tighter than 1.6 x the load until \
         `tidegate calibrate` or a load test told the capacity"
            .to_owned()
    })
}

fn sizes(fleet: &FleetPolicy) -> Vec<String> {
    let mut found = Vec::new();
    if fleet.min == 0 {
        let boot = fleet.boot;
        found.push(format!("min: a fleet of none takes {boot:#} until it serves anybody"));
    } else if fleet.min == 1 {
        found.push("min: a single instance is the whole service until it is replaced".to_owned());
    }
    let most = keys::all().find(|key| key.section == "fleet" && key.name == "budget_max");
    if let Some(Kind::Whole { max, .. }) = most.map(keys::Key::resolved)
        && fleet.budget_max >= max
    {
        found.push("budget_max: nothing but the group's MaxSize bounds the cost".to_owned());
    }
    if fleet.day_floor == fleet.night.floor {
        let floor = fleet.day_floor;
        found.push(format!("night.floor: {floor} by day and by night: no day is prepared for"));
    }
    if fleet.load.healthy.is_none() {
        found.push(
            "load.healthy: without it no metric counts as unknown, never as no load, so a night \
             without any request lowers nothing"
                .to_owned(),
        );
    }
    found
}

fn lowering(fleet: &FleetPolicy) -> Vec<String> {
    let (boot, bake) = (fleet.boot, fleet.lower.bake);
    let mut found = Vec::new();
    if fleet.lower.veto_alarms.is_empty() {
        found.push("lower.veto_alarms: no alarm can forbid a lowering".to_owned());
    }
    if boot > bake {
        found.push(format!(
            "boot_secs: {boot:#} is longer than lower.bake_secs ({bake:#}): a second lowering \
             may follow before a mistaken first one could be undone"
        ));
    }
    if fleet.night.headroom < 1.1 {
        let headroom = fleet.night.headroom;
        found.push(format!("night.headroom: {headroom} leaves next to nothing for growth"));
    }
    found
}

fn days(fleet: &FleetPolicy, at: Timestamp) -> Vec<String> {
    let soon = at.saturating_add(SignedDuration::from_hours(24 * 15)).unwrap_or(at);
    let lead = lead(fleet, &Memory::default());
    let windows = windows(&fleet.calendar, at, soon);
    let mut found = Vec::new();
    if windows.is_empty() {
        found.push("day: none within two weeks from now".to_owned());
    }
    let nights = windows.iter().zip(windows.iter().skip(1));
    let nights = nights.map(|(day, next)| next.start.duration_since(day.end));
    let shortest = nights.filter(|night| night.is_positive()).min();
    if let Some(night) = shortest.filter(|night| *night <= lead + fleet.lower.bake) {
        found.push(format!(
            "night.starts: a night of {night:#} is over before a lowering pays: the next day is \
             asked for {lead:#} ahead"
        ));
    }
    found
}

/// Dates that are over, or change nothing.
fn past(fleet: &FleetPolicy, at: Timestamp) -> Vec<String> {
    let calendar = &fleet.calendar;
    let now = at.to_zoned(calendar.zone.clone()).datetime();
    let holidays = calendar.holidays.keys().filter(|date| **date < now.date());
    let mut found: Vec<String> =
        holidays.map(|date| format!("night.holidays.{date}: is over")).collect();
    let mut without: Vec<_> = calendar.holidays.iter().collect();
    without.retain(|(date, day)| {
        let usual = date.strftime("%a").to_string().to_uppercase();
        **date >= now.date() && day.cron() == usual
    });
    found.extend(without.into_iter().map(|(date, _)| {
        format!("night.holidays.{date}: counts as the weekday that it is anyway")
    }));
    let exceptions = calendar.exceptions.iter().enumerate();
    let over = exceptions.filter(|(_, stay)| stay.until <= now);
    found.extend(over.map(|(n, stay)| {
        format!("night.exceptions[{n}]: is over ({} until {})", stay.reason, stay.until)
    }));
    found
}

fn spike(n: usize, spike: &SpikePolicy) -> Vec<String> {
    let mut found = Vec::new();
    if spike.table.steps().iter().all(|step| step.add == 0) {
        found.push(format!("spike[{n}].steps: add nothing"));
    }
    if spike.growth_10min_percent > spike.growth_hour_percent {
        let (short, long) = (spike.growth_10min_percent, spike.growth_hour_percent);
        found.push(format!(
            "spike[{n}].growth_10min_percent: {short} is more than the {long} of a whole hour, \
             which binds first"
        ));
    }
    found
}
