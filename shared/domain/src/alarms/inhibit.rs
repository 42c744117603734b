//! Inhibition: an alarm that explains others keeps them from being told.
//!
//! The meaning is Alertmanager's: a target waits while a source fires that has the same values
//! of `equal` (absent in both is the same); an alarm that is both waits for nobody who is both,
//! so that two region alarms do not silence each other and none silences itself.

use crate::alarms::event::digest;
use crate::alarms::labels::Labels;
use crate::alarms::matcher::{Matcher, all_match, canonical};
use std::collections::BTreeSet;
use std::fmt;

/// At the end of a key whose source is a target of the rule as well.
const BOTH: &str = "+";

/// One rule: while a source fires, targets with the same values of `equal` wait.
#[derive(Debug, Clone)]
pub struct Rule {
    /// What explains.
    pub source: Vec<Matcher>,
    /// What is explained.
    pub target: Vec<Matcher>,
    /// Labels whose values must be the same.
    pub equal: Vec<String>,
    /// Over its text: the same wherever it stands among the rules, so that keys that are kept
    /// mean no other rule after a change of the policy.
    id: String,
}

impl Rule {
    /// A rule.
    pub fn new(source: Vec<Matcher>, target: Vec<Matcher>, equal: Vec<String>) -> Self {
        let (from, to) = (canonical(&source), canonical(&target));
        let names = equal.iter().map(String::as_str);
        let parts: Vec<&str> = [from.as_str(), to.as_str()].into_iter().chain(names).collect();
        let id = digest(&parts).chars().take(8).collect();
        Self { source, target, equal, id }
    }

    /// Whether the alarm explains others under this rule.
    pub fn is_source(&self, labels: &Labels) -> bool {
        all_match(&self.source, labels)
    }

    /// Whether the alarm may be explained by others under this rule.
    pub fn is_target(&self, labels: &Labels) -> bool {
        all_match(&self.target, labels)
    }

    /// The same for alarms with the same values of `equal`.
    fn key(&self, labels: &Labels) -> String {
        let values: Vec<&str> = self.equal.iter().map(|name| labels.get(name)).collect();
        format!("{}:{}", self.id, digest(&values))
    }
}

impl fmt::Display for Rule {
    /// For people: what silences what.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (source, target) = (canonical(&self.source), canonical(&self.target));
        write!(f, "{source} silences {target}")?;
        if self.equal.is_empty() {
            return Ok(());
        }
        write!(f, " of the same {}", self.equal.join(", "))
    }
}

/// What a firing alarm explains: a key for each rule that it is a source of.
pub fn explains<'a>(rules: &'a [Rule], labels: &'a Labels) -> impl Iterator<Item = String> + 'a {
    rules.iter().filter(|rule| rule.is_source(labels)).map(|rule| {
        let both = if rule.is_target(labels) { BOTH } else { "" };
        format!("{}{both}", rule.key(labels))
    })
}

