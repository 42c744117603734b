//! The session table, the epoch and the secret: the requests' shapes, answers that were lost, items
//! that cannot be read, and that nothing of an item is told.

use super::peer::{Answer, Peer, Request, json};
use super::variable;
use crate::{Connection, Replica, Secrets};
use jiff::Timestamp;
use serde_json::{Value, json};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use tidegate_domain::ports::{Clock, PortError};
use tidegate_domain::sessions::part::{Field, FieldName, FieldValue, SessionKey, SessionPart};
use tidegate_domain::sessions::ports::{Dice, Epoch, EpochItem, PartTable, Put};
use tidegate_domain::sessions::score::{BoardWord, ScorePart, ShardKey};
use tidegate_domain::sessions::stamp::{RegionName, Stamp};
use tidegate_wire::sessions::item as wire;

const SECRET: &str = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:cache-AbCdEf";

fn connection(url: &str) -> Connection {
    Connection::read(|name| variable(name, url)).unwrap()
}

pub(super) fn replica(peer: &Peer) -> Replica {
    Replica::connect(&connection(&peer.url), "sessions", "control")
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

pub(super) fn stamp(counter: u16) -> Stamp {
    format!("018f3c2a1b00{counter:04x}-eu-central-1").parse().unwrap()
}

pub(super) fn part() -> SessionPart {
    let field = Field { at: stamp(1), value: Some(FieldValue::new("canary")) };
    SessionPart {
        key: SessionKey::new(&"ab".repeat(32)).unwrap(),
        id: "eu-central-1".parse().unwrap(),
        fields: [(FieldName::new("cart").unwrap(), field)].into(),
        ended: None,
        not_after: at(1_800_000_000),
        live_until: at(1_799_990_000),
        written: stamp(2),
        writer: "0123456789abcdef".to_owned(),
    }
}

pub(super) fn score() -> ScorePart {
    ScorePart {
        shard: ShardKey { board: BoardWord::new("week").unwrap(), shard: 3 },
        member: BoardWord::new("kim").unwrap(),
        region: RegionName::new("eu-central-1").unwrap(),
        n: 12,
        written: stamp(2),
        writer: "0123456789abcdef".to_owned(),
    }
}

fn part_item() -> Value {
    json!(wire::of_part(&part()))
}

fn done() -> Answer {
    json(200, &json!({}))
}

fn refusal(item: &Value) -> Answer {
    let body =
        json!({"__type": "x#ConditionalCheckFailedException", "message": "no", "Item": item});
    json(400, &body)
}

fn body(request: &Request) -> Value {
    serde_json::from_str(&request.body).unwrap()
}

/// What the request would have written, with this writer.
fn standing(request: &Request, writer: &str) -> Value {
    let mut item = body(request)["Item"].clone();
    if writer != "ours" {
        item["writer"] = json!({"S": writer});
    }
    item
}

/// Loses the first `lost` answers; then `writer`'s item stands there.
fn losing_puts(lost: usize, writer: &'static str) -> Peer {
    let left = AtomicUsize::new(lost);
    Peer::by_request(move |request| {
        if left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |n| n.checked_sub(1)).is_ok() {
            Answer::Lost
        } else {
            refusal(&standing(request, writer))
        }
    })
}

#[tokio::test]
async fn a_part_is_written_against_the_stamp_that_was_seen() {
    let peer = Peer::answering(vec![done()]);
    let replica = replica(&peer);
    assert_eq!(replica.put_part(&part(), None).await, Ok(Put::Written));
    assert_eq!(replica.put_part(&part(), Some(&stamp(1))).await, Ok(Put::Written));
    assert_eq!(replica.put_score(&score(), Some(&stamp(1))).await, Ok(Put::Written));
    let asked: Vec<Value> = peer.asked().iter().map(body).collect();
    assert_eq!(asked[0]["ConditionExpression"], "attribute_not_exists(pk)");
    assert_eq!(asked[0]["Item"], part_item());
    assert_eq!(asked[2]["Item"], json!(wire::of_score(&score())));
    for asked in &asked {
        assert_eq!(asked["TableName"], "sessions");
        assert_eq!(asked["ReturnValuesOnConditionCheckFailure"], "ALL_OLD");
    }
    for asked in asked.iter().skip(1) {
        assert_eq!(asked["ConditionExpression"], "#written = :seen");
        assert_eq!(asked["ExpressionAttributeValues"][":seen"]["S"], stamp(1).to_string());
    }
}

