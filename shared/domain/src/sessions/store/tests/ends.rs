//! Ends: a logout is final, and our own part says so.

use super::*;
use crate::sessions::part::SessionPart;
use crate::sessions::scene::{Fate, VIRGINIA, part, stamp, tombstone};

fn end(store: &SessionStore, scene: &Scene) -> Result<Ending, StoreError> {
    run(store.end(scene, &key('a')))
}

#[test]
fn an_end_is_a_tombstone_without_any_field() {
    let (scene, store) = (Scene::new(), store());
    scene.holds(&[part(1, SEOUL, &[("a", "1")]), part(900, VIRGINIA, &[("b", "2")])]);
    scene.moves_to(500);
    assert_eq!(end(&store, &scene), Ok(Ending::Ended));
    let own = scene.stored(SEOUL).unwrap();
    assert_eq!(own.ended, Some(own.written.clone()));
    assert!(own.written > stamp(900, VIRGINIA), "after everything that it merged");
    assert!(own.fields.is_empty());
    assert_eq!(own.not_after, at(86_400_000));
    assert_eq!(got(&store, &scene), None);
    assert_eq!(end(&store, &scene), Ok(Ending::Over));
    assert_eq!(scene.calls("put_part"), 1);
}

#[test]
fn every_session_that_may_live_somewhere_can_be_ended() {
    for (case, parts, now, expected, puts) in [
        ("unknown", vec![], 0, Ending::Unknown, 0),
        ("another region's", vec![part(0, VIRGINIA, &[])], 1, Ending::Ended, 1),
        // A touch in another region may not have arrived.
        ("run out", vec![part(0, SEOUL, &[])], 3_600_001, Ending::Ended, 1),
        ("past its life", vec![part(0, SEOUL, &[])], 86_400_000, Ending::Over, 0),
        ("ended elsewhere", vec![tombstone(0, VIRGINIA)], 1, Ending::Over, 0),
        (
            "ended elsewhere, not here",
            vec![tombstone(0, VIRGINIA), part(0, SEOUL, &[])],
            1,
            Ending::Ended,
            1,
        ),
    ] {
        let (scene, store) = (Scene::new(), store());
        scene.holds(&parts);
        scene.moves_to(now);
        assert_eq!(end(&store, &scene), Ok(expected), "{case}");
        assert_eq!(scene.calls("put_part"), puts, "{case}");
    }
}

#[test]
fn an_end_wins_over_an_update_that_came_first() {
    let (scene, store) = (Scene::new(), store());
    scene.holds(&[part(0, SEOUL, &[])]);
    let other = part(5, SEOUL, &[("b", "theirs")]);
    scene.state().fates.push_back(Fate::After(Box::new(move |state| state.hold(&[other]))));
    assert_eq!(end(&store, &scene), Ok(Ending::Ended));
    assert!(scene.stored(SEOUL).unwrap().ended.is_some());
}

#[test]
fn an_end_that_finds_another_end_is_over() {
    let (scene, store) = (Scene::new(), store());
    scene.holds(&[part(0, SEOUL, &[])]);
    let other = tombstone(5, SEOUL);
    scene.state().fates.push_back(Fate::After(Box::new(move |state| state.hold(&[other]))));
    assert_eq!(end(&store, &scene), Ok(Ending::Over));
    assert_eq!(scene.stored(SEOUL), Some(tombstone(5, SEOUL)));
}

