//! Stories: whole nights, mornings and spikes, told event by event with a fake clock.

use tidegate_domain::group::{Backstop, ScalingPolicy};
use tidegate_domain::metrics::AlarmState;
use tidegate_domain::reason::Reason;
use tidegate_fakes::{Call, GroupSpec};
use tidegate_tests::stage::{Stage, alarm, document, web};

/// A Friday evening in Seoul, half an hour before the night.
const EVENING: &str = "2026-11-20T21:30:00+09:00";

/// Ten in service at night, a load that needs two.
fn evening(min: u32, desired: u32) -> Stage {
    let stage = Stage::usual(EVENING, min, desired);
    stage.until("2026-11-20T22:00:00+09:00");
    stage
}

#[test]
fn the_night_goes_down_in_gated_steps_to_the_need() {
    let stage = evening(10, 10);
    let mut sizes = vec![];
    let mut times = vec![];
    stage.schedules(150, |stage, entry| {
        if matches!(entry.reason, Reason::NightStep { .. }) {
            sizes.push(stage.min_desired());
            times.push(stage.now());
        }
    });
    // 20 % of ten is two, then one at a time; 100 a minute x 1.3 needs two.
    let expected = [8, 7, 6, 5, 4, 3, 2].map(|n| (n, n));
    assert_eq!(sizes, expected);
    let gaps: Vec<i64> = times.windows(2).map(|w| w[1].duration_since(w[0]).as_mins()).collect();
    assert!(gaps.iter().all(|gap| (10..=15).contains(gap)), "{gaps:?}");
    assert!(matches!(stage.night().reason, Reason::AtFloor { floor: 2 }));
}

#[test]
fn the_backstop_stands_before_anything_is_lowered() {
    let stage = evening(10, 10);
    stage.night();
    let writes = stage.aws.group_writes(&web());
    let calls: Vec<Call> = writes.iter().map(|l| l.call).collect();
    assert_eq!(calls, [Call::PutBackstop, Call::SetMin, Call::SetDesired]);
    let expected = Backstop {
        min: 6,
        recurrence: "0 8 * * MON,TUE,WED,THU,FRI".into(),
        time_zone: "Asia/Seoul".into(),
    };
    assert_eq!(stage.aws.backstop(&web()), Some(expected));
}

#[test]
fn a_night_holds_for_its_load() {
    let stage = evening(10, 10);
    stage.load(Some(770.0));
    stage.minutes(30);
    let entry = stage.night();
    assert_eq!(entry.reason, Reason::LoadNeedsCapacity { need: 11, have: 10 });
    assert_eq!(stage.min_desired(), (10, 10));
}

#[test]
fn every_function_dead_the_native_backstop_restores_the_day() {
    let stage = evening(10, 10);
    // Down to two in the night to a Monday, then everything of ours is gone.
    stage.until("2026-11-22T23:00:00+09:00");
    stage.schedules(180, |_, _| {});
    assert_eq!(stage.min_desired(), (2, 2));
    stage.aws.set_table_missing(true);
    stage.until("2026-11-23T07:59:00+09:00");
    assert_eq!(stage.min_desired(), (2, 2));
    stage.until("2026-11-23T08:00:00+09:00");
    assert_eq!(stage.min_desired(), (6, 6));
}

#[test]
fn the_day_is_back_before_its_deadline() {
    let stage = Stage::usual("2026-11-23T06:30:00+09:00", 2, 2);
    let deadline = "2026-11-23T08:00:00+09:00".parse().unwrap();
    let mut raised = None;
    while stage.now() < deadline {
        let entry = stage.day();
        if let Reason::ScheduleFloor { floor, .. } = entry.reason {
            assert_eq!(floor, 6);
            raised.get_or_insert(stage.now());
        }
        stage.minutes(5);
    }
    // boot_secs x 2 is four minutes: the wake-up at 07:55 is too early, the tick at 07:56 raises.
    assert_eq!(raised, None);
    let stage = Stage::usual("2026-11-23T07:50:00+09:00", 2, 2);
    while stage.now() < deadline {
        stage.tick();
        stage.minutes(1);
    }
    assert_eq!(stage.aws.group(&web()).unwrap().serving(), 6);
    assert!(matches!(stage.day().reason, Reason::DayReady { serving: 6, floor: 6 }));
    assert!(stage.told().is_empty());
}