/// Two writers may have made the same stamp: the writer alone tells whose write stands there.
#[tokio::test]
async fn a_write_whose_answer_was_lost_is_known_by_its_writer() {
    for (lost, writer, expected) in
        [(1, "ours", Put::Written), (2, "ours", Put::Written), (1, "theirs", Put::Conflict)]
    {
        let peer = losing_puts(lost, writer);
        assert_eq!(replica(&peer).put_part(&part(), None).await, Ok(expected.clone()), "{writer}");
        let peer = losing_puts(lost, writer);
        assert_eq!(replica(&peer).put_score(&score(), Some(&stamp(1))).await, Ok(expected));
    }
    for nothing in [json!({}), json!({"pk": {"S": "x"}}), json!({"writer": {"N": "1"}})] {
        let peer = Peer::answering(vec![refusal(&nothing)]);
        let put = replica(&peer).put_part(&part(), Some(&stamp(1))).await;
        assert_eq!(put, Ok(Put::Conflict), "{nothing}");
    }
}

#[tokio::test]
async fn every_page_is_read_and_what_cannot_be_read_hides_nothing() {
    let newer = |region: &str| {
        let mut item = part_item();
        item["sk"] = json!({"S": region});
        item["v"] = json!({"N": "2"});
        item
    };
    let peer = Peer::answering(vec![
        json(
            200,
            &json!({"Items": [newer("a"), part_item()], "LastEvaluatedKey": {"pk": {"S": "x"}}}),
        ),
        json(200, &json!({"Items": [newer("us-east-1")]})),
    ]);
    let found = replica(&peer).parts(&part().key).await.unwrap();
    assert_eq!(found.parts, [part()]);
    let places: Vec<_> = found.unreadable.iter().map(|(place, _)| place.as_str()).collect();
    assert_eq!(places, ["a", "us-east-1"]);
    assert!(found.unreadable.iter().all(|(_, why)| why.contains("`v` is 2")));
    let asked: Vec<Value> = peer.asked().iter().map(body).collect();
    assert_eq!(asked.len(), 2);
    for asked in &asked {
        assert_eq!(asked["ConsistentRead"], true);
        let pk = &asked["ExpressionAttributeValues"][":pk"]["S"];
        assert_eq!(*pk, format!("session#{}", part().key.as_str()));
    }
    assert_eq!(asked[1]["ExclusiveStartKey"]["pk"]["S"], "x");
}

#[tokio::test]
async fn a_partition_without_an_end_is_an_error_without_its_key() {
    let page = json!({"Items": [], "LastEvaluatedKey": {"pk": {"S": "x"}}});
    let peer = Peer::answering(vec![json(200, &page)]);
    let error = replica(&peer).parts(&part().key).await.unwrap_err();
    assert!(matches!(error, PortError::Unreadable { .. }), "{error:?}");
    assert!(!format!("{error} {error:?}").contains("abab"), "{error}");
}

#[tokio::test]
async fn scores_are_read_alone_and_together() {
    let item = json!(wire::of_score(&score()));
    let peer = Peer::by_request(move |request| match request.call.ends_with("GetItem") {
        true => json(200, &json!({ "Item": item })),
        false => json(200, &json!({ "Items": [item, {"sk": {"S": "lee#x"}}] })),
    });
    let (replica, wanted) = (replica(&peer), score());
    let alone = replica.score(&wanted.shard, &wanted.member, &wanted.region).await;
    assert_eq!(alone, Ok(Some(score())));
    let all = replica.scores(&wanted.shard).await.unwrap();
    assert_eq!((all.parts, all.unreadable.len()), (vec![score()], 1));
    let asked = body(&peer.asked()[0]);
    assert_eq!(asked["Key"], json!({"pk": {"S": "score#week#3"}, "sk": {"S": "kim#eu-central-1"}}));
    assert_eq!(asked["ConsistentRead"], true);
}

