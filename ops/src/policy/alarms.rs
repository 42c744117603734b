//! The router's part of a document: what it means, and what differs between two.

use crate::words::{labelled, span, visible};
use std::collections::BTreeMap;
use tidegate_domain::alarms::matcher::canonical;
use tidegate_domain::alarms::policy::{AlarmPolicy, NOBODY, Route, Terms};

/// The labels' column.
const INDENT: usize = 12;

/// What the tree means, in words.
pub fn words(policy: &AlarmPolicy) -> String {
    let mut out = "\nalarms\n".to_owned();
    let mut line = |label: &str, text: &str| {
        out.push_str(&labelled(&format!("  {label}"), INDENT, &visible(text)));
    };
    let terms = &policy.root.terms;
    line("told", &pace(terms));
    line("grouped", &grouped(terms));
    for rule in &policy.inhibit {
        line("quiet", &rule.to_string());
    }
    let window = span(policy.flap_window);
    let (most, changes) = (policy.max_per_second, policy.flap_changes);
    let limits = format!(
        "at most {most} messages a second to a topic; {changes} changes within {window} are flapping"
    );
    line("limits", &limits);
    out.push_str("  routes\n");
    routes(&policy.root, None, 0, &mut out);
    out
}

fn pace(terms: &Terms) -> String {
    let (wait, interval) = (span(terms.group_wait), span(terms.group_interval));
    let (repeat, severity) = (span(terms.repeat_interval), &terms.severity);
    let escalation = match (terms.escalate_after, &terms.escalate_topic) {
        (after, _) if after.is_zero() => "nothing is escalated".to_owned(),
        (after, topic) => format!("{topic} is told of a critical one after {}", span(after)),
    };
    format!(
        "a new group after {wait} (critical at once), new alarms of it after {interval}, again \
         after {repeat}; {escalation}; without a severity an alarm is {severity}"
    )
}

fn grouped(terms: &Terms) -> String {
    match terms.group_by.as_slice() {
        [] => "all alarms of a route".to_owned(),
        [all] if all == "..." => "each alarm by itself".to_owned(),
        labels => format!("by {}", labels.join(", ")),
    }
}

/// The tree, each route with what it has of its own.
fn routes(route: &Route, parent: Option<&Terms>, depth: usize, out: &mut String) {
    let topic = match route.terms.topic.as_str() {
        NOBODY => "nobody",
        topic => topic,
    };
    let mut own = parent.map(|parent| own(route, parent)).unwrap_or_default();
    own.remove("topic");
    let own: String = own.iter().map(|(key, value)| format!("; {key} {value}")).collect();
    let (indent, matchers) = (4 + depth * 2, canonical(&route.matchers));
    let text = visible(&format!("{matchers} -> {topic}{own}"));
    out.push_str(&format!("{:indent$}{text}\n", ""));
    route.children.iter().for_each(|child| routes(child, Some(&route.terms), depth + 1, out));
}

/// What a route has of its own, by key.
fn own(route: &Route, parent: &Terms) -> BTreeMap<&'static str, String> {
    let (terms, before) = (values(&route.terms), values(parent));
    let differing = terms.into_iter().zip(before).filter(|(own, parent)| own.1 != parent.1);
    let mut own: BTreeMap<&str, String> = differing.map(|(own, _)| own).collect();
    if route.goes_on {
        own.insert("continue", "true".to_owned());
    }
    own
}

