//! A function's duty: which events it takes, which fleets it runs for each, and
//! which policy it runs them under.

use crate::ids::FleetName;
use crate::intake::IntakeError;
use crate::metrics::AlarmState;
use crate::policy::Policy;
use crate::ports::Control;
use crate::signal::{AlarmChange, Cause, Schedule, Signal, Wake};
use std::collections::BTreeMap;

/// What a function is there for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Duty {
    /// `nightly-scale-down`
    Night,
    /// `daytime-scale-up`
    Day,
    /// `spike-step-scaler`: alarms and ticks.
    Spike,
}

/// The runs that an event asks for.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Plan {
    /// A signal for each fleet.
    pub runs: BTreeMap<FleetName, Signal>,
    /// What the event named that no fleet of the policy knows.
    pub ignored: Vec<String>,
}

impl Duty {
    /// The function's name.
    pub fn function(self) -> &'static str {
        match self {
            Self::Night => "nightly-scale-down",
            Self::Day => "daytime-scale-up",
            Self::Spike => "spike-step-scaler",
        }
    }

    /// Refuses what is meant for another function.
    ///
    /// # Errors
    /// [`IntakeError::Malformed`].
    pub fn accept(self, wake: &Wake) -> Result<(), IntakeError> {
        match &wake.cause {
            Cause::Alarms(_) if self != Self::Spike => Err(self.refuses("an alarm")),
            Cause::Alarms(_) => Ok(()),
            Cause::Schedule { named, at } => self.signal(*named, *at).map(|_| ()),
        }
    }

    /// The runs that a wake-up asks for.
    ///
    /// # Errors
    /// [`IntakeError::Malformed`] when the event is meant for another function.
    pub fn plan(self, wake: &Wake, policy: &Policy) -> Result<Plan, IntakeError> {
        self.accept(wake)?;
        let mut plan = match &wake.cause {
            Cause::Alarms(changes) => plan_alarms(changes, policy),
            Cause::Schedule { named, at } => {
                let signal = self.signal(*named, *at)?;
                let runs = policy.fleets.keys().map(|fleet| (fleet.clone(), signal.clone()));
                Plan { runs: runs.collect(), ignored: Vec::new() }
            }
        };
        if !wake.fleets.is_empty() {
            let unknown = wake.fleets.iter().filter(|f| !policy.fleets.contains_key(f));
            plan.ignored.extend(unknown.map(|f| format!("fleet {f} is not in the policy")));
            plan.runs.retain(|fleet, _| wake.fleets.contains(fleet));
        }
        Ok(plan)
    }

    fn signal(
        self,
        named: Option<Schedule>,
        scheduled: Option<jiff::Timestamp>,
    ) -> Result<Signal, IntakeError> {
        match (self, named) {
            (Self::Night, None | Some(Schedule::Night)) => Ok(Signal::Night { scheduled }),
            (Self::Day, None | Some(Schedule::Day)) => Ok(Signal::Day),
            (Self::Spike, None | Some(Schedule::Tick)) => Ok(Signal::Tick),
            (_, Some(other)) => Err(self.refuses(&format!("the schedule {other:?}"))),
        }
    }

    fn refuses(self, what: &str) -> IntakeError {
        IntakeError::Malformed(format!("{} does not take {what}", self.function()))
    }
}

/// Each alarm concerns the fleets whose policy names it; of several changes the newest one in
/// ALARM counts, else the newest.
fn plan_alarms(changes: &[AlarmChange], policy: &Policy) -> Plan {
    let mut plan = Plan::default();
    let mut ordered: Vec<&AlarmChange> = changes.iter().collect();
    ordered.sort_by_key(|c| (c.state == AlarmState::Alarm, c.at));
    for change in ordered {
        let concerned = policy
            .fleets
            .iter()
            .filter(|(_, fleet)| fleet.alarm_names().contains(&change.alarm))
            .map(|(name, _)| (name.clone(), Signal::Alarm(change.clone())));
        let mut found = concerned.peekable();
        if found.peek().is_none() {
            plan.ignored.push(format!("no fleet's policy names the alarm {}", change.alarm));
        }
        plan.runs.extend(found);
    }
    plan
}

/// The policy that holds, and what is wrong with a newer one.
#[derive(Debug, Clone)]
pub struct Holding {
    /// The last valid policy.
    pub policy: Policy,
    /// Its version; none is the seed.
    pub version: Option<u32>,
    /// Why the newest stored document cannot be used. Nothing is lowered then.
    pub fault: Option<String>,
}

/// Finds the policy that holds: the newest stored document that is valid, else `last` (what
/// this process used before), the seed of the template at first.
pub async fn holding<C: Control>(control: &C, last: &Policy) -> Holding {
    let stored = match control.policies().await {
        Ok(stored) => stored,
        Err(error) => {
            let fault = Some(format!("the stored policies could not be read: {error}"));
            return Holding { policy: last.clone(), version: None, fault };
        }
    };
    let mut fault = None;
    for candidate in stored {
        match Policy::parse(&candidate.document) {
            Ok(policy) => return Holding { policy, version: Some(candidate.version), fault },
            Err(error) => {
                let text = format!("version {}: {error}", candidate.version);
                fault.get_or_insert(text);
            }
        }
    }
    Holding { policy: last.clone(), version: None, fault }
}
