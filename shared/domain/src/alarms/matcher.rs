//! Matchers on labels, in Alertmanager's syntax: `name = "value"`, `!=`, `=~`, `!~`.

use crate::alarms::labels::Labels;
use regex_lite::Regex;

/// One condition on one label. A regular expression matches the whole value.
#[derive(Debug, Clone)]
pub struct Matcher {
    /// The label.
    pub label: String,
    /// How it compares.
    pub operator: Operator,
    /// With what, as it was written.
    pub value: String,
    /// The compiled expression of `=~` and `!~`.
    pub(crate) regex: Option<Regex>,
}

/// How a matcher compares.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Operator {
    /// `=`
    Equal,
    /// `!=`
    NotEqual,
    /// `=~`
    Matches,
    /// `!~`
    MatchesNot,
}

/// Whether every matcher holds; no matcher always holds.
pub fn all_match(matchers: &[Matcher], labels: &Labels) -> bool {
    matchers.iter().all(|m| m.matches(labels))
}

impl Matcher {
    /// Whether the condition holds.
    pub fn matches(&self, labels: &Labels) -> bool {
        let value = labels.get(&self.label);
        let found = self.regex.as_ref().is_some_and(|regex| regex.is_match(value));
        match self.operator {
            Operator::Equal => value == self.value,
            Operator::NotEqual => value != self.value,
            Operator::Matches => found,
            Operator::MatchesNot => !found,
        }
    }
}
