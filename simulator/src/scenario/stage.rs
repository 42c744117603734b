//! The world of a script: strict fakes with the group, its metrics, its alarms and its past.
//!
//! The plant: CPU is 80 % when each serving instance has its capacity, in proportion below,
//! 100 % at most. A minute of a metric is seen 70 s after its end. A load balancer publishes no
//! requests where there are none, and nothing for each host without a host.

use super::curve::Curve;
use super::script::{Event, Metric, Rule, Script, Service, Size, Watch};
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeMap;
use tidegate_domain::group::{Backstop, Group};
use tidegate_domain::ids::FleetName;
use tidegate_domain::metrics::{AlarmState, MetricQuery, MetricSpec, Point, QuerySource, Window};
use tidegate_domain::policy::FleetPolicy;
use tidegate_domain::ports::{Clock as _, PortResult};
use tidegate_fakes::{AlarmSpec, At, Call, FakeAws, Fault, Missing, Tracking};

/// A minute of a metric is seen this long after its end.
const PUBLISHED_AFTER: SignedDuration = SignedDuration::from_secs(70);
/// The metrics are there since so long before the first minute: longer than any look back.
const BEFORE: SignedDuration = SignedDuration::from_hours(3);
/// The past reaches so far beyond the end: the first hour of a day that comes then is forecast.
const AFTER: SignedDuration = SignedDuration::from_hours(4);
/// Weeks of past.
const WEEKS: [i32; 2] = [1, 2];
/// Percent of CPU of an instance that has its capacity.
const CPU_AT_CAPACITY: f64 = 80.0;

/// Builds the world as it stands at the first minute.
///
/// # Errors
/// What AWS would refuse.
pub(super) fn build(script: &Script, policy: &FleetPolicy) -> PortResult<FakeAws> {
    let start = script.from.saturating_sub(BEFORE).unwrap_or(script.from);
    let aws = FakeAws::at(start);
    aws.add_group(&script.fleet, script.group.clone())?;
    aws.set_delay(PUBLISHED_AFTER);
    for watch in &script.alarms {
        put_alarm(&aws, script, policy, watch);
    }
    for (spec, metric) in specs(script, policy) {
        let source = Source { metric, sum: spec.statistic == "Sum", policy, fleet: &script.fleet };
        if let Some(past) = script.past.as_ref().filter(|_| metric == Metric::Load || source.sum) {
            put_past(&aws, script, &spec, &source, past);
        }
        feed(&aws, &spec, &source, &script.load);
    }
    aws.set_now(script.from);
    if let Some(net) = script.tracking {
        let cpu = MetricQuery::metric(spec_of(Metric::Cpu, &script.fleet));
        let tracking = Tracking::new("target-tracking", cpu, net.target, net.scale_in);
        aws.set_tracking(&script.fleet, Some(tracking));
    }
    drop(aws.take_alarm_changes());
    aws.clear_log();
    Ok(aws)
}

fn put_alarm(aws: &FakeAws, script: &Script, policy: &FleetPolicy, watch: &Watch) {
    let spec = match watch.rule {
        None => AlarmSpec::composite(&watch.name),
        Some(Rule { metric, comparison, threshold, datapoints, periods }) => {
            let query = match metric {
                Metric::Load => policy.load.query.clone(),
                other => MetricQuery::metric(spec_of(other, &script.fleet)),
            };
            // As the template has them: without traffic nothing breaches.
            let cpu = metric == Metric::Cpu;
            let missing = if cpu { Missing::Missing } else { Missing::NotBreaching };
            AlarmSpec::new(&watch.name, query, comparison, threshold)
                .evaluated(periods, datapoints, missing)
        }
    };
    aws.put_alarm(spec);
    aws.set_alarm(&watch.name, AlarmState::Ok);
}

