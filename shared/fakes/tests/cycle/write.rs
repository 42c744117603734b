//! Writing: the intent, the last look, the order, and what happens when a write fails.

use crate::stage::{Stage, fleet, mins, secs};
use tidegate_domain::decide::{Action, Decision, decide};
use tidegate_domain::group::{Lifecycle, Sizes};
use tidegate_domain::ledger::{ActionRecord, OutcomeWord};
use tidegate_domain::memory::{Intent, Memory};
use tidegate_domain::ports::Clock;
use tidegate_domain::reason::Reason;
use tidegate_domain::signal::Signal;
use tidegate_fakes::{At, Call, FakeAws, Fault};

#[test]
fn a_night_step_writes_backstop_minimum_and_desired() {
    let stage = Stage::night();
    let entry = stage.nightly();
    assert_eq!(entry.outcome, OutcomeWord::Applied);
    assert_eq!(entry.action, ActionRecord::Lower { min: 8, desired: Some(8) });
    assert_eq!(stage.writes(), [Call::PutBackstop, Call::SetMin, Call::SetDesired]);
    assert_eq!(stage.sizes(), (8, 8));
    let memory = stage.memory();
    assert_eq!((memory.intent, memory.applied_min), (None, Some(8)));
    assert_eq!(memory.last_lowering.unwrap().before, Sizes { min: 10, max: 60, desired: 10 });
}

#[test]
fn a_minimum_that_is_down_already_is_not_written() {
    let stage = Stage::day();
    assert_eq!(stage.tick().action, ActionRecord::Lower { min: 6, desired: Some(8) });
    assert_eq!(stage.writes(), [Call::PutBackstop, Call::SetDesired]);
    assert_eq!(stage.sizes(), (6, 8));
}

#[test]
fn a_raise_writes_the_minimum_alone() {
    let stage = Stage::morning();
    let entry = stage.tick();
    assert_eq!(
        (entry.action, entry.outcome),
        (ActionRecord::Raise { min: 6 }, OutcomeWord::Applied)
    );
    assert_eq!(stage.writes(), [Call::SetMin]);
    assert_eq!(stage.sizes(), (6, 6));
    assert_eq!((stage.memory().applied_min, stage.memory().intent), (Some(6), None));
    assert_eq!(stage.count(Call::Load), 1);
}

#[test]
fn near_the_deadline_nothing_is_written() {
    let outcome = |left: i64| {
        let stage = Stage::morning();
        let run = stage.aws.new_run();
        run.set_time_left(secs(left));
        let entry = stage.wake_in(&run, Signal::Tick).unwrap();
        (entry.outcome, entry.reason.code(), stage.writes().len())
    };
    assert_eq!(outcome(3), (OutcomeWord::Applied, "schedule_floor".into(), 1));
    assert_eq!(outcome(2), (OutcomeWord::OutOfTime, "out_of_time".into(), 0));
    assert_eq!(outcome(60).0, OutcomeWord::Applied);
}

/// What becomes of a night step when this happens right before its last look.
fn disturbed(act: impl FnMut(&FakeAws) + Send + 'static) -> (OutcomeWord, String, Vec<Call>) {
    let stage = Stage::night();
    stage.aws.before(At::call(Call::Describe).nth(2), act);
    let entry = stage.nightly();
    if entry.outcome == OutcomeWord::Void {
        assert_eq!(stage.memory().intent, None, "it was not done");
    }
    (entry.outcome, entry.text, stage.writes())
}

#[test]
fn a_lowering_is_for_the_sizes_that_were_decided_on() {
    let why = |text: &str| format!("the group changed between the look and the write: {text}");
    let backstop = vec![Call::PutBackstop];
    let raised = disturbed(|aws| aws.outside_set_desired(&fleet(), 12).unwrap());
    let text = why("min 10 -> 10, max 60 -> 60, desired 10 -> 12");
    assert_eq!(raised, (OutcomeWord::Void, text, backstop.clone()));
    let gone = disturbed(|aws| aws.delete_group(&fleet()));
    assert!(gone.1.contains("the group is gone") || gone.1.contains("desired"), "{}", gone.1);
    assert_eq!((gone.0, gone.2), (OutcomeWord::Void, backstop.clone()));
    let late = disturbed(|aws| aws.advance(secs(121)));
    assert_eq!(late, (OutcomeWord::Void, why("the decision is too old"), backstop));
    assert_eq!(disturbed(|aws| aws.advance(secs(120))).0, OutcomeWord::Applied);
    assert_eq!(disturbed(|aws| aws.advance(secs(119))).0, OutcomeWord::Applied);
}

