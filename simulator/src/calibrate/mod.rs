//! `calibrate`: how much load one instance serves inside the SLO, from measured minutes.
//!
//! The data are put into bins of similar load per instance and each bin's median stands for it,
//! so that no outlier counts. For a latency, a monotone regression through the bins is read where
//! it meets the SLO: it assumes nothing but that more load is not faster; a queueing formula
//! would only be needed beyond the data, and nothing is said of what was never measured. For CPU,
//! a robust straight line (Theil and Sen) through the bins around the SLO is read there.
//!
//! What must stay true: data that never came near the SLO give no number; the same file gives the
//! same answer; every minute that is left out is counted and said.

mod bins;
mod bootstrap;
mod data;
mod fit;
mod words;

pub use data::{Dropped, Minutes};

use crate::Failure;
use crate::trace::Sheet;
use bins::Bins;
use clap::Args;
use fit::{Meets, Slo};
use serde::Serialize;
use std::path::PathBuf;

/// Below the arguments' help.
pub const HELP: &str = "\
Example: the load of one instance at which half of the minutes are slower than 200 ms

  $ tidegate calibrate --data minutes.csv --slo-latency-ms 200

The data is CSV with a header, timestamp_utc,requests_per_minute,instances,latency_ms (or cpu,
percent, with --cpu-at-slo 70), or CloudWatch's JSON (aws cloudwatch get-metric-data) of several
metrics, plain or gzip. Minutes in which the number of instances changes, or the load of one by
more than a half, are left out. Take the latency that the SLO is about, such as the p95 of each
minute.

The interval holds the truth in 95 of 100 cases; its lower end is for the policy.

Exit codes:
  0  estimated
  2  the input is wrong, or does not tell: too few minutes, hardly any spread, never near the SLO";

/// Fewer steady minutes than an hour's say nothing.
const LEAST_ROWS: usize = 60;
/// Load per instance has to vary by this much, without the highest and the lowest nine.
const LEAST_SPREAD: f64 = 1.25;
/// So many minutes have to lie at the estimate or above it, lest it lie beyond the data.
const LEAST_NEAR: usize = 10;

/// The arguments of `calibrate`.
#[derive(Debug, Clone, Args)]
pub struct Ask {
    /// The measured minutes; `-` reads them from stdin.
    #[arg(long, value_name = "FILE")]
    pub data: PathBuf,
    /// The latency that the SLO allows, in the data's unit (ms in latency_ms).
    #[arg(long, value_name = "N", value_parser = above_zero, required_unless_present = "cpu_at_slo")]
    pub slo_latency_ms: Option<f64>,
    /// The CPU, percent, up to which the SLO is kept; above 95 no line says anything.
    #[arg(long, value_name = "PERCENT", value_parser = percent, conflicts_with = "slo_latency_ms")]
    pub cpu_at_slo: Option<f64>,
    /// Of CloudWatch's JSON, the id of the load.
    #[arg(long, value_name = "ID", default_value = "load")]
    pub load: String,
    /// Of CloudWatch's JSON, the id of the instances that served it, such as HealthyHostCount.
    #[arg(long, value_name = "ID", default_value = "instances")]
    pub instances: String,
    /// Of CloudWatch's JSON, the id of the latency.
    #[arg(long, value_name = "ID", default_value = "latency_ms")]
    pub latency: String,
    /// Of CloudWatch's JSON, the id of the CPU.
    #[arg(long, value_name = "ID", default_value = "cpu")]
    pub cpu: String,
    /// CloudWatch's load is no sum of its period, but the same in each of its minutes, such as
    /// requests in flight.
    #[arg(long)]
    pub average: bool,
    /// As JSON.
    #[arg(long)]
    pub json: bool,
}

fn above_zero(text: &str) -> Result<f64, String> {
    let number = text.parse::<f64>().ok().filter(|n| n.is_finite() && *n > 0.0);
    number.ok_or_else(|| "a number above zero".to_owned())
}

fn percent(text: &str) -> Result<f64, String> {
    let number = text.parse::<f64>().ok().filter(|n| (1.0..=fit::SATURATED).contains(n));
    number.ok_or_else(|| format!("a number from 1 to {}", fit::SATURATED))
}

/// What the data says.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Answer {
    /// Load per minute that one instance serves at the SLO.
    pub estimate: f64,
    /// The interval's lower end.
    pub low: f64,
    /// The interval's upper end; none when it lies beyond the data.
    pub high: Option<f64>,
    /// For the policy: the lower end, rounded down to three digits.
    pub capacity_per_instance: f64,
    /// In words, such as `200 ms` or `70 % CPU`.
    pub slo: String,
    /// The first and the last minute of the data.
    pub from: String,
    /// See `from`.
    pub until: String,
    /// Minutes, or coarser periods, that were used.
    pub used: usize,
    /// Those that were not, and why.
    pub dropped: Dropped,
    /// Used minutes at the estimate or above it.
    pub at_or_above: usize,
    /// The highest load per instance, without the highest nine.
    pub reached: f64,
    /// Minutes of the blocks that the interval was drawn with.
    pub block: usize,
    /// What people should know besides.
    pub notes: Vec<String>,
}

