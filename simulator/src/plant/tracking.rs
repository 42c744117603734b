//! Target tracking as EC2 Auto Scaling does it: out after 3 of 3 minutes above the target, in
//! after 15 of 15 below 90 % of it; both in proportion, rounded up.
//!
//! Out: in proportion of the instances in service, so that what still boots is no base; right
//! after it serves, the metric is still that of fewer instances, and it overshoots. In: to the
//! most that any of the 15 minutes would have needed, and not while instances boot (AWS says only
//! that it is conservative). Of the readings that the guide leaves open, these give the hours of
//! the reference figures, within 3 %.
//!
//! Source: Amazon EC2 Auto Scaling user guide, "Target tracking scaling policies".

use super::{Glance, Policy};
use std::collections::VecDeque;

const OUT_MINUTES: usize = 3;
const IN_MINUTES: usize = 15;
const IN_SHARE: f64 = 0.9;

/// A policy that holds the average CPU at a target.
#[derive(Debug, Clone)]
pub struct TargetTracking {
    target: f64,
    /// CPU of the last visible minutes and the instances that it was measured on, newest last.
    seen: VecDeque<(f64, u32)>,
    /// Instances in service at the start of the last minutes; the newest visible minute was
    /// measured on the oldest of them.
    serving: VecDeque<u32>,
}

impl TargetTracking {
    /// Tracks this CPU, percent.
    pub fn new(target: f64) -> Self {
        Self { target, seen: VecDeque::new(), serving: VecDeque::new() }
    }

    fn look(&mut self, glance: &Glance) {
        self.serving.push_back(glance.in_service);
        let lag = glance.data_minute.map_or(usize::MAX, |data| glance.minute - data);
        while self.serving.len() > lag.saturating_add(1) {
            self.serving.pop_front();
        }
        let measured_on = self.serving.front().copied().unwrap_or(glance.in_service);
        self.seen.extend(glance.cpu.map(|cpu| (cpu, measured_on)));
        if self.seen.len() > IN_MINUTES {
            self.seen.pop_front();
        }
    }

    fn last(&self, count: usize, breaches: impl Fn(f64) -> bool) -> bool {
        let newest = self.seen.iter().rev().take(count);
        self.seen.len() >= count && newest.fold(true, |all, (cpu, _)| all && breaches(*cpu))
    }

    /// Instances with which this CPU of so many would be at the target.
    fn need(&self, cpu: f64, instances: u32) -> u32 {
        tidegate_domain::load::need(f64::from(instances), cpu, self.target)
    }
}

impl Policy for TargetTracking {
    fn desired(&mut self, glance: &Glance) -> u32 {
        self.look(glance);
        let Some((newest, _)) = self.seen.back().copied() else { return glance.desired };
        if self.last(OUT_MINUTES, |cpu| cpu > self.target) {
            return self.need(newest, glance.in_service).max(glance.desired);
        }
        let booting = glance.in_service < glance.desired;
        if !booting && self.last(IN_MINUTES, |cpu| cpu < self.target * IN_SHARE) {
            let needs = self.seen.iter().map(|(cpu, instances)| self.need(*cpu, *instances));
            return needs.max().unwrap_or(glance.desired).min(glance.desired);
        }
        glance.desired
    }
}
