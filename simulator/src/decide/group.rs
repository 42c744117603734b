//! The group as the lines show it.
//!
//! Instances in service are one instance of that weight, and those that boot another, of weight
//! zero when there is none: what is decided counts capacity, and names that vanish tell that
//! something was terminated.

use super::line::{Minute, Start};
use std::collections::{BTreeMap, BTreeSet};
use tidegate_domain::decide::Action;
use tidegate_domain::group::{Group, Instance, Lifecycle, Sizes};
use tidegate_domain::ids::InstanceId;

/// The group as it stands.
#[derive(Debug)]
pub struct Standing {
    sizes: Sizes,
    in_service: u32,
    /// How often fewer were in service than the minute before.
    ended: u64,
}

impl Standing {
    pub fn new(start: &Start) -> Self {
        let sizes = Sizes { min: start.min, max: start.max, desired: start.min };
        Self { sizes, in_service: start.min, ended: 0 }
    }

    pub fn sizes(&self) -> Sizes {
        self.sizes
    }

    /// Takes what a line says; the group keeps its own limits.
    pub fn see(&mut self, glance: &Minute) {
        let Sizes { min, max, desired } = self.sizes;
        let desired = glance.desired.unwrap_or(desired).min(max);
        // Less than what was asked for: the caller's fleet is smaller than our `MinSize`.
        self.sizes = Sizes { min: min.min(desired), max, desired };
        let in_service = glance.in_service.unwrap_or(desired);
        self.ended += u64::from(in_service < self.in_service);
        self.in_service = in_service;
    }

    /// What Auto Scaling would do with it.
    pub fn apply(&mut self, action: &Action) {
        match *action {
            Action::Raise { min } => {
                self.sizes.min = min;
                self.sizes.desired = self.sizes.desired.max(min);
            }
            Action::Lower { min, desired } => {
                self.sizes.min = min;
                self.sizes.desired = desired.unwrap_or(self.sizes.desired).max(min);
            }
            _ => {}
        }
    }

    pub fn view(&self) -> Group {
        let booting = self.sizes.desired.saturating_sub(self.in_service);
        let parts = [
            ("i-serving", Lifecycle::InService, self.in_service),
            ("i-booting", Lifecycle::Pending, booting),
        ];
        Group {
            sizes: self.sizes,
            instances: parts.into_iter().filter_map(|part| self.instance(part)).collect(),
            suspended: BTreeSet::new(),
            tags: BTreeMap::new(),
            deleting: false,
            foreign_unit: None,
        }
    }

    fn instance(&self, (name, lifecycle, weight): (&str, Lifecycle, u32)) -> Option<Instance> {
        let id = InstanceId::new(format!("{name}-{}", self.ended)).ok()?;
        Some(Instance { id, lifecycle, healthy: true, zone: "a".to_owned(), weight })
    }
}
