//! What forbids a lowering: spikes, trust, processes, tags, the hour, alarms, and what the group
//! itself says.

use super::*;
use crate::group::ScalingPolicy;
use crate::ids::AlarmName;
use crate::metrics::Comparison;
use crate::scene::{activity, alarm, mins, secs};

#[test]
fn vetoes_of_spikes_trust_and_undone_steps() {
    table(
        Scene::night,
        &[
            ("a live spike", |s, d| d.bids.push(bid(Source::Spike, 1, 1)(s)), &["3: a live spike"]),
            ("one that is over", |s, d| d.bids.push(bid(Source::Spike, 1, 0)(s)), &[]),
            ("another bid", |s, d| d.bids.push(bid(Source::Undo, 1, 1)(s)), &[]),
            ("no memory", |s, _| s.trust.no_memory = Some("x".into()), &["3: no lease or memory"]),
            (
                "a bad policy",
                |s, _| s.trust.policy_fault = Some("x".into()),
                &["3: an unusable policy"],
            ),
            (
                "a step was undone",
                |s, _| s.memory.no_lowering_until = Some(s.now + secs(1)),
                &["3: a step was undone"],
            ),
            ("its window is over", |s, _| s.memory.no_lowering_until = Some(s.now), &[]),
            (
                "a breach",
                |s, d| d.memory.last_breach = Some(s.now - mins(10) + secs(1)),
                &["3: the signal was breached within the stabilization window"],
            ),
            ("quiet again", |s, d| d.memory.last_breach = Some(s.now - mins(10)), &[]),
        ],
    );
}
#[test]
fn vetoes_of_processes() {
    for process in RECOVERY {
        let found = broken(Scene::night(), |s, _| s.suspend(process));
        assert_eq!(found, [format!("3: no {process}")]);
    }
    assert_eq!(broken(Scene::night(), |s, _| s.suspend("InstanceRefresh")), [""; 0]);
}
#[test]
fn vetoes_of_tags() {
    let hold = &["3: an operator's hold"];
    type Tags = &'static [(&'static str, &'static str)];
    let cases: [(&str, Tags, bool); 8] = [
        ("none", &[("hold", "none")], false),
        ("no-scale-in", &[("hold", "no-scale-in")], true),
        ("anything else", &[("hold", "maybe")], true),
        ("an unreadable floor", &[("floor", "twelve")], true),
        ("an unreadable time", &[("until", "tomorrow")], true),
        ("a time alone", &[("until", "2027-01-01T00:00:00Z")], false),
        ("a hold that goes on", &[("hold", "all"), ("until", "2026-11-20T14:00:01Z")], true),
        ("a hold that is over", &[("hold", "all"), ("until", "2026-11-20T14:00:00Z")], false),
    ];
    for (name, tags, held) in cases {
        let found = broken(Scene::night(), |s, _| {
            tags.iter().for_each(|(key, value)| s.tag(&format!("tidegate:{key}"), value));
        });
        assert_eq!(found, if held { &hold[..] } else { &[] }, "{name}");
    }
}
#[test]
fn who_may_lower_when() {
    table(
        Scene::night,
        &[
            ("no time told", |s, _| s.signal = Signal::Night { scheduled: None }, &[]),
            (
                "half an hour late",
                |s, _| {
                    s.signal = Signal::Night { scheduled: Some(s.now - mins(30)) };
                },
                &[],
            ),
            (
                "later",
                |s, _| {
                    s.signal = Signal::Night { scheduled: Some(s.now - mins(30) - secs(1)) };
                },
                &["4: a late wake-up"],
            ),
            ("a tick", |s, _| s.signal = Signal::Tick, &["3: a tick's lowering by night"]),
            (
                "the day's schedule",
                |s, _| s.signal = Signal::Day,
                &["3: a signal that only raises"],
            ),
            (
                "an alarm",
                |s, _| {
                    s.event(AlarmState::Ok, None);
                },
                &["3: a signal that only raises"],
            ),
        ],
    );
    table(
        Scene::day,
        &[(
            "the nightly function",
            |s, _| s.signal = Signal::Night { scheduled: None },
            &["3: a nightly lowering by day"],
        )],
    );
}
fn forget(s: &mut Scene, name: &str) {
    let name: AlarmName = alarm(name);
    s.observation.alarms.as_mut().unwrap().remove(&name);
}
#[test]
fn vetoes_of_alarms() {
    table(
        Scene::night,
        &[
            (
                "unread",
                |s, _| s.observation.alarms = Err("x".into()),
                &["3: the veto alarms were not read"],
            ),
            (
                "the spike alarm",
                |s, _| s.alarm("web-cpu").state = AlarmState::Alarm,
                &["3: web-cpu is in ALARM"],
            ),
            ("it does not exist", |s, _| forget(s, "web-cpu"), &[]),
            (
                "a veto alarm",
                |s, _| s.alarm("web-5xx").state = AlarmState::Alarm,
                &["3: veto alarm web-5xx"],
            ),
            ("it does not exist", |s, _| forget(s, "web-5xx"), &["3: veto alarm web-5xx"]),
            (
                "on the low side",
                |s, _| {
                    s.alarm("web-5xx").state = AlarmState::Alarm;
                    s.alarm("web-5xx").comparison = Comparison::Below;
                },
                &[],
            ),
        ],
    );
    let changed = |age: SignedDuration| {
        !broken(Scene::night(), |s, _| s.alarm("web-5xx").since = s.now - age).is_empty()
    };
    let ages = [(mins(15), false), (mins(15) - secs(1), true), (mins(1), true), (mins(-5), true)];
    for (age, vetoes) in ages {
        assert_eq!(changed(age), vetoes, "{age}");
    }
    assert!(!changed(mins(-5) - secs(1)), "too far ahead to be clock skew");
}
#[test]
fn what_the_group_itself_says() {
    fn tracked(s: &mut Scene) {
        let policy = ScalingPolicy { name: "cpu-50".into(), can_scale_in: true };
        s.evidence().policies.push(policy);
    }
    table(
        Scene::night,
        &[
            (
                "unread",
                |s, _| s.closer().evidence = Err("x".into()),
                &["7: lowered without looking at the group's evidence"],
            ),
            (
                "a refresh",
                |s, _| s.evidence().refresh = Some("Pending".into()),
                &["3: an instance refresh"],
            ),
            ("floor mode", |s, _| tracked(s), &["8: desired lowered in floor mode"]),
            (
                "the minimum in floor mode",
                |s, d| {
                    tracked(s);
                    lower(d, 8, None);
                },
                &[],
            ),
            ("no backstop", |s, _| s.evidence().backstop = None, &["7: no backstop"]),
            (
                "one below the day",
                |s, _| s.evidence().backstop.as_mut().unwrap().min = 5,
                &["7: no backstop"],
            ),
            ("one above it", |s, _| s.evidence().backstop.as_mut().unwrap().min = 7, &[]),
        ],
    );
}

