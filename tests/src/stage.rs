//! A stage for stories: one world of strict fakes, the three functions as they are
//! deployed (their events, their served cycle), and a few words to move it on.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use tidegate_adapters::serve::{Function, ServeError};
use tidegate_domain::duty::Duty;
use tidegate_domain::group::Sizes;
use tidegate_domain::ids::{AlarmName, FleetName};
use tidegate_domain::intake::Home;
use tidegate_domain::ledger::LedgerEntry;
use tidegate_domain::metrics::{AlarmState, Comparison, MetricQuery, MetricSpec, Window};
use tidegate_domain::policy::Policy;
use tidegate_fakes::{AlarmSpec, FakeAws, GroupSpec};

/// Account of every event on the stage.
pub const ACCOUNT: &str = "000000000000";
/// Region of every event on the stage.
pub const REGION: &str = "ap-northeast-2";

/// The stage's policy for one fleet: day 08:00 to 22:00 in Seoul, floor 6; night floor 2;
/// one instance serves 100 a minute, headroom 1.3; spike steps of 10, 30 and 60 % above 50.
pub fn policy_of(fleet: &str) -> String {
    format!(
        r#"
[fleets.{fleet}]
min = 1
time_zone = "Asia/Seoul"
capacity_per_instance = 100
boot_secs = 120
budget_max = 40
[fleets.{fleet}.load]
expression = "requests"
metrics = {{ requests = "AWS/ApplicationELB RequestCount Sum TargetGroup={fleet}" }}
healthy = "AWS/ApplicationELB HealthyHostCount Minimum TargetGroup={fleet}"
[fleets.{fleet}.day]
starts = "08:00"
floor = 6
[fleets.{fleet}.night]
starts = "22:00"
floor = 2
[fleets.{fleet}.lower]
veto_alarms = ["{fleet}-latency", "{fleet}-5xx"]
[[fleets.{fleet}.spike]]
alarm = "{fleet}-cpu-high"
adjustment = "percent"
steps = [{{ from = 0, to = 10, add = 0 }}, {{ from = 10, to = 20, add = 10 }}, {{ from = 20, add = 30 }}]
"#
    )
}

/// A document of these fleets.
pub fn document(fleets: &[&str]) -> String {
    let tables: String = fleets.iter().map(|fleet| policy_of(fleet)).collect();
    format!("version = 1\n{tables}")
}

/// Levels that the fleet's metrics follow from now on; none publishes nothing.
#[derive(Debug, Clone, Copy, Default)]
struct Levels {
    load: Option<f64>,
    healthy: Option<f64>,
    cpu: Option<f64>,
}

type Pick = fn(&Levels) -> Option<f64>;

/// One world with its functions.
pub struct Stage {
    /// The world.
    pub aws: FakeAws,
    functions: BTreeMap<&'static str, Function>,
    levels: BTreeMap<FleetName, Arc<Mutex<Levels>>>,
    runtime: tokio::runtime::Runtime,
}

impl Stage {
    /// A world at this time, its functions deployed with this policy document.
    pub fn new(now: &str, document: &str) -> Self {
        let aws = FakeAws::at(now.parse().expect("a time"));
        let policy = Policy::parse(document).expect("a valid policy");
        let home = Home { account: ACCOUNT.into(), region: REGION.into() };
        let functions = [Duty::Night, Duty::Day, Duty::Spike]
            .map(|duty| (duty.function(), Function::new(duty, home.clone(), policy.clone(), 30)));
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        let functions = BTreeMap::from(functions);
        Self { aws, functions, levels: BTreeMap::new(), runtime }
    }

    /// The usual stage: one fleet `web` of these sizes, at a time in Seoul, with a quiet past.
    pub fn usual(now: &str, min: u32, desired: u32) -> Self {
        let mut stage = Self::new(now, &document(&["web"]));
        stage.add_fleet("web", GroupSpec::sized(min, desired, 60));
        stage
    }

    /// Adds a group with its alarms and metrics: a load of 100 a minute for weeks, CPU 20.
    pub fn add_fleet(&mut self, name: &str, spec: GroupSpec) {
        self.add_young_fleet(name, spec);
        let past = Window::before(self.now(), SignedDuration::from_hours(15 * 24));
        self.aws.put_level(&load_spec(name), past, 100.0);
    }

