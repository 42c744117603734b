//! The clairvoyant: the least instance-hours with which nobody is turned away.
//!
//! It knows the future, launches a boot time early and drains like everybody. Each instance of
//! the fleet is a level of its own: level k is needed while the load needs k instances or more,
//! and between two such times it is cheaper to keep it, or to stop and boot it again. Levels do
//! not depend on each other, so the sum of their minima is the minimum; a test holds it to
//! every way of serving tiny traces. Seconds before the first scored minute and after the last
//! one are not billed.

use super::Spec;
use crate::trace::Trace;

/// Instance-hours of the minutes from `from` on.
pub fn oracle_hours(trace: &Trace, spec: &Spec, from: usize) -> f64 {
    let needs: Vec<u32> = trace.loads.iter().skip(from).map(|l| spec.need(*l)).collect();
    let peak = needs.iter().copied().max().unwrap_or(0);
    let secs: u64 = (1..=peak).map(|level| level_secs(&needs, level, spec)).sum();
    secs as f64 / 3600.0
}

/// Serving, and of every pause the cheaper of staying and of going and coming.
fn level_secs(needs: &[u32], level: u32, spec: &Spec) -> u64 {
    let (mut secs, mut idle, mut met) = (0, 0_u64, false);
    for need in needs {
        if *need >= level {
            let comes = if met { spec.boot_secs + spec.drain_secs } else { spec.boot_secs };
            secs += 60 + idle.min(comes);
            (idle, met) = (0, true);
        } else {
            idle += 60;
        }
    }
    secs + idle.min(spec.drain_secs)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plant::{Tally, run};

    const CAPACITY: f64 = 10.0;

    fn spec(boot_mins: u64, drain_mins: u64) -> Spec {
        let (boot_secs, drain_secs) = (boot_mins * 60, drain_mins * 60);
        Spec {
            capacity: CAPACITY,
            boot_secs,
            drain_secs,
            act_secs: 0,
            visible_after_mins: 3,
            min: 1,
            max: 9,
        }
    }

    fn trace(needs: &[u32]) -> Trace {
        let loads = needs.iter().map(|need| f64::from(*need) * CAPACITY).collect();
        Trace { loads, ..Trace::default() }
    }

    /// The least of every sequence of serving instances that turns nobody away.
    fn tried(needs: &[u32], spec: &Spec) -> u64 {
        let peak = needs.iter().copied().max().unwrap();
        let least: Vec<u32> = needs.iter().map(|need| *need.max(&spec.min)).collect();
        let mut best = u64::MAX;
        let mut serving = least.clone();
        loop {
            best = best.min(cost(&serving, spec));
            // The next sequence, like a counter whose digits begin at the needs.
            let Some(digit) = (0..serving.len()).find(|d| serving[*d] < peak) else { return best };
            serving[digit] += 1;
            serving[..digit].copy_from_slice(&least[..digit]);
        }
    }

    /// Billed seconds within the trace: each launch boots before it serves, each end drains.
    fn cost(serving: &[u32], spec: &Spec) -> u64 {
        let minutes = serving.len() as u64;
        let mut secs = serving.iter().map(|n| u64::from(*n) * 60).sum();
        for (at, pair) in serving.windows(2).enumerate() {
            let (before, after) = ((at as u64 + 1) * 60, (minutes - at as u64 - 1) * 60);
            secs += u64::from(pair[1].saturating_sub(pair[0])) * spec.boot_secs.min(before);
            secs += u64::from(pair[0].saturating_sub(pair[1])) * spec.drain_secs.min(after);
        }
        secs
    }

    #[test]
    fn no_way_of_serving_tiny_traces_is_cheaper() {
        // Every trace of six minutes that needs one to three instances.
        for (boot, drain) in [(1, 1), (2, 1), (1, 0), (3, 1), (2, 2)] {
            let spec = spec(boot, drain);
            for code in 0..3_u32.pow(6) {
                let needs: Vec<u32> = (0..6).map(|digit| 1 + code / 3_u32.pow(digit) % 3).collect();
                let hours = oracle_hours(&trace(&needs), &spec, 0);
                let secs = (hours * 3600.0).round() as u64;
                assert_eq!(secs, tried(&needs, &spec), "{needs:?}, boot {boot}, drain {drain}");
            }
        }
    }

    #[test]
    fn nobody_who_serves_everything_on_the_plant_is_cheaper() {
        let needs = [1, 1, 1, 1, 1, 3, 3, 1, 1, 1, 1, 1, 1, 2, 1, 1, 1, 1];
        let (trace, spec) = (trace(&needs), spec(3, 1));
        let oracle = oracle_hours(&trace, &spec, 0);
        struct Ahead<'a>(&'a [u32]);
        impl crate::plant::Policy for Ahead<'_> {
            fn desired(&mut self, glance: &crate::plant::Glance) -> u32 {
                let ahead = self.0.iter().skip(glance.minute).take(4);
                ahead.copied().max().unwrap_or(1)
            }
        }
        let outcome = run(&trace, &spec, 0, &mut Ahead(&needs));
        assert_ne!(outcome, Tally::default().outcome());
        assert_eq!(outcome.unserved, 0.0);
        assert!((outcome.hours - oracle).abs() < 1e-9, "{} {oracle}", outcome.hours);
    }
}
