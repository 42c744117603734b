//! After a call to Auto Scaling failed: who rests, for how long, and what is told.

use crate::stage::{Stage, fleet, mins, secs};
use tidegate_domain::ids::AlarmName;
use tidegate_domain::ledger::OutcomeWord;
use tidegate_domain::metrics::{AlarmState, Window};
use tidegate_domain::notice::Severity;
use tidegate_domain::reason::Reason;
use tidegate_domain::signal::Signal;
use tidegate_fakes::{At, Call, Fault, Logged};

/// Calls to Auto Scaling so far.
fn calls(stage: &Stage) -> usize {
    stage.aws.calls(|l| l.call.is_groups()).len()
}

/// The tick found that the group cannot be described, this many seconds after the minute.
fn down_at(second: i64) -> Stage {
    let stage = Stage::quiet();
    stage.tick();
    stage.aws.advance(secs(60 + second));
    stage.aws.inject(At::call(Call::Describe), Fault::Unavailable);
    assert!(stage.wake(Signal::Tick).is_err());
    stage.aws.clear_log();
    stage
}

#[test]
fn whoever_comes_within_the_pause_rests_and_succeeds() {
    let stage = down_at(20);
    let since = stage.now();
    stage.aws.advance(secs(54));
    let ledger = stage.aws.ledger_of(&fleet()).len();
    let entry = stage.tick();
    let reason = Reason::ControlPlaneDown { since, again: since + secs(55) };
    assert_eq!((entry.reason, entry.outcome), (reason, OutcomeWord::Held));
    assert_eq!(entry.memory_version, Some(2));
    stage.tick();
    assert_eq!(stage.aws.ledger_of(&fleet()).len(), ledger + 1, "news once for each signal");
    assert_eq!(stage.nightly().reason.code(), "control_plane_down");
    assert_eq!(stage.wake(Signal::Day).unwrap().reason.code(), "control_plane_down");
    assert_eq!(stage.wake(stage.alarm_signal(75.0)).unwrap().reason.code(), "control_plane_down");
    assert_eq!(stage.aws.ledger_of(&fleet()).len(), ledger + 4);
    let quiet = |l: &Logged| !l.call.is_control();
    assert_eq!(stage.aws.calls(quiet).len(), 0, "neither Auto Scaling nor CloudWatch is asked");
    stage.aws.advance(secs(1));
    assert!(stage.wake(Signal::Tick).is_err());
    assert_eq!(calls(&stage), 1);
}

#[test]
fn in_one_minute_of_the_clock_a_group_is_asked_for_once() {
    let stage = down_at(2);
    stage.aws.advance(secs(57));
    assert_eq!(stage.tick().reason.code(), "control_plane_down");
    stage.aws.advance(secs(1));
    assert!(stage.wake(Signal::Tick).is_err());
    assert_eq!(calls(&stage), 1);
}

#[test]
fn a_rehearsal_rests_and_leaves_no_trace() {
    let mut stage = down_at(20);
    let before = stage.memory();
    stage.dry_run = true;
    assert_eq!(stage.tick().reason.code(), "control_plane_down");
    assert_eq!((stage.memory(), calls(&stage)), (before, 0));
}

#[test]
fn a_try_by_a_clock_that_runs_ahead_is_not_waited_for() {
    let stage = down_at(20);
    let mut memory = stage.memory();
    for (ahead, rests) in [(3, true), (200, false)] {
        memory.since.insert("last-try".into(), stage.now() + secs(ahead));
        stage.remember(&memory);
        assert_eq!(stage.wake(Signal::Tick).is_ok(), rests, "{ahead} s ahead");
    }
}

#[test]
fn the_first_answer_ends_it() {
    let stage = down_at(20);
    stage.aws.heal();
    stage.minutes(1);
    assert_eq!(stage.tick().reason.code(), "at_floor");
    assert!(stage.memory().since.is_empty());
    assert_eq!(stage.tick().reason.code(), "at_floor");
}

