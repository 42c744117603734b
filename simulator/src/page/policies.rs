//! The table of policies, the best values marked.
//!
//! What must stay true: a value is marked for being the best of all runs, whosever it is; hours,
//! launches and cost only among runs that served 99 % of the requests, because it is no merit to
//! be cheap by serving nobody; nothing is marked where all are alike.

use super::facts::Facts;
use super::words::together;
use super::write::{count, dollars, escape, hours, number, percent};
use crate::replay::PolicyRun;
use std::fmt::Write;
use tidegate_domain::group::Mode;

/// A run that leaves more unserved than this is not marked for being cheap, percent.
const SERVES: f64 = 1.0;

/// A column: its head, what it compares, and what a cell shows.
struct Column {
    head: &'static str,
    value: fn(&PolicyRun) -> f64,
    /// Marked only among the runs that serve.
    if_serving: bool,
    cell: fn(&Facts<'_>, &PolicyRun) -> String,
}

const COST: &str = "instances, USD";

const COLUMNS: [Column; 6] = [
    Column {
        head: "instance-hours",
        value: |run| run.outcome.hours,
        if_serving: true,
        cell: |_, run| hours(run.outcome.hours),
    },
    Column {
        head: "× the least possible",
        value: |run| run.outcome.hours,
        if_serving: true,
        cell: |facts, run| times(run.outcome.hours, facts.of.oracle_hours),
    },
    Column {
        head: "unserved requests",
        value: |run| run.outcome.unserved_percent(),
        if_serving: false,
        cell: |_, run| {
            let share = percent(run.outcome.unserved_percent());
            format!("{}\n{share}", count(run.outcome.unserved.ceil()))
        },
    },
    Column {
        head: "worst run, minutes",
        value: |run| f64::from(run.outcome.worst_run),
        if_serving: false,
        cell: |_, run| count(f64::from(run.outcome.worst_run)),
    },
    Column {
        head: "launches",
        value: |run| f64::from(run.outcome.launches),
        if_serving: true,
        cell: |_, run| count(f64::from(run.outcome.launches)),
    },
    Column {
        head: COST,
        value: |run| run.outcome.hours,
        if_serving: true,
        cell: |facts, run| {
            let cost = run.outcome.hours * facts.of.price;
            format!("{}\n{} a month", dollars(cost), dollars(cost * facts.to_month()))
        },
    },
];

fn times(hours: f64, least: f64) -> String {
    if least > 0.0 { number(hours / least, 2) } else { number(f64::NAN, 2) }
}

/// The table.
pub fn table(facts: &Facts<'_>) -> String {
    let heads: String =
        COLUMNS.iter().map(|c| format!("<th scope=\"col\">{}</th>", c.head)).collect();
    let mut rows = String::new();
    for (place, run) in facts.of.runs.iter().enumerate() {
        let _ = write!(rows, "<tr>{}", name(run, place));
        for column in &COLUMNS {
            rows.push_str(&cell(facts, column, run));
        }
        let _ = writeln!(rows, "{}</tr>", own(run));
    }
    format!(
        "<table class=\"cards\">\n<thead><tr><th scope=\"col\">policy</th>{heads}<th scope=\"col\">\
         Tidegate itself, USD a month</th></tr></thead>\n<tbody>\n{rows}{}</tbody></table>\n\
         <p class=\"note\">{}</p>\n",
        least(facts),
        NOTE,
    )
}

const NOTE: &str = "Bold on a tint: the best of its column; hours, launches and cost are compared \
    only among policies that served at least 99 % of the requests. The least possible knows the \
    future: the fewest instance-hours that serve every request, boots paid.";

fn name(run: &PolicyRun, place: usize) -> String {
    let swatch = match place {
        0 => "<span class=\"swatch swatch-ours\"></span>",
        1 => "<span class=\"swatch swatch-other\"></span>",
        _ => "",
    };
    let mode = match run.mode {
        Some(Mode::Owner) => "<small>mode owner: it lowers the desired capacity itself</small>",
        Some(Mode::Floor) => "<small>mode floor: it moves MinSize, another policy lowers</small>",
        None => "",
    };
    format!("<td>{swatch}{}{mode}</td>", escape(&together(&run.name)))
}

fn cell(facts: &Facts<'_>, column: &Column, run: &PolicyRun) -> String {
    let text = (column.cell)(facts, run);
    let (value, more) = text.split_once('\n').unwrap_or((&text, ""));
    let more = if more.is_empty() { String::new() } else { format!("<small>{more}</small>") };
    let value = if is_best(facts, column, run) {
        format!("<span class=\"best\">{value}</span>")
    } else {
        value.to_owned()
    };
    format!("<td data-label=\"{}\"><span>{value}{more}</span></td>", column.head)
}

/// The best of all runs that may be, when not all are alike.
fn is_best(facts: &Facts<'_>, column: &Column, run: &PolicyRun) -> bool {
    let may = |run: &&PolicyRun| !column.if_serving || run.outcome.unserved_percent() <= SERVES;
    let values = || facts.of.runs.iter().filter(may).map(column.value);
    let (least, most) =
        values().fold((f64::INFINITY, f64::NEG_INFINITY), |(a, b), v| (v.min(a), v.max(b)));
    may(&run) && least < most && (column.value)(run) <= least
}

fn own(run: &PolicyRun) -> String {
    match &run.bill {
        Some(bill) => format!(
            "<td data-label=\"Tidegate itself, USD a month\">{}</td>",
            dollars(bill.total())
        ),
        None => "<td class=\"none\">–</td>".to_owned(),
    }
}

/// The clairvoyant's row.
fn least(facts: &Facts<'_>) -> String {
    let oracle = facts.of.oracle_hours;
    if oracle.is_nan() || oracle <= 0.0 {
        return String::new();
    }
    let cells = [hours(oracle), "1.00".to_owned(), "0".to_owned(), "0".to_owned()];
    let heads = COLUMNS.iter().map(|column| column.head);
    let cells: String = heads
        .zip(cells)
        .map(|(head, cell)| format!("<td data-label=\"{head}\">{cell}</td>"))
        .collect();
    let cost = oracle * facts.of.price;
    format!(
        "<tr class=\"least\"><td>the least possible</td>{cells}<td class=\"none\">–</td><td data-label=\"{}\">\
         <span>{}<small>{} a month</small></span></td><td class=\"none\">–</td></tr>\n",
        COST,
        dollars(cost),
        dollars(cost * facts.to_month()),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::page::sample;

    #[test]
    fn the_best_is_marked_whosever_it_is() {
        let mut rehearsal = sample::of_two_days();
        let [ours, other] = &mut rehearsal.runs[..] else { panic!("two runs") };
        (ours.outcome.hours, ours.outcome.unserved) = (100.0, 50.0);
        (other.outcome.hours, other.outcome.unserved) = (90.0, 0.0);
        let marked = |rehearsal: &crate::replay::Rehearsal| {
            let facts = Facts::of(rehearsal);
            let marked = |run: &PolicyRun| {
                COLUMNS.iter().map(|c| is_best(&facts, c, run)).collect::<Vec<_>>()
            };
            rehearsal.runs.iter().map(marked).map(|m| (m[0], m[2])).collect::<Vec<_>>()
        };
        assert_eq!(marked(&rehearsal), [(false, false), (true, true)]);
        // Cheap by serving nobody.
        rehearsal.runs[1].outcome.unserved = rehearsal.runs[1].outcome.requests;
        assert_eq!(marked(&rehearsal), [(false, true), (false, false)]);
        rehearsal.runs[1] = rehearsal.runs[0].clone();
        assert_eq!(marked(&rehearsal), [(false, false), (false, false)]);
    }
}
