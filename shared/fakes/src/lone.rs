//! One Auto Scaling group by itself: the physics of [`FakeAws`](crate::FakeAws), for a world
//! that keeps its own clock and its own everything else, and has years to go through.
//!
//! What must stay true: nothing of the group is decided here. Whoever drives it stops at
//! [`LoneGroup::next_event`], so that each launch, boot and drain happens in its second.

use crate::Call;
use crate::faults::Refusal;
use crate::fleet::{Fleet, GroupSpec, Ids, Phase, Writer};
use crate::groups::Update;
use jiff::{SignedDuration, Timestamp};
use tidegate_domain::group::{Backstop, Evidence, Group, ScalingPolicy, Sizes};
use tidegate_domain::ports::PortResult;

/// Activities are shown for a day; a little more is kept.
const KEPT: SignedDuration = SignedDuration::from_hours(25);
/// Activities between two clearings of old ones.
const CLEARED_AT: usize = 512;

/// One Auto Scaling group by itself.
#[derive(Debug)]
pub struct LoneGroup {
    fleet: Fleet,
    ids: Ids,
    /// Instances that were there at the start.
    first: u64,
}

/// Instances by what they do. All are billed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Head {
    /// In service and healthy.
    pub serving: u32,
    /// Booting, draining, unhealthy and serving ones.
    pub billed: u32,
}

impl LoneGroup {
    /// A group with everything desired in service.
    ///
    /// # Errors
    /// As `CreateAutoScalingGroup`: desired lies outside the bounds, or no zone is named.
    pub fn new(spec: GroupSpec) -> PortResult<Self> {
        let Sizes { min, max, desired } = spec.sizes;
        if !(min..=max).contains(&desired) || spec.zones.is_empty() {
            let words = "desired must lie in [min, max], in at least one zone";
            return Err(Refusal::invalid(words).error(Call::SetMin));
        }
        let mut ids = Ids::default();
        let fleet = Fleet::new(spec, &mut ids);
        let first = ids.instances();
        Ok(Self { fleet, ids, first })
    }

    /// The first instant after now at which the group changes by itself.
    pub fn next_event(&self, now: Timestamp) -> Option<Timestamp> {
        self.fleet.next_event(now)
    }

    /// Everything that is due now: scheduled actions, boots, drains, launches that are tried
    /// again.
    pub fn happen(&mut self, now: Timestamp) {
        self.fleet.fire_schedules(now, &mut self.ids);
        self.settle(now);
    }

    /// Sets `MinSize`; desired follows into the bounds.
    ///
    /// # Errors
    /// As `UpdateAutoScalingGroup`.
    pub fn set_min(&mut self, now: Timestamp, by: Writer, min: u32) -> PortResult<()> {
        let done = self.fleet.update(now, by, Update { min: Some(min), max: None });
        done.map_err(|refusal| refusal.error(Call::SetMin))?;
        self.settle(now);
        Ok(())
    }

    /// Sets desired capacity.
    ///
    /// # Errors
    /// As `SetDesiredCapacity`.
    pub fn set_desired(&mut self, now: Timestamp, by: Writer, desired: u32) -> PortResult<()> {
        let done = self.fleet.set_desired(now, by, desired);
        done.map_err(|refusal| refusal.error(Call::SetDesired))?;
        self.settle(now);
        Ok(())
    }

    /// Puts a scheduled action on the group.
    ///
    /// # Errors
    /// As `PutScheduledUpdateGroupAction`.
    pub fn schedule(&mut self, now: Timestamp, name: &str, action: &Backstop) -> PortResult<()> {
        let done = self.fleet.schedule(now, name, action);
        done.map_err(|refusal| refusal.error(Call::PutBackstop))
    }

    /// A dynamic policy that is seen; whoever drives the group does what it does.
    pub fn attach_policy(&mut self, policy: ScalingPolicy) {
        self.fleet.policies.push(policy);
    }

    /// Launches in the zone fail with this message until [`Self::restore_zone`].
    pub fn fail_launches(&mut self, now: Timestamp, zone: &str, message: &str) {
        self.fleet.refuse_launches(zone, message, None);
        self.settle(now);
    }

    /// The zone's instances turn unhealthy and are replaced elsewhere; launches in it fail.
    pub fn lose_zone(&mut self, now: Timestamp, zone: &str) {
        self.fleet.lose_zone(zone);
        self.settle(now);
    }

    /// The zone launches again.
    pub fn restore_zone(&mut self, now: Timestamp, zone: &str) {
        self.fleet.restore_zone(zone);
        self.settle(now);
    }

    /// Suspends a process such as `Launch`.
    pub fn suspend(&mut self, now: Timestamp, process: &str) {
        self.fleet.suspended.insert(process.to_owned());
        self.settle(now);
    }

    /// Resumes a process.
    pub fn resume(&mut self, now: Timestamp, process: &str) {
        self.fleet.resume(process);
        self.settle(now);
    }

    /// What `DescribeAutoScalingGroups` shows.
    pub fn view(&self) -> Group {
        self.fleet.view()
    }

    /// What is read before a lowering: policies, activities of a day, the backstop.
    pub fn evidence(&self, now: Timestamp) -> Evidence {
        self.fleet.evidence(now)
    }

    /// Its sizes.
    pub fn sizes(&self) -> Sizes {
        self.fleet.sizes
    }

    /// How many instances serve and how many are billed.
    pub fn head(&self) -> Head {
        let serves = |unit: &crate::fleet::Unit| unit.healthy && unit.phase == Phase::Serving;
        Head { serving: self.fleet.count(serves), billed: self.fleet.count(|_| true) }
    }

    /// Instances launched so far.
    pub fn launched(&self) -> u64 {
        self.ids.instances() - self.first
    }

    /// Lets the group follow, and forgets what is no longer shown of it.
    fn settle(&mut self, now: Timestamp) {
        self.fleet.settle(now, &mut self.ids);
        if self.fleet.activities.len() >= CLEARED_AT {
            let old = now.saturating_sub(KEPT).unwrap_or(now);
            self.fleet.activities.retain(|activity| activity.started >= old);
        }
        self.fleet.changes.clear();
    }
}
