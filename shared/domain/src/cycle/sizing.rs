//! Asking sizing: its state, the minutes that it has not seen, the advice, and the state again.
//!
//! What must stay true: only a tick asks; whatever fails here costs the advice or work that is
//! done again, never the run; a state of a newer version is left alone.

use super::Run;
use crate::arbiter::Limits;
use crate::decide::{schedule, sizing};
use crate::group::Group;
use crate::load::LoadReading;
use crate::memory::Memory;
use crate::metrics::{Point, Window};
use crate::observation::{Advised, Reading};
use crate::policy::{FleetPolicy, SizingMode};
use crate::ports::{LeaseToken, PortError, Stored, StoredSizing, World};
use crate::signal::Signal;
use crate::sizing::{CATCH_UP_MINS, Rails, STORED_EVERY_MINS, Sizing, Terms};
use jiff::Timestamp;
use std::collections::BTreeSet;

/// A minute that was not published two minutes after it could be judged is missing for good.
const LATE_MINS: i64 = 2;
/// A minute is judged when it began this many minutes ago.
const JUDGED_AFTER_MINS: i64 = 2;

/// What sizing is asked on.
#[derive(Debug, Clone, Copy)]
pub struct Question<'a> {
    /// The group.
    pub group: &'a Group,
    /// The fleet's memory.
    pub memory: &'a Memory,
    /// Whose run it is.
    pub token: &'a LeaseToken,
}

/// What sizing advises in a run; none when it is off, or when it is no tick that asks. Its state
/// takes in the minutes that have come since; asked again in the same minute it says the same.
pub async fn ask_sizing<W: World>(
    world: &W,
    run: &Run<'_>,
    question: &Question<'_>,
) -> Option<Reading<Advised>> {
    if run.policy.sizing.mode == SizingMode::Off || run.signal != Signal::Tick {
        return None;
    }
    Some(advise(world, run, question).await)
}

async fn advise<W: World>(world: &W, run: &Run<'_>, question: &Question<'_>) -> Reading<Advised> {
    let terms = terms(run.policy, question)?;
    let stored = world.sizing(run.fleet).await.map_err(|error| error.to_string())?;
    let (mut learned, mut trouble) = read(stored)?;
    let before = learned.state.next_minute();
    let caught_up = catch_up(world, run, question, (&mut learned.state, &terms)).await;
    if !run.dry_run && is_due(before, learned.state.next_minute()) {
        trouble = keep(world, run, question, &mut learned).await.or(trouble);
    }
    let asked = question.group.sizes.desired;
    let in_burst = sizing::in_burst(question.memory, world.now());
    let advice = learned.state.advise(asked, in_burst, &terms);
    let Learned { state, version, lost_race } = learned;
    if !lost_race {
        world.keep_warm(run.fleet, StoredSizing { state: Ok(state), version });
    }
    caught_up.map(|()| Advised { advice, trouble })
}

struct Learned {
    state: Sizing,
    version: u64,
    /// Another run kept its own: that one is read next.
    lost_race: bool,
}

/// The state, and what is to be told of it.
fn read(stored: Option<StoredSizing>) -> Result<(Learned, Option<String>), String> {
    let learned = |state, version| Learned { state, version, lost_race: false };
    let Some(StoredSizing { state, version }) = stored else {
        return Ok((learned(Sizing::default(), 0), None));
    };
    match state {
        Ok(state) => Ok((learned(state, version), None)),
        Err(fault) if fault.is_newer() => Err(fault.to_string()),
        Err(fault) => {
            let trouble = format!("sizing learns anew: {fault}");
            Ok((learned(Sizing::default(), version), Some(trouble)))
        }
    }
}

/// Keeps the state; the answer is what went wrong.
async fn keep<W: World>(
    world: &W,
    run: &Run<'_>,
    question: &Question<'_>,
    learned: &mut Learned,
) -> Option<String> {
    let Learned { state, version, .. } = &*learned;
    match world.put_sizing(run.fleet, *version, state, question.token).await {
        Ok(Stored::Version(version)) => learned.version = version,
        Ok(Stored::Conflict) => learned.lost_race = true,
        Err(error) => return Some(format!("what sizing learned is not kept: {error}")),
    }
    None
}

/// Charges what has come since.
async fn catch_up<W: World>(
    world: &W,
    run: &Run<'_>,
    question: &Question<'_>,
    (state, terms): (&mut Sizing, &Terms),
) -> Result<(), String> {
    let newest = minute(world.now()) - JUDGED_AFTER_MINS;
    let earliest = newest - CATCH_UP_MINS + 1;
    let from = state.next_minute().map_or(earliest, |next| next.max(earliest));
    if from > newest {
        return Ok(());
    }
    let window = window(from, newest).ok_or("the time is out of range")?;
    let load = &run.policy.load;
    let mut queries = vec![load.query.clone()];
    queries.extend(load.healthy.clone());
    let mut read = world.read(&queries, window).await.map_err(|e: PortError| e.to_string())?;
    let healthy = load.healthy.as_ref().and_then(|_| read.pop());
    let series = read.pop().unwrap_or_default();
    let serving = question.group.serving() > 0;
    let reading = LoadReading { series: &series, healthy: healthy.as_ref(), serving };
    let known = reading.known_minutes(newest);
    let last = known.keys().next_back().copied().unwrap_or(i64::MIN).max(newest - LATE_MINS);
    let points: Vec<Point> = known.into_iter().filter_map(|(m, value)| point(m, value)).collect();
    let stood = Point { at: world.now(), value: f64::from(question.group.serving()) };
    state.catch_up(&points, &[stood], last, terms);
    Ok(())
}

fn terms(policy: &FleetPolicy, question: &Question<'_>) -> Result<Terms, String> {
    let limits = Limits::of(policy, question.group.sizes.max);
    let boot = schedule::boot(policy, question.memory);
    let bake = (policy.lower.bake.as_secs() + 59) / 60;
    // A termination is seen by the tick after it.
    let bake_mins = u8::try_from(bake + 1).unwrap_or(u8::MAX);
    let rails = Rails { step_percent: policy.lower.step_percent, bake_mins };
    let capacity = policy.capacity_per_instance;
    let terms = Terms::new(capacity, boot, limits, rails).map_err(|error| error.to_string())?;
    let terms = terms.with_dial(policy.sizing.dial).confirmed(policy.sizing.capacity_confirmed);
    if !policy.sizing.az_reserve {
        return Ok(terms);
    }
    let zones: BTreeSet<&str> = question.group.instances.iter().map(|x| x.zone.as_str()).collect();
    Ok(terms.with_az_reserve(u32::try_from(zones.len()).unwrap_or(u32::MAX)))
}

/// Whether a stretch ended after which the state is kept.
fn is_due(before: Option<i64>, after: Option<i64>) -> bool {
    let stretch = |minute: i64| minute.div_euclid(STORED_EVERY_MINS);
    before.map(stretch) != after.map(stretch)
}

fn minute(at: Timestamp) -> i64 {
    at.as_second().div_euclid(60)
}

fn window(from: i64, newest: i64) -> Option<Window> {
    let start = |minute: i64| Timestamp::from_second(minute * 60).ok();
    Some(Window { from: start(from)?, until: start(newest + 1)? })
}

fn point(minute: i64, value: f64) -> Option<Point> {
    Some(Point { at: Timestamp::from_second(minute * 60).ok()?, value })
}
