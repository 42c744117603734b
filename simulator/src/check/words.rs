//! What a policy says, in plain words.

use super::Answer;
use crate::calendar::windows;
use jiff::{SignedDuration, Timestamp};
use std::fmt::Write as _;
use tidegate_domain::alarms::policy::AlarmPolicy;
use tidegate_domain::calendar::{Calendar, DayWindow};
use tidegate_domain::decide::schedule::lead;
use tidegate_domain::memory::Memory;
use tidegate_domain::metrics::QuerySource;
use tidegate_domain::policy::{FleetPolicy, SizingMode, SizingPolicy, SpikePolicy};
use tidegate_domain::steps::{Adjustment, Step};
use tidegate_domain::text::clean;

/// The labels' column.
const INDENT: usize = 12;
/// So many of the next day windows are shown.
const NEXT: usize = 3;

/// The whole document. Characters that a terminal would obey are left out.
pub(super) fn of(answer: &Answer) -> String {
    let mut out = String::from("the policy document is sound\n");
    for (name, fleet) in &answer.policy.fleets {
        let _ = writeln!(out, "\nfleet {name}");
        fleet_words(&mut out, fleet, answer.at);
    }
    out.push_str("\nalarms\n");
    alarms(&mut out, &answer.alarms);
    let count = answer.warnings.len();
    let _ = writeln!(out, "\n{count} warning(s)");
    answer.warnings.iter().for_each(|warning| {
        let _ = writeln!(out, "  {warning}");
    });
    clean(&out)
}

fn fleet_words(out: &mut String, fleet: &FleetPolicy, at: Timestamp) {
    let FleetPolicy { min, budget_max, boot, .. } = fleet;
    line(out, "size", &format!("{min} to {budget_max}, and never above the group's MaxSize"));
    load(out, fleet);
    let lead = lead(fleet, &Memory::default());
    let ahead = format!("{boot:#} until launches are measured; a day is asked for {lead:#} ahead");
    line(out, "boot", &ahead);
    calendar(out, fleet, at);
    let (headroom, lower) = (fleet.night.headroom, &fleet.lower);
    let step = format!(
        "to {headroom} x the load, never below the floor; at most {} % (at least 1) at a time, \
         {:#} after the last termination",
        lower.step_percent, lower.bake
    );
    line(out, "lowering", &step);
    let vetoes: Vec<&str> = lower.veto_alarms.iter().map(|alarm| alarm.as_str()).collect();
    let vetoes = if vetoes.is_empty() { "no alarm".to_owned() } else { vetoes.join(", ") };
    line(out, "vetoed by", &vetoes);
    line(out, "sizing", &sizing(fleet));
    fleet.spikes.iter().for_each(|spike| step_table(out, spike, fleet.day_floor.max(1)));
}

fn sizing(fleet: &FleetPolicy) -> String {
    let SizingPolicy { mode, dial, az_reserve, capacity_confirmed } = fleet.sizing;
    let what = match mode {
        SizingMode::Off => return "off".to_owned(),
        SizingMode::Advise => "tells what it would do, and changes nothing",
        SizingMode::On => "acts, in owner mode",
    };
    let price = dial.price();
    let reserve = if az_reserve { "; with room for the loss of a zone" } else { "" };
    let guess =
        if capacity_confirmed { "" } else { "; 1.6 x the load, as the capacity is a guess" };
    format!("{what}; {dial}: unserved load costs {price:.0} times what serves it{reserve}{guess}")
}

fn load(out: &mut String, fleet: &FleetPolicy) {
    let query = &fleet.load.query;
    for part in &query.parts {
        let what = match &part.source {
            QuerySource::Metric(spec) => spec.to_string(),
            QuerySource::Expression(math) => math.clone(),
        };
        let label = if part.id == query.result { "load" } else { "" };
        line(out, label, &format!("{} = {what}", part.id));
    }
    let serves = format!("{} of it a minute", fleet.capacity_per_instance);
    line(out, "instance", &format!("serves {serves} inside the SLO"));
}

