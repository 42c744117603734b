//! One fleet with its alarms and metrics, and the three signals that wake the cycle.

use jiff::{SignedDuration, Timestamp};
use tidegate_domain::cycle::{CycleError, Planner, Run, cycle, cycle_planned_by};
use tidegate_domain::ids::{AlarmName, FleetName};
use tidegate_domain::ledger::LedgerEntry;
use tidegate_domain::memory::Memory;
use tidegate_domain::metrics::{AlarmState, Comparison, MetricQuery, MetricSpec, Window};
use tidegate_domain::policy::{FleetPolicy, Policy};
use tidegate_domain::ports::{Control, LeaseToken};
use tidegate_domain::signal::{AlarmChange, Signal};
use tidegate_fakes::{AlarmSpec, Call, FakeAws, GroupSpec, Logged, block_on};

/// Day 08:00 to 22:00 in Seoul with a floor of 6, by night 2; one instance serves 100.
const POLICY: &str = r#"
version = 1
[fleets.web]
min = 1
time_zone = "Asia/Seoul"
capacity_per_instance = 100
boot_secs = 120
budget_max = 40
[fleets.web.load]
expression = "requests"
metrics = { requests = "AWS/ApplicationELB RequestCount Sum" }
healthy = "AWS/ApplicationELB HealthyHostCount Minimum"
[fleets.web.day]
starts = "08:00"
floor = 6
[fleets.web.night]
starts = "22:00"
floor = 2
[fleets.web.lower]
veto_alarms = ["web-5xx"]
[[fleets.web.spike]]
alarm = "web-cpu"
adjustment = "percent"
steps = [{ from = 0, to = 10, add = 10 }, { from = 10, add = 30 }]
"#;

/// A world with one fleet, and how its functions are set up.
pub struct Stage {
    pub aws: FakeAws,
    pub policy: FleetPolicy,
    pub dry_run: bool,
}

pub fn fleet() -> FleetName {
    FleetName::new("web").unwrap()
}

pub fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

pub fn mins(count: i64) -> SignedDuration {
    SignedDuration::from_mins(count)
}

pub fn secs(count: i64) -> SignedDuration {
    SignedDuration::from_secs(count)
}

fn alarm(name: &str) -> AlarmName {
    AlarmName::new(name).unwrap()
}

fn spec(text: &str) -> MetricSpec {
    text.parse().unwrap()
}

pub fn load() -> MetricSpec {
    spec("AWS/ApplicationELB RequestCount Sum")
}

fn cpu() -> MetricSpec {
    spec("AWS/EC2 CPUUtilization Average")
}

impl Stage {
    /// At this time the group has been quiet for half an hour: a load of 100 now and at this
    /// time of the past two weeks.
    pub fn at(now: &str, min: u32, desired: u32) -> Self {
        let now = at(now);
        let aws = FakeAws::at(now - mins(30));
        let mut policy = Policy::parse(POLICY).unwrap();
        let (_, policy) = policy.fleets.pop_first().unwrap();
        aws.add_group(&fleet(), GroupSpec::sized(min, desired, 60)).unwrap();
        let healthy = spec("AWS/ApplicationELB HealthyHostCount Minimum");
        for (metric, value) in [(load(), 100.0), (healthy, 10.0), (cpu(), 20.0)] {
            for week in 0..=2 {
                let then = now - mins(week * 7 * 24 * 60);
                let around = Window { from: then - mins(150), until: then + mins(90) };
                aws.put_level(&metric, around, value);
            }
        }
        for name in ["web-cpu", "web-5xx"] {
            let query = MetricQuery::metric(cpu());
            aws.put_alarm(AlarmSpec::new(&alarm(name), query, Comparison::AtOrAbove, 50.0));
            aws.set_alarm(&alarm(name), AlarmState::Ok);
        }
        aws.set_now(now);
        Self { aws, policy, dry_run: false }
    }

