//! Intake: an event's JSON becomes a [`Wake`]. Tolerant of what AWS adds, strict
//! about whose event it is; recognised by its keys, not by trying types.
//!
//! Sources: the shapes of CloudWatch's direct Lambda action (`alarmData`), of
//! EventBridge's "CloudWatch Alarm State Change" and "Scheduled Event", of SNS's
//! alarm notification, and this stack's own EventBridge Scheduler input.

use crate::ids::{AlarmName, FleetName};
use crate::metrics::AlarmState;
use crate::signal::{AlarmChange, Cause, Schedule, Wake};
use jiff::Timestamp;
use jiff::fmt::strtime;
use serde_json::Value;
use std::collections::BTreeSet;

/// An event that is not acted on.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IntakeError {
    /// No known shape, or a part of it is missing or wrong.
    #[error("the event cannot be understood: {0}")]
    Malformed(String),
    /// Somebody else's event.
    #[error("the event is not this stack's: {0}")]
    Foreign(String),
}

/// Whose events are accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Home {
    /// Account id.
    pub account: String,
    /// Region.
    pub region: String,
}

/// Decodes an event.
///
/// # Errors
/// [`IntakeError`]: a shape that is not known, or an alarm of another account or region.
pub fn decode(event: &Value, home: &Home) -> Result<Wake, IntakeError> {
    let object = event.as_object().ok_or_else(|| malformed("it is not a JSON object"))?;
    let cause = if object.contains_key("alarmData") {
        Cause::Alarms(vec![lambda_action(event, home)?])
    } else if object.contains_key("Records") {
        Cause::Alarms(sns_records(event, home)?)
    } else if object.contains_key("detail-type") {
        eventbridge(event, home)?
    } else if object.keys().all(|k| OWN_KEYS.contains(&k.as_str())) {
        own_schedule(event)?
    } else {
        let keys: Vec<&str> = object.keys().map(String::as_str).take(8).collect();
        return Err(malformed(format!("no known shape, its keys are {}", clip(&keys.join(", ")))));
    };
    let dry_run = match event.get("dry_run") {
        None => false,
        Some(Value::Bool(dry)) => *dry,
        // Whoever writes "dry_run" means to be careful.
        Some(other) => {
            let got = clip(&other.to_string());
            return Err(malformed(format!("dry_run is true or false, got {got}")));
        }
    };
    Ok(Wake { cause, dry_run, fleets: fleets(event)? })
}

/// The keys of this stack's own input; all optional.
pub(crate) const OWN_KEYS: [&str; 5] =
    ["schedule", "scheduled_time", "execution_id", "dry_run", "fleets"];

fn malformed(what: impl Into<String>) -> IntakeError {
    IntakeError::Malformed(what.into())
}

/// Foreign text in a message: bounded, without control characters.
pub(crate) fn clip(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(200).collect()
}

fn text<'a>(value: &'a Value, path: &str) -> Result<&'a str, IntakeError> {
    let found = path.split('.').try_fold(value, |v, key| v.get(key));
    found.and_then(Value::as_str).ok_or_else(|| malformed(format!("{path} is missing")))
}

fn fleets(event: &Value) -> Result<BTreeSet<FleetName>, IntakeError> {
    let Some(names) = event.get("fleets") else { return Ok(BTreeSet::new()) };
    let list = names.as_array().ok_or_else(|| malformed("fleets is a list of names"))?;
    let name = |v: &Value| FleetName::new(v.as_str().unwrap_or_default());
    list.iter().map(|v| name(v).map_err(|e| malformed(e.to_string()))).collect()
}

fn own_schedule(event: &Value) -> Result<Cause, IntakeError> {
    let named = match event.get("schedule").map(|v| v.as_str().unwrap_or_default()) {
        None => None,
        Some("night") => Some(Schedule::Night),
        Some("day") => Some(Schedule::Day),
        Some("tick") => Some(Schedule::Tick),
        Some(other) => {
            return Err(malformed(format!("schedule is night, day or tick, got {}", clip(other))));
        }
    };
    let at = match event.get("scheduled_time").map(|v| v.as_str().unwrap_or_default()) {
        // A placeholder that nobody filled in tells nothing.
        None => None,
        Some(text) if text.starts_with('<') => None,
        Some(text) => Some(time(text)?),
    };
    Ok(Cause::Schedule { named, at })
}

fn eventbridge(event: &Value, home: &Home) -> Result<Cause, IntakeError> {
    match text(event, "detail-type")? {
        "Scheduled Event" => {
            owned(home, text(event, "account")?, text(event, "region")?)?;
            let at = Some(time(text(event, "time")?)?);
            Ok(Cause::Schedule { named: None, at })
        }
        "CloudWatch Alarm State Change" => {
            owned(home, text(event, "account")?, text(event, "region")?)?;
            let detail = event.get("detail").unwrap_or(&Value::Null);
            Ok(Cause::Alarms(vec![alarm_data(detail)?]))
        }
        other => Err(malformed(format!("detail-type {}", clip(other)))),
    }
}

