//! The items that version 1 stores, as files in `tests/stored/v1`: today's writers still write
//! them byte for byte, and today's readers read them.
//!
//! A difference is a decision. What the version before reads may change here and in the file
//! (`TIDEGATE_UPDATE=1 cargo test -p tidegate-adapters stored` writes the files anew). What it does
//! not read needs a folder `v2`, readers of both, and a line in docs/upgrade.md on what the version
//! before does with it.

mod scene;

use super::peer::{Peer, Request, json};
use super::{aws, fleet, router_scene as router, sessions as session};
use crate::{Aws, Replica};
use scene::{at, entry, learned, memory};
use serde_json::{Value, json};
use std::path::PathBuf;
use tidegate_domain::alarms::ports::AlarmStore;
use tidegate_domain::ports::{Control, Lease, LeaseToken, StoredPolicy};
use tidegate_domain::sessions::ports::{Epoch, EpochItem, PartTable};

/// What differs from run to run.
const RANDOM: &str = "(random)";

fn file(name: &str) -> PathBuf {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/stored/v1");
    root.join(format!("{name}.json"))
}

fn golden(name: &str) -> Value {
    let text = std::fs::read_to_string(file(name)).unwrap_or_else(|why| panic!("{name}: {why}"));
    serde_json::from_str(&text).unwrap()
}

fn updating() -> bool {
    std::env::var_os("TIDEGATE_UPDATE").is_some()
}

/// What the last request writes: a put's item, or an update's key, expressions and values.
fn written(peer: &Peer, random: &[&str]) -> Value {
    let body: Value = serde_json::from_str(&peer.asked().last().unwrap().body).unwrap();
    let mut item = body.get("Item").cloned().unwrap_or_else(|| {
        let part = |name: &str| body.get(name).cloned().unwrap_or_default();
        json!({
            "Key": part("Key"),
            "UpdateExpression": part("UpdateExpression"),
            "ExpressionAttributeNames": part("ExpressionAttributeNames"),
            "ExpressionAttributeValues": part("ExpressionAttributeValues"),
        })
    });
    for path in random {
        *item.pointer_mut(path).unwrap_or_else(|| panic!("no {path} in {body}")) = json!(RANDOM);
    }
    item
}

/// Compares what is written with the file, byte for byte.
fn same(name: &str, peer: &Peer, random: &[&str]) {
    let text = format!("{:#}\n", written(peer, random));
    if updating() {
        std::fs::write(file(name), &text).unwrap();
    }
    let stands = std::fs::read_to_string(file(name)).unwrap_or_default();
    assert_eq!(
        text, stands,
        "{name} is stored otherwise than by version 1: see the head of stored.rs"
    );
}

fn taking() -> Peer {
    Peer::answering(vec![json(200, &json!({}))])
}

/// A table in which this item stands, however it is asked for.
fn holding(item: &Value) -> Peer {
    let (one, all) = (json!({ "Item": item }), json!({ "Items": [item], "Count": 1 }));
    Peer::by_request(move |request: &Request| {
        json(200, if request.call.ends_with("GetItem") { &one } else { &all })
    })
}

fn token() -> LeaseToken {
    LeaseToken("0123456789abcdef".to_owned())
}

fn of(peer: &Peer) -> Aws {
    aws(&peer.url)
}

fn replica(peer: &Peer) -> Replica {
    session::replica(peer)
}

#[tokio::test]
async fn a_policy() {
    let (policy, peer) =
        (StoredPolicy { version: 7, document: scene::POLICY.to_owned() }, taking());
    of(&peer).put_policy(&policy).await.unwrap();
    same("policy", &peer, &["/writer/S", "/at/S"]);
    let table = holding(&golden("policy"));
    assert_eq!(of(&table).policies().await.unwrap(), [policy]);
    assert!(tidegate_domain::policy::Policy::parse(scene::POLICY).is_ok());
}

