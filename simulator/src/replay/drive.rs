//! Tidegate over a trace: the functions' own cycle, woken as the template wakes them.
//!
//! The tick comes at second 10 of every minute, when the metric of the minute before the last
//! one is just published. The day's and the night's functions come every five minutes, at
//! second 20; the calendar decides what holds. Alarms are evaluated when a minute begins, and
//! each transition calls the spike function once.
//!
//! What must stay true: every decision passes the invariants before it is applied, and a broken
//! one ends the run; the same trace, policy and faults give the same ledger, byte for byte.

use crate::plant::{
    ALARMS_AFTER_MINS, Glance, Minute, Outcome, Policy as _, Site, Spec, TargetTracking,
};
use crate::trace::Trace;
use crate::world::faults::Fault;
use crate::world::{AlarmRule, Before, Calls, Queue, Quiet, SimWorld, Sink};
use jiff::SignedDuration;
use std::collections::BTreeMap;
use tidegate_domain::cycle::{CycleError, Question, Run, ask_sizing, cycle};
use tidegate_domain::duty::Duty;
use tidegate_domain::group::{Mode, ScalingPolicy};
use tidegate_domain::ids::FleetName;
use tidegate_domain::ledger::{LedgerEntry, OutcomeWord};
use tidegate_domain::policy::FleetPolicy;
use tidegate_domain::ports::{LeaseToken, PortError};
use tidegate_domain::signal::Signal;
use tidegate_fakes::{Writer, block_on};

/// Seconds of its minute at which the tick comes.
pub const TICK_SECOND: u64 = 10;
/// Seconds of its minute at which the day's and the night's functions come.
pub const WAKE_SECOND: u64 = 20;
/// Minutes between two of their wake-ups.
const WAKE_EVERY: i64 = 5;
/// The template keeps the ledger for a month.
const LEDGER_LIFE: SignedDuration = SignedDuration::from_hours(30 * 24);

/// A native policy on the group beside Tidegate.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Attached {
    /// CPU that it holds, percent.
    pub target: f64,
    /// It may scale in: then Tidegate is in floor mode.
    pub scale_in: bool,
}

/// What is to be rehearsed.
#[derive(Debug, Clone)]
pub struct Setup<'t> {
    /// The load.
    pub trace: &'t Trace,
    /// The plant.
    pub spec: Spec,
    /// The first scored minute.
    pub scored_from: usize,
    /// The fleet's name.
    pub fleet: FleetName,
    /// Its policy.
    pub policy: FleetPolicy,
    /// Alarms of its step tables; the template's where none is given.
    pub alarms: Vec<AlarmRule>,
    /// What goes wrong.
    pub faults: Vec<Fault>,
    /// A native policy beside Tidegate.
    pub attached: Option<Attached>,
    /// Wake-ups that cannot differ from the one before are left out; the ledger is the same.
    pub skips_quiet: bool,
}

/// Wake-ups by their cause.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Woken {
    /// Ticks.
    pub ticks: u64,
    /// Day and night.
    pub schedules: u64,
    /// Alarms.
    pub alarms: u64,
    /// Of all, those that failed, because a port did.
    pub failed: u64,
}

/// What became of a run.
#[derive(Debug)]
pub struct Driven {
    /// The sums of the scored minutes.
    pub outcome: Outcome,
    /// Every minute.
    pub minutes: Vec<Minute>,
    /// What was called.
    pub calls: Calls,
    /// Who was woken how often.
    pub woken: Woken,
    /// The mode as last read.
    pub mode: Option<Mode>,
}

/// Why a run ended early.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum Stopped {
    /// The group cannot be.
    #[error("the group cannot be: {0}")]
    Group(#[from] PortError),
    /// A decision broke an invariant.
    #[error("{at}: {function}, woken by {signal}: {text}")]
    Broken {
        /// When.
        at: jiff::Timestamp,
        /// Which function.
        function: String,
        /// What woke it.
        signal: String,
        /// The decision and the invariant.
        text: String,
    },
}

