//! The stage: a world of strict fakes, the three functions, and Lambda that serves them.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use std::sync::Arc;
use tidegate_adapters::serve::{Function, Telling};
use tidegate_domain::cycle::Planner;
use tidegate_domain::duty::Duty;
use tidegate_domain::ids::{AlarmName, FleetName};
use tidegate_domain::intake::Home;
use tidegate_domain::metrics::{AlarmState, Comparison, MetricQuery, MetricSpec, Window};
use tidegate_domain::policy::Policy;
use tidegate_domain::ports::Clock;
use tidegate_fakes::{AlarmSpec, FakeAws, GroupSpec};
use tokio::runtime::Runtime;

const ACCOUNT: &str = "000000000000";
const REGION: &str = "ap-northeast-2";
/// `Timeout` of the functions in `template.yaml`: the lease of a run that died outlives it by
/// five seconds, so it is free when Lambda tries again a minute later.
const TIMEOUT: SignedDuration = SignedDuration::from_secs(50);
/// Metrics reach this far back and ahead of the time at which a fleet is added.
const PAST: SignedDuration = SignedDuration::from_mins(120);
const AHEAD: SignedDuration = SignedDuration::from_mins(60);

/// The policy of one fleet: day 08:00 to 22:00 in Seoul, floor 6; night floor 2; one instance
/// serves 100 a minute; spike steps of 10, 30 and 60 % above 50.
fn policy_of(fleet: &str) -> String {
    format!(
        r#"
[fleets.{fleet}]
min = 1
time_zone = "Asia/Seoul"
capacity_per_instance = 100
boot_secs = 300
sizing = "off"
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
steps = [{{ from = 0, to = 10, add = 10 }}, {{ from = 10, to = 20, add = 30 }}, {{ from = 20, add = 60 }}]
"#
    )
}

/// The policy document of these fleets.
pub fn document(fleets: &[&str]) -> String {
    let tables: String = fleets.iter().map(|fleet| policy_of(fleet)).collect();
    format!("version = 1\n{tables}")
}

/// What wakes a function.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Event {
    /// The night's schedule.
    Night,
    /// The day's schedule.
    Day,
    /// The one-minute tick.
    Tick,
    /// The action of the spike alarm of `web`, with this value.
    Alarm(f64),
    /// The night's schedule, to be rehearsed.
    DryNight,
}

impl Event {
    /// The function that it wakes.
    pub fn duty(self) -> Duty {
        match self {
            Self::Night | Self::DryNight => Duty::Night,
            Self::Day => Duty::Day,
            Self::Tick | Self::Alarm(_) => Duty::Spike,
        }
    }

    /// What wakes the function next when this event has been served: an alarm's action fires
    /// once.
    pub fn next(self) -> Self {
        if let Self::Alarm(_) = self { Self::Tick } else { self }
    }

    /// Its payload when it happens now.
    pub fn payload(self, now: Timestamp) -> Value {
        let scheduled = |word: &str| json!({ "schedule": word, "scheduled_time": now.to_string() });
        match self {
            Self::Night => scheduled("night"),
            Self::Day => scheduled("day"),
            Self::Tick => scheduled("tick"),
            Self::DryNight => json!({ "schedule": "night", "dry_run": true }),
            Self::Alarm(value) => alarm_payload(now, value),
        }
    }
}

fn alarm_payload(now: Timestamp, value: f64) -> Value {
    let at = now.to_string();
    let data = json!([{ "timestamp": at, "value": value }]);
    let reason = json!({ "threshold": 50.0, "evaluatedDatapoints": data }).to_string();
    json!({
        "source": "aws.cloudwatch",
        "alarmArn": format!("arn:aws:cloudwatch:{REGION}:{ACCOUNT}:alarm:web-cpu-high"),
        "accountId": ACCOUNT,
        "region": REGION,
        "time": at,
        "alarmData": {
            "alarmName": "web-cpu-high",
            "state": { "value": "ALARM", "timestamp": at, "reasonData": reason },
        },
    })
}

/// How an invocation ended, as Lambda sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Served {
    /// It answered.
    Answered,
    /// It answered that another run holds a fleet's lease.
    InProgress,
    /// It failed: Lambda tries again.
    Failed,
    /// Its process died: Lambda tries again.
    Died,
}

impl Served {
    /// Whether Lambda tries again.
    pub fn is_tried_again(self) -> bool {
        matches!(self, Self::Failed | Self::Died)
    }
}

/// The three functions under one policy.
#[derive(Debug)]
pub struct Cast {
    night: Function,
    day: Function,
    spike: Function,
}

