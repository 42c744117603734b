//! The real handler with duplicates, side by side, with losses: what it writes to the groups
//! is what it writes in peace.

#![expect(clippy::unwrap_used, reason = "a player that dies fails the proof")]

use std::ops::Range;
use std::thread;
use tidegate_domain::cycle::Planner;
use tidegate_domain::decide::decide;
use tidegate_proofs::crashes::runs::{Mark, Tally, play};
use tidegate_proofs::crashes::wrong;
use tidegate_proofs::length::length;

/// Each thread plays the seeds of its parity.
const THREADS: u64 = 2;

fn play_all(seeds: Range<u64>, planner: &'static Planner<'static>) -> Tally {
    thread::scope(|scope| {
        let part = |n| {
            let seeds = seeds.clone().filter(move |seed| seed % THREADS == n);
            scope.spawn(move || play(seeds, planner))
        };
        let parts: Vec<_> = (0..THREADS).map(part).collect();
        parts.into_iter().map(|part| part.join().unwrap()).fold(Tally::default(), Tally::and)
    })
}

#[test]
fn duplicates_concurrency_and_losses_change_no_capacity() {
    let tally = play_all(0..length(20_000, 100_000), &decide);
    let Tally { runs, served, changes, with, differing } = tally;
    println!("runs: {runs} of minutes, {served} of the handler; changes of capacity: {changes}");
    println!("capacity changes that differ: {}", differing.len());
    println!("runs with {with:?}");
    let shares = [
        (Mark::Duplicate, 75),
        (Mark::Concurrency, 75),
        (Mark::Death, 25),
        (Mark::LostAnswer, 10),
        (Mark::Throttle, 5),
        (Mark::Change, 75),
    ];
    for (mark, least) in shares {
        let count = with.get(&mark).copied().unwrap_or(0);
        assert!(count * 100 >= runs * least, "{mark:?}: only {count} of {runs}");
    }
    differing.iter().take(10).for_each(|what| println!("{what}"));
    assert!(differing.is_empty());
    assert!(served >= 100_000, "{served} runs of the handler");
}

#[test]
fn wrong_planners_are_caught() {
    for (name, planner) in wrong::ALL {
        let tally = play_all(0..1_000, planner);
        println!("{name}: {} of {} runs differ", tally.differing.len(), tally.runs);
        assert!(!tally.differing.is_empty(), "a planner that {name} was not caught");
    }
}

#[test]
fn a_seed_tells_the_whole_run() {
    let once = || format!("{:?}", play(0..100, &wrong::forgetful));
    assert_eq!(once(), once());
}
