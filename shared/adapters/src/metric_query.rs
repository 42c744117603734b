//! Metric-math queries as lines of one `GetMetricData` request, and back from the
//! definition of an alarm.
//!
//! Several queries share a request, so their ids are made unique by a prefix, and the
//! expressions over them are rewritten; only each query's result returns data.
//! <https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/using-metric-math.html>

use aws_sdk_cloudwatch::types::{Dimension, Metric, MetricAlarm, MetricDataQuery, MetricStat};
use std::collections::{BTreeMap, BTreeSet};
use tidegate_domain::metrics::{MetricQuery, MetricSpec, QueryPart, QuerySource};
use tidegate_wire::expression::{asks_for_all, is_id, is_select, renamed};

/// Lines of one request that CloudWatch takes at most.
pub(crate) const LINES: usize = 500;

/// The id that a query's result has in the request.
pub(crate) fn result_id(index: usize, query: &MetricQuery) -> String {
    format!("{}{}", prefix(index), query.result)
}

fn prefix(index: usize) -> String {
    format!("q{index}_")
}

/// The lines of query `index`.
///
/// # Errors
/// A sentence when CloudWatch could not take the query.
pub(crate) fn lines(index: usize, query: &MetricQuery) -> Result<Vec<MetricDataQuery>, String> {
    let ids: BTreeSet<&str> = query.parts.iter().map(|part| part.id.as_str()).collect();
    if ids.len() != query.parts.len() {
        return Err("two lines of a query have the same id".to_owned());
    }
    if !ids.contains(query.result.as_str()) {
        return Err(format!("the result `{}` is none of the query's lines", query.result));
    }
    if let Some(id) = ids.iter().find(|id| !is_id(id)) {
        return Err(format!("`{id}` is not an id: a lower-case letter, then letters, digits, _"));
    }
    let period = i32::try_from(query.period_secs)
        .map_err(|_| format!("a period of {} s is too long", query.period_secs))?;
    let names = Names { prefix: &prefix(index), ids: &ids };
    Ok(query.parts.iter().map(|part| names.line(part, query, period)).collect())
}

/// Whether the query asks for every metric of its request, so that it must be alone.
pub(crate) fn wants_its_own_request(query: &MetricQuery) -> bool {
    query.parts.iter().any(|part| match &part.source {
        QuerySource::Expression(math) => asks_for_all(math),
        QuerySource::Metric(_) => false,
    })
}

/// How a query's ids are called in the request.
struct Names<'a> {
    prefix: &'a str,
    ids: &'a BTreeSet<&'a str>,
}

impl Names<'_> {
    fn line(&self, part: &QueryPart, query: &MetricQuery, period: i32) -> MetricDataQuery {
        let line = MetricDataQuery::builder()
            .id(format!("{}{}", self.prefix, part.id))
            .return_data(part.id == query.result);
        match &part.source {
            QuerySource::Metric(spec) => line.metric_stat(stat(spec, period)).build(),
            // An expression over ids has their period; one that queries by itself needs its own.
            QuerySource::Expression(math) if is_select(math) => {
                line.expression(math).period(period).build()
            }
            QuerySource::Expression(math) => {
                line.expression(renamed(math, self.prefix, self.ids)).build()
            }
        }
    }
}

fn stat(spec: &MetricSpec, period: i32) -> MetricStat {
    let dimension =
        |(name, value): (&String, &String)| Dimension::builder().name(name).value(value).build();
    let metric = Metric::builder()
        .namespace(&spec.namespace)
        .metric_name(&spec.name)
        .set_dimensions(Some(spec.dimensions.iter().map(dimension).collect()))
        .build();
    MetricStat::builder().metric(metric).period(period).stat(&spec.statistic).build()
}

/// What an alarm watches: one metric, or metric math; none where it is neither.
pub(crate) fn of_alarm(alarm: &MetricAlarm) -> Option<MetricQuery> {
    if alarm.metrics().is_empty() { of_metric(alarm) } else { of_math(alarm) }
}

fn of_metric(alarm: &MetricAlarm) -> Option<MetricQuery> {
    // An alarm has one or the other; a local endpoint names both, the first by mistake.
    let simple = alarm.statistic().map(|statistic| statistic.as_str());
    let spec = MetricSpec {
        namespace: alarm.namespace()?.to_owned(),
        name: alarm.metric_name()?.to_owned(),
        statistic: alarm.extended_statistic().or(simple)?.to_owned(),
        dimensions: dimensions(alarm.dimensions()),
    };
    let period_secs = whole_minutes(alarm.period()?)?;
    Some(MetricQuery { period_secs, ..MetricQuery::metric(spec) })
}

fn of_math(alarm: &MetricAlarm) -> Option<MetricQuery> {
    let lines = alarm.metrics();
    let parts = lines.iter().map(part).collect::<Option<Vec<_>>>()?;
    let result = lines.iter().find(|line| line.return_data() != Some(false))?.id()?.to_owned();
    let periods = lines.iter().filter_map(|line| {
        line.metric_stat().and_then(|stat| stat.period()).or_else(|| line.period())
    });
    let period_secs = periods.max().map_or(Some(60), whole_minutes)?;
    Some(MetricQuery { parts, result, period_secs })
}

