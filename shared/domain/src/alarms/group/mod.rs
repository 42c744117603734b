//! A group of alarms that is told as a whole: what people know, what is new to them, and when
//! they are told.
//!
//! What must stay true: at most one message comes out of one decision, and what people know
//! changes only together with it, so that a crash between the two repeats one message and loses
//! none; an alarm that is held back keeps its reason and is looked at again.

mod decide;
#[cfg(test)]
mod tests;

pub use decide::{CRITICAL_PACE, decide};

use crate::alarms::event::{Fingerprint, digest};
use crate::alarms::labels::Labels;
use crate::alarms::member::Member;
use crate::alarms::planned::Plan;
use crate::alarms::policy::{AlarmPolicy, Terms};
use crate::alarms::reason::Why;
use crate::alarms::silence::Muting;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// Critical alarms that one message names; with the longest names they fit into it.
pub const CRITICALS_NAMED: usize = 250;
/// Alarms that one message lists; the others are counted.
pub const LISTED: usize = 400;

/// What tells two groups apart, 32 hexadecimal digits.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct GroupId(pub String);

impl GroupId {
    /// The id of a key: the same after every restart.
    pub fn of(key: &GroupKey) -> Self {
        let labels = key.labels.0.iter().flat_map(|(name, value)| [name.as_str(), value.as_str()]);
        Self(digest(&[key.route.as_str()].into_iter().chain(labels).collect::<Vec<_>>()))
    }
}

impl fmt::Display for GroupId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What makes a group: a route, and the values of its `group_by`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct GroupKey {
    /// The route's id.
    pub route: String,
    /// The values of the route's `group_by`; absent labels are left out.
    pub labels: Labels,
}

impl GroupKey {
    /// The group that an alarm with these labels belongs to under a route.
    pub fn of(route: &str, group_by: &[String], labels: &Labels) -> Self {
        let all = group_by.iter().any(|name| name == "...");
        let wanted = |name: &String| all || group_by.contains(name);
        let values = labels.0.iter().filter(|(name, value)| wanted(name) && !value.is_empty());
        let labels = Labels(values.map(|(n, v)| (n.clone(), v.clone())).collect());
        Self { route: route.to_owned(), labels }
    }
}

/// As what people know of an alarm.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Told {
    /// Firing.
    #[serde(rename = "f")]
    Firing,
    /// Firing, and critical.
    #[serde(rename = "c")]
    Critical,
    /// Flapping.
    #[serde(rename = "x")]
    Flapping,
}

/// What people know of a group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GroupState {
    /// Which group.
    pub key: GroupKey,
    /// What they were told of each alarm and not yet that it is over.
    pub told: BTreeMap<Fingerprint, Told>,
    /// The first message of this incident; none before it.
    pub first_notice: Option<Timestamp>,
    /// The last one.
    pub last_notice: Option<Timestamp>,
    /// Since when they know of a critical one that is not over.
    pub critical_since: Option<Timestamp>,
    /// When the next topic was told.
    pub escalated: Option<Timestamp>,
    /// Whether more critical ones are to be named at once, in a further message.
    #[serde(default)]
    pub goes_on: bool,
    /// How many incidents there were before; its messages have one thread.
    #[serde(default)]
    pub incident: u32,
}

impl GroupState {
    /// A group that nobody was told of.
    pub fn new(key: GroupKey) -> Self {
        Self {
            key,
            told: BTreeMap::new(),
            first_notice: None,
            last_notice: None,
            critical_since: None,
            escalated: None,
            goes_on: false,
            incident: 0,
        }
    }

    /// The thread of this incident's messages.
    pub fn thread(&self) -> String {
        format!("{}-{}", GroupId::of(&self.key), self.incident)
    }

    /// The state after an incident that is over.
    fn over(&self) -> Self {
        Self { incident: self.incident.wrapping_add(1), ..Self::new(self.key.clone()) }
    }
}

/// One alarm in a message.
#[derive(Debug, Clone, PartialEq)]
pub struct Listed {
    /// The alarm.
    pub member: Member,
    /// Whether people did not know.
    pub is_new: bool,
    /// Whether it is critical.
    pub is_critical: bool,
}

