//! Random decisions: 300,000 in `make test`, 10^7 in `make test-deep`, not one unsafe lowering.

#![expect(clippy::panic, reason = "a broken law fails the proof")]

use std::time::Instant;
use tidegate_histories::decisions::{DANGERS, Judged, judge};
use tidegate_histories::dice::Dice;
use tidegate_histories::length::{length, seed};

/// Judges on every core.
fn judge_all(count: u64, seed: u64) -> Judged {
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let threads = u64::try_from(threads).unwrap_or(1);
    std::thread::scope(|scope| {
        let share = |n: u64| count / threads + u64::from(n < count % threads);
        let work = |n: u64| move || judge(&mut Dice::new(seed.wrapping_add(n << 32)), share(n));
        let workers: Vec<_> = (0..threads).map(|n| scope.spawn(work(n))).collect();
        let mut all = Judged::default();
        for worker in workers {
            let judged = worker.join().unwrap_or_else(|_| panic!("a panic"));
            all.merge(&judged.unwrap_or_else(|unsafe_one| panic!("{unsafe_one}")));
        }
        all
    })
}

#[test]
fn no_random_decision_lowers_against_a_danger() {
    let (count, seed) = (length(300_000, 10_000_000), seed());
    let began = Instant::now();
    let judged = judge_all(count, seed);
    println!(
        "{} decisions (seed {seed}, {} s): {} lowerings where nothing speaks against it, {} \
         raises, 0 unsafe lowerings",
        judged.decisions,
        began.elapsed().as_secs(),
        judged.lowerings,
        judged.raises
    );
    assert_eq!(judged.decisions, count);
    assert!(judged.lowerings * 5 > count, "too few lowerings to say anything");
    assert!(judged.raises * 100 > count, "too few raises to say anything");
    for danger in &DANGERS {
        let planted = judged.planted.get(danger.name).copied().unwrap_or(0);
        assert!(planted * 200 > count, "{} was planted {planted} times", danger.name);
    }
}
