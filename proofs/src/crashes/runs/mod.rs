//! Seeded random minutes of the served functions: every delivery once, twice or thrice, those
//! of a minute side by side and in any order, with calls that fail, hang, lose their answers
//! or kill their process, and Lambda's retries. Then the same minutes in peace: each wake-up
//! once, one after the other, nothing going wrong. What was written to the groups must be the
//! same list of changes.
//!
//! # What makes the comparison sound
//! A fault delays: what was due in minute 0 may be done in minute 5. So each [`Plot`] is one
//! whose outcome does not depend on the minute: load, alarms and tags stay as they are; what
//! is launched boots for longer than the play lasts (a run that cannot read its memory takes
//! what is in service for warm, which is right only then); the next bake ends after it.
//! Faults strike in the first [`STORM`] minutes. After them everything is delivered once, one
//! after the other, as in peace: a function that found the lease taken is served by the holder
//! with the holder's signal, and a tick does not lower at night, so a nightly event that met a
//! tick in its last minute would be made good only by the next one. The last wake-ups are
//! later than the bound by which everything has healed: a lease is free 55 seconds after its
//! holder died, a closer look that held is taken again after five minutes.

mod minute;
mod plot;

pub use plot::Plot;

use super::end::{Change, written};
use super::stage::{Event, Lambda, Served, minutes};
use minute::Delivery;
use std::collections::{BTreeMap, BTreeSet};
use tidegate_domain::cycle::Planner;
use tidegate_domain::group::Sizes;
use tidegate_domain::ids::FleetName;
use tidegate_domain::ports::{Clock, PortError};
use tidegate_fakes::{At, Call, FakeAws, Fault, Logged};
use tidegate_histories::dice::Dice;

/// Minutes in which faults strike and deliveries come side by side.
pub const STORM: i64 = 3;

/// Something that a run may have had.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Mark {
    /// Something was delivered more than once.
    Duplicate,
    /// A lease was found taken.
    Concurrency,
    /// A process died.
    Death,
    /// A write lost its answer.
    LostAnswer,
    /// A call was throttled.
    Throttle,
    /// The capacity was changed.
    Change,
}

/// What many runs came to.
#[derive(Debug, Default)]
pub struct Tally {
    /// Runs played.
    pub runs: u64,
    /// Runs of the handler in them.
    pub served: u64,
    /// Changes of capacity in them.
    pub changes: u64,
    /// Runs that had each mark.
    pub with: BTreeMap<Mark, u64>,
    /// What was not as in peace.
    pub differing: Vec<String>,
}

impl Tally {
    /// Both.
    #[must_use]
    pub fn and(mut self, other: Self) -> Self {
        self.runs += other.runs;
        self.served += other.served;
        self.changes += other.changes;
        other.with.into_iter().for_each(|(mark, n)| *self.with.entry(mark).or_default() += n);
        self.differing.extend(other.differing);
        self
    }

    /// One more run.
    fn count(&mut self, told: &Told, outcome: &Outcome) {
        let changes: usize = outcome.values().map(|(changes, _)| changes.len()).sum();
        let changed = (changes > 0).then_some(Mark::Change);
        self.runs += 1;
        self.served += told.served;
        self.changes += u64::try_from(changes).unwrap_or(u64::MAX);
        for mark in told.marks.iter().copied().chain(changed) {
            *self.with.entry(mark).or_default() += 1;
        }
    }
}

/// What was written, by fleet, and the sizes at the end.
type Outcome = BTreeMap<FleetName, (Vec<Change>, Option<Sizes>)>;

/// Plays the runs of these seeds with this planner.
pub fn play(seeds: impl Iterator<Item = u64>, planner: &'static Planner<'static>) -> Tally {
    let mut player = Player {
        one: Lambda::new(&["web"], planner),
        two: Lambda::new(&["api", "web"], planner),
        peace: BTreeMap::new(),
        tally: Tally::default(),
    };
    seeds.for_each(|seed| player.play(seed));
    player.tally
}

struct Player {
    one: Lambda,
    two: Lambda,
    /// The outcome of each plot in peace.
    peace: BTreeMap<Plot, Outcome>,
    tally: Tally,
}

impl Player {
    fn play(&mut self, seed: u64) {
        let mut dice = Dice::new(seed);
        let plot = Plot::random(&mut dice);
        let (outcome, told) = self.storm(&plot, &mut dice);
        let lambda = self.lambda(&plot);
        let peace = match self.peace.get(&plot) {
            Some(peace) => peace.clone(),
            None => in_peace(lambda, &plot),
        };
        if outcome != peace {
            let what = format!("seed {seed}, {plot:?}:\n  got {outcome:?}\n  not {peace:?}");
            self.tally.differing.push(what);
        }
        self.tally.count(&told, &outcome);
        self.peace.entry(plot).or_insert(peace);
    }

    fn lambda(&self, plot: &Plot) -> &Lambda {
        if plot.fleets().len() == 1 { &self.one } else { &self.two }
    }

