//! Looking: what is read when, and what the past weeks say.

use crate::stage::{Stage, at, fleet, load, mins};
use tidegate_domain::group::Backstop;
use tidegate_domain::ledger::{ActionRecord, OutcomeWord};
use tidegate_domain::metrics::Window;
use tidegate_domain::reason::Reason;
use tidegate_domain::signal::Signal;
use tidegate_fakes::{At, Call, Fault};

#[test]
fn a_quiet_tick_reads_little() {
    let stage = Stage::quiet();
    stage.tick();
    stage.minutes(1);
    stage.aws.clear_log();
    stage.tick();
    let reads = (stage.count(Call::Alarms), stage.count(Call::Read), stage.count(Call::Evidence));
    assert_eq!(reads, (1, 2, 0), "alarms, the spike alarm's metric, and the load for sizing");
}

#[test]
fn the_night_compares_with_the_hour_around_the_same_time_of_past_weeks() {
    let need = |minutes: i64, weeks: i64| {
        let stage = Stage::night();
        let then = stage.now() - mins(weeks * 7 * 24 * 60);
        stage.aws.put_point(&load(), then + mins(minutes), 900.0);
        stage.nightly().observed.unwrap().need
    };
    for (minutes, weeks, want) in [
        (-31, 1, Some(2)),
        (-30, 1, Some(12)),
        (0, 1, Some(12)),
        (29, 1, Some(12)),
        (30, 1, Some(2)),
        (0, 2, Some(12)),
    ] {
        assert_eq!(need(minutes, weeks), want, "{minutes} minutes, {weeks} weeks ago");
    }
}

#[test]
fn the_day_is_forecast_from_its_first_hour_in_past_weeks() {
    let stage = Stage::at("2026-11-23T07:40:00+09:00", 2, 2);
    let hour = at("2026-11-16T08:00:00+09:00");
    stage.aws.put_level(&load(), Window { from: hour, until: hour + mins(60) }, 640.0);
    stage.wake(Signal::Day).unwrap();
    let forecast = stage.memory().forecast.unwrap();
    assert_eq!((forecast.day, forecast.need), (at("2026-11-23T08:00:00+09:00"), 9));
}

#[test]
fn a_tick_reads_no_past_weeks() {
    let stage = Stage::day();
    stage.aws.put_level(
        &load(),
        Window { from: stage.now() - mins(8 * 24 * 60), until: stage.now() - mins(6 * 24 * 60) },
        900.0,
    );
    assert_eq!(stage.tick().observed.unwrap().need, Some(2));
}

#[test]
fn what_cannot_be_read_holds() {
    for (call, code) in
        [(Call::Alarms, "alarms_unavailable"), (Call::Evidence, "evidence_unavailable")]
    {
        let stage = Stage::night();
        stage.aws.inject(At::call(call), Fault::Throttled);
        assert_eq!(stage.nightly().reason.code(), code);
    }
    let stage = Stage::night();
    stage.aws.inject(At::call(Call::Read).mentioning("RequestCount"), Fault::Throttled);
    assert_eq!(stage.nightly().reason.code(), "metrics_unavailable");
    assert_eq!(stage.sizes(), (10, 10));
}

fn wanted() -> Backstop {
    Backstop {
        min: 6,
        recurrence: "0 8 * * MON,TUE,WED,THU,FRI".into(),
        time_zone: "Asia/Seoul".into(),
    }
}

#[test]
fn the_backstop_is_written_once_and_looked_at() {
    let stage = Stage::night();
    assert_eq!(stage.nightly().outcome, OutcomeWord::Applied);
    assert_eq!(stage.aws.backstop(&fleet()), Some(wanted()));
    stage.minutes(1);
    stage.tick();
    stage.minutes(15);
    stage.aws.clear_log();
    assert_eq!(stage.nightly().outcome, OutcomeWord::Applied);
    assert_eq!(stage.count(Call::PutBackstop), 0, "it stands");
}

#[test]
fn a_backstop_that_does_not_stand_lowers_nothing() {
    let stage = Stage::night();
    stage.aws.inject(At::call(Call::PutBackstop), Fault::Denied);
    assert_eq!(stage.nightly().reason.code(), "backstop_failed");
    assert_eq!((stage.count(Call::PutBackstop), stage.sizes()), (1, (10, 10)));
    let stage = Stage::night();
    stage.aws.after(At::call(Call::PutBackstop), |aws| {
        aws.delete_schedule(&fleet(), Backstop::NAME);
    });
    let why = "it was written and does not show".to_owned();
    assert_eq!(stage.nightly().reason, Reason::BackstopFailed { why });
    assert_eq!((stage.count(Call::PutBackstop), stage.sizes()), (1, (10, 10)));
    assert_eq!(stage.told(), ["backstop"]);
}

#[test]
fn a_lost_answer_of_the_backstop_is_no_harm_when_it_shows() {
    let stage = Stage::night();
    stage.aws.inject(At::call(Call::PutBackstop).nth(1), Fault::LostAnswer);
    assert_eq!(stage.nightly().outcome, OutcomeWord::Applied);
}

#[test]
fn a_dry_run_supposes_the_backstop_and_writes_nothing() {
    let mut stage = Stage::night();
    stage.dry_run = true;
    let entry = stage.nightly();
    assert_eq!(entry.outcome, OutcomeWord::DryRun);
    assert_eq!(entry.action, ActionRecord::Lower { min: 8, desired: Some(8) });
    assert!(stage.writes().is_empty());
    assert_eq!(stage.aws.memory(&fleet()), None);
}
