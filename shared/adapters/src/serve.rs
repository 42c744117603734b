//! Serving one event: decode, plan, run every fleet's cycle by itself, report, answer.
//!
//! What must stay true: one fleet's failure, panic included, is that fleet's; the
//! invocation fails only after every fleet was served, so that Lambda tries again.
//! Generic over the world, so that tests serve the same events on fakes.

use crate::telemetry::{self, Level};
use jiff::SignedDuration;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Mutex, PoisonError};
use tidegate_domain::cycle::{CycleError, Planner, Run, cycle_planned_by};
use tidegate_domain::decide::decide;
use tidegate_domain::duty::{Duty, Holding, holding};
use tidegate_domain::ids::FleetName;
use tidegate_domain::intake::{Home, IntakeError, decode};
use tidegate_domain::ledger::LedgerEntry;
use tidegate_domain::policy::Policy;
use tidegate_domain::ports::{PortError, World};
use tidegate_domain::signal::Signal;
use tokio::task::JoinSet;

/// Why an invocation failed.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The event was refused.
    #[error(transparent)]
    Intake(#[from] IntakeError),
    /// The story's clock cannot be read (builds for an accelerated day only).
    #[error(transparent)]
    Clock(#[from] PortError),
    /// A fleet's run failed; every fleet was served. The text is the whole answer.
    #[error("{0}")]
    Fleets(String),
}

impl ServeError {
    /// What Lambda shows as the error's type: for filters and alarms on the log.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Intake(_) => "EventRefused",
            Self::Clock(_) => "StoryClock",
            Self::Fleets(_) => "FleetFailed",
        }
    }
}

/// Where a function's lines go.
#[derive(Debug, Clone, Copy)]
pub struct Telling {
    /// The record of each decision.
    pub record: fn(&LedgerEntry),
    /// What went wrong, in a sentence.
    pub line: fn(Level, &str),
}

impl Telling {
    /// Stdout, as JSON lines: where Lambda takes them from.
    pub const STDOUT: Self = Self {
        record: telemetry::report,
        line: |level, text| telemetry::line(level, text, Value::Null),
    };
    /// Nowhere: for runs by the hundred thousand, whose answers tell the same.
    pub const NOWHERE: Self = Self { record: |_| (), line: |_, _| () };
}

/// A function: its duty, whose events it takes, and the policy that it last used.
pub struct Function {
    duty: Duty,
    home: Home,
    ledger_life: SignedDuration,
    last_policy: Mutex<Policy>,
    telling: Telling,
    planner: &'static Planner<'static>,
}

impl fmt::Debug for Function {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Function").field("duty", &self.duty).finish_non_exhaustive()
    }
}

impl Function {
    /// A function that starts with the template's seed policy.
    pub fn new(duty: Duty, home: Home, seed_policy: Policy, ledger_days: u32) -> Self {
        let ledger_life = SignedDuration::from_hours(24 * i64::from(ledger_days));
        let (last_policy, telling) = (Mutex::new(seed_policy), Telling::STDOUT);
        Self { duty, home, ledger_life, last_policy, telling, planner: &decide }
    }

    /// With its lines going elsewhere than to stdout.
    #[must_use]
    pub fn telling(mut self, telling: Telling) -> Self {
        self.telling = telling;
        self
    }

    /// With another planner than [`decide`]: a deliberately wrong one, which a proof must catch.
    #[must_use]
    pub fn planned_by(mut self, planner: &'static Planner<'static>) -> Self {
        self.planner = planner;
        self
    }

