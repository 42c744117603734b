//! Every file of `events/alarm-router`, and what no file shows.

use super::*;
use crate::alarms::event::{Kind, State};
use serde_json::json;
use std::collections::BTreeMap;

const NOW: &str = "2026-11-17T05:31:00Z";
/// The time that most files have.
const THEN: &str = "2026-11-17T05:30:27.483Z";
const ARN: &str = "arn:aws:cloudwatch:ap-northeast-2:000000000000:alarm:";

fn home() -> Home {
    Home { account: "000000000000".into(), region: "ap-northeast-2".into() }
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn records_of(event: &Value) -> Vec<Record> {
    match decode(event, &home(), at(NOW)) {
        Wake::Records(records) => records,
        Wake::Tick => panic!("a tick: {event}"),
    }
}

fn contents(event: &Value) -> Vec<Content> {
    records_of(event).into_iter().map(|record| record.content).collect()
}

/// The only alarm of an event.
fn alarm(event: &Value) -> AlarmEvent {
    match contents(event).as_slice() {
        [Content::Alarm(alarm)] => *alarm.clone(),
        other => panic!("{event}: {other:?}"),
    }
}

macro_rules! file {
    ($name:literal) => {
        ($name, include_str!(concat!("../../../../../../events/alarm-router/", $name, ".json")))
    };
}

// After the macro that they use.
mod facts;
mod unknown;

fn parsed(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

fn map(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

type Pair = (&'static str, &'static str);
const LB: Pair = ("LoadBalancer", "app/aira/50dc6c495c0c9188");
const TG: Pair = ("TargetGroup", "targetgroup/aira/73e2d6bc24d8a067");
const GROUP: Pair = ("AutoScalingGroupName", "aira-web");

/// What a file tells of one alarm.
struct Told {
    name: &'static str,
    kind: Kind,
    state: State,
    at: &'static str,
    value: Option<f64>,
    threshold: Option<f64>,
    comparison: Option<&'static str>,
    metric: Option<(&'static str, &'static str, &'static [Pair])>,
}

impl Told {
    fn of(name: &'static str, kind: Kind) -> Self {
        Self {
            name,
            kind,
            state: State::Alarm,
            at: THEN,
            value: None,
            threshold: None,
            comparison: None,
            metric: None,
        }
    }

    fn cpu(value: Option<f64>) -> Self {
        Self {
            value,
            threshold: Some(70.0),
            comparison: Some(">="),
            metric: Some(("AWS/EC2", "CPUUtilization", &[GROUP])),
            ..Self::of("aira-web-cpu-high", Kind::Metric)
        }
    }

    fn check(&self, file: &str, event: &AlarmEvent) {
        assert_eq!(event.id.name, self.name, "{file}");
        assert_eq!(event.id.arn, format!("{ARN}{}", self.name), "{file}");
        assert_eq!((event.kind, &event.state), (self.kind, &self.state), "{file}");
        assert_eq!(event.state_at, at(self.at), "{file}");
        assert_eq!((event.value, event.threshold), (self.value, self.threshold), "{file}");
        assert_eq!(event.comparison.as_deref(), self.comparison, "{file}");
        let metric = event.metric.as_ref();
        let metric = metric.map(|m| (m.namespace.as_str(), m.name.as_str(), m.dimensions.clone()));
        let told = self.metric.map(|(namespace, name, pairs)| (namespace, name, map(pairs)));
        assert_eq!(metric, told, "{file}");
        assert_eq!(
            (event.account.as_str(), event.region.as_str()),
            ("000000000000", "ap-northeast-2")
        );
        assert!(!event.reason.is_empty() && !event.description.contains('\u{0}'), "{file}");
    }
}

fn requests_unusual() -> Told {
    Told {
        at: "2026-11-17T05:30:04.653Z",
        value: Some(18.0),
        metric: Some(("AWS/ApplicationELB", "RequestCount", &[LB])),
        ..Told::of("aira-web-requests-unusual-warning", Kind::AnomalyBand)
    }
}

#[test]
fn every_file_of_one_alarm_tells_it_whole() {
    let overload =
        |name| Told { at: "2026-11-17T05:30:28.112Z", ..Told::of(name, Kind::Composite) };
    for ((file, text), told) in [
        (file!("metric"), Told::cpu(Some(88.3))),
        (file!("lambda-action"), Told::cpu(Some(88.3))),
        (file!("sns"), Told::cpu(Some(88.3))),
        (
            file!("ok"),
            Told { state: State::Ok, at: "2026-11-17T05:53:27.482Z", ..Told::cpu(Some(55.4)) },
        ),
        (
            file!("insufficient-data"),
            Told {
                state: State::InsufficientData,
                at: "2026-11-17T06:10:27.483Z",
                comparison: None,
                ..Told::cpu(None)
            },
        ),
        (
            file!("metric-math"),
            Told {
                value: Some(142.25),
                threshold: Some(100.0),
                comparison: Some(">"),
                metric: Some(("AWS/ApplicationELB", "RequestCount", &[LB, TG])),
                ..Told::of("aira-web-use-high", Kind::MetricMath)
            },
        ),
        (file!("anomaly-band"), requests_unusual()),
        (file!("composite"), overload("aira-web-overload-critical")),
        (file!("composite-without-suppressor"), overload("aira-web-overload")),
        (
            file!("contributor"),
            Told {
                at: "2026-11-17T05:30:04.919Z",
                value: Some(12.0),
                threshold: Some(0.0),
                comparison: Some(">"),
                ..Told::of("tables-throttled", Kind::Contributor)
            },
        ),
        (
            file!("muted"),
            Told {
                at: "2026-11-17T05:30:41.104Z",
                value: Some(14.0),
                threshold: Some(5.0),
                comparison: Some(">"),
                metric: Some((
                    "AWS/ApplicationELB",
                    "HTTPCode_Target_5XX_Count",
                    &[LB, ("TargetGroup", "targetgroup/api/0f3b5a9c7d1e2468")],
                )),
                ..Told::of("aira-api-5xx", Kind::Metric)
            },
        ),
        (
            file!("critical"),
            Told {
                at: "2026-11-17T05:30:12.704Z",
                value: Some(2.41),
                threshold: Some(1.5),
                comparison: Some(">"),
                metric: Some(("AWS/ApplicationELB", "TargetResponseTime", &[LB, TG])),
                ..Told::of("aira-web-latency-critical", Kind::Metric)
            },
        ),
    ] {
        // What is later than the usual time of the tests is decoded when it has just happened.
        let now = at(told.at).max(at(NOW));
        match decode(&parsed(text), &home(), now) {
            Wake::Records(records) => match records.as_slice() {
                [Record { message_id: None, content: Content::Alarm(event) }] => {
                    told.check(file, event);
                }
                other => panic!("{file}: {other:?}"),
            },
            Wake::Tick => panic!("{file}"),
        }
    }
}

#[test]
fn the_shapes_of_one_change_agree() {
    let [told, direct, sns] = [file!("metric"), file!("lambda-action"), file!("sns")]
        .map(|(_, text)| alarm(&parsed(text)));
    assert_eq!(told, direct);
    assert_eq!(told, sns);
    assert_eq!(
        told.description,
        "CPU of aira-web is high; tidegate adds instances by its step table."
    );
}

#[test]
fn what_only_some_alarms_have() {
    let composite = alarm(&parsed(file!("composite").1));
    assert_eq!(composite.suppressed_by.as_deref(), Some("WaitPeriod (aira-web-deploying)"));
    let rule = r#"ALARM("aira-web-cpu-high") OR ALARM("aira-web-use-high")"#;
    assert_eq!(composite.rule.as_deref(), Some(rule));
    let bare = alarm(&parsed(file!("composite-without-suppressor").1));
    assert_eq!((bare.suppressed_by, bare.rule.as_deref()), (None, Some(rule)));

    let contributor = alarm(&parsed(file!("contributor").1));
    assert_eq!(contributor.id.contributor.as_deref(), Some("6d442278dba546f6"));
    let attributes = map(&[("Operation", "PutItem"), ("TableName", "aira-sessions")]);
    assert_eq!(contributor.attributes, attributes);
    let whole = AlarmId { contributor: None, ..contributor.id.clone() };
    assert_ne!(contributor.id.fingerprint(), whole.fingerprint());

    let muted = alarm(&parsed(file!("muted").1));
    let rule = "arn:aws:cloudwatch:ap-northeast-2:000000000000:alarm-mute-rule:api-release";
    assert_eq!(muted.suppressed_by.as_deref(), Some(rule));
    let tags = map(&[("service", "chat-api"), ("severity", "Critical"), ("team", "platform")]);
    assert_eq!(muted.tags, Some(tags));
    assert_eq!(bare.tags, None, "not read is not none");
}

#[test]
fn a_batch_is_decoded_record_by_record() {
    let records = records_of(&parsed(file!("sqs").1));
    let ids: Vec<&str> = records.iter().filter_map(|r| r.message_id.as_deref()).collect();
    assert_eq!(
        ids,
        [
            "059f36b4-87a3-44ab-83d2-661975830a7d",
            "2e1424d4-f796-459a-8184-9c92662be6da",
            "9b5dd4a8-3c27-4f1b-a1e7-0d9c51a9e088",
            "c0f6a9e1-7f0f-4a0e-8f2c-5b6d7e8f9a99",
            "77aa5a3b-1c1d-4e7f-9d65-2b3c4d5e6f00",
        ]
    );
    let told: Vec<Content> = records.into_iter().map(|record| record.content).collect();
    let [
        Content::Alarm(plain),
        Content::Alarm(band),
        Content::Alarm(composite),
        Content::Alarm(raw),
        Content::Foreign(why),
    ] = told.as_slice()
    else {
        panic!("{told:?}");
    };
    assert_eq!(**plain, alarm(&parsed(file!("metric").1)));
    assert_eq!(**band, alarm(&parsed(file!("anomaly-band").1)), "in an envelope of SNS");
    let direct = alarm(&parsed(file!("composite-without-suppressor").1));
    assert_eq!(**composite, direct, "SNS with raw delivery");
    assert_eq!((raw.kind, raw.id.name.as_str()), (Kind::Unclassified, "unclassified"));
    assert_eq!(raw.reason, "the database is on fire");
    assert_eq!(raw.state_at, at("2026-11-17T05:30:30Z"), "when it was sent");
    assert_eq!(why, "account 999999999999, region ap-northeast-2");
}

#[test]
fn ticks_in_their_shapes() {
    for (file, text) in [file!("tick"), file!("scheduled-event")] {
        assert_eq!(decode(&parsed(text), &home(), at(NOW)), Wake::Tick, "{file}");
        let [queued] = contents(&queue(text)).try_into().unwrap();
        assert!(matches!(&queued, Content::Foreign(why) if why.contains("tick")), "{queued:?}");
    }
    for event in [json!({}), json!({"schedule": "night"}), json!({"dry_run": true})] {
        assert_eq!(decode(&event, &home(), at(NOW)), Wake::Tick, "{event}");
    }
    let mut other = parsed(file!("scheduled-event").1);
    other["account"] = "999999999999".into();
    assert!(matches!(contents(&other).as_slice(), [Content::Foreign(_)]));
}

#[test]
fn hostile_texts_are_clean_and_bounded_and_nothing_is_lost() {
    let event = alarm(&parsed(file!("hostile").1));
    let name = "aira-web-hgih-upc";
    assert_eq!((event.id.name.as_str(), event.kind), (name, Kind::Metric));
    // Not the alarm of the clean name.
    let (start, mark) = event.id.arn.split_once('~').unwrap();
    assert_eq!((start, mark.len()), (format!("{ARN}{name}").as_str(), 32));
    assert_eq!(event.state, State::Other("ALARM?".into()));
    assert!(event.state.is_firing());
    assert_eq!(event.state_at, at(THEN));
    assert!(event.reason.starts_with("<script>alert(1)</script> LANOITNETNI [31mred[0m"));
    assert!(event.reason.len() <= 1_024 && event.reason.ends_with("...[cut]"));
    assert_eq!(event.description, "{{7*7}}  %s%n\nForged-Header: yes");
    assert_eq!((event.value, event.threshold, &event.suppressed_by), (None, None, &None));
    let metric = event.metric.unwrap();
    assert_eq!((metric.namespace.as_str(), metric.name.as_str()), ("AWS/EC2", ""));
    assert_eq!(metric.dimensions.keys().collect::<Vec<_>>(), ["Cores", "InstanceId"]);
    assert_eq!(metric.dimensions["Cores"], "8");
    let instance = &metric.dimensions["InstanceId"];
    assert!(instance.len() == 255 && instance.ends_with("00...[cut]"), "{instance}");
    assert_eq!(event.tags, Some(map(&[("severity", "CRITICAL")])));
}

#[test]
fn what_is_malformed_keeps_its_name() {
    let event = alarm(&parsed(file!("malformed").1));
    assert_eq!((event.id.name.as_str(), event.kind), ("aira-web-half", Kind::Unclassified));
    assert_eq!(event.state, State::Alarm);
    assert_eq!(event.state_at, at(NOW));
    assert!(event.reason.contains(r#""alarmArn":"not an arn""#), "{}", event.reason);
    let real = AlarmId { arn: format!("{ARN}aira-web-half"), ..event.id.clone() };
    assert_ne!(event.id.fingerprint(), real.fingerprint(), "not the alarm of that name");
}

/// One SQS record with this body.
fn queue(body: &str) -> Value {
    json!({ "Records": [{ "messageId": "m", "eventSource": "aws:sqs", "body": body }] })
}

/// An event that tells the metric alarm, changed.
fn changed(pointer: &str, value: Value) -> Value {
    let mut event = parsed(file!("metric").1);
    let (parent, key) = pointer.rsplit_once('/').unwrap();
    event.pointer_mut(parent).unwrap().as_object_mut().unwrap().insert(key.into(), value);
    event
}
