//! The router's part of the policy document: its defaults, inheritance, ids, and which way an
//! alarm takes.

mod faults;

use super::*;
use crate::policy::keys;
use std::collections::BTreeMap;

fn parse(alarms: &str) -> AlarmPolicy {
    AlarmPolicy::parse(alarms).unwrap_or_else(|faults| panic!("{faults}\n{alarms}"))
}

fn labels(text: &str) -> Labels {
    let pairs = text.split_whitespace().map(|pair| pair.split_once('=').unwrap());
    Labels(pairs.map(|(n, v)| (n.to_owned(), v.to_owned())).collect())
}

fn secs(n: i64) -> SignedDuration {
    SignedDuration::from_secs(n)
}

/// The ids of the routes that an alarm with these labels takes.
fn ways(policy: &AlarmPolicy, text: &str) -> Vec<String> {
    policy.root.find(&labels(text)).into_iter().map(|route| route.id.clone()).collect()
}

fn topics(policy: &AlarmPolicy, text: &str) -> Vec<String> {
    policy.root.find(&labels(text)).into_iter().map(|route| route.terms.topic.clone()).collect()
}

#[test]
fn the_defaults_are_sound() {
    let mut found = Faults::default();
    let policy = read::read(&Table::new(), &mut found);
    assert_eq!(found.0, Vec::<String>::new());
    assert_eq!(format!("{policy:?}"), format!("{:?}", AlarmPolicy::default()));
    for document in ["", "version = 1", "[alarms]", "alarms = {}", "[fleets.x]\nmin = 1"] {
        assert_eq!(format!("{:?}", parse(document)), format!("{policy:?}"), "{document}");
    }
    let terms = &policy.root.terms;
    assert_eq!((terms.topic.as_str(), terms.escalate_topic.as_str()), ("warning", "escalation"));
    assert_eq!((terms.severity.as_str(), &terms.group_by[..]), ("warning", &two_labels()[..]));
    assert_eq!((terms.group_wait, terms.group_interval), (secs(30), secs(300)));
    assert_eq!((terms.repeat_interval, terms.escalate_after), (secs(14_400), secs(900)));
    assert_eq!((&terms.title, &terms.text, &terms.runbook), (&None, &None, &None));
    assert_eq!((policy.max_per_second, policy.flap_changes), (5, 3));
    assert_eq!(policy.flap_window, secs(600));
}

fn two_labels() -> [String; 2] {
    ["fleet".to_owned(), "service".to_owned()]
}

#[test]
fn the_default_tree() {
    let policy = AlarmPolicy::default();
    for (alarm, topic) in [
        ("alarm=aira-web-5xx severity=critical", "critical"),
        ("alarm=aira-web-5xx severity=warning", "warning"),
        ("alarm=aira-web-5xx severity=info", "warning"),
        ("alarm=aira-web-5xx", "warning"),
        ("", "warning"),
        ("alarm=TargetTracking-aira-web-AlarmLow-1", "none"),
        ("alarm=TargetTracking-aira-web-AlarmLow-1 severity=critical", "none"),
        ("alarm=My-TargetTracking-x severity=critical", "critical"),
    ] {
        assert_eq!(topics(&policy, alarm), [topic], "{alarm}");
    }
    assert_eq!(policy.topics(), BTreeSet::from(["critical", "escalation", "warning"]));
    let rules: Vec<String> = policy.inhibit.iter().map(ToString::to_string).collect();
    assert_eq!(
        rules,
        [
            r#"{severity="critical"} silences {severity!="critical"} of the same resource"#,
            r#"{alarm=~".*region-down.*"} silences {} of the same region"#,
        ]
    );
}

#[test]
fn each_part_has_its_own_default() {
    let policy = parse("[alarms]\nroutes = []");
    assert!(policy.root.children.is_empty());
    assert_eq!(policy.inhibit.len(), 2);
    let policy = parse("[alarms]\ninhibit = []");
    assert_eq!(policy.root.children.len(), 2);
    assert!(policy.inhibit.is_empty());
}

