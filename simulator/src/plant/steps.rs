//! Step scaling, as EC2 Auto Scaling does it on average CPU.
//!
//! After AWS's documentation ("Step and simple scaling policies"): an alarm that stays in ALARM
//! calls the policy again every minute; a step is taken from the capacity that is warm, and adds
//! nothing to what already warms up for it; nothing goes while anything warms up. The
//! cooldown on scale-in is this file's own.

use super::{Glance, Policy};
use std::collections::VecDeque;
use tidegate_domain::steps::{Adjustment, Step, StepTable};

/// One side of a step-scaling fleet: an alarm on average CPU and its table.
#[derive(Debug, Clone)]
pub struct Side {
    /// The alarm's threshold, percent.
    pub threshold: f64,
    /// Newest minutes that must all breach it.
    pub minutes: usize,
    /// Bounds are relative to the threshold.
    pub table: StepTable,
}

/// A policy of step tables on average CPU.
#[derive(Debug, Clone)]
pub struct StepScaling {
    out: Side,
    inward: Option<Side>,
    /// In service for so many minutes before an instance is warm.
    warm_up: usize,
    /// Minutes between two scale-ins.
    cooldown: usize,
    cpu: VecDeque<f64>,
    /// Instances in service at the start of the last minutes, newest last.
    serving: VecDeque<u32>,
    /// When it scaled in last.
    went: Option<usize>,
}

impl StepScaling {
    /// Steps up by one side and, if there is another, down by it.
    pub fn new(out: Side, inward: Option<Side>) -> Self {
        let (cpu, serving) = Default::default();
        Self { out, inward, warm_up: 3, cooldown: 5, cpu, serving, went: None }
    }

    /// With another warm-up, and time between scale-ins, minutes.
    #[must_use]
    pub fn paced(self, warm_up: usize, cooldown: usize) -> Self {
        Self { warm_up, cooldown, ..self }
    }

    /// What many run: above 60 % for two minutes 10, 20 or 30 % more, below 40 % for a quarter
    /// of an hour 10 % less.
    pub fn usual() -> Self {
        let out =
            [(Some(0.0), Some(10.0), 10), (Some(10.0), Some(20.0), 20), (Some(20.0), None, 30)];
        let inward = side(40.0, 15, &[(None, Some(0.0), -10)]);
        Self::new(side(60.0, 2, &out), Some(inward))
    }

    /// A net above target tracking: from 70 % on at once 20 or 40 % more; it never scales in.
    pub fn net() -> Self {
        let out = [(Some(0.0), Some(15.0), 20), (Some(15.0), None, 40)];
        Self::new(side(70.0, 1, &out), None)
    }

    /// The capacity that scaling out asks for now; none when it does not.
    pub fn outward(&mut self, glance: &Glance) -> Option<u32> {
        self.look(glance);
        let excess = self.excess(&self.out, |excess| excess >= 0.0)?;
        let asked = self.out.table.apply(self.warm_base(glance), excess)?;
        Some(asked.max(glance.desired))
    }

    fn look(&mut self, glance: &Glance) {
        self.serving.push_back(glance.in_service);
        if self.serving.len() > self.warm_up + 1 {
            self.serving.pop_front();
        }
        self.cpu.extend(glance.cpu);
        let kept = self.inward.as_ref().map_or(0, |side| side.minutes).max(self.out.minutes);
        if self.cpu.len() > kept {
            self.cpu.pop_front();
        }
    }

    /// How far the newest minute lies from the threshold, if all of the side's minutes breach.
    fn excess(&self, side: &Side, breaches: impl Fn(f64) -> bool) -> Option<f64> {
        let mut newest = self.cpu.iter().rev().take(side.minutes).map(|cpu| cpu - side.threshold);
        let all = self.cpu.len() >= side.minutes && newest.all(breaches);
        self.cpu.back().filter(|_| all).map(|cpu| cpu - side.threshold)
    }

    /// What has been in service for the warm-up, and is desired.
    fn warm_base(&self, glance: &Glance) -> u32 {
        self.serving.iter().copied().fold(glance.desired, u32::min)
    }

    fn inward(&mut self, glance: &Glance) -> Option<u32> {
        let side = self.inward.as_ref()?;
        let excess = self.excess(side, |excess| excess <= 0.0)?;
        let cools = self.went.is_some_and(|went| glance.minute < went + self.cooldown);
        if cools || self.warm_base(glance) < glance.desired {
            return None;
        }
        let wanted = side.table.apply(glance.desired, excess)?;
        self.went = Some(glance.minute);
        Some(wanted.min(glance.desired))
    }
}

