//! The stream's function as stories.

use super::*;
use crate::sessions::scene::{
    SEOUL, Scene, VIRGINIA, at, key, part, region, run, score, stamp, word,
};
use crate::sessions::score::ShardKey;

fn sync() -> SessionSync {
    SessionSync::new(region(SEOUL))
}

fn record(number: usize, change: Change) -> Result<StreamRecord, Poison> {
    Ok(StreamRecord { sequence: number.to_string(), at: None, change })
}

fn poison(number: usize, of: Option<EntryKey>) -> Result<StreamRecord, Poison> {
    let why = "`v` is 2".to_owned();
    Err(Poison { sequence: number.to_string(), why, of })
}

fn of_part(part: SessionPart) -> Change {
    Change::Part(Box::new(part))
}

fn shard() -> ShardKey {
    ShardKey { board: word("week"), shard: 3 }
}

#[test]
fn every_change_reaches_the_cache_in_order() {
    let scene = Scene::new();
    scene.moves_to(1_000);
    let own = part(900, SEOUL, &[("a", "1")]);
    let other = part(400, VIRGINIA, &[("a", "2")]);
    let (id, written) = (other.id.clone(), other.written.clone());
    let counted = score(990, VIRGINIA, &shard(), "kim", 3);
    let gone = (shard(), word("lee"), region(VIRGINIA), stamp(1, VIRGINIA));
    let (of, member, from, last) = gone;
    let report = run(sync().serve(
        &scene,
        vec![
            record(1, of_part(own.clone())),
            record(2, of_part(other.clone())),
            record(3, Change::PartGone { key: key('a'), id: id.clone(), written: written.clone() }),
            record(4, Change::Score(counted.clone())),
            record(
                5,
                Change::ScoreGone {
                    shard: of.clone(),
                    member: member.clone(),
                    region: from.clone(),
                    written: last.clone(),
                },
            ),
            record(6, Change::Beat(stamp(995, VIRGINIA))),
            record(7, Change::BeatGone),
            record(8, Change::Foreign),
        ],
    ));
    assert_eq!(
        scene.state().writes,
        [
            CacheWrite::Part(Box::new(own)),
            CacheWrite::Part(Box::new(other)),
            CacheWrite::PartGone { key: key('a'), id, written },
            CacheWrite::Score(counted),
            CacheWrite::ScoreGone { shard: of, member, region: from, written: last },
        ]
    );
    assert_eq!((report.received, report.applied, report.foreign), (8, 5, 1));
    assert_eq!(report.lag_ms, [(region(VIRGINIA), vec![5, 10, 600])].into(), "others' alone");
    assert_eq!((report.doubted, report.cache_failure), (Doubted::Not, None));
    assert_eq!((report.failed, report.at), (vec![], at(1_000)));
    assert_eq!(scene.calls("doubt"), 0);
}

#[test]
fn a_poison_record_fails_alone_wherever_it_stands() {
    for place in 0..4 {
        let scene = Scene::new();
        let mut records: Vec<_> = (0..3)
            .map(|i| record(i, of_part(part(i64::try_from(i).unwrap(), VIRGINIA, &[]))))
            .collect();
        records.insert(place, poison(77, None));
        let report = run(sync().serve(&scene, records));
        assert_eq!(report.failed, ["77"], "{place}");
        assert_eq!((report.poison, report.applied), (1, 3), "{place}");
        let written: Vec<_> = scene.state().writes.clone();
        let expected: Vec<_> =
            (0..3).map(|i| CacheWrite::Part(Box::new(part(i, VIRGINIA, &[])))).collect();
        assert_eq!(written, expected, "{place}");
        assert_eq!(report.notes, ["`v` is 2"]);
    }
}

#[test]
fn what_a_poison_record_would_have_changed_is_not_complete_any_more() {
    let scene = Scene::new();
    let session = Some(EntryKey::Session(key('b')));
    let records = vec![poison(1, session), poison(2, Some(EntryKey::Shard(shard())))];
    let report = run(sync().serve(&scene, records));
    let expected = [CacheWrite::Doubt(key('b')), CacheWrite::DoubtShard(shard())];
    assert_eq!(scene.state().writes, expected);
    assert_eq!(report.failed, ["1", "2"]);
}

