//! The parts of an alarm's event, wherever its shape has them. EventBridge and the Lambda action
//! write `camelCase`, SNS writes `PascalCase`; either is taken everywhere.

use super::texts::{prose, word};
use super::{Around, alarm_arns, identify, text_at, words};
use crate::alarms::event::{AlarmEvent, Kind, State, WatchedMetric, digest};
use crate::intake::{newest_value, number, time};
use jiff::Timestamp;
use serde_json::Value;
use std::collections::BTreeMap;

/// Entries of a list of dimensions, attributes or tags that are kept; AWS has at most 50.
const MOST_PAIRS: usize = 50;

/// What an event says of an alarm, not yet judged.
pub(super) struct Parts<'a> {
    name: Option<&'a str>,
    arn: Option<&'a str>,
    state: Option<&'a str>,
    at: Option<&'a str>,
    reason: &'a str,
    reason_data: Option<&'a str>,
    description: &'a str,
    /// `configuration`, or SNS's `Trigger`.
    setup: &'a Value,
    rule: Option<&'a str>,
    /// What else is read from it: contributor, tags, mute rule, suppression.
    whole: &'a Value,
}

impl<'a> Parts<'a> {
    /// The parts of a value that has an alarm's keys.
    pub fn of(value: &'a Value) -> Option<Self> {
        let outer_arn = text_at(value, "alarmArn").or_else(|| alarm_arns(value).next());
        if let Some(data) = value.get("alarmData").or_else(|| value.get("detail")) {
            return Some(Self::of_data(data, outer_arn));
        }
        if value.get("AlarmName").is_some() || value.get("NewStateValue").is_some() {
            return Some(Self::of_notification(value));
        }
        // `detail` alone: a rule that passes on no more than that.
        let bare = value.get("alarmName").is_some() && value.get("state").is_some();
        bare.then(|| Self::of_data(value, outer_arn))
    }

    /// `alarmData` of the Lambda action, `detail` of EventBridge: the same shape.
    fn of_data(data: &'a Value, arn: Option<&'a str>) -> Self {
        let state = data.get("state").unwrap_or(&Value::Null);
        let setup = data.get("configuration").unwrap_or(&Value::Null);
        Self {
            name: text_at(data, "alarmName"),
            arn,
            state: text_at(state, "value"),
            at: text_at(state, "timestamp"),
            reason: text_at(state, "reason").unwrap_or_default(),
            reason_data: text_at(state, "reasonData"),
            description: text_at(setup, "description").unwrap_or_default(),
            setup,
            rule: text_at(setup, "alarmRule"),
            whole: data,
        }
    }

    fn of_notification(message: &'a Value) -> Self {
        Self {
            name: text_at(message, "AlarmName"),
            arn: text_at(message, "AlarmArn"),
            state: text_at(message, "NewStateValue"),
            at: text_at(message, "StateChangeTime"),
            reason: text_at(message, "NewStateReason").unwrap_or_default(),
            reason_data: text_at(message, "NewStateReasonData"),
            description: text_at(message, "AlarmDescription").unwrap_or_default(),
            setup: message.get("Trigger").unwrap_or(&Value::Null),
            rule: text_at(message, "AlarmRule"),
            whole: message,
        }
    }

