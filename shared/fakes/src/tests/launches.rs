//! How instances come and go.

use super::*;
use crate::block_on;
use std::collections::BTreeMap;
use tidegate_domain::group::{ActivityResult, DesiredChange};
use tidegate_domain::ports::Groups;

const A: &str = "ap-northeast-2a";
const NO_CAPACITY: &str =
    "We currently do not have sufficient t3.small capacity. Launching failed.";

fn zones(aws: &FakeAws) -> BTreeMap<String, usize> {
    let mut zones = BTreeMap::new();
    for instance in aws.group(&fleet()).unwrap().instances {
        *zones.entry(instance.zone).or_default() += 1;
    }
    zones
}

#[test]
fn an_instance_is_pending_for_its_boot_time_and_terminating_for_its_drain_time() {
    let aws = with(GroupSpec::sized(2, 2, 10).boot(mins(3)).drain(mins(2)));
    block_on(aws.set_desired(&fleet(), 4)).unwrap();
    assert_eq!(phases(&aws), [2, 2, 0]);
    aws.advance(mins(3) - SignedDuration::from_secs(1));
    assert_eq!(phases(&aws), [2, 2, 0]);
    aws.advance(SignedDuration::from_secs(1));
    assert_eq!(phases(&aws), [4, 0, 0]);
    block_on(aws.set_desired(&fleet(), 3)).unwrap();
    aws.advance(mins(2) - SignedDuration::from_secs(1));
    assert_eq!(phases(&aws), [3, 0, 1]);
    aws.advance(SignedDuration::from_secs(1));
    assert_eq!(phases(&aws), [3, 0, 0]);
}

#[test]
fn a_boot_time_of_nothing_serves_at_once() {
    let aws = with(GroupSpec::sized(2, 2, 10).boot(SignedDuration::ZERO));
    block_on(aws.set_desired(&fleet(), 4)).unwrap();
    assert_eq!(phases(&aws), [4, 0, 0]);
}

#[test]
fn zones_are_kept_balanced_both_ways() {
    let aws = with(GroupSpec::sized(1, 3, 20));
    block_on(aws.set_desired(&fleet(), 8)).unwrap();
    aws.advance(mins(5));
    assert_eq!(zones(&aws).into_values().collect::<Vec<_>>(), [3, 3, 2]);
    block_on(aws.set_desired(&fleet(), 3)).unwrap();
    aws.advance(mins(5));
    assert_eq!(zones(&aws).into_values().collect::<Vec<_>>(), [1, 1, 1]);
}

#[test]
fn the_oldest_instance_of_a_zone_goes_first() {
    let aws = with(GroupSpec::sized(1, 3, 20).zones(&["a"]));
    let oldest = aws.group(&fleet()).unwrap().instances[0].id.clone();
    block_on(aws.set_desired(&fleet(), 2)).unwrap();
    aws.advance(mins(5));
    let left = aws.group(&fleet()).unwrap().instances;
    assert!(left.len() == 2 && left.iter().all(|i| i.id != oldest));
}

#[test]
fn every_launch_and_termination_is_an_activity_with_its_cause() {
    let aws = with(GroupSpec::sized(2, 2, 10));
    block_on(aws.set_desired(&fleet(), 4)).unwrap();
    let launched = aws.activities(&fleet());
    assert_eq!(launched.len(), 2);
    for activity in &launched {
        assert_eq!(activity.kind, ActivityKind::Launch);
        assert_eq!(activity.result, ActivityResult::InProgress);
        assert_eq!(activity.desired_change, Some(DesiredChange { from: 2, to: 4 }));
        let words = "changing the desired capacity from 2 to 4.";
        assert!(activity.message.contains(words), "{}", activity.message);
    }
    aws.advance(mins(2));
    let ended = aws.activities(&fleet())[0].clone();
    assert_eq!(ended.result, ActivityResult::Successful);
    assert_eq!(ended.ended, Some(at("2026-03-06T11:02:00Z")));
    block_on(aws.set_desired(&fleet(), 3)).unwrap();
    let gone = aws.activities(&fleet())[2].clone();
    assert_eq!(gone.kind, ActivityKind::Terminate);
    assert!(gone.message.contains("shrinking the capacity from 4 to 3"), "{}", gone.message);
}

