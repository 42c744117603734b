//! How sure an estimate is: a moving-block bootstrap.
//!
//! Neighbouring minutes are alike, so blocks of them are drawn with replacement until there are as
//! many minutes as in the data, and the estimate is made again; 2.5 and 97.5 percent of 500 such
//! estimates are the interval (Künsch, The jackknife and the bootstrap for general stationary
//! observations, 1989). How long a block is follows from how alike the neighbours are: for noise
//! of which the share r lasts to the next minute, n^(1/3) (sqrt(6) r / (1 - r^2))^(2/3)
//! (Carlstein 1986).

use super::bins::Bins;
use super::data::Minutes;
use super::fit::{Meets, Slo, meets};
use crate::generate::Chance;

/// So many estimates are made.
pub(super) const DRAWS: usize = 500;
/// The same data gives the same interval.
const SEED: u64 = 0x7469_6465;
/// A block is no shorter, and the data has at least so many of them.
const SHORTEST: usize = 5;
const LEAST_BLOCKS: usize = 8;

/// An interval.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Drawn {
    /// Its lower end; none when the SLO is missed at every load.
    pub low: Option<f64>,
    /// Its upper end; none when it lies beyond the data.
    pub high: Option<f64>,
    /// Minutes of a block.
    pub block: usize,
}

/// The interval of the estimate.
pub(super) fn interval(minutes: &Minutes, bins: &Bins, slo: Slo) -> Drawn {
    let (mut chance, count) = (Chance(SEED), minutes.rows.len());
    let block = block(minutes, bins);
    let mut found: Vec<f64> = Vec::with_capacity(DRAWS);
    let mut times = vec![0; count];
    for _ in 0..DRAWS {
        times.fill(0);
        draw(&mut times, block, &mut chance);
        found.push(match meets(&bins.medians(Some(&times)), slo) {
            Meets::At(load) => load,
            Meets::Beyond | Meets::Nowhere => f64::INFINITY,
            Meets::Everywhere => 0.0,
        });
    }
    found.sort_by(f64::total_cmp);
    let at = |per_mille: usize| found.get(DRAWS * per_mille / 1000).copied();
    let inside = |load: &f64| load.is_finite() && *load > 0.0;
    Drawn { low: at(25).filter(inside), high: at(974).filter(inside), block }
}

/// How often each minute is drawn; a block that goes over the end goes on at the beginning.
fn draw(times: &mut [u32], block: usize, chance: &mut Chance) {
    let count = times.len();
    let mut left = count;
    while left > 0 {
        let start = chance.below(count as u64) as usize;
        let length = block.min(left);
        let (head, tail) = times.split_at_mut(start);
        let over = length.saturating_sub(tail.len());
        tail.iter_mut().take(length).chain(head.iter_mut().take(over)).for_each(|n| *n += 1);
        left -= length;
    }
}

/// How long a block is.
fn block(minutes: &Minutes, bins: &Bins) -> usize {
    let count = minutes.rows.len();
    let alike = alike(&signs(minutes, bins)).clamp(0.0, 0.99);
    let lasts = 6.0_f64.sqrt() * alike / (1.0 - alike * alike);
    let length = ((count as f64).cbrt() * lasts.powf(2.0 / 3.0)).ceil() as usize;
    length.max(SHORTEST).min((count / LEAST_BLOCKS).max(1))
}

/// Whether each minute lies above (1) or below (-1) its bin's median: outliers count no more than
/// others.
fn signs(minutes: &Minutes, bins: &Bins) -> Vec<f64> {
    let medians = bins.medians(None);
    let sign = |row: &super::data::Row| {
        let after = medians.partition_point(|median| median.load < row.load);
        let near = [after.checked_sub(1), Some(after)];
        let near = near.into_iter().flatten().filter_map(|at| medians.get(at));
        let distance = |load: f64| (load - row.load).abs();
        let nearest = near.min_by(|a, b| distance(a.load).total_cmp(&distance(b.load)));
        nearest.map_or(0.0, |median| if row.value > median.value { 1.0 } else { -1.0 })
    };
    minutes.rows.iter().map(sign).collect()
}

/// The share of a noise that lasts to the next minute, from its signs: those of normal noise agree
/// as the arc sine of it.
fn alike(signs: &[f64]) -> f64 {
    let pairs = signs.iter().zip(signs.iter().skip(1));
    let agree: f64 = pairs.map(|(a, b)| a * b).sum();
    let agree = agree / (signs.len().saturating_sub(1).max(1) as f64);
    (std::f64::consts::FRAC_PI_2 * agree).sin()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_many_minutes_are_drawn_as_there_are() {
        let mut chance = Chance(1);
        for (count, block) in [(100, 7), (60, 60), (61, 5), (10, 1)] {
            let mut times = vec![0; count];
            draw(&mut times, block, &mut chance);
            assert_eq!(times.iter().sum::<u32>() as usize, count, "{count} {block}");
        }
    }

    #[test]
    fn noise_that_lasts_is_known_from_its_signs() {
        let mut chance = Chance(3);
        for lasts in [0.0, 0.5, 0.9] {
            let mut noise = 0.0;
            let signs = (0..40_000).map(|_| {
                noise = noise * lasts + chance.normal();
                f64::signum(noise)
            });
            let found = alike(&signs.collect::<Vec<_>>());
            assert!((found - lasts).abs() < 0.03, "{lasts}: {found}");
        }
    }
}
