//! Records of every sort, and everything that makes one unreadable.

use super::*;
use serde_json::json;
use tidegate_domain::sessions::part::{SessionKey, SessionPart};
use tidegate_domain::sessions::score::{BoardWord, ShardKey};

const KEY: &str = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";

fn part_item() -> Value {
    json!({
        "pk": {"S": format!("session#{KEY}")}, "sk": {"S": "us-east-1"},
        "fields": {"M": {"cart": {"M": {
            "v": {"S": "canary \u{202e}\u{d55c}\n"}, "t": {"S": "018f3c2a1b000000-us-east-1"},
        }}}},
        "not_after": {"N": "1800000000"}, "live_until": {"N": "1799999000"},
        "expires_at": {"N": "1800085400"}, "written": {"S": "018f3c2a1b000003-us-east-1"},
        "writer": {"S": "0123456789abcdef"}, "v": {"N": "1"},
    })
}

fn score_item() -> Value {
    json!({
        "pk": {"S": "score#week#3"}, "sk": {"S": "kim#us-east-1"}, "n": {"N": "12"},
        "written": {"S": "018f3c2a1b000003-us-east-1"}, "writer": {"S": "w"}, "v": {"N": "1"},
    })
}

fn beat_item() -> Value {
    json!({
        "pk": {"S": "beat"}, "sk": {"S": "us-east-1"},
        "written": {"S": "018f3c2a1b000003-us-east-1"}, "expires_at": {"N": "1800000000"},
    })
}

fn foreign_item() -> Value {
    json!({ "pk": {"S": "another"}, "sk": {"S": "program"}, "x": {"L": [{"BOOL": true}]} })
}

fn a_record(event: &str, item: &Value) -> Value {
    let image = if event == "REMOVE" { "OldImage" } else { "NewImage" };
    json!({
        "eventID": "e1", "eventName": event, "eventVersion": "1.1",
        "eventSource": "aws:dynamodb", "awsRegion": "ap-northeast-2",
        "dynamodb": {
            "ApproximateCreationDateTime": 1_799_990_000,
            "Keys": {"pk": item["pk"], "sk": item["sk"]}, image: item,
            "SequenceNumber": "111", "SizeBytes": 300, "StreamViewType": "NEW_AND_OLD_IMAGES",
        },
        "eventSourceARN": "arn:aws:dynamodb:ap-northeast-2:000000000000:table/t/stream/x",
    })
}

fn read(value: &Value) -> Result<StreamRecord, Poison> {
    record(&RawValue::from_string(value.to_string()).unwrap())
}

fn change_of(value: &Value) -> Change {
    read(value).unwrap().change
}

fn entry() -> EntryKey {
    EntryKey::Session(tidegate_domain::sessions::part::SessionKey::new(KEY).unwrap())
}

fn set(mut value: Value, pointer: &str, new: Value) -> Value {
    *value.pointer_mut(pointer).unwrap() = new;
    value
}

fn without(mut value: Value, parent: &str, name: &str) -> Value {
    value.pointer_mut(parent).unwrap().as_object_mut().unwrap().remove(name);
    value
}

#[test]
fn written_items_are_their_parts() {
    for event in ["INSERT", "MODIFY"] {
        let record = read(&a_record(event, &part_item())).unwrap();
        assert_eq!(record.sequence, "111");
        assert_eq!(record.at.map(Timestamp::as_second), Some(1_799_990_000));
        let Change::Part(part) = record.change else { panic!("{:?}", record.change) };
        let SessionPart { key, id, fields, .. } = *part;
        assert_eq!((key.as_str(), id.to_string().as_str()), (KEY, "us-east-1"));
        let values: Vec<_> = fields.values().filter_map(|field| field.value.as_ref()).collect();
        assert_eq!(values[0].expose(), "canary \u{202e}\u{d55c}\n");
        let Change::Score(score) = change_of(&a_record(event, &score_item())) else { panic!() };
        assert_eq!((score.n, score.shard.to_string()), (12, "score#week#3".to_owned()));
        let Change::Beat(stamp) = change_of(&a_record(event, &beat_item())) else { panic!() };
        assert_eq!(stamp.to_string(), "018f3c2a1b000003-us-east-1");
    }
}

/// By time to live here, by time to live in another region, by hand: the same.
#[test]
fn removed_items_are_gone_whoever_removed_them() {
    let ttl = json!({ "type": "Service", "principalId": "dynamodb.amazonaws.com" });
    for identity in [None, Some(ttl), Some(json!({"type": "User"})), Some(json!("odd"))] {
        let removed = |item: &Value| {
            let mut record = a_record("REMOVE", item);
            if let Some(identity) = &identity {
                record["userIdentity"] = identity.clone();
            }
            change_of(&record)
        };
        let Change::PartGone { key, id, written } = removed(&part_item()) else { panic!() };
        assert_eq!((key.as_str(), id.to_string().as_str()), (KEY, "us-east-1"));
        assert_eq!(written.to_string(), "018f3c2a1b000003-us-east-1");
        let Change::ScoreGone { shard, member, region, .. } = removed(&score_item()) else {
            panic!()
        };
        assert_eq!((shard.shard, member.as_str(), region.as_str()), (3, "kim", "us-east-1"));
        assert_eq!(removed(&beat_item()), Change::BeatGone);
    }
}

