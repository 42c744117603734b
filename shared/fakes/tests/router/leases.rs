//! Groups are held by one invocation at a time, and by none that has ended.

use super::stage::Stage;
use jiff::SignedDuration;
use tidegate_domain::alarms::ports::AlarmStore as _;
use tidegate_domain::ports::{Clock as _, Lease};
use tidegate_fakes::{At, Call, FakeAws, Fault, block_on};

/// Groups whose lease somebody holds.
fn held(aws: &FakeAws) -> usize {
    aws.alarm_group_ids().iter().filter(|id| aws.alarm_lease(id).is_some()).count()
}

#[test]
fn a_group_that_could_not_be_read_is_given_back() {
    for fault in [Fault::Throttled, Fault::LostAnswer] {
        for call in [Call::TakeGroup, Call::ReadGroup, Call::SettleGroup] {
            let mut s = Stage::new("");
            s.aws.inject(At::call(call).nth(1), fault.clone());
            let outcome = s.fires("aira-web-down-critical");
            assert!(outcome.error.is_some(), "{call} {fault:?}");
            assert_eq!(held(&s.aws), 0, "{call} {fault:?}");
            s.ticks(1);
            assert_eq!(s.whys(), ["FirstNotification critical"], "{call} {fault:?}");
        }
    }
}

#[test]
fn a_group_that_is_wanted_all_the_time_is_given_back_and_due() {
    let mut s = Stage::new("");
    s.aws.after(At::call(Call::ReadGroup), |aws| {
        let (other, soon) = (aws.new_run().token(), aws.wall() + SignedDuration::from_secs(9));
        for id in aws.alarm_group_ids() {
            assert_eq!(block_on(aws.take(&id, &other, aws.wall(), soon)), Ok(Lease::Busy));
        }
    });
    let outcome = s.fires("aira-web-down-critical");
    assert_eq!((outcome.error, outcome.record.groups), (None, 3));
    assert_eq!(held(&s.aws), 0);
    let due: Vec<_> = s.aws.alarm_groups().iter().map(|entry| entry.due).collect();
    assert_eq!(due, [s.now()]);
    assert_eq!(s.whys(), ["FirstNotification critical"], "once");
}

#[test]
fn who_ran_out_of_time_holds_nothing() {
    let mut s = Stage::new("");
    s.aws.after(At::call(Call::MarkGroup), |aws| {
        for id in aws.alarm_group_ids() {
            let (other, soon) = (aws.new_run().token(), aws.wall() + SignedDuration::from_secs(9));
            block_on(aws.take(&id, &other, aws.wall(), soon)).unwrap();
        }
    });
    // So late that the mark is the last thing that is begun.
    s.aws.inject(At::call(Call::Send).nth(1), Fault::Slow(SignedDuration::from_secs(7)));
    s.aws.inject(At::call(Call::MarkGroup).nth(1), Fault::Slow(SignedDuration::from_secs(7)));
    let event = super::stage::event(
        "aira-web-down-critical",
        &tidegate_domain::alarms::event::State::Alarm,
        s.now(),
    );
    let world = s.aws.new_run();
    world.set_time_left(SignedDuration::from_secs(17));
    let outcome = block_on(s.router.serve(&world, &event));
    assert_eq!((outcome.error, outcome.record.groups), (None, 1));
    assert_eq!(held(&s.aws), 0);
    assert_eq!(s.whys(), ["FirstNotification critical"]);
}
