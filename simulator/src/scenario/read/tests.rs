//! Scripts that read, and scripts that do not.

use super::*;
use crate::scenario::script::{Event, Metric, Service, Size};
use jiff::SignedDuration;
use tidegate_domain::ids::AlarmName;
use tidegate_domain::metrics::AlarmState;

/// A script that reads, line by line.
const GOOD: &str = "\
# What one is to see.
policy
  version = 1
  [fleets.web]
  min = 2
  time_zone = \"Asia/Seoul\"
  capacity_per_instance = 100
  load = { expression = \"r\", metrics = { r = \"AWS/ApplicationELB RequestCount Sum\" } }
  day = { starts = \"08:00\", floor = 6 }
  night = { starts = \"22:00\", floor = 2 }
  lower = { veto_alarms = [\"web-5xx\"] }
  [[fleets.web.spike]]
  alarm = \"web-cpu-high\"
  adjustment = \"percent\"
  steps = [{ from = 0, add = 10 }]
group min 2, desired 10, max 20
alarm web-cpu-high: cpu >= 70
from 2026-11-20 21:30
until 08:30
load
  21:30 400
  02:00 100.5
";

fn none(name: &str) -> Result<String, String> {
    Err(format!("no file {name}"))
}

fn faults(text: &str) -> Vec<String> {
    match read(text, &none) {
        Ok(_) => Vec::new(),
        Err(faults) => faults.iter().map(ToString::to_string).collect(),
    }
}

/// What happens by a script with this line at its end.
fn event(line: &str) -> Event {
    read(&format!("{GOOD}{line}\n"), &none).unwrap().events.pop().unwrap().event
}

#[test]
fn a_script_reads() {
    let script = read(GOOD, &none).unwrap();
    assert_eq!(script.from, "2026-11-20T12:30:00Z".parse().unwrap());
    assert_eq!(script.until, "2026-11-20T23:30:00Z".parse().unwrap());
    assert_eq!(script.load.at("2026-11-21T00:00:00Z".parse().unwrap()), 101.0f64.min(100.5));
    let alarms: Vec<(&str, bool)> =
        script.alarms.iter().map(|w| (w.name.as_str(), w.rule.is_some())).collect();
    assert_eq!(alarms, [("web-cpu-high", true), ("web-5xx", false)], "vetoes are there by hand");
    assert_eq!(script.group.boot, SignedDuration::from_secs(180));
    assert_eq!(script.past, None);
}

#[test]
fn what_happens() {
    let until: Timestamp = "2026-11-20T15:00:00Z".parse().unwrap();
    let zone = Some("ap-northeast-2a".to_owned());
    for (line, want) in [
        ("launches fail: No capacity.", Event::LaunchesFail(None, "No capacity.".into())),
        ("launches in ap-northeast-2a fail: x", Event::LaunchesFail(zone.clone(), "x".into())),
        ("launches succeed", Event::LaunchesSucceed(None)),
        ("zone ap-northeast-2a lost", Event::ZoneLost("ap-northeast-2a".into())),
        ("zone ap-northeast-2a back", Event::LaunchesSucceed(zone)),
        ("metrics lost until 00:00", Event::MetricLost(None, until)),
        ("metric load lost until 00:00", Event::MetricLost(Some(Metric::Load), until)),
        ("auto scaling down until 00:00", Event::Down(Service::AutoScaling, until)),
        ("control table down until 00:00", Event::Down(Service::Table, until)),
        ("cloudwatch down until 00:00", Event::Down(Service::CloudWatch, until)),
        ("sns down until 00:00", Event::Down(Service::Sns, until)),
        ("functions dead until 00:00", Event::FunctionsDead(until)),
        ("operator sets MinSize 9", Event::Operator(Size::Min, 9)),
        ("operator sets desired 9", Event::Operator(Size::Desired, 9)),
        ("operator sets MaxSize 9", Event::Operator(Size::Max, 9)),
        ("tag tidegate:hold = all", Event::Tag("tidegate:hold".into(), Some("all".into()))),
        ("tag tidegate:hold off", Event::Tag("tidegate:hold".into(), None)),
        ("refresh InProgress", Event::Refresh("InProgress".into())),
        ("suspend Launch", Event::Suspend("Launch".into())),
        ("resume Launch", Event::Resume("Launch".into())),
        ("alarm web-5xx OK", Event::Alarm(AlarmName::new("web-5xx").unwrap(), AlarmState::Ok)),
        ("boot 600 s", Event::Boot(SignedDuration::from_mins(10))),
        ("backstop deleted", Event::BackstopDeleted),
    ] {
        assert_eq!(event(&format!("22:00 {line}")), want, "{line}");
    }
}

#[test]
fn every_fault_is_told_at_its_line() {
    for (name, from, to, want) in [
        ("an unknown word", "group min", "gruop min", "16: unknown word `gruop`"),
        ("a missing one", "until 08:30\n", "", "0: `until` is missing"),
        ("a second one", "until 08:30\n", "until 08:30\nuntil 09:00\n", "20: a second `until`"),
        ("sizes that cannot be", "desired 10", "desired 1", "16: desired lies from min to max"),
        ("a size that is none", "desired 10", "desired ten", "16: a whole number, got \"ten\""),
        ("no date", "from 2026-11-20 21:30", "from 21:30", "18: `from` is a date and a time"),
        ("a load that is none", "02:00 100.5", "02:00 -1", "22: a number from 0 on"),
        ("a time alone", "02:00 100.5", "02:00", "22: a time and a load"),
        ("a policy's fault", "min = 2", "min = 9", "2: policy: fleets.web: night.floor"),
        ("a policy's syntax", "  min = 2", "  min =", "5: policy: "),
        ("a policy's file", "policy\n", "policy seoul.toml\n", "2: seoul.toml: no file seoul.toml"),
        ("a missing alarm", "alarm web-cpu-high: cpu >= 70\n", "", "0: the policy's spike alarm"),
        ("a strange metric", "cpu >= 70", "gpu >= 70", "17: a metric (load, healthy, cpu, "),
        ("a strange sign", "cpu >= 70", "cpu = 70", "17: >=, >, <= or <, got \"=\""),
    ] {
        let text = GOOD.replacen(from, to, 1);
        assert_ne!(text, GOOD, "{name}");
        let got = faults(&text);
        assert!(got.iter().any(|fault| fault.starts_with(want)), "{name}: {got:?}");
    }
}

#[test]
fn faults_of_what_happens() {
    for (line, want) in [
        ("22:00 it rains", "23: it says \"it rains\"; known: launches fail: WORDS"),
        ("22:00 zone us-east-1a lost", "23: the group has no zone \"us-east-1a\""),
        ("22:00 alarm web-4xx ALARM", "23: there is no alarm web-4xx"),
        ("22:00 metric rain lost until 23:00", "23: a metric ("),
        ("22:00 metrics lost until noon", "23: a time such as 22:40, got \"noon\""),
        ("22:00 operator sets MinSize nine", "23: a whole number, got \"nine\""),
        ("2026-11-22 08:00 refresh InProgress", "23: it happens after the end"),
        ("2026-11-19 08:00 refresh InProgress", "23: the time goes back"),
    ] {
        let got = faults(&format!("{GOOD}{line}\n"));
        assert!(got.iter().any(|fault| fault.starts_with(want)), "{line}: {got:?}");
    }
}

#[test]
fn all_faults_come_at_once_in_the_order_of_the_lines() {
    let text = GOOD.replace("desired 10", "desired ten").replace("cpu >= 70", "gpu >= 70");
    let got = faults(&format!("{text}22:00 it rains\n"));
    assert_eq!(got.len(), 3, "{got:?}");
    assert!(got[0].starts_with("16:") && got[1].starts_with("17:") && got[2].starts_with("23:"));
}

#[test]
fn indented_keys_lie_over_those_of_a_file() {
    let file = |_: &str| {
        let block = GOOD.lines().skip(2).take(13).collect::<Vec<_>>();
        Ok(block.join("\n"))
    };
    let head = "policy seoul.toml\n  [fleets.web.day]\n  floor = 8\n";
    let text: String = GOOD.lines().skip(15).map(|line| format!("{line}\n")).collect();
    let script = read(&format!("{head}{text}"), &file).unwrap();
    let policy = script.fleet_policy().unwrap();
    assert_eq!((policy.day_floor, policy.night.floor), (8, 2));
}
