//! The plant: a fleet behind a load balancer, in virtual time.
//!
//! An instance serves `capacity` requests a minute at 80 % CPU, boots, and drains when it is
//! terminated (billed, not serving). A minute's metric is published 70 s after its end; the tick
//! at second 10 of a minute sees the minute before the last, and acts at once. Load is even within its minute and what exceeds the capacity in
//! service is unserved: there is no queue. Billing is by the second from launch.
//!
//! What must stay true: no policy sees a minute before its metric is published; everything
//! follows from the trace and the spec.

mod learned;
mod oracle;
mod tally;
mod tracking;

pub use learned::{GATE, Learned, NO_GATE};
pub use oracle::oracle_hours;
pub use tally::{Outcome, Tally};
pub use tracking::TargetTracking;

use crate::trace::Trace;
use std::collections::VecDeque;

/// CPU of an instance at its capacity, percent.
pub const CPU_AT_CAPACITY: f64 = 80.0;
/// From the start of a minute to the start of the first minute whose tick sees it. A minute is
/// published 70 s after its end; the tick at second 10 of minute m looks 70 s after the end of
/// minute m-2, and what it decides is there at once.
pub const VISIBLE_AFTER_MINS: usize = 2;

/// What a fleet is like.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Spec {
    /// Requests a minute that one instance serves.
    pub capacity: f64,
    /// From launch to in service, seconds.
    pub boot_secs: u64,
    /// From termination to the end of billing, seconds.
    pub drain_secs: u64,
    /// From the start of a minute to the tick that decides and acts, seconds; less than a minute.
    pub act_secs: u64,
    /// From the start of a minute to the start of the first one whose tick sees it, minutes.
    pub visible_after_mins: usize,
    /// `MinSize`.
    pub min: u32,
    /// `MaxSize`.
    pub max: u32,
}

impl Spec {
    /// The reference plant: the mean load is ten instances, at most twice the peak.
    pub fn reference(trace: &Trace) -> Self {
        let capacity = (trace.mean() / 10.0).max(1e-9);
        let max = (2.0 * (trace.peak() / capacity).ceil()).max(2.0) as u32;
        Self {
            capacity,
            boot_secs: 180,
            drain_secs: 60,
            act_secs: 10,
            visible_after_mins: VISIBLE_AFTER_MINS,
            min: 2,
            max,
        }
    }

    /// Instances that serve this load.
    pub fn need(&self, load: f64) -> u32 {
        tidegate_domain::load::need(load, 1.0, self.capacity).clamp(self.min, self.max)
    }
}

/// What a policy sees at the start of a minute.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Glance {
    /// The minute, counted from the trace's first.
    pub minute: usize,
    /// The newest visible minute.
    pub data_minute: Option<usize>,
    /// Its load; none when the metric has a hole there.
    pub load: Option<f64>,
    /// Its CPU, percent, capped at 100.
    pub cpu: Option<f64>,
    /// Instances in service now.
    pub in_service: u32,
    /// Desired capacity now.
    pub desired: u32,
}

/// Decides a fleet's desired capacity, once a minute.
pub trait Policy {
    /// The desired capacity from now on; the plant clamps it to its sizes.
    fn desired(&mut self, glance: &Glance) -> u32;
}

/// The same capacity always.
#[derive(Debug, Clone, Copy)]
pub struct Static(pub u32);

impl Policy for Static {
    fn desired(&mut self, _: &Glance) -> u32 {
        self.0
    }
}

/// Runs a policy over a trace and scores it from the minute `from` on.
pub fn run(trace: &Trace, spec: &Spec, from: usize, policy: &mut dyn Policy) -> Outcome {
    let mut plant = Plant::new(*spec, spec.need(trace.loads.first().copied().unwrap_or(0.0)));
    let mut tally = Tally::default();
    for (minute, load) in trace.loads.iter().enumerate() {
        let wanted = policy.desired(&plant.glance(trace, minute));
        let spent = plant.minute(*load, wanted);
        if minute >= from {
            tally.add(*load, spec.capacity, spent);
        }
    }
    tally.outcome()
}

