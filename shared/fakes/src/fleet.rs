//! One Auto Scaling group: what it is made of and what `DescribeAutoScalingGroups` shows.

use crate::attach::Site;
use crate::schedule::Scheduled;
use crate::tracking::Tracking;
use jiff::{SignedDuration, Timestamp};
use std::collections::{BTreeMap, BTreeSet};
use tidegate_domain::group::{
    Activity, DesiredChange, Group, Instance, Lifecycle, ScalingPolicy, Sizes,
};
use tidegate_domain::ids::InstanceId;

/// A group to create.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupSpec {
    /// Sizes at the start; as much is in service as is desired.
    pub sizes: Sizes,
    /// Availability Zones, in the order in which ties are broken.
    pub zones: Vec<String>,
    /// From launch to `InService`.
    pub boot: SignedDuration,
    /// From the choice to terminate to the instance's end.
    pub drain: SignedDuration,
    /// Capacity units of one instance.
    pub weight: u32,
    /// New instances are protected from scale-in.
    pub protect_new: bool,
    /// Tags.
    pub tags: BTreeMap<String, String>,
    /// `DesiredCapacityType` when it is not `units`.
    pub foreign_unit: Option<String>,
    /// Instances that are listed and count for nothing: warm pool, standby.
    pub others: Vec<Instance>,
}

impl GroupSpec {
    /// Three zones, two minutes to boot, one to drain, one unit each.
    pub fn sized(min: u32, desired: u32, max: u32) -> Self {
        let zones = ["ap-northeast-2a", "ap-northeast-2b", "ap-northeast-2c"];
        Self {
            sizes: Sizes { min, max, desired },
            zones: zones.map(str::to_owned).to_vec(),
            boot: SignedDuration::from_mins(2),
            drain: SignedDuration::from_mins(1),
            weight: 1,
            protect_new: false,
            tags: BTreeMap::new(),
            foreign_unit: None,
            others: Vec::new(),
        }
    }

    /// With these zones.
    #[must_use]
    pub fn zones(mut self, zones: &[&str]) -> Self {
        self.zones = zones.iter().map(|&z| z.to_owned()).collect();
        self
    }

    /// With this boot time.
    #[must_use]
    pub fn boot(mut self, boot: SignedDuration) -> Self {
        self.boot = boot;
        self
    }

    /// With this drain time.
    #[must_use]
    pub fn drain(mut self, drain: SignedDuration) -> Self {
        self.drain = drain;
        self
    }

    /// With a tag.
    #[must_use]
    pub fn tag(mut self, key: &str, value: &str) -> Self {
        self.tags.insert(key.to_owned(), value.to_owned());
        self
    }

    /// Weighted: every instance counts for this many units.
    #[must_use]
    pub fn weight(mut self, weight: u32) -> Self {
        self.weight = weight.max(1);
        self
    }

    /// Attribute-based: sizes are in this unit.
    #[must_use]
    pub fn foreign_unit(mut self, unit: &str) -> Self {
        self.foreign_unit = Some(unit.to_owned());
        self
    }

    /// New instances are protected from scale-in.
    #[must_use]
    pub fn protect_new(mut self) -> Self {
        self.protect_new = true;
        self
    }

    /// With an instance that is listed and counts for nothing.
    #[must_use]
    pub fn other(mut self, instance: Instance) -> Self {
        self.others.push(instance);
        self
    }
}

/// Who changed a group's sizes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Writer {
    /// A call of the ports.
    Tidegate,
    /// Somebody else.
    Outside,
    /// Target tracking.
    Tracking,
    /// A scheduled action.
    ScheduledAction,
}

/// One change of a group's sizes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SizeChange {
    /// When.
    pub at: Timestamp,
    /// Who.
    pub by: Writer,
    /// Sizes before.
    pub from: Sizes,
    /// Sizes after.
    pub to: Sizes,
}

/// Numbers of the next instance and the next activity.
#[derive(Debug, Clone, Default)]
pub(crate) struct Ids {
    instances: u64,
    activities: u64,
}

impl Ids {
    /// Like `i-0000000000000001`.
    pub fn instance(&mut self) -> String {
        self.instances += 1;
        format!("i-{:016x}", self.instances)
    }

    /// Instances so far.
    pub fn instances(&self) -> u64 {
        self.instances
    }

    /// Like `activity-000001`.
    pub fn activity(&mut self) -> String {
        self.activities += 1;
        format!("activity-{:06}", self.activities)
    }
}

/// Where an instance is in its life.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Phase {
    /// Serves from `until`; its launch is this activity.
    Booting {
        until: Timestamp,
        activity: String,
    },
    Serving,
    /// Gone from `until`; its termination is this activity.
    Leaving {
        until: Timestamp,
        activity: String,
    },
}

/// One instance.
#[derive(Debug, Clone)]
pub(crate) struct Unit {
    pub id: String,
    pub zone: String,
    pub phase: Phase,
    pub healthy: bool,
    pub protected: bool,
}

impl Unit {
    /// Part of the capacity that AWS compares with desired.
    pub fn counts(&self) -> bool {
        !matches!(self.phase, Phase::Leaving { .. })
    }

