//! What the load was lately, and what it is expected to be when new capacity arrives.
//!
//! All loads are in instances. What must stay true: a minute is taken once, in order, and the
//! forecasts after it follow from it and the minutes before it alone.

use super::guard;
use super::profile::{BIN_MINS, Profile};
use super::rule::{FORECASTS, HOLD_MINS, HOLDS};
use std::collections::VecDeque;

/// Forecasts that are kept: the longest hold.
const KEPT_FORECASTS: usize = 120;
/// Loads that are kept: what a level an hour and the longest lag ago needs.
const KEPT_LOADS: usize = 67;
/// Loads of which the mean is a forecast.
const HOUR_MINS: usize = 60;
/// Minutes without a metric after which it counts as lost, as it does for the gate.
const BLIND_AFTER_MINS: i64 = 5;
/// The newest day's and the newest week's share of their profiles.
const DAY: (usize, f32) = (96, 0.2);
const WEEK: (usize, f32) = (672, 0.3);

/// The forecasts made after one minute, in the order of the grid.
pub(super) type Forecasts = [f32; FORECASTS];

#[derive(Debug, Clone, PartialEq)]
pub(super) struct Outlook {
    /// The newest minute that was taken, counted since the epoch.
    pub minute: Option<i64>,
    /// The newest visible minute.
    pub seen: Option<i64>,
    /// Loads of the last visible minutes, newest first.
    pub loads: VecDeque<f32>,
    /// Forecasts of the last minutes, newest first.
    pub forecasts: VecDeque<Forecasts>,
    pub day: Profile,
    pub week: Profile,
    /// Sum and count of the bin that is being filled.
    pub bin: (f32, u8),
}

impl Outlook {
    pub fn new() -> Self {
        Self {
            minute: None,
            seen: None,
            loads: VecDeque::new(),
            forecasts: VecDeque::new(),
            day: Profile::new(DAY.0, DAY.1),
            week: Profile::new(WEEK.0, WEEK.1),
            bin: (0.0, 0),
        }
    }

    /// Takes the next minute; none: its metric is missing.
    pub fn take(&mut self, minute: i64, load: Option<f32>, delay: u32) {
        if let Some(last) = self.minute.replace(minute)
            && last.div_euclid(BIN_MINS) != minute.div_euclid(BIN_MINS)
        {
            self.close_bin(last);
        }
        if let Some(load) = load {
            self.bin = (self.bin.0 + load, self.bin.1.saturating_add(1));
            self.loads.push_front(load);
            self.loads.truncate(KEPT_LOADS);
        }
        self.seen = load.map_or(self.seen, |_| Some(minute));
        if !self.loads.is_empty() {
            self.forecasts.push_front(self.forecast(minute, delay));
            self.forecasts.truncate(KEPT_FORECASTS);
        }
    }

    /// Whether the metric has been missing for so long that nothing may be lowered on it.
    pub fn is_blind(&self) -> bool {
        let age = self.minute.zip(self.seen).map_or(i64::MAX, |(minute, seen)| minute - seen);
        age > BLIND_AFTER_MINS
    }

    /// Drops what was lately; the profiles stay.
    pub fn forget_lately(&mut self) {
        self.loads.clear();
        self.forecasts.clear();
        self.bin = (0.0, 0);
    }

    /// In another unit: one instance serves `1 / factor` of what it did.
    pub fn rescale(&mut self, factor: f32) {
        self.loads.iter_mut().for_each(|load| *load *= factor);
        self.forecasts.iter_mut().flatten().for_each(|load| *load *= factor);
        self.day.rescale(factor);
        self.week.rescale(factor);
        self.bin.0 *= factor;
    }

    /// The newest visible load.
    pub fn newest(&self) -> f32 {
        self.loads.front().copied().unwrap_or(0.0)
    }

    /// Where a burst will be when new capacity arrives.
    pub fn burst(&self, delay: u32) -> Option<f32> {
        let mut newest_first = [0.0; guard::LOOK_MINS];
        let seen = self.loads.iter().zip(&mut newest_first).map(|(l, slot)| *slot = *l).count();
        guard::projection(newest_first.get(..seen)?, delay)
    }

    /// Whether the load rises steeply.
    pub fn is_steep(&self) -> bool {
        guard::is_steep(self.loads.iter())
    }

    /// The highest forecast of each hold.
    pub fn held(&self) -> [[f32; HOLDS]; FORECASTS] {
        let mut held = [[0.0_f32; HOLDS]; FORECASTS];
        let mut newest_first = self.forecasts.iter();
        let (mut most, mut ago) = ([0.0_f32; FORECASTS], 0);
        for (place, hold) in HOLD_MINS.into_iter().enumerate() {
            for expected in newest_first.by_ref().take(usize::from(hold - ago)) {
                most.iter_mut().zip(expected).for_each(|(m, e)| *m = m.max(*e));
            }
            ago = hold;
            for (row, m) in held.iter_mut().zip(most) {
                row.iter_mut().skip(place).take(1).for_each(|slot| *slot = m);
            }
        }
        held
    }

    fn close_bin(&mut self, minute: i64) {
        let (sum, count) = std::mem::take(&mut self.bin);
        if count > 0 {
            let mean = sum / f32::from(count);
            self.day.take(minute, mean);
            self.week.take(minute, mean);
        }
    }

