//! What happens when something goes wrong: a test for each row of the design's
//! failures that these functions meet. Raising fails open, lowering fails closed.

#![expect(clippy::unwrap_used, reason = "what cannot be read fails the test")]

use jiff::SignedDuration;
use serde_json::{Value, json};
use tidegate_domain::group::{ActivityResult, ScalingPolicy};
use tidegate_domain::ids::FleetName;
use tidegate_domain::ledger::{ActionRecord, OutcomeWord};
use tidegate_domain::metrics::{AlarmState, Comparison, MetricQuery, Window};
use tidegate_domain::notice::Severity;
use tidegate_domain::ports::{Control, StoredPolicy};
use tidegate_domain::reason::Reason;
use tidegate_fakes::{AlarmSpec, At, Call, FakeAws, Fault, GroupSpec, Topic, block_on};
use tidegate_tests::stage::{
    ACCOUNT, Stage, alarm, cpu_spec, decision_of, document, healthy_spec, load_spec, web,
};

const NIGHT: &str = "2026-11-20T22:30:00+09:00";
const NOON: &str = "2026-11-20T12:30:00+09:00";

/// Ten in service in the night, a load that needs two: the next nightly event would lower.
fn night() -> Stage {
    let stage = Stage::usual("2026-11-20T22:00:00+09:00", 10, 10);
    stage.until(NIGHT);
    stage
}

/// Six in service by day, CPU far above the alarm's threshold: the next look raises to seven.
fn spike() -> Stage {
    let stage = Stage::usual("2026-11-20T12:00:00+09:00", 6, 6);
    stage.cpu(Some(75.0));
    stage.until(NOON);
    stage.aws.set_alarm(&alarm("web", "cpu-high"), AlarmState::Alarm);
    stage
}

/// The nightly event holds for the reason with this code and writes nothing.
#[track_caller]
fn holds(stage: &Stage, code: &str) {
    let before = stage.sizes();
    let entry = stage.night();
    assert_eq!(entry.reason.code(), code, "{entry:?}");
    assert_eq!(entry.action, ActionRecord::Hold);
    assert_eq!(stage.sizes(), before);
}

#[test]
fn unknown_load_never_lowers_and_is_told_after_ten_minutes() {
    type Break = fn(&Stage);
    let cases: [(&str, &str, Break); 6] = [
        ("missing", "data_missing", |s| {
            let all = Window::before(s.now(), SignedDuration::from_hours(9));
            s.aws.lose_points(&load_spec("web"), all);
            s.aws.lose_points(&healthy_spec("web"), all);
            s.load(None);
            s.healthy(None);
            s.minutes(10);
        }),
        ("stale", "data_stale", |s| {
            s.load(None);
            s.healthy(None);
            s.minutes(12);
        }),
        ("gaps", "data_gaps", |s| {
            s.healthy(None);
            s.minutes(10);
            let gap = Window::before(s.now(), SignedDuration::from_mins(8));
            s.aws.lose_points(
                &load_spec("web"),
                Window { until: gap.from + SignedDuration::from_mins(5), ..gap },
            );
        }),
        ("not a number", "data_bad", |s| {
            s.load(Some(f64::NAN));
            s.minutes(5);
        }),
        ("negative", "data_bad", |s| {
            s.load(Some(-1.0));
            s.minutes(5);
        }),
        ("implausible zero", "implausible_zero", |s| {
            s.load(Some(0.0));
            s.minutes(10);
        }),
    ];
    for (name, code, break_it) in cases {
        let stage = night();
        break_it(&stage);
        println!("case: {name}");
        holds(&stage, code);
        assert!(stage.told().is_empty(), "{name}");
        stage.minutes(10);
        let entry = stage.night();
        assert_eq!(stage.told(), ["load"], "{name}: {entry:?}");
    }
}