const FULL: &str = r#"
[alarms]
topic = "team"
escalate_topic = "boss"
severity = "info"
group_by = ["region"]
group_wait_secs = 1
group_interval_secs = 2
repeat_interval_secs = 63
escalate_after_secs = 4
title = "{severity}: {alarm}"
text = "Text of {service}, {fleet}, {region}, {group}: {count}, {reason}"
runbook = "https://example.com/{alarm}"
max_per_second = 2
flap_changes = 5
flap_window_secs = 120

[[alarms.routes]]
match = { service = "db" }

[[alarms.routes]]
match = { service = "web" }
topic = "web-1"
group_by = ["..."]
group_wait_secs = 0
text = ""
[[alarms.routes.routes]]
match = { severity = "critical" }
escalate_topic = "web-boss"
severity = "critical"
group_by = []
group_interval_secs = 20
repeat_interval_secs = 600
escalate_after_secs = 0
title = "web"
runbook = ""
"#;

#[test]
fn every_key_is_read_and_inherited() {
    let policy = parse(FULL);
    let root = &policy.root.terms;
    let top = Terms {
        topic: "team".into(),
        escalate_topic: "boss".into(),
        severity: "info".into(),
        group_by: vec!["region".into()],
        group_wait: secs(1),
        group_interval: secs(2),
        repeat_interval: secs(63),
        escalate_after: secs(4),
        title: Some("{severity}: {alarm}".into()),
        text: Some("Text of {service}, {fleet}, {region}, {group}: {count}, {reason}".into()),
        runbook: Some("https://example.com/{alarm}".into()),
    };
    assert_eq!((root, &policy.root.children[0].terms), (&top, &top));
    let web = Terms {
        topic: "web-1".into(),
        group_by: vec!["...".into()],
        group_wait: secs(0),
        text: None,
        ..top
    };
    assert_eq!(policy.root.children[1].terms, web);
    let critical = Terms {
        escalate_topic: "web-boss".into(),
        severity: "critical".into(),
        group_by: Vec::new(),
        group_interval: secs(20),
        repeat_interval: secs(600),
        escalate_after: secs(0),
        title: Some("web".into()),
        runbook: None,
        ..web
    };
    assert_eq!(policy.root.children[1].children[0].terms, critical);
    assert_eq!((policy.max_per_second, policy.flap_changes), (2, 5));
    assert_eq!(policy.flap_window, secs(120));
    assert_eq!(policy.topics(), BTreeSet::from(["boss", "team", "web-1", "web-boss"]));
}

/// Every inheritable key stands in both sections, and every key of a route but its own three is
/// one.
#[test]
fn keys_of_routes_are_those_of_the_root() {
    let of = |section: &str| -> BTreeSet<&str> {
        keys::all().filter(|key| key.section == section).map(|key| key.name).collect()
    };
    let only_root =
        BTreeSet::from(["max_per_second", "flap_changes", "flap_window_secs", "inhibit"]);
    let only_routes = BTreeSet::from(["match", "continue"]);
    let (root, routes) = (of("alarms"), of("alarms.routes"));
    assert_eq!(root.difference(&routes).copied().collect::<BTreeSet<_>>(), only_root);
    assert_eq!(routes.difference(&root).copied().collect::<BTreeSet<_>>(), only_routes);
}

