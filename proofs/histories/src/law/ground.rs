//! What a lowering may stand on: tags, processes, activities, alarms, load, as they really were.

use super::{Law, Lowering, PROCESSES, unless};
use crate::stage::{Theatre, fleet};
use crate::truth::{Levels, Truth};
use jiff::{SignedDuration, Timestamp};
use tidegate_domain::arbiter::Limits;
use tidegate_domain::group::{Activity, ActivityKind, ActivityResult, Group};
use tidegate_domain::metrics::AlarmState;
use tidegate_domain::policy::FleetPolicy;

/// A veto alarm forbids lowering for this long after it changed.
const VETO_AFTER: SignedDuration = SignedDuration::from_mins(15);

/// What an operator's tags hold.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Held {
    No,
    NoScaleIn,
    All,
}

/// What the operator's tags say; what cannot be read holds.
pub(super) fn hold(group: &Group, now: Timestamp) -> Held {
    let tag = |key: &str| group.tags.get(key).map(|v| v.trim());
    match tag("tidegate:until").map(str::parse::<Timestamp>) {
        Some(Err(_)) => return Held::NoScaleIn,
        Some(Ok(until)) if until <= now => return Held::No,
        _ => {}
    }
    if tag("tidegate:floor").is_some_and(|floor| floor.parse::<u32>().is_err()) {
        return Held::NoScaleIn;
    }
    match tag("tidegate:hold") {
        None | Some("none") => Held::No,
        Some("all") => Held::All,
        Some(_) => Held::NoScaleIn,
    }
}

pub(super) fn judge_group(
    theatre: &Theatre,
    group: &Group,
    policy: &FleetPolicy,
    at: Timestamp,
) -> Law {
    let truth = &theatre.truth;
    unless(hold(group, at) == Held::No, 3, || format!("against a tag: {:?}", group.tags))?;
    for process in PROCESSES {
        unless(!group.is_suspended(process), 3, || format!("{process} is suspended"))?;
    }
    unless(!truth.refresh, 3, || "in an instance refresh".into())?;
    unless(!truth.table_missing, 3, || "without the control table".into())?;
    unless(!truth.memory_garbled, 3, || "without memory".into())?;
    unless(!truth.policy_broken, 3, || "under a policy that is not the newest".into())?;
    let activities = theatre.aws.activities(fleet());
    let broken = unhealed(&activities, at);
    unless(broken.is_none(), 3, || format!("launches fail: {broken:?}"))?;
    let floor = Limits::of(policy, group.sizes.max).clamp(policy.day_floor);
    let backstop = theatre.aws.backstop(fleet());
    let stands = backstop.as_ref().is_some_and(|b| b.min >= floor);
    unless(stands, 7, || format!("the backstop is {backstop:?}"))
}

/// A launch that failed within a day in a zone where none succeeded since.
fn unhealed(activities: &[Activity], now: Timestamp) -> Option<&Activity> {
    // What begins in this very moment is our doing, or came after our last look.
    let day = SignedDuration::ZERO..SignedDuration::from_hours(24);
    let recent = |a: &&Activity| a.started < now && day.contains(&now.duration_since(a.started));
    let launches: Vec<_> =
        activities.iter().filter(recent).filter(|a| a.kind == ActivityKind::Launch).collect();
    let healed = |failed: &Activity| {
        launches.iter().any(|a| {
            let there = failed.zone.is_none() || a.zone == failed.zone;
            a.result == ActivityResult::Successful && there && a.started > failed.started
        })
    };
    launches.iter().find(|a| a.result == ActivityResult::Failed && !healed(a)).copied()
}

pub(super) fn judge_alarms(truth: &Truth, at: Timestamp) -> Law {
    unless(truth.spike.state != AlarmState::Alarm, 3, || "the spike alarm is in ALARM".into())?;
    for veto in truth.vetoes {
        unless(!veto.gone, 3, || "a veto alarm is gone".into())?;
        let old = at.duration_since(veto.since) >= VETO_AFTER;
        let quiet = veto.state != AlarmState::Alarm && old;
        unless(quiet, 3, || format!("a veto alarm: {veto:?}"))?;
    }
    Ok(())
}

/// What is left serves the load of the last minutes, and that load is known.
pub(super) fn judge_load(
    truth: &Truth,
    group: &Group,
    (policy, sized): (&FleetPolicy, bool),
    lowering: Lowering,
) -> Law {
    let Lowering { at, to, .. } = lowering;
    let sane = |v: f64| v.is_finite() && v >= 0.0;
    let loads = |from, to| truth.between(at, from, to).filter_map(|l: Levels| l.load);
    unless(loads(30, 3).all(sane), 2, || "on a load that is no number".into())?;
    let alive = truth.between(at, 6, 1).filter_map(|l| l.healthy).any(|h| h > 0.0);
    let seen = loads(8, 1).next().is_some();
    unless(seen || alive, 2, || "on a load that nobody published".into())?;
    // To the newest minute that a run can judge: where the load is back in it, nothing stands on
    // a zero any more, and the highest minute of the window is what counts.
    let quiet = truth.between(at, 7, 2).all(|l| l.load.is_none_or(|v| v == 0.0));
    let busy = loads(60, 10).count() > 30 && loads(60, 10).all(|v| v >= 50.0);
    let plausible = !(quiet && busy && group.serving() > 0);
    unless(plausible, 2, || "on a zero that cannot be believed".into())?;
    let peak = loads(10, 4).fold(0.0, f64::max);
    // What sizing leaves unserved has its price; it is not a law.
    let enough = sized || f64::from(to) * policy.capacity_per_instance + 1e-6 >= peak;
    unless(enough, 5, || format!("{to} are left for a load of {peak}"))
}
