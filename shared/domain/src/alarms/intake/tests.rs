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
        ($name, include_str!(concat!("../../../../../events/alarm-router/", $name, ".json")))
    };
}

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

#[test]
fn what_is_not_understood_is_forwarded_under_what_name_it_has() {
    let sns = |message: &str| {
        json!({ "Records": [{ "EventSource": "aws:sns", "Sns": {
            "Message": message, "Subject": "disk full", "Timestamp": "2026-11-17T05:29:00Z" } }] })
    };
    for (event, name, when) in [
        (json!("text"), "unclassified", NOW),
        (json!(17), "unclassified", NOW),
        (json!([1, 2]), "unclassified", NOW),
        (json!({"hello": 1}), "unclassified", NOW),
        (json!({"name": "  "}), "unclassified", NOW),
        (json!({"alarm_name": "a\u{7}b"}), "ab", NOW),
        (json!({"alarm": {"name": "inner"}}), "inner", NOW),
        (json!({"detail-type": "AWS Health Event", "detail": {}}), "AWS Health Event", NOW),
        (json!({"Records": "none"}), "unclassified", NOW),
        (json!({"Records": [null]}), "unclassified", NOW),
        (queue(""), "unclassified", NOW),
        (queue("{}"), "unclassified", NOW),
        (
            queue("{\"title\": \"t\", \"time\": \"2026-11-17T05:28:00Z\"}"),
            "t",
            "2026-11-17T05:28:00Z",
        ),
        (sns("it burns"), "disk full", "2026-11-17T05:29:00Z"),
        (sns("{\"x\": 1}"), "disk full", "2026-11-17T05:29:00Z"),
        (sns("{\"AlarmName\": \"half\"}"), "half", "2026-11-17T05:29:00Z"),
        (
            changed("/detail/state", json!({"value": ""})),
            "aira-web-cpu-high",
            "2026-11-17T05:30:27Z",
        ),
        (changed("/detail/state", Value::Null), "aira-web-cpu-high", "2026-11-17T05:30:27Z"),
    ] {
        let told = alarm(&event);
        assert_eq!((told.kind, &told.state), (Kind::Unclassified, &State::Alarm), "{event}");
        assert_eq!((told.id.name.as_str(), told.state_at), (name, at(when)), "{event}");
    }
    assert_eq!(contents(&json!({"Records": []})), []);
}

#[test]
fn an_unclassified_record_that_comes_again_is_the_same_and_another_is_another() {
    let first = alarm(&queue("it burns"));
    assert_eq!(first.id, alarm(&queue("it burns")).id);
    assert_ne!(first.id.fingerprint(), alarm(&queue("it floods")).id.fingerprint());
    // Titles are shared by many things, alarms' names are not.
    let titled = |title: &str, n: u8| alarm(&json!({ title: "x", "n": n })).id.fingerprint();
    assert_ne!(titled("title", 1), titled("title", 2));
    assert_eq!(titled("alarmName", 1), titled("alarmName", 2));
}

#[test]
fn states_are_kept_whatever_they_are() {
    for (word, state) in [
        ("OK", State::Ok),
        ("ALARM", State::Alarm),
        ("INSUFFICIENT_DATA", State::InsufficientData),
        ("MUTED", State::Other("MUTED".into())),
        ("ok", State::Other("ok".into())),
    ] {
        assert_eq!(alarm(&changed("/detail/state/value", word.into())).state, state);
    }
}

