//! GetMetricData.

use super::*;
use crate::block_on;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tidegate_domain::group::Group;
use tidegate_domain::metrics::{
    MetricQuery, MetricSpec, Point, QueryPart, QuerySource, Series, Window,
};
use tidegate_domain::ports::Metrics;

fn requests() -> MetricSpec {
    "AWS/ApplicationELB RequestCount Sum LoadBalancer=app/a/1".parse().unwrap()
}

fn read(aws: &FakeAws, query: MetricQuery, from: &str, until: &str) -> PortResult<Series> {
    let window = Window { from: at(from), until: at(until) };
    block_on(aws.read(&[query], window)).map(|mut answer| answer.remove(0))
}

fn values(aws: &FakeAws, from: &str, until: &str) -> Vec<f64> {
    let series = read(aws, MetricQuery::metric(requests()), from, until).unwrap();
    series.iter().map(|p| p.value).collect()
}

/// Minutes from 11:00 to 11:09 with their number as value; now is 11:10.
fn world() -> FakeAws {
    let aws = FakeAws::at(at(EVENING));
    for minute in 0..10 {
        aws.put_point(&requests(), at(EVENING) + mins(minute), minute as f64);
    }
    aws.advance(mins(10));
    aws
}

#[test]
fn points_are_the_starts_of_their_minutes_within_the_half_open_window() {
    let aws = world();
    let query = MetricQuery::metric(requests());
    let series = read(&aws, query, "2026-03-06T11:02:00Z", "2026-03-06T11:04:00Z").unwrap();
    let expected = [2.0, 3.0].map(|value| Point { at: at(EVENING) + mins(value as i64), value });
    assert_eq!(series, expected);
    assert_eq!(values(&aws, "2026-03-06T11:02:01Z", "2026-03-06T11:04:01Z"), [3.0, 4.0]);
}

#[test]
fn a_minute_is_seen_when_it_has_ended_and_was_published() {
    let aws = FakeAws::at(at(EVENING));
    aws.put_point(&requests(), at(EVENING), 7.0);
    let seen = |aws: &FakeAws| values(aws, "2026-03-06T10:50:00Z", "2026-03-06T11:10:00Z").len();
    aws.advance(SignedDuration::from_secs(59));
    assert_eq!(seen(&aws), 0);
    aws.advance(SignedDuration::from_secs(1));
    assert_eq!(seen(&aws), 1);
    aws.set_delay(mins(2));
    assert_eq!(seen(&aws), 0);
    aws.advance(mins(2));
    assert_eq!(seen(&aws), 1);
    aws.set_delay_of(&requests(), mins(5));
    assert_eq!(seen(&aws), 0);
}

#[test]
fn lost_minutes_are_absent_and_not_zero() {
    let aws = world();
    let gap = Window { from: at("2026-03-06T11:03:00Z"), until: at("2026-03-06T11:06:00Z") };
    aws.lose_points(&requests(), gap);
    let seen = values(&aws, "2026-03-06T11:00:00Z", "2026-03-06T11:10:00Z");
    assert_eq!(seen, [0.0, 1.0, 2.0, 6.0, 7.0, 8.0, 9.0]);
}

#[test]
fn what_a_publisher_gets_wrong_arrives_as_it_is() {
    let aws = world();
    aws.put_point(&requests(), at("2026-03-06T11:08:00Z"), f64::NAN);
    aws.put_point(&requests(), at("2026-03-06T11:09:00Z"), -1.0);
    let seen = values(&aws, "2026-03-06T11:08:00Z", "2026-03-06T11:10:00Z");
    assert!(seen[0].is_nan() && seen[1] == -1.0, "{seen:?}");
}

#[test]
fn a_longer_period_combines_minutes_by_its_statistic() {
    for (statistic, expected) in
        [("Sum", 10.0), ("Average", 2.0), ("Minimum", 0.0), ("Maximum", 4.0), ("p99", 4.0)]
    {
        let aws = FakeAws::at(at(EVENING));
        let spec: MetricSpec = format!("N m {statistic}").parse().unwrap();
        for minute in 0..5 {
            aws.put_point(&spec, at(EVENING) + mins(minute), minute as f64);
        }
        aws.advance(mins(10));
        let query = MetricQuery { period_secs: 300, ..MetricQuery::metric(spec) };
        let series = read(&aws, query, EVENING, "2026-03-06T11:10:00Z").unwrap();
        assert_eq!(series, [Point { at: at(EVENING), value: expected }], "{statistic}");
    }
}