/// Whether one of `firing` (keys of [`explains`]) explains this alarm.
pub fn is_inhibited(rules: &[Rule], labels: &Labels, firing: &BTreeSet<String>) -> bool {
    if firing.is_empty() {
        return false;
    }
    let fires = |rule: &&Rule| {
        let first = firing.range(rule.id.clone()..).next();
        first.is_some_and(|key| key.starts_with(&rule.id))
    };
    rules.iter().filter(fires).filter(|rule| rule.is_target(labels)).any(|rule| {
        let key = rule.key(labels);
        firing.contains(&key)
            || (firing.contains(&format!("{key}{BOTH}")) && !rule.is_source(labels))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::alarms::matcher::parse_all;

    fn rule(source: &str, target: &str, equal: &[&str]) -> Rule {
        let equal = equal.iter().map(|name| (*name).to_owned()).collect();
        Rule::new(parse_all(source).unwrap(), parse_all(target).unwrap(), equal)
    }

    fn labels(text: &str) -> Labels {
        let pairs = text.split_whitespace().map(|pair| pair.split_once('=').unwrap());
        Labels(pairs.map(|(n, v)| (n.to_owned(), v.to_owned())).collect())
    }

    /// Whether the first alarm, firing, silences the second.
    fn silences(rules: &[Rule], source: &str, target: &str) -> bool {
        let firing = explains(rules, &labels(source)).collect();
        is_inhibited(rules, &labels(target), &firing)
    }

    #[test]
    fn critical_silences_the_rest_of_the_same_resource() {
        let rules = [rule("severity = critical", "severity != critical", &["resource"])];
        for (name, source, target, wanted) in [
            ("warning", "severity=critical resource=a", "severity=warning resource=a", true),
            ("no severity", "severity=critical resource=a", "resource=a", true),
            ("elsewhere", "severity=critical resource=a", "severity=warning resource=b", false),
            ("no source", "severity=warning resource=a", "severity=warning resource=a", false),
            ("another", "severity=critical resource=a", "severity=critical resource=a", false),
            ("absent in both", "severity=critical", "severity=warning", true),
            ("absent in one", "severity=critical", "severity=warning resource=a", false),
        ] {
            assert_eq!(silences(&rules, source, target), wanted, "{name}");
        }
    }

    #[test]
    fn one_that_is_source_and_target_waits_for_no_other_such() {
        let rules = [rule("alarm =~ .*region-down.*", "", &["region"])];
        for (name, source, target, wanted) in [
            ("others", "alarm=region-down region=a", "alarm=cpu region=a", true),
            ("itself", "alarm=region-down region=a", "alarm=region-down region=a", false),
            ("a second", "alarm=region-down-1 region=a", "alarm=region-down-2 region=a", false),
            ("elsewhere", "alarm=region-down region=a", "alarm=cpu region=b", false),
        ] {
            assert_eq!(silences(&rules, source, target), wanted, "{name}");
        }
    }

    /// As in Alertmanager: an alarm that is both is silenced by a source that is not.
    #[test]
    fn one_that_is_both_waits_for_a_source_that_is_not() {
        let rules = [rule("alarm =~ \"root|middle\"", "alarm =~ \"middle|leaf\"", &[])];
        for (source, target, wanted) in [
            ("alarm=root", "alarm=middle", true),
            ("alarm=root", "alarm=leaf", true),
            ("alarm=middle", "alarm=leaf", true),
            ("alarm=middle", "alarm=middle", false),
            ("alarm=middle", "alarm=root", false),
            ("alarm=leaf", "alarm=middle", false),
        ] {
            assert_eq!(silences(&rules, source, target), wanted, "{source} {target}");
        }
    }

    #[test]
    fn any_rule_is_enough_and_no_rule_is_none() {
        let rules = [
            rule("alarm = a", "alarm = b", &["region"]),
            rule("alarm = a", "alarm = c", &["region"]),
        ];
        assert!(silences(&rules, "alarm=a region=x", "alarm=b region=x"));
        assert!(silences(&rules, "alarm=a region=x", "alarm=c region=x"));
        assert!(!silences(&rules, "alarm=b region=x", "alarm=c region=x"));
        assert!(!silences(&[], "alarm=a region=x", "alarm=b region=x"));
        assert_eq!(explains(&rules, &labels("alarm=a")).count(), 2);
        assert_eq!(explains(&rules, &labels("alarm=b")).count(), 0);
    }

    /// Keys are kept with a group; a rule that moves keeps its own.
    #[test]
    fn a_kept_key_means_the_same_rule_wherever_it_stands() {
        let (first, second) = (rule("alarm = a", "", &[]), rule("alarm = b", "", &[]));
        let key = |rules: &[Rule]| explains(rules, &labels("alarm=b")).next().unwrap();
        let alone = key(std::slice::from_ref(&second));
        assert_eq!(alone, key(&[first.clone(), second.clone()]));
        let firing = explains(std::slice::from_ref(&first), &labels("alarm=a")).collect();
        assert!(!is_inhibited(&[second], &labels("alarm=c"), &firing));
    }

    #[test]
    fn a_rule_in_words() {
        let text = rule("severity = critical", "severity != critical", &["resource"]).to_string();
        let same = r#"{severity="critical"} silences {severity!="critical"} of the same resource"#;
        assert_eq!(text, same);
        assert_eq!(rule("alarm = a", "", &[]).to_string(), r#"{alarm="a"} silences {}"#);
    }
}
