//! Where medians of rising load meet the SLO.
//!
//! Sources: monotone regression by pooling adjacent violators (Ayer, Brunk, Ewing, Reid,
//! Silverman, An empirical distribution function for sampling with incomplete information, 1955);
//! the median of slopes (Theil 1950; Sen, Estimates of the regression coefficient based on
//! Kendall's tau, 1968).

use std::fmt;

/// CPU at or above this is capped or close to it, percent: no straight line leads there.
pub(super) const SATURATED: f64 = 95.0;
/// Bins from this to that share of the first estimate make the second.
const AROUND: (f64, f64) = (0.4, 1.6);
/// Fewer bins make no line.
const LEAST_BINS: usize = 5;

/// What is to be kept.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Slo {
    /// At most this latency.
    Latency(f64),
    /// At most this CPU, percent.
    Cpu(f64),
}

impl Slo {
    pub fn is_cpu(self) -> bool {
        matches!(self, Self::Cpu(_))
    }

    pub fn value(self) -> f64 {
        match self {
            Self::Latency(value) | Self::Cpu(value) => value,
        }
    }

    pub fn unit(self) -> &'static str {
        if self.is_cpu() { "%" } else { "ms" }
    }

    pub fn what(self) -> &'static str {
        if self.is_cpu() { "CPU" } else { "latency" }
    }
}

impl fmt::Display for Slo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Latency(ms) => write!(f, "{ms} ms"),
            Self::Cpu(percent) => write!(f, "{percent} % CPU"),
        }
    }
}

/// A bin in short.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Median {
    /// Load per instance.
    pub load: f64,
    /// Latency or CPU.
    pub value: f64,
    /// How many minutes it stands for.
    pub weight: f64,
}

/// Where the SLO is met.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Meets {
    /// At this load per instance.
    At(f64),
    /// At a higher load than was measured.
    Beyond,
    /// It is missed at every load.
    Everywhere,
    /// The value does not rise with the load.
    Nowhere,
}

/// Where medians of rising load meet the SLO.
pub(super) fn meets(medians: &[Median], slo: Slo) -> Meets {
    match slo {
        Slo::Latency(latency) => crossing(medians, latency),
        Slo::Cpu(cpu) => on_line(medians, cpu),
    }
}

/// Between the last bin that the monotone regression leaves at the SLO or below and the next.
fn crossing(medians: &[Median], slo: f64) -> Meets {
    let level = monotone(medians);
    let mut below: Option<(f64, f64)> = None;
    for (median, level) in medians.iter().zip(level) {
        match below {
            None if level > slo => return Meets::Everywhere,
            Some((load, under)) if level > slo => {
                return Meets::At(load + (median.load - load) * way(under, slo, level));
            }
            _ => below = Some((median.load, level)),
        }
    }
    Meets::Beyond
}

/// What share of the way from one level to the next lies a value. Between two bins a queue's
/// latency is idle / (1 - load / most): its reciprocal is a straight line.
fn way(from: f64, value: f64, to: f64) -> f64 {
    let straight = (value - from) / (to - from);
    if from > 0.0 { straight * to / value } else { straight }
}

/// The nearest values that never fall, weighted.
pub(super) fn monotone(medians: &[Median]) -> Vec<f64> {
    let mut pools: Vec<(f64, f64, usize)> = Vec::new();
    for median in medians {
        let (mut value, mut weight, mut count) = (median.value, median.weight, 1);
        while let Some((above, heavy, many)) = pools.pop_if(|(above, ..)| *above >= value) {
            value = (value * weight + above * heavy) / (weight + heavy);
            (weight, count) = (weight + heavy, count + many);
        }
        pools.push((value, weight, count));
    }
    pools.into_iter().flat_map(|(value, _, count)| std::iter::repeat_n(value, count)).collect()
}

/// Where a line through the bins around the SLO has it; first through all of them, to know which
/// those are.
fn on_line(medians: &[Median], slo: f64) -> Meets {
    let straight = |median: &&Median| median.value < SATURATED;
    let all: Vec<Median> = medians.iter().filter(straight).copied().collect();
    if all.is_empty() {
        return Meets::Everywhere;
    }
    let Some(first) = line(&all).and_then(|line| line.at(slo)) else { return Meets::Nowhere };
    let (from, to) = (AROUND.0 * first, AROUND.1 * first);
    let around = all.iter().filter(|median| (from..=to).contains(&median.load));
    let around: Vec<Median> = around.copied().collect();
    let second = line(&around).and_then(|line| line.at(slo));
    match second.filter(|_| around.len() >= LEAST_BINS).unwrap_or(first) {
        load if load > 0.0 => Meets::At(load),
        _ => Meets::Everywhere,
    }
}

