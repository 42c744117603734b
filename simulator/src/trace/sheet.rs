//! What a file has in it: one or several series of values by the minute.

use super::fault::Faults;
use super::{cloudwatch, rows, unpack};

/// A load is at most this; more is a mistake, and sums of it would lose the rest.
const MOST: f64 = 1e15;

/// Values at whole minutes.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Series {
    /// What it is called: a CSV file's column, a result's id.
    pub name: String,
    /// A result's label.
    pub label: String,
    /// Whether its values are those of whole periods, to be divided by their minutes when they
    /// are sums; a CSV file's are per minute.
    pub per_period: bool,
    /// Minutes from one value to the next.
    pub step: i64,
    /// Minute since the epoch and value, in ascending order, each minute once.
    pub points: Vec<(i64, f64)>,
}

/// Everything that a file has in it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Sheet {
    /// In the file's order; those of CloudWatch by id and label.
    pub series: Vec<Series>,
    /// What was passed over.
    pub notes: Vec<String>,
}

impl Sheet {
    /// Reads CSV or CloudWatch's JSON, plain or gzip.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub fn read(bytes: &[u8]) -> Result<Self, Faults> {
        let text = unpack(bytes)?;
        let text = text.trim_start_matches('\u{feff}');
        if text.trim_start().starts_with('{') { cloudwatch::read(text) } else { rows::read(text) }
    }

    /// The series that is the load: the one that is named, or the only one. A CSV file's is its
    /// first.
    ///
    /// # Errors
    /// None has that name, several have it, or several are there and none is named.
    pub fn choose(&self, metric: Option<&str>) -> Result<&Series, Faults> {
        let named = |series: &&Series| metric.is_none_or(|name| series.name == name);
        let found: Vec<&Series> = self.series.iter().filter(named).collect();
        match (found.as_slice(), metric) {
            ([only], _) => Ok(only),
            ([first, ..], None) if !first.per_period => Ok(first),
            ([], Some(name)) => {
                Err(Faults::one(format!("nothing is called {name:?}; there is {}", self.names())))
            }
            (_, Some(name)) => {
                let labels: Vec<String> = found.iter().map(|s| format!("{:?}", s.label)).collect();
                let labels = labels.join(", ");
                Err(Faults::one(format!("{name:?} is several series, labelled {labels}")))
            }
            _ => Err(Faults::one(format!(
                "several results: name the one that is the load with --metric; there is {}",
                self.names()
            ))),
        }
    }

    /// The series of this name, if there is one.
    pub fn find(&self, name: &str) -> Option<&Series> {
        self.series.iter().find(|series| series.name == name)
    }

    /// Every name, with its label where it has one.
    pub fn names(&self) -> String {
        let name = |s: &Series| match s.label.as_str() {
            "" => s.name.clone(),
            label => format!("{} ({label:?})", s.name),
        };
        let names: Vec<String> = self.series.iter().map(name).collect();
        if names.is_empty() { "nothing".to_owned() } else { names.join(", ") }
    }
}

/// Whether a number may be a load.
pub(super) fn is_load(value: f64) -> bool {
    (0.0..=MOST).contains(&value)
}

/// The greatest step that every distance between neighbours is a multiple of.
pub(super) fn step(distances: impl Iterator<Item = i64>) -> i64 {
    let mut step = 0;
    for distance in distances {
        step = divisor(step, distance);
        if step == 1 {
            break;
        }
    }
    step.max(1)
}

fn divisor(a: i64, b: i64) -> i64 {
    let (mut a, mut b) = (a, b);
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a
}
