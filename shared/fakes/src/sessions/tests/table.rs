//! Conditions, replication, last writer wins, time to live, streams.

use super::*;
use crate::sessions::{Address, Partition, SessionAt, SessionCall, Sort};
use crate::{Fault, block_on};
use tidegate_domain::ports::PortError;
use tidegate_domain::sessions::change::{Change, EntryKey};
use tidegate_domain::sessions::ports::{PartTable, Put};

fn parts(table: &GlobalTable, name: &str) -> Vec<SessionPart> {
    block_on(table.replica(&region(name)).parts(&key(1))).unwrap().parts
}

fn put(table: &GlobalTable, part: &SessionPart, seen: Option<&Stamp>) -> Put {
    block_on(table.replica(&part.id.region).put_part(part, seen)).unwrap()
}

fn address(part: &SessionPart) -> Address {
    Address::of(&Item::Part(part.clone())).unwrap()
}

#[test]
fn a_write_stands_only_where_its_condition_holds() {
    let (_, table) = world();
    let (first, second) = (part(SEOUL, "a", 1), part(SEOUL, "b", 2));
    let mut other = part(SEOUL, "b", 2);
    other.writer = "somebody else".to_owned();
    assert_eq!(put(&table, &second, Some(&first.written)), Put::Conflict, "nothing stands there");
    assert_eq!(put(&table, &first, None), Put::Written);
    assert_eq!(put(&table, &first, None), Put::Written, "its own answer was lost");
    assert_eq!(put(&table, &second, None), Put::Conflict, "something stands there");
    assert_eq!(put(&table, &second, Some(&first.written)), Put::Written);
    assert_eq!(
        put(&table, &other, Some(&first.written)),
        Put::Conflict,
        "the stamp alone is nobody"
    );
    assert_eq!(parts(&table, SEOUL), [second]);
}

#[test]
fn what_dynamodb_does_not_take_is_refused() {
    let (_, table) = world();
    let seoul = table.replica(&region(SEOUL));
    let long = |size: usize| part(SEOUL, &"x".repeat(size), 1);
    let refused = |part: &SessionPart| {
        matches!(block_on(seoul.put_part(part, None)), Err(PortError::Refused { .. }))
    };
    assert!(!refused(&long(400 * 1024 - 400)));
    assert!(refused(&long(400 * 1024)), "400 KB");
    assert!(refused(&part(TOKYO, "a", 1)), "another region's part");
    let beat = Stamp::next(start(), None, &region(TOKYO));
    assert!(block_on(seoul.beat(&beat, start())).is_err(), "another region's beat");
    let at = |pk: &str, sk: &str| Address {
        partition: Partition::Other(pk.to_owned()),
        sort: Sort::Other(sk.to_owned()),
    };
    let cases = [
        ("a key", "a", "b", true),
        ("no partition key", "", "b", false),
        ("no sort key", "a", "", false),
        ("the longest partition key", &"p".repeat(2048), "b", true),
        ("a longer one", &"p".repeat(2049), "b", false),
        ("the longest sort key", "a", &"s".repeat(1024), true),
        ("a longer one", "a", &"s".repeat(1025), false),
    ];
    for (name, pk, sk, taken) in cases {
        let planted = table.plant(&region(SEOUL), &at(pk, sk), odd("no")).is_ok();
        assert_eq!(planted, taken, "{name}");
    }
}

#[test]
fn a_write_arrives_after_its_delay_and_not_through_a_partition() {
    let (stage, table) = world();
    table.set_delay(&region(SEOUL), &region(TOKYO), secs(5));
    table.partition(&region(SEOUL), &region(DUBLIN));
    let written = part(SEOUL, "a", 1);
    put(&table, &written, None);
    assert_eq!(parts(&table, TOKYO), []);
    stage.advance(SignedDuration::from_millis(4_999));
    assert_eq!(parts(&table, TOKYO), []);
    stage.advance(SignedDuration::from_millis(1));
    assert_eq!(parts(&table, TOKYO), std::slice::from_ref(&written));
    stage.advance(secs(3_600));
    assert_eq!(parts(&table, DUBLIN), []);
    assert!(!table.is_settled());
    table.mend();
    assert_eq!(parts(&table, DUBLIN), [written]);
    assert!(table.is_settled());
    let taken = |name| table.records(&region(name), 0, 0, 9)[0].taken;
    assert_eq!(taken(TOKYO), start() + secs(5));
    assert_eq!(taken(DUBLIN), start() + secs(3_605), "in the stream when it arrived");
}