#[test]
fn a_raise_that_our_lowering_cut_is_told_by_the_activities() {
    let aws = with(GroupSpec::sized(2, 8, 20));
    aws.outside_set_desired(&fleet(), 10).unwrap();
    block_on(aws.set_desired(&fleet(), 7)).unwrap();
    let evidence = block_on(aws.evidence(&fleet(), at(EVENING))).unwrap();
    let changes: Vec<_> = evidence.activities.iter().filter_map(|a| a.desired_change).collect();
    assert!(changes.contains(&DesiredChange { from: 8, to: 10 }), "{changes:?}");
    assert!(changes.contains(&DesiredChange { from: 10, to: 7 }), "{changes:?}");
    assert_eq!(evidence.activities[0].kind, ActivityKind::Terminate, "newest first");
}

#[test]
fn evidence_goes_back_24_hours() {
    let aws = with(GroupSpec::sized(2, 2, 10));
    block_on(aws.set_desired(&fleet(), 3)).unwrap();
    let seen = |now: &str| block_on(aws.evidence(&fleet(), at(now))).unwrap().activities.len();
    assert_eq!(seen("2026-03-07T11:00:00Z"), 1);
    assert_eq!(seen("2026-03-07T11:00:01Z"), 0);
}

#[test]
fn a_zone_without_capacity_leaves_a_failed_activity_and_the_others_take_over() {
    let aws = with(GroupSpec::sized(3, 3, 20));
    aws.fail_launches(&fleet(), A, NO_CAPACITY, None);
    block_on(aws.set_desired(&fleet(), 6)).unwrap();
    aws.advance(mins(2));
    assert_eq!(phases(&aws), [6, 0, 0]);
    assert_eq!(zones(&aws)[A], 1);
    let failed: Vec<_> = aws
        .activities(&fleet())
        .into_iter()
        .filter(|a| a.result == ActivityResult::Failed)
        .collect();
    assert_eq!(failed.len(), 1);
    assert_eq!((failed[0].zone.as_deref(), failed[0].message.as_str()), (Some(A), NO_CAPACITY));
}

#[test]
fn without_capacity_anywhere_it_tries_again_until_there_is_some() {
    let aws = with(GroupSpec::sized(1, 1, 20).zones(&["a"]));
    aws.fail_launches(&fleet(), "a", NO_CAPACITY, Some(at("2026-03-06T11:10:00Z")));
    block_on(aws.set_desired(&fleet(), 2)).unwrap();
    aws.advance(mins(9));
    // At 0, 1, 3 and 7 minutes.
    assert_eq!(count(&aws, ActivityKind::Launch), 4);
    assert_eq!(phases(&aws), [1, 0, 0]);
    aws.advance(mins(10));
    assert_eq!(phases(&aws), [2, 0, 0]);
}

#[test]
fn aws_suspends_launch_after_24_hours_of_failed_launches() {
    let aws = with(GroupSpec::sized(1, 1, 20).zones(&["a"]));
    aws.fail_launches(&fleet(), "a", NO_CAPACITY, None);
    block_on(aws.set_desired(&fleet(), 2)).unwrap();
    aws.advance(SignedDuration::from_hours(23));
    assert!(!aws.group(&fleet()).unwrap().is_suspended("Launch"));
    aws.advance(SignedDuration::from_hours(2));
    assert!(aws.group(&fleet()).unwrap().is_suspended("Launch"));
    aws.resume(&fleet(), "Launch");
    aws.advance(SignedDuration::from_hours(23));
    assert!(!aws.group(&fleet()).unwrap().is_suspended("Launch"), "counted anew");
    aws.advance(SignedDuration::from_hours(2));
    assert!(aws.group(&fleet()).unwrap().is_suspended("Launch"));
    aws.restore_zone(&fleet(), "a");
    aws.advance(SignedDuration::from_hours(1));
    assert_eq!(phases(&aws), [1, 0, 0], "it stays suspended");
    aws.resume(&fleet(), "Launch");
    assert_eq!(phases(&aws), [1, 1, 0], "at once");
}

