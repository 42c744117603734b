//! Lambda's event source mapping of a DynamoDB stream: which records a function gets, and what
//! becomes of those that it fails.
//!
//! Sources: AWS Lambda Developer Guide, "Configuring partial batch response with DynamoDB and
//! Lambda" (the lowest sequence number is the checkpoint, everything from it on comes again; with
//! bisect the batch is split there), "Retaining discarded records for a DynamoDB event source"
//! (splitting takes nothing of the retries; what is given up goes to the destination once, as
//! metadata; the shard goes on), "Lambda parameters for DynamoDB event source mappings".
//! Not documented is what bisect does to a batch whose *first* record is reported: both ways are
//! played, see [`FirstFailed`].

use crate::sessions::global::GlobalTable;
use crate::sessions::stream::Record;
use jiff::{SignedDuration, Timestamp};
use std::collections::VecDeque;
use tidegate_domain::sessions::stamp::RegionName;

/// A stream keeps its records for this long.
const RETENTION: SignedDuration = SignedDuration::from_hours(24);

/// How a mapping is set.
#[derive(Debug, Clone)]
pub struct MappingSettings {
    /// `BatchSize`
    pub batch_size: usize,
    /// `BisectBatchOnFunctionError`
    pub bisect: bool,
    /// `FunctionResponseTypes` has `ReportBatchItemFailures`
    pub reports: bool,
    /// `MaximumRetryAttempts`; none: for ever
    pub retries: Option<u32>,
    /// `MaximumRecordAgeInSeconds`; none: as long as the stream keeps it
    pub record_age: Option<SignedDuration>,
    /// What a report of a batch's first record does.
    pub first_failed: FirstFailed,
}

impl Default for MappingSettings {
    /// As the template sets it.
    fn default() -> Self {
        Self {
            batch_size: 100,
            bisect: true,
            reports: true,
            retries: Some(5),
            record_age: Some(RETENTION),
            first_failed: FirstFailed::Halves,
        }
    }
}

/// What bisect does to a batch whose first record was reported.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FirstFailed {
    /// As if the invocation had failed: two halves.
    Halves,
    /// Nothing: the batch comes again as it is.
    Whole,
}

/// What an invocation came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// `batchItemFailures`, in this order.
    Reported(Vec<String>),
    /// An error, a timeout, a death.
    Failed,
}

/// Records for one invocation.
#[derive(Debug, Clone)]
pub struct Batch {
    /// Which shard.
    pub shard: usize,
    /// In the order of the shard.
    pub records: Vec<Record>,
}

/// Why records were given up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Discard {
    /// `RetryAttemptsExhausted`
    Retries,
    /// `MaximumRecordAgeExceeded`, or the stream has them no more
    Age,
}

/// What the on-failure destination gets: metadata, no record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Discarded {
    /// Which shard.
    pub shard: usize,
    /// The first record's sequence number.
    pub first: String,
    /// The last record's.
    pub last: String,
    /// How many records.
    pub count: usize,
    /// Why.
    pub why: Discard,
}

/// The mapping of one region's stream.
#[derive(Debug)]
pub struct Mapping {
    table: GlobalTable,
    region: RegionName,
    settings: MappingSettings,
    shards: Vec<Shard>,
    discarded: Vec<Discarded>,
}

#[derive(Debug, Default)]
struct Shard {
    /// Records taken from the stream so far.
    taken: usize,
    /// What is to be delivered before anything else, in order.
    pieces: VecDeque<Piece>,
    /// Whether the first piece is with the function.
    is_out: bool,
}

/// Records that are delivered together.
#[derive(Debug)]
struct Piece {
    records: Vec<Record>,
    failures: u32,
}

impl Mapping {
    /// From the beginning of a region's stream.
    pub fn new(table: &GlobalTable, region: &RegionName, settings: MappingSettings) -> Self {
        let shards = (0..table.shards(region)).map(|_| Shard::default()).collect();
        let (table, region) = (table.clone(), region.clone());
        Self { table, region, settings, shards, discarded: Vec::new() }
    }

    /// The next invocation of a shard, unless one is running or there is nothing for it.
    pub fn take(&mut self, shard: usize) -> Option<Batch> {
        let now = self.table.stage.now();
        if self.shards.get(shard)?.is_out {
            return None;
        }
        loop {
            self.refill(shard);
            self.drop_old(shard, now);
            let state = self.shards.get_mut(shard)?;
            let piece = state.pieces.front()?;
            if !piece.records.is_empty() {
                state.is_out = true;
                return Some(Batch { shard, records: piece.records.clone() });
            }
            state.pieces.pop_front();
        }
    }

