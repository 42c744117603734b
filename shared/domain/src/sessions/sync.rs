//! The stream's function: what happened in the table goes into the region's cache.
//!
//! What must stay true: a record that cannot be read fails alone; a failing cache costs one call
//! and one doubt for each batch, and never makes a record fail while the doubt can be written;
//! nothing that the cache may lack is served as if it were there.

use super::change::{Change, EntryKey, Poison, StreamRecord};
use super::lag::{Ages, LagSamples, ages};
use super::part::SessionPart;
use super::ports::{CacheWrite, Epoch, SyncWorld};
use super::score::ScorePart;
use super::stamp::{RegionName, Stamp};
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Writes of one call of the cache.
pub const CHUNK: usize = 500;
/// An epoch is in doubt for this long: one write for all batches that fail meanwhile.
pub const DOUBT: SignedDuration = SignedDuration::from_secs(5);
/// Beats are kept for this long.
pub const BEAT_KEPT: SignedDuration = SignedDuration::from_hours(7 * 24);
/// Notes of one batch that are logged.
const NOTES: usize = 50;

/// What became of the epoch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Doubted {
    /// Nothing had to be doubted.
    Not,
    /// It was in doubt already.
    Already,
    /// Now it is.
    Now,
    /// It could not be written, and why: the whole batch is to come again.
    Lost(String),
}

/// What a batch came to.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SyncReport {
    /// When it came (real time).
    pub at: Timestamp,
    /// Records that came.
    pub received: u32,
    /// Writes that the cache has taken.
    pub applied: u32,
    /// Records that cannot be read.
    pub poison: u32,
    /// Parts of other regions that are too far ahead.
    pub refused: u32,
    /// Records of items that are not ours.
    pub foreign: u32,
    /// Why the cache did not take the rest.
    pub cache_failure: Option<String>,
    /// What became of the epoch.
    pub doubted: Doubted,
    /// Sequence numbers of the records that are to come again, in the order of the batch. An empty
    /// one (not even the number could be read) makes Lambda repeat the whole batch.
    pub failed: Vec<String>,
    /// Lags in milliseconds by the region that they come from, ascending, at most 100 each.
    pub lag_ms: BTreeMap<RegionName, Vec<u64>>,
    /// What was wrong with the poison records, at most 50.
    pub notes: Vec<String>,
}

/// What a tick came to.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TickReport {
    /// When (real time).
    pub at: Timestamp,
    /// The age of each other region's newest beat, in milliseconds.
    pub age_ms: BTreeMap<RegionName, u64>,
    /// Beats that are too far ahead.
    pub refused: u32,
    /// What went wrong; the rest was done.
    pub errors: Vec<String>,
}

/// The function of one region, and what its process remembers between batches.
#[derive(Debug)]
pub struct SessionSync {
    region: RegionName,
    standing: Mutex<Option<Epoch>>,
}

impl SessionSync {
    /// The function of `region`.
    pub fn new(region: RegionName) -> Self {
        Self { region, standing: Mutex::new(None) }
    }

    /// Takes one batch of the stream.
    pub async fn serve<W: SyncWorld>(
        &self,
        world: &W,
        records: Vec<Result<StreamRecord, Poison>>,
    ) -> SyncReport {
        let all: Vec<_> = records.iter().map(sequence).collect();
        let mut batch = Batch::new(&self.region, world.wall());
        for record in records {
            batch.take(record);
        }
        let Batch { mut report, writes, lag, .. } = batch;
        report.lag_ms = lag.reduced();
        report.cut_notes();
        if let Err(error) = apply(world, &writes, &mut report).await {
            report.cache_failure = Some(error);
            report.doubted = self.doubt(world).await;
        }
        if matches!(report.doubted, Doubted::Lost(_)) {
            report.failed = all;
        }
        report
    }

    /// Says that the region is there, and looks how long ago the others said so.
    pub async fn tick<W: SyncWorld>(&self, world: &W) -> TickReport {
        let now = world.wall();
        let mut errors = Vec::new();
        let beats = world.beats().await.unwrap_or_else(|error| {
            errors.push(format!("the beats could not be read: {error}"));
            Vec::new()
        });
        let own = beats.iter().filter(|beat| *beat.region() == self.region).max();
        let beat = Stamp::next(now, own, &self.region);
        let expires = now.checked_add(BEAT_KEPT).unwrap_or(Timestamp::MAX);
        if let Err(error) = world.beat(&beat, expires).await {
            errors.push(format!("the beat could not be written: {error}"));
        }
        let Ages { by_region, refused } = ages(&beats, &self.region, now);
        TickReport { at: now, age_ms: by_region, refused, errors }
    }

    /// Doubts every entry that was filled before now, unless that is known to be done.
    async fn doubt<W: SyncWorld>(&self, world: &W) -> Doubted {
        // The time after the failure: a doubt that ends before it does not cover it.
        let now = world.wall();
        let until = |epoch: &Epoch| epoch.doubt_until.is_some_and(|until| until >= now);
        if self.standing().as_ref().is_some_and(until) {
            return Doubted::Already;
        }
        let end = now.checked_add(DOUBT).unwrap_or(Timestamp::MAX);
        match world.doubt(now, end).await {
            Ok(epoch) => {
                *self.standing() = Some(epoch);
                Doubted::Now
            }
            Err(error) => Doubted::Lost(error.to_string()),
        }
    }

