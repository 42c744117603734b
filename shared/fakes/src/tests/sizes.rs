//! Writes of sizes.

use super::*;
use crate::{Writer, block_on};
use tidegate_domain::group::{Instance, Lifecycle, Mode, ScalingPolicy};
use tidegate_domain::ids::InstanceId;
use tidegate_domain::ports::Groups;

fn sized(min: u32, desired: u32, max: u32) -> Sizes {
    Sizes { min, max, desired }
}

#[test]
fn set_desired_outside_the_bounds_is_a_validation_error() {
    let aws = with(GroupSpec::sized(4, 6, 10));
    refused(block_on(aws.set_desired(&fleet(), 3)), "below min value 4");
    refused(block_on(aws.set_desired(&fleet(), 11)), "above max value 10");
    assert_eq!(sizes(&aws), sized(4, 6, 10));
    for inside in [4, 10] {
        block_on(aws.set_desired(&fleet(), inside)).unwrap();
        assert_eq!(sizes(&aws).desired, inside);
    }
}

#[test]
fn min_above_max_is_a_validation_error() {
    let aws = with(GroupSpec::sized(4, 6, 10));
    refused(block_on(aws.set_min(&fleet(), 11)), "must be greater than or equal to min bound, 11");
    assert_eq!(sizes(&aws), sized(4, 6, 10));
    block_on(aws.set_min(&fleet(), 10)).unwrap();
}

#[test]
fn a_min_above_desired_raises_desired_and_a_lower_one_never_lowers_it() {
    let aws = with(GroupSpec::sized(4, 6, 10));
    block_on(aws.set_min(&fleet(), 8)).unwrap();
    assert_eq!(sizes(&aws), sized(8, 8, 10));
    block_on(aws.set_min(&fleet(), 2)).unwrap();
    assert_eq!(sizes(&aws), sized(2, 8, 10));
}

#[test]
fn a_max_below_desired_lowers_it() {
    let aws = with(GroupSpec::sized(4, 8, 10));
    aws.outside_set_max(&fleet(), 6).unwrap();
    assert_eq!(sizes(&aws), sized(4, 6, 6));
    refused(aws.outside_set_max(&fleet(), 3), "Max bound, 3,");
}

#[test]
fn a_missing_group_is_an_empty_describe_and_a_validation_error_elsewhere() {
    let aws = FakeAws::at(at(EVENING));
    let f = fleet();
    assert_eq!(block_on(aws.describe(&f)), Ok(None));
    refused(block_on(aws.set_min(&f, 1)), "name not found");
    refused(block_on(aws.set_desired(&f, 1)), "name not found");
    refused(block_on(aws.evidence(&f, at(EVENING))), "name not found");
    refused(aws.outside_set_desired(&f, 1), "name not found");
}

#[test]
fn scaling_activity_in_progress_blocks_sizes_and_nothing_happens() {
    let aws = with(GroupSpec::sized(4, 6, 10));
    aws.set_busy(&fleet(), at("2026-03-06T11:01:00Z"));
    let busy = |answer| matches!(answer, Err(PortError::Throttled { .. }));
    assert!(busy(block_on(aws.set_min(&fleet(), 7))));
    assert!(busy(block_on(aws.set_desired(&fleet(), 7))));
    assert_eq!(sizes(&aws), sized(4, 6, 10));
    aws.advance(mins(1));
    block_on(aws.set_min(&fleet(), 7)).unwrap();
}

#[test]
fn a_group_that_cannot_be_created_is_refused() {
    let aws = with(GroupSpec::sized(4, 6, 10));
    refused(aws.add_group(&fleet(), GroupSpec::sized(1, 1, 1)), "AlreadyExists");
    let other = FleetName::new("other").unwrap();
    refused(aws.add_group(&other, GroupSpec::sized(4, 3, 10)), "desired must lie");
    refused(aws.add_group(&other, GroupSpec::sized(4, 4, 10).zones(&[])), "at least one zone");
}

