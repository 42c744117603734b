//! Delivering an event to its function: decode, plan, cycle, as the real handler does, without
//! a runtime and with a planner of our choice.

use super::stage::{ALARMS, THRESHOLD, Theatre};
use super::step::Event;
use super::watch::Watch;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use std::sync::Arc;
use tidegate_domain::cycle::{CycleError, Run, cycle_planned_by};
use tidegate_domain::decide::Inputs;
use tidegate_domain::duty::{Duty, Holding, holding};
use tidegate_domain::intake::{Home, decode};
use tidegate_domain::ledger::LedgerEntry;
use tidegate_domain::metrics::AlarmState;
use tidegate_domain::policy::Policy;
use tidegate_domain::signal::Wake;
use tidegate_fakes::FakeAws;

const ACCOUNT: &str = "000000000000";
const REGION: &str = "ap-northeast-2";
/// How long the ledger keeps an entry.
const LEDGER_LIFE: SignedDuration = SignedDuration::from_hours(24 * 30);

/// What became of a delivery.
pub type Answer = Vec<Result<LedgerEntry, CycleError>>;

/// One delivery to one function.
pub struct Delivery {
    event: Event,
    wake: Wake,
    run: FakeAws,
    held: Policy,
    watch: Arc<Watch>,
}

impl Delivery {
    /// An event that was sent at this time, to be delivered now.
    pub fn new(theatre: &Theatre, watch: &Arc<Watch>, event: Event, sent: Sent) -> Self {
        let home = Home { account: ACCOUNT.into(), region: REGION.into() };
        let wake = decode(&payload(theatre, event, sent), &home);
        let wake = wake.unwrap_or_else(|e| unreachable!("our own event: {e}"));
        let run = theatre.aws.new_run();
        Self { event, wake, run, held: theatre.held.clone(), watch: watch.clone() }
    }

    /// The run's handle on the world.
    pub fn run(&self) -> &FakeAws {
        &self.run
    }

    /// Serves it. The policy that was used is the function's from now on.
    pub async fn serve(self) -> (Answer, Policy) {
        let holding = holding(&self.run, &self.held).await;
        let duty = duty(self.event);
        let plan = duty.plan(&self.wake, &holding.policy);
        let plan = plan.unwrap_or_else(|e| unreachable!("its own function: {e}"));
        let mut answer = Vec::new();
        for (fleet, signal) in plan.runs {
            let Some(policy) = holding.policy.fleets.get(&fleet) else { continue };
            let run = Run {
                function: duty.function(),
                fleet: &fleet,
                policy,
                signal,
                dry_run: self.wake.dry_run || holding.policy.dry_run,
                policy_fault: holding.fault.clone(),
                ledger_life: LEDGER_LIFE,
            };
            let planner = |inputs: &Inputs<'_>| self.watch.decide(inputs);
            answer.push(cycle_planned_by(&planner, &self.run, &run).await);
        }
        let Holding { policy, .. } = holding;
        (answer, policy)
    }
}

/// When an event was sent, and whether it asks for a dry run.
#[derive(Debug, Clone, Copy)]
pub struct Sent {
    /// Its time.
    pub at: Timestamp,
    /// A dry run.
    pub dry_run: bool,
}

fn duty(event: Event) -> Duty {
    match event {
        Event::Night => Duty::Night,
        Event::Day => Duty::Day,
        Event::Tick | Event::Alarm(_) => Duty::Spike,
    }
}

fn payload(theatre: &Theatre, event: Event, sent: Sent) -> Value {
    let schedule = |name: &str| {
        let time = sent.at.to_string();
        json!({ "schedule": name, "scheduled_time": time, "dry_run": sent.dry_run })
    };
    match event {
        Event::Tick => schedule("tick"),
        Event::Night => schedule("night"),
        Event::Day => schedule("day"),
        Event::Alarm(on) => alarm_action(theatre, on, sent),
    }
}

/// CloudWatch's direct Lambda action.
fn alarm_action(theatre: &Theatre, on: bool, sent: Sent) -> Value {
    let Sent { at, dry_run } = sent;
    let [name, ..] = ALARMS;
    let state = if on { AlarmState::Alarm } else { AlarmState::Ok };
    let value = theatre.truth.levels.cpu.filter(|v| v.is_finite());
    let points: Vec<Value> =
        value.iter().map(|v| json!({ "timestamp": at.to_string(), "value": v })).collect();
    let reason = json!({ "threshold": THRESHOLD, "evaluatedDatapoints": points });
    json!({
        "source": "aws.cloudwatch",
        "alarmArn": format!("arn:aws:cloudwatch:{REGION}:{ACCOUNT}:alarm:{name}"),
        "accountId": ACCOUNT,
        "region": REGION,
        "time": at.to_string(),
        "dry_run": dry_run,
        "alarmData": {
            "alarmName": name,
            "state": {
                "value": state,
                "timestamp": at.to_string(),
                "reasonData": reason.to_string(),
            },
        },
    })
}
