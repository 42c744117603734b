//! Reporting: what goes into the ledger and the memory, and what people are told.

use crate::stage::{Stage, at, fleet, mins};
use tidegate_domain::ledger::OutcomeWord;
use tidegate_domain::notice::Severity;
use tidegate_domain::signal::Signal;
use tidegate_fakes::{At, Call, Fault, Topic};

/// How many entries the ledger has.
fn ledger(stage: &Stage) -> usize {
    stage.aws.ledger_of(&fleet()).len()
}

#[test]
fn an_entry_says_what_was_seen_and_judged() {
    let stage = Stage::night();
    let entry = stage.nightly();
    let seen = entry.observed.unwrap();
    assert_eq!((seen.min, seen.desired, seen.in_service), (10, 10, 10));
    assert_eq!((seen.load, seen.need), (Some(100.0), Some(2)));
    assert_eq!(entry.memory_version, Some(2), "the intent, then what was done");
    assert_eq!(stage.aws.ledger_of(&fleet()), [entry]);
}

#[test]
fn an_entry_is_kept_for_as_long_as_the_ledger_keeps_entries() {
    let stage = Stage::night();
    let first = stage.now();
    stage.nightly();
    stage.minutes(15);
    let second = stage.now();
    stage.nightly();
    let ten_years = mins(10 * 365 * 24 * 60);
    let lives = [("the first look", first, ten_years), ("a step", second, mins(7 * 24 * 60))];
    let appended = stage.calls(Call::Append);
    assert_eq!(appended.len(), lives.len());
    for (call, (name, at, life)) in appended.iter().zip(lives) {
        assert!(call.args.ends_with(&format!("expires={}", at + life)), "{name}: {}", call.args);
    }
    let mut rehearsed = Stage::night();
    rehearsed.dry_run = true;
    let until = rehearsed.now() + mins(24 * 60);
    rehearsed.nightly();
    let call = rehearsed.calls(Call::Append).remove(0);
    assert!(call.args.ends_with(&format!("expires={until}")), "{}", call.args);
}

#[test]
fn a_hold_is_news_when_its_reason_changes() {
    let stage = Stage::quiet();
    stage.tick();
    assert_eq!(ledger(&stage), 1);
    stage.minutes(1);
    stage.tick();
    assert_eq!(ledger(&stage), 1, "the same again");
    stage.aws.set_tag(&fleet(), "tidegate:hold", "all");
    stage.aws.outside_set_desired(&fleet(), 8).unwrap();
    stage.minutes(1);
    assert_eq!(stage.tick().reason.code(), "operator_hold");
    assert_eq!(ledger(&stage), 2);
}

#[test]
fn an_action_is_always_news() {
    let stage = Stage::night();
    stage.nightly();
    // A tick sees what left, so that its bake is over a quarter of an hour later.
    stage.minutes(1);
    stage.tick();
    let before = ledger(&stage);
    stage.minutes(15);
    let again = stage.nightly();
    assert_eq!((again.outcome, again.reason.code().as_str()), (OutcomeWord::Applied, "night_step"));
    assert_eq!(ledger(&stage), before + 1);
}

#[test]
fn a_look_a_moment_ago_is_no_news() {
    let stage = Stage::day();
    stage.aws.set_refresh(&fleet(), Some("InProgress"));
    assert_eq!(stage.tick().reason.code(), "refresh_running");
    stage.minutes(1);
    assert_eq!(stage.tick().reason.code(), "looked_recently");
    assert_eq!(ledger(&stage), 1);
}

#[test]
fn a_rehearsed_hold_is_not_kept() {
    let mut stage = Stage::quiet();
    stage.dry_run = true;
    stage.tick();
    assert_eq!((ledger(&stage), stage.count(Call::Store)), (0, 0));
    let mut stage = Stage::night();
    stage.dry_run = true;
    stage.nightly();
    assert_eq!((ledger(&stage), stage.count(Call::Store)), (1, 0));
}

