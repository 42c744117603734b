//! From what was seen to what it means. Pure: every rule is a function of the sight, and a row in
//! the tests.

use super::advice::Finding;
use super::{Plan, Planned, Sight, group, schedules};
use crate::words::span;
use jiff::SignedDuration;
use tidegate_domain::attach::{Hook, Scaler, ScalerKind};
use tidegate_domain::group::{ActivityKind, ActivityResult};
use tidegate_domain::load::LoadReading;
use tidegate_domain::metrics::{QuerySource, Series};
use tidegate_domain::policy::FleetPolicy;
use tidegate_domain::ports::PortError;
use tidegate_domain::reason::Reason;

/// The night looks at the load of this many minutes.
const WINDOW_MINS: i64 = 30;
/// Points of the CPU that lie so far apart are those of basic monitoring.
const BASIC: SignedDuration = SignedDuration::from_mins(5);

/// Everything that was found, what matters most first.
pub fn judge(sight: &Sight) -> Vec<Finding> {
    let mut found = unread(sight);
    if let Ok(setup) = &sight.setup {
        let policy = sight.planned().map(|planned| &planned.policy);
        found.extend(group::judge(setup, sight.mode(), policy));
    }
    found.extend(sight.scalers.iter().flatten().filter_map(scaler));
    found.extend(schedules::judge(sight));
    let boot = sight.planned().map(|planned| planned.policy.boot);
    found.extend(sight.hooks.iter().flatten().map(|h| hook(h, boot)));
    found.extend(recent(sight));
    found.extend(monitoring(sight));
    match &sight.plan {
        Plan::Unknown { why } => found.push(no_policy(why)),
        Plan::Known(planned) => found.extend(measured(sight, planned)),
    }
    found.sort_by_key(|finding| finding.severity);
    found
}

/// One finding for each call that failed.
fn unread(sight: &Sight) -> Vec<Finding> {
    let planned = sight.planned();
    let errors = [
        sight.setup.as_ref().err(),
        sight.schedules.as_ref().err(),
        sight.scalers.as_ref().err(),
        sight.hooks.as_ref().err(),
        sight.evidence.as_ref().err(),
        sight.cpu.as_ref().err(),
        planned.and_then(|p| p.load.as_ref().err()),
        planned.and_then(|p| p.alarms.as_ref().err()),
        sight.memory.as_ref().and_then(|memory| memory.as_ref().err()),
    ];
    let mut told: Vec<&PortError> = Vec::new();
    for error in errors.into_iter().flatten() {
        if !told.iter().any(|other| call(other) == call(error)) {
            told.push(error);
        }
    }
    told.into_iter().map(Finding::unread).collect()
}

fn call(error: &PortError) -> &'static str {
    match error {
        PortError::Throttled { call, .. }
        | PortError::Unavailable { call, .. }
        | PortError::Denied { call, .. }
        | PortError::Refused { call, .. }
        | PortError::Unreadable { call, .. } => call,
    }
}

fn scaler(scaler: &Scaler) -> Option<Finding> {
    let name = &scaler.policy.name;
    if let ScalerKind::Predictive { scales: true } = scaler.kind
        && scaler.enabled
    {
        let words = format!("{name} is predictive scaling that acts on its forecast");
        return Some(
            Finding::care("predictive", words)
                .why("it raises desired by its own forecast, which Tidegate lowers again in owner mode")
                .act("set it to ForecastOnly: the policy's day does what it does; sizing = \"advise\" shows a forecast"),
        );
    }
    if !scaler.policy.can_scale_in {
        return None;
    }
    let (what, act) = match &scaler.kind {
        ScalerKind::Tracking => ("target tracking that scales in", "set DisableScaleIn on it"),
        ScalerKind::Step | ScalerKind::Simple => {
            ("a policy that scales in", "delete or disable it")
        }
        _ => {
            ("a policy of a kind that is not known; it counts as one that scales in", "look at it")
        }
    };
    Some(
        Finding::care("scales-in", format!("{name} is {what}"))
            .why(
                "Tidegate then moves MinSize only, and the policy trims above it (raise-only mode)",
            )
            .act(format!("nothing, if that is what you want; for owner mode {act}")),
    )
}

fn hook(hook: &Hook, boot: Option<SignedDuration>) -> Finding {
    let (name, time) = (&hook.name, span(hook.timeout));
    if !hook.launching {
        return Finding::note("hook", format!("{name} holds leaving instances for up to {time}"))
            .why("they cost until it is answered; the next lowering waits for the last termination")
            .act("nothing");
    }
    let words = format!("{name} holds launching instances for up to {time}");
    let ends = if hook.abandons {
        "and gives up those that nobody answers for"
    } else {
        "and then lets them serve"
    };
    if boot.is_some_and(|boot| hook.timeout <= boot) {
        return Finding::note("hook", words)
            .why(format!("it is part of the boot time, {ends}"))
            .act("nothing");
    }
    Finding::care("hook", words)
        .why(format!(
            "it is part of the boot time, {ends}; the first mornings are planned by boot_secs"
        ))
        .act(format!(
            "answer it early; set boot_secs to launch and hook together, at most {time} more"
        ))
}

