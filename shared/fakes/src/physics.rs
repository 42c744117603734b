//! How a group follows its desired capacity: launches, boots, drains, failures, zones.
//!
//! Facts of the fake: AWS notices a difference within a minute or so, the fake at once. AWS
//! does not say what becomes of the launch activity of an instance that is terminated while
//! it boots; here it stays in progress.

use crate::activities::Begun;
use crate::fleet::{Fleet, Ids, Phase, Unit};
use jiff::{SignedDuration, Timestamp};
use tidegate_domain::group::{ActivityKind, ActivityResult};

/// First wait after a failed launch; it doubles up to [`LONGEST_RETRY`].
const FIRST_RETRY: SignedDuration = SignedDuration::from_mins(1);
/// Longest wait between launches that fail.
const LONGEST_RETRY: SignedDuration = SignedDuration::from_mins(16);
/// AWS suspends Launch of a group whose launches have failed for this long.
const SUSPENDED_AFTER: SignedDuration = SignedDuration::from_hours(24);

impl Fleet {
    /// Brings the group as near to its desired capacity as it gets at this instant.
    pub fn settle(&mut self, now: Timestamp, ids: &mut Ids) {
        self.replace(now, ids);
        self.shrink(now, ids);
        self.grow(now, ids);
        self.finish(now);
        if self.capacity() == self.sizes.desired {
            (self.cause, self.failing_since) = (None, None);
        }
    }

    /// The first instant after now at which the group changes by itself.
    pub fn next_event(&self, now: Timestamp) -> Option<Timestamp> {
        let phases = self.units.iter().filter_map(|unit| match unit.phase {
            Phase::Booting { until, .. } | Phase::Leaving { until, .. } => Some(until),
            Phase::Serving => None,
        });
        let schedules = self.actions.values().filter_map(|action| action.next);
        phases.chain(schedules).chain(self.retry_at).filter(|at| *at > now).min()
    }

    /// Launches in the zone fail with this message, before the given time or for ever.
    pub fn refuse_launches(&mut self, zone: &str, message: &str, until: Option<Timestamp>) {
        if let Some(zone) = self.zones.iter_mut().find(|z| z.name == zone) {
            zone.refuses = Some((message.to_owned(), until));
        }
    }

    /// The zone's instances turn unhealthy, and launches in it fail.
    pub fn lose_zone(&mut self, zone: &str) {
        let message = "Your requested Availability Zone is not available. Launching failed.";
        self.refuse_launches(zone, message, None);
        let lost = self.units.iter_mut().filter(|unit| unit.zone == zone);
        lost.for_each(|unit| unit.healthy = false);
    }

    /// The zone launches again.
    pub fn restore_zone(&mut self, zone: &str) {
        let zones = self.zones.iter_mut().filter(|z| z.name == zone);
        zones.for_each(|zone| zone.refuses = None);
    }

    /// A process goes on; launches are tried at once.
    pub fn resume(&mut self, process: &str) {
        self.suspended.remove(process);
        (self.retry_at, self.failing_since, self.attempts) = (None, None, 0);
    }

    /// Boots and drains that are over.
    fn finish(&mut self, now: Timestamp) {
        let mut ended = Vec::new();
        let last_move = &mut self.last_move;
        self.units.retain_mut(|unit| match &unit.phase {
            Phase::Booting { until, activity } if *until <= now => {
                *last_move = Some(*until);
                ended.push((*until, activity.clone()));
                unit.phase = Phase::Serving;
                true
            }
            Phase::Leaving { until, activity } if *until <= now => {
                ended.push((*until, activity.clone()));
                false
            }
            _ => true,
        });
        for (at, activity) in ended {
            self.end(at, &activity, ActivityResult::Successful);
        }
    }

    /// Takes unhealthy instances out; protection from scale-in does not keep them.
    fn replace(&mut self, now: Timestamp, ids: &mut Ids) {
        if self.is_suspended("ReplaceUnhealthy") || self.is_suspended("Terminate") {
            return;
        }
        let sick = self.units.iter().enumerate().filter(|(_, u)| u.counts() && !u.healthy);
        for index in sick.map(|(index, _)| index).collect::<Vec<_>>() {
            let cause = format!(
                "At {now} an instance was taken out of service in response to an EC2 health \
                 check indicating it has been terminated or stopped."
            );
            self.terminate(now, ids, index, Some(cause));
        }
    }