#[test]
fn a_time_is_the_states_else_the_events_else_now_and_never_far_ahead() {
    let no_time = |sent: &str| {
        let mut event = changed("/detail/state/timestamp", "soon".into());
        event["time"] = sent.into();
        event
    };
    let ahead = "2026-11-17T06:31:00Z";
    for (event, want) in [
        (changed("/detail/state/timestamp", ahead.into()), ahead),
        (changed("/detail/state/timestamp", "2026-11-17T06:31:01Z".into()), "2026-11-17T05:30:27Z"),
        (changed("/detail/state/timestamp", "9999-12-30T22:00:00Z".into()), "2026-11-17T05:30:27Z"),
        (
            changed("/detail/state/timestamp", "-009999-01-02T01:59:59Z".into()),
            "2026-11-17T05:30:27Z",
        ),
        (no_time("2026-11-17T05:00:00Z"), "2026-11-17T05:00:00Z"),
        (no_time("9999-12-30T22:00:00Z"), NOW),
        (no_time("soon"), NOW),
    ] {
        assert_eq!(alarm(&event).state_at, at(want), "{event}");
    }
    let mut queued = queue(&no_time("soon").to_string());
    for (sent, want) in [
        (json!("1794893400000"), "2026-11-17T05:30:00Z"),
        (json!(1_794_893_400_000_i64), "2026-11-17T05:30:00Z"),
        (json!("later"), NOW),
        (json!("99999999999999999"), NOW),
    ] {
        queued["Records"][0]["attributes"] = json!({ "SentTimestamp": sent });
        assert_eq!(alarm(&queued).state_at, at(want), "{sent}");
    }
}

#[test]
fn somebody_elses_alarms_are_foreign_and_silence_about_it_is_ours() {
    let arn = |account: &str| {
        json!([format!("arn:aws:cloudwatch:ap-northeast-2:{account}:alarm:aira-web-cpu-high")])
    };
    let direct = |key: &str, value: &str| {
        let mut event = parsed(file!("lambda-action").1);
        event[key] = value.into();
        event
    };
    let notified = |arn: &str| {
        queue(&json!({ "AlarmName": "a", "NewStateValue": "ALARM", "AlarmArn": arn }).to_string())
    };
    for (event, why) in [
        (changed("/account", "999999999999".into()), "account 999999999999"),
        (changed("/region", "us-east-1".into()), "region us-east-1"),
        (changed("/resources", arn("999999999999")), "account 999999999999"),
        (direct("accountId", "999999999999"), "account 999999999999"),
        (direct("region", "x\u{202e}y"), "region xy"),
        (direct("alarmArn", "arn:aws:sns:ap-northeast-2:000000000000:topic"), "is no alarm's ARN"),
        (notified("arn:aws:cloudwatch:us-east-1:000000000000:alarm:a"), "region us-east-1"),
        (notified("arn:x"), "arn:x is no alarm's ARN"),
        (
            queue("{\"AlarmName\":\"a\",\"NewStateValue\":\"OK\",\"AWSAccountId\":\"9\"}"),
            "account 9",
        ),
        (queue("{\"account\":\"999999999999\",\"what\":1}"), "account 999999999999"),
    ] {
        let told = contents(&event);
        let [Content::Foreign(told)] = told.as_slice() else { panic!("{event}: {told:?}") };
        assert!(told.contains(why), "{told}");
    }
    let without = |keys: &[&str]| {
        let mut event = parsed(file!("metric").1);
        keys.iter().for_each(|key| drop(event.as_object_mut().unwrap().remove(*key)));
        event
    };
    let whole = alarm(&without(&[]));
    for keys in [&["account"][..], &["region"], &["resources"], &["account", "region", "resources"]]
    {
        assert_eq!(alarm(&without(keys)), whole, "{keys:?}");
    }
    let detail = without(&[])["detail"].clone();
    assert_eq!(alarm(&detail), whole, "a rule that passes on the detail alone");
    assert_eq!(alarm(&direct("alarmArn", "not an arn")), whole);
    assert_eq!(alarm(&changed("/account", 17.into())), whole);
    assert_eq!(alarm(&changed("/resources", json!(["arn:aws:s3:::b", 7]))), whole);
    let unknown = alarm(&queue("{\"account\": \"savings\"}"));
    assert_eq!(unknown.kind, Kind::Unclassified, "no account's number");
}

