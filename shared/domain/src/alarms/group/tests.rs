//! Each reason in a table, whole incidents as stories with a clock of their own.

use super::*;
use crate::alarms::event::{AlarmEvent, AlarmId, Kind, State};
use crate::alarms::inhibit::Rule;
use crate::alarms::matcher::{Matcher, Operator};
use crate::alarms::member::{Taken, take};
use crate::alarms::policy::Route;
use jiff::SignedDuration;

fn at(secs: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + secs).unwrap()
}

fn secs(n: i64) -> SignedDuration {
    SignedDuration::from_secs(n)
}

fn terms() -> Terms {
    Terms {
        topic: "critical".to_owned(),
        escalate_topic: "escalation".to_owned(),
        severity: "warning".to_owned(),
        group_by: vec!["fleet".to_owned()],
        group_wait: secs(30),
        group_interval: secs(300),
        repeat_interval: secs(14_400),
        escalate_after: secs(900),
        title: None,
        text: None,
        runbook: None,
    }
}

fn is(label: &str, value: &str) -> Matcher {
    let (label, value) = (label.to_owned(), value.to_owned());
    Matcher { label, operator: Operator::Equal, value, regex: None }
}

fn policy() -> AlarmPolicy {
    let root = Route {
        id: "{}".to_owned(),
        matchers: Vec::new(),
        goes_on: false,
        terms: terms(),
        children: Vec::new(),
    };
    let critical_first = Rule::new(
        vec![is("severity", "critical")],
        vec![is("severity", "warning")],
        vec!["resource".to_owned()],
    );
    AlarmPolicy {
        root,
        max_per_second: 5,
        inhibit: vec![critical_first],
        flap_changes: 3,
        flap_window: secs(600),
    }
}

fn event(name: &str, state: State, secs: i64) -> AlarmEvent {
    let arn = format!("arn:aws:cloudwatch:ap-northeast-2:000000000000:alarm:{name}");
    AlarmEvent {
        id: AlarmId { arn, name: name.to_owned(), contributor: None },
        account: "000000000000".to_owned(),
        region: "ap-northeast-2".to_owned(),
        kind: Kind::Metric,
        state,
        state_at: at(secs),
        reason: "Threshold Crossed".to_owned(),
        description: String::new(),
        value: None,
        threshold: None,
        comparison: None,
        metric: None,
        attributes: BTreeMap::new(),
        rule: None,
        suppressed_by: None,
        tags: None,
    }
}

/// `c-…` is critical; the resource is what stands after the `@`.
fn labels(name: &str) -> Labels {
    let severity = if name.starts_with("c-") { "critical" } else { "warning" };
    let resource = name.split_once('@').map_or(name, |(_, resource)| resource);
    let pairs = [("severity", severity), ("resource", resource), ("alarm", name)];
    Labels(pairs.map(|(n, v)| (n.to_owned(), v.to_owned())).into())
}

/// A group, what is known of its alarms, and a clock.
struct Story {
    policy: AlarmPolicy,
    terms: Terms,
    state: GroupState,
    members: BTreeMap<Fingerprint, Member>,
    silences: Vec<Muting>,
    explained: BTreeSet<String>,
    plans: BTreeMap<Fingerprint, Plan>,
    clock: i64,
}

impl Story {
    fn begin() -> Self {
        let key = GroupKey { route: "{}".to_owned(), labels: Labels::default() };
        Self {
            policy: policy(),
            terms: terms(),
            state: GroupState::new(key),
            members: BTreeMap::new(),
            silences: Vec::new(),
            explained: BTreeSet::new(),
            plans: BTreeMap::new(),
            clock: 0,
        }
    }

    fn at(&mut self, clock: i64) -> &mut Self {
        self.clock = clock;
        self
    }

    fn takes(&mut self, event: AlarmEvent) -> &mut Self {
        let fingerprint = event.id.fingerprint();
        let labels = labels(&event.id.name);
        let known = self.members.get(&fingerprint);
        if let Taken::Keep(member) = take(known, event, labels, at(self.clock)) {
            self.members.insert(fingerprint, *member);
        }
        self
    }

    fn fires(&mut self, name: &str) -> &mut Self {
        self.takes(event(name, State::Alarm, self.clock))
    }

    fn ends(&mut self, name: &str) -> &mut Self {
        self.takes(event(name, State::Ok, self.clock))
    }

    fn verdict(&self) -> Verdict {
        let members: Vec<Member> = self.members.values().cloned().collect();
        let around = Surroundings {
            policy: &self.policy,
            terms: &self.terms,
            silences: &self.silences,
            explained: &self.explained,
            plans: &self.plans,
            now: at(self.clock),
        };
        decide(&self.state, &members, &around)
    }