#[tokio::test]
async fn a_memory() {
    let peer = taking();
    of(&peer).store(&fleet(), 41, &memory(), &token()).await.unwrap();
    same("memory", &peer, &[]);
    let stands = of(&holding(&golden("memory"))).load(&fleet()).await.unwrap();
    assert_eq!((stands.version, stands.memory), (42, memory()));
}

#[tokio::test]
async fn an_entry_of_the_ledger() {
    let peer = taking();
    of(&peer).append(&entry(), at("2126-03-06T13:10:00Z")).await.unwrap();
    same("ledger", &peer, &[]);
    let table = holding(&golden("ledger"));
    assert_eq!(of(&table).ledger(&fleet(), 1).await.unwrap(), [entry()]);
}

/// The bytes of a learned state; the arithmetic that learned it may change, the layout may not.
#[tokio::test]
async fn what_sizing_has_learned() {
    if updating() {
        let peer = taking();
        of(&peer).put_sizing(&fleet(), 3, &learned(), &token()).await.unwrap();
        same("sizing", &peer, &[]);
    }
    let stands = of(&holding(&golden("sizing"))).sizing(&fleet()).await.unwrap().unwrap();
    let state = stands.state.unwrap();
    assert!(stands.version == 4 && state.charged() > 1_000, "{}", state.charged());
    let peer = taking();
    of(&peer).put_sizing(&fleet(), 3, &state, &token()).await.unwrap();
    same("sizing", &peer, &[]);
}

#[tokio::test]
async fn a_lease() {
    let (wall, until) = (at("2026-03-06T13:10:00Z"), at("2026-03-06T13:11:00Z"));
    let peer = taking();
    of(&peer).acquire(&fleet(), &token(), wall, until).await.unwrap();
    same("lease", &peer, &[]);
    // As it stands after that: ours when the token is ours, and else another's.
    let item = json!({
        "pk": {"S": "fleet#web"}, "sk": {"S": "lease"},
        "owner": {"S": token().0}, "until_ms": {"N": until.as_millisecond().to_string()},
    });
    let refused = json!({"__type": "x#ConditionalCheckFailedException", "Item": item});
    for (who, lease) in [(token(), Lease::Taken), (LeaseToken("other".into()), Lease::Busy)] {
        let table = Peer::answering(vec![json(400, &refused), json(200, &json!({}))]);
        assert_eq!(of(&table).acquire(&fleet(), &who, wall, until).await, Ok(lease));
    }
}

#[tokio::test]
async fn a_group_of_alarms_in_the_list() {
    let peer = taking();
    of(&peer).open(&[router::opening()], "s-1").await.unwrap();
    same("alarm-group-opened", &peer, &[]);
    let peer = taking();
    let entry = router::entry("s-2");
    of(&peer).settle(&router::group(), Some("s-1"), Some(&entry)).await.unwrap();
    same("alarm-group", &peer, &[]);
    assert_eq!(of(&holding(&golden("alarm-group"))).groups().await.unwrap(), [entry]);
}

#[tokio::test]
async fn what_people_know_of_a_group_and_its_members() {
    let (peer, state) = (taking(), scene::state());
    of(&peer).mark(&state, 4, &token()).await.unwrap();
    same("alarm-state", &peer, &[]);
    let read = of(&holding(&golden("alarm-state"))).group(&router::group()).await.unwrap();
    assert_eq!((read.version, read.state), (5, Some(state)));

    let peer = taking();
    let done = of(&peer).keep(&[router::write("cpu", 2)]).await;
    assert!(done.iter().all(Result::is_ok), "{done:?}");
    same("alarm-member", &peer, &["/writer/S"]);
    let read = of(&holding(&golden("alarm-member"))).group(&router::group()).await.unwrap();
    let members: Vec<_> =
        read.members.into_iter().map(|kept| (kept.version, kept.member)).collect();
    assert_eq!(members, [(3, router::member("cpu"))]);
}

