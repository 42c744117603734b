//! A thousand records a second while the cache's server is paused, killed and started again. Real
//! time: what is judged is how long things take.

#![expect(clippy::expect_used, reason = "a proof that cannot be played fails")]

use std::collections::BTreeMap;
use std::num::NonZeroU16;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tidegate_cache::Limits;
use tidegate_cache_proofs::region::{Process, Shared};
use tidegate_cache_proofs::{Mode, Reply, Server, scenes};
use tidegate_domain::sessions::part::{PartId, SessionKey, SessionPart};
use tidegate_domain::sessions::ports::{CacheRead, FillMark, SessionCache};
use tidegate_domain::sessions::stamp::Stamp;
use tidegate_domain::sessions::store::{SessionStore, StoreConfig};
use tidegate_domain::sessions::sync::{Doubted, SessionSync};
use tidegate_histories::dice::Dice;
use tidegate_histories::length::{length, seed};
use tokio::time::sleep;

/// Sessions in the table.
const SESSIONS: u32 = 300;
/// Nobody is served a session for longer than this after its logout.
const SERVED_AT_MOST: Duration = Duration::from_secs(10);
/// The cache is right again within this time after the trouble.
const RIGHT_WITHIN: Duration = Duration::from_secs(60);

/// A region under load, and what was seen of it.
struct Scene {
    shared: Arc<Shared>,
    url: String,
    over: AtomicBool,
    /// When sessions were logged out: in the table by then.
    ended: Mutex<BTreeMap<SessionKey, Instant>>,
    records: AtomicU64,
    reads: AtomicU64,
    /// Batches after which the cache had failed.
    failures: AtomicU64,
    doubts: AtomicU64,
    /// Milliseconds after its logout that a session was served, at most.
    served_late: AtomicU64,
    /// The longest invocation in milliseconds.
    longest: AtomicU64,
}

impl Scene {
    fn new(server: &Server, shared: Shared) -> Arc<Self> {
        let shared = Arc::new(shared);
        for n in 0..SESSIONS {
            for region in 0..2 {
                shared.write(part(n, region, None));
            }
        }
        Arc::new(Self {
            shared,
            url: server.url(),
            over: AtomicBool::new(false),
            ended: Mutex::default(),
            records: AtomicU64::new(0),
            reads: AtomicU64::new(0),
            failures: AtomicU64::new(0),
            doubts: AtomicU64::new(0),
            served_late: AtomicU64::new(0),
            longest: AtomicU64::new(0),
        })
    }

    /// A process with a connection of its own and the limits of every day.
    fn process(&self) -> Process {
        let cache = scenes::cache_with(&self.url, None, Limits::default());
        Process { shared: Arc::clone(&self.shared), cache }
    }

    fn is_over(&self) -> bool {
        self.over.load(Ordering::Relaxed)
    }

    fn ended(&self) -> MutexGuard<'_, BTreeMap<SessionKey, Instant>> {
        self.ended.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The stream's function, a batch every 50 ms.
    async fn function(self: Arc<Self>) {
        let (process, sync) = (self.process(), SessionSync::new(scenes::region(0)));
        while !self.is_over() {
            let records = self.shared.take(500);
            let began = Instant::now();
            let many = records.len();
            let report = sync.serve(&process, records.into_iter().map(Ok).collect()).await;
            assert!(report.failed.is_empty(), "the stream failed: {report:?}");
            assert!(!matches!(report.doubted, Doubted::Lost(_)));
            self.records.fetch_add(many as u64, Ordering::Relaxed);
            self.longest.fetch_max(millis(began.elapsed()), Ordering::Relaxed);
            let failed = u64::from(report.cache_failure.is_some());
            self.failures.fetch_add(failed, Ordering::Relaxed);
            self.doubts.fetch_add(u64::from(report.doubted == Doubted::Now), Ordering::Relaxed);
            sleep(Duration::from_millis(50)).await;
        }
    }

    /// Another region's writes as they are replicated: a thousand a second, of the half of the
    /// sessions that nobody logs out: what the cache has missed of the others, nothing repairs.
    async fn replication(self: Arc<Self>) {
        let (began, mut dice, mut done) = (Instant::now(), Dice::new(seed()), 0);
        while !self.is_over() {
            let due = millis(began.elapsed());
            for _ in done..due {
                let n = dice.number(SESSIONS / 2, SESSIONS - 1);
                self.shared.write(self.next(n, 1, false));
            }
            done = due;
            sleep(Duration::from_millis(5)).await;
        }
    }

    /// A region's next write of a session: as it was, or with its end.
    fn next(&self, n: u32, region: u32, ends: bool) -> SessionPart {
        let stands = self.shared.parts_of(&scenes::key(n.into()));
        let newest = stands.iter().map(SessionPart::newest).max();
        let written = Stamp::next(scenes::now(), newest, &scenes::region(region));
        let ended = stands.iter().find_map(|part| part.ended.clone());
        let ended = ended.or_else(|| ends.then(|| written.clone()));
        SessionPart { ended, ..part(n, region, Some(written)) }
    }

    /// Logouts, one every 150 ms: in another region, and by an application of this one.
    async fn logouts(self: Arc<Self>) {
        let (process, store) = (self.process(), store());
        for n in 0..SESSIONS / 2 {
            if self.is_over() {
                return;
            }
            let key = scenes::key(n.into());
            if n % 3 == 0 {
                store.end(&process, &key).await.expect("ended");
            } else {
                self.shared.write(self.next(n, 2, true));
            }
            self.ended().insert(key, Instant::now());
            sleep(Duration::from_millis(150)).await;
        }
    }