#[test]
fn launches_that_failed() {
    use ActivityKind::{Launch, Terminate};
    use ActivityResult::{Failed, InProgress, Successful};
    let (a, b) = (Some("a"), Some("b"));
    let failed = activity(10, Launch, Failed, a);
    let nameless = activity(10, Launch, Failed, None);
    let ok = |minute, zone| activity(minute, Launch, Successful, zone);
    let cases = [
        ("a failure", vec![failed.clone()], true),
        ("a success", vec![ok(10, a)], false),
        ("one that goes on", vec![activity(10, Launch, InProgress, a)], false),
        ("a failed termination", vec![activity(10, Terminate, Failed, a)], false),
        ("healed", vec![ok(11, a), failed.clone()], false),
        ("a success before it", vec![failed.clone(), ok(9, a)], true),
        ("at the same time", vec![ok(10, a), failed.clone()], true),
        ("in another zone", vec![ok(11, b), failed.clone()], true),
        ("an older failure too", vec![ok(11, a), activity(5, Launch, Failed, b), failed], true),
        ("no zone, any success", vec![ok(11, b), nameless.clone()], false),
        ("no zone, no success", vec![nameless], true),
    ];
    for (name, activities, unhealed) in cases {
        let found = broken(Scene::night(), |s, _| s.evidence().activities = activities.clone());
        let want: &[&str] =
            if unhealed { &["3: a launch failed and none succeeded there since"] } else { &[] };
        assert_eq!(found, want, "{name}");
    }
}
