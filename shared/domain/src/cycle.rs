//! The cycle: load, observe, decide, check, record intent, apply, report. Written
//! once, over the ports; run by the functions, by the tests on fakes and by a
//! simulator.
//!
//! What must stay true: one run per fleet at a time (the lease); an intent is in
//! memory before it is applied; a lowering is applied only to the sizes it was
//! decided for; a run that cannot reach the control table raises and never lowers; after a
//! call to Auto Scaling failed, runs rest before the next one (see [`outage`]).

mod look;
mod outage;
mod report;
mod sizing;

pub use sizing::{Question, ask_sizing};

use crate::decide::{Action, Decision, Inputs, Trust, decide};
use crate::group::Sizes;
use crate::ids::FleetName;
use crate::invariants;
use crate::ledger::{LedgerEntry, OutcomeWord};
use crate::memory::Memory;
use crate::observation::Observation;
use crate::policy::FleetPolicy;
use crate::ports::{Lease, LeaseToken, PortError, PortResult, Released, Stored, Versioned, World};
use crate::reason::Reason;
use crate::signal::Signal;
use jiff::SignedDuration;
use report::Ending;

/// A lease outlives its holder: Lambda may kill a function a little after its deadline.
const LEASE_MARGIN: SignedDuration = SignedDuration::from_secs(5);
/// A lowering that was decided longer ago than this is void.
const INTENT_LIFE: SignedDuration = SignedDuration::from_secs(120);
/// Nothing new is started with less time than this.
const TIME_TO_START: SignedDuration = SignedDuration::from_secs(3);
/// Looking closer and writing the backstop each take a round; more means a loop.
const MOST_ROUNDS: usize = 5;
/// A holder that keeps being wanted stops after this many runs; the next tick goes on.
const MOST_RUNS: usize = 3;

/// One fleet's run.
#[derive(Debug, Clone)]
pub struct Run<'a> {
    /// The function's name, for the ledger.
    pub function: &'a str,
    /// The fleet.
    pub fleet: &'a FleetName,
    /// Its policy.
    pub policy: &'a FleetPolicy,
    /// What woke us.
    pub signal: Signal,
    /// Decide and report only.
    pub dry_run: bool,
    /// Why the newest stored policy cannot be used, if it cannot.
    pub policy_fault: Option<String>,
    /// How long the ledger keeps an entry.
    pub ledger_life: SignedDuration,
}

/// A run that failed; what was decided is told nevertheless.
#[derive(Debug, Clone, thiserror::Error)]
#[error("fleet {fleet}: {error}")]
pub struct CycleError {
    /// The fleet.
    pub fleet: FleetName,
    /// The decision, when one was made.
    pub entry: Option<Box<LedgerEntry>>,
    /// What failed.
    #[source]
    pub error: PortError,
}

/// What decides: pure, from what is known to what is to be done.
pub type Planner<'p> = dyn Fn(&Inputs<'_>) -> Decision + Send + Sync + 'p;

/// Runs the cycle for one fleet.
///
/// # Errors
/// [`CycleError`] when the group could not be described, a write to it failed, memory could
/// not be kept or a notice could not be published. The caller fails its invocation, so that
/// it is tried again; every write is repeatable.
pub async fn cycle<W: World>(world: &W, run: &Run<'_>) -> Result<LedgerEntry, CycleError> {
    cycle_planned_by(&decide, world, run).await
}

/// Runs the cycle for one fleet with another planner than [`decide`]: one that watches it, or
/// a deliberately wrong one, which the invariants must stop.
///
/// # Errors
/// As [`cycle`].
pub async fn cycle_planned_by<W: World>(
    planner: &Planner<'_>,
    world: &W,
    run: &Run<'_>,
) -> Result<LedgerEntry, CycleError> {
    let token = world.token();
    let until = world.wall().saturating_add(world.time_left() + LEASE_MARGIN);
    let until = until.unwrap_or_else(|_| world.wall());
    let stand = Stand { planner, world, token: &token };
    match world.acquire(run.fleet, &token, world.wall(), until).await {
        Ok(Lease::Taken) => with_lease(&stand, run).await,
        Ok(Lease::Busy) => Ok(report::lease_held(world, run, &token)),
        Err(error) => Once::new(&stand, run, Some(error.to_string())).run().await,
    }
}

/// What every pass of an invocation stands on.
struct Stand<'a, W> {
    planner: &'a Planner<'a>,
    world: &'a W,
    token: &'a LeaseToken,
}

