//! What the alarm router keeps, whom it asks, where its messages go.

use super::*;
use crate::{At, Call, Fault, SentMessage, Topic, block_on};
use std::collections::{BTreeMap, BTreeSet};
use tidegate_domain::alarms::event::{AlarmEvent, AlarmId, Kind, State};
use tidegate_domain::alarms::group::{GroupId, GroupKey, GroupState};
use tidegate_domain::alarms::labels::Labels;
use tidegate_domain::alarms::member::Member;
use tidegate_domain::alarms::message::Message;
use tidegate_domain::alarms::ports::{
    AlarmSource, AlarmStore, GroupEntry, MemberId, MemberWrite, Opening, Outlet,
};
use tidegate_domain::alarms::reason::Why;
use tidegate_domain::alarms::silence::Silence;
use tidegate_domain::ports::{Lease, LeaseToken, Released, Stored};

const SOON: &str = "2026-03-06T11:01:00Z";

fn world() -> FakeAws {
    FakeAws::at(at(EVENING))
}

fn token(name: &str) -> LeaseToken {
    LeaseToken(name.to_owned())
}

pub(super) fn key(service: &str) -> GroupKey {
    let labels = BTreeMap::from([("service".to_owned(), service.to_owned())]);
    GroupKey { route: "root".to_owned(), labels: Labels(labels) }
}

fn group() -> GroupId {
    GroupId::of(&key("api"))
}

pub(super) fn alarm(name: &str, state: State) -> AlarmEvent {
    let arn = format!("arn:aws:cloudwatch:ap-northeast-2:000000000000:alarm:{name}");
    AlarmEvent {
        id: AlarmId { arn, name: name.to_owned(), contributor: None },
        account: "000000000000".to_owned(),
        region: "ap-northeast-2".to_owned(),
        kind: Kind::Metric,
        state,
        state_at: at(EVENING),
        reason: String::new(),
        description: String::new(),
        value: None,
        threshold: None,
        comparison: None,
        metric: None,
        attributes: BTreeMap::new(),
        rule: None,
        suppressed_by: None,
        tags: None,
    }
}

pub(super) fn write(name: &str, expected: u64) -> MemberWrite {
    let event = alarm(name, State::Alarm);
    let id = MemberId { group: group(), fingerprint: event.id.fingerprint() };
    let member = Member {
        event,
        labels: Labels::default(),
        since: Some(at(EVENING)),
        arrived: at(EVENING),
        flips: Vec::new(),
    };
    MemberWrite { id, member, expected, expires: None }
}

fn keep(aws: &FakeAws, write: MemberWrite) -> PortResult<Stored> {
    block_on(aws.keep(&[write])).remove(0)
}

pub(super) fn message(topic: &str) -> Message {
    Message {
        topic: topic.to_owned(),
        subject: "aira-web: 3 alarms".to_owned(),
        text: "three".to_owned(),
        sms: "3".to_owned(),
        chat: r#"{"version":"1.0","source":"custom","content":{"description":"3"}}"#.to_owned(),
        attributes: BTreeMap::from([("fleet".to_owned(), "aira-web".to_owned())]),
        thread: "t-0".to_owned(),
        why: Why::FirstNotification,
        named: BTreeSet::new(),
    }
}

fn opening(name: &str, due: &str) -> Opening {
    Opening { key: key(name), due: at(due) }
}

#[test]
fn an_opened_group_is_listed_and_keeps_what_it_explains() {
    let aws = world();
    block_on(aws.open(&[opening("api", EVENING), opening("web", EVENING)], "a")).unwrap();
    let entry = |due: &str, stamp: &str, explains: &[&str]| GroupEntry {
        key: key("api"),
        due: at(due),
        told: None,
        explains: explains.iter().map(|&e| e.to_owned()).collect(),
        stamp: stamp.to_owned(),
    };
    let listed = || {
        let entries = block_on(aws.groups()).unwrap();
        entries.into_iter().find(|e| e.key == key("api"))
    };
    assert_eq!(listed(), Some(entry(EVENING, "a", &[])));
    assert_eq!(aws.alarm_groups().len(), 2);
    let settled = entry(SOON, "b", &["0:x"]);
    assert_eq!(block_on(aws.settle(&group(), Some("a"), Some(&settled))), Ok(true));
    block_on(aws.open(&[opening("api", EVENING)], "c")).unwrap();
    assert_eq!(listed(), Some(entry(EVENING, "c", &["0:x"])), "due and stamp are renewed");
}

