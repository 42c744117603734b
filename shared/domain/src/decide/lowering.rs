//! The gate that every lowering passes, whatever its cause: vetoes, bake, step limit,
//! backstop. It fails closed: what cannot be read is a veto.

use super::operator::Hold;
use super::{Draft, Inputs, UNKNOWN_PATIENCE, backstop, schedule, sizing, spike};
use crate::bid::{Bid, Source};
use crate::group::{Activity, ActivityKind, ActivityResult, Backstop, Evidence, Mode};
use crate::load::{LoadReading, need, past_peak};
use crate::metrics::{Alarm, AlarmState};
use crate::notice::{Notice, Severity};
use crate::observation::CloserLook;
use crate::reason::Reason;
use crate::signal::Signal;
use jiff::SignedDuration;

/// A nightly wake-up that was scheduled longer ago than this lowers nothing.
const LATE_AFTER: SignedDuration = SignedDuration::from_mins(30);
/// A veto alarm forbids lowering for this long after it changed its state.
const VETO_AFTER: SignedDuration = SignedDuration::from_mins(15);
/// A state that is dated this far ahead has just changed, by another clock.
const CLOCK_SKEW: SignedDuration = SignedDuration::from_mins(5);
/// The night looks at the load of this many minutes.
const NIGHT_WINDOW_MINS: i64 = 30;
/// A tick that looked closer and held looks closer again after this long.
const LOOK_EVERY: SignedDuration = SignedDuration::from_mins(5);
/// A deploy that defers lowering for this long is told to people.
const REFRESH_PATIENCE: SignedDuration = SignedDuration::from_hours(2);
/// Processes without which a lowered fleet cannot come back by itself.
const NEEDED: [&str; 7] = [
    "Launch",
    "Terminate",
    "HealthCheck",
    "ReplaceUnhealthy",
    "AddToLoadBalancer",
    "ScheduledActions",
    "AlarmNotification",
];

/// What the gate says.
pub(super) enum Verdict {
    /// Nothing is lowered, because.
    Hold(Reason),
    /// More must be read.
    NeedsEvidence,
    /// The backstop must be written first.
    NeedsBackstop(Backstop),
    /// One step down.
    Step(Step),
}

/// One step down.
pub(super) struct Step {
    /// `MinSize` to be.
    pub min: u32,
    /// Desired capacity to be, in owner mode.
    pub desired: Option<u32>,
    /// Why.
    pub reason: Reason,
}

/// Asks the gate for a step towards `floor`.
pub(super) fn gate(i: &Inputs<'_>, draft: &mut Draft, floor: u32, hold: &Hold) -> Verdict {
    if !anything_above(i, draft, floor) {
        return Verdict::Hold(at_floor(i, draft, floor));
    }
    if let Some(reason) = cheap_veto(i, draft, hold) {
        return Verdict::Hold(reason);
    }
    let Some(closer) = &i.observation.closer else {
        let until = draft.memory.next_look.filter(|at| i.now < *at);
        return match until.filter(|_| !matches!(i.signal, Signal::Night { .. })) {
            Some(until) => Verdict::Hold(Reason::LookedRecently { until }),
            None => Verdict::NeedsEvidence,
        };
    };
    let verdict = closer_gate(i, draft, floor, closer);
    let held = matches!(verdict, Verdict::Hold(_));
    let next = held.then(|| i.now.saturating_add(LOOK_EVERY).ok()).flatten();
    draft.memory.next_look = next;
    verdict
}

fn closer_gate(i: &Inputs<'_>, draft: &mut Draft, floor: u32, closer: &CloserLook) -> Verdict {
    let evidence = match evidence_without_veto(i, draft, closer) {
        Ok(evidence) => evidence,
        Err(reason) => return Verdict::Hold(reason),
    };
    let judged = judge_need(i, draft, closer);
    warn_of_unknown_load(i, draft, judged.as_ref().err());
    let need = match judged {
        Ok(need) => need,
        Err(reason) => return Verdict::Hold(reason),
    };
    draft.need = Some(need.units);
    draft.load = Some(need.load);
    let mode = Mode::of(&evidence.policies);
    let step = match next_step(i, draft, (mode, floor, need.units)) {
        Ok(step) => step,
        Err(reason) => return Verdict::Hold(reason),
    };
    let wanted = backstop::wanted(i);
    if evidence.backstop.as_ref() == Some(&wanted) {
        return Verdict::Step(step);
    }
    match &closer.backstop_error {
        None => Verdict::NeedsBackstop(wanted),
        Some(why) => {
            let subject = "the backstop cannot be written: nothing is lowered";
            let notice = Notice::new(i.fleet, Severity::Critical, "backstop", subject);
            draft.notices.push(notice.body(format!("{subject}. {why}")));
            Verdict::Hold(Reason::BackstopFailed { why: why.clone() })
        }
    }
}