    /// Everything that is told now, as `REASON topic: firing / resolved / flapping`; the reason
    /// alone when nothing is.
    fn told(&mut self) -> Vec<String> {
        let mut told = Vec::new();
        for _ in 0..20 {
            let verdict = self.verdict();
            let Some(bulletin) = &verdict.bulletin else {
                if told.is_empty() {
                    told.push(verdict.why.to_string());
                }
                return told;
            };
            let names = |listed: &[Listed]| {
                let name = |l: &Listed| {
                    let mark = if l.is_new { "*" } else { "" };
                    format!("{}{mark}", l.member.event.id.name)
                };
                listed.iter().map(name).collect::<Vec<_>>().join(" ")
            };
            told.push(format!(
                "{} {}: {} / {} / {}",
                verdict.why,
                bulletin.topic,
                names(&bulletin.firing),
                names(&bulletin.resolved),
                names(&bulletin.flapping)
            ));
            self.state = verdict.next.clone();
        }
        panic!("it never ends: {told:?}");
    }

    /// In how many seconds the group is looked at again.
    fn due(&self) -> Option<i64> {
        self.verdict().due.map(|due| due.duration_since(at(self.clock)).as_secs())
    }
}

#[test]
fn a_whole_incident() {
    let mut s = Story::begin();
    assert_eq!(s.at(0).fires("c-latency").told(), ["FirstNotification critical: c-latency* /  / "]);
    assert_eq!(s.due(), Some(900), "the escalation is next");
    assert_eq!(s.at(60).fires("w-queue").told(), ["Waiting"]);
    assert_eq!(s.due(), Some(240));
    assert_eq!(s.at(299).told(), ["Waiting"]);
    let joined = ["NewAlertsInGroup critical: c-latency w-queue* /  / "];
    assert_eq!(s.at(300).told(), joined);
    assert_eq!(s.told(), ["NothingNew"]);
    let escalated = ["Escalated escalation: c-latency w-queue /  / "];
    assert_eq!(s.at(900).told(), escalated, "to the next topic, once");
    assert_eq!(s.at(14_699).told(), ["NothingNew"]);
    let repeated = ["RepeatIntervalElapsed critical: c-latency w-queue /  / "];
    assert_eq!(s.at(14_700).told(), repeated);
    assert_eq!(s.at(15_000).ends("w-queue").told(), ["NothingNew"], "told with the next message");
    assert_eq!(s.at(15_100).ends("c-latency").told(), ["Waiting"]);
    assert_eq!(s.due(), Some(30));
    let over = [
        "AllResolved escalation:  / c-latency w-queue / ",
        "AllResolved critical:  / c-latency w-queue / ",
    ];
    let mut ended = s.at(15_130).told();
    ended
        .iter_mut()
        .for_each(|line| *line = line.replace("w-queue c-latency", "c-latency w-queue"));
    assert_eq!(ended, over, "first who was told last");
    assert_eq!((s.told(), s.due()), (vec!["NothingNew".to_owned()], None));
    assert_eq!(s.state.incident, 1, "the next incident has a thread of its own");
}

#[test]
fn a_group_without_critical_alarms_gathers_first() {
    let mut s = Story::begin();
    assert_eq!(s.at(0).fires("w-disk").told(), ["Waiting"]);
    assert_eq!(s.due(), Some(30));
    assert_eq!(s.at(20).fires("w-queue").told(), ["Waiting"]);
    assert_eq!(s.at(30).told().len(), 1, "both in one");
    assert_eq!(s.state.told.len(), 2);
    let mut s = Story::begin();
    s.at(0).fires("w-disk");
    assert_eq!(s.at(10).fires("c-down").told().len(), 1, "a critical one ends the wait");
    let mut s = Story::begin();
    s.at(0).fires("w-blip");
    assert_eq!(s.at(20).ends("w-blip").told(), ["NothingNew"], "over before anybody was told");
    assert_eq!(s.due(), None);
}

#[test]
fn new_critical_ones_do_not_wait_for_the_interval() {
    let mut s = Story::begin();
    s.at(0).fires("c-1").told();
    assert_eq!(s.at(4).fires("c-2").told(), ["Waiting"]);
    assert_eq!(s.due(), Some(6));
    assert_eq!(s.at(10).told(), ["NewAlertsInGroup critical: c-2* c-1 /  / "]);
    let mut s = Story::begin();
    s.at(0).fires("w-1");
    s.at(30).told();
    s.at(60).fires("w-1");
    let worse = Member { labels: labels("c-1"), ..s.members.values().next().unwrap().clone() };
    s.members.insert(worse.fingerprint(), worse);
    assert_eq!(s.told(), ["NewAlertsInGroup critical: w-1* /  / "], "it became critical");
}

