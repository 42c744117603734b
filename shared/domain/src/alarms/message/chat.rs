//! The notification of Amazon Q Developer in chat applications: its custom schema.
//! <https://docs.aws.amazon.com/chatbot/latest/adminguide/custom-notifs.html>
//!
//! Its bounds in characters: title 250, description 8,000, a next step 350, a keyword 75. A
//! notification beyond them is dropped without a word, so all is kept below them in bytes.
//! Texts of others stand in code and with the signs replaced that make links, mentions and markup
//! in Slack and Teams: nobody can call a channel by naming an alarm.

use super::alarm::{depth, runbook};
use super::facts::{Facts, Stage, group, name, shown};
use super::{headline, links, text, words};
use crate::alarms::group::Listed;
use crate::alarms::reason::Why;
use crate::text::line;
use jiff::Timestamp;
use serde_json::json;
use std::collections::BTreeMap;

const TITLE_BYTES: usize = 240;
const DESCRIPTION_BYTES: usize = 7_500;
const STEP_BYTES: usize = 340;
const KEYWORD_BYTES: usize = 72;
const SUMMARY_BYTES: usize = 240;
/// Not bounded in the documentation; long ones help nobody.
const THREAD_BYTES: usize = 120;
const RESOURCES: usize = 20;
const RESOURCE_BYTES: usize = 512;
/// Bytes of one name, and of one text of others, in the description.
const NAME_BYTES: usize = 300;
const QUOTE_BYTES: usize = 700;
/// Kept for the line that counts what is not named.
const OMITTED_BYTES: usize = 80;

/// A line of a description.
pub(super) enum Line<'a> {
    /// As it is.
    Text(String),
    /// An alarm as a point of a list.
    Alarm(&'a Listed),
}

impl Line<'_> {
    fn text(&self) -> String {
        match self {
            Self::Text(text) => text.clone(),
            Self::Alarm(listed) => point(listed),
        }
    }
}

/// A notification before it is JSON.
pub(super) struct Notification<'a> {
    pub title: &'a str,
    pub lines: Vec<Line<'a>>,
    pub steps: Vec<String>,
    pub thread: &'a str,
    pub summary: &'a str,
    pub why: Why,
    pub now: Timestamp,
    pub attributes: &'a BTreeMap<String, String>,
    pub resources: Vec<&'a str>,
}

impl Notification<'_> {
    /// The JSON text.
    pub fn json(&self) -> String {
        let thread = escape(&shown(self.thread), THREAD_BYTES);
        let keywords = ["severity", "state", "fleet", "region"].into_iter();
        let keywords = keywords.filter_map(|n| self.attributes.get(n)).filter(|v| *v != "-");
        let keywords: Vec<String> = keywords.map(|v| escape(v, KEYWORD_BYTES)).collect();
        let mut context: BTreeMap<&str, String> =
            self.attributes.iter().map(|(n, v)| (n.as_str(), escape(v, KEYWORD_BYTES))).collect();
        context.insert("reason", self.why.word().to_owned());
        let resources = self.resources.iter().map(|arn| line(arn, RESOURCE_BYTES));
        let resources: Vec<String> =
            resources.filter(|arn| !arn.is_empty()).take(RESOURCES).collect();
        json!({
            "version": "1.0",
            "source": "custom",
            "id": format!("{thread}-{}", self.now.as_second()),
            "content": {
                "textType": "client-markdown",
                "title": escape(self.title, TITLE_BYTES),
                "description": self.description(),
                "nextSteps": self.steps.iter().filter(|s| s.len() <= STEP_BYTES).collect::<Vec<_>>(),
                "keywords": keywords,
            },
            "metadata": {
                "threadId": thread,
                "summary": escape(self.summary, SUMMARY_BYTES),
                "eventType": format!("tidegate.alarm.{}", self.why),
                "relatedResources": resources,
                "additionalContext": context,
            },
        })
        .to_string()
    }

    /// As many lines as there is room for, and how many there are more.
    fn description(&self) -> String {
        let mut out = String::new();
        for (nth, line) in self.lines.iter().enumerate() {
            let line = line.text();
            if out.len() + line.len() + 1 + OMITTED_BYTES > DESCRIPTION_BYTES {
                let left = words::many(self.lines.len() - nth, "more line");
                out.push_str(&format!("... and {left}: the mail has them all"));
                break;
            }
            out.push_str(&line);
            out.push('\n');
        }
        out.trim_end().to_owned()
    }
}

