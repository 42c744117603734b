//! Intake: whatever shape an alarm's event has becomes [`AlarmEvent`]s. Recognised by its keys,
//! not by who sent it; what nobody understands is forwarded with its raw text.
//!
//! Sources: CloudWatch's direct Lambda action, its events "CloudWatch Alarm State Change" and
//! "CloudWatch Alarm Contributor State Change"
//! (<https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch-and-eventbridge.html>),
//! SNS's alarm notification, each by itself or as the body of an SQS record, and this stack's own
//! schedules. What must stay true: each record becomes exactly one [`Content`]; a record that comes
//! twice is decoded to the same alarm in the same state at the same time.

mod parts;
mod raw;
pub(crate) mod texts;
mod words;

use crate::alarms::event::{AlarmEvent, AlarmId};
use crate::intake::{Home, IntakeError, OWN_KEYS, owned, owned_arn, time};
use jiff::{SignedDuration, Timestamp};
use parts::Parts;
use serde_json::Value;
use texts::{ARN_CHARS, unique};
pub use texts::{prose, word};

/// Records of one event that are read; SQS gives at most 10,000 at once.
const MOST_RECORDS: usize = 10_000;
/// Texts that are JSON inside of texts that are JSON: SQS around SNS around EventBridge is three.
const MOST_WRAPPINGS: u8 = 4;
/// A time that is further ahead is nobody's clock, and would make every later state look old.
const AHEAD: SignedDuration = SignedDuration::from_hours(1);

/// What an event asks for.
#[derive(Debug, Clone, PartialEq)]
pub enum Wake {
    /// The one-minute tick.
    Tick,
    /// Records, each by itself.
    Records(Vec<Record>),
}

/// One record of an event.
#[derive(Debug, Clone, PartialEq)]
pub struct Record {
    /// SQS's message id, for the partial answer; none for other senders.
    pub message_id: Option<String>,
    /// What it says.
    pub content: Content,
}

/// What a record says.
#[derive(Debug, Clone, PartialEq)]
pub enum Content {
    /// An alarm in a state; also one of [`crate::alarms::event::Kind::Unclassified`].
    Alarm(Box<AlarmEvent>),
    /// Somebody else's, or no alarm at all: not acted on, with the reason.
    Foreign(String),
}

/// Decodes an event, record by record; nothing that is ours is refused. `now` stands in for a
/// time that an event does not tell.
pub fn decode(event: &Value, home: &Home, now: Timestamp) -> Wake {
    let around = Around { home, now, sent: None, subject: "", wrappings: 0 };
    if let Some(records) = event.get("Records").and_then(Value::as_array) {
        return Wake::Records(read_all(records, &around));
    }
    let is_empty = event.as_object().is_some_and(serde_json::Map::is_empty);
    let content = if is_tick(event) || is_empty {
        match foreign(event, home) {
            None => return Wake::Tick,
            Some(why) => Content::Foreign(why),
        }
    } else {
        around.content(event)
    };
    Wake::Records(vec![Record { message_id: None, content }])
}

/// An alarm's identity as an event or `DescribeAlarms` tells it. A name or an ARN with characters
/// that a text may not have, or too long a one, ends with a digest of the whole: two alarms never
/// become one.
pub fn identify(arn: &str, name: &str, contributor: Option<&str>) -> AlarmId {
    let shown = word(name);
    AlarmId {
        arn: unique(arn, ARN_CHARS),
        name: if shown.trim().is_empty() { "unnamed".to_owned() } else { shown },
        contributor: contributor.map(|id| unique(id, texts::WORD_CHARS)),
    }
}

fn read_all(records: &[Value], around: &Around<'_>) -> Vec<Record> {
    let mut read: Vec<Record> =
        records.iter().take(MOST_RECORDS).map(|record| around.record(record)).collect();
    let unread = records.len().saturating_sub(MOST_RECORDS);
    if unread > 0 {
        let text = format!("{unread} records beyond the first {MOST_RECORDS} were not read");
        read.push(Record { message_id: None, content: around.raw(&Value::Null, &text) });
    }
    read
}

/// This stack's own schedule, or an EventBridge rule's.
fn is_tick(event: &Value) -> bool {
    let mut keys = event.as_object().into_iter().flat_map(serde_json::Map::keys).peekable();
    let ours = keys.peek().is_some() && keys.all(|key| OWN_KEYS.contains(&key.as_str()));
    ours || event.get("detail-type").and_then(Value::as_str) == Some("Scheduled Event")
}

/// What surrounds a fact: whose it must be, and what stands in for what it does not say.
#[derive(Debug, Clone, Copy)]
struct Around<'a> {
    home: &'a Home,
    now: Timestamp,
    /// When the wrapping was sent.
    sent: Option<Timestamp>,
    /// The wrapping's subject.
    subject: &'a str,
    /// How many wrappings were taken off.
    wrappings: u8,
}

