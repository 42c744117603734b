//! CloudWatch's own knowledge of its alarms, as the alarm router asks for it: those of
//! [`FakeAws::put_alarm`], and those that a test describes itself.

use crate::faults::Refusal;
use crate::{Call, FakeAws, State};
use std::collections::BTreeMap;
use tidegate_domain::alarms::event::{
    AlarmEvent, AlarmId, Kind, State as AlarmWord, WatchedMetric,
};
use tidegate_domain::alarms::ports::AlarmSource;
use tidegate_domain::metrics::{Alarm, AlarmState, Comparison, MetricSpec, QuerySource};
use tidegate_domain::ports::PortResult;

/// The account of the alarms that are put.
pub(crate) const ACCOUNT: &str = "000000000000";
/// Their region.
pub(crate) const REGION: &str = "ap-northeast-2";

/// Alarms that were described by a test, and tags of any.
#[derive(Debug, Default)]
pub(crate) struct Described {
    alarms: BTreeMap<AlarmId, AlarmEvent>,
    tags: BTreeMap<String, BTreeMap<String, String>>,
}

impl FakeAws {
    /// What `DescribeAlarms` says of an alarm from now on; it replaces one of the same id.
    pub fn set_described(&self, alarm: AlarmEvent) {
        self.lock().described.alarms.insert(alarm.id.clone(), alarm);
    }

    /// Somebody deletes described alarms of this name.
    pub fn remove_described(&self, name: &str) {
        self.lock().described.alarms.retain(|id, _| id.name != name);
    }

    /// The tags of an alarm.
    pub fn set_tags(&self, arn: &str, tags: BTreeMap<String, String>) {
        self.lock().described.tags.insert(arn.to_owned(), tags);
    }
}

impl AlarmSource for FakeAws {
    async fn firing(&self) -> PortResult<Vec<AlarmEvent>> {
        self.turn().await;
        self.call(Call::Firing, None, String::new(), |state| {
            Ok(state.known_alarms(|alarm| alarm.state == AlarmWord::Alarm))
        })
    }

    async fn named(&self, names: &[String]) -> PortResult<Vec<AlarmEvent>> {
        self.turn().await;
        self.call(Call::Named, None, names.join(" "), |state| {
            Ok(state.known_alarms(|alarm| names.contains(&alarm.id.name)))
        })
    }

    async fn tags(&self, arn: &str) -> PortResult<BTreeMap<String, String>> {
        self.turn().await;
        self.call(Call::Tags, None, arn.to_owned(), |state| match state.described.tags.get(arn) {
            Some(tags) => Ok(tags.clone()),
            None if state.has_alarm(arn) => Ok(BTreeMap::new()),
            None => Err(Refusal::Refused(format!("ResourceNotFoundException: {arn}"))),
        })
    }
}

impl State {
    fn has_alarm(&self, arn: &str) -> bool {
        self.alarms.all().any(|alarm| event(alarm).id.arn == arn)
            || self.described.alarms.keys().any(|id| id.arn == arn)
    }

    /// Alarms in the order of their ids. `DescribeAlarms` knows no time series of an alarm over
    /// many: contributors are left out.
    fn known_alarms(&self, pick: impl Fn(&AlarmEvent) -> bool) -> Vec<AlarmEvent> {
        let put = self.alarms.all().map(event).filter(&pick);
        let mut found: BTreeMap<AlarmId, AlarmEvent> =
            put.map(|alarm| (alarm.id.clone(), alarm)).collect();
        let described = self.described.alarms.values();
        let described = described.filter(|a| a.id.contributor.is_none() && pick(a)).cloned();
        found.extend(described.map(|alarm| (alarm.id.clone(), alarm)));
        found.into_values().collect()
    }
}

/// An alarm that was put, as the router sees it.
fn event(alarm: &Alarm) -> AlarmEvent {
    let name = alarm.name.as_str().to_owned();
    let arn = format!("arn:aws:cloudwatch:{REGION}:{ACCOUNT}:alarm:{name}");
    let parts = alarm.query.iter().flat_map(|query| &query.parts);
    let (mut first, mut expressions) = (None, 0);
    for part in parts {
        match &part.source {
            QuerySource::Metric(spec) => first = first.or(Some(spec)),
            QuerySource::Expression(_) => expressions += 1,
        }
    }
    let kind = match (&alarm.query, expressions) {
        (None, _) => Kind::Composite,
        (Some(_), 0) => Kind::Metric,
        (Some(_), _) => Kind::MetricMath,
    };
    AlarmEvent {
        account: ACCOUNT.to_owned(),
        region: REGION.to_owned(),
        threshold: alarm.threshold,
        comparison: sign(alarm.comparison),
        metric: first.map(watched),
        ..AlarmEvent::bare(
            AlarmId { arn, name, contributor: None },
            kind,
            word(alarm.state),
            alarm.since,
        )
    }
}

fn word(state: AlarmState) -> AlarmWord {
    match state {
        AlarmState::Ok => AlarmWord::Ok,
        AlarmState::Alarm => AlarmWord::Alarm,
        AlarmState::InsufficientData => AlarmWord::InsufficientData,
    }
}

fn sign(comparison: Comparison) -> Option<String> {
    let sign = match comparison {
        Comparison::Above => ">",
        Comparison::AtOrAbove => ">=",
        Comparison::Below => "<",
        Comparison::AtOrBelow => "<=",
        Comparison::Other => return None,
    };
    Some(sign.to_owned())
}

fn watched(spec: &MetricSpec) -> WatchedMetric {
    WatchedMetric {
        namespace: spec.namespace.clone(),
        name: spec.name.clone(),
        dimensions: spec.dimensions.clone(),
    }
}
