//! CloudWatch: alarms by name, and series by `GetMetricData`.
//!
//! What must stay true: an incomplete answer is an error and not a short series (a
//! short series would read as missing load); what a publisher sent, NaN and negative
//! values included, reaches the domain unchanged.

use crate::activities::timestamp;
use crate::aws::Aws;
use crate::metric_query;
use aws_sdk_cloudwatch::operation::get_metric_data::GetMetricDataOutput;
use aws_sdk_cloudwatch::primitives::DateTime;
use aws_sdk_cloudwatch::types::{AlarmType, MetricDataQuery, MetricDataResult, ScanBy};
use aws_sdk_cloudwatch::types::{CompositeAlarm, MessageData, MetricAlarm, StateValue};
use jiff::Timestamp;
use std::collections::BTreeMap;
use tidegate_domain::ids::AlarmName;
use tidegate_domain::metrics::{Alarm, AlarmState, Comparison, MetricQuery, Point, Series, Window};
use tidegate_domain::ports::{Metrics, PortError, PortResult};
use tidegate_wire::text;

/// Names that one `DescribeAlarms` takes.
const NAMES: usize = 100;
/// Pages of one answer that are read at most; a page holds 100,800 points.
const PAGES: usize = 20;
const READ: &str = "GetMetricData";

impl Metrics for Aws {
    async fn alarms(&self, names: &[AlarmName]) -> PortResult<BTreeMap<AlarmName, Alarm>> {
        let mut found = BTreeMap::new();
        for names in names.chunks(NAMES) {
            self.alarms_into(&mut found, names).await?;
        }
        Ok(found)
    }

    async fn read(&self, queries: &[MetricQuery], window: Window) -> PortResult<Vec<Series>> {
        let mut collected = Collected::default();
        for lines in requests(queries)? {
            self.read_into(&mut collected, lines, window).await?;
        }
        let ids = queries.iter().enumerate().map(|(i, query)| metric_query::result_id(i, query));
        ids.map(|id| collected.take(&id, window)).collect()
    }
}

impl Aws {
    async fn alarms_into(
        &self,
        found: &mut BTreeMap<AlarmName, Alarm>,
        names: &[AlarmName],
    ) -> PortResult<()> {
        let call = "DescribeAlarms";
        let mut token = None;
        for _ in 0..PAGES {
            let request = self
                .clients
                .cloudwatch
                .describe_alarms()
                .set_alarm_names(Some(names.iter().map(|name| name.as_str().to_owned()).collect()))
                .alarm_types(AlarmType::MetricAlarm)
                .alarm_types(AlarmType::CompositeAlarm)
                .set_next_token(token)
                .send();
            let answer = self.operation(call)?.run(request).await?;
            let metric = answer.metric_alarms().iter().map(metric_alarm);
            let composite = answer.composite_alarms().iter().map(composite_alarm);
            for alarm in metric.chain(composite) {
                let alarm = alarm.map_err(|why| PortError::Unreadable { call, why })?;
                found.insert(alarm.name.clone(), alarm);
            }
            token = answer.next_token().map(str::to_owned);
            if token.is_none() {
                return Ok(());
            }
        }
        Err(PortError::Unreadable { call, why: format!("more than {PAGES} pages") })
    }

    async fn read_into(
        &self,
        collected: &mut Collected,
        lines: Vec<MetricDataQuery>,
        window: Window,
    ) -> PortResult<()> {
        let mut token = None;
        for _ in 0..PAGES {
            let request = self
                .clients
                .cloudwatch
                .get_metric_data()
                .set_metric_data_queries(Some(lines.clone()))
                .start_time(instant(window.from))
                .end_time(instant(window.until))
                .scan_by(ScanBy::TimestampAscending)
                .set_next_token(token)
                .send();
            let answer = self.operation(READ)?.run(request).await?;
            collected.add(&answer)?;
            token = answer.next_token().map(str::to_owned);
            if token.is_none() {
                return Ok(());
            }
        }
        Err(PortError::Unreadable { call: READ, why: format!("more than {PAGES} pages") })
    }
}

/// The queries' lines, as few requests as CloudWatch takes.
fn requests(queries: &[MetricQuery]) -> PortResult<Vec<Vec<MetricDataQuery>>> {
    let mut alone = Vec::new();
    let mut shared: Vec<Vec<MetricDataQuery>> = Vec::new();
    for (index, query) in queries.iter().enumerate() {
        let lines = metric_query::lines(index, query)
            .map_err(|why| PortError::Refused { call: READ, why })?;
        if metric_query::wants_its_own_request(query) {
            alone.push(lines);
            continue;
        }
        match shared.last_mut() {
            Some(last) if last.len() + lines.len() <= metric_query::LINES => last.extend(lines),
            _ => shared.push(lines),
        }
    }
    shared.append(&mut alone);
    Ok(shared)
}

/// What the pages of the answers gave so far, by the result's id.
#[derive(Debug, Default)]
struct Collected {
    series: BTreeMap<String, OneResult>,
}

