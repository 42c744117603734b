//! What a replay found: for every policy what it cost, whom it failed and why it did what it did.

use crate::plant::{Outcome, Spec};
use tidegate_domain::group::Mode;

/// A replay of one trace under several policies.
#[derive(Debug, Clone)]
pub struct Rehearsal {
    /// The trace's name, for people: a file's name without its endings.
    pub trace: String,
    /// The fleet that every policy was given.
    pub fleet: Spec,
    /// The first minute of the trace, in minutes since the epoch.
    pub first: i64,
    /// Requests of each minute.
    pub loads: Vec<f64>,
    /// The minute of the trace from which on policies are scored; the minutes before it are for
    /// learning.
    pub scored_from: usize,
    /// Instance-hours of the clairvoyant from there on.
    pub oracle_hours: f64,
    /// Price of an instance-hour, USD.
    pub price: f64,
    /// The IANA time zone of the policy.
    pub time_zone: String,
    /// One run for each policy: Tidegate's first.
    pub runs: Vec<PolicyRun>,
}

/// What one policy did with the trace.
#[derive(Debug, Clone)]
pub struct PolicyRun {
    /// For people, such as `Tidegate, sizing on` or `target tracking 50 %`.
    pub name: String,
    /// Tidegate's mode; none for other policies.
    pub mode: Option<Mode>,
    /// Cost and unserved load of the scored minutes.
    pub outcome: Outcome,
    /// Each minute of the trace; empty where no page was asked for.
    pub minutes: Vec<Wrought>,
    /// Every action, and every hold that the ledger would tell, oldest first.
    pub decisions: Vec<Told>,
    /// The learned rule each time that it changed, oldest first; empty without sizing.
    pub rules: Vec<RuleTold>,
    /// What Tidegate itself costs a month; none for other policies.
    pub bill: Option<Bill>,
}

/// One minute under a policy.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Wrought {
    /// Instances in service, mean of the minute.
    pub serving: f32,
    /// Billed instances, mean of the minute: booting and draining ones too.
    pub billed: f32,
    /// Requests above the capacity in service.
    pub unserved: f32,
}

/// One decision, as the ledger tells it.
#[derive(Debug, Clone, PartialEq)]
pub struct Told {
    /// The second of the trace at which it was made, counted from its first minute.
    pub second: u64,
    /// Desired capacity before.
    pub from: u32,
    /// Desired capacity after; the same for a hold.
    pub to: u32,
    /// The reason's stable code.
    pub code: String,
    /// The reason in words.
    pub text: String,
}

/// The learned rule from a minute on.
#[derive(Debug, Clone, PartialEq)]
pub struct RuleTold {
    /// The minute of the trace.
    pub minute: usize,
    /// The advice's sentence.
    pub text: String,
}

/// What Tidegate costs a month of 730 hours, counted from the calls that it made in the replay.
#[derive(Debug, Clone, PartialEq)]
pub struct Bill {
    /// Dearest first.
    pub lines: Vec<BillLine>,
}

/// One line of the bill.
#[derive(Debug, Clone, PartialEq)]
pub struct BillLine {
    /// What is paid for, such as `CloudWatch GetMetricData, metrics`.
    pub what: String,
    /// How many a month.
    pub monthly: f64,
    /// USD a month.
    pub usd: f64,
}

impl Bill {
    /// USD a month.
    pub fn total(&self) -> f64 {
        self.lines.iter().map(|line| line.usd).sum()
    }
}
