//! What the tests of the router's ports speak of: an alarm, its group, a message.

use jiff::Timestamp;
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};
use tidegate_domain::alarms::event::AlarmEvent;
use tidegate_domain::alarms::group::{GroupId, GroupKey, GroupState};
use tidegate_domain::alarms::labels::Labels;
use tidegate_domain::alarms::member::Member;
use tidegate_domain::alarms::message::Message;
use tidegate_domain::alarms::ports::{GroupEntry, MemberId, MemberWrite, Opening};
use tidegate_domain::alarms::reason::Why;
use tidegate_domain::alarms::silence::Silence;

pub(crate) fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

pub(crate) fn arn(name: &str) -> String {
    format!("arn:aws:cloudwatch:eu-central-1:123456789012:alarm:{name}")
}

pub(crate) fn event(name: &str) -> AlarmEvent {
    serde_json::from_value(json!({
        "id": {"arn": arn(name), "name": name}, "account": "123456789012",
        "region": "eu-central-1", "kind": "metric", "state": "ALARM",
        "state_at": "2026-03-02T22:10:00Z", "reason": "r", "description": "d",
        "value": null, "threshold": 80.0, "comparison": ">", "metric": null,
    }))
    .unwrap()
}

pub(crate) fn member(name: &str) -> Member {
    let event = event(name);
    let (at, labels) = (event.state_at, Labels::default());
    Member { event, labels, since: Some(at), arrived: at, flips: vec![at] }
}

pub(crate) fn key() -> GroupKey {
    let labels = Labels(BTreeMap::from([("fleet".to_owned(), "web".to_owned())]));
    GroupKey { route: "root".to_owned(), labels }
}

pub(crate) fn group() -> GroupId {
    GroupId::of(&key())
}

pub(crate) fn id(name: &str) -> MemberId {
    MemberId { group: group(), fingerprint: event(name).id.fingerprint() }
}

pub(crate) fn write(name: &str, expected: u64) -> MemberWrite {
    MemberWrite { id: id(name), member: member(name), expected, expires: None }
}

pub(crate) fn opening() -> Opening {
    Opening { key: key(), due: at(1_000) }
}

pub(crate) fn entry(stamp: &str) -> GroupEntry {
    GroupEntry {
        key: key(),
        due: at(2_000),
        told: None,
        explains: BTreeSet::from(["0:abc".to_owned()]),
        stamp: stamp.to_owned(),
    }
}

pub(crate) fn state() -> GroupState {
    GroupState::new(key())
}

pub(crate) fn silence(id: &str) -> Silence {
    Silence {
        id: id.to_owned(),
        matchers: "alarm=cpu".to_owned(),
        starts: at(0),
        ends: at(4_000_000_000),
        author: "kim".to_owned(),
        comment: "a move".to_owned(),
    }
}

pub(crate) fn message(topic: &str, severity: &str) -> Message {
    let attribute = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    Message {
        topic: topic.to_owned(),
        subject: "a subject".to_owned(),
        text: "the whole text".to_owned(),
        sms: "the short text".to_owned(),
        chat: json!({"version": "1.0", "source": "custom"}).to_string(),
        attributes: BTreeMap::from([attribute("severity", severity), attribute("fleet", "web")]),
        thread: "t-0".to_owned(),
        why: Why::FirstNotification,
        named: BTreeSet::new(),
    }
}
