//! Every call of an incident is lost once, in every way: the process dies before it or after it,
//! or its answer does not come. In the end people know what they know without the loss.

use std::collections::BTreeMap;
use tidegate_domain::alarms::group::GroupId;
use tidegate_fakes::{Call, Fault};
use tidegate_histories::length::{is_deep, length, seed};
use tidegate_storm::loss::{Loss, judge, play};
use tidegate_storm::scenes::Scene;

/// Dying before a read is dying after what came before it: at small length reads only fail.
fn faults(call: Call) -> Vec<Fault> {
    let all = vec![Fault::CrashBefore, Fault::CrashAfter, Fault::LostAnswer, Fault::Throttled];
    if is_deep() || call.is_write() { all } else { vec![Fault::Throttled] }
}

#[test]
fn no_call_that_is_lost_changes_what_people_know_in_the_end() {
    let mut points = 0;
    for seed in (0..length(1, 10)).map(|n| seed().wrapping_add(n)) {
        for scene in Scene::all() {
            let peace = play(&scene, seed, None);
            assert_eq!(peace.left, Vec::<String>::new(), "{}", scene.name);
            assert_eq!(peace.end.told.is_empty(), scene.is_over, "{}: {peace:#?}", scene.name);
            let mut repeated: BTreeMap<Call, u32> = BTreeMap::new();
            let (mut lost, mut blind, calls) = (0, 0, peace.calls.len());
            for (call, kind) in (1..).zip(&peace.calls) {
                for fault in faults(*kind) {
                    let loss = Loss { call, fault };
                    let lossy = play(&scene, seed, Some(&loss));
                    let died = matches!(loss.fault, Fault::CrashBefore | Fault::CrashAfter);
                    assert!(!(died && lossy.blind), "{loss}: a process that died tells nobody");
                    blind += u32::from(lossy.blind);
                    match judge(&peace, &lossy) {
                        Ok(again) => *repeated.entry(*kind).or_default() += again,
                        Err(why) => panic!(
                            "{}, seed {seed}: {loss} ({kind}): {why}\n{}",
                            scene.name,
                            lossy.messages.iter().map(|m| format!("{m}\n")).collect::<String>()
                        ),
                    }
                    lost += 1;
                }
            }
            repeated.retain(|_, count| *count > 0);
            println!(
                "{}: {calls} calls, {} messages, {lost} losses, {blind} of them told \
                 without the table; a message again after {repeated:?}",
                scene.name,
                peace.messages.len()
            );
            points += lost;
        }
    }
    assert!(points > 500, "{points} points");
}

/// A judge that lets everything pass proves nothing.
#[test]
fn a_message_that_is_missing_or_said_too_often_is_seen() {
    let scene = &Scene::all()[0];
    let peace = play(scene, seed(), None);
    assert_eq!(judge(&peace, &play(scene, seed(), None)), Ok(0));
    for number in 0..peace.messages.len() {
        let is_news = !peace.messages[number].news.is_empty();
        let mut without = play(scene, seed(), None);
        let message = without.messages.remove(number);
        assert_eq!(judge(&peace, &without).is_err(), is_news, "without {message}");
        let mut twice = play(scene, seed(), None);
        twice.messages.push(message.clone());
        assert_eq!(judge(&peace, &twice), Ok(u32::from(is_news)), "{message} again");
        twice.messages.push(message.clone());
        assert_eq!(judge(&peace, &twice).is_err(), is_news, "{message} a third time");
    }
    let mut two = play(scene, seed(), None);
    let again: Vec<_> =
        two.messages.iter().filter(|m| !m.news.is_empty()).take(2).cloned().collect();
    two.messages.extend(again);
    assert!(judge(&peace, &two).is_err(), "two messages again");
    let mut end = play(scene, seed(), None);
    end.end.listed.clear();
    end.end.told.insert(GroupId("0".repeat(32)), Vec::new());
    assert!(judge(&peace, &end).is_err(), "another end");
    let mut left = play(scene, seed(), None);
    left.left.push("a dead letter".to_owned());
    assert!(judge(&peace, &left).is_err());
}