    fn shrink(&mut self, now: Timestamp, ids: &mut Ids) {
        let surplus = |fleet: &Self| fleet.capacity().saturating_sub(fleet.sizes.desired);
        while surplus(self) >= self.spec.weight && !self.is_suspended("Terminate") {
            let Some(index) = self.spare() else { return };
            self.terminate(now, ids, index, None);
        }
    }

    /// Whom a scale-in takes: the oldest unprotected one of the fullest zone that has one.
    fn spare(&self) -> Option<usize> {
        let crowd = |zone: &str| self.count(|u| u.counts() && u.zone == zone);
        let spare = self.units.iter().enumerate().filter(|(_, u)| u.counts() && !u.protected);
        spare.rev().max_by_key(|(_, unit)| crowd(&unit.zone)).map(|(index, _)| index)
    }

    /// Terminates one instance, in response to desired capacity unless told otherwise.
    fn terminate(&mut self, now: Timestamp, ids: &mut Ids, index: usize, cause: Option<String>) {
        let Some(zone) = self.units.get(index).map(|unit| unit.zone.clone()) else { return };
        let change = if cause.is_none() { self.change() } else { None };
        let to = self.capacity().saturating_sub(self.spec.weight);
        let message = cause.unwrap_or_else(|| self.capacity_cause(now, "taken out of service", to));
        let kind = ActivityKind::Terminate;
        let activity = self.begin(now, ids, Begun { kind, zone: &zone, message, change });
        let until = now.saturating_add(self.spec.drain).unwrap_or(now);
        if let Some(unit) = self.units.get_mut(index) {
            unit.phase = Phase::Leaving { until, activity };
        }
    }

    fn grow(&mut self, now: Timestamp, ids: &mut Ids) {
        if self.is_suspended("Launch") || self.retry_at.is_some_and(|at| now < at) {
            return;
        }
        let mut refused = Vec::new();
        while self.capacity() < self.sizes.desired {
            if !self.launch(now, ids, &mut refused) {
                return self.wait_to_retry(now);
            }
        }
    }

    /// Launches one instance in the emptiest zone that lets it; each zone that refuses
    /// leaves one failed activity.
    fn launch(&mut self, now: Timestamp, ids: &mut Ids, refused: &mut Vec<String>) -> bool {
        for zone in self.zones_by_need() {
            let Some(message) = self.refusal(&zone, now) else {
                self.start(now, ids, zone);
                return true;
            };
            if !refused.contains(&zone) {
                let (kind, change) = (ActivityKind::Launch, self.change());
                self.fail(now, ids, Begun { kind, zone: &zone, message, change });
                refused.push(zone);
            }
        }
        false
    }

    fn refusal(&self, zone: &str, now: Timestamp) -> Option<String> {
        let zone = self.zones.iter().find(|z| z.name == zone)?;
        zone.refusal(now).map(str::to_owned)
    }

    fn start(&mut self, now: Timestamp, ids: &mut Ids, zone: String) {
        let to = self.capacity().saturating_add(self.spec.weight);
        let message = self.capacity_cause(now, "started", to);
        let (kind, change) = (ActivityKind::Launch, self.change());
        let activity = self.begin(now, ids, Begun { kind, zone: &zone, message, change });
        let until = now.saturating_add(self.spec.boot).unwrap_or(now);
        let (id, protected) = (ids.instance(), self.spec.protect_new);
        let phase = Phase::Booting { until, activity };
        self.units.push(Unit { id, zone, phase, healthy: true, protected });
        (self.attempts, self.failing_since) = (0, None);
    }

    /// After a launch failed in every zone: again later, and not at all after a day of it.
    fn wait_to_retry(&mut self, now: Timestamp) {
        let since = *self.failing_since.get_or_insert(now);
        if now.duration_since(since) >= SUSPENDED_AFTER {
            self.suspended.insert("Launch".to_owned());
            return;
        }
        let factor = 1_i32.checked_shl(self.attempts).unwrap_or(i32::MAX).max(1);
        let wait = FIRST_RETRY.saturating_mul(factor).min(LONGEST_RETRY);
        self.attempts = self.attempts.saturating_add(1).min(16);
        self.retry_at = now.saturating_add(wait).ok();
    }
}