#[test]
fn a_group_that_somebody_opened_meanwhile_stays_as_it_is() {
    let aws = world();
    let settle = |seen, entry: Option<&GroupEntry>| block_on(aws.settle(&group(), seen, entry));
    block_on(aws.open(&[opening("api", EVENING)], "a")).unwrap();
    for seen in [None, Some("b")] {
        assert_eq!(settle(seen, None), Ok(false), "{seen:?}");
    }
    assert_eq!(aws.alarm_groups().len(), 1);
    assert_eq!(settle(Some("a"), None), Ok(true));
    assert_eq!(aws.alarm_groups(), []);
    let entry = GroupEntry {
        key: key("api"),
        due: at(SOON),
        told: None,
        explains: BTreeSet::new(),
        stamp: "d".to_owned(),
    };
    assert_eq!(settle(None, Some(&entry)), Ok(true), "it is not on the list");
    assert_eq!(aws.alarm_groups(), std::slice::from_ref(&entry));
    assert_eq!(settle(None, Some(&entry)), Ok(true), "our own: the first answer was lost");
    let other = GroupEntry { stamp: "e".to_owned(), ..entry.clone() };
    assert_eq!(settle(None, Some(&other)), Ok(false));
    refused(block_on(aws.settle(&GroupId::of(&key("web")), None, Some(&entry))), "another group");
}

#[test]
fn members_are_written_each_against_its_version() {
    let aws = world();
    let id = write("a", 0).id;
    let read = || block_on(aws.members(std::slice::from_ref(&id))).unwrap().remove(0);
    assert_eq!(read(), None);
    let answers = block_on(aws.keep(&[write("a", 0), write("b", 3), write("c", 0)]));
    let expected = [Ok(Stored::Version(1)), Ok(Stored::Conflict), Ok(Stored::Version(1))];
    assert_eq!(answers, expected);
    assert_eq!(keep(&aws, write("a", 0)), Ok(Stored::Conflict), "equal, but another's");
    assert_eq!(keep(&aws, write("a", 1)), Ok(Stored::Version(2)));
    let kept = read().unwrap();
    assert_eq!((kept.version, &kept.member), (2, &write("a", 0).member));
    block_on(aws.forget(&[id.clone(), id.clone()])).unwrap();
    assert_eq!(read(), None);
    let elsewhere = MemberWrite { id, ..write("b", 0) };
    refused(keep(&aws, elsewhere), "another alarm's");
}

#[test]
fn a_group_is_read_whole_in_the_order_of_the_fingerprints() {
    let aws = world();
    assert_eq!(aws.alarm_group(&group()), tidegate_domain::alarms::ports::GroupRead::default());
    block_on(aws.keep(&["a", "b", "c", "d"].map(|name| write(name, 0))));
    let state = GroupState::new(key("api"));
    assert_eq!(block_on(aws.mark(&state, 0, &token("a"))), Ok(Stored::Version(1)));
    let read = block_on(AlarmStore::group(&aws, &group())).unwrap();
    assert_eq!((read.state, read.version), (Some(state), 1));
    let prints: Vec<_> = read.members.iter().map(|k| k.member.fingerprint()).collect();
    assert!(prints.len() == 4 && prints.is_sorted(), "{prints:?}");
    assert_eq!(aws.alarm_group_ids(), BTreeSet::from([group()]));
    aws.garble_alarm_group(&group(), "{");
    let read = block_on(AlarmStore::group(&aws, &group())).unwrap();
    assert_eq!((read.state, read.version, read.members.len()), (None, 2, 4), "to be replaced");
}

#[test]
fn what_people_know_is_marked_by_compare_and_set_and_our_own_again_is_success() {
    let aws = world();
    let mark = |expected, incident, who: &str| {
        let state = GroupState { incident, ..GroupState::new(key("api")) };
        block_on(aws.mark(&state, expected, &token(who))).unwrap()
    };
    assert_eq!(mark(1, 1, "a"), Stored::Conflict);
    assert_eq!(mark(0, 1, "a"), Stored::Version(1));
    assert_eq!(mark(0, 1, "a"), Stored::Version(1), "our own");
    assert_eq!(mark(0, 2, "a"), Stored::Conflict, "our token, another state");
    assert_eq!(mark(0, 1, "b"), Stored::Conflict, "another's, though equal");
    assert_eq!(mark(1, 2, "b"), Stored::Version(2));
}

#[test]
fn a_groups_lease_is_held_as_a_fleets() {
    let aws = world();
    let take = |who: &str, wall: &str| {
        block_on(aws.take(&group(), &token(who), at(wall), at(SOON))).unwrap()
    };
    let leave = |who: &str| block_on(aws.leave(&group(), &token(who))).unwrap();
    assert_eq!(take("a", EVENING), Lease::Taken);
    assert_eq!((take("b", SOON), aws.alarm_lease(&group()).unwrap().wanted), (Lease::Busy, true));
    assert_eq!(leave("b"), Released::Free, "nobody releases another's");
    assert_eq!((leave("a"), leave("a")), (Released::Wanted, Released::Free));
    assert_eq!(aws.alarm_lease(&group()), None);
    take("a", EVENING);
    assert_eq!(take("b", "2026-03-06T11:01:01Z"), Lease::Taken, "it ran out");
}