/// Runs, and once more for everybody who found the lease taken meanwhile.
async fn with_lease<W: World>(
    stand: &Stand<'_, W>,
    run: &Run<'_>,
) -> Result<LedgerEntry, CycleError> {
    let Stand { world, token, .. } = stand;
    let mut done = Once::new(stand, run, None).run().await;
    for _ in 1..MOST_RUNS {
        if !matches!(world.release(run.fleet, token).await, Ok(Released::Wanted)) {
            return done;
        }
        if done.is_err() || world.time_left() < TIME_TO_START {
            continue;
        }
        // The event that was turned away is not here; the truth that it told of is.
        let again = match &run.signal {
            Signal::Alarm(_) => Signal::Tick,
            other => other.clone(),
        };
        let run = Run { signal: again, ..run.clone() };
        done = Once::new(stand, &run, None).run().await;
    }
    // Still wanted, or the answer was lost: a lease that is not given back runs out.
    let _ = world.release(run.fleet, token).await;
    done
}

/// One pass of the cycle.
struct Once<'a, W> {
    planner: &'a Planner<'a>,
    world: &'a W,
    run: &'a Run<'a>,
    token: &'a LeaseToken,
    trust: Trust,
    /// What decisions start from.
    loaded: Memory,
    /// What stands in the control table, as far as we know.
    kept: Memory,
    version: u64,
    /// The memory was read, so it can be written: by compare-and-set, even without the lease.
    has_memory: bool,
    /// What stands there as the memory and cannot be read: a newer version's, or nobody's.
    unreadable: Option<String>,
}

impl<'a, W: World> Once<'a, W> {
    fn new(stand: &Stand<'a, W>, run: &'a Run<'a>, blind: Option<String>) -> Self {
        let Stand { planner, world, token } = *stand;
        let trust = Trust { no_memory: blind, policy_fault: run.policy_fault.clone() };
        Self {
            planner,
            world,
            run,
            token,
            trust,
            loaded: Memory::default(),
            kept: Memory::default(),
            version: 0,
            has_memory: false,
            unreadable: None,
        }
    }

    async fn run(mut self) -> Result<LedgerEntry, CycleError> {
        self.load().await;
        let began = self.world.now();
        if let Some(reason) = outage::rest(&self.loaded, began) {
            return self.rest(reason).await;
        }
        let found = match self.world.describe(self.run.fleet).await {
            Err(error) => return Err(self.blind_to_group(began, error).await),
            Ok(found) => found,
        };
        outage::answered(&mut self.loaded);
        let Some(group) = found else { return self.without_group().await };
        let mut observation = look::glance(self.world, self.run, group).await;
        let (group, memory) = (&observation.group, &self.loaded);
        let question = Question { group, memory, token: self.token };
        observation.sizing = ask_sizing(self.world, self.run, &question).await;
        let mut decision = self.decide(&mut observation).await;
        decision.notices.extend(self.warn_of_memory());
        self.carry_out(&observation, decision).await
    }

    async fn load(&mut self) {
        match self.world.load(self.run.fleet).await {
            Ok(found) => {
                // Without the lease, an intent may be another run's that is under way: the memory
                // is read and left to that run.
                let leased = self.trust.no_memory.is_none();
                self.has_memory = leased || found.memory.intent.is_none();
                self.kept = found.memory.clone();
                self.loaded = found.memory;
                self.version = found.version;
            }
            Err(error) => {
                let unreadable = matches!(error, PortError::Unreadable { .. });
                self.unreadable = unreadable.then(|| error.to_string());
                self.forget(&error);
            }
        }
    }

    /// The memory is out of reach from here on: raising goes on, lowering stops.
    fn forget(&mut self, error: &PortError) {
        self.has_memory = false;
        self.trust.no_memory.get_or_insert(error.to_string());
    }

    /// Rounds of deciding, until nothing more must be read or prepared.
    async fn decide(&self, observation: &mut Observation) -> Decision {
        let mut decision = self.decide_once(observation);
        for _ in 0..MOST_ROUNDS {
            match &decision.action {
                Action::LookCloser => look::closer(self.world, self.run, observation).await,
                Action::WriteBackstop(backstop) => {
                    look::backstop(self.world, self.run, observation, backstop).await;
                }
                _ => break,
            }
            decision = self.decide_once(observation);
        }
        if matches!(decision.action, Action::LookCloser | Action::WriteBackstop(_)) {
            // Writing the backstop does not make it be there: nothing is lowered.
            let why = "it was written and does not show".to_owned();
            decision.reason = Reason::BackstopFailed { why };
            decision.action = Action::Hold;
        }
        decision
    }

    fn decide_once(&self, observation: &Observation) -> Decision {
        (self.planner)(&self.inputs(observation))
    }

    fn inputs<'b>(&'b self, observation: &'b Observation) -> Inputs<'b> {
        Inputs {
            fleet: self.run.fleet,
            policy: self.run.policy,
            observation,
            signal: &self.run.signal,
            memory: &self.loaded,
            trust: &self.trust,
            now: self.world.now(),
        }
    }

