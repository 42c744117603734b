//! What nobody understands: forwarded under the name that it seems to have.

use super::texts::{prose, word};
use super::{Around, identify};
use crate::alarms::event::{AlarmEvent, Kind, State, digest};
use crate::intake::time;
use serde_json::Value;

/// Keys that an alarm's name may stand under, the likeliest first.
const NAMES: [&str; 4] = ["alarmName", "AlarmName", "alarm_name", "alarm"];
/// Keys that something like a name may stand under; two things often have the same one.
const TITLES: [&str; 5] = ["name", "title", "subject", "Subject", "detail-type"];
/// Keys that a time may stand under.
const TIMES: [&str; 4] = ["time", "timestamp", "Timestamp", "StateChangeTime"];
/// Where an alarm's fields stand in the shapes that are known.
const FOLDS: [&str; 3] = ["detail", "alarmData", "alarm"];

/// An alarm of what could not be understood. Its identity is of a kind of its own, so that it never
/// stands in for the alarm whose name it has: by an alarm's name, or, without one, by its whole text.
pub(super) fn unclassified(value: &Value, text: &str, around: &Around<'_>) -> AlarmEvent {
    let named = find(value, &NAMES);
    let title = || find(value, &TITLES).unwrap_or(around.subject);
    let shown = word(named.unwrap_or_else(title));
    let name = if shown.trim().is_empty() { "unclassified" } else { &shown };
    let what = named.map_or_else(|| digest(&[text]), str::to_owned);
    let home = around.home;
    let arn = format!("arn:aws:cloudwatch:{}:{}:unclassified:{what}", home.region, home.account);
    let told = find(value, &TIMES).and_then(|text| time(text).ok());
    AlarmEvent {
        account: home.account.clone(),
        region: home.region.clone(),
        reason: prose(text),
        ..AlarmEvent::bare(
            identify(&arn, name, None),
            Kind::Unclassified,
            State::Alarm,
            around.at(told),
        )
    }
}

/// The first text under one of the keys, outside or one level inside.
fn find<'a>(value: &'a Value, keys: &[&str]) -> Option<&'a str> {
    let folds = FOLDS.iter().filter_map(|fold| value.get(fold));
    let places: Vec<&Value> = folds.chain([value]).collect();
    let texts = places.iter().flat_map(|place| keys.iter().map(|key| place.get(key)));
    texts.flatten().filter_map(Value::as_str).find(|text| !text.trim().is_empty())
}
