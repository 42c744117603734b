//! Labels: what matchers look at and groups are made by.

use crate::alarms::event::AlarmEvent;
use crate::alarms::intake::texts::unique;
use crate::metrics::{MetricQuery, QuerySource};
use crate::policy::{FleetPolicy, Policy};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// Suffixes of an alarm's name that tell how bad it is, after `-`, `_` or `.`.
const SEVERITIES: [&str; 3] = ["critical", "warning", "info"];
/// Characters of the `resource` label; 30 dimensions can be far longer.
const RESOURCE_CHARS: usize = 400;

/// Names and values. A label that is absent has the empty value, as in Alertmanager.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Labels(pub BTreeMap<String, String>);

impl Labels {
    /// A label's value; empty when absent.
    pub fn get(&self, name: &str) -> &str {
        self.0.get(name).map_or("", String::as_str)
    }

    fn put(&mut self, name: impl Into<String>, value: impl Into<String>) {
        let value = value.into();
        if !value.is_empty() {
            self.0.insert(name.into(), value);
        }
    }
}

/// The labels of an alarm: `alarm`, `namespace`, `metric`, `dimension.NAME`, `tag.KEY`, `region`,
/// `account`, `kind`, `resource`, `fleet`, `service`, `severity`. For more than one alarm a
/// [`Labeller`] is cheaper.
pub fn label(event: &AlarmEvent, policy: &Policy) -> Labels {
    Labeller::new(policy).label(event)
}

/// Labels alarms by what a policy says of its fleets, looked up once.
#[derive(Debug, Clone, Default)]
pub struct Labeller {
    fleets: BTreeSet<String>,
    /// By the target groups that a fleet's queries name.
    target_groups: BTreeMap<String, Owner>,
    /// By the load balancers that a fleet's queries name.
    load_balancers: BTreeMap<String, Owner>,
    /// Fleets whose queries name a target group: another one of their load balancer is not theirs.
    by_target: BTreeSet<String>,
    /// By the alarms of step tables and of vetoes.
    alarms: BTreeMap<String, Owner>,
}

/// Whose something is.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Owner {
    /// One fleet's.
    One(String),
    /// Several fleets': it tells nothing.
    Several,
}

impl Labeller {
    /// Looks up what a policy says of its fleets.
    pub fn new(policy: &Policy) -> Self {
        let mut labeller = Self::default();
        for (name, fleet) in &policy.fleets {
            labeller.add(name.as_str(), fleet);
        }
        labeller
    }

    fn add(&mut self, name: &str, fleet: &FleetPolicy) {
        self.fleets.insert(name.to_owned());
        for value in queried(fleet, "TargetGroup") {
            claim(&mut self.target_groups, value, name);
            self.by_target.insert(name.to_owned());
        }
        for value in queried(fleet, "LoadBalancer") {
            claim(&mut self.load_balancers, value, name);
        }
        for alarm in fleet.alarm_names() {
            claim(&mut self.alarms, alarm.as_str(), name);
        }
    }

    /// The labels of one alarm.
    pub fn label(&self, event: &AlarmEvent) -> Labels {
        let mut labels = Labels::default();
        labels.put("alarm", &event.id.name);
        labels.put("region", &event.region);
        labels.put("account", &event.account);
        labels.put("kind", event.kind.word());
        if let Some(metric) = &event.metric {
            labels.put("namespace", &metric.namespace);
            labels.put("metric", &metric.name);
        }
        for (name, value) in dimensions(event) {
            labels.put(format!("dimension.{name}"), value);
        }
        for (key, value) in event.tags.iter().flatten() {
            labels.put(format!("tag.{key}"), value);
        }
        labels.put("resource", resource(event));
        labels.put("severity", severity(event));
        let fleet = self.fleet(event).unwrap_or_default();
        labels.put("service", service(event, fleet));
        labels.put("fleet", fleet);
        labels
    }

    /// The fleet, by what is surest: its group, what its queries look at, its alarms, what the owner
    /// wrote, its name.
    fn fleet<'a>(&'a self, event: &'a AlarmEvent) -> Option<&'a str> {
        dimension(event, "AutoScalingGroupName")
            .or_else(|| self.by_traffic(event))
            .or_else(|| one(self.alarms.get(&event.id.name)))
            .or_else(|| tag(event, "fleet"))
            .or_else(|| self.by_name(&event.id.name))
    }

