//! Items both ways, and everything that is refused in one.

use super::*;

const KEY: &str = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";

fn stamp(text: &str) -> Stamp {
    text.parse().unwrap()
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

fn a_part() -> SessionPart {
    let field =
        |at: &str, value: Option<&str>| Field { at: stamp(at), value: value.map(FieldValue::new) };
    SessionPart {
        key: SessionKey::new(KEY).unwrap(),
        id: "ap-northeast-2#3".parse().unwrap(),
        fields: BTreeMap::from([
            (FieldName::new("cart").unwrap(), field("018f3c2a1b000000-us-east-1", Some("canary"))),
            (FieldName::new("empty").unwrap(), field("018f3c2a1b000001-us-east-1", Some(""))),
            (FieldName::new("gone").unwrap(), field("018f3c2a1b000002-ap-northeast-2", None)),
        ]),
        ended: None,
        not_after: at(1_800_000_000),
        live_until: at(1_799_999_000),
        written: stamp("018f3c2a1b000003-ap-northeast-2"),
        writer: "0123456789abcdef".to_owned(),
    }
}

fn a_score(n: i64) -> ScorePart {
    ScorePart {
        shard: ShardKey { board: BoardWord::new("week:31").unwrap(), shard: 3 },
        member: BoardWord::new("kim.7").unwrap(),
        region: RegionName::new("ap-northeast-2").unwrap(),
        n,
        written: stamp("018f3c2a1b000003-ap-northeast-2"),
        writer: "0123456789abcdef".to_owned(),
    }
}

#[test]
fn parts_read_back_as_they_were_written() {
    let live = a_part();
    let ended = SessionPart { ended: Some(live.written.clone()), ..live.clone() };
    let bare =
        SessionPart { fields: BTreeMap::new(), id: "eu-west-1".parse().unwrap(), ..live.clone() };
    let bare = SessionPart { written: stamp("0000000000000000-eu-west-1"), ..bare };
    for wanted in [live, ended, bare] {
        assert_eq!(part(&of_part(&wanted)).as_ref(), Ok(&wanted));
    }
    for n in [0, -7, MAX_SCORE, -MAX_SCORE] {
        assert_eq!(score(&of_score(&a_score(n))), Ok(a_score(n)));
    }
    let newest = stamp("018f3c2a1b00ffff-eu-west-1");
    assert_eq!(beat(&of_beat(&newest, at(5))), Ok(newest));
}

/// Other programs write it too: its form is part of the contract.
#[test]
fn an_item_has_this_form() {
    let part = SessionPart { ended: Some(stamp("018f3c2a1b000003-ap-northeast-2")), ..a_part() };
    let told = |json: String| serde_json::from_str::<serde_json::Value>(&json).unwrap();
    let written = told(serde_json::to_string(&of_part(&part)).unwrap());
    let expected = serde_json::json!({
        "pk": {"S": format!("session#{KEY}")}, "sk": {"S": "ap-northeast-2#3"},
        "fields": {"M": {
            "cart": {"M": {"v": {"S": "canary"}, "t": {"S": "018f3c2a1b000000-us-east-1"}}},
            "empty": {"M": {"v": {"S": ""}, "t": {"S": "018f3c2a1b000001-us-east-1"}}},
            "gone": {"M": {"t": {"S": "018f3c2a1b000002-ap-northeast-2"}}},
        }},
        "ended": {"S": "018f3c2a1b000003-ap-northeast-2"},
        "not_after": {"N": "1800000000"}, "live_until": {"N": "1799999000"},
        "expires_at": {"N": "1800604800"}, "written": {"S": "018f3c2a1b000003-ap-northeast-2"},
        "writer": {"S": "0123456789abcdef"}, "v": {"N": "1"},
    });
    assert_eq!(written, expected);
    let written = told(serde_json::to_string(&of_score(&a_score(-5))).unwrap());
    let expected = serde_json::json!({
        "pk": {"S": "score#week:31#3"}, "sk": {"S": "kim.7#ap-northeast-2"}, "n": {"N": "-5"},
        "written": {"S": "018f3c2a1b000003-ap-northeast-2"},
        "writer": {"S": "0123456789abcdef"}, "v": {"N": "1"},
    });
    assert_eq!(written, expected);
}

/// An attribute, what stands there instead (nothing: it is missing), and what is said of it.
type Wrong = (&'static str, Option<Attribute<'static>>, &'static str);

fn text(text: &'static str) -> Option<Attribute<'static>> {
    Some(Attribute::text(text))
}

fn number(digits: &'static str) -> Option<Attribute<'static>> {
    Some(Attribute::Number(digits.into()))
}

/// One field, with these attributes.
fn field(name: &'static str, inside: Attributes<'static>) -> Option<Attribute<'static>> {
    Some(Attribute::Map(Attributes::default().with(name, Attribute::Map(inside))))
}

fn changed<'a>(
    item: &Attributes<'a>,
    name: &'a str,
    value: Option<Attribute<'a>>,
) -> Attributes<'a> {
    let kept = item.iter().filter(|(there, _)| *there != name);
    let kept = kept.map(|(there, value)| (there.to_owned().into(), value.clone()));
    let changed: Attributes<'a> = kept.collect();
    match value {
        Some(value) => changed.with(name, value),
        None => changed,
    }
}

#[test]
fn a_part_with_a_fault_says_which() {
    let stamped = || Attributes::default().with("t", Attribute::text("018f3c2a1b000000-us-east-1"));
    let wrong: &[Wrong] = &[
        ("pk", None, "`pk` is missing"),
        ("pk", text("session#canary"), "64 lower-case hexadecimal digits"),
        ("pk", text("canary"), "64 lower-case hexadecimal digits"),
        ("pk", number("1"), "`pk` is not a string"),
        ("sk", text("ap-northeast-2#03"), "`sk`: not a generation"),
        ("sk", text("ap-northeast-2#0"), "`sk`: not a generation"),
        ("sk", text("ap-northeast-2#4294967296"), "`sk`: not a generation"),
        ("sk", text("CANARY"), "`sk`: a region's code"),
        ("fields", None, "`fields` is missing"),
        ("fields", text("canary"), "`fields` is not a map"),
        ("fields", field("c a n a r y", stamped()), "a field of `fields`: a field's name"),
        ("fields", field("", stamped()), "a field of `fields`: a field's name"),
        ("fields", field("a", Attributes::default()), "a field of `fields`: `t` is missing"),
        ("fields", field("a", stamped().with("t", Attribute::text("canary"))), "`t`: a stamp has"),
        ("fields", field("a", stamped().with("v", Attribute::Other)), "`v` is not a string"),
        (
            "fields",
            Some(Attribute::Map(Attributes::default().with("a", Attribute::Other))),
            "not a map",
        ),
        ("ended", number("1"), "`ended` is not a string"),
        ("ended", text("now"), "`ended`: a stamp has"),
        ("not_after", text("1"), "`not_after` is not a number"),
        ("not_after", number("1.5"), "`not_after` is not a whole number in range"),
        ("not_after", number("9223372036854775807"), "`not_after` is out of range"),
        ("live_until", None, "`live_until` is missing"),
        ("written", None, "`written` is missing"),
        ("written", text("018F3C2A1B000003-ap-northeast-2"), "`written`: a stamp has"),
        ("written", text("018f3c2a1b000003-us-east-1"), "the stamp of another region"),
        ("writer", None, "`writer` is missing"),
        ("v", None, "`v` is missing"),
        ("v", text("1"), "`v` is not a number"),
        ("v", number("0"), "`v` is 0"),
        ("v", number("2"), "`v` is 2: written by another version"),
    ];
    let good = a_part();
    let good = of_part(&good);
    for (name, value, why) in wrong {
        let error = part(&changed(&good, name, value.clone())).unwrap_err();
        assert!(error.contains(why), "{name}: {error}");
        assert!(!error.to_lowercase().contains("canary"), "{error}");
    }
}

#[test]
fn a_score_or_a_beat_with_a_fault_says_which() {
    let good = a_score(7);
    let good = of_score(&good);
    let wrong: &[Wrong] = &[
        ("pk", text("score#canary"), "`pk`: a board or member has"),
        ("pk", text("score#board#03"), "`pk`: not the number of a shard"),
        ("pk", text("score#board#65536"), "`pk`: not the number of a shard"),
        ("pk", text("score#b#o#3"), "`pk`: not the number of a shard"),
        ("pk", text("score##3"), "`pk`: a board or member has"),
        ("sk", text("canary"), "`sk`: a board or member has"),
        ("sk", text("kim.7#"), "`sk`: a region's code"),
        ("sk", text("kim.7#us-east-1#1"), "`sk`: a region's code"),
        ("n", text("7"), "`n` is not a number"),
        ("n", number("7.0"), "`n` is not a whole number in range"),
        ("n", number("281474976710657"), "`n` is larger than a score can be"),
        ("n", number("-9223372036854775808"), "`n` is larger than a score can be"),
        ("written", text("018f3c2a1b000003-us-east-1"), "the stamp of another region"),
        ("writer", None, "`writer` is missing"),
        ("v", number("2"), "`v` is 2"),
    ];
    for (name, value, why) in wrong {
        let error = score(&changed(&good, name, value.clone())).unwrap_err();
        assert!(error.contains(why), "{name}: {error}");
        assert!(!error.contains("canary"), "{error}");
    }
    let good = of_beat(&stamp("018f3c2a1b000003-us-east-1"), at(5));
    for (name, value, why) in [
        ("sk", text("eu-west-1"), "the stamp of another region"),
        ("sk", text(""), "`sk`: a region's code"),
        ("written", None, "`written` is missing"),
    ] {
        let error = beat(&changed(&good, name, value)).unwrap_err();
        assert!(error.contains(why), "{name}: {error}");
    }
}

#[test]
fn an_epoch_reads_back_and_says_what_is_wrong() {
    for doubt_until in [None, Timestamp::from_millisecond(1_799_990_000_123).ok()] {
        let epoch = Epoch { number: 7, doubt_until };
        assert_eq!(super::epoch(&of_epoch(&epoch, "w")), Ok(epoch));
    }
    let good = of_epoch(&Epoch::default(), "w");
    for (name, value, why) in [
        ("number", None, "`number` is missing"),
        ("number", number("-1"), "`number` is not a whole number in range"),
        ("doubt_until_ms", text("1"), "`doubt_until_ms` is not a number"),
        ("doubt_until_ms", number("9223372036854775807"), "`doubt_until_ms` is out of range"),
    ] {
        let error = super::epoch(&changed(&good, name, value)).unwrap_err();
        assert!(error.contains(why), "{name}: {error}");
    }
}

#[test]
fn what_is_unknown_is_passed_over() {
    let wanted = a_part();
    let item = of_part(&wanted)
        .with("aws:rep:updateregion", Attribute::text("us-east-1"))
        .with("from_the_future", Attribute::Other);
    assert_eq!(part(&item).as_ref(), Ok(&wanted));
    assert_eq!(part(&changed(&item, "expires_at", None)).as_ref(), Ok(&wanted));
}

#[test]
fn kinds_are_told_by_the_partition() {
    for (pk, expected) in [
        ("session#", Kind::Part),
        ("score#a#0", Kind::Score),
        ("beat", Kind::Beat),
        ("beats", Kind::Foreign),
        ("sessions#x", Kind::Foreign),
        ("", Kind::Foreign),
    ] {
        assert_eq!(kind(pk), expected, "{pk}");
    }
}
