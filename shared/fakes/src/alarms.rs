//! CloudWatch alarms: their state is set, or follows the metric minute by minute.
//!
//! A change of state is remembered once ([`FakeAws::take_alarm_changes`]), as a Lambda
//! action fires once per transition.

use crate::FakeAws;
use crate::metrics::Store;
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeMap;
use tidegate_domain::ids::AlarmName;
use tidegate_domain::metrics::{Alarm, AlarmState, Comparison, MetricQuery, Series, Window};

/// What a period without data counts as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Missing {
    /// Nothing; without any data the state is `INSUFFICIENT_DATA`.
    Missing,
    /// Breaching.
    Breaching,
    /// Not breaching.
    NotBreaching,
    /// The state stays as it is.
    Ignore,
}

/// An alarm to create; its state is `INSUFFICIENT_DATA`.
#[derive(Debug, Clone, PartialEq)]
pub struct AlarmSpec {
    /// Its name.
    pub name: AlarmName,
    /// What it watches; none for a composite.
    pub query: Option<MetricQuery>,
    /// Its fixed threshold, if it has one.
    pub threshold: Option<f64>,
    /// Which side it watches.
    pub comparison: Comparison,
    rule: Option<Rule>,
}

/// How the state follows the metric.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Rule {
    periods: u32,
    datapoints: u32,
    missing: Missing,
}

impl AlarmSpec {
    /// An alarm on a query, whose state is set by hand.
    pub fn new(
        name: &AlarmName,
        query: MetricQuery,
        comparison: Comparison,
        threshold: f64,
    ) -> Self {
        let (query, threshold) = (Some(query), Some(threshold));
        Self { name: name.clone(), query, threshold, comparison, rule: None }
    }

    /// A composite: no metric, no threshold.
    pub fn composite(name: &AlarmName) -> Self {
        let comparison = Comparison::Other;
        Self { name: name.clone(), query: None, threshold: None, comparison, rule: None }
    }

    /// Its state follows the metric: `datapoints` of the newest `periods` breach.
    #[must_use]
    pub fn evaluated(mut self, periods: u32, datapoints: u32, missing: Missing) -> Self {
        self.rule = Some(Rule { periods, datapoints, missing });
        self
    }
}

/// One transition.
#[derive(Debug, Clone, PartialEq)]
pub struct AlarmChange {
    /// When.
    pub at: Timestamp,
    /// Before.
    pub from: AlarmState,
    /// The alarm as it is after it.
    pub alarm: Alarm,
    /// The newest value it was judged by; none when the state was set by hand.
    pub value: Option<f64>,
}

/// Every alarm, and the transitions that nobody has taken yet.
#[derive(Debug, Default)]
pub(crate) struct Alarms {
    alarms: BTreeMap<AlarmName, (Alarm, Option<Rule>)>,
    changes: Vec<AlarmChange>,
}

impl FakeAws {
    /// Creates or replaces an alarm.
    pub fn put_alarm(&self, spec: AlarmSpec) {
        let AlarmSpec { name, query, threshold, comparison, rule } = spec;
        let state = &mut self.lock();
        let (since, insufficient) = (state.now, AlarmState::InsufficientData);
        let key = name.clone();
        let alarm = Alarm { name, state: insufficient, since, threshold, comparison, query };
        state.alarms.alarms.insert(key, (alarm, rule));
    }

    /// SetAlarmState; an evaluated alarm goes back at its next minute.
    pub fn set_alarm(&self, name: &AlarmName, to: AlarmState) {
        let state = &mut self.lock();
        let now = state.now;
        state.alarms.turn(now, name, to, None);
    }

    /// Deletes an alarm.
    pub fn delete_alarm(&self, name: &AlarmName) {
        self.lock().alarms.alarms.remove(name);
    }

    /// Transitions since they were last taken, oldest first: each wakes a function once.
    pub fn take_alarm_changes(&self) -> Vec<AlarmChange> {
        std::mem::take(&mut self.lock().alarms.changes)
    }
}

impl Alarms {
    pub fn any_evaluated(&self) -> bool {
        self.alarms.values().any(|(_, rule)| rule.is_some())
    }

    pub fn all(&self) -> impl Iterator<Item = &Alarm> {
        self.alarms.values().map(|(alarm, _)| alarm)
    }

    /// The alarms by name. No names ask for nothing here; DescribeAlarms would list all.
    pub fn find(&self, names: &[AlarmName]) -> BTreeMap<AlarmName, Alarm> {
        let known = |name: &AlarmName| Some((name.clone(), self.alarms.get(name)?.0.clone()));
        names.iter().filter_map(known).collect()
    }

    fn turn(&mut self, now: Timestamp, name: &AlarmName, to: AlarmState, value: Option<f64>) {
        let Some((alarm, _)) = self.alarms.get_mut(name) else { return };
        if alarm.state == to {
            return;
        }
        let from = std::mem::replace(&mut alarm.state, to);
        alarm.since = now;
        self.changes.push(AlarmChange { at: now, from, alarm: alarm.clone(), value });
    }

    /// Looks at every evaluated alarm.
    pub fn evaluate(&mut self, now: Timestamp, metrics: &Store) {
        let judged: Vec<_> = self
            .alarms
            .values()
            .filter_map(|(alarm, rule)| {
                Some((alarm.name.clone(), judge(alarm, (*rule)?, now, metrics)?))
            })
            .collect();
        for (name, Judged { state, value }) in judged {
            self.turn(now, &name, state, value);
        }
    }
}

struct Judged {
    state: AlarmState,
    value: Option<f64>,
}

/// The state by the newest complete periods; none when it stays.
fn judge(alarm: &Alarm, rule: Rule, now: Timestamp, metrics: &Store) -> Option<Judged> {
    let (query, threshold) = alarm.query.as_ref().zip(alarm.threshold)?;
    let period = i64::from(query.period_secs.max(60));
    let seen = now.saturating_sub(metrics.delay_of(query)).ok()?.as_second();
    let until = Timestamp::from_second(seen.div_euclid(period) * period).ok()?;
    let span = SignedDuration::from_secs(period.saturating_mul(rule.periods.into()));
    let series: Series = metrics.query(query, Window::before(until, span), now).unwrap_or_default();
    let missing = usize::try_from(rule.periods).ok()?.saturating_sub(series.len());
    let found = series.iter().filter(|p| alarm.comparison.breached(p.value, threshold)).count();
    let breaching = if rule.missing == Missing::Breaching { found + missing } else { found };
    let state = match rule.missing {
        Missing::Missing if series.is_empty() => AlarmState::InsufficientData,
        Missing::Ignore if missing > 0 => return None,
        _ if breaching >= usize::try_from(rule.datapoints).ok()? => AlarmState::Alarm,
        _ => AlarmState::Ok,
    };
    Some(Judged { state, value: series.last().map(|point| point.value) })
}
