//! Every side effect of every function, lost in every way: within three tries the world is
//! where it is without the loss. The number of points may not fall.

#![expect(clippy::unwrap_used, reason = "what cannot be read fails the test")]

use std::collections::BTreeMap;
use tidegate_domain::decide::decide;
use tidegate_domain::duty::Duty;
use tidegate_proofs::crashes::effect::Effect;
use tidegate_proofs::crashes::points::{Found, enumerate};
use tidegate_proofs::crashes::{scenes, wrong};

const DUTIES: [Duty; 3] = [Duty::Night, Duty::Day, Duty::Spike];

#[test]
fn a_loss_at_any_call_heals_within_three_tries() {
    let found = enumerate(&scenes::all(), &decide);
    print(&found);
    for difference in &found.differing {
        println!("{difference}");
    }
    assert!(found.differing.is_empty(), "{} points make a difference", found.differing.len());
    every_effect_has_a_point(&found);
    the_number_of_points_is_the_committed_one(&found.points);
    // Not in vain: losses did strike, were healed by a second and a third try, and some of them
    // between a notice and its mark.
    assert!(found.tries.iter().all(|&runs| runs > 100), "{:?}", found.tries);
    assert!(found.told_twice > 10, "{}", found.told_twice);
}

/// A new side effect, or one that a function did not have before, needs a scene.
fn every_effect_has_a_point(found: &Found) {
    for duty in DUTIES {
        for effect in Effect::ALL {
            let points = found.effects.get(&(duty.function(), effect)).copied().unwrap_or(0);
            let what = format!("{}: {points} points of {effect}", duty.function());
            assert_eq!(points > 0, effect.is_of(duty), "{what}");
        }
    }
    let known = |effect: &Effect| Effect::ALL.contains(effect);
    let unknown: Vec<_> = found.effects.keys().filter(|(_, effect)| !known(effect)).collect();
    assert!(unknown.is_empty(), "effects without a row in the table: {unknown:?}");
}

fn the_number_of_points_is_the_committed_one(points: &BTreeMap<&str, usize>) {
    let committed = include_str!("../crash-points.txt");
    let rows = committed.lines().filter(|line| !line.starts_with('#'));
    let rows: BTreeMap<&str, usize> = rows
        .map(|row| row.split_once(' ').unwrap())
        .map(|(function, points)| (function, points.parse().unwrap()))
        .collect();
    for (function, count) in points {
        let before = rows.get(function).copied().unwrap_or(0);
        assert!(*count >= before, "{function}: {count} points, there were {before}");
        let raise = "raise the number in proofs/crash-points.txt, so that it does not fall again";
        assert!(*count == before, "{function}: {count} points, there were {before}: {raise}");
    }
    assert_eq!(rows.len(), points.len(), "a function has no points");
}

fn print(found: &Found) {
    println!("{:<24}{:>8}{:>8}{:>8}", "points at", "night", "day", "spike");
    for effect in Effect::ALL {
        let points = DUTIES.map(|duty| found.effects.get(&(duty.function(), effect)));
        let [night, day, spike] = points.map(|count| count.copied().unwrap_or(0));
        println!("{:<24}{night:>8}{day:>8}{spike:>8}", effect.to_string());
    }
    let [night, day, spike] = DUTIES.map(|duty| found.points.get(duty.function()).unwrap());
    println!("{:<24}{night:>8}{day:>8}{spike:>8}", "all, reads too");
    println!("crash points: {} in {} scenes", found.total(), scenes::all().len());
    println!("runs by tries, one to three: {:?}; told twice: {}", found.tries, found.told_twice);
}

#[test]
fn wrong_planners_are_caught() {
    let scenes: Vec<_> = scenes::all().into_iter().filter(|s| s.fleets.len() == 1).collect();
    for (name, planner) in wrong::ALL {
        let found = enumerate(&scenes, planner);
        let first = found.differing.first().map(ToString::to_string).unwrap_or_default();
        println!("{name}: {} of {} points, first {first}", found.differing.len(), found.total());
        assert!(!found.differing.is_empty(), "a planner that {name} was not caught");
    }
}
