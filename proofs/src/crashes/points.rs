//! The enumerator: every call of an event in every scene, lost in every way, and tried again
//! in every way in which the deployed functions are.
//!
//! A point is (scene, call, loss). A loss is the process dying before the call, the process
//! dying after it, or, of a call that changes something, the answer alone being lost. (A read
//! without an answer is a read that failed: a hold with a reason, and a row of its own in the
//! design's failures. The memory's is here all the same: raising goes on without it.) What comes after it ([`After`]):
//! Lambda's retries, the same with every delivery made twice, or no retry at all and only what
//! the schedules bring. Within three tries the world must be where the run without the loss
//! is ([`End`]), and it must still be there after one more tick.
//!
//! A notice may go out a second time only if the first try published it and died before
//! keeping the mark; it may never be lost.

use super::effect::{Effect, effects};
use super::end::End;
use super::scenes::Scene;
use super::stage::{Event, Lambda, Served, minutes, name};
use jiff::Timestamp;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use tidegate_domain::cycle::Planner;
use tidegate_domain::ids::FleetName;
use tidegate_domain::ports::Clock;
use tidegate_fakes::{At, Call, FakeAws, Fault};

/// How often an event is tried, by Lambda and then by its own schedule.
const TRIES: usize = 3;

/// The ways in which a call is lost.
fn losses(call: Call) -> &'static [Fault] {
    const ALL: [Fault; 3] = [Fault::CrashBefore, Fault::CrashAfter, Fault::LostAnswer];
    let [crashes @ .., _] = &ALL;
    if call.is_write() || call == Call::Load { &ALL } else { crashes }
}

/// What comes after a loss.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum After {
    /// Lambda tries what failed again after one minute and after two more; what answered, the
    /// schedule wakes again.
    Retries,
    /// The same, with every delivery made twice.
    Twice,
    /// Lambda has lost the event: ticks, and the schedule's next wake-up.
    Schedules,
}

impl After {
    /// Every one.
    pub const ALL: [Self; 3] = [Self::Retries, Self::Twice, Self::Schedules];
}

/// Which call of the event is lost, from 1, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Loss {
    nth: u32,
    fault: Fault,
}

/// What the enumeration found.
#[derive(Debug, Default)]
pub struct Found {
    /// Points by function.
    pub points: BTreeMap<&'static str, usize>,
    /// Points at side effects, by function and effect.
    pub effects: BTreeMap<(&'static str, Effect), usize>,
    /// Runs by the tries that they took, from one try on.
    pub tries: [usize; TRIES],
    /// Points at which a notice went out twice.
    pub told_twice: usize,
    /// Where a loss made a difference.
    pub differing: Vec<Difference>,
}

/// A loss that made a difference.
#[derive(Debug)]
pub struct Difference {
    scene: &'static str,
    call: Call,
    loss: Loss,
    after: After,
    what: String,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { scene, call, loss: Loss { nth, fault }, after, what } = self;
        write!(f, "{scene}: {fault:?} at call {nth} ({call:?}), then {after:?}: {what}")
    }
}

impl Found {
    /// All points.
    pub fn total(&self) -> usize {
        self.points.values().sum()
    }
}

/// Enumerates the points of these scenes under this planner.
pub fn enumerate(scenes: &[Scene], planner: &'static Planner<'static>) -> Found {
    let mut found = Found::default();
    for scene in scenes {
        let lambda = Lambda::new(scene.fleets, planner);
        Enumeration { lambda: &lambda, scene, found: &mut found }.run();
    }
    found
}

/// One scene's enumeration.
struct Enumeration<'a> {
    lambda: &'a Lambda,
    scene: &'a Scene,
    found: &'a mut Found,
}

impl Enumeration<'_> {
    fn run(&mut self) {
        let peace = After::ALL.map(|after| (after, Play::new(self, after, None).run(None)));
        let Some((_, first)) = peace.first() else { return };
        let function = self.scene.event.duty().function();
        for (nth, (call, effect)) in (1..).zip(first.calls.clone()) {
            let losses = losses(call);
            *self.found.points.entry(function).or_default() += losses.len();
            if let Some(effect) = effect {
                *self.found.effects.entry((function, effect)).or_default() += losses.len();
            }
            for fault in losses {
                for (after, peace) in &peace {
                    self.lose(call, &Loss { nth, fault: fault.clone() }, *after, peace);
                }
            }
        }
    }

    fn lose(&mut self, call: Call, loss: &Loss, after: After, peace: &Played) {
        let played = Play::new(self, after, Some(loss)).run(Some(peace));
        if let Some(count) = played.tries.checked_sub(1).and_then(|n| self.found.tries.get_mut(n)) {
            *count += 1;
        }
        self.found.told_twice += usize::from(played.told.len() > peace.told.len());
        if let Some(what) = played.differs(peace) {
            let (scene, loss) = (self.scene.name, loss.clone());
            self.found.differing.push(Difference { scene, call, loss, after, what });
        }
    }
}

/// What a play came to.
#[derive(Debug)]
struct Played {
    /// The calls of the first try.
    calls: Vec<(Call, Option<Effect>)>,
    tries: usize,
    /// After the last try, and after another tick.
    tried: End,
    end: End,
    /// Notices by fleet and key, in the order of their names.
    told: Vec<(FleetName, String)>,
    /// Notices that the first try published without keeping the mark.
    unmarked: BTreeSet<(FleetName, String)>,
}

