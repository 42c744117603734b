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
        ("az_reserve = false", "az_reserve = 1", "az_reserve: true or false"),
        ("\"advise\"", "\"yes\"", "sizing: one of advise, on, off"),
        ("\"balanced\"", "\"cheap\"", "sla: one of balanced, thrifty, strict"),
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

/// Nothing but what is required.
const LEAST: &str = r#"
version = 1
[fleets.web]
min = 2
time_zone = "UTC"
load = { expression = "requests", metrics = { requests = "AWS/ApplicationELB RequestCount Sum" } }
capacity_per_instance = 600
[fleets.web.day]
starts = "08:00"
floor = 6
[fleets.web.night]
starts = "22:00"
floor = 4
"#;

fn only(document: &str) -> FleetPolicy {
    Policy::parse(document).unwrap().fleets.pop_first().unwrap().1
}

fn spike(steps: &str) -> String {
    let head = "[[fleets.web.spike]]\nalarm = \"a\"\nadjustment = \"change\"\n";
    format!("{head}steps = [{steps}]\n")
}

fn secs(n: i64) -> jiff::SignedDuration {
    jiff::SignedDuration::from_secs(n)
}

#[test]
fn every_key_of_the_example_is_read() {
    let document = EXAMPLE.replace("boot_secs = 180", "boot_secs = 90");
    let document = document.replace("warmup_secs = 180", "warmup_secs = 170");
    let policy = only(&document.replace("bake_secs = 600", "bake_secs = 610"));
    assert!((policy.capacity_per_instance - 600.0).abs() < f64::EPSILON);
    assert_eq!((policy.boot, policy.budget_max), (secs(90), 40));
    assert!((policy.night.headroom - 1.3).abs() < f64::EPSILON);
    assert_eq!((policy.lower.step_percent, policy.lower.bake), (20, secs(610)));
    assert_eq!(policy.lower.veto_alarms.len(), 2);
    let calendar = &policy.calendar;
    assert_eq!(calendar.zone.iana_name(), Some("Asia/Seoul"));
    assert_eq!(calendar.day_cron(), "0 8 * * MON,TUE,WED,THU,FRI");
    assert_eq!(calendar.night_starts, "22:00".parse().unwrap());
    let holidays: Vec<String> =
        calendar.holidays.iter().map(|(date, day)| format!("{date} {}", day.cron())).collect();
    assert_eq!(holidays, ["2027-01-01 SUN"]);
    let stay = calendar.exceptions.first().unwrap();
    assert_eq!(
        (stay.until.to_string().as_str(), stay.reason.as_str()),
        ("2026-12-31T02:00:00", "launch")
    );
    let spike = policy.spikes.first().unwrap();
    assert_eq!(spike.alarm.as_str(), "aira-web-cpu-high");
    assert_eq!((spike.warmup, spike.stabilization), (secs(170), secs(600)));
    assert_eq!((spike.growth_10min_percent, spike.growth_hour_percent), (200, 400));
    assert_eq!(policy.stabilization(), secs(600));
}

#[test]
fn what_is_not_given_has_its_default() {
    let policy = Policy::parse(LEAST).unwrap();
    assert!(!policy.dry_run);
    let policy = only(LEAST);
    assert_eq!((policy.boot, policy.budget_max), (secs(180), 10_000));
    assert!((policy.night.headroom - 1.3).abs() < f64::EPSILON);
    assert_eq!((policy.lower.step_percent, policy.lower.bake), (20, secs(600)));
    assert_eq!(policy.calendar.day_cron(), "0 8 * * MON,TUE,WED,THU,FRI");
    assert!(policy.calendar.holidays.is_empty() && policy.calendar.exceptions.is_empty());
    assert!(policy.load.healthy.is_none() && policy.spikes.is_empty());
    assert!(policy.alarm_names().is_empty());
    assert_eq!(policy.stabilization(), secs(600));
    let spike = only(&format!("{LEAST}{}", spike("{ from = 0, add = 1 }"))).spikes.remove(0);
    assert_eq!((spike.warmup, spike.stabilization), (secs(180), secs(600)));
}