    /// The alarm; none without a name or a state.
    pub fn event(&self, around: &Around<'_>) -> Option<AlarmEvent> {
        let state = self.state.map(word).filter(|word| !word.trim().is_empty())?;
        let arn = self.arn.filter(|arn| arn.starts_with("arn:"));
        let name = self.name.or_else(|| arn.and_then(|arn| arn.splitn(7, ':').nth(6)))?;
        let home = around.home;
        let built = || {
            let (region, account) = (&home.region, &home.account);
            format!("arn:{}:cloudwatch:{region}:{account}:alarm:{name}", partition(region))
        };
        let arn = arn.map_or_else(built, str::to_owned);
        let contributor = Contributor::of(self.whole);
        let reason = prose(self.reason);
        let data = self.reason_data.and_then(|text| serde_json::from_str::<Value>(text).ok());
        let data = data.unwrap_or_default();
        let threshold = number(data.get("threshold")).or_else(|| number(self.own("threshold")));
        let kind = self.kind(contributor.is_some(), &data);
        let banded = kind == Kind::AnomalyBand;
        let attributes = contributor.as_ref().map(|c| c.attributes.clone()).unwrap_or_default();
        Some(AlarmEvent {
            id: identify(&arn, name, contributor.as_ref().map(|c| c.id.as_str())),
            account: home.account.clone(),
            region: home.region.clone(),
            kind,
            state: State::from(state),
            state_at: around.at(self.at.and_then(|text| time(text).ok())),
            value: newest_value(&data).or_else(|| words::value(&reason)),
            threshold: threshold.or_else(|| words::threshold(&reason)).filter(|_| !banded),
            comparison: self.comparison(&reason).filter(|_| !banded),
            reason,
            description: prose(self.description),
            metric: self.metric(),
            attributes,
            rule: self.rule.map(word),
            suppressed_by: suppressed_by(self.whole, self.setup, around.now),
            suppressed_until: muted_until(self.whole),
            tags: tags(self.whole),
        })
    }

    /// A field of the configuration or the trigger.
    fn own(&self, key: &str) -> Option<&'a Value> {
        either(self.setup, key)
    }

    fn comparison(&self, reason: &str) -> Option<String> {
        let operator = self.own("comparisonOperator").and_then(Value::as_str);
        words::comparison(operator, reason)
    }

    fn metrics(&self) -> &'a [Value] {
        self.own("metrics").and_then(Value::as_array).map_or(&[], Vec::as_slice)
    }

    fn kind(&self, is_contributor: bool, reason_data: &Value) -> Kind {
        let expressions = self.metrics().iter().filter_map(|m| either(m, "expression")?.as_str());
        let operator = self.own("comparisonOperator").and_then(Value::as_str).unwrap_or_default();
        let banded = self.own("thresholdMetricId").is_some_and(Value::is_string)
            || operator.contains("UpperThreshold")
            || operator.contains("LowerThreshold")
            || expressions.clone().any(|text| text.contains("ANOMALY_DETECTION_BAND("));
        if is_contributor {
            Kind::Contributor
        } else if self.rule.is_some() || reason_data.get("triggeringAlarms").is_some() {
            Kind::Composite
        } else if banded {
            Kind::AnomalyBand
        } else if expressions.count() > 0 {
            Kind::MetricMath
        } else {
            Kind::Metric
        }
    }

    /// The metric, or the first of an expression.
    fn metric(&self) -> Option<WatchedMetric> {
        let queried =
            self.metrics().iter().find_map(|m| either(either(m, "metricStat")?, "metric"));
        let metric = queried.or_else(|| self.own("metricName").map(|_| self.setup))?;
        let text = |keys: [&str; 2]| {
            let found = keys.into_iter().find_map(|key| either(metric, key)?.as_str());
            found.map(word).unwrap_or_default()
        };
        let found = WatchedMetric {
            namespace: text(["namespace", "namespace"]),
            name: text(["metricName", "name"]),
            dimensions: either(metric, "dimensions").map(pairs).unwrap_or_default(),
        };
        (found != WatchedMetric::default()).then_some(found)
    }
}

/// One time series of an alarm over many.
struct Contributor {
    id: String,
    attributes: BTreeMap<String, String>,
}

