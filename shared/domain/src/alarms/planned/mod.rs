//! Alarms that the fleet's own plan explains: they wait, and are told if they still fire when
//! the plan's time is over.
//!
//! What must stay true: only what a decision that was really written to the group brings about is
//! explained, and only as far as it does: fewer hosts than were asked for, more unhealthy ones
//! than were launched, and every alarm that is not of a plain metric are told as ever.

use crate::alarms::event::{AlarmEvent, Kind, State};
use crate::alarms::member::Member;
use crate::bid::Source;
use crate::ledger::{ActionRecord, LedgerEntry, OutcomeWord};
use jiff::{SignedDuration, Timestamp};

/// After a lowering, few hosts and low load are expected for this long: instances leave within
/// minutes, and an alarm looks back over a few periods.
const LOWERED: SignedDuration = SignedDuration::from_mins(15);
/// After a raise, instances boot, and an alarm's period or two go by before it sees them serve.
const ALARM_LAG: SignedDuration = SignedDuration::from_mins(2);
/// A night explains low load for this long after its last lowering; a weekend is one long night,
/// and people should hear of it within a day.
const LONGEST_NIGHT: SignedDuration = SignedDuration::from_hours(14);

/// Metrics of load, by namespace: what falls when there is little to do.
/// <https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/viewing_metrics_with_cloudwatch.html>
/// <https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-cloudwatch-metrics.html>
const LOAD: [(&str, &[&str]); 4] = [
    (
        "AWS/EC2",
        &["CPUUtilization", "NetworkIn", "NetworkOut", "NetworkPacketsIn", "NetworkPacketsOut"],
    ),
    (
        "AWS/ApplicationELB",
        &[
            "ActiveConnectionCount",
            "ConsumedLCUs",
            "NewConnectionCount",
            "ProcessedBytes",
            "RequestCount",
            "RequestCountPerTarget",
        ],
    ),
    ("AWS/NetworkELB", &["ActiveFlowCount", "NewFlowCount", "ProcessedBytes"]),
    ("AWS/ELB", &["EstimatedALBActiveConnectionCount", "RequestCount"]),
];
/// Namespaces that count healthy and unhealthy hosts.
const BALANCERS: [&str; 3] = ["AWS/ApplicationELB", "AWS/NetworkELB", "AWS/ELB"];
/// <https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-metrics.html>
const AUTO_SCALING: &str = "AWS/AutoScaling";

/// Why an alarm waits, and until when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// The plan's time is over then.
    pub until: Timestamp,
    /// What is planned.
    pub because: String,
}

/// The plan that explains an alarm, by the fleet's ledger (newest first). `boot` is how long the
/// fleet's instances take to serve.
pub fn plan(
    member: &Member,
    ledger: &[LedgerEntry],
    boot: SignedDuration,
    now: Timestamp,
) -> Option<Plan> {
    let effect = Effect::of(&member.event)?;
    let fleet = member.labels.get("fleet");
    let done = |e: &&LedgerEntry| {
        let ours = fleet.is_empty() || fleet == e.fleet.as_str();
        let written = e.outcome == OutcomeWord::Applied && !e.dry_run;
        ours && written && e.at <= now
    };
    // A later change of the other direction ends what an earlier one explains.
    let change = ledger.iter().filter(done).find_map(Change::of)?;
    // The value is as old as the event: a change after it explains how long it lasts, not how much
    // it is.
    let measured = |e: &&LedgerEntry| e.at <= member.event.state_at;
    let before = ledger.iter().filter(done).filter(measured).find_map(Change::of);
    if effect.is_worse_than_planned(before.as_ref().unwrap_or(&change), member.event.value) {
        return None;
    }
    let until = effect.explained_until(&change, boot)?;
    (now < until).then(|| Plan { until, because: change.sentence() })
}

/// Whether a plan could explain it at all: then the ledger is worth reading.
pub fn could_explain(member: &Member) -> bool {
    Effect::of(&member.event).is_some()
}

/// A change of capacity that was written to the group.
struct Change<'a> {
    entry: &'a LedgerEntry,
    /// Capacity units that were asked for.
    to: u32,
    is_raise: bool,
}

