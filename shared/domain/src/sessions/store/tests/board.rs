//! Rankings: counting, sharding, rebuilding.

use super::*;
use crate::sessions::ports::Epoch;
use crate::sessions::scene::{Fate, State, VIRGINIA, score, stamp, word};
use crate::sessions::score::{BoardWord, MAX_SCORE, ScorePart, ShardKey};

fn shard(number: u16) -> ShardKey {
    ShardKey { board: word("week"), shard: number }
}

fn add(store: &SessionStore, scene: &Scene, member: &str, n: i64) -> Result<i64, StoreError> {
    run(store.add_score(scene, &word("week"), &word(member), n))
}

fn ranked(store: &SessionStore, scene: &Scene, top: u32) -> Vec<(String, i64)> {
    let ranking = run(store.rank(scene, &word("week"), top)).unwrap();
    let text = |(member, n): &(BoardWord, i64)| (member.as_str().to_owned(), *n);
    ranking.iter().map(text).collect()
}

fn hold(state: &mut State, part: ScorePart) {
    let place = (part.shard.to_string(), format!("{}#{}", part.member.as_str(), part.region));
    state.scores.insert(place, part);
}

fn stored(scene: &Scene, member: &str) -> ScorePart {
    let state = scene.state();
    let mut all = state.scores.values();
    let own = |part: &&ScorePart| part.member == word(member) && part.region == region(SEOUL);
    all.find(own).unwrap().clone()
}

#[test]
fn our_region_counts_for_itself() {
    let (scene, store) = (Scene::new(), store());
    hold(&mut scene.state(), score(0, VIRGINIA, &shard(0), "kim", 100));
    assert_eq!(add(&store, &scene, "kim", 5), Ok(5));
    scene.moves_to(10);
    assert_eq!(add(&store, &scene, "kim", -7), Ok(-2));
    assert_eq!(stored(&scene, "kim").written, stamp(10, SEOUL));
    assert_eq!(ranked(&store, &scene, 9), [("kim".to_owned(), 98)]);
    assert_eq!(scene.calls("apply"), 2, "into the cache at once");
}

#[test]
fn a_count_never_goes_back_in_time() {
    let (scene, store) = (Scene::new(), store());
    scene.moves_to(50);
    add(&store, &scene, "kim", 1).unwrap();
    scene.moves_to(10);
    add(&store, &scene, "kim", 1).unwrap();
    assert!(stored(&scene, "kim").written > stamp(50, SEOUL));
}

#[test]
fn a_count_has_bounds() {
    for (case, held, delta, expected) in [
        ("the most", MAX_SCORE - 1, 1, Ok(MAX_SCORE)),
        ("more", MAX_SCORE, 1, Err(Limit::Score)),
        ("the least", -MAX_SCORE, 0, Ok(-MAX_SCORE)),
        ("less", -MAX_SCORE, -1, Err(Limit::Score)),
        ("much more", MAX_SCORE, i64::MAX, Err(Limit::Score)),
    ] {
        let (scene, store) = (Scene::new(), store());
        hold(&mut scene.state(), score(0, SEOUL, &shard(0), "kim", held));
        assert_eq!(add(&store, &scene, "kim", delta), expected.map_err(StoreError::from), "{case}");
        assert_eq!(scene.calls("put_score"), usize::from(expected.is_ok()), "{case}");
    }
}

#[test]
fn an_increment_is_counted_once_whatever_becomes_of_its_answers() {
    let theirs = |state: &mut State| hold(state, score(5, SEOUL, &shard(0), "kim", 40));
    let after = || Fate::After(Box::new(theirs));
    for (case, fates, answer, stands) in [
        ("conflict", vec![after()], Ok(41), 41),
        ("answer lost", vec![Fate::AnswerLost], Ok(1), 1),
        ("never arrived", vec![Fate::Lost], Ok(1), 1),
        ("twice lost", vec![Fate::Lost, Fate::AnswerLost], Ok(1), 1),
        ("conflict, then answer lost", vec![after(), Fate::AnswerLost], Ok(41), 41),
        // It may be in theirs.
        (
            "lost, and somebody counted since",
            vec![Fate::Lost, after()],
            Err(StoreError::Uncertain),
            40,
        ),
        ("lost, then refused", vec![Fate::Lost, Fate::Throttled], Err(StoreError::Uncertain), 0),
    ] {
        let (scene, store) = (Scene::new(), store());
        scene.state().fates = fates.into();
        assert_eq!(add(&store, &scene, "kim", 1), answer, "{case}");
        let n: i64 = scene.state().scores.values().map(|part| part.n).sum();
        assert_eq!(n, stands, "{case}");
    }
}

#[test]
fn a_refused_increment_is_the_tables_error() {
    let (scene, store) = (Scene::new(), store());
    scene.state().fates.push_back(Fate::Throttled);
    assert!(matches!(add(&store, &scene, "kim", 1), Err(StoreError::Table(_))));
    scene.state().table_down = true;
    assert!(matches!(add(&store, &scene, "kim", 1), Err(StoreError::Table(_))));
}