    /// As [`Stage::add_fleet`], but its metrics are three hours old: quick to make.
    pub fn add_young_fleet(&mut self, name: &str, spec: GroupSpec) {
        let fleet = FleetName::new(name).expect("a name");
        self.aws.add_group(&fleet, spec).expect("a group");
        self.add_alarms(name);
        let levels = Levels { load: Some(100.0), healthy: Some(2.0), cpu: Some(20.0) };
        let levels = Arc::new(Mutex::new(levels));
        let now = self.now();
        let recent = Window::before(now, SignedDuration::from_hours(3));
        self.aws.put_level(&load_spec(name), recent, 100.0);
        self.aws.put_level(&healthy_spec(name), recent, 2.0);
        self.aws.put_level(&cpu_spec(name), recent, 20.0);
        let feeds: [(MetricSpec, Pick); 3] = [
            (load_spec(name), |l| l.load),
            (healthy_spec(name), |l| l.healthy),
            (cpu_spec(name), |l| l.cpu),
        ];
        for (spec, pick) in feeds {
            let levels = levels.clone();
            self.aws.feed(&spec, move |_, _| pick(&levels.lock().expect("levels")));
        }
        self.levels.insert(fleet, levels);
    }

    fn add_alarms(&self, name: &str) {
        let high = Comparison::AtOrAbove;
        let cpu = MetricQuery::metric(cpu_spec(name));
        self.aws.put_alarm(AlarmSpec::new(&alarm(name, "cpu-high"), cpu.clone(), high, 50.0));
        for kind in ["latency", "5xx"] {
            self.aws.put_alarm(AlarmSpec::new(&alarm(name, kind), cpu.clone(), high, 1e9));
        }
        for kind in ["cpu-high", "latency", "5xx"] {
            self.aws.set_alarm(&alarm(name, kind), AlarmState::Ok);
        }
    }

    /// The time.
    pub fn now(&self) -> Timestamp {
        use tidegate_domain::ports::Clock;
        self.aws.now()
    }

    /// Moves time on by minutes.
    pub fn minutes(&self, n: i64) {
        self.aws.advance(SignedDuration::from_mins(n));
    }

    /// Moves time on to this instant.
    pub fn until(&self, time: &str) {
        self.aws.set_now(time.parse().expect("a time"));
    }

    /// Sets the load per minute of `web`; none publishes nothing.
    pub fn load(&self, level: Option<f64>) {
        self.set("web", |l| l.load = level);
    }

    /// Sets the healthy host count of `web`; none publishes nothing.
    pub fn healthy(&self, level: Option<f64>) {
        self.set("web", |l| l.healthy = level);
    }

    /// Sets the CPU of `web`.
    pub fn cpu(&self, level: Option<f64>) {
        self.set("web", |l| l.cpu = level);
    }

    /// Sets the load of a fleet.
    pub fn load_of(&self, name: &str, level: Option<f64>) {
        self.set(name, |l| l.load = level);
    }

    fn set(&self, name: &str, change: impl FnOnce(&mut Levels)) {
        let levels = &self.levels[&FleetName::new(name).expect("a name")];
        change(&mut levels.lock().expect("levels"));
    }

    /// Serves an event to a function in a run of its own.
    pub fn serve(&self, function: &str, event: &Value) -> Result<Value, ServeError> {
        self.serve_in(&self.aws.new_run(), function, event)
    }

    /// Serves an event in this run.
    pub fn serve_in(
        &self,
        run: &FakeAws,
        function: &str,
        event: &Value,
    ) -> Result<Value, ServeError> {
        self.runtime.block_on(self.functions[function].serve(run.clone(), event))
    }

    /// The nightly schedule.
    pub fn night(&self) -> LedgerEntry {
        self.decision("nightly-scale-down", &self.night_event())
    }

    /// Lets this many minutes pass as the deployed schedules fill them: a tick every minute,
    /// the night's and the day's functions every five. `see` is given every decision.
    pub fn schedules(&self, minutes: i64, mut see: impl FnMut(&Self, &LedgerEntry)) {
        for minute in 0..minutes {
            see(self, &self.tick());
            if minute % 5 == 0 {
                see(self, &self.night());
                see(self, &self.day());
            }
            self.minutes(1);
        }
    }

