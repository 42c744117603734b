//! When a process looks at the epoch, and when it may use the cache.

use super::*;
use crate::sessions::scene::at;

fn epoch(number: u64, doubt_until: Option<i64>) -> Epoch {
    Epoch { number, doubt_until: doubt_until.map(at) }
}

fn known_at(ms: i64, epoch: Epoch) -> EpochView {
    let mut view = EpochView::default();
    assert!(view.claim(at(ms)));
    view.learn(epoch, at(ms), at(ms));
    view
}

#[test]
fn one_caller_looks_every_five_seconds() {
    let mut view = known_at(0, epoch(1, None));
    assert!(!view.claim(at(4_999)));
    assert!(view.claim(at(5_000)));
    assert!(!view.claim(at(5_001)), "somebody is looking");
    assert!(view.claim(at(6_000)), "who never came back");
}

#[test]
fn without_a_look_the_cache_is_not_used() {
    assert_eq!(EpochView::default().usable(at(0)), None);
    let view = known_at(0, epoch(3, None));
    for (ms, usable) in [(0, Some(3)), (10_000, Some(3)), (10_001, None)] {
        assert_eq!(view.usable(at(ms)), usable, "{ms}");
    }
}

#[test]
fn nothing_is_used_in_doubt_and_two_seconds_longer() {
    let view = known_at(0, epoch(3, Some(4_000)));
    for (ms, usable) in [(0, None), (4_000, None), (6_000, None), (6_001, Some(3))] {
        assert_eq!(view.usable(at(ms)), usable, "{ms}");
    }
}

#[test]
fn a_look_that_began_earlier_says_nothing_new() {
    let mut view = known_at(1_000, epoch(4, None));
    view.learn(epoch(3, None), at(900), at(1_100));
    assert_eq!(view.usable(at(1_100)), Some(4));
    view.learn(epoch(5, None), at(1_000), at(1_100));
    assert_eq!(view.usable(at(1_100)), Some(5));
}

#[test]
fn a_clock_that_goes_back_is_no_reason_to_trust_for_long() {
    let mut view = known_at(3_600_000, epoch(4, None));
    assert_eq!(view.usable(at(0)), None, "known since the future");
    assert!(view.claim(at(0)), "the next look is not in an hour");
    view.learn(epoch(5, None), at(0), at(1));
    assert_eq!(view.usable(at(1)), Some(5));
}

#[test]
fn after_a_failure_one_caller_in_a_second_asks_the_cache() {
    let mut rest = CacheRest::default();
    assert!(rest.claim(at(0)) && rest.claim(at(0)));
    rest.failed(at(10));
    assert!(!rest.claim(at(1_009)));
    assert!(rest.claim(at(1_010)));
    assert!(!rest.claim(at(1_011)), "the others wait for the answer");
    rest.answered(at(1_010));
    assert!(rest.claim(at(1_012)) && rest.claim(at(1_012)));
}

#[test]
fn an_answer_to_an_earlier_call_does_not_end_the_rest() {
    let mut rest = CacheRest::default();
    rest.failed(at(10));
    rest.answered(at(10));
    assert!(!rest.claim(at(20)));
    rest.answered(at(11));
    assert!(rest.claim(at(20)));
}

#[test]
fn a_rest_is_not_longer_for_a_clock_that_goes_back() {
    let mut rest = CacheRest::default();
    rest.failed(at(3_600_000));
    assert!(rest.claim(at(0)));
}
