//! The router's shell on the strict fakes, as stories: what people are told of whole incidents,
//! whatever gets lost on the way.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a story that cannot go on fails")]

mod leases;
mod policies;
mod sources;
mod stage;
mod tables;

use stage::Stage;
use tidegate_domain::alarms::event::State;
use tidegate_domain::alarms::ports::AlarmStore as _;
use tidegate_domain::alarms::reason::Why;
use tidegate_domain::alarms::silence::Silence;
use tidegate_fakes::{At, Call, block_on};

#[test]
fn a_whole_incident() {
    let mut s = Stage::new("");
    let first = s.fires("aira-web-latency-critical");
    assert_eq!(first.error, None);
    assert_eq!(first.answer.to_string(), r#"{"batchItemFailures":[]}"#);
    assert_eq!(s.whys(), ["FirstNotification critical"], "at once");
    s.wait(60).fires("aira-web-5xx-critical");
    assert_eq!(s.whys(), ["NewAlertsInGroup critical"]);
    s.fires("aira-web-queue");
    assert_eq!(s.whys(), Vec::<String>::new(), "a warning gathers");
    s.ticks(1);
    assert_eq!(s.whys(), ["FirstNotification warning"]);
    s.ticks(20);
    assert_eq!(s.whys(), ["Escalated escalation"], "nobody ended it");
    s.ticks(4 * 60);
    let mut repeated = s.whys();
    repeated.sort();
    assert_eq!(repeated, ["RepeatIntervalElapsed critical", "RepeatIntervalElapsed warning"]);
    for name in ["aira-web-latency-critical", "aira-web-5xx-critical", "aira-web-queue"] {
        s.ends(name);
    }
    s.ticks(2);
    let mut over = s.whys();
    over.sort();
    let all = ["AllResolved critical", "AllResolved escalation", "AllResolved warning"];
    assert_eq!(over, all);
    assert_eq!(s.aws.alarm_groups(), [], "nothing is left to do");
    s.ticks(24 * 60);
    assert_eq!(s.told(), Vec::<String>::new());
    s.fires("aira-web-latency-critical");
    let threads: Vec<String> =
        s.aws.sent_messages().into_iter().map(|m| m.message.thread).collect();
    assert_ne!(threads.first(), threads.last(), "another incident has another thread");
}

#[test]
fn duplicates_and_events_in_another_order_change_nothing() {
    let mut s = Stage::new("");
    let name = "aira-web-down-critical";
    let alarm = stage::event(name, &State::Alarm, s.now());
    s.silently(name, State::Alarm).batch(&[alarm.clone(), alarm.clone()]);
    s.batch(std::slice::from_ref(&alarm));
    assert_eq!(s.whys(), ["FirstNotification critical"]);
    s.wait(30).ends(name);
    let late = s.batch(&[alarm]);
    assert_eq!(late.record.outcomes.get(&Why::Outdated), Some(&1));
    s.ticks(1);
    assert_eq!(s.whys(), ["AllResolved critical"]);
}

#[test]
fn a_duplicate_that_is_recorded_at_the_same_moment_is_counted_as_one() {
    let mut s = Stage::new("");
    let name = "aira-web-down-critical";
    let alarm = stage::event(name, &State::Alarm, s.now());
    s.silently(name, State::Alarm);
    // Another invocation records the same event after this one has read what is known.
    let (other, copy) = (stage::router(""), alarm.clone());
    s.aws.before(At::call(Call::KeepMember).nth(1), move |aws| {
        let record = serde_json::json!({
            "messageId": "m-0", "eventSource": "aws:sqs", "body": copy.to_string(),
        });
        let event = serde_json::json!({ "Records": [record] });
        let outcome = block_on(other.serve(&aws.new_run(), &event));
        assert_eq!(outcome.record.kept, 1);
    });
    let second = s.batch(&[alarm]);
    assert_eq!((second.error, second.record.kept), (None, 0));
    assert_eq!(second.record.outcomes.get(&Why::Duplicate), Some(&1));
    assert_eq!(s.whys(), ["FirstNotification critical"]);
}

#[test]
fn an_alarm_whose_event_got_lost_is_told_by_the_next_tick() {
    let mut s = Stage::new("");
    s.silently("aira-web-down-critical", State::Alarm).ticks(1);
    assert_eq!(s.whys(), ["FirstNotification critical"]);
    s.ticks(5);
    assert_eq!(s.told(), Vec::<String>::new(), "once");
    let noticed = s.silently("aira-web-down-critical", State::Ok).wait(60).tick();
    assert_eq!(noticed.record.noticed, 1, "a lost OK");
    s.ticks(1);
    assert_eq!(s.whys(), ["AllResolved critical"]);
}

#[test]
fn a_deleted_alarm_is_over() {
    let mut s = Stage::new("");
    s.fires("aira-web-down-critical");
    s.aws.remove_described("aira-web-down-critical");
    s.ticks(2);
    assert_eq!(s.whys(), ["FirstNotification critical", "AllResolved critical"]);
}

#[test]
fn missing_data_is_no_end() {
    let mut s = Stage::new("");
    s.fires("aira-web-down-critical");
    s.wait(60).changes("aira-web-down-critical", State::InsufficientData);
    s.ticks(10);
    assert_eq!(s.whys(), ["FirstNotification critical"]);
    s.ends("aira-web-down-critical");
    s.ticks(1);
    assert_eq!(s.whys(), ["AllResolved critical"]);
}

#[test]
fn a_silence_holds_back_until_it_ends() {
    let mut s = Stage::new("");
    let now = s.now();
    let until = now + jiff::SignedDuration::from_mins(30);
    let silence = Silence::new("alarm =~ \"aira-web-.*\"", now, until, "me", "a test").unwrap();
    block_on(s.aws.put_silence(&silence)).unwrap();
    let held = s.fires("aira-web-down-critical");
    assert_eq!(held.record.outcomes.get(&Why::Silenced), Some(&2), "the alarm and its group");
    s.ticks(29);
    assert_eq!(s.told(), Vec::<String>::new());
    s.ticks(1);
    assert_eq!(s.whys(), ["FirstNotification critical"], "it still fires");
}

#[test]
fn a_flapping_night_is_a_few_messages() {
    let mut s = Stage::new("");
    for _ in 0..60 {
        s.fires("aira-web-edge-critical");
        s.ticks(1);
        s.ends("aira-web-edge-critical");
        s.ticks(1);
    }
    s.ticks(20);
    let told = s.whys();
    let count = |why: &str| told.iter().filter(|line| line.starts_with(why)).count();
    assert_eq!((count("Flapping"), told.len() <= 4), (1, true), "{told:?}");
    assert!(told.last().is_some_and(|line| line.starts_with("AllResolved")), "{told:?}");
}

#[test]
fn a_critical_alarm_explains_the_warning_of_the_same_resource() {
    let mut s = Stage::new("");
    let rule = r#"
[[alarms.inhibit]]
source = { severity = "critical" }
target = { severity = "warning" }
equal = ["fleet"]
"#;
    s.router = stage::router(&format!("[alarms]\n{rule}"));
    s.fires("aira-web-down-critical");
    s.fires("aira-web-slow-warning");
    s.ticks(3);
    assert_eq!(s.whys(), ["FirstNotification critical"]);
    s.ends("aira-web-down-critical");
    s.ticks(2);
    assert_eq!(s.whys(), ["AllResolved critical", "FirstNotification warning"]);
}
