//! What sizing must know of a fleet.

use super::Dial;
use crate::arbiter::Limits;
use jiff::SignedDuration;

/// From the start of a minute to the decision that knows it, unless the terms say otherwise: a
/// tick early in minute m judges minute m-2, which ended a minute before and is published.
pub const LAG_MINS: u32 = 2;
/// Lags that terms may have; beyond them a metric is late, not slow.
const LAGS: std::ops::RangeInclusive<u32> = 1..=5;
/// Longest boot that the policy admits, minutes.
const LONGEST_BOOT_MINS: u32 = 60;

/// How fast the gate lets capacity go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rails {
    /// Percent of the capacity that one lowering takes at most (at least one instance).
    pub step_percent: u32,
    /// Minutes between lowerings.
    pub bake_mins: u8,
}

/// What sizing must know of a fleet. It may change between any two minutes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Terms {
    capacity: f64,
    boot_mins: u32,
    lag_mins: u32,
    /// The capacity was measured or said by the owner, not guessed.
    confirmed: bool,
    min: u16,
    ceiling: u16,
    rails: Rails,
    dial: Dial,
    zones: Option<u32>,
}

/// Why these are no terms.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the load that one instance serves is a number above zero")]
pub struct NoCapacity;

impl Terms {
    /// Terms of a fleet whose instances serve this load a minute and boot for so long (rounded up
    /// to minutes, at most an hour). Sizes above 65,535 are taken as that.
    ///
    /// # Errors
    /// The capacity is no number above zero.
    pub fn new(
        capacity_per_instance: f64,
        boot: SignedDuration,
        limits: Limits,
        rails: Rails,
    ) -> Result<Self, NoCapacity> {
        if !(capacity_per_instance.is_finite() && capacity_per_instance > 0.0) {
            return Err(NoCapacity);
        }
        let size = |n: u32| u16::try_from(n).unwrap_or(u16::MAX);
        let boot_mins = u32::try_from((boot.as_secs() + 59) / 60).unwrap_or(0);
        Ok(Self {
            capacity: capacity_per_instance,
            boot_mins: boot_mins.clamp(1, LONGEST_BOOT_MINS),
            lag_mins: LAG_MINS,
            confirmed: true,
            min: size(limits.min.min(limits.ceiling)),
            ceiling: size(limits.ceiling),
            rails,
            dial: Dial::default(),
            zones: None,
        })
    }

    /// With the operator's dial.
    pub fn with_dial(self, dial: Dial) -> Self {
        Self { dial, ..self }
    }

    /// With so many minutes from the start of a minute to the decision that knows it ([`LAG_MINS`]
    /// unless given); below 1 is taken as 1, above 5 as 5.
    pub fn with_lag(self, mins: u32) -> Self {
        Self { lag_mins: mins.clamp(*LAGS.start(), *LAGS.end()), ..self }
    }

    /// Whether the owner stands for the capacity of an instance; while not, everything is charged
    /// and reported, but the rule that holds is the first one.
    pub fn confirmed(self, confirmed: bool) -> Self {
        Self { confirmed, ..self }
    }

    /// With enough capacity left when one of so many zones is lost; less than two zones leave
    /// nothing to reserve in.
    pub fn with_az_reserve(self, zones: u32) -> Self {
        Self { zones: Some(zones).filter(|n| *n > 1), ..self }
    }

    /// Load that one instance serves, by the minute.
    pub fn capacity(&self) -> f64 {
        self.capacity
    }

    /// From the start of a minute to the first one that is served by what was asked for on its
    /// account, minutes.
    pub fn delay_mins(&self) -> u32 {
        self.lag_mins + self.boot_mins
    }

    /// From the start of a minute to the decision that knows it, minutes.
    pub fn lag_mins(&self) -> u32 {
        self.lag_mins
    }

    /// Whether the owner stands for the capacity.
    pub fn is_confirmed(&self) -> bool {
        self.confirmed
    }

    pub(super) fn rails(&self) -> Rails {
        self.rails
    }

