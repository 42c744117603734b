//! What every form of a message is written from: the group, its most telling alarm, what its
//! alarms have in common, and templates filled with it.

use super::{Background, words};
use crate::alarms::group::{Bulletin, GroupKey, Listed};
use crate::alarms::reason::Why;
use crate::ledger::LedgerEntry;
use crate::text::line;
use jiff::Timestamp;
use std::collections::BTreeSet;

/// Bytes of a label's value that are shown.
pub(super) const LABEL_BYTES: usize = 255;
/// Stands for a value that there is none of: SNS takes no empty one.
pub(super) const NONE: &str = "-";
/// Stands for values that differ.
pub(super) const SEVERAL: &str = "several";

/// What a message is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Stage {
    /// Alarms that fire.
    Firing,
    /// Alarms that flap.
    Flapping,
    /// Alarms that are over.
    Resolved,
}

impl Stage {
    /// What a group's message is about.
    pub fn of(bulletin: &Bulletin) -> Self {
        let counts = &bulletin.counts;
        match bulletin.why {
            Why::AllResolved => Self::Resolved,
            Why::Flapping => Self::Flapping,
            _ if counts.firing > 0 || !bulletin.firing.is_empty() => Self::Firing,
            _ if counts.flapping > 0 => Self::Flapping,
            _ if counts.resolved > 0 => Self::Resolved,
            _ => Self::Firing,
        }
    }

    /// The attribute's value.
    pub fn word(self) -> &'static str {
        match self {
            Self::Firing => "firing",
            Self::Flapping => "flapping",
            Self::Resolved => "resolved",
        }
    }
}

/// A group with what its alarms have in common.
#[derive(Debug)]
pub(super) struct Facts<'a> {
    pub bulletin: &'a Bulletin,
    pub ledger: &'a [LedgerEntry],
    pub now: Timestamp,
    pub stage: Stage,
    pub severity: String,
    pub fleet: String,
    pub service: String,
    pub region: String,
}

impl<'a> Facts<'a> {
    pub fn of(bulletin: &'a Bulletin, background: &Background<'a>) -> Self {
        Self {
            bulletin,
            ledger: background.ledger,
            now: background.now,
            stage: Stage::of(bulletin),
            severity: shown(bulletin.severity()),
            fleet: common(bulletin, "fleet"),
            service: common(bulletin, "service"),
            region: common(bulletin, "region"),
        }
    }

    /// The alarms that the message is about, the most telling first.
    pub fn listed(&self) -> &'a [Listed] {
        match self.stage {
            Stage::Firing => &self.bulletin.firing,
            Stage::Flapping => &self.bulletin.flapping,
            Stage::Resolved => &self.bulletin.resolved,
        }
    }

    /// The same, but when alarms joined a group these are the first.
    pub fn news_first(&self) -> Vec<&'a Listed> {
        let mut listed: Vec<&Listed> = self.listed().iter().collect();
        if self.bulletin.why == Why::NewAlertsInGroup {
            listed.sort_by_key(|l| !l.is_new);
        }
        listed
    }

    /// How many it is about.
    pub fn count(&self) -> u32 {
        let counts = &self.bulletin.counts;
        match self.stage {
            Stage::Firing => counts.firing,
            Stage::Flapping => counts.flapping,
            Stage::Resolved => counts.resolved,
        }
    }

    /// A template with its placeholders filled in, each value passed through `write`; a word in
    /// braces that is no placeholder stays.
    pub fn fill(
        &self,
        template: &str,
        alarm: Option<&Listed>,
        write: fn(&str) -> String,
    ) -> String {
        let mut out = String::new();
        let mut rest = template;
        while let Some((before, after)) = rest.split_once('{') {
            out.push_str(before);
            let value = after
                .split_once('}')
                .and_then(|(name, behind)| Some((self.value(name, alarm)?, behind)));
            if let Some((value, behind)) = value {
                out.push_str(&write(&value));
                rest = behind;
            } else {
                out.push('{');
                rest = after;
            }
        }
        out.push_str(rest);
        out
    }

    /// The value of a placeholder.
    fn value(&self, placeholder: &str, alarm: Option<&Listed>) -> Option<String> {
        let alarm = alarm.or_else(|| self.listed().first());
        let region = alarm.map(|l| shown(&l.member.event.region));
        Some(match placeholder {
            "alarm" => alarm.map_or_else(|| NONE.to_owned(), name),
            "fleet" => self.fleet.clone(),
            "service" => self.service.clone(),
            "region" => region.unwrap_or_else(|| self.region.clone()),
            "severity" => self.severity.clone(),
            "count" => self.count().to_string(),
            "reason" => self.bulletin.why.word().to_owned(),
            "group" => group(&self.bulletin.key),
            _ => return None,
        })
    }

    /// How long people have known of it.
    pub fn known_for(&self) -> String {
        let first = self.bulletin.first_notice.unwrap_or(self.now);
        words::span(self.now.duration_since(first))
    }
}

/// An alarm's name on one line; every text names it so.
pub(super) fn name(listed: &Listed) -> String {
    // 255 characters of four bytes each.
    let name = line(&listed.member.event.id.name, 4 * LABEL_BYTES);
    if name.is_empty() { "(an alarm without a name)".to_owned() } else { name }
}

/// A group by its labels.
pub(super) fn group(key: &GroupKey) -> String {
    let labels: Vec<String> = key.labels.0.iter().map(|(n, v)| format!("{n}={v}")).collect();
    match line(&labels.join(", "), LABEL_BYTES) {
        labels if labels.is_empty() => "all alarms of the route".to_owned(),
        labels => labels,
    }
}

/// A value on one line, never empty.
pub(super) fn shown(value: &str) -> String {
    match line(value, LABEL_BYTES) {
        value if value.is_empty() => NONE.to_owned(),
        value => value,
    }
}

/// The value of a label that all of a group's alarms have, as far as they have one.
fn common(bulletin: &Bulletin, label: &str) -> String {
    let own = bulletin.key.labels.get(label);
    if !own.is_empty() {
        return shown(own);
    }
    let listed = bulletin.firing.iter().chain(&bulletin.flapping).chain(&bulletin.resolved);
    let values = listed.map(|l| match l.member.labels.get(label) {
        "" if label == "region" => &l.member.event.region,
        value => value,
    });
    one_of(values)
}

/// The value that all have, [`SEVERAL`] when they differ, [`NONE`] when there is none.
pub(super) fn one_of<'a>(values: impl Iterator<Item = &'a str>) -> String {
    let values: BTreeSet<&str> = values.collect();
    let mut values: BTreeSet<String> =
        values.into_iter().map(shown).filter(|value| value != NONE).collect();
    match (values.pop_first(), values.is_empty()) {
        (None, _) => NONE.to_owned(),
        (Some(value), true) => value,
        (Some(_), false) => SEVERAL.to_owned(),
    }
}
