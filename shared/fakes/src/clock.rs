//! Two clocks, the runs that live by them, and the order in which the world moves.

use crate::{FakeAws, State};
use jiff::{SignedDuration, Timestamp};
use tidegate_domain::ports::{Clock, LeaseToken};

/// Time left of a run that nobody set.
const TIME_LEFT: SignedDuration = SignedDuration::from_secs(60);

/// One invocation.
#[derive(Debug, Clone)]
pub(crate) struct Run {
    /// It has died: nothing of it reaches AWS any more.
    pub crashed: bool,
    /// Time before its deadline.
    pub time_left: SignedDuration,
}

impl FakeAws {
    /// Moves both clocks on; everything that is due in between happens in its order.
    pub fn advance(&self, length: SignedDuration) {
        self.lock().pass(length);
    }

    /// Moves both clocks on until the story's clock shows this time; an earlier time does
    /// nothing.
    pub fn set_now(&self, now: Timestamp) {
        let mut state = self.lock();
        let length = now.duration_since(state.now);
        state.pass(length);
    }

    /// Sets the real clock alone, forward or back.
    pub fn set_wall(&self, wall: Timestamp) {
        self.lock().wall = wall;
    }

    /// A handle for another run, with its own crash and time left. Faults and hooks of the
    /// world are for every run.
    #[must_use]
    pub fn new_run(&self) -> Self {
        let mut state = self.lock();
        let run = state.runs.keys().next_back().map_or(1, |last| last.saturating_add(1));
        state.run(run);
        Self { state: self.state.clone(), run }
    }

    /// The number of this handle's run, as the log has it.
    pub fn run_number(&self) -> u64 {
        self.run
    }

    /// Sets this run's time left. It shrinks with [`crate::Fault::Slow`] only.
    pub fn set_time_left(&self, time_left: SignedDuration) {
        self.lock().run(self.run).time_left = time_left;
    }

    /// Begins this run anew after a crash, with a minute left.
    pub fn restart(&self) {
        let run = self.run;
        *self.lock().run(run) = Run { crashed: false, time_left: TIME_LEFT };
    }

    /// Whether this run has died.
    pub fn has_crashed(&self) -> bool {
        self.lock().run(self.run).crashed
    }
}

impl Clock for FakeAws {
    fn now(&self) -> Timestamp {
        self.lock().now
    }

    fn wall(&self) -> Timestamp {
        self.lock().wall
    }

    fn time_left(&self) -> SignedDuration {
        self.lock().run(self.run).time_left
    }

    fn token(&self) -> LeaseToken {
        let mut state = self.lock();
        state.tokens += 1;
        LeaseToken(format!("token-{:06}", state.tokens))
    }
}

impl State {
    pub(crate) fn run(&mut self, run: u64) -> &mut Run {
        self.runs.entry(run).or_insert(Run { crashed: false, time_left: TIME_LEFT })
    }

    /// Moves both clocks on, event by event.
    pub(crate) fn pass(&mut self, length: SignedDuration) {
        let Ok(target) = self.now.saturating_add(length) else { return };
        while let Some(at) = self.next_event().filter(|at| *at <= target) {
            self.step_to(at);
            self.happen();
        }
        if self.now < target {
            self.step_to(target);
        }
    }

    fn step_to(&mut self, at: Timestamp) {
        let length = at.duration_since(self.now);
        self.now = at;
        self.wall = self.wall.saturating_add(length).unwrap_or(self.wall);
    }

    /// The first instant after now at which anything happens by itself.
    fn next_event(&self) -> Option<Timestamp> {
        let now = self.now;
        let fleets = self.groups.values().filter_map(|fleet| fleet.next_event(now));
        let minute = self.watches().then(|| minute_after(now)).flatten();
        fleets.chain(minute).min()
    }

    /// Whether anything is looked at every minute.
    fn watches(&self) -> bool {
        self.metrics.has_feeds()
            || self.alarms.any_evaluated()
            || self.groups.values().any(|fleet| fleet.tracking.is_some())
    }

    /// Everything that is due now: schedules, instances, metrics, alarms, policies.
    fn happen(&mut self) {
        let (now, ids) = (self.now, &mut self.ids);
        for fleet in self.groups.values_mut() {
            fleet.fire_schedules(now, ids);
            fleet.settle(now, ids);
        }
        self.groups.retain(|_, fleet| !fleet.is_gone());
        if now.as_second().rem_euclid(60) == 0 && now.subsec_nanosecond() == 0 {
            self.on_minute();
        }
    }

    fn on_minute(&mut self) {
        self.metrics.feed(self.now, &self.groups);
        self.alarms.evaluate(self.now, &self.metrics);
        for fleet in self.groups.values_mut() {
            fleet.track(self.now, &self.metrics);
            fleet.settle(self.now, &mut self.ids);
        }
    }
}

fn minute_after(now: Timestamp) -> Option<Timestamp> {
    Timestamp::from_second((now.as_second().div_euclid(60) + 1) * 60).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const T: &str = "2026-03-06T11:00:30Z";

    #[test]
    fn both_clocks_move_together_until_one_is_set() {
        let aws = FakeAws::at(T.parse().unwrap());
        aws.advance(SignedDuration::from_secs(30));
        assert_eq!(aws.now(), aws.wall());
        aws.set_wall(T.parse().unwrap());
        aws.set_now("2026-03-06T11:02:00Z".parse().unwrap());
        assert_eq!(aws.now().to_string(), "2026-03-06T11:02:00Z");
        assert_eq!(aws.wall().to_string(), "2026-03-06T11:01:30Z");
    }

    #[test]
    fn time_does_not_run_backwards() {
        let aws = FakeAws::at(T.parse().unwrap());
        aws.set_now(Timestamp::UNIX_EPOCH);
        assert_eq!(aws.now().to_string(), T);
    }

    #[test]
    fn every_token_is_another() {
        let aws = FakeAws::at(T.parse().unwrap());
        assert_ne!(aws.token(), aws.new_run().token());
    }

    #[test]
    fn runs_have_their_own_time_left() {
        let aws = FakeAws::at(T.parse().unwrap());
        let other = aws.new_run();
        other.set_time_left(SignedDuration::from_secs(3));
        assert_eq!(aws.time_left(), TIME_LEFT);
        assert_eq!(other.time_left(), SignedDuration::from_secs(3));
    }
}
