//! CloudWatch's alarms as events: which ones fire, what became of one, its tags.
//!
//! What must stay true: the list of what fires is complete, or an error (an alarm that is missing
//! from it would pass for one that is over); one alarm that cannot be read hides no other; texts
//! are clean and bounded, and an alarm is the same one here as in its event.

use crate::activities::timestamp;
use crate::aws::Aws;
use crate::telemetry::{self, Level};
use aws_sdk_cloudwatch::operation::describe_alarms::builders::DescribeAlarmsFluentBuilder;
use aws_sdk_cloudwatch::primitives::DateTime;
use aws_sdk_cloudwatch::types::{
    AlarmType, ComparisonOperator, CompositeAlarm, Dimension, MetricAlarm, StateValue,
};
use jiff::Timestamp;
use serde_json::json;
use std::collections::BTreeMap;
use tidegate_domain::alarms::event::{AlarmEvent, Kind, State, WatchedMetric};
use tidegate_domain::alarms::intake::{identify, prose, word};
use tidegate_domain::alarms::ports::AlarmSource;
use tidegate_domain::ports::{PortError, PortResult};

/// Alarms in one page, and names that one `DescribeAlarms` takes.
const PAGE: usize = 100;
/// Pages that are read at most: twenty thousand alarms in `ALARM`.
const PAGES: usize = 200;
const CALL: &str = "DescribeAlarms";

impl AlarmSource for Aws {
    async fn firing(&self) -> PortResult<Vec<AlarmEvent>> {
        self.describe_alarms(|request| request.state_value(StateValue::Alarm)).await
    }

    async fn named(&self, names: &[String]) -> PortResult<Vec<AlarmEvent>> {
        let mut found = Vec::new();
        for names in names.chunks(PAGE) {
            let names = |request: DescribeAlarmsFluentBuilder| {
                request.set_alarm_names(Some(names.to_vec()))
            };
            found.extend(self.describe_alarms(names).await?);
        }
        Ok(found)
    }

    async fn tags(&self, arn: &str) -> PortResult<BTreeMap<String, String>> {
        let request = self.clients.cloudwatch.list_tags_for_resource().resource_arn(arn).send();
        let answer = self.operation("ListTagsForResource")?.run(request).await?;
        let tags = answer.tags().iter().filter_map(|tag| Some((tag.key()?, tag.value()?)));
        Ok(tags.map(|(key, value)| (word(key), word(value))).collect())
    }
}

impl Aws {
    async fn describe_alarms(
        &self,
        which: impl Fn(DescribeAlarmsFluentBuilder) -> DescribeAlarmsFluentBuilder + Send,
    ) -> PortResult<Vec<AlarmEvent>> {
        let mut events = Vec::new();
        let mut token = None;
        for _ in 0..PAGES {
            let request = which(self.clients.cloudwatch.describe_alarms())
                .alarm_types(AlarmType::MetricAlarm)
                .alarm_types(AlarmType::CompositeAlarm)
                .max_records(i32::try_from(PAGE).unwrap_or(i32::MAX))
                .set_next_token(token)
                .send();
            let answer = self.operation(CALL)?.run(request).await?;
            let metric = answer.metric_alarms().iter().map(|a| (a.alarm_name(), of_metric(a)));
            let composite = answer.composite_alarms().iter();
            let composite = composite.map(|a| (a.alarm_name(), of_composite(a)));
            events
                .extend(metric.chain(composite).filter_map(|(name, event)| readable(name, event)));
            token = answer.next_token().map(str::to_owned);
            if token.is_none() {
                return Ok(events);
            }
        }
        Err(PortError::Unreadable { call: CALL, why: format!("more than {PAGES} pages") })
    }
}

fn readable(name: Option<&str>, event: Result<AlarmEvent, &str>) -> Option<AlarmEvent> {
    let tell = |why: &&str| {
        let text = format!("DescribeAlarms tells of an alarm that cannot be read: {why}");
        telemetry::line(Level::Error, &text, json!({ "alarm": name.map(word) }));
    };
    event.inspect_err(tell).ok()
}

/// What every sort of alarm has.
struct Common<'a> {
    arn: Option<&'a str>,
    name: Option<&'a str>,
    state: Option<&'a StateValue>,
    transitioned: Option<&'a DateTime>,
    updated: Option<&'a DateTime>,
    reason: Option<&'a str>,
    description: Option<&'a str>,
}