    fn by_traffic(&self, event: &AlarmEvent) -> Option<&str> {
        let target = dimension(event, "TargetGroup");
        let by_target = target.and_then(|target| one(self.target_groups.get(target)));
        let balancer = dimension(event, "LoadBalancer");
        let by_balancer = || {
            let fleet = one(self.load_balancers.get(balancer?))?;
            (target.is_none() || !self.by_target.contains(fleet)).then_some(fleet)
        };
        by_target.or_else(by_balancer)
    }

    /// The longest fleet's name that the alarm's name starts with, up to a `-`.
    fn by_name(&self, alarm: &str) -> Option<&str> {
        let starts = alarm.rmatch_indices('-').filter_map(|(at, _)| alarm.get(..at));
        let mut known = starts.filter_map(|start| self.fleets.get(start));
        known.next().map(String::as_str)
    }
}

fn claim(owners: &mut BTreeMap<String, Owner>, what: &str, fleet: &str) {
    let mine = Owner::One(fleet.to_owned());
    let owner = owners.entry(what.to_owned()).or_insert_with(|| mine.clone());
    if *owner != mine {
        *owner = Owner::Several;
    }
}

fn one(owner: Option<&Owner>) -> Option<&str> {
    match owner {
        Some(Owner::One(fleet)) => Some(fleet),
        Some(Owner::Several) | None => None,
    }
}

/// The values of a dimension in a fleet's queries.
fn queried<'a>(fleet: &'a FleetPolicy, dimension: &'static str) -> impl Iterator<Item = &'a str> {
    let queries = [Some(&fleet.load.query), fleet.load.healthy.as_ref()];
    let parts = queries.into_iter().flatten().flat_map(|query: &MetricQuery| &query.parts);
    parts.filter_map(move |part| match &part.source {
        QuerySource::Metric(spec) => spec.dimensions.get(dimension).map(String::as_str),
        QuerySource::Expression(_) => None,
    })
}

/// The dimensions, or what a contributor is told apart by.
fn dimensions(event: &AlarmEvent) -> &BTreeMap<String, String> {
    static NONE: BTreeMap<String, String> = BTreeMap::new();
    let own = event.metric.as_ref().map_or(&NONE, |metric| &metric.dimensions);
    if event.attributes.is_empty() { own } else { &event.attributes }
}

fn dimension<'a>(event: &'a AlarmEvent, name: &str) -> Option<&'a str> {
    dimensions(event).get(name).map(String::as_str).filter(|value| !value.is_empty())
}

fn tag<'a>(event: &'a AlarmEvent, key: &str) -> Option<&'a str> {
    let value = event.tags.as_ref()?.get(key)?.trim();
    (!value.is_empty()).then_some(value)
}

/// `Name=Value,Name=Value`, or the alarm's name.
fn resource(event: &AlarmEvent) -> String {
    let pairs = dimensions(event).iter().map(|(name, value)| format!("{name}={value}"));
    let joined = pairs.collect::<Vec<_>>().join(",");
    if joined.is_empty() { event.id.name.clone() } else { unique(&joined, RESOURCE_CHARS) }
}

/// The tag's, else the name's; lower-cased. Absent: the route's.
fn severity(event: &AlarmEvent) -> String {
    let tagged = tag(event, "severity").map(str::to_lowercase);
    let by_name = || {
        let (_, last) = event.id.name.rsplit_once(['-', '_', '.'])?;
        SEVERITIES.into_iter().find(|word| last.eq_ignore_ascii_case(word)).map(str::to_owned)
    };
    tagged.or_else(by_name).unwrap_or_default()
}

fn service<'a>(event: &'a AlarmEvent, fleet: &'a str) -> &'a str {
    let namespace = event.metric.as_ref().map(|metric| metric.namespace.as_str());
    let namespace = namespace.map(|text| text.strip_prefix("AWS/").unwrap_or(text));
    let own = Some(fleet).filter(|fleet| !fleet.is_empty());
    tag(event, "service").or(own).or(namespace).unwrap_or_default()
}

#[cfg(test)]
mod tests;
