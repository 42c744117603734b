//! Judging a load metric before anything is lowered on it.
//!
//! Missing data narrows what is allowed: unless every check passes, the answer is
//! the reason why the load is unknown. A minute is judged when it is two minutes
//! old; a load balancer publishes nothing without traffic, so a missing minute is a
//! true zero where its healthy host count was published.

use crate::metrics::{Point, Series};
use crate::reason::Reason;
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeMap;

/// A minute is complete and published when it began this long ago.
const JUDGED_AFTER: SignedDuration = SignedDuration::from_mins(2);
/// The newest judged minute may have ended this long ago.
const STALE_AFTER: SignedDuration = SignedDuration::from_mins(5);
/// Minutes that may be missing from a window without making it unknown.
const GAPS_ALLOWED: i64 = 2;
/// A load below this share of the hour before it is not believed.
const IMPLAUSIBLE_SHARE: f64 = 0.1;
/// Minutes whose mean is compared with the hour before them.
const RECENT_MINUTES: i64 = 5;
/// Minutes that must be read to judge a window of 30: window, an hour before, delay.
pub const READ_MINUTES: i64 = 100;

/// What was read of the load.
#[derive(Debug, Clone, Copy)]
pub struct LoadReading<'a> {
    /// The load, by the minute.
    pub series: &'a Series,
    /// The healthy host count, if the policy names one and it could be read.
    pub healthy: Option<&'a Series>,
    /// Whether the group has instances that take traffic.
    pub serving: bool,
}

impl LoadReading<'_> {
    /// The highest minute of the last `window_mins` judged minutes.
    ///
    /// # Errors
    /// The reason why the load is unknown.
    pub fn peak(&self, now: Timestamp, window_mins: i64) -> Result<f64, Reason> {
        // A publisher that errs anywhere in the window is not trusted about the rest of it.
        if self.series.iter().any(|p| !p.value.is_finite() || p.value < 0.0) {
            return Err(Reason::DataBad);
        }
        let newest = minute(now) - JUDGED_AFTER.as_mins();
        let known = self.known_minutes(newest);
        // A late but fresh metric is judged up to its newest minute.
        let last = fresh(known.keys().next_back().copied(), now)?;
        let first = last - window_mins + 1;
        let window = known.range(first..=last);
        let missing = window_mins - i64::try_from(window.clone().count()).unwrap_or(window_mins);
        if missing > GAPS_ALLOWED {
            return Err(gaps(missing, window_mins));
        }
        self.plausible(last, &known)?;
        // Newest minutes that are missing make no zero plausible: what is known of the last five
        // that could be judged must do as well.
        self.plausible(newest, &known)?;
        Ok(window.map(|(_, value)| *value).fold(0.0, f64::max))
    }

    /// The load of each minute up to `last`, as far as it is known: published, or a true zero
    /// because hosts were seen healthy in that minute all the same. A silence of both metrics is
    /// no zero, neither while it lasts nor after it.
    pub(crate) fn known_minutes(&self, last: i64) -> BTreeMap<i64, f64> {
        let alive = |p: &&Point| p.value > 0.0;
        let healthy = self.healthy.into_iter().flatten().filter(alive).map(|p| minute(p.at));
        let zeros = healthy.map(|m| (m, 0.0));
        let published = self.series.iter().map(|p| (minute(p.at), p.value));
        zeros.chain(published).filter(|(m, _)| *m <= last).collect()
    }

    fn plausible(&self, last: i64, known: &BTreeMap<i64, f64>) -> Result<(), Reason> {
        let mean = |from: i64, until: i64| {
            let values = known.range(from..until).map(|(_, value)| *value);
            let (sum, n) = values.fold((0.0, 0.0_f64), |(sum, n), v| (sum + v, n + 1.0));
            // The ledger has no infinity: a sum beyond the numbers would make an unreadable entry.
            (sum / n.max(1.0)).min(f64::MAX)
        };
        let split = last + 1 - RECENT_MINUTES;
        let recent = mean(split, last + 1);
        let hour = mean(split - 60, split);
        if self.serving && recent < hour * IMPLAUSIBLE_SHARE {
            return Err(Reason::ImplausibleZero { recent, hour });
        }
        Ok(())
    }
}

/// The newest known minute, if it is fresh.
fn fresh(newest: Option<i64>, now: Timestamp) -> Result<i64, Reason> {
    let newest = newest.ok_or(Reason::DataMissing)?;
    let ended = Timestamp::from_second((newest + 1) * 60).map_err(|_| Reason::DataBad)?;
    let age = now.duration_since(ended);
    if age > STALE_AFTER {
        return Err(Reason::DataStale { minutes: age.as_mins() });
    }
    Ok(newest)
}

