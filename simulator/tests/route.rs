//! The program itself: alarms and where they go, exit codes, inputs that are wrong.

#![expect(clippy::unwrap_used, reason = "helpers of tests may panic")]

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

const TREE: &str = r#"
version = 1
[fleets.aira-web]
min = 2
time_zone = "Asia/Seoul"
load = { expression = "m", metrics = { m = "AWS/EC2 NetworkIn Sum" } }
capacity_per_instance = 600
day = { starts = "08:00", floor = 6 }
night = { starts = "22:00", floor = 2 }

[alarms]
group_wait_secs = 45
[[alarms.routes]]
match = ['alarm =~ "aira-web-.*"', 'severity = critical']
topic = "web-critical"
continue = true
[[alarms.routes]]
match = { fleet = "aira-web" }
topic = "web"
title = "{alarm} of {fleet}"
[[alarms.routes]]
match = { kind = "contributor" }
topic = "none"
"#;

fn events() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../events/alarm-router")
}

fn tidegate(arguments: &[&str], stdin: &str) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_tidegate"))
        .args(arguments)
        .current_dir(events())
        .env_clear()
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // A program that refuses its arguments does not read them.
    let _ = child.stdin.take().unwrap().write_all(stdin.as_bytes());
    child.wait_with_output().unwrap()
}

