//! Effects whose answer was lost: the SDK tries again, the condition meets our own work.

use super::peer::{Answer, Peer, json};
use super::{aws, fleet};
use jiff::Timestamp;
use serde_json::{Value, json};
use tidegate_domain::memory::Memory;
use tidegate_domain::ports::{
    Control, Lease, LeaseToken, PortError, PortResult, Released, Stored, StoredPolicy,
};

fn token() -> LeaseToken {
    LeaseToken("mine".into())
}

fn at(millisecond: i64) -> Timestamp {
    Timestamp::from_millisecond(millisecond).unwrap()
}

/// DynamoDB's refusal of a condition, with the item that stands there.
fn refusal(item: Option<Value>) -> Answer {
    let mut body = json!({"__type": "x#ConditionalCheckFailedException", "message": "no"});
    if let Some(item) = item {
        body["Item"] = item;
    }
    json(400, &body)
}

fn done() -> Answer {
    json(200, &json!({}))
}

fn lease(owner: &str, until: i64, wanted: bool) -> Value {
    let mut item = json!({"owner": {"S": owner}, "until_ms": {"N": until.to_string()}});
    if wanted {
        item["wanted"] = json!({"S": "theirs"});
    }
    item
}

async fn acquire(script: Vec<Answer>) -> (PortResult<Lease>, Vec<String>) {
    let peer = Peer::answering(script);
    let answer = aws(&peer.url).acquire(&fleet(), &token(), at(1_000), at(9_000)).await;
    (answer, peer.asked().into_iter().map(|request| request.body).collect())
}

#[tokio::test]
async fn a_lease_whose_answer_was_lost_is_ours() {
    let (answer, asked) =
        acquire(vec![Answer::Lost, refusal(Some(lease("mine", 9_000, false)))]).await;
    assert_eq!(answer, Ok(Lease::Taken));
    assert_eq!(asked.len(), 2, "{asked:?}");
    assert!(asked[0].contains("ALL_OLD"), "{}", asked[0]);
}

#[tokio::test]
async fn our_own_lease_is_extended_and_keeps_its_mark() {
    let (answer, asked) = acquire(vec![refusal(Some(lease("mine", 4_000, true))), done()]).await;
    assert_eq!(answer, Ok(Lease::Taken));
    assert!(!asked[1].contains("REMOVE"), "{}", asked[1]);
    assert!(asked[1].contains("9000"), "{}", asked[1]);
}

#[tokio::test]
async fn somebody_elses_lease_is_marked_for_its_owner_only() {
    let held = lease("theirs", 5_000, false);
    let (answer, asked) = acquire(vec![refusal(Some(held)), done()]).await;
    assert_eq!(answer, Ok(Lease::Busy));
    assert!(asked[1].contains("SET wanted"), "{}", asked[1]);
    assert!(asked[1].contains(r#"":owner":{"S":"theirs"}"#), "{}", asked[1]);
}

#[tokio::test]
async fn a_lease_that_vanishes_before_the_mark_is_taken() {
    let held = lease("theirs", 5_000, false);
    let (answer, asked) = acquire(vec![refusal(Some(held)), refusal(None), done()]).await;
    assert_eq!(answer, Ok(Lease::Taken));
    assert_eq!(asked.len(), 3);
}

#[tokio::test]
async fn a_lease_that_changes_hands_again_and_again_is_busy_in_the_end() {
    let (answer, asked) = acquire(vec![refusal(Some(lease("theirs", 5_000, false)))]).await;
    assert_eq!(answer, Ok(Lease::Busy));
    assert_eq!(asked.len(), 6);
}

#[tokio::test]
async fn an_unreadable_lease_is_no_lease() {
    let (answer, _) = acquire(vec![refusal(Some(json!({"owner": {"N": "1"}})))]).await;
    assert!(matches!(answer, Err(PortError::Unreadable { .. })), "{answer:?}");
}

#[tokio::test]
async fn a_lease_is_given_back_once_and_a_mark_is_answered() {
    for (case, script, expected, calls) in [
        ("free", vec![done()], Released::Free, 1),
        ("answer lost", vec![Answer::Lost, refusal(None)], Released::Free, 2),
        ("somebody else's", vec![refusal(Some(lease("theirs", 5_000, true)))], Released::Free, 1),
        ("wanted", vec![refusal(Some(lease("mine", 5_000, true))), done()], Released::Wanted, 2),
        (
            "wanted, run out and taken",
            vec![refusal(Some(lease("mine", 5_000, true))), refusal(None)],
            Released::Free,
            2,
        ),
    ] {
        let peer = Peer::answering(script);
        let answer = aws(&peer.url).release(&fleet(), &token()).await;
        assert_eq!(answer, Ok(expected), "{case}");
        assert_eq!(peer.asked().len(), calls, "{case}");
    }
}

async fn store(second: Answer) -> PortResult<Stored> {
    let peer = Peer::answering(vec![Answer::Lost, second]);
    let memory = Memory { applied_min: Some(4), ..Memory::default() };
    aws(&peer.url).store(&fleet(), 7, &memory, &token()).await
}

fn memory(version: u64, writer: &str, document: &Memory) -> Answer {
    refusal(Some(json!({
        "version": {"N": version.to_string()},
        "writer": {"S": writer},
        "doc": {"S": serde_json::to_string(document).unwrap()},
    })))
}

#[tokio::test]
async fn a_memory_whose_answer_was_lost_is_stored_if_it_is_ours() {
    let ours = Memory { applied_min: Some(4), ..Memory::default() };
    let other = Memory { applied_min: Some(5), ..Memory::default() };
    for (case, answer, expected) in [
        ("ours", memory(8, "mine", &ours), Stored::Version(8)),
        ("of another run", memory(8, "theirs", &ours), Stored::Conflict),
        ("an older write of ours", memory(7, "mine", &ours), Stored::Conflict),
        ("another document of ours", memory(8, "mine", &other), Stored::Conflict),
        ("gone", refusal(None), Stored::Conflict),
    ] {
        assert_eq!(store(answer).await, Ok(expected), "{case}");
    }
}

#[tokio::test]
async fn a_policy_version_that_exists_is_a_conflict_even_with_the_same_text() {
    let stored = json!({"doc": {"S": "version = 1"}, "writer": {"S": "another call"}});
    let peer = Peer::answering(vec![refusal(Some(stored))]);
    let policy = StoredPolicy { version: 3, document: "version = 1".into() };
    assert_eq!(aws(&peer.url).put_policy(&policy).await, Ok(Stored::Conflict));
    assert!(peer.asked()[0].body.contains("v#00000003"));
}
