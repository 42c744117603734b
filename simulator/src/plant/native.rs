//! What a fleet has without Tidegate when everything that AWS offers is set up: scheduled
//! actions, target tracking and a step table above it.

use super::{Glance, Policy, Spec, StepScaling, TargetTracking};
use crate::trace::Trace;
use jiff::Timestamp;
use jiff::tz::TimeZone;

/// When the scheduled actions fire, by the local clock.
const MORNING_HOUR: i8 = 8;
const NIGHT_HOUR: i8 = 22;
/// CPU that the schedule's sizes are made for, percent: the target of the tracking.
const TARGET: f64 = 50.0;

/// Scheduled actions that set `MinSize` in the morning and for the night.
#[derive(Debug, Clone)]
pub struct Timetable {
    /// Of each minute of the trace's days, whether it is day: computed once, by the hour.
    zone: TimeZone,
    first: i64,
    /// `MinSize` by day.
    pub day: u32,
    /// `MinSize` by night.
    pub night: u32,
}

impl Timetable {
    /// Learns its sizes from the minutes before `until`, as an operator does who looks at a
    /// graph of the last days: the usual high of each part of the day, at the target's CPU.
    pub fn learn(trace: &Trace, spec: &Spec, until: usize, zone: &TimeZone) -> Self {
        let none = Self { zone: zone.clone(), first: trace.first, day: spec.min, night: spec.min };
        let size = |by_day: bool| {
            let mut loads: Vec<f64> = (0..until.min(trace.loads.len()))
                .filter(|minute| none.is_day(*minute) == by_day)
                .filter_map(|minute| trace.seen(minute))
                .collect();
            spec.need(usual_high(&mut loads) * super::CPU_AT_CAPACITY / TARGET)
        };
        Self { day: size(true), night: size(false), ..none }
    }

    /// `MinSize` in a minute.
    pub fn min(&self, minute: usize) -> u32 {
        if self.is_day(minute) { self.day } else { self.night }
    }

    fn is_day(&self, minute: usize) -> bool {
        let at = self.first.saturating_add(i64::try_from(minute).unwrap_or(i64::MAX));
        let at = Timestamp::from_second(at.saturating_mul(60)).unwrap_or(Timestamp::MAX);
        let hour = self.zone.to_datetime(at).hour();
        (MORNING_HOUR..NIGHT_HOUR).contains(&hour)
    }
}

/// The load that is exceeded half of the time.
fn usual_high(loads: &mut [f64]) -> f64 {
    loads.sort_unstable_by(f64::total_cmp);
    loads.get(loads.len() / 2).copied().unwrap_or(0.0)
}

/// Schedule, tracking and steps on one group.
#[derive(Debug, Clone)]
pub struct Native {
    timetable: Timetable,
    tracking: TargetTracking,
    net: StepScaling,
}

impl Native {
    /// Scheduled actions by this timetable, tracking of 50 %, a step table above it.
    pub fn new(timetable: Timetable) -> Self {
        Self { timetable, tracking: TargetTracking::new(TARGET), net: StepScaling::net() }
    }
}

impl Policy for Native {
    fn desired(&mut self, glance: &Glance) -> u32 {
        // Of several policies AWS follows the one that asks for most.
        let tracked = self.tracking.desired(glance);
        let stepped = self.net.outward(glance).unwrap_or(0);
        tracked.max(stepped).max(self.timetable.min(glance.minute))
    }
}
