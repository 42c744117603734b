//! Learned headroom over the plant, without the rest of the controller: the advice, under the
//! gate's step and bake or without them.
//!
//! It shows what sizing can do by itself; the controller adds its schedules, its vetoes and its
//! step tables.

use super::{Glance, Policy, Spec};
use jiff::SignedDuration;
use tidegate_domain::arbiter::Limits;
use tidegate_domain::sizing::{BURST_MINS, Dial, NoCapacity, Rails, Sizing, Terms};

/// The gate's defaults: a fifth of the capacity at a time, ten minutes after the last termination
/// was seen, which the tick after it does.
pub const GATE: Rails = Rails { step_percent: 20, bake_mins: 11 };
/// No gate at all.
pub const NO_GATE: Rails = Rails { step_percent: 100, bake_mins: 1 };

/// Follows the advice.
#[derive(Debug, Clone)]
pub struct Learned {
    /// What was learned so far.
    pub sizing: Sizing,
    terms: Terms,
    rails: Rails,
    /// The trace's first minute.
    first: i64,
    /// Until when nothing is lowered, and a burst goes on, in minutes of the run.
    baked: usize,
    calm: usize,
}

impl Learned {
    /// Sizing of a fleet, from nothing.
    ///
    /// # Errors
    /// The capacity is no number above zero.
    pub fn new(spec: &Spec, first: i64, dial: Dial, rails: Rails) -> Result<Self, NoCapacity> {
        let boot = SignedDuration::from_secs(i64::try_from(spec.boot_secs).unwrap_or(i64::MAX));
        let limits = Limits { min: spec.min, ceiling: spec.max };
        let terms = Terms::new(spec.capacity, boot, limits, rails)?.with_dial(dial);
        let terms = terms.with_lag(u32::try_from(spec.visible_after_mins).unwrap_or(u32::MAX));
        Ok(Self { sizing: Sizing::default(), terms, rails, first, baked: 0, calm: 0 })
    }

    /// The fleet's terms.
    pub fn terms(&self) -> Terms {
        self.terms
    }

    /// One step down at most.
    fn lowered(&mut self, minute: usize, from: u32, to: u32) -> u32 {
        if minute < self.baked {
            return from;
        }
        self.baked = minute + usize::from(self.rails.bake_mins);
        let step = from.saturating_mul(self.rails.step_percent) / 100;
        to.max(from.saturating_sub(step.max(1)))
    }
}

impl Policy for Learned {
    fn desired(&mut self, glance: &Glance) -> u32 {
        let Some(data) = glance.data_minute else { return glance.desired };
        let at = self.first.saturating_add(i64::try_from(data).unwrap_or(i64::MAX));
        self.sizing.charge(at, glance.load, None, &self.terms);
        let (now, in_burst) = (glance.minute, glance.minute < self.calm);
        let advice = self.sizing.advise(glance.desired, in_burst, &self.terms);
        if advice.burst {
            self.calm = now + usize::from(BURST_MINS);
        }
        match advice.size {
            size if size >= glance.desired => size,
            _ if now < self.calm => glance.desired,
            size => self.lowered(now, glance.desired, size),
        }
    }
}
