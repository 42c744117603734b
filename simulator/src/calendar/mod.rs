//! `calendar`: the windows of the next days, as the domain's calendar sees them.
//!
//! What must stay true: every window comes from [`Calendar::at`], which the functions ask too;
//! none is computed here a second time.

mod walk;
mod words;

pub(crate) use walk::windows;

use crate::Failure;
use crate::cli::date;
use clap::Args;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Span, Timestamp};
use serde::Serialize;
use std::path::PathBuf;
use tidegate_domain::calendar::Calendar;
use tidegate_domain::decide::schedule::lead;
use tidegate_domain::memory::Memory;
use tidegate_domain::policy::{FleetPolicy, Policy};

/// Below the arguments' help.
pub const HELP: &str = "\
Example: what do the nights around New Year look like?

  $ tidegate calendar --policy policy.toml --fleet aira-web --from 2026-12-28 --days 7

Times are local to the fleet's zone. The capacity of a day is asked for before it starts: twice
boot_secs ahead, until the functions have measured launches. A local time that the clock skips
comes as long after the gap as it lay in it; of a repeated one the first counts.

Exit codes:
  0  shown
  2  the input is wrong: arguments, a file, the policy document with every fault of it";

/// The arguments of `calendar`.
#[derive(Debug, Clone, Args)]
pub struct Ask {
    /// The policy document (TOML); `-` reads it from stdin.
    #[arg(long, value_name = "FILE")]
    pub policy: PathBuf,
    /// Only this fleet.
    #[arg(long, value_name = "NAME")]
    pub fleet: Option<String>,
    /// Days.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=3660))]
    pub days: u32,
    /// The first day, local to each fleet; today, unless given.
    #[arg(long, value_name = "DATE", value_parser = date)]
    pub from: Option<Date>,
    /// As JSON.
    #[arg(long)]
    pub json: bool,
}

/// The windows of every fleet that was asked for.
#[derive(Debug, Serialize)]
pub struct Answer {
    /// By name.
    pub fleets: Vec<FleetDays>,
}

/// The next days of a fleet. Times are local, with their offset from UTC.
#[derive(Debug, Serialize)]
pub struct FleetDays {
    /// Its name.
    pub fleet: String,
    /// Its IANA zone.
    pub time_zone: String,
    /// Midnight of the first day.
    pub from: Local,
    /// Midnight after the last.
    pub until: Local,
    /// How long before a day's start its capacity is asked for, seconds.
    pub lead_secs: i64,
    /// Days and nights, oldest first; the last one may go on after `until`.
    pub windows: Vec<Window>,
    /// Dates that count as another weekday.
    pub holidays: Vec<Holiday>,
    /// Changes of the zone's offset from UTC.
    pub clock_changes: Vec<ClockChange>,
}

/// A day or a night.
#[derive(Debug, Serialize)]
pub struct Window {
    /// Which of the two.
    pub kind: Kind,
    /// Its beginning; a night that began earlier begins with the first day asked for.
    pub start: Local,
    /// The first instant after it; none when no day comes within two weeks.
    pub end: Option<Local>,
    /// How long it lasts, hours; more or less than the clock says when that is changed meanwhile.
    pub hours: Option<f64>,
    /// From when on its capacity is asked for; none for a night and for an evening that goes on.
    pub asked_for_from: Option<Local>,
    /// Instances that are kept.
    pub floor: u32,
    /// What is unusual about it.
    pub remark: Option<String>,
}

/// Day or night.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// The day floor is kept.
    Day,
    /// The load decides, down to the night floor.
    Night,
}

/// A date that counts as another weekday.
#[derive(Debug, Serialize)]
pub struct Holiday {
    /// The date.
    pub date: Date,
    /// `mon` .. `sun`.
    pub counts_as: String,
}

/// The zone's offset from UTC changes.
#[derive(Debug, Serialize)]
pub struct ClockChange {
    /// The first instant of the new offset.
    pub at: Local,
    /// What the clock would have shown then, and the offset before.
    pub instead_of: Local,
    /// Local times from the first to the second are skipped, or come twice.
    pub hours: ChangedHours,
}