#[test]
fn without_an_arn_one_is_built_of_the_regions_partition() {
    for (region, arn) in [
        ("ap-northeast-2", "arn:aws:cloudwatch:ap-northeast-2:000000000000:alarm:a:b"),
        ("cn-north-1", "arn:aws-cn:cloudwatch:cn-north-1:000000000000:alarm:a:b"),
        ("us-gov-west-1", "arn:aws-us-gov:cloudwatch:us-gov-west-1:000000000000:alarm:a:b"),
        ("us-east-1", "arn:aws:cloudwatch:us-east-1:000000000000:alarm:a:b"),
    ] {
        let home = Home { region: region.into(), ..home() };
        let built = json!({ "alarmName": "a:b", "state": { "value": "OK" } });
        let told = json!({ "alarmData": { "state": { "value": "OK" } }, "alarmArn": arn });
        for event in [built, told] {
            let Wake::Records(records) = decode(&event, &home, at(NOW)) else { panic!() };
            let [Record { content: Content::Alarm(event), .. }] = records.as_slice() else {
                panic!("{records:?}");
            };
            assert_eq!((event.id.arn.as_str(), event.id.name.as_str()), (arn, "a:b"));
        }
    }
}

#[test]
fn names_never_fail_and_two_never_become_one() {
    let long = "n".repeat(255);
    let longer = "n".repeat(256);
    for (name, shown) in [
        ("plain", "plain"),
        (" two  blanks ", " two  blanks "),
        ("", "unnamed"),
        ("  ", "unnamed"),
        ("\u{202e}", "unnamed"),
        ("a\nb", "ab"),
        ("한글-경보", "한글-경보"),
        (&long, &long),
        (&longer, &format!("{}...[cut]", "n".repeat(247))),
    ] {
        let mut event = changed("/detail/alarmName", name.into());
        event["resources"] = json!([]);
        assert_eq!(alarm(&event).id.name, shown, "{name:?}");
    }
    let names = ["", " ", "\u{202e}", "\u{202d}", "a", "a\n", "a\u{7}", &long, &longer, "unnamed"];
    let ids: Vec<AlarmId> =
        names.iter().map(|name| identify(&format!("{ARN}{name}"), name, None)).collect();
    for (n, id) in ids.iter().enumerate() {
        assert!(id.arn.chars().count() <= 400);
        assert!(ids.iter().skip(n + 1).all(|other| other.arn != id.arn), "{:?}", names[n]);
    }
    let contributors = ["x".repeat(255), "x".repeat(256), "x".repeat(257), "x\u{0}".into()];
    let ids: std::collections::BTreeSet<_> =
        contributors.iter().map(|id| identify(ARN, "a", Some(id)).fingerprint()).collect();
    assert_eq!(ids.len(), contributors.len());
}

#[test]
fn contributors_under_every_spelling() {
    let notice = |extra: Value| {
        let mut message = json!({ "AlarmName": "a", "NewStateValue": "ALARM" });
        let extra = extra.as_object().unwrap().clone();
        message.as_object_mut().unwrap().extend(extra);
        alarm(&queue(&message.to_string()))
    };
    let want = (Some("c1"), map(&[("TableName", "t")]));
    for extra in [
        json!({"AlarmContributor": {"Id": "c1", "Attributes": {"TableName": "t"}}}),
        json!({"alarmContributor": {"id": "c1", "attributes": {"TableName": "t"}}}),
        json!({"Contributor": {"ContributorId": "c1", "ContributorAttributes": {"TableName": "t"}}}),
        json!({"AlarmContributor": {"Id": "c1", "Attributes": [{"name": "TableName", "value": "t"}]}}),
        json!({"AlarmContributor": {"Id": "c1", "Attributes": [{"Key": "TableName", "Value": "t"}]}}),
        json!({"AlarmContributorId": "c1", "AlarmContributorAttributes": {"TableName": "t"}}),
        json!({"ContributorId": "c1", "ContributorAttributes": {"TableName": "t"}}),
    ] {
        let told = notice(extra.clone());
        let got = (told.id.contributor.as_deref(), told.attributes);
        assert_eq!((got, told.kind), (want.clone(), Kind::Contributor), "{extra}");
    }
    // Without an id they are still told apart, by their attributes.
    let nameless =
        |table: &str| notice(json!({"AlarmContributor": {"Attributes": {"T": table}}})).id;
    assert_eq!(nameless("t"), nameless("t"));
    assert_ne!(nameless("t").fingerprint(), nameless("u").fingerprint());
    assert_eq!(notice(json!({"AlarmContributor": null})).kind, Kind::Metric);
}

