//! What is true now, as far as it was read. A glance is what every tick reads;
//! the closer look is read only before a lowering or to judge a deadline.

use crate::group::{Evidence, Group, Mode};
use crate::ids::AlarmName;
use crate::ledger::Observed;
use crate::metrics::{Alarm, Series};
use crate::sizing::Advice;
use std::collections::BTreeMap;

/// Something that was read, or why it could not be.
pub type Reading<T> = Result<T, String>;

/// What was seen of a fleet.
#[derive(Debug, Clone)]
pub struct Observation {
    /// The group.
    pub group: Group,
    /// The alarms that the policy names.
    pub alarms: Reading<BTreeMap<AlarmName, Alarm>>,
    /// The last 15 minutes of each spike alarm's metric.
    pub spikes: Reading<BTreeMap<AlarmName, Series>>,
    /// What sizing advises, on a tick of a fleet whose policy asks for it.
    pub sizing: Option<Reading<Advised>>,
    /// The closer look, once it was taken.
    pub closer: Option<CloserLook>,
}

/// What sizing advises.
#[derive(Debug, Clone, PartialEq)]
pub struct Advised {
    /// The advice.
    pub advice: Advice,
    /// What went wrong beside it: nothing is lost but work that will be done again.
    pub trouble: Option<String>,
}

/// What is read only when it is needed.
#[derive(Debug, Clone)]
pub struct CloserLook {
    /// Policies, activities, refresh, backstop.
    pub evidence: Reading<Evidence>,
    /// The load of the last 100 minutes.
    pub recent: Reading<Series>,
    /// The healthy host count of the same minutes, if the policy names it.
    pub healthy: Option<Reading<Series>>,
    /// The load at the same time in past weeks (night) or in the first hour of the day in past
    /// weeks (day); empty series where there is no history.
    pub past: Reading<Vec<Series>>,
    /// After a try to write the backstop: why it does not stand, should the evidence not show it.
    pub backstop_error: Option<String>,
}

impl Observation {
    /// The mode as the closer look shows it.
    pub fn mode(&self) -> Option<Mode> {
        let evidence = self.closer.as_ref()?.evidence.as_ref().ok()?;
        Some(Mode::of(&evidence.policies))
    }

    /// What the ledger keeps of it.
    pub fn record(&self) -> Observed {
        let sizes = self.group.sizes;
        Observed {
            min: sizes.min,
            max: sizes.max,
            desired: sizes.desired,
            in_service: self.group.serving(),
            load: None,
            need: None,
        }
    }
}
