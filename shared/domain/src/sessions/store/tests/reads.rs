//! Reading: what is joined, what is left out, what fails.

use super::*;
use crate::ports::PortError;
use crate::sessions::scene::{VIRGINIA, part, tombstone};

#[test]
fn the_parts_of_all_regions_are_one_session() {
    let (scene, store) = (Scene::new(), store());
    scene.holds(&[part(1, SEOUL, &[("a", "1"), ("b", "1")]), part(2, VIRGINIA, &[("b", "2")])]);
    let expected = pairs(&[("a", "1"), ("b", "2")]);
    assert_eq!(got(&store, &scene), Some(expected.clone()));
    assert_eq!(got(&store, &scene), Some(expected), "and from the cache the same");
    let counts = store.counts();
    assert_eq!((counts.hits, counts.misses, counts.fills), (1, 1, 1));
    assert_eq!(scene.calls("parts"), 1);
}

#[test]
fn a_session_that_is_not_there_is_known_not_to_be() {
    let (scene, store) = (Scene::new(), store());
    assert_eq!(got(&store, &scene), None);
    assert_eq!(got(&store, &scene), None);
    assert_eq!(scene.calls("parts"), 1);
}

#[test]
fn what_ran_out_or_ended_is_not_served() {
    for (case, parts, now, lives) in [
        ("it lives", vec![part(0, SEOUL, &[])], 3_599_999, true),
        ("it ran out", vec![part(0, SEOUL, &[])], 3_600_000, false),
        ("it ended", vec![part(9, SEOUL, &[]), tombstone(0, VIRGINIA)], 10, false),
    ] {
        let (scene, store) = (Scene::new(), store());
        scene.holds(&parts);
        scene.moves_to(now);
        for from in ["the table", "the cache"] {
            assert_eq!(got(&store, &scene).is_some(), lives, "{case}: {from}");
        }
    }
}

/// One region's part ran out; what it knows is still the session's.
#[test]
fn a_run_out_part_is_still_read() {
    let (scene, store) = (Scene::new(), store());
    let mut longer = part(2, VIRGINIA, &[]);
    longer.live_until = at(7_200_000);
    scene.holds(&[part(1, SEOUL, &[("a", "1")]), longer]);
    scene.moves_to(7_000_000);
    assert_eq!(got(&store, &scene), Some(pairs(&[("a", "1")])));
}

#[test]
fn another_regions_wrong_clock_is_left_out_and_completes_nothing() {
    let (scene, store) = (Scene::new(), store());
    scene.holds(&[part(1, SEOUL, &[("a", "1")]), part(300_001, VIRGINIA, &[("a", "wrong")])]);
    assert_eq!(got(&store, &scene), Some(pairs(&[("a", "1")])));
    assert!(!scene.entry_is_complete(), "it may be taken later");
    assert_eq!((scene.calls("fill"), store.counts().refused), (0, 1));
    scene.moves_to(1);
    assert_eq!(got(&store, &scene), Some(pairs(&[("a", "wrong")])), "its time has come");
    assert!(scene.entry_is_complete());
}

#[test]
fn a_cache_that_knows_a_wrong_clock_is_not_believed() {
    let (scene, store) = (Scene::new(), store());
    scene.moves_to(1_000);
    scene.holds(&[part(1, SEOUL, &[("a", "1")]), part(301_000, VIRGINIA, &[("a", "wrong")])]);
    assert_eq!(got(&store, &scene), Some(pairs(&[("a", "wrong")])));
    scene.moves_to(999);
    // Another instance of ours, whose clock is a bit behind.
    let other = super::store();
    assert_eq!(got(&other, &scene), Some(pairs(&[("a", "1")])));
    assert_eq!((other.counts().hits, other.counts().refused), (1, 1));
}

#[test]
fn our_own_clock_is_believed() {
    let (scene, store) = (Scene::new(), store());
    scene.holds(&[part(300_001, SEOUL, &[("a", "1")])]);
    assert_eq!(got(&store, &scene), Some(pairs(&[("a", "1")])));
    assert_eq!(store.counts().refused, 0);
}

#[test]
fn a_part_that_cannot_be_read_is_left_out_and_completes_nothing() {
    for sort_key in [VIRGINIA, SEOUL] {
        let (scene, store) = (Scene::new(), store());
        scene.holds(&[part(1, "eu-west-1", &[("a", "1")])]);
        scene.state().unreadable = vec![sort_key.to_owned()];
        assert_eq!(got(&store, &scene), Some(pairs(&[("a", "1")])), "{sort_key}");
        assert_eq!((scene.calls("fill"), store.counts().unreadable), (0, 1), "{sort_key}");
        assert!(!scene.entry_is_complete(), "{sort_key}");
    }
}

/// It is not known to be absent, so that nobody is logged out for it.
#[test]
fn a_session_of_which_nothing_can_be_read_is_an_error() {
    let (scene, store) = (Scene::new(), store());
    scene.state().unreadable = vec![VIRGINIA.to_owned()];
    assert_eq!(run(store.get(&scene, &key('a'))), Err(StoreError::Unreadable));
}

#[test]
fn the_tables_failure_is_told() {
    let (scene, store) = (Scene::new(), store());
    scene.state().table_down = true;
    let failed = run(store.get(&scene, &key('a')));
    let is_tables = |error| matches!(error, StoreError::Table(PortError::Unavailable { .. }));
    assert!(failed.is_err_and(is_tables));
}