#[test]
fn more_critical_alarms_than_a_message_names_go_on_in_the_next() {
    let mut s = Story::begin();
    for nth in 0..620 {
        s.at(0).fires(&format!("c-{nth:03}"));
    }
    s.fires("w-1");
    let told = s.told();
    let named = |line: &String| line.matches("c-").count();
    assert_eq!(told.iter().map(named).sum::<usize>() - told.len(), 250 + 400 + 400 - 3, "{told:?}");
    assert_eq!(told.len(), 3);
    assert_eq!(s.state.told.len(), 621, "every one was named once");
    assert_eq!(s.told(), ["NothingNew"]);
}

#[test]
fn an_order_of_events_that_is_mixed_up_changes_nothing() {
    let ok = |secs| event("c-1", State::Ok, secs);
    let alarm = |secs| event("c-1", State::Alarm, secs);
    for (name, events, open) in [
        ("in order", vec![alarm(10), ok(20)], false),
        ("the OK first", vec![ok(20), alarm(10)], false),
        ("an old OK closes nothing", vec![alarm(20), ok(10)], true),
        ("twice", vec![alarm(10), alarm(10)], true),
        ("no data is no end", vec![alarm(10), event("c-1", State::InsufficientData, 20)], true),
        ("no data is no beginning", vec![event("c-1", State::InsufficientData, 20)], false),
        ("an unknown state is told", vec![event("c-1", State::Other("PANIC".into()), 5)], true),
        ("at one time the alarm counts", vec![ok(10), alarm(10)], true),
        ("in either order", vec![alarm(10), ok(10)], true),
    ] {
        let mut s = Story::begin();
        events.into_iter().for_each(|e| {
            s.at(30).takes(e);
        });
        assert_eq!(s.members.values().any(Member::is_open), open, "{name}");
    }
}

#[test]
fn duplicates_and_outdated_events_are_named() {
    let mut s = Story::begin();
    s.at(10).fires("c-1");
    let known = s.members.values().next().unwrap();
    for (name, event, want) in [
        ("duplicate", event("c-1", State::Alarm, 10), Some(Why::Duplicate)),
        ("outdated", event("c-1", State::Ok, 9), Some(Why::Outdated)),
        ("newer", event("c-1", State::Ok, 11), None),
        ("newer, the same state", event("c-1", State::Alarm, 11), None),
    ] {
        let taken = take(Some(known), event, labels("c-1"), at(60));
        let why = if let Taken::Leave(why) = taken { Some(why) } else { None };
        assert_eq!(why, want, "{name}");
    }
    let Taken::Keep(renewed) =
        take(Some(known), event("c-1", State::Alarm, 11), labels("c-1"), at(60))
    else {
        panic!("it is kept");
    };
    assert_eq!((renewed.since, renewed.arrived), (known.since, known.arrived));
    assert_eq!(renewed.flips, known.flips, "no change of state");
}

#[test]
fn a_flapping_night() {
    let mut s = Story::begin();
    let mut told: Vec<String> = Vec::new();
    for minute in 0..180 {
        s.at(minute * 60);
        if minute % 2 == 0 {
            s.fires("c-edge")
        } else {
            s.ends("c-edge")
        };
        told.extend(s.told().into_iter().filter(|line| line.contains(':')));
        s.at(minute * 60 + 30);
        told.extend(s.told().into_iter().filter(|line| line.contains(':')));
    }
    assert_eq!(
        told,
        [
            "FirstNotification critical: c-edge* /  / ",
            "AllResolved critical:  / c-edge / ",
            "Flapping critical:  /  / c-edge*",
        ],
        "three messages in three hours"
    );
    assert_eq!(s.at(180 * 60 + 9 * 60 - 61).told(), ["NothingNew"], "it may go on");
    s.at(180 * 60 + 9 * 60);
    assert_eq!(s.told(), ["AllResolved critical:  / c-edge / "], "calm for ten minutes");
}

#[test]
fn what_stops_flapping_and_fires_on_is_told_as_firing() {
    let mut s = Story::begin();
    s.at(0).fires("c-edge").told();
    s.at(60).ends("c-edge").told();
    s.at(120).fires("c-edge");
    assert_eq!(s.told(), ["Flapping critical:  /  / c-edge*"]);
    assert_eq!(s.at(700).told(), ["NothingNew"]);
    assert_eq!(s.at(720).told(), ["NewAlertsInGroup critical: c-edge* /  / "]);
}

