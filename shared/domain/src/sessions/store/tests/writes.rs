//! Writing: what stands in our own part afterwards, and against what it is written.

use super::*;
use crate::sessions::part::{KEPT_AFTER, RENEWED_BEFORE, SessionPart};
use crate::sessions::scene::{Fate, VIRGINIA, part, stamp, tombstone};
use crate::sessions::stamp::Stamp;

const OWN_LATER: &str = "ap-northeast-2#492336";

fn update(
    store: &SessionStore,
    scene: &Scene,
    new: &[(&str, Option<&str>)],
) -> Result<Session, StoreError> {
    run(store.update(scene, &key('a'), &change(new), IDLE))
}

fn touch(store: &SessionStore, scene: &Scene) -> Result<Session, StoreError> {
    run(store.touch(scene, &key('a'), IDLE))
}

#[test]
fn a_new_session_is_our_first_part() {
    let (scene, store) = (Scene::new(), store());
    scene.moves_to(1_500);
    let life = Life { not_after: at(86_400_700), idle: IDLE };
    let made = run(store.create(&scene, &key('a'), &set(&[("a", "1")]), life)).unwrap();
    let stored = scene.stored(SEOUL).unwrap();
    assert_eq!(Session::of([&stored]), Some(made));
    assert_eq!((stored.not_after, stored.live_until), (at(86_400_000), at(3_602_000)));
    assert_eq!((stored.written.clone(), stored.ended.clone()), (stamp(1_500, SEOUL), None));
    assert_eq!(stored.fields[&name("a")].at, stored.written);
    assert_eq!(stored.writer.len(), 16);
}

#[test]
fn a_key_is_used_once() {
    for (case, parts, unreadable) in [
        ("ours", vec![part(0, SEOUL, &[])], None),
        ("another region's", vec![part(0, VIRGINIA, &[])], None),
        ("ended", vec![tombstone(0, VIRGINIA)], None),
        ("of a wrong clock", vec![part(900_000, VIRGINIA, &[])], None),
        ("unreadable", vec![], Some(VIRGINIA.to_owned())),
    ] {
        let (scene, store) = (Scene::new(), store());
        scene.holds(&parts);
        scene.state().unreadable.extend(unreadable);
        let made = run(store.create(&scene, &key('a'), &set(&[]), life()));
        assert_eq!(made, Err(StoreError::Exists), "{case}");
        assert_eq!(scene.calls("put_part"), 0, "{case}");
    }
    let (scene, store) = (Scene::new(), store());
    let first = part(0, SEOUL, &[("a", "first")]);
    scene.state().fates.push_back(Fate::After(Box::new(move |state| state.hold(&[first]))));
    let made = run(store.create(&scene, &key('a'), &set(&[]), life()));
    assert_eq!(made, Err(StoreError::Exists), "somebody was faster");
}

#[test]
fn an_update_writes_everything_that_it_merged_with_its_own_stamps() {
    let (scene, store) = (Scene::new(), store());
    scene.holds(&[
        part(1, SEOUL, &[("a", "1"), ("b", "1")]),
        part(2, VIRGINIA, &[("b", "2"), ("c", "2")]),
    ]);
    scene.moves_to(1_000);
    let session = update(&store, &scene, &[("a", Some("3")), ("c", None)]).unwrap();
    let own = scene.stored(SEOUL).unwrap();
    assert_eq!(own.written, stamp(1_000, SEOUL));
    let by_name =
        |field: &str| (own.fields[&name(field)].at.clone(), own.fields[&name(field)].value.clone());
    assert_eq!(by_name("a"), (own.written.clone(), Some(FieldValue::new("3"))));
    assert_eq!(by_name("b"), (stamp(2, VIRGINIA), Some(FieldValue::new("2"))), "the original");
    assert_eq!(by_name("c"), (own.written.clone(), None), "removed, with its stamp");
    assert_eq!(values(&session), pairs(&[("a", "3"), ("b", "2")]));
    assert_eq!(session.newest, own.written);
    assert_eq!(scene.stored(VIRGINIA).unwrap(), part(2, VIRGINIA, &[("b", "2"), ("c", "2")]));
}

