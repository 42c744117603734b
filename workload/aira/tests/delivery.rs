//! The delivery's files fit each other: what CodeDeploy is told to run is there, and nobody who stops
//! the service is less patient than the service with its answers.

#![expect(clippy::unwrap_used, clippy::panic, reason = "what cannot be read fails the test")]

use aira::settings::Settings;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::process::Command;

/// What the parameter UserData takes, in base64.
const MOST_USER_DATA: usize = 4096;

fn path(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..").join(name)
}

fn text(name: &str) -> String {
    std::fs::read_to_string(path(name)).unwrap()
}

/// The number behind the first `key` of a text.
fn number(text: &str, key: &str) -> u64 {
    let found = text.split(key).nth(1).unwrap_or_else(|| panic!("no {key}"));
    let digits: String = found.trim_start().chars().take_while(char::is_ascii_digit).collect();
    digits.parse().unwrap()
}

#[test]
fn every_hook_is_there_and_is_a_script_that_bash_can_read() {
    let appspec = text("appspec.yml");
    let hooks: Vec<_> =
        appspec.split("location: ").skip(1).map(|rest| rest.split(',').next().unwrap()).collect();
    assert_eq!(hooks.len(), 5);
    for script in hooks.into_iter().chain(["user-data.sh", "bundle", "run"]) {
        let mode = std::fs::metadata(path(script)).unwrap().permissions().mode();
        assert_eq!(mode & 0o111, 0o111, "{script} can be run");
        let read = Command::new("bash").arg("-n").arg(path(script)).output().unwrap();
        assert!(read.status.success() && read.stderr.is_empty(), "{script}: {read:?}");
        assert!(text(script).contains("\nset -euo pipefail\n"), "{script} stops at a failure");
    }
    assert!(
        appspec.contains("source: systemd/aira.service") && path("systemd/aira.service").exists()
    );
}

#[test]
fn whoever_stops_the_service_waits_for_its_answers() {
    let key = |name: &str| (name == "AIRA_KEY").then(|| "k".to_owned());
    let limits = Settings::read(key).unwrap().limits;
    let notice = number(&text("user-data.sh"), "AIRA_NOTICE_SECONDS=");
    let unit = number(&text("systemd/aira.service"), "TimeoutStopSec=");
    let hook = number(&text("appspec.yml"), "stop.sh, timeout:");
    let stack = include_str!("../../../template.yaml");
    let deregistration = number(stack, "  DrainSeconds: { Type: Number, Default:");
    let longest = limits.answer.as_secs();
    assert!(limits.drain.as_secs() > longest, "the drain, an answer");
    assert!(unit > notice + limits.drain.as_secs(), "systemd, the notice and the drain");
    assert!(hook > unit, "CodeDeploy, systemd");
    assert!(deregistration > longest, "the load balancer, an answer");
}

#[test]
fn the_user_data_fits_its_parameter_and_names_only_what_is_read() {
    let script = text("user-data.sh");
    assert!(script.len().div_ceil(3) * 4 <= MOST_USER_DATA, "{} bytes", script.len());
    let settings = script.split("settings='").nth(1).unwrap().split('\'').next().unwrap();
    for line in settings.lines().filter(|line| !line.is_empty()) {
        let name = line.split('=').next().unwrap();
        assert!(aira::settings::VARIABLES.contains(&name), "{name}");
    }
}