/// What a change of the offset does to local times.
#[derive(Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ChangedHours {
    /// They do not exist that day.
    Skipped {
        /// The first of them.
        from: String,
        /// The first after them.
        to: String,
    },
    /// They come twice.
    Repeated {
        /// The first of them.
        from: String,
        /// The first after them.
        to: String,
    },
}

/// An instant in a zone, such as 2026-12-31T22:00:00+09:00.
#[derive(Debug, Clone, PartialEq)]
pub struct Local(pub jiff::Zoned);

impl Local {
    fn of(at: Timestamp, zone: &TimeZone) -> Self {
        Self(at.to_zoned(zone.clone()))
    }

    fn form(&self, form: &str) -> String {
        self.0.strftime(form).to_string()
    }
}

impl Serialize for Local {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&self.form("%Y-%m-%dT%H:%M:%S%:z"))
    }
}

/// Reads a policy document and shows the days of its fleets; the first is today at `now`, unless
/// another is asked for.
///
/// # Errors
/// [`Failure::Input`]: a document with faults (all of them), no such fleet, dates beyond the
/// calendar.
pub fn answer(document: &str, ask: &Ask, now: Timestamp) -> Result<Answer, Failure> {
    let policy = Policy::parse(document).map_err(|faults| Failure::Input(faults.to_string()))?;
    let wanted = |name: &str| ask.fleet.as_deref().is_none_or(|fleet| fleet == name);
    let fleets = policy.fleets.iter().filter(|(name, _)| wanted(name.as_str()));
    let fleets = fleets.map(|(name, fleet)| {
        days(name.as_str(), fleet, ask, now)
            .ok_or_else(|| Failure::Input("--from and --days: beyond the calendar".to_owned()))
    });
    let fleets: Vec<FleetDays> = fleets.collect::<Result<_, _>>()?;
    if fleets.is_empty() {
        let names: Vec<&str> = policy.fleets.keys().map(|name| name.as_str()).collect();
        let (asked, known) = (ask.fleet.as_deref().unwrap_or_default(), names.join(", "));
        return Err(Failure::Input(format!("--fleet: no fleet {asked:?}; there is {known}")));
    }
    Ok(Answer { fleets })
}

fn days(name: &str, fleet: &FleetPolicy, ask: &Ask, now: Timestamp) -> Option<FleetDays> {
    let zone = &fleet.calendar.zone;
    let first = ask.from.unwrap_or_else(|| now.to_zoned(zone.clone()).date());
    let after = first.checked_add(Span::new().days(i64::from(ask.days))).ok()?;
    let midnight = |date: Date| date.to_zoned(zone.clone()).ok().map(|at| at.timestamp());
    let (from, until) = (midnight(first)?, midnight(after)?);
    let lead = lead(fleet, &Memory::default());
    let in_range = |date: &Date| (first..after).contains(date);
    let holidays = fleet.calendar.holidays.iter().filter(|(date, _)| in_range(date));
    Some(FleetDays {
        fleet: name.to_owned(),
        time_zone: zone.iana_name().unwrap_or("UTC").to_owned(),
        from: Local::of(from, zone),
        until: Local::of(until, zone),
        lead_secs: lead.as_secs(),
        windows: walk::days_and_nights(fleet, lead, from, until),
        holidays: holidays
            .map(|(date, day)| Holiday { date: *date, counts_as: day.cron().to_lowercase() })
            .collect(),
        clock_changes: walk::clock_changes(&fleet.calendar, from, until),
    })
}

fn hours(length: SignedDuration) -> f64 {
    length.as_secs_f64() / 3600.0
}

impl Answer {
    /// As JSON, in lines.
    pub fn json(&self) -> String {
        serde_json::to_string_pretty(self).map(|text| text + "\n").unwrap_or_default()
    }

    /// As aligned lines, for people.
    pub fn words(&self) -> String {
        words::of(self)
    }
}

#[cfg(test)]
mod tests;
