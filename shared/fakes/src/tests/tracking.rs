//! Target tracking.

use super::*;
use crate::{Tracking, Writer, block_on};
use tidegate_domain::group::Mode;
use tidegate_domain::metrics::{MetricQuery, MetricSpec, Window};
use tidegate_domain::ports::Groups;

fn cpu() -> MetricSpec {
    "AWS/EC2 CPUUtilization Average AutoScalingGroupName=aira-web".parse().unwrap()
}

/// A group of 4 that tracks 70 %, with the CPU at a level from now on.
fn tracked(scale_in: bool, level: f64) -> FakeAws {
    let aws = with(GroupSpec::sized(2, 4, 10));
    let tracking = Tracking::new("net", MetricQuery::metric(cpu()), 70.0, scale_in);
    aws.set_tracking(&fleet(), Some(tracking));
    let hours = Window { from: at(EVENING), until: at("2026-03-06T14:00:00Z") };
    aws.put_level(&cpu(), hours, level);
    aws
}

#[test]
fn out_after_3_of_3_minutes_in_proportion() {
    let aws = tracked(false, 105.0);
    aws.advance(mins(2));
    assert_eq!(sizes(&aws).desired, 4);
    aws.advance(mins(1));
    assert_eq!(sizes(&aws).desired, 6, "4 * 105 / 70");
    let change = aws.size_changes(&fleet())[0];
    assert_eq!((change.by, change.at), (Writer::Tracking, at("2026-03-06T11:03:00Z")));
    let activity = aws.activities(&fleet())[0].clone();
    assert!(activity.message.contains("in state ALARM triggered policy net changing the desired"));
}

#[test]
fn the_newest_minutes_count_all_of_them_and_the_target_itself_is_no_breach() {
    let minutes = |values: [f64; 3]| {
        let aws = tracked(false, 50.0);
        for (minute, value) in (0..).zip(values) {
            aws.put_point(&cpu(), at(EVENING) + mins(minute), value);
        }
        aws.advance(mins(3));
        sizes(&aws).desired
    };
    assert_eq!(minutes([140.0, 60.0, 140.0]), 4);
    assert_eq!(minutes([70.0, 140.0, 140.0]), 4);
    assert_eq!(minutes([140.0, 140.0, 105.0]), 6, "in proportion to the newest");
}

#[test]
fn in_after_15_of_15_minutes_below_90_percent_if_it_may() {
    for (scale_in, level, desired) in [(true, 30.0, 2), (true, 63.0, 4), (false, 30.0, 4)] {
        let aws = tracked(scale_in, level);
        aws.advance(mins(14));
        assert_eq!(sizes(&aws).desired, 4);
        aws.advance(mins(1));
        assert_eq!(sizes(&aws).desired, desired, "{scale_in} {level}");
    }
}

#[test]
fn never_beyond_the_bounds() {
    let aws = tracked(true, 700.0);
    aws.advance(mins(3));
    assert_eq!(sizes(&aws).desired, 10);
    let aws = tracked(true, 0.0);
    aws.advance(mins(15));
    assert_eq!(sizes(&aws).desired, 2);
}

#[test]
fn never_in_while_instances_are_warming() {
    let aws = tracked(true, 30.0);
    aws.advance(mins(10));
    aws.outside_set_desired(&fleet(), 6).unwrap();
    aws.advance(mins(6));
    assert_eq!(sizes(&aws).desired, 6);
    aws.advance(mins(2));
    assert_eq!(sizes(&aws).desired, 3, "five minutes after they arrived: 6 * 30 / 70");
}

#[test]
fn not_while_alarm_notification_is_suspended() {
    let aws = tracked(true, 105.0);
    aws.suspend(&fleet(), "AlarmNotification");
    aws.advance(mins(30));
    assert_eq!(sizes(&aws).desired, 4);
}

#[test]
fn the_mode_follows_from_it() {
    for (scale_in, mode) in [(true, Mode::Floor), (false, Mode::Owner)] {
        let aws = tracked(scale_in, 50.0);
        let policies = block_on(aws.evidence(&fleet(), at(EVENING))).unwrap().policies;
        assert_eq!(Mode::of(&policies), mode);
    }
}
