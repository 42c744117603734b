//! SNS for the router, and what CloudWatch knows of alarms.

use super::router::*;
use super::*;
use crate::{At, Call, Fault, SentMessage, Topic, block_on};
use std::collections::BTreeMap;
use tidegate_domain::alarms::event::{Kind, State};
use tidegate_domain::alarms::message::Message;
use tidegate_domain::alarms::ports::{AlarmSource, AlarmStore, Outlet};

#[test]
fn the_other_severitys_topic_stands_in_for_a_closed_one() {
    let send = |own: &str, closed: &[(&str, Topic)]| {
        let aws = world();
        closed.iter().for_each(|(name, topic)| aws.set_alarm_topic(name, *topic));
        let answer = block_on(aws.send(&message(own)));
        let sent: Vec<String> = aws.sent_messages().into_iter().map(|s| s.topic).collect();
        assert_eq!(sent.is_empty(), answer.is_err(), "{own} {closed:?}");
        assert_eq!(answer.as_ref().is_ok_and(Option::is_none), sent == [own], "{answer:?}");
        sent.join(" ")
    };
    let (missing, denied) = (Topic::Missing, Topic::Denied);
    for (own, closed, to) in [
        ("critical", vec![], "critical"),
        ("critical", vec![("critical", missing)], "warning"),
        ("warning", vec![("warning", denied)], "critical"),
        ("escalation", vec![("escalation", denied)], "critical"),
        ("escalation", vec![], "escalation"),
        ("nobody", vec![], "warning"),
        ("nobody", vec![("warning", missing)], "critical"),
        ("critical", vec![("critical", denied), ("warning", missing)], ""),
        ("escalation", vec![("warning", denied)], "escalation"),
    ] {
        assert_eq!(send(own, &closed), to, "{own} {closed:?}");
    }
}

#[test]
fn that_escalations_have_no_topic_of_their_own_is_no_news() {
    let aws = world();
    aws.remove_alarm_topic("escalation");
    assert_eq!(block_on(aws.send(&message("escalation"))), Ok(None));
    assert_eq!(aws.sent_messages().remove(0).topic, "critical");
    aws.set_alarm_topic("critical", Topic::Denied);
    assert!(matches!(block_on(aws.send(&message("escalation"))), Ok(Some(_))));
    ["critical", "warning"].into_iter().for_each(|name| aws.remove_alarm_topic(name));
    refused(block_on(aws.send(&message("escalation"))), "no topic is configured");
}

#[test]
fn what_strikes_the_call_is_no_reason_for_another_topic() {
    for fault in [Fault::Throttled, Fault::Unavailable, Fault::CrashBefore] {
        let aws = world();
        aws.inject(At::call(Call::Send).mentioning("topic=warning"), fault);
        assert!(block_on(aws.send(&message("warning"))).is_err());
        assert_eq!(aws.sent_messages(), []);
    }
    let aws = world();
    aws.inject(At::call(Call::Send).fleet(&fleet()), Fault::LostAnswer);
    assert!(block_on(aws.send(&message("warning"))).is_err());
    assert_eq!(aws.sent_messages().len(), 1, "it has gone out");
}

#[test]
fn sns_takes_messages_within_its_limits() {
    type Change = fn(&mut Message);
    let cases: [(&str, bool, Change); 13] = [
        ("as it is", true, |_| {}),
        ("subject of 99", true, |m| m.subject = "x".repeat(99)),
        ("subject of 100", false, |m| m.subject = "x".repeat(100)),
        ("subject in Korean", false, |m| m.subject = "밤".to_owned()),
        ("no text", false, |m| m.text = String::new()),
        ("text twice in it", true, |m| m.text = "x".repeat(131_000)),
        ("text once in it", true, |m| m.text = "x".repeat(262_000)),
        ("text that is too long", false, |m| m.text = "x".repeat(262_144)),
        ("text that is too long escaped", false, |m| m.text = "\"".repeat(131_100)),
        ("sms of 140", true, |m| m.sms = "한".repeat(140)),
        ("sms of 141", false, |m| m.sms = "x".repeat(141)),
        ("an empty attribute", false, |m| drop(m.attributes.insert("group".into(), String::new()))),
        ("an attribute's name", false, |m| drop(m.attributes.insert("a b".into(), "c".into()))),
    ];
    for (name, good, change) in cases {
        let (aws, mut message) = (world(), message("critical"));
        change(&mut message);
        assert_eq!(block_on(aws.send(&message)).is_ok(), good, "{name}");
        assert_eq!(aws.sent_messages().len(), usize::from(good), "{name}: {good}");
    }
}

#[test]
fn attributes_count_into_the_size() {
    let (aws, mut message) = (world(), message("critical"));
    message.text = "x".repeat(262_000);
    message.attributes.insert("group".to_owned(), "x".repeat(200));
    refused(block_on(aws.send(&message)), "too long");
}

