//! What the operator's commands see of a group and take off it, with AWS's refusals.

use crate::fleet::Fleet;
use crate::{Call, FakeAws, State};
use std::collections::BTreeSet;
use tidegate_domain::attach::{Attach, Hook, Scaler, ScalerKind, ScheduledAction, Setup, Trait};
use tidegate_domain::group::{Backstop, ScalingPolicy};
use tidegate_domain::ids::FleetName;
use tidegate_domain::ledger::LedgerEntry;
use tidegate_domain::ports::PortResult;

/// What a group has that the decisions do not look at. None of it acts here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Site {
    /// As [`Setup::health_checks`].
    pub health_checks: BTreeSet<String>,
    /// As [`Setup::metrics`].
    pub metrics: BTreeSet<String>,
    /// As [`Setup::traffic`].
    pub traffic: BTreeSet<String>,
    /// As [`Setup::traits`], besides what the group's own specification says.
    pub traits: BTreeSet<Trait>,
    /// Scheduled actions besides those that fire.
    pub schedules: Vec<ScheduledAction>,
    /// Scaling policies besides those that act.
    pub scalers: Vec<Scaler>,
    /// Lifecycle hooks.
    pub hooks: Vec<Hook>,
}

impl Default for Site {
    fn default() -> Self {
        let nothing = BTreeSet::new;
        Self {
            health_checks: ["EC2".to_owned()].into(),
            metrics: nothing(),
            traffic: nothing(),
            traits: BTreeSet::new(),
            schedules: Vec::new(),
            scalers: Vec::new(),
            hooks: Vec::new(),
        }
    }
}

impl FakeAws {
    /// Somebody changes what a group has besides its sizes.
    pub fn set_site(&self, fleet: &FleetName, change: impl FnOnce(&mut Site)) {
        if let Some(group) = self.lock().groups.get_mut(fleet) {
            change(&mut group.site);
        }
    }
}

impl Attach for FakeAws {
    async fn setup(&self, fleet: &FleetName) -> PortResult<Option<Setup>> {
        self.turn().await;
        self.call(Call::Setup, Some(fleet), String::new(), |state| {
            Ok(state.groups.get(fleet).map(Fleet::setup))
        })
    }

    async fn schedules(&self, fleet: &FleetName) -> PortResult<Vec<ScheduledAction>> {
        self.turn().await;
        self.call(Call::Schedules, Some(fleet), String::new(), |state| {
            Ok(state.groups.get(fleet).map(Fleet::schedules).unwrap_or_default())
        })
    }

    async fn scalers(&self, fleet: &FleetName) -> PortResult<Vec<Scaler>> {
        self.turn().await;
        self.call(Call::Scalers, Some(fleet), String::new(), |state| {
            Ok(state.groups.get(fleet).map(Fleet::scalers).unwrap_or_default())
        })
    }

    async fn hooks(&self, fleet: &FleetName) -> PortResult<Vec<Hook>> {
        self.turn().await;
        self.call(Call::Hooks, Some(fleet), String::new(), |state| {
            Ok(state.groups.get(fleet).map(|group| group.site.hooks.clone()).unwrap_or_default())
        })
    }

    async fn first_entry(&self, fleet: &FleetName) -> PortResult<Option<LedgerEntry>> {
        self.turn().await;
        self.call(Call::FirstEntry, Some(fleet), String::new(), |state| {
            state.table()?.oldest(fleet)
        })
    }

    async fn remove_backstop(&self, fleet: &FleetName) -> PortResult<()> {
        self.turn().await;
        self.call(Call::RemoveBackstop, Some(fleet), String::new(), |state| {
            state.forget(fleet, |group| drop(group.actions.remove(Backstop::NAME)));
            Ok(())
        })
    }

    async fn remove_tags(&self, fleet: &FleetName, names: &BTreeSet<String>) -> PortResult<()> {
        self.turn().await;
        let args = names.iter().cloned().collect::<Vec<_>>().join(" ");
        self.call(Call::RemoveTags, Some(fleet), args, |state| {
            state.forget(fleet, |group| group.spec.tags.retain(|name, _| !names.contains(name)));
            Ok(())
        })
    }
}

impl State {
    fn forget(&mut self, fleet: &FleetName, change: impl FnOnce(&mut Fleet)) {
        if let Some(group) = self.groups.get_mut(fleet) {
            change(group);
        }
    }
}

impl Fleet {
    fn setup(&self) -> Setup {
        let Site { health_checks, metrics, traffic, traits, .. } = self.site.clone();
        let own =
            [(Trait::ProtectsNew, self.spec.protect_new), (Trait::Weighted, self.spec.weight > 1)];
        let own = own.into_iter().filter_map(|(word, has)| has.then_some(word));
        Setup {
            group: self.view(),
            health_checks,
            metrics,
            traffic,
            protected: self.count(|unit| unit.protected),
            traits: traits.into_iter().chain(own).collect(),
        }
    }

    fn schedules(&self) -> Vec<ScheduledAction> {
        let fires = self.actions.iter().map(|(name, scheduled)| ScheduledAction {
            name: name.clone(),
            min: Some(scheduled.action.min),
            recurrence: Some(scheduled.action.recurrence.clone()),
            time_zone: scheduled.action.time_zone.clone(),
            start: scheduled.next,
            ..ScheduledAction::default()
        });
        let mut all: Vec<_> = fires.chain(self.site.schedules.iter().cloned()).collect();
        all.sort_by(|a, b| a.name.cmp(&b.name));
        all
    }

    fn scalers(&self) -> Vec<Scaler> {
        let tracks =
            |policy: ScalingPolicy| Scaler { policy, kind: ScalerKind::Tracking, enabled: true };
        let tracking = self.tracking.as_ref().map(crate::Tracking::policy);
        let acting = self.policies.iter().cloned().chain(tracking).map(tracks);
        acting.chain(self.site.scalers.iter().cloned()).collect()
    }
}