/// The notification about one group.
pub(super) fn of_group(facts: &Facts<'_>) -> String {
    let bulletin = facts.bulletin;
    let counts = words::counts(&bulletin.counts);
    let listed = bulletin.firing.iter().chain(&bulletin.flapping).chain(&bulletin.resolved);
    let notification = Notification {
        title: &headline::headline(facts),
        lines: lines(facts, &counts),
        steps: steps(facts),
        thread: &bulletin.thread,
        summary: &format!("{}: {counts}", headline::state(facts)),
        why: bulletin.why,
        now: facts.now,
        attributes: &super::attributes::of_group(facts),
        resources: listed.map(|l| l.member.event.id.arn.as_str()).collect(),
    };
    notification.json()
}

fn lines<'a>(facts: &Facts<'a>, counts: &str) -> Vec<Line<'a>> {
    let mut lines = vec![format!("*{counts}*")];
    if let Some(lead) = facts.listed().first() {
        let event = &lead.member.event;
        lines.push(point(lead));
        let deep = depth(event).filter(|_| facts.stage != Stage::Resolved);
        let since = lead.member.since.map(|since| {
            let span = words::span(facts.now.duration_since(since));
            format!("since {}, for {span}", words::moment(since))
        });
        lines.extend([deep, since].into_iter().flatten().map(|l| escape(&l, QUOTE_BYTES)));
        lines.extend(quote(&event.reason));
        lines.extend(quote(&event.description));
    }
    let tidegate = text::tidegate(facts.ledger, facts);
    if !tidegate.is_empty() {
        lines.push("*What Tidegate does:*".to_owned());
        lines.extend(tidegate.iter().skip(1).filter_map(|line| quote(line)));
    }
    let others = facts.listed().iter().skip(1);
    let rest: [&[Listed]; 2] = match facts.stage {
        Stage::Firing => [&facts.bulletin.flapping, &facts.bulletin.resolved],
        Stage::Flapping => [&facts.bulletin.firing, &facts.bulletin.resolved],
        Stage::Resolved => [&facts.bulletin.firing, &facts.bulletin.flapping],
    };
    let lines = lines.into_iter().map(Line::Text);
    lines.chain(others.chain(rest.into_iter().flatten()).map(Line::Alarm)).collect()
}

/// An alarm as a point of a list.
fn point(listed: &Listed) -> String {
    let marks = match (listed.member.is_open(), listed.is_critical, listed.is_new) {
        (false, ..) => ", over",
        (true, true, true) => ", critical, new",
        (true, true, false) => ", critical",
        (true, false, true) => ", new",
        (true, false, false) => "",
    };
    format!("• `{}`{marks}", escape(&name(listed), NAME_BYTES))
}

/// A group's labels as code.
pub(super) fn group_code(facts: &Facts<'_>) -> String {
    format!("`{}`", escape(&group(&facts.bulletin.key), NAME_BYTES))
}

/// A text of others as code.
fn quote(text: &str) -> Option<String> {
    let text = escape(&line(text, QUOTE_BYTES), QUOTE_BYTES);
    (!text.is_empty()).then(|| format!("`{text}`"))
}

/// Where to go from here.
fn steps(facts: &Facts<'_>) -> Vec<String> {
    let lead = facts.listed().first();
    let runbook = runbook(facts, lead).map(|address| format!("Runbook: {address}"));
    let console = lead.and_then(|l| links::console(&l.member.event));
    let console = console.map(|address| format!("Alarm and graph: {address}"));
    [runbook, console].into_iter().flatten().collect()
}

/// A text of others on one line that neither Slack nor Teams acts on, at most `bytes` bytes, cut
/// between two of its characters. `&`, `<` and `>` are entities, as Slack asks for.
/// <https://api.slack.com/reference/surfaces/formatting#escaping>
pub(super) fn escape(text: &str, bytes: usize) -> String {
    let safe = line(text, usize::MAX).replace("://", "[:]//").replace("](", "] (");
    let mut out = String::new();
    let mut end = 0;
    for c in safe.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            // A full-width sign calls nobody.
            '@' => out.push('＠'),
            '`' => out.push('\''),
            '*' => out.push('∗'),
            '~' => out.push('∼'),
            c => out.push(c),
        }
        if out.len() + 3 <= bytes {
            end = out.len();
        }
        if out.len() > bytes {
            out.truncate(end);
            out.push_str("...");
            break;
        }
    }
    out
}