#[tokio::test]
async fn a_score_that_is_not_there_is_none_and_an_unreadable_one_an_error() {
    let wanted = score();
    let peer = Peer::answering(vec![done()]);
    let none = replica(&peer).score(&wanted.shard, &wanted.member, &wanted.region).await;
    assert_eq!(none, Ok(None));
    let bad = json!({"pk": {"S": "score#week#3"}, "sk": {"S": "kim#eu-central-1"},
        "n": {"S": "canary"}, "v": {"N": "1"}});
    let peer = Peer::answering(vec![json(200, &json!({ "Item": bad }))]);
    let error = replica(&peer).score(&wanted.shard, &wanted.member, &wanted.region).await;
    let Err(PortError::Unreadable { why, .. }) = error else { panic!("{error:?}") };
    assert!(why.contains("`n`") && !why.contains("canary"), "{why}");
}

#[tokio::test]
async fn beats_are_written_and_unreadable_ones_are_left_out() {
    let good = json!(wire::of_beat(&stamp(7), at(1_800_000_000)));
    let bad = json!({"pk": {"S": "beat"}, "sk": {"S": "us-east-1"}, "written": {"S": "canary"}});
    let peer = Peer::by_request(move |request| match request.call.ends_with("Query") {
        true => json(200, &json!({ "Items": [good, bad] })),
        false => done(),
    });
    let replica = replica(&peer);
    assert_eq!(replica.beat(&stamp(7), at(1_800_000_000)).await, Ok(()));
    assert_eq!(replica.beats().await, Ok(vec![stamp(7)]));
    let put = body(&peer.asked()[0]);
    assert_eq!(put["Item"]["sk"]["S"], "eu-central-1");
    assert_eq!(put["Item"]["expires_at"]["N"], "1800000000");
}

fn epoch(number: u64, until: Option<i64>) -> Epoch {
    Epoch { number, doubt_until: until.map(at) }
}

fn epoch_item(epoch: &Epoch) -> Value {
    json!(wire::of_epoch(epoch, "theirs"))
}

fn held(epoch: &Epoch) -> Answer {
    json(200, &json!({ "Item": epoch_item(epoch) }))
}

#[tokio::test]
async fn an_epoch_is_read_or_the_first_one_or_an_error() {
    let peer = Peer::answering(vec![done()]);
    assert_eq!(replica(&peer).epoch().await, Ok(Epoch::default()));
    let asked = body(&peer.asked()[0]);
    assert_eq!((&asked["TableName"], &asked["ConsistentRead"]), (&json!("control"), &json!(true)));
    assert_eq!(asked["Key"], json!({"pk": {"S": "session-epoch"}, "sk": {"S": "e"}}));
    let stands = epoch(7, Some(100));
    let peer = Peer::answering(vec![held(&stands)]);
    assert_eq!(replica(&peer).epoch().await, Ok(stands));
    let peer = Peer::answering(vec![json(200, &json!({"Item": {"number": {"S": "7"}}}))]);
    let error = replica(&peer).epoch().await;
    assert!(matches!(error, Err(PortError::Unreadable { .. })), "{error:?}");
}

#[tokio::test]
async fn a_doubt_is_the_next_epoch_unless_one_stands() {
    for (stands, expected, condition) in [
        (None, epoch(1, Some(105)), "attribute_not_exists(pk) OR #number = :seen"),
        (Some(epoch(7, None)), epoch(8, Some(105)), "#number = :seen"),
        (Some(epoch(7, Some(99))), epoch(8, Some(105)), "#number = :seen"),
    ] {
        let first = stands.as_ref().map_or_else(done, held);
        let peer = Peer::answering(vec![first, done()]);
        assert_eq!(replica(&peer).doubt(at(100), at(105)).await, Ok(expected));
        let put = body(&peer.asked()[1]);
        assert_eq!(put["ConditionExpression"], condition);
        assert_eq!(put["Item"]["doubt_until_ms"]["N"], "105000");
        assert_eq!(put["TableName"], "control");
    }
    for until in [100, 101, 200] {
        let peer = Peer::answering(vec![held(&epoch(7, Some(until)))]);
        let stands = replica(&peer).doubt(at(100), at(105)).await;
        assert_eq!((stands, peer.asked().len()), (Ok(epoch(7, Some(until))), 1));
    }
}