impl Contributor {
    /// EventBridge writes `alarmContributor { id, attributes }`, the API `ContributorId` and
    /// `ContributorAttributes`; what SNS writes is not documented.
    fn of(whole: &Value) -> Option<Self> {
        let apart = ["AlarmContributorId", "ContributorId", "alarmContributorId", "contributorId"]
            .into_iter()
            .any(|key| whole.get(key).is_some());
        let nested = either(whole, "alarmContributor").or_else(|| either(whole, "contributor"));
        let source = nested.or_else(|| apart.then_some(whole)).filter(|v| v.is_object())?;
        let find = |keys: [&str; 3]| keys.into_iter().find_map(|key| either(source, key));
        let attributes =
            find(["attributes", "contributorAttributes", "alarmContributorAttributes"]);
        let attributes = attributes.map(pairs).unwrap_or_default();
        let id = find(["id", "contributorId", "alarmContributorId"]).and_then(Value::as_str);
        let named = id.filter(|id| !id.is_empty()).map(str::to_owned);
        // Without an id it is told apart by what it is.
        let id = named.unwrap_or_else(|| {
            let texts = attributes.iter().flat_map(|(name, value)| [name.as_str(), value]);
            digest(&texts.collect::<Vec<_>>())
        });
        Some(Self { id, attributes })
    }
}

/// Who keeps AWS from acting on it: the state's word with the suppressor's name, or a mute rule
/// whose window is not over.
fn suppressed_by(whole: &Value, setup: &Value, now: Timestamp) -> Option<String> {
    let state = whole.get("state").unwrap_or(&Value::Null);
    let how =
        text_at(state, "actionsSuppressedBy").or_else(|| text_at(whole, "ActionsSuppressedBy"));
    if let Some(how) = how.filter(|how| !how.is_empty()) {
        let who = either(setup, "actionsSuppressor").and_then(Value::as_str);
        return Some(word(&who.map_or_else(|| how.to_owned(), |who| format!("{how} ({who})"))));
    }
    let mute = either(whole, "muteDetail")?;
    let is_over = muted_until(whole).is_some_and(|until| until <= now);
    let rule = either(mute, "mutedByArn").and_then(Value::as_str)?;
    (!is_over && !rule.is_empty()).then(|| word(rule))
}

/// When a mute rule's window ends.
fn muted_until(whole: &Value) -> Option<Timestamp> {
    let until = either(either(whole, "muteDetail")?, "muteWindowEnd")?.as_str()?;
    time(until).ok()
}

/// The alarm's tags, for an alarm that passes them on
/// (<https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarm-tags-in-notifications.html>).
fn tags(whole: &Value) -> Option<BTreeMap<String, String>> {
    let status = either(whole, "alarmTagsStatus").and_then(Value::as_str).unwrap_or("SUCCESS");
    let tags = either(whole, "alarmTags").filter(|tags| tags.is_object() || tags.is_array())?;
    (status == "SUCCESS").then(|| pairs(tags))
}

/// `{ name: value }`, or a list of `{ name, value }` or `{ key, value }`.
fn pairs(value: &Value) -> BTreeMap<String, String> {
    let from_map = value.as_object().into_iter().flatten();
    let from_map = from_map.map(|(name, value)| (name.as_str(), value));
    let from_list = value.as_array().into_iter().flatten().filter_map(|pair| {
        let name = either(pair, "name").or_else(|| either(pair, "key"))?.as_str()?;
        Some((name, either(pair, "value")?))
    });
    let plain = from_map.chain(from_list).take(MOST_PAIRS).filter_map(|(name, value)| {
        let value = match value {
            Value::String(text) => word(text),
            Value::Number(number) => word(&number.to_string()),
            Value::Bool(flag) => flag.to_string(),
            _ => return None,
        };
        Some((word(name), value))
    });
    plain.filter(|(name, value)| !name.is_empty() && !value.is_empty()).collect()
}

/// A field under `camelCase` or `PascalCase`.
fn either<'a>(value: &'a Value, key: &str) -> Option<&'a Value> {
    let pascal = || {
        let (first, rest) = key.split_at_checked(1)?;
        value.get(first.to_ascii_uppercase() + rest)
    };
    value.get(key).or_else(pascal)
}

/// The ARN's first part, by region (<https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html>).
fn partition(region: &str) -> &'static str {
    match region.split('-').next() {
        Some("cn") => "aws-cn",
        Some("us") if region.starts_with("us-gov-") => "aws-us-gov",
        _ => "aws",
    }
}