    fn forecast(&self, minute: i64, delay: u32) -> Forecasts {
        let level = self.level(0).unwrap_or(0.0);
        let before = self.level(usize::try_from(delay).unwrap_or(KEPT_LOADS));
        let trend = before.filter(|b| *b > 0.0).map_or(1.0, |b| (level / b).clamp(0.5, 2.0));
        let (seen, arrives) = (self.seen.unwrap_or(minute), minute + i64::from(delay));
        let (day, week) = (self.day.growth(seen, arrives), self.week.growth(seen, arrives));
        if self.is_blind() {
            // Nobody knows which is right now: the most that any of them fears.
            return [level * day.max(week).max(1.0); FORECASTS];
        }
        [level, level * trend, level * day, level * week, self.hour()]
    }

    /// The mean of the last hour's visible minutes.
    fn hour(&self) -> f32 {
        let (sum, count) =
            self.loads.iter().take(HOUR_MINS).fold((0.0, 0.0_f32), |(s, n), l| (s + l, n + 1.0));
        sum / count.max(1.0)
    }

    /// The mean of two visible minutes, the newer one so many of them ago.
    fn level(&self, ago: usize) -> Option<f32> {
        let newer = self.loads.get(ago)?;
        Some(self.loads.get(ago + 1).map_or(*newer, |older| (newer + older) / 2.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Loads from the start of a day on.
    fn after(loads: &[f32]) -> Outlook {
        let mut outlook = Outlook::new();
        for (minute, load) in (0..).zip(loads) {
            outlook.take(minute, Some(*load), 6);
        }
        outlook
    }

    #[test]
    fn the_level_is_the_mean_of_two_visible_minutes() {
        for (name, loads, want) in
            [("one", vec![4.0], 4.0), ("two", vec![9.0, 4.0, 8.0], 6.0), ("none", vec![], 0.0)]
        {
            let level = after(&loads).forecasts.front().map_or(0.0, |f| f[0]);
            assert_eq!(level, want, "{name}");
        }
        let mut gap = after(&[4.0]);
        gap.take(1, None, 6);
        gap.take(2, Some(8.0), 6);
        assert_eq!(gap.forecasts[0][0], 6.0, "the minute between was not visible");
    }

    #[test]
    fn the_trend_carries_the_level_over_the_delay() {
        for (name, loads, want) in [
            ("too short", vec![4.0; 6], 4.0),
            ("growth of a half in six minutes", vec![4.0, 4.0, 5.0, 5.0, 5.0, 5.0, 6.0, 6.0], 9.0),
            ("at most twice", vec![1.0, 1.0, 9.0, 9.0, 9.0, 9.0, 9.0, 9.0], 18.0),
            ("at least half", vec![9.0, 9.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0], 0.5),
            ("from nothing", vec![0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 3.0, 3.0], 3.0),
        ] {
            assert_eq!(after(&loads).forecasts[0][1], want, "{name}");
        }
    }

    #[test]
    fn yesterday_tells_what_comes() {
        let load = |minute: i64| if minute.rem_euclid(1440) < 720 { 4.0 } else { 8.0 };
        let mut outlook = Outlook::new();
        for minute in 0..=1440 + 712 {
            outlook.take(minute, Some(load(minute)), 6);
        }
        let [level, _, day, week, hour] = outlook.forecasts[0];
        assert_eq!((level, week, hour), (4.0, 4.0, 4.0), "no such day of the week was seen");
        // The middles of two quarters are 712 and 727: six minutes on is two fifths of the way.
        assert!((day - 5.6).abs() < 1e-4, "{day}");
    }

    #[test]
    fn without_a_metric_the_worst_is_expected_of_the_profiles() {
        let load = |minute: i64| if minute.rem_euclid(1440) < 720 { 4.0 } else { 8.0 };
        let mut outlook = Outlook::new();
        (0..=1440 + 600).for_each(|minute| outlook.take(minute, Some(load(minute)), 6));
        let blind = |outlook: &mut Outlook, minutes: std::ops::Range<i64>| {
            minutes.for_each(|minute| outlook.take(minute, None, 6));
            (outlook.is_blind(), outlook.forecasts[0])
        };
        assert_eq!(blind(&mut outlook, 2041..2046), (false, [4.0; 5]), "five minutes are none");
        assert_eq!(blind(&mut outlook, 2046..2047), (true, [4.0; 5]));
        assert_eq!(blind(&mut outlook, 2047..2200), (true, [8.0; 5]), "as yesterday at noon");
        assert_eq!(blind(&mut outlook, 2200..2900), (true, [4.0; 5]), "never less than was seen");
        outlook.take(2900, Some(5.0), 6);
        assert!(!outlook.is_blind());
    }

    #[test]
    fn a_hold_keeps_the_highest_of_its_minutes() {
        let mut loads = vec![1.0; 130];
        loads[100] = 21.0;
        let held = after(&loads).held()[0];
        // Levels 11 at 100 and 101: 30 and 29 minutes ago.
        assert_eq!(held, [1.0, 1.0, 1.0, 11.0, 11.0, 11.0]);
        assert_eq!(after(&[3.0]).held()[0], [3.0; HOLDS]);
    }
}
