//! Aira's two stores keep one contract: the one in memory for local runs, and the session table of
//! two regions with their caches. And a user's way through two regions, over sockets.

#![expect(clippy::unwrap_used, reason = "what cannot be read fails the test")]

#[path = "../../workload/aira/tests/support/mod.rs"]
mod support;

use aira::memory::Memory;
use aira::store::{Fields, Store, StoreFault};
use aira::table::Table;
use aira::ticket::{Key, token};
use serde_json::Value;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use support::Parts;
use tidegate_cache_proofs::{Mode, Server};
use tidegate_sessions::SyncLambda;
use tidegate_tests::endpoint::sessions::SessionStage;

/// The stores of the contract run sessions out after so long.
const IDLE: Duration = Duration::from_secs(8);
/// In the second half of it, where a touch writes, also when the table has rounded its end up to a
/// whole second; and early enough for a busy machine.
const USED_AFTER: Duration = Duration::from_millis(5500);
const HOUR: Duration = Duration::from_secs(3600);

fn fields(pairs: &[(&str, &str)]) -> Fields {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

async fn keeps_the_contract(store: &dyn Store) {
    let [one, two, three] = [(); 3].map(|()| token().unwrap());
    let nobody = token().unwrap();
    let gone = Err(StoreFault::Gone);
    assert_eq!(store.get(&nobody).await, Ok(None));
    assert_eq!(store.update(&nobody, fields(&[("a", "1")]), vec![]).await, Err(StoreFault::Gone));
    assert_eq!(store.touch(&nobody).await, gone);
    assert_eq!(store.end(&nobody).await, Ok(()), "who is out is out");

    let first = fields(&[("user", "kim"), ("turn01", "x")]);
    store.create(&one, first.clone(), HOUR).await.unwrap();
    assert_eq!(store.get(&one).await, Ok(Some(first.clone())));
    let again = store.create(&one, first, HOUR).await;
    assert!(matches!(again, Err(StoreFault::Unavailable(_))), "a token is used once: {again:?}");
    let change = fields(&[("turn02", "y"), ("turn03", "z")]);
    let removed = vec!["turn01".to_owned(), "turn03".to_owned()];
    let expected = fields(&[("user", "kim"), ("turn02", "y")]);
    assert_eq!(store.update(&one, change, removed).await, Ok(expected.clone()));
    assert_eq!(store.get(&one).await, Ok(Some(expected)));
    for _ in 0..2 {
        assert_eq!(store.end(&one).await, Ok(()));
        assert_eq!(store.get(&one).await, Ok(None));
    }
    assert_eq!(store.touch(&one).await, gone);
    assert_eq!(store.update(&one, fields(&[]), vec![]).await, Err(StoreFault::Gone));
    assert!(store.create(&one, fields(&[]), HOUR).await.is_err(), "nor after its end");

    // One that is used lives on; one that is not, and one whose life is over, do not.
    store.create(&two, fields(&[("user", "lee")]), HOUR).await.unwrap();
    store.create(&three, fields(&[("user", "ann")]), Duration::from_secs(2)).await.unwrap();
    for _ in 0..2 {
        tokio::time::sleep(USED_AFTER).await;
        store.touch(&two).await.unwrap();
    }
    assert_eq!(store.get(&three).await, Ok(None));
    assert_eq!(store.get(&two).await, Ok(Some(fields(&[("user", "lee")]))));
    tokio::time::sleep(IDLE + Duration::from_secs(1)).await;
    assert_eq!(store.get(&two).await, Ok(None));
}

#[tokio::test]
async fn the_store_in_memory_keeps_the_contract() {
    keeps_the_contract(&Memory::new(IDLE)).await;
}

struct Region {
    _server: Server,
    store: Arc<Table>,
    sync: SyncLambda,
}

impl Region {
    fn of(stage: &SessionStage, region: usize, idle: Duration) -> Self {
        let server = Server::start(Mode::Alone);
        let settings = stage.settings(region, &server.url()).unwrap();
        let key = Key::new(support::KEY).unwrap();
        let store = Arc::new(Table::new(&settings, &key, idle).unwrap());
        Self { _server: server, store, sync: SyncLambda::new(&settings) }
    }

    async fn serve(&self, event: &Value) {
        let deadline = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis() + 60_000;
        let deadline = u64::try_from(deadline).unwrap();
        self.sync.handle(&event.to_string(), deadline).await.unwrap();
    }
}

#[tokio::test]
async fn the_session_table_keeps_the_contract() {
    let stage = SessionStage::start().await.unwrap();
    keeps_the_contract(&*Region::of(&stage, 0, IDLE).store).await;
}

#[tokio::test]
async fn a_user_moves_between_regions_and_signs_out_of_both() {
    let stage = SessionStage::start().await.unwrap();
    let regions = [0, 1].map(|region| Region::of(&stage, region, HOUR));
    let service = |region: &Region| Parts { store: region.store.clone(), ..Parts::default() };
    let (seoul, virginia) =
        (service(&regions[0]).start().await, service(&regions[1]).start().await);
    let here = seoul.signed_in("kim").await;
    let there = here.moved_to(&virginia.base);
    let mut said = vec![here.ask("One?").await.said().0];
    said.push(there.ask("Two?").await.said().0);
    for (number, region) in regions.iter().enumerate() {
        region.serve(&stage.batch(number).unwrap()).await;
    }
    said.push(here.ask("Three?").await.said().0);
    assert_eq!(here.answers().await, said, "no turn of either region is lost");

    assert_eq!(there.call("POST", "/logout", "").await.status, 200);
    for (number, region) in regions.iter().enumerate() {
        region.serve(&stage.batch(number).unwrap()).await;
    }
    for browser in [here, there] {
        assert_eq!(browser.get("/history").await.status, 401);
        assert_eq!(browser.ask("Still there?").await.status, 401);
    }
}