/// By night `Launch` is suspended while a tag asks for more: people are told.
fn troubled(now: &str) -> Stage {
    let stage = Stage::at(now, 6, 6);
    stage.aws.suspend(&fleet(), "Launch");
    stage.aws.set_tag(&fleet(), "tidegate:floor", "9");
    stage
}

#[test]
fn what_was_told_is_marked_and_what_failed_is_told_later() {
    let stage = troubled("2026-11-20T13:07:00+09:00");
    stage.aws.set_topic(Severity::Critical, Topic::Denied);
    let error = stage.wake(Signal::Tick).unwrap_err();
    assert!(error.entry.is_some());
    assert!(stage.told().is_empty() && stage.memory().notices.is_empty());
    stage.aws.set_topic(Severity::Critical, Topic::Open);
    stage.minutes(1);
    stage.tick();
    assert_eq!(stage.told(), ["launch-suspended"]);
    assert!(stage.memory().notices.contains_key("launch-suspended"));
    stage.minutes(1);
    stage.tick();
    assert_eq!(stage.told().len(), 1, "once an hour");
}

#[test]
fn without_memory_people_are_told_every_quarter_of_an_hour() {
    let told = |now: &str| {
        let stage = troubled(now);
        stage.aws.set_table_missing(true);
        stage.tick();
        stage.told().len()
    };
    for (now, want) in [
        ("2026-11-20T13:00:00+09:00", 1),
        ("2026-11-20T13:00:59+09:00", 1),
        ("2026-11-20T13:01:00+09:00", 0),
        ("2026-11-20T13:05:00+09:00", 0),
        ("2026-11-20T13:14:59+09:00", 0),
        ("2026-11-20T13:15:00+09:00", 1),
    ] {
        assert_eq!(told(now), want, "{now}");
    }
}

#[test]
fn a_group_that_cannot_be_described_is_told_once_after_four_minutes() {
    let stage = Stage::quiet();
    stage.tick();
    stage.aws.inject(At::call(Call::Describe), Fault::Unavailable);
    let mut told = Vec::new();
    for _ in 0..7 {
        let error = stage.wake(Signal::Tick).unwrap_err();
        assert_eq!((error.fleet, error.entry), (fleet(), None));
        told.push(stage.told().len());
        stage.minutes(1);
    }
    assert_eq!(told, [0, 0, 0, 0, 1, 1, 1]);
    let since = stage.memory().since.get("describe").copied();
    assert_eq!(since, Some(at("2026-11-20T13:00:00+09:00")));
    stage.aws.heal();
    stage.tick();
    assert!(stage.memory().since.is_empty() && !stage.memory().notices.contains_key("describe"));
}

#[test]
fn a_dry_run_neither_tells_nor_remembers_an_outage() {
    let mut stage = Stage::quiet();
    stage.tick();
    let before = stage.memory();
    stage.dry_run = true;
    stage.aws.inject(At::call(Call::Describe), Fault::Unavailable);
    assert!(stage.wake(Signal::Tick).is_err());
    assert_eq!(stage.memory(), before);
    // Nor when it has lasted for long enough.
    let mut long = before;
    long.since.insert("describe".into(), stage.now() - mins(10));
    stage.remember(&long);
    assert!(stage.wake(Signal::Tick).is_err());
    assert!(stage.told().is_empty());
}

#[test]
fn a_missing_group_is_told_once_an_hour_and_noted_once() {
    let stage = Stage::quiet();
    let other = tidegate_domain::ids::FleetName::new("ghost").unwrap();
    let mut counts = Vec::new();
    for _ in 0..3 {
        let run = stage.run(&other, Signal::Tick);
        let entry =
            tidegate_fakes::block_on(tidegate_domain::cycle::cycle(&stage.aws.new_run(), &run));
        assert_eq!(entry.unwrap().reason.code(), "group_missing");
        counts.push((stage.told().len(), stage.aws.ledger_of(&other).len()));
        stage.minutes(30);
    }
    assert_eq!(counts, [(1, 1), (1, 1), (2, 1)]);
}
