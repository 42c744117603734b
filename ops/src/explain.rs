//! `explain`: a fleet's last decisions from the ledger, with their reasons.

use crate::status::bid;
use crate::words::{labelled, visible};
use crate::{Failure, Report, View};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use std::fmt::Write as _;
use tidegate_domain::duty::holding;
use tidegate_domain::ids::FleetName;
use tidegate_domain::ledger::{ActionRecord, LedgerEntry, Observed, OutcomeWord};
use tidegate_domain::policy::Policy;
use tidegate_domain::ports::Control;

/// The time's column.
const INDENT: usize = 10;

/// A fleet's last decisions.
#[derive(Debug, Clone)]
pub struct Explanation {
    fleet: FleetName,
    entries: Vec<LedgerEntry>,
    /// Where the policy has its clocks; none when it does not name the fleet.
    zone: Option<TimeZone>,
    now: Timestamp,
}

/// Reads a fleet's last decisions.
///
/// # Errors
/// [`Failure::Undone`] when the ledger cannot be read.
pub async fn gather<C: Control>(
    control: &C,
    fleet: &FleetName,
    last: u32,
    seed: Option<&Policy>,
    now: Timestamp,
) -> Result<Explanation, Failure> {
    let read = control.ledger(fleet, last).await;
    let entries = read.map_err(|error| Failure::Undone(error.to_string()))?;
    let unknown = Policy { dry_run: false, fleets: std::collections::BTreeMap::new() };
    let policy = holding(control, seed.unwrap_or(&unknown)).await.policy;
    let zone = policy.fleets.get(fleet).map(|policy| policy.calendar.zone.clone());
    Ok(Explanation { fleet: fleet.clone(), entries, zone, now })
}

impl Explanation {
    /// For people, newest first, in the policy's zone.
    pub fn text(&self) -> Report {
        let (fleet, count) = (visible(self.fleet.as_str()), self.entries.len());
        if count == 0 {
            let note = format!("the ledger holds nothing of {fleet}");
            return Report { notes: vec![note], ..Report::default() };
        }
        let view = View::new(self.zone.clone().unwrap_or(TimeZone::UTC), self.now);
        let zone = match &self.zone {
            Some(zone) => zone.iana_name().unwrap_or("local time").to_owned(),
            None => "UTC; the policy does not name this fleet".to_owned(),
        };
        let mut out = format!("{fleet}: the last {count} decisions, newest first ({zone})\n");
        let mut day = String::new();
        for entry in &self.entries {
            let date = view.date(entry.at);
            if date != day {
                let _ = write!(out, "\n{date}\n");
                day = date;
            }
            out.push_str(&paragraph(entry, &View::new(view.zone.clone(), entry.at)));
        }
        Report::of(out)
    }

    /// The ledger's entries as they are kept.
    pub fn json(&self) -> Report {
        let value = serde_json::to_value(&self.entries).unwrap_or_default();
        Report::of(format!("{value:#}\n"))
    }
}

fn paragraph(entry: &LedgerEntry, view: &View) -> String {
    let time = view.local(entry.at).strftime("%T").to_string();
    let by = format!("{}, {}", visible(&entry.function), visible(&entry.signal));
    let mut out = labelled(&time, INDENT, &format!("{} ({by})", what(entry)));
    let mut line = |text: &str| out.push_str(&labelled("", INDENT, text));
    line(&view.text(&entry.text));
    if let Some(seen) = &entry.observed {
        line(&observed(seen));
    }
    for b in &entry.bids {
        line(&format!("bid: {}", bid(b, view)));
    }
    if let Some(sizing) = &entry.sizing {
        let follows = if sizing.acts { "followed" } else { "only advised" };
        line(&format!("sizing: {}, {follows}: {}", sizing.size, view.text(&sizing.text)));
    }
    for note in &entry.notes {
        line(&format!("note: {}", view.text(note)));
    }
    out
}

fn observed(seen: &Observed) -> String {
    let Observed { min, max, desired, in_service, .. } = seen;
    let load = seen.load.map(|load| format!("; load {}", rounded(load)));
    let need = seen.need.map(|need| format!(" needs {need}"));
    format!(
        "saw: min {min}, desired {desired}, max {max}, {in_service} in service{}{}",
        load.unwrap_or_default(),
        need.unwrap_or_default()
    )
}

/// A load with no more digits than people read.
fn rounded(load: f64) -> String {
    if load.abs() < 100.0 { format!("{load:.1}") } else { format!("{load:.0}") }
}

/// What a decision did, in a few words.
pub(crate) fn what(entry: &LedgerEntry) -> String {
    let did = match entry.action {
        ActionRecord::Hold => return held(entry),
        ActionRecord::Raise { min } => format!("MinSize up to {min}"),
        ActionRecord::Lower { min, desired: None } => format!("MinSize down to {min}"),
        ActionRecord::Lower { min, desired: Some(desired) } => {
            format!("down to {desired} (MinSize {min})")
        }
        ActionRecord::WriteBackstop { min } => format!("backstop of {min}"),
    };
    match outcome(entry.outcome) {
        Some(not) => format!("{did}, not written: {not}"),
        None => did,
    }
}

fn held(entry: &LedgerEntry) -> String {
    match outcome(entry.outcome) {
        Some(_) if entry.outcome == OutcomeWord::DryRun => "held (dry run)".to_owned(),
        Some(not) => format!("nothing done: {not}"),
        None => "held".to_owned(),
    }
}

/// Why a decision was not written; none when it was, or held.
fn outcome(outcome: OutcomeWord) -> Option<&'static str> {
    match outcome {
        OutcomeWord::Held | OutcomeWord::Applied => None,
        OutcomeWord::DryRun => Some("dry run"),
        OutcomeWord::Void => Some("something changed meanwhile"),
        OutcomeWord::InProgress => Some("another run was at work"),
        OutcomeWord::OutOfTime => Some("out of time"),
        OutcomeWord::Refused => Some("it broke an invariant"),
    }
}

/// When and by whom a decision was made.
pub(crate) fn who(entry: &LedgerEntry, view: &View) -> String {
    let by = format!("{}, {}", visible(&entry.function), visible(&entry.signal));
    format!("{}, {} ({by})", view.time(entry.at), what(entry))
}
