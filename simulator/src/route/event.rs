//! The alarms of an event, in whatever shape it is. Whose they are is taken from the event
//! itself: on a desk no account is foreign.

use crate::Failure;
use jiff::Timestamp;
use serde_json::Value;
use std::collections::BTreeSet;
use tidegate_domain::alarms::event::AlarmEvent;
use tidegate_domain::alarms::intake::{Content, Record, Wake, decode};
use tidegate_domain::intake::Home;
use tidegate_domain::text::clean;

/// Texts that are JSON inside of texts that are JSON: SQS around SNS around EventBridge is three.
const MOST_WRAPPINGS: u8 = 4;
/// Later than any alarm, 9000-01-01: the intake corrects times that lie ahead of now.
const FAR: Timestamp = Timestamp::constant(221_845_392_000, 0);

/// What stands in an event.
#[derive(Debug)]
pub(super) struct Found {
    /// Its alarms, in order.
    pub alarms: Vec<AlarmEvent>,
    /// Its other records, and why they are none.
    pub ignored: Vec<String>,
}

/// Reads an event that arrives at `at`; without it an alarm that tells no time is as old as time
/// itself.
///
/// # Errors
/// [`Failure::Input`]: it is no JSON, or has no alarm.
pub(super) fn read(event: &str, at: Option<Timestamp>) -> Result<Found, Failure> {
    let event: Value = serde_json::from_str(event)
        .map_err(|error| Failure::Input(format!("the alarm is not JSON: {error}")))?;
    let mut homes = BTreeSet::new();
    collect(&event, MOST_WRAPPINGS, &mut homes);
    if homes.is_empty() {
        homes.insert(Place { account: "000000000000".into(), region: "us-east-1".into() });
    }
    let mut found = Found { alarms: Vec::new(), ignored: Vec::new() };
    for record in records(&event, &homes, at.unwrap_or(FAR))? {
        match record.content {
            Content::Alarm(mut alarm) => {
                if alarm.state_at == FAR {
                    alarm.state_at = Timestamp::UNIX_EPOCH;
                }
                found.alarms.push(*alarm);
            }
            Content::Foreign(why) => found.ignored.push(why),
        }
    }
    if found.alarms.is_empty() {
        let why = clean(&found.ignored.join("; "));
        return Err(Failure::Input(format!("there is no alarm in the event: {why}")));
    }
    Ok(found)
}

/// Each record as the first of the homes sees it that does not find it foreign.
fn records(event: &Value, homes: &BTreeSet<Place>, now: Timestamp) -> Result<Vec<Record>, Failure> {
    let mut best: Vec<Record> = Vec::new();
    for home in homes {
        let home = Home { account: home.account.clone(), region: home.region.clone() };
        let Wake::Records(seen) = decode(event, &home, now) else {
            return Err(Failure::Input("this is a tick, not an alarm".to_owned()));
        };
        if best.is_empty() {
            best = seen;
            continue;
        }
        for (kept, seen) in best.iter_mut().zip(seen) {
            if matches!(kept.content, Content::Foreign(_)) {
                *kept = seen;
            }
        }
    }
    Ok(best)
}

/// An account and a region.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    account: String,
    region: String,
}

/// Every account and region that the event speaks of, also inside texts that are JSON.
fn collect(value: &Value, wrappings: u8, homes: &mut BTreeSet<Place>) {
    match value {
        Value::String(text) if text.starts_with("arn:") => homes.extend(of_arn(text)),
        Value::String(text) if text.starts_with('{') && wrappings > 0 => {
            if let Ok(inner) = serde_json::from_str(text) {
                collect(&inner, wrappings - 1, homes);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| collect(item, wrappings, homes)),
        Value::Object(object) => {
            homes.extend(of_keys(value));
            object.values().for_each(|item| collect(item, wrappings, homes));
        }
        _ => {}
    }
}

/// `arn:PARTITION:cloudwatch:REGION:ACCOUNT:alarm:NAME`
fn of_arn(arn: &str) -> Option<Place> {
    let mut parts = arn.split(':').skip(2);
    let (service, region, account) = (parts.next()?, parts.next()?, parts.next()?);
    let place = Place { account: account.to_owned(), region: region.to_owned() };
    (service == "cloudwatch").then_some(place)
}

fn of_keys(object: &Value) -> Option<Place> {
    let text = |key: &str| object.get(key).and_then(Value::as_str).map(str::to_owned);
    let account = ["account", "accountId", "AWSAccountId"].into_iter().find_map(text)?;
    Some(Place { account, region: text("region")? })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn homes(event: &Value) -> Vec<String> {
        let mut found = BTreeSet::new();
        collect(event, MOST_WRAPPINGS, &mut found);
        found.into_iter().map(|place| format!("{} {}", place.account, place.region)).collect()
    }

    #[test]
    fn whose_an_event_is() {
        let arn = "arn:aws:cloudwatch:eu-west-1:111111111111:alarm:a:b";
        let inner = json!({ "AlarmArn": arn, "Region": "EU (Ireland)" }).to_string();
        let body = json!({ "Message": inner }).to_string();
        for (name, event, wanted) in [
            ("eventbridge", json!({ "account": "1", "region": "r" }), vec!["1 r"]),
            ("lambda", json!({ "accountId": "1", "region": "r" }), vec!["1 r"]),
            ("arn", json!({ "resources": [arn] }), vec!["111111111111 eu-west-1"]),
            ("sqs around sns", json!({ "body": body }), vec!["111111111111 eu-west-1"]),
            ("another service", json!({ "a": "arn:aws:sns:eu-west-1:1:topic" }), vec![]),
            ("half", json!({ "account": "1" }), vec![]),
            ("no json", json!({ "body": "{" }), vec![]),
        ] {
            assert_eq!(homes(&event), wanted, "{name}");
        }
    }

    #[test]
    fn alarms_of_several_accounts_are_all_at_home() {
        let alarm = |account: &str| {
            let event = json!({
                "detail-type": "CloudWatch Alarm State Change", "source": "aws.cloudwatch",
                "account": account, "region": "eu-west-1",
                "detail": { "alarmName": "a", "state": { "value": "ALARM" } },
            });
            json!({ "eventSource": "aws:sqs", "messageId": account, "body": event.to_string() })
        };
        let accounts = ["222222222222", "111111111111", "333333333333"];
        let event = json!({ "Records": accounts.map(alarm) }).to_string();
        let found = read(&event, None).unwrap();
        let got: Vec<&str> = found.alarms.iter().map(|alarm| alarm.account.as_str()).collect();
        assert_eq!((got, found.ignored.len()), (accounts.to_vec(), 0));
    }

    #[test]
    fn an_alarm_without_a_time_is_as_old_as_time_or_comes_now() {
        let event = r#"{"account":"1","region":"r","detail-type":"CloudWatch Alarm State Change",
            "source":"aws.cloudwatch","detail":{"alarmName":"a","state":{"value":"ALARM"}}}"#;
        let at = "2026-11-17T05:30:00Z".parse().unwrap();
        assert_eq!(read(event, Some(at)).unwrap().alarms[0].state_at, at);
        assert_eq!(read(event, None).unwrap().alarms[0].state_at, Timestamp::UNIX_EPOCH);
        assert_eq!(FAR.to_string(), "9000-01-01T00:00:00Z");
    }
}