#[test]
fn a_true_zero_lowers() {
    let mut stage = Stage::new("2026-11-20T22:00:00+09:00", &document(&["web"]));
    stage.add_fleet("web", GroupSpec::sized(10, 10, 60));
    // A load balancer without traffic publishes nothing; its hosts are healthy all the while.
    let all = Window::before(stage.now(), SignedDuration::from_hours(16 * 24));
    stage.aws.lose_points(&load_spec("web"), all);
    stage.load(None);
    stage.until(NIGHT);
    let entry = stage.night();
    assert!(matches!(entry.reason, Reason::NightStep { need: 0, target: 2, .. }), "{entry:?}");
    assert_eq!(stage.min_desired(), (8, 8));
}

#[test]
fn a_step_is_not_taken_on_unknown_data_and_people_are_told() {
    let stage = spike();
    stage.cpu(None);
    stage.minutes(8);
    let entry = stage.tick();
    assert!(matches!(entry.reason, Reason::SpikeUnknown { .. }), "{entry:?}");
    assert_eq!(stage.writes(), 0);
    stage.minutes(10);
    stage.tick();
    assert_eq!(stage.told(), ["unknown-web-cpu-high"]);
}

#[test]
fn without_metrics_a_fresh_event_still_raises_and_an_old_one_does_not() {
    let event = spike().alarm_event(AlarmState::Alarm, 75.0);
    for (age, sizes) in [(0, (7, 7)), (4, (7, 7)), (6, (6, 6))] {
        let stage = spike();
        stage.minutes(age);
        stage.aws.inject(At::call(Call::Read), Fault::Throttled);
        stage.aws.inject(At::call(Call::Alarms), Fault::Throttled);
        stage.decision("spike-step-scaler", &event);
        assert_eq!(stage.min_desired(), sizes, "an event {age} minutes old");
    }
}

#[test]
fn a_deploy_defers_lowering_and_is_told_after_two_hours() {
    let stage = night();
    stage.aws.set_refresh(&web(), Some("InProgress"));
    holds(&stage, "refresh_running");
    stage.minutes(119);
    holds(&stage, "refresh_running");
    assert!(stage.told().is_empty());
    stage.minutes(2);
    holds(&stage, "refresh_running");
    assert_eq!(stage.told(), ["refresh"]);
    stage.aws.set_refresh(&web(), Some("Successful"));
    assert!(matches!(stage.night().reason, Reason::NightStep { .. }));

    let stage = spike();
    stage.aws.set_refresh(&web(), Some("InProgress"));
    stage.tick();
    assert_eq!(stage.min_desired(), (7, 7), "raising is allowed in a deploy");
}

#[test]
fn suspended_processes_veto_lowering_and_launch_vetoes_every_write() {
    for process in ["Launch", "Terminate", "HealthCheck", "ReplaceUnhealthy", "ScheduledActions"] {
        let stage = night();
        stage.aws.suspend(&web(), process);
        holds(&stage, "process_suspended");
    }
    let stage = spike();
    stage.aws.suspend(&web(), "Launch");
    let entry = stage.tick();
    assert_eq!(entry.reason, Reason::CannotScale { process: "Launch".into() });
    assert_eq!((stage.writes(), stage.told()), (0, vec!["launch-suspended".to_owned()]));
    let sent = stage.aws.published();
    assert_eq!(sent[0].notice.severity, Severity::Critical);
    assert!(sent[0].notice.subject.contains("cannot scale: Launch suspended"));
    stage.minutes(5);
    stage.tick();
    assert_eq!(stage.told().len(), 1, "told once");
}

