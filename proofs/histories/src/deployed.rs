//! The deployed schedules, minute by minute: a tick every minute, a few seconds early or late;
//! the night and the day every five minutes, on the minute; an alarm's action now and then; and
//! Lambda's second and third tries, one minute and two more after an invocation that failed.
//! The laws are judged after every delivery.

use super::law::{Broken, Judge, Scene as Moment};
use super::serve::{Delivery, Sent};
use super::stage::{Scene, Theatre, fleet};
use super::step::Event;
use super::tally::Tally;
use super::watch::{Plan, Watch};
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeMap;
use std::sync::Arc;
use tidegate_domain::ports::{Clock, Control};
use tidegate_fakes::{FakeAws, Logged, block_on};

/// The tick comes this long after the minute...
const TICK: i64 = 20;
/// ...and so much later or earlier.
const JITTER: [i64; 7] = [0, 3, -4, 1, 4, -2, -1];
/// An alarm's action comes once in so many minutes.
const ALARM_EVERY: i64 = 7;
/// Lambda tries twice more, this many minutes after each failure.
const TRIES_AFTER: [i64; 2] = [1, 2];

/// A deployment, and what happened to it.
#[derive(Debug)]
pub struct Deployed {
    /// The world.
    pub theatre: Theatre,
    /// The reasons of whole runs.
    pub outcomes: Tally,
    /// When ticks were delivered for the first time.
    pub ticks: Vec<Timestamp>,
    /// When functions were invoked at all.
    pub invocations: Vec<Timestamp>,
    watch: Arc<Watch>,
    judge: Judge,
    queue: BTreeMap<(Timestamp, u64), Due>,
    queued: u64,
    minute: Timestamp,
    before: fn(&FakeAws),
}

/// An event to be delivered.
#[derive(Debug, Clone, Copy)]
struct Due {
    event: Event,
    sent: Timestamp,
    failed: usize,
}

impl Deployed {
    /// The stage is set; nothing was delivered yet.
    pub fn new(scene: &Scene, plan: Plan) -> Self {
        let theatre = Theatre::new(scene);
        let minute = theatre.aws.now();
        Self {
            theatre,
            outcomes: Tally::default(),
            ticks: Vec::new(),
            invocations: Vec::new(),
            watch: Arc::new(Watch::new(plan)),
            judge: Judge::default(),
            queue: BTreeMap::new(),
            queued: 0,
            minute,
            before: |_| (),
        }
    }

    /// Something happens to the world before every event.
    #[must_use]
    pub fn before_every_event(mut self, act: fn(&FakeAws)) -> Self {
        self.before = act;
        self
    }

    /// Lets time pass until then, whole minutes, delivering whatever comes.
    ///
    /// # Errors
    /// The first law that was broken.
    pub fn until(&mut self, end: Timestamp) -> Result<(), Broken> {
        while self.minute < end {
            self.schedule(self.minute);
            self.minute = after(self.minute, 60);
            while let Some(next) = self.queue.first_entry().filter(|e| e.key().0 < self.minute) {
                let ((at, _), due) = next.remove_entry();
                self.deliver(at, due)?;
            }
        }
        self.pass_until(end);
        Ok(())
    }

    /// What the schedules and the alarm send in this minute.
    fn schedule(&mut self, minute: Timestamp) {
        let number = minute.as_second().div_euclid(60);
        if number % 5 == 0 {
            self.queue(minute, Event::Night);
            self.queue(minute, Event::Day);
        }
        let jitter = usize::try_from(number).ok().and_then(|n| JITTER.get(n % JITTER.len()));
        self.queue(after(minute, TICK + jitter.copied().unwrap_or(0)), Event::Tick);
        if number % ALARM_EVERY == 0 {
            self.queue(after(minute, number * 13 % 60), Event::Alarm(false));
        }
    }

    fn queue(&mut self, sent: Timestamp, event: Event) {
        self.push(sent, Due { event, sent, failed: 0 });
    }

    fn push(&mut self, at: Timestamp, due: Due) {
        self.queued += 1;
        self.queue.insert((at, self.queued), due);
    }

    fn pass_until(&mut self, at: Timestamp) {
        self.theatre.fill(at);
        self.theatre.aws.set_now(at);
    }

    fn deliver(&mut self, at: Timestamp, due: Due) -> Result<(), Broken> {
        self.pass_until(at);
        let now = self.theatre.aws.now();
        (self.before)(&self.theatre.aws);
        self.invocations.push(now);
        if due.event == Event::Tick && due.failed == 0 {
            self.ticks.push(now);
        }
        let sent = Sent { at: due.sent, dry_run: false };
        let delivery = Delivery::new(&self.theatre, &self.watch, due.event, sent);
        let (answer, policy) = block_on(delivery.serve());
        self.theatre.held = policy;
        let entries = answer.iter().filter_map(|run| run.as_ref().ok());
        for entry in entries {
            self.judge.note(entry);
            self.outcomes.count(&entry.reason);
        }
        if answer.iter().any(Result::is_err) {
            self.try_again(due);
        }
        let late = now.duration_since(due.sent).as_mins();
        self.judge.look(&self.theatre, &Moment::of(&[due.event], late, &sent))
    }

    fn try_again(&mut self, due: Due) {
        let Some(minutes) = TRIES_AFTER.get(due.failed) else { return };
        let at = after(self.theatre.aws.now(), minutes * 60);
        self.push(at, Due { failed: due.failed + 1, ..due });
    }

    /// The calls to Auto Scaling between these times: calls of a port. (The client's own tries
    /// within one are bounded by its operation timeout.)
    pub fn calls(&self, from: Timestamp, until: Timestamp) -> Vec<Logged> {
        let meant = |l: &Logged| l.call.is_groups() && from <= l.at && l.at < until;
        self.theatre.aws.calls(meant)
    }
}

/// Takes the mark of the last failed call out of the memory.
pub fn forget_the_last_try(aws: &FakeAws) {
    let Some(mut found) = aws.memory(fleet()) else { return };
    if found.memory.since.remove("last-try").is_some() {
        let token = aws.token();
        drop(block_on(aws.new_run().store(fleet(), found.version, &found.memory, &token)));
    }
}

/// The largest number of these calls in one minute of the clock.
pub fn busiest_minute<'a>(times: impl IntoIterator<Item = &'a Timestamp>) -> usize {
    let mut minutes = BTreeMap::<i64, usize>::new();
    for at in times {
        *minutes.entry(at.as_second().div_euclid(60)).or_default() += 1;
    }
    minutes.into_values().max().unwrap_or(0)
}

fn after(at: Timestamp, seconds: i64) -> Timestamp {
    at.saturating_add(SignedDuration::from_secs(seconds)).unwrap_or(at)
}