#[tokio::test]
async fn a_silence_and_what_a_topic_got() {
    let (peer, silence) = (taking(), router::silence("s-1f0c6a83"));
    of(&peer).put_silence(&silence).await.unwrap();
    same("silence", &peer, &[]);
    assert_eq!(of(&holding(&golden("silence"))).silences().await.unwrap(), [silence]);
    let peer = taking();
    assert_eq!(of(&peer).spend("critical", 1_772_802_600, 3, 5).await, Ok(3));
    same("spent", &peer, &["/ExpressionAttributeValues/:writer/S"]);
}

#[tokio::test]
async fn parts_of_sessions_scores_and_beats() {
    let (part, score, stamp) = (session::part(), session::score(), session::stamp(2));
    let peer = taking();
    replica(&peer).put_part(&part, None).await.unwrap();
    same("session", &peer, &[]);
    let found = replica(&holding(&golden("session"))).parts(&part.key).await.unwrap();
    assert_eq!((found.parts, found.unreadable), (vec![part], vec![]));
    let peer = taking();
    replica(&peer).put_score(&score, None).await.unwrap();
    same("score", &peer, &[]);
    let found = replica(&holding(&golden("score"))).scores(&score.shard).await.unwrap();
    assert_eq!((found.parts, found.unreadable), (vec![score], vec![]));
    let peer = taking();
    replica(&peer).beat(&stamp, at("2126-03-06T13:10:00Z")).await.unwrap();
    same("beat", &peer, &[]);
    assert_eq!(replica(&holding(&golden("beat"))).beats().await.unwrap(), [stamp]);
}

#[tokio::test]
async fn the_epoch_of_the_cache() {
    let (now, until) = (at("2026-03-06T13:10:00Z"), at("2026-03-06T13:11:00Z"));
    let peer = taking();
    replica(&peer).doubt(now, until).await.unwrap();
    same("epoch", &peer, &["/writer/S"]);
    let epoch = Epoch { number: 1, doubt_until: Some(until) };
    assert_eq!(replica(&holding(&golden("epoch"))).epoch().await.unwrap(), epoch);
}

/// What a newer version stored, as an older one meets it: `n` stands for a field that it added.
#[tokio::test]
async fn of_a_newer_version_a_memory_is_refused_and_a_ledger_entry_is_left_out() {
    let newer = |name: &str| {
        let mut item = golden(name);
        let document = item["doc"]["S"].as_str().unwrap().replacen('{', r#"{"n":1,"#, 1);
        item["doc"]["S"] = json!(document);
        item
    };
    let refused = of(&holding(&newer("memory"))).load(&fleet()).await.unwrap_err();
    assert!(refused.to_string().contains("unknown field `n`"), "{refused}");

    // A field more does no harm where people read; a word that is not known does.
    let kept = of(&holding(&newer("ledger"))).ledger(&fleet(), 9).await.unwrap();
    assert_eq!(kept, [entry()]);
    let mut odd = golden("ledger");
    odd["doc"]["S"] = json!(odd["doc"]["S"].as_str().unwrap().replace("night_step", "moon_step"));
    let answer = json(200, &json!({"Items": [odd, golden("ledger")], "Count": 2}));
    let left = of(&Peer::answering(vec![answer])).ledger(&fleet(), 9).await.unwrap();
    assert_eq!(left, [entry()]);

    let read = of(&holding(&newer("alarm-state"))).group(&router::group()).await.unwrap();
    assert_eq!(read.state, Some(scene::state()), "an alarm is told once, whoever knows of it");
}

/// Everything in the folder is of use.
#[test]
fn every_file_is_read() {
    let folder = file("x").parent().unwrap().to_owned();
    let mut names: Vec<String> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    let known = [
        "alarm-group-opened",
        "alarm-group",
        "alarm-member",
        "alarm-state",
        "beat",
        "epoch",
        "lease",
        "ledger",
        "memory",
        "policy",
        "score",
        "session",
        "silence",
        "sizing",
        "spent",
    ];
    let mut known: Vec<String> = known.map(|name| format!("{name}.json")).to_vec();
    known.sort();
    assert_eq!(names, known);
}
