//! Random histories of sessions in three regions break no law: 10^5 of them in `make test`, 10^6
//! in `make test-deep`; and everything that can go wrong in them went wrong often enough.

use tidegate_histories::length::{length, seed};
use tidegate_session_proofs::play::Space;

/// What happens in histories. Each at least once in a thousand of them, but the last ones.
const OFTEN: [&str; 38] = [
    "create",
    "update",
    "touch",
    "end",
    "get",
    "add",
    "rank",
    "serve",
    "tick",
    "refused",
    "meeting",
    "kept alive",
    "long time",
    "delay",
    "partition",
    "heal",
    "part expiry",
    "part expiry of a living session",
    "eviction",
    "cache pause",
    "cache pause unread",
    "cache killed",
    "cache torn",
    "cache resumes",
    "applied",
    "doubted",
    "already doubted",
    "poison",
    "poisoned",
    "trouble",
    "lost answer",
    "crash",
    "zombie",
    "delivered again",
    "far ahead",
    "refused stamp",
    // Rarer.
    "doubt lost",
    "tombstone expiry",
];

#[test]
fn no_history_breaks_a_law_and_everything_happens() {
    let count = length(100_000, 1_000_000);
    let seed = seed();
    println!("{count} histories, seed {seed} (again: TIDEGATE_SEED={seed})");
    let space = Space::new(seed);
    let summary = space.play_all(count);
    println!("{}", summary.tally);
    if let Some((number, broken)) = summary.broken {
        panic!("history {number} of seed {seed}: {broken}\n{}", space.tell(number).join("\n"));
    }
    println!("{count} histories: 0 laws broken");
    for (place, what) in OFTEN.iter().enumerate() {
        let least = if place < 36 { count / 1_000 } else { count / 20_000 };
        let times = summary.tally.of(what);
        assert!(times >= least.max(1), "{what}: {times} times, at least {least} wanted");
    }
    assert!(summary.tally.of("applied late") > 0, "no invocation that was given up went on");
}
