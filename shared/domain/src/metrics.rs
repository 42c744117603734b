//! Metric queries, their points, and alarms, in CloudWatch's terms without its types.

use crate::ids::AlarmName;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

/// One metric with its statistic: `NAMESPACE METRIC STATISTIC [Dim=Value,Dim=Value]`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct MetricSpec {
    /// For example `AWS/ApplicationELB`.
    pub namespace: String,
    /// For example `RequestCount`.
    pub name: String,
    /// `Sum`, `Average`, `Minimum`, `Maximum`, `SampleCount` or a percentile such as `p95`.
    pub statistic: String,
    /// Dimensions, by name.
    pub dimensions: BTreeMap<String, String>,
}

impl FromStr for MetricSpec {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let words: Vec<&str> = text.split_whitespace().collect();
        let (head, dims) = match words.as_slice() {
            [a, b, c] => ([*a, *b, *c], None),
            [a, b, c, dims] => ([*a, *b, *c], Some(*dims)),
            _ => {
                return Err(format!(
                    "expected \"NAMESPACE METRIC STATISTIC [Dim=Value,...]\", got {text:?}"
                ));
            }
        };
        let [namespace, name, statistic] = head;
        if !is_statistic(statistic) {
            return Err(format!(
                "unknown statistic {statistic:?}: Sum, Average, Minimum, Maximum, SampleCount or pNN"
            ));
        }
        Ok(Self {
            namespace: namespace.to_owned(),
            name: name.to_owned(),
            statistic: statistic.to_owned(),
            dimensions: dims.map(parse_dimensions).transpose()?.unwrap_or_default(),
        })
    }
}

fn is_statistic(word: &str) -> bool {
    let percentile = word.strip_prefix('p').is_some_and(|digits| {
        let plain = digits.chars().all(|c| c.is_ascii_digit() || c == '.');
        plain && digits.parse::<f64>().is_ok_and(|n| n <= 100.0)
    });
    percentile || matches!(word, "Sum" | "Average" | "Minimum" | "Maximum" | "SampleCount")
}

fn parse_dimensions(text: &str) -> Result<BTreeMap<String, String>, String> {
    let mut dimensions = BTreeMap::new();
    for pair in text.split(',') {
        let named = pair.split_once('=').filter(|(n, v)| !n.is_empty() && !v.is_empty());
        let (name, value) = named.ok_or_else(|| format!("dimension {pair:?} is not Name=Value"))?;
        if dimensions.insert(name.to_owned(), value.to_owned()).is_some() {
            return Err(format!("dimension {name:?} is there twice"));
        }
    }
    Ok(dimensions)
}

impl fmt::Display for MetricSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {}", self.namespace, self.name, self.statistic)?;
        let mut separator = ' ';
        for (name, value) in &self.dimensions {
            write!(f, "{separator}{name}={value}")?;
            separator = ',';
        }
        Ok(())
    }
}

impl TryFrom<String> for MetricSpec {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<MetricSpec> for String {
    fn from(spec: MetricSpec) -> Self {
        spec.to_string()
    }
}

/// One line of a query: a metric or an expression over other lines.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct QueryPart {
    /// Lower-case id, unique within the query.
    pub id: String,
    /// What it stands for.
    pub source: QuerySource,
}

/// What a line of a query reads.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum QuerySource {
    /// A metric.
    Metric(MetricSpec),
    /// A metric-math expression over ids.
    Expression(String),
}

/// A metric-math query that yields one series.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MetricQuery {
    /// Its lines.
    pub parts: Vec<QueryPart>,
    /// The id of the line that is the answer.
    pub result: String,
    /// Seconds per point, a multiple of 60.
    pub period_secs: u32,
}

impl MetricQuery {
    /// A query of one metric by the minute.
    pub fn metric(spec: MetricSpec) -> Self {
        let part = QueryPart { id: "m".into(), source: QuerySource::Metric(spec) };
        Self { parts: vec![part], result: "m".into(), period_secs: 60 }
    }
}

/// A value for the period that begins at `at`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Point {
    /// Start of the period.
    pub at: Timestamp,
    /// The statistic's value; may be NaN or negative when a publisher errs.
    pub value: f64,
}

/// Points in ascending order of time.
pub type Series = Vec<Point>;

/// A half-open span of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// First instant.
    pub from: Timestamp,
    /// First instant after it.
    pub until: Timestamp,
}

impl Window {
    /// The `length` before `until`.
    pub fn before(until: Timestamp, length: SignedDuration) -> Self {
        Self { from: until.saturating_sub(length).unwrap_or(until), until }
    }

    /// Whether the instant lies inside.
    pub fn contains(&self, at: Timestamp) -> bool {
        self.from <= at && at < self.until
    }
}

/// An alarm's state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum AlarmState {
    /// The condition does not hold.
    Ok,
    /// The condition holds.
    Alarm,
    /// `INSUFFICIENT_DATA`, or a word we do not know.
    InsufficientData,
}

