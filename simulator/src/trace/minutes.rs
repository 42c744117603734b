//! From values at some minutes to a value for every minute.
//!
//! A coarser series than one of minutes is drawn with straight lines from the middle of each
//! period to the middle of the next (level before the first middle and after the last); a period
//! that is missing counts as the one before it, and its minutes are hidden.

use super::fault::Faults;
use super::rules::{Missing, Rules, Statistic};
use super::sheet::Series;
use super::{Reading, Trace, time};

/// More minutes in a row than this are a mistake of the file, not a hole in it (15 days, as long
/// as CloudWatch keeps minutes).
pub const LONGEST_HOLE_MINS: i64 = 15 * 1440;
/// A coarser series than one of hours shows no day.
pub const COARSEST_MINS: i64 = 60;
/// More minutes than ten years are a mistake of the file.
pub const MOST_MINUTES: i64 = 3660 * 1440;
/// A trace of which more than one in so many values is missing shows another service.
const MISSING_ONE_IN: i64 = 5;

/// The trace of a series.
pub(super) fn trace(series: &Series, rules: &Rules) -> Result<Reading, Faults> {
    let step = if COARSEST_MINS % series.step == 0 { series.step } else { 1 };
    let periods = Periods::of(series, step)?;
    let mut notes = Vec::new();
    periods.tell_missing(rules.missing, &mut notes)?;
    let by_minutes = series.per_period && rules.statistic == Statistic::Sum;
    if step > 1 {
        notes.push(coarse(step, by_minutes));
    }
    let divisor = if by_minutes { step as f64 } else { 1.0 };
    Ok(Reading { trace: periods.trace(rules.missing, divisor), notes })
}

fn coarse(step: i64, by_minutes: bool) -> String {
    let secs = step * 60;
    let taken = if by_minutes {
        format!("each value was divided by {step}")
    } else {
        "each value was taken as load per minute".to_owned()
    };
    format!(
        "the values are {secs} s apart: {taken}, and minutes are drawn between the middles of \
         periods; what lasts shorter than that is smoothed away, so a real fleet fails more \
         requests than a replay of it shows"
    )
}

/// One value or none for each period.
struct Periods {
    first: i64,
    step: i64,
    values: Vec<Option<f64>>,
    missing: usize,
    /// The most missing ones in a row.
    longest: usize,
}

impl Periods {
    fn of(series: &Series, step: i64) -> Result<Self, Faults> {
        let (Some((first, _)), Some((last, _))) = (series.points.first(), series.points.last())
        else {
            return Err(Faults::one("no value in it"));
        };
        let span = last.saturating_sub(*first);
        if span >= MOST_MINUTES {
            return Err(Faults::one("more than ten years from its first minute to its last"));
        }
        let count = usize::try_from(span / step).unwrap_or(0) + 1;
        let mut values = Vec::with_capacity(count);
        let (mut missing, mut longest) = (0, 0);
        for (minute, value) in &series.points {
            let at = usize::try_from((minute - first) / step).unwrap_or(0);
            let left_out = at.saturating_sub(values.len());
            (missing, longest) = (missing + left_out, longest.max(left_out));
            values.resize(at.max(values.len()), None);
            values.push(Some(*value));
        }
        Ok(Self { first: *first, step, values, missing, longest })
    }

    fn tell_missing(&self, missing: Missing, notes: &mut Vec<String>) -> Result<(), Faults> {
        if self.missing == 0 {
            return Ok(());
        }
        let (count, all) = (self.missing as i64, self.values.len() as i64);
        let percent = 100.0 * count as f64 / all as f64;
        let what = if self.step == 1 { "minutes" } else { "periods" };
        let told = format!("{count} of {all} {what} have no value ({percent:.1} %");
        let taken = match missing {
            Missing::Zero => "each counts as no load",
            Missing::Unknown if count * MISSING_ONE_IN > all => {
                let since = time::text(self.first);
                return Err(Faults::one(format!(
                    "{told} since {since}): more than one in {MISSING_ONE_IN} is no trace to \
                     rehearse on; when no value means no load, say --missing zero"
                )));
            }
            Missing::Unknown => {
                "each counts as never published, with the load of the one before it"
            }
        };
        notes.push(format!("{told}, at most {} in a row): {taken}", self.longest));
        Ok(())
    }

    fn trace(self, missing: Missing, divisor: f64) -> Trace {
        let mut trace = Trace { first: self.first, ..Trace::default() };
        let (step, mut last) = (usize::try_from(self.step).unwrap_or(1), 0.0);
        let mut levels = Vec::with_capacity(self.values.len());
        for (at, value) in self.values.iter().enumerate() {
            if value.is_none() && missing == Missing::Unknown {
                trace.hidden.extend(at * step..(at + 1) * step);
            }
            last = match (value, missing) {
                (Some(value), _) => value / divisor,
                (None, Missing::Zero) => 0.0,
                (None, Missing::Unknown) => last,
            };
            levels.push(last);
        }
        trace.loads = if step == 1 { levels } else { drawn(&levels, step) };
        trace
    }
}

/// Minutes between the middles of periods.
fn drawn(levels: &[f64], step: usize) -> Vec<f64> {
    let level = |at: Option<usize>| at.and_then(|at| levels.get(at)).copied();
    let width = step as f64;
    let minute = |index: usize| {
        let (period, own) = (index / step, levels.get(index / step).copied().unwrap_or(0.0));
        // From the period's middle to the minute's, in periods: below zero before it.
        let off = ((index % step) as f64 + 0.5) / width - 0.5;
        let near = if off < 0.0 { period.checked_sub(1) } else { period.checked_add(1) };
        own + off.abs() * (level(near).unwrap_or(own) - own)
    };
    (0..levels.len() * step).map(minute).collect()
}
