//! What the router keeps: the requests' shapes, answers that were lost, items that cannot be
//! read, keys that are left over.

use super::aws;
use super::peer::{Answer, Peer, Request, json};
use super::router_scene::{at, entry, group, id, key, member, opening, silence, state, write};
use serde_json::{Value, json};
use tidegate_domain::alarms::ports::{AlarmStore, MemberId, Opening};
use tidegate_domain::ports::{Lease, LeaseToken, PortError, PortResult, Released, Stored};

fn done() -> Answer {
    json(200, &json!({}))
}

/// DynamoDB's refusal of a condition, with the item that stands there.
fn refusal(item: Option<Value>) -> Answer {
    let mut body = json!({"__type": "x#ConditionalCheckFailedException", "message": "no"});
    if let Some(item) = item {
        body["Item"] = item;
    }
    json(400, &body)
}

/// A text of a request's JSON body, by its path.
fn said(request: &Request, path: &str) -> String {
    let body: Value = serde_json::from_str(&request.body).unwrap();
    let found = body.pointer(path).unwrap_or_else(|| panic!("no {path} in {body}"));
    found.as_str().map_or_else(|| found.to_string(), str::to_owned)
}

/// An item that stands where a request was going to write, as another version of it.
fn stands(request: &Request, writer: &str) -> Answer {
    let body: Value = serde_json::from_str(&request.body).unwrap();
    let mut item = body["Item"].clone();
    if writer != "ours" {
        item["writer"] = json!({"S": writer});
    }
    refusal(Some(item))
}

/// Loses the first answer of a put; the item then stands there, written by `writer`.
fn losing_put(writer: &'static str) -> Peer {
    let lost = std::sync::atomic::AtomicBool::new(false);
    Peer::by_request(move |request| {
        if lost.swap(true, std::sync::atomic::Ordering::SeqCst) {
            stands(request, writer)
        } else {
            Answer::Lost
        }
    })
}

#[tokio::test]
async fn a_group_is_opened_where_it_stands_and_keeps_what_it_explains() {
    let peer = Peer::answering(vec![done()]);
    aws(&peer.url).open(&[opening()], "s-1").await.unwrap();
    let asked = peer.asked();
    let update = said(&asked[0], "/UpdateExpression");
    assert!(update.contains("if_not_exists(explains, :nothing)"), "{update}");
    assert!(!update.contains("told_ms") && !asked[0].body.contains("Condition"), "{asked:?}");
    assert_eq!(said(&asked[0], "/Key/pk/S"), "alarm-groups");
    assert_eq!(said(&asked[0], "/Key/sk/S"), group().0);
    assert_eq!(said(&asked[0], "/ExpressionAttributeValues/:due/N"), "1000000");
    assert_eq!(said(&asked[0], "/ExpressionAttributeValues/:stamp/S"), "s-1");
}

#[tokio::test]
async fn many_groups_are_opened_each_by_itself_and_the_first_fault_is_told() {
    let openings: Vec<Opening> = (0..40)
        .map(|nth| {
            let mut key = key();
            key.route = format!("route-{nth}");
            Opening { key, due: at(1_000) }
        })
        .collect();
    let peer = Peer::answering(vec![done()]);
    assert_eq!(aws(&peer.url).open(&openings, "s").await, Ok(()));
    assert_eq!(peer.asked().len(), 40);

    let bad = Peer::by_request(|request| match request.body.contains("route-7\\") {
        true => json(400, &json!({"__type": "x#ValidationException", "message": "no"})),
        false => done(),
    });
    let answer = aws(&bad.url).open(&openings, "s").await;
    assert!(matches!(answer, Err(PortError::Refused { .. })), "{answer:?}");
    assert_eq!(bad.asked().len(), 40, "the others were opened all the same");
}

async fn settle(script: Vec<Answer>, seen: Option<&str>, stays: bool) -> (PortResult<bool>, Peer) {
    let peer = Peer::answering(script);
    let entry = stays.then(|| entry("s-2"));
    let answer = aws(&peer.url).settle(&group(), seen, entry.as_ref()).await;
    (answer, peer)
}

