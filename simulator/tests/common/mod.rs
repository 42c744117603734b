//! What the replay's tests stand on: policies, setups, and a run with its whole ledger.
#![allow(dead_code, clippy::unwrap_used, reason = "each test takes what it needs, and fails by it")]

use simulator::plant::{Minute, Spec};
use simulator::replay::drive::{Driven, Setup, drive};
use simulator::trace::Trace;
use simulator::world::AlarmRule;
use std::sync::{Arc, Mutex};
use tidegate_domain::ids::{AlarmName, FleetName};
use tidegate_domain::ledger::LedgerEntry;
use tidegate_domain::policy::{FleetPolicy, Policy};

/// A fleet with everything: day and night, step tables, a veto alarm, a host count.
pub const BUSY: &str = r#"
version = 1
[fleets.web]
min = 2
time_zone = "Asia/Seoul"
load = { expression = "r", metrics = { r = "AWS/ApplicationELB RequestCount Sum" }, healthy = "AWS/ApplicationELB HealthyHostCount Minimum" }
capacity_per_instance = 100
boot_secs = 180
SIZING
[fleets.web.day]
starts = "08:00"
floor = 16
days = ["mon", "tue", "wed", "thu", "fri"]
[fleets.web.night]
starts = "22:00"
floor = 3
[fleets.web.lower]
veto_alarms = ["web-errors"]
[[fleets.web.spike]]
alarm = "web-cpu"
adjustment = "percent"
steps = [{ from = 0, to = 15, add = 10 }, { from = 15, add = 30 }]
"#;

/// A fleet of which nothing is set but the minimum.
pub const PLAIN: &str = r#"
version = 1
[fleets.web]
min = 2
time_zone = "UTC"
load = { expression = "r", metrics = { r = "AWS/ApplicationELB RequestCount Sum" } }
capacity_per_instance = 100
SIZING
day = { starts = "08:00", floor = 2 }
night = { starts = "22:00", floor = 2 }
"#;

/// Learned headroom is off, or followed.
pub const OFF: &str = "sizing = \"off\"";
pub const ON: &str = "sizing = \"on\"\nsla = \"thrifty\"\ncapacity_confirmed = true";

/// The policy of the document's only fleet, with this line about sizing.
pub fn policy(document: &str, sizing: &str) -> (FleetName, FleetPolicy) {
    let policy = Policy::parse(&document.replace("SIZING", sizing)).unwrap();
    policy.fleets.into_iter().next().unwrap()
}

/// A setup of the document's fleet under a trace, scored from its beginning.
pub fn setup<'t>(trace: &'t Trace, document: &str, sizing: &str) -> Setup<'t> {
    let (fleet, policy) = policy(document, sizing);
    let spec = Spec::of(trace, policy.capacity_per_instance, policy.min);
    let rule = |spike: &tidegate_domain::policy::SpikePolicy| AlarmRule::usual(&spike.alarm);
    let alarms = policy.spikes.iter().map(rule).collect();
    Setup {
        trace,
        spec,
        scored_from: 0,
        fleet,
        policy,
        alarms,
        faults: Vec::new(),
        attached: None,
        skips_quiet: false,
    }
}

/// The alarm that the busy fleet's step table is on.
pub fn cpu_alarm() -> AlarmName {
    AlarmName::new("web-cpu").unwrap()
}

/// A run, with every entry of its ledger and the second at which it was written.
pub struct Whole {
    pub ledger: Vec<(u64, LedgerEntry)>,
    pub driven: Driven,
}

impl Whole {
    /// The ledger as text, a line each.
    pub fn text(&self) -> String {
        let line = |(second, entry): &(u64, LedgerEntry)| {
            format!("{second} {}\n", serde_json::to_string(entry).unwrap())
        };
        self.ledger.iter().map(line).collect()
    }

    pub fn minutes(&self) -> &[Minute] {
        &self.driven.minutes
    }
}

pub fn run(setup: &Setup<'_>) -> Whole {
    let ledger = Arc::new(Mutex::new(Vec::new()));
    let sink = {
        let ledger = Arc::clone(&ledger);
        Box::new(move |second, entry: &LedgerEntry| {
            ledger.lock().unwrap().push((second, entry.clone()));
        })
    };
    let driven = drive(setup, sink, &mut |_| ()).unwrap();
    let ledger = std::mem::take(&mut *ledger.lock().unwrap());
    Whole { ledger, driven }
}