impl<'a> Around<'a> {
    fn record(&self, record: &'a Value) -> Record {
        let message_id = record.get("messageId").and_then(Value::as_str).map(str::to_owned);
        let content = match record.get("body").and_then(Value::as_str) {
            Some(body) => {
                let sent = record.pointer("/attributes/SentTimestamp").and_then(millis);
                Around { sent, ..*self }.inside(record, body)
            }
            None => self.content(record.get("Sns").unwrap_or(record)),
        };
        Record { message_id, content }
    }

    /// A text that should be JSON; `outside` is what it was found in.
    fn inside(&self, outside: &Value, text: &str) -> Content {
        let within = Around { wrappings: self.wrappings + 1, ..*self };
        match serde_json::from_str::<Value>(text) {
            Ok(value) if within.wrappings <= MOST_WRAPPINGS => within.content(&value),
            _ => self.raw(outside, text),
        }
    }

    fn content(&self, value: &Value) -> Content {
        if let Value::String(text) = value {
            return self.inside(&Value::Null, text);
        }
        if let Some(message) = wrapped(value) {
            let sent = text_at(value, "Timestamp").and_then(|text| time(text).ok());
            let subject = text_at(value, "Subject").unwrap_or(self.subject);
            return Around { sent: sent.or(self.sent), subject, ..*self }.inside(value, message);
        }
        let sent = text_at(value, "time").and_then(|text| time(text).ok());
        let around = Around { sent: sent.or(self.sent), ..*self };
        if is_tick(value) {
            return Content::Foreign("a tick among records: the batch itself wakes".to_owned());
        }
        let Some(event) = Parts::of(value).and_then(|parts| parts.event(&around)) else {
            return around.raw(value, &value.to_string());
        };
        foreign(value, self.home).map_or_else(|| Content::Alarm(Box::new(event)), Content::Foreign)
    }

    /// Forwards what nobody understands.
    fn raw(&self, value: &Value, text: &str) -> Content {
        match foreign_number(value, self.home) {
            Some(why) => Content::Foreign(why),
            None => Content::Alarm(Box::new(raw::unclassified(value, text, self))),
        }
    }

    /// When it was sent, or now: never far ahead, never before all clocks.
    fn at(&self, told: Option<Timestamp>) -> Timestamp {
        let latest = self.now.checked_add(AHEAD).unwrap_or(self.now);
        let plausible = |at: &Timestamp| (Timestamp::UNIX_EPOCH..=latest).contains(at);
        told.filter(plausible).or(self.sent.filter(plausible)).unwrap_or(self.now)
    }
}

/// SNS's `Message`, as Lambda and as SQS get it; an alarm's own keys stand inside of it.
fn wrapped(value: &Value) -> Option<&str> {
    let message = text_at(value, "Message")?;
    (value.get("AlarmName").is_none() && value.get("detail").is_none()).then_some(message)
}

/// SQS's `SentTimestamp`: milliseconds since 1970, in a text.
fn millis(value: &Value) -> Option<Timestamp> {
    let number = value.as_i64().or_else(|| value.as_str()?.parse().ok())?;
    Timestamp::from_millisecond(number).ok()
}

fn text_at<'a>(value: &'a Value, key: &str) -> Option<&'a str> {
    value.get(key).and_then(Value::as_str)
}

/// Why it is somebody else's, if it is. What says nothing about that, in a queue of ours, is ours.
fn foreign(value: &Value, home: &Home) -> Option<String> {
    let told = |keys: [&str; 3]| {
        keys.into_iter().filter_map(|key| text_at(value, key)).find(|text| !text.is_empty())
    };
    let account = told(["account", "accountId", "AWSAccountId"]).unwrap_or(&home.account);
    let region = text_at(value, "region").filter(|text| !text.is_empty()).unwrap_or(&home.region);
    let arns = ["alarmArn", "AlarmArn"].into_iter().filter_map(|key| text_at(value, key));
    let arns = arns.filter(|arn| arn.starts_with("arn:")).chain(alarm_arns(value));
    let mut checks = arns.map(|arn| owned_arn(home, arn));
    let refused = owned(home, account, region).err().or_else(|| checks.find_map(Result::err))?;
    Some(match refused {
        IntakeError::Foreign(why) | IntakeError::Malformed(why) => word(&why),
    })
}

/// The same for what is no alarm: only what cannot be anything but an account tells whose it is.
fn foreign_number(value: &Value, home: &Home) -> Option<String> {
    let is_account = |text: &&str| text.len() == 12 && text.bytes().all(|b| b.is_ascii_digit());
    let keys = ["account", "accountId", "AWSAccountId"];
    let accounts = keys.into_iter().filter_map(|key| text_at(value, key)).filter(is_account);
    let other = accounts.into_iter().find(|account| **account != home.account)?;
    Some(format!("account {other}"))
}

/// The alarms among an EventBridge event's `resources`.
fn alarm_arns(value: &Value) -> impl Iterator<Item = &str> {
    let resources = value.get("resources").and_then(Value::as_array).into_iter().flatten();
    resources.filter_map(Value::as_str).filter(|arn| arn.split(':').nth(5) == Some("alarm"))
}

#[cfg(test)]
mod tests;