impl<'a> Change<'a> {
    fn of(entry: &'a LedgerEntry) -> Option<Self> {
        match entry.action {
            ActionRecord::Raise { min } => Some(Self { entry, to: min, is_raise: true }),
            ActionRecord::Lower { min, desired } => {
                Some(Self { entry, to: desired.unwrap_or(min), is_raise: false })
            }
            ActionRecord::Hold | ActionRecord::WriteBackstop { .. } => None,
        }
    }

    fn after(&self, time: SignedDuration) -> Option<Timestamp> {
        self.entry.at.checked_add(time).ok()
    }

    /// When the night of this lowering ends, by its schedule bid.
    fn night_ends(&self) -> Option<Timestamp> {
        let night = |source, reason: &str| source == Source::Schedule && reason == "night";
        let bid = self.entry.bids.iter().find(|b| night(b.source, &b.reason))?;
        Some(bid.until?.min(self.after(LONGEST_NIGHT)?))
    }

    fn sentence(&self) -> String {
        let Self { entry, to, is_raise } = self;
        let (fleet, verb) = (&entry.fleet, if *is_raise { "raised" } else { "lowered" });
        let at = entry.at.strftime("%Y-%m-%d %H:%M UTC");
        format!("{fleet} was {verb} to {to} at {at}: {}", entry.text)
    }
}

/// What a change of capacity brings about by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Effect {
    /// Little load.
    LowLoad,
    /// Few hosts, as the group counts them.
    FewInstances,
    /// Few healthy hosts.
    FewHealthy,
    /// Unhealthy hosts.
    Unhealthy,
    /// Instances on their way.
    Pending,
}

impl Effect {
    /// The effect that an alarm may be of; none for all others. An expression's threshold says
    /// nothing of its first metric, a band knows the time of day itself, and a rule over alarms
    /// may mean anything.
    fn of(event: &AlarmEvent) -> Option<Self> {
        if event.kind != Kind::Metric || matches!(event.state, State::Other(_)) {
            return None;
        }
        let metric = event.metric.as_ref()?;
        let (namespace, name) = (metric.namespace.as_str(), metric.name.as_str());
        let counts_hosts = BALANCERS.contains(&namespace);
        let is_load = LOAD.iter().any(|(space, all)| *space == namespace && all.contains(&name));
        let is_group = namespace == AUTO_SCALING && name.starts_with("Group");
        match (event.comparison.as_deref()?, name) {
            ("<" | "<=", "HealthyHostCount") if counts_hosts => Some(Self::FewHealthy),
            ("<" | "<=", _) if is_group => Some(Self::FewInstances),
            ("<" | "<=", _) if is_load => Some(Self::LowLoad),
            (">" | ">=", "UnHealthyHostCount") if counts_hosts => Some(Self::Unhealthy),
            (">" | ">=", "GroupPendingInstances") if is_group => Some(Self::Pending),
            _ => None,
        }
    }

    fn explained_until(self, change: &Change<'_>, boot: SignedDuration) -> Option<Timestamp> {
        match (self, change.is_raise) {
            (Self::LowLoad, false) => {
                let soon = change.after(LOWERED)?;
                Some(change.night_ends().map_or(soon, |night| night.max(soon)))
            }
            (Self::FewInstances | Self::FewHealthy, false) => change.after(LOWERED),
            (Self::FewHealthy | Self::Unhealthy | Self::Pending, true) => {
                change.after(boot.checked_add(ALARM_LAG)?)
            }
            _ => None,
        }
    }

    /// Whether the newest value lies beyond what the change itself brings about. In doubt it does,
    /// and people are told: units count for as many instances, zones for the whole.
    fn is_worse_than_planned(self, change: &Change<'_>, value: Option<f64>) -> bool {
        let Some(value) = value else { return false };
        let serving = change.entry.observed.map(|seen| seen.in_service);
        match self {
            Self::FewInstances | Self::FewHealthy if !change.is_raise => {
                value < f64::from(change.to)
            }
            Self::FewHealthy => value < f64::from(serving.unwrap_or(1)),
            Self::Unhealthy => {
                let launched = serving.map(|serving| change.to.saturating_sub(serving));
                launched.is_some_and(|launched| value > f64::from(launched))
            }
            Self::FewInstances | Self::LowLoad | Self::Pending => false,
        }
    }
}

#[cfg(test)]
mod tests;
