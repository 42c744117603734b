//! A load trace: one value a minute, as a metric publishes it.
//!
//! Read from CSV (`timestamp_utc,requests_per_minute`) or from the JSON of
//! `aws cloudwatch get-metric-data`, either of them plain or gzip, told apart by their bytes.
//!
//! What must stay true: nothing that is not understood is passed over: it is refused, every fault
//! at once, each with its place and the reason; minutes are consecutive, and a minute that the
//! file leaves out is known to be left out; no bytes make it panic or take more memory than
//! [`MOST_BYTES`] and [`MOST_MINUTES`] allow.

mod cloudwatch;
mod fault;
mod minutes;
mod rows;
mod rules;
mod sheet;
mod time;

pub use fault::Faults;
pub use minutes::{COARSEST_MINS, LONGEST_HOLE_MINS, MOST_MINUTES};
pub use rules::{Missing, Rules, Statistic};
pub use sheet::{Series, Sheet};
pub(crate) use time::{midnight, text as minute_text};

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::io::Read;

/// More bytes than this, unpacked, are no trace: ten years of minutes take half of it.
pub const MOST_BYTES: u64 = 512 << 20;

/// Load by the minute.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Trace {
    /// The first minute, counted since the epoch.
    pub first: i64,
    /// Load of each minute, in the source's unit per minute.
    pub loads: Vec<f64>,
    /// Indices of minutes whose metric was never published; a reader gives them the load before.
    pub hidden: BTreeSet<usize>,
}

/// A trace, and what people should know about how it was read.
#[derive(Debug, Clone, PartialEq)]
pub struct Reading {
    /// The trace.
    pub trace: Trace,
    /// What was filled in, drawn between or passed over; a sentence each.
    pub notes: Vec<String>,
}

/// Reads a trace.
///
/// # Errors
/// Everything that is wrong with it, see [`Faults`].
pub fn read(bytes: &[u8], rules: &Rules) -> Result<Reading, Faults> {
    let sheet = Sheet::read(bytes)?;
    let series = sheet.choose(rules.metric.as_deref())?;
    let mut reading = minutes::trace(series, rules)?;
    reading.notes.splice(0..0, sheet.notes);
    Ok(reading)
}

impl Trace {
    /// Reads a trace by the usual rules, without what people should know about it.
    ///
    /// # Errors
    /// As [`read`].
    pub fn read(bytes: &[u8]) -> Result<Self, Faults> {
        read(bytes, &Rules::default()).map(|reading| reading.trace)
    }

    /// As CSV with a header. A minute whose metric was never published has no value in it, so
    /// what its load really was is lost.
    pub fn to_csv(&self) -> String {
        let mut out = String::with_capacity(32 * (self.loads.len() + 1));
        out.push_str("timestamp_utc,requests_per_minute\n");
        for (index, load) in self.loads.iter().enumerate() {
            let minute = self.first.saturating_add(i64::try_from(index).unwrap_or(i64::MAX));
            let _ = write!(out, "{},", time::text(minute));
            if !self.hidden.contains(&index) {
                let _ = write!(out, "{load}");
            }
            out.push('\n');
        }
        out
    }

    /// The mean load.
    pub fn mean(&self) -> f64 {
        self.loads.iter().sum::<f64>() / (self.loads.len().max(1) as f64)
    }

    /// The highest load.
    pub fn peak(&self) -> f64 {
        self.loads.iter().copied().fold(0.0, f64::max)
    }

    /// What the metric shows of a minute; none where it was never published.
    pub fn seen(&self, index: usize) -> Option<f64> {
        self.loads.get(index).copied().filter(|_| !self.hidden.contains(&index))
    }
}

/// The text of a file, whether it is packed or not.
fn unpack(bytes: &[u8]) -> Result<String, Faults> {
    let mut text = String::new();
    let read = if bytes.starts_with(&[0x1f, 0x8b]) {
        let unpacked = flate2::read::MultiGzDecoder::new(bytes);
        unpacked.take(MOST_BYTES + 1).read_to_string(&mut text)
    } else {
        bytes.take(MOST_BYTES + 1).read_to_string(&mut text)
    };
    let read = read.map_err(|error| Faults::one(format!("not readable: {error}")))?;
    if read as u64 > MOST_BYTES {
        return Err(Faults::one(format!("more than {} MiB, unpacked", MOST_BYTES >> 20)));
    }
    Ok(text)
}

#[cfg(test)]
mod tests;