#[tokio::test]
async fn a_doubt_whose_answer_was_lost_stands() {
    let nth = AtomicUsize::new(0);
    let peer = Peer::by_request(move |request| match nth.fetch_add(1, Ordering::SeqCst) {
        0 => held(&epoch(7, None)),
        1 => Answer::Lost,
        _ => refusal(&standing(request, "ours")),
    });
    assert_eq!(replica(&peer).doubt(at(100), at(105)).await, Ok(epoch(8, Some(105))));
}

#[tokio::test]
async fn who_is_overtaken_takes_the_others_doubt_or_tries_again() {
    let theirs = epoch(8, Some(104));
    let peer = Peer::answering(vec![held(&epoch(7, None)), refusal(&epoch_item(&theirs))]);
    assert_eq!(replica(&peer).doubt(at(100), at(105)).await, Ok(theirs));
    // Theirs has run out already; ours comes after it.
    let old = epoch(8, Some(99));
    let peer = Peer::answering(vec![held(&epoch(7, None)), refusal(&epoch_item(&old)), done()]);
    assert_eq!(replica(&peer).doubt(at(100), at(105)).await, Ok(epoch(9, Some(105))));
    let peer = Peer::answering(vec![held(&epoch(7, None)), refusal(&epoch_item(&old))]);
    let error = replica(&peer).doubt(at(100), at(105)).await;
    assert!(matches!(error, Err(PortError::Throttled { .. })), "{error:?}");
    let peer =
        Peer::answering(vec![held(&epoch(7, None)), refusal(&json!({"number": {"S": "x"}}))]);
    let error = replica(&peer).doubt(at(100), at(105)).await;
    assert!(matches!(error, Err(PortError::Unreadable { .. })), "{error:?}");
}

#[tokio::test]
async fn a_silent_table_ends_with_the_invocation() {
    let peer = Peer::silent();
    let replica = replica(&peer);
    let deadline = replica.wall().as_millisecond() + 3_000;
    let replica = replica.for_invocation(u64::try_from(deadline).unwrap());
    let began = Instant::now();
    let error = replica.parts(&part().key).await.unwrap_err();
    assert!(matches!(error, PortError::Unavailable { .. }), "{error:?}");
    let took = began.elapsed();
    assert!(took < Duration::from_millis(1_500), "{took:?}");
}

#[tokio::test]
async fn the_caches_password_is_read_and_never_told() {
    let secret = |text: &str| json(200, &json!({ "Name": "cache", "SecretString": text }));
    let peer = Peer::answering(vec![secret(r#"{"username":"sync","password":"hunter2"}"#)]);
    let secrets = Secrets::new(&connection(&peer.url));
    let text = secrets.text(SECRET).await.ok().map(|secret| secret.expose().clone());
    assert_eq!(text.as_deref(), Some(r#"{"username":"sync","password":"hunter2"}"#));
    assert_eq!(body(&peer.asked()[0])["SecretId"], SECRET);
    let peer =
        Peer::answering(vec![json(200, &json!({ "Name": "hunter2", "SecretBinary": "eA==" }))]);
    let error = Secrets::new(&connection(&peer.url)).text(SECRET).await.err().unwrap();
    assert!(matches!(error, PortError::Unreadable { .. }), "{error:?}");
    assert!(!format!("{error} {error:?}").contains("hunter2"), "{error}");
    let denied = json!({"__type": "AccessDeniedException", "Message": "no"});
    let peer = Peer::answering(vec![json(400, &denied)]);
    let error = Secrets::new(&connection(&peer.url)).text(SECRET).await.map(drop);
    assert!(matches!(error, Err(PortError::Denied { .. })), "{error:?}");
}

#[test]
fn digits_are_sixteen_and_new_each_time() {
    let replica = replica(&Peer::gone());
    let (one, two) = (replica.digits(), replica.digits());
    assert!(one.len() == 16 && one.bytes().all(|b| b.is_ascii_hexdigit()), "{one}");
    assert_ne!(one, two);
}