#[test]
fn a_deleted_group_says_so_until_its_instances_are_gone_and_takes_no_writes() {
    let aws = with(GroupSpec::sized(2, 2, 10).protect_new());
    aws.delete_group(&fleet());
    assert!(block_on(aws.describe(&fleet())).unwrap().unwrap().deleting);
    refused(block_on(aws.set_min(&fleet(), 1)), "pending delete");
    aws.advance(mins(2));
    assert_eq!(block_on(aws.describe(&fleet())), Ok(None));
    let aws = with(GroupSpec::sized(0, 0, 10));
    aws.delete_group(&fleet());
    assert_eq!(block_on(aws.describe(&fleet())), Ok(None), "an empty one is gone at once");
}

#[test]
fn every_change_is_remembered_with_who_made_it() {
    let aws = with(GroupSpec::sized(2, 2, 10));
    block_on(aws.set_min(&fleet(), 3)).unwrap();
    block_on(aws.set_min(&fleet(), 3)).unwrap();
    aws.outside_set_desired(&fleet(), 5).unwrap();
    let changes: Vec<_> = aws.size_changes(&fleet()).iter().map(|c| (c.by, c.to)).collect();
    let expected = [(Writer::Tidegate, sized(3, 3, 10)), (Writer::Outside, sized(3, 5, 10))];
    assert_eq!(changes, expected, "a write that changes nothing is no change");
}

#[test]
fn tags_suspensions_policies_and_refresh_are_seen() {
    let aws = with(GroupSpec::sized(2, 2, 10).tag("tidegate:hold", "all"));
    let f = fleet();
    assert_eq!(aws.group(&f).unwrap().tags["tidegate:hold"], "all");
    aws.set_tag(&f, "tidegate:floor", "3");
    aws.remove_tag(&f, "tidegate:hold");
    aws.suspend(&f, "Launch");
    aws.attach_policy(&f, ScalingPolicy { name: "in".into(), can_scale_in: true });
    let group = block_on(aws.describe(&f)).unwrap().unwrap();
    assert_eq!(group.tags.keys().collect::<Vec<_>>(), ["tidegate:floor"]);
    assert!(group.is_suspended("Launch"));
    let evidence = || block_on(aws.evidence(&f, at(EVENING))).unwrap();
    assert_eq!(Mode::of(&evidence().policies), Mode::Floor);
    for (status, under_way) in [
        ("Pending", true),
        ("Baking", true),
        ("RollbackInProgress", true),
        ("SomethingNew", true),
        ("Successful", false),
        ("Cancelled", false),
        ("RollbackSuccessful", false),
    ] {
        aws.set_refresh(&f, Some(status));
        assert_eq!(evidence().refresh.is_some(), under_way, "{status}");
    }
}

#[test]
fn weighted_and_attribute_based_groups_and_warm_pools_say_what_they_are() {
    let warmed = Instance {
        id: InstanceId::new("i-warm").unwrap(),
        lifecycle: Lifecycle::WarmPool,
        healthy: true,
        zone: "z".into(),
        weight: 1,
    };
    let aws = with(GroupSpec::sized(4, 4, 12).weight(4).foreign_unit("vcpu").other(warmed));
    let group = aws.group(&fleet()).unwrap();
    assert_eq!((group.in_service(), group.instances.len()), (4, 2));
    assert_eq!(group.foreign_unit.as_deref(), Some("vcpu"));
    block_on(aws.set_min(&fleet(), 5)).unwrap();
    assert_eq!(phases(&aws), [4, 4, 0], "a weighted group may overshoot desired");
    block_on(aws.set_min(&fleet(), 1)).unwrap();
    block_on(aws.set_desired(&fleet(), 5)).unwrap();
    aws.advance(mins(3));
    assert_eq!(phases(&aws), [8, 0, 0], "and terminates nobody who is needed");
}