/// How many there are of each, over the whole group; exact.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// Firing and not held back, flapping ones not counted.
    pub firing: u32,
    /// Of these critical.
    pub critical: u32,
    /// Of the firing ones new in this message.
    pub new: u32,
    /// Over since the last message.
    pub resolved: u32,
    /// Flapping.
    pub flapping: u32,
    /// Held back by a silence.
    pub silenced: u32,
    /// Held back by another alarm, or by AWS.
    pub inhibited: u32,
    /// Held back by the fleet's plan.
    pub planned: u32,
}

impl Counts {
    /// Their sum.
    pub fn sum<'a>(all: impl Iterator<Item = &'a Self>) -> Self {
        all.fold(Self::default(), |a, b| Self {
            firing: a.firing.saturating_add(b.firing),
            critical: a.critical.saturating_add(b.critical),
            new: a.new.saturating_add(b.new),
            resolved: a.resolved.saturating_add(b.resolved),
            flapping: a.flapping.saturating_add(b.flapping),
            silenced: a.silenced.saturating_add(b.silenced),
            inhibited: a.inhibited.saturating_add(b.inhibited),
            planned: a.planned.saturating_add(b.planned),
        })
    }
}

/// A message about a group, before it is a text.
#[derive(Debug, Clone, PartialEq)]
pub struct Bulletin {
    /// Which group.
    pub key: GroupKey,
    /// The thread of its messages.
    pub thread: String,
    /// To which topic.
    pub topic: String,
    /// Why.
    pub why: Why,
    /// The route's terms: templates, runbook.
    pub terms: Terms,
    /// Firing: new critical ones first, then critical, new, others; at most [`LISTED`].
    pub firing: Vec<Listed>,
    /// Over since the last message; at most [`LISTED`].
    pub resolved: Vec<Listed>,
    /// Flapping; at most [`LISTED`].
    pub flapping: Vec<Listed>,
    /// How many there are.
    pub counts: Counts,
    /// The first message of this incident, before this one.
    pub first_notice: Option<Timestamp>,
}

impl Bulletin {
    /// `critical` when a critical one fires, or one was critical of what is over.
    pub fn severity(&self) -> &str {
        let mut listed = self.firing.iter().chain(&self.resolved).chain(&self.flapping);
        if self.counts.critical > 0 || listed.clone().any(|l| l.is_critical) {
            return "critical";
        }
        let first =
            listed.find_map(|l| Some(l.member.labels.get("severity")).filter(|s| !s.is_empty()));
        first.unwrap_or(&self.terms.severity)
    }
}

/// What a group is judged by besides its own members.
#[derive(Debug, Clone, Copy)]
pub struct Surroundings<'a> {
    /// The rules.
    pub policy: &'a AlarmPolicy,
    /// The group's route's terms.
    pub terms: &'a Terms,
    /// Silences.
    pub silences: &'a [Muting],
    /// What firing alarms of other groups explain.
    pub explained: &'a BTreeSet<String>,
    /// The fleet's plans that explain an alarm, by fingerprint.
    pub plans: &'a BTreeMap<Fingerprint, Plan>,
    /// Now.
    pub now: Timestamp,
}

/// What is to be done about a group.
#[derive(Debug, Clone, PartialEq)]
pub struct Verdict {
    /// Why: of the message, or of there being none.
    pub why: Why,
    /// The message, if one is due.
    pub bulletin: Option<Box<Bulletin>>,
    /// What people know once it went out; without a message what they know now.
    pub next: GroupState,
    /// When to look again; none when there is nothing more to do for it.
    pub due: Option<Timestamp>,
    /// What its firing alarms explain.
    pub explains: BTreeSet<String>,
    /// What is held back, and why.
    pub held: BTreeMap<Fingerprint, Why>,
}

impl Verdict {
    /// What people know once a message went out that named only these of the new critical ones:
    /// the others are named in a further one.
    pub fn confirmed(&self, named: &BTreeSet<Fingerprint>) -> GroupState {
        let mut next = self.next.clone();
        let listed = self.bulletin.iter().flat_map(|b| &b.firing);
        for left in listed.filter(|l| l.is_new && l.is_critical) {
            let fingerprint = left.member.fingerprint();
            if !named.contains(&fingerprint) {
                next.told.remove(&fingerprint);
                next.goes_on = true;
            }
        }
        next
    }
}
