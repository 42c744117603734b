//! What people, other systems and bad luck do to a group, and its state read around the
//! ports: nothing here is logged, and no fault strikes it.

use crate::faults::Refusal;
use crate::fleet::{Fleet, GroupSpec, SizeChange, Writer};
use crate::groups::Update;
use crate::{Call, FakeAws, State, Tracking};
use jiff::Timestamp;
use tidegate_domain::group::{Activity, Backstop, Group, ScalingPolicy, Sizes};
use tidegate_domain::ids::{FleetName, InstanceId};
use tidegate_domain::ports::PortResult;

impl FakeAws {
    /// CreateAutoScalingGroup, with everything desired in service at once.
    ///
    /// # Errors
    /// Refused when desired lies outside the bounds, no zone is named, or the group exists.
    pub fn add_group(&self, fleet: &FleetName, spec: GroupSpec) -> PortResult<()> {
        let mut state = self.lock();
        let Sizes { min, max, desired } = spec.sizes;
        let fits = (min..=max).contains(&desired) && !spec.zones.is_empty();
        let refusal = if state.groups.contains_key(fleet) {
            Some(Refusal::Refused(format!("AlreadyExists: {fleet}")))
        } else {
            let words = "desired must lie in [min, max], in at least one zone";
            (!fits).then(|| Refusal::invalid(words))
        };
        refusal.map_or(Ok(()), |refusal| Err(refusal.error(Call::SetMin)))?;
        let group = Fleet::new(spec, &mut state.ids);
        state.groups.insert(fleet.clone(), group);
        Ok(())
    }

    /// Somebody else sets desired capacity.
    ///
    /// # Errors
    /// As SetDesiredCapacity.
    pub fn outside_set_desired(&self, fleet: &FleetName, desired: u32) -> PortResult<()> {
        let done = self.lock().set_desired(fleet, Writer::Outside, desired);
        done.map_err(|refusal| refusal.error(Call::SetDesired))
    }

    /// Somebody else sets `MinSize`.
    ///
    /// # Errors
    /// As UpdateAutoScalingGroup.
    pub fn outside_set_min(&self, fleet: &FleetName, min: u32) -> PortResult<()> {
        self.outside_update(fleet, Update { min: Some(min), max: None })
    }

    /// Somebody else sets `MaxSize`; a maximum below desired lowers it.
    ///
    /// # Errors
    /// As UpdateAutoScalingGroup.
    pub fn outside_set_max(&self, fleet: &FleetName, max: u32) -> PortResult<()> {
        self.outside_update(fleet, Update { min: None, max: Some(max) })
    }

    fn outside_update(&self, fleet: &FleetName, update: Update) -> PortResult<()> {
        let done = self.lock().update(fleet, Writer::Outside, update);
        done.map_err(|refusal| refusal.error(Call::SetMin))
    }

    /// Somebody puts another scheduled action on the group; the backstop's name replaces it.
    ///
    /// # Errors
    /// As PutScheduledUpdateGroupAction.
    pub fn outside_schedule(
        &self,
        fleet: &FleetName,
        name: &str,
        action: &Backstop,
    ) -> PortResult<()> {
        let mut state = self.lock();
        let now = state.now;
        let done = state.writable(fleet).and_then(|group| group.schedule(now, name, action));
        done.map_err(|refusal| refusal.error(Call::PutBackstop))
    }

    /// Somebody deletes a scheduled action.
    pub fn delete_schedule(&self, fleet: &FleetName, name: &str) {
        self.change(fleet, |group| drop(group.actions.remove(name)));
    }

    /// Somebody sets a tag.
    pub fn set_tag(&self, fleet: &FleetName, key: &str, value: &str) {
        self.change(fleet, |group| {
            group.spec.tags.insert(key.to_owned(), value.to_owned());
        });
    }

    /// Somebody takes a tag off.
    pub fn remove_tag(&self, fleet: &FleetName, key: &str) {
        self.change(fleet, |group| drop(group.spec.tags.remove(key)));
    }

    /// Somebody suspends a process: `Launch`, `Terminate`, `ReplaceUnhealthy`,
    /// `AlarmNotification`, `ScheduledActions` have an effect here.
    pub fn suspend(&self, fleet: &FleetName, process: &str) {
        self.change(fleet, |group| {
            group.suspended.insert(process.to_owned());
        });
    }

    /// Somebody resumes a process.
    pub fn resume(&self, fleet: &FleetName, process: &str) {
        self.change(fleet, |group| group.resume(process));
    }