    fn standing(&self) -> MutexGuard<'_, Option<Epoch>> {
        self.standing.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn sequence(record: &Result<StreamRecord, Poison>) -> String {
    match record {
        Ok(record) => record.sequence.clone(),
        Err(poison) => poison.sequence.clone(),
    }
}

/// Chunk by chunk, in order, until one fails: the stream does not wait for a cache that is gone.
async fn apply<W: SyncWorld>(
    world: &W,
    writes: &[CacheWrite],
    report: &mut SyncReport,
) -> Result<(), String> {
    for chunk in writes.chunks(CHUNK) {
        world.apply(chunk).await.map_err(|error| error.to_string())?;
        report.applied = report.applied.saturating_add(count(chunk.len()));
    }
    Ok(())
}

fn count(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

impl SyncReport {
    fn new(at: Timestamp) -> Self {
        Self {
            at,
            received: 0,
            applied: 0,
            poison: 0,
            refused: 0,
            foreign: 0,
            cache_failure: None,
            doubted: Doubted::Not,
            failed: Vec::new(),
            lag_ms: BTreeMap::new(),
            notes: Vec::new(),
        }
    }

    fn cut_notes(&mut self) {
        let more = self.notes.len().saturating_sub(NOTES);
        self.notes.truncate(NOTES);
        if more > 0 {
            self.notes.push(format!("and {more} more notes"));
        }
    }
}

/// A batch while it is read.
struct Batch<'a> {
    region: &'a RegionName,
    now: Timestamp,
    report: SyncReport,
    writes: Vec<CacheWrite>,
    lag: LagSamples,
}

impl<'a> Batch<'a> {
    fn new(region: &'a RegionName, now: Timestamp) -> Self {
        let (writes, lag) = (Vec::new(), LagSamples::default());
        Self { region, now, report: SyncReport::new(now), writes, lag }
    }

    fn take(&mut self, record: Result<StreamRecord, Poison>) {
        self.report.received = self.report.received.saturating_add(1);
        match record {
            Ok(record) => self.change(record.change),
            Err(poison) => self.poison(poison),
        }
    }

    /// It comes again, and then to whoever looks at such records; until then, and after, the table
    /// has what the cache has not.
    fn poison(&mut self, poison: Poison) {
        self.report.poison = self.report.poison.saturating_add(1);
        self.report.notes.push(poison.why);
        self.report.failed.push(poison.sequence);
        match poison.of {
            Some(EntryKey::Session(key)) => self.writes.push(CacheWrite::Doubt(key)),
            Some(EntryKey::Shard(shard)) => self.writes.push(CacheWrite::DoubtShard(shard)),
            None => {}
        }
    }

    fn change(&mut self, change: Change) {
        match change {
            Change::Part(part) => self.part(part),
            Change::PartGone { key, id, written } => {
                let write = if self.refuses(&id.region, &written) {
                    CacheWrite::Doubt(key)
                } else {
                    CacheWrite::PartGone { key, id, written }
                };
                self.writes.push(write);
            }
            Change::Score(part) => self.score(part),
            Change::ScoreGone { shard, member, region, written } => {
                let write = if self.refuses(&region, &written) {
                    CacheWrite::DoubtShard(shard)
                } else {
                    CacheWrite::ScoreGone { shard, member, region, written }
                };
                self.writes.push(write);
            }
            Change::Beat(stamp) => self.arrived(&stamp),
            Change::BeatGone => {}
            Change::Foreign => self.report.foreign = self.report.foreign.saturating_add(1),
        }
    }

    fn part(&mut self, part: Box<SessionPart>) {
        if part.is_refused(self.region, self.now) {
            self.report.refused = self.report.refused.saturating_add(1);
            self.writes.push(CacheWrite::Doubt(part.key));
            return;
        }
        self.arrived(&part.written);
        self.writes.push(CacheWrite::Part(part));
    }

    fn score(&mut self, part: ScorePart) {
        if part.is_refused(self.region, self.now) {
            self.report.refused = self.report.refused.saturating_add(1);
            self.writes.push(CacheWrite::DoubtShard(part.shard));
            return;
        }
        self.arrived(&part.written);
        self.writes.push(CacheWrite::Score(part));
    }

    /// Whether the mark that a removal leaves would hide everything that the region writes until
    /// its clock is right.
    fn refuses(&mut self, region: &RegionName, written: &Stamp) -> bool {
        let refused = region != self.region && written.is_ahead(self.now);
        self.report.refused = self.report.refused.saturating_add(u32::from(refused));
        refused
    }

    fn arrived(&mut self, written: &Stamp) {
        if written.region() != self.region && !written.is_ahead(self.now) {
            self.lag.add(written, self.now);
        }
    }
}

#[cfg(test)]
mod tests;