#[test]
fn veto_alarms() {
    let stage = night();
    stage.aws.set_alarm(&alarm("web", "5xx"), AlarmState::Alarm);
    holds(&stage, "veto_alarm");
    stage.aws.set_alarm(&alarm("web", "5xx"), AlarmState::Ok);
    stage.minutes(10);
    holds(&stage, "veto_alarm_recent");
    stage.minutes(6);
    assert!(matches!(stage.night().reason, Reason::NightStep { .. }));

    // An errors alarm loses its data when the errors stop; that does not make it forgotten.
    let stage = night();
    stage.aws.set_alarm(&alarm("web", "5xx"), AlarmState::Alarm);
    stage.minutes(5);
    stage.aws.set_alarm(&alarm("web", "5xx"), AlarmState::InsufficientData);
    stage.minutes(10);
    holds(&stage, "veto_alarm_recent");
    stage.minutes(6);
    assert!(matches!(stage.night().reason, Reason::NightStep { .. }));

    let stage = night();
    stage.aws.delete_alarm(&alarm("web", "5xx"));
    holds(&stage, "veto_alarm_missing");
    assert_eq!(stage.told(), ["no-alarm-web-5xx"]);

    // The low side of target tracking is in ALARM exactly when there is too much capacity.
    let stage = night();
    let low = AlarmSpec::new(
        &alarm("web", "5xx"),
        MetricQuery::metric(cpu_spec("web")),
        Comparison::Below,
        63.0,
    );
    stage.aws.put_alarm(low);
    stage.aws.set_alarm(&alarm("web", "5xx"), AlarmState::Alarm);
    assert!(matches!(stage.night().reason, Reason::NightStep { .. }));

    let stage = night();
    stage.aws.inject(At::call(Call::Alarms), Fault::Throttled);
    holds(&stage, "alarms_unavailable");

    // A step table cannot work on a composite alarm; people are told once.
    let stage = night();
    stage.aws.put_alarm(AlarmSpec::composite(&alarm("web", "cpu-high")));
    stage.tick();
    stage.tick();
    assert_eq!(stage.told(), ["no-alarm-web-cpu-high"]);
}

#[test]
fn a_failed_launch_vetoes_until_its_zone_launches_again() {
    let zone = "ap-northeast-2a";
    let broken = |until: Option<&str>| {
        let stage = Stage::usual("2026-11-20T21:00:00+09:00", 10, 10);
        let until = until.map(|time| time.parse().unwrap());
        stage.aws.fail_launches(&web(), zone, "InsufficientInstanceCapacity", until);
        stage.aws.outside_set_desired(&web(), 13).unwrap();
        stage
    };
    let failed = |stage: &Stage| {
        let activities = stage.aws.activities(&web());
        activities.iter().any(|a| a.result == ActivityResult::Failed)
    };
    let healed = broken(Some("2026-11-20T21:20:00+09:00"));
    healed.until("2026-11-20T21:30:00+09:00");
    // The next launches spread over the zones, so one lands in the zone that failed.
    healed.aws.outside_set_desired(&web(), 16).unwrap();
    healed.until(NIGHT);
    assert!(failed(&healed), "it did fail before its zone launched again");
    let entry = healed.night();
    assert!(matches!(entry.reason, Reason::NightStep { .. }), "{entry:?}");

    let stage = broken(None);
    stage.minutes(3);
    stage.aws.outside_set_desired(&web(), 12).unwrap();
    stage.until(NIGHT);
    holds(&stage, "launch_failed");
}

#[test]
fn a_late_wake_up_and_one_by_day_lower_nothing() {
    let stage = night();
    let late = json!({"schedule": "night", "scheduled_time": "2026-11-20T21:50:00+09:00"});
    let entry = stage.decision("nightly-scale-down", &late);
    assert_eq!(entry.reason, Reason::LateWakeUp { minutes: 40 });
    stage.until("2026-11-23T12:00:00+09:00");
    holds(&stage, "outside_night");
}

#[test]
fn calls_that_fail_before_a_lowering_hold_it() {
    for (call, code) in
        [(Call::Evidence, "evidence_unavailable"), (Call::Read, "metrics_unavailable")]
    {
        for fault in [Fault::Throttled, Fault::Unavailable, Fault::Denied] {
            let stage = night();
            stage.aws.inject(At::call(call), fault);
            let entry = stage.night();
            assert_eq!(entry.action, ActionRecord::Hold, "{entry:?}");
            assert_eq!(entry.reason.code(), code);
            assert_eq!(stage.writes(), 0);
        }
    }
}

