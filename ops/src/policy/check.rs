//! `policy-check`: what a document means, in words.

use super::{alarms, parse};
use crate::words::{labelled, span, visible};
use crate::{Failure, Report, View};
use jiff::{Timestamp, ToSpan};
use tidegate_domain::calendar::{Calendar, DayWindow};
use tidegate_domain::ids::FleetName;
use tidegate_domain::metrics::QuerySource;
use tidegate_domain::policy::{FleetPolicy, LoadPolicy, SpikePolicy};

/// The labels' column.
const INDENT: usize = 12;
/// Day windows after today's that are shown.
const COMING: usize = 3;

/// Checks a document and says what it means at `now`. Calls nobody.
///
/// # Errors
/// [`Failure::Input`] with every fault at once.
pub fn check(document: &str, now: Timestamp) -> Result<Report, Failure> {
    let (policy, router) = parse(document)?;
    let mut out = match policy.fleets.len() {
        1 => "a valid policy for 1 fleet\n".to_owned(),
        n => format!("a valid policy for {n} fleets\n"),
    };
    if policy.dry_run {
        out.push_str("dry run: decisions are reported and never carried out\n");
    }
    for (name, fleet) in &policy.fleets {
        out.push_str(&words(name, fleet, now));
    }
    out.push_str(&alarms::words(&router));
    Ok(Report::of(out))
}

fn words(name: &FleetName, fleet: &FleetPolicy, now: Timestamp) -> String {
    let view = View::new(fleet.calendar.zone.clone(), now);
    let zone = view.zone.iana_name().unwrap_or("local time");
    let mut out = format!("\n{} ({zone})\n", visible(name.as_str()));
    let mut line = |label: &str, text: &str| {
        out.push_str(&labelled(&format!("  {label}"), INDENT, text));
    };
    for text in load(&fleet.load) {
        line("load", &text);
    }
    let serves = fleet.capacity_per_instance;
    line("capacity", &format!("one unit serves {serves} a minute; {}", limits(fleet)));
    let calendar = &fleet.calendar;
    let (starts, ends) = (clock(calendar.day_starts), clock(calendar.night_starts));
    let days: Vec<String> = calendar.days.iter().map(|d| d.cron().to_lowercase()).collect();
    let floor = fleet.day_floor;
    let days = days.join(" ");
    line("day", &format!("{days}, {starts} to {ends}: at least {floor}, in service by {starts}"));
    let (floor, headroom) = (fleet.night.floor, fleet.night.headroom);
    line("night", &format!("at least {floor}, and {headroom} times the measured need"));
    for text in exceptions(calendar) {
        line("except", &text);
    }
    line("today", &today(calendar, &view));
    for day in coming(calendar, &view) {
        line("then", &format!("{} {}", view.date(day.start), window(day, &view)));
    }
    line("lowering", &lowering(fleet));
    for spike in &fleet.spikes {
        line("spike", &steps(spike, fleet.day_floor));
        line("", &pace(spike));
    }
    out
}

fn load(load: &LoadPolicy) -> Vec<String> {
    let metrics = load.query.parts.iter().map(|part| match &part.source {
        QuerySource::Metric(spec) => visible(&format!("{} = {spec}", part.id)),
        QuerySource::Expression(expression) => visible(expression),
    });
    let healthy = load.healthy.iter().flat_map(|query| &query.parts);
    let healthy = healthy.filter_map(|part| match &part.source {
        QuerySource::Metric(spec) => Some(visible(&format!("a true zero is told by {spec}"))),
        QuerySource::Expression(_) => None,
    });
    metrics.chain(healthy).collect()
}

fn limits(fleet: &FleetPolicy) -> String {
    let boot = span(fleet.boot);
    let (min, most) = (fleet.min, fleet.budget_max);
    format!("never below {min}, never above {most} or the group's MaxSize; boots in {boot}")
}

fn clock(time: jiff::civil::Time) -> String {
    time.strftime("%R").to_string()
}

fn exceptions(calendar: &Calendar) -> Vec<String> {
    let holidays = calendar.holidays.iter();
    let holidays =
        holidays.map(|(d, as_day)| format!("{d} counts as {}", as_day.cron().to_lowercase()));
    let stay = calendar.exceptions.iter().map(|stay| {
        let until = stay.until.strftime("%F %R");
        format!("up until {until}: {}", visible(&stay.reason))
    });
    holidays.chain(stay).collect()
}

fn today(calendar: &Calendar, view: &View) -> String {
    let is = if calendar.at(view.now).day.is_some() { "day" } else { "night" };
    let windows: Vec<String> = windows(calendar, view, 0).map(|day| window(day, view)).collect();
    let windows = if windows.is_empty() { "no day".to_owned() } else { windows.join(", ") };
    format!("{}: {windows}; it is {is} at {}", view.date(view.now), view.time(view.now))
}

fn window(day: DayWindow, view: &View) -> String {
    let (start, end) = (view.local(day.start), view.local(day.end));
    let form = if start.date() == end.date() { "%R" } else { "%a %R" };
    format!("{} to {}", start.strftime("%R"), end.strftime(form))
}

/// The day windows that begin on the day `ahead` days from today.
fn windows(calendar: &Calendar, view: &View, ahead: i32) -> impl Iterator<Item = DayWindow> {
    let date = view.local(view.now).date();
    let begin = date.checked_add(ahead.days()).and_then(|d| d.to_zoned(view.zone.clone()));
    let begin = begin.map_or(view.now, |z| z.timestamp());
    let end = view.local(begin).tomorrow().map_or(begin, |z| z.timestamp());
    // A window that begins at midnight is found from the instant before it.
    let before = begin.checked_sub(1.nanoseconds()).unwrap_or(begin);
    let next = move |at: Timestamp| calendar.at(at).next.filter(|day| day.start < end);
    std::iter::successors(next(before), move |day| next(day.start))
}

fn coming(calendar: &Calendar, view: &View) -> Vec<DayWindow> {
    (1..=14).flat_map(|ahead| windows(calendar, view, ahead)).take(COMING).collect()
}

fn lowering(fleet: &FleetPolicy) -> String {
    let (percent, bake) = (fleet.lower.step_percent, span(fleet.lower.bake));
    let vetoes: Vec<&str> = fleet.lower.veto_alarms.iter().map(|alarm| alarm.as_str()).collect();
    let quiet = span(fleet.stabilization());
    let vetoes = match vetoes.as_slice() {
        [] => "no alarm forbids it".to_owned(),
        names => visible(&format!("not while in ALARM: {}", names.join(", "))),
    };
    format!("at most {percent} % a step, {bake} apart, after {quiet} of quiet; {vetoes}")
}

/// The step table by what it makes of `base` warm units.
fn steps(spike: &SpikePolicy, base: u32) -> String {
    let bands = spike.table.steps().iter().filter_map(|step| {
        let from = step.from.unwrap_or(0.0);
        let band = step.to.map_or(format!("from {from}"), |to| format!("{from} to {to}"));
        Some(format!("{band} becomes {}", spike.table.apply(base, from)?))
    });
    let bands: Vec<String> = bands.collect();
    let alarm = visible(spike.alarm.as_str());
    format!("{alarm}, above its threshold, from {base} warm: {}", bands.join(", "))
}

fn pace(spike: &SpikePolicy) -> String {
    let (warm, quiet) = (span(spike.warmup), span(spike.stabilization));
    let (short, long) = (spike.growth_10min_percent, spike.growth_hour_percent);
    format!(
        "warm after {warm} in service; grows at most {short} % in 10 min and {long} % in an \
         hour; settles after {quiet} of quiet"
    )
}
