//! The site: an Auto Scaling group under a trace's load, in virtual time.
//!
//! Seconds count from the trace's first minute. Whoever drives it moves time on and changes the
//! group in between; the site keeps what each minute cost and whom it failed.
//!
//! What must stay true: time stops at every event of the group, so that each second is charged
//! with the instances that it had; a minute is closed once, when its last second is over.

use super::{CPU_AT_CAPACITY, Spec, Spent, Tally};
use crate::trace::Trace;
use jiff::{SignedDuration, Timestamp};
use tidegate_domain::group::Sizes;
use tidegate_domain::ports::{PortError, PortResult};
use tidegate_fakes::{GroupSpec, Head, LoneGroup};

/// The zones of a simulated group.
pub const ZONES: [&str; 3] = ["a", "b", "c"];

/// One minute of a run.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Minute {
    /// Healthy instances in service, mean.
    pub serving: f32,
    /// Billed instances, mean.
    pub billed: f32,
    /// Requests above the capacity in service.
    pub unserved: f32,
    /// CPU, percent, capped at 100.
    pub cpu: f32,
    /// Healthy instances in service, least.
    pub least: u32,
}

/// The minute that is on.
#[derive(Debug, Clone, Copy, Default)]
struct Open {
    billed_secs: u64,
    serving_secs: u64,
    unserved: f64,
    least: u32,
    launched: u64,
}

/// A group under load.
#[derive(Debug)]
pub struct Site<'t> {
    trace: &'t Trace,
    spec: Spec,
    group: LoneGroup,
    now: u64,
    head: Head,
    /// When the group changes next by itself.
    next: Option<u64>,
    open: Open,
    minutes: Vec<Minute>,
    scored_from: usize,
    tally: Tally,
    /// Minutes whose metrics are never published: from, until.
    silent: Vec<(usize, usize)>,
}

impl<'t> Site<'t> {
    /// A group with so much in service at the trace's first second, scored from a minute on.
    ///
    /// # Errors
    /// The size lies outside the spec's.
    pub fn new(trace: &'t Trace, spec: &Spec, size: u32, scored_from: usize) -> PortResult<Self> {
        let secs = |n: u64| SignedDuration::from_secs(i64::try_from(n).unwrap_or(i64::MAX));
        let sizes = Sizes { min: spec.min, max: spec.max, desired: size };
        let group = GroupSpec { sizes, ..GroupSpec::sized(0, 0, 0) }
            .zones(&ZONES)
            .boot(secs(spec.boot_secs))
            .drain(secs(spec.drain_secs));
        let group = LoneGroup::new(group)?;
        let head = group.head();
        Ok(Self {
            trace,
            spec: *spec,
            group,
            now: 0,
            head,
            next: None,
            open: Open { least: head.serving, ..Open::default() },
            minutes: Vec::with_capacity(trace.loads.len()),
            scored_from,
            tally: Tally::default(),
            silent: Vec::new(),
        })
    }

    /// With minutes (from, until) whose metrics are never published.
    #[must_use]
    pub fn silent(self, silent: Vec<(usize, usize)>) -> Self {
        Self { silent, ..self }
    }

    /// The load of a minute and what the plant showed, as they are published when it is over;
    /// none where they never were.
    pub fn published(&self, index: usize) -> Option<(f64, &Minute)> {
        let silent = self.silent.iter().any(|(from, until)| (*from..*until).contains(&index));
        let load = self.trace.seen(index).filter(|_| !silent)?;
        Some((load, self.minutes.get(index)?))
    }

    /// Seconds since the trace's first minute.
    pub fn second(&self) -> u64 {
        self.now
    }

    /// The time.
    pub fn now(&self) -> Timestamp {
        self.at(self.now)
    }

    /// The time at a second of the trace.
    pub fn at(&self, second: u64) -> Timestamp {
        let second = i64::try_from(second).unwrap_or(i64::MAX);
        let second = self.trace.first.saturating_mul(60).saturating_add(second);
        Timestamp::from_second(second).unwrap_or(Timestamp::MAX)
    }