    /// What the invocation of a shard that is running came to.
    pub fn settle(&mut self, shard: usize, answer: &Answer) {
        let Some(state) = self.shards.get_mut(shard).filter(|state| state.is_out) else { return };
        state.is_out = false;
        let Some(piece) = state.pieces.pop_front() else { return };
        match self.settings.checkpoint(&piece, answer) {
            Checkpoint::Done => {}
            Checkpoint::At(first) => {
                let mut records = piece.records;
                let records = records.split_off(first);
                state.pieces.push_front(Piece { records, failures: 0 });
            }
            Checkpoint::Again { split } => self.again(shard, piece, split),
        }
    }

    /// What the on-failure destination got, oldest first.
    pub fn discarded(&self) -> &[Discarded] {
        &self.discarded
    }

    /// Whether every record there is was delivered or given up.
    pub fn is_idle(&self) -> bool {
        self.shards.iter().enumerate().all(|(number, shard)| {
            let left = self.table.records(&self.region, number, shard.taken, 1);
            shard.pieces.is_empty() && left.is_empty()
        })
    }

    /// A batch that failed as a whole.
    fn again(&mut self, shard: usize, mut piece: Piece, split: bool) {
        let Some(state) = self.shards.get_mut(shard) else { return };
        if split && self.settings.bisect && piece.records.len() > 1 {
            let second = piece.records.split_off(piece.records.len() / 2);
            state.pieces.push_front(Piece { records: second, failures: 0 });
            state.pieces.push_front(Piece { records: piece.records, failures: 0 });
            return;
        }
        piece.failures += 1;
        if self.settings.retries.is_some_and(|retries| piece.failures > retries) {
            self.discard(shard, &piece.records, Discard::Retries);
        } else {
            state.pieces.push_front(piece);
        }
    }

    fn refill(&mut self, shard: usize) {
        let Some(state) = self.shards.get_mut(shard).filter(|s| s.pieces.is_empty()) else {
            return;
        };
        let most = self.settings.batch_size;
        let records = self.table.records(&self.region, shard, state.taken, most);
        state.taken += records.len();
        if !records.is_empty() {
            state.pieces.push_back(Piece { records, failures: 0 });
        }
    }

    /// Gives up the records at the front that are too old.
    fn drop_old(&mut self, shard: usize, now: Timestamp) {
        let most = self.settings.record_age.map_or(RETENTION, |age| age.min(RETENTION));
        let is_old = |record: &Record| now.duration_since(record.taken) > most;
        let state = self.shards.get_mut(shard);
        let Some(piece) = state.and_then(|state| state.pieces.front_mut()) else { return };
        let old = piece.records.iter().take_while(|record| is_old(record)).count();
        if old > 0 {
            let dropped: Vec<Record> = piece.records.drain(..old).collect();
            self.discard(shard, &dropped, Discard::Age);
        }
    }

    fn discard(&mut self, shard: usize, records: &[Record], why: Discard) {
        if let (Some(first), Some(last)) = (records.first(), records.last()) {
            let (first, last) = (first.sequence.clone(), last.sequence.clone());
            self.discarded.push(Discarded { shard, first, last, count: records.len(), why });
        }
    }
}

/// What an answer says of its batch.
enum Checkpoint {
    Done,
    /// Everything from this record on comes again.
    At(usize),
    Again {
        split: bool,
    },
}

impl MappingSettings {
    fn checkpoint(&self, piece: &Piece, answer: &Answer) -> Checkpoint {
        let Answer::Reported(failures) = answer else { return Checkpoint::Again { split: true } };
        if failures.is_empty() || !self.reports {
            return Checkpoint::Done;
        }
        let place = |id: &String| piece.records.iter().position(|record| record.sequence == *id);
        // An identifier that is empty or nobody's fails the whole batch.
        let places: Option<Vec<usize>> = failures.iter().map(place).collect();
        match places.and_then(|places| places.into_iter().min()) {
            None => Checkpoint::Again { split: true },
            Some(0) => Checkpoint::Again { split: self.first_failed == FirstFailed::Halves },
            Some(first) => Checkpoint::At(first),
        }
    }
}