#[test]
fn at_most_100_at_once() {
    let aws = world();
    let names = |count: u32| (0..count).map(|n| format!("alarm-{n}")).collect::<Vec<_>>();
    for (count, good) in [(100, true), (101, false)] {
        let writes: Vec<MemberWrite> = names(count).iter().map(|n| write(n, 0)).collect();
        let ids: Vec<MemberId> = writes.iter().map(|w| w.id.clone()).collect();
        let keys: Vec<Opening> = names(count).iter().map(|n| opening(n, SOON)).collect();
        let kept = block_on(aws.keep(&writes));
        assert_eq!(kept.len(), writes.len());
        assert_eq!(kept.iter().all(Result::is_ok), good, "{count}");
        assert_eq!(block_on(aws.members(&ids)).is_ok(), good, "{count}");
        assert_eq!(block_on(aws.open(&keys, "s")).is_ok(), good, "{count}");
        assert_eq!(block_on(aws.forget(&ids)).is_ok(), good, "{count}");
    }
}

#[test]
fn items_hold_400_kb() {
    let aws = world();
    let mut large = write("a", 0);
    large.member.event.reason = "x".repeat(400 * 1024);
    refused(keep(&aws, large), "Item size");
    let mut state = GroupState::new(key("api"));
    let told = |n: u32| (alarm(&n.to_string(), State::Ok).id.fingerprint(), n);
    let word = tidegate_domain::alarms::group::Told::Firing;
    state.told = (0..11_000).map(told).map(|(f, _)| (f, word)).collect();
    refused(block_on(aws.mark(&state, 0, &token("a"))), "Item size");
    let explains = (0..5_000).map(|n| format!("{n:0100}")).collect();
    let (due, stamp) = (at(SOON), "s".to_owned());
    let entry = GroupEntry { key: key("api"), due, told: None, explains, stamp };
    refused(block_on(aws.settle(&group(), None, Some(&entry))), "Item size");
}

#[test]
fn a_topics_second_has_so_many_messages_and_no_more() {
    let aws = world();
    let spend = |topic: &str, second, want| block_on(aws.spend(topic, second, want, 5)).unwrap();
    let cases = [
        ("critical", 10, 3, 3),
        ("critical", 10, 3, 2),
        ("critical", 10, 1, 0),
        ("warning", 10, 7, 5),
        ("critical", 11, 1, 1),
        ("critical", 10, 1, 0),
        ("critical", 11, 9, 4),
        ("critical", 12, 0, 0),
    ];
    for (topic, second, want, expected) in cases {
        assert_eq!(spend(topic, second, want), expected, "{topic} {second} {want}");
    }
}

#[test]
fn a_silence_is_replaced_by_its_id_and_shown_until_a_day_after_its_end() {
    let aws = world();
    let silence = |ends: &str| Silence {
        id: "s-1".to_owned(),
        matchers: "severity = \"warning\"".to_owned(),
        starts: at(EVENING),
        ends: at(ends),
        author: "me".to_owned(),
        comment: "why".to_owned(),
    };
    block_on(aws.put_silence(&silence("2026-03-09T11:00:00Z"))).unwrap();
    block_on(aws.put_silence(&silence(SOON))).unwrap();
    assert_eq!(block_on(aws.silences()), Ok(vec![silence(SOON)]));
    aws.advance(mins(24 * 60));
    assert_eq!(block_on(aws.silences()).unwrap().len(), 1);
    aws.advance(mins(1));
    assert_eq!(block_on(aws.silences()), Ok(Vec::new()));
}

#[test]
fn what_has_run_out_is_there_until_it_is_deleted() {
    let aws = world();
    let over = MemberWrite { expires: Some(at(SOON)), ..write("a", 0) };
    block_on(aws.keep(&[over, write("b", 0)]));
    let count = || aws.alarm_group(&group()).members.len();
    aws.delete_expired();
    assert_eq!(count(), 2, "not yet");
    aws.advance(mins(1));
    assert_eq!((count(), keep(&aws, write("a", 0))), (2, Ok(Stored::Conflict)));
    aws.delete_expired();
    assert_eq!(count(), 1);
}

#[test]
fn a_missing_table_refuses_the_router_everything() {
    let aws = world();
    aws.set_table_missing(true);
    let (g, t, missing) = (group(), token("a"), "ResourceNotFoundException");
    let silence = Silence {
        id: "s".into(),
        matchers: String::new(),
        starts: at(EVENING),
        ends: at(SOON),
        author: String::new(),
        comment: String::new(),
    };
    let id = write("a", 0).id;
    refused(block_on(aws.groups()), missing);
    refused(block_on(aws.open(&[opening("api", SOON)], "s")), missing);
    refused(block_on(aws.settle(&g, None, None)), missing);
    refused(block_on(aws.members(std::slice::from_ref(&id))), missing);
    refused(keep(&aws, write("a", 0)), missing);
    refused(block_on(aws.forget(&[id])), missing);
    refused(block_on(aws.take(&g, &t, at(EVENING), at(SOON))), missing);
    refused(block_on(aws.leave(&g, &t)), missing);
    refused(block_on(AlarmStore::group(&aws, &g)), missing);
    refused(block_on(aws.mark(&GroupState::new(key("api")), 0, &t)), missing);
    refused(block_on(aws.silences()), missing);
    refused(block_on(aws.put_silence(&silence)), missing);
    refused(block_on(aws.spend("critical", 1, 1, 5)), missing);
    assert!(block_on(aws.firing()).is_ok() && block_on(aws.send(&message("critical"))).is_ok());
}

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
