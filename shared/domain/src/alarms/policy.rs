//! The policy document's `[alarms]`: the route tree and its terms, typed and checked.
//!
//! What must stay true: a tree that exists is sound, every route of it can be reached and has
//! all of its terms; a document that is not yields every fault at once, each with its path. The
//! scaling functions do not read this part: they only see that it is a table.

mod read;

use crate::alarms::inhibit::Rule;
use crate::alarms::labels::Labels;
use crate::alarms::matcher::{Matcher, all_match};
use crate::policy::reader::Faults;
use crate::policy::{Policy, PolicyFaults};
use jiff::SignedDuration;
use std::collections::BTreeSet;
use toml::{Table, Value};

/// The topic that tells nobody.
pub const NOBODY: &str = "none";
/// The topic of what people must act on at once.
pub const CRITICAL: &str = "critical";
/// The topic of everything else.
pub const WARNING: &str = "warning";
/// The topic of what stays unresolved.
pub const ESCALATION: &str = "escalation";

/// Where a message of this severity to this topic goes, in order: the topic, and who stands in for
/// it where it does not exist or takes nothing.
pub fn ways<'a>(topic: &'a str, severity: &str) -> impl Iterator<Item = &'a str> {
    let others = match (topic, severity) {
        (WARNING, _) => [WARNING, CRITICAL],
        (CRITICAL | ESCALATION, _) | (_, CRITICAL) => [CRITICAL, WARNING],
        _ => [WARNING, CRITICAL],
    };
    std::iter::once(topic).chain(others.into_iter().filter(move |other| *other != topic))
}

/// What a title, a text and a runbook may have filled in, between braces.
pub const PLACEHOLDERS: [&str; 8] =
    ["alarm", "fleet", "service", "region", "severity", "count", "reason", "group"];

/// What `[alarms]` has where it says nothing of `routes` or `inhibit`. A target-tracking policy's
/// own alarms are no problem of anybody: the lower one is in `ALARM` all night.
pub const DEFAULTS: &str = r#"
[[routes]]
match = ['alarm =~ "TargetTracking-.*"']
topic = "none"
[[routes]]
match = { severity = "critical" }
topic = "critical"
[[inhibit]]
source = { severity = "critical" }
target = ['severity != "critical"']
equal = ["resource"]
[[inhibit]]
source = ['alarm =~ ".*region-down.*"']
target = {}
equal = ["region"]
"#;

/// What a group is told under. A route inherits what it does not set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Terms {
    /// Whom to tell: `critical`, `warning`, `escalation`, a name of the operator's own; `none`
    /// tells nobody.
    pub topic: String,
    /// Whom to tell when a critical one stays unresolved.
    pub escalate_topic: String,
    /// The severity of an alarm that names none.
    pub severity: String,
    /// Labels that make a group; `...` stands for all of them.
    pub group_by: Vec<String>,
    /// How long a new group without critical alarms gathers.
    pub group_wait: SignedDuration,
    /// Between messages about new members of a group.
    pub group_interval: SignedDuration,
    /// Between messages while nothing changes.
    pub repeat_interval: SignedDuration,
    /// How long a critical one may stay unresolved; zero: for ever.
    pub escalate_after: SignedDuration,
    /// The subject's template; none: the default.
    pub title: Option<String>,
    /// A text of the owner's above the default body.
    pub text: Option<String>,
    /// The runbook's address, with placeholders.
    pub runbook: Option<String>,
}

impl Terms {
    /// Whether nobody is told on purpose.
    pub fn tell_nobody(&self) -> bool {
        self.topic == NOBODY
    }

    /// Whether an alarm with these labels is critical: by its own severity, else by the route's.
    pub fn is_critical(&self, labels: &Labels) -> bool {
        let own = labels.get("severity");
        let severity = if own.is_empty() { self.severity.as_str() } else { own };
        severity == "critical"
    }
}

