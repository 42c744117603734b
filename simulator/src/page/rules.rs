//! The learned rule over time, one sentence each.

use super::facts::Facts;
use super::write::{clip, escape, lasting, of_them};
use crate::replay::RuleTold;
use std::fmt::Write;

/// Rules that are shown at once: those that held longest, and the last.
const SHOWN: usize = 6;
/// Rules in the list.
const LISTED: usize = 200;
/// Characters of one sentence.
const SENTENCE: usize = 320;

/// A rule and how long it held, in minutes.
type Held<'a> = (&'a RuleTold, usize);

/// The section; empty without sizing.
pub fn section(facts: &Facts<'_>) -> String {
    let told = facts.ours().map(|run| run.rules.as_slice()).unwrap_or_default();
    if told.is_empty() {
        return String::new();
    }
    let end = facts.of.loads.len();
    let ends = told.iter().skip(1).map(|rule| rule.minute).chain([end]);
    let held: Vec<Held<'_>> =
        told.iter().zip(ends).map(|(rule, end)| (rule, end.saturating_sub(rule.minute))).collect();
    let mut body = list(facts, &chosen(&held, SHOWN));
    if held.len() > SHOWN {
        let listed = chosen(&held, LISTED);
        let what = match held.len() - listed.len() {
            0 => format!("All {}", of_them(held.len() as f64, "rule", "rules")),
            left => format!(
                "The {} rules that held longest; {} more are not listed",
                listed.len(),
                of_them(left as f64, "rule", "rules")
            ),
        };
        let _ = writeln!(
            body,
            "<details><summary>{what}</summary>\n{}</details>",
            list(facts, &listed)
        );
    }
    format!(
        "<section id=\"rules\">\n<h2>What it learned</h2>\n<p>{}</p>\n{body}</section>\n",
        intro(&held)
    )
}

fn intro(held: &[Held<'_>]) -> String {
    let changes = held.len() - 1;
    format!(
        "The rule by which it sizes the fleet changed {}. {}",
        of_them(changes as f64, "time", "times"),
        if held.len() > SHOWN {
            "These held longest; the last one holds now."
        } else {
            "The last one holds now."
        },
    )
}

/// The last one and those that held longest, oldest first.
fn chosen<'a>(held: &[Held<'a>], most: usize) -> Vec<Held<'a>> {
    let (last, before) = match held.split_last() {
        Some((last, before)) => (*last, before),
        None => return Vec::new(),
    };
    let mut longest = before.to_vec();
    longest.sort_by_key(|(rule, minutes)| (std::cmp::Reverse(*minutes), rule.minute));
    longest.truncate(most.saturating_sub(1));
    longest.push(last);
    longest.sort_by_key(|(rule, _)| rule.minute);
    longest
}

fn list(facts: &Facts<'_>, held: &[Held<'_>]) -> String {
    let mut out = "<ul class=\"list\">\n".to_owned();
    for (rule, minutes) in held {
        let _ = writeln!(
            out,
            "<li><time>{}</time> <small>for {}</small><br/>{}</li>",
            escape(&facts.clock.brief(rule.minute as f64)),
            lasting(*minutes),
            escape(&clip(&rule.text, SENTENCE)),
        );
    }
    out + "</ul>\n"
}