#[test]
fn the_later_write_wins_everywhere_and_the_earlier_is_lost() {
    let (stage, table) = world();
    let at = |item: &str| Address {
        partition: Partition::Session(key(1)),
        sort: Sort::Other(item.to_owned()),
    };
    for (from, to) in [(SEOUL, TOKYO), (TOKYO, SEOUL)] {
        table.set_delay(&region(from), &region(to), secs(2));
    }
    table.plant(&region(SEOUL), &at("x"), odd("seoul")).unwrap();
    stage.advance(secs(1));
    table.plant(&region(TOKYO), &at("x"), odd("tokyo")).unwrap();
    stage.advance(secs(9));
    for name in [SEOUL, TOKYO, DUBLIN] {
        assert_eq!(table.items(&region(name)), [(at("x"), odd("tokyo"))], "{name}");
    }
    let records = |name| table.records(&region(name), 0, 0, 9).len();
    assert_eq!((records(SEOUL), records(TOKYO), records(DUBLIN)), (2, 1, 2));
}

#[test]
fn time_to_live_goes_by_the_regions_own_copy_and_beats_a_write_it_has_not_seen() {
    let (stage, table) = world();
    let (first, mut later) = (part(SEOUL, "a", 1), part(SEOUL, "b", 2));
    put(&table, &first, None);
    later.live_until += secs(7_200);
    stage.advance(first.expires_at().duration_since(stage.now()) - secs(10));
    table.partition(&region(SEOUL), &region(TOKYO));
    assert_eq!(put(&table, &later, Some(&first.written)), Put::Written);
    stage.advance(secs(10));
    assert!(!table.expire(&region(SEOUL), &address(&first)), "its copy lives longer");
    assert_eq!(table.run_out(&region(TOKYO)), [address(&first)]);
    assert_eq!(table.sweep(&region(TOKYO)), 1);
    assert_eq!(parts(&table, SEOUL), [later]);
    table.mend();
    for name in [SEOUL, TOKYO, DUBLIN] {
        assert_eq!(parts(&table, name), [], "{name}: the deletion is later than the write");
    }
    let last = |name| table.records(&region(name), 0, 0, 9).pop().unwrap();
    assert!(last(TOKYO).by_ttl && !last(SEOUL).by_ttl, "only where it happened");
}

#[test]
fn a_stream_has_every_change_once_in_order_with_its_images() {
    let (stage, table) = world();
    let (first, second) = (part(SEOUL, "a", 1), part(SEOUL, "b", 2));
    put(&table, &first, None);
    stage.advance(SignedDuration::from_millis(700));
    put(&table, &second, Some(&first.written));
    table.plant(&region(SEOUL), &address(&second), Item::Part(second.clone())).unwrap();
    assert!(table.delete(&region(SEOUL), &address(&second)));
    assert!(!table.delete(&region(SEOUL), &address(&second)));
    for name in [SEOUL, TOKYO] {
        let records = table.records(&region(name), 0, 0, 9);
        let read: Vec<_> = records.iter().map(|r| r.read().unwrap()).collect();
        let gone = Change::PartGone {
            key: key(1),
            id: second.id.clone(),
            written: second.written.clone(),
        };
        let part = |part: &SessionPart| Change::Part(Box::new(part.clone()));
        let changes: Vec<_> = read.iter().map(|r| r.change.clone()).collect();
        assert_eq!(changes, [part(&first), part(&second), gone], "{name}: no record of no change");
        let floor = |secs: i64| {
            Some("2026-03-06T11:00:00Z".parse::<Timestamp>().unwrap() + super::secs(secs))
        };
        assert_eq!([read[0].at, read[1].at], [floor(0), floor(1)]);
        assert!(read.is_sorted_by_key(|r| r.sequence.parse::<u128>().unwrap()));
        assert_eq!(records[1].old.as_deref(), Some(&Item::Part(first.clone())));
        assert_eq!(records[1].new.as_deref(), Some(&Item::Part(second.clone())));
        assert_eq!(table.records(&region(name), 0, 1, 1)[0].sequence, read[1].sequence);
    }
}

