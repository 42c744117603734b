//! What Tidegate is held against: policies with AWS's semantics on the same group, load and
//! clock.

use super::drive::Setup;
use super::found::{PolicyRun, Wrought};
use crate::plant::{
    ALARMS_AFTER_MINS, Glance, Minute, Native, Policy, Site, Static, StepScaling, TargetTracking,
    Timetable,
};
use crate::world::faults::{Fault, Storm};
use jiff::tz::TimeZone;
use std::fmt;
use std::str::FromStr;
use tidegate_domain::ports::PortResult;
use tidegate_fakes::Writer;

/// Somebody to be held against.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Against {
    /// Scheduled actions, target tracking at 50 % and a step table above it.
    Native,
    /// Target tracking at 50 %.
    Tracking,
    /// A step table with scale-in.
    Step,
    /// Always so many instances; none: as many as the peak needs.
    Static(Option<u32>),
    /// Who knows the future.
    Oracle,
}

impl FromStr for Against {
    type Err = String;

    fn from_str(word: &str) -> Result<Self, String> {
        match (word, word.strip_prefix("static:").map(str::parse)) {
            ("native", _) => Ok(Self::Native),
            ("tracking", _) => Ok(Self::Tracking),
            ("step", _) => Ok(Self::Step),
            ("static", _) => Ok(Self::Static(None)),
            (_, Some(Ok(count))) => Ok(Self::Static(Some(count))),
            ("oracle", _) => Ok(Self::Oracle),
            _ => Err("one of native, tracking, step, static, static:N, oracle".to_owned()),
        }
    }
}

impl fmt::Display for Against {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Native => f.write_str("native: schedule, tracking 50 %, steps"),
            Self::Tracking => f.write_str("native: target tracking 50 %"),
            Self::Step => f.write_str("native: step scaling"),
            Self::Static(None) => f.write_str("static, the peak's need"),
            Self::Static(Some(count)) => write!(f, "static, {count} instances"),
            Self::Oracle => f.write_str("oracle: knows the future"),
        }
    }
}

impl Against {
    /// Runs it; the oracle has no minutes and is no run.
    ///
    /// # Errors
    /// The group's sizes contradict each other.
    pub fn run(self, setup: &Setup<'_>, zone: &TimeZone) -> PortResult<Option<PolicyRun>> {
        let Setup { trace, spec, scored_from, .. } = setup;
        let peak = || spec.need(trace.peak());
        Ok(Some(match self {
            Self::Oracle => return Ok(None),
            Self::Static(count) => run(self, setup, &mut Static(count.unwrap_or_else(peak)))?,
            Self::Tracking => run(self, setup, &mut TargetTracking::new(50.0))?,
            Self::Step => run(self, setup, &mut StepScaling::usual())?,
            Self::Native => {
                let timetable = Timetable::learn(trace, spec, *scored_from, zone);
                run(self, setup, &mut Native::new(timetable))?
            }
        }))
    }
}

fn run(who: Against, setup: &Setup<'_>, policy: &mut dyn Policy) -> PortResult<PolicyRun> {
    let Setup { trace, spec, scored_from, faults, .. } = setup;
    let size = match who {
        Against::Static(Some(count)) => count.clamp(spec.min, spec.max),
        Against::Static(None) => spec.need(trace.peak()),
        _ => spec.first_need(trace),
    };
    let site = Site::new(trace, spec, size, *scored_from)?;
    let mut site = site.silent(Fault::silent(faults));
    let mut storm = Storm::of(faults);
    for minute in 0..trace.loads.len() {
        let start = minute as u64 * 60;
        storm.advance(&mut site, start);
        let wanted = policy.desired(&Glance::of(&site, minute, ALARMS_AFTER_MINS));
        storm.advance(&mut site, start + spec.act_secs);
        // A group that cannot be changed now stays as it is; the policy sees that in a minute.
        let _ = site.resize(Writer::Outside, wanted);
        storm.advance(&mut site, start + 60);
    }
    let (outcome, minutes) = site.into_result();
    Ok(PolicyRun {
        name: who.to_string(),
        mode: None,
        outcome,
        minutes: wrought(&minutes),
        decisions: Vec::new(),
        rules: Vec::new(),
        bill: None,
    })
}

/// Each minute, as it is shown.
pub fn wrought(minutes: &[Minute]) -> Vec<Wrought> {
    let one = |minute: &Minute| Wrought {
        serving: minute.serving,
        billed: minute.billed,
        unserved: minute.unserved,
    };
    minutes.iter().map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn they_are_named_by_their_words() {
        for (word, want) in [
            ("native", Some(Against::Native)),
            ("tracking", Some(Against::Tracking)),
            ("step", Some(Against::Step)),
            ("static", Some(Against::Static(None))),
            ("static:12", Some(Against::Static(Some(12)))),
            ("oracle", Some(Against::Oracle)),
            ("static:many", None),
            ("Native", None),
        ] {
            assert_eq!(word.parse().ok(), want, "{word}");
        }
    }
}
