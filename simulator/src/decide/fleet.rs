//! The fleet that decisions are asked for: what it learned, and the functions' own decision on it.
//!
//! It is the cycle of the spike function's tick, without its ports: the look, the advice, rounds of
//! `decide` until nothing more must be read, the invariants, and the memory after it was applied.
//!
//! What must stay true: a minute of data is charged once, however often it is shown; the decision
//! and its check are the functions'; a decision that breaks an invariant is not applied.

use super::group::Standing;
use super::line::{Minute, Start};
use jiff::{SignedDuration, Timestamp};
use std::collections::VecDeque;
use tidegate_domain::arbiter::Limits;
use tidegate_domain::bid::Source;
use tidegate_domain::decide::{Action, Decision, Inputs, Trust, decide};
use tidegate_domain::group::{Backstop, Evidence};
use tidegate_domain::ids::FleetName;
use tidegate_domain::invariants;
use tidegate_domain::load::READ_MINUTES;
use tidegate_domain::memory::Memory;
use tidegate_domain::metrics::Point;
use tidegate_domain::observation::{Advised, CloserLook, Observation};
use tidegate_domain::policy::{FleetPolicy, Policy};
use tidegate_domain::signal::Signal;
use tidegate_domain::sizing::{Advice, Dial, Rails, Sizing, Terms};

/// A minute whose metric is later than this counts as missing for good.
const LATEST_MINS: i64 = 5;
/// A tick comes so long after the start of a minute.
const TICK_SECS: i64 = 10;
/// Looking closer and writing the backstop each take a round; more means a loop.
const MOST_ROUNDS: usize = 5;

/// A fleet in owner mode with sizing on.
#[derive(Debug)]
pub struct Fleet {
    name: FleetName,
    policy: FleetPolicy,
    terms: Terms,
    sizing: Sizing,
    memory: Memory,
    group: Standing,
    backstop: Option<Backstop>,
    /// What was seen of the last minutes, oldest first.
    seen: VecDeque<Point>,
    /// The newest minute that was decided on.
    last: Option<i64>,
}

impl Fleet {
    /// A fleet that nothing is known of yet.
    ///
    /// # Errors
    /// What the policy that is made of it refuses.
    pub fn new(start: &Start, dial: Dial) -> Result<Self, String> {
        let policy = Policy::parse(&document(start, dial)).map_err(|faults| faults.to_string())?;
        let (name, policy) = policy.fleets.into_iter().next().ok_or("no fleet")?;
        let bake = u8::try_from(policy.lower.bake.as_mins() + 1).unwrap_or(u8::MAX);
        let rails = Rails { step_percent: policy.lower.step_percent, bake_mins: bake };
        let boot = SignedDuration::from_secs(i64::from(start.boot_secs));
        let limits = Limits::of(&policy, start.max);
        let terms = Terms::new(start.capacity, boot, limits, rails).map_err(|e| e.to_string())?;
        Ok(Self {
            name,
            policy,
            terms: terms.with_dial(dial),
            sizing: Sizing::default(),
            memory: Memory::default(),
            group: Standing::new(start),
            backstop: None,
            seen: VecDeque::new(),
            last: None,
        })
    }

    /// Minutes that were charged.
    pub fn charged(&self) -> u32 {
        self.sizing.charged()
    }

    /// The desired capacity that stands.
    pub fn desired(&self) -> u32 {
        self.group.sizes().desired
    }

    /// The desired capacity from this minute on.
    ///
    /// # Errors
    /// The minute does not come after the one before; or the decision breaks an invariant.
    pub fn minute(&mut self, glance: &Minute) -> Result<u32, String> {
        if let Some(last) = self.last.filter(|last| glance.minute <= *last) {
            return Err(format!("minute {} does not come after {last}", glance.minute));
        }
        let now = instant(glance.minute, TICK_SECS).ok_or("minute is in no calendar")?;
        self.last = Some(glance.minute);
        self.group.see(glance);
        self.learn(glance);
        let (decision, broken) = self.decide(now);
        if !broken.is_empty() {
            return Err(format!("not applied: {}", broken.join("; ")));
        }
        self.memory = decision.memory_when_applied(now);
        self.group.apply(&decision.action);
        Ok(self.desired())
    }

