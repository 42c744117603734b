//! The answer in words.

use super::{Answer, Met, Node, Routed, Told};
use std::fmt::Write as _;
use tidegate_domain::alarms::policy::{NOBODY, Terms};
use tidegate_domain::alarms::reason::Why;
use tidegate_domain::text::clean;

/// The labels' column.
const INDENT: usize = 12;

/// Every alarm, one after the other. Characters that a terminal would obey are left out.
pub(super) fn of(answer: &Answer) -> String {
    let mut parts: Vec<String> = answer.alarms.iter().map(alarm).collect();
    let ignored = answer.ignored.iter().map(|why| format!("a record is ignored: {why}\n"));
    parts.extend(ignored);
    clean(&parts.join("\n"))
}

fn alarm(alarm: &Routed) -> String {
    let mut out = format!("{} is in {} since {}\n", alarm.alarm, alarm.state, alarm.state_at);
    out.push_str("labels\n");
    for (name, value) in &alarm.labels.0 {
        let _ = writeln!(out, "  {name} = {value:?}");
    }
    out.push_str("path\n");
    alarm.path.iter().for_each(|node| out.push_str(&step(node)));
    for rule in &alarm.inhibits {
        line(&mut out, "silences", &format!("while it fires, {rule}"));
    }
    for rule in &alarm.inhibited_by {
        line(&mut out, "waits", &format!("if another fires: {rule}"));
    }
    if let Some(who) = &alarm.suppressed_by {
        line(&mut out, "suppressed", &format!("in AWS by {who}"));
    }
    alarm.routes.iter().for_each(|told| out.push_str(&route(told)));
    out
}

fn step(node: &Node) -> String {
    let (word, why) = match &node.met {
        Met::Taken => ("=>", String::new()),
        Met::Passed => ("yes", String::new()),
        Met::Refused { because } => ("no", format!("   {because}")),
        Met::NotAsked => ("-", "   not asked".to_owned()),
    };
    let goes_on = if node.goes_on { " continue" } else { "" };
    let (indent, matchers) = (node.depth * 2, &node.matchers);
    format!("  {word:<4}{:indent$}{matchers}{goes_on}{why}\n", "")
}

fn route(told: &Told) -> String {
    let mut out = format!("\nroute {}\n", told.route);
    let topic = if told.topic == NOBODY { "none: nobody is told" } else { &told.topic };
    line(&mut out, "topic", topic);
    line(&mut out, "terms", &terms(&told.terms));
    let group = told.group.0.iter().map(|(name, value)| format!("{name}={value:?}"));
    let group: Vec<String> = group.collect();
    let group = if group.is_empty() { "without labels".to_owned() } else { group.join(" ") };
    line(&mut out, "group", &format!("{group} (group_by {})", told.terms.group_by.join(", ")));
    line(&mut out, "reason", &reason(told));
    let Some(message) = &told.message else { return out };
    line(&mut out, "subject", &message.subject);
    line(&mut out, "text", "");
    for text in message.text.lines() {
        let _ = writeln!(out, "{}", format!("    {text}").trim_end());
    }
    line(&mut out, "sms", &message.sms);
    let attributes = message.attributes.iter().map(|(name, value)| format!("{name}={value}"));
    line(&mut out, "attributes", &attributes.collect::<Vec<_>>().join(" "));
    out
}

fn terms(terms: &Terms) -> String {
    let span = |length: jiff::SignedDuration| format!("{length:#}");
    let (wait, interval) = (span(terms.group_wait), span(terms.group_interval));
    let (repeat, severity) = (span(terms.repeat_interval), &terms.severity);
    let escalation = if terms.escalate_after.is_zero() {
        "no escalation".to_owned()
    } else {
        format!("{} after {}", terms.escalate_topic, span(terms.escalate_after))
    };
    format!(
        "first message after {wait} (critical: at once), new alarms after {interval}, again after \
         {repeat}; {escalation}; without a severity: {severity}"
    )
}

fn reason(told: &Told) -> String {
    let why = told.reason;
    match (told.after_secs, why) {
        (Some(0), _) => format!("{why}, at once"),
        (Some(secs), _) => format!("{why}, after {secs} s (group_wait)"),
        (None, Why::Inhibited) => format!("{why}: suppressed in AWS"),
        (None, Why::NothingNew) => format!("{why}: nobody was told that it fired"),
        (None, _) => why.to_string(),
    }
}

fn line(out: &mut String, label: &str, text: &str) {
    let _ = writeln!(out, "{}", format!("  {label:<INDENT$}{text}").trim_end());
}