fn recent(sight: &Sight) -> Vec<Finding> {
    let Ok(evidence) = &sight.evidence else { return Vec::new() };
    let mut found = Vec::new();
    let launches = || evidence.activities.iter().filter(|a| a.kind == ActivityKind::Launch);
    let failed = launches().find(|a| a.result == ActivityResult::Failed);
    let healed =
        launches().next().is_some_and(|newest| newest.result == ActivityResult::Successful);
    if let Some(failed) = failed.filter(|_| !healed) {
        found.push(
            Finding::stop("launch-failed", format!("the last launch failed: {}", failed.message))
                .why("what is asked for does not come; nothing is lowered for 24 h unless one succeeds")
                .act("mend the cause (quota, image, subnet, capacity of the zone)"),
        );
    }
    if let Some(status) = &evidence.refresh {
        let words = format!("an instance refresh is under way: {status}");
        let why = "nothing is lowered until it has ended";
        found.push(Finding::note("refresh", words).why(why).act("nothing"));
    }
    found
}

fn monitoring(sight: &Sight) -> Option<Finding> {
    let series = sight.cpu.as_ref().ok()?;
    let times: Vec<_> = series.iter().map(|point| point.at).collect();
    let gaps = times.windows(2).filter_map(|pair| match pair {
        [a, b] => Some(b.duration_since(*a)),
        _ => None,
    });
    let words = match gaps.min() {
        None => return Some(no_cpu()),
        Some(gap) if gap < BASIC => return None,
        Some(gap) => format!("the group's CPU has a point every {}", span(gap)),
    };
    let by_cpu = sight.planned().is_some_and(|planned| uses_ec2(&planned.policy));
    let finding = if by_cpu { Finding::stop } else { Finding::care };
    Some(
        finding("basic-monitoring", words)
            .why("a spike by CPU is seen minutes late; a load by CPU is always too old to lower on")
            .act("switch detailed monitoring on in the launch template, and refresh the instances"),
    )
}

fn no_cpu() -> Finding {
    Finding::note("no-cpu", "the group's CPU has no two points in the last hour")
        .why("whether detailed monitoring is on cannot be told")
        .act("look again when instances have run for a quarter of an hour")
}

fn uses_ec2(policy: &FleetPolicy) -> bool {
    let ec2 =
        |source: &QuerySource| matches!(source, QuerySource::Metric(m) if m.namespace == "AWS/EC2");
    policy.load.query.parts.iter().any(|part| ec2(&part.source))
}

fn no_policy(why: &str) -> Finding {
    Finding::note("no-policy", format!("no policy to judge by: {why}"))
        .why("floors, budget, load and alarms were not compared with the group")
        .act("give the policy: make doctor GROUP=... POLICY=policy.toml")
}

/// The load and the alarms that the policy names.
fn measured(sight: &Sight, planned: &Planned) -> Vec<Finding> {
    let mut found = Vec::new();
    if let Ok(series) = &planned.load {
        found.extend(load(sight, planned, series));
    }
    let Ok(alarms) = &planned.alarms else { return found };
    for name in planned.policy.alarm_names().iter().filter(|name| !alarms.contains_key(*name)) {
        let fleet = &sight.fleet;
        let made = ["cpu-high", "requests-high"].map(|kind| format!("{fleet}-{kind}"));
        let words = format!("the alarm {name} does not exist");
        found.push(if made.iter().any(|ours| ours == name.as_str()) {
            Finding::note("alarm", words).why("the stack makes it").act("nothing")
        } else {
            Finding::care("alarm", words)
                .why("it can neither call for capacity nor forbid lowering; a warning tells so")
                .act("create it, or take it out of the policy")
        });
    }
    found
}

fn load(sight: &Sight, planned: &Planned, series: &[Series]) -> Option<Finding> {
    let none = Series::default();
    let serving = sight.setup.as_ref().is_ok_and(|setup| setup.group.serving() > 0);
    let reading =
        LoadReading { series: series.first().unwrap_or(&none), healthy: series.get(1), serving };
    let reason = reading.peak(sight.now, WINDOW_MINS).err()?;
    let certain =
        matches!(reason, Reason::DataMissing | Reason::DataStale { .. } | Reason::DataBad);
    let finding = if certain { Finding::stop } else { Finding::care };
    let parts = planned.policy.load.query.parts.iter();
    let metrics: Vec<String> = parts
        .filter_map(|part| match &part.source {
            QuerySource::Metric(spec) => Some(spec.to_string()),
            QuerySource::Expression(_) => None,
        })
        .collect();
    Some(
        finding("load", format!("{reason} ({})", metrics.join("; ")))
            .why("while the load is unknown nothing is lowered")
            .act("see that the metric is published by the minute, with these very dimensions"),
    )
}
