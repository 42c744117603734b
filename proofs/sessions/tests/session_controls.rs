//! The laws can fail: sessions as somebody could build them by mistake lose, each by a law that is
//! about its mistake; and so does a partition that is longer than what the parts are made for.

use jiff::SignedDuration;
use tidegate_histories::length::seed;
use tidegate_session_proofs::play::Space;
use tidegate_session_proofs::wrong::ALL;

/// A mistake is seen within this many histories.
const PATIENCE: u64 = 60_000;

/// The first history that breaks one of these laws, and how.
fn caught(space: Space, laws: &[&str]) -> Option<(u64, String)> {
    (0..PATIENCE).find_map(|number| {
        let broken = space.play(number).broken.filter(|broken| laws.contains(&broken.law));
        broken.map(|broken| (number + 1, broken.to_string()))
    })
}

#[test]
fn every_mistake_loses() {
    for (wrong, laws) in ALL {
        let space = Space { wrong: Some(wrong), ..Space::new(seed()) };
        let (after, how) = caught(space, laws)
            .unwrap_or_else(|| panic!("{wrong:?}: not seen in {PATIENCE} histories"));
        println!("{:18} seen after {after:5} histories: {how}", format!("{wrong:?}"));
    }
}

#[test]
fn a_partition_of_three_days_loses() {
    let longest_cut = SignedDuration::from_hours(72);
    let space = Space { longest_cut, ..Space::new(seed()) };
    let laws = ["field lost with a part", "update lost", "session lost", "logout undone"];
    let (after, how) = caught(space, &laws).expect("no loss");
    println!("three days: seen after {after} histories: {how}");
}
