//! The cache: when it is asked, when it is filled, and what its failures cost.

use super::*;
use crate::sessions::ports::Epoch;
use crate::sessions::scene::{VIRGINIA, part};

fn with_a_session() -> (Scene, SessionStore) {
    let (scene, store) = (Scene::new(), store());
    scene.holds(&[part(0, SEOUL, &[("a", "1")])]);
    (scene, store)
}

/// Reads once, and tells how often the cache and the table were asked.
fn asked(store: &SessionStore, scene: &Scene) -> (usize, usize) {
    assert_eq!(got(store, scene), Some(pairs(&[("a", "1")])), "it is served in any case");
    (scene.calls("read"), scene.calls("parts"))
}

#[test]
fn the_epoch_is_looked_at_every_five_seconds() {
    let (scene, store) = with_a_session();
    for (ms, looks) in [(0, 1), (1, 0), (4_999, 0), (5_000, 1), (9_999, 0)] {
        scene.moves_to(ms);
        asked(&store, &scene);
        assert_eq!(scene.calls("epoch"), looks, "{ms}");
    }
}

#[test]
fn an_entry_of_an_older_epoch_is_no_hit() {
    let (scene, store) = with_a_session();
    assert_eq!(asked(&store, &scene), (1, 1));
    assert_eq!(asked(&store, &scene), (1, 0));
    scene.state().epoch = Epoch { number: 1, doubt_until: None };
    scene.moves_to(5_000);
    assert_eq!(asked(&store, &scene), (1, 1), "a miss");
    assert_eq!(asked(&store, &scene), (1, 0), "filled in the new one");
}

#[test]
fn in_doubt_the_cache_is_neither_read_nor_filled() {
    let (scene, store) = with_a_session();
    asked(&store, &scene);
    scene.state().epoch = Epoch { number: 1, doubt_until: Some(at(9_000)) };
    for (ms, calls) in [(4_999, (1, 0)), (5_000, (0, 1)), (10_000, (0, 1)), (11_000, (0, 1))] {
        scene.moves_to(ms);
        assert_eq!(asked(&store, &scene), calls, "{ms}");
    }
    assert_eq!((scene.calls("fill"), store.counts().bypasses), (1, 3));
    scene.moves_to(11_001);
    assert_eq!(asked(&store, &scene), (1, 1));
    assert_eq!(scene.calls("fill"), 1);
}

#[test]
fn without_the_epoch_there_is_no_cache_after_ten_seconds() {
    let (scene, store) = with_a_session();
    asked(&store, &scene);
    scene.calls("epoch");
    scene.state().epoch_down = true;
    for (ms, calls, looks) in [
        (5_000, (1, 0), 1),
        (5_999, (1, 0), 0),
        (6_000, (1, 0), 1),
        (10_000, (1, 0), 1),
        (10_001, (0, 1), 0),
    ] {
        scene.moves_to(ms);
        assert_eq!((asked(&store, &scene), scene.calls("epoch")), (calls, looks), "{ms}");
    }
    assert_eq!(store.counts().epoch_failures, 3);
    let fresh = super::store();
    assert_eq!(asked(&fresh, &scene), (0, 1), "nor is there one without any look");
}

#[test]
fn a_failure_is_counted_and_the_cache_left_alone_for_a_second() {
    let (scene, store) = with_a_session();
    asked(&store, &scene);
    scene.state().cache_fails = 1;
    for (ms, calls) in [(100, (1, 1)), (101, (0, 1)), (1_099, (0, 1)), (1_100, (1, 0))] {
        scene.moves_to(ms);
        assert_eq!(asked(&store, &scene), calls, "{ms}");
    }
    scene.moves_to(1_101);
    assert_eq!(asked(&store, &scene), (1, 0), "it works again");
    let counts = store.counts();
    assert_eq!((counts.cache_failures, counts.hits, counts.bypasses), (1, 2, 2));
}

#[test]
fn a_cache_that_goes_on_failing_is_asked_once_a_second() {
    let (scene, store) = with_a_session();
    scene.state().cache_fails = usize::MAX;
    let mut reads = 0;
    for ms in (0..5_000).step_by(10) {
        scene.moves_to(ms);
        reads += asked(&store, &scene).0;
    }
    assert_eq!(reads, 5);
    assert_eq!(store.counts().cache_failures, 5);
}

#[test]
fn a_failed_fill_fails_no_read() {
    let (scene, store) = with_a_session();
    (scene.state().cache_works, scene.state().cache_fails) = (1, 1);
    assert_eq!(asked(&store, &scene), (1, 1));
    assert_eq!((scene.calls("fill"), store.counts().cache_failures), (1, 1));
    assert_eq!(asked(&store, &scene), (0, 1), "and it rests");
}

/// Between the reading of the table and the filling, the stream brought something and the entry was
/// evicted: what was read is not complete.
#[test]
fn an_entry_that_was_evicted_meanwhile_is_not_completed() {
    let (scene, store) = with_a_session();
    scene.state().while_reading = Some(Box::new(|state| state.entries.clear()));
    assert_eq!(asked(&store, &scene), (1, 1));
    assert!(!scene.entry_is_complete());
    assert_eq!((store.counts().fills, store.counts().fills_lost), (0, 1));
    assert_eq!(asked(&store, &scene), (1, 1), "a miss again");
    assert!(scene.entry_is_complete());
}

/// Two readers miss at once: the second one fills under the first one's mark.
#[test]
fn the_mark_that_stands_is_the_one_that_counts() {
    let (scene, store) = with_a_session();
    let entry =
        crate::sessions::scene::Entry { mark: Some("theirs".to_owned()), ..Default::default() };
    scene.state().entries.insert(key('a').as_str().to_owned(), entry);
    asked(&store, &scene);
    assert!(scene.entry_is_complete());
}

#[test]
fn a_fill_belongs_to_the_epoch_before_the_reading() {
    let (scene, store) = with_a_session();
    scene.state().while_reading =
        Some(Box::new(|state| state.epoch = Epoch { number: 1, doubt_until: None }));
    asked(&store, &scene);
    let complete = scene.state().entries[key('a').as_str()].complete;
    assert_eq!(complete, Some(0));
}

#[test]
fn a_write_is_in_the_cache_at_once_and_fails_for_no_cache() {
    let (scene, store) = with_a_session();
    asked(&store, &scene);
    run(store.update(&scene, &key('a'), &change(&[("a", Some("2"))]), IDLE)).unwrap();
    scene.calls("parts");
    assert_eq!(got(&store, &scene), Some(pairs(&[("a", "2")])));
    assert_eq!(scene.calls("parts"), 0, "from the cache");
    scene.state().cache_fails = usize::MAX;
    scene.calls("apply");
    run(store.update(&scene, &key('a'), &change(&[("a", Some("3"))]), IDLE)).unwrap();
    assert_eq!(got(&store, &scene), Some(pairs(&[("a", "3")])), "from the table: it rests");
    run(store.update(&scene, &key('a'), &change(&[("a", Some("4"))]), IDLE)).unwrap();
    assert_eq!((scene.calls("apply"), store.counts().cache_failures), (1, 1));
}

/// What the stream alone brought may lack another region's part.
#[test]
fn what_was_only_written_is_no_hit() {
    let (scene, store) = (Scene::new(), store());
    run(store.create(&scene, &key('a'), &set(&[("a", "1")]), life())).unwrap();
    scene.holds(&[part(0, VIRGINIA, &[("b", "2")])]);
    assert_eq!(got(&store, &scene), Some(pairs(&[("a", "1"), ("b", "2")])));
    assert_eq!((store.counts().hits, store.counts().misses), (0, 1));
}