#[test]
fn a_silence_that_ends_while_the_alarm_fires() {
    let silence = crate::alarms::silence::Silence {
        id: "s-1".to_owned(),
        matchers: "alarm=\"c-1\"".to_owned(),
        starts: at(0),
        ends: at(600),
        author: "me".to_owned(),
        comment: "known".to_owned(),
    };
    let mut s = Story::begin();
    s.silences = vec![Muting { silence, matchers: vec![is("alarm", "c-1")] }];
    assert_eq!(s.at(10).fires("c-1").told(), ["Silenced"]);
    assert_eq!(s.due(), Some(60), "it is looked at with every tick");
    assert_eq!(s.at(20).fires("c-2").told(), ["FirstNotification critical: c-2* /  / "]);
    assert_eq!(s.at(599).told(), ["NothingNew"]);
    assert_eq!(s.at(600).told(), ["NewAlertsInGroup critical: c-1* c-2 /  / "]);
}

#[test]
fn what_another_alarm_explains_waits_and_is_told_when_that_one_is_over() {
    let mut s = Story::begin();
    s.at(0).fires("c-down@i-1").fires("w-slow@i-1").fires("w-slow@i-2");
    let first = ["FirstNotification critical: c-down@i-1* w-slow@i-2* /  / "];
    assert_eq!(s.told(), first);
    assert_eq!(s.verdict().held.values().collect::<Vec<_>>(), [&Why::Inhibited]);
    s.at(400).ends("c-down@i-1");
    let told = s.told();
    assert_eq!(told, ["NewAlertsInGroup critical: w-slow@i-1* w-slow@i-2 / c-down@i-1 / "]);
    // The source may stand in another group, or in AWS's own suppressor.
    let mut s = Story::begin();
    s.explained =
        s.policy.inhibit.iter().flat_map(|_| explains_of(&policy(), "c-other@i-1")).collect();
    assert_eq!(s.at(0).fires("w-slow@i-1").told(), ["Inhibited"]);
    let mut s = Story::begin();
    let suppressed = Some("maintenance".to_owned());
    s.takes(AlarmEvent { suppressed_by: suppressed, ..event("c-1", State::Alarm, 0) });
    assert_eq!(s.told(), ["Inhibited"]);
    s.at(60).takes(event("c-1", State::Alarm, 0));
    assert_eq!(s.told(), ["FirstNotification critical: c-1* /  / "], "no longer suppressed");
}

fn explains_of(policy: &AlarmPolicy, name: &str) -> BTreeSet<String> {
    crate::alarms::inhibit::explains(&policy.inhibit, &labels(name)).collect()
}

#[test]
fn a_planned_alarm_waits_until_the_plan_is_over() {
    let mut s = Story::begin();
    s.at(0).fires("w-hosts");
    let fingerprint = s.members.keys().next().unwrap().clone();
    s.plans.insert(fingerprint, Plan { until: at(900), because: "a night step".to_owned() });
    assert_eq!(s.told(), ["Planned"]);
    assert_eq!(s.at(899).told(), ["Planned"]);
    assert_eq!(s.at(900).told(), ["FirstNotification critical: w-hosts* /  / "]);
    let mut s = Story::begin();
    s.at(0).fires("w-hosts");
    let fingerprint = s.members.keys().next().unwrap().clone();
    s.plans.insert(fingerprint, Plan { until: at(900), because: "a night step".to_owned() });
    assert_eq!(s.at(300).ends("w-hosts").told(), ["NothingNew"], "as planned");
    assert_eq!(s.due(), None);
}

#[test]
fn a_member_that_is_no_longer_kept_is_over() {
    let mut s = Story::begin();
    s.at(0).fires("c-1").told();
    s.members.clear();
    assert_eq!(s.at(60).told(), ["AllResolved critical:  /  / "]);
}

#[test]
fn a_route_to_nobody_tells_nobody() {
    let mut s = Story::begin();
    s.terms.topic = "none".to_owned();
    assert_eq!(s.at(0).fires("c-1").told(), ["NotRouted"]);
    assert_eq!(s.due(), None);
}

#[test]
fn escalation_can_be_off_and_counts_from_the_oldest_that_still_fires() {
    let mut s = Story::begin();
    s.terms.escalate_after = SignedDuration::ZERO;
    s.at(0).fires("c-1").told();
    assert_eq!(s.at(9_000).told(), ["NothingNew"]);
    let mut s = Story::begin();
    s.at(0).fires("c-1").told();
    s.at(600).fires("c-2").told();
    s.at(700).ends("c-1");
    assert_eq!(s.at(900).told(), ["NothingNew"], "the old one is over");
    assert_eq!(s.at(1_500).told(), ["Escalated escalation: c-2 / c-1 / "]);
}

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
