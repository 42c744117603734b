//! Observing: the glance of every run, and the closer look.

use super::Run;
use crate::decide::schedule;
use crate::group::{Backstop, Group};
use crate::load::READ_MINUTES;
use crate::metrics::{Series, Window};
use crate::observation::{CloserLook, Observation, Reading};
use crate::ports::World;
use crate::signal::Signal;
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeMap;

/// A glance heals ticks that were missed for this long.
const GLANCE: SignedDuration = SignedDuration::from_mins(15);
/// Weeks of minute data that CloudWatch keeps (15 days).
const PAST_WEEKS: std::ops::RangeInclusive<i32> = 1..=2;
/// The night compares with this long before and after the same time of past weeks.
const PAST_SPAN: SignedDuration = SignedDuration::from_mins(30);

/// The alarms of the policy and the newest minutes of the spike alarms' metrics.
pub(super) async fn glance<W: World>(world: &W, run: &Run<'_>, group: Group) -> Observation {
    let names = run.policy.alarm_names();
    let alarms = if names.is_empty() {
        Ok(BTreeMap::new())
    } else {
        world.alarms(&names).await.map_err(|e| e.to_string())
    };
    let watched: Vec<_> = run
        .policy
        .spikes
        .iter()
        .filter_map(|spike| {
            let alarm = alarms.as_ref().ok()?.get(&spike.alarm)?;
            Some((spike.alarm.clone(), alarm.query.clone()?))
        })
        .collect();
    let (names, queries): (Vec<_>, Vec<_>) = watched.into_iter().unzip();
    let spikes = if queries.is_empty() {
        Ok(BTreeMap::new())
    } else {
        let read = world.read(&queries, Window::before(world.now(), GLANCE)).await;
        read.map(|series| names.into_iter().zip(series).collect()).map_err(|e| e.to_string())
    };
    Observation { group, alarms, spikes, sizing: None, closer: None }
}

/// Everything that a lowering, a forecast or a deadline needs.
pub(super) async fn closer<W: World>(world: &W, run: &Run<'_>, observation: &mut Observation) {
    let now = world.now();
    let evidence = world.evidence(run.fleet, now).await.map_err(|e| e.to_string());
    let load = &run.policy.load;
    let mut queries = vec![load.query.clone()];
    queries.extend(load.healthy.clone());
    let window = Window::before(now, SignedDuration::from_mins(READ_MINUTES));
    let mut read = match world.read(&queries, window).await {
        Ok(series) => series.into_iter().map(Ok).collect(),
        Err(error) => vec![Err(error.to_string()); queries.len()],
    };
    let healthy = load.healthy.as_ref().and_then(|_| read.pop());
    let missing = || Err("the answer has no series".to_owned());
    let recent: Reading<Series> = read.pop().unwrap_or_else(missing);
    let past = past(world, run, now).await;
    let backstop_error = observation.closer.take().and_then(|c| c.backstop_error);
    observation.closer = Some(CloserLook { evidence, recent, healthy, past, backstop_error });
}

async fn past<W: World>(world: &W, run: &Run<'_>, now: Timestamp) -> Reading<Vec<Series>> {
    let mut series = Vec::new();
    for window in past_windows(run, now) {
        let read = world.read(std::slice::from_ref(&run.policy.load.query), window).await;
        series.extend(read.map_err(|e| e.to_string())?);
    }
    Ok(series)
}

/// By night around the same time of past weeks; for the day their first hours.
fn past_windows(run: &Run<'_>, now: Timestamp) -> Vec<Window> {
    let calendar = &run.policy.calendar;
    let before = |at: Timestamp| PAST_WEEKS.filter_map(move |w| calendar.weeks_before(at, w));
    let span = |from: Timestamp, length: SignedDuration| {
        let until = from.checked_add(length).ok()?;
        Some(Window { from, until })
    };
    match run.signal {
        Signal::Night { .. } => before(now)
            .filter_map(|at| span(at.checked_sub(PAST_SPAN).ok()?, PAST_SPAN * 2))
            .collect(),
        Signal::Day => schedule::first_hour_start(run.policy, now)
            .into_iter()
            .flat_map(before)
            .filter_map(|at| span(at, schedule::FIRST_HOUR))
            .collect(),
        Signal::Tick | Signal::Alarm(_) => Vec::new(),
    }
}

/// Writes the backstop and looks whether it is there. A dry run only supposes it.
pub(super) async fn backstop<W: World>(
    world: &W,
    run: &Run<'_>,
    observation: &mut Observation,
    wanted: &Backstop,
) {
    if run.dry_run {
        if let Some(Ok(evidence)) = observation.closer.as_mut().map(|c| &mut c.evidence) {
            evidence.backstop = Some(wanted.clone());
        }
        return;
    }
    let written = world.put_backstop(run.fleet, wanted).await;
    let evidence = world.evidence(run.fleet, world.now()).await.map_err(|e| e.to_string());
    let Some(closer) = observation.closer.as_mut() else { return };
    closer.evidence = evidence;
    closer.backstop_error = Some(match written {
        Err(error) => error.to_string(),
        Ok(()) => "it was written and does not show".to_owned(),
    });
}