#[test]
fn a_poison_record_without_a_number_asks_for_the_whole_batch() {
    let records = vec![Err(Poison { sequence: String::new(), why: "?".to_owned(), of: None })];
    assert_eq!(run(sync().serve(&Scene::new(), records)).failed, [""]);
}

#[test]
fn few_notes_stand_for_many() {
    let records = (0..60).map(|i| poison(i, None)).collect();
    let report = run(sync().serve(&Scene::new(), records));
    assert_eq!((report.notes.len(), report.failed.len()), (51, 60));
    assert_eq!(report.notes[50], "and 10 more notes");
}

#[test]
fn a_part_of_the_future_is_refused_and_its_entry_doubted() {
    let far = 300_001;
    let other = part(far, VIRGINIA, &[]);
    let (id, written) = (other.id.clone(), other.written.clone());
    let own = part(far, SEOUL, &[]);
    let (own_id, own_written) = (own.id.clone(), own.written.clone());
    let gone_score = |name: &str| Change::ScoreGone {
        shard: shard(),
        member: word("kim"),
        region: region(name),
        written: stamp(far, name),
    };
    let (doubt, shard_doubt) = (CacheWrite::Doubt(key('a')), CacheWrite::DoubtShard(shard()));
    let cases = [
        ("a part", of_part(other), Some(doubt.clone())),
        // Its mark would hide what the region writes once its clock is right.
        ("a removal", Change::PartGone { key: key('a'), id, written }, Some(doubt)),
        (
            "a score",
            Change::Score(score(far, VIRGINIA, &shard(), "kim", 1)),
            Some(shard_doubt.clone()),
        ),
        ("a score's removal", gone_score(VIRGINIA), Some(shard_doubt)),
        ("our own part", of_part(own), None),
        (
            "our own removal",
            Change::PartGone { key: key('a'), id: own_id, written: own_written },
            None,
        ),
        ("our own score", Change::Score(score(far, SEOUL, &shard(), "kim", 1)), None),
        ("our own score's removal", gone_score(SEOUL), None),
    ];
    for (case, change, expected) in cases {
        let scene = Scene::new();
        let report = run(sync().serve(&scene, vec![record(1, change)]));
        assert_eq!(report.refused, u32::from(expected.is_some()), "{case}");
        assert_eq!((report.failed.len(), report.applied), (0, 1), "{case}");
        assert!(report.lag_ms.is_empty(), "{case}");
        if let Some(expected) = expected {
            assert_eq!(scene.state().writes, [expected], "{case}");
        }
    }
}

#[test]
fn a_beat_of_the_future_is_no_lag() {
    let beat = Change::Beat(stamp(300_001, VIRGINIA));
    let report = run(sync().serve(&Scene::new(), vec![record(1, beat)]));
    assert!(report.lag_ms.is_empty());
}

fn many(count: usize) -> Vec<Result<StreamRecord, Poison>> {
    (0..count).map(|i| record(i, of_part(part(0, SEOUL, &[])))).collect()
}

#[test]
fn a_batch_is_written_in_chunks() {
    let scene = Scene::new();
    let report = run(sync().serve(&scene, many(1_001)));
    assert_eq!((scene.calls("apply"), report.applied), (3, 1_001));
    assert_eq!(scene.state().writes.len(), 1_001);
}

#[test]
fn a_failing_cache_costs_one_call_and_one_doubt_and_no_record() {
    let scene = Scene::new();
    let sync = sync();
    (scene.state().cache_works, scene.state().cache_fails) = (1, 1);
    let mut records = many(1_501);
    records.push(poison(9_999, None));
    let report = run(sync.serve(&scene, records));
    assert_eq!(scene.calls("apply"), 2, "what follows the failure is not tried");
    assert_eq!(report.applied, 500);
    assert_eq!(report.cache_failure.as_deref(), Some("the cache failed: no answer"));
    assert_eq!((report.doubted, report.failed), (Doubted::Now, vec!["9999".to_owned()]));
    let expected = Epoch { number: 1, doubt_until: Some(at(5_000)) };
    assert_eq!(scene.state().epoch, expected);
}

