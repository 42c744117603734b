//! Deliberately wrong planners: each breaks one invariant in a way that somebody could write by
//! mistake, most of them by deciding on inputs from which a danger was taken away.

use super::watch::Plan;
use jiff::SignedDuration;
use tidegate_domain::arbiter::Limits;
use tidegate_domain::bid::Source;
use tidegate_domain::decide::{Action, Decision, Inputs, Trust, decide};
use tidegate_domain::group::{Backstop, Evidence, Lifecycle, Mode};
use tidegate_domain::memory::{CapacitySample, Memory, Seen};
use tidegate_domain::metrics::{AlarmState, Point, Series};
use tidegate_domain::observation::Observation;
use tidegate_domain::policy::FleetPolicy;
use tidegate_domain::reason::Reason;
use tidegate_domain::signal::Signal;

/// A wrong planner.
#[derive(Debug, Clone, Copy)]
pub struct Wrong {
    /// What it does.
    pub name: &'static str,
    /// The invariants that it breaks; the first that is seen may be any of them.
    pub breaks: &'static [u8],
    /// It decides.
    pub plan: Plan,
    /// Where nobody checks it, its harm is seen on the group.
    pub harms: bool,
}

const fn wrong(name: &'static str, breaks: &'static [u8], plan: Plan) -> Wrong {
    Wrong { name, breaks, plan, harms: true }
}

/// Every one.
pub const ALL: [Wrong; 28] = [
    wrong("lowers to zero", &[1], |i| {
        lowering(i, |_, a| *a = Action::Lower { min: 0, desired: Some(0) })
    }),
    Wrong { harms: false, ..wrong("raises above MaxSize", &[1], above_max) },
    wrong("believes NaN", &[2], |i| believes(i, |r| matches!(r, Reason::DataBad))),
    wrong("believes old data", &[2], |i| believes(i, |r| matches!(r, Reason::DataStale { .. }))),
    wrong("needs no data", &[2], |i| believes(i, |r| matches!(r, Reason::DataMissing))),
    Wrong {
        harms: false,
        ..wrong("believes gaps", &[2], |i| believes(i, |r| matches!(r, Reason::DataGaps { .. })))
    },
    wrong("believes any zero", &[2], |i| {
        believes(i, |r| matches!(r, Reason::ImplausibleZero { .. }))
    }),
    wrong("ignores veto alarms", &[3], no_alarms),
    wrong("forgets veto alarms at once", &[3], old_alarms),
    wrong("ignores deploys", &[3], |i| evidence(i, |_, e| e.refresh = None)),
    wrong("ignores suspended processes", &[3], |i| observing(i, |o| o.group.suspended.clear())),
    wrong("ignores tags", &[3], |i| observing(i, |o| o.group.tags.clear())),
    wrong("ignores failed launches", &[3], |i| evidence(i, |_, e| e.activities.clear())),
    wrong("ignores a spike that has just ended", &[3, 5], no_spike),
    wrong("lowers again after a step was undone", &[3, 5], no_undo),
    wrong("trusts without memory or policy", &[3], |i| {
        decide(&Inputs { trust: &Trust::default(), ..*i })
    }),
    wrong("lowers on every signal", &[3], |i| by_signal(i, &Signal::Tick)),
    wrong("lowers at night's rules by day", &[3], |i| {
        by_signal(i, &Signal::Night { scheduled: None })
    }),
    wrong("lowers on a late wake-up", &[4], on_time),
    wrong("forgets its last lowering", &[4, 5], |i| {
        remembering(i, |m| (m.last_lowering, m.last_termination) = (None, None))
    }),
    // What it takes for warm it lowers too, while it boots: that is 3.
    wrong("takes warming instances for its base", &[3, 4, 6], all_warm),
    wrong("takes giant steps", &[5], |i| with_policy(i, |p| p.lower.step_percent = 90)),
    wrong("does not bake", &[4, 5], |i| with_policy(i, |p| p.lower.bake = SignedDuration::ZERO)),
    Wrong { harms: false, ..wrong("ignores the schedule's floor", &[5, 0], no_schedule) },
    Wrong { harms: false, ..wrong("grows without a limit", &[6], limitless) },
    wrong("needs no backstop", &[7], backstop),
    wrong("writes desired upward", &[8], upward),
    Wrong {
        harms: false,
        ..wrong("acts on other sizes than it saw", &[8], |i| {
            let mut decision = decide(i);
            decision.expected.desired += 1;
            decision
        })
    },
];

/// Decides on a changed observation.
fn observing(i: &Inputs<'_>, change: impl FnOnce(&mut Observation)) -> Decision {
    let mut observation = i.observation.clone();
    change(&mut observation);
    decide(&Inputs { observation: &observation, ..*i })
}

fn evidence(i: &Inputs<'_>, change: impl FnOnce(&Inputs<'_>, &mut Evidence)) -> Decision {
    observing(i, |o| {
        let found = o.closer.as_mut().and_then(|c| c.evidence.as_mut().ok());
        if let Some(found) = found {
            change(i, found);
        }
    })
}

fn remembering(i: &Inputs<'_>, change: impl FnOnce(&mut Memory)) -> Decision {
    let mut memory = i.memory.clone();
    change(&mut memory);
    decide(&Inputs { memory: &memory, ..*i })
}

fn with_policy(i: &Inputs<'_>, change: impl FnOnce(&mut FleetPolicy)) -> Decision {
    let mut policy = i.policy.clone();
    change(&mut policy);
    decide(&Inputs { policy: &policy, ..*i })
}

fn by_signal(i: &Inputs<'_>, signal: &Signal) -> Decision {
    decide(&Inputs { signal, ..*i })
}

