//! Tidegate's own bill, and how the rehearsal was made.

use super::facts::Facts;
use super::write::{count, dollars, escape, lasting, number, short};
use crate::plant::CPU_AT_CAPACITY;
use std::fmt::Write;

/// What Tidegate itself costs, line by line; empty where there is no bill.
pub fn bill(facts: &Facts<'_>) -> String {
    let Some(bill) = facts.ours().and_then(|run| run.bill.as_ref()) else { return String::new() };
    let mut rows = String::new();
    for line in &bill.lines {
        let _ = writeln!(
            rows,
            "<tr><td>{}</td><td data-label=\"a month\">{}</td><td data-label=\"USD\">{}</td></tr>",
            escape(&line.what),
            monthly(line.monthly),
            cents(line.usd),
        );
    }
    format!(
        "<section id=\"bill\">\n<h2>What Tidegate itself costs: {} a month</h2>\n<table class=\"cards\">\n\
         <thead><tr><th scope=\"col\">for</th><th scope=\"col\">a month</th><th scope=\"col\">USD</th></tr></thead>\n\
         <tbody>\n{rows}</tbody></table>\n<p class=\"note\">Counted from the calls of this replay, \
         for a month of 730 hours; free tiers are not taken off.</p>\n</section>\n",
        dollars(bill.total()),
    )
}

/// A line's dollars; a small sum is not nothing.
fn cents(usd: f64) -> String {
    if usd > 0.0 && usd < 0.005 { "under $0.01".to_owned() } else { dollars(usd) }
}

/// How many a month: with decimals where there are few, such as gigabytes.
fn monthly(count: f64) -> String {
    if count < 9.95 { number(count, 1) } else { number(count, 0) }
}

/// How it was made, and what the model leaves out.
pub fn section(facts: &Facts<'_>) -> String {
    let mut rows = String::new();
    for (what, value) in made(facts) {
        let _ = writeln!(rows, "<div><dt>{what}</dt><dd>{}</dd></div>", escape(&value));
    }
    let limits: String =
        limits(facts).iter().map(|text| format!("<li>{}</li>\n", escape(text))).collect();
    format!(
        "<section id=\"made\">\n<h2>How this was made</h2>\n<dl>\n{rows}</dl>\n<h3>What the model leaves out</h3>\n\
         <ul class=\"plain\">\n{limits}</ul>\n</section>\n"
    )
}

fn made(facts: &Facts<'_>) -> [(&'static str, String); 8] {
    let (of, fleet, clock) = (facts.of, &facts.of.fleet, &facts.clock);
    let all = of.loads.len();
    let end = clock.moment(all as f64);
    [
        ("trace", format!("{}, {} by the minute", of.trace, lasting(all))),
        ("from, to", format!("{} to {end} ({})", clock.moment(0.0), clock.name)),
        (
            "scored",
            match facts.scored.start {
                0 => "all of it".to_owned(),
                learning => format!(
                    "from {} on; the {} before are for learning",
                    clock.moment(learning as f64),
                    lasting(learning)
                ),
            },
        ),
        (
            "one instance",
            format!(
                "serves {} requests a minute, at {CPU_AT_CAPACITY} % CPU",
                short(fleet.capacity)
            ),
        ),
        (
            "its life",
            format!(
                "boots for {} s and drains for {} s, both billed",
                fleet.boot_secs, fleet.drain_secs
            ),
        ),
        (
            "the group",
            format!(
                "MinSize {}, MaxSize {}",
                count(f64::from(fleet.min)),
                count(f64::from(fleet.max))
            ),
        ),
        ("price", format!("${} an instance-hour, billed by the second", number(of.price, 4))),
        (
            "made by",
            format!(
                "tidegate {}, without AWS and without a clock: the same input gives the same page",
                env!("CARGO_PKG_VERSION")
            ),
        ),
    ]
}

fn limits(facts: &Facts<'_>) -> [String; 6] {
    [
        "There is no queue: a request above the capacity in service counts as unserved at once. A \
         real service first becomes slow."
            .to_owned(),
        "Load is even within its minute, and every instance takes an equal share.".to_owned(),
        format!(
            "Every instance boots in {} s and serves the same; none fails, unless it was asked for.",
            facts.of.fleet.boot_secs
        ),
        "A minute's metric is seen 70 s after its end, and what is decided then acts 10 s later."
            .to_owned(),
        "The traffic is what it was: people who were failed do not come back, and none stay away."
            .to_owned(),
        "The least possible knows the future. No policy can reach it; it shows how much is left."
            .to_owned(),
    ]
}
