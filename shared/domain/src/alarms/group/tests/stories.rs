//! What people are told of a group as time passes.

use super::*;

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
fn what_was_held_back_each_time_is_not_told_as_flapping_when_it_is_over() {
    let mut s = Story::begin();
    let plan = Plan { until: at(3_600), because: "instances boot".to_owned() };
    for minute in 0..6 {
        s.at(minute * 60);
        if minute % 2 == 0 {
            s.fires("w-hosts")
        } else {
            s.ends("w-hosts")
        };
        let fingerprint = s.members.keys().next().unwrap().clone();
        s.plans.insert(fingerprint, plan.clone());
        let want = if minute % 2 == 0 { "Planned" } else { "NothingNew" };
        assert_eq!(s.told(), [want], "{minute}");
    }
    s.plans.clear();
    assert_eq!(s.at(360).fires("w-hosts").told(), ["Flapping critical:  /  / w-hosts*"]);
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
