//! Many histories, on every core, from a seed that is printed: the same seed plays the same.

use super::play::{Played, play};
use super::step::{History, histories};
use super::watch::Plan;
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestError, TestRng, TestRunner};
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// Histories of a chunk: one seed, one thread.
const CHUNK: u64 = 250;
/// Steps of the longest history.
const STEPS: usize = 40;
/// How often progress is told.
const TELL_EVERY: Duration = Duration::from_secs(20);

/// A run of many histories.
#[derive(Debug, Clone, Copy)]
pub struct Batch {
    /// How many.
    pub count: u64,
    /// From where.
    pub seed: u64,
}

/// What they came to.
#[derive(Debug, Default)]
pub struct Summary {
    /// Histories played.
    pub histories: u64,
    /// The sum of them.
    pub played: Played,
}

/// What all threads share.
struct Work {
    batch: Batch,
    next: AtomicU64,
    stop: AtomicBool,
    summary: Mutex<Summary>,
    began: Instant,
    told: Mutex<Instant>,
}

impl Batch {
    /// Plays them all.
    ///
    /// # Errors
    /// The first one that breaks a law, shrunk, and how to play it again.
    pub fn play(self, plan: Plan) -> Result<Summary, String> {
        let began = Instant::now();
        let work = Work {
            batch: self,
            next: AtomicU64::new(0),
            stop: AtomicBool::new(false),
            summary: Mutex::new(Summary::default()),
            began,
            told: Mutex::new(began),
        };
        let threads = std::thread::available_parallelism().map_or(1, usize::from);
        let failed = std::thread::scope(|scope| {
            let workers: Vec<_> = (0..threads).map(|_| scope.spawn(|| work.run(plan))).collect();
            workers.into_iter().find_map(|w| w.join().map_or(Some("a panic".into()), |r| r.err()))
        });
        let summary = work.summary.into_inner().unwrap_or_else(PoisonError::into_inner);
        failed.map_or(Ok(summary), Err)
    }
}

impl Work {
    fn run(&self, plan: Plan) -> Result<(), String> {
        while !self.stop.load(Ordering::Relaxed) {
            let chunk = self.next.fetch_add(1, Ordering::Relaxed);
            let count = self.batch.count.saturating_sub(chunk * CHUNK).min(CHUNK);
            if count == 0 {
                break;
            }
            self.chunk(chunk, count, plan)
                .inspect_err(|_| self.stop.store(true, Ordering::Relaxed))?;
        }
        Ok(())
    }

    fn chunk(&self, chunk: u64, count: u64, plan: Plan) -> Result<(), String> {
        let config = Config {
            cases: u32::try_from(count).unwrap_or(u32::MAX),
            failure_persistence: None,
            max_shrink_iters: 20_000,
            ..Config::default()
        };
        let mut runner = TestRunner::new_with_rng(config, rng(self.batch.seed, chunk));
        let sum = Mutex::new(Summary::default());
        let outcome = runner.run(&histories(STEPS), |history| match play(&history, plan) {
            Ok(played) => {
                sum.lock().unwrap_or_else(PoisonError::into_inner).add(1, &played);
                Ok(())
            }
            Err(broken) => Err(TestCaseError::fail(broken.to_string())),
        });
        outcome.map_err(|error| self.told_failure(chunk, error))?;
        let sum = sum.into_inner().unwrap_or_else(PoisonError::into_inner);
        let mut all = self.summary.lock().unwrap_or_else(PoisonError::into_inner);
        all.add(sum.histories, &sum.played);
        self.tell(&all);
        Ok(())
    }

    fn told_failure(&self, chunk: u64, error: TestError<History>) -> String {
        let seed = self.batch.seed;
        match error {
            TestError::Fail(why, history) => {
                format!("seed {seed}, chunk {chunk}: {why}\nshrunk to: {history:?}")
            }
            TestError::Abort(why) => format!("seed {seed}, chunk {chunk}: {why}"),
        }
    }

    fn tell(&self, all: &Summary) {
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        if told.elapsed() >= TELL_EVERY {
            *told = Instant::now();
            let (done, of) = (all.histories, self.batch.count);
            println!("  {done} of {of} histories, {} s", self.began.elapsed().as_secs());
        }
    }
}

impl Summary {
    fn add(&mut self, histories: u64, played: &Played) {
        self.histories += histories;
        self.played.decisions += played.decisions;
        self.played.lowerings += played.lowerings;
        self.played.notices += played.notices;
        self.played.reasons.merge(&played.reasons);
    }
}

/// Histories one after the other, as a batch makes them: without shrinking, for controls.
pub fn each(seed: u64, count: usize) -> impl Iterator<Item = History> {
    let config = Config { failure_persistence: None, ..Config::default() };
    let mut runner = TestRunner::new_with_rng(config, rng(seed, 0));
    let strategy = histories(STEPS);
    let made = std::iter::repeat_with(move || strategy.new_tree(&mut runner));
    made.take(count).filter_map(|tree| tree.ok().map(|tree| tree.current()))
}

/// The dice of a chunk.
pub fn rng(seed: u64, chunk: u64) -> TestRng {
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    bytes[8..16].copy_from_slice(&chunk.to_le_bytes());
    TestRng::from_seed(RngAlgorithm::ChaCha, &bytes)
}
