//! A planner that is watched: each of its decisions is put to the invariants checker, and its
//! reasons are counted.

use super::tally::Tally;
use std::sync::{Mutex, PoisonError};
use tidegate_domain::decide::{Action, Decision, Inputs};
use tidegate_domain::invariants::{Violation, check};

/// What decides.
pub type Plan = fn(&Inputs<'_>) -> Decision;

/// A planner and what was seen of it.
#[derive(Debug)]
pub struct Watch {
    plan: Plan,
    seen: Mutex<Seen>,
}

/// What was seen of a planner.
#[derive(Debug, Default, Clone)]
pub struct Seen {
    /// Decisions, the intermediate ones included.
    pub decisions: u64,
    /// Their reasons.
    pub reasons: Tally,
    /// What the checker found.
    pub violations: Vec<Violation>,
    refused: Option<Action>,
}

impl Watch {
    /// Watches this planner.
    pub fn new(plan: Plan) -> Self {
        Self { plan, seen: Mutex::new(Seen::default()) }
    }

    /// Decides, checks, counts.
    pub fn decide(&self, inputs: &Inputs<'_>) -> Decision {
        let decision = (self.plan)(inputs);
        let found = check(inputs, &decision);
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.decisions += 1;
        seen.reasons.count(&decision.reason);
        seen.refused = (!found.is_empty()).then(|| decision.action.clone());
        seen.violations.extend(found);
        decision
    }

    /// The first thing that the checker found.
    pub fn violation(&self) -> Option<Violation> {
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.violations.first().cloned()
    }

    /// The action that the checker refused last, once.
    pub fn take_refused(&self) -> Option<Action> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).refused.take()
    }

    /// What was seen so far.
    pub fn seen(&self) -> Seen {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