#[test]
fn one_failure_delays_a_spikes_raise_by_one_tick() {
    let stage = Stage::quiet();
    stage.tick();
    stage.aws.advance(secs(20));
    let cpu = "AWS/EC2 CPUUtilization Average".parse().unwrap();
    let high = Window { from: stage.now() - mins(5), until: stage.now() + mins(5) };
    stage.aws.put_level(&cpu, high, 75.0);
    stage.aws.set_alarm(&AlarmName::new("web-cpu").unwrap(), AlarmState::Alarm);
    stage.aws.inject(At::call(Call::Describe).nth(1), Fault::Throttled);
    assert!(stage.wake(Signal::Tick).is_err());
    stage.aws.advance(secs(10));
    let entry = stage.wake(stage.alarm_signal(75.0)).unwrap();
    assert_eq!(entry.reason.code(), "control_plane_down");
    // The next tick comes some seconds early.
    stage.aws.advance(secs(46));
    assert_eq!(stage.tick().reason.code(), "spike_step");
}

/// Six are due in two minutes, and no write to the group succeeds.
fn stuck() -> Stage {
    let stage = Stage::morning();
    stage.aws.inject(At::call(Call::SetMin), Fault::Unavailable);
    assert!(stage.wake(Signal::Tick).is_err());
    stage
}

#[test]
fn after_a_write_failed_runs_rest_too() {
    let stage = stuck();
    let intent = stage.memory().intent;
    assert!(intent.is_some());
    stage.aws.clear_log();
    stage.aws.advance(secs(30));
    assert_eq!(stage.wake(Signal::Day).unwrap().reason.code(), "control_plane_down");
    assert_eq!((calls(&stage), stage.memory().intent), (0, intent));
    stage.aws.heal();
    stage.aws.advance(secs(30));
    assert_eq!(stage.tick().reason.code(), "schedule_floor");
    assert_eq!(stage.sizes(), (6, 6));
    assert!(!stage.memory().since.contains_key("group-writes"));
}

#[test]
fn writes_that_fail_for_four_minutes_are_told_once_an_hour() {
    let stage = stuck();
    let mut told = Vec::new();
    for _ in 0..6 {
        stage.minutes(1);
        assert!(stage.wake(Signal::Tick).is_err());
        let keys = stage.told();
        told.push(keys.iter().filter(|key| *key == "group-writes").count());
    }
    assert_eq!(told, [0, 0, 0, 1, 1, 1]);
    let sent = stage.aws.published();
    let notice = &sent.iter().find(|s| s.notice.key == "group-writes").unwrap().notice;
    assert_eq!(notice.severity, Severity::Critical);
    assert!(notice.body.contains("capacity cannot be raised since"), "{}", notice.body);
    // Told again after an hour.
    for _ in 0..57 {
        stage.minutes(1);
        assert!(stage.wake(Signal::Tick).is_err());
    }
    let count = |keys: Vec<String>| keys.iter().filter(|key| *key == "group-writes").count();
    assert_eq!(count(stage.told()), 1);
    stage.minutes(1);
    assert!(stage.wake(Signal::Tick).is_err());
    assert_eq!(count(stage.told()), 2);
}

/// A lowering that fails comes and goes with the looks at the load.
#[test]
fn a_run_that_owes_no_write_ends_the_count_and_not_what_was_told() {
    let stage = stuck();
    for _ in 0..4 {
        stage.minutes(1);
        assert!(stage.wake(Signal::Tick).is_err());
    }
    assert!(stage.memory().notices.contains_key("group-writes"));
    stage.aws.set_tag(&fleet(), "tidegate:hold", "all");
    stage.minutes(1);
    assert_eq!(stage.tick().reason.code(), "operator_hold");
    assert!(!stage.memory().since.contains_key("group-writes"));
    assert!(stage.memory().notices.contains_key("group-writes"));
}

#[test]
fn a_lowering_that_cannot_be_written_is_a_warning() {
    let stage = Stage::day();
    stage.aws.inject(At::call(Call::SetDesired), Fault::Throttled);
    for _ in 0..6 {
        let _ = stage.wake(Signal::Tick);
        stage.minutes(1);
    }
    let sent = stage.aws.published();
    let notice = &sent.iter().find(|s| s.notice.key == "group-writes").unwrap().notice;
    assert_eq!(notice.severity, Severity::Warning);
}

#[test]
fn without_memory_the_ticks_tell_every_quarter_of_an_hour() {
    let stage = Stage::quiet();
    stage.aws.set_table_missing(true);
    stage.aws.inject(At::call(Call::Describe), Fault::Unavailable);
    for _ in 0..31 {
        for signal in [Signal::Tick, Signal::Day, stage.night_signal()] {
            assert!(stage.wake(signal).is_err());
        }
        stage.minutes(1);
    }
    assert_eq!(stage.told(), ["describe"; 3], "by the ticks alone");
    assert_eq!(calls(&stage), 93, "no run knows of another");
}
