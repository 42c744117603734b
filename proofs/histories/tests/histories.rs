//! Random histories break no law: 10^5 of them in `make test`, 10^6 in `make test-deep`, each
//! decision put to the invariants checker and each change of the group judged from outside. They
//! reach every reason that there is at least 100 times.

use tidegate_domain::decide::decide;
use tidegate_histories::batch::{Batch, each};
use tidegate_histories::length::{length, seed};
use tidegate_histories::tally::Tally;
use tidegate_histories::{play, wrong};

/// How often each reason is reached at least.
const LEAST: u64 = 100;

#[test]
fn no_history_breaks_an_invariant_and_every_reason_is_reached() {
    let count = length(100_000, 1_000_000);
    let seed = seed();
    println!("{count} histories, seed {seed} (again: TIDEGATE_SEED={seed})");
    let summary = Batch { count, seed }.play(decide).unwrap_or_else(|broken| panic!("{broken}"));
    let played = &summary.played;
    println!(
        "{} histories, {} decisions checked, {} lowerings judged, {} notices: 0 laws broken",
        summary.histories, played.decisions, played.lowerings, played.notices
    );
    assert_eq!(summary.histories, count);
    assert!(played.lowerings * 5 > count, "too few lowerings to say anything");
    let mut reasons = played.reasons.clone();
    reasons.merge(&refusals(seed));
    println!("{reasons}");
    assert_eq!(reasons.below(LEAST), [], "reasons that were reached fewer than {LEAST} times");
}

/// The one reason that no right planner reaches: a decision that the checker refuses. It is
/// counted with a planner that breaks an invariant on purpose.
fn refusals(seed: u64) -> Tally {
    let upward = wrong::ALL.iter().find(|w| w.breaks == [8]).map(|w| w.plan);
    let plan = upward.unwrap_or(decide);
    let mut reached = Tally::default();
    for history in each(seed, 2_000) {
        if play(&history, plan).is_err() {
            reached.add("invariant_broken".into(), 1);
        }
    }
    reached
}