#[test]
fn what_cannot_be_read_is_told_beside_what_can() {
    let (_, table) = world();
    put(&table, &part(SEOUL, "a", 1), None);
    let at = Address {
        partition: Partition::Session(key(1)),
        sort: Sort::Part(PartId { region: region(TOKYO), generation: 0 }),
    };
    table.plant(&region(TOKYO), &at, odd("v is 2")).unwrap();
    let found = block_on(table.replica(&region(SEOUL)).parts(&key(1))).unwrap();
    assert_eq!(found.parts.len(), 1);
    assert_eq!(found.unreadable, [(TOKYO.to_owned(), "v is 2".to_owned())]);
    let poison = table.records(&region(SEOUL), 0, 0, 9)[1].read().unwrap_err();
    assert_eq!(poison.why, "v is 2");
    assert_eq!(poison.of, Some(EntryKey::Session(key(1))));
    let mine = part(TOKYO, "a", 1);
    assert_eq!(put(&table, &mine, None), Put::Conflict, "something stands there");
}

#[test]
fn a_fault_has_its_effect_or_none() {
    let cases = [
        (Fault::Throttled, false),
        (Fault::Unavailable, false),
        (Fault::CrashBefore, false),
        (Fault::Slow(secs(9)), false),
        (Fault::LostAnswer, true),
        (Fault::CrashAfter, true),
    ];
    for (fault, happens) in cases {
        let (stage, table) = world();
        let at = SessionAt::call(SessionCall::PutPart).region(&region(SEOUL)).nth(1);
        stage.inject(at, fault.clone());
        assert_eq!(put(&table, &part(TOKYO, "a", 1), None), Put::Written, "another region");
        let seoul = table.replica(&region(SEOUL));
        let mine = part(SEOUL, "a", 1);
        assert!(block_on(seoul.put_part(&mine, None)).is_err(), "{fault:?}");
        assert_eq!(parts(&table, SEOUL).len(), 1 + usize::from(happens), "{fault:?}");
        assert_eq!(put(&table, &mine, None), Put::Written, "{fault:?}: again");
        assert_eq!(stage.calls()[&SessionCall::PutPart], 3);
    }
}

#[test]
fn scores_and_beats_are_items_like_the_others() {
    let (_, table) = world();
    let (seoul, tokyo) = (table.replica(&region(SEOUL)), table.replica(&region(TOKYO)));
    let (first, second) = (score(SEOUL, "kim", 3, 1), score(SEOUL, "kim", 5, 2));
    assert_eq!(block_on(seoul.put_score(&first, None)), Ok(Put::Written));
    assert_eq!(block_on(seoul.put_score(&second, None)), Ok(Put::Conflict));
    assert_eq!(block_on(seoul.put_score(&second, Some(&first.written))), Ok(Put::Written));
    assert!(block_on(tokyo.put_score(&second, None)).is_err(), "another region's");
    assert_eq!(block_on(tokyo.put_score(&score(TOKYO, "kim", 2, 1), None)), Ok(Put::Written));
    let numbers = |found: Vec<ScorePart>| found.iter().map(|s| s.n).collect::<Vec<_>>();
    assert_eq!(numbers(block_on(seoul.scores(&shard())).unwrap().parts), [2, 5]);
    let kim = BoardWord::new("kim").unwrap();
    assert_eq!(block_on(tokyo.score(&shard(), &kim, &region(SEOUL))), Ok(Some(second)));
    assert_eq!(block_on(tokyo.score(&shard(), &kim, &region(DUBLIN))), Ok(None));
    let beats: Vec<_> = [SEOUL, TOKYO].map(|r| Stamp::next(start(), None, &region(r))).into();
    block_on(seoul.beat(&beats[0], start() + secs(60))).unwrap();
    block_on(tokyo.beat(&beats[1], start() + secs(60))).unwrap();
    assert_eq!(block_on(tokyo.beats()).unwrap(), [beats[1].clone(), beats[0].clone()]);
}

#[test]
fn a_partition_key_is_in_one_shard() {
    let (_, table) = world();
    table.set_shards(3);
    for n in 0..30 {
        for name in [SEOUL, TOKYO] {
            let mut part = part(name, "a", 1);
            part.key = key(n);
            put(&table, &part, None);
        }
    }
    let shards: Vec<Vec<Address>> = (0..table.shards(&region(DUBLIN)))
        .map(|shard| {
            table.records(&region(DUBLIN), shard, 0, 99).into_iter().map(|r| r.address).collect()
        })
        .collect();
    assert_eq!(shards.iter().map(Vec::len).sum::<usize>(), 60);
    assert!(shards.iter().all(|shard| !shard.is_empty()));
    for n in 0..30 {
        let holds =
            |shard: &&Vec<Address>| shard.iter().any(|a| a.partition == Partition::Session(key(n)));
        assert_eq!(shards.iter().filter(holds).count(), 1, "{n}");
    }
}
