//! The command over files in memory.

use super::{Answer, Disk, Scenario, answer};
use crate::Failure;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

pub(super) const SCRIPT: &str = "\
policy
  version = 1
  [fleets.web]
  min = 2
  time_zone = \"Asia/Seoul\"
  capacity_per_instance = 600
  load = { expression = \"r\", metrics = { r = \"AWS/ApplicationELB RequestCount Sum\" } }
  day = { starts = \"08:00\", floor = 4 }
  night = { starts = \"22:00\", floor = 2 }
group min 4, desired 4, max 20
from 2026-11-19 21:58
until 22:12
load
  21:58 600
";

#[derive(Default)]
struct Memory(BTreeMap<PathBuf, String>);

impl Memory {
    fn with(files: &[(&str, &str)]) -> Self {
        Self(files.iter().map(|(name, text)| (PathBuf::from(name), (*text).to_owned())).collect())
    }

    fn keep(&mut self, answer: &Answer) {
        self.0.extend(answer.writes.clone());
    }
}

impl Disk for Memory {
    fn read(&self, file: &Path) -> Result<String, String> {
        self.0.get(file).cloned().ok_or_else(|| "no such file".to_owned())
    }

    fn folder(&self, path: &Path) -> Option<Vec<PathBuf>> {
        (path == Path::new("all")).then(|| self.0.keys().cloned().collect())
    }
}

fn args(file: &str) -> Scenario {
    Scenario { files: vec![file.into()], update: false, diff: false, json: false }
}

#[test]
fn a_ledger_that_is_not_there_is_written_and_then_agrees() {
    let mut disk = Memory::with(&[("night.scenario", SCRIPT)]);
    let first = answer(&args("night.scenario"), &disk).unwrap();
    assert_eq!(first.report.code(), 1);
    assert!(first.report.differences[0].contains("there is no night.expected"), "{first:?}");
    assert!(first.writes.is_empty());
    let update = Scenario { update: true, ..args("night.scenario") };
    let second = answer(&update, &disk).unwrap();
    assert_eq!((second.report.code(), second.report.text.as_str()), (0, "night: written\n"));
    disk.keep(&second);
    let third = answer(&args("all"), &disk).unwrap();
    assert_eq!((third.report.code(), third.report.text.as_str()), (0, "night: as expected\n"));
    assert!(third.writes.is_empty());
}

#[test]
fn a_difference_is_shown_as_a_unified_diff() {
    let mut disk = Memory::with(&[("night.scenario", SCRIPT)]);
    let update = Scenario { update: true, ..args("night.scenario") };
    disk.keep(&answer(&update, &disk).unwrap());
    let changed = SCRIPT.replace("floor = 4", "floor = 3");
    disk.0.insert("night.scenario".into(), changed);
    let report = answer(&args("night.scenario"), &disk).unwrap().report;
    assert_eq!(report.code(), 1);
    let diff = report.differences.join("\n");
    for part in ["--- night.expected", "+++ night, as it is now", "@@ -", "\n-", "\n+"] {
        assert!(diff.contains(part), "{part:?} in {diff}");
    }
    let update = Scenario { diff: true, ..update };
    let report = answer(&update, &disk).unwrap().report;
    assert_eq!(report.code(), 0);
    assert!(report.text.starts_with("night: changed, "), "{}", report.text);
    assert!(report.text.contains("@@ -"), "{}", report.text);
}

#[test]
fn the_night_is_told_in_the_policys_zone_with_sizes_and_reasons() {
    let text = {
        let disk = Memory::with(&[("-", SCRIPT)]);
        answer(&args("-"), &disk).unwrap().report.text
    };
    for part in [
        ": web, Thu 2026-11-19 21:58 to Thu 2026-11-19 22:12, Asia/Seoul\n",
        "22:00:00  nightly-scale-down  lowers  min 4 -> 3, desired 4 -> 3; 4 serve; load 600, need 2",
        "night: the load needs 2, so 4 goes down to 3 on the way to 2\n",
        "\nsums\n  instance-hours ",
        "  1  PutScheduledUpdateGroupAction\n",
    ] {
        assert!(text.contains(part), "{part:?} in {text}");
    }
}

#[test]
fn the_faults_of_all_scripts_come_at_once_with_file_and_line() {
    let bad = SCRIPT.replace("21:58 600", "21:58 many");
    let disk = Memory::with(&[("a.scenario", &bad), ("b.scenario", "rain\n")]);
    let Err(Failure::Input(told)) = answer(&args("all"), &disk) else { panic!("no fault") };
    assert!(told.contains("a.scenario:14: a number from 0 on, got \"many\""), "{told}");
    assert!(told.contains("b.scenario:1: unknown word `rain`"), "{told}");
}

#[test]
fn no_script_is_an_error() {
    let disk = Memory::with(&[("policy.toml", "")]);
    let Err(Failure::Input(told)) = answer(&args("policy.toml"), &disk) else { panic!("no fault") };
    assert!(told.contains(".scenario"), "{told}");
}

#[test]
fn json_has_decisions_notices_and_sums() {
    let disk = Memory::with(&[("-", SCRIPT)]);
    let report = answer(&Scenario { json: true, ..args("-") }, &disk).unwrap().report;
    let all: serde_json::Value = serde_json::from_str(&report.text).unwrap();
    let codes: Vec<&str> = all[0]["ledger"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|entry| entry["is"]["reason"]["code"].as_str())
        .collect();
    assert!(codes.contains(&"night_step"), "{codes:?}");
    assert_eq!(all[0]["sums"]["lowered"], 2);
    assert_eq!(all[0]["notices"], serde_json::json!([]));
}

#[test]
fn instance_hours_are_paid_from_launch_to_the_end_of_the_drain() {
    let disk = Memory::with(&[("-", SCRIPT)]);
    let report = answer(&Scenario { json: true, ..args("-") }, &disk).unwrap().report;
    let all: serde_json::Value = serde_json::from_str(&report.text).unwrap();
    // Four for 14 minutes, less one from 22:01 on and one from 22:11 on.
    let minutes = all[0]["sums"]["instance_hours"].as_f64().unwrap() * 60.0;
    assert!((minutes - (4.0 * 14.0 - 11.0 - 1.0)).abs() < 1e-9, "{minutes}");
}