#[test]
fn forms_of_matchers() {
    for (text, id) in [
        (r#"{ severity = "critical" }"#, r#"{}/{severity="critical"}"#),
        (r#"{ severity = "critical", fleet = "web" }"#, r#"{}/{fleet="web", severity="critical"}"#),
        (
            r#"{ "dimension.LoadBalancer" = "app/web/1" }"#,
            r#"{}/{dimension.LoadBalancer="app/web/1"}"#,
        ),
        (
            r#"{ dimension.LoadBalancer = "app/web/1" }"#,
            r#"{}/{dimension.LoadBalancer="app/web/1"}"#,
        ),
        (r#"{ tag.a.b = "x" }"#, r#"{}/{tag.a.b="x"}"#),
        (r#"['severity = "critical"']"#, r#"{}/{severity="critical"}"#),
        (
            r#"['fleet != web', 'alarm =~ "a.*", kind !~ "b"']"#,
            r#"{}/{alarm=~"a.*", fleet!="web", kind!~"b"}"#,
        ),
        (r#"'fleet = web, severity = critical'"#, r#"{}/{fleet="web", severity="critical"}"#),
        (r#"'{fleet="web"}'"#, r#"{}/{fleet="web"}"#),
        ("{}", "{}/{}"),
        ("[]", "{}/{}"),
        ("''", "{}/{}"),
    ] {
        let policy = parse(&format!("[[alarms.routes]]\nmatch = {text}"));
        assert_eq!(policy.root.children[0].id, id, "{text}");
    }
}

const TREE: &str = r#"
[[alarms.routes]]
match = { service = "web" }
topic = "web"
  [[alarms.routes.routes]]
  match = { severity = "critical" }
  topic = "web-critical"
  continue = true
  [[alarms.routes.routes]]
  match = ['alarm =~ ".*-cpu-.*"']
  topic = "web-cpu"
[[alarms.routes]]
match = ['service =~ "db|cache"']
topic = "data"
continue = true
[[alarms.routes]]
match = ['service =~ "db|cache"']
topic = "audit"
[[alarms.routes]]
match = ['fleet = ""']
topic = "nofleet"
continue = true
"#;

/// Alertmanager's rules: depth first; a route's children before the route itself; the first
/// child that matches wins unless it says `continue`; no child: the route itself.
#[test]
fn which_way_an_alarm_takes() {
    let policy = parse(TREE);
    for (name, alarm, wanted) in [
        ("no child of web matches", "service=web fleet=f", vec!["web"]),
        (
            "the first child, and on to nobody",
            "service=web severity=critical",
            vec!["web-critical"],
        ),
        ("the second child", "service=web alarm=a-cpu-b", vec!["web-cpu"]),
        (
            "continue goes on among siblings",
            "service=web severity=critical alarm=a-cpu-b",
            vec!["web-critical", "web-cpu"],
        ),
        ("web has no continue: nofleet is not asked", "service=web", vec!["web"]),
        ("continue to an equal sibling, which ends it", "service=db", vec!["data", "audit"]),
        ("the last one continues to nothing", "service=x", vec!["nofleet"]),
        ("nothing matches: the root", "service=x fleet=f", vec!["warning"]),
        ("no labels at all", "", vec!["nofleet"]),
    ] {
        assert_eq!(topics(&policy, alarm), wanted, "{name}");
    }
}

#[test]
fn ids_are_paths() {
    let policy = parse(TREE);
    let ids: Vec<&str> = policy.root.all().into_iter().map(|route| route.id.as_str()).collect();
    assert_eq!(
        ids,
        [
            "{}",
            r#"{}/{service="web"}"#,
            r#"{}/{service="web"}/{severity="critical"}"#,
            r#"{}/{service="web"}/{alarm=~".*-cpu-.*"}"#,
            r#"{}/{service=~"db|cache"}"#,
            r#"{}/{service=~"db|cache"}#2"#,
            r#"{}/{fleet=""}"#,
        ]
    );
    let before = ways(&policy, "service=web severity=critical");
    let more = format!("[[alarms.routes]]\nmatch = {{ service = \"new\" }}\n{TREE}");
    assert_eq!(ways(&parse(&more), "service=web severity=critical"), before);
}

#[test]
fn every_id_is_there_once() {
    for document in [FULL, TREE, ""] {
        let policy = parse(document);
        let mut seen = BTreeMap::new();
        for route in policy.root.all() {
            assert!(seen.insert(&route.id, ()).is_none(), "{} twice", route.id);
        }
    }
}

/// What a route may have filled in is said where its keys are.
#[test]
fn the_key_of_a_title_names_every_placeholder() {
    let key = keys::all().find(|key| key.section == "alarms" && key.name == "title").unwrap();
    for name in PLACEHOLDERS {
        assert!(key.meaning.contains(&format!("`{{{name}}}`")), "{name}");
    }
}