impl Played {
    fn differs(&self, peace: &Self) -> Option<String> {
        let differ = |what: &str, ours: &End, theirs: &End| {
            let (more, less) = (ours.beyond(theirs), theirs.beyond(ours));
            (ours != theirs).then(|| format!("{what}\n  got{more}\n  not{less}"))
        };
        let again = peace.told.iter().cloned().chain(self.unmarked.iter().cloned());
        let mut most: Vec<_> = again.collect();
        most.sort();
        let few = peace.told.iter().find(|told| !self.told.contains(told));
        let many = !is_part(&self.told, &most);
        differ("after the tries", &self.tried, &peace.tried)
            .or_else(|| differ("after another tick", &self.end, &peace.end))
            .or_else(|| few.map(|lost| format!("a notice is lost: {lost:?}")))
            .or_else(|| many.then(|| format!("told {:?} instead of {most:?}", self.told)))
    }
}

/// Whether every element of one sorted list is in the other, as often.
fn is_part<T: Ord>(part: &[T], whole: &[T]) -> bool {
    let mut rest = whole.iter();
    part.iter().all(|wanted| rest.any(|found| found == wanted))
}

/// One scene, played once.
struct Play<'a> {
    lambda: &'a Lambda,
    scene: &'a Scene,
    after: After,
    aws: FakeAws,
    start: Timestamp,
    fleets: Vec<FleetName>,
    told_before: usize,
}

impl<'a> Play<'a> {
    fn new(of: &Enumeration<'a>, after: After, loss: Option<&Loss>) -> Self {
        let (lambda, scene) = (of.lambda, of.scene);
        let aws = (scene.set)(lambda);
        aws.clear_log();
        if let Some(Loss { nth, fault }) = loss {
            aws.inject(At::any().nth(*nth), fault.clone());
        }
        let fleets = scene.fleets.iter().map(|fleet| name(fleet)).collect();
        let (start, told_before) = (aws.now(), aws.published().len());
        Self { lambda, scene, after, aws, start, fleets, told_before }
    }

    fn run(self, peace: Option<&Played>) -> Played {
        let before = (self.scene.set)(self.lambda);
        let payload = self.scene.event.payload(self.start);
        let first = self.lambda.deliver(&self.aws, self.scene.event.duty(), &payload);
        let log = self.aws.log();
        let calls = log.iter().map(|l| l.call).zip(effects(&before, &log)).collect();
        let unmarked = self.unmarked();
        self.again(self.scene.event, &payload);
        let tries = match self.after {
            After::Schedules => self.schedules(),
            _ => self.retries(first, peace),
        };
        let tried = self.end();
        self.aws.set_now(self.start + minutes(self.period() + 1));
        self.lambda.wake(&self.aws, Event::Tick);
        let (end, mut told) = (self.end(), self.told());
        told.sort();
        Played { calls, tries, tried, end, told, unmarked }
    }

    /// Lambda's retries of what failed; what answered, its schedule wakes again, for as long as
    /// something is still missing.
    fn retries(&self, first: Served, peace: Option<&Played>) -> usize {
        let (mut served, mut tries) = (first, 1);
        let mut payload = self.scene.event.payload(self.start);
        let mut event = self.scene.event;
        while tries < TRIES {
            if served.is_tried_again() {
                self.aws.advance(minutes(if tries == 1 { 1 } else { 2 }));
            } else if peace.is_none_or(|peace| peace.tried == self.end()) {
                break;
            } else {
                self.aws.set_now(self.next_wake_up());
                event = event.next();
                payload = event.payload(self.aws.now());
            }
            served = self.deliver(event, &payload);
            tries += 1;
        }
        tries
    }

    /// What the schedules bring until the function has been woken again, or three times where
    /// it is woken every minute. The answer is the number of its tries.
    fn schedules(&self) -> usize {
        for _ in 1..=self.period() {
            self.aws.advance(minutes(1));
            self.deliver(Event::Tick, &Event::Tick.payload(self.aws.now()));
        }
        let next = self.scene.event.next();
        if next == Event::Tick {
            return TRIES;
        }
        self.deliver(next, &next.payload(self.aws.now()));
        2
    }

    /// Minutes until the function is woken again; for the tick, until it has been twice.
    fn period(&self) -> i64 {
        if self.scene.event.next() == Event::Tick { 2 } else { 5 }
    }

    fn next_wake_up(&self) -> Timestamp {
        let every = if self.scene.event.next() == Event::Tick { 1 } else { 5 };
        let passed = self.aws.now().duration_since(self.start).as_mins();
        self.start + minutes((passed / every + 1) * every)
    }

    fn deliver(&self, event: Event, payload: &serde_json::Value) -> Served {
        let served = self.lambda.deliver(&self.aws, event.duty(), payload);
        self.again(event, payload);
        served
    }

    /// The second of two deliveries, where everything comes twice.
    fn again(&self, event: Event, payload: &serde_json::Value) {
        if self.after == After::Twice {
            self.lambda.deliver(&self.aws, event.duty(), payload);
        }
    }

    fn end(&self) -> End {
        End::of(&self.aws, &self.fleets)
    }

    fn told(&self) -> Vec<(FleetName, String)> {
        let sent = self.aws.published().into_iter().skip(self.told_before);
        sent.map(|sent| (sent.notice.fleet, sent.notice.key)).collect()
    }

    fn unmarked(&self) -> BTreeSet<(FleetName, String)> {
        let marked = |fleet: &FleetName, key: &str| {
            let memory = self.aws.memory(fleet).map(|stored| stored.memory);
            memory.is_some_and(|memory| memory.notices.contains_key(key))
        };
        self.told().into_iter().filter(|(fleet, key)| !marked(fleet, key)).collect()
    }
}
