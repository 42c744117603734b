//! Six nights of chaos, replayed byte for byte from their seed.

#![expect(clippy::panic, reason = "a broken law fails the proof")]

use tidegate_histories::length::{length, seed};
use tidegate_histories::nights::night;

const NIGHTS: u32 = 6;

fn nights(seed: u64) -> Vec<String> {
    (0..NIGHTS).map(|n| night(seed, n).unwrap_or_else(|b| panic!("night {n}: {b}"))).collect()
}

#[test]
fn six_nights_of_chaos_are_replayed_byte_for_byte() {
    let rounds = length(1, 50);
    for seed in (0..rounds).map(|round| seed().wrapping_add(round)) {
        // Another thread: neither where nor when it is played may show.
        let first = std::thread::spawn(move || nights(seed));
        let second = nights(seed);
        let first = first.join().unwrap_or_else(|_| panic!("a panic"));
        for (number, (first, second)) in first.iter().zip(&second).enumerate() {
            let differs = first.lines().zip(second.lines()).find(|(a, b)| a != b);
            assert_eq!(differs, None, "seed {seed}, night {number}");
            assert_eq!(first.len(), second.len(), "seed {seed}, night {number}");
            assert!(first.lines().count() > 2_000, "a night without events");
        }
        let bytes: usize = second.iter().map(String::len).sum();
        println!("seed {seed}: {NIGHTS} nights, {bytes} bytes, replayed byte for byte");
    }
}

#[test]
fn another_seed_is_another_night() {
    let one = night(1, 0).unwrap_or_else(|b| panic!("{b}"));
    assert_ne!(one, night(2, 0).unwrap_or_else(|b| panic!("{b}")));
}