/// Every term with its key, as people read it.
fn values(terms: &Terms) -> [(&'static str, String); 11] {
    let template = |text: &Option<String>| format!("{:?}", text.as_deref().unwrap_or_default());
    [
        ("topic", terms.topic.clone()),
        ("escalate_topic", terms.escalate_topic.clone()),
        ("severity", terms.severity.clone()),
        ("group_by", format!("[{}]", terms.group_by.join(", "))),
        ("group_wait", span(terms.group_wait)),
        ("group_interval", span(terms.group_interval)),
        ("repeat_interval", span(terms.repeat_interval)),
        ("escalate_after", span(terms.escalate_after)),
        ("title", template(&terms.title)),
        ("text", template(&terms.text)),
        ("runbook", template(&terms.runbook)),
    ]
}

/// A line for each route and rule that differs: `+` new, `-` gone, `~` changed. What routes
/// only inherit has no line of its own. The built-in ones count as if they stood there.
pub fn changes(old: &AlarmPolicy, new: &AlarmPolicy) -> Vec<String> {
    let (before, after) = (routes_by_id(old), routes_by_id(new));
    let mut lines = Vec::new();
    for (id, own) in &before {
        match after.get(id) {
            None => lines.push(format!("- alarms.routes {id}: {}", told(own))),
            Some(now) => lines.extend(changed(id, own, now)),
        }
    }
    let added = after.iter().filter(|(id, _)| !before.contains_key(*id));
    lines.extend(added.map(|(id, own)| format!("+ alarms.routes {id}: {}", told(own))));
    lines.extend(reordered(&old.root, &new.root));
    let rules = |policy: &AlarmPolicy| -> Vec<String> {
        policy.inhibit.iter().map(ToString::to_string).collect()
    };
    let (before, after) = (rules(old), rules(new));
    let gone = before.iter().filter(|rule| !after.contains(rule));
    lines.extend(gone.map(|rule| format!("- alarms.inhibit {rule}")));
    let added = after.iter().filter(|rule| !before.contains(rule));
    lines.extend(added.map(|rule| format!("+ alarms.inhibit {rule}")));
    lines
}

type Own = BTreeMap<&'static str, String>;

/// The routes below the root, with what each has of its own.
fn routes_by_id(policy: &AlarmPolicy) -> BTreeMap<String, Own> {
    fn below(route: &Route, found: &mut BTreeMap<String, Own>) {
        for child in &route.children {
            found.insert(child.id.clone(), own(child, &route.terms));
            below(child, found);
        }
    }
    let mut found = BTreeMap::new();
    below(&policy.root, &mut found);
    found
}

fn told(own: &Own) -> String {
    if own.is_empty() {
        return "as its parent".to_owned();
    }
    own.iter().map(|(key, value)| format!("{key} {value}")).collect::<Vec<_>>().join(", ")
}

fn changed(id: &str, before: &Own, after: &Own) -> Vec<String> {
    let of = |own: &Own, key: &str| own.get(key).map_or("the parent's", String::as_str).to_owned();
    let keys: std::collections::BTreeSet<_> = before.keys().chain(after.keys()).collect();
    let differing = keys.into_iter().filter(|key| before.get(*key) != after.get(*key));
    differing
        .map(|key| format!("~ alarms.routes {id}: {key} {} -> {}", of(before, key), of(after, key)))
        .collect()
}

/// The first that matches wins, so the order counts: of those siblings that stand in both.
fn reordered(old: &Route, new: &Route) -> Vec<String> {
    let names = |route: &Route, other: &Route| -> Vec<String> {
        let stays = |child: &&Route| other.children.iter().any(|twin| twin.id == child.id);
        route.children.iter().filter(stays).map(|child| canonical(&child.matchers)).collect()
    };
    let (before, after) = (names(old, new), names(new, old));
    let mut lines = Vec::new();
    if before != after {
        lines.push(format!("~ alarms.routes {}: the order is now {}", new.id, after.join(", ")));
    }
    for child in &new.children {
        let twin = old.children.iter().find(|twin| twin.id == child.id);
        lines.extend(twin.map(|twin| reordered(twin, child)).unwrap_or_default());
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(document: &str) -> AlarmPolicy {
        AlarmPolicy::parse(document).unwrap()
    }

    const TREE: &str = "[alarms]\ninhibit = []\n\
        [[alarms.routes]]\nmatch = { fleet = 'a' }\ntopic = 'a'\n\
        [[alarms.routes]]\nmatch = { fleet = 'b' }\ntopic = 'b'\ngroup_wait_secs = 10\n\
        [[alarms.routes.routes]]\nmatch = { severity = 'critical' }\ncontinue = true\n";

    #[test]
    fn each_route_that_differs_has_a_line() {
        for (name, new, expected) in [
            ("nothing", TREE.to_owned(), vec![]),
            ("layout", TREE.replace("match = { fleet = 'a' }", "match = ['fleet=a'] #"), vec![]),
            (
                "topic",
                TREE.replace("topic = 'a'", "topic = 'c'"),
                vec![r#"~ alarms.routes {}/{fleet="a"}: topic a -> c"#],
            ),
            (
                "inherited again",
                TREE.replace("group_wait_secs = 10", ""),
                vec![r#"~ alarms.routes {}/{fleet="b"}: group_wait 10 s -> the parent's"#],
            ),
            // The document's own keys are compared elsewhere; routes that inherit have no line.
            (
                "root",
                TREE.replace("inhibit = []", "inhibit = []\nrepeat_interval_secs = 60"),
                vec![],
            ),
            (
                "another matcher",
                TREE.replace("fleet = 'a'", "fleet = 'x'"),
                vec![
                    r#"- alarms.routes {}/{fleet="a"}: topic a"#,
                    r#"+ alarms.routes {}/{fleet="x"}: topic a"#,
                ],
            ),
            (
                "one more",
                format!("{TREE}[[alarms.routes]]\nmatch = {{}}\n"),
                vec!["+ alarms.routes {}/{}: as its parent"],
            ),
            (
                "nested",
                TREE.replace("continue = true", "severity = 'info'"),
                vec![
                    r#"~ alarms.routes {}/{fleet="b"}/{severity="critical"}: continue true -> the parent's"#,
                    r#"~ alarms.routes {}/{fleet="b"}/{severity="critical"}: severity the parent's -> info"#,
                ],
            ),
            (
                "a rule",
                TREE.replace("inhibit = []", "inhibit = [{ source = 'fleet=a', target = {} }]"),
                vec![r#"+ alarms.inhibit {fleet="a"} silences {}"#],
            ),
        ] {
            assert_eq!(changes(&parse(TREE), &parse(&new)), expected, "{name}");
        }
    }

    #[test]
    fn another_order_is_another_tree() {
        let one = "[[alarms.routes]]\nmatch = { fleet = 'a' }\n";
        let two = "[[alarms.routes]]\nmatch = { fleet = 'b' }\n";
        let lines = changes(&parse(&format!("{one}{two}")), &parse(&format!("{two}{one}")));
        assert_eq!(lines, [r#"~ alarms.routes {}: the order is now {fleet="b"}, {fleet="a"}"#]);
    }

    #[test]
    fn what_is_built_in_goes_when_routes_are_given() {
        let lines = changes(&AlarmPolicy::default(), &parse("[alarms]\nroutes = []"));
        assert_eq!(
            lines,
            [
                r#"- alarms.routes {}/{alarm=~"TargetTracking-.*"}: topic none"#,
                r#"- alarms.routes {}/{severity="critical"}: topic critical"#,
            ]
        );
    }

    #[test]
    fn the_tree_in_words() {
        let text = words(&parse(TREE));
        for line in [
            "\n  told      a new group after 30 s (critical at once), new alarms of it after 5 min,",
            "\n  grouped   by fleet, service\n",
            "\n  limits    at most 5 messages a second to a topic; 3 changes within 10 min",
            "\n    {} -> warning\n      {fleet=\"a\"} -> a\n      {fleet=\"b\"} -> b; group_wait 10 s\n",
            "\n        {severity=\"critical\"} -> b; continue true\n",
        ] {
            assert!(text.contains(line), "{line}{text}");
        }
        let text = words(&AlarmPolicy::default());
        assert!(text.contains("{alarm=~\"TargetTracking-.*\"} -> nobody\n"), "{text}");
        assert!(text.contains("\n  quiet     {severity=\"critical\"} silences"), "{text}");
    }
}