struct Line {
    slope: f64,
    start: f64,
}

impl Line {
    /// The load at which it has this value; none when it does not rise.
    fn at(&self, value: f64) -> Option<f64> {
        (self.slope > 0.0).then(|| (value - self.start) / self.slope)
    }
}

/// The median of the slopes between all pairs, and of what is left.
fn line(medians: &[Median]) -> Option<Line> {
    let pairs = medians.iter().enumerate().flat_map(|(n, a)| {
        let later = medians.iter().skip(n + 1).filter(move |b| b.load > a.load);
        later.map(move |b| (b.value - a.value) / (b.load - a.load))
    });
    let slope = median(pairs.collect())?;
    let start = median(medians.iter().map(|m| m.value - slope * m.load).collect())?;
    Some(Line { slope, start })
}

/// The middle value, or the mean of both.
pub(super) fn median(mut values: Vec<f64>) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    let upper = values.get(middle).copied()?;
    let lower = values.get(middle.checked_sub(1).unwrap_or(middle)).copied()?;
    Some(if values.len() % 2 == 1 { upper } else { lower / 2.0 + upper / 2.0 })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn medians(values: &[f64]) -> Vec<Median> {
        let with_load = |(load, value): (u32, &f64)| (f64::from(load), *value);
        let loads = (1..).zip(values).map(with_load);
        loads.map(|(load, value)| Median { load, value, weight: 1.0 }).collect()
    }

    #[test]
    fn pooled_values_never_fall() {
        for (values, want) in [
            (vec![1.0, 2.0, 3.0], vec![1.0, 2.0, 3.0]),
            (vec![1.0, 3.0, 2.0, 4.0], vec![1.0, 2.5, 2.5, 4.0]),
            (vec![3.0, 2.0, 1.0], vec![2.0, 2.0, 2.0]),
            (vec![1.0, 1.0], vec![1.0, 1.0]),
            (vec![], vec![]),
        ] {
            assert_eq!(monotone(&medians(&values)), want, "{values:?}");
        }
        let mut heavy = medians(&[4.0, 1.0]);
        heavy[1].weight = 2.0;
        assert_eq!(monotone(&heavy), [2.0, 2.0]);
    }

    #[test]
    fn where_a_latency_is_met() {
        for (values, want) in [
            (vec![10.0, 20.0, 60.0], Meets::At(2.5)),
            (vec![0.0, 60.0], Meets::At(1.5)),
            (vec![10.0, 30.0, 40.0], Meets::At(2.0)),
            (vec![10.0, 20.0, 30.0], Meets::Beyond),
            (vec![31.0, 40.0], Meets::Everywhere),
            (vec![], Meets::Beyond),
        ] {
            assert_eq!(meets(&medians(&values), Slo::Latency(30.0)), want, "{values:?}");
        }
    }

    #[test]
    fn where_cpu_is_met() {
        // Ten percent each and five for nothing; two bins are off, two are capped.
        let values = [15.0, 25.0, 90.0, 45.0, 55.0, 65.0, 3.0, 85.0, 95.0, 100.0, 100.0];
        let Meets::At(load) = meets(&medians(&values), Slo::Cpu(70.0)) else { panic!() };
        assert!((load - 6.5).abs() < 1e-9, "{load}");
        for (values, want) in [
            (vec![100.0, 100.0], Meets::Everywhere),
            (vec![50.0, 40.0, 30.0], Meets::Nowhere),
            (vec![80.0, 81.0, 82.0], Meets::Everywhere),
        ] {
            assert_eq!(meets(&medians(&values), Slo::Cpu(70.0)), want, "{values:?}");
        }
    }

    #[test]
    fn the_middle() {
        assert_eq!(median(vec![]), None);
        assert_eq!(median(vec![3.0, 1.0]), Some(2.0));
        assert_eq!(median(vec![9.0, 1.0, 2.0]), Some(2.0));
    }
}