#[test]
fn without_a_backstop_nothing_is_lowered() {
    let stage = night();
    stage.aws.inject(At::call(Call::PutBackstop), Fault::Denied);
    holds(&stage, "backstop_failed");
    assert_eq!(stage.told(), ["backstop"]);
    stage.aws.heal();
    assert!(matches!(stage.night().reason, Reason::NightStep { .. }));
}

#[test]
fn without_the_control_table_raising_goes_on_and_lowering_stops() {
    let stage = night();
    stage.aws.set_table_missing(true);
    let entry = stage.night();
    assert!(matches!(entry.reason, Reason::NoControlTable { .. }), "{entry:?}");
    assert_eq!(stage.writes(), 0);

    let stage = spike();
    stage.aws.set_table_missing(true);
    stage.tick();
    assert_eq!(stage.min_desired(), (7, 7));

    for call in [Call::Acquire, Call::Load, Call::Store] {
        let stage = spike();
        stage.aws.inject(At::call(call), Fault::Unavailable);
        let _ = stage.serve("spike-step-scaler", &json!({"schedule": "tick"}));
        assert_eq!(stage.min_desired(), (7, 7), "{call:?}");
        let stage = night();
        stage.aws.inject(At::call(call), Fault::Unavailable);
        let _ = stage.serve("nightly-scale-down", &stage.night_event());
        assert_eq!(stage.min_desired(), (10, 10), "{call:?}");
    }
}

#[test]
fn a_memory_that_cannot_be_read_stops_lowering() {
    let stage = night();
    stage.night();
    stage.minutes(15);
    for garbled in ["{\"from_the_future\": 1}", "[]", "no json"] {
        stage.aws.garble_memory(&web(), garbled);
        holds(&stage, "no_control_table");
    }
}

#[test]
fn a_write_that_fails_fails_the_invocation_and_the_next_run_goes_on() {
    for fault in [Fault::Throttled, Fault::LostAnswer, Fault::Refused("ValidationError".into())] {
        let stage = spike();
        stage.aws.inject(At::call(Call::SetMin).nth(1), fault.clone());
        let failed = stage.serve("spike-step-scaler", &json!({"schedule": "tick"}));
        assert!(failed.is_err(), "{fault:?}");
        stage.minutes(1);
        stage.tick();
        assert_eq!(stage.min_desired(), (7, 7), "{fault:?}");
        stage.tick();
        assert_eq!(stage.min_desired(), (7, 7), "no second change");
    }
}

#[test]
fn a_notice_that_cannot_be_sent_fails_the_invocation_and_is_sent_later() {
    let stage = spike();
    stage.aws.suspend(&web(), "Launch");
    stage.aws.set_topic(Severity::Critical, Topic::Denied);
    stage.aws.set_topic(Severity::Warning, Topic::Denied);
    assert!(stage.serve("spike-step-scaler", &json!({"schedule": "tick"})).is_err());
    stage.aws.set_topic(Severity::Critical, Topic::Open);
    stage.minutes(1);
    stage.tick();
    assert_eq!(stage.told(), ["launch-suspended"]);
}

#[test]
fn events_that_are_not_ours_are_refused_with_the_reason() {
    let stage = night();
    let mut foreign = stage.alarm_event(AlarmState::Alarm, 99.0);
    foreign["accountId"] = "999999999999".into();
    for (function, event, why) in [
        ("nightly-scale-down", json!({"hello": "world"}), "no known shape"),
        ("nightly-scale-down", json!(7), "not a JSON object"),
        ("nightly-scale-down", stage.alarm_event(AlarmState::Alarm, 1.0), "does not take an alarm"),
        ("daytime-scale-up", json!({"schedule": "night"}), "does not take"),
        ("spike-step-scaler", foreign, "not this stack's"),
    ] {
        let error = stage.serve(function, &event).unwrap_err().to_string();
        assert!(error.contains(why), "{event}: {error}");
    }
    assert_eq!(stage.aws.log().len(), 0, "nothing was asked or written");
    assert_ne!(ACCOUNT, "999999999999");
}