impl AlarmState {
    /// Reads AWS's word; an unknown one counts as insufficient data.
    pub fn parse(word: &str) -> Self {
        match word {
            "OK" => Self::Ok,
            "ALARM" => Self::Alarm,
            _ => Self::InsufficientData,
        }
    }
}

/// Which side of the threshold an alarm watches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Comparison {
    /// `>`
    Above,
    /// `>=`
    AtOrAbove,
    /// `<`
    Below,
    /// `<=`
    AtOrBelow,
    /// Anomaly bands and composites: no fixed threshold.
    Other,
}

impl Comparison {
    /// Whether the value breaches the threshold.
    pub fn breached(self, value: f64, threshold: f64) -> bool {
        match self {
            Self::Above => value > threshold,
            Self::AtOrAbove => value >= threshold,
            Self::Below => value < threshold,
            Self::AtOrBelow => value <= threshold,
            Self::Other => false,
        }
    }

    /// A low-side alarm asks for less capacity; it never vetoes a lowering.
    pub fn is_low_side(self) -> bool {
        matches!(self, Self::Below | Self::AtOrBelow)
    }
}

/// What `DescribeAlarms` says of one alarm.
#[derive(Debug, Clone, PartialEq)]
pub struct Alarm {
    /// Its name.
    pub name: AlarmName,
    /// Its state now.
    pub state: AlarmState,
    /// Since when.
    pub since: Timestamp,
    /// The threshold, if it has a fixed one.
    pub threshold: Option<f64>,
    /// Which side it watches.
    pub comparison: Comparison,
    /// The metric it watches; none for a composite.
    pub query: Option<MetricQuery>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_spec_reads_back_as_written() {
        let text = "AWS/ApplicationELB RequestCount Sum LoadBalancer=app/a/1,TargetGroup=tg/b/2";
        let spec: MetricSpec = text.parse().unwrap();
        assert_eq!(spec.to_string(), text);
        assert_eq!(spec.dimensions.len(), 2);
    }

    #[test]
    fn a_spec_is_stored_as_its_text() {
        let text = "\"AWS/EC2 CPUUtilization p99.9\"";
        let spec: MetricSpec = serde_json::from_str(text).unwrap();
        assert_eq!(serde_json::to_string(&spec).unwrap(), text);
    }

    #[test]
    fn a_window_is_half_open() {
        let at = |second| Timestamp::from_second(second).unwrap();
        let window = Window::before(at(200), SignedDuration::from_secs(100));
        let inside = [(99, false), (100, true), (199, true), (200, false)];
        for (second, want) in inside {
            assert_eq!(window.contains(at(second)), want, "{second}");
        }
    }

    #[test]
    fn alarm_states_by_their_words() {
        assert_eq!(AlarmState::parse("OK"), AlarmState::Ok);
        assert_eq!(AlarmState::parse("ALARM"), AlarmState::Alarm);
        for word in ["INSUFFICIENT_DATA", "ok", ""] {
            assert_eq!(AlarmState::parse(word), AlarmState::InsufficientData, "{word}");
        }
    }

    #[test]
    fn comparisons_at_the_threshold_and_beside_it() {
        use Comparison::{Above, AtOrAbove, AtOrBelow, Below, Other};
        for (comparison, below, at, above, low_side) in [
            (Above, false, false, true, false),
            (AtOrAbove, false, true, true, false),
            (Below, true, false, false, true),
            (AtOrBelow, true, true, false, true),
            (Other, false, false, false, false),
        ] {
            let breached = [49.0, 50.0, 51.0].map(|value| comparison.breached(value, 50.0));
            assert_eq!(breached, [below, at, above], "{comparison:?}");
            assert_eq!(comparison.is_low_side(), low_side, "{comparison:?}");
        }
    }

    #[test]
    fn bad_specs_say_why() {
        for (text, why) in [
            ("AWS/ALB RequestCount p100.1", "unknown statistic"),
            ("AWS/ALB RequestCount p-5", "unknown statistic"),
            ("AWS/ALB RequestCount p1e1", "unknown statistic"),
            ("AWS/ALB RequestCount pNaN", "unknown statistic"),
            ("AWS/ALB RequestCount p", "unknown statistic"),
            ("AWS/ALB RequestCount Sum A=1,A=2", "\"A\" is there twice"),
            ("AWS/ALB RequestCount Sum =app", "is not Name=Value"),
            ("AWS/ALB RequestCount Sum LoadBalancer=", "is not Name=Value"),
            ("RequestCount", "expected"),
            ("AWS/ALB RequestCount Median", "unknown statistic"),
            ("AWS/ALB RequestCount Sum LoadBalancer", "is not Name=Value"),
        ] {
            let error = text.parse::<MetricSpec>().unwrap_err();
            assert!(error.contains(why), "{error}");
        }
    }
}
