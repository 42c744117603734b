//! One message in place of many: every group with its counts, every new critical alarm by name.

use super::alarm::bare_item;
use super::budget::{ONCE, Page, TWICE};
use super::facts::{Facts, Stage, group, name, shown};
use super::text::Written;
use super::{Background, Message, attributes, chat, headline, words};
use crate::alarms::group::{Bulletin, Counts, Listed};
use crate::alarms::reason::Why;
use crate::text::line;

/// Groups that have a line of their own; the counts of all others are summed. Their lines are
/// kept room for before any alarm is named.
const GROUPS: usize = 100;
/// Bytes of a group's line: it takes at most twice as many in JSON.
const LINE_BYTES: usize = 500;
/// Bytes of the first alarm's name in the line of a group without a new critical one.
const FIRST_BYTES: usize = 120;
/// Kept for what stands below: the groups and alarms that are not named, and why.
const BOTTOM_BYTES: usize = 2_000;

/// One message to `topic` in place of many, when more are due than it may get.
pub fn digest(topic: &str, bulletins: &[&Bulletin], background: &Background<'_>) -> Message {
    let mut all: Vec<Facts<'_>> = bulletins.iter().map(|b| Facts::of(b, background)).collect();
    // New critical alarms first, then what else is critical, then what fires.
    all.sort_by_key(|f| {
        let news = f.bulletin.firing.iter().any(|l| l.is_new && l.is_critical);
        (!news, f.severity != "critical", f.stage, f.bulletin.key.clone())
    });
    let counts = Counts::sum(bulletins.iter().map(|b| &b.counts));
    let written = write(&all, &counts);
    let why = most_telling(bulletins);
    let (subject, thread) = (subject(&all, &counts), thread(topic, &all, background));
    let attributes = attributes::of_many(&all);
    Message {
        topic: topic.to_owned(),
        sms: headline::short_message(&format!("{subject}; {}", words::counts(&counts))),
        chat: chat_of(&all, &counts, &Frame { subject: &subject, thread: &thread, why }),
        subject,
        text: written.text,
        attributes,
        thread,
        why,
        named: written.named,
    }
}

/// What a chat notification of many groups needs besides them.
struct Frame<'a> {
    subject: &'a str,
    thread: &'a str,
    why: Why,
}

/// The reason that says most.
fn most_telling(bulletins: &[&Bulletin]) -> Why {
    let order = [
        Why::Escalated,
        Why::FirstNotification,
        Why::NewAlertsInGroup,
        Why::Flapping,
        Why::RepeatIntervalElapsed,
    ];
    let found = order.into_iter().find(|why| bulletins.iter().any(|b| b.why == *why));
    found.or(bulletins.first().map(|b| b.why)).unwrap_or(Why::FirstNotification)
}