    async fn carry_out(
        mut self,
        observation: &Observation,
        mut decision: Decision,
    ) -> Result<LedgerEntry, CycleError> {
        let broken = invariants::check(&self.inputs(observation), &decision);
        if !broken.is_empty() {
            report::refuse(self.run, &mut decision, &broken);
            let memory = std::mem::take(&mut decision.memory);
            let ending = Ending::new(OutcomeWord::Refused, memory);
            return self.finish(observation, decision, ending).await;
        }
        if self.run.dry_run {
            return Ok(self.finish_dry(observation, &decision).await);
        }
        match decision.action {
            Action::Raise { .. } | Action::Lower { .. } => self.apply(observation, decision).await,
            _ => {
                let memory = std::mem::take(&mut decision.memory);
                let ending = Ending::new(OutcomeWord::Held, memory);
                self.finish(observation, decision, ending).await
            }
        }
    }

    /// Records the intent, writes, and reports.
    async fn apply(
        mut self,
        observation: &Observation,
        mut decision: Decision,
    ) -> Result<LedgerEntry, CycleError> {
        if self.world.time_left() < TIME_TO_START {
            decision.reason = Reason::OutOfTime;
            return Ok(self.report(observation, &decision, OutcomeWord::OutOfTime));
        }
        if self.has_memory {
            match self.keep(&decision.memory).await {
                Ok(Stored::Version(_)) => {}
                Ok(Stored::Conflict) => {
                    decision.reason = Reason::MemoryConflict;
                    return Ok(self.report(observation, &decision, OutcomeWord::Void));
                }
                Err(error) => self.forget(&error),
            }
        }
        let began = self.world.now();
        let written = match decision.action.clone() {
            Action::Raise { min } => self.world.set_min(self.run.fleet, min).await.map(|()| None),
            Action::Lower { min, desired } => self.lower(&decision, min, desired).await,
            _ => Ok(None),
        };
        let ending = match written {
            Ok(None) => {
                self.claim(&decision).await;
                let memory = decision.memory_when_applied(self.world.now());
                Ending::new(OutcomeWord::Applied, memory)
            }
            Ok(Some(what)) => {
                decision.reason = Reason::GroupChanged { what };
                Ending::new(OutcomeWord::Void, decision.memory_when_void())
            }
            // The effect may have happened: the intent stays for the next run to settle.
            Err(error) => self.blind_to_write(&mut decision, began, error),
        };
        self.finish(observation, decision, ending).await
    }

    /// Lowers, if the group still has the sizes that were decided on. `Ok(Some(..))` tells how
    /// it differs.
    async fn lower(
        &self,
        decision: &Decision,
        min: u32,
        desired: Option<u32>,
    ) -> PortResult<Option<String>> {
        if let Some(why) = &self.trust.no_memory {
            return Ok(Some(format!("the intent could not be recorded: {why}")));
        }
        let now = self.world.describe(self.run.fleet).await?.map(|group| group.sizes);
        if now != Some(decision.expected) {
            return Ok(Some(difference(decision.expected, now)));
        }
        let intent = decision.memory.intent.as_ref();
        let age = intent.map(|intent| self.world.now().duration_since(intent.at));
        if age.is_none_or(|age| age > INTENT_LIFE) {
            return Ok(Some("the decision is too old".to_owned()));
        }
        if min < decision.expected.min {
            self.world.set_min(self.run.fleet, min).await?;
        }
        if let Some(desired) = desired {
            self.world.set_desired(self.run.fleet, desired).await?;
        }
        Ok(None)
    }

    /// Notes a raise that was made while the memory was out of reach, if it is back: the next
    /// run would take its `MinSize` for a person's. A group that was never met stays unmet, and
    /// what another run is about to write stands.
    async fn claim(&self, decision: &Decision) {
        let Some(intent) = decision.memory.intent.as_ref().filter(|_| !self.has_memory) else {
            return;
        };
        let Ok(found) = self.world.load(self.run.fleet).await else { return };
        let Versioned { memory, version } = found;
        let other = memory.intent.as_ref().is_some_and(|theirs| theirs.min != intent.min);
        if other || memory.applied_min.is_none_or(|applied| applied >= intent.min) {
            return;
        }
        let memory = Memory { applied_min: Some(intent.min), intent: None, ..memory };
        // The memory may be gone again: then the next run errs on the side of capacity.
        let _ = self.world.store(self.run.fleet, version, &memory, self.token).await;
    }

    async fn keep(&mut self, memory: &Memory) -> PortResult<Stored> {
        let stored = self.world.store(self.run.fleet, self.version, memory, self.token).await?;
        if let Stored::Version(version) = stored {
            self.version = version;
            self.kept = memory.clone();
        }
        Ok(stored)
    }
}

fn difference(expected: Sizes, now: Option<Sizes>) -> String {
    let Some(now) = now else { return "the group is gone".to_owned() };
    format!(
        "min {} -> {}, max {} -> {}, desired {} -> {}",
        expected.min, now.min, expected.max, now.max, expected.desired, now.desired
    )
}
