//! Plays a history: several invocations apply it, readers fill entries from the table as it is when
//! they look, entries are evicted, somebody polls what is stored. Then everything has been told, and
//! the laws are judged.
//!
//! The laws: what is complete has exactly what the table has; what was never evicted holds, for each
//! part, the newest that was told, removals too; no stored stamp ever went back. A part that was
//! removed may stand again, when its last write is told late, only where the removal was forgotten:
//! in an entry that was evicted, and on a board, which begins when somebody asks for it.

use crate::admin::Admin;
use crate::history::{History, Table};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use tidegate_cache::{session_key, shard_keys};
use tidegate_domain::sessions::part::SessionKey;
use tidegate_domain::sessions::ports::{CacheRead, FillMark, RankRead, SessionCache};

const EPOCH: u64 = 1;

/// What all histories on a server came to.
#[derive(Debug, Default)]
pub struct Counts {
    /// Records that were applied.
    pub records: AtomicU64,
    /// Complete entries that were read while records came.
    pub hits: AtomicU64,
    /// Fills that completed an entry or a board.
    pub fills: AtomicU64,
    /// Fills that came too late.
    pub late_fills: AtomicU64,
    /// Entries and halves of boards that went.
    pub evictions: AtomicU64,
    /// Stamps that were compared with what had stood there before.
    pub polled: AtomicU64,
    /// Parts that came back after an eviction.
    pub came_back: AtomicU64,
}

/// Adds to a count.
fn add(count: &AtomicU64, n: usize) {
    count.fetch_add(u64::try_from(n).unwrap_or(0), Ordering::Relaxed);
}

/// Caches, each with a connection of its own, and a way around them.
#[derive(Debug)]
pub struct Stand<'a, C> {
    /// The clients.
    pub caches: &'a [C],
    /// Evicts and polls.
    pub admin: &'a Mutex<Admin>,
    /// What happened.
    pub counts: &'a Counts,
}

/// A history on its way.
struct Run<'a, C> {
    stand: &'a Stand<'a, C>,
    history: &'a History,
    table: Mutex<Table>,
    marks: AtomicU64,
    evictions: AtomicU64,
}

/// Plays it.
///
/// # Errors
/// The law that was broken.
pub async fn play<C: SessionCache + Sync>(
    stand: &Stand<'_, C>,
    history: &History,
) -> Result<(), String> {
    let run = Run {
        stand,
        history,
        table: Mutex::default(),
        marks: AtomicU64::new(0),
        evictions: AtomicU64::new(0),
    };
    let (first, second, third) = tokio::join!(run.invocation(0), run.invocation(1), async {
        let (third, readers, polled) =
            tokio::join!(run.invocation(2), run.readers(), run.trouble());
        third.and(readers).and(polled)
    });
    first.and(second).and(third)?;
    run.judge_session(&history.kept).await?;
    run.judge_session(&history.evicted).await?;
    run.judge_board().await?;
    run.judge_kept()
}

