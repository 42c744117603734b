//! Playing a history: each step happens, then the laws are judged.

use super::law::{Broken, Judge, Scene as Moment};
use super::serve::{Answer, Delivery, Sent};
use super::stage::{Theatre, fleet};
use super::step::{Event, History, Step};
use super::tally::Tally;
use super::truth::Levels;
use super::watch::{Plan, Watch};
use jiff::SignedDuration;
use std::sync::Arc;
use tidegate_domain::cycle::CycleError;
use tidegate_domain::decide::Action;
use tidegate_domain::ledger::LedgerEntry;
use tidegate_domain::metrics::AlarmState;
use tidegate_domain::ports::{Clock, Groups};
use tidegate_fakes::{SizeChange, block_on};

/// What a history came to.
#[derive(Debug, Clone, Default)]
pub struct Played {
    /// Decisions that were checked.
    pub decisions: u64,
    /// Reasons, of decisions and of whole runs.
    pub reasons: Tally,
    /// Lowerings that were judged.
    pub lowerings: u64,
    /// Notices that went out.
    pub notices: u64,
}

/// A history being played.
#[derive(Debug)]
pub struct Player {
    pub(super) theatre: Theatre,
    pub(super) watch: Arc<Watch>,
    pub(super) judge: Judge,
    pub(super) outcomes: Tally,
    pub(super) dry_run: bool,
    pub(super) seconds_left: Option<u16>,
    /// A fault or a hook may strike.
    pub(super) armed: bool,
    pub(super) policies: u32,
    pub(super) checker: Checker,
    pub(super) transcript: Option<String>,
}

/// Whether the checker stands between a wrong decision and the group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Checker {
    /// What it finds breaks the history.
    On,
    /// What it refuses is done all the same: the laws must see the harm.
    Off,
}

/// Plays a history with this planner.
///
/// # Errors
/// The first law that was broken.
pub fn play(history: &History, plan: Plan) -> Result<Played, Broken> {
    play_with(history, plan, Checker::On)
}

/// Plays a history with this planner, with or without the checker.
///
/// # Errors
/// The first law that was broken.
pub fn play_with(history: &History, plan: Plan, checker: Checker) -> Result<Played, Broken> {
    let mut player = Player { checker, ..Player::new(history, plan) };
    for step in &history.steps {
        player.step(step)?;
    }
    player.end()?;
    Ok(player.played())
}

impl Player {
    /// The stage is set.
    pub fn new(history: &History, plan: Plan) -> Self {
        Self {
            theatre: Theatre::new(&history.scene),
            watch: Arc::new(Watch::new(plan)),
            judge: Judge::default(),
            outcomes: Tally::default(),
            dry_run: false,
            seconds_left: None,
            armed: false,
            policies: 0,
            checker: Checker::On,
            transcript: None,
        }
    }

    /// With a transcript from here on.
    #[must_use]
    pub fn recorded(self) -> Self {
        Self { transcript: Some(String::new()), ..self }
    }

    /// Every answer since it is recorded, a line of JSON each; an error in its words.
    pub fn transcript(&self) -> &str {
        self.transcript.as_deref().unwrap_or_default()
    }

    /// The world.
    pub fn theatre(&self) -> &Theatre {
        &self.theatre
    }

    /// What it came to so far.
    pub fn played(&self) -> Played {
        let seen = self.watch.seen();
        let mut reasons = seen.reasons;
        reasons.merge(&self.outcomes);
        let notices = self.theatre.aws.published().len();
        Played {
            decisions: seen.decisions,
            reasons,
            lowerings: self.judge.lowerings,
            notices: u64::try_from(notices).unwrap_or(u64::MAX),
        }
    }

    /// One step.
    ///
    /// # Errors
    /// The law that it broke.
    pub fn step(&mut self, step: &Step) -> Result<(), Broken> {
        match step {
            Step::Deliver(event) => self.deliver(*event, 0),
            Step::Late(event, minutes) => self.deliver(*event, i64::from(*minutes)),
            Step::Twice(event) => self.twice(*event),
            Step::Together(a, b) => self.together(*a, *b),
            Step::Schedule(event, every, times) => self.schedule(*event, *every, *times),
            Step::Blame(event, minutes) => self.blame(*event, i64::from(*minutes)),
            Step::Silence(minutes, event) => self.silence(i64::from(*minutes), *event),
            other => {
                self.happen(other);
                self.judge(&Moment::quiet())
            }
        }
    }

    fn schedule(&mut self, event: Event, every: u16, times: u16) -> Result<(), Broken> {
        for _ in 0..times {
            self.deliver(event, 0)?;
            self.theatre.pass(i64::from(every));
        }
        Ok(())
    }

    fn blame(&mut self, event: Event, minutes: i64) -> Result<(), Broken> {
        self.deliver(event, 0)?;
        self.theatre.pass(minutes);
        self.veto(0, Some(AlarmState::Alarm));
        self.deliver(Event::Tick, 0)?;
        self.theatre.pass(2);
        self.veto(0, Some(AlarmState::Ok));
        self.theatre.pass(16);
        self.deliver(event, 0)
    }