/// One line of a metric-math alarm; none for a metric of another account, which the
/// domain's query cannot name.
fn part(line: &MetricDataQuery) -> Option<QueryPart> {
    if line.account_id().is_some() {
        return None;
    }
    let source = match (line.expression(), line.metric_stat()) {
        (Some(math), _) => QuerySource::Expression(math.to_owned()),
        (None, stat) => QuerySource::Metric(spec(stat?)?),
    };
    Some(QueryPart { id: line.id()?.to_owned(), source })
}

fn spec(stat: &MetricStat) -> Option<MetricSpec> {
    let metric = stat.metric()?;
    Some(MetricSpec {
        namespace: metric.namespace()?.to_owned(),
        name: metric.metric_name()?.to_owned(),
        statistic: stat.stat()?.to_owned(),
        dimensions: dimensions(metric.dimensions()),
    })
}

fn dimensions(sdk: &[Dimension]) -> BTreeMap<String, String> {
    sdk.iter().filter_map(|d| Some((d.name()?.to_owned(), d.value()?.to_owned()))).collect()
}

/// Seconds rounded up to whole minutes: alarms may look every 10 or 30 seconds.
fn whole_minutes(secs: i32) -> Option<u32> {
    u32::try_from(secs).ok().filter(|secs| *secs > 0)?.checked_next_multiple_of(60)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spec(text: &str) -> MetricSpec {
        text.parse().unwrap()
    }

    fn ratio() -> MetricQuery {
        let part = |id: &str, source| QueryPart { id: id.into(), source };
        MetricQuery {
            parts: vec![
                part("a", QuerySource::Metric(spec("N A Sum D=1"))),
                part("b", QuerySource::Metric(spec("N B p95"))),
                part("r", QuerySource::Expression("a/b".into())),
            ],
            result: "r".into(),
            period_secs: 300,
        }
    }

    #[test]
    fn only_the_result_returns_data_and_metrics_carry_the_period() {
        let lines = lines(3, &ratio()).unwrap();
        let shown: Vec<_> = lines
            .iter()
            .map(|l| (l.id().unwrap(), l.return_data().unwrap(), l.expression()))
            .collect();
        assert_eq!(
            shown,
            [("q3_a", false, None), ("q3_b", false, None), ("q3_r", true, Some("q3_a/q3_b"))]
        );
        assert_eq!(result_id(3, &ratio()), "q3_r");
        assert_eq!(lines[1].metric_stat().unwrap().stat(), Some("p95"));
        assert_eq!(lines[0].metric_stat().unwrap().period(), Some(300));
    }

    #[test]
    fn insights_queries_stay_as_they_are_and_have_a_period() {
        let query = MetricQuery {
            parts: vec![QueryPart {
                id: "m".into(),
                source: QuerySource::Expression("select AVG(m) FROM \"AWS/EC2\"".into()),
            }],
            result: "m".into(),
            period_secs: 60,
        };
        let lines = lines(0, &query).unwrap();
        assert_eq!(lines[0].expression(), Some("select AVG(m) FROM \"AWS/EC2\""));
        assert_eq!(lines[0].period(), Some(60));
    }

    #[test]
    fn a_query_over_all_metrics_is_alone() {
        let mut query = ratio();
        assert!(!wants_its_own_request(&query));
        query.parts[2].source = QuerySource::Expression("SUM(METRICS(\"a\"))".into());
        assert!(wants_its_own_request(&query));
        query.parts[2].source = QuerySource::Expression("SEARCH('METRICS')".into());
        assert!(!wants_its_own_request(&query));
    }

    #[test]
    fn a_wrong_query_is_refused_with_the_reason() {
        let with = |change: fn(&mut MetricQuery)| {
            let mut query = ratio();
            change(&mut query);
            lines(0, &query).unwrap_err()
        };
        assert!(with(|q| q.result = "x".into()).contains("none of the query's lines"));
        assert!(with(|q| q.parts[1].id = "a".into()).contains("same id"));
        assert!(with(|q| q.parts[0].id = "A".into()).contains("is not an id"));
        assert!(with(|q| q.period_secs = u32::MAX).contains("too long"));
    }

    #[test]
    fn an_alarm_on_one_metric_becomes_a_query() {
        let alarm = MetricAlarm::builder()
            .namespace("AWS/EC2")
            .metric_name("CPUUtilization")
            .extended_statistic("p90")
            .period(30)
            .dimensions(Dimension::builder().name("AutoScalingGroupName").value("web").build())
            .build();
        let query = of_alarm(&alarm).unwrap();
        assert_eq!(query.period_secs, 60);
        let part = spec("AWS/EC2 CPUUtilization p90 AutoScalingGroupName=web");
        assert_eq!(query.parts[0].source, QuerySource::Metric(part));
    }

    #[test]
    fn an_alarm_on_metric_math_becomes_the_same_query() {
        let alarm = MetricAlarm::builder().set_metrics(Some(lines(0, &ratio()).unwrap())).build();
        let query = of_alarm(&alarm).unwrap();
        assert_eq!((query.result.as_str(), query.period_secs), ("q0_r", 300));
        assert_eq!(query.parts.len(), 3);
        assert_eq!(query.parts[2].source, QuerySource::Expression("q0_a/q0_b".into()));
        assert!(of_alarm(&MetricAlarm::builder().build()).is_none());
    }
}
