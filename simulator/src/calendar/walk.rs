//! From window to window.

use super::{Calendar, ChangedHours, ClockChange, FleetPolicy, Kind, Local, Window, hours};
use jiff::{SignedDuration, Timestamp};
use tidegate_domain::calendar::DayWindow;

/// Day windows that touch the time from `from` to `until`, oldest first.
pub(crate) fn windows(calendar: &Calendar, from: Timestamp, until: Timestamp) -> Vec<DayWindow> {
    let mut found: Vec<DayWindow> = calendar.at(from).day.into_iter().collect();
    let mut at = from;
    while at < until {
        let Some(next) = calendar.at(at).next else {
            // None within two weeks: it may come after them.
            at = at.saturating_add(SignedDuration::from_hours(24)).unwrap_or(until);
            continue;
        };
        at = next.start;
        // Of several that hold, the calendar takes the one that ends last.
        let holds = calendar.at(at).day.unwrap_or(next);
        if at < until && found.last() != Some(&holds) {
            found.push(holds);
        }
    }
    found
}

/// Days, and what lies between them.
pub(super) fn days_and_nights(
    fleet: &FleetPolicy,
    lead: SignedDuration,
    from: Timestamp,
    until: Timestamp,
) -> Vec<Window> {
    let mut found = Vec::new();
    let mut covered = from;
    for day in windows(&fleet.calendar, from, until) {
        if covered < day.start {
            found.push(night(fleet, covered, Some(day.start)));
        }
        found.push(window(fleet, lead, day));
        covered = covered.max(day.end);
    }
    if covered < until {
        let end = fleet.calendar.at(covered).next.map(|next| next.start);
        found.push(night(fleet, covered, end));
    }
    found
}

fn night(fleet: &FleetPolicy, start: Timestamp, end: Option<Timestamp>) -> Window {
    let zone = &fleet.calendar.zone;
    Window {
        kind: Kind::Night,
        start: Local::of(start, zone),
        end: end.map(|end| Local::of(end, zone)),
        hours: end.map(|end| hours(end.duration_since(start))),
        asked_for_from: None,
        floor: fleet.night.floor,
        remark: None,
    }
}

fn window(fleet: &FleetPolicy, lead: SignedDuration, day: DayWindow) -> Window {
    let calendar = &fleet.calendar;
    let local = |at: Timestamp| Local::of(at, &calendar.zone);
    let exception = stays_up(calendar, day);
    // Whoever is up already has the capacity.
    let goes_on = exception.is_some() && calendar.at(before(day.start)).day.is_some();
    let asked = day.start.checked_sub(lead).ok().filter(|_| !goes_on);
    Window {
        kind: Kind::Day,
        start: local(day.start),
        end: Some(local(day.end)),
        hours: Some(hours(day.end.duration_since(day.start))),
        asked_for_from: asked.map(local),
        floor: fleet.day_floor,
        remark: exception.or_else(|| unusual(calendar, &local(day.start))),
    }
}

/// The reason of the exception that a window is, if it is one.
fn stays_up(calendar: &Calendar, window: DayWindow) -> Option<String> {
    let stay = calendar.stay_up(window.start)?;
    let whole = calendar.stay_up(before(window.end)) == Some(stay);
    whole.then(|| format!("stays up: {}", stay.reason))
}

/// What is unusual about a day that begins like this.
fn unusual(calendar: &Calendar, start: &Local) -> Option<String> {
    let holiday = calendar.holidays.get(&start.0.date());
    let counts = holiday.map(|day| format!("counts as {}", day.cron().to_lowercase()));
    let meant = calendar.day_starts.strftime("%H:%M").to_string();
    let skipped = (start.0.time() != calendar.day_starts)
        .then(|| format!("the clock skips its start at {meant}"));
    let twice = calendar.zone.to_ambiguous_timestamp(start.0.datetime()).is_ambiguous();
    let twice = (skipped.is_none() && twice).then(|| format!("{meant} comes twice: the first"));
    let all: Vec<String> = [counts, skipped, twice].into_iter().flatten().collect();
    (!all.is_empty()).then(|| all.join("; "))
}

/// Changes of the offset from UTC.
pub(super) fn clock_changes(
    calendar: &Calendar,
    from: Timestamp,
    until: Timestamp,
) -> Vec<ClockChange> {
    let zone = &calendar.zone;
    let transitions = zone.following(before(from)).take_while(|t| t.timestamp() < until);
    let changed = transitions.filter_map(|transition| {
        let at = transition.timestamp();
        let old = zone.to_offset(before(at)).to_time_zone();
        let (now, instead) = (Local::of(at, zone), Local::of(at, &old));
        let (early, late) = (instead.form("%H:%M"), now.form("%H:%M"));
        let hours = match now.0.offset().seconds() - instead.0.offset().seconds() {
            0 => return None,
            1.. => ChangedHours::Skipped { from: early, to: late },
            _ => ChangedHours::Repeated { from: late, to: early },
        };
        Some(ClockChange { at: now, instead_of: instead, hours })
    });
    changed.collect()
}

fn before(at: Timestamp) -> Timestamp {
    at.saturating_sub(SignedDuration::from_nanos(1)).unwrap_or(at)
}
