//! The policy changes while alarms fire; tags decide.

use super::stage::{self, Stage};
use std::collections::BTreeMap;

#[test]
fn a_new_policy_moves_what_fires_to_its_new_people() {
    let mut s = Stage::new("");
    s.fires("aira-web-pay-critical");
    assert_eq!(s.whys(), ["FirstNotification critical"]);
    s.put_policy(
        1,
        "[[alarms.routes]]\nmatch = ['alarm =~ \".*-pay-.*\"']\ntopic = \"escalation\"\n",
    );
    s.ticks(3);
    assert_eq!(s.whys(), ["FirstNotification escalation"], "no word that it is over");
    s.ends("aira-web-pay-critical");
    s.ticks(2);
    assert_eq!(s.whys(), ["AllResolved escalation"]);
    assert_eq!(s.aws.alarm_groups(), []);
}

#[test]
fn a_new_rule_of_inhibition_holds_from_the_next_tick_on() {
    let mut s = Stage::new("[alarms]\ninhibit = []\n");
    s.fires("aira-web-down-critical");
    assert_eq!(s.whys(), ["FirstNotification critical"]);
    s.put_policy(
        1,
        "[[alarms.inhibit]]\nsource = { severity = \"critical\" }\n\
         target = { severity = \"warning\" }\nequal = [\"fleet\"]\n",
    );
    s.ticks(1);
    s.fires("aira-web-slow-warning");
    s.ticks(3);
    assert_eq!(s.told(), Vec::<String>::new(), "the critical group explains it by now");
}

#[test]
fn a_policy_that_is_wrong_changes_nothing_and_is_noted() {
    let mut s = Stage::new("");
    s.put_policy(1, "");
    let wrong = tidegate_domain::ports::StoredPolicy {
        version: 2,
        document: format!("{}[alarms]\ntopic = 7\n", stage::document("")),
    };
    tidegate_fakes::block_on(tidegate_domain::ports::Control::put_policy(&s.aws, &wrong)).unwrap();
    let outcome = s.fires("aira-web-down-critical");
    assert_eq!(outcome.record.policy_version, Some(1));
    assert!(outcome.record.notes.iter().any(|n| n.contains("policy version 2")), "{outcome:?}");
    assert_eq!(s.whys(), ["FirstNotification critical"]);
}

#[test]
fn a_route_to_nobody_keeps_nothing() {
    let mut s = Stage::new("");
    s.fires("TargetTracking-aira-web-AlarmLow-1");
    s.ticks(10);
    assert_eq!(s.told(), Vec::<String>::new());
    assert_eq!(s.aws.alarm_group_ids().len(), 0);
}

#[test]
fn a_tag_names_the_severity() {
    let mut s = Stage::new("");
    let tags = BTreeMap::from([("severity".to_owned(), "critical".to_owned())]);
    s.aws.set_tags(&stage::arn("aira-web-orders"), tags);
    s.fires("aira-web-orders");
    assert_eq!(s.whys(), ["FirstNotification critical"]);
    // Another process: its memory of tags is empty, the members' is not.
    s.router = stage::router("");
    s.ticks(3);
    assert_eq!(s.told(), Vec::<String>::new());
}

#[test]
fn a_tag_that_is_read_late_moves_the_alarm_with_the_next_tick() {
    let mut s = Stage::new("");
    let tags = BTreeMap::from([("severity".to_owned(), "critical".to_owned())]);
    s.aws.set_tags(&stage::arn("aira-web-orders"), tags);
    let throttled = tidegate_fakes::At::call(tidegate_fakes::Call::Tags).nth(1);
    s.aws.inject(throttled, tidegate_fakes::Fault::Throttled);
    s.fires("aira-web-orders");
    assert_eq!(s.told(), Vec::<String>::new(), "a warning, for all that is known");
    s.ticks(2);
    assert_eq!(s.whys(), ["FirstNotification critical"]);
    s.ticks(3);
    assert_eq!(s.told(), Vec::<String>::new());
}

#[test]
fn what_nobody_understands_is_told_once() {
    let mut s = Stage::new("");
    let outcome = s.batch(&[serde_json::json!({ "hello": ["world"] })]);
    assert_eq!((outcome.record.unclassified, outcome.error), (1, None));
    s.ticks(120);
    assert_eq!(s.whys(), ["FirstNotification warning"]);
    assert_eq!(s.aws.alarm_groups(), []);
}

#[test]
fn somebody_elses_alarm_is_not_told() {
    let mut s = Stage::new("");
    let mut event =
        stage::event("x-critical", &tidegate_domain::alarms::event::State::Alarm, s.now());
    event["account"] = "111111111111".into();
    let outcome = s.batch(&[event]);
    assert_eq!((outcome.record.foreign, s.told().len()), (1, 0));
}
