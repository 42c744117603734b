//! What is refused, with its path; and what is just within.

use super::*;

fn faults(alarms: &str) -> Vec<String> {
    AlarmPolicy::parse(alarms).expect_err(alarms).0
}

#[test]
fn every_fault_is_named_with_its_path() {
    let long = "x".repeat(1_001);
    let title = format!("[alarms]\ntitle = \"{long}\"");
    for (document, why) in [
        ("alarms = 1", "alarms: a table, got 1"),
        ("[alarms]\nroute = []", "alarms.route: unknown key; known: "),
        ("[alarms]\nroutes = 1", "alarms.routes: a list, got 1"),
        ("[alarms]\nroutes = [1]", "alarms.routes[0]: a table, got 1"),
        ("[alarms]\ninhibit = [1]", "alarms.inhibit[0]: a table, got 1"),
        ("[alarms]\ntopic = 1", "alarms.topic: text, got 1"),
        ("[alarms]\ntopic = \"\"", "alarms.topic: 1 to 60 lower-case letters"),
        ("[alarms]\ntopic = \"My Topic\"", "alarms.topic: 1 to 60 lower-case letters"),
        ("[alarms]\nescalate_topic = \"none\"", "alarms.escalate_topic: a topic; escalate_after"),
        ("[alarms]\nseverity = \"Warning\"", "alarms.severity: 1 to 60 lower-case letters"),
        ("[alarms]\ngroup_by = \"fleet\"", "alarms.group_by: a list, got"),
        ("[alarms]\ngroup_by = [\"flet\"]", "alarms.group_by[0]: unknown label \"flet\""),
        ("[alarms]\ngroup_by = [\"fleet\", \"...\"]", "alarms.group_by: \"...\" are all labels"),
        ("[alarms]\ngroup_by = [\"fleet\", \"fleet\"]", "alarms.group_by: \"fleet\" stands there"),
        ("[alarms]\ngroup_wait_secs = 3601", "alarms.group_wait_secs: a whole number from 0 to"),
        ("[alarms]\ngroup_interval_secs = 0", "alarms.group_interval_secs: a whole number from 1"),
        ("[alarms]\nrepeat_interval_secs = 59", "alarms.repeat_interval_secs: a whole number"),
        ("[alarms]\nescalate_after_secs = -1", "alarms.escalate_after_secs: a whole number"),
        ("[alarms]\nmax_per_second = 6", "alarms.max_per_second: a whole number from 1 to 5"),
        ("[alarms]\nflap_changes = 1", "alarms.flap_changes: a whole number from 2 to 12"),
        ("[alarms]\nflap_window_secs = 1", "alarms.flap_window_secs: a whole number from 60"),
        (title.as_str(), "alarms.title: at most 1000 characters, got 1001"),
        ("[alarms]\ntext = \"{alarm\"", "alarms.text: a { without its }"),
        ("[alarms]\ntext = \"{name}\"", "alarms.text: unknown placeholder {name}; known: {alarm}"),
        ("[alarms]\nrunbook = \"{ alarm }\"", "alarms.runbook: unknown placeholder { alarm }"),
        ("[[alarms.routes]]", "alarms.routes[0].match: missing"),
        ("[[alarms.routes]]\nmatch = 1", "alarms.routes[0].match: text, got 1"),
        ("[[alarms.routes]]\nmatch = [1]", "alarms.routes[0].match[0]: text, got 1"),
        ("[[alarms.routes]]\nmatch = ['x']", "alarms.routes[0].match[0]: one of = != =~ !~"),
        ("[[alarms.routes]]\nmatch = ['x = y']", "alarms.routes[0].match[0]: unknown label \"x\""),
        ("[[alarms.routes]]\nmatch = ['fleet =~ \"(\"']", "alarms.routes[0].match[0]: the regular"),
        ("[[alarms.routes]]\nmatch = { x = \"y\" }", "alarms.routes[0].match.x: unknown label"),
        ("[[alarms.routes]]\nmatch = { a.b = \"y\" }", "alarms.routes[0].match.a.b: unknown label"),
        ("[[alarms.routes]]\nmatch = { fleet = 1 }", "alarms.routes[0].match.fleet: text, got 1"),
        ("[[alarms.routes]]\nmatch = {}\nmax_per_second = 1", "routes[0].max_per_second: unknown"),
        ("[[alarms.routes]]\nmatch = {}\ncontinue = 1", "alarms.routes[0].continue: true or false"),
        (
            "[[alarms.routes]]\nmatch = {}\ngroup_wait_secs = -1",
            "routes[0].group_wait_secs: a whole",
        ),
        ("[[alarms.inhibit]]\ntarget = {}", "alarms.inhibit[0].source: missing"),
        ("[[alarms.inhibit]]\nsource = 'fleet = a'", "alarms.inhibit[0].target: missing"),
        ("[[alarms.inhibit]]\nsource = {}\ntarget = {}", "inhibit[0].source: at least one matcher"),
        (
            "[[alarms.inhibit]]\nsource = 'fleet = a'\ntarget = {}\nequal = ['x']",
            "alarms.inhibit[0].equal[0]: unknown label",
        ),
        (
            "[[alarms.inhibit]]\nsource = 'fleet = a'\ntarget = {}\nequal = ['fleet', 'fleet']",
            "alarms.inhibit[0].equal: \"fleet\" stands there twice",
        ),
        (
            "[[alarms.inhibit]]\nsource = 'fleet = a'\ntarget = {}\nequals = []",
            "alarms.inhibit[0].equals: unknown key; known: equal, source, target",
        ),
    ] {
        let found = faults(document);
        assert_eq!(found.len(), 1, "{document}: {found:?}");
        assert!(found[0].contains(why), "{why} in {}", found[0]);
    }
    assert!(faults("alarms = [")[0].contains("TOML parse error"));
}