impl Policy for StepScaling {
    fn desired(&mut self, glance: &Glance) -> u32 {
        let outward = self.outward(glance);
        outward.or_else(|| self.inward(glance)).unwrap_or(glance.desired)
    }
}

/// A side in percent of the capacity, at least one instance.
fn side(threshold: f64, minutes: usize, steps: &[(Option<f64>, Option<f64>, i32)]) -> Side {
    let steps = steps.iter().map(|(from, to, add)| Step { from: *from, to: *to, add: *add });
    let adjustment = Adjustment::Percent { min_magnitude: 1 };
    // The tables stand in this file, and a test builds every one of them.
    let table = StepTable::new(adjustment, steps.collect());
    #[expect(clippy::expect_used, reason = "a constant that a test builds")]
    let table = table.expect("the table is one of this file's");
    Side { threshold, minutes, table }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The user guide's example: threshold 50 on both sides.
    fn example() -> StepScaling {
        let percent = |steps: &[(Option<f64>, Option<f64>, i32)]| {
            let steps =
                steps.iter().map(|(from, to, add)| Step { from: *from, to: *to, add: *add });
            StepTable::new(Adjustment::Percent { min_magnitude: 0 }, steps.collect()).unwrap()
        };
        let out = percent(&[
            (Some(0.0), Some(10.0), 0),
            (Some(10.0), Some(20.0), 10),
            (Some(20.0), None, 30),
        ]);
        let inward = percent(&[
            (Some(-10.0), Some(0.0), 0),
            (Some(-20.0), Some(-10.0), -10),
            (None, Some(-20.0), -30),
        ]);
        let side = |table| Side { threshold: 50.0, minutes: 1, table };
        StepScaling::new(side(out), Some(side(inward))).paced(3, 0)
    }

    fn glance(minute: usize, cpu: f64, in_service: u32, desired: u32) -> Glance {
        Glance { minute, data_minute: None, load: None, cpu: Some(cpu), in_service, desired }
    }

    #[test]
    fn the_golden_vectors() {
        for (cpu, at, want) in [
            (60.0, 10, 11),
            (70.0, 11, 14),
            (40.0, 14, 13),
            (30.0, 13, 10),
            (50.0, 10, 10),
            (55.0, 10, 10),
            (45.0, 10, 10),
        ] {
            assert_eq!(example().desired(&glance(0, cpu, at, at)), want, "{cpu} at {at}");
        }
    }

    #[test]
    fn one_step_per_band_while_it_warms() {
        let mut steps = example();
        assert_eq!(steps.desired(&glance(0, 60.0, 10, 10)), 11);
        assert_eq!(steps.desired(&glance(1, 62.0, 10, 11)), 11, "it boots");
        assert_eq!(steps.desired(&glance(2, 62.0, 11, 11)), 11, "it is in service, and warms");
        assert_eq!(steps.desired(&glance(3, 70.0, 11, 11)), 13, "30 % of ten, one is coming");
        assert_eq!(steps.desired(&glance(4, 30.0, 11, 13)), 13, "nothing goes while it warms");
    }

    #[test]
    fn all_minutes_must_breach_and_scale_ins_keep_their_distance() {
        let mut steps = StepScaling::usual();
        assert_eq!(steps.desired(&glance(0, 65.0, 10, 10)), 10, "one of two");
        assert_eq!(steps.desired(&glance(1, 65.0, 10, 10)), 11);
        let mut desired = 20;
        let mut changes = Vec::new();
        for minute in 2..30 {
            let wanted = steps.desired(&glance(minute, 20.0, desired, desired));
            if wanted != desired {
                changes.push((minute, wanted));
                desired = wanted;
            }
        }
        assert_eq!(changes, [(16, 18), (21, 17), (26, 16)]);
    }

    #[test]
    fn the_net_only_catches() {
        let mut net = StepScaling::net();
        assert_eq!(net.outward(&glance(0, 69.0, 10, 10)), None);
        assert_eq!(net.outward(&glance(1, 72.0, 10, 10)), Some(12));
        assert_eq!(net.outward(&glance(2, 100.0, 10, 12)), Some(14));
        assert_eq!(net.desired(&glance(3, 1.0, 10, 14)), 14);
    }
}
