//! One alarm: in a line of a list, and with everything that is known of it.

use super::facts::{Facts, LABEL_BYTES, Stage, name};
use super::{links, words};
use crate::alarms::event::{AlarmEvent, Kind, State};
use crate::alarms::group::Listed;
use crate::alarms::member::Member;
use crate::alarms::reason::Why;
use crate::text::line;
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeMap;

/// Bytes of CloudWatch's reason, of the owner's description, of a rule, of dimensions that a
/// text shows: more of it stands in the console.
const DETAIL_BYTES: usize = 600;
/// Bytes of what stands behind a name in a list.
const NOTE_BYTES: usize = 200;
/// A longer address is left out: half an address leads nowhere.
const ADDRESS_BYTES: usize = 4_096;
/// An event that took longer on its way was delayed, and people should know it.
const LATE: SignedDuration = SignedDuration::from_mins(2);

/// How deep the problem is: the value against the threshold.
pub(super) fn depth(event: &AlarmEvent) -> Option<String> {
    let comparison = event.comparison.as_deref().map(|c| line(c, 40)).filter(|c| !c.is_empty());
    let threshold = event.threshold.map(words::number);
    let bound = match (comparison, threshold) {
        (Some(comparison), Some(threshold)) => Some(format!("alarm when {comparison} {threshold}")),
        (None, Some(threshold)) => Some(format!("threshold {threshold}")),
        _ if event.kind == Kind::AnomalyBand => Some("outside of its expected band".to_owned()),
        _ => None,
    };
    let value = event.value.map(|value| format!("value {}", words::number(value)));
    let text = [value, bound].into_iter().flatten().collect::<Vec<_>>().join(", ");
    (!text.is_empty()).then(|| format!("{text}{}", share(event).unwrap_or_default()))
}

/// ` (131 % above)`: the distance in hundredths of the threshold.
fn share(event: &AlarmEvent) -> Option<String> {
    let (value, threshold) = (event.value?, event.threshold?);
    let percent = (value - threshold) / threshold.abs() * 100.0;
    let side = if percent > 0.0 { "above" } else { "below" };
    let percent = percent.abs().round();
    (1.0..1000.0).contains(&percent).then(|| format!(" ({percent:.0} % {side})"))
}

/// An alarm in a list: its name, and what else fits.
pub(super) fn item(facts: &Facts<'_>, listed: &Listed, stage: Stage) -> String {
    let notes = [deep_or_flips(listed, stage), since(listed, facts.now), elsewhere(facts, listed)];
    let notes = notes.into_iter().flatten().collect::<Vec<_>>().join(", ");
    let name = bare_item(listed);
    if notes.is_empty() { name } else { format!("{name}: {}", line(&notes, NOTE_BYTES)) }
}

/// An alarm in a list with its name alone.
pub(super) fn bare_item(listed: &Listed) -> String {
    format!("- {}", name(listed))
}

fn deep_or_flips(listed: &Listed, stage: Stage) -> Option<String> {
    let member = &listed.member;
    let attributes = pairs(&member.event.attributes);
    let deep = match stage {
        Stage::Firing => depth(&member.event),
        Stage::Flapping => Some(flips(member)),
        Stage::Resolved => None,
    };
    let parts = [Some(attributes).filter(|a| !a.is_empty()), deep];
    Some(parts.into_iter().flatten().collect::<Vec<_>>().join(", ")).filter(|text| !text.is_empty())
}

fn flips(member: &Member) -> String {
    let now = if member.is_open() { "firing" } else { "over" };
    format!("{} of late, now {now}", words::many(member.flips.len(), "change"))
}

/// The region, where a group has several.
fn elsewhere(facts: &Facts<'_>, listed: &Listed) -> Option<String> {
    let differs = facts.region == super::facts::SEVERAL;
    differs.then(|| line(&listed.member.event.region, LABEL_BYTES))
}

/// `for 12 min`, or since when it is over and how long it was.
pub(super) fn since(listed: &Listed, now: Timestamp) -> Option<String> {
    let member = &listed.member;
    if let Some(since) = member.since {
        return Some(format!("for {}", words::span(now.duration_since(since))));
    }
    let over = member.event.state_at;
    let lasted = began(member).map(|began| words::span(over.duration_since(began)));
    let lasted = lasted.map(|span| format!(" after {span}")).unwrap_or_default();
    Some(format!("over since {}{lasted}", words::moment_near(over, now)))
}

/// When a problem that is over began.
fn began(member: &Member) -> Option<Timestamp> {
    let flips = member.flips.as_slice();
    let [.., began, ended] = flips else { return None };
    (*ended == member.event.state_at).then_some(*began)
}

