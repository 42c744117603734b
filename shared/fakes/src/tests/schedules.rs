//! Scheduled actions: the native backstop.

use super::*;
use crate::block_on;
use tidegate_domain::group::Backstop;
use tidegate_domain::ports::Groups;

fn backstop(min: u32) -> Backstop {
    Backstop { min, recurrence: "0 8 * * MON-FRI".into(), time_zone: "Asia/Seoul".into() }
}

#[test]
fn it_restores_the_day_floor_at_its_local_time_though_every_function_is_dead() {
    let aws = with(GroupSpec::sized(2, 2, 20));
    block_on(aws.put_backstop(&fleet(), &backstop(10))).unwrap();
    // Friday evening to Monday 07:59 in Seoul.
    aws.set_now(at("2026-03-08T22:59:59Z"));
    assert_eq!(sizes(&aws).min, 2);
    aws.set_now(at("2026-03-08T23:02:00Z"));
    assert_eq!((sizes(&aws).min, sizes(&aws).desired), (10, 10));
    assert_eq!(phases(&aws), [10, 0, 0]);
    let activity = aws.activities(&fleet())[0].clone();
    assert!(activity.message.contains("the scheduled action tidegate-restore executed"));
    assert_eq!(activity.desired_change.map(|c| (c.from, c.to)), Some((2, 10)));
}

#[test]
fn it_fires_again_every_time() {
    let aws = with(GroupSpec::sized(2, 2, 20));
    let daily = Backstop { recurrence: "0 8 * * *".into(), ..backstop(5) };
    block_on(aws.put_backstop(&fleet(), &daily)).unwrap();
    for day in 0..3 {
        aws.advance(SignedDuration::from_hours(24));
        assert_eq!(sizes(&aws).min, 5, "{day}");
        block_on(aws.set_min(&fleet(), 2)).unwrap();
    }
}

#[test]
fn it_sets_a_higher_min_down_too_and_never_lowers_desired() {
    let aws = with(GroupSpec::sized(12, 12, 20));
    block_on(aws.put_backstop(&fleet(), &backstop(10))).unwrap();
    aws.set_now(at("2026-03-09T00:00:00Z"));
    assert_eq!(sizes(&aws), Sizes { min: 10, max: 20, desired: 12 });
}

#[test]
fn suspended_scheduled_actions_lose_the_occurrence() {
    let aws = with(GroupSpec::sized(2, 2, 20));
    block_on(aws.put_backstop(&fleet(), &backstop(10))).unwrap();
    aws.suspend(&fleet(), "ScheduledActions");
    aws.set_now(at("2026-03-09T00:00:00Z"));
    aws.resume(&fleet(), "ScheduledActions");
    aws.set_now(at("2026-03-09T22:00:00Z"));
    assert_eq!(sizes(&aws).min, 2);
    aws.set_now(at("2026-03-10T00:00:00Z"));
    assert_eq!(sizes(&aws).min, 10);
}

#[test]
fn a_min_of_max_is_restored() {
    let aws = with(GroupSpec::sized(2, 2, 10));
    block_on(aws.put_backstop(&fleet(), &backstop(10))).unwrap();
    aws.set_now(at("2026-03-09T00:00:00Z"));
    assert_eq!(sizes(&aws).min, 10);
}

#[test]
fn a_min_above_max_at_its_time_fails_and_leaves_an_activity() {
    let aws = with(GroupSpec::sized(2, 2, 8));
    block_on(aws.put_backstop(&fleet(), &backstop(10))).unwrap();
    aws.set_now(at("2026-03-09T00:00:00Z"));
    assert_eq!(sizes(&aws).min, 2);
    let activity = aws.activities(&fleet())[0].clone();
    assert!(activity.message.contains("Max bound, 8"), "{}", activity.message);
}

#[test]
fn a_put_replaces_it_and_evidence_shows_it() {
    let aws = with(GroupSpec::sized(2, 2, 20));
    let evidence = || block_on(aws.evidence(&fleet(), at(EVENING))).unwrap().backstop;
    assert_eq!(evidence(), None);
    block_on(aws.put_backstop(&fleet(), &backstop(9))).unwrap();
    block_on(aws.put_backstop(&fleet(), &backstop(10))).unwrap();
    assert_eq!(evidence(), Some(backstop(10)));
    aws.delete_schedule(&fleet(), Backstop::NAME);
    assert_eq!((evidence(), aws.backstop(&fleet())), (None, None));
}

#[test]
fn a_bad_recurrence_or_zone_is_a_validation_error() {
    let aws = with(GroupSpec::sized(2, 2, 20));
    let put = |recurrence: &str, zone: &str| {
        let (recurrence, time_zone) = (recurrence.to_owned(), zone.to_owned());
        block_on(aws.put_backstop(&fleet(), &Backstop { min: 10, recurrence, time_zone }))
    };
    refused(put("0 8 * *", "Asia/Seoul"), "five fields");
    refused(put("0 25 * * *", "Asia/Seoul"), "not a list of values");
    refused(put("0 8 * * *", "Asia/Soul"), "invalid time zone");
    refused(block_on(aws.put_backstop(&FleetName::new("x").unwrap(), &backstop(1))), "not found");
}

#[test]
fn two_scheduled_actions_of_a_group_need_different_times() {
    let aws = with(GroupSpec::sized(2, 2, 20));
    aws.outside_schedule(&fleet(), "theirs", &backstop(4)).unwrap();
    refused(block_on(aws.put_backstop(&fleet(), &backstop(10))), "already exists");
    let later = Backstop { recurrence: "5 8 * * MON-FRI".into(), ..backstop(10) };
    block_on(aws.put_backstop(&fleet(), &later)).unwrap();
}
