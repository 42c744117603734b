//! A rehearsal as one page that needs nothing else: no network, no font, no script.
//!
//! It answers for somebody who was not there: what would this policy have done to my traffic,
//! what would it have cost, whom would it have failed?
//!
//! What must stay true: every text from outside is escaped; no number on it is `NaN`; its size
//! does not grow with the trace, because columns of pixels, rows and lists are bounded; the same
//! rehearsal gives the same bytes.

mod chart;
mod clock;
mod days;
mod decided;
mod facts;
mod hours;
mod made;
mod plot;
mod policies;
mod rules;
#[cfg(test)]
mod sample;
mod style;
#[cfg(test)]
mod tests;
mod words;
mod write;

use crate::replay::Rehearsal;
use facts::Facts;
use write::escape;

/// Characters of a line above the chart that stands alone.
const LINE: usize = 112;

/// The page: one HTML document, at most 1.5 MB.
pub fn html(rehearsal: &Rehearsal) -> String {
    let facts = Facts::of(rehearsal);
    let title = format!("Rehearsal of {}", rehearsal.trace);
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\"/>\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n\
         <title>{title}</title>\n<style>\n{}</style>\n</head>\n<body>\n<main>\n\
         <h1>{title}</h1>\n<p class=\"headline-text\">{}</p>\n{}</main>\n</body>\n</html>\n",
        style::page(),
        escape(&words::headline(&facts)),
        body(&facts),
        title = escape(&title),
    )
}

fn body(facts: &Facts<'_>) -> String {
    [
        words::answers(facts),
        compared(facts),
        over_time(facts),
        days::section(facts),
        decided::section(facts),
        rules::section(facts),
        hours::section(facts),
        made::bill(facts),
        made::section(facts),
    ]
    .concat()
}

fn compared(facts: &Facts<'_>) -> String {
    if facts.of.runs.is_empty() {
        return String::new();
    }
    format!(
        "<section id=\"policies\">\n<h2>The policies side by side</h2>\n{}</section>\n",
        policies::table(facts)
    )
}

fn over_time(facts: &Facts<'_>) -> String {
    if facts.scored.is_empty() {
        return String::new();
    }
    format!(
        "<section id=\"traffic\">\n<h2>Traffic and capacity</h2>\n<figure>{}</figure>\n\
         <p class=\"note\">{}</p>\n</section>\n",
        chart::both(facts),
        escape(&chart::reading(facts)),
    )
}

/// The main chart alone, for a README or a chat: one SVG document with its own colours.
pub fn svg(rehearsal: &Rehearsal) -> String {
    let facts = Facts::of(rehearsal);
    chart::alone(&facts, &lines(&words::headline(&facts)), &style::drawing())
}

/// A sentence in lines.
fn lines(text: &str) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split(' ') {
        match lines.last_mut() {
            Some(line) if line.chars().count() + word.chars().count() < LINE => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}