/// What happens, in the order in which it does at one second.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Event {
    /// A fault begins or ends.
    Fault {
        index: usize,
        begins: bool,
    },
    /// Alarms and native policies look.
    Minute,
    /// The native policy acts.
    Native,
    Tick,
    Day,
    Night,
}

/// Runs Tidegate over a trace; `progress` is told each minute of the trace that begins.
///
/// # Errors
/// [`Stopped`]: the group's sizes contradict each other, or a decision broke an invariant.
pub fn drive<'t>(
    setup: &Setup<'t>,
    sink: Sink<'t>,
    progress: &mut dyn FnMut(usize),
) -> Result<Driven, Stopped> {
    let mut driver = Driver::new(setup, sink)?;
    let end = setup.trace.loads.len() as u64 * 60;
    while let Some((second, event)) = driver.queue.next_before(end) {
        driver.world.advance(second);
        driver.happen(second, event, progress)?;
    }
    driver.world.advance(end);
    let (calls, woken, mode) = (driver.world.calls(), driver.woken, driver.mode);
    let (outcome, minutes) = driver.world.into_site().into_result();
    Ok(Driven { outcome, minutes, calls, woken, mode })
}

struct Driver<'s, 't> {
    setup: &'s Setup<'t>,
    world: SimWorld<'t>,
    queue: Queue<Event>,
    native: Option<(TargetTracking, Option<u32>)>,
    woken: Woken,
    mode: Option<Mode>,
    /// What was quiet, by the signal's word.
    quiet: BTreeMap<&'static str, Quiet>,
}

impl<'s, 't> Driver<'s, 't> {
    fn new(setup: &'s Setup<'t>, sink: Sink<'t>) -> Result<Self, Stopped> {
        let size = setup.spec.first_need(setup.trace);
        let site = Site::new(setup.trace, &setup.spec, size, setup.scored_from)?;
        let mut site = site.silent(Fault::silent(&setup.faults));
        if let Some(Attached { scale_in: can_scale_in, .. }) = setup.attached {
            let name = "target-tracking".to_owned();
            site.touch(|group, _| group.attach_policy(ScalingPolicy { name, can_scale_in }));
        }
        let world = SimWorld::new(site, &setup.policy, &setup.alarms, sink);
        let native = setup.attached.map(|it| (TargetTracking::new(it.target), None));
        let queue = agenda(setup);
        let (woken, quiet) = Default::default();
        Ok(Self { setup, world, queue, native, woken, mode: None, quiet })
    }

    fn happen(
        &mut self,
        second: u64,
        event: Event,
        progress: &mut dyn FnMut(usize),
    ) -> Result<(), Stopped> {
        match event {
            Event::Fault { index, begins } => {
                if let Some(fault) = self.setup.faults.get(index) {
                    self.world.strike(fault, begins);
                }
                return Ok(());
            }
            Event::Minute => {
                let minute = usize::try_from(second / 60).unwrap_or(usize::MAX);
                progress(minute);
                self.look(minute)?;
            }
            Event::Native => self.act(),
            Event::Tick => self.wake(Duty::Spike, Signal::Tick)?,
            Event::Day => self.wake(Duty::Day, Signal::Day)?,
            Event::Night => {
                let scheduled = Some(self.world.at(second - WAKE_SECOND));
                self.wake(Duty::Night, Signal::Night { scheduled })?;
            }
        }
        let again = match event {
            Event::Day | Event::Night => 60 * WAKE_EVERY as u64,
            _ => 60,
        };
        self.queue.put(second + again, event);
        Ok(())
    }

    /// Alarms and native policies look at what is visible when a minute begins.
    fn look(&mut self, minute: usize) -> Result<(), Stopped> {
        if let Some((tracking, wanted)) = &mut self.native {
            let glance = self.world.with_site(|site| Glance::of(site, minute, ALARMS_AFTER_MINS));
            let size = tracking.desired(&glance);
            *wanted = Some(size).filter(|size| *size != glance.desired);
        }
        for change in self.world.ring() {
            self.wake(Duty::Spike, Signal::Alarm(change))?;
        }
        Ok(())
    }

