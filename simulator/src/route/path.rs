//! An alarm's way through the tree, with what each route that was asked said.

use serde::Serialize;
use tidegate_domain::alarms::labels::Labels;
use tidegate_domain::alarms::matcher::{Matcher, canonical};
use tidegate_domain::alarms::policy::Route;

/// A route that was asked, or would have been.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Node {
    /// The route's id.
    pub route: String,
    /// How deep it stands; the root is at 0.
    pub depth: usize,
    /// Its matchers.
    pub matchers: String,
    /// Whether the next sibling is asked as well.
    pub goes_on: bool,
    /// What came of it.
    pub met: Met,
}

/// What came of asking a route.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Met {
    /// The alarm takes it: it matches, and none of its children does.
    Taken,
    /// It matches, and a child takes the alarm.
    Passed,
    /// A matcher does not hold.
    Refused {
        /// The first such, and what the label is.
        because: String,
    },
    /// A sibling before it took the alarm, without `continue`.
    NotAsked,
}

/// The tree as far as it was asked, in the document's order. The routes that are taken are
/// those of [`Route::find`].
pub fn walk(root: &Route, labels: &Labels) -> Vec<Node> {
    let mut path = Vec::new();
    visit(root, labels, 0, &mut path);
    path
}

/// Whether the route or one below it takes the alarm.
fn visit(route: &Route, labels: &Labels, depth: usize, path: &mut Vec<Node>) -> bool {
    let at = path.len();
    path.push(node(route, depth, Met::Taken));
    if let Some(matcher) = route.matchers.iter().find(|m| !m.matches(labels)) {
        set(path, at, Met::Refused { because: because(matcher, labels) });
        return false;
    }
    let (mut below, mut ended) = (false, false);
    for child in &route.children {
        if ended {
            path.push(node(child, depth + 1, Met::NotAsked));
            continue;
        }
        let takes = visit(child, labels, depth + 1, path);
        below |= takes;
        ended = takes && !child.goes_on;
    }
    if below {
        set(path, at, Met::Passed);
    }
    true
}

fn node(route: &Route, depth: usize, met: Met) -> Node {
    let matchers = canonical(&route.matchers);
    Node { route: route.id.clone(), depth, matchers, goes_on: route.goes_on, met }
}

fn set(path: &mut [Node], at: usize, met: Met) {
    if let Some(node) = path.get_mut(at) {
        node.met = met;
    }
}

fn because(matcher: &Matcher, labels: &Labels) -> String {
    match labels.get(&matcher.label) {
        "" => format!("{} is absent", matcher.label),
        value => format!("{} is {value:?}", matcher.label),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tidegate_domain::alarms::policy::AlarmPolicy;

    const TREE: &str = r#"
        [[alarms.routes]]
        match = { service = "web" }
        [[alarms.routes.routes]]
        match = { severity = "critical" }
        continue = true
        [[alarms.routes.routes]]
        match = ['alarm =~ "cpu-.*"']
        [[alarms.routes.routes]]
        match = {}
        [[alarms.routes]]
        match = { fleet = "f" }
    "#;

    fn labels(text: &str) -> Labels {
        let pairs = text.split_whitespace().filter_map(|pair| pair.split_once('='));
        Labels(pairs.map(|(n, v)| (n.to_owned(), v.to_owned())).collect())
    }

    fn told(text: &str) -> Vec<String> {
        let policy = AlarmPolicy::parse(TREE).unwrap();
        let path = walk(&policy.root, &labels(text)).into_iter();
        let told = path.map(|node| match node.met {
            Met::Taken => format!("{} taken", node.matchers),
            Met::Passed => format!("{} passed", node.matchers),
            Met::Refused { because } => format!("{} refused: {because}", node.matchers),
            Met::NotAsked => format!("{} not asked", node.matchers),
        });
        told.collect()
    }

    #[test]
    fn what_each_route_said() {
        assert_eq!(
            told("service=web severity=critical alarm=cpu-1"),
            [
                "{} passed",
                r#"{service="web"} passed"#,
                r#"{severity="critical"} taken"#,
                r#"{alarm=~"cpu-.*"} taken"#,
                "{} not asked",
                r#"{fleet="f"} not asked"#,
            ]
        );
        assert_eq!(
            told("service=db"),
            [
                "{} taken",
                r#"{service="web"} refused: service is "db""#,
                r#"{fleet="f"} refused: fleet is absent"#,
            ]
        );
    }

    /// The walk shows what the router does.
    #[test]
    fn what_is_taken_is_what_the_router_finds() {
        let policy = AlarmPolicy::parse(TREE).unwrap();
        for service in ["", "service=web ", "service=db "] {
            for severity in ["", "severity=critical "] {
                for rest in ["", "alarm=cpu-1", "fleet=f", "alarm=cpu-2 fleet=f"] {
                    let labels = labels(&format!("{service}{severity}{rest}"));
                    let walked = walk(&policy.root, &labels).into_iter();
                    let taken = walked.filter(|n| n.met == Met::Taken).map(|n| n.route);
                    let found = policy.root.find(&labels).into_iter().map(|r| r.id.clone());
                    let (mut taken, mut found): (Vec<_>, Vec<_>) =
                        (taken.collect(), found.collect());
                    taken.sort();
                    found.sort();
                    assert_eq!(taken, found, "{labels:?}");
                }
            }
        }
    }
}
