//! Scores: names, shards, sums, order.

use super::*;
use crate::sessions::scene::{SEOUL, VIRGINIA, at, region, score, word};

fn shards(number: u16) -> NonZeroU16 {
    NonZeroU16::new(number).unwrap()
}

#[test]
fn a_board_word_is_plain() {
    for (text, good) in [
        ("week:31", true),
        ("A-z_0.9", true),
        (&"m".repeat(128), true),
        ("", false),
        (&"m".repeat(129), false),
        ("a#b", false),
        ("k l", false),
        ("\u{1}c", false),
    ] {
        let made = BoardWord::new(text);
        assert_eq!(made.is_ok(), good, "{text}");
        assert!(made.is_ok() || text.is_empty() || !made.unwrap_err().contains(text), "{text}");
    }
}

/// The values are those of the published hash, for other languages to compare with.
#[test]
fn a_member_has_one_shard_in_every_language() {
    for (member, number, expected) in [
        // FNV-1a of `a` is af63dc4c8601ec8c, of `foobar` 85944171f73967e8.
        ("a", 1, 0),
        ("a", 16, 0xc),
        ("a", 10_007, 0xaf63_dc4c_8601_ec8c_u64 % 10_007),
        ("foobar", 16, 8),
        ("foobar", 65_535, 0x8594_4171_f739_67e8_u64 % 65_535),
    ] {
        let key = ShardKey::of(&word("week"), &word(member), shards(number));
        assert_eq!(u64::from(key.shard), expected, "{member} {number}");
        assert_eq!(key.to_string(), format!("score#week#{expected}"));
    }
}

#[test]
fn a_score_is_the_sum_over_regions() {
    let shard = ShardKey { board: word("week"), shard: 0 };
    let parts = [
        score(1, SEOUL, &shard, "kim", 7),
        score(2, VIRGINIA, &shard, "kim", -2),
        score(2, VIRGINIA, &shard, "lee", 5),
        score(2, VIRGINIA, &shard, "ann", 9),
    ];
    let totals = totals(&parts);
    assert_eq!(totals[&word("kim")], 5);
    let all = |pairs: &[(&str, i64)]| -> Vec<_> {
        pairs.iter().map(|(member, n)| (word(member), *n)).collect()
    };
    assert_eq!(first(totals.clone(), 9), all(&[("ann", 9), ("lee", 5), ("kim", 5)]));
    assert_eq!(first(totals.clone(), 2), all(&[("ann", 9), ("lee", 5)]));
    assert_eq!(first(totals, 0), []);
}

#[test]
fn another_regions_score_of_the_future_is_refused() {
    let shard = ShardKey { board: word("week"), shard: 0 };
    for (name, ms, refused) in
        [(VIRGINIA, 300_001, true), (VIRGINIA, 300_000, false), (SEOUL, 300_001, false)]
    {
        let part = score(ms, name, &shard, "kim", 1);
        assert_eq!(part.is_refused(&region(SEOUL), at(0)), refused, "{name} {ms}");
    }
}
