//! Sessions end to end: a Global Table of two regions on the local endpoint, a real cache in each,
//! the store of an application in one region and session-sync of the other, run from the records of
//! its own replica's stream.

#![expect(clippy::panic, clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

use serde_json::{Value, json};
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tidegate_cache_proofs::{Mode, Server};
use tidegate_domain::sessions::part::{SessionKey, SessionPart};
use tidegate_domain::sessions::ports::{Epoch, EpochItem, PartTable, Put};
use tidegate_domain::sessions::stamp::Stamp;
use tidegate_sessions::{Ending, Error, Options, SessionStore, StoreError, SyncLambda, TokenKey};
use tidegate_tests::contract;
use tidegate_tests::contract::sessions::ArrangeSessions;
use tidegate_tests::endpoint::loss::Relay;
use tidegate_tests::endpoint::sessions::SessionStage;

async fn stage() -> SessionStage {
    match SessionStage::start().await {
        Ok(stage) => stage,
        Err(stop) => panic!("{stop:?}"),
    }
}

#[tokio::test]
async fn the_contract_of_sessions_holds_on_the_local_endpoint() {
    let report = contract::run(&stage().await, &contract::sessions::cases()).await;
    println!("{report}");
    assert!(report.failed.is_empty() && report.unsupported.is_empty(), "{report}");
}

#[tokio::test]
async fn a_write_whose_answer_is_lost_happens_once_and_is_known() {
    let stage = stage().await;
    let relay = Relay::to(stage.endpoint().url()).unwrap();
    let replica = stage.replica_through(relay.url()).unwrap();
    let (region, now) = (stage.here().0.clone(), stage.now());
    let part = |writer: &str, seen: Option<&Stamp>| SessionPart {
        key: SessionKey::new(&"ab".repeat(32)).unwrap(),
        id: region.as_str().parse().unwrap(),
        fields: [].into(),
        ended: None,
        not_after: "2030-01-01T00:00:00Z".parse().unwrap(),
        live_until: "2030-01-01T00:00:00Z".parse().unwrap(),
        written: Stamp::next(now, seen, &region),
        writer: writer.to_owned(),
    };
    let first = part("w-1", None);
    relay.lose(1);
    assert_eq!(replica.put_part(&first, None).await, Ok(Put::Written));
    assert_eq!(replica.put_part(&part("w-2", None), None).await, Ok(Put::Conflict));
    let next = part("w-3", Some(&first.written));
    relay.lose(2);
    assert_eq!(replica.put_part(&next, Some(&first.written)).await, Ok(Put::Written));
    let until = |secs| now + jiff::SignedDuration::from_secs(secs);
    relay.lose(1);
    let doubt = replica.doubt(now, until(5)).await.unwrap();
    assert_eq!((doubt.number, replica.epoch().await), (1, Ok(doubt)));
    assert_eq!(relay.lost(), 4, "every loss met a call");
}

#[tokio::test]
async fn of_many_who_doubt_at_once_one_raises_the_epoch() {
    let stage = stage().await;
    let (replica, now) = (stage.here().1.clone(), stage.now());
    let until = now + jiff::SignedDuration::from_secs(5);
    let mut running = tokio::task::JoinSet::new();
    for _ in 0..12 {
        let replica = replica.clone();
        running.spawn(async move { replica.doubt(now, until).await.unwrap() });
    }
    let answers: Vec<Epoch> = running.join_all().await;
    assert!(answers.iter().all(|epoch| epoch.number == 1), "{answers:?}");
}

/// A region: its cache, an application's store, its function.
struct Region {
    server: Server,
    store: SessionStore,
    sync: SyncLambda,
}

impl Region {
    fn of(stage: &SessionStage, region: usize) -> Self {
        let server = Server::start(Mode::Alone);
        let settings = stage.settings(region, &server.url()).unwrap();
        let key = TokenKey::new("a secret of at least 16 bytes").unwrap();
        let store = SessionStore::new(&settings, key, Options::default());
        Self { server, store, sync: SyncLambda::new(&settings) }
    }

    async fn serve(&self, event: &Value) -> Value {
        let deadline = SystemTime::now() + Duration::from_secs(60);
        let deadline = deadline.duration_since(UNIX_EPOCH).unwrap().as_millis();
        let deadline = u64::try_from(deadline).unwrap();
        self.sync.handle(&event.to_string(), deadline).await.unwrap()
    }

    /// Whether the function's cache knows something of a session, of a board.
    fn keys(&self) -> usize {
        self.server.admin().say(&["KEYS", "*"]).texts().len()
    }
}

fn tomorrow() -> SystemTime {
    SystemTime::now() + Duration::from_secs(24 * 3600)
}

const NOTHING: [&str; 0] = [];