    /// Charges what has become known, and what is too late as missing.
    fn learn(&mut self, glance: &Minute) {
        let next = self.sizing.next_minute();
        let shown = glance.data_minute.filter(|data| next.is_none_or(|next| *data >= next));
        if let Some(data) = shown {
            let lag = u32::try_from(glance.minute - data).unwrap_or(u32::MAX);
            self.terms = self.terms.with_lag(lag);
        }
        let point = shown.and_then(|data| point(data, glance.requests?));
        self.seen.extend(point);
        let few = usize::try_from(READ_MINUTES).unwrap_or(usize::MAX);
        self.seen.drain(..self.seen.len().saturating_sub(few));
        let newest = shown.unwrap_or(i64::MIN).max(glance.minute - LATEST_MINS - 1);
        self.sizing.catch_up(point.as_slice(), &[], newest, &self.terms);
    }

    /// Rounds of deciding, until nothing more must be read or prepared; and what is broken.
    fn decide(&mut self, now: Timestamp) -> (Decision, Vec<String>) {
        let mut observation = self.look(now);
        let mut decision = self.with(&observation, now, decide);
        for _ in 0..MOST_ROUNDS {
            match &decision.action {
                Action::LookCloser => {}
                Action::WriteBackstop(backstop) => self.backstop = Some(backstop.clone()),
                _ => break,
            }
            observation.closer = Some(self.closer());
            decision = self.with(&observation, now, decide);
        }
        let broken = self.with(&observation, now, |i| invariants::check(i, &decision));
        let broken = broken.iter().map(|b| format!("invariant {}, {}", b.number, b.what)).collect();
        (decision, broken)
    }

    fn with<T>(
        &self,
        observation: &Observation,
        now: Timestamp,
        ask: impl FnOnce(&Inputs<'_>) -> T,
    ) -> T {
        ask(&Inputs {
            fleet: &self.name,
            policy: &self.policy,
            observation,
            signal: &Signal::Tick,
            memory: &self.memory,
            trust: &Trust::default(),
            now,
        })
    }

    fn look(&self, now: Timestamp) -> Observation {
        Observation {
            group: self.group.view(),
            alarms: Ok(Default::default()),
            spikes: Ok(Default::default()),
            sizing: self.advice(now).map(|advice| Ok(Advised { advice, trouble: None })),
            closer: None,
        }
    }

    /// None before any data.
    fn advice(&self, now: Timestamp) -> Option<Advice> {
        self.sizing.next_minute()?;
        let live =
            |bid: &tidegate_domain::bid::Bid| bid.source == Source::Burst && bid.is_live(now);
        let in_burst = self.memory.bids.iter().any(live);
        Some(self.sizing.advise(self.desired(), in_burst, &self.terms))
    }

    fn closer(&self) -> CloserLook {
        CloserLook {
            evidence: Ok(Evidence { backstop: self.backstop.clone(), ..Evidence::default() }),
            recent: Ok(self.seen.iter().copied().collect()),
            healthy: None,
            past: Ok(Vec::new()),
            backstop_error: None,
        }
    }
}

/// A policy of which every key is the default that can be.
fn document(start: &Start, dial: Dial) -> String {
    let Start { capacity, boot_secs, min, .. } = start;
    let boot_secs = (*boot_secs).max(1);
    format!(
        "version = 1\n[fleets.fleet]\nmin = {min}\ntime_zone = \"UTC\"\n\
         load = {{ expression = \"load\", metrics = {{ load = \"Lines Load Sum\" }} }}\n\
         capacity_per_instance = {capacity:?}\ncapacity_confirmed = true\n\
         boot_secs = {boot_secs}\nsizing = \"on\"\nsla = \"{dial}\"\n\
         day = {{ starts = \"08:00\", floor = {min} }}\n\
         night = {{ starts = \"22:00\", floor = {min} }}\n"
    )
}

/// A load; none when it is none.
fn point(minute: i64, requests: f64) -> Option<Point> {
    let at = instant(minute, 0)?;
    (requests.is_finite() && requests >= 0.0).then_some(Point { at, value: requests })
}

fn instant(minute: i64, secs: i64) -> Option<Timestamp> {
    Timestamp::from_second(minute.checked_mul(60)?.checked_add(secs)?).ok()
}