#[test]
fn minute_data_lives_15_days_and_five_minute_data_63() {
    let aws = world();
    let query = |period_secs| MetricQuery { period_secs, ..MetricQuery::metric(requests()) };
    let seen = |period| {
        let series = read(&aws, query(period), EVENING, "2026-03-06T11:10:00Z").unwrap();
        series.len()
    };
    for (days, minutes, fives) in [(14, 10, 2), (16, 0, 2), (64, 0, 0)] {
        aws.set_now(at(EVENING) + SignedDuration::from_hours(24 * days));
        assert_eq!((seen(60), seen(300)), (minutes, fives), "{days} days");
    }
}

#[test]
fn one_series_for_each_query_in_order_and_empty_where_there_is_nothing() {
    let aws = world();
    let nothing = MetricQuery::metric("N other Sum".parse().unwrap());
    let queries = [nothing.clone(), MetricQuery::metric(requests()), nothing];
    let window = Window { from: at(EVENING), until: at("2026-03-06T11:10:00Z") };
    let lengths: Vec<usize> =
        block_on(aws.read(&queries, window)).unwrap().iter().map(Vec::len).collect();
    assert_eq!(lengths, [0, 10, 0]);
    assert_eq!(block_on(aws.read(&[], window)), Ok(Vec::new()));
}

#[test]
fn fill_makes_zeros_of_minutes_that_have_not_come_in() {
    let aws = world();
    let part = |id: &str, source| QueryPart { id: id.into(), source };
    let filled = MetricQuery {
        parts: vec![
            part("m", QuerySource::Metric(requests())),
            part("e", QuerySource::Expression("FILL(m, 0) / 2".into())),
        ],
        result: "e".into(),
        period_secs: 60,
    };
    let series = read(&aws, filled, "2026-03-06T11:08:00Z", "2026-03-06T11:30:00Z").unwrap();
    let values: Vec<f64> = series.iter().map(|p| p.value).collect();
    assert_eq!(values, [4.0, 4.5, 0.0], "the minute that runs, and none of the future");
}

#[test]
fn what_get_metric_data_refuses() {
    let aws = world();
    let metric = MetricQuery::metric(requests());
    let until = "2026-03-06T11:10:00Z";
    let with = |change: fn(&mut MetricQuery)| {
        let mut query = metric.clone();
        change(&mut query);
        read(&aws, query, EVENING, until)
    };
    refused(with(|q| q.period_secs = 90), "multiple of 60");
    refused(with(|q| q.period_secs = 0), "multiple of 60");
    refused(with(|q| q.result = "x".into()), "no such id");
    refused(with(|q| q.parts.clear()), "no such id");
    refused(
        with(|q| q.parts[0].source = QuerySource::Expression("ANOMALY_DETECTION_BAND(2)".into())),
        "unsupported function",
    );
    refused(read(&aws, metric.clone(), until, EVENING), "StartTime must be less");
    refused(read(&aws, metric.clone(), until, until), "StartTime must be less");
    let many = vec![metric; 501];
    let window = Window { from: at(EVENING), until: at(until) };
    assert!(block_on(aws.read(&many[..500], window)).is_ok());
    refused(block_on(aws.read(&many, window)), "at most 500");
}

#[test]
fn a_feed_is_asked_for_every_minute_and_sees_the_groups() {
    let aws = with(GroupSpec::sized(2, 2, 10));
    let asked = Arc::new(AtomicUsize::new(0));
    let count = asked.clone();
    aws.feed(&requests(), move |at, groups| {
        count.fetch_add(1, Ordering::Relaxed);
        let serving: u32 = groups.values().map(Group::serving).sum();
        (at.as_second() % 180 != 0).then_some(f64::from(serving) * 100.0)
    });
    aws.advance(mins(1));
    aws.set_boot(&fleet(), SignedDuration::from_secs(115));
    aws.outside_set_desired(&fleet(), 4).unwrap();
    aws.advance(mins(4));
    assert_eq!(asked.load(Ordering::Relaxed), 5, "not when an instance comes in between");
    // 11:00 and 11:03 are silent; the two launched at 11:01 serve from 11:03.
    let seen = values(&aws, EVENING, "2026-03-06T11:10:00Z");
    assert_eq!(seen, [200.0, 400.0, 400.0]);
}

#[test]
fn a_level_is_a_value_a_minute() {
    let aws = world();
    let window = Window { from: at("2026-03-06T11:01:30Z"), until: at("2026-03-06T11:04:00Z") };
    aws.put_level(&requests(), window, 50.0);
    let seen = values(&aws, "2026-03-06T11:00:00Z", "2026-03-06T11:05:00Z");
    assert_eq!(seen, [0.0, 1.0, 50.0, 50.0, 4.0]);
}