    /// The least and the greatest size.
    pub(super) fn sizes(&self) -> (f32, f32) {
        (f32::from(self.min), f32::from(self.ceiling))
    }

    pub(super) fn dial(&self) -> Dial {
        self.dial
    }

    /// A load in instances that would serve it; none when it is no load.
    pub(super) fn units(&self, load: f64) -> Option<f32> {
        let units = Some(load / self.capacity).filter(|u| u.is_finite() && *u >= 0.0)?;
        // Far above every size, and far below where single precision ends.
        Some(units.min(1e9) as f32)
    }

    /// Instances for a need, within the limits.
    pub(super) fn size(&self, units: f32) -> u16 {
        // A load of exactly so many instances needs no further one for the rounding of `f32`.
        let (units, most) = (units - 1e-4, f32::from(self.ceiling));
        if units >= most {
            return self.ceiling;
        }
        let whole = units as u16;
        let part = u16::from(units > f32::from(whole));
        (whole + part).max(self.min)
    }

    /// What is added to so many instances so that they are left when a zone is lost.
    pub(super) fn reserve(&self, size: u16) -> u16 {
        let more = self.zones.map_or(0, |zones| u32::from(size).div_ceil(zones - 1));
        let room = self.ceiling.saturating_sub(size);
        u16::try_from(more).unwrap_or(u16::MAX).min(room)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn terms(min: u32, ceiling: u32) -> Terms {
        let rails = Rails { step_percent: 20, bake_mins: 10 };
        let boot = SignedDuration::from_secs(180);
        Terms::new(600.0, boot, Limits { min, ceiling }, rails).unwrap()
    }

    #[test]
    fn a_capacity_is_a_number_above_zero() {
        let rails = Rails { step_percent: 20, bake_mins: 10 };
        let limits = Limits { min: 1, ceiling: 9 };
        for bad in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            let made = Terms::new(bad, SignedDuration::from_secs(60), limits, rails);
            assert_eq!(made, Err(NoCapacity), "{bad}");
        }
    }

    #[test]
    fn a_delay_is_the_lag_and_the_boot() {
        for (lag, delay) in [(0, 4), (1, 4), (2, 5), (3, 6), (5, 8), (60, 8)] {
            assert_eq!(terms(2, 40).with_lag(lag).delay_mins(), delay, "{lag}");
        }
        assert_eq!(terms(2, 40).delay_mins(), LAG_MINS + 3);
    }

    #[test]
    fn a_boot_is_rounded_up_to_minutes() {
        let rails = Rails { step_percent: 20, bake_mins: 10 };
        let limits = Limits { min: 1, ceiling: 9 };
        for (secs, delay) in [(0, 3), (1, 3), (60, 3), (61, 4), (180, 5), (3600, 62), (9999, 62)] {
            let made = Terms::new(1.0, SignedDuration::from_secs(secs), limits, rails);
            assert_eq!(made.unwrap().delay_mins(), delay, "{secs}");
        }
    }

    #[test]
    fn a_size_lies_within_the_limits() {
        for (load, want) in [(0.0, 2), (1800.0, 3), (1801.0, 4), (1e300, 40)] {
            let terms = terms(2, 40);
            assert_eq!(terms.size(terms.units(load).unwrap()), want, "{load}");
        }
        for bad in [-1.0, f64::NAN, f64::INFINITY] {
            assert_eq!(terms(2, 40).units(bad), None, "{bad}");
        }
        assert_eq!(terms(9, 4).size(1.0), 4, "a minimum above the maximum is the maximum");
    }

    #[test]
    fn the_reserve_is_what_a_zone_takes_away() {
        for (zones, size, want) in
            [(3, 10, 5), (3, 4, 2), (2, 7, 7), (3, 36, 4), (1, 10, 0), (0, 10, 0)]
        {
            assert_eq!(terms(2, 40).with_az_reserve(zones).reserve(size), want, "{zones} {size}");
        }
        assert_eq!(terms(2, 40).reserve(10), 0);
    }
}
