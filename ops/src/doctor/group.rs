//! What the group itself says: sizes, state, what is special about it, health checks, tags.

use super::advice::Finding;
use tidegate_domain::attach::{Setup, Trait};
use tidegate_domain::group::Mode;
use tidegate_domain::metrics::QuerySource;
use tidegate_domain::policy::FleetPolicy;

/// Processes without which nothing is written, with what their suspension means.
const PROCESSES: [(&str, &str); 7] = [
    ("Launch", "capacity that is asked for does not come; Tidegate writes nothing meanwhile"),
    ("Terminate", "capacity that is given back keeps running; Tidegate lowers nothing meanwhile"),
    ("HealthCheck", "a sick instance counts as capacity; Tidegate lowers nothing meanwhile"),
    ("ReplaceUnhealthy", "a sick instance is not replaced; Tidegate lowers nothing meanwhile"),
    ("AddToLoadBalancer", "new instances get no traffic; Tidegate lowers nothing meanwhile"),
    ("ScheduledActions", "the backstop would not act; Tidegate lowers nothing meanwhile"),
    ("AlarmNotification", "the group's own policies do not act; Tidegate lowers nothing meanwhile"),
];
/// What the dashboard draws of a group.
const GROUP_METRICS: [&str; 4] =
    ["GroupInServiceInstances", "GroupDesiredCapacity", "GroupMinSize", "GroupMaxSize"];

/// Everything that follows from the group, its mode, and the policy where one is known.
pub(super) fn judge(
    setup: &Setup,
    mode: Option<Mode>,
    policy: Option<&FleetPolicy>,
) -> Vec<Finding> {
    let mut found = sizes(setup, policy);
    found.extend(state(setup));
    found.extend(traits(setup, mode));
    found.extend(health(setup));
    found.extend(policy.and_then(|policy| traffic(setup, policy)));
    found.extend(tags(setup));
    found
}

fn sizes(setup: &Setup, policy: Option<&FleetPolicy>) -> Vec<Finding> {
    let sizes = setup.group.sizes;
    let mut found = Vec::new();
    if let Some(unit) = &setup.group.foreign_unit {
        found.push(
            Finding::stop("capacity-unit", format!("DesiredCapacityType is {unit}"))
                .why("Tidegate counts instances or weighted units; it does not scale such a group")
                .act("use a group whose desired capacity is counted in units"),
        );
    }
    if sizes.min == 0 {
        let least = policy
            .map_or("the policy's min".to_owned(), |p| format!("the policy's min, {}", p.min));
        found.push(
            Finding::care("min-zero", "MinSize is 0")
                .why(format!("the group may be empty now; Tidegate raises it to {least}, and keeps that"))
                .act("set MinSize to what must never be missing, or choose min in the policy with care"),
        );
    }
    found.extend(policy.and_then(|policy| ceiling(sizes.max, policy)));
    found.extend(policy.and_then(|policy| kept(sizes.min, policy)));
    found
}

fn ceiling(max: u32, policy: &FleetPolicy) -> Option<Finding> {
    let FleetPolicy { day_floor, budget_max, .. } = policy;
    if max < *day_floor {
        let found = format!("MaxSize is {max}, below the day's floor of {day_floor}");
        return Some(
            Finding::stop("max-below-floor", found)
                .why("MaxSize always wins and Tidegate never changes it: the day's capacity cannot come")
                .act(format!("raise MaxSize to {budget_max} or more, or lower day.floor")),
        );
    }
    (max < *budget_max).then(|| {
        Finding::care(
            "max-below-budget",
            format!("MaxSize is {max}, below budget_max of {budget_max}"),
        )
        .why("a spike or a failover ends at MaxSize, not at the budget that was agreed")
        .act(format!("raise MaxSize to {budget_max}, or lower budget_max"))
    })
}

fn kept(min: u32, policy: &FleetPolicy) -> Option<Finding> {
    let floor = policy.night.floor;
    (min > floor).then(|| {
        Finding::note("min-taken-over", format!("MinSize is {min}; the night's floor is {floor}"))
            .why(format!(
                "the first look takes MinSize over: at night it goes down to {floor} in steps"
            ))
            .act(format!(
                "if {min} must stay, make it night.floor; `make uninstall` gives {min} back"
            ))
    })
}

fn state(setup: &Setup) -> Vec<Finding> {
    let mut found = Vec::new();
    if setup.group.deleting {
        let deleting = Finding::stop("deleting", "the group is being deleted");
        found.push(deleting.why("nothing is written to it").act("name another group"));
    }
    for process in &setup.group.suspended {
        let needed = PROCESSES.iter().find(|(name, _)| name == process);
        let words = format!("the process {process} is suspended");
        let resume = format!(
            "aws autoscaling resume-processes --scaling-processes {process} --auto-scaling-group-name ..."
        );
        found.push(match needed {
            Some((_, why)) => Finding::stop("suspended", words).why(*why).act(resume),
            None => Finding::note("suspended", words)
                .why("Tidegate does not need it")
                .act("resume it if nobody knows why it is suspended"),
        });
    }
    let missing: Vec<&str> =
        GROUP_METRICS.into_iter().filter(|name| !setup.metrics.contains(*name)).collect();
    if !missing.is_empty() {
        let words = format!("the group does not publish {}", missing.join(", "));
        found.push(
            Finding::care("group-metrics", words)
                .why("the dashboard's capacity against need stays empty; decisions do not use them")
                .act("aws autoscaling enable-metrics-collection --granularity 1Minute --auto-scaling-group-name ..."),
        );
    }
    found
}

