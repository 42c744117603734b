//! An alarm's change of state, as an event or `DescribeAlarms` tells it.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::fmt;

/// Which time series of which alarm.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct AlarmId {
    /// The alarm's ARN, at most 400 characters; built from account, region and name where the
    /// event has none.
    pub arn: String,
    /// Its name, at most 255 characters, without control characters.
    pub name: String,
    /// The contributor's id, for one time series of an alarm over many.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contributor: Option<String>,
}

impl AlarmId {
    /// The same alarm always has the same fingerprint, and nobody can choose a name that has
    /// another alarm's: half of a SHA-256.
    pub fn fingerprint(&self) -> Fingerprint {
        Fingerprint(digest(&[&self.arn, self.contributor.as_deref().unwrap_or_default()]))
    }
}

/// 32 hexadecimal digits over texts whose borders count.
pub(crate) fn digest(parts: &[&str]) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(part.len().to_le_bytes());
        hash.update(part.as_bytes());
    }
    let halves = hash.finalize().into_iter().take(16).flat_map(|byte| [byte >> 4, byte & 15]);
    halves.filter_map(|half| char::from_digit(u32::from(half), 16)).collect()
}

/// What tells two alarms apart, 32 hexadecimal digits.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Fingerprint(pub String);

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// An alarm's state, in AWS's word.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub enum State {
    /// `OK`
    Ok,
    /// `ALARM`
    Alarm,
    /// `INSUFFICIENT_DATA`
    InsufficientData,
    /// A word that AWS did not have when this was written. It counts as firing.
    Other(String),
}

impl State {
    /// Whether people should know: `ALARM`, and what we do not understand.
    pub fn is_firing(&self) -> bool {
        matches!(self, Self::Alarm | Self::Other(_))
    }

    /// AWS's word.
    pub fn word(&self) -> &str {
        match self {
            Self::Ok => "OK",
            Self::Alarm => "ALARM",
            Self::InsufficientData => "INSUFFICIENT_DATA",
            Self::Other(word) => word,
        }
    }
}

impl From<String> for State {
    fn from(word: String) -> Self {
        match word.as_str() {
            "OK" => Self::Ok,
            "ALARM" => Self::Alarm,
            "INSUFFICIENT_DATA" => Self::InsufficientData,
            _ => Self::Other(word),
        }
    }
}

impl From<State> for String {
    fn from(state: State) -> Self {
        state.word().to_owned()
    }
}

/// What sort of alarm it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// One metric against a threshold.
    Metric,
    /// An expression over metrics, or a query.
    MetricMath,
    /// Outside an anomaly band.
    AnomalyBand,
    /// A rule over other alarms.
    Composite,
    /// One time series of an alarm over many.
    Contributor,
    /// Nothing that is known: forwarded with its raw text.
    Unclassified,
}

impl Kind {
    /// The label's value.
    pub fn word(self) -> &'static str {
        match self {
            Self::Metric => "metric",
            Self::MetricMath => "metric_math",
            Self::AnomalyBand => "anomaly_band",
            Self::Composite => "composite",
            Self::Contributor => "contributor",
            Self::Unclassified => "unclassified",
        }
    }
}

/// The metric that an alarm watches.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct WatchedMetric {
    /// For example `AWS/EC2`.
    pub namespace: String,
    /// For example `CPUUtilization`.
    pub name: String,
    /// Dimensions, by name.
    pub dimensions: BTreeMap<String, String>,
}

/// An alarm in a state. Texts are clean (no control or bidirectional characters) and bounded:
/// reason and description 1,024 bytes each, every other text 255 characters.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AlarmEvent {
    /// Which one.
    pub id: AlarmId,
    /// Account id, 12 digits.
    pub account: String,
    /// Region, for example `ap-northeast-2`.
    pub region: String,
    /// What sort.
    pub kind: Kind,
    /// Its state.
    pub state: State,
    /// Since when it is in this state, by AWS's clock; it orders the events of one alarm.
    pub state_at: Timestamp,
    /// Why, in CloudWatch's words.
    pub reason: String,
    /// What the owner wrote about it.
    pub description: String,
    /// The newest data point that the event carries.
    pub value: Option<f64>,
    /// The threshold, where the event or `DescribeAlarms` has one.
    pub threshold: Option<f64>,
    /// Which side of the threshold is bad: `>`, `>=`, `<`, `<=`, where it is known.
    pub comparison: Option<String>,
    /// The metric; the first of an expression; none for a composite.
    pub metric: Option<WatchedMetric>,
    /// What a contributor is told apart by.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub attributes: BTreeMap<String, String>,
    /// A composite's rule.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rule: Option<String>,
    /// Who suppresses its actions in AWS: a suppressor alarm, its wait or extension period, a
    /// mute rule.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub suppressed_by: Option<String>,
    /// When a mute rule's window ends. `DescribeAlarms` knows nothing of mute rules, so nobody
    /// else tells that it is over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub suppressed_until: Option<Timestamp>,
    /// The alarm's own tags, where they were read; `None` when they were not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tags: Option<BTreeMap<String, String>>,
}

impl AlarmEvent {
    /// An alarm of which nothing else is known than that it is in this state since then.
    pub fn bare(id: AlarmId, kind: Kind, state: State, state_at: Timestamp) -> Self {
        Self {
            id,
            account: String::new(),
            region: String::new(),
            kind,
            state,
            state_at,
            reason: String::new(),
            description: String::new(),
            value: None,
            threshold: None,
            comparison: None,
            metric: None,
            attributes: BTreeMap::new(),
            rule: None,
            suppressed_by: None,
            suppressed_until: None,
            tags: None,
        }
    }

    /// Whether AWS keeps its actions back at this time.
    pub fn is_suppressed(&self, now: Timestamp) -> bool {
        self.suppressed_by.is_some() && self.suppressed_until.is_none_or(|until| now < until)
    }
}
