//! What the report needs to know of a rehearsal, found once: the scored span, the run it is
//! compared with, the worst run of minutes, a typical day, the hours in which people are failed.
//!
//! What must stay true: every index is within the trace; every number is finite; only scored
//! minutes count.

use super::clock::Clock;
use crate::replay::{PolicyRun, Rehearsal, Told, Wrought};
use std::ops::Range;

/// A rehearsal, looked at.
#[derive(Debug)]
pub struct Facts<'a> {
    /// What was replayed.
    pub of: &'a Rehearsal,
    /// The policy's clock.
    pub clock: Clock,
    /// The scored minutes of the trace; empty when there are none.
    pub scored: Range<usize>,
    /// Requests a minute that an instance serves: above zero.
    pub capacity: f64,
}

/// Consecutive minutes with unserved requests.
#[derive(Debug, Clone, PartialEq)]
pub struct Short {
    /// The minutes of the trace.
    pub minutes: Range<usize>,
    /// Requests of these minutes.
    pub requests: f64,
    /// Those above the capacity in service.
    pub unserved: f64,
}

/// An hour of the day, over all scored days.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Hour {
    /// Requests.
    pub requests: f64,
    /// Those above the capacity in service.
    pub unserved: f64,
}

impl Hour {
    /// Unserved requests, percent of the hour's.
    pub fn percent(&self) -> f64 {
        share(self.unserved, self.requests)
    }
}

/// Percent of `all`; zero when there is nothing.
pub fn share(part: f64, all: f64) -> f64 {
    if all > 0.0 && part > 0.0 { 100.0 * part / all } else { 0.0 }
}

/// The number, or zero where it is none.
fn finite(value: f64) -> f64 {
    if value.is_finite() { value.max(0.0) } else { 0.0 }
}

impl<'a> Facts<'a> {
    /// Looks at a rehearsal.
    pub fn of(of: &'a Rehearsal) -> Self {
        let clock = Clock::new(&of.time_zone, of.first);
        let end = of.loads.len();
        let capacity = finite(of.fleet.capacity).max(1e-9);
        Self { of, clock, scored: of.scored_from.min(end)..end, capacity }
    }

    /// Tidegate's run.
    pub fn ours(&self) -> Option<&'a PolicyRun> {
        self.of.runs.first()
    }

    /// The run that Tidegate is drawn against: the first of the others.
    pub fn other(&self) -> Option<&'a PolicyRun> {
        self.of.runs.get(1)
    }

    /// The two runs that are drawn.
    pub fn drawn(&self) -> impl Iterator<Item = &'a PolicyRun> {
        self.of.runs.iter().take(2)
    }

    /// Requests of a minute.
    pub fn load(&self, minute: usize) -> f64 {
        finite(self.of.loads.get(minute).copied().unwrap_or(0.0))
    }

    /// The instances that would serve a minute.
    pub fn needed(&self, minute: usize) -> f64 {
        self.load(minute) / self.capacity
    }

    /// The scored hours.
    pub fn hours(&self) -> f64 {
        self.scored.len() as f64 / 60.0
    }

    /// The factor from the scored span to a month of 730 hours.
    pub fn to_month(&self) -> f64 {
        if self.scored.is_empty() { 0.0 } else { 730.0 / self.hours() }
    }

    /// Decisions of the scored minutes.
    pub fn decisions(&self, run: &'a PolicyRun) -> impl Iterator<Item = &'a Told> {
        let from = self.scored.start as u64 * 60;
        run.decisions.iter().filter(move |told| told.second >= from)
    }

    /// The longest of a run's stretches of unserved minutes; of two as long, the one with more
    /// unserved requests.
    pub fn worst(&self, run: &PolicyRun) -> Option<Short> {
        let mut worst: Option<Short> = None;
        let mut now: Option<Short> = None;
        for minute in self.scored.clone() {
            let unserved = unserved(run, minute);
            if unserved <= 0.0 {
                worst = longer(worst, now.take());
                continue;
            }
            let short =
                now.get_or_insert(Short { minutes: minute..minute, requests: 0.0, unserved: 0.0 });
            short.minutes.end = minute + 1;
            short.requests += self.load(minute);
            short.unserved += unserved;
        }
        longer(worst, now)
    }

    /// Unserved requests by the hour of the day in the policy's zone.
    pub fn by_hour(&self, run: &PolicyRun) -> [Hour; 24] {
        let mut hours = [Hour::default(); 24];
        let mut minute = self.scored.start;
        while minute < self.scored.end {
            let until = (minute + self.clock.same_hour_for(minute)).min(self.scored.end);
            if let Some(hour) = hours.get_mut(self.clock.hour(minute)) {
                for at in minute..until {
                    hour.requests += self.load(at);
                    hour.unserved += unserved(run, at);
                }
            }
            minute = until;
        }
        hours
    }

    /// The scored part of the local day around a minute.
    pub fn day_of(&self, minute: usize) -> Range<usize> {
        let (begin, end) = self.clock.day_around(minute as f64);
        let index = |at: f64| (at.max(0.0) as usize).clamp(self.scored.start, self.scored.end);
        index(begin)..index(end)
    }

    /// The scored local days, whole or not.
    pub fn days(&self) -> Vec<Range<usize>> {
        let mut days = Vec::new();
        let mut at = self.scored.start;
        while at < self.scored.end {
            let day = self.day_of(at);
            at = day.end.max(at + 1);
            days.push(day);
        }
        days
    }

    /// The whole scored day whose load is closest to the mean of all of them, `but` left out.
    pub fn typical_day(&self, but: &Range<usize>) -> Option<Range<usize>> {
        let days: Vec<_> = self.days().into_iter().filter(|day| day.len() == 1_440).collect();
        let mut mean = vec![0.0; 1_440];
        for day in &days {
            for (sum, minute) in mean.iter_mut().zip(day.clone()) {
                *sum += self.load(minute) / days.len() as f64;
            }
        }
        let away = |day: &Range<usize>| -> f64 {
            day.clone().zip(&mean).map(|(minute, usual)| (self.load(minute) - usual).abs()).sum()
        };
        let others = days.iter().filter(|day| *day != but);
        others.min_by(|a, b| away(a).total_cmp(&away(b))).cloned()
    }

    /// The minute of the highest load.
    pub fn peak(&self) -> Option<usize> {
        self.scored.clone().max_by(|a, b| self.load(*a).total_cmp(&self.load(*b)))
    }
}

/// A minute under a policy.
pub fn wrought(run: &PolicyRun, minute: usize) -> Option<&Wrought> {
    run.minutes.get(minute)
}

/// Instances in service in a minute, mean.
pub fn serving(run: &PolicyRun, minute: usize) -> f64 {
    wrought(run, minute).map_or(0.0, |w| finite(f64::from(w.serving)))
}

/// Requests of a minute that were not served.
pub fn unserved(run: &PolicyRun, minute: usize) -> f64 {
    wrought(run, minute).map_or(0.0, |w| finite(f64::from(w.unserved)))
}

fn longer(worst: Option<Short>, now: Option<Short>) -> Option<Short> {
    let rank = |short: &Short| (short.minutes.len(), short.unserved);
    match (worst, now) {
        (Some(a), Some(b)) => Some(if rank(&b) > rank(&a) { b } else { a }),
        (a, b) => a.or(b),
    }
}