fn traits(setup: &Setup, mode: Option<Mode>) -> Vec<Finding> {
    let mut found: Vec<Finding> = setup.traits.iter().map(|word| special(*word)).collect();
    if setup.protected > 0 {
        let words = format!("{} instances are protected from scale-in", setup.protected);
        let why = match mode {
            Some(Mode::Floor) => "the group's policy cannot take them either: they cost on",
            _ => "desired goes down and they keep running: the group looks smaller than its bill",
        };
        let act = "take the protection off those that need none (set-instance-protection)";
        found.push(Finding::care("protected", words).why(why).act(act));
    }
    let stack = setup.group.tags.get("aws:cloudformation:stack-name");
    found.extend(stack.map(|stack| {
        Finding::note("cloudformation", format!("the stack {stack} made the group"))
            .why("its deploys set the sizes again where its template names them")
            .act("leave DesiredCapacity out there, and set IgnoreUnmodifiedGroupSizeProperties in its UpdatePolicy")
    }));
    found
}

fn special(word: Trait) -> Finding {
    match word {
        Trait::ProtectsNew => Finding::care("protects-new", "new instances are protected from scale-in")
            .why("what a spike adds can never be given back: desired goes down and nothing ends")
            .act("switch NewInstancesProtectedFromScaleIn off, or let the application take protection off"),
        Trait::Mixed => Finding::note("mixed", "the group has a mixed instances policy")
            .why("one capacity_per_instance stands for all types; a smaller type serves less")
            .act("choose types of like size, or weights; take the smallest type's capacity"),
        Trait::Weighted => Finding::note("weighted", "types of the group have weights")
            .why("every number of the policy is then in capacity units, not in instances")
            .act("give min, floors, budget_max and capacity_per_instance for one unit"),
        Trait::WarmPool => Finding::note("warm-pool", "the group has a warm pool")
            .why("its instances are no capacity; launches from it are quicker, which is measured")
            .act("set boot_secs to what a launch takes when the pool is empty"),
    }
}

fn health(setup: &Setup) -> Option<Finding> {
    let balanced = !setup.traffic.is_empty();
    let elb = setup.health_checks.iter().any(|check| check != "EC2" && check != "EBS");
    (balanced && !elb).then(|| {
        Finding::care(
            "health-check",
            "the group has a load balancer and checks health by EC2 alone",
        )
        .why("an instance that answers no request counts as serving, and is not replaced")
        .act("set HealthCheckType to ELB, with a grace period of at least the boot time")
    })
}

/// Whether the group is behind what the policy measures.
fn traffic(setup: &Setup, policy: &FleetPolicy) -> Option<Finding> {
    let queries = [Some(&policy.load.query), policy.load.healthy.as_ref()].into_iter().flatten();
    let mut missing = Vec::new();
    for part in queries.flat_map(|query| &query.parts) {
        let QuerySource::Metric(spec) = &part.source else { continue };
        let target = spec.dimensions.get("TargetGroup");
        let classic = spec.dimensions.get("LoadBalancerName");
        for name in target.into_iter().chain(classic) {
            let is_it = |source: &String| source == name || source.ends_with(&format!(":{name}"));
            if !setup.traffic.iter().any(is_it) && !missing.contains(name) {
                missing.push(name.clone());
            }
        }
    }
    (!missing.is_empty()).then(|| {
        Finding::stop(
            "not-attached",
            format!(
                "the policy measures {}, which the group is not attached to",
                missing.join(", ")
            ),
        )
        .why("its requests are served by others: the group would be sized for their load")
        .act("attach the group to it, or name the group's own target group in the policy")
    })
}

fn tags(setup: &Setup) -> Vec<Finding> {
    let ours = setup.group.tags.iter().filter(|(name, _)| name.starts_with(crate::TAGS));
    let told = ours.map(|(name, value)| {
        let words = format!("the tag {name} = {value}");
        match (name.as_str(), value.trim()) {
            ("tidegate:hold", "none") => {
                Finding::note("tag", words).why("it holds nothing").act("nothing")
            }
            ("tidegate:hold" | "tidegate:floor" | "tidegate:until", _) => Finding::care(
                "tag", words,
            )
            .why("Tidegate obeys it from its first run; what it cannot read holds all lowering")
            .act("take it off unless it is meant"),
            _ => Finding::note("tag", words).why("Tidegate does not know it").act("nothing"),
        }
    });
    told.collect()
}
