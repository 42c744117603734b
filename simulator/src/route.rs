//! `route`: who would get an alarm, by which way, when, why, and in which words.
//!
//! The router's own code answers: its intake, its labels, its tree, its decision about a group
//! in which the alarm is alone.

mod event;
mod path;
mod words;

pub use path::{Met, Node};

use crate::Failure;
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use tidegate_domain::alarms::event::AlarmEvent;
use tidegate_domain::alarms::group::{
    Bulletin, GroupKey, GroupState, Surroundings, Verdict, decide,
};
use tidegate_domain::alarms::inhibit::Rule;
use tidegate_domain::alarms::labels::{Labels, label};
use tidegate_domain::alarms::member::{Member, Taken, take};
use tidegate_domain::alarms::message::{Background, Message, compose};
use tidegate_domain::alarms::policy::{AlarmPolicy, Route, Terms, parse_whole};
use tidegate_domain::alarms::reason::Why;
use tidegate_domain::policy::Policy;

/// What becomes of the alarms of one event.
#[derive(Debug, Serialize)]
pub struct Answer {
    /// The alarms, in the event's order.
    pub alarms: Vec<Routed>,
    /// Records that are no alarm, and why.
    pub ignored: Vec<String>,
}

/// What becomes of one alarm.
#[derive(Debug, Serialize)]
pub struct Routed {
    /// Its name.
    pub alarm: String,
    /// Its state, in AWS's word.
    pub state: String,
    /// Since when.
    pub state_at: Timestamp,
    /// Who suppresses it in AWS.
    pub suppressed_by: Option<String>,
    /// What matchers see.
    pub labels: Labels,
    /// The tree as far as it was asked, in the document's order.
    pub path: Vec<Node>,
    /// What could silence it: rules of which it is a target.
    pub inhibited_by: Vec<String>,
    /// What it would silence while it fires: rules of which it is a source.
    pub inhibits: Vec<String>,
    /// The routes that it takes.
    pub routes: Vec<Told>,
}

/// What becomes of an alarm under one route.
#[derive(Debug, Serialize)]
pub struct Told {
    /// The route's id.
    pub route: String,
    /// Whom it tells.
    pub topic: String,
    /// The labels of its group.
    pub group: Labels,
    /// Why a message goes out, or why none does.
    pub reason: Why,
    /// Seconds after its arrival; none without a message.
    pub after_secs: Option<i64>,
    /// What is sent.
    pub message: Option<Text>,
    /// Under which terms.
    #[serde(skip)]
    pub terms: Terms,
}

/// A message in its forms.
#[derive(Debug, Serialize)]
pub struct Text {
    /// The mail's subject.
    pub subject: String,
    /// For people.
    pub text: String,
    /// For a telephone.
    pub sms: String,
    /// For a chat channel, JSON.
    pub chat: String,
    /// What subscriptions filter by.
    pub attributes: BTreeMap<String, String>,
}

/// Routes every alarm of `event` (JSON in any shape that the router takes) by `document` (TOML;
/// none: the built-in tree), as if it arrived at `at` (none: when it changed its state).
///
/// # Errors
/// [`Failure::Input`]: no JSON, no alarm in it, or a policy with faults, all of them.
pub fn answer(
    event: &str,
    document: Option<&str>,
    at: Option<Timestamp>,
) -> Result<Answer, Failure> {
    let (policy, alarms) = match document {
        Some(document) => {
            parse_whole(document).map_err(|faults| Failure::Input(faults.to_string()))?
        }
        None => (Policy { dry_run: false, fleets: BTreeMap::new() }, AlarmPolicy::default()),
    };
    let found = event::read(event, at)?;
    let routed = found.alarms.into_iter().map(|event| {
        let now = at.unwrap_or(event.state_at);
        Desk { policy: &policy, alarms: &alarms, now }.routed(event)
    });
    Ok(Answer { alarms: routed.collect(), ignored: found.ignored })
}

impl Answer {
    /// As JSON, in lines.
    pub fn json(&self) -> String {
        serde_json::to_string_pretty(self).map(|text| text + "\n").unwrap_or_default()
    }