/// At the floor; where a spike or an undone step keeps it up, that is what people want to hear.
fn at_floor(i: &Inputs<'_>, draft: &Draft, floor: u32) -> Reason {
    let scheduled = draft.bids.iter().filter(|b| b.source == Source::Schedule).map(|b| b.floor);
    let kept_up = scheduled.max() < Some(floor);
    let why = spike_veto(i, draft).filter(|_| kept_up);
    why.unwrap_or(Reason::AtFloor { floor })
}

/// Whether capacity stands above the floor. By the mode that was last read: in floor mode
/// desired capacity is not ours. The nightly function looks again whatever was remembered.
fn anything_above(i: &Inputs<'_>, draft: &Draft, floor: u32) -> bool {
    let sizes = i.observation.group.sizes;
    let known = draft.memory.mode.map(|seen| seen.mode);
    let night = matches!(i.signal, Signal::Night { .. });
    let desired_counts = night || known != Some(Mode::Floor);
    sizes.min > floor || (desired_counts && sizes.desired > floor)
}

/// The vetoes that need no closer look, in the order in which people would want to hear them.
fn cheap_veto(i: &Inputs<'_>, draft: &mut Draft, hold: &Hold) -> Option<Reason> {
    trust_veto(i)
        .or_else(|| match hold {
            Hold::None => None,
            Hold::NoScaleIn(hold) | Hold::All(hold) => {
                Some(Reason::OperatorHold { hold: hold.clone() })
            }
        })
        .or_else(|| window_veto(i, draft))
        .or_else(|| process_veto(i))
        .or_else(|| spike_veto(i, draft))
        .or_else(|| alarm_veto(i, draft))
        .or_else(|| bake_veto(i, draft))
}

fn trust_veto(i: &Inputs<'_>) -> Option<Reason> {
    let no_table =
        i.trust.no_memory.as_ref().map(|why| Reason::NoControlTable { why: why.clone() });
    no_table.or_else(|| {
        i.trust.policy_fault.as_ref().map(|why| Reason::PolicyFault { why: why.clone() })
    })
}

/// By night the nightly function lowers, by day the tick; nothing else does. A tick that follows
/// sizing does at any hour: the learned rule looks at more than the night's proof.
fn window_veto(i: &Inputs<'_>, draft: &Draft) -> Option<Reason> {
    let is_day = schedule::current_day(i, &draft.memory).is_some();
    match i.signal {
        Signal::Day | Signal::Alarm(_) => Some(Reason::RaisesOnly),
        Signal::Tick if is_day || sizing::followed(i, &draft.memory).is_some() => None,
        Signal::Tick => Some(Reason::NightFunctionLowers),
        Signal::Night { .. } if is_day => Some(Reason::OutsideNight),
        Signal::Night { .. } if sizing::leads(i, &draft.memory) => Some(Reason::SizingLowers),
        Signal::Night { scheduled } => {
            let late = scheduled.map(|at| i.now.duration_since(at))?;
            (late > LATE_AFTER).then(|| Reason::LateWakeUp { minutes: late.as_mins() })
        }
    }
}

fn process_veto(i: &Inputs<'_>) -> Option<Reason> {
    let suspended = NEEDED.iter().find(|process| i.observation.group.is_suspended(process))?;
    Some(Reason::ProcessSuspended { process: (*suspended).to_owned() })
}

