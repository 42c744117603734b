//! The mean course of a day or of a week, in quarters of an hour.
//!
//! Quarters are cut by UTC, so after a change of daylight saving time the profile is an hour off
//! for some days; the rules that use it are charged for that like for everything else.

/// Minutes of a bin.
pub(super) const BIN_MINS: i64 = 15;

/// The mean load of each quarter of an hour of a period, in instances.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Profile {
    bins: Vec<Bin>,
    /// The newest period's share of the mean, once there are enough of them.
    share: f32,
}

#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(super) struct Bin {
    pub mean: f32,
    /// In how many periods it was seen.
    pub seen: u8,
}

impl Profile {
    pub fn new(bins: usize, share: f32) -> Self {
        Self { bins: vec![Bin::default(); bins], share }
    }

    /// Takes the mean of the bin in which `minute` lies.
    pub fn take(&mut self, minute: i64, mean: f32) {
        let (at, share) = (self.place(minute), self.share);
        if let Some(bin) = self.bins.get_mut(at) {
            bin.seen = bin.seen.saturating_add(1);
            // The plain mean of the first periods.
            bin.mean += (mean - bin.mean) * share.max(1.0 / f32::from(bin.seen));
        }
    }

    /// The growth from one minute to another, between a half and four times; 1 where either
    /// was never seen.
    pub fn growth(&self, from: i64, to: i64) -> f32 {
        match (self.at(from), self.at(to)) {
            (Some(now), Some(then)) if now > 0.0 => (then / now).clamp(0.5, 4.0),
            _ => 1.0,
        }
    }

    /// In another unit.
    pub fn rescale(&mut self, factor: f32) {
        self.bins.iter_mut().for_each(|bin| bin.mean *= factor);
    }

    pub fn bins(&self) -> &[Bin] {
        &self.bins
    }

    pub fn bins_mut(&mut self) -> &mut [Bin] {
        &mut self.bins
    }

    /// The mean at a minute, on the line between the middles of the bins around it.
    fn at(&self, minute: i64) -> Option<f32> {
        let before = minute - BIN_MINS / 2;
        let part = before.rem_euclid(BIN_MINS) as f32 / BIN_MINS as f32;
        let (a, b) = (self.known(before)?, self.known(before + BIN_MINS)?);
        Some(a + (b - a) * part)
    }

    fn known(&self, minute: i64) -> Option<f32> {
        self.bins.get(self.place(minute)).filter(|bin| bin.seen > 0).map(|bin| bin.mean)
    }

    fn place(&self, minute: i64) -> usize {
        let bins = i64::try_from(self.bins.len().max(1)).unwrap_or(1);
        usize::try_from(minute.div_euclid(BIN_MINS).rem_euclid(bins)).unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_periods_make_the_plain_mean() {
        let mut day = Profile::new(96, 0.25);
        let means = [8.0, 4.0, 6.0, 2.0, 1.0].map(|mean| {
            day.take(1440 * 7, mean);
            day.bins()[0].mean
        });
        assert_eq!(means, [8.0, 6.0, 6.0, 5.0, 4.0], "then the newest has a quarter");
    }

    #[test]
    fn growth_follows_the_line_between_the_bins() {
        let mut day = Profile::new(96, 0.25);
        assert_eq!(day.growth(7, 22), 1.0, "nothing was seen");
        day.take(0, 4.0);
        assert_eq!(day.growth(7, 22), 1.0, "the next quarter was not");
        day.take(15, 8.0);
        day.take(30, 80.0);
        let cases =
            [("to the middle", 7, 22, 2.0), ("a third", 7, 12, 4.0 / 3.0), ("capped", 7, 36, 4.0)];
        for (name, from, to, want) in cases {
            assert!((day.growth(from, to) - want).abs() < 1e-6, "{name}");
        }
        assert_eq!(day.growth(36, 7), 0.5, "at least a half");
        assert_eq!(day.growth(7, 22), day.growth(1440 + 7, 2880 + 22), "every day is the same");
        assert_eq!(day.growth(7 - 1440, 22), 2.0, "before the epoch too");
    }
}