#[test]
fn an_increment_gives_up_after_eight_tries() {
    let (scene, store) = (Scene::new(), store());
    for i in 1..=9 {
        let part = score(i, SEOUL, &shard(0), "kim", i);
        scene.state().fates.push_back(Fate::After(Box::new(move |state| hold(state, part))));
    }
    assert_eq!(add(&store, &scene, "kim", 1), Err(StoreError::Contended));
    assert_eq!((scene.calls("put_score"), store.counts().conflicts), (8, 8));
    let (scene, store) = (Scene::new(), super::store());
    scene.state().fates = (0..9).map(|_| Fate::Lost).collect();
    assert_eq!(add(&store, &scene, "kim", 1), Err(StoreError::Uncertain));
}

#[test]
fn a_boards_first_are_the_first_of_all_its_shards() {
    let (scene, store) = (Scene::new(), store_with_shards(4));
    let mut expected: Vec<(String, i64)> = Vec::new();
    for i in 0..20 {
        let (member, n) = (format!("m{i:02}"), i64::from(i % 7));
        add(&store, &scene, &member, n).unwrap();
        expected.push((member, n));
    }
    expected.sort_by(|(a, n), (b, m)| m.cmp(n).then(b.cmp(a)));
    let used: std::collections::BTreeSet<_> =
        scene.state().scores.values().map(|part| part.shard.shard).collect();
    assert_eq!(used, [0, 1, 2, 3].into(), "they are spread");
    for from in ["the table", "the cache"] {
        assert_eq!(ranked(&store, &scene, 5), expected[..5], "{from}");
        assert_eq!(ranked(&store, &scene, 99), expected, "{from}");
    }
    assert_eq!(scene.calls("scores"), 4);
    let counts = store.counts();
    assert_eq!((counts.hits, counts.misses, counts.fills), (12, 4, 4), "by shard");
    assert_eq!(ranked(&store, &scene, 0), []);
}

#[test]
fn a_board_that_somebody_rebuilds_is_waited_for() {
    let (scene, store) = (Scene::new(), store());
    add(&store, &scene, "kim", 1).unwrap();
    ranked(&store, &scene, 1);
    scene.calls("scores");
    scene.state().busy = 3;
    assert_eq!(ranked(&store, &scene, 1), [("kim".to_owned(), 1)]);
    assert_eq!((scene.calls("scores"), store.counts().waits), (0, 3));
    assert_eq!(scene.state().rests, vec![SignedDuration::from_millis(50); 3]);
}

#[test]
fn a_rebuilding_that_takes_too_long_is_not_waited_for() {
    let (scene, store) = (Scene::new(), store_with_shards(3));
    add(&store, &scene, "kim", 1).unwrap();
    scene.state().busy = 100;
    assert_eq!(ranked(&store, &scene, 1), [("kim".to_owned(), 1)]);
    assert_eq!((store.counts().waits, scene.calls("scores")), (20, 3), "a second in all");
    assert_eq!(scene.calls("fill_shard"), 0, "it is somebody else's to fill");
}

#[test]
fn what_is_left_out_completes_no_board() {
    for (case, part, unreadable) in [
        ("a wrong clock", Some(score(300_001, VIRGINIA, &shard(0), "kim", 50)), None),
        ("unreadable", None, Some("kim#us-east-1".to_owned())),
    ] {
        let (scene, store) = (Scene::new(), store());
        add(&store, &scene, "kim", 1).unwrap();
        let mut state = scene.state();
        part.into_iter().for_each(|part| hold(&mut state, part));
        state.unreadable.extend(unreadable);
        drop(state);
        assert_eq!(ranked(&store, &scene, 1), [("kim".to_owned(), 1)], "{case}");
        let counts = store.counts();
        assert_eq!(counts.refused + counts.unreadable, 1, "{case}");
        assert_eq!(scene.calls("fill_shard"), 0, "{case}");
    }
}

#[test]
fn a_board_is_read_without_the_cache() {
    let (scene, store) = (Scene::new(), store());
    add(&store, &scene, "kim", 1).unwrap();
    scene.state().cache_fails = usize::MAX;
    for (ms, asked) in [(2_000, 1), (2_001, 0), (3_000, 1)] {
        scene.moves_to(ms);
        assert_eq!(ranked(&store, &scene, 1), [("kim".to_owned(), 1)], "{ms}");
        assert_eq!(scene.calls("rank"), asked, "{ms}");
    }
    assert_eq!((scene.calls("scores"), scene.calls("fill_shard")), (3, 0));
    scene.state().cache_fails = 0;
    scene.state().epoch = Epoch { number: 1, doubt_until: Some(at(20_000)) };
    scene.moves_to(10_000);
    assert_eq!(ranked(&store, &scene, 1), [("kim".to_owned(), 1)]);
    assert_eq!(scene.calls("rank"), 0, "in doubt");
    scene.state().table_down = true;
    assert!(run(store.rank(&scene, &word("week"), 1)).is_err());
}

#[test]
fn a_boards_failed_filling_fails_no_ranking() {
    let (scene, store) = (Scene::new(), store());
    add(&store, &scene, "kim", 1).unwrap();
    (scene.state().cache_works, scene.state().cache_fails) = (1, 1);
    assert_eq!(ranked(&store, &scene, 1), [("kim".to_owned(), 1)]);
    assert_eq!((scene.calls("fill_shard"), store.counts().cache_failures), (1, 1));
}