fn spike_veto(i: &Inputs<'_>, draft: &Draft) -> Option<Reason> {
    let memory = &draft.memory;
    let is_spike = |b: &&Bid| matches!(b.source, Source::Spike | Source::Burst);
    let spike = memory.bids.iter().filter(is_spike);
    if let Some(until) = spike.filter_map(|b| b.until).max() {
        return Some(Reason::LiveSpike { until });
    }
    if let Some(until) = memory.no_lowering_until {
        return Some(Reason::UndoneBefore { until });
    }
    let undo = memory.bids.iter().filter(|b| matches!(b.source, Source::Undo | Source::Race));
    if let Some(until) = undo.filter_map(|b| b.until).max() {
        return Some(Reason::UndoneBefore { until });
    }
    spike::quiet_at(i, memory).map(|until| Reason::NotQuiet { until })
}

fn alarm_veto(i: &Inputs<'_>, draft: &mut Draft) -> Option<Reason> {
    let alarms = match &i.observation.alarms {
        Ok(alarms) => alarms,
        Err(why) => return Some(Reason::AlarmsUnavailable { why: why.clone() }),
    };
    let spike = i.policy.spikes.iter().filter_map(|s| alarms.get(&s.alarm));
    if let Some(alarm) = spike.into_iter().find(|a| a.state == AlarmState::Alarm) {
        return Some(Reason::SpikeAlarm { alarm: alarm.name.clone() });
    }
    for name in &i.policy.lower.veto_alarms {
        let Some(alarm) = alarms.get(name) else {
            let subject = format!("the veto alarm {name} does not exist: nothing is lowered");
            let key = format!("no-alarm-{name}");
            draft.notices.push(Notice::new(i.fleet, Severity::Warning, &key, &subject));
            return Some(Reason::VetoAlarmMissing { alarm: name.clone() });
        };
        if let Some(reason) = veto_of(i, alarm) {
            return Some(reason);
        }
    }
    None
}

/// A low-side alarm asks for less capacity, so it never vetoes.
fn veto_of(i: &Inputs<'_>, alarm: &Alarm) -> Option<Reason> {
    let age = i.now.duration_since(alarm.since);
    let name = alarm.name.clone();
    match alarm.state {
        _ if alarm.comparison.is_low_side() => None,
        AlarmState::Alarm => Some(Reason::VetoAlarm { alarm: name }),
        // From ALARM it may go to either: an errors alarm loses its data when the errors stop.
        AlarmState::Ok | AlarmState::InsufficientData
            if (-CLOCK_SKEW..VETO_AFTER).contains(&age) =>
        {
            Some(Reason::VetoAlarmRecent { alarm: name, minutes: age.as_mins().max(0) })
        }
        AlarmState::Ok | AlarmState::InsufficientData => None,
    }
}

fn bake_veto(i: &Inputs<'_>, draft: &Draft) -> Option<Reason> {
    let sizes = i.observation.group.sizes;
    let step = draft.memory.last_lowering;
    let last = draft.memory.last_termination.max(step.map(|s| s.at));
    let until = last.and_then(|at| at.checked_add(i.policy.lower.bake).ok());
    if let Some(until) = until.filter(|until| i.now < *until) {
        return Some(Reason::Baking { until });
    }
    let in_service = i.observation.group.in_service();
    let arriving = draft.memory.mode.is_none_or(|seen| seen.mode == Mode::Owner);
    if arriving && in_service < sizes.desired {
        return Some(Reason::StillArriving { in_service, desired: sizes.desired });
    }
    let unfinished = step.is_some_and(|s| s.desired.is_some()) && in_service > sizes.desired;
    unfinished.then_some(Reason::StepUnfinished { in_service, desired: sizes.desired })
}

fn evidence_without_veto<'a>(
    i: &Inputs<'_>,
    draft: &mut Draft,
    closer: &'a CloserLook,
) -> Result<&'a Evidence, Reason> {
    let evidence =
        closer.evidence.as_ref().map_err(|why| Reason::EvidenceUnavailable { why: why.clone() })?;
    if let Some(status) = &evidence.refresh {
        warn_of_long_refresh(i, draft, status);
        return Err(Reason::RefreshRunning { status: status.clone() });
    }
    draft.memory.since.remove("refresh");
    match unhealed_launch(&evidence.activities) {
        Some(failed) => Err(Reason::LaunchFailed {
            zone: failed.zone.clone().unwrap_or_else(|| "an unnamed zone".into()),
            why: failed.message.chars().take(200).collect(),
        }),
        None => Ok(evidence),
    }
}