#[test]
fn an_update_lets_the_session_live_on_but_never_longer_than_its_life() {
    for (now, until) in [(1_000, 3_601_000), (1_001, 3_602_000)] {
        let (scene, store) = (Scene::new(), store());
        scene.holds(&[part(0, SEOUL, &[])]);
        scene.moves_to(now);
        update(&store, &scene, &[]).unwrap();
        assert_eq!(scene.stored(SEOUL).unwrap().live_until, at(until), "whole seconds, up: {now}");
    }
    let (scene, store) = (Scene::new(), store());
    scene.holds(&[SessionPart { not_after: at(1_800_000), ..part(0, SEOUL, &[]) }]);
    update(&store, &scene, &[]).unwrap();
    assert_eq!(scene.stored(SEOUL).unwrap().live_until, at(1_800_000));
    let longer = SessionPart { live_until: at(9_000_000), ..part(0, SEOUL, &[]) };
    scene.holds(&[SessionPart { not_after: at(86_400_000), ..longer }]);
    update(&store, &scene, &[]).unwrap();
    assert_eq!(scene.stored(SEOUL).unwrap().live_until, at(9_000_000), "it is not cut short");
}

#[test]
fn the_new_stamp_is_larger_than_every_merged_one() {
    let (scene, store) = (Scene::new(), store());
    let ahead = part(200_000, VIRGINIA, &[]);
    scene.holds(&[part(0, SEOUL, &[]), ahead.clone()]);
    scene.moves_to(1_000);
    update(&store, &scene, &[("a", Some("1"))]).unwrap();
    let own = scene.stored(SEOUL).unwrap();
    assert_eq!(own.written, Stamp::next(at(1_000), Some(&ahead.written), &region(SEOUL)));
    assert!(own.written > ahead.written);
}

/// What a wrong clock wrote is not carried on in our own part.
#[test]
fn what_is_refused_is_not_merged() {
    let (scene, store) = (Scene::new(), store());
    scene.holds(&[part(0, SEOUL, &[]), part(300_001, VIRGINIA, &[("a", "wrong")])]);
    let session = update(&store, &scene, &[("b", Some("1"))]).unwrap();
    assert_eq!(values(&session), pairs(&[("b", "1")]));
    assert_eq!(
        scene.stored(SEOUL).unwrap().written,
        Stamp::next(at(0), Some(&stamp(0, SEOUL)), &region(SEOUL))
    );
    assert_eq!(store.counts().refused, 1);
}

#[test]
fn a_write_that_finds_anothers_reads_again() {
    let (scene, store) = (Scene::new(), store());
    scene.holds(&[part(0, SEOUL, &[])]);
    let other = part(5, SEOUL, &[("b", "theirs")]);
    scene.state().fates.push_back(Fate::After(Box::new(move |state| state.hold(&[other]))));
    let session = update(&store, &scene, &[("a", Some("1"))]).unwrap();
    assert_eq!(values(&session), pairs(&[("a", "1"), ("b", "theirs")]));
    assert_eq!((scene.calls("parts"), store.counts().conflicts), (2, 1));
}

#[test]
fn a_write_gives_up_after_eight_tries() {
    let (scene, store) = (Scene::new(), store());
    scene.holds(&[part(0, SEOUL, &[])]);
    for i in 1..=9 {
        let other = part(i, SEOUL, &[]);
        scene.state().fates.push_back(Fate::After(Box::new(move |state| state.hold(&[other]))));
    }
    assert_eq!(update(&store, &scene, &[("a", Some("1"))]), Err(StoreError::Contended));
    assert_eq!(scene.calls("put_part"), 8);
    let rests = scene.state().rests.clone();
    assert_eq!(rests.len(), 8);
    let mut shortened = 0;
    for (rest, longest) in rests.iter().zip([4, 8, 16, 32, 64, 100, 100, 100]) {
        let longest = SignedDuration::from_millis(longest);
        assert!(longest / 2 <= *rest && *rest <= longest, "{rests:?}");
        shortened += usize::from(*rest < longest * 9 / 10);
    }
    assert!(shortened > 2, "those who met would meet again: {rests:?}");
    assert_eq!(scene.stored(SEOUL).unwrap(), part(8, SEOUL, &[]));
}