#[test]
fn a_bad_stored_policy_raises_only_and_is_told() {
    for bad in ["version = 2", "not toml at all [", "version = 1\n[fleets]"] {
        let stage = night();
        put_policy(&stage.aws, 1, &document(&["web"]).replace("floor = 2", "floor = 3"));
        put_policy(&stage.aws, 2, bad);
        holds(&stage, "policy_fault");
        assert_eq!(stage.told(), ["policy-fault"]);

        let stage = spike();
        put_policy(&stage.aws, 1, bad);
        stage.tick();
        assert_eq!(stage.min_desired(), (7, 7), "the seed still raises");
    }
}

#[test]
fn a_stored_policy_replaces_the_seed() {
    let stage = night();
    put_policy(
        &stage.aws,
        1,
        &document(&["web"]).replace("floor = 2", "floor = 9").replace("floor = 6", "floor = 9"),
    );
    assert!(matches!(stage.night().reason, Reason::NightStep { target: 9, to: 9, .. }));
}

fn put_policy(aws: &FakeAws, version: u32, document: &str) {
    let policy = StoredPolicy { version, document: document.to_owned() };
    block_on(aws.put_policy(&policy)).unwrap();
}

#[test]
fn a_raise_between_our_look_and_our_write_is_never_lowered() {
    // Before each of the describes and just before each write's own look.
    for n in 1..=2 {
        let stage = night();
        stage.aws.after(At::call(Call::Describe).nth(n), |aws| {
            aws.outside_set_desired(&web(), 14).unwrap();
        });
        let entry = stage.night();
        if n == 1 {
            assert_eq!(entry.outcome, OutcomeWord::Void, "{entry:?}");
            assert_eq!(stage.min_desired(), (10, 14));
        } else {
            // Past our last look nothing can stop the write: it is given back at once.
            stage.minutes(1);
            let entry = stage.tick();
            assert_eq!(entry.reason, Reason::RaiseGivenBack { floor: 14, cut_to: 8 }, "{entry:?}");
            assert_eq!(stage.min_desired(), (14, 14));
        }
    }
}

#[test]
fn a_raise_between_crash_and_retry_is_never_lowered() {
    for (call, fault) in [
        (Call::SetMin, Fault::CrashBefore),
        (Call::SetMin, Fault::CrashAfter),
        (Call::SetDesired, Fault::CrashBefore),
        (Call::SetDesired, Fault::CrashAfter),
    ] {
        let stage = night();
        stage.aws.inject(At::call(call).nth(1), fault.clone());
        let run = stage.aws.new_run();
        assert!(stage.serve_in(&run, "nightly-scale-down", &stage.night_event()).is_err());
        stage.aws.outside_set_desired(&web(), 14).unwrap();
        // Lambda tries again after one minute and after two more.
        for minutes in [1, 2] {
            stage.minutes(minutes);
            let _ = stage.serve("nightly-scale-down", &stage.night_event());
            assert!(stage.sizes().desired >= 11, "{call:?} {fault:?}: {:?}", stage.sizes());
        }
    }
    let stage = spike();
    stage.aws.inject(At::call(Call::SetMin).nth(1), Fault::CrashBefore);
    let run = stage.aws.new_run();
    assert!(stage.serve_in(&run, "spike-step-scaler", &json!({"schedule": "tick"})).is_err());
    stage.aws.outside_set_desired(&web(), 14).unwrap();
    stage.minutes(2);
    stage.tick();
    assert_eq!(stage.sizes().desired, 14);
}

