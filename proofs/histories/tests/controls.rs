//! The laws can fail: each invariant has planners that are wrong on purpose, and each of them is
//! caught, by the checker before it acts and, where nobody checks it, by the harm on the group.

use tidegate_histories::batch::each;
use tidegate_histories::length::seed;
use tidegate_histories::wrong::{ALL, Wrong};
use tidegate_histories::{Broken, Checker, play_with};

/// A wrong planner is caught within this many histories.
const PATIENCE: usize = 20_000;

/// After how many histories the planner was caught, and by what.
fn caught(wrong: &Wrong, checker: Checker) -> Option<(usize, Broken)> {
    let histories = each(seed(), PATIENCE).enumerate();
    let mut broken = histories.map(|(n, history)| (n, play_with(&history, wrong.plan, checker)));
    broken.find_map(|(n, played)| played.err().map(|broken| (n + 1, broken)))
}

#[test]
fn the_checker_catches_every_wrong_planner() {
    for wrong in ALL {
        let (after, broken) = caught(&wrong, Checker::On)
            .unwrap_or_else(|| panic!("{}: not caught in {PATIENCE} histories", wrong.name));
        println!("{:45} caught after {after:5} histories: {broken}", wrong.name);
        assert!(wrong.breaks.contains(&broken.number), "{}: {broken}", wrong.name);
    }
}

#[test]
fn without_the_checker_the_laws_see_the_harm() {
    for wrong in ALL.iter().filter(|w| w.harms) {
        let (after, broken) = caught(wrong, Checker::Off)
            .unwrap_or_else(|| panic!("{}: no harm in {PATIENCE} histories", wrong.name));
        println!("{:45} caught after {after:5} histories: {broken}", wrong.name);
    }
}

#[test]
fn every_invariant_has_a_wrong_planner() {
    for number in 1..=8 {
        assert!(ALL.iter().any(|w| w.breaks.first() == Some(&number)), "invariant {number}");
    }
}
