//! The windows as aligned lines.

use super::{Answer, ChangedHours, ClockChange, FleetDays, Holiday, Kind, Local, Window};
use jiff::{SignedDuration, Timestamp};
use tidegate_domain::text::clean;

/// Every fleet, one after the other.
pub(super) fn of(answer: &Answer) -> String {
    let parts: Vec<String> = answer.fleets.iter().map(fleet).collect();
    clean(&parts.join("\n"))
}

fn fleet(days: &FleetDays) -> String {
    let (first, last) = (days.from.form("%a %F"), days.until.form("%a %F"));
    let lead = SignedDuration::from_secs(days.lead_secs);
    let mut out = format!(
        "fleet {}, {}, from {first} to {last}\n\
         The capacity of a day is asked for {lead:#} before it starts.\n\n",
        days.fleet, days.time_zone
    );
    let mut lines: Vec<(Timestamp, String)> = Vec::new();
    lines.extend(days.holidays.iter().filter_map(|day| holiday(day, days)));
    lines.extend(days.clock_changes.iter().map(clock_change));
    lines.extend(days.windows.iter().map(|w| (w.start.0.timestamp(), window(w))));
    lines.sort_by_key(|(at, _)| *at);
    for (_, line) in lines {
        out.push_str("  ");
        out.push_str(line.trim_end());
        out.push('\n');
    }
    out
}

fn window(window: &Window) -> String {
    let (start, kind) = (&window.start, window.kind);
    let end =
        window.end.as_ref().map_or("no day within 15 days".to_owned(), |end| until(start, end));
    let kind = if kind == Kind::Day { "day" } else { "night" };
    let hours = window.hours.map(|hours| format!("{hours} h")).unwrap_or_default();
    let asked =
        window.asked_for_from.as_ref().map(|at| format!("asked for from {}", at.form("%H:%M")));
    let remarks: Vec<String> = asked.into_iter().chain(window.remark.clone()).collect();
    let (date, time) = (start.form("%a %F"), start.form("%H:%M"));
    let (floor, remarks) = (window.floor, remarks.join("; "));
    format!("{date}  {time} to {end:<16} {kind:<5}  {hours:>7}  floor {floor:<5}  {remarks}")
}

/// The end's time, with its date when it lies on another day.
fn until(start: &Local, end: &Local) -> String {
    if start.0.date() == end.0.date() { end.form("%H:%M") } else { end.form("%H:%M %a %m-%d") }
}

fn holiday(holiday: &Holiday, days: &FleetDays) -> Option<(Timestamp, String)> {
    let at = holiday.date.to_zoned(days.from.0.time_zone().clone()).ok()?;
    let line = format!("{}  a holiday: counts as {}", at.strftime("%a %F"), holiday.counts_as);
    Some((at.timestamp(), line))
}

fn clock_change(change: &ClockChange) -> (Timestamp, String) {
    let (old, new) = (change.instead_of.form("%H:%M %:z"), change.at.form("%H:%M %:z"));
    let (way, what) = match &change.hours {
        ChangedHours::Skipped { from, to } => ("forward", format!("{from} to {to} does not exist")),
        ChangedHours::Repeated { from, to } => ("back", format!("{from} to {to} comes twice")),
    };
    let date = change.at.form("%a %F");
    let line = format!("{date}  the clock goes {way}, from {old} to {new}: {what}");
    (change.at.0.timestamp(), line)
}