/// A crash at every call is `crash_points` of the proofs; what it found wrong is told here.
#[test]
fn what_is_taken_back_is_told_though_the_run_that_did_it_died() {
    for fault in [Fault::CrashBefore, Fault::Throttled] {
        let stage = night();
        stage.night();
        stage.minutes(5);
        stage.aws.set_alarm(&alarm("web", "5xx"), AlarmState::Alarm);
        stage.aws.inject(At::call(Call::Publish).nth(1), fault.clone());
        assert!(stage.serve("spike-step-scaler", &json!({"schedule": "tick"})).is_err());
        assert_eq!((stage.min_desired(), stage.told()), ((10, 10), vec![]), "{fault:?}");
        for _ in 0..3 {
            stage.minutes(2);
            let _ = stage.serve("spike-step-scaler", &json!({"schedule": "tick"}));
        }
        assert_eq!(stage.told(), ["undo"], "{fault:?}: told, and once");
    }
}

#[test]
fn a_raise_without_memory_is_not_taken_for_a_persons() {
    for call in [Call::Load, Call::Store] {
        let stage = Stage::usual("2026-11-20T12:00:00+09:00", 6, 6);
        stage.until(NOON);
        stage.tick();
        stage.cpu(Some(75.0));
        stage.minutes(2);
        stage.aws.set_alarm(&alarm("web", "cpu-high"), AlarmState::Alarm);
        let fault = if call == Call::Load { Fault::LostAnswer } else { Fault::Throttled };
        stage.aws.inject(At::call(call).nth(1), fault);
        let _ = stage.serve("spike-step-scaler", &json!({"schedule": "tick"}));
        assert_eq!(stage.min_desired(), (7, 7), "{call:?}");
        stage.minutes(1);
        stage.tick();
        let memory = stage.aws.memory(&web()).unwrap().memory;
        assert_eq!((memory.applied_min, memory.operator_min), (Some(7), None), "{call:?}");
        assert!(stage.told().is_empty(), "{call:?}: {:?}", stage.told());
    }
}

#[test]
fn a_notice_that_a_closer_look_found_is_sent_by_the_retry() {
    let stage = Stage::usual("2026-11-20T12:00:00+09:00", 10, 10);
    stage.until(NOON);
    stage.aws.inject(At::call(Call::PutBackstop), Fault::Denied);
    stage.aws.inject(At::call(Call::Publish).nth(1), Fault::Throttled);
    assert!(stage.serve("spike-step-scaler", &json!({"schedule": "tick"})).is_err());
    stage.minutes(1);
    stage.tick();
    assert_eq!(stage.told(), ["backstop"]);
}

#[test]
fn who_finds_the_lease_taken_is_served_by_the_holder() {
    let stage = Stage::usual("2026-11-20T12:00:00+09:00", 6, 6);
    stage.until(NOON);
    // While the tick is about to finish, a spike begins and its alarm is turned away.
    let answers = std::sync::Arc::new(std::sync::Mutex::new(Vec::<Value>::new()));
    let turned_away = answers.clone();
    let event = stage.alarm_event(AlarmState::Alarm, 75.0);
    let other = Stage::new(NOON, &document(&["web"]));
    let other = std::sync::Mutex::new(other);
    let at = stage.now();
    stage.aws.before(At::call(Call::Release).nth(1), move |aws| {
        aws.set_alarm(&alarm("web", "cpu-high"), AlarmState::Alarm);
        aws.put_point(&cpu_spec("web"), at - SignedDuration::from_mins(1), 75.0);
        let run = aws.new_run();
        let (event, other) = (event.clone(), &other);
        let answer = std::thread::scope(|scope| {
            let served = scope.spawn(move || {
                other.lock().unwrap().serve_in(&run, "spike-step-scaler", &event).unwrap()
            });
            served.join().unwrap()
        });
        turned_away.lock().unwrap().push(answer);
    });
    stage.tick();
    let answers = answers.lock().unwrap();
    let entry = decision_of(&answers[0], "web").unwrap();
    assert_eq!(entry.outcome, OutcomeWord::InProgress);
    assert_eq!(stage.min_desired(), (7, 7), "the holder looked once more");
    assert!(stage.aws.lease(&web()).is_none(), "and let go");
}

