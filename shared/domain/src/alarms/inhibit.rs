//! Inhibition: an alarm that explains others keeps them from being told.

use crate::alarms::labels::Labels;
use crate::alarms::matcher::{Matcher, all_match};
use std::collections::BTreeSet;

/// One rule: while a source fires, targets with the same values of `equal` wait.
#[derive(Debug, Clone)]
pub struct Rule {
    /// What explains.
    pub source: Vec<Matcher>,
    /// What is explained.
    pub target: Vec<Matcher>,
    /// Labels whose values must be the same.
    pub equal: Vec<String>,
}

impl Rule {
    fn key(&self, nth: usize, labels: &Labels) -> String {
        let values: Vec<&str> = self.equal.iter().map(|name| labels.get(name)).collect();
        format!("{nth}:{}", crate::alarms::event::digest(&values))
    }
}

/// What a firing alarm explains: a key for each rule that it is a source of.
pub fn explains<'a>(rules: &'a [Rule], labels: &'a Labels) -> impl Iterator<Item = String> + 'a {
    let sources = rules.iter().enumerate().filter(|(_, rule)| all_match(&rule.source, labels));
    sources.map(|(nth, rule)| rule.key(nth, labels))
}

/// Whether one of `firing` (keys of [`explains`]) explains this alarm. One that is itself a
/// source of a rule is never a target of it: two region alarms do not silence each other.
pub fn is_inhibited(rules: &[Rule], labels: &Labels, firing: &BTreeSet<String>) -> bool {
    rules.iter().enumerate().any(|(nth, rule)| {
        all_match(&rule.target, labels)
            && !all_match(&rule.source, labels)
            && firing.contains(&rule.key(nth, labels))
    })
}
