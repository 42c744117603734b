//! What was decided and why: counted by reason, the largest moves, and a list that ends
//! somewhere.

use super::days::line;
use super::facts::Facts;
use super::words::is_move;
use super::write::{clip, count, escape, of_them};
use crate::replay::{PolicyRun, Told};
use std::collections::BTreeMap;
use std::fmt::Write;

/// Rows of the list.
const LISTED: usize = 300;
/// The largest moves that are shown.
const LARGEST: usize = 8;
/// Reasons that are shown; the rest is counted.
const REASONS: usize = 30;
/// Characters of one reason in the list.
const REASON: usize = 240;

/// How often a reason was given, and for what.
#[derive(Default)]
struct Counted<'a> {
    raised: u32,
    lowered: u32,
    held: u32,
    example: &'a str,
}

/// The section.
pub fn section(facts: &Facts<'_>) -> String {
    let Some(run) = facts.ours().filter(|_| !facts.scored.is_empty()) else { return String::new() };
    let told: Vec<&Told> = facts.decisions(run).collect();
    let body = if told.is_empty() {
        "<p>It decided nothing that its ledger would tell.</p>\n".to_owned()
    } else {
        [reasons(&told), largest(facts, &told), list(facts, &told)].concat()
    };
    format!(
        "<section id=\"decisions\">\n<h2>What it decided, and why</h2>\n{body}{}</section>\n",
        before(facts, run)
    )
}

/// Decisions of the minutes for learning.
fn before(facts: &Facts<'_>, run: &PolicyRun) -> String {
    let early = run.decisions.len() - facts.decisions(run).count();
    if early == 0 {
        return String::new();
    }
    format!(
        "<p class=\"note\">{} before the scored span {} not counted.</p>\n",
        of_them(early as f64, "decision", "decisions"),
        if early == 1 { "is" } else { "are" },
    )
}

fn reasons(told: &[&Told]) -> String {
    let mut counted: BTreeMap<&str, Counted<'_>> = BTreeMap::new();
    for told in told {
        let one = counted.entry(&told.code).or_default();
        one.example = &told.text;
        match told.from.cmp(&told.to) {
            std::cmp::Ordering::Less => one.raised += 1,
            std::cmp::Ordering::Greater => one.lowered += 1,
            std::cmp::Ordering::Equal => one.held += 1,
        }
    }
    let mut rows: Vec<_> = counted.into_iter().collect();
    rows.sort_by_key(|(_, one)| std::cmp::Reverse(one.raised + one.lowered + one.held));
    let rest = rows.len().saturating_sub(REASONS);
    let shown: String = rows.iter().take(REASONS).map(|(code, one)| reason(code, one)).collect();
    let rest = if rest > 0 {
        format!(
            "<p class=\"note\">And {}.</p>\n",
            of_them(rest as f64, "rarer reason", "rarer reasons")
        )
    } else {
        String::new()
    };
    format!(
        "<table class=\"cards\">\n<thead><tr><th scope=\"col\">reason</th><th scope=\"col\" class=\"word\">in words, the latest</th>\
         <th scope=\"col\">raised</th><th scope=\"col\">lowered</th><th scope=\"col\">held</th></tr></thead>\n\
         <tbody>\n{shown}</tbody></table>\n{rest}"
    )
}

fn reason(code: &str, one: &Counted<'_>) -> String {
    let cell = |label: &str, n: u32| {
        if n == 0 {
            "<td class=\"none\">–</td>".to_owned()
        } else {
            format!("<td data-label=\"{label}\">{}</td>", count(f64::from(n)))
        }
    };
    format!(
        "<tr><td>{}</td><td class=\"word\">{}</td>{}{}{}</tr>\n",
        escape(&code.replace('_', " ")),
        escape(&clip(one.example, REASON)),
        cell("raised", one.raised),
        cell("lowered", one.lowered),
        cell("held", one.held),
    )
}

fn by_size<'a>(told: &[&'a Told]) -> Vec<&'a Told> {
    let mut moves: Vec<&Told> = told.iter().filter(|told| is_move(told)).copied().collect();
    moves.sort_by_key(|told| (std::cmp::Reverse(told.from.abs_diff(told.to)), told.second));
    moves
}

fn largest(facts: &Facts<'_>, told: &[&Told]) -> String {
    let items = items(facts, by_size(told).into_iter().take(LARGEST));
    if items.is_empty() {
        items
    } else {
        format!("<h3>The largest moves</h3>\n<ul class=\"list\">\n{items}</ul>\n")
    }
}

fn items<'a>(facts: &Facts<'_>, told: impl Iterator<Item = &'a Told>) -> String {
    let mut out = String::new();
    for told in told {
        let brief = Told { text: clip(&told.text, REASON), ..told.clone() };
        let _ = writeln!(
            out,
            "<li>{}</li>",
            line(&facts.clock.brief(told.second as f64 / 60.0), &brief)
        );
    }
    out
}

/// The largest moves, and then holds, up to the bound; in order of time.
fn list(facts: &Facts<'_>, told: &[&Told]) -> String {
    let moves = by_size(told);
    let holds = told.iter().filter(|told| !is_move(told)).copied();
    let mut shown: Vec<&Told> = moves.iter().copied().chain(holds).take(LISTED).collect();
    shown.sort_by_key(|told| told.second);
    let left = told.len() - shown.len();
    let what = if left == 0 {
        format!("All {}", of_them(told.len() as f64, "decision", "decisions"))
    } else if shown.iter().all(|told| is_move(told)) {
        format!(
            "The {} largest moves, in order of time; {} more are not listed",
            shown.len(),
            of_them(left as f64, "decision", "decisions")
        )
    } else {
        format!(
            "All moves and the first holds, in order of time; {} more are not listed",
            of_them(left as f64, "hold", "holds")
        )
    };
    format!(
        "<details><summary>{what}</summary>\n<ul class=\"list\">\n{}</ul></details>\n",
        items(facts, shown.into_iter())
    )
}
