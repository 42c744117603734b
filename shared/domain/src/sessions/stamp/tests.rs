//! Stamps: their text, their order, the next one, and those of a wrong clock.

use super::*;
use crate::sessions::scene::{SEOUL, VIRGINIA, at, region, stamp};

fn read(text: &str) -> Result<Stamp, String> {
    text.parse()
}

#[test]
fn a_stamp_is_its_text() {
    let written = stamp(0, SEOUL);
    assert_eq!(written.to_string(), "019cabd838000000-ap-northeast-2");
    for text in ["0000000000000000-a", "019cabd9c400ffff-us-gov-east-1", "e677cc8ba300ffff-r"] {
        assert_eq!(read(text).unwrap().to_string(), text, "{text}");
    }
}

#[test]
fn what_is_not_a_stamp_is_not_read() {
    for (case, text) in [
        ("nothing", ""),
        ("too short", "019cabd9c40000-ap-northeast-2"),
        ("no hyphen", "019cabd9c4000000ap-northeast-2"),
        ("a long number", "019cabd9c40000000-ap-northeast-2"),
        ("capitals", "019CABD9C4000000-ap-northeast-2"),
        ("a sign", "+19cabd9c4000000-ap-northeast-2"),
        ("no region", "019cabd9c4000000-"),
        ("a region in capitals", "019cabd9c4000000-Seoul"),
        ("a region with a space", "019cabd9c4000000-ap northeast"),
        ("a letter of two bytes at the cut", "019cabd9c400000\u{e9}-ap-northeast-2"),
        ("after the last time", "e677cc8ba3010000-ap-northeast-2"),
        ("after all times", "ffffffffffffffff-ap-northeast-2"),
    ] {
        let error = read(text).expect_err(case);
        assert!(text.is_empty() || !error.contains(text), "{case}: {error}");
    }
}

#[test]
fn a_region_has_a_code() {
    for (code, good) in [
        ("ap-northeast-2", true),
        ("a", true),
        (&"a".repeat(32), true),
        ("", false),
        (&"a".repeat(33), false),
        ("AP", false),
        ("a#1", false),
        ("a_b", false),
    ] {
        assert_eq!(RegionName::new(code).is_ok(), good, "{code}");
    }
}

#[test]
fn text_sorts_as_stamps_do() {
    let mut stamps = Vec::new();
    for ms in [0, 1, 255, 256, 1_772_409_600_000] {
        for counter in [0, 1, 0xff, 0x100, 0xffff] {
            for name in [SEOUL, VIRGINIA, "a", "b-1"] {
                stamps.push(Stamp { ms, counter, region: region(name) });
            }
        }
    }
    for a in &stamps {
        for b in &stamps {
            assert_eq!(a.to_string().cmp(&b.to_string()), a.cmp(b), "{a} {b}");
        }
    }
}

#[test]
fn the_next_stamp_is_larger_than_what_was_seen() {
    let seen = |ms: i64, counter| Stamp { counter, ..stamp(ms, VIRGINIA) };
    for (case, newest, expected) in [
        ("nothing was seen", None, Stamp { counter: 0, ..stamp(5, SEOUL) }),
        ("the clock is ahead of it", Some(seen(4, 9)), Stamp { counter: 0, ..stamp(5, SEOUL) }),
        ("the same millisecond", Some(seen(5, 0)), Stamp { counter: 1, ..stamp(5, SEOUL) }),
        ("the clock is behind it", Some(seen(9, 7)), Stamp { counter: 8, ..stamp(9, SEOUL) }),
        ("the counter is full", Some(seen(9, 0xffff)), Stamp { counter: 0, ..stamp(10, SEOUL) }),
    ] {
        let next = Stamp::next(at(5), newest.as_ref(), &region(SEOUL));
        assert_eq!(next, expected, "{case}");
        assert!(newest.is_none_or(|newest| next > newest), "{case}");
    }
}

#[test]
fn even_after_the_last_stamp_there_is_a_next_one() {
    let last = read("e677cc8ba300ffff-us-east-1").unwrap();
    let next = Stamp::next(at(0), Some(&last), &region(SEOUL));
    assert!(next > last, "{next}");
    assert_eq!(next.at(), Timestamp::MAX, "no time says it");
}

#[test]
fn a_time_before_1970_is_1970() {
    let next = Stamp::next(Timestamp::MIN, None, &region("a"));
    assert_eq!(next.to_string(), "0000000000000000-a");
}

#[test]
fn more_than_five_minutes_ahead_is_too_far() {
    let written = stamp(300_000, VIRGINIA);
    for (now, ahead) in [(0, false), (-1, true), (1, false), (300_000, false), (900_000, false)] {
        assert_eq!(written.is_ahead(at(now)), ahead, "{now}");
    }
    assert!(!written.is_ahead(Timestamp::MAX), "no time is ahead of the last one");
}