    /// An application that reads sessions, logged-out ones too.
    async fn reader(self: Arc<Self>, own: u64) {
        let (process, store, mut dice) = (self.process(), store(), Dice::new(seed() ^ own));
        while !self.is_over() {
            let key = scenes::key(dice.below(SESSIONS).into());
            let ended = self.ended().get(&key).copied();
            let asked = Instant::now();
            let served = store.get(&process, &key).await.expect("a failing cache makes it slower");
            if let (Some(_), Some(ended)) = (served, ended) {
                let late = millis(asked.saturating_duration_since(ended));
                self.served_late.fetch_max(late, Ordering::Relaxed);
            }
            self.reads.fetch_add(1, Ordering::Relaxed);
            sleep(Duration::from_millis(1)).await;
        }
    }

    fn begin(self: &Arc<Self>) -> Vec<tokio::task::JoinHandle<()>> {
        let mut tasks = vec![
            tokio::spawn(Arc::clone(self).function()),
            tokio::spawn(Arc::clone(self).replication()),
            tokio::spawn(Arc::clone(self).logouts()),
        ];
        tasks.extend((0..4).map(|own| tokio::spawn(Arc::clone(self).reader(own))));
        tasks
    }

    async fn end(&self, tasks: Vec<tokio::task::JoinHandle<()>>) {
        self.over.store(true, Ordering::Relaxed);
        for task in tasks {
            task.await.expect("nothing failed");
        }
    }

    /// How many entries are complete, and whether they all have what the table has.
    async fn complete(&self, process: &Process, store: &SessionStore) -> u32 {
        let mut complete = 0;
        for n in 0..SESSIONS {
            let key = scenes::key(n.into());
            store.get(process, &key).await.expect("read");
            let mark = FillMark("00000000000000ff".to_owned());
            let read = process.read(&key, self.shared.epoch().number, &mark).await;
            if let Ok(CacheRead::Hit(mut parts)) = read {
                parts.sort_by(|a, b| a.id.cmp(&b.id));
                assert_eq!(parts, self.shared.parts_of(&key), "a complete entry");
                complete += 1;
            }
        }
        complete
    }

    fn seen(&self, of: &AtomicU64) -> u64 {
        of.load(Ordering::Relaxed)
    }
}

fn store() -> SessionStore {
    SessionStore::new(StoreConfig { region: scenes::region(0), shards: NonZeroU16::MIN })
}

fn part(n: u32, region: u32, written: Option<Stamp>) -> SessionPart {
    let now = scenes::now();
    let region = scenes::region(region);
    let written = written.unwrap_or_else(|| scenes::stamp(&region, now, 0));
    let id = PartId { region, generation: 0 };
    scenes::part(&scenes::key(n.into()), id, written, now, &[("cart", "sku-20418:2")])
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cache_that_is_paused_and_killed_stops_no_stream_and_serves_nobody_late() {
    let mut server = Server::start(Mode::Alone);
    let scene = Scene::new(&server, Shared::default());
    let tasks = scene.begin();
    for _ in 0..length(1, 5) {
        sleep(Duration::from_secs(3)).await;
        let paused = server.admin().say(&["CLIENT", "PAUSE", "5000", "ALL"]);
        assert_eq!(paused, Reply::Text("OK".to_owned()));
        sleep(Duration::from_secs(9)).await;
        server.kill();
        sleep(Duration::from_secs(4)).await;
        server.restart();
    }
    let healed = Instant::now();
    sleep(Duration::from_secs(2)).await;
    // Until everybody who was served too late would have been.
    let ended = scene.ended().len();
    let (process, store) = (scene.process(), store());
    sleep(SERVED_AT_MOST).await;
    scene.end(tasks).await;
    // What the stream still had.
    let rest = scene.shared.take(usize::MAX).into_iter().map(Ok).collect();
    let report = SessionSync::new(scenes::region(0)).serve(&process, rest).await;
    assert_eq!((report.failed.len(), report.cache_failure), (0, None));
    let mut complete = 0;
    while complete < SESSIONS && healed.elapsed() < RIGHT_WITHIN {
        complete = scene.complete(&process, &store).await;
    }
    println!(
        "{} records, {} reads, {ended} logouts; the cache failed {} batches, {} doubts; the longest \
         invocation {} ms; served {} ms after a logout at most; all {complete} entries right {:.1} s \
         after the server was back",
        scene.seen(&scene.records),
        scene.seen(&scene.reads),
        scene.seen(&scene.failures),
        scene.seen(&scene.doubts),
        scene.seen(&scene.longest),
        scene.seen(&scene.served_late),
        healed.elapsed().as_secs_f64(),
    );
    assert_eq!(complete, SESSIONS, "complete entries");
    assert!(scene.seen(&scene.served_late) <= millis(SERVED_AT_MOST));
    assert!(scene.seen(&scene.longest) < 2_000, "the stream stood still");
    assert!(scene.seen(&scene.failures) >= 4 && scene.seen(&scene.doubts) >= 2, "no trouble");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn where_doubts_are_forgotten_somebody_is_served_late() {
    let server = Server::start(Mode::Alone);
    let scene = Scene::new(&server, Shared::without_doubts());
    let tasks = scene.begin();
    sleep(Duration::from_secs(3)).await;
    server.admin().say(&["CLIENT", "PAUSE", "4000", "ALL"]).text();
    sleep(Duration::from_secs(4) + SERVED_AT_MOST + Duration::from_secs(3)).await;
    scene.end(tasks).await;
    let late = scene.seen(&scene.served_late);
    println!("without doubts: served {late} ms after a logout");
    assert!(late > millis(SERVED_AT_MOST), "{late} ms");
}