#[test]
fn near_the_deadline_nothing_new_is_started() {
    let stage = spike();
    let run = stage.aws.new_run();
    run.set_time_left(SignedDuration::from_millis(2_500));
    let answer = stage.serve_in(&run, "spike-step-scaler", &json!({"schedule": "tick"})).unwrap();
    assert_eq!(decision_of(&answer, "web").unwrap().outcome, OutcomeWord::OutOfTime);
    assert_eq!(stage.writes(), 0);
    stage.tick();
    assert_eq!(stage.min_desired(), (7, 7), "the next tick goes on");
}

#[test]
fn a_hung_endpoint_ends_the_run_without_an_action() {
    let stage = night();
    stage.aws.inject(At::call(Call::Describe), Fault::Slow(SignedDuration::from_secs(30)));
    let failed = stage.serve("nightly-scale-down", &stage.night_event());
    assert!(failed.unwrap_err().to_string().contains("DescribeAutoScalingGroups"));
    assert_eq!(stage.writes(), 0);
}

#[test]
fn a_missing_group_is_one_warning_an_hour_and_not_an_error() {
    let stage = Stage::new(NOON, &document(&["web"]));
    for _ in 0..61 {
        let answer = stage.serve("spike-step-scaler", &json!({"schedule": "tick"})).unwrap();
        let entry = decision_of(&answer, "web").unwrap();
        assert_eq!(entry.reason, Reason::GroupMissing);
        stage.minutes(1);
    }
    assert_eq!(stage.told(), ["group-missing", "group-missing"]);
    assert_eq!(stage.aws.ledger_of(&web()).len(), 1);
}

#[test]
fn a_group_that_is_being_deleted_is_left_alone() {
    let stage = night();
    stage.aws.delete_group(&web());
    assert_eq!(stage.night().reason, Reason::GroupDeleting);
    assert_eq!(stage.writes(), 0);
}

/// Hours of it, with every schedule and retry, are `outage` of the histories.
#[test]
fn an_outage_ends_lambdas_retries_at_whoever_comes_second() {
    let stage = night();
    stage.aws.inject(At::call(Call::Describe), Fault::Unavailable);
    assert!(stage.serve("nightly-scale-down", &stage.night_event()).is_err());
    let answer = stage.serve("daytime-scale-up", &json!({"schedule": "day"})).unwrap();
    assert!(matches!(decision_of(&answer, "web").unwrap().reason, Reason::ControlPlaneDown { .. }));
    stage.aws.heal();
    stage.minutes(1);
    assert!(matches!(stage.night().reason, Reason::NightStep { from: 10, to: 8, .. }));
}

#[test]
fn protected_instances_are_not_counted_as_gone() {
    let stage = night();
    stage.aws.protect_all(&web(), true);
    assert!(matches!(stage.night().reason, Reason::NightStep { from: 10, to: 8, .. }));
    stage.minutes(15);
    holds(&stage, "step_unfinished");
}

#[test]
fn a_flapping_alarm_takes_one_step_and_lowers_nothing() {
    let stage = spike();
    stage.tick();
    assert_eq!(stage.min_desired(), (7, 7));
    for _ in 0..20 {
        stage.cpu(Some(20.0));
        stage.minutes(1);
        stage.alarm(AlarmState::Ok, 20.0);
        stage.cpu(Some(75.0));
        stage.minutes(1);
        stage.alarm(AlarmState::Alarm, 75.0);
        assert!(stage.sizes().desired >= 7);
    }
    let lowered = stage.aws.calls(|l| l.call == Call::SetDesired);
    assert!(lowered.is_empty());
}