/// Estimates the capacity of one instance.
///
/// # Errors
/// [`Failure::Input`]: the data is wrong (every fault), or says nothing (why, and what to do).
pub fn answer(bytes: &[u8], ask: &Ask) -> Result<Answer, Failure> {
    let wrong = |what: String| Failure::Input(what);
    let sheet = Sheet::read(bytes).map_err(|faults| wrong(faults.to_string()))?;
    let slo = match (ask.slo_latency_ms, ask.cpu_at_slo) {
        (Some(latency), None) => Slo::Latency(latency),
        (None, Some(cpu)) => Slo::Cpu(cpu),
        _ => return Err(wrong("one of --slo-latency-ms and --cpu-at-slo is needed".to_owned())),
    };
    let minutes = Minutes::of(&sheet, ask, slo.is_cpu()).map_err(wrong)?;
    let mut answer = estimated(&minutes, slo).map_err(wrong)?;
    answer.notes.splice(0..0, sheet.notes);
    Ok(answer)
}

fn estimated(minutes: &Minutes, slo: Slo) -> Result<Answer, String> {
    enough(minutes)?;
    let coarse = Bins::coarse(&minutes.rows);
    let around = match fit::meets(&coarse.medians(None), slo) {
        Meets::At(load) => load,
        other => return Err(never(&coarse, slo, other)),
    };
    let bins = Bins::around(&minutes.rows, around);
    let estimate = match fit::meets(&bins.medians(None), slo) {
        Meets::At(load) => load,
        other => return Err(never(&bins, slo, other)),
    };
    let loads = minutes.loads();
    let near = loads.iter().filter(|load| **load >= estimate).count();
    if near < LEAST_NEAR {
        return Err(never(&bins, slo, Meets::Beyond));
    }
    let drawn = bootstrap::interval(minutes, &bins, slo);
    let low = drawn.low.unwrap_or(0.0).min(estimate);
    if low < estimate / 2.0 {
        return Err(format!(
            "the estimate is {}, but the data would as well allow {}: not sure enough to size by; \
             more minutes near the SLO are needed: a load test",
            words::figure(estimate),
            words::figure(low)
        ));
    }
    let rank = loads.len().saturating_sub(LEAST_NEAR);
    Ok(Answer {
        estimate,
        low,
        high: drawn.high.map(|high| high.max(estimate)),
        capacity_per_instance: rounded_down(low),
        slo: slo.to_string(),
        from: minutes.from.clone(),
        until: minutes.until.clone(),
        used: minutes.rows.len(),
        dropped: minutes.dropped,
        at_or_above: near,
        reached: loads.get(rank).copied().unwrap_or(estimate),
        block: drawn.block,
        notes: minutes.notes.clone(),
    })
}

fn enough(minutes: &Minutes) -> Result<(), String> {
    let (count, dropped) = (minutes.rows.len(), minutes.dropped);
    if count < LEAST_ROWS {
        return Err(format!(
            "{count} steady minutes are too few: at least {LEAST_ROWS} are needed ({dropped})"
        ));
    }
    let loads = minutes.loads();
    let at = |rank: usize| loads.get(rank).copied().unwrap_or(0.0);
    let (low, high) = (at(LEAST_NEAR - 1), at(count - LEAST_NEAR));
    if high < low * LEAST_SPREAD {
        return Err(format!(
            "the load per instance hardly varies, from {} to {}: nothing can be learned from it; \
             take days with quiet and busy hours, or a load test",
            words::figure(low),
            words::figure(high)
        ));
    }
    Ok(())
}

/// Why there is no estimate, how near the data came, and what to do.
fn never(bins: &Bins, slo: Slo, meets: Meets) -> String {
    let medians = bins.medians(None);
    let shown = |median: Option<&fit::Median>| {
        median.map_or((0.0, 0.0), |median| (median.value, median.load))
    };
    let top = medians.iter().max_by(|a, b| a.value.total_cmp(&b.value));
    let ((worst, at), unit) = (shown(top), slo.unit());
    let (least, least_at) = shown(medians.first());
    match meets {
        Meets::Nowhere => format!(
            "more load does not go with more {}: nothing can be learned from it (is it the same \
             fleet's, in the same minutes?)",
            slo.what()
        ),
        Meets::Everywhere => format!(
            "the {} is above the SLO of {slo} even at the least load, {} {unit} at {} a minute per \
             instance: load is not what keeps it there",
            slo.what(),
            words::figure(least),
            words::figure(least_at)
        ),
        Meets::At(_) | Meets::Beyond => format!(
            "the data never came to the SLO of {slo}: at most {} {unit} ({:.0} % of it), at {} a \
             minute per instance; what is beyond cannot be known from it: run a load test against \
             a few instances until the SLO is missed, and give its minutes",
            words::figure(worst),
            100.0 * worst / slo.value(),
            words::figure(at)
        ),
    }
}

/// Three digits, never more than it was.
fn rounded_down(load: f64) -> f64 {
    let mut digit = 1e-9;
    while digit * 1_000.0 <= load {
        digit *= 10.0;
    }
    let rounded = (load / digit).floor() * digit;
    // Sums of tenths leave a tail of digits, which its text does not have.
    format!("{rounded:.9}").parse().unwrap_or(rounded)
}

impl Answer {
    /// As JSON, in lines.
    pub fn json(&self) -> String {
        serde_json::to_string_pretty(self).map(|text| text + "\n").unwrap_or_default()
    }

    /// In words, for people, with the policy's lines.
    pub fn words(&self) -> String {
        words::of(self)
    }
}

#[cfg(test)]
mod tests;