    /// In words, for people.
    pub fn words(&self) -> String {
        words::of(self)
    }

    /// A line for each alarm that goes to other topics than `expected`; nothing is expected of
    /// an empty list.
    pub fn differences(&self, expected: &[String]) -> Vec<String> {
        let wanted: BTreeSet<&str> = expected.iter().map(String::as_str).collect();
        let differing = self.alarms.iter().filter(|alarm| {
            let got: BTreeSet<&str> = alarm.routes.iter().map(|r| r.topic.as_str()).collect();
            !wanted.is_empty() && got != wanted
        });
        let told = differing.map(|alarm| {
            let got: Vec<&str> = alarm.routes.iter().map(|r| r.topic.as_str()).collect();
            let (wanted, got) = (expected.join(", "), got.join(", "));
            format!("{}: expected {wanted}, it goes to {got}", alarm.alarm)
        });
        told.collect()
    }
}

/// By what an alarm is looked at.
struct Desk<'a> {
    policy: &'a Policy,
    alarms: &'a AlarmPolicy,
    now: Timestamp,
}

impl Desk<'_> {
    fn routed(&self, event: AlarmEvent) -> Routed {
        let labels = label(&event, self.policy);
        let rules = self.alarms.inhibit.iter();
        // A source that is a target too waits only for sources that are none.
        let waits = |rule: &&Rule| {
            rule.is_target(&labels) && !(rule.is_source(&labels) && rule.target.is_empty())
        };
        Routed {
            alarm: event.id.name.clone(),
            state: event.state.word().to_owned(),
            state_at: event.state_at,
            suppressed_by: event.suppressed_by.clone(),
            path: path::walk(&self.alarms.root, &labels),
            inhibited_by: rules.clone().filter(waits).map(ToString::to_string).collect(),
            inhibits: rules.filter(|r| r.is_source(&labels)).map(ToString::to_string).collect(),
            routes: self.told(&event, &labels),
            labels,
        }
    }

    fn told(&self, event: &AlarmEvent, labels: &Labels) -> Vec<Told> {
        let routes = self.alarms.root.find(labels).into_iter();
        let told =
            routes.filter_map(|route| match take(None, event.clone(), labels.clone(), self.now) {
                Taken::Keep(member) => Some(self.told_under(route, *member)),
                Taken::Leave(_) => None,
            });
        told.collect()
    }

    /// Asks the router's decision at the alarm's arrival, and again when it wants to be asked.
    fn told_under(&self, route: &Route, member: Member) -> Told {
        let terms = &route.terms;
        let state = GroupState::new(GroupKey::of(&route.id, &terms.group_by, &member.labels));
        let members = [member];
        let mut verdict = self.verdict(&state, &members, terms, self.now);
        let mut after = SignedDuration::ZERO;
        if let Some(due) = verdict.due.filter(|due| verdict.bulletin.is_none() && *due > self.now) {
            let later = self.verdict(&state, &members, terms, due);
            if later.bulletin.is_some() {
                (verdict, after) = (later, due.duration_since(self.now));
            }
        }
        let message = verdict.bulletin.map(|bulletin| Text::of(&bulletin, self.now + after));
        Told {
            route: route.id.clone(),
            topic: terms.topic.clone(),
            group: state.key.labels,
            reason: verdict.why,
            after_secs: message.is_some().then_some(after.as_secs()),
            message,
            terms: terms.clone(),
        }
    }

    fn verdict(
        &self,
        state: &GroupState,
        members: &[Member],
        terms: &Terms,
        now: Timestamp,
    ) -> Verdict {
        let around = Surroundings {
            policy: self.alarms,
            terms,
            silences: &[],
            explained: &BTreeSet::new(),
            plans: &BTreeMap::new(),
            now,
        };
        decide(state, members, &around)
    }
}

impl Text {
    fn of(bulletin: &Bulletin, now: Timestamp) -> Self {
        let message = compose(bulletin, &Background { ledger: &[], now });
        let Message { subject, text, sms, chat, attributes, .. } = message;
        Self { subject, text, sms, chat, attributes }
    }
}