impl Common<'_> {
    fn event(&self, kind: Kind) -> Result<AlarmEvent, &'static str> {
        let arn = self.arn.ok_or("it has no ARN")?;
        let mut parts = arn.splitn(7, ':').skip(3);
        let (region, account) = (parts.next(), parts.next());
        let name = self.name.or(parts.nth(1)).unwrap_or(arn);
        Ok(AlarmEvent {
            account: word(account.unwrap_or_default()),
            region: word(region.unwrap_or_default()),
            reason: prose(self.reason.unwrap_or_default()),
            description: prose(self.description.unwrap_or_default()),
            ..AlarmEvent::bare(
                identify(arn, name, None),
                kind,
                State::from(word(self.state.map_or("", StateValue::as_str))),
                self.state_at().ok_or("it has no time of its state")?,
            )
        })
    }

    /// The transition; an update without one (a new reason) is only second best. In whole
    /// milliseconds, as events have it: the same state must not look newer here.
    fn state_at(&self) -> Option<Timestamp> {
        let at = self.transitioned.or(self.updated).and_then(timestamp)?;
        Timestamp::from_millisecond(at.as_millisecond()).ok()
    }
}

fn of_metric(sdk: &MetricAlarm) -> Result<AlarmEvent, &'static str> {
    let common = Common {
        arn: sdk.alarm_arn(),
        name: sdk.alarm_name(),
        state: sdk.state_value(),
        transitioned: sdk.state_transitioned_timestamp(),
        updated: sdk.state_updated_timestamp(),
        reason: sdk.state_reason(),
        description: sdk.alarm_description(),
    };
    let kind = kind(sdk);
    let threshold = sdk.threshold().filter(|threshold| threshold.is_finite());
    Ok(AlarmEvent {
        threshold: threshold.filter(|_| kind != Kind::AnomalyBand),
        comparison: sdk.comparison_operator().and_then(comparison).map(str::to_owned),
        metric: metric(sdk),
        ..common.event(kind)?
    })
}

fn of_composite(sdk: &CompositeAlarm) -> Result<AlarmEvent, &'static str> {
    let common = Common {
        arn: sdk.alarm_arn(),
        name: sdk.alarm_name(),
        state: sdk.state_value(),
        transitioned: sdk.state_transitioned_timestamp(),
        updated: sdk.state_updated_timestamp(),
        reason: sdk.state_reason(),
        description: sdk.alarm_description(),
    };
    Ok(AlarmEvent {
        rule: sdk.alarm_rule().map(word),
        suppressed_by: sdk.actions_suppressed_by().map(|how| {
            let who = sdk.actions_suppressor().filter(|who| !who.is_empty());
            word(&who.map_or_else(|| how.to_string(), |who| format!("{how} ({who})")))
        }),
        ..common.event(Kind::Composite)?
    })
}

fn kind(sdk: &MetricAlarm) -> Kind {
    let mut expressions = sdk.metrics().iter().filter_map(|line| line.expression());
    let operator = sdk.comparison_operator().map_or("", ComparisonOperator::as_str);
    let is_banded = sdk.threshold_metric_id().is_some()
        || operator.contains("UpperThreshold")
        || operator.contains("LowerThreshold");
    if is_banded || expressions.clone().any(|text| text.contains("ANOMALY_DETECTION_BAND(")) {
        Kind::AnomalyBand
    } else if expressions.next().is_some() || sdk.evaluation_criteria().is_some() {
        Kind::MetricMath
    } else {
        Kind::Metric
    }
}

/// What the alarm watches: its own metric, or the first one of its expression.
fn metric(sdk: &MetricAlarm) -> Option<WatchedMetric> {
    let Some(first) = sdk.metrics().iter().find_map(|line| line.metric_stat()?.metric()) else {
        return Some(watched(sdk.namespace(), sdk.metric_name()?, sdk.dimensions()));
    };
    Some(watched(first.namespace(), first.metric_name().unwrap_or_default(), first.dimensions()))
}

fn watched(namespace: Option<&str>, name: &str, dimensions: &[Dimension]) -> WatchedMetric {
    let dimensions = dimensions.iter().filter_map(|d| Some((word(d.name()?), word(d.value()?))));
    WatchedMetric {
        namespace: word(namespace.unwrap_or_default()),
        name: word(name),
        dimensions: dimensions.collect(),
    }
}

/// The sign; none for a comparison with a band, which has two sides.
fn comparison(operator: &ComparisonOperator) -> Option<&'static str> {
    match operator {
        ComparisonOperator::GreaterThanThreshold => Some(">"),
        ComparisonOperator::GreaterThanOrEqualToThreshold => Some(">="),
        ComparisonOperator::LessThanThreshold => Some("<"),
        ComparisonOperator::LessThanOrEqualToThreshold => Some("<="),
        _ => None,
    }
}
