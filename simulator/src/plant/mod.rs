//! The plant: a fleet behind a load balancer, in virtual time.
//!
//! An instance serves `capacity` requests a minute at 80 % CPU, boots, and drains when it is
//! terminated (billed, not serving). A minute's metric is published 70 s after its end; the tick
//! at second 10 of a minute sees the minute before the last, and acts at once. Load is even
//! within its minute and what exceeds the capacity in service is unserved: there is no queue.
//! Billing is by the second from launch. The group is the strict fakes' one ([`Site`]).
//!
//! What must stay true: no policy sees a minute before its metric is published; everything
//! follows from the trace and the spec.

mod learned;
mod native;
mod oracle;
mod site;
mod steps;
mod tally;
mod tracking;

pub use learned::{GATE, Learned, NO_GATE};
pub use native::{Native, Timetable};
pub use oracle::oracle_hours;
pub use site::{Minute, Site, ZONES};
pub use steps::StepScaling;
pub use tally::{Outcome, Tally};
pub use tracking::TargetTracking;

use crate::trace::Trace;
use tidegate_fakes::Writer;

/// CPU of an instance at its capacity, percent.
pub const CPU_AT_CAPACITY: f64 = 80.0;
/// From the start of a minute to the start of the first minute whose tick sees it. A minute is
/// published 70 s after its end; the tick at second 10 of minute m looks 70 s after the end of
/// minute m-2, and what it decides is there at once.
pub const VISIBLE_AFTER_MINS: usize = 2;
/// The same for CloudWatch's alarms, native policies' among them: they are evaluated when a
/// minute begins.
pub const ALARMS_AFTER_MINS: usize = 3;

/// What a fleet is like.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Spec {
    /// Requests a minute that one instance serves.
    pub capacity: f64,
    /// From launch to in service, seconds.
    pub boot_secs: u64,
    /// From termination to the end of billing, seconds.
    pub drain_secs: u64,
    /// From the start of a minute to what is decided in it, seconds; less than a minute.
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
        Self::of(trace, (trace.mean() / 10.0).max(1e-9), 2)
    }

    /// The reference plant with instances that serve this load a minute, and this `MinSize`.
    pub fn of(trace: &Trace, capacity: f64, min: u32) -> Self {
        let max = (2.0 * (trace.peak() / capacity).ceil()).max(f64::from(min)).max(2.0) as u32;
        Self {
            capacity,
            boot_secs: 180,
            drain_secs: 60,
            act_secs: 10,
            visible_after_mins: VISIBLE_AFTER_MINS,
            min,
            max,
        }
    }

    /// Instances that serve this load.
    pub fn need(&self, load: f64) -> u32 {
        tidegate_domain::load::need(load, 1.0, self.capacity).clamp(self.min, self.max)
    }

    /// Instances that serve the trace's first minute.
    pub fn first_need(&self, trace: &Trace) -> u32 {
        self.need(trace.loads.first().copied().unwrap_or(0.0))
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
    let size = spec.first_need(trace);
    let Ok(mut site) = Site::new(trace, spec, size, from) else {
        return Tally::default().outcome();
    };
    for minute in 0..trace.loads.len() {
        minute_of(&mut site, minute, policy);
    }
    site.into_result().0
}

/// One minute of a site under a policy: it looks at the start and acts a little later.
pub fn minute_of(site: &mut Site<'_>, minute: usize, policy: &mut dyn Policy) {
    let start = minute as u64 * 60;
    site.advance(start);
    let wanted = policy.desired(&Glance::of(site, minute, site.spec().visible_after_mins));
    site.advance(start + site.spec().act_secs);
    // A group that cannot be changed now stays as it is; the policy sees that in a minute.
    let _ = site.resize(Writer::Outside, wanted);
    site.advance(start + 60);
}

impl Glance {
    /// What is seen of a site at the start of a minute, by who sees a minute so late.
    pub fn of(site: &Site<'_>, minute: usize, after_mins: usize) -> Self {
        let data_minute = minute.checked_sub(after_mins);
        let published = data_minute.and_then(|at| site.published(at));
        let load = published.map(|(load, _)| load);
        let cpu = published.map(|(_, minute)| f64::from(minute.cpu));
        let (in_service, desired) = (site.head().serving, site.group().sizes().desired);
        Self { minute, data_minute, load, cpu, in_service, desired }
    }
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
}

#[cfg(test)]
mod tests;
