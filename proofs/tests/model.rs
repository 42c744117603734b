//! The model of the protocol, checked exhaustively; and each of its rules broken, to see that
//! the model would notice.
//!
//! What must stay true: the full model has a million states and more, no property fails in any
//! of them, and everything that should be possible in it was seen.

use stateright::{Checker, HasDiscoveries, Model};
use std::time::Instant;
use tidegate_proofs::length::length;
use tidegate_proofs::model::{Budget, Flaw, Protocol, Rules};

const MAX: u8 = 4;

fn budget(faults: u8, raises: u8, people: u8, breaches: u8) -> Budget {
    Budget { faults, raises, people, breaches }
}

fn protocol(flaw: Option<Flaw>, budget: Budget) -> Protocol {
    Protocol { rules: Rules { max: MAX, flaw }, budget }
}

/// Checks every state; how many there are.
fn check(budget: Budget) -> usize {
    let start = Instant::now();
    let failed = HasDiscoveries::AnyFailures;
    let checker = protocol(None, budget).checker().finish_when(failed).spawn_bfs().join();
    let (states, depth) = (checker.unique_state_count(), checker.max_depth());
    let secs = start.elapsed().as_secs_f64();
    println!("{budget:?}: {states} states, depth {depth}, {secs:.1} s");
    checker.assert_properties();
    states
}

#[test]
fn every_property_holds_in_every_state() {
    let full = check(budget(1, 1, 0, 1));
    assert!(full >= 1_000_000, "{full} states");
}

#[test]
fn every_property_holds_with_two_faults_and_with_a_persons_minimum() {
    let breaches = u8::from(length(0, 1) > 0);
    check(budget(2, 1, 0, breaches));
    check(budget(1, 1, 1, breaches));
}

/// A broken rule, what must happen for it to be seen, the property that it breaks.
type Control = (Flaw, Budget, &'static str);

fn controls() -> [Control; 19] {
    const STEP: &str = "one step down in a bake";
    const BACK: &str = "a cut raise is given back";
    [
        (Flaw::RelativeStep, budget(1, 0, 0, 0), STEP),
        (Flaw::ShortLease, budget(0, 0, 0, 0), "one run has the lease"),
        (Flaw::ShortLease, budget(0, 0, 0, 0), STEP),
        (Flaw::DesiredUpward, budget(0, 0, 0, 1), "desired is never written upward"),
        (Flaw::DesiredUpward, budget(0, 1, 0, 1), "a raise takes nothing away"),
        (Flaw::NoCompareAndSet, budget(1, 0, 0, 0), STEP),
        (Flaw::NoCompareAndSet, budget(1, 0, 0, 1), "a recorded bid is never lost"),
        (Flaw::NoCompareAndSet, budget(1, 0, 0, 1), "nothing goes below a recorded bid"),
        (Flaw::NoSecondLook, budget(0, 1, 0, 0), "a raise that was seen is never cut"),
        (Flaw::NoIntent, budget(1, 0, 0, 0), "a crash heals within three tries"),
        (Flaw::NoAudit, budget(0, 1, 0, 0), BACK),
        (Flaw::NoMark, budget(0, 0, 0, 0), "who is turned away is served"),
        (Flaw::WaitsForTheTable, budget(0, 0, 0, 1), "a breach is answered"),
        (Flaw::ForgetsItsRaise, budget(0, 0, 0, 1), "in calm it ends at the floor"),
        (Flaw::SettlesForOthers, budget(1, 0, 0, 0), STEP),
        (Flaw::AsksAgain, budget(1, 1, 0, 0), BACK),
        (Flaw::NarrowAudit, budget(1, 1, 0, 0), BACK),
        (Flaw::NoDoubt, budget(1, 2, 0, 0), BACK),
        (Flaw::SettlesByMin, budget(1, 1, 1, 0), STEP),
    ]
}

/// A path to a state in which the property fails, of fewer than `below` events.
fn failure((flaw, budget, property): Control, below: usize) -> Option<usize> {
    let found = HasDiscoveries::AnyOf([property].into());
    let checker = protocol(Some(flaw), budget).checker().finish_when(found);
    let checker = checker.target_max_depth(below).spawn_bfs().join();
    Some(checker.discovery(property)?.into_actions().len())
}

/// The checker may have passed over a shorter path than the one it tells.
fn shortest(control: Control) -> Option<usize> {
    let mut best = failure(control, usize::MAX)?;
    while let Some(shorter) = failure(control, best) {
        best = shorter;
    }
    Some(best)
}

#[test]
fn every_broken_rule_is_noticed() {
    for control in controls() {
        let (flaw, _, property) = control;
        let events = shortest(control).unwrap_or_else(|| panic!("{flaw:?}: {property:?} holds"));
        println!("{flaw:?}: not \"{property}\" after {events} events");
    }
}

/// The same events with no rule broken break nothing: it is the rule that makes the difference.
#[test]
fn without_a_broken_rule_nothing_is_noticed_in_the_controls_worlds() {
    for (_, budget, _) in controls() {
        let failed = HasDiscoveries::AnyFailures;
        let checker = protocol(None, budget).checker().finish_when(failed).spawn_bfs().join();
        for (property, _) in checker.discoveries() {
            let kind = checker.discovery_classification(property).to_string();
            assert_eq!(kind, "example", "{property}");
        }
    }
}
