//! CloudWatch: the trace as the policy's load, what the plant shows of itself, and alarms.
//!
//! A minute is shown 70 s after its end. Alarms are evaluated when a minute begins, as the
//! strict fakes do it: the newest minute that they know then began three minutes ago.
//!
//! What must stay true: nothing of a minute is shown before its metric is published.

use super::{SimWorld, State};
use crate::plant::{Minute, Site};
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeMap;
use tidegate_domain::ids::AlarmName;
use tidegate_domain::metrics::{
    Alarm, AlarmState, Comparison, MetricQuery, MetricSpec, Point, QuerySource, Series, Window,
};
use tidegate_domain::policy::FleetPolicy;
use tidegate_domain::ports::{Metrics, PortError, PortResult};
use tidegate_domain::signal::AlarmChange;

/// From the start of a minute until its metric is visible: it lasts 60 s and is published 70 s
/// later.
pub const VISIBLE_AFTER_SECS: u64 = 130;

/// What an alarm watches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Measure {
    /// Average CPU, percent.
    Cpu,
    /// Load per healthy instance in service and minute.
    RequestsPerTarget,
}

/// An alarm that the policy's step tables are woken by.
#[derive(Debug, Clone, PartialEq)]
pub struct AlarmRule {
    /// Its name, as the policy has it.
    pub name: AlarmName,
    /// What it watches.
    pub measure: Measure,
    /// Above, or at or above.
    pub comparison: Comparison,
    /// The threshold, in the measure's unit.
    pub threshold: f64,
    /// Newest minutes that must all breach it.
    pub datapoints: u32,
}

impl AlarmRule {
    /// The alarm of the template: CPU at or above 70 % in 2 of 2 minutes.
    pub fn usual(name: &AlarmName) -> Self {
        let (measure, comparison) = (Measure::Cpu, Comparison::AtOrAbove);
        Self { name: name.clone(), measure, comparison, threshold: 70.0, datapoints: 2 }
    }
}

/// Queries that this world knows an answer to.
#[derive(Debug, Clone)]
pub(super) struct Queries {
    load: MetricQuery,
    healthy: Option<MetricQuery>,
    cpu: MetricQuery,
    per_target: MetricQuery,
}

#[derive(Debug, Clone, Copy)]
enum Line {
    Load,
    Healthy,
    Measure(Measure),
}

impl Queries {
    pub fn of(policy: &FleetPolicy) -> Self {
        let own = |name: &str, statistic: &str| {
            MetricQuery::metric(MetricSpec {
                namespace: "Plant".to_owned(),
                name: name.to_owned(),
                statistic: statistic.to_owned(),
                dimensions: BTreeMap::new(),
            })
        };
        Self {
            load: policy.load.query.clone(),
            healthy: policy.load.healthy.clone(),
            cpu: own("CPUUtilization", "Average"),
            per_target: own("RequestCountPerTarget", "Sum"),
        }
    }

    /// The query by which an alarm's metric is read.
    pub fn of_measure(&self, measure: Measure) -> &MetricQuery {
        match measure {
            Measure::Cpu => &self.cpu,
            Measure::RequestsPerTarget => &self.per_target,
        }
    }

    fn line(&self, query: &MetricQuery) -> Option<Line> {
        if *query == self.load {
            Some(Line::Load)
        } else if self.healthy.as_ref() == Some(query) {
            Some(Line::Healthy)
        } else if *query == self.cpu {
            Some(Line::Measure(Measure::Cpu))
        } else {
            (*query == self.per_target).then_some(Line::Measure(Measure::RequestsPerTarget))
        }
    }
}

impl Metrics for SimWorld<'_> {
    async fn alarms(&self, names: &[AlarmName]) -> PortResult<BTreeMap<AlarmName, Alarm>> {
        let state = &mut self.lock();
        state.calls.alarms += 1;
        state.metrics_reachable("DescribeAlarms")?;
        let known = |name: &AlarmName| Some((name.clone(), state.bells.get(name)?.alarm.clone()));
        Ok(names.iter().filter_map(known).collect())
    }

    async fn read(&self, queries: &[MetricQuery], window: Window) -> PortResult<Vec<Series>> {
        let state = &mut self.lock();
        let metrics = queries.iter().map(metrics_of).sum::<u64>();
        if std::mem::take(&mut state.sizing_asks) {
            state.count_sizing(metrics);
        } else {
            state.calls.metrics += metrics;
        }
        state.metrics_reachable("GetMetricData")?;
        queries.iter().map(|query| state.series(query, window)).collect()
    }
}

/// `GetMetricData` is paid by the metric; expressions cost nothing.
fn metrics_of(query: &MetricQuery) -> u64 {
    let metrics = query.parts.iter().filter(|p| matches!(p.source, QuerySource::Metric(_)));
    metrics.count() as u64
}