#[test]
fn a_write_that_fails_fails_the_run_and_keeps_its_intent() {
    for call in [Call::SetMin, Call::SetDesired] {
        let stage = Stage::night();
        stage.aws.inject(At::call(call), Fault::Throttled);
        let error = stage.wake(stage.night_signal()).unwrap_err();
        let entry = error.entry.unwrap();
        assert_eq!(entry.outcome, OutcomeWord::Void, "{call:?}");
        assert!(entry.notes.contains(&error.error.to_string()), "{:?}", entry.notes);
        let intent = stage.memory().intent.unwrap();
        assert_eq!((intent.min, intent.desired), (8, Some(8)), "it may have happened");
    }
}

#[test]
fn a_memory_that_another_run_wrote_voids_the_decision() {
    let stage = Stage::night();
    stage.tick();
    stage.aws.before(At::call(Call::Store).nth(1), |aws| aws.garble_memory(&fleet(), "{}"));
    let entry = stage.nightly();
    assert_eq!((entry.outcome, entry.reason), (OutcomeWord::Void, Reason::MemoryConflict));
    assert_eq!(stage.sizes(), (10, 10));
}

#[test]
fn an_intent_that_cannot_be_recorded_lowers_nothing_and_raises() {
    let stage = Stage::night();
    stage.tick();
    stage.aws.inject(At::call(Call::Store).nth(1), Fault::Unavailable);
    let entry = stage.nightly();
    assert_eq!(entry.outcome, OutcomeWord::Void);
    assert!(entry.text.contains("the intent could not be recorded"), "{}", entry.text);
    assert_eq!(stage.sizes(), (10, 10));
    let stage = Stage::morning();
    stage.aws.inject(At::call(Call::Store).nth(1), Fault::Unavailable);
    assert_eq!(stage.tick().outcome, OutcomeWord::Applied);
    assert_eq!(stage.sizes(), (6, 6));
}

fn wrong(inputs: &tidegate_domain::decide::Inputs<'_>) -> Decision {
    let mut decision = decide(inputs);
    decision.action = Action::Raise { min: 99 };
    let expected = decision.expected;
    decision.memory.intent = Some(Intent { min: 99, desired: None, expected, at: inputs.now });
    decision
}

#[test]
fn a_decision_that_breaks_an_invariant_is_refused_and_told_once() {
    let stage = Stage::quiet();
    stage.tick();
    stage.minutes(1);
    for _ in 0..2 {
        let entry = stage.wake_with(&wrong, Signal::Tick);
        assert_eq!((entry.outcome, entry.action), (OutcomeWord::Refused, ActionRecord::Hold));
        assert_eq!(entry.reason.code(), "invariant_broken");
        assert!(entry.text.contains("MinSize 99 above MaxSize 60"), "{}", entry.text);
        assert!(stage.writes().is_empty());
        assert_eq!(stage.memory().intent, None);
        stage.minutes(1);
    }
    assert_eq!(stage.told(), ["invariant"]);
}

/// The memory is out of reach for the first look, then back, and the day's floor is raised to.
fn blind(memory: &Memory) -> Memory {
    let stage = Stage::morning();
    stage.remember(memory);
    stage.aws.inject(At::call(Call::Load).nth(1), Fault::Unavailable);
    assert_eq!(stage.tick().outcome, OutcomeWord::Applied);
    stage.memory()
}

#[test]
fn a_raise_without_memory_is_claimed_when_it_is_back() {
    let at = Stage::morning().now();
    let intent = |min: u32| {
        let expected = Sizes { min: 2, max: 60, desired: 2 };
        Some(Intent { min, desired: None, expected, at })
    };
    let known = |applied_min: Option<u32>, intent: Option<Intent>| {
        let growth = Vec::new();
        Memory { applied_min, intent, operator_min: Some(1), growth, ..Memory::default() }
    };
    let claimed = known(Some(6), None);
    for (name, before, after) in [
        ("ours", known(Some(2), None), claimed.clone()),
        ("with the same intent", known(Some(2), intent(6)), claimed),
        ("with another", known(Some(2), intent(9)), known(Some(2), intent(9))),
        ("never met", known(None, None), known(None, None)),
        ("as high already", known(Some(6), intent(6)), known(Some(6), intent(6))),
        ("higher", known(Some(7), None), known(Some(7), None)),
    ] {
        assert_eq!(blind(&before), after, "{name}");
    }
}

#[test]
fn a_raise_with_memory_has_nothing_to_claim() {
    let stage = Stage::morning();
    stage.tick();
    assert_eq!((stage.count(Call::Load), stage.count(Call::Store)), (1, 2), "intent, then done");
}

#[test]
fn what_was_lowered_leaves() {
    let stage = Stage::night();
    stage.nightly();
    let group = stage.aws.group(&fleet()).unwrap();
    assert_eq!(group.weigh(|i| i.lifecycle == Lifecycle::Terminating), 2);
    stage.aws.advance(mins(2));
    assert_eq!(stage.aws.group(&fleet()).unwrap().in_service(), 8);
    assert!(stage.aws.wall() > stage.memory().last_lowering.unwrap().at);
}
