//! How far behind a region is: the lag of what arrives from each other region, and the age of the
//! last thing that each of them said.
//!
//! What must stay true: the median and the 99th percentile of a batch survive its reduction to
//! [`MOST`] values; a clock that is behind makes a lag of zero, not a negative one.

use super::stamp::{RegionName, Stamp};
use jiff::Timestamp;
use std::collections::BTreeMap;

/// The most values that one line of metrics takes for one metric (CloudWatch embedded metric
/// format, "Specification").
pub const MOST: usize = 100;

/// The milliseconds since a stamp was made; 0 for one ahead of `now`.
pub fn age_ms(stamp: &Stamp, now: Timestamp) -> u64 {
    let ms = now.as_millisecond().saturating_sub(stamp.at().as_millisecond());
    u64::try_from(ms).unwrap_or(0)
}

/// Lags of one batch by the region that they come from, in milliseconds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LagSamples(BTreeMap<RegionName, Vec<u64>>);

impl LagSamples {
    /// One more arrival.
    pub fn add(&mut self, written: &Stamp, now: Timestamp) {
        self.0.entry(written.region().clone()).or_default().push(age_ms(written, now));
    }

    /// At most [`MOST`] of each region's, ascending.
    pub fn reduced(self) -> BTreeMap<RegionName, Vec<u64>> {
        self.0.into_iter().map(|(region, samples)| (region, order_statistics(samples))).collect()
    }
}

/// The samples, ascending; of more than [`MOST`] the smallest, the largest, and evenly spaced
/// ranks between them.
pub fn order_statistics(mut samples: Vec<u64>) -> Vec<u64> {
    samples.sort_unstable();
    let last = samples.len().saturating_sub(1);
    if samples.len() <= MOST {
        return samples;
    }
    let rank = |i: usize| i * last / (MOST - 1);
    (0..MOST).filter_map(|i| samples.get(rank(i)).copied()).collect()
}

/// The age of each other region's newest beat, in milliseconds. A beat that is ahead of any sound
/// clock says nothing: its region is left out, and counted.
pub fn ages(beats: &[Stamp], own: &RegionName, now: Timestamp) -> Ages {
    let mut ages = Ages::default();
    for beat in beats.iter().filter(|beat| beat.region() != own) {
        if beat.is_ahead(now) {
            ages.refused += 1;
            continue;
        }
        let age = age_ms(beat, now);
        ages.by_region.entry(beat.region().clone()).and_modify(|a| *a = age.min(*a)).or_insert(age);
    }
    ages
}

/// See [`ages`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ages {
    /// Milliseconds by region.
    pub by_region: BTreeMap<RegionName, u64>,
    /// Beats that were ahead.
    pub refused: u32,
}

#[cfg(test)]
mod tests;
