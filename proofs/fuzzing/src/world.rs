//! A small world to serve what was decoded in, and what must hold of every run in it.

use jiff::{SignedDuration, Timestamp};
use std::sync::OnceLock;
use tidegate_domain::cycle::{Planner, Run, cycle_planned_by};
use tidegate_domain::decide::decide;
use tidegate_domain::group::Sizes;
use tidegate_domain::ids::{AlarmName, FleetName};
use tidegate_domain::ledger::{ActionRecord, LedgerEntry, OutcomeWord};
use tidegate_domain::metrics::{AlarmState, Comparison, MetricQuery, MetricSpec, Window};
use tidegate_domain::policy::{FleetPolicy, Policy};
use tidegate_domain::ports::Clock;
use tidegate_domain::signal::Signal;
use tidegate_fakes::{AlarmSpec, FakeAws, GroupSpec, block_on};

use crate::{items, messages};

/// The fleet of the small world.
pub const FLEET: &str = "aira-web";
/// By day in Seoul, a minute after the times in `events/`.
pub const NOON: &str = "2026-11-17T05:31:00Z";
/// By night.
pub const NIGHT: &str = "2026-11-17T13:10:00Z";
/// Minutes before the next day.
pub const MORNING: &str = "2026-11-17T22:57:00Z";

/// The small world's policy.
pub const POLICY: &str = r#"
version = 1
[fleets.aira-web]
min = 1
time_zone = "Asia/Seoul"
capacity_per_instance = 100
boot_secs = 120
budget_max = 40
[fleets.aira-web.load]
expression = "requests"
metrics = { requests = "AWS/ApplicationELB RequestCount Sum TargetGroup=aira-web" }
healthy = "AWS/ApplicationELB HealthyHostCount Minimum TargetGroup=aira-web"
[fleets.aira-web.day]
starts = "08:00"
floor = 6
[fleets.aira-web.night]
starts = "22:00"
floor = 2
[fleets.aira-web.lower]
veto_alarms = ["aira-web-5xx"]
[[fleets.aira-web.spike]]
alarm = "aira-web-cpu-high"
adjustment = "percent"
steps = [{ from = 0, to = 10, add = 0 }, { from = 10, to = 20, add = 10 }, { from = 20, add = 30 }]
"#;

/// One group under one policy.
pub struct World<'a> {
    /// The fakes.
    pub aws: FakeAws,
    /// The fleet.
    pub fleet: FleetName,
    /// Its policy.
    pub policy: FleetPolicy,
    /// What decides.
    pub planner: &'a Planner<'a>,
}

/// The small world's policy, parsed.
pub fn policy() -> Policy {
    static PARSED: OnceLock<Policy> = OnceLock::new();
    PARSED.get_or_init(|| Policy::parse(POLICY).unwrap()).clone()
}

/// The metrics of the small world: load, healthy hosts, CPU.
pub fn specs() -> [MetricSpec; 3] {
    [
        "AWS/ApplicationELB RequestCount Sum TargetGroup=aira-web",
        "AWS/ApplicationELB HealthyHostCount Minimum TargetGroup=aira-web",
        "AWS/EC2 CPUUtilization Average AutoScalingGroupName=aira-web",
    ]
    .map(|text| text.parse().unwrap())
}

impl World<'_> {
    /// The fleet of [`POLICY`] at this time, with these sizes, and nothing measured.
    pub fn bare(now: &str, spec: GroupSpec) -> Self {
        let fleet = FleetName::new(FLEET).unwrap();
        let policy = policy().fleets.remove(&fleet).unwrap();
        let world = Self::of(now.parse().unwrap(), fleet, policy, spec);
        let [_, _, cpu] = specs();
        for (name, threshold) in [("aira-web-cpu-high", 50.0), ("aira-web-5xx", 1e9)] {
            let name = AlarmName::new(name).unwrap();
            let query = MetricQuery::metric(cpu.clone());
            world.aws.put_alarm(AlarmSpec::new(&name, query, Comparison::AtOrAbove, threshold));
            world.aws.set_alarm(&name, AlarmState::Ok);
        }
        world.aws.advance(SignedDuration::from_mins(20));
        world
    }

    /// As [`World::bare`], with a quiet hour and a half behind it: nothing forbids lowering.
    pub fn quiet(now: &str, spec: GroupSpec) -> Self {
        let world = Self::bare(now, spec);
        let past = Window::before(world.aws.now(), SignedDuration::from_mins(110));
        for (spec, level) in specs().iter().zip([100.0, 10.0, 20.0]) {
            world.aws.put_level(spec, past, level);
        }
        world
    }

    /// Any fleet under any policy.
    pub fn of(now: Timestamp, fleet: FleetName, policy: FleetPolicy, spec: GroupSpec) -> Self {
        let aws = FakeAws::at(now - SignedDuration::from_mins(20));
        aws.add_group(&fleet, spec).unwrap();
        Self { aws, fleet, policy, planner: &decide }
    }

    /// The group's sizes.
    pub fn sizes(&self) -> Sizes {
        self.aws.sizes(&self.fleet).unwrap()
    }

    /// Runs the cycle and twice more, as duplicates of the event do: at most one of the runs
    /// raises, one lowers, and the last one finds nothing to do.
    pub fn serve(&self, function: &str, signal: &Signal, dry_run: bool) -> LedgerEntry {
        let runs = [0; 3].map(|_| (self.run(function, signal, dry_run), self.sizes()));
        let is_raise = |entry: &LedgerEntry| matches!(entry.action, ActionRecord::Raise { .. });
        let is_lower = |entry: &LedgerEntry| matches!(entry.action, ActionRecord::Lower { .. });
        let count =
            |is: fn(&LedgerEntry) -> bool| runs.iter().filter(|(entry, _)| is(entry)).count();
        assert!(dry_run || count(is_raise) <= 1 && count(is_lower) <= 1, "{runs:?}");
        let [(first, _), (_, second), (_, third)] = runs;
        assert_eq!(second, third, "a duplicate changed the group");
        first
    }

    /// Runs the cycle once: it does not fail, since nothing around it does; its decision breaks
    /// no invariant; what it writes is told, and what it tells can be read.
    pub fn run(&self, function: &str, signal: &Signal, dry_run: bool) -> LedgerEntry {
        let before = self.sizes();
        let run = Run {
            function,
            fleet: &self.fleet,
            policy: &self.policy,
            signal: signal.clone(),
            dry_run,
            policy_fault: None,
            ledger_life: SignedDuration::from_hours(24),
        };
        let entry = block_on(cycle_planned_by(self.planner, &self.aws.new_run(), &run)).unwrap();
        assert_ne!(entry.outcome, OutcomeWord::Refused, "{}", entry.text);
        let after = self.sizes();
        assert_eq!(before.max, after.max, "MaxSize is never touched");
        assert!(after.min <= after.desired && after.desired <= after.max, "{after:?}");
        assert!(!dry_run || before == after, "a dry run wrote");
        match entry.action {
            ActionRecord::Raise { .. } => assert!(after.desired >= before.desired, "{after:?}"),
            ActionRecord::Lower { .. } => assert!(after.desired <= before.desired, "{after:?}"),
            _ => assert_eq!(before, after, "held and written"),
        }
        items::entry_law(&entry);
        for sent in self.aws.published() {
            messages::notice_law(&messages::SNS, &sent.notice);
        }
        entry
    }
}
