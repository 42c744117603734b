//! The clairvoyant: the least instance-hours with which nobody is turned away.
//!
//! It knows the future, launches a boot time early and drains like everybody. Each instance of
//! the fleet is a level of its own: level k is needed while the load needs k instances or more,
//! and between two such times it is cheaper to keep it, or to stop and boot it again. Levels do
//! not depend on each other, so the sum of their minima is the minimum.

use super::Spec;
use crate::trace::Trace;

/// Instance-hours of the minutes from `from` on.
pub fn oracle_hours(trace: &Trace, spec: &Spec, from: usize) -> f64 {
    let needs: Vec<u32> = trace.loads.iter().skip(from).map(|l| spec.need(*l)).collect();
    let peak = needs.iter().copied().max().unwrap_or(0);
    let restart = spec.boot_secs + spec.drain_secs;
    let secs: u64 = (1..=peak).map(|level| level_secs(&needs, level, restart)).sum();
    secs as f64 / 3600.0
}

/// Before its first and after its last time of need a level costs its boot or drain only; both
/// are counted with the restart.
fn level_secs(needs: &[u32], level: u32, restart: u64) -> u64 {
    let (mut secs, mut idle, mut met) = (0, 0_u64, false);
    for need in needs {
        if *need >= level {
            secs += 60 + if met { idle.min(restart) } else { restart.min(idle) };
            (idle, met) = (0, true);
        } else {
            idle += 60;
        }
    }
    secs
}
