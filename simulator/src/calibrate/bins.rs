//! Bins of similar load per instance, each with its median.
//!
//! They are filled from the highest load down, because that is where the SLO is met and where
//! minutes are few: a bin has the width that it is given and as many minutes as it takes for a
//! median.

use super::LEAST_NEAR;
use super::data::Row;
use super::fit::{self, Median};

/// Without knowing where to look, the range is so many widths.
const WIDTHS: f64 = 60.0;
/// Around a load, a hundredth of it is a width: what is curved is straight within.
const WIDTHS_AROUND: f64 = 100.0;

/// Bins, by rising load.
#[derive(Debug, Clone)]
pub(super) struct Bins(Vec<Bin>);

#[derive(Debug, Clone)]
struct Bin {
    /// The median load per instance.
    load: f64,
    /// Value and row, by rising value.
    values: Vec<(f64, usize)>,
}

impl Bins {
    /// Bins over the whole range.
    pub fn coarse(rows: &[Row]) -> Self {
        let mut loads: Vec<f64> = rows.iter().map(|row| row.load).collect();
        loads.sort_by(f64::total_cmp);
        // Without the highest few, which may be a slip of the metric.
        let highest = loads.get(loads.len().saturating_sub(LEAST_NEAR)).copied().unwrap_or(0.0);
        let range = highest - loads.first().copied().unwrap_or(0.0);
        Self::of(rows, range / WIDTHS)
    }

    /// Bins that are narrow enough to look closely at a load.
    pub fn around(rows: &[Row], load: f64) -> Self {
        Self::of(rows, load / WIDTHS_AROUND)
    }

    fn of(rows: &[Row], width: f64) -> Self {
        let mut order: Vec<(Row, usize)> = rows.iter().copied().zip(0..).collect();
        order.sort_by(|(a, _), (b, _)| b.load.total_cmp(&a.load));
        let least = (rows.len() / 40).clamp(5, 15);
        let mut bins: Vec<Vec<(Row, usize)>> = vec![Vec::new()];
        for (row, index) in order {
            let full = bins.last().and_then(|bin| bin.first()).is_some_and(|(first, _)| {
                let count = bins.last().map_or(0, Vec::len);
                count >= least && first.load - row.load >= width
            });
            if full {
                bins.push(Vec::new());
            }
            if let Some(bin) = bins.last_mut() {
                bin.push((row, index));
            }
        }
        let bins = Self(bins.into_iter().rev().filter_map(Bin::of).collect());
        let levels = fit::monotone(&bins.medians(None));
        bins.levelled(&levels, rows)
    }

    /// Moves each value along the slope between the neighbours' levels to its bin's own load:
    /// else a bin with more minutes above its middle than below would look slow for its load.
    fn levelled(mut self, levels: &[f64], rows: &[Row]) -> Self {
        let loads: Vec<f64> = self.0.iter().map(|bin| bin.load).collect();
        let last = loads.len().saturating_sub(1);
        for (at, bin) in self.0.iter_mut().enumerate() {
            let (from, to) = (at.saturating_sub(1), (at + 1).min(last));
            let between = |list: &[f64]| Some(list.get(to)? - list.get(from)?);
            let slope = between(levels).zip(between(&loads)).filter(|(_, apart)| *apart > 0.0);
            bin.level(slope.map_or(0.0, |(rise, apart)| rise / apart), rows);
        }
        self
    }

    /// Each bin's median, with every row counted as often as `times` says; without it, once.
    /// A bin of which no row counts has none.
    pub fn medians(&self, times: Option<&[u32]>) -> Vec<Median> {
        let count = |row: usize| times.map_or(1, |times| times.get(row).copied().unwrap_or(0));
        self.0.iter().filter_map(|bin| bin.median(count)).collect()
    }
}

impl Bin {
    fn of(mut rows: Vec<(Row, usize)>) -> Option<Self> {
        // They came by falling load.
        let load = rows.get(rows.len() / 2)?.0.load;
        rows.sort_by(|(a, _), (b, _)| a.value.total_cmp(&b.value));
        let values = rows.into_iter().map(|(row, index)| (row.value, index)).collect();
        Some(Self { load, values })
    }

    fn level(&mut self, slope: f64, rows: &[Row]) {
        for (value, row) in &mut self.values {
            *value += rows.get(*row).map_or(0.0, |row| slope * (self.load - row.load));
        }
        self.values.sort_by(|(a, _), (b, _)| a.total_cmp(b));
    }

    /// The value of which as many rows lie below as above; between two of them, their mean.
    fn median(&self, count: impl Fn(usize) -> u32) -> Option<Median> {
        let total: u32 = self.values.iter().map(|(_, row)| count(*row)).sum();
        let mut before = 0;
        let mut rows = self.values.iter().filter(|(_, row)| count(*row) > 0);
        let lower = rows.find(|(_, row)| {
            before += count(*row);
            2 * before >= total
        })?;
        let upper = if 2 * before == total { rows.next() } else { None }.unwrap_or(lower);
        let value = lower.0 / 2.0 + upper.0 / 2.0;
        Some(Median { load: self.load, value, weight: f64::from(total) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(values: &[(f64, f64)]) -> Vec<Row> {
        values.iter().map(|(load, value)| Row { load: *load, value: *value }).collect()
    }

    #[test]
    fn a_median_counts_rows_as_often_as_they_are_drawn() {
        let rows = rows(&[(1.0, 10.0), (1.0, 20.0), (1.0, 40.0), (1.0, 90.0)]);
        let bins = Bins::of(&rows, 1.0);
        for (times, want) in [
            (None, vec![30.0]),
            (Some([1, 1, 1, 0]), vec![20.0]),
            (Some([3, 0, 0, 1]), vec![10.0]),
            (Some([1, 0, 0, 1]), vec![50.0]),
            (Some([0, 0, 0, 0]), vec![]),
        ] {
            let medians = bins.medians(times.as_ref().map(<[u32; 4]>::as_slice));
            assert_eq!(medians.iter().map(|m| m.value).collect::<Vec<_>>(), want, "{times:?}");
        }
    }

    /// A load test of five minutes a stage of which one is lost: every bin has four minutes of a
    /// stage and a lucky one of the stage below.
    #[test]
    fn a_bin_is_as_fast_as_its_own_load_makes_it() {
        let stages = (0..22).flat_map(|stage| {
            let load = 100.0 + 43.0 * f64::from(stage);
            [40.0, 20.0, 0.0, -20.0, -40.0].map(|noise| (load, 2.0 * load + noise))
        });
        let mut stages: Vec<(f64, f64)> = stages.collect();
        stages.remove(21 * 5);
        let medians = Bins::of(&rows(&stages), 5.0).medians(None);
        assert_eq!(medians.len(), 22);
        // The lowest has no stage below.
        for median in medians.into_iter().skip(1) {
            assert!((median.value - 2.0 * median.load).abs() < 5.0, "{median:?}");
        }
    }
}
