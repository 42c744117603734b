//! `doctor`: what stands in the way before Tidegate is attached to a group that is there, what to
//! take care of, and the mode that follows.
//!
//! What must stay true: it only reads; what it may not read is a finding that names the missing
//! permission, and hides nothing else; the judgement ([`judge`]) is pure.

mod advice;
mod group;
mod judge;
mod schedules;
mod text;

pub use advice::{Finding, Severity};
pub use judge::judge;

use crate::{Failure, Report};
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeMap;
use tidegate_domain::attach::{Attach, Hook, Scaler, ScheduledAction, Setup};
use tidegate_domain::duty::holding;
use tidegate_domain::group::{Evidence, Mode};
use tidegate_domain::ids::{AlarmName, FleetName};
use tidegate_domain::load::READ_MINUTES;
use tidegate_domain::metrics::{Alarm, MetricQuery, MetricSpec, Series, Window};
use tidegate_domain::policy::{FleetPolicy, Policy};
use tidegate_domain::ports::{Control, Groups, Metrics, PortResult, Versioned};

/// The CPU is looked at for this long: basic monitoring has a point every five minutes.
const CPU_MINUTES: i64 = 60;

/// What is asked for.
#[derive(Debug, Clone)]
pub struct Question<'a> {
    /// The group.
    pub fleet: &'a FleetName,
    /// The policy that it shall run by; none: the control table's, or else `seed`.
    pub policy: Option<&'a Policy>,
    /// The template's policy.
    pub seed: Option<&'a Policy>,
    /// Whether a control table was named.
    pub has_table: bool,
    /// What counts as now.
    pub now: Timestamp,
    /// Where the group is looked for, for people.
    pub place: &'a str,
}

/// What was seen. What could not be read says why.
#[derive(Debug, Clone)]
pub struct Sight {
    /// The group's name.
    pub fleet: FleetName,
    /// What counts as now.
    pub now: Timestamp,
    /// Where it was looked for, for people.
    pub place: String,
    /// The group.
    pub setup: PortResult<Setup>,
    /// Its scheduled actions.
    pub schedules: PortResult<Vec<ScheduledAction>>,
    /// Its scaling policies.
    pub scalers: PortResult<Vec<Scaler>>,
    /// Its lifecycle hooks.
    pub hooks: PortResult<Vec<Hook>>,
    /// Its activities and refresh.
    pub evidence: PortResult<Evidence>,
    /// Its CPU by the minute, over an hour.
    pub cpu: PortResult<Series>,
    /// The policy that it shall run by.
    pub plan: Plan,
    /// What Tidegate remembers of it; none where no control table was named.
    pub memory: Option<PortResult<Versioned>>,
}

/// The policy that the group shall run by, and what it names.
#[derive(Debug, Clone)]
pub enum Plan {
    /// No policy is known: less can be judged.
    Unknown {
        /// Why.
        why: String,
    },
    /// This one.
    Known(Box<Planned>),
}

/// A policy with what was seen of the metrics and alarms that it names.
#[derive(Debug, Clone)]
pub struct Planned {
    /// The fleet's policy.
    pub policy: FleetPolicy,
    /// The load and the healthy hosts, by the minute.
    pub load: PortResult<Vec<Series>>,
    /// The alarms that are there.
    pub alarms: PortResult<BTreeMap<AlarmName, Alarm>>,
}

impl Sight {
    /// The mode that follows; none where the policies could not be read.
    pub fn mode(&self) -> Option<Mode> {
        let scalers = self.scalers.as_ref().ok()?;
        let policies: Vec<_> = scalers.iter().map(|scaler| scaler.policy.clone()).collect();
        Some(Mode::of(&policies))
    }

    /// The policy, where one is known.
    pub fn planned(&self) -> Option<&Planned> {
        match &self.plan {
            Plan::Known(planned) => Some(planned),
            Plan::Unknown { .. } => None,
        }
    }
}