#[test]
fn a_chat_form_goes_to_its_own_topic_and_its_loss_is_a_note() {
    let aws = world();
    let send = |message: &Message| block_on(aws.send(message)).unwrap();
    assert_eq!(send(&message("critical")), None, "no chat topic is configured");
    assert!(!aws.has_topic("chat") && aws.has_topic("warning") && !aws.has_topic("nobody"));
    aws.set_chat_topic(Some(Topic::Open));
    assert_eq!((send(&message("critical")), aws.sent_chats().len()), (None, 1));
    assert!(aws.has_topic("chat"));
    assert_eq!(send(&Message { chat: String::new(), ..message("critical") }), None, "none wanted");
    for chat in ["{", "{}", r#"{"version":"1.0","source":"custom","content":{}}"#] {
        let note = send(&Message { chat: chat.to_owned(), ..message("critical") });
        assert!(note.is_some_and(|n| n.contains("chat form")), "{chat}");
    }
    aws.set_chat_topic(Some(Topic::Denied));
    assert!(send(&message("nobody")).is_some_and(|n| n.contains("warning stood in for nobody")));
    assert_eq!((aws.sent_chats().len(), aws.sent_messages().len()), (1, 7));
}

#[test]
fn what_was_sent_is_known_with_both_times_and_its_rate() {
    let aws = world();
    aws.set_wall(at("2026-03-07T00:00:00.900Z"));
    let send = |topic: &str| drop(block_on(aws.send(&message(topic))));
    ["critical", "critical", "warning"].into_iter().for_each(send);
    aws.advance(SignedDuration::from_millis(200));
    ["critical"; 3].into_iter().for_each(send);
    let SentMessage { at: when, second, topic, .. } = aws.sent_messages().remove(5);
    assert_eq!((when.to_string(), topic.as_str()), ("2026-03-06T11:00:00.2Z".into(), "critical"));
    assert_eq!(second, at("2026-03-07T00:00:01Z").as_second());
    let rates = BTreeMap::from([("critical".to_owned(), 3), ("warning".to_owned(), 1)]);
    assert_eq!(aws.highest_rates(), rates);
}

#[test]
fn cloudwatch_knows_alarms_that_are_put_and_those_that_are_described() {
    use crate::AlarmSpec;
    use tidegate_domain::ids::AlarmName;
    use tidegate_domain::metrics::{AlarmState, Comparison, MetricQuery};
    let aws = world();
    let name = AlarmName::new("aira-web-spike").unwrap();
    let query = MetricQuery::metric("AWS/EC2 CPU Average A=b".parse().unwrap());
    aws.put_alarm(AlarmSpec::new(&name, query, Comparison::AtOrAbove, 50.0));
    aws.set_described(alarm("b", State::Alarm));
    aws.set_described(alarm("c", State::InsufficientData));
    let mut one = alarm("many", State::Alarm);
    one.id.contributor = Some("x".to_owned());
    aws.set_described(one);
    let firing = || {
        let alarms = block_on(aws.firing()).unwrap();
        alarms.into_iter().map(|a| a.id.name).collect::<Vec<_>>()
    };
    assert_eq!(firing(), ["b"], "DescribeAlarms knows no contributors");
    aws.advance(mins(1));
    aws.set_alarm(&name, AlarmState::Alarm);
    assert_eq!(firing(), ["aira-web-spike", "b"]);
    let names = ["c", "aira-web-spike", "x"].map(str::to_owned);
    let named = block_on(aws.named(&names)).unwrap();
    let [spike, c] = named.as_slice() else { panic!("{named:?}") };
    assert_eq!((spike.kind, spike.state_at, spike.threshold), (Kind::Metric, at(SOON), Some(50.0)));
    assert_eq!(spike.comparison.as_deref(), Some(">="));
    assert_eq!(spike.metric.as_ref().unwrap().dimensions["A"], "b");
    assert_eq!(c, &alarm("c", State::InsufficientData));
    aws.remove_described("b");
    assert_eq!(firing(), ["aira-web-spike"]);
}

#[test]
fn tags_are_known_of_alarms_that_exist() {
    let aws = world();
    let b = alarm("b", State::Ok);
    let tags = BTreeMap::from([("severity".to_owned(), "critical".to_owned())]);
    refused(block_on(aws.tags(&b.id.arn)), "ResourceNotFoundException");
    aws.set_described(b.clone());
    assert_eq!(block_on(aws.tags(&b.id.arn)), Ok(BTreeMap::new()));
    aws.set_tags(&b.id.arn, tags.clone());
    assert_eq!(block_on(aws.tags(&b.id.arn)), Ok(tags));
}

#[test]
fn a_crash_between_two_writes_of_a_batch_keeps_the_first() {
    let aws = world();
    aws.inject(At::call(Call::KeepMember).nth(2), Fault::CrashBefore);
    let answers = block_on(aws.keep(&["a", "b", "c"].map(|name| write(name, 0))));
    assert_eq!(answers.iter().map(Result::is_ok).collect::<Vec<_>>(), [true, false, false]);
    assert_eq!(aws.alarm_group(&group()).members.len(), 1);
}

#[test]
fn a_call_that_is_not_logged_is_made_all_the_same() {
    let aws = world();
    aws.keep_log(false);
    aws.inject(At::call(Call::Spend).nth(2), Fault::Throttled);
    let spend = || block_on(aws.spend("critical", 1, 1, 5));
    assert_eq!((spend(), spend().is_err()), (Ok(1), true));
    aws.keep_log(true);
    assert_eq!((spend(), aws.log().len()), (Ok(1), 1));
    assert_eq!(aws.log().first().map(|l| l.seq), Some(3));
}