#[test]
fn suspended_launch_and_terminate_block_silently() {
    let aws = with(GroupSpec::sized(1, 2, 20));
    aws.suspend(&fleet(), "Launch");
    block_on(aws.set_desired(&fleet(), 4)).unwrap();
    aws.advance(mins(30));
    assert_eq!((phases(&aws), aws.activities(&fleet()).len()), ([2, 0, 0], 0));
    aws.suspend(&fleet(), "Terminate");
    block_on(aws.set_desired(&fleet(), 1)).unwrap();
    aws.advance(mins(30));
    assert_eq!((phases(&aws), aws.activities(&fleet()).len()), ([2, 0, 0], 0));
    aws.resume(&fleet(), "Terminate");
    assert_eq!(phases(&aws), [1, 0, 1]);
}

#[test]
fn with_scale_in_protection_desired_drops_though_nothing_terminates() {
    let aws = with(GroupSpec::sized(1, 4, 20).protect_new());
    block_on(aws.set_desired(&fleet(), 2)).unwrap();
    aws.advance(mins(30));
    assert_eq!((sizes(&aws).desired, phases(&aws)), (2, [4, 0, 0]));
    aws.protect_all(&fleet(), false);
    assert_eq!(phases(&aws), [2, 0, 2]);
}

#[test]
fn a_lost_zone_is_replaced_in_the_others() {
    let aws = with(GroupSpec::sized(3, 3, 20));
    block_on(aws.set_desired(&fleet(), 6)).unwrap();
    aws.advance(mins(5));
    aws.lose_zone(&fleet(), A);
    assert_eq!(phases(&aws), [4, 2, 2]);
    let replacement = aws.activities(&fleet()).pop().unwrap();
    assert_eq!(replacement.desired_change, None, "desired did not change");
    aws.advance(mins(5));
    assert_eq!(phases(&aws), [6, 0, 0]);
    assert!(!zones(&aws).contains_key(A));
    let health = aws.activities(&fleet()).into_iter().find(|a| a.kind == ActivityKind::Terminate);
    let health = health.unwrap();
    assert!(health.message.contains("health check") && health.desired_change.is_none());
}

#[test]
fn an_unhealthy_instance_stays_while_replace_unhealthy_is_suspended() {
    let aws = with(GroupSpec::sized(1, 2, 20));
    aws.suspend(&fleet(), "ReplaceUnhealthy");
    let sick = aws.group(&fleet()).unwrap().instances[0].id.clone();
    aws.set_unhealthy(&fleet(), &sick);
    let group = aws.group(&fleet()).unwrap();
    assert_eq!((group.in_service(), group.serving()), (2, 1));
    assert!(group.instances.iter().all(|i| i.healthy != (i.id == sick)));
    aws.resume(&fleet(), "ReplaceUnhealthy");
    assert_eq!(phases(&aws), [1, 1, 1]);
}

#[test]
fn a_lowering_takes_booting_instances_too() {
    let aws = with(GroupSpec::sized(1, 1, 20).zones(&["a"]));
    block_on(aws.set_desired(&fleet(), 3)).unwrap();
    block_on(aws.set_desired(&fleet(), 1)).unwrap();
    aws.advance(mins(5));
    assert_eq!(phases(&aws), [1, 0, 0]);
}

#[test]
fn a_new_boot_time_is_for_new_instances() {
    let aws = with(GroupSpec::sized(1, 1, 20));
    block_on(aws.set_desired(&fleet(), 2)).unwrap();
    aws.set_boot(&fleet(), mins(10));
    block_on(aws.set_desired(&fleet(), 3)).unwrap();
    aws.advance(mins(2));
    assert_eq!(phases(&aws), [2, 1, 0]);
}