/// Changes the action of a lowering.
fn lowering(i: &Inputs<'_>, change: impl FnOnce(&Inputs<'_>, &mut Action)) -> Decision {
    let mut decision = decide(i);
    if matches!(decision.action, Action::Lower { .. }) {
        change(i, &mut decision.action);
    }
    decision
}

fn above_max(i: &Inputs<'_>) -> Decision {
    let mut decision = decide(i);
    if let Action::Raise { min } = &mut decision.action {
        *min = i.observation.group.sizes.max + 1;
    }
    decision
}

/// Where the load was not believed for this reason, believes in a calm one.
fn believes(i: &Inputs<'_>, disbelief: fn(&Reason) -> bool) -> Decision {
    let decision = decide(i);
    if !disbelief(&decision.reason) {
        return decision;
    }
    let minutes = (2..80).rev().filter_map(|ago| {
        i.now.checked_sub(SignedDuration::from_mins(ago)).ok().map(|at| Point { at, value: 1.0 })
    });
    let calm: Series = minutes.collect();
    observing(i, |o| {
        if let Some(closer) = &mut o.closer {
            closer.recent = Ok(calm);
        }
    })
}

fn no_alarms(i: &Inputs<'_>) -> Decision {
    let long_ago = i.now.saturating_sub(SignedDuration::from_hours(9)).unwrap_or(i.now);
    observing(i, |o| {
        for alarm in o.alarms.iter_mut().flat_map(|alarms| alarms.values_mut()) {
            (alarm.state, alarm.since) = (AlarmState::Ok, long_ago);
        }
    })
}

fn old_alarms(i: &Inputs<'_>) -> Decision {
    let long_ago = i.now.saturating_sub(SignedDuration::from_hours(9)).unwrap_or(i.now);
    observing(i, |o| {
        for alarm in o.alarms.iter_mut().flat_map(|alarms| alarms.values_mut()) {
            alarm.since = long_ago;
        }
    })
}

fn no_spike(i: &Inputs<'_>) -> Decision {
    let mut memory = i.memory.clone();
    memory.last_breach = None;
    memory.bids.retain(|b| b.source != Source::Spike);
    let mut observation = i.observation.clone();
    observation.spikes = Err("not read".into());
    decide(&Inputs { memory: &memory, observation: &observation, ..*i })
}

fn no_undo(i: &Inputs<'_>) -> Decision {
    remembering(i, |m| {
        m.no_lowering_until = None;
        m.bids.retain(|b| b.source != Source::Undo);
    })
}

fn on_time(i: &Inputs<'_>) -> Decision {
    match i.signal {
        Signal::Night { .. } => by_signal(i, &Signal::Night { scheduled: Some(i.now) }),
        _ => decide(i),
    }
}

fn all_warm(i: &Inputs<'_>) -> Decision {
    let mut memory = i.memory.clone();
    let mut observation = i.observation.clone();
    let missing = observation.group.sizes.desired;
    let known = observation.group.instances.clone();
    for instance in &mut observation.group.instances {
        instance.lifecycle = Lifecycle::InService;
        let seen = Seen { first: i.now, in_service: None, settled: true, leaving: false };
        memory.instances.insert(instance.id.clone(), seen);
    }
    // What is desired counts as there, launched or not.
    let short = usize::try_from(missing).unwrap_or(0).saturating_sub(known.len());
    for (n, like) in known.iter().cycle().take(short).enumerate() {
        let mut more = like.clone();
        let id = format!("i-{n:017x}");
        let Ok(id) = tidegate_domain::ids::InstanceId::new(id) else { continue };
        (more.id, more.lifecycle) = (id.clone(), Lifecycle::InService);
        let seen = Seen { first: i.now, in_service: None, settled: true, leaving: false };
        memory.instances.insert(id, seen);
        observation.group.instances.push(more);
    }
    desired_for_long(i, &mut memory);
    let mut decision = decide(&Inputs { memory: &memory, observation: &observation, ..*i });
    decision.memory.growth = decide(i).memory.growth;
    decision
}

/// What is desired now was desired for the whole warm-up.
fn desired_for_long(i: &Inputs<'_>, memory: &mut Memory) {
    let warmup = i.policy.spikes.iter().map(|spike| spike.warmup).max().unwrap_or_default();
    let at = i.now.saturating_sub(warmup).unwrap_or(i.now);
    memory.growth.retain(|sample| sample.at < at);
    let desired = i.observation.group.sizes.desired;
    memory.growth.push(CapacitySample { at, desired });
}

fn no_schedule(i: &Inputs<'_>) -> Decision {
    with_policy(i, |p| (p.day_floor, p.night.floor) = (p.min, p.min))
}

fn limitless(i: &Inputs<'_>) -> Decision {
    with_policy(i, |p| {
        for spike in &mut p.spikes {
            (spike.growth_10min_percent, spike.growth_hour_percent) = (10_000, 10_000);
        }
    })
}

fn backstop(i: &Inputs<'_>) -> Decision {
    evidence(i, |i, e| {
        let limits = Limits::of(i.policy, i.observation.group.sizes.max);
        e.backstop = Some(Backstop {
            min: limits.clamp(i.policy.day_floor),
            recurrence: i.policy.calendar.day_cron(),
            time_zone: i.policy.calendar.zone.iana_name().unwrap_or("UTC").to_owned(),
        });
    })
}

/// Where there is nothing to do, it asks for one more.
fn upward(i: &Inputs<'_>) -> Decision {
    let mut decision = decide(i);
    let sizes = i.observation.group.sizes;
    let held = decision.action == Action::Hold && decision.mode == Some(Mode::Owner);
    if held && sizes.desired < sizes.max {
        decision.action = Action::Lower { min: sizes.min, desired: Some(sizes.desired + 1) };
    }
    decision
}