fn gaps(missing: i64, of: i64) -> Reason {
    let count = |n: i64| u32::try_from(n).unwrap_or(u32::MAX);
    Reason::DataGaps { missing: count(missing), of: count(of) }
}

/// Minutes since the epoch.
fn minute(at: Timestamp) -> i64 {
    at.as_second().div_euclid(60)
}

/// Capacity units that a load needs: `ceil(load x headroom / capacity of one)`.
pub fn need(load: f64, headroom: f64, capacity_of_one: f64) -> u32 {
    // Rounding noise of the division must not cost an instance: 600 x 1.3 / 780 is 1.
    let units = (load * headroom / capacity_of_one - 1e-9).ceil().max(0.0);
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a saturating cast of a value that is not negative"
    )]
    let units = units as u32;
    units
}

/// The highest minute of series from past weeks, ignoring values that are no load.
pub fn past_peak(past: &[Series]) -> Option<f64> {
    let values = past.iter().flatten().map(|p| p.value);
    values.filter(|v| v.is_finite() && *v >= 0.0).reduce(f64::max)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 100_000 * 60;

    /// `values` end with the minute that began `delay` minutes ago.
    fn series(values: &[f64], delay: i64) -> Series {
        let first = NOW / 60 - delay - i64::try_from(values.len()).unwrap() + 1;
        let point = |(n, v): (usize, &f64)| Point {
            at: Timestamp::from_second((first + i64::try_from(n).unwrap()) * 60).unwrap(),
            value: *v,
        };
        values.iter().enumerate().filter(|(_, v)| **v != -99.0).map(point).collect()
    }

    fn peak(load: &Series, healthy: Option<&Series>) -> Result<f64, Reason> {
        let reading = LoadReading { series: load, healthy, serving: true };
        reading.peak(Timestamp::from_second(NOW).unwrap(), 30)
    }

    #[test]
    fn a_reason_has_no_infinity() {
        let mut huge = [f64::MAX; 95];
        huge[90..].fill(1.0);
        let reason = peak(&series(&huge, 2), None).unwrap_err();
        assert_eq!(reason, Reason::ImplausibleZero { recent: 1.0, hour: f64::MAX });
    }

    #[test]
    fn unknown_load_is_named() {
        let steady = [100.0; 95];
        let healthy = series(&[3.0; 95], 2);
        let mut gap = steady;
        gap[80..84].fill(-99.0);
        let mut small_gap = steady;
        small_gap[80..82].fill(-99.0);
        let mut nan = steady;
        nan[90] = f64::NAN;
        let mut negative = steady;
        negative[90] = -1.0;
        let mut drop = steady;
        drop[90..].fill(0.0);
        let zero = Err(Reason::ImplausibleZero { recent: 0.0, hour: 100.0 });
        for (name, load, want) in [
            ("steady", series(&steady, 2), Ok(100.0)),
            ("an incomplete newest minute does not count", series(&steady, 0), Ok(100.0)),
            ("missing", Series::new(), Err(Reason::DataMissing)),
            ("six minutes old is fresh", series(&steady, 6), Ok(100.0)),
            ("stale", series(&steady, 7), Err(Reason::DataStale { minutes: 6 })),
            ("gap", series(&gap, 2), Err(Reason::DataGaps { missing: 4, of: 30 })),
            ("two missing minutes are tolerated", series(&small_gap, 2), Ok(100.0)),
            ("nan", series(&nan, 2), Err(Reason::DataBad)),
            ("negative", series(&negative, 2), Err(Reason::DataBad)),
            ("implausible zero", series(&drop, 2), zero),
        ] {
            assert_eq!(peak(&load, None), want, "{name}");
        }
        assert_eq!(peak(&series(&[100.0; 60], 40), Some(&healthy)).unwrap_err(), {
            Reason::ImplausibleZero { recent: 0.0, hour: 45.0 }
        });
    }

    #[test]
    fn only_the_window_counts() {
        let mut values = [100.0; 95];
        values[64] = 500.0;
        assert_eq!(peak(&series(&values, 2), None), Ok(100.0), "the minute before the window");
        values[65] = 400.0;
        assert_eq!(peak(&series(&values, 2), None), Ok(400.0), "its first minute");
    }

    #[test]
    fn the_last_five_minutes_are_compared_with_the_hour_before_them() {
        let with = |recent: [f64; 5]| {
            let mut values = [100.0; 95];
            values[90..].copy_from_slice(&recent);
            peak(&series(&values, 2), None)
        };
        let fallen = Reason::ImplausibleZero { recent: 8.0, hour: 100.0 };
        assert_eq!(with([0.0, 0.0, 0.0, 0.0, 40.0]), Err(fallen.clone()), "the newest counts");
        assert_eq!(with([40.0, 0.0, 0.0, 0.0, 0.0]), Err(fallen), "the oldest counts");
        assert_eq!(with([10.0; 5]), Ok(100.0), "a tenth is believed");
        assert_eq!(with([0.0, 0.0, 0.0, 0.0, 120.0]), Ok(120.0), "the load is back");
        let young = series(&[100.0; 30], 2);
        assert_eq!(peak(&young, None), Ok(100.0), "without an hour there is nothing to compare");
    }

    #[test]
    fn missing_minutes_make_no_zero_plausible() {
        let with = |zeros: usize, delay: i64| {
            let mut values = [100.0; 95];
            values[95 - zeros..].fill(0.0);
            match peak(&series(&values, delay), None) {
                Err(Reason::ImplausibleZero { recent, .. }) => Err(recent),
                other => Ok(other.unwrap()),
            }
        };
        assert_eq!(with(4, 2), Ok(100.0), "the fifth minute was busy");
        assert_eq!(with(4, 3), Err(0.0), "the fifth is missing");
        assert_eq!(with(4, 4), Err(0.0));
        assert_eq!(with(2, 4), Ok(100.0), "the third that there is was busy");
        assert_eq!(with(1, 6), Err(0.0), "the only one");
        assert_eq!(with(0, 6), Ok(100.0));
    }

    #[test]
    fn a_group_that_serves_nobody_may_fall_to_zero() {
        let mut values = [100.0; 95];
        values[90..].fill(0.0);
        let series = series(&values, 2);
        let reading = LoadReading { series: &series, healthy: None, serving: false };
        assert_eq!(reading.peak(Timestamp::from_second(NOW).unwrap(), 30), Ok(100.0));
    }

    #[test]
    fn the_peak_of_past_weeks_ignores_what_is_no_load() {
        let week = |values: &[f64]| series(values, 2);
        for (name, past, want) in [
            ("no week", vec![], None),
            ("an empty week", vec![week(&[])], None),
            ("the highest of both", vec![week(&[3.0, 7.0]), week(&[5.0, 4.0])], Some(7.0)),
            ("a zero is a load", vec![week(&[0.0])], Some(0.0)),
            ("NaN is none", vec![week(&[f64::NAN, 2.0])], Some(2.0)),
            ("infinity is none", vec![week(&[f64::INFINITY, 2.0])], Some(2.0)),
            ("a negative one is none", vec![week(&[-1.0])], None),
        ] {
            assert_eq!(past_peak(&past), want, "{name}");
        }
    }

    #[test]
    fn a_true_zero_needs_fresh_healthy_hosts() {
        let fresh = series(&[3.0; 95], 2);
        let old = series(&[3.0; 10], 20);
        let none = series(&[0.0; 10], 2);
        assert_eq!(peak(&Series::new(), Some(&fresh)), Ok(0.0));
        assert_eq!(peak(&Series::new(), Some(&series(&[3.0; 95], 4))), Ok(0.0), "late");
        assert_eq!(peak(&Series::new(), Some(&series(&[3.0; 95], 6))), Ok(0.0), "just fresh");
        let stale = Err(Reason::DataStale { minutes: 6 });
        assert_eq!(peak(&Series::new(), Some(&series(&[3.0; 95], 7))), stale);
        let long = Err(Reason::DataStale { minutes: 19 });
        assert_eq!(peak(&Series::new(), Some(&old)), long);
        assert_eq!(peak(&Series::new(), Some(&none)), Err(Reason::DataMissing));
    }

    #[test]
    fn a_silence_of_both_metrics_is_no_zero_when_they_speak_again() {
        let mut silent = [100.0; 95];
        silent[74..93].fill(-99.0);
        let mut alive = [3.0; 95];
        alive[74..93].fill(-99.0);
        let (load, healthy) = (series(&silent, 2), series(&alive, 2));
        assert_eq!(peak(&load, Some(&healthy)), Err(Reason::DataGaps { missing: 19, of: 30 }));
        // Where the hosts were seen all the while, nobody came.
        assert_eq!(peak(&load, Some(&series(&[3.0; 95], 2))), Ok(100.0));
    }

    #[test]
    fn need_rounds_up_without_noise() {
        for (load, want) in [(0.0, 0), (600.0, 2), (1.0, 1), (461.0, 1), (462.0, 2)] {
            assert_eq!(need(load, 1.3, 600.0), want, "{load}");
        }
        assert_eq!(need(600.0, 1.3, 780.0), 1);
        assert_eq!(need(f64::MAX, 4.0, 1e-9), u32::MAX);
    }
}
