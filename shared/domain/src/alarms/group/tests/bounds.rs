//! What is told in parts, what is only counted, what makes a group.

use super::*;

#[test]
fn only_what_was_named_counts_as_told() {
    let mut s = Story::begin();
    s.at(0).fires("c-1").fires("c-2").fires("w-1");
    let verdict = s.verdict();
    let named: BTreeSet<Fingerprint> = s
        .members
        .iter()
        .filter(|(_, m)| m.event.id.name == "c-1")
        .map(|(f, _)| f.clone())
        .collect();
    let next = verdict.confirmed(&named);
    assert_eq!((next.told.len(), next.goes_on), (2, true));
    s.state = next;
    assert_eq!(s.told(), ["NewAlertsInGroup critical: c-2* c-1 w-1 /  / "], "at once");
}

#[test]
fn a_group_is_followed_up_to_a_bound() {
    let mut s = Story::begin();
    for nth in 0..7_000 {
        s.at(0).fires(&format!("w-{nth}"));
    }
    s.at(30);
    let verdict = s.verdict();
    let counts = verdict.bulletin.as_ref().unwrap().counts;
    assert_eq!((counts.firing, counts.new), (7_000, 7_000), "counted exactly");
    assert_eq!(verdict.next.told.len(), 6_000);
    assert!(serde_json::to_string(&verdict.next).unwrap().len() < 300 * 1024);
    s.state = verdict.next;
    assert_eq!(s.at(330).told(), ["NothingNew"], "no message for what is not followed");
    assert_eq!(s.at(400).fires("c-1").told().len(), 1, "critical ones have room of their own");
}

#[test]
fn groups_by_labels() {
    let labels = Labels(
        [("fleet", "aira-web"), ("service", ""), ("alarm", "a")]
            .map(|(n, v)| (n.to_owned(), v.to_owned()))
            .into(),
    );
    let by = |names: &[&str]| {
        let names: Vec<String> = names.iter().map(|n| (*n).to_owned()).collect();
        GroupKey::of("{}", &names, &labels).labels.0.into_keys().collect::<Vec<_>>()
    };
    assert_eq!(by(&["fleet", "service", "region"]), ["fleet"], "an absent one is an empty one");
    assert_eq!(by(&["..."]), ["alarm", "fleet"]);
    assert_eq!(by(&[]), Vec::<String>::new());
    let key = |route: &str| GroupKey::of(route, &["fleet".to_owned()], &labels);
    assert_ne!(GroupId::of(&key("a")), GroupId::of(&key("b")));
    assert_eq!(GroupId::of(&key("a")), GroupId::of(&key("a")));
}
