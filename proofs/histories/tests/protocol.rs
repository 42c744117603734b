//! What the model of the protocol found in the code, replayed on the real cycle: a run that comes
//! between a lowering's record and its write, answers that are late or lost, a wish that is taken
//! back.

#![expect(clippy::unwrap_used, reason = "what cannot be read fails the test")]

use jiff::SignedDuration;
use tidegate_domain::cycle::{CycleError, Run, cycle};
use tidegate_domain::ledger::LedgerEntry;
use tidegate_domain::signal::Signal;
use tidegate_fakes::{At, Call, FakeAws, Fault, block_on};
use tidegate_histories::policies::policy;
use tidegate_histories::stage::{Scene, Theatre, fleet};

/// Ten in service at 22:40 in Seoul, a load that needs two.
fn night() -> Theatre {
    let scene = Scene {
        policy: 0,
        minute: 620,
        min: 10,
        above: 0,
        floor_mode: false,
        foreign_unit: false,
        missing: false,
    };
    let mut theatre = Theatre::new(&scene);
    theatre.pass(20);
    theatre
}

fn serve(aws: &FakeAws, signal: Signal) -> Result<LedgerEntry, CycleError> {
    let run = Run {
        function: "test",
        fleet: fleet(),
        policy: policy(0).fleets.get(fleet()).unwrap(),
        signal,
        dry_run: false,
        policy_fault: None,
        ledger_life: SignedDuration::from_hours(24),
    };
    block_on(cycle(&aws.new_run(), &run))
}

fn lower(aws: &FakeAws) -> Result<LedgerEntry, CycleError> {
    serve(aws, Signal::Night { scheduled: None })
}

fn min_desired(aws: &FakeAws) -> (u32, u32) {
    let sizes = aws.sizes(fleet()).unwrap();
    (sizes.min, sizes.desired)
}

/// Right before the lowering's first write a tick runs whose lease call fails.
fn a_tick_without_the_lease_between(aws: &FakeAws) {
    aws.inject(At::call(Call::Acquire).nth(2), Fault::Throttled);
    aws.before(At::call(Call::SetMin).nth(1), |aws| {
        serve(aws, Signal::Tick).unwrap();
    });
}

/// Right before our write of desired capacity somebody raises it.
fn a_raise_between(aws: &FakeAws) {
    aws.before(At::call(Call::SetDesired).nth(1), |aws| {
        aws.outside_set_desired(fleet(), 14).unwrap();
    });
}

/// The lowering cuts the raise; the next tick gives it back.
#[track_caller]
fn cuts_and_gives_back(theatre: &mut Theatre) {
    lower(&theatre.aws).unwrap();
    assert_eq!(min_desired(&theatre.aws), (8, 8), "it was cut");
    theatre.pass(1);
    serve(&theatre.aws, Signal::Tick).unwrap();
    assert_eq!(min_desired(&theatre.aws), (14, 14));
}

#[test]
fn a_run_without_the_lease_leaves_the_holders_intent_alone() {
    let mut theatre = night();
    theatre.aws.protect_all(fleet(), true);
    a_tick_without_the_lease_between(&theatre.aws);
    lower(&theatre.aws).unwrap();
    assert_eq!(min_desired(&theatre.aws), (8, 8));
    theatre.pass(1);
    lower(&theatre.aws).unwrap();
    assert_eq!(min_desired(&theatre.aws), (8, 8), "no second step within the bake");
}

#[test]
fn a_cut_raise_is_given_back_though_a_run_without_the_lease_came_between() {
    let mut theatre = night();
    a_tick_without_the_lease_between(&theatre.aws);
    a_raise_between(&theatre.aws);
    cuts_and_gives_back(&mut theatre);
}

#[test]
fn a_cut_raise_is_given_back_though_the_answer_was_late() {
    let mut theatre = night();
    a_raise_between(&theatre.aws);
    theatre.aws.after(At::call(Call::SetDesired).nth(1), |aws| {
        aws.advance(SignedDuration::from_secs(7));
    });
    cuts_and_gives_back(&mut theatre);
}

#[test]
fn a_cut_raise_is_given_back_though_we_died_and_somebody_raised_again() {
    let mut theatre = night();
    a_raise_between(&theatre.aws);
    theatre.aws.inject(At::call(Call::SetDesired).nth(1), Fault::CrashAfter);
    assert!(lower(&theatre.aws).is_err());
    assert_eq!(min_desired(&theatre.aws), (8, 8), "it was cut");
    theatre.aws.outside_set_desired(fleet(), 9).unwrap();
    theatre.pass(2);
    for _ in 0..3 {
        serve(&theatre.aws, Signal::Tick).unwrap();
        theatre.pass(1);
    }
    assert_eq!(min_desired(&theatre.aws).1, 14);
}

#[test]
fn a_person_takes_their_minimum_back() {
    let mut theatre = night();
    lower(&theatre.aws).unwrap();
    theatre.pass(1);
    theatre.aws.outside_set_min(fleet(), 12).unwrap();
    for _ in 0..2 {
        serve(&theatre.aws, Signal::Tick).unwrap();
        theatre.pass(5);
    }
    assert_eq!(min_desired(&theatre.aws), (12, 12), "respected");
    theatre.aws.outside_set_min(fleet(), 8).unwrap();
    theatre.pass(5);
    serve(&theatre.aws, Signal::Tick).unwrap();
    assert_eq!(min_desired(&theatre.aws).0, 8, "and taken back");
}