    /// The load that it stands under.
    pub fn trace(&self) -> &'t Trace {
        self.trace
    }

    /// What the fleet is like.
    pub fn spec(&self) -> &Spec {
        &self.spec
    }

    /// The group.
    pub fn group(&self) -> &LoneGroup {
        &self.group
    }

    /// The minutes that are over.
    pub fn minutes(&self) -> &[Minute] {
        &self.minutes
    }

    /// The sums of the scored minutes, and every minute.
    pub fn into_result(self) -> (super::Outcome, Vec<Minute>) {
        (self.tally.outcome(), self.minutes)
    }

    /// Instances in service and billed now.
    pub fn head(&self) -> Head {
        self.head
    }

    /// Does something to the group at this second.
    pub fn touch<T>(&mut self, touch: impl FnOnce(&mut LoneGroup, Timestamp) -> T) -> T {
        let now = self.now();
        let answer = touch(&mut self.group, now);
        self.look();
        answer
    }

    /// Sets the desired capacity, within the group's sizes.
    ///
    /// # Errors
    /// As `SetDesiredCapacity`.
    pub fn resize(&mut self, by: tidegate_fakes::Writer, desired: u32) -> Result<(), PortError> {
        let Sizes { min, max, desired: before } = self.group.sizes();
        let desired = desired.clamp(min, max);
        if desired == before {
            return Ok(());
        }
        self.touch(|group, now| group.set_desired(now, by, desired))
    }

    /// Moves time on to this second; the answer is whether the group changed by itself.
    pub fn advance(&mut self, to: u64) -> bool {
        let mut changed = false;
        while let Some(next) = self.next.filter(|next| *next <= to) {
            self.pass(next);
            self.touch(LoneGroup::happen);
            changed = true;
        }
        self.pass(to);
        changed
    }

    /// Lets time pass in which the group does not change.
    fn pass(&mut self, to: u64) {
        while self.now < to {
            let end = (self.now / 60 + 1) * 60;
            let until = end.min(to);
            self.charge(until - self.now);
            self.now = until;
            if until == end {
                self.close();
            }
        }
    }

    fn load(&self) -> f64 {
        let minute = usize::try_from(self.now / 60).unwrap_or(usize::MAX);
        self.trace.loads.get(minute).copied().unwrap_or(0.0)
    }

    fn charge(&mut self, secs: u64) {
        let capacity = f64::from(self.head.serving) * self.spec.capacity;
        self.open.billed_secs += u64::from(self.head.billed) * secs;
        self.open.serving_secs += u64::from(self.head.serving) * secs;
        self.open.unserved += (self.load() - capacity).max(0.0) * secs as f64 / 60.0;
    }

    /// The minute that ends now.
    fn close(&mut self) {
        let index = self.minutes.len();
        let load = self.trace.loads.get(index).copied().unwrap_or(0.0);
        let launched = self.group.launched();
        let Open { billed_secs, serving_secs, unserved, least, launched: before } = self.open;
        let capacity = serving_secs as f64 / 60.0 * self.spec.capacity;
        let cpu = if capacity > 0.0 { CPU_AT_CAPACITY * load / capacity } else { 100.0 };
        if index >= self.scored_from {
            let launches = u32::try_from(launched - before).unwrap_or(u32::MAX);
            let spent = Spent { billed_secs, unserved, launches };
            self.tally.add(load, self.spec.capacity, spent);
        }
        self.minutes.push(Minute {
            serving: serving_secs as f32 / 60.0,
            billed: billed_secs as f32 / 60.0,
            unserved: unserved as f32,
            cpu: cpu.min(100.0) as f32,
            least,
        });
        self.open = Open { least: self.head.serving, launched, ..Open::default() };
    }

    /// Looks at the group after it changed.
    fn look(&mut self) {
        self.head = self.group.head();
        self.open.least = self.open.least.min(self.head.serving);
        let next = self.group.next_event(self.now());
        let first = self.trace.first.saturating_mul(60);
        self.next = next.and_then(|at| u64::try_from(at.as_second() - first).ok());
    }
}
