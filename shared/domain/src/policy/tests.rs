//! The policy document: the design's example, and every fault with its path.

use super::*;

const EXAMPLE: &str = r#"
version = 1
dry_run = false
[fleets.aira-web]
min = 2
time_zone = "Asia/Seoul"
load = { expression = "requests", metrics = { requests = "AWS/ApplicationELB RequestCount Sum" } }
capacity_per_instance = 600
boot_secs = 180
sizing = "advise"
sla = "balanced"
az_reserve = false
budget_max = 40
[fleets.aira-web.day]
starts = "08:00"
floor = 6
days = ["mon", "tue", "wed", "thu", "fri"]
[fleets.aira-web.night]
starts = "22:00"
floor = 2
headroom = 1.3
holidays = { "2027-01-01" = "sun" }
exceptions = [{ stay_up_until = "2026-12-31T02:00", reason = "launch" }]
[fleets.aira-web.lower]
step_percent = 20
bake_secs = 600
veto_alarms = ["aira-web-latency-critical", "aira-web-5xx-critical"]
[[fleets.aira-web.spike]]
alarm = "aira-web-cpu-high"
adjustment = "percent"
steps = [{ from = 0, to = 15, add = 10 }, { from = 15, to = 30, add = 30 }, { from = 30, add = 60 }]
min_magnitude = 1
warmup_secs = 180
stabilization_secs = 600
growth_10min_percent = 200
growth_hour_percent = 400
[alarms]
group_wait_secs = 30
[[alarms.routes]]
match = { severity = "critical" }
topic = "critical"
"#;

fn faults(document: &str) -> String {
    Policy::parse(document).unwrap_err().to_string()
}

#[test]
fn the_designs_example_is_valid() {
    let policy = Policy::parse(EXAMPLE).unwrap();
    let fleet = policy.fleets.values().next().unwrap();
    assert_eq!((fleet.min, fleet.day_floor, fleet.night.floor), (2, 6, 2));
    assert_eq!(fleet.spikes.first().unwrap().table.apply(10, 20.0), Some(13));
    assert_eq!(fleet.alarm_names().len(), 3);
    assert_eq!(fleet.load.query.result, "requests");
}

#[test]
fn every_fault_is_named_with_its_path() {
    let cases = [
        ("min = 2", "min = -1", "fleets.aira-web.min: a whole number"),
        ("Asia/Seoul", "Asia/Seoull", "fleets.aira-web.time_zone: \"Asia/Seoull\" is not"),
        ("boot_secs", "boot_seconds", "fleets.aira-web.boot_seconds: unknown key"),
        ("\"08:00\"", "\"8\"", "fleets.aira-web.day.starts: a local time"),
        ("\"fri\"]", "\"friday\"]", "fleets.aira-web.day.days[4]: one of mon"),
        ("headroom = 1.3", "headroom = 0.9", "night.headroom: a number from 1 to 4"),
        ("floor = 6", "floor = 1", "day.floor must not lie below night.floor"),
        ("budget_max = 40", "budget_max = 5", "budget_max must not lie below day.floor"),
        ("step_percent = 20", "step_percent = 50", "lower.step_percent: a whole number from 1"),
        ("to = 15", "to = 16", "spike[0].steps: overlap"),
        ("from = 30, add = 60", "from = 30, add = -6", "spike[0].steps[2].add: a whole number"),
        ("\"percent\"", "\"perc\"", "spike[0].adjustment: one of change, percent, exact"),
        ("version = 1", "version = 2", "version: a whole number from 1 to 1"),
        ("Sum\"", "Median\"", "load.metrics.requests: unknown statistic"),
        ("\"2027-01-01\"", "\"2027-13-01\"", "night.holidays.2027-13-01"),
        ("2026-12-31T02:00", "soon", "night.exceptions[0]"),
        ("az_reserve = false", "az_reserve = true", "az_reserve: not in this version"),
        ("\"advise\"", "\"on\"", "sizing: one of advise, off"),
        ("starts = \"22:00\"", "starts = \"08:00\"", "are the same time"),
        ("dry_run = false", "dry_run = 0", "dry_run: true or false"),
    ];
    for (good, bad, why) in cases {
        let text = faults(&EXAMPLE.replace(good, bad));
        assert!(text.contains(why), "{bad}: {text}");
    }
}

#[test]
fn all_faults_come_at_once() {
    let broken = EXAMPLE
        .replace("min = 2", "min = \"two\"")
        .replace("capacity_per_instance = 600\n", "")
        .replace("[fleets.aira-web.night]", "[fleets.aira-web.nihgt]");
    let text = faults(&broken);
    for why in ["min:", "capacity_per_instance: missing", "night: missing", "nihgt: unknown key"] {
        assert!(text.contains(why), "{why} in {text}");
    }
}

#[test]
fn several_fleets_and_none() {
    let second = EXAMPLE.split("[alarms]").next().unwrap().replace("aira-web", "aira-api");
    let second = second.split("dry_run = false").nth(1).unwrap();
    assert_eq!(Policy::parse(&format!("{EXAMPLE}{second}")).unwrap().fleets.len(), 2);
    assert!(faults("version = 1\n[fleets]").contains("at least one fleet"));
    assert!(faults("").contains("fleets: missing"));
    assert!(faults("version = [").contains("TOML parse error"));
}

#[test]
fn an_expression_becomes_the_result_line() {
    let text = EXAMPLE.replace("expression = \"requests\"", "expression = \"requests * 2\"");
    let policy = Policy::parse(&text).unwrap();
    let query = &policy.fleets.values().next().unwrap().load.query;
    assert_eq!((query.parts.len(), query.result.as_str()), (2, "tidegate_load"));
}
