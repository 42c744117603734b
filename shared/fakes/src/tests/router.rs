//! What the alarm router keeps, whom it asks, where its messages go.

use super::*;
use crate::block_on;
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

pub(super) const SOON: &str = "2026-03-06T11:01:00Z";

pub(super) fn world() -> FakeAws {
    FakeAws::at(at(EVENING))
}

pub(super) fn token(name: &str) -> LeaseToken {
    LeaseToken(name.to_owned())
}

pub(super) fn key(service: &str) -> GroupKey {
    let labels = BTreeMap::from([("service".to_owned(), service.to_owned())]);
    GroupKey { route: "root".to_owned(), labels: Labels(labels) }
}

pub(super) fn group() -> GroupId {
    GroupId::of(&key("api"))
}

pub(super) fn alarm(name: &str, state: State) -> AlarmEvent {
    let arn = format!("arn:aws:cloudwatch:ap-northeast-2:000000000000:alarm:{name}");
    AlarmEvent {
        account: "000000000000".to_owned(),
        region: "ap-northeast-2".to_owned(),
        ..AlarmEvent::bare(
            AlarmId { arn, name: name.to_owned(), contributor: None },
            Kind::Metric,
            state,
            at(EVENING),
        )
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

pub(super) fn keep(aws: &FakeAws, write: MemberWrite) -> PortResult<Stored> {
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

pub(super) fn opening(name: &str, due: &str) -> Opening {
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