#[test]
fn a_doubt_that_stands_is_not_written_again_and_one_that_is_over_is() {
    let scene = Scene::new();
    let sync = sync();
    scene.state().cache_fails = usize::MAX;
    for (ms, doubted, number) in [
        (0, Doubted::Now, 1),
        (1_000, Doubted::Already, 1),
        (5_000, Doubted::Already, 1),
        (5_001, Doubted::Now, 2),
    ] {
        scene.moves_to(ms);
        let report = run(sync.serve(&scene, many(1)));
        assert_eq!(report.doubted, doubted, "{ms}");
        assert_eq!(scene.state().epoch.number, number, "{ms}");
        assert_eq!(scene.calls("doubt"), usize::from(doubted == Doubted::Now), "{ms}");
        assert!(report.failed.is_empty(), "{ms}");
    }
}

/// The failure is later than the batch: a doubt that ends between the two does not cover it.
#[test]
fn a_doubt_covers_the_time_of_the_failure() {
    let scene = Scene::new();
    let sync = sync();
    (scene.state().cache_fails, scene.state().cache_takes) = (usize::MAX, 200);
    assert_eq!(run(sync.serve(&scene, many(1))).doubted, Doubted::Now);
    assert_eq!(scene.state().epoch.doubt_until, Some(at(5_200)));
    scene.moves_to(5_100);
    assert_eq!(run(sync.serve(&scene, many(1))).doubted, Doubted::Now);
    assert_eq!(scene.state().epoch.doubt_until, Some(at(10_300)));
}

#[test]
fn records_come_again_only_when_the_doubt_cannot_be_written() {
    let scene = Scene::new();
    let sync = sync();
    scene.state().cache_fails = usize::MAX;
    scene.state().epoch_down = true;
    let mut records = many(2);
    records.insert(1, poison(7, None));
    let report = run(sync.serve(&scene, records.clone()));
    assert_eq!(report.failed, ["0", "7", "1"]);
    let Doubted::Lost(why) = report.doubted else { panic!("{:?}", report.doubted) };
    assert!(why.contains("no answer"), "{why}");
    scene.state().epoch_down = false;
    let report = run(sync.serve(&scene, records));
    assert_eq!((report.doubted, report.failed), (Doubted::Now, vec!["7".to_owned()]));
}

#[test]
fn nothing_is_asked_of_the_cache_for_nothing() {
    let scene = Scene::new();
    scene.state().cache_fails = usize::MAX;
    let report = run(sync().serve(&scene, vec![record(1, Change::Foreign)]));
    assert_eq!((scene.calls("apply"), report.doubted), (0, Doubted::Not));
}

#[test]
fn a_tick_says_that_the_region_is_there_and_looks_at_the_others() {
    let scene = Scene::new();
    scene.moves_to(60_000);
    scene.state().beats = vec![stamp(30_000, VIRGINIA), stamp(70_000, SEOUL)];
    let report = run(sync().tick(&scene));
    assert_eq!(report.age_ms, [(region(VIRGINIA), 30_000)].into());
    assert!(report.errors.is_empty() && report.refused == 0);
    let state = scene.state();
    let own = state.beats.iter().find(|beat| *beat.region() == region(SEOUL)).unwrap();
    assert!(*own > stamp(70_000, SEOUL), "a beat never goes back: {own}");
    assert_eq!(state.beaten_until, Some(at(60_000 + 7 * 86_400_000)));
}

#[test]
fn a_tick_names_what_failed() {
    let scene = Scene::new();
    scene.state().table_down = true;
    let report = run(sync().tick(&scene));
    assert_eq!(report.errors.len(), 2, "{:?}", report.errors);
    assert!(report.age_ms.is_empty());
    scene.state().table_down = false;
    scene.state().beats = vec![stamp(300_001, VIRGINIA)];
    let report = run(sync().tick(&scene));
    assert_eq!((report.refused, report.age_ms.len()), (1, 0));
}
