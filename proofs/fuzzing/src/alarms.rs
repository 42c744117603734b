//! The alarm router's intake: one record in, one alarm out, whatever stands in it; its texts are
//! clean and bounded, its identity is the alarm's, and its labels are never empty.

use crate::events::home;
use crate::messages::readable;
use crate::world;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::OnceLock;
use tidegate_domain::alarms::event::{AlarmEvent, Kind, State};
use tidegate_domain::alarms::intake::{Content, Record, Wake, decode};
use tidegate_domain::alarms::labels::{Labeller, Labels};
use tidegate_domain::intake::Home;

/// What decodes the router's events.
pub type Decode = fn(&Value, &Home, Timestamp) -> Wake;
/// What labels an alarm.
pub type Label = fn(&AlarmEvent) -> Labels;

/// By AWS's clock a state may lie so far ahead, and no further.
const AHEAD: SignedDuration = SignedDuration::from_hours(1);

/// The labels under the small world's policy.
pub fn label(event: &AlarmEvent) -> Labels {
    static LABELLER: OnceLock<Labeller> = OnceLock::new();
    LABELLER.get_or_init(|| Labeller::new(&world::policy())).label(event)
}

/// Any text: by itself if it is JSON, and as the body of an SQS record.
pub fn alarm_intake(data: &[u8]) {
    alarm_intake_with(decode, label, data);
}

/// [`alarm_intake`] with another decoder or labels.
pub fn alarm_intake_with(decode: Decode, label: Label, data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let queued = queue(&text);
    let body = match event_law(decode, label, &queued).as_slice() {
        [Record { message_id: Some(id), content }] if id == " m\u{7}" => content.clone(),
        other => panic!("one record, under its own id: {other:?}"),
    };
    let Ok(event) = serde_json::from_str::<Value>(&text) else { return };
    let direct = event_law(decode, label, &event);
    if event.get("Records").is_none()
        && let [Record { content, .. }] = direct.as_slice()
    {
        same_law(&event, content, &body);
    }
}

fn queue(body: &str) -> Value {
    json!({ "Records": [{ "messageId": " m\u{7}", "eventSource": "aws:sqs", "body": body }] })
}

fn now() -> Timestamp {
    world::NOON.parse().unwrap()
}

/// The law of one event; what it was decoded to.
fn event_law(decode: Decode, label: Label, event: &Value) -> Vec<Record> {
    let decoded = decode(event, &home(), now());
    assert_eq!(decoded, decode(event, &home(), now()), "decoding depends on its arguments alone");
    let Wake::Records(records) = decoded else { return Vec::new() };
    let sent = event.get("Records").and_then(Value::as_array).map_or(1, Vec::len);
    assert_eq!(records.len(), sent.min(10_001), "one for each record");
    let later = decode(event, &home(), now() + SignedDuration::from_mins(5));
    let Wake::Records(later) = later else { panic!("a tick by the time of day") };
    for (record, later) in records.iter().zip(&later) {
        match (&record.content, &later.content) {
            (Content::Alarm(event), Content::Alarm(again)) => {
                alarm_law(label, event);
                assert_eq!(event.id.fingerprint(), again.id.fingerprint(), "it comes again");
                assert_eq!(event.state, again.state);
            }
            (Content::Foreign(why), Content::Foreign(_)) => {
                assert!(!why.trim().is_empty());
                word_law(why);
            }
            other => panic!("it depends on the time: {other:?}"),
        }
    }
    records
}

/// In a queue or by itself: the same alarm.
fn same_law(event: &Value, direct: &Content, body: &Content) {
    if let (Content::Alarm(direct), Content::Alarm(body)) = (direct, body) {
        if event.get("body").is_none() && event.get("Sns").is_none() {
            assert_eq!(direct.state, body.state);
            assert_eq!(direct.id, body.id);
        }
        // A state that stands where CloudWatch writes it is kept.
        let told = event.pointer("/detail/state/value").or(event.pointer("/alarmData/state/value"));
        if let (Some("ALARM" | "OK"), false) =
            (told.and_then(Value::as_str), direct.kind == Kind::Unclassified)
        {
            let clash = event.get("detail").is_some() && event.get("alarmData").is_some();
            let word = direct.state.word();
            assert!(clash || Some(word) == told.and_then(Value::as_str), "{word}");
        }
    }
}

fn alarm_law(label: Label, event: &AlarmEvent) {
    assert!(!event.id.name.trim().is_empty() && !event.state.word().trim().is_empty());
    let owner = (event.account.as_str(), event.region.as_str());
    assert_eq!(owner, ("000000000000", "ap-northeast-2"));
    assert!(event.state_at <= now() + AHEAD && event.state_at >= Timestamp::UNIX_EPOCH);
    let numbers = [event.value, event.threshold];
    assert!(numbers.into_iter().flatten().all(f64::is_finite), "{numbers:?}");
    let sign = event.comparison.as_deref();
    assert!(sign.is_none_or(|sign| [">", ">=", "<", "<="].contains(&sign)), "{sign:?}");
    for prose in [&event.reason, &event.description] {
        assert!(prose.len() <= 1_024, "{} bytes", prose.len());
        readable(prose);
    }
    let metric = event.metric.clone().unwrap_or_default();
    let id = &event.id;
    let words = [&id.name, &metric.namespace, &metric.name].into_iter();
    let words = words.chain(&id.contributor).chain(&event.rule).chain(&event.suppressed_by);
    words.for_each(|word| word_law(word));
    word_law(event.state.word());
    assert!(id.arn.starts_with("arn:") && id.arn.chars().count() <= 400, "{}", id.arn);
    readable(&id.arn);
    let none = BTreeMap::new();
    for pairs in [&metric.dimensions, &event.attributes, event.tags.as_ref().unwrap_or(&none)] {
        assert!(pairs.len() <= 50);
        pairs.iter().for_each(|(name, value)| [name, value].into_iter().for_each(|w| word_law(w)));
    }
    if event.kind == Kind::Unclassified {
        assert_eq!(event.state, State::Alarm, "nobody is sure that it is over");
        assert!(id.arn.contains(":unclassified:"), "it stands for no other alarm");
    }
    let text = serde_json::to_string(event).unwrap();
    let back: AlarmEvent = serde_json::from_str(&text).unwrap();
    assert_eq!((&back.id, &back.state), (&event.id, &event.state), "{text}");
    labels_law(event, &label(event));
}

fn labels_law(event: &AlarmEvent, labels: &Labels) {
    for name in ["alarm", "region", "account", "kind", "resource"] {
        assert!(!labels.get(name).is_empty(), "{name} is always there: {labels:?}");
    }
    for (name, value) in &labels.0 {
        assert!(!value.is_empty(), "{name} is absent instead of empty");
        assert!(name.chars().count() <= 265 && value.chars().count() <= 400, "{name}={value}");
        readable(name);
        readable(value);
    }
    assert_eq!(labels.get("alarm"), event.id.name);
    let severity = labels.get("severity");
    assert_eq!(severity, severity.to_lowercase());
    let fleet = labels.get("fleet");
    assert!(fleet.is_empty() || !labels.get("service").is_empty(), "a fleet is a service");
}

/// One line of at most 255 characters.
fn word_law(text: &str) {
    assert!(text.chars().count() <= 255 && !text.contains(['\n', '\t']), "{text:?}");
    readable(text);
}