    /// Serves one event in this world.
    ///
    /// # Errors
    /// [`ServeError`]: the event was refused, or a fleet's run failed.
    pub async fn serve<W>(&self, world: W, event: &Value) -> Result<Value, ServeError>
    where
        W: World + Clone + Send + 'static,
    {
        let wake = decode(event, &self.home)
            .and_then(|wake| self.duty.accept(&wake).map(|()| wake))
            .inspect_err(|error| self.log(Level::Error, &error.to_string()))?;
        let holding = holding(&world, &self.last()).await;
        if let Some(fault) = &holding.fault {
            self.log(Level::Error, fault);
        }
        let plan = self.duty.plan(&wake, &holding.policy)?;
        plan.ignored.iter().for_each(|what| self.log(Level::Warn, what));
        let dry_run = wake.dry_run || holding.policy.dry_run;
        let runs = plan.runs.into_iter().map(|(fleet, signal)| {
            let (world, holding) = (world.clone(), holding.clone());
            let (duty, ledger_life, planner) = (self.duty, self.ledger_life, self.planner);
            let terms = Terms { duty, ledger_life, dry_run, planner };
            let name = fleet.clone();
            (name, async move { run_fleet(world, &fleet, signal, &holding, &terms).await })
        });
        let outcome = all(runs).await;
        self.remember(holding);
        self.report(&outcome);
        answer(self.duty, &outcome, &plan.ignored)
    }

    fn report(&self, outcome: &Outcome) {
        outcome.decisions.iter().for_each(self.telling.record);
        for (fleet, error) in &outcome.errors {
            self.log(Level::Error, &format!("{fleet}: {error}"));
        }
    }

    fn log(&self, level: Level, text: &str) {
        (self.telling.line)(level, text);
    }

    fn last(&self) -> Policy {
        self.last_policy.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn remember(&self, holding: Holding) {
        *self.last_policy.lock().unwrap_or_else(PoisonError::into_inner) = holding.policy;
    }
}

/// What all runs of an invocation share.
struct Terms {
    duty: Duty,
    ledger_life: SignedDuration,
    dry_run: bool,
    planner: &'static Planner<'static>,
}

async fn run_fleet<W: World>(
    world: W,
    fleet: &FleetName,
    signal: Signal,
    holding: &Holding,
    terms: &Terms,
) -> Option<Result<LedgerEntry, CycleError>> {
    let run = Run {
        function: terms.duty.function(),
        fleet,
        policy: holding.policy.fleets.get(fleet)?,
        signal,
        dry_run: terms.dry_run,
        policy_fault: holding.fault.clone(),
        ledger_life: terms.ledger_life,
    };
    Some(cycle_planned_by(terms.planner, &world, &run).await)
}

/// What became of an event's runs.
#[derive(Default)]
struct Outcome {
    decisions: Vec<LedgerEntry>,
    errors: BTreeMap<String, String>,
}

/// Runs the fleets side by side, each in a task of its own.
async fn all<F>(runs: impl Iterator<Item = (FleetName, F)>) -> Outcome
where
    F: Future<Output = Option<Result<LedgerEntry, CycleError>>> + Send + 'static,
{
    let mut tasks = JoinSet::new();
    let mut names = BTreeMap::new();
    for (fleet, run) in runs {
        names.insert(tasks.spawn(run).id(), fleet);
    }
    let mut outcome = Outcome::default();
    while let Some(joined) = tasks.join_next_with_id().await {
        match joined {
            Ok((_, None)) => {}
            Ok((_, Some(Ok(entry)))) => outcome.decisions.push(entry),
            Ok((_, Some(Err(failed)))) => {
                outcome.errors.insert(failed.fleet.to_string(), failed.error.to_string());
                outcome.decisions.extend(failed.entry.map(|entry| *entry));
            }
            Err(died) => {
                let fleet = names.get(&died.id()).map(ToString::to_string).unwrap_or_default();
                outcome.errors.insert(fleet, format!("the run died: {died}"));
            }
        }
    }
    outcome.decisions.sort_by(|a, b| a.fleet.cmp(&b.fleet));
    outcome
}

fn answer(duty: Duty, outcome: &Outcome, ignored: &[String]) -> Result<Value, ServeError> {
    let errors: Vec<Value> = outcome
        .errors
        .iter()
        .map(|(fleet, error)| json!({ "fleet": fleet, "error": error }))
        .collect();
    let answer = json!({
        "function": duty.function(),
        "decisions": outcome.decisions,
        "errors": errors,
        "ignored": ignored,
    });
    if outcome.errors.is_empty() { Ok(answer) } else { Err(ServeError::Fleets(answer.to_string())) }
}
