//! The Auto Scaling port, with AWS's rules for every write.

use crate::faults::Refusal;
use crate::fleet::{Fleet, Writer};
use crate::{Call, FakeAws, State};
use jiff::{SignedDuration, Timestamp};
use tidegate_domain::group::{Backstop, Evidence, Group, Sizes};
use tidegate_domain::ids::FleetName;
use tidegate_domain::ports::{Groups, PortResult};

/// How far back the evidence goes.
const DAY: SignedDuration = SignedDuration::from_hours(24);

/// Refresh states in which a refresh is under way; unknown words of AWS count as one.
const REFRESH_OVER: [&str; 5] =
    ["Successful", "Failed", "Cancelled", "RollbackFailed", "RollbackSuccessful"];

impl Groups for FakeAws {
    async fn describe(&self, fleet: &FleetName) -> PortResult<Option<Group>> {
        self.turn().await;
        self.call(Call::Describe, Some(fleet), String::new(), |state| {
            Ok(state.groups.get(fleet).map(Fleet::view))
        })
    }

    async fn evidence(&self, fleet: &FleetName, now: Timestamp) -> PortResult<Evidence> {
        self.turn().await;
        self.call(Call::Evidence, Some(fleet), format!("now={now}"), |state| {
            Ok(state.group(fleet)?.evidence(now))
        })
    }

    async fn set_min(&self, fleet: &FleetName, min: u32) -> PortResult<()> {
        self.turn().await;
        self.call(Call::SetMin, Some(fleet), format!("min={min}"), |state| {
            let update = Update { min: Some(min), ..Update::default() };
            state.update(fleet, Writer::Tidegate, update)
        })
    }

    async fn set_desired(&self, fleet: &FleetName, desired: u32) -> PortResult<()> {
        self.turn().await;
        self.call(Call::SetDesired, Some(fleet), format!("desired={desired}"), |state| {
            state.set_desired(fleet, Writer::Tidegate, desired)
        })
    }

    async fn put_backstop(&self, fleet: &FleetName, backstop: &Backstop) -> PortResult<()> {
        self.turn().await;
        let Backstop { min, recurrence, time_zone } = backstop;
        let args = format!("min={min} recurrence={recurrence} zone={time_zone}");
        self.call(Call::PutBackstop, Some(fleet), args, |state| {
            let now = state.now;
            state.writable(fleet)?.schedule(now, Backstop::NAME, backstop)
        })
    }
}

/// What UpdateAutoScalingGroup is asked to set.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Update {
    pub min: Option<u32>,
    pub max: Option<u32>,
}

impl State {
    /// The group, or AWS's words for a group that is not there.
    pub(crate) fn group(&mut self, fleet: &FleetName) -> Result<&mut Fleet, Refusal> {
        let missing = || {
            Refusal::invalid(format_args!(
                "AutoScalingGroup name not found - no such group: {fleet}"
            ))
        };
        self.groups.get_mut(fleet).ok_or_else(missing)
    }

    /// The group, if it is not being deleted.
    pub(crate) fn writable(&mut self, fleet: &FleetName) -> Result<&mut Fleet, Refusal> {
        let group = self.group(fleet)?;
        if group.deleting {
            let words = format_args!("AutoScalingGroup {fleet} is pending delete");
            return Err(Refusal::invalid(words));
        }
        Ok(group)
    }

    /// UpdateAutoScalingGroup: desired follows into the new bounds, and never otherwise.
    pub(crate) fn update(
        &mut self,
        fleet: &FleetName,
        by: Writer,
        update: Update,
    ) -> Result<(), Refusal> {
        let now = self.now;
        self.writable(fleet)?.update(now, by, update)?;
        self.settle(fleet);
        Ok(())
    }

    /// SetDesiredCapacity, without honouring the cooldown (its default).
    pub(crate) fn set_desired(
        &mut self,
        fleet: &FleetName,
        by: Writer,
        desired: u32,
    ) -> Result<(), Refusal> {
        let now = self.now;
        self.writable(fleet)?.set_desired(now, by, desired)?;
        self.settle(fleet);
        Ok(())
    }

    /// Lets a group follow at once.
    pub(crate) fn settle(&mut self, fleet: &FleetName) {
        if let Some(group) = self.groups.get_mut(fleet) {
            group.settle(self.now, &mut self.ids);
        }
        self.groups.retain(|_, group| !group.is_gone());
    }
}

impl Fleet {
    /// UpdateAutoScalingGroup, before the group follows.
    pub fn update(&mut self, now: Timestamp, by: Writer, update: Update) -> Result<(), Refusal> {
        self.refuse_while_busy(now)?;
        let Sizes { min, max, desired } = self.sizes;
        let (min, max) = (update.min.unwrap_or(min), update.max.unwrap_or(max));
        if min > max {
            let words =
                format_args!("Max bound, {max}, must be greater than or equal to min bound, {min}");
            return Err(Refusal::invalid(words));
        }
        let desired = desired.clamp(min, max);
        let why = format!(
            "a user request update of AutoScalingGroup constraints to min: {min}, max: {max}, \
             desired: {desired}"
        );
        self.resize(now, by, Sizes { min, max, desired }, &why);
        Ok(())
    }

    /// SetDesiredCapacity, before the group follows.
    pub fn set_desired(&mut self, now: Timestamp, by: Writer, desired: u32) -> Result<(), Refusal> {
        self.refuse_while_busy(now)?;
        let Sizes { min, max, .. } = self.sizes;
        let bound = if desired < min {
            Some(("below min", min))
        } else {
            Some(("above max", max)).filter(|_| desired > max)
        };
        if let Some((side, bound)) = bound {
            return Err(Refusal::invalid(format_args!(
                "New SetDesiredCapacity value {desired} is {side} value {bound} for the \
                 AutoScalingGroup."
            )));
        }
        let why = "a user request explicitly set group desired capacity";
        self.resize(now, by, Sizes { min, max, desired }, why);
        Ok(())
    }

    /// A scaling activity may block a change of the sizes.
    fn refuse_while_busy(&self, now: Timestamp) -> Result<(), Refusal> {
        if self.busy_until.is_some_and(|until| now < until) {
            let words = "ScalingActivityInProgress: a scaling activity blocks this action";
            return Err(Refusal::Busy(words.to_owned()));
        }
        Ok(())
    }

    /// What is read before a lowering.
    pub fn evidence(&self, now: Timestamp) -> Evidence {
        let recent = |started: Timestamp| now.duration_since(started) <= DAY;
        let newest = self.activities.iter().rev();
        let tracking = self.tracking.as_ref().map(crate::Tracking::policy);
        let inert = self.site.scalers.iter().map(|scaler| scaler.policy.clone());
        Evidence {
            policies: self.policies.iter().cloned().chain(tracking).chain(inert).collect(),
            activities: newest.take_while(|a| recent(a.started)).cloned().collect(),
            refresh: self.refresh.clone().filter(|s| !REFRESH_OVER.contains(&s.as_str())),
            backstop: self.actions.get(Backstop::NAME).map(|s| s.action.clone()),
        }
    }
}
