//! Scripted faults: what goes wrong, and from when to when.
//!
//! A TOML file with one `[[fault]]` for each. All times are the trace's.
//!
//! ```toml
//! [[fault]]
//! kind = "launch-failures"    # no instance starts; `zone` (a, b or c) narrows it
//! zone = "a"
//! from = "day 3 07:30"        # or RFC 3339, or a date (its first minute, UTC)
//! to = "day 3 09:00"
//! ```

use crate::plant::{Site, ZONES};
use crate::replay::span;
use crate::trace::Trace;
use serde::Deserialize;
use std::fmt;
use tidegate_fakes::LoneGroup;
use toml::{Spanned, Value};

/// Auto Scaling's processes.
const PROCESSES: [&str; 9] = [
    "Launch",
    "Terminate",
    "AddToLoadBalancer",
    "AlarmNotification",
    "AZRebalance",
    "HealthCheck",
    "InstanceRefresh",
    "ReplaceUnhealthy",
    "ScheduledActions",
];
/// AWS's words when it has no machine of a type.
const NO_CAPACITY: &str = "We currently do not have sufficient capacity in the Availability Zone \
                           you requested (InsufficientInstanceCapacity). Launching EC2 instance \
                           failed.";

/// A scripted fault.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// What goes wrong.
    pub kind: Kind,
    /// Its first second of the trace.
    pub from: u64,
    /// The first second after it.
    pub until: u64,
}

/// What goes wrong.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// No instance starts in these zones.
    LaunchFailures(Vec<String>),
    /// A zone is lost with its instances.
    ZoneLost(String),
    /// A process of the group is suspended.
    Suspended(String),
    /// No minute that begins in it is ever published.
    MetricsMissing,
    /// CloudWatch answers nothing; minutes are published all the same.
    CloudWatchDown,
    /// Auto Scaling's interface answers nothing; the group goes on.
    AutoScalingDown,
    /// The control table answers nothing.
    TableDown,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::LaunchFailures(zones) => write!(f, "launches fail in {}", zones.join(", ")),
            Self::ZoneLost(zone) => write!(f, "zone {zone} is lost"),
            Self::Suspended(process) => write!(f, "{process} is suspended"),
            Self::MetricsMissing => f.write_str("no metric is published"),
            Self::CloudWatchDown => f.write_str("CloudWatch does not answer"),
            Self::AutoScalingDown => f.write_str("Auto Scaling does not answer"),
            Self::TableDown => f.write_str("the control table does not answer"),
        }
    }
}

impl Kind {
    /// Begins or ends it, where it is the group's.
    pub fn strike(&self, site: &mut Site<'_>, begins: bool) {
        site.touch(|group, now| match self {
            Self::LaunchFailures(zones) => zones.iter().for_each(|zone| match begins {
                true => group.fail_launches(now, zone, NO_CAPACITY),
                false => group.restore_zone(now, zone),
            }),
            Self::ZoneLost(zone) if begins => group.lose_zone(now, zone),
            Self::ZoneLost(zone) => group.restore_zone(now, zone),
            Self::Suspended(process) if begins => LoneGroup::suspend(group, now, process),
            Self::Suspended(process) => group.resume(now, process),
            _ => {}
        });
    }
}

impl Fault {
    /// The minutes of the trace that begin while it holds: from, until.
    pub fn minutes(&self) -> (usize, usize) {
        let minute = |second: u64| usize::try_from(second.div_ceil(60)).unwrap_or(usize::MAX);
        (minute(self.from), minute(self.until))
    }

    /// The minutes of all faults whose metrics are never published.
    pub fn silent(faults: &[Self]) -> Vec<(usize, usize)> {
        let missing = faults.iter().filter(|fault| fault.kind == Kind::MetricsMissing);
        missing.map(Self::minutes).collect()
    }
}

/// Faults begin and end on a site as its time goes on.
#[derive(Debug, Clone)]
pub struct Storm<'f> {
    /// Edges, latest first.
    edges: Vec<(u64, &'f Fault, bool)>,
}

