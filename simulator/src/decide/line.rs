//! One line of the protocol, read.
//!
//! What must stay true: what is built here lies within the bounds that the arithmetic after it
//! needs; every fault of a line is told at once; fields that are not known do not matter.

use serde::Deserialize;
use std::borrow::Cow;

/// Minutes and sizes beyond these are mistakes.
const MOST_MINUTES: f64 = 1e9;
const MOST_INSTANCES: f64 = 65_535.0;
const LONGEST_BOOT_SECS: f64 = 3_600.0;

/// What a line says.
#[derive(Debug, Clone, PartialEq)]
pub enum Line {
    /// Nothing but space.
    Nothing,
    /// A fleet begins, from nothing; or what is wrong with it.
    Start(Result<Start, String>),
    /// A minute begins, and asks for a decision.
    Minute(Minute),
    /// A type that this code does not know.
    Other(String),
}

/// What a fleet is like.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Start {
    /// Requests a minute that one instance serves; above zero.
    pub capacity: f64,
    /// From launch to in service, seconds; at most an hour.
    pub boot_secs: u32,
    /// `MinSize`.
    pub min: u32,
    /// `MaxSize`; not below `min`.
    pub max: u32,
}

/// What is seen at the start of a minute.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Minute {
    /// The minute.
    pub minute: i64,
    /// The newest one whose metric is visible; not after `minute`.
    pub data_minute: Option<i64>,
    /// Its requests; none when the metric is missing.
    pub requests: Option<f64>,
    /// Instances in service now.
    pub in_service: Option<u32>,
    /// Desired capacity now.
    pub desired: Option<u32>,
}

#[derive(Deserialize)]
struct Raw<'a> {
    #[serde(borrow, rename = "type")]
    kind: Cow<'a, str>,
    capacity_rpm: Option<f64>,
    boot_s: Option<f64>,
    min: Option<f64>,
    max: Option<f64>,
    minute: Option<f64>,
    data_minute: Option<f64>,
    requests: Option<f64>,
    in_service: Option<f64>,
    desired: Option<f64>,
}

impl Line {
    /// Reads a line.
    ///
    /// # Errors
    /// What is wrong with it, every fault at once.
    pub fn read(line: &[u8]) -> Result<Self, String> {
        if line.iter().all(u8::is_ascii_whitespace) {
            return Ok(Self::Nothing);
        }
        let raw: Raw<'_> = serde_json::from_slice(line).map_err(|error| plain(&error))?;
        match raw.kind.as_ref() {
            "start" => Ok(Self::Start(raw.start())),
            "minute" => raw.minute().map(Self::Minute),
            other => Ok(Self::Other(other.chars().take(40).collect())),
        }
    }
}

/// The parser counts lines too, and it always sees one.
fn plain(error: &serde_json::Error) -> String {
    error.to_string().replace(" at line 1 column", ", column")
}

impl Raw<'_> {
    fn start(&self) -> Result<Start, String> {
        let mut faults = Faults::default();
        let capacity = self.capacity_rpm.filter(|c| c.is_finite() && *c > 0.0);
        let start = Start {
            capacity: capacity.unwrap_or(1.0),
            boot_secs: faults.needed("boot_s", self.boot_s.map(f64::ceil), LONGEST_BOOT_SECS),
            min: faults.needed("min", self.min, MOST_INSTANCES),
            max: faults.needed("max", self.max, MOST_INSTANCES),
        };
        faults.unless(capacity.is_some(), "capacity_rpm is a number above zero");
        faults.unless(start.min <= start.max, "max is not below min");
        faults.or(start)
    }

    fn minute(&self) -> Result<Minute, String> {
        let mut faults = Faults::default();
        let minute = i64::from(faults.needed("minute", self.minute, MOST_MINUTES));
        let data = faults.may("data_minute", self.data_minute, MOST_MINUTES).map(i64::from);
        let seen = Minute {
            minute,
            data_minute: data,
            requests: self.requests,
            in_service: faults.may("in_service", self.in_service, MOST_INSTANCES),
            desired: faults.may("desired", self.desired, MOST_INSTANCES),
        };
        faults.unless(data.is_none_or(|data| data <= minute), "data_minute is not after minute");
        faults.or(seen)
    }
}

/// What is wrong with a line.
#[derive(Default)]
struct Faults(Vec<String>);

impl Faults {
    fn unless(&mut self, right: bool, what: &str) {
        if !right {
            self.0.push(what.to_owned());
        }
    }

    /// A whole number from 0 to `most`.
    fn needed(&mut self, name: &str, value: Option<f64>, most: f64) -> u32 {
        self.unless(value.is_some(), &format!("{name} is missing"));
        self.may(name, value, most).unwrap_or(0)
    }

    fn may(&mut self, name: &str, value: Option<f64>, most: f64) -> Option<u32> {
        let value = value?;
        let right = (0.0..=most).contains(&value) && value.fract() == 0.0;
        self.unless(right, &format!("{name} is a whole number from 0 to {most}, not {value}"));
        right.then_some(value as u32)
    }

    fn or<T>(self, right: T) -> Result<T, String> {
        if self.0.is_empty() { Ok(right) } else { Err(self.0.join("; ")) }
    }
}
