//! Labels: what matchers look at and groups are made by.

use crate::alarms::event::AlarmEvent;
use crate::policy::Policy;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Names and values. A label that is absent has the empty value, as in Alertmanager.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Labels(pub BTreeMap<String, String>);

impl Labels {
    /// A label's value; empty when absent.
    pub fn get(&self, name: &str) -> &str {
        self.0.get(name).map_or("", String::as_str)
    }
}

/// The labels of an alarm: `alarm`, `namespace`, `metric`, `dimension.NAME`, `tag.KEY`, `region`,
/// `account`, `kind`, `resource`, `fleet`, `service`, `severity`.
pub fn label(event: &AlarmEvent, policy: &Policy) -> Labels {
    let _ = (event, policy);
    Labels::default()
}

/// Labels for one policy.
#[derive(Debug)]
pub struct Labeller;
impl Labeller {
    /// Index.
    pub fn new(_: &Policy) -> Self {
        Self
    }
    /// Labels.
    pub fn label(&self, _: &AlarmEvent) -> Labels {
        Labels::default()
    }
}