    /// The nightly schedule's event, on time.
    pub fn night_event(&self) -> Value {
        json!({ "schedule": "night", "scheduled_time": self.now().to_string() })
    }

    /// The day's schedule.
    pub fn day(&self) -> LedgerEntry {
        self.decision("daytime-scale-up", &json!({ "schedule": "day" }))
    }

    /// The one-minute tick.
    pub fn tick(&self) -> LedgerEntry {
        self.decision("spike-step-scaler", &json!({ "schedule": "tick" }))
    }

    /// The spike alarm of `web` changes its state, and its one action is delivered.
    pub fn alarm(&self, state: AlarmState, value: f64) -> LedgerEntry {
        self.aws.set_alarm(&alarm("web", "cpu-high"), state);
        self.decision("spike-step-scaler", &self.alarm_event(state, value))
    }

    /// The direct Lambda action of the spike alarm of `web`, now.
    pub fn alarm_event(&self, state: AlarmState, value: f64) -> Value {
        let now = self.now();
        let reason = json!({
            "threshold": 50.0,
            "evaluatedDatapoints": [{ "timestamp": now.to_string(), "value": value }],
        });
        json!({
            "source": "aws.cloudwatch",
            "alarmArn": format!("arn:aws:cloudwatch:{REGION}:{ACCOUNT}:alarm:web-cpu-high"),
            "accountId": ACCOUNT,
            "region": REGION,
            "time": now.to_string(),
            "alarmData": {
                "alarmName": "web-cpu-high",
                "state": {
                    "value": state,
                    "timestamp": now.to_string(),
                    "reasonData": reason.to_string(),
                },
            },
        })
    }

    /// The only decision of an event that must succeed.
    pub fn decision(&self, function: &str, event: &Value) -> LedgerEntry {
        let answer = self.serve(function, event).expect("the invocation succeeds");
        decision_of(&answer, "web").expect("a decision about web")
    }

    /// Sizes of `web`.
    pub fn sizes(&self) -> Sizes {
        self.aws.sizes(&web()).expect("the group is there")
    }

    /// `(min, desired)` of `web`.
    pub fn min_desired(&self) -> (u32, u32) {
        let sizes = self.sizes();
        (sizes.min, sizes.desired)
    }

    /// How often something was written to the group `web`.
    pub fn writes(&self) -> usize {
        self.aws.group_writes(&web()).len()
    }

    /// Keys of the notices that went out, in order.
    pub fn told(&self) -> Vec<String> {
        self.aws.published().into_iter().map(|sent| sent.notice.key).collect()
    }
}

/// The fleet of the usual stage.
pub fn web() -> FleetName {
    FleetName::new("web").expect("a name")
}

/// An alarm of a fleet on the stage: `cpu-high`, `latency` or `5xx`.
pub fn alarm(fleet: &str, kind: &str) -> AlarmName {
    AlarmName::new(format!("{fleet}-{kind}")).expect("a name")
}

/// The decision about a fleet in an answer.
pub fn decision_of(answer: &Value, fleet: &str) -> Option<LedgerEntry> {
    let decisions = answer.get("decisions")?.as_array()?;
    let found = decisions.iter().find(|d| d.get("fleet").is_some_and(|f| f == fleet))?;
    serde_json::from_value(found.clone()).ok()
}

/// The load metric of a fleet.
pub fn load_spec(fleet: &str) -> MetricSpec {
    spec(&format!("AWS/ApplicationELB RequestCount Sum TargetGroup={fleet}"))
}

/// The healthy host count of a fleet.
pub fn healthy_spec(fleet: &str) -> MetricSpec {
    spec(&format!("AWS/ApplicationELB HealthyHostCount Minimum TargetGroup={fleet}"))
}

/// The CPU of a fleet.
pub fn cpu_spec(fleet: &str) -> MetricSpec {
    spec(&format!("AWS/EC2 CPUUtilization Average AutoScalingGroupName={fleet}"))
}

fn spec(text: &str) -> MetricSpec {
    text.parse().expect("a metric")
}