    fn act(&mut self) {
        let inward = self.setup.attached.is_some_and(|it| it.scale_in);
        let Some((_, wanted)) = &mut self.native else { return };
        let Some(size) = wanted.take() else { return };
        self.world.resize(Writer::Tracking, size, inward);
    }

    fn wake(&mut self, duty: Duty, signal: Signal) -> Result<(), Stopped> {
        match (&signal, duty) {
            (Signal::Alarm(_), _) => self.woken.alarms += 1,
            (_, Duty::Spike) => self.woken.ticks += 1,
            _ => self.woken.schedules += 1,
        }
        let word = signal.word();
        let run = Run {
            function: duty.function(),
            fleet: &self.setup.fleet,
            policy: &self.setup.policy,
            signal,
            dry_run: false,
            policy_fault: None,
            ledger_life: LEDGER_LIFE,
        };
        if self.is_left_out(&run) {
            return Ok(());
        }
        let before = self.world.before();
        let entry = match block_on(cycle(&self.world, &run)) {
            Ok(entry) => entry,
            Err(CycleError { entry, .. }) => {
                self.woken.failed += 1;
                let Some(entry) = entry else { return Ok(()) };
                *entry
            }
        };
        self.mode = entry.mode.or(self.mode);
        let is_alarm = word == "alarm";
        if self.setup.skips_quiet && !is_alarm {
            self.note_quiet(word, &before, &entry);
        }
        if entry.outcome == OutcomeWord::Refused { Err(broken(&entry)) } else { Ok(()) }
    }
}

impl Driver<'_, '_> {
    /// Whether this run would be the one before again: then it is counted, and not made.
    fn is_left_out(&self, run: &Run<'_>) -> bool {
        let Some(quiet) = self.quiet.get(run.signal.word()) else { return false };
        if !self.world.is_still(quiet) || quiet.asks() && !self.is_advised_the_same(run, quiet) {
            return false;
        }
        self.world.skip(quiet);
        true
    }

    /// Each minute of the load counts for sizing, so it is asked as the run would ask it.
    fn is_advised_the_same(&self, run: &Run<'_>, quiet: &Quiet) -> bool {
        let (group, memory) = self.world.glimpse();
        let token = LeaseToken(String::new());
        let question = Question { group: &group, memory: &memory, token: &token };
        let answer = block_on(ask_sizing(&self.world, run, &question));
        let same = quiet.was_advised(answer.as_ref());
        if !same {
            self.world.unask();
        }
        same
    }

    fn note_quiet(&mut self, word: &'static str, before: &Before, entry: &LedgerEntry) {
        match self.world.quiet(before, entry, &self.setup.policy) {
            Some(quiet) => {
                self.quiet.insert(word, quiet);
            }
            None if self.quiet.get(word).is_some_and(|old| self.world.stays(old, entry)) => {}
            None => {
                self.quiet.remove(word);
            }
        }
    }
}

fn broken(entry: &LedgerEntry) -> Stopped {
    let (function, signal) = (entry.function.clone(), entry.signal.clone());
    Stopped::Broken { at: entry.at, function, signal, text: entry.text.clone() }
}

/// What is known to happen, each with its first time.
fn agenda(setup: &Setup<'_>) -> Queue<Event> {
    let mut queue = Queue::default();
    for (index, fault) in setup.faults.iter().enumerate() {
        queue.put(fault.from, Event::Fault { index, begins: true });
        queue.put(fault.until, Event::Fault { index, begins: false });
    }
    queue.put(0, Event::Minute);
    if setup.attached.is_some() {
        queue.put(TICK_SECOND, Event::Native);
    }
    queue.put(TICK_SECOND, Event::Tick);
    // `cron(0/5 * * * ? *)`: every zone lies whole five minutes from UTC.
    let first = (-setup.trace.first).rem_euclid(WAKE_EVERY);
    let first = u64::try_from(first).unwrap_or(0) * 60 + WAKE_SECOND;
    queue.put(first, Event::Day);
    queue.put(first, Event::Night);
    queue
}
