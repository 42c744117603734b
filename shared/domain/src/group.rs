//! What an Auto Scaling group says of itself. Unknown words of AWS are kept,
//! not refused: new lifecycle states and processes appear without notice.

use crate::ids::InstanceId;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// The three sizes of a group, in capacity units (instances unless weighted).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sizes {
    /// `MinSize`.
    pub min: u32,
    /// `MaxSize`; Tidegate never changes it.
    pub max: u32,
    /// `DesiredCapacity`.
    pub desired: u32,
}

/// Where an instance is in its life.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Lifecycle {
    /// `Pending`, `Pending:Wait`, `Pending:Proceed`: booting, not serving.
    Pending,
    /// `InService`.
    InService,
    /// `Terminating*` and `Terminated`.
    Terminating,
    /// `Warmed:*`: stopped or idle in the warm pool, not part of the capacity.
    WarmPool,
    /// Anything else (`Standby`, `Detaching`, states that AWS adds later): exists, does not serve.
    Other(String),
}

impl Lifecycle {
    /// Reads AWS's word; never fails.
    pub fn parse(word: &str) -> Self {
        match word {
            "InService" => Self::InService,
            w if w.starts_with("Pending") => Self::Pending,
            w if w.starts_with("Terminat") => Self::Terminating,
            w if w.starts_with("Warmed:") => Self::WarmPool,
            w => Self::Other(w.to_owned()),
        }
    }
}

/// One instance of the group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Instance {
    /// Its id.
    pub id: InstanceId,
    /// Its lifecycle state.
    pub lifecycle: Lifecycle,
    /// Whether Auto Scaling holds it healthy.
    pub healthy: bool,
    /// Its Availability Zone.
    pub zone: String,
    /// Capacity units it counts for; 1 unless the group is weighted.
    pub weight: u32,
}

impl Instance {
    /// In service and healthy: it takes traffic.
    pub fn serves(&self) -> bool {
        self.lifecycle == Lifecycle::InService && self.healthy
    }
}

/// What `DescribeAutoScalingGroups` says of one group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// Sizes now.
    pub sizes: Sizes,
    /// Every instance that AWS lists, warm pool and terminating ones included.
    pub instances: Vec<Instance>,
    /// Names of suspended processes.
    pub suspended: BTreeSet<String>,
    /// Tags.
    pub tags: BTreeMap<String, String>,
    /// The group is being deleted.
    pub deleting: bool,
    /// `DesiredCapacityType` when it is not `units` (attribute-based groups): unsupported.
    pub foreign_unit: Option<String>,
}

impl Group {
    /// Capacity units that take traffic now.
    pub fn serving(&self) -> u32 {
        self.weigh(Instance::serves)
    }

    /// Capacity units in service, healthy or not.
    pub fn in_service(&self) -> u32 {
        self.weigh(|i| i.lifecycle == Lifecycle::InService)
    }

    /// Capacity units that are booting.
    pub fn pending(&self) -> u32 {
        self.weigh(|i| i.lifecycle == Lifecycle::Pending)
    }

    /// Sum of the weights of the instances that `pick` takes.
    pub fn weigh(&self, pick: impl Fn(&Instance) -> bool) -> u32 {
        self.instances.iter().filter(|i| pick(i)).map(|i| i.weight).fold(0, u32::saturating_add)
    }

    /// Whether a process (`Launch`, `Terminate`, ...) is suspended.
    pub fn is_suspended(&self, process: &str) -> bool {
        self.suspended.contains(process)
    }
}

/// One scaling activity.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Activity {
    /// AWS's id of it.
    pub id: String,
    /// When it began.
    pub started: Timestamp,
    /// When it ended, if it did.
    pub ended: Option<Timestamp>,
    /// What it did.
    pub kind: ActivityKind,
    /// How it went.
    pub result: ActivityResult,
    /// Zone, where the details name one.
    pub zone: Option<String>,
    /// AWS's own words: the cause of a failure for people to read.
    pub message: String,
    /// The change of desired capacity that the cause names, if it does
    /// ("... changing the desired capacity from 9 to 8").
    pub desired_change: Option<DesiredChange>,
}