    /// The plot in bad weather.
    fn storm(&self, plot: &Plot, dice: &mut Dice) -> (Outcome, Told) {
        let lambda = self.lambda(plot);
        let aws = plot.world(lambda);
        let start = aws.now();
        aws.clear_log();
        aws.interleave();
        inject(&aws, dice);
        let (told, late) = (Told::default(), BTreeMap::new());
        let mut storm = Storm { lambda, plot, aws, told, late };
        for minute in 0..=plot.last_minute() {
            storm.aws.set_now(start + minutes(minute));
            if minute == STORM {
                storm.told.look_at(&storm.aws);
                storm.aws.heal();
            }
            storm.minute(minute, (minute < STORM).then_some(&mut *dice));
        }
        (outcome(&storm.aws, plot), storm.told)
    }
}

/// A plot in bad weather, on its way.
struct Storm<'a> {
    lambda: &'a Lambda,
    plot: &'a Plot,
    aws: FakeAws,
    told: Told,
    /// What Lambda tries again, by minute.
    late: BTreeMap<i64, Vec<Delivery>>,
}

impl Storm<'_> {
    fn minute(&mut self, minute: i64, mut dice: Option<&mut Dice>) {
        let mut due = self.late.remove(&minute).unwrap_or_default();
        let now = self.aws.now();
        due.extend(minute::wake_ups(self.plot, minute, now, dice.as_deref_mut()));
        self.told.marks.extend(has_twins(&due).then_some(Mark::Duplicate));
        let served = minute::deliver(self.lambda, &self.aws, &due, dice);
        for (delivery, served) in due.into_iter().zip(served) {
            self.told.note(served);
            if let Some((minute, again)) = delivery.again(minute, served) {
                self.late.entry(minute).or_default().push(again);
            }
        }
    }
}

/// What happened in one run.
#[derive(Debug, Default)]
struct Told {
    marks: BTreeSet<Mark>,
    served: u64,
}

impl Told {
    fn note(&mut self, served: Served) {
        self.served += 1;
        self.marks.extend(match served {
            Served::InProgress => Some(Mark::Concurrency),
            Served::Died => Some(Mark::Death),
            Served::Answered | Served::Failed => None,
        });
    }

    fn look_at(&mut self, aws: &FakeAws) {
        let mark = |l: &Logged| match &l.result {
            Err(PortError::Throttled { .. }) => Some(Mark::Throttle),
            Err(PortError::Unavailable { why, .. }) if why == "the answer was lost" => {
                l.call.is_write().then_some(Mark::LostAnswer)
            }
            _ => None,
        };
        self.marks.extend(aws.calls(|l| mark(l).is_some()).iter().filter_map(mark));
    }
}

fn has_twins(due: &[Delivery]) -> bool {
    let mut rest = due;
    while let Some((first, others)) = rest.split_first() {
        if others.contains(first) {
            return true;
        }
        rest = others;
    }
    false
}

/// Up to three faults, half of them at writes.
fn inject(aws: &FakeAws, dice: &mut Dice) {
    for _ in 0..dice.below(4) {
        let fault = match dice.below(8) {
            0 | 1 => Fault::CrashBefore,
            2 | 3 => Fault::CrashAfter,
            4 | 5 => Fault::LostAnswer,
            6 => Fault::Throttled,
            _ => Fault::Slow(jiff::SignedDuration::from_secs(7)),
        };
        let at = if dice.below(2) == 0 {
            At::any().nth(dice.number(1, 60))
        } else {
            At::all(Call::is_write).nth(dice.number(1, 20))
        };
        aws.inject(at, fault);
    }
}

/// The plot in peace: every wake-up once, one after the other.
fn in_peace(lambda: &Lambda, plot: &Plot) -> Outcome {
    let aws = plot.world(lambda);
    let start = aws.now();
    for minute in 0..=plot.last_minute() {
        aws.set_now(start + minutes(minute));
        let due = minute::wake_ups(plot, minute, aws.now(), None);
        minute::deliver(lambda, &aws, &due, None);
    }
    outcome(&aws, plot)
}

fn outcome(aws: &FakeAws, plot: &Plot) -> Outcome {
    let of = |fleet: &FleetName| (written(aws, fleet), aws.sizes(fleet));
    plot.fleets().into_iter().map(|fleet| (fleet.clone(), of(&fleet))).collect()
}

/// The schedules' wake-ups of a minute: the tick, where it can matter, and every five minutes
/// both other functions.
fn schedules(plot: &Plot, minute: i64) -> Vec<Event> {
    let ticks = minute < STORM || minute % 5 == 0 || minute == plot.last_minute();
    let tick: &[Event] = if ticks { &[Event::Tick] } else { &[] };
    let every_five: &[Event] = if minute % 5 == 0 { &[Event::Night, Event::Day] } else { &[] };
    [tick, every_five].concat()
}
