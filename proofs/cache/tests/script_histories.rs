//! Random histories on a real server: several invocations at once apply overlapping, duplicated and
//! reordered batches while entries are filled and evicted.

#![expect(clippy::expect_used, reason = "a proof that cannot be played fails")]

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use tidegate_cache::{RedisCache, session_key};
use tidegate_cache_proofs::history::{History, INVOCATIONS};
use tidegate_cache_proofs::play::{Counts, Stand, play};
use tidegate_cache_proofs::{Admin, Mode, Server, scenes};
use tidegate_domain::sessions::part::{SessionKey, SessionPart};
use tidegate_domain::sessions::ports::{CacheError, CacheRead, CacheWrite, FillMark};
use tidegate_domain::sessions::ports::{RankRead, SessionCache};
use tidegate_domain::sessions::score::{ScorePart, ShardKey};
use tidegate_histories::dice::Dice;
use tidegate_histories::length::{length, seed};

/// Histories that are played side by side.
const AT_ONCE: u64 = 16;

/// Plays so many histories on a server, and returns what was broken.
async fn histories<C>(server: &Server, caches: Vec<C>, many: u64) -> (Counts, Vec<String>)
where
    C: SessionCache + Send + Sync + 'static,
{
    let (seed, now) = (seed(), scenes::now());
    let shared = Arc::new((caches, Counts::default(), Mutex::new(Vec::new()), AtomicU64::new(0)));
    let mut players = Vec::new();
    for _ in 0..AT_ONCE {
        let (shared, admin) = (Arc::clone(&shared), Mutex::new(server.admin()));
        players.push(tokio::spawn(async move {
            let (caches, counts, broken, next) = &*shared;
            let stand = Stand { caches, admin: &admin, counts };
            loop {
                let number = next.fetch_add(1, Ordering::Relaxed);
                if number >= many {
                    return;
                }
                let own = seed.wrapping_add(number);
                let history = History::new(number, &mut Dice::new(own), now);
                if let Err(law) = play(&stand, &history).await {
                    let mut broken = broken.lock().unwrap_or_else(PoisonError::into_inner);
                    broken.push(format!("seed {own}: {law}"));
                }
            }
        }));
    }
    for player in players {
        let ended = player.await;
        assert!(ended.is_ok(), "{ended:?}");
    }
    let (_, counts, broken, _) = Arc::into_inner(shared).expect("all players have ended");
    (counts, broken.into_inner().unwrap_or_else(PoisonError::into_inner))
}

fn clients(server: &Server) -> Vec<RedisCache> {
    (0..=INVOCATIONS).map(|_| scenes::patient(&server.url())).collect()
}

async fn prove(mode: Mode, many: u64) {
    let began = std::time::Instant::now();
    let server = Server::start(mode);
    let (counts, broken) = histories(&server, clients(&server), many).await;
    println!(
        "{many} histories from seed {}, {mode:?}, {:.1?}: {counts:?}",
        seed(),
        began.elapsed()
    );
    assert!(broken.is_empty(), "{} broken, among them {:#?}", broken.len(), broken.get(..3));
    // Everything that can go wrong did happen.
    let least = |count: &AtomicU64, least: u64| count.load(Ordering::Relaxed) >= least;
    assert!(least(&counts.evictions, many) && least(&counts.late_fills, many / 50));
    assert!(least(&counts.hits, many) && least(&counts.polled, many));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_order_the_records_come_in_the_newest_stands() {
    prove(Mode::Alone, length(10_000, 100_000)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_on_a_cluster() {
    prove(Mode::Cluster, length(2_000, 20_000)).await;
}

/// A wrong cache: whatever part comes last stands.
struct LastComes {
    cache: RedisCache,
    admin: Mutex<Admin>,
}

impl SessionCache for LastComes {
    async fn apply(&self, writes: &[CacheWrite]) -> Result<(), CacheError> {
        for write in writes {
            let CacheWrite::Part(part) = write else { continue };
            let field = format!("p:{}", part.id);
            let mut admin = self.admin.lock().unwrap_or_else(PoisonError::into_inner);
            admin.say(&["HDEL", &session_key(&part.key), &field]).number();
        }
        self.cache.apply(writes).await
    }

    async fn read(
        &self,
        key: &SessionKey,
        epoch: u64,
        mark: &FillMark,
    ) -> Result<CacheRead, CacheError> {
        self.cache.read(key, epoch, mark).await
    }

    async fn fill(
        &self,
        key: &SessionKey,
        mark: &FillMark,
        epoch: u64,
        parts: &[SessionPart],
    ) -> Result<bool, CacheError> {
        self.cache.fill(key, mark, epoch, parts).await
    }

    async fn rank(
        &self,
        shard: &ShardKey,
        top: u32,
        epoch: u64,
        mark: &FillMark,
    ) -> Result<RankRead, CacheError> {
        self.cache.rank(shard, top, epoch, mark).await
    }

    async fn fill_shard(
        &self,
        shard: &ShardKey,
        mark: &FillMark,
        epoch: u64,
        parts: &[ScorePart],
    ) -> Result<bool, CacheError> {
        self.cache.fill_shard(shard, mark, epoch, parts).await
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn where_the_last_one_stands_the_laws_are_broken() {
    let server = Server::start(Mode::Alone);
    let wrong = |cache| LastComes { cache, admin: Mutex::new(server.admin()) };
    let caches = clients(&server).into_iter().map(wrong).collect();
    let (_, broken) = histories(&server, caches, 200).await;
    println!("{} of 200 histories broken where the last one stands", broken.len());
    assert!(broken.len() > 100, "{}", broken.len());
}