#[test]
fn kinds_by_what_the_configuration_has() {
    let math = json!([{"id": "e", "expression": "SUM(METRICS())"}]);
    let band = json!([{"id": "ad1", "expression": "ANOMALY_DETECTION_BAND(m1, 2)"}]);
    let inner = |data: &str| {
        let mut event = changed("/detail/configuration", json!({}));
        event["detail"]["state"]["reasonData"] = data.into();
        event
    };
    for (event, kind) in [
        (changed("/detail/configuration", json!({})), Kind::Metric),
        (changed("/detail/configuration", json!(7)), Kind::Metric),
        (changed("/detail/configuration/metrics", math), Kind::MetricMath),
        (changed("/detail/configuration/metrics", band), Kind::AnomalyBand),
        (changed("/detail/configuration/thresholdMetricId", "ad1".into()), Kind::AnomalyBand),
        (
            changed("/detail/configuration/comparisonOperator", "GreaterThanUpperThreshold".into()),
            Kind::AnomalyBand,
        ),
        (changed("/detail/configuration/alarmRule", "ALARM(a)".into()), Kind::Composite),
        (inner("{\"triggeringAlarms\": []}"), Kind::Composite),
        (inner("{\"threshold\": 1}"), Kind::Metric),
    ] {
        let told = alarm(&event);
        assert_eq!(told.kind, kind, "{event}");
        let banded = kind == Kind::AnomalyBand;
        assert!(!banded || (told.threshold.is_none() && told.comparison.is_none()));
    }
}

#[test]
fn numbers_from_fields_and_from_words() {
    for (operator, reason, comparison, threshold, value) in [
        (
            None,
            "2 datapoints [88.3 (t), 81.9 (t)] were greater than or equal to the threshold (70.0).",
            Some(">="),
            Some(70.0),
            Some(88.3),
        ),
        (
            None,
            "1 datapoint [3.0 (t)] was not greater than the threshold (5.0).",
            Some(">"),
            Some(5.0),
            Some(3.0),
        ),
        (
            None,
            "1 datapoint [3.0 (t)] was less than the threshold (-5.5).",
            Some("<"),
            Some(-5.5),
            Some(3.0),
        ),
        (
            None,
            "1 datapoint [1.0E-4 (t)] was less than or equal to the threshold (1).",
            Some("<="),
            Some(1.0),
            Some(1e-4),
        ),
        (Some("LessThanThreshold"), "greater than the threshold (x)", Some("<"), None, None),
        (Some("GreaterThanOrEqualToThreshold"), "", Some(">="), None, None),
        (Some("GreaterThanThreshold"), "", Some(">"), None, None),
        (Some("LessThanOrEqualToThreshold"), "", Some("<="), None, None),
        (
            Some("SomethingNew"),
            "3 missing datapoints were treated as [Breaching].",
            None,
            None,
            None,
        ),
        (None, "the threshold (NaN) [inf (t)]", None, None, None),
    ] {
        assert_eq!(words::comparison(operator, reason).as_deref(), comparison, "{reason}");
        assert_eq!(
            (words::threshold(reason), words::value(reason)),
            (threshold, value),
            "{reason}"
        );
    }
    // A field is surer than a sentence.
    let told =
        alarm(&changed("/detail/state/reason", "[1.0 (t)] above the threshold (2.0)".into()));
    assert_eq!((told.value, told.threshold), (Some(88.3), Some(70.0)));
    let mut bare = changed("/detail/state/reasonData", Value::Null);
    bare["detail"]["configuration"]["threshold"] = 71.into();
    assert_eq!(alarm(&bare).threshold, Some(71.0));
}

#[test]
fn what_keeps_aws_from_acting() {
    let mute = |end: &str| {
        changed("/detail/muteDetail", json!({"mutedByArn": "arn:mute", "muteWindowEnd": end}))
    };
    let state = |word: Value| changed("/detail/state/actionsSuppressedBy", word);
    for (event, want) in [
        (mute("2026-11-17T05:31:01Z"), Some("arn:mute")),
        (mute("no time"), Some("arn:mute")),
        (mute(NOW), None),
        (changed("/detail/muteDetail", json!({})), None),
        (state("Alarm".into()), Some("Alarm")),
        (state("".into()), None),
        (state(json!(1)), None),
    ] {
        assert_eq!(alarm(&event).suppressed_by.as_deref(), want, "{event}");
    }
}