fn calendar(out: &mut String, fleet: &FleetPolicy, at: Timestamp) {
    let calendar = &fleet.calendar;
    let days: Vec<String> = calendar.days.iter().map(|day| day.cron().to_lowercase()).collect();
    let clock = |time: jiff::civil::Time| time.strftime("%H:%M").to_string();
    let (from, to) = (clock(calendar.day_starts), clock(calendar.night_starts));
    let (zone, days) = (calendar.zone.iana_name().unwrap_or("UTC"), days.join(" "));
    line(out, "zone", zone);
    line(out, "day", &format!("{days}, {from} to {to}: at least {}", fleet.day_floor));
    line(out, "night", &format!("all other times: at least {}", fleet.night.floor));
    for (date, day) in &calendar.holidays {
        line(out, "holiday", &format!("{date} counts as {}", day.cron().to_lowercase()));
    }
    for stay in &calendar.exceptions {
        line(out, "exception", &format!("stays up until {}: {}", stay.until, stay.reason));
    }
    let soon = at.saturating_add(SignedDuration::from_hours(24 * 15)).unwrap_or(at);
    for day in windows(calendar, at, soon).iter().take(NEXT) {
        line(out, "next", &window(calendar, day));
    }
}

fn window(calendar: &Calendar, day: &DayWindow) -> String {
    let local =
        |at: Timestamp, form: &str| at.to_zoned(calendar.zone.clone()).strftime(form).to_string();
    let (start, end) = (local(day.start, "%a %F %H:%M %:z"), local(day.end, "%a %F %H:%M %:z"));
    format!("day from {start} to {end}")
}

/// A step table, with what it makes of a fleet of so many.
fn step_table(out: &mut String, spike: &SpikePolicy, base: u32) {
    let adjustment = spike.table.adjustment();
    line(out, "spike", &format!("{}: {}", spike.alarm, terms(adjustment)));
    let _ = writeln!(out, "    {:<26}{:<12}{base} become", "metric above threshold by", "adds");
    for step in spike.table.steps() {
        let from = step.from.unwrap_or(0.0);
        let becomes = spike.table.apply(base, from).map_or(String::new(), |size| size.to_string());
        let _ = writeln!(out, "    {:<26}{:<12}{becomes}", band(step), adds(adjustment, step));
    }
    let (warmup, quiet) = (spike.warmup, spike.stabilization);
    let growth = (spike.growth_10min_percent, spike.growth_hour_percent);
    line(out, "", &format!("an instance counts as base after {warmup:#} in service"));
    line(out, "", &format!("nothing is lowered until it was quiet for {quiet:#}"));
    line(out, "", &format!("grows by at most {} % in 10 min, {} % in an hour", growth.0, growth.1));
}

fn terms(adjustment: Adjustment) -> String {
    match adjustment {
        Adjustment::Change => "adds instances".to_owned(),
        Adjustment::Percent { min_magnitude } => {
            format!("adds percent of the fleet, at least {min_magnitude}")
        }
        Adjustment::Exact => "sets the size".to_owned(),
    }
}

fn band(step: &Step) -> String {
    let from = step.from.unwrap_or(0.0);
    step.to.map_or_else(|| format!("{from} and more"), |to| format!("{from} to below {to}"))
}

fn adds(adjustment: Adjustment, step: &Step) -> String {
    match adjustment {
        Adjustment::Change => format!("+{}", step.add),
        Adjustment::Percent { .. } => format!("+{} %", step.add),
        Adjustment::Exact => format!("to {}", step.add),
    }
}

fn alarms(out: &mut String, alarms: &AlarmPolicy) {
    let topics: Vec<&str> = alarms.topics().into_iter().collect();
    let routes = alarms.root.all().len() - 1;
    line(out, "routes", &format!("{routes} below the root; topics {}", topics.join(", ")));
    line(out, "inhibit", &format!("{} rule(s)", alarms.inhibit.len()));
}

fn line(out: &mut String, label: &str, text: &str) {
    let _ = writeln!(out, "{}", format!("  {label:<INDENT$}{text}").trim_end());
}