/// Its place and its stamp are all that the cache needs of what is gone.
#[test]
fn what_is_gone_needs_not_be_readable_otherwise() {
    let item = without(set(part_item(), "/v", json!({"N": "9"})), "", "fields");
    assert!(matches!(change_of(&a_record("REMOVE", &item)), Change::PartGone { .. }));
}

#[test]
fn other_programs_items_are_foreign_whatever_they_hold() {
    for event in ["INSERT", "MODIFY", "REMOVE"] {
        assert_eq!(change_of(&a_record(event, &foreign_item())), Change::Foreign);
        let keys_only = a_record(event, &foreign_item());
        let keys_only = set(keys_only, "/dynamodb/SequenceNumber", json!("7"));
        let image = if event == "REMOVE" { "OldImage" } else { "NewImage" };
        assert_eq!(change_of(&without(keys_only, "/dynamodb", image)), Change::Foreign);
    }
}

#[test]
fn a_replicated_write_is_like_any_other() {
    let item = part_item();
    let mut record = a_record("MODIFY", &item);
    record["dynamodb"]["OldImage"] = json!("never looked at");
    record["dynamodb"]["NewImage"]["aws:rep:updateregion"] = json!({"S": "us-east-1"});
    assert!(matches!(change_of(&record), Change::Part(_)));
}

#[test]
fn a_time_is_whole_seconds_or_none() {
    for (told, expected) in [
        (json!(1_479_499_740), Some(1_479_499_740)),
        (json!(1_479_499_740.9), Some(1_479_499_740)),
        (json!(-0.5), Some(-1)),
        (json!("1479499740"), None),
        (json!(1e300), None),
        (json!(null), None),
    ] {
        let record =
            set(a_record("MODIFY", &beat_item()), "/dynamodb/ApproximateCreationDateTime", told);
        assert_eq!(read(&record).unwrap().at.map(Timestamp::as_second), expected, "{record}");
    }
    let none =
        without(a_record("MODIFY", &beat_item()), "/dynamodb", "ApproximateCreationDateTime");
    assert_eq!(read(&none).unwrap().at, None);
}

#[test]
fn a_record_with_a_fault_fails_with_its_sequence_and_no_value() {
    let good = || a_record("MODIFY", &part_item());
    let image =
        |pointer: &str, new: Value| set(good(), &format!("/dynamodb/NewImage{pointer}"), new);
    for (record, why) in [
        (set(good(), "/eventName", json!("DELETE")), "`eventName`"),
        (set(good(), "/eventName", json!(null)), "`eventName`"),
        (set(good(), "/eventName", json!(7)), "not a record"),
        (without(good(), "", "eventName"), "`eventName`"),
        (set(good(), "/eventSource", json!("aws:kinesis")), "`eventSource`"),
        (without(good(), "/dynamodb", "Keys"), "`Keys` is missing"),
        (set(good(), "/dynamodb/Keys", json!([])), "`Keys` is not a map"),
        (set(good(), "/dynamodb/Keys", json!({"id": {"S": "x"}})), "`pk` is missing"),
        (set(good(), "/dynamodb/Keys/sk", json!({"S": "x"})), "not the item that `Keys` names"),
        (without(good(), "/dynamodb", "NewImage"), "`NewImage` is missing"),
        (set(good(), "/eventName", json!("REMOVE")), "`OldImage` is missing"),
        (image("", json!(null)), "`NewImage` is missing"),
        (image("", json!([])), "`NewImage` is not a map"),
        (image("/pk", json!({"S": "session#canary"})), "not the item that `Keys` names"),
        (image("/v", json!({"N": "2"})), "`v` is 2"),
        (image("/fields", json!({"S": "canary"})), "`fields` is not a map"),
        (image("/fields/M/cart/M/v", json!({"B": "Y2FuYXJ5"})), "`v` is not a string"),
        (image("/written", json!({"S": "canary"})), "`written`"),
        (image("/not_after", json!({"N": 7})), "`NewImage` is not a map"),
        (image("/writer", json!("canary")), "`NewImage` is not a map"),
    ] {
        let poison = read(&record).unwrap_err();
        assert_eq!(poison.sequence, "111", "{poison:?}");
        let keys = record.pointer("/dynamodb/Keys/pk/S").and_then(Value::as_str);
        assert_eq!(poison.of, keys.map(|_| entry()), "{poison:?}");
        assert!(poison.why.contains(why), "{why}: {poison:?}");
        assert!(!poison.why.contains("canary"), "{poison:?}");
    }
}