#[tokio::test]
async fn a_group_is_settled_against_the_stamp_that_was_seen() {
    let stamp = |stamp: &str| Some(json!({"stamp": {"S": stamp}}));
    for (case, script, seen, stays, expected) in [
        ("put", vec![done()], Some("s-1"), true, true),
        ("opened meanwhile", vec![refusal(stamp("s-9"))], Some("s-1"), true, false),
        ("answer lost", vec![Answer::Lost, refusal(stamp("s-2"))], Some("s-1"), true, true),
        ("gone meanwhile", vec![refusal(None)], Some("s-1"), true, false),
        ("new", vec![done()], None, true, true),
        ("not new", vec![refusal(stamp("s-9"))], None, true, false),
        ("off the list", vec![done()], Some("s-1"), false, true),
        ("off, opened meanwhile", vec![refusal(stamp("s-9"))], Some("s-1"), false, false),
    ] {
        let (answer, peer) = settle(script, seen, stays).await;
        assert_eq!(answer, Ok(expected), "{case}");
        let condition = said(&peer.asked()[0], "/ConditionExpression");
        match seen {
            Some(_) => assert!(condition.contains("#stamp = :seen"), "{case}: {condition}"),
            None => assert_eq!(condition, "attribute_not_exists(pk)", "{case}"),
        }
    }
    let (_, peer) = settle(vec![done()], Some("s-1"), true).await;
    assert_eq!(said(&peer.asked()[0], "/Item/explains/S"), r#"["0:abc"]"#);
    assert!(!peer.asked()[0].body.contains("told_ms"), "it was never told");
}

/// An item of the list, as DynamoDB has it.
fn listed(stamp: &str, told: Option<i64>) -> Value {
    let mut item = json!({
        "pk": {"S": "alarm-groups"}, "sk": {"S": group().0},
        "key": {"S": serde_json::to_string(&key()).unwrap()},
        "due_ms": {"N": "2000000"}, "explains": {"S": "[\"0:abc\"]"}, "stamp": {"S": stamp},
    });
    if let Some(told) = told {
        item["told_ms"] = json!({"N": told.to_string()});
    }
    item
}

#[tokio::test]
async fn the_list_is_read_to_its_end_and_one_bad_entry_hides_no_other() {
    let mut another = listed("s-8", None);
    another["sk"] = json!({"S": "of another group"});
    let last = json!({"pk": {"S": "alarm-groups"}, "sk": {"S": "x"}});
    let first = json!({"Items": [another, {"sk": {"S": "y"}}], "LastEvaluatedKey": last});
    let second = json!({"Items": [listed("s-1", Some(1_500_000)), listed("s-2", None)]});
    let peer = Peer::answering(vec![json(200, &first), json(200, &second)]);
    let groups = aws(&peer.url).groups().await.unwrap();
    let mut expected = entry("s-1");
    expected.told = Some(at(1_500));
    assert_eq!(groups, [expected, entry("s-2")]);
    let asked = peer.asked();
    assert_eq!(asked.len(), 2);
    assert_eq!(said(&asked[0], "/ConsistentRead"), "true");
    assert_eq!(said(&asked[1], "/ExclusiveStartKey/sk/S"), "x");
}

fn stored_member(name: &str, version: u64, document: Option<&str>) -> Value {
    let written = serde_json::to_string(&member(name)).unwrap();
    json!({
        "pk": {"S": format!("alarm-group#{}", group())},
        "sk": {"S": format!("member#{}", id(name).fingerprint)},
        "version": {"N": version.to_string()}, "writer": {"S": "w"},
        "doc": {"S": document.unwrap_or(&written)},
    })
}

#[tokio::test]
async fn members_come_in_the_order_of_their_ids_and_what_was_left_over_is_asked_again() {
    let first = json!({
        "Responses": {"control": [stored_member("b", 3, None)]},
        "UnprocessedKeys": {"control": {"Keys": [{
            "pk": {"S": format!("alarm-group#{}", group())},
            "sk": {"S": format!("member#{}", id("a").fingerprint)},
        }]}},
    });
    let garbled = stored_member("c", 9, Some("{"));
    let second = json!({"Responses": {"control": [stored_member("a", 7, None), garbled]}});
    let peer = Peer::answering(vec![json(200, &first), json(200, &second)]);
    let ids = ["a", "b", "c", "nobody", "a"].map(id);
    let found = aws(&peer.url).members(&ids).await.unwrap();
    let versions: Vec<Option<u64>> = found.iter().map(|k| Some(k.as_ref()?.version)).collect();
    assert_eq!(versions, [Some(7), Some(3), None, None, Some(7)]);
    assert_eq!(found[0].as_ref().unwrap().member, member("a"));
    let asked = peer.asked();
    assert_eq!(asked.len(), 2);
    for (nth, keys) in [(0, 4), (1, 1)] {
        let wanted: Value = said(&asked[nth], "/RequestItems/control").parse().unwrap();
        assert_eq!(wanted["Keys"].as_array().unwrap().len(), keys, "each key is asked for once");
        assert_eq!(wanted["ConsistentRead"], true);
    }
}

#[tokio::test]
async fn keys_that_are_left_over_for_ever_are_throttling() {
    let key = json!({"pk": {"S": "p"}, "sk": {"S": "s"}});
    let answer = json!({"UnprocessedKeys": {"control": {"Keys": [key]}}});
    let peer = Peer::answering(vec![json(200, &answer)]);
    let answer = aws(&peer.url).members(&[id("a")]).await;
    assert!(matches!(answer, Err(PortError::Throttled { .. })), "{answer:?}");
    assert_eq!(peer.asked().len(), 6);
}

#[tokio::test]
async fn more_members_than_one_request_takes_are_asked_for_by_the_hundred() {
    let ids: Vec<MemberId> = (0..250).map(|nth| id(&format!("a{nth}"))).collect();
    let peer = Peer::answering(vec![done()]);
    assert_eq!(aws(&peer.url).members(&ids).await.unwrap().len(), 250);
    assert_eq!(peer.asked().len(), 3);
    assert_eq!(aws(&peer.url).members(&[]).await, Ok(vec![]));
    assert_eq!(peer.asked().len(), 3, "nothing is asked for nobody");
}

#[tokio::test]
async fn members_are_written_each_against_its_version() {
    let peer = Peer::by_request(|request| match said(request, "/Item/version/N").as_str() {
        "1" => done(),
        "6" => refusal(Some(stored_member("b", 6, None))),
        _ => json(400, &json!({"__type": "x#ValidationException", "message": "no"})),
    });
    let mut over = write("d", 0);
    over.expires = Some(at(5_000));
    let writes = [write("a", 0), write("b", 5), write("c", 8), over];
    let answers = aws(&peer.url).keep(&writes).await;
    assert_eq!(answers[0], Ok(Stored::Version(1)));
    assert_eq!(answers[1], Ok(Stored::Conflict));
    assert!(matches!(answers[2], Err(PortError::Refused { .. })), "{answers:?}");
    assert_eq!(answers[3], Ok(Stored::Version(1)));
    let asked = peer.asked();
    let of = |name: &str| {
        let sk = format!("member#{}", id(name).fingerprint);
        asked.iter().find(|request| said(request, "/Item/sk/S") == sk).unwrap()
    };
    assert_eq!(said(of("a"), "/ConditionExpression"), "attribute_not_exists(pk)");
    assert_eq!(said(of("b"), "/ConditionExpression"), "#version = :expected");
    assert!(!of("a").body.contains("expires_at"));
    assert_eq!(said(of("d"), "/Item/expires_at/N"), "5000");
}

#[tokio::test]
async fn a_member_whose_answer_was_lost_is_written_if_it_is_ours() {
    for (writer, expected) in [("ours", Stored::Version(6)), ("another call", Stored::Conflict)] {
        let peer = losing_put(writer);
        let answers = aws(&peer.url).keep(&[write("a", 5)]).await;
        assert_eq!((answers, peer.asked().len()), (vec![Ok(expected)], 2), "{writer}");
    }
}

#[tokio::test]
async fn a_member_that_cannot_be_read_is_replaced() {
    let garbled = || refusal(Some(stored_member("a", 9, Some("{"))));
    for (case, second, expected) in [
        ("replaced", done(), Stored::Version(1)),
        ("somebody was faster", refusal(Some(stored_member("a", 1, None))), Stored::Conflict),
    ] {
        let peer = Peer::answering(vec![garbled(), second]);
        let answers = aws(&peer.url).keep(&[write("a", 0)]).await;
        assert_eq!(answers, [Ok(expected)], "{case}");
        let asked = peer.asked();
        assert_eq!(said(&asked[1], "/ConditionExpression"), "doc = :unreadable", "{case}");
        assert_eq!(said(&asked[1], "/ExpressionAttributeValues/:unreadable/S"), "{", "{case}");
    }
    let peer = Peer::answering(vec![refusal(Some(stored_member("a", 9, None)))]);
    assert_eq!(aws(&peer.url).keep(&[write("a", 0)]).await, [Ok(Stored::Conflict)]);
    assert_eq!(peer.asked().len(), 1, "one that can be read stays");
}

#[tokio::test]
async fn what_does_not_fit_into_an_item_is_refused_before_it_is_sent() {
    let peer = Peer::answering(vec![done()]);
    let mut large = write("a", 0);
    large.member.event.reason = "x".repeat(410_000);
    let answers = aws(&peer.url).keep(&[large, write("b", 0)]).await;
    assert!(matches!(answers[0], Err(PortError::Refused { .. })), "{answers:?}");
    assert_eq!(answers[1], Ok(Stored::Version(1)));
    assert_eq!(peer.asked().len(), 1);
}

#[tokio::test]
async fn a_group_is_read_whole_and_what_cannot_be_read_hides_nothing() {
    let pk = json!({"S": format!("alarm-group#{}", group())});
    let document = serde_json::to_string(&state()).unwrap();
    let state = |document: &str| json!({"pk": pk, "sk": {"S": "state"}, "version": {"N": "4"}, "doc": {"S": document}});
    let lease = json!({"pk": pk, "sk": {"S": "lease"}, "owner": {"S": "t"}});
    let members = [stored_member("b", 2, Some("[]")), stored_member("a", 5, None)];
    for (case, document, known) in [("whole", document.as_str(), true), ("broken", "{", false)] {
        let items = json!({"Items": [lease, members[0], members[1], state(document)]});
        let peer = Peer::answering(vec![json(200, &items)]);
        let read = aws(&peer.url).group(&group()).await.unwrap();
        assert_eq!((read.state.is_some(), read.version), (known, 4), "{case}");
        let versions: Vec<u64> = read.members.iter().map(|kept| kept.version).collect();
        assert_eq!(versions, [5], "{case}");
        assert_eq!(said(&peer.asked()[0], "/ConsistentRead"), "true");
    }
    let broken = json!({"Items": [{"sk": {"S": "state"}, "version": {"S": "four"}}]});
    let peer = Peer::answering(vec![json(200, &broken)]);
    let answer = aws(&peer.url).group(&group()).await;
    assert!(matches!(answer, Err(PortError::Unreadable { .. })), "{answer:?}");
}

#[tokio::test]
async fn a_mark_whose_answer_was_lost_is_written_if_it_is_ours() {
    let token = LeaseToken("mine".into());
    for (writer, expected) in [("mine", Stored::Version(8)), ("theirs", Stored::Conflict)] {
        let peer = losing_put(writer);
        let answer = aws(&peer.url).mark(&state(), 7, &token).await;
        assert_eq!((answer, peer.asked().len()), (Ok(expected), 2), "{writer}");
        assert_eq!(said(&peer.asked()[0], "/Item/sk/S"), "state");
    }
}

#[tokio::test]
async fn a_groups_lease_is_the_fleets_protocol_beside_the_group() {
    let token = LeaseToken("mine".into());
    let held = json!({"owner": {"S": "theirs"}, "until_ms": {"N": "5000"}});
    let peer = Peer::answering(vec![refusal(Some(held)), done()]);
    let lease = aws(&peer.url).take(&group(), &token, at(1), at(9)).await;
    assert_eq!(lease, Ok(Lease::Busy));
    let asked = peer.asked();
    assert_eq!(said(&asked[0], "/Key/pk/S"), format!("alarm-group#{}", group()));
    assert_eq!(said(&asked[0], "/Key/sk/S"), "lease");
    assert!(said(&asked[1], "/UpdateExpression").contains("SET wanted"));

    let peer = Peer::answering(vec![done()]);
    assert_eq!(aws(&peer.url).leave(&group(), &token).await, Ok(Released::Free));
    assert_eq!(said(&peer.asked()[0], "/Key/pk/S"), format!("alarm-group#{}", group()));
}

#[tokio::test]
async fn silences_are_kept_a_day_longer_and_a_broken_one_hides_no_other() {
    let peer = Peer::answering(vec![done()]);
    let mut short = silence("s-1");
    short.ends = at(1_000);
    aws(&peer.url).put_silence(&short).await.unwrap();
    assert_eq!(said(&peer.asked()[0], "/Item/expires_at/N"), (1_000 + 86_400).to_string());
    assert!(!peer.asked()[0].body.contains("Condition"), "one with the same id is replaced");

    let item = |id: &str, document: &str, expires: &str| {
        let pk = json!({"S": "alarm-silences"});
        json!({"pk": pk, "sk": {"S": id}, "doc": {"S": document}, "expires_at": {"N": expires}})
    };
    let document = serde_json::to_string(&silence("s-2")).unwrap();
    let items = json!({"Items": [
        item("s-0", &document, "1000"), item("s-1", "{", "9999999999"),
        item("s-2", &document, "9999999999"),
    ]});
    let peer = Peer::answering(vec![json(200, &items)]);
    assert_eq!(aws(&peer.url).silences().await, Ok(vec![silence("s-2")]));
}

/// What was spent of a second, as it stands there.
fn spent(second: i64, used: u32, writer: &str) -> Answer {
    let (second, used) = (second.to_string(), used.to_string());
    refusal(Some(json!({"second": {"N": second}, "used": {"N": used}, "writer": {"S": writer}})))
}

#[tokio::test]
async fn a_second_is_spent_once() {
    for (case, script, granted, calls) in [
        ("nobody yet", vec![done()], 3, 1),
        ("some are left", vec![spent(100, 3, "w"), done()], 2, 2),
        ("none is left", vec![spent(100, 5, "w")], 0, 1),
        ("somebody's clock is ahead", vec![spent(101, 1, "w")], 0, 1),
        ("somebody is faster twice", vec![spent(100, 1, "w"), spent(100, 4, "w"), done()], 1, 3),
        ("somebody is always faster", vec![spent(100, 1, "w")], 0, 6),
    ] {
        let peer = Peer::answering(script);
        let answer = aws(&peer.url).spend("critical", 100, 3, 5).await;
        assert_eq!((answer, peer.asked().len()), (Ok(granted), calls), "{case}");
        assert_eq!(said(&peer.asked()[0], "/Key/pk/S"), "alarm-spent#critical", "{case}");
    }
    let peer = Peer::answering(vec![done()]);
    assert_eq!(aws(&peer.url).spend("critical", 100, 9, 5).await, Ok(5), "never more than most");
    assert_eq!(aws(&peer.url).spend("critical", 100, 0, 5).await, Ok(0));
    assert_eq!(peer.asked().len(), 1, "who wants nothing asks nobody");
}

#[tokio::test]
async fn what_was_spent_and_the_answer_lost_is_ours() {
    let lost = std::sync::atomic::AtomicBool::new(false);
    let peer = Peer::by_request(move |request| {
        if !lost.swap(true, std::sync::atomic::Ordering::SeqCst) {
            return Answer::Lost;
        }
        spent(100, 2, &said(request, "/ExpressionAttributeValues/:writer/S"))
    });
    assert_eq!(aws(&peer.url).spend("critical", 100, 2, 5).await, Ok(2));
    assert_eq!(peer.asked().len(), 2);
}

#[tokio::test]
async fn members_are_forgotten_whether_they_were_there_or_not() {
    let peer = Peer::answering(vec![done()]);
    aws(&peer.url).forget(&[id("a"), id("b")]).await.unwrap();
    assert_eq!(peer.asked().len(), 2);
    assert!(peer.asked().iter().all(|request| !request.body.contains("Condition")));
}