/// A failed launch that no later success in its zone makes good. Activities are newest first
/// and of the last 24 hours.
fn unhealed_launch(activities: &[Activity]) -> Option<&Activity> {
    let launches = || activities.iter().filter(|a| a.kind == ActivityKind::Launch);
    launches().filter(|a| a.result == ActivityResult::Failed).find(|failed| {
        !launches().any(|later| {
            later.result == ActivityResult::Successful
                && later.started > failed.started
                && (failed.zone.is_none() || later.zone == failed.zone)
        })
    })
}

/// What the load needs.
struct Need {
    units: u32,
    load: f64,
}

/// By night: the last 30 minutes and the same time in past weeks. By day: the stabilization
/// window.
fn judge_need(i: &Inputs<'_>, draft: &Draft, closer: &CloserLook) -> Result<Need, Reason> {
    let unavailable = |why: &String| Reason::MetricsUnavailable { why: why.clone() };
    let series = closer.recent.as_ref().map_err(unavailable)?;
    let healthy = closer.healthy.as_ref().and_then(|h| h.as_ref().ok());
    let serving = i.observation.group.serving() > 0;
    let reading = LoadReading { series, healthy, serving };
    let night = matches!(i.signal, Signal::Night { .. });
    let window = if night { NIGHT_WINDOW_MINS } else { i.policy.stabilization().as_mins().max(1) };
    let recent = reading.peak(i.now, window)?;
    if let Some(sized) = sizing::followed(i, &draft.memory) {
        return Ok(Need { units: sized.advice.size, load: recent });
    }
    let past = if night {
        past_peak(closer.past.as_ref().map_err(unavailable)?).unwrap_or(0.0)
    } else {
        0.0
    };
    let load = recent.max(past);
    let units = need(load, i.policy.night.headroom, i.policy.capacity_per_instance);
    Ok(Need { units, load })
}

/// The next step down. `MinSize` never goes below the desired capacity of the same step, so it
/// cannot run ahead of what was really terminated.
fn next_step(
    i: &Inputs<'_>,
    draft: &Draft,
    (mode, floor, need): (Mode, u32, u32),
) -> Result<Step, Reason> {
    let sizes = i.observation.group.sizes;
    let target = floor.max(need);
    let from = match mode {
        Mode::Owner => sizes.desired,
        Mode::Floor => sizes.min,
    };
    if from <= floor {
        return Err(Reason::AtFloor { floor });
    }
    if from <= target {
        return Err(Reason::LoadNeedsCapacity { need, have: from });
    }
    let step = step_limit(from, i.policy.lower.step_percent);
    let to = target.max(from.saturating_sub(step));
    let reason = match i.signal {
        Signal::Night { .. } => Reason::NightStep { need, target, from, to },
        _ if sizing::followed(i, &draft.memory).is_some() => {
            Reason::SizingStep { target, from, to }
        }
        _ => Reason::SettleStep { need, target, from, to },
    };
    let min = sizes.min.min(to);
    Ok(match mode {
        Mode::Owner => Step { min, desired: Some(to), reason },
        Mode::Floor => Step { min, desired: None, reason },
    })
}

/// The most that one lowering takes: the percentage rounded down, at least one unit.
pub(super) fn step_limit(from: u32, percent: u32) -> u32 {
    let share = u64::from(from) * u64::from(percent) / 100;
    u32::try_from(share).unwrap_or(u32::MAX).max(1)
}

fn warn_of_long_refresh(i: &Inputs<'_>, draft: &mut Draft, status: &str) {
    if let Some(since) = draft.stands_since("refresh", i.now, REFRESH_PATIENCE) {
        let subject = format!("lowering has waited for an instance refresh since {since}");
        let body = format!("{subject}. Its status is {status}.");
        draft.notices.push(Notice::new(i.fleet, Severity::Warning, "refresh", &subject).body(body));
    }
}

fn warn_of_unknown_load(i: &Inputs<'_>, draft: &mut Draft, unknown: Option<&Reason>) {
    let Some(reason) = unknown else {
        draft.memory.since.remove("load");
        return;
    };
    if let Some(since) = draft.stands_since("load", i.now, UNKNOWN_PATIENCE) {
        let subject = "the load is unknown: nothing is lowered";
        let body = format!("{subject} since {since}: {reason}.");
        draft.notices.push(Notice::new(i.fleet, Severity::Warning, "load", subject).body(body));
    }
}