#[test]
fn a_deadline_that_will_be_missed_is_told_before_it_and_not_raised_twice() {
    let stage = Stage::usual("2026-11-23T07:50:00+09:00", 2, 2);
    for zone in ["a", "b", "c"] {
        let zone = format!("ap-northeast-2{zone}");
        stage.aws.fail_launches(&web(), &zone, "InsufficientInstanceCapacity", None);
    }
    let deadline = "2026-11-23T08:00:00+09:00".parse().unwrap();
    let mut told_at = None;
    while stage.now() < deadline {
        stage.tick();
        if told_at.is_none() && !stage.told().is_empty() {
            told_at = Some(stage.now());
        }
        stage.minutes(1);
    }
    assert!(told_at.is_some_and(|at| at < deadline), "{:?}", stage.told());
    let sent = stage.aws.published();
    assert_eq!(sent.len(), 1, "{:?}", stage.told());
    assert!(
        sent[0].notice.body.contains("InsufficientInstanceCapacity"),
        "{}",
        sent[0].notice.body
    );
    assert_eq!(stage.min_desired(), (6, 6));
    assert_eq!(stage.writes(), 1, "asked for once");
}

#[test]
fn a_spike_goes_on_by_ticks_though_its_alarm_fires_once() {
    let stage = Stage::usual("2026-11-20T13:00:00+09:00", 6, 10);
    stage.cpu(Some(60.0));
    stage.minutes(2);
    let entry = stage.alarm(AlarmState::Alarm, 60.0);
    assert!(matches!(entry.reason, Reason::SpikeStep { base: 10, floor: 11, .. }), "{entry:?}");
    assert_eq!(stage.min_desired(), (11, 11));

    stage.cpu(Some(62.0));
    stage.minutes(1);
    let entry = stage.tick();
    assert!(matches!(entry.reason, Reason::SpikeWarming { floor: 11, .. }), "{entry:?}");

    stage.cpu(Some(70.0));
    stage.minutes(1);
    let entry = stage.tick();
    assert!(matches!(entry.reason, Reason::SpikeStep { base: 10, floor: 13, .. }), "{entry:?}");
    assert_eq!(stage.min_desired(), (13, 13));

    // Warm after boot and warm-up: the next band counts from thirteen.
    for _ in 0..6 {
        stage.minutes(1);
        stage.tick();
    }
    assert_eq!(stage.min_desired(), (16, 16));
}

#[test]
fn a_spike_settles_only_after_quiet_and_through_the_gate() {
    let stage = Stage::usual("2026-11-20T13:00:00+09:00", 6, 10);
    stage.cpu(Some(70.0));
    stage.minutes(2);
    stage.alarm(AlarmState::Alarm, 70.0);
    assert_eq!(stage.min_desired(), (13, 13));
    stage.cpu(Some(20.0));
    stage.minutes(2);
    stage.alarm(AlarmState::Ok, 20.0);
    let quiet_since = stage.now();
    let mut steps = vec![];
    for _ in 0..90 {
        let entry = stage.tick();
        if let Reason::SettleStep { from, to, .. } = entry.reason {
            steps.push((stage.now().duration_since(quiet_since).as_mins(), from, to));
        }
        stage.minutes(1);
    }
    assert!(steps.first().is_some_and(|(at, _, _)| *at >= 8), "{steps:?}");
    let sizes: Vec<(u32, u32)> = steps.iter().map(|(_, from, to)| (*from, *to)).collect();
    assert_eq!(sizes, [(13, 11), (11, 9), (9, 8), (8, 7), (7, 6)]);
    let gaps: Vec<i64> = steps.windows(2).map(|w| w[1].0 - w[0].0).collect();
    assert!(gaps.iter().all(|gap| *gap >= 10), "{steps:?}");
    assert_eq!(stage.min_desired(), (6, 6));
}

#[test]
fn growth_limits_bind_step_tables() {
    let text = document(&["web"]).replace("add = 30", "add = 1000");
    let mut stage = Stage::new("2026-11-20T13:00:00+09:00", &text);
    stage.add_fleet("web", GroupSpec::sized(6, 6, 100));
    stage.cpu(Some(90.0));
    stage.minutes(2);
    let entry = stage.alarm(AlarmState::Alarm, 90.0);
    assert_eq!(stage.min_desired(), (18, 18), "at most +200 % in ten minutes: {entry:?}");
    let entry = stage.tick();
    assert!(matches!(entry.reason, Reason::GrowthLimited { limit: 18, .. }), "{entry:?}");
    for _ in 0..15 {
        stage.minutes(1);
        stage.tick();
    }
    assert_eq!(stage.min_desired(), (30, 30), "at most +400 % in an hour");
}