/// Every metric that anything looks at, and what it shows.
fn specs(script: &Script, policy: &FleetPolicy) -> BTreeMap<MetricSpec, Metric> {
    let queries = std::iter::once(&policy.load.query).chain(policy.load.healthy.as_ref());
    let named = queries.flat_map(|query| &query.parts).filter_map(|part| match &part.source {
        QuerySource::Metric(spec) => Some(spec.clone()),
        QuerySource::Expression(_) => None,
    });
    let watched = script.alarms.iter().filter_map(|watch| Some(watch.rule?.metric));
    let tracked = script.tracking.map(|_| Metric::Cpu);
    let own = watched.chain(tracked).filter(|metric| *metric != Metric::Load);
    let own = own.map(|metric| spec_of(metric, &script.fleet));
    named.chain(own).map(|spec| (spec.clone(), shows(&spec))).collect()
}

/// What a metric shows, by its name; a name that is not known shows the load.
fn shows(spec: &MetricSpec) -> Metric {
    match spec.name.as_str() {
        "HealthyHostCount" => Metric::Healthy,
        "CPUUtilization" => Metric::Cpu,
        "RequestCountPerTarget" => Metric::PerTarget,
        _ => Metric::Load,
    }
}

/// The metric that the template's alarms look at.
fn spec_of(metric: Metric, fleet: &FleetName) -> MetricSpec {
    let (namespace, name, statistic, dimension) = match metric {
        Metric::Cpu => ("AWS/EC2", "CPUUtilization", "Average", "AutoScalingGroupName"),
        Metric::Healthy => ("AWS/ApplicationELB", "HealthyHostCount", "Minimum", "TargetGroup"),
        Metric::PerTarget => ("AWS/ApplicationELB", "RequestCountPerTarget", "Sum", "TargetGroup"),
        Metric::Load => ("AWS/ApplicationELB", "RequestCount", "Sum", "TargetGroup"),
    };
    MetricSpec {
        namespace: namespace.to_owned(),
        name: name.to_owned(),
        statistic: statistic.to_owned(),
        dimensions: BTreeMap::from([(dimension.to_owned(), fleet.to_string())]),
    }
}

/// Where a metric's values come from.
#[derive(Clone, Copy)]
struct Source<'a> {
    metric: Metric,
    /// Summed over the instances.
    sum: bool,
    policy: &'a FleetPolicy,
    fleet: &'a FleetName,
}

fn feed(aws: &FakeAws, spec: &MetricSpec, source: &Source<'_>, load: &Curve) {
    let Source { metric, sum, policy, fleet } = *source;
    let (load, fleet, capacity) = (load.clone(), fleet.clone(), policy.capacity_per_instance);
    // A load balancer is silent without requests; a metric of one's own says zero.
    let silent = spec.namespace.starts_with("AWS/");
    aws.feed(spec, move |minute, groups| {
        let serving = groups.get(&fleet).map_or(0, Group::serving);
        let shown = Shown { metric, sum, load: load.at(minute), serving, capacity };
        shown.value().filter(|value| !silent || metric != Metric::Load || *value > 0.0)
    });
}

/// A minute of the plant.
struct Shown {
    metric: Metric,
    sum: bool,
    load: f64,
    serving: u32,
    capacity: f64,
}

impl Shown {
    fn value(&self) -> Option<f64> {
        let hosts = f64::from(self.serving);
        let some = self.serving > 0;
        match self.metric {
            Metric::Load => Some(self.load),
            Metric::Healthy => Some(hosts),
            Metric::PerTarget => (some && self.load > 0.0).then(|| self.load / hosts),
            Metric::Cpu => some.then(|| {
                let cpu = CPU_AT_CAPACITY * self.load / (hosts * self.capacity);
                cpu.min(100.0) * if self.sum { hosts } else { 1.0 }
            }),
        }
    }
}

