//! A rehearsal in words: one line for each policy.

use super::found::{PolicyRun, Rehearsal};
use jiff::Timestamp;
use std::fmt::Write as _;
use tidegate_domain::group::Mode;

/// The columns' heads; the first one is wide.
const HEADS: [&str; 9] = [
    "mode",
    "hours",
    "/ oracle",
    "unserved %",
    "worst run",
    "launches",
    "cost USD",
    "J",
    "own bill",
];
/// Width of the policies' names.
const NAME: usize = 40;

/// The table, with what it is about above it and its units below.
pub fn words(found: &Rehearsal, with_oracle: bool) -> String {
    let mut out = String::new();
    let spec = &found.fleet;
    let (days, scored) = (days(found.loads.len()), days(found.scored_from));
    let _ = writeln!(
        out,
        "{}: {days} days from {}, scored after {scored}; an instance serves {:.1} a minute, boots \
         {} s; {} to {} instances",
        found.trace,
        time(found.first),
        spec.capacity,
        spec.boot_secs,
        spec.min,
        spec.max
    );
    let _ = write!(out, "\n{:NAME$}", "policy");
    row(&mut out, &HEADS.map(str::to_owned));
    for run in &found.runs {
        let _ = write!(out, "{:NAME$}", run.name);
        row(&mut out, &columns(found, run));
    }
    if with_oracle {
        let hours = found.oracle_hours;
        let _ = write!(out, "{:NAME$}", "oracle: knows the future");
        let cost = format!("{:.2}", hours * found.price);
        let one = |text: &str| text.to_owned();
        row(
            &mut out,
            &[
                one("-"),
                format!("{hours:.1}"),
                one("1.000"),
                one("0.000"),
                one("0"),
                one("-"),
                cost,
                one("1.000"),
                one("-"),
            ],
        );
    }
    out.push_str(
        "\nhours: billed instance-hours. unserved: requests above the capacity in service. worst \
         run: most\nsuch minutes in a row. J: (hours + 100 x unserved instance-hours) / oracle. \
         own bill: USD a month.\n",
    );
    out
}

fn row(out: &mut String, columns: &[String; 9]) {
    for (column, head) in columns.iter().zip(HEADS) {
        let width = head.len().max(8) + 2;
        let _ = write!(out, "{column:>width$}");
    }
    out.push('\n');
}

fn columns(found: &Rehearsal, run: &PolicyRun) -> [String; 9] {
    let outcome = &run.outcome;
    let mode = run.mode.map_or("-", |mode| match mode {
        Mode::Owner => "owner",
        Mode::Floor => "floor",
    });
    [
        mode.to_owned(),
        format!("{:.1}", outcome.hours),
        format!("{:.3}", outcome.hours / found.oracle_hours),
        format!("{:.3}", outcome.unserved_percent()),
        outcome.worst_run.to_string(),
        outcome.launches.to_string(),
        format!("{:.2}", outcome.hours * found.price),
        format!("{:.3}", outcome.judged(found.oracle_hours)),
        run.bill.as_ref().map_or("-".to_owned(), |bill| format!("{:.2}", bill.total())),
    ]
}

/// Minutes as days, without a needless fraction.
fn days(minutes: usize) -> String {
    let days = minutes as f64 / 1440.0;
    if minutes.is_multiple_of(1440) { format!("{days:.0}") } else { format!("{days:.1}") }
}

fn time(minute: i64) -> String {
    let at = Timestamp::from_second(minute.saturating_mul(60));
    at.map_or_else(|_| "an unknown time".to_owned(), |at| at.to_string())
}