impl Cast {
    /// The functions as they are deployed, silent, with this planner.
    pub fn new(document: &str, planner: &'static Planner<'static>) -> Self {
        let policy = Policy::parse(document).expect("a valid policy");
        let home = Home { account: ACCOUNT.into(), region: REGION.into() };
        let function = |duty| {
            Function::new(duty, home.clone(), policy.clone(), 30)
                .telling(Telling::NOWHERE)
                .planned_by(planner)
        };
        Self {
            night: function(Duty::Night),
            day: function(Duty::Day),
            spike: function(Duty::Spike),
        }
    }

    /// Serves one event as Lambda does: in a run of its own, with the function's timeout.
    pub async fn serve(&self, aws: &FakeAws, duty: Duty, payload: &Value) -> Served {
        let function = match duty {
            Duty::Night => &self.night,
            Duty::Day => &self.day,
            Duty::Spike => &self.spike,
        };
        let run = aws.new_run();
        run.set_time_left(TIMEOUT);
        let answer = function.serve(run.clone(), payload).await;
        match answer {
            _ if run.has_crashed() => Served::Died,
            Ok(answer) => served(&answer),
            Err(_) => Served::Failed,
        }
    }
}

fn served(answer: &Value) -> Served {
    let decisions = answer.get("decisions").and_then(Value::as_array);
    let busy = |entry: &Value| entry.get("outcome").is_some_and(|word| word == "in_progress");
    if decisions.is_some_and(|all| all.iter().any(busy)) {
        Served::InProgress
    } else {
        Served::Answered
    }
}

/// The functions and a thread that runs them.
#[derive(Debug)]
pub struct Lambda {
    /// The functions.
    pub cast: Arc<Cast>,
    /// What runs them.
    pub runtime: Runtime,
}

impl Lambda {
    /// The functions under the policy of these fleets, with this planner.
    pub fn new(fleets: &[&str], planner: &'static Planner<'static>) -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        Self { cast: Arc::new(Cast::new(&document(fleets), planner)), runtime }
    }

    /// Delivers a payload.
    pub fn deliver(&self, aws: &FakeAws, duty: Duty, payload: &Value) -> Served {
        self.runtime.block_on(self.cast.serve(aws, duty, payload))
    }

    /// An event happens and is delivered.
    pub fn wake(&self, aws: &FakeAws, event: Event) -> Served {
        self.deliver(aws, event.duty(), &event.payload(aws.now()))
    }
}

/// A world at this time.
pub fn world(now: &str) -> FakeAws {
    FakeAws::at(time(now))
}

/// A time.
pub fn time(text: &str) -> Timestamp {
    text.parse().expect("a time")
}

/// Minutes.
pub fn minutes(n: i64) -> SignedDuration {
    SignedDuration::from_mins(n)
}

/// The fleet of most scenes.
pub fn web() -> FleetName {
    name("web")
}

/// A fleet's name.
pub fn name(fleet: &str) -> FleetName {
    FleetName::new(fleet).expect("a name")
}

/// An alarm of a fleet: `cpu-high`, `latency` or `5xx`.
pub fn alarm(fleet: &str, kind: &str) -> AlarmName {
    AlarmName::new(format!("{fleet}-{kind}")).expect("a name")
}

/// Adds a group with its alarms, all OK for an hour, and quiet metrics: a load that needs two
/// instances, CPU 20.
pub fn add_fleet(aws: &FakeAws, fleet: &str, spec: GroupSpec) {
    aws.add_group(&name(fleet), spec).expect("a group");
    let cpu = MetricQuery::metric(cpu_spec(fleet));
    for (kind, threshold) in [("cpu-high", 50.0), ("latency", 1e9), ("5xx", 1e9)] {
        let (alarm, side) = (alarm(fleet, kind), Comparison::AtOrAbove);
        aws.put_alarm(AlarmSpec::new(&alarm, cpu.clone(), side, threshold));
        aws.set_alarm(&alarm, AlarmState::Ok);
    }
    level(aws, &load_spec(fleet), 100.0);
    level(aws, &healthy_spec(fleet), 2.0);
    level(aws, &cpu_spec(fleet), 20.0);
}

/// Sets a metric to one value, for hours back and an hour ahead.
pub fn level(aws: &FakeAws, spec: &MetricSpec, value: f64) {
    let now = aws.now();
    let window = Window { from: now - PAST, until: now + AHEAD };
    aws.put_level(spec, window, value);
}

/// Loses a metric, for hours back and an hour ahead.
pub fn lose(aws: &FakeAws, spec: &MetricSpec) {
    let now = aws.now();
    aws.lose_points(spec, Window { from: now - PAST, until: now + AHEAD });
}

/// The spike alarm of a fleet goes off and its CPU stays at this value.
pub fn breach(aws: &FakeAws, fleet: &str, cpu: f64) {
    level(aws, &cpu_spec(fleet), cpu);
    aws.set_alarm(&alarm(fleet, "cpu-high"), AlarmState::Alarm);
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