#[derive(Debug)]
struct OneResult {
    label: String,
    points: Series,
    /// The word of the last page that named it.
    status: String,
    why: String,
}

impl Collected {
    fn add(&mut self, answer: &GetMetricDataOutput) -> PortResult<()> {
        // A message here is about the whole request: less was done than asked.
        if !answer.messages().is_empty() {
            return Err(PortError::Unreadable { call: READ, why: messages(answer.messages()) });
        }
        answer.metric_data_results().iter().try_for_each(|result| self.add_result(result))
    }

    fn add_result(&mut self, result: &MetricDataResult) -> PortResult<()> {
        let unreadable = |why: String| PortError::Unreadable { call: READ, why };
        let id = result.id().unwrap_or_default();
        let label = result.label().unwrap_or_default();
        let points = points(result).map_err(|why| unreadable(format!("{id}: {why}")))?;
        let one = self.series.entry(id.to_owned()).or_insert_with(|| OneResult {
            label: label.to_owned(),
            points: Series::new(),
            status: String::new(),
            why: String::new(),
        });
        if one.label != label {
            let why = format!("{id} yields several series, {:?} and {label:?}", one.label);
            return Err(unreadable(text::line(&why, 500)));
        }
        one.points.extend(points);
        one.status = result.status_code().map_or("Complete", |code| code.as_str()).to_owned();
        one.why = messages(result.messages());
        Ok(())
    }

    /// The finished series of one query; a result that CloudWatch does not mention is empty.
    fn take(&mut self, id: &str, window: Window) -> PortResult<Series> {
        let Some(mut one) = self.series.remove(id) else {
            return Ok(Series::new());
        };
        let why = format!("{id} is {}: {}", one.status, one.why);
        match one.status.as_str() {
            "Complete" => {
                one.points.retain(|point| window.contains(point.at));
                one.points.sort_by_key(|point| point.at);
                Ok(one.points)
            }
            "Forbidden" => Err(PortError::Denied { call: READ, why }),
            _ => Err(PortError::Unavailable { call: READ, why }),
        }
    }
}

fn points(result: &MetricDataResult) -> Result<Series, String> {
    let (times, values) = (result.timestamps(), result.values());
    if times.len() != values.len() {
        return Err(format!("{} times for {} values", times.len(), values.len()));
    }
    let point = |(at, value): (&DateTime, &f64)| {
        let at = timestamp(at).ok_or_else(|| format!("a time out of range: {at:?}"))?;
        Ok(Point { at, value: *value })
    };
    times.iter().zip(values).map(point).collect()
}

fn messages(messages: &[MessageData]) -> String {
    let words = messages.iter().flat_map(|m| [m.code(), m.value()]).flatten();
    text::line(&words.collect::<Vec<_>>().join(": "), 500)
}

fn instant(at: Timestamp) -> DateTime {
    DateTime::from_secs_and_nanos(at.as_second(), at.subsec_nanosecond().unsigned_abs())
}

fn metric_alarm(sdk: &MetricAlarm) -> Result<Alarm, String> {
    Ok(Alarm {
        name: name(sdk.alarm_name())?,
        state: state(sdk.state_value()),
        since: since(sdk.state_transitioned_timestamp(), sdk.state_updated_timestamp())?,
        threshold: sdk.threshold(),
        comparison: comparison(sdk.comparison_operator().map_or("", |operator| operator.as_str())),
        query: metric_query::of_alarm(sdk),
    })
}

fn composite_alarm(sdk: &CompositeAlarm) -> Result<Alarm, String> {
    Ok(Alarm {
        name: name(sdk.alarm_name())?,
        state: state(sdk.state_value()),
        since: since(sdk.state_transitioned_timestamp(), sdk.state_updated_timestamp())?,
        threshold: None,
        comparison: Comparison::Other,
        query: None,
    })
}

fn name(sdk: Option<&str>) -> Result<AlarmName, String> {
    AlarmName::new(sdk.unwrap_or_default()).map_err(|error| error.to_string())
}

fn state(sdk: Option<&StateValue>) -> AlarmState {
    AlarmState::parse(sdk.map_or("", |value| value.as_str()))
}

/// The state's last change; an update without a change (a new reason) is only second best.
/// Without either nobody could say how long an alarm has been quiet.
fn since(transitioned: Option<&DateTime>, updated: Option<&DateTime>) -> Result<Timestamp, String> {
    let since = transitioned.or(updated).and_then(timestamp);
    since.ok_or_else(|| "an alarm without the time of its state".to_owned())
}

fn comparison(word: &str) -> Comparison {
    match word {
        "GreaterThanThreshold" => Comparison::Above,
        "GreaterThanOrEqualToThreshold" => Comparison::AtOrAbove,
        "LessThanThreshold" => Comparison::Below,
        "LessThanOrEqualToThreshold" => Comparison::AtOrBelow,
        _ => Comparison::Other,
    }
}