/// Digests of one day have one thread; a digest of one group has the group's.
fn thread(topic: &str, all: &[Facts<'_>], background: &Background<'_>) -> String {
    match all {
        [one] => one.bulletin.thread.clone(),
        _ => format!("digest-{}-{}", shown(topic), background.now.strftime("%Y-%m-%d")),
    }
}

fn subject(all: &[Facts<'_>], counts: &Counts) -> String {
    let critical = all.iter().any(|f| f.severity == "critical");
    let (state, count) = match all.iter().map(|f| f.stage).min() {
        Some(Stage::Flapping) => ("FLAPPING", counts.flapping),
        Some(Stage::Resolved) => ("RESOLVED", counts.resolved),
        Some(Stage::Firing) | None => ("FIRING", counts.firing),
    };
    let severity = if critical && state == "FIRING" { " critical" } else { "" };
    let problems = words::many(all.len(), "problem");
    let alarms = words::many(usize::try_from(count).unwrap_or(usize::MAX), "alarm");
    let inner = if counts.critical > 0 {
        format!(" ({} critical)", counts.critical)
    } else {
        String::new()
    };
    headline::fit(&format!("{state}{severity}: "), &format!("{problems}, {alarms}{inner}"), "", 99)
}

fn write(all: &[Facts<'_>], counts: &Counts) -> Written {
    let mut page = Page::default();
    page.owe(BOTTOM_BYTES);
    page.line(&format!(
        "{} in one message: more was due than this topic may get at once.",
        words::many(all.len(), "problem")
    ));
    page.line(&format!("Together: {}.", words::counts(counts)));
    let lines: Vec<String> = all.iter().take(GROUPS).map(group_line).collect();
    // An empty line before each.
    lines.iter().for_each(|line| page.owe(Page::cost(line) + 2));
    let mut written = Written::default();
    let mut critical = 0;
    for (facts, text) in all.iter().zip(&lines) {
        page.pay(Page::cost(text) + 2);
        page.gap();
        page.line(text);
        critical += name_critical(&mut page, facts, &mut written);
    }
    page.pay(BOTTOM_BYTES);
    page.gap();
    below(all, counts, critical).iter().for_each(|line| page.line(line));
    written.text = page.finish();
    written
}

/// Names the new critical alarms of a group, then its other critical ones; how many critical ones
/// it named.
fn name_critical(page: &mut Page, facts: &Facts<'_>, written: &mut Written) -> u32 {
    let mut named = 0;
    let critical = facts.bulletin.firing.iter().filter(|l| l.is_critical);
    let (new, known): (Vec<&Listed>, Vec<&Listed>) = critical.partition(|l| l.is_new);
    for listed in new {
        if !page.try_line(&bare_item(listed), ONCE) {
            return named;
        }
        named += 1;
        written.named.insert(listed.member.fingerprint());
    }
    for listed in known {
        if !page.try_line(&format!("{} (known before)", bare_item(listed)), TWICE) {
            return named;
        }
        named += 1;
    }
    named
}

/// A group in a line: state, labels, counts, its first alarm where none is named below.
fn group_line(facts: &Facts<'_>) -> String {
    let bulletin = facts.bulletin;
    let (state, counts) = (headline::state(facts), words::counts(&bulletin.counts));
    let none_named = !bulletin.firing.iter().any(|l| l.is_critical);
    let first = facts.listed().first().filter(|_| none_named).map(name);
    let among = if facts.count() > 1 { "; among them" } else { ":" };
    let first = first.map(|name| format!("{among} {}", line(&name, FIRST_BYTES)));
    let first = first.unwrap_or_default();
    let text = format!("{state} {}: {counts}{first}", group(&bulletin.key));
    line(&text, LINE_BYTES)
}

fn below(all: &[Facts<'_>], counts: &Counts, critical: u32) -> Vec<String> {
    let mut lines = Vec::new();
    let unnamed = counts.critical.saturating_sub(critical);
    if unnamed > 0 {
        lines.push(format!(
            "And {unnamed} more critical, not named here: new ones follow in the next message."
        ));
    }
    if let Some(rest) = all.get(GROUPS..).filter(|rest| !rest.is_empty()) {
        let sum = Counts::sum(rest.iter().map(|f| &f.bulletin.counts));
        let problems = words::many(rest.len(), "more problem");
        lines.push(format!("And {problems}: {}.", words::counts(&sum)));
    }
    lines.push(format!("Why this message: {}.", reasons(all)));
    lines
}

/// How many groups are told for which reason.
fn reasons(all: &[Facts<'_>]) -> String {
    let told = Why::ALL.into_iter().filter_map(|why| {
        let count = all.iter().filter(|f| f.bulletin.why == why).count();
        (count > 0).then(|| format!("{count} {why}"))
    });
    told.collect::<Vec<_>>().join(", ")
}

fn chat_of(all: &[Facts<'_>], counts: &Counts, frame: &Frame<'_>) -> String {
    let counts = words::counts(counts);
    let problems = words::many(all.len(), "problem");
    let mut lines = vec![chat::Line::Text(format!("*{problems}: {counts}*"))];
    for facts in all {
        let counts = words::counts(&facts.bulletin.counts);
        let (state, group) = (headline::state(facts), chat::group_code(facts));
        lines.push(chat::Line::Text(format!("{state} {group}: {counts}")));
        let critical = facts.bulletin.firing.iter().filter(|l| l.is_new && l.is_critical);
        lines.extend(critical.map(chat::Line::Alarm));
    }
    let listed = all.iter().flat_map(|f| f.bulletin.firing.iter());
    chat::Notification {
        title: frame.subject,
        lines,
        steps: Vec::new(),
        thread: frame.thread,
        summary: &counts,
        why: frame.why,
        now: all.first().map(|f| f.now).unwrap_or_default(),
        attributes: &attributes::of_many(all),
        resources: listed.map(|l| l.member.event.id.arn.as_str()).collect(),
    }
    .json()
}