fn lambda_action(event: &Value, home: &Home) -> Result<AlarmChange, IntakeError> {
    owned(home, text(event, "accountId")?, text(event, "region")?)?;
    owned_arn(home, text(event, "alarmArn")?)?;
    alarm_data(event.get("alarmData").unwrap_or(&Value::Null))
}

/// `alarmData` of the Lambda action, `detail` of EventBridge: the same shape.
fn alarm_data(data: &Value) -> Result<AlarmChange, IntakeError> {
    // A JSON text in a JSON text; absent after SetAlarmState, without threshold for composites.
    let inner = data.pointer("/state/reasonData").and_then(Value::as_str);
    let inner: Value = inner.and_then(|t| serde_json::from_str(t).ok()).unwrap_or_default();
    Ok(AlarmChange {
        alarm: alarm_name(text(data, "alarmName")?)?,
        state: AlarmState::parse(text(data, "state.value")?),
        at: time(text(data, "state.timestamp")?)?,
        value: newest_value(&inner),
        threshold: number(inner.get("threshold")),
    })
}

pub(crate) fn newest_value(reason: &Value) -> Option<f64> {
    let evaluated = reason.get("evaluatedDatapoints").and_then(Value::as_array);
    let dated = evaluated.into_iter().flatten().filter_map(|point| {
        let at = time(point.get("timestamp")?.as_str()?).ok()?;
        Some((at, number(point.get("value"))?))
    });
    let recent = reason.get("recentDatapoints").and_then(Value::as_array);
    let last = recent.and_then(|list| list.iter().rev().find_map(|v| number(Some(v))));
    dated.max_by_key(|(at, _)| *at).map(|(_, value)| value).or(last)
}

pub(crate) fn number(value: Option<&Value>) -> Option<f64> {
    value.and_then(Value::as_f64).filter(|n| n.is_finite())
}

fn sns_records(event: &Value, home: &Home) -> Result<Vec<AlarmChange>, IntakeError> {
    let records = event.get("Records").and_then(Value::as_array);
    let records = records.filter(|r| !r.is_empty()).ok_or_else(|| malformed("no Records"))?;
    records.iter().map(|record| sns_record(record, home)).collect()
}

fn sns_record(record: &Value, home: &Home) -> Result<AlarmChange, IntakeError> {
    if text(record, "EventSource")? != "aws:sns" {
        return Err(malformed("a record that SNS did not send"));
    }
    let message: Value = serde_json::from_str(text(record, "Sns.Message")?)
        .map_err(|_| malformed("the SNS message is not JSON"))?;
    if message.get("detail-type").is_some() {
        return match eventbridge(&message, home)? {
            Cause::Alarms(changes) => {
                changes.into_iter().next().ok_or_else(|| malformed("no alarm"))
            }
            Cause::Schedule { .. } => Err(malformed("a schedule inside an SNS event")),
        };
    }
    owned_arn(home, text(&message, "AlarmArn")?)?;
    Ok(AlarmChange {
        alarm: alarm_name(text(&message, "AlarmName")?)?,
        state: AlarmState::parse(text(&message, "NewStateValue")?),
        at: time(text(&message, "StateChangeTime")?)?,
        value: None,
        threshold: number(message.pointer("/Trigger/Threshold")),
    })
}

fn alarm_name(text: &str) -> Result<AlarmName, IntakeError> {
    AlarmName::new(text).map_err(|error| malformed(error.to_string()))
}

pub(crate) fn owned(home: &Home, account: &str, region: &str) -> Result<(), IntakeError> {
    if account == home.account && region == home.region {
        return Ok(());
    }
    Err(IntakeError::Foreign(format!("account {}, region {}", clip(account), clip(region))))
}

/// `arn:PARTITION:cloudwatch:REGION:ACCOUNT:alarm:NAME`
pub(crate) fn owned_arn(home: &Home, arn: &str) -> Result<(), IntakeError> {
    let parts: Vec<&str> = arn.splitn(7, ':').collect();
    match parts.as_slice() {
        ["arn", _, "cloudwatch", region, account, "alarm", _] => owned(home, account, region),
        _ => Err(IntakeError::Foreign(format!("{} is no alarm's ARN", clip(arn)))),
    }
}