impl<'f> Storm<'f> {
    /// The edges of these faults.
    pub fn of(faults: &'f [Fault]) -> Self {
        let ends = faults.iter().map(|fault| (fault.until, fault, false));
        let begins = faults.iter().map(|fault| (fault.from, fault, true));
        let mut edges: Vec<_> = ends.chain(begins).collect();
        // Stable: what ends comes before what begins at the same second.
        edges.sort_by_key(|(second, _, _)| *second);
        edges.reverse();
        Self { edges }
    }

    /// The next edge that is due by this second.
    pub fn due(&mut self, second: u64) -> Option<(u64, &'f Fault, bool)> {
        self.edges.pop_if(|(at, _, _)| *at <= second)
    }

    /// Moves a site on to this second, through every edge on the way.
    pub fn advance(&mut self, site: &mut Site<'_>, second: u64) {
        while let Some((at, fault, begins)) = self.due(second) {
            site.advance(at);
            fault.kind.strike(site, begins);
        }
        site.advance(second);
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    fault: Vec<Spanned<Value>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    kind: String,
    from: String,
    to: String,
    zone: Option<String>,
    process: Option<String>,
}

/// Reads a script for a trace.
///
/// # Errors
/// Every fault of the file, each with its line.
pub fn read(text: &str, trace: &Trace) -> Result<Vec<Fault>, Vec<String>> {
    let file: File = toml::from_str(text).map_err(|error| vec![error.to_string()])?;
    let (mut faults, mut wrong): (Vec<Fault>, Vec<String>) = Default::default();
    for row in file.fault {
        let line = text.get(..row.span().start).unwrap_or("").matches('\n').count() + 1;
        let found = row.into_inner().try_into::<Row>().map_err(|error| error.message().to_owned());
        match found.and_then(|row| fault(&row, trace)).and_then(|f| apart(f, &faults)) {
            Ok(fault) => faults.push(fault),
            Err(why) => wrong.push(format!("line {line}: {why}")),
        }
    }
    if wrong.is_empty() { Ok(faults) } else { Err(wrong) }
}

fn fault(row: &Row, trace: &Trace) -> Result<Fault, String> {
    let kind = kind(row)?;
    let from = span::second(&row.from, trace).map_err(|why| format!("from: {why}"))?;
    let until = span::second(&row.to, trace).map_err(|why| format!("to: {why}"))?;
    if from >= until {
        return Err(format!("from {} does not come before to {}", row.from, row.to));
    }
    Ok(Fault { kind, from, until })
}

fn kind(row: &Row) -> Result<Kind, String> {
    let one_of = |what: &str, known: &[&str], got: &Option<String>| match got {
        Some(word) if known.contains(&word.as_str()) => Ok(word.clone()),
        Some(word) => Err(format!("{what}: one of {}, got {word:?}", known.join(", "))),
        None => Err(format!("{what} is missing: one of {}", known.join(", "))),
    };
    let every_zone = || ZONES.iter().map(|zone| (*zone).to_owned()).collect();
    let zone = || one_of("zone", &ZONES, &row.zone);
    let (wants_zone, wants_process, kind) = match row.kind.as_str() {
        "launch-failures" if row.zone.is_none() => {
            (false, false, Ok(Kind::LaunchFailures(every_zone())))
        }
        "launch-failures" => (true, false, zone().map(|zone| Kind::LaunchFailures(vec![zone]))),
        "zone-lost" => (true, false, zone().map(Kind::ZoneLost)),
        "suspended" => {
            (false, true, one_of("process", &PROCESSES, &row.process).map(Kind::Suspended))
        }
        "metrics-missing" => (false, false, Ok(Kind::MetricsMissing)),
        "cloudwatch-down" => (false, false, Ok(Kind::CloudWatchDown)),
        "auto-scaling-down" => (false, false, Ok(Kind::AutoScalingDown)),
        "control-table-down" => (false, false, Ok(Kind::TableDown)),
        other => {
            return Err(format!(
                "kind: one of launch-failures, zone-lost, suspended, metrics-missing, \
                 cloudwatch-down, auto-scaling-down, control-table-down, got {other:?}"
            ));
        }
    };
    if row.zone.is_some() && !wants_zone || row.process.is_some() && !wants_process {
        return Err(format!("{} takes no zone or process of this sort", row.kind));
    }
    kind
}

/// Two faults that touch the same thing at once would end each other.
fn apart(fault: Fault, others: &[Fault]) -> Result<Fault, String> {
    let zones = |kind: &Kind| match kind {
        Kind::LaunchFailures(zones) => zones.clone(),
        Kind::ZoneLost(zone) => vec![zone.clone()],
        _ => Vec::new(),
    };
    let ours = zones(&fault.kind);
    let same = |other: &&Fault| {
        let touch = zones(&other.kind).iter().any(|zone| ours.contains(zone));
        let at_once = fault.from < other.until && other.from < fault.until;
        at_once && (touch || other.kind == fault.kind)
    };
    match others.iter().find(same) {
        Some(other) => Err(format!("it overlaps another one: {}", other.kind)),
        None => Ok(fault),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trace() -> Trace {
        Trace { first: 0, loads: vec![1.0; 5 * 1440], ..Trace::default() }
    }

    #[test]
    fn a_script_is_read_in_the_traces_time() {
        let text = "[[fault]]\nkind = \"launch-failures\"\nfrom = \"day 1 07:30\"\n\
                    to = \"day 1 08:00\"\n\
                    [[fault]]\nkind = \"zone-lost\"\nzone = \"b\"\nfrom = \"day 2\"\n\
                    to = \"1970-01-04\"\n\
                    [[fault]]\nkind = \"metrics-missing\"\nfrom = \"1970-01-01T00:00:30Z\"\n\
                    to = \"1970-01-01T00:10:00Z\"\n";
        let faults = read(text, &trace()).unwrap();
        let secs: Vec<_> = faults.iter().map(|fault| (fault.from, fault.until)).collect();
        assert_eq!(secs, [(113_400, 115_200), (172_800, 259_200), (30, 600)]);
        assert_eq!(Fault::silent(&faults), [(1, 10)]);
    }

    #[test]
    fn every_wrong_row_is_told_with_its_line() {
        let row = |rest: &str| format!("[[fault]]\n{rest}\n");
        let span = "from = \"day 1\"\nto = \"day 2\"";
        for (name, text, why) in [
            ("no such kind", format!("kind = \"rain\"\n{span}"), "kind: one of launch-failures"),
            ("no zone", format!("kind = \"zone-lost\"\n{span}"), "zone is missing"),
            ("no such zone", format!("kind = \"zone-lost\"\nzone = \"d\"\n{span}"), "got \"d\""),
            ("no process", format!("kind = \"suspended\"\n{span}"), "process is missing"),
            (
                "a zone too many",
                format!("kind = \"metrics-missing\"\nzone = \"a\"\n{span}"),
                "takes no zone",
            ),
            (
                "backwards",
                "kind = \"metrics-missing\"\nfrom = \"day 2\"\nto = \"day 1\"".to_owned(),
                "does not come before",
            ),
            (
                "no time",
                "kind = \"metrics-missing\"\nfrom = \"soon\"\nto = \"day 1\"".to_owned(),
                "from: ",
            ),
            ("an unknown key", format!("kind = \"metrics-missing\"\nwhy = 1\n{span}"), "unknown"),
        ] {
            let twice = format!("{}{}", row(&text), row(&text));
            let wrong = read(&twice, &trace()).unwrap_err();
            assert_eq!(wrong.len(), 2, "{name}: {wrong:?}");
            assert!(
                wrong[0].starts_with("line 1: ") && wrong[0].contains(why),
                "{name}: {wrong:?}"
            );
        }
    }

    #[test]
    fn two_that_would_end_each_other_are_refused() {
        let lost =
            "[[fault]]\nkind = \"zone-lost\"\nzone = \"a\"\nfrom = \"day 1\"\nto = \"day 3\"\n";
        let fails = "[[fault]]\nkind = \"launch-failures\"\nfrom = \"day 2\"\nto = \"day 4\"\n";
        let wrong = read(&format!("{lost}{fails}"), &trace()).unwrap_err();
        assert!(wrong[0].contains("overlaps another one: zone a is lost"), "{wrong:?}");
        assert_eq!(read(lost, &trace()).map(|faults| faults.len()), Ok(1));
    }
}
