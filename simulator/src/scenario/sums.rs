//! The sums of a story.

use super::script::Script;
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use std::collections::BTreeMap;
use tidegate_domain::group::{Activity, ActivityKind, ActivityResult, Group};
use tidegate_domain::ids::FleetName;
use tidegate_domain::ledger::{ActionRecord, LedgerEntry, OutcomeWord};
use tidegate_domain::notice::Severity;
use tidegate_domain::policy::FleetPolicy;
use tidegate_fakes::{Call, FakeAws};

/// The sums.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct Sums {
    /// Instance-hours that are paid: from launch to the end of the drain.
    pub instance_hours: f64,
    /// The load of all minutes, in the load's unit.
    pub load: f64,
    /// The load above the capacity that served at the end of its minute.
    pub unserved: f64,
    /// Least in service and healthy.
    pub least: u32,
    /// Most in service and healthy.
    pub most: u32,
    /// Runs of the functions.
    pub runs: u32,
    /// Runs that raised.
    pub raised: u32,
    /// Runs that lowered.
    pub lowered: u32,
    /// Runs that failed.
    pub failed: u32,
    /// Instances launched.
    pub launched: u32,
    /// Launches that failed.
    pub failed_launches: u32,
    /// Instances terminated.
    pub terminated: u32,
    /// Critical notices.
    pub critical: u32,
    /// Warnings.
    pub warnings: u32,
    /// Calls of AWS, by name.
    pub calls: BTreeMap<&'static str, u32>,
}

/// Sums in the making.
#[derive(Debug)]
pub(super) struct Tally<'s> {
    script: &'s Script,
    capacity: f64,
    /// Instances that existed at the first minute.
    at_start: u32,
    /// The minute that is not counted yet.
    minute: Option<Timestamp>,
    sums: Sums,
}

impl<'s> Tally<'s> {
    pub fn new(script: &'s Script, rules: &FleetPolicy, aws: &FakeAws) -> Self {
        let group = aws.group(&script.fleet);
        let serving = group.as_ref().map_or(0, Group::serving);
        let sums = Sums { least: serving, most: serving, ..Sums::default() };
        let at_start = group.map_or(0, |group| count(group.instances.len()));
        let capacity = rules.capacity_per_instance;
        Self { script, capacity, at_start, minute: None, sums }
    }

    /// A minute begins, so the one before it is over.
    pub fn minute(&mut self, aws: &FakeAws, now: Timestamp) {
        self.look(aws);
        let Some(over) = self.minute.replace(now) else { return };
        let load = self.script.load.at(over);
        let capacity = f64::from(serving(aws, &self.script.fleet)) * self.capacity;
        self.sums.load += load;
        self.sums.unserved += (load - capacity).max(0.0);
    }

    /// Looks at what serves.
    pub fn look(&mut self, aws: &FakeAws) {
        let serving = serving(aws, &self.script.fleet);
        self.sums.least = self.sums.least.min(serving);
        self.sums.most = self.sums.most.max(serving);
    }

    /// A function ran.
    pub fn ran(&mut self, entry: Option<&LedgerEntry>, failed: bool) {
        self.sums.runs += 1;
        self.sums.failed += u32::from(failed);
        let applied = entry.filter(|entry| entry.outcome == OutcomeWord::Applied);
        match applied.map(|entry| entry.action) {
            Some(ActionRecord::Raise { .. }) => self.sums.raised += 1,
            Some(ActionRecord::Lower { .. }) => self.sums.lowered += 1,
            _ => {}
        }
    }

    /// The sums at the end.
    pub fn sums(self, aws: &FakeAws) -> Sums {
        let Self { script, at_start, mut sums, .. } = self;
        let all = aws.activities(&script.fleet);
        let told: Vec<&Activity> = all.iter().filter(|a| a.started >= script.from).collect();
        let of = |kind, failed| {
            let meant =
                |a: &&&Activity| a.kind == kind && (a.result == ActivityResult::Failed) == failed;
            count(told.iter().filter(meant).count())
        };
        sums.launched = of(ActivityKind::Launch, false);
        sums.failed_launches = of(ActivityKind::Launch, true);
        sums.terminated = of(ActivityKind::Terminate, false);
        sums.instance_hours = paid(script, at_start, &told).as_secs_f64() / 3600.0;
        let sent = aws.published();
        let critical = sent.iter().filter(|s| s.notice.severity == Severity::Critical).count();
        sums.critical = count(critical);
        sums.warnings = count(sent.len()) - sums.critical;
        let log = aws.log();
        for call in Call::ALL {
            let made = count(log.iter().filter(|l| l.call == call).count());
            if made > 0 {
                sums.calls.insert(call.name(), made);
            }
        }
        sums
    }
}

/// Instance-time from launch to the end of the drain, cut at the end of the script.
fn paid(script: &Script, at_start: u32, activities: &[&Activity]) -> SignedDuration {
    let left = |at: Timestamp| script.until.duration_since(at);
    let all = left(script.from).saturating_mul(i32::try_from(at_start).unwrap_or(i32::MAX));
    let spans = activities.iter().map(|a| match (a.kind, a.result) {
        (ActivityKind::Launch, ActivityResult::Failed) => SignedDuration::ZERO,
        (ActivityKind::Launch, _) => left(a.started),
        (ActivityKind::Terminate, _) => -a.ended.map_or(SignedDuration::ZERO, left),
        _ => SignedDuration::ZERO,
    });
    spans.fold(all, SignedDuration::saturating_add)
}

fn serving(aws: &FakeAws, fleet: &FleetName) -> u32 {
    aws.group(fleet).map_or(0, |group| group.serving())
}

fn count(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}