#[test]
fn a_write_without_an_answer_is_told() {
    for fate in [Fate::Lost, Fate::AnswerLost, Fate::Throttled] {
        let (scene, store) = (Scene::new(), store());
        scene.holds(&[part(0, SEOUL, &[])]);
        scene.state().fates.push_back(fate);
        let failed = update(&store, &scene, &[("a", Some("1"))]);
        assert!(matches!(failed, Err(StoreError::Table(_))), "{failed:?}");
    }
}

/// A deletion by time to live in another region would win over the write.
#[test]
fn a_part_that_is_about_to_be_removed_is_not_written_any_more() {
    let removed = 3_600_000 + i64::try_from(KEPT_AFTER.as_millis()).unwrap();
    let renewed = removed - i64::try_from(RENEWED_BEFORE.as_millis()).unwrap();
    for (case, now, id) in [
        ("long before", 1_000_000, SEOUL),
        ("just before", renewed - 1, SEOUL),
        ("when it has run out", renewed, "ap-northeast-2#492337"),
        ("past it", removed + 60_000, "ap-northeast-2#492361"),
    ] {
        let (scene, store) = (Scene::new(), store());
        let longer =
            SessionPart { live_until: at(200_000_000), ..part(1, VIRGINIA, &[("b", "2")]) };
        let own = part(0, SEOUL, &[("a", "1")]);
        let far = |part| SessionPart { not_after: at(400_000_000), ..part };
        scene.holds(&[far(own.clone()), far(longer)]);
        scene.moves_to(now);
        update(&store, &scene, &[("c", Some("3"))]).unwrap();
        let written = scene.stored(id).expect(case);
        assert_eq!(written.fields.len(), 3, "{case}");
        if id != SEOUL {
            assert_eq!(scene.stored(SEOUL).unwrap(), far(own), "{case}");
            scene.moves_to(now + 60_000);
            update(&store, &scene, &[("d", Some("4"))]).unwrap();
            assert_eq!(scene.stored(id).unwrap().fields.len(), 4, "{case}: then that one is ours");
        }
    }
}

/// A part of ours may have been removed here and not everywhere: its number is not used again.
#[test]
fn our_part_of_another_regions_session_has_a_number_of_its_own() {
    let (scene, store) = (Scene::new(), store());
    scene.holds(&[part(0, VIRGINIA, &[("a", "1")])]);
    update(&store, &scene, &[("b", Some("2"))]).unwrap();
    assert_eq!(scene.stored(SEOUL), None);
    assert_eq!(scene.stored(OWN_LATER).unwrap().fields.len(), 2);
}

#[test]
fn our_newest_part_is_the_one_with_the_largest_number() {
    let (scene, store) = (Scene::new(), store());
    let mut later = part(1, SEOUL, &[("a", "1")]);
    later.id.generation = 492_336;
    scene.holds(&[part(2, SEOUL, &[("b", "2")]), later]);
    update(&store, &scene, &[("c", Some("3"))]).unwrap();
    assert_eq!(scene.stored(SEOUL).unwrap().fields.len(), 1);
    assert_eq!(scene.stored(OWN_LATER).unwrap().fields.len(), 3);
}

