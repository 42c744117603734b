//! The policy document's `[alarms]`: the route tree and its terms, typed and checked.

use crate::alarms::inhibit::Rule;
use crate::alarms::labels::Labels;
use crate::alarms::matcher::{Matcher, all_match};
use jiff::SignedDuration;

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

/// A node of the tree. Its terms are resolved: whatever it does not set it has from its parent.
#[derive(Debug, Clone)]
pub struct Route {
    /// The path of matchers from the root, the same after every parse of the same tree.
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
    /// Parse.
    ///
    /// # Errors
    /// faults
    pub fn parse(_: &str) -> Result<Self, crate::policy::PolicyFaults> {
        Err(crate::policy::PolicyFaults(vec![]))
    }
}