#[test]
fn tags_that_an_alarm_passes_on() {
    let tags = |tags: Value, status: Value| {
        let mut event = changed("/detail/alarmTags", tags);
        event["detail"]["alarmTagsStatus"] = status;
        alarm(&event).tags
    };
    let want = Some(map(&[("k", "v")]));
    assert_eq!(tags(json!({"k": "v"}), "SUCCESS".into()), want);
    assert_eq!(tags(json!([{"Key": "k", "Value": "v"}]), Value::Null), want);
    assert_eq!(tags(json!([{"key": "k", "value": "v"}, 1]), "SUCCESS".into()), want);
    assert_eq!(tags(json!({}), "SUCCESS".into()), Some(BTreeMap::new()), "there are none");
    assert_eq!(tags(json!({"k": "v"}), "ACCESS_DENIED".into()), None);
    assert_eq!(tags(json!("k"), "SUCCESS".into()), None);
    let many: BTreeMap<String, u32> = (0..80).map(|n| (format!("k{n}"), n)).collect();
    assert_eq!(tags(json!(many), "SUCCESS".into()).map(|tags| tags.len()), Some(50));
}

#[test]
fn wrappings_are_taken_off_and_not_for_ever() {
    let event = parsed(file!("metric").1);
    let want = alarm(&event);
    let envelope = |value: &Value| json!({ "Type": "Notification", "Message": value.to_string() });
    for (what, text) in [
        ("SQS", event.to_string()),
        ("SQS, a JSON string", Value::String(event.to_string()).to_string()),
        ("SQS, SNS", envelope(&event).to_string()),
        ("SQS, SNS as Lambda gets it", json!({"Sns": {}, "detail": event["detail"]}).to_string()),
        ("SQS, SNS, SNS", envelope(&envelope(&event)).to_string()),
    ] {
        assert_eq!(alarm(&queue(&text)).id, want.id, "{what}");
    }
    // A field of that name is no wrapping where an alarm's own fields are.
    for key in ["metric", "notification"] {
        let mut own = if key == "metric" {
            event.clone()
        } else {
            json!({"AlarmName": "aira-web-cpu-high", "NewStateValue": "ALARM"})
        };
        own["Message"] = "hello".into();
        assert_eq!(alarm(&queue(&own.to_string())).id, want.id, "{key}");
    }
    let deep = envelope(&envelope(&envelope(&envelope(&event))));
    let told = alarm(&queue(&deep.to_string()));
    assert_eq!((told.kind, told.id.name.as_str()), (Kind::Unclassified, "unclassified"));
}

#[test]
fn what_is_huge_or_deep_costs_little() {
    let nested = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    let told = alarm(&queue(&nested));
    assert!(told.kind == Kind::Unclassified && told.reason.len() == 1_024);
    let event = changed("/detail/state/reasonData", nested.into());
    assert_eq!(alarm(&event).threshold, Some(70.0), "by the words");
    let event = changed("/detail/state/reason", "\u{202e}".repeat(100_000).into());
    assert_eq!(alarm(&event).reason, "");
    let many = json!({ "Records": vec![json!({ "body": "x" }); MOST_RECORDS + 2] });
    let records = contents(&many);
    assert_eq!(records.len(), MOST_RECORDS + 1);
    let Some(Content::Alarm(last)) = records.last() else { panic!() };
    assert_eq!(last.reason, "2 records beyond the first 10000 were not read");
}

#[test]
fn aws_may_add_fields() {
    for (file, text) in [file!("metric"), file!("lambda-action"), file!("composite")] {
        let mut event = parsed(text);
        let want = alarm(&event);
        event["somethingNew"] = json!([1]);
        let inner = if event.get("detail").is_some() { "detail" } else { "alarmData" };
        event[inner]["somethingNew"] = json!({});
        event[inner]["state"]["somethingNew"] = json!(null);
        event[inner]["configuration"]["somethingNew"] = json!("x");
        assert_eq!(alarm(&event), want, "{file}");
    }
}