/// What ended elsewhere while our part lives: by which call is it seen?
#[test]
fn an_end_of_another_region_is_said_in_our_own_part_too() {
    type Call = fn(&SessionStore, &Scene);
    let calls: [(&str, Call); 4] = [
        ("get", |store, scene| assert_eq!(got(store, scene), None)),
        ("touch", |store, scene| {
            assert_eq!(run(store.touch(scene, &key('a'), IDLE)), Err(StoreError::Ended));
        }),
        ("update", |store, scene| {
            let updated = run(store.update(scene, &key('a'), &change(&[]), IDLE));
            assert_eq!(updated, Err(StoreError::Ended));
        }),
        ("end", |store, scene| assert_eq!(end(store, scene), Ok(Ending::Ended))),
    ];
    for (case, call) in calls {
        let (scene, store) = (Scene::new(), store());
        scene.moves_to(1_000);
        scene.holds(&[part(900, SEOUL, &[("a", "1")]), tombstone(5, VIRGINIA)]);
        call(&store, &scene);
        let own = scene.stored(SEOUL).unwrap();
        assert_eq!(own.ended, Some(stamp(5, VIRGINIA)), "{case}: with its original stamp");
        assert_eq!((own.written, own.fields.len()), (stamp(1_000, SEOUL), 0), "{case}");
        assert_eq!(scene.calls("apply"), 1, "{case}");
        assert_eq!(scene.calls("put_part"), 1, "{case}");
        assert_eq!(store.counts().ends_spread, u64::from(case != "end"), "{case}");
        assert_eq!(got(&store, &scene), None, "{case}");
        assert_eq!(scene.calls("put_part"), 0, "{case}: once");
    }
}

#[test]
fn a_hit_spreads_an_end_as_the_table_does() {
    let (scene, store) = (Scene::new(), store());
    scene.holds(&[part(0, SEOUL, &[])]);
    assert!(got(&store, &scene).is_some());
    let foreign = tombstone(5, VIRGINIA);
    scene.holds(std::slice::from_ref(&foreign));
    let mut state = scene.state();
    let entry = state.entries.get_mut(key('a').as_str()).unwrap();
    entry.parts.insert(VIRGINIA.to_owned(), foreign);
    drop(state);
    assert_eq!(got(&store, &scene), None);
    assert_eq!(store.counts().hits, 1);
    assert!(scene.stored(SEOUL).unwrap().ended.is_some());
}

#[test]
fn an_end_is_spread_only_where_it_matters() {
    for (case, parts, now) in [
        ("no part of ours", vec![tombstone(0, VIRGINIA)], 1),
        ("ours has ended", vec![tombstone(0, VIRGINIA), tombstone(1, SEOUL)], 1),
        ("it lives", vec![part(0, VIRGINIA, &[]), part(0, SEOUL, &[])], 1),
        ("its life is over", vec![tombstone(0, VIRGINIA), part(0, SEOUL, &[])], 86_400_000),
    ] {
        let (scene, store) = (Scene::new(), store());
        scene.holds(&parts);
        scene.moves_to(now);
        got(&store, &scene);
        assert_eq!(scene.calls("put_part"), 0, "{case}");
    }
}

#[test]
fn a_part_about_to_be_removed_is_ended_in_the_next_one() {
    let (scene, store) = (Scene::new(), store());
    let far = |part| SessionPart { not_after: at(400_000_000), ..part };
    scene.holds(&[far(part(0, SEOUL, &[])), far(tombstone(5, VIRGINIA))]);
    scene.moves_to(3_600_000 + 86_400_000);
    assert_eq!(got(&store, &scene), None);
    assert_eq!(scene.stored(SEOUL).unwrap().ended, None);
    assert!(scene.stored("ap-northeast-2#492361").unwrap().ended.is_some());
}

/// It is done for others' sake; whoever looks next tries again.
#[test]
fn an_end_that_could_not_be_spread_fails_nothing() {
    let (scene, store) = (Scene::new(), store());
    scene.holds(&[part(0, SEOUL, &[]), tombstone(5, VIRGINIA)]);
    scene.state().fates.push_back(Fate::Lost);
    assert_eq!(got(&store, &scene), None);
    let touched = |state: &mut crate::sessions::scene::State| state.hold(&[part(9, SEOUL, &[])]);
    scene.state().fates.push_back(Fate::After(Box::new(touched)));
    assert_eq!(got(&store, &scene), None);
    assert_eq!((scene.calls("put_part"), store.counts().ends_spread), (2, 0));
    assert_eq!(scene.calls("apply"), 0, "what was not written is not cached");
}
