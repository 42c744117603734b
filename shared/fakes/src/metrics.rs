//! The CloudWatch port: points by the minute, seen when they are published, kept as long
//! as AWS keeps them.

use crate::faults::Refusal;
use crate::fleet::Fleet;
use crate::math::{Line, Math};
use crate::{Call, FakeAws};
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeMap;
use std::fmt;
use tidegate_domain::group::Group;
use tidegate_domain::ids::{AlarmName, FleetName};
use tidegate_domain::metrics::{
    Alarm, MetricQuery, MetricSpec, Point, QueryPart, QuerySource, Series, Window,
};
use tidegate_domain::ports::{Metrics, PortResult};

const MINUTE: i64 = 60;
/// AWS keeps points of a minute for 15 days, of five minutes for 63, of an hour for 455.
const KEPT: [(i64, i64); 2] = [(300, 15), (3600, 63)];
const KEPT_LONGEST: i64 = 455;
const DAY: i64 = 86_400;

/// Every group by name, as a feed sees it.
pub type Fleets = BTreeMap<FleetName, Group>;

type Feed = Box<dyn FnMut(Timestamp, &Fleets) -> Option<f64> + Send>;

/// Points by metric and start of the minute (epoch seconds).
#[derive(Default)]
pub(crate) struct Store {
    points: BTreeMap<MetricSpec, Line>,
    delay: SignedDuration,
    delays: BTreeMap<MetricSpec, SignedDuration>,
    gaps: Vec<(MetricSpec, Window)>,
    feeds: Vec<(MetricSpec, Feed)>,
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Store").field("points", &self.points).finish_non_exhaustive()
    }
}

impl FakeAws {
    /// Sets the value of the minute in which `at` lies; NaN and negative ones too. A minute
    /// of the future is seen when its time has come.
    pub fn put_point(&self, spec: &MetricSpec, at: Timestamp, value: f64) {
        self.put_points(spec, [Point { at, value }]);
    }

    /// Sets the values of many minutes.
    pub fn put_points(&self, spec: &MetricSpec, points: impl IntoIterator<Item = Point>) {
        let mut state = self.lock();
        let line = state.metrics.points.entry(spec.clone()).or_default();
        line.extend(points.into_iter().map(|p| (start(p.at.as_second(), MINUTE), p.value)));
    }

    /// Sets the value of every minute that begins in the window.
    pub fn put_level(&self, spec: &MetricSpec, window: Window, value: f64) {
        let points = starts(window, MINUTE).filter_map(|second| point(second, value));
        self.put_points(spec, points);
    }

    /// From now on asks a closure for the value of each minute when it ends: it is given the
    /// minute's start and the groups as they are, and may stay silent. It must not use the
    /// world itself, which is in the middle of a step.
    pub fn feed(
        &self,
        spec: &MetricSpec,
        feed: impl FnMut(Timestamp, &Fleets) -> Option<f64> + Send + 'static,
    ) {
        self.lock().metrics.feeds.push((spec.clone(), Box::new(feed)));
    }

    /// A minute is seen this long after it ended, for every metric without a delay of its own.
    pub fn set_delay(&self, delay: SignedDuration) {
        self.lock().metrics.delay = delay;
    }

    /// A minute of this metric is seen this long after it ended.
    pub fn set_delay_of(&self, spec: &MetricSpec, delay: SignedDuration) {
        self.lock().metrics.delays.insert(spec.clone(), delay);
    }

    /// The metric's minutes in the window are lost.
    pub fn lose_points(&self, spec: &MetricSpec, window: Window) {
        self.lock().metrics.gaps.push((spec.clone(), window));
    }
}

impl Metrics for FakeAws {
    async fn alarms(&self, names: &[AlarmName]) -> PortResult<BTreeMap<AlarmName, Alarm>> {
        self.turn().await;
        let listed: Vec<&str> = names.iter().map(AlarmName::as_str).collect();
        self.call(Call::Alarms, None, listed.join(","), |state| Ok(state.alarms.find(names)))
    }

    async fn read(&self, queries: &[MetricQuery], window: Window) -> PortResult<Vec<Series>> {
        self.turn().await;
        let asked: Vec<String> = queries.iter().flat_map(|q| &q.parts).map(source).collect();
        let args = format!("{}..{} {}", window.from, window.until, asked.join("; "));
        self.call(Call::Read, None, args, |state| {
            let parts: usize = queries.iter().map(|q| q.parts.len()).sum();
            if window.from >= window.until {
                return Err(Refusal::invalid("StartTime must be less than EndTime"));
            }
            if parts > 500 {
                return Err(Refusal::invalid("at most 500 MetricDataQueries"));
            }
            queries.iter().map(|query| state.metrics.query(query, window, state.now)).collect()
        })
    }
}

impl Store {
    pub fn has_feeds(&self) -> bool {
        !self.feeds.is_empty()
    }

