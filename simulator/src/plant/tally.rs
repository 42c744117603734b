//! What a run cost and whom it failed.

use super::Spent;

/// A run's sums so far.
#[derive(Debug, Clone, Copy, Default)]
pub struct Tally {
    billed_secs: u64,
    requests: f64,
    unserved: f64,
    unserved_minutes: f64,
    launches: u32,
    short_minutes: u32,
    run: u32,
    worst_run: u32,
}

/// What a run cost and whom it failed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Outcome {
    /// Billed instance-hours.
    pub hours: f64,
    /// Requests.
    pub requests: f64,
    /// Requests above the capacity in service.
    pub unserved: f64,
    /// The same in instance-hours that would have served them.
    pub unserved_hours: f64,
    /// Launches.
    pub launches: u32,
    /// Minutes with unserved requests.
    pub short_minutes: u32,
    /// The most such minutes in a row.
    pub worst_run: u32,
}

impl Tally {
    /// Adds a minute.
    pub fn add(&mut self, load: f64, capacity: f64, spent: Spent) {
        self.billed_secs += spent.billed_secs;
        self.requests += load;
        self.unserved += spent.unserved;
        self.unserved_minutes += spent.unserved / capacity;
        self.launches += spent.launches;
        let short = spent.unserved > 0.0;
        self.short_minutes += u32::from(short);
        self.run = if short { self.run + 1 } else { 0 };
        self.worst_run = self.worst_run.max(self.run);
    }

    /// The sums.
    pub fn outcome(&self) -> Outcome {
        Outcome {
            hours: self.billed_secs as f64 / 3600.0,
            requests: self.requests,
            unserved: self.unserved,
            unserved_hours: self.unserved_minutes / 60.0,
            launches: self.launches,
            short_minutes: self.short_minutes,
            worst_run: self.worst_run,
        }
    }
}

impl Outcome {
    /// Unserved requests, percent of all.
    pub fn unserved_percent(&self) -> f64 {
        100.0 * self.unserved / self.requests.max(f64::MIN_POSITIVE)
    }

    /// `(instance-hours + 100 x unserved instance-hours) / oracle hours`.
    pub fn judged(&self, oracle_hours: f64) -> f64 {
        (self.hours + 100.0 * self.unserved_hours) / oracle_hours
    }
}