    fn view(&self, weight: u32) -> Option<Instance> {
        let lifecycle = match self.phase {
            Phase::Booting { .. } => Lifecycle::Pending,
            Phase::Serving => Lifecycle::InService,
            Phase::Leaving { .. } => Lifecycle::Terminating,
        };
        let (id, zone) = (InstanceId::new(&self.id).ok()?, self.zone.clone());
        Some(Instance { id, lifecycle, healthy: self.healthy, zone, weight })
    }
}

/// One Availability Zone of a group.
#[derive(Debug, Clone)]
pub(crate) struct Zone {
    pub name: String,
    /// Launches fail with this message, before this time if one is given.
    pub refuses: Option<(String, Option<Timestamp>)>,
}

impl Zone {
    /// Why it launches nothing now.
    pub fn refusal(&self, now: Timestamp) -> Option<&str> {
        let (message, until) = self.refuses.as_ref()?;
        until.is_none_or(|t| now < t).then_some(message.as_str())
    }
}

/// Why the desired capacity is what it is: AWS's words in the activities that follow.
#[derive(Debug, Clone)]
pub(crate) struct Cause {
    pub text: String,
    pub change: DesiredChange,
}

/// One Auto Scaling group.
#[derive(Debug)]
pub(crate) struct Fleet {
    pub spec: GroupSpec,
    pub sizes: Sizes,
    pub zones: Vec<Zone>,
    /// Oldest first.
    pub units: Vec<Unit>,
    pub suspended: BTreeSet<String>,
    pub deleting: bool,
    pub site: Site,
    pub policies: Vec<ScalingPolicy>,
    pub tracking: Option<Tracking>,
    pub refresh: Option<String>,
    pub actions: BTreeMap<String, Scheduled>,
    /// Oldest first.
    pub activities: Vec<Activity>,
    pub changes: Vec<SizeChange>,
    /// Sizes cannot be changed before this time: ScalingActivityInProgress.
    pub busy_until: Option<Timestamp>,
    pub cause: Option<Cause>,
    /// No launch is tried before this time; how many attempts failed in a row; since when.
    pub retry_at: Option<Timestamp>,
    pub attempts: u32,
    pub failing_since: Option<Timestamp>,
    /// When an instance last came into service or target tracking last acted.
    pub last_move: Option<Timestamp>,
}

impl Fleet {
    /// A group with everything desired in service.
    pub fn new(spec: GroupSpec, ids: &mut Ids) -> Self {
        let zone = |name: &String| Zone { name: name.clone(), refuses: None };
        let mut fleet = Self {
            sizes: spec.sizes,
            zones: spec.zones.iter().map(zone).collect(),
            spec,
            units: Vec::new(),
            suspended: BTreeSet::new(),
            deleting: false,
            site: Site::default(),
            policies: Vec::new(),
            tracking: None,
            refresh: None,
            actions: BTreeMap::new(),
            activities: Vec::new(),
            changes: Vec::new(),
            busy_until: None,
            cause: None,
            retry_at: None,
            attempts: 0,
            failing_since: None,
            last_move: None,
        };
        fleet.populate(ids);
        fleet
    }

    fn populate(&mut self, ids: &mut Ids) {
        while self.capacity() < self.sizes.desired {
            let Some(zone) = self.zones_by_need().into_iter().next() else { return };
            let (id, phase, protected) = (ids.instance(), Phase::Serving, self.spec.protect_new);
            self.units.push(Unit { id, zone, phase, healthy: true, protected });
        }
    }

    /// Capacity units that AWS compares with desired: booting and in service.
    pub fn capacity(&self) -> u32 {
        self.count(Unit::counts).saturating_mul(self.spec.weight)
    }

    /// Instances that the predicate takes.
    pub fn count(&self, pick: impl Fn(&Unit) -> bool) -> u32 {
        u32::try_from(self.units.iter().filter(|u| pick(u)).count()).unwrap_or(u32::MAX)
    }

    /// Zones with the fewest instances first.
    pub fn zones_by_need(&self) -> Vec<String> {
        let mut zones: Vec<String> = self.zones.iter().map(|z| z.name.clone()).collect();
        zones.sort_by_key(|name| self.count(|u| u.counts() && u.zone == *name));
        zones
    }

    /// Whether a process is suspended.
    pub fn is_suspended(&self, process: &str) -> bool {
        self.suspended.contains(process)
    }

    /// Whether the group has been deleted.
    pub fn is_gone(&self) -> bool {
        self.deleting && self.units.is_empty()
    }

    /// Sets sizes that were checked, and remembers who did and why.
    pub fn resize(&mut self, at: Timestamp, by: Writer, to: Sizes, why: &str) {
        let from = self.sizes;
        if from == to {
            return;
        }
        self.sizes = to;
        self.changes.push(SizeChange { at, by, from, to });
        let change = DesiredChange { from: from.desired, to: to.desired };
        if change.from != change.to {
            let (a, b) = (change.from, change.to);
            let text = format!("At {at} {why} changing the desired capacity from {a} to {b}.");
            self.cause = Some(Cause { text, change });
        }
    }

    /// What DescribeAutoScalingGroups shows.
    pub fn view(&self) -> Group {
        let weight = self.spec.weight;
        let units = self.units.iter().filter_map(|unit| unit.view(weight));
        Group {
            sizes: self.sizes,
            instances: units.chain(self.spec.others.iter().cloned()).collect(),
            suspended: self.suspended.clone(),
            tags: self.spec.tags.clone(),
            deleting: self.deleting,
            foreign_unit: self.spec.foreign_unit.clone(),
        }
    }
}
