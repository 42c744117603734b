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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::AlarmName;
    use jiff::Timestamp;
    use std::collections::BTreeSet;

    fn fleet(name: &str) -> FleetName {
        FleetName::new(name).unwrap()
    }

    /// Two fleets; `web` and `api` each name an alarm of their own and one together.
    fn policy() -> Policy {
        let table = |name: &str| {
            format!(
                "[fleets.{name}]\nmin = 1\ntime_zone = \"UTC\"\ncapacity_per_instance = 1\n\
                 load = {{ expression = \"r\", metrics = {{ r = \"A B Sum\" }} }}\n\
                 day = {{ starts = \"08:00\", floor = 1 }}\n\
                 night = {{ starts = \"22:00\", floor = 1 }}\n\
                 lower = {{ veto_alarms = [\"{name}-5xx\", \"both\"] }}\n"
            )
        };
        Policy::parse(&format!("version = 1\n{}{}", table("web"), table("api"))).unwrap()
    }

    fn change(alarm: &str, state: AlarmState, second: i64) -> AlarmChange {
        let alarm = AlarmName::new(alarm).unwrap();
        let at = Timestamp::from_second(second).unwrap();
        AlarmChange { alarm, state, at, value: None, threshold: None }
    }

    fn wake(cause: Cause, fleets: &[&str]) -> Wake {
        Wake { cause, dry_run: false, fleets: fleets.iter().map(|n| fleet(n)).collect() }
    }

    fn schedule(named: Option<Schedule>) -> Cause {
        Cause::Schedule { named, at: None }
    }

    #[test]
    fn each_function_takes_its_own_events() {
        let alarms = || Cause::Alarms(vec![change("both", AlarmState::Alarm, 1)]);
        let events = [
            ("an alarm", alarms()),
            ("no schedule named", schedule(None)),
            ("night", schedule(Some(Schedule::Night))),
            ("day", schedule(Some(Schedule::Day))),
            ("tick", schedule(Some(Schedule::Tick))),
        ];
        for (duty, name, takes) in [
            (Duty::Night, "nightly-scale-down", [false, true, true, false, false]),
            (Duty::Day, "daytime-scale-up", [false, true, false, true, false]),
            (Duty::Spike, "spike-step-scaler", [true, true, false, false, true]),
        ] {
            assert_eq!(duty.function(), name);
            for ((event, cause), takes) in events.iter().zip(takes) {
                let wake = wake(cause.clone(), &[]);
                assert_eq!(duty.accept(&wake).is_ok(), takes, "{name} {event}");
                assert_eq!(duty.plan(&wake, &policy()).is_ok(), takes, "{name} {event}");
            }
        }
        let refused = Duty::Day.accept(&wake(alarms(), &[])).unwrap_err().to_string();
        assert!(refused.contains("daytime-scale-up does not take an alarm"), "{refused}");
    }

    #[test]
    fn a_schedule_runs_every_fleet_or_those_that_are_named() {
        let plan = |fleets: &[&str]| {
            let plan = Duty::Spike.plan(&wake(schedule(None), fleets), &policy()).unwrap();
            let runs: BTreeSet<FleetName> = plan.runs.into_keys().collect();
            (runs, plan.ignored)
        };
        assert_eq!(plan(&[]), ([fleet("api"), fleet("web")].into(), vec![]));
        assert_eq!(plan(&["web"]), ([fleet("web")].into(), vec![]));
        let ghost = vec!["fleet ghost is not in the policy".to_owned()];
        assert_eq!(plan(&["web", "ghost"]), ([fleet("web")].into(), ghost));
    }

    #[test]
    fn an_alarm_runs_the_fleets_whose_policy_names_it() {
        let plan = |changes: Vec<AlarmChange>| {
            Duty::Spike.plan(&wake(Cause::Alarms(changes), &[]), &policy()).unwrap()
        };
        let own = change("web-5xx", AlarmState::Alarm, 1);
        let found = plan(vec![own.clone()]);
        assert_eq!(found.runs, [(fleet("web"), Signal::Alarm(own))].into());
        assert_eq!(plan(vec![change("both", AlarmState::Ok, 1)]).runs.len(), 2);
        let nobodys = plan(vec![change("db-cpu", AlarmState::Alarm, 1)]);
        assert!(nobodys.runs.is_empty());
        assert_eq!(nobodys.ignored, ["no fleet's policy names the alarm db-cpu"]);
    }

    #[test]
    fn of_several_changes_the_newest_in_alarm_counts() {
        let chosen = |changes: &[(AlarmState, i64)]| {
            let changes = changes.iter().map(|(s, at)| change("web-5xx", *s, *at)).collect();
            let plan = Duty::Spike.plan(&wake(Cause::Alarms(changes), &[]), &policy()).unwrap();
            match plan.runs.get(&fleet("web")) {
                Some(Signal::Alarm(change)) => change.at.as_second(),
                other => panic!("{other:?}"),
            }
        };
        use AlarmState::{Alarm, Ok};
        assert_eq!(chosen(&[(Alarm, 1), (Ok, 2)]), 1);
        assert_eq!(chosen(&[(Alarm, 3), (Alarm, 1), (Ok, 4)]), 3);
        assert_eq!(chosen(&[(Ok, 2), (Ok, 1)]), 2);
    }
}
