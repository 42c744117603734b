//! One contract for every cache: the twin that the histories use, a server, a cluster's node.

use jiff::Timestamp;
use std::sync::{Mutex, PoisonError};
use tidegate_cache::{RedisCache, session_key, shard_keys};
use tidegate_cache_proofs::contract::{Arrange, Half, play};
use tidegate_cache_proofs::{Admin, Mode, Server, scenes};
use tidegate_domain::sessions::part::SessionKey;
use tidegate_domain::sessions::score::ShardKey;
use tidegate_fakes::sessions::{CacheTwin, Stage};

struct Twin {
    stage: Stage,
    cache: CacheTwin,
}

impl Arrange for Twin {
    type Cache = CacheTwin;

    fn cache(&self) -> &CacheTwin {
        &self.cache
    }

    fn now(&self) -> Timestamp {
        self.stage.now()
    }

    fn evict(&self, key: &SessionKey) {
        self.cache.evict(key);
    }

    fn evict_shard(&self, shard: &ShardKey, _: Half) {
        self.cache.evict_shard(shard);
    }
}

struct Real {
    _server: Server,
    cache: RedisCache,
    admin: Mutex<Admin>,
    began: Timestamp,
}

impl Real {
    fn new(mode: Mode) -> Self {
        let server = Server::start(mode);
        let (cache, admin) = (scenes::patient(&server.url()), Mutex::new(server.admin()));
        Self { _server: server, cache, admin, began: scenes::now() }
    }

    fn delete(&self, key: &str) {
        self.admin.lock().unwrap_or_else(PoisonError::into_inner).say(&["DEL", key]).number();
    }
}

impl Arrange for Real {
    type Cache = RedisCache;

    fn cache(&self) -> &RedisCache {
        &self.cache
    }

    // One time for a whole run: the same part has the same stamp whenever it is made.
    fn now(&self) -> Timestamp {
        self.began
    }

    fn evict(&self, key: &SessionKey) {
        self.delete(&session_key(key));
    }

    fn evict_shard(&self, shard: &ShardKey, half: Half) {
        let [parts, order] = shard_keys(shard);
        self.delete(match half {
            Half::Parts => &parts,
            Half::Order => &order,
        });
    }
}

#[tokio::test]
async fn the_twin_keeps_the_contract() {
    let stage = Stage::at(scenes::now());
    let cache = CacheTwin::new(&stage, &scenes::region(0));
    play(&Twin { stage, cache }).await;
}

#[tokio::test]
async fn a_server_keeps_the_contract() {
    play(&Real::new(Mode::Alone)).await;
}

#[tokio::test]
async fn a_cluster_keeps_the_contract() {
    play(&Real::new(Mode::Cluster)).await;
}
