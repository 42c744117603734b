//! The lease and the memory: who runs, how often, and what happens without the table.

use crate::stage::{Stage, fleet, mins, secs};
use std::sync::{Arc, Mutex};
use tidegate_domain::ledger::{ActionRecord, OutcomeWord};
use tidegate_domain::ports::{Clock, Control, LeaseToken};
use tidegate_domain::reason::Reason;
use tidegate_domain::signal::Signal;
use tidegate_fakes::{At, Call, FakeAws, Fault, block_on};

#[test]
fn the_lease_outlives_the_invocation_and_is_given_back() {
    let stage = Stage::quiet();
    let held = Arc::new(Mutex::new(None));
    let seen = held.clone();
    stage.aws.after(At::call(Call::Acquire), move |aws| {
        *seen.lock().unwrap() = aws.lease(&fleet());
    });
    let run = stage.aws.new_run();
    run.set_time_left(secs(30));
    let wall = run.wall();
    stage.wake_in(&run, Signal::Tick).unwrap();
    let held = held.lock().unwrap().clone().unwrap();
    assert_eq!(held.until, wall + secs(35), "its deadline and five seconds");
    assert_eq!(stage.aws.lease(&fleet()), None);
}

#[test]
fn who_finds_the_lease_taken_does_nothing_and_says_so() {
    let stage = Stage::quiet();
    let other = LeaseToken("another".into());
    let (wall, until) = (stage.aws.wall(), stage.aws.wall() + mins(1));
    block_on(stage.aws.acquire(&fleet(), &other, wall, until)).unwrap();
    stage.aws.clear_log();
    let entry = stage.tick();
    assert_eq!((entry.outcome, entry.reason), (OutcomeWord::InProgress, Reason::LeaseHeld));
    assert_eq!((entry.fleet, entry.function.as_str()), (fleet(), "a-function"));
    assert_eq!(stage.aws.log().len(), 1, "it asked for the lease and nothing else");
}

/// Somebody finds the lease taken while the group is described, so many times.
fn wanted(stage: &Stage, times: u32) {
    stage.aws.before(At::call(Call::Describe).times(times), |aws: &FakeAws| {
        let (wall, token) = (aws.wall(), LeaseToken("another".into()));
        block_on(aws.acquire(&fleet(), &token, wall, wall + mins(1))).unwrap();
    });
}

#[test]
fn the_holder_runs_once_more_for_who_was_turned_away() {
    for (name, times, runs) in [("nobody", 0, 1), ("once", 1, 2), ("twice", 2, 3)] {
        let stage = Stage::quiet();
        stage.tick();
        stage.aws.clear_log();
        wanted(&stage, times);
        stage.tick();
        assert_eq!(stage.count(Call::Describe), runs, "{name}");
        assert_eq!(stage.aws.lease(&fleet()), None, "{name}");
    }
    let stage = Stage::quiet();
    wanted(&stage, 9);
    stage.tick();
    assert_eq!(stage.count(Call::Describe), 3, "then the next tick goes on");
}

#[test]
fn the_second_run_looks_at_what_is_true() {
    let stage = Stage::quiet();
    wanted(&stage, 1);
    let entry = stage.wake(stage.alarm_signal(20.0)).unwrap();
    assert_eq!(entry.signal, "tick", "the event of the first run is not looked at again");
    let stage = Stage::night();
    wanted(&stage, 1);
    assert_eq!(stage.nightly().signal, "night");
}

#[test]
fn no_second_run_after_a_failure_or_near_the_deadline() {
    let runs = |left: i64, fails: bool| {
        let stage = Stage::quiet();
        stage.tick();
        stage.aws.clear_log();
        wanted(&stage, 1);
        if fails {
            stage.aws.inject(At::call(Call::Describe), Fault::Throttled);
        }
        let run = stage.aws.new_run();
        run.set_time_left(secs(left));
        assert_eq!(stage.wake_in(&run, Signal::Tick).is_err(), fails);
        assert_eq!(stage.aws.lease(&fleet()), None, "the lease is given back all the same");
        stage.count(Call::Describe)
    };
    assert_eq!(runs(60, false), 2);
    assert_eq!(runs(3, false), 2, "three seconds are enough");
    assert_eq!(runs(2, false), 1);
    assert_eq!(runs(60, true), 1);
}

#[test]
fn without_memory_raising_goes_on_and_lowering_stops() {
    for call in [Call::Acquire, Call::Load] {
        let stage = Stage::night();
        stage.aws.inject(At::call(call), Fault::Unavailable);
        let entry = stage.nightly();
        assert_eq!(entry.reason.code(), "no_control_table", "{call:?}");
        assert!(entry.notes.iter().any(|n| n.starts_with("without lease and memory")));
        let stage = Stage::morning();
        stage.aws.inject(At::call(call), Fault::Unavailable);
        let entry = stage.tick();
        assert_eq!(entry.action, ActionRecord::Raise { min: 6 }, "{call:?}");
        assert_eq!(stage.sizes(), (6, 6));
    }
}

#[test]
fn memory_that_did_not_change_is_not_written() {
    let stage = Stage::quiet();
    stage.tick();
    assert_eq!(stage.count(Call::Store), 1, "the first look");
    stage.minutes(1);
    stage.aws.clear_log();
    stage.tick();
    assert_eq!((stage.count(Call::Load), stage.count(Call::Store)), (1, 0));
    stage.aws.set_table_missing(true);
    stage.aws.clear_log();
    stage.tick();
    assert_eq!((stage.count(Call::Store), stage.count(Call::Append)), (0, 0), "nowhere to write");
}

#[test]
fn a_memory_that_cannot_be_kept_fails_the_run() {
    let stage = Stage::quiet();
    stage.aws.inject(At::call(Call::Store), Fault::Throttled);
    let error = stage.wake(Signal::Tick).unwrap_err();
    assert_eq!(error.fleet, fleet());
    assert!(error.entry.is_some(), "what was decided is told nevertheless");
    let stage = Stage::quiet();
    stage.aws.inject(At::call(Call::Append), Fault::Throttled);
    assert!(stage.wake(Signal::Tick).is_err());
}