#[test]
fn a_dry_run_decides_and_acts_not() {
    let stage = night();
    let event = json!({"schedule": "night", "dry_run": true});
    let entry = stage.decision("nightly-scale-down", &event);
    assert_eq!(entry.outcome, OutcomeWord::DryRun);
    assert!(matches!(entry.action, ActionRecord::Lower { min: 8, desired: Some(8) }));
    assert_eq!((stage.writes(), stage.aws.memory(&web()).is_none()), (0, true));
    let text = format!("dry_run = true\n{}", document(&["web"]));
    put_policy(&stage.aws, 1, &text);
    assert_eq!(stage.night().outcome, OutcomeWord::DryRun);
    assert_eq!(stage.writes(), 0);
}

#[test]
fn target_tracking_that_raises_meanwhile_keeps_its_raise() {
    let stage = spike();
    stage.aws.before(At::call(Call::SetMin).nth(1), |aws| {
        aws.outside_set_desired(&web(), 12).unwrap();
    });
    stage.tick();
    assert_eq!(stage.min_desired(), (7, 12));
}

/// Something that goes wrong in the world.
type Break = Box<dyn Fn(&FakeAws)>;

#[test]
fn a_broken_fleet_never_touches_another() {
    let breaks: Vec<(&str, Break)> = vec![
        ("throttled", fault(Fault::Throttled)),
        ("silent", fault(Fault::Unavailable)),
        ("denied", fault(Fault::Denied)),
        (
            "panicking",
            Box::new(|aws| {
                let api = FleetName::new("api").unwrap();
                aws.before(At::call(Call::Describe).fleet(&api), |_| panic!("a fault of ours"));
            }),
        ),
        ("suspended", with(|aws, fleet| aws.suspend(fleet, "Launch"))),
        ("deleted", with(|aws, fleet| aws.delete_group(fleet))),
        ("refreshing", with(|aws, fleet| aws.set_refresh(fleet, Some("InProgress")))),
        ("garbled", with(|aws, fleet| aws.garble_memory(fleet, "no json"))),
        ("bad tags", with(|aws, fleet| aws.set_tag(fleet, "tidegate:floor", "many"))),
        ("without a zone", with(|aws, fleet| aws.lose_zone(fleet, "ap-northeast-2a"))),
        (
            "trimmed by a policy",
            with(|aws, fleet| {
                let policy = ScalingPolicy { name: "t".into(), can_scale_in: true };
                aws.attach_policy(fleet, policy);
            }),
        ),
    ];
    let alone = two_fleets(|_| {});
    for (name, break_it) in breaks {
        assert_eq!(two_fleets(|aws| break_it(aws)), alone, "api is {name}");
    }

    fn fault(fault: Fault) -> Break {
        Box::new(move |aws| {
            let api = FleetName::new("api").unwrap();
            aws.inject(At::any().fleet(&api), fault.clone());
        })
    }
    fn with(act: fn(&FakeAws, &FleetName)) -> Break {
        Box::new(move |aws| act(aws, &FleetName::new("api").unwrap()))
    }
}

/// Two hours of night, then a spike, for two fleets; what was decided for `web`, and its sizes.
fn two_fleets(break_api: impl Fn(&FakeAws)) -> Vec<(String, u32, u32)> {
    let mut stage = Stage::new("2026-11-20T22:00:00+09:00", &document(&["api", "web"]));
    stage.add_fleet("api", GroupSpec::sized(10, 10, 60));
    stage.add_fleet("web", GroupSpec::sized(10, 10, 60));
    stage.until(NIGHT);
    break_api(&stage.aws);
    let mut told = vec![];
    for minute in 0..120 {
        let _ = stage.serve("spike-step-scaler", &json!({"schedule": "tick"}));
        if minute % 5 == 0 {
            let _ = stage.serve("nightly-scale-down", &stage.night_event());
        }
        if minute == 100 {
            stage.cpu(Some(80.0));
            stage.aws.set_alarm(&alarm("web", "cpu-high"), AlarmState::Alarm);
        }
        stage.minutes(1);
        let sizes = stage.sizes();
        told.push((String::new(), sizes.min, sizes.desired));
    }
    let ledger = stage.aws.ledger_of(&web());
    told.extend(ledger.into_iter().map(|e| (e.text, 0, 0)));
    told
}
