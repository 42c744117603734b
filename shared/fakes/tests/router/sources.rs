//! The fleet's own plans, and AWS's suppressors.

use super::stage::{self, Stage};
use tidegate_domain::alarms::event::{AlarmEvent, State, WatchedMetric};
use tidegate_domain::ids::FleetName;
use tidegate_domain::ledger::{ActionRecord, LedgerEntry, OutcomeWord};
use tidegate_domain::ports::Control as _;
use tidegate_domain::reason::Reason;
use tidegate_fakes::block_on;

fn hosts(s: &Stage, state: State) -> AlarmEvent {
    let mut alarm = stage::alarm("aira-web-hosts", state, s.now());
    alarm.comparison = Some("<".to_owned());
    alarm.reason = "1 datapoint [2.0] was less than the threshold (3.0).".to_owned();
    alarm.metric = Some(WatchedMetric {
        namespace: "AWS/ApplicationELB".to_owned(),
        name: "HealthyHostCount".to_owned(),
        dimensions: [("LoadBalancer".to_owned(), "app/aira/1".to_owned())].into(),
    });
    alarm
}

fn night_step(s: &Stage) {
    let fleet = FleetName::new("aira-web").unwrap();
    let entry = LedgerEntry {
        id: "run-1".to_owned(),
        at: s.now(),
        fleet,
        function: "nightly-scale-down".to_owned(),
        signal: "night".to_owned(),
        mode: None,
        dry_run: false,
        action: ActionRecord::Lower { min: 3, desired: Some(3) },
        reason: Reason::NightStep { need: 2, target: 2, from: 4, to: 3 },
        text: "One step down.".to_owned(),
        notes: Vec::new(),
        bids: Vec::new(),
        observed: None,
        sizing: None,
        memory_version: Some(1),
        outcome: OutcomeWord::Applied,
    };
    let expires = s.now() + jiff::SignedDuration::from_hours(24);
    block_on(s.aws.append(&entry, expires)).unwrap();
}

#[test]
fn few_hosts_after_a_night_step_are_planned_until_the_plan_is_over() {
    let mut s = Stage::new("");
    night_step(&s);
    s.wait(60);
    s.aws.set_described(hosts(&s, State::Alarm));
    s.ticks(13);
    assert_eq!(s.told(), Vec::<String>::new());
    s.ticks(3);
    assert_eq!(s.whys(), ["FirstNotification warning"], "it still fires");
    let mut s = Stage::new("");
    s.aws.set_described(hosts(&s, State::Alarm));
    s.ticks(2);
    assert_eq!(s.whys(), ["FirstNotification warning"], "without a plan");
}

#[test]
fn what_aws_suppresses_waits() {
    let mut s = Stage::new("");
    let mut alarm = stage::alarm("aira-web-all-critical", State::Alarm, s.now());
    alarm.suppressed_by = Some("maintenance".to_owned());
    s.aws.set_described(alarm.clone());
    s.ticks(5);
    assert_eq!(s.told(), Vec::<String>::new());
    alarm.suppressed_by = None;
    s.aws.set_described(alarm);
    s.ticks(1);
    assert_eq!(s.whys(), ["FirstNotification critical"]);
}

#[test]
fn what_a_mute_rule_mutes_waits_until_its_window_ends() {
    let mut s = Stage::new("");
    let mut event = stage::event("aira-web-all-critical", &State::Alarm, s.now());
    let until = s.now() + jiff::SignedDuration::from_mins(30);
    event["detail"]["muteDetail"] = serde_json::json!({
        "mutedByArn": "arn:aws:cloudwatch:ap-northeast-2:000000000000:alarm-mute-rule:release",
        "muteWindowEnd": until.strftime("%Y-%m-%dT%H:%M:%S.000+0000").to_string(),
    });
    // `DescribeAlarms` knows nothing of mute rules.
    s.silently("aira-web-all-critical", State::Alarm).batch(&[event]);
    s.ticks(29);
    assert_eq!(s.told(), Vec::<String>::new());
    s.ticks(1);
    assert_eq!(s.whys(), ["FirstNotification critical"]);
}
