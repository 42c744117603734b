//! The fleet that decisions are asked for: what it learned, and the gate's rails.
//!
//! What must stay true: a minute of data is charged once, however often it is shown; nothing is
//! lowered on data that is missing, stale or not believed, by more than a step at a time, while
//! the last step bakes or while a burst goes on.

use super::line::{Minute, Start};
use jiff::{SignedDuration, Timestamp};
use std::collections::VecDeque;
use tidegate_domain::arbiter::Limits;
use tidegate_domain::load::{LoadReading, READ_MINUTES};
use tidegate_domain::metrics::{Point, Series};
use tidegate_domain::sizing::{BURST_MINS, Dial, Rails, Sizing, Terms};

/// The gate's: a fifth of the capacity at a time, ten minutes after the last termination was seen,
/// which the tick after it does.
const RAILS: Rails = Rails { step_percent: 20, bake_mins: 11 };
/// A minute whose metric is later than this counts as missing for good.
const LATEST_MINS: i64 = 5;
/// Minutes that the gate must know before it lets anything go.
const JUDGED_MINS: i64 = 10;

/// A fleet in owner mode with sizing on.
#[derive(Debug)]
pub struct Fleet {
    terms: Terms,
    limits: Limits,
    sizing: Sizing,
    /// What was seen of the last minutes, oldest first.
    seen: VecDeque<Point>,
    /// The newest minute that was decided on.
    last: Option<i64>,
    desired: u32,
    /// The first minutes in which the last step has baked, and in which a burst is over.
    baked: i64,
    calm: i64,
}

impl Fleet {
    /// A fleet that nothing is known of yet.
    ///
    /// # Errors
    /// The capacity is no number above zero.
    pub fn new(start: &Start, dial: Dial) -> Result<Self, String> {
        let limits = Limits { min: start.min, ceiling: start.max };
        let boot = SignedDuration::from_secs(i64::from(start.boot_secs));
        let terms = Terms::new(start.capacity, boot, limits, RAILS).map_err(|e| e.to_string())?;
        Ok(Self {
            terms: terms.with_dial(dial),
            limits,
            sizing: Sizing::default(),
            seen: VecDeque::new(),
            last: None,
            desired: start.min,
            baked: i64::MIN,
            calm: i64::MIN,
        })
    }

    /// Minutes that were charged.
    pub fn charged(&self) -> u32 {
        self.sizing.charged()
    }

    /// The desired capacity that stands.
    pub fn desired(&self) -> u32 {
        self.desired
    }

    /// The desired capacity from this minute on.
    ///
    /// # Errors
    /// The minute does not come after the one before.
    pub fn minute(&mut self, glance: &Minute) -> Result<u32, String> {
        if let Some(last) = self.last.filter(|last| glance.minute <= *last) {
            return Err(format!("minute {} does not come after {last}", glance.minute));
        }
        self.last = Some(glance.minute);
        self.desired = self.limits.clamp(glance.desired.unwrap_or(self.desired));
        self.learn(glance);
        self.desired = self.decide(glance);
        Ok(self.desired)
    }

    /// Charges what has become known, and what is too late as missing.
    fn learn(&mut self, glance: &Minute) {
        let next = self.sizing.next_minute();
        let shown = glance.data_minute.filter(|data| next.is_none_or(|next| *data >= next));
        if let Some(data) = shown {
            let lag = u32::try_from(glance.minute - data).unwrap_or(u32::MAX);
            self.terms = self.terms.with_lag(lag);
        }
        let point = shown.and_then(|data| point(data, glance.requests?));
        self.seen.extend(point);
        let few = usize::try_from(READ_MINUTES).unwrap_or(usize::MAX);
        self.seen.drain(..self.seen.len().saturating_sub(few));
        let newest = shown.unwrap_or(i64::MIN).max(glance.minute - LATEST_MINS - 1);
        self.sizing.catch_up(point.as_slice(), &[], newest, &self.terms);
    }

    fn decide(&mut self, glance: &Minute) -> u32 {
        if self.sizing.next_minute().is_none() {
            return self.desired;
        }
        let in_burst = glance.minute < self.calm;
        let advice = self.sizing.advise(self.desired, in_burst, &self.terms);
        if advice.burst {
            self.calm = glance.minute + i64::from(BURST_MINS);
        }
        match self.limits.clamp(advice.size) {
            size if size >= self.desired => size,
            _ if self.holds(glance) => self.desired,
            size => self.step(glance.minute, size),
        }
    }

    /// Whether the gate is shut.
    fn holds(&self, glance: &Minute) -> bool {
        let now = Timestamp::from_second(glance.minute.saturating_mul(60)).unwrap_or_default();
        let series: Series = self.seen.iter().copied().collect();
        let serving = glance.in_service != Some(0);
        let reading = LoadReading { series: &series, healthy: None, serving };
        let unfinished = glance.in_service.is_some_and(|n| n > self.desired);
        glance.minute < self.calm.max(self.baked)
            || unfinished
            || reading.peak(now, JUDGED_MINS).is_err()
    }

    /// One step down at most.
    fn step(&mut self, minute: i64, to: u32) -> u32 {
        self.baked = minute + i64::from(RAILS.bake_mins);
        let most = (self.desired * RAILS.step_percent / 100).max(1);
        to.max(self.desired - most)
    }
}

/// A load; none when it is none.
fn point(minute: i64, requests: f64) -> Option<Point> {
    let at = Timestamp::from_second(minute.saturating_mul(60)).ok()?;
    (requests.is_finite() && requests >= 0.0).then_some(Point { at, value: requests })
}