    fn silence(&mut self, minutes: i64, event: Event) -> Result<(), Broken> {
        let spoken = self.theatre.truth.levels;
        self.theatre.truth.levels = Levels { load: None, healthy: None, ..spoken };
        self.theatre.pass(minutes);
        self.deliver(event, 0)?;
        self.theatre.truth.levels = spoken;
        Ok(())
    }

    fn deliver(&mut self, event: Event, late_minutes: i64) -> Result<(), Broken> {
        let sent = self.sent();
        self.theatre.pass(late_minutes);
        let moment = Moment::of(&[event], late_minutes, &sent);
        let delivery = self.delivery(event, sent);
        let (answer, policy) = block_on(delivery.serve());
        self.theatre.held = policy;
        self.note(&answer);
        self.do_what_was_refused();
        self.judge(&moment)
    }

    /// The second delivery does not do again what the first did, unless the first was kept from
    /// its work. (It may do what comes next: a look that raised is followed by one that lowers
    /// what stands above the new floor, as by the next tick.)
    fn twice(&mut self, event: Event) -> Result<(), Broken> {
        let truth = &self.theatre.truth;
        // Without memory a second look cannot know of the first; the step table bounds it.
        let blind = truth.table_missing || truth.memory_garbled;
        let undisturbed = !blind && !self.armed && self.seconds_left.is_none() && !self.dry_run;
        let changes = |player: &Self| player.theatre.aws.size_changes(fleet());
        let begun = changes(self).len();
        self.deliver(event, 0)?;
        let once = changes(self).len();
        self.deliver(event, 0)?;
        let all = changes(self);
        let (first, second) = (all.get(begun..once), all.get(once..));
        let (first, second) = (first.unwrap_or_default(), second.unwrap_or_default());
        let again = |way: fn(&SizeChange) -> bool| first.iter().any(way) && second.iter().any(way);
        let raised = again(|c| c.to.min > c.from.min);
        let lowered = again(|c| c.to.desired < c.from.desired || c.to.min < c.from.min);
        if undisturbed && (raised || lowered) {
            return Err(Broken::law(4, format!("a duplicated event: {first:?}, then {second:?}")));
        }
        Ok(())
    }

    fn together(&mut self, a: Event, b: Event) -> Result<(), Broken> {
        let sent = self.sent();
        let moment = Moment::of(&[a, b], 0, &sent);
        self.theatre.aws.interleave();
        let (a, b) = (self.delivery(a, sent), self.delivery(b, sent));
        let both = async { tokio::join!(a.serve(), b.serve()) };
        let ((first, policy), (second, _)) = block_on(both);
        self.theatre.held = policy;
        self.note(&first);
        self.note(&second);
        self.judge(&moment)
    }

    fn sent(&mut self) -> Sent {
        Sent { at: self.theatre.aws.now(), dry_run: std::mem::take(&mut self.dry_run) }
    }

    fn delivery(&mut self, event: Event, sent: Sent) -> Delivery {
        let now = self.theatre.aws.now();
        self.theatre.fill(now);
        let delivery = Delivery::new(&self.theatre, &self.watch, event, sent);
        if let Some(seconds) = self.seconds_left.take() {
            delivery.run().set_time_left(SignedDuration::from_secs(i64::from(seconds)));
        }
        delivery
    }

    fn record(&mut self, failed: Option<&CycleError>, entry: Option<&LedgerEntry>) {
        let Some(transcript) = &mut self.transcript else { return };
        let failed = failed.map(ToString::to_string);
        let entry = entry.and_then(|entry| serde_json::to_string(entry).ok());
        for line in [failed, entry].into_iter().flatten() {
            transcript.push_str(&line);
            transcript.push('\n');
        }
    }

    fn note(&mut self, answer: &Answer) {
        for outcome in answer {
            let entry = match outcome {
                Ok(entry) => Some(entry),
                Err(failed) => failed.entry.as_deref(),
            };
            self.record(outcome.as_ref().err(), entry);
            let Some(entry) = entry else { continue };
            self.judge.note(entry);
            self.outcomes.count(&entry.reason);
        }
    }

    /// Without the checker the refused action reaches the group.
    fn do_what_was_refused(&self) {
        let Some(action) = self.watch.take_refused().filter(|_| self.checker == Checker::Off)
        else {
            return;
        };
        let aws = self.theatre.aws.new_run();
        match action {
            Action::Raise { min } => drop(block_on(aws.set_min(fleet(), min))),
            Action::Lower { min, desired } => {
                drop(block_on(aws.set_min(fleet(), min)));
                desired.map(|desired| block_on(aws.set_desired(fleet(), desired)));
            }
            _ => {}
        }
    }

    fn judge(&mut self, moment: &Moment) -> Result<(), Broken> {
        if let Some(found) = self.watch.violation().filter(|_| self.checker == Checker::On) {
            return Err(Broken::law(found.number, format!("the checker says: {}", found.what)));
        }
        self.judge.look(&self.theatre, moment)
    }

    /// Everything is made well; within three ticks the fleet stands as it should.
    ///
    /// # Errors
    /// What is still owed then.
    pub fn end(&mut self) -> Result<(), Broken> {
        self.make_well();
        for _ in 0..3 {
            self.theatre.pass(1);
            self.deliver(Event::Tick, 0)?;
        }
        self.judge.end(&self.theatre)
    }
}