/// What an activity did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ActivityKind {
    /// Launched an instance.
    Launch,
    /// Terminated an instance.
    Terminate,
    /// Something else.
    Other,
}

/// How an activity went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ActivityResult {
    /// `Successful`.
    Successful,
    /// `Failed` or `Cancelled`.
    Failed,
    /// Still going on.
    InProgress,
}

/// A change of desired capacity as an activity's cause tells it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct DesiredChange {
    /// Before.
    pub from: u32,
    /// After.
    pub to: u32,
}

/// The group's scheduled action that restores the day without Tidegate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Backstop {
    /// `MinSize` it sets, in capacity units.
    pub min: u32,
    /// Five-field cron, in `time_zone`.
    pub recurrence: String,
    /// IANA zone.
    pub time_zone: String,
}

impl Backstop {
    /// Name of the scheduled action on the group.
    pub const NAME: &'static str = "tidegate-restore";
}

/// Who trims the fleet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// No enabled dynamic policy can scale in: Tidegate lowers the desired capacity too.
    Owner,
    /// A dynamic policy scales in: Tidegate moves `MinSize` only.
    Floor,
}

impl Mode {
    /// Reads the mode from the group's policies.
    pub fn of(policies: &[ScalingPolicy]) -> Self {
        if policies.iter().any(|p| p.can_scale_in) { Self::Floor } else { Self::Owner }
    }
}

/// A dynamic scaling policy that somebody attached to the group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScalingPolicy {
    /// Its name.
    pub name: String,
    /// Enabled, and able to lower the desired capacity.
    pub can_scale_in: bool,
}

/// What is read of a group only before it is lowered (or its deadline judged).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Evidence {
    /// Dynamic policies.
    pub policies: Vec<ScalingPolicy>,
    /// Activities of the last 24 hours, newest first.
    pub activities: Vec<Activity>,
    /// The status of an instance refresh that is under way.
    pub refresh: Option<String>,
    /// The backstop as it stands on the group.
    pub backstop: Option<Backstop>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn instance(id: &str, lifecycle: Lifecycle, healthy: bool, weight: u32) -> Instance {
        let id = InstanceId::new(id).unwrap();
        Instance { id, lifecycle, healthy, zone: "a".into(), weight }
    }

    #[test]
    fn capacity_is_counted_by_what_instances_do() {
        let group = Group {
            sizes: Sizes { min: 1, max: 99, desired: 20 },
            instances: vec![
                instance("i-1", Lifecycle::InService, true, 1),
                instance("i-2", Lifecycle::InService, true, 2),
                instance("i-3", Lifecycle::InService, false, 4),
                instance("i-4", Lifecycle::Pending, true, 8),
                instance("i-5", Lifecycle::Terminating, true, 16),
                instance("i-6", Lifecycle::WarmPool, true, 32),
            ],
            suspended: ["Launch".to_owned()].into(),
            tags: BTreeMap::new(),
            deleting: false,
            foreign_unit: None,
        };
        assert_eq!((group.serving(), group.in_service(), group.pending()), (3, 7, 8));
        assert_eq!(group.weigh(|_| true), 63);
        assert!(group.is_suspended("Launch") && !group.is_suspended("Terminate"));
    }

    #[test]
    fn unknown_lifecycle_words_are_kept() {
        assert_eq!(Lifecycle::parse("Pending:Wait"), Lifecycle::Pending);
        assert_eq!(Lifecycle::parse("Warmed:Stopped"), Lifecycle::WarmPool);
        assert_eq!(Lifecycle::parse("Terminating:Retained"), Lifecycle::Terminating);
        assert_eq!(Lifecycle::parse("Dreaming"), Lifecycle::Other("Dreaming".into()));
    }
}
