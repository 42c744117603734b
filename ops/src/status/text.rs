//! The status as a page for people: a table of the fleets, then a block for each.

use super::{Fleet, Status, Window};
use crate::View;
use crate::words::{columns, labelled, span, visible};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use std::fmt::Write as _;
use tidegate_domain::bid::Bid;
use tidegate_domain::group::Mode;
use tidegate_domain::memory::Memory;

/// The labels' column.
const INDENT: usize = 14;
/// Columns of the table that hold numbers.
const NUMBERS: [usize; 4] = [2, 3, 4, 5];

pub(super) fn page(status: &Status) -> String {
    let mut out = heading(status);
    let head = ["FLEET", "MODE", "MIN", "DESIRED", "MAX", "SERVING", "SCHEDULE", "LAST DECISION"];
    let mut rows = vec![head.map(str::to_owned).to_vec()];
    rows.extend(status.fleets.iter().map(|fleet| row(fleet, status.now)));
    out.push_str(&columns(&rows, &NUMBERS));
    for fleet in &status.fleets {
        let _ = write!(out, "\n{}\n{}", visible(fleet.name.as_str()), block(fleet, status.now));
    }
    out
}

fn heading(status: &Status) -> String {
    let zone = status.fleets.first().map_or(TimeZone::UTC, |f| f.view(status.now).zone);
    let now = View::new(zone, status.now).local(status.now);
    let policy = match (&status.holding.version, &status.holding.fault) {
        (Some(version), None) => format!("policy version {version}"),
        (Some(version), Some(_)) => format!("policy version {version}, a newer one is faulty"),
        (None, None) => "the template's policy".to_owned(),
        (None, Some(_)) => "no policy could be read".to_owned(),
    };
    let dry = if status.holding.policy.dry_run { ", dry run: nothing is written" } else { "" };
    let now = now.strftime("%F %a %R %Z");
    format!("{now}  {policy}{dry}  ({})\n\n", visible(&status.place))
}

fn row(fleet: &Fleet, now: Timestamp) -> Vec<String> {
    let view = fleet.view(now);
    let size = |read: fn(&tidegate_domain::group::Group) -> u32| {
        fleet.group().map_or("-".to_owned(), |group| read(group).to_string())
    };
    vec![
        visible(fleet.name.as_str()),
        fleet.mode().map_or("-", mode).to_owned(),
        size(|g| g.sizes.min),
        size(|g| g.sizes.desired),
        size(|g| g.sizes.max),
        size(tidegate_domain::group::Group::serving),
        fleet.window(now).map_or("-".to_owned(), |w| schedule(&w, &view)),
        fleet.last().map_or("-".to_owned(), |entry| {
            format!("{} {}", view.time(entry.at), crate::explain::what(entry))
        }),
    ]
}

fn mode(mode: Mode) -> &'static str {
    match mode {
        Mode::Owner => "owner",
        Mode::Floor => "floor",
    }
}

fn schedule(window: &Window, view: &View) -> String {
    match window {
        Window::Day(day, floor) if view.now < day.start => {
            format!("floor {floor}, day from {}", view.time(day.start))
        }
        Window::Day(day, floor) => format!("floor {floor}, day until {}", view.time(day.end)),
        Window::Night(Some(next), floor) => {
            format!("floor {floor}, night until {}", view.time(next.start))
        }
        Window::Night(None, floor) => format!("floor {floor}, no day within two weeks"),
    }
}

fn block(fleet: &Fleet, now: Timestamp) -> String {
    let view = fleet.view(now);
    let mut out = String::new();
    let mut line = |label: &str, text: &str| {
        out.push_str(&labelled(&format!("  {label}"), INDENT, text));
    };
    for trouble in fleet.troubles() {
        line("trouble", &visible(&trouble));
    }
    if fleet.policy.is_none() {
        line("policy", "does not name this fleet: no function looks after it; times are UTC");
    }
    if let Some(entry) = fleet.last() {
        let why = view.text(&entry.text);
        line("decided", &format!("{}: {why}", crate::explain::who(entry, &view)));
    } else if fleet.last.is_ok() {
        line("decided", "nothing yet");
    }
    fleet.bids(now).iter().for_each(|b| line("bid", &bid(b, &view)));
    holds(fleet).iter().for_each(|hold| line("held", hold));
    for (label, text) in fleet.memory().iter().flat_map(|m| remembered(m, &view)) {
        line(label, &text);
    }
    if let Some(lead) = fleet.lead() {
        line("launches", &launches(fleet.memory(), lead));
    }
    out
}

/// A bid in words.
pub(crate) fn bid(bid: &Bid, view: &View) -> String {
    let until = bid.until.map(|until| format!(" until {}", view.time(until)));
    let (source, floor) = (bid.source, bid.floor);
    format!("{floor} by {source}{}: {}", until.unwrap_or_default(), view.text(&bid.reason))
}

/// What people and AWS hold back.
fn holds(fleet: &Fleet) -> Vec<String> {
    let tags = fleet.tags().into_iter();
    let mut holds: Vec<String> =
        tags.map(|(name, value)| visible(&format!("tag {name} = {value}"))).collect();
    if let Some(group) = fleet.group() {
        holds.extend(group.suspended.iter().map(|p| visible(&format!("{p} is suspended"))));
        if group.deleting {
            holds.push("the group is being deleted".to_owned());
        }
    }
    holds
}

fn remembered(memory: &Memory, view: &View) -> Vec<(&'static str, String)> {
    let mut lines = Vec::new();
    if let Some(min) = memory.applied_min {
        lines.push(("applied", format!("MinSize {min}")));
    }
    if let Some(min) = memory.operator_min {
        lines.push(("operator", format!("MinSize {min} was set by a person and is respected")));
    }
    if let Some(intent) = &memory.intent {
        let (min, at) = (intent.min, view.time(intent.at));
        lines.push(("under way", format!("MinSize {min} was about to be written at {at}")));
    }
    if let Some(last) = &memory.last_lowering {
        let (at, from) = (view.time(last.at), last.before);
        let to =
            last.desired.map_or(String::new(), |d| format!(", desired {} to {d}", from.desired));
        lines.push(("lowered", format!("{at}: MinSize {} to {}{to}", from.min, last.min)));
    }
    if let Some(until) = memory.no_lowering_until.filter(|until| view.now < *until) {
        lines.push(("no lowering", format!("until {}: a step was undone", view.time(until))));
    }
    for (what, since) in &memory.since {
        lines.push(("in the way", format!("{} since {}", visible(what), view.time(*since))));
    }
    if let Some(forecast) = memory.forecast.filter(|f| view.now < f.day) {
        let (day, need) = (view.time(forecast.day), forecast.need);
        lines.push(("forecast", format!("the first hour from {day} needs {need}")));
    }
    lines
}

fn launches(memory: Option<&Memory>, lead: SignedDuration) -> String {
    let secs: Vec<u32> =
        memory.into_iter().flat_map(|m| m.launches.iter()).map(|l| l.secs).collect();
    let measured = match (secs.len(), secs.iter().min(), secs.iter().max()) {
        (1, Some(secs), _) => format!("1 measured, {secs} s"),
        (n, Some(least), Some(most)) => format!("{n} measured, {least} to {most} s"),
        _ => "none measured yet".to_owned(),
    };
    format!("{measured}; the day's capacity is asked for {} ahead", span(lead))
}