impl State<'_> {
    /// Once in a tick, however often sizing is asked in it.
    fn count_sizing(&mut self, metrics: u64) {
        let now = self.site.second();
        if self.sizing_read_at.replace(now) != Some(now) {
            self.calls.sizing_metrics += metrics;
        }
    }

    fn metrics_reachable(&self, call: &'static str) -> PortResult<()> {
        if self.weather.no_cloudwatch {
            let why = "the scripted outage of CloudWatch".to_owned();
            return Err(PortError::Unavailable { call, why });
        }
        Ok(())
    }

    fn series(&self, query: &MetricQuery, window: Window) -> PortResult<Series> {
        let Some(line) = self.queries.line(query) else {
            let why = format!("a metric that is not simulated: {}", query.result);
            return Err(PortError::Refused { call: "GetMetricData", why });
        };
        let site = &self.site;
        let first = site.at(0).as_second();
        let minute = |at: Timestamp| (at.as_second() - first + 59).div_euclid(60).max(0);
        let (from, until) = (minute(window.from), minute(window.until));
        let until = usize::try_from(until).unwrap_or(0).min(visible(site));
        let from = usize::try_from(from).unwrap_or(0);
        let point = |index: usize| {
            let value = self.value(line, index)?;
            Some(Point { at: site.at(index as u64 * 60), value })
        };
        Ok((from..until).filter_map(point).collect())
    }

    /// A minute of a metric, as it was published; none where it never was.
    fn value(&self, line: Line, index: usize) -> Option<f64> {
        let (load, minute) = self.site.published(index)?;
        match line {
            Line::Load => Some(load),
            Line::Healthy => Some(f64::from(minute.least)),
            Line::Measure(measure) => Some(measured(measure, load, minute)),
        }
    }
}

fn measured(measure: Measure, load: f64, minute: &Minute) -> f64 {
    match measure {
        Measure::Cpu => f64::from(minute.cpu),
        Measure::RequestsPerTarget if minute.serving > 0.0 => load / f64::from(minute.serving),
        Measure::RequestsPerTarget => load,
    }
}

/// Minutes whose metric is out: those before this one.
fn visible(site: &Site<'_>) -> usize {
    let Some(before) = site.second().checked_sub(VISIBLE_AFTER_SECS) else { return 0 };
    usize::try_from(before / 60 + 1).unwrap_or(0).min(site.minutes().len())
}

/// An alarm, and how it follows its metric; a veto alarm without a rule stays as it is.
#[derive(Debug, Clone)]
pub(super) struct Bell {
    pub alarm: Alarm,
    pub rule: Option<AlarmRule>,
}

/// Every alarm that the policy names. Veto alarms are OK all the time, unless a rule is given.
pub(super) fn bells(
    policy: &FleetPolicy,
    rules: &[AlarmRule],
    start: Timestamp,
) -> BTreeMap<AlarmName, Bell> {
    let queries = Queries::of(policy);
    let long_ago = start.saturating_sub(SignedDuration::from_hours(24)).unwrap_or(start);
    let bell = |name: AlarmName| {
        let given = rules.iter().find(|rule| rule.name == name).cloned();
        let is_spike = policy.spikes.iter().any(|spike| spike.alarm == name);
        let rule = given.or_else(|| is_spike.then(|| AlarmRule::usual(&name)));
        let query = rule.as_ref().map(|rule| queries.of_measure(rule.measure).clone());
        let alarm = Alarm {
            name: name.clone(),
            state: rule.as_ref().map_or(AlarmState::Ok, |_| AlarmState::InsufficientData),
            since: long_ago,
            threshold: rule.as_ref().map(|rule| rule.threshold),
            comparison: rule.as_ref().map_or(Comparison::Above, |rule| rule.comparison),
            query,
        };
        (name, Bell { alarm, rule })
    };
    policy.alarm_names().into_iter().map(bell).collect()
}

impl SimWorld<'_> {
    /// Evaluates every alarm at the start of a minute; the transitions to ALARM and OK, which
    /// call a function once each (the template sets alarm and OK actions).
    pub fn ring(&self) -> Vec<AlarmChange> {
        let state = &mut *self.lock();
        if state.bells.is_empty() {
            return Vec::new();
        }
        let now = state.site.now();
        let judged = state.bells.iter().filter_map(|(name, bell)| {
            let rule = bell.rule.as_ref()?;
            let (to, value) = state.judge(rule);
            (bell.alarm.state != to).then(|| (name.clone(), to, value))
        });
        let judged: Vec<_> = judged.collect();
        if !judged.is_empty() {
            state.changed();
        }
        let mut changes = Vec::new();
        for (name, to, value) in judged {
            let Some(bell) = state.bells.get_mut(&name) else { continue };
            (bell.alarm.state, bell.alarm.since) = (to, now);
            let threshold = bell.alarm.threshold;
            if to != AlarmState::InsufficientData {
                changes.push(AlarmChange { alarm: name, state: to, at: now, value, threshold });
            }
        }
        changes
    }
}

impl State<'_> {
    /// An alarm's state by its newest minutes, missing ones treated as missing.
    fn judge(&self, rule: &AlarmRule) -> (AlarmState, Option<f64>) {
        let end = visible(&self.site);
        let count = usize::try_from(rule.datapoints).unwrap_or(1).max(1);
        let newest = end.saturating_sub(count)..end;
        let values = newest.filter_map(|index| self.value(Line::Measure(rule.measure), index));
        let (mut found, mut breaching, mut last) = (0, 0, None);
        for value in values {
            found += 1;
            breaching += usize::from(rule.comparison.breached(value, rule.threshold));
            last = Some(value);
        }
        let state = match found {
            0 => AlarmState::InsufficientData,
            _ if breaching >= count => AlarmState::Alarm,
            _ => AlarmState::Ok,
        };
        (state, last)
    }
}
