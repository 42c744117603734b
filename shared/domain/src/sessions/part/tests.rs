//! Parts: keys, names, sort keys, their time to live, and what a wrong clock wrote.

use super::*;
use crate::sessions::scene::{SEOUL, VIRGINIA, at, fields, part, region, stamp, tombstone};

#[test]
fn a_key_has_64_lower_case_digits() {
    for (case, text, good) in [
        ("good", "0123456789abcdef".repeat(4), true),
        ("short", "0".repeat(63), false),
        ("long", "0".repeat(65), false),
        ("capitals", "A".repeat(64), false),
        ("no digit", format!("{}g", "0".repeat(63)), false),
        ("64 bytes of other letters", "\u{e9}".repeat(32), false),
        ("empty", String::new(), false),
    ] {
        let made = SessionKey::new(&text);
        assert_eq!(made.is_ok(), good, "{case}");
        match made {
            Ok(key) => assert_eq!(key.as_str(), text),
            Err(error) => assert!(text.is_empty() || !error.contains(&text), "{case}: {error}"),
        }
    }
}

#[test]
fn neither_a_key_nor_a_value_is_printed() {
    let key = SessionKey::new(&"0123456789abcdef".repeat(4)).unwrap();
    assert_eq!(format!("{key:?}"), "SessionKey(01234567..)");
    let part = part(0, SEOUL, &[("cart", "canary")]);
    let printed = format!("{part:?}");
    assert!(printed.contains("FieldValue(6 bytes)"), "{printed}");
    assert!(!printed.contains("canary"), "{printed}");
    assert!(!printed.contains(&"a".repeat(9)), "{printed}");
}

#[test]
fn a_name_is_plain() {
    for (text, good) in [
        ("cart", true),
        ("A-z_0.9", true),
        (&"n".repeat(64), true),
        ("", false),
        (&"n".repeat(65), false),
        ("a b", false),
        ("a#b", false),
        ("caf\u{e9}", false),
    ] {
        assert_eq!(FieldName::new(text).is_ok(), good, "{text}");
    }
}

#[test]
fn a_sort_key_is_a_region_and_a_generation() {
    let id = |name: &str, generation| PartId { region: region(name), generation };
    for (text, expected) in [
        ("ap-northeast-2", Some(id(SEOUL, 0))),
        ("ap-northeast-2#1", Some(id(SEOUL, 1))),
        ("us-east-1#4294967295", Some(id(VIRGINIA, u32::MAX))),
        ("ap-northeast-2#0", None),
        ("ap-northeast-2#01", None),
        ("ap-northeast-2#+1", None),
        ("ap-northeast-2#", None),
        ("ap-northeast-2#1#1", None),
        ("ap-northeast-2#4294967296", None),
        ("#1", None),
        ("", None),
    ] {
        assert_eq!(text.parse().ok(), expected, "{text}");
        if let Some(id) = expected {
            assert_eq!(id.to_string(), text);
        }
    }
}

#[test]
fn a_new_part_has_a_number_that_none_had_before() {
    let hours = u32::try_from(at(0).as_second() / 3600).unwrap();
    let fresh = |last: Option<u32>, now| {
        let last = last.map(|generation| PartId { region: region(SEOUL), generation });
        PartId::fresh(&region(SEOUL), last.as_ref(), now).generation
    };
    for (case, last, now, expected) in [
        ("none is there", None, at(0), hours),
        ("the same hour", None, at(3_599_999), hours),
        ("the next hour", None, at(3_600_000), hours + 1),
        ("after the first", Some(0), at(0), hours),
        ("after yesterday's", Some(hours - 24), at(0), hours),
        ("the clock went back", Some(hours + 3), at(0), hours + 4),
        ("before 1970 none is the first", None, Timestamp::MIN, 1),
    ] {
        assert_eq!(fresh(last, now), expected, "{case}");
    }
}

#[test]
fn a_part_is_kept_longer_than_its_session() {
    let live = part(0, SEOUL, &[]);
    let day = SignedDuration::from_hours(24);
    assert_eq!(live.expires_at(), live.live_until + day);
    let ended = tombstone(0, SEOUL);
    assert_eq!(ended.expires_at(), ended.not_after + day * 7);
    let endless = SessionPart { live_until: Timestamp::MAX, ..part(0, SEOUL, &[]) };
    assert_eq!(endless.expires_at(), endless.not_after + day * 7, "no longer than a tombstone");
    let last = SessionPart { not_after: Timestamp::MAX, ..tombstone(0, SEOUL) };
    assert_eq!(last.expires_at(), Timestamp::MAX);
}

#[test]
fn the_newest_stamp_may_stand_anywhere() {
    let of = |at_ms: i64, ended: Option<i64>, field: i64| {
        let fields = fields(&[("a", "1")], &stamp(field, VIRGINIA));
        let ended = ended.map(|ms| stamp(ms, VIRGINIA));
        SessionPart { fields, ended, ..part(at_ms, SEOUL, &[]) }.newest().clone()
    };
    assert_eq!(of(9, Some(2), 3), stamp(9, SEOUL));
    assert_eq!(of(1, Some(9), 3), stamp(9, VIRGINIA));
    assert_eq!(of(1, None, 9), stamp(9, VIRGINIA));
}

#[test]
fn another_regions_wrong_clock_is_refused_whole() {
    let ahead = 300_001;
    let field = SessionPart {
        fields: fields(&[("a", "1")], &stamp(ahead, SEOUL)),
        ..part(0, VIRGINIA, &[])
    };
    let ended = SessionPart { ended: Some(stamp(ahead, SEOUL)), ..part(0, VIRGINIA, &[]) };
    for (case, part, refused) in [
        ("its write", part(ahead, VIRGINIA, &[]), true),
        ("one of its fields", field, true),
        ("its end", ended, true),
        ("just within", part(ahead - 1, VIRGINIA, &[]), false),
        ("our own", part(ahead, SEOUL, &[]), false),
    ] {
        assert_eq!(part.is_refused(&region(SEOUL), at(0)), refused, "{case}");
    }
}
