//! Laws: random histories of events, faults and other people's changes drive the
//! served functions on the strict fakes; what was written to the group is judged
//! afterwards from the group's own record of changes.

use jiff::SignedDuration;
use proptest::prelude::*;
use serde_json::json;
use tidegate_domain::group::Sizes;
use tidegate_domain::metrics::AlarmState;
use tidegate_fakes::{At, Fault, GroupSpec, SizeChange, Writer};
use tidegate_tests::stage::{Stage, alarm, document, web};

/// One thing that happens.
#[derive(Debug, Clone)]
enum Step {
    Pass(i64),
    Tick,
    Night,
    Day,
    Alarm(bool, f64),
    LateAlarm(i64),
    Load(Option<f64>),
    Healthy(Option<f64>),
    Cpu(Option<f64>),
    SpikeState(bool),
    Veto(bool),
    Fault(u32, u8),
    OutsideDesired(u32),
    Suspend(bool),
    Refresh(bool),
    Heal,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => (1i64..25).prop_map(Step::Pass),
        6 => Just(Step::Tick),
        6 => Just(Step::Night),
        2 => Just(Step::Day),
        2 => (any::<bool>(), 0.0..120.0).prop_map(|(on, v)| Step::Alarm(on, v)),
        1 => (1i64..20).prop_map(Step::LateAlarm),
        2 => prop_oneof![Just(None), (0.0..3000.0).prop_map(Some), Just(Some(f64::NAN))]
            .prop_map(Step::Load),
        1 => prop_oneof![Just(None), Just(Some(2.0))].prop_map(Step::Healthy),
        2 => prop_oneof![Just(None), (0.0..100.0).prop_map(Some)].prop_map(Step::Cpu),
        2 => any::<bool>().prop_map(Step::SpikeState),
        1 => any::<bool>().prop_map(Step::Veto),
        3 => (1u32..14, 0u8..6).prop_map(|(nth, kind)| Step::Fault(nth, kind)),
        1 => (1u32..40).prop_map(Step::OutsideDesired),
        1 => any::<bool>().prop_map(Step::Suspend),
        1 => any::<bool>().prop_map(Step::Refresh),
        2 => Just(Step::Heal),
    ]
}

fn happen(stage: &Stage, step: &Step) {
    let state = |on: bool| if on { AlarmState::Alarm } else { AlarmState::Ok };
    match step {
        Step::Pass(minutes) => stage.minutes(*minutes),
        Step::Tick => serve(stage, "spike-step-scaler", &json!({"schedule": "tick"})),
        Step::Night => serve(stage, "nightly-scale-down", &stage.night_event()),
        Step::Day => serve(stage, "daytime-scale-up", &json!({"schedule": "day"})),
        Step::Alarm(on, value) => {
            serve(stage, "spike-step-scaler", &stage.alarm_event(state(*on), *value));
        }
        Step::LateAlarm(minutes) => {
            let event = stage.alarm_event(AlarmState::Alarm, 90.0);
            stage.minutes(*minutes);
            serve(stage, "spike-step-scaler", &event);
        }
        Step::Load(level) => stage.load(*level),
        Step::Healthy(level) => stage.healthy(*level),
        Step::Cpu(level) => stage.cpu(*level),
        Step::SpikeState(on) => stage.aws.set_alarm(&alarm("web", "cpu-high"), state(*on)),
        Step::Veto(on) => stage.aws.set_alarm(&alarm("web", "5xx"), state(*on)),
        Step::Fault(nth, kind) => {
            let fault = match kind {
                0 => Fault::Throttled,
                1 => Fault::Unavailable,
                2 => Fault::LostAnswer,
                3 => Fault::CrashBefore,
                4 => Fault::CrashAfter,
                _ => Fault::Slow(SignedDuration::from_secs(9)),
            };
            stage.aws.inject(At::any().nth(*nth), fault);
        }
        Step::OutsideDesired(n) => {
            let sizes = stage.sizes();
            let _ = stage.aws.outside_set_desired(&web(), (*n).clamp(sizes.min, sizes.max));
        }
        Step::Suspend(on) if *on => stage.aws.suspend(&web(), "Terminate"),
        Step::Suspend(_) => stage.aws.resume(&web(), "Terminate"),
        Step::Refresh(on) => stage.aws.set_refresh(&web(), on.then_some("InProgress")),
        Step::Heal => stage.aws.heal(),
    }
}

fn serve(stage: &Stage, function: &str, event: &serde_json::Value) {
    // A failed invocation is part of the history.
    let _ = stage.serve(function, event);
}

/// What must hold of every change that Tidegate made.
fn judge(stage: &Stage, changes: &[SizeChange]) -> Result<(), TestCaseError> {
    let ours = |c: &&SizeChange| c.by == Writer::Tidegate;
    let mut last_lowering: Option<jiff::Timestamp> = None;
    for change in changes.iter().filter(ours) {
        let SizeChange { from, to, at, .. } = change;
        prop_assert_eq!(from.max, to.max, "MaxSize is never touched");
        prop_assert!(to.min >= 1 && to.min <= to.max, "{:?}", change);
        let raises_desired = to.desired > from.desired;
        prop_assert!(!raises_desired || to.min > from.min, "desired written upward: {change:?}");
        if to.desired < from.desired {
            let most = (from.desired / 5).max(1);
            prop_assert!(from.desired - to.desired <= most, "step too large: {:?}", change);
            if let Some(last) = last_lowering {
                let apart = at.duration_since(last) >= SignedDuration::from_mins(10);
                prop_assert!(apart, "two lowerings within the bake: {:?}", change);
            }
            last_lowering = Some(*at);
            prop_assert!(stage.aws.backstop(&web()).is_some(), "lowered without the backstop");
        }
    }
    Ok(())
}

fn cases() -> u32 {
    std::env::var("TIDEGATE_LAW_CASES").ok().and_then(|n| n.parse().ok()).unwrap_or(400)
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: cases(),
        failure_persistence: Some(Box::new(
            proptest::test_runner::FileFailurePersistence::WithSource("regressions"),
        )),
        ..ProptestConfig::default()
    })]

    #[test]
    fn whatever_happens_the_gate_holds(
        hour in 0i64..48,
        desired in 2u32..20,
        history in proptest::collection::vec(step(), 1..60),
    ) {
        let mut stage = Stage::new("2026-11-18T12:00:00+09:00", &document(&["web"]));
        stage.aws.advance(SignedDuration::from_hours(hour));
        stage.add_young_fleet("web", GroupSpec::sized(2, desired, 60));
        stage.minutes(20);
        for step in &history {
            happen(&stage, step);
            let Sizes { min, max, desired } = stage.sizes();
            prop_assert!(min <= desired && desired <= max);
        }
        judge(&stage, &stage.aws.size_changes(&web()))?;
        // An invariant that had to stop a decision is a bug in the planner.
        let broken = stage.aws.published().into_iter().find(|s| s.notice.key == "invariant");
        prop_assert!(broken.is_none(), "{:?}", broken);
    }
}
