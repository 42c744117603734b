//! The JSON of `aws cloudwatch get-metric-data`, one page or several after one another.
//!
//! Its values come newest first or oldest first, its times as ISO 8601 text or as seconds since
//! the epoch, as the command line is configured.

use super::fault::{Faults, quoted};
use super::minutes::LONGEST_HOLE_MINS;
use super::sheet::{Series, Sheet, is_load, step};
use super::time::{self, Clock, whole_minute};
use jiff::Timestamp;
use serde::Deserialize;
use serde::de::{Deserializer, Error, Visitor};
use std::collections::BTreeMap;
use std::fmt;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Page {
    metric_data_results: Vec<MetricResult>,
    #[serde(default)]
    messages: Vec<Message>,
    next_token: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct MetricResult {
    id: String,
    #[serde(default)]
    label: String,
    #[serde(default)]
    timestamps: Vec<Stamp>,
    #[serde(default)]
    values: Vec<Option<f64>>,
    status_code: Option<String>,
    #[serde(default)]
    messages: Vec<Message>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Message {
    #[serde(default)]
    code: String,
    #[serde(default)]
    value: String,
}

/// A time as it stands there.
enum Stamp {
    Text(String),
    Seconds(f64),
}

impl<'de> Deserialize<'de> for Stamp {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Reads;
        impl Visitor<'_> for Reads {
            type Value = Stamp;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a time: ISO 8601 text or seconds since the epoch")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Stamp, E> {
                Ok(Stamp::Text(text.to_owned()))
            }

            fn visit_f64<E: Error>(self, seconds: f64) -> Result<Stamp, E> {
                Ok(Stamp::Seconds(seconds))
            }

            fn visit_u64<E: Error>(self, seconds: u64) -> Result<Stamp, E> {
                Ok(Stamp::Seconds(seconds as f64))
            }

            fn visit_i64<E: Error>(self, seconds: i64) -> Result<Stamp, E> {
                Ok(Stamp::Seconds(seconds as f64))
            }
        }
        from.deserialize_any(Reads)
    }
}

impl Stamp {
    fn minute(&self, clock: &mut Clock) -> Result<i64, String> {
        match self {
            Self::Text(text) => clock.minute(text),
            Self::Seconds(seconds) => {
                let whole = *seconds as i64;
                let exact = (whole as f64 - seconds).abs() == 0.0;
                let at = Timestamp::from_second(whole).ok();
                let at = at.ok_or_else(|| format!("{seconds} is no time since the epoch"))?;
                let minute = whole_minute(at, || seconds.to_string())?;
                if exact { Ok(minute) } else { Err(format!("{seconds} is no whole minute")) }
            }
        }
    }
}

/// Reads every result of every page.
pub(super) fn read(text: &str) -> Result<Sheet, Faults> {
    let (mut gathered, mut token) = (Gathered::default(), None);
    for page in serde_json::Deserializer::from_str(text).into_iter::<Page>() {
        let page = page.map_err(|error| {
            let what = "this is no output of `aws cloudwatch get-metric-data`";
            Faults::one(format!("{what}: {error}"))
        })?;
        token = page.next_token;
        gathered.told("", &page.messages);
        page.metric_data_results.into_iter().for_each(|result| gathered.take(result));
    }
    if token.is_some() {
        gathered
            .faults
            .add(|| "the last page has a NextToken: its next page is missing".to_owned());
    }
    gathered.sheet()
}

#[derive(Default)]
struct Gathered {
    /// By id and label.
    found: BTreeMap<(String, String), Found>,
    clock: Clock,
    notes: Vec<String>,
    faults: Faults,
}

#[derive(Default)]
struct Found {
    points: Vec<(i64, f64)>,
    status: String,
}

impl Gathered {
    fn take(&mut self, result: MetricResult) {
        let id = result.id;
        self.told(&id, &result.messages);
        if result.timestamps.len() != result.values.len() {
            let (times, values) = (result.timestamps.len(), result.values.len());
            self.faults.add(|| format!("{}: {times} times and {values} values", quoted(&id)));
        }
        let mut points = Vec::with_capacity(result.values.len());
        for (n, (stamp, value)) in result.timestamps.iter().zip(&result.values).enumerate() {
            match point(stamp, *value, &mut self.clock) {
                Ok(point) => points.push(point),
                Err(why) => {
                    self.faults.add(|| format!("{}, value {}: {why}", quoted(&id), n + 1));
                }
            }
        }
        let found = self.found.entry((id, result.label)).or_default();
        found.points.extend(points);
        found.status = result.status_code.unwrap_or_default();
    }

    fn told(&mut self, id: &str, messages: &[Message]) {
        let of = if id.is_empty() { String::new() } else { format!(" of {}", quoted(id)) };
        let told = messages.iter().map(|m| format!("{}: {}", quoted(&m.code), quoted(&m.value)));
        self.notes.extend(told.map(|told| format!("CloudWatch's message{of}, {told}")));
    }

    fn sheet(self) -> Result<Sheet, Faults> {
        let Self { found, notes, mut faults, .. } = self;
        if found.is_empty() {
            faults.add(|| "no results: MetricDataResults is empty".to_owned());
        }
        let series = found.into_iter().map(|((name, label), found)| {
            let points = sorted(&name, found, &mut faults);
            let apart = points.iter().zip(points.iter().skip(1)).map(|(a, b)| b.0 - a.0);
            let step = step(apart);
            Series { name, label, per_period: true, step, points }
        });
        let series = series.collect();
        faults.unless_any(Sheet { series, notes })
    }
}

/// A result's points, oldest first.
fn sorted(id: &str, found: Found, faults: &mut Faults) -> Vec<(i64, f64)> {
    let Found { mut points, status } = found;
    if !matches!(status.as_str(), "" | "Complete") {
        let told = quoted(&status);
        faults.add(|| format!("{}: its StatusCode is {told}: not all is there", quoted(id)));
    }
    points.sort_by_key(|(minute, _)| *minute);
    for (earlier, later) in points.iter().zip(points.iter().skip(1)) {
        let at = time::text(later.0);
        match later.0.saturating_sub(earlier.0) {
            0 => faults.add(|| format!("{}: {at} stands there twice", quoted(id))),
            apart if apart > LONGEST_HOLE_MINS => {
                let why = "comes more than 15 days after the one before";
                faults.add(|| format!("{}: {at} {why}", quoted(id)));
            }
            _ => {}
        }
    }
    points
}

fn point(stamp: &Stamp, value: Option<f64>, clock: &mut Clock) -> Result<(i64, f64), String> {
    let minute = stamp.minute(clock)?;
    let load = value.filter(|value| is_load(*value)).ok_or_else(|| {
        let got = value.map_or("nothing".to_owned(), |value| value.to_string());
        let at = time::text(minute);
        format!("at {at}, expected a number at or above zero, at most 1e15, got {got}")
    })?;
    Ok((minute, load + 0.0))
}