#[test]
fn a_part_of_ours_that_cannot_be_read_is_not_written_over() {
    for (sort_key, own) in [
        (SEOUL, true),
        (OWN_LATER, true),
        ("ap-northeast-2#x", true),
        ("ap-northeast-21", false),
        (VIRGINIA, false),
    ] {
        let (scene, store) = (Scene::new(), store());
        scene.holds(&[part(0, "eu-west-1", &[("a", "1")])]);
        scene.state().unreadable = vec![sort_key.to_owned()];
        let updated = update(&store, &scene, &[("a", Some("2"))]);
        let ended = run(store.end(&scene, &key('a')));
        if own {
            assert_eq!(updated, Err(StoreError::OwnUnreadable), "{sort_key}");
            assert_eq!(ended, Err(StoreError::OwnUnreadable), "{sort_key}");
            assert_eq!(scene.calls("put_part"), 0, "{sort_key}");
        } else {
            assert!(updated.is_ok() && ended == Ok(Ending::Ended), "{sort_key}");
        }
        assert_eq!(store.counts().unreadable, 2, "{sort_key}");
    }
    let (scene, store) = (Scene::new(), store());
    scene.state().unreadable = vec![VIRGINIA.to_owned()];
    assert_eq!(update(&store, &scene, &[]), Err(StoreError::Unreadable), "not: gone");
}

#[test]
fn a_touch_is_written_in_the_second_half_of_the_idle_time() {
    for (now, written) in [(0, false), (1_800_000, false), (1_800_001, true), (3_599_999, true)] {
        let (scene, store) = (Scene::new(), store());
        scene.holds(&[part(0, SEOUL, &[("a", "1")]), part(1, VIRGINIA, &[("b", "2")])]);
        scene.moves_to(now);
        let session = touch(&store, &scene).unwrap();
        assert_eq!(scene.calls("put_part"), usize::from(written), "{now}");
        assert_eq!(store.counts().touches_saved, u64::from(!written), "{now}");
        if written {
            let own = scene.stored(SEOUL).unwrap();
            assert_eq!(own.fields.len(), 2, "everything that was merged: {now}");
            assert_eq!(own.fields[&name("b")].at, stamp(1, VIRGINIA), "{now}");
            assert_eq!(
                (own.live_until, session.live_until > at(now) + IDLE / 2),
                (session.live_until, true)
            );
        }
    }
}

#[test]
fn a_touch_at_the_end_of_life_has_nothing_to_add() {
    let (scene, store) = (Scene::new(), store());
    scene.holds(&[SessionPart { not_after: at(3_600_000), ..part(0, SEOUL, &[]) }]);
    scene.moves_to(3_500_000);
    assert_eq!(touch(&store, &scene).unwrap().live_until, at(3_600_000));
    assert_eq!(scene.calls("put_part"), 0);
}

/// The cache is behind; the table says that somebody has touched it already.
#[test]
fn a_touch_looks_at_the_table_before_it_writes() {
    let (scene, store) = (Scene::new(), store());
    scene.holds(&[part(0, SEOUL, &[])]);
    touch(&store, &scene).unwrap();
    scene.moves_to(3_000_000);
    scene.holds(&[SessionPart { live_until: at(6_000_000), ..part(2_400_000, SEOUL, &[]) }]);
    assert_eq!(touch(&store, &scene).unwrap().live_until, at(6_000_000));
    assert_eq!(scene.calls("put_part"), 0);
}

#[test]
fn what_is_over_is_neither_updated_nor_touched() {
    for (case, parts, now, expected) in [
        ("unknown", vec![], 0, StoreError::Gone),
        ("run out", vec![part(0, SEOUL, &[])], 3_600_000, StoreError::Gone),
        ("ended", vec![tombstone(0, SEOUL)], 1, StoreError::Ended),
        ("ended and run out", vec![tombstone(0, SEOUL)], 3_600_000, StoreError::Ended),
        ("ended elsewhere", vec![tombstone(0, VIRGINIA)], 1, StoreError::Ended),
    ] {
        let (scene, store) = (Scene::new(), store());
        scene.holds(&parts);
        scene.moves_to(now);
        assert_eq!(update(&store, &scene, &[("a", Some("1"))]), Err(expected.clone()), "{case}");
        assert_eq!(touch(&store, &scene), Err(expected), "{case}");
        assert_eq!(scene.calls("put_part"), 0, "{case}");
    }
}