#[tokio::test]
async fn what_an_application_writes_in_one_region_the_others_cache_answers() {
    let stage = stage().await;
    let (seoul, virginia) = (Region::of(&stage, 0), Region::of(&stage, 1));
    let token = "a token";
    seoul.store.create(token, [("user", "kim"), ("cart", "1 item")], tomorrow()).await.unwrap();
    virginia.store.update(token, [("lang", "ko")], NOTHING).await.unwrap();
    seoul.store.update(token, [("cart", "2 items")], ["user"]).await.unwrap();

    // The function of the other region, from its own replica's stream.
    assert_eq!(virginia.keys(), 1, "its own write");
    let batch = stage.batch(1).unwrap();
    let names: Vec<&Value> =
        batch["Records"].as_array().unwrap().iter().map(|r| &r["eventName"]).collect();
    assert_eq!(names, ["INSERT", "INSERT", "MODIFY"], "{batch}");
    let answer = virginia.serve(&batch).await;
    assert_eq!(answer, json!({ "batchItemFailures": [] }));

    // The first read completes the entry; the next one is a hit, without the table.
    for _ in 0..2 {
        let session = virginia.store.get(token).await.unwrap().unwrap();
        let values: Vec<_> = session.values.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
        assert_eq!(values, [("cart", "2 items"), ("lang", "ko")]);
    }
    let counts = virginia.store.counts();
    assert_eq!((counts.hits, counts.fills, counts.cache_failures), (1, 1, 0), "{counts:?}");

    // From here on the stream alone keeps it right.
    seoul.store.update(token, [("cart", "3 items")], NOTHING).await.unwrap();
    virginia.serve(&stage.batch(1).unwrap()).await;
    let session = virginia.store.get(token).await.unwrap().unwrap();
    assert_eq!((session.get("cart"), virginia.store.counts().hits), (Some("3 items"), 2));

    // A logout in one region is one in the other.
    assert_eq!(seoul.store.end(token).await, Ok(Ending::Ended));
    virginia.serve(&stage.batch(1).unwrap()).await;
    assert_eq!(virginia.store.get(token).await, Ok(None));
    assert_eq!(virginia.store.counts().hits, 3);
    let late = virginia.store.touch(token).await;
    assert_eq!(late, Err(Error::Store(StoreError::Ended)));
}

#[tokio::test]
async fn a_ranking_is_the_sum_of_both_regions() {
    let stage = stage().await;
    let (seoul, virginia) = (Region::of(&stage, 0), Region::of(&stage, 1));
    for (member, here, there) in [("kim", 5, 10), ("lee", 7, 0), ("park", -3, 4)] {
        seoul.store.add_score("week", member, here).await.unwrap();
        virginia.store.add_score("week", member, there).await.unwrap();
    }
    let told = |ranking: Vec<(String, i64)>| {
        ranking.iter().map(|(member, n)| format!("{member} {n}")).collect::<Vec<_>>()
    };
    assert_eq!(told(virginia.store.rank("week", 2).await.unwrap()), ["kim 15", "lee 7"]);
    seoul.store.add_score("week", "park", 100).await.unwrap();
    virginia.serve(&stage.batch(1).unwrap()).await;
    let before = virginia.store.counts().hits;
    let ranking = told(virginia.store.rank("week", 10).await.unwrap());
    assert_eq!(ranking, ["park 101", "kim 15", "lee 7"]);
    assert!(virginia.store.counts().hits > before, "{:?}", virginia.store.counts());
}

#[tokio::test]
async fn a_tick_tells_how_old_the_other_regions_beat_is() {
    let stage = stage().await;
    let (seoul, virginia) = (Region::of(&stage, 0), Region::of(&stage, 1));
    let tick = json!({ "schedule": "tick" });
    assert_eq!(seoul.serve(&tick).await["age_ms"], json!({}));
    tokio::time::sleep(Duration::from_millis(300)).await;
    let answer = virginia.serve(&tick).await;
    let age = answer["age_ms"]["ap-northeast-2"].as_u64().unwrap();
    assert!((300..10_000).contains(&age), "{answer}");
}

/// What the stream cannot bring to a cache that is gone is not forgotten: the epoch says so.
#[tokio::test]
async fn a_cache_that_is_gone_makes_no_record_fail_and_its_entries_doubtful() {
    let stage = stage().await;
    let (seoul, mut virginia) = (Region::of(&stage, 0), Region::of(&stage, 1));
    let token = "a token";
    seoul.store.create(token, [("user", "kim")], tomorrow()).await.unwrap();
    virginia.serve(&stage.batch(1).unwrap()).await;
    virginia.server.kill();
    seoul.store.end(token).await.unwrap();
    let answer = virginia.serve(&stage.batch(1).unwrap()).await;
    assert_eq!(answer, json!({ "batchItemFailures": [] }));
    let epoch = stage.there().1.epoch().await.unwrap();
    assert_eq!(epoch.number, 1);
    assert_eq!(virginia.store.get(token).await, Ok(None), "the table knows");
}

/// The password is read at the first call, and again when the cache refuses it.
#[tokio::test]
async fn a_password_that_was_changed_is_read_again() {
    let stage = stage().await;
    let server = Server::start(Mode::Alone);
    let settings = |arn: &str| tidegate_sessions::Settings {
        cache_secret: Some(arn.to_owned()),
        ..stage.settings(0, &server.url()).unwrap()
    };
    let json = json!({ "username": "default", "password": "one" }).to_string();
    let arn = stage.keep_secret(0, "cache", &json).unwrap();
    server.admin().say(&["CONFIG", "SET", "requirepass", "one"]);
    let key = TokenKey::new("a secret of at least 16 bytes").unwrap();
    let store = SessionStore::new(&settings(&arn), key, Options::default());
    store.create("a token", [("user", "kim")], tomorrow()).await.unwrap();
    for _ in 0..2 {
        assert!(store.get("a token").await.unwrap().is_some());
    }
    let counts = store.counts();
    assert_eq!((counts.hits, counts.cache_failures), (1, 0), "{counts:?}");

    stage.keep_secret(0, "cache", "two").unwrap();
    let mut admin = server.admin();
    admin.say(&["AUTH", "one"]);
    admin.say(&["CONFIG", "SET", "requirepass", "two"]);
    admin.say(&["CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes"]);
    let began = std::time::Instant::now();
    while store.counts().hits == counts.hits {
        assert!(store.get("a token").await.unwrap().is_some(), "the table knows it all the time");
        assert!(began.elapsed() < Duration::from_secs(30), "{:?}", store.counts());
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    assert!(store.counts().cache_failures > 0, "it was refused: {:?}", store.counts());
}