/// Looks at the group.
///
/// # Errors
/// [`Failure::Input`] when there is no such group, or when the given policy does not name it.
pub async fn look<W>(world: &W, question: &Question<'_>) -> Result<Sight, Failure>
where
    W: Attach + Control + Groups + Metrics,
{
    let Question { fleet, now, .. } = *question;
    let setup = match world.setup(fleet).await {
        Ok(None) => return Err(no_group(question)),
        Ok(Some(setup)) => Ok(setup),
        Err(error) => Err(error),
    };
    let memory = if question.has_table { Some(world.load(fleet).await) } else { None };
    Ok(Sight {
        fleet: fleet.clone(),
        now,
        place: question.place.to_owned(),
        setup,
        schedules: world.schedules(fleet).await,
        scalers: world.scalers(fleet).await,
        hooks: world.hooks(fleet).await,
        evidence: world.evidence(fleet, now).await,
        cpu: cpu(world, fleet, now).await,
        plan: plan(world, question).await?,
        memory,
    })
}

fn no_group(question: &Question<'_>) -> Failure {
    let Question { fleet, place, .. } = question;
    Failure::Input(format!("there is no Auto Scaling group {fleet} {place}"))
}

async fn cpu<W: Metrics>(world: &W, fleet: &FleetName, now: Timestamp) -> PortResult<Series> {
    let spec = MetricSpec {
        namespace: "AWS/EC2".to_owned(),
        name: "CPUUtilization".to_owned(),
        statistic: "Average".to_owned(),
        dimensions: [("AutoScalingGroupName".to_owned(), fleet.to_string())].into(),
    };
    let window = Window::before(now, SignedDuration::from_mins(CPU_MINUTES));
    let series = world.read(&[MetricQuery::metric(spec)], window).await?;
    Ok(series.into_iter().next().unwrap_or_default())
}

async fn plan<W>(world: &W, question: &Question<'_>) -> Result<Plan, Failure>
where
    W: Control + Metrics,
{
    let policy = match question.policy {
        Some(given) => given.clone(),
        None => match stored(world, question).await {
            Ok(policy) => policy,
            Err(why) => return Ok(Plan::Unknown { why }),
        },
    };
    let fleet = question.fleet;
    match (policy.fleets.get(fleet), question.policy) {
        (Some(policy), _) => Ok(Plan::Known(Box::new(planned(world, policy, question.now).await))),
        (None, Some(_)) => Err(Failure::Input(format!(
            "the policy does not name {fleet}; it names {}",
            names(&policy)
        ))),
        (None, None) => {
            let why =
                format!("the policy in force does not name {fleet}; it names {}", names(&policy));
            Ok(Plan::Unknown { why })
        }
    }
}

fn names(policy: &Policy) -> String {
    let names: Vec<&str> = policy.fleets.keys().map(FleetName::as_str).collect();
    if names.is_empty() { "nothing".to_owned() } else { names.join(", ") }
}

/// The policy in force.
async fn stored<W: Control>(world: &W, question: &Question<'_>) -> Result<Policy, String> {
    let none = Policy { dry_run: false, fleets: BTreeMap::new() };
    let last = question.seed.unwrap_or(&none);
    if !question.has_table {
        return question.seed.cloned().ok_or_else(|| "none was given".to_owned());
    }
    let holding = holding(world, last).await;
    match holding.fault {
        Some(fault) if holding.policy.fleets.is_empty() => Err(fault),
        _ if holding.policy.fleets.is_empty() => Err("none is stored".to_owned()),
        _ => Ok(holding.policy),
    }
}

async fn planned<W: Metrics>(world: &W, policy: &FleetPolicy, now: Timestamp) -> Planned {
    let queries: Vec<MetricQuery> = [Some(&policy.load.query), policy.load.healthy.as_ref()]
        .into_iter()
        .flatten()
        .cloned()
        .collect();
    let window = Window::before(now, SignedDuration::from_mins(READ_MINUTES));
    Planned {
        policy: policy.clone(),
        load: world.read(&queries, window).await,
        alarms: world.alarms(&policy.alarm_names()).await,
    }
}

/// The answer as a page for people.
pub fn page(sight: &Sight) -> Report {
    let findings = judge(sight);
    report(text::page(sight, &findings), &findings)
}

/// The answer as JSON.
pub fn json(sight: &Sight) -> Report {
    let findings = judge(sight);
    report(format!("{:#}\n", text::json(sight, &findings)), &findings)
}

fn report(text: String, findings: &[Finding]) -> Report {
    let stops = findings.iter().filter(|finding| finding.severity == Severity::Stop).count();
    let troubles = match stops {
        0 => Vec::new(),
        1 => vec!["1 thing stands in the way".to_owned()],
        n => vec![format!("{n} things stand in the way")],
    };
    Report { text, notes: Vec::new(), troubles }
}