#[test]
fn a_poison_record_names_the_entry_that_it_would_have_changed() {
    let session = EntryKey::Session(SessionKey::new(KEY).unwrap());
    let shard = EntryKey::Shard(ShardKey { board: BoardWord::new("week").unwrap(), shard: 3 });
    let part = || a_record("MODIFY", &part_item());
    let newer = |mut record: Value| {
        record["dynamodb"]["NewImage"]["v"] = json!({"N": "2"});
        record
    };
    let at_pk = |pk: &str| set(part(), "/dynamodb/Keys/pk", json!({"S": pk}));
    for (record, of) in [
        (newer(part()), Some(session.clone())),
        (newer(a_record("MODIFY", &score_item())), Some(shard)),
        (without(part(), "/dynamodb", "NewImage"), Some(session.clone())),
        (set(part(), "/eventName", json!(7)), Some(session.clone())),
        (set(part(), "/dynamodb/SequenceNumber", json!("")), Some(session)),
        (at_pk("session#canary"), None),
        (at_pk("score#week#03"), None),
        (without(a_record("MODIFY", &beat_item()), "/dynamodb", "NewImage"), None),
        (without(part(), "/dynamodb", "Keys"), None),
        (json!(null), None),
    ] {
        assert_eq!(read(&record).unwrap_err().of, of, "{record}");
    }
}

#[test]
fn without_a_sequence_there_is_none() {
    let good = || a_record("MODIFY", &part_item());
    for record in [
        without(good(), "/dynamodb", "SequenceNumber"),
        set(good(), "/dynamodb/SequenceNumber", json!(111)),
        set(good(), "/dynamodb/SequenceNumber", json!("")),
        set(good(), "/dynamodb", json!([1])),
        without(good(), "", "dynamodb"),
        json!("canary"),
        json!(null),
    ] {
        let poison = read(&record).unwrap_err();
        assert_eq!(poison.sequence, "", "{poison:?}");
        assert!(!poison.why.contains("canary"), "{poison:?}");
    }
}

#[test]
fn the_entry_of_a_poison_record_is_told_where_its_key_is_one() {
    let of = |item: &Value| {
        read(&set(a_record("MODIFY", item), "/eventName", json!("x"))).unwrap_err().of
    };
    assert_eq!(of(&part_item()), Some(entry()));
    let Some(EntryKey::Shard(shard)) = of(&score_item()) else { panic!("a shard") };
    assert_eq!(shard.to_string(), "score#week#3");
    assert_eq!(of(&beat_item()), None);
    assert_eq!(of(&foreign_item()), None);
    assert_eq!(of(&set(part_item(), "/pk", json!({"S": "session#x"}))), None);
}

/// JSON that a parser refuses inside of one record: a half surrogate, a number out of every range.
#[test]
fn no_record_spoils_another() {
    let good = a_record("MODIFY", &part_item()).to_string();
    let beside = |bad: &str| {
        let batch = format!(r#"{{"Records":[{good},{bad},{good}]}}"#);
        let Ok(Wake::Records(records)) = decode(&batch) else { panic!("{bad}") };
        let [first, second, third] = records.as_slice() else { panic!("{bad}") };
        assert!(first.is_ok() && first == third, "{bad}");
        second.clone()
    };
    for bad in [
        "null".to_owned(),
        "[]".to_owned(),
        "1e999".to_owned(),
        good.replace("canary", r"\ud800"),
        good.replace("1799990000", "1e999").replace(r#""N":"1800000000""#, r#""N":1e999"#),
        good.replace(r#""sk""#, r#""pk""#),
        format!("{}{}", "[".repeat(500), "]".repeat(500)),
        good.replace("canary", &"[{".repeat(300)).replace(r#""v":{"N":"1"}"#, r#""v":{"N":"3"}"#),
    ] {
        assert!(beside(&bad).is_err(), "{bad}");
    }
    assert!(beside(&good).is_ok());
}

#[test]
fn a_tick_makes_one_beat_unless_it_says_otherwise_and_never_more_than_its_minute_holds() {
    for (event, expected) in [
        (r#"{"schedule":"tick"}"#, 1),
        (r#"{"schedule":"tick","beats":1}"#, 1),
        (r#"{"schedule":"tick","beats":6}"#, 6),
        (r#"{"schedule":"tick","beats":0}"#, 1),
        (r#"{"schedule":"tick","beats":7}"#, 6),
        (r#"{"schedule":"tick","beats":18446744073709551615}"#, 6),
        (r#"{"schedule":"tick","beats":"6"}"#, 1),
        (r#"{"schedule":"tick","beats":-1}"#, 1),
        ("canary", 1),
    ] {
        assert_eq!(beats(event), expected, "{event}");
    }
}

#[test]
fn an_event_is_a_batch_or_the_tick() {
    assert_eq!(decode(r#"{"Records":[]}"#), Ok(Wake::Records(Vec::new())));
    for tick in [r#"{"schedule":"tick"}"#, r#"{"detail-type":"Scheduled Event","account":"1"}"#] {
        assert_eq!(decode(tick), Ok(Wake::Tick), "{tick}");
    }
    for other in [
        "",
        "canary",
        "[]",
        "{}",
        r#"{"Records":"canary"}"#,
        r#"{"Records":{}}"#,
        r#"{"schedule":"canary"}"#,
        r#"{"schedule":"tick","Records":null}"#,
        r#"{"alarmData":{}}"#,
    ] {
        let why = decode(other).unwrap_err();
        assert!(!why.contains("canary"), "{other}: {why}");
    }
}
