//! The answer in sentences: what it would have done, what it would have cost, whom it would have
//! failed.

use super::facts::{Facts, serving, share};
use super::write::{
    NBSP, against, count, dollars, escape, hours, lasting, number, of_them, percent, spoken,
};
use crate::replay::{PolicyRun, Told};

/// The headline: one sentence.
pub fn headline(facts: &Facts<'_>) -> String {
    let Some(run) = facts.ours() else { return "No policy was replayed.".to_owned() };
    if facts.scored.is_empty() {
        return format!("{} was replayed, but no minute of the trace is scored.", run.name);
    }
    together(&format!("{}{}.", served(run), spent(facts, run)))
}

/// A percent sign stays with its number.
pub fn together(text: &str) -> String {
    text.replace(" %", &format!("{NBSP}%"))
}

/// The subject of the sentence: `Tidegate, sizing on` is Tidegate.
fn subject(run: &PolicyRun) -> &str {
    run.name.split(',').next().unwrap_or(&run.name)
}

fn served(run: &PolicyRun) -> String {
    let (outcome, name) = (&run.outcome, subject(run));
    let of = format!("{} requests", spoken(outcome.requests));
    let with = format!("with {} instance-hours", hours(outcome.hours));
    match outcome.unserved_percent() {
        _ if outcome.requests <= 0.0 => format!("{name} would have met no request at all, {with}"),
        p if p <= 0.0 => format!("{name} would have served all of {of} {with}"),
        p if p >= 99.999 => format!("{name} would have served none of {of} {with}"),
        p => format!("{name} would have served all but {} of {of} {with}", percent(p)),
    }
}

/// The hours beside the other policy's and the least possible.
fn spent(facts: &Facts<'_>, run: &PolicyRun) -> String {
    let hours = run.outcome.hours;
    let other = facts.other().and_then(|other| {
        let than = against(hours, other.outcome.hours)?;
        Some(format!("{than} {}{}", quoted(&other.name), beside(run, other)))
    });
    let least = match facts.of.oracle_hours {
        least if hours < least => "the least that serves everybody",
        _ => "the least possible",
    };
    let least = against(hours, facts.of.oracle_hours).map(|than| format!("{than} {least}"));
    let parts: Vec<String> = other.into_iter().chain(least).collect();
    if parts.is_empty() { String::new() } else { format!(": {}", parts.join(", ")) }
}

/// What the other policy would have left unserved, unless it is as much.
fn beside(run: &PolicyRun, other: &PolicyRun) -> String {
    let unserved = |run: &PolicyRun| percent(run.outcome.unserved_percent());
    match unserved(other) {
        theirs if theirs == unserved(run) => String::new(),
        _ if other.outcome.unserved <= 0.0 => " (which would have served all)".to_owned(),
        theirs => format!(" (which would have left {theirs} unserved)"),
    }
}

/// A name of several parts, in quotation marks, so that the sentence keeps its own commas.
fn quoted(name: &str) -> String {
    if name.contains([',', ':']) { format!("“{name}”") } else { name.to_owned() }
}

/// With a capital at the beginning of a sentence.
pub fn initial(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |c| c.to_uppercase().chain(chars).collect())
}

/// Three short answers.
pub fn answers(facts: &Facts<'_>) -> String {
    let Some(run) = facts.ours().filter(|_| !facts.scored.is_empty()) else { return String::new() };
    let tiles = [
        ("What would it have done?", done(facts, run)),
        ("What would it have cost?", cost(facts, run)),
        ("Whom would it have failed?", failed(facts, run)),
    ];
    let tile = |(title, text): (&str, String)| {
        format!("<div class=\"tile\"><h2>{title}</h2><p>{}</p></div>\n", escape(&together(&text)))
    };
    format!("<div class=\"tiles\">\n{}</div>\n", tiles.map(tile).concat())
}

fn done(facts: &Facts<'_>, run: &PolicyRun) -> String {
    let moves = facts.decisions(run).filter(|told| is_move(told)).count() as f64;
    let given = || facts.scored.clone().map(|minute| serving(run, minute));
    let (least, most) = given().fold((f64::INFINITY, 0.0), |(a, b), v| (v.min(a), v.max(b)));
    let mean = given().sum::<f64>() / facts.scored.len().max(1) as f64;
    format!(
        "Changed the capacity {} in {}: from {} to {} in service, {} on average, with {}.",
        of_them(moves, "time", "times"),
        lasting(facts.scored.len()),
        count(least),
        of_them(most, "instance", "instances"),
        number(mean, 1),
        of_them(f64::from(run.outcome.launches), "launch", "launches"),
    )
}

/// A decision that changes the desired capacity.
pub fn is_move(told: &Told) -> bool {
    told.from != told.to
}

fn cost(facts: &Facts<'_>, run: &PolicyRun) -> String {
    let price = facts.of.price;
    let month = |run: &PolicyRun| run.outcome.hours * price * facts.to_month();
    let mut text = format!(
        "{} in these {}, at ${} an instance-hour: {} a month.",
        dollars(run.outcome.hours * price),
        lasting(facts.scored.len()),
        number(price, 4),
        dollars(month(run)),
    );
    if let Some(other) = facts.other() {
        let less = month(other) - month(run);
        let word = if less < 0.0 { "more" } else { "less" };
        text.push_str(&format!(
            " That is {} a month {word} than {}.",
            dollars(less.abs()),
            quoted(&other.name)
        ));
    }
    if let Some(bill) = &run.bill {
        text.push_str(&format!(" Tidegate itself costs {} a month.", dollars(bill.total())));
    }
    text
}

fn failed(facts: &Facts<'_>, run: &PolicyRun) -> String {
    let Some(worst) = facts.worst(run) else {
        return "Nobody: in no minute was there more load than the capacity in service.".to_owned();
    };
    let outcome = &run.outcome;
    let hours = facts.by_hour(run);
    let hour = (0..24).max_by(|a, b| {
        let unserved = |at: &usize| hours.get(*at).map_or(0.0, |hour| hour.unserved);
        unserved(a).total_cmp(&unserved(b))
    });
    let hour = hour.unwrap_or(0);
    format!(
        "{} of {}, in {} of {}. The longest run: {} from {} on, with {} of its requests unserved. \
         The hour of the day with most of them: {hour:02}:00 to {:02}:00.",
        of_them(outcome.unserved.ceil(), "request", "requests"),
        spoken(outcome.requests),
        of_them(f64::from(outcome.short_minutes), "minute", "minutes"),
        count(facts.scored.len() as f64),
        lasting(worst.minutes.len()),
        facts.clock.moment(worst.minutes.start as f64),
        percent(share(worst.unserved, worst.requests)),
        (hour + 1) % 24,
    )
}