#[test]
fn the_other_values_are_read_too() {
    let document = LEAST.replace("version = 1", "version = 1\ndry_run = true\nalarms = {}");
    assert!(Policy::parse(&document).unwrap().dry_run);
    let document = LEAST
        .replace("Sum\" }", "Sum\" }, healthy = \"AWS/ApplicationELB HealthyHostCount Minimum\"");
    assert!(only(&document).load.healthy.is_some());
    let mut days = LEAST.replace("floor = 6", "floor = 6\ndays = [\"sun\", \"mon\"]");
    assert_eq!(only(&days).calendar.day_cron(), "0 8 * * MON,SUN");
    days.push_str("exceptions = [{ stay_up_until = \"2026-12-31T02:00\" }]\n");
    assert_eq!(only(&days).calendar.exceptions.remove(0).reason, "no reason given");
}

#[test]
fn adjustments() {
    let after = |kind: &str, magnitude: &str| {
        let text = EXAMPLE.replace("\"percent\"", &format!("\"{kind}\""));
        let text = text.replace("min_magnitude = 1", &format!("min_magnitude = {magnitude}"));
        only(&text).spikes.remove(0).table.apply(10, 20.0)
    };
    assert_eq!(after("percent", "1"), Some(13), "30 % of ten");
    assert_eq!(after("percent", "5"), Some(15));
    assert_eq!(after("change", "1"), Some(40));
    assert_eq!(after("exact", "1"), Some(30));
}

#[test]
fn values_at_the_edges_of_their_ranges() {
    let cases = [
        ("min = 2", "min = 0", true),
        ("floor = 4", "floor = 2", true),
        ("floor = 4", "floor = 1", false),
        ("floor = 6", "floor = 4", true),
        ("floor = 6", "floor = 3", false),
        ("min = 2", "min = 2\nbudget_max = 6", true),
        ("min = 2", "min = 2\nbudget_max = 5", false),
        ("floor = 4", "floor = 4\nheadroom = 1", true),
        ("floor = 4", "floor = 4\nheadroom = 4.0", true),
        ("floor = 4", "floor = 4\nheadroom = 4.01", false),
        ("floor = 4", "floor = 4\nheadroom = 0.99", false),
        ("min = 2", "min = 2\nboot_secs = 1", true),
        ("min = 2", "min = 2\nboot_secs = 3600", true),
        ("min = 2", "min = 2\nboot_secs = 0", false),
        ("min = 2", "min = 2\nboot_secs = 3601", false),
        ("min = 2", "min = 2\nsizing = \"off\"\nsla = \"strict\"\naz_reserve = true", true),
    ];
    for (good, other, valid) in cases {
        let parsed = Policy::parse(&LEAST.replacen(good, other, 1));
        assert_eq!(parsed.is_ok(), valid, "{other}: {parsed:?}");
    }
}

#[test]
fn steps_at_the_edges_of_their_ranges() {
    let cases = [
        ("{ from = 0, add = 0 }", true),
        ("{ from = 0, add = 100000 }", true),
        ("{ from = 0, add = 100001 }", false),
        ("{ from = 0.5, add = 1 }", true),
        ("{ from = -0.5, add = 1 }", false),
        ("{ add = 1 }", false),
        ("{ from = \"0\", add = 1 }", false),
        ("{ from = 0 }", false),
        ("{ from = 0, add = 1, too = 3 }", false),
        ("1", false),
    ];
    for (step, valid) in cases {
        let parsed = Policy::parse(&format!("{LEAST}{}", spike(step)));
        assert_eq!(parsed.is_ok(), valid, "{step}: {parsed:?}");
    }
}

#[test]
fn names_of_metrics() {
    for (name, valid) in [
        ("requests", true),
        ("r_1", true),
        ("Requests", false),
        ("1r", false),
        ("re-quests", false),
        ("tidegate_load", false),
    ] {
        let text = LEAST.replace("requests =", &format!("\"{name}\" ="));
        assert_eq!(Policy::parse(&text).is_ok(), valid, "{name}");
    }
}