    /// Puts an instance refresh into a status (`InProgress`, `Successful`, ...); none: no
    /// refresh was ever made.
    pub fn set_refresh(&self, fleet: &FleetName, status: Option<&str>) {
        self.change(fleet, |group| group.refresh = status.map(str::to_owned));
    }

    /// Somebody attaches a dynamic policy that is seen and does nothing here.
    pub fn attach_policy(&self, fleet: &FleetName, policy: ScalingPolicy) {
        self.change(fleet, |group| group.policies.push(policy));
    }

    /// Somebody attaches target tracking that really scales; none detaches it.
    pub fn set_tracking(&self, fleet: &FleetName, tracking: Option<Tracking>) {
        self.change(fleet, |group| group.tracking = tracking);
    }

    /// Launches in the zone fail with this message, before the given time or for ever.
    pub fn fail_launches(
        &self,
        fleet: &FleetName,
        zone: &str,
        message: &str,
        until: Option<Timestamp>,
    ) {
        self.change(fleet, |group| group.refuse_launches(zone, message, until));
    }

    /// The zone is lost: its instances turn unhealthy and are replaced elsewhere, launches
    /// in it fail.
    pub fn lose_zone(&self, fleet: &FleetName, zone: &str) {
        self.change(fleet, |group| group.lose_zone(zone));
    }

    /// The zone launches again.
    pub fn restore_zone(&self, fleet: &FleetName, zone: &str) {
        self.change(fleet, |group| group.restore_zone(zone));
    }

    /// An instance fails its health check.
    pub fn set_unhealthy(&self, fleet: &FleetName, instance: &InstanceId) {
        self.change(fleet, |group| {
            let sick = group.units.iter_mut().filter(|unit| unit.id == instance.as_str());
            sick.for_each(|unit| unit.healthy = false);
        });
    }

    /// Protects every instance that is there from scale-in, or no longer.
    pub fn protect_all(&self, fleet: &FleetName, protected: bool) {
        self.change(fleet, |group| {
            group.units.iter_mut().for_each(|unit| unit.protected = protected);
        });
    }

    /// Before this time changes of sizes fail with ScalingActivityInProgress, which the port
    /// tells as throttling.
    pub fn set_busy(&self, fleet: &FleetName, until: Timestamp) {
        self.change(fleet, |group| group.busy_until = Some(until));
    }

    /// Instances launched from now on take this long to boot.
    pub fn set_boot(&self, fleet: &FleetName, boot: jiff::SignedDuration) {
        self.change(fleet, |group| group.spec.boot = boot);
    }

    /// DeleteAutoScalingGroup with force: it is `deleting` until its instances are gone.
    pub fn delete_group(&self, fleet: &FleetName) {
        self.change(fleet, |group| {
            group.deleting = true;
            (group.sizes.min, group.sizes.desired) = (0, 0);
            group.units.iter_mut().for_each(|unit| unit.protected = false);
        });
    }

    /// The group as DescribeAutoScalingGroups shows it.
    pub fn group(&self, fleet: &FleetName) -> Option<Group> {
        self.lock().groups.get(fleet).map(Fleet::view)
    }

    /// Its sizes.
    pub fn sizes(&self, fleet: &FleetName) -> Option<Sizes> {
        self.lock().groups.get(fleet).map(|group| group.sizes)
    }

    /// Its backstop.
    pub fn backstop(&self, fleet: &FleetName) -> Option<Backstop> {
        let state = self.lock();
        let action = state.groups.get(fleet)?.actions.get(Backstop::NAME)?;
        Some(action.action.clone())
    }

    /// All its activities, oldest first.
    pub fn activities(&self, fleet: &FleetName) -> Vec<Activity> {
        self.lock().groups.get(fleet).map(|group| group.activities.clone()).unwrap_or_default()
    }

    /// Every change of its sizes, oldest first, with who made it.
    pub fn size_changes(&self, fleet: &FleetName) -> Vec<SizeChange> {
        self.lock().groups.get(fleet).map(|group| group.changes.clone()).unwrap_or_default()
    }

    /// Changes a group that exists, and lets it follow.
    fn change(&self, fleet: &FleetName, change: impl FnOnce(&mut Fleet)) {
        let state: &mut State = &mut self.lock();
        if let Some(group) = state.groups.get_mut(fleet) {
            change(group);
            state.settle(fleet);
        }
    }
}
