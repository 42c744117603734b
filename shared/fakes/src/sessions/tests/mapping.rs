//! What Lambda delivers, again and again, and what it gives up.

use super::*;
use crate::block_on;
use crate::sessions::{Answer, Discard, FirstFailed, Mapping, MappingSettings};
use tidegate_domain::sessions::ports::PartTable;

/// A stream of this many records.
fn stream(count: i64) -> (Stage, GlobalTable) {
    let (stage, table) = world();
    let seoul = table.replica(&region(SEOUL));
    let mut seen = None;
    for ms in 1..=count {
        let part = part(SEOUL, "a", ms);
        block_on(seoul.put_part(&part, seen.as_ref())).unwrap();
        seen = Some(part.written);
    }
    (stage, table)
}

fn settings() -> MappingSettings {
    MappingSettings { batch_size: 4, retries: Some(2), ..MappingSettings::default() }
}

/// Plays a function that fails these records (from 1); what each of its invocations got, and what
/// was given up.
fn play(
    settings: MappingSettings,
    answer: impl Fn(&[usize]) -> Answer,
) -> (Vec<Vec<usize>>, Vec<(usize, usize)>) {
    let (_, table) = stream(6);
    let mut mapping = Mapping::new(&table, &region(SEOUL), settings);
    let all = table.records(&region(SEOUL), 0, 0, 99);
    let number = |sequence: &str| 1 + all.iter().position(|r| r.sequence == sequence).unwrap();
    let mut got = Vec::new();
    while let Some(batch) = mapping.take(0) {
        assert!(mapping.take(0).is_none(), "one invocation of a shard at a time");
        let numbers: Vec<usize> = batch.records.iter().map(|r| number(&r.sequence)).collect();
        let answer = match answer(&numbers) {
            Answer::Reported(ids) => {
                let id = |id: &String| {
                    id.parse().map_or(id.clone(), |n: usize| all[n - 1].sequence.clone())
                };
                Answer::Reported(ids.iter().map(id).collect())
            }
            failed => failed,
        };
        got.push(numbers);
        mapping.settle(0, &answer);
    }
    assert!(mapping.is_idle());
    let discarded = mapping.discarded().iter();
    (got, discarded.map(|d| (number(&d.first), d.count)).collect())
}

fn report(numbers: &[usize], failing: &[usize]) -> Answer {
    let failing = failing.iter().filter(|n| numbers.contains(n));
    Answer::Reported(failing.map(ToString::to_string).collect())
}

#[test]
fn the_lowest_report_is_the_checkpoint() {
    let (got, discarded) = play(settings(), |batch| report(batch, &[3, 2]));
    let again: [&[usize]; 11] = [
        &[1, 2, 3, 4], // 2 and 3 reported: from 2 on
        &[2, 3, 4],    // its first: halves
        &[2],
        &[2],
        &[2], // given up
        &[3, 4],
        &[3],
        &[3],
        &[3], // given up
        &[4],
        &[5, 6],
    ];
    assert_eq!(got, again);
    assert_eq!(discarded, [(2, 1), (3, 1)]);
}

#[test]
fn a_batch_that_is_not_split_is_given_up_as_a_whole() {
    let whole = MappingSettings { first_failed: FirstFailed::Whole, ..settings() };
    let (got, discarded) = play(whole, |batch| report(batch, &[2]));
    assert_eq!(got, [&[1, 2, 3, 4][..], &[2, 3, 4], &[2, 3, 4], &[2, 3, 4], &[5, 6]]);
    assert_eq!(discarded, [(2, 3)], "one message for three records");
}

#[test]
fn an_invocation_that_fails_is_split_until_one_record_is_left() {
    let fails = |batch: &[usize]| match batch.contains(&3) {
        true => Answer::Failed,
        false => report(batch, &[]),
    };
    let (got, discarded) = play(settings(), fails);
    assert_eq!(got, [&[1, 2, 3, 4][..], &[1, 2], &[3, 4], &[3], &[3], &[3], &[4], &[5, 6]]);
    assert_eq!(discarded, [(3, 1)], "splitting takes nothing of the retries");
    let (got, discarded) = play(MappingSettings { bisect: false, ..settings() }, fails);
    assert_eq!(got, [&[1, 2, 3, 4][..], &[1, 2, 3, 4], &[1, 2, 3, 4], &[5, 6]]);
    assert_eq!(discarded, [(1, 4)]);
}

#[test]
fn an_answer_that_names_nothing_fails_the_batch() {
    for id in ["", "somebody's"] {
        let answer = |batch: &[usize]| match batch.contains(&1) {
            true => Answer::Reported(vec![id.to_owned()]),
            false => report(batch, &[]),
        };
        let (got, discarded) = play(settings(), answer);
        assert_eq!(got[..5], [&[1, 2, 3, 4][..], &[1, 2], &[1], &[1], &[1]], "{id}");
        assert_eq!(discarded, [(1, 1)], "{id}");
    }
    let deaf = MappingSettings { reports: false, ..settings() };
    let (got, discarded) = play(deaf, |batch| report(batch, &[2]));
    assert_eq!((got.len(), discarded.len()), (2, 0), "reports that nobody asked for count nothing");
}

#[test]
fn what_is_too_old_is_given_up_without_an_invocation() {
    let (stage, table) = stream(3);
    let age = Some(secs(60));
    let mut mapping = Mapping::new(
        &table,
        &region(SEOUL),
        MappingSettings { record_age: age, retries: None, ..settings() },
    );
    let batch = mapping.take(0).unwrap();
    stage.advance(secs(60));
    mapping.settle(0, &Answer::Reported(vec![batch.records[0].sequence.clone()]));
    assert_eq!(mapping.take(0).unwrap().records.len(), 1, "60 s is not too old; halved");
    stage.advance(secs(1));
    mapping.settle(0, &Answer::Failed);
    assert!(mapping.take(0).is_none());
    let discarded: Vec<_> = mapping.discarded().iter().map(|d| (d.count, d.why)).collect();
    assert_eq!(discarded, [(1, Discard::Age), (2, Discard::Age)]);
    assert!(mapping.is_idle());
}