/// Everything about an alarm, a line each, the name first.
pub(super) fn block(facts: &Facts<'_>, listed: &Listed) -> Vec<String> {
    let event = &listed.member.event;
    let mut lines = vec![format!("{} ({})", name(listed), marks(facts, listed))];
    let all = [
        Some(standing(facts, listed)),
        no_data(facts, listed),
        late(facts, listed),
        watched(event),
        Some(pairs(&event.attributes)).filter(|a| !a.is_empty()).map(|a| format!("series: {a}")),
        told("rule", event.rule.as_deref().unwrap_or_default()),
        told("CloudWatch says", &event.reason),
        told("about it", &event.description),
        links::console(event).map(|address| format!("alarm and graph: {address}")),
    ];
    lines.extend(all.into_iter().flatten().map(|text| format!("  {text}")));
    lines
}

/// What the owner's runbook for an alarm is.
pub(super) fn runbook(facts: &Facts<'_>, listed: Option<&Listed>) -> Option<String> {
    let template = facts.bulletin.terms.runbook.as_deref()?;
    let address = links::address(&line(&facts.fill(template, listed, links::encode), usize::MAX));
    (1..=ADDRESS_BYTES).contains(&address.len()).then_some(address)
}

fn marks(facts: &Facts<'_>, listed: &Listed) -> String {
    let joined = facts.bulletin.why == Why::NewAlertsInGroup;
    let own = line(listed.member.labels.get("severity"), 40);
    let severity = match (listed.is_critical, own.as_str()) {
        (true, _) => "critical",
        (false, "") => "not critical",
        (false, own) => own,
    };
    match (&listed.member.event.kind, listed.is_new && listed.member.is_open()) {
        (Kind::Unclassified, _) => format!("{severity}, of a kind that Tidegate does not know"),
        (_, true) => format!("{severity}, new"),
        (_, false) if joined => format!("{severity}, known before"),
        (_, false) => severity.to_owned(),
    }
}

/// How deep, since when.
fn standing(facts: &Facts<'_>, listed: &Listed) -> String {
    let (member, now) = (&listed.member, facts.now);
    let event = &member.event;
    let deep = match facts.stage {
        Stage::Flapping => Some(flips(member)),
        _ => depth(event).filter(|_| member.is_open()),
    };
    let start = member.since.map(|since| format!("since {}", words::moment(since)));
    let unknown = match &event.state {
        State::Other(word) => Some(format!("in the state {}", line(word, 40))),
        _ => None,
    };
    let all = [deep, start, since(listed, now), unknown];
    all.into_iter().flatten().collect::<Vec<_>>().join(", ")
}

/// That a problem stands whose data ended.
fn no_data(facts: &Facts<'_>, listed: &Listed) -> Option<String> {
    let member = &listed.member;
    let at = words::moment_near(member.event.state_at, facts.now);
    (member.is_open() && member.event.state == State::InsufficientData)
        .then(|| format!("no data since {at}: nobody knows whether it is over"))
}

/// That the news is old.
fn late(facts: &Facts<'_>, listed: &Listed) -> Option<String> {
    let member = &listed.member;
    let delay = member.arrived.duration_since(member.event.state_at);
    let is_news = listed.is_new || facts.stage == Stage::Resolved;
    (is_news && delay > LATE).then(|| {
        let mins = delay.as_secs() / 60;
        let (at, came) = (member.event.state_at, member.arrived);
        let (at, came) = (words::moment_near(at, facts.now), words::moment_near(came, facts.now));
        format!("delayed {mins} min: it changed at {at} and was heard of at {came}")
    })
}

/// The metric and where it is measured.
fn watched(event: &AlarmEvent) -> Option<String> {
    let metric = event.metric.as_ref().map(|m| {
        let text = format!("{} {} {}", m.namespace, m.name, pairs(&m.dimensions));
        let of = if event.kind == Kind::MetricMath { "an expression over " } else { "" };
        format!("{of}{}", line(&text, DETAIL_BYTES))
    });
    let region = Some(&event.region).filter(|r| !r.is_empty()).map(|r| format!("in {r}"));
    let account = Some(&event.account).filter(|a| !a.is_empty()).map(|a| format!("account {a}"));
    let place = [region, account].into_iter().flatten().collect::<Vec<_>>().join(", ");
    let all = [metric, Some(line(&place, LABEL_BYTES)).filter(|p| !p.is_empty())];
    let text = all.into_iter().flatten().collect::<Vec<_>>().join("; ");
    (!text.is_empty()).then_some(text)
}

fn told(what: &str, text: &str) -> Option<String> {
    let text = line(text, DETAIL_BYTES);
    (!text.is_empty()).then(|| format!("{what}: {text}"))
}

/// `Name=Value, Name=Value`.
fn pairs(all: &BTreeMap<String, String>) -> String {
    let all: Vec<String> = all.iter().map(|(name, value)| format!("{name}={value}")).collect();
    line(&all.join(", "), DETAIL_BYTES)
}