#[test]
fn all_faults_come_at_once() {
    let document = "[alarms]\ntopic = 1\nx = 1\n[[alarms.routes]]\nmatch = ['y = z']\n\
        [[alarms.routes]]\nmatch = {}\ntopic = 1\n[[alarms.routes.routes]]\nmatch = 1\n\
        [[alarms.inhibit]]\nsource = {}\ntarget = {}";
    let found = faults(document).join("\n");
    for path in ["alarms.topic:", "alarms.x:", "routes[0].match[0]:", "routes[1].topic:"] {
        assert!(found.contains(path), "{path} in {found}");
    }
    for path in ["routes[1].routes[0].match:", "inhibit[0].source:"] {
        assert!(found.contains(path), "{path} in {found}");
    }
    assert_eq!(found.lines().count(), 6, "{found}");
}

/// A route that nothing can reach is a mistake in the order.
#[test]
fn routes_that_cannot_be_reached() {
    let tree = |routes: &[(&str, bool)]| -> String {
        let route = |(text, goes_on): &(&str, bool)| {
            format!("[[alarms.routes]]\nmatch = '{text}'\ncontinue = {goes_on}\n")
        };
        routes.iter().map(route).collect()
    };
    for (name, routes, reached) in [
        ("equal", [("fleet = a", false), ("fleet = a", false)], false),
        ("equal, other spelling", [("fleet=a", false), ("fleet = \"a\"", false)], false),
        ("equal, continue", [("fleet = a", true), ("fleet = a", false)], true),
        ("narrower after", [("fleet = a", false), ("fleet = a, kind = metric", false)], false),
        ("narrower before", [("fleet = a, kind = metric", false), ("fleet = a", false)], true),
        ("after everything", [("", false), ("fleet = a", false)], false),
        ("after everything, continue", [("", true), ("fleet = a", false)], true),
        ("another", [("fleet = a", false), ("fleet = b", false)], true),
        ("another operator", [("fleet = a", false), ("fleet != a", false)], true),
    ] {
        let parsed = AlarmPolicy::parse(&tree(&routes));
        assert_eq!(parsed.is_ok(), reached, "{name}: {parsed:?}");
        if let Err(found) = parsed {
            assert!(found.0[0].starts_with("alarms.routes[1].match: never reached"), "{found}");
        }
    }
}

fn nested(depth: usize) -> String {
    let route = |n: usize| format!("[[alarms{}]]\nmatch = {{}}\n", ".routes".repeat(n));
    (1..=depth).map(route).collect()
}

fn many(count: usize) -> String {
    (0..count).map(|n| format!("[[alarms.routes]]\nmatch = {{ fleet = \"f{n}\" }}\n")).collect()
}

fn rules(count: usize) -> String {
    let rule = |n| format!("[[alarms.inhibit]]\nsource = 'fleet = f{n}'\ntarget = {{}}\n");
    (0..count).map(rule).collect()
}

#[test]
fn the_tree_is_bounded() {
    let long = |n: usize| {
        let matchers = (0..n).map(|i| format!("'alarm !~ \"{i:0>90}\"'")).collect::<Vec<_>>();
        format!("[[alarms.routes]]\nmatch = [{}]", matchers.join(","))
    };
    for (document, why) in [
        (nested(8), None),
        (nested(9), Some("nested at most 8 deep")),
        (many(200), None),
        (many(201), Some("alarms.routes[200]: at most 200 routes")),
        (rules(50), None),
        (rules(51), Some("alarms.inhibit: at most 50 rules, got 51")),
        (long(10), None),
        (long(30), Some("at most 2000 bytes of matchers")),
        (format!("[alarms]\ntopic = \"{}\"", "x".repeat(60)), None),
        (format!("[alarms]\ntopic = \"{}\"", "x".repeat(61)), Some("1 to 60 lower-case")),
        (format!("[alarms]\ntext = \"{}\"", "한".repeat(1_000)), None),
    ] {
        let found = AlarmPolicy::parse(&document).err().map(|faults| faults.0.join("\n"));
        match (found, why) {
            (None, None) => {}
            (Some(found), Some(why)) => assert!(found.contains(why), "{why} in {found}"),
            (found, why) => panic!("{found:?} instead of {why:?}"),
        }
    }
}

#[test]
fn values_at_the_edges_of_their_ranges() {
    for text in [
        "group_wait_secs = 0",
        "group_wait_secs = 3600",
        "group_interval_secs = 1",
        "repeat_interval_secs = 60",
        "escalate_after_secs = 0",
        "max_per_second = 1",
        "flap_changes = 2",
        "flap_changes = 12",
        "flap_window_secs = 60",
        "topic = \"none\"",
        "topic = \"my-topic-2\"",
        "group_by = []",
        "group_by = [\"...\"]",
        "group_by = [\"tag.team\", \"dimension.LoadBalancer\"]",
        "title = \"a } alone\"",
    ] {
        parse(&format!("[alarms]\n{text}"));
    }
}

#[test]
fn a_whole_document_has_the_faults_of_both_once() {
    let both = |document: &str| parse_whole(document).unwrap_err().0;
    assert_eq!(both("version = [").len(), 1);
    let found = both("alarms = 1\nversion = 1\n[fleets.\"\"]");
    assert_eq!(found.len(), 2, "{found:?}");
    let found = both("version = 2\n[fleets]\n[alarms]\ntopic = 1");
    assert_eq!(found.len(), 3, "{found:?}");
}