impl<C: SessionCache + Sync> Run<'_, C> {
    fn cache(&self, who: usize) -> Result<&C, String> {
        let caches = self.stand.caches;
        caches.get(who % caches.len().max(1)).ok_or_else(|| "no cache".to_owned())
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn admin(&self) -> MutexGuard<'_, Admin> {
        self.stand.admin.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn mark(&self) -> FillMark {
        FillMark(format!("{:016x}", self.marks.fetch_add(1, Ordering::Relaxed)))
    }

    /// One invocation of the stream's function: its batches, one after the other.
    async fn invocation(&self, who: usize) -> Result<(), String> {
        let cache = self.cache(who)?;
        for batch in self.history.batches.get(who).into_iter().flatten() {
            batch.iter().for_each(|write| self.table().learn(write));
            cache.apply(batch).await.map_err(|e| e.to_string())?;
            add(&self.stand.counts.records, batch.len());
        }
        Ok(())
    }

    async fn readers(&self) -> Result<(), String> {
        for look in 0..self.history.looks {
            let key = if look % 2 == 0 { &self.history.kept } else { &self.history.evicted };
            self.read(key).await?;
            tokio::task::yield_now().await;
            self.rank().await?;
        }
        Ok(())
    }

    /// Reads an entry, and fills it from the table if it is not complete.
    async fn read(&self, key: &SessionKey) -> Result<bool, String> {
        let cache = self.cache(3)?;
        let read = cache.read(key, EPOCH, &self.mark()).await.map_err(|e| e.to_string())?;
        let CacheRead::Miss(mark) = read else {
            add(&self.stand.counts.hits, 1);
            return Ok(true);
        };
        let parts = self.table().parts_of(key);
        tokio::task::yield_now().await;
        let done = cache.fill(key, &mark, EPOCH, &parts).await.map_err(|e| e.to_string())?;
        Ok(self.filled(done))
    }

    async fn rank(&self) -> Result<bool, String> {
        let (cache, shard) = (self.cache(3)?, &self.history.shard);
        let rank = cache.rank(shard, 9, EPOCH, &self.mark()).await.map_err(|e| e.to_string())?;
        let RankRead::Miss(mark) = rank else {
            add(&self.stand.counts.hits, usize::from(rank != RankRead::Busy));
            return Ok(rank != RankRead::Busy);
        };
        let parts = self.table().scores();
        tokio::task::yield_now().await;
        let done =
            cache.fill_shard(shard, &mark, EPOCH, &parts).await.map_err(|e| e.to_string())?;
        Ok(self.filled(done))
    }

    fn filled(&self, done: bool) -> bool {
        let Counts { fills, late_fills, .. } = self.stand.counts;
        add(if done { fills } else { late_fills }, 1);
        done
    }

    /// Evicts what may be evicted, and looks whether any stamp of the rest has gone back.
    async fn trouble(&self) -> Result<(), String> {
        let mut seen = BTreeMap::new();
        let [parts, order] = shard_keys(&self.history.shard);
        for look in 0..self.history.looks {
            let mut gone = vec![session_key(&self.history.evicted)];
            if self.history.board_is_evicted {
                gone.push(if look % 2 == 0 { parts.clone() } else { order.clone() });
            }
            for key in gone {
                let evicted = self.admin().say(&["DEL", &key]).number();
                add(&self.evictions, usize::try_from(evicted).unwrap_or(0));
            }
            for (place, stamp) in self.stored()? {
                add(&self.stand.counts.polled, 1);
                let before = seen.insert(place.clone(), stamp.clone());
                if before.as_ref().is_some_and(|before| *before > stamp) {
                    return Err(format!("{place}: {stamp} after {before:?}"));
                }
            }
            tokio::task::yield_now().await;
        }
        add(&self.stand.counts.evictions, self.evictions() as usize);
        Ok(())
    }

    fn evictions(&self) -> u64 {
        self.evictions.load(Ordering::Relaxed)
    }

    /// The stamps of the session that is never evicted, a `-` behind those of removals.
    fn stored(&self) -> Result<BTreeMap<String, String>, String> {
        let stored = self.admin().say(&["HGETALL", &session_key(&self.history.kept)]).texts();
        let mut stamps = BTreeMap::new();
        for pair in stored.chunks(2) {
            let [field, value] = pair else { return Err("an odd hash".to_owned()) };
            let (stamp, rest) = value.split_once(' ').unwrap_or((value, ""));
            if field.starts_with("p:") {
                let mark = if rest == "-" { " -" } else { "" };
                stamps.insert(field.clone(), format!("{stamp}{mark}"));
            }
        }
        Ok(stamps)
    }

    async fn judge_session(&self, key: &SessionKey) -> Result<(), String> {
        let mut parts = loop {
            let read = self.cache(3)?.read(key, EPOCH, &self.mark()).await;
            match read.map_err(|e| e.to_string())? {
                CacheRead::Hit(parts) => break parts,
                CacheRead::Miss(_) => {
                    if !self.read(key).await? {
                        return Err("a fill that nobody disturbed was refused".to_owned());
                    }
                }
            }
        };
        let table = self.table();
        let wanted = table.parts_of(key);
        let removed = |part: &_| !wanted.contains(part);
        if *key == self.history.evicted && self.evictions() > 0 {
            let known = parts.len();
            parts.retain(|part| {
                let place = (part.key.clone(), part.id.clone());
                let gone = table.parts.get(&place).is_some_and(|held| held.written.is_none());
                !(gone && removed(part))
            });
            add(&self.stand.counts.came_back, known - parts.len());
        }
        parts.sort_by(|a, b| a.id.cmp(&b.id));
        if parts == wanted { Ok(()) } else { Err(format!("{parts:?}, and the table {wanted:?}")) }
    }

    async fn judge_board(&self) -> Result<(), String> {
        let shard = &self.history.shard;
        let board = loop {
            let rank = self.cache(3)?.rank(shard, 9, EPOCH, &self.mark()).await;
            match rank.map_err(|e| e.to_string())? {
                RankRead::Hit(board) => break board,
                RankRead::Busy => return Err("a rebuild that nobody is at".to_owned()),
                RankRead::Miss(mark) => {
                    let parts = self.table().scores();
                    let filled = self.cache(3)?.fill_shard(shard, &mark, EPOCH, &parts).await;
                    if !filled.map_err(|e| e.to_string())? {
                        return Err("a rebuild that nobody disturbed was refused".to_owned());
                    }
                }
            }
        };
        let table = self.table();
        // A removal that came before anybody asked for the board, or before an eviction, is not
        // known: its part can come back, and of such members nothing is said.
        let gone = |name: &str| {
            let mut own = table.scores.iter().filter(|((member, _), _)| member == name);
            own.any(|(_, held)| held.written.is_none())
        };
        let judged = |name: &str| !gone(name);
        let board = board.into_iter().map(|(name, score)| (name.as_str().to_owned(), score));
        let board: Vec<_> = board.filter(|(name, _)| judged(name)).collect();
        let wanted: Vec<_> = table.board().into_iter().filter(|(n, _)| judged(n)).collect();
        if board == wanted { Ok(()) } else { Err(format!("{board:?}, and the table {wanted:?}")) }
    }

    /// What was never evicted holds the newest of everything.
    fn judge_kept(&self) -> Result<(), String> {
        let stored = self.stored()?;
        let table = self.table();
        let own = table.parts.iter().filter(|((key, _), _)| *key == self.history.kept);
        let wanted: BTreeMap<_, _> = own
            .map(|((_, id), held)| {
                let mark = if held.written.is_none() { " -" } else { "" };
                (format!("p:{id}"), format!("{}{mark}", held.stamp))
            })
            .collect();
        if stored == wanted { Ok(()) } else { Err(format!("{stored:?} stored of {wanted:?}")) }
    }
}