/// RFC 3339, or the same with an offset without a colon, as CloudWatch writes it.
pub(crate) fn time(text: &str) -> Result<Timestamp, IntakeError> {
    let compact = || {
        let parsed = strtime::parse("%Y-%m-%dT%H:%M:%S%.f%z", text).ok()?;
        parsed.to_timestamp().ok()
    };
    let read = text.parse().ok().or_else(compact);
    read.ok_or_else(|| malformed(format!("{} is not a time", clip(text))))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn home() -> Home {
        Home { account: "123456789012".into(), region: "eu-central-1".into() }
    }

    fn action(reason_data: &Value) -> Value {
        json!({
            "source": "aws.cloudwatch",
            "alarmArn": "arn:aws:cloudwatch:eu-central-1:123456789012:alarm:cpu:high",
            "accountId": "123456789012",
            "time": "2026-08-04T12:36:15.490+0000",
            "region": "eu-central-1",
            "alarmData": {
                "alarmName": "cpu:high",
                "state": {
                    "value": "ALARM",
                    "timestamp": "2026-08-04T12:36:15.490+0000",
                    "reasonData": reason_data.to_string(),
                },
            },
        })
    }

    fn alarm(event: &Value) -> AlarmChange {
        match decode(event, &home()).unwrap().cause {
            Cause::Alarms(mut changes) => changes.remove(0),
            Cause::Schedule { .. } => panic!("a schedule"),
        }
    }

    #[test]
    fn a_lambda_action_carries_value_and_threshold() {
        let data = json!({
            "threshold": 50.0,
            "recentDatapoints": [10.0, 71.5],
            "evaluatedDatapoints": [
                {"timestamp": "2026-08-04T12:35:00.000+0000", "value": 71.5},
                {"timestamp": "2026-08-04T12:34:00.000+0000", "value": 10.0},
            ],
        });
        let change = alarm(&action(&data));
        assert_eq!((change.value, change.threshold), (Some(71.5), Some(50.0)));
        assert_eq!(change.at, "2026-08-04T12:36:15.49Z".parse().unwrap());
        let bare = alarm(&action(&Value::Null));
        assert_eq!((bare.value, bare.threshold, bare.state), (None, None, AlarmState::Alarm));
    }

    #[test]
    fn foreign_events_are_refused() {
        for (path, value) in [
            ("/accountId", "999999999999"),
            ("/region", "us-east-1"),
            ("/alarmArn", "arn:aws:cloudwatch:eu-central-1:999999999999:alarm:cpu:high"),
            ("/alarmArn", "arn:aws:sns:eu-central-1:123456789012:alarm"),
        ] {
            let mut event = action(&Value::Null);
            *event.pointer_mut(path).unwrap() = value.into();
            let error = decode(&event, &home()).unwrap_err();
            assert!(matches!(error, IntakeError::Foreign(_)), "{path}: {error}");
        }
    }

    #[test]
    fn schedules_in_their_shapes() {
        let at = |text: &str| Some(text.parse::<Timestamp>().unwrap());
        for (event, named, when) in [
            (json!({}), None, None),
            (
                json!({"schedule": "night", "scheduled_time": "2026-11-21T22:10:00Z"}),
                Some(Schedule::Night),
                at("2026-11-21T22:10:00Z"),
            ),
            (
                json!({"schedule": "tick", "scheduled_time": "<aws.scheduler.scheduled-time>"}),
                Some(Schedule::Tick),
                None,
            ),
            (
                json!({
                    "detail-type": "Scheduled Event", "account": "123456789012",
                    "region": "eu-central-1", "time": "2026-11-21T22:10:00Z",
                }),
                None,
                at("2026-11-21T22:10:00Z"),
            ),
        ] {
            let wake = decode(&event, &home()).unwrap();
            assert_eq!(wake.cause, Cause::Schedule { named, at: when }, "{event}");
        }
    }

    #[test]
    fn a_refusal_is_short_and_without_control_characters() {
        let error = decode(&json!({"dry_run": "\u{85}\u{7f}x".repeat(200)}), &home()).unwrap_err();
        let text = error.to_string();
        assert!(text.len() < 400 && !text.contains(char::is_control), "{text:?}");
    }

    #[test]
    fn what_cannot_be_understood_says_why() {
        for (event, why) in [
            (json!([]), "not a JSON object"),
            (json!({"hello": 1}), "no known shape, its keys are hello"),
            (json!({"schedule": "noon"}), "got noon"),
            (json!({"dry_run": "yes"}), "dry_run is true or false"),
            (json!({"fleets": "x"}), "fleets is a list"),
            (json!({"fleets": [""]}), "1 to 255"),
            (json!({"schedule": "tick", "scheduled_time": "soon"}), "soon is not a time"),
            (json!({"detail-type": "S3"}), "detail-type S3"),
            (json!({"alarmData": {}}), "accountId is missing"),
            (json!({"Records": []}), "no Records"),
            (
                json!({"Records": [{"EventSource": "aws:sns", "Sns": {"Message": "hi"}}]}),
                "not JSON",
            ),
        ] {
            let error = decode(&event, &home()).unwrap_err().to_string();
            assert!(error.contains(why), "{event}: {error}");
        }
    }
}