    /// A Friday at 22:00 with ten in service: the load needs two.
    pub fn night() -> Self {
        Self::at("2026-11-20T22:00:00+09:00", 10, 10)
    }

    /// The same Friday at 13:00: ten in service over a floor of six.
    pub fn day() -> Self {
        Self::at("2026-11-20T13:00:00+09:00", 6, 10)
    }

    /// Six in service at 13:00: nothing is to be done.
    pub fn quiet() -> Self {
        Self::at("2026-11-20T13:00:00+09:00", 6, 6)
    }

    /// The Monday after at 07:58 with two in service: six are due at 08:00.
    pub fn morning() -> Self {
        Self::at("2026-11-23T07:58:00+09:00", 2, 2)
    }

    pub fn now(&self) -> Timestamp {
        use tidegate_domain::ports::Clock;
        self.aws.now()
    }

    pub fn run<'a>(&'a self, fleet: &'a FleetName, signal: Signal) -> Run<'a> {
        Run {
            function: "a-function",
            fleet,
            policy: &self.policy,
            signal,
            dry_run: self.dry_run,
            policy_fault: None,
            ledger_life: mins(7 * 24 * 60),
        }
    }

    /// Runs the cycle in an invocation of its own.
    pub fn wake(&self, signal: Signal) -> Result<LedgerEntry, CycleError> {
        self.wake_in(&self.aws.new_run(), signal)
    }

    pub fn wake_in(&self, world: &FakeAws, signal: Signal) -> Result<LedgerEntry, CycleError> {
        block_on(cycle(world, &self.run(&fleet(), signal)))
    }

    /// Runs the cycle with another planner.
    pub fn wake_with(&self, planner: &Planner<'_>, signal: Signal) -> LedgerEntry {
        let world = self.aws.new_run();
        block_on(cycle_planned_by(planner, &world, &self.run(&fleet(), signal))).unwrap()
    }

    pub fn tick(&self) -> LedgerEntry {
        self.wake(Signal::Tick).unwrap()
    }

    pub fn nightly(&self) -> LedgerEntry {
        self.wake(self.night_signal()).unwrap()
    }

    pub fn night_signal(&self) -> Signal {
        Signal::Night { scheduled: Some(self.now()) }
    }

    /// The spike alarm's event, with this number in it.
    pub fn alarm_signal(&self, value: f64) -> Signal {
        Signal::Alarm(AlarmChange {
            alarm: alarm("web-cpu"),
            state: AlarmState::Alarm,
            at: self.now(),
            value: Some(value),
            threshold: Some(50.0),
        })
    }

    pub fn minutes(&self, count: i64) {
        self.aws.advance(mins(count));
    }

    /// `(min, desired)`
    pub fn sizes(&self) -> (u32, u32) {
        let sizes = self.aws.sizes(&fleet()).unwrap();
        (sizes.min, sizes.desired)
    }

    pub fn memory(&self) -> Memory {
        self.aws.memory(&fleet()).unwrap().memory
    }

    /// Overwrites the memory, as another run would.
    pub fn remember(&self, memory: &Memory) {
        let version = self.aws.memory(&fleet()).map_or(0, |stored| stored.version);
        let token = LeaseToken("another".into());
        block_on(self.aws.store(&fleet(), version, memory, &token)).unwrap();
    }

    /// The calls of one kind since the log was cleared.
    pub fn calls(&self, call: Call) -> Vec<Logged> {
        self.aws.calls(|logged| logged.call == call)
    }

    pub fn count(&self, call: Call) -> usize {
        self.calls(call).len()
    }

    /// The writes to the group, in order.
    pub fn writes(&self) -> Vec<Call> {
        self.aws.group_writes(&fleet()).iter().map(|logged| logged.call).collect()
    }

    /// Keys of what was sent, in order.
    pub fn told(&self) -> Vec<String> {
        self.aws.published().into_iter().map(|sent| sent.notice.key).collect()
    }
}