/// What one minute took.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Spent {
    /// Billed instance-seconds.
    pub billed_secs: u64,
    /// Requests above the capacity in service.
    pub unserved: f64,
    /// Launches.
    pub launches: u32,
    /// Instances in service at the end of the minute.
    pub in_service: u32,
}

#[derive(Debug)]
struct Plant {
    spec: Spec,
    /// Virtual seconds since the trace's first minute.
    now: u64,
    desired: u32,
    serving: u32,
    /// When each booting instance will serve, oldest first.
    booting: VecDeque<u64>,
    /// When each draining instance is gone, oldest first.
    draining: VecDeque<u64>,
    /// CPU of the last minutes, oldest first.
    cpu: VecDeque<f64>,
}

impl Plant {
    fn new(spec: Spec, size: u32) -> Self {
        let (booting, draining, cpu) = Default::default();
        Self { spec, now: 0, desired: size, serving: size, booting, draining, cpu }
    }

    fn glance(&self, trace: &Trace, minute: usize) -> Glance {
        let data_minute = minute.checked_sub(self.spec.visible_after_mins);
        let load = data_minute.and_then(|at| trace.seen(at));
        let cpu = self.cpu.front().copied().filter(|_| load.is_some());
        let (in_service, desired) = (self.serving, self.desired);
        Glance { minute, data_minute, load, cpu, in_service, desired }
    }

    /// One minute under a load; what was wanted acts a little after its start.
    fn minute(&mut self, load: f64, wanted: u32) -> Spent {
        let (start, mut spent, mut capacity_secs) = (self.now, Spent::default(), 0.0);
        let act = start + self.spec.act_secs;
        while self.now < start + 60 {
            if self.now == act {
                spent.launches += self.resize(wanted.clamp(self.spec.min, self.spec.max));
            }
            self.settle();
            let secs = self.until_next(act, start + 60) - self.now;
            let instances = self.serving as usize + self.booting.len() + self.draining.len();
            spent.billed_secs += instances as u64 * secs;
            let capacity = f64::from(self.serving) * self.spec.capacity;
            spent.unserved += (load - capacity).max(0.0) * secs as f64 / 60.0;
            capacity_secs += capacity * secs as f64;
            self.now += secs;
        }
        self.remember_cpu(load, capacity_secs / 60.0);
        spent.in_service = self.serving;
        spent
    }

    /// The next instant at which something changes.
    fn until_next(&self, act: u64, end: u64) -> u64 {
        let events = [Some(act), self.booting.front().copied(), self.draining.front().copied()];
        events.into_iter().flatten().filter(|at| *at > self.now).fold(end, u64::min)
    }

    fn settle(&mut self) {
        while self.booting.front().is_some_and(|at| *at <= self.now) {
            self.booting.pop_front();
            self.serving += 1;
        }
        while self.draining.front().is_some_and(|at| *at <= self.now) {
            self.draining.pop_front();
        }
    }

    /// Launches, or terminates: what is still booting first.
    fn resize(&mut self, wanted: u32) -> u32 {
        let more = wanted.saturating_sub(self.desired);
        for _ in 0..more {
            self.booting.push_back(self.now + self.spec.boot_secs);
        }
        for _ in wanted..self.desired {
            if self.booting.pop_back().is_none() {
                self.serving -= 1;
                self.draining.push_back(self.now + self.spec.drain_secs);
            }
        }
        self.desired = wanted;
        more
    }

    fn remember_cpu(&mut self, load: f64, capacity: f64) {
        let cpu = if capacity > 0.0 { CPU_AT_CAPACITY * load / capacity } else { 100.0 };
        self.cpu.push_back(cpu.min(100.0));
        if self.cpu.len() > self.spec.visible_after_mins {
            self.cpu.pop_front();
        }
    }
}

#[cfg(test)]
mod tests;