fn out(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn err(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// The topics of each alarm, and the reason under each.
fn routed(arguments: &[&str], stdin: &str) -> Vec<Vec<(String, String)>> {
    let arguments = [&["route", "--json"], arguments].concat();
    let output = tidegate(&arguments, stdin);
    let answer: serde_json::Value = serde_json::from_str(&out(&output)).unwrap();
    let told = |alarm: &serde_json::Value| {
        let routes = alarm["routes"].as_array().unwrap().iter();
        let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
        routes.map(|route| (text(&route["topic"]), text(&route["reason"]))).collect()
    };
    answer.get("alarms").unwrap().as_array().unwrap().iter().map(told).collect()
}

const FIRST: &str = "FirstNotification";

#[test]
fn where_alarms_go_by_the_built_in_tree() {
    for (file, topic, reason) in [
        ("metric.json", "warning", FIRST),
        ("metric-math.json", "warning", FIRST),
        ("anomaly-band.json", "warning", FIRST),
        ("contributor.json", "warning", FIRST),
        ("composite-without-suppressor.json", "warning", FIRST),
        ("composite.json", "critical", "Inhibited"),
        ("critical.json", "critical", FIRST),
        ("hostile.json", "critical", FIRST),
        ("lambda-action.json", "warning", FIRST),
        ("sns.json", "warning", FIRST),
        ("malformed.json", "warning", FIRST),
        ("ok.json", "warning", "NothingNew"),
        ("insufficient-data.json", "warning", "NothingNew"),
    ] {
        let got = routed(&["--alarm", file], "");
        assert_eq!(got, [[(topic.to_owned(), reason.to_owned())]], "{file}");
    }
}

#[test]
fn where_alarms_go_by_a_tree_of_ones_own() {
    for (file, wanted) in [
        ("metric.json", vec![("web", FIRST)]),
        ("critical.json", vec![("web-critical", FIRST), ("web", FIRST)]),
        ("composite-without-suppressor.json", vec![("web", FIRST)]),
        ("contributor.json", vec![("none", "NotRouted")]),
        ("muted.json", vec![("warning", FIRST)]),
    ] {
        let got = routed(&["--alarm", file, "--policy", "-"], TREE);
        let wanted: Vec<(String, String)> =
            wanted.into_iter().map(|(t, r)| (t.to_owned(), r.to_owned())).collect();
        assert_eq!(got, [wanted], "{file}");
    }
}

#[test]
fn every_alarm_of_a_batch_is_routed() {
    let got = routed(&["--alarm", "sqs.json"], "");
    assert!(got.len() > 2, "{got:?}");
    assert!(got.iter().all(|routes| routes.len() == 1), "{got:?}");
}

#[test]
fn the_answer_in_words() {
    let output = tidegate(&["route", "--alarm", "metric.json", "--policy", "-"], TREE);
    let text = out(&output);
    assert_eq!(output.status.code(), Some(0), "{}", err(&output));
    for line in [
        "aira-web-cpu-high is in ALARM since 2026-11-17T05:30:27.483Z\n",
        "  fleet = \"aira-web\"\n",
        "  yes {}\n",
        "  no    {alarm=~\"aira-web-.*\", severity=\"critical\"} continue   severity is absent\n",
        "  =>    {fleet=\"aira-web\"}\n",
        "  -     {kind=\"contributor\"}   not asked\n",
        "route {}/{fleet=\"aira-web\"}\n",
        "  topic       web\n",
        "  group       fleet=\"aira-web\" service=\"aira-web\" (group_by fleet, service)\n",
        "  reason      FirstNotification, after 45 s (group_wait)\n",
        "  subject     FIRING: aira-web-cpu-high of aira-web\n",
        "    AWS/EC2 CPUUtilization",
        "severity=warning",
        "  waits       if another fires: {severity=\"critical\"} silences",
    ] {
        assert!(text.contains(line), "{line}{text}");
    }
}

#[test]
fn a_critical_alarm_is_told_at_once_and_explains_others() {
    let output = tidegate(&["route", "--alarm", "critical.json"], "");
    let text = out(&output);
    for line in ["  reason      FirstNotification, at once\n", "  silences    while it fires, {sev"]
    {
        assert!(text.contains(line), "{line}{text}");
    }
}

#[test]
fn what_is_expected() {
    for (file, expected, code, said) in [
        ("critical.json", "critical", 0, ""),
        ("critical.json", "warning", 1, "latency-critical: expected warning, it goes to critical"),
        ("critical.json", "critical,warning", 1, "expected critical, warning, it goes to critical"),
        ("metric.json", "critical", 1, "aira-web-cpu-high: expected critical, it goes to warning"),
        ("ok.json", "warning", 0, ""),
    ] {
        let output = tidegate(&["route", "--alarm", file, "--expect", expected], "");
        assert_eq!(output.status.code(), Some(code), "{file} {expected}");
        assert!(err(&output).contains(said), "{file} {expected}: {}", err(&output));
        assert_eq!(err(&output).is_empty(), said.is_empty(), "{file} {expected}");
        assert!(out(&output).contains("\nroute {}"), "the answer is there too");
    }
}

#[test]
fn several_topics_are_expected_in_any_order() {
    let tree = TREE.replace("fleet = \"aira-web\"", "metric = \"TargetResponseTime\"");
    for (expected, code) in [("web,web-critical", 0), ("web-critical,web", 0), ("web", 1)] {
        let route = ["route", "--alarm", "critical.json", "--policy", "-", "--expect", expected];
        assert_eq!(tidegate(&route, &tree).status.code(), Some(code), "{expected}");
    }
}

#[test]
fn wrong_input_is_said_with_every_fault() {
    let bad = TREE.replace("floor = 6", "floor = -6").replace("\"none\"", "\"No One\"");
    let policy: &[&str] = &["--alarm", "metric.json", "--policy", "-"];
    let alarm: &[&str] = &["--alarm", "-"];
    for (name, arguments, stdin, said) in [
        ("policy", policy, bad.as_str(), "3 fault(s)"),
        ("policy, fleet", policy, bad.as_str(), "fleets.aira-web.day.floor"),
        ("policy, route", policy, bad.as_str(), "alarms.routes[2].topic"),
        ("no TOML", policy, "x = [", "TOML parse error"),
        ("no JSON", alarm, "{", "the alarm is not JSON"),
        ("nothing", alarm, "", "the alarm is not JSON"),
        ("tick", &["--alarm", "tick.json"], "", "this is a tick"),
        ("no file", &["--alarm", "no.json"], "", "no.json: "),
        ("stdin twice", &["--alarm", "-", "--policy", "-"], "{}", "not both"),
        ("no alarm", &[], "", "--alarm"),
        ("time", &["--alarm", "-", "--at", "soon"], "", "--at"),
    ] {
        let output = tidegate(&[&["route"], arguments].concat(), stdin);
        assert_eq!(output.status.code(), Some(2), "{name}: {}", out(&output));
        assert!(err(&output).contains(said), "{name}: {}", err(&output));
        assert_eq!(out(&output), "", "{name}");
    }
}

/// No clock: the same files, the same bytes.
#[test]
fn the_same_question_has_the_same_answer() {
    let ask = || out(&tidegate(&["route", "--alarm", "sqs.json", "--json"], ""));
    assert_eq!(ask(), ask());
}

#[test]
fn hostile_text_cannot_reach_the_terminal() {
    let output = tidegate(&["route", "--alarm", "hostile.json"], "");
    let text = out(&output);
    let treacherous =
        |c: char| (c.is_control() && c != '\n') || ('\u{202a}'..='\u{202e}').contains(&c);
    assert_eq!(text.chars().find(|c| treacherous(*c)), None);
}

#[test]
fn help_has_an_example() {
    let output = tidegate(&["route", "--help"], "");
    assert_eq!(output.status.code(), Some(0));
    assert!(out(&output).contains("$ tidegate route --alarm events/alarm-router/critical.json"));
}
