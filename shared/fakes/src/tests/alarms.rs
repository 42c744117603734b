//! DescribeAlarms, and how a state follows its metric.

use super::*;
use crate::{AlarmSpec, Missing, block_on};
use tidegate_domain::ids::AlarmName;
use tidegate_domain::metrics::{AlarmState, Comparison, MetricQuery, MetricSpec};
use tidegate_domain::ports::Metrics;

fn spec() -> MetricSpec {
    "N load Average".parse().unwrap()
}

fn name() -> AlarmName {
    AlarmName::new("aira-web-spike").unwrap()
}

fn alarm() -> AlarmSpec {
    AlarmSpec::new(&name(), MetricQuery::metric(spec()), Comparison::AtOrAbove, 50.0)
}

fn state(aws: &FakeAws) -> (AlarmState, Timestamp) {
    let found = block_on(aws.alarms(&[name()])).unwrap().remove(&name()).unwrap();
    (found.state, found.since)
}

/// A value for each minute from 11:00 on; NaN stands for no data.
fn fed(alarm: AlarmSpec, minutes: &[f64]) -> FakeAws {
    let aws = FakeAws::at(at(EVENING));
    aws.put_alarm(alarm);
    for (minute, value) in (0..).zip(minutes).filter(|(_, value)| !value.is_nan()) {
        aws.put_point(&spec(), at(EVENING) + mins(minute), *value);
    }
    aws
}

#[test]
fn only_alarms_that_exist_and_were_asked_for() {
    let aws = FakeAws::at(at(EVENING));
    aws.put_alarm(alarm());
    let other = AlarmName::new("other").unwrap();
    aws.put_alarm(AlarmSpec::composite(&other));
    let unknown = AlarmName::new("unknown").unwrap();
    let found = block_on(aws.alarms(&[name(), unknown])).unwrap();
    assert_eq!(found.keys().collect::<Vec<_>>(), [&name()]);
    assert_eq!(found[&name()].threshold, Some(50.0));
    assert_eq!(block_on(aws.alarms(&[])).unwrap().len(), 0);
    let composite =
        block_on(aws.alarms(std::slice::from_ref(&other))).unwrap().remove(&other).unwrap();
    assert!(composite.query.is_none() && composite.threshold.is_none());
    aws.delete_alarm(&name());
    assert_eq!(block_on(aws.alarms(&[name()])).unwrap().len(), 0);
}

#[test]
fn a_state_that_is_set_stays_and_says_since_when() {
    let aws = FakeAws::at(at(EVENING));
    aws.put_alarm(alarm());
    assert_eq!(state(&aws), (AlarmState::InsufficientData, at(EVENING)));
    aws.advance(mins(5));
    aws.set_alarm(&name(), AlarmState::Alarm);
    aws.advance(mins(5));
    aws.set_alarm(&name(), AlarmState::Alarm);
    assert_eq!(state(&aws), (AlarmState::Alarm, at("2026-03-06T11:05:00Z")));
}

#[test]
fn m_of_n_datapoints_turn_it_and_it_fires_once_per_transition() {
    let aws = fed(alarm().evaluated(3, 2, Missing::Missing), &[10.0, 60.0, 10.0, 50.0, 90.0, 10.0]);
    aws.advance(mins(3));
    assert_eq!(state(&aws).0, AlarmState::Ok);
    aws.advance(mins(1));
    assert_eq!(state(&aws), (AlarmState::Alarm, at("2026-03-06T11:04:00Z")));
    aws.advance(mins(2));
    let changes = aws.take_alarm_changes();
    let states: Vec<_> = changes.iter().map(|c| (c.from, c.alarm.state, c.value)).collect();
    let expected = [
        (AlarmState::InsufficientData, AlarmState::Ok, Some(10.0)),
        (AlarmState::Ok, AlarmState::Alarm, Some(50.0)),
    ];
    assert_eq!(states, expected);
    assert_eq!(aws.take_alarm_changes(), []);
}

#[test]
fn missing_data_counts_as_the_alarm_says() {
    for (missing, expected) in [
        (Missing::Missing, AlarmState::InsufficientData),
        (Missing::Breaching, AlarmState::Alarm),
        (Missing::NotBreaching, AlarmState::Ok),
        (Missing::Ignore, AlarmState::Alarm),
    ] {
        let aws = fed(alarm().evaluated(1, 1, missing), &[60.0, f64::NAN]);
        aws.advance(mins(1));
        assert_eq!(state(&aws).0, AlarmState::Alarm);
        aws.advance(mins(1));
        assert_eq!(state(&aws).0, expected, "{missing:?}");
    }
}

#[test]
fn late_data_turns_it_late() {
    let aws = fed(alarm().evaluated(1, 1, Missing::NotBreaching), &[60.0, 10.0]);
    aws.set_delay_of(&spec(), mins(2));
    aws.advance(mins(2));
    assert_eq!(state(&aws).0, AlarmState::Ok);
    aws.advance(mins(1));
    assert_eq!(state(&aws), (AlarmState::Alarm, at("2026-03-06T11:03:00Z")));
    aws.advance(mins(1));
    assert_eq!(state(&aws).0, AlarmState::Ok);
}
