//! What a sound document says, what is unwise, what is wrong.

use super::*;
use std::path::Path;

const SOUND: &str = r#"
version = 1
[fleets.aira-web]
min = 2
time_zone = "Asia/Seoul"
capacity_per_instance = 600
budget_max = 40
[fleets.aira-web.load]
expression = "requests * 2"
metrics = { requests = "AWS/ApplicationELB RequestCount Sum" }
healthy = "AWS/ApplicationELB HealthyHostCount Minimum"
[fleets.aira-web.day]
starts = "08:00"
floor = 10
[fleets.aira-web.night]
starts = "22:00"
floor = 2
holidays = { "2027-01-01" = "sun" }
exceptions = [{ stay_up_until = "2026-12-31T02:00", reason = "launch" }]
[fleets.aira-web.lower]
veto_alarms = ["aira-web-5xx-critical"]
[[fleets.aira-web.spike]]
alarm = "aira-web-cpu-high"
adjustment = "percent"
steps = [{ from = 0, to = 15, add = 10 }, { from = 15, to = 30, add = 30 }, { from = 30, add = 60 }]
"#;

fn at() -> Timestamp {
    "2026-11-20T12:00:00Z".parse().unwrap()
}

#[test]
fn in_plain_words() {
    let answer = answer(SOUND, at()).unwrap();
    let words = answer.words();
    for said in [
        "the policy document is sound\n",
        "\nfleet aira-web\n",
        "  size        2 to 40, and never above the group's MaxSize\n",
        "              requests = AWS/ApplicationELB RequestCount Sum\n",
        "  load        tidegate_load = requests * 2\n",
        "  instance    serves 600 of it a minute inside the SLO\n",
        "  boot        3m until launches are measured; a day is asked for 6m ahead\n",
        "  zone        Asia/Seoul\n",
        "  day         mon tue wed thu fri, 08:00 to 22:00: at least 10\n",
        "  night       all other times: at least 2\n",
        "  holiday     2027-01-01 counts as sun\n",
        "  exception   stays up until 2026-12-31T02:00:00: launch\n",
        "  next        day from Fri 2026-11-20 08:00 +09:00 to Fri 2026-11-20 22:00 +09:00\n",
        "  next        day from Mon 2026-11-23 08:00 +09:00 to Mon 2026-11-23 22:00 +09:00\n",
        "  lowering    to 1.3 x the load, never below the floor; at most 20 % (at least 1)",
        "  vetoed by   aira-web-5xx-critical\n",
        "  spike       aira-web-cpu-high: adds percent of the fleet, at least 1\n",
        "    metric above threshold by adds        10 become\n",
        "    0 to below 15             +10 %       11\n",
        "    15 to below 30            +30 %       13\n",
        "    30 and more               +60 %       16\n",
        "  routes      2 below the root; topics critical, escalation, warning\n",
        "\n0 warning(s)\n",
    ] {
        assert!(words.contains(said), "{said}{words}");
    }
    assert!(answer.differences(true).is_empty(), "{:?}", answer.warnings);
}

#[test]
fn what_is_unwise() {
    for (name, good, bad, said) in [
        ("dry run", "version = 1", "version = 1\ndry_run = true", "dry_run: every"),
        ("none", "min = 2", "min = 0", "aira-web.min: a fleet of none takes 3m"),
        ("one", "min = 2", "min = 1", "min: a single instance"),
        ("no budget", "budget_max = 40\n", "", "budget_max: nothing but the group's MaxSize"),
        ("no night", "floor = 10", "floor = 2", "night.floor: 2 by day and by night"),
        ("no hosts", "healthy = ", "#", "load.healthy: without it"),
        ("no vetoes", "\"aira-web-5xx-critical\"", "", "lower.veto_alarms: no alarm"),
        ("slow", "min = 2", "min = 2\nboot_secs = 601", "boot_secs: 10m 1s is longer than"),
        ("tight", "floor = 2", "floor = 2\nheadroom = 1.05", "night.headroom: 1.05 leaves"),
        ("over", "2027-01-01", "2026-11-19", "night.holidays.2026-11-19: is over"),
        ("usual", "\"sun\"", "\"fri\"", "2027-01-01: counts as the weekday that it is"),
        ("long ago", "2026-12-31T", "2025-12-31T", "night.exceptions[0]: is over (launch"),
        ("short", "\"22:00\"", "\"07:50\"", "night.starts: a night of 10m is over before"),
        (
            "idle",
            "add = 10 }, { from = 15, to = 30, add = 30 }, { from = 30, add = 60",
            "add = 0 }, { from = 15, add = 0",
            "spike[0].steps: add nothing",
        ),
        (
            "hour",
            "\"percent\"",
            "\"percent\"\ngrowth_hour_percent = 150",
            "growth_10min_percent: 200 is more",
        ),
        (
            "nobody",
            "version = 1",
            "version = 1\nalarms = { topic = \"none\", routes = [] }",
            "alarms: nobody is told",
        ),
        (
            "no one at once",
            "version = 1",
            "version = 1\nalarms = { routes = [] }",
            "topic critical",
        ),
    ] {
        let answer = answer(&SOUND.replacen(good, bad, 1), at()).unwrap();
        let [told] = answer.warnings.as_slice() else { panic!("{name}: {:?}", answer.warnings) };
        assert!(told.contains(said), "{name}: {told}");
        assert!(answer.words().contains(&format!("\n1 warning(s)\n  {told}\n")), "{name}");
        assert_eq!(answer.differences(true), ["1 warning(s), and --strict"]);
        assert!(answer.differences(false).is_empty());
    }
}

#[test]
fn every_fault_is_said() {
    let bad = SOUND.replace("min = 2", "min = -2").replace("\"08:00\"", "\"8\"")
        + "[alarms]\ntopic = \"No One\"\n";
    let error = answer(&bad, at()).unwrap_err();
    assert_eq!(error.code(), 2);
    let said = error.to_string();
    for fault in ["3 fault(s)", "aira-web.min: a whole", "day.starts: a local", "alarms.topic:"] {
        assert!(said.contains(fault), "{fault}: {said}");
    }
}

#[test]
fn the_demos_policy_is_sound() {
    let demo = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tools/demo/policy.toml");
    let answer = answer(&std::fs::read_to_string(demo).unwrap(), at()).unwrap();
    assert_eq!(answer.warnings, Vec::<String>::new());
}
