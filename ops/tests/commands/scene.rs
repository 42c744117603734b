//! What the tests share: a policy for two fleets, a world with its groups, and real runs of
//! the cycle that fill memory and ledger.

use jiff::{SignedDuration, Timestamp};
use tidegate_domain::cycle::{Run, cycle};
use tidegate_domain::ids::FleetName;
use tidegate_domain::ledger::LedgerEntry;
use tidegate_domain::policy::Policy;
use tidegate_domain::ports::{Control, StoredPolicy};
use tidegate_domain::signal::Signal;
use tidegate_fakes::{FakeAws, GroupSpec, block_on};

/// A Friday, 14:25 in Seoul.
pub const NOON: &str = "2026-11-20T05:25:00Z";

pub const POLICY: &str = r#"version = 1
[fleets.aira-web]
min = 2
time_zone = "Asia/Seoul"
load = { expression = "requests", metrics = { requests = "AWS/ApplicationELB RequestCount Sum" } }
capacity_per_instance = 600
budget_max = 40
day = { starts = "08:00", floor = 6 }
lower = { veto_alarms = ["aira-web-5xx"] }
[fleets.aira-web.night]
starts = "22:00"
floor = 2
holidays = { "2026-11-23" = "sun" }
exceptions = [{ stay_up_until = "2026-12-31T02:00", reason = "launch" }]
[[fleets.aira-web.spike]]
alarm = "aira-web-cpu-high"
adjustment = "percent"
steps = [{ from = 0, to = 15, add = 10 }, { from = 15, add = 60 }]
[fleets.aira-api]
min = 1
time_zone = "UTC"
load = { expression = "cpu", metrics = { cpu = "AWS/EC2 CPUUtilization Average" } }
capacity_per_instance = 60
day = { starts = "08:00", floor = 2 }
night = { starts = "20:00", floor = 1 }
"#;

pub fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

pub fn fleet(name: &str) -> FleetName {
    FleetName::new(name).unwrap()
}

pub fn put(aws: &FakeAws, version: u32, document: &str) {
    let policy = StoredPolicy { version, document: document.to_owned() };
    block_on(aws.put_policy(&policy)).unwrap();
}

/// Friday noon, the policy stored as version 3, both groups there with four instances.
pub fn world() -> FakeAws {
    let aws = FakeAws::at(at(NOON));
    put(&aws, 3, POLICY);
    for name in ["aira-web", "aira-api"] {
        aws.add_group(&fleet(name), GroupSpec::sized(4, 4, 60)).unwrap();
    }
    aws
}

/// One run of the spike function's tick.
pub fn tick(aws: &FakeAws, name: &str) -> LedgerEntry {
    let (fleet, policy) = (fleet(name), Policy::parse(POLICY).unwrap());
    let run = Run {
        function: "spike-step-scaler",
        fleet: &fleet,
        policy: &policy.fleets[&fleet],
        signal: Signal::Tick,
        dry_run: false,
        policy_fault: None,
        ledger_life: SignedDuration::from_hours(24),
    };
    block_on(cycle(aws, &run)).unwrap()
}
