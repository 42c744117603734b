//! The policies that histories are played under, parsed once.

use std::sync::OnceLock;
use tidegate_domain::policy::Policy;

/// How many there are.
pub const COUNT: usize = 6;

/// The fleet's name in every one.
pub const FLEET: &str = "web";

/// What differs from one policy to the next.
struct Terms {
    min: u32,
    zone: &'static str,
    night_floor: u32,
    budget: u32,
    lower: &'static str,
    growth: &'static str,
    sizing: &'static str,
}

const USUAL: Terms = Terms {
    min: 1,
    zone: "Asia/Seoul",
    night_floor: 2,
    budget: 40,
    lower: "",
    growth: "",
    sizing: "off",
};

const TERMS: [Terms; COUNT] = [
    USUAL,
    Terms { growth: "growth_10min_percent = 20\ngrowth_hour_percent = 30", ..USUAL },
    Terms { budget: 8, sizing: "advise", ..USUAL },
    Terms { min: 0, night_floor: 0, ..USUAL },
    Terms { zone: "Europe/Berlin", lower: "step_percent = 10\nbake_secs = 1200", ..USUAL },
    Terms { sizing: "on", ..USUAL },
];

fn document(terms: &Terms) -> String {
    let Terms { min, zone, night_floor, budget, lower, growth, sizing } = terms;
    format!(
        r#"
version = 1
[fleets.web]
min = {min}
time_zone = "{zone}"
capacity_per_instance = 100
boot_secs = 120
budget_max = {budget}
sizing = "{sizing}"
[fleets.web.load]
expression = "requests"
metrics = {{ requests = "AWS/ApplicationELB RequestCount Sum TargetGroup=web" }}
healthy = "AWS/ApplicationELB HealthyHostCount Minimum TargetGroup=web"
[fleets.web.day]
starts = "08:00"
floor = 6
days = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
[fleets.web.night]
starts = "22:00"
floor = {night_floor}
[fleets.web.lower]
veto_alarms = ["web-latency", "web-5xx"]
{lower}
[[fleets.web.spike]]
alarm = "web-cpu-high"
adjustment = "percent"
steps = [{{ from = 0, to = 10, add = 0 }}, {{ from = 10, to = 20, add = 10 }}, {{ from = 20, add = 30 }}]
{growth}
"#
    )
}

/// The text of a policy.
pub fn text(index: usize) -> String {
    TERMS.get(index).map(document).unwrap_or_default()
}

/// A policy.
pub fn policy(index: usize) -> &'static Policy {
    static PARSED: OnceLock<Vec<Policy>> = OnceLock::new();
    let parse = |terms| Policy::parse(&document(terms)).unwrap_or_else(|e| unreachable!("{e}"));
    let parsed = PARSED.get_or_init(|| TERMS.iter().map(parse).collect());
    &parsed[index % COUNT]
}
