//! From columns to steady minutes: load per instance, and what was measured then.

use super::Ask;
use crate::trace::{Series, Sheet, minute_text};
use serde::Serialize;
use std::collections::BTreeMap;
use std::fmt;

/// The load per instance of a steady minute differs from the one before by at most this share.
const STEADY: f64 = 0.5;

/// One steady minute.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Row {
    /// Load of one instance, a minute.
    pub load: f64,
    /// Latency or CPU.
    pub value: f64,
}

/// Why minutes were left out, and how many.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Dropped {
    /// The number of instances was another in the minute before or after, or is not known there.
    pub instances_changed: usize,
    /// The load of one instance changed by more than half.
    pub load_jumped: usize,
    /// A value is missing, or there was no instance.
    pub incomplete: usize,
}

impl fmt::Display for Dropped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "left out: {} while the number of instances changed, {} while the load jumped, {} \
             without all values",
            self.instances_changed, self.load_jumped, self.incomplete
        )
    }
}

/// The steady minutes of a file.
#[derive(Debug, Clone, PartialEq)]
pub struct Minutes {
    /// Oldest first.
    pub rows: Vec<Row>,
    /// What was left out.
    pub dropped: Dropped,
    /// The first minute of the data.
    pub from: String,
    /// The last.
    pub until: String,
    /// What people should know.
    pub notes: Vec<String>,
}

#[derive(Clone, Copy)]
struct Measured {
    instances: f64,
    load: f64,
    value: f64,
}

impl Minutes {
    /// Joins the columns and keeps what is steady.
    ///
    /// # Errors
    /// A column is not there, or has another period than the load.
    pub fn of(sheet: &Sheet, ask: &Ask, cpu: bool) -> Result<Self, String> {
        let column = |json: &str, csv: &str| {
            let name = if sheet.series.iter().any(|s| s.per_period) { json } else { csv };
            let found = sheet.find(name);
            found.ok_or_else(|| format!("no column {name:?}; there is {}", sheet.names()))
        };
        let (id, name) = if cpu { (&ask.cpu, "cpu") } else { (&ask.latency, "latency_ms") };
        let columns =
            [column(&ask.load, "load"), column(&ask.instances, "instances"), column(id, name)];
        let missing: Vec<String> = columns.iter().filter_map(|c| c.clone().err()).collect();
        let [Ok(load), Ok(instances), Ok(value)] = columns else { return Err(missing.join("\n")) };
        let step = same_step([load, instances, value])?;
        let minutes = if load.per_period && !ask.average { step as f64 } else { 1.0 };
        let joined = join(load, instances, value, minutes);
        let end = |point: Option<&(i64, f64)>| point.map_or_else(String::new, |p| minute_text(p.0));
        let (rows, dropped) = steady(&joined, step);
        let notes = (step > 1).then(|| {
            format!("each value is one of {step} minutes: the mean of a minute hides its worst one")
        });
        Ok(Self {
            rows,
            dropped,
            from: end(load.points.first()),
            until: end(load.points.last()),
            notes: notes.into_iter().collect(),
        })
    }

    /// Load per instance, least first.
    pub fn loads(&self) -> Vec<f64> {
        let mut loads: Vec<f64> = self.rows.iter().map(|row| row.load).collect();
        loads.sort_by(f64::total_cmp);
        loads
    }
}

fn same_step(columns: [&Series; 3]) -> Result<i64, String> {
    let [load, others @ ..] = columns;
    let other = others.iter().find(|column| column.step != load.step && column.points.len() > 1);
    match other {
        None => Ok(load.step),
        Some(other) => Err(format!(
            "{} has a value every {} s and {} every {} s: take both with the same period",
            load.name,
            load.step * 60,
            other.name,
            other.step * 60
        )),
    }
}

/// Every minute that any column has; none where one of them lacks it.
fn join(
    load: &Series,
    instances: &Series,
    value: &Series,
    minutes: f64,
) -> BTreeMap<i64, Option<Measured>> {
    let by_minute = |series: &Series| series.points.iter().copied().collect::<BTreeMap<_, _>>();
    let (instances, value) = (by_minute(instances), by_minute(value));
    let mut joined: BTreeMap<i64, Option<Measured>> =
        instances.keys().chain(value.keys()).map(|minute| (*minute, None)).collect();
    for (minute, load) in &load.points {
        let both = instances.get(minute).copied().filter(|n| *n > 0.0).zip(value.get(minute));
        let load = load / minutes;
        let all = both.map(|(instances, value)| Measured { instances, load, value: *value });
        joined.insert(*minute, all);
    }
    joined
}

fn steady(joined: &BTreeMap<i64, Option<Measured>>, step: i64) -> (Vec<Row>, Dropped) {
    let (mut rows, mut dropped) = (Vec::new(), Dropped::default());
    let at = |minute: i64| joined.get(&minute).copied().flatten();
    for (minute, measured) in joined {
        let Some(Measured { instances, load, value }) = *measured else {
            dropped.incomplete += 1;
            continue;
        };
        let (before, after) = (at(minute - step), at(minute + step));
        let same = |other: Option<Measured>| other.filter(|o| o.instances == instances);
        let (Some(before), Some(_)) = (same(before), same(after)) else {
            dropped.instances_changed += 1;
            continue;
        };
        if (load - before.load).abs() > STEADY * load.max(before.load) {
            dropped.load_jumped += 1;
            continue;
        }
        rows.push(Row { load: load / instances, value });
    }
    (rows, dropped)
}