/// A node of the tree. Its terms are resolved: whatever it does not set it has from its parent.
#[derive(Debug, Clone)]
pub struct Route {
    /// The path of matchers from the root, such as `{}/{severity="critical"}`; `#2` ends that of
    /// the second of two equal siblings. Routes that come or go beside it do not change it.
    pub id: String,
    /// All must hold.
    pub matchers: Vec<Matcher>,
    /// Whether the siblings after it are asked as well.
    pub goes_on: bool,
    /// Under which terms.
    pub terms: Terms,
    /// Asked before the node itself.
    pub children: Vec<Route>,
}

impl Route {
    /// The routes that an alarm takes, in order: the deepest that match, else the node itself.
    pub fn find<'a>(&'a self, labels: &Labels) -> Vec<&'a Route> {
        if !all_match(&self.matchers, labels) {
            return Vec::new();
        }
        let mut found = Vec::new();
        for child in &self.children {
            let deeper = child.find(labels);
            let stop = !deeper.is_empty() && !child.goes_on;
            found.extend(deeper);
            if stop {
                break;
            }
        }
        if found.is_empty() { vec![self] } else { found }
    }

    /// This route and all below it, in the order of the document.
    pub fn all(&self) -> Vec<&Route> {
        std::iter::once(self).chain(self.children.iter().flat_map(Route::all)).collect()
    }
}

/// The whole of `[alarms]`.
#[derive(Debug, Clone)]
pub struct AlarmPolicy {
    /// The tree; the root matches everything.
    pub root: Route,
    /// Messages to one topic in a second, at most.
    pub max_per_second: u32,
    /// What silences what.
    pub inhibit: Vec<Rule>,
    /// This many changes within `flap_window` are flapping.
    pub flap_changes: u32,
    /// See `flap_changes`.
    pub flap_window: SignedDuration,
}

impl AlarmPolicy {
    /// Parses and checks the `[alarms]` of a TOML document, and nothing else of it. Without
    /// `[alarms]` the defaults hold.
    ///
    /// # Errors
    /// Every fault at once, each with its path: syntax (alone), unknown keys, wrong types and
    /// ranges, matchers that cannot be read, routes that cannot be reached.
    pub fn parse(document: &str) -> Result<Self, PolicyFaults> {
        let table: Table = document
            .parse()
            .map_err(|error: toml::de::Error| PolicyFaults(vec![error.to_string()]))?;
        let (mut faults, none) = (Faults::default(), Table::new());
        let alarms = match table.get("alarms") {
            None => &none,
            Some(Value::Table(alarms)) => alarms,
            Some(other) => {
                faults.add("alarms", format!("a table, got {other}"));
                &none
            }
        };
        let policy = read::read(alarms, &mut faults);
        if faults.0.is_empty() { Ok(policy) } else { Err(PolicyFaults(faults.0)) }
    }

    /// Every topic that is named, but for [`NOBODY`].
    pub fn topics(&self) -> BTreeSet<&str> {
        let routes = self.root.all().into_iter();
        let named = routes.flat_map(|r| [r.terms.topic.as_str(), r.terms.escalate_topic.as_str()]);
        named.filter(|topic| *topic != NOBODY).collect()
    }
}

impl Default for AlarmPolicy {
    /// What holds without `[alarms]`.
    fn default() -> Self {
        read::read(&Table::new(), &mut Faults::default())
    }
}

/// Parses and checks the whole of a document: the fleets and `[alarms]`.
///
/// # Errors
/// Every fault of both at once, none twice.
pub fn parse_whole(document: &str) -> Result<(Policy, AlarmPolicy), PolicyFaults> {
    match (Policy::parse(document), AlarmPolicy::parse(document)) {
        (Ok(policy), Ok(alarms)) => Ok((policy, alarms)),
        (policy, alarms) => {
            let mut faults = policy.err().map(|f| f.0).unwrap_or_default();
            let more = alarms.err().map(|f| f.0).unwrap_or_default();
            let new: Vec<String> = more.into_iter().filter(|f| !faults.contains(f)).collect();
            faults.extend(new);
            Err(PolicyFaults(faults))
        }
    }
}

#[cfg(test)]
mod tests;
