//! What is true in a history, kept apart from everything that the code reads.

use jiff::{SignedDuration, Timestamp};
use std::collections::VecDeque;
use tidegate_domain::metrics::AlarmState;

/// Minutes of published levels that are kept: what a law looks back at.
const KEPT: usize = 150;

/// What the service publishes each minute; none: nothing.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Levels {
    /// Requests.
    pub load: Option<f64>,
    /// Healthy hosts.
    pub healthy: Option<f64>,
    /// CPU, in percent.
    pub cpu: Option<f64>,
}

/// An alarm as it was set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Alarm {
    /// Its state.
    pub state: AlarmState,
    /// Since when.
    pub since: Timestamp,
    /// It was deleted.
    pub gone: bool,
}

impl Alarm {
    /// Takes a state; time counts from a change only.
    pub fn turn(&mut self, now: Timestamp, to: AlarmState) {
        if self.state != to {
            (self.state, self.since) = (to, now);
        }
    }
}

/// Everything that a law needs to know and that the fakes cannot tell.
#[derive(Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
pub struct Truth {
    /// What is published from now on.
    pub levels: Levels,
    /// The spike alarm.
    pub spike: Alarm,
    /// The alarms that veto.
    pub vetoes: [Alarm; 2],
    /// An instance refresh is under way.
    pub refresh: bool,
    /// The control table does not answer at all.
    pub table_missing: bool,
    /// The newest stored policy is broken.
    pub policy_broken: bool,
    /// The stored memory cannot be read.
    pub memory_garbled: bool,
    /// What was sent or decided may not have been kept: a fault may have struck.
    pub may_forget: bool,
    /// A dynamic policy scales in: only `MinSize` is ours.
    pub floor_mode: bool,
    /// Metrics are published up to here.
    pub filled_until: Timestamp,
    published: VecDeque<(Timestamp, Levels)>,
}

impl Truth {
    /// Everything quiet, 100 requests a minute.
    pub fn new(now: Timestamp) -> Self {
        // Created and set quiet at the beginning: its state has just changed.
        let quiet = Alarm { state: AlarmState::Ok, since: now, gone: false };
        Self {
            levels: Levels { load: Some(100.0), healthy: Some(2.0), cpu: Some(20.0) },
            spike: quiet,
            vetoes: [quiet; 2],
            refresh: false,
            table_missing: false,
            policy_broken: false,
            memory_garbled: false,
            may_forget: false,
            floor_mode: false,
            filled_until: now,
            published: VecDeque::new(),
        }
    }

    /// The minutes that are still to be published before `until`, by their start.
    pub fn minutes_until(&self, until: Timestamp) -> Vec<Timestamp> {
        let minute = |at: Timestamp| at.as_second().div_euclid(60);
        let span = minute(self.filled_until)..minute(until);
        span.filter_map(|m| Timestamp::from_second(m * 60).ok()).collect()
    }

    /// Remembers that these minutes were published with the present levels.
    pub fn publish(&mut self, minutes: &[Timestamp]) {
        self.published.extend(minutes.iter().map(|at| (*at, self.levels)));
        let excess = self.published.len().saturating_sub(KEPT);
        self.published.drain(..excess);
        if let Some(last) = minutes.last() {
            let next = last.saturating_add(SignedDuration::from_mins(1));
            self.filled_until = next.unwrap_or(*last);
        }
    }

    /// What was published for the minutes that began between these ages, in minutes.
    pub fn between(
        &self,
        now: Timestamp,
        oldest: i64,
        newest: i64,
    ) -> impl DoubleEndedIterator<Item = Levels> {
        let ages = newest..=oldest;
        let age = move |at: Timestamp| now.duration_since(at).as_mins();
        self.published.iter().filter(move |(at, _)| ages.contains(&age(*at))).map(|(_, l)| *l)
    }
}