#[test]
fn shapes_that_are_wrong() {
    let spike = spike("{ from = 0, add = 1 }");
    let append = |text: &str| format!("{LEAST}{text}");
    let replace = |good: &str, bad: &str| LEAST.replacen(good, bad, 1);
    let cases = [
        (replace("version = 1", "version = 1\nalarms = 1"), "alarms: a table, got 1"),
        ("version = 1\nfleets = 1".into(), "fleets: a table, got 1"),
        ("version = 1\nfleets = { web = 1 }".into(), "fleets.web: a table, got 1"),
        ("version = 1\n[fleets.\"\"]".into(), "fleets.: a fleet's name must be 1 to 255"),
        (replace("starts = \"08:00\"", "starts = 8"), "day.starts: text, got 8"),
        (replace("08:00", "08:00:00"), "day.starts: a local time"),
        (replace("08:00", "8:00"), "day.starts: a local time"),
        (replace("floor = 6", "floor = 6\ndays = []"), "days: at least one weekday"),
        (replace("floor = 6", "floor = 6\ndays = 5"), "days: a list, got 5"),
        (append("exceptions = [1]"), "exceptions[0]: { stay_up_until, reason }, got 1"),
        (append("exceptions = [{ reason = \"x\" }]"), "exceptions[0].stay_up_until: missing"),
        (append("exceptions = [{ stay_up = \"x\" }]"), "exceptions[0].stay_up: unknown key"),
        (append("holidays = { \"2027-01-01\" = \"someday\" }"), "holidays.2027-01-01: one of mon"),
        (
            replace("{ requests = \"AWS/ApplicationELB RequestCount Sum\" }", "{}"),
            "at least one metric",
        ),
        (
            replace("expression = \"requests\"", "expression = \" \""),
            "expression: an expression over",
        ),
        (append(&format!("{spike}{spike}")), "spike[1]: a second table for alarm a"),
        (replace("min = 2", "min = 2\nspike = [1]"), "spike[0]: a table, got 1"),
        (replace("min = 2", "min = 2\nlower = 1"), "lower: a table, got 1"),
        (append(&spike.replace("add = 1 }", "add = 1, too = 2 }")), "steps[0].too: unknown key"),
        (append(&spike.replace("from = 0", "from = \"x\"")), "steps[0]: a bound is a number"),
        (append(&spike.replace("from = 0", "to = 0")), "steps[0]: from 0 or above is needed"),
    ];
    for (document, why) in cases {
        let text = faults(&document);
        assert!(text.contains(why), "{why} in {text}");
    }
}

#[test]
fn a_sound_document_has_no_fault_of_another() {
    // One fault is one fault: nothing else of a document is blamed for it.
    for (good, bad) in [("min = 2", "min = -1"), ("08:00", "8"), ("UTC", "Mars/Olympus")] {
        let found = Policy::parse(&LEAST.replacen(good, bad, 1)).unwrap_err();
        assert_eq!(found.0.len(), 1, "{bad}: {found}");
    }
}

#[test]
fn keys_tell_their_range_and_default() {
    let told = |section: &str, name: &str| {
        let key = keys::all().find(|k| k.section == section && k.name == name).unwrap();
        (key.range(), key.default())
    };
    for (section, name, range, default) in [
        ("", "version", "1 to 1", "required"),
        ("", "dry_run", "true, false", "false"),
        ("fleet", "boot_secs", "1 to 3600", "180"),
        ("fleet", "time_zone", "\"Asia/Seoul\"", "required"),
        ("fleet", "sizing", "advise, on, off", "advise"),
        ("fleet", "lower", "[fleets.NAME.lower]", "none"),
        ("fleet.night", "headroom", "1 to 4", "1.3"),
        ("fleet", "capacity_per_instance", "0.000000001 to 1000000000000", "required"),
        ("fleet.spike", "adjustment", "change, percent, exact", "required"),
        ("alarms", "topic", "\"warning\"", "warning"),
        ("alarms", "group_wait_secs", "0 to 3600", "30"),
        ("alarms.routes", "group_wait_secs", "0 to 3600", "the parent's"),
        ("alarms.routes", "topic", "\"warning\"", "the parent's"),
        ("alarms.inhibit", "equal", "[\"resource\"]", "[]"),
    ] {
        assert_eq!(told(section, name), (range.to_owned(), default.to_owned()), "{name}");
    }
}

/// What is inherited has a key to inherit from, and no key stands twice.
#[test]
fn keys_are_sound() {
    let mut seen = std::collections::BTreeSet::new();
    for key in keys::all() {
        assert!(seen.insert((key.section, key.name)), "{} {}", key.section, key.name);
        let resolved = !matches!(key.resolved(), keys::Kind::Inherited);
        assert!(resolved, "{}.{} inherits from nothing", key.section, key.name);
    }
}
