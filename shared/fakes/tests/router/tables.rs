//! The table, a topic or CloudWatch is not there.

use super::stage::{self, Stage};
use serde_json::Value;
use tidegate_domain::alarms::event::State;
use tidegate_domain::alarms::ports::AlarmStore as _;
use tidegate_domain::ports::Clock as _;
use tidegate_fakes::{At, Call, Fault, Topic, block_on};

fn batch_of(s: &mut Stage, names: &[&str]) -> Vec<Value> {
    let now = s.now();
    for name in names {
        s.silently(name, State::Alarm);
    }
    names.iter().map(|name| stage::event(name, &State::Alarm, now)).collect()
}

#[test]
fn without_the_table_critical_groups_are_told_within_two_messages() {
    let mut s = Stage::new("[alarms]\ngroup_by = [\"alarm\"]\n");
    s.aws.set_table_missing(true);
    let events = batch_of(&mut s, &["a-critical", "b-critical", "c-critical", "d", "e"]);
    let outcome = s.batch(&events);
    assert!(outcome.record.without_table);
    assert_eq!(outcome.error, None, "everything was told");
    let told = s.aws.sent_messages();
    let topics: Vec<&str> = told.iter().map(|m| m.topic.as_str()).collect();
    assert_eq!(topics, ["critical", "warning"]);
    for name in ["a-critical", "b-critical", "c-critical"] {
        assert!(told[0].message.text.contains(name), "{}", told[0].message.text);
    }
    s.told();
    s.aws.set_table_missing(false);
    s.ticks(2);
    assert_eq!(s.whys().len(), 5, "again, now that it is remembered");
    s.ticks(3);
    assert_eq!(s.told(), Vec::<String>::new());
}

#[test]
fn a_topic_that_fails_is_tried_again_by_the_tick() {
    let mut s = Stage::new("");
    for topic in ["critical", "warning"] {
        s.aws.set_alarm_topic(topic, Topic::Denied);
    }
    let outcome = s.fires("aira-web-down-critical");
    assert!(outcome.error.is_some(), "the invocation fails, so that it is seen");
    for topic in ["critical", "warning"] {
        s.aws.set_alarm_topic(topic, Topic::Open);
    }
    s.ticks(1);
    assert_eq!(s.whys(), ["FirstNotification critical"]);
}

#[test]
fn without_describe_alarms_what_is_due_is_told_all_the_same() {
    let mut s = Stage::new("");
    s.fires("aira-web-queue");
    s.aws.inject(At::call(Call::Firing), Fault::Throttled);
    s.wait(60);
    let outcome = s.tick();
    assert!(outcome.record.notes.iter().any(|n| n.contains("DescribeAlarms")));
    assert_eq!(s.whys(), ["FirstNotification warning"]);
}

#[test]
fn over_the_rate_the_rest_is_one_digest() {
    let mut s = Stage::new("[alarms]\ngroup_by = [\"alarm\"]\n");
    let names: Vec<String> = (0..20).map(|n| format!("n{n:02}-critical")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let events = batch_of(&mut s, &names);
    s.batch(&events);
    let told = s.aws.sent_messages();
    assert_eq!(told.len(), 5);
    let all: String = told.iter().map(|m| m.message.text.as_str()).collect();
    assert!(names.iter().all(|name| all.contains(name)), "every one is named");
    s.told();
    s.ticks(3);
    assert_eq!(s.told(), Vec::<String>::new());
}

/// Publishing takes time: what was granted in one second is not sent on top of the next one's.
#[test]
fn a_message_that_is_late_takes_one_of_the_second_in_which_it_is_sent() {
    let mut s = Stage::new("[alarms]\ngroup_by = [\"alarm\"]\n");
    s.aws.inject(At::call(Call::Send), Fault::Slow(jiff::SignedDuration::from_millis(600)));
    s.aws.before(At::call(Call::Spend).nth(2), |aws| {
        let second = aws.wall().as_second();
        assert_eq!(block_on(aws.spend("critical", second, 5, 5)), Ok(5), "others were faster");
    });
    let names: Vec<String> = (0..5).map(|n| format!("n{n}-critical")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let events = batch_of(&mut s, &names);
    let outcome = s.batch(&events);
    assert_eq!((s.whys().len(), outcome.record.over_rate), (2, 3), "the others wait");
    s.aws.heal();
    s.ticks(1);
    assert_eq!(s.whys().len(), 3);
}