#[test]
fn the_ceiling_is_the_smaller_of_max_size_and_budget_and_is_told() {
    let text = document(&["web"]).replace("budget_max = 40", "budget_max = 7");
    let text = text.replace("add = 30", "add = 100");
    let mut stage = Stage::new("2026-11-20T13:00:00+09:00", &text);
    stage.add_fleet("web", GroupSpec::sized(6, 6, 100));
    stage.cpu(Some(90.0));
    stage.minutes(2);
    stage.alarm(AlarmState::Alarm, 90.0);
    assert_eq!(stage.min_desired(), (7, 7));
    stage.minutes(1);
    let entry = stage.tick();
    assert!(matches!(entry.reason, Reason::AtCeiling { ceiling: 7 }), "{entry:?}");
    assert_eq!(stage.told(), ["ceiling"]);
}

#[test]
fn duplicates_late_and_reordered_events_change_nothing_twice() {
    let stage = Stage::usual("2026-11-20T13:00:00+09:00", 6, 10);
    stage.cpu(Some(60.0));
    stage.minutes(2);
    let event = stage.alarm_event(AlarmState::Alarm, 60.0);
    stage.alarm(AlarmState::Alarm, 60.0);
    for _ in 0..3 {
        stage.decision("spike-step-scaler", &event);
    }
    assert_eq!((stage.min_desired(), stage.writes()), ((11, 11), 1));

    // Long over: a late copy of the event raises nothing.
    stage.cpu(Some(20.0));
    stage.minutes(2);
    stage.alarm(AlarmState::Ok, 20.0);
    let entry = stage.decision("spike-step-scaler", &event);
    assert!(entry.notes.iter().any(|n| n.contains("out of order")), "{entry:?}");
    assert_eq!((stage.min_desired(), stage.writes()), ((11, 11), 1));
}

#[test]
fn a_lost_alarm_event_is_healed_by_the_tick() {
    let stage = Stage::usual("2026-11-20T13:00:00+09:00", 6, 10);
    stage.cpu(Some(75.0));
    stage.minutes(2);
    stage.aws.set_alarm(&alarm("web", "cpu-high"), AlarmState::Alarm);
    stage.tick();
    assert_eq!(stage.min_desired(), (13, 13));
}

#[test]
fn in_floor_mode_only_min_size_moves() {
    let stage = evening(10, 10);
    let trims = ScalingPolicy { name: "tracking".into(), can_scale_in: true };
    stage.aws.attach_policy(&web(), trims);
    for _ in 0..10 {
        stage.night();
        stage.minutes(11);
    }
    assert_eq!(stage.min_desired(), (2, 10));
    let lowered = stage.aws.group_writes(&web());
    assert!(lowered.iter().all(|l| l.call != Call::SetDesired));
}

#[test]
fn a_step_is_undone_when_latency_rises_after_it_and_the_night_is_over() {
    let stage = evening(10, 10);
    stage.night();
    assert_eq!(stage.min_desired(), (8, 8));
    stage.minutes(3);
    stage.aws.set_alarm(&alarm("web", "latency"), AlarmState::Alarm);
    let entry = stage.tick();
    assert!(matches!(entry.reason, Reason::StepUndone { floor: 10, .. }), "{entry:?}");
    assert_eq!(stage.min_desired(), (10, 10));
    stage.aws.set_alarm(&alarm("web", "latency"), AlarmState::Ok);
    stage.minutes(60);
    let entry = stage.night();
    assert!(matches!(entry.reason, Reason::UndoneBefore { .. }), "{entry:?}");
    assert_eq!(stage.told(), ["undo"]);
}