/// The load of the same minutes in past weeks. A sum of CPU stands for a load too.
fn put_past(aws: &FakeAws, script: &Script, spec: &MetricSpec, source: &Source<'_>, past: &Curve) {
    let Source { metric, sum, policy, .. } = *source;
    let capacity = policy.capacity_per_instance;
    let until = script.until.saturating_add(AFTER).unwrap_or(script.until);
    let first = script.from.saturating_sub(BEFORE).unwrap_or(script.from).as_second();
    let minutes = (first..until.as_second()).step_by(60);
    let points = minutes.filter_map(|second| Timestamp::from_second(second).ok()).flat_map(|at| {
        let shown = Shown { metric, sum, load: past.at(at), serving: 1, capacity };
        let value = shown.value().filter(|value| *value > 0.0);
        let before = WEEKS.into_iter().filter_map(move |w| policy.calendar.weeks_before(at, w));
        before.filter_map(move |at| Some(Point { at, value: value? }))
    });
    aws.put_points(spec, points.collect::<Vec<_>>());
}

/// Lets something happen.
///
/// # Errors
/// What AWS refuses to a person.
pub(super) fn happen(aws: &FakeAws, script: &Script, event: &Event) -> PortResult<()> {
    let fleet = &script.fleet;
    match event {
        Event::LaunchesFail(zone, words) => {
            zones(script, zone).for_each(|zone| aws.fail_launches(fleet, zone, words, None));
        }
        Event::LaunchesSucceed(zone) => {
            zones(script, zone).for_each(|zone| aws.restore_zone(fleet, zone));
        }
        Event::ZoneLost(zone) => aws.lose_zone(fleet, zone),
        Event::MetricLost(metric, until) => lose(aws, script, *metric, *until),
        Event::Down(service, until) => take_down(aws, *service, *until),
        Event::FunctionsDead(_) => {}
        Event::Operator(Size::Min, n) => aws.outside_set_min(fleet, *n)?,
        Event::Operator(Size::Max, n) => aws.outside_set_max(fleet, *n)?,
        Event::Operator(Size::Desired, n) => aws.outside_set_desired(fleet, *n)?,
        Event::Tag(name, Some(value)) => aws.set_tag(fleet, name, value),
        Event::Tag(name, None) => aws.remove_tag(fleet, name),
        Event::Refresh(status) => aws.set_refresh(fleet, Some(status)),
        Event::Suspend(process) => aws.suspend(fleet, process),
        Event::Resume(process) => aws.resume(fleet, process),
        Event::Alarm(name, state) => aws.set_alarm(name, *state),
        Event::Boot(length) => aws.set_boot(fleet, *length),
        Event::BackstopDeleted => aws.delete_schedule(fleet, Backstop::NAME),
    }
    Ok(())
}

/// The zone, or all of the group's.
fn zones<'a>(script: &'a Script, zone: &'a Option<String>) -> impl Iterator<Item = &'a String> {
    script.group.zones.iter().filter(move |name| zone.as_ref().is_none_or(|zone| zone == *name))
}

fn lose(aws: &FakeAws, script: &Script, lost: Option<Metric>, until: Timestamp) {
    let Some(policy) = script.fleet_policy() else { return };
    // A minute is lost if it ends within the time.
    let from = aws.now().saturating_sub(SignedDuration::from_mins(1)).unwrap_or(Timestamp::MIN);
    let until = until.saturating_sub(SignedDuration::from_mins(1)).unwrap_or(until);
    let window = Window { from, until };
    let meant = |metric: Metric| lost.is_none_or(|lost| lost == metric);
    for (spec, _) in specs(script, policy).into_iter().filter(|(_, metric)| meant(*metric)) {
        aws.lose_points(&spec, window);
    }
}

fn take_down(aws: &FakeAws, service: Service, until: Timestamp) {
    let calls = match service {
        Service::AutoScaling => At::all(Call::is_groups),
        Service::Table => At::all(Call::is_control),
        Service::CloudWatch => At::all(|call| matches!(call, Call::Alarms | Call::Read)),
        Service::Sns => At::call(Call::Publish),
    };
    aws.inject(calls.from(aws.now()).until(until), Fault::Unavailable);
}
