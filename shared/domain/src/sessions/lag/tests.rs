//! Lags and ages.

use super::*;
use crate::sessions::scene::{SEOUL, VIRGINIA, at, region, stamp};

#[test]
fn a_clock_that_is_behind_makes_no_negative_lag() {
    for (case, now, expected) in [("later", 1_250, 250), ("at once", 1_000, 0), ("before", 900, 0)]
    {
        assert_eq!(age_ms(&stamp(1_000, VIRGINIA), at(now)), expected, "{case}");
    }
}

#[test]
fn few_samples_stay_as_they_are_and_many_keep_their_ranks() {
    assert!(order_statistics(Vec::new()).is_empty());
    assert_eq!(order_statistics(vec![3, 1, 2]), [1, 2, 3]);
    let hundred: Vec<u64> = (0..100).rev().collect();
    assert_eq!(order_statistics(hundred), (0..100).collect::<Vec<_>>());
    for count in [101_u64, 199, 200, 1_000, 10_000] {
        // The sample is its rank in tenths of a per mille.
        let samples = (0..count).rev().map(|i| i * 10_000 / (count - 1)).collect();
        let kept = order_statistics(samples);
        assert_eq!(kept.len(), MOST, "{count}");
        assert_eq!((kept[0], kept[MOST - 1]), (0, 10_000), "the extremes stay: {count}");
        assert!(kept.is_sorted(), "{count}");
        assert!(kept[49].abs_diff(5_000) <= 150, "the median: {count} {}", kept[49]);
        assert!(kept[98].abs_diff(9_900) <= 150, "the 99th percentile: {count} {}", kept[98]);
    }
}

#[test]
fn lags_are_kept_by_region() {
    let mut lag = LagSamples::default();
    lag.add(&stamp(0, VIRGINIA), at(30));
    lag.add(&stamp(0, "eu-west-1"), at(7));
    lag.add(&stamp(20, VIRGINIA), at(30));
    let reduced = lag.reduced();
    assert_eq!(reduced[&region(VIRGINIA)], [10, 30]);
    assert_eq!(reduced[&region("eu-west-1")], [7]);
}

#[test]
fn an_age_is_of_the_newest_beat_of_each_other_region() {
    let beats = [
        stamp(0, VIRGINIA),
        stamp(500, VIRGINIA),
        stamp(200, VIRGINIA),
        stamp(0, SEOUL),
        stamp(400_000, "eu-west-1"),
    ];
    let ages = ages(&beats, &region(SEOUL), at(1_000));
    assert_eq!(ages.by_region, [(region(VIRGINIA), 500)].into());
    assert_eq!(ages.refused, 1, "a clock of the future says nothing");
}