#[test]
fn an_operator_is_heard() {
    let stage = evening(10, 10);
    stage.aws.set_tag(&web(), "tidegate:hold", "no-scale-in");
    assert!(matches!(stage.night().reason, Reason::OperatorHold { .. }));
    stage.aws.set_tag(&web(), "tidegate:hold", "whatever");
    assert!(matches!(stage.night().reason, Reason::OperatorHold { .. }));
    assert_eq!(stage.told(), ["tag-tidegate:hold"]);
    stage.aws.set_tag(&web(), "tidegate:hold", "none");
    stage.aws.set_tag(&web(), "tidegate:floor", "12");
    assert!(matches!(stage.night().reason, Reason::OperatorFloor { floor: 12 }));
    assert_eq!(stage.min_desired(), (12, 12));
    stage.aws.set_tag(&web(), "tidegate:until", "2026-11-20T22:00:00+09:00");
    assert!(matches!(stage.night().reason, Reason::StillArriving { in_service: 10, desired: 12 }));
    stage.minutes(5);
    assert!(matches!(stage.night().reason, Reason::NightStep { from: 12, to: 10, .. }));
}

#[test]
fn a_min_size_that_someone_set_is_their_bid() {
    let stage = evening(10, 10);
    stage.night();
    stage.aws.outside_set_min(&web(), 9).unwrap();
    stage.minutes(30);
    let entry = stage.night();
    assert!(matches!(entry.reason, Reason::AtFloor { floor: 9 }), "{entry:?}");
    assert_eq!(stage.min_desired(), (9, 9));
    assert_eq!(stage.told(), ["operator-min-9"]);
    stage.aws.outside_set_min(&web(), 5).unwrap();
    stage.minutes(30);
    let entry = stage.night();
    assert!(matches!(entry.reason, Reason::NightStep { from: 9, to: 8, .. }), "{entry:?}");
}

#[test]
fn weighted_groups_count_units_and_foreign_units_are_refused() {
    let mut stage = Stage::new(EVENING, &document(&["web"]));
    stage.add_fleet("web", GroupSpec::sized(10, 10, 60).weight(2));
    stage.until("2026-11-20T22:00:00+09:00");
    let entry = stage.night();
    assert_eq!(entry.observed.unwrap().in_service, 10);
    assert_eq!(stage.min_desired(), (8, 8));

    let mut stage = Stage::new(EVENING, &document(&["web"]));
    stage.add_fleet("web", GroupSpec::sized(10, 10, 60).foreign_unit("vcpu"));
    stage.until("2026-11-20T22:00:00+09:00");
    assert!(matches!(stage.night().reason, Reason::UnsupportedUnit { .. }));
    assert_eq!(stage.writes(), 0);
}

#[test]
fn two_fleets_and_one_broken() {
    let alone = |broken: bool| {
        let mut stage = Stage::new(EVENING, &document(&["api", "web"]));
        stage.add_fleet("web", GroupSpec::sized(10, 10, 60));
        stage.add_fleet("api", GroupSpec::sized(10, 10, 60));
        if broken {
            stage.aws.inject(
                tidegate_fakes::At::any()
                    .fleet(&tidegate_domain::ids::FleetName::new("api").unwrap()),
                tidegate_fakes::Fault::Unavailable,
            );
        }
        stage.until("2026-11-20T22:00:00+09:00");
        let mut told = vec![];
        for _ in 0..6 {
            let _ = stage.serve("nightly-scale-down", &stage.night_event());
            stage.minutes(11);
            told.push(stage.min_desired());
        }
        let ledger = stage.aws.ledger_of(&web());
        let reasons: Vec<Reason> = ledger.into_iter().map(|e| e.reason).collect();
        (told, reasons)
    };
    assert_eq!(alone(true), alone(false));
}

#[test]
fn a_quiet_day_writes_next_to_nothing() {
    let stage = Stage::usual("2026-11-20T12:00:00+09:00", 6, 6);
    stage.schedules(120, |_, _| {});
    assert!(stage.aws.ledger_of(&web()).len() <= 4, "{:?}", stage.aws.ledger_of(&web()));
    let stores = stage.aws.calls(|l| l.call == Call::Store);
    assert!(stores.len() <= 5, "{}", stores.len());
    let kept = stage.aws.calls(|l| l.call == Call::PutSizing);
    assert!((8..=9).contains(&kept.len()), "every quarter of two hours: {}", kept.len());
    // A quiet tick reads the group, the alarms, their metric and, for sizing, the load.
    stage.aws.clear_log();
    stage.tick();
    let calls: Vec<Call> = stage.aws.log().iter().map(|l| l.call).collect();
    assert_eq!(
        calls,
        [
            Call::Policies,
            Call::Acquire,
            Call::Load,
            Call::Describe,
            Call::Alarms,
            Call::Read,
            Call::Sizing,
            Call::Read,
            Call::Release
        ]
    );
}