    /// Asks every feed for the minute that has just ended.
    pub fn feed(&mut self, now: Timestamp, groups: &BTreeMap<FleetName, Fleet>) {
        let minute = start(now.as_second(), MINUTE) - MINUTE;
        let Ok(at) = Timestamp::from_second(minute) else { return };
        if self.feeds.is_empty() {
            return;
        }
        let fleets = groups.iter().map(|(name, group)| (name.clone(), group.view())).collect();
        for (spec, feed) in &mut self.feeds {
            if let Some(value) = feed(at, &fleets) {
                self.points.entry(spec.clone()).or_default().insert(minute, value);
            }
        }
    }

    /// How long after its end a period of a query is complete.
    pub fn delay_of(&self, query: &MetricQuery) -> SignedDuration {
        let delays = query.parts.iter().map(|part| match &part.source {
            QuerySource::Metric(spec) => self.delays.get(spec).copied().unwrap_or(self.delay),
            QuerySource::Expression(_) => SignedDuration::ZERO,
        });
        delays.max().unwrap_or(self.delay)
    }

    /// What GetMetricData answers to one query.
    ///
    /// # Errors
    /// [`Refusal::Refused`] for ids, periods and expressions that cannot be.
    pub fn query(
        &self,
        query: &MetricQuery,
        window: Window,
        now: Timestamp,
    ) -> Result<Series, Refusal> {
        let period = i64::from(query.period_secs);
        if period == 0 || period % MINUTE != 0 {
            let words = format_args!("Period {period} is not a multiple of 60");
            return Err(Refusal::invalid(words));
        }
        let frame: Vec<i64> = starts(window, period).filter(|s| *s <= now.as_second()).collect();
        let leaf = |spec: &MetricSpec| self.line(spec, period, &frame, now);
        let line = Math { parts: &query.parts, frame: &frame, leaf: &leaf }
            .series(&query.result)
            .map_err(Refusal::invalid)?;
        Ok(line.into_iter().filter_map(|(second, value)| point(second, value)).collect())
    }

    /// A metric's periods of a frame, from the minutes that can be seen.
    fn line(&self, spec: &MetricSpec, period: i64, frame: &[i64], now: Timestamp) -> Line {
        let Some(points) = self.points.get(spec) else { return Line::new() };
        let delay = self.delays.get(spec).copied().unwrap_or(self.delay).as_secs();
        let newest = now.as_second() - delay - MINUTE;
        let oldest = now.as_second() - kept(period) * DAY;
        let lost: Vec<&Window> =
            self.gaps.iter().filter(|(gap, _)| gap == spec).map(|(_, window)| window).collect();
        let seen = |second: i64| {
            let at = Timestamp::from_second(second).unwrap_or(Timestamp::MIN);
            (oldest..=newest).contains(&second) && !lost.iter().any(|gap| gap.contains(at))
        };
        let value = |start: i64| {
            let minutes = points.range(start..start + period).filter(|(second, _)| seen(**second));
            combine(&spec.statistic, minutes.map(|(_, value)| *value))
        };
        frame.iter().filter_map(|start| Some((*start, value(*start)?))).collect()
    }
}

/// A line of a query, for the log.
fn source(part: &QueryPart) -> String {
    match &part.source {
        QuerySource::Metric(spec) => spec.to_string(),
        QuerySource::Expression(text) => text.clone(),
    }
}

/// One value of several minutes. Percentiles cannot be combined exactly: the worst minute.
fn combine(statistic: &str, values: impl Iterator<Item = f64>) -> Option<f64> {
    let values: Vec<f64> = values.collect();
    let sum = || values.iter().sum::<f64>();
    let nan = values.iter().any(|v| v.is_nan());
    match statistic {
        _ if values.is_empty() => None,
        _ if nan => Some(f64::NAN),
        "Sum" | "SampleCount" => Some(sum()),
        "Average" => u32::try_from(values.len()).ok().map(|n| sum() / f64::from(n)),
        "Minimum" => values.into_iter().reduce(f64::min),
        _ => values.into_iter().reduce(f64::max),
    }
}

fn kept(period: i64) -> i64 {
    KEPT.iter().find(|(below, _)| period < *below).map_or(KEPT_LONGEST, |(_, days)| *days)
}

/// Starts of the periods that begin in the window.
fn starts(window: Window, period: i64) -> impl Iterator<Item = i64> {
    let first = start(window.from.as_second(), period);
    let end = window.until.as_second();
    let inside = move |second: &i64| point(*second, 0.0).is_some_and(|p| window.contains(p.at));
    (0..).map(move |n| first + n * period).take_while(move |second| *second <= end).filter(inside)
}

fn start(second: i64, period: i64) -> i64 {
    second.div_euclid(period) * period
}

fn point(second: i64, value: f64) -> Option<Point> {
    Timestamp::from_second(second).ok().map(|at| Point { at, value })
}
